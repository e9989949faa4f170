//! How anything leaves the building: an outbox of finished messages, and a worker that carries them out by mail
//! and webhook until each has arrived, was refused for good, or has used up its schedule.
//!
//! Invariant: a message is stored in the transaction that decided on it ([`enqueue`]); it is sent only after a
//! lease on it was committed, and never while a transaction is open; what came of it is recorded only while the
//! lease is still ours. So a message goes out at least once, and again only with the same id and body. What
//! others have to act on is recorded as a [`DeliveryEvent`]; nothing is called back, and no ticket is known here.
//!
//! Where next: `outbox.rs` (messages in and their state), `endpoint.rs` (addresses and their health), `event.rs`
//! (what delivery learned), `worker.rs` (lease, commit, send, record), `record.rs` (what an outcome changes),
//! `retry.rs` (when to try again), `email.rs` and `webhook.rs` (the two ways out), `bounce.rs` (mail that came back),
//! `address.rs` (where a webhook may point), `adapter/` (messages in the words of other ticket systems).

pub mod adapter;
mod address;
mod bounce;
pub mod chronicle;
mod email;
mod endpoint;
mod event;
mod flight;
mod folder;
mod outbox;
mod outcome;
mod record;
mod retry;
mod room;
mod smtp_reply;
mod store;
mod webhook;
mod wire;
mod worker;

pub use address::{WebhookPolicy, check_secret, check_webhook_url};
pub use bounce::{ReturnPath, came_back};
pub use email::{MailSettings, Mailer, Transport};
pub use endpoint::{
    DEFAULT_OVERLAP, Endpoint, EndpointState, Troubles, change_webhook, clear_bounce, enable_endpoint, endpoints,
    mail_endpoint, mail_endpoints, set_adapter, troubled, troubles, webhook_endpoint,
};
pub use event::{DeliveryEvent, EventKind, handled, open_events};
pub use outbox::{
    Attempt, AttemptOutcome, Channel, Content, Delivery, DeliveryStatus, Mail, Outgoing, Purpose, QueueState,
    attempts_since, cancel_pending, deliveries_of, delivery, enqueue, exhausted, hasten, purge, purge_except,
    purge_one, put_aside, queue_state, replay, rewrite_mails, said_in,
};
pub use retry::Schedule;
pub use webhook::{WebhookSettings, Webhooks};
pub use worker::{Worker, WorkerSettings};
