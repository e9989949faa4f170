//! Repeats told apart: the same `Idempotency-Key` and body gets the first answer again.
//!
//! Invariant: the record of a key is part of the transaction that does the work, so there is never one without
//! the other. A key counts per token, method and path; another body under the same key is refused. Records are
//! kept for [`KEPT_DAYS`] days. The answers hold no personal data (see `http/api`), so neither do the records.

use std::sync::Arc;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::store;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::CallerId;

pub use store::AnswerRow;

/// How long a repeat still gets the first answer.
pub const KEPT_DAYS: i64 = 7;

/// An answer as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where what was made stands.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

/// How an answer is made from what the use case made.
pub type Render<T> = Arc<dyn Fn(&T) -> Result<Answer, AppError> + Send + Sync>;

/// A request that may be a repeat.
#[derive(Clone)]
pub struct Once<T> {
    /// Whose key.
    pub caller: CallerId,
    /// Method and path.
    pub route: String,
    /// The key, at most 255 characters.
    pub key: String,
    /// SHA-256 of the body.
    pub body_hash: Vec<u8>,
    /// Makes the answer to record.
    pub render: Render<T>,
}

/// What came of a request that may be a repeat.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was done now.
    Done(T),
    /// It had been done; this was the answer.
    Repeated(Answer),
}

impl<T> Once<T> {
    /// For a key as the caller sent it.
    pub fn new(caller: CallerId, route: String, key: &str, body: &[u8], render: Render<T>) -> Result<Self, AppError> {
        if key.is_empty() || key.chars().count() > 255 {
            return Err(AppError::field("Idempotency-Key", "must have 1 to 255 characters"));
        }
        Ok(Self { caller, route, key: key.to_owned(), body_hash: Sha256::digest(body).to_vec(), render })
    }

    /// The record to store beside what was made.
    pub fn row(&self, made: &T, now: Timestamp) -> Result<AnswerRow, AppError> {
        let answer = (self.render)(made)?;
        Ok(AnswerRow {
            token_id: self.caller,
            route: self.route.clone(),
            key: self.key.clone(),
            body_hash: self.body_hash.clone(),
            status: i32::from(answer.status),
            location: answer.location,
            body: answer.body,
            created_at: now,
        })
    }

    /// The first answer, where this is a repeat. `Invalid` when the body was another.
    pub fn earlier(&self, conn: &mut Conn) -> Result<Option<Answer>, AppError> {
        let Some(row) = store::answer(conn, self.caller, &self.route, &self.key)? else { return Ok(None) };
        if row.body_hash != self.body_hash {
            let message = "was used for another body before; use a new key for a new request";
            return Err(AppError::field("Idempotency-Key", message));
        }
        let status = u16::try_from(row.status).map_err(AppError::internal)?;
        Ok(Some(Answer { status, location: row.location, body: row.body }))
    }
}

/// Does `work` once: a repeat gets the first answer, and the record is part of this transaction.
pub fn once<T>(
    tx: &mut Tx,
    once: Option<&Once<T>>,
    now: Timestamp,
    work: impl FnOnce(&mut Tx) -> Result<T, AppError>,
) -> Result<Outcome<T>, AppError> {
    let Some(once) = once else { return work(tx).map(Outcome::Done) };
    if let Some(answer) = once.earlier(tx)? {
        return Ok(Outcome::Repeated(answer));
    }
    let made = work(tx)?;
    if record(tx, &once.row(&made, now)?)? {
        Ok(Outcome::Done(made))
    } else {
        // A twin committed first; nothing of ours is kept, and the caller may simply ask again.
        Err(AppError::Conflict("the same Idempotency-Key is being worked on; ask again for its answer".into()))
    }
}

/// Records an answer; false when there is one for this key.
pub fn record(tx: &mut Tx, row: &AnswerRow) -> Result<bool, AppError> {
    store::insert_answer(tx, row)
}

/// Records many at once; answers for each whether its key had none yet.
pub fn record_all(tx: &mut Tx, rows: &[&AnswerRow]) -> Result<Vec<bool>, AppError> {
    store::insert_answers(tx, rows)
}

/// Leaves of the recorded answers that hold `part` the id alone, where what they say must be deleted. Repeats stay
/// repeats.
pub fn forget(tx: &mut Tx, part: &str) -> Result<(), AppError> {
    for mut row in store::answers_with(tx, part)? {
        // Nothing but the id itself: that of a request made of a mail.
        if row.body == part {
            continue;
        }
        let answer: serde_json::Value = serde_json::from_str(&row.body).map_err(AppError::internal)?;
        row.body = serde_json::json!({ "id": answer["id"] }).to_string();
        store::replace_answer(tx, &row)?;
    }
    Ok(())
}

/// Forgets records past their time; answers how many. In small portions, so that intake does not wait.
pub fn purge(tx: &mut Tx, now: Timestamp) -> Result<usize, AppError> {
    store::purge_answers(tx, now.minus(TimeDelta::days(KEPT_DAYS)), 500)
}
