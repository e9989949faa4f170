//! Many messages with their attempts at once, as they ended.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_columns;
use crate::db::schema::{delivery_attempts, outbox};
use crate::delivery::outbox::{AttemptOutcome, Channel, DeliveryStatus, Purpose};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId, SealKeyId};

#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub(in crate::delivery) struct PastRow {
    pub id: DeliveryId,
    pub about: RowId,
    pub purpose: Purpose,
    pub channel: Channel,
    pub endpoint_id: Option<EndpointId>,
    pub recipient: String,
    pub content: Vec<u8>,
    pub sealed_under: Option<SealKeyId>,
    pub dedupe: String,
    pub status: DeliveryStatus,
    pub attempts: i32,
    pub next_attempt_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = delivery_attempts)]
pub(in crate::delivery) struct AttemptRow {
    pub id: RowId,
    pub delivery_id: DeliveryId,
    pub at: Timestamp,
    pub outcome: AttemptOutcome,
    pub detail: String,
}

pub(in crate::delivery) fn insert(
    conn: &mut Conn,
    messages: &[&PastRow],
    attempts: &[&AttemptRow],
) -> Result<(), AppError> {
    insert_columns!(
        conn,
        outbox[
            id, about, purpose, channel, endpoint_id, recipient, content, sealed_under, dedupe, status, attempts,
            next_attempt_at, created_at,
        ],
        messages
    );
    insert_columns!(conn, delivery_attempts[id, delivery_id, at, outcome, detail], attempts);
    Ok(())
}
