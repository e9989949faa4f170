//! Who opens a page, and whether a form is really theirs.
//!
//! Invariant: a person is known by the cookie of a session that holds and owes no code any more. Whatever changes
//! something for a session needs its CSRF token, which only our own pages know; a form of somebody without a session
//! (log-in, reset) must at least come from one of our pages, as browsers tell by `Sec-Fetch-Site` and `Origin`. A
//! fault becomes a page; who is not logged in is sent to the log-in and comes back. Not here: what a form means.
//!
//! Where next: `auth.rs` (the same for the API), `cookies.rs`, `pages/`.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HOST, HeaderName, LOCATION, ORIGIN, USER_AGENT};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use sha2::Sha256;

use super::auth::{Right, parse_query, read, state};
use super::error::ApiError;
use super::{State, client, cookies, pages, routes};
use crate::access::{Accounts, Actor, Caller, Origin, Session, Stage};
use crate::error::AppError;

/// The longest form of a page, in bytes.
const LONGEST_FORM: usize = 64 * 1024;
/// The field of a form that holds the CSRF token.
const FIELD: &str = "csrf";
/// The header that does the same for a script of ours.
const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// A script of ours says so that it asks by itself, not for the person.
const BY_ITSELF: HeaderName = HeaderName::from_static("x-lotse-by-itself");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whoever opens a page.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Where they ask from.
    pub origin: Origin,
    /// Their session, perhaps one that still owes a code.
    pub session: Option<Session>,
    secret: Option<String>,
}

impl Visitor {
    /// Whoever sent this.
    pub async fn of(request: &HttpRequest) -> Result<Self, AppError> {
        let state = state(request)?;
        let secret = cookies::session_secret(state, request);
        let session = match &secret {
            None => None,
            Some(secret) => match session(state, request, secret).await {
                Ok(session) => Some(session),
                Err(AppError::Unauthorised) => None,
                Err(fault) => return Err(fault),
            },
        };
        Ok(Self { origin: origin(request, state), secret: secret.filter(|_| session.is_some()), session })
    }

    /// The session of somebody who is logged in, all factors given.
    pub fn person(&self) -> Option<&Session> {
        self.session.as_ref().filter(|session| session.stage == Stage::Open)
    }

    /// What they may, if they are logged in.
    pub fn caller(&self) -> Option<Caller> {
        self.person().map(|session| caller_of(session, &self.origin))
    }

    /// The accounts, asked from where they are.
    pub fn accounts(&self, state: &State) -> Accounts {
        state.accounts.at(self.origin.address)
    }

    /// The secret of their session.
    pub fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// What every form of theirs must carry; empty without a session.
    pub fn csrf(&self) -> String {
        self.secret().map(csrf_token).unwrap_or_default()
    }

    /// Refuses what was not sent from a page of ours, or without the token of the session.
    pub fn check_csrf(&self, request: &HttpRequest, token: Option<&str>) -> Result<(), ApiError> {
        let is_known = self.secret().is_none_or(|secret| token.is_some_and(|token| is_token_of(secret, token)));
        if is_known && comes_from_here(request, state(request)?) {
            return Ok(());
        }
        let detail = "this was not sent from a page of this service, or the page was too old; open it again";
        Err(ApiError::Request(StatusCode::FORBIDDEN, detail.to_owned()))
    }
}

/// The session of a secret; what a page asks for by itself does not count as use of it.
async fn session(state: &State, request: &HttpRequest, secret: &str) -> Result<Session, AppError> {
    match request.headers().contains_key(BY_ITSELF) || request.path() == routes::STREAM {
        true => state.accounts.session_unused(secret).await,
        false => state.accounts.session(secret).await,
    }
}

/// What a person who is logged in may.
pub fn caller_of(session: &Session, origin: &Origin) -> Caller {
    let user = &session.user;
    let actor = Actor::person(user.id, &user.name).at(Some(origin.address));
    Caller::new(user.id.cast(), actor, user.grants.clone(), None)
}

/// Where a request comes from.
pub fn origin(request: &HttpRequest, state: &State) -> Origin {
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Origin::new(client::address(request, &state.trusted_proxies), agent)
}

/// The token in the header of a script of ours.
pub fn csrf_header(request: &HttpRequest) -> Option<&str> {
    request.headers().get(HEADER).and_then(|value| value.to_str().ok())
}

fn mac_of(secret: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(b"lotse csrf");
    Some(mac)
}

