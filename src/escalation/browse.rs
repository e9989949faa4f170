//! Seeing escalations and what was sent for them; sending again what was given up.
//!
//! Invariant: a central contact sees those of its region, a 2nd-level token those whose chain has reached its
//! contact, and to everybody else they do not exist.

use chrono::TimeDelta;

use super::ask::Question;
use super::escalation::{Escalation, EscalationStatus, is_open};
use super::hand_on::{self, Handover};
use super::{Escalations, respond, step, store};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery;
pub use crate::delivery::{AttemptOutcome, Channel, Delivery, DeliveryStatus, Purpose, QueueState};
use crate::directory::contacts_of;
use crate::error::AppError;
use crate::ids::{DeliveryId, EscalationId, TicketId};
use crate::keys::Slug;
use crate::tickets::browse::{Page, cut};
use crate::tickets::reading::note_reading;
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, TicketRef, by_id, find_by_id, record};

/// For so long those who were asked are shown what has ended.
const LISTED_FOR: TimeDelta = TimeDelta::days(30);

/// An escalation of one's own and its ticket, both as those who are asked are told them, and by whose word it ended.
pub type Own = (Escalation, Ticket, Option<String>);

/// The escalation and its ticket, if the caller sees it.
pub(super) fn visible(conn: &mut Conn, caller: &Caller, id: EscalationId) -> Result<(Escalation, Ticket), AppError> {
    let found = store::find(conn, id)?.ok_or(AppError::NotFound)?;
    let ticket = by_id(conn, found.ticket)?;
    let is_visible = caller.sees(Action::ReadEscalations, ticket.object()) || !speaks_for(conn, caller, id)?.is_empty();
    if is_visible { Ok((found, ticket)) } else { Err(AppError::NotFound) }
}

/// The contacts whom this escalation has reached and whom the caller speaks for.
fn speaks_for(conn: &mut Conn, caller: &Caller, id: EscalationId) -> Result<Vec<Slug>, AppError> {
    let own = caller.contacts(Action::ReadEscalations);
    let reached = if own.is_empty() { Vec::new() } else { store::reached(conn, id)? };
    Ok(own.into_iter().filter(|contact| reached.contains(contact)).collect())
}

/// The same to do something on its ticket; nobody else does until the transaction ends.
pub(super) fn in_hand(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    id: EscalationId,
) -> Result<(Escalation, Ticket), AppError> {
    let (_, ticket) = visible(tx, caller, id)?;
    caller.must_see(action, Action::ReadEscalations, ticket.object())?;
    store::in_hand(tx, id)?.ok_or(AppError::NotFound)
}

/// One escalation with its ticket.
pub async fn escalation(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
) -> Result<(Escalation, Ticket), AppError> {
    let (found, ticket, is_asked) = seen(escalations, caller, id).await?;
    Ok(if is_asked { found.told(ticket) } else { (found, ticket) })
}

/// The same with whether the caller is one of those who are asked.
async fn seen(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
) -> Result<(Escalation, Ticket, bool), AppError> {
    caller.may(Action::ReadEscalations)?;
    let reader = caller.clone();
    let (found, ticket, is_asked) = escalations
        .desk()
        .db
        .read(move |conn| {
            let (found, ticket) = visible(conn, &caller, id)?;
            let is_asked = !speaks_for(conn, &caller, id)?.is_empty();
            Ok((found, ticket, is_asked))
        })
        .await?;
    // Those who are asked read their own open work.
    if !is_asked || !is_open(found.status) {
        note_reading(escalations.desk(), &reader, &ticket, "escalation").await?;
    }
    Ok((found, ticket, is_asked))
}

/// What goes to and fro about an escalation.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Itself.
    pub escalation: Escalation,
    /// What was asked and replied.
    pub questions: Vec<Question>,
    /// Who handed on to whom.
    pub handovers: Vec<Handover>,
    /// What the person added before it began, as those who are asked are told it.
    pub added: Vec<(Timestamp, String)>,
    /// How many files there were then.
    pub files: usize,
}

/// What was asked and replied, who handed on to whom, and what there was besides.
pub async fn conversation(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
) -> Result<Conversation, AppError> {
    let (found, ticket, is_asked) = seen(escalations, caller, id).await?;
    let read = move |conn: &mut Conn| {
        let questions = store::questions(conn, id)?;
        let handovers = if is_asked { hand_on::told(conn, &found)? } else { store::handovers(conn, id)? };
        let (added, files) = (step::additions(conn, &found)?, step::files(conn, &found)?);
        let escalation = if is_asked { found.clone().told(ticket.clone()).0 } else { found.clone() };
        Ok(Conversation { escalation, questions, handovers, added, files })
    };
    escalations.desk().db.read(read).await
}

