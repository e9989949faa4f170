//! The worker: takes what is due, sends it, and records what came of it.
//!
//! Invariant: lease, commit, send, record. No transaction is open while something is sent; nothing is sent that
//! could outlast its lease; what is recorded is fenced by the lease (`record.rs`). So any number of workers, in
//! this process or others, share one outbox, and one that dies leaves only rows whose lease runs out. Each turn
//! is one write: it records what has ended and leases what there is room for (`room.rs`).
//!
//! It is woken by commits of this process, by the end of a send, and otherwise looks every `poll` at the latest.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::watch;

use super::email::Mailer;
use super::endpoint::{open_adapter, open_secret};
use super::flight::{Flight, Place};
use super::outbox::{AttemptOutcome, Channel, Content, open_content};
use super::outcome::{News, Outcome};
use super::record::{Done, record};
use super::retry::Schedule;
use super::room::{Health, Room};
use super::store::lease::{Leased, first, lease, make_due, next_due, waiting_in_vain};
use super::webhook::{Target, Webhooks};
use crate::clock::{Clock, Timestamp};
use crate::db::{Db, Topic};
use crate::error::AppError;
use crate::ids::{DeliveryId, RowId};
use crate::seal::{DataKey, Sealer};

/// The longest a lease may last: so long what a dead worker held is left alone.
const LONGEST_LEASE: Duration = Duration::from_secs(30);

/// How long an ending worker tries to record what it has sent while the database is away.
const LONGEST_FAREWELL: Duration = Duration::from_secs(5);

/// How the worker goes about it.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// When mails are tried again.
    pub mail_schedule: Schedule,
    /// When webhooks are tried again.
    pub webhook_schedule: Schedule,
    /// How many webhooks may be under way at once; for mail the number of SMTP connections decides.
    pub concurrency: usize,
    /// How many of them to one endpoint.
    pub per_endpoint: usize,
    /// How long a row is ours to send; at most 30 s.
    pub lease: Duration,
    /// How often to look without being woken.
    pub poll: Duration,
    /// An endpoint that has failed for longer is disabled.
    pub disable_after: TimeDelta,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            mail_schedule: Schedule::mail(),
            webhook_schedule: Schedule::webhook(),
            concurrency: 128,
            per_endpoint: 16,
            lease: LONGEST_LEASE,
            poll: Duration::from_millis(500),
            disable_after: TimeDelta::days(5),
        }
    }
}

impl WorkerSettings {
    pub(super) fn schedule(&self, channel: Channel) -> &Schedule {
        match channel {
            Channel::Email => &self.mail_schedule,
            Channel::Webhook => &self.webhook_schedule,
        }
    }
}

/// Carries out what is in the outbox.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    clock: Clock,
    sealer: Sealer,
    settings: WorkerSettings,
    mailer: Mailer,
    webhooks: Webhooks,
}

/// A leased row with the key its content was sealed under.
struct Parcel {
    leased: Leased,
    lease: RowId,
    until: Timestamp,
    key: Result<Option<DataKey>, AppError>,
}

impl Worker {
    /// A worker over these ways out. It does nothing until [`Worker::run`] or [`Worker::drain`].
    pub fn new(
        db: Db,
        clock: Clock,
        sealer: Sealer,
        settings: WorkerSettings,
        mailer: Mailer,
        webhooks: Webhooks,
    ) -> Self {
        let settings = WorkerSettings { lease: settings.lease.min(LONGEST_LEASE), ..settings };
        Self { db, clock, sealer, settings, mailer, webhooks }
    }

