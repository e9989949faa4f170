//! One request on one page: its history as a story, who has it, what is known, and what can be done, each with what it
//! will do.
//!
//! Invariant: the page shows what `inbound/file.rs` gathers, whose look is recorded there; name and addresses of who
//! asked are shown only after they were opened for a purpose. Everything works without scripts (`assets/ticket.js`
//! saves time: keys, drafts, previews as one types). Where next: `story.rs` (the history in words), `choices.rs` (the
//! forms), `matters.rs` (the escalations), `act.rs` (what the buttons do), `packed.rs` (print and file).

mod act;
mod choices;
mod matters;
pub mod packed;
mod story;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

pub use act::{act, act_on_escalation, retry};
pub use packed::{export, print};

use super::field::Field;
use super::login::PageResult;
use super::shell::{Shell, show};
use super::signs;
use crate::access::{Action, Caller};
use crate::error::{AppError, FieldError};
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::public::spoken::short;
use crate::http::visitor::{Person, Staff, see_other};
use crate::http::words::Language;
use crate::ids::HistoryId;
use crate::inbound::file::{self, TicketFile};
use crate::tickets::browse::{self, Filter};
use crate::tickets::status::{Move, TicketStatus, is_open, next};
use crate::tickets::text_modules::FilledText;
use crate::tickets::ticket::{Reporter, Ticket};
use crate::tickets::{TicketNumber, TicketRef};
use choices::{Choice, Choices};
use matters::{MatterView, Matters, MessageView, Typed};
use story::{Chapter, Teller, address, size};

/// How many similar requests are named.
const SIMILAR: usize = 4;

#[derive(Template)]
#[template(path = "ticket.html")]
struct Page {
    shell: Shell,
    here: String,
    seen: String,
    number: String,
    subject: String,
    sign: &'static str,
    state: String,
    due: Option<Due>,
    priority: String,
    /// Who else has it, so that it is theirs to decide.
    held: Option<String>,
    claim: Option<String>,
    story: Vec<Chapter>,
    waiting: Vec<Waiting>,
    matters: Vec<MatterView>,
    letters: Vec<MessageView>,
    main: Vec<Choice>,
    more: Vec<Choice>,
    texts: Vec<FilledText>,
    facts: Vec<(String, String)>,
    wish: String,
    reporter: Option<Vec<(String, String)>>,
    purpose: Option<Field>,
    similar: Vec<(String, String, String)>,
    files: Vec<(String, String, String)>,
    may_export: bool,
    keeps_texts: bool,
    kept: Option<String>,
}

/// Until when the person is answered.
struct Due {
    words: String,
    exact: String,
    is_late: bool,
}

/// A mail that waits for somebody to decide.
struct Waiting {
    href: String,
    words: String,
}

/// What a page is to show beside the request.
#[derive(Default)]
pub(crate) struct Shown {
    /// Which form stands open.
    open: String,
    /// What was typed.
    typed: Typed,
    /// What is wrong with it.
    faults: Vec<FieldError>,
    /// Whether something has happened meanwhile.
    is_stale: bool,
    /// The event whose text is taken on.
    taken: Option<HistoryId>,
    /// Who asked, opened.
    reporter: Option<Reporter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    tun: String,
    aus: String,
}

/// One request; an address with an id leads to the one with its number.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    asking: Staff<right::ReadTickets>,
    at: Path<String>,
) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    match at.parse()? {
        TicketRef::Number(number) => {
            let shell = Shell::new(&state, &request, &asking.person.visitor);
            let shown = Shown { open: asked.tun, taken: asked.aus.parse().ok(), ..Shown::default() };
            show_page(StatusCode::OK, &state, &asking.person, shell, number, shown).await
        }
        other => {
            let ticket = browse::ticket(state.desk(), asking.person.caller.clone(), other).await?;
            Ok(see_other(&format!("/anfragen/{}", ticket.number)))
        }
    }
}

pub(crate) async fn show_page(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    number: TicketNumber,
    shown: Shown,
) -> PageResult {
    let caller = &person.caller;
    let file = file::look(&state.inbound, caller.clone(), TicketRef::Number(number)).await?;
    Ok(render(status, state, caller, shell.with_script(), &file, shown).await?)
}

