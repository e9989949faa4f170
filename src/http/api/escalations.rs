//! Escalations and deliveries over JSON.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};

use super::tickets::{MunicipalityAnswer, TicketAnswer, shape as shape_ticket};
use super::{ApiResult, ListAnswer, Nothing, Reason, Text, created, done, limit, ok, send_outcome};
use crate::access::idempotency::Answer;
use crate::clock::Timestamp;
use crate::directory::{Directory, Kind};
use crate::error::AppError;
use crate::escalation::escalate::{Escalate, escalate as start_escalation, next_step_now};
use crate::escalation::escalation::Withheld;
use crate::escalation::respond::{Word, respond_once};
use crate::escalation::{Escalation, EscalationStatus, EscalationStep, browse, decide, other_way, preview as previews};
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::{DeliveryId, EscalationId, TicketId};
use crate::tickets::Ticket;

/// An escalation as it is answered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[allow(missing_docs)] // The fields are those of the escalation.
pub struct EscalationAnswer {
    pub id: EscalationId,
    pub ticket: EscalatedTicket,
    pub kind: Kind,
    pub status: EscalationStatus,
    pub note: String,
    pub chain: Vec<EscalationStep>,
    pub skipped: Vec<EscalationStep>,
    /// Whose turn it is: an index into `chain`, from 0.
    pub step: i32,
    pub acknowledge_by: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    pub acknowledged_by: Option<String>,
    /// Which contact, where one did or was spoken for.
    pub acknowledged_contact: Option<crate::keys::Slug>,
    /// The other side's own number.
    pub reference: Option<String>,
    pub answer: Option<String>,
    pub return_reason: Option<String>,
    pub emergency: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Until when whoever took it is to answer.
    pub answer_by: Option<Timestamp>,
    /// When somebody is reminded next.
    pub remind_at: Option<Timestamp>,
    /// How often somebody was reminded: of the present step or answer, or in an emergency in all.
    pub reminded: i32,
    /// Since when they wait for our answer to their question.
    pub paused_at: Option<Timestamp>,
    /// What of the person stays here.
    pub withheld: Vec<Withheld>,
}

/// What an escalation's reader may know of its ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[allow(missing_docs)]
pub struct EscalatedTicket {
    pub id: TicketId,
    pub number: crate::tickets::TicketNumber,
    pub status: crate::tickets::TicketStatus,
    pub service: crate::keys::Slug,
    pub municipality: MunicipalityAnswer,
    pub category: crate::tickets::ticket::Category,
    pub priority: crate::tickets::ticket::Priority,
    pub subject: String,
    pub description: String,
    pub context: std::collections::BTreeMap<String, String>,
}

/// Shapes an escalation for an answer.
pub fn shape(found: &Escalation, ticket: &Ticket, directory: &Directory) -> EscalationAnswer {
    let TicketAnswer {
        id,
        number,
        status,
        service,
        municipality,
        category,
        priority,
        subject,
        description,
        context,
        ..
    } = shape_ticket(ticket, directory);
    let ticket = EscalatedTicket {
        id,
        number,
        status,
        service,
        municipality,
        category,
        priority,
        subject,
        description,
        context,
    };
    let e = found.clone();
    EscalationAnswer {
        id: e.id,
        ticket,
        kind: e.kind,
        status: e.status,
        note: e.note,
        chain: e.chain,
        skipped: e.skipped,
        step: e.step,
        acknowledge_by: e.acknowledge_by,
        acknowledged_at: e.acknowledged_at,
        acknowledged_by: e.acknowledged_name,
        acknowledged_contact: e.acknowledged_contact,
        reference: e.reference,
        answer: e.answer,
        return_reason: e.return_reason,
        emergency: e.emergency,
        created_at: e.created_at,
        updated_at: e.updated_at,
        ended_at: e.ended_at,
        answer_by: e.answer_by,
        remind_at: e.remind_at,
        reminded: e.reminded,
        paused_at: e.paused_at,
        withheld: e.withheld,
    }
}

/// Hand a ticket to the 2nd level.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/escalations", params(("ticket" = String, Path)), request_body = Escalate, tag = "escalations",
    responses((status = 201, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn escalate(
    state: Data<State>,
    command: Command<right::EscalateTicket, Escalate>,
    at: Path<String>,
) -> ApiResult {
    let directory = state.directory().clone();
    let render = move |(found, ticket): &(Escalation, Ticket)| -> Result<Answer, AppError> {
        created(format!("/api/v1/escalations/{}", found.id), &shape(found, ticket, &directory))
    };
    let once = command.once(Arc::new(render.clone()))?;
    let outcome = start_escalation(&state.escalations, command.caller, at.parse()?, command.body, once).await?;
    send_outcome(outcome, render)
}

/// What an escalation would do: who is asked and why, and exactly what they would read.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/escalations/preview", params(("ticket" = String, Path)), request_body = Escalate, tag = "escalations",
    responses((status = 200, body = crate::escalation::preview::Preview)))]
