//! Counting deadlines anew after service time changed: a closing day, other hours of a contact or help channel.
//!
//! Invariant: only deadlines that are still ahead, or stand, move, and only where the change makes a difference; what a
//! person was promised by a word to them stands. Each move is in the history with its reason. Counting again changes
//! nothing, so several instances, or one that was killed, do no harm; what is left of a change stands in its row. It
//! begins once the directory in memory holds the change.

use super::settled;
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::Applied;
use crate::directory::recounts::{self, Changed, Recount};
use crate::error::AppError;
use crate::escalation::escalate::save;
use crate::escalation::{EscalationStatus, Escalations, deadlines, store, timing};
use crate::ids::{EscalationId, TicketId};
use crate::tickets::deadline::next_reminder;
use crate::tickets::promise::{self, Affected};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, browse, in_hand_by_id, record};

/// So many requests are looked up together.
const PORTION: i64 = 200;
/// So many portions in a round; the next one goes on, so that other deadlines do not wait.
const PORTIONS: usize = 5;

/// So many changes in a round: a table of contacts brings many at once.
const CHANGES: usize = 20;

/// Counts anew what the earliest changes leave to count; answers how many deadlines moved.
pub(super) async fn round(escalations: &Escalations) -> Result<usize, AppError> {
    let mut moved = 0;
    for _ in 0..CHANGES {
        let Some(some) = earliest(escalations).await? else { break };
        moved += some;
    }
    Ok(moved)
}

/// The earliest change; nothing where there is none that could be counted now, or where it is to go on next time.
async fn earliest(escalations: &Escalations) -> Result<Option<usize>, AppError> {
    let desk = escalations.desk();
    let Some((mut change, version)) = desk.db.read(recounts::next).await? else { return Ok(None) };
    if !desk.directory.current().holds(version) {
        return Ok(None);
    }
    let mut moved = 0;
    for _ in 0..PORTIONS {
        let some = if change.what == Changed::Contact { Vec::new() } else { requests(escalations, &change).await? };
        let Some(last) = some.last().copied() else {
            match of_escalations(escalations, &change).await {
                Err(AppError::Unavailable(fault)) => return Ok(waits(&fault)),
                some => moved += some?,
            }
            let id = change.id;
            desk.db.write(move |tx| recounts::done(tx, id)).await?;
            return Ok(Some(moved));
        };
        for id in some {
            let (context, of, now) = (escalations.clone(), change.clone(), desk.clock.now());
            match desk.db.write(move |tx| request(tx, &context, &of, id, now)).await {
                // The database will be there again; what is left of the change stays in its row.
                Err(AppError::Unavailable(fault)) => return Ok(waits(&fault)),
                counted => moved += usize::from(settled(counted, &id.to_string())),
            }
        }
        change.done_to = Some(last);
        let id = change.id;
        desk.db.write(move |tx| recounts::done_to(tx, id, last)).await?;
    }
    tracing::debug!(moved, "a change of service time goes on with the next round");
    Ok(None)
}

/// The next requests that it may concern.
async fn requests(escalations: &Escalations, change: &Recount) -> Result<Vec<TicketId>, AppError> {
    let affected = Affected {
        region: change.region.clone(),
        service: (change.what == Changed::Channel).then(|| change.subject.clone()),
        from: change.day.and_then(|day| day.pred_opt()).map(Timestamp::end_of_day_in_berlin),
        now: escalations.desk().clock.now(),
        after: change.done_to,
    };
    escalations.desk().db.read(move |conn| promise::affected(conn, &affected, PORTION)).await
}

/// The service time as it was before a closing day came, or would be had it stayed.
fn before(change: &Recount, applied: &Applied) -> Option<Applied> {
    let closed = change.closed()?;
    let is_it = |one: &crate::directory::hours::ClosedDay| one.region == closed.region && one.day == closed.day;
    let (mut single, mut before) = (applied.time.closed.single.to_vec(), applied.clone());
    if single.iter().any(is_it) {
        single.retain(|one| !is_it(one));
    } else {
        single.push(closed);
        single.sort_by_key(|one| one.day);
    }
    before.time.closed.single = single.into();
    Some(before)
}

