//! The gap report: what is missing where, as JSON or as a table for a spreadsheet.
//!
//! Invariant: a cell of the table never begins a formula, whatever somebody entered as a name.

use actix_web::http::header::{CONTENT_DISPOSITION, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Format, wants_table};
use crate::access::Action;
use crate::directory::{Gap, GapKind, GapQuery, Page, PageRequest, Severity, gaps_page};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ListAnswer};
use crate::http::auth::{Asked, right};
use crate::keys::{ArsPrefix, Slug};
use crate::spreadsheet;
use crate::tickets::gaps::gaps as find_gaps;

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
    /// Only so bad.
    severity: Option<Severity>,
    /// Only about this contact.
    contact: Option<Slug>,
    /// `json` or `csv`; as `Accept` says when left out.
    #[param(inline)]
    format: Option<Format>,
    /// At most so many items, up to 200; all when left out.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What is missing where, within the caller's reach, by service and municipality. The table is always whole.
#[utoipa::path(get, path = "/api/v1/gaps", tag = "directory", params(GapsQuery),
    responses((status = 200, description = "also as text/csv", content((ListAnswer<Gap> = "application/json"), (String = "text/csv")))))]
pub async fn gaps(
    state: Data<State>,
    asked: Asked<right::ReadDirectory, GapsQuery>,
    request: HttpRequest,
) -> ApiResult {
    let is_table = wants_table(asked.query.format, &request);
    let page = PageRequest { limit: asked.query.limit, cursor: asked.query.cursor.clone() };
    let found = find(&state, asked).await?;
    if is_table {
        page.read()?;
        return spread(&found);
    }
    let Page { items, next_cursor } = gaps_page(found, &page)?;
    Ok(HttpResponse::Ok().insert_header((VARY, "Accept")).json(ListAnswer { items, next_cursor }))
}

/// The same as a table for a spreadsheet.
#[utoipa::path(get, path = "/api/v1/gaps.csv", tag = "directory", operation_id = "gaps_csv", params(GapsQuery),
    responses((status = 200, content((String = "text/csv")))))]
pub async fn csv(state: Data<State>, asked: Asked<right::ReadDirectory, GapsQuery>) -> ApiResult {
    PageRequest { limit: asked.query.limit, cursor: asked.query.cursor.clone() }.read()?;
    spread(&find(&state, asked).await?)
}

async fn find(state: &State, asked: Asked<right::ReadDirectory, GapsQuery>) -> Result<Vec<Gap>, AppError> {
    let reach = asked.caller.reach(Action::ReadDirectory);
    let GapsQuery { service, ars: region, kind, severity, contact, .. } = asked.query;
    let query = GapQuery { service, reach, region, kind, severity, contact, most: None };
    find_gaps(state.desk(), query, state.today()).await
}

fn spread(gaps: &[Gap]) -> ApiResult {
    Ok(HttpResponse::Ok()
        .insert_header((VARY, "Accept"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"luecken.csv\""))
        .content_type("text/csv; charset=utf-8")
        .body(table(gaps)?))
}

/// New columns stand at the end, so that what reads the first ones goes on.
fn table(gaps: &[Gap]) -> Result<Vec<u8>, AppError> {
    let head = ["service", "ars", "municipality", "kind", "contact", "message", "severity", "remedy", "since"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(gaps.iter().map(|gap| {
        let contact = gap.contact.as_ref().map_or("", Slug::as_str);
        let since = gap.since.map_or_else(String::new, |since| since.to_string());
        let (kind, severity) = (gap.kind.as_str(), gap.severity.as_str());
        let cells = [gap.service.as_str(), gap.ars.as_str(), &gap.municipality, kind, contact, &gap.message];
        let [a, b, c, d, e, f] = cells.map(str::to_owned);
        [a, b, c, d, e, f, severity.to_owned(), gap.remedy.clone(), since]
    }));
    spreadsheet::table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let gap = Gap::new(
            "wohnsitzanmeldung".parse().unwrap(),
            "010020000000".parse().unwrap(),
            "=HYPERLINK(\"x\")".into(),
            GapKind::NoCentral,
            None,
            "+1, \"oder\" mehr".into(),
        );
        let text = String::from_utf8(table(&[gap]).unwrap()).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert!(line.contains(r#""'=HYPERLINK(""x"")""#) && line.contains(r#""'+1, ""oder"" mehr""#), "{line}");
    }
}
