//! Agreements between Länder: that there is one (`land_agreements`), and what is known of it.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_if_absent;
use crate::db::schema::{agreement_details, land_agreements};
use crate::error::AppError;
use crate::keys::LandCode;

/// Who operates, and who may use.
pub(in crate::directory) type Pair = (LandCode, LandCode);

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = agreement_details, primary_key(operating_land, using_land), treat_none_as_null = true)]
pub(in crate::directory) struct DetailRow {
    pub operating_land: LandCode,
    pub using_land: LandCode,
    pub since: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub reference: Option<String>,
    pub note: Option<String>,
    pub version: i32,
    pub updated_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = land_agreements)]
struct PairRow {
    operating_land: LandCode,
    using_land: LandCode,
}

/// Every agreement that stands, with what is known of it: who operates, who may use.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<(Pair, Option<DetailRow>)>, AppError> {
    let pairs: Vec<PairRow> =
        land_agreements::table.order((land_agreements::operating_land, land_agreements::using_land)).load(conn)?;
    let mut details: Vec<DetailRow> = agreement_details::table.load(conn)?;
    let mut take = |pair: Pair| {
        let at = details.iter().position(|row| (row.operating_land, row.using_land) == pair)?;
        Some(details.swap_remove(at))
    };
    let with = |row: PairRow| {
        let pair = (row.operating_land, row.using_land);
        (pair, take(pair))
    };
    Ok(pairs.into_iter().map(with).collect())
}

/// Stores an agreement with what is known of it.
pub(in crate::directory) fn save(conn: &mut Conn, row: &DetailRow) -> Result<(), AppError> {
    let pair = PairRow { operating_land: row.operating_land, using_land: row.using_land };
    insert_if_absent!(conn, land_agreements::table, &pair);
    let its = agreement_details::table.find((row.operating_land, row.using_land));
    if diesel::update(its).set(row).execute(conn)? == 0 {
        diesel::insert_into(agreement_details::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Takes an agreement away; false where there is none.
pub(in crate::directory) fn end(conn: &mut Conn, operating: LandCode, using: LandCode) -> Result<bool, AppError> {
    diesel::delete(agreement_details::table.find((operating, using))).execute(conn)?;
    Ok(diesel::delete(land_agreements::table.find((operating, using))).execute(conn)? > 0)
}

/// Forgets what was known of agreements that no longer stand.
pub(in crate::directory) fn forget_ended(conn: &mut Conn, operating: LandCode) -> Result<(), AppError> {
    let present: Vec<LandCode> = land_agreements::table
        .filter(land_agreements::operating_land.eq(operating))
        .select(land_agreements::using_land)
        .load(conn)?;
    let gone = agreement_details::table
        .filter(agreement_details::operating_land.eq(operating))
        .filter(agreement_details::using_land.ne_all(present));
    diesel::delete(gone).execute(conn)?;
    Ok(())
}
