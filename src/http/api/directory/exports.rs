//! The published help for editorial systems, as a list or as a file.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use futures_util::stream::try_unfold;
use serde::Deserialize;

use crate::access::Action;
use crate::directory::export::{self, Export, Format, HelpQuery, Published, Since};
use crate::directory::{Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, right};
use crate::keys::{ArsPrefix, Slug};

/// Which of the published help, as what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `json`, a list in pages, when left out; `csv` or `xzufi` (experimental), the whole file.
    #[param(inline)]
    format: Option<Format>,
    /// Only what changed after this time, or from this day on.
    #[param(value_type = Option<String>)]
    since: Option<Since>,
    /// Only of this service.
    service: Option<Slug>,
    /// An ARS or its beginning.
    ars: Option<ArsPrefix>,
    /// Only what was never entered into an editorial system, or changed since.
    #[serde(default)]
    pending_transfer: bool,
    /// With `json`: at most so many items, up to 200. A page may hold fewer and still lead on.
    limit: Option<u32>,
    /// With `json`: the `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What the public is shown, of every live adoption within the caller's reach.
#[utoipa::path(get, path = "/api/v1/exports/help", tag = "directory", operation_id = "help", params(ExportQuery),
    responses((status = 200, content((Page<Published> = "application/json"), (String = "text/csv"), (String = "application/xml"))),
        (status = 422, body = crate::http::error::Problem)))]
pub async fn help(state: Data<State>, asked: Asked<right::ReadDirectory, ExportQuery>) -> ApiResult {
    let ExportQuery { format, since, service, ars, pending_transfer, limit, cursor } = asked.query;
    let reach = asked.caller.reach(Action::ReadDirectory);
    let query = HelpQuery {
        since: since.map(|since| since.0),
        service,
        region: ars,
        pending_transfer,
        reach,
        public_url: state.public_url().to_owned(),
    };
    let desk = state.desk();
    match format.unwrap_or(Format::Json) {
        Format::Json => ok(&export::page(&desk.db, query, PageRequest { limit, cursor }).await?),
        format if limit.is_some() || cursor.is_some() => {
            Err(AppError::field("limit", format!("{format} comes as a whole; leave limit and cursor out")).into())
        }
        format => file(Export::begin(&desk.db, query, format, desk.clock.now()), format),
    }
}

fn file(begun: Export, format: Format) -> ApiResult {
    let parts = try_unfold(begun, |mut begun| async move {
        let part = begun.part().await.inspect_err(|fault| tracing::error!(%fault, "an export broke off"))?;
        Ok::<_, AppError>(part.map(|part| (Bytes::from(part), begun)))
    });
    let (media, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"hilfe.csv\""),
        Format::Xzufi => ("application/xml", "attachment; filename=\"hilfe-xzufi-experimentell.xml\""),
        Format::Json => ("application/json", "attachment; filename=\"hilfe.json\""),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media))
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(parts))
}
