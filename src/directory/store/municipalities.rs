//! The table of municipalities.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_many, load_locked};
use crate::db::schema::{municipalities, municipality_successors, postal_codes};
use crate::directory::municipalities::{Municipality, MunicipalityQuery};
use crate::error::AppError;
use crate::keys::{Ags, Ars, LandCode, fold};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = municipalities, treat_none_as_null = true)]
struct MunicipalityRow {
    ars: Ars,
    ags: Ags,
    name: String,
    folded: String,
    land: LandCode,
    district: String,
    association: String,
    kind: String,
    postal_code: Option<String>,
    in_115: bool,
    version: i32,
    changed_at: Option<Timestamp>,
    ended_on: Option<NaiveDate>,
}

impl From<&Municipality> for MunicipalityRow {
    fn from(m: &Municipality) -> Self {
        Self {
            ars: m.ars.clone(),
            ags: m.ags.clone(),
            name: m.name.clone(),
            folded: searched(m),
            land: m.land,
            district: m.district.clone(),
            association: m.association.clone(),
            kind: m.kind.clone(),
            postal_code: m.postal_code.clone(),
            in_115: m.in_115,
            version: m.version,
            changed_at: m.changed_at,
            ended_on: m.ended_on,
        }
    }
}

impl From<MunicipalityRow> for Municipality {
    fn from(row: MunicipalityRow) -> Self {
        Self {
            ars: row.ars,
            ags: row.ags,
            name: row.name,
            land: row.land,
            district: row.district,
            association: row.association,
            kind: row.kind,
            postal_code: row.postal_code,
            in_115: row.in_115,
            version: row.version,
            ended_on: row.ended_on,
            changed_at: row.changed_at,
        }
    }
}

/// What a search looks at: the name first, then the words of the Gemeindeverband and Kreis it does not hold.
pub(in crate::directory) fn searched(m: &Municipality) -> String {
    let mut words = fold(&m.name);
    for word in fold(&format!("{} {}", m.association, m.district)).split(' ') {
        if !words.split(' ').any(|known| known == word) {
            words.push(' ');
            words.push_str(word);
        }
    }
    words
}

pub(in crate::directory) fn find(conn: &mut Conn, ars: &Ars) -> Result<Option<Municipality>, AppError> {
    let row: Option<MunicipalityRow> = municipalities::table.find(ars.clone()).first(conn).optional()?;
    Ok(row.map(Municipality::from))
}

pub(in crate::directory) fn of(conn: &mut Conn, keys: &[Ars]) -> Result<Vec<Municipality>, AppError> {
    in_portions(keys, |some| municipalities::table.filter(municipalities::ars.eq_any(some)).load(conn))
}

/// Those of these keys that there are, which nobody else changes until the end of the transaction.
pub(in crate::directory) fn locked(conn: &mut Conn, keys: &[Ars]) -> Result<Vec<Municipality>, AppError> {
    in_portions(keys, |some| {
        let its = municipalities::table.filter(municipalities::ars.eq_any(some)).order(municipalities::ars);
        load_locked!(conn, its)
    })
}

/// What `load` finds for these keys, which are too many for one statement perhaps.
fn in_portions(
    keys: &[Ars],
    mut load: impl FnMut(&[Ars]) -> QueryResult<Vec<MunicipalityRow>>,
) -> Result<Vec<Municipality>, AppError> {
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(500) {
        found.extend(load(some)?.into_iter().map(Municipality::from));
    }
    Ok(found)
}

/// The key of every one.
pub(in crate::directory) fn keys(conn: &mut Conn) -> Result<BTreeSet<Ars>, AppError> {
    let keys: Vec<Ars> = municipalities::table.select(municipalities::ars).load(conn)?;
    Ok(keys.into_iter().collect())
}

/// The key of every one, and keys of before that lead to one.
pub(in crate::directory) fn known_keys(conn: &mut Conn) -> Result<BTreeSet<Ars>, AppError> {
    let mut known = keys(conn)?;
    let before: Vec<Ars> = municipality_successors::table.select(municipality_successors::old_ars).load(conn)?;
    known.extend(before);
    Ok(known)
}

/// Each postal code with a municipality it lies in, as the imported list says.
pub(in crate::directory) fn postal_codes(conn: &mut Conn) -> Result<Vec<(String, Ars)>, AppError> {
    Ok(postal_codes::table.order((postal_codes::ars, postal_codes::code)).load(conn)?)
}

/// Puts this list in the place of the one before.
pub(in crate::directory) fn replace_postal_codes(conn: &mut Conn, all: &[(String, Ars)]) -> Result<(), AppError> {
    diesel::delete(postal_codes::table).execute(conn)?;
    let row = |(code, ars): &(String, Ars)| (postal_codes::code.eq(code.clone()), postal_codes::ars.eq(ars.clone()));
    let rows: Vec<_> = all.iter().map(row).collect();
    insert_many!(conn, postal_codes::table, rows);
    Ok(())
}

/// Every one, by ARS.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<Municipality>, AppError> {
    let rows: Vec<MunicipalityRow> = municipalities::table.order(municipalities::ars).load(conn)?;
    Ok(rows.into_iter().map(Municipality::from).collect())
}

pub(in crate::directory) fn list(
    conn: &mut Conn,
    query: &MunicipalityQuery,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<Municipality>, AppError> {
    let mut rows = municipalities::table.into_boxed();
    if let Some(text) = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let digits = format!("{text}%");
            rows = rows
                .filter(municipalities::ars.like(digits.clone()))
                .or_filter(municipalities::postal_code.like(digits.clone()))
                .or_filter(
                    municipalities::ars
                        .eq_any(postal_codes::table.filter(postal_codes::code.like(digits)).select(postal_codes::ars)),
                );
        } else {
            let folded = fold(text);
            rows = rows
                .filter(municipalities::folded.like(format!("{folded}%")))
                .or_filter(municipalities::folded.like(format!("% {folded}%")));
        }
    }
    if let Some(land) = query.land {
        rows = rows.filter(municipalities::land.eq(land));
    }
    if let Some(after) = after {
        rows = rows.filter(municipalities::ars.gt(after.to_owned()));
    }
    let rows: Vec<MunicipalityRow> = rows.order(municipalities::ars).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(Municipality::from).collect())
}

pub(in crate::directory) fn insert_all(conn: &mut Conn, all: &[Municipality]) -> Result<(), AppError> {
    let rows: Vec<MunicipalityRow> = all.iter().map(MunicipalityRow::from).collect();
    insert_many!(conn, municipalities::table, rows);
    Ok(())
}

pub(in crate::directory) fn update(conn: &mut Conn, municipality: &Municipality) -> Result<(), AppError> {
    let row = MunicipalityRow::from(municipality);
    diesel::update(municipalities::table.find(row.ars.clone())).set(&row).execute(conn)?;
    Ok(())
}
