//! People with their roles: looked up, invited, changed, let out again.
//!
//! Invariant: looking needs one right, changing another; a link that lets somebody in stands on one page only, the
//! answer to the form that made it. Where next: `invite.rs`, `person.rs`.

pub mod invite;
pub mod person;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::field::{Choice, Field};
use super::grants::words;
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::users::{Invitation, UserQuery, UserState};
use crate::access::{Action, User};
use crate::directory::Snapshot;
use crate::http::State;
use crate::http::api::users::everywhere;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::Staff;

/// The address of the list.
pub const HERE: &str = "/personen";
/// How many people a page shows.
const AT_ONCE: i64 = 50;

/// Which people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    q: String,
    stand: String,
    nach: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct People {
    shell: Shell,
    text: Field,
    state: Choice,
    people: Vec<PersonLine>,
    next: Option<String>,
    may_manage: bool,
    is_filtered: bool,
}

/// A person in a row.
struct PersonLine {
    href: String,
    name: String,
    login: String,
    roles: Vec<String>,
    state: StateWords,
    last_login: String,
}

/// Where an account stands, as a sign and a word.
pub struct StateWords {
    /// The sign's class.
    pub sign: &'static str,
    /// The word.
    pub word: String,
}

impl StateWords {
    fn new(shell: &Shell, state: UserState) -> Self {
        let sign = match state {
            UserState::Invited => "wait",
            UserState::Active => "ok",
            UserState::Disabled => "none",
        };
        Self { sign, word: shell.say(&format!("state-{state}")) }
    }
}

impl PersonLine {
    fn new(shell: &Shell, directory: &Snapshot, user: &User) -> Self {
        let role = |grant| {
            let words = words(shell.language, directory, grant);
            format!("{}, {}", words.role, words.place)
        };
        Self {
            href: format!("{HERE}/{}", user.id),
            name: user.name.clone(),
            login: user.login.clone(),
            roles: user.grants.iter().map(role).collect(),
            state: StateWords::new(shell, user.state),
            last_login: user.last_login_at.map_or_else(|| "–".to_owned(), |at| shell.near(at)),
        }
    }
}

/// The list.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadUsers>) -> PageResult {
    everywhere(&page.person.caller, Action::ReadUsers)?;
    let Wanted { q, stand, nach } = parse_query(request.query_string())?;
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let query = UserQuery { text: some(&q), state: stand.parse().ok(), after: some(&nach), limit: AT_ONCE };
    let found = state.accounts.users(query).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let directory = state.directory().current();
    let states = UserState::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("state-{one}"))));
    let states = std::iter::once((String::new(), shell.say("state-all"))).chain(states).collect();
    let next = found.next.map(|after| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.append_pair("q", &q).append_pair("stand", &stand).append_pair("nach", &after).finish();
        format!("{HERE}?{query}")
    });
    let shown = People {
        text: Field::text(&shell, "q", &shell.say("people-search"), &q).kind("search").may_be_empty(),
        state: Choice::new(&shell, "stand", &shell.say("people-state"), states, &stand),
        people: found.items.iter().map(|user| PersonLine::new(&shell, &directory, user)).collect(),
        next,
        may_manage: everywhere(&page.person.caller, Action::ManageUsers).is_ok(),
        is_filtered: !q.is_empty() || !stand.is_empty() || !nach.is_empty(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

/// The page that shows a link, this once.
#[derive(Template)]
#[template(path = "link_made.html")]
struct LinkMade {
    shell: Shell,
    done: String,
    name: String,
    person_url: String,
    url: String,
    until: String,
    email: Option<String>,
}

impl LinkMade {
    fn new(shell: Shell, done: &str, user: &User, invitation: &Invitation) -> Self {
        Self {
            done: shell.with(done, "name", &user.name),
            name: user.name.clone(),
            person_url: format!("{HERE}/{}", user.id),
            url: invitation.url.clone(),
            until: shell.language.time(invitation.expires_at),
            email: user.email.as_ref().map(ToString::to_string),
            shell: shell.at(format!("{HERE}/{}", user.id)),
        }
    }
}
