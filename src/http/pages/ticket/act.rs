//! What the buttons of a request's page do.
//!
//! Invariant: every form says what its sender had seen last; where something has happened since, nothing is changed,
//! and the page comes back with what is new, in words, and with everything that was typed. A preview changes nothing.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::choices::withheld;
use super::matters::Typed;
use super::{Shown, show_page};
use crate::access::Caller;
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::escalation::escalate::{Escalate, escalate, next_step_now};
use crate::escalation::hand_on::{self, HandOn};
use crate::escalation::{ask, browse as escalations, deadlines, decide, emergency, other_way};
use crate::http::State;
use crate::http::api::deadlines::Wanted;
use crate::http::auth::right;
use crate::http::pages::deadlines::wall;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::{Person, StaffForm};
use crate::ids::{DeliveryId, EscalationId, HistoryId};
use crate::tickets::{Ticket, TicketNumber, TicketRef, assess, browse, reporter};

/// A form of the page: any of its buttons; who may what is the use case's to say.
pub type Sent = StaffForm<right::ReadTickets, Typed>;

/// Does one of the things of a request.
pub async fn act(state: Data<State>, request: HttpRequest, form: Sent, at: Path<(String, String)>) -> PageResult {
    let ((number, word), person, typed) = (at.into_inner(), form.person, form.body);
    let number: TicketNumber = number.parse().map_err(|_| AppError::NotFound)?;
    if word == "person" {
        return open_person(&state, &request, person, number, typed).await;
    }
    if typed.contains_key("nur") {
        return preview(&state, &request, &person, number, &word, typed).await;
    }
    let to = seen(&number, &typed);
    let done = do_it(&state, person.caller.clone(), to, &word, &typed).await;
    settled(&state, &request, &person, number, &word, typed, done, &format!("ticket-{word}")).await
}

/// Does one of the things of an escalation.
pub async fn act_on_escalation(
    state: Data<State>,
    request: HttpRequest,
    form: Sent,
    at: Path<(String, EscalationId, String)>,
) -> PageResult {
    let ((number, id, word), person, typed) = (at.into_inner(), form.person, form.body);
    let number: TicketNumber = number.parse().map_err(|_| AppError::NotFound)?;
    let open = match typed.get("vorschlag").filter(|_| word == "ablehnen") {
        Some(proposal) => format!("{word}-{proposal}"),
        None => format!("{word}-{id}"),
    };
    let done = match browse::unchanged(state.desk(), person.caller.clone(), seen(&number, &typed)).await {
        Ok(()) => do_about(&state, person.caller.clone(), id, &word, &typed).await,
        Err(fault) => Err(fault),
    };
    settled(&state, &request, &person, number, &open, typed, done, &format!("matter-{word}")).await
}

/// Tries a message again now.
pub async fn retry(
    state: Data<State>,
    request: HttpRequest,
    form: StaffForm<right::ReplayDelivery, Typed>,
    at: Path<(String, DeliveryId)>,
) -> PageResult {
    let ((number, id), person) = (at.into_inner(), form.person);
    let number: TicketNumber = number.parse().map_err(|_| AppError::NotFound)?;
    let done = escalations::retry_now(&state.escalations, person.caller.clone(), id).await.map(drop);
    settled(&state, &request, &person, number, "", form.body, done, "message-retried").await
}

/// The request as the sender of a form saw it.
fn seen(number: &TicketNumber, typed: &Typed) -> TicketRef {
    match typed.get("stand").and_then(|last| last.parse::<HistoryId>().ok()) {
        Some(last) => TicketRef::Seen(number.clone(), last),
        None => TicketRef::Number(number.clone()),
    }
}

async fn do_it(state: &State, caller: Caller, at: TicketRef, word: &str, typed: &Typed) -> Result<(), AppError> {
    let (desk, escalations) = (state.desk(), &state.escalations);
    let text = typed.get(word).map(|text| text.replace("\r\n", "\n").trim().to_owned()).unwrap_or_default();
    match word {
        "uebernahme" => assess::claim(desk, caller, at).await.map(drop),
        "freigabe" => assess::release(desk, caller, at).await.map(drop),
        "antwort" => decide::answer(escalations, caller, at, text, None).await.map(drop),
        "zwischenstand" => {
            let until = typed.get("bis").and_then(|until| wall(until));
            let until = until.ok_or_else(|| AppError::field("respond_by", "is no time"))?;
            assess::interim(desk, caller, at, text, until, None).await.map(drop)
        }
        "rueckfrage" => assess::wait(desk, caller, at, text, None).await.map(drop),
        "weiter" => ask::resume(escalations, caller, at, text, None).await.map(drop),
        "ablehnung" => decide::reject(escalations, caller, at, text, None).await.map(drop),
        "abschluss" => decide::close(escalations, caller, at).await.map(drop),
        "oeffnen" => assess::reopen(desk, caller, at, text).await.map(drop),
        "notiz" => assess::note(desk, caller, at, text, None).await.map(drop),
        "dringlichkeit" => {
            let priority = text.parse().map_err(|_| AppError::field("priority", "is none"))?;
            emergency::set_priority(escalations, caller, at, priority).await.map(drop)
        }
        "thema" => {
            let category = text.parse().map_err(|_| AppError::field("category", "is none"))?;
            assess::set_category(desk, caller, at, category).await.map(drop)
        }
        "notfall" => emergency::emergency(escalations, caller, at, text).await.map(drop),
        "zusammenlegen" => {
            let into = text.parse().map_err(|_| AppError::field("into", "is no number"))?;
            decide::merge(escalations, caller, at, into).await.map(drop)
        }
        "eskalieren" => {
            let kind = typed.get("art").and_then(|kind| kind.parse().ok());
            let command = Escalate {
                kind: kind.ok_or_else(|| AppError::field("kind", "is missing"))?,
                note: text,
                contact_id: typed.get("an").filter(|contact| !contact.is_empty()).cloned(),
                withhold: withheld(typed),
            };
            escalate(escalations, caller, at, command, None).await.map(drop)
        }
        _ => Err(AppError::NotFound),
    }
}

