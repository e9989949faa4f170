//! Municipalities by their ARS: where they lie, and whether they belong to the 115-Verbund.
//!
//! Names and regions come from the official register by import (`import/municipalities.rs`) and are not edited;
//! only what the register does not know is changed here. Nothing is created or ended: a municipality that a
//! register no longer names stays, because old requests name it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::page::{Page, PageRequest};
use super::store;
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::AppError;
use crate::keys::{Ags, Ars, LandCode};

/// A municipality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Municipality {
    /// Its key.
    pub ars: Ars,
    /// Its shorter key.
    pub ags: Ags,
    /// Its name as the register writes it.
    pub name: String,
    /// The Land it lies in.
    pub land: LandCode,
    /// Its Kreis.
    pub district: String,
    /// Its Gemeindeverband, such as an Amt.
    pub association: String,
    /// The register's code of its kind.
    pub kind: String,
    /// Postal code of the seat of its administration.
    pub postal_code: Option<String>,
    /// True where 115 answers for it.
    pub in_115: bool,
    /// Rises with every change.
    pub version: i32,
    /// Since when it takes no new requests, because the official list names it no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_on: Option<NaiveDate>,
    /// When its name changed.
    #[serde(skip)]
    #[schema(ignore)]
    pub changed_at: Option<Timestamp>,
}

/// Which municipalities.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct MunicipalityQuery {
    /// Beginning of a name or of a word in it, a postal code, or the beginning of an ARS.
    pub q: Option<String>,
    /// Only of this Land.
    pub land: Option<LandCode>,
}

/// What is to be different; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MunicipalityChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// Whether 115 answers for it.
    pub in_115: Option<bool>,
}

/// A page of them, by ARS.
pub async fn list(db: &Db, query: MunicipalityQuery, page: PageRequest) -> Result<Page<Municipality>, AppError> {
    let (limit, after) = page.read()?;
    db.read(move |conn| {
        let rows = store::municipalities::list(conn, &query, limit + 1, after.as_deref())?;
        Ok(Page::of(rows, limit, |m| m.ars.to_string(), |m| m))
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, ars: Ars) -> Result<Municipality, AppError> {
    db.read(move |conn| store::municipalities::find(conn, &ars)?.ok_or(AppError::NotFound)).await
}

/// Changes what the register does not know.
pub async fn change(
    db: &Db,
    actor: &Actor,
    ars: Ars,
    change: MunicipalityChange,
    now: Timestamp,
) -> Result<Municipality, AppError> {
    let actor = actor.clone();
    let version = super::page::guard(change.version)?;
    db.write(move |tx| {
        let mut found = store::municipalities::find(tx, &ars)?.ok_or(AppError::NotFound)?;
        if found.version != version {
            return Err(super::page::stale("the municipality", found.version));
        }
        let before = found.clone();
        if let Some(in_115) = change.in_115 {
            found.in_115 = in_115;
        }
        found.version += 1;
        store::municipalities::update(tx, &found)?;
        let trail = Trail::changed(&before, &found);
        audit::record(tx, &actor, AuditAction::MunicipalityChanged, (ObjectKind::Municipality, &ars), trail, now)?;
        store::places_changed(tx)?;
        Ok(found)
    })
    .await
}
