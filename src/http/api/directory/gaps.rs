//! The gap report: what is missing where, as JSON or as a table for a spreadsheet.
//!
//! Invariant: a cell of the table never begins a formula, whatever somebody entered as a name.

use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::access::Action;
use crate::directory::{Gap, GapKind, GapQuery};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ListAnswer};
use crate::http::auth::{Asked, right};
use crate::keys::{ArsPrefix, Slug};
use crate::spreadsheet;
use crate::tickets::gaps::gaps as find_gaps;

/// As what the report comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
}

/// Which gaps.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GapsQuery {
    /// Only of this service.
    service: Option<Slug>,
    /// An ARS or its beginning.
    ars: Option<ArsPrefix>,
    /// Only of this kind.
    kind: Option<GapKind>,
    /// `json` or `csv`; as `Accept` says when left out.
    #[param(inline)]
    format: Option<Format>,
}

/// What is missing where, within the caller's reach.
#[utoipa::path(get, path = "/api/v1/gaps", tag = "directory", params(GapsQuery),
    responses((status = 200, description = "also as text/csv", content((ListAnswer<Gap> = "application/json"), (String = "text/csv")))))]
pub async fn gaps(
    state: Data<State>,
    asked: Asked<right::ReadDirectory, GapsQuery>,
    request: HttpRequest,
) -> ApiResult {
    let GapsQuery { service, ars, kind, format } = asked.query;
    let reach = asked.caller.reach(Action::ReadDirectory);
    let query = GapQuery { service, reach, region: ars, kind };
    let items = find_gaps(state.desk(), query, state.today()).await?;
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "Accept"));
    if format.map_or(accepted.starts_with("text/csv"), |format| format == Format::Csv) {
        answer.content_type("text/csv; charset=utf-8");
        answer.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"luecken.csv\""));
        return Ok(answer.body(table(&items)?));
    }
    Ok(answer.json(ListAnswer { items, next_cursor: None }))
}

fn table(gaps: &[Gap]) -> Result<Vec<u8>, AppError> {
    let mut rows = vec![["service", "ars", "municipality", "kind", "contact", "message"]];
    rows.extend(gaps.iter().map(|gap| {
        let contact = gap.contact.as_ref().map_or("", Slug::as_str);
        [gap.service.as_str(), gap.ars.as_str(), &gap.municipality, gap.kind.as_str(), contact, &gap.message]
    }));
    spreadsheet::table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let gap = Gap {
            service: "wohnsitzanmeldung".parse().unwrap(),
            ars: "010020000000".parse().unwrap(),
            municipality: "=HYPERLINK(\"x\")".into(),
            kind: GapKind::ALL[0],
            contact: None,
            message: "+1, \"oder\" mehr".into(),
        };
        let text = String::from_utf8(table(&[gap]).unwrap()).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert!(line.contains(r#""'=HYPERLINK(""x"")""#) && line.ends_with(r#""'+1, ""oder"" mehr""#), "{line}");
    }
}
