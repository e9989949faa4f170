//! The table of endpoints.

use std::collections::{HashMap, HashSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{each_backend, insert_if_absent};
use crate::db::schema::endpoints as t;
use crate::delivery::endpoint::{Endpoint, EndpointState, Troubles};
use crate::delivery::outbox::Channel;
use crate::error::AppError;
use crate::ids::EndpointId;

#[derive(Insertable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: EndpointId,
    channel: Channel,
    address: &'a str,
    secret: Option<&'a [u8]>,
    state: EndpointState,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> NewRow<'a> {
    fn new(id: EndpointId, channel: Channel, address: &'a str, secret: Option<&'a [u8]>, now: Timestamp) -> Self {
        Self { id, channel, address, secret, state: EndpointState::Active, created_at: now, updated_at: now }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = t)]
struct Row {
    id: EndpointId,
    channel: Channel,
    address: String,
    secret: Option<Vec<u8>>,
    previous_until: Option<Timestamp>,
    state: EndpointState,
    failing_since: Option<Timestamp>,
    bounced_at: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    disabled_because: Option<String>,
    adapter: Option<String>,
}

pub(in crate::delivery) fn mailbox(conn: &mut Conn, address: &str, now: Timestamp) -> Result<EndpointId, AppError> {
    if let Some(id) = find_mailbox(conn, address)? {
        return Ok(id);
    }
    // Somebody else may make it at the same time; the unique index lets one of us win.
    let row = NewRow::new(EndpointId::new(), Channel::Email, address, None, now);
    if !insert_if_absent!(conn, t::table, &row) {
        tracing::debug!("a mailbox was made elsewhere at the same time");
    }
    find_mailbox(conn, address)?.ok_or_else(|| AppError::Unavailable("a mailbox was being made elsewhere".into()))
}

/// Every one of these mailboxes, found or made, by its address.
pub(in crate::delivery) fn mailboxes(
    conn: &mut Conn,
    addresses: &[String],
    now: Timestamp,
) -> Result<HashMap<String, EndpointId>, AppError> {
    let mut found = find_mailboxes(conn, addresses)?;
    let missing: HashSet<&String> = addresses.iter().filter(|address| !found.contains_key(*address)).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    for address in &missing {
        let row = NewRow::new(EndpointId::new(), Channel::Email, address, None, now);
        each_backend!(conn, |c| diesel::insert_into(t::table).values(&row).on_conflict_do_nothing().execute(c))?;
    }
    let missing: Vec<String> = missing.into_iter().cloned().collect();
    found.extend(find_mailboxes(conn, &missing)?);
    Ok(found)
}

fn find_mailboxes(conn: &mut Conn, addresses: &[String]) -> Result<HashMap<String, EndpointId>, AppError> {
    let mut found = HashMap::with_capacity(addresses.len());
    for some in addresses.chunks(500) {
        let is_mailbox = diesel::dsl::sql::<diesel::sql_types::Bool>("channel = 'email'");
        let its = t::table.filter(is_mailbox).filter(t::address.eq_any(some)).select((t::address, t::id));
        found.extend(its.load::<(String, EndpointId)>(conn)?);
    }
    Ok(found)
}

fn find_mailbox(conn: &mut Conn, address: &str) -> Result<Option<EndpointId>, AppError> {
    let is_mailbox = diesel::dsl::sql::<diesel::sql_types::Bool>("channel = 'email'");
    Ok(t::table.filter(is_mailbox).filter(t::address.eq(address)).select(t::id).first(conn).optional()?)
}

pub(in crate::delivery) fn insert_webhook(
    conn: &mut Conn,
    id: EndpointId,
    url: &str,
    secret: &[u8],
    now: Timestamp,
) -> Result<(), AppError> {
    let row = NewRow::new(id, Channel::Webhook, url, Some(secret), now);
    diesel::insert_into(t::table).values(&row).execute(conn)?;
    Ok(())
}

type UrlAndSecret = (String, Option<Vec<u8>>);

/// URL and sealed secret of a webhook.
pub(in crate::delivery) fn webhook(conn: &mut Conn, id: EndpointId) -> Result<Option<UrlAndSecret>, AppError> {
    let found = t::table.find(id).filter(t::channel.eq(Channel::Webhook)).select((t::address, t::secret));
    Ok(found.first(conn).optional()?)
}

pub(in crate::delivery) fn rotate(
    conn: &mut Conn,
    id: EndpointId,
    secret: &[u8],
    previous: Option<&[u8]>,
    until: Option<Timestamp>,
) -> Result<(), AppError> {
    let change = (t::secret.eq(secret), t::previous_secret.eq(previous), t::previous_until.eq(until));
    diesel::update(t::table.find(id)).set(change).execute(conn)?;
    Ok(())
}

pub(in crate::delivery) fn set_adapter(conn: &mut Conn, id: EndpointId, adapter: Option<&str>) -> Result<(), AppError> {
    diesel::update(t::table.find(id)).set(t::adapter.eq(adapter)).execute(conn)?;
    Ok(())
}

pub(in crate::delivery) fn set_adapter_secrets(
    conn: &mut Conn,
    id: EndpointId,
    sealed: Option<&[u8]>,
) -> Result<(), AppError> {
    diesel::update(t::table.find(id)).set(t::adapter_secrets.eq(sealed)).execute(conn)?;
    Ok(())
}

