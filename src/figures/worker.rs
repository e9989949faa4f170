//! Keeps the figures up to date: follows the histories, reckons what changed anew, and replaces what it contributed.
//!
//! Invariant: the row of the cursor is locked while figures are written (on SQLite the one writer is the lock), the old
//! contribution is read in the same transaction, and a contribution follows from the request alone. So instances that
//! work at once, a batch that is done twice, or one that is cut off change nothing; the first run after an upgrade
//! fills everything in the background. Entries of histories are read again for `OVERLAP_MS`, because with several
//! writers one can appear after a later one; a transaction that takes longer than that is found by `check.rs`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use uuid::Uuid;

use super::fold::{Changes, contribution};
use super::store;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::tickets::changed;

/// So many entries of histories go in one transaction, so that intake never waits long.
const PORTION: i64 = 200;
/// So many requests go in one transaction while nothing is known yet.
const PAGE: i64 = 2_000;
/// How far back entries are read again, in milliseconds.
const OVERLAP_MS: u64 = 30_000;
/// How often it is looked; figures are no older.
const LOOK: Duration = Duration::from_secs(3);

/// Follows until `shutdown` turns true.
pub async fn run(db: Db, mut shutdown: watch::Receiver<bool>) {
    // The newest entry, and since when it is.
    let mut quiet: Option<(HistoryId, Instant)> = None;
    loop {
        let newest = db.read(changed::newest).await.ok().flatten();
        if let Some(newest) = newest
            && quiet.is_none_or(|(known, _)| known != newest)
        {
            quiet = Some((newest, Instant::now()));
        }
        // What nobody touched for longer than the overlap holds nothing that could still appear.
        if quiet.is_some_and(|(_, since)| since.elapsed() < 2 * Duration::from_millis(OVERLAP_MS)) {
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return,
                followed = round(&db) => {
                    if let Err(fault) = followed {
                        tracing::warn!(%fault, "figures wait");
                    }
                }
            }
        }
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Follows all that happened; answers how many requests contribute something else than before.
pub async fn round(db: &Db) -> Result<usize, AppError> {
    let is_new = db.read(store::cursor).await? == HistoryId::from_uuid(Uuid::nil());
    let mut replaced = if is_new { every(db).await? } else { 0 };
    let mut from = None;
    loop {
        let (some, next) = db.write(move |tx| follow(tx, from)).await?;
        replaced += some;
        match next {
            Some(next) => from = Some(next),
            None => return Ok(replaced),
        }
    }
}

/// Reckons every request where nothing is known yet: request by request, so that each is read once and not for each of
/// its entries, and many change the same sums together. Cut off, it begins again.
async fn every(db: &Db) -> Result<usize, AppError> {
    let Some(newest) = db.read(changed::newest).await? else { return Ok(0) };
    let (mut replaced, mut after) = (0, None);
    loop {
        let portion = move |tx: &mut Tx| {
            store::lock_cursor(tx)?;
            let ids = changed::page(tx, after, PAGE)?;
            Ok((reckon(tx, &ids)?, ids.last().copied()))
        };
        let (some, last) = db.write(portion).await?;
        replaced += some;
        if last.is_none() {
            break;
        }
        after = last;
    }
    let begin =
        move |tx: &mut Tx| if store::lock_cursor(tx)? < newest { store::set_cursor(tx, newest) } else { Ok(()) };
    db.write(begin).await?;
    Ok(replaced)
}

/// One portion, from an entry or from the cursor on; answers how many were replaced and where the next one begins.
fn follow(tx: &mut Tx, from: Option<HistoryId>) -> Result<(usize, Option<HistoryId>), AppError> {
    let cursor = store::lock_cursor(tx)?;
    let entries = changed::after(tx, from.unwrap_or_else(|| cursor.earlier(OVERLAP_MS)), PORTION)?;
    let Some((last, _)) = entries.last().copied() else { return Ok((0, None)) };
    let ids: BTreeSet<TicketId> = entries.iter().map(|(_, ticket)| *ticket).collect();
    let replaced = reckon(tx, &ids.into_iter().collect::<Vec<_>>())?;
    if last > cursor {
        store::set_cursor(tx, last)?;
    }
    let is_full = i64::try_from(entries.len()).is_ok_and(|count| count == PORTION);
    Ok((replaced, is_full.then_some(last)))
}

/// Reckons these requests anew; answers how many contribute something else.
fn reckon(tx: &mut Tx, ids: &[TicketId]) -> Result<usize, AppError> {
    let mut stored = store::contributions(tx, ids)?;
    let (mut changes, mut replaced) = (Changes::default(), Vec::new());
    for (ticket, history) in changed::with_history(tx, ids)? {
        let before = stored.remove(&ticket.id);
        let now = contribution(&ticket, &history);
        if before != now {
            changes.replace(before.as_ref(), now.as_ref());
            replaced.push((ticket.id, now));
        }
    }
    store::replace(tx, &replaced)?;
    store::apply(tx, changes)?;
    Ok(replaced.len())
}

/// Forgets all figures and reckons them anew; answers of how many requests.
pub async fn rebuild(db: &Db) -> Result<usize, AppError> {
    db.write(|tx| {
        store::lock_cursor(tx)?;
        store::clear(tx)?;
        store::set_cursor(tx, HistoryId::from_uuid(Uuid::nil()))
    })
    .await?;
    round(db).await
}
