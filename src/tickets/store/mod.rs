//! The tables of tickets: rows, the intake append, guarded updates, lists.
//!
//! A new field of a ticket goes into `ticket.rs`, the migrations, `db/schema.rs` and [`TicketRow`] here; the
//! compiler leads to the rest.

pub(super) mod attachments;
pub(super) mod changed;
mod erasure;
mod found;
mod list;
pub(super) mod many;
mod notice;
pub(super) mod public_form;
pub(super) mod relocation;
pub(super) mod text_modules;
pub(super) mod watch;

use std::collections::BTreeMap;

use diesel::prelude::*;

pub(super) use erasure::{empty_mails, empty_notices, remove_reporter, rewrite_history, rewrite_search};
pub(super) use found::few;
pub(super) use list::{Wanted, list, number_received, open_work, places_without_adoption};
pub use notice::NoticeRow;
pub(super) use notice::{
    ToldRow, address, hasten, insert_notice, keep_told, mark_told, recipients, told, unaddressed, waiting_for,
};

use super::TicketRef;
use super::history::{HistoryEntry, VERSION, Versioned};
use super::promise::Affected;
use super::status::TicketStatus;
use super::ticket::{Category, Channel, Claim, Priority, ReplyLanguage, ReplyWish, Ticket};
use crate::access::audit::{self, EntryRow};
use crate::access::idempotency::{self, AnswerRow};
use crate::access::{Actor, ActorKind};
use crate::clock::Timestamp;
use crate::db::dialect::{insert_if_absent, load_locked};
use crate::db::schema::{number_blocks, ticket_history, ticket_numbers, ticket_reporters, ticket_search, tickets};
use crate::db::types::Json;
use crate::db::{Append, Conn, Topic, Tx};
use crate::error::AppError;
use crate::ids::{CallerId, HistoryId, TicketId};
use crate::keys::{Ars, Slug};
use crate::seal::{SealingKey, store_keys};
use crate::tickets::history::Event;

/// A ticket as it is stored.
#[derive(Debug, Clone, Insertable, Queryable, AsChangeset)]
#[diesel(table_name = tickets, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TicketRow {
    id: TicketId,
    number: String,
    status: TicketStatus,
    channel: Channel,
    service: Slug,
    ars: Ars,
    category: Category,
    priority: Priority,
    subject: String,
    description: String,
    context: Json,
    reply_wish: ReplyWish,
    external_reference: Option<String>,
    submitted_by: CallerId,
    claimed_by: Option<CallerId>,
    claimed_name: Option<String>,
    merged_into: Option<TicketId>,
    answer: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    respond_by: Timestamp,
    paused_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    remind_at: Option<Timestamp>,
    reminded: i32,
    reply_language: ReplyLanguage,
}

impl TicketRow {
    pub(super) fn of(ticket: &Ticket) -> Result<Self, AppError> {
        let t = ticket.clone();
        let (claimed_by, claimed_name) = t.claimed_by.map(|claim| (claim.id, claim.name)).unzip();
        Ok(Self {
            id: t.id,
            number: t.number.as_str().to_owned(),
            status: t.status,
            channel: t.channel,
            service: t.service,
            ars: t.ars,
            category: t.category,
            priority: t.priority,
            subject: t.subject,
            description: t.description,
            context: Json::of(&t.context)?,
            reply_wish: t.reply_wish,
            external_reference: t.external_reference,
            submitted_by: t.submitted_by,
            claimed_by,
            claimed_name,
            merged_into: t.merged_into,
            answer: t.answer,
            created_at: t.created_at,
            updated_at: t.updated_at,
            respond_by: t.respond_by,
            paused_at: t.paused_at,
            answered_at: t.answered_at,
            closed_at: t.closed_at,
            remind_at: t.remind_at,
            reminded: t.reminded,
            reply_language: t.reply_language,
        })
    }

