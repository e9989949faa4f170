//! Many escalations at once, with whom they reached.

use diesel::prelude::*;

use super::EscalationRow;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_columns;
use crate::db::schema::{escalation_contacts, escalations};
use crate::error::AppError;
use crate::escalation::Escalation;
use crate::ids::EscalationId;
use crate::keys::Slug;

#[derive(Insertable)]
#[diesel(table_name = escalation_contacts, treat_none_as_default_value = false)]
struct ReachedRow {
    escalation_id: EscalationId,
    contact: Slug,
    step: i32,
    reached_at: Timestamp,
    reference: Option<String>,
    said: Option<String>,
    said_at: Option<Timestamp>,
}

/// The rows of many.
#[derive(Default)]
pub(in crate::escalation) struct Rows {
    escalations: Vec<EscalationRow>,
    reached: Vec<ReachedRow>,
}

impl Rows {
    pub fn add(&mut self, found: &Escalation, said: Option<(&str, Timestamp)>) -> Result<(), AppError> {
        self.escalations.push(EscalationRow::of(found)?);
        self.reached.extend(found.current().map(|step| ReachedRow {
            escalation_id: found.id,
            contact: step.contact.id.clone(),
            step: found.step,
            reached_at: found.created_at,
            reference: found.reference.clone(),
            said: said.map(|(word, _)| word.to_owned()),
            said_at: said.map(|(_, at)| at),
        }));
        Ok(())
    }

    pub fn store(&self, conn: &mut Conn) -> Result<(), AppError> {
        insert_columns!(
            conn,
            escalations[
                id, ticket_id, kind, status, note, chain, skipped, step, acknowledge_by, acknowledged_at,
                acknowledged_name, reference, answer, return_reason, emergency, created_at, updated_at, ended_at,
                counted_from, answer_by, remind_at, reminded, paused_at, withheld, acknowledged_contact,
            ],
            self.escalations.iter().collect::<Vec<_>>()
        );
        insert_columns!(
            conn,
            escalation_contacts[escalation_id, contact, step, reached_at, reference, said, said_at],
            self.reached.iter().collect::<Vec<_>>()
        );
        Ok(())
    }
}
