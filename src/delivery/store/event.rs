//! The table of delivery events.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::dialect::insert_columns;
use crate::db::schema::delivery_events as t;
use crate::db::{Conn, Topic, Tx};
use crate::delivery::event::{DeliveryEvent, EventKind};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId};

/// An event as it is stored.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
pub(in crate::delivery) struct EventRow {
    pub id: RowId,
    pub kind: EventKind,
    pub delivery_id: Option<DeliveryId>,
    pub about: Option<RowId>,
    pub endpoint_id: Option<EndpointId>,
    pub detail: String,
    pub at: Timestamp,
    pub answer: Option<String>,
}

/// Adds events and wakes whoever acts on them.
pub(in crate::delivery) fn insert(tx: &mut Tx, rows: &[EventRow]) -> Result<(), AppError> {
    if !rows.is_empty() {
        let conn: &mut Conn = tx;
        let rows: Vec<&EventRow> = rows.iter().collect();
        insert_columns!(conn, t[id, kind, delivery_id, about, endpoint_id, detail, at, answer], rows);
        tx.signal(Topic::Sweep);
    }
    Ok(())
}

pub(in crate::delivery) fn open(conn: &mut Conn, limit: i64) -> Result<Vec<DeliveryEvent>, AppError> {
    let rows: Vec<EventRow> =
        t::table.filter(t::handled_at.is_null()).order(t::id).limit(limit).select(EventRow::as_select()).load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| DeliveryEvent {
            id: row.id,
            kind: row.kind,
            delivery: row.delivery_id,
            about: row.about,
            endpoint: row.endpoint_id,
            detail: row.detail,
            at: row.at,
            // What cannot be read is no loss that should hold up the others.
            answer: row.answer.and_then(|text| serde_json::from_str(&text).ok()),
        })
        .collect())
}

pub(in crate::delivery) fn handle(conn: &mut Conn, id: RowId, now: Timestamp) -> Result<bool, AppError> {
    let open = t::table.find(id).filter(t::handled_at.is_null());
    Ok(diesel::update(open).set(t::handled_at.eq(now)).execute(conn)? == 1)
}

/// Of these messages, those that were reported as failing before.
pub(in crate::delivery) fn reported_failing(conn: &mut Conn, ids: &[DeliveryId]) -> Result<Vec<DeliveryId>, AppError> {
    let ids: Vec<Option<DeliveryId>> = ids.iter().copied().map(Some).collect();
    let found: Vec<Option<DeliveryId>> = t::table
        .filter(t::delivery_id.eq_any(ids))
        .filter(t::kind.eq(EventKind::Failing))
        .select(t::delivery_id)
        .load(conn)?;
    Ok(found.into_iter().flatten().collect())
}

pub(in crate::delivery) fn purge_of(conn: &mut Conn, delivery: DeliveryId) -> Result<usize, AppError> {
    Ok(diesel::delete(t::table.filter(t::delivery_id.eq(delivery))).execute(conn)?)
}

pub(in crate::delivery) fn purge(conn: &mut Conn, about: RowId) -> Result<usize, AppError> {
    Ok(diesel::delete(t::table.filter(t::about.eq(about))).execute(conn)?)
}
