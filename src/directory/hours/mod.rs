//! Service hours in the syntax of OpenStreetMap, such as `Mo-Fr 08:00-18:00; PH off`: whether somebody is there now,
//! when that changes, and the same in words. People may name the days in German; kept is the standard form.
//!
//! Invariant: pure. Hours are wall time of Europe/Berlin with the public holidays of one Land; the instant of a change
//! is right on the days when the clocks change. What the hours leave open ("unknown") is neither open nor closed.
//!
//! Where next: `german.rs` (what people type), `holidays.rs` (the calendar of each Land), `words.rs` (hours as a
//! sentence), `week.rs` (the plain week behind them), `service_time.rs` (sums of service time), `explain.rs` (the same in
//! words). Not here: what is remembered between requests (`snapshot/hours.rs`), which hours apply to whom
//! (`service_clock.rs`).

mod explain;
mod german;
mod holidays;
mod reckoning;
mod service_time;
mod week;
mod words;

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Europe::Berlin;
use opening_hours::{Context, OpeningHours};
use opening_hours_syntax::rules::RuleKind;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::Message;
use crate::keys::LandCode;

pub use explain::{Explanation, Tongue, Words, length, moment};
pub use german::standard;
pub use holidays::{holiday_name, holidays, is_holiday};
pub use reckoning::{Reckoning, moved_on, part_way};
pub use service_time::{Closed, ClosedDay, ClosedDays, ClosedYearly, CountedDay, ServiceHours, ServiceTime};
pub use week::{Span, Week};
pub use words::{clock, in_words, weekday};

use service_time::names_holidays;

/// So far ahead a change is looked for; what stays as it is for longer has none.
const HORIZON: TimeDelta = TimeDelta::days(400);
/// The most that hours may be written in.
const LONGEST: usize = 500;

/// Service hours, read once.
#[derive(Debug, Clone)]
pub struct Hours(OpeningHours);

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Open {
    /// True when somebody is there now.
    pub is_open: bool,
    /// When they close, or else when they open again; none when that is not in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes_at: Option<Timestamp>,
}

impl Hours {
    /// Reads hours, with the days in German too ([`standard`]); says what is wrong with them.
    pub fn parse(hours: &str) -> Result<Self, Message> {
        if hours.len() > LONGEST {
            let message = format!("is longer than {LONGEST} characters");
            return Err(Message::new("long", message).naming(hours.len()).naming(LONGEST));
        }
        standard(hours).parse().map(Self).map_err(|_| {
            let message = format!(
                "«{hours}» is not understood; write opening hours as OpenStreetMap does, such as Mo-Fr 08:00-18:00; PH off"
            );
            Message::new("hours", message).naming(hours)
        })
    }

    /// The same, closed on these days too, whatever they say.
    pub fn closed_on(text: &str, days: &[NaiveDate]) -> Result<Self, String> {
        let days = days.iter().map(|day| format!("; {} off", day.format("%Y %b %d")));
        format!("{text}{}", days.collect::<String>())
            .parse()
            .map(Self)
            .map_err(|_| format!("«{text}» is not understood"))
    }

    /// Whether somebody is there at this instant, by the holidays of this Land; none where the hours do not say.
    pub fn open(&self, land: LandCode, now: Timestamp) -> Option<Open> {
        let hours = self.0.clone().with_context(Context::default().with_holidays(holidays(land).clone()));
        let wall = now.utc().with_timezone(&Berlin).naive_local();
        let mut ranges = hours.iter_range(wall, wall + HORIZON);
        let kind = ranges.next().map_or(RuleKind::Closed, |range| range.kind);
        if kind == RuleKind::Unknown {
            return None;
        }
        let is_open = kind == RuleKind::Open;
        // Two ranges that differ only in their comment are one to somebody who wants to call.
        let change = ranges.find(|range| (range.kind == RuleKind::Open) != is_open);
        let changes_at = change.map(|range| Timestamp::new(instant(range.range.start, now.utc())));
        Some(Open { is_open, changes_at })
    }
}

/// Service hours as they are meant: public holidays are closed unless the hours name them (`PH`) or somebody is always
/// there.
pub fn meant(hours: &str) -> Cow<'_, str> {
    let says_all = |week: &Week| week.is_always() || week.groups().is_empty();
    match check(hours).is_err() || names_holidays(hours) || Week::of(hours).as_ref().is_some_and(says_all) {
        true => Cow::Borrowed(hours),
        false => Cow::Owned(format!("{hours}; PH off")),
    }
}

