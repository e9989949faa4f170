//! The other side's word: acknowledge, answer, return, ask, comment, hand on, by token, signed link, or otherwise known.
//!
//! Invariant: whoever the chain has reached may speak. Answering or returning acknowledges as well. Repeating an
//! acknowledgement changes nothing. An acknowledgement stops the chain and cancels reminders, never a first
//! message. Every word stands in the ticket's history with who said it, and beside the contact as its last.

use super::escalate::{ended, finish, save};
use super::escalation::{Escalation, EscalationMove, EscalationStatus, is_open, next};
use super::hand_on::{self, HandOn};
use super::link::{self, DeadLink};
use super::{Escalations, ask, store, timing};
use std::net::IpAddr;

use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
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
/// How many a question may have.
pub const LONGEST_QUESTION: usize = 4000;
/// How many the other side's own number may have.
pub const LONGEST_REFERENCE: usize = 200;

/// Who speaks for the other side.
#[derive(Debug, Clone)]
pub enum Speaker {
    /// By token, about this escalation.
    Token(Box<Caller>, EscalationId),
    /// By the secret of a signed link, from this address.
    Link(String, Option<IpAddr>),
    /// A contact known in another way, such as by the signature of its system, about this escalation.
    Contact(Slug, Actor, EscalationId),
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
    /// Something that decides nothing.
    Comment {
        /// What they say.
        text: String,
        /// Their own number.
        reference: Option<String>,
    },
    /// Somebody else is to answer.
    HandOn(HandOn),
}

impl Word {
    /// Its name, as in the addresses of pages and callbacks.
    pub fn as_str(&self) -> &'static str {
        self.step().as_str()
    }

    fn step(&self) -> EscalationMove {
        match self {
            Self::Acknowledge { .. } => EscalationMove::Acknowledge,
            Self::Answer { .. } => EscalationMove::Answer,
            Self::Return { .. } => EscalationMove::Return,
            Self::Ask { .. } => EscalationMove::Ask,
            Self::Comment { .. } => EscalationMove::Comment,
            Self::HandOn(_) => EscalationMove::HandOn,
        }
    }
}

/// How it ended for the speaker.
pub type Heard = Result<(Escalation, Ticket), DeadLink>;

/// Takes the other side's word.
pub async fn respond(escalations: &Escalations, speaker: Speaker, word: Word) -> Result<Heard, AppError> {
    let context = escalations.clone();
    escalations.desk().db.write(move |tx| speak(tx, &context, speaker, word)).await
}

/// Takes the word of a token's holder, who may repeat it.
pub async fn respond_once(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
    word: Word,
    repeat: Option<Once<(Escalation, Ticket)>>,
) -> Result<Outcome<(Escalation, Ticket)>, AppError> {
    caller.may(Action::RespondEscalation)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let speaker = Speaker::Token(Box::new(caller), id);
            // A token is no link; a dead link cannot come of it.
            speak(tx, &context, speaker, word)?.map_err(|_| AppError::NotFound)
        })
    };
    escalations.desk().db.write(work).await
}

/// Takes a word as part of the caller's write.
pub(crate) fn speak(tx: &mut Tx, escalations: &Escalations, speaker: Speaker, word: Word) -> Result<Heard, AppError> {
    if let Speaker::Token(caller, _) = &speaker {
        caller.may(Action::RespondEscalation)?;
    }
    validate(&word)?;
    let now = escalations.desk().clock.now();
    let voice = match identify(tx, speaker, now)? {
        Ok(voice) => voice,
        Err(dead) => return Ok(Err(dead)),
    };
    let name = word.as_str();
    let found = hear(tx, escalations, &voice, word, now)?;
    if let Some(contact) = &voice.contact {
        store::note_word(tx, found.id, contact, name, now)?;
    }
    let ticket = by_id(tx, found.ticket)?;
    Ok(Ok(found.told(ticket)))
}

