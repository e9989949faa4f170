//! What a mail of the 2nd level changes: its word, where it says one plainly, and else a comment for the central
//! contact to judge.
//!
//! Invariant: called inside the write that stores the mail, so that there is never one without the other. A word that
//! the state does not allow any more (somebody answered meanwhile) becomes a comment: nothing written is lost. Who may
//! speak is judged before, in `inbound/`.

use super::escalation::{Escalation, is_open};
use super::hand_on::HandOn;
use super::respond::{self, LONGEST_ANSWER, LONGEST_REASON, Voice, Word};
use super::{Escalations, escalate, store};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::{Contact, contacts_of};
use crate::error::AppError;
use crate::ids::{EscalationId, InboundId};
use crate::keys::Slug;
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, by_id, record};

/// What a mail says.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// About this escalation.
    pub escalation: EscalationId,
    /// In whose name, as histories show it.
    pub speaker: Actor,
    /// The contact, where it is one.
    pub contact: Option<Slug>,
    /// The word, where there is one.
    pub word: Option<Word>,
    /// What else is written.
    pub comment: String,
    /// The other side's own number, where one was found.
    pub reference: Option<String>,
    /// The mail.
    pub mail: InboundId,
}

/// An escalation with its ticket and the contacts its chain has reached.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The escalation.
    pub escalation: Escalation,
    /// Its request.
    pub ticket: Ticket,
    /// Who was asked.
    pub contacts: Vec<Contact>,
}

/// Whom an escalation has reached; `None` where there is no such escalation.
pub fn asked(conn: &mut Conn, id: EscalationId) -> Result<Option<Asked>, AppError> {
    let Some(escalation) = store::find(conn, id)? else { return Ok(None) };
    let ticket = by_id(conn, escalation.ticket)?;
    let reached = store::reached(conn, id)?;
    Ok(Some(Asked { contacts: contacts_of(conn, &reached)?, escalation, ticket }))
}

/// Takes what a mail says.
pub fn hear_mail(
    tx: &mut Tx,
    escalations: &Escalations,
    spoken: Spoken,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let (mut found, _) = store::in_hand(tx, spoken.escalation)?.ok_or(AppError::NotFound)?;
    let mut comment = spoken.comment;
    if let Some(word) = spoken.word {
        match fits(&found, &word) {
            true => {
                let name = spoken.speaker.name.clone();
                let voice = Voice { found, actor: spoken.speaker.clone(), contact: spoken.contact.clone(), name };
                let said = word.as_str();
                found = respond::hear(tx, escalations, &voice, word, now)?;
                if let Some(contact) = &spoken.contact {
                    store::note_word(tx, found.id, contact, said, now)?;
                }
            }
            false => comment = [text_of(word), comment].join("\n").trim().to_owned(),
        }
    }
    if let Some(reference) = spoken.reference.clone().filter(|_| found.reference.is_none()) {
        let before = found.clone();
        if let Some(contact) = &spoken.contact {
            store::note_reference(tx, found.id, contact, Some(&reference), None)?;
        }
        found.reference = Some(reference);
        escalate::save(tx, &before, &mut found, now)?;
    }
    if !comment.is_empty() {
        let ticket = by_id(tx, found.ticket)?;
        let (text, reference) = (shortened(&comment), spoken.reference);
        let event = Event::EscalationCommented { escalation: found.id, text, reference, mail: Some(spoken.mail) };
        record(tx, ticket.id, &spoken.speaker, &event, now)?;
        notice::add(tx, &ticket, NoticeKind::EscalationCommented, &spoken.speaker.name, now)?;
    }
    Ok(found)
}

/// True where the state allows the word, and it is no longer than one by token or link may be.
fn fits(found: &Escalation, word: &Word) -> bool {
    let length = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    is_open(found.status)
        && match word {
            Word::Answer { text, .. } => length(text, LONGEST_ANSWER),
            Word::Return { reason } => length(reason, LONGEST_REASON),
            Word::Acknowledge { .. } | Word::Ask { .. } | Word::Comment { .. } | Word::HandOn(_) => true,
        }
}

fn text_of(word: Word) -> String {
    match word {
        Word::Acknowledge { .. } => "Übernommen".to_owned(),
        Word::Answer { text, .. } | Word::Comment { text, .. } => text,
        Word::Return { reason } | Word::HandOn(HandOn { reason, .. }) => reason,
        Word::Ask { question } => question,
    }
}

/// A text that a history can hold; the mail itself has it whole.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ANSWER) {
        Some((end, _)) => format!("{} […]", &text[..end]),
        None => text.to_owned(),
    }
}
