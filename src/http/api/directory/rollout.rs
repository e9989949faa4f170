//! The roll-out of an adoption over JSON: its checklist, its project, who does what.
//!
//! Invariant: reading needs sight of the adoption, changing the right to change it. The state itself moves by
//! `PATCH /api/v1/adoptions/{adoption}`. A cell of the table never begins a formula.

use actix_web::http::header::{CONTENT_DISPOSITION, ETAG, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Format, reach, tagged, wants_table};
use crate::access::{Action, Caller};
use crate::directory::adoptions::{self, AdoptionQuery};
use crate::directory::rollout::{
    self, Checklist, Item, ItemChange, ItemView, Matrix, MatrixChange, Part, Party, ProjectChange,
};
use crate::directory::{AdoptionState, Page, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::AdoptionId;
use crate::keys::{ArsPrefix, Slug, fold};
use crate::spreadsheet;

/// Which checklists.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// A place or a part of a service's name.
    q: Option<String>,
    /// Only of this service.
    service: Option<Slug>,
    /// An ARS or its beginning.
    ars: Option<ArsPrefix>,
    /// Only of adoptions in this state.
    state: Option<AdoptionState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The checklists of adoptions, those first that somebody is to look at first: 200 at a time are put in order, those
/// not in use before those in use.
#[utoipa::path(get, path = "/api/v1/checklists", tag = "directory", operation_id = "checklists", params(ListQuery),
    responses((status = 200, body = Page<Checklist>), (status = 422, body = crate::http::error::Problem)))]
pub async fn checklists(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { q, service, ars, state: in_state, cursor } = asked.query;
    let query = AdoptionQuery {
        service,
        state: in_state,
        region: ars,
        reach: asked.caller.reach(Action::ReadDirectory),
        named: q.map(|text| state.directory().current().named(&text)),
        ..Default::default()
    };
    let page = PageRequest { limit: None, cursor };
    ok(&rollout::by_urgency(&state.desk().db, query, page, state.today()).await?)
}

/// The adoption, if the caller may do this to it.
async fn reached(state: &State, caller: &Caller, action: Action, at: &str) -> Result<AdoptionId, AppError> {
    let id = at.parse().map_err(|_| AppError::NotFound)?;
    let found = adoptions::read(&state.desk().db, id).await?;
    reach::sees(caller, action, &found.ars, Some(&found.service))?;
    Ok(id)
}

/// Every point with its verdict, how far it is, and what blocks.
#[utoipa::path(get, path = "/api/v1/adoptions/{adoption}/checklist", tag = "directory", params(("adoption" = String, Path)),
    responses((status = 200, body = Checklist), (status = 404, body = crate::http::error::Problem)))]
pub async fn checklist(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let id = reached(&state, &guard.caller, Action::ReadDirectory, &at).await?;
    let list = rollout::read(&state.desk().db, id, state.today()).await?;
    tagged(list.version, &list)
}

/// Change the project: planned start, seat on the steering committee.
#[utoipa::path(patch, path = "/api/v1/adoptions/{adoption}/checklist", tag = "directory", request_body = ProjectChange,
    params(("adoption" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Checklist), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change_project(
    state: Data<State>,
    command: Command<right::ChangeAdoption, ProjectChange>,
    at: Path<String>,
) -> ApiResult {
    let id = reached(&state, &command.caller, Action::ChangeAdoption, &at).await?;
    let version = command.if_match()?.or(command.body.version);
    let (desk, change) = (state.desk(), ProjectChange { version, ..command.body });
    let list = rollout::change_project(&desk.db, &command.caller.actor, id, change, desk.clock.now()).await?;
    tagged(list.version, &list)
}

/// Change one point; what is left out stays, `null` empties.
#[utoipa::path(patch, path = "/api/v1/adoptions/{adoption}/checklist/{item}", tag = "directory", request_body = ItemChange,
    params(("adoption" = String, Path), ("item" = Item, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = ItemView), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change_item(
    state: Data<State>,
    command: Command<right::ChangeAdoption, ItemChange>,
    at: Path<(String, String)>,
) -> ApiResult {
    let (adoption, item) = at.into_inner();
    let id = reached(&state, &command.caller, Action::ChangeAdoption, &adoption).await?;
    let item = item.parse().map_err(|_| AppError::NotFound)?;
    let version = command.if_match()?.or(command.body.version);
    let (desk, change) = (state.desk(), ItemChange { version, ..command.body });
    let view = rollout::change_item(&desk.db, &command.caller.actor, id, item, change, desk.clock.now()).await?;
    tagged(view.version, &view)
}

/// How a division of tasks is read.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatrixQuery {
    /// `json` or `csv`; as `Accept` says when left out.
    #[param(inline)]
    format: Option<Format>,
}

/// Who does what: responsible (V) and contributing (M) parties of each task.
#[utoipa::path(get, path = "/api/v1/adoptions/{adoption}/matrix", tag = "directory", params(("adoption" = String, Path), MatrixQuery),
    responses((status = 200, description = "also as text/csv", content((Matrix = "application/json"), (String = "text/csv")))))]
