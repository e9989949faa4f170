//! Leasing and recording: the worker's side of the outbox.
//!
//! Invariant: while a row is leased, `lease` names the holder's turn and `next_attempt_at` the end of the lease;
//! whoever records must still find its own lease there. On PostgreSQL rows that another worker is looking at are
//! skipped; on SQLite the transaction of the one writer keeps others out, also those of another process.

use std::collections::HashMap;

use diesel::prelude::*;

use super::is_pending;
use crate::clock::Timestamp;
use crate::db::dialect::{insert_columns, load_locked, load_unlocked};
use crate::db::schema::{delivery_attempts, endpoints, outbox as t};
use crate::db::types::DbUuid;
use crate::db::{Conn, MultiBackend};
use crate::delivery::endpoint::EndpointState;
use crate::delivery::outbox::{AttemptOutcome, Channel, DeliveryStatus};
use crate::delivery::room::{Health, Room};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId, SealKeyId};

/// How many due rows are looked at in one go.
const PAGE: i64 = 256;

/// Among how many due rows a page is looked for where some endpoints hold their whole share: their backlogs stand in
/// front and would fill every page for as long as they are waited for.
const WINDOW: i64 = 1_024;

/// How many endpoints are visited when one of them fills a whole page.
const VISITED: i32 = 500;

/// A leased row with all that sending it needs.
#[derive(Debug, Clone)]
pub(in crate::delivery) struct Leased {
    pub row: LeasedRow,
    pub endpoint: Option<EndpointPart>,
    pub health: Health,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = t)]
pub(in crate::delivery) struct LeasedRow {
    pub id: DeliveryId,
    pub about: RowId,
    pub channel: Channel,
    pub endpoint_id: Option<EndpointId>,
    pub content: Vec<u8>,
    pub sealed_under: Option<SealKeyId>,
    pub attempts: i32,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = endpoints)]
pub(in crate::delivery) struct EndpointPart {
    pub id: EndpointId,
    pub address: String,
    pub secret: Option<Vec<u8>>,
    pub previous_secret: Option<Vec<u8>>,
    pub previous_until: Option<Timestamp>,
    pub state: EndpointState,
    pub failing_since: Option<Timestamp>,
    pub adapter_secrets: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Queryable, QueryableByName)]
struct Candidate {
    #[diesel(sql_type = DbUuid)]
    id: DeliveryId,
    #[diesel(sql_type = diesel::sql_types::Nullable<DbUuid>)]
    endpoint_id: Option<EndpointId>,
}

/// When the next pending row is due, leased ones at the end of their lease.
pub(in crate::delivery) fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, AppError> {
    let mut next: Option<Timestamp> = None;
    for channel in Channel::ALL {
        let first: Option<Option<Timestamp>> = t::table
            .filter(is_pending())
            .filter(t::channel.eq(channel))
            .order((t::next_attempt_at, t::id))
            .select(t::next_attempt_at)
            .first(conn)
            .optional()?;
        next = next.into_iter().chain(first.flatten()).min();
    }
    Ok(next)
}

