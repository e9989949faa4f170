//! Whose turn it is to be told, and of what.
//!
//! Pure. A recipient rests between two mails, the longer the more there were in the last hour; what gathers comes at its
//! full hour or its time of day; what is urgent waits for the shortest rest alone. What was chosen is
//! `directory/rhythm.rs`.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::directory::Rhythm;

/// The span that a limit counts in.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// How many mails somebody gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The shortest rest between two.
    pub interval: TimeDelta,
    /// The most in an hour; 0 is no limit.
    pub per_hour: u32,
}

/// What waits for somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// Since when, at the longest.
    pub since: Timestamp,
    /// Whether some of it is urgent.
    pub is_urgent: bool,
}

/// When somebody was told before.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// The last time.
    pub last: Option<Timestamp>,
    /// Every time of the last hour, and maybe older ones; without the mails of what is urgent alone, which use up
    /// nothing of the limit.
    pub recent: Vec<Timestamp>,
}

/// How much of what waits is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// All of it.
    Everything,
    /// What is urgent; the rest waits for its time.
    Urgent,
}

/// Whether it is somebody's turn now.
pub(super) fn turn(rhythm: Rhythm, waiting: Waiting, told: &Told, limits: Limits, now: Timestamp) -> Option<Turn> {
    if !has_rested(told, limits.interval, now) {
        return None;
    }
    let gathered = rhythm.latest(now).is_none_or(|moment| waiting.since < moment);
    if gathered && is_spread(told, limits, now) && !is_used_up(told, limits, now) {
        return Some(Turn::Everything);
    }
    waiting.is_urgent.then_some(Turn::Urgent)
}

/// The mails of the last hour that count, this one included, as they are kept.
pub(super) fn after(told: &Told, turn: Turn, now: Timestamp) -> Vec<Timestamp> {
    of_the_hour(told, now).chain((turn == Turn::Everything).then_some(now)).collect()
}

/// A clock that was set back must not silence anybody: a time in the future counts as long ago.
fn of_the_hour(told: &Told, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    told.recent.iter().copied().filter(move |at| *at > now.minus(HOUR) && *at <= now)
}

fn has_rested(told: &Told, rest: TimeDelta, now: Timestamp) -> bool {
    told.last.is_none_or(|last| last <= now.minus(rest) || last > now)
}

/// Half of an hour's mails may follow each other closely; the other half is spread over it, so that nobody hears
/// everything in the first minutes and nothing in the rest.
fn is_spread(told: &Told, limits: Limits, now: Timestamp) -> bool {
    let quick = limits.per_hour / 2;
    let spread = i32::try_from(limits.per_hour - quick).unwrap_or(i32::MAX);
    let is_busy = of_the_hour(told, now).count() >= quick as usize;
    let last = of_the_hour(told, now).max();
    limits.per_hour == 0 || !is_busy || last.is_none_or(|last| last <= now.minus(HOUR / spread))
}

