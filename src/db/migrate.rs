//! Brings the database to the form the code expects, and tells whether it has it.
//!
//! Invariant: a landed migration is never edited. One of several starting instances migrates while the others
//! wait: on PostgreSQL by an advisory lock, on SQLite by one transaction around all that is missing.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{Conn, open};
use crate::error::AppError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number all instances agree on.
pub(super) const LOCK: i64 = 0x106;

/// Applies what is missing and answers the names applied. Blocks.
pub fn migrate(url: &str) -> Result<Vec<String>, AppError> {
    let fault = |e: Box<dyn std::error::Error + Send + Sync>| AppError::Internal(format!("migration failed: {e}"));
    match &mut open(url)? {
        Conn::Sqlite(conn) => {
            // The others wait for as long as it takes, and then find nothing left to do.
            conn.batch_execute("PRAGMA busy_timeout=3600000")?;
            let done = conn.immediate_transaction(|conn| {
                let done = conn.run_pending_migrations(SQLITE)?;
                Ok(done.iter().map(ToString::to_string).collect())
            });
            done.map_err(fault)
        }
        Conn::Postgres(conn) => {
            conn.batch_execute(&format!("SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})"))?;
            let done = conn.run_pending_migrations(POSTGRES).map_err(fault)?;
            let done = done.iter().map(ToString::to_string).collect();
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
            Ok(done)
        }
    }
}

/// How many migrations are still missing. Blocks.
pub fn pending_migrations(conn: &mut Conn) -> Result<usize, AppError> {
    let fault =
        |e: Box<dyn std::error::Error + Send + Sync>| AppError::Unavailable(format!("cannot read migrations: {e}"));
    match conn {
        Conn::Sqlite(conn) => conn.pending_migrations(SQLITE).map(|p| p.len()).map_err(fault),
        Conn::Postgres(conn) => conn.pending_migrations(POSTGRES).map(|p| p.len()).map_err(fault),
    }
}
