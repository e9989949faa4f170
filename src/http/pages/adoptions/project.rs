//! Planned start of an adoption, and its seat on the steering committee.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::adoption::{Typed, show_adoption};
use super::{HERE, reached};
use crate::access::Action;
use crate::directory::rollout::{self, Checklist, ProjectChange, SteeringChange};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::right;
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::StaffForm;
use crate::ids::AdoptionId;

/// The fields of the form, as typed or as known.
pub(super) fn fields(shell: &Shell, list: &Checklist, typed: Option<[String; 3]>) -> [Field; 3] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let known = || {
        let start = list.planned_start.map(|start| start.to_string()).unwrap_or_default();
        [start, text(&list.steering.member), text(&list.steering.delegate)]
    };
    let [start, member, delegate] = typed.unwrap_or_else(known);
    [
        Field::text(shell, "start", &shell.say("rollout-start"), &start).kind("date").may_be_empty(),
        Field::text(shell, "mitglied", &shell.say("rollout-member"), &member)
            .hint(shell.say("rollout-member-hint"))
            .may_be_empty(),
        Field::text(shell, "vertretung", &shell.say("rollout-delegate"), &delegate).may_be_empty(),
    ]
}

/// Changes planned start and the seat on the steering committee.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    id: Path<AdoptionId>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (person, typed, id) = (form.person, form.body, id.into_inner());
    let found = reached(&state, &person.caller, Action::ChangeAdoption, id).await?;
    let get = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let start = Some(get("start")).filter(|text| !text.is_empty()).map(|text| text.parse());
    if matches!(start, Some(Err(_))) {
        shell.fault("start", "fault-day");
    }
    let wanted = ProjectChange {
        version: get("version").parse().ok(),
        planned_start: Some(start.and_then(Result::ok)),
        steering: Some(SteeringChange { member: Some(Some(get("mitglied"))), delegate: Some(Some(get("vertretung"))) }),
    };
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if shell.faults.is_empty() {
        match rollout::change_project(&desk.db, &person.caller.actor, id, wanted, now).await {
            Ok(_) => return Ok(lead_done(&format!("{HERE}/{id}"), "project")),
            Err(AppError::Conflict(_)) => {
                shell.fault("", "fault-adoption-stale");
                status = StatusCode::CONFLICT;
            }
            Err(AppError::Invalid(faults)) => shell.mark(&faults, |fault| match fault.field.as_str() {
                "steering.member" => ("mitglied".to_owned(), "fault-short-text"),
                "steering.delegate" => ("vertretung".to_owned(), "fault-short-text"),
                _ => (String::new(), "fault-adoption-stale"),
            }),
            Err(fault) => return Err(fault.into()),
        }
    }
    let project = Some([get("start"), get("mitglied"), get("vertretung")]);
    let typed = Typed { project, ..Typed::default() };
    Ok(show_adoption(status, &state, &person, shell, found, false, typed).await?)
}
