//! Telling the central contact what waits for it, as often as it chose: at once, hourly or daily.
//!
//! Invariant: a notice is written in the transaction of what it tells, and marked as told in the transaction that
//! puts its mail into the outbox. Who is told is decided when the mail is written, so that an absence or a new
//! contact counts. Where the directory names nobody, the operator is told; the gaps and the list of work show it too.
//! Nobody's flood keeps others waiting: each recipient has its own turn. A mail holds nothing of the citizen.
//!
//! Where next: `when.rs` (whose turn it is, pure), `tell.rs` (the round), `letter.rs` (the mail).

mod letter;
mod tell;
mod when;

use chrono::TimeDelta;

use super::history::ERASED;
use super::reply::escape;
use super::store::{self, NoticeRow};
use super::ticket::{Priority, Ticket};
use crate::clock::Timestamp;
use crate::db::{Topic, Tx};
use crate::delivery::{Purpose, rewrite_mails};
use crate::error::AppError;
use crate::ids::{RowId, TicketId};

pub use letter::Language;
pub use tell::tell;

/// How central contacts are told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// At most one mail a recipient in this time.
    pub interval: TimeDelta,
    /// At most so many in an hour, what is urgent apart; 0: no limit.
    pub per_hour: u32,
    /// The languages of a mail, in this order.
    pub languages: Vec<Language>,
}

crate::text_enum! {
    /// What a notice tells.
    pub enum NoticeKind {
        /// A request came in.
        New = "new",
        /// The 2nd level answered.
        EscalationAnswered = "escalation_answered",
        /// The 2nd level is not in charge.
        EscalationReturned = "escalation_returned",
        /// The 2nd level asks something.
        EscalationAsked = "escalation_asked",
        /// The 2nd level says something that decides nothing.
        EscalationCommented = "escalation_commented",
        /// A mail about a request waits for the central contact to decide.
        MailWaits = "mail_waits",
        /// The person who asked wrote by the link to their request.
        ReporterWrote = "reporter_wrote",
        /// The person who asked took it back.
        ReporterWithdrew = "reporter_withdrew",
        /// What the request it goes on in was told is about another service or place, and did not go to its person.
        NotPassedOn = "not_passed_on",
        /// The 2nd level gave it to somebody else.
        EscalationHandedOn = "escalation_handed_on",
        /// The 2nd level would give it to somebody else, if the central contact agrees.
        EscalationHandOnProposed = "escalation_hand_on_proposed",
        /// Nobody of the chain acknowledged.
        EscalationExpired = "escalation_expired",
        /// A message could not be delivered.
        DeliveryExhausted = "delivery_exhausted",
        /// A contact's webhook was switched off.
        EndpointDisabled = "endpoint_disabled",
        /// Half of the time to answer the person has passed.
        AnswerHalf = "answer_half",
        /// Four fifths of it have.
        AnswerSoon = "answer_soon",
        /// The person was promised an answer by now.
        AnswerOverdue = "answer_overdue",
        /// The 2nd level has it in hand, but has not answered in time.
        SecondLevelOverdue = "second_level_overdue",
        /// Somebody has taken an emergency.
        EmergencyTaken = "emergency_taken",
        /// Everybody of the emergency chain was asked, nobody has taken it yet.
        EmergencyUnanswered = "emergency_unanswered",
        /// Nobody is named for emergencies.
        EmergencyNobody = "emergency_nobody",
    }
}

impl NoticeKind {
    /// A time has passed in which somebody should have acted, or it is about an emergency.
    fn is_overdue(self) -> bool {
        match self {
            Self::EscalationExpired
            | Self::AnswerOverdue
            | Self::SecondLevelOverdue
            | Self::EmergencyTaken
            | Self::EmergencyUnanswered
            | Self::EmergencyNobody => true,
            Self::New
            | Self::EscalationAnswered
            | Self::EscalationReturned
            | Self::EscalationAsked
            | Self::EscalationCommented
            | Self::MailWaits
            | Self::ReporterWrote
            | Self::ReporterWithdrew
            | Self::NotPassedOn
            | Self::EscalationHandedOn
            | Self::EscalationHandOnProposed
            | Self::DeliveryExhausted
            | Self::EndpointDisabled
            | Self::AnswerHalf
            | Self::AnswerSoon => false,
        }
    }
}

/// What does not wait for the hour or the day: whatever happens to a P1, and a time that has passed.
fn is_urgent(kind: NoticeKind, priority: Priority) -> bool {
    priority == Priority::P1 || kind.is_overdue()
}

/// The row of a notice.
pub fn row(ticket: &Ticket, kind: NoticeKind, detail: &str, now: Timestamp) -> NoticeRow {
    NoticeRow {
        id: RowId::new(),
        service: ticket.service.clone(),
        ars: ticket.ars.clone(),
        ticket_id: ticket.id,
        kind,
        detail: detail.to_owned(),
        created_at: now,
        told_at: None,
        recipient: None,
        urgent: is_urgent(kind, ticket.priority),
    }
}

/// Notes that the central contact of a ticket is to be told something.
pub fn add(tx: &mut Tx, ticket: &Ticket, kind: NoticeKind, detail: &str, now: Timestamp) -> Result<(), AppError> {
    store::insert_notice(tx, &row(ticket, kind, detail, now))?;
    tx.signal(Topic::Sweep);
    Ok(())
}

/// What waits to be told of a ticket that has become a P1 waits no longer.
pub fn hasten(tx: &mut Tx, ticket: TicketId) -> Result<(), AppError> {
    store::hasten(tx, ticket)?;
    tx.signal(Topic::Sweep);
    Ok(())
}

/// Takes a ticket's subject out of the mails that told of it at these times, before it is erased. Mails of today
/// do not hold it; those of the first weeks did.
pub(super) fn forget_subject(tx: &mut Tx, told: &[Timestamp], ticket: &Ticket) -> Result<(), AppError> {
    let line = |subject: &str| format!("{subject} ({}), {}", ticket.service, ticket.priority);
    let (text, html) =
        (format!("\n  {}\n", line(&ticket.subject)), format!("<br>{}</li>", escape(&line(&ticket.subject))));
    let (new_text, new_html) = (format!("\n  {}\n", line(ERASED)), format!("<br>{}</li>", escape(&line(ERASED))));
    rewrite_mails(tx, Purpose::Notice, told, &|mail| {
        let is_told = mail.text.contains(&text) || mail.html.contains(&html);
        mail.text = mail.text.replace(&text, &new_text);
        mail.html = mail.html.replace(&html, &new_html);
        is_told
    })
}
