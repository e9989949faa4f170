//! Who asks, and where they are logged in.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Serialize;

use super::{ApiResult, ok};
use crate::access::session::SessionInfo;
use crate::access::{Actor, Grant};
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::known::Known;
use crate::ids::SessionId;

/// Whoever asks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// As histories name them.
    pub actor: Actor,
    /// Their roles, each with where it holds.
    pub grants: Vec<Grant>,
    /// The name they log in with, where they are a person who is logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Whether a code is asked for beside the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_second_factor: Option<bool>,
}

/// A log-in of one's own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionAnswer {
    /// Its id, to end it by.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// Where it began.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
    /// True for the one that asks.
    pub is_this: bool,
}

impl SessionAnswer {
    fn new(session: SessionInfo, this: SessionId) -> Self {
        let SessionInfo { id, created_at, seen_at, address, agent, .. } = session;
        Self { id, created_at, seen_at, address, agent, is_this: id == this }
    }
}

/// Who asks, and what they may.
#[utoipa::path(get, path = "/api/v1/me", tag = "access", responses((status = 200, body = Me)))]
pub async fn me(known: Known) -> ApiResult {
    let user = known.session.as_ref().map(|session| &session.user);
    ok(&Me {
        actor: known.caller.actor.clone(),
        grants: known.caller.grants().to_vec(),
        login: user.map(|user| user.login.clone()),
        has_second_factor: user.map(|user| user.has_second_factor),
    })
}

/// Where one is logged in, the newest first.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "access", operation_id = "sessions",
    responses((status = 200, body = Vec<SessionAnswer>), (status = 403, body = crate::http::error::Problem)))]
pub async fn sessions(state: Data<State>, known: Known) -> ApiResult {
    let session = known.person()?;
    let all = state.accounts.sessions_of(session.user.id).await?;
    ok(&all.into_iter().map(|one| SessionAnswer::new(one, session.id)).collect::<Vec<_>>())
}

/// End one of one's own log-ins.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "access", operation_id = "end_session",
    params(("session" = String, Path)),
    responses((status = 204), (status = 403, body = crate::http::error::Problem), (status = 404, body = crate::http::error::Problem)))]
pub async fn end_session(state: Data<State>, known: Known, at: Path<SessionId>) -> ApiResult {
    let accounts =
        known.caller.actor.address.map_or_else(|| state.accounts.clone(), |address| state.accounts.at(address));
    accounts.end_session(known.person()?.user.id, at.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}
