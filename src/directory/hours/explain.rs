//! A deadline in words, step by step, in German and English: which stretches counted, which days were closed and why.
//!
//! Invariant: pure; made by the very sum that decided the deadline, so that the words cannot say otherwise.

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Europe::Berlin;
use serde::Serialize;

use super::holidays::english_holiday;
use super::reckoning::Reckoning;
use super::service_time::{Closed, CountedDay, ServiceTime};
use crate::clock::Timestamp;

/// In which language something is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// German.
    German,
    /// English.
    English,
}

/// A deadline with the reasons for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// From when it counts.
    pub start: Timestamp,
    /// When it is due.
    pub due: Timestamp,
    /// In German.
    pub de: Words,
    /// In English.
    pub en: Words,
}

/// The same in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Words {
    /// The whole in one line.
    pub headline: String,
    /// What counted and what did not, in the order of time.
    pub steps: Vec<String>,
}

impl Explanation {
    /// Reckons a deadline and says how.
    pub fn of(start: Timestamp, reckoning: Reckoning, time: &ServiceTime) -> Self {
        let mut days = Vec::new();
        let due = match reckoning {
            Reckoning::Wall(_) => reckoning.due(start, time),
            Reckoning::Service(span) => time.count(start, span, |day| days.push(day)),
            Reckoning::Days(later) => {
                days = way(start, later, time);
                reckoning.due(start, time)
            }
        };
        let words = |tongue| Words {
            headline: headline(start, reckoning, due, tongue),
            steps: match reckoning {
                Reckoning::Wall(_) => vec![say(
                    tongue,
                    "Jede Stunde zählt, auch nachts und an Feiertagen",
                    "Every hour counts, nights and holidays too",
                )],
                Reckoning::Service(_) => counted(&days, time, tongue),
                Reckoning::Days(_) => by_days(start, due, &days, time, tongue),
            },
        };
        Self { start, due, de: words(Tongue::German), en: words(Tongue::English) }
    }
}

fn say(tongue: Tongue, german: &str, english: &str) -> String {
    match tongue {
        Tongue::German => german.to_owned(),
        Tongue::English => english.to_owned(),
    }
}

/// The days from the one that counts first to the last, each with the reason where it is closed.
fn way(start: Timestamp, later: u32, time: &ServiceTime) -> Vec<CountedDay> {
    let opened = time.add(start, TimeDelta::zero()).day_in_berlin();
    let last = time.service_day(opened, later).unwrap_or(opened);
    let days = start.day_in_berlin().iter_days().take_while(|day| *day <= last);
    days.map(|day| {
        let is_closed = day != opened && !time.is_service_day(day);
        CountedDay { day, spans: Vec::new(), closed: is_closed.then(|| time.why_closed(day)) }
    })
    .collect()
}

fn headline(start: Timestamp, reckoning: Reckoning, due: Timestamp, tongue: Tongue) -> String {
    let span = match (reckoning, tongue) {
        (Reckoning::Wall(span), Tongue::German) => format!("{} nach der Uhr", length(span)),
        (Reckoning::Wall(span), Tongue::English) => format!("{} by the clock", length(span)),
        (Reckoning::Service(span), Tongue::German) => format!("{} Servicezeit", length(span)),
        (Reckoning::Service(span), Tongue::English) => format!("{} of service time", length(span)),
        (Reckoning::Days(1), Tongue::German) => "1 Servicetag".to_owned(),
        (Reckoning::Days(1), Tongue::English) => "1 service day".to_owned(),
        (Reckoning::Days(later), Tongue::German) => format!("{later} Servicetage"),
        (Reckoning::Days(later), Tongue::English) => format!("{later} service days"),
    };
    format!("{} + {span} → {}", moment(start, tongue), moment(due, tongue))
}

