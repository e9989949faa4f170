//! People over JSON: invite, look up, give roles, disable, reset.
//!
//! Invariant: people are not bound to a region, so only a right that reaches everywhere sees or changes them. A link
//! that lets somebody in goes out once, in the answer that made it.

use actix_web::HttpResponse;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web::{Data, Path};
use serde::{Deserialize, Deserializer, Serialize};

use super::{ApiResult, ListAnswer, Nothing, limit, ok};
use crate::access::users::{Invitation, NewUser, Profile, UserQuery, UserState};
use crate::access::{Action, Caller, Grant, User};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::UserId;
use crate::keys::EmailAddress;

/// Refuses whoever's right does not reach everywhere.
pub fn everywhere(caller: &Caller, action: Action) -> Result<(), AppError> {
    caller.may(action)?;
    if caller.reach(action).is_everything() {
        return Ok(());
    }
    Err(AppError::Forbidden("people belong to no region; it takes a right that reaches everywhere".into()))
}

/// Which people.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Part of the login name, name or address.
    q: Option<String>,
    /// Only in this state.
    state: Option<UserState>,
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Somebody to invite.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The name they will log in with.
    login: String,
    /// Their name.
    name: String,
    /// Where the invitation goes; without it the link is handed over by whoever invites.
    email: Option<EmailAddress>,
    /// Their roles.
    #[serde(default)]
    grants: Vec<Grant>,
}

/// What is to be different.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = UserChange)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The version it was read at; or `If-Match`.
    version: Option<i32>,
    /// Their name.
    name: Option<String>,
    /// Where mails to them go; `null` for nowhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<EmailAddress>>,
    /// The whole list of roles; their log-ins end.
    grants: Option<Vec<Grant>>,
}

/// Tells a field that is `null` from one that is not there.
fn present<'de, D: Deserializer<'de>>(given: D) -> Result<Option<Option<EmailAddress>>, D::Error> {
    Option::deserialize(given).map(Some)
}

/// A link that lets somebody in, shown this once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LinkAnswer {
    /// The address to open.
    pub url: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Somebody who was invited.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Invited {
    /// The account.
    pub user: User,
    /// How to begin with it.
    pub invitation: LinkAnswer,
}

impl From<Invitation> for LinkAnswer {
    fn from(made: Invitation) -> Self {
        Self { url: made.url, expires_at: made.expires_at }
    }
}

fn tagged(user: &User) -> ApiResult {
    Ok(HttpResponse::Ok().insert_header((ETAG, format!("\"{}\"", user.version))).json(user))
}

/// People by login name.
#[utoipa::path(get, path = "/api/v1/users", tag = "access", params(ListQuery),
    responses((status = 200, body = ListAnswer<User>), (status = 422, body = crate::http::error::Problem)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadUsers, ListQuery>) -> ApiResult {
    everywhere(&asked.caller, Action::ReadUsers)?;
    let ListQuery { q, state: standing, limit: most, cursor } = asked.query;
    let most = i64::try_from(limit(most)?).map_err(AppError::internal)?;
    let page = state.accounts.users(UserQuery { text: q, state: standing, after: cursor, limit: most }).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next })
}

/// Invite somebody. The link stands in this answer only, and in the mail where an address is given.
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = Invite,
    responses((status = 201, body = Invited), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn invite(state: Data<State>, command: Command<right::ManageUsers, Invite>) -> ApiResult {
    everywhere(&command.caller, Action::ManageUsers)?;
    let Invite { login, name, email, grants } = command.body;
    let new = NewUser { login, name, email, grants };
    let (user, invitation) = state.accounts.invite(&command.caller.actor, new).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((LOCATION, format!("/api/v1/users/{}", user.id)));
    answer.insert_header((ETAG, format!("\"{}\"", user.version)));
    Ok(answer.json(Invited { user, invitation: invitation.into() }))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/users/{user}", tag = "access", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadUsers>, at: Path<UserId>) -> ApiResult {
    everywhere(&guard.caller, Action::ReadUsers)?;
    tagged(&state.accounts.user(at.into_inner()).await?)
}

/// Change somebody's name, address or roles; what is left out stays. With other roles their log-ins end.
#[utoipa::path(patch, path = "/api/v1/users/{user}", tag = "access", request_body = Change,
    params(("user" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = User), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(state: Data<State>, command: Command<right::ManageUsers, Change>, at: Path<UserId>) -> ApiResult {
    everywhere(&command.caller, Action::ManageUsers)?;
    let version = command.if_match()?.or(command.body.version);
    let missing = || AppError::field("version", "is missing; send the version you read, here or as If-Match");
    let version = version.ok_or_else(missing)?;
    let Change { name, email, grants, .. } = command.body;
    let mut user = state.accounts.user(at.into_inner()).await?;
    if user.version != version {
        let hint = format!("it was changed meanwhile and is at version {}; read it again", user.version);
        return Err(AppError::Conflict(hint).into());
    }
    let by = &command.caller.actor;
    if name.is_some() || email.is_some() {
        let profile = Profile { name: name.unwrap_or(user.name), email: email.unwrap_or(user.email) };
        user = state.accounts.set_profile(by, user.id, profile, Some(user.version)).await?;
    }
    if let Some(grants) = grants {
        user = state.accounts.set_grants(by, user.id, grants, Some(user.version)).await?;
    }
    tagged(&user)
}

/// Let somebody log in no more; their log-ins end.
#[utoipa::path(post, path = "/api/v1/users/{user}/disable", tag = "access", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = 409, body = crate::http::error::Problem)))]
pub async fn disable(state: Data<State>, command: Command<right::ManageUsers, Nothing>, at: Path<UserId>) -> ApiResult {
    everywhere(&command.caller, Action::ManageUsers)?;
    tagged(&state.accounts.disable(&command.caller.actor, at.into_inner()).await?)
}

/// Let somebody log in again.
#[utoipa::path(post, path = "/api/v1/users/{user}/enable", tag = "access", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = 404, body = crate::http::error::Problem)))]
pub async fn enable(state: Data<State>, command: Command<right::ManageUsers, Nothing>, at: Path<UserId>) -> ApiResult {
    everywhere(&command.caller, Action::ManageUsers)?;
    tagged(&state.accounts.enable(&command.caller.actor, at.into_inner()).await?)
}

/// Take somebody's password away and answer the link for a new one; who has not begun gets a new invitation.
#[utoipa::path(post, path = "/api/v1/users/{user}/reset", tag = "access", params(("user" = String, Path)),
    responses((status = 200, body = LinkAnswer), (status = 409, body = crate::http::error::Problem)))]
pub async fn reset(state: Data<State>, command: Command<right::ManageUsers, Nothing>, at: Path<UserId>) -> ApiResult {
    everywhere(&command.caller, Action::ManageUsers)?;
    ok(&LinkAnswer::from(state.accounts.reset(&command.caller.actor, at.into_inner()).await?))
}

/// End all log-ins of somebody.
#[utoipa::path(post, path = "/api/v1/users/{user}/end_sessions", tag = "access", params(("user" = String, Path)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem)))]
pub async fn end_sessions(
    state: Data<State>,
    command: Command<right::ManageUsers, Nothing>,
    at: Path<UserId>,
) -> ApiResult {
    everywhere(&command.caller, Action::ManageUsers)?;
    state.accounts.end_sessions_of(&command.caller.actor, at.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}