async fn render(
    status: StatusCode,
    state: &State,
    caller: &Caller,
    mut shell: Shell,
    file: &TicketFile,
    shown: Shown,
) -> Result<HttpResponse, AppError> {
    let (ticket, now) = (&file.ticket, state.desk().clock.now());
    let Shown { open, typed, faults, is_stale, taken, reporter } = shown;
    let seen = typed.get("stand").and_then(|last| last.parse::<HistoryId>().ok());
    say_faults(&mut shell, file, caller, &open, &faults, is_stale.then_some(seen));
    let may_answer = Choices::may_answer(caller, ticket);
    let teller = Teller { language: shell.language, caller, now, file, seen, may_answer };
    let (story, waiting) = (teller.tell(), waiting(&shell, file));
    let texts = Choices::texts(state, caller, ticket).await?;
    let choices = Choices { state, shell: &shell, caller, file, typed: &typed, open: &open, taken };
    let (main, more) = choices.show().await?;
    let matters = Matters { shell: &shell, caller, file, typed: &typed, open: &open };
    let (matters, letters) = (matters.show(), matters.letters());
    // What was typed into a form that the new state does not have any more is not lost.
    let is_there = main.iter().chain(&more).any(|choice| choice.word == open)
        || matters.iter().any(|matter| matter.acts.iter().any(|one| format!("{}-{}", one.word, matter.id) == open));
    let kept = typed.get(&open).filter(|text| is_stale && !is_there && !text.trim().is_empty()).cloned();
    let sees = |action| caller.sees(action, ticket.object());
    let purpose = sees(Action::OpenReporter).then(|| {
        let usual = shell.say(&format!("ticket-purpose-{}", ticket.reply_wish));
        Field::text(&shell, "zweck", &shell.say("ticket-purpose"), typed.get("zweck").unwrap_or(&usual))
    });
    let holder = ticket.claimed_by.as_ref();
    let may = |step| sees(Action::AssessTicket) && next(ticket.status, step).is_some();
    // Said before a form is filled in, not only after it was sent.
    let other = holder.filter(|claim| claim.id != caller.id && may(Move::Release));
    let page = Page {
        here: format!("/anfragen/{}", ticket.number),
        seen: file.history.last().map_or_else(String::new, |last| last.id.to_string()),
        number: ticket.number.to_string(),
        subject: ticket.subject.clone(),
        sign: signs::of_ticket(ticket.status),
        state: standing(&shell, caller, ticket),
        due: due(&shell, ticket, now),
        priority: shell.say(&format!("priority-{}", ticket.priority)),
        held: other.map(|claim| shell.with("ticket-held", "name", &claim.name)),
        claim: (may(Move::Claim) && holder.is_none()).then(|| shell.say("ticket-does-uebernahme")),
        facts: facts(state, &shell, ticket),
        wish: shell.say(&format!("wish-{}", ticket.reply_wish)),
        reporter: reporter.map(|reporter| known_of(&shell, reporter)),
        similar: similar(state, &shell, caller, ticket).await?,
        files: file
            .attachments
            .iter()
            .map(|one| (address(ticket, one.source), one.name.clone(), size(shell.language, one.size)))
            .collect(),
        may_export: sees(Action::OpenReporter),
        keeps_texts: sees(Action::AssessTicket),
        story,
        waiting,
        matters,
        letters,
        main,
        more,
        texts,
        purpose,
        kept,
        shell,
    };
    Ok(show(status, &page.shell, &page))
}

/// «In Bewertung bei Ihnen»
fn standing(shell: &Shell, caller: &Caller, ticket: &Ticket) -> String {
    let state = shell.say(&format!("ticket-{}", ticket.status));
    match &ticket.claimed_by {
        // «Eskaliert bei Ihnen» would read as if one were the 2nd level that was asked.
        Some(claim) if claim.id == caller.id && ticket.status == TicketStatus::Escalated => {
            shell.with("ticket-at-you-escalated", "state", state)
        }
        Some(claim) if claim.id == caller.id => shell.with("ticket-at-you", "state", state),
        Some(claim) => shell.language.with_all("ticket-at", &[("state", state), ("name", claim.name.clone())]),
        None => state,
    }
}

fn due(shell: &Shell, ticket: &Ticket, now: crate::clock::Timestamp) -> Option<Due> {
    if !is_open(ticket.status) {
        return None;
    }
    let (time, is_late) = (shell.near(ticket.respond_by), ticket.respond_by < now && ticket.paused_at.is_none());
    let key = match (ticket.paused_at, is_late) {
        (Some(_), _) => "ticket-due-paused",
        (None, true) => "ticket-due-late",
        (None, false) => "ticket-due",
    };
    Some(Due { words: shell.with(key, "time", time), exact: ticket.respond_by.exact(), is_late })
}

