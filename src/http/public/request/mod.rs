//! Where a request stands, for whoever wrote it: by number and secret, confirmed, added to, answered, taken back.
//!
//! Invariant: opening an address changes nothing, whatever opens it; only a button does, after which the browser is led
//! on (303). The secret is the whole authority: the log names the route alone, the page is kept nowhere and tells its
//! address to no other site. Who has lost the link gets it by mail at the address that is known, and nowhere else.

mod shown;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::form::{parts, private};
use super::frame::{Asked, Frame};
use crate::error::AppError;
use crate::escalation::own_request;
use crate::http::State;
use crate::http::api::inbound::to_save;
use crate::http::client;
use crate::http::pages::{failure, mail_link};
use crate::http::visitor::see_other;
use crate::tickets::public_form::link::{StatusLink, send_again};
use crate::tickets::public_form::standing::{self, Stand};
use crate::tickets::public_form::unconfirmed;
use shown::{names, page};

/// The longest form without files, in bytes.
const LONGEST_FORM: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "request_confirm.html")]
struct Confirm {
    frame: Frame,
    number: String,
    secret: String,
    service: String,
    place: String,
    text: String,
    action: String,
}

#[derive(Template)]
#[template(path = "request_link.html")]
struct Lost {
    frame: Frame,
    number: String,
    mail: String,
    is_sent: bool,
    fault: Option<String>,
    action: String,
}

/// What stands in the address beside the language.
#[derive(Debug, Default)]
struct Query {
    secret: String,
    done: Option<String>,
    warnings: Vec<String>,
    number: String,
}

impl Query {
    fn of(request: &HttpRequest) -> Self {
        let mut found = Self::default();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            match name.as_ref() {
                "s" => found.secret = value.chars().take(100).collect(),
                "getan" => found.done = Some(value.into_owned()),
                "hinweis" => found.warnings.push(value.into_owned()),
                "nummer" => found.number = value.chars().take(40).collect(),
                _ => {}
            }
        }
        found
    }
}

fn link(state: &State, request: &HttpRequest, number: &str, secret: &str) -> StatusLink {
    let address = Some(client::address(request, &state.trusted_proxies));
    StatusLink { number: number.to_owned(), secret: secret.to_owned(), address }
}

/// Where it stands.
pub async fn view(state: Data<State>, request: HttpRequest, number: Path<String>) -> HttpResponse {
    let (asked, query) = (Asked::of(&request), Query::of(&request));
    let link = link(&state, &request, &number, &query.secret);
    match standing::standing(state.desk(), &link).await {
        Ok(found) => private(StatusCode::OK, &page(&state, &asked, &link, found, query), None),
        Err(fault) => unknown(&state, &asked, &number, fault),
    }
}

/// What a link from the mail would confirm, and the button that does.
pub async fn ask(state: Data<State>, request: HttpRequest, number: Path<String>) -> HttpResponse {
    let (asked, query) = (Asked::of(&request), Query::of(&request));
    let link = link(&state, &request, &number, &query.secret);
    let found = match standing::standing(state.desk(), &link).await {
        Ok(found) => found,
        Err(fault) => return unknown(&state, &asked, &number, fault),
    };
    if found.stand != Stand::Unconfirmed || !found.by_mail {
        return see_other(&at(&asked, &link, None));
    }
    let path = format!("/anfrage/{}/bestaetigen", found.number);
    let (service, place, sender) = names(&state, &found);
    let frame = Frame::new(&state, &asked, &path, &[("s", &link.secret)], sender);
    let text = found.said.first().map(|said| said.text.clone()).unwrap_or_default();
    let action = asked.address(&path, &[]);
    private(
        StatusCode::OK,
        &Confirm { frame, service, place, text, action, number: found.number, secret: link.secret },
        None,
    )
}

/// A button's form.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Pressed {
    s: String,
    grund: String,
}

/// Confirms the address.
pub async fn confirm(state: Data<State>, request: HttpRequest, payload: Payload, number: Path<String>) -> HttpResponse {
    let asked = Asked::of(&request);
    let pressed = match pressed(&request, payload).await {
        Ok(pressed) => pressed,
        Err(refusal) => return refusal,
    };
    let link = link(&state, &request, &number, &pressed.s);
    match unconfirmed::confirm(state.desk(), &link).await {
        Ok(()) => see_other(&at(&asked, &link, Some("bestaetigt"))),
        // The page says how it stands.
        Err(AppError::Conflict(_)) => see_other(&at(&asked, &link, None)),
        Err(fault) => unknown(&state, &asked, &number, fault),
    }
}

/// Takes it back.
pub async fn withdraw(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    number: Path<String>,
) -> HttpResponse {
    let asked = Asked::of(&request);
    let mut pressed = match pressed(&request, payload).await {
        Ok(pressed) => pressed,
        Err(refusal) => return refusal,
    };
    mail_link::tidy(&mut pressed.grund);
    let link = link(&state, &request, &number, &pressed.s);
    match own_request::withdraw(&state.escalations, &link, pressed.grund).await {
        Ok(()) => see_other(&at(&asked, &link, Some("zurueckgezogen"))),
        Err(AppError::Conflict(_)) => see_other(&at(&asked, &link, None)),
        Err(fault) => unknown(&state, &asked, &number, fault),
    }
}

