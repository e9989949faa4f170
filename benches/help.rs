//! How fast "who can help me?" is answered out of memory with the national directory, against the framework alone;
//! what the process weighs, and how soon a change is shown.
//!
//! `cargo bench --bench help -- --municipalities FILE.csv [--services 60] [--seconds 5] [--starts-only]`; needs `wrk`. The file is the
//! national list of municipalities; 600 services are made up here, and each municipality uses as many of them as
//! `--services` says, each with two help channels: 600 is everything that can be.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use support::lotse::{Lotse, MUNICIPALITIES, binary, directory};
use support::{Fault, argument, bare, limits, load, wrk};

const SERVICES: usize = 600;
/// The most the process may weigh, in megabytes.
const MOST_MEMORY: f64 = 200.0;
/// The longest until a change is shown.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

fn main() -> Result<(), Fault> {
    let seconds: u32 = argument("--seconds").map_or(Ok(5), |s| s.parse())?;
    let services: usize = argument("--services").map_or(Ok(60), |s| s.parse())?;
    let municipalities = argument("--municipalities").ok_or("name the file: --municipalities FILE.csv")?;
    println!("load {}", load());
    at_rest()?;

    let folder = tempfile::tempdir()?;
    let mut lotse = prepare(folder.path())?;
    let all: Vec<String> = std::fs::read_to_string(&municipalities)?
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next().map(str::to_owned))
        .collect();
    let file = directory(folder.path(), &made_up())?;
    lotse.import(&municipalities, &file)?;
    let database = folder.path().join("lotse.db").display().to_string();
    bare::run_on_sqlite(&database, &filled(services))?;
    println!("national directory: {} municipalities, {SERVICES} services, each uses {services}", all.len());
    let (first, kept) = first_start(&mut lotse, &database)?;
    println!(
        "  ready after the import, every adoption read: {:.0} ms; the copy is there {:.1} s later",
        millis(first),
        kept.as_secs_f64()
    );
    let ready = starts(&mut lotse)?;
    println!("  ready after {:.0} ms; memory {:.0} MB", millis(ready), lotse.memory()?);
    if std::env::args().any(|word| word == "--starts-only") {
        return Ok(());
    }

    let host = format!("http://{}", lotse.address);
    let json = |ars: &str, service: usize| format!("/api/v1/help?service=dienst-{service}&ars={ars}");
    let page = |ars: &str, service: usize| format!("/hilfe/dienst-{service}/{ars}");
    for (what, script) in [("JSON", script(&all, json)), ("page", script(&all, page))] {
        let before = limits::hello(folder.path(), seconds)?;
        let help = wrk::run(folder.path(), &host, seconds, &script)?;
        let after = limits::hello(folder.path(), seconds)?;
        let limit = f64::midpoint(before.per_second, after.per_second);
        println!("  hello before {before}\n  hello after  {after}");
        println!("  help, {what}   {help}   {:.0} % of hello", help.per_second / limit * 100.0);
    }
    for n in 0..5 {
        let took = change(&lotse, folder.path(), &database, &all[n * 100])?;
        let missed = if took > SHOWN_WITHIN { "   MISSED" } else { "" };
        println!("  a change of another process is shown {:.0} ms after its commit{missed}", millis(took));
    }
    let memory = lotse.memory()?;
    println!("  memory after the load and the changes {memory:.0} MB");
    println!("load {}", load());
    if memory > MOST_MEMORY { Err(format!("more than {MOST_MEMORY} MB").into()) } else { Ok(()) }
}

