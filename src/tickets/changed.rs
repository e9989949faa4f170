//! Which requests something happened to, for what is reckoned from all of them.
//!
//! Invariant: whatever changes a request writes an entry into its history in the same transaction, so the histories in
//! the order of their ids name every request that changed. With several writers an entry can become visible a moment
//! after one of a later id: who follows them reads some seconds again. Not here: anything about a caller; nothing of
//! this is shown.

use super::{HistoryEntry, Ticket, store};
use crate::db::Conn;
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};

/// Entries after this one, in order, at most so many, each with its request.
pub fn after(conn: &mut Conn, entry: HistoryId, most: i64) -> Result<Vec<(HistoryId, TicketId)>, AppError> {
    store::changed::after(conn, entry, most)
}

/// The newest entry of all.
pub fn newest(conn: &mut Conn) -> Result<Option<HistoryId>, AppError> {
    store::changed::newest(conn)
}

/// Requests after this one by id, at most so many.
pub fn page(conn: &mut Conn, after: Option<TicketId>, most: i64) -> Result<Vec<TicketId>, AppError> {
    store::changed::page(conn, after, most)
}

/// These requests, each with its history in order.
pub fn with_history(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<(Ticket, Vec<HistoryEntry>)>, AppError> {
    store::changed::with_history(conn, ids)
}
