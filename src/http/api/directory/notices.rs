//! Notices to the public: what is to be known now about a service, everywhere, in a region or in one municipality.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{ended, expected, made, once, reach, tagged};
use crate::access::Action;
use crate::directory::notices::{self, NewNotice, NoticeChange, NoticeQuery};
use crate::directory::{Page, PageRequest, PublicNotice};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::NoticeId;
use crate::keys::Slug;

/// Which notices.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only of this service.
    service: Option<Slug>,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

fn key(at: &str) -> Result<NoticeId, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// A page of them: those of one municipality within the caller's reach, and those that several share.
#[utoipa::path(get, path = "/api/v1/notices", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<PublicNotice>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { service, limit, cursor } = asked.query;
    let query = NoticeQuery { service, reach: asked.caller.reach(Action::ReadDirectory) };
    ok(&notices::list(&state.desk().db, query, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/notices/{notice}", tag = "directory", params(("notice" = String, Path)),
    responses((status = 200, body = PublicNotice), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = notices::read(&state.desk().db, key(&at)?).await?;
    reach::sees_notice(&guard.caller, &found)?;
    tagged(found.version, &found)
}

/// Make a new one.
///
/// For one municipality (`ars` of 12 digits) it takes the right to change its adoption; for a region or everywhere
/// the right to change the directory there.
#[utoipa::path(post, path = "/api/v1/notices", tag = "directory", request_body = NewNotice,
    responses((status = 201, body = PublicNotice), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: Command<right::ChangeAdoption, NewNotice>) -> ApiResult {
    reach::may_announce(&command.caller, &command.body.service, &command.body.ars)?;
    let repeat = once(&command, |new: &PublicNotice| format!("/api/v1/notices/{}", new.id))?;
    let now = state.desk().clock.now();
    let new = notices::create(&state.desk().db, &command.caller.actor, command.body, repeat, now).await?;
    made(new, |new| (format!("/api/v1/notices/{}", new.id), new.version))
}

/// Change one: it is then exactly as it is sent.
#[utoipa::path(put, path = "/api/v1/notices/{notice}", tag = "directory", request_body = NoticeChange,
    params(("notice" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = PublicNotice), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeAdoption, NoticeChange>,
    at: Path<String>,
) -> ApiResult {
    let before = notices::read(&state.desk().db, key(&at)?).await?;
    reach::may_change_notice(&command.caller, &before)?;
    let version = command.if_match()?.or(command.body.version);
    let (change, now) = (NoticeChange { version, ..command.body }, state.desk().clock.now());
    let found = notices::change(&state.desk().db, &command.caller.actor, before.id, change, now).await?;
    tagged(found.version, &found)
}

/// End one: it is no longer shown.
#[utoipa::path(delete, path = "/api/v1/notices/{notice}", tag = "directory", params(("notice" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn end(
    state: Data<State>,
    guard: Guard<right::ChangeAdoption>,
    request: HttpRequest,
    at: Path<String>,
) -> ApiResult {
    let found = notices::read(&state.desk().db, key(&at)?).await?;
    reach::may_change_notice(&guard.caller, &found)?;
    let version = expected(&request)?;
    notices::end(&state.desk().db, &guard.caller.actor, found.id, version, state.desk().clock.now()).await?;
    ended()
}
