//! Mail that comes back: from mailboxes by IMAP or from a pipe, taken apart, matched, and put to use or to a person.
//!
//! Invariant: a mail is stored with its raw copy in the transaction that decides about it, before anything is flagged
//! or moved in its mailbox; the same mail read again, in whatever way, is the same one. A mail counts as a contact's
//! only by a secret address or thread of ours together with a plausible sender; whatever else there is waits for
//! the central contact, with reasons, and nothing is dropped. Automatic mail changes nothing and is never answered.
//!
//! Where next: `take.rs` (what becomes of a mail), `parse.rs`, `quote.rs`, `command.rs`, `automatic.rs`, `report.rs`,
//! `sender.rs` (the pure part), `mailbox.rs` and `imap.rs` (reading mailboxes), `browse.rs` and `decide.rs` (people),
//! `tell.rs` (who hears of it), `purge.rs` (what is past its time).

pub mod automatic;
pub mod bounds;
pub mod browse;
pub mod command;
pub mod decide;
pub mod file;
mod imap;
pub mod mail;
pub mod mailbox;
mod matching;
pub mod parse;
pub mod personal_data;
pub mod purge;
pub mod quote;
pub mod report;
mod request;
pub mod sender;
mod store;
pub mod take;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::delivery::ReturnPath;
use crate::escalation::Escalations;
use crate::keys::{Ars, ArsPrefix, Slug};
use crate::tickets::ticket::Category;

pub use bounds::Bounds;
pub use imap::{After, Login, Server};
pub use mail::{AttachmentInfo, InboundMail, MailKind, MailState};

/// What inbound mail needs to know of this installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mailboxes to read.
    pub mailboxes: Vec<MailboxSettings>,
    /// How much a message may hold.
    pub bounds: Bounds,
    /// How long raw copies are kept.
    pub raw_kept: TimeDelta,
    /// The mail server whose `Authentication-Results` counts; empty: none.
    pub trusted_server: String,
    /// What stands behind the `@` of our Message-IDs.
    pub message_id_domain: String,
    /// Where mail of ours comes back to; empty: to its sender.
    pub bounce_address: String,
    /// From one address at most so many mails an hour about one matter.
    pub loop_limit: i64,
    /// How often a mailbox is looked at that cannot tell by itself.
    pub poll: Duration,
    /// Whether the person who writes to a 1st-level mailbox hears that it arrived.
    pub acknowledge: bool,
}

/// One mailbox.
#[derive(Debug, Clone)]
pub struct MailboxSettings {
    /// What it is called here; part of the key of its mails.
    pub name: String,
    /// How it is reached.
    pub server: Server,
    /// Whether new mail to it is a request of the public.
    pub first_level: bool,
    /// Whose central contacts decide about what cannot be told.
    pub region: ArsPrefix,
    /// What every new mail to it is about, where that is so.
    pub request: Option<RequestSettings>,
}

/// What every new mail to a mailbox is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSettings {
    /// Which service.
    pub service: Slug,
    /// Where.
    pub ars: Ars,
    /// What about.
    pub category: Category,
}

/// Where mail that comes back is worked on. Cheap to clone.
#[derive(Clone)]
pub struct Inbound(Arc<(Escalations, Settings)>);

impl Inbound {
    /// Beside the escalations.
    pub fn new(escalations: Escalations, settings: Settings) -> Self {
        Self(Arc::new((escalations, settings)))
    }

    /// The escalations.
    pub fn escalations(&self) -> &Escalations {
        &self.0.0
    }

    /// This installation.
    pub fn settings(&self) -> &Settings {
        &self.0.1
    }

    /// The settings of a mailbox; none of the pipe.
    fn mailbox(&self, name: &str) -> Option<&MailboxSettings> {
        self.settings().mailboxes.iter().find(|mailbox| mailbox.name == name)
    }

    /// The return paths of our mails, where they have one of their own.
    fn returns(&self) -> Option<ReturnPath> {
        let mailbox = &self.settings().bounce_address;
        let key = self.escalations().desk().sealer.reply_address_key();
        (!mailbox.is_empty()).then(|| ReturnPath::new(mailbox.clone(), *key))
    }
}
