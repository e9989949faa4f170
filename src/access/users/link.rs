//! Links by which people set their password: invitations and resets.

use secrecy::SecretString;

use super::{Accounts, Entered, User};
use crate::access::Actor;
use crate::access::session::Origin;
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

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
        let _ = secret;
        Err(AppError::NotFound)
    }

    /// Sets the password a link is for, and begins a session. Works once, for invitations and resets alike.
    pub async fn accept(&self, secret: &str, password: &SecretString, origin: &Origin) -> Result<Entered, AppError> {
        let _ = (secret, password, origin);
        Err(AppError::NotFound)
    }

    /// Sends somebody who forgot their password a link. The answer and its time are the same whether they exist.
    pub async fn request_reset(&self, login: &str, origin: &Origin) -> Result<(), AppError> {
        let _ = (login, origin);
        Ok(())
    }

    /// Takes somebody's password away, ends their sessions and answers the link for a new one.
    pub async fn reset(&self, by: &Actor, id: UserId) -> Result<Invitation, AppError> {
        let _ = (by, id);
        Err(AppError::NotFound)
    }

    /// Changes a person's own password; their other sessions end, this one gets a new secret.
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<Entered, AppError> {
        let _ = (user, session, old, new);
        Err(AppError::NotFound)
    }
}
