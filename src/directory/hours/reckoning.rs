//! How a deadline is reckoned: by the clock, by service time, or by service days.
//!
//! Pure. Written as `30m` or `4h` (time) and `1d` (the same clock time on the next service day, as 115 promises).

use chrono::TimeDelta;

use super::service_time::ServiceTime;
use crate::clock::Timestamp;

/// What is shorter than this is meant by the clock: nobody's service hours are kept by the minute.
const BY_THE_CLOCK_BELOW: TimeDelta = TimeDelta::minutes(5);

/// How long something may take, and what of the time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reckoning {
    /// Every hour counts.
    Wall(TimeDelta),
    /// Only service time counts.
    Service(TimeDelta),
    /// The same clock time so many service days later.
    Days(u32),
}

impl Reckoning {
    /// A span of service time; a very short one counts by the clock.
    pub fn service(span: TimeDelta) -> Self {
        if span < BY_THE_CLOCK_BELOW { Self::Wall(span) } else { Self::Service(span) }
    }

    /// Reads `4h` or `2d`; says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} must be service time such as 30m or 4h, or service days such as 1d");
        if let Some(number) = text.trim().strip_suffix('d')
            && let Ok(later) = number.trim().parse::<u32>()
        {
            return if (1..=366).contains(&later) { Ok(Self::Days(later)) } else { Err(wrong()) };
        }
        let span = humantime::parse_duration(text.trim()).map_err(|_| wrong())?;
        match TimeDelta::from_std(span) {
            Ok(span) if span > TimeDelta::zero() && span <= TimeDelta::days(366) => Ok(Self::service(span)),
            _ => Err(wrong()),
        }
    }

    /// The same by the clock: what is urgent does not wait for service hours.
    pub fn by_the_clock(self) -> Self {
        match self {
            Self::Wall(span) | Self::Service(span) => Self::Wall(span),
            Self::Days(later) => Self::Wall(TimeDelta::days(later.into())),
        }
    }

    /// When what began at `start` is due.
    pub fn due(self, start: Timestamp, time: &ServiceTime) -> Timestamp {
        match self {
            Self::Wall(span) => start.plus(span),
            Self::Service(span) => time.add(start, span),
            Self::Days(later) => time.same_time(start, later),
        }
    }
}

/// Where a part of the way to a deadline has passed: `percent` of what lies between, by the clock or in service time.
pub fn part_way(from: Timestamp, due: Timestamp, percent: i32, time: Option<&ServiceTime>) -> Timestamp {
    let part = |whole: TimeDelta| whole * percent / 100;
    match time {
        None => from.plus(part(due.since(from).max(TimeDelta::zero()))).min(due.max(from)),
        Some(time) => time.add(from, part(time.between(from, due))).min(due.max(from)),
    }
}

/// A deadline moved on by a time that did not count: what was left of it at `since` is left at `now`. Never earlier
/// than it was.
pub fn moved_on(due: Timestamp, since: Timestamp, now: Timestamp, time: Option<&ServiceTime>) -> Timestamp {
    if due <= since || now <= since {
        return due;
    }
    let moved = match time {
        None => now.plus(due.since(since)),
        Some(time) => time.add(now, time.between(since, due)),
    };
    moved.max(due)
}
