//! Requests that go on in another one: another person with the same trouble keeps a number of their own, and is told
//! what the running request is told.
//!
//! Invariant: the new request and its joining are one transaction: it is never there alone nor lost in the other. It may
//! only join one of the same service in the same place, which is open and theirs to see, because whoever answers that one
//! answers for both. What is told goes to each by their own wish, in their own language, from their own sealed address.
//! Not here: joining by those who assess (`escalation/decide.rs`).

use super::history::Event;
use super::reply::{Letter, write_reporter};
use super::status::{TicketStatus, is_open};
use super::submit::Submitted;
use super::ticket::Ticket;
use super::{Desk, TicketRef, in_hand, in_hand_by_id, record, store, trail};
use crate::access::idempotency::Once;
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::TicketId;

/// Stores a new request and lets it go on in a running one. `Invalid` at `join` where that is not one of the same.
pub(super) async fn store_joined(
    desk: &Desk,
    caller: &Caller,
    mut submitted: Submitted,
    mut intake: store::Intake,
    into: TicketRef,
    once: Option<Once<Submitted>>,
) -> Result<Submitted, AppError> {
    let caller = caller.clone();
    desk.db
        .write(move |tx| {
            let target = in_hand(tx, &caller, Action::ReadTickets, &into).map_err(|fault| match fault {
                AppError::NotFound => AppError::field("join", "there is no such ticket"),
                fault => fault,
            })?;
            let ticket = &mut submitted.ticket;
            let (now, from) = (ticket.created_at, ticket.status);
            if (&target.service, &target.ars) != (&ticket.service, &ticket.ars) {
                return Err(AppError::field("join", "is about another service or another place"));
            }
            if !is_open(target.status) {
                let message = format!("{} is {}; only an open request can be joined", target.number, target.status);
                return Err(AppError::field("join", message));
            }
            (ticket.status, ticket.merged_into, ticket.remind_at) = (TicketStatus::Merged, Some(target.id), None);
            if target.respond_by > now {
                ticket.respond_by = target.respond_by;
            }
            intake.ticket = store::TicketRow::of(ticket)?;
            let (id, number) = (ticket.id, ticket.number.to_string());
            intake.answer = once.map(|once| once.row(&submitted, now)).transpose()?;
            if !store::insert_one(tx, &intake)? {
                return Err(AppError::Conflict("this was handed in before".into()));
            }
            let event = Event::Merged { into: target.id, number: target.number.to_string() };
            trail::record(tx, id, &caller.actor, &event, Some((from, TicketStatus::Merged)), now)?;
            record(tx, target.id, &caller.actor, &Event::MergedFrom { from: id, number }, now)?;
            Ok(submitted)
        })
        .await
}

/// Whether somebody else waits for what this request is told.
pub fn is_joined(conn: &mut Conn, ticket: TicketId) -> Result<bool, AppError> {
    Ok(!store::joined(conn, ticket)?.is_empty())
}

/// Tells everybody whose request goes on in this one what it is told.
pub fn tell_joined(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &Ticket,
    letter: Letter,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), AppError> {
    let mut open = store::joined(tx, ticket.id)?;
    while let Some(id) = open.pop() {
        // Those that went into this one before take part.
        open.extend(store::joined(tx, id)?);
        let Some(mut joined) = in_hand_by_id(tx, id)? else { continue };
        let told_by = joined.reply_wish;
        let event = match letter {
            Letter::Answer(text) => {
                joined.answer = Some(text.to_owned());
                Event::Answered { text: text.to_owned(), told_by }
            }
            Letter::Refusal(reason) => Event::Rejected { reason: reason.to_owned(), told_by },
            Letter::Interim(text) => Event::InterimReply { text: text.to_owned(), respond_by: ticket.respond_by },
            Letter::Question(_) => continue,
        };
        let (from, read_at) = (joined.status, joined.updated_at);
        joined.respond_by = ticket.respond_by;
        joined.updated_at = now.max(read_at.plus(chrono::TimeDelta::microseconds(1)));
        if !store::update(tx, &joined, from, read_at)? {
            return Err(AppError::Conflict(format!("{} was changed by somebody else just now", joined.number)));
        }
        trail::record(tx, joined.id, actor, &event, None, now)?;
        write_reporter(tx, desk, &joined, letter, actor, now)?;
    }
    Ok(())
}
