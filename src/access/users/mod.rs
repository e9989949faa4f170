//! People: who they are, how they log in, and who may change that.
//!
//! Invariant: a password, a link's secret and a recovery code are stored as hashes, a second factor is sealed; none
//! of them is ever logged. Whether a login name exists shows neither in an answer nor in the time it takes. Whatever
//! takes a right away (disabling, other roles, a reset) ends the person's sessions in the same transaction.
//!
//! Where next: `user.rs` (rules), `log_in.rs`, `link.rs` (invitations and resets), `second_factor.rs`, `people.rs`
//! (what administrators do), `password.rs` (hashing), `letter.rs` (mails); sessions and brakes stand beside this
//! folder in `session/` and `throttle/`. Not here: HTTP, and log-in by a provider.

mod first;
mod letter;
mod link;
mod log_in;
mod password;
mod people;
mod second_factor;
mod store;
pub mod user;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::db::Db;
use crate::seal::Sealer;

pub use link::{Invitation, LinkPurpose};
pub use log_in::Entered;
pub use people::{UserPage, UserQuery};
pub use second_factor::NewFactor;
pub use user::{Login, NewUser, User, UserState};

use password::Passwords;

/// What people's accounts go by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach this service, without a slash at the end; stands in links of mails.
    pub public_url: String,
    /// A session that was not used for this long ends.
    pub session_idle: TimeDelta,
    /// A session ends after this long in any case.
    pub session_longest: TimeDelta,
    /// How long a link of an invitation or reset is good.
    pub link_valid_for: TimeDelta,
    /// The shortest password, in characters.
    pub password_min_length: usize,
    /// Memory of one hash of Argon2id, in KiB.
    pub password_memory: u32,
    /// Passes of one hash.
    pub password_passes: u32,
    /// Hashes worked on at once; others wait.
    pub password_hashes_at_once: usize,
}

/// Everybody's accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

pub(in crate::access) struct Inner {
    pub db: Db,
    pub clock: Clock,
    pub sealer: Sealer,
    pub settings: Settings,
    pub(in crate::access::users) passwords: Passwords,
}

impl Accounts {
    /// The accounts in this database.
    pub fn new(db: Db, clock: Clock, sealer: Sealer, settings: Settings) -> Self {
        let passwords = Passwords::new(&settings);
        Self(Arc::new(Inner { db, clock, sealer, settings, passwords }))
    }

    /// What they go by.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// For the other files of this module: database, clock, keys.
    pub(in crate::access) fn inner(&self) -> &Inner {
        &self.0
    }
}
