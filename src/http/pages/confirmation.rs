//! The page behind the link of a mail that asks a contact: see what is recorded, say that it is right or what is
//! wrong, enter an absence, choose how often to be told.
//!
//! Invariant: opening a page changes nothing, whatever opens it; only its buttons do, with a POST. The secret in the
//! address is the whole authority; it is never logged and leaves the page to no other site.

mod outcome;
mod rhythm;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use outcome::{gone, right, wrong};

use super::{failure, mail_link, page};
use crate::directory::confirmation::{Absence, DeadLink, LONGEST_SAID, LinkPage};
use crate::directory::hours::in_words;
use crate::directory::{Contact, HelpLanguage};
use crate::error::{AppError, FieldError};
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::client;
use crate::http::error::ApiError;
use crate::keys::Slug;

/// The longest form, in bytes.
const LONGEST_FORM: usize = 64 * 1024;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Confirm,
    Wrong,
    Absence,
    Notify,
}

impl Action {
    fn of(word: &str) -> Option<Self> {
        match word {
            "stimmt" => Some(Self::Confirm),
            "stimmt-nicht" => Some(Self::Wrong),
            "abwesenheit" => Some(Self::Absence),
            "neuigkeiten" => Some(Self::Notify),
            _ => None,
        }
    }
}

/// The form as it was sent; each action has its own fields.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    version: String,
    said: String,
    absent_from: String,
    absent_until: String,
    deputy: String,
    deputy_in_words: String,
    notify: String,
    notify_at: String,
}

#[derive(Default)]
struct FieldErrors {
    said: Option<String>,
    absent_from: Option<String>,
    absent_until: Option<String>,
    deputy: Option<String>,
    deputy_in_words: Option<String>,
    notify: Option<String>,
}

/// One who can be chosen as a deputy.
struct Colleague {
    slug: String,
    name: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "confirmation.html")]
