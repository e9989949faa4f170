//! One point of the checklist: why it matters, what the source says, what is missing, and the form to say more.
//!
//! Invariant: what the directory shows cannot be entered here as done; the form does not offer it. Who has a duty is
//! named by the form beside it (`holders.rs`).

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::adoption::verdict_words;
use super::{HERE, may_change, of, reached};
use crate::access::Action;
use crate::directory::rollout::{self, Checklist, Item, ItemChange, ItemState, ItemView, Judge};
use crate::directory::{Adoption, Contact, Duty, contacts};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::right;
use crate::http::pages::directory::keeps_all;
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::ids::AdoptionId;

/// The fields of the form.
const NAMES: [&str; 5] = ["stand", "wer", "bis", "am", "notiz"];

#[derive(Template)]
#[template(path = "adoption_point.html")]
struct PointPage {
    shell: Shell,
    back: String,
    here: String,
    place: String,
    service: String,
    title: String,
    why: String,
    source: &'static str,
    sign: &'static str,
    word: String,
    lack: Option<(String, String)>,
    /// Where the point is fulfilled, and what the link says.
    way: Option<(String, String)>,
    evidence: Option<String>,
    changed: Option<String>,
    is_automatic: bool,
    may_change: bool,
    version: i32,
    state: Choice,
    owner: Field,
    due_on: Field,
    done_on: Option<Field>,
    note: Field,
    duty: Option<DutyForm>,
    facts: Vec<(String, String)>,
}

/// Who has the duty behind a point, and the form to name them.
struct DutyForm {
    title: String,
    holders: Vec<(usize, String, String)>,
    contact: Field,
    person: Field,
    offered: Vec<Contact>,
    version: i32,
}

/// What was typed, when something is wrong with it.
#[derive(Default)]
pub(super) struct Typed {
    /// The form of the point.
    pub point: Option<HashMap<String, String>>,
    /// Contact and person of the duty's form.
    pub holder: (String, String),
}

fn item_of(at: &str) -> Result<Item, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// One point.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    at: Path<(AdoptionId, String)>,
) -> PageResult {
    let (id, item) = at.into_inner();
    let found = reached(&state, &page.person.caller, Action::ReadDirectory, id).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_point(StatusCode::OK, &state, &page.person, shell, found, item_of(&item)?, Typed::default()).await?)
}

/// Shows the point, with what was typed and what is wrong with it.
pub(super) async fn show_point(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    adoption: Adoption,
    item: Item,
    typed: Typed,
) -> Result<HttpResponse, AppError> {
    let list = rollout::read(&state.desk().db, adoption.id, state.today()).await?;
    let back = format!("{HERE}/{}", adoption.id);
    let here = format!("{back}/punkte/{item}");
    let may_change = may_change(&person.caller, &adoption);
    let duty = match item.judge() {
        Judge::Holders(duty) if may_change => {
            Some(duty_form(state, person, &shell, &adoption, &list, duty, typed.holder).await?)
        }
        _ => None,
    };
    let view = list.items.iter().find(|view| view.item == item).ok_or(AppError::NotFound)?;
    let (sign, word) = verdict_words(&shell, view);
    let said = |text: &rollout::Text| of(shell.language, text).to_owned();
    let [choice, owner, due_on, done_on, note] = fields(view, typed.point.as_ref());
    let shown = PointPage {
        place: list.municipality.clone(),
        service: list.service_name.clone(),
        title: said(&view.title),
        why: said(&view.why),
        source: view.source,
        sign,
        word,
        lack: view.lack.as_ref().map(|lack| (said(&lack.what), said(&lack.remedy))),
        way: way(&shell, person, &adoption, &list, view).filter(|_| may_change),
        evidence: view.evidence.as_ref().map(said),
        changed: changed(&shell, view),
        is_automatic: view.is_automatic,
        may_change,
        version: view.version,
        state: state_choice(&shell, view, &choice),
        owner: Field::text(&shell, "wer", &shell.say("point-owner"), &owner).optional(&shell),
        due_on: Field::text(&shell, "bis", &shell.say("point-due"), &due_on).kind("date").optional(&shell),
        done_on: is_by_hand(view)
            .then(|| Field::text(&shell, "am", &shell.say("point-done"), &done_on).kind("date").optional(&shell)),
        note: Field::text(&shell, "notiz", &shell.say("point-note"), &note)
            .kind("textarea")
            .hint(shell.say("point-note-hint"))
            .may_be_empty(),
        duty,
        facts: entered(&shell, view),
        shell: shell.at(here.as_str()),
        back,
        here,
    };
    Ok(show(status, &shown.shell, &shown))
}

/// Where somebody fulfils a point that is read from the directory, if that is no form of this page.
fn way(
    shell: &Shell,
    person: &Person,
    adoption: &Adoption,
    list: &Checklist,
    view: &ItemView,
) -> Option<(String, String)> {
    let Adoption { id, service, ars, .. } = adoption;
    let back = format!("{HERE}/{id}");
    let (href, key) = match view.item.judge() {
        Judge::Matrix => (format!("{back}/aufgaben"), "matrix-edit"),
        Judge::Channels => (format!("/kanaele/neu?dienst={service}&ars={ars}"), "adoption-channel-add"),
        Judge::Steering => (format!("{back}?projekt=1#projekt"), "rollout-project"),
        Judge::Transfers if !view.verdict.is_good() => (format!("{back}#oeffentlich"), "adoption-transfer"),
        Judge::Agreements if view.lack.is_some() && keeps_all(&person.caller) => {
            let using = ars.land()?;
            (format!("/vereinbarungen/{}/{using}", list.operating_land), "close-agreement")
        }
        Judge::Agreements | Judge::Holders(_) | Judge::People | Judge::Transfers => return None,
    };
    Some((href, shell.say(key)))
}

