//! What deliveries have told: a server took a message, a way fails, a message was given up.
//!
//! Invariant: an event is handled in the transaction that marks it as handled; a backlog goes in portions, and one that
//! cannot be handled does not hold up the others.

use super::{SOME, settled};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{self, DeliveryEvent, DeliveryStatus, EventKind, Purpose};
use crate::error::AppError;
use crate::escalation::escalate::{next_step, save};
use crate::escalation::escalation::{Escalation, EscalationMove, next};
use crate::escalation::{Escalations, browse, other_way, step, store};
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, record};

/// How many events are handled in one write.
const TOGETHER: usize = 50;

/// Handles what deliveries have told; answers how many events.
pub(super) async fn round(escalations: &Escalations) -> Result<usize, AppError> {
    let open = escalations.desk().db.read(|conn| delivery::open_events(conn, SOME)).await?;
    let mut done = 0;
    for portion in open.chunks(TOGETHER) {
        done += match events_together(escalations, portion.to_vec()).await {
            Ok(done) => done,
            // One of them cannot be handled; the others can.
            Err(_) => events_alone(escalations, portion).await,
        };
    }
    Ok(done)
}

/// In one write: a backlog that leaves makes an event a message, and a sync for each would slow its leaving.
async fn events_together(escalations: &Escalations, events: Vec<DeliveryEvent>) -> Result<usize, AppError> {
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let all = move |tx: &mut Tx| {
        events.iter().try_fold(0, |done, event| Ok(done + usize::from(handle(tx, &context, event, now)?)))
    };
    escalations.desk().db.write(all).await
}

async fn events_alone(escalations: &Escalations, events: &[DeliveryEvent]) -> usize {
    let mut done = 0;
    for event in events.iter().cloned() {
        let (context, now, id) = (escalations.clone(), escalations.desk().clock.now(), event.id);
        let handled = escalations.desk().db.write(move |tx| handle(tx, &context, &event, now)).await;
        done += usize::from(settled(handled, &id.to_string()));
    }
    done
}

fn handle(tx: &mut Tx, escalations: &Escalations, event: &DeliveryEvent, now: Timestamp) -> Result<bool, AppError> {
    if !delivery::handled(tx, event.id, now)? {
        return Ok(false);
    }
    let Some(id) = event.delivery else { return Ok(true) };
    let Some(message) = delivery::delivery(tx, id)? else { return Ok(true) };
    let matter = match message.purpose {
        Purpose::Account => {
            if event.kind == EventKind::Exhausted {
                tracing::error!(delivery = %message.id, "a mail to a person about their account could not be delivered");
            }
            return Ok(true);
        }
        // The endpoint is marked where its mail came back; contacts and gaps show it.
        Purpose::Contact => {
            if event.kind == EventKind::Exhausted {
                tracing::warn!(delivery = %message.id, "a mail about a contact could not be delivered");
            }
            return Ok(true);
        }
        Purpose::Barrier => {
            match event.kind {
                EventKind::Sent => drop(delivery::purge(tx, message.about)?),
                EventKind::Exhausted => {
                    tracing::error!(delivery = %message.id, "a reported barrier could not be delivered")
                }
                _ => {}
            }
            return Ok(true);
        }
        Purpose::Created | Purpose::Reminded | Purpose::Replied | Purpose::Cancelled => {
            store::in_hand(tx, message.about.cast())?.map(|(found, ticket)| (Some(found), ticket))
        }
        Purpose::Notice | Purpose::Reply => browse::ticket_of(tx, &message)?.map(|ticket| (None, ticket)),
    };
    // Its ticket was deleted; then nobody is to be told anything.
    let Some((found, ticket)) = matter else { return Ok(true) };
    match event.kind {
        EventKind::Sent => match found {
            Some(found) if message.purpose == Purpose::Created => {
                let found = step::note_answer(tx, &found, event, now)?;
                sent(tx, &found, &message, now)?;
            }
            Some(found) => drop(step::note_answer(tx, &found, event, now)?),
            None => {}
        },
        EventKind::Failing => {
            if let Some(found) = found {
                other_way::take(tx, escalations, &found, &ticket, &Actor::system(), now)?;
            }
        }
        EventKind::Exhausted => {
            given_up(tx, escalations, event, &message, found, &ticket, now)?;
        }
        EventKind::Disabled => {
            let endpoint = event.endpoint.map(|id| id.uuid()).unwrap_or_default();
            let told = Event::EndpointDisabled { endpoint, detail: event.detail.clone() };
            record(tx, ticket.id, &Actor::system(), &told, now)?;
            notice::add(tx, &ticket, NoticeKind::EndpointDisabled, &message.recipient, now)?;
        }
        // The endpoint is marked; the Exhausted event that comes with it does the rest.
        EventKind::Bounced => {}
    }
    Ok(true)
}

/// Their server took a message: the escalation is on its way, if it is one of the present step.
fn sent(tx: &mut Tx, found: &Escalation, message: &delivery::Delivery, now: Timestamp) -> Result<(), AppError> {
    let since = store::reached_at(tx, found.id, found.step)?.unwrap_or(found.created_at);
    if let Some(to) = next(found.status, EscalationMove::Send)
        && message.created_at >= since
    {
        let mut after = found.clone();
        after.status = to;
        save(tx, found, &mut after, now)?;
    }
    let event = Event::EscalationSent { escalation: found.id, contact: message.recipient.clone() };
    record(tx, found.ticket, &Actor::system(), &event, now)
}

/// A message was given up: people are told, and if nothing of this step can arrive any more, the next is asked.
fn given_up(
    tx: &mut Tx,
    escalations: &Escalations,
    event: &DeliveryEvent,
    message: &delivery::Delivery,
    found: Option<Escalation>,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let told = Event::DeliveryExhausted {
        delivery: message.id,
        recipient: message.recipient.clone(),
        detail: event.detail.clone(),
    };
    record(tx, ticket.id, &Actor::system(), &told, now)?;
    if message.purpose == Purpose::Notice {
        // A notice about a notice that did not arrive would chase its own tail; the list of work shows the matter.
        tracing::error!(delivery = %message.id, "a notice to a central contact could not be delivered");
        return Ok(());
    }
    notice::add(tx, ticket, NoticeKind::DeliveryExhausted, &message.recipient, now)?;
    let Some(found) = found else { return Ok(()) };
    let all = delivery::deliveries_of(tx, found.id.cast())?;
    let hope = |d: &delivery::Delivery| matches!(d.status, DeliveryStatus::Pending | DeliveryStatus::Sent);
    // Only messages of the present step count; earlier contacts had their time.
    let since = store::reached_at(tx, found.id, found.step)?.unwrap_or(found.created_at);
    let waits = all.iter().any(|d| d.purpose == Purpose::Created && d.created_at >= since && hope(d));
    if !waits && message.created_at >= since {
        next_step(tx, escalations, &found, &Actor::system(), now)?;
    }
    Ok(())
}
