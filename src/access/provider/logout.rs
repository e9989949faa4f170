//! Log-out tokens: what a provider sends when a session of its is over (OpenID Connect Back-Channel Logout 1.0). Pure.
//!
//! Invariant: only a token that the provider signed for this client, for this purpose and just now is answered with
//! what it ends. An ID token never passes: it lacks the event, and a nonce is refused. Not here: that each counts
//! once, and ending the sessions (`store.rs`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey, JsonWebKeyId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::id_token::ASYMMETRIC;
use crate::clock::Timestamp;

/// A token may be this old, and this far ahead of our clock.
pub(super) const OLDEST: TimeDelta = TimeDelta::minutes(5);
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// The longest token that is looked at, in bytes; also of its parts that are stored.
const LONGEST: usize = 16 * 1024;
const LONGEST_NAME: usize = 255;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// The token's own name; it counts once.
    pub jti: String,
    /// The person, as the provider knows them.
    pub subject: Option<String>,
    /// The provider's session; without it all sessions of the person.
    pub session: Option<String>,
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a signed token at all.
    #[error("it is no signed token")]
    Form,
    /// No signature at all, or one that could be made with a shared secret.
    #[error("its algorithm is not one with a public key")]
    Algorithm,
    /// None of the known keys has its name; there may be newer ones.
    #[error("it is signed with an unknown key")]
    UnknownKey,
    /// Signed by somebody else, or changed since.
    #[error("its signature is wrong")]
    Signature,
    /// Not what a log-out token for this client says; names the claim.
    #[error("its {0} is wrong")]
    Claim(&'static str),
}

#[derive(Deserialize)]
struct Header {
    alg: Value,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// What the token ends, if it is one that counts now.
pub fn check(
    token: &str,
    keys: &CoreJsonWebKeySet,
    issuer: &str,
    client: &str,
    now: Timestamp,
) -> Result<LoggedOut, Refused> {
    let claims = signed_claims(token, keys)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let must = |holds: bool, name| if holds { Ok(()) } else { Err(Refused::Claim(name)) };
    must(text("iss") == Some(issuer), "iss")?;
    must(claims.get("aud").is_some_and(|audience| names(audience, client)), "aud")?;
    let age = |name: &str| claims.get(name).and_then(Value::as_f64).map(|at| now.utc().timestamp() as f64 - at);
    let (oldest, ahead) = (OLDEST.num_seconds() as f64, AHEAD.num_seconds() as f64);
    must(age("iat").is_some_and(|age| (-ahead..=oldest).contains(&age)), "iat")?;
    must(!claims.contains_key("exp") || age("exp").is_some_and(|past| past < ahead), "exp")?;
    must(claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object), "events")?;
    must(!claims.contains_key("nonce"), "nonce")?;
    let name = |name: &'static str| match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if (1..=LONGEST_NAME).contains(&text.len()) => Ok(Some(text.clone())),
        Some(_) => Err(Refused::Claim(name)),
    };
    let (subject, session) = (name("sub")?, name("sid")?);
    must(subject.is_some() || session.is_some(), "sub")?;
    Ok(LoggedOut { jti: name("jti")?.ok_or(Refused::Claim("jti"))?, subject, session })
}

fn names(audience: &Value, client: &str) -> bool {
    match audience {
        Value::String(one) => one == client,
        Value::Array(many) => many.iter().any(|one| one.as_str() == Some(client)),
        _ => false,
    }
}

/// The claims of a token that one of the keys has signed.
fn signed_claims(token: &str, keys: &CoreJsonWebKeySet) -> Result<Map<String, Value>, Refused> {
    let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST).ok_or(Refused::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(Refused::Form)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Form);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Refused::Form)?;
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let is_kind = |kind: &str| matches!(kind.trim_start_matches("application/"), "logout+jwt" | "jwt");
    if header.crit.is_some() || !kind.as_deref().is_none_or(is_kind) {
        return Err(Refused::Form);
    }
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(header.alg).map_err(|_| Refused::Algorithm)?;
    if !ASYMMETRIC.contains(&algorithm) {
        return Err(Refused::Algorithm);
    }
    let wanted = header.kid.map(JsonWebKeyId::new);
    let mut named = keys.keys().iter().filter(|key| wanted.is_none() || key.key_id() == wanted.as_ref()).peekable();
    if named.peek().is_none() {
        return Err(Refused::UnknownKey);
    }
    let signature = decode(signature)?;
    // Whether a key is of the kind that the algorithm needs is looked at by `verify_signature`.
    if !named.any(|key| key.verify_signature(&algorithm, signed.as_bytes(), &signature).is_ok()) {
        return Err(Refused::Signature);
    }
    serde_json::from_slice(&decode(claims)?).map_err(|_| Refused::Form)
}
