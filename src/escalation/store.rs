//! The tables of escalations, whom they reached, and their links.

mod chronicle;
mod talk;

use diesel::prelude::*;

pub(super) use chronicle::Rows;
pub(super) use talk::*;

use super::escalation::{Escalation, EscalationStatus, EscalationStep, Withheld};
use super::link::LinkHolder;
use crate::clock::Timestamp;
use crate::db::dialect::insert_if_absent;
use crate::db::schema::{escalation_contacts, escalation_links, escalations};
use crate::db::types::Json;
use crate::db::{Conn, Tx};
use crate::directory::Kind;
use crate::error::AppError;
use crate::ids::{EscalationId, TicketId};
use crate::keys::Slug;
use crate::tickets::in_hand_by_id;
use crate::tickets::ticket::Ticket;

#[derive(Debug, Clone, Insertable, Queryable, AsChangeset)]
#[diesel(table_name = escalations, treat_none_as_null = true)]
struct EscalationRow {
    id: EscalationId,
    ticket_id: TicketId,
    kind: Kind,
    status: EscalationStatus,
    note: String,
    chain: Json,
    skipped: Json,
    step: i32,
    acknowledge_by: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    acknowledged_name: Option<String>,
    reference: Option<String>,
    answer: Option<String>,
    return_reason: Option<String>,
    emergency: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
    counted_from: Option<Timestamp>,
    answer_by: Option<Timestamp>,
    remind_at: Option<Timestamp>,
    reminded: i32,
    paused_at: Option<Timestamp>,
    withheld: Json,
    acknowledged_contact: Option<Slug>,
}

impl EscalationRow {
    fn of(found: &Escalation) -> Result<Self, AppError> {
        let e = found.clone();
        Ok(Self {
            id: e.id,
            ticket_id: e.ticket,
            kind: e.kind,
            status: e.status,
            note: e.note,
            chain: Json::of(&e.chain)?,
            skipped: Json::of(&e.skipped)?,
            step: e.step,
            acknowledge_by: e.acknowledge_by,
            acknowledged_at: e.acknowledged_at,
            acknowledged_name: e.acknowledged_name,
            reference: e.reference,
            answer: e.answer,
            return_reason: e.return_reason,
            emergency: e.emergency,
            created_at: e.created_at,
            updated_at: e.updated_at,
            ended_at: e.ended_at,
            counted_from: e.counted_from,
            answer_by: e.answer_by,
            remind_at: e.remind_at,
            reminded: e.reminded,
            paused_at: e.paused_at,
            withheld: Json::of(&e.withheld)?,
            acknowledged_contact: e.acknowledged_contact,
        })
    }

    fn escalation(self) -> Result<Escalation, AppError> {
        Ok(Escalation {
            id: self.id,
            ticket: self.ticket_id,
            kind: self.kind,
            status: self.status,
            note: self.note,
            chain: self.chain.read::<Vec<EscalationStep>>()?,
            skipped: self.skipped.read::<Vec<EscalationStep>>()?,
            step: self.step,
            acknowledge_by: self.acknowledge_by,
            acknowledged_at: self.acknowledged_at,
            acknowledged_name: self.acknowledged_name,
            reference: self.reference,
            answer: self.answer,
            return_reason: self.return_reason,
            emergency: self.emergency,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ended_at: self.ended_at,
            counted_from: self.counted_from,
            answer_by: self.answer_by,
            remind_at: self.remind_at,
            reminded: self.reminded,
            paused_at: self.paused_at,
            withheld: self.withheld.read::<Vec<Withheld>>()?,
            acknowledged_contact: self.acknowledged_contact,
        })
    }
}

fn read(rows: Vec<EscalationRow>) -> Result<Vec<Escalation>, AppError> {
    rows.into_iter().map(EscalationRow::escalation).collect()
}

const OPEN: [EscalationStatus; 3] = [EscalationStatus::Pending, EscalationStatus::Sent, EscalationStatus::Acknowledged];

pub(super) fn insert(conn: &mut Conn, found: &Escalation) -> Result<(), AppError> {
    diesel::insert_into(escalations::table).values(&EscalationRow::of(found)?).execute(conn)?;
    Ok(())
}

pub(super) fn find(conn: &mut Conn, id: EscalationId) -> Result<Option<Escalation>, AppError> {
    let row = escalations::table.find(id).first::<EscalationRow>(conn).optional()?;
    row.map(EscalationRow::escalation).transpose()
}

