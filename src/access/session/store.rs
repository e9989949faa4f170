//! The table of sessions.

use diesel::prelude::*;

use super::Stage;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::sessions;
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

/// A session as it is stored.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = sessions)]
pub(super) struct SessionRow {
    pub id: SessionId,
    pub hash: Vec<u8>,
    pub user_id: UserId,
    pub stage: Stage,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub address: String,
    pub agent: String,
    pub issuer: Option<String>,
    pub provider_session: Option<String>,
    pub id_token: Option<Vec<u8>>,
}

impl SessionRow {
    /// True where it was neither ended nor has outlived one of its bounds; `idle_since` is the earliest last use.
    pub fn holds(&self, idle_since: Timestamp, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.seen_at > idle_since && self.ends_at > now
    }
}

pub(super) fn insert(conn: &mut Conn, row: &SessionRow) -> Result<(), AppError> {
    diesel::insert_into(sessions::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn by_hash(conn: &mut Conn, hash: &[u8]) -> Result<Option<SessionRow>, AppError> {
    Ok(sessions::table.filter(sessions::hash.eq(hash)).first(conn).optional()?)
}

pub(super) fn find(conn: &mut Conn, user: UserId, id: SessionId) -> Result<Option<SessionRow>, AppError> {
    Ok(sessions::table.find(id).filter(sessions::user_id.eq(user)).first(conn).optional()?)
}

/// The sessions of a person that hold, the newest first.
pub(super) fn of_user(
    conn: &mut Conn,
    user: UserId,
    idle_since: Timestamp,
    now: Timestamp,
) -> Result<Vec<SessionRow>, AppError> {
    let holding = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::seen_at.gt(idle_since))
        .filter(sessions::ends_at.gt(now));
    Ok(holding.order(sessions::id.desc()).load(conn)?)
}

/// Where a person logged in as far as that is still kept.
pub(super) fn addresses(conn: &mut Conn, user: UserId) -> Result<Vec<String>, AppError> {
    let open = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::stage.eq(Stage::Open));
    Ok(open.select(sessions::address).distinct().load(conn)?)
}

/// Notes a use, unless a later one is noted or it has ended.
pub(super) fn touch(conn: &mut Conn, id: SessionId, now: Timestamp) -> Result<(), AppError> {
    let older = sessions::table.find(id).filter(sessions::ended_at.is_null()).filter(sessions::seen_at.lt(now));
    diesel::update(older).set(sessions::seen_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Gives a session that was not ended another secret; false where it was.
pub(super) fn renew(
    conn: &mut Conn,
    id: SessionId,
    hash: &[u8],
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<bool, AppError> {
    let renewed = diesel::update(sessions::table.find(id).filter(sessions::ended_at.is_null()))
        .set((
            sessions::hash.eq(hash),
            sessions::stage.eq(Stage::Open),
            sessions::seen_at.eq(now),
            sessions::ends_at.eq(ends_at),
        ))
        .execute(conn)?;
    Ok(renewed == 1)
}

/// Ends one session of a person; false where it is not theirs or has ended.
pub(super) fn end(conn: &mut Conn, user: UserId, id: SessionId, now: Timestamp) -> Result<bool, AppError> {
    let open = sessions::table.find(id).filter(sessions::user_id.eq(user)).filter(sessions::ended_at.is_null());
    Ok(diesel::update(open).set(sessions::ended_at.eq(now)).execute(conn)? == 1)
}

/// Ends all sessions of a person but one; answers how many.
pub(super) fn end_all(
    conn: &mut Conn,
    user: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<usize, AppError> {
    // No session has the nil id.
    let keep = keep.unwrap_or(SessionId::from_uuid(uuid::Uuid::nil()));
    let open = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::id.ne(keep));
    Ok(diesel::update(open).set(sessions::ended_at.eq(now)).execute(conn)?)
}

/// Ends the sessions that a provider began under this name of its own.
pub(super) fn end_of_provider(conn: &mut Conn, issuer: &str, session: &str, now: Timestamp) -> Result<usize, AppError> {
    let open = sessions::table
        .filter(sessions::provider_session.eq(session))
        .filter(sessions::issuer.eq(issuer))
        .filter(sessions::ended_at.is_null());
    Ok(diesel::update(open).set(sessions::ended_at.eq(now)).execute(conn)?)
}

/// Ends the sessions of a person for which a provider vouched.
pub(super) fn end_vouched(conn: &mut Conn, issuer: &str, user: UserId, now: Timestamp) -> Result<usize, AppError> {
    let open = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::issuer.eq(issuer))
        .filter(sessions::ended_at.is_null());
    Ok(diesel::update(open).set(sessions::ended_at.eq(now)).execute(conn)?)
}

pub(super) fn purge(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, AppError> {
    let old = sessions::table.filter(sessions::ends_at.lt(before)).order(sessions::ends_at).limit(most);
    let ids: Vec<SessionId> = old.select(sessions::id).load(conn)?;
    Ok(diesel::delete(sessions::table.filter(sessions::id.eq_any(&ids))).execute(conn)?)
}