    pub(super) fn ticket(self) -> Result<Ticket, AppError> {
        let claimed_by = self.claimed_by.map(|id| Claim { id, name: self.claimed_name.unwrap_or_default() });
        Ok(Ticket {
            id: self.id,
            number: self.number.parse().map_err(AppError::internal)?,
            status: self.status,
            channel: self.channel,
            service: self.service,
            ars: self.ars,
            category: self.category,
            priority: self.priority,
            subject: self.subject,
            description: self.description,
            context: self.context.read::<BTreeMap<String, String>>()?,
            reply_wish: self.reply_wish,
            external_reference: self.external_reference,
            submitted_by: self.submitted_by,
            claimed_by,
            merged_into: self.merged_into,
            answer: self.answer,
            created_at: self.created_at,
            updated_at: self.updated_at,
            respond_by: self.respond_by,
            paused_at: self.paused_at,
            answered_at: self.answered_at,
            closed_at: self.closed_at,
            remind_at: self.remind_at,
            reminded: self.reminded,
            reply_language: self.reply_language,
        })
    }
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = ticket_numbers)]
pub struct NumberRow {
    pub(super) number: String,
    pub(super) ticket_id: TicketId,
}

#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = ticket_history)]
pub struct HistoryRow {
    id: HistoryId,
    ticket_id: TicketId,
    at: Timestamp,
    actor: Json,
    event: Json,
}

impl HistoryRow {
    pub(super) fn new(
        id: HistoryId,
        ticket_id: TicketId,
        actor: &Actor,
        event: &Event,
        at: Timestamp,
    ) -> Result<Self, AppError> {
        let event = Versioned { version: VERSION, event: event.clone() };
        Ok(Self { id, ticket_id, at, actor: Json::of(actor)?, event: Json::of(&event)? })
    }

    fn entry(self) -> Result<HistoryEntry, AppError> {
        let Versioned { version, event } = self.event.read()?;
        Ok(HistoryEntry { id: self.id, at: self.at, actor: self.actor.read()?, event, version })
    }
}

#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = ticket_reporters)]
pub struct ReporterRow {
    pub(super) ticket_id: TicketId,
    pub(super) sealed: Vec<u8>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = ticket_search)]
pub struct SearchRow {
    pub(super) ticket_id: TicketId,
    pub(super) body: String,
}

/// All rows of a request that is handed in.
pub struct Intake {
    pub(super) ticket: TicketRow,
    pub(super) number: NumberRow,
    pub(super) history: HistoryRow,
    pub(super) audit: EntryRow,
    pub(super) search: SearchRow,
    pub(super) notice: NoticeRow,
    pub(super) key: Option<SealingKey>,
    pub(super) reporter: Option<ReporterRow>,
    pub(super) answer: Option<AnswerRow>,
}

impl Append for Intake {
    fn add_all(all: &[&Self], tx: &mut Tx) -> Result<Vec<bool>, AppError> {
        fn each<'i, T>(all: &[&'i Intake], part: impl Fn(&'i Intake) -> Option<&'i T>) -> Vec<&'i T> {
            all.iter().filter_map(|rows| part(rows)).collect()
        }
        // A request whose key was used before is left out; those without a key are all new.
        let mut recorded = idempotency::record_all(tx, &each(all, |rows| rows.answer.as_ref()))?.into_iter();
        let is_new: Vec<bool> =
            all.iter().map(|rows| rows.answer.is_none() || recorded.next().unwrap_or(false)).collect();
        let all: Vec<&Self> = all.iter().zip(&is_new).filter(|(_, is_new)| **is_new).map(|(rows, _)| *rows).collect();
        let all = all.as_slice();
        many::insert_tickets(tx, &each(all, |rows| Some(&rows.ticket)))?;
        many::insert_numbers(tx, &each(all, |rows| Some(&rows.number)))?;
        many::insert_histories(tx, &each(all, |rows| Some(&rows.history)))?;
        many::insert_searches(tx, &each(all, |rows| Some(&rows.search)))?;
        many::insert_notices(tx, &each(all, |rows| Some(&rows.notice)))?;
        many::insert_reporters(tx, &each(all, |rows| rows.reporter.as_ref()))?;
        audit::record_all(tx, &each(all, |rows| Some(&rows.audit)))?;
        store_keys(tx, &each(all, |rows| rows.key.as_ref()))?;
        tx.signal(Topic::Sweep);
        tx.signal(Topic::Tickets);
        Ok(is_new)
    }
}

