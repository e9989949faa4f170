//! What an import would do, row by row, before it does it.
//!
//! Invariant: a plan is made by the same judgement that an application goes through again in its transaction; its
//! fingerprint is over everything the plan says and the versions of what it touches, so that a plan that was looked at
//! is applied as it was seen or not at all.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::table::Row;
use crate::error::{AppError, FieldError, Message};
use crate::keys::BadKey;

crate::text_enum! {
    /// What becomes of a row.
    pub enum RowAction {
        /// It makes something.
        New = "new",
        /// It changes something.
        Changed = "changed",
        /// It is so already.
        Unchanged = "unchanged",
        /// It cannot be taken.
        Fault = "fault",
    }
}

/// What an import would do, or did.
#[derive(Debug, Clone, Default, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// How many rows make something.
    pub new: usize,
    /// How many change something.
    pub changed: usize,
    /// How many are so already.
    pub unchanged: usize,
    /// How many cannot be taken; nothing is applied while there is one.
    pub faulty: usize,
    /// True where it was applied.
    pub applied: bool,
    /// What there is to say about how the file was read.
    #[schema(value_type = Vec<String>)]
    pub notes: Vec<Message>,
    /// Send this with the application, so that what was seen here is what is done.
    pub fingerprint: String,
    /// Row by row.
    pub rows: Vec<PlannedRow>,
}

/// One row of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PlannedRow {
    /// Its number in the file, counted from 1 with the heading.
    pub row: usize,
    /// What it is about, as far as it could be read.
    pub key: String,
    /// What becomes of it.
    pub action: RowAction,
    /// Field by field, what is different.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<RowFault>,
}

/// One field that is different.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FieldChange {
    /// Which.
    pub field: String,
    /// As it is.
    #[schema(value_type = Object)]
    pub before: Value,
    /// As it would be.
    #[schema(value_type = Object)]
    pub after: Value,
}

/// One thing wrong with a row.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RowFault {
    /// In which column.
    pub column: String,
    /// What is wrong, and what would be right.
    #[schema(value_type = String)]
    pub message: Message,
}

/// Whether to look or to do.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Changes nothing.
    Preview,
    /// All rows or none; only as this fingerprint says, where one is given.
    Apply(Option<String>),
}

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Text,
    Day,
    Flag,
    List,
}

impl PlannedRow {
    /// A row of which nothing is known yet.
    pub(super) fn new(row: &Row, key: String) -> Self {
        Self { row: row.number, key, action: RowAction::Unchanged, changes: Vec::new(), faults: Vec::new() }
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, column: &str, message: impl Into<Message>) {
        self.action = RowAction::Fault;
        self.faults.push(RowFault { column: column.to_owned(), message: message.into() });
    }

    /// True where a column has a fault already.
    pub(super) fn is_faulty(&self, column: &str) -> bool {
        self.faults.iter().any(|fault| fault.column == column)
    }

    /// Takes over what a rule of the directory found.
    pub(super) fn adopt(&mut self, fault: AppError) -> Result<(), AppError> {
        match fault {
            AppError::Invalid(list) => list.into_iter().for_each(|one| self.fault(&one.field, one.message)),
            AppError::Conflict(message) | AppError::Forbidden(message) => self.fault("id", message),
            other => return Err(other),
        }
        Ok(())
    }

    /// Says what is different, unless the row has faults.
    pub(super) fn differs(&mut self, before: Option<&Map<String, Value>>, after: &Map<String, Value>) {
        let fields = after.iter().filter(|(field, value)| {
            before.map_or(!value.is_null(), |before| before.get(*field).unwrap_or(&Value::Null) != *value)
        });
        let was = |field: &str| before.and_then(|before| before.get(field)).cloned().unwrap_or(Value::Null);
        self.changes = fields
            .map(|(field, value)| FieldChange { field: field.clone(), before: was(field), after: value.clone() })
            .collect();
        if self.action != RowAction::Fault {
            self.action = match before {
                None => RowAction::New,
                Some(_) if self.changes.is_empty() => RowAction::Unchanged,
                Some(_) => RowAction::Changed,
            };
        }
    }
}

