//! How fast municipalities and contacts are read in from files, against their rows bare into the same database.
//!
//! `cargo bench --bench import -- --municipalities FILE.csv [--contacts 5000]`. The file is the national list; contacts
//! are made up here. SQLite, because its one writer is what an import can hold up.

mod support;

use std::path::Path;
use std::time::Instant;

use support::lotse::Lotse;
use support::{Fault, argument, bare, limits, load};

/// What a contact with a mail address writes to, in the order that references ask for.
const CONTACT_TABLES: [(&str, &str); 4] =
    [("endpoints", "id"), ("contacts", "slug"), ("audit_entries", "id"), ("directory_versions", "id")];
/// The least of the bare rate that an import must reach.
const LEAST: f64 = 0.2;

fn main() -> Result<(), Fault> {
    let municipalities = argument("--municipalities").ok_or("name the file: --municipalities FILE.csv")?;
    let contacts: usize = argument("--contacts").map_or(Ok(5_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    println!("load {}", load());
    println!("limit: fdatasync of 8 KiB   {:>9.0}/s", limits::syncs(folder.path())?);
    let (lotse, file) = prepare(folder.path())?;

    let count = std::fs::read_to_string(&municipalities)?.lines().count() - 1;
    let rate = timed(&lotse, count, &["import", "municipalities", &municipalities])?;
    held_against("municipalities", rate, bare_rate(&file, &[("municipalities", "ars")], 250)?)?;

    let table = folder.path().join("kontakte.csv");
    std::fs::write(&table, made_up(contacts))?;
    let table = table.display().to_string();
    let seen = timed(&lotse, contacts, &["import", "contacts", &table, "--preview"])?;
    println!("contacts, preview            {seen:>9.0}/s");
    let rate = timed(&lotse, contacts, &["import", "contacts", &table])?;
    held_against("contacts", rate, bare_rate(&file, &CONTACT_TABLES, contacts)?)?;
    let again = timed(&lotse, contacts, &["import", "contacts", &table])?;
    println!("contacts, nothing new        {again:>9.0}/s");
    let changed = std::fs::read_to_string(&table)?.replace("+49 431 ", "+49 432 ");
    std::fs::write(&table, changed)?;
    let rate = timed(&lotse, contacts, &["import", "contacts", &table])?;
    held_against("contacts, changed", rate, bare_rate(&file, &CONTACT_TABLES, contacts)?)?;
    println!("load {}", load());
    Ok(())
}

fn prepare(folder: &Path) -> Result<(Lotse, String), Fault> {
    let file = folder.join("lotse.db").display().to_string();
    let lotse = Lotse::prepare(folder, &format!("sqlite://{file}"), "")?;
    lotse.command(&["migrate"])?;
    Ok((lotse, file))
}

/// Rows a second of one command, its start included.
fn timed(lotse: &Lotse, rows: usize, command: &[&str]) -> Result<f64, Fault> {
    let began = Instant::now();
    lotse.command(command)?;
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}

fn bare_rate(from: &str, tables: &[(&str, &str)], batch: usize) -> Result<f64, Fault> {
    let folder = tempfile::tempdir()?;
    let (_, to) = prepare(folder.path())?;
    bare::sqlite_tables(from, &to, tables, batch)
}

fn held_against(what: &str, rate: f64, limit: f64) -> Result<(), Fault> {
    println!("{what:<28} {rate:>9.0}/s   bare {limit:>9.0}/s   {:>4.0} % of it", rate / limit * 100.0);
    if rate < limit * LEAST {
        return Err(format!("{what}: less than {:.0} % of the bare rate", LEAST * 100.0).into());
    }
    Ok(())
}

fn made_up(count: usize) -> String {
    let mut text = "id,name,owner,email,phone,confirmed_on\n".to_owned();
    for n in 0..count {
        text.push_str(&format!("kontakt-{n},Bürgeramt {n},01002,amt-{n}@kiel.example.org,+49 431 {n},2026-11-24\n"));
    }
    text
}
