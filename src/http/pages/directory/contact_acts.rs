//! What can be done to one contact from its page: ask it, note an absence, plan a change and take it back, end it.
//!
//! Invariant: each is what the API does, with the version that was read; a refusal stands beside the form, which keeps
//! what was typed.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde_json::{Map, Value};

use super::changed::meanwhile;
use super::contact::{Entered, show_contact};
use super::contacts::HERE;
use super::named::{mark_deputy, meant_or_none};
use super::typed::{Typed, mark};
use crate::directory::contacts::{self, ContactChange};
use crate::directory::planned::{self, NewPlanned};
use crate::directory::versions::Kind;
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::contacts::{changeable, may_change};
use crate::http::auth::right;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::StaffForm;
use crate::ids::PlannedId;
use crate::keys::Slug;

/// A form of somebody who may change contacts.
type Form = StaffForm<right::ChangeContact, HashMap<String, String>>;

/// Where a fault of a contact belongs in the forms of this page.
const FIELDS: [(&str, &str, &str); 10] = [
    ("absent_from", "von", "fault-absence"),
    ("absent_until", "bis", "fault-absence-until"),
    ("deputy", "vertretung", "fault-contact-unknown"),
    ("takes_effect_on", "ab", "fault-plan-day"),
    ("change.email", "plan-mail", "fault-mail-address"),
    ("change.deputy", "plan-vertretung", "fault-contact-unknown"),
    ("change", "ab", "fault-plan-empty"),
    ("name", "plan-name", "fault-short-text"),
    ("phone", "plan-telefon", "fault-phone"),
    ("reason", "plan-grund", "fault-reason"),
];

