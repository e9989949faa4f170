//! The table of closing days.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::closing_days;
use crate::directory::closing_days::ClosingDay;
use crate::directory::hours::ClosedDay;
use crate::error::AppError;
use crate::ids::ClosingDayId;
use crate::keys::ArsPrefix;

#[derive(Queryable, Insertable)]
#[diesel(table_name = closing_days)]
struct ClosingDayRow {
    id: ClosingDayId,
    region: ArsPrefix,
    day: NaiveDate,
    reason: String,
    created_at: Timestamp,
}

impl From<ClosingDayRow> for ClosingDay {
    fn from(row: ClosingDayRow) -> Self {
        Self { id: row.id, ars: row.region, day: row.day, reason: row.reason, created_at: row.created_at }
    }
}

/// Every one of them, in the order of their days.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<ClosedDay>, AppError> {
    let rows: Vec<ClosingDayRow> = closing_days::table.order((closing_days::day, closing_days::region)).load(conn)?;
    Ok(rows.into_iter().map(|row| ClosedDay { region: row.region, day: row.day, reason: row.reason }).collect())
}

/// Those of and after a day, in the order of their ids.
pub(in crate::directory) fn list(
    conn: &mut Conn,
    from: NaiveDate,
    after: Option<ClosingDayId>,
) -> Result<Vec<ClosingDay>, AppError> {
    let mut rows = closing_days::table.filter(closing_days::day.ge(from)).into_boxed();
    if let Some(after) = after {
        rows = rows.filter(closing_days::id.gt(after));
    }
    let rows: Vec<ClosingDayRow> = rows.order(closing_days::id).load(conn)?;
    Ok(rows.into_iter().map(ClosingDay::from).collect())
}

pub(in crate::directory) fn find(conn: &mut Conn, id: ClosingDayId) -> Result<Option<ClosingDay>, AppError> {
    let row: Option<ClosingDayRow> = closing_days::table.find(id).first(conn).optional()?;
    Ok(row.map(ClosingDay::from))
}

pub(in crate::directory) fn is_known(conn: &mut Conn, region: &ArsPrefix, day: NaiveDate) -> Result<bool, AppError> {
    let same = closing_days::table.filter(closing_days::region.eq(region.clone())).filter(closing_days::day.eq(day));
    Ok(diesel::select(diesel::dsl::exists(same)).get_result(conn)?)
}

pub(in crate::directory) fn insert(conn: &mut Conn, new: &ClosingDay) -> Result<(), AppError> {
    let new = new.clone();
    let row =
        ClosingDayRow { id: new.id, region: new.ars, day: new.day, reason: new.reason, created_at: new.created_at };
    diesel::insert_into(closing_days::table).values(&row).execute(conn)?;
    Ok(())
}

pub(in crate::directory) fn delete(conn: &mut Conn, id: ClosingDayId) -> Result<(), AppError> {
    diesel::delete(closing_days::table.find(id)).execute(conn)?;
    Ok(())
}
