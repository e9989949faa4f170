//! The table of instances.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::instances as t;
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
