//! What an escalation is, and the only moves there are.
//!
//! Pure. Delivery is not acknowledgement: `sent` says that the other side's server took a message, `acknowledged`
//! that a person or their system took the matter.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::directory::Kind;
use crate::ids::{EscalationId, TicketId};
use crate::keys::Slug;
use crate::tickets::redact::black_out;
use crate::tickets::ticket::Ticket;

crate::text_enum! {
    /// Where an escalation stands.
    pub enum EscalationStatus {
        /// Its messages wait to leave.
        Pending = "pending",
        /// One of them was accepted by the other side's server.
        Sent = "sent",
        /// Somebody there has it.
        Acknowledged = "acknowledged",
        /// Answered.
        Answered = "answered",
        /// Not theirs, with a reason.
        Returned = "returned",
        /// Nobody of the chain acknowledged in time.
        Expired = "expired",
        /// Not needed any more.
        Withdrawn = "withdrawn",
    }
}

crate::text_enum! {
    /// What can happen to an escalation.
    pub enum EscalationMove {
        /// A message was accepted by their server.
        Send = "send",
        /// Somebody takes it.
        Acknowledge = "acknowledge",
        /// It is answered.
        Answer = "answer",
        /// They are not in charge.
        Return = "return",
        /// They need to know more.
        Ask = "ask",
        /// They say something that decides nothing.
        Comment = "comment",
        /// They or the central contact give it to somebody else.
        HandOn = "hand_on",
        /// The next contact is asked.
        Advance = "advance",
        /// The chain is at its end.
        Expire = "expire",
        /// We need no answer any more.
        Withdraw = "withdraw",
    }
}

crate::text_enum! {
    /// What of a person stays here, whatever a contact may be told.
    pub enum Withheld {
        /// Name and addresses of who asked.
        Reporter = "reporter",
        /// What looks like a birth date, an identity or a payment number in the texts.
        Numbers = "numbers",
    }
}

/// The status after the move; `None` when it is not possible. An end is an end.
pub fn next(from: EscalationStatus, step: EscalationMove) -> Option<EscalationStatus> {
    use EscalationMove::*;
    use EscalationStatus::*;
    match (from, step) {
        (Pending, Send) => Some(Sent),
        (Pending | Sent | Acknowledged, EscalationMove::Acknowledge) => Some(Acknowledged),
        (Pending | Sent | Acknowledged, EscalationMove::Answer) => Some(Answered),
        (Pending | Sent | Acknowledged, Return) => Some(Returned),
        (Pending | Sent | Acknowledged, Ask) => Some(Acknowledged),
        (Pending | Sent | Acknowledged, Comment) => Some(from),
        (Pending | Sent | Acknowledged, HandOn) => Some(Pending),
        (Pending | Sent, Advance) => Some(Pending),
        (Pending | Sent, Expire) => Some(Expired),
        (Pending | Sent | Acknowledged, Withdraw) => Some(Withdrawn),
        _ => None,
    }
}

/// True while an answer may still come.
pub fn is_open(status: EscalationStatus) -> bool {
    next(status, EscalationMove::Withdraw).is_some()
}

/// A contact by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AskedContact)]
pub struct ContactRef {
    /// Its slug.
    pub id: Slug,
    /// Its name.
    pub name: String,
}

/// One who is asked, or was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EscalationStep {
    /// Who.
    pub contact: ContactRef,
    /// Why, in words.
    pub reason: String,
    /// Who handed on to them, where somebody did; the reason is theirs then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_on_by: Option<String>,
}

