//! What is kept about a request: handing all of it out (Art. 15 GDPR), and deleting what is personal (Art. 17 GDPR).
//!
//! Invariant: both stand in the ticket's history and in the audit log, in the same transaction. What goes: the key and
//! with it everything sealed, name and addresses, every text anybody wrote about it, and every message about it. What
//! stays: number, service, place, states, and who did what when. What is erased here may live on in backups and in the
//! mailboxes of those who were written to.

use super::ask::Question;
use super::escalation::Escalation;
use super::hand_on::Handover;
use super::{Escalations, store};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{self, Content, Delivery, Purpose};
use crate::error::AppError;
use crate::ids::{DeliveryId, EscalationId};
use crate::tickets::assess::check;
use crate::tickets::attachments::{self, Attachment};
use crate::tickets::history::{ERASED, HistoryEntry};
use crate::tickets::public_form::link;
use crate::tickets::ticket::{Reporter, Ticket};
use crate::tickets::{Desk, TicketRef, browse, in_hand, personal_data, reporter, visible};

/// All that is kept about a request.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The request.
    pub ticket: Ticket,
    /// Who asked, if they said so and it was not erased.
    pub reporter: Option<Reporter>,
    /// What happened.
    pub history: Vec<HistoryEntry>,
    /// What the 2nd level was asked, and said.
    pub escalations: Vec<Escalation>,
    /// What was asked back, replied and handed on about each of them.
    pub conversations: Vec<Conversation>,
    /// What was sent, to whom, and how it went.
    pub deliveries: Vec<Delivery>,
    /// What was written to the person. What went to the 2nd level says no more than the escalations do, but holds links
    /// that speak for whoever has them.
    pub letters: Vec<Letter>,
    /// Its files, without their bytes.
    pub attachments: Vec<Attachment>,
}

/// What was asked back and handed on.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
#[schema(as = KeptConversation)]
pub struct Conversation {
    /// About which escalation.
    pub escalation: EscalationId,
    /// The questions of the 2nd level and the replies.
    pub questions: Vec<Question>,
    /// Who handed on to whom, and why.
    pub handovers: Vec<Handover>,
}

/// A message to the person.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Letter {
    /// Which of the deliveries.
    pub delivery: DeliveryId,
    /// Where it went.
    pub to: String,
    /// What it was about.
    pub subject: String,
    /// What it said.
    pub text: String,
}

/// Hands out all that is kept about a request but mail that came in, which `inbound/personal_data.rs` adds; recorded.
pub fn export(tx: &mut Tx, desk: &Desk, caller: &Caller, at: &TicketRef, now: Timestamp) -> Result<Kept, AppError> {
    let ticket = visible(tx, caller, Action::ExportPersonalData, at)?;
    let opened = reporter::open(tx, &desk.sealer, &ticket, &caller.actor, "Auskunft nach Art. 15 DSGVO", now)?;
    let object = (ObjectKind::Ticket, &ticket.id as _);
    audit::record(tx, &caller.actor, AuditAction::TicketExported, object, Trail::none(), now)?;
    let escalations = store::of_ticket(tx, ticket.id)?;
    let mut deliveries = delivery::deliveries_of(tx, ticket.id.cast())?;
    let mut conversations = Vec::new();
    for found in &escalations {
        deliveries.extend(delivery::deliveries_of(tx, found.id.cast())?);
        let (questions, handovers) = (store::questions(tx, found.id)?, store::handovers(tx, found.id)?);
        conversations.push(Conversation { escalation: found.id, questions, handovers });
    }
    let letters = letters(tx, desk, &deliveries)?;
    let history = browse::entries(tx, ticket.id)?;
    let reporter = opened.map(|(reporter, _)| reporter);
    let attachments = attachments::of(tx, desk, ticket.id)?;
    Ok(Kept { reporter, history, escalations, conversations, deliveries, letters, attachments, ticket })
}

/// What those that went to the person said.
pub fn letters(tx: &mut Tx, desk: &Desk, deliveries: &[Delivery]) -> Result<Vec<Letter>, AppError> {
    let mut letters = Vec::new();
    for sent in deliveries.iter().filter(|sent| sent.purpose == Purpose::Reply) {
        if let Some(Content::Mail(mail)) = delivery::said_in(tx, &desk.sealer, sent.id)? {
            let (to, subject, text) = (mail.to.to_string(), mail.subject, link::without_secrets(&mail.text));
            letters.push(Letter { delivery: sent.id, to, subject, text });
        }
    }
    Ok(letters)
}

/// Deletes who asked and what was written; recorded, with the reason. `Conflict` while the request is worked on.
pub async fn erase(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    reason: String,
) -> Result<Ticket, AppError> {
    caller.may(Action::ErasePersonalData)?;
    check("reason", &reason)?;
    let (desk, now) = (escalations.desk().clone(), escalations.desk().clock.now());
    escalations
        .desk()
        .db
        .write(move |tx| {
            let mut ticket = in_hand(tx, &caller, Action::ErasePersonalData, &at)?;
            personal_data::erase(tx, &desk, &mut ticket, &caller.actor, &reason, now)?;
            // A notice may tell of other requests too, which nobody would hear of; this one's subject is out of it.
            delivery::purge_except(tx, ticket.id.cast(), Purpose::Notice)?;
            for found in store::of_ticket(tx, ticket.id)? {
                store::erase(tx, found.id, ERASED)?;
                delivery::purge(tx, found.id.cast())?;
            }
            Ok(ticket)
        })
        .await
}
