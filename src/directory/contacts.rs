//! People and mailboxes that answer: how they are reached, who stands in, and since when that is confirmed.
//!
//! Invariant: a webhook's secret goes in and never comes out. The mail address and the webhook themselves are
//! endpoints of `delivery` (`ways.rs`); what delivery learns about them shows here as `bounced` and the
//! webhook's state.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::assigned::{self, Assigned};
use super::page::{Page, PageRequest, guard, present, stale};
use super::versions::{self, Because, check_reason};
use super::{Settings, store, ways};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Actor, Reach};
use crate::clock::Timestamp;
use crate::db::{Conn, Db, Tx};
use crate::delivery::EndpointState;
use crate::error::{AppError, Faults};
use crate::ids::EndpointId;
use crate::keys::{ArsPrefix, EmailAddress, Slug};
use crate::seal::Sealer;

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contact {
    /// Its stable name.
    #[serde(rename = "id")]
    pub slug: Slug,
    /// The name people know.
    pub name: String,
    /// The region whose editors may change it; shared by all when absent.
    pub owner: Option<ArsPrefix>,
    /// Its mail address.
    pub email: Option<EmailAddress>,
    /// Its webhook.
    pub webhook: Option<Webhook>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Who stands in.
    pub deputy: Option<Slug>,
    /// When somebody last said that this is right.
    pub confirmed_on: Option<NaiveDate>,
    /// First day of an absence.
    pub absent_from: Option<NaiveDate>,
    /// Last day of an absence.
    pub absent_until: Option<NaiveDate>,
    /// When mail to it came back, if it did since it last worked.
    pub bounced: Option<Timestamp>,
    /// May it see who asked?
    pub discloses_reporter: bool,
    /// First day it is there for its duties.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
    /// Rises with every change.
    pub version: i32,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// The endpoint behind the mail address; for those who send.
    #[serde(skip)]
    #[schema(ignore)]
    pub email_endpoint: Option<EndpointId>,
    /// Ended contacts are still named by old steps, but asked nothing.
    #[serde(skip)]
    #[schema(ignore)]
    pub is_ended: bool,
    /// The endpoint behind the webhook.
    #[serde(skip)]
    #[schema(ignore)]
    pub webhook_endpoint: Option<EndpointId>,
}

/// A contact's webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Webhook {
    /// Where it is.
    pub url: String,
    /// Whether it is called.
    pub state: EndpointState,
}

impl Webhook {
    /// True while messages are sent to it.
    pub fn is_active(&self) -> bool {
        self.state == EndpointState::Active
    }
}

/// A webhook as it is sent in.
#[derive(Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// Where it is.
    pub url: String,
    /// `whsec_` and base64; the present one stays when left out.
    pub secret: Option<String>,
}

impl std::fmt::Debug for WebhookInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookInput({}, …)", self.url)
    }
}

/// A new contact.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Its stable name.
    pub id: Slug,
    /// The name people know.
    pub name: String,
    /// The region whose editors may change it.
    pub owner: Option<ArsPrefix>,
    /// Its mail address.
    pub email: Option<EmailAddress>,
    /// Its webhook.
    pub webhook: Option<WebhookInput>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Who stands in.
    pub deputy: Option<Slug>,
    /// When somebody last said that this is right.
    pub confirmed_on: Option<NaiveDate>,
    /// First day of an absence.
    pub absent_from: Option<NaiveDate>,
    /// Last day of an absence.
    pub absent_until: Option<NaiveDate>,
    /// May it see who asked?
    #[serde(default)]
    pub discloses_reporter: bool,
    /// First day it is there for its duties.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// What is to be different; what is left out stays, `null` empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// The name people know.
    pub name: Option<String>,
    /// The region whose editors may change it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ArsPrefix>)]
    pub owner: Option<Option<ArsPrefix>>,
    /// Its mail address.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<EmailAddress>>,
    /// Its webhook.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<WebhookInput>)]
    pub webhook: Option<Option<WebhookInput>>,
    /// Its telephone number.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// Who stands in.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Slug>)]
    pub deputy: Option<Option<Slug>>,
    /// When somebody last said that this is right.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub confirmed_on: Option<Option<NaiveDate>>,
    /// First day of an absence.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub absent_from: Option<Option<NaiveDate>>,
    /// Last day of an absence.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub absent_until: Option<Option<NaiveDate>>,
    /// May it see who asked?
    pub discloses_reporter: Option<bool>,
    /// First day it is there for its duties.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub valid_from: Option<Option<NaiveDate>>,
    /// Last day.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub valid_to: Option<Option<NaiveDate>>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// Which contacts.
#[derive(Debug, Clone, Default)]
pub struct ContactQuery {
    /// Part of the name or slug.
    pub q: Option<String>,
    /// Only those with a duty for this service.
    pub service: Option<Slug>,
    /// Only shared ones and those whose owner's region lies within this reach.
    pub reach: Reach,
}

