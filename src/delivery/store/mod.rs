//! The tables of delivery: `outbox` and `delivery_attempts`, `endpoints`, `delivery_events`.
//!
//! Invariant: nothing here decides anything; guarded updates answer whether they met what they expected.
//! Conditions that partial indexes stand on are written as literal SQL, because neither database can match a
//! bound parameter to an index that says `status = 'pending'`.

pub(super) mod chronicle;
pub(super) mod endpoint;
pub(super) mod event;
pub(super) mod lease;
pub(super) mod outbox;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;

/// Rows that have not ended.
fn is_pending() -> SqlLiteral<Bool> {
    sql("outbox.status = 'pending'")
}

/// Rows that were given up.
fn is_exhausted() -> SqlLiteral<Bool> {
    sql("outbox.status = 'exhausted'")
}
