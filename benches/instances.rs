//! How much more several instances on one PostgreSQL take in and answer than one, as far as the cores of one machine tell.
//!
//! `cargo bench --bench instances [-- --instances 1,2,4] [--seconds 5]`; needs `wrk` and PostgreSQL's server. A load
//! balancer is stood for by one caller for each instance; together they keep 64 connections open. All of them share the
//! cores with PostgreSQL, so what an instance more costs is seen better in processor time than in requests a second.

mod support;

use std::path::Path;
use std::time::Duration;

use support::lotse::{Lotse, MUNICIPALITIES, directory};
use support::postgres::Postgres;
use support::{Fault, argument, load, wrk};

const CONNECTIONS: usize = 64;

fn main() -> Result<(), Fault> {
    let seconds: u32 = argument("--seconds").map_or(Ok(5), |s| s.parse())?;
    let counts = argument("--instances").unwrap_or("1,2,4".into());
    let counts: Vec<usize> = counts.split(',').map(str::parse).collect::<Result<_, _>>()?;
    println!("load {}; {} cores", load(), std::thread::available_parallelism()?);
    for count in counts {
        measure(count, seconds)?;
    }
    println!("load {}", load());
    Ok(())
}

fn measure(count: usize, seconds: u32) -> Result<(), Fault> {
    let server = Postgres::start(&["max_wal_size=4GB", "checkpoint_timeout=30min", "max_connections=300"])?;
    let url = server.database("lotse")?;
    let folders: Vec<tempfile::TempDir> = (0..count).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let mut all: Vec<Lotse> =
        folders.iter().map(|folder| Lotse::prepare(folder.path(), &url, "")).collect::<Result<_, _>>()?;
    let first = all.first().ok_or("no instance")?;
    first.import(MUNICIPALITIES, &directory(folders[0].path(), "")?)?;
    let token = first.token("agent")?;
    for lotse in &mut all {
        lotse.start()?;
    }
    let requests = wrk::requests(&token, false, false);
    for (what, path, script) in [
        ("requests taken in", "/api/v1/tickets", requests.as_str()),
        ("help as JSON", "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000", ""),
    ] {
        together(&all, &folders, path, 1, script)?;
        let before = used(&all)?;
        let figures = together(&all, &folders, path, seconds, script)?;
        let used = (used(&all)? - before).as_secs_f64() * 1e6;
        let per_second: f64 = figures.iter().map(|one| one.per_second).sum();
        let slowest = figures.iter().map(|one| one.p99).fold(0.0, f64::max);
        let failed: u64 = figures.iter().map(|one| one.failed).sum();
        println!(
            "{count} instances, {what:<18} {per_second:>8.0}/s  p99 {slowest:>6.2} ms  {:>6.1} µs of the instances' \
             processor time each{}",
            used / per_second / f64::from(seconds),
            if failed > 0 { format!("  FAILED {failed}") } else { String::new() },
        );
    }
    let told: usize = server.psql("lotse", "SELECT count(*) FROM tickets")?.parse()?;
    let twice = server.psql("lotse", "SELECT count(*) - count(DISTINCT number) FROM tickets")?;
    println!("{count} instances, {told} requests stand there, {twice} numbers twice");
    Ok(())
}

/// One caller for each instance, at the same time.
fn together(
    all: &[Lotse],
    folders: &[tempfile::TempDir],
    path: &str,
    seconds: u32,
    script: &str,
) -> Result<Vec<wrk::Figures>, Fault> {
    let call = |lotse: &Lotse, folder: &Path| {
        let url = format!("http://{}{path}", lotse.address);
        wrk::run_over(CONNECTIONS / all.len(), folder, &url, seconds, script).map_err(|fault| fault.to_string())
    };
    std::thread::scope(|scope| {
        let calls: Vec<_> =
            all.iter().zip(folders).map(|(lotse, folder)| scope.spawn(move || call(lotse, folder.path()))).collect();
        calls.into_iter().map(|call| Ok(call.join().map_err(|_| "a caller broke down")??)).collect()
    })
}

fn used(all: &[Lotse]) -> Result<Duration, Fault> {
    all.iter().map(Lotse::processor_time).sum()
}
