//! How this installation fares, for those who run it: what waits, what failed, who works, and what needs somebody now.
//!
//! Invariant: nothing here names a person or says what they wrote: of a recipient the domain is shown, of a message its
//! kind. It is of the whole, so only a right that reaches everywhere sees or does anything. Nothing is counted that grows
//! with the requests of years.
//!
//! Where next: `overview.rs` (all of it at once), `concern.rs` (what needs somebody; pure), `instance.rs` (who works),
//! `undelivered.rs` (what was given up, and sending it again), `troubled.rs` (addresses that fail), `feedback.rs` (barriers
//! that people report), `months.rs` (requests by month), `traces.rs` (escalations for OpenTelemetry), `licences.rs`.

pub mod concern;
pub mod feedback;
pub mod instance;
pub mod licences;
pub mod months;
pub mod overview;
mod store;
pub mod traces;
pub mod troubled;
pub mod undelivered;

use std::sync::Arc;

use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::directory::Confirmations;
use crate::error::AppError;
use crate::escalation::Escalations;
use crate::ids::RowId;
use crate::tickets::Desk;

pub use concern::{Concern, ConcernKind};
pub use overview::Overview;

/// What the operations need to know of this installation.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Pages that the operator has to fill in and has not, such as `imprint`.
    pub pages_missing: Vec<&'static str>,
}

/// This installation as those see it who run it. Cheap to clone.
#[derive(Clone)]
pub struct Operations(Arc<Inner>);

struct Inner {
    escalations: Escalations,
    confirmations: Confirmations,
    settings: Settings,
    instance: RowId,
    name: String,
    started_at: Timestamp,
}

impl Operations {
    /// Over what is wired already; `name` is what this instance is called.
    pub fn new(escalations: Escalations, confirmations: Confirmations, settings: Settings, name: String) -> Self {
        let started_at = escalations.desk().clock.now();
        Self(Arc::new(Inner { escalations, confirmations, settings, instance: RowId::new(), name, started_at }))
    }

    fn desk(&self) -> &Desk {
        self.0.escalations.desk()
    }
}

/// Refuses whoever has not this right everywhere.
fn everywhere(caller: &Caller, action: Action) -> Result<(), AppError> {
    caller.may(action)?;
    if caller.reach(action).is_everything() {
        return Ok(());
    }
    Err(AppError::Forbidden("the installation belongs to no region; it takes a right that reaches everywhere".into()))
}
