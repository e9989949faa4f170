//! Logging in: password, then the second factor where there is one.

use secrecy::SecretString;

use super::Accounts;
use crate::access::session::{Origin, Stage};
use crate::error::AppError;

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
        let _ = (login, password, origin);
        Err(AppError::Unauthorised)
    }

    /// Opens a session that still owes a code, with one of the app or a recovery code; the session gets a new secret.
    pub async fn second_factor(&self, secret: &str, code: &str, origin: &Origin) -> Result<Entered, AppError> {
        let _ = (secret, code, origin);
        Err(AppError::Unauthorised)
    }
}
