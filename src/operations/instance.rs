//! Which processes work on this database, and whether their loops come round.
//!
//! Invariant: an instance renews its row every ten seconds and takes it away when it ends in order, so that a row that is
//! old is one of a process that died, hangs, or cannot reach the database. Only this file writes rows of instances.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::store::{self, InstanceRow};
use super::{Operations, concern};
use crate::clock::Timestamp;
use crate::db::Way;
use crate::db::types::Json;
use crate::error::AppError;

/// How often an instance says that it is there.
const EVERY: Duration = Duration::from_secs(10);
/// How long the row of one that died is shown.
const SHOWN_FOR: TimeDelta = TimeDelta::days(1);
/// The loop of whoever sends: without it an instance only serves.
const DELIVERY: &str = "delivery";

/// A process that works on this database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Instance {
    /// What its machine is called.
    pub name: String,
    /// Which Lotse it runs.
    pub version: String,
    /// Since when.
    pub started_at: Timestamp,
    /// When it last said that it is there.
    pub seen_at: Timestamp,
    /// Whether that is recent.
    pub is_there: bool,
    /// Whether it sends and keeps deadlines.
    pub delivers: bool,
    /// What it does over and over.
    pub loops: Vec<LoopStanding>,
    /// How its ways out fare: `email`, `webhook`.
    pub ways: BTreeMap<String, Way>,
}

/// One loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LoopStanding {
    /// What it does.
    pub name: String,
    /// When its last round succeeded.
    pub last_run_at: Timestamp,
    /// Whether that is recent enough for it.
    pub comes_round: bool,
}

/// What an instance says of itself, as it is stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Standing {
    loops: BTreeMap<String, Timestamp>,
    ways: BTreeMap<String, Way>,
}

/// Says that this instance is there, until shutdown.
pub async fn run(operations: Operations, mut shutdown: watch::Receiver<bool>) {
    loop {
        if let Err(fault) = say(&operations).await {
            tracing::warn!(%fault, "that this instance is there could not be noted");
        }
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    let id = operations.0.instance;
    if let Err(fault) = operations.desk().db.write(move |tx| store::remove(tx, id)).await {
        tracing::debug!(%fault, "the row of this instance ages by itself");
    }
}

/// Says it once.
pub async fn say(operations: &Operations) -> Result<(), AppError> {
    let desk = operations.desk();
    let now = desk.clock.now();
    let row = InstanceRow {
        id: operations.0.instance,
        name: operations.0.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: operations.0.started_at,
        seen_at: now,
        standing: Json::of(&own(operations, now))?,
    };
    desk.db.write(move |tx| store::put(tx, &row, now.minus(SHOWN_FOR))).await
}

/// Whether this one began first of those that are there and deliver: it does what only one has to do.
pub(super) async fn is_first(operations: &Operations, now: Timestamp) -> Result<bool, AppError> {
    for row in operations.desk().db.read(store::all).await? {
        let is_earlier = row.id < operations.0.instance && concern::is_there(row.seen_at, now);
        if is_earlier && row.standing.read::<Standing>()?.loops.contains_key(DELIVERY) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What this process knows of itself.
fn own(operations: &Operations, now: Timestamp) -> Standing {
    let pulse = operations.desk().db.pulse();
    let loops = pulse.loops().into_iter();
    let at = |ago: Duration| now.minus(TimeDelta::from_std(ago).unwrap_or_default());
    Standing { loops: loops.map(|(name, ago)| (name.to_owned(), at(ago))).collect(), ways: pulse.ways() }
}

/// Every instance, this one as it is right now, the others as they last said.
pub async fn all(operations: &Operations, now: Timestamp) -> Result<Vec<Instance>, AppError> {
    let rows = operations.desk().db.read(store::all).await?;
    let mut found = Vec::new();
    for row in rows {
        let is_this = row.id == operations.0.instance;
        let standing = if is_this { own(operations, now) } else { row.standing.read()? };
        let seen_at = if is_this { now } else { row.seen_at };
        found.push(instance(row.name, row.version, row.started_at, seen_at, standing, now));
    }
    Ok(found)
}

fn instance(
    name: String,
    version: String,
    started_at: Timestamp,
    seen_at: Timestamp,
    standing: Standing,
    now: Timestamp,
) -> Instance {
    let loops = standing.loops.into_iter().map(|(name, last_run_at)| {
        // As long ago as it was when the instance last spoke: a silent instance is a concern of its own.
        let ago = seen_at.since(last_run_at).num_seconds();
        LoopStanding { comes_round: concern::comes_round(&name, ago), name, last_run_at }
    });
    let loops: Vec<LoopStanding> = loops.collect();
    Instance {
        delivers: loops.iter().any(|part| part.name == DELIVERY),
        is_there: concern::is_there(seen_at, now),
        name,
        version,
        started_at,
        seen_at,
        loops,
        ways: standing.ways,
    }
}

/// What this machine calls itself.
pub fn machine() -> String {
    let name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    name.map(|name| name.trim().to_owned()).ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "lotse".to_owned())
}
