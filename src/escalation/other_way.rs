//! The other way: a contact that was not reached by one of its ways is told by the one that was not used.
//!
//! Invariant: the unique key of each message makes this add only the way that is missing, so nobody is told twice by
//! one way. Lotse does it by itself after three failures in a row (`sweep/events.rs`); a person may at any
//! time, and whoever runs the installation for a message that was given up.

use super::escalation::{Escalation, EscalationMove, next};
use super::message::Occasion;
use super::{Escalations, browse, step, store};
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{self, Channel, DeliveryStatus, Purpose};
use crate::directory::{Contact, contacts_of};
use crate::error::AppError;
use crate::ids::{DeliveryId, EscalationId};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, record};

/// The way that whoever's turn it is has and was not told by.
pub(super) fn left(conn: &mut Conn, found: &Escalation) -> Result<Option<(Contact, Channel)>, AppError> {
    let Some(step) = found.current() else { return Ok(None) };
    if next(found.status, EscalationMove::Advance).is_none() {
        return Ok(None);
    }
    let Some(contact) = contacts_of(conn, std::slice::from_ref(&step.contact.id))?.pop() else { return Ok(None) };
    let told = delivery::deliveries_of(conn, found.id.cast())?;
    let is_told = |recipient: &str| told.iter().any(|d| d.purpose == Purpose::Created && d.recipient == recipient);
    let webhook = contact.webhook.as_ref().filter(|webhook| webhook.is_active());
    let way = match (&contact.email, webhook) {
        (Some(email), _) if !is_told(email.as_str()) => Some(Channel::Email),
        (_, Some(webhook)) if !is_told(&webhook.url) => Some(Channel::Webhook),
        _ => None,
    };
    Ok(way.map(|way| (contact, way)))
}

/// Takes it, if there is one; answers which.
pub(super) fn take(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    actor: &Actor,
    now: Timestamp,
) -> Result<Option<Channel>, AppError> {
    let Some((contact, way)) = left(tx, found)? else { return Ok(None) };
    let added = step::send(tx, escalations, found, ticket, &contact, Occasion::Created, now)?;
    if added.messages == 0 {
        return Ok(None);
    }
    let event = Event::OtherWayTried { escalation: found.id, channel: way.to_string() };
    record(tx, ticket.id, actor, &event, now)?;
    Ok(Some(way))
}

/// Takes it now, on the central contact's word. `Conflict` when every way was used or nobody is to be told any more.
pub async fn take_now(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
) -> Result<(Escalation, Ticket), AppError> {
    caller.may(Action::AssessTicket)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        let (found, ticket) = browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
        match take(tx, &context, &found, &ticket, &caller.actor, now)? {
            Some(_) => Ok((found, ticket)),
            None => Err(AppError::Conflict("every way of whoever's turn it is was used already".into())),
        }
    };
    escalations.desk().db.write(work).await
}

/// Takes it for a message that was given up. `Conflict` where there is none, or nobody waits for it any more. The
/// caller's right is asked for by `operations`.
pub async fn take_for(escalations: &Escalations, caller: &Caller, id: DeliveryId) -> Result<(), AppError> {
    let (context, actor, now) = (escalations.clone(), caller.actor.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        let found = delivery::delivery(tx, id)?.ok_or(AppError::NotFound)?;
        if found.status != DeliveryStatus::Exhausted || found.purpose != Purpose::Created {
            let hint = "only the first message of a step that was given up can go by the other way";
            return Err(AppError::Conflict(hint.into()));
        }
        let (escalation, ticket) = store::in_hand(tx, found.about.cast())?.ok_or(AppError::NotFound)?;
        match take(tx, &context, &escalation, &ticket, &actor, now)? {
            Some(_) => Ok(()),
            None => Err(AppError::Conflict(
                "there is no other way: the contact that is asked now has none that was not tried, or nobody is asked any more".into(),
            )),
        }
    };
    escalations.desk().db.write(work).await
}
