//! The list of work: what is due first, who has it, where it is; found, narrowed, claimed and closed from here.
//!
//! Invariant: what the page shows is told by its address alone, so that back, forward, a reload and a link given to a
//! colleague show the same. It works without the script; that (`assets/worklist.js`) saves time: keys, and what changes
//! meanwhile, which it marks and offers but never moves. Where next: `wanted.rs` (the address), `row.rs` (a row in
//! words), `bulk.rs` (claim, release, close), `stream.rs` (what changes).

mod bulk;
mod row;
mod stream;
pub mod wanted;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

pub use bulk::{act, preview};
pub use stream::{Seats, stream};

use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::Where;
use super::shell::{Shell, finds, show};
use crate::access::{Action, Caller};
use crate::error::AppError;
use crate::escalation::worklist::{Work, work};
use crate::http::State;
use crate::http::auth::right;
use crate::http::visitor::Staff;
use crate::http::words::Language;
use crate::tickets::browse::Filter;
use crate::tickets::counts::{self, Counts};
use row::Shown;
use wanted::{VIEWS, View, Wanted};

/// The address of the list.
pub const HERE: &str = "/anfragen";
/// How many rows a page shows.
const AT_ONCE: usize = 50;
/// Above this a count is told as "more than".
const EXACTLY: usize = 1000;

/// A view of the list with its count.
struct Tab {
    href: String,
    label: String,
    count: String,
    is_here: bool,
    key: usize,
}

/// What is said where no row is.
struct Empty {
    is_good: bool,
    title: String,
    text: String,
    next: Option<(String, String, &'static str)>,
    other: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "worklist.html")]
struct Page {
    shell: Shell,
    tabs: Vec<Tab>,
    wanted: Wanted,
    rows: Vec<Shown>,
    empty: Option<Empty>,
    chips: Vec<(String, String)>,
    service: Choice,
    place: Field,
    status: Choice,
    category: Choice,
    wish: Choice,
    callbacks: Option<String>,
    sort: Choice,
    has_faults: bool,
    before: Option<String>,
    after: Option<String>,
    may_assess: bool,
    may_submit: bool,
    sorted: String,
    summary: String,
    at: String,
    back: String,
    stream: String,
}

/// A count as it is told.
pub fn told(language: Language, count: usize, is_complete: bool) -> String {
    let most = match language {
        Language::De => "1.000+",
        Language::En => "1,000+",
    };
    match count {
        many if many > EXACTLY => most.to_owned(),
        some if is_complete => some.to_string(),
        some => format!("{some}+"),
    }
}

/// The list.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ReadTickets>) -> PageResult {
    let mut wanted = Wanted::read(request.query_string())?;
    let mut shell = Shell::new(&state, &request, &page.person.visitor).with_script();
    let caller = &page.person.caller;
    let look = wanted.look(&state, caller, &mut shell);
    let found = work(&state.escalations, caller.clone(), look).await?;
    let shown = Page::of(&state, caller, shell, wanted, found);
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

impl Page {
    fn of(state: &State, caller: &Caller, shell: Shell, wanted: Wanted, found: Work) -> Self {
        let snapshot = state.directory().current();
        let may_assess = finds(caller, Action::AssessTicket, Where::Somewhere);
        let row = |row| Shown::of(&shell, &snapshot, caller, row);
        let rows: Vec<Shown> = found.rows.iter().map(row).collect();
        let at = row::clock(found.at);
        // What stands in no view is not counted: how many there are is known only where one page shows them all.
        let (summary, count) = match wanted.view() {
            Some(view) => {
                ("worklist-summary", told(shell.language, view.count(&found.counts), found.counts.is_complete))
            }
            None if found.after.is_some() => ("worklist-summary-more", String::new()),
            None if found.before.is_some() => ("worklist-summary-last", String::new()),
            None => ("worklist-summary", rows.len().to_string()),
        };
        let sorted = shell.say(match wanted.sort.as_str() {
            "neu" => "worklist-sorted-newest",
            _ if wanted.is_ended() => "worklist-sorted-ended",
            _ => "worklist-sorted-due",
        });
        let turn = |to: Option<&String>, name: &str| to.map(|cursor| wanted.turned(name, cursor));
        Self {
            tabs: tabs(&shell, &wanted, &found.counts),
            empty: rows.is_empty().then(|| empty(&shell, &wanted, &found)),
            chips: wanted.chips(&shell, &snapshot),
            service: wanted.services(&shell, &snapshot),
            place: Field::text(&shell, "ort", &shell.say("worklist-place-typed"), &wanted.ort).may_be_empty(),
            status: wanted.states(&shell),
            category: wanted.categories(&shell),
            wish: wanted.wishes(&shell),
            callbacks: wanted.callbacks(),
            sort: wanted.orders(&shell),
            has_faults: !shell.faults.is_empty(),
            before: turn(found.before.as_ref(), "vor"),
            after: turn(found.after.as_ref(), "nach"),
            may_assess,
            may_submit: finds(caller, Action::SubmitTicket, Where::Somewhere),
            summary: shell
                .language
                .with_all(summary, &[("shown", rows.len().to_string()), ("all", count), ("at", at.clone())]),
            sorted,
            at,
            back: wanted.query(),
            stream: found.mark.map(|mark| format!("?seit={mark}")).unwrap_or_default(),
            rows,
            wanted,
            shell,
        }
    }
}

