//! The table of wrapped keys.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_columns, insert_if_absent};
use crate::db::schema::{master_keys, sealing_keys};
use crate::error::AppError;
use crate::ids::SealKeyId;

/// A key as it is stored: wrapped by the master key that `master` names.
#[derive(Debug, Clone, Insertable, Queryable, AsChangeset)]
#[diesel(table_name = sealing_keys)]
pub struct SealingKey {
    /// Whose key; a ticket's key has the ticket's UUID.
    pub id: SealKeyId,
    /// The key, sealed by the master key.
    pub wrapped: Vec<u8>,
    /// Which master key (a short hash of it).
    pub master: String,
}

pub(super) fn find(conn: &mut Conn, id: SealKeyId) -> Result<Option<SealingKey>, AppError> {
    Ok(sealing_keys::table.find(id).first(conn).optional()?)
}

pub(super) fn insert_all(conn: &mut Conn, rows: &[&SealingKey]) -> Result<(), AppError> {
    insert_columns!(conn, sealing_keys[id, wrapped, master], rows);
    Ok(())
}

pub(super) fn insert_if_absent(conn: &mut Conn, row: &SealingKey) -> Result<bool, AppError> {
    Ok(insert_if_absent!(conn, sealing_keys::table, row))
}

pub(super) fn not_under(conn: &mut Conn, master: &str, most: i64) -> Result<Vec<SealingKey>, AppError> {
    Ok(sealing_keys::table.filter(sealing_keys::master.ne(master)).order(sealing_keys::id).limit(most).load(conn)?)
}

pub(super) fn update(conn: &mut Conn, row: &SealingKey) -> Result<(), AppError> {
    diesel::update(sealing_keys::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub(super) fn delete(conn: &mut Conn, id: SealKeyId) -> Result<(), AppError> {
    diesel::delete(sealing_keys::table.find(id)).execute(conn)?;
    Ok(())
}

/// When a master key was first used here.
pub(super) fn first_seen(conn: &mut Conn, id: &str) -> Result<Option<Timestamp>, AppError> {
    Ok(master_keys::table.find(id).select(master_keys::first_seen_at).first(conn).optional()?)
}

/// Notes that a master key is in use; answers since when, as whoever was first noted it.
pub(super) fn note_master(conn: &mut Conn, id: &str, now: Timestamp) -> Result<Option<Timestamp>, AppError> {
    insert_if_absent!(conn, master_keys::table, (master_keys::id.eq(id), master_keys::first_seen_at.eq(now)));
    first_seen(conn, id)
}
