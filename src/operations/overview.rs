//! All that those who run the installation want to know, at once.
//!
//! Invariant: a part that cannot be read is a fault of the whole: half a picture would look like a good one.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

use super::concern::{self, Concern};
use super::instance::{self, Instance};
use super::{Operations, everywhere};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::{DatabaseStanding, Way};
use crate::delivery::{self, AttemptOutcome, QueueState, Troubles};
use crate::error::AppError;
use crate::inbound::browse::{self, MailboxStanding};
use crate::seal::KeyStanding;

/// Which Lotse this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Build {
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from, where whoever built it said so (`LOTSE_COMMIT`).
    pub commit: Option<&'static str>,
    /// `release`, or `debug` while developing.
    pub profile: &'static str,
    /// For which system.
    pub system: &'static str,
}

/// How many contacts are not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ContactCounts {
    /// Never confirmed.
    pub unconfirmed: i64,
    /// Confirmed too long ago.
    pub stale: i64,
}

/// How a mailbox fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = MailboxStanding)]
pub struct Mailbox {
    /// What the settings call it.
    pub name: String,
    /// When it was last read.
    pub last_read_at: Option<Timestamp>,
    /// Since when it cannot be.
    pub failing_since: Option<Timestamp>,
    /// Why, in the words of the server or connection.
    pub fault: Option<String>,
}

/// How everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Overview {
    /// When this was read.
    pub at: Timestamp,
    /// What needs somebody, the most urgent first; each kind is a section of the runbook in docs/operations.md.
    pub concerns: Vec<Concern>,
    /// Which Lotse this is.
    pub build: Build,
    /// What waits to leave.
    pub queue: QueueState,
    /// How the attempts of the last hour ended; of the latest 10,000.
    pub attempts_last_hour: BTreeMap<String, i64>,
    /// Addresses that something is wrong with.
    pub endpoints: Troubles,
    /// Contacts that are not confirmed.
    pub contacts: ContactCounts,
    /// The database.
    pub database: DatabaseStanding,
    /// The way out by mail, over all instances.
    pub mail: Way,
    /// The way out by webhook, over all instances.
    pub webhooks: Way,
    /// The mailboxes that are read.
    pub mailboxes: Vec<Mailbox>,
    /// Mails that wait for a person's decision.
    pub inbound_waiting: i64,
    /// Which processes work on this database, and their loops.
    pub instances: Vec<Instance>,
    /// The master key.
    pub keys: KeyStanding,
    /// Pages that the operator has to fill in and has not.
    pub pages_missing: Vec<&'static str>,
}

/// This build.
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("LOTSE_COMMIT").filter(|commit| !commit.is_empty()),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" },
        system: std::env::consts::OS,
    }
}

/// How everything stands, for whoever may see it.
pub async fn overview(operations: &Operations, caller: &Caller) -> Result<Overview, AppError> {
    everywhere(caller, Action::ReadMetrics)?;
    read(operations).await
}

/// The same for the figures, which have a door of their own.
pub async fn read(operations: &Operations) -> Result<Overview, AppError> {
    let desk = operations.desk();
    let (db, now) = (&desk.db, desk.clock.now());
    let instances = instance::all(operations, now).await?;
    let database = db.standing().await?;
    let keys = desk.sealer.standing(db, now).await?;
    let (unconfirmed, stale) = operations.0.confirmations.counts().await?;
    let deliveries = move |conn: &mut crate::db::Conn| {
        let lately = delivery::attempts_since(conn, now.minus(TimeDelta::hours(1)))?;
        Ok((delivery::queue_state(conn, now)?, delivery::troubles(conn)?, lately, browse::standing(conn)?))
    };
    let (queue, endpoints, lately, inbound) = db.read(deliveries).await?;
    let mailbox = |MailboxStanding { name, read_at, failing_since, fault, .. }: MailboxStanding| Mailbox {
        name,
        last_read_at: read_at,
        failing_since,
        fault,
    };
    let mut overview = Overview {
        at: now,
        concerns: Vec::new(),
        build: build(),
        queue,
        attempts_last_hour: lately.into_iter().map(|(outcome, count)| (outcome.to_string(), count)).collect(),
        endpoints,
        contacts: ContactCounts { unconfirmed, stale },
        database,
        mail: together(&instances, "email"),
        webhooks: together(&instances, "webhook"),
        mailboxes: inbound.mailboxes.into_iter().map(mailbox).collect(),
        inbound_waiting: inbound.waiting,
        instances,
        keys,
        pages_missing: operations.0.settings.pages_missing.clone(),
    };
    for outcome in AttemptOutcome::ALL {
        overview.attempts_last_hour.entry(outcome.to_string()).or_default();
    }
    overview.concerns = concern::concerns(&overview);
    Ok(overview)
}

