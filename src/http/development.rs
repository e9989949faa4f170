//! Pages for development: the mails that were written to a folder, and a receiver of webhooks.
//!
//! Invariant: they exist only where [`State::development`](super::State) is set, in the demo or by an explicit
//! setting; they show personal data to whoever opens them.

use std::path::PathBuf;

use secrecy::SecretString;

/// What the pages for development show.
#[derive(Clone)]
pub struct Development {
    /// The folder that mail is written to.
    pub mail_directory: PathBuf,
    /// The secret (`whsec_…`) of the webhooks that point to the built-in receiver.
    pub webhook_secret: SecretString,
    /// What the receiver got.
    pub received: Received,
}

/// The last webhooks the receiver got.
#[derive(Clone, Default)]
pub struct Received;
