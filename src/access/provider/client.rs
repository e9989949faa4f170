//! The way to the provider by HTTP, for what `openidconnect` asks of it, and to where tokens of this service's own are
//! fetched (`own_token.rs`).
//!
//! Invariant: no redirect is followed, no proxy is used, an exchange ends after ten seconds, and at most 1 MiB of an
//! answer is read. Without a setting
//! that allows it nothing goes over plain http, whatever the provider's metadata say.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Certificate, Client, Request};

use crate::error::AppError;

const MOST_READ: usize = 1024 * 1024;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Asks the provider.
#[derive(Debug)]
pub(super) struct HttpClient {
    roots: Vec<Certificate>,
    allow_http: bool,
    /// Made when first needed, so that a machine without certificates can start and say so at the log-in.
    client: OnceLock<Client>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("{0}")]
    Lost(String),
    #[error("the answer is longer than {MOST_READ} bytes")]
    TooLong,
}

impl HttpClient {
    /// Reads the certificates, which stand under this key of the settings; makes no connection.
    pub(super) fn new(root_pem: Option<&str>, key: &str, allow_http: bool) -> Result<Self, AppError> {
        if rustls::crypto::CryptoProvider::get_default().is_none()
            && rustls::crypto::ring::default_provider().install_default().is_err()
        {
            tracing::debug!("another part of the process chose the TLS provider first");
        }
        let roots = root_pem.map_or(Ok(Vec::new()), |pem| Certificate::from_pem_bundle(pem.as_bytes()));
        let wrong = |e| AppError::field(key, format!("is not a PEM certificate: {e}"));
        Ok(Self { roots: roots.map_err(wrong)?, allow_http, client: OnceLock::new() })
    }

    fn client(&self) -> Result<&Client, NoAnswer> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .user_agent(concat!("Lotse/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(!self.allow_http)
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .tls_certs_merge(self.roots.iter().cloned());
        let made = builder.build().map_err(|e| NoAnswer::Lost(format!("no usable certificates: {}", innermost(&e))))?;
        Ok(self.client.get_or_init(|| made))
    }

    /// Asks, and reads the answer whole.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let lost = |e: reqwest::Error| NoAnswer::Lost(innermost(&e));
        let request = Request::try_from(request).map_err(lost)?;
        let mut answer = self.client()?.execute(request).await.map_err(lost)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > MOST_READ {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = HttpResponse::new(body);
        *whole.status_mut() = answer.status();
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(whole)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The cause at the bottom, without the address that was asked, which can hold a code.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
