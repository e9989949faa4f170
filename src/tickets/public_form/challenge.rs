//! The work a browser does before it may send a form, as an alternative to puzzles for people and to foreign services.
//! Pure.
//!
//! A challenge says when it was issued and how hard it is, and is signed, so that nothing needs to be kept of those that
//! are never used. It is solved by a text that makes SHA-256 of challenge, `:` and text begin with so many zero bits;
//! finding one takes 2^bits hashes on average, checking it takes one. That each is used once is the business of
//! `hand_in.rs`.

use chrono::{DateTime, TimeDelta};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;

/// The hardest that a setting may ask for: minutes of work.
pub const HARDEST: u32 = 26;
/// The longest solution, in bytes.
const LONGEST_SOLUTION: usize = 40;

/// A challenge that is ours and in its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// What it is called; no other has this name.
    pub name: String,
    /// How many zero bits.
    pub bits: u32,
}

/// Why a challenge counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// It is not ours, or for another form.
    Forged,
    /// Its time is over.
    Expired,
    /// Nobody writes so fast.
    TooEarly,
}

/// In what time a challenge is used.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Not before so long.
    pub at_least: TimeDelta,
    /// Nor after.
    pub at_most: TimeDelta,
}

/// A new one for the form of `about`; `sign` is a keyed hash that only this installation can make.
pub fn issue(about: &str, name: &str, bits: u32, now: Timestamp, sign: impl Fn(&str) -> String) -> String {
    let head = format!("{}.{bits}.{name}", now.utc().timestamp_micros());
    let seal = sign(&format!("{about} {head}"));
    format!("{head}.{seal}")
}

/// Reads one that was sent back.
pub fn read(
    about: &str,
    text: &str,
    times: Times,
    now: Timestamp,
    sign: impl Fn(&str) -> String,
) -> Result<Challenge, Bad> {
    let (head, seal) = text.rsplit_once('.').ok_or(Bad::Forged)?;
    if !is_equal(seal.as_bytes(), sign(&format!("{about} {head}")).as_bytes()) {
        return Err(Bad::Forged);
    }
    let mut parts = head.splitn(3, '.');
    let (issued, bits, name) = (parts.next(), parts.next(), parts.next());
    let issued = issued.and_then(|micros| DateTime::from_timestamp_micros(micros.parse().ok()?)).ok_or(Bad::Forged)?;
    let bits = bits.and_then(|bits| bits.parse().ok()).ok_or(Bad::Forged)?;
    let age = now.since(Timestamp::new(issued));
    match () {
        () if age > times.at_most => Err(Bad::Expired),
        () if age < times.at_least => Err(Bad::TooEarly),
        () => Ok(Challenge { name: name.ok_or(Bad::Forged)?.to_owned(), bits }),
    }
}

/// True where the work was done.
pub fn is_solved(text: &str, bits: u32, solution: &str) -> bool {
    if solution.is_empty() || solution.len() > LONGEST_SOLUTION {
        return false;
    }
    let hash = Sha256::digest(format!("{text}:{solution}").as_bytes());
    let mut left = bits;
    for byte in hash {
        if left == 0 {
            break;
        }
        let zeros = byte.leading_zeros();
        if zeros < left.min(8) {
            return false;
        }
        left -= left.min(8);
    }
    left == 0
}

/// Takes the same time wherever they differ.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { at_least: TimeDelta::seconds(3), at_most: TimeDelta::hours(2) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new("2026-11-24T10:00:00Z".parse::<DateTime<chrono::Utc>>().unwrap())
            .plus(TimeDelta::seconds(seconds))
    }

    fn sign(text: &str) -> String {
        format!("{:x}", Sha256::digest(format!("key {text}").as_bytes()))
    }

    #[test]
    fn only_ours_in_its_time() {
        let text = issue("a/b", "n", 8, at(0), sign);
        let read = |about: &str, text: &str, seconds| super::read(about, text, TIMES, at(seconds), sign);
        assert_eq!(read("a/b", &text, 3), Ok(Challenge { name: "n".into(), bits: 8 }));
        assert_eq!(read("a/b", &text, 2), Err(Bad::TooEarly));
        assert_eq!(read("a/b", &text, 7201), Err(Bad::Expired));
        assert_eq!(read("a/c", &text, 3), Err(Bad::Forged));
        assert_eq!(read("a/b", &text.replacen(".8.", ".1.", 1), 3), Err(Bad::Forged));
        for odd in ["", ".", "1.8.n.", "x"] {
            assert_eq!(read("a/b", odd, 3), Err(Bad::Forged), "{odd}");
        }
    }

    #[test]
    fn work_is_counted_in_bits() {
        let solution = (0..100_000u32).map(|n| n.to_string()).find(|n| is_solved("x", 11, n)).unwrap();
        assert!(is_solved("x", 11, &solution) && is_solved("x", 3, &solution) && is_solved("x", 0, &solution));
        assert!(!is_solved("y", 11, &solution));
        assert!(!is_solved("x", 0, "") && !is_solved("x", 0, &"1".repeat(41)));
        assert!(!is_solved("x", 256, &solution));
    }
}