async fn do_about(state: &State, caller: Caller, id: EscalationId, word: &str, typed: &Typed) -> Result<(), AppError> {
    let escalations = &state.escalations;
    let get = |name: &str| typed.get(name).map(|text| text.replace("\r\n", "\n").trim().to_owned()).unwrap_or_default();
    let text = get(&format!("{word}-{id}"));
    let proposal = get("vorschlag");
    let handover = || proposal.parse().map_err(|_| AppError::NotFound);
    match word {
        "antworten" => ask::reply(escalations, caller, id, text, None).await.map(drop),
        "naechste" => next_step_now(escalations, caller, id, get("stufe").parse().ok()).await.map(drop),
        "anderer-weg" => other_way::take_now(escalations, caller, id).await.map(drop),
        "weitergeben" => {
            let wanted = HandOn { contact: get(&format!("an-{id}")), reason: text };
            hand_on::forward(escalations, caller, id, wanted, None).await.map(drop)
        }
        "zurueckziehen" => decide::withdraw(escalations, caller, id, text).await.map(drop),
        "zustimmen" => hand_on::confirm(escalations, caller, (id, handover()?)).await.map(drop),
        "ablehnen" => {
            let reason = get(&format!("ablehnen-{proposal}"));
            hand_on::decline(escalations, caller, (id, handover()?), reason).await.map(drop)
        }
        _ => Err(AppError::NotFound),
    }
}

/// On to the page, or the page again with what is wrong and with what was typed.
#[allow(clippy::too_many_arguments)]
async fn settled(
    state: &State,
    request: &HttpRequest,
    person: &Person,
    number: TicketNumber,
    open: &str,
    typed: Typed,
    done: Result<(), AppError>,
    said: &str,
) -> PageResult {
    let shell = Shell::new(state, request, &person.visitor).at(format!("/anfragen/{number}"));
    let shown = Shown { open: open.to_owned(), typed, ..Shown::default() };
    match done {
        Ok(()) => Ok(lead_done(&format!("/anfragen/{number}"), said)),
        Err(AppError::Invalid(faults)) => {
            let shown = Shown { faults, ..shown };
            show_page(StatusCode::UNPROCESSABLE_ENTITY, state, person, shell, number, shown).await
        }
        Err(AppError::Conflict(_)) => {
            let shown = Shown { is_stale: true, ..shown };
            show_page(StatusCode::CONFLICT, state, person, shell, number, shown).await
        }
        Err(fault) => Err(fault.into()),
    }
}

/// The page with what would go out, or with a text put in.
async fn preview(
    state: &State,
    request: &HttpRequest,
    person: &Person,
    number: TicketNumber,
    word: &str,
    mut typed: Typed,
) -> PageResult {
    if typed.get("nur").map(String::as_str) == Some("baustein") {
        let chosen = typed.get("baustein").cloned().unwrap_or_default();
        let at = TicketRef::Number(number.clone());
        let texts = crate::tickets::text_modules::for_ticket(state.desk(), person.caller.clone(), at).await?;
        if let Some(text) = texts.into_iter().find(|one| one.id.to_string() == chosen) {
            let field = typed.entry(word.to_owned()).or_default();
            *field = [field.trim_end(), text.text.as_str()].join(if field.is_empty() { "" } else { "\n\n" });
        }
    }
    let shell = Shell::new(state, request, &person.visitor).at(format!("/anfragen/{number}"));
    let shown = Shown { open: word.to_owned(), typed, ..Shown::default() };
    show_page(StatusCode::OK, state, person, shell, number, shown).await
}

/// The page with name and addresses of who asked, for what was said; the look stands in the history.
async fn open_person(
    state: &State,
    request: &HttpRequest,
    person: Person,
    number: TicketNumber,
    typed: Typed,
) -> PageResult {
    let purpose = typed.get("zweck").map(|text| text.trim().to_owned()).unwrap_or_default();
    let at = TicketRef::Number(number.clone());
    let opened = reporter::open_reporter(state.desk(), person.caller.clone(), at, purpose).await;
    let shell = Shell::new(state, request, &person.visitor).at(format!("/anfragen/{number}"));
    match opened {
        Ok(reporter) => {
            let shown = Shown { reporter: Some(reporter), ..Shown::default() };
            show_page(StatusCode::OK, state, &person, shell, number, shown).await
        }
        Err(AppError::Invalid(faults)) => {
            let shown = Shown { faults, open: "person".to_owned(), typed, ..Shown::default() };
            show_page(StatusCode::UNPROCESSABLE_ENTITY, state, &person, shell, number, shown).await
        }
        Err(fault) => Err(fault.into()),
    }
}

/// The time that one would promise now: a service day from now, as a field of a form has it.
pub fn promised(state: &State, ticket: &Ticket) -> String {
    let now = state.desk().clock.now();
    let wanted =
        Wanted { start: None, within: "1d".to_owned(), hours: None, land: None, ars: Some(ticket.ars.to_string()) };
    let reckoned = wanted.question(now).map(|question| deadlines::of_question(&state.escalations, question).1.due);
    on_the_wall(reckoned.unwrap_or(now))
}

fn on_the_wall(time: Timestamp) -> String {
    time.utc().with_timezone(&chrono_tz::Europe::Berlin).format("%Y-%m-%dT%H:%M").to_string()
}
