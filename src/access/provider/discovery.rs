//! What is known of the provider: its addresses and keys, asked when first needed and kept.
//!
//! Invariant: nobody waits for the provider at the start. What it said holds for an hour; if it cannot be asked again
//! then, the old holds on. One request asks at a time; after a failure the next second's requests hear the same.

use std::sync::Arc;

use chrono::TimeDelta;
use openidconnect::{DiscoveryError, IssuerUrl, ProviderMetadataWithLogout};
use tokio::sync::Mutex;

use super::client::{HttpClient, NoAnswer};
use crate::clock::Timestamp;
use crate::error::AppError;

const GOOD_FOR: TimeDelta = TimeDelta::hours(1);
const AFTER_FAILURE: TimeDelta = TimeDelta::seconds(1);

pub(super) struct Discovery {
    issuer: IssuerUrl,
    allow_http: bool,
    http: HttpClient,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<(Arc<ProviderMetadataWithLogout>, Timestamp)>,
    failure: Option<(String, Timestamp)>,
}

impl Discovery {
    pub(super) fn new(issuer: IssuerUrl, allow_http: bool, http: HttpClient) -> Self {
        Self { issuer, allow_http, http, state: Mutex::default() }
    }

    /// The way to the provider.
    pub(super) fn http(&self) -> &HttpClient {
        &self.http
    }

    /// What is known, not older than an hour where the provider can be asked.
    pub(super) async fn known(&self, now: Timestamp) -> Result<Arc<ProviderMetadataWithLogout>, AppError> {
        self.not_older_than(GOOD_FOR, now).await
    }

    /// What is known, not older than `age`: for keys that have changed.
    pub(super) async fn not_older_than(
        &self,
        age: TimeDelta,
        now: Timestamp,
    ) -> Result<Arc<ProviderMetadataWithLogout>, AppError> {
        let mut state = self.state.lock().await;
        let former = match &state.known {
            Some((known, at)) if now.since(*at) < age => return Ok(known.clone()),
            former => former.as_ref().map(|(known, _)| known.clone()),
        };
        let recent = state.failure.as_ref().filter(|(_, at)| now.since(*at) < AFTER_FAILURE);
        if let Some((fault, _)) = recent {
            return former.ok_or_else(|| AppError::Unavailable(fault.clone()));
        }
        match self.ask().await {
            Ok(known) => {
                let known = Arc::new(known);
                *state = State { known: Some((known.clone(), now)), failure: None };
                Ok(known)
            }
            Err(fault) => {
                let fault = format!("the provider {} cannot be asked: {fault}", self.issuer.as_str());
                tracing::warn!(%fault, "log-in by the provider does not work for the moment");
                state.failure = Some((fault.clone(), now));
                former.ok_or(AppError::Unavailable(fault))
            }
        }
    }

    async fn ask(&self) -> Result<ProviderMetadataWithLogout, String> {
        let found = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await;
        let found = found.map_err(words)?;
        let end = found.additional_metadata().end_session_endpoint.as_ref().map(|end| end.url());
        let token = found.token_endpoint().map(|token| token.url()).ok_or("it names no token endpoint")?;
        let addresses = [Some(found.authorization_endpoint().url()), Some(token), end];
        let is_plain = |url: &&url::Url| url.scheme() != "https" && !(self.allow_http && url.scheme() == "http");
        if addresses.into_iter().flatten().any(|url| is_plain(&url)) {
            return Err("one of its addresses is not https".into());
        }
        Ok(found)
    }
}

fn words(error: DiscoveryError<NoAnswer>) -> String {
    match error {
        DiscoveryError::Request(cause) => cause.to_string(),
        DiscoveryError::Parse(cause) => format!("its metadata do not fit: {}", cause.path()),
        other => other.to_string(),
    }
}
