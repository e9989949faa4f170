//! How often a contact is told, as the page asks it.

use crate::directory::Rhythm;
use crate::error::AppError;
use crate::http::words::Language;

/// One that can be chosen.
pub(super) struct Choice {
    pub word: &'static str,
    pub label: String,
    pub is_chosen: bool,
}

/// What can be chosen; what was typed counts before what is recorded.
pub(super) fn choices(language: Language, recorded: Rhythm, typed: &str) -> Vec<Choice> {
    let chosen = if typed.is_empty() { word(recorded) } else { typed };
    let choice = |word: &'static str| Choice {
        word,
        label: language.say(&format!("confirm-rhythm-{word}")),
        is_chosen: word == chosen,
    };
    ["at_once", "hourly", "daily"].into_iter().map(choice).collect()
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
pub(super) fn in_words(language: Language, rhythm: Rhythm) -> String {
    language.with(&format!("confirm-hears-{}", word(rhythm)), "time", time(rhythm))
}

fn word(rhythm: Rhythm) -> &'static str {
    match rhythm {
        Rhythm::AtOnce => "at_once",
        Rhythm::Hourly => "hourly",
        Rhythm::Daily(_) => "daily",
    }
}
