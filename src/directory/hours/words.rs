//! Service hours as a person reads them: in German, Leichte Sprache and English.
//!
//! Invariant: says what the hours mean, day by day, not how they were written; hours without a plain week are shown as
//! they were written. Leichte Sprache has one statement a line.

use super::week::{Span, Week};
use crate::directory::HelpLanguage;

const GERMAN_DAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];
const EASY_DAYS: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donners-Tag", "Freitag", "Samstag", "Sonntag"];
const ENGLISH_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NOON: u16 = 12 * 60;
const MIDNIGHT: u16 = 24 * 60;

/// The hours in words as they are meant ([`super::meant`]), such as "Montag bis Freitag, 8 bis 18 Uhr, nicht an
/// Feiertagen".
pub fn in_words(hours: &str, language: HelpLanguage) -> String {
    let Some(week) = Week::of(&super::meant(hours)) else { return hours.to_owned() };
    match language {
        HelpLanguage::German => german(&week),
        HelpLanguage::Easy => easy(&week),
        HelpLanguage::English => english(&week),
    }
}

/// A time of day, in minutes after midnight: `18 Uhr`, `6 Uhr abends`, `6 pm`.
pub fn clock(time: u16, language: HelpLanguage) -> String {
    match language {
        HelpLanguage::German => format!("{} Uhr", german_time(time)),
        HelpLanguage::Easy => easy_time(time),
        HelpLanguage::English => english_time(time),
    }
}

/// A day of the week, Monday first: `Donnerstag`, `Donners-Tag`, `Thursday`.
pub fn weekday(day: usize, language: HelpLanguage) -> &'static str {
    let names = match language {
        HelpLanguage::German => GERMAN_DAYS,
        HelpLanguage::Easy => EASY_DAYS,
        HelpLanguage::English => ENGLISH_DAYS,
    };
    names.get(day % 7).copied().unwrap_or_default()
}

fn german(week: &Week) -> String {
    if week.is_always() {
        return "Rund um die Uhr".into();
    }
    let times = |spans: &[Span]| {
        let spans = spans.iter().map(|(from, to)| format!("{} bis {}", german_time(*from), german_time(*to)));
        format!("{} Uhr", list(&spans.collect::<Vec<_>>(), "und"))
    };
    let times = |spans: &[Span]| if spans == [(0, MIDNIGHT)] { "rund um die Uhr".into() } else { times(spans) };
    let groups = week.groups();
    let mut parts: Vec<String> = groups
        .iter()
        .map(|(days, spans)| format!("{}, {}", which(days, GERMAN_DAYS, "bis", "und", "Täglich"), times(spans)))
        .collect();
    match &week.holidays {
        Some(spans) if spans.is_empty() => {
            if let Some(last) = parts.last_mut() {
                last.push_str(", nicht an Feiertagen");
            }
        }
        Some(spans) => parts.push(format!("an Feiertagen {}", times(spans))),
        None => {}
    }
    if parts.is_empty() { "Geschlossen".into() } else { parts.join("; ") }
}

fn english(week: &Week) -> String {
    if week.is_always() {
        return "Around the clock".into();
    }
    let times = |spans: &[Span]| {
        let spans = spans.iter().map(|(from, to)| match (*from, *to) {
            (0, MIDNIGHT) => "around the clock".to_owned(),
            (from, to) => format!("{} to {}", english_time(from), english_time(to)),
        });
        list(&spans.collect::<Vec<_>>(), "and")
    };
    let groups = week.groups();
    let mut parts: Vec<String> = groups
        .iter()
        .map(|(days, spans)| format!("{}, {}", which(days, ENGLISH_DAYS, "to", "and", "Daily"), times(spans)))
        .collect();
    match &week.holidays {
        Some(spans) if spans.is_empty() => {
            if let Some(last) = parts.last_mut() {
                last.push_str(", closed on public holidays");
            }
        }
        Some(spans) => parts.push(format!("on public holidays {}", times(spans))),
        None => {}
    }
    if parts.is_empty() { "Closed".into() } else { parts.join("; ") }
}

