//! The central contact's work on a ticket that leaves it open: claim, release, ask, note, set, reopen, merge.
//!
//! Invariant: a claim is exclusive; whoever decides on a ticket holds it, or takes it by deciding when nobody
//! does. Every step stands in the history with who and why. Decisions that end a ticket, or its escalations, stand
//! in `escalation/`.

use super::history::Event;
use super::joined::tell_joined;
use super::reply::{Letter, write_reporter};
use super::status::{Move, next};
use super::store::claim_of;
use super::ticket::{Category, Ticket};
use super::{Desk, TicketRef, advance, in_hand, promise, record};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{AppError, Faults};

/// Takes a ticket. Taking one's own again changes nothing; one that somebody else holds is a conflict.
pub async fn claim(desk: &Desk, caller: Caller, at: TicketRef) -> Result<Ticket, AppError> {
    work(desk, Action::AssessTicket, caller, at, |tx, caller, ticket, now| {
        let mine = claim_of(&caller.actor);
        let is_mine = ticket.claimed_by.is_some() && ticket.claimed_by == mine;
        if is_mine && next(ticket.status, Move::Claim).is_some() {
            return Ok(());
        }
        hold(ticket, caller)?;
        ticket.claimed_by = mine;
        advance(tx, ticket, Move::Claim, &caller.actor, &Event::Claimed {}, now)
    })
    .await
}

/// Gives a ticket back to all, one's own or (say at the end of a shift) somebody else's.
pub async fn release(desk: &Desk, caller: Caller, at: TicketRef) -> Result<Ticket, AppError> {
    work(desk, Action::AssessTicket, caller, at, |tx, caller, ticket, now| {
        let Some(held) = ticket.claimed_by.take() else {
            return Err(AppError::Conflict(format!("{} is {}; nobody has claimed it", ticket.number, ticket.status)));
        };
        let held_by = if claim_of(&caller.actor).as_ref() == Some(&held) { None } else { Some(held.name) };
        advance(tx, ticket, Move::Release, &caller.actor, &Event::Released { held_by }, now)
    })
    .await
}

/// Writes something down; nothing else changes.
pub async fn note(
    desk: &Desk,
    caller: Caller,
    at: TicketRef,
    text: String,
    repeat: Option<Once<Ticket>>,
) -> Result<Outcome<Ticket>, AppError> {
    check("text", &text)?;
    work_once(desk, Action::NoteTicket, caller, at, repeat, |tx, caller, ticket, now| {
        record(tx, ticket.id, &caller.actor, &Event::Noted { text }, now)
    })
    .await
}

/// Asks the person something; the clock stands until they reply (`escalation::ask::resume`).
pub async fn wait(
    desk: &Desk,
    caller: Caller,
    at: TicketRef,
    question: String,
    repeat: Option<Once<Ticket>>,
) -> Result<Outcome<Ticket>, AppError> {
    check("question", &question)?;
    let letter_desk = desk.clone();
    work_once(desk, Action::AssessTicket, caller, at, repeat, move |tx, caller, ticket, now| {
        hold(ticket, caller)?;
        promise::pause(ticket, now);
        write_reporter(tx, &letter_desk, ticket, Letter::Question(&question), &caller.actor, now)?;
        advance(tx, ticket, Move::Wait, &caller.actor, &Event::Waiting { question }, now)
    })
    .await
}

/// Tells the person how far it is and promises a new time.
pub async fn interim(
    desk: &Desk,
    caller: Caller,
    at: TicketRef,
    text: String,
    respond_by: Timestamp,
    repeat: Option<Once<Ticket>>,
) -> Result<Outcome<Ticket>, AppError> {
    check("text", &text)?;
    if respond_by <= desk.clock.now() {
        return Err(AppError::field("respond_by", "must lie in the future"));
    }
    let letter_desk = desk.clone();
    work_once(desk, Action::AssessTicket, caller, at, repeat, move |tx, caller, ticket, now| {
        hold(ticket, caller)?;
        promise::promise(&letter_desk, ticket, respond_by, now);
        write_reporter(tx, &letter_desk, ticket, Letter::Interim(&text), &caller.actor, now)?;
        tell_joined(tx, &letter_desk, ticket, Letter::Interim(&text), &caller.actor, now)?;
        advance(tx, ticket, Move::Work, &caller.actor, &Event::InterimReply { text, respond_by }, now)
    })
    .await
}

