//! How often a contact is told what happened: at once, every full hour, or once a day at its time.
//!
//! Pure. A day and its time are those of Europe/Berlin: what is skipped when clocks go forward comes an hour later, what
//! comes twice when they go back counts once. Not here: what is urgent and does not wait (`tickets/notice/when.rs`).

use chrono::{NaiveDate, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Europe::Berlin;

use crate::clock::Timestamp;

/// How often somebody is told; written as `at_once`, `hourly` or `daily 07:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rhythm {
    /// As it happens.
    #[default]
    AtOnce,
    /// What gathered, at every full hour.
    Hourly,
    /// What gathered, once a day at this time.
    Daily(NaiveTime),
}

/// What can be written, for whoever wrote something else.
const FAULT: &str = "must be at_once, hourly or daily with a time, such as daily 07:30";

impl Rhythm {
    /// When somebody is told daily who named no time.
    pub fn usual_time() -> NaiveTime {
        NaiveTime::from_hms_opt(7, 30, 0).unwrap_or_default()
    }

    /// The last moment up to `now` at which what had gathered was due; none where nothing gathers.
    pub fn latest(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::AtOnce => None,
            Self::Hourly => {
                // Berlin is always a whole number of hours away from UTC.
                let past = i64::from(now.utc().minute()) * 60 + i64::from(now.utc().second());
                let micros = i64::from(now.utc().nanosecond() / 1000);
                Some(now.minus(TimeDelta::seconds(past) + TimeDelta::microseconds(micros)))
            }
            Self::Daily(time) => {
                let today = now.day_in_berlin();
                let days = [Some(today), today.pred_opt()].into_iter().flatten();
                days.map(|day| moment(day, time)).find(|moment| *moment <= now)
            }
        }
    }
}

/// The instant of a time of day in Berlin.
fn moment(day: NaiveDate, time: NaiveTime) -> Timestamp {
    let wall = day.and_time(time);
    let local = |wall: chrono::NaiveDateTime| wall.and_local_timezone(Berlin).earliest();
    let found = local(wall).or_else(|| local(wall + TimeDelta::hours(1)));
    Timestamp::new(found.map_or_else(|| wall.and_utc(), |found| found.to_utc()))
}

impl std::fmt::Display for Rhythm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtOnce => f.write_str("at_once"),
            Self::Hourly => f.write_str("hourly"),
            Self::Daily(time) => write!(f, "daily {}", time.format("%H:%M")),
        }
    }
}

impl std::str::FromStr for Rhythm {
    type Err = &'static str;
    /// Also as people write it in a table: `sofort`, `stündlich`, `täglich 7:30`, `täglich um 7:30 Uhr`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_lowercase();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        let rest = rest.trim();
        let time = rest.strip_prefix("um ").unwrap_or(rest);
        let time = time.strip_suffix("uhr").unwrap_or(time).trim();
        match word {
            "at_once" | "sofort" if rest.is_empty() => Ok(Self::AtOnce),
            "hourly" | "stündlich" if rest.is_empty() => Ok(Self::Hourly),
            "daily" | "täglich" if rest.is_empty() => Ok(Self::Daily(Self::usual_time())),
            "daily" | "täglich" => time_of_day(time).map(Self::Daily).ok_or(FAULT),
            _ => Err(FAULT),
        }
    }
}

/// `7:30`, `07:30`; no seconds.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (hour, minute) = text.split_once(':')?;
    let is_number =
        |part: &str, least: usize| (least..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hour, 1) || !is_number(minute, 2) {
        return None;
    }
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
}

impl serde::Serialize for Rhythm {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Rhythm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Rhythm {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("at_once, hourly, or daily with a time in Germany"))
            .pattern(Some("^(at_once|hourly|daily ([01][0-9]|2[0-3]):[0-5][0-9])$"))
            .examples([serde_json::json!("daily 07:30")])
            .into()
    }
}
impl utoipa::ToSchema for Rhythm {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn a_rhythm_is_its_words() {
        for (said, read) in [
            ("at_once", "at_once"),
            ("Sofort", "at_once"),
            ("hourly", "hourly"),
            (" stündlich ", "hourly"),
            ("daily", "daily 07:30"),
            ("daily 07:30", "daily 07:30"),
            ("täglich um 6:05 Uhr", "daily 06:05"),
            ("täglich 23:59", "daily 23:59"),
        ] {
            assert_eq!(said.parse::<Rhythm>().map(|rhythm| rhythm.to_string()), Ok(read.to_owned()), "{said}");
        }
        for wrong in [
            "",
            "never",
            "hourly 07:30",
            "daily 7",
            "daily 24:00",
            "daily 07:60",
            "daily 7:3",
            "daily +7:30",
            "täglich morgens",
        ] {
            assert_eq!(wrong.parse::<Rhythm>(), Err(FAULT), "{wrong}");
        }
    }

    #[test]
    fn what_gathers_is_due_on_the_hour_or_at_its_time_in_berlin() {
        let check = |rhythm: &str, now: &str, latest: &str| {
            let rhythm: Rhythm = rhythm.parse().unwrap();
            assert_eq!(rhythm.latest(at(now)), Some(at(latest)), "{rhythm} at {now}");
        };
        check("hourly", "2026-11-28T10:59:59.999999Z", "2026-11-28T10:00:00Z");
        check("hourly", "2026-11-28T11:00:00Z", "2026-11-28T11:00:00Z");
        // In winter Berlin is one hour ahead, in summer two.
        check("daily 07:30", "2026-11-28T06:29:59Z", "2026-11-27T06:30:00Z");
        check("daily 07:30", "2026-11-28T06:30:00Z", "2026-11-28T06:30:00Z");
        check("daily 07:30", "2026-07-01T05:30:00Z", "2026-07-01T05:30:00Z");
        // The days of the change: an hour shorter or longer, still once a day at its time.
        check("daily 07:30", "2026-03-29T05:29:00Z", "2026-03-28T06:30:00Z");
        check("daily 07:30", "2026-03-29T05:30:00Z", "2026-03-29T05:30:00Z");
        check("daily 07:30", "2026-10-25T06:30:00Z", "2026-10-25T06:30:00Z");
        // 02:30 is skipped in March and comes twice in October.
        check("daily 02:30", "2026-03-29T01:29:00Z", "2026-03-28T01:30:00Z");
        check("daily 02:30", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z");
        check("daily 02:30", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z");
        check("daily 02:30", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z");
        // Just after midnight it is yesterday's.
        check("daily 23:59", "2026-11-27T23:00:00Z", "2026-11-27T22:59:00Z");
        assert_eq!(Rhythm::AtOnce.latest(at("2026-11-28T10:59:59Z")), None);
    }
}
