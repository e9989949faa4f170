//! What is overwritten or removed where a request's personal data must go.

use diesel::prelude::*;

use super::super::history::{HistoryEntry, Versioned};
use super::SearchRow;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{
    inbound_attachments, inbound_mails, inbound_raw, notices, ticket_history, ticket_reporters, ticket_search,
};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::{InboundId, TicketId};

/// Writes what an entry says anew; who and when stay.
pub(in crate::tickets) fn rewrite_history(conn: &mut Conn, entry: &HistoryEntry) -> Result<(), AppError> {
    let event = Json::of(&Versioned { version: entry.version, event: entry.event.clone() })?;
    diesel::update(ticket_history::table.find(entry.id)).set(ticket_history::event.eq(event)).execute(conn)?;
    Ok(())
}

/// Writes anew under which words a ticket is found.
pub(in crate::tickets) fn rewrite_search(conn: &mut Conn, row: &SearchRow) -> Result<(), AppError> {
    diesel::delete(ticket_search::table.filter(ticket_search::ticket_id.eq(row.ticket_id))).execute(conn)?;
    diesel::insert_into(ticket_search::table).values(row).execute(conn)?;
    Ok(())
}

pub(in crate::tickets) fn remove_reporter(conn: &mut Conn, ticket: TicketId) -> Result<(), AppError> {
    diesel::delete(ticket_reporters::table.find(ticket)).execute(conn)?;
    Ok(())
}

/// Empties the notices of a ticket; answers when they were told.
pub(in crate::tickets) fn empty_notices(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Timestamp>, AppError> {
    let own = notices::table.filter(notices::ticket_id.eq(ticket));
    diesel::update(own).set(notices::detail.eq("")).execute(conn)?;
    let told: Vec<Option<Timestamp>> = own.select(notices::told_at).distinct().load(conn)?;
    Ok(told.into_iter().flatten().collect())
}

/// Removes raw copies and attachments of the mails about a ticket, and the reason why nothing came of one; answers which,
/// so that their keys go too.
pub(in crate::tickets) fn empty_mails(
    conn: &mut Conn,
    ticket: TicketId,
    mark: &str,
) -> Result<Vec<InboundId>, AppError> {
    let own = inbound_mails::table.filter(inbound_mails::ticket_id.eq(ticket));
    let ids: Vec<InboundId> = own.select(inbound_mails::id).load(conn)?;
    let dismissed = own.filter(inbound_mails::state.eq("dismissed"));
    diesel::update(dismissed).set(inbound_mails::decision.eq(mark)).execute(conn)?;
    diesel::delete(inbound_raw::table.filter(inbound_raw::mail_id.eq_any(&ids))).execute(conn)?;
    diesel::delete(inbound_attachments::table.filter(inbound_attachments::mail_id.eq_any(&ids))).execute(conn)?;
    Ok(ids)
}
