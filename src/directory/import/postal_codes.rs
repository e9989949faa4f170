//! Which postal codes lie in which municipality, from a table: the official list knows only that of the seat.
//!
//! Invariant: the file is the whole list. It is judged as a whole and takes the place of the one before in one
//! transaction, as it was looked at or not at all; with a fault in it, nothing changes. A key of before means the
//! municipality of today.

use std::collections::{BTreeSet, HashMap};

use super::Summary;
use super::plan::{Mode, check_seen, fingerprint};
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

/// What a list would change, or did.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct PostalCodesPlan {
    /// How many pairs of code and municipality; what is gone counts as changed.
    #[serde(flatten)]
    pub counts: Summary,
    /// Send this with the application, so that what was seen here is what is done.
    pub fingerprint: String,
}

/// Each code with a municipality it lies in.
type Pairs = BTreeSet<(String, Ars)>;

/// Takes a list of postal codes with the ARS or AGS of a municipality in each, or only looks what it would do; a code may
/// stand in several rows.
pub async fn postal_codes(
    db: &Db,
    importer: &Importer,
    file: TableFile,
    mode: Mode,
    now: Timestamp,
) -> Result<PostalCodesPlan, AppError> {
    let Mode::Apply(seen) = mode else {
        return db
            .read(move |conn| {
                let wanted = pairs(conn, &file)?;
                judged(conn, &wanted)
            })
            .await;
    };
    let wanted = db.read(move |conn| pairs(conn, &file)).await?;
    let actor = importer.actor();
    db.write(move |tx| {
        let plan = judged(tx, &wanted)?;
        check_seen(seen.as_deref(), &plan.fingerprint)?;
        if plan.counts.created + plan.counts.updated > 0 {
            store::municipalities::replace_postal_codes(tx, &wanted.into_iter().collect::<Vec<_>>())?;
            let (action, object) = (AuditAction::MunicipalitiesImported, (ObjectKind::Directory, &"postal codes" as _));
            audit::record(tx, &actor, action, object, Trail::after(&plan.counts), now)?;
            store::places_changed(tx)?;
        }
        Ok(plan)
    })
    .await
}

/// What the file says, or all that is wrong with it.
fn pairs(conn: &mut Conn, file: &TableFile) -> Result<Pairs, AppError> {
    let table = table::read_whole(file, &COLUMNS)?;
    let known = store::municipalities::known_keys(conn)?;
    let mut by_ags: HashMap<Ags, Vec<&Ars>> = HashMap::new();
    for ars in &known {
        by_ags.entry(ars.ags()).or_default().push(ars);
    }
    let (mut faults, mut wanted) = (Faults::default(), Pairs::new());
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
            (_, Ok(ags)) => by_ags.get(&ags).cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        if meant.is_empty() {
            let message = "is no ARS or AGS of a municipality; import the official list first, or leave the row out";
            faults.add(at("ars"), Message::new("no-municipality", message));
        }
        wanted.extend(meant.into_iter().filter(|_| is_code).map(|ars| (code.to_owned(), ars.clone())));
    }
    faults.finish()?;
    Ok(wanted)
}

fn judged(conn: &mut Conn, wanted: &Pairs) -> Result<PostalCodesPlan, AppError> {
    let before: Pairs = store::municipalities::postal_codes(conn)?.into_iter().collect();
    let created = wanted.difference(&before).count();
    let gone = before.difference(wanted).count();
    let counts = Summary { created, updated: gone, unchanged: wanted.len() - created };
    Ok(PostalCodesPlan { counts, fingerprint: fingerprint(&(&before, wanted))? })
}
