//! Deadlines in words: those of a request, and any that somebody wants to know; beside a request the button for an
//! emergency.
//!
//! Invariant: looking changes nothing but that a look outside one's own work is recorded. The button needs a reason and
//! the right to escalate; whoever lacks it does not see it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Europe::Berlin;
use serde::Deserialize;

use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::Action;
use crate::clock::Timestamp;
use crate::directory::hours::{Explanation, Words};
use crate::error::{AppError, FieldError};
use crate::escalation::deadlines::{self, AppliedHours, Deadline};
use crate::escalation::emergency;
use crate::http::State;
use crate::http::api::deadlines::Wanted;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::{Person, Staff, StaffForm, see_other};
use crate::http::words::Language;
use crate::keys::LANDS;

/// The address of the page.
const HERE: &str = "/fristen";

/// What was asked, as it was typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Asked {
    nummer: String,
    von: String,
    dauer: String,
    zeiten: String,
    land: String,
}

/// The form for an emergency.
#[derive(Debug, Deserialize)]
pub struct Press {
    nummer: String,
    grund: String,
}

#[derive(Template)]
#[template(path = "deadlines.html")]
struct Page {
    shell: Shell,
    number: Field,
    start: Field,
    within: Field,
    hours: Field,
    land: Choice,
    ticket: Option<Found>,
    reckoned: Option<Shown>,
}

/// A request with its deadlines.
struct Found {
    number: String,
    shown: Vec<Shown>,
    /// The form for an emergency, for whoever may press it.
    reason: Option<Field>,
}

/// A deadline in words.
struct Shown {
    title: String,
    exact: String,
    due: String,
    hours: String,
    remind: Option<String>,
    paused: Option<String>,
    is_as_reckoned: bool,
    parts: Vec<(Option<String>, Words)>,
}

fn words(language: Language, explanation: Explanation) -> Words {
    match language {
        Language::De => explanation.de,
        Language::En => explanation.en,
    }
}

fn hours(shell: &Shell, hours: &AppliedHours) -> String {
    let source = format!(
        "deadline-hours-{}",
        serde_json::to_value(hours.source).unwrap_or_default().as_str().unwrap_or_default()
    );
    format!("{} ({}), {}", hours.hours, shell.say(&source), hours.land.name())
}

impl Shown {
    fn of(shell: &Shell, deadline: Deadline) -> Self {
        let by = deadline.contact.map_or_else(String::new, |contact| format!(": {}", contact.name));
        let language = shell.language;
        let part = |part: deadlines::Part| {
            let why = match language {
                Language::De => part.why_de,
                Language::En => part.why_en,
            };
            (Some(why), words(language, part.explanation))
        };
        Self {
            title: format!("{}{by}", shell.say(&format!("deadline-{}", deadline.kind))),
            exact: deadline.due.exact(),
            due: shell.near(deadline.due),
            hours: hours(shell, &deadline.hours),
            remind: deadline.remind_at.map(|at| shell.with("deadline-remind", "time", shell.near(at))),
            paused: deadline.paused_at.map(|at| shell.with("deadline-paused", "time", shell.near(at))),
            is_as_reckoned: deadline.is_as_reckoned,
            parts: deadline.parts.into_iter().map(part).collect(),
        }
    }
}

/// Deadlines of a request, or of what was asked.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ReadTickets>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    show_page(StatusCode::OK, &state, &page.person, shell, asked, String::new()).await
}

