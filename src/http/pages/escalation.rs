//! The page behind the signed link of an escalation mail: see it, take it, answer it, give it back.
//!
//! Invariant: opening a page changes nothing, whatever opens it; only its button does, with a POST. The secret in
//! the address is the whole authority; it is never logged and leaves the page to no other site.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{failure, mail_link, message, page};
use crate::error::{AppError, FieldError};
use crate::escalation::escalation::is_open;
use crate::escalation::link::{self, DeadLink, LinkPage};
use crate::escalation::message::{berlin, kind_word, known};
use crate::escalation::respond::{LONGEST_ANSWER, LONGEST_REASON, LONGEST_REFERENCE, Speaker, Word, respond};
use crate::escalation::{Escalation, EscalationStatus};
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::client;
use crate::http::error::ApiError;

/// The longest form, in bytes: 8,000 characters, each written as up to twelve.
const LONGEST_FORM: usize = 64 * 1024;

/// What stands in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    View,
    Acknowledge,
    Answer,
    Return,
}

impl Action {
    fn of(word: &str) -> Option<Self> {
        match word {
            "acknowledge" => Some(Self::Acknowledge),
            "answer" => Some(Self::Answer),
            "return" => Some(Self::Return),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Acknowledge => "acknowledge",
            Self::Answer => "answer",
            Self::Return => "return",
        }
    }
}

/// The form as it was sent; each action has its own fields.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    text: String,
    reference: String,
    reason: String,
}

#[derive(Default)]
struct FieldErrors {
    text: Option<String>,
    reference: Option<String>,
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "second_level.html")]
struct SecondLevel {
    lang: &'static str,
    assets: Assets,
    action: &'static str,
    municipality: String,
    contact_name: String,
    number: String,
    kind_word: &'static str,
    subject: String,
    question: String,
    description: String,
    facts: Vec<(String, String)>,
    acknowledge_by: Option<String>,
    next_contact: Option<String>,
    state_sentence: Option<String>,
    is_open: bool,
    valid_until: String,
    error: Option<String>,
    errors: FieldErrors,
    typed_text: String,
    typed_reference: String,
    typed_reason: String,
    post_acknowledge: String,
    post_answer: String,
    post_return: String,
    view_url: String,
}

#[derive(Template)]
#[template(path = "second_level_done.html")]
struct SecondLevelDone {
    lang: &'static str,
    assets: Assets,
    municipality: String,
    number: String,
    subject: String,
    title: &'static str,
    happened: String,
    next_steps: Vec<String>,
    view_url: Option<String>,
}

/// The escalation with everything that can be done.
pub async fn view(state: Data<State>, secret: Path<String>) -> HttpResponse {
    show(&state, secret.into_inner(), Action::View).await
}

/// The same with one action in front.
pub async fn action(state: Data<State>, at: Path<(String, String)>) -> HttpResponse {
    let (secret, word) = at.into_inner();
    match Action::of(&word) {
        Some(action) => show(&state, secret, action).await,
        None => failure(&AppError::NotFound.into()),
    }
}

/// Does it.
pub async fn act(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    at: Path<(String, String)>,
) -> HttpResponse {
    let (secret, word) = at.into_inner();
    let Some(action) = Action::of(&word) else { return failure(&AppError::NotFound.into()) };
    if let Some(refusal) = mail_link::foreign_button(&request) {
        return refusal;
    }
    let typed = match form(&request, payload).await {
        Ok(typed) => typed,
        Err(fault) => return failure(&fault),
    };
    let speaker = Speaker::Link(secret.clone(), Some(client::address(&request, &state.trusted_proxies)));
    let heard = respond(&state.escalations, speaker, say(action, &typed)).await;
    match heard {
        Ok(Ok(_)) => done(&state, secret, action).await,
        Ok(Err(dead)) => gone(&state, secret, dead).await,
        Err(AppError::Invalid(faults)) => again(&state, secret, action, typed, &faults).await,
        Err(fault) => failure(&fault.into()),
    }
}

