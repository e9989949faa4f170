//! A mail that came in, as it is kept: where it stands, and, sealed, what it says.
//!
//! Pure. What anybody wrote, who they are and why it was judged so stands in the sealed [`Content`] alone; the row
//! beside it tells nothing of a person.

use serde::{Deserialize, Serialize};

use super::parse::{Mailbox, Parsed};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::ids::{DeliveryId, EscalationId, InboundId, TicketId};
use crate::keys::ArsPrefix;

crate::text_enum! {
    /// What a mail was taken for.
    pub enum MailKind {
        /// The 2nd level wrote about an escalation.
        Reply = "reply",
        /// Somebody wrote to a mailbox of the 1st level.
        Request = "request",
        /// A machine wrote.
        Automatic = "automatic",
        /// A mail server reports about a mail of ours.
        Bounce = "bounce",
        /// It could not be told.
        Unknown = "unknown",
    }
}

crate::text_enum! {
    /// Where a mail stands.
    pub enum MailState {
        /// It was put to use by itself.
        Taken = "taken",
        /// It waits for a person, because it is not certain what or whose it is.
        Quarantined = "quarantined",
        /// A request of the public that lacks its place or service.
        Waiting = "waiting",
        /// Kept; it changes nothing.
        Recorded = "recorded",
        /// A person said what becomes of it.
        Decided = "decided",
        /// A person said that nothing comes of it.
        Dismissed = "dismissed",
    }
}

impl MailState {
    /// True while a person may say what becomes of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Quarantined | Self::Waiting | Self::Recorded)
    }
}

/// A mail, without what it says.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct InboundMail {
    /// Its id.
    pub id: InboundId,
    /// The mailbox it came to; `pipe` for `lotse ingest-mail`.
    pub mailbox: String,
    /// What it was taken for.
    pub kind: MailKind,
    /// Where it stands.
    pub state: MailState,
    /// The escalation it is about, as far as that is certain.
    pub escalation: Option<EscalationId>,
    /// The request it is about.
    pub ticket: Option<TicketId>,
    /// The message of ours that it reports about.
    pub delivery: Option<DeliveryId>,
    /// Whose central contacts decide about it, where no request tells.
    pub region: ArsPrefix,
    /// How large it was, in bytes.
    pub size: i64,
    /// When it was read.
    pub received_at: Timestamp,
    /// When somebody decided.
    pub decided_at: Option<Timestamp>,
    /// Who.
    pub decided_by: Option<Actor>,
    /// What.
    pub decision: Option<String>,
}

/// What a mail says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Content {
    /// Who wrote it, as it says.
    pub from: Vec<Mailbox>,
    /// What it is about.
    pub subject: String,
    /// What was written anew.
    pub text: String,
    /// What was quoted.
    pub quoted: String,
    /// The signature.
    pub signature: String,
    /// Its HTML, made safe.
    pub html: Option<String>,
    /// What hung on it.
    pub attachments: Vec<AttachmentInfo>,
    /// How many attachments were left out; the raw message has them.
    pub left_out: usize,
    /// Its Message-ID.
    pub message_id: String,
    /// Why it was judged as it was, in words.
    pub reasons: Vec<String>,
}

/// An attachment, without itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttachmentInfo {
    /// Its place, from 1.
    pub position: i32,
    /// Its name.
    pub name: String,
    /// What it is, by its content where that tells.
    pub media_type: String,
    /// How large it is, in bytes.
    pub size: usize,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Content {
    /// What a message says, with why it was judged so.
    pub fn of(parsed: &Parsed, attachments: Vec<AttachmentInfo>, reasons: Vec<String>) -> Self {
        Self {
            from: parsed.from.clone(),
            subject: parsed.subject.clone(),
            text: parsed.folded.reply.clone(),
            quoted: parsed.folded.quoted.clone(),
            signature: parsed.folded.signature.clone(),
            html: parsed.html.clone(),
            attachments,
            left_out: parsed.left_out,
            message_id: parsed.message_id.clone(),
            reasons,
        }
    }

    /// All of the text below each other.
    pub fn whole_text(&self) -> String {
        let parts = [&self.text, &self.signature, &self.quoted].into_iter().filter(|part| !part.is_empty());
        parts.cloned().collect::<Vec<_>>().join("\n\n")
    }
}
