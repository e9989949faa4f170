//! Whether an emergency contact is reached at night and on weekends.
//!
//! A contact without hours of its own is reached during service hours. Looked at are the hours of the coming week that
//! lie outside those; a week with a public holiday is judged by that holiday.

use std::cell::RefCell;
use std::collections::HashMap;

use chrono::{Datelike, Days, NaiveDate, TimeZone, Weekday};
use chrono_tz::Europe::Berlin;

use crate::clock::Timestamp;
use crate::directory::hours::Hours;
use crate::keys::LandCode;

/// The hours that are looked at on every day, and those besides on weekends.
const NIGHT: [u32; 5] = [0, 3, 6, 20, 23];
const WEEKEND: [u32; 3] = [9, 13, 17];

/// When hours cover the nights of this week; each way of writing them is worked out once for each Land.
pub(super) struct Nights {
    probes: Vec<Timestamp>,
    worked_out: RefCell<HashMap<(String, LandCode), Vec<bool>>>,
}

impl Nights {
    /// Of the week that begins today.
    pub fn from(today: NaiveDate) -> Self {
        let days = (0..7).filter_map(|n| today.checked_add_days(Days::new(n)));
        let probes = days.flat_map(|day| {
            let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            let hours = NIGHT.iter().chain(WEEKEND.iter().filter(move |_| is_weekend));
            hours.filter_map(move |hour| {
                let wall = day.and_hms_opt(*hour, 0, 0)?;
                // An hour that is left out when the clocks change needs nobody.
                Berlin.from_local_datetime(&wall).earliest().map(|at| Timestamp::new(at.to_utc()))
            })
        });
        Self { probes: probes.collect(), worked_out: RefCell::default() }
    }

    /// True where at each of them somebody is reached.
    pub fn are_covered(&self, hours: &[Option<&str>], land: LandCode) -> bool {
        let mut covered = vec![false; self.probes.len()];
        for hours in hours.iter().flatten() {
            for (all, one) in covered.iter_mut().zip(self.of(hours, land)) {
                *all |= one;
            }
        }
        covered.into_iter().all(|covered| covered)
    }

    fn of(&self, hours: &str, land: LandCode) -> Vec<bool> {
        let key = (hours.to_owned(), land);
        if let Some(known) = self.worked_out.borrow().get(&key) {
            return known.clone();
        }
        let parsed = Hours::parse(hours).ok();
        let is_there =
            |at: &Timestamp| parsed.as_ref().and_then(|hours| hours.open(land, *at)).is_some_and(|o| o.is_open);
        let found: Vec<bool> = self.probes.iter().map(is_there).collect();
        self.worked_out.borrow_mut().insert(key, found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hours: &[Option<&str>], expected: bool) {
        // A week without a public holiday.
        let nights = Nights::from("2026-11-23".parse().unwrap());
        assert_eq!(nights.are_covered(hours, "SH".parse().unwrap()), expected, "{hours:?}");
    }

    #[test]
    fn nights_and_weekends_are_told_from_service_hours() {
        check(&[Some("24/7")], true);
        check(&[None], false);
        check(&[Some("Mo-Fr 08:00-18:00")], false);
        check(&[Some("Mo-Su 18:00-08:00")], false);
        check(&[Some("Mo-Su 18:00-08:00, Sa,Su 08:00-18:00")], true);
        // The night to Monday belongs to Sunday.
        check(&[Some("Mo-Fr 18:00-08:00; Sa,Su 00:00-24:00")], false);
        check(&[Some("Mo-Su 18:00-08:00"), Some("Sa,Su 08:00-18:00")], true);
        check(&[None, Some("24/7")], true);
        check(&[Some("Mo-Fr 00:00-24:00")], false);
    }
}
