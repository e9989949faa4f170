//! The plain week behind service hours, where they are of the usual kind: for each weekday the spans in which somebody
//! is there, and what holds on public holidays.
//!
//! Invariant: what it shows is what the evaluation of the same hours says. Seasons, comments, the sun, hours past
//! midnight and "unknown" have no plain week; such hours are shown as they were written.

use opening_hours_syntax::rules::day::{HolidayKind, WeekDayRange};
use opening_hours_syntax::rules::time::{Time, TimeSpan};
use opening_hours_syntax::rules::{RuleKind, RuleOperator, RuleSequence};

/// Minutes after midnight, from and to.
pub type Span = (u16, u16);

const DAY: Span = (0, 24 * 60);

/// One usual week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Week {
    /// Monday first.
    pub days: [Vec<Span>; 7],
    /// What holds on public holidays instead, where the hours say so.
    pub holidays: Option<Vec<Span>>,
}

impl Week {
    /// Of these hours; none where they are not of the usual kind.
    pub fn of(hours: &str) -> Option<Self> {
        let expression = opening_hours_syntax::parse(hours).ok()?;
        let mut week = Self::default();
        for rule in &expression.rules {
            week.apply(rule)?;
        }
        Some(week)
    }

    /// True where somebody is there at any time.
    pub fn is_always(&self) -> bool {
        self.days.iter().all(|day| day == &[DAY]) && self.holidays.as_ref().is_none_or(|day| day == &[DAY])
    }

    /// The weekdays of equal hours together, by their first day; closed ones left out.
    pub fn groups(&self) -> Vec<(Vec<usize>, &[Span])> {
        let mut groups: Vec<(Vec<usize>, &[Span])> = Vec::new();
        for (day, spans) in self.days.iter().enumerate().filter(|(_, spans)| !spans.is_empty()) {
            match groups.iter_mut().find(|(_, known)| known == spans) {
                Some((days, _)) => days.push(day),
                None => groups.push((vec![day], spans)),
            }
        }
        groups
    }

    fn apply(&mut self, rule: &RuleSequence) -> Option<()> {
        let days = &rule.day_selector;
        let is_plain = days.year.is_empty() && days.monthday.is_empty() && days.week.is_empty();
        if !is_plain || !rule.comment.is_empty() || rule.operator == RuleOperator::Fallback {
            return None;
        }
        let spans = rule.time_selector.spans.iter().map(span).collect::<Option<Vec<Span>>>()?;
        let spans = match rule.kind {
            RuleKind::Open => spans,
            RuleKind::Closed if spans == [DAY] => Vec::new(),
            _ => return None,
        };
        let adds = rule.operator == RuleOperator::Additional;
        let mut named = [false; 7];
        let mut names_holidays = false;
        for range in &days.weekday {
            match range {
                WeekDayRange::Fixed { range, offset: 0, nth_from_start, nth_from_end }
                    if !nth_from_start.contains(&false) && !nth_from_end.contains(&false) =>
                {
                    let (from, to) = (range.start().num_days_from_monday(), range.end().num_days_from_monday());
                    for step in 0..=(7 + to - from) % 7 {
                        *named.get_mut(((from + step) % 7) as usize)? = true;
                    }
                }
                WeekDayRange::Holiday { kind: HolidayKind::Public, offset: 0 } => names_holidays = true,
                _ => return None,
            }
        }
        // A rule without days is for every day, holidays too.
        if days.weekday.is_empty() {
            (named, self.holidays) = ([true; 7], None);
        }
        for (day, _) in self.days.iter_mut().zip(named).filter(|(_, is_named)| *is_named) {
            set(day, &spans, adds && rule.kind == RuleKind::Open);
        }
        if names_holidays {
            // What is added on holidays comes on top of what the weekday has: no plain week shows that.
            if adds && rule.kind == RuleKind::Open && self.holidays.is_none() && self.days.iter().any(|d| !d.is_empty())
            {
                return None;
            }
            set(self.holidays.get_or_insert_default(), &spans, adds);
        } else if self.holidays.is_some() && rule.kind == RuleKind::Open {
            // A weekday's rule after the holidays' overrules it on a holiday of that weekday.
            return None;
        }
        Some(())
    }
}

