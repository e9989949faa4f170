//! A new adoption: which municipality is to use which service. It begins as a draft.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::typed::Typed;
use super::{place_name, service_choice};
use crate::access::Action;
use crate::access::idempotency::Outcome;
use crate::directory::adoptions::{self, NewAdoption};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::adoptions::HERE;
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Staff, StaffForm};
use crate::keys::{Ars, Slug};

#[derive(Template)]
#[template(path = "adoption_new.html")]
struct NewPage {
    shell: Shell,
    service: Choice,
    place: Field,
    reason: Field,
}

fn show_form(status: StatusCode, state: &State, shell: Shell, typed: &Typed) -> HttpResponse {
    let directory = state.directory().current();
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let page = NewPage {
        service: service_choice(&shell, &directory, "choose", typed.get("dienst")),
        place: field("ort", "rollout-place").hint(shell.say("place-hint")),
        reason: field("grund", "field-reason").hint(shell.say("reason-hint")).may_be_empty(),
        shell: shell.at(format!("{HERE}/neu")),
    };
    show(status, &page.shell, &page)
}

/// What an address may fill in: a service, and a place by its key.
pub(super) fn from_address(state: &State, fields: HashMap<String, String>) -> Typed {
    let mut typed = Typed::from(fields);
    if let Ok(ars) = typed.get("ars").parse::<Ars>() {
        // The name where it means just this place, else the key.
        let directory = state.directory().current();
        let name = place_name(&directory, &ars);
        let is_clear = matches!(directory.find_places(&name).as_slice(), [one] if one.ars == ars);
        typed.set("ort", if is_clear { name } else { ars.to_string() });
    }
    typed
}

/// The form.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ChangeAdoption>) -> PageResult {
    let typed = from_address(&state, parse_query(request.query_string())?);
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_form(StatusCode::OK, &state, shell, &typed))
}

/// Makes it.
pub async fn create(
    state: Data<State>,
    request: HttpRequest,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let ars = typed.place(&mut shell, &state.directory().current(), "ort");
    let service = typed.value::<Slug>(&mut shell, "dienst", "fault-choose-service");
    if !typed.is_set("ort") {
        shell.fault("ort", "fault-place");
    }
    if !typed.is_set("dienst") {
        shell.fault("dienst", "fault-choose-service");
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (Some(ars), Some(service)) = (ars, service) {
        if reach::may_place(&person.caller, Action::ChangeAdoption, &ars, &service).is_err() {
            shell.fault("ort", "fault-place-foreign");
            return Ok(show_form(status, &state, shell, &typed));
        }
        let new = blank(service, ars, typed.text("grund"));
        let (desk, now) = (state.desk(), state.desk().clock.now());
        match adoptions::create(&desk.db, &person.caller.actor, new, None, now).await {
            Ok(Outcome::Done(made)) => return Ok(lead_done(&format!("{HERE}/{}", made.id), "adoption-made")),
            Ok(Outcome::Repeated(_)) => return Ok(lead_done(HERE, "adoption-made")),
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                shell.fault("ort", "fault-adoption-there");
            }
            Err(AppError::Invalid(faults)) => {
                super::typed::mark(
                    &mut shell,
                    &faults,
                    &[("ars", "ort", "fault-place"), ("service", "dienst", "fault-choose-service")],
                );
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(show_form(status, &state, shell, &typed))
}

fn blank(service: Slug, ars: Ars, reason: Option<String>) -> NewAdoption {
    NewAdoption {
        service,
        ars,
        state: None,
        central: None,
        technical: None,
        functional: None,
        emergency: None,
        project_lead: None,
        specialist_procedure: None,
        data_protection: None,
        data_processor: None,
        channels: None,
        reason,
    }
}
