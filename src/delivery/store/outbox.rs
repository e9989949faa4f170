//! The tables of messages and their attempts, for those who put in, look and take back. Leasing and recording
//! are in `lease.rs`.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{is_exhausted, is_pending};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_if_absent;
use crate::db::schema::{delivery_attempts, endpoints, outbox as t};
use crate::delivery::endpoint::EndpointState;
use crate::delivery::outbox::{
    Attempt, AttemptOutcome, Channel, Delivery, DeliveryStatus, Outgoing, Purpose, QueueState,
};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId, SealKeyId};

#[derive(Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: DeliveryId,
    about: RowId,
    purpose: Purpose,
    channel: Channel,
    endpoint_id: Option<EndpointId>,
    recipient: &'a str,
    content: &'a [u8],
    sealed_under: Option<SealKeyId>,
    dedupe: &'a str,
    status: DeliveryStatus,
    attempts: i32,
    next_attempt_at: Option<Timestamp>,
    created_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = t)]
struct Row {
    id: DeliveryId,
    about: RowId,
    purpose: Purpose,
    channel: Channel,
    recipient: String,
    status: DeliveryStatus,
    next_attempt_at: Option<Timestamp>,
    created_at: Timestamp,
}

pub(in crate::delivery) fn insert(
    conn: &mut Conn,
    id: DeliveryId,
    outgoing: &Outgoing,
    content: &[u8],
    sealed_under: Option<SealKeyId>,
    now: Timestamp,
) -> Result<bool, AppError> {
    let row = NewRow {
        id,
        about: outgoing.about,
        purpose: outgoing.purpose,
        channel: outgoing.content.channel(),
        endpoint_id: outgoing.endpoint,
        recipient: &outgoing.recipient,
        content,
        sealed_under,
        dedupe: &outgoing.dedupe,
        status: DeliveryStatus::Pending,
        attempts: 0,
        next_attempt_at: Some(now),
        created_at: now,
    };
    Ok(insert_if_absent!(conn, t::table, &row))
}

/// The lease stays on the row, so that one who is sending it can still record that it arrived.
pub(in crate::delivery) fn cancel(conn: &mut Conn, about: RowId, purposes: &[Purpose]) -> Result<usize, AppError> {
    let rows = t::table.filter(t::about.eq(about)).filter(t::purpose.eq_any(purposes)).filter(is_pending());
    let change = (t::status.eq(DeliveryStatus::Cancelled), t::next_attempt_at.eq(None::<Timestamp>));
    Ok(diesel::update(rows).set(change).execute(conn)?)
}

pub(in crate::delivery) fn find(conn: &mut Conn, id: DeliveryId) -> Result<Option<Delivery>, AppError> {
    let row: Option<Row> = t::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(with_attempts(conn, row.into_iter().collect())?.pop())
}

pub(in crate::delivery) fn about(conn: &mut Conn, about: RowId) -> Result<Vec<Delivery>, AppError> {
    let rows = t::table.filter(t::about.eq(about)).order(t::id).select(Row::as_select()).load(conn)?;
    with_attempts(conn, rows)
}

