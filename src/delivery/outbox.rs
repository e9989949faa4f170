//! The outbox: finished messages waiting to go out, and what became of them.
//!
//! Invariant: a row holds all that sending needs except the webhook's present address and secret, so the record
//! shows exactly what was said; its content never changes. Content that holds data of the reporter is sealed
//! under the ticket's key and goes when that key goes. Not here: when a message is due again (`retry.rs`) and
//! who is told about failures (`event.rs`).

use serde::{Deserialize, Serialize};

use super::adapter::Finished;
use super::store;
use crate::clock::Timestamp;
use crate::db::{Conn, Topic, Tx};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId, SealKeyId};
use crate::keys::EmailAddress;
use crate::seal::{DataKey, Sealer};

/// The longest body of a webhook, in bytes (fixed point of the interface: under 20 KB).
pub(super) const LONGEST_BODY: usize = 20_000;

crate::text_enum! {
    /// The way a message goes.
    #[schema(as = DeliveryChannel)]
    pub enum Channel {
        /// By SMTP.
        Email = "email",
        /// By an HTTP POST of Standard Webhooks 1.0.
        Webhook = "webhook",
    }
}

crate::text_enum! {
    /// Why a message goes out; what may be cancelled is chosen by it.
    #[schema(as = DeliveryPurpose)]
    pub enum Purpose {
        /// The first message of an escalation's step.
        Created = "created",
        /// A reminder.
        Reminded = "reminded",
        /// The answer to a question of the 2nd level.
        Replied = "replied",
        /// Word that nothing is expected any more.
        Cancelled = "cancelled",
        /// A notice to people of our own side.
        Notice = "notice",
        /// An answer or question to the reporter.
        Reply = "reply",
        /// A link or a notice to a person about their own account.
        Account = "account",
        /// A question to a contact whether what is recorded of it is right, or word of that.
        Contact = "contact",
        /// A barrier that somebody reported, to whoever the operator named; deleted once it has left.
        Barrier = "barrier",
    }
}

crate::text_enum! {
    /// Where a message stands.
    pub enum DeliveryStatus {
        /// Waiting for its next attempt, or being sent right now.
        Pending = "pending",
        /// Accepted by the other side's server; says nothing about a person having read it.
        Sent = "sent",
        /// Given up; can be replayed.
        Exhausted = "exhausted",
        /// No longer wanted before it went.
        Cancelled = "cancelled",
    }
}

crate::text_enum! {
    /// How one attempt ended.
    pub enum AttemptOutcome {
        /// Accepted.
        Sent = "sent",
        /// Not accepted this time; tried again while the schedule lasts.
        Failed = "failed",
        /// Refused for good.
        Refused = "refused",
        /// Not tried, because it could not succeed: the endpoint is disabled or the content is gone.
        Skipped = "skipped",
    }
}

/// A finished mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The one recipient.
    pub to: EmailAddress,
    /// Their name, for the header.
    pub to_name: Option<String>,
    /// Where a reply goes; a bare address.
    pub reply_to: Option<String>,
    /// Holds nothing of the citizen.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, with the same content.
    pub html: String,
}

/// What is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// By mail.
    Mail(Mail),
    /// By webhook.
    Webhook {
        /// Finished JSON text, at most 20,000 bytes.
        body: String,
        /// In whose words it is, where another ticket system is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<Finished>,
    },
}

impl Content {
    /// The way this content goes.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Mail(_) => Channel::Email,
            Self::Webhook { .. } => Channel::Webhook,
        }
    }
}

/// A message to put into the outbox.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The escalation, ticket or person it is about, as a bare id.
    pub about: RowId,
    /// Why it goes out.
    pub purpose: Purpose,
    /// The same message always has the same key, so that repeats are harmless.
    pub dedupe: String,
    /// The address it goes to, where that is known to us for longer; a webhook always has one.
    pub endpoint: Option<EndpointId>,
    /// What lists show: a mail address, a URL, or `reporter` where the content is sealed.
    pub recipient: String,
    /// The finished message.
    pub content: Content,
}