/// Leases due rows of a channel as far as there is room, until `until`. `cursor` is where the last visit to the
/// endpoints ended.
pub(in crate::delivery) fn lease(
    conn: &mut Conn,
    channel: Channel,
    room: &mut Room,
    cursor: &mut EndpointId,
    lease: RowId,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<Leased>, AppError> {
    if !room.is_free() {
        return Ok(Vec::new());
    }
    let full = room.full();
    let page = if full.is_empty() { candidates(conn, channel, now)? } else { others(conn, channel, now, &full)? };
    let is_whole = full.is_empty() && i64::try_from(page.len()).is_ok_and(|length| length < PAGE);
    let mut known: HashMap<EndpointId, EndpointPart> = HashMap::new();
    let mut picked = pick(conn, room, &mut known, &page)?;
    // One endpoint with a long backlog can fill the page for hours. Then each endpoint is asked for its own.
    if room.is_free() && !is_whole {
        let visited = visit(conn, channel, *cursor, now)?;
        let is_last = i32::try_from(visited.len()).is_ok_and(|length| length < VISITED);
        *cursor = visited.last().filter(|_| !is_last).map_or(first(), |(id, _)| *id);
        let due = visited.into_iter().filter(|(id, is_due)| *is_due && !full.contains(id)).map(|(id, _)| Some(id));
        for endpoint in due.chain([None]) {
            let most = room.left_for(endpoint, Health::Sound).min(32);
            if most > 0 {
                let own = candidates_of(conn, channel, endpoint, now, i64::try_from(most).unwrap_or(1))?;
                picked.extend(pick(conn, room, &mut known, &own)?);
            }
        }
    }
    if picked.is_empty() {
        return Ok(Vec::new());
    }
    // Only what was picked is locked: another worker may have picked the same and goes without.
    let ids: Vec<DeliveryId> = picked.keys().copied().collect();
    let due = t::table.filter(t::id.eq_any(&ids)).filter(is_pending()).filter(t::next_attempt_at.le(now));
    let ids: Vec<DeliveryId> = load_unlocked!(conn, due.order(t::id).select(t::id))?;
    let mine = diesel::update(t::table.filter(t::id.eq_any(&ids)));
    mine.set((t::lease.eq(lease), t::next_attempt_at.eq(until))).execute(conn)?;
    let rows = t::table.filter(t::id.eq_any(&ids)).filter(t::lease.eq(lease)).order(t::id);
    let rows: Vec<LeasedRow> = rows.select(LeasedRow::as_select()).load(conn)?;
    let leased = rows.into_iter().map(|row| Leased {
        endpoint: row.endpoint_id.and_then(|id| known.get(&id).cloned()),
        health: picked.remove(&row.id).map_or(Health::Sound, |(_, health)| health),
        row,
    });
    let leased = leased.collect();
    // What another worker was quicker with needs no place here.
    for (id, (endpoint, health)) in picked {
        room.leave(id, endpoint, health);
    }
    Ok(leased)
}

/// The beginning of all endpoints.
pub(in crate::delivery) fn first() -> EndpointId {
    EndpointId::from_uuid(uuid::Uuid::nil())
}

fn candidates(conn: &mut Conn, channel: Channel, now: Timestamp) -> Result<Vec<Candidate>, AppError> {
    let due = t::table.filter(is_pending()).filter(t::channel.eq(channel)).filter(t::next_attempt_at.le(now));
    let due = due.order((t::next_attempt_at, t::id)).limit(PAGE).select((t::id, t::endpoint_id));
    Ok(due.load(conn)?)
}

/// The same without endpoints that have no room left. They come as the window has them; an order of their own would have
/// SQLite read the window to its end before it gives out the first.
fn others(conn: &mut Conn, channel: Channel, now: Timestamp, full: &[EndpointId]) -> Result<Vec<Candidate>, AppError> {
    let places: Vec<String> = (0..full.len()).map(|n| format!("${}", n + 3)).collect();
    let window = format!(
        "SELECT w.id, w.endpoint_id FROM (SELECT o.id, o.endpoint_id FROM outbox o
           WHERE o.status = 'pending' AND o.channel = $1 AND o.next_attempt_at <= $2
           ORDER BY o.next_attempt_at, o.id LIMIT {WINDOW}) w
         WHERE w.endpoint_id IS NULL OR w.endpoint_id NOT IN ({}) LIMIT {PAGE}",
        places.join(", ")
    );
    let mut window = diesel::sql_query(window)
        .into_boxed::<MultiBackend>()
        .bind::<diesel::sql_types::Text, _>(channel)
        .bind::<diesel::sql_types::Timestamp, _>(now);
    for endpoint in full {
        window = window.bind::<DbUuid, _>(*endpoint);
    }
    Ok(window.load(conn)?)
}

