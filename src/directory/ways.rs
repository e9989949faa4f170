//! The seam between contacts and `delivery`: a contact's mail address and webhook are endpoints over there.
//!
//! Invariant: only this file asks delivery about endpoints, and a secret passes through it inwards only. An
//! unchanged secret is not rotated; a changed one signs beside the former for a while.

use std::collections::HashMap;

use chrono::TimeDelta;

use super::contacts::{Contact, Webhook, WebhookInput};
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
        webhook: webhook.map(|e| Webhook { url: e.address.clone(), state: e.state }),
        phone: row.phone,
        reference_pattern: row.reference_pattern,
        hours: row.hours,
        deputy: row.deputy,
        confirmed_on: row.confirmed_on,
        absent_from: row.absent_from,
        absent_until: row.absent_until,
        bounced: mail.and_then(|e| e.bounced_at),
        discloses_reporter: row.discloses_reporter,
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
        return Ok(before != delivery::endpoints(tx, &[id])?);
    }
    let secret = webhook.secret.as_deref().ok_or_else(|| AppError::field("webhook.secret", SECRET_MISSING))?;
    row.webhook_endpoint = Some(delivery::webhook_endpoint(tx, sealer, &webhook.url, secret, now)?);
    Ok(true)
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
    faults.keep(&format!("{field}.url"), delivery::check_webhook_url(&webhook.url, policy));
    match webhook.secret.as_deref() {
        Some(secret) => {
            faults.keep(&format!("{field}.secret"), delivery::check_secret(secret));
        }
        None if has_secret => {}
        None => faults.add(format!("{field}.secret"), SECRET_MISSING),
    }
}
