//! By when a step of a chain must be acknowledged.
//!
//! Pure. Plain hours for now, behind the one function that service hours of the contact's Land will replace.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// When the next contact is asked if nobody has acknowledged what went out at `start`.
pub fn acknowledge_by(start: Timestamp, within: TimeDelta) -> Timestamp {
    start.plus(within)
}
