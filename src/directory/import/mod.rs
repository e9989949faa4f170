//! The directory from files: municipalities from the official register, everything else from a TOML file.
//!
//! Invariant: a file is judged as a whole first, and every fault is said with its line; a file with faults
//! changes nothing. What a file does not name stays as it is.

mod channels;
mod contacts;
mod directory;
mod file;
mod mergers;
mod municipalities;
mod plan;
mod postal_codes;
mod reader;
mod rights;
mod steps;
mod table;

pub use channels::{COLUMNS as CHANNELS_COLUMNS, TEMPLATE as CHANNELS_TEMPLATE, channels};
pub use contacts::{COLUMNS as CONTACTS_COLUMNS, TEMPLATE as CONTACTS_TEMPLATE, contacts};
pub use directory::{check_alone, directory};
pub use mergers::{
    COLUMNS as MERGERS_COLUMNS, Gone, Merger, PlaceChange, PlaceName, Register, RegisterPlan, apply_municipalities,
    municipalities, plan_municipalities,
};
pub use municipalities::read as read_municipalities;
pub use plan::{FieldChange, Mode, Plan, PlannedRow, RowAction, RowFault};
pub use postal_codes::{COLUMNS as POSTAL_CODES_COLUMNS, PostalCodesPlan, postal_codes};
pub use rights::Importer;
pub use table::{Column, MOST_BYTES, Row, Table, TableFile, read as read_table};

use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// How many objects are new.
    pub created: usize,
    /// How many differ from before.
    pub updated: usize,
    /// How many were as the file says already.
    pub unchanged: usize,
}

/// Writes into the audit log who changed something by an import, and how much; what it was stands in the file.
fn told(
    tx: &mut Tx,
    actor: &Actor,
    action: AuditAction,
    counts: &impl serde::Serialize,
    now: Timestamp,
) -> Result<(), AppError> {
    audit::record(tx, actor, action, (ObjectKind::Directory, &"file"), Trail::after(counts), now)
}
