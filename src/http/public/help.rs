//! "Wer kann mir helfen?" for other sites: from the snapshot in memory, open to every origin.
//!
//! Invariant: no database, no token, no cookie; the answer depends on the query and the time alone, so any cache may
//! keep it for a minute, but not past the next time that somebody comes or goes. Errors can be read from foreign pages
//! too. The same as a page: `page.rs`.

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

use crate::clock::Timestamp;
use crate::directory::{Help, HelpLanguage, Snapshot};
use crate::error::{AppError, Faults};
use crate::http::State;
use crate::http::error::{ApiError, Problem};
use crate::keys::{Ags, Ars};

/// For how many seconds an answer is kept, and for how many more it may stand in while a newer one is fetched.
const KEPT: i64 = 60;
const KEPT_LONGER: i64 = 600;
const CACHED: &str = "public, max-age=60, stale-while-revalidate=600";
/// Room for a usual answer, so that writing it does not grow the buffer.
const USUAL_SIZE: usize = 2048;

/// Who can help with a service in a municipality.
#[utoipa::path(get, path = "/api/v1/help", tag = "public", security(()),
    params(("service" = String, Query, description = "the service's slug"),
        ("ars" = Option<Ars>, Query, description = "the municipality's key; this or ags"),
        ("ags" = Option<Ags>, Query, description = "its key without the digits of the Verband"),
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
    let now = state.desk().clock.now();
    let snapshot = state.directory().current();
    let ars = asked.place.ars(&snapshot)?;
    let found = snapshot.help(&asked.service, ars, asked.language, now).ok_or(AppError::NotFound)?;
    let found = found.linked(state.public_url(), asked.language);
    let mut body = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut body, &found).map_err(AppError::internal)?;
    kept(request, body, "application/json", found.changes_at, now)
}

/// The answer with its tag and how long it may be kept, or that the caller has it already.
pub(super) fn kept(
    request: &HttpRequest,
    body: Vec<u8>,
    kind: &'static str,
    changes_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<HttpResponse, AppError> {
    let tag = entity_tag(&body)?;
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| knows(known.as_bytes(), tag.as_bytes()));
    let mut response = match known {
        true => HttpResponse::new(StatusCode::NOT_MODIFIED),
        false => {
            let mut whole = HttpResponse::with_body(StatusCode::OK, body).map_into_boxed_body();
            whole.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            whole
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, cache_control(changes_at, now)?);
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// Never kept past the next change.
fn cache_control(changes_at: Option<Timestamp>, now: Timestamp) -> Result<HeaderValue, AppError> {
    let left = changes_at.map_or(i64::MAX, |change| change.since(now).num_seconds().max(0));
    if left >= KEPT + KEPT_LONGER {
        return Ok(HeaderValue::from_static(CACHED));
    }
    HeaderValue::from_str(&format!("public, max-age={}", left.min(KEPT))).map_err(AppError::internal)
}

/// What is asked for.
struct Question<'q> {
    service: Cow<'q, str>,
    place: Asked,
    language: HelpLanguage,
}

/// Where.
enum Asked {
    Ars(Ars),
    Ags(Ags),
}

impl Asked {
    /// The one municipality that is meant.
    fn ars<'a>(&'a self, snapshot: &'a Snapshot) -> Result<&'a Ars, AppError> {
        let ags = match self {
            Self::Ars(ars) => return Ok(ars),
            Self::Ags(ags) => ags,
        };
        match snapshot.all_by_ags(ags)[..] {
            [] => Err(AppError::NotFound),
            [one] => Ok(&one.ars),
            ref several => {
                let all: Vec<&str> = several.iter().map(|place| place.ars.as_str()).collect();
                Err(AppError::field(
                    "ags",
                    format!("stands for several municipalities; name one by its ars: {}", all.join(", ")),
                ))
            }
        }
    }
}

impl<'q> Question<'q> {
    /// Reads the query by hand: three plain parameters need no copies.
    fn read(query: &'q str) -> Result<Self, AppError> {
        let mut faults = Faults::default();
        let (mut service, mut ars, mut ags, mut language) = (None, None, None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match name.as_ref() {
                "service" => &mut service,
                "ars" => &mut ars,
                "ags" => &mut ags,
                "lang" => &mut language,
                _ => {
                    faults.add(name, "is unknown here; only service, ars, ags and lang are");
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
        let place = match (ars, ags) {
            (Some(ars), None) => faults.keep("ars", ars.parse()).map(Asked::Ars),
            (None, Some(ags)) => faults.keep("ags", ags.parse()).map(Asked::Ags),
            (None, None) => faults.keep("ars", Err("is missing; ags is taken as well")),
            (Some(_), Some(_)) => faults.keep("ags", Err("must not be given beside ars")),
        };
        let language = language.map_or(Some(HelpLanguage::German), |tag| faults.keep("lang", tag.parse()));
        faults.finish()?;
        let whole =
            service.zip(place).zip(language).ok_or_else(|| AppError::internal("a faultless question with holes"));
        whole.map(|((service, place), language)| Self { service, place, language })
    }
}

fn entity_tag(body: &[u8]) -> Result<HeaderValue, AppError> {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish())).map_err(AppError::internal)
}

/// True where `If-None-Match` names the tag (weak comparison, RFC 9110).
pub(super) fn knows(known: &[u8], tag: &[u8]) -> bool {
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
        assert_eq!(
            (fault("service=a&ags=01002000"), fault("service=a&ars=010020000000&ags=01002000").is_empty()),
            (String::new(), false)
        );
        assert!(fault("service=a").starts_with("ars: is missing") && fault("service=a&ags=1").starts_with("ags: "));
        assert!(fault("service=a&ars=010020000000&x=1").starts_with("x: "));
        assert!(fault("service=a&service=b&ars=010020000000").starts_with("service: must be given once"));
    }

    #[test]
    fn is_never_kept_past_the_next_change() {
        let now = Timestamp::new("2026-11-24T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        let kept = |left: i64| {
            let change = now.plus(chrono::TimeDelta::milliseconds(left));
            cache_control(Some(change), now).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(kept(3_600_000), CACHED);
        assert_eq!(cache_control(None, now).unwrap(), CACHED);
        let cases = [(600_000, "60"), (61_000, "60"), (59_900, "59"), (900, "0"), (-5_000, "0")];
        for (left, expected) in cases {
            assert_eq!(kept(left), format!("public, max-age={expected}"), "{left} ms");
        }
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
