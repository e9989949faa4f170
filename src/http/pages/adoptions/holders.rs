//! Names who has the duty behind a point, or takes somebody off it.
//!
//! Invariant: only contacts within the sight of whoever names them, as over the API.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::point::{Typed, show_point};
use super::{HERE, reached};
use crate::access::Action;
use crate::directory::adoptions::{self, AdoptionChange};
use crate::directory::rollout::{Item, Judge};
use crate::directory::{Adoption, Assigned, Duty};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::right;
use crate::http::pages::directory::named::meant;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::StaffForm;
use crate::ids::AdoptionId;

/// Puts the new list in its place.
pub(in crate::http::pages) fn with(duty: Duty, list: Vec<Assigned>, version: Option<i32>) -> AdoptionChange {
    let mut change = AdoptionChange { version, ..Default::default() };
    let field = match duty {
        Duty::Central => &mut change.central,
        Duty::Technical => &mut change.technical,
        Duty::Functional => &mut change.functional,
        Duty::ProjectLead => &mut change.project_lead,
        Duty::SpecialistProcedure => &mut change.specialist_procedure,
        Duty::DataProtection => &mut change.data_protection,
        Duty::DataProcessor => &mut change.data_processor,
        Duty::Emergency => &mut change.emergency,
    };
    *field = Some(list);
    change
}

/// The list as it is to be: without the one whose button was pressed, or with the one that was typed.
async fn wanted(
    state: &State,
    shell: &mut Shell,
    form: &StaffForm<right::ChangeAdoption, HashMap<String, String>>,
    adoption: &Adoption,
    duty: Duty,
) -> Result<Option<Vec<Assigned>>, AppError> {
    let get = |name: &str| form.body.get(name).map(|text| text.trim()).unwrap_or_default();
    let mut list = adoption.duties.of(duty).to_vec();
    if let Ok(at) = get("ohne").parse::<usize>() {
        if at < list.len() {
            list.remove(at);
        }
        return Ok(Some(list));
    }
    let Some(contact) = meant(state, &form.person, shell, get("kontakt")).await? else { return Ok(None) };
    let person = Some(get("person").to_owned()).filter(|person| !person.is_empty());
    let named = vec![("kontakt", vec![contact.clone()])];
    if !list.iter().any(|one| one.contact == contact)
        && reach::may_name(state, &form.person.caller, named).await.is_err()
    {
        shell.fault("kontakt", "fault-contact-unknown");
        return Ok(None);
    }
    match list.iter_mut().find(|one| one.contact == contact) {
        Some(known) => known.person = person,
        None => list.push(Assigned { person, ..contact.into() }),
    }
    Ok(Some(list))
}

/// Changes who has the duty.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    at: Path<(AdoptionId, String)>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (id, item) = at.into_inner();
    let item: Item = item.parse().map_err(|_| AppError::NotFound)?;
    let Judge::Holders(duty) = item.judge() else { return Err(AppError::NotFound.into()) };
    let found = reached(&state, &form.person.caller, Action::ChangeAdoption, id).await?;
    let mut shell = Shell::new(&state, &request, &form.person.visitor);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(list) = wanted(&state, &mut shell, &form, &found, duty).await? {
        let version = form.body.get("version").and_then(|version| version.parse().ok());
        let (desk, now) = (state.desk(), state.desk().clock.now());
        match adoptions::change(&desk.db, &form.person.caller.actor, id, with(duty, list, version), now).await {
            Ok(_) => return Ok(lead_done(&format!("{HERE}/{id}/punkte/{item}"), "holder")),
            Err(AppError::Conflict(_)) => {
                shell.fault("", "fault-adoption-stale");
                status = StatusCode::CONFLICT;
            }
            Err(AppError::Invalid(_)) => shell.fault("kontakt", "fault-contact-unknown"),
            Err(fault) => return Err(fault.into()),
        }
    }
    let get = |name: &str| form.body.get(name).cloned().unwrap_or_default();
    let typed = Typed { holder: (get("kontakt"), get("person")), ..Typed::default() };
    Ok(show_point(status, &state, &form.person, shell, found, item, typed).await?)
}
