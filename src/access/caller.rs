//! Whoever asks: who they are, and what they may where.
//!
//! Invariant: every request acts as one [`Caller`], and every use case asks it through the table in `policy.rs`:
//! [`Caller::may`] for the right at all, [`Caller::sees`] and [`Caller::reach`] for where. A token that belongs to a
//! person may no more than that person at the time: both must agree.

use std::sync::Arc;

use super::actor::Actor;
use super::policy::{self, Action, Grant, Object, Reach};
use crate::error::AppError;
use crate::ids::CallerId;
use crate::keys::{ArsPrefix, Slug};

/// Who asks: identity, and roles with their scopes. Everything a use case needs to decide. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token's or person's id; also the scope of idempotency keys, and what makes a claim one's own.
    pub id: CallerId,
    /// As it will stand in histories.
    pub actor: Actor,
    rights: Arc<Rights>,
}

#[derive(Debug)]
struct Rights {
    grants: Vec<Grant>,
    /// What the owner of a token may.
    owner: Option<Vec<Grant>>,
}

impl Caller {
    /// With these roles; `owner` are those of the person a token belongs to.
    pub fn new(id: CallerId, actor: Actor, grants: Vec<Grant>, owner: Option<Vec<Grant>>) -> Self {
        Self { id, actor, rights: Arc::new(Rights { grants, owner }) }
    }

    /// The roles with their scopes.
    pub fn grants(&self) -> &[Grant] {
        &self.rights.grants
    }

    /// The right itself; where it holds is asked with [`Caller::sees`].
    pub fn may(&self, action: Action) -> Result<(), AppError> {
        let has = |grants: &[Grant]| grants.iter().any(|grant| policy::allows(grant.role, action));
        if has(self.grants()) && self.rights.owner.as_deref().is_none_or(has) {
            return Ok(());
        }
        let mut roles: Vec<&str> = self.grants().iter().map(|grant| grant.role.as_str()).collect();
        roles.sort_unstable();
        roles.dedup();
        let (noun, roles) = (if roles.len() == 1 { "role" } else { "roles" }, roles.join(", "));
        Err(AppError::Forbidden(format!("the {noun} {roles} may not {}", action.as_str().replace('_', " "))))
    }

    /// Where the action is theirs.
    pub fn reach(&self, action: Action) -> Reach {
        let own = Reach::of(self.grants(), action);
        match &self.rights.owner {
            Some(owner) => own.within(Reach::of(owner, action)),
            None => own,
        }
    }

    /// True where the action on this object is theirs.
    pub fn sees(&self, action: Action, object: Object) -> bool {
        self.reach(action).covers(object)
    }

    /// `Ok` where the action is theirs; `Forbidden` where they may only look, and else there is no such thing.
    pub fn must_see(&self, action: Action, look: Action, object: Object) -> Result<(), AppError> {
        if self.sees(action, object) {
            return Ok(());
        }
        if action == look || !self.sees(look, object) {
            return Err(AppError::NotFound);
        }
        Err(AppError::Forbidden(format!("your roles may not {} here", action.as_str().replace('_', " "))))
    }

    /// True where the whole region lies within their reach for this.
    pub fn sees_region(&self, action: Action, region: &ArsPrefix) -> bool {
        self.reach(action).covers_region(region)
    }

    /// The contacts of the 2nd level that they speak for, as far as they may do this.
    pub fn contacts(&self, action: Action) -> Vec<Slug> {
        let of = |grants: &[Grant]| -> Vec<Slug> {
            let speaks = grants.iter().filter(|grant| policy::allows(grant.role, action));
            speaks.filter_map(|grant| grant.contact.clone()).collect()
        };
        let own = of(self.grants());
        let Some(owner) = &self.rights.owner else { return own };
        let theirs = of(owner);
        own.into_iter().filter(|contact| theirs.contains(contact)).collect()
    }
}
