//! What happens in a made-up life, and when.
//!
//! Invariant: drawn from the chance alone, in an order that stays: what is drawn here anew makes up other requests for
//! the same seed. Pure.

use chrono::TimeDelta;
use rand::Rng;
use rand::rngs::StdRng;

use crate::clock::Timestamp;
use crate::escalation::EscalationStatus;
use crate::tickets::Move;

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Somebody still owes an answer.
    Open,
    /// The same, and those who run the service were asked and have not confirmed yet.
    Asked,
    /// The same, and it was promised until before now.
    Late,
    /// The person was asked and has not said more yet.
    Waiting,
    /// It has ended.
    Ended,
}

impl Fate {
    /// True where whoever really logs in is to find it.
    pub fn is_at_home(self) -> bool {
        matches!(self, Self::Asked | Self::Late | Self::Waiting)
    }
}

/// What happens in a life, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    Submitted,
    Claimed,
    Noted,
    Asked,
    Resumed,
    Escalated,
    Stepped,
    Sent,
    Acknowledged,
    Solved,
    Returned,
    Answered,
    Rejected,
    Closed,
}

/// How the 2nd level is asked.
const SECOND: [Beat; 3] = [Beat::Escalated, Beat::Stepped, Beat::Sent];

/// What happens, in its order.
pub fn plot(chance: &mut StdRng, fate: Fate, can_ask: bool) -> Vec<Beat> {
    use Beat::*;
    let mut beats = vec![Submitted];
    let asks = can_ask && chance.random_bool(0.25);
    match fate {
        Fate::Open => match chance.random_range(0..100) {
            0..35 => {}
            35..55 => beats.push(Claimed),
            55..60 => beats.extend([Claimed, Noted]),
            60..72 => beats.extend([Claimed, Asked]),
            _ if !can_ask => beats.push(Claimed),
            72..84 => beats.extend([Claimed].into_iter().chain(SECOND)),
            84..96 => beats.extend([Claimed].into_iter().chain(SECOND).chain([Acknowledged])),
            _ => beats.extend([Claimed].into_iter().chain(SECOND).chain([Acknowledged, Solved])),
        },
        Fate::Asked if can_ask => beats.extend([Claimed].into_iter().chain(SECOND)),
        Fate::Asked => beats.push(Claimed),
        Fate::Late => match chance.random_range(0..3) {
            0 => {}
            1 if can_ask => beats.extend([Claimed].into_iter().chain(SECOND)),
            _ => beats.push(Claimed),
        },
        Fate::Waiting => beats.extend([Claimed, Asked]),
        Fate::Ended => beats.extend(ended(chance, asks)),
    }
    beats
}

fn ended(chance: &mut StdRng, asks: bool) -> Vec<Beat> {
    use Beat::*;
    let mut beats = vec![Claimed];
    if chance.random_bool(0.1) {
        beats.push(Noted);
    }
    if chance.random_bool(0.08) {
        beats.extend([Asked, Resumed]);
    }
    if asks {
        beats.extend(SECOND);
        beats.extend([Acknowledged, if chance.random_bool(0.85) { Solved } else { Returned }]);
    }
    let end = if chance.random_bool(0.95) { Answered } else { Rejected };
    beats.push(end);
    beats.extend(chance.random_bool(if end == Answered { 0.97 } else { 0.6 }).then_some(Closed));
    beats
}

/// When each happens: after one another, and before `now`.
pub fn times(chance: &mut StdRng, beats: &[Beat], created: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let mut passed = 0i64;
    let seconds: Vec<i64> = beats
        .iter()
        .map(|beat| {
            passed += match beat {
                Beat::Submitted => 0,
                Beat::Stepped => 1,
                Beat::Sent => 4,
                // Most are quick, some take days.
                _ => 60 + (chance.random::<f64>().powi(3) * 40_000.0) as i64,
            };
            passed
        })
        .collect();
    let age = now.since(created).num_milliseconds().max(1);
    let natural = (passed * 1000).max(1);
    let shrink = (age as f64 * 0.95 / natural as f64).min(1.0);
    let mut last = created.minus(TimeDelta::milliseconds(10));
    let later = seconds.into_iter().map(|seconds| {
        let at = created.plus(TimeDelta::milliseconds((seconds as f64 * 1000.0 * shrink) as i64));
        last = at.max(last.plus(TimeDelta::milliseconds(10)));
        last
    });
    later.collect()
}

/// What it does to the request's status.
pub fn step(beat: Beat) -> Option<Move> {
    Some(match beat {
        Beat::Claimed => Move::Claim,
        Beat::Asked => Move::Wait,
        Beat::Resumed => Move::Resume,
        Beat::Escalated => Move::Escalate,
        Beat::Solved | Beat::Returned => Move::EscalationsEnded,
        Beat::Answered => Move::Answer,
        Beat::Rejected => Move::Reject,
        Beat::Closed => Move::Close,
        _ => return None,
    })
}

/// What the escalation's part of it is called.
pub fn name(beat: Beat) -> Option<EscalationStatus> {
    match beat {
        Beat::Escalated => Some(EscalationStatus::Pending),
        Beat::Sent => Some(EscalationStatus::Sent),
        Beat::Acknowledged => Some(EscalationStatus::Acknowledged),
        Beat::Solved => Some(EscalationStatus::Answered),
        Beat::Returned => Some(EscalationStatus::Returned),
        _ => None,
    }
}
