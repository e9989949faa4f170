//! The tables of the conversation: questions, handing on, what a contact's own system calls the matter, and its
//! last word.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{escalation_contacts as c, escalation_handovers as h, escalation_questions as q};
use crate::error::AppError;
use crate::escalation::ask::Question;
use crate::escalation::escalation::ContactRef;
use crate::escalation::hand_on::{Handover, HandoverState};
use crate::ids::{EscalationId, HandoverId, QuestionId};
use crate::keys::Slug;

#[derive(Insertable, Queryable)]
#[diesel(table_name = q)]
struct QuestionRow {
    id: QuestionId,
    escalation_id: EscalationId,
    contact: Option<Slug>,
    asked_by: String,
    question: String,
    asked_at: Timestamp,
    reply: Option<String>,
    replied_by: Option<String>,
    replied_at: Option<Timestamp>,
}

pub(in crate::escalation) fn insert_question(
    conn: &mut Conn,
    escalation: EscalationId,
    asked: &Question,
) -> Result<(), AppError> {
    let Question { id, contact, asked_by, question, asked_at, reply, replied_by, replied_at } = asked.clone();
    let row = QuestionRow {
        id,
        escalation_id: escalation,
        contact,
        asked_by,
        question,
        asked_at,
        reply,
        replied_by,
        replied_at,
    };
    diesel::insert_into(q::table).values(&row).execute(conn)?;
    Ok(())
}

/// All of them, earliest first.
pub(in crate::escalation) fn questions(conn: &mut Conn, escalation: EscalationId) -> Result<Vec<Question>, AppError> {
    let rows: Vec<QuestionRow> = q::table.filter(q::escalation_id.eq(escalation)).order(q::id).load(conn)?;
    let question = |row: QuestionRow| Question {
        id: row.id,
        contact: row.contact,
        asked_by: row.asked_by,
        question: row.question,
        asked_at: row.asked_at,
        reply: row.reply,
        replied_by: row.replied_by,
        replied_at: row.replied_at,
    };
    Ok(rows.into_iter().map(question).collect())
}

/// Answers every open question of an escalation.
pub(in crate::escalation) fn reply(
    conn: &mut Conn,
    escalation: EscalationId,
    text: &str,
    by: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let open = q::table.filter(q::escalation_id.eq(escalation)).filter(q::replied_at.is_null());
    diesel::update(open).set((q::reply.eq(text), q::replied_by.eq(by), q::replied_at.eq(now))).execute(conn)?;
    Ok(())
}

#[derive(Insertable, Queryable)]
#[diesel(table_name = h)]
struct HandoverRow {
    id: HandoverId,
    escalation_id: EscalationId,
    from_contact: Option<Slug>,
    from_name: String,
    to_contact: Slug,
    to_name: String,
    reason: String,
    state: HandoverState,
    at: Timestamp,
    decided_by: Option<String>,
    decided_at: Option<Timestamp>,
}

pub(in crate::escalation) fn insert_handover(
    conn: &mut Conn,
    escalation: EscalationId,
    new: &Handover,
) -> Result<(), AppError> {
    let new = new.clone();
    let row = HandoverRow {
        id: new.id,
        escalation_id: escalation,
        from_contact: new.from,
        from_name: new.from_name,
        to_contact: new.to.id,
        to_name: new.to.name,
        reason: new.reason,
        state: new.state,
        at: new.at,
        decided_by: new.decided_by,
        decided_at: new.decided_at,
    };
    diesel::insert_into(h::table).values(&row).execute(conn)?;
    Ok(())
}

/// All of them, earliest first.
pub(in crate::escalation) fn handovers(conn: &mut Conn, escalation: EscalationId) -> Result<Vec<Handover>, AppError> {
    let rows: Vec<HandoverRow> = h::table.filter(h::escalation_id.eq(escalation)).order(h::id).load(conn)?;
    let handover = |row: HandoverRow| Handover {
        id: row.id,
        from: row.from_contact,
        from_name: row.from_name,
        to: ContactRef { id: row.to_contact, name: row.to_name },
        reason: row.reason,
        state: row.state,
        at: row.at,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
    };
    Ok(rows.into_iter().map(handover).collect())
}

