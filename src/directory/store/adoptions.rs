//! The table of adoptions; whole ones come with their duties and channels.

use std::collections::{HashMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{channels, duties, stale_row};
use crate::access::within_reach;
use crate::clock::Timestamp;
use crate::db::schema::{adoptions, changes};
use crate::db::{Conn, MultiBackend};
use crate::directory::adoptions::{Adoption, AdoptionQuery, Duties};
use crate::directory::terms::{AdoptionState, Duty};
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{Ars, ArsPrefix, Slug};

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = adoptions)]
pub(in crate::directory) struct AdoptionRow {
    pub id: AdoptionId,
    pub service: Slug,
    pub ars: Ars,
    pub state: AdoptionState,
    pub version: i32,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// The change it was written in; none in the midst of it.
    pub changed_in: Option<i64>,
}

/// What the directory in memory asks of one.
#[derive(Debug, Queryable)]
pub(in crate::directory) struct Published {
    pub ars: Ars,
    pub state: AdoptionState,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Published {
    pub fn is_live(&self) -> bool {
        self.state == AdoptionState::Live && self.ended_at.is_none()
    }
}

/// A new one of which nothing is known yet.
pub(in crate::directory) fn blank(service: Slug, ars: Ars, now: Timestamp) -> Adoption {
    Adoption {
        id: AdoptionId::new(),
        service,
        ars,
        state: AdoptionState::Draft,
        duties: Duties::default(),
        channels: Vec::new(),
        version: 1,
        updated_at: now,
    }
}

/// The present one of a service and municipality.
pub(in crate::directory) fn find(conn: &mut Conn, service: &Slug, ars: &Ars) -> Result<Option<AdoptionRow>, AppError> {
    let row = adoptions::table
        .filter(adoptions::service.eq(service.clone()))
        .filter(adoptions::ars.eq(ars.clone()))
        .filter(adoptions::ended_at.is_null())
        .first(conn);
    Ok(row.optional()?)
}

/// Which of these services are used in which of these municipalities.
pub(in crate::directory) fn present(
    conn: &mut Conn,
    services: &[Slug],
    places: &[Ars],
) -> Result<HashSet<(Slug, Ars)>, AppError> {
    Ok(states(conn, services, places)?.into_iter().map(|(service, ars, _)| (service, ars)).collect())
}

/// Which of these services the public is shown in which of these places.
pub(in crate::directory) fn shown(
    conn: &mut Conn,
    services: &[Slug],
    places: &[Ars],
) -> Result<HashSet<(Slug, Ars)>, AppError> {
    let live = states(conn, services, places)?.into_iter().filter(|(.., state)| *state == AdoptionState::Live);
    Ok(live.map(|(service, ars, _)| (service, ars)).collect())
}

fn states(conn: &mut Conn, services: &[Slug], places: &[Ars]) -> Result<Vec<(Slug, Ars, AdoptionState)>, AppError> {
    let mut services = services.to_vec();
    services.sort();
    services.dedup();
    let mut found = Vec::new();
    for some in places.chunks(500) {
        let rows = adoptions::table
            .filter(adoptions::service.eq_any(&services))
            .filter(adoptions::ars.eq_any(some))
            .filter(adoptions::ended_at.is_null());
        let columns = (adoptions::service, adoptions::ars, adoptions::state);
        found.extend(rows.select(columns).load::<(Slug, Ars, AdoptionState)>(conn)?);
    }
    Ok(found)
}

/// The present ones of a service in these places.
pub(in crate::directory) fn in_places(
    conn: &mut Conn,
    service: &Slug,
    places: &[Ars],
) -> Result<Vec<AdoptionRow>, AppError> {
    let its = adoptions::table.filter(adoptions::service.eq(service.clone())).filter(adoptions::ars.eq_any(places));
    Ok(its.filter(adoptions::ended_at.is_null()).load(conn)?)
}

/// The id of the one of a service and municipality, also if it was ended.
pub(in crate::directory) fn id_of(conn: &mut Conn, service: &Slug, ars: &Ars) -> Result<Option<AdoptionId>, AppError> {
    let its = adoptions::table.filter(adoptions::service.eq(service.clone())).filter(adoptions::ars.eq(ars.clone()));
    Ok(its.select(adoptions::id).first(conn).optional()?)
}

/// Where one stands, also if it was ended.
pub(in crate::directory) fn place(conn: &mut Conn, id: AdoptionId) -> Result<Option<(Ars, Slug)>, AppError> {
    Ok(adoptions::table.find(id).select((adoptions::ars, adoptions::service)).first(conn).optional()?)
}

pub(in crate::directory) fn by_id(conn: &mut Conn, id: AdoptionId) -> Result<Option<AdoptionRow>, AppError> {
    Ok(adoptions::table.find(id).filter(adoptions::ended_at.is_null()).first(conn).optional()?)
}

/// What a query is about.
fn narrowed(query: &AdoptionQuery) -> adoptions::BoxedQuery<'static, MultiBackend> {
    let mut rows = adoptions::table.into_boxed();
    if let Some(scope) = within_reach!(&query.reach, adoptions[ars, service]) {
        rows = rows.filter(scope);
    }
    if let Some(region) = &query.region {
        rows = rows.filter(adoptions::ars.like(format!("{region}%")));
    }
    rows = match query.with_removed {
        true => rows.filter(adoptions::state.eq_any([AdoptionState::Live, AdoptionState::Suspended])),
        false => rows.filter(adoptions::ended_at.is_null()),
    };
    if let Some(service) = &query.service {
        rows = rows.filter(adoptions::service.eq(service.clone()));
    }
    if let Some(is_live) = query.is_live {
        rows = match is_live {
            true => rows.filter(adoptions::state.eq(AdoptionState::Live)),
            false => rows.filter(adoptions::state.ne(AdoptionState::Live)),
        };
    }
    if let Some(named) = &query.named {
        let there = adoptions::ars.eq_any(named.places.clone());
        rows = rows.filter(there.or(adoptions::service.eq_any(named.services.clone())));
    }
    if let Some(state) = query.state {
        rows = rows.filter(adoptions::state.eq(state));
    }
    rows
}

