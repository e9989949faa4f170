//! One municipality takes the place of another: what belonged to the old one belongs to the new one.
//!
//! Invariant: one merger is one transaction, and doing it again changes nothing. Where both use a service, the new one's
//! use stands and the old one's is ended, never mixed. The old municipality stays, ended, because histories name it;
//! its key leads to the new one from then on (`snapshot/`). Not here: requests, which follow in
//! `tickets/relocation.rs`.

use chrono::NaiveDate;
use serde::Serialize;

use super::adoptions::Adoption;
use super::municipalities::Municipality;
use super::store::adoptions::AdoptionRow;
use super::store::successors::SuccessorRow;
use super::versions::{self, Because};
use super::{contacts, store};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::relocation::{Relocated, relocate};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::keys::{Ars, Slug};

/// A municipality that is gone, and the one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Successor {
    /// The key that is gone.
    pub old_ars: Ars,
    /// Its name, as far as it was known here.
    pub old_name: String,
    /// The key in its place.
    pub new_ars: Ars,
    /// Its name.
    pub new_name: String,
    /// Since when.
    pub valid_on: NaiveDate,
}

/// What a merger moves in the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Merged {
    /// Services whose use moves with its people and channels.
    pub adoptions_moved: Vec<Slug>,
    /// Services that both use: the old one's use is ended.
    pub adoptions_ended: Vec<Slug>,
    /// Contacts that belonged to the old one.
    pub contacts: Vec<Slug>,
}

/// Every municipality that is gone and has one in its place.
pub fn successors(conn: &mut Conn) -> Result<Vec<Successor>, AppError> {
    let rows = store::successors::all(conn)?;
    let keys: Vec<Ars> = rows.iter().flat_map(|row| [row.old_ars.clone(), row.new_ars.clone()]).collect();
    let known = store::municipalities::of(conn, &keys)?;
    let name = |ars: &Ars| known.iter().find(|m| m.ars == *ars).map_or_else(|| ars.to_string(), |m| m.name.clone());
    Ok(rows
        .into_iter()
        .map(|row| Successor {
            old_name: name(&row.old_ars),
            new_name: name(&row.new_ars),
            old_ars: row.old_ars,
            new_ars: row.new_ars,
            valid_on: row.valid_on,
        })
        .collect())
}

/// What a merger would move.
pub(super) fn foresee(conn: &mut Conn, old: &Ars, new: &Ars) -> Result<Merged, AppError> {
    let mut merged = Merged { contacts: store::successors::contacts_of(conn, old)?, ..Merged::default() };
    for row in store::successors::adoptions_in(conn, old)? {
        match store::successors::adopted(conn, &row.service, new)? {
            Some(true) => merged.adoptions_ended.push(row.service),
            _ => merged.adoptions_moved.push(row.service),
        }
    }
    Ok(merged)
}

/// Does it, in the caller's transaction.
pub(super) fn merge(tx: &mut Tx, actor: &Actor, it: &Successor, now: Timestamp) -> Result<(), AppError> {
    let (old, new) = (&it.old_ars, &it.new_ars);
    let merged = foresee(tx, old, new)?;
    let row = SuccessorRow { old_ars: old.clone(), new_ars: new.clone(), valid_on: it.valid_on, noted_at: now };
    store::successors::note(tx, &row)?;
    let reason = Some(format!("{} ist in {} aufgegangen", it.old_name, it.new_name));
    let because = Because::of(actor, &reason);
    for adoption in store::successors::adoptions_in(tx, old)? {
        move_adoption(tx, because, adoption, new, now)?;
    }
    for slug in &merged.contacts {
        move_contact(tx, because, slug, new, now)?;
    }
    let duties = move_service_duties(tx, because, old, new, now)?;
    let notices = store::successors::move_notices(tx, old, new)?;
    let rights = relocate(tx, old, new)?;
    if let Some(place) = store::municipalities::find(tx, old)?.filter(|place| place.ended_on.is_none()) {
        end_place(tx, place, it.valid_on)?;
    }
    #[derive(Serialize)]
    struct Told<'a> {
        into: &'a Ars,
        valid_on: NaiveDate,
        #[serde(flatten)]
        merged: &'a Merged,
        service_duties: usize,
        public_notices: usize,
        #[serde(flatten)]
        rights: Relocated,
    }
    let told = Told {
        into: new,
        valid_on: it.valid_on,
        merged: &merged,
        service_duties: duties,
        public_notices: notices,
        rights,
    };
    let trail = Trail::after(&told);
    audit::record(tx, actor, AuditAction::MunicipalityMerged, (ObjectKind::Municipality, old), trail, now)?;
    store::places_changed(tx)
}