/// Puts a ticket into another category.
pub async fn set_category(desk: &Desk, caller: Caller, at: TicketRef, category: Category) -> Result<Ticket, AppError> {
    work(desk, Action::AssessTicket, caller, at, move |tx, caller, ticket, now| {
        let from = std::mem::replace(&mut ticket.category, category);
        if from == category {
            return Ok(());
        }
        let event = Event::CategoryChanged { from, to: category };
        advance(tx, ticket, Move::Work, &caller.actor, &event, now)
    })
    .await
}

/// Takes up again what was answered, refused or closed; whoever does has it.
pub async fn reopen(desk: &Desk, caller: Caller, at: TicketRef, reason: String) -> Result<Ticket, AppError> {
    check("reason", &reason)?;
    let clock_desk = desk.clone();
    work(desk, Action::AssessTicket, caller, at, move |tx, caller, ticket, now| {
        ticket.claimed_by = claim_of(&caller.actor);
        promise::take_up(&clock_desk, ticket, now);
        (ticket.answered_at, ticket.closed_at) = (None, None);
        let event = Event::Reopened { reason, from: ticket.status };
        advance(tx, ticket, Move::Reopen, &caller.actor, &event, now)
    })
    .await
}

/// One step on a ticket the caller sees, in one transaction.
pub(crate) async fn work<F>(
    desk: &Desk,
    action: Action,
    caller: Caller,
    at: TicketRef,
    step: F,
) -> Result<Ticket, AppError>
where
    F: FnOnce(&mut Tx, &Caller, &mut Ticket, Timestamp) -> Result<(), AppError> + Send + 'static,
{
    match work_once(desk, action, caller, at, None, step).await? {
        Outcome::Done(ticket) => Ok(ticket),
        Outcome::Repeated(_) => Err(AppError::internal("a repeat of what carries no key")),
    }
}

/// The same for a request that may be a repeat.
pub(crate) async fn work_once<F>(
    desk: &Desk,
    action: Action,
    caller: Caller,
    at: TicketRef,
    repeat: Option<Once<Ticket>>,
    step: F,
) -> Result<Outcome<Ticket>, AppError>
where
    F: FnOnce(&mut Tx, &Caller, &mut Ticket, Timestamp) -> Result<(), AppError> + Send + 'static,
{
    caller.may(action)?;
    let now = desk.clock.now();
    let work = move |tx: &mut Tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let mut ticket = in_hand(tx, &caller, action, &at)?;
            step(tx, &caller, &mut ticket, now)?;
            Ok(ticket)
        })
    };
    desk.db.write(work).await
}

/// Makes sure the caller may decide: they hold the ticket, or take it now. `Conflict` names who else does.
pub fn hold(ticket: &mut Ticket, caller: &Caller) -> Result<(), AppError> {
    let mine = claim_of(&caller.actor);
    match &ticket.claimed_by {
        Some(held) if Some(held) != mine.as_ref() => {
            Err(AppError::Conflict(format!("{} is {}; {} has it", ticket.number, ticket.status, held.name)))
        }
        Some(_) => Ok(()),
        None => {
            ticket.claimed_by = mine;
            Ok(())
        }
    }
}

/// A text a person must give.
pub fn check(field: &str, text: &str) -> Result<(), AppError> {
    let mut faults = Faults::default();
    faults.text(field, text, 8000);
    faults.finish()
}
