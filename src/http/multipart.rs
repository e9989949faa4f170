//! A form with a file, sent from a page of ours (RFC 7578, `multipart/form-data`).
//!
//! Invariant: who asks and whether they have the right is known before a byte of the body is read; the body is bounded,
//! read whole and taken apart here, without unfolding anything; the form's token is checked before anything else of it
//! counts. Not here: what a file holds.

use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};

use super::auth::{Right, read_whole};
use super::error::ApiError;
use super::visitor::{PageError, Person, Visitor};
use crate::directory::import::MOST_BYTES;

/// A file once as it is, once more as text in a field, and what stands around it.
const LONGEST: usize = MOST_BYTES * 4 / 3 + 64 * 1024;
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
            let boundary = boundary(&request)?;
            let raw = read_whole(&request, payload, LONGEST).await?;
            let parts = take_apart(&raw, &boundary)
                .ok_or_else(|| ApiError::Request(StatusCode::BAD_REQUEST, "this is no form with a file".into()))?;
            person.visitor.check_csrf(&request, parts.texts.get(TOKEN).map(String::as_str))?;
            Ok(Self { person, parts, right: PhantomData })
        })
    }
}

/// What stands between the parts.
fn boundary(request: &HttpRequest) -> Result<String, ApiError> {
    let wrong = || ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send a form with a file".to_owned());
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    let mut parts = media.split(';').map(str::trim);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data")) {
        return Err(wrong());
    }
    let named = parts.find_map(|part| part.strip_prefix("boundary="));
    let boundary = named.map(|text| text.trim_matches('"').to_owned());
    boundary.filter(|text| (1..=70).contains(&text.len())).ok_or_else(wrong)
}

/// Takes a body apart; none where it is no such form.
fn take_apart(raw: &[u8], boundary: &str) -> Option<Parts> {
    let mut parts = Parts::default();
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut rest = raw.strip_prefix(opening.as_bytes())?;
    for _ in 0..MOST_PARTS {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, between.as_bytes())?;
        let (part, after) = rest.split_at(end);
        rest = after.strip_prefix(between.as_bytes())?;
        let head_ends = find(part, b"\r\n\r\n")?;
        let (head, body) = part.split_at(head_ends);
        let body = body.get(4..)?;
        let head = std::str::from_utf8(head).ok()?;
        let disposition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition").then_some(value)
        })?;
        let name = parameter(disposition, "name")?;
        match parameter(disposition, "filename") {
            Some(file) => {
                let file = file.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(120).collect();
                parts.files.insert(name, File { name: file, bytes: body.to_vec() });
            }
            None => {
                let text = String::from_utf8(body.to_vec()).ok().filter(|text| !text.contains('\0'))?;
                parts.texts.insert(name, text);
            }
        }
    }
    None
}

/// Where something begins.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        if text.get(from + at..)?.starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// A parameter of a header, as browsers write it: quoted, with `%22` for a quote.
fn parameter(header: &str, name: &str) -> Option<String> {
    let begin = format!("{name}=\"");
    let at = header
        .match_indices(&begin)
        .map(|(at, _)| at)
        .find(|at| header.get(..*at).is_some_and(|before| before.ends_with([' ', ';'])))?;
    let rest = header.get(at + begin.len()..)?;
    Some(rest.get(..rest.find('"')?)?.replace("%22", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart_byte_by_byte() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--x\r\nContent-Disposition: form-data; name=\"datei\"; filename=\"C:\\a\\k.csv\"\r\nContent-Type: text/csv\r\n\r\nid;name\r\n--y\r\n\xff\r\n--x--\r\n";
        let parts = take_apart(body, "x").unwrap();
        assert_eq!(parts.texts.get("csrf").map(String::as_str), Some("abc"));
        let file = parts.files.get("datei").unwrap();
        assert_eq!((file.name.as_str(), file.bytes.as_slice()), ("k.csv", b"id;name\r\n--y\r\n\xff".as_slice()));
    }

    #[test]
    fn what_is_no_form_is_none() {
        for odd in
            [&b""[..], b"--x", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", b"y\r\n--x--"]
        {
            assert!(take_apart(odd, "x").is_none(), "{odd:?}");
        }
    }
}
