//! The table of contacts.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use diesel::sql_types::Bool;

use super::stale_row;
use crate::access::Reach;
use crate::access::policy::Term;
use crate::clock::Timestamp;
use crate::db::dialect::{each_backend, insert_columns};
use crate::db::schema::{contact_disputes, contacts, duties, endpoints};
use crate::db::{Conn, MultiBackend};
use crate::directory::contacts::{ContactQuery, ContactState, StateOn};
use crate::directory::recounts;
use crate::error::AppError;
use crate::ids::EndpointId;
use crate::keys::{ArsPrefix, Slug, fold};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = contacts, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(in crate::directory) struct ContactRow {
    pub slug: Slug,
    pub name: String,
    pub folded: String,
    pub owner: Option<ArsPrefix>,
    pub email_endpoint: Option<EndpointId>,
    pub webhook_endpoint: Option<EndpointId>,
    pub phone: Option<String>,
    pub deputy: Option<Slug>,
    pub confirmed_on: Option<NaiveDate>,
    pub absent_from: Option<NaiveDate>,
    pub absent_until: Option<NaiveDate>,
    pub discloses_reporter: bool,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
    pub version: i32,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub hours: Option<String>,
    pub reference_pattern: Option<String>,
    /// A [`crate::directory::Rhythm`].
    pub notify: String,
}

/// A contact with its two endpoints.
pub(in crate::directory) type Reached = (Slug, Option<EndpointId>, Option<EndpointId>);

/// The contacts that are reached by these endpoints, by their slug.
pub(in crate::directory) fn at(conn: &mut Conn, endpoints: &[EndpointId]) -> Result<Vec<Reached>, AppError> {
    use contacts as t;
    let by_mail = t::email_endpoint.is_not_null().and(t::email_endpoint.assume_not_null().eq_any(endpoints));
    let by_webhook = t::webhook_endpoint.is_not_null().and(t::webhook_endpoint.assume_not_null().eq_any(endpoints));
    let there = t::table.filter(t::ended_at.is_null()).filter(by_mail.or(by_webhook)).order(t::slug);
    Ok(there.select((t::slug, t::email_endpoint, t::webhook_endpoint)).load(conn)?)
}

impl ContactRow {
    /// One of whom nothing is known yet but the name.
    pub fn new(slug: Slug, name: String, now: Timestamp) -> Self {
        Self {
            slug,
            name,
            folded: String::new(),
            owner: None,
            email_endpoint: None,
            webhook_endpoint: None,
            phone: None,
            deputy: None,
            confirmed_on: None,
            absent_from: None,
            absent_until: None,
            discloses_reporter: false,
            valid_from: None,
            valid_to: None,
            version: 1,
            updated_at: now,
            ended_at: None,
            hours: None,
            reference_pattern: None,
            notify: crate::directory::Rhythm::default().to_string(),
        }
    }
}

/// One of them, also if it was ended.
pub(in crate::directory) fn find(conn: &mut Conn, slug: &Slug) -> Result<Option<ContactRow>, AppError> {
    Ok(contacts::table.find(slug.clone()).first(conn).optional()?)
}

/// Those of these slugs, also ended ones.
pub(in crate::directory) fn of(conn: &mut Conn, slugs: &[Slug]) -> Result<Vec<ContactRow>, AppError> {
    let mut found = Vec::with_capacity(slugs.len());
    for some in slugs.chunks(500) {
        found.extend(contacts::table.filter(contacts::slug.eq_any(some)).load::<ContactRow>(conn)?);
    }
    Ok(found)
}

/// What those of these slugs chose who are there and can be reached by mail.
pub(in crate::directory) fn rhythms(conn: &mut Conn, slugs: &[Slug]) -> Result<Vec<(Slug, String)>, AppError> {
    let mut found = Vec::with_capacity(slugs.len());
    for some in slugs.chunks(500) {
        let reached = contacts::table
            .inner_join(endpoints::table.on(contacts::email_endpoint.eq(endpoints::id.nullable())))
            .filter(contacts::slug.eq_any(some))
            .filter(contacts::ended_at.is_null())
            .filter(endpoints::bounced_at.is_null());
        found.extend(reached.select((contacts::slug, contacts::notify)).load::<(Slug, String)>(conn)?);
    }
    Ok(found)
}

