//! `lotse serve` as a process with a settings file of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Fault;

/// The master key of every bench.
pub const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The binary: that which was built with the bench, or `LOTSE_BINARY`, to compare with another.
pub fn binary() -> String {
    std::env::var("LOTSE_BINARY").unwrap_or(env!("CARGO_BIN_EXE_lotse").to_owned())
}

/// The municipalities of the sample that the binary carries; Kiel is one of them.
pub const MUNICIPALITIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/directory/sample/municipalities.csv");

/// A directory with one service that Kiel uses, and what `more` adds to it.
pub fn directory(folder: &Path, more: &str) -> Result<String, Fault> {
    let today = chrono::Utc::now().date_naive();
    let text = format!(
        r#"
[[contact]]
id = "zentral"
name = "Kiel, Zentrale Ansprechstelle"
email = "zentral@kiel.example.org"
confirmed_on = {today}

[[service]]
slug = "wohnsitzanmeldung"
name = "Elektronische Wohnsitzanmeldung"
operating_land = "HH"
operator = "Dataport"

[[adoption]]
service = "wohnsitzanmeldung"
ars = "010020000000"
state = "live"
central = ["zentral"]
[[adoption.channel]]
kind = "115"
label = "Behördennummer 115"
phone = "115"
hours = "Mo-Fr 08:00-18:00; PH off"
languages = ["de"]
{more}"#
    );
    let file = folder.join("directory.toml");
    std::fs::write(&file, text)?;
    Ok(file.display().to_string())
}

/// A prepared installation, running or not.
pub struct Lotse {
    /// Where it listens, such as `127.0.0.1:8115`.
    pub address: String,
    settings: PathBuf,
    child: Option<Child>,
}

impl Lotse {
    /// Writes the settings: a database and, below it, whatever else is given as TOML.
    pub fn prepare(folder: &Path, database: &str, more: &str) -> Result<Self, Fault> {
        let free = TcpListener::bind("127.0.0.1:0")?;
        let address = free.local_addr()?.to_string();
        drop(free);
        let mails = folder.join("mails");
        std::fs::create_dir_all(&mails)?;
        let mail = match more.contains("[mail]") {
            true => String::new(),
            false => format!("[mail]\ntransport = \"file\"\nallow_file_transport = true\ndirectory = {mails:?}\n"),
        };
        let text = format!(
            "[server]\nlisten = \"{address}\"\n[database]\nurl = \"{database}\"\n\
             [security]\nmaster_key = \"{MASTER_KEY}\"\n{mail}{more}"
        );
        let settings = folder.join("lotse.toml");
        std::fs::write(&settings, text)?;
        Ok(Self { address, settings, child: None })
    }

    /// Runs a command on the same settings; answers what it printed.
    pub fn command(&self, arguments: &[&str]) -> Result<String, Fault> {
        let output = Command::new(binary()).arg("--config").arg(&self.settings).args(arguments).output()?;
        if !output.status.success() {
            return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Imports municipalities and directory.
    pub fn import(&self, municipalities: &str, directory: &str) -> Result<(), Fault> {
        self.command(&["import", "municipalities", municipalities])?;
        self.command(&["import", "directory", directory])?;
        Ok(())
    }

    /// A token that may hand in, assess and escalate, everywhere.
    pub fn token(&self, role: &str) -> Result<String, Fault> {
        self.command(&["token", "create", "--name", "bench", "--role", role])
    }

    /// Starts it; answers how long it took until it was ready. The log goes to a file, as a service's does.
    pub fn start(&mut self) -> Result<Duration, Fault> {
        let began = Instant::now();
        let log = std::fs::File::create(self.settings.with_extension("log"))?;
        let mut command = Command::new(binary());
        command.arg("--config").arg(&self.settings).arg("serve").stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn()?);
        while began.elapsed() < Duration::from_secs(120) {
            if is_ready(&self.address) {
                return Ok(began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!("not ready: {}", std::fs::read_to_string(self.settings.with_extension("log"))?).into())
    }

    /// The process, while it runs.
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Resident memory in megabytes (`VmRSS`, decimal).
    pub fn memory(&self) -> Result<f64, Fault> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0 / 1e6)
    }

    /// Processor time used so far.
    pub fn processor_time(&self) -> Result<Duration, Fault> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields.get(11..13).ok_or("short stat")?.iter().filter_map(|t| t.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().ok();
            child.wait().ok();
        }
    }
}

impl Drop for Lotse {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn is_ready(address: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
