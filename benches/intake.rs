//! How fast requests are taken in, durably: `POST /api/v1/tickets` of about 1 KB over 64 connections.
//!
//! `cargo bench --bench intake [-- --database sqlite|postgres --seconds 5]`; needs `wrk` and PostgreSQL's server.

mod support;

use support::lotse::{Lotse, MUNICIPALITIES, directory};
use support::postgres::Postgres;
use support::{Fault, argument, bare, databases, limits, load, wrk};

/// What a caller sends along.
const VARIANTS: [(&str, bool, bool); 4] = [
    ("plain", false, false),
    ("with Idempotency-Key", true, false),
    ("with reporter", false, true),
    ("with both", true, true),
];

fn main() -> Result<(), Fault> {
    let seconds: u32 = argument("--seconds").map_or(Ok(5), |s| s.parse())?;
    let folder = tempfile::tempdir()?;
    println!("load {}", load());
    println!("limit: fdatasync of 8 KiB   {:>9.0}/s", limits::syncs(folder.path())?);
    println!("limit: framework's hello    {}", limits::hello(folder.path(), 3)?);
    for database in databases() {
        match database.as_str() {
            "sqlite" => sqlite(seconds)?,
            _ => postgres(seconds)?,
        }
    }
    println!("load {}", load());
    Ok(())
}

fn sqlite(seconds: u32) -> Result<(), Fault> {
    for (name, key, reporter) in VARIANTS {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("lotse.db").display().to_string();
        let mut lotse = Lotse::prepare(folder.path(), &format!("sqlite://{file}"), "")?;
        let figures = hand_in(&mut lotse, folder.path(), seconds, key, reporter)?;
        lotse.stop();
        let bare = |batch: usize| {
            let fresh = tempfile::tempdir()?;
            let to = fresh.path().join("bare.db").display().to_string();
            Lotse::prepare(fresh.path(), &format!("sqlite://{to}"), "")?.command(&["migrate"])?;
            bare::sqlite(&file, &to, batch)
        };
        print("SQLite", name, figures, bare(1)?, bare(32)?);
    }
    Ok(())
}

fn postgres(seconds: u32) -> Result<(), Fault> {
    for (name, key, reporter) in VARIANTS {
        let folder = tempfile::tempdir()?;
        let server = Postgres::start(&["max_wal_size=4GB", "checkpoint_timeout=30min"])?;
        let url = server.database("lotse")?;
        let mut lotse = Lotse::prepare(folder.path(), &url, "")?;
        let figures = hand_in(&mut lotse, folder.path(), seconds, key, reporter)?;
        lotse.stop();
        let bare = |name: &str, batch: usize| {
            let to = server.database(name)?;
            let fresh = tempfile::tempdir()?;
            Lotse::prepare(fresh.path(), &to, "")?.command(&["migrate"])?;
            bare::postgres(&url, &to, batch)
        };
        print("PostgreSQL", name, figures, bare("one", 1)?, bare("many", 32)?);
    }
    Ok(())
}

fn hand_in(
    lotse: &mut Lotse,
    folder: &std::path::Path,
    seconds: u32,
    key: bool,
    reporter: bool,
) -> Result<wrk::Figures, Fault> {
    lotse.import(MUNICIPALITIES, &directory(folder, "")?)?;
    let token = lotse.token("agent")?;
    lotse.start()?;
    let url = format!("http://{}/api/v1/tickets", lotse.address);
    let script = wrk::requests(&token, key, reporter);
    wrk::run(folder, &url, 1, &script)?;
    let used = lotse.processor_time()?;
    let figures = wrk::run(folder, &url, seconds, &script)?;
    let used = (lotse.processor_time()? - used).as_secs_f64() * 1e6;
    println!(
        "          {:.0} µs of the process's processor time a request",
        used / figures.per_second / f64::from(seconds)
    );
    Ok(figures)
}

fn print(database: &str, variant: &str, figures: wrk::Figures, one: f64, many: f64) {
    let ratio = figures.per_second / many * 100.0;
    println!(
        "{database:<10} {variant:<22} {figures}   bare by 1 {one:>6.0}/s, by 32 {many:>6.0}/s   {ratio:>4.0} % of it"
    );
}
