//! The help channels within reach: what the public is shown of each, and whether somebody is there now.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{address, place_name, service_choice, service_name, span};
use crate::access::{Action, Object};
use crate::directory::channels::{self, ChannelQuery};
use crate::directory::hours::{ClosedDay, Hours, in_words, meant_for_all};
use crate::directory::{ChannelKind, HelpChannel, HelpLanguage, PageRequest, Snapshot};
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::grants;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::Staff;
use crate::http::words::Language;

/// The address of the list.
pub const HERE: &str = "/kanaele";
/// How many a page shows.
const AT_ONCE: u32 = 50;

/// Which channels.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    ort: String,
    dienst: String,
    nach: String,
}

#[derive(Template)]
#[template(path = "channels.html")]
struct Channels {
    shell: Shell,
    place: Field,
    service: Choice,
    lines: Vec<Line>,
    next: Option<String>,
    is_filtered: bool,
    may_add: bool,
}

/// A channel in a row.
struct Line {
    href: Option<String>,
    label: String,
    kind: String,
    way: String,
    place: String,
    service: String,
    hours: String,
    open: Option<(&'static str, String)>,
    days: String,
    languages: String,
}

/// In which language hours are said.
pub(super) fn help_language(shell: &Shell) -> HelpLanguage {
    if shell.language == Language::En { HelpLanguage::English } else { HelpLanguage::German }
}

impl Line {
    fn new(shell: &Shell, state: &State, directory: &Snapshot, channel: &HelpChannel, may_change: bool) -> Self {
        let shown = &channel.shown;
        let land = channel.ars.land();
        let meant = meant_for_all(&shown.hours, &state.desk().settings.clock.yearly);
        let closed = directory.closing_days();
        let is_here = |one: &&ClosedDay| channel.ars.as_str().starts_with(one.region.as_str());
        // As the public is shown it: local closing days are none of 115's.
        let days = closed.iter().filter(is_here).filter(|_| shown.kind != ChannelKind::Number115);
        let hours = Hours::closed_on(&meant, &days.map(|one| one.day).collect::<Vec<_>>());
        let open = hours.ok().zip(land).and_then(|(hours, land)| hours.open(land, state.desk().clock.now()));
        let way = [shown.phone.clone(), shown.email.as_ref().map(ToString::to_string), shown.url.clone()];
        Self {
            href: may_change.then(|| format!("{HERE}/{}", channel.id)),
            label: shown.label.clone(),
            kind: shell.say(&format!("channel-{}", shown.kind)),
            way: way.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            place: place_name(directory, &channel.ars),
            service: service_name(directory, channel.service.as_str()),
            hours: in_words(&shown.hours, help_language(shell)),
            open: open.filter(|_| !shown.hours.is_empty()).map(|open| match open.is_open {
                true => ("ok", shell.say("channel-open")),
                false => ("wait", shell.say("channel-closed")),
            }),
            days: span(shell, shown.valid_from, shown.valid_to),
            languages: shown.languages.join(", "),
        }
    }
}

/// The list.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let wanted: Wanted = parse_query(request.query_string())?;
    let (caller, directory) = (&page.person.caller, state.directory().current());
    let mut shell = Shell::new(&state, &request, &page.person.visitor);
    let region = match grants::region_of(&directory, &wanted.ort) {
        Ok(region) => Some(region).filter(|region| !region.as_str().is_empty()),
        Err(key) => {
            shell.fault("ort", key);
            None
        }
    };
    let query =
        ChannelQuery { service: wanted.dienst.parse().ok(), reach: caller.reach(Action::ReadDirectory), region };
    let cursor = Some(wanted.nach.clone()).filter(|cursor| !cursor.is_empty());
    let found = channels::list(&state.desk().db, query, PageRequest { limit: Some(AT_ONCE), cursor }).await?;
    let may_change = caller.may(Action::ChangeAdoption).is_ok();
    let line = |channel: &HelpChannel| {
        let object = Object { ars: Some(&channel.ars), service: Some(&channel.service), channel: None };
        let is_theirs = may_change && caller.sees(Action::ChangeAdoption, object);
        Line::new(&shell, &state, &directory, channel, is_theirs)
    };
    let after = |cursor: String| address(HERE, &[("ort", &*wanted.ort), ("dienst", &wanted.dienst), ("nach", &cursor)]);
    let shown = Channels {
        lines: found.items.iter().map(line).collect(),
        place: Field::text(&shell, "ort", &shell.say("channels-place"), &wanted.ort).kind("search").may_be_empty(),
        service: service_choice(&shell, &directory, "state-all", &wanted.dienst),
        next: found.next_cursor.map(after),
        is_filtered: !wanted.ort.is_empty() || !wanted.dienst.is_empty(),
        may_add: may_change && !caller.reach(Action::ChangeAdoption).is_nothing(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}
