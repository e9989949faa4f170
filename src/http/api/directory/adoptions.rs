//! Adoptions: a municipality's use of a service, with the people who answer there.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{EndQuery, ended, expected, made, once, reach, tagged};
use crate::access::Action;
use crate::directory::adoptions::{self, AdoptionChange, AdoptionQuery, Duties, NewAdoption};
use crate::directory::assigned::{Assigned, contacts};
use crate::directory::{Adoption, AdoptionState, Duty, Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::AdoptionId;
use crate::keys::{ArsPrefix, Slug};

/// Which adoptions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only of this service.
    service: Option<Slug>,
    /// An ARS or its beginning.
    ars: Option<ArsPrefix>,
    /// Only in this state.
    state: Option<AdoptionState>,
    /// Only what was never entered into an editorial system, or shows something else since. A page may then hold
    /// fewer items than asked for and still lead on.
    #[serde(default)]
    pending_transfer: bool,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The contacts that a new or changed adoption names, by duty.
macro_rules! named {
    ($body:expr) => {
        [
            (Duty::Central, &$body.central),
            (Duty::Technical, &$body.technical),
            (Duty::Functional, &$body.functional),
            (Duty::Emergency, &$body.emergency),
            (Duty::ProjectLead, &$body.project_lead),
            (Duty::SpecialistProcedure, &$body.specialist_procedure),
            (Duty::DataProtection, &$body.data_protection),
            (Duty::DataProcessor, &$body.data_processor),
        ]
    };
}

/// Those of them that did not have the duty before.
fn anew(named: [(Duty, &Option<Vec<Assigned>>); 8], before: &Duties) -> Vec<(&'static str, Vec<Slug>)> {
    let new = |duty: Duty, all: &[Assigned]| -> Vec<Slug> {
        let had = contacts(before.of(duty));
        contacts(all).into_iter().filter(|slug| !had.contains(slug)).collect()
    };
    let given = named.into_iter().filter_map(|(duty, all)| Some((duty, all.as_deref()?)));
    given.map(|(duty, all)| (duty.as_str(), new(duty, all))).collect()
}

pub(super) fn key(at: &str) -> Result<AdoptionId, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// A page of them, within the caller's reach.
#[utoipa::path(get, path = "/api/v1/adoptions", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<Adoption>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { service, ars, state: in_state, pending_transfer, limit, cursor } = asked.query;
    let reach = asked.caller.reach(Action::ReadDirectory);
    let query = AdoptionQuery { service, state: in_state, reach, region: ars, pending_transfer, ..Default::default() };
    ok(&adoptions::list(&state.desk().db, query, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/adoptions/{adoption}", tag = "directory", params(("adoption" = String, Path)),
    responses((status = 200, body = Adoption), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = adoptions::read(&state.desk().db, key(&at)?).await?;
    reach::sees(&guard.caller, Action::ReadDirectory, &found.ars, Some(&found.service))?;
    tagged(found.version, &found)
}

/// Make a new one.
#[utoipa::path(post, path = "/api/v1/adoptions", tag = "directory", request_body = NewAdoption,
    responses((status = 201, body = Adoption), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: Command<right::ChangeAdoption, NewAdoption>) -> ApiResult {
    reach::may_place(&command.caller, Action::ChangeAdoption, &command.body.ars, &command.body.service)?;
    reach::may_name(&state, &command.caller, anew(named!(command.body), &Duties::default())).await?;
    let repeat = once(&command, |new: &Adoption| format!("/api/v1/adoptions/{}", new.id))?;
    let new =
        adoptions::create(&state.desk().db, &command.caller.actor, command.body, repeat, state.desk().clock.now())
            .await?;
    made(new, |new| (format!("/api/v1/adoptions/{}", new.id), new.version))
}

/// Change one; what is left out stays.
#[utoipa::path(patch, path = "/api/v1/adoptions/{adoption}", tag = "directory", request_body = AdoptionChange,
    params(("adoption" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Adoption), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeAdoption, AdoptionChange>,
    at: Path<String>,
) -> ApiResult {
    let id = key(&at)?;
    let before = adoptions::read(&state.desk().db, id).await?;
    reach::sees(&command.caller, Action::ChangeAdoption, &before.ars, Some(&before.service))?;
    reach::may_name(&state, &command.caller, anew(named!(command.body), &before.duties)).await?;
    let version = command.if_match()?.or(command.body.version);
    let change = AdoptionChange { version, ..command.body };
    let found =
        adoptions::change(&state.desk().db, &command.caller.actor, id, change, state.desk().clock.now()).await?;
    tagged(found.version, &found)
}

/// End one; requests that name it stay.
#[utoipa::path(delete, path = "/api/v1/adoptions/{adoption}", tag = "directory", params(("adoption" = String, Path), EndQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn end(
    state: Data<State>,
    asked: Asked<right::ChangeAdoption, EndQuery>,
    request: HttpRequest,
    at: Path<String>,
) -> ApiResult {
    let found = adoptions::read(&state.desk().db, key(&at)?).await?;
    reach::sees(&asked.caller, Action::ChangeAdoption, &found.ars, Some(&found.service))?;
    let version = expected(&request)?;
    adoptions::end(
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
