//! Reminders: of a step that nobody took yet, of an answer that is awaited, and in an emergency to everybody asked.
//!
//! Invariant: the time of the next reminder stands in the escalation and is judged again when it has come, with the
//! escalation in hand and as it is then; each is sent once, by whichever instance was quicker. After a clock that
//! jumped forth only the last of several is sent; after one that jumped back none again.

use super::{SOME, settled};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::directory::{Contact, contacts_of};
use crate::error::AppError;
use crate::escalation::escalate::save;
use crate::escalation::escalation::{Escalation, EscalationStatus};
use crate::escalation::message::Occasion;
use crate::escalation::{Escalations, step, store, timing};
use crate::tickets::deadline::Stage;
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, record};

/// Sends the reminders that are due; answers how many were acted on.
pub(super) async fn round(escalations: &Escalations) -> Result<usize, AppError> {
    let now = escalations.desk().clock.now();
    let due = escalations.desk().db.read(move |conn| store::reminders_due(conn, now, SOME)).await?;
    let mut done = 0;
    for seen in due {
        let (context, id) = (escalations.clone(), seen.id);
        let remind = move |tx: &mut Tx| {
            let Some((fresh, ticket)) = store::in_hand(tx, seen.id)? else { return Ok(false) };
            if fresh != seen { Ok(false) } else { remind_one(tx, &context, &fresh, &ticket, now) }
        };
        let reminded = escalations.desk().db.write(remind).await;
        done += usize::from(settled(reminded, &id.to_string()));
    }
    Ok(done)
}

fn remind_one(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<bool, AppError> {
    let mut after = found.clone();
    let is_taken = match found.status {
        EscalationStatus::Pending | EscalationStatus::Sent => false,
        EscalationStatus::Acknowledged => true,
        _ => {
            after.remind_at = None;
            return save(tx, found, &mut after, now).map(|()| false);
        }
    };
    if found.emergency && !is_taken {
        after.reminded += 1;
        after.remind_at = timing::repeat_at(escalations, after.reminded, now);
        save(tx, found, &mut after, now)?;
        let reached = store::reached(tx, found.id)?;
        let asked = contacts_of(tx, &reached)?;
        return tell(tx, escalations, &after, ticket, &asked, None, now).map(|()| true);
    }
    let Some(due) = timing::reminder_now(tx, escalations, found, ticket, now)? else { return Ok(false) };
    (after.reminded, after.remind_at) = (due.told, due.next_at);
    // The end of a step is no reminder: then the next is asked.
    if !is_taken && due.told >= 2 {
        after.remind_at = None;
    }
    save(tx, found, &mut after, now)?;
    if due.stage == Stage::Over {
        if is_taken {
            let name = found.acknowledged_name.clone().unwrap_or_default();
            notice::add(tx, ticket, NoticeKind::SecondLevelOverdue, &name, now)?;
        }
        return Ok(true);
    }
    let asked: Vec<Contact> = timing::in_charge(tx, found)?.into_iter().collect();
    tell(tx, escalations, &after, ticket, &asked, Some(due.stage.percent()), now)?;
    Ok(true)
}

/// Sends a reminder to each of them, and writes down that it was.
fn tell(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    asked: &[Contact],
    percent: Option<i32>,
    now: Timestamp,
) -> Result<(), AppError> {
    for contact in asked.iter().filter(|contact| !contact.is_ended) {
        step::send(tx, escalations, found, ticket, contact, Occasion::Reminded, now)?;
        let event = Event::EscalationReminded {
            escalation: found.id,
            contact: contact.slug.clone(),
            name: contact.name.clone(),
            percent,
        };
        record(tx, ticket.id, &Actor::system(), &event, now)?;
    }
    Ok(())
}