fn validate(word: &Word) -> Result<(), AppError> {
    let mut faults = Faults::default();
    match word {
        Word::Acknowledge { reference } | Word::Answer { reference, .. } | Word::Comment { reference, .. } => {
            if let Some(reference) = reference {
                faults.text("reference", reference, LONGEST_REFERENCE);
            }
        }
        Word::HandOn(wanted) => return wanted.check(),
        Word::Return { .. } | Word::Ask { .. } => {}
    }
    match word {
        Word::Answer { text, .. } | Word::Comment { text, .. } => faults.text("text", text, LONGEST_ANSWER),
        Word::Return { reason } => faults.text("reason", reason, LONGEST_REASON),
        Word::Ask { question } => faults.text("question", question, LONGEST_QUESTION),
        Word::Acknowledge { .. } | Word::HandOn(_) => {}
    }
    faults.finish()
}

/// Who speaks, about what.
pub(super) struct Voice {
    /// The escalation, in hand.
    pub found: Escalation,
    /// As histories show it.
    pub actor: Actor,
    /// The contact, where one speaks or is spoken for.
    pub contact: Option<Slug>,
    /// The name.
    pub name: String,
}

/// The escalation, and in whose name it is spoken. Somebody the chain has not reached finds nothing.
fn identify(tx: &mut Tx, speaker: Speaker, now: Timestamp) -> Result<Result<Voice, DeadLink>, AppError> {
    match speaker {
        Speaker::Token(caller, id) => {
            let (found, ticket) = store::in_hand(tx, id)?.ok_or(AppError::NotFound)?;
            let reached = store::reached(tx, id)?;
            let own = caller.contacts(Action::RespondEscalation);
            let contact = reached.into_iter().rfind(|contact| own.contains(contact));
            let name = match &contact {
                Some(contact) => contact_name(tx, contact)?,
                None => {
                    caller.must_see(Action::RespondEscalation, Action::ReadEscalations, ticket.object())?;
                    caller.actor.name.clone()
                }
            };
            Ok(Ok(Voice { found, actor: caller.actor, contact, name }))
        }
        Speaker::Link(secret, address) => match link::open_to_act(tx, &secret, now)? {
            Err(dead) => Ok(Err(dead)),
            Ok((holder, found)) => {
                let name = contact_name(tx, &holder.contact)?;
                let actor = Actor::link(&name).at(address);
                Ok(Ok(Voice { found, actor, contact: Some(holder.contact), name }))
            }
        },
        Speaker::Contact(contact, actor, id) => {
            let (found, _) = store::in_hand(tx, id)?.ok_or(AppError::NotFound)?;
            if !store::reached(tx, id)?.contains(&contact) {
                return Err(AppError::NotFound);
            }
            let name = contact_name(tx, &contact)?;
            Ok(Ok(Voice { found, actor, contact: Some(contact), name }))
        }
    }
}

fn contact_name(conn: &mut Conn, slug: &Slug) -> Result<String, AppError> {
    let contact = contacts_of(conn, std::slice::from_ref(slug))?.pop();
    Ok(contact.map_or_else(|| slug.to_string(), |contact| contact.name))
}

/// By whose word it ended, by name, which need not be who took it.
pub(super) fn ended_by(conn: &mut Conn, found: &Escalation) -> Result<Option<String>, AppError> {
    let word = match found.status {
        EscalationStatus::Answered => EscalationMove::Answer,
        EscalationStatus::Returned => EscalationMove::Return,
        _ => return Ok(None),
    };
    match store::who_said(conn, found.id, word.as_str())? {
        Some(contact) => contact_name(conn, &contact).map(Some),
        // Where no contact spoke, whoever ended it is known if the same word took it.
        None => Ok(found.acknowledged_name.clone().filter(|_| found.acknowledged_at == found.ended_at)),
    }
}

