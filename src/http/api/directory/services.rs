//! Online services: who operates them and who answers for them as a whole.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{EndQuery, ended, expected, made, once, reach, tagged};
use crate::access::Action;
use crate::directory::services::{self, NewService, ServiceChange, ServiceQuery};
use crate::directory::{Page, PageRequest, Service};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::keys::{LandCode, Slug};

/// Which services.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Part of the name, the slug or the Leistungsschlüssel.
    q: Option<String>,
    /// Only those this Land operates.
    land: Option<LandCode>,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

fn key(at: &str) -> Result<Slug, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// A page of them, by slug.
#[utoipa::path(get, path = "/api/v1/services", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<Service>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { q, land, limit, cursor } = asked.query;
    ok(&services::list(&state.desk().db, ServiceQuery { q, land }, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/services/{service}", tag = "directory", params(("service" = String, Path)),
    responses((status = 200, body = Service), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, _guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = services::read(&state.desk().db, key(&at)?).await?;
    tagged(found.version, &found)
}

/// Make a new one.
#[utoipa::path(post, path = "/api/v1/services", tag = "directory", request_body = NewService,
    responses((status = 201, body = Service), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: Command<right::ChangeDirectory, NewService>) -> ApiResult {
    reach::may_change_shared(&command.caller, Action::ChangeDirectory)?;
    let repeat = once(&command, |new: &Service| format!("/api/v1/services/{}", new.slug))?;
    let new = services::create(&state.desk().db, &command.caller.actor, command.body, repeat, state.desk().clock.now())
        .await?;
    made(new, |new| (format!("/api/v1/services/{}", new.slug), new.version))
}

/// Change one.
#[utoipa::path(patch, path = "/api/v1/services/{service}", tag = "directory", request_body = ServiceChange,
    params(("service" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Service), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeDirectory, ServiceChange>,
    at: Path<String>,
) -> ApiResult {
    reach::may_change_shared(&command.caller, Action::ChangeDirectory)?;
    let version = command.if_match()?.or(command.body.version);
    let change = ServiceChange { version, ..command.body };
    let found =
        services::change(&state.desk().db, &command.caller.actor, key(&at)?, change, state.desk().clock.now()).await?;
    tagged(found.version, &found)
}

/// End one; requests that name it stay.
#[utoipa::path(delete, path = "/api/v1/services/{service}", tag = "directory", params(("service" = String, Path), EndQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn end(
    state: Data<State>,
    asked: Asked<right::ChangeDirectory, EndQuery>,
    request: HttpRequest,
    at: Path<String>,
) -> ApiResult {
    reach::may_change_shared(&asked.caller, Action::ChangeDirectory)?;
    let found = services::read(&state.desk().db, key(&at)?).await?;
    let version = expected(&request)?;
    services::end(
        &state.desk().db,
        &asked.caller.actor,
        found.slug,
        version,
        asked.query.reason,
        state.desk().clock.now(),
    )
    .await?;
    ended()
}
