//! Addresses that fail: which contact they belong to, why, and enabling them again.
//!
//! Invariant: a contact shows by its short name, an address by its domain; enabling is on record.

use serde::Serialize;

use super::undelivered::domain;
use super::{Operations, everywhere};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Topic, Tx};
use crate::delivery::{self, Channel, Endpoint, EndpointState};
use crate::directory;
use crate::error::AppError;
use crate::ids::EndpointId;
use crate::keys::Slug;
use crate::tickets::browse::{Page, cut};

/// An address that something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Troubled {
    /// Its id, to enable it by.
    pub id: EndpointId,
    /// Mail or webhook.
    pub channel: Channel,
    /// Its domain or host.
    pub at: Option<String>,
    /// The contacts that are reached by it.
    pub contacts: Vec<Slug>,
    /// Whether messages go there.
    pub state: EndpointState,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// When the mailbox was said not to exist.
    pub bounced_at: Option<Timestamp>,
    /// When it was disabled.
    pub disabled_at: Option<Timestamp>,
    /// Why, in words.
    pub disabled_because: Option<String>,
}

/// Addresses that something is wrong with, a page of them.
pub async fn list(
    operations: &Operations,
    caller: &Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Troubled>, AppError> {
    everywhere(caller, Action::ReadMetrics)?;
    let wrong = |_| AppError::field("cursor", "must be next_cursor of the page before, unchanged");
    let after: Option<EndpointId> = cursor.map(|cursor| cursor.parse()).transpose().map_err(wrong)?;
    let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
    let read = move |conn: &mut Conn| {
        let found = delivery::troubled(conn, after, wanted)?;
        let (found, next_cursor) = cut(found, limit, |last| last.id.to_string());
        let ids: Vec<EndpointId> = found.iter().map(|endpoint| endpoint.id).collect();
        let mut contacts = directory::contacts_at(conn, &ids)?;
        let items = found.into_iter().map(|one| troubled(contacts.remove(&one.id).unwrap_or_default(), one));
        Ok(Page { items: items.collect(), next_cursor })
    };
    operations.desk().db.read(read).await
}

fn troubled(contacts: Vec<Slug>, endpoint: Endpoint) -> Troubled {
    Troubled {
        id: endpoint.id,
        channel: endpoint.channel,
        at: domain(&endpoint.address),
        contacts,
        state: endpoint.state,
        failing_since: endpoint.failing_since,
        bounced_at: endpoint.bounced_at,
        disabled_at: endpoint.disabled_at,
        disabled_because: endpoint.disabled_because,
    }
}

/// Lets messages go to an address again, and forgets its failures and that it bounced. One with which nothing is wrong
/// stays as it is.
pub async fn enable(operations: &Operations, caller: &Caller, id: EndpointId) -> Result<Troubled, AppError> {
    everywhere(caller, Action::Operate)?;
    let (actor, now) = (caller.actor.clone(), operations.desk().clock.now());
    let enable = move |tx: &mut Tx| {
        let before = delivery::endpoints(tx, &[id])?.remove(&id).ok_or(AppError::NotFound)?;
        delivery::enable_endpoint(tx, id, now)?;
        delivery::clear_bounce(tx, id, now)?;
        // Who is passed over by routing because of it counts again.
        tx.signal(Topic::Directory);
        let after = delivery::endpoints(tx, &[id])?.remove(&id).ok_or(AppError::NotFound)?;
        let contacts = directory::contacts_at(tx, &[id])?.remove(&id).unwrap_or_default();
        let (before, after) = (troubled(contacts.clone(), before), troubled(contacts, after));
        if before != after {
            let trail = Trail::changed(&before, &after);
            audit::record(tx, &actor, AuditAction::EndpointEnabled, (ObjectKind::Endpoint, &id), trail, now)?;
        }
        Ok(after)
    };
    operations.desk().db.write(enable).await
}
