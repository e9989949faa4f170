//! Whether the chain is whole: every number, every hash, and a head that somebody kept elsewhere.
//!
//! The first fault is named and ends the walk, because after it no hash says anything any more. What the chain cannot
//! show by itself is that its end was cut off; therefore the head is told, to be kept outside and asked for again.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use super::{chain, store};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::AppError;
use crate::seal::{Sealer, hex};

/// So many entries are read at a time.
const PAGE: i64 = 1000;

/// An entry that is not in the chain after this time was forgotten.
const SOON: TimeDelta = TimeDelta::minutes(1);

/// A place in the chain with its hash; written `SEQ:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number.
    pub seq: i64,
    /// The hash, in hexadecimal digits.
    pub hash: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Head {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (seq, hash) = text.trim().split_once(':')?;
            let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
            let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            is_hash.then(|| Self { seq, hash: hash.to_ascii_lowercase() })
        };
        read().ok_or_else(|| "must be SEQ:HASH, as an earlier `lotse audit verify` printed it".to_owned())
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries of the chain are good.
    pub entries: i64,
    /// The last good one.
    pub head: Option<Head>,
    /// The first fault.
    pub fault: Option<String>,
}

/// Walks the whole chain. `expected` are heads of before that must still be in it.
pub async fn verify(db: &Db, sealer: &Sealer, expected: Vec<Head>, now: Timestamp) -> Result<Verdict, AppError> {
    let mut walk = Walk { key: *sealer.audit_key(), expected, seq: 0, hash: Vec::new() };
    loop {
        let after = walk.seq;
        let page = db.read(move |conn| store::chained(conn, after, PAGE)).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            if let Err(fault) = walk.step(row) {
                return Ok(walk.verdict(Some(fault)));
            }
        }
    }
    let forgotten = db.read(move |conn| store::forgotten(conn, now.minus(SOON))).await?;
    let fault = walk.cut_off().or_else(|| {
        let remedy = "is `lotse serve` or `lotse worker` running?";
        (forgotten > 0).then(|| format!("{forgotten} entries have not joined the chain for over a minute; {remedy}"))
    });
    Ok(walk.verdict(fault))
}

struct Walk {
    key: [u8; 32],
    expected: Vec<Head>,
    seq: i64,
    hash: Vec<u8>,
}

impl Walk {
    fn step(&mut self, row: &store::FoundRow) -> Result<(), String> {
        let seq = self.seq + 1;
        if row.seq != Some(seq) {
            return Err(format!("entry {seq} is missing"));
        }
        let right = chain::hash(&self.key, seq, &self.hash, &row.stored());
        if row.hash.as_ref() != Some(&right) {
            let id = row.id;
            return Err(format!("entry {seq} ({id}) does not fit its hash: it or the one before was changed"));
        }
        let other = self.expected.iter().find(|head| head.seq == seq && head.hash != hex(&right));
        if let Some(other) = other {
            return Err(format!("entry {seq} is not the one expected ({other}): the chain was written anew"));
        }
        (self.seq, self.hash) = (seq, right);
        Ok(())
    }

    /// A head of before that the chain no longer reaches.
    fn cut_off(&self) -> Option<String> {
        let lost = self.expected.iter().find(|head| head.seq > self.seq)?;
        Some(format!("the chain ends at entry {}, but entry {} was in it: its end was cut off", self.seq, lost.seq))
    }

    fn verdict(self, fault: Option<String>) -> Verdict {
        let head = (self.seq > 0).then(|| Head { seq: self.seq, hash: hex(&self.hash) });
        Verdict { entries: self.seq, head, fault }
    }
}
