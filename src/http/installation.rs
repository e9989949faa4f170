//! The figures of the installation as a whole, as `operations/` sees it: queue, addresses, mail, loops, database.
//!
//! Invariant: every figure is there from the first reading on, also where it is 0, so that an alert can tell 0 from
//! nothing; `config/monitoring/` names only what is here or in `metrics.rs` (a test holds them against each other).

use std::collections::BTreeSet;

use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};

use crate::clock::Timestamp;
use crate::operations::Overview;

/// The figures.
pub struct Installation {
    pending: IntGauge,
    due: IntGauge,
    exhausted: IntGauge,
    oldest_due: IntGauge,
    attempts: IntGaugeVec,
    endpoints: IntGaugeVec,
    unconfirmed: IntGauge,
    stale: IntGauge,
    inbound_waiting: IntGauge,
    mailbox_failing: IntGaugeVec,
    mailbox_read: IntGaugeVec,
    mail_failing: IntGauge,
    mail_success: IntGauge,
    instances: IntGauge,
    delivering: IntGauge,
    loop_quiet: IntGaugeVec,
    concerns: IntGaugeVec,
    migrations: IntGauge,
    database_size: IntGauge,
    writes_waiting: IntGauge,
    connections: IntGaugeVec,
    key_age: IntGauge,
}

impl Installation {
    /// Fails only when two figures have one name.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, about: &str| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::new(name, about)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let by = |label: &str, name: &str, about: &str| -> prometheus::Result<IntGaugeVec> {
            let gauge = IntGaugeVec::new(Opts::new(name, about), &[label])?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        Ok(Self {
            pending: gauge("lotse_deliveries_pending", "Messages that have not ended.")?,
            due: gauge("lotse_deliveries_due", "Messages that should be on their way now.")?,
            exhausted: gauge("lotse_deliveries_exhausted", "Messages that were given up and not replayed.")?,
            oldest_due: gauge("lotse_deliveries_oldest_due_seconds", "How long the oldest due message has waited.")?,
            attempts: by(
                "outcome",
                "lotse_delivery_attempts_last_hour",
                "How the attempts of the last hour ended; of the latest 10,000.",
            )?,
            endpoints: by("state", "lotse_endpoints", "Addresses that are disabled, failing, or bounced.")?,
            unconfirmed: gauge("lotse_contacts_unconfirmed", "Contacts that were never confirmed.")?,
            stale: gauge("lotse_contacts_stale", "Contacts that were confirmed too long ago.")?,
            inbound_waiting: gauge("lotse_inbound_waiting", "Mails that wait for a person's decision.")?,
            mailbox_failing: by(
                "mailbox",
                "lotse_mailbox_failing_seconds",
                "How long a mailbox could not be read; 0 while it can.",
            )?,
            mailbox_read: by("mailbox", "lotse_mailbox_read_seconds", "How long ago a mailbox was last read.")?,
            mail_failing: gauge("lotse_mail_failing_seconds", "How long no mail has left; 0 while it does.")?,
            mail_success: gauge("lotse_mail_last_success_seconds", "How long ago a mail was last accepted; 0: never.")?,
            instances: gauge("lotse_instances", "Processes that work on this database.")?,
            delivering: gauge("lotse_instances_delivering", "Of these, those that send and keep deadlines.")?,
            loop_quiet: by(
                "loop",
                "lotse_loop_quiet_seconds",
                "How long ago the last round of a loop succeeded, of the instance where that is longest.",
            )?,
            concerns: by("urgency", "lotse_concerns", "Things that need somebody, as the page /betrieb lists them.")?,
            migrations: gauge("lotse_database_migrations_missing", "Migrations that the database lacks.")?,
            database_size: gauge("lotse_database_size_bytes", "What the database takes on the disk.")?,
            writes_waiting: gauge("lotse_database_writes_waiting", "Writes that wait for the one writer (SQLite).")?,
            connections: by("state", "lotse_database_connections", "Connections of this process, free and in use.")?,
            key_age: gauge("lotse_master_key_age_seconds", "How long the present master key has been in use.")?,
        })
    }

    /// As it stands now.
    pub fn set(&self, overview: &Overview) {
        let now = overview.at;
        let ago = |at: Option<Timestamp>| at.map_or(0, |at| now.since(at).num_seconds().max(0));
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.pending.set(overview.queue.pending);
        self.due.set(overview.queue.due);
        self.exhausted.set(overview.queue.exhausted);
        self.oldest_due.set(ago(overview.queue.oldest_due_since));
        for (outcome, number) in &overview.attempts_last_hour {
            self.attempts.with_label_values(&[outcome]).set(*number);
        }
        let endpoints = &overview.endpoints;
        let states = [("disabled", endpoints.disabled), ("failing", endpoints.failing), ("bounced", endpoints.bounced)];
        for (state, number) in states {
            self.endpoints.with_label_values(&[state]).set(number);
        }
        self.unconfirmed.set(overview.contacts.unconfirmed);
        self.stale.set(overview.contacts.stale);
        self.inbound_waiting.set(overview.inbound_waiting);
        for mailbox in &overview.mailboxes {
            self.mailbox_failing.with_label_values(&[&mailbox.name]).set(ago(mailbox.failing_since));
            self.mailbox_read.with_label_values(&[&mailbox.name]).set(ago(mailbox.last_read_at));
        }
        self.mail_failing.set(ago(overview.mail.failing_since));
        self.mail_success.set(ago(overview.mail.last_success));
        let there = || overview.instances.iter().filter(|one| one.is_there);
        self.instances.set(count(there().count()));
        self.delivering.set(count(there().filter(|one| one.delivers).count()));
        let loops: BTreeSet<&str> = there().flat_map(|one| &one.loops).map(|part| part.name.as_str()).collect();
        for name in loops {
            let rounds = there().flat_map(|one| &one.loops).filter(|part| part.name == name);
            let oldest = rounds.map(|part| part.last_run_at).min();
            self.loop_quiet.with_label_values(&[name]).set(ago(oldest));
        }
        for urgency in crate::operations::concern::Urgency::ALL {
            let number = overview.concerns.iter().filter(|concern| concern.urgency == *urgency).count();
            self.concerns.with_label_values(&[urgency.as_str()]).set(count(number));
        }
        let database = &overview.database;
        self.migrations.set(count(database.migrations_missing));
        self.database_size.set(database.size_bytes);
        self.writes_waiting.set(count(database.writes_waiting.unwrap_or_default()));
        let free = i64::from(database.connections_free);
        self.connections.with_label_values(&["free"]).set(free);
        self.connections.with_label_values(&["used"]).set(i64::from(database.connections) - free);
        self.key_age.set(ago(Some(overview.keys.since)));
    }
}
