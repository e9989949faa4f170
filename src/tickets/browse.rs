//! Finding tickets: one by id or number, the list of work, the history.
//!
//! Invariant: only what the caller sees, and outside their own open work not unseen (`reading.rs`); the list is ordered
//! by when an answer is due, ties by id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::history::HistoryEntry;
use super::number::TicketNumber;
use super::reading::note_reading;
use super::status::TicketStatus;
use super::ticket::{Category, Ticket};
use super::{Desk, TicketRef, search, store, visible};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::AppError;
use crate::ids::{CallerId, TicketId};
use crate::keys::{ArsPrefix, Slug};

/// What a list is narrowed to; empty means everything within the caller's reach.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these.
    pub status: Vec<TicketStatus>,
    /// One service.
    pub service: Option<Slug>,
    /// A region.
    pub ars: Option<ArsPrefix>,
    /// One category.
    pub category: Option<Category>,
    /// In whose hands.
    pub claimed_by: Option<CallerId>,
    /// By number.
    pub number: Option<TicketNumber>,
    /// All of these words.
    pub words: Vec<String>,
}

impl Filter {
    /// Takes what a person typed into the search field: a number, or words.
    pub fn search(mut self, query: &str) -> Self {
        match query.parse() {
            Ok(number) => self.number = Some(number),
            Err(_) => self.words = search::words(query),
        }
        self
    }
}

/// Part of a list, with where it goes on.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask with for more.
    pub next_cursor: Option<String>,
}

/// One ticket.
pub async fn ticket(desk: &Desk, caller: Caller, at: TicketRef) -> Result<Ticket, AppError> {
    caller.may(Action::ReadTickets)?;
    let reader = caller.clone();
    let ticket = desk.db.read(move |conn| visible(conn, &caller, Action::ReadTickets, &at)).await?;
    note_reading(desk, &reader, &ticket, "ticket").await?;
    Ok(ticket)
}

/// `Conflict` where something has happened to the ticket since it was seen as `at` says.
pub async fn unchanged(desk: &Desk, caller: Caller, at: TicketRef) -> Result<(), AppError> {
    desk.db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::ReadTickets, &at)?;
            super::unchanged(conn, &ticket, &at)
        })
        .await
}

/// A ticket's history, oldest first.
pub async fn history(desk: &Desk, caller: Caller, at: TicketRef) -> Result<Vec<HistoryEntry>, AppError> {
    caller.may(Action::ReadTickets)?;
    let reader = caller.clone();
    let (ticket, entries) = desk
        .db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::ReadTickets, &at)?;
            let entries = store::history(conn, ticket.id)?;
            Ok((ticket, entries))
        })
        .await?;
    note_reading(desk, &reader, &ticket, "history").await?;
    Ok(entries)
}

/// A history inside a use case that has seen to the right itself.
pub(crate) fn entries(conn: &mut Conn, ticket: TicketId) -> Result<Vec<HistoryEntry>, AppError> {
    store::history(conn, ticket)
}

/// A page of the list of work.
pub async fn list(
    desk: &Desk,
    caller: Caller,
    filter: Filter,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Ticket>, AppError> {
    caller.may(Action::ReadTickets)?;
    let after = cursor.as_deref().map(read_cursor).transpose()?;
    desk.db
        .read(move |conn| {
            let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
            let mut items = store::list(conn, &filter, &caller.reach(Action::ReadTickets), after, wanted)?;
            let more = items.len() > limit;
            items.truncate(limit);
            let next_cursor = items.last().filter(|_| more).map(|last| cursor_after(last.respond_by, last.id));
            Ok(Page { items, next_cursor })
        })
        .await
}

fn cursor_after(due: Timestamp, id: TicketId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", due.utc().timestamp_micros()))
}

fn read_cursor(cursor: &str) -> Result<(Timestamp, TicketId), AppError> {
    let parsed = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (micros, id) = text.split_once(' ')?;
        let due = chrono::DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some((Timestamp::new(due), id.parse().ok()?))
    };
    parsed().ok_or_else(|| AppError::field("cursor", "must be next_cursor of the page before, unchanged"))
}
