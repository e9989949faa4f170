//! People and mailboxes that answer: how they are reached, who stands in, and since when that is confirmed.
//!
//! Invariant: a webhook's secret goes in and never comes out. The mail address and the webhook themselves are
//! endpoints of `delivery` (`ways.rs`); what delivery learns about them shows here as `bounced` and the
//! webhook's state.

mod change;
mod check;
mod many;
mod standing;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use change::ContactChange;
pub use check::Plain;
use check::{check, check_deputies};
pub(super) use check::{check_assigned, check_change, check_plain, judged, own_deputy};
pub(super) use many::{Changes, Ready, addresses, change_all, create_all};
pub use standing::{ContactState, Held, Standing, StateOn, held, overview, serves};

use super::page::{Page, PageRequest, expect, guard, present, stale};
use super::versions::{self, Because, check_reason};
use super::{Rhythm, Settings, absence, confirmation, store, ways};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Actor, Reach};
use crate::clock::Timestamp;
use crate::db::{Conn, Db, Tx};
use crate::delivery::EndpointState;
pub use crate::delivery::adapter::{Adapter, Preset};
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
    /// When it is reached, as OpenStreetMap writes opening hours; during service hours when absent.
    pub hours: Option<String>,
    /// How it numbers its own matters, with # for a digit, such as INC#######; then its number is found in its mail.
    pub reference_pattern: Option<String>,
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
    /// How often it is told what happened to requests it is the central contact of.
    pub notify: Rhythm,
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
    /// In whose words it is called, where that is another ticket system; without its secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<Adapter>,
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
    /// In whose words it is called; the present adapter stays when left out, `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Adapter>)]
    pub adapter: Option<Option<Adapter>>,
    /// Values of the adapter's secrets by name, such as `{"token": "…"}`; they never come out again. The present ones
    /// stay when left out.
    pub adapter_secrets: Option<BTreeMap<String, String>>,
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
    /// When it is reached, as OpenStreetMap writes opening hours; during service hours when absent.
    pub hours: Option<String>,
    /// How it numbers its own matters, with # for a digit, such as INC#######; then its number is found in its mail.
    pub reference_pattern: Option<String>,
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
    /// How often it is told what happened to requests it is the central contact of; at once when left out.
    #[serde(default)]
    pub notify: Rhythm,
    /// First day it is there for its duties.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
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
    /// Only those that stand so.
    pub state: Option<StateOn>,
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
    absence::check_deputy(tx, &row, now.day_in_berlin(), &mut faults)?;
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
    row.reference_pattern.clone_from(&new.reference_pattern);
    row.hours = new.hours.as_deref().map(super::hours::standard);
    row.deputy.clone_from(&new.deputy);
    row.confirmed_on = new.confirmed_on;
    (row.absent_from, row.absent_until) = (new.absent_from, new.absent_until);
    row.discloses_reporter = new.discloses_reporter;
    row.notify = new.notify.to_string();
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
    let known = store::contacts::find(tx, &before.slug)?.ok_or(AppError::NotFound)?;
    let mut row = known.clone();
    change.apply(&mut row);
    let mut faults = Faults::default();
    check_reason(&change.reason, &mut faults);
    check(tx, &judged(&row, Some(&known)), &mut faults)?;
    if change.absent_from.is_some() || change.absent_until.is_some() || change.deputy.is_some() {
        absence::check_deputy(tx, &row, now.day_in_berlin(), &mut faults)?;
    }
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
    confirmation::before_save(&known, &mut row, change.confirmed_on.is_some());
    if row.confirmed_on > known.confirmed_on {
        ways::trust_again(tx, &row, now)?;
    }
    confirmation::after_save(tx, &known, &row, now)?;
    let said = (AuditAction::ContactChanged, &change.reason, change.webhook.as_ref().and_then(Option::as_ref));
    keep(tx, actor, said, &before, row, now)
}

/// What was done to a contact, why, and with which webhook.
type Said<'a> = (AuditAction, &'a Option<String>, Option<&'a WebhookInput>);

/// Stores a changed contact as its next version, tells every instance, and writes it down.
pub(super) fn keep(
    tx: &mut Tx,
    actor: &Actor,
    (action, reason, webhook): Said,
    before: &Contact,
    mut row: store::contacts::ContactRow,
    now: Timestamp,
) -> Result<Contact, AppError> {
    let version = row.version;
    row.version += 1;
    row.updated_at = now;
    if !store::contacts::change(tx, &row, version)? {
        return Err(stale("the contact", version));
    }
    store::changed(tx)?;
    let after = find(tx, &row.slug)?;
    let trail = Trail::changed(before, &told(&after, webhook)?);
    audit::record(tx, actor, action, (ObjectKind::Contact, &row.slug), trail, now)?;
    versions::keep(tx, Because::of(actor, reason), Some(before), &after, now)?;
    Ok(after)
}

/// Ends one: it is asked nothing any more; what was asked before stays with it.
pub async fn end(
    db: &Db,
    actor: &Actor,
    slug: Slug,
    expected: Option<i32>,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let last = find(tx, &slug)?;
        expect("the contact", expected, last.version)?;
        let mut row = store::contacts::find(tx, &slug)?.ok_or(AppError::NotFound)?;
        row.ended_at = Some(now);
        row.updated_at = now;
        row.version += 1;
        confirmation::after_save(tx, &row, &row, now)?;
        if !store::contacts::end(tx, &row, last.version)? {
            return Err(stale("the contact", last.version));
        }
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
    if webhook.is_some_and(|webhook| webhook.adapter_secrets.is_some()) {
        told["webhook"]["adapter_secrets"] = "…".into();
    }
    Ok(told)
}
