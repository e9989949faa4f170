//! What a person makes of a mail: the 2nd level's comment or answer, a note on a request, a new request, or nothing.
//!
//! Invariant: one mail is decided once, by the state it was seen in; who, what and when stand beside it, in the audit
//! log, and in the history of the request it goes to, in the same transaction.

use serde::Deserialize;

use super::browse::{content_of, visible};
use super::mail::MailState;
use super::request::{self, Place, gone};
use super::store::{self, Decision};
use super::{Inbound, InboundMail};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::db::Tx;
use crate::error::{AppError, Faults};
use crate::escalation::comment::{Spoken, asked, hear_mail};
use crate::escalation::respond::Word;
use crate::ids::{EscalationId, InboundId};
use crate::tickets::ticket::Category;
use crate::tickets::{Event, TicketRef, in_hand, record};

/// What is to become of a mail.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decide {
    /// A comment of the 2nd level.
    Comment {
        /// On this escalation.
        escalation: EscalationId,
    },
    /// The 2nd level's answer.
    Answer {
        /// To this escalation.
        escalation: EscalationId,
    },
    /// A note on a request that is there.
    Note {
        /// Its id or number.
        ticket: String,
    },
    /// A new request.
    Ticket {
        /// About this service.
        service: String,
        /// In this municipality.
        ars: String,
        /// What about.
        category: Category,
    },
    /// Nothing.
    Dismiss {
        /// Why.
        reason: String,
    },
}

/// Decides about a mail.
pub async fn decide(inbound: &Inbound, caller: Caller, id: InboundId, what: Decide) -> Result<InboundMail, AppError> {
    caller.may(Action::DecideInbound)?;
    let desk = inbound.escalations().desk();
    let (asking, reader) = (caller.clone(), caller.clone());
    desk.db.read(move |conn| open_mail(visible(conn, &asking, Action::DecideInbound, id)?.0.state)).await?;
    match what {
        Decide::Ticket { service, ars, category } => {
            request::make(inbound, &caller, id, Place { service, ars, category }).await?;
        }
        other => {
            let context = inbound.clone();
            desk.db.write(move |tx| put_to_use(tx, &context, &caller, id, other)).await?;
        }
    }
    // Whoever decided sees what came of it, also where the mail went to a region that is not theirs.
    let row = desk.db.read(move |conn| super::browse::row_of(conn, id)).await?;
    tracing::debug!(mail = %id, by = reader.actor.kind.as_str(), "a mail was decided about");
    Ok(row.apart()?.0)
}

fn open_mail(state: MailState) -> Result<(), AppError> {
    match state.is_open() {
        true => Ok(()),
        false => Err(AppError::Conflict(format!("the mail is {state}; it was decided about already"))),
    }
}

fn put_to_use(tx: &mut Tx, inbound: &Inbound, caller: &Caller, id: InboundId, what: Decide) -> Result<(), AppError> {
    let desk = inbound.escalations().desk();
    let now = desk.clock.now();
    let (row, _) = visible(tx, caller, Action::DecideInbound, id)?;
    open_mail(row.state)?;
    let content = content_of(tx, &desk.sealer, &row)?;
    let text = content.as_ref().map(|content| match content.text.is_empty() {
        true => content.whole_text(),
        false => content.text.clone(),
    });
    let mut decision = Decision {
        state: MailState::Decided,
        escalation: row.escalation_id,
        ticket: row.ticket_id,
        by: &caller.actor,
        words: "",
        at: now,
    };
    match &what {
        Decide::Comment { escalation } | Decide::Answer { escalation } => {
            let text = text.filter(|text| !text.is_empty()).ok_or_else(gone)?;
            let found = asked(tx, *escalation)?.ok_or_else(|| unknown("escalation"))?;
            seen(caller, found.ticket.object(), "escalation")?;
            let is_answer = matches!(what, Decide::Answer { .. });
            if is_answer && !crate::escalation::escalation::is_open(found.escalation.status) {
                let status = found.escalation.status;
                return Err(AppError::Conflict(format!("the escalation is {status}; it cannot be answered any more")));
            }
            let (word, comment) = match is_answer {
                true => (Some(Word::Answer { text, reference: None }), String::new()),
                false => (None, text),
            };
            let speaker = caller.actor.clone();
            let spoken =
                Spoken { escalation: *escalation, speaker, contact: None, word, comment, reference: None, mail: id };
            hear_mail(tx, inbound.escalations(), spoken, now)?;
            (decision.escalation, decision.ticket) = (Some(*escalation), Some(found.ticket.id));
            decision.words = if is_answer { "answer" } else { "comment" };
        }
        Decide::Note { ticket } => {
            let text = text.filter(|text| !text.is_empty()).ok_or_else(gone)?;
            let at: TicketRef = ticket.parse().map_err(|_| unknown("ticket"))?;
            let ticket = match in_hand(tx, caller, Action::NoteTicket, &at) {
                Err(AppError::NotFound) => return Err(unknown("ticket")),
                found => found?,
            };
            let text = text.chars().take(8_000).collect();
            record(tx, ticket.id, &caller.actor, &Event::Noted { text }, now)?;
            (decision.ticket, decision.words) = (Some(ticket.id), "note");
        }
        Decide::Dismiss { reason } => {
            let mut faults = Faults::default();
            faults.text("reason", reason, 500);
            faults.finish()?;
            (decision.state, decision.words) = (MailState::Dismissed, reason);
        }
        // Made outside of this transaction.
        Decide::Ticket { .. } => return Err(AppError::internal("a request is made by `request.rs`")),
    }
    settle(tx, id, row.state, &decision)
}

/// Notes what was decided, with the audit log.
pub(super) fn settle(tx: &mut Tx, id: InboundId, from: MailState, decision: &Decision<'_>) -> Result<(), AppError> {
    if !store::decide(tx, id, from, decision)? {
        return Err(AppError::Conflict("somebody else decided about this mail just now; read it again".into()));
    }
    let is_reason = decision.state == MailState::Dismissed;
    let trail = serde_json::json!({
        "state": decision.state,
        "decision": if is_reason { "dismiss" } else { decision.words },
        "ticket": decision.ticket,
        "escalation": decision.escalation,
    });
    let (action, object) = (AuditAction::InboundDecided, (ObjectKind::Inbound, &id as _));
    audit::record(tx, decision.by, action, object, Trail::after(&trail), decision.at)
}

fn seen(caller: &Caller, object: crate::access::Object, field: &str) -> Result<(), AppError> {
    match caller.must_see(Action::AssessTicket, Action::ReadTickets, object) {
        Err(AppError::NotFound) => Err(unknown(field)),
        other => other,
    }
}

fn unknown(field: &str) -> AppError {
    AppError::field(field, format!("there is no such {field}, or it is not yours"))
}
