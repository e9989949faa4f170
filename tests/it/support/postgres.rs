//! PostgreSQL for tests: fresh databases on the suite's server, and private servers for faults.
//!
//! Invariant: a database or server belongs to the value that stands for it and goes when that goes; only processes
//! started here are ever signalled, by their own id.
//! What it does not do: it runs no migrations and speaks no SQL beyond creating and dropping databases.

use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::wait::wait_for_some;

/// The account that runs the server where the tests run as root, which the server refuses.
const ACCOUNT: &str = "postgres";
const PATIENCE: Duration = Duration::from_secs(30);

/// The server that the whole suite shares.
pub struct Postgres {
    url: String,
}

impl Postgres {
    /// The server that `tests/run` started, or that `LOTSE_TEST_POSTGRES_URL` names otherwise.
    ///
    /// # Panics
    /// If the variable is not set: a test on PostgreSQL is never skipped in silence.
    pub fn shared() -> Self {
        let url = std::env::var("LOTSE_TEST_POSTGRES_URL")
            .expect("LOTSE_TEST_POSTGRES_URL is not set: run the tests with tests/run, or name a server to use");
        Self { url }
    }

    /// Creates an empty database that is dropped, with whoever is connected to it, when its URL is.
    pub async fn fresh_database(&self) -> DatabaseUrl {
        DatabaseUrl::create(&self.url).await
    }
}

/// The URL of a database that lives as long as this value.
#[derive(Debug)]
pub struct DatabaseUrl {
    server: String,
    name: String,
    url: String,
}

impl DatabaseUrl {
    pub fn as_str(&self) -> &str {
        &self.url
    }

    async fn create(server: &str) -> Self {
        let name = unique_name();
        let (server, url) = (server.to_owned(), with_database(server, &name));
        let (at, sql) = (server.clone(), format!("CREATE DATABASE \"{name}\" TEMPLATE template0"));
        off_the_runtime(move || psql(&at, &sql)).await.expect("a fresh database");
        Self { server, name, url }
    }
}

impl Deref for DatabaseUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.url
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.url)
    }
}

impl Drop for DatabaseUrl {
    fn drop(&mut self) {
        // Best effort: the server may be gone already, which is what some tests are about.
        let _ = psql(&self.server, &format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name));
    }
}

/// A private server process, durable as in operation, that a test may stop, kill and start again.
pub struct OwnPostgres {
    folder: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
}

impl OwnPostgres {
    /// Sets up and starts a server on a free port of loopback.
    pub async fn start() -> Self {
        let folder = off_the_runtime(initialise).await;
        let mut server = Self { folder, port: 0, process: None };
        // Between looking for a port and listening on it somebody else may take it, so there is a second look.
        for _ in 0..5 {
            server.port = free_port();
            if server.launch().await {
                return server;
            }
        }
        panic!("a private PostgreSQL does not start; its log says:\n{}", server.log());
    }

    /// A streaming replica of this server, which follows it from now on.
    pub async fn replica(&self) -> Self {
        let port = self.port;
        let folder = off_the_runtime(move || copy_of(port)).await;
        let mut replica = Self { folder, port: 0, process: None };
        for _ in 0..5 {
            replica.port = free_port();
            if replica.launch().await {
                return replica;
            }
        }
        panic!("a replica does not start; its log says:\n{}", replica.log());
    }

