//! How the database stands: which it is, its version, its form, its size.
//!
//! Invariant: nothing is counted that grows with what is stored, so that asking costs the same on any day.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

use super::{Backend, Conn, Db, pending_migrations};
use crate::error::AppError;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DatabaseStanding {
    /// `sqlite` or `postgres`.
    pub kind: &'static str,
    /// The version of the database itself.
    pub version: String,
    /// The last migration that was applied, by its date.
    pub migration: String,
    /// How many this version of Lotse expects beyond it.
    pub migrations_missing: usize,
    /// What it takes on the disk, in bytes.
    pub size_bytes: i64,
    /// Writes that wait for the one writer (SQLite).
    pub writes_waiting: Option<usize>,
    /// Open connections of this process for reading (and, on PostgreSQL, writing).
    pub connections: u32,
    /// Of these, those that nobody uses now.
    pub connections_free: u32,
}

impl Db {
    /// Asks the database how it stands.
    pub async fn standing(&self) -> Result<DatabaseStanding, AppError> {
        let (connections, connections_free) = self.connections();
        let writes_waiting = self.writes_waiting();
        let (kind, version, size) = match self.backend() {
            Backend::Sqlite => {
                let size = "(SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)";
                ("sqlite", "sqlite_version()", size)
            }
            Backend::Postgres => {
                ("postgres", "current_setting('server_version')", "pg_database_size(current_database())")
            }
        };
        self.read(move |conn: &mut Conn| {
            Ok(DatabaseStanding {
                kind,
                version: diesel::select(sql::<Text>(version)).get_result(conn)?,
                migration: diesel::select(sql::<Text>("(SELECT max(version) FROM __diesel_schema_migrations)"))
                    .get_result(conn)?,
                migrations_missing: pending_migrations(conn)?,
                size_bytes: diesel::select(sql::<BigInt>(size)).get_result(conn)?,
                writes_waiting,
                connections,
                connections_free,
            })
        })
        .await
    }
}
