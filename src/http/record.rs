//! What every request gets: an id, the headers of safety, a figure and a line in the log.
//!
//! Invariant: the line names the pattern of the route, never the path or the query, because those can hold the
//! secret of a link or a search for a person. What is read without a token (help, assets, health) is logged at
//! `debug` only: there is nobody to answer for it, and the figures count it.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use uuid::Uuid;

use super::{State, routes};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;

/// Wraps every request.
pub async fn record<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let began = Instant::now();
    let id = request_id(request.headers());
    let mut response = next.call(request).await?;
    let served = response.request().clone();
    let Some(state) = served.app_data::<Data<State>>() else { return Ok(response) };
    protect(response.headers_mut(), state.is_https());
    let status = response.status();
    let took = began.elapsed();
    let route = routes::pattern(&served);
    state.metrics.request(served.method().as_str(), &route, status, took);
    if routes::is_quiet(&route) && served.method().is_safe() && !status.is_server_error() {
        tracing::debug!(method = %served.method(), %route, status = status.as_u16(), "request");
    } else {
        let (method, ms) = (served.method().as_str(), took.as_micros() as f64 / 1000.0);
        tracing::info!(method, %route, status = status.as_u16(), ms, id = id.to_str().unwrap_or_default(), "request");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    Ok(response)
}

/// The caller's id where it is a short plain word, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |id: &&HeaderValue| {
        let id = id.as_bytes();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=LONGEST_ID).contains(&id.len()) && id.iter().all(plain)
    };
    if let Some(given) = headers.get(REQUEST_ID).filter(is_plain) {
        return given.clone();
    }
    let mut text = Uuid::encode_buffer();
    let text = Uuid::now_v7().simple().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// The strictest that fits everything which did not say something else itself.
fn protect(headers: &mut HeaderMap, is_https: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let usual = [
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in usual {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_over_plain_ids_only() {
        let id = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(given));
            request_id(&headers).to_str().unwrap().to_owned()
        };
        assert_eq!(id("abc-1_2.3"), "abc-1_2.3");
        for odd in ["", "a b", "a\"b", "<script>"] {
            assert_eq!(id(odd).len(), 32, "{odd}");
        }
    }

    #[test]
    fn does_not_overrule_what_a_handler_said() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
        protect(&mut headers, false);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "public, max-age=60");
        assert_eq!(headers.get(X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
