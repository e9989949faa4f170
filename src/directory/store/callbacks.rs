//! The table of how contacts' own systems speak to us.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::contact_callbacks as t;
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

pub(in crate::directory) fn delete(conn: &mut Conn, contact: &Slug) -> Result<bool, AppError> {
    Ok(diesel::delete(t::table.find(contact.clone())).execute(conn)? == 1)
}
