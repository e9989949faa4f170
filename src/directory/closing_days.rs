//! Local closing days: nobody is there in a region on a day, beside weekends and public holidays, such as for a staff
//! meeting. Deadlines do not count it; those that stand are counted anew (`recounts.rs`), with the reason in the history.
//!
//! Invariant: a region has one reason a day; every instance follows within two seconds. Not here: days of every year
//! (`clock.closed`).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::page::{Page, PageRequest};
use super::{recounts, store};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Actor, Reach};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::{AppError, Faults};
use crate::ids::ClosingDayId;
use crate::keys::ArsPrefix;

/// A day on which nobody is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClosingDay {
    /// Its id.
    pub id: ClosingDayId,
    /// Where: an ARS or its beginning; empty is everywhere.
    pub ars: ArsPrefix,
    /// When.
    pub day: NaiveDate,
    /// Why, as explanations of deadlines say it.
    pub reason: String,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// A new one.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClosingDay {
    /// Where: an ARS or its beginning; everywhere when left out.
    #[serde(default = "ArsPrefix::everywhere")]
    pub ars: ArsPrefix,
    /// When.
    #[schema(example = "2026-06-26")]
    pub day: NaiveDate,
    /// Why, at most 120 characters.
    pub reason: String,
}

/// True where the day closes some place within reach.
pub fn is_in_sight(reach: &Reach, region: &ArsPrefix) -> bool {
    reach.layers().iter().all(|layer| layer.iter().any(|term| term.scope.region.touches(region)))
}

/// A page of those of and after a day that close some place within reach, by id.
pub async fn list(db: &Db, from: NaiveDate, reach: Reach, page: PageRequest) -> Result<Page<ClosingDay>, AppError> {
    let (limit, after) = page.read()?;
    let after = after.map(|text| text.parse()).transpose();
    let after = after.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    db.read(move |conn| {
        let rows = store::closing_days::list(conn, from, after)?.into_iter();
        let most = usize::try_from(limit + 1).unwrap_or(usize::MAX);
        let rows = rows.filter(|one| is_in_sight(&reach, &one.ars)).take(most).collect();
        Ok(Page::of(rows, limit, |one| one.id.to_string(), |one| one))
    })
    .await
}

/// Those of and after a day in the order of their days, after so many; and whether there are more.
pub async fn ahead(
    db: &Db,
    from: NaiveDate,
    reach: Reach,
    after: usize,
    most: usize,
) -> Result<(Vec<ClosingDay>, bool), AppError> {
    db.read(move |conn| {
        let mut rows = store::closing_days::list(conn, from, None)?;
        rows.retain(|one| is_in_sight(&reach, &one.ars));
        rows.sort_by(|a, b| (a.day, a.ars.as_str(), a.id).cmp(&(b.day, b.ars.as_str(), b.id)));
        let has_more = rows.len() > after.saturating_add(most);
        Ok((rows.into_iter().skip(after).take(most).collect(), has_more))
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, id: ClosingDayId) -> Result<ClosingDay, AppError> {
    db.read(move |conn| store::closing_days::find(conn, id)?.ok_or(AppError::NotFound)).await
}

/// Enters one.
pub async fn create(
    db: &Db,
    actor: &Actor,
    new: NewClosingDay,
    repeat: Option<Once<ClosingDay>>,
    now: Timestamp,
) -> Result<Outcome<ClosingDay>, AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let mut faults = Faults::default();
            faults.text("reason", &new.reason, 120);
            if new.day < now.day_in_berlin() {
                faults.add("day", "has passed; only days to come can be closed");
            }
            faults.finish()?;
            if store::closing_days::is_known(tx, &new.ars, new.day)? {
                return Err(AppError::Conflict(format!("{} is a closing day there already", new.day)));
            }
            let made =
                ClosingDay { id: ClosingDayId::new(), ars: new.ars, day: new.day, reason: new.reason, created_at: now };
            store::closing_days::insert(tx, &made)?;
            recounts::of_closing_day(tx, &made, true)?;
            store::changed(tx)?;
            let trail = Trail::after(&made);
            let action = AuditAction::ClosingDayCreated;
            audit::record(tx, &actor, action, (ObjectKind::ClosingDay, &made.id), trail, now)?;
            Ok(made)
        })
    })
    .await
}

/// Takes one back: people are there after all.
pub async fn end(db: &Db, actor: &Actor, id: ClosingDayId, now: Timestamp) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let found = store::closing_days::find(tx, id)?.ok_or(AppError::NotFound)?;
        store::closing_days::delete(tx, id)?;
        recounts::of_closing_day(tx, &found, false)?;
        store::changed(tx)?;
        let trail = Trail::before(&found);
        audit::record(tx, &actor, AuditAction::ClosingDayEnded, (ObjectKind::ClosingDay, &id), trail, now)
    })
    .await
}
