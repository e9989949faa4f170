//! The lives of escalations that have ended, for who reports on them as a whole.
//!
//! Invariant: read only, and everything that happened to an escalation and every message about it is there. It holds what
//! people wrote: whoever passes it on leaves that out. Where next: `operations/traces.rs`.

use super::escalation::Escalation;
use super::store;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::{self, Delivery};
use crate::error::AppError;
use crate::ids::EscalationId;
use crate::tickets::changed::with_history;
use crate::tickets::history::HistoryEntry;
use crate::tickets::ticket::Ticket;

/// An escalation from its beginning to its end.
#[derive(Debug, Clone)]
pub struct Life {
    /// Itself.
    pub escalation: Escalation,
    /// The request it belongs to.
    pub ticket: Ticket,
    /// What happened to it, in order.
    pub events: Vec<HistoryEntry>,
    /// Every message about it, earliest first.
    pub deliveries: Vec<Delivery>,
}

/// The lives of those that ended after a time, until another, earliest first: some, and never only a part of those that
/// ended at the same time; with the time until which these are all. What is left of those whose request is gone is not
/// told.
pub fn lives(
    conn: &mut Conn,
    after: Timestamp,
    until: Timestamp,
    some: i64,
) -> Result<(Vec<Life>, Option<Timestamp>), AppError> {
    let ended = store::ended(conn, after, until, some)?;
    let told = ended.iter().filter_map(|one| one.ended_at).max();
    let tickets: Vec<_> = ended.iter().map(|one| one.ticket).collect();
    let known = with_history(conn, &tickets)?;
    let mut lives = Vec::with_capacity(ended.len());
    for escalation in ended {
        let Some((ticket, history)) = known.iter().find(|(ticket, _)| ticket.id == escalation.ticket) else { continue };
        let own = history.iter().filter(|entry| entry.event.escalation() == Some(escalation.id));
        let (ticket, events) = (ticket.clone(), own.cloned().collect());
        let deliveries = delivery::deliveries_of(conn, escalation.id.cast())?;
        lives.push(Life { escalation, ticket, events, deliveries });
    }
    Ok((lives, told))
}

impl Life {
    /// Its id.
    pub fn id(&self) -> EscalationId {
        self.escalation.id
    }
}
