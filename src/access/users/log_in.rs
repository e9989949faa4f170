//! Logging in: password, then the second factor where there is one.
//!
//! Invariant: an unknown name, a wrong password, a disabled and a merely invited account get the same answer after
//! the same work: a try counted, a hash computed.

use std::net::IpAddr;

use secrecy::SecretString;

use super::password::Verdict;
use super::store::{self, UserRow};
use super::user::fold;
use super::{Accounts, UserState, second_factor};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::session::{self, Origin, Stage};
use crate::access::throttle::{self, Try, What};
use crate::access::{Actor, ActorKind};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::UserId;

/// A session that was begun or went on under a new secret.
#[derive(Debug, Clone)]
pub struct Entered {
    /// The session's secret: the value of the cookie.
    pub secret: String,
    /// Whether a code is still owed.
    pub stage: Stage,
}

impl Accounts {
    /// Begins a session with a password. Whoever it is and whatever is wrong (the name, the password, the state of the
    /// account), the answer is `Unauthorised` after the same work; `TooMany` while the brake holds.
    pub async fn log_in(&self, login: &str, password: &SecretString, origin: &Origin) -> Result<Entered, AppError> {
        let login = fold(login);
        let try_ = Try { what: What::Password, account: login.clone(), address: Some(origin.address) };
        let row = self.count_try(try_.clone(), login).await?;
        let entered = self.log_in_as(row, password, try_.clone(), origin).await;
        if matches!(entered, Err(AppError::Unauthorised)) {
            self.failed(try_).await?;
        }
        entered
    }

    async fn log_in_as(
        &self,
        row: Option<UserRow>,
        password: &SecretString,
        try_: Try,
        origin: &Origin,
    ) -> Result<Entered, AppError> {
        let verdict = self.verify(password, row.as_ref()).await?;
        let found = row.as_ref().map(|row| row.id);
        let Some(row) = row.filter(|row| verdict.is_right && row.state == UserState::Active) else {
            self.note_failure(found, origin.address, "password").await?;
            return Err(AppError::Unauthorised);
        };
        let anew = if verdict.is_outdated { Some(self.inner().passwords.hash(password).await?) } else { None };
        self.enter(row, anew, try_, origin.clone()).await
    }

    /// Puts a failed try on record: whose account it was after, with what, and from where; never what was typed.
    async fn note_failure(&self, whose: Option<UserId>, address: IpAddr, step: &str) -> Result<(), AppError> {
        let (now, trail) = (self.inner().clock.now(), Trail::after(&serde_json::json!({ "step": step })));
        let work = move |tx: &mut Tx| {
            let by = Actor::named(ActorKind::System, None, "?").at(Some(address));
            let id = whose.map_or_else(|| "?".to_owned(), |id| id.to_string());
            audit::record(tx, &by, AuditAction::LogInFailed, (ObjectKind::User, &id), trail, now)
        };
        self.inner().db.write(work).await
    }

