//! What of the directory a caller with regions sees and may change.
//!
//! Invariant: what belongs to another region looks as if it did not exist; what is shared by all is readable, and
//! changed only by a caller without regions.

use crate::access::Caller;
use crate::error::AppError;
use crate::keys::{Ars, ArsPrefix};

/// Refuses a change of what all share.
pub(super) fn may_change_shared(caller: &Caller) -> Result<(), AppError> {
    if caller.regions.is_empty() {
        return Ok(());
    }
    Err(AppError::Forbidden("all regions share this; only an admin without regions may change it".into()))
}

/// Something of another municipality does not exist for the caller.
pub(super) fn sees(caller: &Caller, ars: &Ars) -> Result<(), AppError> {
    if caller.sees(ars) { Ok(()) } else { Err(AppError::NotFound) }
}

/// A new object's municipality, which must exist for the caller.
pub(super) fn may_place(caller: &Caller, ars: &Ars) -> Result<(), AppError> {
    if caller.sees(ars) { Ok(()) } else { Err(AppError::field("ars", format!("there is no municipality {ars}"))) }
}

/// True where the owner's region lies within the caller's; `None` is owned by all.
pub(super) fn sees_owner(caller: &Caller, owner: Option<&ArsPrefix>) -> bool {
    owner.is_none_or(|owner| caller.sees_region(owner))
}

/// An owner whom the caller may give an object to.
pub(super) fn may_own(caller: &Caller, owner: Option<&ArsPrefix>) -> Result<(), AppError> {
    if caller.regions.is_empty() || owner.is_some() && sees_owner(caller, owner) {
        return Ok(());
    }
    let regions: Vec<&str> = caller.regions.iter().map(ArsPrefix::as_str).collect();
    Err(AppError::field("owner", format!("must lie within your regions: {}", regions.join(", "))))
}

/// The regions to list: the caller's, narrowed to the one asked for; nothing when they have none in common. An
/// empty list means everywhere.
pub(super) fn regions(caller: &Caller, asked: Option<&ArsPrefix>) -> Option<Vec<ArsPrefix>> {
    let Some(asked) = asked.filter(|asked| !asked.as_str().is_empty()) else { return Some(caller.regions.clone()) };
    if caller.regions.is_empty() || caller.regions.iter().any(|region| region.contains(asked)) {
        return Some(vec![asked.clone()]);
    }
    let inner: Vec<ArsPrefix> = caller.regions.iter().filter(|region| asked.contains(region)).cloned().collect();
    (!inner.is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Actor, Role};
    use crate::ids::TokenId;

    fn caller(regions: &[&str]) -> Caller {
        let regions = regions.iter().map(|region| region.parse().unwrap()).collect();
        Caller { token: TokenId::new(), actor: Actor::system(), role: Role::Admin, regions, contact: None }
    }

    fn listed(own: &[&str], asked: &str) -> Option<Vec<String>> {
        let asked: ArsPrefix = asked.parse().unwrap();
        regions(&caller(own), Some(&asked)).map(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_list_is_narrowed_never_widened() {
        assert_eq!(listed(&[], "01"), Some(vec!["01".to_owned()]));
        assert_eq!(listed(&["01002", "02"], "01"), Some(vec!["01002".to_owned()]));
        assert_eq!(listed(&["01"], "01002"), Some(vec!["01002".to_owned()]));
        assert_eq!(listed(&["02"], "01"), None);
        assert_eq!(listed(&["02"], ""), Some(vec!["02".to_owned()]));
    }

    #[test]
    fn an_owner_outside_is_not_seen_and_shared_is_not_changed() {
        let (regional, outside, inside) = (caller(&["01"]), "02".parse().unwrap(), "01002".parse().unwrap());
        assert!(sees_owner(&regional, None) && sees_owner(&regional, Some(&inside)));
        assert!(!sees_owner(&regional, Some(&outside)));
        assert!(may_own(&regional, Some(&inside)).is_ok());
        assert!(may_own(&regional, None).is_err() && may_own(&regional, Some(&outside)).is_err());
        assert!(may_change_shared(&regional).is_err() && may_change_shared(&caller(&[])).is_ok());
    }
}
