//! The list of work over JSON, beyond the list itself (`tickets.rs`): how much there is, and many at once.

use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::tickets::ListQuery;
use super::{ApiResult, ok};
use crate::error::{AppError, Faults};
use crate::escalation::bulk::{self, Deed, Ending};
use crate::http::State;
use crate::http::auth::{Asked, Command, right};
use crate::tickets::counts::{self, Counts};
use crate::tickets::{TicketNumber, TicketRef, TicketStatus};

/// Count open tickets, narrowed like the list.
#[utoipa::path(get, path = "/api/v1/tickets/counts", params(ListQuery), tag = "tickets",
    responses((status = 200, body = Counts)))]
pub async fn counts(state: Data<State>, asked: Asked<right::ReadTickets, ListQuery>) -> ApiResult {
    let filter = asked.query.filter(&state, &asked.caller)?;
    ok(&counts::counts(state.desk(), asked.caller, filter).await?)
}

/// What is done with many tickets.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// Take each.
    Claim,
    /// Give each back to all.
    Release,
    /// Put each away; one that is still open only with `answer` or `reason`.
    Close,
}

/// Many tickets at once.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// What is done.
    action: BulkAction,
    /// Ids or numbers, at most 100.
    tickets: Vec<String>,
    /// With `close`: what is still open is answered so before.
    answer: Option<String>,
    /// With `close`: what is still open is refused for this reason before.
    reason: Option<String>,
}

/// What became of each, in the order they were named.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BulkAnswer {
    items: Vec<BulkItem>,
}

/// What became of one.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[allow(missing_docs)]
pub struct BulkItem {
    /// As it was named.
    ticket: String,
    number: Option<TicketNumber>,
    /// Where it stands now.
    status: Option<TicketStatus>,
    /// Whether it was done.
    is_done: bool,
    /// Why not.
    detail: Option<String>,
}

impl Bulk {
    fn read(&self) -> Result<(Deed, Vec<TicketRef>), AppError> {
        let mut faults = Faults::default();
        let mut tickets = Vec::with_capacity(self.tickets.len());
        for (at, text) in self.tickets.iter().enumerate() {
            match text.parse() {
                Ok(ticket) => tickets.push(ticket),
                Err(_) => faults.add(format!("tickets[{at}]"), "is neither an id nor a ticket number"),
            }
        }
        let deed = match (self.action, &self.answer, &self.reason) {
            (BulkAction::Claim, None, None) => Deed::Claim,
            (BulkAction::Release, None, None) => Deed::Release,
            (BulkAction::Close, None, None) => Deed::Close(None),
            (BulkAction::Close, Some(text), None) => Deed::Close(Some(Ending::Answer(text.clone()))),
            (BulkAction::Close, None, Some(reason)) => Deed::Close(Some(Ending::Reject(reason.clone()))),
            (BulkAction::Close, Some(_), Some(_)) => {
                faults.add("reason", "leave one out: a ticket is answered or refused");
                Deed::Close(None)
            }
            (_, answer, _) => {
                faults.add(if answer.is_some() { "answer" } else { "reason" }, "goes with the action close only");
                Deed::Claim
            }
        };
        faults.finish().map(|()| (deed, tickets))
    }
}

/// Claim, release or close many tickets: each for itself, as far as it goes.
#[utoipa::path(post, path = "/api/v1/tickets/bulk", request_body = Bulk, tag = "tickets",
    responses((status = 200, body = BulkAnswer), (status = 422, body = crate::http::error::Problem)))]
pub async fn bulk(state: Data<State>, command: Command<right::AssessTicket, Bulk>) -> ApiResult {
    let (deed, tickets) = command.body.read()?;
    let outcomes = bulk::each(&state.escalations, &command.caller, &deed, tickets).await?;
    let item = |(named, outcome): (&String, bulk::Outcome)| BulkItem {
        ticket: named.clone(),
        number: outcome.ticket.as_ref().map(|ticket| ticket.number.clone()),
        status: outcome.ticket.as_ref().map(|ticket| ticket.status),
        is_done: outcome.fault.is_none(),
        detail: outcome.fault.map(|fault| match fault {
            // Its cause is in the log alone.
            AppError::Internal(_) => "internal error".to_owned(),
            fault => fault.to_string(),
        }),
    };
    ok(&BulkAnswer { items: command.body.tickets.iter().zip(outcomes).map(item).collect() })
}
