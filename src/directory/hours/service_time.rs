//! Sums of service time: when a span of it that begins at some instant is over, how much lies between two instants,
//! and the clock time of a later service day, as the promise of 115 counts.
//!
//! Invariant: pure. A sum never ends before it begins nor in a closed time (it may end at the minute somebody closes);
//! later beginnings and longer spans never end earlier; a span in two parts ends where the whole does. Hours are wall
//! time of Europe/Berlin, spans are time that passes: on the days when the clocks change an hour that comes twice
//! counts twice, one that is left out not at all. Hours in which nobody is ever there count as plain time, so that
//! silence is noticed all the same. Not here: the same in words (`explain.rs`), which hours apply (`service_clock.rs`).

use std::sync::Arc;

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::Europe::Berlin;
use opening_hours::{Context, OpeningHours};
use opening_hours_syntax::rules::RuleKind;
use opening_hours_syntax::rules::day::{HolidayKind, WeekDayRange};

use super::holidays::{holiday_name, holidays, is_holiday};
use super::week::{Span, Week};
use crate::clock::Timestamp;
use crate::keys::{ArsPrefix, LandCode};

/// So many days ahead, four years, an end is looked for; what is not over by then counts as plain time.
const HORIZON: u64 = 1500;

/// Service hours, read once. Cheap to clone.
///
/// Public holidays are closed unless the hours name them (`PH`) or somebody is always there.
#[derive(Debug, Clone)]
pub struct ServiceHours(Arc<(Box<str>, Rule)>);

#[derive(Debug)]
enum Rule {
    Always,
    Week(Week),
    Other(Box<OpeningHours>),
}

impl ServiceHours {
    /// Reads them; says what is wrong with them.
    pub fn parse(text: &str) -> Result<Self, String> {
        super::check(text)?;
        let standard = super::standard(text);
        let text = standard.as_str();
        let week = Week::of(text);
        if week.as_ref().is_some_and(Week::is_always) {
            return Ok(Self(Arc::new((text.into(), Rule::Always))));
        }
        let counted = super::meant(text);
        let rule = match Week::of(&counted) {
            Some(week) => Rule::Week(week),
            None => Rule::Other(Box::new(super::Hours::parse(&counted)?.0)),
        };
        Ok(Self(Arc::new((text.into(), rule))))
    }

    /// In the standard form.
    pub fn text(&self) -> &str {
        &self.0.0
    }

    /// True where somebody is there at any time.
    pub fn is_always(&self) -> bool {
        matches!(self.0.1, Rule::Always)
    }
}

pub(super) fn names_holidays(text: &str) -> bool {
    let is_holiday = |range: &WeekDayRange| matches!(range, WeekDayRange::Holiday { kind: HolidayKind::Public, .. });
    opening_hours_syntax::parse(text)
        .is_ok_and(|parsed| parsed.rules.iter().any(|rule| rule.day_selector.weekday.iter().any(is_holiday)))
}

/// A day on which nobody is there, beside the public holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// Where.
    pub region: ArsPrefix,
    /// When.
    pub day: NaiveDate,
    /// Why, in words.
    pub reason: String,
}

/// A day of every year on which nobody is there, such as 24 December.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedYearly {
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

/// The days on which nobody is there, for some place.
#[derive(Debug, Clone, Default)]
pub struct ClosedDays {
    /// Of every year.
    pub yearly: Arc<[ClosedYearly]>,
    /// Single ones everywhere, in the order of their days.
    pub single: Arc<[ClosedDay]>,
    /// The place, or the part of the country; none: single days do not count.
    pub place: Option<ArsPrefix>,
}

/// Why nobody is there on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// It is no day of service.
    Usual,
    /// A public holiday, by its German name.
    Holiday(&'static str),
    /// 24 or 31 December or another day of every year.
    Yearly,
    /// A local closing day, with its reason.
    Local(String),
}

/// Hours with everything that decides whether somebody is there on a day.
#[derive(Debug, Clone)]
pub struct ServiceTime {
    /// The usual hours.
    pub hours: ServiceHours,
    /// Whose holidays count.
    pub land: LandCode,
    /// What else is closed.
    pub closed: ClosedDays,
}

/// What of a sum fell on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedDay {
    /// The day in Germany.
    pub day: NaiveDate,
    /// From and to, as far as it counted.
    pub spans: Vec<(Timestamp, Timestamp)>,
    /// Why nobody is there at all, where nobody is.
    pub closed: Option<Closed>,
}

