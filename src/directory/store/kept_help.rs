//! The copy of the directory in memory from which a start is quick; see `snapshot/kept.rs`.

use diesel::prelude::*;

use crate::db::dialect::insert_if_absent;
use crate::db::schema::{changes, kept_help, kept_ways};
use crate::db::types::Json;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::keys::Slug;

/// Its version in `changes`.
const TOPIC: &str = "kept_help";

/// The uses of a service.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = kept_help)]
pub(in crate::directory) struct KeptRow {
    pub service: Slug,
    /// The version of the directory as of which they are right.
    pub version: i64,
    /// By which list of municipalities they are numbered.
    pub places: i64,
    pub uses: Vec<u8>,
}

/// The version of the directory from which on changes are to be looked for; 0: nothing is kept.
pub(in crate::directory) fn since(conn: &mut Conn) -> Result<i64, AppError> {
    Ok(changes::table.find(TOPIC).select(changes::version).first(conn).optional()?.unwrap_or(0))
}

/// What is kept of a service.
pub(in crate::directory) fn find(conn: &mut Conn, service: &Slug) -> Result<Option<KeptRow>, AppError> {
    Ok(kept_help::table.find(service.clone()).first(conn).optional()?)
}

/// Of which services something is kept, with version and list of municipalities.
pub(in crate::directory) fn services(conn: &mut Conn) -> Result<Vec<(Slug, i64, i64)>, AppError> {
    Ok(kept_help::table.select((kept_help::service, kept_help::version, kept_help::places)).load(conn)?)
}

/// Every kept list of ways of help, with its number.
pub(in crate::directory) fn ways(conn: &mut Conn) -> Result<Vec<(i32, Json)>, AppError> {
    Ok(kept_ways::table.select((kept_ways::number, kept_ways::ways)).load(conn)?)
}

/// The hashes of all of them, with their numbers.
pub(in crate::directory) fn hashes(conn: &mut Conn) -> Result<Vec<(Vec<u8>, i32)>, AppError> {
    Ok(kept_ways::table.select((kept_ways::hash, kept_ways::number)).load(conn)?)
}

pub(in crate::directory) fn add_ways(conn: &mut Conn, all: &[(Vec<u8>, Json)]) -> Result<(), AppError> {
    for (hash, ways) in all {
        // Another instance may have been there first; what has one hash is one.
        insert_if_absent!(conn, kept_ways::table, (kept_ways::hash.eq(hash), kept_ways::ways.eq(ways)));
    }
    Ok(())
}

pub(in crate::directory) fn drop_ways(conn: &mut Conn, hashes: &[Vec<u8>]) -> Result<(), AppError> {
    diesel::delete(kept_ways::table.filter(kept_ways::hash.eq_any(hashes))).execute(conn)?;
    Ok(())
}

/// Keeps a service's uses, unless newer ones are kept. Those numbered by another list of municipalities give way to
/// those of the same version.
pub(in crate::directory) fn save(conn: &mut Conn, row: &KeptRow) -> Result<(), AppError> {
    if insert_if_absent!(conn, kept_help::table, row) {
        return Ok(());
    }
    let older = kept_help::table.find(row.service.clone()).filter(kept_help::version.le(row.version));
    diesel::update(older)
        .set((kept_help::version.eq(row.version), kept_help::places.eq(row.places), kept_help::uses.eq(&row.uses)))
        .execute(conn)?;
    Ok(())
}

/// Everything that is kept is right as of this version. What is kept of other services than these is dropped: nobody
/// follows it.
pub(in crate::directory) fn complete(tx: &mut Tx, services: &[Slug], version: i64) -> Result<(), AppError> {
    let conn: &mut Conn = tx;
    diesel::delete(kept_help::table.filter(kept_help::service.ne_all(services))).execute(conn)?;
    let raised = changes::table.find(TOPIC).filter(changes::version.lt(version));
    diesel::update(raised).set(changes::version.eq(version)).execute(conn)?;
    Ok(())
}
