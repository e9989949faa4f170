//! How fast the pages of those who work here answer with many requests: the list, a request, a search, the figures.
//!
//! `cargo bench --bench pages -- [--database sqlite,postgres] [--sizes 10000,1000000] [--keep FOLDER] [--count 300]
//! [--server postgres://postgres@127.0.0.1:5432]`. Databases are filled by `lotse demo --tickets` and kept in FOLDER
//! (with `--server`, on a PostgreSQL of one's own) for the next run. One caller at a time: what is measured is the time of
//! a page, not how many there are in a second.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use support::lotse::binary;
use support::postgres::Postgres;
use support::{Fault, argument, databases, load, percentiles};

/// The most a page may take, in milliseconds; the figures have more.
const MOST: f64 = 20.0;
const MOST_FIGURES: f64 = 300.0;

fn main() -> Result<(), Fault> {
    let sizes = argument("--sizes").unwrap_or("10000,1000000".into());
    let sizes: Vec<usize> = sizes.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let count: usize = argument("--count").map_or(Ok(300), |s| s.parse())?;
    let own = tempfile::tempdir()?;
    let keep = argument("--keep").map_or(own.path().to_owned(), PathBuf::from);
    for database in databases() {
        let server = match (database.as_str(), argument("--server")) {
            ("postgres", None) => Some(Postgres::start(&["max_wal_size=8GB"])?),
            _ => None,
        };
        let mut before: Vec<(String, f64)> = Vec::new();
        for size in &sizes {
            let folder = keep.join(format!("{database}-{size}"));
            let url = match (&server, argument("--server")) {
                (Some(server), _) => Some(server.database(&format!("lotse_{size}"))?),
                (None, Some(server)) if database == "postgres" => Some(format!("{server}/lotse_{size}")),
                _ => None,
            };
            let lotse = Demo::filled(&folder, url.as_deref(), *size)?;
            println!(
                "{database}, {size} requests; ready after {:.0} ms; load {}",
                lotse.ready.as_secs_f64() * 1e3,
                load()
            );
            let mut now = Vec::new();
            for (name, login, path) in paths(*size, numbers(&lotse, *size)?) {
                let (p50, p99, bytes) = measure(&lotse, login, count, path)?;
                let small = before.iter().find(|(known, _)| *known == name).map(|(_, p50)| p50);
                let ratio = small.map_or(String::new(), |small| format!("   {:.1} times", p50 / small));
                let most = if name.starts_with("figures") { MOST_FIGURES } else { MOST };
                let missed = if p99 > most { "   MISSED" } else { "" };
                println!("  {name:<34} p50 {p50:>7.2} ms  p99 {p99:>7.2} ms  {bytes:>7} bytes{ratio}{missed}");
                now.push((name, p50));
            }
            println!("  memory {:.0} MB; load {}", lotse.memory()?, load());
            before = now;
        }
    }
    Ok(())
}

type Address = Box<dyn Fn(&mut StdRng) -> String>;

/// What is asked for: its name, by whom, and the address.
fn paths(size: usize, numbers: Vec<String>) -> Vec<(String, &'static str, Address)> {
    let fixed = |path: &'static str| -> Address { Box::new(move |_| path.to_owned()) };
    let by = numbers.clone();
    let ticket: Address =
        Box::new(move |chance| format!("/anfragen/{}", numbers[chance.random_range(0..numbers.len())]));
    let by_number: Address = Box::new(move |chance| format!("/anfragen?q={}", by[chance.random_range(0..by.len())]));
    let rare: Address = Box::new(move |chance| format!("/anfragen?sort=neu&stand=closed&q={}", code(chance, size)));
    [
        ("list, everything", "revision", fixed("/anfragen")),
        ("list, one municipality", "kiel.zentral", fixed("/anfragen")),
        ("list, nobody's, one place", "revision", fixed("/anfragen?ansicht=frei&ort=010020000000")),
        ("list, newest first, closed", "revision", fixed("/anfragen?stand=closed&sort=neu")),
        ("ticket", "revision", ticket),
        ("search, number", "revision", by_number),
        ("search, open, frequent word", "revision", fixed("/anfragen?q=formular")),
        ("search, open, two words", "revision", fixed("/anfragen?q=bescheinigung+nachbarin")),
        ("search, closed, rare word", "revision", rare),
        ("search, closed, frequent word", "revision", fixed("/anfragen?q=formular&stand=closed&sort=neu")),
        ("figures, a year", "revision", fixed("/zahlen?zeitraum=year")),
        ("figures, a year, one place", "kiel.zentral", fixed("/zahlen?zeitraum=year")),
    ]
    .map(|(name, login, path)| (name.to_owned(), login, path))
    .into()
}

