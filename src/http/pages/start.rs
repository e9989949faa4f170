//! The first page: what this is, and where to go on.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::shell::{Shell, Where, finds, show};
use super::worklist;
use crate::access::Action;
use crate::http::State;
use crate::http::api::users::everywhere;
use crate::http::visitor::{PageError, Visitor};
use crate::http::words::Language;

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    shell: Shell,
    may_respond: bool,
    may_take: bool,
    may_adoptions: bool,
    may_figures: bool,
    may_people: bool,
    may_audit: bool,
    may_deadlines: bool,
    may_texts: bool,
    may_operations: bool,
    waiting: Option<String>,
    help_example: Option<String>,
    is_development: bool,
}

/// The first page.
pub async fn start(state: Data<State>, request: HttpRequest, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let service = state.directory().current().services().first().map(|service| service.slug.to_string());
    let waiting = match visitor.caller() {
        Some(caller) => worklist::waiting(&state, &caller, Language::of(&request)).await?,
        None => None,
    };
    let shown = Start {
        waiting,
        may_respond: visitor.caller().is_some_and(|caller| finds(&caller, Action::RespondEscalation, Where::AsContact)),
        may_take: visitor.caller().is_some_and(|caller| finds(&caller, Action::SubmitTicket, Where::Somewhere)),
        may_adoptions: visitor.caller().is_some_and(|caller| finds(&caller, Action::ReadDirectory, Where::Somewhere)),
        may_figures: visitor.caller().is_some_and(|caller| finds(&caller, Action::ReadFigures, Where::Somewhere)),
        may_people: visitor.caller().is_some_and(|caller| everywhere(&caller, Action::ReadUsers).is_ok()),
        may_audit: visitor.caller().is_some_and(|caller| everywhere(&caller, Action::ReadAudit).is_ok()),
        may_deadlines: visitor.caller().is_some_and(|caller| finds(&caller, Action::ReadTickets, Where::Somewhere)),
        may_texts: visitor.caller().is_some_and(|caller| finds(&caller, Action::AssessTicket, Where::Somewhere)),
        may_operations: visitor.caller().is_some_and(|caller| everywhere(&caller, Action::ReadMetrics).is_ok()),
        help_example: service.map(|service| format!("/api/v1/help?service={service}&ars=010020000000")),
        is_development: state.development.is_some(),
        shell: Shell::new(&state, &request, &visitor),
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}
