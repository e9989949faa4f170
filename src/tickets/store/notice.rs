//! The tables of notices: what waits for whom, and when somebody was told.

use std::collections::BTreeMap;

use diesel::dsl::min;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_if_absent, load_locked};
use crate::db::schema::{notice_recipients, notices};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::{RowId, TicketId};
use crate::keys::{Ars, Slug};
use crate::tickets::notice::NoticeKind;

/// A notice as it is stored; see `notice/`.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = notices, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct NoticeRow {
    pub id: RowId,
    pub service: Slug,
    pub ars: Ars,
    pub ticket_id: TicketId,
    pub kind: NoticeKind,
    pub detail: String,
    pub created_at: Timestamp,
    pub told_at: Option<Timestamp>,
    /// Who is to hear it, as far as that was looked up.
    pub recipient: Option<String>,
    pub urgent: bool,
}

/// Somebody for whom something waits.
#[derive(Debug, Clone)]
pub(in crate::tickets) struct WaitingRow {
    pub recipient: String,
    pub since: Timestamp,
    pub is_urgent: bool,
}

/// When somebody was told.
#[derive(Debug, Clone, Default)]
pub(in crate::tickets) struct ToldRow {
    pub last: Option<Timestamp>,
    pub recent: Vec<Timestamp>,
}

pub(in crate::tickets) fn insert_notice(conn: &mut Conn, row: &NoticeRow) -> Result<(), AppError> {
    diesel::insert_into(notices::table).values(row).execute(conn)?;
    Ok(())
}

/// Makes what waits to be told of a ticket urgent.
pub(in crate::tickets) fn hasten(conn: &mut Conn, ticket: TicketId) -> Result<(), AppError> {
    let open = notices::table.filter(notices::ticket_id.eq(ticket)).filter(notices::told_at.is_null());
    diesel::update(open).set(notices::urgent.eq(true)).execute(conn)?;
    Ok(())
}

/// What nobody was found for yet, earliest first.
pub(in crate::tickets) fn unaddressed(conn: &mut Conn, most: i64) -> Result<Vec<NoticeRow>, AppError> {
    let open = notices::table.filter(notices::told_at.is_null()).filter(notices::recipient.is_null());
    Ok(open.order(notices::id).limit(most).load(conn)?)
}

/// Says who is to hear of these, as far as nobody heard of them yet.
pub(in crate::tickets) fn address(conn: &mut Conn, ids: &[RowId], recipient: Option<&str>) -> Result<usize, AppError> {
    let mut changed = 0;
    for some in ids.chunks(500) {
        let open = notices::table.filter(notices::id.eq_any(some)).filter(notices::told_at.is_null());
        changed += diesel::update(open).set(notices::recipient.eq(recipient)).execute(conn)?;
    }
    Ok(changed)
}

/// Everybody for whom something waits.
pub(in crate::tickets) fn recipients(conn: &mut Conn) -> Result<Vec<WaitingRow>, AppError> {
    let open = notices::table.filter(notices::told_at.is_null()).filter(notices::recipient.is_not_null());
    let waiting = open.group_by((notices::recipient, notices::urgent));
    let rows: Vec<(Option<String>, bool, Option<Timestamp>)> =
        waiting.select((notices::recipient, notices::urgent, min(notices::created_at))).load(conn)?;
    let mut all: BTreeMap<String, (Timestamp, bool)> = BTreeMap::new();
    for (recipient, is_urgent, since) in rows {
        let (Some(recipient), Some(since)) = (recipient, since) else { continue };
        let known = all.entry(recipient).or_insert((since, is_urgent));
        *known = (known.0.min(since), known.1 || is_urgent);
    }
    let row = |(recipient, (since, is_urgent))| WaitingRow { recipient, since, is_urgent };
    Ok(all.into_iter().map(row).collect())
}

/// What waits for somebody, earliest first; of it what is urgent, where only that is wanted.
pub(in crate::tickets) fn waiting_for(
    conn: &mut Conn,
    recipient: &str,
    only_urgent: bool,
    most: i64,
) -> Result<Vec<NoticeRow>, AppError> {
    let open = notices::table.filter(notices::told_at.is_null()).filter(notices::recipient.eq(recipient.to_owned()));
    let mut rows = open.into_boxed();
    if only_urgent {
        rows = rows.filter(notices::urgent.eq(true));
    }
    Ok(rows.order((notices::urgent.desc(), notices::id)).limit(most).load(conn)?)
}

/// Notes that these were told; answers of how many that is new.
pub(in crate::tickets) fn mark_told(conn: &mut Conn, ids: &[RowId], now: Timestamp) -> Result<usize, AppError> {
    let mut marked = 0;
    for some in ids.chunks(500) {
        let open = notices::table.filter(notices::id.eq_any(some)).filter(notices::told_at.is_null());
        marked += diesel::update(open).set(notices::told_at.eq(now)).execute(conn)?;
    }
    Ok(marked)
}

/// When these were told.
pub(in crate::tickets) fn told(conn: &mut Conn, recipients: &[String]) -> Result<Vec<(String, ToldRow)>, AppError> {
    let mut all = Vec::new();
    for some in recipients.chunks(500) {
        let rows: Vec<(String, Timestamp, Json)> =
            notice_recipients::table.filter(notice_recipients::contact.eq_any(some)).load(conn)?;
        for (recipient, last, recent) in rows {
            all.push((recipient, ToldRow { last: Some(last), recent: recent.read()? }));
        }
    }
    Ok(all)
}

/// When somebody was told, kept from others until the transaction ends, and what is to stand there from now on, if
/// anything. True when it stands there.
pub(in crate::tickets) fn keep_told(
    conn: &mut Conn,
    recipient: &str,
    now: Timestamp,
    next: impl FnOnce(ToldRow) -> Option<Vec<Timestamp>>,
) -> Result<bool, AppError> {
    let row = notice_recipients::table.find(recipient);
    let rows: Vec<(String, Timestamp, Json)> = load_locked!(conn, row)?;
    let Some((_, last, recent)) = rows.into_iter().next() else {
        let Some(recent) = next(ToldRow::default()) else { return Ok(false) };
        let first = (
            notice_recipients::contact.eq(recipient),
            notice_recipients::last_told_at.eq(now),
            notice_recipients::recent.eq(Json::of(&recent)?),
        );
        return Ok(insert_if_absent!(conn, notice_recipients::table, first));
    };
    let Some(recent) = next(ToldRow { last: Some(last), recent: recent.read()? }) else { return Ok(false) };
    let told = (notice_recipients::last_told_at.eq(now), notice_recipients::recent.eq(Json::of(&recent)?));
    Ok(diesel::update(row).set(told).execute(conn)? == 1)
}