/// Those for whom one of these stands in.
pub(in crate::directory) fn with_deputy(conn: &mut Conn, deputies: &[Slug]) -> Result<Vec<ContactRow>, AppError> {
    let mut found = Vec::new();
    for some in deputies.chunks(500) {
        let rows = contacts::table.filter(contacts::deputy.eq_any(some)).filter(contacts::ended_at.is_null());
        found.extend(rows.order(contacts::slug).load::<ContactRow>(conn)?);
    }
    Ok(found)
}

/// Present ones of this very region, by name.
pub(in crate::directory) fn owned_by(
    conn: &mut Conn,
    owner: &ArsPrefix,
    most: i64,
) -> Result<Vec<ContactRow>, AppError> {
    let rows = contacts::table.filter(contacts::owner.eq(owner.clone())).filter(contacts::ended_at.is_null());
    Ok(rows.order((contacts::folded, contacts::slug)).limit(most).load(conn)?)
}

/// Every one, also ended ones.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<ContactRow>, AppError> {
    Ok(contacts::table.load(conn)?)
}

/// Which of these slugs belong to present contacts.
pub(in crate::directory) fn present(conn: &mut Conn, slugs: &[Slug]) -> Result<HashSet<Slug>, AppError> {
    let mut found = HashSet::with_capacity(slugs.len());
    for some in slugs.chunks(500) {
        let rows: Vec<Slug> = contacts::table
            .filter(contacts::slug.eq_any(some))
            .filter(contacts::ended_at.is_null())
            .select(contacts::slug)
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

pub(in crate::directory) fn list(
    conn: &mut Conn,
    query: &ContactQuery,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<ContactRow>, AppError> {
    let mut rows = contacts::table.into_boxed();
    if let Some(scope) = owned_within(&query.reach) {
        rows = rows.filter(scope);
    }
    rows = rows.filter(contacts::ended_at.is_null());
    if let Some(text) = query.q.as_deref().map(fold).filter(|text| !text.is_empty()) {
        rows = rows.filter(contacts::folded.like(format!("%{text}%")));
    }
    if let Some(service) = &query.service {
        let busy = duties::table.filter(duties::service.eq(service.clone())).select(duties::contact);
        rows = rows.filter(contacts::slug.eq_any(busy));
    }
    if let Some(state) = &query.state {
        rows = rows.filter(stands(state));
    }
    if let Some(after) = after {
        rows = rows.filter(contacts::slug.gt(after.to_owned()));
    }
    Ok(rows.order(contacts::slug).limit(limit).load(conn)?)
}

/// Those that stand so; see [`crate::directory::contacts::overview`].
fn stands(wanted: &StateOn) -> Condition {
    let (stale, due) = wanted.bounds();
    let on = || contacts::confirmed_on.assume_not_null();
    let known = || contacts::confirmed_on.is_not_null();
    match wanted.state {
        ContactState::Unconfirmed => Box::new(contacts::confirmed_on.is_null()),
        ContactState::Stale => Box::new(known().and(on().le(stale))),
        ContactState::Due => Box::new(known().and(on().gt(stale)).and(on().le(due))),
        ContactState::Confirmed => Box::new(known().and(on().gt(stale))),
        ContactState::Disputed => {
            let open = contact_disputes::table.filter(contact_disputes::settled_at.is_null());
            Box::new(contacts::slug.eq_any(open.select(contact_disputes::contact)))
        }
        ContactState::Bounced => {
            let returned = endpoints::table.filter(endpoints::bounced_at.is_not_null());
            let is_one = contacts::email_endpoint.assume_not_null().eq_any(returned.select(endpoints::id));
            Box::new(contacts::email_endpoint.is_not_null().and(is_one))
        }
        ContactState::Absent => {
            let (from, until) = (contacts::absent_from, contacts::absent_until);
            let has_begun = from.is_null().or(from.assume_not_null().le(wanted.today));
            let goes_on = until.is_null().or(until.assume_not_null().ge(wanted.today));
            Box::new(from.is_not_null().or(until.is_not_null()).and(has_begun).and(goes_on))
        }
    }
}

type Condition = Box<dyn BoxableExpression<contacts::table, MultiBackend, SqlType = Bool>>;

/// Shared by all, or owned by a region that lies within the reach as a whole; see [`Reach::covers_region`].
fn owned_within(reach: &Reach) -> Option<Condition> {
    let below = |region: &ArsPrefix| contacts::owner.assume_not_null().like(format!("{region}%"));
    let in_term = |term: &Term| -> Condition {
        term.except.iter().filter(|scope| scope.is_whole_region()).fold(
            Box::new(below(&term.scope.region)),
            |all, scope| {
                // Neither the region taken away, nor one that it is part of.
                let around: Vec<ArsPrefix> = scope.region.around();
                let around = contacts::owner.assume_not_null().ne_all(around);
                Box::new(all.and(diesel::dsl::not(below(&scope.region))).and(around))
            },
        )
    };
    let in_layer = |terms: &Vec<Term>| -> Condition {
        let shared: Condition = Box::new(contacts::owner.is_null());
        terms.iter().map(in_term).fold(shared, |any, term| Box::new(any.or(term)))
    };
    if reach.is_everything() {
        return None;
    }
    reach.layers().iter().map(in_layer).reduce(|all, layer| Box::new(all.and(layer)))
}

/// Ends it at this version; false when it is not there any more.
pub(in crate::directory) fn end(conn: &mut Conn, row: &ContactRow, version: i32) -> Result<bool, AppError> {
    let present = contacts::table.find(row.slug.clone()).filter(contacts::ended_at.is_null());
    let ended = (
        contacts::ended_at.eq(row.ended_at),
        contacts::updated_at.eq(row.updated_at),
        contacts::version.eq(row.version),
    );
    Ok(diesel::update(present.filter(contacts::version.eq(version))).set(ended).execute(conn)? == 1)
}

/// Other hours than those of before move the deadlines that its own work has.
fn note_hours(conn: &mut Conn, row: &ContactRow) -> Result<(), AppError> {
    let before = contacts::table.find(row.slug.clone()).select(contacts::hours);
    let before: Option<Option<String>> = before.first(conn).optional()?;
    match before.is_some_and(|hours| hours != row.hours) {
        true => recounts::of_contact(conn, &row.slug, &row.name),
        false => Ok(()),
    }
}

/// Stores a change of it made against this version; false when it has another one by now, or has ended.
pub(in crate::directory) fn change(conn: &mut Conn, row: &ContactRow, version: i32) -> Result<bool, AppError> {
    let row = ContactRow { folded: folded(row), ..row.clone() };
    note_hours(conn, &row)?;
    let present = contacts::table.find(row.slug.clone()).filter(contacts::ended_at.is_null());
    Ok(diesel::update(present.filter(contacts::version.eq(version))).set(&row).execute(conn)? == 1)
}

/// Stores changes of many against these versions, whose folded names are set; conflict where one has another by now.
pub(in crate::directory) fn change_all(conn: &mut Conn, rows: &[(&ContactRow, i32)]) -> Result<(), AppError> {
    for (row, version) in rows {
        let present = contacts::table.find(row.slug.clone()).filter(contacts::ended_at.is_null());
        let present = present.filter(contacts::version.eq(*version));
        // Straight to its connection: the statement stays prepared there.
        let changed = each_backend!(conn, |c| diesel::update(present).set(*row).execute(c)?);
        if changed != 1 {
            return Err(stale_row(&format!("the contact {}", row.slug)));
        }
    }
    Ok(())
}

/// Stores many new ones, whose folded names are set ([`folded`]).
pub(in crate::directory) fn insert_all(conn: &mut Conn, rows: &[ContactRow]) -> Result<(), AppError> {
    insert_columns!(
        conn,
        contacts[
            slug, name, folded, owner, email_endpoint, webhook_endpoint, phone, deputy, confirmed_on, absent_from,
            absent_until, discloses_reporter, valid_from, valid_to, version, updated_at, ended_at, hours,
            reference_pattern, notify,
        ],
        rows.iter().collect::<Vec<_>>()
    );
    Ok(())
}

/// What a contact is searched by.
pub(in crate::directory) fn folded(row: &ContactRow) -> String {
    fold(&format!("{} {}", row.name, row.slug))
}

/// Stores it, new or changed.
pub(in crate::directory) fn save(conn: &mut Conn, row: &ContactRow) -> Result<(), AppError> {
    let row = ContactRow { folded: folded(row), ..row.clone() };
    note_hours(conn, &row)?;
    if diesel::update(contacts::table.find(row.slug.clone())).set(&row).execute(conn)? == 0 {
        diesel::insert_into(contacts::table).values(&row).execute(conn)?;
    }
    Ok(())
}
