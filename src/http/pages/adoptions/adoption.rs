//! One adoption: where it stands, its checklist, who answers, who does what, and what can be done with it.
//!
//! Invariant: what is missing is said before a button is pressed, and again in the same words when it was pressed all
//! the same.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::history::history;
use super::project::fields as project_fields;
use super::public::{self, Public};
use super::{HERE, StateWords, day, hindrance, may_change, of, progress, reached};
use crate::access::Action;
use crate::directory::adoptions::{self, AdoptionChange};
use crate::directory::rollout::{self, Block, Checklist, Item, ItemView, Party, Verdict};
use crate::directory::{Adoption, AdoptionState, Contact, Duty, contacts_of};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::rollout::sign;
use crate::http::auth::{parse_query, right};
use crate::http::pages::directory::ChangeLine;
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::ids::AdoptionId;

#[derive(Template)]
#[template(path = "adoption.html")]
struct AdoptionPage {
    shell: Shell,
    here: String,
    csv: String,
    place: String,
    service: String,
    state: StateWords,
    hindrance: Option<String>,
    is_clear: bool,
    facts: String,
    reason: Option<String>,
    progress: String,
    is_open_only: bool,
    lines: Vec<PointLine>,
    people: Vec<DutyLine>,
    parties: Vec<String>,
    tasks: Vec<(String, Vec<&'static str>)>,
    is_settled: bool,
    may_change: bool,
    version: i32,
    project_version: i32,
    moves: Vec<Move>,
    suspend_reason: Field,
    project: [Field; 3],
    is_project_open: bool,
    public: Public,
    history: Vec<ChangeLine>,
}

/// A point in a row.
struct PointLine {
    id: String,
    href: String,
    is_bad: bool,
    sign: &'static str,
    word: String,
    title: String,
    second: String,
    evidence: String,
}

/// A duty in a row.
struct DutyLine {
    href: String,
    duty: String,
    who: Vec<(String, String, String)>,
    second: String,
    confirmed: Option<(&'static str, String)>,
}

/// What can be done with the state.
struct Move {
    to: AdoptionState,
    label: String,
    effect: String,
    needs_reason: bool,
    is_possible: bool,
}

/// Sign and key of a verdict.
pub(super) fn verdict_words(shell: &Shell, item: &ItemView) -> (&'static str, String) {
    let sign = match item.verdict {
        _ if item.is_overdue => "late",
        Verdict::Missing => "late",
        Verdict::Open => "due",
        Verdict::Waiting => "wait",
        Verdict::Fulfilled => "ok",
        Verdict::NotNeeded => "none",
    };
    let key = if item.is_overdue { "verdict-overdue".to_owned() } else { format!("verdict-{}", item.verdict) };
    (sign, shell.say(&key))
}

impl PointLine {
    fn new(shell: &Shell, here: &str, item: &ItemView) -> Self {
        let (sign, word) = verdict_words(shell, item);
        let lack = item.lack.as_ref().map(|lack| of(shell.language, &lack.what).to_owned());
        let owner = item.owner.as_ref().map(|owner| shell.with("rollout-at", "owner", owner));
        let due = item.due_on.map(|due| shell.with("rollout-until", "day", day(shell.language, due)));
        let is_good = item.verdict.is_good();
        let if_needed = (!item.is_required && !is_good).then(|| shell.say("rollout-if-needed"));
        let second = [if_needed, lack, owner.filter(|_| !is_good), due.filter(|_| !is_good)];
        Self {
            id: format!("punkt-{}", item.item),
            href: format!("{here}/punkte/{}", item.item),
            is_bad: item.verdict == Verdict::Missing || item.is_overdue,
            sign,
            word,
            title: of(shell.language, &item.title).to_owned(),
            second: second.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            evidence: item.evidence.as_ref().map_or_else(String::new, |text| of(shell.language, text).to_owned()),
        }
    }
}

/// What is to be done first.
fn rank(item: &ItemView) -> u8 {
    match item.verdict {
        _ if item.is_overdue => 0,
        Verdict::Missing => 1,
        Verdict::Open if item.is_required => 2,
        Verdict::Waiting => 3,
        Verdict::Open => 4,
        Verdict::Fulfilled => 5,
        Verdict::NotNeeded => 6,
    }
}

/// What is shown of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    offen: String,
    projekt: String,
}

/// What was typed, when something is wrong with it.
#[derive(Default)]
pub(super) struct Typed {
    /// Why it is suspended.
    pub reason: String,
    /// Start, member and delegate.
    pub project: Option<[String; 3]>,
    /// True where somebody came for them, so that the form stands open.
    pub is_project_asked: bool,
}

/// One adoption.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    id: Path<AdoptionId>,
) -> PageResult {
    let found = reached(&state, &page.person.caller, Action::ReadDirectory, id.into_inner()).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let wanted: Wanted = parse_query(request.query_string())?;
    let is_open_only = !wanted.offen.is_empty();
    let typed = Typed { is_project_asked: !wanted.projekt.is_empty(), ..Typed::default() };
    Ok(show_adoption(StatusCode::OK, &state, &page.person, shell, found, is_open_only, typed).await?)
}

