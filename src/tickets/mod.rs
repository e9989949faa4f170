//! Requests of citizens: handing in, finding, claiming, deciding, and their history.
//!
//! Invariant: a request that was acknowledged is stored with its number, history and notices in one
//! transaction; its status moves only through the table in `status.rs`, guarded by the status it had; the
//! reporter's name and addresses are sealed apart and opened in one place (`reporter.rs`). What ends a request
//! (answer, reject, close) also ends its escalations and therefore stands in `escalation/`.
//!
//! Where next: `submit.rs` (intake), `assess.rs` (the central contact's work), `browse.rs` (lists), `counts.rs`,
//! `joined.rs` (requests that go on in another), `watch.rs` (what changes while somebody looks), `promise.rs` (until when the person is answered), `public_form/`
//! (requests that people write themselves), `added.rs` (what they added), `attachments/` (files), `notice/` (telling the central contact),
//! `ticket.rs`, `status.rs`,
//! `history.rs` (the pure part).

pub mod added;
pub mod assess;
pub mod attachments;
pub mod browse;
pub mod changed;
pub mod chronicle;
pub mod counts;
pub mod deadline;
pub mod gaps;
pub mod history;
pub mod joined;
pub mod notice;
pub mod number;
mod numbers;
pub mod personal_data;
pub mod promise;
pub mod public_form;
pub mod reading;
pub mod redact;
pub mod relocation;
pub mod reply;
pub mod reporter;
pub mod search;
pub mod status;
mod store;
pub mod submit;
pub mod text_modules;
pub mod ticket;
mod trail;
pub mod watch;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::access::Action;
use crate::access::{Actor, Caller};
use crate::clock::{Clock, Timestamp};
use crate::db::{Appender, Conn, Db, Tx};
use crate::directory::{self, Directory};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::keys::EmailAddress;
use crate::seal::Sealer;

pub use history::{Event, HistoryEntry};
pub use number::TicketNumber;
pub use status::{Move, TicketStatus};
pub use ticket::Ticket;

/// What tickets need to know of this installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach this installation, without a slash at the end.
    pub public_url: String,
    /// How central contacts are told.
    pub notices: notice::Settings,
    /// Who hears of requests for which the directory names nobody.
    pub operator: Option<EmailAddress>,
    /// Which service hours count.
    pub clock: directory::ServiceClock,
    /// Until when the person is answered.
    pub respond: deadline::ByPriority,
    /// How contacts are judged when somebody is to be asked.
    pub directory: directory::Settings,
    /// What files may be.
    pub attachments: attachments::Settings,
    /// The form in which people write themselves.
    pub form: public_form::Settings,
}

/// Where requests are worked on: everything their use cases need. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

/// The parts of a [`Desk`].
pub struct Inner {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Keys.
    pub sealer: Sealer,
    /// Who answers for what.
    pub directory: Directory,
    /// This installation.
    pub settings: Settings,
    intake: Appender<store::Intake>,
    numbers: numbers::Numbers,
    latest: promise::Latest,
}

impl std::ops::Deref for Desk {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Desk {
    /// Sets the desk up and starts the intake writer.
    pub fn new(
        db: Db,
        clock: Clock,
        sealer: Sealer,
        directory: Directory,
        settings: Settings,
    ) -> Result<Self, AppError> {
        let intake = Appender::start(&db)?;
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            sealer,
            directory,
            settings,
            intake,
            numbers: numbers::Numbers::default(),
            latest: promise::Latest::default(),
        })))
    }
}

/// A ticket as it is addressed: by id or by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketRef {
    /// By id.
    Id(TicketId),
    /// By number.
    Number(TicketNumber),
    /// By number, as somebody saw it: with this entry as the last of its history. Whoever changes it by this changes
    /// what they saw, or nothing.
    Seen(TicketNumber, HistoryId),
}

impl std::str::FromStr for TicketRef {
    type Err = AppError;
    /// Anything that is neither is simply not found.
    fn from_str(text: &str) -> Result<Self, AppError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        text.parse().map(Self::Number).map_err(|_| AppError::NotFound)
    }
}

/// The ticket, if it exists and the action on it is the caller's. `NotFound` when they may not even read it.
pub fn visible(conn: &mut Conn, caller: &Caller, action: Action, at: &TicketRef) -> Result<Ticket, AppError> {
    let ticket = store::find(conn, at)?.ok_or(AppError::NotFound)?;
    caller.must_see(action, Action::ReadTickets, ticket.object())?;
    Ok(ticket)
}

