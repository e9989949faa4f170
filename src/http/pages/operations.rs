//! How the installation fares: what needs somebody, what was given up, addresses that fail, who works, database, mail, keys.
//!
//! Invariant: as `operations/`: no person, no text of a request. Whoever may only look sees no button. What is to be done
//! stands first, each with the place on this page where it is done.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;

use super::login::{Nothing, PageResult};
use super::shell::{Shell, lead_done, show};
use crate::access::Action;
use crate::clock::Timestamp;
use crate::db::Way;
use crate::http::State;
use crate::http::auth::right;
use crate::http::visitor::{Staff, StaffForm};
use crate::ids::{DeliveryId, EndpointId};
use crate::operations::concern::Urgency;
use crate::operations::licences::{self, Crate};
use crate::operations::overview::{self, Overview};
use crate::operations::troubled::{self, Troubled};
use crate::operations::undelivered::{self, Again, Undelivered};
use crate::operations::{Concern, ConcernKind};

/// The address of the page.
const HERE: &str = "/betrieb";
/// How many messages and addresses a page shows.
const AT_ONCE: usize = 25;

#[derive(Template)]
#[template(path = "operations.html")]
struct Page {
    shell: Shell,
    overview: Overview,
    concerns: Vec<Line>,
    undelivered: Vec<Given>,
    undelivered_next: Option<String>,
    troubled: Vec<Address>,
    troubled_next: Option<String>,
    ways: Vec<WayLine>,
    may_operate: bool,
    size: String,
    queue_since: Option<String>,
}

/// What needs somebody, in words.
struct Line {
    words: String,
    place: &'static str,
    is_urgent: bool,
}

/// A message that was given up, in words.
struct Given {
    id: DeliveryId,
    what: String,
    to: String,
    ticket: Option<String>,
    at: String,
    exact: String,
    reason: String,
    /// Why it is not needed any more.
    settled: Option<String>,
}

/// An address, in words.
struct Address {
    id: EndpointId,
    at: String,
    contacts: String,
    state: String,
    is_off: bool,
    why: String,
}

#[derive(Template)]
#[template(path = "operations_licences.html")]
struct Licences {
    shell: Shell,
    crates: Vec<Crate>,
}

impl Page {
    /// A time.
    fn at(&self, time: &Timestamp) -> String {
        self.shell.near(*time)
    }

    /// A time, or that there was none.
    fn time(&self, time: &Option<Timestamp>) -> String {
        time.map_or_else(|| self.shell.say("never"), |time| self.shell.near(time))
    }

    /// What an instance does over and over.
    fn part(&self, name: &str) -> String {
        loop_words(&self.shell, name)
    }

    /// A figure of the attempts of the last hour.
    fn attempts(&self, outcome: &str) -> i64 {
        self.overview.attempts_last_hour.get(outcome).copied().unwrap_or_default()
    }
}

/// How a way out fares, in words.
struct WayLine {
    name: String,
    sign: &'static str,
    words: String,
    more: String,
}

fn way(shell: &Shell, name: &str, way: &Way) -> WayLine {
    let (sign, words) = match (way.failing_since, way.last_success) {
        (Some(since), _) => ("late", shell.with("ops-way-fails", "since", shell.near(since))),
        (None, Some(_)) => ("ok", shell.say("ops-way-works")),
        (None, None) => ("none", shell.say("ops-way-unused")),
    };
    let time = |time: Option<Timestamp>| time.map_or_else(|| shell.say("never"), |time| shell.near(time));
    let success = shell.with("ops-last-success", "time", time(way.last_success));
    let failure = shell.with("ops-last-failure", "time", time(way.last_failure));
    WayLine { name: shell.say(name), sign, words, more: format!("{success} · {failure}") }
}

/// What a loop does, in words; one without words keeps its name.
fn loop_words(shell: &Shell, name: &str) -> String {
    shell.language.try_say(&format!("ops-loop-{}", name.replace(' ', "-"))).unwrap_or_else(|| name.to_owned())
}

fn line(shell: &Shell, concern: &Concern) -> Line {
    let which = concern.which.clone().unwrap_or_default();
    let which = match which.rsplit_once(" · ") {
        Some((instance, name)) if concern.kind == ConcernKind::LoopStalled => {
            format!("{instance} · {}", loop_words(shell, name))
        }
        _ => which,
    };
    let values = [("count", concern.count.to_string()), ("which", which)];
    Line {
        words: shell.language.with_all(&format!("concern-{}", concern.kind), &values),
        // Whoever may not decide about mails reads here how many wait.
        place: Some(place(concern.kind)).filter(|to| to.starts_with('#') || shell.is_offered(to)).unwrap_or("#post"),
        is_urgent: concern.urgency == Urgency::Now,
    }
}

/// Where on the page it is seen to.
fn place(kind: ConcernKind) -> &'static str {
    use ConcernKind::*;
    match kind {
        Exhausted | QueueLate => "#zustellungen",
        EndpointsDisabled | Bounced => "#adressen",
        MailFailing | MailboxFailing => "#post",
        NobodyDelivers | LoopStalled | InstanceSilent | VersionsMixed => "#instanzen",
        MigrationsMissing | WritesWaiting => "#datenbank",
        ContactsStale => "#kontakte",
        InboundWaiting => "/eingang",
        KeyOld | KeyFormer => "#schluessel",
        PagesMissing => "#seiten",
    }
}