pub async fn matrix(
    state: Data<State>,
    asked: Asked<right::ReadDirectory, MatrixQuery>,
    at: Path<String>,
    request: HttpRequest,
) -> ApiResult {
    let id = reached(&state, &asked.caller, Action::ReadDirectory, &at).await?;
    let matrix = rollout::read_matrix(&state.desk().db, id).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((VARY, "Accept")).insert_header((ETAG, format!("\"{}\"", matrix.version)));
    if wants_table(asked.query.format, &request) {
        answer.content_type("text/csv; charset=utf-8");
        let name = file_name(&state, id, matrix.is_settled).await?;
        answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
        return Ok(answer.body(table(&matrix)?));
    }
    Ok(answer.json(matrix))
}

/// What the table is called: by place and service, and that it is a proposal while nobody has settled it.
async fn file_name(state: &State, id: AdoptionId, is_settled: bool) -> Result<String, AppError> {
    let adoption = adoptions::read(&state.desk().db, id).await?;
    let directory = state.directory().current();
    let place = directory.municipality(&adoption.ars).map(|place| fold(&place.name).replace(' ', "-"));
    // A header holds plain letters only; else the key says which place it is.
    let place = place.filter(|name| name.is_ascii() && !name.is_empty()).unwrap_or_else(|| adoption.ars.to_string());
    let kind = if is_settled { "aufgabenteilung" } else { "aufgabenteilung-vorschlag" };
    Ok(format!("{kind}-{place}-{}.csv", adoption.service))
}

/// The table, as it is drawn: V is responsible, M contributes.
fn table(matrix: &Matrix) -> Result<Vec<u8>, AppError> {
    let head = Party::ALL.iter().map(|party| party.title().de.into_owned());
    let row = |first: String, rest: &mut dyn Iterator<Item = String>| {
        let mut cells = [first, String::new(), String::new(), String::new(), String::new(), String::new()];
        cells.iter_mut().skip(1).zip(rest).for_each(|(cell, text)| *cell = text);
        cells
    };
    let mut rows = vec![row("Aufgabe".to_owned(), &mut { head })];
    for task in &matrix.tasks {
        let mut parts = Party::ALL.iter().map(|party| sign(task.part(*party)).to_owned());
        rows.push(row(task.title().de.into_owned(), &mut parts));
    }
    spreadsheet::table(&rows)
}

/// A part by its letter.
pub fn sign(part: Part) -> &'static str {
    match part {
        Part::Responsible => "V",
        Part::Contributes => "M",
        Part::None => "",
    }
}

/// Settle who does what; the tasks are then exactly those that are sent.
#[utoipa::path(put, path = "/api/v1/adoptions/{adoption}/matrix", tag = "directory", request_body = MatrixChange,
    params(("adoption" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Matrix), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn set_matrix(
    state: Data<State>,
    command: Command<right::ChangeAdoption, MatrixChange>,
    at: Path<String>,
) -> ApiResult {
    let id = reached(&state, &command.caller, Action::ChangeAdoption, &at).await?;
    let version = command.if_match()?.or(command.body.version);
    let (desk, change) = (state.desk(), MatrixChange { version, ..command.body });
    let matrix = rollout::set_matrix(&desk.db, &command.caller.actor, id, change, desk.clock.now()).await?;
    tagged(matrix.version, &matrix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::rollout::Task;

    #[test]
    fn no_cell_is_a_formula_and_each_part_has_its_letter() {
        let mut task = Task::of_nobody("=HYPERLINK(\"x\")");
        task.set(Party::Land, Part::Responsible);
        task.set(Party::ItDepartment, Part::Contributes);
        let text =
            String::from_utf8(table(&Matrix { is_settled: true, tasks: vec![task], version: 1 }).unwrap()).unwrap();
        assert_eq!(
            text,
            "Aufgabe,Fachabteilung,IT-Abteilung,IT-Dienstleister,Fachverfahrenshersteller,Land\n\"'=HYPERLINK(\"\"x\"\")\",,M,,,V\n"
        );
    }
}
