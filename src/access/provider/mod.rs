//! Log-in by a provider (OpenID Connect): there with code and PKCE, back with an ID token, and both ways of log-out.
//!
//! Invariant: a log-in comes back to the browser it began in, once, within ten minutes; its cookie is a random secret
//! of which only the hash is stored, and what travels in addresses is derived from it. People are known by issuer and
//! subject. A provider that is away stops neither the start nor other ways to log in.
//!
//! Where next: `arrival.rs` (whom a log-in lets in, with which roles), `claims.rs` (groups to roles), `id_token.rs`
//! and `logout.rs` (what counts as genuine), `discovery.rs` (addresses and keys), `own_token.rs` (tokens by which this
//! service itself logs on elsewhere). Not here: HTTP towards the browser.

mod arrival;
mod claims;
mod client;
mod discovery;
mod id_token;
mod logout;
pub mod own_token;
mod store;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use openidconnect::core::{CoreAuthenticationFlow, CoreIdToken};
use openidconnect::{CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use self::arrival::Arrival;
use self::client::HttpClient;
use self::discovery::Discovery;
use self::id_token::Refused;
use super::actor::Actor;
use super::audit::AuditAction;
use super::session::{self, Origin, ProviderSession};
use super::users::{self, Accounts};
use crate::access::secret::{self, hash};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::ids::UserId;

pub use claims::{Mapping, RuleText};

/// How long somebody may take at the provider.
const FLOW_GOOD_FOR: TimeDelta = TimeDelta::minutes(10);

/// Log-out tokens are remembered for longer than they count.
const TOKENS_KEPT: TimeDelta = TimeDelta::hours(1);

/// Anybody may send log-out tokens with unknown keys; the provider is asked for its keys this often at most.
const KEYS_FOR_STRANGERS: TimeDelta = TimeDelta::seconds(5);

/// Where the provider sends people back to, below the address of this service.
pub const RETURN_PATH: &str = "/anmelden/dienst/zurueck";

/// What log-in by a provider goes by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The provider, by its issuer's address.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there; a public client has none.
    pub client_secret: Option<SecretString>,
    /// What to ask for.
    pub scopes: Vec<String>,
    /// The words on the button.
    pub label: String,
    /// Whether whoever comes with a role gets an account.
    pub create_accounts: bool,
    /// Which groups give which roles.
    pub mapping: Mapping,
    /// Certificates (PEM) trusted beside the system's.
    pub root_pem: Option<String>,
    /// Whether the provider may be asked over plain http.
    pub allow_http: bool,
    /// Where people reach this service, without a slash at the end.
    pub public_url: String,
}

/// A provider to log in with. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    accounts: Accounts,
    settings: Settings,
    redirect: RedirectUrl,
    discovery: Discovery,
}

/// A log-in that goes to the provider.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where the browser goes.
    pub url: Url,
    /// What its cookie holds meanwhile.
    pub flow: String,
}

/// A log-in that came back well.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The secret of the new session.
    pub secret: String,
    /// Where the person wanted to go.
    pub return_to: String,
}

