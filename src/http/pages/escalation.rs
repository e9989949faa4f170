//! The page behind the signed link of an escalation mail: see it, take it, answer it, ask, hand it on, give it back.
//!
//! Invariant: opening a page changes nothing, whatever opens it; only its button does, with a POST, after which the
//! browser is led on (303), so that a reload repeats nothing. What was done is said only while it is so; else the page
//! shows how things stand. The secret in the address is the whole authority; it is never logged and leaves the page to
//! no other site. The page speaks German as the mail does, unless English was chosen.

pub(super) mod form;
pub(super) mod show;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use form::{Action, Typed, form, say};
use show::{done, gone, second_level, was_done};

use super::{desk, failure, mail_link, page};
use crate::error::{AppError, FieldError};
use crate::escalation::link::{self, DeadLink};
use crate::escalation::respond::{Speaker, respond};
use crate::http::State;
use crate::http::client;
use crate::http::words::{Language, PARAMETER};
use crate::ids::EscalationId;

/// The parameter that says what was just done.
pub(super) const DONE: &str = "getan";

/// An escalation as it was opened, by a link or by somebody who is logged in.
pub(super) struct Opened {
    /// The address of the page that shows everything.
    base: String,
    /// The secret of the link, where it was one.
    secret: String,
    /// What every form carries; nothing behind a link.
    csrf: Option<String>,
    language: Language,
    /// Whether the language stands in the address, and so in all that lead on from it.
    is_chosen: bool,
}

impl Opened {
    fn new(request: &HttpRequest, secret: String) -> Self {
        let language = mail_link::language(request);
        let is_chosen = Language::chosen(request).is_some();
        Self { base: format!("/eskalation/{secret}"), secret, csrf: None, language, is_chosen }
    }

    /// By somebody who is logged in.
    pub(super) fn by_log_in(request: &HttpRequest, id: EscalationId, csrf: String) -> Self {
        let base = format!("{}/{id}", desk::HERE);
        let is_chosen = Language::chosen(request).is_some();
        Self { base, secret: String::new(), csrf: Some(csrf), language: Language::of(request), is_chosen }
    }

    /// The address of one action, or of the page that shows everything.
    fn at(&self, action: Action) -> String {
        let language = if self.is_chosen { format!("?{PARAMETER}={}", self.language.as_str()) } else { String::new() };
        format!("{}{language}", self.plain(action))
    }

    fn plain(&self, action: Action) -> String {
        match action {
            Action::View => self.base.clone(),
            _ => format!("{}/{}", self.base, action.as_str()),
        }
    }

    /// The same page in the other language.
    fn other(&self, action: Action) -> String {
        format!("{}?{PARAMETER}={}", self.plain(action), self.language.other().as_str())
    }

    /// The page that says what was done.
    pub(super) fn done(&self, action: Action) -> String {
        let at = self.at(Action::View);
        let joint = if at.contains('?') { '&' } else { '?' };
        format!("{at}{joint}{DONE}={}", action.as_str())
    }
}

/// The escalation with everything that can be done; or what was just done, while it is so.
pub async fn view(state: Data<State>, request: HttpRequest, secret: Path<String>) -> HttpResponse {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let word = pairs.filter(|(name, _)| name == DONE).find_map(|(_, value)| Action::of(&value));
    show(&request, &state, &Opened::new(&request, secret.into_inner()), Action::View, word).await
}

/// The same with one action in front.
pub async fn action(state: Data<State>, request: HttpRequest, at: Path<(String, String)>) -> HttpResponse {
    let (secret, word) = at.into_inner();
    match Action::of(&word) {
        Some(action) => show(&request, &state, &Opened::new(&request, secret), action, None).await,
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
    let opened = Opened::new(&request, secret);
    let speaker = Speaker::Link(opened.secret.clone(), Some(client::address(&request, &state.trusted_proxies)));
    match respond(&state.escalations, speaker, say(action, &typed)).await {
        Ok(Ok(_)) => led_on(&opened, action),
        // Somebody else was faster: the page says who, with what was typed.
        Ok(Err(DeadLink::Ended)) => again(&request, &state, &opened, action, typed, (StatusCode::GONE, &stale())).await,
        Ok(Err(dead)) => gone(&request, &opened, dead),
        Err(AppError::Invalid(faults)) => {
            again(&request, &state, &opened, action, typed, (StatusCode::UNPROCESSABLE_ENTITY, &faults)).await
        }
        Err(AppError::Conflict(_)) => {
            again(&request, &state, &opened, action, typed, (StatusCode::CONFLICT, &stale())).await
        }
        Err(fault) => failure(&fault.into()),
    }
}

/// On to the page that says what was done.
fn led_on(opened: &Opened, action: Action) -> HttpResponse {
    let place = opened.done(action);
    HttpResponse::SeeOther().insert_header((LOCATION, place)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

async fn show(
    request: &HttpRequest,
    state: &State,
    opened: &Opened,
    action: Action,
    word: Option<Action>,
) -> HttpResponse {
    match link::page(&state.escalations, opened.secret.clone()).await {
        Ok(Ok(found)) => match word.filter(|word| was_done(&found, *word)) {
            Some(word) => page(StatusCode::OK, &done(found, opened, word)),
            None => page(StatusCode::OK, &second_level(state, found, opened, action, Typed::default(), &[])),
        },
        Ok(Err(dead)) => gone(request, opened, dead),
        Err(fault) => failure(&fault.into()),
    }
}

/// What is wrong where the state does not allow it any more.
pub(super) fn stale() -> [FieldError; 1] {
    [FieldError { field: String::new(), message: "stale".into() }]
}

/// The form again, with what was typed and what is wrong with it.
async fn again(
    request: &HttpRequest,
    state: &State,
    opened: &Opened,
    action: Action,
    typed: Typed,
    (status, faults): (StatusCode, &[FieldError]),
) -> HttpResponse {
    match link::page(&state.escalations, opened.secret.clone()).await {
        Ok(Ok(found)) => page(status, &second_level(state, found, opened, action, typed, faults)),
        Ok(Err(dead)) => gone(request, opened, dead),
        Err(fault) => failure(&fault.into()),
    }
}