fn set(day: &mut Vec<Span>, spans: &[Span], adds: bool) {
    if !adds {
        day.clear();
    }
    day.extend_from_slice(spans);
    day.sort_unstable();
    // Neighbours that touch are one.
    let mut joined: Vec<Span> = Vec::new();
    for (from, to) in day.drain(..) {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    *day = joined;
}

fn span(span: &TimeSpan) -> Option<Span> {
    let (Time::Fixed(from), Time::Fixed(to)) = (span.range.start, span.range.end) else { return None };
    let minutes = |time: opening_hours_syntax::ExtendedTime| u16::from(time.hour()) * 60 + u16::from(time.minute());
    let (from, to) = (minutes(from), minutes(to));
    (!span.open_end && span.repeats.is_none() && from < to && to <= DAY.1).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::directory::hours::Hours;
    use chrono::{Datelike, NaiveDate, TimeZone};
    use chrono_tz::Europe::Berlin;

    const PLAIN: [&str; 14] = [
        "Mo-Fr 08:00-18:00; PH off",
        "Mo-Fr 08:00-12:00; Th 14:00-18:00",
        "Mo-Fr 08:00-12:00, Th 14:00-18:00",
        "Mo,We 08:00-12:00,13:00-16:00; Fr 08:00-12:00; PH off",
        "24/7",
        "24/7; PH off",
        "08:00-18:00",
        "Mo-Su 08:00-18:00; Su off",
        "Mo-Fr,PH 08:00-12:00",
        "Sa-Mo 10:00-12:00",
        "Mo-Fr 08:00-12:00,12:00-16:00",
        "Mo-Fr 08:00-18:00; Su,PH off",
        "Mo-Sa 08:00-18:00; PH 10:00-12:00",
        "Mo-Fr 08:00-18:00; We off",
    ];

    /// The week says the same as the evaluation, for every quarter of an hour of three weeks with holidays in them.
    #[test]
    fn shows_what_the_hours_mean() {
        let land = "SH".parse().unwrap();
        let christmas: NaiveDate = "2026-12-18".parse().unwrap();
        for text in PLAIN {
            let (week, hours) = (Week::of(text).unwrap_or_else(|| panic!("{text}")), Hours::parse(text).unwrap());
            for quarter in 0..21 * 96 {
                let wall = christmas.and_time(Default::default()) + chrono::TimeDelta::minutes(quarter * 15 + 1);
                let now = Timestamp::new(Berlin.from_local_datetime(&wall).unwrap().to_utc());
                let minute = u16::try_from(quarter % 96 * 15 + 1).unwrap();
                let weekday = &week.days[wall.weekday().num_days_from_monday() as usize];
                let is_holiday = crate::directory::hours::is_holiday(land, wall.date());
                let spans = week.holidays.as_ref().filter(|_| is_holiday).unwrap_or(weekday);
                let shown = spans.iter().any(|(from, to)| (*from..*to).contains(&minute));
                assert_eq!(shown, hours.open(land, now).unwrap().is_open, "{text} at {wall}");
            }
        }
    }

    #[test]
    fn leaves_the_unusual_alone() {
        for text in [
            "Mo-Fr sunrise-sunset",
            "Dec 24 off; Mo-Fr 08:00-12:00",
            "Mo[1] 08:00-12:00",
            "Mo-Fr 22:00-02:00",
            "Mo-Fr 08:00-12:00 \"nach Vereinbarung\"",
            "Mo-Fr 08:00+",
            "SH off",
            "Mo-Fr 08:00-12:00 unknown",
            "PH off; Mo-Fr 08:00-18:00",
            "week 1-10 Mo 08:00-12:00",
        ] {
            assert_eq!(Week::of(text), None, "{text}");
        }
    }
}
