//! The table of services, with their duties.

use diesel::prelude::*;

use super::duties::{self, Duties, DutyRow, Holder};
use super::stale_row;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::services;
use crate::directory::services::{SecondLevel, Service, ServiceQuery};
use crate::directory::terms::{Assessment, Duty, Kind};
use crate::error::AppError;
use crate::keys::{ArsPrefix, LandCode, Leistungsschluessel, Slug, fold};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_null = true)]
struct ServiceRow {
    slug: Slug,
    name: String,
    folded: String,
    leistung: Option<Leistungsschluessel>,
    operating_land: LandCode,
    operator: String,
    assessment: Assessment,
    notice: Option<String>,
    version: i32,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
}

fn service(row: ServiceRow, duties: Vec<DutyRow>) -> Service {
    let mut second_level: Vec<SecondLevel> = Vec::new();
    let mut emergency = Vec::new();
    for row in duties {
        let region = row.region.clone();
        let kind = match row.duty {
            Duty::Technical => Kind::Technical,
            Duty::Functional => Kind::Functional,
            _ => {
                emergency.push(row.assigned());
                continue;
            }
        };
        match second_level.iter_mut().find(|level| level.kind == kind && level.ars == region) {
            Some(level) => level.contacts.push(row.assigned()),
            None => second_level.push(SecondLevel { kind, ars: region, contacts: vec![row.assigned()] }),
        }
    }
    Service {
        slug: row.slug,
        name: row.name,
        leistung: row.leistung,
        operating_land: row.operating_land,
        operator: row.operator,
        assessment: row.assessment,
        notice: row.notice,
        second_level,
        emergency,
        version: row.version,
        updated_at: row.updated_at,
    }
}

pub(in crate::directory) fn find(conn: &mut Conn, slug: &Slug) -> Result<Option<Service>, AppError> {
    let row: Option<ServiceRow> =
        services::table.find(slug.clone()).filter(services::ended_at.is_null()).first(conn).optional()?;
    row.map(|row| Ok(service(row, duties::of(conn, &Holder::Service(slug))?))).transpose()
}

/// The same whether it was ended or not, because requests that name it go on.
pub(in crate::directory) fn known(conn: &mut Conn, slug: &Slug) -> Result<Option<Service>, AppError> {
    let row: Option<ServiceRow> = services::table.find(slug.clone()).first(conn).optional()?;
    Ok(row.map(|row| service(row, Vec::new())))
}

/// True where a service has this slug, present or ended.
pub(in crate::directory) fn is_taken(conn: &mut Conn, slug: &Slug) -> Result<bool, AppError> {
    Ok(services::table.find(slug.clone()).count().get_result::<i64>(conn)? > 0)
}

/// Every present one without its duties, by slug.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<Service>, AppError> {
    let rows: Vec<ServiceRow> =
        services::table.filter(services::ended_at.is_null()).order(services::slug).load(conn)?;
    Ok(rows.into_iter().map(|row| service(row, Vec::new())).collect())
}

pub(in crate::directory) fn list(
    conn: &mut Conn,
    query: &ServiceQuery,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<Service>, AppError> {
    let mut rows = services::table.filter(services::ended_at.is_null()).into_boxed();
    if let Some(text) = query.q.as_deref().map(fold).filter(|text| !text.is_empty()) {
        rows = rows.filter(services::folded.like(format!("%{text}%")));
    }
    if let Some(land) = query.land {
        rows = rows.filter(services::operating_land.eq(land));
    }
    if let Some(after) = after {
        rows = rows.filter(services::slug.gt(after.to_owned()));
    }
    let rows: Vec<ServiceRow> = rows.order(services::slug).limit(limit).load(conn)?;
    rows.into_iter()
        .map(|row| {
            let duties = duties::of(conn, &Holder::Service(&row.slug))?;
            Ok(service(row, duties))
        })
        .collect()
}

/// Stores the service whole, new, changed or begun anew.
pub(in crate::directory) fn save(conn: &mut Conn, service: &Service) -> Result<(), AppError> {
    let leistung = service.leistung.as_ref().map_or("", Leistungsschluessel::as_str);
    let row = ServiceRow {
        slug: service.slug.clone(),
        name: service.name.clone(),
        folded: fold(&format!("{} {} {leistung}", service.name, service.slug)),
        leistung: service.leistung.clone(),
        operating_land: service.operating_land,
        operator: service.operator.clone(),
        assessment: service.assessment,
        notice: service.notice.clone(),
        version: service.version,
        updated_at: service.updated_at,
        ended_at: None,
    };
    let own = || services::table.find(row.slug.clone());
    // One that was ended begins anew under its slug.
    let before = own().filter(services::version.eq(row.version - 1).or(services::ended_at.is_not_null()));
    if diesel::update(before).set(&row).execute(conn)? == 0 {
        if diesel::select(diesel::dsl::exists(own())).get_result(conn)? {
            return Err(stale_row("the service"));
        }
        diesel::insert_into(services::table).values(&row).execute(conn)?;
    }
    set_duties(conn, service)?;
    Ok(())
}

fn set_duties(conn: &mut Conn, service: &Service) -> Result<bool, AppError> {
    let mut wanted = Duties::default();
    for level in &service.second_level {
        wanted.add(level.kind.duty(), level.ars.clone(), &level.contacts);
    }
    wanted.add(Duty::Emergency, ArsPrefix::everywhere(), &service.emergency);
    duties::set(conn, &Holder::Service(&service.slug), wanted)
}

/// Ends it at this version; false when it is not there any more.
pub(in crate::directory) fn end(conn: &mut Conn, slug: &Slug, version: i32, now: Timestamp) -> Result<bool, AppError> {
    let present = services::table.find(slug.clone()).filter(services::ended_at.is_null());
    let present = present.filter(services::version.eq(version));
    let ended = diesel::update(present)
        .set((services::ended_at.eq(now), services::updated_at.eq(now), services::version.eq(services::version + 1)))
        .execute(conn)?;
    Ok(ended > 0)
}
