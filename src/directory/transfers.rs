//! "Transferred on": that what an adoption shows was entered into an editorial system of a Land.
//!
//! Invariant: a transfer keeps a digest of what was published when it was noted, so that it counts for as long as
//! exactly that is published; a change of who answers, or of a checklist, does not make it stale. Notes are added,
//! never edited. What is published stands in `export/`.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::export::published;
use super::page::{Page, PageRequest};
use super::store;
use super::store::transfers::TransferRow;
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::clock::Timestamp;
use crate::db::types::Json;
use crate::db::{Conn, Db};
use crate::error::{AppError, Faults};
use crate::ids::{AdoptionId, TransferId};

/// That an adoption was entered into an editorial system.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// Which adoption.
    pub adoption: AdoptionId,
    /// The day it was entered there.
    pub on: NaiveDate,
    /// When that was noted here.
    pub noted_at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// Into which system.
    pub target: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// A new note.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTransfer {
    /// The day it was entered there; today when left out.
    pub on: Option<NaiveDate>,
    /// Into which system.
    pub target: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
    /// The `digest` of what was entered, as the export gave it: where it is another by now, nothing is noted.
    pub seen: Option<String>,
}

/// How an adoption stands with its editorial system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransferState {
    /// When a transfer was last noted, if ever.
    pub last: Option<Timestamp>,
    /// The day of that transfer.
    pub on: Option<NaiveDate>,
    /// True where exactly what was transferred is still what is published.
    pub is_current: bool,
}

/// How each of these adoptions stands, whatever its state; ended ones are left out.
pub fn transfer_state(
    conn: &mut Conn,
    adoptions: &[AdoptionId],
) -> Result<HashMap<AdoptionId, TransferState>, AppError> {
    let mut states = HashMap::with_capacity(adoptions.len());
    for some in adoptions.chunks(200) {
        let rows = store::adoptions::of(conn, some)?;
        for entry in published::published(conn, rows)? {
            states.insert(entry.adoption, entry.state);
        }
    }
    Ok(states)
}

/// How one stands, and the digest of what it shows now.
pub fn shown_now(conn: &mut Conn, adoption: AdoptionId) -> Result<Option<(TransferState, String)>, AppError> {
    let rows = store::adoptions::of(conn, &[adoption])?;
    Ok(published::published(conn, rows)?.pop().map(|entry| (entry.state, entry.digest)))
}

/// Those of an adoption, newest first.
pub async fn list(db: &Db, adoption: AdoptionId, page: PageRequest) -> Result<Page<Transfer>, AppError> {
    let (limit, before) = page.read()?;
    let before = before.map(|text| text.parse()).transpose();
    let before = before.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    db.read(move |conn| {
        let rows = store::transfers::list(conn, adoption, limit + 1, before)?;
        let rows = rows.into_iter().map(Transfer::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(rows, limit, |transfer| transfer.id.to_string(), |transfer| transfer))
    })
    .await
}

/// Notes one.
pub async fn note(
    db: &Db,
    actor: &Actor,
    adoption: AdoptionId,
    new: NewTransfer,
    repeat: Option<Once<Transfer>>,
    now: Timestamp,
) -> Result<Outcome<Transfer>, AppError> {
    let actor = actor.clone();
    let today = now.day_in_berlin();
    let day = new.on.unwrap_or(today);
    check(&new, day, today)?;
    db.write(move |tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let rows = store::adoptions::of_also_ended(tx, &[adoption])?;
            let entry = published::published(tx, rows)?.pop().ok_or(AppError::NotFound)?;
            if new.seen.as_ref().is_some_and(|seen| *seen != entry.digest) {
                let (at, now) = (entry.changed_at, entry.digest);
                return Err(AppError::Conflict(format!(
                    "what is shown was changed since it was read, at {at}, and has the digest {now}; look at it again"
                )));
            }
            // What was entered on an earlier day cannot be what was changed since.
            let is_known = day == today || entry.changed_at.day_in_berlin() < day;
            let row = TransferRow {
                id: TransferId::new(),
                adoption_id: adoption,
                day,
                noted_at: now,
                actor: Json::of(&actor)?,
                target: new.target.clone(),
                note: new.note.clone(),
                digest: if is_known { entry.digest } else { String::new() },
            };
            store::transfers::insert(tx, &row)?;
            let made = Transfer::try_from(row)?;
            let trail = Trail::after(&made);
            audit::record(tx, &actor, AuditAction::AdoptionTransferred, (ObjectKind::Adoption, &adoption), trail, now)?;
            Ok(made)
        })
    })
    .await
}

fn check(new: &NewTransfer, day: NaiveDate, today: NaiveDate) -> Result<(), AppError> {
    let mut faults = Faults::default();
    if day > today {
        faults.add("on", format!("must not lie ahead; today is {today}"));
    }
    if let Some(target) = &new.target {
        faults.text("target", target, 200);
    }
    if let Some(note) = &new.note {
        faults.text("note", note, 2000);
    }
    faults.finish()
}

impl TryFrom<TransferRow> for Transfer {
    type Error = AppError;
    fn try_from(row: TransferRow) -> Result<Self, AppError> {
        Ok(Self {
            id: row.id,
            adoption: row.adoption_id,
            on: row.day,
            noted_at: row.noted_at,
            actor: row.actor.read()?,
            target: row.target,
            note: row.note,
        })
    }
}
