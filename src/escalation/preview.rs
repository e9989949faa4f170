//! What an escalation would do, before it does: who is asked and why, and exactly what they would read.
//!
//! Invariant: changes nothing; opens no personal data, but says whether a contact would be given it.

use serde::Serialize;

use super::escalate::{Escalate, New, chain_for};
use super::escalation::{EscalationStep, Withheld};
use super::message::{self, Facts, Occasion};
use super::{Escalations, step, timing};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::delivery::Channel;
use crate::delivery::adapter::masked;
use crate::directory::contacts::Webhook;
use crate::directory::contacts_of;
use crate::error::AppError;
use crate::tickets::reading::note_reading;
use crate::tickets::ticket::{Warning, warnings};
use crate::tickets::{TicketRef, visible};

/// What would happen.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// Who would be asked, in order, and why.
    pub chain: Vec<EscalationStep>,
    /// Who would be passed over, and why.
    pub skipped: Vec<EscalationStep>,
    /// When the second would be asked.
    pub acknowledge_by: Timestamp,
    /// When the first would have to answer if they took it now; for the page, the text says it too.
    #[serde(skip)]
    #[schema(ignore)]
    pub answer_if_taken: Option<Timestamp>,
    /// The ways by which the first would be told.
    pub ways: Vec<Channel>,
    /// Whether they would be told who asked.
    pub discloses_reporter: bool,
    /// Whether they may be told who asked, unless that is withheld.
    pub may_disclose_reporter: bool,
    /// What looks like a birth date, an identity or a payment number in what would be sent.
    pub warnings: Vec<Warning>,
    /// The mail's subject.
    pub subject: String,
    /// The mail's text.
    pub text: String,
    /// What the webhook would be sent, in the words of its adapter where it has one; its secrets as their names.
    #[schema(value_type = Option<Object>)]
    pub webhook: Option<serde_json::Value>,
}

fn payload(webhook: &Webhook, facts: &Facts) -> Result<serde_json::Value, AppError> {
    let body = match &webhook.adapter {
        None => message::webhook_body(facts).map_err(AppError::internal)?,
        Some(adapter) => {
            let made = message::adapted(adapter, facts, &(None, None));
            masked(&made.map_err(|fault| AppError::field("contact_id", fault))?.1)
        }
    };
    serde_json::from_str(&body).map_err(AppError::internal)
}

/// Shows what [`super::escalate::escalate`] would do.
pub async fn preview(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    command: Escalate,
) -> Result<Preview, AppError> {
    caller.may(Action::EscalateTicket)?;
    command.check()?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let reader = caller.clone();
    let (ticket, preview) = escalations
        .desk()
        .db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::EscalateTicket, &at)?;
            let (chain, skipped) = chain_for(conn, &context, &caller, &ticket, &command, now)?;
            let withheld = command.withhold;
            let new = New { kind: command.kind, note: command.note, chain, skipped, emergency: false, withheld };
            let mut imagined = new.begin(ticket.id, now);
            timing::begin_step(conn, &context, &mut imagined, &ticket, now)?;
            let acknowledge_by = imagined.acknowledge_by.unwrap_or(now);
            let first: Vec<_> = imagined.current().map(|s| s.contact.id.clone()).into_iter().collect();
            let contact = contacts_of(conn, &first)?.pop().ok_or(AppError::NotFound)?;
            let (to, occasion) = (contact.name.as_str(), Occasion::Created);
            let mut facts = step::facts(&context, &imagined, &ticket, to, occasion, "…", None, now);
            facts.answer_if_taken = timing::answer_if_taken(&context, &imagined, &ticket, &contact, now);
            step::complete(conn, &imagined, &mut facts)?;
            let mut ways = Vec::new();
            if contact.email.is_some() {
                ways.push(Channel::Email);
            }
            if contact.webhook.as_ref().is_some_and(|webhook| webhook.is_active()) {
                ways.push(Channel::Webhook);
            }
            let webhook = contact.webhook.as_ref().map(|webhook| payload(webhook, &facts)).transpose()?;
            let preview = Preview {
                warnings: warnings("text", &message::text(&facts)),
                may_disclose_reporter: contact.discloses_reporter,
                webhook,
                subject: message::subject(&facts),
                text: message::text(&facts),
                acknowledge_by,
                answer_if_taken: facts.answer_if_taken,
                ways,
                discloses_reporter: contact.discloses_reporter && !imagined.withholds(Withheld::Reporter),
                chain: imagined.chain,
                skipped: imagined.skipped,
            };
            Ok((ticket, preview))
        })
        .await?;
    note_reading(escalations.desk(), &reader, &ticket, "preview").await?;
    Ok(preview)
}
