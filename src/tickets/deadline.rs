//! By when the person is answered, and when the central contact is reminded of it.
//!
//! Pure. The promise of 115 is 24 hours inside service times: the same clock time on the next service day. What is
//! urgent (P1) counts by the clock. A deadline is reminded of when half and four fifths of its time have passed, and
//! told of when it is over; what was told once is not told again, and of several that have passed only the last is told.

use super::ticket::Priority;
use crate::clock::Timestamp;
use crate::directory::hours::{Reckoning, ServiceTime, part_way};

/// How deadlines of each priority are reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByPriority {
    /// By the clock, always.
    pub p1: Reckoning,
    /// Many are stuck.
    pub p2: Reckoning,
    /// One person is stuck.
    pub p3: Reckoning,
    /// A wish.
    pub p4: Reckoning,
}

impl ByPriority {
    /// For this priority.
    pub fn of(&self, priority: Priority) -> Reckoning {
        match priority {
            Priority::P1 => self.p1.by_the_clock(),
            Priority::P2 => self.p2,
            Priority::P3 => self.p3,
            Priority::P4 => self.p4,
        }
    }
}

/// What somebody is told of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Half of the time has passed.
    Half,
    /// Four fifths.
    FourFifths,
    /// All of it.
    Over,
}

impl Stage {
    /// How much of the time has passed.
    pub fn percent(self) -> i32 {
        match self {
            Self::Half => 50,
            Self::FourFifths => 80,
            Self::Over => 100,
        }
    }

    /// What is told after this many have been told.
    fn after(told: i32) -> Option<Self> {
        [Self::Half, Self::FourFifths, Self::Over].get(usize::try_from(told).ok()?).copied()
    }
}

/// When the next stage is told, counted from `from`: where counting begins, or where the stage before was due.
pub fn next_reminder(told: i32, from: Timestamp, due: Timestamp, time: Option<&ServiceTime>) -> Option<Timestamp> {
    Some(match Stage::after(told)? {
        Stage::Half => part_way(from, due, 50, time),
        // From half way on, three of the five tenths that are left.
        Stage::FourFifths => part_way(from, due, 60, time),
        Stage::Over => due,
    })
}

/// What is told now of a deadline whose next stage was due at `remind_at`, how many have been told then, and when the
/// next is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    /// What is told.
    pub stage: Stage,
    /// How many stages have been told with it.
    pub told: i32,
    /// When the next is due.
    pub next_at: Option<Timestamp>,
}

/// The last stage that has passed, if any has.
pub fn reminder(
    told: i32,
    remind_at: Timestamp,
    due: Timestamp,
    now: Timestamp,
    time: Option<&ServiceTime>,
) -> Option<Reminder> {
    let mut found = None;
    let mut next = Some((told, remind_at));
    while let Some((told, at)) = next.filter(|(_, at)| *at <= now) {
        let stage = Stage::after(told)?;
        let next_at = next_reminder(told + 1, at, due, time);
        found = Some(Reminder { stage, told: told + 1, next_at });
        next = next_at.map(|at| (told + 1, at));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::new("2026-11-24T00:00:00Z".parse().unwrap()).plus(TimeDelta::hours(hour))
    }

    #[test]
    fn each_stage_is_told_once_and_of_several_only_the_last() {
        let at = |told, remind_at, now| reminder(told, hour(remind_at), hour(10), hour(now), None);
        let told = |stage, told, next: Option<i64>| Some(Reminder { stage, told, next_at: next.map(hour) });
        assert_eq!(next_reminder(0, hour(0), hour(10), None), Some(hour(5)));
        assert_eq!(at(0, 5, 4), None);
        assert_eq!(at(0, 5, 5), told(Stage::Half, 1, Some(8)));
        assert_eq!(at(1, 8, 7), None);
        assert_eq!(at(1, 8, 8), told(Stage::FourFifths, 2, Some(10)));
        assert_eq!(at(2, 10, 10), told(Stage::Over, 3, None));
        // A clock that jumps forth: only the last is told.
        assert_eq!(at(0, 5, 9), told(Stage::FourFifths, 2, Some(10)));
        assert_eq!(at(0, 5, 99), told(Stage::Over, 3, None));
        // One that jumps back: nothing again.
        assert_eq!(at(2, 10, 0), None);
        assert_eq!(next_reminder(3, hour(10), hour(10), None), None);
    }
}