fn easy(week: &Week) -> String {
    if week.is_always() {
        return "Immer.\nAm Tag und in der Nacht.".into();
    }
    let mut lines = Vec::new();
    let times = |lines: &mut Vec<String>, spans: &[Span]| {
        for (number, (from, to)) in spans.iter().enumerate() {
            let von = if number == 0 { "Von" } else { "Und von" };
            lines.push(match (*from, *to) {
                (0, MIDNIGHT) => "Am Tag und in der Nacht.".to_owned(),
                (from, to) => format!("{von} {} bis {}.", easy_time(from), easy_time(to)),
            });
        }
    };
    for (days, spans) in week.groups() {
        lines.push(format!("{}.", which(&days, EASY_DAYS, "bis", "und", "Jeden Tag")));
        times(&mut lines, spans);
    }
    match &week.holidays {
        Some(spans) if spans.is_empty() => lines.push("An Feier-Tagen ist niemand da.".into()),
        Some(spans) => {
            lines.push("An Feier-Tagen:".into());
            times(&mut lines, spans);
        }
        None => {}
    }
    if lines.is_empty() { "Hier ist niemand da.".into() } else { lines.join("\n") }
}

/// Days in a row as from and to, all together as a list.
fn which(days: &[usize], names: [&str; 7], to: &str, and: &str, all: &str) -> String {
    if days.len() == 7 {
        return all.to_owned();
    }
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for day in days {
        match rows.last_mut() {
            Some((_, last)) if *last + 1 == *day => *last = *day,
            _ => rows.push((*day, *day)),
        }
    }
    // Sunday and Monday are neighbours too.
    if let [(0, first), .., (_, 6)] = rows[..]
        && let Some((_, end)) = rows.last_mut()
    {
        *end = first + 7;
        rows.remove(0);
    }
    let name = |day: usize| names.get(day % 7).copied().unwrap_or_default();
    let mut said = Vec::new();
    for (from, last) in rows {
        match last - from {
            0 => said.push(name(from).to_owned()),
            1 => said.extend([name(from).to_owned(), name(last).to_owned()]),
            _ => said.push(format!("{} {to} {}", name(from), name(last))),
        }
    }
    list(&said, and)
}