    /// Counts a try and looks the person up.
    async fn count_try(&self, try_: Try, login: String) -> Result<Option<UserRow>, AppError> {
        let (sealer, now) = (self.inner().sealer.clone(), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                let row = store::by_login(tx, &login)?;
                let is_known = is_known_network(tx, row.as_ref().map(|row| row.id), &try_)?;
                throttle::begin(tx, &sealer, &try_, is_known, now)?;
                Ok(row)
            })
            .await
    }

    /// Whether it is this person's password; for nobody the same work is done.
    pub(super) async fn verify(&self, password: &SecretString, row: Option<&UserRow>) -> Result<Verdict, AppError> {
        self.inner().passwords.verify(password, row.and_then(|row| row.password.clone())).await
    }

    /// Begins the session of somebody whose password was right a moment ago. `anew` is the same password hashed as it
    /// is done today.
    async fn enter(&self, row: UserRow, anew: Option<String>, try_: Try, origin: Origin) -> Result<Entered, AppError> {
        let (accounts, now) = (self.clone(), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                let mut fresh = store::lock(tx, row.id)?.ok_or(AppError::Unauthorised)?;
                if fresh.state != UserState::Active || fresh.password != row.password {
                    return Err(AppError::Unauthorised);
                }
                let is_known = is_known_network(tx, Some(row.id), &try_)?;
                throttle::succeeded(tx, &accounts.inner().sealer, &try_, is_known, now)?;
                if anew.is_some() {
                    fresh.password = anew;
                    store::note(tx, &fresh)?;
                }
                begin(tx, &accounts, &fresh, &origin, now)
            })
            .await
    }

    /// Opens a session that still owes a code, with one of the app or a recovery code; the session gets a new secret.
    pub async fn second_factor(&self, secret: &str, code: &str, origin: &Origin) -> Result<Entered, AppError> {
        let (accounts, now) = (self.clone(), self.inner().clock.now());
        let (held, code, origin_of) = (secret.to_owned(), code.to_owned(), origin.address);
        let origin = origin.clone();
        let session = self.session(secret).await?;
        if session.stage != Stage::SecondFactor {
            return Err(AppError::Conflict("this session owes no code".into()));
        }
        let user = session.user.id;
        let try_ = Try { what: What::Code, account: user.to_string(), address: Some(origin.address) };
        self.count_code(user, try_.clone()).await?;
        let tried = try_.clone();
        let entered = self
            .inner()
            .db
            .write(move |tx| {
                let row = store::lock(tx, user)?.ok_or(AppError::Unauthorised)?;
                // Once more, now that nobody else can change it: two codes at once open one session.
                let session = session::in_hand(tx, &accounts, &held, now)?;
                if session.stage != Stage::SecondFactor || row.state != UserState::Active {
                    return Err(AppError::Unauthorised);
                }
                second_factor::use_code(tx, &accounts, row, &code, now)?;
                let is_known = is_known_network(tx, Some(user), &tried)?;
                throttle::succeeded(tx, &accounts.inner().sealer, &tried, is_known, now)?;
                let secret = session::renew(tx, &accounts, session.id, now)?;
                super::logged_in(tx, user, origin.address, now)?;
                Ok(Entered { secret, stage: Stage::Open })
            })
            .await;
        if matches!(entered, Err(AppError::Unauthorised)) {
            self.note_failure(Some(user), origin_of, "code").await?;
            self.failed(try_).await?;
        }
        entered
    }

    /// A try was wrong: its network hears of it.
    pub(super) async fn failed(&self, try_: Try) -> Result<(), AppError> {
        let (sealer, now) = (self.inner().sealer.clone(), self.inner().clock.now());
        self.inner().db.write(move |tx| throttle::failed(tx, &sealer, &try_, now)).await
    }

    /// Counts a try of a code.
    pub(super) async fn count_code(&self, user: UserId, try_: Try) -> Result<(), AppError> {
        let (sealer, now) = (self.inner().sealer.clone(), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                let is_known = is_known_network(tx, Some(user), &try_)?;
                throttle::begin(tx, &sealer, &try_, is_known, now)
            })
            .await
    }
}

/// Begins a session: open, or owing a code where there is a second factor.
pub(super) fn begin(
    tx: &mut Tx,
    accounts: &Accounts,
    row: &UserRow,
    origin: &Origin,
    now: Timestamp,
) -> Result<Entered, AppError> {
    let stage = if row.totp_confirmed_at.is_some() { Stage::SecondFactor } else { Stage::Open };
    let secret = session::open(tx, accounts, row.id, stage, origin, None, now)?;
    Ok(Entered { secret, stage })
}

/// Strangers cannot lock somebody out of a network from which they were logged in lately.
pub(super) fn is_known_network(conn: &mut Conn, user: Option<UserId>, try_: &Try) -> Result<bool, AppError> {
    match (user, try_.address) {
        (Some(user), Some(address)) => session::is_known_network(conn, user, address),
        _ => Ok(false),
    }
}