pub(super) fn find(conn: &mut Conn, at: &TicketRef) -> Result<Option<Ticket>, AppError> {
    let id = match at {
        TicketRef::Id(id) => Some(*id),
        TicketRef::Number(number) | TicketRef::Seen(number, _) => ticket_numbers::table
            .find(number.as_str())
            .select(ticket_numbers::ticket_id)
            .first::<TicketId>(conn)
            .optional()?,
    };
    let Some(id) = id else { return Ok(None) };
    tickets::table.find(id).first::<TicketRow>(conn).optional()?.map(TicketRow::ticket).transpose()
}

/// Those of these that are there.
pub(super) fn of(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<Ticket>, AppError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let rows: Vec<TicketRow> = tickets::table.filter(tickets::id.eq_any(some)).load(conn)?;
        found.extend(rows.into_iter().map(TicketRow::ticket).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// Reads a ticket and keeps others from changing it until the transaction ends; on SQLite the one writer does so.
pub(super) fn lock(conn: &mut Conn, id: TicketId) -> Result<Option<Ticket>, AppError> {
    let rows: Vec<TicketRow> = load_locked!(conn, tickets::table.find(id))?;
    rows.into_iter().next().map(TicketRow::ticket).transpose()
}

/// The requests that go on in this one, the first first.
pub(super) fn joined(conn: &mut Conn, into: TicketId) -> Result<Vec<TicketId>, AppError> {
    Ok(tickets::table.filter(tickets::merged_into.eq(into)).order(tickets::id).select(tickets::id).load(conn)?)
}

/// Stores a request alone; false where it was not new.
pub(super) fn insert_one(tx: &mut Tx, intake: &Intake) -> Result<bool, AppError> {
    Ok(Intake::add_all(&[intake], tx)?.contains(&true))
}

/// Writes the whole ticket if it still has the status it was read with and nobody wrote in between.
pub(super) fn update(
    conn: &mut Conn,
    ticket: &Ticket,
    from: TicketStatus,
    read_at: Timestamp,
) -> Result<bool, AppError> {
    let unchanged =
        tickets::table.find(ticket.id).filter(tickets::status.eq(from)).filter(tickets::updated_at.eq(read_at));
    Ok(diesel::update(unchanged).set(&TicketRow::of(ticket)?).execute(conn)? == 1)
}

/// Open promises of which somebody is to be reminded by now, the longest due first.
pub(super) fn promises_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(TicketId, Timestamp)>, AppError> {
    let due = tickets::table.filter(tickets::remind_at.le(now)).order((tickets::remind_at, tickets::id)).limit(most);
    Ok(due.select((tickets::id, tickets::remind_at.assume_not_null())).load(conn)?)
}

/// Requests that came in after this time and have a promise that runs or stands still.
pub(super) fn promised_after(conn: &mut Conn, time: Timestamp) -> Result<Vec<TicketId>, AppError> {
    let ahead = tickets::table.filter(tickets::created_at.gt(time)).filter(tickets::respond_by.gt(time));
    Ok(ahead.filter(tickets::closed_at.is_null()).order(tickets::id).select(tickets::id).load(conn)?)
}

/// Those of a region that are ahead or stand still, from some day on; see `promise.rs`.
pub(super) fn promises_affected(conn: &mut Conn, wanted: &Affected, most: i64) -> Result<Vec<TicketId>, AppError> {
    let mut rows = tickets::table
        .filter(tickets::closed_at.is_null())
        .filter(tickets::ars.like(format!("{}%", wanted.region)))
        .filter(tickets::paused_at.is_not_null().or(tickets::respond_by.gt(wanted.now)))
        .into_boxed();
    if let Some(service) = &wanted.service {
        rows = rows.filter(tickets::service.eq(service));
    }
    if let Some(from) = wanted.from {
        rows = rows.filter(tickets::respond_by.ge(from));
    }
    if let Some(after) = wanted.after {
        rows = rows.filter(tickets::id.gt(after));
    }
    Ok(rows.order(tickets::id).limit(most).select(tickets::id).load(conn)?)
}

/// Writes another promise. Nobody else's change is in the way: the request is in hand.
pub(super) fn set_promise(conn: &mut Conn, ticket: &Ticket) -> Result<(), AppError> {
    let change = (
        tickets::respond_by.eq(ticket.respond_by),
        tickets::remind_at.eq(ticket.remind_at),
        tickets::reminded.eq(ticket.reminded),
        tickets::paused_at.eq(ticket.paused_at),
    );
    diesel::update(tickets::table.find(ticket.id)).set(change).execute(conn)?;
    Ok(())
}

/// Notes how far a promise was reminded of. Nobody else's change is in the way: the request is in hand.
pub(super) fn set_reminder(
    conn: &mut Conn,
    id: TicketId,
    reminded: i32,
    remind_at: Option<Timestamp>,
) -> Result<(), AppError> {
    let own = tickets::table.find(id);
    diesel::update(own).set((tickets::reminded.eq(reminded), tickets::remind_at.eq(remind_at))).execute(conn)?;
    Ok(())
}

pub(super) fn insert_history(conn: &mut Conn, row: &HistoryRow) -> Result<(), AppError> {
    diesel::insert_into(ticket_history::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn history(conn: &mut Conn, ticket: TicketId) -> Result<Vec<HistoryEntry>, AppError> {
    let rows: Vec<HistoryRow> =
        ticket_history::table.filter(ticket_history::ticket_id.eq(ticket)).order(ticket_history::id).load(conn)?;
    rows.into_iter().map(HistoryRow::entry).collect()
}

/// The last entry.
pub(super) fn last_entry(conn: &mut Conn, ticket: TicketId) -> Result<HistoryId, AppError> {
    let its = ticket_history::table.filter(ticket_history::ticket_id.eq(ticket));
    Ok(its.order(ticket_history::id.desc()).select(ticket_history::id).first(conn)?)
}

/// What happened after this entry, in its order.
pub(super) fn history_after(conn: &mut Conn, ticket: TicketId, last: HistoryId) -> Result<Vec<HistoryEntry>, AppError> {
    let later = ticket_history::table.filter(ticket_history::ticket_id.eq(ticket)).filter(ticket_history::id.gt(last));
    let rows: Vec<HistoryRow> = later.order(ticket_history::id).load(conn)?;
    rows.into_iter().map(HistoryRow::entry).collect()
}

pub(super) fn reporter(conn: &mut Conn, ticket: TicketId) -> Result<Option<ReporterRow>, AppError> {
    Ok(ticket_reporters::table.find(ticket).first(conn).optional()?)
}

/// Takes the next `size` running numbers of a year; answers the first.
pub(super) fn take_numbers(conn: &mut Conn, year: i32, size: i64) -> Result<i64, AppError> {
    let first = (number_blocks::year.eq(year), number_blocks::next.eq(1i64));
    insert_if_absent!(conn, number_blocks::table, first);
    let block = number_blocks::table.find(year);
    diesel::update(block).set(number_blocks::next.eq(number_blocks::next + size)).execute(conn)?;
    let next: i64 = block.select(number_blocks::next).first(conn)?;
    Ok(next - size)
}

/// The actor of a claim, for lists of one's own.
pub(super) fn claim_of(actor: &Actor) -> Option<Claim> {
    match actor.kind {
        ActorKind::Token | ActorKind::Person => {
            actor.id.map(|id| Claim { id: CallerId::from_uuid(id), name: actor.name.clone() })
        }
        ActorKind::Link | ActorKind::Mail | ActorKind::System => None,
    }
}
