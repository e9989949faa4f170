//! A caller asks for a running request: its state in words to read out, and a note of what else they said.
//!
//! Invariant: name and addresses of whoever asked are not shown; a look at foreign or ended work is recorded
//! (`tickets/reading.rs`).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::spoken::spoken;
use crate::access::{Action, Caller};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::pages::signs::of_ticket;
use crate::http::public::spoken::short;
use crate::http::visitor::{Staff, StaffForm};
use crate::tickets::ticket::Ticket;
use crate::tickets::{TicketRef, assess, browse};

/// Where one asks.
const HERE: &str = "/anfragen/auskunft";

#[derive(Template)]
#[template(path = "intake_look_up.html")]
struct LookUp {
    shell: Shell,
    number: Field,
    found: Option<Found>,
}

/// What one reads out.
struct Found {
    number: String,
    spoken: String,
    subject: String,
    facts: Vec<(String, String)>,
    sign: &'static str,
    state: String,
    say: String,
    answer: Option<String>,
    note: Option<Field>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    nummer: String,
    /// Whether another person has called about the same.
    weitere: String,
}

/// The field, and the request of the number in it.
pub async fn look_up(state: Data<State>, request: HttpRequest, asking: Staff<right::ReadTickets>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let mut shell = Shell::new(&state, &request, &asking.person.visitor).with_script();
    let found = match asked.nummer.trim() {
        "" => None,
        text => match find(&state, &asking.person.caller, text).await? {
            Some(ticket) => Some(ticket),
            None => {
                shell.fault("nummer", "look-up-unknown");
                None
            }
        },
    };
    let status = if shell.faults.is_empty() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let note = if asked.weitere.is_empty() { String::new() } else { shell.say("look-up-another") };
    Ok(shown(status, &state, &asking.person.caller, shell, &asked.nummer, found, &note))
}

/// None where the number is wrong, or of a request that is not theirs to see.
async fn find(state: &State, caller: &Caller, text: &str) -> Result<Option<Ticket>, AppError> {
    let Ok(at) = text.parse::<TicketRef>() else { return Ok(None) };
    match browse::ticket(state.desk(), caller.clone(), at).await {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppError::NotFound) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn shown(
    status: StatusCode,
    state: &State,
    caller: &Caller,
    shell: Shell,
    typed: &str,
    found: Option<Ticket>,
    note: &str,
) -> HttpResponse {
    let found = found.map(|ticket| told(state, caller, &shell, &ticket, note));
    let field = Field::text(&shell, "nummer", &shell.say("look-up-number"), typed).hint(shell.say("look-up-hint"));
    let number = if found.is_some() { field } else { field.first(&shell) };
    let page = LookUp { number, found, shell };
    show(status, &page.shell, &page)
}

fn told(state: &State, caller: &Caller, shell: &Shell, ticket: &Ticket, note: &str) -> Found {
    let snapshot = state.directory().current();
    let place = snapshot.municipality(&ticket.ars).map_or_else(String::new, |place| short(&place.name).to_owned());
    let service =
        snapshot.service(ticket.service.as_str()).map_or_else(String::new, |service| service.name.to_string());
    let until = shell.near(ticket.respond_by);
    let said = [("place", place.clone()), ("until", until.clone())];
    let owes = crate::tickets::status::is_open(ticket.status) && ticket.paused_at.is_none();
    let say = if owes && ticket.respond_by < state.desk().clock.now() {
        shell.say("look-up-say-late")
    } else {
        shell.language.with_all(&format!("look-up-say-{}", ticket.status), &said)
    };
    let may_note = caller.may(Action::NoteTicket).is_ok() && crate::tickets::status::is_open(ticket.status);
    Found {
        number: ticket.number.to_string(),
        spoken: spoken(&ticket.number, shell.language),
        subject: ticket.subject.clone(),
        facts: vec![
            (shell.say("look-up-service"), service),
            (shell.say("look-up-place"), place),
            (shell.say("look-up-taken"), shell.near(ticket.created_at)),
            (shell.say("look-up-until"), until),
        ],
        sign: of_ticket(ticket.status),
        state: shell.say(&format!("ticket-{}", ticket.status)),
        say,
        answer: ticket.answer.clone(),
        note: may_note.then(|| Field::text(shell, "text", &shell.say("look-up-note"), note).kind("textarea")),
    }
}

/// What the caller added.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Note {
    text: String,
}

/// Writes down what the caller added.
pub async fn add_note(
    state: Data<State>,
    request: HttpRequest,
    sent: StaffForm<right::NoteTicket, Note>,
    at: Path<String>,
) -> PageResult {
    let StaffForm { person, body, .. } = sent;
    let to: TicketRef = at.parse()?;
    match assess::note(state.desk(), person.caller.clone(), to, body.text.clone(), None).await {
        Ok(_) => Ok(lead_done(&format!("{HERE}?nummer={at}"), "look-up-noted")),
        Err(AppError::Invalid(_)) => {
            let shell = Shell::new(&state, &request, &person.visitor).at(format!("{HERE}?nummer={at}"));
            let mut shell = shell.with_script();
            shell.fault("text", "look-up-no-note");
            let found = find(&state, &person.caller, &at).await?;
            Ok(shown(StatusCode::UNPROCESSABLE_ENTITY, &state, &person.caller, shell, &at, found, &body.text))
        }
        Err(fault) => Err(fault.into()),
    }
}