/// True where people say whether it is done.
fn is_by_hand(view: &ItemView) -> bool {
    matches!(view.item.judge(), Judge::People | Judge::Transfers)
}

/// What was typed, else what is known.
fn fields(view: &ItemView, typed: Option<&HashMap<String, String>>) -> [String; 5] {
    if let Some(typed) = typed {
        return NAMES.map(|name| typed.get(name).cloned().unwrap_or_default());
    }
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [view.state.to_string(), text(&view.owner), day(view.due_on), day(view.done_on), text(&view.note)]
}

fn state_choice(shell: &Shell, view: &ItemView, chosen: &str) -> Choice {
    let is_offered = |state: &&ItemState| match state {
        ItemState::Open | ItemState::Waiting => true,
        ItemState::Done => is_by_hand(view),
        ItemState::NotNeeded => !view.is_required,
    };
    let options = ItemState::ALL.iter().filter(is_offered);
    let options = options.map(|state| (state.to_string(), shell.say(&format!("item-{state}")))).collect();
    Choice::new(shell, "stand", &shell.say("point-state"), options, chosen)
}

/// Who changed it last, and when.
fn changed(shell: &Shell, view: &ItemView) -> Option<String> {
    let (by, at) = view.changed_by.as_ref().zip(view.changed_at)?;
    Some(shell.language.with_all("point-changed", &[("who", by.name.clone()), ("when", shell.near(at))]))
}

/// What was entered, for those who only read.
fn entered(shell: &Shell, view: &ItemView) -> Vec<(String, String)> {
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| super::day(shell.language, day));
    let all = [
        ("point-state", Some(shell.say(&format!("item-{}", view.state)))),
        ("point-owner", view.owner.clone()),
        ("point-due", day(view.due_on)),
        ("point-done", day(view.done_on)),
        ("point-note", view.note.clone()),
    ];
    all.into_iter().filter_map(|(key, value)| Some((shell.say(key), value?))).collect()
}

async fn duty_form(
    state: &State,
    person: &Person,
    shell: &Shell,
    adoption: &Adoption,
    list: &Checklist,
    duty: Duty,
    typed: (String, String),
) -> Result<DutyForm, AppError> {
    let reach = person.caller.reach(Action::ReadDirectory);
    let query = contacts::ContactQuery { reach, ..Default::default() };
    let page = crate::directory::PageRequest { limit: Some(200), cursor: None };
    let offered = contacts::list(&state.desk().db, query, page).await?.items;
    let name = |slug: &crate::keys::Slug| {
        let known = list.contacts.iter().find(|holder| holder.contact == *slug).map(|holder| holder.name.clone());
        known.unwrap_or_else(|| slug.to_string())
    };
    let holders = adoption.duties.of(duty).iter().enumerate();
    let field = |id, key, value: &str| Field::text(shell, id, &shell.say(key), value);
    Ok(DutyForm {
        title: shell.say(&format!("duty-{duty}")),
        holders: holders.map(|(at, one)| (at, name(&one.contact), one.person.clone().unwrap_or_default())).collect(),
        contact: field("kontakt", "point-contact", &typed.0).hint(shell.say("point-contact-hint")).offering("kontakte"),
        person: field("person", "point-person", &typed.1).hint(shell.say("point-person-hint")).may_be_empty(),
        offered,
        version: adoption.version,
    })
}

/// A day that was typed; a fault is noted.
fn day_of(shell: &mut Shell, field: &str, typed: &str) -> Option<chrono::NaiveDate> {
    let typed = typed.trim();
    match typed.parse() {
        Ok(day) => Some(day),
        Err(_) => {
            if !typed.is_empty() {
                shell.fault(field, "fault-day");
            }
            None
        }
    }
}

/// Changes the point.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    at: Path<(AdoptionId, String)>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let ((id, item), person, typed) = (at.into_inner(), form.person, form.body);
    let item = item_of(&item)?;
    let found = reached(&state, &person.caller, Action::ChangeAdoption, id).await?;
    let get = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let change = ItemChange {
        version: get("version").parse().ok(),
        state: get("stand").parse().ok(),
        owner: Some(Some(get("wer").to_owned())),
        due_on: Some(day_of(&mut shell, "bis", get("bis"))),
        done_on: Some(day_of(&mut shell, "am", get("am"))),
        note: Some(Some(get("notiz").to_owned())),
    };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if shell.faults.is_empty() {
        let (desk, now) = (state.desk(), state.desk().clock.now());
        match rollout::change_item(&desk.db, &person.caller.actor, id, item, change, now).await {
            Ok(_) => return Ok(lead_done(&format!("{HERE}/{id}"), "point")),
            Err(AppError::Conflict(_)) => {
                shell.fault("", "fault-point-stale");
                status = StatusCode::CONFLICT;
            }
            Err(AppError::Invalid(faults)) => shell.mark(&faults, |fault| match fault.field.as_str() {
                "state" => ("stand".to_owned(), "fault-point-state"),
                "owner" => ("wer".to_owned(), "fault-short-text"),
                "done_on" => ("am".to_owned(), "fault-day-ahead"),
                "note" if fault.message.contains("why") => ("notiz".to_owned(), "fault-point-reason"),
                "note" => ("notiz".to_owned(), "fault-long-text"),
                _ => (String::new(), "fault-point-stale"),
            }),
            Err(fault) => return Err(fault.into()),
        }
    }
    // After somebody else was quicker the form holds what is there now.
    let typed = Typed { point: Some(typed).filter(|_| status != StatusCode::CONFLICT), ..Typed::default() };
    Ok(show_point(status, &state, &person, shell, found, item, typed).await?)
}
