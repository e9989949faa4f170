//! Requests of the public form that wait for their address to be confirmed.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::tickets::{TicketAnswer, shape};
use super::{ApiResult, ListAnswer, Nothing, Reason, limit, ok};
use crate::http::State;
use crate::http::auth::{Asked, Command, right};
use crate::tickets::public_form::unconfirmed::{self, Unconfirmed};
use crate::tickets::{TicketRef, browse};

/// Which of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UnconfirmedQuery {
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What waits to be confirmed, oldest first; it is nobody's work yet.
#[utoipa::path(get, path = "/api/v1/unconfirmed", tag = "tickets", operation_id = "unconfirmed", params(UnconfirmedQuery),
    responses((status = 200, body = ListAnswer<Unconfirmed>)))]
pub async fn list(state: Data<State>, asked: Asked<right::AssessTicket, UnconfirmedQuery>) -> ApiResult {
    let most = limit(asked.query.limit)?;
    let page = unconfirmed::list(state.desk(), asked.caller, asked.query.cursor, most).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next_cursor })
}

/// Take one up although nobody confirmed it.
#[utoipa::path(post, path = "/api/v1/unconfirmed/{number}/take", params(("number" = String, Path)), request_body = Nothing, tag = "tickets",
    operation_id = "take_unconfirmed", responses((status = 200, body = TicketAnswer), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn take(state: Data<State>, command: Command<right::AssessTicket, Nothing>, at: Path<String>) -> ApiResult {
    let id = unconfirmed::take_up(state.desk(), command.caller.clone(), &at).await?;
    let ticket = browse::ticket(state.desk(), command.caller, TicketRef::Id(id)).await?;
    ok(&shape(&ticket, state.directory()))
}

/// Let nothing become of one; the reason stays.
#[utoipa::path(post, path = "/api/v1/unconfirmed/{number}/discard", params(("number" = String, Path)), request_body = Reason, tag = "tickets",
    operation_id = "discard_unconfirmed", responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn discard(state: Data<State>, command: Command<right::AssessTicket, Reason>, at: Path<String>) -> ApiResult {
    unconfirmed::discard(state.desk(), command.caller, &at, command.body.reason).await?;
    Ok(HttpResponse::NoContent().finish())
}
