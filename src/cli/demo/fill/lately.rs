//! Requests as a working day finds them: of the last two weeks, most of them done, some due next, a few late.
//!
//! Invariant: made of the seed and the present alone. Pure.

use chrono::{Datelike, Days, NaiveTime, TimeDelta, Weekday};
use rand::Rng;
use rand::rngs::StdRng;

use super::life::promised;
use super::plot::Fate;
use super::{Wanted, chance};
use crate::clock::Timestamp;

/// How many days they come in on, weekends among them.
const DAYS: u64 = 14;
/// From when on of each (UTC) …
const OPENS: TimeDelta = TimeDelta::hours(6);
/// … and how long.
const OPEN_FOR: TimeDelta = TimeDelta::hours(10);
/// So large a part of those that are due next is open.
const OPEN: f64 = 0.8;
/// Counted back from the newest, these are with those who run the service.
const ASKED: [usize; 3] = [1, 3, 5];
/// Of those whose promise is over, counted back from the latest, these are late …
const LATE: [usize; 3] = [1, 4, 8];
/// … these wait for the person, and all others have ended.
const WAITING: [usize; 2] = [12, 25];

/// When they come in, earliest first: on working days, while people work.
pub fn arrivals(wanted: &Wanted) -> Vec<Timestamp> {
    let mut chance = chance(wanted.seed, 0);
    let last = wanted.until.minus(TimeDelta::minutes(2));
    let today = wanted.until.utc().date_naive();
    let days = (0..DAYS).rev().filter_map(|back| today.checked_sub_days(Days::new(back)));
    let working = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    // Of today only what has passed.
    let open = working.map(|day| {
        let opens = Timestamp::new(day.and_time(NaiveTime::MIN).and_utc()).plus(OPENS);
        (opens, opens.plus(OPEN_FOR).min(last).since(opens).num_milliseconds().max(0))
    });
    let open: Vec<(Timestamp, i64)> = open.collect();
    let passed: i64 = open.iter().map(|(_, length)| length).sum();
    let count = wanted.tickets.max(1) as f64;
    let arrival = |index: usize| {
        let mut left = ((index as f64 + chance.random::<f64>()) / count * passed as f64) as i64;
        let day = open.iter().find(|(_, length)| {
            let is_there = left < *length;
            left -= if is_there { 0 } else { *length };
            is_there
        });
        day.map_or(last, |(opens, _)| opens.plus(TimeDelta::milliseconds(left)))
    };
    (0..wanted.tickets).map(arrival).collect()
}

/// How far the one in this place has come.
pub fn fate(chance: &mut StdRng, arrivals: &[Timestamp], index: usize, until: Timestamp) -> Fate {
    if promised(arrivals[index]) > until {
        if ASKED.contains(&(arrivals.len() - 1 - index)) {
            return Fate::Asked;
        }
        return if chance.random_bool(OPEN) { Fate::Open } else { Fate::Ended };
    }
    let later = arrivals[index + 1..].iter().filter(|at| promised(**at) <= until).count();
    match later {
        _ if LATE.contains(&later) => Fate::Late,
        _ if WAITING.contains(&later) => Fate::Waiting,
        _ => Fate::Ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::fill::Span;

    /// Made up at this time.
    #[track_caller]
    fn check(until: &str) {
        let until = Timestamp::new(until.parse().unwrap());
        let wanted = Wanted { tickets: 200, span: Span::Weeks, seed: 1, until, known: Vec::new() };
        let arrivals = arrivals(&wanted);
        assert!(arrivals.len() == 200 && arrivals.is_sorted() && arrivals[199] < until);
        assert!(arrivals[0] > until.minus(TimeDelta::days(14)));
        assert!(arrivals.iter().all(|at| !matches!(at.utc().weekday(), Weekday::Sat | Weekday::Sun)));
        let fates = (0..200).map(|index| fate(&mut chance(1, index as u64 + 1), &arrivals, index, until));
        let fates: Vec<Fate> = fates.collect();
        let count = |wanted: Fate| fates.iter().filter(|fate| **fate == wanted).count();
        assert_eq!((count(Fate::Late), count(Fate::Waiting), count(Fate::Asked)), (3, 2, 3), "{until}");
        assert!((8..30).contains(&count(Fate::Open)), "{until}: {fates:?}");
    }

    #[test]
    fn few_are_late_whenever_it_begins() {
        for until in ["2026-11-24T08:30:00Z", "2026-11-23T04:00:00Z", "2026-11-27T19:00:00Z", "2026-11-28T12:00:00Z"] {
            check(until);
        }
    }
}
