//! What delivery learned and somebody else has to act on: the only way back from sending to deciding.
//!
//! Invariant: an event is recorded in the same transaction as the attempt it tells of; whoever marks it
//! [`handled`] first, acts on it, in that same transaction. Delivery itself never reads events back.

use serde::Serialize;

use super::adapter::Answered;
use super::store;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId};

crate::text_enum! {
    /// What happened.
    pub enum EventKind {
        /// A message was accepted by the other side's server.
        Sent = "sent",
        /// A message failed for the third time in a row, or in a way that only a person can mend; once a message.
        Failing = "failing",
        /// A message was given up.
        Exhausted = "exhausted",
        /// An endpoint was disabled: it said 410, or failed for days.
        Disabled = "disabled",
        /// A mailbox was said not to exist.
        Bounced = "bounced",
    }
}

/// One thing delivery learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryEvent {
    /// The event's own id; they rise with time.
    pub id: RowId,
    /// What happened.
    pub kind: EventKind,
    /// To which message.
    pub delivery: Option<DeliveryId>,
    /// The escalation or ticket that message is about.
    pub about: Option<RowId>,
    /// At which endpoint.
    pub endpoint: Option<EndpointId>,
    /// The attempt's words.
    pub detail: String,
    /// When.
    pub at: Timestamp,
    /// What of the receiver's answer was kept.
    pub answer: Option<Answered>,
}

/// Events nobody has acted on yet, earliest first.
pub fn open_events(conn: &mut Conn, limit: i64) -> Result<Vec<DeliveryEvent>, AppError> {
    store::event::open(conn, limit)
}

/// Marks an event as acted on, as part of the caller's write. `false` when somebody else was first: then the
/// caller leaves it alone.
pub fn handled(tx: &mut Tx, id: RowId, now: Timestamp) -> Result<bool, AppError> {
    store::event::handle(tx, id, now)
}
