//! Log-in by the provider: there, back, and its word that somebody has logged out.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::page;
use crate::access::Provider;
use crate::error::AppError;
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::auth::{parse_query, read};
use crate::http::cookies::{expired_flow, flow, flow_cookie, session_cookie};
use crate::http::error::ApiError;
use crate::http::redirect::{header_form, local_path};
use crate::http::visitor::origin;

/// The longest form with a log-out token, in bytes.
const LONGEST_FORM: usize = 32 * 1024;

#[derive(Template)]
#[template(path = "provider_failure.html")]
struct Failure<'a> {
    lang: &'static str,
    assets: Assets,
    title: &'a str,
    lead: &'a str,
    next_step: &'a str,
}

/// Where to go after the log-in.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    return_to: String,
}

/// What the provider sends a browser back with.
#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    iss: Option<String>,
}

#[derive(Deserialize)]
struct LoggedOut {
    logout_token: String,
}

/// Sends the browser to the provider.
pub async fn begin(state: Data<State>, wanted: Option<Query<Wanted>>) -> Result<HttpResponse, ApiError> {
    let provider = provider(&state)?;
    let wanted = wanted.map(|wanted| wanted.into_inner().return_to).unwrap_or_default();
    match provider.begin(local_path(&wanted)).await {
        Ok(begun) => {
            let mut answer = go_to(begun.url.as_str());
            Ok(answer.cookie(flow_cookie(&state, &begun.flow)).finish())
        }
        Err(fault) => Ok(failed(&state, fault)),
    }
}

/// Takes the browser back, with a session if the provider vouches for somebody who may enter.
pub async fn back(
    state: Data<State>,
    request: HttpRequest,
    back: Option<Query<Back>>,
) -> Result<HttpResponse, ApiError> {
    let provider = provider(&state)?;
    let came = (flow(&state, &request), back.map(Query::into_inner));
    let (Some(flow), Some(Back { state: sent, code: Some(code), iss })) = came else {
        return Ok(failed(&state, AppError::Unauthorised));
    };
    if iss.is_some_and(|iss| iss != provider.issuer()) {
        return Ok(failed(&state, AppError::Unauthorised));
    }
    match provider.finish(&flow, &sent, &code, &origin(&request, &state)).await {
        Ok(finished) => {
            let mut answer = go_to(&header_form(local_path(&finished.return_to)));
            answer.cookie(session_cookie(&state, &finished.secret)).cookie(expired_flow(&state));
            Ok(answer.finish())
        }
        Err(fault) => Ok(failed(&state, fault)),
    }
}

/// Hears from the provider itself that somebody has logged out. No browser comes here.
pub async fn log_out(state: Data<State>, request: HttpRequest, body: Payload) -> Result<HttpResponse, ApiError> {
    let provider = provider(&state)?;
    let raw = read(&request, body.into_inner(), LONGEST_FORM).await?;
    let wrong = |detail: String| ApiError::Request(StatusCode::BAD_REQUEST, detail);
    let text = std::str::from_utf8(&raw).map_err(|_| wrong("the body is not UTF-8".into()))?;
    let form: LoggedOut = parse_query(text).map_err(|fault| wrong(fault.to_string()))?;
    match provider.back_channel(&form.logout_token).await {
        Ok(_) => Ok(HttpResponse::Ok().finish()),
        Err(fault @ AppError::Invalid(_)) => Err(wrong(fault.to_string())),
        Err(fault) => Err(fault.into()),
    }
}

fn provider(state: &State) -> Result<&Provider, AppError> {
    state.provider.as_ref().ok_or(AppError::NotFound)
}

fn go_to(place: &str) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((LOCATION, place));
    answer
}

/// Says that it did not work, and offers to begin anew.
fn failed(state: &State, fault: AppError) -> HttpResponse {
    let told = actix_web::ResponseError::error_response(&ApiError::from(fault));
    let (title, lead, next_step) = match told.status() {
        StatusCode::FORBIDDEN => (
            "Sie haben hier noch keine Aufgabe",
            "Der Anmeldedienst kennt Sie, aber bei Lotse ist für Sie nichts freigeschaltet.",
            "Bitten Sie die Stelle, die Lotse betreibt, Ihnen eine Aufgabe zu geben.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "Der Anmeldedienst ist nicht erreichbar",
            "Lotse konnte den Anmeldedienst nicht fragen, wer Sie sind. Es liegt nicht an Ihnen.",
            "Versuchen Sie es in einer Minute noch einmal.",
        ),
        status if status.is_server_error() => (
            "Da ist etwas schiefgegangen",
            "Der Fehler liegt bei Lotse und ist vermerkt. Sie sind nicht angemeldet.",
            "Versuchen Sie es später noch einmal.",
        ),
        _ => (
            "Die Anmeldung hat nicht geklappt",
            "Sie wurde abgebrochen, hat zu lange gedauert oder in einem anderen Fenster begonnen.",
            "Beginnen Sie die Anmeldung noch einmal von vorn.",
        ),
    };
    let shown = Failure { lang: "de", assets: Assets::here(), title, lead, next_step };
    // 401 asks for credentials of HTTP's own kind, which are not meant.
    let status = if told.status() == StatusCode::UNAUTHORIZED { StatusCode::BAD_REQUEST } else { told.status() };
    let mut answer = page(status, &shown);
    if let Err(fault) = answer.add_cookie(&expired_flow(state)) {
        tracing::warn!(%fault, "a cookie could not be taken back");
    }
    answer
}
