//! "Frage schreiben": the form in which people write themselves, where a help channel has it switched on.
//!
//! Invariant: works without script and cookie; nothing from elsewhere, and the page's own script only with its nonce.
//! What was typed comes back with every fault, whatever it is, except files, which no page can give back. Whoever sends
//! it from a foreign page is refused. What becomes of it stands in `tickets/public_form`; where a request stands then is
//! shown by `request.rs`.

pub mod parts;
mod typed;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, RETRY_AFTER,
};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

use super::find;
use super::frame::{Asked, Frame};
use super::spoken::{moment, short};
use crate::clock::Timestamp;
use crate::directory::{PlaceEntry, ServiceEntry, Snapshot};
use crate::error::AppError;
use crate::http::State;
use crate::http::client;
use crate::http::error::ApiError;
use crate::http::pages::{self, mail_link};
use crate::http::visitor::see_other;
use crate::keys::{Ags, Ars};
use crate::tickets::attachments::words;
use crate::tickets::public_form;
use crate::tickets::public_form::hand_in::{HandIn, HandedIn, hand_in};

pub use typed::{Fault, held, warned};
use typed::{Typed, categories, is_warning, wishes};

/// What the form needs to know of this installation.
#[derive(Debug, Clone, Default)]
pub struct FormTexts {
    /// On data protection, German and English; empty: a plain sentence.
    pub privacy: (String, String),
    /// What must be agreed to, German and English; empty: nothing.
    pub consent: (String, String),
}

#[derive(Template)]
#[template(path = "form.html")]
struct Page<'a> {
    frame: Frame,
    service: &'a str,
    place: &'a str,
    action: String,
    back: String,
    typed: Typed,
    faults: Vec<Fault>,
    categories: Vec<(&'static str, String)>,
    wishes: Vec<(&'static str, String)>,
    challenge: String,
    nonce: String,
    privacy: String,
    consent: Option<String>,
    kinds: String,
    most: String,
    most_bytes: usize,
}

#[derive(Template)]
#[template(path = "form_sent.html")]
struct Sent {
    frame: Frame,
    number: String,
    until: Option<String>,
    warnings: Vec<String>,
    again: String,
    anew: String,
}

/// What stands in the address of that page: nothing that was typed.
struct SentQuery {
    number: String,
    keep_until: Option<Timestamp>,
    warnings: Vec<String>,
}

impl Page<'_> {
    fn fault_of(&self, field: &str) -> Option<&str> {
        self.faults.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }

    /// True where nothing is wrong with any field: it is only to be sent once more.
    fn is_to_repeat(&self) -> bool {
        self.faults.iter().all(|fault| fault.field.is_empty())
    }
}

/// The service and place of an address.
struct Where<'a> {
    service: &'a ServiceEntry,
    place: &'a PlaceEntry,
}

impl Where<'_> {
    fn path(&self) -> String {
        format!("/hilfe/{}/{}/anfrage", self.service.slug, self.place.ars)
    }
}

/// The empty form, or that a mail was sent.
pub async fn view(state: Data<State>, request: HttpRequest, at: Path<(String, String)>) -> HttpResponse {
    let (snapshot, asked) = (state.directory().current(), Asked::of(&request));
    let (service, place) = at.into_inner();
    match found(&state, &snapshot, &asked, &service, &place) {
        Err(other) => *other,
        Ok(here) => match SentQuery::of(&request) {
            Some(query) => sent(&state, &asked, &here, query),
            None => form(&state, &asked, &here, StatusCode::OK, Typed::default(), Vec::new()),
        },
    }
}