/// A stretch of time in which somebody is there.
type Stretch = (DateTime<Utc>, DateTime<Utc>);

impl ServiceTime {
    /// When `span` of service time that begins at `start` is over; a span of nothing is over when somebody is there.
    pub fn add(&self, start: Timestamp, span: TimeDelta) -> Timestamp {
        self.count(start, span, |_| {})
    }

    /// The same; `each` is told of every day on the way.
    pub fn count(&self, start: Timestamp, span: TimeDelta, mut each: impl FnMut(CountedDay)) -> Timestamp {
        let mut left = span.max(TimeDelta::zero());
        if self.hours.is_always() {
            return start.plus(left);
        }
        for day in days(start.day_in_berlin()) {
            let mut spans = Vec::new();
            let stretches = self.stretches(day);
            for (from, to) in stretches.iter().map(|(from, to)| ((*from).max(start.utc()), *to)) {
                if from >= to {
                    continue;
                }
                if left <= to - from {
                    let end = Timestamp::new(from + left);
                    spans.push((Timestamp::new(from), end));
                    each(CountedDay { day, spans, closed: None });
                    return end;
                }
                left -= to - from;
                spans.push((Timestamp::new(from), Timestamp::new(to)));
            }
            let closed = if stretches.is_empty() { Some(self.why_closed(day)) } else { None };
            each(CountedDay { day, spans, closed });
        }
        start.plus(span.max(TimeDelta::zero()))
    }

