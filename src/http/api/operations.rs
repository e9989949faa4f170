//! How the installation fares, over JSON for scripts: all of it at once, what was given up, which addresses fail.
//!
//! Invariant: as `operations/`: no person, no text of a request; only a right that reaches everywhere.

use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{ApiResult, ListAnswer, Nothing, limit, ok};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::{DeliveryId, EndpointId};
use crate::operations::licences::{self, Crate};
use crate::operations::overview::{self, Overview};
use crate::operations::troubled::{self, Troubled};
use crate::operations::undelivered::{self, Again, Resent, Undelivered};

/// At most so many messages are sent again at once.
const MOST: usize = 200;

/// A page of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which messages are to go again, and how.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Their ids, 1 to 200.
    deliveries: Vec<DeliveryId>,
    /// `replay`: the same message again; `other_way`: by the contact's other way.
    how: Again,
}

/// How everything stands.
#[utoipa::path(get, path = "/api/v1/operations", tag = "operation", responses((status = 200, body = Overview)))]
pub async fn overview(state: Data<State>, guard: Guard<right::ReadMetrics>) -> ApiResult {
    ok(&overview::overview(&state.operations, &guard.caller).await?)
}

/// What was given up, of all regions, earliest first.
#[utoipa::path(get, path = "/api/v1/operations/deliveries", params(PageQuery), tag = "operation",
    responses((status = 200, body = ListAnswer<Undelivered>)))]
pub async fn deliveries(state: Data<State>, asked: Asked<right::ReadMetrics, PageQuery>) -> ApiResult {
    let most = limit(asked.query.limit)?;
    let page = undelivered::list(&state.operations, &asked.caller, asked.query.cursor, most).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next_cursor })
}

/// Sends messages again that were given up; says of each how it went.
#[utoipa::path(post, path = "/api/v1/operations/deliveries/resend", request_body = Resend, tag = "operation",
    responses((status = 200, body = Resent), (status = 422, body = crate::http::error::Problem)))]
pub async fn resend(state: Data<State>, command: Command<right::Operate, Resend>) -> ApiResult {
    let Resend { deliveries, how } = command.body;
    if !(1..=MOST).contains(&deliveries.len()) {
        return Err(AppError::field("deliveries", format!("must be 1 to {MOST} ids")).into());
    }
    ok(&undelivered::resend(&state.operations, &command.caller, how, deliveries).await?)
}

/// Addresses that are disabled, fail, or do not exist.
#[utoipa::path(get, path = "/api/v1/operations/endpoints", params(PageQuery), tag = "operation",
    responses((status = 200, body = ListAnswer<Troubled>)))]
pub async fn endpoints(state: Data<State>, asked: Asked<right::ReadMetrics, PageQuery>) -> ApiResult {
    let most = limit(asked.query.limit)?;
    let page = troubled::list(&state.operations, &asked.caller, asked.query.cursor, most).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next_cursor })
}

/// Lets messages go to an address again.
#[utoipa::path(post, path = "/api/v1/operations/endpoints/{endpoint}/enable",
    params(("endpoint" = String, Path)), request_body = Nothing, tag = "operation",
    responses((status = 200, body = Troubled), (status = 404, body = crate::http::error::Problem)))]
pub async fn enable(
    state: Data<State>,
    endpoint: Path<EndpointId>,
    command: Command<right::Operate, Nothing>,
) -> ApiResult {
    ok(&troubled::enable(&state.operations, &command.caller, endpoint.into_inner()).await?)
}

/// Every crate that Lotse is built from, with its licence.
#[utoipa::path(get, path = "/api/v1/operations/licences", tag = "operation",
    responses((status = 200, body = Vec<Crate>)))]
pub async fn licences(_guard: Guard<right::ReadMetrics>) -> ApiResult {
    ok(&licences::crates())
}
