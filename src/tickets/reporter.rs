//! The reporter's name and addresses: sealed under the ticket's own key, opened here alone.
//!
//! Invariant: every opening is for a named purpose and stands in the ticket's history. Deleting the ticket's key
//! deletes the data wherever it lies. Nothing here is ever logged.

use super::history::Event;
use super::store;
use super::ticket::{Reporter, Ticket};
use super::{Desk, TicketRef, record, visible};
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::{AppError, Faults};
use crate::ids::{SealKeyId, TicketId};
use crate::seal::{DataKey, Sealer, SealingKey};

const CONTEXT: &str = "reporter";

/// Seals a reporter under a new key of the ticket's own.
pub(super) fn seal(
    sealer: &Sealer,
    ticket: TicketId,
    reporter: &Reporter,
) -> Result<(SealingKey, store::ReporterRow), AppError> {
    let (key, row) = sealer.new_key(key_of(ticket));
    Ok((row, seal_with(&key, ticket, reporter)?))
}

/// The same under the key it has already.
pub(super) fn seal_with(key: &DataKey, ticket: TicketId, reporter: &Reporter) -> Result<store::ReporterRow, AppError> {
    let plain = serde_json::to_vec(reporter).map_err(AppError::internal)?;
    Ok(store::ReporterRow { ticket_id: ticket, sealed: key.seal(&plain, CONTEXT) })
}

/// The id of a ticket's own key: the ticket's UUID.
pub fn key_of(ticket: TicketId) -> SealKeyId {
    ticket.cast()
}

/// Opens name and addresses for somebody who says what for.
pub async fn open_reporter(desk: &Desk, caller: Caller, at: TicketRef, purpose: String) -> Result<Reporter, AppError> {
    caller.may(Action::OpenReporter)?;
    let mut faults = Faults::default();
    faults.text("purpose", &purpose, 500);
    faults.finish()?;
    let (sealer, now) = (desk.sealer.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            let ticket = visible(tx, &caller, Action::OpenReporter, &at)?;
            let opened = open(tx, &sealer, &ticket, &caller.actor, &purpose, now)?;
            Ok(opened.map(|(reporter, _)| reporter).unwrap_or_default())
        })
        .await
}

/// Name and addresses for Lotse itself, to compare them with what somebody says they are: nobody is shown them, so it is
/// no look.
pub(super) fn peek(conn: &mut Conn, sealer: &Sealer, ticket: &Ticket) -> Result<Option<(Reporter, DataKey)>, AppError> {
    let Some(sealed) = store::reporter(conn, ticket.id)? else { return Ok(None) };
    let Some(key) = sealer.key(conn, key_of(ticket.id))? else { return Ok(None) };
    let plain = key.open(&sealed.sealed, CONTEXT)?;
    let reporter = serde_json::from_slice(&plain).map_err(|_| AppError::internal("a sealed reporter is no JSON"))?;
    Ok(Some((reporter, key)))
}

/// Opens name and addresses inside a use case and records it; `None` when none were given or the key is gone.
pub fn open(
    tx: &mut Tx,
    sealer: &Sealer,
    ticket: &Ticket,
    actor: &Actor,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<(Reporter, DataKey)>, AppError> {
    let Some((reporter, key)) = peek(tx, sealer, ticket)? else { return Ok(None) };
    record(tx, ticket.id, actor, &Event::ReporterOpened { purpose: purpose.to_owned() }, now)?;
    Ok(Some((reporter, key)))
}
