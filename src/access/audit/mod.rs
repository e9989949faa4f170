//! The audit log: who did what, on what, from where, when, with what before and after.
//!
//! Invariant: an entry is part of the transaction that does the work, so there is never one without the other. It is
//! masked before it is stored (`mask.rs`) and cannot be changed or removed: the database refuses it, and each entry
//! is chained to the one before by a keyed hash (`chain.rs`), so that tampering past the database's refusal shows
//! (`verify.rs`). What was said stays in the ticket's history; here stands that it was said, and by whom.
//!
//! Where next: `entry.rs` (actions, kinds of objects, the bytes of the hash), [`record`] (from every use case),
//! `browse.rs` and `export.rs` (who reads it), `store/actors.rs` (who is meant by a name), `store/names.rs` (what
//! things are called).

pub mod browse;
pub mod chain;
mod entry;
pub mod export;
mod mask;
mod store;
pub mod verify;

use std::fmt::Display;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::types::Json;
use crate::db::{Topic, Tx};
use crate::error::AppError;
use crate::ids::AuditId;
use crate::seal::Sealer;

pub use entry::{AuditAction, Entry, ObjectKind};
pub use mask::Trail;
pub use store::{EntryRow, names};

/// Writes an entry as part of the work it tells of. `object` is the kind of thing and the id it is known by.
pub fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: AuditAction,
    object: (ObjectKind, &dyn Display),
    trail: Trail,
    now: Timestamp,
) -> Result<(), AppError> {
    record_all(tx, &[&row(actor, action, object, trail, now)?])
}

/// The entry for who stores many at once.
pub fn row(
    actor: &Actor,
    action: AuditAction,
    object: (ObjectKind, &dyn Display),
    trail: Trail,
    now: Timestamp,
) -> Result<EntryRow, AppError> {
    Ok(EntryRow {
        id: AuditId::new(),
        at: now,
        actor: Json::of(actor)?,
        address: actor.address.map(|address| address.to_canonical().to_string()),
        action,
        object: object.0,
        object_id: object.1.to_string(),
        before: trail.before.map(|value| value.to_string()),
        after: trail.after.map(|value| value.to_string()),
    })
}

/// Writes entries that tell of earlier times straight at the end of the chain, in the order given: for who stores the
/// work of years, which the loop would chain for hours.
pub fn record_chained(tx: &mut Tx, sealer: &Sealer, rows: &[EntryRow]) -> Result<(), AppError> {
    chain::append(tx, sealer, rows)
}

/// Writes entries with as few statements as can be.
pub fn record_all(tx: &mut Tx, rows: &[&EntryRow]) -> Result<(), AppError> {
    store::insert_all(tx, rows)?;
    tx.signal(Topic::Audit);
    Ok(())
}
