//! Pages for development: the mails that were written to a folder, and a receiver of webhooks.
//!
//! Invariant: they exist only where [`State::development`](super::State) is set, in the demo;
//! they show personal data to whoever opens them. The receiver keeps the last 200 in memory.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};

use super::State;
use super::assets::Assets;
use super::auth::read;
use super::error::ApiError;
use super::pages::page;
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::escalation::message::berlin;

const KEPT: usize = 200;
const LONGEST_BODY: usize = 64 * 1024;

/// What the pages for development show.
#[derive(Clone)]
pub struct Development {
    /// The folder that mail is written to.
    pub mail_directory: PathBuf,
    /// The secret (`whsec_…`) of the webhooks that point to the built-in receiver.
    pub webhook_secret: SecretString,
    /// What the receiver got.
    pub received: Received,
}

/// The last webhooks the receiver got. Cheap to clone; all clones are one list.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<VecDeque<ReceivedDelivery>>>);

#[derive(Clone)]
struct ReceivedDelivery {
    time: String,
    id: String,
    event: String,
    is_verified: bool,
    attempts: u32,
    body: String,
}

impl Received {
    /// Keeps one; a repeat of the same id counts on.
    fn keep(&self, new: ReceivedDelivery) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |old: &&mut ReceivedDelivery| old.id == new.id && old.is_verified == new.is_verified;
        if let Some(old) = kept.iter_mut().find(same) {
            old.attempts += 1;
            return;
        }
        kept.push_front(new);
        kept.truncate(KEPT);
    }

    fn all(&self) -> Vec<ReceivedDelivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[derive(Template)]
#[template(path = "development_webhooks.html")]
struct DevelopmentWebhooks {
    lang: &'static str,
    assets: Assets,
    deliveries: Vec<ReceivedDelivery>,
}

/// The settings, where these pages exist at all.
pub(super) fn development(state: &State) -> Result<&Development, AppError> {
    state.development.as_ref().ok_or(AppError::NotFound)
}

/// What the receiver got.
pub async fn webhooks(state: Data<State>) -> Result<HttpResponse, ApiError> {
    let deliveries = development(&state)?.received.all();
    Ok(page(StatusCode::OK, &DevelopmentWebhooks { lang: "de", assets: Assets::here(), deliveries }))
}

/// The receiver: 204 when the signature is right, else 401.
pub async fn receive(state: Data<State>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let development = development(&state)?;
    let body = read(&request, payload.into_inner(), LONGEST_BODY).await?;
    let is_verified = verifies(development.webhook_secret.expose_secret(), &request, &body);
    development.received.keep(delivery(&request, &body, is_verified, state.desk().clock.now()));
    if is_verified { Ok(HttpResponse::NoContent().finish()) } else { Err(AppError::Unauthorised.into()) }
}

fn verifies(secret: &str, request: &HttpRequest, body: &[u8]) -> bool {
    let mut headers = ::http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.headers().get(name).map(|value| ::http::HeaderValue::from_bytes(value.as_bytes()));
        let Some(Ok(value)) = value else { return false };
        headers.insert(name, value);
    }
    standardwebhooks::Webhook::new(secret).is_ok_and(|webhook| webhook.verify(body, &headers).is_ok())
}

fn delivery(request: &HttpRequest, body: &[u8], is_verified: bool, now: Timestamp) -> ReceivedDelivery {
    let id = request.headers().get("webhook-id").and_then(|value| value.to_str().ok()).unwrap_or("ohne Kennung");
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let event = json.as_ref().and_then(|json| json["type"].as_str()).unwrap_or("unbekannt").to_owned();
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    let body = pretty.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    ReceivedDelivery { time: berlin(now), id: id.to_owned(), event, is_verified, attempts: 1, body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn repeats_are_counted_and_the_oldest_go() {
        let received = Received::default();
        let request = |id: String| TestRequest::default().insert_header(("webhook-id", id)).to_http_request();
        let now = Timestamp::new(chrono::DateTime::UNIX_EPOCH);
        for number in 0..=KEPT {
            received.keep(delivery(&request(number.to_string()), b"{}", true, now));
        }
        received.keep(delivery(&request(KEPT.to_string()), b"{}", true, now));
        let all = received.all();
        assert_eq!((all.len(), all[0].attempts, all[1].attempts), (KEPT, 2, 1));
    }

    #[test]
    fn verifies_what_was_signed_with_the_secret_alone() {
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let at = chrono::Utc::now().timestamp();
        let signed = standardwebhooks::Webhook::new(secret).unwrap().sign("a", at, b"{}").unwrap();
        let request = TestRequest::default()
            .insert_header(("webhook-id", "a"))
            .insert_header(("webhook-timestamp", at.to_string()))
            .insert_header(("webhook-signature", signed))
            .to_http_request();
        assert!(verifies(secret, &request, b"{}"));
        assert!(!verifies(secret, &request, b"{ }"));
        assert!(!verifies("whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD", &request, b"{}"));
    }
}
