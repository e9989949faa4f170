//! The next step of a chain, when the present one was not taken in time.
//!
//! Invariant: one round asks at most one next contact of an escalation, and counts their time from then: a clock that
//! jumps forth by a day passes over nobody. A step that is counted from the future, because the clock was set back, is
//! counted anew. In an emergency the last step does not end the chain while people are still told again.

use super::{SOME, settled};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::escalation::escalate::{next_step, save};
use crate::escalation::escalation::Escalation;
use crate::escalation::{Escalations, store, timing};
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;

/// Asks the next where nobody took it in time; answers how often.
pub(super) async fn round(escalations: &Escalations) -> Result<usize, AppError> {
    let now = escalations.desk().clock.now();
    let due = escalations.desk().db.read(move |conn| store::due(conn, now, SOME)).await?;
    let mut done = 0;
    for found in due {
        let context = escalations.clone();
        let id = found.id;
        let step = move |tx: &mut Tx| {
            let Some((fresh, ticket)) = store::in_hand(tx, found.id)? else { return Ok(false) };
            // Somebody may have taken it, or another instance asked the next, since the list was read.
            if fresh != found { Ok(false) } else { step_on(tx, &context, &fresh, &ticket, now) }
        };
        let stepped = escalations.desk().db.write(step).await;
        done += usize::from(settled(stepped, &id.to_string()));
    }
    Ok(done)
}

fn step_on(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<bool, AppError> {
    if let Some(until) = still_told(escalations, found, now) {
        let mut after = found.clone();
        after.acknowledge_by = Some(until);
        save(tx, found, &mut after, now)?;
        notice::add(tx, ticket, NoticeKind::EmergencyUnanswered, "", now)?;
        return Ok(true);
    }
    next_step(tx, escalations, found, &Actor::system(), now)
}

/// Until when everybody of an emergency is told again, after its last step has passed: the time its chain ends.
fn still_told(escalations: &Escalations, found: &Escalation, now: Timestamp) -> Option<Timestamp> {
    let settings = escalations.settings();
    found.remind_at.filter(|_| found.emergency && found.following().is_none())?;
    let left = settings.emergency_repeats.saturating_sub(found.reminded);
    let until = now.plus(settings.emergency_repeat * left.saturating_add(1));
    (until > now && left > 0).then_some(until)
}

/// Counts anew what is counted from the future; answers how many.
pub(super) async fn set_back(escalations: &Escalations) -> Result<usize, AppError> {
    let now = escalations.desk().clock.now();
    // Instances a moment apart are no clock that was set back.
    let ahead = now.plus(chrono::TimeDelta::minutes(1));
    let found = escalations.desk().db.read(move |conn| store::counted_after(conn, ahead, SOME)).await?;
    let mut done = 0;
    for id in found.into_iter().map(|found| found.id) {
        let context = escalations.clone();
        let anew = move |tx: &mut Tx| {
            let Some((before, ticket)) = store::in_hand(tx, id)? else { return Ok(false) };
            if before.counted_from.is_none_or(|from| from <= ahead) {
                return Ok(false);
            }
            let mut after = before.clone();
            timing::count_anew(tx, &context, &mut after, &ticket, now)?;
            save(tx, &before, &mut after, now)?;
            Ok(true)
        };
        let counted = escalations.desk().db.write(anew).await;
        done += usize::from(settled(counted, &id.to_string()));
    }
    Ok(done)
}