fn request(
    tx: &mut Tx,
    escalations: &Escalations,
    change: &Recount,
    id: TicketId,
    now: Timestamp,
) -> Result<bool, AppError> {
    let Some(mut ticket) = in_hand_by_id(tx, id)? else { return Ok(false) };
    let history = browse::entries(tx, id)?;
    let applied = promise::applied(escalations.desk(), &ticket, ticket.created_at);
    let (due, start) = deadlines::reckoned(escalations, &ticket, &history, &applied);
    if let Some(before) = before(change, &applied)
        && deadlines::reckoned(escalations, &ticket, &history, &before).0 == due
    {
        return Ok(false);
    }
    promise::move_to(tx, escalations.desk(), &mut ticket, (start, due), &change.reason, now)
}

async fn of_escalations(escalations: &Escalations, change: &Recount) -> Result<usize, AppError> {
    // An adoption's channel says nothing about the 2nd level.
    if change.what == Changed::Channel {
        return Ok(0);
    }
    let of = change.clone();
    let open = escalations.desk().db.read(move |conn| in_question(conn, &of)).await?;
    let mut moved = 0;
    for id in open {
        let (context, of, now) = (escalations.clone(), change.clone(), escalations.desk().clock.now());
        match escalations.desk().db.write(move |tx| escalation(tx, &context, &of, id, now)).await {
            Err(fault @ AppError::Unavailable(_)) => return Err(fault),
            counted => moved += usize::from(settled(counted, &id.to_string())),
        }
    }
    Ok(moved)
}

/// The open escalations that it may concern: a contact's change those in its hands, without a write for each other one.
fn in_question(conn: &mut Conn, change: &Recount) -> Result<Vec<EscalationId>, AppError> {
    let open = store::open_ids(conn)?;
    if change.what != Changed::Contact {
        return Ok(open);
    }
    let mut its = Vec::new();
    for id in open {
        let Some(found) = store::find(conn, id)? else { continue };
        if timing::in_charge(conn, &found)?.is_some_and(|contact| contact.slug.as_str() == change.subject) {
            its.push(id);
        }
    }
    Ok(its)
}

/// It goes on with a later round.
fn waits(fault: &str) -> Option<usize> {
    tracing::warn!(fault, "a change of service time waits for the database");
    None
}

fn escalation(
    tx: &mut Tx,
    escalations: &Escalations,
    change: &Recount,
    id: EscalationId,
    now: Timestamp,
) -> Result<bool, AppError> {
    let Some((found, ticket)) = store::in_hand(tx, id)? else { return Ok(false) };
    let Some(contact) = timing::in_charge(tx, &found)? else { return Ok(false) };
    let applied = timing::applied(escalations, &found, &ticket, &contact);
    let is_concerned = match change.what {
        Changed::Contact => contact.slug.as_str() == change.subject,
        _ => applied.time.closed.place.as_ref().is_some_and(|place| change.region.contains(place)),
    };
    if !is_concerned {
        return Ok(false);
    }
    let questions = store::questions(tx, id)?;
    let reckoned = |applied: &Applied| timing::reckoned(escalations, &found, &ticket, &questions, &applied.time);
    let Some(due) = reckoned(&applied) else { return Ok(false) };
    if before(change, &applied).is_some_and(|before| reckoned(&before) == Some(due)) {
        return Ok(false);
    }
    move_to(tx, &found, &ticket, (due, &applied), &change.reason, now)
}

/// Sets the time at which the step, or the answer, is due; false where that stays or has passed.
fn move_to(
    tx: &mut Tx,
    found: &crate::escalation::Escalation,
    ticket: &Ticket,
    (due, applied): (Timestamp, &Applied),
    reason: &str,
    now: Timestamp,
) -> Result<bool, AppError> {
    let is_taken = found.status == EscalationStatus::Acknowledged;
    let Some(from) = (if is_taken { found.answer_by } else { found.acknowledge_by }) else { return Ok(false) };
    let is_ahead = found.paused_at.is_some() || (from > now && due > now);
    if due == from || !is_ahead {
        return Ok(false);
    }
    let mut after = found.clone();
    *(if is_taken { &mut after.answer_by } else { &mut after.acknowledge_by }) = Some(due);
    let counted = if found.reminded == 0 { found.counted_from.unwrap_or(now) } else { now };
    let next = next_reminder(found.reminded, counted, due, Some(&applied.time));
    after.remind_at = next.filter(|_| found.paused_at.is_none() && (is_taken || found.reminded < 2));
    save(tx, found, &mut after, now)?;
    let event = Event::EscalationMoved { escalation: found.id, from, to: due, reason: reason.to_owned() };
    record(tx, ticket.id, &Actor::system(), &event, now)?;
    Ok(true)
}