/// The same for the public, with the days of every year on which nobody is there.
pub fn meant_for_all(hours: &str, yearly: &[ClosedYearly]) -> String {
    let mut meant = meant(hours).into_owned();
    if !Week::of(hours).is_some_and(|week| week.is_always()) {
        // A leap year, so that 29 February is a day.
        let days = yearly.iter().filter_map(|one| NaiveDate::from_ymd_opt(2028, one.month, one.day));
        days.for_each(|day| meant.push_str(&format!("; {} off", day.format("%b %d"))));
    }
    meant
}

/// Says what is wrong with service hours.
pub fn check(hours: &str) -> Result<(), Message> {
    Hours::parse(hours).map(drop)
}

/// When the clock on the wall shows this, after `now`. An hour that comes twice counts by its first time that is still
/// ahead; one that is left out counts from where the clock jumps.
fn instant(wall: NaiveDateTime, now: DateTime<Utc>) -> DateTime<Utc> {
    let found = Berlin.from_local_datetime(&wall);
    let first = found.earliest().filter(|first| *first > now);
    if let Some(there) = first.or_else(|| found.latest()) {
        return there.to_utc();
    }
    let jump = wall.date().and_time(NaiveTime::from_hms_opt(wall.hour(), 0, 0).unwrap_or_default());
    Berlin.from_local_datetime(&(jump + TimeDelta::hours(1))).earliest().map_or(now, |there| there.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: &str = "Mo-Fr 08:00-18:00; PH off";

    #[test]
    fn knows_hours_from_other_words() {
        for good in [USUAL, "24/7", "Mo-Fr 08:00-12:00; Th 14:00-18:00"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "Montag bis Freitag", "Mo-Fr 25:99-30:00"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    fn at(rfc: &str) -> Timestamp {
        Timestamp::new(rfc.parse::<DateTime<Utc>>().unwrap_or_else(|fault| panic!("{rfc}: {fault}")))
    }

    /// `expected`: open or closed, and until when.
    #[track_caller]
    fn check_open(hours: &str, land: &str, now: &str, expected: (bool, Option<&str>)) {
        let found = Hours::parse(hours).unwrap().open(land.parse().unwrap(), at(now)).unwrap();
        assert_eq!((found.is_open, found.changes_at), (expected.0, expected.1.map(at)), "{hours} in {land} at {now}");
    }

    #[test]
    fn says_whether_somebody_is_there_and_until_when() {
        // A Tuesday in November: Berlin is an hour ahead.
        check_open(USUAL, "SH", "2026-11-24T09:00:00Z", (true, Some("2026-11-24T17:00:00Z")));
        check_open(USUAL, "SH", "2026-11-24T06:59:59Z", (false, Some("2026-11-24T07:00:00Z")));
        check_open(USUAL, "SH", "2026-11-24T07:00:00Z", (true, Some("2026-11-24T17:00:00Z")));
        check_open(USUAL, "SH", "2026-11-24T16:59:59Z", (true, Some("2026-11-24T17:00:00Z")));
        check_open(USUAL, "SH", "2026-11-24T17:00:00Z", (false, Some("2026-11-25T07:00:00Z")));
        // Over the weekend.
        check_open(USUAL, "SH", "2026-11-27T18:00:00Z", (false, Some("2026-11-30T07:00:00Z")));
        // Over Christmas 2026, a Friday and a Saturday.
        check_open(USUAL, "SH", "2026-12-24T18:00:00Z", (false, Some("2026-12-28T07:00:00Z")));
        // Always, and never.
        check_open("24/7", "SH", "2026-11-24T03:00:00Z", (true, None));
        check_open("24/7 off", "SH", "2026-11-24T03:00:00Z", (false, None));
        check_open("24/7; PH off", "SH", "2026-12-24T12:00:00Z", (true, Some("2026-12-24T23:00:00Z")));
        check_open("24/7; PH off", "SH", "2026-12-25T12:00:00Z", (false, Some("2026-12-26T23:00:00Z")));
        // A later rule stands for its days alone; one after a comma is added.
        check_open(
            "Mo-Fr 08:00-12:00; Th 14:00-18:00",
            "SH",
            "2026-11-26T09:00:00Z",
            (false, Some("2026-11-26T13:00:00Z")),
        );
        check_open(
            "Mo-Fr 08:00-12:00, Th 14:00-18:00",
            "SH",
            "2026-11-26T09:00:00Z",
            (true, Some("2026-11-26T11:00:00Z")),
        );
        check_open(
            "Mo-Fr 08:00-12:00, Th 14:00-18:00",
            "SH",
            "2026-11-26T12:00:00Z",
            (false, Some("2026-11-26T13:00:00Z")),
        );
        // Past midnight.
        check_open("Mo-Su 22:00-02:00", "SH", "2026-11-24T23:30:00Z", (true, Some("2026-11-25T01:00:00Z")));
        // A comment is no change.
        check_open(
            "Mo-Fr 08:00-12:00, Mo-Fr 12:00-18:00 \"nur Telefon\"",
            "SH",
            "2026-11-24T08:00:00Z",
            (true, Some("2026-11-24T17:00:00Z")),
        );
        // Open only on holidays.
        check_open("PH 10:00-12:00", "SH", "2026-11-24T08:00:00Z", (false, Some("2026-12-25T09:00:00Z")));
    }

    #[test]
    fn leaves_open_what_the_hours_leave_open() {
        let hours = Hours::parse("Mo-Fr 08:00-12:00; Sa 08:00-12:00 unknown").unwrap();
        assert_eq!(hours.open("SH".parse().unwrap(), at("2026-11-28T08:00:00Z")), None);
        assert!(hours.open("SH".parse().unwrap(), at("2026-11-27T08:00:00Z")).is_some_and(|found| found.is_open));
    }

    #[test]
    fn holds_when_the_clocks_change() {
        // Summer time begins on Sunday, 29 March 2026: 8 o'clock on Monday comes an hour earlier than on Friday.
        check_open(USUAL, "SH", "2026-03-27T18:00:00Z", (false, Some("2026-03-30T06:00:00Z")));
        check_open(USUAL, "SH", "2026-03-30T06:00:00Z", (true, Some("2026-03-30T16:00:00Z")));
        // And ends on Sunday, 25 October 2026.
        check_open(USUAL, "SH", "2026-10-23T17:00:00Z", (false, Some("2026-10-26T07:00:00Z")));
        check_open(USUAL, "SH", "2026-10-26T06:30:00Z", (false, Some("2026-10-26T07:00:00Z")));
        // Half past two does not exist that night: they open where the clock jumps to three.
        check_open("Su 02:30-06:00", "SH", "2026-03-29T00:30:00Z", (false, Some("2026-03-29T01:00:00Z")));
        check_open("Su 02:30-06:00", "SH", "2026-03-29T01:00:00Z", (true, Some("2026-03-29T04:00:00Z")));
        // Half past two comes twice: the first time, and once that has passed the second.
        check_open("Su 02:30-06:00", "SH", "2026-10-25T00:10:00Z", (false, Some("2026-10-25T00:30:00Z")));
        check_open("Su 02:30-06:00", "SH", "2026-10-25T01:10:00Z", (false, Some("2026-10-25T01:30:00Z")));
        check_open("24/7", "SH", "2026-10-25T01:10:00Z", (true, None));
    }

    #[test]
    fn a_change_is_always_ahead() {
        for hours in [USUAL, "Su 02:30-06:00", "Mo-Su 22:00-02:30", "Mo-Fr 08:00-12:00, Th 14:00-18:00", "24/7; PH off"]
        {
            let hours = Hours::parse(hours).unwrap();
            for (day, minutes) in [("2026-03-28T12:00:00Z", 2900), ("2026-10-24T12:00:00Z", 2900)] {
                for minute in (0..minutes).step_by(7) {
                    let now = at(day).plus(TimeDelta::minutes(minute));
                    let found = hours.open("BY".parse().unwrap(), now).unwrap();
                    assert!(found.changes_at.is_none_or(|change| change > now), "{hours:?} at {now}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn closes_on_the_holidays_of_the_land_alone() {
        // Reformationstag 2025 was a Friday.
        for (land, is_open) in [("SH", false), ("HH", false), ("BY", true), ("NW", true), ("BE", true), ("TH", false)] {
            let found = Hours::parse(USUAL).unwrap().open(land.parse().unwrap(), at("2025-10-31T10:00:00Z")).unwrap();
            assert_eq!(found.is_open, is_open, "{land}");
        }
    }
}
