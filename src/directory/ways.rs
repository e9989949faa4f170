//! The seam between contacts and `delivery`: a contact's mail address and webhook are endpoints over there.
//!
//! Invariant: only this file asks delivery about endpoints, and a secret passes through it inwards only. An
//! unchanged secret is not rotated; a changed one signs beside the former for a while.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use super::callbacks;
use super::contacts::{Adapter, Contact, Webhook, WebhookInput};
use super::resolve::{ContactFact, Span, Way};
use super::store::contacts::ContactRow;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{self, Endpoint, EndpointState, WebhookPolicy};
use crate::error::{AppError, Faults};
use crate::ids::EndpointId;
use crate::keys::EmailAddress;
use crate::seal::Sealer;

type Endpoints = HashMap<EndpointId, Endpoint>;

/// The endpoints these contacts are reached by.
pub(super) fn endpoints(conn: &mut Conn, rows: &[ContactRow]) -> Result<Endpoints, AppError> {
    let ids: Vec<EndpointId> =
        rows.iter().flat_map(|row| [row.email_endpoint, row.webhook_endpoint]).flatten().collect();
    let mut all = Endpoints::with_capacity(ids.len());
    for some in ids.chunks(500) {
        all.extend(delivery::endpoints(conn, some)?);
    }
    Ok(all)
}

/// These contacts as they are shown.
pub(super) fn contacts(conn: &mut Conn, rows: Vec<ContactRow>) -> Result<Vec<Contact>, AppError> {
    let endpoints = endpoints(conn, &rows)?;
    Ok(rows.into_iter().map(|row| contact(row, &endpoints)).collect())
}

fn contact(row: ContactRow, endpoints: &Endpoints) -> Contact {
    let mail = row.email_endpoint.and_then(|id| endpoints.get(&id));
    let webhook = row.webhook_endpoint.and_then(|id| endpoints.get(&id));
    Contact {
        slug: row.slug,
        name: row.name,
        owner: row.owner,
        email: mail.and_then(|e| e.address.parse().ok()),
        webhook: webhook.map(|e| Webhook { url: e.address.clone(), state: e.state, adapter: e.adapter.clone() }),
        phone: row.phone,
        reference_pattern: row.reference_pattern,
        hours: row.hours,
        deputy: row.deputy,
        confirmed_on: row.confirmed_on,
        absent_from: row.absent_from,
        absent_until: row.absent_until,
        bounced: mail.and_then(|e| e.bounced_at),
        discloses_reporter: row.discloses_reporter,
        notify: row.notify.parse().unwrap_or_default(),
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        version: row.version,
        updated_at: row.updated_at,
        email_endpoint: row.email_endpoint,
        webhook_endpoint: row.webhook_endpoint,
        is_ended: row.ended_at.is_some(),
    }
}

/// What decides whether this contact can be asked.
pub(super) fn fact(row: &ContactRow, endpoints: &Endpoints) -> ContactFact {
    let way = |id: Option<EndpointId>| match id.and_then(|id| endpoints.get(&id)) {
        None => Way::None,
        Some(e) if e.state == EndpointState::Disabled || e.bounced_at.is_some() => Way::Broken,
        Some(_) => Way::Works,
    };
    ContactFact {
        name: row.name.clone(),
        deputy: row.deputy.clone(),
        confirmed_on: row.confirmed_on,
        absent: Span { from: row.absent_from, to: row.absent_until },
        valid: Span { from: row.valid_from, to: row.valid_to },
        is_ended: row.ended_at.is_some(),
        mail: way(row.email_endpoint),
        webhook: way(row.webhook_endpoint),
    }
}

/// A new contact as it is shown, which has no way yet but its mailbox, known or not.
pub(super) fn fresh(row: ContactRow, email: Option<&EmailAddress>) -> Result<Contact, AppError> {
    let mut shown = contact(row, &Endpoints::new());
    // As the mailbox has it.
    let email = email.map(|address| address.as_str().to_lowercase().parse()).transpose();
    shown.email = email.map_err(AppError::internal)?;
    Ok(shown)
}

/// Gives the contact another mail address, or none.
pub(super) fn set_email(
    tx: &mut Tx,
    row: &mut ContactRow,
    email: Option<&EmailAddress>,
    now: Timestamp,
) -> Result<(), AppError> {
    row.email_endpoint = email.map(|address| delivery::mail_endpoint(tx, address, now)).transpose()?;
    Ok(())
}

