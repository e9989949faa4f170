//! Local closing days: on which nobody is there in a region, so that no deadline counts them.

use actix_web::web::{Data, Path};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{ended, once, reach};
use crate::access::Action;
use crate::access::idempotency::Outcome;
use crate::directory::closing_days::{self, ClosingDay, NewClosingDay, is_in_sight};
use crate::directory::{Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, created, ok, send};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::ClosingDayId;

/// Which closing days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// From this day on; today when left out.
    from: Option<NaiveDate>,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A closing day that closes some place within the caller's reach.
async fn in_sight(state: &State, caller: &crate::access::Caller, at: &str) -> Result<ClosingDay, AppError> {
    let id: ClosingDayId = at.parse().map_err(|_| AppError::NotFound)?;
    let found = closing_days::read(&state.desk().db, id).await?;
    if is_in_sight(&caller.reach(Action::ReadDirectory), &found.ars) { Ok(found) } else { Err(AppError::NotFound) }
}

/// A page of those that close some place within the caller's reach.
#[utoipa::path(get, path = "/api/v1/closing-days", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<ClosingDay>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { from, limit, cursor } = asked.query;
    let from = from.unwrap_or_else(|| state.desk().clock.now().day_in_berlin());
    let reach = asked.caller.reach(Action::ReadDirectory);
    ok(&closing_days::list(&state.desk().db, from, reach, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/closing-days/{day}", tag = "directory", params(("day" = String, Path, description = "its id")),
    responses((status = 200, body = ClosingDay), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    ok(&in_sight(&state, &guard.caller, &at).await?)
}

/// Enter one, for a region whose directory the caller may change. Deadlines that stand are not moved.
#[utoipa::path(post, path = "/api/v1/closing-days", tag = "directory", request_body = NewClosingDay,
    responses((status = 201, body = ClosingDay), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: Command<right::ChangeDirectory, NewClosingDay>) -> ApiResult {
    reach::may_close(&command.caller, &command.body.ars)?;
    let place = |new: &ClosingDay| format!("/api/v1/closing-days/{}", new.id);
    let repeat = once(&command, place)?;
    let now = state.desk().clock.now();
    match closing_days::create(&state.desk().db, &command.caller.actor, command.body, repeat, now).await? {
        Outcome::Done(new) => send(created(place(&new), &new)?),
        Outcome::Repeated(answer) => send(answer),
    }
}

/// Take one back: people are there after all.
#[utoipa::path(delete, path = "/api/v1/closing-days/{day}", tag = "directory", params(("day" = String, Path, description = "its id")),
    responses((status = 204), (status = 403, body = crate::http::error::Problem), (status = 404, body = crate::http::error::Problem)))]
pub async fn end(state: Data<State>, guard: Guard<right::ChangeDirectory>, at: Path<String>) -> ApiResult {
    let found = in_sight(&state, &guard.caller, &at).await?;
    if !guard.caller.sees_region(Action::ChangeDirectory, &found.ars) {
        return Err(
            AppError::Forbidden("this closing day holds for a region that is not yours to change".into()).into()
        );
    }
    closing_days::end(&state.desk().db, &guard.caller.actor, found.id, state.desk().clock.now()).await?;
    ended()
}
