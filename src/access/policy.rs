//! The table of rights: role × action. Pure; the only place that says who may do what.
//!
//! Scope comes on top: an action on something outside the caller's regions is answered as if it did not exist
//! (see [`super::Caller::sees`]). Every route names one [`Action`]; a test walks all of them.

use super::role::Role;

crate::text_enum! {
    /// Something a caller may want to do.
    pub enum Action {
        /// Hand in a request.
        SubmitTicket = "submit_ticket",
        /// See requests, their state and history.
        ReadTickets = "read_tickets",
        /// Write a note on a request.
        NoteTicket = "note_ticket",
        /// Claim, decide, answer, close.
        AssessTicket = "assess_ticket",
        /// Hand a request to the 2nd level; a 1st level may only where the service allows it.
        EscalateTicket = "escalate_ticket",
        /// See name and addresses of who asked, for a stated purpose.
        OpenReporter = "open_reporter",
        /// See escalations and what was sent for them.
        ReadEscalations = "read_escalations",
        /// Acknowledge, answer, return.
        RespondEscalation = "respond_escalation",
        /// See what was given up.
        ReadDeliveries = "read_deliveries",
        /// Send again what was given up.
        ReplayDelivery = "replay_delivery",
        /// See who answers for what, dry run and gaps.
        ReadDirectory = "read_directory",
        /// Change the directory.
        ChangeDirectory = "change_directory",
        /// See the figures of operation.
        ReadMetrics = "read_metrics",
    }
}

/// True where the role has the right at all.
pub fn allows(role: Role, action: Action) -> bool {
    use Action::*;
    match role {
        Role::Admin => true,
        Role::Agent => matches!(action, SubmitTicket | ReadTickets | NoteTicket | EscalateTicket | ReadDirectory),
        Role::Central => !matches!(action, ChangeDirectory | RespondEscalation | ReadMetrics),
        Role::SecondLevel => matches!(action, ReadEscalations | RespondEscalation),
        Role::Auditor => {
            matches!(action, ReadTickets | ReadEscalations | ReadDeliveries | ReadDirectory | ReadMetrics)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditor_only_reads() {
        let allowed: Vec<_> = Action::ALL.iter().filter(|a| allows(Role::Auditor, **a)).map(|a| a.as_str()).collect();
        assert!(allowed.iter().all(|a| a.starts_with("read_")), "{allowed:?}");
    }

    #[test]
    fn only_some_open_the_reporter() {
        let roles: Vec<_> = Role::ALL.iter().filter(|r| allows(**r, Action::OpenReporter)).collect();
        assert_eq!(roles, [&Role::Central, &Role::Admin]);
    }
}