/// What is wrong with what was sent, in words, at the field where it is to be put right.
fn say_faults(
    shell: &mut Shell,
    file: &TicketFile,
    caller: &Caller,
    open: &str,
    faults: &[FieldError],
    stale: Option<Option<HistoryId>>,
) {
    if let Some(seen) = stale {
        let news = file.history.iter().rev().find(|one| seen.is_some_and(|seen| one.id > seen) && one.event.is_news());
        let holder = file.ticket.claimed_by.as_ref().filter(|claim| claim.id != caller.id && !open.is_empty());
        match (news, holder) {
            (Some(news), _) => {
                let text = shell.with("ticket-fault-news", "name", &news.actor.name);
                shell.fault_text("", text);
            }
            (None, Some(holder)) => {
                let text = shell.with("ticket-fault-held", "name", &holder.name);
                shell.fault_text("", text);
            }
            (None, None) => shell.fault("", "ticket-fault-state"),
        }
    }
    for fault in faults {
        let (field, key) = match fault.field.as_str() {
            "respond_by" => ("bis".to_owned(), "ticket-fault-until"),
            "into" => (open.to_owned(), "ticket-fault-into"),
            "purpose" => ("zweck".to_owned(), "ticket-fault-purpose"),
            "contact" => (open.replacen("weitergeben", "an", 1), "ticket-fault-contact"),
            "kind" | "contact_id" => (String::new(), "ticket-fault-nobody"),
            _ if fault.message.contains("at most") => (open.to_owned(), "ticket-fault-long"),
            _ => (open.to_owned(), "ticket-fault-text"),
        };
        shell.fault(field, key);
    }
}

fn facts(state: &State, shell: &Shell, ticket: &Ticket) -> Vec<(String, String)> {
    let directory = state.directory().current();
    let service = directory.service(ticket.service.as_str());
    let place = directory.municipality(&ticket.ars);
    let mut facts = vec![
        (shell.say("ticket-service"), service.map_or_else(|| ticket.service.to_string(), |one| one.name.to_string())),
        (shell.say("ticket-place"), place.map_or_else(|| ticket.ars.to_string(), |one| one.name.to_string())),
        (shell.say("ticket-category"), shell.say(&format!("category-{}", ticket.category))),
        (shell.say("ticket-channel"), shell.say(&format!("channel-{}", ticket.channel))),
        (shell.say("ticket-taken"), shell.near(ticket.created_at)),
    ];
    facts.extend(ticket.external_reference.iter().map(|number| (shell.say("ticket-reference"), number.clone())));
    facts.extend(ticket.context.iter().map(|(name, value)| (named(shell.language, name), value.clone())));
    facts
}

/// What the 1st level calls a detail: a word of ours where there is one.
fn named(language: Language, name: &str) -> String {
    language.try_say(&format!("context-{name}")).unwrap_or_else(|| name.to_owned())
}

fn known_of(shell: &Shell, reporter: Reporter) -> Vec<(String, String)> {
    let all = [("intake-name", reporter.name), ("ticket-phone", reporter.phone), ("ticket-mail", reporter.email)];
    let known: Vec<_> = all.into_iter().filter_map(|(key, value)| Some((shell.language.say(key), value?))).collect();
    if known.is_empty() { vec![(shell.say("intake-name"), shell.say("ticket-unknown"))] } else { known }
}

/// Mails about the request that nobody has decided about.
fn waiting(shell: &Shell, file: &TicketFile) -> Vec<Waiting> {
    let open = file.mails.iter().filter(|opened| opened.mail.state.is_open());
    let one = |opened: &crate::inbound::browse::Opened| {
        let values = [
            ("kind", shell.say(&format!("inbound-kind-{}", opened.mail.kind))),
            ("state", shell.say(&format!("inbound-state-{}", opened.mail.state))),
            ("time", shell.near(opened.mail.received_at)),
        ];
        Waiting {
            href: format!("/eingang/{}", opened.mail.id),
            words: shell.language.with_all("ticket-mail-waits", &values),
        }
    };
    open.map(one).collect()
}

/// Open requests about the same service and matter.
async fn similar(
    state: &State,
    shell: &Shell,
    caller: &Caller,
    ticket: &Ticket,
) -> Result<Vec<(String, String, String)>, AppError> {
    let status = vec![TicketStatus::New, TicketStatus::Assessing, TicketStatus::Escalated, TicketStatus::Waiting];
    let (service, category) = (Some(ticket.service.clone()), Some(ticket.category));
    let filter = Filter { status, service, category, ..Filter::default() };
    let found = browse::list(state.desk(), caller.clone(), filter, browse::Order::Due, None, SIMILAR).await?;
    let directory = state.directory().current();
    let one = |other: &Ticket| {
        let place = directory.municipality(&other.ars).map_or_else(String::new, |place| short(&place.name).to_owned());
        let state = shell.say(&format!("ticket-{}", other.status));
        (other.number.to_string(), other.subject.clone(), format!("{place} · {state}"))
    };
    Ok(found.items.iter().filter(|other| other.id != ticket.id).take(SIMILAR - 1).map(one).collect())
}

/// What was found in a text, by the words of the rule.
pub(crate) fn warning_key(message: &str) -> &'static str {
    match message {
        text if text.contains("birth date") => "intake-warns-birth-date",
        text if text.contains("IBAN") => "intake-warns-iban",
        text if text.contains("card") => "intake-warns-card",
        _ => "intake-warns-tax",
    }
}
