//! How long somebody waits after so many failures. Pure.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// How a counter slows down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// So many failures cost nothing.
    free: i32,
    /// One failure is forgiven each time this has passed.
    forgives_every: TimeDelta,
}

/// An account from one network.
pub(super) const PAIR: Pace = Pace { free: 5, forgives_every: TimeDelta::minutes(10) };

/// A network: perhaps one person, perhaps a whole town hall behind one address, whose slips are soon forgiven.
pub(super) const NETWORK: Pace = Pace { free: 8, forgives_every: TimeDelta::seconds(30) };

/// An account from everywhere.
pub(super) const ACCOUNT: Pace = Pace { free: 40, forgives_every: TimeDelta::minutes(5) };

/// Mails to one person, whoever asks for them.
pub(super) const MAILS: Pace = Pace { free: 8, forgives_every: TimeDelta::minutes(15) };

impl Pace {
    /// How many of the failures still count.
    pub fn left(self, failures: i32, last_at: Timestamp, now: Timestamp) -> i32 {
        let forgiven = now.since(last_at).num_seconds().max(0) / self.forgives_every.num_seconds().max(1);
        failures.saturating_sub(i32::try_from(forgiven).unwrap_or(i32::MAX)).max(0)
    }

    /// How long to wait after so many: 1 s, 2 s, 4 s … up to the longest.
    pub fn wait(self, failures: i32) -> Option<TimeDelta> {
        let over = failures.checked_sub(self.free).filter(|over| *over > 0)?;
        let seconds = 1i64.checked_shl(u32::try_from(over - 1).ok()?.min(32)).unwrap_or(i64::MAX);
        Some(TimeDelta::seconds(seconds.min(LONGEST.num_seconds())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (0..20).map(|n| PAIR.wait(n).map_or(0, |wait| wait.num_seconds())).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
        assert_eq!(PAIR.wait(i32::MAX), Some(LONGEST));
        assert!(NETWORK.wait(9).is_some() && NETWORK.wait(8).is_none());
    }

    #[test]
    fn time_forgives() {
        let start = Timestamp::new("2026-11-24T10:00:00Z".parse().unwrap());
        for (failures, minutes, left) in [(7, 0, 7), (7, 9, 7), (7, 10, 6), (7, 69, 1), (7, 70, 0), (7, 10_000, 0)] {
            assert_eq!(PAIR.left(failures, start, start.plus(TimeDelta::minutes(minutes))), left, "{minutes}");
        }
        assert_eq!(PAIR.left(3, start, start.minus(TimeDelta::hours(1))), 3, "a clock that went back forgives nothing");
    }
}
