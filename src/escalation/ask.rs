//! The 2nd level asks back: its questions, and the central contact's reply.
//!
//! Invariant: asking acknowledges, so nobody else of the chain is asked meanwhile; while a question is open the other
//! side's clock stands (`asked_at`, `replied_at`). A reply answers every open question of the escalation, stands in
//! the history, and goes to whoever asked by every way they have. Asking the person instead is `tickets::assess::wait`;
//! [`resume`] puts such a ticket back to where it was.

use serde::Serialize;

use super::escalate::save;
use super::escalation::{Escalation, is_open};
use super::message::{Occasion, Replied};
use super::{Escalations, browse, step, store, timing};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::directory::contacts_of;
use crate::error::AppError;
use crate::ids::{EscalationId, QuestionId};
use crate::keys::Slug;
use crate::tickets::assess::{self, check, hold};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, Move, TicketRef, advance, promise};

/// How many questions of one escalation may be open at once.
const MOST_OPEN: usize = 10;

/// One question of the 2nd level.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Question {
    /// Its identity.
    pub id: QuestionId,
    /// The contact that asks, where one is known.
    pub contact: Option<Slug>,
    /// The same by name.
    pub asked_by: String,
    /// What they need to know.
    pub question: String,
    /// When it was asked; from then on their clock stands.
    pub asked_at: Timestamp,
    /// The central contact's reply.
    pub reply: Option<String>,
    /// Who replied.
    pub replied_by: Option<String>,
    /// When; from then on their clock goes on.
    pub replied_at: Option<Timestamp>,
}

/// Keeps a question. `Conflict` when too many wait for a reply.
pub(super) fn put(
    tx: &mut Tx,
    found: &Escalation,
    (contact, name): (Option<&Slug>, &str),
    question: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let open = store::questions(tx, found.id)?.iter().filter(|asked| asked.replied_at.is_none()).count();
    if open >= MOST_OPEN {
        return Err(AppError::Conflict(format!("{open} questions wait for a reply already; add to one of them there")));
    }
    let asked = Question {
        id: QuestionId::new(),
        contact: contact.cloned(),
        asked_by: name.to_owned(),
        question: question.to_owned(),
        asked_at: now,
        reply: None,
        replied_by: None,
        replied_at: None,
    };
    store::insert_question(tx, found.id, &asked)
}

/// Answers what the 2nd level asks. `Conflict` when it asks nothing, or the escalation has ended.
pub async fn reply(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
    text: String,
    repeat: Option<Once<(Escalation, Ticket)>>,
) -> Result<Outcome<(Escalation, Ticket)>, AppError> {
    caller.may(Action::AssessTicket)?;
    check("text", &text)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let (found, mut ticket) = browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
            hold(&mut ticket, &caller)?;
            if !is_open(found.status) {
                return Err(AppError::Conflict(format!("the escalation is {}; a reply helps nobody", found.status)));
            }
            let open: Vec<Question> =
                store::questions(tx, id)?.into_iter().filter(|asked| asked.replied_at.is_none()).collect();
            if open.is_empty() {
                return Err(AppError::Conflict("the 2nd level waits for no reply".into()));
            }
            store::reply(tx, id, &text, &caller.actor.name, now)?;
            let event = Event::EscalationReplied { escalation: id, text: text.clone() };
            advance(tx, &mut ticket, Move::Work, &caller.actor, &event, now)?;
            let mut after = found.clone();
            timing::go_on(tx, &context, &mut after, &ticket, now)?;
            save(tx, &found, &mut after, now)?;
            tell(tx, &context, &after, &ticket, &open, &text, now)?;
            Ok((after, ticket))
        })
    };
    escalations.desk().db.write(work).await
}

/// Writes the reply to whoever asked; where that was nobody in particular, to the contact whose turn it is.
fn tell(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    open: &[Question],
    text: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let current = found.current().map(|step| step.contact.id.clone());
    let mut askers: Vec<Slug> = open.iter().filter_map(|asked| asked.contact.clone().or(current.clone())).collect();
    askers.sort();
    askers.dedup();
    let Some(last) = open.last() else { return Ok(()) };
    for contact in contacts_of(tx, &askers)? {
        let own = |asked: &&Question| asked.contact.as_ref().is_none_or(|asker| *asker == contact.slug);
        let questions = open.iter().filter(own).map(|asked| asked.question.clone()).collect();
        let replied = Replied { key: last.id, questions, text: text.to_owned() };
        step::send_with(tx, escalations, found, ticket, &contact, Occasion::Replied, Some(replied), now)?;
    }
    Ok(())
}

/// The person has replied; the clock goes on, and a ticket whose 2nd level is still at it is with the 2nd level again.
pub async fn resume(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    text: String,
    repeat: Option<Once<Ticket>>,
) -> Result<Outcome<Ticket>, AppError> {
    check("text", &text)?;
    let clock_desk = escalations.desk().clone();
    let step = move |tx: &mut Tx, caller: &Caller, ticket: &mut Ticket, now: Timestamp| {
        promise::go_on(&clock_desk, ticket, now);
        advance(tx, ticket, Move::Resume, &caller.actor, &Event::Resumed { text }, now)?;
        if store::open_of(tx, ticket.id)?.is_empty() {
            return Ok(());
        }
        crate::tickets::advance_silently(tx, ticket, Move::Escalate, now)
    };
    assess::work_once(escalations.desk(), Action::NoteTicket, caller, at, repeat, step).await
}
