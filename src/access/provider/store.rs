//! The tables of log-ins on their way, of people's names at the provider, and of log-out tokens that were used; and
//! what a log-in by the provider changes of a person.

use diesel::prelude::*;

use crate::access::users::UserState;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_if_absent, load_locked};
use crate::db::schema::{login_flows, logout_tokens, user_identities, users};
use crate::error::AppError;
use crate::ids::UserId;
use crate::keys::EmailAddress;

/// A log-in on its way to the provider and back.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = login_flows)]
pub(super) struct FlowRow {
    pub hash: Vec<u8>,
    pub nonce: String,
    pub verifier: String,
    pub return_to: String,
    pub created_at: Timestamp,
}

pub(super) fn insert_flow(conn: &mut Conn, row: &FlowRow) -> Result<(), AppError> {
    diesel::insert_into(login_flows::table).values(row).execute(conn)?;
    Ok(())
}

/// Hands a log-in out and forgets it; of two who ask at once only one gets it.
pub(super) fn take_flow(conn: &mut Conn, hash: &[u8]) -> Result<Option<FlowRow>, AppError> {
    let found: Option<FlowRow> = login_flows::table.find(hash).first(conn).optional()?;
    let taken = diesel::delete(login_flows::table.find(hash)).execute(conn)?;
    Ok(found.filter(|_| taken == 1))
}

pub(super) fn purge_flows(conn: &mut Conn, before: Timestamp) -> Result<(), AppError> {
    diesel::delete(login_flows::table.filter(login_flows::created_at.lt(before))).execute(conn)?;
    Ok(())
}

/// Notes a log-out token; false when it was used before.
pub(super) fn use_logout_token(conn: &mut Conn, jti: &str, now: Timestamp) -> Result<bool, AppError> {
    Ok(insert_if_absent!(conn, logout_tokens::table, (logout_tokens::jti.eq(jti), logout_tokens::seen_at.eq(now))))
}

pub(super) fn purge_logout_tokens(conn: &mut Conn, before: Timestamp) -> Result<(), AppError> {
    diesel::delete(logout_tokens::table.filter(logout_tokens::seen_at.lt(before))).execute(conn)?;
    Ok(())
}

/// The person known by this name at the provider.
pub(super) fn user_of(conn: &mut Conn, issuer: &str, subject: &str) -> Result<Option<UserId>, AppError> {
    let found = user_identities::table.find((issuer, subject)).select(user_identities::user_id);
    Ok(found.first(conn).optional()?)
}

/// Makes this the name of a person at the provider; false when it is somebody's already.
pub(super) fn link(
    conn: &mut Conn,
    issuer: &str,
    subject: &str,
    user: UserId,
    now: Timestamp,
) -> Result<bool, AppError> {
    let row = (
        user_identities::issuer.eq(issuer),
        user_identities::subject.eq(subject),
        user_identities::user_id.eq(user),
        user_identities::linked_at.eq(now),
    );
    Ok(insert_if_absent!(conn, user_identities::table, row))
}

/// How a person's account stands.
#[derive(Debug, Clone, Queryable)]
pub(super) struct AccountRow {
    pub state: UserState,
    pub password: Option<String>,
}

/// The account, held until the end of the transaction.
pub(super) fn account(conn: &mut Conn, user: UserId) -> Result<AccountRow, AppError> {
    let query = users::table.find(user).select((users::state, users::password));
    let found: Vec<AccountRow> = load_locked!(conn, query)?;
    found.into_iter().next().ok_or_else(|| AppError::internal("an identity belongs to nobody"))
}

pub(super) fn is_taken(conn: &mut Conn, login: &str) -> Result<bool, AppError> {
    let taken = users::table.filter(users::login.eq(login)).select(users::id).first::<UserId>(conn).optional()?;
    Ok(taken.is_some())
}

/// Makes an account without a password.
pub(super) fn insert_user(
    conn: &mut Conn,
    id: UserId,
    login: &str,
    name: &str,
    email: Option<&EmailAddress>,
    now: Timestamp,
) -> Result<(), AppError> {
    let row = (
        users::id.eq(id),
        users::login.eq(login),
        users::name.eq(name),
        users::email.eq(email),
        users::state.eq(UserState::Active),
        users::created_at.eq(now),
        users::updated_at.eq(now),
        users::version.eq(1),
    );
    diesel::insert_into(users::table).values(row).execute(conn)?;
    Ok(())
}

/// Follows the provider in what somebody is called.
pub(super) fn rename(
    conn: &mut Conn,
    user: UserId,
    name: Option<&str>,
    email: Option<&EmailAddress>,
    now: Timestamp,
) -> Result<(), AppError> {
    if let Some(name) = name {
        let other = users::table.filter(users::id.eq(user)).filter(users::name.ne(name));
        let change = (users::name.eq(name), users::updated_at.eq(now), users::version.eq(users::version + 1));
        diesel::update(other).set(change).execute(conn)?;
    }
    if let Some(email) = email {
        let other = users::table.filter(users::id.eq(user)).filter(users::email.is_null().or(users::email.ne(email)));
        let change = (users::email.eq(email), users::updated_at.eq(now), users::version.eq(users::version + 1));
        diesel::update(other).set(change).execute(conn)?;
    }
    Ok(())
}

/// Somebody who was invited and came by the provider instead is active.
pub(super) fn activate(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<(), AppError> {
    let change = (users::state.eq(UserState::Active), users::updated_at.eq(now), users::version.eq(users::version + 1));
    diesel::update(users::table.find(user)).set(change).execute(conn)?;
    Ok(())
}

/// A change of roles is a change of the account.
pub(super) fn touch(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<(), AppError> {
    let change = (users::updated_at.eq(now), users::version.eq(users::version + 1));
    diesel::update(users::table.find(user)).set(change).execute(conn)?;
    Ok(())
}
