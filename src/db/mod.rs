//! The database: one [`Db`] over SQLite (embedded) and PostgreSQL, with one door to read and one to write.
//!
//! Invariant: [`Db::write`] answers only after its transaction is durable (SQLite: WAL with synchronous=FULL;
//! PostgreSQL: synchronous_commit=on, checked at start), and its closure cannot await, so nothing on a network
//! happens inside a transaction. On SQLite all writes go through one writer thread that gathers what waits into
//! one transaction (`writer.rs`); on PostgreSQL they use a pool, and intake has its own gathering writer
//! (`append.rs`). What other threads should look at after a commit is told by [`Tx::signal`].
//!
//! Where next: `connection.rs` (opening, pragmas, errors), `dialect.rs` (the only place where queries differ by
//! backend), `types.rs` (how ids, times and enums are stored), `schema.rs` (the tables), `backup.rs`, `standing.rs`,
//! `partitions.rs`, `replica.rs` and `pulse.rs` (for those who run it).

mod append;
pub mod backup;
mod connection;
pub mod dialect;
mod migrate;
pub mod partitions;
mod pulse;
mod replica;
pub mod schema;
mod signal;
mod standing;
pub mod types;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::Connection;
use diesel::r2d2::Pool;

pub use append::{Append, Appender};
pub use connection::{Backend, Conn, MultiBackend, sqlite_path};
pub use migrate::{migrate, pending_migrations};
pub use pulse::{Pulse, Way};
pub use signal::{Signals, Topic};
pub use standing::DatabaseStanding;

use crate::error::AppError;
use connection::Manager;
use replica::Replica;
use writer::Writer;

/// How to reach the database and how much of it to use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://…`.
    pub url: String,
    /// Connections for reading (and, on PostgreSQL, ordinary writing).
    pub connections: u32,
    /// How many writes may wait before callers are told to come back later.
    pub queue: usize,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
    /// Accept a PostgreSQL with `fsync` or `synchronous_commit` off.
    pub allow_unsafe_durability: bool,
    /// A streaming replica for reads that may lag; see [`Db::read_behind`].
    pub replica: Option<String>,
    /// How far the replica may be behind.
    pub replica_behind: Duration,
}

impl Settings {
    /// Settings with the defaults for everything but the address.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 8,
            queue: 4096,
            wait: Duration::from_secs(3),
            allow_unsafe_durability: false,
            replica: None,
            replica_behind: Duration::from_secs(10),
        }
    }
}

/// The database, cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    backend: Backend,
    settings: Settings,
    pool: Pool<Manager>,
    replica: Option<Replica>,
    writer: Option<Writer>,
    signals: Signals,
    pulse: Pulse,
}

/// An open transaction: a connection, and the topics to signal once it is durable.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    topics: signal::Topics,
}

impl Tx<'_> {
    /// After the commit, wakes whoever waits for this topic in this process.
    pub fn signal(&mut self, topic: Topic) {
        self.topics.add(topic);
    }
}
impl std::ops::Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}
impl std::ops::DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

impl Db {
    /// Opens the database; blocks until a first connection stands. Does not migrate.
    pub fn open(settings: Settings) -> Result<Self, AppError> {
        let backend = Backend::of(&settings.url)?;
        let signals = Signals::default();
        connection::check_durability(&settings, backend)?;
        let pool = Pool::builder()
            .max_size(settings.connections)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(settings.wait)
            .build(Manager { url: settings.url.clone() })
            .map_err(|e| AppError::Unavailable(e.to_string()))?;
        let replica = Replica::of(&settings)?;
        let writer = match backend {
            Backend::Sqlite => Some(Writer::start(&settings, signals.clone())?),
            Backend::Postgres => None,
        };
        Ok(Self(Arc::new(Inner { backend, settings, pool, replica, writer, signals, pulse: Pulse::default() })))
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    /// Who waits for what; see [`Topic`].
    pub fn signals(&self) -> &Signals {
        &self.0.signals
    }

    /// Which loops of this process work, and how its ways out fare.
    pub fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    /// Writes that wait for the one writer; nothing where there is none.
    pub fn writes_waiting(&self) -> Option<usize> {
        self.0.writer.as_ref().map(Writer::waiting)
    }

    /// Open connections for reading, and how many of them are free.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.0.pool.state();
        (state.connections, state.idle_connections)
    }

    /// Runs queries on a pooled connection, on a thread that may block. All of them see the database as it was at one
    /// moment, so that a row and what belongs to it are never of two. Changes nothing; use [`Db::write`] for that.
    pub async fn read<T, F>(&self, query: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, AppError> + Send + 'static,
    {
        let db = self.clone();
        blocking(move || {
            let mut pooled = db.connection()?;
            let result = connection::in_one_moment(&mut pooled.conn, query);
            pooled.judge(result)
        })
        .await
    }

    /// Runs `change` in one transaction and answers when it is durable, or with its error and nothing stored.
    pub async fn write<T, F>(&self, change: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, AppError> + Send + 'static,
    {
        if let Some(writer) = &self.0.writer {
            return writer.write(change).await;
        }
        let db = self.clone();
        blocking(move || {
            let mut pooled = db.connection()?;
            let result = transact(&mut pooled.conn, &db.0.signals, change);
            pooled.judge(result)
        })
        .await
    }

    fn connection(&self) -> Result<diesel::r2d2::PooledConnection<Manager>, AppError> {
        self.0.pool.get().map_err(|e| AppError::Unavailable(format!("no database connection: {e}")))
    }
}

/// One transaction of PostgreSQL, and after its commit the signals of what it touched.
fn transact<T>(
    conn: &mut Conn,
    signals: &Signals,
    change: impl FnOnce(&mut Tx) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let mut topics = signal::Topics::default();
    let value = conn.transaction(|conn| {
        let mut tx = Tx { conn, topics: signal::Topics::default() };
        let value = change(&mut tx)?;
        topics = tx.topics;
        Ok::<T, AppError>(value)
    })?;
    signals.fire(topics);
    Ok(value)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(e) => Err(AppError::internal(e)),
    }
}