fn list(parts: &[String], and: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// `8`, `8:30`, `18`.
fn german_time(time: u16) -> String {
    match (time / 60, time % 60) {
        (hour, 0) => hour.to_string(),
        (hour, minute) => format!("{hour}:{minute:02}"),
    }
}

/// `8 am`, `8:30 am`, `noon`.
fn english_time(time: u16) -> String {
    match time {
        NOON => return "noon".into(),
        0 | MIDNIGHT => return "midnight".into(),
        _ => {}
    }
    let half = if time < NOON { "am" } else { "pm" };
    match ((time / 60 + 11) % 12 + 1, time % 60) {
        (hour, 0) => format!("{hour} {half}"),
        (hour, minute) => format!("{hour}:{minute:02} {half}"),
    }
}

/// `8 Uhr morgens`, `8 Uhr 30 morgens`, `6 Uhr abends`.
fn easy_time(time: u16) -> String {
    let (hour, minute) = (time / 60, time % 60);
    let (said, part) = match hour {
        0 | 24 => (12, "nachts"),
        1..=5 => (hour, "nachts"),
        6..=9 => (hour, "morgens"),
        10 | 11 => (hour, "vormittags"),
        12 => (12, "mittags"),
        13 => (1, "mittags"),
        14..=17 => (hour - 12, "nachmittags"),
        18..=21 => (hour - 12, "abends"),
        _ => (hour - 12, "nachts"),
    };
    if minute == 0 { format!("{said} Uhr {part}") } else { format!("{said} Uhr {minute} {part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hours: &str, german: &str, easy: &str, english: &str) {
        assert_eq!(in_words(hours, HelpLanguage::German), german, "{hours}");
        assert_eq!(in_words(hours, HelpLanguage::Easy), easy, "{hours}");
        assert_eq!(in_words(hours, HelpLanguage::English), english, "{hours}");
    }

    #[test]
    fn says_the_usual_in_words() {
        check(
            "Mo-Fr 08:00-18:00; PH off",
            "Montag bis Freitag, 8 bis 18 Uhr, nicht an Feiertagen",
            "Montag bis Freitag.\nVon 8 Uhr morgens bis 6 Uhr abends.\nAn Feier-Tagen ist niemand da.",
            "Monday to Friday, 8 am to 6 pm, closed on public holidays",
        );
        check("24/7", "Rund um die Uhr", "Immer.\nAm Tag und in der Nacht.", "Around the clock");
        check(
            "Mo-Fr 08:00-12:00, Th 14:00-18:00",
            "Montag bis Mittwoch und Freitag, 8 bis 12 Uhr; Donnerstag, 8 bis 12 und 14 bis 18 Uhr, nicht an Feiertagen",
            "Montag bis Mittwoch und Freitag.\nVon 8 Uhr morgens bis 12 Uhr mittags.\nDonners-Tag.\n\
             Von 8 Uhr morgens bis 12 Uhr mittags.\nUnd von 2 Uhr nachmittags bis 6 Uhr abends.\nAn Feier-Tagen ist niemand da.",
            "Monday to Wednesday and Friday, 8 am to noon; Thursday, 8 am to noon and 2 pm to 6 pm, closed on public holidays",
        );
        check(
            "Mo-Fr 08:00-12:00; Th 14:00-18:00",
            "Montag bis Mittwoch und Freitag, 8 bis 12 Uhr; Donnerstag, 14 bis 18 Uhr, nicht an Feiertagen",
            "Montag bis Mittwoch und Freitag.\nVon 8 Uhr morgens bis 12 Uhr mittags.\nDonners-Tag.\n\
             Von 2 Uhr nachmittags bis 6 Uhr abends.\nAn Feier-Tagen ist niemand da.",
            "Monday to Wednesday and Friday, 8 am to noon; Thursday, 2 pm to 6 pm, closed on public holidays",
        );
        check(
            "Mo,Tu 08:30-12:15; PH 10:00-12:00",
            "Montag und Dienstag, 8:30 bis 12:15 Uhr; an Feiertagen 10 bis 12 Uhr",
            "Montag und Dienstag.\nVon 8 Uhr 30 morgens bis 12 Uhr 15 mittags.\nAn Feier-Tagen:\n\
             Von 10 Uhr vormittags bis 12 Uhr mittags.",
            "Monday and Tuesday, 8:30 am to 12:15 pm; on public holidays 10 am to noon",
        );
        check(
            "Sa-Mo 10:00-24:00",
            "Samstag bis Montag, 10 bis 24 Uhr, nicht an Feiertagen",
            "Samstag bis Montag.\nVon 10 Uhr vormittags bis 12 Uhr nachts.\nAn Feier-Tagen ist niemand da.",
            "Saturday to Monday, 10 am to midnight, closed on public holidays",
        );
        check(
            "24/7; PH off",
            "Täglich, rund um die Uhr, nicht an Feiertagen",
            "Jeden Tag.\nAm Tag und in der Nacht.\nAn Feier-Tagen ist niemand da.",
            "Daily, around the clock, closed on public holidays",
        );
        check("24/7 off", "Geschlossen", "Hier ist niemand da.", "Closed");
    }

    #[test]
    fn shows_the_unusual_as_it_was_written() {
        for hours in ["Mo-Fr sunrise-sunset", "Jul-Aug Mo 08:00-12:00", "Mo[1] 08:00-12:00 \"Termin\""] {
            check(hours, hours, hours, hours);
        }
    }
}
