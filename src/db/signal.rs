//! Wakes the loops of this process right after a commit, so that nothing here waits for a poll.
//!
//! Invariant: a signal is only a hint. Every loop also polls, because another process cannot signal this one.

use std::sync::Arc;

use tokio::sync::Notify;

/// What a committed write may concern.
#[derive(Debug, Clone, Copy)]
pub enum Topic {
    /// There are messages to deliver.
    Delivery,
    /// An escalation, notice or delivery event may need the next step.
    Sweep,
    /// The directory changed.
    Directory,
    /// Tokens or people changed.
    Access,
    /// The directory changed, so that a contact may be to be asked.
    Contacts,
    /// There are entries that are not in the chain of the audit log yet.
    Audit,
    /// Something happened to a ticket.
    Tickets,
}

/// The set of topics one transaction touched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Topics(u8);

impl Topics {
    pub(super) fn add(&mut self, topic: Topic) {
        self.0 |= 1 << topic as u8;
    }

    pub(super) fn join(&mut self, other: Topics) {
        self.0 |= other.0;
    }
}

/// One waiting place a topic.
#[derive(Debug, Clone, Default)]
pub struct Signals(Arc<[Notify; 7]>);

impl Signals {
    /// Completes at the next commit that concerns the topic, or at once if one came since the last wait.
    /// One waiter a topic and process; a second would share its permits.
    pub async fn wait(&self, topic: Topic) {
        self.0[topic as usize].notified().await;
    }

    pub(super) fn fire(&self, topics: Topics) {
        for (index, waiter) in self.0.iter().enumerate() {
            if topics.0 & (1 << index) != 0 {
                waiter.notify_one();
            }
        }
    }
}
