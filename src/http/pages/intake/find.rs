//! Which place and which service somebody means: suggestions while they type, and one of each when the form is sent.
//!
//! Invariant: a place or service is taken only where the words leave no doubt, or where it was chosen from the list
//! and the words still are those of the list. Only places are suggested for which the caller may hand in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::Typed;
use crate::access::{Action, Caller, Object};
use crate::directory::{PlaceEntry, Snapshot};
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::pages::login::PageResult;
use crate::http::pages::page;
use crate::http::pages::shell::Shell;
use crate::http::public::spoken::short;
use crate::http::visitor::Staff;
use crate::keys::{Ars, Slug, fold};

/// The most suggestions that one sees at a time.
const MOST: usize = 8;

/// One place or service that may be meant.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// Its key.
    pub key: String,
    /// What is in the field when it is chosen.
    pub label: String,
    /// The name alone.
    pub name: String,
    /// What tells it from others.
    pub detail: String,
}

/// What the words of a form mean.
pub struct Meant {
    /// The place, where there is no doubt.
    pub place: Option<Ars>,
    /// The service, where there is no doubt.
    pub service: Option<Slug>,
    places: Vec<Suggestion>,
    services: Vec<String>,
}

/// How a place is called in the field: with the postal code, as people tell it.
pub fn label(place: &PlaceEntry) -> String {
    let name = short(&place.name);
    place.postal_code.as_deref().map_or_else(|| name.to_owned(), |code| format!("{name} ({code})"))
}

fn suggestion(place: &PlaceEntry) -> Suggestion {
    let (name, by) = (short(&place.name), short(&place.association));
    let detail = if by.is_empty() || by == name { short(&place.district) } else { by };
    let detail = if detail == name { place.land.name() } else { detail };
    let detail = match place.postal_code.as_deref() {
        Some(code) => format!("{code} · {detail}"),
        None => detail.to_owned(),
    };
    Suggestion { key: place.ars.to_string(), label: label(place), name: name.to_owned(), detail }
}

/// The places that words may mean; the label of a suggestion means just that.
pub fn found<'a>(snapshot: &'a Snapshot, text: &str) -> Vec<&'a PlaceEntry> {
    let text = text.trim();
    if let Some((name, code)) = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
        let exact = snapshot.find_places(name);
        let exact: Vec<_> = exact
            .into_iter()
            .filter(|place| label(place) == text && place.postal_code.as_deref() == Some(code))
            .collect();
        if !exact.is_empty() {
            return exact;
        }
    }
    snapshot.find_places(text)
}

/// The services that words may mean, by slug: the one of this slug or whole name, else those whose words hold every
/// word, first where they begin with it.
fn services_of<'a>(snapshot: &'a Snapshot, text: &str) -> Vec<&'a crate::directory::ServiceEntry> {
    let wanted = fold(text.trim());
    let exact = |slug: &str, name: &str| slug == text.trim() || fold(name) == wanted;
    if let Some(one) = snapshot.services().iter().find(|service| exact(service.slug.as_str(), &service.name)) {
        return vec![one];
    }
    let words: Vec<&str> = wanted.split(' ').filter(|word| !word.is_empty()).collect();
    let all = |name: &str, fits: fn(&str, &str) -> bool| {
        let name = fold(name);
        words.iter().all(|word| name.split([' ', '-']).any(|own| fits(own, word)))
    };
    let fits = |service: &&crate::directory::ServiceEntry| all(&service.name, |own, word| own.contains(word));
    let mut found: Vec<_> = snapshot.services().iter().filter(|one| !words.is_empty() && fits(one)).collect();
    found.sort_by_key(|service| !all(&service.name, |own, word| own.starts_with(word)));
    found
}

/// That no place is known for what was typed. Of a larger one only the postal code of its seat is known.
fn unknown(shell: &Shell, text: &str) -> String {
    let is_code = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    shell.with(if is_code { "intake-unknown-code" } else { "intake-unknown-place" }, "text", text)
}

impl Meant {
    /// What was typed.
    pub fn of(state: &State, typed: &Typed) -> Self {
        let snapshot = state.directory().current();
        let places = found(&snapshot, &typed.ort);
        let chosen = places.iter().find(|place| place.ars.as_str() == typed.ars).copied();
        let place = match places.as_slice() {
            [one] => Some(*one),
            _ => chosen,
        };
        let services = services_of(&snapshot, &typed.dienst);
        let service = if let [one] = services.as_slice() { Some(one.slug.clone()) } else { None };
        Self {
            place: place.map(|place| place.ars.clone()),
            service,
            places: places.iter().take(MOST).map(|place| suggestion(place)).collect(),
            services: services.iter().take(MOST).map(|service| service.name.to_string()).collect(),
        }
    }