/// The CSRF token of the session with this secret.
pub fn csrf_token(secret: &str) -> String {
    mac_of(secret).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

fn is_token_of(secret: &str, token: &str) -> bool {
    let given = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    mac_of(secret).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

/// What browsers say of where a form stood. What says nothing is no browser, and nobody can be made to send it.
fn comes_from_here(request: &HttpRequest, state: &State) -> bool {
    let text = |name: &HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if text(&SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return false;
    }
    let Some(origin) = text(&ORIGIN) else { return true };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    origin == state.desk().settings.public_url || text(&HOST) == Some(host)
}

/// A form, sent from a page of ours.
pub struct Form<B> {
    /// Who sent it.
    pub visitor: Visitor,
    /// What it says, without the token.
    pub body: B,
}

/// Somebody who is logged in.
pub struct Person {
    /// Their session.
    pub session: Session,
    /// What they may.
    pub caller: Caller,
    /// Where they ask from, and the token of their forms.
    pub visitor: Visitor,
}

/// A form of somebody who is logged in.
pub struct PersonForm<B> {
    /// Who sent it.
    pub person: Person,
    /// What it says.
    pub body: B,
}

/// Somebody who is logged in and has the right `R`.
pub struct Staff<R: Right> {
    /// Who it is.
    pub person: Person,
    right: PhantomData<R>,
}

/// A form of somebody who is logged in and has the right `R`.
pub struct StaffForm<R: Right, B> {
    /// Who sent it.
    pub person: Person,
    /// What it says.
    pub body: B,
    right: PhantomData<R>,
}

impl Person {
    /// Whoever is logged in; else they are sent to the log-in and come back.
    pub(super) fn of(visitor: Visitor, request: &HttpRequest) -> Result<Self, PageError> {
        let Some(session) = visitor.person().cloned() else {
            // A form cannot be sent again by itself after the log-in; its page can be opened again.
            let back = if request.method().is_safe() { request.uri().to_string() } else { String::new() };
            return Err(PageError::LogIn(back));
        };
        Ok(Self { caller: caller_of(&session, &visitor.origin), session, visitor })
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nobody is logged in; after the log-in they come back to this address.
    #[error("nobody is logged in")]
    LogIn(String),
    /// Everything else.
    #[error("{0}")]
    Fault(ApiError),
}

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::LogIn(_) => StatusCode::SEE_OTHER,
            Self::Fault(fault) => fault.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::LogIn(back) => see_other(&log_in_path(back)),
            Self::Fault(fault) => pages::failure(fault),
        }
    }
}

/// The log-in page that leads back.
fn log_in_path(back: &str) -> String {
    if back.is_empty() {
        return "/anmelden".to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("weiter", back).finish();
    format!("/anmelden?{query}")
}

/// Sends the browser on to a page of ours, which it then asks for with GET.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self::of(&request).await?) })
    }
}

impl<B: DeserializeOwned + 'static> FromRequest for Form<B> {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let visitor = Visitor::of(&request).await?;
            let body = form(&request, payload, &visitor).await?;
            Ok(Self { visitor, body })
        })
    }
}

impl FromRequest for Person {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(Visitor::of(&request).await?, &request) })
    }
}

impl<B: DeserializeOwned + 'static> FromRequest for PersonForm<B> {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let person = Person::of(Visitor::of(&request).await?, &request)?;
            let body = form(&request, payload, &person.visitor).await?;
            Ok(Self { person, body })
        })
    }
}

impl<R: Right> FromRequest for Staff<R> {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let person = Person::of(Visitor::of(&request).await?, &request)?;
            person.caller.may(R::ACTION)?;
            Ok(Self { person, right: PhantomData })
        })
    }
}

impl<R: Right, B: DeserializeOwned + 'static> FromRequest for StaffForm<R, B> {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let person = Person::of(Visitor::of(&request).await?, &request)?;
            person.caller.may(R::ACTION)?;
            let body = form(&request, payload, &person.visitor).await?;
            Ok(Self { person, body, right: PhantomData })
        })
    }
}

/// Reads a form and checks its token, which `B` then knows nothing of.
async fn form<B: DeserializeOwned>(request: &HttpRequest, payload: Payload, visitor: &Visitor) -> Result<B, ApiError> {
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send a form".to_owned()));
    }
    let raw = read(request, payload, LONGEST_FORM).await?;
    let (mut token, mut rest) = (None, url::form_urlencoded::Serializer::new(String::new()));
    for (name, value) in url::form_urlencoded::parse(&raw) {
        if value.contains('\0') {
            return Err(AppError::field(name, "holds a NUL; please send plain text").into());
        }
        if name == FIELD {
            token = Some(value.into_owned());
        } else {
            rest.append_pair(&name, &value);
        }
    }
    visitor.check_csrf(request, token.as_deref())?;
    Ok(parse_query(&rest.finish())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_one_secret() {
        let token = csrf_token("eins");
        assert!(is_token_of("eins", &token) && !is_token_of("zwei", &token));
        for odd in ["", "x", &token[1..], &format!("{token}A"), &token.to_lowercase()] {
            assert!(!is_token_of("eins", odd), "{odd}");
        }
    }

    #[test]
    fn the_log_in_leads_back() {
        assert_eq!(log_in_path(""), "/anmelden");
        assert_eq!(log_in_path("/anfragen?q=a&b=1"), "/anmelden?weiter=%2Fanfragen%3Fq%3Da%26b%3D1");
    }
}
