//! "Wer bekäme das?": the dry run in words, with the times of each stage.
//!
//! Invariant: the address holds the question, so that it can be handed on; nothing is changed and nobody is asked.

use std::collections::HashSet;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::typed::{Typed, in_field};
use super::{place_name, service_choice, service_name, word_choice};
use crate::access::{Action, Caller};
use crate::directory::Kind;
use crate::directory::hours::Words;
use crate::error::AppError;
use crate::escalation::forecast::{Forecast, Question, Stage, forecast};
use crate::http::State;
use crate::http::api::directory::contacts::visible;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::{Person, Staff};
use crate::http::words::Language;
use crate::keys::Slug;
use crate::tickets::ticket::Priority;

/// The address of the page.
pub const HERE: &str = "/wer";

#[derive(Template)]
#[template(path = "who.html")]
struct Who {
    shell: Shell,
    service: Choice,
    place: Field,
    kind: Choice,
    at: Field,
    priority: Choice,
    as_if_live: bool,
    answer: Option<Answer>,
}

/// What would happen, in words.
struct Answer {
    title: String,
    is_past: bool,
    stages: Vec<StageWords>,
    skipped: Vec<(Option<String>, String, String)>,
    end: String,
}

/// One stage in words.
struct StageWords {
    /// The page of the contact, for whoever may read it.
    href: Option<String>,
    name: String,
    reason: String,
    from: String,
    until: String,
    exact: String,
    steps: Words,
}

/// The question as it stands in the address.
fn asked(shell: &mut Shell, state: &State, person: &Person, typed: &Typed) -> Option<Question> {
    let directory = state.directory().current();
    let ars = typed.place(shell, &directory, "ort");
    let service = typed.value::<Slug>(shell, "dienst", "fault-choose-service");
    let at = typed.moment(shell, "am");
    for (field, key) in [("ort", "fault-place"), ("dienst", "fault-choose-service")] {
        if !typed.is_set(field) {
            shell.fault(field, key);
        }
    }
    let (ars, service) = (ars?, service?);
    if reach::may_place(&person.caller, Action::ReadDirectory, &ars, &service).is_err() {
        shell.fault("ort", "fault-place-foreign");
    }
    let question = Question {
        service,
        ars,
        kind: typed.get("art").parse().unwrap_or(Kind::Technical),
        at,
        priority: typed.get("dringend").parse().unwrap_or(Priority::P3),
        as_if_live: typed.is_set("probe"),
    };
    shell.faults.is_empty().then_some(question)
}

/// With a capital at its beginning, as it stands alone.
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// Those of the contacts whose pages the caller may read.
async fn readable(state: &State, caller: &Caller, found: &Forecast) -> Result<HashSet<Slug>, AppError> {
    let mut readable = HashSet::new();
    let skipped = found.skipped.iter().map(|one| &one.contact.id);
    for slug in found.stages.iter().map(|one| &one.contact.id).chain(skipped) {
        match visible(state, caller, slug.as_str()).await {
            Ok(_) => {
                readable.insert(slug.clone());
            }
            Err(AppError::NotFound) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(readable)
}

/// The page of a contact, if it is one of these.
fn href(readable: &HashSet<Slug>, slug: &Slug) -> Option<String> {
    readable.contains(slug).then(|| format!("/kontakte/{slug}"))
}

fn stage(shell: &Shell, readable: &HashSet<Slug>, one: &Stage) -> StageWords {
    let steps = match shell.language {
        Language::De => one.de.clone(),
        Language::En => one.en.clone(),
    };
    StageWords {
        href: href(readable, &one.contact.id),
        name: one.contact.name.clone(),
        reason: sentence(&one.reason),
        from: shell.near(one.from),
        until: shell.near(one.acknowledge_by),
        exact: one.acknowledge_by.exact(),
        steps,
    }
}

fn answer(shell: &Shell, state: &State, question: &Question, found: &Forecast, readable: &HashSet<Slug>) -> Answer {
    let directory = state.directory().current();
    let title = [
        ("service", service_name(&directory, question.service.as_str())),
        ("place", place_name(&directory, &question.ars)),
        ("when", shell.near(found.at)),
    ];
    let skipped = found.skipped.iter();
    Answer {
        title: shell.language.with_all("who-title", &title),
        is_past: found.at.day_in_berlin() < state.today(),
        stages: found.stages.iter().map(|one| stage(shell, readable, one)).collect(),
        skipped: skipped
            .map(|one| (href(readable, &one.contact.id), one.contact.name.clone(), one.reason.clone()))
            .collect(),
        end: found.ends_at.map(|at| shell.with("who-end", "when", shell.near(at))).unwrap_or_default(),
    }
}

/// The form, and the answer where something was asked.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let mut typed = super::new_adoption::from_address(&state, parse_query(request.query_string())?);
    let mut shell = Shell::new(&state, &request, &page.person.visitor);
    let is_asked = typed.is_set("dienst") || typed.is_set("ort");
    let (mut status, mut found) = (StatusCode::OK, None);
    if is_asked {
        match asked(&mut shell, &state, &page.person, &typed) {
            None => status = StatusCode::UNPROCESSABLE_ENTITY,
            Some(question) => match forecast(&state.escalations, question.clone()).await {
                Ok(forecast) => {
                    let readable = readable(&state, &page.person.caller, &forecast).await?;
                    found = Some(answer(&shell, &state, &question, &forecast, &readable));
                }
                Err(AppError::Invalid(faults)) => {
                    status = StatusCode::UNPROCESSABLE_ENTITY;
                    let fields = [
                        ("on", "am", "fault-who-early"),
                        ("ars", "ort", "fault-place"),
                        ("service", "dienst", "fault-choose-service"),
                    ];
                    super::typed::mark(&mut shell, &faults, &fields);
                }
                Err(fault) => return Err(fault.into()),
            },
        }
    } else {
        typed.set("am", in_field(state.desk().clock.now()));
    }
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let priority = if typed.is_set("dringend") { typed.get("dringend") } else { "P3" };
    let shown = Who {
        service: service_choice(&shell, &state.directory().current(), "choose", typed.get("dienst")),
        place: field("ort", "rollout-place").hint(shell.say("place-hint")),
        kind: word_choice(
            &shell,
            ("art", "who-kind", None),
            Kind::ALL,
            |kind| format!("duty-{kind}"),
            typed.get("art"),
        ),
        at: field("am", "who-at").kind("datetime-local").hint(shell.say("who-at-hint")).may_be_empty(),
        priority: word_choice(
            &shell,
            ("dringend", "who-priority", None),
            Priority::ALL,
            |one| format!("who-{one}").to_lowercase(),
            priority,
        ),
        as_if_live: typed.is_set("probe"),
        answer: found,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}
