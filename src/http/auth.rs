//! Guards: who asks, with which right, and the body only after that.
//!
//! Invariant: a handler gets its caller only through a [`Guard`] or [`Command`] that names the right in its type;
//! the guard runs before a byte of the body is read. A body is bounded, never decompressed, and parsed with
//! unknown fields refused; what is wrong is named by field.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::State;
use super::error::ApiError;
use super::known::Known;
use crate::access::idempotency::{Once, Render};
use crate::access::{Action, Caller};
use crate::error::AppError;

/// How long a whole body may take to come.
const SLOWEST_BODY: Duration = Duration::from_secs(20);

/// A right as a type, so that a handler's signature says it.
pub trait Right: 'static {
    /// The right.
    const ACTION: Action;
}

macro_rules! rights {
    ($($name:ident),* $(,)?) => {
        /// The rights a guard can name; one type an [`Action`].
        pub mod right {
            $(#[doc = concat!("See [`Action::", stringify!($name), "`](crate::access::Action).")]
            #[derive(Debug)] pub enum $name {}
            impl super::Right for $name { const ACTION: super::Action = super::Action::$name; })*
        }
    };
}
rights!(
    SubmitTicket,
    ReadTickets,
    NoteTicket,
    AssessTicket,
    EscalateTicket,
    OpenReporter,
    ExportPersonalData,
    ErasePersonalData,
    ReadEscalations,
    RespondEscalation,
    ReadInbound,
    DecideInbound,
    ReadDeliveries,
    ReplayDelivery,
    ReadDirectory,
    ChangeAdoption,
    ChangeContact,
    ChangeDirectory,
    ReadUsers,
    ManageUsers,
    ReadAudit,
    ReadMetrics,
    Operate,
    ReadFigures,
);

/// A caller who has the right `R`.
pub struct Guard<R: Right> {
    /// Who asks.
    pub caller: Caller,
    right: PhantomData<R>,
}

/// A caller who has the right `R`, and what they want.
pub struct Command<R: Right, B> {
    /// Who asks.
    pub caller: Caller,
    /// What they want.
    pub body: B,
    raw: Bytes,
    route: String,
    key: Option<String>,
    if_match: Option<String>,
    right: PhantomData<R>,
}

/// A caller who has the right `R`, and what they ask for in the query.
pub struct Asked<R: Right, Q> {
    /// Who asks.
    pub caller: Caller,
    /// What for.
    pub query: Q,
    right: PhantomData<R>,
}

impl<R: Right, B> Command<R, B> {
    /// The version that the change was made against, from `If-Match: "3"`.
    pub fn if_match(&self) -> Result<Option<i32>, AppError> {
        self.if_match.as_deref().map(version).transpose()
    }

    /// Marks the request as one that may be repeated, if it carries an `Idempotency-Key`.
    pub fn once<T>(&self, render: Render<T>) -> Result<Option<Once<T>>, AppError> {
        let Some(key) = &self.key else { return Ok(None) };
        Once::new(self.caller.id, self.route.clone(), key, &self.raw, render).map(Some)
    }
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl<R: Right> FromRequest for Guard<R> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self { caller: caller(&request, R::ACTION).await?, right: PhantomData }) })
    }
}

impl<R: Right, B: DeserializeOwned + 'static> FromRequest for Command<R, B> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = caller(&request, R::ACTION).await?;
            json_only(&request)?;
            let raw = read(&request, payload, state(&request)?.body_limit).await?;
            let key = plain_header(&request, "Idempotency-Key")?;
            let if_match = plain_header(&request, "If-Match")?;
            let route = format!("{} {}", request.method(), request.path());
            Ok(Self { caller, body: parse(&raw)?, raw, route, key, if_match, right: PhantomData })
        })
    }
}

impl<R: Right, Q: DeserializeOwned + 'static> FromRequest for Asked<R, Q> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = caller(&request, R::ACTION).await?;
            plain_query(&request)?;
            Ok(Self { caller, query: parse_query(request.query_string())?, right: PhantomData })
        })
    }
}

