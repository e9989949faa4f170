//! Many new contacts at once, from a table.
//!
//! Invariant: what can be made ready without the database is ready before the transaction begins, so that it is short;
//! SQLite has one writer, and requests wait for it. What a contact says for itself was judged before, as was who may
//! make it; what depends on others is judged here.

use std::collections::HashMap;

use super::{NewContact, check_deputies, draft};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, EntryRow, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery;
use crate::directory::store::contacts::ContactRow;
use crate::directory::store::versions::VersionRow;
use crate::directory::versions::{self, Because};
use crate::directory::{store, ways};
use crate::error::AppError;
use crate::keys::{EmailAddress, Slug};

/// New contacts without webhooks, with all that is written about them.
#[derive(Default)]
pub(in crate::directory) struct Ready {
    contacts: Vec<(ContactRow, Option<EmailAddress>)>,
    entries: Vec<EntryRow>,
    versions: Vec<VersionRow>,
}

impl Ready {
    /// Makes them ready.
    pub fn new(actor: &Actor, new: Vec<NewContact>, now: Timestamp) -> Result<Self, AppError> {
        let mut ready = Self::default();
        for one in new {
            let mut row = draft(&one, now);
            row.folded = store::contacts::folded(&row);
            let shown = ways::fresh(row.clone(), one.email.as_ref())?;
            let trail = Trail::after(&shown);
            let object = (ObjectKind::Contact, &shown.slug as _);
            ready.entries.push(audit::row(actor, AuditAction::ContactCreated, object, trail, now)?);
            ready.versions.push(versions::of_new(Because::of(actor, &one.reason), &shown, now)?);
            ready.contacts.push((row, one.email));
        }
        Ok(ready)
    }

    /// Their mail addresses. The mailboxes may be made before, in other transactions: one that nobody has does no harm.
    pub fn addresses(&self) -> Vec<EmailAddress> {
        self.contacts.iter().filter_map(|(_, email)| email.clone()).collect()
    }
}

/// Makes them in this transaction.
pub(in crate::directory) fn create_all(tx: &mut Tx, ready: Ready, now: Timestamp) -> Result<(), AppError> {
    if ready.contacts.is_empty() {
        return Ok(());
    }
    let mailboxes: HashMap<_, _> = delivery::mail_endpoints(tx, &ready.addresses(), now)?;
    let mut rows = Vec::with_capacity(ready.contacts.len());
    for (mut row, email) in ready.contacts {
        let mailbox = email.map(|email| email.as_str().to_lowercase());
        row.email_endpoint = mailbox.and_then(|address| mailboxes.get(&address).copied());
        rows.push(row);
    }
    let slugs: Vec<Slug> = rows.iter().map(|row| row.slug.clone()).collect();
    if let Some(taken) = store::contacts::of(tx, &slugs)?.first() {
        return Err(AppError::Conflict(format!("the id {} is taken, also if its contact was ended", taken.slug)));
    }
    store::contacts::insert_all(tx, &rows)?;
    check_deputies(tx, &rows, now)?;
    audit::record_all(tx, &ready.entries.iter().collect::<Vec<_>>())?;
    store::versions::insert_all(tx, &ready.versions)?;
    store::changed(tx)
}
