//! Agreements and fallbacks of the Länder.

use diesel::prelude::*;

use super::duties::{self, Duties, Holder};
use crate::db::Conn;
use crate::db::dialect::insert_many;
use crate::db::schema::{land_agreements, lands};
use crate::directory::lands::Land;
use crate::directory::terms::Duty;
use crate::error::AppError;
use crate::keys::{ArsPrefix, LANDS, LandCode};

#[derive(Insertable)]
#[diesel(table_name = land_agreements)]
struct AgreementRow {
    operating_land: LandCode,
    using_land: LandCode,
}

/// All 16, in the order of their numbers.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<Land>, AppError> {
    LANDS.iter().filter_map(|(_, number, _)| LandCode::from_number(number)).map(|code| find(conn, code)).collect()
}

pub(in crate::directory) fn find(conn: &mut Conn, code: LandCode) -> Result<Land, AppError> {
    let version: Option<i32> = lands::table.find(code).select(lands::version).first(conn).optional()?;
    let mut cooperates_with: Vec<LandCode> = land_agreements::table
        .filter(land_agreements::operating_land.eq(code))
        .select(land_agreements::using_land)
        .load(conn)?;
    cooperates_with.sort_by_key(|land| land.as_str());
    let second_level = duties::of(conn, &Holder::Land(code))?.into_iter().map(duties::DutyRow::assigned).collect();
    Ok(Land { code, name: code.name().to_owned(), cooperates_with, second_level, version: version.unwrap_or(0) })
}

/// Stores the Land's lists and raises its version.
pub(in crate::directory) fn save(conn: &mut Conn, land: &Land) -> Result<(), AppError> {
    diesel::delete(land_agreements::table.filter(land_agreements::operating_land.eq(land.code))).execute(conn)?;
    let mut agreed = land.cooperates_with.clone();
    agreed.sort_by_key(|code| code.as_str());
    agreed.dedup();
    let rows: Vec<AgreementRow> =
        agreed.into_iter().map(|using_land| AgreementRow { operating_land: land.code, using_land }).collect();
    insert_many!(conn, land_agreements::table, rows);
    super::agreements::forget_ended(conn, land.code)?;
    let mut wanted = Duties::default();
    wanted.add(Duty::Central, region_of(land.code), &land.second_level);
    duties::set(conn, &Holder::Land(land.code), wanted)?;
    touch(conn, land.code)
}

/// Raises the version of a Land, because its agreements changed.
pub(in crate::directory) fn touch(conn: &mut Conn, code: LandCode) -> Result<(), AppError> {
    diesel::update(lands::table.find(code)).set(lands::version.eq(lands::version + 1)).execute(conn)?;
    Ok(())
}

/// The region a Land is.
pub(in crate::directory) fn region_of(code: LandCode) -> ArsPrefix {
    let number = LANDS.iter().find(|(c, ..)| *c == code.as_str()).map_or("", |(_, number, _)| number);
    number.parse().unwrap_or_else(|_| ArsPrefix::everywhere())
}