/// No database keeps a NUL, and no text that people search for has one.
pub(super) fn plain_query(request: &HttpRequest) -> Result<(), AppError> {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let faulty = pairs.into_iter().find(|(name, value)| name.contains('\0') || value.contains('\0'));
    faulty
        .map_or(Ok(()), |(name, _)| Err(AppError::field(name.replace('\0', ""), "holds a NUL; please send plain text")))
}

fn plain_header(request: &HttpRequest, name: &str) -> Result<Option<String>, AppError> {
    let plain = |value: &HeaderValue| value.to_str().map(str::to_owned);
    let value = request.headers().get(name).map(plain).transpose();
    value.map_err(|_| AppError::field(name, "must be plain text"))
}

/// The version in an entity tag of the directory, such as `"3"`.
pub fn version(tag: &str) -> Result<i32, AppError> {
    let inner = tag.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let wrong = || AppError::field("If-Match", "must be the ETag of the object as it was read, such as \"3\"");
    inner.and_then(|number| number.parse().ok()).ok_or_else(wrong)
}

pub(super) fn state(request: &HttpRequest) -> Result<&State, AppError> {
    request.app_data::<Data<State>>().map(|data| &***data).ok_or_else(|| AppError::internal("no state in the server"))
}

/// Whoever asks, if they have the right.
pub(super) async fn caller(request: &HttpRequest, action: Action) -> Result<Caller, ApiError> {
    let caller = Known::of(request).await?.caller;
    caller.may(action)?;
    Ok(caller)
}

/// A body of the API is JSON; a form of a foreign page, which a browser would send unasked, never counts as such.
pub(super) fn json_only(request: &HttpRequest) -> Result<(), ApiError> {
    let Some(media) = request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let kind = media.as_bytes().split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    if kind.is_empty() || kind.eq_ignore_ascii_case(b"application/json") {
        return Ok(());
    }
    Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json".to_owned()))
}

/// Reads a body of JSON or of a form up to the limit.
pub async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let body = read_whole(request, payload, limit).await?;
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    let media = media.to_ascii_lowercase();
    if !body.is_empty()
        && !media.starts_with("application/json")
        && !media.starts_with("application/x-www-form-urlencoded")
    {
        let detail = "send application/json".to_owned();
        return Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    Ok(body)
}

