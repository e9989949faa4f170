//! The table of notices to the public.

use diesel::prelude::*;

use crate::access::within_reach;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::public_notices;
use crate::directory::notices::{NoticeQuery, NoticeWords, PublicNotice};
use crate::error::AppError;
use crate::ids::NoticeId;
use crate::keys::{ArsPrefix, Slug};

/// Matches an ARS of 12 digits: the place of a notice for one municipality.
const ONE_PLACE: &str = "____________";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = public_notices, treat_none_as_null = true)]
struct NoticeRow {
    id: NoticeId,
    service: Slug,
    ars: ArsPrefix,
    title: String,
    text: String,
    title_easy: Option<String>,
    text_easy: Option<String>,
    title_en: Option<String>,
    text_en: Option<String>,
    since: Timestamp,
    until: Option<Timestamp>,
    version: i32,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<&PublicNotice> for NoticeRow {
    fn from(notice: &PublicNotice) -> Self {
        let words = notice.words.clone();
        Self {
            id: notice.id,
            service: notice.service.clone(),
            ars: notice.ars.clone(),
            title: words.title,
            text: words.text,
            title_easy: words.title_easy,
            text_easy: words.text_easy,
            title_en: words.title_en,
            text_en: words.text_en,
            since: notice.since,
            until: notice.until,
            version: notice.version,
            updated_at: notice.updated_at,
            ended_at: None,
        }
    }
}

impl From<NoticeRow> for PublicNotice {
    fn from(row: NoticeRow) -> Self {
        Self {
            id: row.id,
            service: row.service,
            ars: row.ars,
            words: NoticeWords {
                title: row.title,
                text: row.text,
                title_easy: row.title_easy,
                text_easy: row.text_easy,
                title_en: row.title_en,
                text_en: row.text_en,
            },
            since: row.since,
            until: row.until,
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

pub(in crate::directory) fn find(conn: &mut Conn, id: NoticeId) -> Result<Option<PublicNotice>, AppError> {
    let row: Option<NoticeRow> =
        public_notices::table.find(id).filter(public_notices::ended_at.is_null()).first(conn).optional()?;
    Ok(row.map(PublicNotice::from))
}

pub(in crate::directory) fn list(
    conn: &mut Conn,
    query: &NoticeQuery,
    limit: i64,
    after: Option<NoticeId>,
) -> Result<Vec<PublicNotice>, AppError> {
    let mut rows = public_notices::table.into_boxed();
    if let Some(scope) = within_reach!(&query.reach, public_notices[ars, service]) {
        rows = rows.filter(scope.or(public_notices::ars.not_like(ONE_PLACE)));
    }
    rows = rows.filter(public_notices::ended_at.is_null());
    if let Some(service) = &query.service {
        rows = rows.filter(public_notices::service.eq(service.clone()));
    }
    if let Some(after) = after {
        rows = rows.filter(public_notices::id.gt(after));
    }
    let rows: Vec<NoticeRow> = rows.order(public_notices::id).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(PublicNotice::from).collect())
}

/// Every present one, in the order in which they are shown: the widest region first, then the newest.
pub(in crate::directory) fn all(conn: &mut Conn) -> Result<Vec<PublicNotice>, AppError> {
    let rows = public_notices::table.filter(public_notices::ended_at.is_null());
    let order = (public_notices::ars, public_notices::since.desc(), public_notices::id);
    let rows: Vec<NoticeRow> = rows.order(order).load(conn)?;
    Ok(rows.into_iter().map(PublicNotice::from).collect())
}

pub(in crate::directory) fn insert(conn: &mut Conn, notice: &PublicNotice) -> Result<(), AppError> {
    diesel::insert_into(public_notices::table).values(&NoticeRow::from(notice)).execute(conn)?;
    Ok(())
}

pub(in crate::directory) fn update(conn: &mut Conn, notice: &PublicNotice) -> Result<(), AppError> {
    diesel::update(public_notices::table.find(notice.id)).set(&NoticeRow::from(notice)).execute(conn)?;
    Ok(())
}

/// Ends it at this version; false when it is not there any more.
pub(in crate::directory) fn end(conn: &mut Conn, id: NoticeId, version: i32, now: Timestamp) -> Result<bool, AppError> {
    let present = public_notices::table.find(id).filter(public_notices::ended_at.is_null());
    let ended = (public_notices::ended_at.eq(now), public_notices::updated_at.eq(now));
    Ok(diesel::update(present.filter(public_notices::version.eq(version))).set(ended).execute(conn)? == 1)
}
