//! Pages for people, without scripts, in German and English.
//!
//! Invariant: every page goes out through [`page`], with a policy that lets in nothing foreign and keeps it out of
//! caches; a fault becomes a page as well, and says what happened and what to do.
//!
//! Where next: `shell.rs` (what pages for staff stand in), `field.rs` (fields of forms),
//! `login.rs`, `link.rs`, `account/`, `people/`, `adoptions/`, `directory/`; `escalation.rs` (the 2nd level's signed link),
//! `confirmation.rs` (the link that asks a contact).

pub mod account;
pub mod adoptions;
pub mod audit;
pub mod confirmation;
pub mod deadlines;
pub mod desk;
pub mod device;
pub mod directory;
pub mod escalation;
mod failure;
pub mod field;
pub mod figures;
pub mod grants;
pub mod inbound;
pub mod intake;
pub mod link;
pub mod login;
pub mod mail;
pub mod mail_link;
pub mod operations;
pub mod people;
pub mod provider;
pub mod shell;
pub mod signs;
pub mod start;
pub mod text_modules;
pub mod ticket;
pub mod unconfirmed;
pub mod worklist;

use actix_web::HttpResponse;
use actix_web::ResponseError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY};
use askama::Template;

pub use failure::{failure, speak};

use super::assets::Assets;
use super::error::ApiError;
use super::words::Language;
use crate::error::AppError;

const POLICY: &str = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    lang: &'static str,
    assets: Assets,
    title: &'a str,
    lead: &'a str,
    next_step: Option<&'a str>,
    /// The same in the other language: where, and what the other language calls it.
    other: Option<(&'a str, Language)>,
}

/// Sends a page.
pub fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    let body = match template.render() {
        Ok(body) => body,
        Err(fault) => return ApiError::from(AppError::internal(fault)).error_response(),
    };
    let mut answer = HttpResponse::with_body(status, body).map_into_boxed_body();
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        // The secret of a link stands in the address: it goes to no other site.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Sends a page that only says something, with the way to the other language.
pub fn message_with(
    language: Language,
    status: StatusCode,
    title: &str,
    lead: &str,
    next_step: &str,
    other: &str,
) -> HttpResponse {
    let (lang, next_step, other) = (language.as_str(), Some(next_step), Some((other, language.other())));
    page(status, &Message { lang, assets: Assets::here(), title, lead, next_step, other })
}
