//! Contacts that stay true: each is asked whether what is recorded of it is right, again and again, and people are
//! told when it does not answer.
//!
//! Invariant: only the loop (`round.rs`) and an editor's word (`ask.rs`) send a mail, never an import or a command;
//! whoever asks and tells holds a row of the database meanwhile, so that several instances do each thing once. A
//! link is 256 random bits of which only the SHA-256 is kept; opening it changes nothing. Whatever changes a contact
//! goes by `before_save` and `after_save`.
//!
//! Where next: `schedule.rs` (what is due when, pure), `answer.rs` (what a link does), `leads.rs` (who is told),
//! `duties.rs` (what a contact answers for, in words), `letter.rs` (the mails).

mod answer;
mod ask;
mod duties;
mod leads;
mod letter;
pub mod round;
mod schedule;
pub(super) mod store;
mod survey;

use std::sync::Arc;

use super::Settings;
use super::store as tables;
use super::store::contacts::ContactRow;
use crate::clock::{Clock, Timestamp};
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::keys::Slug;
use crate::seal::Sealer;

pub use answer::{Absence, Confirmed, DeadLink, LONGEST_SAID, LinkPage};
pub use ask::{Asked, Confirmation, Dispute, Told};
pub use schedule::{Cause, ConfirmationState, Occasion, Rules};
pub use store::Answer;

/// Where contacts are asked. Cheap to clone.
#[derive(Clone)]
pub struct Confirmations(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    sealer: Sealer,
    settings: Settings,
    public_url: String,
}

impl Confirmations {
    /// With everything it needs; sends nothing by itself, see [`round::run`].
    pub fn new(db: Db, clock: Clock, sealer: Sealer, settings: Settings, public_url: String) -> Self {
        Self(Arc::new(Inner { db, clock, sealer, settings, public_url }))
    }

    fn rules(&self) -> Rules {
        self.0.settings.rules()
    }

    /// How many contacts were never confirmed, and how many too long ago; for the figures of operation.
    pub async fn counts(&self) -> Result<(i64, i64), AppError> {
        let today = self.0.clock.now().day_in_berlin();
        // One that was confirmed on the day before this is stale today.
        let stale = today - chrono::TimeDelta::days(self.0.settings.stale_after_days);
        self.0.db.read(move |conn| store::counts(conn, today, stale)).await
    }
}

/// Before a changed contact is stored: a new mail address was confirmed by nobody, unless the same change says so.
pub(super) fn before_save(before: &ContactRow, row: &mut ContactRow, says_confirmed: bool) {
    let is_new = row.email_endpoint.is_some() && row.email_endpoint != before.email_endpoint;
    if is_new && !says_confirmed {
        row.confirmed_on = None;
    }
}

/// Public help says when a central contact last confirmed what it shows: it is to be read anew. Before
/// `store::changed`.
fn shown_anew(tx: &mut Tx, contacts: &[Slug]) -> Result<(), AppError> {
    let its = tables::duties::central_of(tx, contacts)?;
    tables::adoptions::mark(tx, &its)
}

/// After an editor or a file changed a contact: what it says was wrong is settled, and what it was asked before is
/// asked no more where that is answered or went elsewhere.
pub(super) fn after_save(tx: &mut Tx, before: &ContactRow, row: &ContactRow, now: Timestamp) -> Result<(), AppError> {
    after_save_all(tx, &[(before, row)], now)
}

/// The same after many were changed.
pub(super) fn after_save_all(
    tx: &mut Tx,
    changed: &[(&ContactRow, &ContactRow)],
    now: Timestamp,
) -> Result<(), AppError> {
    let all: Vec<Slug> = changed.iter().map(|(_, row)| row.slug.clone()).collect();
    store::settle(tx, &all, now)?;
    let is_anew = |(before, row): &&(&ContactRow, &ContactRow)| {
        before.confirmed_on != row.confirmed_on || before.email_endpoint != row.email_endpoint || row.ended_at.is_some()
    };
    let anew: Vec<Slug> = changed.iter().filter(is_anew).map(|(_, row)| row.slug.clone()).collect();
    store::end_open(tx, &anew, now)?;
    shown_anew(tx, &anew)
}
