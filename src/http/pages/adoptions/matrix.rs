//! Who does what: the division of tasks as a table to fill in.
//!
//! Invariant: as over the API, each task has exactly one that is responsible; what was chosen comes back with the
//! task that is at fault. An empty row adds nothing; where somebody has a part in it, its name is asked for.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{HERE, of, reached};
use crate::access::Action;
use crate::directory::Adoption;
use crate::directory::rollout::{self, MOST_TASKS, MatrixChange, Part, Party, Task};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::rollout::sign;
use crate::http::auth::right;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Staff, StaffForm};
use crate::ids::AdoptionId;

#[derive(Template)]
#[template(path = "adoption_matrix.html")]
struct MatrixPage {
    shell: Shell,
    back: String,
    here: String,
    place: String,
    service: String,
    parties: Vec<String>,
    rows: Vec<Row>,
    is_settled: bool,
    version: i32,
}

/// A task to fill in.
struct Row {
    id: String,
    /// The task's word or words, as it is sent back.
    task: String,
    title: String,
    is_new: bool,
    fault: Option<String>,
    cells: Vec<Cell>,
}

/// A party's part in a task.
struct Cell {
    name: String,
    label: String,
    options: Vec<(&'static str, &'static str, bool)>,
}

impl Row {
    fn new(shell: &Shell, at: usize, task: &Task) -> Self {
        let id = format!("aufgabe-{at}");
        let title =
            if task.task.is_empty() { shell.say("matrix-own") } else { of(shell.language, &task.title()).to_owned() };
        let cell = |party: &Party| {
            let label = [("task", title.clone()), ("party", shell.say(&format!("party-{party}")))];
            let option = |part: &Part| (part.as_str(), sign(*part), *part == task.part(*party));
            Cell {
                name: format!("{party}-{at}"),
                label: shell.language.with_all("matrix-cell", &label),
                options: Part::ALL.iter().rev().map(option).collect(),
            }
        };
        Self {
            cells: Party::ALL.iter().map(cell).collect(),
            fault: shell.fault_of(&id).map(str::to_owned),
            task: task.task.clone(),
            is_new: task.task.is_empty(),
            title,
            id,
        }
    }
}

/// The table to fill in.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ChangeAdoption>,
    id: Path<AdoptionId>,
) -> PageResult {
    let found = reached(&state, &page.person.caller, Action::ChangeAdoption, id.into_inner()).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let matrix = rollout::read_matrix(&state.desk().db, found.id).await?;
    Ok(show_matrix(StatusCode::OK, &state, shell, &found, matrix.tasks, matrix.is_settled, matrix.version).await?)
}

async fn show_matrix(
    status: StatusCode,
    state: &State,
    shell: Shell,
    adoption: &Adoption,
    mut tasks: Vec<Task>,
    is_settled: bool,
    version: i32,
) -> Result<HttpResponse, AppError> {
    let list = rollout::read(&state.desk().db, adoption.id, state.today()).await?;
    // A row that still lacks its name is the empty one.
    if tasks.len() < MOST_TASKS && tasks.iter().all(|task| !task.task.is_empty()) {
        tasks.push(Task::of_nobody(""));
    }
    let back = format!("{HERE}/{}", adoption.id);
    let here = format!("{back}/aufgaben");
    let shown = MatrixPage {
        place: list.municipality,
        service: list.service_name,
        parties: Party::ALL.iter().map(|party| shell.say(&format!("party-{party}"))).collect(),
        rows: tasks.iter().enumerate().map(|(at, task)| Row::new(&shell, at, task)).collect(),
        is_settled,
        version,
        shell: shell.at(here.as_str()),
        back,
        here,
    };
    Ok(show(status, &shown.shell, &shown))
}

/// The tasks as they were filled in, in their order.
fn filled(typed: &HashMap<String, String>) -> Vec<Task> {
    let task = |at: usize| {
        let name = typed.get(&format!("aufgabe-{at}"))?.trim();
        let mut task = Task::of_nobody(name);
        for party in Party::ALL {
            let part = typed.get(&format!("{party}-{at}")).and_then(|part| part.parse().ok());
            task.set(*party, part.unwrap_or(Part::None));
        }
        let is_empty = name.is_empty() && Party::ALL.iter().all(|party| task.part(*party) == Part::None);
        let is_away = typed.contains_key(&format!("weg-{at}"));
        (!is_empty && !is_away).then_some(task)
    };
    (0..=MOST_TASKS).filter_map(task).collect()
}

/// Settles it.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    id: Path<AdoptionId>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (person, typed, id) = (form.person, form.body, id.into_inner());
    let found = reached(&state, &person.caller, Action::ChangeAdoption, id).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let (tasks, version) = (filled(&typed), typed.get("version").and_then(|version| version.parse().ok()));
    let change = MatrixChange { version, tasks: tasks.clone() };
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let status = match rollout::set_matrix(&desk.db, &person.caller.actor, id, change, now).await {
        Ok(_) => return Ok(lead_done(&format!("{HERE}/{id}"), "matrix")),
        Err(AppError::Conflict(_)) => {
            shell.fault("", "fault-adoption-stale");
            StatusCode::CONFLICT
        }
        Err(AppError::Invalid(faults)) => {
            for fault in faults {
                let at = fault.field.trim_start_matches("tasks[").split(']').next().and_then(|at| at.parse().ok());
                let Some(task) = at.and_then(|at: usize| tasks.get(at)) else {
                    shell.fault("", "fault-matrix-tasks");
                    continue;
                };
                let (key, title) = match (task.task.is_empty(), fault.field.ends_with(".task")) {
                    (true, true) => ("fault-matrix-nameless", String::new()),
                    (true, false) => ("fault-matrix-responsible", shell.say("matrix-own")),
                    (false, true) => ("fault-matrix-name", of(shell.language, &task.title()).to_owned()),
                    (false, false) => ("fault-matrix-responsible", of(shell.language, &task.title()).to_owned()),
                };
                let text = shell.with(key, "task", title);
                shell.fault_text(format!("aufgabe-{}", at.unwrap_or_default()), text);
            }
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(fault) => return Err(fault.into()),
    };
    let known = rollout::read_matrix(&desk.db, id).await?;
    let tasks = if status == StatusCode::CONFLICT { known.tasks } else { tasks };
    Ok(show_matrix(status, &state, shell, &found, tasks, known.is_settled, known.version).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_name_and_parts_and_those_to_be_taken_away_fall_away() {
        let pairs = [
            ("aufgabe-0", "applications"),
            ("land-0", "responsible"),
            ("it_provider-0", "unfug"),
            ("aufgabe-1", "costs"),
            ("weg-1", "1"),
            ("aufgabe-2", " Schulung "),
            ("aufgabe-3", " "),
            ("aufgabe-4", ""),
            ("land-4", "responsible"),
        ];
        let typed = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let tasks = filled(&typed);
        assert_eq!(tasks.iter().map(|task| task.task.as_str()).collect::<Vec<_>>(), ["applications", "Schulung", ""]);
        assert_eq!((tasks[0].land, tasks[0].it_provider), (Part::Responsible, Part::None));
    }
}