/// The escalations of a ticket, earliest first.
pub async fn of_ticket(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
) -> Result<(Ticket, Vec<Escalation>), AppError> {
    caller.may(Action::ReadTickets)?;
    let reader = caller.clone();
    let (ticket, found) = escalations
        .desk()
        .db
        .read(move |conn| {
            let ticket = crate::tickets::visible(conn, &caller, Action::ReadTickets, &at)?;
            let found = store::of_ticket(conn, ticket.id)?;
            Ok((ticket, found))
        })
        .await?;
    note_reading(escalations.desk(), &reader, &ticket, "escalations").await?;
    Ok((ticket, found))
}

/// The escalations that have reached a 2nd-level caller's contact and are still open, earliest first.
pub async fn mine(
    escalations: &Escalations,
    caller: Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Own>, AppError> {
    caller.may(Action::RespondEscalation)?;
    let after = cursor_id(cursor)?;
    let contacts = caller.contacts(Action::RespondEscalation);
    escalations
        .desk()
        .db
        .read(move |conn| {
            let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
            let open = store::open_for(conn, &contacts, after, wanted)?;
            page_of(conn, open, limit)
        })
        .await
}

/// Those that reached a 2nd-level caller's contact and ended in the last 30 days, the last first.
pub async fn mine_ended(
    escalations: &Escalations,
    caller: Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Own>, AppError> {
    caller.may(Action::RespondEscalation)?;
    let after: Option<EscalationId> = cursor_id(cursor)?;
    let contacts = caller.contacts(Action::RespondEscalation);
    let since = escalations.desk().clock.now().minus(LISTED_FOR);
    escalations
        .desk()
        .db
        .read(move |conn| {
            let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
            let after = after.map(|id| ended_at(conn, &contacts, id)).transpose()?;
            let ended = store::ended_for(conn, &contacts, since, after, wanted)?;
            page_of(conn, ended, limit)
        })
        .await
}

/// Where an escalation stands in these contacts' list of what has ended.
fn ended_at(conn: &mut Conn, own: &[Slug], id: EscalationId) -> Result<(Timestamp, EscalationId), AppError> {
    let is_own = store::reached(conn, id)?.iter().any(|contact| own.contains(contact));
    let at = store::find(conn, id)?.filter(|_| is_own).and_then(|found| found.ended_at);
    at.map(|at| (at, id)).ok_or_else(wrong_cursor)
}

/// A page of one more than it holds.
fn page_of(conn: &mut Conn, found: Vec<Escalation>, limit: usize) -> Result<Page<Own>, AppError> {
    let (found, next_cursor) = cut(found, limit, |last| last.id.to_string());
    let mut items = Vec::new();
    for one in found {
        let (ended_by, ticket) = (respond::ended_by(conn, &one)?, by_id(conn, one.ticket)?);
        let (one, ticket) = one.told(ticket);
        items.push((one, ticket, ended_by));
    }
    Ok(Page { items, next_cursor })
}

/// Cursors of these lists are ids; to the caller they are opaque.
fn cursor_id<T>(cursor: Option<String>) -> Result<Option<crate::ids::Id<T>>, AppError> {
    cursor.map(|cursor| cursor.parse()).transpose().map_err(|_| wrong_cursor())
}

fn wrong_cursor() -> AppError {
    AppError::field("cursor", "must be next_cursor of the page before, unchanged")
}

/// What was sent for an escalation, with every attempt.
pub async fn deliveries(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
) -> Result<Vec<Delivery>, AppError> {
    caller.may(Action::ReadEscalations)?;
    escalations
        .desk()
        .db
        .read(move |conn| {
            let (_, ticket) = visible(conn, &caller, id)?;
            let mut all = delivery::deliveries_of(conn, id.cast())?;
            // The 2nd level sees what went to itself: the addresses of others are none of its business.
            if !caller.sees(Action::ReadEscalations, ticket.object()) {
                let own = speaks_for(conn, &caller, id)?;
                let mut ways: Vec<String> = Vec::new();
                for contact in contacts_of(conn, &own)? {
                    ways.extend(contact.email.map(|email| email.as_str().to_owned()));
                    ways.extend(contact.webhook.map(|webhook| webhook.url));
                }
                all.retain(|delivery| ways.contains(&delivery.recipient));
            }
            Ok(all)
        })
        .await
}

/// What was given up, of the caller's region, earliest first.
pub async fn exhausted(
    escalations: &Escalations,
    caller: Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Delivery>, AppError> {
    caller.may(Action::ReadDeliveries)?;
    let after: Option<DeliveryId> = cursor_id(cursor)?;
    escalations
        .desk()
        .db
        .read(move |conn| {
            let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
            let found = delivery::exhausted(conn, after, wanted)?;
            let (found, next_cursor) = cut(found, limit, |last| last.id.to_string());
            let mut items = Vec::new();
            for delivery in found {
                if ticket_of(conn, &delivery)?
                    .is_some_and(|ticket| caller.sees(Action::ReadDeliveries, ticket.object()))
                {
                    items.push(delivery);
                }
            }
            Ok(Page { items, next_cursor })
        })
        .await
}

/// Sends again what was given up: the same message under the same id. `Conflict` where nobody is to be asked any more.
pub async fn replay(escalations: &Escalations, caller: Caller, id: DeliveryId) -> Result<Delivery, AppError> {
    send_again(escalations, caller, id, given_up_again).await
}

fn given_up_again(tx: &mut Tx, found: &Delivery, now: Timestamp) -> Result<Delivery, AppError> {
    match settled(tx, found)? {
        Some(status) => Err(AppError::Conflict(no_more(status))),
        None => delivery::replay(tx, found.id, now),
    }
}

/// How its escalation ended, where that makes a question, a reminder or a reply needless: whoever got it now would work
/// on what is done. One that expired because nobody could be reached is asked again.
pub fn settled(conn: &mut Conn, message: &Delivery) -> Result<Option<EscalationStatus>, AppError> {
    if !matches!(message.purpose, Purpose::Created | Purpose::Reminded | Purpose::Replied) {
        return Ok(None);
    }
    let status = store::find(conn, message.about.cast())?.map(|found| found.status);
    let is_done = |status: &EscalationStatus| {
        matches!(status, EscalationStatus::Answered | EscalationStatus::Returned | EscalationStatus::Withdrawn)
    };
    Ok(status.filter(is_done))
}

/// Why it is not sent again.
pub fn no_more(status: EscalationStatus) -> String {
    format!("the escalation is {status}; nobody is asked any more")
}

async fn send_again(
    escalations: &Escalations,
    caller: Caller,
    id: DeliveryId,
    again: impl FnOnce(&mut Tx, &Delivery, Timestamp) -> Result<Delivery, AppError> + Send + 'static,
) -> Result<Delivery, AppError> {
    caller.may(Action::ReplayDelivery)?;
    let now = escalations.desk().clock.now();
    escalations
        .desk()
        .db
        .write(move |tx| {
            let found = delivery::delivery(tx, id)?.ok_or(AppError::NotFound)?;
            let ticket = ticket_of(tx, &found)?.ok_or(AppError::NotFound)?;
            caller.must_see(Action::ReplayDelivery, Action::ReadDeliveries, ticket.object())?;
            let replayed = again(tx, &found, now)?;
            record(tx, ticket.id, &caller.actor, &Event::DeliveryReplayed { delivery: id }, now)?;
            Ok(replayed)
        })
        .await
}

/// Tries a message now: one that waits for its next attempt, or one that was given up.
pub async fn retry_now(escalations: &Escalations, caller: Caller, id: DeliveryId) -> Result<Delivery, AppError> {
    send_again(escalations, caller, id, |tx, found, now| match found.status {
        DeliveryStatus::Pending => delivery::hasten(tx, found.id, now),
        _ => given_up_again(tx, found, now),
    })
    .await
}

/// How much waits to leave, for those who run this installation.
pub async fn queue(escalations: &Escalations) -> Result<QueueState, AppError> {
    let now = escalations.desk().clock.now();
    escalations.desk().db.read(move |conn| delivery::queue_state(conn, now)).await
}

/// The ticket a message is about: by its escalation, or directly.
pub fn ticket_of(conn: &mut Conn, delivery: &Delivery) -> Result<Option<Ticket>, AppError> {
    let id: TicketId = match delivery.purpose {
        Purpose::Account | Purpose::Contact | Purpose::Barrier => return Ok(None),
        Purpose::Notice | Purpose::Reply => delivery.about.cast(),
        Purpose::Created | Purpose::Reminded | Purpose::Replied | Purpose::Cancelled => {
            match store::find(conn, delivery.about.cast())? {
                Some(found) => found.ticket,
                None => return Ok(None),
            }
        }
    };
    find_by_id(conn, id)
}
