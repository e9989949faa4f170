//! The directory for those who keep it: one place that leads to contacts, help channels, notices, closing days,
//! agreements, gaps, the dry run and imports.
//!
//! Invariant: everybody sees what lies within their reach and no more; a form or button stands only where its sender may
//! do what it does, and where it does not, the page says who may. Every change goes through the use case that the API
//! calls, with the version that was read: who was slower keeps what they typed and reads who changed what.
//!
//! Where next: `typed.rs` (what a form says), `changed.rs` (who changed what when), one file a page.

pub mod agreements;
pub(in crate::http::pages) mod changed;
pub mod channel_form;
pub mod channels;
pub mod closing_days;
pub mod contact;
pub mod contact_acts;
pub mod contact_form;
pub mod contacts;
pub mod duty;
pub mod gaps;
mod import_faults;
mod import_register;
pub mod imports;
pub(in crate::http::pages) mod named;
pub mod new_adoption;
pub mod notices;
pub mod shared_duty;
pub mod system;
pub(in crate::http::pages) mod typed;
pub mod who;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;

pub(super) use changed::{ChangeLine, dated};

use super::field::Choice;
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::{Action, Caller};
use crate::directory::Snapshot;
use crate::http::State;
use crate::http::auth::right;
use crate::http::public::spoken::short;
use crate::http::visitor::Staff;
use crate::http::words::Language;
use crate::keys::{Ars, ArsPrefix, LandCode};

#[derive(Template)]
#[template(path = "directory.html")]
struct Hub {
    shell: Shell,
    groups: Vec<(String, Vec<Entry>)>,
}

/// One place and what one does there.
struct Entry {
    href: &'static str,
    title: String,
    what: String,
}

/// A place by address and name, and the right that shows it.
type PlaceOf = (&'static str, &'static str, Action);

/// The groups of places.
const GROUPS: [(&str, &[PlaceOf]); 3] = [
    (
        "directory-people",
        &[
            ("/anschluesse", "adoptions", Action::ReadDirectory),
            ("/kontakte", "contacts", Action::ReadDirectory),
            ("/zustaendigkeiten", "shared", Action::ReadDirectory),
            ("/vereinbarungen", "agreements", Action::ReadDirectory),
        ],
    ),
    (
        "directory-public",
        &[
            ("/kanaele", "channels", Action::ReadDirectory),
            ("/stoerungen", "notices", Action::ReadDirectory),
            ("/schliesstage", "closing", Action::ReadDirectory),
            ("/einbinden", "embed", Action::ReadDirectory),
        ],
    ),
    (
        "directory-check",
        &[
            ("/luecken", "gaps", Action::ReadDirectory),
            ("/wer", "who", Action::ReadDirectory),
            ("/importe", "imports", Action::ChangeContact),
        ],
    ),
];

/// The one entry of the navigation.
pub const HUB: &str = "/verzeichnis";
/// The places that stand below the one entry of the navigation.
pub const BELOW: [&str; 10] = [
    "/anschluesse",
    "/zustaendigkeiten",
    "/kontakte",
    "/vereinbarungen",
    "/kanaele",
    "/stoerungen",
    "/schliesstage",
    "/luecken",
    "/wer",
    "/importe",
];

/// Where everything is.
pub async fn hub(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let caller = &page.person.caller;
    let entry = |(href, name, action): &PlaceOf| {
        let (title, what) = (format!("directory-{name}"), format!("directory-{name}-what"));
        caller.may(*action).ok()?;
        Some(Entry { href, title: shell.say(&title), what: shell.say(&what) })
    };
    let group = |(title, all): &(&str, &[PlaceOf])| (shell.say(title), all.iter().filter_map(entry).collect());
    let groups = GROUPS.iter().map(group).collect();
    let shown = Hub { groups, shell };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

/// A day as one reads it.
pub(super) fn day(language: Language, day: NaiveDate) -> String {
    let form = match language {
        Language::De => "%d.%m.%Y",
        Language::En => "%-d %b %Y",
    };
    day.format(form).to_string()
}

/// From when until when, in words; empty where both ends are open.
pub(super) fn span(shell: &Shell, from: Option<NaiveDate>, until: Option<NaiveDate>) -> String {
    span_in(shell.language, from, until)
}

/// The same for a page that stands in no shell.
pub(super) fn span_in(language: Language, from: Option<NaiveDate>, until: Option<NaiveDate>) -> String {
    let say = |key, on| language.with(key, "day", day(language, on));
    match (from, until) {
        (None, None) => String::new(),
        (Some(from), None) => say("span-from", from),
        (None, Some(until)) => say("span-until", until),
        (Some(from), Some(until)) => {
            let days = [("from", day(language, from)), ("until", day(language, until))];
            language.with_all("span-both", &days)
        }
    }
}

/// The name of a service; its slug where it is there no more.
fn service_name(directory: &Snapshot, slug: &str) -> String {
    directory.service(slug).map_or_else(|| slug.to_owned(), |service| service.name.to_string())
}

/// The name of a municipality.
pub(super) fn place_name(directory: &Snapshot, ars: &Ars) -> String {
    directory.municipality(ars).map_or_else(|| ars.to_string(), |place| short(&place.name).to_owned())
}

/// A region by its name, where it has one.
pub(super) fn region_name(shell: &Shell, directory: &Snapshot, region: &ArsPrefix) -> String {
    match region.as_str() {
        "" => shell.say("scope-everywhere"),
        land if land.len() == 2 => LandCode::from_number(land).map_or_else(|| land.to_owned(), |l| l.name().to_owned()),
        digits => match digits.parse::<Ars>() {
            Ok(ars) => place_name(directory, &ars),
            Err(_) => shell.with("scope-region", "region", digits),
        },
    }
}

/// The services to choose from; the first entry chooses none.
fn service_choice(shell: &Shell, directory: &Snapshot, none: &str, chosen: &str) -> Choice {
    let all = directory.services().iter().map(|one| (one.slug.to_string(), one.name.to_string()));
    let options = std::iter::once((String::new(), shell.say(none))).chain(all).collect();
    Choice::new(shell, "dienst", &shell.say("rollout-service"), options, chosen)
}

/// A list of words to choose from, with their texts by key.
fn word_choice<T: std::fmt::Display>(
    shell: &Shell,
    (id, label, none): (&str, &str, Option<&str>),
    all: &[T],
    text: impl Fn(&T) -> String,
    chosen: &str,
) -> Choice {
    let none = none.map(|none| (String::new(), shell.say(none)));
    let all = all.iter().map(|one| (one.to_string(), shell.say(&text(one))));
    Choice::new(shell, id, &shell.say(label), none.into_iter().chain(all).collect(), chosen)
}

/// An address with what is asked there; empty values fall away.
fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// True where they keep the directory of everybody.
pub(super) fn keeps_all(caller: &Caller) -> bool {
    caller.may(Action::ChangeDirectory).is_ok() && caller.reach(Action::ChangeDirectory).is_everything()
}
