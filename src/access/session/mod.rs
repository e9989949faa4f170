//! Sessions: one log-in of a person on one device, and its end.
//!
//! Invariant: a session is known by a secret of 256 random bits, stored as SHA-256. The database is asked each time,
//! so that an end counts at once in every instance. It ends when it was idle too long, at its absolute end, and with
//! whatever takes the person's rights away. Whenever it gains rights it gets a new secret.

mod store;

use std::net::IpAddr;

use chrono::TimeDelta;

use super::throttle::network_of;
use super::users::{self, Accounts, User, UserState};
use crate::access::Actor;
use crate::access::audit::AuditAction;
use crate::access::secret::{self, hash};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

use store::SessionRow;

/// The longest name of a browser that is kept, in characters.
const LONGEST_AGENT: usize = 200;

/// How long a code may be owed.
const CODE_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// How long a session that ended is kept.
const KEPT_DAYS: i64 = 30;

crate::text_enum! {
    /// How far a log-in has come.
    #[schema(as = SessionStage)]
    pub enum Stage {
        /// The password was right; a code is still owed.
        SecondFactor = "second_factor",
        /// Logged in.
        Open = "open",
    }
}

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The address of whoever asks.
    pub address: IpAddr,
    /// What the browser calls itself, cut to 200 characters.
    pub agent: String,
}

impl Origin {
    /// With the agent cut to what is kept.
    pub fn new(address: IpAddr, agent: &str) -> Self {
        Self { address, agent: agent.chars().filter(|c| !c.is_control()).take(LONGEST_AGENT).collect() }
    }
}

/// A session that holds, with its person as they are now.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id, to end it by.
    pub id: SessionId,
    /// Whose it is.
    pub user: User,
    /// Whether a code is still owed.
    pub stage: Stage,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// Where it began.
    pub address: String,
    /// In which browser.
    pub agent: String,
    /// The provider who vouched for the person, where it was not a password.
    pub issuer: Option<String>,
    id_token: Option<Vec<u8>>,
}

/// A session as its person sees it in the list of theirs.
#[derive(Debug, Clone)]
pub struct SessionInfo {
    /// Its id, to end it by.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// Where it began.
    pub address: String,
    /// In which browser.
    pub agent: String,
    /// The provider who vouched for the person, where it was not a password.
    pub issuer: Option<String>,
}

/// What a provider said when it vouched for somebody.
#[derive(Debug, Clone)]
pub struct ProviderSession {
    /// The provider.
    pub issuer: String,
    /// Its own name for the session (`sid`).
    pub session: Option<String>,
    /// The token it vouched with; kept sealed, for its log-out.
    pub id_token: String,
}

impl Accounts {
    /// The session of a secret. `Unauthorised` when it is unknown or has ended in any way, or its person is not active.
    /// A session that still owes a code is answered too; look at its stage.
    pub async fn session(&self, secret: &str) -> Result<Session, AppError> {
        let (idle, now) = (self.settings().session_idle, self.inner().clock.now());
        let session = self.session_unused(secret).await?;
        // A bound shorter than two minutes needs to know the last use more closely.
        if now.since(session.seen_at) >= TimeDelta::minutes(1).min(idle / 2) {
            let id = session.id;
            if let Err(e) = self.inner().db.write(move |tx| store::touch(tx, id, now)).await {
                tracing::warn!(fault = %e, "a session's last use was not written");
            }
        }
        Ok(session)
    }

    /// The same without using it: what a page asks for by itself keeps nobody logged in.
    pub async fn session_unused(&self, secret: &str) -> Result<Session, AppError> {
        let (hash, idle) = (hash(secret), self.settings().session_idle);
        let now = self.inner().clock.now();
        self.inner().db.read(move |conn| holding(conn, &hash, idle, now)).await
    }

