//! What an outcome changes: the row, its attempts, the health of its endpoint, and what others should hear.
//!
//! Invariant: only outcomes whose lease still holds are recorded, each with its attempt and its events in the
//! same transaction. A message cancelled while it was under way becomes `sent` if it arrived, and stays
//! cancelled if not. Not here: what the events lead to (`escalation/sweep/events.rs`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::event::EventKind;
use super::outbox::{AttemptOutcome, Channel, DeliveryStatus};
use super::outcome::{News, Outcome};
use super::retry::Schedule;
use super::store::event::EventRow;
use super::store::lease::AttemptRow;
use super::{store, worker::WorkerSettings};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId};

/// After so many failures in a row somebody is told.
const TOLD_AFTER: u32 = 3;

/// An attempt that has ended.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub id: DeliveryId,
    pub about: RowId,
    pub channel: Channel,
    pub endpoint: Option<EndpointId>,
    /// The lease it was made under.
    pub lease: RowId,
    /// Failures before this attempt.
    pub failures: u32,
    pub outcome: Outcome,
    pub at: Timestamp,
    /// Between 0 and 1; spreads retries.
    pub chance: f64,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Sent,
    Again(Timestamp),
    Exhausted,
}

fn next(done: &Done, schedule: &Schedule) -> Next {
    match done.outcome.kind {
        AttemptOutcome::Sent => Next::Sent,
        AttemptOutcome::Refused | AttemptOutcome::Skipped => Next::Exhausted,
        AttemptOutcome::Failed => match schedule.wait_after(done.failures + 1, done.chance, done.outcome.retry_after) {
            Some(wait) => Next::Again(done.at.plus(wait)),
            None => Next::Exhausted,
        },
    }
}

/// Records many outcomes at once; answers how many still counted.
pub(super) fn record(tx: &mut Tx, all: &[Done], settings: &WorkerSettings) -> Result<usize, AppError> {
    let ids: Vec<DeliveryId> = all.iter().map(|done| done.id).collect();
    let leases: BTreeSet<RowId> = all.iter().map(|done| done.lease).collect();
    let held = store::lease::held(tx, &ids, &leases.into_iter().collect::<Vec<_>>())?;
    let counting: Vec<&Done> = all.iter().filter(|done| held.contains_key(&done.id)).collect();

    let mut attempts = Vec::with_capacity(counting.len());
    let mut events = Vec::new();
    let (mut sent, mut exhausted, mut cancelled) = (Vec::new(), Vec::new(), Vec::new());
    let mut maybe_failing: Vec<&Done> = Vec::new();
    for done in &counting {
        attempts.push(AttemptRow {
            id: RowId::new(),
            delivery_id: done.id,
            at: done.at,
            outcome: done.outcome.kind,
            detail: done.outcome.detail.clone(),
        });
        let is_cancelled = held.get(&done.id) == Some(&DeliveryStatus::Cancelled);
        match next(done, settings.schedule(done.channel)) {
            Next::Sent => {
                sent.push(done.id);
                events.push(event(EventKind::Sent, done));
            }
            _ if is_cancelled => cancelled.push(done.id),
            Next::Again(at) => {
                store::lease::put_off(tx, done.id, at)?;
                if done.failures + 1 == TOLD_AFTER || done.outcome.needs_person {
                    maybe_failing.push(done);
                }
            }
            Next::Exhausted => {
                exhausted.push(done.id);
                events.push(event(EventKind::Exhausted, done));
            }
        }
    }
    if !maybe_failing.is_empty() {
        let ids: Vec<DeliveryId> = maybe_failing.iter().map(|done| done.id).collect();
        let told = store::event::reported_failing(tx, &ids)?;
        let untold = maybe_failing.into_iter().filter(|done| !told.contains(&done.id));
        events.extend(untold.map(|done| event(EventKind::Failing, done)));
    }
    store::lease::insert_attempts(tx, &attempts)?;
    store::lease::finish(tx, &sent, DeliveryStatus::Sent)?;
    store::lease::finish(tx, &exhausted, DeliveryStatus::Exhausted)?;
    store::lease::finish(tx, &cancelled, DeliveryStatus::Cancelled)?;
    note_health(tx, &counting, settings.disable_after, &mut events)?;
    store::event::insert(tx, &events)?;
    Ok(counting.len())
}

/// Notes what the outcomes say about their endpoints, in the order of ids so that two workers never wait for
/// each other.
fn note_health(
    tx: &mut Tx,
    all: &[&Done],
    disable_after: TimeDelta,
    events: &mut Vec<EventRow>,
) -> Result<(), AppError> {
    let mut news: BTreeMap<EndpointId, &Done> = BTreeMap::new();
    for done in all {
        match done.endpoint {
            Some(endpoint) if done.outcome.news != News::None => {
                // The last word counts, but a final one is not taken back by another attempt of the same batch.
                let known = news.get(&endpoint).map(|known| known.outcome.news);
                if !matches!(known, Some(News::Gone | News::NoMailbox)) {
                    news.insert(endpoint, done);
                }
            }
            // Nobody keeps the reporter's address as an endpoint, but somebody should hear that it is wrong.
            None if done.outcome.news == News::NoMailbox => events.push(event(EventKind::Bounced, done)),
            _ => {}
        }
    }
    let sound = news.iter().filter(|(_, done)| done.outcome.news == News::Sound).map(|(id, _)| *id);
    let sound: Vec<EndpointId> = sound.collect();
    if !sound.is_empty() {
        store::endpoint::healthy(tx, &sound)?;
    }
    for (id, done) in news {
        match done.outcome.news {
            News::None | News::Sound => {}
            News::Failing => {
                let since = store::endpoint::failing(tx, id, done.at)?;
                if since.is_some_and(|since| done.at.since(since) > disable_after) {
                    let days = disable_after.num_days();
                    let because = format!("every attempt has failed for {days} days; lastly: {}", done.outcome.detail);
                    if store::endpoint::disable(tx, id, &because, done.at)? {
                        events.push(EventRow { detail: because, ..event(EventKind::Disabled, done) });
                    }
                }
            }
            News::Gone => {
                let because = format!("the receiver wants no more messages: {}", done.outcome.detail);
                if store::endpoint::disable(tx, id, &because, done.at)? {
                    events.push(EventRow { detail: because, ..event(EventKind::Disabled, done) });
                }
            }
            News::NoMailbox => {
                if store::endpoint::bounced(tx, id, done.at)? {
                    events.push(event(EventKind::Bounced, done));
                }
            }
        }
    }
    Ok(())
}

fn event(kind: EventKind, done: &Done) -> EventRow {
    EventRow {
        id: RowId::new(),
        kind,
        delivery_id: Some(done.id),
        about: Some(done.about),
        endpoint_id: done.endpoint,
        detail: done.outcome.detail.clone(),
        at: done.at,
        answer: done.outcome.answer.as_ref().and_then(|answer| serde_json::to_string(answer).ok()),
    }
}
