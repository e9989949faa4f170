//! The history of a request: typed events, appended and never edited. The one exception is the right to be forgotten
//! (Art. 17 GDPR): then [`Event::erased`] takes what was written out of each, and that it was done is an event too.
//!
//! Pure. An event is a kind with its data, not a sentence: pages and mails say it in the reader's language. The
//! form is versioned ([`VERSION`]), so that old entries can always be read. No event holds the reporter's name or
//! addresses.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::status::TicketStatus;
use super::ticket::{Category, Channel, Priority, ReplyWish};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::ids::{DeliveryId, EscalationId, HistoryId, InboundId, TicketId};
use crate::keys::{Ars, Slug};

/// The form of the events written now.
pub const VERSION: u8 = 1;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
#[allow(missing_docs)] // The names are the words of the domain.
pub enum Event {
    Submitted {
        channel: Channel,
    },
    Claimed {},
    Released {
        held_by: Option<String>,
    },
    Noted {
        text: String,
    },
    Waiting {
        question: String,
    },
    Resumed {
        text: String,
    },
    InterimReply {
        text: String,
        respond_by: Timestamp,
    },
    Answered {
        text: String,
        told_by: ReplyWish,
    },
    Rejected {
        reason: String,
        told_by: ReplyWish,
    },
    Closed {},
    Reopened {
        reason: String,
        from: TicketStatus,
    },
    Merged {
        into: TicketId,
        number: String,
    },
    MergedFrom {
        from: TicketId,
        number: String,
    },
    PriorityChanged {
        from: Priority,
        to: Priority,
    },
    CategoryChanged {
        from: Category,
        to: Category,
    },
    ReporterOpened {
        purpose: String,
    },
    Escalated {
        escalation: EscalationId,
        escalation_kind: String,
        note: String,
        reason: String,
    },
    EscalationStep {
        escalation: EscalationId,
        step: i32,
        contact: Slug,
        name: String,
        reason: String,
        discloses_reporter: bool,
    },
    EscalationSent {
        escalation: EscalationId,
        contact: String,
    },
    EscalationAcknowledged {
        escalation: EscalationId,
        reference: Option<String>,
    },
    EscalationAnswered {
        escalation: EscalationId,
        text: String,
        reference: Option<String>,
    },
    EscalationReturned {
        escalation: EscalationId,
        reason: String,
    },
    EscalationAsked {
        escalation: EscalationId,
        question: String,
    },
    EscalationReplied {
        escalation: EscalationId,
        text: String,
    },
    EscalationCommented {
        escalation: EscalationId,
        text: String,
        reference: Option<String>,
        /// The mail it came in, where it came by mail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<InboundId>,
    },
    EscalationHandedOn {
        escalation: EscalationId,
        from: String,
        contact: Slug,
        name: String,
        reason: String,
    },
    EscalationHandOnProposed {
        escalation: EscalationId,
        from: String,
        contact: Slug,
        name: String,
        reason: String,
    },
    EscalationHandOnDeclined {
        escalation: EscalationId,
        name: String,
        reason: String,
    },
    EscalationReference {
        escalation: EscalationId,
        contact: Slug,
        reference: String,
    },
    EscalationExpired {
        escalation: EscalationId,
    },
    EscalationReminded {
        escalation: EscalationId,
        contact: Slug,
        name: String,
        /// How much of the time has passed; absent in an emergency.
        percent: Option<i32>,
    },
    EmergencyRaised {
        reason: String,
    },
    EscalationWithdrawn {
        escalation: EscalationId,
        reason: String,
    },
    OtherWayTried {
        escalation: EscalationId,
        channel: String,
    },
    DeliveryExhausted {
        delivery: DeliveryId,
        recipient: String,
        detail: String,
    },
    DeliveryReplayed {
        delivery: DeliveryId,
    },
    EndpointDisabled {
        endpoint: Uuid,
        detail: String,
    },
    PromiseMoved {
        from: Timestamp,
        to: Timestamp,
        reason: String,
        /// Service time changed; else the clock of the service was set back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        of_service_time: bool,
    },
    /// Service time changed, and with it when a step or an answer of the 2nd level is due.
    EscalationMoved {
        escalation: EscalationId,
        from: Timestamp,
        to: Timestamp,
        reason: String,
    },
    Relocated {
        from: Ars,
        from_name: String,
        to: Ars,
        to_name: String,
        valid_on: NaiveDate,
    },
    /// The person who asked wrote more, by the link to where their request stands.
    ReporterAdded {
        text: String,
    },
    /// They took their request back.
    ReporterWithdrew {
        reason: String,
    },
    /// A file came with the request; its number among those of the ticket.
    Attached {
        attachment: i32,
        media: String,
        size: i64,
    },
    /// A file was removed because harmful software was found in it later.
    AttachmentRemoved {
        attachment: i32,
    },
    Erased {
        reason: String,
    },
}

