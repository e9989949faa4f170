//! What was given up: why, and sending it again or by the other way.
//!
//! Invariant: a recipient shows as the domain of an address, and the reporter as nobody. Each message is its own write, so
//! that one that cannot be sent again does not hold up the others; each is on record, in the history of its request or,
//! where there is none, in the audit log. What asks for something that is done by now is put aside instead.

use serde::Serialize;

use super::{Operations, everywhere};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::{self, Channel, Delivery, Purpose};
use crate::error::AppError;
use crate::escalation::{EscalationStatus, browse, other_way};
use crate::ids::DeliveryId;
use crate::tickets::browse::{Page, cut};
use crate::tickets::{Event, record};

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Undelivered {
    /// Its id, to send it again by.
    pub id: DeliveryId,
    /// Why it went out.
    pub purpose: Purpose,
    /// The way it went.
    pub channel: Channel,
    /// The domain or host it went to; nothing where it was for the person who asked.
    pub to: Option<String>,
    /// The request it is about, where it is about one.
    pub ticket: Option<String>,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
    /// How many attempts there were.
    pub attempts: usize,
    /// When the last one ended.
    pub last_attempt_at: Option<Timestamp>,
    /// Why the last one failed, without addresses.
    pub reason: String,
    /// Whether it can go by the other way: the first message of a step that is still open.
    pub has_other_way: bool,
    /// How its escalation ended, where nobody is to be asked any more: it is not sent again, but put aside.
    pub settled: Option<EscalationStatus>,
}

/// How it went with several messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Resent {
    /// Those that are on their way again.
    pub sent: Vec<DeliveryId>,
    /// Those that were put aside instead, because nobody is to be asked any more, and why.
    pub put_aside: Vec<Refused>,
    /// Those that are not on their way, and why.
    pub refused: Vec<Refused>,
}

/// One that could not be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Refused {
    /// Which.
    pub delivery: DeliveryId,
    /// Why.
    pub reason: String,
}

crate::text_enum! {
    /// How something is sent again.
    pub enum Again {
        /// The same message to the same address.
        Replay = "replay",
        /// The same question by the contact's other way.
        OtherWay = "other_way",
    }
}

/// What was given up, earliest first.
pub async fn list(
    operations: &Operations,
    caller: &Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Undelivered>, AppError> {
    everywhere(caller, Action::ReadMetrics)?;
    let wrong = |_| AppError::field("cursor", "must be next_cursor of the page before, unchanged");
    let after: Option<DeliveryId> = cursor.map(|cursor| cursor.parse()).transpose().map_err(wrong)?;
    let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
    let read = move |conn: &mut Conn| {
        let found = delivery::exhausted(conn, after, wanted)?;
        let (found, next_cursor) = cut(found, limit, |last| last.id.to_string());
        let items = found.into_iter().map(|one| undelivered(conn, one)).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    };
    operations.desk().db.read(read).await
}

fn undelivered(conn: &mut Conn, found: Delivery) -> Result<Undelivered, AppError> {
    let ticket = browse::ticket_of(conn, &found)?;
    let last = found.attempts.last();
    let settled = browse::settled(conn, &found)?;
    Ok(Undelivered {
        to: place(&found),
        ticket: ticket.map(|ticket| ticket.number.to_string()),
        attempts: found.attempts.len(),
        last_attempt_at: last.map(|last| last.at),
        reason: last.map(|last| last.detail.clone()).unwrap_or_default(),
        has_other_way: found.purpose == Purpose::Created && settled.is_none(),
        settled,
        id: found.id,
        purpose: found.purpose,
        channel: found.channel,
        created_at: found.created_at,
    })
}

/// Where a message went, without whom.
fn place(found: &Delivery) -> Option<String> {
    if matches!(found.purpose, Purpose::Reply) {
        return None;
    }
    domain(&found.recipient)
}

/// The domain of an address or the host of a URL.
pub(super) fn domain(address: &str) -> Option<String> {
    match address.rsplit_once('@') {
        Some((_, domain)) if !address.contains("://") => Some(domain.to_owned()),
        _ => url::Url::parse(address).ok()?.host_str().map(str::to_owned),
    }
}

/// Sends messages again that were given up; each for itself.
pub async fn resend(
    operations: &Operations,
    caller: &Caller,
    how: Again,
    ids: Vec<DeliveryId>,
) -> Result<Resent, AppError> {
    everywhere(caller, Action::Operate)?;
    let mut done = Resent::default();
    for id in ids {
        let sent = match how {
            Again::Replay => replay(operations, caller, id).await,
            Again::OtherWay => other_way::take_for(&operations.0.escalations, caller, id).await.map(|()| None),
        };
        match sent {
            Ok(None) => done.sent.push(id),
            Ok(Some(ended)) => done.put_aside.push(Refused { delivery: id, reason: browse::no_more(ended) }),
            Err(AppError::NotFound) => {
                done.refused.push(Refused { delivery: id, reason: "there is no such message".into() })
            }
            Err(AppError::Conflict(reason)) => done.refused.push(Refused { delivery: id, reason }),
            // One that fails does not hold up the others, of which some are on their way already.
            Err(fault) => {
                tracing::warn!(delivery = %id, %fault, "a message could not be sent again");
                done.refused.push(Refused { delivery: id, reason: "that failed just now; try again".into() });
            }
        }
    }
    Ok(done)
}

/// Sends it again. Where its escalation has ended so that nobody is to be asked any more, puts it aside and answers how.
async fn replay(
    operations: &Operations,
    caller: &Caller,
    id: DeliveryId,
) -> Result<Option<EscalationStatus>, AppError> {
    let (actor, now) = (caller.actor.clone(), operations.desk().clock.now());
    let again = move |tx: &mut crate::db::Tx| {
        let known = delivery::delivery(tx, id)?.ok_or(AppError::NotFound)?;
        if let Some(ended) = browse::settled(tx, &known)?
            && delivery::put_aside(tx, id)?
        {
            let trail = Trail::after(&serde_json::json!({ "purpose": known.purpose, "put_aside": true }));
            audit::record(tx, &actor, AuditAction::DeliveryReplayed, (ObjectKind::Delivery, &id), trail, now)?;
            return Ok(Some(ended));
        }
        let found = delivery::replay(tx, id, now)?;
        match browse::ticket_of(tx, &found)? {
            Some(ticket) => record(tx, ticket.id, &actor, &Event::DeliveryReplayed { delivery: id }, now)?,
            None => {
                let trail = Trail::after(&serde_json::json!({ "purpose": found.purpose }));
                audit::record(tx, &actor, AuditAction::DeliveryReplayed, (ObjectKind::Delivery, &id), trail, now)?;
            }
        }
        Ok(None)
    };
    operations.desk().db.write(again).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_domain_is_shown() {
        for (address, shown) in [
            ("erika@kiel.example.org", Some("kiel.example.org")),
            ("https://user:pw@dataport.example.org/hook?x=y@z", Some("dataport.example.org")),
            ("reporter", None),
            ("", None),
        ] {
            assert_eq!(domain(address).as_deref(), shown, "{address}");
        }
    }
}
