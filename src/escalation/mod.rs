//! Handing a request to the 2nd level, step by step along its chain, until somebody answers.
//!
//! Invariant: an escalation and its first messages are stored in one transaction; only a person's or their
//! system's word stops the chain, never the success of a delivery; when its last open escalation ends, the ticket
//! goes back to its central contact, who is told. Whoever the chain has reached may answer. What ends a ticket
//! (`decide.rs`) withdraws its escalations and tells the other side.
//!
//! Where next: `escalate.rs` (start and next step), `respond.rs` (the other side's word), `ask.rs` (their questions),
//! `hand_on.rs` (somebody else's turn), `callback.rs` (their systems' word), `timing.rs` (until when), `sweep/`
//! (deadlines, reminders and what deliveries told), `other_way.rs`, `decide.rs` (answer, reject, close, merge),
//! `worklist.rs` (the list of work), `bulk.rs` (many at once), `ended.rs` (whole lives), `escalation.rs`, `chain.rs`,
//! `message.rs` (the pure part).

pub mod ask;
pub mod browse;
pub mod bulk;
pub mod callback;
pub mod chain;
pub mod chronicle;
pub mod comment;
pub mod deadlines;
pub mod decide;
pub mod emergency;
pub mod ended;
pub mod escalate;
#[allow(clippy::module_inception)]
pub mod escalation;
pub mod forecast;
pub mod hand_on;
pub mod link;
pub mod matter;
pub mod message;
pub mod other_way;
pub mod own_request;
pub mod personal_data;
pub mod preview;
pub mod respond;
mod step;
mod store;
pub mod sweep;
pub mod timing;
pub mod worklist;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::tickets::Desk;
use crate::tickets::deadline::ByPriority;

pub use escalation::{Escalation, EscalationStatus, EscalationStep};

/// What escalations need to know of this installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long each step of a chain has to acknowledge.
    pub acknowledge: ByPriority,
    /// How long whoever took it has to answer.
    pub answer: ByPriority,
    /// How long each step of an emergency's chain has, by the clock.
    pub emergency_within: TimeDelta,
    /// How often everybody asked in an emergency is told again.
    pub emergency_repeat: TimeDelta,
    /// How many times at most.
    pub emergency_repeats: i32,
    /// How long the signed link of a mail is good for at most.
    pub link_valid_for: TimeDelta,
    /// The mailbox of replies, such as `antwort@lotse.example.org`; each escalation has its own address in it.
    pub reply_address: String,
}

/// Where escalations are worked on. Cheap to clone.
#[derive(Clone)]
pub struct Escalations(Arc<(Desk, Settings)>);

impl Escalations {
    /// Beside the desk of the tickets.
    pub fn new(desk: Desk, settings: Settings) -> Self {
        Self(Arc::new((desk, settings)))
    }

    /// The desk of the tickets.
    pub fn desk(&self) -> &Desk {
        &self.0.0
    }

    /// This installation.
    pub fn settings(&self) -> &Settings {
        &self.0.1
    }
}
