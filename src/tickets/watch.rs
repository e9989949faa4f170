//! What happens to tickets while somebody looks at them, on whichever instance it happens.
//!
//! Invariant: a change is told after it is stored, to everybody who watches then, at least once; what it was they read
//! themselves, by the use cases that ask for rights. Each change stands in the history, whose ids rise with time but
//! not quite in the order of commits; so each look goes back `OVERLAP_MS` and passes over what it has told already.
//! While nobody watches, nothing is asked. Not here: who may see what; whoever watches asks [`Seen::object`].

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::watch::Receiver;

use super::store;
use super::store::watch::{last, places, since};
use crate::access::{Action, Caller, Channel, Object, Reach};
use crate::db::{Conn, Db, Topic};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::keys::{Ars, Slug};

/// How often to look for what other processes have done.
const POLL: Duration = Duration::from_millis(500);
/// How long a look gathers what happens, so that a rush costs no look each.
const GATHER: Duration = Duration::from_millis(100);
/// How far back each look goes: longer than a transaction lasts and clocks of instances differ.
const OVERLAP_MS: u64 = 30_000;
/// How many entries a look reads.
const MOST: i64 = 1000;
/// More tickets than this at once are not told one by one.
const MANY: usize = 500;
/// How many rounds whoever is slow may be behind before they are told that it was much.
const BEHIND: usize = 64;

/// A ticket to which something happened, and where it lies.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The ticket.
    pub id: TicketId,
    ars: Ars,
    service: Slug,
    channel: Channel,
}

impl Seen {
    /// What a right on it is asked about.
    pub fn object(&self) -> Object<'_> {
        Object { ars: Some(&self.ars), service: Some(&self.service), channel: Some(self.channel) }
    }
}

/// What is told.
#[derive(Debug, Clone)]
pub enum Change {
    /// Something happened to these.
    Tickets(Arc<[Seen]>),
    /// To so many that they are not named.
    Many,
    /// What happened until now was not told; whoever watches already asks [`Watch::has_changed`].
    Begun,
    /// This process stops.
    End,
}

impl Change {
    /// True where something of it lies within reach.
    pub fn concerns(&self, reach: &Reach) -> bool {
        match self {
            Self::Tickets(seen) => seen.iter().any(|one| reach.covers(one.object())),
            Self::Many => true,
            Self::Begun | Self::End => false,
        }
    }
}

/// Tells what happens. Cheap to clone.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    db: Db,
    told: broadcast::Sender<Change>,
    has_ended: AtomicBool,
}

impl Watch {
    /// Nobody watches yet. [`Watch::run`] does the looking.
    pub fn new(db: Db) -> Self {
        Self(Arc::new(Inner { db, told: broadcast::Sender::new(BEHIND), has_ended: AtomicBool::new(false) }))
    }

    /// Watches from now on; nothing once the process stops.
    pub fn watch(&self) -> Option<broadcast::Receiver<Change>> {
        let receiver = self.0.told.subscribe();
        // Asked after subscribing, so that an end in between is not missed.
        (!self.0.has_ended.load(Ordering::SeqCst)).then_some(receiver)
    }

    /// Whether something within the caller's reach happened after this entry; for whoever read a list, and then began
    /// to watch.
    pub async fn has_changed(&self, caller: &Caller, after: Option<HistoryId>) -> Result<bool, AppError> {
        let reach = caller.reach(Action::ReadTickets);
        let entries = self.0.db.read(move |conn| {
            let entries = since(conn, after, MOST)?;
            // There may be more than were read, and they are not looked at one by one: a list read anew for nothing is
            // better than one that has missed something.
            let is_all = entries.len() < usize::try_from(MOST).unwrap_or(usize::MAX);
            let ids: HashSet<TicketId> = entries.iter().map(|(_, ticket)| *ticket).collect();
            Ok((is_all, seen(conn, ids)?))
        });
        let (is_all, seen) = entries.await?;
        Ok(!is_all || seen.iter().any(|one| reach.covers(one.object())))
    }