/// How long it takes from the commit of an import by another process until what it changed is shown.
fn change(lotse: &Lotse, folder: &Path, database: &str, ars: &str) -> Result<Duration, Fault> {
    let label = format!("Neu-{ars}");
    let text = format!(
        "[[adoption]]\nservice = \"dienst-7\"\nars = \"{ars}\"\nstate = \"live\"\ncentral = [\"zentral\"]\n\
         [[adoption.channel]]\nkind = \"web\"\nlabel = \"{label}\"\nurl = \"https://hilfe.example.org\"\n"
    );
    let file = folder.join("change.toml");
    std::fs::write(&file, text)?;
    let version = || bare::number_on_sqlite(database, "SELECT version FROM changes WHERE topic = 'directory'");
    let before = version()?;
    let command = || lotse.command(&["import", "directory", &file.display().to_string()]).map_err(|e| e.to_string());
    std::thread::scope(|scope| {
        let command = scope.spawn(command);
        while version()? == before && !command.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let committed = Instant::now();
        while committed.elapsed() < SHOWN_WITHIN * 20 {
            let mut stream = TcpStream::connect(&lotse.address)?;
            let request = format!(
                "GET /api/v1/help?service=dienst-7&ars={ars} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            if answer.contains(&label) {
                let took = committed.elapsed();
                command.join().map_err(|_| "the command broke down")??;
                return Ok(took);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!("a change is not shown within {:?}", SHOWN_WITHIN * 20).into())
    })
}

/// The sample alone: what the process weighs and how soon it is there.
fn at_rest() -> Result<(), Fault> {
    let folder = tempfile::tempdir()?;
    let mut lotse = prepare(folder.path())?;
    lotse.import(MUNICIPALITIES, &directory(folder.path(), "")?)?;
    let ready = starts(&mut lotse)?;
    std::thread::sleep(Duration::from_secs(2));
    println!("binary {:.1} MB", std::fs::metadata(binary())?.len() as f64 / 1e6);
    println!("small directory: ready after {:.0} ms; memory at rest {:.0} MB", millis(ready), lotse.memory()?);
    Ok(())
}

/// The start that has no copy of the adoptions yet, and how long it then takes until there is one.
fn first_start(lotse: &mut Lotse, database: &str) -> Result<(Duration, Duration), Fault> {
    let ready = lotse.start()?;
    let began = Instant::now();
    while bare::number_on_sqlite(database, "SELECT version FROM changes WHERE topic = 'kept_help'")? == 0 {
        if began.elapsed() > Duration::from_secs(300) {
            return Err("no copy was written".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((ready, began.elapsed()))
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn prepare(folder: &Path) -> Result<Lotse, Fault> {
    Lotse::prepare(folder, &format!("sqlite://{}", folder.join("lotse.db").display()), "")
}

/// The middle of five starts.
fn starts(lotse: &mut Lotse) -> Result<Duration, Fault> {
    let mut all = Vec::new();
    for _ in 0..5 {
        lotse.stop();
        all.push(lotse.start()?);
    }
    all.sort_unstable();
    Ok(all[2])
}

fn made_up() -> String {
    let service = |n| {
        format!(
            "\n[[service]]\nslug = \"dienst-{n}\"\nname = \"Onlinedienst {n}\"\noperating_land = \"HH\"\noperator = \"Dataport\"\n"
        )
    };
    (0..SERVICES).map(service).collect()
}

/// Live adoptions of `services` services in each municipality: 115, and an office of the municipality.
fn filled(services: usize) -> String {
    let at = "2026-11-24 10:00:00.000000";
    let pairs = format!(
        "FROM municipalities m CROSS JOIN services s WHERE s.slug LIKE 'dienst-%'
         AND (CAST(substr(s.slug, 8) AS INTEGER) + m.rowid * 7) % {SERVICES} < {services}"
    );
    let channel = |position: usize, columns: &str| {
        format!(
            "INSERT INTO help_channels (id, service, ars, position, kind, label, phone, email, hours, languages, version, updated_at)
             SELECT randomblob(16), s.slug, m.ars, {position}, {columns}, 1, '{at}' {pairs};"
        )
    };
    format!(
        "PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; BEGIN;
         INSERT INTO adoptions (id, service, ars, state, version, updated_at, changed_in)
         SELECT randomblob(16), s.slug, m.ars, 'live', 1, '{at}', 1 {pairs};
         {} {} COMMIT;",
        channel(0, "'115', 'Behördennummer 115', '115', NULL, 'Mo-Fr 08:00-18:00; PH off', 'de'"),
        channel(
            1,
            "'email', 'Bürgerbüro', NULL, 'buergerbuero-' || m.ars || '@example.org', 'Mo-Fr 08:00-16:00; PH off', 'de,en'"
        ),
    )
}

/// Lua that asks for 20,000 of the pairs there can be, all over the country.
fn script(all: &[String], path: impl Fn(&str, usize) -> String) -> String {
    let paths: String =
        (0..20_000).map(|n| format!("\"{}\",\n", path(&all[n * 13 % all.len()], n * 7 % SERVICES))).collect();
    format!(
        "local paths, made, n = {{\n{paths}}}, {{}}, 0\n\
         function init()\n  for i, path in ipairs(paths) do made[i] = wrk.format(\"GET\", path) end\nend\n\
         function request()\n  n = n % #made + 1\n  return made[n]\nend\n"
    )
}
