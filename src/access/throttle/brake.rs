//! The brake on what anybody may send without being known: at most so many an hour, across instances.
//!
//! Invariant: counted in the transaction that all instances share, before anything else is done; who is refused is not
//! counted again, so that waiting as long as it says is enough. The keys are fingerprints: the table names nobody.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::{network_of, seconds_until, store};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::seal::Sealer;

/// What is counted together.
#[derive(Debug, Clone)]
pub struct Brake {
    what: &'static str,
    whose: String,
}

impl Brake {
    /// What comes from the network of an address.
    pub fn network(what: &'static str, address: Option<IpAddr>) -> Self {
        let whose = address.map_or_else(String::new, |address| network_of(address).to_string());
        Self::of(what, &format!("network {whose}"))
    }

    /// What concerns one thing.
    pub fn of(what: &'static str, whose: &str) -> Self {
        Self { what, whose: whose.to_owned() }
    }
}

/// Counts one more; `TooMany` where there were `per_hour` already. One is forgiven every hour's part.
pub fn brake(tx: &mut Tx, sealer: &Sealer, brake: &Brake, per_hour: u32, now: Timestamp) -> Result<(), AppError> {
    let most = i32::try_from(per_hour).unwrap_or(i32::MAX).max(1);
    let each = TimeDelta::hours(1) / most;
    let key = format!("{} {}", brake.what, sealer.fingerprint(&format!("brake {}", brake.what), &brake.whose));
    let mut row = store::lock(tx, &key, now)?;
    let passed = now.since(row.last_at).num_milliseconds().max(0) / each.num_milliseconds().max(1);
    let forgiven = i32::try_from(passed).unwrap_or(i32::MAX).min(row.failures);
    row.failures -= forgiven;
    // What is left of the part goes on counting.
    row.last_at = if row.failures == 0 { now } else { row.last_at.plus(each * forgiven) };
    if row.failures >= most {
        return Err(AppError::TooMany(seconds_until(row.last_at.plus(each), now)));
    }
    row.failures += 1;
    store::update(tx, &row)
}
