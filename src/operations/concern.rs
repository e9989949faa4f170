//! What needs somebody now. Pure: from how things stand to what is to be done, so that the page, scripts and the alerts of
//! `config/monitoring/alerts.yml` agree; each kind is a section of the runbook in docs/operations.md.

use serde::Serialize;

use super::overview::Overview;
use crate::clock::Timestamp;

/// A due message should not wait longer, in seconds.
const LATE_AFTER: i64 = 600;
/// An instance that renews its row every ten seconds is gone after this long.
const SILENT_AFTER: i64 = 60;
/// A way out or a mailbox may fail so long without anybody being told.
const FAILING_AFTER: i64 = 600;
/// After so many days the master key should be changed: once a year. The figure is ours.
const KEY_DAYS: i64 = 365;
/// So many writes that wait are a jam.
const JAM: usize = 1000;

crate::text_enum! {
    /// What is wrong.
    pub enum ConcernKind {
        /// Messages were given up.
        Exhausted = "exhausted",
        /// Messages that are due do not leave.
        QueueLate = "queue_late",
        /// Addresses get nothing until somebody enables them.
        EndpointsDisabled = "endpoints_disabled",
        /// Mailboxes were said not to exist.
        Bounced = "bounced",
        /// Mail does not leave at all.
        MailFailing = "mail_failing",
        /// A mailbox cannot be read.
        MailboxFailing = "mailbox_failing",
        /// Nobody sends and keeps deadlines.
        NobodyDelivers = "nobody_delivers",
        /// A loop of an instance does not come round.
        LoopStalled = "loop_stalled",
        /// An instance is silent.
        InstanceSilent = "instance_silent",
        /// Instances of several versions work at once.
        VersionsMixed = "versions_mixed",
        /// The database lacks migrations.
        MigrationsMissing = "migrations_missing",
        /// Writes wait in a jam.
        WritesWaiting = "writes_waiting",
        /// Contacts were confirmed too long ago, or never.
        ContactsStale = "contacts_stale",
        /// Mail waits for a person's decision.
        InboundWaiting = "inbound_waiting",
        /// The master key is old.
        KeyOld = "key_old",
        /// Former master keys are still named by the settings.
        KeyFormer = "key_former",
        /// The imprint, the privacy page or the way to give feedback is missing.
        PagesMissing = "pages_missing",
    }
}

crate::text_enum! {
    /// How soon somebody should look.
    pub enum Urgency {
        /// Now: requests may stay unanswered.
        Now = "now",
        /// These days.
        Soon = "soon",
    }
}

/// One thing that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Concern {
    /// What is wrong.
    pub kind: ConcernKind,
    /// How soon somebody should look.
    pub urgency: Urgency,
    /// How many, or how many minutes, days: as the kind says.
    pub count: i64,
    /// Which, where it has a name: a mailbox, a loop, an instance, a page.
    pub which: Option<String>,
}

/// How long a loop may be silent, in seconds.
fn longest_silence(name: &str) -> i64 {
    match name {
        "mailboxes" => 1800,
        "planned changes" => 300,
        _ => 60,
    }
}

/// Whether a loop comes round.
pub fn comes_round(name: &str, seconds_ago: i64) -> bool {
    seconds_ago <= longest_silence(name)
}

/// Whether an instance is there.
pub fn is_there(seen_at: Timestamp, now: Timestamp) -> bool {
    now.since(seen_at).num_seconds() <= SILENT_AFTER
}