    /// The provider's token of a session, for the provider's log-out.
    pub fn id_token(&self, session: &Session) -> Result<Option<String>, AppError> {
        let Some(sealed) = &session.id_token else { return Ok(None) };
        let plain = self.inner().sealer.secrets().open(sealed, &context(session.id))?;
        String::from_utf8(plain).map(Some).map_err(AppError::internal)
    }

    /// Ends the session of a secret; one that has ended is no fault.
    pub async fn log_out(&self, secret: &str) -> Result<(), AppError> {
        let accounts = self.clone();
        let (hash, now) = (hash(secret), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                let Some(row) = store::by_hash(tx, &hash)? else { return Ok(()) };
                if store::end(tx, row.user_id, row.id, now)?
                    && let Some(user) = users::user_of(tx, row.user_id)?
                {
                    users::changed(tx, &accounts.own(&user), AuditAction::LoggedOut, Some(&user), &user, now)?;
                }
                Ok(())
            })
            .await
    }

    /// A person's sessions that hold, the newest first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionInfo>, AppError> {
        let now = self.inner().clock.now();
        let idle_since = now.minus(self.settings().session_idle);
        let rows = self.inner().db.read(move |conn| store::of_user(conn, user, idle_since, now)).await?;
        Ok(rows.into_iter().filter(|row| row.stage == Stage::Open).map(SessionInfo::of).collect())
    }

    /// Ends one of a person's own sessions. `NotFound` when it is not theirs or has ended.
    pub async fn end_session(&self, user: UserId, id: SessionId) -> Result<(), AppError> {
        let accounts = self.clone();
        let now = self.inner().clock.now();
        self.inner()
            .db
            .write(move |tx| {
                if !store::end(tx, user, id, now)? {
                    return Err(AppError::NotFound);
                }
                let user = users::user_of(tx, user)?.ok_or(AppError::NotFound)?;
                users::changed(tx, &accounts.own(&user), AuditAction::SessionEnded, Some(&user), &user, now)
            })
            .await
    }

    /// Ends all of a person's own sessions but one; answers how many.
    pub async fn end_other_sessions(&self, user: UserId, keep: SessionId) -> Result<usize, AppError> {
        let accounts = self.clone();
        let now = self.inner().clock.now();
        self.inner()
            .db
            .write(move |tx| {
                let ended = end_all(tx, user, Some(keep), now)?;
                let user = users::user_of(tx, user)?.ok_or(AppError::NotFound)?;
                if ended > 0 {
                    users::changed(tx, &accounts.own(&user), AuditAction::SessionEnded, Some(&user), &user, now)?;
                }
                Ok(ended)
            })
            .await
    }
}

impl Accounts {
    /// Ends all sessions of somebody, by an administrator; answers how many.
    pub async fn end_sessions_of(&self, by: &Actor, user: UserId) -> Result<usize, AppError> {
        let (now, by) = (self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                let ended = end_all(tx, user, None, now)?;
                let user = users::user_of(tx, user)?.ok_or(AppError::NotFound)?;
                if ended > 0 {
                    users::changed(tx, &by, AuditAction::SessionEnded, Some(&user), &user, now)?;
                }
                Ok(ended)
            })
            .await
    }
}

impl SessionInfo {
    fn of(row: SessionRow) -> Self {
        let SessionRow { id, created_at, seen_at, address, agent, issuer, .. } = row;
        Self { id, created_at, seen_at, address, agent, issuer }
    }
}

fn holding(conn: &mut Conn, hash: &[u8], idle: TimeDelta, now: Timestamp) -> Result<Session, AppError> {
    let row = store::by_hash(conn, hash)?.filter(|row| row.holds(now.minus(idle), now));
    let row = row.ok_or(AppError::Unauthorised)?;
    let user = users::user_of(conn, row.user_id)?.filter(|user| user.state == UserState::Active);
    let user = user.ok_or(AppError::Unauthorised)?;
    let SessionRow { id, stage, created_at, seen_at, address, agent, issuer, id_token, .. } = row;
    Ok(Session { id, user, stage, created_at, seen_at, address, agent, issuer, id_token })
}

