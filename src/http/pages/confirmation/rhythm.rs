//! How often a contact is told, as the page asks it.

use crate::directory::Rhythm;
use crate::error::AppError;

/// What is wrong with a choice.
pub(super) const FAULT: &str = "Zu täglich gehört eine Uhrzeit. Schreiben Sie sie wie 07:30.";

/// One that can be chosen.
pub(super) struct Choice {
    pub word: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
}

/// What can be chosen; what was typed counts before what is recorded.
pub(super) fn choices(recorded: Rhythm, typed: &str) -> Vec<Choice> {
    let all = [("at_once", "sofort"), ("hourly", "stündlich"), ("daily", "täglich um")];
    let chosen = if typed.is_empty() { word(recorded) } else { typed };
    all.into_iter().map(|(word, label)| Choice { word, label, is_chosen: word == chosen }).collect()
}

/// What was chosen.
pub(super) fn chosen(word: &str, time: &str) -> Result<Rhythm, AppError> {
    let text = if word == "daily" && !time.is_empty() { format!("daily {time}") } else { word.to_owned() };
    text.parse().map_err(|fault: &str| AppError::field("notify", fault))
}

/// The time that stands in the field.
pub(super) fn time(recorded: Rhythm) -> String {
    let time = if let Rhythm::Daily(time) = recorded { time } else { Rhythm::usual_time() };
    time.format("%H:%M").to_string()
}

/// In words.
pub(super) fn german(rhythm: Rhythm) -> String {
    match rhythm {
        Rhythm::AtOnce => "sofort".to_owned(),
        Rhythm::Hourly => "stündlich, Dringendes sofort".to_owned(),
        Rhythm::Daily(time) => format!("täglich um {} Uhr, Dringendes sofort", time.format("%H:%M")),
    }
}

fn word(rhythm: Rhythm) -> &'static str {
    match rhythm {
        Rhythm::AtOnce => "at_once",
        Rhythm::Hourly => "hourly",
        Rhythm::Daily(_) => "daily",
    }
}