    /// The URL of another server's database on this one.
    pub fn url_of(&self, database: &DatabaseUrl) -> String {
        with_database(&self.url(), &database.name)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the server's own database `postgres`.
    pub fn url(&self) -> String {
        format!("postgres://{ACCOUNT}@127.0.0.1:{}/postgres", self.port)
    }

    /// Creates an empty database. It outlives stops and restarts, and is dropped with its URL.
    pub async fn fresh_database(&self) -> DatabaseUrl {
        DatabaseUrl::create(&self.url()).await
    }

    /// Stops in order (connections are broken off, everything is written) and starts again.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Stops in order: connections are broken off, everything is written.
    pub async fn stop(&mut self) {
        self.end("INT").await;
    }

    /// Stops at once, without a checkpoint: the next start recovers from the log.
    pub async fn stop_immediately(&mut self) {
        self.end("QUIT").await;
    }

    /// Kills the server with SIGKILL: its other processes notice and end by themselves.
    pub async fn kill(&mut self) {
        self.end("KILL").await;
    }

    /// Starts again after `stop`, `stop_immediately` or `kill`, on the same port with the same data.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "the private PostgreSQL runs already");
        // After a kill, processes that still end keep the data locked for a moment.
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.launch().await {
                return;
            }
        }
        panic!("a private PostgreSQL does not start again; its log says:\n{}", self.log());
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Whether the server came up; it may also end instead, for instance because its port is taken.
    async fn launch(&mut self) -> bool {
        let folder = self.folder.path();
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).expect("a log file");
        let also_log = log.try_clone().expect("a second handle on the log file");
        // A child of its own, not daemonised by pg_ctl: whoever ends this test's process group ends the server too.
        let mut process = as_server_account(&binary("postgres"))
            .arg("-D")
            .arg(folder.join("data"))
            .arg("-k")
            .arg(folder)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-c", "fsync=on", "-c", "synchronous_commit=on"])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(also_log)
            .spawn()
            .expect("the PostgreSQL server program");
        let url = self.url();
        let is_up = wait_for_some("a private PostgreSQL to start or end", PATIENCE, || {
            let has_ended = process.try_wait().expect("the state of a child").is_some();
            let url = url.clone();
            async move {
                if has_ended {
                    return Some(false);
                }
                off_the_runtime(move || psql(&url, "SELECT 1")).await.ok().map(|()| true)
            }
        })
        .await;
        if is_up {
            self.process = Some(process);
        }
        is_up
    }

    async fn end(&mut self, signal: &'static str) {
        let Some(mut process) = self.process.take() else { return };
        off_the_runtime(move || end_process(&mut process, signal)).await;
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            end_process(&mut process, "QUIT");
        }
    }
}

/// Sends the signal to this child and waits for its end.
fn end_process(process: &mut Child, signal: &str) {
    let id = process.id().to_string();
    let _ = Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &id]).status();
    let _ = process.wait();
}

/// A folder that the server account owns.
fn own_folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("lotse-pg-").tempdir().expect("a temporary folder");
    if is_root() {
        let uid = id_of("-u");
        chown(folder.path(), Some(uid), Some(id_of("-g"))).expect("root may give a folder away");
    }
    folder
}

/// The cluster of the server at this port, made ready to follow it.
fn copy_of(port: u16) -> tempfile::TempDir {
    let folder = own_folder();
    let made = as_server_account(&binary("pg_basebackup"))
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", ACCOUNT])
        .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"])
        .output()
        .expect("the program pg_basebackup");
    assert!(made.status.success(), "pg_basebackup failed: {}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// Makes a folder with an empty cluster in it.
fn initialise() -> tempfile::TempDir {
    let folder = own_folder();
    let made = as_server_account(&binary("initdb"))
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        .output()
        .expect("the program initdb");
    assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// A command under the account that may run the server: for root another one, for anybody else their own.
fn as_server_account(program: &Path) -> Command {
    let mut command = Command::new(program);
    // The working folder may be closed to that account.
    command.current_dir("/");
    if is_root() {
        command.uid(id_of("-u")).gid(id_of("-g"));
    }
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn id_of(kind: &str) -> u32 {
    let asked = Command::new("id").args([kind, ACCOUNT]).output().expect("the program id");
    let text = String::from_utf8_lossy(&asked.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("there is no account {ACCOUNT}: install PostgreSQL's server"))
}

/// A program of the newest PostgreSQL that is installed.
fn binary(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    match newest {
        Some(version) => PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/{name}")),
        None => PathBuf::from(name),
    }
}

/// A free port below those that the kernel hands out by itself, so that it is likely still free after a restart.
fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    for _ in 0..1000 {
        let try_number = std::process::id().wrapping_mul(31).wrapping_add(TRIED.fetch_add(1, Ordering::SeqCst));
        let port = 16_000 + (try_number % 16_000) as u16;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port for a private PostgreSQL");
}

fn unique_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let number = MADE.fetch_add(1, Ordering::SeqCst);
    format!("lotse_test_{:x}_{:x}_{number}", std::process::id(), since.as_micros())
}

/// The same server URL with another database in its path; parameters stay.
fn with_database(server: &str, name: &str) -> String {
    let (address, parameters) = match server.split_once('?') {
        Some((address, parameters)) => (address, format!("?{parameters}")),
        None => (server, String::new()),
    };
    let authority = address.find("://").map_or(0, |at| at + 3);
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    format!("{}/{name}{parameters}", &address[..end])
}

fn psql(url: &str, sql: &str) -> Result<(), String> {
    let asked = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--command", sql, url])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("psql does not run: {error}"))?;
    if asked.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&asked.stderr).into_owned()) }
}

async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("work off the runtime does not panic")
}

/// What a database answers to this, a line a row.
pub fn psql_answers(url: &str, sql: &str) -> String {
    let asked = Command::new("psql").args(["-X", "-A", "-t", "-q", "-c", sql, url]).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    String::from_utf8_lossy(&asked.stdout).into_owned()
}
