//! The table of transfers: what was entered into an editorial system, and what was published then.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::transfers;
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::{AdoptionId, TransferId};

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = transfers)]
pub(in crate::directory) struct TransferRow {
    pub id: TransferId,
    pub adoption_id: AdoptionId,
    pub day: NaiveDate,
    pub noted_at: Timestamp,
    pub actor: Json,
    pub target: Option<String>,
    pub note: Option<String>,
    pub digest: String,
}

pub(in crate::directory) fn insert(conn: &mut Conn, row: &TransferRow) -> Result<(), AppError> {
    diesel::insert_into(transfers::table).values(row).execute(conn)?;
    Ok(())
}

/// Those of an adoption, newest first.
pub(in crate::directory) fn list(
    conn: &mut Conn,
    adoption: AdoptionId,
    limit: i64,
    before: Option<TransferId>,
) -> Result<Vec<TransferRow>, AppError> {
    let mut rows = transfers::table.filter(transfers::adoption_id.eq(adoption)).into_boxed();
    if let Some(before) = before {
        rows = rows.filter(transfers::id.lt(before));
    }
    Ok(rows.order(transfers::id.desc()).limit(limit).load(conn)?)
}

/// The newest of each of these adoptions.
pub(in crate::directory) fn newest(
    conn: &mut Conn,
    adoptions: &[AdoptionId],
) -> Result<HashMap<AdoptionId, TransferRow>, AppError> {
    let mut found = HashMap::with_capacity(adoptions.len());
    for some in adoptions.chunks(500) {
        let rows: Vec<TransferRow> =
            transfers::table.filter(transfers::adoption_id.eq_any(some)).order(transfers::id).load(conn)?;
        found.extend(rows.into_iter().map(|row| (row.adoption_id, row)));
    }
    Ok(found)
}
