//! `lotse backup FILE`: a copy of a SQLite database while it is in use.
//!
//! Invariant: what exists already stays as it is; the copy has its name only when it is whole and on the disk.

use std::path::PathBuf;
use std::process::ExitCode;

use secrecy::ExposeSecret;

use crate::config::Config;
use crate::db::backup;
use crate::error::AppError;

/// Copies the database and checks the copy.
pub async fn backup(config: &Config, file: PathBuf) -> anyhow::Result<ExitCode> {
    let (url, to) = (config.database.url.expose_secret().to_owned(), file.clone());
    let made = tokio::task::spawn_blocking(move || backup::backup(&url, &to)).await.map_err(AppError::internal)??;
    eprintln!(
        "{} holds {} bytes, whole, as of migration {}; keep it apart from the master key, without which nobody opens what is sealed in it",
        file.display(),
        made.bytes,
        made.migration
    );
    Ok(ExitCode::SUCCESS)
}
