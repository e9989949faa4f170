//! The sample directory of the demo: real municipalities, invented contacts. README.md names source and licence.

use chrono::{Days, NaiveDate};

/// Real rows of the register.
pub const MUNICIPALITIES: &str = include_str!("municipalities.csv");

const DIRECTORY: &str = include_str!("directory.toml");

/// The directory file with this webhook, and with confirmations and absences near `today`.
pub fn directory(today: NaiveDate, webhook_url: &str, webhook_secret: &str) -> String {
    let ago = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today).to_string();
    let ahead = |days| today.checked_add_days(Days::new(days)).unwrap_or(today).to_string();
    DIRECTORY
        .replace("{{CONFIRMED_ON}}", &ago(23))
        .replace("{{STALE_ON}}", &ago(300))
        .replace("{{ABSENT_FROM}}", &ago(2))
        .replace("{{ABSENT_UNTIL}}", &ahead(9))
        .replace("{{WEBHOOK_URL}}", webhook_url)
        .replace("{{WEBHOOK_SECRET}}", webhook_secret)
}
