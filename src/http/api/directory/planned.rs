//! Changes of a contact that take effect on a day: planned, listed, withdrawn.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};

use super::{contacts, ended};
use crate::directory::planned::{self, NewPlanned, Planned};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ListAnswer, ok};
use crate::http::auth::{Command, Guard, right};
use crate::http::error::Problem;
use crate::ids::PlannedId;

/// What is planned for a contact, the next first; what is over stands last.
#[utoipa::path(get, operation_id = "planned", path = "/api/v1/contacts/{contact}/planned", tag = "directory", params(("contact" = String, Path)),
    responses((status = 200, body = ListAnswer<Planned>), (status = 404, body = Problem)))]
pub async fn list(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let contact = contacts::visible(&state, &guard.caller, &at).await?;
    let items = planned::list(&state.desk().db, contact.slug).await?;
    ok(&ListAnswer { items, next_cursor: None })
}

/// Plan a change: it is applied at the beginning of its day.
#[utoipa::path(post, operation_id = "plan", path = "/api/v1/contacts/{contact}/planned", tag = "directory", request_body = NewPlanned,
    params(("contact" = String, Path)),
    responses((status = 201, body = Planned), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn plan(
    state: Data<State>,
    command: Command<right::ChangeContact, NewPlanned>,
    at: Path<String>,
) -> ApiResult {
    let before = contacts::changeable(&state, &command.caller, &at).await?;
    let change = command.body.read()?;
    contacts::may_change(&state, &command.caller, &before, &change).await?;
    let now = state.desk().clock.now();
    let plan = planned::plan(&state.desk().db, &command.caller.actor, before.slug, command.body, now).await?;
    let place = format!("/api/v1/contacts/{}/planned/{}", plan.contact, plan.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(plan))
}

/// Take a plan back before its day.
#[utoipa::path(delete, operation_id = "withdraw_plan", path = "/api/v1/contacts/{contact}/planned/{plan}", tag = "directory",
    params(("contact" = String, Path), ("plan" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn withdraw(state: Data<State>, guard: Guard<right::ChangeContact>, at: Path<(String, String)>) -> ApiResult {
    let (contact, plan) = at.into_inner();
    let contact = contacts::changeable(&state, &guard.caller, &contact).await?;
    let id: PlannedId = plan.parse().map_err(|_| AppError::NotFound)?;
    let now = state.desk().clock.now();
    planned::withdraw(&state.desk().db, &guard.caller.actor, contact.slug, id, now).await?;
    ended()
}