/// What needs somebody, the most urgent first.
pub fn concerns(overview: &Overview) -> Vec<Concern> {
    let (now, mut found) = (overview.at, Vec::new());
    let mut add = |kind, urgency, count: i64, which: Option<String>| {
        if count > 0 {
            found.push(Concern { kind, urgency, count, which });
        }
    };
    use ConcernKind::*;
    let seconds = |since: Option<Timestamp>| since.map_or(0, |since| now.since(since).num_seconds());
    let minutes = |seconds: i64, from: i64| if seconds >= from { (seconds / 60).max(1) } else { 0 };
    let there: Vec<_> = overview.instances.iter().filter(|one| one.is_there).collect();
    add(NobodyDelivers, Urgency::Now, i64::from(!there.iter().any(|one| one.delivers)), None);
    for one in &overview.instances {
        add(
            InstanceSilent,
            Urgency::Now,
            minutes(i64::from(!one.is_there) * seconds(Some(one.seen_at)), 1),
            Some(one.name.clone()),
        );
        for stalled in one.loops.iter().filter(|part| one.is_there && !part.comes_round) {
            let ago = minutes(seconds(Some(stalled.last_run_at)), 1);
            add(LoopStalled, Urgency::Now, ago, Some(format!("{} · {}", one.name, stalled.name)));
        }
    }
    add(MailFailing, Urgency::Now, minutes(seconds(overview.mail.failing_since), FAILING_AFTER), None);
    add(QueueLate, Urgency::Now, minutes(seconds(overview.queue.oldest_due_since), LATE_AFTER), None);
    add(Exhausted, Urgency::Now, overview.queue.exhausted, None);
    for mailbox in &overview.mailboxes {
        let failing = minutes(seconds(mailbox.failing_since), FAILING_AFTER);
        add(MailboxFailing, Urgency::Now, failing, Some(mailbox.name.clone()));
    }
    let database = &overview.database;
    add(MigrationsMissing, Urgency::Now, i64::try_from(database.migrations_missing).unwrap_or(i64::MAX), None);
    let waiting = database.writes_waiting.filter(|waiting| *waiting >= JAM).unwrap_or_default();
    add(WritesWaiting, Urgency::Now, i64::try_from(waiting).unwrap_or(i64::MAX), None);
    add(EndpointsDisabled, Urgency::Now, overview.endpoints.disabled, None);
    add(Bounced, Urgency::Soon, overview.endpoints.bounced, None);
    let mut versions: Vec<_> = there.iter().map(|one| one.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let several = if versions.len() > 1 { i64::try_from(versions.len()).unwrap_or(i64::MAX) } else { 0 };
    add(VersionsMixed, Urgency::Soon, several, Some(versions.join(", ")));
    add(InboundWaiting, Urgency::Soon, overview.inbound_waiting, None);
    add(ContactsStale, Urgency::Soon, overview.contacts.unconfirmed + overview.contacts.stale, None);
    let days = now.since(overview.keys.since).num_days();
    add(KeyOld, Urgency::Soon, if days >= KEY_DAYS { days } else { 0 }, None);
    add(KeyFormer, Urgency::Soon, i64::try_from(overview.keys.former).unwrap_or(i64::MAX), None);
    for page in &overview.pages_missing {
        add(PagesMissing, Urgency::Soon, 1, Some((*page).to_owned()));
    }
    found.sort_by_key(|concern| concern.urgency != Urgency::Now);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::overview::sample;

    #[track_caller]
    fn check(change: impl FnOnce(&mut Overview), expected: &[(&str, i64)]) {
        let mut overview = sample();
        change(&mut overview);
        let found = concerns(&overview);
        let found: Vec<_> = found.iter().map(|one| (one.kind.as_str(), one.count)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_well_concerns_nobody() {
        check(|_| {}, &[]);
    }

    #[test]
    fn each_fault_has_its_concern() {
        let ago = |now: Timestamp, minutes| now.minus(chrono::TimeDelta::minutes(minutes));
        check(|o| o.queue.exhausted = 3, &[("exhausted", 3)]);
        check(|o| o.queue.oldest_due_since = Some(ago(o.at, 9)), &[]);
        check(|o| o.queue.oldest_due_since = Some(ago(o.at, 12)), &[("queue_late", 12)]);
        check(|o| o.mail.failing_since = Some(ago(o.at, 30)), &[("mail_failing", 30)]);
        check(|o| o.mailboxes[0].failing_since = Some(ago(o.at, 30)), &[("mailbox_failing", 30)]);
        check(|o| o.instances[0].delivers = false, &[("nobody_delivers", 1)]);
        check(|o| o.instances.clear(), &[("nobody_delivers", 1)]);
        check(|o| o.instances[0].loops[0].comes_round = false, &[("loop_stalled", 1)]);
        check(|o| o.database.migrations_missing = 2, &[("migrations_missing", 2)]);
        check(|o| o.database.writes_waiting = Some(2000), &[("writes_waiting", 2000)]);
        check(|o| o.endpoints.disabled = 1, &[("endpoints_disabled", 1)]);
        check(|o| o.endpoints.bounced = 2, &[("bounced", 2)]);
        check(|o| o.contacts.stale = 4, &[("contacts_stale", 4)]);
        check(|o| o.inbound_waiting = 5, &[("inbound_waiting", 5)]);
        check(|o| o.keys.since = ago(o.at, 400 * 24 * 60), &[("key_old", 400)]);
        check(|o| o.keys.former = 1, &[("key_former", 1)]);
        check(|o| o.pages_missing = vec!["imprint"], &[("pages_missing", 1)]);
        let silent = |o: &mut Overview| {
            o.instances[0].is_there = false;
            o.instances[0].seen_at = ago(o.at, 5);
        };
        check(silent, &[("nobody_delivers", 1), ("instance_silent", 5)]);
        let second = |o: &mut Overview| {
            let mut other = o.instances[0].clone();
            other.version = "0.2.0".into();
            o.instances.push(other);
        };
        check(second, &[("versions_mixed", 2)]);
    }

    #[test]
    fn loops_have_their_own_patience() {
        assert!(comes_round("sweep", 60) && !comes_round("sweep", 61));
        assert!(comes_round("mailboxes", 1200) && !comes_round("mailboxes", 1801));
    }
}