pub(in crate::directory) fn list(
    conn: &mut Conn,
    query: &AdoptionQuery,
    limit: i64,
    after: Option<AdoptionId>,
) -> Result<Vec<AdoptionRow>, AppError> {
    let mut rows = narrowed(query);
    if let Some(after) = after {
        rows = rows.filter(adoptions::id.gt(after));
    }
    Ok(rows.order(adoptions::id).limit(limit).load(conn)?)
}

/// How many of what a query is about stand in this state.
pub(in crate::directory) fn count(
    conn: &mut Conn,
    query: &AdoptionQuery,
    state: AdoptionState,
) -> Result<i64, AppError> {
    Ok(narrowed(query).filter(adoptions::state.eq(state)).count().get_result(conn)?)
}

/// Those of these ids, by id, also ended ones.
pub(in crate::directory) fn of_also_ended(conn: &mut Conn, ids: &[AdoptionId]) -> Result<Vec<AdoptionRow>, AppError> {
    Ok(adoptions::table.filter(adoptions::id.eq_any(ids)).order(adoptions::id).load(conn)?)
}

/// Those of these ids, by id.
pub(in crate::directory) fn of(conn: &mut Conn, ids: &[AdoptionId]) -> Result<Vec<AdoptionRow>, AppError> {
    let present = adoptions::table.filter(adoptions::id.eq_any(ids)).filter(adoptions::ended_at.is_null());
    Ok(present.order(adoptions::id).load(conn)?)
}

/// The live ones of a service, by place.
pub(in crate::directory) fn live(conn: &mut Conn, service: &Slug) -> Result<Vec<(Ars, Timestamp)>, AppError> {
    let its = adoptions::table.filter(adoptions::service.eq(service.clone())).filter(adoptions::ended_at.is_null());
    let live = its.filter(adoptions::state.eq(AdoptionState::Live));
    Ok(live.order(adoptions::ars).select((adoptions::ars, adoptions::updated_at)).load(conn)?)
}