fn given(shell: &Shell, one: Undelivered) -> Given {
    let at = one.last_attempt_at.unwrap_or(one.created_at);
    Given {
        id: one.id,
        what: shell.say(&format!("ops-purpose-{}", one.purpose)),
        to: match one.to {
            Some(to) => to,
            None => shell.say("ops-to-person"),
        },
        ticket: one.ticket,
        at: shell.near(at),
        exact: at.exact(),
        reason: shell.with("ops-attempts", "count", one.attempts) + &one.reason,
        settled: one.settled.map(|status| shell.say(&format!("ops-settled-{status}"))),
    }
}

fn address(shell: &Shell, one: Troubled) -> Address {
    let is_off = one.disabled_at.is_some();
    let state = match (one.disabled_at, one.bounced_at, one.failing_since) {
        (Some(at), ..) => shell.with("ops-address-off", "since", shell.near(at)),
        (None, Some(at), _) => shell.with("ops-address-bounced", "since", shell.near(at)),
        (None, None, Some(at)) => shell.with("ops-address-fails", "since", shell.near(at)),
        (None, None, None) => String::new(),
    };
    let names: Vec<String> = one.contacts.iter().map(ToString::to_string).collect();
    Address {
        id: one.id,
        at: one.at.unwrap_or_else(|| "–".to_owned()),
        contacts: if names.is_empty() { shell.say("ops-no-contact") } else { names.join(", ") },
        state,
        is_off,
        why: one.disabled_because.unwrap_or_default(),
    }
}

/// Bytes as one reads them.
fn size(bytes: i64) -> String {
    let tenths = |unit: i64| format!("{},{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes / 1024),
        1_048_576..1_073_741_824 => format!("{} MiB", tenths(1_048_576)),
        _ => format!("{} GiB", tenths(1_073_741_824)),
    }
}

fn after(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// How it fares.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ReadMetrics>) -> PageResult {
    let (operations, caller) = (&state.operations, &page.person.caller);
    let overview = overview::overview(operations, caller).await?;
    let given_up = undelivered::list(operations, caller, after(&request, "zustellungen"), AT_ONCE).await?;
    let failing = troubled::list(operations, caller, after(&request, "adressen"), AT_ONCE).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let next = |name: &str, cursor: Option<String>| cursor.map(|cursor| format!("{HERE}?{name}={cursor}#{name}"));
    let shown = Page {
        concerns: overview.concerns.iter().map(|one| line(&shell, one)).collect(),
        undelivered: given_up.items.into_iter().map(|one| given(&shell, one)).collect(),
        undelivered_next: next("zustellungen", given_up.next_cursor),
        troubled: failing.items.into_iter().map(|one| address(&shell, one)).collect(),
        troubled_next: next("adressen", failing.next_cursor),
        ways: vec![way(&shell, "ops-smtp", &overview.mail), way(&shell, "ops-webhooks", &overview.webhooks)],
        may_operate: caller.may(Action::Operate).is_ok(),
        size: size(overview.database.size_bytes),
        queue_since: overview.queue.oldest_due_since.map(|since| shell.near(since)),
        overview,
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

/// Sends again what was chosen; the pressed button says how.
pub async fn resend(
    state: Data<State>,
    StaffForm { person, body: typed, .. }: StaffForm<right::Operate, Vec<(String, String)>>,
) -> PageResult {
    let is = |name: &'static str| typed.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str());
    let ids: Vec<DeliveryId> = is("delivery").filter_map(|id| id.parse().ok()).take(AT_ONCE).collect();
    let how = is("how").find_map(|how| how.parse::<Again>().ok()).unwrap_or(Again::Replay);
    let is_none = ids.is_empty();
    // Asked for also where nothing was chosen: it says who may.
    let done = undelivered::resend(&state.operations, &person.caller, how, ids).await?;
    if is_none {
        return Ok(lead_done(HERE, "resend-none"));
    }
    Ok(lead_done(
        HERE,
        match (done.sent.is_empty(), done.refused.is_empty()) {
            (true, true) => "put-aside",
            (false, true) if !done.put_aside.is_empty() => "resent-or-aside",
            (false, true) => "resent",
            (false, false) => "resent-some",
            (true, _) if how == Again::OtherWay => "no-other-way",
            (true, _) => "not-resent",
        },
    ))
}

/// Lets messages go to an address again.
pub async fn enable(
    state: Data<State>,
    endpoint: Path<EndpointId>,
    StaffForm { person, .. }: StaffForm<right::Operate, Nothing>,
) -> PageResult {
    troubled::enable(&state.operations, &person.caller, endpoint.into_inner()).await?;
    Ok(lead_done(HERE, "endpoint-enabled"))
}

/// What Lotse is built from.
pub async fn licences(state: Data<State>, request: HttpRequest, page: Staff<right::ReadMetrics>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let shown = Licences { crates: licences::crates(), shell };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_at_a_glance() {
        for (bytes, words) in [(4096, "4 KiB"), (5_452_596, "5,2 MiB"), (3_328_599_655, "3,1 GiB")] {
            assert_eq!(size(bytes), words);
        }
    }
}
