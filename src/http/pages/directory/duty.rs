//! Who does what for one service in one place: the people of one duty of an adoption, in order, with their days.
//!
//! Invariant: only contacts within the sight of whoever names them; two spans of one contact never overlap, and who
//! tries reads both.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::changed::meanwhile;
use super::typed::Typed;
use super::{place_name, service_name, span};
use crate::access::Action;
use crate::directory::adoptions;
use crate::directory::rollout;
use crate::directory::versions::Kind;
use crate::directory::{Adoption, Assigned, Duty, contacts_of};
use crate::error::{AppError, FieldError};
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::right;
use crate::http::pages::adoptions::{HERE, may_change, reached, with_duty};
use crate::http::pages::directory::named::{meant, offered};
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::ids::AdoptionId;
use crate::keys::Slug;

#[derive(Template)]
#[template(path = "duty.html")]
struct DutyPage {
    shell: Shell,
    back: String,
    here: String,
    place: String,
    title: String,
    service: String,
    nobody: String,
    /// Whom the service names, where the adoption has nobody today.
    asked: Option<String>,
    is_held: bool,
    holders: Vec<Holder>,
    may_change: bool,
    version: i32,
    fields: Vec<Field>,
    days: [Field; 2],
    contacts: Vec<(String, String)>,
    others: Vec<(String, String, bool)>,
}

/// Somebody with the duty, as `duty_holders.html` shows it.
pub(super) struct Holder {
    pub index: usize,
    /// Where the contact is kept; empty for whoever may not see it.
    pub href: String,
    pub name: String,
    /// Person and days, joined.
    pub second: String,
    pub is_over: bool,
    /// The contact was ended: it is asked nothing.
    pub is_ended: bool,
}

/// One duty.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    at: Path<(AdoptionId, String)>,
) -> PageResult {
    let (id, duty) = at.into_inner();
    let duty: Duty = duty.parse().map_err(|_| AppError::NotFound)?;
    let found = reached(&state, &page.person.caller, Action::ReadDirectory, id).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_duty(StatusCode::OK, &state, &page.person, shell, &found, duty, Typed::default()).await?)
}

async fn show_duty(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    adoption: &Adoption,
    duty: Duty,
    typed: Typed,
) -> Result<HttpResponse, AppError> {
    let directory = state.directory().current();
    let list = adoption.duties.of(duty).to_vec();
    let slugs: Vec<Slug> = list.iter().map(|one| one.contact.clone()).collect();
    let named = state.desk().db.read(move |conn| contacts_of(conn, &slugs)).await?;
    let seen = |slug: &Slug| named.iter().find(|one| one.slug == *slug);
    let is_ended = |slug: &Slug| seen(slug).is_none_or(|contact| contact.is_ended);
    let is_held = list.iter().any(|one| one.span().holds(state.today()) && !is_ended(&one.contact));
    let asked = if is_held { None } else { asked_instead(state, &shell, adoption, duty).await? };
    let holder = |(index, one): (usize, &Assigned)| {
        let days = span(&shell, one.from, one.until);
        let second = one.person.iter().cloned().chain(Some(days).filter(|days| !days.is_empty()));
        Holder {
            index,
            href: format!("/kontakte/{}", one.contact),
            name: seen(&one.contact).map_or_else(|| one.contact.to_string(), |contact| contact.name.clone()),
            second: second.collect::<Vec<_>>().join(" · "),
            is_over: one.until.is_some_and(|until| until < state.today()),
            is_ended: is_ended(&one.contact),
        }
    };
    let back = format!("{HERE}/{}", adoption.id);
    let here = format!("{back}/zustaendig/{duty}");
    let may_change = may_change(&person.caller, adoption);
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let other = |one: &Duty| (format!("{back}/zustaendig/{one}"), shell.say(&format!("duty-{one}")), *one == duty);
    let page = DutyPage {
        place: place_name(&directory, &adoption.ars),
        service: service_name(&directory, adoption.service.as_str()),
        title: shell.say(&format!("duty-{duty}")),
        nobody: shell.say(&format!("nobody-{duty}")),
        asked,
        is_held,
        holders: list.iter().enumerate().map(holder).collect(),
        may_change,
        version: adoption.version,
        fields: vec![
            field("kontakt", "point-contact").hint(shell.say("point-contact-hint")).offering("alle-kontakte"),
            field("person", "point-person").hint(shell.say("point-person-hint")).may_be_empty(),
        ],
        days: [
            field("von", "duty-from").kind("date").may_be_empty(),
            field("bis", "duty-until").kind("date").may_be_empty(),
        ],
        contacts: if may_change { offered(state, person).await? } else { Vec::new() },
        others: Duty::ALL.iter().map(other).collect(),
        shell: shell.at(here.as_str()),
        back,
        here,
    };
    Ok(show(status, &page.shell, &page))
}

