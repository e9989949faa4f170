//! The other side's word: acknowledge, answer, return, ask, by token or by signed link.
//!
//! Invariant: whoever the chain has reached may speak. Answering or returning acknowledges as well. Repeating an
//! acknowledgement changes nothing. An acknowledgement stops the chain and cancels reminders, never a first
//! message. Every word stands in the ticket's history with who said it.

use super::escalate::{ended, finish, save};
use super::escalation::{Escalation, EscalationMove, EscalationStatus, is_open, next};
use super::link::{self, DeadLink};
use super::{Escalations, store};
use std::net::IpAddr;

use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{Purpose, cancel_pending};
use crate::directory::contacts_of;
use crate::error::{AppError, Faults};
use crate::ids::EscalationId;
use crate::keys::Slug;
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, by_id, record};

/// How many characters an answer may have.
pub const LONGEST_ANSWER: usize = 8000;
/// How many the reason of a return may have.
pub const LONGEST_REASON: usize = 2000;
/// How many the other side's own number may have.
pub const LONGEST_REFERENCE: usize = 200;

/// Who speaks for the other side.
#[derive(Debug, Clone)]
pub enum Speaker {
    /// By token, about this escalation.
    Token(Box<Caller>, EscalationId),
    /// By the secret of a signed link, from this address.
    Link(String, Option<IpAddr>),
}

/// What they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// «Ich kümmere mich darum».
    Acknowledge {
        /// Their own number.
        reference: Option<String>,
    },
    /// The answer.
    Answer {
        /// What they know.
        text: String,
        /// Their own number.
        reference: Option<String>,
    },
    /// «Nicht zuständig», with the reason.
    Return {
        /// Why.
        reason: String,
    },
    /// A question to the central contact.
    Ask {
        /// What they need to know.
        question: String,
    },
}

/// How it ended for the speaker.
pub type Heard = Result<(Escalation, Ticket), DeadLink>;

/// Takes the other side's word.
pub async fn respond(escalations: &Escalations, speaker: Speaker, word: Word) -> Result<Heard, AppError> {
    if let Speaker::Token(caller, _) = &speaker {
        caller.may(Action::RespondEscalation)?;
    }
    validate(&word)?;
    let now = escalations.desk().clock.now();
    escalations
        .desk()
        .db
        .write(move |tx| {
            let (found, actor, contact) = match identify(tx, speaker, now)? {
                Ok(speaking) => speaking,
                Err(dead) => return Ok(Err(dead)),
            };
            let found = hear(tx, found, &actor, &contact, word, now)?;
            let ticket = by_id(tx, found.ticket)?;
            Ok(Ok((found, ticket)))
        })
        .await
}

fn validate(word: &Word) -> Result<(), AppError> {
    let mut faults = Faults::default();
    match word {
        Word::Acknowledge { reference } | Word::Answer { reference, .. } => {
            if let Some(reference) = reference {
                faults.text("reference", reference, LONGEST_REFERENCE);
            }
        }
        Word::Return { .. } | Word::Ask { .. } => {}
    }
    match word {
        Word::Answer { text, .. } => faults.text("text", text, LONGEST_ANSWER),
        Word::Return { reason } => faults.text("reason", reason, LONGEST_REASON),
        Word::Ask { question } => faults.text("question", question, 4000),
        Word::Acknowledge { .. } => {}
    }
    faults.finish()
}

type Speaking = (Escalation, Actor, String);

/// The escalation, and in whose name it is spoken. Somebody the chain has not reached finds nothing.
fn identify(tx: &mut Tx, speaker: Speaker, now: Timestamp) -> Result<Result<Speaking, DeadLink>, AppError> {
    match speaker {
        Speaker::Token(caller, id) => {
            let (found, ticket) = store::in_hand(tx, id)?.ok_or(AppError::NotFound)?;
            let reached = store::reached(tx, id)?;
            let own = caller.contacts(Action::RespondEscalation);
            let name = match reached.iter().find(|contact| own.contains(contact)) {
                Some(contact) => contact_name(tx, contact)?,
                None => {
                    caller.must_see(Action::RespondEscalation, Action::ReadEscalations, ticket.object())?;
                    caller.actor.name.clone()
                }
            };
            Ok(Ok((found, caller.actor, name)))
        }
        Speaker::Link(secret, address) => match link::open_to_act(tx, &secret, now)? {
            Err(dead) => Ok(Err(dead)),
            Ok((holder, found)) => {
                let name = contact_name(tx, &holder.contact)?;
                Ok(Ok((found, Actor::link(&name).at(address), name)))
            }
        },
    }
}

fn contact_name(tx: &mut Tx, slug: &Slug) -> Result<String, AppError> {
    let contact = contacts_of(tx, std::slice::from_ref(slug))?.pop();
    Ok(contact.map_or_else(|| slug.to_string(), |contact| contact.name))
}

/// What a word changes, in the caller's transaction; the escalation must be in hand.
pub(super) fn hear(
    tx: &mut Tx,
    found: Escalation,
    actor: &Actor,
    name: &str,
    word: Word,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let step = match &word {
        Word::Acknowledge { .. } => EscalationMove::Acknowledge,
        Word::Answer { .. } => EscalationMove::Answer,
        Word::Return { .. } => EscalationMove::Return,
        Word::Ask { .. } => EscalationMove::Ask,
    };
    let Some(to) = next(found.status, step) else {
        return Err(AppError::Conflict(format!("the escalation is {}; {step} is not possible any more", found.status)));
    };
    let repeated = found.status == EscalationStatus::Acknowledged
        && matches!(&word, Word::Acknowledge { reference } if reference.is_none() || reference == &found.reference);
    if repeated {
        return Ok(found);
    }
    let ticket = by_id(tx, found.ticket)?;
    let mut after = found.clone();
    after.status = to;
    after.acknowledge_by = None;
    if after.acknowledged_at.is_none() {
        after.acknowledged_at = Some(now);
        after.acknowledged_name = Some(name.to_owned());
    }
    let (event, told) = match word {
        Word::Acknowledge { reference } => {
            after.reference = reference.clone().or(after.reference);
            (Event::EscalationAcknowledged { escalation: found.id, reference }, None)
        }
        Word::Answer { text, reference } => {
            after.reference = reference.clone().or(after.reference);
            after.answer = Some(text.clone());
            (Event::EscalationAnswered { escalation: found.id, text, reference }, Some(NoticeKind::EscalationAnswered))
        }
        Word::Return { reason } => {
            after.return_reason = Some(reason.clone());
            (Event::EscalationReturned { escalation: found.id, reason }, Some(NoticeKind::EscalationReturned))
        }
        Word::Ask { question } => {
            (Event::EscalationAsked { escalation: found.id, question }, Some(NoticeKind::EscalationAsked))
        }
    };
    if !is_open(to) {
        finish(&mut after, to, now);
    }
    save(tx, &found, &mut after, now)?;
    record(tx, ticket.id, actor, &event, now)?;
    cancel_pending(tx, found.id.cast(), &[Purpose::Reminded])?;
    if let Some(kind) = told {
        notice::add(tx, &ticket, kind, name, now)?;
    }
    if !is_open(to) {
        ended(tx, ticket.id, now)?;
    }
    Ok(after)
}
