//! Requests of the public form that nobody confirmed yet, apart from the work: what was written, until when it is kept,
//! and the two buttons that decide about it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::field::Field;
use super::login::PageResult;
use super::shell::{Shell, lead_done, show};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::{Person, Staff, StaffForm, see_other};
use crate::tickets::public_form::unconfirmed::{self, Unconfirmed};

/// The address of the page.
const HERE: &str = "/unbestaetigt";
/// How many a page shows.
const AT_ONCE: usize = 25;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    vor: Option<String>,
}

#[derive(Template)]
#[template(path = "unconfirmed.html")]
struct Page {
    shell: Shell,
    waiting: Vec<Line>,
    next: Option<String>,
}

struct Line {
    number: String,
    subject: String,
    text: String,
    about: String,
    since: String,
    until: String,
    until_exact: String,
    files: usize,
    reason: Field,
    is_open: bool,
}

/// What waits, oldest first.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::AssessTicket>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let wanted: Wanted = parse_query(&only_own(request.query_string()))?;
    shown(&state, &page.person, shell, wanted.vor, StatusCode::OK, "").await
}

/// The words of the shell are none of this page's.
fn only_own(query: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "vor");
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn shown(
    state: &State,
    person: &Person,
    shell: Shell,
    after: Option<String>,
    status: StatusCode,
    faulty: &str,
) -> PageResult {
    let found = unconfirmed::list(state.desk(), person.caller.clone(), after, AT_ONCE).await?;
    let directory = state.directory().current();
    let line = |one: Unconfirmed| {
        let service = directory.service(one.service.as_str()).map_or(String::new(), |s| s.name.to_string());
        let place = directory.municipality(&one.ars).map_or(String::new(), |p| p.name.to_string());
        let id = format!("grund-{}", one.number);
        Line {
            about: format!("{service} · {place}"),
            since: shell.near(one.created_at),
            until: shell.near(one.keep_until),
            until_exact: one.keep_until.exact(),
            files: one.attachments.len(),
            reason: Field::text(&shell, &id, &shell.say("unconfirmed-reason"), "").named("grund"),
            is_open: faulty == one.number,
            number: one.number,
            subject: one.subject,
            text: one.description,
        }
    };
    let next = found.next_cursor.map(|cursor| format!("{HERE}?vor={cursor}"));
    let waiting = found.items.into_iter().map(line).collect();
    let page = Page { waiting, next, shell };
    Ok(show(status, &page.shell, &page))
}

/// Takes one up, and leads on to it.
pub async fn take(
    state: Data<State>,
    sent: StaffForm<right::AssessTicket, Nothing>,
    number: Path<String>,
) -> PageResult {
    unconfirmed::take_up(state.desk(), sent.person.caller, &number).await?;
    Ok(see_other(&format!("/anfragen/{number}")))
}

/// A button says nothing more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Why nothing becomes of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    grund: String,
}

/// Lets nothing become of one.
pub async fn discard(
    state: Data<State>,
    request: HttpRequest,
    sent: StaffForm<right::AssessTicket, Why>,
    number: Path<String>,
) -> PageResult {
    let StaffForm { person, body, .. } = sent;
    match unconfirmed::discard(state.desk(), person.caller.clone(), &number, body.grund).await {
        Ok(()) => Ok(lead_done(HERE, "unconfirmed-discarded")),
        Err(AppError::Invalid(_)) => {
            let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
            shell.fault(format!("grund-{number}"), "unconfirmed-no-reason");
            shown(&state, &person, shell, None, StatusCode::UNPROCESSABLE_ENTITY, &number).await
        }
        Err(fault) => Err(fault.into()),
    }
}
