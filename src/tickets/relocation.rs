//! Requests follow when a municipality takes the place of another.
//!
//! Invariant: a request that lies where nobody is any more gets the successor's key, with an entry in its history that
//! keeps the old place; doing it again finds nothing. It goes in small portions, so that intake never waits long, and a
//! loop looks again for what came in meanwhile under an old key or was left by a run that was cut off.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;

use super::history::Event;
use super::{Desk, store, trail};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Db;
use crate::directory::merge::{Successor, successors};
use crate::error::AppError;
use crate::keys::Ars;

/// So many requests go in one transaction.
const PORTION: i64 = 100;
/// How often it is looked for; mergers are rare, and looking where there was none costs nothing.
const LOOK: Duration = Duration::from_secs(5);

/// How many requests wait to follow.
pub async fn waiting(db: &Db) -> Result<usize, AppError> {
    db.read(store::relocation::waiting).await
}

/// Moves all that wait; answers how many.
pub async fn relocate(db: &Db, actor: &Actor, now: Timestamp) -> Result<usize, AppError> {
    let mut moved = 0;
    loop {
        let actor = actor.clone();
        let some = db.write(move |tx| {
            let found = store::relocation::lock_some(tx, PORTION)?;
            if found.is_empty() {
                return Ok(0);
            }
            let leads: HashMap<Ars, Successor> =
                successors(tx)?.into_iter().map(|one| (one.old_ars.clone(), one)).collect();
            for (id, from) in &found {
                let Some(lead) = leads.get(from) else { continue };
                store::relocation::relocate(tx, *id, &lead.new_ars, now)?;
                let event = Event::Relocated {
                    from: from.clone(),
                    from_name: lead.old_name.clone(),
                    to: lead.new_ars.clone(),
                    to_name: lead.new_name.clone(),
                    valid_on: lead.valid_on,
                };
                trail::record(tx, *id, &actor, &event, None, now)?;
            }
            Ok(found.len())
        });
        match some.await? {
            0 => return Ok(moved),
            some => moved += some,
        }
    }
}

/// Looks for what waits until `shutdown` turns true.
pub async fn run(desk: Desk, mut shutdown: watch::Receiver<bool>) {
    loop {
        match relocate(&desk.db, &Actor::system(), desk.clock.now()).await {
            Ok(_) => desk.db.pulse().beat("relocation"),
            Err(fault) => tracing::warn!(%fault, "requests of a merged municipality wait"),
        }
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
