//! Which postal codes lie in which municipality, from a table: the official list knows only that of the seat.
//!
//! Invariant: the file is the whole list. It is judged as a whole and takes the place of the one before in one
//! transaction; with a fault in it, nothing changes. A key of before means the municipality of today.

use std::collections::BTreeSet;

use super::Summary;
use super::rights::Importer;
use super::table::{self, Column, TableFile};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::directory::store;
use crate::error::{AppError, Faults, Message};
use crate::keys::{Ags, Ars};

/// What the table says.
pub const COLUMNS: [Column; 2] = [
    Column { field: "code", also: &["plz", "Postleitzahl"], is_needed: true },
    Column { field: "ars", also: &["ags", "Gemeindeschlüssel", "Regionalschlüssel"], is_needed: true },
];

/// Takes a list of postal codes with the ARS or AGS of a municipality in each, or only looks what it would do; a code may
/// stand in several rows. What is gone counts as changed.
pub async fn postal_codes(
    db: &Db,
    importer: &Importer,
    file: TableFile,
    is_preview: bool,
    now: Timestamp,
) -> Result<Summary, AppError> {
    let table = table::read(&file, &COLUMNS)?;
    let known = db.read(store::municipalities::known_keys).await?;
    let (mut faults, mut wanted) = (Faults::default(), BTreeSet::new());
    for row in &table.rows {
        let at = |column: &str| format!("{}: row {}: {column}", file.name, row.number);
        let (code, key) = (row.cell("code").unwrap_or_default(), row.cell("ars").unwrap_or_default());
        let is_code = code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit());
        if !is_code {
            let message = "must be a postal code of 5 digits; in a spreadsheet as text, so that a 0 stays";
            faults.add(at("code"), Message::new("postal-code", message));
        }
        let meant: Vec<&Ars> = match (key.parse::<Ars>(), key.parse::<Ags>()) {
            (Ok(ars), _) => known.get(&ars).into_iter().collect(),
            (_, Ok(ags)) => known.iter().filter(|ars| ars.ags() == ags).collect(),
            _ => Vec::new(),
        };
        if meant.is_empty() {
            let message = "is no ARS or AGS of a municipality; import the official list first, or leave the row out";
            faults.add(at("ars"), Message::new("no-municipality", message));
        }
        wanted.extend(meant.into_iter().filter(|_| is_code).map(|ars| (code.to_owned(), ars.clone())));
    }
    faults.finish()?;
    if is_preview {
        return db.read(move |conn| judged(conn, &wanted)).await;
    }
    let actor = importer.actor();
    db.write(move |tx| {
        let summary = judged(tx, &wanted)?;
        if summary.created + summary.updated > 0 {
            store::municipalities::replace_postal_codes(tx, &wanted.into_iter().collect::<Vec<_>>())?;
            let (action, object) = (AuditAction::MunicipalitiesImported, (ObjectKind::Directory, &"postal codes" as _));
            audit::record(tx, &actor, action, object, Trail::after(&summary), now)?;
            store::places_changed(tx)?;
        }
        Ok(summary)
    })
    .await
}

fn judged(conn: &mut Conn, wanted: &BTreeSet<(String, Ars)>) -> Result<Summary, AppError> {
    let before: BTreeSet<(String, Ars)> = store::municipalities::postal_codes(conn)?.into_iter().collect();
    let created = wanted.difference(&before).count();
    let gone = before.difference(wanted).count();
    Ok(Summary { created, updated: gone, unchanged: wanted.len() - created })
}