impl EscalationStep {
    /// Why, together with who handed on.
    pub fn in_words(&self) -> String {
        match &self.handed_on_by {
            Some(by) => format!("weitergegeben von {by}: {}", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// One question put to the 2nd level.
#[derive(Debug, Clone, PartialEq)]
pub struct Escalation {
    /// Its identity.
    pub id: EscalationId,
    /// The request it belongs to.
    pub ticket: TicketId,
    /// What kind of answer is needed.
    pub kind: Kind,
    /// Where it stands.
    pub status: EscalationStatus,
    /// What the central contact asks.
    pub note: String,
    /// Who is asked, in order.
    pub chain: Vec<EscalationStep>,
    /// Who was passed over.
    pub skipped: Vec<EscalationStep>,
    /// Whose turn it is: an index into the chain, from 0.
    pub step: i32,
    /// When the next one is asked; nothing once somebody has it.
    pub acknowledge_by: Option<Timestamp>,
    /// When somebody took it.
    pub acknowledged_at: Option<Timestamp>,
    /// Who, by name.
    pub acknowledged_name: Option<String>,
    /// Which contact, where one did or was spoken for.
    pub acknowledged_contact: Option<Slug>,
    /// The other side's reference number.
    pub reference: Option<String>,
    /// Their answer.
    pub answer: Option<String>,
    /// Why they are not in charge.
    pub return_reason: Option<String>,
    /// The emergency chain of a P1.
    pub emergency: bool,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When anything last happened.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Since when the present step, or the wait for the answer, is counted.
    pub counted_from: Option<Timestamp>,
    /// Until when whoever took it is to answer.
    pub answer_by: Option<Timestamp>,
    /// When somebody is reminded next.
    pub remind_at: Option<Timestamp>,
    /// How often somebody was reminded: of this step or answer, or in an emergency in all.
    pub reminded: i32,
    /// Since when they wait for our answer to a question of theirs.
    pub paused_at: Option<Timestamp>,
    /// What of a person stays here.
    pub withheld: Vec<Withheld>,
}

impl Escalation {
    /// The contact whose turn it is.
    pub fn current(&self) -> Option<&EscalationStep> {
        usize::try_from(self.step).ok().and_then(|step| self.chain.get(step))
    }

    /// True where one of these contacts is asked now; in an emergency that is everybody whom it has reached.
    pub fn is_turn_of(&self, contacts: &[Slug]) -> bool {
        self.emergency || self.current().is_none_or(|step| contacts.contains(&step.contact.id))
    }

    /// A text as those who are asked are shown it.
    pub fn as_written(&self, text: &str) -> String {
        if self.withholds(Withheld::Numbers) { black_out(text) } else { text.to_owned() }
    }

    /// True where this stays here.
    pub fn withholds(&self, what: Withheld) -> bool {
        self.withheld.contains(&what)
    }

    /// The request as the other side is shown it.
    pub fn as_told(&self, mut ticket: Ticket) -> Ticket {
        let texts = [&mut ticket.subject, &mut ticket.description].into_iter().chain(ticket.context.values_mut());
        texts.for_each(|text| *text = self.as_written(text));
        ticket
    }

    /// Itself and the request, both as the other side is shown them.
    pub fn told(mut self, ticket: Ticket) -> (Self, Ticket) {
        let ticket = self.as_told(ticket);
        self.note = self.note_as_told();
        let chain =
            self.chain.iter().map(|step| EscalationStep { reason: self.as_written(&step.reason), ..step.clone() });
        self.chain = chain.collect();
        (self, ticket)
    }

    /// The question as the other side is shown it.
    pub fn note_as_told(&self) -> String {
        self.as_written(&self.note)
    }

    /// The contact who is asked after that one.
    pub fn following(&self) -> Option<&EscalationStep> {
        usize::try_from(self.step + 1).ok().and_then(|step| self.chain.get(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_of_theirs_stops_the_chain() {
        use EscalationStatus::*;
        assert_eq!(next(Sent, EscalationMove::Advance), Some(Pending));
        assert_eq!(next(Acknowledged, EscalationMove::Advance), None);
        assert_eq!(next(Acknowledged, EscalationMove::Expire), None);
        assert_eq!(next(Acknowledged, EscalationMove::Acknowledge), Some(Acknowledged));
        for end in [Answered, Returned, Expired, Withdrawn] {
            assert!(EscalationMove::ALL.iter().all(|step| next(end, *step).is_none()), "{end} is no end");
            assert!(!is_open(end));
        }
    }
}
