//! Lists in pages: a bound, an opaque cursor, and the fields of a change that may be left out or emptied.
//!
//! Invariant: a list is ordered by a key that does not change, so that no page repeats or misses an item.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::AppError;

/// The most items of one page, and how many come when nobody says.
pub const MOST: u32 = 200;
const USUAL: u32 = 50;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PageRequest {
    /// At most so many items, up to 200.
    pub limit: Option<u32>,
    /// Where the page before ended, from its `next_cursor`.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

impl PageRequest {
    /// The checked bound and the key after which the page begins.
    pub fn read(&self) -> Result<(i64, Option<String>), AppError> {
        let limit = self.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(AppError::field("limit", format!("must be a number from 1 to {MOST}")));
        }
        let after = match self.cursor.as_deref() {
            None | Some("") => None,
            Some(cursor) => {
                let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let fault = "must be a next_cursor as an earlier page gave it; leave it out for the first page";
                Some(text.ok_or_else(|| AppError::field("cursor", fault))?)
            }
        };
        Ok((i64::from(limit), after))
    }
}

impl<T> Page<T> {
    /// The page of `rows`, which were asked for with one more than `limit`; `key` is what they are ordered by.
    pub(super) fn of<R>(mut rows: Vec<R>, limit: i64, key: impl Fn(&R) -> String, item: impl Fn(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| URL_SAFE_NO_PAD.encode(key(row)));
        Self { items: rows.into_iter().map(item).collect(), next_cursor }
    }
}

impl<T> Page<T> {
    /// A page that leads on from this key, unless there is none.
    pub(super) fn ending(items: Vec<T>, key: Option<String>) -> Self {
        Self { items, next_cursor: key.map(|key| URL_SAFE_NO_PAD.encode(key)) }
    }
}

/// Tells a field that was sent as `null` (to be emptied) from one that was left out (to stay).
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The version a change was made against; it must be given.
pub(super) fn guard(version: Option<i32>) -> Result<i32, AppError> {
    version.ok_or_else(|| AppError::field("version", "must be the version of the object you read, or send If-Match"))
}

/// Refuses to end what has changed since the caller read it, where they say what they read.
pub(super) fn expect(what: &str, expected: Option<i32>, present: i32) -> Result<(), AppError> {
    if expected.is_none_or(|version| version == present) { Ok(()) } else { Err(stale(what, present)) }
}

/// What a change against an old version hears.
pub(super) fn stale(what: &str, present: i32) -> AppError {
    AppError::Conflict(format!("{what} was changed meanwhile and is at version {present}; read it again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_the_next_page() {
        let page = Page::of(vec![1, 2, 3], 2, ToString::to_string, |n| n);
        assert_eq!(page.items, [1, 2]);
        let request = PageRequest { limit: Some(2), cursor: page.next_cursor };
        assert_eq!(request.read().unwrap(), (2, Some("2".to_owned())));
        assert!(Page::of(vec![1, 2], 2, ToString::to_string, |n| n).next_cursor.is_none());
    }

    #[test]
    fn refuses_what_is_no_page() {
        let too_many = PageRequest { limit: Some(201), cursor: None };
        assert!(too_many.read().unwrap_err().to_string().contains("1 to 200"));
        let forged = PageRequest { limit: None, cursor: Some("%%".into()) };
        assert!(forged.read().unwrap_err().to_string().contains("next_cursor"));
    }
}
