//! Rights that held in a municipality hold in the one that took its place.
//!
//! Invariant: only a scope of exactly that municipality moves; whoever had the same right in both keeps it once. What
//! is known of tokens in memory is thrown away.

use super::store;
use super::users;
use crate::db::{Topic, Tx};
use crate::error::AppError;
use crate::keys::Ars;

/// How many rights moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Relocated {
    /// Of people.
    pub grants: usize,
    /// Of tokens.
    pub tokens: usize,
}

/// Moves them.
pub fn relocate(tx: &mut Tx, old: &Ars, new: &Ars) -> Result<Relocated, AppError> {
    let moved = Relocated {
        grants: users::relocate_grants(tx, &old.clone().into(), &new.clone().into())?,
        tokens: store::relocate_tokens(tx, &old.clone().into(), &new.clone().into())?,
    };
    if moved != Relocated::default() {
        store::bump(tx)?;
        tx.signal(Topic::Access);
    }
    Ok(moved)
}
