//! The table of versions: every state an object had, as JSON.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_columns;
use crate::db::schema::directory_versions;
use crate::db::types::Json;
use crate::directory::versions::Kind;
use crate::error::AppError;
use crate::ids::VersionId;

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = directory_versions, treat_none_as_default_value = false)]
pub(in crate::directory) struct VersionRow {
    pub id: VersionId,
    pub kind: Kind,
    pub key: String,
    pub version: i32,
    pub at: Timestamp,
    pub actor: Option<Json>,
    pub reason: Option<String>,
    pub ended: bool,
    pub state: Json,
}

pub(in crate::directory) fn insert(conn: &mut Conn, row: &VersionRow) -> Result<(), AppError> {
    diesel::insert_into(directory_versions::table).values(row).execute(conn)?;
    Ok(())
}

/// Many at once.
pub(in crate::directory) fn insert_all(conn: &mut Conn, rows: &[VersionRow]) -> Result<(), AppError> {
    insert_columns!(
        conn,
        directory_versions[id, kind, key, version, at, actor, reason, ended, state],
        rows.iter().collect::<Vec<_>>()
    );
    Ok(())
}

/// True where anything is kept of the object.
pub(in crate::directory) fn is_known(conn: &mut Conn, kind: Kind, key: &str) -> Result<bool, AppError> {
    let its = directory_versions::table
        .filter(directory_versions::kind.eq(kind))
        .filter(directory_versions::key.eq(key.to_owned()));
    Ok(diesel::select(diesel::dsl::exists(its)).get_result(conn)?)
}

/// Of which of these objects anything is kept.
pub(in crate::directory) fn known(conn: &mut Conn, kind: Kind, keys: &[String]) -> Result<HashSet<String>, AppError> {
    let mut found = HashSet::with_capacity(keys.len());
    for some in keys.chunks(500) {
        let its = directory_versions::table
            .filter(directory_versions::kind.eq(kind))
            .filter(directory_versions::key.eq_any(some));
        found.extend(its.select(directory_versions::key).distinct().load::<String>(conn)?);
    }
    Ok(found)
}

/// The object's versions, the newest first, before this one.
pub(in crate::directory) fn list(
    conn: &mut Conn,
    kind: Kind,
    key: &str,
    limit: i64,
    before: Option<VersionId>,
) -> Result<Vec<VersionRow>, AppError> {
    let mut rows = directory_versions::table
        .filter(directory_versions::kind.eq(kind))
        .filter(directory_versions::key.eq(key.to_owned()))
        .into_boxed();
    if let Some(before) = before {
        rows = rows.filter(directory_versions::id.lt(before));
    }
    Ok(rows.order(directory_versions::id.desc()).limit(limit).load(conn)?)
}

/// The first that was kept.
pub(in crate::directory) fn first(conn: &mut Conn, kind: Kind, key: &str) -> Result<Option<VersionRow>, AppError> {
    let row = directory_versions::table
        .filter(directory_versions::kind.eq(kind))
        .filter(directory_versions::key.eq(key.to_owned()))
        .order((directory_versions::at, directory_versions::id))
        .first(conn);
    Ok(row.optional()?)
}

/// What stood at this moment: the newest version that is not younger.
pub(in crate::directory) fn at(
    conn: &mut Conn,
    kind: Kind,
    key: &str,
    moment: Timestamp,
) -> Result<Option<VersionRow>, AppError> {
    let row = directory_versions::table
        .filter(directory_versions::kind.eq(kind))
        .filter(directory_versions::key.eq(key.to_owned()))
        .filter(directory_versions::at.le(moment))
        .order((directory_versions::at.desc(), directory_versions::id.desc()))
        .first(conn);
    Ok(row.optional()?)
}
