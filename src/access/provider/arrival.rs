//! Somebody comes from the provider: who they are here, which roles they have now, and their session.
//!
//! Invariant: a person is found by issuer and subject, never by a mail address or a login name. Their roles from the
//! provider are those of this log-in and no others; where they changed, all their former sessions end, also when
//! nothing is left and nobody enters. All of it is one transaction.

use super::claims::Described;
use super::store;
use crate::access::actor::Actor;
use crate::access::audit::AuditAction;
use crate::access::policy::Grant;
use crate::access::session::{self, Origin, ProviderSession, Stage};
use crate::access::users::{self, Accounts, Login, UserState};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::ids::UserId;

/// Whom the provider has vouched for.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub subject: String,
    pub described: Described,
    pub grants: Vec<Grant>,
    pub session: ProviderSession,
    pub origin: Origin,
}

/// Why somebody does not enter; for the log, not for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoAccount,
    Disabled,
    NoRole,
}

impl Refusal {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NoAccount => "they have no account, and oidc.create_accounts is off",
            Self::Disabled => "their account is disabled",
            Self::NoRole => "none of their groups gives a role",
        }
    }
}

/// Opens a session for them and answers its secret.
pub(super) fn enter(
    tx: &mut Tx,
    accounts: &Accounts,
    arrival: &Arrival,
    creates: bool,
    now: Timestamp,
) -> Result<Result<String, Refusal>, AppError> {
    let user = match store::user_of(tx, &arrival.session.issuer, &arrival.subject)? {
        Some(user) => user,
        None if !creates => return Ok(Err(Refusal::NoAccount)),
        None if arrival.grants.is_empty() => return Ok(Err(Refusal::NoRole)),
        None => create(tx, arrival, now)?,
    };
    let account = store::account(tx, user)?;
    if account.state == UserState::Disabled {
        return Ok(Err(Refusal::Disabled));
    }
    if !take_over_grants(tx, user, &arrival.grants, now)? {
        return Ok(Err(Refusal::NoRole));
    }
    if account.state == UserState::Invited {
        changing(tx, user, AuditAction::InvitationAccepted, now, |tx| store::activate(tx, user, now))?;
    }
    // Who has a password here is named by the administrators here.
    if account.password.is_none() {
        let Described { name, email, .. } = &arrival.described;
        changing(tx, user, AuditAction::UserChanged, now, |tx| {
            store::rename(tx, user, name.as_deref(), email.as_ref(), now)
        })?;
    }
    session::open(tx, accounts, user, Stage::Open, &arrival.origin, Some(&arrival.session), now).map(Ok)
}

/// Puts the roles of this log-in in the place of the former; false where the person has none at all.
fn take_over_grants(tx: &mut Tx, user: UserId, grants: &[Grant], now: Timestamp) -> Result<bool, AppError> {
    let (former, given) = users::provided_grants(tx, user)?;
    let is_same = former.len() == grants.len() && grants.iter().all(|grant| former.contains(grant));
    if !is_same {
        changing(tx, user, AuditAction::UserChanged, now, |tx| {
            users::replace_provided(tx, user, grants)?;
            store::touch(tx, user, now)
        })?;
        session::end_all(tx, user, None, now)?;
    }
    Ok(given > 0 || !grants.is_empty())
}

/// Changes somebody's account and notes it, if anything is different then; by Lotse itself, which does what the provider says.
fn changing(
    tx: &mut Tx,
    user: UserId,
    change: AuditAction,
    now: Timestamp,
    make: impl FnOnce(&mut Tx) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let before = users::user_of(tx, user)?;
    make(tx)?;
    let after = users::user_of(tx, user)?.ok_or_else(|| AppError::internal("a person vanished"))?;
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    users::changed(tx, &Actor::system(), change, before.as_ref(), &after, now)
}

fn create(tx: &mut Tx, arrival: &Arrival, now: Timestamp) -> Result<UserId, AppError> {
    let (user, described) = (UserId::new(), &arrival.described);
    let login = free_login(tx, &described.logins, user)?;
    let name = described.name.as_deref().unwrap_or(&login);
    store::insert_user(tx, user, &login, name, described.email.as_ref(), now)?;
    if !store::link(tx, &arrival.session.issuer, &arrival.subject, user, now)? {
        return Err(AppError::Conflict("this person is logging in elsewhere at this moment".into()));
    }
    let made = users::user_of(tx, user)?.ok_or_else(|| AppError::internal("a person vanished"))?;
    users::changed(tx, &Actor::system(), AuditAction::UserCreated, None, &made, now)?;
    Ok(user)
}

/// The first of the names that nobody has, else one of our own.
fn free_login(tx: &mut Tx, wanted: &[Login], user: UserId) -> Result<String, AppError> {
    for login in wanted {
        if !store::is_taken(tx, login.as_str())? {
            return Ok(login.as_str().to_owned());
        }
    }
    Ok(format!("dienst-{}", user.uuid().simple()))
}
