//! The time: one [`Clock`] to ask and one [`Timestamp`] to keep.
//!
//! Invariant: every stored time is UTC, cut to microseconds (what both databases keep), and comes from a
//! [`Clock`], never from SQL. A test can hold the clock still and move it. Service hours and wall time
//! (Europe/Berlin) are not here but in the rules that need them, such as `directory/hours/`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC with microseconds. Written as RFC 3339, such as `2026-11-24T10:14:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub(crate) NaiveDateTime);

impl Timestamp {
    /// Cuts a time to what both databases keep.
    pub fn new(time: DateTime<Utc>) -> Self {
        let naive = time.naive_utc();
        Self(naive.with_nanosecond(naive.nanosecond() / 1000 * 1000).unwrap_or(naive))
    }

    /// The same instant as chrono's type, for calculations in a time zone.
    pub fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// The same for `<time datetime>`, where HTML knows no more than thousandths of a second.
    pub fn exact(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// The day it is in Germany at this instant: what validity, absence and confirmation count by.
    pub fn day_in_berlin(self) -> NaiveDate {
        self.utc().with_timezone(&chrono_tz::Europe::Berlin).date_naive()
    }

    /// The last instant of a day in Germany.
    pub fn end_of_day_in_berlin(day: NaiveDate) -> Self {
        let next = day.succ_opt().unwrap_or(day).and_time(chrono::NaiveTime::MIN);
        // Midnight is never skipped or repeated in Berlin: clocks change at two and three.
        let begins = next.and_local_timezone(chrono_tz::Europe::Berlin).earliest();
        Self::new(begins.map_or(next.and_utc(), |begins| begins.to_utc())).minus(TimeDelta::microseconds(1))
    }

    /// This instant moved by `delta`; the bounds of the calendar are never reached in practice and saturate.
    pub fn plus(self, delta: TimeDelta) -> Self {
        Self(self.0.checked_add_signed(delta).unwrap_or(NaiveDateTime::MAX))
    }

    /// This instant moved back by `delta`.
    pub fn minus(self, delta: TimeDelta) -> Self {
        Self(self.0.checked_sub_signed(delta).unwrap_or(NaiveDateTime::MIN))
    }

    /// How long after `earlier` this is; negative when it is before.
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0 - earlier.0
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(Self::new)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}
impl utoipa::ToSchema for Timestamp {}

/// What time it is. Cheap to clone; all clones of a [`Clock::fixed`] move together.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`] moves it; for tests.
    pub fn fixed(start: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(start.utc().timestamp_micros()))))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::new(Utc::now()),
            Source::Fixed(micros) => {
                let time = DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst));
                Timestamp::new(time.unwrap_or_default())
            }
        }
    }

    /// Moves a fixed clock; the system clock is left alone.
    pub fn advance(&self, delta: TimeDelta) {
        if let Source::Fixed(micros) = &self.0 {
            micros.fetch_add(delta.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}