/// The steps of a sum of service time. Days on which nobody is there for the same reason are said together.
fn counted(days: &[CountedDay], time: &ServiceTime, tongue: Tongue) -> Vec<String> {
    if time.hours.is_always() {
        return vec![say(
            tongue,
            "Es ist immer jemand da: jede Stunde zählt",
            "Somebody is always there: every hour counts",
        )];
    }
    if days.iter().all(|day| day.spans.is_empty()) {
        let never = (
            "In diesen Zeiten ist nie jemand da: es zählt die Uhr",
            "Nobody is ever there at these hours: the clock counts",
        );
        return vec![say(tongue, never.0, never.1)];
    }
    let mut steps = Vec::new();
    let mut rest = days;
    while let Some(first) = rest.first() {
        let together = rest.iter().take_while(|day| day.closed.is_some() && day.closed == first.closed).count();
        match &first.closed {
            Some(why) => {
                steps.push(closed(first.day, rest.get(together - 1).map_or(first.day, |last| last.day), why, tongue))
            }
            None => steps.extend(first.spans.iter().map(|(from, to)| {
                let (from_to, whole) = (format!("{}–{}", clock(*from), clock(*to)), hours_and_minutes(to.since(*from)));
                let day = date(first.day, tongue);
                match tongue {
                    Tongue::German => format!("{day}, {from_to} zählt {whole}"),
                    Tongue::English => format!("{day}, {from_to} counts {whole}"),
                }
            })),
        }
        rest = rest.get(together.max(1)..).unwrap_or_default();
    }
    steps
}

fn by_days(start: Timestamp, due: Timestamp, days: &[CountedDay], time: &ServiceTime, tongue: Tongue) -> Vec<String> {
    let mut steps = Vec::new();
    let opened = time.add(start, TimeDelta::zero());
    if opened != start {
        let (asked, from) = (moment(start, tongue), moment(opened, tongue));
        steps.push(match tongue {
            Tongue::German => format!("{asked} liegt außerhalb der Servicezeit: es zählt ab {from}"),
            Tongue::English => format!("{asked} is outside service time: it counts from {from}"),
        });
    }
    let mut number = 0;
    let mut rest = days;
    while let Some(first) = rest.first() {
        let together = rest.iter().take_while(|day| day.closed.is_some() && day.closed == first.closed).count();
        match &first.closed {
            Some(why) => {
                steps.push(closed(first.day, rest.get(together - 1).map_or(first.day, |last| last.day), why, tongue))
            }
            None if first.day > opened.day_in_berlin() => {
                number += 1;
                let day = date(first.day, tongue);
                steps.push(match tongue {
                    Tongue::German => format!("{day} ist der {number}. Servicetag danach"),
                    Tongue::English => format!("{day} is service day {number} after it"),
                });
            }
            None => {}
        }
        rest = rest.get(together.max(1)..).unwrap_or_default();
    }
    let (wanted, found) = (clock(opened), clock(due));
    steps.push(match (wanted == found, tongue) {
        (true, Tongue::German) => format!("Gleiche Uhrzeit: {found}"),
        (true, Tongue::English) => format!("Same clock time: {found}"),
        (false, Tongue::German) => format!("Um {wanted} ist an diesem Tag niemand da: es gilt {found}"),
        (false, Tongue::English) => format!("At {wanted} nobody is there on that day: it is {found}"),
    });
    steps
}

fn closed(from: NaiveDate, to: NaiveDate, why: &Closed, tongue: Tongue) -> String {
    let days = match (to.signed_duration_since(from).num_days(), tongue) {
        (0, _) => date(from, tongue),
        (1, Tongue::German) => format!("{} und {}", date(from, tongue), date(to, tongue)),
        (1, Tongue::English) => format!("{} and {}", date(from, tongue), date(to, tongue)),
        (_, Tongue::German) => format!("{} bis {}", date(from, tongue), date(to, tongue)),
        (_, Tongue::English) => format!("{} to {}", date(from, tongue), date(to, tongue)),
    };
    let reason = match (why, tongue) {
        (Closed::Usual, _) => None,
        (Closed::Holiday(name), Tongue::German) => Some((*name).to_owned()),
        (Closed::Holiday(name), Tongue::English) => Some(english_holiday(name).to_owned()),
        (Closed::Yearly, Tongue::German) => Some("jedes Jahr geschlossen".to_owned()),
        (Closed::Yearly, Tongue::English) => Some("closed every year".to_owned()),
        (Closed::Local(reason), _) => Some(reason.clone()),
    };
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    match tongue {
        Tongue::German => format!("{days} geschlossen{reason}"),
        Tongue::English => format!("{days} closed{reason}"),
    }
}

