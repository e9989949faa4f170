//! Links by which people set their password: invitations and resets. And passwords changed without one.
//!
//! Invariant: a link is 256 random bits, stored as SHA-256, and good once, until its end, and only until a newer one
//! is made for the same person. Looking at it changes nothing.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::letter::{self, Letter};
use super::log_in::{self, is_known_network};
use super::people::one_at_a_time;
use super::store::keys::{self, LinkRow};
use super::store::{self, UserRow};
use super::user::fold;
use super::{Accounts, Entered, User, UserState, in_hand, whole};
use crate::access::Actor;
use crate::access::audit::AuditAction;
use crate::access::secret::{self, hash};
use crate::access::session::{self, Origin, Stage};
use crate::access::throttle::{self, Try, What};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

/// The answer to a request for a reset takes at least this long, so that its time does not tell who exists.
const RESET_TAKES: Duration = Duration::from_millis(250);

crate::text_enum! {
    /// What a link is for.
    pub enum LinkPurpose {
        /// The first password of somebody invited.
        Invitation = "invitation",
        /// A new password.
        Reset = "reset",
    }
}

/// A link that sets a password once.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The secret in the link; kept nowhere in this form.
    pub secret: String,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The whole address to open.
    pub url: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Accounts {
    /// Whose link it is and what for; changes nothing. `NotFound` when it is unknown, used, replaced or past its end.
    pub async fn link(&self, secret: &str) -> Result<(User, LinkPurpose), AppError> {
        let (hash, now) = (hash(secret), self.inner().clock.now());
        self.inner()
            .db
            .read(move |conn| {
                let link = keys::link(conn, &hash, now)?.ok_or(AppError::NotFound)?;
                let user = super::user_of(conn, link.user_id)?.filter(|user| user.state != UserState::Disabled);
                user.map(|user| (user, link.purpose)).ok_or(AppError::NotFound)
            })
            .await
    }

    /// Sets the password a link is for, and begins a session. Works once, for invitations and resets alike.
    pub async fn accept(&self, secret: &str, password: &SecretString, origin: &Origin) -> Result<Entered, AppError> {
        let (user, purpose) = self.link(secret).await?;
        self.check_password("password", password, &user)?;
        let hashed = self.inner().passwords.hash(password).await?;
        let (accounts, now) = (self.clone(), self.inner().clock.now());
        let (link, origin) = (hash(secret), origin.clone());
        self.inner()
            .db
            .write(move |tx| {
                if purpose == LinkPurpose::Invitation {
                    one_at_a_time(tx)?;
                }
                let (row, before) = in_hand(tx, user.id)?;
                // Once more, now that nobody else can use it.
                let link = keys::link(tx, &link, now)?.ok_or(AppError::NotFound)?;
                if row.state == UserState::Disabled {
                    return Err(AppError::NotFound);
                }
                let row = set_password(tx, row, hashed, None, now)?;
                let after = whole(tx, &row)?;
                let change = match link.purpose {
                    LinkPurpose::Invitation => AuditAction::InvitationAccepted,
                    LinkPurpose::Reset => {
                        letter::send(tx, &accounts, &after, &Letter::PasswordChanged, now)?;
                        AuditAction::PasswordChanged
                    }
                };
                super::changed(tx, &after.actor().at(Some(origin.address)), change, Some(&before), &after, now)?;
                log_in::begin(tx, &accounts, &row, &origin, now)
            })
            .await
    }

    /// Sends somebody who forgot their password a link. The answer and its time are the same whether they exist; only
    /// `TooMany` while the brake holds, which knows nobody either.
    pub async fn request_reset(&self, login: &str, origin: &Origin) -> Result<(), AppError> {
        let begun = Instant::now();
        let (accounts, now, login) = (self.clone(), self.inner().clock.now(), fold(login));
        let address = origin.address;
        let try_ = Try { what: What::Reset, account: login.clone(), address: Some(origin.address) };
        let asked = self
            .inner()
            .db
            .write(move |tx| {
                throttle::begin(tx, &accounts.inner().sealer, &try_, false, now)?;
                let row = store::by_login(tx, &login)?.filter(|row| row.state == UserState::Active);
                let Some(row) = row.filter(|row| row.email.is_some()) else { return Ok(()) };
                // Who comes by a provider gets no password around it.
                if row.password.is_none() && store::is_linked(tx, row.id)? {
                    return Ok(());
                }
                let (user, by) = (whole(tx, &row)?, Actor::system().at(Some(address)));
                let link = make(tx, &accounts, user.id, LinkPurpose::Reset, now)?;
                letter::send(tx, &accounts, &user, &Letter::Reset(&link), now)?;
                super::changed(tx, &by, AuditAction::PasswordResetRequested, Some(&user), &user, now)
            })
            .await;
        tokio::time::sleep_until(begun + RESET_TAKES).await;
        asked
    }

    /// Takes somebody's password away, ends their sessions and tokens, and answers the link for a new one, which goes to their
    /// address too. Who has not begun yet gets a new invitation; `Conflict` for who is disabled.
    pub async fn reset(&self, by: &Actor, id: UserId) -> Result<Invitation, AppError> {
        let (accounts, now, by) = (self.clone(), self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                let (mut row, before) = in_hand(tx, id)?;
                let (purpose, change) = match row.state {
                    UserState::Disabled => return Err(AppError::Conflict(DISABLED.into())),
                    UserState::Invited => (LinkPurpose::Invitation, AuditAction::UserInvitedAgain),
                    UserState::Active => (LinkPurpose::Reset, AuditAction::PasswordReset),
                };
                row.password = None;
                store::update(tx, &mut row, now)?;
                session::end_all(tx, id, None, now)?;
                // Whoever took the account over may have made tokens with it.
                crate::access::store::revoke_of(tx, id, now)?;
                let link = make(tx, &accounts, id, purpose, now)?;
                let after = whole(tx, &row)?;
                letter::send(tx, &accounts, &after, &Letter::of(&link), now)?;
                super::changed(tx, &by, change, Some(&before), &after, now)?;
                Ok(link)
            })
            .await
    }

    /// Changes a person's own password; their other sessions end, this one gets a new secret.
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<Entered, AppError> {
        // First of all, so that a new one that is too weak is not counted as a try.
        self.check_password("new_password", new, &self.user(user).await?)?;
        let (row, try_) = self.count_change(user, session).await?;
        if !self.verify(old, Some(&row)).await?.is_right {
            self.failed(try_).await?;
            return Err(AppError::field("password", "is not your present password"));
        }
        let hashed = self.inner().passwords.hash(new).await?;
        let (accounts, now) = (self.clone(), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                let (fresh, before) = in_hand(tx, user)?;
                if fresh.password != row.password || fresh.state != UserState::Active {
                    return Err(AppError::Conflict("the account was changed meanwhile; try again".into()));
                }
                let is_known = is_known_network(tx, Some(user), &try_)?;
                throttle::succeeded(tx, &accounts.inner().sealer, &try_, is_known, now)?;
                let row = set_password(tx, fresh, hashed, Some(session), now)?;
                let secret = session::renew(tx, &accounts, session, now)?;
                let after = whole(tx, &row)?;
                letter::send(tx, &accounts, &after, &Letter::PasswordChanged, now)?;
                super::changed(tx, &accounts.own(&after), AuditAction::PasswordChanged, Some(&before), &after, now)?;
                Ok(Entered { secret, stage: Stage::Open })
            })
            .await
    }

    /// Counts a try of the old password, as if it were a log-in from where the session is.
    async fn count_change(&self, user: UserId, session: SessionId) -> Result<(UserRow, Try), AppError> {
        let (sealer, now) = (self.inner().sealer.clone(), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                let (row, _) = in_hand(tx, user)?;
                let address = session::address_of(tx, user, session)?;
                let try_ = Try { what: What::Password, account: row.login.clone(), address };
                let is_known = is_known_network(tx, Some(user), &try_)?;
                throttle::begin(tx, &sealer, &try_, is_known, now)?;
                Ok((row, try_))
            })
            .await
    }

    fn check_password(&self, field: &str, password: &SecretString, user: &User) -> Result<(), AppError> {
        let address = user.email.as_ref().map(|email| email.as_str()).unwrap_or_default();
        self.inner().passwords.check(field, password, &[&user.login, &user.name, address, "lotse"])
    }
}