/// Begins a session as part of the caller's write and answers its secret. Notes the log-in when nothing more is owed.
pub fn open(
    tx: &mut Tx,
    accounts: &Accounts,
    user: UserId,
    stage: Stage,
    origin: &Origin,
    provider: Option<&ProviderSession>,
    now: Timestamp,
) -> Result<String, AppError> {
    let secret = secret::new();
    let id = SessionId::new();
    let seal =
        |provider: &ProviderSession| accounts.inner().sealer.secrets().seal(provider.id_token.as_bytes(), &context(id));
    store::insert(
        tx,
        &SessionRow {
            id,
            hash: hash(&secret).to_vec(),
            user_id: user,
            stage,
            created_at: now,
            seen_at: now,
            ends_at: match stage {
                Stage::SecondFactor => now.plus(CODE_WITHIN),
                Stage::Open => now.plus(accounts.settings().session_longest),
            },
            ended_at: None,
            address: origin.address.to_canonical().to_string(),
            agent: origin.agent.clone(),
            issuer: provider.map(|provider| provider.issuer.clone()),
            provider_session: provider.and_then(|provider| provider.session.clone()),
            id_token: provider.map(seal),
        },
    )?;
    if stage == Stage::Open {
        users::logged_in(tx, user, origin.address, now)?;
    }
    Ok(secret)
}

/// Gives a session a new secret because it gains rights or its password changed; the former is good no more.
pub(super) fn renew(tx: &mut Tx, accounts: &Accounts, id: SessionId, now: Timestamp) -> Result<String, AppError> {
    let secret = secret::new();
    let ends_at = now.plus(accounts.settings().session_longest);
    if store::renew(tx, id, &hash(&secret), ends_at, now)? { Ok(secret) } else { Err(AppError::Unauthorised) }
}

/// The session of a secret that still holds, as part of the caller's write.
pub(super) fn in_hand(tx: &mut Tx, accounts: &Accounts, secret: &str, now: Timestamp) -> Result<Session, AppError> {
    holding(tx, &hash(secret), accounts.settings().session_idle, now)
}

/// Where one of a person's sessions began.
pub(super) fn address_of(conn: &mut Conn, user: UserId, id: SessionId) -> Result<Option<IpAddr>, AppError> {
    Ok(store::find(conn, user, id)?.and_then(|row| row.address.parse().ok()))
}

/// True where this person was logged in from the network of this address lately.
pub(super) fn is_known_network(conn: &mut Conn, user: UserId, address: IpAddr) -> Result<bool, AppError> {
    let network = network_of(address);
    let known = store::addresses(conn, user)?;
    Ok(known.iter().filter_map(|known| known.parse().ok()).any(|known| network_of(known) == network))
}

/// Ends all sessions of a person but one; answers how many.
pub(super) fn end_all(tx: &mut Tx, user: UserId, keep: Option<SessionId>, now: Timestamp) -> Result<usize, AppError> {
    store::end_all(tx, user, keep, now)
}

/// Ends what a provider says is over: its session, or all sessions it vouched for of a person; answers how many.
pub fn end_by_provider(
    tx: &mut Tx,
    issuer: &str,
    session: Option<&str>,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<usize, AppError> {
    match (session, user) {
        (Some(session), _) => store::end_of_provider(tx, issuer, session, now),
        (None, Some(user)) => store::end_vouched(tx, issuer, user, now),
        (None, None) => Ok(0),
    }
}

/// Forgets sessions that ended long ago; answers how many. In small portions. Until then they say which networks a
/// person is known from.
pub(super) fn purge(tx: &mut Tx, now: Timestamp) -> Result<usize, AppError> {
    store::purge(tx, now.minus(TimeDelta::days(KEPT_DAYS)), 500)
}

fn context(id: SessionId) -> String {
    format!("session {id}")
}