/// A message and its way so far, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Its id: also the mail's `Message-ID` and the webhook's `webhook-id`.
    pub id: DeliveryId,
    /// The escalation, ticket or person it is about.
    pub about: RowId,
    /// Why it goes out.
    pub purpose: Purpose,
    /// The way it goes.
    pub channel: Channel,
    /// Whom it goes to, as far as lists may show it.
    pub recipient: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Every attempt so far, earliest first.
    pub attempts: Vec<Attempt>,
    /// When it is tried next; nothing once it has ended.
    pub next_attempt_at: Option<Timestamp>,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
}

/// One attempt of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The same in words, such as `answered 503 Service Unavailable`.
    pub detail: String,
}

/// How much waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QueueState {
    /// Not yet ended.
    pub pending: i64,
    /// Of these, what should be on its way now.
    pub due: i64,
    /// Given up and not replayed.
    pub exhausted: i64,
    /// Since when the longest waiting due message is due.
    pub oldest_due_since: Option<Timestamp>,
}

/// Puts a message into the outbox as part of the caller's write, due at once. `false` when one of the same
/// `dedupe` key is there already; then nothing changes. With a key the content is sealed under it.
pub fn enqueue(
    tx: &mut Tx,
    id: DeliveryId,
    outgoing: &Outgoing,
    sealed_under: Option<(SealKeyId, &DataKey)>,
    now: Timestamp,
) -> Result<bool, AppError> {
    if let Content::Webhook { body, .. } = &outgoing.content {
        if body.len() > LONGEST_BODY {
            return Err(AppError::Internal(format!("a webhook body of {} bytes is too long", body.len())));
        }
        if outgoing.endpoint.is_none() {
            return Err(AppError::internal("a webhook needs an endpoint"));
        }
    }
    let plain = serde_json::to_vec(&outgoing.content).map_err(AppError::internal)?;
    let content = match sealed_under {
        Some((_, key)) => key.seal(&plain, &context(id)),
        None => plain,
    };
    let inserted = store::outbox::insert(tx, id, outgoing, &content, sealed_under.map(|(key, _)| key), now)?;
    if inserted {
        tx.signal(Topic::Delivery);
    }
    Ok(inserted)
}

/// Reads back what [`enqueue`] stored. `key` is the one it was sealed under, if any.
pub(super) fn open_content(id: DeliveryId, stored: &[u8], key: Option<&DataKey>) -> Result<Content, AppError> {
    let plain = match key {
        Some(key) => &key.open(stored, &context(id))?,
        None => stored,
    };
    serde_json::from_slice(plain).map_err(AppError::internal)
}

pub(super) fn context(id: DeliveryId) -> String {
    format!("outbox {id}")
}

/// Takes back the pending messages about something that have one of these purposes; answers how many. One that
/// is being sent at this moment may still arrive; if it does, the record says so.
pub fn cancel_pending(tx: &mut Tx, about: RowId, purposes: &[Purpose]) -> Result<usize, AppError> {
    store::outbox::cancel(tx, about, purposes)
}

/// Every message about something, earliest first.
pub fn deliveries_of(conn: &mut Conn, about: RowId) -> Result<Vec<Delivery>, AppError> {
    store::outbox::about(conn, about)
}

/// One message.
pub fn delivery(conn: &mut Conn, id: DeliveryId) -> Result<Option<Delivery>, AppError> {
    store::outbox::find(conn, id)
}

/// What a message says; nothing where it, or the key of what it says, was deleted. It may hold signed links: who sees it
/// could speak for whom it went to.
pub fn said_in(conn: &mut Conn, sealer: &Sealer, id: DeliveryId) -> Result<Option<Content>, AppError> {
    let Some((stored, sealed_under)) = store::outbox::content(conn, id)? else { return Ok(None) };
    let Some(sealed_under) = sealed_under else { return open_content(id, &stored, None).map(Some) };
    let Some(key) = sealer.key(conn, sealed_under)? else { return Ok(None) };
    open_content(id, &stored, Some(&key)).map(Some)
}

