//! The guard of a file that is sent as the body itself.
//!
//! Invariant: as with the guards of `auth.rs`, the right is named in the type and checked before a byte is read. A
//! file has its own, larger limit and its own media types, none of which a foreign page's form can send unasked.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::auth::{Right, caller, parse_query, plain_query, read_whole};
use super::error::ApiError;
use crate::access::Caller;
use crate::directory::import::MOST_BYTES;

/// What a table may come as.
const TABLES: [&str; 2] = ["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];

/// A caller who has the right `R`, a table, and what is to be done with it.
pub struct Upload<R: Right, Q> {
    /// Who asks.
    pub caller: Caller,
    /// What is to be done.
    pub query: Q,
    /// The file.
    pub bytes: Vec<u8>,
    right: PhantomData<R>,
}

impl<R: Right, Q: DeserializeOwned + 'static> FromRequest for Upload<R, Q> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = caller(&request, R::ACTION).await?;
            tables_only(&request)?;
            plain_query(&request)?;
            let query = parse_query(request.query_string())?;
            let bytes = read_whole(&request, payload, MOST_BYTES).await?.to_vec();
            Ok(Self { caller, query, bytes, right: PhantomData })
        })
    }
}

fn tables_only(request: &HttpRequest) -> Result<(), ApiError> {
    let media = request.headers().get(CONTENT_TYPE).map_or(b"".as_slice(), |media| media.as_bytes());
    let kind = media.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    if TABLES.iter().any(|table| kind.eq_ignore_ascii_case(table.as_bytes())) {
        return Ok(());
    }
    Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send the file as {}", TABLES.join(" or "))))
}
