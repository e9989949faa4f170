//! What the pages behind links in mails have in common, whoever the link was sent to.
//!
//! The secret in the address is all that such a page asks for; there is no session and so no token of a form. What a
//! link does stands with its page (`escalation.rs`, `confirmation.rs`).

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use super::message;
use crate::error::AppError;
use crate::http::auth::{parse_query, read};
use crate::http::error::ApiError;

/// What somebody hears who pressed the button on a foreign page, as browsers tell.
pub fn foreign_button(request: &HttpRequest) -> Option<HttpResponse> {
    let is_foreign = request.headers().get("Sec-Fetch-Site").is_some_and(|site| site == "cross-site");
    is_foreign.then(|| {
        let lead = "Der Knopf wurde auf einer fremden Seite gedrückt. Es wurde nichts geändert.";
        message(StatusCode::FORBIDDEN, "Das geht nur hier", lead, Some("Öffnen Sie den Link aus der Mail."))
    })
}

/// What was typed, in at most so many bytes.
pub async fn form<T: DeserializeOwned>(request: &HttpRequest, payload: Payload, longest: usize) -> Result<T, ApiError> {
    let raw = read(request, payload.into_inner(), longest).await?;
    let text = std::str::from_utf8(&raw).map_err(|_| AppError::field("body", "must be a form"))?;
    Ok(parse_query(text)?)
}

/// Tidies what was typed into a field: forms send line ends as two characters.
pub fn tidy(field: &mut String) {
    *field = field.replace("\r\n", "\n").trim().to_owned();
}

/// A link nobody sent.
pub fn unknown() -> HttpResponse {
    message(
        StatusCode::NOT_FOUND,
        "Diesen Link gibt es nicht",
        "Vielleicht wurde er beim Kopieren abgeschnitten.",
        Some("Öffnen Sie den Link direkt in der Mail."),
    )
}
