//! The inbox: mail that came in and waits for a person, one mail, and the forms that say what becomes of it.
//!
//! Invariant: a mail is shown as text, never as HTML; opening it is recorded (`inbound/browse.rs`). What somebody may
//! not decide they are not offered.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::{Shell, lead_done, show};
use crate::access::Action;
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::http::words::Language;
use crate::ids::InboundId;
use crate::inbound::MailState;
use crate::inbound::browse::{self, Filter, Opened};
use crate::inbound::decide::{Decide, decide as decide_mail};
use crate::inbound::mail::Content;
use crate::tickets::ticket::Category;

/// The address of the inbox.
const HERE: &str = "/eingang";
/// How many mails a page shows.
const AT_ONCE: usize = 50;

/// What the list is narrowed to, as it was chosen.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    stand: String,
    vor: Option<String>,
}

#[derive(Template)]
#[template(path = "inbound.html")]
struct Inbox {
    shell: Shell,
    state: Choice,
    mails: Vec<Line>,
    next: Option<String>,
}

/// A mail of the list in words.
struct Line {
    href: String,
    at: String,
    exact: String,
    subject: String,
    kind: String,
    state: String,
    number: Option<String>,
}

/// What waits, newest first.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadInbound>) -> PageResult {
    let wanted: Wanted = parse_query(request.query_string())?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let filter = Filter { states: wanted.stand.parse().into_iter().collect(), ticket: None };
    let found = browse::list(&state.inbound, page.person.caller, filter, wanted.vor, AT_ONCE).await?;
    let states = MailState::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("inbound-state-{one}"))));
    let states = std::iter::once((String::new(), shell.say("inbound-waiting"))).chain(states).collect();
    let line = |listed: browse::Listed| Line {
        href: format!("{HERE}/{}", listed.mail.id),
        at: shell.near(listed.mail.received_at),
        exact: listed.mail.received_at.exact(),
        subject: subject(&shell, listed.subject),
        kind: shell.say(&format!("inbound-kind-{}", listed.mail.kind)),
        state: shell.say(&format!("inbound-state-{}", listed.mail.state)),
        number: listed.ticket.map(|ticket| ticket.number.to_string()),
    };
    let shown = Inbox {
        state: Choice::new(&shell, "stand", &shell.say("inbound-state"), states, &wanted.stand),
        next: found.next_cursor.map(|cursor| format!("{HERE}?stand={}&vor={cursor}", wanted.stand)),
        mails: found.items.into_iter().map(line).collect(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

fn subject(shell: &Shell, subject: Option<String>) -> String {
    match subject {
        None => shell.say("inbound-gone"),
        Some(subject) if subject.trim().is_empty() => shell.say("inbound-no-subject"),
        Some(subject) => subject,
    }
}

#[derive(Template)]
#[template(path = "inbound_mail.html")]
struct MailPage {
    shell: Shell,
    here: String,
    files: String,
    title: String,
    facts: Vec<(String, String)>,
    content: Content,
    is_gone: bool,
    has_raw: bool,
    escalation: Option<String>,
    decided: Option<String>,
    may_decide: bool,
    ticket: Field,
    service: Choice,
    ars: Field,
    category: Choice,
    reason: Field,
}

/// One mail.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadInbound>,
    id: Path<InboundId>,
) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_mail(StatusCode::OK, &state, &page.person, shell, id.into_inner(), &HashMap::new()).await?)
}

