//! What of a request is deleted when somebody has a right to it (Art. 17 GDPR).
//!
//! A history is otherwise never edited; this is the one exception. What was written is replaced by a mark, who did what
//! and when stays, so that the work can still be accounted for. The rest of the request (escalations, messages) is
//! erased in `escalation/personal_data.rs`, which is also the way in.

use chrono::TimeDelta;

use super::history::{ERASED, Event};
use super::joined::forget_told;
use super::public_form::link;
use super::reporter::key_of;
use super::status::TicketStatus;
use super::ticket::Ticket;
use super::{Desk, notice, record, search, store};
use crate::access::{Actor, idempotency};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery;
use crate::error::AppError;

/// Erases who asked and what was written, on a ticket that is in hand. `Conflict` with the state while it is worked on.
pub fn erase(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &mut Ticket,
    actor: &Actor,
    reason: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    if !matches!(ticket.status, TicketStatus::Closed | TicketStatus::Rejected | TicketStatus::Merged) {
        let remedy = "close or reject it first";
        return Err(AppError::Conflict(format!("{} is {}; {remedy}, then erase it", ticket.number, ticket.status)));
    }
    desk.sealer.forget(tx, key_of(ticket.id))?;
    // While the history still says what that was.
    forget_told(tx, ticket.id, now)?;
    store::remove_reporter(tx, ticket.id)?;
    for mut entry in store::history(tx, ticket.id)? {
        entry.event = entry.event.erased();
        store::rewrite_history(tx, &entry)?;
    }
    for mail in store::empty_mails(tx, ticket.id, ERASED)? {
        desk.sealer.forget(tx, mail.cast())?;
        // That it arrived went to whoever wrote it.
        delivery::purge(tx, mail.cast())?;
    }
    store::attachments::remove_all(tx, ticket.id)?;
    link::forget(tx, ticket.id)?;
    let told = store::empty_notices(tx, ticket.id)?;
    notice::forget_subject(tx, &told, ticket)?;
    // A repeat of the request that made it must still not make a second one.
    idempotency::forget(tx, &ticket.id.to_string())?;
    blank(tx, ticket, now)?;
    record(tx, ticket.id, actor, &Event::Erased { reason: reason.to_owned() }, now)
}

fn blank(tx: &mut Tx, ticket: &mut Ticket, now: Timestamp) -> Result<(), AppError> {
    let read_at = ticket.updated_at;
    ticket.updated_at = now.max(read_at.plus(TimeDelta::microseconds(1)));
    ticket.subject = ERASED.to_owned();
    ticket.description = ERASED.to_owned();
    ticket.context.clear();
    ticket.external_reference = None;
    ticket.answer = ticket.answer.as_ref().map(|_| ERASED.to_owned());
    if !store::update(tx, ticket, ticket.status, read_at)? {
        return Err(AppError::Conflict(format!("{} was changed by somebody else just now", ticket.number)));
    }
    store::rewrite_search(tx, &store::SearchRow { ticket_id: ticket.id, body: search::document(ticket) })
}
