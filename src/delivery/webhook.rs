//! Webhooks: signs a finished body by Standard Webhooks 1.0 and posts it.
//!
//! Invariant: a redirect is never followed, no proxy is used, at most 64 KiB of an answer's body are read and
//! never kept, and no connection is made to an address that `address.rs` refuses: a literal one is tested before
//! each send, a resolved one by the resolver itself, so that what was tested is what is connected to. Not here:
//! when to try again and what an outcome means for the endpoint (`record.rs`).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode};
use url::Url;

use super::adapter::{Finished, LogIn, fill, read_answer};
use super::address::{WebhookPolicy, check_webhook_url, is_public};
use super::outbox::AttemptOutcome;
use super::outcome::{News, Outcome};
use super::retry::retry_after;
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::ids::DeliveryId;

/// The most that is read of an answer's body, in bytes; it only makes the connection usable again.
const MOST_READ: usize = 64 * 1024;

/// How long reading the rest of an answer may take; its status is known by then.
const LONGEST_READ: Duration = Duration::from_secs(1);

/// How webhooks leave.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// What the operator has relaxed.
    pub policy: WebhookPolicy,
    /// How long a connection may take to stand; 5 s by default.
    pub connect_timeout: Duration,
    /// How long a whole exchange may take; 15 s by default, at most 20 s, which a lease leaves room for.
    pub total_timeout: Duration,
    /// What receivers see in their logs.
    pub user_agent: String,
    /// Certificates (PEM) trusted beside the system's, for receivers under a private authority.
    pub extra_root_pem: Option<String>,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            policy: WebhookPolicy::default(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            user_agent: concat!("Lotse/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_root_pem: None,
        }
    }
}

/// Sends webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

struct Inner {
    settings: WebhookSettings,
    roots: Vec<Certificate>,
    /// For `http://`, where that is allowed: knows no certificates.
    plain: Client,
    /// For `https://`: made when first needed, so that a machine without certificates can start and say so later.
    secure: OnceLock<Client>,
}

/// Where a webhook goes, and what it is signed with.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub url: String,
    /// The present secret first; while one is being replaced, the former one too.
    pub secrets: Vec<String>,
    /// What an adapter fills into its headers and payload.
    pub own: BTreeMap<String, String>,
}

