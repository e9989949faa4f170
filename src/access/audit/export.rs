//! The audit log as a file: a table for spreadsheets, or a JSON object a line.
//!
//! Invariant: an export is itself recorded before its first byte goes out; it is read page by page, newest first, so
//! that a log of any size needs no memory; and no cell of the table begins a formula.

use super::browse::{self, Filter};
use super::entry::{AuditAction, Entry, ObjectKind};
use super::{Trail, record};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::AppError;
use crate::ids::AuditId;
use crate::spreadsheet;

/// So many entries are read at a time.
const PAGE: usize = 500;

const COLUMNS: [&str; 12] = [
    "seq",
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor",
    "address",
    "action",
    "object",
    "object_id",
    "before",
    "after",
];

crate::text_enum! {
    /// As what the log comes.
    #[schema(as = AuditFormat)]
    pub enum Format {
        /// Comma-separated values.
        Csv = "csv",
        /// A JSON object a line.
        JsonLines = "jsonl",
    }
}

/// An export that has begun.
#[derive(Clone)]
pub struct Export {
    db: Db,
    filter: Filter,
    format: Format,
    next: Next,
}

#[derive(Debug, Clone)]
enum Next {
    Head,
    Page(Option<AuditId>),
    End,
}

/// Begins an export and records that.
pub async fn begin(db: &Db, actor: &Actor, filter: Filter, format: Format, now: Timestamp) -> Result<Export, AppError> {
    browse::check(db, filter.clone()).await?;
    let (actor, asked) = (actor.clone(), serde_json::json!({ "format": format, "filter": filter }));
    db.write(move |tx| {
        record(tx, &actor, AuditAction::AuditExported, (ObjectKind::Audit, &""), Trail::after(&asked), now)
    })
    .await?;
    Ok(Export { db: db.clone(), filter, format, next: Next::Head })
}

impl Export {
    /// The next part of the file, never an empty one; `None` at its end.
    pub async fn part(&mut self) -> Result<Option<Vec<u8>>, AppError> {
        loop {
            let before = match std::mem::replace(&mut self.next, Next::Page(None)) {
                Next::Head if self.format == Format::Csv => return spreadsheet::table(&[COLUMNS]).map(Some),
                Next::Head => None,
                Next::Page(before) => before,
                Next::End => {
                    self.next = Next::End;
                    return Ok(None);
                }
            };
            let page = browse::list(&self.db, self.filter.clone(), before, PAGE).await?;
            self.next = page.next.map_or(Next::End, |next| Next::Page(Some(next)));
            let lines = lines(self.format, &page.items)?;
            // A page may be empty, though more come further back.
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
    }
}

fn lines(format: Format, entries: &[Entry]) -> Result<Vec<u8>, AppError> {
    match format {
        Format::Csv => spreadsheet::table(&entries.iter().map(cells).collect::<Vec<_>>()),
        Format::JsonLines => {
            let mut out = Vec::new();
            for entry in entries {
                serde_json::to_writer(&mut out, entry).map_err(AppError::internal)?;
                out.push(b'\n');
            }
            Ok(out)
        }
    }
}

fn cells(entry: &Entry) -> [String; 12] {
    fn or_empty<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    [
        or_empty(entry.seq),
        entry.id.to_string(),
        entry.at.to_string(),
        entry.actor.kind.to_string(),
        or_empty(entry.actor.id),
        entry.actor.name.clone(),
        or_empty(entry.address),
        entry.action.to_string(),
        entry.object.to_string(),
        entry.object_id.clone(),
        or_empty(entry.before.as_ref()),
        or_empty(entry.after.as_ref()),
    ]
}
