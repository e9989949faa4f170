//! The table of failed tries.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_if_absent, load_locked};
use crate::db::schema::throttles;
use crate::error::AppError;

/// A counter as it is stored.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = throttles, treat_none_as_null = true)]
pub(super) struct ThrottleRow {
    pub key: String,
    pub failures: i32,
    pub last_at: Timestamp,
    pub blocked_until: Option<Timestamp>,
}

/// The counter, made where it is missing, and kept from others until the transaction ends.
pub(super) fn lock(conn: &mut Conn, key: &str, now: Timestamp) -> Result<ThrottleRow, AppError> {
    let find = |conn: &mut Conn| -> Result<Option<ThrottleRow>, AppError> {
        let rows: Vec<ThrottleRow> = load_locked!(conn, throttles::table.filter(throttles::key.eq(key)))?;
        Ok(rows.into_iter().next())
    };
    if let Some(row) = find(conn)? {
        return Ok(row);
    }
    let row = ThrottleRow { key: key.to_owned(), failures: 0, last_at: now, blocked_until: None };
    if insert_if_absent!(conn, throttles::table, &row) {
        return Ok(row);
    }
    find(conn)?.ok_or_else(|| AppError::Conflict("the counter was removed meanwhile; try again".into()))
}

pub(super) fn update(conn: &mut Conn, row: &ThrottleRow) -> Result<(), AppError> {
    diesel::update(throttles::table.find(&row.key)).set(row).execute(conn)?;
    Ok(())
}

pub(super) fn purge(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, AppError> {
    let old = throttles::table.filter(throttles::last_at.lt(before)).order(throttles::last_at).limit(most);
    let keys: Vec<String> = old.select(throttles::key).load(conn)?;
    // What failed again since it was found stays.
    let gone = throttles::table.filter(throttles::key.eq_any(&keys)).filter(throttles::last_at.lt(before));
    Ok(diesel::delete(gone).execute(conn)?)
}
