//! Finding tickets: one by id or number, the list of work, the history.
//!
//! Invariant: only what the caller sees, and outside their own open work not unseen (`reading.rs`); the list is ordered
//! by when an answer is due, ties by id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::history::HistoryEntry;
use super::number::TicketNumber;
use super::reading::note_reading;
use super::status::{TicketStatus, is_open};
use super::ticket::{Category, ReplyWish, Ticket};
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
    /// Only who wants to be answered so.
    pub wish: Option<ReplyWish>,
    /// Only what somebody still owes an answer.
    pub is_open: bool,
    /// Only what nobody has.
    pub is_unclaimed: bool,
    /// Only what was promised until then, the clock not standing.
    pub late_at: Option<Timestamp>,
    /// In whose hands.
    pub claimed_by: Option<CallerId>,
    /// By number.
    pub number: Option<TicketNumber>,
    /// All of these words.
    pub words: Vec<String>,
    /// Which requests have the words, where that was looked up already (`Filter::look_up`); nothing in it where they are
    /// many.
    pub looked_up: Option<Option<Vec<TicketId>>>,
}

impl Filter {
    /// True where only what has ended is wanted.
    pub fn is_ended(&self) -> bool {
        !self.is_open && !self.status.is_empty() && self.status.iter().all(|status| !is_open(*status))
    }

    /// Looks up which requests have the words, for this filter and another that has the same words.
    pub(crate) fn look_up(&mut self, conn: &mut Conn, other: &mut Self) -> Result<(), AppError> {
        if !self.words.is_empty() {
            self.looked_up = Some(store::few(conn, &self.words)?);
        }
        if other.words == self.words {
            other.looked_up = self.looked_up.clone();
        }
        Ok(())
    }

    /// Takes what a person typed into the search field: a number, or words.
    pub fn search(mut self, query: &str) -> Self {
        match query.parse() {
            Ok(number) => self.number = Some(number),
            Err(_) => self.words = search::words(query),
        }
        self
    }
}

crate::text_enum! {
    /// In which order.
    pub enum Order {
        /// What is due first; the fixed order of the interface.
        Due = "due",
        /// As one works: what is due first, but last what waits for the person, whose clock stands.
        Work = "work",
        /// What came in last.
        Newest = "newest",
    }
}

/// Where a ticket stands in a list; the border of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Whether its clock stands.
    pub is_paused: bool,
    /// When it is due.
    pub due: Timestamp,
    /// Which one.
    pub id: TicketId,
}

impl Place {
    fn of(ticket: &Ticket) -> Self {
        Self { is_paused: ticket.paused_at.is_some(), due: ticket.respond_by, id: ticket.id }
    }

    /// As it is given out.
    pub fn cursor(&self) -> String {
        let (due, paused) = (self.due.utc().timestamp_micros(), u8::from(self.is_paused));
        URL_SAFE_NO_PAD.encode(format!("{due} {} {paused}", self.id))
    }

    /// Reads one that came back.
    pub fn read(cursor: &str) -> Result<Self, AppError> {
        let parsed = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let mut parts = text.split(' ');
            let due = chrono::DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
            let id = parts.next()?.parse().ok()?;
            Some(Self { is_paused: parts.next() == Some("1"), due: Timestamp::new(due), id })
        };
        parsed().ok_or_else(|| AppError::field("cursor", "must be next_cursor of the page before, unchanged"))
    }
}

/// From where a page goes, and in which direction; the cursors are those of [`Slice`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seek {
    /// From the beginning.
    #[default]
    First,
    /// On from here.
    After(String),
    /// Back from here.
    Before(String),
}

/// Part of a list that one can turn over in both directions.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The items.
    pub items: Vec<Ticket>,
    /// What to ask with for what stands before; nothing at the beginning.
    pub before: Option<String>,
    /// What to ask with for more; nothing at the end.
    pub after: Option<String>,
}

/// Part of a list, with where it goes on.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask with for more.
    pub next_cursor: Option<String>,
}

/// What stands on a page, and where the next begins, of one more than a page holds.
pub fn cut<T>(mut found: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(cursor);
    (found, next_cursor)
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

/// A page of the list, going on.
pub async fn list(
    desk: &Desk,
    caller: Caller,
    filter: Filter,
    order: Order,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Ticket>, AppError> {
    caller.may(Action::ReadTickets)?;
    let seek = cursor.map_or(Seek::First, Seek::After);
    let slice = desk.db.read(move |conn| slice(conn, &caller, &filter, order, &seek, limit)).await?;
    Ok(Page { items: slice.items, next_cursor: slice.after })
}

/// A page of the list inside a use case that has asked for the right itself.
pub(crate) fn slice(
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    order: Order,
    seek: &Seek,
    limit: usize,
) -> Result<Slice, AppError> {
    let (from, is_back) = match seek {
        Seek::First => (None, false),
        Seek::After(cursor) => (Some(Place::read(cursor)?), false),
        Seek::Before(cursor) => (Some(Place::read(cursor)?), true),
    };
    let most = i64::try_from(limit + 1).map_err(AppError::internal)?;
    let reach = caller.reach(Action::ReadTickets);
    let wanted = store::Wanted { filter, reach: &reach, order, from, is_back, most };
    let mut items = store::list(conn, &wanted)?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    if is_back {
        items.reverse();
    }
    let before = items.first().filter(|_| if is_back { has_more } else { from.is_some() });
    let after = items.last().filter(|_| is_back || has_more);
    let (before, after) = (before.map(|one| Place::of(one).cursor()), after.map(|one| Place::of(one).cursor()));
    Ok(Slice { before, after, items })
}