impl Webhooks {
    /// Reads the settings; makes no connection.
    pub fn new(settings: &WebhookSettings) -> Result<Self, AppError> {
        if rustls::crypto::CryptoProvider::get_default().is_none()
            && rustls::crypto::ring::default_provider().install_default().is_err()
        {
            tracing::debug!("another part of the process chose the TLS provider first");
        }
        let roots = match &settings.extra_root_pem {
            Some(pem) => Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|e| AppError::field("webhook.root_certificate", format!("is not a PEM certificate: {e}")))?,
            None => Vec::new(),
        };
        let plain = builder(settings).tls_certs_only([]).build().map_err(AppError::internal)?;
        Ok(Self(Arc::new(Inner { settings: settings.clone(), roots, plain, secure: OnceLock::new() })))
    }

    /// The longest a send can take.
    pub(super) fn longest(&self) -> Duration {
        self.0.settings.total_timeout
    }

    /// Posts one body, in another system's words where there are some, and tells how it went.
    pub(super) async fn send(
        &self,
        id: DeliveryId,
        body: String,
        call: Option<Finished>,
        target: &Target,
        now: Timestamp,
    ) -> Outcome {
        let lost = |fault: &str| Outcome { needs_person: true, ..Outcome::failed(fault, News::Failing) };
        let request = match &call {
            None => self.request(id, body, target, now),
            Some(call) => match self.log_in(call, target).await {
                Ok(token) => self.call(id, &body, (call, token), target, now),
                Err(outcome) => return outcome,
            },
        };
        let request = match request {
            Ok(request) => request,
            Err(fault) => return lost(&fault),
        };
        match request.send().await {
            Ok(answer) => {
                let outcome = judge(answer.status(), header(&answer), now);
                match &call {
                    Some(call) if outcome.kind == AttemptOutcome::Sent => look_into(answer, call, outcome).await,
                    _ => {
                        drain(answer).await;
                        outcome
                    }
                }
            }
            Err(error) => {
                let (words, needs_person) = self.words(&error);
                Outcome { needs_person, ..Outcome::failed(&words, News::Failing) }
            }
        }
    }

    fn request(
        &self,
        id: DeliveryId,
        body: String,
        target: &Target,
        now: Timestamp,
    ) -> Result<reqwest::RequestBuilder, String> {
        let url = check_webhook_url(&target.url, &self.0.settings.policy).map_err(|e| format!("the URL {e}"))?;
        let id = id.to_string();
        let timestamp = now.utc().timestamp();
        let sign = |secret: &String| {
            let key = standardwebhooks::Webhook::new(secret)?;
            key.sign(&id, timestamp, body.as_bytes())
        };
        let signatures: Result<Vec<String>, _> = target.secrets.iter().map(sign).collect();
        let signatures = signatures.map_err(|_| "the endpoint's secret cannot sign; give it a new one".to_owned())?;
        if signatures.is_empty() {
            return Err("the endpoint has no secret; give it one".into());
        }
        Ok(self
            .client(&url)?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body))
    }

    /// The same in another system's words: its path, method and headers; signed all the same.
    fn call(
        &self,
        id: DeliveryId,
        body: &str,
        (call, token): (&Finished, Option<(HeaderName, HeaderValue)>),
        target: &Target,
        now: Timestamp,
    ) -> Result<reqwest::RequestBuilder, String> {
        let missing = || "a secret that the adapter needs is not there; give it one".to_owned();
        let body = fill(body, &target.own, true).ok_or_else(missing)?;
        let url = format!("{}{}", target.url.trim_end_matches('/'), call.path);
        let mut request = self.request(id, body, &Target { url, ..target.clone() }, now)?.build();
        if let Ok(request) = &mut request {
            *request.method_mut() = call.method.as_str().parse().map_err(|_| "the method is none".to_owned())?;
            request.headers_mut().extend(filled(call.headers.iter().map(|(n, v)| (n, v)), target)?);
            request.headers_mut().extend(token);
        }
        let request = request.map_err(|fault| innermost(&fault))?;
        Ok(reqwest::RequestBuilder::from_parts(self.client(&request.url().clone())?.clone(), request))
    }

    /// Gets the token of a system that wants one.
    async fn log_in(&self, call: &Finished, target: &Target) -> Result<Option<(HeaderName, HeaderValue)>, Outcome> {
        let Some(login) = &call.login else { return Ok(None) };
        let failed = |words: &str| Outcome::failed(&format!("the log-in before it {words}"), News::Failing);
        let request = self.log_in_request(call, login, target).map_err(|fault| failed(&fault))?;
        let answer = request.send().await.map_err(|error| failed(&self.words(&error).0))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(failed(&format!("answered {}", status.as_u16())));
        }
        let body = read_json(answer).await;
        let token = body.as_ref().and_then(|body| body.pointer(&login.token)).and_then(|token| token.as_str());
        let header = token.and_then(|token| header_of(&login.header, token));
        header.map(Some).ok_or_else(|| failed("gave no token where the adapter looks for it"))
    }

    fn log_in_request(
        &self,
        call: &Finished,
        login: &LogIn,
        target: &Target,
    ) -> Result<reqwest::RequestBuilder, String> {
        let url = format!("{}{}", target.url.trim_end_matches('/'), login.path);
        let url = check_webhook_url(&url, &self.0.settings.policy).map_err(|e| format!("has no good URL: it {e}"))?;
        let headers = call.headers.iter().map(|(n, v)| (n, v)).chain(&login.headers);
        let headers = filled(headers, target)?;
        Ok(self.client(&url)?.get(url).headers(headers.into_iter().collect()))
    }

    fn client(&self, url: &Url) -> Result<&Client, String> {
        if url.scheme() == "http" {
            return Ok(&self.0.plain);
        }
        if let Some(client) = self.0.secure.get() {
            return Ok(client);
        }
        let made = builder(&self.0.settings).tls_certs_merge(self.0.roots.iter().cloned()).build();
        let made = made.map_err(|e| format!("this machine has no usable certificates: {}", innermost(&e)))?;
        Ok(self.0.secure.get_or_init(|| made))
    }

    /// Why there is no answer, and whether waiting will hardly help.
    fn words(&self, error: &reqwest::Error) -> (String, bool) {
        let settings = &self.0.settings;
        let words = if find::<RefusedAddress>(error).is_some() {
            return (RefusedAddress.to_string(), true);
        } else if error.is_timeout() && error.is_connect() {
            format!("no connection within {} s", settings.connect_timeout.as_secs_f32())
        } else if error.is_timeout() {
            format!("no answer within {} s", settings.total_timeout.as_secs_f32())
        } else if error.is_connect() {
            format!("no connection: {}", innermost(error))
        } else {
            format!("no proper answer: {}", innermost(error))
        };
        (words, false)
    }
}

fn builder(settings: &WebhookSettings) -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(&settings.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.total_timeout)
        .tcp_nodelay(true)
        .pool_idle_timeout(Duration::from_secs(30))
        .dns_resolver(Resolver { policy: settings.policy })
}

fn header(answer: &Response) -> Option<&str> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()
}

/// What a status means. Only 2xx is success; only 410 is a refusal for good; Retry-After counts where RFC 9110
/// gives it this meaning.
fn judge(status: StatusCode, asked: Option<&str>, now: Timestamp) -> Outcome {
    let reason = status.canonical_reason().unwrap_or("");
    let words = format!("answered {} {reason}", status.as_u16());
    if status.is_success() {
        return Outcome::sent(&words);
    }
    if status == StatusCode::GONE {
        return Outcome::refused(&words, News::Gone);
    }
    let waits = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let retry_after = asked.filter(|_| waits).and_then(|value| retry_after(value, now.utc()));
    let words = if status.is_redirection() { format!("{words}; redirects are not followed") } else { words };
    Outcome { retry_after, ..Outcome::failed(&words, News::Failing) }
}

