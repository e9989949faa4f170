//! The conversation about an escalation over JSON: questions and replies, comments, handing on.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};

use super::escalations::{EscalationAnswer, id, render, say, shape};
use super::{ApiResult, Nothing, Reason, Text, ok, send_outcome};
use crate::escalation::ask::{self, Question};
use crate::escalation::hand_on::{self, HandOn, Handover};
use crate::escalation::respond::Word;
use crate::escalation::{EscalationStep, browse};
use crate::http::State;
use crate::http::auth::{Command, Guard, right};
use crate::http::error::Problem;

/// What was asked and replied, and who handed on to whom.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Conversation {
    /// The questions of the 2nd level, earliest first; open while `replied_at` is empty.
    pub questions: Vec<Question>,
    /// Each handing on, done or proposed, earliest first.
    pub handovers: Vec<Handover>,
    /// Who is asked, in order, and why.
    pub chain: Vec<EscalationStep>,
    /// What the person added before the 2nd level was asked, earliest first.
    pub added: Vec<Added>,
    /// How many files there were then; they stay with the municipality.
    pub files: usize,
}

/// What a person added to their request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Added {
    /// When.
    pub at: crate::clock::Timestamp,
    /// What they wrote.
    pub text: String,
}

/// A comment; a reference may be given.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// What they say, at most 8,000 characters.
    pub text: String,
    /// The other side's own number.
    pub reference: Option<String>,
}

/// The questions and replies, and who handed on to whom.
#[utoipa::path(get, operation_id = "conversation", path = "/api/v1/escalations/{escalation}/conversation", params(("escalation" = String, Path)), tag = "escalations",
    responses((status = 200, body = Conversation), (status = 404, body = Problem)))]
pub async fn show(state: Data<State>, guard: Guard<right::ReadEscalations>, at: Path<String>) -> ApiResult {
    let found = browse::conversation(&state.escalations, guard.caller, id(&at)?).await?;
    let added = found.added.into_iter().map(|(at, text)| Added { at, text }).collect();
    let (questions, handovers, chain) = (found.questions, found.handovers, found.escalation.chain);
    ok(&Conversation { questions, handovers, chain, added, files: found.files })
}

/// Reply to what the 2nd level asks.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/reply", params(("escalation" = String, Path)), request_body = Text, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = Problem)))]
pub async fn reply(state: Data<State>, command: Command<right::AssessTicket, Text>, at: Path<String>) -> ApiResult {
    let render = render(&state);
    let once = command.once(Arc::new(render.clone()))?;
    let text = command.body.text;
    send_outcome(ask::reply(&state.escalations, command.caller, id(&at)?, text, once).await?, render)
}

/// Say something that decides nothing, as the 2nd level.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/comment", params(("escalation" = String, Path)), request_body = Comment, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = Problem)))]
pub async fn comment(
    state: Data<State>,
    command: Command<right::RespondEscalation, Comment>,
    at: Path<String>,
) -> ApiResult {
    say(&state, command, &at, |body| Word::Comment { text: body.text, reference: body.reference }).await
}

/// Give it to somebody else, as the 2nd level: at once among colleagues, else as a proposal.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/hand_on", params(("escalation" = String, Path)), request_body = HandOn, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn hand_on(
    state: Data<State>,
    command: Command<right::RespondEscalation, HandOn>,
    at: Path<String>,
) -> ApiResult {
    say(&state, command, &at, Word::HandOn).await
}

/// Give it to somebody else, as the central contact.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/forward", params(("escalation" = String, Path)), request_body = HandOn, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn forward(state: Data<State>, command: Command<right::AssessTicket, HandOn>, at: Path<String>) -> ApiResult {
    let render = render(&state);
    let once = command.once(Arc::new(render.clone()))?;
    send_outcome(hand_on::forward(&state.escalations, command.caller, id(&at)?, command.body, once).await?, render)
}

/// Do what the 2nd level proposed.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/handovers/{handover}/confirm", params(("escalation" = String, Path), ("handover" = String, Path)), request_body = Nothing, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = Problem)))]
pub async fn confirm(
    state: Data<State>,
    command: Command<right::AssessTicket, Nothing>,
    at: Path<(String, String)>,
) -> ApiResult {
    let (found, ticket) = hand_on::confirm(&state.escalations, command.caller, (id(&at.0)?, id(&at.1)?)).await?;
    ok(&shape(&found, &ticket, state.directory()))
}

/// Decline what the 2nd level proposed, with the reason.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/handovers/{handover}/decline", params(("escalation" = String, Path), ("handover" = String, Path)), request_body = Reason, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = Problem)))]
pub async fn decline(
    state: Data<State>,
    command: Command<right::AssessTicket, Reason>,
    at: Path<(String, String)>,
) -> ApiResult {
    let (which, reason) = ((id(&at.0)?, id(&at.1)?), command.body.reason);
    let (found, ticket) = hand_on::decline(&state.escalations, command.caller, which, reason).await?;
    ok(&shape(&found, &ticket, state.directory()))
}
