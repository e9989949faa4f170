//! What a use case can answer other than its result. Knows no HTTP and no database; `http/error.rs` turns it
//! into RFC 9457 problems, `cli.rs` into a line on stderr.
//!
//! Invariant: a failure of the database is [`AppError::Unavailable`] or [`AppError::Internal`], never
//! "not found". The text of `Internal` is for the log, never for the person asking.

use std::fmt;

use serde::Serialize;

/// What is wrong with one field of the input and how to put it right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field as the caller wrote it, such as `reply.email` or `adoption[3].ars`.
    pub field: String,
    /// What is wrong and what would be right.
    #[schema(value_type = String)]
    pub message: Message,
}

/// What is wrong and what would be right: in English, and where pages have a text for it, by the key of that text and
/// what it names, so that they say it in their reader's language. Everywhere else it is its English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Message {
    english: String,
    key: Option<&'static str>,
    named: Vec<String>,
}

impl Message {
    /// One that pages have a text for.
    pub fn new(key: &'static str, english: impl Into<String>) -> Self {
        Self { english: english.into(), key: Some(key), named: Vec::new() }
    }

    /// The same, naming one thing more.
    pub fn naming(mut self, what: impl fmt::Display) -> Self {
        self.named.push(what.to_string());
        self
    }

    /// The key of its text, where pages have one.
    pub fn key(&self) -> Option<&'static str> {
        self.key
    }

    /// What it names, in order.
    pub fn named(&self) -> &[String] {
        &self.named
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl std::ops::Deref for Message {
    type Target = str;
    fn deref(&self) -> &str {
        &self.english
    }
}

impl From<&str> for Message {
    fn from(english: &str) -> Self {
        english.to_owned().into()
    }
}

impl From<String> for Message {
    fn from(english: String) -> Self {
        Self { english, key: None, named: Vec::new() }
    }
}

impl From<Message> for String {
    fn from(message: Message) -> Self {
        message.english
    }
}

/// The ways a use case ends without its result.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The input is understood but not acceptable; every fault is listed at once.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldError>),
    /// There is no such thing, or it belongs to somebody else: both look the same.
    #[error("not found")]
    NotFound,
    /// The thing is within the caller's sight, but the action is not within their rights.
    #[error("{0}")]
    Forbidden(String),
    /// No token, or one that is unknown, ended or revoked.
    #[error("no valid token")]
    Unauthorised,
    /// The present state does not allow it, or somebody was quicker; says the state.
    #[error("{0}")]
    Conflict(String),
    /// Too many tries; ask again after so many seconds.
    #[error("too many requests, try again in {0} s")]
    TooMany(u64),
    /// The database or the queue before it is away or full for the moment; nothing was stored.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours. Logged once where the answer is made.
    #[error("internal error: {0}")]
    Internal(String),
}

impl AppError {
    /// One faulty field.
    pub fn field(field: impl Into<String>, message: impl Into<Message>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// A fault of ours with its cause.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

/// Collects what is wrong with an input, so that all of it is said at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault of a field.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<Message>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Notes the fault where `value` has one, and passes the value on where it has none.
    pub fn keep<T, E: fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|fault| self.add(field, fault.to_string())).ok()
    }

    /// Notes a text that is empty or longer than `most` characters.
    pub fn text(&mut self, field: &str, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.add(field, Message::new("missing", "must not be empty"));
        } else {
            self.optional_text(field, text, most);
        }
    }

    /// Notes a text that is longer than `most` characters; it may be empty.
    pub fn optional_text(&mut self, field: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length > most {
            let message = format!("has {length} characters; at most {most} are kept, please shorten it");
            self.add(field, Message::new("long", message).naming(length).naming(most));
        } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add(field, Message::new("signs", "holds control characters; please send plain text"));
        }
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing is wrong, else everything that is.
    pub fn finish(self) -> Result<(), AppError> {
        if self.0.is_empty() { Ok(()) } else { Err(AppError::Invalid(self.0)) }
    }
}

fn list(faults: &[FieldError]) -> String {
    let lines: Vec<String> = faults.iter().map(|f| format!("{}: {}", f.field, f.message)).collect();
    lines.join("; ")
}
