//! What figures are called, in the reader's language: on the page and in files.

use chrono::{Datelike, NaiveDate};

use crate::figures::export::Naming;
use crate::figures::{Dimension, LineStep, Times};
use crate::http::words::Language;

/// The words of a language.
#[derive(Debug, Clone, Copy)]
pub struct Names(pub Language);

impl Names {
    /// A day as one writes it.
    pub fn day(self, day: NaiveDate) -> String {
        match self.0 {
            Language::De => day.format("%d.%m.%Y").to_string(),
            Language::En => day.format("%-d %b %Y").to_string(),
        }
    }

    /// A step of the line, short.
    pub fn step(self, step: LineStep, from: NaiveDate) -> String {
        match (step, self.0) {
            (LineStep::Day, Language::De) => from.format("%d.%m.").to_string(),
            (LineStep::Day, Language::En) => from.format("%-d %b").to_string(),
            (LineStep::Week, _) => self.0.with("figures-week", "week", from.iso_week().week()),
            (LineStep::Month, _) => from.format("%m/%Y").to_string(),
        }
    }

    /// A whole number with its thousands apart.
    pub fn number(self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let apart = if self.0 == Language::De { '.' } else { ',' };
        let mut text = String::from(if number < 0 { "-" } else { "" });
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(apart);
            }
            text.push(digit);
        }
        text
    }

    /// A share.
    pub fn percent(self, share: Option<i64>) -> String {
        share.map_or_else(|| "–".to_owned(), |share| self.0.with("figures-percent", "share", share))
    }

    /// How long: minutes, hours or days, as fits.
    pub fn long(self, seconds: i64) -> String {
        let minutes = (seconds + 30) / 60;
        let (key, tenths) = match minutes {
            ..=89 => return self.0.with("figures-minutes", "time", minutes),
            90..=2879 => ("figures-hours", (minutes * 10 + 30) / 60),
            _ => ("figures-days", (minutes * 10 + 720) / 1440),
        };
        self.0.with(key, "time", self.tenths(tenths))
    }

    /// The median and the ninth of ten.
    pub fn times(self, times: Option<Times>) -> (String, String) {
        let none = || "–".to_owned();
        times.map_or_else(|| (none(), none()), |times| (self.long(times.median_seconds), self.long(times.p90_seconds)))
    }

    /// Below a hundred with one digit behind the point.
    fn tenths(self, tenths: i64) -> String {
        if tenths >= 1000 || tenths % 10 == 0 {
            return self.number((tenths + 5) / 10);
        }
        let point = if self.0 == Language::De { ',' } else { '.' };
        format!("{}{point}{}", tenths / 10, tenths % 10)
    }
}

impl Naming for Names {
    fn sheet_column(&self) -> String {
        self.0.say("figures-table")
    }

    fn sheet(&self, of: Dimension) -> String {
        self.0.say(&format!("figures-by-{of}"))
    }

    fn columns(&self) -> [String; 15] {
        [
            "figures-name",
            "figures-key",
            "figures-received",
            "figures-answered",
            "figures-in-time",
            "figures-late",
            "figures-share",
            "figures-escalated",
            "figures-returned",
            "figures-rejected",
            "figures-open",
            "figures-taken-median",
            "figures-taken-p90",
            "figures-answer-median",
            "figures-answer-p90",
        ]
        .map(|key| self.0.say(key))
    }

    fn row(&self, of: Dimension, value: &str, name: Option<&str>) -> String {
        match of {
            Dimension::All => value.parse().map_or_else(|_| value.to_owned(), |day| self.day(day)),
            Dimension::Category => self.0.say(&format!("category-{value}")),
            Dimension::Origin => self.0.say(&format!("channel-{value}")),
            Dimension::Service | Dimension::Contact | Dimension::Municipality => name.unwrap_or(value).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let (de, en) = (Names(Language::De), Names(Language::En));
        assert_eq!(
            (de.number(1_234_567), en.number(1_234), de.number(12)),
            ("1.234.567".into(), "1,234".into(), "12".into())
        );
        assert_eq!(de.long(5_760), "1,6 Std.");
        assert_eq!(de.long(89 * 60), "89 Min.");
        assert_eq!(en.long(82_800), "23 h");
        assert_eq!(de.long(5 * 86_400 + 43_200), "5,5 Tage");
    }
}
