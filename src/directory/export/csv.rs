//! The published help for spreadsheets: a line a channel, and one for an adoption that shows none
//! or is to be taken away.

use super::Published;
use crate::directory::channels::Channel;
use crate::error::AppError;
use crate::spreadsheet;

const COLUMNS: [&str; 21] = [
    "adoption",
    "service",
    "service_name",
    "leistung",
    "ars",
    "municipality",
    "kind",
    "label",
    "phone",
    "email",
    "url",
    "hours",
    "languages",
    "cost_note",
    "form",
    "valid_from",
    "valid_to",
    "changed_at",
    "transferred_on",
    "pending_transfer",
    "removed",
];

/// The names of the columns.
pub(super) fn head() -> Result<Vec<u8>, AppError> {
    spreadsheet::table(&[COLUMNS])
}

/// The lines of some adoptions.
pub(super) fn lines(found: &[Published]) -> Result<Vec<u8>, AppError> {
    let mut rows = Vec::new();
    for entry in found {
        if entry.channels.is_empty() || entry.removed {
            rows.push(cells(entry, None));
        }
        let shown = if entry.removed { &[] } else { entry.channels.as_slice() };
        rows.extend(shown.iter().map(|channel| cells(entry, Some(channel))));
    }
    spreadsheet::table(&rows)
}

fn cells(entry: &Published, channel: Option<&Channel>) -> [String; 21] {
    fn text<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    [
        entry.adoption.to_string(),
        entry.service.slug.to_string(),
        entry.service.name.clone(),
        text(entry.service.leistung.as_ref()),
        entry.municipality.ars.to_string(),
        entry.municipality.name.clone(),
        text(channel.map(|c| c.kind)),
        text(channel.map(|c| &c.label)),
        text(channel.and_then(|c| c.phone.as_ref())),
        text(channel.and_then(|c| c.email.as_ref())),
        text(channel.and_then(|c| c.url.as_ref())),
        text(channel.map(|c| &c.hours)),
        text(channel.map(|c| c.languages.join(","))),
        text(channel.and_then(|c| c.cost_note.as_ref())),
        text(channel.map(|c| c.form)),
        text(channel.and_then(|c| c.valid_from)),
        text(channel.and_then(|c| c.valid_to)),
        entry.changed_at.to_string(),
        text(entry.transferred_on),
        entry.pending_transfer.to_string(),
        entry.removed.to_string(),
    ]
}