/// Decides what was proposed; false when somebody else did.
pub(in crate::escalation) fn decide_handover(
    conn: &mut Conn,
    id: HandoverId,
    state: HandoverState,
    by: &str,
    now: Timestamp,
) -> Result<bool, AppError> {
    let proposed = h::table.find(id).filter(h::state.eq(HandoverState::Proposed));
    let change = (h::state.eq(state), h::decided_by.eq(by), h::decided_at.eq(now));
    Ok(diesel::update(proposed).set(change).execute(conn)? == 1)
}

/// Notes a contact's last word, for the page behind its link.
pub(in crate::escalation) fn note_word(
    conn: &mut Conn,
    escalation: EscalationId,
    contact: &Slug,
    word: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let own = c::table.find((escalation, contact.clone()));
    diesel::update(own).set((c::said.eq(word), c::said_at.eq(now))).execute(conn)?;
    Ok(())
}

/// A contact's last word.
pub(in crate::escalation) fn last_word(
    conn: &mut Conn,
    escalation: EscalationId,
    contact: &Slug,
) -> Result<Option<String>, AppError> {
    let own = c::table.find((escalation, contact.clone())).select(c::said);
    Ok(own.first::<Option<String>>(conn).optional()?.flatten())
}

/// The contact whose last word this is.
pub(in crate::escalation) fn who_said(
    conn: &mut Conn,
    escalation: EscalationId,
    word: &str,
) -> Result<Option<Slug>, AppError> {
    let said = c::table.filter(c::escalation_id.eq(escalation)).filter(c::said.eq(word));
    Ok(said.select(c::contact).first(conn).optional()?)
}

/// Notes what a contact's own system calls the matter; `key` only where one is given.
pub(in crate::escalation) fn note_reference(
    conn: &mut Conn,
    escalation: EscalationId,
    contact: &Slug,
    reference: Option<&str>,
    key: Option<&str>,
) -> Result<(), AppError> {
    let own = || c::table.find((escalation, contact.clone()));
    if let Some(reference) = reference {
        diesel::update(own()).set(c::reference.eq(reference)).execute(conn)?;
    }
    if let Some(key) = key {
        diesel::update(own()).set(c::remote_key.eq(key)).execute(conn)?;
    }
    Ok(())
}

/// What a contact's own system calls the matter: the number for people, the key for its interface.
pub(in crate::escalation) fn references(
    conn: &mut Conn,
    escalation: EscalationId,
    contact: &Slug,
) -> Result<(Option<String>, Option<String>), AppError> {
    let own = c::table.find((escalation, contact.clone())).select((c::reference, c::remote_key));
    Ok(own.first(conn).optional()?.unwrap_or_default())
}

/// The escalations that have reached this contact and bear this reference there, the latest first.
pub(in crate::escalation) fn with_reference(
    conn: &mut Conn,
    contact: &Slug,
    reference: &str,
) -> Result<Vec<EscalationId>, AppError> {
    let its = c::table.filter(c::contact.eq(contact));
    let called = its.filter(c::reference.eq(reference).or(c::remote_key.eq(reference)));
    Ok(called.order(c::escalation_id.desc()).limit(2).select(c::escalation_id).load(conn)?)
}

/// Puts a mark where something was written.
pub(super) fn erase_talk(conn: &mut Conn, id: EscalationId, mark: &str) -> Result<(), AppError> {
    let asked = q::table.filter(q::escalation_id.eq(id));
    diesel::update(asked).set(q::question.eq(mark)).execute(conn)?;
    diesel::update(asked.filter(q::reply.is_not_null())).set(q::reply.eq(mark)).execute(conn)?;
    diesel::update(h::table.filter(h::escalation_id.eq(id))).set(h::reason.eq(mark)).execute(conn)?;
    let reached = c::table.filter(c::escalation_id.eq(id));
    diesel::update(reached).set((c::reference.eq(None::<String>), c::remote_key.eq(None::<String>))).execute(conn)?;
    Ok(())
}
