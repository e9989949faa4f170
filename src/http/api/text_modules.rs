//! Text modules over JSON: what people write again and again in answers.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, http::header::IF_MATCH};
use serde::Deserialize;

use super::{ApiResult, ListAnswer, created, limit, ok, send_outcome};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right, version};
use crate::http::error::Problem;
use crate::ids::TextModuleId;
use crate::tickets::text_modules::{self, FilledText, TextModule, WriteTextModule};

/// Which texts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TextQuery {
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

fn key(at: &str) -> Result<TextModuleId, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

fn place(module: &TextModule) -> String {
    format!("/api/v1/text-modules/{}", module.id)
}

/// Texts for answers within the caller's reach, by title.
#[utoipa::path(get, path = "/api/v1/text-modules", tag = "tickets", params(TextQuery),
    responses((status = 200, body = ListAnswer<TextModule>)))]
pub async fn list(state: Data<State>, asked: Asked<right::AssessTicket, TextQuery>) -> ApiResult {
    let TextQuery { limit: most, cursor } = asked.query;
    let page = text_modules::list(state.desk(), asked.caller, cursor, limit(most)?).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next_cursor })
}

/// The texts for one request, with their places filled in.
#[utoipa::path(get, operation_id = "texts", path = "/api/v1/tickets/{ticket}/texts", tag = "tickets", params(("ticket" = String, Path)),
    responses((status = 200, body = ListAnswer<FilledText>), (status = 404, body = Problem)))]
pub async fn for_ticket(state: Data<State>, guard: Guard<right::AssessTicket>, at: Path<String>) -> ApiResult {
    let items = text_modules::for_ticket(state.desk(), guard.caller, at.parse()?).await?;
    ok(&ListAnswer { items, next_cursor: None })
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/text-modules/{module}", tag = "tickets", params(("module" = String, Path)),
    responses((status = 200, body = TextModule), (status = 404, body = Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::AssessTicket>, at: Path<String>) -> ApiResult {
    ok(&text_modules::read(state.desk(), guard.caller, key(&at)?).await?)
}

/// Make a new one.
#[utoipa::path(post, path = "/api/v1/text-modules", tag = "tickets", request_body = WriteTextModule,
    responses((status = 201, body = TextModule), (status = 422, body = Problem)))]
pub async fn create(state: Data<State>, command: Command<right::AssessTicket, WriteTextModule>) -> ApiResult {
    let render = |module: &TextModule| created(place(module), module);
    let once = command.once(std::sync::Arc::new(render))?;
    send_outcome(text_modules::create(state.desk(), command.caller, command.body, once).await?, render)
}

/// Change one: it is then exactly as it is sent.
#[utoipa::path(put, path = "/api/v1/text-modules/{module}", tag = "tickets", request_body = WriteTextModule,
    params(("module" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = TextModule), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::AssessTicket, WriteTextModule>,
    at: Path<String>,
) -> ApiResult {
    let version = command.if_match()?.or(command.body.version);
    let wanted = WriteTextModule { version, ..command.body };
    ok(&text_modules::change(state.desk(), command.caller, key(&at)?, wanted).await?)
}

/// End one. Answers that it was used in stay as they are.
#[utoipa::path(delete, path = "/api/v1/text-modules/{module}", tag = "tickets", params(("module" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn end(
    state: Data<State>,
    guard: Guard<right::AssessTicket>,
    request: HttpRequest,
    at: Path<String>,
) -> ApiResult {
    let read = text_modules::read(state.desk(), guard.caller.clone(), key(&at)?).await?;
    let tag = request.headers().get(IF_MATCH).and_then(|value| value.to_str().ok()).map(version).transpose()?;
    text_modules::end(state.desk(), guard.caller, read.id, tag.unwrap_or(read.version)).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}
