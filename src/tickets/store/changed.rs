//! Reading along the histories of all tickets.

use std::collections::HashMap;

use diesel::prelude::*;

use super::HistoryRow;
use crate::db::Conn;
use crate::db::schema::{ticket_history, tickets};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::tickets::history::HistoryEntry;
use crate::tickets::ticket::Ticket;

pub(in crate::tickets) fn after(
    conn: &mut Conn,
    entry: HistoryId,
    most: i64,
) -> Result<Vec<(HistoryId, TicketId)>, AppError> {
    let next = ticket_history::table.filter(ticket_history::id.gt(entry)).order(ticket_history::id).limit(most);
    Ok(next.select((ticket_history::id, ticket_history::ticket_id)).load(conn)?)
}

pub(in crate::tickets) fn newest(conn: &mut Conn) -> Result<Option<HistoryId>, AppError> {
    let last = ticket_history::table.order(ticket_history::id.desc()).select(ticket_history::id);
    Ok(last.first(conn).optional()?)
}

pub(in crate::tickets) fn page(conn: &mut Conn, after: Option<TicketId>, most: i64) -> Result<Vec<TicketId>, AppError> {
    let mut next = tickets::table.select(tickets::id).order(tickets::id).limit(most).into_boxed();
    if let Some(after) = after {
        next = next.filter(tickets::id.gt(after));
    }
    Ok(next.load(conn)?)
}

pub(in crate::tickets) fn with_history(
    conn: &mut Conn,
    ids: &[TicketId],
) -> Result<Vec<(Ticket, Vec<HistoryEntry>)>, AppError> {
    let mut histories: HashMap<TicketId, Vec<HistoryEntry>> = HashMap::new();
    for some in ids.chunks(500) {
        let of_these = ticket_history::table.filter(ticket_history::ticket_id.eq_any(some));
        let rows: Vec<HistoryRow> = of_these.order((ticket_history::ticket_id, ticket_history::id)).load(conn)?;
        for row in rows {
            histories.entry(row.ticket_id).or_default().push(row.entry()?);
        }
    }
    let found = super::of(conn, ids)?.into_iter();
    Ok(found.map(|ticket| (histories.remove(&ticket.id).unwrap_or_default(), ticket)).map(|(h, t)| (t, h)).collect())
}
