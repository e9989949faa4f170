//! The table of what is to be counted anew.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::recounts as t;
use crate::directory::recounts::{Changed, Recount};
use crate::error::AppError;
use crate::ids::{RowId, TicketId};
use crate::keys::ArsPrefix;

#[derive(Queryable, Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct RecountRow {
    id: RowId,
    what: Changed,
    region: ArsPrefix,
    subject: String,
    day: Option<NaiveDate>,
    reason: String,
    done_to: Option<RowId>,
}

pub(in crate::directory) fn insert(conn: &mut Conn, new: &Recount) -> Result<(), AppError> {
    let new = new.clone();
    let row = RecountRow {
        id: new.id,
        what: new.what,
        region: new.region,
        subject: new.subject,
        day: new.day,
        reason: new.reason,
        done_to: None,
    };
    diesel::insert_into(t::table).values(&row).execute(conn)?;
    Ok(())
}

/// The earliest one.
pub(in crate::directory) fn next(conn: &mut Conn) -> Result<Option<Recount>, AppError> {
    let row: Option<RecountRow> = t::table.order(t::id).first(conn).optional()?;
    Ok(row.map(|row| Recount {
        id: row.id,
        what: row.what,
        region: row.region,
        subject: row.subject,
        day: row.day,
        reason: row.reason,
        done_to: row.done_to.map(|id| id.cast()),
    }))
}

pub(in crate::directory) fn done_to(conn: &mut Conn, id: RowId, ticket: TicketId) -> Result<(), AppError> {
    diesel::update(t::table.find(id)).set(t::done_to.eq(RowId::from_uuid(ticket.uuid()))).execute(conn)?;
    Ok(())
}

pub(in crate::directory) fn delete(conn: &mut Conn, id: RowId) -> Result<(), AppError> {
    diesel::delete(t::table.find(id)).execute(conn)?;
    Ok(())
}
