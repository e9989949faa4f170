//! A copy of a SQLite database while it is in use.
//!
//! Invariant: the copy is the database as it was at one moment, checked before it gets its name, readable by its owner
//! alone, and never written over something else. Writers go on meanwhile. PostgreSQL has tools of its own (`pg_dump`,
//! archived WAL); docs/operations.md says how.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connection::{Conn, open};
use super::{Backend, sqlite_path};
use crate::error::AppError;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its last migration.
    pub migration: String,
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Copies the database at `url` to `file` and checks the copy. Blocks. A faulty `file` names the key `FILE`.
pub fn backup(url: &str, file: &Path) -> Result<Backup, AppError> {
    if Backend::of(url)? == Backend::Postgres {
        let hint = "is PostgreSQL, which brings tools of its own: use pg_dump, or archive its WAL; docs/operations.md says how";
        return Err(AppError::field("database.url", hint));
    }
    if !Path::new(sqlite_path(url)).is_file() {
        return Err(AppError::field("database.url", format!("there is no database {}", sqlite_path(url))));
    }
    // Its name is taken first, so that of two at once one is refused, and nothing of anybody's is ever replaced.
    create(file)?;
    let part = beside(file);
    let made = create(&part).and_then(|()| copy(url, &part)).and_then(|made| {
        let written = File::open(&part).and_then(|copy| copy.sync_all()).and_then(|()| fs::rename(&part, file));
        written.and_then(|()| sync_folder(file)).map(|()| made).map_err(|fault| unwritable(file, &fault))
    });
    if made.is_err() {
        // What is left is ours, and of no use.
        for left in [part.as_path(), file] {
            if let Err(fault) = fs::remove_file(left) {
                tracing::debug!(%fault, "nothing to remove");
            }
        }
    }
    made
}

fn create(file: &Path) -> Result<(), AppError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {
            let name = file.display();
            Err(AppError::field("FILE", format!("{name} is there already and stays as it is; choose another name")))
        }
        Err(fault) => Err(unwritable(file, &fault)),
    }
}

fn unwritable(file: &Path, fault: &std::io::Error) -> AppError {
    AppError::field("FILE", format!("{} cannot be written: {fault}", file.display()))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn copy(url: &str, part: &Path) -> Result<Backup, AppError> {
    let name = part.to_str().ok_or_else(|| AppError::field("FILE", "must be a name in UTF-8"))?;
    // VACUUM INTO takes an empty file, which keeps its owner and mode.
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(name).execute(&mut open(url)?)?;
    let mut conn = SqliteConnection::establish(name)
        .map_err(|fault| AppError::Unavailable(format!("the copy cannot be opened: {fault}")))?;
    let verdict: Verdict = diesel::sql_query("PRAGMA integrity_check").get_result(&mut conn)?;
    if verdict.integrity_check != "ok" {
        return Err(AppError::Internal(format!("the copy is not whole: {}", verdict.integrity_check)));
    }
    let migration = diesel::dsl::sql::<Text>("(SELECT max(version) FROM __diesel_schema_migrations)");
    let migration = diesel::select(migration).get_result(&mut Conn::Sqlite(conn))?;
    let bytes = fs::metadata(part).map_err(|fault| unwritable(part, &fault))?.len();
    Ok(Backup { bytes, migration })
}
