//! What a person was promised, kept: the deadline of each request in its service time, and telling the central contact
//! before it is over.
//!
//! Invariant: a promise is never made later but by a word to the person (interim reply), by the time the person was
//! waited for, or by a change of service time that stands in the history; every stage of it is told once, by whichever instance locks the request first. The time of the next
//! stage stands in the request itself (`remind_at`) and is judged again, with the request as it is then, when it has
//! come.

use std::sync::atomic::{AtomicI64, Ordering};

use super::deadline::{ByPriority, Stage, next_reminder, reminder};
use super::notice::{self, NoticeKind};
use super::status::is_open;
use super::ticket::{Priority, Ticket};
use super::{Desk, Event, HistoryEntry, TicketStatus, in_hand_by_id, record, store};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::hours::{ServiceTime, Tongue, moment, moved_on};
use crate::directory::{Applied, Concern};
use crate::error::AppError;
use crate::ids::TicketId;
use crate::keys::ArsPrefix;

/// At most this many in one round.
const SOME: i64 = 200;
/// Why a promise was counted anew, in the history.
const SET_BACK: &str = "die Uhr dieses Dienstes wurde zurückgestellt";

/// The service hours in which a request is answered.
pub fn applied(desk: &Desk, ticket: &Ticket, now: Timestamp) -> Applied {
    let concern = Concern {
        service: &ticket.service,
        ars: &ticket.ars,
        channel: ticket.channel.into(),
        today: now.day_in_berlin(),
    };
    desk.settings.clock.for_request(&desk.directory.current(), concern)
}

/// The service time a request counts by; none where every hour counts.
fn time_of(desk: &Desk, ticket: &Ticket, now: Timestamp) -> Option<ServiceTime> {
    (ticket.priority != Priority::P1).then(|| applied(desk, ticket, now).time)
}

/// Promises an answer to a request as it is handed in.
pub fn begin(desk: &Desk, ticket: &mut Ticket, now: Timestamp) {
    let time = applied(desk, ticket, now).time;
    ticket.respond_by = desk.settings.respond.of(ticket.priority).due(now, &time);
    count_anew(desk, ticket, now);
}

/// Counts the way to a deadline that was set anew at `now`, reminders and all.
pub fn count_anew(desk: &Desk, ticket: &mut Ticket, now: Timestamp) {
    ticket.reminded = 0;
    let time = time_of(desk, ticket, now);
    ticket.remind_at = next_reminder(0, now, ticket.respond_by, time.as_ref());
}

/// What a request is promised that had the priority `from` until now: as if it came now, but never later than before.
/// Where the clock stands it has stood until now by the old reckoning, and stands on from now.
pub fn hurry(desk: &Desk, ticket: &mut Ticket, from: Priority, now: Timestamp) {
    if let Some(since) = ticket.paused_at {
        let time = (from != Priority::P1).then(|| applied(desk, ticket, now).time);
        ticket.respond_by = moved_on(ticket.respond_by, since, now, time.as_ref());
        ticket.paused_at = Some(now);
    }
    let rules: &ByPriority = &desk.settings.respond;
    let due = rules.of(ticket.priority).due(now, &applied(desk, ticket, now).time);
    if due < ticket.respond_by {
        promise(desk, ticket, due, now);
    }
}

/// Sets another deadline. Where the clock stands, it stands from now on: the time before was not waited for under this
/// promise.
pub fn promise(desk: &Desk, ticket: &mut Ticket, due: Timestamp, now: Timestamp) {
    ticket.respond_by = due;
    count_anew(desk, ticket, now);
    if ticket.paused_at.is_some() {
        pause(ticket, now);
    }
}

/// Stops the clock: the person is waited for.
pub fn pause(ticket: &mut Ticket, now: Timestamp) {
    ticket.paused_at = Some(now);
    ticket.remind_at = None;
}

/// Lets the clock go on where it stood: what service time was left is left. What was told stays told.
pub fn go_on(desk: &Desk, ticket: &mut Ticket, now: Timestamp) {
    let Some(since) = ticket.paused_at.take() else { return };
    let time = time_of(desk, ticket, now);
    ticket.respond_by = moved_on(ticket.respond_by, since, now, time.as_ref());
    ticket.remind_at = next_reminder(ticket.reminded, now, ticket.respond_by, time.as_ref());
}

/// Takes up a promise again: the old one stands, and is told of once more where its time is not over.
pub fn take_up(desk: &Desk, ticket: &mut Ticket, now: Timestamp) {
    if ticket.respond_by > now {
        count_anew(desk, ticket, now);
    }
}

/// The latest time that was seen here; a minute before it the clock was set back.
#[derive(Debug, Default)]
pub(super) struct Latest(AtomicI64);

impl Latest {
    /// True where the clock was set back since, and at the first look: it may have been before.
    fn was_later(&self, now: Timestamp) -> bool {
        let now = now.utc().timestamp();
        let before = self.0.swap(now, Ordering::SeqCst);
        before == 0 || now < before - 60
    }

