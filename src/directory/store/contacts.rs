//! The table of contacts.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{contacts, duties};
use crate::directory::contacts::ContactQuery;
use crate::error::AppError;
use crate::ids::EndpointId;
use crate::keys::{ArsPrefix, Slug, fold};

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = contacts, treat_none_as_null = true)]
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
    // The alternatives come first: what is filtered after them holds for all of them.
    if !query.regions.is_empty() {
        rows = rows.filter(contacts::owner.is_null());
        for region in &query.regions {
            rows = rows.or_filter(contacts::owner.like(format!("{region}%")));
        }
    }
    rows = rows.filter(contacts::ended_at.is_null());
    if let Some(text) = query.q.as_deref().map(fold).filter(|text| !text.is_empty()) {
        rows = rows.filter(contacts::folded.like(format!("%{text}%")));
    }
    if let Some(service) = &query.service {
        let busy = duties::table.filter(duties::service.eq(service.clone())).select(duties::contact);
        rows = rows.filter(contacts::slug.eq_any(busy));
    }
    if let Some(after) = after {
        rows = rows.filter(contacts::slug.gt(after.to_owned()));
    }
    Ok(rows.order(contacts::slug).limit(limit).load(conn)?)
}

/// Stores it, new or changed.
pub(in crate::directory) fn save(conn: &mut Conn, row: &ContactRow) -> Result<(), AppError> {
    let row = ContactRow { folded: fold(&format!("{} {}", row.name, row.slug)), ..row.clone() };
    if diesel::update(contacts::table.find(row.slug.clone())).set(&row).execute(conn)? == 0 {
        diesel::insert_into(contacts::table).values(&row).execute(conn)?;
    }
    Ok(())
}