/// The beginning of a code that some ten or twenty requests have.
fn code(chance: &mut StdRng, size: usize) -> String {
    match size {
        ..100_000 => format!("OD{:02x}", chance.random_range(0..0x100)),
        _ => format!("OD{:04x}", chance.random_range(0..0x10000)),
    }
}

/// Numbers of requests from all over the years.
fn numbers(lotse: &Demo, size: usize) -> Result<Vec<String>, Fault> {
    let (mut caller, mut chance, mut found) =
        (Caller::log_in(lotse, "revision")?, StdRng::seed_from_u64(3), Vec::new());
    for _ in 0..100 {
        let (_, body, _) =
            caller.ask("GET", &format!("/anfragen?sort=neu&stand=closed&q={}", code(&mut chance, size)), "")?;
        let numbers = body.split("href=\"/anfragen/").skip(1).filter_map(|rest| rest.split(['"', '?', '#']).next());
        found.extend(numbers.filter(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned));
        if found.len() >= 300 {
            break;
        }
    }
    if found.is_empty() { Err("no request was found".into()) } else { Ok(found) }
}

fn measure(lotse: &Demo, login: &str, count: usize, path: Address) -> Result<(f64, f64, usize), Fault> {
    let mut chance = StdRng::seed_from_u64(7);
    let mut caller = Caller::log_in(lotse, login)?;
    let (mut all, mut bytes) = (Vec::with_capacity(count), 0);
    for round in 0..count + 10 {
        let path = path(&mut chance);
        let began = Instant::now();
        let (status, body, _) = caller.ask("GET", &path, "")?;
        // The first ones find nothing in memory yet.
        if round >= 10 {
            all.push(began.elapsed());
        }
        if status != 200 {
            return Err(format!("{path}: {status}").into());
        }
        bytes = body.len();
    }
    let (p50, p99) = percentiles(all);
    Ok((p50, p99, bytes))
}

/// `lotse demo` as a process.
struct Demo {
    address: String,
    password: String,
    ready: Duration,
    child: Child,
}

impl Demo {
    /// Fills the database where that was not done, then starts it.
    fn filled(folder: &Path, url: Option<&str>, size: usize) -> Result<Self, Fault> {
        std::fs::create_dir_all(folder)?;
        let mut common: Vec<String> = vec!["demo".into(), "--directory".into(), folder.display().to_string()];
        common.extend(url.into_iter().flat_map(|url| ["--database".to_owned(), url.to_owned()]));
        let done = folder.join("filled");
        if !done.exists() {
            let filling = ["--tickets".to_owned(), size.to_string(), "--fill-only".to_owned()];
            if !Command::new(binary()).args(&common).args(filling).status()?.success() {
                return Err("could not be filled".into());
            }
            std::fs::write(&done, "")?;
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let began = Instant::now();
        let mut command = Command::new(binary());
        let mut child = command.args(&common).args(["--listen", &address]).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
        let said =
            lines.find_map(|line| line.ok()?.split_once("the password is ").map(|(_, word)| word.trim().to_owned()));
        let password = said.ok_or("the demo named no password")?;
        // What else it prints is let go.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { address, password, ready: began.elapsed(), child })
    }

    fn memory(&self) -> Result<f64, Fault> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0 / 1e6)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().ok();
        self.child.wait().ok();
    }
}

/// Somebody with a session on one connection.
struct Caller {
    stream: BufReader<TcpStream>,
    cookie: String,
}

impl Caller {
    fn log_in(lotse: &Demo, login: &str) -> Result<Self, Fault> {
        let stream = TcpStream::connect(&lotse.address)?;
        stream.set_nodelay(true)?;
        let mut caller = Self { stream: BufReader::new(stream), cookie: String::new() };
        let form = format!("login={login}&password={}&csrf=", lotse.password);
        let (status, body, cookie) = caller.ask("POST", "/anmelden", &form)?;
        caller.cookie = cookie.ok_or_else(|| format!("{login} could not log in: {status} {body}"))?;
        Ok(caller)
    }

    fn ask(&mut self, method: &str, path: &str, form: &str) -> Result<(u16, String, Option<String>), Fault> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nSec-Fetch-Site: same-origin\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.cookie,
            form.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut status, mut length, mut cookie) = (String::new(), None, 0usize, None);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let text = line.trim();
            match text.split_once(':') {
                _ if text.is_empty() => break,
                _ if status.is_none() => status = text.split(' ').nth(1).and_then(|code| code.parse().ok()),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
                Some((name, value)) if name.eq_ignore_ascii_case("set-cookie") => {
                    cookie = value.split(';').next().map(|pair| pair.trim().to_owned());
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status.unwrap_or_default(), String::from_utf8_lossy(&body).into_owned(), cookie))
    }
}
