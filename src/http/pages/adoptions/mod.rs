//! Adoptions with their roll-out: which municipality uses which service, how far it is, what blocks.
//!
//! Invariant: whoever reads the directory sees what lies within their reach, forms only where they may change it; what
//! is filtered stands in the address; the most urgent stand first. Every page works without a script. Where next: `adoption.rs` (one of them),
//! `point.rs` and `holders.rs` (one point), `matrix.rs` (who does what), `history.rs` (who changed what).

pub mod adoption;
mod history;
pub mod holders;
pub mod matrix;
pub mod point;
pub mod project;
pub mod public;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::{Action, Caller, Object};
use crate::directory::adoptions::AdoptionQuery;
use crate::directory::rollout::{self, Block, Checklist, Text};
use crate::directory::{Adoption, AdoptionState, PageRequest, Snapshot};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::Staff;
use crate::http::words::Language;
use crate::ids::AdoptionId;
use crate::keys::LANDS;

pub(super) use holders::with as with_duty;

/// The address of the list.
pub const HERE: &str = "/anschluesse";
/// How many blocking points a row names.
const NAMED: usize = 2;

/// Which adoptions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    dienst: String,
    land: String,
    stand: String,
    q: String,
    nach: String,
}

#[derive(Template)]
#[template(path = "adoptions.html")]
struct Adoptions {
    shell: Shell,
    text: Field,
    service: Choice,
    land: Choice,
    state: Choice,
    lines: Vec<Line>,
    next: Option<String>,
    is_filtered: bool,
    may_add: bool,
}

/// An adoption in a row.
struct Line {
    href: String,
    place: String,
    service: String,
    state: StateWords,
    progress: String,
    hindrance: Option<String>,
    is_bad: bool,
    blocks: String,
    share: (usize, usize),
    next: String,
}

/// Where an adoption stands, as a sign and a word.
pub struct StateWords {
    /// The sign's class.
    pub sign: &'static str,
    /// The word.
    pub word: String,
}

impl StateWords {
    fn new(shell: &Shell, state: AdoptionState) -> Self {
        let sign = match state {
            AdoptionState::Draft => "assess",
            AdoptionState::Ready => "new",
            AdoptionState::Live => "ok",
            AdoptionState::Suspended => "wait",
        };
        Self { sign, word: shell.say(&format!("adoption-{state}")) }
    }
}

/// A text in the page's language.
pub(super) fn of(language: Language, text: &Text) -> &str {
    match language {
        Language::De => &text.de,
        Language::En => &text.en,
    }
}

/// A day as one reads it.
fn day(language: Language, day: NaiveDate) -> String {
    let form = match language {
        Language::De => "%d.%m.%Y",
        Language::En => "%-d %b %Y",
    };
    day.format(form).to_string()
}

/// How much of the checklist is done.
fn progress(shell: &Shell, list: &Checklist) -> String {
    let values = [("done", list.progress.fulfilled.to_string()), ("total", list.progress.total.to_string())];
    shell.language.with_all("rollout-progress", &values)
}

/// What is missing and what waits, if anything does.
fn hindrance(shell: &Shell, list: &Checklist) -> Option<String> {
    let some = |key, count: usize| (count > 0).then(|| shell.with(key, "count", count));
    let both = [some("rollout-missing", list.progress.missing), some("rollout-waiting", list.progress.waiting)];
    let both: Vec<String> = both.into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// The first blocking points by name, and how many more.
fn names(shell: &Shell, blocks: &[Block]) -> String {
    let first: Vec<&str> = blocks.iter().take(NAMED).map(|block| of(shell.language, &block.title)).collect();
    match blocks.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} {}", first.join(", "), shell.with("rollout-more-points", "count", more)),
    }
}

