//! How fast "who can help me?" is answered out of memory with the national directory, against the framework alone;
//! and what the process weighs.
//!
//! `cargo bench --bench help -- --municipalities FILE.csv [--seconds 5]`; needs `wrk`. The file is the national list of
//! municipalities; 600 services and 5,000 live adoptions are made up here.

mod support;

use std::path::Path;
use std::time::Duration;

use support::lotse::{Lotse, MUNICIPALITIES, binary, directory};
use support::{Fault, argument, limits, load, wrk};

const SERVICES: usize = 600;
const ADOPTIONS: usize = 5_000;

fn main() -> Result<(), Fault> {
    let seconds: u32 = argument("--seconds").map_or(Ok(5), |s| s.parse())?;
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
    let pairs = pairs(&all);
    let file = directory(folder.path(), &made_up(&pairs))?;
    lotse.import(&municipalities, &file)?;
    let ready = starts(&mut lotse)?;
    println!("national directory: {} municipalities, {SERVICES} services, {ADOPTIONS} adoptions", all.len());
    println!("  ready after {:.0} ms; memory {:.0} MB", ready.as_secs_f64() * 1000.0, lotse.memory()?);

    let url = format!("http://{}/api/v1/help", lotse.address);
    let script = script(&pairs, &all);
    for _ in 0..2 {
        let before = limits::hello(folder.path(), seconds)?;
        let help = wrk::run(folder.path(), &url, seconds, &script)?;
        let after = limits::hello(folder.path(), seconds)?;
        let limit = f64::midpoint(before.per_second, after.per_second);
        println!("  hello before {before}\n  hello after  {after}");
        println!("  help         {help}   {:.0} % of hello", help.per_second / limit * 100.0);
    }
    println!("  memory after the load {:.0} MB", lotse.memory()?);
    println!("load {}", load());
    Ok(())
}

/// The sample alone: what the process weighs and how soon it is there.
fn at_rest() -> Result<(), Fault> {
    let folder = tempfile::tempdir()?;
    let mut lotse = prepare(folder.path())?;
    lotse.import(MUNICIPALITIES, &directory(folder.path(), "")?)?;
    let ready = starts(&mut lotse)?;
    std::thread::sleep(Duration::from_secs(2));
    println!("binary {:.1} MB", std::fs::metadata(binary())?.len() as f64 / 1e6);
    println!(
        "small directory: ready after {:.0} ms; memory at rest {:.0} MB",
        ready.as_secs_f64() * 1000.0,
        lotse.memory()?
    );
    Ok(())
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

/// Which municipality uses which service, spread over both, each pair once.
fn pairs(municipalities: &[String]) -> Vec<(usize, String)> {
    let at = |n: usize| (n % SERVICES, municipalities[(n * 7 + n / SERVICES) % municipalities.len()].clone());
    let mut pairs: Vec<_> = (0..ADOPTIONS).map(at).collect();
    pairs.sort();
    pairs.dedup();
    pairs
}

fn made_up(pairs: &[(usize, String)]) -> String {
    let mut text = String::new();
    for n in 0..SERVICES {
        text.push_str(&format!(
            "\n[[service]]\nslug = \"dienst-{n}\"\nname = \"Onlinedienst {n}\"\noperating_land = \"HH\"\noperator = \"Dataport\"\n"
        ));
    }
    for (service, ars) in pairs {
        text.push_str(&format!(
            r#"
[[adoption]]
service = "dienst-{service}"
ars = "{ars}"
state = "live"
central = ["zentral"]
[[adoption.channel]]
kind = "115"
label = "Behördennummer 115"
phone = "115"
hours = "Mo-Fr 08:00-18:00; PH off"
languages = ["de"]
[[adoption.channel]]
kind = "email"
label = "Bürgerbüro"
email = "buergerbuero-{ars}@example.org"
hours = "Mo-Fr 08:00-16:00; PH off"
languages = ["de", "en"]
"#
        ));
    }
    text
}

/// Lua that asks for 4 pairs in use and then one that is not, all over the country.
fn script(pairs: &[(usize, String)], all: &[String]) -> String {
    let mut paths = String::new();
    for (n, (service, ars)) in pairs.iter().enumerate() {
        let other = n % 5 == 4;
        let ars = if other { &all[(n * 13) % all.len()] } else { ars };
        paths.push_str(&format!("\"/api/v1/help?service=dienst-{service}&ars={ars}\",\n"));
    }
    format!(
        "local paths, made, n = {{\n{paths}}}, {{}}, 0\n\
         function init()\n  for i, path in ipairs(paths) do made[i] = wrk.format(\"GET\", path) end\nend\n\
         function request()\n  n = n % #made + 1\n  return made[n]\nend\n"
    )
}