/// What a word changes, in the caller's transaction.
pub(super) fn hear(
    tx: &mut Tx,
    escalations: &Escalations,
    voice: &Voice,
    word: Word,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let (found, step) = (&voice.found, word.step());
    let Some(to) = next(found.status, step) else {
        return Err(AppError::Conflict(format!("the escalation is {}; {step} is not possible any more", found.status)));
    };
    let repeated = found.status == EscalationStatus::Acknowledged
        && matches!(&word, Word::Acknowledge { reference } if reference.is_none() || reference == &found.reference);
    if repeated {
        return Ok(found.clone());
    }
    let ticket = by_id(tx, found.ticket)?;
    match word {
        Word::Comment { text, reference } => comment(tx, &ticket, voice, text, reference, now),
        Word::HandOn(wanted) => {
            let from = (voice.contact.as_ref(), voice.name.as_str());
            hand_on::by_second_level(tx, escalations, (found, &ticket), (&voice.actor, from), &wanted, now)
        }
        word => decide(tx, escalations, &ticket, voice, word, to, now),
    }
}

/// Keeps their own number, for all to see and beside the contact.
fn refer(tx: &mut Tx, after: &mut Escalation, voice: &Voice, reference: &Option<String>) -> Result<(), AppError> {
    let Some(reference) = reference else { return Ok(()) };
    after.reference = Some(reference.clone());
    match &voice.contact {
        Some(contact) => store::note_reference(tx, after.id, contact, Some(reference), None),
        None => Ok(()),
    }
}

fn comment(
    tx: &mut Tx,
    ticket: &Ticket,
    voice: &Voice,
    text: String,
    reference: Option<String>,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let mut after = voice.found.clone();
    if reference.is_some() {
        refer(tx, &mut after, voice, &reference)?;
        save(tx, &voice.found, &mut after, now)?;
    }
    let event = Event::EscalationCommented { escalation: after.id, text, reference, mail: None };
    record(tx, ticket.id, &voice.actor, &event, now)?;
    notice::add(tx, ticket, NoticeKind::EscalationCommented, &voice.name, now)?;
    Ok(after)
}

/// A word that changes where the escalation stands.
fn decide(
    tx: &mut Tx,
    escalations: &Escalations,
    ticket: &Ticket,
    voice: &Voice,
    word: Word,
    to: EscalationStatus,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let (found, name, step) = (&voice.found, voice.name.as_str(), word.step());
    let mut after = found.clone();
    after.status = to;
    after.acknowledge_by = None;
    if after.acknowledged_at.is_none() {
        after.acknowledged_at = Some(now);
        after.acknowledged_name = Some(name.to_owned());
        after.acknowledged_contact.clone_from(&voice.contact);
    }
    let (event, told) = match word {
        Word::Acknowledge { reference } => {
            refer(tx, &mut after, voice, &reference)?;
            (Event::EscalationAcknowledged { escalation: found.id, reference }, None)
        }
        Word::Answer { text, reference } => {
            refer(tx, &mut after, voice, &reference)?;
            after.answer = Some(text.clone());
            (Event::EscalationAnswered { escalation: found.id, text, reference }, Some(NoticeKind::EscalationAnswered))
        }
        Word::Return { reason } => {
            after.return_reason = Some(reason.clone());
            (Event::EscalationReturned { escalation: found.id, reason }, Some(NoticeKind::EscalationReturned))
        }
        Word::Ask { question } => {
            ask::put(tx, found, (voice.contact.as_ref(), name), &question, now)?;
            (Event::EscalationAsked { escalation: found.id, question }, Some(NoticeKind::EscalationAsked))
        }
        Word::Comment { .. } | Word::HandOn(_) => return Err(AppError::internal("a word that decides nothing")),
    };
    if !is_open(to) {
        finish(&mut after, to, now);
    } else if found.status != EscalationStatus::Acknowledged {
        timing::begin_answer(tx, escalations, &mut after, ticket, now)?;
        if found.emergency {
            notice::add(tx, ticket, NoticeKind::EmergencyTaken, name, now)?;
        }
    }
    if step == EscalationMove::Ask {
        timing::pause(&mut after, now);
    }
    save(tx, found, &mut after, now)?;
    record(tx, ticket.id, &voice.actor, &event, now)?;
    cancel_pending(tx, found.id.cast(), &[Purpose::Reminded])?;
    if let Some(kind) = told {
        notice::add(tx, ticket, kind, name, now)?;
    }
    if !is_open(to) {
        ended(tx, ticket.id, now)?;
    }
    Ok(after)
}
