//! The contacts within reach: how each stands, narrowed by that, by service and by words.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{address, day, service_choice, span, word_choice};
use crate::access::Action;
use crate::directory::contacts::{self, ContactQuery, ContactState, Standing, StateOn};
use crate::directory::{Contact, PageRequest, contacts_of};
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::Staff;
use crate::keys::Slug;

/// The address of the list.
pub const HERE: &str = "/kontakte";
/// How many a page shows.
const AT_ONCE: u32 = 50;

/// Which contacts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    q: String,
    zustand: String,
    dienst: String,
    nach: String,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    shell: Shell,
    text: Field,
    state: Choice,
    service: Choice,
    lines: Vec<Line>,
    next: Option<String>,
    is_filtered: bool,
    may_add: bool,
}

/// A contact in a row.
struct Line {
    href: String,
    name: String,
    slug: String,
    states: Vec<(&'static str, bool, String)>,
    ways: String,
    confirmed: String,
    away: String,
    deputy: String,
}

/// The sign of a state, and whether it is bad.
pub(super) fn sign(state: ContactState) -> (&'static str, bool) {
    match state {
        ContactState::Bounced | ContactState::Disputed => ("late", true),
        ContactState::Unconfirmed | ContactState::Stale => ("due", false),
        ContactState::Absent => ("wait", false),
        ContactState::Due | ContactState::Confirmed => ("ok", false),
    }
}

/// States as sign, whether bad, and word.
pub(super) fn state_words(shell: &Shell, states: &[ContactState]) -> Vec<(&'static str, bool, String)> {
    let words = |state: &ContactState| {
        let (sign, is_bad) = sign(*state);
        (sign, is_bad, shell.say(&format!("contact-{state}")))
    };
    states.iter().map(words).collect()
}

/// How it is reached, in one line.
fn ways(shell: &Shell, contact: &Contact) -> String {
    let email = contact.email.as_ref().map(ToString::to_string);
    let webhook = contact.webhook.as_ref().map(|_| shell.say("contact-webhook"));
    let all: Vec<String> = [email, webhook, contact.phone.clone()].into_iter().flatten().collect();
    if all.is_empty() { shell.say("contact-no-way") } else { all.join(" · ") }
}

impl Line {
    fn new(shell: &Shell, standing: &Standing, deputies: &[Contact]) -> Self {
        let contact = &standing.contact;
        let deputy = deputies.iter().find(|one| contact.deputy.as_ref() == Some(&one.slug));
        let confirmed = contact.confirmed_on.map(|on| day(shell.language, on));
        Self {
            href: format!("{HERE}/{}", contact.slug),
            name: contact.name.clone(),
            slug: contact.slug.to_string(),
            states: state_words(shell, &standing.states),
            ways: ways(shell, contact),
            confirmed: confirmed.unwrap_or_else(|| shell.say("never")),
            away: span(shell, contact.absent_from, contact.absent_until),
            deputy: deputy.map(|deputy| deputy.name.clone()).unwrap_or_default(),
        }
    }
}

/// The list.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let wanted: Wanted = parse_query(request.query_string())?;
    let (rules, today) = (state.desk().settings.directory.rules(), state.today());
    let caller = &page.person.caller;
    let query = ContactQuery {
        q: Some(wanted.q.clone()).filter(|q| !q.trim().is_empty()),
        service: wanted.dienst.parse().ok(),
        reach: caller.reach(Action::ReadDirectory),
        state: wanted.zustand.parse().ok().map(|state| StateOn { state, rules, today }),
    };
    let cursor = Some(wanted.nach.clone()).filter(|cursor| !cursor.is_empty());
    let request_of = PageRequest { limit: Some(AT_ONCE), cursor };
    let found = contacts::overview(&state.desk().db, query, request_of, rules, today).await?;
    let deputies: Vec<Slug> = found.items.iter().filter_map(|one| one.contact.deputy.clone()).collect();
    let deputies = state.desk().db.read(move |conn| contacts_of(conn, &deputies)).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let after = |cursor: String| {
        let pairs = [("q", &*wanted.q), ("zustand", &wanted.zustand), ("dienst", &wanted.dienst), ("nach", &cursor)];
        address(HERE, &pairs)
    };
    let text = |one: &ContactState| format!("contact-{one}");
    let shown = Contacts {
        text: Field::text(&shell, "q", &shell.say("contacts-search"), &wanted.q).kind("search").may_be_empty(),
        state: word_choice(
            &shell,
            ("zustand", "contacts-state", Some("state-all")),
            ContactState::ALL,
            text,
            &wanted.zustand,
        ),
        service: service_choice(&shell, &state.directory().current(), "state-all", &wanted.dienst),
        lines: found.items.iter().map(|one| Line::new(&shell, one, &deputies)).collect(),
        next: found.next_cursor.map(after),
        is_filtered: [&wanted.q, &wanted.zustand, &wanted.dienst].iter().any(|text| !text.is_empty()),
        may_add: caller.may(Action::ChangeContact).is_ok() && !caller.reach(Action::ChangeContact).is_nothing(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}
