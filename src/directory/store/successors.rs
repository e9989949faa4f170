//! The table of municipalities that others took the place of, and what moves with them.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::adoptions::AdoptionRow;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{adoptions, contacts, duties, help_channels, municipality_successors, public_notices};
use crate::directory::terms::{Duty, Scope};
use crate::error::AppError;
use crate::ids::DutyId;
use crate::keys::{Ars, ArsPrefix, Slug};

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = municipality_successors)]
pub(in crate::directory) struct SuccessorRow {
    pub old_ars: Ars,
    pub new_ars: Ars,
    pub valid_on: NaiveDate,
    pub noted_at: Timestamp,
}

pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<SuccessorRow>, AppError> {
    Ok(municipality_successors::table.order(municipality_successors::old_ars).load(conn)?)
}

/// Notes who took whose place. What led to the old one leads on to the new one, so that no key leads over another.
pub(in crate::directory) fn note(conn: &mut Conn, row: &SuccessorRow) -> Result<(), AppError> {
    use municipality_successors as s;
    diesel::update(s::table.filter(s::new_ars.eq(row.old_ars.clone())))
        .set(s::new_ars.eq(row.new_ars.clone()))
        .execute(conn)?;
    forget(conn, &[row.old_ars.clone(), row.new_ars.clone()])?;
    diesel::insert_into(s::table).values(row).execute(conn)?;
    Ok(())
}

/// What is a municipality again is nobody's former name.
pub(in crate::directory) fn forget(conn: &mut Conn, again: &[Ars]) -> Result<(), AppError> {
    use municipality_successors as s;
    diesel::delete(s::table.filter(s::old_ars.eq_any(again))).execute(conn)?;
    Ok(())
}

/// The present adoptions of a municipality.
pub(in crate::directory) fn adoptions_in(conn: &mut Conn, ars: &Ars) -> Result<Vec<AdoptionRow>, AppError> {
    let present = adoptions::table.filter(adoptions::ars.eq(ars.clone())).filter(adoptions::ended_at.is_null());
    Ok(present.order(adoptions::id).load(conn)?)
}

/// Whether the municipality has an adoption of the service, and whether that is a present one.
pub(in crate::directory) fn adopted(conn: &mut Conn, service: &Slug, ars: &Ars) -> Result<Option<bool>, AppError> {
    let found: Option<Option<Timestamp>> = adoptions::table
        .filter(adoptions::service.eq(service.clone()))
        .filter(adoptions::ars.eq(ars.clone()))
        .select(adoptions::ended_at)
        .first(conn)
        .optional()?;
    Ok(found.map(|ended| ended.is_none()))
}

/// Moves one adoption as it is, to where there is none of this service.
pub(in crate::directory) fn move_adoption(
    conn: &mut Conn,
    row: &AdoptionRow,
    new: &Ars,
    now: Timestamp,
) -> Result<(), AppError> {
    let place = (
        adoptions::ars.eq(new.clone()),
        adoptions::version.eq(row.version + 1),
        adoptions::updated_at.eq(now),
        adoptions::changed_in.eq(None::<i64>),
    );
    diesel::update(adoptions::table.find(row.id)).set(place).execute(conn)?;
    move_what_it_shows(conn, row, new)
}

/// Moves its duties and channels; those that an ended one left there go.
pub(in crate::directory) fn move_what_it_shows(conn: &mut Conn, row: &AdoptionRow, new: &Ars) -> Result<(), AppError> {
    use {duties as d, help_channels as c};
    let its = d::table.filter(d::scope.eq(Scope::Adoption)).filter(d::service.eq(row.service.clone()));
    diesel::delete(its.clone().filter(d::region.eq(ArsPrefix::from(new.clone())))).execute(conn)?;
    diesel::update(its.filter(d::region.eq(ArsPrefix::from(row.ars.clone()))))
        .set(d::region.eq(ArsPrefix::from(new.clone())))
        .execute(conn)?;
    let its = c::table.filter(c::service.eq(row.service.clone())).filter(c::ended_at.is_null());
    diesel::update(its.clone().filter(c::ars.eq(new.clone()))).set(c::ended_at.eq(row.updated_at)).execute(conn)?;
    diesel::update(its.filter(c::ars.eq(row.ars.clone()))).set(c::ars.eq(new.clone())).execute(conn)?;
    Ok(())
}

/// The contacts that belong to exactly this municipality.
pub(in crate::directory) fn contacts_of(conn: &mut Conn, ars: &Ars) -> Result<Vec<Slug>, AppError> {
    let its =
        contacts::table.filter(contacts::owner.eq(ArsPrefix::from(ars.clone()))).filter(contacts::ended_at.is_null());
    Ok(its.select(contacts::slug).order(contacts::slug).load(conn)?)
}

/// The services that name somebody for exactly this municipality.
pub(in crate::directory) fn services_naming(conn: &mut Conn, ars: &Ars) -> Result<Vec<Slug>, AppError> {
    let here =
        duties::table.filter(duties::scope.eq(Scope::Service)).filter(duties::region.eq(ArsPrefix::from(ars.clone())));
    let found: Vec<Option<Slug>> = here.select(duties::service).distinct().order(duties::service).load(conn)?;
    Ok(found.into_iter().flatten().collect())
}

/// Moves the duties that services name for exactly this municipality; where the new one has some of its own for the
/// same question, those stand and the old ones go. Answers how many moved.
pub(in crate::directory) fn move_service_duties(conn: &mut Conn, old: &Ars, new: &Ars) -> Result<usize, AppError> {
    use duties as d;
    let of = |region: &Ars| {
        d::table.filter(d::scope.eq(Scope::Service)).filter(d::region.eq(ArsPrefix::from(region.clone())))
    };
    let rows: Vec<(DutyId, Option<Slug>, Duty)> = of(old).select((d::id, d::service, d::duty)).load(conn)?;
    let there: Vec<(Option<Slug>, Duty)> = of(new).select((d::service, d::duty)).load(conn)?;
    let (gone, moved): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, service, duty)| there.contains(&(service.clone(), *duty)));
    let ids = |rows: Vec<(DutyId, Option<Slug>, Duty)>| rows.into_iter().map(|(id, ..)| id).collect::<Vec<_>>();
    diesel::delete(d::table.filter(d::id.eq_any(ids(gone)))).execute(conn)?;
    let moved = d::table.filter(d::id.eq_any(ids(moved)));
    Ok(diesel::update(moved).set(d::region.eq(ArsPrefix::from(new.clone()))).execute(conn)?)
}

/// Moves what the public is told for exactly this municipality.
pub(in crate::directory) fn move_notices(conn: &mut Conn, old: &Ars, new: &Ars) -> Result<usize, AppError> {
    let its = public_notices::table.filter(public_notices::ars.eq(ArsPrefix::from(old.clone())));
    let its = its.filter(public_notices::ended_at.is_null());
    let place =
        (public_notices::ars.eq(ArsPrefix::from(new.clone())), public_notices::version.eq(public_notices::version + 1));
    Ok(diesel::update(its).set(place).execute(conn)?)
}
