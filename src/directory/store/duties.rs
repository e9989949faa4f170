//! Who has which duty, at the three levels of the directory.

use diesel::prelude::*;

use crate::access::{Reach, within_reach};
use crate::db::Conn;
use crate::db::dialect::insert_many;
use crate::db::schema::{adoptions, contacts, duties, services};
use crate::directory::assigned::Assigned;
use crate::directory::terms::{AdoptionState, Duty, Scope};
use crate::error::AppError;
use crate::ids::{AdoptionId, DutyId};
use crate::keys::{Ars, ArsPrefix, LandCode, Slug};

/// Whose duties.
pub(in crate::directory) enum Holder<'a> {
    /// Those of one municipality's use of one service.
    Adoption(&'a Slug, &'a Ars),
    /// Those of a service as a whole.
    Service(&'a Slug),
    /// The fallback of a Land, kept as `central` and counting for every question.
    Land(LandCode),
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = duties)]
pub(in crate::directory) struct DutyRow {
    pub id: DutyId,
    pub scope: Scope,
    pub service: Option<Slug>,
    pub region: ArsPrefix,
    pub land: Option<LandCode>,
    pub duty: Duty,
    pub contact: Slug,
    pub position: i32,
    pub valid_from: Option<chrono::NaiveDate>,
    pub valid_to: Option<chrono::NaiveDate>,
    pub person: Option<String>,
}

impl DutyRow {
    /// The duty as its holder shows it.
    pub fn assigned(self) -> Assigned {
        Assigned { contact: self.contact, person: self.person, from: self.valid_from, until: self.valid_to }
    }
}

/// The lists a holder is to have from now on.
#[derive(Default)]
pub(in crate::directory) struct Duties(Vec<(Duty, ArsPrefix, i32, Assigned)>);

impl Duties {
    /// Adds one list, in its order; what stands twice is taken once.
    pub fn add(&mut self, duty: Duty, region: ArsPrefix, assigned: &[Assigned]) {
        for one in assigned {
            let same = |(d, r, _, _): &&(Duty, ArsPrefix, i32, Assigned)| *d == duty && *r == region;
            if self.0.iter().filter(same).any(|(.., known)| known == one) {
                continue;
            }
            let position = self.0.iter().filter(same).count();
            self.0.push((duty, region.clone(), i32::try_from(position).unwrap_or(i32::MAX), one.clone()));
        }
    }
}

/// When the central contacts of a service's adoptions (in these places) confirmed what is recorded, where they were
/// central contacts on that day.
pub(in crate::directory) fn central_confirmed(
    conn: &mut Conn,
    service: &Slug,
    places: Option<&[Ars]>,
) -> Result<Vec<(Ars, chrono::NaiveDate)>, AppError> {
    let mut its = duties::table
        .inner_join(contacts::table.on(contacts::slug.eq(duties::contact)))
        .filter(duties::scope.eq(Scope::Adoption))
        .filter(duties::service.eq(service.clone()))
        .filter(duties::duty.eq(Duty::Central))
        .filter(contacts::ended_at.is_null())
        .filter(contacts::confirmed_on.is_not_null())
        .select((duties::region, duties::valid_from, duties::valid_to, contacts::confirmed_on))
        .into_boxed();
    if let Some(places) = places {
        let regions: Vec<ArsPrefix> = places.iter().cloned().map(ArsPrefix::from).collect();
        its = its.filter(duties::region.eq_any(regions));
    }
    type Day = Option<chrono::NaiveDate>;
    let rows: Vec<(ArsPrefix, Day, Day, Day)> = its.load(conn)?;
    let confirmed = rows.into_iter().filter_map(|(region, from, until, on)| {
        let on = on.filter(|on| from.is_none_or(|from| from <= *on) && until.is_none_or(|until| *on <= until))?;
        Some((region.as_str().parse().ok()?, on))
    });
    Ok(confirmed.collect())
}

/// Where these contacts are named as central contact.
pub(in crate::directory) fn central_of(conn: &mut Conn, contacts: &[Slug]) -> Result<Vec<(Slug, Ars)>, AppError> {
    let mut rows: Vec<(Option<Slug>, ArsPrefix)> = Vec::new();
    for some in contacts.chunks(500) {
        let its = duties::table
            .filter(duties::contact.eq_any(some))
            .filter(duties::scope.eq(Scope::Adoption))
            .filter(duties::duty.eq(Duty::Central));
        rows.extend(its.select((duties::service, duties::region)).load::<(Option<Slug>, ArsPrefix)>(conn)?);
    }
    Ok(rows.into_iter().filter_map(|(service, region)| Some((service?, region.as_str().parse().ok()?))).collect())
}

