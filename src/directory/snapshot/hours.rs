//! The service hours of a snapshot: each distinct text read once, its words made once, and whether somebody is there
//! worked out once for each Land and kept until it can change.
//!
//! Invariant: a number means the same hours in this snapshot and every later one. What is kept is used only between the
//! minute it was worked out for and the minute until which it is sure to hold, so a clock that is set back or forth never
//! meets a stale answer. One number holds all of it, so that readers need no lock.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta};

use crate::clock::Timestamp;
use crate::directory::HelpLanguage;
use crate::directory::hours::{ClosedYearly, Hours, Open, ServiceHours, Week, in_words, meant, meant_for_all};
use crate::keys::{LANDS, LandCode};

/// When 115 answers; the first entry of every table.
pub(super) const HOURS_115: &str = "Mo-Fr 08:00-18:00; PH off";
/// Minutes are counted from 1 January 2020.
const EPOCH: i64 = 1_577_836_800;
const MINUTE_BITS: u32 = 27;
const LENGTH_BITS: u32 = 6;

/// Every distinct service hours of the directory.
#[derive(Debug)]
pub(super) struct HoursTable {
    entries: Vec<Arc<Entry>>,
    /// Closed every year.
    yearly: Arc<[ClosedYearly]>,
}

/// Fills a table.
pub(super) struct HoursTableBuilder {
    known: HashMap<Box<str>, u32>,
    entries: Vec<Arc<Entry>>,
    yearly: Arc<[ClosedYearly]>,
}

#[derive(Debug)]
struct Entry {
    raw: Box<str>,
    hours: Option<Hours>,
    service: Option<ServiceHours>,
    week: Option<Week>,
    words: [Box<str>; 3],
    now: [AtomicU64; LANDS.len()],
}

impl Default for HoursTable {
    fn default() -> Self {
        HoursTableBuilder::new(Arc::default()).finish()
    }
}

impl HoursTableBuilder {
    /// A table with the hours of 115 alone; nobody is there on these days of every year.
    pub(super) fn new(yearly: Arc<[ClosedYearly]>) -> Self {
        let mut new = Self { known: HashMap::new(), entries: Vec::new(), yearly };
        new.number(HOURS_115);
        new
    }

    /// The table of before, to be filled further: numbers stay. Hours that nobody has any more stay with them, which
    /// costs little: of distinct hours there are few.
    pub(super) fn further(before: &HoursTable) -> Self {
        let known = (0..).zip(&before.entries).map(|(number, entry)| (entry.raw.clone(), number)).collect();
        Self { known, entries: before.entries.clone(), yearly: before.yearly.clone() }
    }

    /// The number of these hours.
    pub(super) fn number(&mut self, raw: &str) -> u32 {
        if let Some(number) = self.known.get(raw) {
            return *number;
        }
        let number = u32::try_from(self.entries.len()).unwrap_or(0);
        self.known.insert(raw.into(), number);
        let languages = [HelpLanguage::German, HelpLanguage::Easy, HelpLanguage::English];
        self.entries.push(Arc::new(Entry {
            raw: raw.into(),
            hours: Hours::closed_on(&meant_for_all(raw, &self.yearly), &[]).ok(),
            service: ServiceHours::parse(raw).ok(),
            week: Week::of(&meant(raw)),
            words: languages.map(|language| in_words(raw, language).into()),
            now: Default::default(),
        }));
        number
    }

    /// The table.
    pub(super) fn finish(self) -> HoursTable {
        HoursTable { entries: self.entries, yearly: self.yearly }
    }
}

impl HoursTable {
    /// As they were written.
    pub(super) fn raw(&self, number: u32) -> &str {
        self.entries.get(number as usize).map_or("", |entry| &entry.raw)
    }

    /// As deadlines count them.
    pub(super) fn service(&self, number: u32) -> Option<ServiceHours> {
        self.entries.get(number as usize)?.service.clone()
    }

