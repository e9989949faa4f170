//! Keeps the coming months ready where requests are divided by month.
//!
//! Invariant: a month is there weeks before its first request; where it could not be made, requests go to the part for
//! the rest and are moved once it can. Where next: `db/partitions.rs`.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::db::Db;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(6 * 3600);
/// How soon again after a fault.
const AGAIN: Duration = Duration::from_secs(600);

/// Looks until `shutdown` turns true.
pub async fn run(db: Db, clock: Clock, mut shutdown: watch::Receiver<bool>) {
    loop {
        let until = match db.make_coming_months(clock.now()).await {
            Ok(made) => {
                for name in made {
                    tracing::info!(name, "a coming month is ready");
                }
                LOOK
            }
            Err(fault) => {
                tracing::warn!(%fault, "coming months wait; requests are taken in meanwhile");
                AGAIN
            }
        };
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(until) => {}
        }
    }
}
