//! What a caller may import: row by row the same as one by one over the API (`http/api/directory/reach.rs`).
//!
//! Invariant: what lies outside the caller's sight is named in the same words as what does not exist. Whoever runs
//! `lotse` on the machine itself may everything.

use crate::access::{Action, Actor, Caller, Object};
use crate::error::Message;
use crate::keys::{Ars, ArsPrefix, Slug};

/// Somebody who imports.
#[derive(Debug, Clone)]
pub struct Importer(Option<Caller>);

impl Importer {
    /// Whoever runs `lotse` on the machine itself.
    pub fn console() -> Self {
        Self(None)
    }

    /// Somebody who asks over HTTP.
    pub fn caller(caller: &Caller) -> Self {
        Self(Some(caller.clone()))
    }

    /// Who they are in the audit log.
    pub fn actor(&self) -> Actor {
        self.0.as_ref().map_or_else(Actor::import, |caller| caller.actor.clone())
    }

    /// True where a contact of this owner exists for them.
    pub(super) fn sees_owner(&self, owner: Option<&ArsPrefix>) -> bool {
        let Some(caller) = &self.0 else { return true };
        owner.is_none_or(|owner| caller.sees_region(Action::ReadDirectory, owner))
    }

    /// Why they may not change a contact of this owner, if so.
    pub(super) fn hindered(&self, owner: Option<&ArsPrefix>) -> Option<Message> {
        let caller = self.0.as_ref()?;
        match owner {
            None if caller.reach(Action::ChangeContact).is_everything() => None,
            None => {
                let message = "all regions share this; only who may change everything everywhere may change it";
                Some(Message::new("shared", message))
            }
            Some(owner) if caller.sees_region(Action::ChangeContact, owner) => None,
            Some(owner) => {
                let message = format!("you may not change contacts of the region {owner}");
                Some(Message::new("foreign", message).naming(owner))
            }
        }
    }

    /// Why they may not give a contact to this owner, if so.
    pub(super) fn may_not_own(&self, owner: Option<&ArsPrefix>) -> Option<Message> {
        let reach = self.0.as_ref()?.reach(Action::ChangeContact);
        if reach.is_everything() || owner.is_some_and(|owner| reach.covers_region(owner)) {
            return None;
        }
        let mut regions: Vec<&str> = reach.layers().iter().flatten().map(|term| term.scope.region.as_str()).collect();
        regions.sort_unstable();
        regions.dedup();
        let regions = regions.join(", ");
        Some(Message::new("not-own", format!("must lie within your regions: {regions}")).naming(regions))
    }

    /// Only who may open the reporter may let a contact see who asked, or lead what such a contact is told elsewhere.
    pub(super) fn may_disclose(&self, owner: Option<&ArsPrefix>) -> bool {
        let Some(caller) = &self.0 else { return true };
        let everywhere = ArsPrefix::everywhere();
        caller.sees_region(Action::OpenReporter, owner.unwrap_or(&everywhere))
    }

    /// True where the use of the service in the municipality is theirs to change.
    pub(super) fn may_place(&self, ars: &Ars, service: &Slug) -> bool {
        let object = Object { ars: Some(ars), service: Some(service), channel: None };
        self.0.as_ref().is_none_or(|caller| caller.sees(Action::ChangeAdoption, object))
    }

    /// True where the use of the service in the municipality exists for them.
    pub(super) fn sees_place(&self, ars: &Ars, service: &Slug) -> bool {
        let object = Object { ars: Some(ars), service: Some(service), channel: None };
        self.0.as_ref().is_none_or(|caller| caller.sees(Action::ReadDirectory, object))
    }
}
