//! The page behind the link of a mail that asks a contact: see what is recorded, say that it is right or what is
//! wrong, enter an absence, choose how often to be told.
//!
//! Invariant: opening a page changes nothing, whatever opens it; only its buttons do, with a POST. The secret in the
//! address is the whole authority; it is never logged and leaves the page to no other site. The page speaks German as
//! the mail does, unless English was chosen; what the contact answers for is said in German alone.

mod outcome;
mod rhythm;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use outcome::{gone, right, wrong};

use super::directory::{day, span_in};
use super::{failure, mail_link, page};
use crate::directory::confirmation::{Absence, DeadLink, LONGEST_SAID, LinkPage};
use crate::directory::hours::in_words;
use crate::directory::{Contact, HelpLanguage};
use crate::error::{AppError, FieldError};
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::client;
use crate::http::error::ApiError;
use crate::http::words::{Language, PARAMETER};
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
    language: Language,
    assets: Assets,
    name: String,
    confirmed: String,
    facts: Vec<(String, String)>,
    answers_for: Vec<String>,
    shown: Vec<String>,
    good_until: String,
    link_end: String,
    version: i32,
    typed: Typed,
    colleagues: Vec<Colleague>,
    is_absence_open: bool,
    is_notify_open: bool,
    rhythms: Vec<rhythm::Choice>,
    notice: Option<String>,
    error: Option<String>,
    errors: FieldErrors,
    post_confirm: String,
    post_wrong: String,
    post_absence: String,
    post_notify: String,
    other_url: String,
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
            let notice = mail_link::language(&request).say("confirm-moved");
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
    let language = mail_link::language(request);
    Ok(match action {
        Action::Confirm => {
            let version = typed.version.parse().map_err(|_| AppError::Conflict("no version".into()))?;
            let confirmed = confirmations.confirm(secret, version, from).await?;
            confirmed.map(|confirmed| right(language, confirmed.name, confirmed.good_until))
        }
        Action::Wrong => {
            let disputed = confirmations.dispute(secret, &typed.said, from).await?;
            disputed.map(|name| wrong(language, name))
        }
        Action::Absence => match confirmations.absent(secret, absence(typed)?, from).await? {
            Ok(contact) => {
                let notice = absence_sentence(language, &contact, !typed.deputy_in_words.is_empty());
                Ok(show(request, state, secret, Some((StatusCode::OK, notice))).await)
            }
            Err(dead) => Err(dead),
        },
        Action::Notify => {
            match confirmations.notify(secret, rhythm::chosen(&typed.notify, &typed.notify_at)?, from).await? {
                Ok(contact) => {
                    let when = rhythm::in_words(language, contact.notify);
                    let notice = language.with("confirm-notify-saved", "when", when);
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
            page(status, &Confirmation { notice, ..confirmation(request, found, secret, typed) })
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
            let mut shown = confirmation(request, found, secret, typed);
            shown.error = Some(shown.language.say("confirm-fault"));
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
    /// Says what is wrong with a field.
    fn mark(&mut self, fault: &FieldError) {
        let language = self.language;
        let (say, is_about) = (|key: &str| language.say(key), |word: &str| fault.message.contains(word));
        let said = match fault.field.as_str() {
            "said" if self.typed.said.is_empty() => say("confirm-fault-said"),
            "said" => language.with("confirm-fault-long", "most", LONGEST_SAID),
            "absent_from" if self.typed.absent_from.is_empty() => say("confirm-fault-from"),
            "absent_from" if is_about("outside") => say("confirm-fault-outside"),
            "absent_until" if self.typed.absent_until.is_empty() => say("confirm-fault-until"),
            "absent_until" if is_about("before") => say("confirm-fault-before"),
            "absent_until" if is_about("over") => say("confirm-fault-over"),
            "absent_from" | "absent_until" => say("confirm-fault-day"),
            "deputy" if is_about("away") => say("confirm-fault-deputy-away"),
            "deputy" => say("confirm-fault-deputy"),
            "notify" => say("confirm-fault-notify"),
            _ => say("confirm-fault-in-words"),
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

fn confirmation(request: &HttpRequest, found: LinkPage, secret: &str, typed: Typed) -> Confirmation {
    let language = mail_link::language(request);
    let LinkPage { contact, deputy, answers_for, shown, colleagues, good_until, expires_at } = found;
    let chosen =
        if typed.deputy.is_empty() { contact.deputy.as_ref().map(Slug::as_str) } else { Some(typed.deputy.as_str()) };
    let colleagues = colleagues.into_iter().map(|(slug, name)| Colleague {
        is_chosen: Some(slug.as_str()) == chosen,
        slug: slug.to_string(),
        name,
    });
    // A language that stands in the address stands in all that lead on from it.
    let query = Language::chosen(request).map(|chosen| format!("?{PARAMETER}={}", chosen.as_str())).unwrap_or_default();
    let at = |word: &str| format!("/bestaetigung/{secret}/{word}{query}");
    let last = contact.confirmed_on.map(|on| language.with("confirm-last", "day", day(language, on)));
    let link_end = [("day", day(language, expires_at.day_in_berlin())), ("name", contact.name.clone())];
    Confirmation {
        lang: language.as_str(),
        language,
        assets: Assets::here(),
        confirmed: last.unwrap_or_else(|| language.say("confirm-never")),
        facts: facts(language, &contact, deputy),
        answers_for,
        shown,
        good_until: language.with("confirm-right-effect", "day", day(language, good_until)),
        link_end: language.with_all("confirm-link-end", &link_end),
        version: contact.version,
        colleagues: colleagues.collect(),
        is_absence_open: false,
        is_notify_open: false,
        rhythms: rhythm::choices(language, contact.notify, &typed.notify),
        notice: None,
        error: None,
        errors: FieldErrors::default(),
        post_confirm: at("stimmt"),
        post_wrong: at("stimmt-nicht"),
        post_absence: at("abwesenheit"),
        post_notify: at("neuigkeiten"),
        other_url: mail_link::in_other_language("", language),
        name: contact.name,
        typed,
    }
}

/// What is recorded, as pairs of label and value; what is missing is said as well, because it may be what is wrong.
fn facts(language: Language, contact: &Contact, deputy: Option<String>) -> Vec<(String, String)> {
    let say = |key: &str| language.say(key);
    let or_none = |value: Option<String>| value.unwrap_or_else(|| say("confirm-none"));
    let spoken_in = if language == Language::En { HelpLanguage::English } else { HelpLanguage::German };
    // Without hours of its own a contact is reached in those of the service.
    let hours = contact.hours.as_deref().map(|hours| in_words(hours, spoken_in));
    let away = absence_days(language, contact);
    let mut facts = vec![
        (say("confirm-name"), contact.name.clone()),
        (say("confirm-email"), or_none(contact.email.as_ref().map(ToString::to_string))),
        (say("confirm-phone"), or_none(contact.phone.clone())),
        (say("confirm-reached"), hours.unwrap_or_else(|| say("confirm-service-hours"))),
        (say("confirm-deputy"), or_none(deputy)),
        (say("confirm-away"), or_none(away)),
    ];
    if let Some(webhook) = &contact.webhook {
        // Paths and queries often carry keys.
        let server = url::Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        facts.push((say("confirm-system"), server.unwrap_or_else(|| say("confirm-recorded"))));
    }
    let sees_who = if contact.discloses_reporter { say("yes") } else { say("no") };
    facts.push((say("confirm-sees-who"), sees_who));
    facts.push((say("confirm-hears"), rhythm::in_words(language, contact.notify)));
    facts
}

fn absence_days(language: Language, contact: &Contact) -> Option<String> {
    Some(span_in(language, contact.absent_from, contact.absent_until)).filter(|days| !days.is_empty())
}

fn absence_sentence(language: Language, contact: &Contact, names_in_words: bool) -> String {
    match (absence_days(language, contact), names_in_words) {
        (None, _) => language.say("confirm-absence-none"),
        (Some(days), false) => language.with("confirm-absence-saved", "days", days),
        (Some(days), true) => language.with("confirm-absence-in-words", "days", days),
    }
}

fn iso(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