fn candidates_of(
    conn: &mut Conn,
    channel: Channel,
    endpoint: Option<EndpointId>,
    now: Timestamp,
    most: i64,
) -> Result<Vec<Candidate>, AppError> {
    let due = t::table.filter(is_pending()).filter(t::channel.eq(channel)).filter(t::next_attempt_at.le(now));
    let due = due.order((t::next_attempt_at, t::id)).limit(most).select((t::id, t::endpoint_id));
    Ok(match endpoint {
        Some(endpoint) => due.filter(t::endpoint_id.eq(endpoint)).load(conn)?,
        None => due.filter(t::endpoint_id.is_null()).load(conn)?,
    })
}

fn pick(
    conn: &mut Conn,
    room: &mut Room,
    known: &mut HashMap<EndpointId, EndpointPart>,
    candidates: &[Candidate],
) -> Result<HashMap<DeliveryId, (Option<EndpointId>, Health)>, AppError> {
    let mut unknown: Vec<EndpointId> =
        candidates.iter().filter_map(|one| one.endpoint_id).filter(|id| !known.contains_key(id)).collect();
    unknown.sort();
    unknown.dedup();
    if !unknown.is_empty() {
        let found = endpoints::table.filter(endpoints::id.eq_any(&unknown)).select(EndpointPart::as_select());
        known.extend(found.load::<EndpointPart>(conn)?.into_iter().map(|endpoint| (endpoint.id, endpoint)));
    }
    let mut picked = HashMap::new();
    for Candidate { id, endpoint_id: endpoint } in candidates {
        let health = match endpoint.and_then(|id| known.get(&id)) {
            Some(endpoint) if endpoint.state == EndpointState::Disabled => Health::Disabled,
            Some(endpoint) if endpoint.failing_since.is_some() => Health::Failing,
            _ => Health::Sound,
        };
        if room.take(*id, *endpoint, health) {
            picked.insert(*id, (*endpoint, health));
        }
    }
    Ok(picked)
}

#[derive(QueryableByName)]
struct Visited {
    #[diesel(sql_type = DbUuid)]
    id: EndpointId,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_due: bool,
}

/// Steps from endpoint to endpoint along the index, one seek each, however long their backlogs are. The numbered
/// placeholders mean the same to both databases as long as they first appear in their order. The earliest row is asked
/// for, not whether one exists: for that PostgreSQL would read all that are due.
fn visit(
    conn: &mut Conn,
    channel: Channel,
    after: EndpointId,
    now: Timestamp,
) -> Result<Vec<(EndpointId, bool)>, AppError> {
    let steps = format!(
        "WITH RECURSIVE e (id, n) AS (
           SELECT (SELECT o.endpoint_id FROM outbox o WHERE o.status = 'pending' AND o.channel = $1
                   AND o.endpoint_id > $2 ORDER BY o.endpoint_id LIMIT 1), 1
           UNION ALL
           SELECT (SELECT o.endpoint_id FROM outbox o WHERE o.status = 'pending' AND o.channel = $1
                   AND o.endpoint_id > e.id ORDER BY o.endpoint_id LIMIT 1), e.n + 1
           FROM e WHERE e.id IS NOT NULL AND e.n < {VISITED})
         SELECT e.id AS id, (SELECT o.next_attempt_at FROM outbox o WHERE o.status = 'pending' AND o.channel = $1
                AND o.endpoint_id = e.id ORDER BY o.next_attempt_at, o.id LIMIT 1) <= $3 AS is_due
         FROM e WHERE e.id IS NOT NULL ORDER BY e.id"
    );
    let steps = diesel::sql_query(steps)
        .bind::<diesel::sql_types::Text, _>(channel)
        .bind::<DbUuid, _>(after)
        .bind::<diesel::sql_types::Timestamp, _>(now);
    Ok(steps.load::<Visited>(conn)?.into_iter().map(|v| (v.id, v.is_due)).collect())
}

