//! The dry run: who would be asked, in which order and why. Changes nothing.

use actix_web::web::Data;
use serde::Deserialize;

use super::reach;
use crate::access::Action;
use crate::clock::Timestamp;
use crate::directory::{DryRun, Kind, Route, dry_run};
use crate::escalation::forecast::{Forecast, Question, forecast};
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, right};
use crate::keys::{Ars, Slug};
use crate::tickets::ticket::Priority;

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
    /// On which day; today when left out. A past day is answered by what the directory said at its end.
    on: Option<chrono::NaiveDate>,
    /// Whether an adoption that is not yet live counts as if it were.
    as_if_live: Option<bool>,
}

/// The same with its times.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StagesQuery {
    /// About which service.
    service: Slug,
    /// In which municipality.
    ars: Ars,
    /// Technical or functional.
    kind: Kind,
    /// At which moment; now when left out. A past day is answered by what the directory said at its end.
    at: Option<Timestamp>,
    /// How urgent; P3 when left out.
    priority: Option<Priority>,
    /// Whether an adoption that is not yet live counts as if it were.
    as_if_live: Option<bool>,
}

/// Who would be asked, why, and from when until when each stage would last.
#[utoipa::path(get, path = "/api/v1/route/stages", tag = "directory", operation_id = "stages", params(StagesQuery),
    responses((status = 200, body = Forecast), (status = 422, body = crate::http::error::Problem)))]
pub async fn stages(state: Data<State>, asked: Asked<right::ReadDirectory, StagesQuery>) -> ApiResult {
    let StagesQuery { service, ars, kind, at, priority, as_if_live } = asked.query;
    reach::may_place(&asked.caller, Action::ReadDirectory, &ars, &service)?;
    let (priority, as_if_live) = (priority.unwrap_or(Priority::P3), as_if_live.unwrap_or(false));
    ok(&forecast(&state.escalations, Question { service, ars, kind, at, priority, as_if_live }).await?)
}

/// Who would be asked, in which order and why.
#[utoipa::path(get, path = "/api/v1/route", tag = "directory", params(RouteQuery),
    responses((status = 200, body = Route), (status = 422, body = crate::http::error::Problem)))]
pub async fn route(state: Data<State>, asked: Asked<right::ReadDirectory, RouteQuery>) -> ApiResult {
    let RouteQuery { service, ars, kind, on, as_if_live } = asked.query;
    reach::may_place(&asked.caller, Action::ReadDirectory, &ars, &service)?;
    let settings = state.desk().settings.directory.clone();
    let asked = DryRun { today: state.today(), on, as_if_live: as_if_live.unwrap_or(false) };
    let found = state.desk().db.read(move |conn| dry_run(conn, &service, &ars, kind, asked, &settings)).await?;
    ok(&found)
}