    /// Works until `shutdown` says true; then takes nothing new, waits for what is under way and records it.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let mut flight = self.flight();
        let mut looked = Instant::now();
        let mut ending: Option<Instant> = None;
        loop {
            // A sender that is gone can never say true any more; then this process is ending too.
            if ending.is_none() && (*shutdown.borrow() || shutdown.has_changed().is_err()) {
                ending = Some(Instant::now());
            }
            if ending.is_some() && flight.is_idle() {
                return;
            }
            if looked.elapsed() >= self.settings.poll {
                self.hurry().await;
                looked = Instant::now();
            }
            match self.turn(&mut flight, ending.is_none()).await {
                Ok(true) => {
                    self.db.pulse().beat("delivery");
                    continue;
                }
                Ok(false) => self.db.pulse().beat("delivery"),
                Err(fault) => {
                    tracing::warn!(fault = %fault, "the outbox cannot be reached; trying again");
                    if flight.is_nothing_under_way() && ending.is_some_and(|since| since.elapsed() > LONGEST_FAREWELL) {
                        let unrecorded = flight.done.len();
                        tracing::error!(unrecorded, "ending without recording what was sent; it may be sent again");
                        return;
                    }
                    tokio::time::sleep(self.settings.poll).await;
                    continue;
                }
            }
            let pause = self.pause(&flight);
            tokio::select! {
                true = flight.ended() => {}
                () = self.db.signals().wait(Topic::Delivery), if ending.is_none() => {}
                () = tokio::time::sleep(pause) => {}
                _ = shutdown.changed(), if ending.is_none() => {}
            }
        }
    }

    /// Sends everything that is due now and answers how many attempts were made. For tests and walkthroughs.
    pub async fn drain(&self) -> usize {
        let mut flight = self.flight();
        let mut faults = 0;
        loop {
            match self.turn(&mut flight, true).await {
                Ok(true) => {}
                Ok(false) if flight.is_idle() => {
                    if !self.hurry().await {
                        return flight.recorded;
                    }
                }
                Ok(false) => {
                    flight.ended().await;
                }
                Err(fault) if faults < 10 => {
                    faults += 1;
                    tracing::warn!(fault = %fault, "the outbox cannot be reached; trying again");
                    tokio::time::sleep(self.settings.poll).await;
                }
                Err(fault) => {
                    tracing::error!(fault = %fault, "the outbox was not drained");
                    return flight.recorded;
                }
            }
        }
    }

    fn flight(&self) -> Flight {
        let mail = Room::new(self.mailer.concurrency(), self.mailer.concurrency());
        let webhooks = Room::new(self.settings.concurrency, self.settings.per_endpoint);
        Flight::new([(Channel::Email, mail), (Channel::Webhook, webhooks)])
    }

    /// One write: records what has ended and, if wanted, leases what there is room for. True when the next turn
    /// should follow at once.
    async fn turn(&self, flight: &mut Flight, takes_more: bool) -> Result<bool, AppError> {
        flight.gather();
        let now = self.clock.now();
        let mut is_due = false;
        if takes_more && flight.rooms.values().any(Room::is_free) {
            // A write is coming anyway, and there was something just now: the look would only cost time.
            is_due = flight.is_busy && !flight.done.is_empty();
            if !is_due {
                flight.next_due = self.db.read(next_due).await?;
                is_due = flight.next_due.is_some_and(|due| due <= now);
            }
        }
        if flight.done.is_empty() && !is_due {
            return Ok(false);
        }
        let until = now.plus(TimeDelta::from_std(self.settings.lease).unwrap_or_default());
        let leased_at = Instant::now();
        let (settings, sealer, done) = (self.settings.clone(), self.sealer.clone(), flight.done.clone());
        let (mut rooms, mut cursors) = (flight.rooms.clone(), flight.cursors.clone());
        let (recorded, parcels, rooms, cursors) = self
            .db
            .write(move |tx| {
                let recorded = if done.is_empty() { 0 } else { record(tx, &done, &settings)? };
                let mut parcels = Vec::new();
                for channel in Channel::ALL.iter().filter(|_| is_due) {
                    let (Some(room), Some(cursor)) = (rooms.get_mut(channel), cursors.get_mut(channel)) else {
                        continue;
                    };
                    let mark = RowId::new();
                    for leased in lease(tx, *channel, room, cursor, mark, (now, until))? {
                        // A key that does not open stops its own message, not all the others.
                        let key = match leased.row.sealed_under {
                            Some(id) => sealer.key(tx, id),
                            None => Ok(None),
                        };
                        parcels.push(Parcel { leased, lease: mark, until, key });
                    }
                }
                Ok((recorded, parcels, rooms, cursors))
            })
            .await?;
        flight.done.clear();
        flight.recorded += recorded;
        (flight.rooms, flight.cursors) = (rooms, cursors);
        flight.is_busy = !parcels.is_empty();
        for parcel in parcels {
            self.dispatch(flight, parcel, leased_at);
        }
        // What needed no sending is recorded at once, and a tour of the endpoints goes on to its end.
        // One that found nothing to send rests until the next look, or it would turn without end.
        let is_touring = is_due && flight.is_busy && flight.cursors.values().any(|cursor| *cursor != first());
        Ok(!flight.done.is_empty() || is_touring)
    }

    /// Starts a send, or ends at once what must not be sent.
    fn dispatch(&self, flight: &mut Flight, parcel: Parcel, leased_at: Instant) {
        let row = &parcel.leased.row;
        let place = Place { id: row.id, channel: row.channel, endpoint: row.endpoint_id, health: parcel.leased.health };
        if place.health == Health::Disabled {
            let because = "not sent: the endpoint is disabled";
            flight.done.push(parcel.done(Outcome::skipped(because), self.clock.now()));
            flight.leave(place);
            return;
        }
        let worker = self.clone();
        flight.start(place, async move { worker.send(parcel, leased_at).await });
    }

    /// Sends within the lease. Nothing when too little of it is left to start: then it runs out, and the row is
    /// anybody's again.
    async fn send(&self, parcel: Parcel, leased_at: Instant) -> Option<Done> {
        let lease = self.settings.lease;
        let needed = self.webhooks.longest().min(lease / 2);
        // A tenth of the lease is left for recording.
        let left = (lease - lease / 10).saturating_sub(leased_at.elapsed());
        let wall = TimeDelta::from_std(needed).unwrap_or_default();
        if left < needed || self.clock.now().plus(wall) > parcel.until {
            tracing::warn!(delivery = %parcel.leased.row.id, "too little of the lease was left to send");
            return None;
        }
        let outcome = match tokio::time::timeout(left, self.carry(&parcel)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::failed("broken off: it took too long", News::None),
        };
        // What is wrong with the message or at one receiver says nothing of the way, such as our mail server.
        let has_gone = outcome.kind == AttemptOutcome::Sent;
        if has_gone || outcome.kind == AttemptOutcome::Failed && outcome.news == News::None {
            self.db.pulse().tried(parcel.leased.row.channel.as_str(), has_gone, self.clock.now());
        }
        Some(parcel.done(outcome, self.clock.now()))
    }

    async fn carry(&self, parcel: &Parcel) -> Outcome {
        let row = &parcel.leased.row;
        let key = match &parcel.key {
            Ok(key) if key.is_none() && row.sealed_under.is_some() => {
                return Outcome::skipped("not sent: its content was deleted with its ticket");
            }
            Ok(key) => key.as_ref(),
            Err(fault) => return unreadable(row.id, fault),
        };
        match open_content(row.id, &row.content, key) {
            Ok(Content::Mail(mail)) => self.mailer.send(row.id, row.created_at, &mail).await,
            Ok(Content::Webhook { body, call }) => match self.target(parcel) {
                Ok(target) => self.webhooks.send(row.id, body, call, &target, self.clock.now()).await,
                Err(fault) => unreadable(row.id, &fault),
            },
            Err(fault) => unreadable(row.id, &fault),
        }
    }

    fn target(&self, parcel: &Parcel) -> Result<Target, AppError> {
        let endpoint = parcel.leased.endpoint.as_ref().ok_or_else(|| AppError::internal("its endpoint is gone"))?;
        let is_rotating = endpoint.previous_until.is_some_and(|until| until > self.clock.now());
        let previous = endpoint.previous_secret.as_ref().filter(|_| is_rotating);
        let secrets = endpoint.secret.iter().chain(previous);
        let secrets = secrets.map(|sealed| open_secret(&self.sealer, endpoint.id, sealed)).collect::<Result<_, _>>()?;
        let sealed = endpoint.adapter_secrets.as_deref();
        let own = sealed.map(|sealed| open_adapter(&self.sealer, endpoint.id, sealed)).transpose()?;
        Ok(Target { url: endpoint.address.clone(), secrets, own: own.unwrap_or_default() })
    }

    /// How long to wait when nobody wakes us.
    fn pause(&self, flight: &Flight) -> Duration {
        let wait = flight.next_due.and_then(|due| due.since(self.clock.now()).to_std().ok());
        wait.filter(|wait| !wait.is_zero()).unwrap_or(self.settings.poll).min(self.settings.poll)
    }

    /// Makes messages to disabled endpoints due, so that they are given up without waiting for their turn. True
    /// when there were some. A failure only makes them wait.
    async fn hurry(&self) -> bool {
        let now = self.clock.now();
        let found = match self.db.read(move |conn| waiting_in_vain(conn, now)).await {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return false,
            Err(fault) => {
                tracing::debug!(fault = %fault, "cannot look for messages to disabled endpoints");
                return false;
            }
        };
        self.db.write(move |tx| make_due(tx, &found, now)).await.is_ok()
    }
}

/// What was stored cannot be read back: a key or a secret is wrong. Waiting helps once somebody mends it.
fn unreadable(id: DeliveryId, fault: &AppError) -> Outcome {
    tracing::error!(delivery = %id, fault = %fault, "a message cannot be unsealed");
    let detail = "not sent: its content or secret cannot be unsealed; check the master key";
    Outcome { needs_person: true, ..Outcome::failed(detail, News::None) }
}

impl Parcel {
    fn done(&self, outcome: Outcome, at: Timestamp) -> Done {
        let row = &self.leased.row;
        // A mailbox that nobody keeps is the reporter's; what its server says may name them.
        let outcome = if row.endpoint_id.is_none() { outcome.without_words() } else { outcome };
        Done {
            id: row.id,
            about: row.about,
            channel: row.channel,
            endpoint: row.endpoint_id,
            lease: self.lease,
            failures: u32::try_from(row.attempts).unwrap_or(0),
            outcome,
            at,
            chance: rand::random(),
        }
    }
}
