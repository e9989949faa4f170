//! The tables of tokens and of recorded answers.

use diesel::prelude::*;
use ipnet::IpNet;

use super::policy::Channel;
use super::role::Role;
use super::token::NewToken;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_columns_if_absent, insert_if_absent, replace};
use crate::db::schema::{changes, idempotency, tokens};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::{TokenId, UserId};
use crate::keys::{ArsPrefix, Slug};

/// A token as it is stored.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = tokens)]
pub struct TokenRow {
    /// Its id, to revoke it by.
    pub id: TokenId,
    /// Whose it is.
    pub name: String,
    /// Its role.
    pub role: Role,
    regions: Json,
    /// The contact a 2nd-level token stands for.
    pub contact: Option<Slug>,
    hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The person it belongs to; it may no more than they do.
    pub owner: Option<UserId>,
    services: Json,
    /// Only what came in by this help channel.
    pub channel: Option<Channel>,
    addresses: Json,
}

impl TokenRow {
    pub(super) fn new(id: TokenId, new: &NewToken, hash: Vec<u8>, now: Timestamp) -> Result<Self, AppError> {
        Ok(Self {
            id,
            name: new.name.trim().to_owned(),
            role: new.role,
            regions: Json::of(&new.regions)?,
            contact: new.contact.clone(),
            hash,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
            owner: new.owner,
            services: Json::of(&new.services)?,
            channel: new.channel,
            addresses: Json::of(&new.addresses)?,
        })
    }

    /// The regions within reach; empty means everywhere.
    pub fn regions(&self) -> Result<Vec<ArsPrefix>, AppError> {
        self.regions.read()
    }

    /// The services within reach; empty means all.
    pub fn services(&self) -> Result<Vec<Slug>, AppError> {
        self.services.read()
    }

    /// The networks it may be used from; empty means any.
    pub fn addresses(&self) -> Result<Vec<IpNet>, AppError> {
        self.addresses.read()
    }
}

pub(super) fn insert_token(conn: &mut Conn, row: &TokenRow) -> Result<(), AppError> {
    diesel::insert_into(tokens::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn tokens(conn: &mut Conn) -> Result<Vec<TokenRow>, AppError> {
    Ok(tokens::table.order(tokens::id).load(conn)?)
}

pub(super) fn find_token(conn: &mut Conn, hash: &[u8]) -> Result<Option<TokenRow>, AppError> {
    Ok(tokens::table.filter(tokens::hash.eq(hash)).first(conn).optional()?)
}

pub(super) fn revoke(conn: &mut Conn, id: TokenId, now: Timestamp) -> Result<(), AppError> {
    let open = tokens::table.find(id).filter(tokens::revoked_at.is_null());
    let revoked = diesel::update(open).set(tokens::revoked_at.eq(now)).execute(conn)?;
    if revoked == 0 { Err(AppError::NotFound) } else { Ok(()) }
}

pub(super) fn touch(conn: &mut Conn, id: TokenId, now: Timestamp) -> Result<(), AppError> {
    diesel::update(tokens::table.find(id)).set(tokens::last_used_at.eq(now)).execute(conn)?;
    Ok(())
}

pub(super) fn bump(conn: &mut Conn) -> Result<(), AppError> {
    diesel::update(changes::table.find("access")).set(changes::version.eq(changes::version + 1)).execute(conn)?;
    Ok(())
}

pub(super) fn version(conn: &mut Conn) -> Result<i64, AppError> {
    Ok(changes::table.find("access").select(changes::version).first(conn)?)
}

/// A recorded answer; see `idempotency.rs`.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct AnswerRow {
    pub token_id: TokenId,
    pub route: String,
    pub key: String,
    pub body_hash: Vec<u8>,
    pub status: i32,
    pub location: Option<String>,
    pub body: String,
    pub created_at: Timestamp,
}

pub(super) fn answer(conn: &mut Conn, token: TokenId, route: &str, key: &str) -> Result<Option<AnswerRow>, AppError> {
    Ok(idempotency::table.find((token, route, key)).first(conn).optional()?)
}

pub(super) fn insert_answer(conn: &mut Conn, row: &AnswerRow) -> Result<bool, AppError> {
    Ok(insert_if_absent!(conn, idempotency::table, row))
}

pub(super) fn insert_answers(conn: &mut Conn, rows: &[&AnswerRow]) -> Result<Vec<bool>, AppError> {
    Ok(insert_columns_if_absent!(
        conn,
        idempotency[token_id, route, key, body_hash, status, location, body, created_at],
        key[token_id: TokenId, route: String, key: String],
        rows
    ))
}

pub(super) fn replace_answers(conn: &mut Conn, part: &str, answer: &str) -> Result<usize, AppError> {
    let holding = idempotency::table.filter(replace(idempotency::body, part, "").ne(idempotency::body));
    Ok(diesel::update(holding).set(idempotency::body.eq(answer)).execute(conn)?)
}

pub(super) fn purge_answers(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, AppError> {
    let old: Vec<(TokenId, String, String)> = idempotency::table
        .filter(idempotency::created_at.lt(before))
        .order(idempotency::created_at)
        .limit(most)
        .select((idempotency::token_id, idempotency::route, idempotency::key))
        .load(conn)?;
    for (token, route, key) in &old {
        diesel::delete(idempotency::table.find((*token, route, key))).execute(conn)?;
    }
    Ok(old.len())
}