/// The service, but no column of an index: by its index SQLite would rather read every adoption there is than those few
/// that changed.
const SERVICE: &str = "(adoptions.service || '')";

/// How many of each service were changed after a version of the directory.
pub(in crate::directory) fn count_changed(conn: &mut Conn, after: i64) -> Result<Vec<(Slug, i64)>, AppError> {
    let (changed, service) = (adoptions::table.filter(adoptions::changed_in.gt(after)), || sql::<Text>(SERVICE));
    Ok(changed.group_by(service()).select((service(), diesel::dsl::count_star())).load(conn)?)
}

/// How many were changed after a version of the directory; not counted further than `most`.
pub(in crate::directory) fn any_changed(conn: &mut Conn, after: i64, most: i64) -> Result<usize, AppError> {
    let changed = adoptions::table.filter(adoptions::changed_in.gt(after));
    Ok(changed.select(adoptions::changed_in).limit(most).load::<Option<i64>>(conn)?.len())
}

/// Those of a service that were changed after a version of the directory, also ended ones.
pub(in crate::directory) fn changed(conn: &mut Conn, service: &Slug, after: i64) -> Result<Vec<Published>, AppError> {
    let changed = adoptions::table.filter(adoptions::changed_in.gt(after));
    let changed = changed.filter(sql::<Text>(SERVICE).eq(service.clone()));
    let columns = (adoptions::ars, adoptions::state, adoptions::updated_at, adoptions::ended_at);
    Ok(changed.select(columns).load(conn)?)
}

/// What these show of others changed; [`stamp`] gives them the number of the change.
pub(in crate::directory) fn mark(conn: &mut Conn, all: &[(Slug, Ars)]) -> Result<(), AppError> {
    let mut of: HashMap<&Slug, Vec<&Ars>> = HashMap::new();
    all.iter().for_each(|(service, ars)| of.entry(service).or_default().push(ars));
    for (service, places) in of {
        for some in places.chunks(500) {
            let its = adoptions::table.filter(adoptions::service.eq(service.clone()));
            let its = its.filter(adoptions::ars.eq_any(some.iter().copied().cloned().collect::<Vec<_>>()));
            diesel::update(its).set(adoptions::changed_in.eq(None::<i64>)).execute(conn)?;
        }
    }
    Ok(())
}

/// Gives those that this transaction wrote the number of its change, which must have been raised before.
pub(in crate::directory) fn stamp(conn: &mut Conn) -> Result<(), AppError> {
    let version: i64 = changes::table.find("directory").select(changes::version).first(conn)?;
    diesel::update(adoptions::table.filter(adoptions::changed_in.is_null()))
        .set(adoptions::changed_in.eq(version))
        .execute(conn)?;
    Ok(())
}

/// These adoptions with their duties and channels.
pub(in crate::directory) fn whole(conn: &mut Conn, rows: Vec<AdoptionRow>) -> Result<Vec<Adoption>, AppError> {
    let services: Vec<Slug> = rows.iter().map(|row| row.service.clone()).collect();
    let places: Vec<Ars> = rows.iter().map(|row| row.ars.clone()).collect();
    let mut all: HashMap<(Slug, String), Duties> = HashMap::new();
    for row in duties::of_adoptions(conn, &services, &places)? {
        if let Some(service) = row.service.clone() {
            all.entry((service, row.region.to_string())).or_default().of_mut(row.duty).push(row.assigned());
        }
    }
    let mut shown = HashMap::<_, Vec<_>>::new();
    for channel in channels::of_adoptions(conn, &services, &places)? {
        shown.entry((channel.service.clone(), channel.ars.to_string())).or_default().push(channel);
    }
    let adoption = |row: AdoptionRow| {
        let key = (row.service, row.ars.to_string());
        Adoption {
            id: row.id,
            duties: all.remove(&key).unwrap_or_default(),
            channels: shown.remove(&key).unwrap_or_default(),
            service: key.0,
            ars: row.ars,
            state: row.state,
            version: row.version,
            updated_at: row.updated_at,
        }
    };
    Ok(rows.into_iter().map(adoption).collect())
}

