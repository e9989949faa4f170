//! Agreements between Länder: which Land may re-use what another operates, from when until when, and where that is
//! written.
//!
//! Invariant: `cooperates_with` of a Land is the short form of these, and both change together. One that was entered
//! in the short form alone holds without an end; one that has ended by its day counts as if there were none.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::page::stale;
use super::store;
use super::store::agreements::DetailRow;
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::error::{AppError, Faults};
use crate::keys::LandCode;

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Agreement {
    /// The Land that may re-use.
    pub land: LandCode,
    /// Its name.
    pub name: String,
    /// First day; since ever when absent.
    pub since: Option<NaiveDate>,
    /// Last day; without an end when absent.
    pub until: Option<NaiveDate>,
    /// Where it is written, such as a file number.
    pub reference: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// True where it holds today.
    pub holds: bool,
    /// Rises with every change; 0 for one of which only the short form is known.
    pub version: i32,
}

/// An agreement as it is to be, whole.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementChange {
    /// The version it was read at; may be left out for a new one.
    pub version: Option<i32>,
    /// First day.
    pub since: Option<NaiveDate>,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// Where it is written, such as a file number.
    pub reference: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Those of a Land that operates, by the Land that may re-use.
pub async fn list(db: &Db, operating: LandCode, today: NaiveDate) -> Result<Vec<Agreement>, AppError> {
    db.read(move |conn| of(conn, operating, today)).await
}

fn of(conn: &mut Conn, operating: LandCode, today: NaiveDate) -> Result<Vec<Agreement>, AppError> {
    let all = store::agreements::all(conn)?.into_iter().filter(|((land, _), _)| *land == operating);
    Ok(all.map(|((_, using), row)| agreement(using, row.as_ref(), today)).collect())
}

/// All of them, by the Land that operates and the one that may re-use.
pub async fn all(db: &Db, today: NaiveDate) -> Result<Vec<(LandCode, Agreement)>, AppError> {
    db.read(move |conn| {
        let all = store::agreements::all(conn)?.into_iter();
        Ok(all.map(|((operating, using), row)| (operating, agreement(using, row.as_ref(), today))).collect())
    })
    .await
}

fn agreement(land: LandCode, row: Option<&DetailRow>, today: NaiveDate) -> Agreement {
    let text = |of: fn(&DetailRow) -> &Option<String>| row.and_then(|row| of(row).clone());
    Agreement {
        land,
        name: land.name().to_owned(),
        since: row.and_then(|row| row.since),
        until: row.and_then(|row| row.until),
        reference: text(|row| &row.reference),
        note: text(|row| &row.note),
        holds: row.is_none_or(|row| holds(row, today)),
        version: row.map_or(0, |row| row.version),
    }
}

fn holds(row: &DetailRow, today: NaiveDate) -> bool {
    row.since.is_none_or(|since| since <= today) && row.until.is_none_or(|until| today <= until)
}

/// Those that hold on this day: who operates, who may use.
pub(super) fn holding(conn: &mut Conn, today: NaiveDate) -> Result<HashSet<(LandCode, LandCode)>, AppError> {
    let all = store::agreements::all(conn)?.into_iter();
    Ok(all.filter(|(_, row)| row.as_ref().is_none_or(|row| holds(row, today))).map(|(pair, _)| pair).collect())
}

/// Enters an agreement, or changes it; answers whether it is new.
pub async fn put(
    db: &Db,
    actor: &Actor,
    operating: LandCode,
    using: LandCode,
    change: AgreementChange,
    now: Timestamp,
) -> Result<(Agreement, bool), AppError> {
    let actor = actor.clone();
    check(operating, using, &change)?;
    db.write(move |tx| {
        let today = now.day_in_berlin();
        let before = of(tx, operating, today)?.into_iter().find(|one| one.land == using);
        let present = before.as_ref().map_or(0, |one| one.version);
        match change.version {
            Some(version) if version != present => return Err(stale("the agreement", present)),
            None if present > 0 => {
                return Err(AppError::field(
                    "version",
                    "must be the version of the agreement you read, or send If-Match",
                ));
            }
            _ => {}
        }
        let row = DetailRow {
            operating_land: operating,
            using_land: using,
            since: change.since,
            until: change.until,
            reference: trimmed(change.reference),
            note: trimmed(change.note),
            version: present + 1,
            updated_at: now,
        };
        store::agreements::save(tx, &row)?;
        store::lands::touch(tx, operating)?;
        store::changed(tx)?;
        let after = agreement(using, Some(&row), today);
        let trail = before.as_ref().map_or_else(|| Trail::after(&after), |before| Trail::changed(before, &after));
        audit::record(tx, &actor, AuditAction::AgreementChanged, (ObjectKind::Land, &operating), trail, now)?;
        Ok((after, before.is_none()))
    })
    .await
}

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn check(operating: LandCode, using: LandCode, change: &AgreementChange) -> Result<(), AppError> {
    let mut faults = Faults::default();
    if operating == using {
        faults.add("land", "must be another Land than the one that operates; a Land needs no agreement with itself");
    }
    if change.since.zip(change.until).is_some_and(|(since, until)| until < since) {
        faults.add("until", "must not be before since");
    }
    faults.optional_text("reference", change.reference.as_deref().unwrap_or_default(), 200);
    faults.optional_text("note", change.note.as_deref().unwrap_or_default(), 2000);
    faults.finish()
}

/// Ends an agreement at once; one that ends on a day to come gets that day by [`put`].
pub async fn end(
    db: &Db,
    actor: &Actor,
    operating: LandCode,
    using: LandCode,
    version: Option<i32>,
    now: Timestamp,
) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let before = of(tx, operating, now.day_in_berlin())?.into_iter().find(|one| one.land == using);
        let before = before.ok_or(AppError::NotFound)?;
        if version.is_some_and(|version| version != before.version) {
            return Err(stale("the agreement", before.version));
        }
        store::agreements::end(tx, operating, using)?;
        store::lands::touch(tx, operating)?;
        store::changed(tx)?;
        let trail = Trail::before(&before);
        audit::record(tx, &actor, AuditAction::AgreementEnded, (ObjectKind::Land, &operating), trail, now)
    })
    .await
}
