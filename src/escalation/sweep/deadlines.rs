//! The next step of a chain, when the present one was not taken in time.
//!
//! Invariant: one round asks at most one next contact of an escalation, and counts their time from then: a clock that
//! jumps forth by a day passes over nobody. A step that is counted from the future, because the clock was set back, is
//! counted anew.

use super::{SOME, settled};
use crate::access::Actor;
use crate::db::Tx;
use crate::error::AppError;
use crate::escalation::escalate::{next_step, save};
use crate::escalation::{Escalations, store, timing};

/// Asks the next where nobody took it in time; answers how often.
pub(super) async fn round(escalations: &Escalations) -> Result<usize, AppError> {
    let now = escalations.desk().clock.now();
    let due = escalations.desk().db.read(move |conn| store::due(conn, now, SOME)).await?;
    let mut done = 0;
    for found in due {
        let context = escalations.clone();
        let id = found.id;
        let step = move |tx: &mut Tx| {
            let Some((fresh, _)) = store::in_hand(tx, found.id)? else { return Ok(false) };
            // Somebody may have taken it, or another instance asked the next, since the list was read.
            if fresh != found { Ok(false) } else { next_step(tx, &context, &fresh, &Actor::system(), now) }
        };
        let stepped = escalations.desk().db.write(step).await;
        done += usize::from(settled(stepped, &id.to_string()));
    }
    Ok(done)
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