pub async fn preview(
    state: Data<State>,
    command: Command<right::EscalateTicket, Escalate>,
    at: Path<String>,
) -> ApiResult {
    ok(&previews::preview(&state.escalations, command.caller, at.parse()?, command.body).await?)
}

/// The escalations of a ticket, earliest first.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/escalations", params(("ticket" = String, Path)), tag = "escalations",
    responses((status = 200, body = ListAnswer<EscalationAnswer>)))]
pub async fn of_ticket(state: Data<State>, guard: Guard<right::ReadTickets>, at: Path<String>) -> ApiResult {
    let (ticket, found) = browse::of_ticket(&state.escalations, guard.caller, at.parse()?).await?;
    let items = found.iter().map(|e| shape(e, &ticket, state.directory())).collect();
    ok(&ListAnswer { items, next_cursor: None })
}

/// Which of one's own escalations are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MineQuery {
    /// Instead of the open ones those that ended in the last 30 days, the last first.
    ended: Option<bool>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The open escalations that have reached the contact of a 2nd-level token, earliest first.
#[utoipa::path(get, path = "/api/v1/escalations", params(MineQuery), tag = "escalations",
    responses((status = 200, body = ListAnswer<EscalationAnswer>)))]
pub async fn mine(state: Data<State>, asked: Asked<right::RespondEscalation, MineQuery>) -> ApiResult {
    let (limit, cursor) = (limit(asked.query.limit)?, asked.query.cursor);
    let page = match asked.query.ended.unwrap_or(false) {
        true => browse::mine_ended(&state.escalations, asked.caller, cursor, limit).await?,
        false => browse::mine(&state.escalations, asked.caller, cursor, limit).await?,
    };
    let items = page.items.iter().map(|(e, ticket, _)| shape(e, ticket, state.directory())).collect();
    ok(&ListAnswer { items, next_cursor: page.next_cursor })
}

pub(super) fn id<T>(at: &str) -> Result<crate::ids::Id<T>, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// One escalation.
#[utoipa::path(get, path = "/api/v1/escalations/{escalation}", params(("escalation" = String, Path)), tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 404, body = crate::http::error::Problem)))]
pub async fn show(state: Data<State>, guard: Guard<right::ReadEscalations>, at: Path<String>) -> ApiResult {
    let (found, ticket) = browse::escalation(&state.escalations, guard.caller, id(&at)?).await?;
    ok(&shape(&found, &ticket, state.directory()))
}

/// What was sent for it, with every attempt.
#[utoipa::path(get, path = "/api/v1/escalations/{escalation}/deliveries", params(("escalation" = String, Path)), tag = "escalations",
    responses((status = 200, body = ListAnswer<crate::escalation::browse::Delivery>)))]
pub async fn deliveries(state: Data<State>, guard: Guard<right::ReadEscalations>, at: Path<String>) -> ApiResult {
    let items = browse::deliveries(&state.escalations, guard.caller, id(&at)?).await?;
    ok(&ListAnswer { items, next_cursor: None })
}

/// Take it; a reference may be given.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// The other side's own number.
    pub reference: Option<String>,
}

/// The answer of the 2nd level.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerEscalation {
    /// What they know.
    pub text: String,
    /// Their own number.
    pub reference: Option<String>,
}

/// Says a word of the 2nd level; a repeat under the same key gets the first answer.
pub(super) async fn say<B>(
    state: &State,
    command: Command<right::RespondEscalation, B>,
    at: &str,
    word: impl FnOnce(B) -> Word,
) -> ApiResult {
    let render = render(state);
    let once = command.once(Arc::new(render.clone()))?;
    let (caller, word) = (command.caller, word(command.body));
    send_outcome(respond_once(&state.escalations, caller, id(at)?, word, once).await?, render)
}

/// How an escalation is answered, the first time or again.
pub(super) fn render(
    state: &State,
) -> impl Fn(&(Escalation, Ticket)) -> Result<Answer, AppError> + Clone + Send + Sync + 'static {
    let directory = state.directory().clone();
    move |(found, ticket): &(Escalation, Ticket)| done(&shape(found, ticket, &directory))
}

/// Take it: stops the chain.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/acknowledge", params(("escalation" = String, Path)), request_body = Acknowledge, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn acknowledge(
    state: Data<State>,
    command: Command<right::RespondEscalation, Acknowledge>,
    at: Path<String>,
) -> ApiResult {
    say(&state, command, &at, |body| Word::Acknowledge { reference: body.reference }).await
}