/// An escalation with its ticket, to change them: until the transaction ends nobody else does. The ticket's row is
/// the one lock for all its escalations, so that two who change both never wait for each other in a circle.
pub(super) fn in_hand(tx: &mut Tx, id: EscalationId) -> Result<Option<(Escalation, Ticket)>, AppError> {
    let Some(seen) = find(tx, id)? else { return Ok(None) };
    let Some(ticket) = in_hand_by_id(tx, seen.ticket)? else { return Ok(None) };
    Ok(find(tx, id)?.map(|found| (found, ticket)))
}

/// Writes the escalation if it still has the status and step it was read with.
pub(super) fn update(conn: &mut Conn, before: &Escalation, after: &Escalation) -> Result<bool, AppError> {
    let unchanged = escalations::table
        .find(before.id)
        .filter(escalations::status.eq(before.status))
        .filter(escalations::step.eq(before.step))
        .filter(escalations::updated_at.eq(before.updated_at));
    Ok(diesel::update(unchanged).set(&EscalationRow::of(after)?).execute(conn)? == 1)
}

/// Puts a mark where something was written.
pub(super) fn erase(conn: &mut Conn, id: EscalationId, mark: &str) -> Result<(), AppError> {
    use escalations as e;
    let own = e::table.find(id);
    diesel::update(own).set((e::note.eq(mark), e::reference.eq(None::<String>))).execute(conn)?;
    diesel::update(own.filter(e::answer.is_not_null())).set(e::answer.eq(mark)).execute(conn)?;
    diesel::update(own.filter(e::return_reason.is_not_null())).set(e::return_reason.eq(mark)).execute(conn)?;
    // Where it was handed on, the reason of a step holds what somebody wrote.
    let chain: Json = own.select(e::chain).first(conn)?;
    let mut chain = chain.read::<Vec<EscalationStep>>()?;
    chain.iter_mut().for_each(|step| mark.clone_into(&mut step.reason));
    diesel::update(own).set(e::chain.eq(Json::of(&chain)?)).execute(conn)?;
    erase_talk(conn, id, mark)
}

pub(super) fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Escalation>, AppError> {
    read(escalations::table.filter(escalations::ticket_id.eq(ticket)).order(escalations::id).load(conn)?)
}

pub(super) fn of_tickets(conn: &mut Conn, tickets: &[TicketId]) -> Result<Vec<Escalation>, AppError> {
    read(escalations::table.filter(escalations::ticket_id.eq_any(tickets)).order(escalations::id).load(conn)?)
}

pub(super) fn open_of(conn: &mut Conn, ticket: TicketId) -> Result<Vec<Escalation>, AppError> {
    let of_ticket = escalations::table.filter(escalations::ticket_id.eq(ticket));
    read(of_ticket.filter(escalations::status.eq_any(OPEN)).order(escalations::id).load(conn)?)
}

/// All that are open.
pub(super) fn open_ids(conn: &mut Conn) -> Result<Vec<EscalationId>, AppError> {
    let open = escalations::table.filter(escalations::ended_at.is_null());
    Ok(open.order(escalations::id).select(escalations::id).load(conn)?)
}

/// Those that ended after a time, until another, earliest first: some, with all that ended when the last of them did.
pub(super) fn ended(
    conn: &mut Conn,
    after: Timestamp,
    until: Timestamp,
    some: i64,
) -> Result<Vec<Escalation>, AppError> {
    let ended = escalations::table.filter(escalations::ended_at.gt(after)).filter(escalations::ended_at.le(until));
    let times = ended.order((escalations::ended_at, escalations::id)).limit(some).select(escalations::ended_at);
    let Some(last) = times.load::<Option<Timestamp>>(conn)?.pop().flatten() else { return Ok(Vec::new()) };
    let whole = escalations::table.filter(escalations::ended_at.gt(after)).filter(escalations::ended_at.le(last));
    read(whole.order((escalations::ended_at, escalations::id)).load(conn)?)
}

pub(super) fn due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<Escalation>, AppError> {
    let due = escalations::table.filter(escalations::acknowledge_by.le(now));
    read(due.order((escalations::acknowledge_by, escalations::id)).limit(most).load(conn)?)
}

