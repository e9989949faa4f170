//! The second factor: codes of an app (RFC 6238) and recovery codes.

use super::Accounts;
use super::Entered;
use crate::access::Actor;
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

/// A second factor to be confirmed.
#[derive(Debug, Clone)]
pub struct NewFactor {
    /// `otpauth://…`, for the app; as a picture it is a QR code.
    pub uri: String,
    /// The secret in base32, to type where no camera is.
    pub secret_base32: String,
}

impl Accounts {
    /// Makes a second factor that counts once it is confirmed. `Conflict` where there is one already.
    pub async fn begin_second_factor(&self, user: UserId) -> Result<NewFactor, AppError> {
        let _ = user;
        Err(AppError::NotFound)
    }

    /// Confirms it with a code of the app: answers ten recovery codes, once, and the session's new secret; the
    /// person's other sessions end.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        session: SessionId,
        code: &str,
    ) -> Result<(Vec<String>, Entered), AppError> {
        let _ = (user, session, code);
        Err(AppError::NotFound)
    }

    /// Makes ten new recovery codes, for a good code; the former ones end.
    pub async fn new_recovery_codes(&self, user: UserId, code: &str) -> Result<Vec<String>, AppError> {
        let _ = (user, code);
        Err(AppError::NotFound)
    }

    /// Removes a person's own second factor, for a good code.
    pub async fn remove_second_factor(&self, user: UserId, code: &str) -> Result<(), AppError> {
        let _ = (user, code);
        Err(AppError::NotFound)
    }

    /// Removes somebody's second factor who lost it; their sessions end.
    pub async fn reset_second_factor(&self, by: &Actor, id: UserId) -> Result<(), AppError> {
        let _ = (by, id);
        Err(AppError::NotFound)
    }
}