/// A page of them, by slug.
pub async fn list(db: &Db, query: ContactQuery, page: PageRequest) -> Result<Page<Contact>, AppError> {
    let (limit, after) = page.read()?;
    db.read(move |conn| {
        let rows = store::contacts::list(conn, &query, limit + 1, after.as_deref())?;
        let page = Page::of(rows, limit, |r| r.slug.to_string(), |r| r);
        Ok(Page { items: ways::contacts(conn, page.items)?, next_cursor: page.next_cursor })
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, slug: Slug) -> Result<Contact, AppError> {
    db.read(move |conn| find(conn, &slug)).await
}

pub(super) fn find(conn: &mut Conn, slug: &Slug) -> Result<Contact, AppError> {
    let row = store::contacts::find(conn, slug)?.filter(|row| row.ended_at.is_none()).ok_or(AppError::NotFound)?;
    ways::contacts(conn, vec![row])?.pop().ok_or(AppError::NotFound)
}

/// Makes a new one.
pub async fn create(
    db: &Db,
    actor: &Actor,
    sealer: &Sealer,
    settings: &Settings,
    new: NewContact,
    repeat: Option<Once<Contact>>,
    now: Timestamp,
) -> Result<Outcome<Contact>, AppError> {
    let (actor, sealer, settings) = (actor.clone(), sealer.clone(), settings.clone());
    db.write(move |tx| once(tx, repeat.as_ref(), now, |tx| create_now(tx, &actor, &sealer, &settings, new, now))).await
}

/// Makes it in this transaction.
pub(super) fn create_now(
    tx: &mut Tx,
    actor: &Actor,
    sealer: &Sealer,
    settings: &Settings,
    new: NewContact,
    now: Timestamp,
) -> Result<Contact, AppError> {
    if store::contacts::find(tx, &new.id)?.is_some() {
        return Err(AppError::Conflict(format!("the id {} is taken, also if its contact was ended", new.id)));
    }
    let mut row = draft(&new, now);
    let mut faults = Faults::default();
    check_reason(&new.reason, &mut faults);
    check(tx, &row, &mut faults)?;
    if let Some(webhook) = &new.webhook {
        ways::check_webhook("webhook", webhook, false, &settings.webhooks, &mut faults);
    }
    faults.finish()?;
    ways::set_email(tx, &mut row, new.email.as_ref(), now)?;
    ways::set_webhook(tx, sealer, &mut row, new.webhook.as_ref(), settings.secret_overlap, now)?;
    store::contacts::save(tx, &row)?;
    store::changed(tx)?;
    let made = find(tx, &row.slug)?;
    let trail = Trail::after(&told(&made, new.webhook.as_ref())?);
    audit::record(tx, actor, AuditAction::ContactCreated, (ObjectKind::Contact, &made.slug), trail, now)?;
    versions::keep(tx, Because::of(actor, &new.reason), None, &made, now)?;
    Ok(made)
}

/// The row of a new one, without its ways.
pub(super) fn draft(new: &NewContact, now: Timestamp) -> store::contacts::ContactRow {
    let mut row = store::contacts::ContactRow::new(new.id.clone(), new.name.clone(), now);
    row.owner.clone_from(&new.owner);
    row.phone.clone_from(&new.phone);
    row.deputy.clone_from(&new.deputy);
    row.confirmed_on = new.confirmed_on;
    (row.absent_from, row.absent_until) = (new.absent_from, new.absent_until);
    row.discloses_reporter = new.discloses_reporter;
    (row.valid_from, row.valid_to) = (new.valid_from, new.valid_to);
    row
}

/// Changes one.
pub async fn change(
    db: &Db,
    actor: &Actor,
    sealer: &Sealer,
    settings: &Settings,
    slug: Slug,
    change: ContactChange,
    now: Timestamp,
) -> Result<Contact, AppError> {
    let version = guard(change.version)?;
    let (actor, sealer, settings) = (actor.clone(), sealer.clone(), settings.clone());
    db.write(move |tx| {
        let found = find(tx, &slug)?;
        if found.version != version {
            return Err(stale("the contact", found.version));
        }
        change_now(tx, &actor, &sealer, &settings, found, &change, now)
    })
    .await
}

/// Changes it in this transaction, whatever version somebody read.
pub(super) fn change_now(
    tx: &mut Tx,
    actor: &Actor,
    sealer: &Sealer,
    settings: &Settings,
    before: Contact,
    change: &ContactChange,
    now: Timestamp,
) -> Result<Contact, AppError> {
    let slug = &before.slug;
    let mut row = store::contacts::find(tx, slug)?.ok_or(AppError::NotFound)?;
    let confirmed_before = row.confirmed_on;
    change.apply(&mut row);
    let mut faults = Faults::default();
    check_reason(&change.reason, &mut faults);
    check(tx, &row, &mut faults)?;
    if let Some(Some(webhook)) = &change.webhook {
        ways::check_webhook("webhook", webhook, row.webhook_endpoint.is_some(), &settings.webhooks, &mut faults);
    }
    faults.finish()?;
    if let Some(email) = &change.email {
        ways::set_email(tx, &mut row, email.as_ref(), now)?;
    }
    if let Some(webhook) = &change.webhook {
        ways::set_webhook(tx, sealer, &mut row, webhook.as_ref(), settings.secret_overlap, now)?;
    }
    if row.confirmed_on > confirmed_before {
        ways::trust_again(tx, &row, now)?;
    }
    row.version += 1;
    row.updated_at = now;
    store::contacts::save(tx, &row)?;
    store::changed(tx)?;
    let after = find(tx, slug)?;
    let trail = Trail::changed(&before, &told(&after, change.webhook.as_ref().and_then(Option::as_ref))?);
    audit::record(tx, actor, AuditAction::ContactChanged, (ObjectKind::Contact, slug), trail, now)?;
    versions::keep(tx, Because::of(actor, &change.reason), Some(&before), &after, now)?;
    Ok(after)
}

/// Ends one: it is asked nothing any more; what was asked before stays with it.
pub async fn end(db: &Db, actor: &Actor, slug: Slug, reason: Option<String>, now: Timestamp) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let last = find(tx, &slug)?;
        let mut row = store::contacts::find(tx, &slug)?.ok_or(AppError::NotFound)?;
        row.ended_at = Some(now);
        row.updated_at = now;
        row.version += 1;
        store::contacts::save(tx, &row)?;
        let trail = Trail::before(&last);
        audit::record(tx, &actor, AuditAction::ContactEnded, (ObjectKind::Contact, &slug), trail, now)?;
        versions::keep_end(tx, Because::of(&actor, &reason), &last, now)?;
        store::changed(tx)
    })
    .await
}