/// Takes what was written.
pub async fn submit(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    at: Path<(String, String)>,
) -> HttpResponse {
    if let Some(refusal) = mail_link::foreign_button(&request) {
        return refusal;
    }
    let (snapshot, asked) = (state.directory().current(), Asked::of(&request));
    let (service, place) = at.into_inner();
    let here = match found(&state, &snapshot, &asked, &service, &place) {
        Ok(here) => here,
        Err(other) => return *other,
    };
    let most = state.desk().settings.attachments.most_bytes;
    let mut parts = match parts::read(&request, payload, most, &state.form_room).await {
        Ok(parts) => parts,
        Err(fault) => return pages::failure(&fault),
    };
    let typed = Typed::of(&mut parts);
    if parts.is_too_large {
        let fault = Fault::new(&asked, "dateien", "form-too-large");
        return form(&state, &asked, &here, StatusCode::PAYLOAD_TOO_LARGE, typed, vec![fault]);
    }
    let written = HandIn {
        challenge: parts.take("pruefung"),
        solution: parts.take("loesung"),
        trap: parts.take("webseite"),
        files: std::mem::take(&mut parts.files),
        address: Some(client::address(&request, &state.trusted_proxies)),
        ..typed.written(here.service.slug.clone(), here.place.ars.clone(), asked.language)
    };
    let outcome = hand_in(state.desk(), written).await;
    answer(&state, &asked, &here, typed, outcome)
}

fn answer(
    state: &State,
    asked: &Asked,
    here: &Where<'_>,
    typed: Typed,
    outcome: Result<HandedIn, AppError>,
) -> HttpResponse {
    match outcome {
        Ok(HandedIn::MailSent { number, keep_until }) => {
            let keep_until = keep_until.map(|at| at.to_string());
            let mut more = vec![("nummer", number.as_str())];
            more.extend(keep_until.as_deref().map(|at| ("bis", at)));
            more.extend(warned(&typed.text).into_iter().map(|what| ("hinweis", what)));
            see_other(&asked.address(&here.path(), &more))
        }
        Ok(HandedIn::Taken { number, secret }) => {
            let mut more = vec![("s", secret.as_str()), ("getan", "aufgenommen")];
            more.extend(warned(&typed.text).into_iter().map(|what| ("hinweis", what)));
            see_other(&asked.address(&format!("/anfrage/{number}"), &more))
        }
        Err(AppError::Invalid(faults)) => {
            let faults = Fault::all(asked, &faults);
            form(state, asked, here, StatusCode::UNPROCESSABLE_ENTITY, typed, faults)
        }
        Err(AppError::NotFound) => find_help(asked, here),
        Err(fault) => {
            let told = ApiError::from(fault).error_response();
            let key = if told.status() == StatusCode::TOO_MANY_REQUESTS { "form-too-many" } else { "form-away" };
            let mut page = form(state, asked, here, told.status(), typed, vec![Fault::new(asked, "", key)]);
            if let Some(after) = told.headers().get(RETRY_AFTER) {
                page.headers_mut().insert(RETRY_AFTER, after.clone());
            }
            page
        }
    }
}

/// The service and place, if the form is switched on there; else where somebody is led who came here.
fn found<'a>(
    state: &State,
    snapshot: &'a Snapshot,
    asked: &Asked,
    service: &str,
    place: &str,
) -> Result<Where<'a>, Box<HttpResponse>> {
    let page = |made: Result<HttpResponse, AppError>| {
        Box::new(made.unwrap_or_else(|fault| ApiError::from(fault).error_response()))
    };
    let Some(service) = snapshot.service(service) else {
        return Err(page(find::unknown_service(state, snapshot, asked)));
    };
    if let Some(place) = place.parse::<Ars>().ok().and_then(|ars| snapshot.municipality(&ars)) {
        let here = Where { service, place };
        let is_on = snapshot.has_form(service.slug.as_str(), &place.ars, state.today());
        return if is_on { Ok(here) } else { Err(Box::new(find_help(asked, &here))) };
    }
    let found = place.parse::<Ags>().map(|ags| snapshot.all_by_ags(&ags)).unwrap_or_default();
    Err(match found[..] {
        [] => page(find::unknown_place(state, asked, service, place)),
        [place] => Box::new(see_other(&asked.address(&Where { service, place }.path(), &[]))),
        _ => page(find::choice(state, asked, service, place, &found)),
    })
}

/// Where there is no form, the help that there is.
fn find_help(asked: &Asked, here: &Where<'_>) -> HttpResponse {
    see_other(&asked.address(&format!("/hilfe/{}/{}", here.service.slug, here.place.ars), &[]))
}