    /// Looks until `shutdown` turns true, and tells then that it is over.
    pub async fn run(self, mut shutdown: Receiver<bool>) {
        let mut round = None;
        while !*shutdown.borrow() {
            tokio::select! {
                () = self.0.db.signals().wait(Topic::Tickets) => {}
                () = tokio::time::sleep(POLL) => {}
                ended = shutdown.changed() => if ended.is_err() { break },
            }
            if self.0.told.receiver_count() == 0 {
                round = None;
                continue;
            }
            tokio::time::sleep(GATHER).await;
            match self.look(&mut round).await {
                Ok(Some(change)) => drop(self.0.told.send(change)),
                Ok(None) => {}
                Err(fault) => tracing::warn!(fault = %fault, "what happens to tickets could not be read"),
            }
        }
        self.0.has_ended.store(true, Ordering::SeqCst);
        drop(self.0.told.send(Change::End));
    }

    async fn look(&self, round: &mut Option<Round>) -> Result<Option<Change>, AppError> {
        let Some(round) = round else {
            let lately = |conn: &mut Conn| match last(conn)? {
                Some(last) => since(conn, Some(last.earlier(OVERLAP_MS)), MOST),
                None => Ok(Vec::new()),
            };
            let mut first = Round::default();
            first.take(&self.0.db.read(lately).await?);
            *round = Some(first);
            return Ok(Some(Change::Begun));
        };
        let after = round.last.map(|last| last.earlier(OVERLAP_MS));
        let entries = self.0.db.read(move |conn| since(conn, after, MOST)).await?;
        let new = round.take(&entries);
        if new.is_empty() {
            return Ok(None);
        }
        if new.len() > MANY {
            return Ok(Some(Change::Many));
        }
        let told = self.0.db.read(move |conn| seen(conn, new)).await?;
        Ok(Some(Change::Tickets(told.into())))
    }
}

/// The last entry of all, for whoever reads a list and will then watch.
pub(crate) fn mark(conn: &mut Conn) -> Result<Option<HistoryId>, AppError> {
    store::watch::last(conn)
}

fn seen(conn: &mut Conn, ids: HashSet<TicketId>) -> Result<Vec<Seen>, AppError> {
    let ids: Vec<TicketId> = ids.into_iter().collect();
    let of = |(id, ars, service, channel)| Seen { id, ars, service, channel };
    Ok(places(conn, &ids)?.into_iter().map(of).collect())
}

/// What was told of the last while.
#[derive(Debug, Default)]
struct Round {
    last: Option<HistoryId>,
    told: HashSet<HistoryId>,
}

impl Round {
    /// Takes entries over; answers the tickets of those that are new.
    fn take(&mut self, entries: &[(HistoryId, TicketId)]) -> HashSet<TicketId> {
        let new = entries.iter().filter(|(entry, _)| !self.told.contains(entry)).map(|(_, ticket)| *ticket).collect();
        self.last = self.last.max(entries.iter().map(|(entry, _)| *entry).max());
        self.told.extend(entries.iter().map(|(entry, _)| *entry));
        if let Some(horizon) = self.last.map(|last| last.earlier(OVERLAP_MS)) {
            self.told.retain(|entry| *entry > horizon);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_told_once_even_if_it_comes_late() {
        let (early, late, ticket) = (HistoryId::new(), HistoryId::new(), TicketId::new());
        let mut round = Round::default();
        assert_eq!(round.take(&[(late, ticket)]).len(), 1);
        assert_eq!(round.take(&[(late, ticket)]).len(), 0);
        // Stored after the later one, though its id is lower.
        assert_eq!(round.take(&[(late, ticket), (early, ticket)]).len(), 1);
        assert_eq!((round.take(&[(late, ticket), (early, ticket)]).len(), round.last), (0, Some(late)));
        assert!(late.earlier(OVERLAP_MS) < early && early.earlier(0) <= early);
    }
}
