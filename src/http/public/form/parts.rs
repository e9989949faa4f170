//! A form with files, read as it comes (RFC 7578).
//!
//! Invariant: never more is held than the files may be and a few texts; what is too much is read to its end all the same,
//! within a bound, so that the browser hears the answer and the person gets back what they typed. Not here: what a file
//! is (`tickets/attachments`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::Payload;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::error::AppError;
use crate::http::error::ApiError;
use crate::tickets::attachments::{MOST_FILES, Upload};

/// The longest text of a field, in bytes: 8,000 characters of four.
const LONGEST_TEXT: usize = 64 * 1024;
/// The most fields.
const MOST_FIELDS: usize = 60;
/// What is read of one form before it is cut off, beside what files may be.
const READ_ON: usize = 64 * 1024 * 1024;
/// 10 MiB over a slow line.
const SLOWEST: Duration = Duration::from_secs(180);

/// A form as it was sent.
#[derive(Debug, Default)]
pub struct Parts {
    texts: HashMap<String, String>,
    /// Its files; none where they were too large.
    pub files: Vec<Upload>,
    /// Whether its files were more than may be kept.
    pub is_too_large: bool,
    /// Its place among those that are held at once.
    _room: Option<OwnedSemaphorePermit>,
}

/// So many forms are held at once; who comes then is asked to try again in a moment.
pub const ROOM: usize = 16;

impl Parts {
    /// What stands in a field, with line ends as one character; empty where there is none.
    pub fn take(&mut self, name: &str) -> String {
        self.texts.remove(name).map(|text| text.replace("\r\n", "\n").trim().to_owned()).unwrap_or_default()
    }
}

/// Reads a form whose files may have so many bytes together.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    most_bytes: usize,
    room: &Arc<Semaphore>,
) -> Result<Parts, ApiError> {
    let full = |_| AppError::Unavailable("many forms come in just now; try again in a moment".to_owned());
    let room = Arc::clone(room).try_acquire_owned().map_err(full)?;
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the form as it is".to_owned()));
    }
    let end = Instant::now() + SLOWEST;
    let slow = |_| ApiError::Request(StatusCode::REQUEST_TIMEOUT, "the form took too long".to_owned());
    let broken = |e| ApiError::Request(StatusCode::BAD_REQUEST, format!("the form cannot be read: {e}"));
    let mut sent = Multipart::new(request.headers(), payload.into_inner());
    let (mut parts, mut read, mut kept, mut fields) =
        (Parts { _room: Some(room), ..Parts::default() }, 0usize, 0usize, 0usize);
    while let Some(part) = timeout_at(end, sent.next()).await.map_err(slow)? {
        let mut part = part.map_err(broken)?;
        fields += 1;
        let (name, file) = match part.content_disposition() {
            Some(told) => (told.get_name().unwrap_or_default().to_owned(), told.get_filename().map(str::to_owned)),
            None => (String::new(), None),
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = timeout_at(end, part.next()).await.map_err(slow)? {
            let chunk = chunk.map_err(broken)?;
            read += chunk.len();
            if read > READ_ON + most_bytes || (file.is_none() && bytes.len() + chunk.len() > LONGEST_TEXT) {
                return Err(too_large());
            }
            if file.is_some() {
                kept += chunk.len();
                if kept > most_bytes {
                    parts.is_too_large = true;
                    bytes = Vec::new();
                    continue;
                }
            }
            bytes.extend_from_slice(&chunk);
        }
        if fields > MOST_FIELDS || parts.files.len() > MOST_FILES {
            return Err(too_large());
        }
        match file {
            // A field for files that holds none is sent with an empty name.
            Some(file) if !(file.is_empty() && bytes.is_empty()) => parts.files.push(Upload { name: file, bytes }),
            Some(_) => {}
            None => {
                let text = String::from_utf8(bytes);
                let text =
                    text.map_err(|_| ApiError::Request(StatusCode::BAD_REQUEST, "the form is no text".into()))?;
                parts.texts.insert(name, text);
            }
        }
    }
    if parts.is_too_large {
        parts.files.clear();
    }
    Ok(parts)
}

fn too_large() -> ApiError {
    ApiError::Request(StatusCode::PAYLOAD_TOO_LARGE, "the form is far too large".to_owned())
}