/// Messages that were given up, earliest first, from the one after `after`.
pub fn exhausted(conn: &mut Conn, after: Option<DeliveryId>, limit: i64) -> Result<Vec<Delivery>, AppError> {
    store::outbox::exhausted(conn, after, limit)
}

/// How many attempts ended how since `since`; of the latest 10,000.
pub fn attempts_since(conn: &mut Conn, since: Timestamp) -> Result<Vec<(AttemptOutcome, i64)>, AppError> {
    store::outbox::attempts_since(conn, since)
}

/// Sends an exhausted message again: the same id, the schedule from its beginning. A message in another state,
/// or one whose endpoint is disabled, is a `Conflict` that says so.
pub fn replay(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<Delivery, AppError> {
    let found = store::outbox::find(tx, id)?.ok_or(AppError::NotFound)?;
    if store::outbox::is_endpoint_disabled(tx, id)? {
        let hint = "its endpoint is disabled; enable the endpoint or give it another address first";
        return Err(AppError::Conflict(hint.into()));
    }
    if !store::outbox::replay(tx, id, now)? {
        let status = found.status;
        return Err(AppError::Conflict(format!("only an exhausted delivery can be replayed; this one is {status}")));
    }
    tx.signal(Topic::Delivery);
    store::outbox::find(tx, id)?.ok_or(AppError::NotFound)
}

/// Puts an exhausted message aside that nobody needs any more; false where it is not exhausted.
pub fn put_aside(tx: &mut Tx, id: DeliveryId) -> Result<bool, AppError> {
    store::outbox::put_aside(tx, id)
}

/// Tries a message at once that waits for its next attempt: the same id, and its schedule goes on from there.
/// `Conflict` where it does not wait.
pub fn hasten(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<Delivery, AppError> {
    let found = store::outbox::find(tx, id)?.ok_or(AppError::NotFound)?;
    if !store::outbox::hasten(tx, id, now)? {
        let status = found.status;
        return Err(AppError::Conflict(format!("the delivery is {status} and does not wait for its next attempt")));
    }
    tx.signal(Topic::Delivery);
    store::outbox::find(tx, id)?.ok_or(AppError::NotFound)
}

/// Removes every message about something, with its attempts and events; answers how many messages.
pub fn purge(tx: &mut Tx, about: RowId) -> Result<usize, AppError> {
    store::event::purge(tx, about)?;
    store::outbox::purge(tx, about)
}

/// The same for one message.
pub fn purge_one(tx: &mut Tx, id: DeliveryId) -> Result<usize, AppError> {
    store::event::purge_of(tx, id)?;
    store::outbox::purge_one(tx, id)
}

/// Removes what [`purge`] does, but spares those of one purpose; for what tells of others as well.
pub fn purge_except(tx: &mut Tx, about: RowId, spared: Purpose) -> Result<usize, AppError> {
    store::event::purge(tx, about)?;
    store::outbox::purge_except(tx, about, spared)
}

/// Changes mails put in at these times where what they say must be deleted; `change` answers whether it changed one.
/// The one exception to the rule that content never changes; sealed mails go with their key instead.
pub fn rewrite_mails(
    tx: &mut Tx,
    purpose: Purpose,
    at: &[Timestamp],
    change: &dyn Fn(&mut Mail) -> bool,
) -> Result<(), AppError> {
    for (id, stored) in store::outbox::unsealed(tx, purpose, at)? {
        if let Content::Mail(mut mail) = open_content(id, &stored, None)?
            && change(&mut mail)
        {
            let plain = serde_json::to_vec(&Content::Mail(mail)).map_err(AppError::internal)?;
            store::outbox::replace_content(tx, id, &plain)?;
        }
    }
    Ok(())
}

/// What waits, for metrics and checks.
pub fn queue_state(conn: &mut Conn, now: Timestamp) -> Result<QueueState, AppError> {
    store::outbox::queue_state(conn, now)
}
