//! The 16 Länder: with whom each shares what it operates, and who answers where nobody else is named.
//!
//! The Länder themselves are built in (`keys.rs`); nothing is created or ended here.

use serde::{Deserialize, Serialize};

use super::assigned::Assigned;
use super::store;
use super::versions::{self, Because, check_reason};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::{AppError, Faults};
use crate::keys::LandCode;

/// A Land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Land {
    /// ISO 3166-2 without `DE-`.
    pub code: LandCode,
    /// The German name.
    pub name: String,
    /// Länder that may re-use what this one operates, by a cooperation agreement.
    pub cooperates_with: Vec<LandCode>,
    /// Who answers for services of this Land where nobody else is named.
    pub second_level: Vec<Assigned>,
    /// Rises with every change.
    pub version: i32,
}

/// What is to be different; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LandChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// The whole list of agreements.
    pub cooperates_with: Option<Vec<LandCode>>,
    /// The whole list, in order.
    pub second_level: Option<Vec<Assigned>>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// All of them.
pub async fn list(db: &Db) -> Result<Vec<Land>, AppError> {
    db.read(store::lands::all).await
}

/// One of them.
pub async fn read(db: &Db, code: LandCode) -> Result<Land, AppError> {
    db.read(move |conn| store::lands::find(conn, code)).await
}

/// Changes agreements or the fallback.
pub async fn change(
    db: &Db,
    actor: &Actor,
    code: LandCode,
    change: LandChange,
    now: Timestamp,
) -> Result<Land, AppError> {
    let actor = actor.clone();
    let version = super::page::guard(change.version)?;
    db.write(move |tx| {
        let mut land = store::lands::find(tx, code)?;
        let before = land.clone();
        if land.version != version {
            return Err(super::page::stale("the Land", land.version));
        }
        if let Some(agreed) = change.cooperates_with {
            land.cooperates_with = agreed;
        }
        let mut faults = Faults::default();
        check_reason(&change.reason, &mut faults);
        if let Some(second_level) = change.second_level {
            super::contacts::check_assigned(tx, "second_level", &second_level, &mut faults)?;
            land.second_level = second_level;
        }
        faults.finish()?;
        store::lands::save(tx, &land)?;
        store::changed(tx)?;
        let after = store::lands::find(tx, code)?;
        let trail = Trail::changed(&before, &after);
        audit::record(tx, &actor, AuditAction::LandChanged, (ObjectKind::Land, &code), trail, now)?;
        versions::keep(tx, Because::of(&actor, &change.reason), Some(&before), &after, now)?;
        Ok(after)
    })
    .await
}
