//! Every state an object of the directory had: since when, by whom, for what reason.
//!
//! Invariant: a version is written in the transaction of the change it tells of, whole and without secrets, and never
//! edited. What stood before the first recorded change is kept with it, so that no past day is empty. The audit
//! log (`access/audit`) tells who did what in all of Lotse; here stands what the directory said on a day, which
//! `past.rs` routes by.

use serde::Serialize;

use super::adoptions::Adoption;
use super::contacts::Contact;
use super::lands::Land;
use super::page::{Page, PageRequest};
use super::services::Service;
use super::store::{self, versions::VersionRow};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::types::Json;
use crate::db::{Conn, Db, Tx};
use crate::error::{AppError, Faults};
use crate::ids::VersionId;

crate::text_enum! {
    /// What kind of object.
    #[schema(as = VersionKind)]
    pub enum Kind {
        /// A Land.
        Land = "land",
        /// A service.
        Service = "service",
        /// A contact.
        Contact = "contact",
        /// An adoption, with its duties and channels.
        Adoption = "adoption",
    }
}

/// One state an object had.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Version {
    /// The version the object had then.
    pub version: i32,
    /// Since when it was so.
    pub at: Timestamp,
    /// Who made it so; absent where it was so before anybody kept record.
    pub by: Option<Actor>,
    /// Why, in the words of whoever did.
    pub reason: Option<String>,
    /// True where it was ended.
    pub ended: bool,
    /// The object as it was, as its own address shows it.
    pub state: serde_json::Value,
}

/// What is kept by versions.
pub(super) trait Kept: Serialize {
    /// What kind it is.
    const KIND: Kind;
    /// What it is known by for ever.
    fn key(&self) -> String;
    /// Which version it is.
    fn version(&self) -> i32;
    /// Since when.
    fn since(&self) -> Timestamp;
}

impl Kept for Contact {
    const KIND: Kind = Kind::Contact;
    fn key(&self) -> String {
        self.slug.to_string()
    }
    fn version(&self) -> i32 {
        self.version
    }
    fn since(&self) -> Timestamp {
        self.updated_at
    }
}

impl Kept for Adoption {
    const KIND: Kind = Kind::Adoption;
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn version(&self) -> i32 {
        self.version
    }
    fn since(&self) -> Timestamp {
        self.updated_at
    }
}

impl Kept for Service {
    const KIND: Kind = Kind::Service;
    fn key(&self) -> String {
        self.slug.to_string()
    }
    fn version(&self) -> i32 {
        self.version
    }
    fn since(&self) -> Timestamp {
        self.updated_at
    }
}

impl Kept for Land {
    const KIND: Kind = Kind::Land;
    fn key(&self) -> String {
        self.code.to_string()
    }
    fn version(&self) -> i32 {
        self.version
    }
    /// A Land was always there.
    fn since(&self) -> Timestamp {
        Timestamp::new(chrono::DateTime::UNIX_EPOCH)
    }
}

/// Who changed something, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Because<'a> {
    pub actor: &'a Actor,
    pub reason: Option<&'a str>,
}

impl<'a> Because<'a> {
    /// Somebody, for a reason they may have given.
    pub fn of(actor: &'a Actor, reason: &'a Option<String>) -> Self {
        Self { actor, reason: reason.as_deref() }
    }
}

/// Says what is wrong with a reason.
pub(super) fn check_reason(reason: &Option<String>, faults: &mut Faults) {
    if let Some(reason) = reason {
        faults.text("reason", reason, 500);
    }
}

/// Keeps what the object is from now on; `before` is what it was, if it was.
pub(super) fn keep<T: Kept>(
    tx: &mut Tx,
    because: Because,
    before: Option<&T>,
    after: &T,
    now: Timestamp,
) -> Result<(), AppError> {
    if let Some(before) = before {
        keep_first(tx, before)?;
    }
    let by = Some(Json::of(because.actor)?);
    store::versions::insert(tx, &row(after, by, because.reason, false, now)?)
}

/// The first version of a new object, for who stores many at once ([`store::versions::insert_all`]).
pub(super) fn of_new<T: Kept>(because: Because, new: &T, now: Timestamp) -> Result<VersionRow, AppError> {
    row(new, Some(Json::of(because.actor)?), because.reason, false, now)
}

/// What is to be kept where many were changed, before and after, for who stores them at once.
pub(super) fn of_changed<T: Kept>(
    conn: &mut Conn,
    because: Because,
    changed: &[(T, T)],
    now: Timestamp,
) -> Result<Vec<VersionRow>, AppError> {
    let keys: Vec<String> = changed.iter().map(|(before, _)| before.key()).collect();
    let known = store::versions::known(conn, T::KIND, &keys)?;
    let by = Json::of(because.actor)?;
    let mut rows = Vec::with_capacity(changed.len());
    for (before, after) in changed {
        if !known.contains(&before.key()) {
            rows.push(row(before, None, None, false, before.since())?);
        }
        rows.push(row(after, Some(by.clone()), because.reason, false, now)?);
    }
    Ok(rows)
}

/// Keeps that the object was ended.
pub(super) fn keep_end<T: Kept>(tx: &mut Tx, because: Because, last: &T, now: Timestamp) -> Result<(), AppError> {
    keep_first(tx, last)?;
    let by = Some(Json::of(because.actor)?);
    let last = row(last, by, because.reason, true, now)?;
    store::versions::insert(tx, &VersionRow { version: last.version + 1, ..last })
}

/// Keeps what stood before anything was kept.
fn keep_first<T: Kept>(tx: &mut Tx, before: &T) -> Result<(), AppError> {
    if store::versions::is_known(tx, T::KIND, &before.key())? {
        return Ok(());
    }
    store::versions::insert(tx, &row(before, None, None, false, before.since())?)
}

fn row<T: Kept>(
    object: &T,
    actor: Option<Json>,
    reason: Option<&str>,
    ended: bool,
    at: Timestamp,
) -> Result<VersionRow, AppError> {
    Ok(VersionRow {
        id: VersionId::new(),
        kind: T::KIND,
        key: object.key(),
        version: object.version(),
        at,
        actor,
        reason: reason.map(str::to_owned),
        ended,
        state: Json::of(object)?,
    })
}

/// A page of an object's versions, the newest first; `key` is the id it is known by. What never changed since record
/// is kept has none.
pub async fn list(db: &Db, kind: Kind, key: String, page: PageRequest) -> Result<Page<Version>, AppError> {
    let (limit, before) = page.read()?;
    let before = before.map(|text| text.parse()).transpose();
    let before = before.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    let page = db
        .read(move |conn| {
            let rows = store::versions::list(conn, kind, &key, limit + 1, before)?;
            Ok(Page::of(rows, limit, |row| row.id.to_string(), |row| row))
        })
        .await?;
    let items: Result<Vec<Version>, AppError> = page.items.into_iter().map(shown).collect();
    Ok(Page { items: items?, next_cursor: page.next_cursor })
}

fn shown(row: VersionRow) -> Result<Version, AppError> {
    Ok(Version {
        version: row.version,
        at: row.at,
        by: row.actor.map(|actor| actor.read()).transpose()?,
        reason: row.reason,
        ended: row.ended,
        state: row.state.read()?,
    })
}
