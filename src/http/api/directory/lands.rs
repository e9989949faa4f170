//! The 16 Länder: agreements of cooperation, and who answers where nobody else is named.

use actix_web::web::{Data, Path};

use super::{reach, tagged};
use crate::access::Action;
use crate::directory::Land;
use crate::directory::lands::{self, LandChange};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ListAnswer, ok};
use crate::http::auth::{Command, Guard, right};
use crate::keys::LandCode;

fn code(at: &str) -> Result<LandCode, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// All of them.
#[utoipa::path(get, path = "/api/v1/lands", tag = "directory", responses((status = 200, body = ListAnswer<Land>)))]
pub async fn list(state: Data<State>, _guard: Guard<right::ReadDirectory>) -> ApiResult {
    ok(&ListAnswer { items: lands::list(&state.desk().db).await?, next_cursor: None })
}

/// One of them, by its code.
#[utoipa::path(get, path = "/api/v1/lands/{land}", tag = "directory", params(("land" = String, Path)),
    responses((status = 200, body = Land), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, _guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let land = lands::read(&state.desk().db, code(&at)?).await?;
    tagged(land.version, &land)
}

/// Change agreements or the fallback.
#[utoipa::path(patch, path = "/api/v1/lands/{land}", tag = "directory", request_body = LandChange,
    params(("land" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Land), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeDirectory, LandChange>,
    at: Path<String>,
) -> ApiResult {
    reach::may_change_shared(&command.caller, Action::ChangeDirectory)?;
    let version = command.if_match()?.or(command.body.version);
    let change = LandChange { version, ..command.body };
    let land =
        lands::change(&state.desk().db, &command.caller.actor, code(&at)?, change, state.desk().clock.now()).await?;
    tagged(land.version, &land)
}
