//! The chain: each entry gets the next number and a keyed hash over itself and the hash before.
//!
//! Invariant: only one instance chains at a time, so numbers have no gaps and no doubles. The key hangs on the master
//! key: who has the database alone cannot make a hash that fits. Entries join a moment after they were written, so
//! that no work waits for the chain; what was written and removed within that moment does not show.

use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::entry::{Stored, canonical};
use super::store::{self, EntryRow};
use crate::db::{Db, Topic, Tx};
use crate::error::AppError;
use crate::seal::Sealer;

/// At most so many at a time: on SQLite, intake waits for as long as it takes.
const MOST: i64 = 250;

/// The least time between two rounds, so that a flood of commits does not make a flood of rounds.
const REST: Duration = Duration::from_millis(100);

/// The same while there is a backlog: intake has its turn.
const BREATH: Duration = Duration::from_millis(20);

/// Chains until shutdown: soon after something was recorded, and twice a second for what other instances recorded.
pub async fn run(db: Db, sealer: Sealer, mut shutdown: tokio::sync::watch::Receiver<bool>) {
    loop {
        let began = Instant::now();
        let linked = link(&db, &sealer).await;
        if linked.is_ok() {
            db.pulse().beat("audit");
        }
        let rest = match linked {
            Ok(count) if count == MOST as usize => BREATH,
            Ok(_) => REST,
            Err(fault) => {
                tracing::warn!(%fault, "entries of the audit log were not chained; they are in the next round");
                Duration::from_millis(500)
            }
        };
        let woken = async {
            tokio::time::sleep_until((began + rest).into()).await;
            if rest != BREATH {
                db.signals().wait(Topic::Audit).await;
            }
        };
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = woken => {}
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// One round; answers how many entries joined the chain.
pub async fn link(db: &Db, sealer: &Sealer) -> Result<usize, AppError> {
    let sealer = sealer.clone();
    db.write(move |tx| {
        let loose = store::take_loose(tx, MOST)?;
        if loose.is_empty() {
            return Ok(0);
        }
        let (mut seq, mut previous) = store::head(tx)?.unwrap_or_default();
        let mut places = Vec::with_capacity(loose.len());
        for row in &loose {
            seq += 1;
            previous = hash(sealer.audit_key(), seq, &previous, &row.stored());
            places.push((row.id, seq, previous.clone()));
        }
        store::place(tx, &places)?;
        Ok(places.len())
    })
    .await
}

/// Stores new entries in the chain at once. Until the transaction ends nobody else chains.
pub(super) fn append(tx: &mut Tx, sealer: &Sealer, rows: &[EntryRow]) -> Result<(), AppError> {
    store::hold(tx)?;
    let (mut seq, mut previous) = store::head(tx)?.unwrap_or_default();
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        seq += 1;
        previous = hash(sealer.audit_key(), seq, &previous, &row.stored());
        places.push((seq, previous.clone()));
    }
    store::insert_placed(tx, rows, places)
}

/// The hash of an entry at its place.
pub(super) fn hash(key: &[u8; 32], seq: i64, previous: &[u8], entry: &Stored<'_>) -> Vec<u8> {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(&canonical(seq, previous, entry));
    mac.finalize().into_bytes().to_vec()
}
