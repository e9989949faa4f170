//! Many contacts at once, from a table: new ones, and changes of those that are there.
//!
//! Invariant: what can be made ready without the database is ready before the transaction begins, so that it is short;
//! SQLite has one writer, and requests wait for it. What a contact says for itself was judged before, as was who may
//! make it; what depends on others is judged here.

use std::collections::HashMap;

use super::{Contact, ContactChange, NewContact, check_deputies, draft};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, EntryRow, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery;
use crate::directory::store::contacts::ContactRow;
use crate::directory::store::versions::VersionRow;
use crate::directory::versions::{self, Because};
use crate::directory::{confirmation, recounts, store, ways};
use crate::error::AppError;
use crate::ids::EndpointId;
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

/// Changes of contacts that leave webhooks alone, with all that is written about them.
#[derive(Default)]
pub(in crate::directory) struct Changes {
    /// Before and after.
    rows: Vec<(ContactRow, ContactRow)>,
    /// Confirmed anew, though mail came back.
    trusted: Vec<ContactRow>,
    entries: Vec<EntryRow>,
    versions: Vec<VersionRow>,
}

/// The mail addresses that these changes ask for.
pub(in crate::directory) fn addresses(changes: &[(Slug, ContactChange)]) -> Vec<EmailAddress> {
    changes.iter().filter_map(|(_, change)| change.email.clone().flatten()).collect()
}

impl Changes {
    /// Makes them ready, as the contacts are now; their mailboxes are there.
    pub fn new(
        conn: &mut Conn,
        actor: &Actor,
        changes: &[(Slug, ContactChange)],
        mailboxes: &HashMap<String, EndpointId>,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        let slugs: Vec<Slug> = changes.iter().map(|(slug, _)| slug.clone()).collect();
        let known: HashMap<Slug, ContactRow> =
            store::contacts::of(conn, &slugs)?.into_iter().map(|row| (row.slug.clone(), row)).collect();
        let mut ready = Self::default();
        for (slug, change) in changes {
            let before = known.get(slug).ok_or(AppError::NotFound)?.clone();
            let mut row = before.clone();
            change.apply(&mut row);
            if let Some(email) = &change.email {
                let mailbox = email.as_ref().map(|email| email.as_str().to_lowercase());
                row.email_endpoint = mailbox.and_then(|address| mailboxes.get(&address).copied());
            }
            confirmation::before_save(&before, &mut row, change.confirmed_on.is_some());
            (row.version, row.updated_at) = (before.version + 1, now);
            row.folded = store::contacts::folded(&row);
            ready.rows.push((before, row));
        }
        let (before, after): (Vec<ContactRow>, Vec<ContactRow>) = ready.rows.iter().cloned().unzip();
        let pairs = ways::contacts(conn, before)?.into_iter().zip(ways::contacts(conn, after)?);
        let mut pairs: Vec<(Contact, Contact)> = pairs.collect();
        for ((was, row), (_, shown)) in ready.rows.iter().zip(&mut pairs) {
            if row.confirmed_on > was.confirmed_on && shown.bounced.take().is_some() {
                ready.trusted.push(row.clone());
            }
        }
        for (was, shown) in &pairs {
            let object = (ObjectKind::Contact, &shown.slug as _);
            let trail = Trail::changed(was, shown);
            ready.entries.push(audit::row(actor, AuditAction::ContactChanged, object, trail, now)?);
        }
        ready.versions = versions::of_changed(conn, Because::of(actor, &None), &pairs, now)?;
        Ok(ready)
    }
}

/// Stores them in this transaction; `Conflict` where one of the contacts was changed since.
pub(in crate::directory) fn change_all(tx: &mut Tx, ready: &Changes, now: Timestamp) -> Result<(), AppError> {
    if ready.rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<(&ContactRow, i32)> = ready.rows.iter().map(|(before, row)| (row, before.version)).collect();
    store::contacts::change_all(tx, &rows)?;
    for (before, row) in ready.rows.iter().filter(|(before, row)| before.hours != row.hours) {
        recounts::of_contact(tx, &before.slug, &row.name)?;
    }
    for row in &ready.trusted {
        ways::trust_again(tx, row, now)?;
    }
    let changed: Vec<(&ContactRow, &ContactRow)> = ready.rows.iter().map(|(before, row)| (before, row)).collect();
    confirmation::after_save_all(tx, &changed, now)?;
    audit::record_all(tx, &ready.entries.iter().collect::<Vec<_>>())?;
    store::versions::insert_all(tx, &ready.versions)?;
    store::changed(tx)
}
