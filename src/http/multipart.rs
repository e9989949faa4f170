//! A form with a file, sent from a page of ours (RFC 7578, `multipart/form-data`).
//!
//! Invariant: who asks and whether they have the right is known before a byte of the body is read; the body is bounded and
//! read whole, without unfolding anything; the form's token is checked before anything else of it
//! counts. Not here: what a file holds.

use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;

use super::auth::{Right, read_whole};
use super::error::ApiError;
use super::visitor::{PageError, Person, Visitor};
use crate::directory::import::MOST_BYTES;

/// A file once as it is, once more as text in a field, and what stands around it.
const LONGEST: usize = MOST_BYTES * 4 / 3 + 64 * 1024;
type Error = Box<dyn std::error::Error>;

/// The field with the form's token.
const TOKEN: &str = "csrf";
/// The most parts of a form.
const MOST_PARTS: usize = 50;

/// A form of somebody who is logged in and has the right `R`.
pub struct FileForm<R: Right> {
    /// Who sent it.
    pub person: Person,
    parts: Parts,
    right: PhantomData<R>,
}

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without folders.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Parts {
    texts: HashMap<String, String>,
    files: HashMap<String, File>,
}

impl<R: Right> FileForm<R> {
    /// What stands in a field.
    pub fn text(&self, name: &str) -> &str {
        self.parts.texts.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// The file of a field; none where nobody chose one.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.parts.files.get(name).filter(|file| !file.bytes.is_empty())
    }
}

impl<R: Right> FromRequest for FileForm<R> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let person = Person::of(Visitor::of(&request).await?, &request)?;
            person.caller.may(R::ACTION)?;
            let media = request.headers().get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
            if !media.to_ascii_lowercase().starts_with("multipart/form-data") {
                // A form of any other kind holds no token for here.
                person.visitor.check_csrf(&request, None)?;
            }
            let raw = read_whole(&request, payload, LONGEST).await?;
            let parts = take_apart(request.headers(), raw).await.map_err(|fault| {
                ApiError::Request(StatusCode::BAD_REQUEST, format!("this is no form with a file: {fault}"))
            })?;
            person.visitor.check_csrf(&request, parts.texts.get(TOKEN).map(String::as_str))?;
            Ok(Self { person, parts, right: PhantomData })
        })
    }
}

/// Takes a body apart.
async fn take_apart(headers: &HeaderMap, raw: Bytes) -> Result<Parts, Error> {
    let whole = futures_util::stream::once(std::future::ready(Ok::<_, PayloadError>(raw)));
    let (mut sent, mut parts) = (Multipart::new(headers, whole), Parts::default());
    for _ in 0..MOST_PARTS {
        let Some(part) = sent.next().await else { return Ok(parts) };
        let mut part = part?;
        let told = part.content_disposition();
        let name = told.and_then(|told| told.get_name()).map(str::to_owned).ok_or("a part has no name")?;
        let file = told.and_then(|told| told.get_filename()).map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        match file {
            Some(file) => {
                let name_of = file.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(120).collect();
                parts.files.insert(name, File { name: name_of, bytes });
            }
            None => {
                let text = String::from_utf8(bytes)?;
                if text.contains('\0') {
                    return Err("a text holds a zero byte".into());
                }
                parts.texts.insert(name, text);
            }
        }
    }
    Err("it has too many parts".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    async fn of(body: &'static [u8]) -> Result<Parts, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=x"));
        take_apart(&headers, Bytes::from_static(body)).await
    }

    #[actix_web::test]
    async fn a_form_is_taken_apart_byte_by_byte() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--x\r\nContent-Disposition: form-data; name=\"datei\"; filename=\"a/k.csv\"\r\nContent-Type: text/csv\r\n\r\nid;name\r\n--y\r\n\xff\r\n--x--\r\n";
        let parts = of(body).await.unwrap();
        assert_eq!(parts.texts.get("csrf").map(String::as_str), Some("abc"));
        let file = parts.files.get("datei").unwrap();
        assert_eq!((file.name.as_str(), file.bytes.as_slice()), ("k.csv", b"id;name\r\n--y\r\n\xff".as_slice()));
    }

    #[actix_web::test]
    async fn what_is_no_form_is_a_fault() {
        for odd in [&b""[..], b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", b"y\r\n"] {
            assert!(of(odd).await.is_err(), "{odd:?}");
        }
    }
}
