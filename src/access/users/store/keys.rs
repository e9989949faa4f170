//! The tables of what opens an account once: links and recovery codes.

use diesel::prelude::*;

use crate::access::users::LinkPurpose;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_many;
use crate::db::schema::{recovery_codes, user_links};
use crate::error::AppError;
use crate::ids::UserId;

/// A link as it is stored.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = user_links)]
pub(in crate::access::users) struct LinkRow {
    pub hash: Vec<u8>,
    pub user_id: UserId,
    pub purpose: LinkPurpose,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = recovery_codes)]
struct CodeRow {
    hash: Vec<u8>,
    user_id: UserId,
}

pub(in crate::access::users) fn insert_link(conn: &mut Conn, row: &LinkRow) -> Result<(), AppError> {
    diesel::insert_into(user_links::table).values(row).execute(conn)?;
    Ok(())
}

/// A link that is good still.
pub(in crate::access::users) fn link(
    conn: &mut Conn,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<LinkRow>, AppError> {
    let good =
        user_links::table.find(hash).filter(user_links::used_at.is_null()).filter(user_links::expires_at.gt(now));
    Ok(good.first(conn).optional()?)
}

/// Uses up every link of a person that is good still; answers how many.
pub(in crate::access::users) fn end_links(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<usize, AppError> {
    let good = user_links::table.filter(user_links::user_id.eq(user)).filter(user_links::used_at.is_null());
    Ok(diesel::update(good).set(user_links::used_at.eq(now)).execute(conn)?)
}

pub(in crate::access::users) fn purge_links(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, AppError> {
    let old = user_links::table.filter(user_links::expires_at.lt(before)).limit(most);
    let hashes: Vec<Vec<u8>> = old.select(user_links::hash).load(conn)?;
    Ok(diesel::delete(user_links::table.filter(user_links::hash.eq_any(&hashes))).execute(conn)?)
}

/// Makes these the only recovery codes of a person; none: takes them away.
pub(in crate::access::users) fn replace_codes(
    conn: &mut Conn,
    user: UserId,
    hashes: &[[u8; 32]],
) -> Result<(), AppError> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(conn)?;
    let rows: Vec<CodeRow> = hashes.iter().map(|hash| CodeRow { hash: hash.to_vec(), user_id: user }).collect();
    insert_many!(conn, recovery_codes::table, rows);
    Ok(())
}

/// Uses up a recovery code; false where it is not this person's or was used.
pub(in crate::access::users) fn use_code(
    conn: &mut Conn,
    user: UserId,
    hash: &[u8],
    now: Timestamp,
) -> Result<bool, AppError> {
    let open = recovery_codes::table
        .find(hash)
        .filter(recovery_codes::user_id.eq(user))
        .filter(recovery_codes::used_at.is_null());
    Ok(diesel::update(open).set(recovery_codes::used_at.eq(now)).execute(conn)? == 1)
}

/// How many recovery codes are left.
pub(in crate::access::users) fn codes_left(conn: &mut Conn, user: UserId) -> Result<i64, AppError> {
    let open = recovery_codes::table.filter(recovery_codes::user_id.eq(user)).filter(recovery_codes::used_at.is_null());
    Ok(open.count().get_result(conn)?)
}