pub(super) async fn show_adoption(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    adoption: Adoption,
    is_open_only: bool,
    typed: Typed,
) -> Result<HttpResponse, AppError> {
    let (desk, id) = (state.desk(), adoption.id);
    let list = rollout::read(&desk.db, id, state.today()).await?;
    let matrix = rollout::read_matrix(&desk.db, id).await?;
    let slugs = list.contacts.iter().map(|holder| holder.contact.clone()).collect::<Vec<_>>();
    let contacts = desk.db.read(move |conn| {
        let mut found = contacts_of(conn, &slugs)?;
        let deputies: Vec<_> = found.iter().filter_map(|contact| contact.deputy.clone()).collect();
        found.extend(contacts_of(conn, &deputies)?);
        Ok(found)
    });
    let contacts = contacts.await?;
    let here = format!("{HERE}/{id}");
    let mut items: Vec<&ItemView> = list.items.iter().filter(|i| !is_open_only || !i.verdict.is_good()).collect();
    items.sort_by_key(|item| rank(item));
    let language = shell.language;
    let task = |task: &rollout::Task| {
        (of(language, &task.title()).to_owned(), Party::ALL.iter().map(|party| sign(task.part(*party))).collect())
    };
    let shown = AdoptionPage {
        place: list.municipality.clone(),
        service: list.service_name.clone(),
        state: StateWords::new(&shell, list.state),
        hindrance: hindrance(&shell, &list).map(|words| headline(&shell, list.state, &words)),
        is_clear: list.state == AdoptionState::Draft && list.blocks_ready.is_empty(),
        facts: facts(&shell, &list),
        reason: list.suspended_reason.clone(),
        progress: progress(&shell, &list),
        is_open_only,
        lines: items.into_iter().map(|item| PointLine::new(&shell, &here, item)).collect(),
        people: Duty::ALL.iter().map(|duty| duty_line(&shell, state, &list, &contacts, *duty)).collect(),
        parties: Party::ALL.iter().map(|party| shell.say(&format!("party-{party}"))).collect(),
        tasks: matrix.tasks.iter().map(task).collect(),
        is_settled: matrix.is_settled,
        may_change: may_change(&person.caller, &adoption),
        version: adoption.version,
        project_version: list.version,
        moves: list.next_states.iter().map(|to| Move::new(&shell, &list, *to)).collect(),
        suspend_reason: Field::text(&shell, "grund", &shell.say("rollout-reason"), &typed.reason),
        public: public::of(state, &shell, &adoption, is_said_transferred(&list)).await?,
        history: history(state, &shell, &list).await?,
        is_project_open: typed.is_project_asked || typed.project.is_some(),
        project: project_fields(&shell, &list, typed.project),
        shell: shell.at(here.as_str()),
        csv: format!("/api/v1/adoptions/{id}/matrix?format=csv"),
        here,
    };
    Ok(show(status, &shown.shell, &shown))
}

/// True where the checklist says that the editorial system of the Land has it.
fn is_said_transferred(list: &Checklist) -> bool {
    list.items.iter().any(|point| point.item == Item::EditorialSystem && point.verdict == Verdict::Fulfilled)
}

/// What is missing, said for where it stands.
fn headline(shell: &Shell, state: AdoptionState, words: &str) -> String {
    match state {
        AdoptionState::Draft => shell.with("rollout-not-ready", "what", words),
        AdoptionState::Ready | AdoptionState::Live | AdoptionState::Suspended => words.to_owned(),
    }
}

/// Start, operator and Land in one line.
fn facts(shell: &Shell, list: &Checklist) -> String {
    let start = list.planned_start.map(|start| shell.with("rollout-planned", "day", day(shell.language, start)));
    let since =
        list.live_since.map(|at| shell.with("rollout-live-since", "day", day(shell.language, at.day_in_berlin())));
    let start = match list.state {
        AdoptionState::Draft | AdoptionState::Ready => start,
        AdoptionState::Live => since.or(start),
        // It is not in use now; why, stands below.
        AdoptionState::Suspended => None,
    };
    let land = list.operating_land.name();
    let by = match list.operator.is_empty() {
        true => shell.with("rollout-operated-land", "land", land),
        false => shell
            .language
            .with_all("rollout-operated", &[("operator", list.operator.clone()), ("land", land.to_owned())]),
    };
    start.into_iter().chain([by]).collect::<Vec<_>>().join(" · ")
}

