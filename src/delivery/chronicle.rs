//! Messages that went out earlier, stored after their time with few statements: for the demo, which makes them up.
//!
//! Invariant: they are stored as [`super::enqueue`] and the worker would have left them, sealed, and never pending: none
//! of them is ever sent.

use super::outbox::{Attempt, DeliveryStatus, Outgoing, context};
use super::store::chronicle::{AttemptRow, PastRow, insert};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::AppError;
use crate::ids::{DeliveryId, RowId, SealKeyId};
use crate::seal::DataKey;

/// A message and its way.
#[derive(Debug, Clone)]
pub struct Past {
    /// Its id.
    pub id: DeliveryId,
    /// The message.
    pub message: Outgoing,
    /// When it was put in.
    pub at: Timestamp,
    /// How it ended: accepted, given up or cancelled.
    pub is_sent: bool,
    /// Its attempts.
    pub attempts: Vec<(RowId, Attempt)>,
}

/// The rows of many.
#[derive(Default)]
pub struct Letters {
    messages: Vec<PastRow>,
    attempts: Vec<AttemptRow>,
}

impl Letters {
    /// Adds one, sealed under this key.
    pub fn add(&mut self, past: &Past, (sealed_under, key): (SealKeyId, &DataKey)) -> Result<(), AppError> {
        let plain = serde_json::to_vec(&past.message.content).map_err(AppError::internal)?;
        self.messages.push(PastRow {
            id: past.id,
            about: past.message.about,
            purpose: past.message.purpose,
            channel: past.message.content.channel(),
            endpoint_id: past.message.endpoint,
            recipient: past.message.recipient.clone(),
            content: key.seal(&plain, &context(past.id)),
            sealed_under: Some(sealed_under),
            dedupe: past.message.dedupe.clone(),
            status: if past.is_sent { DeliveryStatus::Sent } else { DeliveryStatus::Cancelled },
            attempts: i32::try_from(past.attempts.len()).map_err(AppError::internal)?,
            next_attempt_at: None,
            created_at: past.at,
        });
        for (id, Attempt { at, outcome, detail }) in past.attempts.iter().cloned() {
            self.attempts.push(AttemptRow { id, delivery_id: past.id, at, outcome, detail });
        }
        Ok(())
    }

    /// Stores all.
    pub fn store(&self, conn: &mut Conn) -> Result<(), AppError> {
        insert(conn, &self.messages.iter().collect::<Vec<_>>(), &self.attempts.iter().collect::<Vec<_>>())
    }
}
