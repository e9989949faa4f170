//! What the pages behind links in mails have in common, whoever the link was sent to.
//!
//! The secret in the address is all that such a page asks for; there is no session and so no token of a form. What a
//! link does stands with its page (`escalation.rs`, `confirmation.rs`).

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use super::message_with;
use crate::error::AppError;
use crate::http::auth::{parse_query, read};
use crate::http::error::ApiError;
use crate::http::words::{COOKIE, Language, PARAMETER};

/// What a page behind a link speaks: what was chosen, now or before; else German, as the mail does.
pub fn language(request: &HttpRequest) -> Language {
    let remembered = || request.cookie(COOKIE).and_then(|cookie| Language::parse(cookie.value()));
    Language::chosen(request).or_else(remembered).unwrap_or(Language::De)
}

/// What somebody hears who pressed the button on a foreign page, as browsers tell.
pub fn foreign_button(request: &HttpRequest) -> Option<HttpResponse> {
    let is_foreign = request.headers().get("Sec-Fetch-Site").is_some_and(|site| site == "cross-site");
    is_foreign.then(|| failed(request, StatusCode::FORBIDDEN, "link-foreign"))
}

/// A page that says what went wrong, with the way to the same in the other language.
fn failed(request: &HttpRequest, status: StatusCode, key: &str) -> HttpResponse {
    let language = language(request);
    let part = |part: &str| language.say(&format!("{key}{part}"));
    // Relative, so that nothing of the address stands in the page.
    let other = in_other_language("", language);
    message_with(language, status, &part("-title"), &part(""), &part("-next"), &other)
}

/// The same address in the other language.
pub fn in_other_language(path: &str, language: Language) -> String {
    format!("{path}?{PARAMETER}={}", language.other().as_str())
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
pub fn unknown(request: &HttpRequest) -> HttpResponse {
    failed(request, StatusCode::NOT_FOUND, "link-unknown")
}
