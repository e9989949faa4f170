//! Escalations of earlier times with their messages, stored after their time with few statements: for the demo.
//!
//! Invariant: as the use cases would have left them, with the contact they reached first; nothing of them is due before
//! the times they carry. Where next: `tickets/chronicle.rs`.

use super::Escalation;
use super::store::Rows;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::chronicle::{Letters, Past};
use crate::error::AppError;
use crate::seal::Sealer;

/// An escalation as it stands.
#[derive(Debug, Clone)]
pub struct Asked {
    /// As it stands.
    pub escalation: Escalation,
    /// The contact's last word, named as in `respond.rs`, and when.
    pub said: Option<(&'static str, Timestamp)>,
    /// What was sent for it.
    pub messages: Vec<Past>,
}

/// The rows of many.
#[derive(Default)]
pub struct Chronicle {
    rows: Rows,
    messages: Letters,
}

impl Chronicle {
    /// Adds one.
    pub fn add(&mut self, sealer: &Sealer, asked: &Asked) -> Result<(), AppError> {
        self.rows.add(&asked.escalation, asked.said)?;
        let key = (sealer.secrets_id(), sealer.secrets());
        asked.messages.iter().try_for_each(|message| self.messages.add(message, key))
    }

    /// Stores all.
    pub fn store(&self, conn: &mut Conn) -> Result<(), AppError> {
        self.rows.store(conn)?;
        self.messages.store(conn)
    }
}
