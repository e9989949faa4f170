//! The way to help for somebody who has no link to it: choose the service, say the place. And what is said where an
//! address leads nowhere: never a dead end.
//!
//! Invariant: from memory only, plain forms with GET, no script. What was typed is shown again and never kept.

use std::cmp::Reverse;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::frame::{Asked, Frame, send};
use super::page::{lead_to, path};
use super::spoken::short;
use crate::directory::{PlaceEntry, ServiceEntry, Snapshot};
use crate::error::AppError;
use crate::http::State;
use crate::http::error::ApiError;
use crate::keys::fold;

/// So many services are listed at a time.
const MOST_SERVICES: usize = 100;
/// As many places as `find_places` gives at most.
const MANY_PLACES: usize = 30;
/// A word this long says something by itself; "in" and "zur" stand in too many names.
const TELLING: usize = 4;
/// What German hangs on a word, the longest first.
const ENDINGS: [&str; 6] = ["ungen", "ung", "en", "e", "n", "s"];

#[derive(Template)]
#[template(path = "help_services.html")]
struct Services<'a> {
    frame: Frame,
    typed: String,
    services: Vec<(String, &'a str)>,
    said: Option<String>,
    embed: String,
}

#[derive(Template)]
#[template(path = "help_place.html")]
struct PlaceSearch {
    frame: Frame,
    title: String,
    action: String,
    typed: String,
    found: Vec<Found>,
    said: Vec<String>,
    is_fault: bool,
    still: bool,
    services: String,
}

struct Found {
    href: String,
    name: String,
    apart: String,
}

/// Every service, or those that fit.
pub async fn services(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let (snapshot, asked) = (state.directory().current(), Asked::of(&request));
    list(&state, &snapshot, &asked, None).unwrap_or_else(|fault| ApiError::from(fault).error_response())
}

/// Where for: the form, what fits, or straight on to the one place that does.
pub async fn places(state: Data<State>, request: HttpRequest, at: Path<String>) -> HttpResponse {
    let (snapshot, asked) = (state.directory().current(), Asked::of(&request));
    let answer = match snapshot.service(&at) {
        None => unknown_service(&state, &snapshot, &asked),
        Some(service) => search(&state, &snapshot, &asked, service),
    };
    answer.unwrap_or_else(|fault| ApiError::from(fault).error_response())
}

fn search(state: &State, snapshot: &Snapshot, asked: &Asked, service: &ServiceEntry) -> Result<HttpResponse, AppError> {
    let Some(typed) = asked.place.as_deref() else { return form(state, asked, service, "", &[], Vec::new()) };
    let found = snapshot.find_places(typed);
    let speech = crate::http::words::Speech(asked.language);
    match found[..] {
        [one] => Ok(lead_to(asked, service, one)),
        [] => {
            let is_code = typed.bytes().all(|b| b.is_ascii_digit());
            let hint = if is_code { speech.say("help-none-code") } else { speech.say("help-none-name") };
            form(state, asked, service, typed, &found, vec![speech.with("help-none", "text", typed), hint])
        }
        _ => {
            let values = [("text", typed.to_owned()), ("count", found.len().to_string())];
            let said = match found.len() >= MANY_PLACES {
                true => speech.with_all("help-many", &values),
                false => speech.with_all("help-several", &values),
            };
            form(state, asked, service, typed, &found, vec![said])
        }
    }
}

/// The form, with what is said about what was typed, and what fits.
fn form(
    state: &State,
    asked: &Asked,
    service: &ServiceEntry,
    typed: &str,
    found: &[&PlaceEntry],
    said: Vec<String>,
) -> Result<HttpResponse, AppError> {
    let here = format!("/hilfe/{}", service.slug);
    let more: Vec<(&str, &str)> = if typed.is_empty() { Vec::new() } else { vec![("ort", typed)] };
    let frame = Frame::new(state, asked, &here, &more, state_sender(asked));
    let is_fault = found.is_empty() && !said.is_empty();
    let page = PlaceSearch {
        title: frame.with("help-find-place-for", "service", &service.name),
        action: here,
        typed: typed.to_owned(),
        found: found.iter().map(|place| listed(asked, service, place)).collect(),
        said,
        still: is_fault,
        is_fault,
        services: asked.address("/hilfe", &[]),
        frame,
    };
    send(StatusCode::OK, &page)
}

/// Several places share the key in the address.
pub fn choice(
    state: &State,
    asked: &Asked,
    service: &ServiceEntry,
    typed: &str,
    found: &[&PlaceEntry],
) -> Result<HttpResponse, AppError> {
    let said = crate::http::words::Speech(asked.language).say("help-ags-several");
    form(state, asked, service, typed, found, vec![said])
}

/// The service is known, the place is not: 404, with the search and what helps all the same.
pub fn unknown_place(
    state: &State,
    asked: &Asked,
    service: &ServiceEntry,
    typed: &str,
) -> Result<HttpResponse, AppError> {
    let here = format!("/hilfe/{}", service.slug);
    let frame = Frame::new(state, asked, &here, &[], state_sender(asked));
    let typed = if typed.bytes().all(|b| b.is_ascii_digit()) { "" } else { typed };
    let page = PlaceSearch {
        title: frame.say("help-unknown"),
        action: here,
        typed: typed.chars().take(100).collect(),
        found: Vec::new(),
        said: vec![frame.say("help-unknown-place")],
        is_fault: true,
        still: true,
        services: asked.address("/hilfe", &[]),
        frame,
    };
    send(StatusCode::NOT_FOUND, &page)
}

/// The service is not known: 404, with all of them and what helps all the same.
pub fn unknown_service(state: &State, snapshot: &Snapshot, asked: &Asked) -> Result<HttpResponse, AppError> {
    list(state, snapshot, asked, Some("help-unknown-service"))
}

