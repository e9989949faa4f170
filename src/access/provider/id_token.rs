//! The exchange of a code for an ID token, and whether the token is genuine.
//!
//! Invariant: claims leave this file only after signature (by a public key of the provider, never a shared secret),
//! issuer, audience, authorised party, nonce, and times were checked. What was wrong goes to the log without the
//! token; the person hears only that it did not work.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, Nonce, PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError,
    SignatureVerificationError, TokenResponse,
};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::Settings;
use super::client::HttpClient;
use crate::clock::Timestamp;
use crate::error::AppError;

/// The algorithms that a token may be signed with: those with a public key.
pub(super) const ASYMMETRIC: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// How far the provider's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// This installation as the provider's client.
pub(super) fn client(settings: &Settings, known: &ProviderMetadataWithLogout, redirect: &RedirectUrl) -> Client {
    let secret = settings.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
    let methods = known.token_endpoint_auth_methods_supported();
    let offers = |method: &CoreClientAuthMethod| methods.is_none_or(|offered| offered.contains(method));
    let only_in_body =
        !offers(&CoreClientAuthMethod::ClientSecretBasic) && offers(&CoreClientAuthMethod::ClientSecretPost);
    CoreClient::from_provider_metadata(known.clone(), ClientId::new(settings.client_id.clone()), secret)
        .set_auth_type(if only_in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
        .set_redirect_uri(redirect.clone())
}

/// Asks the provider for the ID token that belongs to a code.
pub(super) async fn exchange(
    client: &Client,
    http: &HttpClient,
    code: &str,
    verifier: PkceCodeVerifier,
) -> Result<CoreIdToken, AppError> {
    let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(AppError::internal)?;
    let answer = request.set_pkce_verifier(verifier).request_async(http).await.map_err(|error| match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            CoreErrorResponseType::InvalidGrant | CoreErrorResponseType::InvalidRequest => {
                tracing::info!(error = %refusal.error(), "the provider refused the code of a log-in");
                AppError::Unauthorised
            }
            other => {
                AppError::Unavailable(format!("the provider refuses this client: {other}; see oidc.client_secret"))
            }
        },
        RequestTokenError::Request(cause) => AppError::Unavailable(format!("the provider cannot be asked: {cause}")),
        RequestTokenError::Parse(cause, _) => refuse(&format!("its answer does not fit: {}", cause.path())),
        RequestTokenError::Other(_) => refuse("its answer does not fit"),
    })?;
    answer.id_token().cloned().ok_or_else(|| refuse("its answer holds no ID token"))
}

/// Why a token does not count.
pub(super) enum Refused {
    /// Signed with a key that is not known; there may be newer ones.
    UnknownKey,
    /// Anything else; already in the log.
    Finally,
}

/// Everything the token says, if it is genuine and meant for this log-in.
pub(super) fn verify(
    token: &CoreIdToken,
    settings: &Settings,
    known: &ProviderMetadataWithLogout,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<Value, Refused> {
    let (client_id, latest) = (ClientId::new(settings.client_id.clone()), now.plus(AHEAD).utc());
    let is_past = move |issued: DateTime<Utc>| if issued <= latest { Ok(()) } else { Err("issued later".to_owned()) };
    // As a public client it knows no shared secret that a token could be signed with.
    let verifier = CoreIdTokenVerifier::new_public_client(client_id, known.issuer().clone(), known.jwks().clone())
        .set_allowed_algs(ASYMMETRIC)
        .set_time_fn(move || now.utc())
        .set_issue_time_verifier_fn(is_past);
    let claims = token.claims(&verifier, nonce).map_err(|fault| match fault {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Refused::UnknownKey
        }
        ClaimsVerificationError::InvalidNonce(_) => finally("its nonce is wrong"),
        other => finally(&other.to_string()),
    })?;
    if claims.authorized_party().is_some_and(|party| party.as_str() != settings.client_id) {
        return Err(finally("it was made for another client"));
    }
    payload(&token.to_string()).ok_or_else(|| finally("its claims cannot be read"))
}

/// The claims of a token that was verified.
fn payload(token: &str) -> Option<Value> {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&part).ok()
}

fn finally(why: &str) -> Refused {
    refuse(why);
    Refused::Finally
}

fn refuse(why: &str) -> AppError {
    tracing::warn!(why, "a token of the provider was refused");
    AppError::Unauthorised
}