    /// The places to choose from, where more than one may be meant.
    pub fn candidates(self) -> Vec<Suggestion> {
        if self.place.is_some() { Vec::new() } else { self.places }
    }

    /// Says where there is doubt.
    pub fn mark(&self, shell: &mut Shell, typed: &Typed) {
        let or = shell.say("intake-or");
        if self.place.is_none() {
            let names: Vec<String> = self.places.iter().map(|place| place.name.clone()).collect();
            let text = match (typed.ort.trim(), names.len()) {
                ("", _) => shell.say("intake-no-place"),
                (text, 0) => unknown(shell, text),
                (text, count) => shell.language.with_all("intake-which-place", &doubt(text, count, &names, &or)),
            };
            shell.fault_text("ort", text);
        }
        if self.service.is_none() {
            let text = match (typed.dienst.trim(), self.services.len()) {
                ("", _) => shell.say("intake-no-service"),
                (text, 0) => shell.with("intake-unknown-service", "text", text),
                (text, count) => {
                    shell.language.with_all("intake-which-service", &doubt(text, count, &self.services, &or))
                }
            };
            shell.fault_text("dienst", text);
        }
    }
}

/// "24354 gilt für 2 Gemeinden. Wählen Sie Rieseby oder Kosel."
pub fn doubt(text: &str, count: usize, names: &[String], or: &str) -> [(&'static str, String); 3] {
    let names = match names {
        [first, last] => format!("{first} {or} {last}"),
        [rest @ .., last] if names.len() <= 4 => format!("{} {or} {last}", rest.join(", ")),
        _ => names.iter().take(3).cloned().collect::<Vec<_>>().join(", ") + ", …",
    };
    [("text", text.to_owned()), ("count", count.to_string()), ("names", names)]
}

/// What is typed so far.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
}

#[derive(Template)]
#[template(path = "intake_suggestions.html")]
struct Suggestions {
    id: &'static str,
    all: Vec<Suggestion>,
    /// Whether the first one is meant, though what is typed begins others too.
    is_first_meant: bool,
    hint: String,
}

/// Places for what is typed so far, as the rows of a list.
pub async fn places(state: Data<State>, request: HttpRequest, page: Staff<right::SubmitTicket>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let (shell, snapshot) = (Shell::new(&state, &request, &page.person.visitor), state.directory().current());
    let caller = &page.person.caller;
    let all: Vec<&PlaceEntry> = match asked.q.trim() {
        "" => Vec::new(),
        text => found(&snapshot, text).into_iter().filter(|place| may(caller, place)).collect(),
    };
    let names: Vec<String> = all.iter().take(MOST).map(|place| short(&place.name).to_owned()).collect();
    let or = shell.say("intake-or");
    let hint = match (asked.q.trim(), all.len()) {
        ("", _) | (_, 1) => String::new(),
        (text, 0) => unknown(&shell, text),
        (text, count) => shell.language.with_all("intake-ask-place", &doubt(text, count, &names, &or)),
    };
    let whole = fold(&asked.q);
    let is_first_meant = all.iter().filter(|place| fold(short(&place.name)) == whole).count() == 1
        && names.first().is_some_and(|name| fold(name) == whole);
    Ok(rows("o", all.into_iter().take(MOST).map(suggestion).collect(), is_first_meant, hint))
}

fn may(caller: &Caller, place: &PlaceEntry) -> bool {
    // Whether also for this service shows when both are known.
    let region = crate::keys::ArsPrefix::from(place.ars.clone());
    let object = Object { ars: Some(&place.ars), service: None, channel: None };
    caller.sees(Action::SubmitTicket, object) || caller.sees_region(Action::SubmitTicket, &region)
}

/// Services for what is typed so far, as the rows of a list.
pub async fn services(state: Data<State>, request: HttpRequest, page: Staff<right::SubmitTicket>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let (shell, snapshot) = (Shell::new(&state, &request, &page.person.visitor), state.directory().current());
    let found = services_of(&snapshot, &asked.q);
    let hint = match (asked.q.trim(), found.len()) {
        (text, 0) if !text.is_empty() => shell.with("intake-unknown-service", "text", text),
        _ => String::new(),
    };
    let row = |service: &crate::directory::ServiceEntry| Suggestion {
        key: service.slug.to_string(),
        label: service.name.to_string(),
        name: service.name.to_string(),
        detail: service.operator.to_string(),
    };
    Ok(rows("d", found.into_iter().take(MOST).map(row).collect(), false, hint))
}

fn rows(id: &'static str, all: Vec<Suggestion>, is_first_meant: bool, hint: String) -> HttpResponse {
    page(actix_web::http::StatusCode::OK, &Suggestions { id, all, is_first_meant, hint })
}
