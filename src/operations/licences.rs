//! What Lotse is built from, and under which licences.
//!
//! Invariant: the list names every crate of `Cargo.lock`, also those only built or tested with; `.ci/licences` makes it, and a
//! test holds both against each other. The licences of fonts and design system stand in `http/assets/LICENSES.md`.

use serde::Serialize;

const LIST: &str = include_str!("licences.txt");

/// A crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Crate {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its licence, as an SPDX expression.
    pub licence: &'static str,
}

/// Every crate, by name.
pub fn crates() -> Vec<Crate> {
    let crate_of = |line: &'static str| {
        let mut parts = line.splitn(3, ' ');
        Some(Crate { name: parts.next()?, version: parts.next()?, licence: parts.next()? })
    };
    LIST.lines().filter_map(crate_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_that_of_the_lock_file() {
        let lock: toml::Table = toml::from_str(include_str!("../../Cargo.lock")).unwrap();
        let packages = lock["package"].as_array().unwrap().iter();
        // Those without a source are our own.
        let foreign = packages.filter(|package| package.get("source").is_some());
        let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
        let locked: BTreeSet<_> = foreign.map(|package| (text(package, "name"), text(package, "version"))).collect();
        let listed: BTreeSet<_> = crates().iter().map(|one| (one.name.to_owned(), one.version.to_owned())).collect();
        let differing: Vec<_> = locked.symmetric_difference(&listed).collect();
        assert!(differing.is_empty(), "run .ci/licences; only in one of both: {differing:?}");
        assert!(crates().iter().all(|one| one.licence != "unknown"), "a crate names no licence");
    }
}
