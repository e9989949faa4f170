//! The 2nd level by log-in: the list of the escalations that have reached the contacts somebody speaks for, below it what
//! ended lately, and each of them with the same forms as behind the link of a mail (`escalation.rs`).
//!
//! Invariant: whom somebody speaks for says their role (`second_level` with a contact); everything else does not exist
//! here. Opening a page changes nothing; what was done is said only while it is so.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::escalation::form::{Action, Typed, say};
use super::escalation::show::{done, second_level, was_done, when_due};
use super::escalation::{DONE, Opened, stale};
use super::login::PageResult;
use super::shell::{Shell, show};
use super::{page, signs};
use crate::error::{AppError, FieldError};
use crate::escalation::browse::Own;
use crate::escalation::respond::{Speaker, respond};
use crate::escalation::{Escalation, EscalationStatus, browse, link};
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::public::spoken::short;
use crate::http::visitor::{Person, Staff, StaffForm, see_other};
use crate::ids::EscalationId;
use crate::keys::Slug;
use crate::tickets::Ticket;
use crate::tickets::browse::Page;

/// The address of the list.
pub const HERE: &str = "/eskalationen";
/// How many a page shows.
const AT_ONCE: usize = 50;

#[derive(Template)]
#[template(path = "desk.html")]
struct Desk {
    shell: Shell,
    items: Vec<Item>,
    next: Option<String>,
    past: Vec<Past>,
    next_past: Option<String>,
    speaks_for_somebody: bool,
}

/// One escalation of the list.
struct Item {
    href: String,
    number: String,
    subject: String,
    about: String,
    sign: &'static str,
    state: String,
    due: Option<(String, String, bool)>,
}

/// One that has ended.
struct Past {
    href: String,
    number: String,
    subject: String,
    about: String,
    ended: String,
    exact: String,
    sign: &'static str,
    how: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    nach: Option<String>,
    beendet: Option<String>,
}

