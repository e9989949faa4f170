//! Who reads a request outside their own open work leaves an entry in the audit log.
//!
//! Own open work is a request that is open and that nobody has claimed, or the reader has, or the reader handed in.
//! Invariant: the entry is stored before the answer goes out; without it nothing is shown. Lists leave none.

use super::Desk;
use super::status::is_open;
use super::store::claim_of;
use super::ticket::Ticket;
use crate::access::Caller;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::error::AppError;

/// Writes down that the caller is about to be shown `part` of a request, unless it is their own open work.
pub async fn note_reading(desk: &Desk, caller: &Caller, ticket: &Ticket, part: &str) -> Result<(), AppError> {
    if is_own_open_work(caller, ticket) {
        return Ok(());
    }
    let read = Trail::after(&serde_json::json!({ "part": part }));
    let object = (ObjectKind::Ticket, &ticket.id as _);
    let entry = audit::row(&caller.actor, AuditAction::TicketRead, object, read, desk.clock.now())?;
    desk.db.write(move |tx| audit::record_all(tx, &[&entry])).await
}

fn is_own_open_work(caller: &Caller, ticket: &Ticket) -> bool {
    let holder = ticket.claimed_by.as_ref().map(|claim| claim.id);
    let own = claim_of(&caller.actor).map(|claim| claim.id);
    is_open(ticket.status) && (holder.is_none() || holder == own || ticket.submitted_by == caller.id)
}
