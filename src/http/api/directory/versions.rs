//! The versions of the directory's objects: who was responsible for what, when, by whose word and why.

use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{adoptions, contacts, reach};
use crate::access::Action;
use crate::directory::versions::{self, Kind, Version};
use crate::directory::{Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, right};
use crate::http::error::Problem;
use crate::keys::{LandCode, Slug};

/// Which part of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionsQuery {
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

type Question = Asked<right::ReadDirectory, VersionsQuery>;

async fn page(state: &State, kind: Kind, key: String, query: VersionsQuery) -> ApiResult {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    ok(&versions::list(&state.desk().db, kind, key, page).await?)
}

/// A contact's versions, newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/versions", tag = "directory",
    params(("contact" = String, Path), VersionsQuery),
    responses((status = 200, body = Page<Version>), (status = 404, body = Problem)))]
pub async fn of_contact(state: Data<State>, asked: Question, at: Path<String>) -> ApiResult {
    let contact = contacts::readable(&state, &asked.caller, &at).await?;
    page(&state, Kind::Contact, contact.slug.to_string(), asked.query).await
}

/// An adoption's versions, with its duties and channels, newest first.
#[utoipa::path(get, path = "/api/v1/adoptions/{adoption}/versions", tag = "directory",
    params(("adoption" = String, Path), VersionsQuery),
    responses((status = 200, body = Page<Version>), (status = 404, body = Problem)))]
pub async fn of_adoption(state: Data<State>, asked: Question, at: Path<String>) -> ApiResult {
    let id = adoptions::key(&at)?;
    let (ars, service) = crate::directory::adoptions::place(&state.desk().db, id).await?;
    reach::sees(&asked.caller, Action::ReadDirectory, &ars, Some(&service))?;
    page(&state, Kind::Adoption, id.to_string(), asked.query).await
}

/// A service's versions, newest first.
#[utoipa::path(get, path = "/api/v1/services/{service}/versions", tag = "directory",
    params(("service" = String, Path), VersionsQuery),
    responses((status = 200, body = Page<Version>), (status = 404, body = Problem)))]
pub async fn of_service(state: Data<State>, asked: Question, at: Path<String>) -> ApiResult {
    let slug: Slug = at.parse().map_err(|_| AppError::NotFound)?;
    let slug = crate::directory::services::known(&state.desk().db, slug).await?;
    page(&state, Kind::Service, slug.to_string(), asked.query).await
}

/// A Land's versions, newest first.
#[utoipa::path(get, path = "/api/v1/lands/{land}/versions", tag = "directory",
    params(("land" = String, Path), VersionsQuery),
    responses((status = 200, body = Page<Version>), (status = 404, body = Problem)))]
pub async fn of_land(state: Data<State>, asked: Question, at: Path<String>) -> ApiResult {
    let code: LandCode = at.parse().map_err(|_| AppError::NotFound)?;
    page(&state, Kind::Land, code.to_string(), asked.query).await
}
