//! The tables of how contacts' own systems speak to us.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{contact_callbacks as t, earlier_callback_secrets as e};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::RowId;
use crate::keys::Slug;

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = t, treat_none_as_null = true)]
pub(in crate::directory) struct CallbackRow {
    pub contact: Slug,
    pub id: RowId,
    pub secret: Vec<u8>,
    pub previous_secret: Option<Vec<u8>>,
    pub previous_until: Option<Timestamp>,
    pub statuses: Json,
    pub updated_at: Timestamp,
}

pub(in crate::directory) fn find(conn: &mut Conn, contact: &Slug) -> Result<Option<CallbackRow>, AppError> {
    Ok(t::table.find(contact.clone()).first(conn).optional()?)
}

/// Stores it, new or changed.
pub(in crate::directory) fn save(conn: &mut Conn, row: &CallbackRow) -> Result<(), AppError> {
    if diesel::update(t::table.find(row.contact.clone())).set(row).execute(conn)? == 0 {
        diesel::insert_into(t::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Keeps a secret that is neither the present nor the last former one; forgets those past their time, and all but the
/// latest `most`.
pub(in crate::directory) fn keep_earlier(
    conn: &mut Conn,
    contact: &Slug,
    (secret, until): (&[u8], Timestamp),
    now: Timestamp,
    most: i64,
) -> Result<(), AppError> {
    let row = (e::id.eq(RowId::new()), e::contact.eq(contact), e::secret.eq(secret), e::until.eq(until));
    diesel::insert_into(e::table).values(row).execute(conn)?;
    let own = e::table.filter(e::contact.eq(contact));
    diesel::delete(own.filter(e::until.le(now))).execute(conn)?;
    let kept: Vec<RowId> = own.order((e::until.desc(), e::id.desc())).limit(most).select(e::id).load(conn)?;
    diesel::delete(own.filter(e::id.ne_all(kept))).execute(conn)?;
    Ok(())
}

/// The earlier ones that count still.
pub(in crate::directory) fn earlier(conn: &mut Conn, contact: &Slug, now: Timestamp) -> Result<Vec<Vec<u8>>, AppError> {
    let own = e::table.filter(e::contact.eq(contact)).filter(e::until.gt(now));
    Ok(own.order((e::until.desc(), e::id.desc())).select(e::secret).load(conn)?)
}

pub(in crate::directory) fn delete(conn: &mut Conn, contact: &Slug) -> Result<bool, AppError> {
    diesel::delete(e::table.filter(e::contact.eq(contact))).execute(conn)?;
    Ok(diesel::delete(t::table.find(contact.clone())).execute(conn)? == 1)
}