/// How a way fares that several instances use: it fails where it has not gone through since.
fn together(instances: &[Instance], name: &str) -> Way {
    let ways = || instances.iter().filter_map(|one| one.ways.get(name));
    let last_success = ways().filter_map(|way| way.last_success).max();
    Way {
        last_success,
        last_failure: ways().filter_map(|way| way.last_failure).max(),
        failing_since: ways()
            .filter_map(|way| way.failing_since)
            .filter(|since| last_success.is_none_or(|success| success < *since))
            .min(),
    }
}

/// One where all is well, for tests of what is not.
#[cfg(test)]
pub(super) fn sample() -> Overview {
    use super::instance::LoopStanding;
    let at = Timestamp::new("2026-11-28T10:00:00Z".parse().unwrap_or_default());
    let ago = at.minus(TimeDelta::seconds(2));
    Overview {
        at,
        concerns: Vec::new(),
        build: build(),
        queue: QueueState { pending: 2, due: 1, exhausted: 0, oldest_due_since: Some(ago) },
        attempts_last_hour: BTreeMap::new(),
        endpoints: Troubles::default(),
        contacts: ContactCounts { unconfirmed: 0, stale: 0 },
        database: DatabaseStanding {
            kind: "sqlite",
            version: "3.53.0".into(),
            migration: "20261128200000".into(),
            migrations_missing: 0,
            size_bytes: 4096,
            writes_waiting: Some(1),
            connections: 2,
            connections_free: 1,
        },
        mail: Way::default(),
        webhooks: Way::default(),
        mailboxes: vec![Mailbox {
            name: "antworten".into(),
            last_read_at: Some(ago),
            failing_since: None,
            fault: None,
        }],
        inbound_waiting: 0,
        instances: vec![Instance {
            name: "lotse-1".into(),
            version: "0.1.0".into(),
            started_at: ago,
            seen_at: ago,
            is_there: true,
            delivers: true,
            loops: vec![LoopStanding { name: "sweep".into(), last_run_at: ago, comes_round: true }],
            ways: BTreeMap::new(),
        }],
        keys: KeyStanding { master: "0a1b2c3d".into(), since: ago, former: 0 },
        pages_missing: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_well_where_one_instance_gets_through() {
        let base = sample();
        let at = |minutes| base.at.minus(TimeDelta::minutes(minutes));
        let with = |success: Option<i64>, failing: Option<i64>| {
            let way =
                Way { last_success: success.map(at), last_failure: failing.map(at), failing_since: failing.map(at) };
            Instance { ways: [("email".to_owned(), way)].into(), ..base.instances[0].clone() }
        };
        let failing = |all: &[Instance]| together(all, "email").failing_since;
        assert_eq!(failing(&[with(Some(9), Some(5))]), Some(at(5)));
        assert_eq!(failing(&[with(Some(9), Some(5)), with(Some(1), None)]), None);
        assert_eq!(failing(&[with(None, Some(7)), with(None, Some(5))]), Some(at(7)));
        assert_eq!(together(&[], "email"), Way::default());
    }
}