async fn show_mail(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    id: InboundId,
    typed: &HashMap<String, String>,
) -> Result<HttpResponse, AppError> {
    let opened = browse::open(&state.inbound, person.caller.clone(), id).await?;
    let here = format!("{HERE}/{id}");
    let shell = shell.at(here.as_str());
    let get = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let number = opened.ticket.as_ref().map(|ticket| ticket.number.to_string()).unwrap_or_default();
    let text = |name: &str, key| Field::text(&shell, name, &shell.say(key), get(name));
    let directory = state.directory().current();
    let services = directory.services().iter().map(|service| (service.slug.to_string(), service.name.to_string()));
    let word = |one: &Category| match shell.language {
        Language::De => one.german().to_owned(),
        Language::En => one.to_string().replace('_', " "),
    };
    let none = || std::iter::once((String::new(), shell.say("inbound-choose")));
    let categories = Category::ALL.iter().map(|one| (one.to_string(), word(one)));
    let shown = MailPage {
        title: subject(&shell, opened.content.as_ref().map(|content| content.subject.clone())),
        facts: facts(&shell, &opened),
        is_gone: opened.content.is_none(),
        has_raw: opened.has_raw,
        escalation: opened.mail.escalation.map(|id| id.to_string()),
        decided: opened.mail.decision.as_ref().map(|decision| words(&shell, opened.mail.state, decision)),
        may_decide: opened.mail.state.is_open() && person.caller.may(Action::DecideInbound).is_ok(),
        ticket: Field::text(
            &shell,
            "anfrage",
            &shell.say("inbound-number"),
            if typed.is_empty() { &number } else { get("anfrage") },
        ),
        service: Choice::new(
            &shell,
            "dienst",
            &shell.say("inbound-service"),
            none().chain(services).collect(),
            get("dienst"),
        ),
        ars: text("ort", "inbound-ars").hint(shell.say("inbound-ars-hint")),
        category: Choice::new(
            &shell,
            "thema",
            &shell.say("inbound-category"),
            none().chain(categories).collect(),
            get("thema"),
        ),
        reason: text("grund", "inbound-reason"),
        content: opened.content.unwrap_or_default(),
        files: format!("/api/v1/inbound/{id}"),
        here,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}

fn words(shell: &Shell, state: MailState, decision: &str) -> String {
    match state {
        MailState::Dismissed => decision.to_owned(),
        _ => shell.language.try_say(&format!("inbound-decided-{decision}")).unwrap_or_else(|| decision.to_owned()),
    }
}

fn facts(shell: &Shell, opened: &Opened) -> Vec<(String, String)> {
    let mut facts = vec![
        (shell.say("inbound-state"), shell.say(&format!("inbound-state-{}", opened.mail.state))),
        (shell.say("inbound-kind"), shell.say(&format!("inbound-kind-{}", opened.mail.kind))),
        (shell.say("inbound-when"), shell.near(opened.mail.received_at)),
        (shell.say("inbound-mailbox"), opened.mail.mailbox.clone()),
    ];
    if let Some(content) = &opened.content {
        let from = content.from.iter().map(|from| format!("{} <{}>", from.name, from.address).trim().to_owned());
        facts.insert(0, (shell.say("inbound-from"), from.collect::<Vec<_>>().join(", ")));
    }
    if let Some(ticket) = &opened.ticket {
        facts.push((shell.say("inbound-ticket"), format!("{}: {}", ticket.number, ticket.subject)));
    }
    facts
}

/// Says what becomes of a mail.
pub async fn decide(
    state: Data<State>,
    request: HttpRequest,
    id: Path<InboundId>,
    form: StaffForm<right::DecideInbound, HashMap<String, String>>,
) -> PageResult {
    let (id, person, typed) = (id.into_inner(), form.person, form.body);
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let done = match wanted(&mut shell, &typed) {
        Some(what) => decide_mail(&state.inbound, person.caller.clone(), id, what).await,
        None => return Ok(show_mail(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, id, &typed).await?),
    };
    let status = match done {
        Ok(_) => return Ok(lead_done(HERE, "inbound-decided")),
        Err(AppError::Invalid(faults)) => {
            shell.mark(&faults, |fault| match fault.field.as_str() {
                "ticket" => ("anfrage".to_owned(), "fault-inbound-number"),
                "service" => ("dienst".to_owned(), "fault-inbound-service"),
                "ars" => ("ort".to_owned(), "fault-inbound-ars"),
                "reason" => ("grund".to_owned(), "fault-inbound-reason"),
                _ => (String::new(), "fault-inbound-other"),
            });
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(AppError::Conflict(_)) => {
            shell.fault("", "fault-inbound-stale");
            StatusCode::CONFLICT
        }
        Err(fault) => return Err(fault.into()),
    };
    Ok(show_mail(status, &state, &person, shell, id, &typed).await?)
}

/// What the form asks for, or what is wrong with it noted in the shell.
fn wanted(shell: &mut Shell, typed: &HashMap<String, String>) -> Option<Decide> {
    let get = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let escalation = get("eskalation").parse();
    match (get("was").as_str(), escalation) {
        ("kommentar", Ok(escalation)) => Some(Decide::Comment { escalation }),
        ("antwort", Ok(escalation)) => Some(Decide::Answer { escalation }),
        ("notiz", _) => Some(Decide::Note { ticket: get("anfrage") }),
        ("verwerfen", _) => Some(Decide::Dismiss { reason: get("grund") }),
        ("neu", _) => {
            let Ok(category) = get("thema").parse() else {
                shell.fault("thema", "fault-inbound-category");
                return None;
            };
            Some(Decide::Ticket { service: get("dienst"), ars: get("ort").replace(' ', ""), category })
        }
        _ => {
            shell.fault("", "fault-inbound-other");
            None
        }
    }
}
