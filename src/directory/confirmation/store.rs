//! The tables of confirmations: who was asked, what they said, who was told.

use std::collections::HashMap;

use diesel::dsl::max;
use diesel::prelude::*;

use super::schedule::{Cause, Occasion};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_many, load_unlocked};
use crate::db::schema::{
    changes, confirmation_notices as n, confirmation_requests as r, contact_disputes as d, contacts,
};
use crate::error::AppError;
use crate::ids::{EndpointId, RowId};
use crate::keys::Slug;

crate::text_enum! {
    /// What a contact answered.
    pub enum Answer {
        /// It is right.
        Confirmed = "confirmed",
        /// It is wrong.
        Disputed = "disputed",
    }
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = r)]
pub(in crate::directory) struct RequestRow {
    pub id: RowId,
    pub contact: Slug,
    pub hash: Vec<u8>,
    pub occasion: Occasion,
    pub endpoint_id: EndpointId,
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub answer: Option<Answer>,
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = d)]
pub(in crate::directory) struct DisputeRow {
    pub id: RowId,
    pub contact: Slug,
    pub said: String,
    pub said_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = n)]
pub(in crate::directory) struct NoticeRow {
    pub id: RowId,
    pub contact: Slug,
    pub cause: Cause,
    pub recipient: Slug,
    pub created_at: Timestamp,
    pub told_at: Option<Timestamp>,
}

/// Holds the right to ask and tell until the transaction ends; false while another instance holds it.
pub(super) fn hold(conn: &mut Conn) -> Result<bool, AppError> {
    let held: Vec<(String, i64)> = load_unlocked!(conn, changes::table.find("confirmation"))?;
    Ok(!held.is_empty())
}

pub(super) fn insert_request(conn: &mut Conn, row: &RequestRow) -> Result<(), AppError> {
    diesel::insert_into(r::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn request(conn: &mut Conn, hash: &[u8]) -> Result<Option<RequestRow>, AppError> {
    Ok(r::table.filter(r::hash.eq(hash)).first(conn).optional()?)
}

/// What these contacts, or all, were asked and have not answered, earliest first.
pub(in crate::directory) fn open_requests(
    conn: &mut Conn,
    of: Option<&[Slug]>,
) -> Result<HashMap<Slug, Vec<RequestRow>>, AppError> {
    let mut rows = r::table.filter(r::ended_at.is_null()).into_boxed();
    if let Some(slugs) = of {
        rows = rows.filter(r::contact.eq_any(slugs.to_vec()));
    }
    let mut found = HashMap::<Slug, Vec<RequestRow>>::new();
    for row in rows.order((r::sent_at, r::id)).load::<RequestRow>(conn)? {
        found.entry(row.contact.clone()).or_default().push(row);
    }
    Ok(found)
}

/// What a contact was asked last, latest first.
pub(super) fn requests_of(conn: &mut Conn, contact: &Slug, most: i64) -> Result<Vec<RequestRow>, AppError> {
    let rows = r::table.filter(r::contact.eq(contact.clone())).order((r::sent_at.desc(), r::id.desc()));
    Ok(rows.limit(most).load(conn)?)
}

/// How many were asked after this moment.
pub(super) fn asked_since(conn: &mut Conn, at: Timestamp) -> Result<i64, AppError> {
    Ok(r::table.filter(r::sent_at.gt(at)).count().get_result(conn)?)
}

/// Notes an answer; false when there is one already, or nothing is asked any more.
pub(super) fn answer(conn: &mut Conn, id: RowId, answer: Answer, now: Timestamp) -> Result<bool, AppError> {
    let open = r::table.find(id).filter(r::ended_at.is_null());
    Ok(diesel::update(open).set((r::ended_at.eq(now), r::answer.eq(answer))).execute(conn)? == 1)
}

/// Takes back what a contact was asked and has not answered.
pub(super) fn end_open(conn: &mut Conn, contacts: &[Slug], now: Timestamp) -> Result<(), AppError> {
    for some in contacts.chunks(500) {
        let open = r::table.filter(r::contact.eq_any(some)).filter(r::ended_at.is_null());
        diesel::update(open).set(r::ended_at.eq(now)).execute(conn)?;
    }
    Ok(())
}

pub(super) fn insert_dispute(conn: &mut Conn, row: &DisputeRow) -> Result<(), AppError> {
    diesel::insert_into(d::table).values(row).execute(conn)?;
    Ok(())
}

/// What contacts say is wrong with them and nobody has settled.
pub(in crate::directory) fn disputes(
    conn: &mut Conn,
    of: Option<&[Slug]>,
) -> Result<HashMap<Slug, DisputeRow>, AppError> {
    let mut rows = d::table.filter(d::settled_at.is_null()).into_boxed();
    if let Some(slugs) = of {
        rows = rows.filter(d::contact.eq_any(slugs.to_vec()));
    }
    let rows: Vec<DisputeRow> = rows.order((d::said_at, d::id)).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.contact.clone(), row)).collect())
}

