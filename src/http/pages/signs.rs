//! The signs of states: the class `lo-st--…` beside every word that names one.
//!
//! Invariant: one state has one sign on every page; a sign never stands without its word.
//! What this does not do: the words; they are `ticket-…` in the locales.

use crate::escalation::EscalationStatus;
use crate::tickets::status::TicketStatus;

/// The end of the class for the state of a request.
pub fn of_ticket(status: TicketStatus) -> &'static str {
    match status {
        TicketStatus::New => "new",
        TicketStatus::Assessing => "assess",
        TicketStatus::Waiting => "wait",
        TicketStatus::Escalated => "out",
        TicketStatus::Answered | TicketStatus::Closed => "ok",
        TicketStatus::Rejected | TicketStatus::Merged => "none",
    }
}

/// The end of the class for the state of an escalation.
pub fn of_escalation(status: EscalationStatus) -> &'static str {
    match status {
        EscalationStatus::Pending | EscalationStatus::Sent => "out",
        EscalationStatus::Acknowledged => "assess",
        EscalationStatus::Answered => "ok",
        EscalationStatus::Returned => "back",
        EscalationStatus::Expired => "late",
        EscalationStatus::Withdrawn => "none",
    }
}