/// Says more, with files or without; an answer, where something was asked.
pub async fn say(state: Data<State>, request: HttpRequest, payload: Payload, number: Path<String>) -> HttpResponse {
    if let Some(refusal) = mail_link::foreign_button(&request) {
        return refusal;
    }
    let asked = Asked::of(&request);
    let most = state.desk().settings.attachments.most_bytes;
    let mut parts = match parts::read(&request, payload, most, &state.form_room).await {
        Ok(parts) => parts,
        Err(fault) => return failure(&fault),
    };
    let (text, secret, form) = (parts.take("text"), parts.take("s"), parts.take("einmal"));
    let link = link(&state, &request, &number, &secret);
    let fault = if parts.is_too_large {
        AppError::field("files", "are too large")
    } else {
        let files = std::mem::take(&mut parts.files);
        match own_request::say(&state.escalations, &link, text.clone(), files, &form).await {
            Ok(()) => return see_other(&at(&asked, &link, Some("geschrieben"))),
            Err(AppError::Conflict(_)) => return see_other(&at(&asked, &link, None)),
            Err(fault) => fault,
        }
    };
    let faults = match fault {
        AppError::Invalid(faults) => Some(faults),
        AppError::TooMany(_) => None,
        fault => return unknown(&state, &asked, &number, fault),
    };
    match standing::standing(state.desk(), &link).await {
        Ok(found) => {
            let mut shown = page(&state, &asked, &link, found, Query::default());
            let mut all = faults.iter().flat_map(|faults| super::form::Fault::all(&asked, faults));
            let told = all.find(|fault| fault.field == "dateien");
            shown.fault = Some(match (&faults, told) {
                (None, _) => ("text", shown.frame.say("form-too-often")),
                (_, Some(told)) => ("dateien", told.text),
                (_, None) => ("text", shown.frame.say("form-bad-words")),
            });
            shown.typed = text;
            let status = match faults {
                None => StatusCode::TOO_MANY_REQUESTS,
                _ if parts.is_too_large => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            private(status, &shown, None)
        }
        Err(fault) => unknown(&state, &asked, &number, fault),
    }
}

/// One of their files, to be saved.
pub async fn file(state: Data<State>, request: HttpRequest, at: Path<(String, i32)>) -> HttpResponse {
    let (asked, query) = (Asked::of(&request), Query::of(&request));
    let (number, file) = at.into_inner();
    let link = link(&state, &request, &number, &query.secret);
    match standing::file(state.desk(), &link, file).await {
        Ok((attachment, bytes)) => to_save(&attachment.name, bytes),
        Err(fault) => unknown(&state, &asked, &number, fault),
    }
}

/// The form for a new link.
pub async fn lost(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let (asked, query) = (Asked::of(&request), Query::of(&request));
    let is_sent = query.done.as_deref() == Some("gesendet");
    private(StatusCode::OK, &lost_page(&state, &asked, query.number, String::new(), is_sent, None), None)
}

/// What is sent for a new link.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    nummer: String,
    mail: String,
}

/// Sends it, if it is theirs; the answer is the same in any case.
pub async fn resend(state: Data<State>, request: HttpRequest, payload: Payload) -> HttpResponse {
    if let Some(refusal) = mail_link::foreign_button(&request) {
        return refusal;
    }
    let asked = Asked::of(&request);
    let wanted: Wanted = match mail_link::form(&request, payload, LONGEST_FORM).await {
        Ok(wanted) => wanted,
        Err(fault) => return failure(&fault),
    };
    let address = Some(client::address(&request, &state.trusted_proxies));
    match send_again(state.desk(), &wanted.nummer, &wanted.mail, address).await {
        Ok(()) => see_other(&asked.address("/anfrage/link", &[("getan", "gesendet")])),
        Err(AppError::TooMany(_)) => {
            let fault = Some(crate::http::words::Speech(asked.language).say("form-too-many"));
            let page = lost_page(&state, &asked, wanted.nummer, wanted.mail, false, fault);
            private(StatusCode::TOO_MANY_REQUESTS, &page, None)
        }
        Err(fault) => failure(&fault.into()),
    }
}

fn lost_page(state: &State, asked: &Asked, number: String, mail: String, is_sent: bool, fault: Option<String>) -> Lost {
    let frame = Frame::new(state, asked, "/anfrage/link", &[], "Lotse".to_owned());
    Lost { number, mail, is_sent, fault, action: asked.address("/anfrage/link", &[]), frame }
}

async fn pressed(request: &HttpRequest, payload: Payload) -> Result<Pressed, HttpResponse> {
    if let Some(refusal) = mail_link::foreign_button(request) {
        return Err(refusal);
    }
    mail_link::form(request, payload, LONGEST_FORM).await.map_err(|fault| failure(&fault))
}

/// A link that leads nowhere: 404 with the way to a new one.
fn unknown(state: &State, asked: &Asked, number: &str, fault: AppError) -> HttpResponse {
    if !matches!(fault, AppError::NotFound) {
        return failure(&fault.into());
    }
    let number = number.parse::<crate::tickets::TicketNumber>().map(|n| n.to_string()).unwrap_or_default();
    let fault = Some(crate::http::words::Speech(asked.language).say("form-link-unknown"));
    private(StatusCode::NOT_FOUND, &lost_page(state, asked, number, String::new(), false, fault), None)
}

fn at(asked: &Asked, link: &StatusLink, done: Option<&str>) -> String {
    let mut more = vec![("s", link.secret.as_str())];
    more.extend(done.map(|done| ("getan", done)));
    asked.address(&format!("/anfrage/{}", link.number), &more)
}