/// Asks it by mail, now, whether what is recorded is right.
pub async fn ask(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let found = changeable(&state, &form.person.caller, &at).await?;
    match state.confirmations.ask(&form.person.caller.actor, found.slug.clone()).await {
        Ok(_) => Ok(lead_done(&format!("{HERE}/{}", found.slug), "asked")),
        Err(AppError::Conflict(_)) => {
            let mut shell = Shell::new(&state, &request, &form.person.visitor);
            shell.fault("bestaetigung", "fault-ask");
            Ok(show_contact(StatusCode::CONFLICT, &state, &form.person, shell, found, Entered::default()).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Notes from when until when it is away, and who stands in; empty days end the absence.
pub async fn absence(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = changeable(&state, &person.caller, &at).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let is_over = typed.is_set("zurueck");
    let (from, until) = (typed.day(&mut shell, "von"), typed.day(&mut shell, "bis"));
    let deputy = meant_or_none(&state, &person, &mut shell, &typed, "vertretung").await?;
    if !is_over && !typed.is_set("von") {
        shell.fault("von", "fault-absence-from");
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if shell.faults.is_empty() {
        let days = if is_over { (None, None) } else { (from, until) };
        let change = ContactChange {
            version: typed.version(),
            absent_from: Some(days.0),
            absent_until: Some(days.1),
            deputy: Some(deputy).filter(|_| !is_over),
            ..Default::default()
        };
        match changed(&state, &person.caller, &found, change).await {
            Ok(()) => {
                let done = if is_over { "back" } else { "absence" };
                return Ok(lead_done(&format!("{HERE}/{}", found.slug), done));
            }
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                let told = meanwhile(&state, &shell, Kind::Contact, found.slug.to_string(), typed.version()).await?;
                shell.fault_text("", told);
            }
            Err(AppError::Invalid(faults)) => {
                mark_deputy(&mut shell, &faults, "vertretung");
                mark(&mut shell, &faults, &FIELDS);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    let entered = Entered { absence: Some(typed), ..Entered::default() };
    Ok(show_contact(status, &state, &person, shell, found, entered).await?)
}

/// Changes it as the API does.
async fn changed(
    state: &State,
    caller: &crate::access::Caller,
    before: &crate::directory::Contact,
    change: ContactChange,
) -> Result<(), AppError> {
    may_change(state, caller, before, &change).await?;
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let settings = &desk.settings.directory;
    contacts::change(&desk.db, &caller.actor, &desk.sealer, settings, before.slug.clone(), change, now).await.map(drop)
}

/// What of a plan was filled in, as a change of a contact is written.
fn planned_change(typed: &Typed, deputy: Option<Slug>) -> Map<String, Value> {
    let fields = [("name", "plan-name"), ("email", "plan-mail"), ("phone", "plan-telefon")];
    let filled = fields.iter().filter_map(|(field, id)| Some(((*field).to_owned(), Value::from(typed.text(id)?))));
    filled.chain(deputy.map(|deputy| ("deputy".to_owned(), Value::from(deputy.to_string())))).collect()
}

/// Plans a change for a day.
pub async fn plan(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = changeable(&state, &person.caller, &at).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let day = typed.day(&mut shell, "ab");
    if !typed.is_set("ab") {
        shell.fault("ab", "fault-plan-day");
    }
    let deputy = meant_or_none(&state, &person, &mut shell, &typed, "plan-vertretung").await?;
    if let Some(takes_effect_on) = day.filter(|_| shell.faults.is_empty()) {
        let change = planned_change(&typed, deputy);
        let new = NewPlanned { takes_effect_on, change, reason: typed.text("plan-grund") };
        let (desk, now) = (state.desk(), state.desk().clock.now());
        let planned = match new.read() {
            Err(fault) => Err(fault),
            Ok(change) => match may_change(&state, &person.caller, &found, &change).await {
                Err(fault) => Err(fault),
                Ok(()) => planned::plan(&desk.db, &person.caller.actor, found.slug.clone(), new, now).await,
            },
        };
        match planned {
            Ok(_) => return Ok(lead_done(&format!("{HERE}/{}", found.slug), "planned")),
            Err(AppError::Invalid(faults)) => {
                mark_deputy(&mut shell, &faults, "plan-vertretung");
                mark(&mut shell, &faults, &FIELDS);
            }
            Err(AppError::Forbidden(_)) => {
                status = StatusCode::FORBIDDEN;
                shell.fault("plan-mail", "fault-discloses");
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    let entered = Entered { plan: Some(typed), ..Entered::default() };
    Ok(show_contact(status, &state, &person, shell, found, entered).await?)
}

/// Takes a plan back before its day.
pub async fn withdraw(
    state: Data<State>,
    request: HttpRequest,
    at: Path<(String, PlannedId)>,
    form: Form,
) -> PageResult {
    let (contact, id) = at.into_inner();
    let found = changeable(&state, &form.person.caller, &contact).await?;
    let (desk, actor) = (state.desk(), &form.person.caller.actor);
    match planned::withdraw(&desk.db, actor, found.slug.clone(), id, desk.clock.now()).await {
        Ok(()) => Ok(lead_done(&format!("{HERE}/{}", found.slug), "withdrawn")),
        Err(AppError::Conflict(_)) => {
            let mut shell = Shell::new(&state, &request, &form.person.visitor);
            shell.fault("", "fault-plan-over");
            Ok(show_contact(StatusCode::CONFLICT, &state, &form.person, shell, found, Entered::default()).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Ends it: it is asked nothing any more.
pub async fn end(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = changeable(&state, &person.caller, &at).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let Some(reason) = typed.text("grund") else {
        shell.fault("grund", "fault-reason");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(show_contact(status, &state, &person, shell, found, Entered::default()).await?);
    };
    let (desk, actor) = (state.desk(), &person.caller.actor);
    let ended =
        contacts::end(&desk.db, actor, found.slug.clone(), typed.version(), Some(reason.clone()), desk.clock.now());
    match ended.await {
        Ok(()) => Ok(lead_done(HERE, "contact-ended")),
        Err(AppError::Conflict(_)) => {
            let told = meanwhile(&state, &shell, Kind::Contact, found.slug.to_string(), typed.version()).await?;
            shell.fault_text("", told);
            let entered = Entered { end: reason, ..Entered::default() };
            Ok(show_contact(StatusCode::CONFLICT, &state, &person, shell, found, entered).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}
