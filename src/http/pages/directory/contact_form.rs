//! The form of a contact: a new one, or what is recorded of one.
//!
//! Invariant: who was slower gets the form back as they typed it, reads who changed what, and overwrites only by sending
//! it once more.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::changed::meanwhile;
use super::contacts::HERE;
use super::named::{mark_deputy, meant_or_none, offered};
use super::typed::{Typed, day_in_field, mark};
use crate::access::Action;
use crate::access::idempotency::Outcome;
use crate::directory::contacts::{self, ContactChange, NewContact, Plain};
use crate::directory::versions::Kind;
use crate::directory::{Contact, Rhythm};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::contacts::{changeable, may_change, may_create};
use crate::http::auth::right;
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::grants;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::keys::{ArsPrefix, EmailAddress, Slug};

type Form = StaffForm<right::ChangeContact, HashMap<String, String>>;

/// Where a fault of a contact belongs in the form.
const FIELDS: [(&str, &str, &str); 13] = [
    ("id", "kennung", "fault-slug"),
    ("name", "name", "fault-short-text"),
    ("owner", "region", "fault-owner"),
    ("email", "mail", "fault-mail-address"),
    ("phone", "telefon", "fault-phone"),
    ("hours", "zeiten", "fault-hours"),
    ("reference_pattern", "muster", "fault-pattern"),
    ("deputy", "vertretung", "fault-contact-unknown"),
    ("valid_from", "gilt-ab", "fault-valid"),
    ("valid_to", "gilt-bis", "fault-valid"),
    ("absent_from", "gilt-ab", "fault-absence"),
    ("notify", "rhythmus", "fault-rhythm"),
    ("reason", "grund", "fault-reason"),
];

#[derive(Template)]
#[template(path = "contact_form.html")]
struct ContactForm {
    shell: Shell,
    here: String,
    back: String,
    title: String,
    name_of: Option<String>,
    version: i32,
    slug: Option<Field>,
    fields: Vec<Field>,
    rhythm: Choice,
    discloses: bool,
    valid: [Field; 2],
    reason: Field,
    contacts: Vec<(String, String)>,
}

