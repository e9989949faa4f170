//! Channels: the ways the public reaches the 1st level.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{EndQuery, ended, expected, made, once, reach, tagged};
use crate::access::Action;
use crate::directory::channels::{self, ChannelChange, ChannelQuery, NewChannel};
use crate::directory::{HelpChannel, Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::ChannelId;
use crate::keys::{ArsPrefix, Slug};

/// Which channels.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only of this service.
    service: Option<Slug>,
    /// An ARS or its beginning.
    ars: Option<ArsPrefix>,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

fn key(at: &str) -> Result<ChannelId, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// A page of them, within the caller's reach.
#[utoipa::path(get, path = "/api/v1/channels", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<HelpChannel>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { service, ars, limit, cursor } = asked.query;
    let reach = asked.caller.reach(Action::ReadDirectory);
    let query = ChannelQuery { service, reach, region: ars };
    ok(&channels::list(&state.desk().db, query, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/channels/{channel}", tag = "directory", params(("channel" = String, Path)),
    responses((status = 200, body = HelpChannel), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = channels::read(&state.desk().db, key(&at)?).await?;
    reach::sees(&guard.caller, Action::ReadDirectory, &found.ars, Some(&found.service))?;
    tagged(found.version, &found)
}

/// Make a new one.
#[utoipa::path(post, path = "/api/v1/channels", tag = "directory", request_body = NewChannel,
    responses((status = 201, body = HelpChannel), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: Command<right::ChangeAdoption, NewChannel>) -> ApiResult {
    reach::may_place(&command.caller, Action::ChangeAdoption, &command.body.ars, &command.body.service)?;
    let repeat = once(&command, |new: &HelpChannel| format!("/api/v1/channels/{}", new.id))?;
    let new = channels::create(&state.desk().db, &command.caller.actor, command.body, repeat, state.desk().clock.now())
        .await?;
    made(new, |new| (format!("/api/v1/channels/{}", new.id), new.version))
}

/// Change one: it is then exactly as it is sent.
#[utoipa::path(put, path = "/api/v1/channels/{channel}", tag = "directory", request_body = ChannelChange,
    params(("channel" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = HelpChannel), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeAdoption, ChannelChange>,
    at: Path<String>,
) -> ApiResult {
    let id = key(&at)?;
    let before = channels::read(&state.desk().db, id).await?;
    reach::sees(&command.caller, Action::ChangeAdoption, &before.ars, Some(&before.service))?;
    let version = command.if_match()?.or(command.body.version);
    let change = ChannelChange { version, ..command.body };
    let found = channels::change(&state.desk().db, &command.caller.actor, id, change, state.desk().clock.now()).await?;
    tagged(found.version, &found)
}

/// End one; requests that name it stay.
#[utoipa::path(delete, path = "/api/v1/channels/{channel}", tag = "directory", params(("channel" = String, Path), EndQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn end(
    state: Data<State>,
    asked: Asked<right::ChangeAdoption, EndQuery>,
    request: HttpRequest,
    at: Path<String>,
) -> ApiResult {
    let found = channels::read(&state.desk().db, key(&at)?).await?;
    reach::sees(&asked.caller, Action::ChangeAdoption, &found.ars, Some(&found.service))?;
    let version = expected(&request)?;
    channels::end(
        &state.desk().db,
        &asked.caller.actor,
        found.id,
        version,
        asked.query.reason,
        state.desk().clock.now(),
    )
    .await?;
    ended()
}
