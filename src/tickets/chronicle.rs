//! Whole lives of requests, stored after their time with few statements: for the demo, which makes years of them up.
//!
//! Invariant: what is stored is what the use cases would have left: number, history and audit entry of each event,
//! full text, notice, the reporter and the letters to them sealed under the ticket's own key. Nothing is checked here;
//! whoever makes lives up takes their moves from `status.rs`. Where next: `escalation/chronicle.rs`.

use super::notice::{self, NoticeKind};
use super::status::TicketStatus;
use super::store::{self, HistoryRow, NoticeRow, NumberRow, ReporterRow, SearchRow, TicketRow, many};
use super::ticket::{Reporter, Ticket};
use super::{Event, reporter, search, trail};
use crate::access::Actor;
use crate::access::audit::{self, EntryRow};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::chronicle::{Letters, Past};
use crate::error::AppError;
use crate::ids::{AuditId, HistoryId, RowId};
use crate::seal::{Sealer, SealingKey, store_keys};

/// One thing that happened to a request.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Its entry in the history.
    pub id: HistoryId,
    /// Its entry in the audit log.
    pub audit: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub event: Event,
    /// The status before and after.
    pub moved: Option<(TicketStatus, TicketStatus)>,
}

/// A request as it stands, and how it came to that.
#[derive(Debug, Clone)]
pub struct Life {
    /// As it stands.
    pub ticket: Ticket,
    /// Who asked.
    pub reporter: Option<Reporter>,
    /// What happened, earliest first.
    pub story: Vec<Happened>,
    /// The notice of it: its id, when and whom it was told.
    pub told: (RowId, Timestamp, String),
    /// What the person was sent.
    pub letters: Vec<Past>,
}

/// The rows of many lives.
#[derive(Default)]
pub struct Chronicle {
    tickets: Vec<TicketRow>,
    numbers: Vec<NumberRow>,
    histories: Vec<HistoryRow>,
    audit: Vec<EntryRow>,
    searches: Vec<SearchRow>,
    notices: Vec<NoticeRow>,
    keys: Vec<SealingKey>,
    reporters: Vec<ReporterRow>,
    letters: Letters,
}

impl Chronicle {
    /// Adds a life.
    pub fn add(&mut self, sealer: &Sealer, life: &Life) -> Result<(), AppError> {
        let ticket = &life.ticket;
        self.tickets.push(TicketRow::of(ticket)?);
        self.numbers.push(NumberRow { number: ticket.number.as_str().to_owned(), ticket_id: ticket.id });
        self.searches.push(SearchRow { ticket_id: ticket.id, body: search::document(ticket) });
        let (id, told_at, recipient) = life.told.clone();
        let new = notice::row(ticket, NoticeKind::New, "", ticket.created_at);
        self.notices.push(NoticeRow { id, told_at: Some(told_at), recipient: Some(recipient), ..new });
        if let Some(person) = &life.reporter {
            let (key, row) = sealer.new_key(reporter::key_of(ticket.id));
            self.reporters.push(reporter::seal_with(&key, ticket.id, person)?);
            self.keys.push(row);
            for letter in &life.letters {
                self.letters.add(letter, (reporter::key_of(ticket.id), &key))?;
            }
        }
        for Happened { id, audit, at, actor, event, moved } in &life.story {
            self.histories.push(HistoryRow::new(*id, ticket.id, actor, event, *at)?);
            self.audit.push(trail::row(ticket.id, actor, event, *moved, *at)?.under(*audit));
        }
        Ok(())
    }

    /// Stores all.
    pub fn store(&self, tx: &mut Tx, sealer: &Sealer) -> Result<(), AppError> {
        fn all<T>(rows: &[T]) -> Vec<&T> {
            rows.iter().collect()
        }
        many::insert_tickets(tx, &all(&self.tickets))?;
        many::insert_numbers(tx, &all(&self.numbers))?;
        many::insert_histories(tx, &all(&self.histories))?;
        many::insert_searches(tx, &all(&self.searches))?;
        many::insert_notices(tx, &all(&self.notices))?;
        many::insert_reporters(tx, &all(&self.reporters))?;
        store_keys(tx, &all(&self.keys))?;
        self.letters.store(tx)?;
        audit::record_chained(tx, sealer, &self.audit)
    }
}

/// Takes running numbers of a year; answers the first.
pub fn take_numbers(tx: &mut Tx, year: i32, count: i64) -> Result<i64, AppError> {
    store::take_numbers(tx, year, count)
}

/// Whether there is any request.
pub fn is_any(conn: &mut Conn) -> Result<bool, AppError> {
    many::is_any(conn)
}
