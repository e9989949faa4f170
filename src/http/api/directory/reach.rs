//! What of the directory a caller with regions sees and may change.
//!
//! Invariant: what belongs to another region looks as if it did not exist; what is shared by all is readable, and
//! changed only by a caller whose reach is everything.

use crate::access::{Action, Caller, Object, Scope};
use crate::directory::{PublicNotice, contacts_of};
use crate::error::{AppError, Faults};
use crate::http::State;
use crate::keys::{Ars, ArsPrefix, Slug};

/// Refuses a change of what all share.
pub(in crate::http) fn may_change_shared(caller: &Caller, action: Action) -> Result<(), AppError> {
    if caller.reach(action).is_everything() {
        return Ok(());
    }
    Err(AppError::Forbidden("all regions share this; only who may change everything everywhere may change it".into()))
}

/// What lies outside the caller's sight does not exist for them; what they only see they may not change.
pub(in crate::http) fn sees(
    caller: &Caller,
    action: Action,
    ars: &Ars,
    service: Option<&Slug>,
) -> Result<(), AppError> {
    caller.must_see(action, Action::ReadDirectory, Object { ars: Some(ars), service, channel: None })
}

/// A new object's place, which must exist for the caller.
pub(in crate::http) fn may_place(caller: &Caller, action: Action, ars: &Ars, service: &Slug) -> Result<(), AppError> {
    if caller.sees(action, Object { ars: Some(ars), service: Some(service), channel: None }) {
        return Ok(());
    }
    Err(AppError::field("ars", format!("there is no municipality {ars} where you may do this for {service}")))
}

/// Refuses contacts that do not exist for the caller, in the same words as those that exist for nobody; `named` are
/// fields with the contacts that they name anew.
pub(in crate::http) async fn may_name(
    state: &State,
    caller: &Caller,
    named: Vec<(&'static str, Vec<Slug>)>,
) -> Result<(), AppError> {
    let slugs: Vec<Slug> = named.iter().flat_map(|(_, slugs)| slugs.iter().cloned()).collect();
    let found = state.desk().db.read(move |conn| contacts_of(conn, &slugs)).await?;
    let mut faults = Faults::default();
    for (field, slug) in named.iter().flat_map(|(field, slugs)| slugs.iter().map(move |slug| (field, slug))) {
        let contact = found.iter().find(|contact| contact.slug == *slug);
        if !contact.is_some_and(|contact| sees_owner(caller, Action::ReadDirectory, contact.owner.as_ref())) {
            faults.add(*field, format!("there is no contact {slug}; make it first"));
        }
    }
    faults.finish()
}

/// True where the owner's region lies within the caller's reach; `None` is owned by all.
pub(in crate::http) fn sees_owner(caller: &Caller, action: Action, owner: Option<&ArsPrefix>) -> bool {
    owner.is_none_or(|owner| caller.sees_region(action, owner))
}

/// An owner whom the caller may give an object to.
pub(in crate::http) fn may_own(caller: &Caller, action: Action, owner: Option<&ArsPrefix>) -> Result<(), AppError> {
    let reach = caller.reach(action);
    if reach.is_everything() || owner.is_some_and(|owner| reach.covers_region(owner)) {
        return Ok(());
    }
    let mut regions: Vec<&str> = reach.layers().iter().flatten().map(|term| term.scope.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    Err(AppError::field("owner", format!("must lie within your regions: {}", regions.join(", "))))
}

/// A new notice's place: one municipality where they may change its adoption, or a region whose directory is theirs.
pub(in crate::http) fn may_announce(caller: &Caller, service: &Slug, region: &ArsPrefix) -> Result<(), AppError> {
    if announces(caller, service, region) {
        return Ok(());
    }
    let region = if region.as_str().is_empty() { "all of Germany" } else { region.as_str() };
    Err(AppError::field("ars", format!("you may not announce anything about {service} for {region}")))
}

/// A closing day closes a whole region, whose directory must be theirs.
pub(in crate::http) fn may_close(caller: &Caller, region: &ArsPrefix) -> Result<(), AppError> {
    if caller.sees_region(Action::ChangeDirectory, region) {
        return Ok(());
    }
    let region = if region.as_str().is_empty() { "all of Germany" } else { region.as_str() };
    Err(AppError::field("ars", format!("you may not enter closing days for {region}")))
}

/// A notice for one municipality is seen where that is; one that several share is seen by everybody.
pub(in crate::http) fn sees_notice(caller: &Caller, notice: &PublicNotice) -> Result<(), AppError> {
    match notice.ars.as_str().parse::<Ars>() {
        Ok(ars) => sees(caller, Action::ReadDirectory, &ars, Some(&notice.service)),
        Err(_) => Ok(()),
    }
}

/// What they see of notices, and only see, they may not change.
pub(in crate::http) fn may_change_notice(caller: &Caller, notice: &PublicNotice) -> Result<(), AppError> {
    sees_notice(caller, notice)?;
    if announces(caller, &notice.service, &notice.ars) {
        return Ok(());
    }
    Err(AppError::Forbidden("this notice stands for a region that is not yours to announce for".into()))
}

/// True where the whole region is theirs, for this service.
pub(in crate::http) fn announces(caller: &Caller, service: &Slug, region: &ArsPrefix) -> bool {
    let is_one_place = region.as_str().parse::<Ars>().is_ok();
    let reach = caller.reach(if is_one_place { Action::ChangeAdoption } else { Action::ChangeDirectory });
    let place = Scope { region: region.clone(), service: Some(service.clone()), channel: None };
    let takes_away = |scope: &Scope| {
        scope.channel.is_none()
            && scope.region.touches(region)
            && scope.service.as_ref().is_none_or(|excepted| excepted == service)
    };
    reach
        .layers()
        .iter()
        .all(|layer| layer.iter().any(|term| term.scope.contains(&place) && !term.except.iter().any(takes_away)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Actor, Grant, Role, Scope};
    use crate::ids::CallerId;

    fn caller(regions: &[&str]) -> Caller {
        let grant = |region: &&str| Grant {
            role: Role::DirectoryEditor,
            scope: Scope::region(region.parse().unwrap()),
            contact: None,
        };
        Caller::new(CallerId::new(), Actor::system(), regions.iter().map(grant).collect(), None)
    }

    #[test]
    fn an_owner_outside_is_not_seen_and_shared_is_not_changed() {
        let (regional, outside, inside) = (caller(&["01"]), "02".parse().unwrap(), "01002".parse().unwrap());
        let (look, change) = (Action::ReadDirectory, Action::ChangeContact);
        assert!(sees_owner(&regional, look, None) && sees_owner(&regional, look, Some(&inside)));
        assert!(!sees_owner(&regional, look, Some(&outside)));
        assert!(may_own(&regional, change, Some(&inside)).is_ok());
        assert!(may_own(&regional, change, None).is_err() && may_own(&regional, change, Some(&outside)).is_err());
        assert!(may_change_shared(&regional, change).is_err() && may_change_shared(&caller(&[""]), change).is_ok());
    }
}
