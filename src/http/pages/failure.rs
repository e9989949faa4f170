//! A fault as a page: what happened and what to do, in the language that was asked for.
//!
//! A fault becomes a page where nobody knows the request any more; so it is German at first and carries what it says,
//! and [`speak`], which sees every answer with its request, says the same in English where that is asked for.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};

use super::{Message, page};
use crate::http::assets::Assets;
use crate::http::error::ApiError;
use crate::http::words::Language;

/// That a page tells of a fault.
#[derive(Clone, Copy)]
struct Told(StatusCode);

/// What a page says: title, what happened, what to do.
type Said = (&'static str, &'static str, Option<&'static str>);

/// Sends a fault as a page; an internal one is logged on the way like those of the API.
pub fn failure(fault: &ApiError) -> HttpResponse {
    let told = fault.error_response();
    let mut page = tell(told.status(), Language::De);
    page.extensions_mut().insert(Told(told.status()));
    if let Some(after) = told.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    page
}

/// Wraps every request: pages of faults speak the language that was asked for.
pub async fn speak<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let answer = next.call(request).await?;
    let told = answer.response().extensions().get::<Told>().copied();
    let Some(Told(status)) = told else { return Ok(answer.map_into_left_body()) };
    let language = Language::of(answer.request());
    if language == Language::De {
        return Ok(answer.map_into_left_body());
    }
    let mut page = tell(status, language);
    if let Some(after) = answer.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    Ok(answer.into_response(page).map_into_right_body())
}

fn tell(status: StatusCode, language: Language) -> HttpResponse {
    let (title, lead, next_step) = match language {
        Language::De => german(status),
        Language::En => english(status),
    };
    page(status, &Message { lang: language.as_str(), assets: Assets::here(), title, lead, next_step, other: None })
}

fn german(status: StatusCode) -> Said {
    match status {
        StatusCode::NOT_FOUND => {
            ("Diese Seite gibt es nicht", "Die Adresse führt ins Leere, oder die Seite ist nicht für Sie.", None)
        }
        StatusCode::FORBIDDEN => (
            "Das dürfen Sie hier nicht",
            "Ihre Rollen reichen dafür nicht, oder die Seite war zu lange offen. Es wurde nichts geändert.",
            Some("Öffnen Sie die Seite noch einmal. Bleibt es dabei, hilft, wer Lotse bei Ihnen betreibt."),
        ),
        StatusCode::CONFLICT => (
            "Jemand war schneller",
            "Es hat sich eben etwas geändert. Ihre Eingabe wurde nicht gespeichert.",
            Some("Öffnen Sie die Seite oder den Link aus der Mail noch einmal."),
        ),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => (
            "Gerade nicht erreichbar",
            "Lotse kann Ihre Eingabe im Moment nicht speichern. Es wurde nichts geändert.",
            Some("Versuchen Sie es in einer Minute noch einmal."),
        ),
        status if status.is_client_error() => (
            "Das konnte Lotse nicht lesen",
            "Ihre Eingabe kam nicht so an, wie das Formular sie schickt. Es wurde nichts geändert.",
            Some("Öffnen Sie die Seite oder den Link aus der Mail noch einmal."),
        ),
        _ => (
            "Da ist etwas schiefgegangen",
            "Der Fehler liegt bei Lotse und ist vermerkt. Es wurde nichts geändert.",
            Some("Versuchen Sie es später noch einmal."),
        ),
    }
}

fn english(status: StatusCode) -> Said {
    match status {
        StatusCode::NOT_FOUND => {
            ("There is no such page", "The address leads nowhere, or the page is not meant for you.", None)
        }
        StatusCode::FORBIDDEN => (
            "You may not do this here",
            "Your roles do not reach this far, or the page was open for too long. Nothing was changed.",
            Some("Open the page again. If that does not help, ask whoever operates Lotse for you."),
        ),
        StatusCode::CONFLICT => (
            "Somebody was quicker",
            "Something was changed just now. What you entered was not saved.",
            Some("Open the page, or the link in the mail, again."),
        ),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => (
            "Not available right now",
            "Lotse cannot save what you entered at the moment. Nothing was changed.",
            Some("Try again in a minute."),
        ),
        status if status.is_client_error() => (
            "Lotse could not read this",
            "What you entered did not arrive as the form sends it. Nothing was changed.",
            Some("Open the page, or the link in the mail, again."),
        ),
        _ => (
            "Something went wrong",
            "The fault lies with Lotse and is on record. Nothing was changed.",
            Some("Try again later."),
        ),
    }
}