/// Somebody has seen to it.
pub(super) fn settle(conn: &mut Conn, contacts: &[Slug], now: Timestamp) -> Result<(), AppError> {
    for some in contacts.chunks(500) {
        let open = d::table.filter(d::contact.eq_any(some)).filter(d::settled_at.is_null());
        diesel::update(open).set(d::settled_at.eq(now)).execute(conn)?;
    }
    Ok(())
}

pub(super) fn insert_notices(conn: &mut Conn, rows: &[NoticeRow]) -> Result<(), AppError> {
    insert_many!(conn, n::table, rows);
    Ok(())
}

/// What people were told of these contacts, or all, and when last.
pub(super) fn told(conn: &mut Conn, of: Option<&[Slug]>) -> Result<HashMap<Slug, Vec<(Cause, Timestamp)>>, AppError> {
    let mut rows =
        n::table.group_by((n::contact, n::cause)).select((n::contact, n::cause, max(n::created_at))).into_boxed();
    if let Some(slugs) = of {
        rows = rows.filter(n::contact.eq_any(slugs.to_vec()));
    }
    let mut found = HashMap::<Slug, Vec<(Cause, Timestamp)>>::new();
    for (contact, cause, at) in rows.load::<(Slug, Cause, Option<Timestamp>)>(conn)? {
        found.entry(contact).or_default().extend(at.map(|at| (cause, at)));
    }
    Ok(found)
}

/// What was not told yet, earliest first.
pub(super) fn untold(conn: &mut Conn) -> Result<Vec<NoticeRow>, AppError> {
    Ok(n::table.filter(n::told_at.is_null()).order((n::created_at, n::id)).limit(5_000).load(conn)?)
}

/// When each of these was told something last.
pub(super) fn last_told(conn: &mut Conn, recipients: &[Slug]) -> Result<HashMap<Slug, Timestamp>, AppError> {
    let mut found = HashMap::new();
    for some in recipients.chunks(500) {
        let rows = n::table.filter(n::recipient.eq_any(some)).group_by(n::recipient);
        let rows = rows.select((n::recipient, max(n::told_at))).load::<(Slug, Option<Timestamp>)>(conn)?;
        found.extend(rows.into_iter().filter_map(|(recipient, at)| Some((recipient, at?))));
    }
    Ok(found)
}

pub(super) fn mark_told(conn: &mut Conn, ids: &[RowId], now: Timestamp) -> Result<(), AppError> {
    for some in ids.chunks(500) {
        diesel::update(n::table.filter(n::id.eq_any(some))).set(n::told_at.eq(now)).execute(conn)?;
    }
    Ok(())
}

/// Drops what nobody needs to be told any more.
pub(super) fn forget(conn: &mut Conn, ids: &[RowId]) -> Result<(), AppError> {
    for some in ids.chunks(500) {
        diesel::delete(n::table.filter(n::id.eq_any(some))).execute(conn)?;
    }
    Ok(())
}

/// How many contacts are there on this day, how many of them were never confirmed, and how many before `stale`.
pub(super) fn counts(
    conn: &mut Conn,
    today: chrono::NaiveDate,
    stale: chrono::NaiveDate,
) -> Result<(i64, i64), AppError> {
    let present = || {
        contacts::table
            .filter(contacts::ended_at.is_null())
            .filter(contacts::valid_from.is_null().or(contacts::valid_from.assume_not_null().le(today)))
            .filter(contacts::valid_to.is_null().or(contacts::valid_to.assume_not_null().ge(today)))
    };
    let unconfirmed = present().filter(contacts::confirmed_on.is_null()).count().get_result(conn)?;
    let stale = present().filter(contacts::confirmed_on.assume_not_null().lt(stale)).count().get_result(conn)?;
    Ok((unconfirmed, stale))
}