impl Line {
    fn new(shell: &Shell, list: &Checklist) -> Self {
        Self {
            href: format!("{HERE}/{}", list.adoption),
            place: list.municipality.clone(),
            service: list.service_name.clone(),
            state: StateWords::new(shell, list.state),
            progress: progress(shell, list),
            hindrance: hindrance(shell, list),
            blocks: names(shell, &list.blocks_ready),
            is_bad: list.progress.overdue > 0 || list.state == AdoptionState::Live && list.progress.missing > 0,
            share: (list.progress.fulfilled, list.progress.total),
            next: rollout::next_date(list).map_or_else(|| "–".to_owned(), |next| day(shell.language, next)),
        }
    }
}

/// The list.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let wanted: Wanted = parse_query(request.query_string())?;
    let number = LANDS.iter().find(|(code, ..)| *code == wanted.land).and_then(|(_, number, _)| number.parse().ok());
    let directory = state.directory().current();
    let caller = &page.person.caller;
    let query = AdoptionQuery {
        service: wanted.dienst.parse().ok(),
        state: wanted.stand.parse().ok(),
        reach: caller.reach(Action::ReadDirectory),
        region: number,
        named: Some(wanted.q.trim()).filter(|text| !text.is_empty()).map(|text| directory.named(text)),
        ..Default::default()
    };
    let cursor = Some(wanted.nach.clone()).filter(|cursor| !cursor.is_empty());
    let request_of = PageRequest { limit: None, cursor };
    let found = rollout::by_urgency(&state.desk().db, query, request_of, state.today()).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let [service, land, in_state] = choices(&shell, &directory, &wanted);
    let shown = Adoptions {
        service,
        land,
        state: in_state,
        lines: found.items.iter().map(|list| Line::new(&shell, list)).collect(),
        next: found.next_cursor.map(|cursor| wanted.after(&cursor)),
        text: Field::text(&shell, "q", &shell.say("adoptions-search"), &wanted.q).kind("search").may_be_empty(),
        may_add: caller.may(Action::ChangeAdoption).is_ok() && !caller.reach(Action::ChangeAdoption).is_nothing(),
        is_filtered: [&wanted.q, &wanted.dienst, &wanted.land, &wanted.stand].iter().any(|text| !text.is_empty()),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

impl Wanted {
    /// The rest of the list.
    fn after(&self, cursor: &str) -> String {
        let pairs = [("q", &self.q), ("dienst", &self.dienst), ("land", &self.land), ("stand", &self.stand)];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("{HERE}?{}", query.append_pair("nach", cursor).finish())
    }
}

/// What the list can be narrowed to.
fn choices(shell: &Shell, directory: &Snapshot, wanted: &Wanted) -> [Choice; 3] {
    let any = |rest: &mut dyn Iterator<Item = (String, String)>| -> Vec<(String, String)> {
        std::iter::once((String::new(), shell.say("state-all"))).chain(rest).collect()
    };
    let mut services = directory.services().iter().map(|one| (one.slug.to_string(), one.name.to_string()));
    let mut lands = LANDS.iter().map(|(code, _, name)| ((*code).to_owned(), (*name).to_owned()));
    let mut states = AdoptionState::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("adoption-{one}"))));
    [
        Choice::new(shell, "dienst", &shell.say("rollout-service"), any(&mut services), &wanted.dienst),
        Choice::new(shell, "land", &shell.say("rollout-land"), any(&mut lands), &wanted.land),
        Choice::new(shell, "stand", &shell.say("rollout-state"), any(&mut states), &wanted.stand),
    ]
}

/// The adoption, if the caller may do this to it.
pub(super) async fn reached(
    state: &State,
    caller: &Caller,
    action: Action,
    id: AdoptionId,
) -> Result<Adoption, AppError> {
    let found = crate::directory::adoptions::read(&state.desk().db, id).await?;
    reach::sees(caller, action, &found.ars, Some(&found.service))?;
    Ok(found)
}

/// True where the caller may change it.
pub(super) fn may_change(caller: &Caller, adoption: &Adoption) -> bool {
    let object = Object { ars: Some(&adoption.ars), service: Some(&adoption.service), channel: None };
    caller.may(Action::ChangeAdoption).is_ok() && caller.sees(Action::ChangeAdoption, object)
}
