//! Disturbance notices to the public: put up, changed, taken down.
//!
//! Invariant: everybody sees those of their places and those that several share; the forms stand where the whole region
//! is theirs to announce for.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::changed::refused;
use super::typed::{Typed, in_field, mark};
use super::{address, region_name, service_choice, service_name};
use crate::access::Action;
use crate::access::audit::ObjectKind;
use crate::clock::Timestamp;
use crate::directory::notices::{self, NewNotice, NoticeChange, NoticeQuery};
use crate::directory::{PageRequest, PublicNotice};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::grants;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Staff, StaffForm};
use crate::ids::NoticeId;
use crate::keys::Slug;

/// The address of the list.
pub const HERE: &str = "/stoerungen";
const AT_ONCE: u32 = 50;

type Form = StaffForm<right::ChangeAdoption, HashMap<String, String>>;

/// Where a fault of a notice belongs in the form.
const FIELDS: [(&str, &str, &str); 9] = [
    ("service", "dienst", "fault-choose-service"),
    ("ars", "ort", "fault-announce"),
    ("title", "titel", "fault-title"),
    ("text", "text", "fault-notice-text"),
    ("title_en", "titel-en", "fault-both"),
    ("text_en", "text-en", "fault-both"),
    ("title_easy", "titel-leicht", "fault-both"),
    ("text_easy", "text-leicht", "fault-both"),
    ("until", "bis", "fault-until"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    nach: String,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct Notices {
    shell: Shell,
    lines: Vec<Line>,
    next: Option<String>,
    may_add: bool,
}

/// A notice in a row.
struct Line {
    href: Option<String>,
    title: String,
    text: String,
    service: String,
    place: String,
    sign: &'static str,
    state: String,
}

/// The list.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let Wanted { nach } = parse_query(request.query_string())?;
    let (caller, directory, now) = (&page.person.caller, state.directory().current(), state.desk().clock.now());
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let query = NoticeQuery { service: None, reach: caller.reach(Action::ReadDirectory) };
    let page_of = PageRequest { limit: Some(AT_ONCE), cursor: Some(nach).filter(|nach| !nach.is_empty()) };
    let found = notices::list(&state.desk().db, query, page_of).await?;
    let may = caller.may(Action::ChangeAdoption).is_ok();
    let line = |one: &PublicNotice| {
        let (sign, state) = match one.until {
            Some(until) if until <= now => ("none", shell.with("notice-over", "when", shell.near(until))),
            _ if one.since > now => ("wait", shell.with("notice-ahead", "when", shell.near(one.since))),
            Some(until) => ("out", shell.with("notice-until", "when", shell.near(until))),
            None => ("out", shell.say("notice-shown")),
        };
        let is_theirs = may && reach::announces(caller, &one.service, &one.ars);
        Line {
            href: is_theirs.then(|| format!("{HERE}/{}", one.id)),
            title: one.words.title.clone(),
            text: one.words.text.clone(),
            service: service_name(&directory, one.service.as_str()),
            place: region_name(&shell, &directory, &one.ars),
            sign,
            state,
        }
    };
    let shown = Notices {
        lines: found.items.iter().map(line).collect(),
        next: found.next_cursor.map(|cursor| address(HERE, &[("nach", &cursor)])),
        may_add: may && !caller.reach(Action::ChangeAdoption).is_nothing(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

#[derive(Template)]
#[template(path = "notice_form.html")]
struct NoticeForm {
    shell: Shell,
    here: String,
    title: String,
    of: Option<(String, String)>,
    version: i32,
    service: Choice,
    place: Field,
    words: [Field; 2],
    times: [Field; 2],
    others: Vec<Field>,
    is_more_open: bool,
}

fn show_form(
    status: StatusCode,
    state: &State,
    shell: Shell,
    notice: Option<&PublicNotice>,
    typed: &Typed,
) -> HttpResponse {
    let directory = state.directory().current();
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let here = notice.map_or_else(|| format!("{HERE}/neu"), |notice| format!("{HERE}/{}", notice.id));
    let more = ["titel-leicht", "text-leicht", "titel-en", "text-en"];
    let page = NoticeForm {
        title: shell.say(if notice.is_some() { "notice-edit" } else { "notice-new" }),
        of: notice
            .map(|one| (service_name(&directory, one.service.as_str()), region_name(&shell, &directory, &one.ars))),
        version: notice.map_or(0, |notice| notice.version),
        service: service_choice(&shell, &directory, "choose", typed.get("dienst")),
        place: field("ort", "notice-place").hint(shell.say("notice-place-hint")).may_be_empty(),
        words: [field("titel", "notice-title"), field("text", "notice-text").kind("textarea")],
        times: [
            field("von", "notice-since").kind("datetime-local").hint(shell.say("notice-since-hint")).may_be_empty(),
            field("bis", "notice-end").kind("datetime-local").hint(shell.say("notice-end-hint")).may_be_empty(),
        ],
        is_more_open: more.iter().any(|id| typed.is_set(id) || shell.fault_of(id).is_some()),
        others: vec![
            field("titel-en", "notice-title-en").may_be_empty(),
            field("text-en", "notice-text-en").kind("textarea").may_be_empty(),
            field("titel-leicht", "notice-title-easy").may_be_empty(),
            field("text-leicht", "notice-text-easy").kind("textarea").may_be_empty(),
        ],
        shell: shell.at(here.as_str()),
        here,
    };
    show(status, &page.shell, &page)
}

fn recorded(notice: &PublicNotice) -> Typed {
    let (words, text) = (&notice.words, |text: &Option<String>| text.clone().unwrap_or_default());
    Typed::of([
        ("titel", words.title.clone()),
        ("text", words.text.clone()),
        ("titel-en", text(&words.title_en)),
        ("text-en", text(&words.text_en)),
        ("titel-leicht", text(&words.title_easy)),
        ("text-leicht", text(&words.text_easy)),
        ("von", in_field(notice.since)),
        ("bis", notice.until.map(in_field).unwrap_or_default()),
    ])
}

/// What was typed, with everything that is wrong with it noted; `begins` is when it is shown where that was left out.
fn read(shell: &mut Shell, typed: &Typed, begins: Timestamp) -> NoticeChange {
    let (since, until) = (typed.moment(shell, "von"), typed.moment(shell, "bis"));
    let change = NoticeChange {
        version: typed.version(),
        title: typed.get("titel").to_owned(),
        text: typed.get("text").to_owned(),
        title_easy: typed.text("titel-leicht"),
        text_easy: typed.text("text-leicht"),
        title_en: typed.text("titel-en"),
        text_en: typed.text("text-en"),
        since,
        until,
    };
    if let Err(AppError::Invalid(faults)) = notices::check_change(&change, begins) {
        mark(shell, &faults, &FIELDS);
    }
    change
}

/// The empty form.
pub async fn new(state: Data<State>, request: HttpRequest, page: Staff<right::ChangeAdoption>) -> PageResult {
    let typed = super::new_adoption::from_address(&state, parse_query(request.query_string())?);
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_form(StatusCode::OK, &state, shell, None, &typed))
}

/// Puts one up.
pub async fn create(state: Data<State>, request: HttpRequest, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let service = typed.value::<Slug>(&mut shell, "dienst", "fault-choose-service");
    if !typed.is_set("dienst") {
        shell.fault("dienst", "fault-choose-service");
    }
    let region = grants::region_of(&state.directory().current(), typed.get("ort"));
    if let Err(key) = region {
        shell.fault("ort", key);
    }
    let read = read(&mut shell, &typed, state.desk().clock.now());
    if let (Some(service), Ok(ars), true) = (service, region, shell.faults.is_empty()) {
        let NoticeChange { title, text, title_easy, text_easy, title_en, text_en, since, until, .. } = read;
        let new = NewNotice { service, ars, title, text, title_easy, text_easy, title_en, text_en, since, until };
        let allowed = reach::may_announce(&person.caller, &new.service, &new.ars);
        let (desk, now) = (state.desk(), state.desk().clock.now());
        let made = match allowed {
            Ok(()) => notices::create(&desk.db, &person.caller.actor, new, None, now).await.map(drop),
            Err(fault) => Err(fault),
        };
        match made {
            Ok(()) => return Ok(lead_done(HERE, "notice-made")),
            Err(AppError::Invalid(faults)) => mark(&mut shell, &faults, &FIELDS),
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(show_form(StatusCode::UNPROCESSABLE_ENTITY, &state, shell, None, &typed))
}

/// The form of one that is up.
pub async fn edit(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ChangeAdoption>,
    id: Path<NoticeId>,
) -> PageResult {
    let found = notices::read(&state.desk().db, id.into_inner()).await?;
    reach::may_change_notice(&page.person.caller, &found)?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_form(StatusCode::OK, &state, shell, Some(&found), &recorded(&found)))
}

/// Changes it, or takes it down.
pub async fn change(state: Data<State>, request: HttpRequest, id: Path<NoticeId>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = notices::read(&state.desk().db, id.into_inner()).await?;
    reach::may_change_notice(&person.caller, &found)?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let (desk, actor, now) = (state.desk(), &person.caller.actor, state.desk().clock.now());
    let (changed, done) = if typed.is_set("weg") {
        (notices::end(&desk.db, actor, found.id, typed.version(), now).await, "notice-gone")
    } else {
        let read = read(&mut shell, &typed, found.since);
        let changed = match shell.faults.is_empty() {
            true => notices::change(&desk.db, actor, found.id, read, now).await.map(drop),
            false => Err(AppError::Invalid(Vec::new())),
        };
        (changed, "notice-saved")
    };
    let status = match changed {
        Ok(()) => return Ok(lead_done(HERE, done)),
        Err(fault) => refused(&state, &mut shell, (ObjectKind::Notice, found.id.to_string()), fault, &FIELDS).await?,
    };
    let typed = if typed.is_set("weg") { recorded(&found) } else { typed };
    Ok(show_form(status, &state, shell, Some(&found), &typed))
}