/// Headers with their secrets in place; marked so that no log shows them.
fn filled<'a>(
    headers: impl Iterator<Item = (&'a String, &'a String)>,
    target: &Target,
) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let one = |(name, value): (&String, &String)| {
        let value = fill(value, &target.own, false).ok_or("a secret that a header needs is not there; give it one")?;
        header_of(name, &value).ok_or_else(|| format!("the header {name} cannot be sent"))
    };
    headers.map(one).collect()
}

fn header_of(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some((name.parse().ok()?, value))
}

/// Takes the other side's number out of an answer that says it went well, and sees a failure that only the body tells.
async fn look_into(answer: Response, call: &Finished, outcome: Outcome) -> Outcome {
    let body = read_json(answer).await.unwrap_or_default();
    if let Some(error) = call.error.as_deref().filter(|pointer| body.pointer(pointer).is_some_and(|at| !at.is_null())) {
        return Outcome::failed(&format!("{}, but with a fault at {error}", outcome.detail), News::Failing);
    }
    Outcome { answer: Some(read_answer(call, &body)).filter(|read| *read != Default::default()), ..outcome }
}

/// The body of an answer as JSON, where it is that and short enough.
async fn read_json(mut answer: Response) -> Option<serde_json::Value> {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if read.len() + chunk.len() > MOST_READ {
            return None;
        }
        read.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&read).ok()
}

/// Reads what is left of an answer so that its connection can be used again, within bounds; a connection that
/// has more to say is closed.
async fn drain(mut answer: Response) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read >= MOST_READ {
                break;
            }
        }
    };
    if tokio::time::timeout(LONGEST_READ, reading).await.is_err() {
        tracing::debug!("a webhook's answer was not read to its end");
    }
}

/// Looks names up and hands out only addresses that may be connected to.
struct Resolver {
    policy: WebhookPolicy,
}

/// A name leads to an address that webhooks must not reach.
#[derive(Debug, thiserror::Error)]
#[error("the host's address is private or special; webhooks are not sent there")]
struct RefusedAddress;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            allowed(found, policy).map_err(Into::into)
        })
    }
}

/// One refused address refuses the name: mixing public and private ones is how rebinding begins.
fn allowed(found: Vec<SocketAddr>, policy: WebhookPolicy) -> Result<Addrs, RefusedAddress> {
    let is_allowed = |address: &SocketAddr| policy.allow_private_addresses || is_public(address.ip());
    if found.iter().all(is_allowed) { Ok(Box::new(found.into_iter())) } else { Err(RefusedAddress) }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn find<'e, E: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e E> {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if let Some(found) = this.downcast_ref::<E>() {
            return Some(found);
        }
        cause = this.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_status_has_its_meaning() {
        let now = Timestamp::new("2026-11-24T10:00:00Z".parse().unwrap());
        for (status, asked, kind, news, wait) in [
            (200, None, AttemptOutcome::Sent, News::Sound, None),
            (204, Some("9"), AttemptOutcome::Sent, News::Sound, None),
            (302, None, AttemptOutcome::Failed, News::Failing, None),
            (400, None, AttemptOutcome::Failed, News::Failing, None),
            (404, None, AttemptOutcome::Failed, News::Failing, None),
            (410, None, AttemptOutcome::Refused, News::Gone, None),
            (429, Some("120"), AttemptOutcome::Failed, News::Failing, Some(120)),
            (503, Some("Tue, 24 Nov 2026 10:01:00 GMT"), AttemptOutcome::Failed, News::Failing, Some(60)),
            (500, Some("120"), AttemptOutcome::Failed, News::Failing, None),
            (599, None, AttemptOutcome::Failed, News::Failing, None),
        ] {
            let outcome = judge(StatusCode::from_u16(status).unwrap(), asked, now);
            assert_eq!((outcome.kind, outcome.news), (kind, news), "{status}");
            assert_eq!(outcome.retry_after, wait.map(TimeDelta::seconds), "{status}");
            assert!(outcome.detail.contains(&status.to_string()), "{}", outcome.detail);
        }
    }

    #[test]
    fn one_private_address_refuses_the_name() {
        let public: SocketAddr = "193.99.144.80:0".parse().unwrap();
        let private: SocketAddr = "10.0.0.1:0".parse().unwrap();
        let strict = WebhookPolicy::default();
        assert!(allowed(vec![public], strict).is_ok());
        assert!(allowed(vec![public, private], strict).is_err());
        let relaxed = WebhookPolicy { allow_private_addresses: true, ..strict };
        assert!(allowed(vec![private], relaxed).is_ok());
    }

    /// A name that passes the check at entry may still lead inside; `localhost` stands for it here.
    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let webhooks = Webhooks::new(&WebhookSettings::default()).unwrap();
        let error = webhooks.0.plain.post(&url).send().await.unwrap_err();
        let (words, needs_person) = webhooks.words(&error);
        assert!(words.contains("private or special") && needs_person, "{words}");
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(nobody.is_err());
    }
}
