//! How the pages look and listen in this browser: language, theme, single keys.
//!
//! Invariant: kept in cookies of this browser alone, so that the database knows nothing of it and it holds before the
//! log-in. How often somebody is told by mail belongs to the contact (`directory/rhythm.rs`), not to a person.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::HERE;
use crate::http::State;
use crate::http::pages::field::Choice;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::PersonForm;
use crate::http::words::{COOKIE, Language};

const THEME: &str = "lotse_theme";
const KEYS: &str = "lotse_keys";

/// What somebody chose in this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taste {
    /// `light` or `dark`; nothing: as the system has it.
    pub theme: Option<&'static str>,
    /// Whether single keys do something (WCAG 2.1.4 wants them to be switched off).
    pub has_keys: bool,
}

impl Taste {
    /// As this browser remembers it.
    pub fn of(request: &HttpRequest) -> Self {
        let value = |name| request.cookie(name).map(|cookie| cookie.value().to_owned());
        Self { theme: theme(&value(THEME).unwrap_or_default()), has_keys: value(KEYS).as_deref() != Some("off") }
    }
}

fn theme(text: &str) -> Option<&'static str> {
    ["light", "dark"].into_iter().find(|theme| *theme == text)
}

/// The fields of the form.
pub struct Settings {
    /// German or English.
    pub language: Choice,
    /// System, light or dark.
    pub theme: Choice,
    /// On or off.
    pub keys: Choice,
}

impl Settings {
    /// As they are.
    pub fn new(shell: &Shell) -> Self {
        let option = |value: &str, words: String| (value.to_owned(), words);
        let languages = [Language::De, Language::En].map(|one| option(one.as_str(), one.own_name().to_owned()));
        let themes = [
            option("", shell.say("theme-system")),
            option("light", shell.say("theme-light")),
            option("dark", shell.say("theme-dark")),
        ];
        let keys = [option("on", shell.say("keys-on")), option("off", shell.say("keys-off"))];
        let has_keys = if shell.taste.has_keys { "on" } else { "off" };
        let choice = |id, key: &str, options: Vec<_>, chosen| Choice::new(shell, id, &shell.say(key), options, chosen);
        Self {
            language: choice("sprache", "settings-language", languages.into(), shell.language.as_str()),
            theme: choice("darstellung", "settings-theme", themes.into(), shell.taste.theme.unwrap_or_default()),
            keys: choice("tasten", "settings-keys", keys.into(), has_keys).hint(shell.say("settings-keys-hint")),
        }
    }
}

/// The form as it was sent.
#[derive(Debug, Deserialize)]
pub struct Change {
    #[serde(default)]
    sprache: String,
    #[serde(default)]
    darstellung: String,
    #[serde(default)]
    tasten: String,
}

/// Remembers it in this browser.
pub async fn change(state: Data<State>, PersonForm { body: typed, .. }: PersonForm<Change>) -> PageResult {
    let mut answer = lead_done(HERE, "settings");
    let language = Language::parse(&typed.sprache).unwrap_or(Language::De);
    remember(&mut answer, &state, COOKIE, language.as_str());
    remember(&mut answer, &state, THEME, theme(&typed.darstellung).unwrap_or_default());
    remember(&mut answer, &state, KEYS, if typed.tasten == "off" { "off" } else { "" });
    Ok(answer)
}

/// An empty value forgets. Scripts may read and write these: nothing here is secret, and the list of work switches the
/// keys off where somebody is.
fn remember(answer: &mut HttpResponse, state: &State, name: &str, value: &str) {
    let age = if value.is_empty() { Duration::ZERO } else { Duration::days(365) };
    let cookie = Cookie::build(name, value).path("/").max_age(age).same_site(SameSite::Lax);
    if let Err(fault) = answer.add_cookie(&cookie.secure(state.is_https()).finish()) {
        tracing::error!(%fault, "a cookie could not be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_what_there_is_counts() {
        let taste = |cookies: &[(&'static str, &'static str)]| {
            let request = cookies
                .iter()
                .fold(TestRequest::default(), |request, (name, value)| request.cookie(Cookie::new(*name, *value)));
            Taste::of(&request.to_http_request())
        };
        assert_eq!(taste(&[]), Taste { theme: None, has_keys: true });
        assert_eq!(taste(&[(THEME, "dark"), (KEYS, "off")]), Taste { theme: Some("dark"), has_keys: false });
        assert_eq!(taste(&[(THEME, "\"><script>"), (KEYS, "x")]), Taste { theme: None, has_keys: true });
    }
}