impl Plan {
    /// Counts, and makes the fingerprint; `touched` tells the version of everything it is about.
    pub(super) fn of(rows: Vec<PlannedRow>, notes: Vec<Message>, touched: &[String]) -> Result<Self, AppError> {
        let count = |action: RowAction| rows.iter().filter(|row| row.action == action).count();
        let fingerprint = fingerprint(&(&rows, touched))?;
        Ok(Self {
            new: count(RowAction::New),
            changed: count(RowAction::Changed),
            unchanged: count(RowAction::Unchanged),
            faulty: count(RowAction::Fault),
            applied: false,
            notes,
            fingerprint,
            rows,
        })
    }

    /// Refuses what has faults, and what is not what was looked at.
    pub(super) fn check(&self, name: &str, seen: Option<&str>) -> Result<(), AppError> {
        let faults: Vec<FieldError> = self
            .rows
            .iter()
            .flat_map(|row| row.faults.iter().map(move |fault| (row.row, fault)))
            .map(|(row, fault)| FieldError {
                field: format!("{name}: row {row}: {}", fault.column),
                message: fault.message.clone(),
            })
            .collect();
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        check_seen(seen, &self.fingerprint)
    }
}

/// What stands for all that a preview shows.
pub(super) fn fingerprint(shown: &impl Serialize) -> Result<String, AppError> {
    let shown = serde_json::to_vec(shown).map_err(AppError::internal)?;
    Ok(Sha256::digest(&shown).iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// Refuses what is not what was looked at, where it was looked at.
pub(super) fn check_seen(seen: Option<&str>, fingerprint: &str) -> Result<(), AppError> {
    if seen.is_some_and(|seen| seen != fingerprint) {
        let fault = "the file or the directory changed since the preview; look at the preview again";
        return Err(AppError::Conflict(fault.into()));
    }
    Ok(())
}

/// What is wrong with a cell that is no key, by the text that pages have for it.
pub(super) fn no_key(text: &'static str) -> impl Fn(BadKey) -> Message {
    move |fault| Message::new(text, fault.0)
}

/// A cell as the field of an object. A dash empties the field.
pub(super) fn value(cell: &str, reading: Reading) -> Result<Value, Message> {
    if matches!(cell, "-" | "–") {
        return Ok(Value::Null);
    }
    match reading {
        Reading::Text => Ok(Value::String(cell.to_owned())),
        Reading::List => {
            let items = cell.split([',', ';', '/', ' ']).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Reading::Flag => match cell.to_lowercase().as_str() {
            "ja" | "yes" | "true" | "wahr" | "x" | "1" => Ok(Value::Bool(true)),
            "nein" | "no" | "false" | "falsch" | "0" => Ok(Value::Bool(false)),
            _ => Err(Message::new("flag", "must be ja or nein")),
        },
        Reading::Day => {
            let day =
                ["%Y-%m-%d", "%d.%m.%Y"].iter().find_map(|form| chrono::NaiveDate::parse_from_str(cell, form).ok());
            let day = day.filter(|day| (1900..=2999).contains(&chrono::Datelike::year(day)));
            day.map(|day| Value::String(day.to_string()))
                .ok_or_else(|| Message::new("day", "must be a day, such as 24.11.2026 or 2026-11-24"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_become_values() {
        for (cell, reading, expected) in [
            ("-", Reading::Text, json!(null)),
            ("24.11.2026", Reading::Day, json!("2026-11-24")),
            ("2026-11-24", Reading::Day, json!("2026-11-24")),
            ("Ja", Reading::Flag, json!(true)),
            ("de, en", Reading::List, json!(["de", "en"])),
            ("115", Reading::Text, json!("115")),
        ] {
            assert_eq!(value(cell, reading), Ok(expected), "{cell}");
        }
        assert!(value("vielleicht", Reading::Flag).is_err() && value("24.13.2026", Reading::Day).is_err());
        assert!(value("24.11.26", Reading::Day).is_err(), "two digits name no year");
    }
}
