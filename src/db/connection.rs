//! Opening connections, and what their errors mean.
//!
//! Invariant: every SQLite connection has its pragmas set before anyone uses it; a connection that an error
//! has made doubtful is not given out again. Where next: `mod.rs`.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::Settings;
use crate::error::AppError;

/// A connection to either database; queries are written once against it.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded, one file.
    Sqlite,
    /// A server, several instances of Lotse.
    Postgres,
}

impl Backend {
    /// The backend an address names.
    pub fn of(url: &str) -> Result<Self, AppError> {
        if url.starts_with("sqlite:") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres)
        } else {
            Err(AppError::field("database.url", "must begin with sqlite:// or postgres://"))
        }
    }
}

/// The file an address of SQLite names.
pub fn sqlite_path(url: &str) -> &str {
    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url)
}

const PRAGMAS: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
     PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY; \
     PRAGMA journal_size_limit=67108864;";

/// Sets what SQLite keeps for a connection only. Of several processes that open a fresh database at once, one turns
/// WAL on; the others hear at once that it is locked, whatever the timeout says, and ask again.
fn prepare(conn: &mut SqliteConnection) -> Result<(), AppError> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        match conn.batch_execute(PRAGMAS).map_err(AppError::from) {
            Err(AppError::Unavailable(_)) if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            set => return set,
        }
    }
}

/// Opens one connection.
pub(super) fn open(url: &str) -> Result<Conn, AppError> {
    let unavailable = |e: ConnectionError| AppError::Unavailable(format!("cannot open the database: {e}"));
    match Backend::of(url)? {
        Backend::Sqlite => {
            let mut conn = SqliteConnection::establish(sqlite_path(url)).map_err(unavailable)?;
            prepare(&mut conn)?;
            Ok(Conn::Sqlite(conn))
        }
        Backend::Postgres => {
            let mut conn = PgConnection::establish(&noticing(url)).map_err(unavailable)?;
            conn.batch_execute("SET TIME ZONE 'UTC'; SET application_name = 'lotse'; SET lock_timeout = '10s'")?;
            Ok(Conn::Postgres(conn))
        }
    }
}

/// The address with bounds after which a server that has vanished without a word is given up; what the address says
/// of them itself stays.
fn noticing(url: &str) -> String {
    let bounds = [
        "connect_timeout=5",
        "keepalives_idle=5",
        "keepalives_interval=2",
        "keepalives_count=3",
        "tcp_user_timeout=10000",
    ];
    let mut url = url.to_owned();
    for bound in bounds {
        let name = bound.split('=').next().unwrap_or_default();
        if !url.contains(name) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(bound);
        }
    }
    url
}

/// Refuses a PostgreSQL that would acknowledge what a crash can lose, unless that is explicitly allowed.
pub(super) fn check_durability(settings: &Settings, backend: Backend) -> Result<(), AppError> {
    if backend == Backend::Sqlite || settings.allow_unsafe_durability {
        return Ok(());
    }
    let mut conn = open(&settings.url)?;
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String =
            diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(&format!("current_setting('{name}')")))
                .get_result(&mut conn)?;
        if value == "off" {
            return Err(AppError::field(
                "database.url",
                format!(
                    "this PostgreSQL runs with {name}=off and could lose acknowledged requests in a crash; switch it on, or set database.allow_unsafe_durability=true"
                ),
            ));
        }
    }
    Ok(())
}

/// Runs `query` in a snapshot: REPEATABLE READ on PostgreSQL, whose default would look anew with each statement; on
/// SQLite a deferred transaction, which keeps to the moment of its first read.
pub(super) fn in_one_moment<T>(
    conn: &mut Conn,
    query: impl FnOnce(&mut Conn) -> Result<T, AppError>,
) -> Result<T, AppError> {
    conn.batch_execute(match conn {
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        Conn::Sqlite(_) => "BEGIN",
    })?;
    let result = query(conn);
    // Nothing was changed, so there is nothing to keep. A connection that cannot even end this must not be used again.
    match conn.batch_execute("ROLLBACK") {
        Ok(()) => result,
        Err(fault) => result.and(Err(AppError::Unavailable(format!("a look could not be ended: {fault}")))),
    }
}

/// A pooled connection, with what its last use has taught.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    is_doubtful: bool,
}

impl Pooled {
    /// Notes how a use ended. Diesel tells a dead server only from inside a transaction, so an error that says
    /// the database is away makes the connection doubtful, and the pool replaces it.
    pub(super) fn judge<T>(&mut self, result: Result<T, AppError>) -> Result<T, AppError> {
        self.is_doubtful |= matches!(result, Err(AppError::Unavailable(_)));
        result
    }
}

/// Makes and judges pooled connections.
pub(super) struct Manager {
    pub(super) url: String,
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectFault;

    fn connect(&self) -> Result<Pooled, ConnectFault> {
        open(&self.url).map(|conn| Pooled { conn, is_doubtful: false }).map_err(|e| ConnectFault(e.to_string()))
    }
    fn is_valid(&self, _: &mut Pooled) -> Result<(), ConnectFault> {
        Ok(())
    }
    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        std::thread::panicking() || pooled.is_doubtful || pooled.conn.is_broken()
    }
}

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ConnectFault(String);

impl From<DieselError> for AppError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction
                | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable(info.message().to_owned()),
                DatabaseErrorKind::Unknown if is_passing(info.message()) => {
                    Self::Unavailable(info.message().to_owned())
                }
                DatabaseErrorKind::UniqueViolation => Self::Conflict(format!("it exists already ({})", info.message())),
                _ => Self::Internal(error.to_string()),
            },
            DieselError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            // Types of PostgreSQL's own are always there: the look for one broke off with the server.
            DieselError::SerializationError(_) | DieselError::QueryBuilderError(_)
                if error.to_string().starts_with("Failed to find a type oid") =>
            {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// Faults of the database's surroundings that pass: full disk, restart, fail-over, a lock held too long.
fn is_passing(message: &str) -> bool {
    const SIGNS: [&str; 17] = [
        "disk is full",
        "disk I/O error",
        "database is locked",
        "unable to open database",
        "No space left",
        "server closed the connection",
        "terminating connection",
        "shutting down",
        "starting up",
        "no connection to the server",
        "could not connect",
        "could not receive data",
        "could not send data",
        "read-only transaction",
        "lock timeout",
        "deadlock detected",
        "too many clients",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}
