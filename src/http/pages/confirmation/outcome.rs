//! The pages at the end: what was done, and why a link does nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;

use super::german;
use crate::directory::confirmation::DeadLink;
use crate::http::assets::Assets;
use crate::http::pages::{mail_link, message, page};

#[derive(Template)]
#[template(path = "confirmation_done.html")]
struct ConfirmationDone {
    lang: &'static str,
    assets: Assets,
    name: String,
    title: &'static str,
    happened: String,
    next_steps: Vec<&'static str>,
}

/// It is right.
pub(super) fn right(name: String, good_until: NaiveDate) -> HttpResponse {
    done(
        name,
        "Danke, Ihre Angaben sind bestätigt",
        format!("Das gilt bis zum {}.", german(good_until)),
        vec!["Vorher fragt Lotse per Mail noch einmal nach.", "Sie müssen nichts mehr tun."],
    )
}

/// It is wrong.
pub(super) fn wrong(name: String) -> HttpResponse {
    done(
        name,
        "Danke, Ihr Hinweis ist angekommen",
        "Er liegt bei der Stelle, die Ihre Angaben pflegt.".to_owned(),
        vec!["Sobald die Angaben geändert sind, fragt Lotse noch einmal nach.", "Sie müssen nichts mehr tun."],
    )
}

fn done(name: String, title: &'static str, happened: String, next_steps: Vec<&'static str>) -> HttpResponse {
    page(StatusCode::OK, &ConfirmationDone { lang: "de", assets: Assets::here(), name, title, happened, next_steps })
}

/// A link that opens nothing any more.
pub(super) fn gone(request: &HttpRequest, dead: &DeadLink) -> HttpResponse {
    match dead {
        DeadLink::Unknown => mail_link::unknown(request),
        DeadLink::Expired => message(
            StatusCode::GONE,
            "Dieser Link gilt nicht mehr",
            "Seine Zeit ist abgelaufen. Es wurde nichts geändert.",
            Some("Bitten Sie die Stelle, die Ihre Angaben pflegt, Sie noch einmal zu fragen."),
        ),
        DeadLink::Changed => message(
            StatusCode::GONE,
            "Dieser Link gilt nicht mehr",
            "Ihre Angaben wurden inzwischen geändert. Es wurde nichts weiter gespeichert.",
            Some("Wenn Sie den neuen Stand bestätigen sollen, kommt eine neue Mail."),
        ),
        DeadLink::Confirmed(until) => {
            let lead = match until {
                Some(until) => format!("Die Bestätigung gilt bis zum {}. Sie müssen nichts tun.", german(*until)),
                None => "Sie müssen nichts tun.".to_owned(),
            };
            let next = "Stimmt etwas nicht mehr, wenden Sie sich an die Stelle, die Ihre Angaben pflegt.";
            message(StatusCode::GONE, "Ihre Angaben sind schon bestätigt", &lead, Some(next))
        }
        DeadLink::Disputed => message(
            StatusCode::GONE,
            "Ihr Hinweis ist schon angekommen",
            "Er liegt bei der Stelle, die Ihre Angaben pflegt.",
            Some("Sobald die Angaben geändert sind, fragt Lotse noch einmal nach."),
        ),
    }
}