/// Gives the contact another webhook, or none; true when the endpoint itself changed.
pub(super) fn set_webhook(
    tx: &mut Tx,
    sealer: &Sealer,
    row: &mut ContactRow,
    webhook: Option<&WebhookInput>,
    overlap: TimeDelta,
    now: Timestamp,
) -> Result<bool, AppError> {
    let Some(webhook) = webhook else {
        return Ok(row.webhook_endpoint.take().is_some());
    };
    if let Some(id) = row.webhook_endpoint {
        let before = delivery::endpoints(tx, &[id])?;
        delivery::change_webhook(tx, sealer, id, &webhook.url, webhook.secret.as_deref(), overlap, now)?;
        set_adapter(tx, sealer, id, webhook, now)?;
        return Ok(before != delivery::endpoints(tx, &[id])?);
    }
    // Another ticket system does not look at our signature; so nobody has to think of a secret for it.
    let made = webhook.adapter.as_ref().is_some_and(Option::is_some).then(callbacks::new_secret);
    let secret = webhook.secret.clone().or(made).ok_or_else(|| AppError::field("webhook.secret", SECRET_MISSING))?;
    let id = delivery::webhook_endpoint(tx, sealer, &webhook.url, &secret, now)?;
    set_adapter(tx, sealer, id, webhook, now)?;
    row.webhook_endpoint = Some(id);
    Ok(true)
}

/// Calls the webhook in another system's words, or no longer so. The names of its secrets are those that were given.
fn set_adapter(
    tx: &mut Tx,
    sealer: &Sealer,
    id: EndpointId,
    webhook: &WebhookInput,
    now: Timestamp,
) -> Result<(), AppError> {
    let known = delivery::endpoints(tx, &[id])?.remove(&id).and_then(|endpoint| endpoint.adapter);
    let wanted = match (&webhook.adapter, &webhook.adapter_secrets) {
        (None, None) => return Ok(()),
        (None, Some(_)) => known.clone(),
        (Some(wanted), _) => wanted.clone(),
    };
    let names = match &webhook.adapter_secrets {
        Some(secrets) => secrets.keys().cloned().collect(),
        None => known.map(|known| known.secrets).unwrap_or_default(),
    };
    let wanted = wanted.map(|adapter| Adapter { secrets: names, ..adapter });
    let mut faults = Faults::default();
    check_adapter("webhook", wanted.as_ref(), webhook.adapter_secrets.as_ref(), &mut faults);
    faults.finish()?;
    delivery::set_adapter(tx, sealer, id, wanted.as_ref(), webhook.adapter_secrets.as_ref(), now)?;
    Ok(())
}

/// Notes what is wrong with an adapter and its secrets, tried out on a made-up message.
fn check_adapter(
    field: &str,
    adapter: Option<&Adapter>,
    secrets: Option<&BTreeMap<String, String>>,
    faults: &mut Faults,
) {
    for (name, secret) in secrets.into_iter().flatten() {
        if secret.is_empty() || secret.len() > 2000 || secret.chars().any(char::is_control) {
            faults.add(format!("{field}.adapter_secrets.{name}"), "must have 1 to 2,000 printable characters");
        }
    }
    match adapter {
        Some(adapter) => adapter.check(&format!("{field}.adapter"), faults),
        None if secrets.is_some() => faults.add(format!("{field}.adapter_secrets"), "belong to an adapter; give one"),
        None => {}
    }
}

/// Somebody has confirmed the contact: that its mail once came back no longer counts.
pub(super) fn trust_again(tx: &mut Tx, row: &ContactRow, now: Timestamp) -> Result<(), AppError> {
    row.email_endpoint.map_or(Ok(()), |id| delivery::clear_bounce(tx, id, now))
}

const SECRET_MISSING: &str = "must be given with a new webhook: whsec_ and 24 to 64 bytes in base64";

/// Notes what is wrong with a webhook; `has_secret` where one is known already.
pub(super) fn check_webhook(
    field: &str,
    webhook: &WebhookInput,
    has_secret: bool,
    policy: &WebhookPolicy,
    faults: &mut Faults,
) {
    let url = faults.keep(&format!("{field}.url"), delivery::check_webhook_url(&webhook.url, policy));
    let has_adapter = webhook.adapter.as_ref().is_some_and(Option::is_some);
    if has_adapter && url.is_some_and(|url| url.query().is_some()) {
        faults.add(format!("{field}.url"), "must have no query where an adapter says the rest");
    }
    match webhook.secret.as_deref() {
        Some(secret) => {
            faults.keep(&format!("{field}.secret"), delivery::check_secret(secret));
        }
        None if has_secret || webhook.adapter.as_ref().is_some_and(Option::is_some) => {}
        None => faults.add(format!("{field}.secret"), SECRET_MISSING),
    }
}
