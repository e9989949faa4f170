//! Errors as RFC 9457 problems.
//!
//! Invariant: an internal fault is opaque outside and logged here, once; "unavailable" carries Retry-After. The
//! texts say what is wrong and what to do, and hold no personal data.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

use super::pages::failure;
use crate::error::{AppError, FieldError};

/// A problem as it is answered (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Which kind of problem, stable for programs.
    #[schema(example = "urn:lotse:problem:conflict")]
    pub r#type: String,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This case in words.
    pub detail: String,
    /// For 422: every field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// An error on its way out.
#[derive(Debug)]
pub enum ApiError {
    /// What a use case said.
    App(AppError),
    /// The request itself is not HTTP or JSON as it must be.
    Request(StatusCode, String),
}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(error) => fmt::Display::fmt(error, f),
            Self::Request(_, detail) => f.write_str(detail),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Request(status, _) => *status,
            Self::App(error) => match error {
                AppError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                AppError::NotFound => StatusCode::NOT_FOUND,
                AppError::Forbidden(_) => StatusCode::FORBIDDEN,
                AppError::Unauthorised => StatusCode::UNAUTHORIZED,
                AppError::Conflict(_) => StatusCode::CONFLICT,
                AppError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
                AppError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut answer = HttpResponseBuilder::new(status);
        let (kind, title, detail) = match self {
            Self::Request(_, detail) => ("request", "The request cannot be read", detail.clone()),
            Self::App(error) => match error {
                AppError::Invalid(_) => ("invalid", "Some of the input is not acceptable", "see errors".to_owned()),
                AppError::NotFound => {
                    ("not-found", "There is no such thing", "it does not exist, or not for you".to_owned())
                }
                AppError::Forbidden(detail) => ("forbidden", "Not within your rights", detail.clone()),
                AppError::Unauthorised => {
                    answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
                    let detail = "send Authorization: Bearer with a token that is valid".to_owned();
                    ("unauthorised", "No valid token", detail)
                }
                AppError::Conflict(detail) => ("conflict", "The present state does not allow it", detail.clone()),
                AppError::TooMany(seconds) => {
                    answer.insert_header((RETRY_AFTER, seconds.to_string()));
                    ("too-many", "Too many requests", format!("ask again in {seconds} s"))
                }
                AppError::Unavailable(cause) => {
                    tracing::warn!(fault = %cause, "a request could not be served for the moment");
                    answer.insert_header((RETRY_AFTER, "2"));
                    let detail = "nothing was stored; ask again in a moment".to_owned();
                    ("unavailable", "Temporarily unavailable", detail)
                }
                AppError::Internal(cause) => {
                    tracing::error!(fault = %cause, "a request failed");
                    let detail = "the fault is ours and is in the log; nothing was stored".to_owned();
                    ("internal", "Something went wrong here", detail)
                }
            },
        };
        let errors = match self {
            Self::App(AppError::Invalid(errors)) => errors.clone(),
            _ => Vec::new(),
        };
        let r#type = format!("urn:lotse:problem:{kind}");
        let problem = Problem { r#type, title, status: status.as_u16(), detail, errors };
        // A problem is plain strings and numbers; it always writes out.
        let body = serde_json::to_string(&problem).unwrap_or_default();
        answer.content_type("application/problem+json").body(body)
    }
}

/// For an address that is asked in a way it does not know; `allowed` are the ways it does.
pub fn wrong_method(allowed: &str) -> HttpResponse {
    let allowed = allowed.to_ascii_uppercase();
    let fault = ApiError::Request(StatusCode::METHOD_NOT_ALLOWED, format!("this address knows only {allowed}"));
    let mut answer = fault.error_response();
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        answer.headers_mut().insert(ALLOW, value);
    }
    answer
}

/// For addresses that lead nowhere: a page for whoever asks for one, as browsers do, and else a problem.
pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let fault = ApiError::from(AppError::NotFound);
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepted.contains("text/html") && !request.path().starts_with("/api/") {
        return Ok(failure(&fault));
    }
    Err(fault)
}
