//! The guard of what everybody may who is known at all: things about themselves.
//!
//! Invariant: who asks is known by a token or by the session of a page of ours, and what changes something for a
//! session carries its CSRF token, as with the guards in `auth.rs`. What is asked for is never anybody else's.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::auth::{json_only, parse, read, state};
use super::error::ApiError;
use super::visitor::{Visitor, caller_of, csrf_header};
use crate::access::{Caller, Session};
use crate::error::AppError;

/// Somebody who is known.
pub struct Known {
    /// Who asks.
    pub caller: Caller,
    /// Their session, where they are a person who is logged in.
    pub session: Option<Session>,
}

/// Somebody who is known, and what they want.
pub struct KnownCommand<B> {
    /// Who asks.
    pub known: Known,
    /// What they want.
    pub body: B,
}

impl Known {
    /// Whoever is behind the bearer token, or behind the session of a page of ours.
    pub(super) async fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        if let Some(header) = request.headers().get(AUTHORIZATION) {
            let scheme = header.to_str().ok().and_then(|value| value.split_once(' '));
            let token = scheme.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let (_, token) = token.ok_or(AppError::Unauthorised)?;
            let caller = state(request)?.authenticate(request, token.trim()).await?;
            return Ok(Self { caller, session: None });
        }
        let visitor = Visitor::of(request).await?;
        let session = visitor.person().cloned().ok_or(AppError::Unauthorised)?;
        if !request.method().is_safe() {
            visitor.check_csrf(request, csrf_header(request))?;
        }
        Ok(Self { caller: caller_of(&session, &visitor.origin), session: Some(session) })
    }

    /// The session of a person; a program has none.
    pub fn person(&self) -> Result<&Session, AppError> {
        let hint = "this is for people who are logged in; a token has no account of its own";
        self.session.as_ref().ok_or_else(|| AppError::Forbidden(hint.into()))
    }
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl FromRequest for Known {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

impl<B: DeserializeOwned + 'static> FromRequest for KnownCommand<B> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let known = Known::of(&request).await?;
            json_only(&request)?;
            let raw = read(&request, payload, state(&request)?.body_limit).await?;
            let body = parse(&raw)?;
            Ok(Self { known, body })
        })
    }
}