/// What waits for those somebody speaks for, the longest waiting first; and what ended lately, the last first.
pub async fn list(state: Data<State>, request: HttpRequest, asking: Staff<right::RespondEscalation>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let (caller, shell) = (asking.person.caller, Shell::new(&state, &request, &asking.person.visitor));
    let own = caller.contacts(crate::access::Action::RespondEscalation);
    let is_first = asked.nach.is_none();
    let found = browse::mine(&state.escalations, caller.clone(), asked.nach, AT_ONCE).await?;
    // What has ended is not shown again below every further page of what is open.
    let ended = match is_first {
        true => browse::mine_ended(&state.escalations, caller, asked.beendet, AT_ONCE).await?,
        false => Page { items: Vec::new(), next_cursor: None },
    };
    let shown = Desk {
        items: found.items.iter().map(|(found, ticket, _)| item(&state, &shell, &own, found, ticket)).collect(),
        next: found.next_cursor.map(|cursor| format!("{HERE}?nach={cursor}")),
        past: ended.items.iter().map(|one| past(&state, &shell, one)).collect(),
        next_past: ended.next_cursor.map(|cursor| format!("{HERE}?beendet={cursor}#beendet")),
        speaks_for_somebody: !own.is_empty(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

fn item(state: &State, shell: &Shell, own: &[Slug], found: &Escalation, ticket: &Ticket) -> Item {
    let now = state.desk().clock.now();
    // What waits for somebody else has no deadline of one's own.
    let is_passed_on = found.status != EscalationStatus::Acknowledged && !found.is_turn_of(own);
    let (key, sign) = match (found.status, found.paused_at) {
        (_, Some(_)) => ("desk-list-asked", "wait"),
        (EscalationStatus::Acknowledged, None) => ("desk-list-taken", signs::of_escalation(found.status)),
        _ if is_passed_on => ("desk-list-passed-on", "out"),
        _ => ("desk-list-new", "new"),
    };
    let due = found.acknowledge_by.map(|at| ("desk-list-take-by", at));
    let due = due.or(found.answer_by.map(|at| ("desk-list-answer-by", at)));
    let due = due.map(|(key, at)| (shell.with(key, "time", when_due(shell.language, at, now)), at.exact(), at < now));
    Item {
        href: format!("{HERE}/{}", found.id),
        number: ticket.number.to_string(),
        subject: ticket.subject.clone(),
        about: about(state, shell, found, ticket),
        state: shell.say(key),
        sign,
        due: due.filter(|_| found.paused_at.is_none() && !is_passed_on),
    }
}

fn past(state: &State, shell: &Shell, (found, ticket, ended_by): &Own) -> Past {
    let ended = found.ended_at.unwrap_or(found.updated_at);
    let how = format!("desk-past-{}", found.status);
    Past {
        href: format!("{HERE}/{}", found.id),
        number: ticket.number.to_string(),
        subject: ticket.subject.clone(),
        about: about(state, shell, found, ticket),
        ended: shell.near(ended),
        exact: ended.exact(),
        sign: signs::of_escalation(found.status),
        how: match ended_by {
            Some(name) => shell.with(&format!("{how}-by"), "name", name),
            None => shell.say(&how),
        },
    }
}

/// What it is about: kind, service, place.
fn about(state: &State, shell: &Shell, found: &Escalation, ticket: &Ticket) -> String {
    let directory = state.directory().current();
    let place = directory.municipality(&ticket.ars).map_or_else(String::new, |one| short(&one.name).to_owned());
    let service = directory.service(ticket.service.as_str()).map_or_else(String::new, |one| one.name.to_string());
    let kind = if found.emergency { "emergency".to_owned() } else { found.kind.to_string() };
    format!("{} · {service} · {place}", shell.say(&format!("desk-kind-{kind}")))
}

/// One of them with everything that can be done; or what was just done, while it is so.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    asking: Staff<right::RespondEscalation>,
    id: Path<EscalationId>,
) -> PageResult {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let word = pairs.filter(|(name, _)| name == DONE).find_map(|(_, value)| Action::of(&value));
    let opened = Opened::by_log_in(&request, *id, asking.person.visitor.csrf());
    Ok(shown(StatusCode::OK, &state, &asking.person, &opened, *id, (Action::View, word), Typed::default(), &[]).await?)
}

/// The same with one action in front.
pub async fn action(
    state: Data<State>,
    request: HttpRequest,
    asking: Staff<right::RespondEscalation>,
    at: Path<(EscalationId, String)>,
) -> PageResult {
    let (id, word) = at.into_inner();
    let action = Action::of(&word).ok_or(AppError::NotFound)?;
    let opened = Opened::by_log_in(&request, id, asking.person.visitor.csrf());
    Ok(shown(StatusCode::OK, &state, &asking.person, &opened, id, (action, None), Typed::default(), &[]).await?)
}

/// Does it.
pub async fn act(
    state: Data<State>,
    request: HttpRequest,
    form: StaffForm<right::RespondEscalation, Typed>,
    at: Path<(EscalationId, String)>,
) -> PageResult {
    let ((id, word), person, typed) = (at.into_inner(), form.person, form.body.tidied());
    let action = Action::of(&word).ok_or(AppError::NotFound)?;
    let opened = Opened::by_log_in(&request, id, person.visitor.csrf());
    let speaker = Speaker::Token(Box::new(person.caller.clone()), id);
    match respond(&state.escalations, speaker, say(action, &typed)).await {
        Ok(_) => Ok(see_other(&opened.done(action))),
        Err(AppError::Invalid(faults)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(shown(status, &state, &person, &opened, id, (action, None), typed, &faults).await?)
        }
        // The state does not allow it any more: the page says how it stands, with what was typed.
        Err(AppError::Conflict(_)) => {
            let status = StatusCode::CONFLICT;
            Ok(shown(status, &state, &person, &opened, id, (action, None), typed, &stale()).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}

#[allow(clippy::too_many_arguments)]
async fn shown(
    status: StatusCode,
    state: &State,
    person: &Person,
    opened: &Opened,
    id: EscalationId,
    (action, word): (Action, Option<Action>),
    typed: Typed,
    faults: &[FieldError],
) -> Result<HttpResponse, AppError> {
    let found = link::page_for(&state.escalations, person.caller.clone(), id).await?;
    Ok(match word.filter(|word| was_done(&found, *word)) {
        Some(word) => page(status, &done(found, opened, word)),
        None => page(status, &second_level(state, found, opened, action, typed, faults)),
    })
}
