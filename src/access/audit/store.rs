//! The table of the audit log.

mod actors;
pub mod names;

use std::net::IpAddr;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool};

use super::browse::Filter;
use super::entry::{AuditAction, Entry, ObjectKind, Stored};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::dialect::{by_backend, insert_columns, load_locked, load_unlocked, replace};
use crate::db::schema::{audit_entries, changes};
use crate::db::types::{DbUuid, Json};
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::ids::AuditId;

pub(super) use actors::meant;

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

impl EntryRow {
    /// The same under this id.
    pub fn under(self, id: AuditId) -> Self {
        Self { id, ..self }
    }

    /// What its hash is made over.
    pub(super) fn stored(&self) -> Stored<'_> {
        Stored {
            id: self.id,
            at: self.at,
            actor: self.actor.as_str(),
            address: self.address.as_deref(),
            action: self.action.as_str(),
            object: self.object.as_str(),
            object_id: &self.object_id,
            before: self.before.as_deref(),
            after: self.after.as_deref(),
        }
    }
}

/// A new entry that has its place in the chain.
#[derive(Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
struct PlacedRow {
    id: AuditId,
    at: Timestamp,
    actor: Json,
    address: Option<String>,
    action: AuditAction,
    object: ObjectKind,
    object_id: String,
    before: Option<String>,
    after: Option<String>,
    seq: Option<i64>,
    hash: Option<Vec<u8>>,
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

/// Keeps everybody else from chaining until the transaction ends.
pub(super) fn hold(conn: &mut Conn) -> Result<(), AppError> {
    let _held: Vec<(String, i64)> = load_locked!(conn, changes::table.find("audit"))?;
    Ok(())
}

/// Stores entries with their places in the chain.
pub(super) fn insert_placed(conn: &mut Conn, rows: &[EntryRow], places: Vec<(i64, Vec<u8>)>) -> Result<(), AppError> {
    let placed = |(row, (seq, hash)): (&EntryRow, _)| {
        let EntryRow { id, at, actor, address, action, object, object_id, before, after } = row.clone();
        PlacedRow { id, at, actor, address, action, object, object_id, before, after, seq: Some(seq), hash: Some(hash) }
    };
    let rows: Vec<PlacedRow> = rows.iter().zip(places).map(placed).collect();
    insert_columns!(
        conn,
        audit_entries[id, at, actor, address, action, object, object_id, before, after, seq, hash],
        rows.iter().collect::<Vec<_>>()
    );
    Ok(())
}

/// The entries that are not in the chain yet, oldest first. Empty also while another instance is at them: the row
/// `audit` in `changes` is held until the transaction ends.
pub(super) fn take_loose(conn: &mut Conn, most: i64) -> Result<Vec<FoundRow>, AppError> {
    let held: Vec<(String, i64)> = load_unlocked!(conn, changes::table.find("audit"))?;
    if held.is_empty() {
        return Ok(Vec::new());
    }
    Ok(audit_entries::table.filter(audit_entries::seq.is_null()).order(audit_entries::id).limit(most).load(conn)?)
}

/// The last entry of the chain.
pub(super) fn head(conn: &mut Conn) -> Result<Option<(i64, Vec<u8>)>, AppError> {
    let last: Option<(Option<i64>, Option<Vec<u8>>)> = audit_entries::table
        .filter(audit_entries::seq.is_not_null())
        .order(audit_entries::seq.desc())
        .select((audit_entries::seq, audit_entries::hash))
        .first(conn)
        .optional()?;
    Ok(last.map(|(seq, hash)| (seq.unwrap_or_default(), hash.unwrap_or_default())))
}

/// Gives entries their places in the chain.
pub(super) fn place(conn: &mut Conn, places: &[(AuditId, i64, Vec<u8>)]) -> Result<(), AppError> {
    let placed = by_backend!(
        conn,
        |c| {
            let (ids, seqs, hashes): (Vec<AuditId>, Vec<i64>, Vec<&[u8]>) =
                places.iter().map(|(id, seq, hash)| (*id, *seq, hash.as_slice())).collect();
            diesel::sql_query(
                "UPDATE audit_entries AS e SET seq = p.seq, hash = p.hash
                 FROM unnest($1, $2, $3) AS p (id, seq, hash) WHERE e.id = p.id AND e.seq IS NULL",
            )
            .bind::<Array<DbUuid>, _>(ids)
            .bind::<Array<BigInt>, _>(seqs)
            .bind::<Array<Binary>, _>(hashes)
            .execute(c)?
        },
        |c| {
            let mut placed = 0;
            for (id, seq, hash) in places {
                let loose = audit_entries::table.find(id).filter(audit_entries::seq.is_null());
                let place = (audit_entries::seq.eq(seq), audit_entries::hash.eq(hash));
                placed += diesel::update(loose).set(place).execute(c)?;
            }
            placed
        }
    );
    if placed == places.len() { Ok(()) } else { Err(AppError::internal("an audit entry was chained by somebody else")) }
}

/// The next entries of the chain.
pub(super) fn chained(conn: &mut Conn, after: i64, most: i64) -> Result<Vec<FoundRow>, AppError> {
    let rest = audit_entries::table.filter(audit_entries::seq.gt(after));
    Ok(rest.order(audit_entries::seq).limit(most).load(conn)?)
}

/// How many entries should have been in the chain by now.
pub(super) fn forgotten(conn: &mut Conn, before: Timestamp) -> Result<i64, AppError> {
    let loose = audit_entries::table.filter(audit_entries::seq.is_null());
    Ok(loose.filter(audit_entries::at.lt(before)).count().get_result(conn)?)
}

/// The last of so many entries before this one, newest first; nothing where there are fewer.
pub(super) fn last_of(conn: &mut Conn, before: Option<AuditId>, many: i64) -> Result<Option<AuditId>, AppError> {
    let mut newest = audit_entries::table.select(audit_entries::id).order(audit_entries::id.desc()).into_boxed();
    if let Some(before) = before {
        newest = newest.filter(audit_entries::id.lt(before));
    }
    Ok(newest.offset(many - 1).limit(1).first(conn).optional()?)
}

type Condition = Box<dyn BoxableExpression<audit_entries::table, MultiBackend, SqlType = Bool>>;

/// Where the actor, as it stands in the JSON text, has one of these parts.
fn by_one_of(parts: &[String]) -> Condition {
    let nobody: Condition = Box::new(diesel::dsl::sql::<Bool>("1 = 0"));
    parts.iter().fold(nobody, |any, part| {
        Box::new(any.or(replace(audit_entries::actor, part.clone(), "").ne(audit_entries::actor)))
    })
}

/// A page of entries, newest first: those before one and from another on, by one of these actors.
pub(super) fn list(
    conn: &mut Conn,
    filter: &Filter,
    actors: Option<&[String]>,
    (before, from): (Option<AuditId>, Option<AuditId>),
    most: i64,
) -> Result<Vec<FoundRow>, AppError> {
    let mut query = audit_entries::table.order(audit_entries::id.desc()).limit(most).into_boxed();
    if let Some(before) = before {
        query = query.filter(audit_entries::id.lt(before));
    }
    if let Some(from) = from {
        query = query.filter(audit_entries::id.ge(from));
    }
    if let Some(actors) = actors {
        query = query.filter(by_one_of(actors));
    }
    if let Some(action) = filter.action {
        query = query.filter(audit_entries::action.eq(action.as_str()));
    }
    if let Some(object) = filter.object {
        query = query.filter(audit_entries::object.eq(object.as_str()));
    }
    if let Some(id) = &filter.object_id {
        query = query.filter(audit_entries::object_id.eq(id));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_entries::at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(audit_entries::at.lt(to));
    }
    Ok(query.load(conn)?)
}