    /// As a usual week, where they are of that kind.
    pub(super) fn week(&self, number: u32) -> Option<&Week> {
        self.entries.get(number as usize)?.week.as_ref()
    }

    /// In words.
    pub(super) fn words(&self, number: u32, language: HelpLanguage) -> &str {
        let words = self.entries.get(number as usize).and_then(|entry| entry.words.get(language as usize));
        words.map_or("", |words| words)
    }

    /// Whether somebody is there now, in this Land, where these days are closed too.
    pub(super) fn open_but_on(&self, number: u32, land: LandCode, now: Timestamp, days: &[NaiveDate]) -> Option<Open> {
        Hours::closed_on(&meant_for_all(self.raw(number), &self.yearly), days).ok()?.open(land, now)
    }

    /// Whether somebody is there now, in this Land.
    pub(super) fn open(&self, number: u32, land: LandCode, now: Timestamp) -> Option<Open> {
        let entry = self.entries.get(number as usize)?;
        let kept = entry.now.get(land_number(land)?)?;
        let minute = minute(now)?;
        if let Some(found) = unpack(kept.load(Ordering::Relaxed), minute) {
            return found;
        }
        let found = entry.hours.as_ref()?.open(land, now);
        if let Some(packed) = pack(found, minute) {
            kept.store(packed, Ordering::Relaxed);
        }
        found
    }
}

fn land_number(land: LandCode) -> Option<usize> {
    LANDS.iter().position(|(code, ..)| *code == land.as_str())
}

fn minute(time: Timestamp) -> Option<u64> {
    u64::try_from((time.utc().timestamp() - EPOCH).div_euclid(60)).ok().filter(|minute| *minute < 1 << MINUTE_BITS)
}

/// State, minute it was worked out for, minutes it holds, minute of the change. It holds until the change, and never
/// past a full hour, when the clocks may change.
fn pack(found: Option<Open>, now: u64) -> Option<u64> {
    let state = match found {
        None => 1,
        Some(Open { is_open: false, .. }) => 2,
        Some(Open { is_open: true, .. }) => 3,
    };
    let change = match found.and_then(|found| found.changes_at) {
        // Whatever does not change at a full minute is not kept.
        Some(change) if change.utc().timestamp() % 60 != 0 => return None,
        Some(change) => minute(change)?,
        None => 0,
    };
    let hour = 60 - now % 60;
    let length = if change == 0 { hour } else { hour.min(change.checked_sub(now)?) };
    Some(state << (2 * MINUTE_BITS + LENGTH_BITS) | now << (MINUTE_BITS + LENGTH_BITS) | length << MINUTE_BITS | change)
}

