//! Access tokens by which this service itself logs on elsewhere, such as at a mailbox: fetched from a token endpoint
//! (RFC 6749) by client id and secret, or by a refresh token.
//!
//! Invariant: a token is fetched when it is first needed, and again shortly before it ends or after it was refused, never
//! at each use. A refresh token that the endpoint replaces is kept until the process ends. Faults hold what the endpoint
//! calls the error, never a secret. Not here: what a token is used for.

use std::time::{Duration, Instant};

use openidconnect::http::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;

use super::client::HttpClient;
use crate::error::AppError;

/// How long a token counts where the endpoint does not say.
const USUAL: Duration = Duration::from_secs(300);
/// A token is fetched anew a tenth of its time before its end, at most so long before.
const EARLIEST: Duration = Duration::from_secs(300);

/// Where tokens come from, and by what.
#[derive(Debug, Clone)]
pub struct Source {
    /// The token endpoint.
    pub url: String,
    /// This service's name there.
    pub client_id: String,
    /// Its secret there; empty for a public client, which has a refresh token.
    pub client_secret: SecretString,
    /// What was granted by a person once; empty: client id and secret are enough.
    pub refresh_token: SecretString,
    /// What the token is for; empty: what the endpoint usually gives.
    pub scope: String,
}

/// Fetches tokens and keeps them while they count.
#[derive(Debug)]
pub struct OwnToken {
    source: Source,
    http: HttpClient,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    token: Option<(SecretString, Instant)>,
    refresh: Option<SecretString>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Source {
    /// What the endpoint is asked.
    fn form(&self, replaced: Option<&SecretString>) -> String {
        let refresh = replaced.unwrap_or(&self.refresh_token).expose_secret();
        let mut form = Serializer::new(String::new());
        match refresh.is_empty() {
            true => form.append_pair("grant_type", "client_credentials"),
            false => form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", refresh),
        };
        form.append_pair("client_id", &self.client_id);
        for (name, value) in [("client_secret", self.client_secret.expose_secret()), ("scope", &self.scope)] {
            if !value.is_empty() {
                form.append_pair(name, value);
            }
        }
        form.finish()
    }
}

impl OwnToken {
    /// Reads the certificates, which stand under `key` of the settings; makes no connection.
    pub fn new(source: Source, root_pem: Option<&str>, key: &str, allow_http: bool) -> Result<Self, AppError> {
        Ok(Self { source, http: HttpClient::new(root_pem, key, allow_http)?, kept: Mutex::default() })
    }

    /// A token that counts; says why there is none.
    pub async fn get(&self) -> Result<SecretString, String> {
        let mut kept = self.kept.lock().await;
        if let Some((token, _)) = kept.token.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Ok(token.clone());
        }
        // Counted from before it was asked for: the answer may be long on its way.
        let began = Instant::now();
        let granted = self.fetch(kept.refresh.as_ref()).await?;
        if let Some(next) = granted.refresh_token {
            kept.refresh = Some(next.into());
        }
        let token = SecretString::from(granted.access_token);
        kept.token = Some((token.clone(), began + kept_for(granted.expires_in.map(Duration::from_secs))));
        Ok(token)
    }

    /// It was refused: the next one is fetched.
    pub async fn forget(&self) {
        self.kept.lock().await.token = None;
    }

    async fn fetch(&self, replaced: Option<&SecretString>) -> Result<Granted, String> {
        let request = Request::post(&self.source.url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Accept", "application/json")
            .body(self.source.form(replaced).into_bytes())
            .map_err(|_| "the address of the token endpoint cannot be used".to_owned())?;
        let answer = self.http.send(request).await.map_err(|e| format!("no token: {e}"))?;
        if !answer.status().is_success() {
            let said = serde_json::from_slice::<Refused>(answer.body()).map(|refused| refused.error);
            let said: String = said.unwrap_or_default().chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
            return Err(format!("no token: the endpoint says {} {said}", answer.status().as_u16()).trim_end().into());
        }
        serde_json::from_slice(answer.body()).map_err(|_| "no token: the endpoint's answer holds none".to_owned())
    }
}

/// How long a token is kept that counts for so long.
fn kept_for(counts: Option<Duration>) -> Duration {
    let counts = counts.unwrap_or(USUAL);
    counts.saturating_sub((counts / 10).min(EARLIEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_left_shortly_before_its_end() {
        for (counts, kept) in [(Some(3600), 3300), (Some(600), 540), (Some(86_400), 86_100), (Some(0), 0), (None, 270)]
        {
            assert_eq!(kept_for(counts.map(Duration::from_secs)), Duration::from_secs(kept), "{counts:?}");
        }
    }
}
