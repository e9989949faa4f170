//! The dry run: who would be asked, in which order and why. Changes nothing.

use actix_web::web::Data;
use serde::Deserialize;

use super::reach;
use crate::access::Action;
use crate::directory::{Kind, Route, route as find_route};
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, right};
use crate::keys::{Ars, Slug};

/// Which question.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RouteQuery {
    /// About which service.
    service: Slug,
    /// In which municipality.
    ars: Ars,
    /// Technical or functional.
    kind: Kind,
}

/// Who would be asked, in which order and why.
#[utoipa::path(get, path = "/api/v1/route", tag = "directory", params(RouteQuery),
    responses((status = 200, body = Route), (status = 422, body = crate::http::error::Problem)))]
pub async fn route(state: Data<State>, asked: Asked<right::ReadDirectory, RouteQuery>) -> ApiResult {
    let RouteQuery { service, ars, kind } = asked.query;
    reach::may_place(&asked.caller, Action::ReadDirectory, &ars, &service)?;
    let (settings, today) = (state.desk().settings.directory.clone(), state.today());
    let found = state.desk().db.read(move |conn| find_route(conn, &service, &ars, kind, today, &settings)).await?;
    ok(&found)
}