/// What is recorded, as the form holds it.
fn recorded(state: &State, contact: &Contact) -> Typed {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let owner = contact.owner.as_ref().map(|owner| grants::region_in_field(&state.directory().current(), owner));
    let rhythm = contact.notify.to_string();
    Typed::of([
        ("name", contact.name.clone()),
        ("mail", contact.email.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("telefon", text(&contact.phone)),
        ("zeiten", text(&contact.hours)),
        ("vertretung", contact.deputy.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("region", owner.unwrap_or_default()),
        ("muster", text(&contact.reference_pattern)),
        ("rhythmus", rhythm),
        ("offen", if contact.discloses_reporter { "1".into() } else { String::new() }),
        ("gilt-ab", day_in_field(contact.valid_from)),
        ("gilt-bis", day_in_field(contact.valid_to)),
    ])
}

async fn show_form(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    contact: Option<&Contact>,
    typed: Typed,
) -> Result<HttpResponse, AppError> {
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let back = contact.map_or_else(|| HERE.to_owned(), |contact| format!("{HERE}/{}", contact.slug));
    let here = contact.map_or_else(|| format!("{HERE}/neu"), |contact| format!("{HERE}/{}/bearbeiten", contact.slug));
    let rhythms = [Rhythm::AtOnce, Rhythm::Hourly, Rhythm::Daily(Rhythm::usual_time())];
    let mut rhythms: Vec<(String, String)> = rhythms.iter().map(|one| rhythm_words(&shell, &one.to_string())).collect();
    // A time of their own stays as it is.
    let chosen = typed.get("rhythmus").to_owned();
    if !chosen.is_empty() && rhythms.iter().all(|(value, _)| *value != chosen) {
        rhythms.push(rhythm_words(&shell, &chosen));
    }
    let shown = ContactForm {
        title: shell.say(if contact.is_some() { "contact-edit" } else { "contact-new" }),
        name_of: contact.map(|contact| contact.name.clone()),
        version: contact.map_or(0, |contact| contact.version),
        slug: contact.is_none().then(|| field("kennung", "field-slug").hint(shell.say("slug-hint"))),
        fields: vec![
            field("name", "field-name"),
            field("mail", "field-email").kind("email").may_be_empty(),
            field("telefon", "field-phone").kind("tel").may_be_empty(),
            field("zeiten", "field-hours").hint(shell.say("contact-hours-hint")).may_be_empty(),
            field("vertretung", "field-deputy").hint(shell.say("deputy-hint")).offering("alle-kontakte").may_be_empty(),
            field("region", "field-owner").hint(shell.say("owner-hint")).may_be_empty(),
            field("muster", "field-reference-pattern").hint(shell.say("pattern-hint")).may_be_empty(),
        ],
        rhythm: Choice::new(&shell, "rhythmus", &shell.say("field-notify"), rhythms, &chosen),
        discloses: typed.is_set("offen"),
        valid: [
            field("gilt-ab", "field-valid-from").kind("date").may_be_empty(),
            field("gilt-bis", "field-valid-to").kind("date").may_be_empty(),
        ],
        reason: field("grund", "field-reason").hint(shell.say("reason-hint")).may_be_empty(),
        contacts: offered(state, person).await?,
        shell: shell.at(here.as_str()),
        here,
        back,
    };
    Ok(show(status, &shown.shell, &shown))
}

pub(super) fn rhythm_words(shell: &Shell, rhythm: &str) -> (String, String) {
    let (word, time) = rhythm.split_once(' ').unwrap_or((rhythm, ""));
    (rhythm.to_owned(), shell.with(&format!("rhythm-{word}").replace('_', "-"), "time", time))
}

/// The empty form; whoever keeps a region begins with a contact of it.
pub async fn new(state: Data<State>, request: HttpRequest, page: Staff<right::ChangeContact>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let mut typed = Typed::default();
    let reach = page.person.caller.reach(Action::ChangeContact);
    let region = reach.layers().first().and_then(|terms| terms.first()).map(|term| &term.scope.region);
    if let Some(region) = region.filter(|_| !reach.is_everything()) {
        typed.set("region", grants::region_in_field(&state.directory().current(), region));
    }
    Ok(show_form(StatusCode::OK, &state, &page.person, shell, None, typed).await?)
}

/// The form of one that is there.
pub async fn edit(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ChangeContact>,
    at: Path<String>,
) -> PageResult {
    let found = changeable(&state, &page.person.caller, &at).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let typed = recorded(&state, &found);
    Ok(show_form(StatusCode::OK, &state, &page.person, shell, Some(&found), typed).await?)
}

/// What was typed, read.
struct Read {
    name: String,
    owner: Option<ArsPrefix>,
    email: Option<EmailAddress>,
    deputy: Option<Slug>,
    notify: Option<Rhythm>,
    valid: [Option<chrono::NaiveDate>; 2],
}

/// Reads it, with everything that is wrong with it noted; what a contact has already is not held against it.
async fn read(
    shell: &mut Shell,
    state: &State,
    person: &Person,
    typed: &Typed,
    known: Option<&Contact>,
) -> Result<Read, AppError> {
    let owner = match grants::region_of(&state.directory().current(), typed.get("region")) {
        Ok(region) => Some(region).filter(|region| !region.as_str().is_empty()),
        Err(key) => {
            shell.fault("region", key);
            None
        }
    };
    if !typed.is_set("name") {
        shell.fault("name", "fault-name-missing");
    }
    let read = Read {
        name: typed.get("name").to_owned(),
        owner,
        email: typed.value(shell, "mail", "fault-mail-address"),
        deputy: meant_or_none(state, person, shell, typed, "vertretung").await?,
        notify: typed.value(shell, "rhythmus", "fault-rhythm"),
        valid: [typed.day(shell, "gilt-ab"), typed.day(shell, "gilt-bis")],
    };
    let (phone, hours, pattern) = (typed.text("telefon"), typed.text("zeiten"), typed.text("muster"));
    let plain = Plain {
        name: &read.name,
        phone: phone.as_deref().filter(|phone| known.is_none_or(|known| known.phone.as_deref() != Some(*phone))),
        hours: hours.as_deref(),
        reference_pattern: pattern.as_deref(),
    };
    if let Err(AppError::Invalid(faults)) = plain.check() {
        mark(shell, &faults, &FIELDS);
    }
    if let [Some(from), Some(to)] = read.valid
        && to < from
    {
        shell.fault("gilt-bis", "fault-valid");
    }
    Ok(read)
}

/// Makes a new one.
pub async fn create(state: Data<State>, request: HttpRequest, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let fields = read(&mut shell, &state, &person, &typed, None).await?;
    let slug = typed.value::<Slug>(&mut shell, "kennung", "fault-slug");
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match slug {
        None if shell.fault_of("kennung").is_none() => shell.fault("kennung", "fault-slug"),
        Some(id) if shell.faults.is_empty() => {
            let done = if fields.email.is_some() { "contact-made" } else { "contact-made-unasked" };
            let new = NewContact {
                id: id.clone(),
                name: fields.name,
                owner: fields.owner,
                email: fields.email,
                webhook: None,
                phone: typed.text("telefon"),
                hours: typed.text("zeiten"),
                reference_pattern: typed.text("muster"),
                deputy: fields.deputy,
                confirmed_on: None,
                absent_from: None,
                absent_until: None,
                discloses_reporter: typed.is_set("offen"),
                notify: fields.notify.unwrap_or_default(),
                valid_from: fields.valid[0],
                valid_to: fields.valid[1],
                reason: typed.text("grund"),
            };
            match made(&state, &person, new).await {
                Ok(()) => return Ok(lead_done(&format!("{HERE}/{id}"), done)),
                Err(AppError::Conflict(_)) => {
                    status = StatusCode::CONFLICT;
                    shell.fault("kennung", "fault-slug-taken");
                }
                Err(AppError::Forbidden(_)) => shell.fault("offen", "fault-discloses"),
                Err(AppError::Invalid(faults)) => {
                    mark_deputy(&mut shell, &faults, "vertretung");
                    mark(&mut shell, &faults, &FIELDS);
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        _ => {}
    }
    Ok(show_form(status, &state, &person, shell, None, typed).await?)
}

async fn made(state: &State, person: &Person, new: NewContact) -> Result<(), AppError> {
    may_create(state, &person.caller, &new).await?;
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let settings = &desk.settings.directory;
    match contacts::create(&desk.db, &person.caller.actor, &desk.sealer, settings, new, None, now).await? {
        Outcome::Done(_) | Outcome::Repeated(_) => Ok(()),
    }
}

/// Changes one.
pub async fn change(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = changeable(&state, &person.caller, &at).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let fields = read(&mut shell, &state, &person, &typed, Some(&found)).await?;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if shell.faults.is_empty() {
        let change = ContactChange {
            version: typed.version(),
            name: Some(fields.name),
            owner: Some(fields.owner).filter(|owner| *owner != found.owner),
            email: Some(fields.email).filter(|email| *email != found.email),
            phone: Some(typed.text("telefon")),
            hours: Some(typed.text("zeiten")),
            reference_pattern: Some(typed.text("muster")),
            deputy: Some(fields.deputy).filter(|deputy| *deputy != found.deputy),
            discloses_reporter: Some(typed.is_set("offen")).filter(|is_open| *is_open != found.discloses_reporter),
            notify: fields.notify,
            valid_from: Some(fields.valid[0]),
            valid_to: Some(fields.valid[1]),
            reason: typed.text("grund"),
            ..Default::default()
        };
        match changed(&state, &person, &found, change).await {
            Ok(()) => return Ok(lead_done(&format!("{HERE}/{}", found.slug), "contact-saved")),
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                let told = meanwhile(&state, &shell, Kind::Contact, found.slug.to_string(), typed.version()).await?;
                shell.fault_text("", told);
            }
            Err(AppError::Forbidden(_)) => shell.fault("offen", "fault-discloses"),
            Err(AppError::Invalid(faults)) => {
                mark_deputy(&mut shell, &faults, "vertretung");
                mark(&mut shell, &faults, &FIELDS);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(show_form(status, &state, &person, shell, Some(&found), typed).await?)
}

async fn changed(state: &State, person: &Person, before: &Contact, change: ContactChange) -> Result<(), AppError> {
    may_change(state, &person.caller, before, &change).await?;
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let (settings, slug) = (&desk.settings.directory, before.slug.clone());
    contacts::change(&desk.db, &person.caller.actor, &desk.sealer, settings, slug, change, now).await.map(drop)
}
