//! When a failed delivery is tried again. Pure: no clock, no chance of its own, no database.
//!
//! Rules: a schedule is a list of waits, one after each failure; when it is used up the delivery is exhausted.
//! Each wait is stretched or cut by up to 20 %, so that what failed together does not come back together. A
//! receiver's Retry-After counts instead, between the schedule's shortest wait and 24 hours.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest a Retry-After can put a delivery off.
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::hours(24);

/// How far a schedule that ends in `…` reaches.
const REPEATS_UNTIL: TimeDelta = TimeDelta::days(5);

/// The waits after the first, second, … failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<TimeDelta>);

impl Schedule {
    /// Webhooks: 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h, 12 h, 24 h, 24 h.
    pub fn webhook() -> Self {
        let seconds = [5, 30, 120, 600, 1800, 7200, 21_600, 43_200, 86_400, 86_400];
        Self(seconds.into_iter().map(TimeDelta::seconds).collect())
    }

    /// Mail: 1, 5, 15, 30 minutes, then hourly until five days have passed.
    pub fn mail() -> Self {
        let steps = [1, 5, 15, 30, 60].into_iter().map(TimeDelta::minutes).collect();
        Self(repeat_last(steps))
    }

    /// Reads `5s,30s,2m,1h,1d`; a trailing `…` or `...` repeats the last wait until five days have passed in all.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words: Vec<&str> = text.split(',').map(str::trim).collect();
        let repeats = matches!(words.last(), Some(&("…" | "...")));
        if repeats {
            words.pop();
        }
        let steps = words.into_iter().map(wait).collect::<Result<Vec<_>, _>>()?;
        if steps.is_empty() {
            return Err("needs at least one wait before `…`, such as 1m,5m,1h,…".into());
        }
        let steps = if repeats { repeat_last(steps) } else { steps };
        if steps.len() > 1000 {
            return Err(format!("would try {} times; at most 1,000 are sensible", steps.len()));
        }
        Ok(Self(steps))
    }

    /// How long to wait after this many failures (1 is the first); nothing once the schedule is used up.
    /// `chance` between 0 and 1 chooses within ±20 %; `asked` is the receiver's Retry-After.
    pub fn wait_after(&self, failures: u32, chance: f64, asked: Option<TimeDelta>) -> Option<TimeDelta> {
        let step = *self.0.get(usize::try_from(failures).ok()?.checked_sub(1)?)?;
        Some(match asked {
            Some(asked) => asked.clamp(self.shortest(), LONGEST_RETRY_AFTER),
            None => jittered(step, chance),
        })
    }

    /// How long the whole schedule lasts, without jitter.
    pub fn total(&self) -> TimeDelta {
        self.0.iter().sum()
    }

    fn shortest(&self) -> TimeDelta {
        self.0.iter().min().copied().unwrap_or_default().min(LONGEST_RETRY_AFTER)
    }
}

fn repeat_last(mut steps: Vec<TimeDelta>) -> Vec<TimeDelta> {
    let mut total: TimeDelta = steps.iter().sum();
    if let Some(last) = steps.last().copied() {
        while total + last <= REPEATS_UNTIL {
            steps.push(last);
            total += last;
        }
    }
    steps
}

fn wait(word: &str) -> Result<TimeDelta, String> {
    let fault = || format!("`{word}` is not a wait; write a number and s, m, h or d, such as 30s or 2h");
    let unit = word.chars().last().ok_or_else(fault)?;
    let number: i64 = word[..word.len() - unit.len_utf8()].parse().map_err(|_| fault())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(fault()),
    };
    match number.checked_mul(seconds) {
        Some(seconds @ 1..=604_800) => Ok(TimeDelta::seconds(seconds)),
        _ => Err(format!("`{word}` must be between 1s and 7d")),
    }
}

fn jittered(step: TimeDelta, chance: f64) -> TimeDelta {
    let percent = 80 + (chance.clamp(0.0, 1.0) * 40.0) as i32;
    step * percent / 100
}

/// Reads a Retry-After header (RFC 9110): seconds, or the date of an HTTP answer.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean "very long", which is clamped anyway.
        let seconds = value.parse::<u32>().unwrap_or(u32::MAX);
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some(date.with_timezone(&Utc) - now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_last_as_promised() {
        let webhook = Schedule::webhook();
        assert_eq!(webhook.wait_after(1, 0.5, None), Some(TimeDelta::seconds(5)));
        assert_eq!(webhook.wait_after(10, 0.5, None), Some(TimeDelta::hours(24)));
        assert_eq!(webhook.wait_after(11, 0.5, None), None);
        let mail = Schedule::mail();
        assert_eq!(mail.wait_after(4, 0.5, None), Some(TimeDelta::minutes(30)));
        assert_eq!(mail.wait_after(5, 0.5, None), Some(TimeDelta::hours(1)));
        assert!(mail.total() <= TimeDelta::days(5) && mail.total() > TimeDelta::days(5) - TimeDelta::hours(1));
        assert_eq!(mail, Schedule::parse("1m, 5m, 15m, 30m, 1h, …").unwrap());
    }

    #[test]
    fn waits_are_spread_by_a_fifth() {
        let schedule = Schedule::parse("100s").unwrap();
        for (chance, seconds) in [(0.0, 80), (0.5, 100), (1.0, 120), (-3.0, 80), (7.0, 120), (f64::NAN, 80)] {
            assert_eq!(schedule.wait_after(1, chance, None), Some(TimeDelta::seconds(seconds)), "{chance}");
        }
        assert_eq!(schedule.wait_after(0, 0.5, None), None);
    }

    #[test]
    fn retry_after_counts_within_bounds() {
        let schedule = Schedule::parse("30s,10s,1h").unwrap();
        for (asked, seconds) in [(0, 10), (-5, 10), (45, 45), (3600, 3600), (9_999_999, 86_400)] {
            let wait = schedule.wait_after(1, 0.0, Some(TimeDelta::seconds(asked)));
            assert_eq!(wait, Some(TimeDelta::seconds(seconds)), "{asked}");
        }
        assert_eq!(schedule.wait_after(4, 0.0, Some(TimeDelta::seconds(1))), None);
    }

    #[test]
    fn reads_retry_after() {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999", Some(u32::MAX.into())),
            ("Tue, 24 Nov 2026 10:01:00 GMT", Some(60)),
            ("Tue, 24 Nov 2026 09:59:00 GMT", Some(-60)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(TimeDelta::seconds), "{value}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_schedule() {
        for (text, part) in [
            ("", "``"),
            ("…", "at least one"),
            ("5", "number and s, m, h or d"),
            ("m", "number and"),
            ("5x", "number and"),
            ("5m,,1h", "``"),
            ("0s", "between"),
            ("8d", "between"),
            ("9223372036854775807d", "between"),
            ("-1s", "between"),
            ("1s,…", "1,000"),
            ("…,5m", "`…`"),
            ("5µ", "number and"),
        ] {
            let fault = Schedule::parse(text).unwrap_err();
            assert!(fault.contains(part), "{text}: {fault}");
        }
        assert_eq!(Schedule::parse("1h,...").unwrap().0.len(), 120);
        assert_eq!(Schedule::parse("6d,…").unwrap().0.len(), 1);
    }
}