fn list(state: &State, snapshot: &Snapshot, asked: &Asked, fault: Option<&str>) -> Result<HttpResponse, AppError> {
    let typed = asked.service.clone().unwrap_or_default();
    let more: Vec<(&str, &str)> = if typed.is_empty() { Vec::new() } else { vec![("q", &typed)] };
    let frame = Frame::new(state, asked, "/hilfe", &more, state_sender(asked));
    let searched = |service: &ServiceEntry| format!("{} {}", fold(&service.name), fold(service.slug.as_str()));
    let mut named: Vec<(String, &ServiceEntry)> =
        snapshot.services().iter().map(|service| (searched(service), service)).collect();
    named.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let (mut services, fits_all) = fitting(&named, &typed);
    let all = services.len();
    services.truncate(MOST_SERVICES);
    let said = match (fault, all) {
        (Some(key), _) => Some(frame.say(key)),
        (None, 0) if !typed.is_empty() => Some(frame.with("help-service-none", "text", &typed)),
        (None, 1..) if !fits_all => Some(frame.with("help-service-some", "text", &typed)),
        (None, all) if all > MOST_SERVICES => Some(frame.with("help-service-more", "count", MOST_SERVICES)),
        _ => None,
    };
    let link = |service: &&'_ ServiceEntry| asked.address(&format!("/hilfe/{}", service.slug), &[]);
    let page = Services {
        services: services.iter().map(|service| (link(service), &*service.name)).collect(),
        typed,
        said,
        embed: asked.address("/einbinden", &[]),
        frame,
    };
    send(if fault.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK }, &page)
}

/// What fits the words that were typed, and whether it fits all of them. A word fits as it is, in any part of a name,
/// else by its beginning. Where nothing fits all words, what fits some of them is found, what fits most of them first.
fn fitting<T: Copy>(named: &[(String, T)], typed: &str) -> (Vec<T>, bool) {
    let typed = fold(typed);
    let words: Vec<&str> = typed.split_whitespace().collect();
    let mut beginnings: Vec<&str> = words.iter().map(|word| beginning(word)).collect();
    for wanted in [&words, &beginnings] {
        let fits_all = named.iter().filter(|(text, _)| wanted.iter().all(|word| text.contains(*word)));
        let found: Vec<T> = fits_all.map(|(_, one)| *one).collect();
        if !found.is_empty() {
            return (found, true);
        }
    }
    beginnings.retain(|word| word.len() >= TELLING);
    let count = |text: &str| beginnings.iter().filter(|word| text.contains(**word)).count();
    let mut some: Vec<(usize, T)> = named.iter().map(|(text, one)| (count(text), *one)).collect();
    some.retain(|(count, _)| *count > 0);
    some.sort_by_key(|(count, _)| Reverse(*count));
    (some.into_iter().map(|(_, one)| one).collect(), false)
}

/// A word without its ending, so that "anmelden" finds "Anmeldung".
fn beginning(word: &str) -> &str {
    let mut shorter = ENDINGS.iter().filter_map(|ending| word.strip_suffix(*ending));
    shorter.find(|rest| rest.len() >= TELLING).unwrap_or(word)
}

/// Pages for all municipalities are nobody's in particular.
fn state_sender(asked: &Asked) -> String {
    crate::http::words::Speech(asked.language).say("help-title")
}

/// A place with what tells it from others of its name.
fn listed(asked: &Asked, service: &ServiceEntry, place: &PlaceEntry) -> Found {
    let mut apart: Vec<&str> = [short(&place.association), short(&place.district), place.land.name()].into();
    apart.retain(|part| !part.is_empty() && *part != short(&place.name));
    apart.dedup();
    if apart.is_empty() {
        // Berlin, Bremen and Hamburg are their own Land: nothing around them has another name.
        let apart = crate::http::words::Speech(asked.language).say("help-city-state");
        return Found { href: asked.address(&path(service, place), &[]), name: place.name.to_string(), apart };
    }
    Found { href: asked.address(&path(service, place), &[]), name: place.name.to_string(), apart: apart.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: (&[&str], bool)) {
        let names =
            ["Bewohnerparkausweis", "Einbürgerung", "Elektronische Wohnsitzanmeldung", "Kita-Anmeldung", "Wohngeld"];
        let named: Vec<(String, &str)> = names.iter().map(|name| (fold(name), *name)).collect();
        let (found, fits_all) = fitting(&named, typed);
        assert_eq!((found.as_slice(), fits_all), expected, "{typed}");
    }

    #[test]
    fn finds_a_service_by_the_words_of_it() {
        check("wohnsitz", (&["Elektronische Wohnsitzanmeldung"], true));
        check("Anmeldung, Kita", (&["Kita-Anmeldung"], true));
        check("einbuergerung", (&["Einbürgerung"], true));
        // By their beginning.
        check("wohnung anmelden", (&["Elektronische Wohnsitzanmeldung"], true));
        check("anmelden", (&["Elektronische Wohnsitzanmeldung", "Kita-Anmeldung"], true));
        check("EINBÜRGERN", (&["Einbürgerung"], true));
        check("parkausweise", (&["Bewohnerparkausweis"], true));
        // Some of the words, most of them first; short ones say nothing.
        check("kita platz anmelden", (&["Kita-Anmeldung", "Elektronische Wohnsitzanmeldung"], false));
        check("wohngeld in kiel", (&["Wohngeld"], false));
        check("umzug", (&[], false));
        check("in ab", (&[], false));
    }

    #[test]
    fn finds_all_where_nothing_is_typed() {
        assert_eq!(fitting(&[("a".to_owned(), 1), ("b".to_owned(), 2)], " "), (vec![1, 2], true));
    }
}
