//! Priority, and the emergency chain that a P1 starts at once.
//!
//! Invariant: a ticket set to P1 has an emergency escalation from the same write on, if anybody is named for it;
//! setting P1 again starts no second one while the first is open.

use super::escalate::{New, start};
use super::escalation::{ContactRef, EscalationStep};
use super::{Escalations, store};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::directory::{Kind, emergency_contacts};
use crate::error::AppError;
use crate::tickets::assess::work;
use crate::tickets::notice;
use crate::tickets::ticket::{Priority, Ticket};
use crate::tickets::{Event, Move, TicketRef, advance};

/// Sets how urgent a ticket is.
pub async fn set_priority(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    priority: Priority,
) -> Result<Ticket, AppError> {
    let context = escalations.clone();
    work(escalations.desk(), Action::AssessTicket, caller, at, move |tx, caller, ticket, now| {
        let from = std::mem::replace(&mut ticket.priority, priority);
        if from != priority {
            // A promise is never made longer by being urgent, nor shorter behind the person's back.
            ticket.respond_by = ticket.respond_by.min(crate::tickets::deadline::respond_by(now, priority));
            let event = Event::PriorityChanged { from, to: priority };
            advance(tx, ticket, Move::Work, &caller.actor, &event, now)?;
        }
        if priority != Priority::P1 {
            return Ok(());
        }
        notice::hasten(tx, ticket.id)?;
        raise(tx, &context, caller, ticket, now)
    })
    .await
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
    let today = now.day_in_berlin();
    let routing = &escalations.desk().settings.directory;
    let contacts = emergency_contacts(tx, &ticket.service, &ticket.ars, today, routing)?;
    let chain: Vec<EscalationStep> = contacts
        .into_iter()
        .map(|contact| EscalationStep {
            contact: ContactRef { id: contact.slug, name: contact.name },
            reason: "Notfallkontakt, weil die Anfrage P1 ist".into(),
        })
        .collect();
    if chain.is_empty() {
        // The priority stands all the same; that nobody is named shows in the gaps of the directory.
        return Ok(());
    }
    let within = escalations.settings().emergency_within;
    let new = New { kind: Kind::Technical, note: String::new(), chain, skipped: Vec::new(), emergency: true, within };
    start(tx, escalations, ticket, &caller.actor, new, now)?;
    Ok(())
}
