//! Priority, and the emergency: one press starts its chain at once, by day and night.
//!
//! Invariant: a ticket set to P1 has an emergency escalation from the same write on, if anybody is named for it; where
//! nobody is, the central contact and the operator are told so in the same write. Pressing again starts no second one
//! while the first is open. Everybody asked is told again until somebody takes it (`sweep/reminders.rs`). Who is absent
//! or unconfirmed is passed over as in every chain, with the reason.

use super::chain;
use super::escalate::{New, is_direct, save, start};
use super::{Escalations, store, timing};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::directory::{Kind, emergency_route};
use crate::error::AppError;
use crate::tickets::assess::{check, work};
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::promise;
use crate::tickets::ticket::{Priority, Ticket};
use crate::tickets::{Event, Move, TicketRef, advance, record};

/// Sets how urgent a ticket is; a P1 raises the alarm.
pub async fn set_priority(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    priority: Priority,
) -> Result<Ticket, AppError> {
    let context = escalations.clone();
    work(escalations.desk(), Action::AssessTicket, caller, at, move |tx, caller, ticket, now| {
        set(tx, &context, caller, ticket, priority, now)
    })
    .await
}

/// The press of the button: the ticket is P1, and its emergency chain runs. Whoever may escalate it may; nobody has to
/// hold it.
pub async fn emergency(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    reason: String,
) -> Result<Ticket, AppError> {
    check("reason", &reason)?;
    let context = escalations.clone();
    work(escalations.desk(), Action::EscalateTicket, caller, at, move |tx, caller, ticket, now| {
        if !caller.sees(Action::AssessTicket, ticket.object()) {
            is_direct(&context, ticket)?;
        }
        // It must be one that something can still be done about.
        if !crate::tickets::status::is_open(ticket.status) {
            let message = format!("{} is {}; reopen it first", ticket.number, ticket.status);
            return Err(AppError::Conflict(message));
        }
        record(tx, ticket.id, &caller.actor, &Event::EmergencyRaised { reason }, now)?;
        set(tx, &context, caller, ticket, Priority::P1, now)
    })
    .await
}

fn set(
    tx: &mut Tx,
    escalations: &Escalations,
    caller: &Caller,
    ticket: &mut Ticket,
    priority: Priority,
    now: Timestamp,
) -> Result<(), AppError> {
    let from = std::mem::replace(&mut ticket.priority, priority);
    if from != priority {
        // A promise is never made longer by being urgent, nor later behind the person's back.
        promise::hurry(escalations.desk(), ticket, from, now);
        let event = Event::PriorityChanged { from, to: priority };
        advance(tx, ticket, Move::Work, &caller.actor, &event, now)?;
        for found in store::open_of(tx, ticket.id)? {
            let mut after = found.clone();
            timing::hurry(tx, escalations, &mut after, ticket, from, now)?;
            if after != found {
                save(tx, &found, &mut after, now)?;
            }
        }
    }
    if priority != Priority::P1 {
        return Ok(());
    }
    notice::hasten(tx, ticket.id)?;
    raise(tx, escalations, caller, ticket, now)
}

fn raise(
    tx: &mut Tx,
    escalations: &Escalations,
    caller: &Caller,
    ticket: &mut Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    if store::open_of(tx, ticket.id)?.iter().any(|found| found.emergency) {
        return Ok(());
    }
    let routing = &escalations.desk().settings.directory;
    let route = emergency_route(tx, &ticket.service, &ticket.ars, now.day_in_berlin(), routing)?;
    let (chain, skipped) = chain::build(route, None);
    if chain.is_empty() {
        // The priority stands all the same; that nobody is named shows in the gaps of the directory, and is told.
        return notice::add(tx, ticket, NoticeKind::EmergencyNobody, "", now);
    }
    let new = New { kind: Kind::Technical, note: String::new(), chain, skipped, emergency: true, withheld: Vec::new() };
    start(tx, escalations, ticket, &caller.actor, new, now)?;
    Ok(())
}
