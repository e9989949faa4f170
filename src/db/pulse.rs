//! When each loop of this process last came round, and how its ways out fare: what tells a process that works from one
//! that only runs.
//!
//! Invariant: a loop beats after a round that succeeded, never before; so one that hangs, has broken down or cannot reach
//! the database falls silent. Nothing here is stored; `operations/instance.rs` does that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// How a way out fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Way {
    /// When the other side last took something.
    pub last_success: Option<Timestamp>,
    /// When it last did not, for a reason of the way and not of the message.
    pub last_failure: Option<Timestamp>,
    /// Since when nothing has gone through; nothing after a success.
    pub failing_since: Option<Timestamp>,
}

/// The loops and ways of one process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    loops: BTreeMap<&'static str, Instant>,
    ways: BTreeMap<String, Way>,
}

impl Pulse {
    /// A loop has done its round.
    pub fn beat(&self, name: &'static str) {
        self.inner().loops.insert(name, Instant::now());
    }

    /// How long ago each loop did its last round.
    pub fn loops(&self) -> Vec<(&'static str, Duration)> {
        self.inner().loops.iter().map(|(name, at)| (*name, at.elapsed())).collect()
    }

    /// Something was tried on a way out.
    pub fn tried(&self, way: &str, has_gone: bool, now: Timestamp) {
        let mut inner = self.inner();
        let way = inner.ways.entry(way.to_owned()).or_default();
        if has_gone {
            (way.last_success, way.failing_since) = (Some(now), None);
        } else {
            way.last_failure = Some(now);
            way.failing_since.get_or_insert(now);
        }
    }

    /// How each way out fares that was tried.
    pub fn ways(&self) -> BTreeMap<String, Way> {
        self.inner().ways.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_fails_from_its_first_failure_to_its_next_success() {
        let at = |minute: i64| Timestamp::new(chrono::DateTime::from_timestamp(minute * 60, 0).unwrap());
        let pulse = Pulse::default();
        let way = || pulse.ways()["email"].clone();
        pulse.tried("email", true, at(1));
        pulse.tried("email", false, at(2));
        pulse.tried("email", false, at(3));
        let failing = Way { last_success: Some(at(1)), last_failure: Some(at(3)), failing_since: Some(at(2)) };
        assert_eq!(way(), failing);
        pulse.tried("email", true, at(4));
        assert_eq!(way(), Way { last_success: Some(at(4)), failing_since: None, ..failing });
    }
}