fn tabs(shell: &Shell, wanted: &Wanted, counts: &Counts) -> Vec<Tab> {
    let tab = |(key, view): (usize, &View)| Tab {
        href: wanted.with(|to| (to.ansicht, to.stand) = (view.word().to_owned(), String::new())),
        label: shell.say(view.label()),
        count: told(shell.language, view.count(counts), counts.is_complete),
        is_here: wanted.view() == Some(*view),
        key: key + 1,
    };
    VIEWS.iter().enumerate().map(tab).collect()
}

fn empty(shell: &Shell, wanted: &Wanted, found: &Work) -> Empty {
    let all = |label: &str| Some((HERE.to_owned(), shell.say(label)));
    if wanted.is_narrowed() || !wanted.nach.is_empty() || !wanted.vor.is_empty() {
        let is_number = wanted.is_number();
        return Empty {
            is_good: false,
            title: shell.say(if is_number { "worklist-no-number" } else { "worklist-none-found" }),
            text: shell.say(if is_number { "worklist-no-number-next" } else { "worklist-none-found-next" }),
            next: all("worklist-all").map(|(href, label)| (href, label, "1")),
            other: None,
        };
    }
    let view = wanted.view().unwrap_or(View::Open);
    let title = shell.say(view.none());
    let free = |ticket: &crate::tickets::Ticket| {
        let values = [
            ("count", found.counts.unclaimed.to_string()),
            ("due", shell.near(ticket.respond_by)),
            ("subject", ticket.subject.clone()),
        ];
        shell.language.with_all("worklist-free-left", &values)
    };
    match &found.next_unclaimed {
        Some(ticket) if view != View::Unclaimed => Empty {
            is_good: true,
            title,
            text: free(ticket),
            next: Some((
                wanted.with(|to| to.ansicht = View::Unclaimed.word().to_owned()),
                shell.say("worklist-see-free"),
                "2",
            )),
            other: (view != View::Open).then(|| all("worklist-see-open")).flatten(),
        },
        _ => Empty {
            is_good: true,
            title,
            text: shell.say(if found.counts.open == 0 { "worklist-nothing-open" } else { "worklist-others-have" }),
            next: (found.counts.open > 0)
                .then(|| all("worklist-see-open"))
                .flatten()
                .map(|(href, label)| (href, label, "1")),
            other: None,
        },
    }
}

/// How much waits for whoever opens the first page, in words; nothing where they read no requests.
pub async fn waiting(state: &State, caller: &Caller, language: Language) -> Result<Option<String>, AppError> {
    if !finds(caller, Action::ReadTickets, Where::Somewhere) {
        return Ok(None);
    }
    let counts = counts::counts(state.desk(), caller.clone(), Filter::default()).await?;
    let number = |count| told(language, count, counts.is_complete);
    let values = [
        ("open", number(counts.open)),
        ("overdue", number(counts.overdue)),
        ("unclaimed", number(counts.unclaimed)),
        ("mine", number(counts.mine)),
    ];
    Ok(Some(language.with_all("start-worklist", &values)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_true_or_says_that_there_are_more() {
        for (count, is_complete, expected) in
            [(0, true, "0"), (1000, true, "1.000"), (1001, true, "1.000+"), (37, false, "37+"), (2999, false, "1.000+")]
        {
            let told = told(Language::De, count, is_complete);
            assert_eq!(told.replace("1000", "1.000"), expected, "{count}");
        }
    }
}
