//! How public help puts things: times near now, telephone numbers, languages, names without their additions.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike};
use chrono_tz::{Europe::Berlin, Tz};

use crate::clock::Timestamp;
use crate::directory::HelpLanguage;
use crate::directory::hours::{self, Open};
use crate::http::words::Speech;

/// Until when somebody is there, or from when again, in words; empty where that is not in sight.
pub fn change(speech: Speech, open: Open, now: Timestamp) -> String {
    let Some(at) = open.changes_at else { return String::new() };
    let key = if open.is_open { "help-until" } else { "help-from" };
    moment(speech, key, at, now)
}

/// A sentence with a day and a time of day in it.
pub fn moment(speech: Speech, key: &str, at: Timestamp, now: Timestamp) -> String {
    let wall = at.utc().with_timezone(&Berlin);
    let minutes = u16::try_from(wall.hour() * 60 + wall.minute()).unwrap_or_default();
    let clock = hours::clock(minutes, speech.0);
    speech.with_all(key, &[("day", day(speech, wall, now)), ("clock", clock)])
}

/// The day in the words of somebody who speaks now.
fn day(speech: Speech, wall: DateTime<Tz>, now: Timestamp) -> String {
    let (there, today) = (wall.date_naive(), now.day_in_berlin());
    let weekday = hours::weekday(there.weekday().num_days_from_monday() as usize, speech.0);
    match (there - today).num_days() {
        0 => speech.say("help-today"),
        1 => speech.say("help-tomorrow"),
        2..=6 => match speech.0 {
            HelpLanguage::English => format!("on {weekday}"),
            _ => format!("am {weekday}"),
        },
        _ => {
            let date = date_words(speech, wall);
            match speech.0 {
                HelpLanguage::English => format!("on {date}"),
                _ => format!("am {date}"),
            }
        }
    }
}

fn date_words(speech: Speech, wall: DateTime<Tz>) -> String {
    let weekday = hours::weekday(wall.weekday().num_days_from_monday() as usize, speech.0).to_owned();
    let month = speech.try_say(&format!("help-month-{}", wall.month())).unwrap_or_default();
    speech.with_all("help-date", &[("weekday", weekday), ("day", wall.day().to_string()), ("month", month)])
}

/// A date in figures.
pub fn date(speech: Speech, at: Timestamp) -> String {
    day_in_figures(speech, at.day_in_berlin())
}

/// A day in figures.
pub fn day_in_figures(speech: Speech, day: NaiveDate) -> String {
    match speech.0 {
        HelpLanguage::English => day.format("%-d/%-m/%Y").to_string(),
        _ => day.format("%d.%m.%Y").to_string(),
    }
}

/// The digits that a telephone dials. A zero in brackets after the country's code is only for callers from within.
pub fn dialled(phone: &str) -> String {
    let phone = if phone.trim_start().starts_with('+') { phone.replace("(0)", "") } else { phone.to_owned() };
    phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// The languages spoken, where they are more or others than German.
pub fn languages(speech: Speech, tags: &[Box<str>]) -> Option<String> {
    if tags.iter().all(|tag| &**tag == "de") {
        return None;
    }
    let name = |tag: &str| {
        let known = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        known.then(|| speech.try_say(&format!("language-{tag}"))).flatten().unwrap_or_else(|| tag.to_owned())
    };
    let names: Vec<String> = tags.iter().map(|tag| name(tag)).collect();
    Some(names.join(", "))
}

/// A name without what the register adds: "Kiel, Landeshauptstadt" is called Kiel.
pub fn short(name: &str) -> &str {
    name.split(", ").next().unwrap_or(name)
}

/// A sentence's end, where it has none.
pub fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// How long a notice is recent enough to be told as "heute" or by its weekday alone; older ones have a date.
pub fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < TimeDelta::days(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rfc: &str) -> Timestamp {
        Timestamp::new(rfc.parse::<DateTime<chrono::Utc>>().unwrap())
    }

    #[track_caller]
    fn check(is_open: bool, change_at: &str, german: &str, easy: &str, english: &str) {
        let open = Open { is_open, changes_at: Some(at(change_at)) };
        let said = |language| change(Speech(language), open, at("2026-11-24T09:00:00Z"));
        assert_eq!(said(HelpLanguage::German), german);
        assert_eq!(said(HelpLanguage::Easy), easy);
        assert_eq!(said(HelpLanguage::English), english);
    }

    #[test]
    fn tells_when_it_changes() {
        check(true, "2026-11-24T17:00:00Z", "bis heute um 18 Uhr", "Bis heute, 6 Uhr abends.", "until 6 pm today");
        check(
            false,
            "2026-11-25T07:30:00Z",
            "öffnet morgen um 8:30 Uhr",
            "Wieder offen: morgen ab 8 Uhr 30 morgens.",
            "opens tomorrow at 8:30 am",
        );
        check(
            false,
            "2026-11-30T07:00:00Z",
            "öffnet am Montag um 8 Uhr",
            "Wieder offen: am Montag ab 8 Uhr morgens.",
            "opens on Monday at 8 am",
        );
        check(
            false,
            "2026-12-28T07:00:00Z",
            "öffnet am Montag, 28. Dezember um 8 Uhr",
            "Wieder offen: am Montag, 28. Dezember ab 8 Uhr morgens.",
            "opens on Monday, 28 December at 8 am",
        );
    }

    #[test]
    fn a_telephone_dials_digits() {
        for (written, dialled) in [
            ("115", "115"),
            ("+49 431 901-0", "+494319010"),
            ("+49 (0)431 901-0", "+494319010"),
            ("(0431) 901/0", "04319010"),
        ] {
            assert_eq!(super::dialled(written), dialled);
        }
    }

    #[test]
    fn names_languages() {
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).into()).collect::<Vec<Box<str>>>();
        let said = |all: &[&str]| languages(Speech(HelpLanguage::German), &tags(all));
        assert_eq!(said(&["de"]), None);
        assert_eq!(said(&["gsg"]).unwrap(), "Deutsche Gebärdensprache");
        assert_eq!(said(&["de", "en", "xx"]).unwrap(), "Deutsch, Englisch, xx");
    }
}