/// Stores a new one, or begins one anew that was ended; answers its id, which then is the former.
pub(in crate::directory) fn insert(conn: &mut Conn, adoption: &Adoption) -> Result<AdoptionId, AppError> {
    let former = adoptions::table
        .filter(adoptions::service.eq(adoption.service.clone()))
        .filter(adoptions::ars.eq(adoption.ars.clone()));
    let former: Option<AdoptionRow> = former.first(conn).optional()?;
    if let Some(former) = former {
        let version = former.version + 1;
        update(conn, &Adoption { id: former.id, version, ..adoption.clone() })?;
        return Ok(former.id);
    }
    let row = AdoptionRow {
        id: adoption.id,
        service: adoption.service.clone(),
        ars: adoption.ars.clone(),
        state: adoption.state,
        version: adoption.version,
        updated_at: adoption.updated_at,
        ended_at: None,
        changed_in: None,
    };
    diesel::insert_into(adoptions::table).values(&row).execute(conn)?;
    Ok(adoption.id)
}

/// Stores state and version, if it still has the version before.
pub(in crate::directory) fn update(conn: &mut Conn, adoption: &Adoption) -> Result<(), AppError> {
    let before = adoptions::table.find(adoption.id).filter(adoptions::version.eq(adoption.version - 1));
    let updated = diesel::update(before)
        .set((
            adoptions::state.eq(adoption.state),
            adoptions::version.eq(adoption.version),
            adoptions::updated_at.eq(adoption.updated_at),
            adoptions::ended_at.eq(None::<Timestamp>),
            adoptions::changed_in.eq(None::<i64>),
        ))
        .execute(conn)?;
    if updated == 1 { Ok(()) } else { Err(stale_row("the adoption")) }
}

/// Stores its duties; true when any changed.
pub(in crate::directory) fn set_duties(conn: &mut Conn, adoption: &Adoption) -> Result<bool, AppError> {
    let region = ArsPrefix::from(adoption.ars.clone());
    let mut wanted = duties::Duties::default();
    for duty in Duty::ALL {
        wanted.add(*duty, region.clone(), adoption.duties.of(*duty));
    }
    duties::set(conn, &duties::Holder::Adoption(&adoption.service, &adoption.ars), wanted)
}

/// Raises the version of a service's adoption, because something it shows changed.
pub(in crate::directory) fn touch(conn: &mut Conn, service: &Slug, ars: &Ars, now: Timestamp) -> Result<(), AppError> {
    touch_all(conn, service, std::slice::from_ref(ars), now)
}

/// The same for many, in these places.
pub(in crate::directory) fn touch_all(
    conn: &mut Conn,
    service: &Slug,
    places: &[Ars],
    now: Timestamp,
) -> Result<(), AppError> {
    let its = adoptions::table.filter(adoptions::service.eq(service.clone())).filter(adoptions::ars.eq_any(places));
    diesel::update(its)
        .set((
            adoptions::version.eq(adoptions::version + 1),
            adoptions::updated_at.eq(now),
            adoptions::changed_in.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Ends it at this version; false when it is not there any more.
pub(in crate::directory) fn end(
    conn: &mut Conn,
    id: AdoptionId,
    version: i32,
    now: Timestamp,
) -> Result<bool, AppError> {
    let present = adoptions::table.find(id).filter(adoptions::ended_at.is_null());
    let present = present.filter(adoptions::version.eq(version));
    let ended = diesel::update(present)
        .set((
            adoptions::ended_at.eq(now),
            adoptions::updated_at.eq(now),
            adoptions::version.eq(adoptions::version + 1),
            adoptions::changed_in.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok(ended > 0)
}