/// Starts the emergency of a request.
pub async fn press(
    state: Data<State>,
    request: HttpRequest,
    form: StaffForm<right::EscalateTicket, Press>,
) -> PageResult {
    let (person, Press { nummer, grund }) = (form.person, form.body);
    let to = format!("{HERE}?nummer={}", url::form_urlencoded::byte_serialize(nummer.as_bytes()).collect::<String>());
    let pressed = emergency::emergency(&state.escalations, person.caller.clone(), nummer.parse()?, grund.clone()).await;
    let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
    let status = match pressed {
        Ok(_) => return Ok(see_other(&format!("{to}&getan=emergency"))),
        Err(AppError::Invalid(_)) => {
            shell.fault("grund", "fault-emergency-reason");
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(AppError::Conflict(_)) => {
            shell.fault("", "fault-emergency-state");
            StatusCode::CONFLICT
        }
        Err(fault) => return Err(fault.into()),
    };
    show_page(status, &state, &person, shell, Asked { nummer, ..Asked::default() }, grund).await
}

async fn show_page(
    status: StatusCode,
    state: &State,
    person: &Person,
    mut shell: Shell,
    asked: Asked,
    reason: String,
) -> PageResult {
    let mut ticket = None;
    if !asked.nummer.trim().is_empty() {
        match of_ticket(state, person, &shell, asked.nummer.trim(), &reason).await {
            Ok(found) => ticket = Some(found),
            Err(AppError::NotFound) => shell.fault("nummer", "fault-no-such-ticket"),
            Err(fault) => return Err(fault.into()),
        }
    }
    let reckoned = if asked.dauer.trim().is_empty() { None } else { reckon(state, &mut shell, &asked) };
    let status = if shell.faults.is_empty() { status } else { status.max(StatusCode::UNPROCESSABLE_ENTITY) };
    let lands = LANDS.iter().map(|(code, _, name)| ((*code).to_owned(), (*name).to_owned())).collect();
    let land = if asked.land.is_empty() { "SH" } else { &asked.land };
    let text = |id, key, value: &str| Field::text(&shell, id, &shell.say(key), value);
    let shown = Page {
        number: text("nummer", "deadline-number", &asked.nummer).hint(shell.say("deadline-number-hint")),
        start: text("von", "deadline-start", &asked.von).kind("datetime-local").optional(&shell),
        within: text("dauer", "deadline-within", &asked.dauer).hint(shell.say("deadline-within-hint")),
        hours: text("zeiten", "deadline-hours", &asked.zeiten).hint(shell.say("deadline-hours-hint")).may_be_empty(),
        land: Choice::new(&shell, "land", &shell.say("deadline-land"), lands, land),
        ticket,
        reckoned,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}

async fn of_ticket(
    state: &State,
    person: &Person,
    shell: &Shell,
    number: &str,
    reason: &str,
) -> Result<Found, AppError> {
    let found = deadlines::of_ticket(&state.escalations, person.caller.clone(), number.parse()?).await?;
    let may_press = person.caller.may(Action::EscalateTicket).is_ok() && !found.items.is_empty();
    let field = || Field::text(shell, "grund", &shell.say("emergency-reason"), reason).kind("textarea");
    Ok(Found {
        number: found.number.to_string(),
        shown: found.items.into_iter().map(|deadline| Shown::of(shell, deadline)).collect(),
        reason: may_press.then(field),
    })
}

/// What somebody wants to know without a request; faults are noted.
fn reckon(state: &State, shell: &mut Shell, asked: &Asked) -> Option<Shown> {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let start = match some(&asked.von).map(|text| wall(&text)) {
        Some(None) => {
            shell.fault("von", "fault-deadline-start");
            return None;
        }
        start => start.flatten(),
    };
    let wanted = Wanted {
        start,
        within: asked.dauer.trim().to_owned(),
        hours: some(&asked.zeiten),
        land: Some(some(&asked.land).unwrap_or_else(|| "SH".to_owned())),
        ars: None,
    };
    let question = match wanted.question(state.desk().clock.now()) {
        Ok(question) => question,
        Err(AppError::Invalid(faults)) => {
            shell.mark(&faults, |fault: &FieldError| match fault.field.as_str() {
                "within" => ("dauer".to_owned(), "fault-deadline-within"),
                "hours" => ("zeiten".to_owned(), "fault-deadline-hours"),
                _ => ("land".to_owned(), "fault-deadline-land"),
            });
            return None;
        }
        Err(_) => return None,
    };
    let (applied, explanation) = deadlines::of_question(&state.escalations, question);
    let (exact, due) = (explanation.due.exact(), shell.near(explanation.due));
    Some(Shown {
        title: shell.say("deadline-reckoned"),
        exact,
        due,
        hours: hours(shell, &applied),
        remind: None,
        paused: None,
        is_as_reckoned: true,
        parts: vec![(None, words(shell.language, explanation))],
    })
}

/// A time as a browser sends it: `2026-11-27T16:30`, on the wall in Germany.
pub fn wall(text: &str) -> Option<Timestamp> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()?;
    Some(Timestamp::new(Berlin.from_local_datetime(&naive).earliest()?.to_utc()))
}