/// The contact as the audit log hears of it: with a mark where a secret was set, which the contact does not show.
fn told(contact: &Contact, webhook: Option<&WebhookInput>) -> Result<serde_json::Value, AppError> {
    let mut told = serde_json::to_value(contact).map_err(AppError::internal)?;
    if webhook.is_some_and(|webhook| webhook.secret.is_some()) {
        told["webhook"]["secret"] = "…".into();
    }
    Ok(told)
}

impl ContactChange {
    /// Writes it over the row.
    pub(super) fn apply(&self, row: &mut store::contacts::ContactRow) {
        fn set<T: Clone>(field: &mut T, new: &Option<T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        set(&mut row.name, &self.name);
        set(&mut row.owner, &self.owner);
        set(&mut row.phone, &self.phone);
        set(&mut row.deputy, &self.deputy);
        set(&mut row.confirmed_on, &self.confirmed_on);
        set(&mut row.absent_from, &self.absent_from);
        set(&mut row.absent_until, &self.absent_until);
        set(&mut row.discloses_reporter, &self.discloses_reporter);
        set(&mut row.valid_from, &self.valid_from);
        set(&mut row.valid_to, &self.valid_to);
    }
}

/// What can be wrong with a contact whatever way it came in, apart from its webhook.
fn check(conn: &mut Conn, row: &store::contacts::ContactRow, faults: &mut Faults) -> Result<(), AppError> {
    check_plain(row, faults);
    match &row.deputy {
        Some(deputy) if *deputy == row.slug => faults.add("deputy", "must be somebody else than the contact itself"),
        Some(deputy) => check_known(conn, "deputy", std::slice::from_ref(deputy), faults)?,
        None => {}
    }
    Ok(())
}

/// What would be wrong with a change that is made later.
pub(super) fn check_change(conn: &mut Conn, slug: &Slug, change: &ContactChange) -> Result<(), AppError> {
    let mut row = store::contacts::find(conn, slug)?.ok_or(AppError::NotFound)?;
    change.apply(&mut row);
    let mut faults = Faults::default();
    check(conn, &row, &mut faults)?;
    faults.finish()
}

/// The part of [`check`] that needs no look at other contacts.
pub(super) fn check_plain(row: &store::contacts::ContactRow, faults: &mut Faults) {
    faults.text("name", &row.name, 200);
    if let Some(phone) = &row.phone {
        faults.text("phone", phone, 60);
    }
    if row.absent_from.zip(row.absent_until).is_some_and(|(from, until)| until < from) {
        faults.add("absent_until", "must not be before absent_from");
    }
    if row.valid_from.zip(row.valid_to).is_some_and(|(from, to)| to < from) {
        faults.add("valid_to", "must not be before valid_from");
    }
}

/// Notes what is wrong with a list of those with a duty.
pub(super) fn check_assigned(
    conn: &mut Conn,
    field: &str,
    all: &[Assigned],
    faults: &mut Faults,
) -> Result<(), AppError> {
    assigned::check(field, all, faults);
    check_known(conn, field, &assigned::contacts(all), faults)
}

/// Notes every slug that no present contact has.
pub(super) fn check_known(conn: &mut Conn, field: &str, slugs: &[Slug], faults: &mut Faults) -> Result<(), AppError> {
    let known = store::contacts::present(conn, slugs)?;
    for slug in slugs.iter().filter(|slug| !known.contains(*slug)) {
        faults.add(field, format!("there is no contact {slug}; make it first"));
    }
    Ok(())
}