struct Confirmation {
    lang: &'static str,
    assets: Assets,
    name: String,
    confirmed_on: Option<String>,
    facts: Vec<(&'static str, String)>,
    answers_for: Vec<String>,
    shown: Vec<String>,
    good_until: String,
    valid_until: String,
    version: i32,
    typed: Typed,
    colleagues: Vec<Colleague>,
    is_absence_open: bool,
    is_notify_open: bool,
    rhythms: Vec<rhythm::Choice>,
    notice: Option<String>,
    error: Option<&'static str>,
    errors: FieldErrors,
    post_confirm: String,
    post_wrong: String,
    post_absence: String,
    post_notify: String,
}

/// What is recorded, with everything that can be done.
pub async fn view(state: Data<State>, request: HttpRequest, secret: Path<String>) -> HttpResponse {
    show(&request, &state, &secret, None).await
}

/// The same, at the address that a button was sent to.
pub async fn action(state: Data<State>, request: HttpRequest, at: Path<(String, String)>) -> HttpResponse {
    let (secret, word) = at.into_inner();
    match Action::of(&word) {
        Some(_) => show(&request, &state, &secret, None).await,
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
    match does(&state, &request, &secret, action, &typed).await {
        Ok(Ok(page)) => page,
        Ok(Err(dead)) => gone(&request, &dead),
        Err(AppError::Invalid(faults)) => again(&request, &state, &secret, typed, &faults).await,
        Err(AppError::Conflict(_)) if action == Action::Confirm => {
            let notice = "Die Angaben wurden eben geändert. Hier steht der neue Stand.".to_owned();
            show(&request, &state, &secret, Some((StatusCode::CONFLICT, notice))).await
        }
        Err(fault) => failure(&fault.into()),
    }
}

async fn does(
    state: &State,
    request: &HttpRequest,
    secret: &str,
    action: Action,
    typed: &Typed,
) -> Result<Result<HttpResponse, DeadLink>, AppError> {
    let (confirmations, from) = (&state.confirmations, client::address(request, &state.trusted_proxies));
    Ok(match action {
        Action::Confirm => {
            let version = typed.version.parse().map_err(|_| AppError::Conflict("no version".into()))?;
            let confirmed = confirmations.confirm(secret, version, from).await?;
            confirmed.map(|confirmed| right(confirmed.name, confirmed.good_until))
        }
        Action::Wrong => confirmations.dispute(secret, &typed.said, from).await?.map(wrong),
        Action::Absence => match confirmations.absent(secret, absence(typed)?, from).await? {
            Ok(contact) => {
                let notice = absence_sentence(&contact, !typed.deputy_in_words.is_empty());
                Ok(show(request, state, secret, Some((StatusCode::OK, notice))).await)
            }
            Err(dead) => Err(dead),
        },
        Action::Notify => {
            match confirmations.notify(secret, rhythm::chosen(&typed.notify, &typed.notify_at)?, from).await? {
                Ok(contact) => {
                    let notice = format!("Gespeichert. Sie hören {} von Neuigkeiten.", rhythm::german(contact.notify));
                    Ok(show(request, state, secret, Some((StatusCode::OK, notice))).await)
                }
                Err(dead) => Err(dead),
            }
        }
    })
}

async fn form(request: &HttpRequest, payload: Payload) -> Result<Typed, ApiError> {
    let mut typed: Typed = mail_link::form(request, payload, LONGEST_FORM).await?;
    let fields = [
        &mut typed.said,
        &mut typed.absent_from,
        &mut typed.absent_until,
        &mut typed.deputy,
        &mut typed.deputy_in_words,
        &mut typed.notify,
        &mut typed.notify_at,
    ];
    for field in fields {
        mail_link::tidy(field);
    }
    Ok(typed)
}

fn absence(typed: &Typed) -> Result<Absence, AppError> {
    let day = |field: &str, text: &str| -> Result<Option<NaiveDate>, AppError> {
        let read =
            || NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%d.%m.%Y"));
        if text.is_empty() { Ok(None) } else { read().map(Some).map_err(|_| AppError::field(field, "is no day")) }
    };
    let slug = |text: &str| text.parse::<Slug>().map_err(|_| AppError::field("deputy", "is nobody"));
    Ok(Absence {
        from: day("absent_from", &typed.absent_from)?,
        until: day("absent_until", &typed.absent_until)?,
        deputy: Some(typed.deputy.as_str()).filter(|text| !text.is_empty()).map(slug).transpose()?,
        deputy_in_words: typed.deputy_in_words.clone(),
    })
}

async fn show(request: &HttpRequest, state: &State, secret: &str, said: Option<(StatusCode, String)>) -> HttpResponse {
    match state.confirmations.page(secret).await {
        Ok(Ok(found)) => {
            let (status, notice) = said.map_or((StatusCode::OK, None), |(status, notice)| (status, Some(notice)));
            let typed = Typed {
                absent_from: iso(found.contact.absent_from),
                absent_until: iso(found.contact.absent_until),
                notify_at: rhythm::time(found.contact.notify),
                ..Typed::default()
            };
            page(status, &Confirmation { notice, ..confirmation(found, secret, typed) })
        }
        Ok(Err(dead)) => gone(request, &dead),
        Err(fault) => failure(&fault.into()),
    }
}

/// The form again, with what was typed and what is wrong with it.
async fn again(
    request: &HttpRequest,
    state: &State,
    secret: &str,
    typed: Typed,
    faults: &[FieldError],
) -> HttpResponse {
    match state.confirmations.page(secret).await {
        Ok(Ok(found)) => {
            let mut shown = confirmation(found, secret, typed);
            shown.error = Some("Noch nicht gespeichert: Eine Angabe fehlt oder passt nicht.");
            faults.iter().for_each(|fault| shown.mark(fault));
            shown.is_notify_open = shown.errors.notify.is_some();
            shown.is_absence_open |= shown.errors.said.is_none() && !shown.is_notify_open;
            page(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Ok(Err(dead)) => gone(request, &dead),
        Err(fault) => failure(&fault.into()),
    }
}

impl Confirmation {
    /// Says in German what is wrong with a field.
    fn mark(&mut self, fault: &FieldError) {
        let said = match fault.field.as_str() {
            "said" if self.typed.said.is_empty() => "Schreiben Sie, was nicht stimmt.".to_owned(),
            "said" => format!("Höchstens {LONGEST_SAID} Zeichen, ohne Steuerzeichen. Bitte kürzen Sie den Text."),
            "absent_from" if self.typed.absent_from.is_empty() => "Der erste Tag fehlt noch.".to_owned(),
            "absent_from" if fault.message.contains("outside") => {
                "In diesen Tagen ist der Kontakt gar nicht zuständig. Wählen Sie andere Tage.".to_owned()
            }
            "absent_until" if self.typed.absent_until.is_empty() => "Der letzte Tag fehlt noch.".to_owned(),
            "absent_until" if fault.message.contains("before") => {
                "Der letzte Tag liegt vor dem ersten. Tauschen Sie beide.".to_owned()
            }
            "absent_until" if fault.message.contains("over") => "Dieser Tag ist schon vorbei.".to_owned(),
            "absent_from" | "absent_until" => "Das ist kein Tag. Schreiben Sie ihn wie 24.12.2026.".to_owned(),
            "deputy" if fault.message.contains("away") => {
                "Diese Vertretung ist in derselben Zeit abwesend. Wählen Sie jemand anderen.".to_owned()
            }
            "deputy" => "Wählen Sie jemanden aus der Liste.".to_owned(),
            "notify" => rhythm::FAULT.to_owned(),
            _ => "Höchstens 200 Zeichen, ohne Steuerzeichen.".to_owned(),
        };
        let field = match fault.field.as_str() {
            "said" => &mut self.errors.said,
            "absent_from" => &mut self.errors.absent_from,
            "absent_until" => &mut self.errors.absent_until,
            "deputy" => &mut self.errors.deputy,
            "notify" => &mut self.errors.notify,
            _ => &mut self.errors.deputy_in_words,
        };
        *field = Some(said);
    }
}

fn confirmation(found: LinkPage, secret: &str, typed: Typed) -> Confirmation {
    let LinkPage { contact, deputy, answers_for, shown, colleagues, good_until, expires_at } = found;
    let chosen =
        if typed.deputy.is_empty() { contact.deputy.as_ref().map(Slug::as_str) } else { Some(typed.deputy.as_str()) };
    let colleagues = colleagues.into_iter().map(|(slug, name)| Colleague {
        is_chosen: Some(slug.as_str()) == chosen,
        slug: slug.to_string(),
        name,
    });
    let at = |word: &str| format!("/bestaetigung/{secret}/{word}");
    Confirmation {
        lang: "de",
        assets: Assets::here(),
        confirmed_on: contact.confirmed_on.map(german),
        facts: facts(&contact, deputy),
        answers_for,
        shown,
        good_until: german(good_until),
        valid_until: german(expires_at.day_in_berlin()),
        version: contact.version,
        colleagues: colleagues.collect(),
        is_absence_open: false,
        is_notify_open: false,
        rhythms: rhythm::choices(contact.notify, &typed.notify),
        notice: None,
        error: None,
        errors: FieldErrors::default(),
        post_confirm: at("stimmt"),
        post_wrong: at("stimmt-nicht"),
        post_absence: at("abwesenheit"),
        post_notify: at("neuigkeiten"),
        name: contact.name,
        typed,
    }
}

/// What is recorded, as pairs of label and value; what is missing is said as well, because it may be what is wrong.
fn facts(contact: &Contact, deputy: Option<String>) -> Vec<(&'static str, String)> {
    let or = |value: Option<String>, none: &str| value.unwrap_or_else(|| none.to_owned());
    let mut facts = vec![
        ("Name", contact.name.clone()),
        ("E-Mail", or(contact.email.as_ref().map(ToString::to_string), "nicht eingetragen")),
        ("Telefon", or(contact.phone.clone(), "nicht eingetragen")),
        ("Erreichbar", contact.hours.as_deref().map_or_else(|| SERVICE_HOURS.to_owned(), hours)),
        ("Vertretung", or(deputy, "nicht eingetragen")),
        ("Abwesend", or(absence_days(contact), "nicht eingetragen")),
    ];
    if let Some(webhook) = &contact.webhook {
        // Paths and queries often carry keys.
        let server = url::Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        facts.push(("Webhook", or(server, "eingetragen")));
    }
    let names = if contact.discloses_reporter { "ja" } else { "nein" };
    facts.push(("Sieht, wer fragt", names.to_owned()));
    facts.push(("Hört von Neuigkeiten", rhythm::german(contact.notify)));
    facts
}

/// When somebody without hours of their own is reached.
const SERVICE_HOURS: &str = "Montag bis Freitag, 8 bis 18 Uhr";

fn hours(text: &str) -> String {
    in_words(text, HelpLanguage::German)
}

fn absence_days(contact: &Contact) -> Option<String> {
    match (contact.absent_from, contact.absent_until) {
        (Some(from), Some(until)) => Some(format!("{} bis {}", german(from), german(until))),
        (Some(from), None) => Some(format!("ab {}", german(from))),
        (None, Some(until)) => Some(format!("bis {}", german(until))),
        (None, None) => None,
    }
}

fn absence_sentence(contact: &Contact, names_in_words: bool) -> String {
    match (absence_days(contact), names_in_words) {
        (None, _) => "Abwesenheit ausgetragen. Anfragen kommen wieder zu Ihnen.".to_owned(),
        (Some(days), false) => format!("Abwesenheit eingetragen: {days}."),
        (Some(days), true) => {
            format!("Abwesenheit eingetragen: {days}. Wer Sie vertritt, geht an die Stelle, die Ihre Angaben pflegt.")
        }
    }
}

fn german(day: NaiveDate) -> String {
    day.format("%d.%m.%Y").to_string()
}

fn iso(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