fn form(
    state: &State,
    asked: &Asked,
    here: &Where<'_>,
    status: StatusCode,
    typed: Typed,
    faults: Vec<Fault>,
) -> HttpResponse {
    let frame = Frame::new(state, asked, &here.path(), &[], sender(here.place));
    let in_language = |texts: &(String, String)| if frame.is_foreign() { texts.1.clone() } else { texts.0.clone() };
    let files = &state.desk().settings.attachments;
    let texts = &state.form_texts;
    let shown = Page {
        service: &here.service.name,
        place: short(&here.place.name),
        action: asked.address(&here.path(), &[]),
        back: asked.address(&format!("/hilfe/{}/{}", here.service.slug, here.place.ars), &[]),
        categories: categories(frame.speech),
        wishes: wishes(frame.speech),
        challenge: public_form::challenge(state.desk(), here.service.slug.as_str(), here.place.ars.as_str()),
        nonce: nonce(),
        privacy: Some(in_language(&texts.privacy))
            .filter(|t| !t.is_empty())
            .unwrap_or_else(|| frame.say("form-privacy")),
        consent: Some(in_language(&texts.consent)).filter(|text| !text.is_empty()),
        kinds: words(&files.kinds),
        most: (files.most_bytes / (1024 * 1024)).to_string(),
        most_bytes: files.most_bytes,
        typed,
        faults,
        frame,
    };
    let nonce = shown.nonce.clone();
    private(status, &shown, Some(&nonce))
}

/// That a mail was sent. The page knows nothing that was typed: it can be reloaded and shown to anybody.
fn sent(state: &State, asked: &Asked, here: &Where<'_>, query: SentQuery) -> HttpResponse {
    let SentQuery { number, keep_until, warnings } = query;
    let now = state.desk().clock.now();
    // An address can be made up; a time that no request is kept until is not told.
    let keep_until = keep_until.filter(|at| (now..now.plus(TimeDelta::days(1000))).contains(at));
    let at = keep_until.map(|at| at.to_string());
    let mut more = vec![("nummer", number.as_str())];
    more.extend(at.as_deref().map(|at| ("bis", at)));
    more.extend(warnings.iter().map(|what| ("hinweis", what.as_str())));
    let frame = Frame::new(state, asked, &here.path(), &more, sender(here.place));
    let shown = Sent {
        until: keep_until.map(|at| moment(frame.speech, "form-sent-until", at, now)),
        warnings: held(frame.speech, &warnings),
        again: asked.address("/anfrage/link", &[("nummer", &number)]),
        anew: asked.address(&here.path(), &[]),
        number,
        frame,
    };
    private(StatusCode::OK, &shown, None)
}

impl SentQuery {
    fn of(request: &HttpRequest) -> Option<Self> {
        let pairs: Vec<_> = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        let of =
            |wanted: &'static str| pairs.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.clone());
        let number = of("nummer").next()?.parse::<crate::tickets::TicketNumber>().ok()?;
        let keep_until = of("bis").next().and_then(|at| at.parse::<DateTime<Utc>>().ok());
        Some(Self {
            number: number.to_string(),
            keep_until: keep_until.map(Timestamp::new),
            warnings: of("hinweis").filter(|what| is_warning(what)).collect(),
        })
    }
}

/// Whose page it is.
pub fn sender(place: &PlaceEntry) -> String {
    let body = if place.association.is_empty() { &*place.name } else { &*place.association };
    short(body).to_owned()
}

fn nonce() -> String {
    STANDARD.encode(rand::random::<[u8; 16]>())
}

/// Sends a page that is for one person: kept nowhere, its address told to no other site, in no frame.
pub fn private(status: StatusCode, template: &impl Template, nonce: Option<&str>) -> HttpResponse {
    let body = match template.render() {
        Ok(body) => body,
        Err(fault) => return ApiError::from(AppError::internal(fault)).error_response(),
    };
    let script = nonce.map_or(String::new(), |nonce| format!("; script-src 'nonce-{nonce}'; worker-src 'self'"));
    let policy = format!(
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'{script}"
    );
    let mut answer = HttpResponse::with_body(status, body).map_into_boxed_body();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}
