//! The tables of mail that came in.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::mail::{InboundMail, MailKind, MailState};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_if_absent;
use crate::db::schema::{
    inbound_acknowledged, inbound_attachments, inbound_mailboxes, inbound_mails as t, inbound_raw, inbound_uids,
};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::{DeliveryId, EscalationId, InboundId, RowId, TicketId};
use crate::keys::ArsPrefix;

/// A mail as it is stored.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
pub(super) struct MailRow {
    pub id: InboundId,
    pub mailbox: String,
    pub message_key: String,
    pub kind: MailKind,
    pub state: MailState,
    pub escalation_id: Option<EscalationId>,
    pub ticket_id: Option<TicketId>,
    pub delivery_id: Option<DeliveryId>,
    pub region: ArsPrefix,
    pub sender: String,
    pub size: i64,
    pub sealed: Vec<u8>,
    pub received_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<Json>,
    pub decision: Option<String>,
}

impl MailRow {
    /// Without what it says, and that apart.
    pub fn apart(self) -> Result<(InboundMail, Vec<u8>), AppError> {
        let mail = InboundMail {
            id: self.id,
            mailbox: self.mailbox,
            kind: self.kind,
            state: self.state,
            escalation: self.escalation_id,
            ticket: self.ticket_id,
            delivery: self.delivery_id,
            region: self.region,
            size: self.size,
            received_at: self.received_at,
            decided_at: self.decided_at,
            decided_by: self.decided_by.map(|by| by.read::<Actor>()).transpose()?,
            decision: self.decision,
        };
        Ok((mail, self.sealed))
    }
}

/// Stores a mail; false when one of its key is there.
pub(super) fn insert(conn: &mut Conn, row: &MailRow) -> Result<bool, AppError> {
    Ok(insert_if_absent!(conn, t::table, row))
}

