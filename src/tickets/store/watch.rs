//! What was written into the history lately: by that, every instance sees what happened to which ticket.

use diesel::prelude::*;

use crate::access::Channel;
use crate::db::Conn;
use crate::db::schema::{ticket_history, tickets};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::keys::{Ars, Slug};

/// The last entry there is.
pub(in crate::tickets) fn last(conn: &mut Conn) -> Result<Option<HistoryId>, AppError> {
    Ok(ticket_history::table.order(ticket_history::id.desc()).select(ticket_history::id).first(conn).optional()?)
}

/// Entries after this one with their tickets, the last first.
pub(in crate::tickets) fn since(
    conn: &mut Conn,
    after: Option<HistoryId>,
    most: i64,
) -> Result<Vec<(HistoryId, TicketId)>, AppError> {
    let mut entries = ticket_history::table.order(ticket_history::id.desc()).limit(most).into_boxed();
    if let Some(after) = after {
        entries = entries.filter(ticket_history::id.gt(after));
    }
    Ok(entries.select((ticket_history::id, ticket_history::ticket_id)).load(conn)?)
}

/// Where these tickets lie.
pub(in crate::tickets) fn places(
    conn: &mut Conn,
    ids: &[TicketId],
) -> Result<Vec<(TicketId, Ars, Slug, Channel)>, AppError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let places = (tickets::id, tickets::ars, tickets::service, tickets::channel);
        found.extend(tickets::table.filter(tickets::id.eq_any(some)).select(places).load(conn)?);
    }
    Ok(found)
}
