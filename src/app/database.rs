//! Opening the database and the keys in it, as every command needs it.
//!
//! Invariant: nothing works on a database that lacks migrations: they are applied first, or the start is refused
//! where `database.migrate` is off. A PostgreSQL that is away is waited for, with a line in the log for each try.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::settings;
use crate::config::Config;
use crate::db::{self, Backend, Db};
use crate::error::AppError;
use crate::seal::{MasterKey, Sealer};

/// How long a PostgreSQL that is away is waited for, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Opens the database, up to date.
pub async fn open(config: &Config) -> Result<Db, AppError> {
    let started = Instant::now();
    loop {
        let fault = match try_open(config).await {
            Err(AppError::Unavailable(fault)) => fault,
            other => return other,
        };
        let is_server = Backend::of(config.database.url.expose_secret())? == Backend::Postgres;
        if !is_server || started.elapsed() + BETWEEN_TRIES > PATIENCE {
            return Err(AppError::Unavailable(fault));
        }
        tracing::warn!(fault = fault.trim(), "the database is away; trying again for up to {} s", PATIENCE.as_secs());
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

async fn try_open(config: &Config) -> Result<Db, AppError> {
    let settings = settings::database(config)?;
    let migrates = config.database.migrate;
    let opened = tokio::task::spawn_blocking(move || {
        if migrates {
            for name in db::migrate(&settings.url)? {
                tracing::info!(migration = name, "database changed");
            }
        }
        Db::open(settings)
    });
    let db = opened.await.map_err(AppError::internal)??;
    if !migrates {
        let missing = db.read(db::pending_migrations).await?;
        if missing > 0 {
            let hint = format!("{missing} migrations are missing; run `lotse migrate`, or set database.migrate=true");
            return Err(AppError::field("database.url", hint));
        }
    }
    Ok(db)
}

/// Opens the sealing keys with the master key; at the first start makes them.
pub async fn sealer(config: &Config, db: &Db) -> Result<Sealer, AppError> {
    let (master, previous) = master_keys(config)?;
    Sealer::load(db, master, previous).await
}

/// The present master key and the former ones.
pub fn master_keys(config: &Config) -> Result<(MasterKey, Vec<MasterKey>), AppError> {
    let text = config.security.master_key.expose_secret();
    if text.trim().is_empty() {
        let hint = "is missing; make one with `head -c 32 /dev/urandom | base64` and keep a copy in a safe place: nothing opens what was sealed under a lost key";
        return Err(AppError::field("security.master_key", hint));
    }
    let former = config.security.previous_master_keys.expose_secret().split(',').filter(|key| !key.trim().is_empty());
    let wrong = |_| AppError::field("security.previous_master_keys", "must be keys of 32 bytes in base64, with commas");
    let previous = former.map(|key| MasterKey::parse(key).map_err(wrong)).collect::<Result<_, _>>()?;
    Ok((MasterKey::parse(text)?, previous))
}