/// The same to change it: until the transaction ends nobody else changes the ticket or its escalations, so that
/// people do not hear "somebody was quicker" when Lotse itself was.
pub fn in_hand(tx: &mut Tx, caller: &Caller, action: Action, at: &TicketRef) -> Result<Ticket, AppError> {
    let seen = visible(tx, caller, action, at)?;
    let ticket = store::lock(tx, seen.id)?.ok_or(AppError::NotFound)?;
    unchanged(tx, &ticket, at)?;
    Ok(ticket)
}

/// `Conflict` where something has happened to the ticket since it was seen as `at` says.
pub fn unchanged(conn: &mut Conn, ticket: &Ticket, at: &TicketRef) -> Result<(), AppError> {
    let TicketRef::Seen(_, last) = at else { return Ok(()) };
    let since = store::history_after(conn, ticket.id, *last)?;
    match since.iter().find(|entry| entry.event.is_news()) {
        None => Ok(()),
        Some(entry) => {
            let (number, name) = (&ticket.number, &entry.actor.name);
            Err(AppError::Conflict(format!("{number} has changed since it was read, last by {name}; read it again")))
        }
    }
}

/// The ticket as it stands now: whoever changes it by this changes what they saw.
pub fn as_seen(conn: &mut Conn, ticket: &Ticket) -> Result<TicketRef, AppError> {
    Ok(TicketRef::Seen(ticket.number.clone(), store::last_entry(conn, ticket.id)?))
}

/// The ticket of this number, for whoever runs the installation.
pub fn find_by_number(conn: &mut Conn, number: TicketNumber) -> Result<Option<Ticket>, AppError> {
    store::find(conn, &TicketRef::Number(number))
}

/// The same for Lotse itself; `None` when the ticket was deleted.
pub fn in_hand_by_id(tx: &mut Tx, id: TicketId) -> Result<Option<Ticket>, AppError> {
    store::lock(tx, id)
}

/// A ticket by its id; `None` when it was deleted.
pub fn find_by_id(conn: &mut Conn, id: TicketId) -> Result<Option<Ticket>, AppError> {
    store::find(conn, &TicketRef::Id(id))
}

/// A ticket however it is addressed, for Lotse itself; `None` when there is none.
pub fn find(conn: &mut Conn, at: &TicketRef) -> Result<Option<Ticket>, AppError> {
    store::find(conn, at)
}

/// The ticket of an escalation that is in hand; its absence is a fault of ours.
pub fn by_id(conn: &mut Conn, id: TicketId) -> Result<Ticket, AppError> {
    find_by_id(conn, id)?.ok_or_else(|| AppError::internal(format!("ticket {id} is gone")))
}

/// Moves a ticket by the table of `status.rs`, guarded by the status it had, and writes the event down.
/// `Conflict` with the state when the move is not possible or somebody was quicker.
pub fn advance(
    tx: &mut Tx,
    ticket: &mut Ticket,
    step: Move,
    actor: &Actor,
    event: &Event,
    now: Timestamp,
) -> Result<(), AppError> {
    let from = ticket.status;
    advance_silently(tx, ticket, step, now)?;
    trail::record(tx, ticket.id, actor, event, Some((from, ticket.status)), now)
}

/// The same for a move that follows from an event already written down.
pub fn advance_silently(tx: &mut Tx, ticket: &mut Ticket, step: Move, now: Timestamp) -> Result<(), AppError> {
    let to = status::next(ticket.status, step).ok_or_else(|| not_possible(ticket, step))?;
    let from = std::mem::replace(&mut ticket.status, to);
    if !status::is_open(to) {
        ticket.remind_at = None;
    }
    // The guard compares with the time it was read at, so a write within the same microsecond is told apart too.
    let read_at = ticket.updated_at;
    ticket.updated_at = now.max(read_at.plus(TimeDelta::microseconds(1)));
    if !store::update(tx, ticket, from, read_at)? {
        let message = format!("{} was changed by somebody else just now; read it again", ticket.number);
        return Err(AppError::Conflict(message));
    }
    Ok(())
}

/// Writes an event into the history, and into the audit log that it was.
pub fn record(tx: &mut Tx, ticket: TicketId, actor: &Actor, event: &Event, now: Timestamp) -> Result<(), AppError> {
    trail::record(tx, ticket, actor, event, None, now)
}

fn not_possible(ticket: &Ticket, step: Move) -> AppError {
    let possible = status::possible(ticket.status);
    let remedy = if possible.is_empty() { "nothing more".to_owned() } else { possible.join(", ") };
    AppError::Conflict(format!(
        "{} is {}; {step} is not possible from there (possible: {remedy})",
        ticket.number, ticket.status
    ))
}