/// Where a contact is the central one of a live adoption on this day.
pub(in crate::directory) fn central_on(
    conn: &mut Conn,
    contact: &Slug,
    day: chrono::NaiveDate,
) -> Result<Vec<(Slug, Ars)>, AppError> {
    let its = duties::table
        .filter(duties::contact.eq(contact.clone()))
        .filter(duties::scope.eq(Scope::Adoption))
        .filter(duties::duty.eq(Duty::Central))
        .filter(duties::valid_from.is_null().or(duties::valid_from.le(day)))
        .filter(duties::valid_to.is_null().or(duties::valid_to.ge(day)));
    let rows: Vec<(Option<Slug>, ArsPrefix)> = its.select((duties::service, duties::region)).load(conn)?;
    let places = rows.into_iter().filter_map(|(service, region)| Some((service?, region.as_str().parse().ok()?)));
    let places: Vec<(Slug, Ars)> = places.collect();
    let services: Vec<Slug> = places.iter().map(|(service, _)| service.clone()).collect();
    let all: Vec<Ars> = places.iter().map(|(_, ars)| ars.clone()).collect();
    let live = super::adoptions::shown(conn, &services, &all)?;
    Ok(places.into_iter().filter(|place| live.contains(place)).collect())
}

/// A holder's duties, in order.
pub(in crate::directory) fn of(conn: &mut Conn, holder: &Holder) -> Result<Vec<DutyRow>, AppError> {
    let all = duties::table.into_boxed();
    let its = match holder {
        Holder::Adoption(service, ars) => all
            .filter(duties::scope.eq(Scope::Adoption))
            .filter(duties::service.eq((*service).clone()))
            .filter(duties::region.eq(ArsPrefix::from((*ars).clone()))),
        Holder::Service(service) => {
            all.filter(duties::scope.eq(Scope::Service)).filter(duties::service.eq((*service).clone()))
        }
        Holder::Land(land) => all.filter(duties::scope.eq(Scope::Land)).filter(duties::land.eq(*land)),
    };
    Ok(its.order((duties::duty, duties::region, duties::position, duties::id)).load(conn)?)
}

/// Gives a holder exactly these lists; true when anything changed.
pub(in crate::directory) fn set(conn: &mut Conn, holder: &Holder, wanted: Duties) -> Result<bool, AppError> {
    let present = of(conn, holder)?;
    let key = |row: &DutyRow| (row.duty, row.region.clone(), row.position, row.clone().assigned());
    let mut before: Vec<_> = present.iter().map(key).collect();
    let mut after = wanted.0;
    before.sort();
    after.sort();
    if before == after {
        return Ok(false);
    }
    let (scope, service, land) = match holder {
        Holder::Adoption(service, _) => (Scope::Adoption, Some((*service).clone()), None),
        Holder::Service(service) => (Scope::Service, Some((*service).clone()), None),
        Holder::Land(land) => (Scope::Land, None, Some(*land)),
    };
    let rows: Vec<DutyRow> = after
        .into_iter()
        .map(|(duty, region, position, assigned)| {
            let Assigned { contact, person, from: valid_from, until: valid_to } = assigned;
            let (id, service) = (DutyId::new(), service.clone());
            DutyRow { id, scope, service, region, land, duty, contact, position, valid_from, valid_to, person }
        })
        .collect();
    let old: Vec<DutyId> = present.iter().map(|row| row.id).collect();
    for some in old.chunks(500) {
        diesel::delete(duties::table.filter(duties::id.eq_any(some))).execute(conn)?;
    }
    insert_many!(conn, duties::table, rows);
    Ok(true)
}

/// The duties of a contact in adoptions that are there and lie within this reach, with those adoptions.
pub(in crate::directory) fn held_in_adoptions(
    conn: &mut Conn,
    contact: &Slug,
    reach: &Reach,
    most: i64,
) -> Result<Vec<(DutyRow, AdoptionId)>, AppError> {
    let its = duties::table
        .filter(duties::scope.eq(Scope::Adoption))
        .filter(duties::contact.eq(contact.clone()))
        .filter(duties::service.eq(adoptions::service.nullable()))
        .filter(duties::region.eq(adoptions::ars));
    let mut rows = adoptions::table.filter(diesel::dsl::exists(its)).filter(adoptions::ended_at.is_null()).into_boxed();
    if let Some(scope) = within_reach!(reach, adoptions[ars, service]) {
        rows = rows.filter(scope);
    }
    let rows = rows.order((adoptions::service, adoptions::ars)).limit(most);
    let there: Vec<(AdoptionId, Slug, Ars)> =
        rows.select((adoptions::id, adoptions::service, adoptions::ars)).load(conn)?;
    let mut found = Vec::new();
    for some in there.chunks(200) {
        let regions: Vec<&str> = some.iter().map(|(.., ars)| ars.as_str()).collect();
        let its = duties::table.filter(duties::contact.eq(contact.clone())).filter(duties::region.eq_any(regions));
        let mut own: Vec<DutyRow> = its.filter(duties::scope.eq(Scope::Adoption)).order(duties::duty).load(conn)?;
        for (id, service, ars) in some {
            let is_its =
                |row: &mut DutyRow| row.service.as_ref() == Some(service) && row.region.as_str() == ars.as_str();
            found.extend(own.extract_if(.., is_its).map(|row| (row, *id)));
        }
    }
    Ok(found)
}