/// What is said of an account that may not log in.
pub(super) const DISABLED: &str = "the account is disabled; enable it first";

/// Makes a link as part of the caller's write; former links of the person end.
pub(super) fn make(
    tx: &mut Tx,
    accounts: &Accounts,
    user: UserId,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Invitation, AppError> {
    let secret = secret::new();
    let expires_at = now.plus(accounts.settings().link_valid_for);
    keys::end_links(tx, user, now)?;
    let row =
        LinkRow { hash: hash(&secret).to_vec(), user_id: user, purpose, created_at: now, expires_at, used_at: None };
    keys::insert_link(tx, &row)?;
    let page = match purpose {
        LinkPurpose::Invitation => "einladung",
        LinkPurpose::Reset => "zuruecksetzen",
    };
    let url = format!("{}/{page}/{secret}", accounts.settings().public_url);
    Ok(Invitation { secret, purpose, url, expires_at })
}

/// Sets a password: links and all sessions but the one to keep end.
fn set_password(
    tx: &mut Tx,
    mut row: UserRow,
    hashed: String,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<UserRow, AppError> {
    row.password = Some(hashed);
    row.state = UserState::Active;
    store::update(tx, &mut row, now)?;
    keys::end_links(tx, row.id, now)?;
    session::end_all(tx, row.id, keep, now)?;
    Ok(row)
}
