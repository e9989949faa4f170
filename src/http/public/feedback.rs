//! The form by which people report a barrier, beside the accessibility statement.
//!
//! Invariant: there only where the operator named an address for it. Works without a script; what a machine fills in (a field
//! that nobody sees) is taken and goes nowhere; one form too many in an hour is refused with what was typed.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::form::private;
use super::frame::{Asked, Frame};
use crate::error::AppError;
use crate::http::State;
use crate::http::client;
use crate::http::pages::{failure, mail_link};
use crate::http::visitor::see_other;
use crate::keys::EmailAddress;
use crate::operations::feedback::{Report, report};

/// Where the form stands.
pub const HERE: &str = "/barrierefreiheit/melden";
/// The longest form, in bytes.
const LONGEST: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "feedback.html")]
struct Page {
    frame: Frame,
    action: String,
    statement: String,
    is_sent: bool,
    fault: Option<String>,
    fields: Vec<Field>,
    /// Whether anything is wrong, for the title.
    faults: Vec<String>,
}

struct Field {
    id: &'static str,
    label: String,
    kind: &'static str,
    autocomplete: &'static str,
    is_needed: bool,
    typed: String,
    fault: Option<String>,
}

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Typed {
    text: String,
    seite: String,
    mail: String,
    webseite: String,
}

/// Where reports go; nothing where nobody was named, or no address.
pub(super) fn address(state: &State) -> Option<EmailAddress> {
    state.public_links.feedback.as_deref()?.parse().ok()
}

/// The form.
pub async fn view(state: Data<State>, request: HttpRequest) -> HttpResponse {
    if address(&state).is_none() {
        return failure(&AppError::NotFound.into());
    }
    let asked = Asked::of(&request);
    let sent = url::form_urlencoded::parse(request.query_string().as_bytes()).any(|(name, _)| name == "getan");
    private(StatusCode::OK, &page(&state, &asked, Typed::default(), sent, &[], None), None)
}

/// Takes a report.
pub async fn submit(state: Data<State>, request: HttpRequest, payload: Payload) -> HttpResponse {
    if let Some(refusal) = mail_link::foreign_button(&request) {
        return refusal;
    }
    let Some(to) = address(&state) else { return failure(&AppError::NotFound.into()) };
    let asked = Asked::of(&request);
    let mut typed: Typed = match mail_link::form(&request, payload, LONGEST).await {
        Ok(typed) => typed,
        Err(fault) => return failure(&fault),
    };
    mail_link::tidy(&mut typed.text);
    let done = see_other(&asked.address(HERE, &[("getan", "gesendet")]));
    if !typed.webseite.is_empty() {
        return done;
    }
    let told = Report { text: typed.text.clone(), page: typed.seite.clone(), email: typed.mail.clone() };
    let from = Some(client::address(&request, &state.trusted_proxies));
    match report(&state.operations, to, told, from).await {
        Ok(()) => done,
        Err(AppError::Invalid(faults)) => {
            let wrong: Vec<String> = faults.iter().map(|fault| fault.field.clone()).collect();
            private(StatusCode::UNPROCESSABLE_ENTITY, &page(&state, &asked, typed, false, &wrong, None), None)
        }
        Err(AppError::TooMany(_)) => {
            let page = page(&state, &asked, typed, false, &[], Some("barrier-too-many"));
            private(StatusCode::TOO_MANY_REQUESTS, &page, None)
        }
        Err(fault) => failure(&fault.into()),
    }
}

fn page(state: &State, asked: &Asked, typed: Typed, is_sent: bool, wrong: &[String], fault: Option<&str>) -> Page {
    let frame = Frame::new(state, asked, HERE, &[], state.public_links.name.clone());
    let field = |id: &'static str, named: &str, kind, autocomplete, typed| Field {
        id,
        label: frame.say(&format!("barrier-{id}")),
        kind,
        autocomplete,
        is_needed: id == "text",
        typed,
        fault: wrong.iter().any(|one| one == named).then(|| frame.say(&format!("barrier-bad-{id}"))),
    };
    Page {
        fields: vec![
            field("text", "text", "text", "off", typed.text),
            field("seite", "page", "text", "off", typed.seite),
            field("mail", "email", "email", "email", typed.mail),
        ],
        fault: fault.map(|key| frame.say(key)),
        faults: wrong.to_vec(),
        action: asked.address(HERE, &[]),
        statement: asked.address("/barrierefreiheit", &[]),
        is_sent,
        frame,
    }
}
