//! The brake on guessing: who failed often waits, longer each time.
//!
//! Invariant: a try at an account is counted before it is judged, in one transaction that all instances share, so that
//! many tries at once get no further than one after the other. Three counters go together: the account as seen from one
//! network (a success clears it), the account wherever the tries come from (wide, and a network from which its person
//! was logged in passes it, so that strangers cannot lock anybody out), and the network whatever the account. The last
//! is counted when a try has failed, so that a town hall may log in all at once. Each counter forgives with time. The
//! keys are fingerprints: the table names nobody.
//!
//! Where next: `pace.rs` (how long to wait). Not here: how many requests a token may make.

mod brake;
mod pace;
mod store;

use std::net::IpAddr;

use chrono::TimeDelta;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::seal::Sealer;

pub use brake::{Brake, brake};
use pace::Pace;
use store::ThrottleRow;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A password.
    Password,
    /// A code of a second factor.
    Code,
    /// To have a link for a new password sent.
    Reset,
}

/// One try.
#[derive(Debug, Clone)]
pub(super) struct Try {
    /// What is tried.
    pub what: What,
    /// Whose account, by any text that is always the same for it; whether it exists does not matter.
    pub account: String,
    /// Where the try comes from, where that is known.
    pub address: Option<IpAddr>,
}

/// One of the counters of a try.
#[derive(Debug, Clone)]
struct Counter {
    kind: Kind,
    key: String,
    pace: Pace,
}

/// What a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Tries at an account from one network.
    Pair,
    /// Tries from a network.
    Network,
    /// Tries at an account.
    Account,
}

impl Try {
    /// Its counters, always in the same order, so that two tries never wait for each other.
    fn counters(&self, sealer: &Sealer, is_known_network: bool) -> Vec<Counter> {
        let what = match self.what {
            What::Password => "password",
            What::Code => "code",
            What::Reset => "reset",
        };
        let counter = |kind: Kind, name: &str, about: &str, pace| {
            let fingerprint = sealer.fingerprint(&format!("throttle {what} {name}"), about);
            Counter { kind, key: format!("{what} {name} {fingerprint}"), pace }
        };
        let network = self.address.map(|address| network_of(address).to_string());
        let pair = format!("{} {}", network.as_deref().unwrap_or_default(), self.account);
        let mut counters = vec![counter(Kind::Pair, "pair", &pair, pace::PAIR)];
        if let Some(network) = network {
            counters.push(counter(Kind::Network, "network", &network, pace::NETWORK));
            if !is_known_network {
                let pace = if self.what == What::Reset { pace::MAILS } else { pace::ACCOUNT };
                counters.push(counter(Kind::Account, "account", &self.account, pace));
            }
        }
        counters.sort_by(|a, b| a.key.cmp(&b.key));
        counters
    }

    /// A request for a mail has no outcome that could be waited for.
    fn counts_at_once(&self, kind: Kind) -> bool {
        kind != Kind::Network || self.what == What::Reset
    }
}

impl Counter {
    fn count(&self, tx: &mut Tx, mut row: ThrottleRow, now: Timestamp) -> Result<(), AppError> {
        row.failures = self.pace.left(row.failures, row.last_at, now).saturating_add(1);
        row.blocked_until = self.pace.wait(row.failures).map(|wait| now.plus(wait));
        row.last_at = now;
        store::update(tx, &row)
    }
}

/// Counts a try before it is judged. `TooMany` while it has to wait; then it is not counted.
pub(super) fn begin(
    tx: &mut Tx,
    sealer: &Sealer,
    try_: &Try,
    is_known_network: bool,
    now: Timestamp,
) -> Result<(), AppError> {
    let counters = try_.counters(sealer, is_known_network);
    let rows = counters.iter().map(|counter| store::lock(tx, &counter.key, now)).collect::<Result<Vec<_>, _>>()?;
    if let Some(until) = rows.iter().filter_map(|row| row.blocked_until).filter(|until| *until > now).max() {
        return Err(AppError::TooMany(seconds_until(until, now)));
    }
    for (row, counter) in rows.into_iter().zip(&counters) {
        if try_.counts_at_once(counter.kind) {
            counter.count(tx, row, now)?;
        }
    }
    Ok(())
}

/// A try was wrong: its network hears of it.
pub(super) fn failed(tx: &mut Tx, sealer: &Sealer, try_: &Try, now: Timestamp) -> Result<(), AppError> {
    for counter in try_.counters(sealer, true).iter().filter(|counter| !try_.counts_at_once(counter.kind)) {
        let row = store::lock(tx, &counter.key, now)?;
        counter.count(tx, row, now)?;
    }
    Ok(())
}

/// A try was right: the account is clear again from this network, and as a whole as it was before the try.
pub(super) fn succeeded(
    tx: &mut Tx,
    sealer: &Sealer,
    try_: &Try,
    is_known_network: bool,
    now: Timestamp,
) -> Result<(), AppError> {
    for counter in try_.counters(sealer, is_known_network) {
        let mut row = store::lock(tx, &counter.key, now)?;
        row.failures = match counter.kind {
            Kind::Pair => 0,
            Kind::Account => (row.failures - 1).max(0),
            Kind::Network => continue,
        };
        row.blocked_until = counter.pace.wait(row.failures).and(row.blocked_until);
        store::update(tx, &row)?;
    }
    Ok(())
}

/// Forgets counters that have forgiven everything; answers how many. In small portions.
pub(super) fn purge(tx: &mut Tx, now: Timestamp) -> Result<usize, AppError> {
    store::purge(tx, now.minus(TimeDelta::days(1)), 500)
}

/// The addresses that one subscriber has: a single one of IPv4, a /64 of IPv6.
pub(super) fn network_of(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(v4) => Ipv4Net::from(v4).into(),
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 64).trunc().into(),
    }
}

/// Whole seconds, so that whoever waits as long as it says has waited long enough.
fn seconds_until(until: Timestamp, now: Timestamp) -> u64 {
    let wait = until.since(now);
    let whole = wait.num_seconds() + i64::from(wait.subsec_nanos() > 0);
    u64::try_from(whole).unwrap_or_default().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_network() {
        for (a, b, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:1:2:3", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            let network = |text: &str| network_of(text.parse().unwrap());
            assert_eq!(network(a) == network(b), same, "{a} {b}");
        }
    }
}
