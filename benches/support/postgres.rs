//! A private PostgreSQL, durable as in operation, on a free port of loopback.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Fault;

/// The account that runs the server where the bench runs as root, which the server refuses.
const ACCOUNT: &str = "postgres";

/// A server that ends with this value.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
}

impl Postgres {
    /// Sets up and starts a server; `settings` are `name=value`.
    pub fn start(settings: &[&str]) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        if is_root() {
            let passwd = std::fs::read_to_string("/etc/passwd")?;
            let entry = passwd.lines().find(|line| line.starts_with("postgres:")).ok_or("no account postgres")?;
            let id: u32 = entry.split(':').nth(2).ok_or("odd passwd")?.parse()?;
            chown(folder.path(), Some(id), Some(id))?;
        }
        let data = folder.path().join("data");
        let status = as_account(&programs()?.join("initdb"), folder.path())
            .arg("-D")
            .arg(&data)
            .args(["-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err("initdb failed".into());
        }
        let mut server = Self { folder, port: 0, process: None };
        server.launch(settings)?;
        // A server that has run for a while writes into log files it has used before; a fresh one has to make each of
        // them first, which shows as pauses.
        server.psql(
            "postgres",
            "SELECT count(pg_logical_emit_message(false, '', repeat('x', 1000000))) FROM generate_series(1, 800)",
        )?;
        server.psql("postgres", "CHECKPOINT")?;
        Ok(server)
    }

    fn launch(&mut self, settings: &[&str]) -> Result<(), Fault> {
        self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = as_account(&programs()?.join("postgres"), self.folder.path());
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-c",
            "shared_buffers=512MB",
            "-c",
            "min_wal_size=1GB",
        ]);
        settings.iter().for_each(|setting| {
            command.args(["-c", setting]);
        });
        let log = std::fs::File::create(self.folder.path().join("log"))?;
        self.process = Some(command.stdout(Stdio::null()).stderr(log).process_group(0).spawn()?);
        for _ in 0..300 {
            if self.psql("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("PostgreSQL does not start".into())
    }

    /// The address of a fresh database.
    pub fn database(&self, name: &str) -> Result<String, Fault> {
        self.psql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(format!("postgres://{ACCOUNT}@127.0.0.1:{}/{name}", self.port))
    }

    /// Runs SQL; answers what it printed, bare.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, Fault> {
        let output = Command::new(programs()?.join("psql"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", ACCOUNT, "-d", database])
            .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()?;
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout)?.trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            Command::new("kill").arg("-INT").arg(process.id().to_string()).status().ok();
            process.wait().ok();
        }
    }
}

fn programs() -> Result<PathBuf, Fault> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql")?.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    found.sort();
    found.pop().ok_or_else(|| "no PostgreSQL is installed".into())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn as_account(program: &Path, at: &Path) -> Command {
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            let account = [&format!("--reuid={ACCOUNT}"), &format!("--regid={ACCOUNT}")];
            command.args(account).args(["--init-groups", "--pdeathsig", "INT"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.current_dir(at);
    command
}