fn whole(tx: &mut Tx, row: AdoptionRow) -> Result<Adoption, AppError> {
    store::adoptions::whole(tx, vec![row])?.pop().ok_or(AppError::NotFound)
}

fn move_adoption(tx: &mut Tx, because: Because, row: AdoptionRow, new: &Ars, now: Timestamp) -> Result<(), AppError> {
    let before = whole(tx, row.clone())?;
    let there = store::successors::adopted(tx, &row.service, new)?;
    let object = (ObjectKind::Adoption, &row.id as &dyn std::fmt::Display);
    if there.is_none() {
        store::successors::move_adoption(tx, &row, new, now)?;
        let moved = store::adoptions::by_id(tx, row.id)?.ok_or(AppError::NotFound)?;
        let after = whole(tx, moved)?;
        versions::keep(tx, because, Some(&before), &after, now)?;
        let trail = Trail::changed(&before, &after);
        return audit::record(tx, because.actor, AuditAction::AdoptionChanged, object, trail, now);
    }
    if there == Some(false) {
        // It was used there once: that use begins anew, with what the old one shows.
        let (service, ars) = (row.service.clone(), new.clone());
        let id = store::adoptions::insert(tx, &Adoption { service, ars, updated_at: now, ..before.clone() })?;
        store::successors::move_what_it_shows(tx, &row, new)?;
        let begun = store::adoptions::by_id(tx, id)?.ok_or(AppError::NotFound)?;
        let after = whole(tx, begun)?;
        versions::keep(tx, because, None, &after, now)?;
        let made = (ObjectKind::Adoption, &id as &dyn std::fmt::Display);
        audit::record(tx, because.actor, AuditAction::AdoptionCreated, made, Trail::after(&after), now)?;
    }
    store::adoptions::end(tx, row.id, row.version, now)?;
    versions::keep_end(tx, because, &before, now)?;
    audit::record(tx, because.actor, AuditAction::AdoptionEnded, object, Trail::before(&before), now)
}

/// Moves what services name for exactly this municipality; each of them keeps a version of that.
fn move_service_duties(tx: &mut Tx, because: Because, old: &Ars, new: &Ars, now: Timestamp) -> Result<usize, AppError> {
    let mut before = Vec::new();
    for slug in store::successors::services_naming(tx, old)? {
        before.extend(store::services::find(tx, &slug)?);
    }
    let moved = store::successors::move_service_duties(tx, old, new)?;
    for before in before {
        let slug = before.slug.clone();
        let mut after = store::services::find(tx, &slug)?.ok_or(AppError::NotFound)?;
        after.version += 1;
        after.updated_at = now;
        store::services::save(tx, &after)?;
        versions::keep(tx, because, Some(&before), &after, now)?;
        let trail = Trail::changed(&before, &after);
        audit::record(tx, because.actor, AuditAction::ServiceChanged, (ObjectKind::Service, &slug), trail, now)?;
    }
    Ok(moved)
}

fn move_contact(tx: &mut Tx, because: Because, slug: &Slug, new: &Ars, now: Timestamp) -> Result<(), AppError> {
    let before = contacts::find(tx, slug)?;
    let mut row = store::contacts::find(tx, slug)?.ok_or(AppError::NotFound)?;
    row.owner = Some(new.clone().into());
    row.version += 1;
    row.updated_at = now;
    store::contacts::save(tx, &row)?;
    let after = contacts::find(tx, slug)?;
    versions::keep(tx, because, Some(&before), &after, now)?;
    let trail = Trail::changed(&before, &after);
    audit::record(tx, because.actor, AuditAction::ContactChanged, (ObjectKind::Contact, slug), trail, now)
}

/// Takes municipalities out of use that the official list names no more and nobody took the place of.
pub(super) fn end(tx: &mut Tx, actor: &Actor, gone: &[Ars], on: NaiveDate, now: Timestamp) -> Result<(), AppError> {
    for place in store::municipalities::of(tx, gone)?.into_iter().filter(|place| place.ended_on.is_none()) {
        let ars = place.ars.clone();
        let trail = Trail::after(&serde_json::json!({ "name": place.name, "ended_on": on }));
        end_place(tx, place, on)?;
        audit::record(tx, actor, AuditAction::MunicipalityEnded, (ObjectKind::Municipality, &ars), trail, now)?;
    }
    store::places_changed(tx)
}

fn end_place(tx: &mut Tx, place: Municipality, on: NaiveDate) -> Result<(), AppError> {
    store::municipalities::update(tx, &Municipality { ended_on: Some(on), version: place.version + 1, ..place })
}