impl Move {
    fn new(shell: &Shell, list: &Checklist, to: AdoptionState) -> Self {
        let is_possible = match to {
            AdoptionState::Ready => list.blocks_ready.is_empty(),
            AdoptionState::Live => list.blocks_live.is_empty(),
            AdoptionState::Draft | AdoptionState::Suspended => true,
        };
        let again = to == AdoptionState::Live && list.state == AdoptionState::Suspended;
        let label = if again { "move-live-again".to_owned() } else { format!("move-{to}") };
        let effect = if is_possible { format!("move-{to}-effect") } else { format!("move-{to}-blocked") };
        Self {
            to,
            label: shell.say(&label),
            effect: shell.say(&effect),
            needs_reason: to == AdoptionState::Suspended,
            is_possible,
        }
    }
}

fn duty_line(shell: &Shell, state: &State, list: &Checklist, contacts: &[Contact], duty: Duty) -> DutyLine {
    let own = list.contacts.iter().filter(|holder| holder.duty == duty && holder.is_own);
    let of_service = list.contacts.iter().filter(|holder| holder.duty == duty && !holder.is_own);
    let holders: Vec<_> = if own.clone().next().is_some() { own.collect() } else { of_service.collect() };
    let first = holders.first().and_then(|holder| contacts.iter().find(|contact| contact.slug == holder.contact));
    let deputy = first.and_then(|contact| contact.deputy.as_ref());
    let deputy = deputy.and_then(|deputy| contacts.iter().find(|contact| contact.slug == *deputy));
    let deputy = deputy.map(|deputy| shell.with("rollout-deputy", "who", &deputy.name));
    let bounced = first
        .and_then(|c| c.bounced)
        .map(|at| shell.with("rollout-bounced", "day", day(shell.language, at.day_in_berlin())));
    let is_own = holders.first().is_none_or(|holder| holder.is_own);
    let from_service = (!is_own).then(|| shell.say("rollout-of-service"));
    let nobody = holders.is_empty().then(|| shell.say(&format!("nobody-{duty}")));
    let second = [bounced, deputy, from_service, nobody].into_iter().flatten().collect::<Vec<_>>();
    DutyLine {
        href: format!("{HERE}/{}/zustaendig/{duty}", list.adoption),
        duty: shell.say(&format!("duty-{duty}")),
        who: holders
            .iter()
            .map(|h| (format!("/kontakte/{}", h.contact), h.name.clone(), h.person.clone().unwrap_or_default()))
            .collect(),
        second: second.join(" · "),
        confirmed: first.map(|contact| confirmed(shell, state, contact)),
    }
}

/// When a contact was confirmed last, as a sign and words.
fn confirmed(shell: &Shell, state: &State, contact: &Contact) -> (&'static str, String) {
    match contact.confirmed_on {
        None => ("due", shell.say("never")),
        Some(on) => {
            let is_stale = (state.today() - on).num_days() > state.desk().settings.directory.stale_after_days;
            (if is_stale { "due" } else { "ok" }, day(shell.language, on))
        }
    }
}

/// Moves it to another state.
pub async fn set_state(
    state: Data<State>,
    request: HttpRequest,
    id: Path<AdoptionId>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (person, typed, id) = (form.person, form.body, id.into_inner());
    let found = reached(&state, &person.caller, Action::ChangeAdoption, id).await?;
    let get = |name: &str| typed.get(name).cloned().unwrap_or_default();
    let to: AdoptionState = get("nach").parse().map_err(|fault: String| AppError::field("nach", fault))?;
    let reason = Some(get("grund")).filter(|_| to == AdoptionState::Suspended);
    let change = AdoptionChange { version: get("version").parse().ok(), state: Some(to), reason, ..Default::default() };
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let status = match adoptions::change(&desk.db, &person.caller.actor, id, change, now).await {
        Ok(_) => return Ok(lead_done(&format!("{HERE}/{id}"), &format!("adoption-{to}"))),
        Err(AppError::Conflict(_)) => {
            shell.fault("", "fault-adoption-stale");
            StatusCode::CONFLICT
        }
        Err(AppError::Invalid(faults)) => {
            if faults.iter().any(|fault| fault.field == "reason") {
                shell.fault("grund", "fault-suspend-reason");
            }
            let list = rollout::read(&desk.db, id, state.today()).await?;
            let blocks = if to == AdoptionState::Ready { &list.blocks_ready } else { &list.blocks_live };
            let is_named =
                |block: &&Block| faults.iter().any(|fault| fault.field == format!("checklist.{}", block.item));
            for block in blocks.iter().filter(is_named) {
                let (title, remedy) = (of(shell.language, &block.title), of(shell.language, &block.lack.remedy));
                let text = format!("{title}: {} {remedy}", of(shell.language, &block.lack.what));
                shell.fault_text(format!("punkt-{}", block.item), text);
            }
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(fault) => return Err(fault.into()),
    };
    let typed = Typed { reason: get("grund"), ..Typed::default() };
    Ok(show_adoption(status, &state, &person, shell, found, false, typed).await?)
}