async fn form(request: &HttpRequest, payload: Payload) -> Result<Typed, ApiError> {
    let mut typed: Typed = mail_link::form(request, payload, LONGEST_FORM).await?;
    for field in [&mut typed.text, &mut typed.reference, &mut typed.reason] {
        mail_link::tidy(field);
    }
    Ok(typed)
}

fn say(action: Action, typed: &Typed) -> Word {
    let reference = Some(typed.reference.clone()).filter(|reference| !reference.is_empty());
    match action {
        Action::View | Action::Acknowledge => Word::Acknowledge { reference },
        Action::Answer => Word::Answer { text: typed.text.clone(), reference },
        Action::Return => Word::Return { reason: typed.reason.clone() },
    }
}

async fn show(state: &State, secret: String, action: Action) -> HttpResponse {
    match link::page(&state.escalations, secret.clone()).await {
        Ok(Ok(found)) => page(StatusCode::OK, &second_level(found, &secret, action, Typed::default())),
        Ok(Err(dead)) => gone(state, secret, dead).await,
        Err(fault) => failure(&fault.into()),
    }
}

/// The form again, with what was typed and what is wrong with it.
async fn again(state: &State, secret: String, action: Action, typed: Typed, faults: &[FieldError]) -> HttpResponse {
    match link::page(&state.escalations, secret.clone()).await {
        Ok(Ok(found)) => {
            let mut shown = second_level(found, &secret, action, typed);
            shown.error = Some("Noch nicht gesendet: Eine Angabe fehlt oder ist zu lang.".to_owned());
            for fault in faults {
                shown.mark(&fault.field);
            }
            page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Ok(Err(dead)) => gone(state, secret, dead).await,
        Err(fault) => failure(&fault.into()),
    }
}

impl SecondLevel {
    /// Says in German what is wrong with a field.
    fn mark(&mut self, field: &str) {
        let wrong = |typed: &str, missing: &str, most: usize| match typed.is_empty() {
            true => Some(missing.to_owned()),
            false => Some(format!("Höchstens {most} Zeichen, ohne Steuerzeichen. Bitte kürzen Sie den Text.")),
        };
        match field {
            "text" => self.errors.text = wrong(&self.typed_text, "Ihre Antwort fehlt noch.", LONGEST_ANSWER),
            "reason" => self.errors.reason = wrong(&self.typed_reason, "Der Grund fehlt noch.", LONGEST_REASON),
            _ => {
                self.errors.reference =
                    wrong(&self.typed_reference, "Das Aktenzeichen ist nicht lesbar.", LONGEST_REFERENCE);
            }
        }
    }
}

fn second_level(found: LinkPage, secret: &str, action: Action, typed: Typed) -> SecondLevel {
    let LinkPage { holder, escalation, facts } = found;
    let view_url = format!("/eskalation/{secret}");
    SecondLevel {
        lang: "de",
        assets: Assets::here(),
        action: action.as_str(),
        kind_word: kind_word(escalation.kind, escalation.emergency),
        acknowledge_by: escalation.acknowledge_by.map(berlin),
        state_sentence: state_sentence(&escalation),
        is_open: is_open(escalation.status),
        valid_until: berlin(holder.expires_at),
        facts: known(&facts),
        municipality: facts.municipality,
        contact_name: facts.contact_name,
        number: facts.number,
        subject: facts.subject,
        question: facts.note,
        description: facts.description,
        next_contact: facts.next_contact,
        error: None,
        errors: FieldErrors::default(),
        typed_text: typed.text,
        typed_reference: typed.reference,
        typed_reason: typed.reason,
        post_acknowledge: format!("{view_url}/acknowledge"),
        post_answer: format!("{view_url}/answer"),
        post_return: format!("{view_url}/return"),
        view_url,
    }
}

/// How it stands, unless it simply waits.
fn state_sentence(found: &Escalation) -> Option<String> {
    let at = |time: Option<_>| time.map(berlin).map_or_else(String::new, |time| format!(" am {time}"));
    let who = found.acknowledged_name.as_deref().unwrap_or("jemand");
    match found.status {
        EscalationStatus::Pending | EscalationStatus::Sent => None,
        EscalationStatus::Acknowledged => Some(format!("{who} kümmert sich seit {}.", since(found))),
        EscalationStatus::Answered => Some(format!("{who} hat{} geantwortet.", at(found.ended_at))),
        EscalationStatus::Returned => Some(format!("{who} hat die Anfrage{} zurückgegeben.", at(found.ended_at))),
        EscalationStatus::Expired => Some(format!(
            "Niemand hat rechtzeitig bestätigt. Die Anfrage ging{} an die Kommune zurück.",
            at(found.ended_at)
        )),
        EscalationStatus::Withdrawn => {
            Some(format!("Die Anfrage ist{} erledigt worden. Sie müssen nichts mehr tun.", at(found.ended_at)))
        }
    }
}

fn since(found: &Escalation) -> String {
    found.acknowledged_at.map_or_else(|| "eben".to_owned(), berlin)
}

async fn done(state: &State, secret: String, action: Action) -> HttpResponse {
    let found = match link::page(&state.escalations, secret.clone()).await {
        Ok(Ok(found)) => found,
        Ok(Err(dead)) => return gone(state, secret, dead).await,
        Err(fault) => return failure(&fault.into()),
    };
    let (facts, place) = (found.facts, |what: &str| format!("{what} liegt bei der Kommune."));
    let (title, happened, next_steps) = match action {
        Action::View | Action::Acknowledge => (
            "Sie kümmern sich darum",
            "Die Kommune sieht, dass Sie die Anfrage haben. Niemand sonst wird gefragt.".to_owned(),
            vec!["Antworten können Sie später: auf der Seite der Anfrage.".to_owned()],
        ),
        Action::Answer => (
            "Antwort gesendet",
            place("Ihre Antwort"),
            vec!["Die Kommune antwortet der Person.".to_owned(), "Sie müssen nichts mehr tun.".to_owned()],
        ),
        Action::Return => (
            "Anfrage zurückgegeben",
            place("Die Anfrage mit Ihrem Grund"),
            vec!["Die Kommune entscheidet, wie es weitergeht.".to_owned(), "Sie müssen nichts mehr tun.".to_owned()],
        ),
    };
    let shown = SecondLevelDone {
        lang: "de",
        assets: Assets::here(),
        municipality: facts.municipality,
        number: facts.number,
        subject: facts.subject,
        title,
        happened,
        next_steps,
        view_url: Some(format!("/eskalation/{secret}")),
    };
    page(StatusCode::OK, &shown)
}

/// A link that opens nothing any more, or nothing that can be acted on.
async fn gone(state: &State, secret: String, dead: DeadLink) -> HttpResponse {
    match dead {
        DeadLink::Unknown => mail_link::unknown(),
        DeadLink::Expired => message(
            StatusCode::GONE,
            "Dieser Link gilt nicht mehr",
            "Seine Zeit ist abgelaufen. Es wurde nichts geändert.",
            Some("Fragen Sie bei der Kommune nach, die Sie gefragt hat."),
        ),
        DeadLink::Ended => {
            let found = link::look(&state.escalations, secret).await;
            let what = found.ok().and_then(Result::ok).and_then(|(_, escalation)| state_sentence(&escalation));
            let lead = what.unwrap_or_else(|| "Die Anfrage ist beendet.".to_owned());
            let next_step = Some("Ihre Eingabe wurde nicht mehr gebraucht und nicht gespeichert.");
            message(StatusCode::GONE, "Diese Anfrage ist schon erledigt", &lead, next_step)
        }
    }
}
