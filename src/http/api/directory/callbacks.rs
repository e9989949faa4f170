//! How a contact's own system speaks to us: its secret, shown once, and what its words mean. And what an adapter would
//! send.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{contacts, ended};
use crate::directory::adapters::{self, Sent};
use crate::directory::callbacks::{self, Callbacks, CallbacksChange, NewSecret};
use crate::directory::contacts::Adapter;
use crate::http::State;
use crate::http::api::{ApiResult, ListAnswer, Nothing, ok};
use crate::http::auth::{Command, Guard, right};
use crate::http::error::Problem;

/// What the words of a contact's system mean, and whether it has a secret.
#[utoipa::path(get, operation_id = "callbacks", path = "/api/v1/contacts/{contact}/callbacks", tag = "directory", params(("contact" = String, Path)),
    responses((status = 200, body = Callbacks), (status = 404, body = Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ChangeContact>, at: Path<String>) -> ApiResult {
    let found = contacts::changeable(&state, &guard.caller, &at).await?;
    ok(&callbacks::read(&state.desk().db, found.slug).await?)
}

/// Say what the words of a contact's system mean.
#[utoipa::path(put, operation_id = "set_callbacks", path = "/api/v1/contacts/{contact}/callbacks", tag = "directory", request_body = CallbacksChange, params(("contact" = String, Path)),
    responses((status = 200, body = Callbacks), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeContact, CallbacksChange>,
    at: Path<String>,
) -> ApiResult {
    let found = contacts::changeable(&state, &command.caller, &at).await?;
    let (db, now) = (&state.desk().db, state.desk().clock.now());
    ok(&callbacks::set_statuses(db, &command.caller.actor, found.slug, command.body, now).await?)
}

/// Take the secret away: nothing is accepted any more.
#[utoipa::path(delete, operation_id = "end_callbacks", path = "/api/v1/contacts/{contact}/callbacks", tag = "directory", params(("contact" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn end(state: Data<State>, guard: Guard<right::ChangeContact>, at: Path<String>) -> ApiResult {
    let found = contacts::changeable(&state, &guard.caller, &at).await?;
    callbacks::end(&state.desk().db, &guard.caller.actor, found.slug, state.desk().clock.now()).await?;
    ended()
}

/// Make a new secret; it is shown this once. The former one is accepted for a while longer.
#[utoipa::path(post, operation_id = "renew_callback_secret", path = "/api/v1/contacts/{contact}/callbacks/secret", tag = "directory", request_body = Nothing, params(("contact" = String, Path)),
    responses((status = 200, body = NewSecret), (status = 404, body = Problem)))]
pub async fn renew(state: Data<State>, command: Command<right::ChangeContact, Nothing>, at: Path<String>) -> ApiResult {
    let found = contacts::changeable(&state, &command.caller, &at).await?;
    let (desk, actor) = (state.desk(), &command.caller.actor);
    let overlap = desk.settings.directory.secret_overlap;
    let made = callbacks::renew(&desk.db, actor, &desk.sealer, found.slug, overlap, desk.clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(made))
}

/// An adapter to try out.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryAdapter {
    /// This one; the contact's own where it is left out.
    pub adapter: Option<Adapter>,
}

/// What an adapter would send, with a made-up message: the first, and later ones.
#[utoipa::path(post, operation_id = "preview_webhook", path = "/api/v1/contacts/{contact}/webhook/preview", tag = "directory", request_body = TryAdapter, params(("contact" = String, Path)),
    responses((status = 200, body = ListAnswer<Sent>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn preview(
    state: Data<State>,
    command: Command<right::ChangeContact, TryAdapter>,
    at: Path<String>,
) -> ApiResult {
    let found = contacts::changeable(&state, &command.caller, &at).await?;
    ok(&ListAnswer { items: adapters::preview(&found, command.body.adapter)?, next_cursor: None })
}
