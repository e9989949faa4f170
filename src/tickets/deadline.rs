//! By when the person is answered.
//!
//! Pure. The promise of 115 is 24 hours inside service times; this takes plain hours, behind the one function
//! that service hours and holidays of the Land will replace.

use chrono::TimeDelta;

use super::ticket::Priority;
use crate::clock::Timestamp;

/// When an answer is promised to a request handed in at `start`.
pub fn respond_by(start: Timestamp, priority: Priority) -> Timestamp {
    let hours = match priority {
        Priority::P1 => 4,
        Priority::P2 | Priority::P3 => 24,
        Priority::P4 => 72,
    };
    start.plus(TimeDelta::hours(hours))
}

/// The promise moved by the time the clock stood.
pub fn after_pause(respond_by: Timestamp, paused_at: Timestamp, now: Timestamp) -> Timestamp {
    respond_by.plus(now.since(paused_at).max(TimeDelta::zero()))
}
