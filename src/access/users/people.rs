//! What administrators do with accounts: invite, look up, give roles, disable.

use super::{Accounts, Invitation, NewUser, User, UserState};
use crate::access::Actor;
use crate::access::policy::Grant;
use crate::error::AppError;
use crate::ids::UserId;

/// Which people to list.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// A part of the login, name or address; folded.
    pub text: Option<String>,
    /// Only in this state.
    pub state: Option<UserState>,
    /// From the one after this login.
    pub after: Option<String>,
    /// At most so many; 1 to 200.
    pub limit: i64,
}

/// Some people, by login.
#[derive(Debug, Clone)]
pub struct UserPage {
    /// The people.
    pub items: Vec<User>,
    /// The login to go on after, when there are more.
    pub next: Option<String>,
}

impl Accounts {
    /// Makes an account and the link to begin with it; where an address is known, the link goes there by mail too.
    pub async fn invite(&self, by: &Actor, new: NewUser) -> Result<(User, Invitation), AppError> {
        let _ = (by, new);
        Err(AppError::NotFound)
    }

    /// A new link for somebody who has not begun yet; the former one ends.
    pub async fn invite_again(&self, by: &Actor, id: UserId) -> Result<Invitation, AppError> {
        let _ = (by, id);
        Err(AppError::NotFound)
    }

    /// People by login, some at a time.
    pub async fn users(&self, query: UserQuery) -> Result<UserPage, AppError> {
        let _ = query;
        Ok(UserPage { items: Vec::new(), next: None })
    }

    /// One person.
    pub async fn user(&self, id: UserId) -> Result<User, AppError> {
        let _ = id;
        Err(AppError::NotFound)
    }

    /// The person with this login.
    pub async fn user_by_login(&self, login: &str) -> Result<User, AppError> {
        let _ = login;
        Err(AppError::NotFound)
    }

    /// Gives somebody these roles and no others; their sessions end. `Conflict` when `version` is not the present
    /// one, and when nobody would be administrator any more.
    pub async fn set_grants(
        &self,
        by: &Actor,
        id: UserId,
        grants: Vec<Grant>,
        version: Option<i32>,
    ) -> Result<User, AppError> {
        let _ = (by, id, grants, version);
        Err(AppError::NotFound)
    }

    /// Lets somebody log in no more and ends their sessions. The last active administrator stays.
    pub async fn disable(&self, by: &Actor, id: UserId) -> Result<User, AppError> {
        let _ = (by, id);
        Err(AppError::NotFound)
    }

    /// Lets somebody log in again.
    pub async fn enable(&self, by: &Actor, id: UserId) -> Result<User, AppError> {
        let _ = (by, id);
        Err(AppError::NotFound)
    }
}
