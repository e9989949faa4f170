//! Figures over JSON, and as a file for spreadsheets.
//!
//! Invariant: sums of what lies within the caller's reach, never of people (`figures/`).

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use serde::Deserialize;

use super::{ApiResult, ok};
use crate::error::AppError;
use crate::figures::{Asked as Wanted, Figures, Narrowed, Period, PeriodKind, export, figures};
use crate::http::State;
use crate::http::auth::{Asked, right};
use crate::http::pages::figures::names::Names;
use crate::http::words::Language;
use crate::keys::{ArsPrefix, Slug};
use crate::tickets::ticket::{Category, Channel};

crate::text_enum! {
    /// As what figures are handed out.
    pub enum FiguresFormat {
        /// JSON.
        Json = "json",
        /// One table.
        Csv = "csv",
        /// A workbook.
        Xlsx = "xlsx",
    }
}

/// Of which days and which requests.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FiguresQuery {
    /// `month`, `quarter` (when left out) or `year`, the one in which `on` lies; `days` with `from` and `to`.
    pub period: Option<PeriodKind>,
    /// A day; today when left out.
    pub on: Option<NaiveDate>,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day, at most five years later.
    pub to: Option<NaiveDate>,
    /// Only in this region: 2, 3, 5, 9 or 12 digits of an ARS.
    pub ars: Option<ArsPrefix>,
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only about this.
    pub category: Option<Category>,
    /// Only what came in this way.
    pub origin: Option<Channel>,
    /// Only where this contact was the first of the 2nd level that was asked.
    pub contact: Option<Slug>,
    /// `json` (when left out), or `csv` or `xlsx` with all rows.
    #[param(inline)]
    pub format: Option<FiguresFormat>,
    /// The language of a file: `de` or `en`.
    pub lang: Option<String>,
}

impl FiguresQuery {
    /// Which days.
    pub fn period(&self, today: NaiveDate) -> Result<Period, AppError> {
        let is_days = self.period == Some(PeriodKind::Days) || self.period.is_none() && self.from.is_some();
        if !is_days {
            return Ok(Period::around(self.period.unwrap_or(PeriodKind::Quarter), self.on.unwrap_or(today)));
        }
        let from = self.from.ok_or_else(|| AppError::field("from", "is missing; a day such as 2026-11-01"))?;
        Period::between(from, self.to.unwrap_or(today.max(from)))
    }

    /// Of which requests.
    pub fn narrowed(&self) -> Narrowed {
        Narrowed {
            region: self.ars.clone(),
            service: self.service.clone(),
            category: self.category,
            origin: self.origin,
            contact: self.contact.clone(),
        }
    }
}

/// How many requests came in, how many were answered in time and how long it took.
#[utoipa::path(get, path = "/api/v1/figures", tag = "tickets", operation_id = "figures", params(FiguresQuery),
    responses((status = 200, description = "also as text/csv and as a workbook", content((Figures = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 422, body = crate::http::error::Problem)))]
pub async fn show(
    state: Data<State>,
    request: HttpRequest,
    asked: Asked<right::ReadFigures, FiguresQuery>,
) -> ApiResult {
    let format = asked.query.format.unwrap_or(FiguresFormat::Json);
    let (period, narrowed) = (asked.query.period(state.today())?, asked.query.narrowed());
    let wanted = Wanted { period, narrowed, is_whole: format != FiguresFormat::Json };
    let found = figures(state.desk(), &asked.caller, wanted).await?;
    let names = Names(Language::of(&request));
    let (bytes, media) = match format {
        FiguresFormat::Json => return ok(&found),
        FiguresFormat::Csv => (export::csv(&found, &names)?, "text/csv; charset=utf-8"),
        FiguresFormat::Xlsx => {
            let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            (export::xlsx(&found, &names)?, media)
        }
    };
    let file = format!("attachment; filename=\"zahlen-{}-{}.{format}\"", found.period.from, found.period.to);
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, media)).insert_header((CONTENT_DISPOSITION, file)).body(bytes))
}