fn is_used_up(told: &Told, limits: Limits, now: Timestamp) -> bool {
    limits.per_hour > 0 && of_the_hour(told, now).count() >= limits.per_hour as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { interval: TimeDelta::minutes(1), per_hour: 4 };

    fn at(time: &str) -> Timestamp {
        serde_json::from_value(format!("2026-11-28T{time}Z").into()).unwrap()
    }

    fn told(times: &[&str]) -> Told {
        let recent: Vec<Timestamp> = times.iter().map(|time| at(time)).collect();
        Told { last: recent.last().copied(), recent }
    }

    #[test]
    fn whose_turn_it_is() {
        let check = |rhythm: &str, since: &str, urgent: bool, before: &[&str], now: &str, expected: Option<Turn>| {
            let waiting = Waiting { since: at(since), is_urgent: urgent };
            let found = turn(rhythm.parse().unwrap(), waiting, &told(before), LIMITS, at(now));
            assert_eq!(found, expected, "{rhythm}, since {since}, urgent {urgent}, after {before:?}, at {now}");
        };
        let (all, urgent) = (Some(Turn::Everything), Some(Turn::Urgent));
        check("at_once", "10:00:00", false, &[], "10:00:00", all);
        check("at_once", "10:00:30", false, &["10:00:00"], "10:00:59", None);
        check("at_once", "10:00:30", true, &["10:00:00"], "10:00:59", None);
        check("at_once", "10:00:30", false, &["10:00:00"], "10:01:00", all);
        // Half of the four come closely, the others half an hour apart; what is urgent waits for the minute alone.
        check("at_once", "10:01:30", false, &["10:00:00", "10:01:00"], "10:02:00", None);
        check("at_once", "10:01:30", true, &["10:00:00", "10:01:00"], "10:02:00", urgent);
        check("at_once", "10:01:30", false, &["10:00:00", "10:01:00"], "10:31:00", all);
        check("at_once", "10:40:00", false, &["10:01:00", "10:02:00", "10:03:00", "10:04:00"], "10:59:00", None);
        check("at_once", "10:40:00", false, &["09:40:00", "10:01:00"], "10:41:00", all);
        // Hourly: what came before the full hour.
        check("hourly", "10:10:00", false, &[], "10:59:59", None);
        check("hourly", "10:10:00", false, &[], "11:00:00", all);
        check("hourly", "11:00:00", false, &[], "11:00:00", None);
        check("hourly", "10:10:00", true, &[], "10:10:00", urgent);
        // Daily at 07:30 in Berlin, which is 06:30 here.
        check("daily 07:30", "06:29:59", false, &[], "06:30:00", all);
        check("daily 07:30", "06:30:00", false, &[], "23:59:59", None);
        check("daily 07:30", "09:00:00", true, &[], "09:00:00", urgent);
        // A clock that was set back: the mail of the future counts as long ago.
        check("at_once", "10:00:00", false, &["12:00:00"], "10:00:00", all);
    }

    #[test]
    fn an_hour_never_has_more_than_its_limit() {
        let (mut now, mut mails) = (at("10:00:00"), Told::default());
        let mut all = Vec::new();
        for _ in 0..5 * 60 * 12 {
            let waiting = Waiting { since: now, is_urgent: false };
            if turn(Rhythm::AtOnce, waiting, &mails, LIMITS, now).is_some() {
                mails = Told { last: Some(now), recent: after(&mails, Turn::Everything, now) };
                all.push(now);
            }
            now = now.plus(TimeDelta::seconds(5));
        }
        let in_hour = |at: &Timestamp| all.iter().filter(|other| **other <= *at && **other > at.minus(HOUR)).count();
        assert!(all.iter().all(|at| in_hour(at) <= 4), "{all:?}");
        assert!((10..=16).contains(&all.len()), "told evenly over five hours: {}", all.len());
        assert!(mails.recent.len() <= 4, "no more is kept than the hour");
    }

    #[test]
    fn what_is_urgent_uses_up_nothing_of_the_limit() {
        let mut mails = Told::default();
        for minute in 0..30 {
            let now = at(&format!("10:{minute:02}:00"));
            mails = Told { last: Some(now), recent: after(&mails, Turn::Urgent, now) };
        }
        let waiting = Waiting { since: at("10:20:00"), is_urgent: false };
        assert_eq!(turn(Rhythm::AtOnce, waiting, &mails, LIMITS, at("10:29:30")), None, "the shortest rest");
        assert_eq!(turn(Rhythm::AtOnce, waiting, &mails, LIMITS, at("10:30:00")), Some(Turn::Everything));
        mails.recent = after(&mails, Turn::Everything, at("10:30:00"));
        assert_eq!(mails.recent, [at("10:30:00")]);
    }

    #[test]
    fn without_a_limit_only_the_interval_counts() {
        let limits = Limits { per_hour: 0, ..LIMITS };
        let told = told(&["10:00:00", "10:01:00", "10:02:00", "10:03:00", "10:04:00"]);
        let waiting = Waiting { since: at("10:04:30"), is_urgent: false };
        assert_eq!(turn(Rhythm::AtOnce, waiting, &told, limits, at("10:05:00")), Some(Turn::Everything));
    }
}
