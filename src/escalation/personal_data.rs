//! What is kept about a request: handing all of it out (Art. 15 GDPR), and deleting what is personal (Art. 17 GDPR).
//!
//! Invariant: both stand in the ticket's history and in the audit log, in the same transaction. What goes: the key and
//! with it everything sealed, name and addresses, every text anybody wrote about it, and every message about it. What
//! stays: number, service, place, states, and who did what when. What is erased here may live on in backups and in the
//! mailboxes of those who were written to.

use super::escalation::Escalation;
use super::{Escalations, store};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::delivery::{self, Delivery, Purpose};
use crate::error::AppError;
use crate::tickets::assess::check;
use crate::tickets::attachments::{self, Attachment};
use crate::tickets::history::{ERASED, HistoryEntry};
use crate::tickets::ticket::{Reporter, Ticket};
use crate::tickets::{TicketRef, browse, in_hand, personal_data, reporter, visible};

/// All that is kept about a request.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The request.
    pub ticket: Ticket,
    /// Who asked, if they said so and it was not erased.
    pub reporter: Option<Reporter>,
    /// What happened.
    pub history: Vec<HistoryEntry>,
    /// What the 2nd level was asked, and said.
    pub escalations: Vec<Escalation>,
    /// What was sent, to whom, and how it went.
    pub deliveries: Vec<Delivery>,
    /// Its files, without their bytes.
    pub attachments: Vec<Attachment>,
}

/// Hands out all that is kept about a request; recorded.
pub async fn export(escalations: &Escalations, caller: Caller, at: TicketRef) -> Result<Kept, AppError> {
    caller.may(Action::ExportPersonalData)?;
    let (desk, now) = (escalations.desk().clone(), escalations.desk().clock.now());
    escalations
        .desk()
        .db
        .write(move |tx| {
            let ticket = visible(tx, &caller, Action::ExportPersonalData, &at)?;
            let opened = reporter::open(tx, &desk.sealer, &ticket, &caller.actor, "Auskunft nach Art. 15 DSGVO", now)?;
            let object = (ObjectKind::Ticket, &ticket.id as _);
            audit::record(tx, &caller.actor, AuditAction::TicketExported, object, Trail::none(), now)?;
            let escalations = store::of_ticket(tx, ticket.id)?;
            let mut deliveries = delivery::deliveries_of(tx, ticket.id.cast())?;
            for found in &escalations {
                deliveries.extend(delivery::deliveries_of(tx, found.id.cast())?);
            }
            let history = browse::entries(tx, ticket.id)?;
            let attachments = attachments::of(tx, &desk, ticket.id)?;
            Ok(Kept {
                attachments,
                reporter: opened.map(|(reporter, _)| reporter),
                history,
                escalations,
                deliveries,
                ticket,
            })
        })
        .await
}

/// Deletes who asked and what was written; recorded, with the reason. `Conflict` while the request is worked on.
pub async fn erase(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    reason: String,
) -> Result<Ticket, AppError> {
    caller.may(Action::ErasePersonalData)?;
    check("reason", &reason)?;
    let (desk, now) = (escalations.desk().clone(), escalations.desk().clock.now());
    escalations
        .desk()
        .db
        .write(move |tx| {
            let mut ticket = in_hand(tx, &caller, Action::ErasePersonalData, &at)?;
            personal_data::erase(tx, &desk, &mut ticket, &caller.actor, &reason, now)?;
            // A notice may tell of other requests too, which nobody would hear of; this one's subject is out of it.
            delivery::purge_except(tx, ticket.id.cast(), Purpose::Notice)?;
            for found in store::of_ticket(tx, ticket.id)? {
                store::erase(tx, found.id, ERASED)?;
                delivery::purge(tx, found.id.cast())?;
            }
            Ok(ticket)
        })
        .await
}
