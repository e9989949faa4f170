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

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;

use super::audit::{self, AuditAction, ObjectKind, Trail};
use super::{Actor, session, throttle};
use crate::clock::{Clock, Timestamp};
use crate::db::{Conn, Db, Topic, Tx};
use crate::error::AppError;
use crate::ids::UserId;
use crate::seal::Sealer;

pub use link::{Invitation, LinkPurpose};
pub use log_in::Entered;
pub use people::{Profile, UserPage, UserQuery};
pub use second_factor::NewFactor;
pub(in crate::access) use store::{provided_grants, relocate_grants, replace_provided};
pub use user::{Login, NewUser, User, UserState};

use password::Passwords;
use store::UserRow;

/// How long a link that is good no more is kept.
const LINKS_KEPT_DAYS: i64 = 30;

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

/// Everybody's accounts, as asked from somewhere. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
    address: Option<IpAddr>,
}

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
        Self { inner: Arc::new(Inner { db, clock, sealer, settings, passwords }), address: None }
    }

    /// The same, asked from this address: what people do with their own accounts is on record with it.
    pub fn at(&self, address: IpAddr) -> Self {
        Self { inner: self.inner.clone(), address: Some(address) }
    }

    /// A person who changes something of their own.
    pub(in crate::access) fn own(&self, user: &User) -> Actor {
        user.actor().at(self.address)
    }

    /// What they go by.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// For the other files of this module: database, clock, keys.
    pub(in crate::access) fn inner(&self) -> &Inner {
        &self.inner
    }
}

/// A person, as part of the caller's read or write.
pub(in crate::access) fn user_of(conn: &mut Conn, id: UserId) -> Result<Option<User>, AppError> {
    store::find(conn, id)?.map(|row| whole(conn, &row)).transpose()
}

/// Every change of an account comes by here, in the transaction that makes it, and into the audit log.
pub(in crate::access) fn changed(
    tx: &mut Tx,
    by: &Actor,
    change: AuditAction,
    before: Option<&User>,
    after: &User,
    now: Timestamp,
) -> Result<(), AppError> {
    let is_same = |before: &User| before.grants == after.grants && before.state == after.state;
    if !before.is_some_and(is_same) {
        // Tokens may no more than the person they belong to.
        super::store::bump(tx)?;
        tx.signal(Topic::Access);
    }
    tracing::info!(user = %after.id, by = %by.kind, what = %change, "an account changed");
    let trail = match before {
        Some(before) => Trail::changed(before, after),
        None => Trail::after(after),
    };
    audit::record(tx, by, change, (ObjectKind::User, &after.id), trail, now)
}

/// Notes that somebody has logged in, nothing more being owed.
pub(in crate::access) fn logged_in(tx: &mut Tx, id: UserId, address: IpAddr, now: Timestamp) -> Result<(), AppError> {
    store::logged_in(tx, id, now)?;
    let user = user_of(tx, id)?.ok_or(AppError::NotFound)?;
    changed(tx, &user.actor().at(Some(address)), AuditAction::LoggedIn, Some(&user), &user, now)
}

/// Forgets sessions, links and counters of long ago; answers how many. In small portions.
pub fn purge(tx: &mut Tx, now: Timestamp) -> Result<usize, AppError> {
    let links = store::keys::purge_links(tx, now.minus(TimeDelta::days(LINKS_KEPT_DAYS)), 500)?;
    Ok(links + session::purge(tx, now)? + throttle::purge(tx, now)?)
}

/// A person with their roles.
fn whole(conn: &mut Conn, row: &UserRow) -> Result<User, AppError> {
    let grants = store::grants(conn, row.id)?;
    Ok(row.user(grants))
}

/// A person to change: others wait until the transaction ends.
fn in_hand(tx: &mut Tx, id: UserId) -> Result<(UserRow, User), AppError> {
    let row = store::lock(tx, id)?.ok_or(AppError::NotFound)?;
    let user = whole(tx, &row)?;
    Ok((row, user))
}
