//! Endpoints: the mail addresses and webhooks that messages go to, with their health and sealed secrets.
//!
//! Invariant: a mailbox has one endpoint, so its health is known once; a webhook's secret is stored sealed and
//! never read back by anybody but the sender. Only a person enables what delivery disabled, by saying so or by
//! changing its address or secret. Not here: who stands behind an address (the directory) and whether a URL is
//! acceptable (`address.rs`, asked at entry and again at every send).

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use serde::Serialize;

use super::adapter::Adapter;
use super::outbox::Channel;
use super::store;
use crate::clock::Timestamp;
use crate::db::{Conn, Topic, Tx};
use crate::error::AppError;
use crate::ids::EndpointId;
use crate::keys::EmailAddress;
use crate::seal::Sealer;

/// How long a replaced secret goes on signing beside the new one, unless told otherwise.
pub const DEFAULT_OVERLAP: TimeDelta = TimeDelta::hours(24);

crate::text_enum! {
    /// Whether messages go to an endpoint.
    pub enum EndpointState {
        /// They do.
        Active = "active",
        /// They do not, until somebody enables it again.
        Disabled = "disabled",
    }
}

/// An address with its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Mail or webhook.
    pub channel: Channel,
    /// The mail address in small letters, or the URL.
    pub address: String,
    /// Whether messages go there.
    pub state: EndpointState,
    /// Whether a secret is set (webhooks).
    pub has_secret: bool,
    /// Since when every attempt has failed; nothing after a success.
    pub failing_since: Option<Timestamp>,
    /// When the mailbox was said not to exist.
    pub bounced_at: Option<Timestamp>,
    /// When delivery disabled it.
    pub disabled_at: Option<Timestamp>,
    /// Why, in words.
    pub disabled_because: Option<String>,
    /// Until when the former secret signs as well.
    pub previous_until: Option<Timestamp>,
    /// In whose words it is called, where that is another ticket system.
    pub adapter: Option<Adapter>,
}

/// How many endpoints something is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Troubles {
    /// Nothing goes there until somebody enables them.
    pub disabled: i64,
    /// Every attempt since some time has failed.
    pub failing: i64,
    /// Mailboxes that were said not to exist.
    pub bounced: i64,
}

/// The endpoint of a mailbox, found or made.
pub fn mail_endpoint(tx: &mut Tx, address: &EmailAddress, now: Timestamp) -> Result<EndpointId, AppError> {
    store::endpoint::mailbox(tx, &address.as_str().to_lowercase(), now)
}

/// The endpoints of many mailboxes, found or made, by their addresses in small letters.
pub fn mail_endpoints(
    tx: &mut Tx,
    addresses: &[EmailAddress],
    now: Timestamp,
) -> Result<HashMap<String, EndpointId>, AppError> {
    let addresses: Vec<String> = addresses.iter().map(|address| address.as_str().to_lowercase()).collect();
    store::endpoint::mailboxes(tx, &addresses, now)
}

/// A new endpoint for a webhook. URL and secret were checked by [`check_webhook_url`](super::check_webhook_url)
/// and [`check_secret`](super::check_secret).
pub fn webhook_endpoint(
    tx: &mut Tx,
    sealer: &Sealer,
    url: &str,
    secret: &str,
    now: Timestamp,
) -> Result<EndpointId, AppError> {
    let id = EndpointId::new();
    store::endpoint::insert_webhook(tx, id, url, &seal_secret(sealer, id, secret), now)?;
    Ok(id)
}

/// Gives a webhook another URL or secret. A replaced secret goes on signing until `overlap` has passed, so that
/// the receiver can change over in its own time. Any change enables the endpoint again; the same values change
/// nothing.
pub fn change_webhook(
    tx: &mut Tx,
    sealer: &Sealer,
    id: EndpointId,
    url: &str,
    secret: Option<&str>,
    overlap: TimeDelta,
    now: Timestamp,
) -> Result<(), AppError> {
    let (known_url, known_secret) = store::endpoint::webhook(tx, id)?.ok_or(AppError::NotFound)?;
    let known_plain = known_secret.as_deref().map(|sealed| open_secret(sealer, id, sealed)).transpose()?;
    let new_secret = secret.filter(|new| known_plain.as_deref() != Some(*new));
    if new_secret.is_none() && url == known_url {
        return Ok(());
    }
    if let Some(new) = new_secret {
        let until = known_secret.is_some().then(|| now.plus(overlap));
        store::endpoint::rotate(tx, id, &seal_secret(sealer, id, new), known_secret.as_deref(), until)?;
    }
    store::endpoint::set_url(tx, id, url)?;
    enable_endpoint(tx, id, now)
}