/// Stands where a text was erased.
pub const ERASED: &str = "[gelöscht]";

impl Event {
    /// True where somebody who decides should know of it first; not of what Lotse does with messages meanwhile, nor of
    /// a look at who asked.
    pub fn is_news(&self) -> bool {
        !matches!(
            self,
            Self::ReporterOpened { .. }
                | Self::EscalationStep { .. }
                | Self::EscalationSent { .. }
                | Self::EscalationReference { .. }
                | Self::EscalationReminded { .. }
                | Self::OtherWayTried { .. }
                | Self::DeliveryReplayed { .. }
        )
    }

    /// The escalation that it happened to.
    pub fn escalation(&self) -> Option<EscalationId> {
        match self {
            Self::Escalated { escalation, .. }
            | Self::EscalationStep { escalation, .. }
            | Self::EscalationSent { escalation, .. }
            | Self::EscalationAcknowledged { escalation, .. }
            | Self::EscalationAnswered { escalation, .. }
            | Self::EscalationReturned { escalation, .. }
            | Self::EscalationAsked { escalation, .. }
            | Self::EscalationReplied { escalation, .. }
            | Self::EscalationCommented { escalation, .. }
            | Self::EscalationHandedOn { escalation, .. }
            | Self::EscalationHandOnProposed { escalation, .. }
            | Self::EscalationHandOnDeclined { escalation, .. }
            | Self::EscalationReference { escalation, .. }
            | Self::EscalationExpired { escalation }
            | Self::EscalationReminded { escalation, .. }
            | Self::EscalationWithdrawn { escalation, .. }
            | Self::OtherWayTried { escalation, .. }
            | Self::EscalationMoved { escalation, .. } => Some(*escalation),
            _ => None,
        }
    }

    /// What happened, in one word: `kind` of its written form.
    pub fn name(&self) -> String {
        let written = serde_json::to_value(self).unwrap_or_default();
        written.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned()
    }

    /// The same without what anybody wrote about the request or its person.
    pub fn erased(mut self) -> Self {
        match &mut self {
            Self::Noted { text }
            | Self::Resumed { text }
            | Self::InterimReply { text, .. }
            | Self::Answered { text, .. }
            | Self::Waiting { question: text }
            | Self::Rejected { reason: text, .. }
            | Self::Reopened { reason: text, .. }
            | Self::EmergencyRaised { reason: text }
            | Self::ReporterAdded { text }
            | Self::ReporterWithdrew { reason: text }
            | Self::ReporterOpened { purpose: text }
            | Self::EscalationReturned { reason: text, .. }
            | Self::EscalationAsked { question: text, .. }
            | Self::EscalationReplied { text, .. }
            | Self::EscalationHandedOn { reason: text, .. }
            | Self::EscalationHandOnProposed { reason: text, .. }
            | Self::EscalationHandOnDeclined { reason: text, .. }
            | Self::EscalationReference { reference: text, .. }
            // Where it was handed on, the reason holds what somebody wrote.
            | Self::EscalationStep { reason: text, .. }
            | Self::EscalationWithdrawn { reason: text, .. }
            | Self::DeliveryExhausted { detail: text, .. }
            | Self::EndpointDisabled { detail: text, .. } => *text = ERASED.to_owned(),
            Self::Escalated { note, reason, .. } => {
                *note = ERASED.to_owned();
                *reason = ERASED.to_owned();
            }
            Self::EscalationAnswered { text, reference, .. } | Self::EscalationCommented { text, reference, .. } => {
                *text = ERASED.to_owned();
                *reference = None;
            }
            Self::EscalationAcknowledged { reference, .. } => *reference = None,
            // Nobody wrote these, or, as with the reason of an erasure, they stay to account for it.
            Self::Submitted { .. }
            | Self::Claimed {}
            | Self::Released { .. }
            | Self::Closed {}
            | Self::Merged { .. }
            | Self::MergedFrom { .. }
            | Self::PriorityChanged { .. }
            | Self::CategoryChanged { .. }
            | Self::EscalationSent { .. }
            | Self::EscalationExpired { .. }
            | Self::EscalationReminded { .. }
            | Self::OtherWayTried { .. }
            | Self::DeliveryReplayed { .. }
            | Self::PromiseMoved { .. }
            | Self::EscalationMoved { .. }
            | Self::Relocated { .. }
            | Self::Attached { .. }
            | Self::AttachmentRemoved { .. }
            | Self::Erased { .. } => {}
        }
        self
    }
}

/// One entry of a history.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct HistoryEntry {
    /// Sorts as it happened.
    pub id: HistoryId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    #[serde(flatten)]
    pub event: Event,
    /// The form of the event.
    pub version: u8,
}

/// How an event is kept: with the version of its form.
#[derive(Debug, Serialize, Deserialize)]
pub struct Versioned {
    /// The form.
    pub version: u8,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}
