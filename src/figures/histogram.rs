//! How long things took, as counts in buckets that grow by a tenth: small to keep, exact to add and to take away.
//!
//! Invariant: a time read back differs from the true one by at most 5 per cent from one minute on, whatever was added
//! and taken away in between; below a minute it reads as half a minute. Pure. Not here: whose times they are.

use std::collections::BTreeMap;
use std::fmt::Write;

/// So many buckets: the first is the first minute, the last begins after more than two years.
const BUCKETS: usize = 150;

/// Where each bucket begins, in seconds.
const BEGINS: [i64; BUCKETS] = {
    let mut begins = [0; BUCKETS];
    let (mut at, mut begin) = (1, 60);
    while at < BUCKETS {
        begins[at] = begin;
        begin = begin * 11 / 10;
        at += 1;
    }
    begins
};

/// The bucket of a time in seconds. A time below nothing, where clocks were set, counts as none.
pub fn bucket(seconds: i64) -> i32 {
    let after = BEGINS.partition_point(|begin| *begin <= seconds.max(0));
    i32::try_from(after).unwrap_or(i32::MAX) - 1
}

/// The time in the middle of a bucket, in seconds.
fn middle(bucket: i32) -> i64 {
    let at = usize::try_from(bucket).unwrap_or(0).min(BUCKETS - 1);
    let end = BEGINS.get(at + 1).copied().unwrap_or(BEGINS[at] * 11 / 10);
    (BEGINS[at] + end) / 2
}

/// Counts by bucket. Kept as text, such as `12:3 15:1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram(BTreeMap<i32, i64>);

impl Histogram {
    /// Counts `times` more in a bucket; less where it is negative.
    pub fn add(&mut self, bucket: i32, times: i64) {
        let count = self.0.entry(bucket).or_default();
        *count += times;
        if *count == 0 {
            self.0.remove(&bucket);
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.add(*bucket, *count);
        }
    }

    /// How many times it holds.
    pub fn count(&self) -> i64 {
        self.0.values().sum()
    }

    /// The time in seconds that so many per cent do not exceed (nearest rank); `None` where it holds none.
    pub fn percentile(&self, percent: i64) -> Option<i64> {
        let rank = (self.count() * percent + 99) / 100;
        let mut seen = 0;
        let found = self.0.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank.max(1)
        });
        found.map(|(bucket, _)| middle(*bucket))
    }

    /// As it is kept.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (bucket, count) in &self.0 {
            let space = if text.is_empty() { "" } else { " " };
            // Writing to a text cannot fail.
            let _ = write!(text, "{space}{bucket}:{count}");
        }
        text
    }

    /// Reads it back; `None` where it is not one.
    pub fn of_text(text: &str) -> Option<Self> {
        let one = |part: &str| {
            let (bucket, count) = part.split_once(':')?;
            Some((bucket.parse().ok()?, count.parse().ok()?))
        };
        text.split_whitespace().map(one).collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_within_five_per_cent() {
        for seconds in (60..400_000).step_by(7).chain((400_000..60_000_000).step_by(10_007)) {
            let read = middle(bucket(seconds));
            assert!((read - seconds).abs() * 20 <= seconds, "{seconds} reads as {read}");
        }
        assert_eq!((bucket(-5), bucket(0), bucket(59), bucket(60)), (0, 0, 0, 1));
        assert_eq!(middle(0), 30);
    }

    #[test]
    fn percentiles_go_by_nearest_rank() {
        let mut times = Histogram::default();
        assert_eq!(times.percentile(50), None);
        for minutes in 1..=10 {
            times.add(bucket(minutes * 60), 1);
        }
        let near = |percent| (times.percentile(percent).unwrap() + 30) / 60;
        assert_eq!((near(50), near(90), near(100)), (5, 9, 10));
    }

    #[test]
    fn it_reads_as_it_was_written() {
        let mut times = Histogram::default();
        times.add(12, 3);
        times.add(0, 1);
        assert_eq!(times.to_text(), "0:1 12:3");
        assert_eq!(Histogram::of_text("0:1 12:3"), Some(times.clone()));
        times.add(12, -3);
        assert_eq!(times.to_text(), "0:1");
        assert_eq!(Histogram::of_text("x"), None);
    }
}