/// The duties of a contact for services as a whole and for Länder.
pub(in crate::directory) fn held_beyond(conn: &mut Conn, contact: &Slug, most: i64) -> Result<Vec<DutyRow>, AppError> {
    let its = duties::table.filter(duties::contact.eq(contact.clone())).filter(duties::scope.ne(Scope::Adoption));
    Ok(its.order((duties::service, duties::region, duties::duty, duties::id)).limit(most).load(conn)?)
}

/// All that can decide a route: of the adoption if it is in one of these states, of the service, and of these Länder.
pub(in crate::directory) fn for_route(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    lands: &[LandCode],
    states: &[AdoptionState],
) -> Result<Vec<DutyRow>, AppError> {
    let region = ArsPrefix::from(ars.clone());
    let rows: Vec<DutyRow> = duties::table
        .filter(
            duties::service
                .eq(service.clone())
                .and(duties::scope.eq(Scope::Service).or(duties::region.eq(region.clone()))),
        )
        .or_filter(duties::scope.eq(Scope::Land).and(duties::land.eq_any(lands.to_vec())))
        .load(conn)?;
    let is_used = adoptions::table
        .filter(adoptions::service.eq(service.clone()))
        .filter(adoptions::ars.eq(ars.clone()))
        .filter(adoptions::state.eq_any(states.to_vec()))
        .filter(adoptions::ended_at.is_null());
    let is_used: bool = diesel::select(diesel::dsl::exists(is_used)).get_result(conn)?;
    Ok(rows
        .into_iter()
        .filter(|row| match row.scope {
            Scope::Adoption => is_used && row.region == region,
            Scope::Service => region.as_str().starts_with(row.region.as_str()),
            Scope::Land => true,
        })
        .collect())
}

/// Those of many adoptions at once: by these services, in these municipalities (more may come along).
pub(in crate::directory) fn of_adoptions(
    conn: &mut Conn,
    services: &[Slug],
    places: &[Ars],
) -> Result<Vec<DutyRow>, AppError> {
    let regions: Vec<ArsPrefix> = places.iter().cloned().map(ArsPrefix::from).collect();
    let query = duties::table
        .filter(duties::scope.eq(Scope::Adoption))
        .filter(duties::service.eq_any(services))
        .filter(duties::region.eq_any(&regions));
    Ok(query.order((duties::position, duties::id)).load(conn)?)
}

/// Those at the services that whoever operates this one operates.
pub(in crate::directory) fn of_operator(conn: &mut Conn, service: &Slug) -> Result<Vec<DutyRow>, AppError> {
    let operator: Option<String> =
        services::table.find(service.clone()).select(services::operator).first(conn).optional()?;
    let Some(operator) = operator else { return Ok(Vec::new()) };
    let operated = services::table.filter(services::operator.eq(operator)).select(services::slug.nullable());
    let rows = duties::table.filter(duties::scope.eq(Scope::Service)).filter(duties::service.eq_any(operated));
    Ok(rows.order((duties::position, duties::id)).load(conn)?)
}

/// Those of these contacts, at every level.
pub(in crate::directory) fn of_contacts(conn: &mut Conn, contacts: &[Slug]) -> Result<Vec<DutyRow>, AppError> {
    let mut found = Vec::new();
    for some in contacts.chunks(500) {
        let rows = duties::table.filter(duties::contact.eq_any(some)).order((duties::position, duties::id));
        found.extend(rows.load::<DutyRow>(conn)?);
    }
    Ok(found)
}

/// Every duty of services and Länder, for the gap report.
pub(in crate::directory) fn shared(conn: &mut Conn) -> Result<Vec<DutyRow>, AppError> {
    let shared = duties::table.filter(duties::scope.ne(Scope::Adoption));
    Ok(shared.order((duties::position, duties::id)).load(conn)?)
}
