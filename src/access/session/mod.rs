//! Sessions: one log-in of a person on one device, and its end.
//!
//! Invariant: a session is known by a secret of 256 random bits, stored as SHA-256. The database is asked each time,
//! so that an end counts at once in every instance. It ends when it was idle too long, at its absolute end, and with
//! whatever takes the person's rights away. Whenever it gains rights it gets a new secret.

mod store;

use std::net::IpAddr;

use crate::access::users::{Accounts, User};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

/// The longest name of a browser that is kept, in characters.
const LONGEST_AGENT: usize = 200;

crate::text_enum! {
    /// How far a log-in has come.
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
        let _ = secret;
        Err(AppError::Unauthorised)
    }

    /// The provider's token of a session, for the provider's log-out.
    pub fn id_token(&self, session: &Session) -> Result<Option<String>, AppError> {
        let _ = &session.id_token;
        Ok(None)
    }

    /// Ends the session of a secret; one that has ended is no fault.
    pub async fn log_out(&self, secret: &str) -> Result<(), AppError> {
        let _ = secret;
        Ok(())
    }

    /// A person's sessions that hold, the newest first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionInfo>, AppError> {
        let _ = user;
        Ok(Vec::new())
    }

    /// Ends one of a person's own sessions. `NotFound` when it is not theirs or has ended.
    pub async fn end_session(&self, user: UserId, id: SessionId) -> Result<(), AppError> {
        let _ = (user, id);
        Ok(())
    }

    /// Ends all of a person's own sessions but one; answers how many.
    pub async fn end_other_sessions(&self, user: UserId, keep: SessionId) -> Result<usize, AppError> {
        let _ = (user, keep);
        Ok(0)
    }
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
    let _ = (tx, accounts, user, stage, origin, provider, now);
    Err(AppError::Unauthorised)
}

/// Ends what a provider says is over: its session, or all sessions it vouched for of a person; answers how many.
pub fn end_by_provider(
    tx: &mut Tx,
    issuer: &str,
    session: Option<&str>,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<usize, AppError> {
    let _ = (tx, issuer, session, user, now);
    Ok(0)
}
