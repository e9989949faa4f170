//! What ends a ticket: answer, reject, close, merge; and what ends an escalation from our side: withdraw.
//!
//! Invariant: ending a ticket withdraws its open escalations in the same write and tells the other side. The
//! person, and whoever joined the request, is told by mail where they wished so; a wished call is the 1st level's, who sees the answer here.

use super::escalate::{ended, finish, save};
use super::escalation::{Escalation, EscalationMove, EscalationStatus, next};
use super::{Escalations, browse, step, store};
use crate::access::idempotency::{Once, Outcome};
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{Purpose, cancel_pending};
use crate::error::AppError;
use crate::ids::EscalationId;
use crate::tickets::assess::{check, hold, work, work_once};
use crate::tickets::joined::tell_joined;
use crate::tickets::reply::{Letter, write_reporter};
use crate::tickets::status::is_open;
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, Move, TicketRef, advance, in_hand, promise, record, visible};

/// Answers the person.
pub async fn answer(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    text: String,
    repeat: Option<Once<Ticket>>,
) -> Result<Outcome<Ticket>, AppError> {
    check("text", &text)?;
    let context = escalations.clone();
    work_once(escalations.desk(), Action::AssessTicket, caller, at, repeat, move |tx, caller, ticket, now| {
        hold(ticket, caller)?;
        promise::go_on(context.desk(), ticket, now);
        ticket.answer = Some(text.clone());
        ticket.answered_at = Some(now);
        let event = Event::Answered { text: text.clone(), told_by: ticket.reply_wish };
        advance(tx, ticket, Move::Answer, &caller.actor, &event, now)?;
        write_reporter(tx, context.desk(), ticket, Letter::Answer(&text), &caller.actor, now)?;
        tell_joined(tx, context.desk(), ticket, Letter::Answer(&text), &caller.actor, now)?;
        withdraw_all(tx, &context, ticket, &caller.actor, "die Anfrage ist beantwortet", now)
    })
    .await
}

/// Refuses the request, with a reason the person is told.
pub async fn reject(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    reason: String,
    repeat: Option<Once<Ticket>>,
) -> Result<Outcome<Ticket>, AppError> {
    check("reason", &reason)?;
    let context = escalations.clone();
    work_once(escalations.desk(), Action::AssessTicket, caller, at, repeat, move |tx, caller, ticket, now| {
        hold(ticket, caller)?;
        promise::go_on(context.desk(), ticket, now);
        let event = Event::Rejected { reason: reason.clone(), told_by: ticket.reply_wish };
        advance(tx, ticket, Move::Reject, &caller.actor, &event, now)?;
        write_reporter(tx, context.desk(), ticket, Letter::Refusal(&reason), &caller.actor, now)?;
        tell_joined(tx, context.desk(), ticket, Letter::Refusal(&reason), &caller.actor, now)?;
        withdraw_all(tx, &context, ticket, &caller.actor, "die Anfrage ist abgelehnt", now)
    })
    .await
}

/// Puts an answered or refused request away.
pub async fn close(escalations: &Escalations, caller: Caller, at: TicketRef) -> Result<Ticket, AppError> {
    let context = escalations.clone();
    work(escalations.desk(), Action::AssessTicket, caller, at, move |tx, caller, ticket, now| {
        ticket.closed_at = Some(now);
        advance(tx, ticket, Move::Close, &caller.actor, &Event::Closed {}, now)?;
        withdraw_all(tx, &context, ticket, &caller.actor, "die Anfrage ist abgeschlossen", now)
    })
    .await
}

/// Lets a request go on in another one, within the caller's sight.
pub async fn merge(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    into: TicketRef,
) -> Result<Ticket, AppError> {
    let context = escalations.clone();
    work(escalations.desk(), Action::AssessTicket, caller, at, move |tx, caller, ticket, now| {
        let unknown =
            |e| if matches!(e, AppError::NotFound) { AppError::field("into", "there is no such ticket") } else { e };
        if visible(tx, caller, Action::AssessTicket, &into).map_err(unknown)?.id == ticket.id {
            return Err(AppError::field("into", "must be another ticket"));
        }
        // In hand as well: two that are merged into each other at once would both be gone.
        let target = in_hand(tx, caller, Action::AssessTicket, &into).map_err(unknown)?;
        if !is_open(target.status) {
            let message =
                format!("{} is {}; a request can only go on in one that is open", target.number, target.status);
            return Err(AppError::Conflict(message));
        }
        hold(ticket, caller)?;
        ticket.merged_into = Some(target.id);
        let event = Event::Merged { into: target.id, number: target.number.to_string() };
        advance(tx, ticket, Move::Merge, &caller.actor, &event, now)?;
        let merged = Event::MergedFrom { from: ticket.id, number: ticket.number.to_string() };
        record(tx, target.id, &caller.actor, &merged, now)?;
        withdraw_all(tx, &context, ticket, &caller.actor, "die Anfrage wurde zusammengeführt", now)
    })
    .await
}

/// Takes an escalation back and tells the other side.
pub async fn withdraw(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
    reason: String,
) -> Result<(Escalation, Ticket), AppError> {
    caller.may(Action::AssessTicket)?;
    check("reason", &reason)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    escalations
        .desk()
        .db
        .write(move |tx| {
            let (found, mut ticket) = browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
            hold(&mut ticket, &caller)?;
            if next(found.status, EscalationMove::Withdraw).is_none() {
                return Err(AppError::Conflict(format!("the escalation is {} already", found.status)));
            }
            withdraw_one(tx, &context, &found, &ticket, &caller.actor, &reason, now)?;
            ended(tx, ticket.id, now)?;
            browse::visible(tx, &caller, id)
        })
        .await
}

pub(super) fn withdraw_all(
    tx: &mut Tx,
    escalations: &Escalations,
    ticket: &Ticket,
    actor: &Actor,
    reason: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    for found in store::open_of(tx, ticket.id)? {
        withdraw_one(tx, escalations, &found, ticket, actor, reason, now)?;
    }
    Ok(())
}

fn withdraw_one(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    actor: &Actor,
    reason: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let mut after = found.clone();
    finish(&mut after, EscalationStatus::Withdrawn, now);
    save(tx, found, &mut after, now)?;
    let event = Event::EscalationWithdrawn { escalation: found.id, reason: reason.to_owned() };
    record(tx, ticket.id, actor, &event, now)?;
    cancel_pending(tx, found.id.cast(), &[Purpose::Created, Purpose::Reminded, Purpose::Replied])?;
    step::call_off(tx, escalations, &after, ticket, now)
}
