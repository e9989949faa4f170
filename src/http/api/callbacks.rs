//! What contacts' own systems say, signed with their secret; no token is asked for.
//!
//! Invariant: the signature is checked over the bytes as they came, before anything is made of them.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};

use super::escalations::{EscalationAnswer, render};
use super::{ApiResult, send_outcome};
use crate::escalation::callback::{self, Callback, Signed};
use crate::http::State;
use crate::http::auth::{json_only, parse, read};
use crate::http::error::{ApiError, Problem};

/// The longest body, in bytes: the longest answer with every letter written as an escape, and room.
const LONGEST: usize = 64 * 1024;

/// Take a word of a contact's system: acknowledge, ask, answer, return, hand on, comment.
#[utoipa::path(post, path = "/api/v1/callbacks/{contact}", request_body = Callback, tag = "escalations", security(()),
    params(("contact" = String, Path, description = "the contact's id"),
        ("webhook-id" = String, Header, description = "the same on every attempt; a repeat gets the first answer"),
        ("webhook-timestamp" = String, Header, description = "seconds since 1970, at most five minutes off"),
        ("webhook-signature" = String, Header, description = "Standard Webhooks: v1, and base64 of HMAC-SHA-256 over id.timestamp.body")),
    responses((status = 200, body = EscalationAnswer), (status = 404, body = Problem, description = "no such escalation for this contact, or the signature does not fit"),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn receive(state: Data<State>, request: HttpRequest, payload: Payload, contact: Path<String>) -> ApiResult {
    json_only(&request)?;
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        value.ok_or_else(|| ApiError::Request(StatusCode::BAD_REQUEST, format!("the header {name} is missing")))
    };
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let signature = header("webhook-signature")?;
    let body = read(&request, payload.into_inner(), LONGEST.min(state.body_limit)).await?.to_vec();
    let signed = Signed { contact: contact.into_inner(), id, timestamp, signature, body };
    let known = callback::authenticate(&state.escalations, &signed).await?;
    let said: Callback = parse(&signed.body)?;
    let render = render(&state);
    send_outcome(callback::receive(&state.escalations, known, signed, said, Arc::new(render.clone())).await?, render)
}
