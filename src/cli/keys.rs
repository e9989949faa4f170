//! `lotse migrate` and `lotse rewrap`: the database's form, and the master key over its keys.

use std::process::ExitCode;

use secrecy::ExposeSecret;

use crate::app::database;
use crate::config::Config;
use crate::error::AppError;

/// Brings the database up to date.
pub async fn migrate(config: &Config) -> anyhow::Result<ExitCode> {
    let url = config.database.url.expose_secret().to_owned();
    let applied = tokio::task::spawn_blocking(move || crate::db::migrate(&url)).await.map_err(AppError::internal)??;
    for name in &applied {
        eprintln!("applied {name}");
    }
    eprintln!("the database is up to date");
    Ok(ExitCode::SUCCESS)
}

/// Wraps what still hangs on a former master key with the present one.
pub async fn rewrap(config: &Config) -> anyhow::Result<ExitCode> {
    let db = database::open(config).await?;
    let sealer = database::sealer(config, &db).await?;
    let count = sealer.rewrap(&db).await?;
    eprintln!("{count} keys wrapped with the present master key; security.previous_master_keys is needed no more");
    Ok(ExitCode::SUCCESS)
}