impl Provider {
    /// Reads the settings; asks nobody.
    pub fn new(accounts: Accounts, settings: Settings) -> Result<Self, AppError> {
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|e| AppError::field("oidc.issuer", format!("is not an address: {e}")))?;
        let redirect = RedirectUrl::new(format!("{}{RETURN_PATH}", settings.public_url))
            .map_err(|e| AppError::field("server.public_url", format!("is not an address: {e}")))?;
        let http = HttpClient::new(settings.root_pem.as_deref(), "oidc.root_certificate", settings.allow_http)?;
        let discovery = Discovery::new(issuer, settings.allow_http, http);
        Ok(Self(Arc::new(Inner { accounts, settings, redirect, discovery })))
    }

    /// The words on the button.
    pub fn label(&self) -> &str {
        &self.0.settings.label
    }

    /// The provider's name for itself; whoever answers under another one is somebody else.
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Begins a log-in that shall end at `return_to`. `Unavailable` while the provider cannot be asked.
    pub async fn begin(&self, return_to: &str) -> Result<Begun, AppError> {
        let now = self.now();
        let known = self.0.discovery.known(now).await?;
        let (flow, nonce) = (secret::new(), secret::new());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = id_token::client(&self.0.settings, &known, &self.0.redirect);
        let (state, sent_nonce) = (CsrfToken::new(state_of(&flow)), Nonce::new(nonce.clone()));
        let scopes = self.0.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let (url, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || sent_nonce)
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .url();
        let row = store::FlowRow {
            hash: hash(&flow).to_vec(),
            nonce,
            verifier: verifier.into_secret(),
            return_to: return_to.to_owned(),
            created_at: now,
        };
        let write = move |tx: &mut crate::db::Tx| {
            store::purge_flows(tx, now.minus(FLOW_GOOD_FOR))?;
            store::insert_flow(tx, &row)
        };
        self.0.accounts.inner().db.write(write).await?;
        Ok(Begun { url, flow })
    }

    /// Ends a log-in that came back: `Unauthorised` when it is not one of this browser's, or the provider does not
    /// vouch for anybody; `Forbidden` when the person may not enter here.
    pub async fn finish(&self, flow: &str, state: &str, code: &str, origin: &Origin) -> Result<Finished, AppError> {
        let now = self.now();
        if hash(state) != hash(&state_of(flow)) {
            return Err(AppError::Unauthorised);
        }
        let row = self.take(flow, now).await?;
        let known = self.0.discovery.known(now).await?;
        let client = id_token::client(&self.0.settings, &known, &self.0.redirect);
        let verifier = PkceCodeVerifier::new(row.verifier);
        let token = id_token::exchange(&client, self.0.discovery.http(), code, verifier).await?;
        let claims = self.verified(&token, &Nonce::new(row.nonce)).await?;
        let arrival = self.arrival(&claims, token.to_string(), origin)?;
        let secret = self.enter(arrival).await?;
        Ok(Finished { secret, return_to: row.return_to })
    }

    /// Where the provider ends its own session too; none where it has no such address or cannot be asked.
    pub async fn log_out_url(&self, id_token: &str) -> Option<Url> {
        let known = self.0.discovery.known(self.now()).await.ok()?;
        let mut url = known.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", &self.0.settings.client_id)
            .append_pair("post_logout_redirect_uri", &format!("{}/", self.0.settings.public_url));
        Some(url)
    }

    /// Ends what the provider says is over; answers how many sessions. `Invalid` when the token does not count.
    pub async fn back_channel(&self, logout_token: &str) -> Result<usize, AppError> {
        let now = self.now();
        let wrong = |why: logout::Refused| AppError::field("logout_token", why.to_string());
        let known = self.0.discovery.known(now).await?;
        let (issuer, client) = (self.0.settings.issuer.clone(), self.0.settings.client_id.as_str());
        let over = match logout::check(logout_token, known.jwks(), &issuer, client, now) {
            Err(logout::Refused::UnknownKey) => {
                let known = self.0.discovery.not_older_than(KEYS_FOR_STRANGERS, now).await?;
                logout::check(logout_token, known.jwks(), &issuer, client, now)
            }
            checked => checked,
        };
        let over = over.map_err(wrong)?;
        let write = move |tx: &mut crate::db::Tx| {
            store::purge_logout_tokens(tx, now.minus(TOKENS_KEPT))?;
            if !store::use_logout_token(tx, &over.jti, now)? {
                return Err(AppError::field("logout_token", "it was used before"));
            }
            let user = match &over.subject {
                Some(subject) => store::user_of(tx, &issuer, subject)?,
                None => None,
            };
            // Nobody here is known by that name: then nobody's session is over.
            if over.session.is_none() && user.is_none() {
                return Ok(0);
            }
            session::end_by_provider(tx, &issuer, over.session.as_deref(), user, now)
        };
        let ended = self.0.accounts.inner().db.write(write).await?;
        tracing::info!(ended, "the provider ended sessions");
        Ok(ended)
    }

    /// Lets somebody who has an account here log in by this name (`sub`) at the provider. `Conflict` when it is
    /// somebody's already.
    pub async fn link(&self, by: &Actor, user: UserId, subject: &str) -> Result<(), AppError> {
        let (issuer, subject, by, now) = (self.0.settings.issuer.clone(), subject.to_owned(), by.clone(), self.now());
        let write = move |tx: &mut crate::db::Tx| {
            let person = users::user_of(tx, user)?.ok_or(AppError::NotFound)?;
            if !store::link(tx, &issuer, &subject, user, now)? {
                return Err(AppError::Conflict("somebody logs in by this name at the provider already".into()));
            }
            users::changed(tx, &by, AuditAction::UserLinked, Some(&person), &person, now)
        };
        self.0.accounts.inner().db.write(write).await
    }

    fn now(&self) -> Timestamp {
        self.0.accounts.inner().clock.now()
    }

    async fn take(&self, flow: &str, now: Timestamp) -> Result<store::FlowRow, AppError> {
        let hash = hash(flow);
        let row = self.0.accounts.inner().db.write(move |tx| store::take_flow(tx, &hash)).await?;
        row.filter(|row| now.since(row.created_at) < FLOW_GOOD_FOR).ok_or(AppError::Unauthorised)
    }

    /// The claims of a genuine token; keys are asked for again when the token's is a new one.
    async fn verified(&self, token: &CoreIdToken, nonce: &Nonce) -> Result<Value, AppError> {
        let (settings, now) = (&self.0.settings, self.now());
        let mut known = self.0.discovery.known(now).await?;
        let mut verified = id_token::verify(token, settings, &known, nonce, now);
        if matches!(verified, Err(Refused::UnknownKey)) {
            known = self.0.discovery.not_older_than(TimeDelta::zero(), now).await?;
            verified = id_token::verify(token, settings, &known, nonce, now);
        }
        verified.map_err(|_| AppError::Unauthorised)
    }

    fn arrival(&self, claims: &Value, id_token: String, origin: &Origin) -> Result<Arrival, AppError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let session = ProviderSession { issuer: self.0.settings.issuer.clone(), session: text("sid"), id_token };
        Ok(Arrival {
            subject: text("sub").filter(|subject| !subject.is_empty()).ok_or(AppError::Unauthorised)?,
            described: claims::Described::read(claims),
            grants: self.0.settings.mapping.grants(claims),
            session,
            origin: origin.clone(),
        })
    }

    async fn enter(&self, arrival: Arrival) -> Result<String, AppError> {
        let (accounts, creates, now) = (self.0.accounts.clone(), self.0.settings.create_accounts, self.now());
        let write = move |tx: &mut crate::db::Tx| arrival::enter(tx, &accounts, &arrival, creates, now);
        self.0.accounts.inner().db.write(write).await?.map_err(|refusal| {
            tracing::info!(why = refusal.words(), "somebody came from the provider and was not let in");
            AppError::Forbidden("the provider knows you, but you have no role here".into())
        })
    }
}

/// What travels in addresses instead of the cookie's secret; whoever sees it cannot come back with it.
fn state_of(flow: &str) -> String {
    URL_SAFE_NO_PAD.encode(hash(&format!("state {flow}")))
}
