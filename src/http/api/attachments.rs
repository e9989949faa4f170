//! Files of requests, over HTTP: listed as JSON, had and sent as bare bytes.
//!
//! A file is sent as the body itself, so that nothing needs to be taken apart; its name stands in the query. None of the
//! media types that the form of a foreign page can send is taken.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path, Payload};
use serde::{Deserialize, Serialize};

use super::inbound::to_save;
use super::{ApiResult, created, send};
use crate::http::State;
use crate::http::api::ok;
use crate::http::auth::{Guard, parse_query, read_whole, right};
use crate::http::error::ApiError;
use crate::tickets::TicketRef;
use crate::tickets::attachments::{self, Attachment, Upload};

/// The files of a request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AttachmentList {
    /// In the order they came.
    pub items: Vec<Attachment>,
}

/// What a file is called.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NameQuery {
    /// Its name, such as `foto.jpg`; its kind is read from its content.
    name: String,
}

/// The files of a request, without their bytes.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/attachments", params(("ticket" = String, Path)), tag = "tickets",
    operation_id = "attachments", responses((status = 200, body = AttachmentList), (status = 404, body = crate::http::error::Problem)))]
pub async fn list(state: Data<State>, guard: Guard<right::ReadTickets>, at: Path<String>) -> ApiResult {
    ok(&AttachmentList { items: attachments::list(state.desk(), guard.caller, at.parse()?).await? })
}

/// One file, to be saved; the look is recorded. 409 in words where it cannot be had.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/attachments/{number}", params(("ticket" = String, Path), ("number" = i32, Path)), tag = "tickets",
    operation_id = "ticket_attachment", responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadTickets>, at: Path<(String, i32)>) -> ApiResult {
    let (ticket, number) = at.into_inner();
    let (found, bytes) = attachments::read(state.desk(), guard.caller, ticket.parse()?, number).await?;
    Ok(to_save(&found.name, bytes))
}

/// Add a file; the body is the file itself, as `application/octet-stream`.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/attachments", params(("ticket" = String, Path), NameQuery), tag = "tickets",
    operation_id = "attach", request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Attachment), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem),
        (status = 413, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn add(
    state: Data<State>,
    guard: Guard<right::NoteTicket>,
    request: HttpRequest,
    payload: Payload,
    at: Path<String>,
) -> ApiResult {
    let ticket: TicketRef = at.parse()?;
    attachments::may_attach(state.desk(), guard.caller.clone(), ticket.clone()).await?;
    let query: NameQuery = parse_query(request.query_string())?;
    bytes_only(&request)?;
    let most = state.desk().settings.attachments.most_bytes;
    let bytes = read_whole(&request, payload.into_inner(), most).await?.to_vec();
    let file = Upload { name: query.name, bytes };
    let added = attachments::attach(state.desk(), guard.caller, ticket, file).await?;
    send(created(format!("/api/v1/tickets/{at}/attachments/{}", added.number), &added)?)
}

fn bytes_only(request: &HttpRequest) -> Result<(), ApiError> {
    let media = request.headers().get(CONTENT_TYPE).map_or(b"".as_slice(), |media| media.as_bytes());
    if media.trim_ascii().eq_ignore_ascii_case(b"application/octet-stream") {
        return Ok(());
    }
    Err(ApiError::Request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the file as application/octet-stream".to_owned()))
}