    /// How much service time lies between two instants; nothing when `to` is not after `from`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> TimeDelta {
        if self.hours.is_always() || self.is_never(from) {
            return to.since(from).max(TimeDelta::zero());
        }
        let (from, to) = (from.utc(), to.utc());
        let last = to.with_timezone(&Berlin).date_naive();
        days(from.with_timezone(&Berlin).date_naive())
            .take_while(|day| *day <= last)
            .flat_map(|day| self.stretches(day))
            .map(|(opens, closes)| (closes.min(to) - opens.max(from)).max(TimeDelta::zero()))
            .sum()
    }

    /// The same clock time on the `later`-th service day after `start`, as 115 promises for one day. What comes outside
    /// service times counts from the next opening. Where nobody is there at that clock time, it is when they were last
    /// there on that day before it, or else when they open.
    pub fn same_time(&self, start: Timestamp, later: u32) -> Timestamp {
        let opened = self.add(start, TimeDelta::zero());
        let begun = opened.day_in_berlin();
        let Some(day) = self.service_day(begun, later) else { return start.plus(TimeDelta::days(later.into())) };
        let wanted = day.and_time(clock_time(opened.utc()));
        let wanted = instant(wanted);
        let stretches = self.stretches(day);
        let within = stretches.iter().find(|(from, to)| (*from..=*to).contains(&wanted)).map(|_| wanted);
        let before = || stretches.iter().rev().map(|(_, to)| *to).find(|to| *to < wanted);
        let first = || stretches.first().map(|(from, _)| *from);
        Timestamp::new(within.or_else(before).or_else(first).unwrap_or(wanted))
    }

    /// The `later`-th service day after a day; none in sight where nobody is ever there.
    pub fn service_day(&self, begun: NaiveDate, later: u32) -> Option<NaiveDate> {
        let later = usize::try_from(later).unwrap_or(usize::MAX);
        if later == 0 {
            return Some(begun);
        }
        days(begun).skip(1).filter(|day| self.is_service_day(*day)).nth(later - 1)
    }

    /// True where somebody is there at some time of the day.
    pub(super) fn is_service_day(&self, day: NaiveDate) -> bool {
        self.hours.is_always() || !self.stretches(day).is_empty()
    }

    /// True where somebody is there at this instant.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let is_there = || self.stretches(at.day_in_berlin()).iter().any(|(from, to)| (*from..*to).contains(&at.utc()));
        self.hours.is_always() || is_there()
    }

    /// Why nobody is there on a day on which nobody is.
    pub fn why_closed(&self, day: NaiveDate) -> Closed {
        if let Some(name) = holiday_name(self.land, day) {
            return Closed::Holiday(name);
        }
        match self.closed.on(day) {
            Some(closed) if !self.spans(day).is_empty() => closed,
            _ => Closed::Usual,
        }
    }

    fn is_never(&self, at: Timestamp) -> bool {
        days(at.day_in_berlin()).all(|day| self.stretches(day).is_empty())
    }

    /// When somebody is there on a day, in the order of time.
    fn stretches(&self, day: NaiveDate) -> Vec<Stretch> {
        let spans = self.spans(day);
        if spans.is_empty() || self.closed.on(day).is_some() {
            return Vec::new();
        }
        let next = day.succ_opt().unwrap_or(day);
        let (before, after) = (offset(day), offset(next));
        let utc =
            |minute: u16, offset: TimeDelta| (midnight(day) + TimeDelta::minutes(minute.into()) - offset).and_utc();
        if before == after {
            return spans.iter().map(|(from, to)| (utc(*from, before), utc(*to, before))).collect();
        }
        // In Europe the clocks change at 01:00 UTC (directive 2000/84/EC). The wall shows each part its own time.
        let change = (midnight(day) + TimeDelta::hours(1)).and_utc();
        let parts = spans.iter().flat_map(|(from, to)| {
            let early = (utc(*from, before), utc(*to, before).min(change));
            let late = (utc(*from, after).max(change), utc(*to, after));
            [early, late]
        });
        let mut parts: Vec<Stretch> = parts.filter(|(from, to)| from < to).collect();
        parts.sort_unstable();
        let mut joined: Vec<Stretch> = Vec::new();
        for (from, to) in parts {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    /// The usual hours of a day, holidays minded, in minutes after midnight.
    fn spans(&self, day: NaiveDate) -> Vec<Span> {
        match &self.hours.0.1 {
            Rule::Always => vec![(0, 24 * 60)],
            Rule::Week(week) => {
                let usual = week.days.get(day.weekday().num_days_from_monday() as usize);
                let holiday = week.holidays.as_ref().filter(|_| is_holiday(self.land, day));
                holiday.or(usual).cloned().unwrap_or_default()
            }
            Rule::Other(hours) => {
                let hours = hours.as_ref().clone();
                let hours = hours.with_context(Context::default().with_holidays(holidays(self.land).clone()));
                let ranges = hours.iter_range(midnight(day), midnight(day) + TimeDelta::days(1));
                let minute = |at: NaiveDateTime| u16::try_from((at - midnight(day)).num_minutes()).unwrap_or(0);
                let open = ranges.filter(|range| range.kind == RuleKind::Open);
                open.map(|range| (minute(range.range.start), minute(range.range.end))).collect()
            }
        }
    }
}

impl ClosedDays {
    /// Why a day is closed, where it is.
    fn on(&self, day: NaiveDate) -> Option<Closed> {
        if self.yearly.iter().any(|one| (one.month, one.day) == (day.month(), day.day())) {
            return Some(Closed::Yearly);
        }
        let place = self.place.as_ref()?;
        let from = self.single.partition_point(|one| one.day < day);
        let today = self.single.iter().skip(from).take_while(|one| one.day == day);
        today.into_iter().find(|one| one.region.contains(place)).map(|one| Closed::Local(one.reason.clone()))
    }
}

fn days(first: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    (0..HORIZON).map_while(move |later| first.checked_add_days(Days::new(later)))
}

fn midnight(day: NaiveDate) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN)
}

/// How far Berlin is ahead of UTC when a day begins; midnight is never skipped or repeated.
fn offset(day: NaiveDate) -> TimeDelta {
    let ahead = Berlin.offset_from_local_datetime(&midnight(day)).earliest().map_or(0, |o| o.fix().local_minus_utc());
    TimeDelta::seconds(ahead.into())
}

/// What the clock on the wall shows. In the second of two equal hours it counts as three o'clock, so that what begins
/// later is never due earlier.
fn clock_time(at: DateTime<Utc>) -> NaiveTime {
    let wall = at.with_timezone(&Berlin).naive_local();
    match Berlin.from_local_datetime(&wall) {
        chrono::LocalResult::Ambiguous(first, _) if first.to_utc() != at => {
            NaiveTime::from_hms_opt(wall.hour() + 1, 0, 0).unwrap_or(wall.time())
        }
        _ => wall.time(),
    }
}

