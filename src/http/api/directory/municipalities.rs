//! Municipalities by their ARS; they come from the official register and are only completed here.

use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{reach, tagged};
use crate::access::Action;
use crate::directory::municipalities::{self, MunicipalityChange, MunicipalityQuery};
use crate::directory::{Municipality, Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::keys::{Ars, LandCode};

/// Which municipalities.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Beginning of a name or of a word in it, a postal code, or the beginning of an ARS.
    q: Option<String>,
    /// Only of this Land.
    land: Option<LandCode>,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

fn key(at: &str) -> Result<Ars, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// A page of them, by ARS.
#[utoipa::path(get, path = "/api/v1/municipalities", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<Municipality>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { q, land, limit, cursor } = asked.query;
    let query = MunicipalityQuery { q, land };
    ok(&municipalities::list(&state.desk().db, query, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/municipalities/{ars}", tag = "directory", params(("ars" = String, Path)),
    responses((status = 200, body = Municipality), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, _guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = municipalities::read(&state.desk().db, key(&at)?).await?;
    tagged(found.version, &found)
}

/// Change what the register does not know.
#[utoipa::path(patch, path = "/api/v1/municipalities/{ars}", tag = "directory", request_body = MunicipalityChange,
    params(("ars" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Municipality), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeDirectory, MunicipalityChange>,
    at: Path<String>,
) -> ApiResult {
    let ars = key(&at)?;
    reach::sees(&command.caller, Action::ChangeDirectory, &ars, None)?;
    let version = command.if_match()?.or(command.body.version);
    let change = MunicipalityChange { version, ..command.body };
    let found =
        municipalities::change(&state.desk().db, &command.caller.actor, ars, change, state.desk().clock.now()).await?;
    tagged(found.version, &found)
}