pub(in crate::delivery) fn set_url(conn: &mut Conn, id: EndpointId, url: &str) -> Result<(), AppError> {
    diesel::update(t::table.find(id)).set(t::address.eq(url)).execute(conn)?;
    Ok(())
}

pub(in crate::delivery) fn enable(conn: &mut Conn, id: EndpointId, now: Timestamp) -> Result<(), AppError> {
    let change = (
        t::state.eq(EndpointState::Active),
        t::failing_since.eq(None::<Timestamp>),
        t::disabled_at.eq(None::<Timestamp>),
        t::disabled_because.eq(None::<String>),
        t::updated_at.eq(now),
    );
    found(diesel::update(t::table.find(id)).set(change).execute(conn)?)
}

pub(in crate::delivery) fn clear_bounce(conn: &mut Conn, id: EndpointId, now: Timestamp) -> Result<(), AppError> {
    let change = (t::bounced_at.eq(None::<Timestamp>), t::updated_at.eq(now));
    found(diesel::update(t::table.find(id)).set(change).execute(conn)?)
}

pub(in crate::delivery) fn of_ids(conn: &mut Conn, ids: &[EndpointId]) -> Result<Vec<Endpoint>, AppError> {
    let rows: Vec<Row> = t::table.filter(t::id.eq_any(ids)).select(Row::as_select()).load(conn)?;
    whole(rows)
}

/// The condition of the index over the few; both must read the same.
fn is_troubled() -> diesel::expression::SqlLiteral<Bool> {
    sql("(state <> 'active' OR failing_since IS NOT NULL OR bounced_at IS NOT NULL)")
}

pub(in crate::delivery) fn troubled(
    conn: &mut Conn,
    after: Option<EndpointId>,
    limit: i64,
) -> Result<Vec<Endpoint>, AppError> {
    let after = after.unwrap_or(super::lease::first());
    let rows = t::table.filter(is_troubled()).filter(t::id.gt(after)).order(t::id).limit(limit);
    whole(rows.select(Row::as_select()).load(conn)?)
}

type Trouble = (EndpointState, Option<Timestamp>, Option<Timestamp>);

pub(in crate::delivery) fn troubles(conn: &mut Conn) -> Result<Troubles, AppError> {
    let rows: Vec<Trouble> =
        t::table.filter(is_troubled()).select((t::state, t::failing_since, t::bounced_at)).load(conn)?;
    let mut found = Troubles::default();
    for (state, failing, bounced) in rows {
        let is_disabled = state == EndpointState::Disabled;
        found.disabled += i64::from(is_disabled);
        found.failing += i64::from(failing.is_some() && !is_disabled);
        found.bounced += i64::from(bounced.is_some());
    }
    Ok(found)
}

fn whole(rows: Vec<Row>) -> Result<Vec<Endpoint>, AppError> {
    let endpoint = |row: Row| {
        let adapter = row.adapter.as_deref().map(serde_json::from_str).transpose().map_err(AppError::internal)?;
        Ok(Endpoint {
            id: row.id,
            channel: row.channel,
            address: row.address,
            state: row.state,
            has_secret: row.secret.is_some(),
            failing_since: row.failing_since,
            bounced_at: row.bounced_at,
            disabled_at: row.disabled_at,
            disabled_because: row.disabled_because,
            previous_until: row.previous_until,
            adapter,
        })
    };
    rows.into_iter().map(endpoint).collect()
}

/// Notes that endpoints took a message: whatever was wrong with them is over.
pub(in crate::delivery) fn healthy(conn: &mut Conn, ids: &[EndpointId]) -> Result<(), AppError> {
    let failing = t::table.filter(t::id.eq_any(ids)).filter(t::failing_since.is_not_null());
    diesel::update(failing).set(t::failing_since.eq(None::<Timestamp>)).execute(conn)?;
    Ok(())
}

/// Notes a failure; answers since when the endpoint has been failing, `None` where it is gone.
pub(in crate::delivery) fn failing(
    conn: &mut Conn,
    id: EndpointId,
    now: Timestamp,
) -> Result<Option<Timestamp>, AppError> {
    let sound = t::table.find(id).filter(t::failing_since.is_null());
    diesel::update(sound).set(t::failing_since.eq(now)).execute(conn)?;
    let since: Option<Option<Timestamp>> = t::table.find(id).select(t::failing_since).first(conn).optional()?;
    Ok(since.flatten())
}

/// Disables an endpoint; `false` when it was disabled already.
pub(in crate::delivery) fn disable(
    conn: &mut Conn,
    id: EndpointId,
    because: &str,
    now: Timestamp,
) -> Result<bool, AppError> {
    let active = t::table.find(id).filter(t::state.eq(EndpointState::Active));
    let change = (
        t::state.eq(EndpointState::Disabled),
        t::disabled_at.eq(now),
        t::disabled_because.eq(because),
        t::updated_at.eq(now),
    );
    Ok(diesel::update(active).set(change).execute(conn)? == 1)
}

/// Notes that a mailbox was said not to exist; `false` when that was known.
pub(in crate::delivery) fn bounced(conn: &mut Conn, id: EndpointId, now: Timestamp) -> Result<bool, AppError> {
    let believed = t::table.find(id).filter(t::bounced_at.is_null());
    Ok(diesel::update(believed).set((t::bounced_at.eq(now), t::updated_at.eq(now))).execute(conn)? == 1)
}

fn found(changed: usize) -> Result<(), AppError> {
    if changed == 1 { Ok(()) } else { Err(AppError::NotFound) }
}
