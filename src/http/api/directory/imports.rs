//! Contacts, help channels and municipalities from a file: what it would do, and doing it.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::reach::may_change_shared;
use crate::access::{Action, Caller};
use crate::directory::import::{
    self, CHANNELS_TEMPLATE, CONTACTS_TEMPLATE, Importer, Mode, Plan, PostalCodesPlan, Register, RegisterPlan,
    TableFile,
};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Guard, right};
use crate::http::upload::Upload;
use crate::tickets::relocation;

/// Whether to look or to do.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// True shows what the file would do and changes nothing; false does it, all rows or none.
    preview: bool,
    /// The `fingerprint` of the preview: then it is done only if it is still what was seen there.
    fingerprint: Option<String>,
    /// Which sheet of a spreadsheet; the first when left out.
    sheet: Option<String>,
}

impl ImportQuery {
    fn split(self, bytes: Vec<u8>) -> (TableFile, Mode) {
        let mode = if self.preview { Mode::Preview } else { Mode::Apply(self.fingerprint) };
        (TableFile { name: "file".to_owned(), bytes, sheet: self.sheet }, mode)
    }
}

/// Contacts from CSV or XLSX, each row with the rights it would take one by one.
#[utoipa::path(post, path = "/api/v1/imports/contacts", tag = "directory", operation_id = "contacts", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 200, body = Plan), (status = 409, body = crate::http::error::Problem),
        (status = 413, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn contacts(state: Data<State>, upload: Upload<right::ChangeContact, ImportQuery>) -> ApiResult {
    let (importer, desk) = (Importer::caller(&upload.caller), state.desk());
    let (file, mode) = upload.query.split(upload.bytes);
    ok(&import::contacts(&desk.db, &importer, file, mode, desk.clock.now()).await?)
}

/// Help channels from CSV or XLSX, each row with the rights it would take one by one.
#[utoipa::path(post, path = "/api/v1/imports/channels", tag = "directory", operation_id = "channels", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 200, body = Plan), (status = 409, body = crate::http::error::Problem),
        (status = 413, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn channels(state: Data<State>, upload: Upload<right::ChangeAdoption, ImportQuery>) -> ApiResult {
    let (importer, desk) = (Importer::caller(&upload.caller), state.desk());
    let (file, mode) = upload.query.split(upload.bytes);
    ok(&import::channels(&desk.db, &importer, file, mode, desk.clock.now()).await?)
}

/// Whether to look or to do, with a list of municipalities.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegisterQuery {
    /// True shows what the file would do and changes nothing; false does it.
    preview: bool,
    /// The `fingerprint` of the preview: then it is done only if it is still what was seen there.
    fingerprint: Option<String>,
}

/// The official list of municipalities as CSV. What it names no more stays as it is.
#[utoipa::path(post, path = "/api/v1/imports/municipalities", tag = "directory", operation_id = "municipalities",
    params(RegisterQuery), request_body(content((String = "text/csv"))),
    responses((status = 200, body = RegisterPlan), (status = 403, body = crate::http::error::Problem),
        (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn municipalities(state: Data<State>, upload: Upload<right::ChangeDirectory, RegisterQuery>) -> ApiResult {
    may_change_shared(&upload.caller, Action::ChangeDirectory)?;
    let register = Register::of_list("file".to_owned(), upload.bytes)?;
    register_answer(&state, &upload.caller, register, upload.query).await
}

/// Who took whose place, as CSV or XLSX with old_ars, new_ars, valid_on: uses, people, rights and requests move.
#[utoipa::path(post, path = "/api/v1/imports/municipality-changes", tag = "directory",
    operation_id = "municipality_changes", params(RegisterQuery),
    request_body(content((String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 200, body = RegisterPlan), (status = 403, body = crate::http::error::Problem),
        (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn municipality_changes(
    state: Data<State>,
    upload: Upload<right::ChangeDirectory, RegisterQuery>,
) -> ApiResult {
    may_change_shared(&upload.caller, Action::ChangeDirectory)?;
    let file = TableFile { name: "file".to_owned(), bytes: upload.bytes, sheet: None };
    let register = Register { list: None, changes: Some(file) };
    register_answer(&state, &upload.caller, register, upload.query).await
}

/// Which postal codes lie in which municipality, as CSV or XLSX with plz and ars or ags: the whole list, which takes the
/// place of the one before. `updated` counts what is gone.
#[utoipa::path(post, path = "/api/v1/imports/postal-codes", tag = "directory", operation_id = "postal_codes",
    params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 200, body = PostalCodesPlan), (status = 403, body = crate::http::error::Problem),
        (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn postal_codes(state: Data<State>, upload: Upload<right::ChangeDirectory, ImportQuery>) -> ApiResult {
    may_change_shared(&upload.caller, Action::ChangeDirectory)?;
    let (importer, desk) = (Importer::caller(&upload.caller), state.desk());
    let (file, mode) = upload.query.split(upload.bytes);
    ok(&import::postal_codes(&desk.db, &importer, file, mode, desk.clock.now()).await?)
}

async fn register_answer(state: &State, caller: &Caller, register: Register, query: RegisterQuery) -> ApiResult {
    let (desk, now) = (state.desk(), state.desk().clock.now());
    if query.preview {
        return ok(&import::plan_municipalities(&desk.db, &register, now).await?);
    }
    let importer = Importer::caller(caller);
    let seen = query.fingerprint;
    let (_, plan) = import::apply_municipalities(&desk.db, &importer, &register, seen, now, &mut |_, _| ()).await?;
    relocation::relocate(&desk.db, &caller.actor, now).await?;
    ok(&plan)
}

/// A file to begin with, with German headings: `contacts` or `channels`.
#[utoipa::path(get, path = "/api/v1/imports/templates/{template}", tag = "directory", operation_id = "template",
    params(("template" = String, Path)), responses((status = 200, content((String = "text/csv"))), (status = 404, body = crate::http::error::Problem)))]
pub async fn template(_guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let (text, name) = match at.as_str() {
        "contacts" => (CONTACTS_TEMPLATE, "kontakte.csv"),
        "channels" => (CHANNELS_TEMPLATE, "hilfekanaele.csv"),
        _ => return Err(AppError::NotFound.into()),
    };
    // Spreadsheets know by the mark that it is UTF-8.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(format!("\u{feff}{text}")))
}