/// Calls an endpoint in the words of another ticket system, or no longer so; what [`Adapter::check`] found sound. Without
/// new secrets the present ones stay. True when anything changed; then the endpoint is enabled again.
pub fn set_adapter(
    tx: &mut Tx,
    sealer: &Sealer,
    id: EndpointId,
    adapter: Option<&Adapter>,
    secrets: Option<&BTreeMap<String, String>>,
    now: Timestamp,
) -> Result<bool, AppError> {
    let before = store::endpoint::of_ids(tx, &[id])?.pop().ok_or(AppError::NotFound)?;
    if before.adapter.as_ref() == adapter && secrets.is_none() {
        return Ok(false);
    }
    let text = adapter.map(serde_json::to_string).transpose().map_err(AppError::internal)?;
    store::endpoint::set_adapter(tx, id, text.as_deref())?;
    let sealed = match (adapter, secrets) {
        (None, _) => Some(None),
        (Some(_), None) => None,
        (Some(_), Some(secrets)) => {
            let plain = serde_json::to_vec(secrets).map_err(AppError::internal)?;
            Some(Some(sealer.secrets().seal(&plain, &adapter_context(id))))
        }
    };
    if let Some(sealed) = sealed {
        store::endpoint::set_adapter_secrets(tx, id, sealed.as_deref())?;
    }
    enable_endpoint(tx, id, now)?;
    Ok(true)
}

/// The stored secrets of an adapter in the clear, for sending.
pub(super) fn open_adapter(
    sealer: &Sealer,
    id: EndpointId,
    sealed: &[u8],
) -> Result<BTreeMap<String, String>, AppError> {
    serde_json::from_slice(&sealer.secrets().open(sealed, &adapter_context(id))?).map_err(AppError::internal)
}

fn adapter_context(id: EndpointId) -> String {
    format!("adapter of endpoint {id}")
}

/// Lets messages go to an endpoint again and forgets its failures.
pub fn enable_endpoint(tx: &mut Tx, id: EndpointId, now: Timestamp) -> Result<(), AppError> {
    tx.signal(Topic::Delivery);
    store::endpoint::enable(tx, id, now)
}

/// Forgets that a mailbox was said not to exist.
pub fn clear_bounce(tx: &mut Tx, id: EndpointId, now: Timestamp) -> Result<(), AppError> {
    store::endpoint::clear_bounce(tx, id, now)
}

/// The endpoints of these ids, as far as they exist.
pub fn endpoints(conn: &mut Conn, ids: &[EndpointId]) -> Result<HashMap<EndpointId, Endpoint>, AppError> {
    Ok(store::endpoint::of_ids(conn, ids)?.into_iter().map(|endpoint| (endpoint.id, endpoint)).collect())
}

/// Endpoints that something is wrong with: disabled, failing, or a mailbox said not to exist; by id, from the one after
/// `after`.
pub fn troubled(conn: &mut Conn, after: Option<EndpointId>, limit: i64) -> Result<Vec<Endpoint>, AppError> {
    store::endpoint::troubled(conn, after, limit)
}

/// How many endpoints are disabled, failing, and mailboxes said not to exist.
pub fn troubles(conn: &mut Conn) -> Result<Troubles, AppError> {
    store::endpoint::troubles(conn)
}

fn seal_secret(sealer: &Sealer, id: EndpointId, secret: &str) -> Vec<u8> {
    sealer.secrets().seal(secret.as_bytes(), &context(id))
}

/// A stored secret in the clear, for signing.
pub(super) fn open_secret(sealer: &Sealer, id: EndpointId, sealed: &[u8]) -> Result<String, AppError> {
    String::from_utf8(sealer.secrets().open(sealed, &context(id))?).map_err(AppError::internal)
}

fn context(id: EndpointId) -> String {
    format!("endpoint {id}")
}
