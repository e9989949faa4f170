//! Who is at a page: nobody known, somebody on the way in, somebody logged in; and forms that come from our pages.
//!
//! Invariant: a form is taken only with the token of the cookie it was made for, so a foreign page can send none.
//! A page for staff leads whoever is not logged in to the log-in and back.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use rand::RngCore;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use super::shell::lead;
use super::trouble;
use crate::access::policy::allows;
use crate::access::{Action, Actor, Origin, Session, Stage};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{Right, parse_query, read};
use crate::http::client;
use crate::http::error::ApiError;

/// The cookie of a session.
const SESSION: &str = "lotse_session";
/// The cookie that forms are bound to before there is a session.
const BEFORE: &str = "lotse_pre";
/// The longest form, in bytes.
const LONGEST_FORM: usize = 64 * 1024;

/// Whoever asks for a page.
pub struct Visitor {
    /// The session, where there is one; it may still owe a code.
    pub session: Option<Session>,
    /// The secret of that session.
    pub secret: Option<String>,
    /// Where they are.
    pub origin: Origin,
    csrf: String,
    before: Option<String>,
}

/// Somebody who is logged in.
pub struct Staff {
    /// Who.
    pub visitor: Visitor,
    /// Their session.
    pub session: Session,
}

/// Somebody who is logged in and has the right.
pub struct StaffPage<R: Right> {
    /// Who.
    pub staff: Staff,
    right: PhantomData<R>,
}

/// A form of one of our pages.
pub struct Form<B>(pub B);

impl Visitor {
    /// True where they have the right somewhere.
    pub fn may(&self, action: Action) -> bool {
        self.open().is_some_and(|session| session.user.grants.iter().any(|grant| allows(grant.role, action)))
    }

    /// The session, if nothing more is owed.
    pub fn open(&self) -> Option<&Session> {
        self.session.as_ref().filter(|session| session.stage == Stage::Open)
    }

    /// Their name.
    pub fn name(&self) -> Option<&str> {
        self.open().map(|session| session.user.name.as_str())
    }

    /// What goes into forms.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The cookie that forms are bound to, where it has to be set.
    pub fn before(&self, state: &State) -> Option<Cookie<'static>> {
        self.before.clone().map(|secret| cookie(state, BEFORE, secret))
    }
}

impl Staff {
    /// As histories name them.
    pub fn actor(&self) -> Actor {
        Actor::person(self.session.user.id, &self.session.user.name)
    }
}

/// The cookie of a session.
pub fn session_cookie(state: &State, secret: &str) -> Cookie<'static> {
    cookie(state, SESSION, secret.to_owned())
}

/// The same, taken away.
pub fn no_session_cookie(state: &State) -> Cookie<'static> {
    let mut cookie = cookie(state, SESSION, String::new());
    cookie.make_removal();
    cookie
}

fn cookie(state: &State, name: &'static str, value: String) -> Cookie<'static> {
    let cookie = Cookie::build(name, value).path("/").http_only(true).same_site(SameSite::Lax);
    cookie.secure(state.is_https()).finish()
}

/// What goes into forms bound to this secret.
pub fn csrf(secret: &str) -> Result<String, AppError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(AppError::internal)?;
    mac.update(b"lotse csrf");
    Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

async fn visitor(request: &HttpRequest) -> Result<Visitor, ApiError> {
    let state = request.app_data::<Data<State>>().ok_or_else(|| AppError::internal("no state in the server"))?;
    let secret = request.cookie(SESSION).map(|cookie| cookie.value().to_owned()).filter(|secret| !secret.is_empty());
    let session = match &secret {
        Some(secret) => match state.accounts.session(secret).await {
            Ok(session) => Some(session),
            Err(AppError::Unauthorised) => None,
            Err(fault) => return Err(fault.into()),
        },
        None => None,
    };
    let address = client::address(request, &state.trusted_proxies);
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let secret = secret.filter(|_| session.is_some());
    let known = secret.clone().or_else(|| request.cookie(BEFORE).map(|cookie| cookie.value().to_owned()));
    let before = known.is_none().then(|| {
        let mut bytes = [0u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    });
    let csrf = csrf(known.as_deref().or(before.as_deref()).unwrap_or_default())?;
    Ok(Visitor { session, secret, origin: Origin::new(address, agent), csrf, before })
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(visitor(&request).await?) })
    }
}

async fn staff(request: &HttpRequest) -> Result<Staff, PageError> {
    let visitor = visitor(request).await?;
    match visitor.open().cloned() {
        Some(session) => Ok(Staff { visitor, session }),
        None => Err(PageError::LogIn(request.path().to_owned())),
    }
}

impl FromRequest for Staff {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { staff(&request).await })
    }
}

impl<R: Right> FromRequest for StaffPage<R> {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let staff = staff(&request).await?;
            if !staff.visitor.may(R::ACTION) {
                return Err(AppError::Forbidden(R::ACTION.as_str().to_owned()).into());
            }
            Ok(Self { staff, right: PhantomData })
        })
    }
}

impl<B: DeserializeOwned + 'static> FromRequest for Form<B> {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let expected = visitor(&request).await?.csrf;
            let raw = read(&request, payload, LONGEST_FORM).await?;
            let text = std::str::from_utf8(&raw).map_err(|_| AppError::field("body", "must be a form"))?;
            let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).collect();
            if !pairs.iter().any(|(name, value)| name == "csrf" && *value == expected) {
                return Err(AppError::Forbidden("the form is not from this page".into()).into());
            }
            let rest = pairs.iter().filter(|(name, _)| name != "csrf");
            let rest = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
            Ok(Self(parse_query(&rest)?))
        })
    }
}

/// Why a page is not shown.
#[derive(Debug)]
pub enum PageError {
    /// Somebody has to log in first, then goes on there.
    LogIn(String),
    /// Anything else.
    Fault(ApiError),
}

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogIn(_) => f.write_str("log in first"),
            Self::Fault(fault) => fmt::Display::fmt(fault, f),
        }
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
            Self::LogIn(path) => {
                let on = url::form_urlencoded::Serializer::new(String::new()).append_pair("weiter", path).finish();
                lead(&format!("/anmelden?{on}"))
            }
            Self::Fault(fault) => trouble(fault),
        }
    }
}
