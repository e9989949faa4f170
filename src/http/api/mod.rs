//! The JSON interface under `/api/v1`, for systems. Everything a page can do, this can do, by the same use cases.
//!
//! Invariant: no answer holds the reporter's name or addresses but those of `POST …/reporter` and `GET …/export`. The reference is
//! made from these files (`openapi.rs`).

pub mod attachments;
pub mod audit;
pub mod callbacks;
pub mod conversation;
pub mod deadlines;
pub mod directory;
pub mod escalations;
pub mod figures;
pub mod inbound;
pub mod me;
pub mod operations;
pub mod personal_data;
pub mod text_modules;
pub mod tickets;
pub mod tokens;
pub mod unconfirmed;
pub mod users;
pub mod worklist;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::access::idempotency::{Answer, Outcome};
use crate::error::AppError;

/// What a handler answers.
pub type ApiResult = Result<HttpResponse, ApiError>;

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ListAnswer<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask with for more; nothing on the last page.
    pub next_cursor: Option<String>,
}

/// A text that a person wrote.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// At most 8,000 characters.
    pub text: String,
}

/// Why.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In words that the other side will read.
    pub reason: String,
}

/// Nothing needs to be said.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// 200 with the changed object.
pub fn ok<T: Serialize>(value: &T) -> ApiResult {
    Ok(HttpResponse::Ok().json(value))
}

/// How many items a page may have at the most.
pub const MOST_ITEMS: usize = 200;

/// The page size asked for.
pub fn limit(asked: Option<usize>) -> Result<usize, AppError> {
    match asked {
        None => Ok(50),
        Some(limit) if (1..=MOST_ITEMS).contains(&limit) => Ok(limit),
        Some(_) => Err(AppError::field("limit", format!("must be 1 to {MOST_ITEMS}"))),
    }
}

/// The answer for something that was made: 201 with its place.
pub fn created<T: Serialize>(location: String, value: &T) -> Result<Answer, AppError> {
    let body = serde_json::to_string(value).map_err(AppError::internal)?;
    Ok(Answer { status: 201, location: Some(location), body })
}

/// The answer for something that was done: 200 with the changed object.
pub fn done<T: Serialize>(value: &T) -> Result<Answer, AppError> {
    let body = serde_json::to_string(value).map_err(AppError::internal)?;
    Ok(Answer { status: 200, location: None, body })
}

/// Sends an answer, the first time or again.
pub fn send(answer: Answer) -> ApiResult {
    let status = StatusCode::from_u16(answer.status).map_err(AppError::internal)?;
    let mut response = HttpResponse::build(status);
    if let Some(location) = answer.location {
        response.insert_header((LOCATION, location));
    }
    Ok(response.content_type("application/json").body(answer.body))
}

/// Sends what a use case made or had made before.
pub fn send_outcome<T>(outcome: Outcome<T>, render: impl Fn(&T) -> Result<Answer, AppError>) -> ApiResult {
    send(match outcome {
        Outcome::Done(made) => render(&made)?,
        Outcome::Repeated(answer) => answer,
    })
}
