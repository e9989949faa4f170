//! What pages say, in German and English, and what is shown to the public also in Leichte Sprache. The texts stand in
//! `locales/`, one file a family of pages.
//!
//! Invariant: both languages have the same keys with the same variables, Leichte Sprache those of the public pages, and
//! every key that a page or template names exists (tests below). German is what a page speaks unless somebody wants
//! otherwise.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use chrono_tz::Europe::Berlin;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

use crate::clock::Timestamp;
use crate::directory::HelpLanguage;

static_loader! {
    static TEXTS = {
        locales: "./src/http/locales",
        fallback_language: "de",
        // The signs that keep left-to-right apart from right-to-left would stand in every attribute and test.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The cookie with the language that somebody chose.
pub const COOKIE: &str = "lotse_lang";
/// The parameter that chooses one.
pub const PARAMETER: &str = "lang";

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
}

impl Language {
    /// By its short name, such as `de`.
    pub fn parse(name: &str) -> Option<Self> {
        match name.get(..2)?.to_ascii_lowercase().as_str() {
            "de" => Some(Self::De),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The one that was just chosen by `?lang=`.
    pub fn chosen(request: &HttpRequest) -> Option<Self> {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        pairs.filter(|(name, _)| name == PARAMETER).find_map(|(_, value)| Self::parse(&value))
    }

    /// The one for this request: chosen, remembered, preferred by the browser, German.
    pub fn of(request: &HttpRequest) -> Self {
        let remembered = || request.cookie(COOKIE).and_then(|cookie| Self::parse(cookie.value()));
        let accepted = || request.headers().get(ACCEPT_LANGUAGE).and_then(|value| preferred(value.to_str().ok()?));
        Self::chosen(request).or_else(remembered).or_else(accepted).unwrap_or(Self::De)
    }

    /// Its short name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::De => Self::En,
            Self::En => Self::De,
        }
    }

    /// What it calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::De => "Deutsch",
            Self::En => "English",
        }
    }

    fn id(self) -> LanguageIdentifier {
        match self {
            Self::De => langid!("de"),
            Self::En => langid!("en"),
        }
    }

    /// A text without variables.
    pub fn say(self, key: &str) -> String {
        TEXTS.lookup(&self.id(), key)
    }

    /// A text that may be missing.
    pub fn try_say(self, key: &str) -> Option<String> {
        TEXTS.try_lookup(&self.id(), key)
    }

    /// A text with one variable.
    pub fn with(self, key: &str, name: &'static str, value: impl Display) -> String {
        self.with_all(key, &[(name, value.to_string())])
    }

    /// A text with several variables.
    pub fn with_all(self, key: &str, values: &[(&'static str, String)]) -> String {
        filled(&self.id(), key, values)
    }

    /// A time as the clock on the wall shows it.
    pub fn time(self, time: Timestamp) -> String {
        let local = time.utc().with_timezone(&Berlin);
        match self {
            Self::De => local.format("%d.%m.%Y, %H:%M Uhr").to_string(),
            Self::En => local.format("%-d %b %Y, %H:%M").to_string(),
        }
    }

    /// A time near now: yesterday, today and tomorrow by their names.
    pub fn near(self, time: Timestamp, now: Timestamp) -> String {
        let clock = time.utc().with_timezone(&Berlin).format("%H:%M").to_string();
        match (now.day_in_berlin() - time.day_in_berlin()).num_days() {
            -1 => self.with_all("tomorrow-at", &[("time", clock)]),
            0 => self.with_all("today-at", &[("time", clock)]),
            1 => self.with_all("yesterday-at", &[("time", clock)]),
            _ => self.time(time),
        }
    }

    /// The same as day and time of day apart.
    pub fn day_and_clock(self, time: Timestamp, now: Timestamp) -> (String, String) {
        let local = time.utc().with_timezone(&Berlin);
        let day = match (now.day_in_berlin() - time.day_in_berlin()).num_days() {
            0 => self.say("today"),
            1 => self.say("yesterday"),
            _ if self == Self::De => local.format("%d.%m.%Y").to_string(),
            _ => local.format("%-d %b %Y").to_string(),
        };
        (day, local.format("%H:%M").to_string())
    }
}

/// What the public pages say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speech(pub HelpLanguage);

impl Speech {
    fn id(self) -> LanguageIdentifier {
        match self.0 {
            HelpLanguage::German => langid!("de"),
            HelpLanguage::Easy => langid!("de-leicht"),
            HelpLanguage::English => langid!("en"),
        }
    }

    /// The language of the page for browsers and screen readers; Leichte Sprache is German.
    pub fn html_lang(self) -> &'static str {
        if self.0 == HelpLanguage::English { "en" } else { "de" }
    }

    /// A text without variables.
    pub fn say(self, key: &str) -> String {
        TEXTS.lookup(&self.id(), key)
    }

    /// A text that may be missing.
    pub fn try_say(self, key: &str) -> Option<String> {
        TEXTS.try_lookup(&self.id(), key)
    }

    /// A text with one variable.
    pub fn with(self, key: &str, name: &'static str, value: impl Display) -> String {
        self.with_all(key, &[(name, value.to_string())])
    }

    /// A text with several variables.
    pub fn with_all(self, key: &str, values: &[(&'static str, String)]) -> String {
        filled(&self.id(), key, values)
    }
}

fn filled(language: &LanguageIdentifier, key: &str, values: &[(&'static str, String)]) -> String {
    let value = |(name, value): &(&'static str, String)| {
        // A count is a number to Fluent, so that a text can say "1 Stunde" and "2 Stunden".
        let count = Some(value).filter(|_| *name == "count").and_then(|value| value.parse::<u32>().ok());
        (Cow::Borrowed(*name), count.map_or_else(|| FluentValue::from(value.clone()), FluentValue::from))
    };
    let values: HashMap<Cow<'static, str>, FluentValue> = values.iter().map(value).collect();
    TEXTS.lookup_with_args(language, key, &values)
}

/// The language that `Accept-Language` wants most, of those we have.
fn preferred(accepted: &str) -> Option<Language> {
    let weighed = accepted.split(',').filter_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let language = Language::parse(parts.next()?)?;
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        (weight > 0.0).then_some((language, weight))
    });
    // The first of the heaviest.
    weighed.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::audit::{AuditAction, ObjectKind};
    use crate::access::users::UserState;
    use crate::access::{Channel, Role};
    use crate::http::pages::audit::action_key;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    fn files(folder: &Path, ending: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path, ending));
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
        found
    }

    fn http() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")
    }

    /// Key to the variables in its text.
    fn keys(language: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        let mut last = String::new();
        for (file, text) in files(&http().join("locales").join(language), "ftl") {
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                if let Some((key, _)) =
                    line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
                {
                    last = key.to_owned();
                    assert!(keys.insert(last.clone(), BTreeSet::new()).is_none(), "{file}: {key} stands twice");
                }
                for part in line.split('$').skip(1) {
                    let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    keys.get_mut(&last).unwrap().insert(name);
                }
            }
        }
        keys
    }

    #[test]
    fn both_languages_have_the_same_keys_and_variables() {
        let (german, english) = (keys("de"), keys("en"));
        assert!(german.len() > 50, "{}", german.len());
        for (key, variables) in &german {
            assert_eq!(english.get(key), Some(variables), "{key} in English");
        }
        for key in english.keys() {
            assert!(german.contains_key(key), "{key} is English only");
        }
    }

    #[test]
    fn leichte_sprache_has_every_text_of_the_public_pages() {
        let (all, easy) = (keys("de"), keys("de-leicht"));
        let own = |file: &str| std::fs::read_to_string(http().join("locales/de").join(file)).unwrap();
        let public = own("help.ftl") + &own("form.ftl");
        let is_public =
            |key: &str| public.lines().any(|line| line.strip_prefix(key).is_some_and(|l| l.starts_with(" =")));
        let german: BTreeMap<_, _> = all.into_iter().filter(|(key, _)| is_public(key)).collect();
        assert!(german.len() > 40, "{}", german.len());
        for (key, variables) in &german {
            let own = easy.get(key).unwrap_or_else(|| panic!("{key} is missing in Leichte Sprache"));
            assert!(own.is_subset(variables), "{key} in Leichte Sprache knows {own:?}");
        }
        for key in easy.keys() {
            assert!(german.contains_key(key), "{key} is in Leichte Sprache only");
        }
        assert_eq!(Speech(HelpLanguage::Easy).say("help-open"), "Jetzt ist jemand da.");
    }

    /// Keys stand as literals after one of these.
    #[test]
    fn every_key_that_is_used_exists() {
        let known = keys("de");
        let mut used = BTreeSet::new();
        let sources = files(&http(), "rs").into_iter().chain(files(&http().join("templates"), "html"));
        for (file, text) in sources.filter(|(file, _)| !file.ends_with("words.rs")) {
            for call in ["say(\"", ".with(\"", "with_all(\"", "Key(\""] {
                for part in text.split(call).skip(1) {
                    let key = part.split('"').next().unwrap();
                    assert!(known.contains_key(key), "{file}: there is no text {key}");
                    used.insert(key.to_owned());
                }
            }
        }
        assert!(used.len() > 40, "{used:?}");
    }

    #[test]
    fn every_word_of_the_table_of_rights_has_a_name() {
        let known = keys("de");
        for role in Role::ALL {
            assert!(known.contains_key(&format!("role-{role}")), "{role}");
        }
        for channel in Channel::ALL {
            assert!(known.contains_key(&format!("channel-{channel}")), "{channel}");
        }
        for state in UserState::ALL {
            assert!(known.contains_key(&format!("state-{state}")), "{state}");
        }
        for action in AuditAction::ALL {
            assert!(known.contains_key(&action_key(*action)), "{action}");
        }
        for object in ObjectKind::ALL {
            assert!(known.contains_key(&format!("object-{object}")), "{object}");
        }
    }

    #[test]
    fn the_heaviest_known_language_wins() {
        assert_eq!(preferred("de-DE,de;q=0.9,en;q=0.8"), Some(Language::De));
        assert_eq!(preferred("fr, en-GB;q=0.7, de;q=0.3"), Some(Language::En));
        assert_eq!(preferred("en;q=0, de;q=0.1"), Some(Language::De));
        assert_eq!(preferred("fr"), None);
        assert_eq!(preferred("é"), None);
    }

    #[test]
    fn numbers_choose_their_form() {
        assert_eq!(Language::De.with("person-log-out-effect", "count", 1), "Eine Anmeldung gilt gerade.");
        assert_eq!(Language::De.with("person-log-out-effect", "count", 2), "2 Anmeldungen gelten gerade.");
    }
}