/// Rows of disabled endpoints that nobody holds and that are not due for a while.
pub(in crate::delivery) fn waiting_in_vain(conn: &mut Conn, now: Timestamp) -> Result<Vec<DeliveryId>, AppError> {
    let is_disabled = diesel::dsl::sql::<diesel::sql_types::Bool>("state = 'disabled'");
    let disabled: Vec<Option<EndpointId>> =
        endpoints::table.filter(is_disabled).select(endpoints::id.nullable()).load(conn)?;
    let mut found = Vec::new();
    for channel in Channel::ALL.iter().filter(|_| !disabled.is_empty()) {
        let later = t::table
            .filter(is_pending())
            .filter(t::channel.eq(channel))
            .filter(t::endpoint_id.eq_any(&disabled))
            .filter(t::lease.is_null())
            .filter(t::next_attempt_at.gt(now));
        found.extend(later.order(t::id).limit(PAGE).select(t::id).load::<DeliveryId>(conn)?);
    }
    Ok(found)
}

/// Makes rows due that nobody holds.
pub(in crate::delivery) fn make_due(conn: &mut Conn, ids: &[DeliveryId], now: Timestamp) -> Result<(), AppError> {
    let rows = t::table.filter(t::id.eq_any(ids)).filter(is_pending()).filter(t::lease.is_null());
    diesel::update(rows).set(t::next_attempt_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Of these rows, those that one of these leases still holds, with their status: it may be cancelled by now.
pub(in crate::delivery) fn held(
    conn: &mut Conn,
    ids: &[DeliveryId],
    leases: &[RowId],
) -> Result<HashMap<DeliveryId, DeliveryStatus>, AppError> {
    let leases: Vec<Option<RowId>> = leases.iter().copied().map(Some).collect();
    let rows = t::table.filter(t::id.eq_any(ids)).filter(t::lease.eq_any(leases)).order(t::id);
    let rows = rows.select((t::id, t::status));
    let rows: Vec<(DeliveryId, DeliveryStatus)> = load_locked!(conn, rows)?;
    Ok(rows.into_iter().collect())
}

/// Ends rows that [`held`] has found.
pub(in crate::delivery) fn finish(conn: &mut Conn, ids: &[DeliveryId], status: DeliveryStatus) -> Result<(), AppError> {
    if ids.is_empty() {
        return Ok(());
    }
    let change = (
        t::status.eq(status),
        t::attempts.eq(t::attempts + 1),
        t::next_attempt_at.eq(None::<Timestamp>),
        t::lease.eq(None::<RowId>),
    );
    diesel::update(t::table.filter(t::id.eq_any(ids))).set(change).execute(conn)?;
    Ok(())
}

/// Puts off a row that [`held`] has found.
pub(in crate::delivery) fn put_off(conn: &mut Conn, id: DeliveryId, next: Timestamp) -> Result<(), AppError> {
    let change = (t::attempts.eq(t::attempts + 1), t::next_attempt_at.eq(next), t::lease.eq(None::<RowId>));
    diesel::update(t::table.find(id)).set(change).execute(conn)?;
    Ok(())
}

/// An attempt as it is stored.
#[derive(Insertable)]
#[diesel(table_name = delivery_attempts)]
pub(in crate::delivery) struct AttemptRow {
    pub id: RowId,
    pub delivery_id: DeliveryId,
    pub at: Timestamp,
    pub outcome: AttemptOutcome,
    pub detail: String,
}

pub(in crate::delivery) fn insert_attempts(conn: &mut Conn, rows: &[AttemptRow]) -> Result<(), AppError> {
    let rows: Vec<&AttemptRow> = rows.iter().collect();
    insert_columns!(conn, delivery_attempts[id, delivery_id, at, outcome, detail], rows);
    Ok(())
}
