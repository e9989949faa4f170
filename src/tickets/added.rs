//! What a person added to their request after they handed it in, for whoever else is asked about it.

use super::history::Event;
use super::{public_form, store};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::AppError;
use crate::ids::TicketId;

/// What they wrote until then, earliest first, with the time.
pub fn until(conn: &mut Conn, ticket: TicketId, time: Timestamp) -> Result<Vec<(Timestamp, String)>, AppError> {
    let before = store::history(conn, ticket)?.into_iter().filter(|entry| entry.at <= time);
    let theirs = before.filter_map(|entry| match entry.event {
        Event::ReporterAdded { text } | Event::Resumed { text } => Some((entry.at, text)),
        // Reopened by the person, in their words.
        Event::Reopened { reason, .. } if entry.actor == public_form::person() => Some((entry.at, reason)),
        _ => None,
    });
    Ok(theirs.collect())
}