pub(super) fn insert_raw(conn: &mut Conn, id: InboundId, sealed: &[u8], until: Timestamp) -> Result<(), AppError> {
    use inbound_raw as r;
    let row = (r::mail_id.eq(id), r::sealed.eq(sealed), r::keep_until.eq(until));
    diesel::insert_into(r::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn insert_attachment(conn: &mut Conn, id: InboundId, position: i32, sealed: &[u8]) -> Result<(), AppError> {
    use inbound_attachments as a;
    let row = (a::mail_id.eq(id), a::position.eq(position), a::sealed.eq(sealed));
    diesel::insert_into(a::table).values(row).execute(conn)?;
    Ok(())
}

/// Notes where a mail was read.
pub(super) fn note_uid(conn: &mut Conn, mailbox: &str, at: (i64, i64), id: InboundId) -> Result<(), AppError> {
    use inbound_uids as u;
    let row = (u::mailbox.eq(mailbox), u::uid_validity.eq(at.0), u::uid.eq(at.1), u::mail_id.eq(id));
    insert_if_absent!(conn, u::table, row);
    Ok(())
}

/// The mail with this key.
pub(super) fn by_key(conn: &mut Conn, key: &str) -> Result<Option<(InboundId, MailState)>, AppError> {
    Ok(t::table.filter(t::message_key.eq(key)).select((t::id, t::state)).first(conn).optional()?)
}

/// Which of these messages of a mailbox were read.
pub(super) fn read_uids(conn: &mut Conn, mailbox: &str, validity: i64, uids: &[i64]) -> Result<Vec<i64>, AppError> {
    use inbound_uids as u;
    let mut found = Vec::new();
    for some in uids.chunks(500) {
        let read = u::table.filter(u::mailbox.eq(mailbox)).filter(u::uid_validity.eq(validity));
        found.extend(read.filter(u::uid.eq_any(some)).select(u::uid).load::<i64>(conn)?);
    }
    Ok(found)
}

/// Those of a mailbox of which only the head was taken in, because they hold more than `most` bytes.
pub(super) fn cut_uids(conn: &mut Conn, mailbox: &str, validity: i64, most: usize) -> Result<Vec<i64>, AppError> {
    use inbound_uids as u;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = u::table.inner_join(t::table.on(t::id.eq(u::mail_id))).filter(t::size.gt(most));
    Ok(rows.filter(u::mailbox.eq(mailbox)).filter(u::uid_validity.eq(validity)).select(u::uid).load(conn)?)
}

/// How many mails of this sender about this matter came since then.
pub(super) fn count_since(
    conn: &mut Conn,
    sender: &str,
    about: Option<EscalationId>,
    since: Timestamp,
) -> Result<i64, AppError> {
    let mut counted = t::table
        .filter(t::sender.eq(sender))
        .filter(t::received_at.gt(since))
        .select(sql::<BigInt>("count(*)"))
        .into_boxed();
    if let Some(about) = about {
        counted = counted.filter(t::escalation_id.eq(about));
    }
    Ok(counted.first(conn)?)
}

pub(super) fn find(conn: &mut Conn, id: InboundId) -> Result<Option<MailRow>, AppError> {
    Ok(t::table.find(id).select(MailRow::as_select()).first(conn).optional()?)
}

/// Mails in these states, newest first, from the one before `before`.
pub(super) fn list(
    conn: &mut Conn,
    states: &[MailState],
    ticket: Option<TicketId>,
    before: Option<InboundId>,
    limit: i64,
) -> Result<Vec<MailRow>, AppError> {
    let mut rows = t::table.filter(t::state.eq_any(states)).order(t::id.desc()).limit(limit).into_boxed();
    if let Some(ticket) = ticket {
        rows = rows.filter(t::ticket_id.eq(ticket));
    }
    if let Some(before) = before {
        rows = rows.filter(t::id.lt(before));
    }
    Ok(rows.select(MailRow::as_select()).load(conn)?)
}

/// Those about a request, oldest first.
pub(super) fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<MailRow>, AppError> {
    Ok(t::table.filter(t::ticket_id.eq(ticket)).order(t::id).select(MailRow::as_select()).load(conn)?)
}

pub(super) fn count(conn: &mut Conn, states: &[MailState]) -> Result<i64, AppError> {
    Ok(t::table.filter(t::state.eq_any(states)).select(sql::<BigInt>("count(*)")).first(conn)?)
}

pub(super) fn raw(conn: &mut Conn, id: InboundId) -> Result<Option<Vec<u8>>, AppError> {
    Ok(inbound_raw::table.find(id).select(inbound_raw::sealed).first(conn).optional()?)
}

pub(super) fn attachment(conn: &mut Conn, id: InboundId, position: i32) -> Result<Option<Vec<u8>>, AppError> {
    Ok(inbound_attachments::table.find((id, position)).select(inbound_attachments::sealed).first(conn).optional()?)
}

/// What a person decided.
pub(super) struct Decision<'a> {
    pub state: MailState,
    pub escalation: Option<EscalationId>,
    pub ticket: Option<TicketId>,
    pub by: &'a Actor,
    pub words: &'a str,
    pub at: Timestamp,
}

/// Notes what was decided, if it still stands where it was; false when somebody was quicker.
pub(super) fn decide(
    conn: &mut Conn,
    id: InboundId,
    from: MailState,
    decision: &Decision<'_>,
) -> Result<bool, AppError> {
    let change = (
        t::state.eq(decision.state),
        t::escalation_id.eq(decision.escalation),
        t::ticket_id.eq(decision.ticket),
        t::decided_at.eq(decision.at),
        t::decided_by.eq(Json::of(decision.by)?),
        t::decision.eq(decision.words),
    );
    Ok(diesel::update(t::table.find(id).filter(t::state.eq(from))).set(change).execute(conn)? == 1)
}

/// True where this sender may be told that a mail arrived: nobody is twice within the time.
pub(super) fn may_acknowledge(
    conn: &mut Conn,
    sender: &str,
    now: Timestamp,
    since: Timestamp,
) -> Result<bool, AppError> {
    use inbound_acknowledged as a;
    let old = a::table.find(sender).filter(a::at.lt(since));
    if diesel::update(old).set(a::at.eq(now)).execute(conn)? == 1 {
        return Ok(true);
    }
    Ok(insert_if_absent!(conn, a::table, (a::sender.eq(sender), a::at.eq(now))))
}

// ---- Mailboxes ----

/// How reading a mailbox goes.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = inbound_mailboxes)]
pub(super) struct MailboxRow {
    pub name: String,
    pub read_at: Option<Timestamp>,
    pub failing_since: Option<Timestamp>,
    pub fault: Option<String>,
}

/// Takes or renews the lease of a mailbox; false while another has it.
pub(super) fn lease(
    conn: &mut Conn,
    name: &str,
    owner: RowId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, AppError> {
    use inbound_mailboxes as m;
    insert_if_absent!(conn, m::table, m::name.eq(name));
    let free = m::lease.is_null().or(m::lease.eq(owner)).or(m::lease_until.lt(now));
    let change = (m::lease.eq(owner), m::lease_until.eq(until));
    Ok(diesel::update(m::table.find(name).filter(free)).set(change).execute(conn)? == 1)
}

pub(super) fn release(conn: &mut Conn, name: &str, owner: RowId) -> Result<(), AppError> {
    use inbound_mailboxes as m;
    let own = m::table.find(name).filter(m::lease.eq(owner));
    diesel::update(own).set((m::lease.eq(None::<RowId>), m::lease_until.eq(None::<Timestamp>))).execute(conn)?;
    Ok(())
}

/// Notes how a look at a mailbox went.
pub(super) fn note_look(conn: &mut Conn, name: &str, fault: Option<&str>, now: Timestamp) -> Result<(), AppError> {
    use inbound_mailboxes as m;
    let own = m::table.find(name);
    match fault {
        None => {
            let sound = (m::read_at.eq(now), m::failing_since.eq(None::<Timestamp>), m::fault.eq(None::<String>));
            diesel::update(own).set(sound).execute(conn)?;
        }
        Some(fault) => {
            diesel::update(own.filter(m::failing_since.is_null())).set(m::failing_since.eq(now)).execute(conn)?;
            diesel::update(own).set(m::fault.eq(fault)).execute(conn)?;
        }
    }
    Ok(())
}

pub(super) fn mailboxes(conn: &mut Conn) -> Result<Vec<MailboxRow>, AppError> {
    Ok(inbound_mailboxes::table.order(inbound_mailboxes::name).select(MailboxRow::as_select()).load(conn)?)
}

// ---- What is past its time ----

/// Mails whose raw copy is past its time, with their states.
pub(super) fn past(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<(InboundId, MailState)>, AppError> {
    let rows = inbound_raw::table.inner_join(t::table.on(t::id.eq(inbound_raw::mail_id)));
    // What nobody has decided about keeps its raw copy, which may be all there is of it.
    let rows = rows.filter(t::state.ne_all([MailState::Quarantined, MailState::Waiting]));
    let past = rows.filter(inbound_raw::keep_until.lt(now)).order(inbound_raw::keep_until).limit(most);
    Ok(past.select((t::id, t::state)).load(conn)?)
}

pub(super) fn drop_raw(conn: &mut Conn, ids: &[InboundId]) -> Result<(), AppError> {
    diesel::delete(inbound_raw::table.filter(inbound_raw::mail_id.eq_any(ids))).execute(conn)?;
    Ok(())
}

pub(super) fn drop_attachments(conn: &mut Conn, ids: &[InboundId]) -> Result<(), AppError> {
    diesel::delete(inbound_attachments::table.filter(inbound_attachments::mail_id.eq_any(ids))).execute(conn)?;
    Ok(())
}
