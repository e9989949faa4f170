//! Requests that go on in another one: another person with the same trouble keeps a number of their own, and is told
//! what the running request is told.
//!
//! Invariant: the new request and its joining are one transaction: it is never there alone nor lost in the other. It may
//! only join one of the same service in the same place, which is open and theirs to see, because whoever answers that one
//! answers for both. What is told goes to each by their own wish, in their own language, from their own sealed address;
//! where it is about another service or place, which those who assess may join, the central contact hears of it instead.
//! Nothing is written into what was erased, and what was told goes when the request it was said of is erased.
//! Not here: joining by those who assess (`escalation/decide.rs`).

use super::history::{ERASED, Event};
use super::notice::{self, NoticeKind};
use super::reply::{Letter, write_reporter};
use super::status::{TicketStatus, is_open};
use super::submit::Submitted;
use super::ticket::Ticket;
use super::{Desk, TicketRef, find_by_id, in_hand, in_hand_by_id, record, store, trail};
use crate::access::idempotency::Once;
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{self, Purpose};
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

/// Everything that goes on in this one, at first hand or through another.
fn reached(conn: &mut Conn, ticket: TicketId) -> Result<Vec<TicketId>, AppError> {
    let (mut open, mut all) = (store::joined(conn, ticket)?, Vec::new());
    while let Some(id) = open.pop() {
        // Those that went into this one before take part.
        open.extend(store::joined(conn, id)?);
        all.push(id);
    }
    Ok(all)
}

/// Nobody waits for it any more, and nothing may be written into it again.
fn is_erased(conn: &mut Conn, ticket: TicketId) -> Result<bool, AppError> {
    Ok(store::history(conn, ticket)?.iter().any(|entry| matches!(entry.event, Event::Erased { .. })))
}

/// Whether what is said of the one is said of the other: a staff merge asks for neither.
fn is_same(joined: &Ticket, ticket: &Ticket) -> bool {
    (&joined.service, &joined.ars) == (&ticket.service, &ticket.ars)
}

/// Whether somebody else waits for what this request is told.
pub fn is_joined(conn: &mut Conn, ticket: TicketId) -> Result<bool, AppError> {
    for id in reached(conn, ticket)? {
        if !is_erased(conn, id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many others are told what this request is told.
pub fn told(conn: &mut Conn, ticket: &Ticket) -> Result<usize, AppError> {
    let all = reached(conn, ticket.id)?;
    let mut count = 0;
    for joined in store::of(conn, &all)? {
        count += usize::from(is_same(&joined, ticket) && !is_erased(conn, joined.id)?);
    }
    Ok(count)
}

/// The request in which this one is worked on now: itself, where it goes on in none.
pub fn head(conn: &mut Conn, ticket: &Ticket) -> Result<Ticket, AppError> {
    let mut head = ticket.clone();
    while let Some(into) = head.merged_into {
        let Some(next) = find_by_id(conn, into)? else { break };
        head = next;
    }
    Ok(head)
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
    for id in reached(tx, ticket.id)? {
        let Some(mut joined) = in_hand_by_id(tx, id)? else { continue };
        if is_erased(tx, id)? {
            continue;
        }
        if !is_same(&joined, ticket) {
            tell_staff(tx, &joined, ticket, letter, now)?;
            continue;
        }
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
        joined.respond_by = ticket.respond_by;
        keep(tx, &mut joined, now)?;
        trail::record(tx, joined.id, actor, &event, None, now)?;
        write_reporter(tx, desk, &joined, letter, actor, now)?;
    }
    Ok(())
}

/// What is said of another service or place could be wrong for this person, or none of their business: those in charge
/// of their request look at it.
fn tell_staff(tx: &mut Tx, joined: &Ticket, ticket: &Ticket, letter: Letter, now: Timestamp) -> Result<(), AppError> {
    let what = match letter {
        Letter::Answer(_) => "ist beantwortet",
        Letter::Refusal(_) => "ist abgelehnt",
        Letter::Interim(_) => "hat einen Zwischenstand",
        Letter::Question(_) => return Ok(()),
    };
    let number = &ticket.number;
    let text = format!(
        "{number} {what}. Dort geht es um einen anderen Dienst oder Ort, deshalb ging der Text nicht an diese Person."
    );
    record(tx, joined.id, &Actor::system(), &Event::Noted { text }, now)?;
    notice::add(tx, joined, NoticeKind::NotPassedOn, number.as_str(), now)
}

/// Takes what everybody was told of a request out of what goes on in it, before its own history is erased. What it was
/// told of the one it goes on in itself is said of that one, and goes with it.
pub(super) fn forget_told(tx: &mut Tx, ticket: TicketId, now: Timestamp) -> Result<(), AppError> {
    let history = store::history(tx, ticket)?;
    let own = history.iter().take_while(|entry| !matches!(entry.event, Event::Merged { .. }));
    let told: Vec<_> = own.filter_map(|entry| Some((entry.at, said_in(&entry.event)?))).collect();
    if told.is_empty() {
        return Ok(());
    }
    for id in reached(tx, ticket)? {
        let Some(mut joined) = in_hand_by_id(tx, id)? else { continue };
        let mut times = Vec::new();
        for mut entry in store::history(tx, id)? {
            let Some(text) = said_in(&entry.event) else { continue };
            // A copy was written in the same moment as what it is a copy of.
            if !told.contains(&(entry.at, text)) {
                continue;
            }
            if joined.answer.as_deref() == Some(text) {
                joined.answer = Some(ERASED.to_owned());
            }
            times.push(entry.at);
            entry.event = entry.event.erased();
            store::rewrite_history(tx, &entry)?;
        }
        if times.is_empty() {
            continue;
        }
        for letter in delivery::deliveries_of(tx, id.cast())? {
            if letter.purpose == Purpose::Reply && times.contains(&letter.created_at) {
                delivery::purge_one(tx, letter.id)?;
            }
        }
        keep(tx, &mut joined, now)?;
    }
    Ok(())
}

/// What a person is told by an event that those who joined are told of too.
fn said_in(event: &Event) -> Option<&str> {
    match event {
        Event::Answered { text, .. } | Event::InterimReply { text, .. } | Event::Rejected { reason: text, .. } => {
            Some(text)
        }
        _ => None,
    }
}

/// Stores a joined request that is in hand; nobody moves it any more.
fn keep(tx: &mut Tx, joined: &mut Ticket, now: Timestamp) -> Result<(), AppError> {
    let read_at = joined.updated_at;
    joined.updated_at = now.max(read_at.plus(chrono::TimeDelta::microseconds(1)));
    if !store::update(tx, joined, joined.status, read_at)? {
        return Err(AppError::Conflict(format!("{} was changed by somebody else just now", joined.number)));
    }
    Ok(())
}
