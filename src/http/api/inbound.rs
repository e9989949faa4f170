//! Mail that came in, over JSON: what waits, what one says, and what becomes of it.
//!
//! Invariant: a list names nobody who wrote; opening a mail, an attachment or the raw copy is recorded
//! (`inbound/browse.rs`). Files go out as something to save, never to show.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};

use super::{ApiResult, ListAnswer, limit, ok};
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::{EscalationId, InboundId, TicketId};
use crate::inbound::browse::{self, Filter, Listed, Opened};
use crate::inbound::decide::{self, Decide};
use crate::inbound::mail::Content;
use crate::inbound::{InboundMail, MailKind, MailState};

/// What the list is narrowed to.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboundQuery {
    /// In this state; without it those that wait for a person.
    state: Option<MailState>,
    /// About this request: its id or number.
    ticket: Option<String>,
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The request a mail is about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InboundTicket {
    /// Its id.
    pub id: TicketId,
    /// Its number.
    pub number: String,
}

/// A mail in a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InboundItem {
    /// Its id.
    pub id: InboundId,
    /// The mailbox it came to.
    pub mailbox: String,
    /// What it was taken for.
    pub kind: MailKind,
    /// Where it stands.
    pub state: MailState,
    /// What it is about; nothing where that was deleted.
    pub subject: Option<String>,
    /// The request it is about.
    pub ticket: Option<InboundTicket>,
    /// The escalation it is about.
    pub escalation: Option<EscalationId>,
    /// When it was read.
    pub received_at: crate::clock::Timestamp,
}

/// A mail opened.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InboundAnswer {
    /// The mail.
    #[serde(flatten)]
    pub mail: InboundMail,
    /// What it says; nothing where that was deleted.
    pub content: Option<Content>,
    /// Whether its raw copy is still there.
    pub has_raw: bool,
}

fn item(listed: Listed) -> InboundItem {
    let Listed { mail, ticket, subject } = listed;
    InboundItem {
        id: mail.id,
        mailbox: mail.mailbox,
        kind: mail.kind,
        state: mail.state,
        subject,
        ticket: ticket.map(|ticket| InboundTicket { id: ticket.id, number: ticket.number.to_string() }),
        escalation: mail.escalation,
        received_at: mail.received_at,
    }
}

/// Mail that came in, newest first.
#[utoipa::path(get, path = "/api/v1/inbound", tag = "inbound", params(InboundQuery),
    responses((status = 200, body = ListAnswer<InboundItem>), (status = 422, body = crate::http::error::Problem)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadInbound, InboundQuery>) -> ApiResult {
    let InboundQuery { state: at, ticket, limit: most, cursor } = asked.query;
    let ticket = ticket.map(|ticket| ticket.parse()).transpose()?;
    let filter = Filter { states: at.into_iter().collect(), ticket };
    let page = browse::list(&state.inbound, asked.caller, filter, cursor, limit(most)?).await?;
    ok(&ListAnswer { items: page.items.into_iter().map(item).collect(), next_cursor: page.next_cursor })
}

/// One mail with what it says; the look is recorded.
#[utoipa::path(get, path = "/api/v1/inbound/{mail}", params(("mail" = InboundId, Path)), tag = "inbound",
    responses((status = 200, body = InboundAnswer), (status = 404, body = crate::http::error::Problem)))]
pub async fn show(state: Data<State>, guard: Guard<right::ReadInbound>, at: Path<InboundId>) -> ApiResult {
    let Opened { mail, content, has_raw, .. } = browse::open(&state.inbound, guard.caller, at.into_inner()).await?;
    ok(&InboundAnswer { mail, content, has_raw })
}

/// Say what becomes of a mail: a comment, an answer, a note, a new request, or nothing.
#[utoipa::path(post, path = "/api/v1/inbound/{mail}/decide", params(("mail" = InboundId, Path)), request_body = Decide, tag = "inbound",
    responses((status = 200, body = InboundMail), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn decide(
    state: Data<State>,
    command: Command<right::DecideInbound, Decide>,
    at: Path<InboundId>,
) -> ApiResult {
    ok(&decide::decide(&state.inbound, command.caller, at.into_inner(), command.body).await?)
}

/// An attachment; the look is recorded.
#[utoipa::path(get, path = "/api/v1/inbound/{mail}/attachments/{position}", params(("mail" = InboundId, Path), ("position" = i32, Path)), tag = "inbound",
    operation_id = "attachment", responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = crate::http::error::Problem)))]
pub async fn attachment(state: Data<State>, guard: Guard<right::ReadInbound>, at: Path<(InboundId, i32)>) -> ApiResult {
    let (id, position) = at.into_inner();
    let (info, bytes) = browse::attachment(&state.inbound, guard.caller, id, position).await?;
    Ok(to_save(&info.name, bytes))
}

/// The message as it came, byte for byte; the look is recorded.
#[utoipa::path(get, path = "/api/v1/inbound/{mail}/raw", params(("mail" = InboundId, Path)), tag = "inbound",
    operation_id = "raw", responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = crate::http::error::Problem)))]
pub async fn raw(state: Data<State>, guard: Guard<right::ReadInbound>, at: Path<InboundId>) -> ApiResult {
    let id = at.into_inner();
    let bytes = browse::raw(&state.inbound, guard.caller, id).await?;
    Ok(to_save(&format!("{id}.eml"), bytes))
}

/// Bytes that a browser saves and neither shows nor runs, whatever they are.
pub fn to_save(name: &str, bytes: Vec<u8>) -> HttpResponse {
    saving(name).body(bytes)
}

/// The head of such an answer.
pub fn saving(name: &str) -> HttpResponseBuilder {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
    let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"));
    answer
}
