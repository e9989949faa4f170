//! The directory over JSON: one file an object, each with list, read, create, change and end.
//!
//! Invariant: an answer carries its version as `ETag`, a change names it by `If-Match` or in the body, and a stale
//! one is 409. What of it a caller reaches stands in `reach.rs`. Lands and municipalities come with the
//! installation; they are changed, never made or ended.

pub mod adoptions;
pub mod agreements;
pub mod callbacks;
pub mod channels;
pub mod closing_days;
pub mod contacts;
pub mod exports;
pub mod gaps;
pub mod imports;
pub mod lands;
pub mod municipalities;
pub mod notices;
pub mod planned;
pub(in crate::http) mod reach;
pub mod rollout;
pub mod route;
pub mod services;
pub mod transfers;
pub mod versions;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, ETAG, IF_MATCH, LOCATION};
use serde::Serialize;

use super::{ApiResult, created, send};
use crate::access::idempotency::{Once, Outcome};
use crate::error::AppError;
use crate::http::auth::{Command, Right, version as version_in};

/// 200 with the object and its version.
fn tagged<T: Serialize>(version: i32, value: &T) -> ApiResult {
    Ok(HttpResponse::Ok().insert_header((ETAG, format!("\"{version}\""))).json(value))
}

/// Marks a request that makes something as one that may be repeated; `place` says where it will stand.
fn once<R: Right, T: Serialize, B>(
    command: &Command<R, B>,
    place: impl Fn(&T) -> String + Send + Sync + 'static,
) -> Result<Option<Once<T>>, AppError> {
    command.once(Arc::new(move |made: &T| created(place(made), made)))
}

/// 201 with the object, its place and its version; a repeat gets the first answer.
fn made<T: Serialize>(outcome: Outcome<T>, at: impl Fn(&T) -> (String, i32)) -> ApiResult {
    let made = match outcome {
        Outcome::Done(made) => made,
        Outcome::Repeated(answer) => return send(answer),
    };
    let (place, version) = at(&made);
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, place)).insert_header((ETAG, format!("\"{version}\"")));
    Ok(answer.json(made))
}

/// As what a list or table comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = TableFormat)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
}

/// True where a table is asked for; as `Accept` says where the format is left out.
fn wants_table(format: Option<Format>, request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    format.map_or(accepted.starts_with("text/csv"), |format| format == Format::Csv)
}

/// Why something is ended.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndQuery {
    /// For whoever reads its versions later.
    reason: Option<String>,
}

/// 204: it has ended.
fn ended() -> ApiResult {
    Ok(HttpResponse::NoContent().finish())
}

/// The version that is to be ended, where the caller says what they read.
fn expected(request: &HttpRequest) -> Result<Option<i32>, AppError> {
    let Some(tag) = request.headers().get(IF_MATCH) else { return Ok(None) };
    let tag = tag.to_str().map_err(|_| AppError::field("If-Match", "must be plain text"))?;
    version_in(tag).map(Some)
}
