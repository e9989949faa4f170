//! "Wer kann mir helfen?" for other sites: from the snapshot in memory, open to every origin.
//!
//! Invariant: no database, no token, no cookie; the answer depends on the query and the day alone, so any cache may
//! keep it for a minute. Errors can be read from foreign pages too.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue,
    IF_NONE_MATCH,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::directory::{Help, HelpLanguage};
use crate::error::{AppError, Faults};
use crate::http::State;
use crate::http::error::{ApiError, Problem};
use crate::keys::Ars;

const CACHED: &str = "public, max-age=60, stale-while-revalidate=600";
/// Room for a usual answer, so that writing it does not grow the buffer.
const USUAL_SIZE: usize = 1024;

/// Who can help with a service in a municipality.
#[utoipa::path(get, path = "/api/v1/help", tag = "public", security(()),
    params(("service" = String, Query, description = "the service's slug"),
        ("ars" = Ars, Query, description = "the municipality's key"),
        ("lang" = Option<String>, Query, description = "de (when left out), de-x-leicht or en")),
    responses((status = 200, body = Help), (status = 304, description = "as the caller knows it"),
        (status = 404, body = Problem, description = "no such service or municipality"),
        (status = 422, body = Problem)))]
pub async fn help(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let mut response = answer(&state, &request).unwrap_or_else(|fault| ApiError::from(fault).error_response());
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag"));
    response
}

/// What a browser asks before it asks.
pub async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "If-None-Match, X-Request-Id"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

fn answer(state: &State, request: &HttpRequest) -> Result<HttpResponse, AppError> {
    let asked = Question::read(request.query_string())?;
    let today = state.today();
    let snapshot = state.directory().current();
    let found = snapshot.help(&asked.service, &asked.ars, asked.language, today).ok_or(AppError::NotFound)?;
    let mut body = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut body, &found).map_err(AppError::internal)?;
    let tag = entity_tag(&body)?;
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| knows(known.as_bytes(), tag.as_bytes()));
    let mut response = match known {
        true => HttpResponse::new(StatusCode::NOT_MODIFIED),
        false => {
            let mut whole = HttpResponse::with_body(StatusCode::OK, body).map_into_boxed_body();
            whole.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            whole
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(CACHED));
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// What is asked for.
struct Question<'q> {
    service: Cow<'q, str>,
    ars: Ars,
    language: HelpLanguage,
}

impl<'q> Question<'q> {
    /// Reads the query by hand: three plain parameters need no copies.
    fn read(query: &'q str) -> Result<Self, AppError> {
        let mut faults = Faults::default();
        let (mut service, mut ars, mut language) = (None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match name.as_ref() {
                "service" => &mut service,
                "ars" => &mut ars,
                "lang" => &mut language,
                _ => {
                    faults.add(name, "is unknown here; only service, ars and lang are");
                    continue;
                }
            };
            if slot.replace(value).is_some() {
                faults.add(name, "must be given once");
            }
        }
        if service.is_none() {
            faults.add("service", "is missing");
        }
        let ars = match ars {
            Some(ars) => faults.keep("ars", ars.parse::<Ars>()),
            None => faults.keep("ars", Err("is missing")),
        };
        let language = language.map_or(Some(HelpLanguage::German), |tag| faults.keep("lang", tag.parse()));
        faults.finish()?;
        let whole = service.zip(ars).zip(language).ok_or_else(|| AppError::internal("a faultless question with holes"));
        whole.map(|((service, ars), language)| Self { service, ars, language })
    }
}

fn entity_tag(body: &[u8]) -> Result<HeaderValue, AppError> {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish())).map_err(AppError::internal)
}

/// True where `If-None-Match` names the tag (weak comparison, RFC 9110).
fn knows(known: &[u8], tag: &[u8]) -> bool {
    let plain = |one: &[u8]| {
        let one = one.trim_ascii();
        one == b"*" || one.strip_prefix(b"W/").unwrap_or(one) == tag
    };
    known.split(|byte| *byte == b',').any(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_fault_of_a_question() {
        let fault = |query| Question::read(query).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(fault("service=a&ars=010020000000&lang=en"), "");
        assert_eq!(fault("ars=010020000000"), "service: is missing");
        assert!(
            fault("service=a&ars=1&lang=fr").contains("ars: ") && fault("service=a&ars=1&lang=fr").contains("lang: ")
        );
        assert!(fault("service=a&ars=010020000000&x=1").starts_with("x: "));
        assert!(fault("service=a&service=b&ars=010020000000").starts_with("service: must be given once"));
    }

    #[test]
    fn knows_a_tag_among_others() {
        for (known, is_known) in
            [("\"a\"", true), ("W/\"a\", \"b\"", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(knows(known.as_bytes(), b"\"a\""), is_known, "{known}");
        }
    }
}