/// Of which somebody is to be reminded by now.
pub(super) fn reminders_due(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<Escalation>, AppError> {
    let due = escalations::table.filter(escalations::remind_at.le(now));
    read(due.order((escalations::remind_at, escalations::id)).limit(most).load(conn)?)
}

/// Open ones that are counted from after this time.
pub(super) fn counted_after(conn: &mut Conn, time: Timestamp, most: i64) -> Result<Vec<Escalation>, AppError> {
    let open = escalations::table.filter(escalations::ended_at.is_null());
    read(open.filter(escalations::counted_from.gt(time)).order(escalations::counted_from).limit(most).load(conn)?)
}

pub(super) fn open_for(
    conn: &mut Conn,
    contacts: &[Slug],
    after: Option<EscalationId>,
    most: i64,
) -> Result<Vec<Escalation>, AppError> {
    let reached = escalation_contacts::table
        .filter(escalation_contacts::contact.eq_any(contacts))
        .select(escalation_contacts::escalation_id);
    let mut open = escalations::table.filter(escalations::status.eq_any(OPEN)).into_boxed();
    open = open.filter(escalations::id.eq_any(reached));
    if let Some(after) = after {
        open = open.filter(escalations::id.gt(after));
    }
    read(open.order(escalations::id).limit(most).load(conn)?)
}

/// Those that reached these contacts and ended since then, the last first; `after` is where the page before ended.
pub(super) fn ended_for(
    conn: &mut Conn,
    contacts: &[Slug],
    since: Timestamp,
    after: Option<(Timestamp, EscalationId)>,
    most: i64,
) -> Result<Vec<Escalation>, AppError> {
    // Each of what ended lately is looked at for whom it reached, not all that ever reached them.
    let reached = escalation_contacts::table
        .filter(escalation_contacts::escalation_id.eq(escalations::id))
        .filter(escalation_contacts::contact.eq_any(contacts.to_vec()));
    let ended = escalations::table.filter(escalations::ended_at.ge(since)).filter(diesel::dsl::exists(reached));
    let mut ended = ended.into_boxed();
    if let Some((at, id)) = after {
        let earlier = escalations::ended_at.assume_not_null().lt(at).or(escalations::id.lt(id));
        ended = ended.filter(escalations::ended_at.le(at)).filter(earlier);
    }
    read(ended.order((escalations::ended_at.desc(), escalations::id.desc())).limit(most).load(conn)?)
}

pub(super) fn reach(
    conn: &mut Conn,
    id: EscalationId,
    contact: &Slug,
    step: i32,
    now: Timestamp,
) -> Result<(), AppError> {
    use escalation_contacts as c;
    let row = (c::escalation_id.eq(id), c::contact.eq(contact), c::step.eq(step), c::reached_at.eq(now));
    insert_if_absent!(conn, c::table, row);
    Ok(())
}

pub(super) fn reached(conn: &mut Conn, id: EscalationId) -> Result<Vec<Slug>, AppError> {
    let of_escalation = escalation_contacts::table.filter(escalation_contacts::escalation_id.eq(id));
    Ok(of_escalation.order(escalation_contacts::step).select(escalation_contacts::contact).load(conn)?)
}

pub(super) fn reached_at(conn: &mut Conn, id: EscalationId, step: i32) -> Result<Option<Timestamp>, AppError> {
    use escalation_contacts as c;
    let at_step = c::table.filter(c::escalation_id.eq(id)).filter(c::step.eq(step));
    Ok(at_step.select(c::reached_at).first(conn).optional()?)
}

pub(super) fn insert_link(
    conn: &mut Conn,
    hash: &[u8],
    id: EscalationId,
    contact: &Slug,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), AppError> {
    use escalation_links as l;
    let row = (
        l::hash.eq(hash),
        l::escalation_id.eq(id),
        l::contact.eq(contact),
        l::created_at.eq(now),
        l::expires_at.eq(until),
    );
    diesel::insert_into(l::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn link(conn: &mut Conn, hash: &[u8]) -> Result<Option<LinkHolder>, AppError> {
    use escalation_links as l;
    let row: Option<(EscalationId, Slug, Timestamp)> =
        l::table.find(hash).select((l::escalation_id, l::contact, l::expires_at)).first(conn).optional()?;
    Ok(row.map(|(escalation, contact, expires_at)| LinkHolder { escalation, contact, expires_at }))
}

/// Links that ended a while ago; until then their holder learns that they did.
pub(super) fn purge_links(conn: &mut Conn, now: Timestamp, most: i64) -> Result<usize, AppError> {
    use escalation_links as l;
    let old: Vec<Vec<u8>> =
        l::table.filter(l::expires_at.lt(now)).order(l::expires_at).limit(most).select(l::hash).load(conn)?;
    Ok(diesel::delete(l::table.filter(l::hash.eq_any(old))).execute(conn)?)
}
