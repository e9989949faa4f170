//! The table of the audit log.

use std::net::IpAddr;

use diesel::prelude::*;

use super::entry::{AuditAction, Entry, ObjectKind, Stored};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_columns;
use crate::db::schema::audit_entries;
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::AuditId;

/// A new entry as it is stored, not in the chain yet.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
pub struct EntryRow {
    pub(super) id: AuditId,
    pub(super) at: Timestamp,
    pub(super) actor: Json,
    pub(super) address: Option<String>,
    pub(super) action: AuditAction,
    pub(super) object: ObjectKind,
    pub(super) object_id: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// An entry as it is found. The words are read as they are, so that an entry that was tampered with can still be named.
#[derive(Debug, Clone, Queryable)]
#[diesel(table_name = audit_entries)]
pub(super) struct FoundRow {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: String,
    pub address: Option<String>,
    pub action: String,
    pub object: String,
    pub object_id: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub seq: Option<i64>,
    pub hash: Option<Vec<u8>>,
}

impl FoundRow {
    /// What its hash is made over.
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            id: self.id,
            at: self.at,
            actor: &self.actor,
            address: self.address.as_deref(),
            action: &self.action,
            object: &self.object,
            object_id: &self.object_id,
            before: self.before.as_deref(),
            after: self.after.as_deref(),
        }
    }

    /// The entry it is.
    pub fn entry(self) -> Result<Entry, AppError> {
        let json = |text: String| serde_json::from_str(&text).map_err(AppError::internal);
        Ok(Entry {
            id: self.id,
            at: self.at,
            actor: serde_json::from_str::<Actor>(&self.actor).map_err(AppError::internal)?,
            address: self.address.map(|a| a.parse::<IpAddr>()).transpose().map_err(AppError::internal)?,
            action: self.action.parse().map_err(AppError::internal)?,
            object: self.object.parse().map_err(AppError::internal)?,
            object_id: self.object_id,
            before: self.before.map(json).transpose()?,
            after: self.after.map(json).transpose()?,
            seq: self.seq,
        })
    }
}

pub(super) fn insert_all(conn: &mut Conn, rows: &[&EntryRow]) -> Result<(), AppError> {
    insert_columns!(
        conn,
        audit_entries[id, at, actor, address, action, object, object_id, before, after],
        rows
    );
    Ok(())
}