    /// Makes the next look count.
    fn look_again(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// Counts anew what was promised to requests that came in in the future, because the clock was set back: they were
/// promised too much. What a person was promised by a word to them stands. Answers how many.
pub async fn set_back(desk: &Desk) -> Result<usize, AppError> {
    let now = desk.clock.now();
    if !desk.latest.was_later(now) {
        return Ok(0);
    }
    // Instances a moment apart are no clock that was set back.
    let ahead = now.plus(chrono::TimeDelta::minutes(1));
    let found = desk.db.read(move |conn| store::promised_after(conn, ahead)).await;
    let found = found.inspect_err(|_| desk.latest.look_again())?;
    let mut done = 0;
    for id in found {
        let desk_of = desk.clone();
        match desk.db.write(move |tx| count_back(tx, &desk_of, id, now)).await {
            Ok(is_moved) => done += usize::from(is_moved),
            Err(fault) => {
                // The others are not held up by one, and it has its turn again.
                tracing::warn!(ticket = %id, %fault, "a promise was not counted anew");
                desk.latest.look_again();
            }
        }
    }
    Ok(done)
}

fn count_back(tx: &mut Tx, desk: &Desk, id: TicketId, now: Timestamp) -> Result<bool, AppError> {
    let Some(mut ticket) = in_hand_by_id(tx, id)? else { return Ok(false) };
    let due = desk.settings.respond.of(ticket.priority).due(now, &applied(desk, &ticket, now).time);
    let is_said = |entry: &HistoryEntry| matches!(entry.event, Event::InterimReply { .. });
    if due >= ticket.respond_by || !is_open(ticket.status) || store::history(tx, id)?.iter().any(is_said) {
        return Ok(false);
    }
    let (told, from) = (ticket.reminded, ticket.respond_by);
    promise(desk, &mut ticket, due, now);
    ticket.reminded = told;
    if ticket.paused_at.is_none() {
        ticket.remind_at = next_reminder(told, now, due, time_of(desk, &ticket, now).as_ref());
    }
    store::set_promise(tx, &ticket)?;
    let moved = Event::PromiseMoved { from, to: due, reason: SET_BACK.to_owned(), of_service_time: false };
    record(tx, id, &Actor::system(), &moved, now)?;
    Ok(true)
}

/// Whose promises a change of service time may concern.
#[derive(Debug, Clone)]
pub struct Affected {
    /// Those of this region.
    pub region: ArsPrefix,
    /// Of this service alone.
    pub service: Option<String>,
    /// Due from then on.
    pub from: Option<Timestamp>,
    /// And not past now, unless the clock stands.
    pub now: Timestamp,
    /// From the one after this on.
    pub after: Option<TicketId>,
}

/// Some of them, in the order of their ids.
pub fn affected(conn: &mut Conn, wanted: &Affected, most: i64) -> Result<Vec<TicketId>, AppError> {
    store::promises_affected(conn, wanted, most)
}

/// Service time has changed, and with it the deadline, reckoned from `start`. False where it stays, or where it has
/// passed or would be past: nothing becomes overdue by a change. What was told stays told.
pub fn move_to(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &mut Ticket,
    (start, due): (Timestamp, Timestamp),
    reason: &str,
    now: Timestamp,
) -> Result<bool, AppError> {
    let from = ticket.respond_by;
    let is_ahead = ticket.paused_at.is_some() || (from > now && due > now);
    if due == from || !is_ahead || !is_open(ticket.status) {
        return Ok(false);
    }
    ticket.respond_by = due;
    if ticket.paused_at.is_none() {
        let counted = if ticket.reminded == 0 { start } else { now };
        ticket.remind_at = next_reminder(ticket.reminded, counted, due, time_of(desk, ticket, now).as_ref());
    }
    store::set_promise(tx, ticket)?;
    let moved = Event::PromiseMoved { from, to: due, reason: reason.to_owned(), of_service_time: true };
    record(tx, ticket.id, &Actor::system(), &moved, now)?;
    Ok(true)
}

/// Tells the central contacts of deadlines that come near or have passed; answers how many were told of.
pub async fn remind(desk: &Desk) -> Result<usize, AppError> {
    let now = desk.clock.now();
    let due = desk.db.read(move |conn| store::promises_due(conn, now, SOME)).await?;
    let mut told = 0;
    for (id, remind_at) in due {
        let desk_of = desk.clone();
        match desk.db.write(move |tx| remind_one(tx, &desk_of, id, remind_at, now)).await {
            Ok(done) => told += usize::from(done),
            // One that fails does not hold up the others; it is looked at again in the next round.
            Err(fault) => tracing::warn!(ticket = %id, fault = %fault, "a promise could not be looked at"),
        }
    }
    Ok(told)
}

/// One request's next stage; false when it is not as it was when the list was read.
fn remind_one(tx: &mut Tx, desk: &Desk, id: TicketId, seen: Timestamp, now: Timestamp) -> Result<bool, AppError> {
    let Some(ticket) = in_hand_by_id(tx, id)?.filter(|ticket| ticket.remind_at == Some(seen)) else { return Ok(false) };
    if !is_open(ticket.status) || ticket.status == TicketStatus::Waiting {
        store::set_reminder(tx, id, ticket.reminded, None)?;
        return Ok(false);
    }
    let time = time_of(desk, &ticket, now);
    let Some(found) = reminder(ticket.reminded, seen, ticket.respond_by, now, time.as_ref()) else { return Ok(false) };
    let kind = match found.stage {
        Stage::Half => NoticeKind::AnswerHalf,
        Stage::FourFifths => NoticeKind::AnswerSoon,
        Stage::Over => NoticeKind::AnswerOverdue,
    };
    notice::add(tx, &ticket, kind, &format!("bis {}", moment(ticket.respond_by, Tongue::German)), now)?;
    store::set_reminder(tx, id, found.told, found.next_at)?;
    Ok(true)
}
