//! What the audit log keeps of an event in a ticket's history: its kind, and what changed from what to what.
//!
//! Invariant: no text that somebody wrote goes along, only its length (`access/audit/mask.rs` sees to it); what was
//! said stays in the history alone, where it can be erased.

use serde_json::{Map, Value, json};

use super::history::Event;
use super::status::TicketStatus;
use super::store;
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, EntryRow, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::{Topic, Tx};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};

/// Writes an event into the history, and into the audit log that it was; `moved` is the status before and after.
pub(super) fn record(
    tx: &mut Tx,
    ticket: TicketId,
    actor: &Actor,
    event: &Event,
    moved: Option<(TicketStatus, TicketStatus)>,
    now: Timestamp,
) -> Result<(), AppError> {
    store::insert_history(tx, &store::HistoryRow::new(HistoryId::new(), ticket, actor, event, now)?)?;
    tx.signal(Topic::Tickets);
    audit::record_all(tx, &[&row(ticket, actor, event, moved, now)?])
}

/// The entry for an event.
pub(super) fn row(
    ticket: TicketId,
    actor: &Actor,
    event: &Event,
    moved: Option<(TicketStatus, TicketStatus)>,
    now: Timestamp,
) -> Result<EntryRow, AppError> {
    audit::row(actor, action(event), (ObjectKind::Ticket, &ticket), trail(event, moved)?, now)
}

fn action(event: &Event) -> AuditAction {
    match event {
        Event::Submitted { .. } => AuditAction::TicketSubmitted,
        Event::ReporterOpened { .. } => AuditAction::ReporterOpened,
        Event::Erased { .. } => AuditAction::TicketErased,
        _ => AuditAction::TicketChanged,
    }
}

fn trail(event: &Event, moved: Option<(TicketStatus, TicketStatus)>) -> Result<Trail, AppError> {
    let mut after = match serde_json::to_value(event).map_err(AppError::internal)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    if let Some(Value::Object(data)) = after.remove("data") {
        after.extend(data);
    }
    let mut before = Map::new();
    let changed = match event {
        Event::PriorityChanged { .. } => Some("priority"),
        Event::CategoryChanged { .. } => Some("category"),
        _ => None,
    };
    if let Some(field) = changed {
        before.insert(field.to_owned(), after.remove("from").unwrap_or_default());
        let to = after.remove("to").unwrap_or_default();
        after.insert(field.to_owned(), to);
    }
    if let Some((from, to)) = moved.filter(|(from, to)| from != to) {
        before.insert("status".to_owned(), json!(from));
        after.insert("status".to_owned(), json!(to));
    }
    Ok(if before.is_empty() { Trail::after(&after) } else { Trail::both(&before, &after) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::ticket::Priority;

    #[track_caller]
    fn check(event: &Event, moved: Option<(TicketStatus, TicketStatus)>, before: Option<Value>, after: Value) {
        let expected = match before {
            Some(before) => Trail::both(&before, &after),
            None => Trail::after(&after),
        };
        assert_eq!(trail(event, moved).unwrap(), expected);
    }

    #[test]
    fn an_event_leaves_its_kind_and_what_changed() {
        let noted = Event::Noted { text: "Frau Muster".into() };
        let trail = trail(&noted, None).unwrap();
        assert!(!format!("{trail:?}").contains("Muster"), "{trail:?}");
        check(&noted, None, None, json!({"kind": "noted", "text": "elf Zeichen"}));
        let moved = Some((TicketStatus::New, TicketStatus::Assessing));
        check(
            &Event::Claimed {},
            moved,
            Some(json!({"status": "new"})),
            json!({"kind": "claimed", "status": "assessing"}),
        );
        check(
            &Event::PriorityChanged { from: Priority::P3, to: Priority::P1 },
            None,
            Some(json!({"priority": Priority::P3})),
            json!({"kind": "priority_changed", "priority": Priority::P1}),
        );
        let from = TicketId::new();
        let merged = Event::MergedFrom { from, number: "26-000001-3".into() };
        check(&merged, None, None, json!({"kind": "merged_from", "from": from, "number": "26-000001-3"}));
    }
}
