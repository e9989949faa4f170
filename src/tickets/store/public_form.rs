//! The tables of requests that wait to be confirmed, and of links to where a request stands.

use diesel::prelude::*;

use crate::access::{Actor, Reach, within_reach};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::load_locked;
use crate::db::schema::{status_links as l, unconfirmed_requests as u};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::TicketId;
use crate::keys::{Ars, Slug};
use crate::tickets::public_form::unconfirmed::RequestState;

/// A request as it was written in the form.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = u, treat_none_as_default_value = false)]
pub struct RequestRow {
    pub(in crate::tickets) id: TicketId,
    pub(in crate::tickets) number: String,
    pub(in crate::tickets) state: RequestState,
    pub(in crate::tickets) service: Slug,
    pub(in crate::tickets) ars: Ars,
    pub(in crate::tickets) sealed: Vec<u8>,
    pub(in crate::tickets) created_at: Timestamp,
    pub(in crate::tickets) keep_until: Timestamp,
    pub(in crate::tickets) decided_at: Option<Timestamp>,
    pub(in crate::tickets) decided_by: Option<Json>,
    pub(in crate::tickets) reason: Option<String>,
}

pub(in crate::tickets) fn insert(conn: &mut Conn, row: &RequestRow) -> Result<(), AppError> {
    diesel::insert_into(u::table).values(row).execute(conn)?;
    Ok(())
}

pub(in crate::tickets) fn find(conn: &mut Conn, id: TicketId) -> Result<Option<RequestRow>, AppError> {
    Ok(u::table.find(id).first(conn).optional()?)
}

pub(in crate::tickets) fn by_number(conn: &mut Conn, number: &str) -> Result<Option<RequestRow>, AppError> {
    Ok(u::table.filter(u::number.eq(number)).first(conn).optional()?)
}

/// The same, kept from others until the transaction ends.
pub(in crate::tickets) fn lock(conn: &mut Conn, id: TicketId) -> Result<Option<RequestRow>, AppError> {
    let rows: Vec<RequestRow> = load_locked!(conn, u::table.find(id))?;
    Ok(rows.into_iter().next())
}

/// Those that wait, within reach, oldest first, after the one with this id.
pub(in crate::tickets) fn waiting(
    conn: &mut Conn,
    reach: &Reach,
    after: Option<TicketId>,
    most: i64,
) -> Result<Vec<RequestRow>, AppError> {
    let open = [RequestState::Unconfirmed, RequestState::Ready];
    let mut rows = u::table.filter(u::state.eq_any(open)).order(u::id).limit(most).into_boxed();
    if let Some(scope) = within_reach!(reach, u[ars, service]) {
        rows = rows.filter(scope);
    }
    if let Some(after) = after {
        rows = rows.filter(u::id.gt(after));
    }
    Ok(rows.load(conn)?)
}

/// Those that are to be taken up by now.
pub(in crate::tickets) fn ready(conn: &mut Conn, most: i64) -> Result<Vec<TicketId>, AppError> {
    let rows = u::table.filter(u::state.eq(RequestState::Ready)).order(u::id).limit(most);
    Ok(rows.select(u::id).load(conn)?)
}

/// Those whose time to be confirmed is over.
pub(in crate::tickets) fn past(conn: &mut Conn, now: Timestamp, most: i64) -> Result<Vec<TicketId>, AppError> {
    let rows = u::table.filter(u::state.eq(RequestState::Unconfirmed)).filter(u::keep_until.lt(now));
    Ok(rows.order(u::keep_until).limit(most).select(u::id).load(conn)?)
}

/// Notes that it becomes a ticket.
pub(in crate::tickets) fn make_ready(conn: &mut Conn, id: TicketId) -> Result<(), AppError> {
    diesel::update(u::table.find(id)).set(u::state.eq(RequestState::Ready)).execute(conn)?;
    Ok(())
}

/// Notes what became of one; what was written goes.
pub(in crate::tickets) fn decide(
    conn: &mut Conn,
    id: TicketId,
    to: RequestState,
    by: &Actor,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), AppError> {
    let change = (
        u::state.eq(to),
        u::sealed.eq(Vec::<u8>::new()),
        u::decided_at.eq(now),
        u::decided_by.eq(Json::of(by)?),
        u::reason.eq(reason),
    );
    diesel::update(u::table.find(id)).set(change).execute(conn)?;
    Ok(())
}

// ---- Links ----

pub(in crate::tickets) fn insert_link(
    conn: &mut Conn,
    hash: &str,
    about: TicketId,
    by_mail: bool,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), AppError> {
    let row =
        (l::hash.eq(hash), l::about.eq(about), l::by_mail.eq(by_mail), l::created_at.eq(now), l::valid_until.eq(until));
    diesel::insert_into(l::table).values(row).execute(conn)?;
    Ok(())
}

/// What a link leads to, whether it went by mail, and until when it is good.
pub(in crate::tickets) fn link(conn: &mut Conn, hash: &str) -> Result<Option<(TicketId, bool, Timestamp)>, AppError> {
    Ok(l::table.find(hash).select((l::about, l::by_mail, l::valid_until)).first(conn).optional()?)
}

pub(in crate::tickets) fn remove_links(conn: &mut Conn, about: TicketId) -> Result<(), AppError> {
    diesel::delete(l::table.filter(l::about.eq(about))).execute(conn)?;
    Ok(())
}

/// Removes links that ended before then; answers how many.
pub(in crate::tickets) fn purge_links(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, AppError> {
    let past = l::table.filter(l::valid_until.lt(before)).order(l::valid_until).limit(most);
    let past: Vec<String> = past.select(l::hash).load(conn)?;
    Ok(diesel::delete(l::table.filter(l::hash.eq_any(past))).execute(conn)?)
}
