//! The table of instances, and up to when traces went out.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{changes, instances as t};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::RowId;

/// An instance as it is stored.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = t)]
pub(super) struct InstanceRow {
    pub id: RowId,
    pub name: String,
    pub version: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    pub standing: Json,
}

/// Renews a row, or makes it; removes those that nobody saw since `old`.
pub(super) fn put(conn: &mut Conn, row: &InstanceRow, old: Timestamp) -> Result<(), AppError> {
    let change = (t::seen_at.eq(row.seen_at), t::standing.eq(&row.standing));
    if diesel::update(t::table.find(row.id)).set(change).execute(conn)? == 0 {
        diesel::insert_into(t::table).values(row).execute(conn)?;
    }
    diesel::delete(t::table.filter(t::seen_at.lt(old))).execute(conn)?;
    Ok(())
}

pub(super) fn remove(conn: &mut Conn, id: RowId) -> Result<(), AppError> {
    diesel::delete(t::table.find(id)).execute(conn)?;
    Ok(())
}

/// By their names; at most 200.
pub(super) fn all(conn: &mut Conn) -> Result<Vec<InstanceRow>, AppError> {
    Ok(t::table.order((t::name, t::started_at, t::id)).limit(200).load(conn)?)
}

/// Its version in `changes`: the end up to which traces went out, in microseconds of Unix time; 0: none yet.
const TRACES: &str = "traces";

/// Up to which end traces went out.
pub(super) fn traced_until(conn: &mut Conn) -> Result<Option<Timestamp>, AppError> {
    let micros: i64 = changes::table.find(TRACES).select(changes::version).first(conn)?;
    let known = chrono::DateTime::from_timestamp_micros(micros).filter(|_| micros > 0);
    Ok(known.map(Timestamp::new))
}

/// They went up to this end; never back.
pub(super) fn trace_until(conn: &mut Conn, end: Timestamp) -> Result<(), AppError> {
    let micros = end.utc().timestamp_micros();
    let earlier = changes::table.find(TRACES).filter(changes::version.lt(micros));
    diesel::update(earlier).set(changes::version.eq(micros)).execute(conn)?;
    Ok(())
}