/// Answer it.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/answer", params(("escalation" = String, Path)), request_body = AnswerEscalation, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn answer(
    state: Data<State>,
    command: Command<right::RespondEscalation, AnswerEscalation>,
    at: Path<String>,
) -> ApiResult {
    say(&state, command, &at, |body| Word::Answer { text: body.text, reference: body.reference }).await
}

/// Give it back, with the reason.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/return", params(("escalation" = String, Path)), request_body = Reason, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn give_back(
    state: Data<State>,
    command: Command<right::RespondEscalation, Reason>,
    at: Path<String>,
) -> ApiResult {
    say(&state, command, &at, |body| Word::Return { reason: body.reason }).await
}

/// Ask the central contact something.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/ask", params(("escalation" = String, Path)), request_body = Text, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn ask(state: Data<State>, command: Command<right::RespondEscalation, Text>, at: Path<String>) -> ApiResult {
    say(&state, command, &at, |body| Word::Ask { question: body.text }).await
}

/// The step to go on from.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextStep {
    /// The `step` that the caller saw: where somebody else has asked the next one since, nobody is asked, and the answer
    /// is 409 with who that was.
    pub expected_step: Option<i32>,
}

/// Ask the next of the chain now.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/next", params(("escalation" = String, Path)), request_body = NextStep, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn next(state: Data<State>, command: Command<right::AssessTicket, NextStep>, at: Path<String>) -> ApiResult {
    let seen = command.body.expected_step;
    let (found, ticket) = next_step_now(&state.escalations, command.caller, id(&at)?, seen).await?;
    ok(&shape(&found, &ticket, state.directory()))
}

/// Tell whoever's turn it is by the way that was not used yet.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/other_way", params(("escalation" = String, Path)), request_body = Nothing, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn other_way(
    state: Data<State>,
    command: Command<right::AssessTicket, Nothing>,
    at: Path<String>,
) -> ApiResult {
    let (found, ticket) = other_way::take_now(&state.escalations, command.caller, id(&at)?).await?;
    ok(&shape(&found, &ticket, state.directory()))
}

/// Take it back; the other side is told.
#[utoipa::path(post, path = "/api/v1/escalations/{escalation}/withdraw", params(("escalation" = String, Path)), request_body = Reason, tag = "escalations",
    responses((status = 200, body = EscalationAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn withdraw(
    state: Data<State>,
    command: Command<right::AssessTicket, Reason>,
    at: Path<String>,
) -> ApiResult {
    let (found, ticket) = decide::withdraw(&state.escalations, command.caller, id(&at)?, command.body.reason).await?;
    ok(&shape(&found, &ticket, state.directory()))
}

/// Part of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(missing_docs)]
pub struct PageQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Deliveries that were given up, earliest first.
#[utoipa::path(get, path = "/api/v1/deliveries/exhausted", params(PageQuery), tag = "deliveries",
    responses((status = 200, body = ListAnswer<crate::escalation::browse::Delivery>)))]
pub async fn exhausted(state: Data<State>, asked: Asked<right::ReadDeliveries, PageQuery>) -> ApiResult {
    let limit = limit(asked.query.limit)?;
    let page = browse::exhausted(&state.escalations, asked.caller, asked.query.cursor, limit).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next_cursor })
}

/// Send again what was given up: the same message under the same id.
#[utoipa::path(post, path = "/api/v1/deliveries/{delivery}/replay", params(("delivery" = String, Path)), request_body = Nothing, tag = "deliveries",
    responses((status = 200, body = crate::escalation::browse::Delivery), (status = 409, body = crate::http::error::Problem)))]
pub async fn replay(
    state: Data<State>,
    command: Command<right::ReplayDelivery, Nothing>,
    at: Path<String>,
) -> ApiResult {
    let delivery: DeliveryId = id(&at)?;
    ok(&browse::replay(&state.escalations, command.caller, delivery).await?)
}

/// Try it now: one that waits for its next attempt, or one that was given up.
#[utoipa::path(post, path = "/api/v1/deliveries/{delivery}/retry", params(("delivery" = String, Path)), request_body = Nothing, tag = "deliveries",
    responses((status = 200, body = crate::escalation::browse::Delivery), (status = 409, body = crate::http::error::Problem)))]
pub async fn retry(
    state: Data<State>,
    command: Command<right::ReplayDelivery, Nothing>,
    at: Path<String>,
) -> ApiResult {
    let delivery: DeliveryId = id(&at)?;
    ok(&browse::retry_now(&state.escalations, command.caller, delivery).await?)
}
