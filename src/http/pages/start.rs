//! The first page: what this is, and where to go on.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::shell::{Shell, Where, finds, show};
use crate::access::Action;
use crate::http::State;
use crate::http::api::users::everywhere;
use crate::http::visitor::{PageError, Visitor};

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    shell: Shell,
    may_take: bool,
    may_adoptions: bool,
    may_figures: bool,
    may_people: bool,
    may_audit: bool,
    may_deadlines: bool,
    help_example: Option<String>,
    is_development: bool,
}

/// The first page.
pub async fn start(state: Data<State>, request: HttpRequest, visitor: Visitor) -> Result<HttpResponse, PageError> {
    let service = state.directory().current().services().first().map(|service| service.slug.to_string());
    let shown = Start {
        may_take: visitor.caller().is_some_and(|caller| finds(&caller, Action::SubmitTicket, Where::Somewhere)),
        may_adoptions: visitor.caller().is_some_and(|caller| finds(&caller, Action::ReadDirectory, Where::Somewhere)),
        may_figures: visitor.caller().is_some_and(|caller| finds(&caller, Action::ReadFigures, Where::Somewhere)),
        may_people: visitor.caller().is_some_and(|caller| everywhere(&caller, Action::ReadUsers).is_ok()),
        may_audit: visitor.caller().is_some_and(|caller| everywhere(&caller, Action::ReadAudit).is_ok()),
        may_deadlines: visitor.caller().is_some_and(|caller| finds(&caller, Action::ReadTickets, Where::Somewhere)),
        help_example: service.map(|service| format!("/api/v1/help?service={service}&ars=010020000000")),
        is_development: state.development.is_some(),
        shell: Shell::new(&state, &request, &visitor),
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}