/// When the clock on the wall shows this, for the first time; where it never does, when it jumps past it.
fn instant(wall: NaiveDateTime) -> DateTime<Utc> {
    let change = || (midnight(wall.date()) + TimeDelta::hours(1)).and_utc();
    Berlin.from_local_datetime(&wall).earliest().map_or_else(change, |there| there.to_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::hours::{Hours, Reckoning, moved_on, part_way};

    const USUAL: &str = "Mo-Fr 08:00-18:00; PH off";

    fn at(rfc: &str) -> Timestamp {
        Timestamp::new(rfc.parse::<DateTime<Utc>>().unwrap_or_else(|fault| panic!("{rfc}: {fault}")))
    }

    /// Wall time in Berlin.
    fn wall(text: &str) -> Timestamp {
        let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        Timestamp::new(Berlin.from_local_datetime(&naive).earliest().unwrap().to_utc())
    }

    fn time(hours: &str, land: &str, closed: ClosedDays) -> ServiceTime {
        ServiceTime { hours: ServiceHours::parse(hours).unwrap(), land: land.parse().unwrap(), closed }
    }

    fn plain(hours: &str, land: &str) -> ServiceTime {
        time(hours, land, ClosedDays::default())
    }

    #[track_caller]
    fn check(time: &ServiceTime, start: &str, reckoning: &str, due: &str) {
        let reckoned = Reckoning::parse(reckoning).unwrap().due(wall(start), time);
        assert_eq!(reckoned, wall(due), "{start} + {reckoning} is due at {reckoned}");
    }

    #[test]
    fn counts_service_time_over_nights_weekends_and_holidays() {
        let sh = plain(USUAL, "SH");
        check(&sh, "2026-11-24 09:00", "4h", "2026-11-24 13:00");
        check(&sh, "2026-11-27 16:30", "4h", "2026-11-30 10:30");
        check(&sh, "2026-11-27 16:30", "90m", "2026-11-27 18:00");
        check(&sh, "2026-11-28 10:00", "4h", "2026-11-30 12:00");
        check(&sh, "2026-11-27 18:00", "4h", "2026-11-30 12:00");
        check(&sh, "2026-11-27 17:59", "10h", "2026-11-30 17:59");
        // 3 October 2025 was a Friday.
        check(&sh, "2025-10-02 16:30", "4h", "2025-10-06 10:30");
        // Over Christmas and the turn of the year: 25 and 26 December, 1 January.
        check(&sh, "2026-12-24 17:00", "2h", "2026-12-28 09:00");
        check(&sh, "2026-12-31 17:00", "2h", "2027-01-04 09:00");
        // Reformationstag 2025, a Friday, in SH and not in Berlin.
        check(&sh, "2025-10-30 17:00", "2h", "2025-11-03 09:00");
        check(&plain(USUAL, "BE"), "2025-10-30 17:00", "2h", "2025-10-31 09:00");
        // Lunch, and a long Thursday.
        let office = plain("Mo-Fr 08:00-12:00; Th 08:00-12:00,14:00-18:00; PH off", "NW");
        check(&office, "2026-11-26 11:00", "2h", "2026-11-26 15:00");
        check(&office, "2026-11-27 11:30", "1h", "2026-11-30 08:30");
        // Hours that say nothing about holidays are closed then; those that name them, and who is always there, are not.
        check(&plain("Mo-Fr 08:00-18:00", "SH"), "2025-10-02 16:30", "4h", "2025-10-06 10:30");
        check(&plain("Mo-Fr 08:00-18:00; PH 10:00-12:00", "SH"), "2025-10-02 17:30", "1h", "2025-10-03 10:30");
        check(&plain("24/7", "SH"), "2025-10-03 23:00", "4h", "2025-10-04 03:00");
        // Past midnight, and by the sun's neighbour, the calendar: seasons have no plain week.
        check(&plain("Mo-Su 22:00-02:00", "SH"), "2026-11-24 23:00", "4h", "2026-11-25 23:00");
        check(&plain("Jan-Dec Mo-Fr 08:00-18:00; PH off", "SH"), "2026-11-27 16:30", "4h", "2026-11-30 10:30");
        // Nobody ever: the clock counts, so that silence is noticed.
        check(&plain("24/7 off", "SH"), "2026-11-27 16:30", "4h", "2026-11-27 20:30");
    }

    #[test]
    fn promises_as_115_does() {
        let sh = plain(USUAL, "SH");
        check(&sh, "2026-11-24 09:17", "1d", "2026-11-25 09:17");
        check(&sh, "2026-11-27 16:30", "1d", "2026-11-30 16:30");
        // Outside service times it counts from the next opening.
        check(&sh, "2026-11-28 10:00", "1d", "2026-12-01 08:00");
        check(&sh, "2026-11-24 06:00", "1d", "2026-11-25 08:00");
        check(&sh, "2026-11-24 18:00", "1d", "2026-11-26 08:00");
        // The next service day of that Land.
        check(&sh, "2025-10-30 10:00", "1d", "2025-11-03 10:00");
        check(&plain(USUAL, "BE"), "2025-10-30 10:00", "1d", "2025-10-31 10:00");
        check(&plain(USUAL, "SN"), "2026-11-17 10:00", "1d", "2026-11-19 10:00");
        check(&sh, "2026-12-30 12:00", "3d", "2027-01-05 12:00");
        // Where nobody is there at that time of the next day.
        let office = plain("Mo-We 08:00-16:00; Th 08:00-18:00; Fr 08:00-12:00; PH off", "SH");
        check(&office, "2026-11-26 16:30", "1d", "2026-11-27 12:00");
        check(&plain("Mo 08:00-12:00; Tu 14:00-18:00", "SH"), "2026-11-23 09:00", "1d", "2026-11-24 14:00");
        // Half past two does not exist on 29 March 2026.
        check(&plain("24/7", "SH"), "2026-03-28 02:30", "1d", "2026-03-29 03:00");
    }

    #[test]
    fn closes_on_local_days_and_on_those_of_every_year() {
        let day = |region: &str, day: &str, reason: &str| ClosedDay {
            region: region.parse().unwrap(),
            day: day.parse().unwrap(),
            reason: reason.into(),
        };
        let closed = |place: &str| ClosedDays {
            yearly: [ClosedYearly { month: 12, day: 24 }, ClosedYearly { month: 12, day: 31 }].into(),
            single: [day("01002", "2026-06-26", "Personalversammlung"), day("01", "2026-06-29", "Umzug")].into(),
            place: Some(place.parse().unwrap()),
        };
        let kiel = time(USUAL, "SH", closed("010020000000"));
        check(&kiel, "2026-06-25 17:00", "2h", "2026-06-30 09:00");
        check(&time(USUAL, "SH", closed("010030000000")), "2026-06-25 17:00", "2h", "2026-06-26 09:00");
        check(&kiel, "2026-12-23 17:00", "2h", "2026-12-28 09:00");
        check(&kiel, "2026-12-30 17:00", "1d", "2027-01-04 17:00");
        assert_eq!(kiel.why_closed("2026-06-26".parse().unwrap()), Closed::Local("Personalversammlung".into()));
        assert_eq!(kiel.why_closed("2026-12-24".parse().unwrap()), Closed::Yearly);
        assert_eq!(kiel.why_closed("2026-12-25".parse().unwrap()), Closed::Holiday("Erster Weihnachtsfeiertag"));
        assert_eq!(kiel.why_closed("2026-06-27".parse().unwrap()), Closed::Usual);
        // Somebody who is always there is there on all of these.
        check(&time("24/7", "SH", closed("010020000000")), "2026-12-24 09:00", "4h", "2026-12-24 13:00");
    }

    #[test]
    fn holds_when_the_clocks_change() {
        let sh = plain(USUAL, "SH");
        // From Friday to Monday over both changes: what is counted is service time, whatever the night was.
        check(&sh, "2026-03-27 17:00", "2h", "2026-03-30 09:00");
        check(&sh, "2026-10-23 17:00", "2h", "2026-10-26 09:00");
        let night = plain("Su 00:00-06:00", "SH");
        // Five hours in the spring night, seven in that of autumn.
        assert_eq!(night.add(at("2026-03-28T23:00:00Z"), TimeDelta::hours(5)), at("2026-03-29T04:00:00Z"));
        assert_eq!(night.add(at("2026-10-24T22:00:00Z"), TimeDelta::hours(7)), at("2026-10-25T05:00:00Z"));
        // Half past two comes twice: half an hour before each three o'clock.
        let half = plain("Su 02:30-03:00", "SH");
        assert_eq!(half.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), TimeDelta::hours(1));
        assert_eq!(half.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), TimeDelta::zero());
    }

    #[test]
    fn a_pause_leaves_what_was_left() {
        let sh = plain(USUAL, "SH");
        // Due Friday 16:30; asked Friday 10:30, six hours before; answered Monday at noon.
        let moved = moved_on(wall("2026-11-27 16:30"), wall("2026-11-27 10:30"), wall("2026-11-30 12:00"), Some(&sh));
        assert_eq!(moved, wall("2026-11-30 18:00"));
        // A weekend that did not count anyway moves nothing.
        let moved = moved_on(wall("2026-11-30 10:30"), wall("2026-11-28 10:00"), wall("2026-11-29 10:00"), Some(&sh));
        assert_eq!(moved, wall("2026-11-30 10:30"));
        // What was overdue stays overdue; a clock that went back moves nothing.
        for (since, now) in [("2026-11-30 11:00", "2026-12-01 11:00"), ("2026-11-27 10:00", "2026-11-27 09:00")] {
            let due = wall("2026-11-30 10:30");
            assert_eq!(moved_on(due, wall(since), wall(now), Some(&sh)), due);
        }
        assert_eq!(
            part_way(wall("2026-11-27 16:30"), wall("2026-11-30 10:30"), 50, Some(&sh)),
            wall("2026-11-30 08:30")
        );
        assert_eq!(part_way(wall("2026-11-27 16:30"), wall("2026-11-27 17:30"), 50, None), wall("2026-11-27 17:00"));
    }

    const MANY: [&str; 8] = [
        USUAL,
        "24/7",
        "Mo-Fr 08:00-12:00; Th 08:00-12:00,14:00-18:00; PH off",
        "Su 02:30-06:00",
        "Mo-Su 22:00-02:30",
        "24/7; PH off",
        "Sa 09:00-13:00; PH 10:00-12:00",
        "Jan-Dec Mo-Fr 07:15-15:45; PH off",
    ];

    fn any_time() -> impl Strategy<Value = ServiceTime> {
        let closed = ClosedDays {
            yearly: [ClosedYearly { month: 12, day: 24 }, ClosedYearly { month: 12, day: 31 }].into(),
            ..ClosedDays::default()
        };
        let land = prop::sample::select(crate::keys::LANDS.map(|(code, ..)| code).to_vec());
        (prop::sample::select(MANY.to_vec()), land).prop_map(move |(hours, land)| time(hours, land, closed.clone()))
    }

    /// Any second of some years, and often one near a change of the clocks or the turn of a year.
    fn any_instant() -> impl Strategy<Value = Timestamp> {
        let near = prop::sample::select(vec!["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-12-31T23:00:00Z"]);
        let near = (near, -200_000i64..200_000).prop_map(|(moment, off)| at(moment).plus(TimeDelta::seconds(off)));
        prop_oneof![near, (0i64..120_000_000).prop_map(|off| at("2025-01-01T00:00:00Z").plus(TimeDelta::seconds(off)))]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_sum_keeps_its_promises(time in any_time(), start in any_instant(), a in 0i64..200_000, b in 0i64..200_000, off in 0i64..900_000) {
            let span = TimeDelta::seconds;
            let due = time.add(start, span(a));
            prop_assert!(due >= start);
            prop_assert!(due >= time.add(start, span(a - 1)));
            prop_assert!(time.add(start.plus(span(off)), span(a)) >= due, "a later start is due earlier");
            // Never inside a closed time: somebody is there, or was until this very moment.
            prop_assert!(time.is_open(due) || time.is_open(due.minus(TimeDelta::microseconds(1))), "{due}");
            prop_assert_eq!(time.add(due, span(b)), time.add(start, span(a + b)), "in two parts");
            if a > 0 {
                prop_assert_eq!(time.between(start, due), span(a));
            }
            // Half way and the rest make the whole.
            let half = part_way(start, due, 50, Some(&time));
            prop_assert!(start <= half && half <= due);
        }

        #[test]
        fn a_service_day_keeps_its_promises(time in any_time(), start in any_instant(), later in 1u32..6, off in 0i64..900_000) {
            let due = time.same_time(start, later);
            prop_assert!(due > start);
            prop_assert!(time.same_time(start.plus(TimeDelta::seconds(off)), later) >= due, "a later start is due earlier");
            prop_assert!(time.is_open(due) || time.is_open(due.minus(TimeDelta::microseconds(1))), "{due}");
            prop_assert!(time.same_time(start, later + 1) > due);
        }

        /// The same as what the public is shown as open, closing days aside.
        #[test]
        fn agrees_with_open_now(hours in prop::sample::select(MANY.to_vec()), start in any_instant()) {
            let land = "SH".parse().unwrap();
            let counted = hours.contains("PH") || hours == "24/7";
            if counted {
                let shown = Hours::parse(hours).unwrap().open(land, start).unwrap();
                prop_assert_eq!(shown.is_open, plain(hours, "SH").is_open(start));
            }
        }
    }
}
