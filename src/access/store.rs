//! The tables of tokens and of recorded answers, and a reach as the condition of a query.

use diesel::prelude::*;
use ipnet::IpNet;

use super::policy::{Channel, Grant, Scope};
use super::role::Role;
use super::token::NewToken;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_columns_if_absent, insert_if_absent, replace};
use crate::db::schema::{changes, idempotency, tokens};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::{CallerId, TokenId, UserId};
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

    /// Its role in each of its scopes.
    pub fn grants(&self) -> Result<Vec<Grant>, AppError> {
        let (regions, services) = (self.regions()?, self.services()?);
        let regions = if regions.is_empty() { vec![ArsPrefix::everywhere()] } else { regions };
        let services: Vec<Option<Slug>> =
            if services.is_empty() { vec![None] } else { services.into_iter().map(Some).collect() };
        let scope = |region: &ArsPrefix, service: &Option<Slug>| Scope {
            region: region.clone(),
            service: service.clone(),
            channel: self.channel,
        };
        let scopes = regions.iter().flat_map(|region| services.iter().map(move |service| scope(region, service)));
        Ok(scopes.map(|scope| Grant { role: self.role, scope, contact: self.contact.clone() }).collect())
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

pub(super) fn tokens(conn: &mut Conn, owner: Option<UserId>) -> Result<Vec<TokenRow>, AppError> {
    let mut all = tokens::table.order(tokens::id).into_boxed();
    if let Some(owner) = owner {
        all = all.filter(tokens::owner.eq(owner));
    }
    Ok(all.load(conn)?)
}

pub(super) fn find_token(conn: &mut Conn, hash: &[u8]) -> Result<Option<TokenRow>, AppError> {
    Ok(tokens::table.filter(tokens::hash.eq(hash)).first(conn).optional()?)
}

pub(super) fn revoke(conn: &mut Conn, id: TokenId, owner: Option<UserId>, now: Timestamp) -> Result<(), AppError> {
    let found: Option<TokenRow> = tokens::table.find(id).filter(tokens::revoked_at.is_null()).first(conn).optional()?;
    if found.is_none_or(|row| owner.is_some() && row.owner != owner) {
        return Err(AppError::NotFound);
    }
    let open = tokens::table.find(id).filter(tokens::revoked_at.is_null());
    let revoked = diesel::update(open).set(tokens::revoked_at.eq(now)).execute(conn)?;
    if revoked == 0 { Err(AppError::NotFound) } else { Ok(()) }
}

/// Ends all tokens of a person.
pub(super) fn revoke_of(conn: &mut Conn, owner: UserId, now: Timestamp) -> Result<usize, AppError> {
    let open = tokens::table.filter(tokens::owner.eq(owner)).filter(tokens::revoked_at.is_null());
    let revoked = diesel::update(open).set(tokens::revoked_at.eq(now)).execute(conn)?;
    if revoked > 0 {
        bump(conn)?;
    }
    Ok(revoked)
}

/// Gives tokens the right of one region in another; answers how many.
pub(super) fn relocate_tokens(conn: &mut Conn, old: &ArsPrefix, new: &ArsPrefix) -> Result<usize, AppError> {
    let its = tokens::table.filter(tokens::regions.like(format!("%\"{old}\"%"))).filter(tokens::revoked_at.is_null());
    let rows: Vec<TokenRow> = its.load(conn)?;
    for row in &rows {
        let mut regions = row.regions()?;
        regions.retain(|region| region != new);
        regions.iter_mut().filter(|region| *region == old).for_each(|region| region.clone_from(new));
        diesel::update(tokens::table.find(row.id)).set(tokens::regions.eq(Json::of(&regions)?)).execute(conn)?;
    }
    Ok(rows.len())
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
    pub token_id: CallerId,
    pub route: String,
    pub key: String,
    pub body_hash: Vec<u8>,
    pub status: i32,
    pub location: Option<String>,
    pub body: String,
    pub created_at: Timestamp,
}

pub(super) fn answer(conn: &mut Conn, token: CallerId, route: &str, key: &str) -> Result<Option<AnswerRow>, AppError> {
    Ok(idempotency::table.find((token, route, key)).first(conn).optional()?)
}

pub(super) fn insert_answer(conn: &mut Conn, row: &AnswerRow) -> Result<bool, AppError> {
    Ok(insert_if_absent!(conn, idempotency::table, row))
}

pub(super) fn insert_answers(conn: &mut Conn, rows: &[&AnswerRow]) -> Result<Vec<bool>, AppError> {
    Ok(insert_columns_if_absent!(
        conn,
        idempotency[token_id, route, key, body_hash, status, location, body, created_at],
        key[token_id: CallerId, route: String, key: String],
        rows
    ))
}

pub(super) fn answers_with(conn: &mut Conn, part: &str) -> Result<Vec<AnswerRow>, AppError> {
    Ok(idempotency::table.filter(replace(idempotency::body, part, "").ne(idempotency::body)).load(conn)?)
}

pub(super) fn replace_answer(conn: &mut Conn, row: &AnswerRow) -> Result<(), AppError> {
    let at = idempotency::table.find((row.token_id, &row.route, &row.key));
    diesel::update(at).set(idempotency::body.eq(&row.body)).execute(conn)?;
    Ok(())
}

pub(super) fn purge_answers(conn: &mut Conn, before: Timestamp, most: i64) -> Result<usize, AppError> {
    let old: Vec<(CallerId, String, String)> = idempotency::table
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

/// The condition that a row lies within a reach, `None` where that leaves nothing out. The table has a column for the
/// municipality, one for the service, and perhaps one for the help channel.
#[macro_export]
macro_rules! within_reach {
    ($reach:expr, $table:ident [$ars:ident, $service:ident $(, $channel:ident)?]) => {
        $crate::within_reach!($reach, $table [$ars => $table::$ars, $service $(, $channel)?])
    };
    // With an expression for the place, where the index on its column would be the wrong one.
    ($reach:expr, $table:ident [$ars:ident => $place:expr, $service:ident $(, $channel:ident)?]) => {{
        use diesel::{BoolExpressionMethods, BoxableExpression, ExpressionMethods};
        type Condition = Box<dyn BoxableExpression<
            $table::table,
            $crate::db::MultiBackend,
            SqlType = diesel::sql_types::Bool,
        >>;
        let truth = |holds: bool| -> Condition {
            Box::new(diesel::dsl::sql::<diesel::sql_types::Bool>(if holds { "1 = 1" } else { "1 = 0" }))
        };
        let in_scope = |scope: &$crate::access::Scope| -> Condition {
            let mut all = truth(true);
            match scope.region.keys() {
                _ if scope.region.as_str().is_empty() => {}
                // A place is no range: only what is equal leaves the order to an index.
                (first, last) if first == last => all = Box::new(all.and($place.eq(first))),
                (first, last) => all = Box::new(all.and($place.between(first, last))),
            }
            if let Some(service) = &scope.service {
                all = Box::new(all.and($table::$service.eq(service.clone())));
            }
            $(if let Some(channel) = scope.channel {
                all = Box::new(all.and($table::$channel.eq(channel)));
            })?
            all
        };
        let in_term = |term: &$crate::access::policy::Term| -> Condition {
            // A table without a channel holds nothing that a scope of one channel could take away.
            let has_channel = false $(|| !stringify!($channel).is_empty())?;
            let except = term.except.iter().filter(|scope| has_channel || scope.channel.is_none());
            except.fold(in_scope(&term.scope), |all, scope| {
                Box::new(all.and(diesel::dsl::not(in_scope(scope))))
            })
        };
        let in_layer = |terms: &Vec<$crate::access::policy::Term>| -> Condition {
            let any = terms.iter().map(in_term).reduce(|any, term| Box::new(any.or(term)));
            any.unwrap_or_else(|| truth(false))
        };
        let reach: &$crate::access::Reach = $reach;
        match reach.is_everything() {
            true => None,
            false if reach.is_nothing() => Some(truth(false)),
            false => reach.layers().iter().map(in_layer).reduce(|all, layer| Box::new(all.and(layer))),
        }
    }};
}
