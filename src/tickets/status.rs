//! Where a request stands, and the only moves there are.
//!
//! Pure. [`next`] is the whole life cycle in one table; a move that is not in it is a conflict, and the answer
//! says the present state and what would be possible.

crate::text_enum! {
    /// Where a request stands.
    pub enum TicketStatus {
        /// Nobody has it yet.
        New = "new",
        /// A central contact has it.
        Assessing = "assessing",
        /// The person was asked something; the clock stands.
        Waiting = "waiting",
        /// The 2nd level was asked.
        Escalated = "escalated",
        /// The answer is given.
        Answered = "answered",
        /// Done.
        Closed = "closed",
        /// Not answered, with a reason.
        Rejected = "rejected",
        /// Goes on in another request.
        Merged = "merged",
    }
}

crate::text_enum! {
    /// What can be done with a request that may move it.
    pub enum Move {
        /// Somebody takes it.
        Claim = "claim",
        /// Somebody gives it back to all.
        Release = "release",
        /// The person is asked.
        Wait = "wait",
        /// The person has replied.
        Resume = "resume",
        /// The 2nd level is asked.
        Escalate = "escalate",
        /// The last open escalation has ended.
        EscalationsEnded = "escalations_ended",
        /// The person is answered.
        Answer = "answer",
        /// It is refused.
        Reject = "reject",
        /// It is put away.
        Close = "close",
        /// It is taken up again.
        Reopen = "reopen",
        /// It goes on in another request.
        Merge = "merge",
        /// The person who asked takes it back.
        Withdraw = "withdraw",
        /// A note, a priority, an interim reply: nothing moves, but it must be open.
        Work = "work",
    }
}

/// The status after the move; `None` when the move is not possible.
pub fn next(from: TicketStatus, step: Move) -> Option<TicketStatus> {
    use Move::*;
    use TicketStatus::*;
    match (from, step) {
        (New | Assessing, Claim) => Some(Assessing),
        (Waiting | Escalated, Claim) => Some(from),
        (Assessing, Release) => Some(New),
        (Waiting | Escalated, Release) => Some(from),
        (Assessing | Escalated, Wait) => Some(Waiting),
        (Waiting, Resume) => Some(Assessing),
        (New | Assessing | Waiting | Escalated, Escalate) => Some(Escalated),
        (Escalated, EscalationsEnded) => Some(Assessing),
        (Assessing | Escalated | Waiting, Answer) => Some(Answered),
        (Assessing | Escalated | Waiting, Reject) => Some(Rejected),
        (Answered | Rejected, Close) => Some(Closed),
        (Answered | Rejected | Closed, Reopen) => Some(Assessing),
        (New | Assessing | Waiting | Escalated, Merge) => Some(Merged),
        (New | Assessing | Waiting | Escalated, Withdraw) => Some(Closed),
        (New | Assessing | Waiting | Escalated, Work) => Some(from),
        _ => None,
    }
}

/// What is possible from here, for the message that says what is not.
pub fn possible(from: TicketStatus) -> Vec<&'static str> {
    let shown = |m: &&Move| !matches!(m, Move::EscalationsEnded | Move::Withdraw | Move::Work);
    Move::ALL.iter().filter(shown).filter(|m| next(from, **m).is_some()).map(|m| m.as_str()).collect()
}

/// True while somebody still owes the person an answer.
pub fn is_open(status: TicketStatus) -> bool {
    next(status, Move::Work).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_of_a_request() {
        use TicketStatus::*;
        let rows = [
            (New, Move::Claim, Some(Assessing)),
            (New, Move::Answer, None),
            (Assessing, Move::Escalate, Some(Escalated)),
            (Escalated, Move::Answer, Some(Answered)),
            (Answered, Move::Close, Some(Closed)),
            (Assessing, Move::Close, None),
            (Rejected, Move::Close, Some(Closed)),
            (Closed, Move::Reopen, Some(Assessing)),
            (Merged, Move::Reopen, None),
            (Escalated, Move::Withdraw, Some(Closed)),
            (Answered, Move::Withdraw, None),
            (Closed, Move::Work, None),
        ];
        for (from, step, to) in rows {
            assert_eq!(next(from, step), to, "{from} {step}");
        }
        assert_eq!(possible(New), ["claim", "escalate", "merge"]);
    }
}