/// Reads a body of any kind up to the limit; compressed ones are refused, because nothing bounds what they unfold to.
pub(super) async fn read_whole(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let coding = request.headers().get(CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let detail = "send the body as it is, without Content-Encoding".to_owned();
        return Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let too_long =
        || ApiError::Request(StatusCode::PAYLOAD_TOO_LARGE, format!("a body may have at most {limit} bytes"));
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    let too_slow = || ApiError::Request(StatusCode::REQUEST_TIMEOUT, "the body took too long".to_owned());
    let mut body = BytesMut::new();
    let end = Instant::now() + SLOWEST_BODY;
    while let Some(chunk) = timeout_at(end, payload.next()).await.map_err(|_| too_slow())? {
        let chunk =
            chunk.map_err(|e| ApiError::Request(StatusCode::BAD_REQUEST, format!("the body broke off: {e}")))?;
        if body.len() + chunk.len() > limit {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Parses JSON; no body counts as `{}`. Broken JSON is 400, every other fault 422 with the field.
pub fn parse<B: DeserializeOwned>(raw: &[u8]) -> Result<B, ApiError> {
    let raw = if raw.iter().all(u8::is_ascii_whitespace) { b"{}" } else { raw };
    let not_text = |_| ApiError::Request(StatusCode::BAD_REQUEST, "the body is not UTF-8".to_owned());
    let raw = std::str::from_utf8(raw).map_err(not_text)?;
    let mut json = serde_json::Deserializer::from_str(raw);
    let parsed = serde_path_to_error::deserialize(&mut json);
    let not_json =
        |fault: serde_json::Error| ApiError::Request(StatusCode::BAD_REQUEST, format!("the body is not JSON: {fault}"));
    let value = parsed.map_err(|fault| {
        let path = fault.path().to_string();
        let fault = fault.into_inner();
        // A list where a word is expected is called a fault of the syntax, which it is not.
        let is_json = fault.is_syntax() && serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok();
        if !fault.is_data() && !is_json {
            return not_json(fault);
        }
        let (field, message) = explain(&path, &fault.to_string());
        AppError::field(field, message).into()
    })?;
    json.end().map_err(not_json)?;
    Ok(value)
}

/// Parses a query or a form; every fault is 422 with the parameter.
pub fn parse_query<Q: DeserializeOwned>(query: &str) -> Result<Q, AppError> {
    let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|fault| {
        let path = fault.path().to_string();
        let (field, message) = explain(&path, &fault.into_inner().to_string());
        AppError::field(if field == "body" { "query".to_owned() } else { field }, message)
    })
}

/// The field and the fault in words, from what serde says.
fn explain(path: &str, fault: &str) -> (String, String) {
    let fault = fault.rsplit_once(" at line ").map_or(fault, |(fault, _)| fault);
    // What was found instead may be somebody's name; only its kind is told.
    let found = fault.strip_prefix("invalid type: ").or(fault.strip_prefix("invalid value: "));
    let expected = found.and_then(|found| found.rsplit_once(", expected "));
    if let Some((found, expected)) = expected {
        let kind = found.split([' ', '`', '"']).next().unwrap_or_default();
        let field = if path == "." { "body" } else { path };
        return (field.to_owned(), format!("does not fit: found {kind}, expected {expected}"));
    }
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    let quoted = || fault.split('`').nth(1).unwrap_or_default();
    if fault.starts_with("missing field") {
        return (inside(quoted()), "is missing".into());
    }
    if fault.starts_with("unknown field") {
        let name = quoted();
        let field = if path.rsplit('.').next() == Some(name) { path.to_owned() } else { inside(name) };
        return (field, fault.replacen("unknown field", "is unknown here:", 1));
    }
    (if path == "." { "body".into() } else { path.to_owned() }, fault.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::submit::SubmitTicket;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Wanted {
        limit: Option<u32>,
        service: String,
    }

    #[test]
    fn a_faulty_query_names_its_parameter() {
        let fault = |query| parse_query::<Wanted>(query).unwrap_err().to_string();
        assert!(fault("limit=x&service=a").starts_with("limit: "), "{}", fault("limit=x&service=a"));
        assert!(fault("service=a&q=1").starts_with("q: "), "{}", fault("service=a&q=1"));
        assert_eq!(fault("limit=1"), "service: is missing");
        assert_eq!(parse_query::<Wanted>("limit=7&service=a%20b").unwrap().limit, Some(7));
    }

    #[test]
    fn a_version_stands_in_quotes() {
        assert_eq!(version("\"3\"").unwrap(), 3);
        for odd in ["3", "*", "W/\"3\"", "\"x\""] {
            assert!(version(odd).is_err(), "{odd}");
        }
    }

    #[track_caller]
    fn check(json: &str, status: u16, field: &str) {
        match parse::<SubmitTicket>(json.as_bytes()).unwrap_err() {
            ApiError::Request(code, _) => assert_eq!((code.as_u16(), ""), (status, field)),
            ApiError::App(AppError::Invalid(faults)) => assert_eq!((422, faults[0].field.as_str()), (status, field)),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_fault_of_a_body_names_its_field() {
        check("", 422, "service");
        check("{", 400, "");
        check("{} x", 422, "service");
        check("[]", 422, "body");
        check(r#"{"service": 5}"#, 422, "service");
        check(r#"{"channel": "fax"}"#, 422, "channel");
        check(r#"{"prio": 1}"#, 422, "prio");
        check(r#"{"reply": {"wish": "email", "mobil": 1}}"#, 422, "reply.mobil");
        check(r#"{"reply": {}}"#, 422, "reply.wish");
    }
}