/// Whom the service names for a duty that nobody has at the adoption, in words.
async fn asked_instead(
    state: &State,
    shell: &Shell,
    adoption: &Adoption,
    duty: Duty,
) -> Result<Option<String>, AppError> {
    let list = rollout::read(&state.desk().db, adoption.id, state.today()).await?;
    let theirs = list.contacts.iter().filter(|holder| holder.duty == duty && !holder.is_own);
    let names: Vec<&str> = theirs.map(|holder| holder.name.as_str()).collect();
    Ok((!names.is_empty()).then(|| shell.with("duty-asked", "who", names.join("; "))))
}

/// The list as it is to be: without the one whose button was pressed, or with the one that was typed at its end.
async fn wanted(
    state: &State,
    shell: &mut Shell,
    person: &Person,
    typed: &Typed,
    list: &[Assigned],
) -> Result<Option<Vec<Assigned>>, AppError> {
    let mut list = list.to_vec();
    if let Ok(index) = typed.get("ohne").parse::<usize>() {
        if index < list.len() {
            list.remove(index);
        }
        return Ok(Some(list));
    }
    let contact = meant(state, person, shell, typed.get("kontakt")).await?;
    let (from, until) = (typed.day(shell, "von"), typed.day(shell, "bis"));
    let Some(contact) = contact else { return Ok(None) };
    let named = vec![("kontakt", vec![contact.clone()])];
    if !list.iter().any(|one| one.contact == contact) && reach::may_name(state, &person.caller, named).await.is_err() {
        shell.fault("kontakt", "fault-contact-unknown");
    }
    if !shell.faults.is_empty() {
        return Ok(None);
    }
    list.push(Assigned { contact, person: typed.text("person"), from, until });
    Ok(Some(list))
}

/// Says at its field what is wrong with a list.
pub(super) fn told(shell: &mut Shell, faults: &[FieldError]) {
    for fault in faults {
        match fault.message.contains("same days") {
            true => shell.fault("von", "fault-duty-twice"),
            false if fault.field.ends_with("until") => shell.fault("bis", "fault-duty-until"),
            false if fault.field.ends_with("person") => shell.fault("person", "fault-short-text"),
            false => shell.fault("kontakt", "fault-contact-unknown"),
        }
    }
}

/// Changes who has it.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    at: Path<(AdoptionId, String)>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (id, duty) = at.into_inner();
    let duty: Duty = duty.parse().map_err(|_| AppError::NotFound)?;
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = reached(&state, &person.caller, Action::ChangeAdoption, id).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(list) = wanted(&state, &mut shell, &person, &typed, found.duties.of(duty)).await? {
        let (desk, change) = (state.desk(), with_duty(duty, list, typed.version()));
        match adoptions::change(&desk.db, &person.caller.actor, id, change, desk.clock.now()).await {
            Ok(_) => return Ok(lead_done(&format!("{HERE}/{id}/zustaendig/{duty}"), "holder")),
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                shell.fault_text("", meanwhile(&state, &shell, Kind::Adoption, id.to_string(), typed.version()).await?);
            }
            Err(AppError::Invalid(faults)) => told(&mut shell, &faults),
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(show_duty(status, &state, &person, shell, &found, duty, typed).await?)
}
