//! API tokens of people: made with a part of their own rights, listed, revoked.
//!
//! Invariant: a token goes out once, in the answer that made it. Everybody has their own; whoever manages people
//! everywhere sees and revokes all.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use chrono::TimeDelta;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::users::everywhere;
use super::{ApiResult, ok};
use crate::access::token::{NewToken, Token};
use crate::access::{Action, Channel, Grant, Role};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::parse_query;
use crate::http::known::{Known, KnownCommand};
use crate::ids::{TokenId, UserId};
use crate::keys::{ArsPrefix, Slug};

const MOST_DAYS: i64 = 3650;

/// Which tokens.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Everybody's; only for whoever manages people.
    all: bool,
}

/// A token without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TokenAnswer {
    /// Its id, to revoke it by.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// Its role in each of its scopes.
    pub grants: Vec<Grant>,
    /// The networks it may be used from; empty means any.
    #[schema(value_type = Vec<String>)]
    pub addresses: Vec<IpNet>,
    /// The person it belongs to; a system's has none.
    pub owner: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl TokenAnswer {
    fn new(token: &Token) -> Result<Self, AppError> {
        Ok(Self {
            id: token.id,
            name: token.name.clone(),
            grants: token.grants()?,
            addresses: token.addresses()?,
            owner: token.owner,
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        })
    }
}

/// A token to be made: a role of one's own, in a scope within one's own.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What it is for.
    name: String,
    /// One of one's own roles.
    role: Role,
    /// Its regions; left out: everywhere.
    #[serde(default)]
    regions: Vec<ArsPrefix>,
    /// Only these services; left out: all.
    #[serde(default)]
    services: Vec<Slug>,
    /// Only what came in by this help channel.
    channel: Option<Channel>,
    /// For `second_level`: the contact it speaks for.
    contact: Option<Slug>,
    /// It ends after so many days, 1 to 3650.
    days: i64,
    /// Only from these networks; left out: from anywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    addresses: Vec<IpNet>,
}

/// A token that was just made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Made {
    /// Its id, to revoke it by.
    pub id: TokenId,
    /// The token itself; it is never shown again.
    pub token: String,
}

/// Tokens, newest last: one's own, or everybody's with `all=true`.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access", params(ListQuery),
    responses((status = 200, body = Vec<TokenAnswer>), (status = 403, body = crate::http::error::Problem)))]
pub async fn list(state: Data<State>, known: Known, request: HttpRequest) -> ApiResult {
    let ListQuery { all } = parse_query(request.query_string())?;
    let owner = if all {
        everywhere(&known.caller, Action::ManageUsers)?;
        None
    } else {
        Some(known.person()?.user.id)
    };
    let tokens = state.tokens.list(owner).await?;
    ok(&tokens.iter().map(TokenAnswer::new).collect::<Result<Vec<_>, _>>()?)
}

/// Make a token of one's own.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = Wanted,
    responses((status = 201, body = Made), (status = 403, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: KnownCommand<Wanted>) -> ApiResult {
    let owner = Some(command.known.person()?.user.id);
    let Wanted { name, role, regions, services, channel, contact, days, addresses } = command.body;
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(AppError::field("days", format!("must be 1 to {MOST_DAYS}")).into());
    }
    let expires_at = Some(state.desk().clock.now().plus(TimeDelta::days(days)));
    let new = NewToken { name, role, regions, contact, expires_at, owner, services, channel, addresses };
    let (id, token) = state.tokens.create(&command.known.caller.actor, new).await?;
    let place = (LOCATION, format!("/api/v1/tokens/{id}"));
    Ok(HttpResponse::Created().insert_header(place).json(Made { id, token }))
}

/// End a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "access", params(("token" = String, Path)),
    responses((status = 204), (status = 403, body = crate::http::error::Problem), (status = 404, body = crate::http::error::Problem)))]
pub async fn revoke(state: Data<State>, known: Known, at: Path<TokenId>) -> ApiResult {
    let owner = match everywhere(&known.caller, Action::ManageUsers) {
        Ok(()) => None,
        Err(_) => Some(known.person()?.user.id),
    };
    state.tokens.revoke(&known.caller.actor, at.into_inner(), owner).await?;
    Ok(HttpResponse::NoContent().finish())
}
