//! `lotse import …`: the directory from files.
//!
//! Invariant: a file with faults changes nothing; every fault is one line, `file:line: key: message`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use super::{BadInput, Sheet};
use crate::app::{database, settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::directory::Directory;
use crate::directory::import::{self, Importer, Mode, Plan, RowAction, Summary, TableFile};
use crate::error::{AppError, FieldError};

/// Länder, contacts, services and adoptions.
pub async fn directory(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let text = read(file)?;
    let db = database::open(config).await?;
    let sealer = database::sealer(config, &db).await?;
    let begun = Instant::now();
    let (rules, name) = (settings::directory(config), file.display().to_string());
    let imported = import::directory(&db, &sealer, &rules, &name, &text, Clock::system().now()).await;
    if imported.is_ok() {
        ready_to_start(&db).await?;
    }
    told(imported, "objects", "changed", begun)
}

/// So that the next start need not read every adoption anew; in small transactions, beside a running service.
pub(super) async fn ready_to_start(db: &Db) -> Result<(), AppError> {
    Directory::start(db).await?.keep_if_worth().await
}

/// Contacts from a table.
pub async fn contacts(config: &Config, sheet: Sheet) -> anyhow::Result<ExitCode> {
    let Some((file, mode)) = table(sheet, import::CONTACTS_TEMPLATE)? else { return Ok(ExitCode::SUCCESS) };
    let db = database::open(config).await?;
    let (importer, now) = (Importer::console(), Clock::system().now());
    let does = matches!(mode, Mode::Apply(_));
    let outcome = import::contacts(&db, &importer, file, mode, now).await;
    if does && outcome.is_ok() {
        ready_to_start(&db).await?;
    }
    planned(outcome)
}

/// Help channels from a table.
pub async fn channels(config: &Config, sheet: Sheet) -> anyhow::Result<ExitCode> {
    let Some((file, mode)) = table(sheet, import::CHANNELS_TEMPLATE)? else { return Ok(ExitCode::SUCCESS) };
    let db = database::open(config).await?;
    let does = matches!(mode, Mode::Apply(_));
    let outcome = import::channels(&db, &Importer::console(), file, mode, Clock::system().now()).await;
    if does && outcome.is_ok() {
        ready_to_start(&db).await?;
    }
    planned(outcome)
}

/// The file named, and whether to look or to do; nothing where only the template was wanted, which is printed.
fn table(sheet: Sheet, template: &str) -> anyhow::Result<Option<(TableFile, Mode)>> {
    let Some(file) = sheet.file.filter(|_| !sheet.template) else {
        write!(std::io::stdout(), "{template}")?;
        return Ok(None);
    };
    let mode = if sheet.preview { Mode::Preview } else { Mode::Apply(None) };
    Ok(Some((table_file(&file, sheet.sheet)?, mode)))
}

/// A table as it stands in a file; of one that is too large only so much that whoever reads it sees and says so.
pub(super) fn table_file(file: &Path, sheet: Option<String>) -> Result<TableFile, BadInput> {
    let name = file.display().to_string();
    let (mut bytes, most) = (Vec::new(), import::MOST_BYTES as u64 + 1);
    let read = File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes));
    read.map_err(|e| BadInput(format!("{name} cannot be read: {e}")))?;
    Ok(TableFile { name, bytes, sheet })
}

/// Says what a plan holds: of a preview what changes and what is wrong row by row, then the counts.
fn planned(outcome: Result<Plan, AppError>) -> anyhow::Result<ExitCode> {
    let plan = match outcome {
        Ok(plan) => plan,
        Err(AppError::Invalid(faults)) => return Ok(refused(&faults)),
        Err(fault) => return Err(fault.into()),
    };
    for note in &plan.notes {
        eprintln!("{note}");
    }
    // What was done is what the preview showed.
    let shown = plan.rows.iter().filter(|row| !plan.applied && row.action != RowAction::Unchanged);
    for row in shown {
        eprintln!("row {}: {}: {}", row.row, row.key, row.action);
        for change in &row.changes {
            eprintln!("    {}: {} -> {}", change.field, change.before, change.after);
        }
        for fault in &row.faults {
            eprintln!("    {}: {}", fault.column, fault.message);
        }
    }
    let Plan { new, changed, unchanged, faulty, applied, .. } = plan;
    let ending = if applied { "" } else { "; nothing was changed" };
    eprintln!("{new} new, {changed} changed, {unchanged} unchanged, {faulty} faulty{ending}");
    Ok(ExitCode::from(if faulty > 0 { 2 } else { 0 }))
}

pub(super) fn read(file: &Path) -> Result<String, BadInput> {
    std::fs::read_to_string(file).map_err(|e| BadInput(format!("{} cannot be read: {e}", file.display())))
}

/// Says how many of what are new and unchanged, and how many are what `else_are` says, or what is wrong.
pub(super) fn told(
    imported: Result<Summary, AppError>,
    what: &str,
    else_are: &str,
    begun: Instant,
) -> anyhow::Result<ExitCode> {
    match imported {
        Ok(Summary { created, updated, unchanged }) => {
            let seconds = begun.elapsed().as_secs_f32();
            eprintln!("{what}: {created} new, {updated} {else_are}, {unchanged} unchanged, in {seconds:.1} s");
            Ok(ExitCode::SUCCESS)
        }
        Err(AppError::Invalid(faults)) => Ok(refused(&faults)),
        Err(fault) => Err(fault.into()),
    }
}

/// Says every fault of a file of which nothing was taken.
pub(super) fn refused(faults: &[FieldError]) -> ExitCode {
    for fault in faults {
        eprintln!("{}: {}", fault.field, fault.message);
    }
    let faults = if let [_] = faults { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
    eprintln!("nothing was imported: {faults}");
    ExitCode::from(2)
}
