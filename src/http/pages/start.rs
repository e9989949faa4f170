//! The first page: what this is, and where to go on.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::page;
use crate::http::State;
use crate::http::assets::Assets;

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    lang: &'static str,
    assets: Assets,
    help_example: Option<String>,
    is_development: bool,
}

/// The first page.
pub async fn start(state: Data<State>) -> HttpResponse {
    let service = state.directory().current().services().first().map(|service| service.slug.to_string());
    let help_example = service.map(|service| format!("/api/v1/help?service={service}&ars=010020000000"));
    let shown = Start { lang: "de", assets: Assets::here(), help_example, is_development: state.development.is_some() };
    page(StatusCode::OK, &shown)
}
