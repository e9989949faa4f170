//! `lotse partition`: requests by month, on PostgreSQL.
//!
//! Invariant: all or nothing; a database that is divided already stays as it is. Where next: `db/partitions.rs`.

use std::process::ExitCode;

use secrecy::ExposeSecret;

use crate::app::database;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::partitions;
use crate::error::AppError;

/// Divides what is in one piece and names the parts.
pub async fn partition(config: &Config) -> anyhow::Result<ExitCode> {
    // What is divided has the form this version expects.
    drop(database::open(config).await?);
    let url = config.database.url.expose_secret().to_owned();
    let work = move || partitions::divide(&url, Clock::system().now());
    for name in tokio::task::spawn_blocking(work).await.map_err(AppError::internal)?? {
        eprintln!("made {name}");
    }
    eprintln!("requests are divided by month; coming months are made by themselves");
    Ok(ExitCode::SUCCESS)
}