/// What was kept, if it holds at this minute.
fn unpack(packed: u64, now: u64) -> Option<Option<Open>> {
    let bits = |from: u32, count: u32| packed >> from & ((1 << count) - 1);
    let state = bits(2 * MINUTE_BITS + LENGTH_BITS, 2);
    let since = bits(MINUTE_BITS + LENGTH_BITS, MINUTE_BITS);
    if state == 0 || !(since..since + bits(MINUTE_BITS, LENGTH_BITS)).contains(&now) {
        return None;
    }
    let change = Some(bits(0, MINUTE_BITS)).filter(|change| *change > 0);
    let changes_at = change.and_then(|change| {
        let start = DateTime::from_timestamp(EPOCH, 0)?;
        Some(Timestamp::new(start + TimeDelta::minutes(i64::try_from(change).ok()?)))
    });
    Some((state > 1).then_some(Open { is_open: state == 3, changes_at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rfc: &str) -> Timestamp {
        Timestamp::new(rfc.parse::<DateTime<chrono::Utc>>().unwrap())
    }

    fn christmas() -> Arc<[ClosedYearly]> {
        [ClosedYearly { month: 12, day: 24 }, ClosedYearly { month: 12, day: 31 }].into()
    }

    /// What is kept says the same as what is worked out, forwards and backwards in time.
    #[test]
    fn keeps_nothing_that_has_changed() {
        let mut builder = HoursTableBuilder::new(christmas());
        let texts = [
            HOURS_115,
            "24/7",
            "Su 02:30-06:00",
            "Mo-Fr 08:15-12:20, Th 14:00-18:00",
            "24/7 off",
            "Mo 08:00-12:00 unknown",
        ];
        let numbers = texts.map(|text| builder.number(text));
        let table = builder.finish();
        let parsed = texts.map(|text| Hours::parse(&meant_for_all(text, &christmas())).unwrap());
        let land = "SH".parse().unwrap();
        for start in ["2026-10-24T20:00:00Z", "2026-03-28T20:00:00Z", "2026-12-23T05:00:30Z"] {
            let times = (0..100).map(|step| at(start).plus(TimeDelta::seconds(step * 997)));
            for now in times.clone().chain(times.rev()) {
                for ((text, hours), number) in texts.iter().zip(&parsed).zip(numbers) {
                    assert_eq!(table.open(number, land, now), hours.open(land, now), "{text} at {now}");
                }
            }
        }
    }

    /// Hours that say nothing of holidays are closed on those of the Land, and on 24 and 31 December.
    #[test]
    fn nobody_is_there_on_holidays_unless_the_hours_say_so() {
        #[track_caller]
        fn check(text: &str, land: &str, now: &str, is_open: bool, changes: Option<&str>) {
            let mut builder = HoursTableBuilder::new(christmas());
            let number = builder.number(text);
            let found = builder.finish().open(number, land.parse().unwrap(), at(now)).unwrap();
            assert_eq!((found.is_open, found.changes_at), (is_open, changes.map(at)), "{text} in {land} at {now}");
        }
        let usual = "Mo-Fr 08:00-16:00";
        // Reformationstag 2025 was a Friday: a holiday in Schleswig-Holstein, not in Bavaria.
        check(usual, "SH", "2025-10-31T10:00:00Z", false, Some("2025-11-03T07:00:00Z"));
        check(usual, "BY", "2025-10-31T10:00:00Z", true, Some("2025-10-31T15:00:00Z"));
        // Over Christmas 2026: Thursday to Saturday.
        check(usual, "SH", "2026-12-23T16:00:00Z", false, Some("2026-12-28T07:00:00Z"));
        check(usual, "SH", "2026-12-24T10:00:00Z", false, Some("2026-12-28T07:00:00Z"));
        check(HOURS_115, "SH", "2026-12-31T10:00:00Z", false, Some("2027-01-04T07:00:00Z"));
        check("Mo-Fr 08:00-16:00; PH 10:00-12:00", "SH", "2026-12-25T08:00:00Z", false, Some("2026-12-25T09:00:00Z"));
        check("24/7", "SH", "2026-12-24T10:00:00Z", true, None);
        check("24/7; PH off", "SH", "2026-12-24T10:00:00Z", false, Some("2026-12-26T23:00:00Z"));
        check(
            "Mo-Fr 08:00-12:00; Sa 10:00-11:00 \"nur Telefon\"",
            "SH",
            "2026-12-26T09:30:00Z",
            false,
            Some("2026-12-28T07:00:00Z"),
        );
    }

    #[test]
    fn each_text_is_kept_once_and_115_first() {
        let mut builder = HoursTableBuilder::new(christmas());
        assert_eq!((builder.number("24/7"), builder.number(HOURS_115), builder.number("24/7")), (1, 0, 1));
        let table = builder.finish();
        assert_eq!((table.raw(1), table.words(1, HelpLanguage::English)), ("24/7", "Around the clock"));
        assert_eq!(table.open(7, "SH".parse().unwrap(), at("2026-11-24T10:00:00Z")), None);
    }
}
