//! The pages at the end: what was done, and why a link does nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;

use crate::directory::confirmation::DeadLink;
use crate::http::assets::Assets;
use crate::http::pages::directory::day;
use crate::http::pages::{mail_link, message_with, page};
use crate::http::words::Language;

#[derive(Template)]
#[template(path = "confirmation_done.html")]
struct ConfirmationDone {
    lang: &'static str,
    language: Language,
    assets: Assets,
    name: String,
    title: String,
    happened: String,
    next_steps: Vec<String>,
}

/// It is right.
pub(super) fn right(language: Language, name: String, good_until: NaiveDate) -> HttpResponse {
    let happened = language.with("confirm-done-right-what", "day", day(language, good_until));
    let next_step = language.say("confirm-done-right-next");
    done(language, name, language.say("confirm-done-right"), happened, next_step)
}

/// It is wrong.
pub(super) fn wrong(language: Language, name: String) -> HttpResponse {
    let happened = language.say("confirm-done-wrong-what");
    let next_step = language.say("confirm-done-wrong-next");
    done(language, name, language.say("confirm-done-wrong"), happened, next_step)
}

fn done(language: Language, name: String, title: String, happened: String, next_step: String) -> HttpResponse {
    let next_steps = vec![next_step, language.say("confirm-nothing-more")];
    let (lang, assets) = (language.as_str(), Assets::here());
    page(StatusCode::OK, &ConfirmationDone { lang, language, assets, name, title, happened, next_steps })
}

/// A link that opens nothing any more.
pub(super) fn gone(request: &HttpRequest, dead: &DeadLink) -> HttpResponse {
    let language = mail_link::language(request);
    let key = match dead {
        DeadLink::Unknown => return mail_link::unknown(request),
        DeadLink::Expired => "confirm-expired",
        DeadLink::Changed => "confirm-changed",
        DeadLink::Confirmed(_) => "confirm-confirmed",
        DeadLink::Disputed => "confirm-disputed",
    };
    let part = |part: &str| language.say(&format!("{key}{part}"));
    let lead = match dead {
        DeadLink::Confirmed(Some(until)) => language.with("confirm-confirmed-until", "day", day(language, *until)),
        _ => part(""),
    };
    let other = mail_link::in_other_language("", language);
    message_with(language, StatusCode::GONE, &part("-title"), &lead, &part("-next"), &other)
}
