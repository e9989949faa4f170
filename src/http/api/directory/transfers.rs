//! "Transferred on": what was entered into an editorial system.

use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{once, reach};
use crate::access::Action;
use crate::directory::adoptions;
use crate::directory::transfers::{self, NewTransfer, Transfer};
use crate::directory::{Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, created, ok, send_outcome};
use crate::http::auth::{Asked, Command, right};
use crate::ids::AdoptionId;

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

fn key(at: &str) -> Result<AdoptionId, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// The transfers of an adoption, newest first.
#[utoipa::path(get, path = "/api/v1/adoptions/{adoption}/transfers", tag = "directory", operation_id = "transfers",
    params(("adoption" = String, Path), ListQuery), responses((status = 200, body = Page<Transfer>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>, at: Path<String>) -> ApiResult {
    let found = adoptions::read(&state.desk().db, key(&at)?).await?;
    reach::sees(&asked.caller, Action::ReadDirectory, &found.ars, Some(&found.service))?;
    let ListQuery { limit, cursor } = asked.query;
    ok(&transfers::list(&state.desk().db, found.id, PageRequest { limit, cursor }).await?)
}

/// Note that what the adoption shows was entered into an editorial system.
#[utoipa::path(post, path = "/api/v1/adoptions/{adoption}/transfers", tag = "directory", operation_id = "transfer",
    request_body = NewTransfer, params(("adoption" = String, Path)),
    responses((status = 201, body = Transfer), (status = 422, body = crate::http::error::Problem)))]
pub async fn note(
    state: Data<State>,
    command: Command<right::ChangeAdoption, NewTransfer>,
    at: Path<String>,
) -> ApiResult {
    let desk = state.desk();
    // One that ended is to be taken away over there, which is noted as well.
    let id = key(&at)?;
    let (ars, service) = adoptions::place(&desk.db, id).await?;
    reach::sees(&command.caller, Action::ChangeAdoption, &ars, Some(&service))?;
    let place = format!("/api/v1/adoptions/{id}/transfers");
    let here = place.clone();
    let repeat = once(&command, move |_: &Transfer| here.clone())?;
    let now = desk.clock.now();
    let made = transfers::note(&desk.db, &command.caller.actor, id, command.body, repeat, now).await?;
    send_outcome(made, |made| created(place.clone(), made))
}