pub(in crate::delivery) fn exhausted(
    conn: &mut Conn,
    after: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>, AppError> {
    let after = after.unwrap_or(DeliveryId::from_uuid(uuid::Uuid::nil()));
    let rows = t::table.filter(is_exhausted()).filter(t::id.gt(after)).order(t::id).limit(limit);
    let rows = rows.select(Row::as_select()).load(conn)?;
    with_attempts(conn, rows)
}

fn with_attempts(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Delivery>, AppError> {
    use delivery_attempts as a;
    let ids: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
    let found: Vec<(DeliveryId, Timestamp, AttemptOutcome, String)> = a::table
        .filter(a::delivery_id.eq_any(&ids))
        .order((a::delivery_id, a::id))
        .select((a::delivery_id, a::at, a::outcome, a::detail))
        .load(conn)?;
    let mut attempts: HashMap<DeliveryId, Vec<Attempt>> = HashMap::new();
    for (id, at, outcome, detail) in found {
        attempts.entry(id).or_default().push(Attempt { at, outcome, detail });
    }
    Ok(rows
        .into_iter()
        .map(|row| Delivery {
            id: row.id,
            about: row.about,
            purpose: row.purpose,
            channel: row.channel,
            recipient: row.recipient,
            status: row.status,
            attempts: attempts.remove(&row.id).unwrap_or_default(),
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
        })
        .collect())
}

pub(in crate::delivery) fn is_endpoint_disabled(conn: &mut Conn, id: DeliveryId) -> Result<bool, AppError> {
    let state: Option<EndpointState> = t::table
        .inner_join(endpoints::table.on(t::endpoint_id.eq(endpoints::id.nullable())))
        .filter(t::id.eq(id))
        .select(endpoints::state)
        .first(conn)
        .optional()?;
    Ok(state == Some(EndpointState::Disabled))
}

pub(in crate::delivery) fn replay(conn: &mut Conn, id: DeliveryId, now: Timestamp) -> Result<bool, AppError> {
    let change = (
        t::status.eq(DeliveryStatus::Pending),
        t::attempts.eq(0),
        t::next_attempt_at.eq(now),
        t::lease.eq(None::<RowId>),
    );
    Ok(diesel::update(t::table.find(id).filter(is_exhausted())).set(change).execute(conn)? == 1)
}

pub(in crate::delivery) fn put_aside(conn: &mut Conn, id: DeliveryId) -> Result<bool, AppError> {
    let given_up = t::table.find(id).filter(is_exhausted());
    Ok(diesel::update(given_up).set(t::status.eq(DeliveryStatus::Cancelled)).execute(conn)? == 1)
}

/// Brings the next attempt forward, unless somebody is at it.
pub(in crate::delivery) fn hasten(conn: &mut Conn, id: DeliveryId, now: Timestamp) -> Result<bool, AppError> {
    let waiting = t::table.find(id).filter(t::status.eq(DeliveryStatus::Pending)).filter(t::lease.is_null());
    Ok(diesel::update(waiting.filter(t::next_attempt_at.gt(now))).set(t::next_attempt_at.eq(now)).execute(conn)? == 1)
}

/// Ends a mail that was taken by a server or is still tried: it came back. Answers what it is about, and its endpoint.
pub(in crate::delivery) fn come_back(
    conn: &mut Conn,
    id: DeliveryId,
) -> Result<Option<(RowId, Option<EndpointId>)>, AppError> {
    let left = [DeliveryStatus::Sent, DeliveryStatus::Pending];
    let row = t::table.find(id).filter(t::channel.eq(Channel::Email)).filter(t::status.eq_any(left));
    let change = (
        t::status.eq(DeliveryStatus::Exhausted),
        t::attempts.eq(t::attempts + 1),
        t::next_attempt_at.eq(None::<Timestamp>),
        t::lease.eq(None::<RowId>),
    );
    if diesel::update(row).set(change).execute(conn)? != 1 {
        return Ok(None);
    }
    Ok(Some(t::table.find(id).select((t::about, t::endpoint_id)).first(conn)?))
}

pub(in crate::delivery) fn purge(conn: &mut Conn, about: RowId) -> Result<usize, AppError> {
    Ok(diesel::delete(t::table.filter(t::about.eq(about))).execute(conn)?)
}

pub(in crate::delivery) fn purge_one(conn: &mut Conn, id: DeliveryId) -> Result<usize, AppError> {
    Ok(diesel::delete(t::table.find(id)).execute(conn)?)
}

pub(in crate::delivery) fn purge_except(conn: &mut Conn, about: RowId, spared: Purpose) -> Result<usize, AppError> {
    Ok(diesel::delete(t::table.filter(t::about.eq(about)).filter(t::purpose.ne(spared))).execute(conn)?)
}

pub(in crate::delivery) fn unsealed(
    conn: &mut Conn,
    purpose: Purpose,
    at: &[Timestamp],
) -> Result<Vec<(DeliveryId, Vec<u8>)>, AppError> {
    let rows = t::table.filter(t::purpose.eq(purpose)).filter(t::created_at.eq_any(at));
    Ok(rows.filter(t::sealed_under.is_null()).select((t::id, t::content)).load(conn)?)
}

/// Content as it is stored, and the key it is sealed under.
type Stored = (Vec<u8>, Option<SealKeyId>);

/// What it says as it is stored, and under which key it is sealed.
pub(in crate::delivery) fn content(conn: &mut Conn, id: DeliveryId) -> Result<Option<Stored>, AppError> {
    Ok(t::table.find(id).select((t::content, t::sealed_under)).first(conn).optional()?)
}

pub(in crate::delivery) fn replace_content(conn: &mut Conn, id: DeliveryId, content: &[u8]) -> Result<(), AppError> {
    diesel::update(t::table.find(id)).set(t::content.eq(content)).execute(conn)?;
    Ok(())
}

pub(in crate::delivery) fn queue_state(conn: &mut Conn, now: Timestamp) -> Result<QueueState, AppError> {
    let pending = t::table.filter(is_pending()).select(sql::<BigInt>("count(*)")).first(conn)?;
    let mut due = 0;
    let mut oldest_due_since: Option<Timestamp> = None;
    for channel in Channel::ALL {
        let waiting = t::table.filter(is_pending()).filter(t::channel.eq(channel)).filter(t::next_attempt_at.le(now));
        due += waiting.clone().select(sql::<BigInt>("count(*)")).first::<i64>(conn)?;
        let oldest: Option<Option<Timestamp>> =
            waiting.order((t::next_attempt_at, t::id)).select(t::next_attempt_at).first(conn).optional()?;
        oldest_due_since = oldest_due_since.into_iter().chain(oldest.flatten()).min();
    }
    let exhausted = t::table.filter(is_exhausted()).select(sql::<BigInt>("count(*)")).first(conn)?;
    Ok(QueueState { pending, due, exhausted, oldest_due_since })
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = diesel::sql_types::Text)]
    outcome: AttemptOutcome,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The ids of attempts rise with time, so the latest are found without an index on the time.
pub(in crate::delivery) fn attempts_since(
    conn: &mut Conn,
    since: Timestamp,
) -> Result<Vec<(AttemptOutcome, i64)>, AppError> {
    let latest = "SELECT outcome, count(*) AS number FROM (SELECT outcome, at FROM delivery_attempts
        ORDER BY id DESC LIMIT 10000) latest WHERE at >= $1 GROUP BY outcome ORDER BY outcome";
    let ended = diesel::sql_query(latest).bind::<diesel::sql_types::Timestamp, _>(since);
    Ok(ended.load::<Ended>(conn)?.into_iter().map(|ended| (ended.outcome, ended.number)).collect())
}