/// `4 h`, `1 h 30 min`, `45 min`, `20 s`.
pub fn length(span: TimeDelta) -> String {
    let (hours, minutes, seconds) = (span.num_hours(), span.num_minutes() % 60, span.num_seconds() % 60);
    let parts = [(hours, "h"), (minutes, "min"), (seconds, "s")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if parts.is_empty() { "0 min".to_owned() } else { parts.join(" ") }
}

/// `1:30`, hours and minutes, to the nearest minute.
fn hours_and_minutes(span: TimeDelta) -> String {
    let minutes = (span.num_seconds() + 30) / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn clock(at: Timestamp) -> String {
    at.utc().with_timezone(&Berlin).format("%H:%M").to_string()
}

/// `Fr 27.11.2026, 16:30` or `Fri 27 Nov 2026, 16:30`.
pub fn moment(at: Timestamp, tongue: Tongue) -> String {
    format!("{}, {}", date(at.day_in_berlin(), tongue), clock(at))
}

fn date(day: NaiveDate, tongue: Tongue) -> String {
    match tongue {
        Tongue::English => day.format("%a %-d %b %Y").to_string(),
        Tongue::German => {
            let weekday = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"];
            let number = chrono::Datelike::weekday(&day).num_days_from_monday() as usize;
            format!("{} {}", weekday.get(number).copied().unwrap_or_default(), day.format("%d.%m.%Y"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::hours::{ClosedDays, ServiceHours};

    fn explained(hours: &str, start: &str, reckoning: &str) -> Explanation {
        let hours = ServiceHours::parse(hours).unwrap();
        let time = ServiceTime { hours, land: "SH".parse().unwrap(), closed: ClosedDays::default() };
        let start = Timestamp::new(start.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        Explanation::of(start, Reckoning::parse(reckoning).unwrap(), &time)
    }

    #[test]
    fn says_what_counted_and_what_did_not() {
        let found = explained("Mo-Fr 08:00-18:00; PH off", "2026-11-27T15:30:00Z", "4h");
        assert_eq!(found.de.headline, "Fr 27.11.2026, 16:30 + 4 h Servicezeit → Mo 30.11.2026, 10:30");
        assert_eq!(
            found.de.steps,
            [
                "Fr 27.11.2026, 16:30–18:00 zählt 1:30",
                "Sa 28.11.2026 und So 29.11.2026 geschlossen",
                "Mo 30.11.2026, 08:00–10:30 zählt 2:30"
            ]
        );
        assert_eq!(found.en.headline, "Fri 27 Nov 2026, 16:30 + 4 h of service time → Mon 30 Nov 2026, 10:30");
        let found = explained("Mo-Fr 08:00-18:00; PH off", "2025-10-02T15:00:00Z", "2h");
        assert_eq!(found.de.steps[1], "Fr 03.10.2025 geschlossen: Tag der Deutschen Einheit");
        assert_eq!(found.en.steps[1], "Fri 3 Oct 2025 closed: German Unity Day");
    }

    #[test]
    fn says_how_115_counts() {
        let found = explained("Mo-Fr 08:00-18:00; PH off", "2026-11-28T09:00:00Z", "1d");
        assert_eq!(found.de.headline, "Sa 28.11.2026, 10:00 + 1 Servicetag → Di 01.12.2026, 08:00");
        assert_eq!(
            found.de.steps,
            [
                "Sa 28.11.2026, 10:00 liegt außerhalb der Servicezeit: es zählt ab Mo 30.11.2026, 08:00",
                "Sa 28.11.2026 und So 29.11.2026 geschlossen",
                "Di 01.12.2026 ist der 1. Servicetag danach",
                "Gleiche Uhrzeit: 08:00"
            ]
        );
        let found = explained("Mo-Th 08:00-16:00; Fr 08:00-12:00", "2026-11-26T14:30:00Z", "1d");
        assert_eq!(found.en.steps.last().unwrap(), "At 15:30 nobody is there on that day: it is 12:00");
        let found = explained("24/7", "2026-11-26T15:30:00Z", "30m");
        assert_eq!(found.de.steps, ["Es ist immer jemand da: jede Stunde zählt"]);
    }
}
