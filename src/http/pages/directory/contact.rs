//! One contact: how it is reached and how true that is, where it has duties, what is planned, who changed what.
//!
//! Invariant: forms stand here only for those who may change it; whoever may not reads whose it is. One that was ended
//! is read on, and changed no more.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::changed::{self, ChangeLine};
use super::contacts::{HERE, state_words};
use super::named::offered;
use super::typed::{Typed, day_in_field};
use super::{day, place_name, region_name, service_name, span};
use crate::access::Action;
use crate::directory::confirmation::{Confirmation, ConfirmationState};
use crate::directory::contacts::{self, ContactState, Held};
use crate::directory::hours::in_words;
use crate::directory::planned::{self, PlanState, Planned};
use crate::directory::versions::Kind;
use crate::directory::{Contact, HelpLanguage, Snapshot, contacts_of};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::contacts::{may_change_this, readable};
use crate::http::auth::right;
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::{Person, Staff};
use crate::http::words::Language;
use crate::keys::Ars;

/// So many duties are shown of each level.
const MOST_DUTIES: i64 = 50;

#[derive(Template)]
#[template(path = "contact.html")]
struct ContactPage {
    shell: Shell,
    here: String,
    name: String,
    states: Vec<(&'static str, bool, String)>,
    facts: Vec<(String, String)>,
    webhook: Option<(String, String)>,
    confirmation: Vec<String>,
    dispute: Option<(String, String)>,
    may_ask: bool,
    duties: Vec<DutyLine>,
    plans: Vec<PlanLine>,
    history: Vec<ChangeLine>,
    may_change: bool,
    is_ended: bool,
    whose: String,
    version: i32,
    /// The duties that are not over: what somebody else is needed for when it is ended.
    losing: Vec<DutyLine>,
    is_absent: bool,
    absence: [Field; 3],
    plan: [Field; 6],
    is_plan_open: bool,
    end_reason: Field,
    contacts: Vec<(String, String)>,
}

/// A duty in a row.
struct DutyLine {
    duty: String,
    where_: String,
    href: Option<String>,
    second: String,
}

/// A planned change in a row.
struct PlanLine {
    id: String,
    day: String,
    what: Vec<String>,
    by: String,
    sign: &'static str,
    state: String,
    can_undo: bool,
    outcome: Option<String>,
}

/// What was typed into a form of the page, when something is wrong with it.
#[derive(Default)]
pub(super) struct Entered {
    /// The absence.
    pub absence: Option<Typed>,
    /// The plan.
    pub plan: Option<Typed>,
    /// Why it is ended.
    pub end: String,
}

/// One contact.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    at: Path<String>,
) -> PageResult {
    let found = readable(&state, &page.person.caller, &at).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_contact(StatusCode::OK, &state, &page.person, shell, found, Entered::default()).await?)
}

/// Shows it, with what was typed and what is wrong with that.
pub(super) async fn show_contact(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    contact: Contact,
    entered: Entered,
) -> Result<HttpResponse, AppError> {
    let (desk, directory, slug) = (state.desk(), state.directory().current(), contact.slug.clone());
    let here = format!("{HERE}/{slug}");
    let confirmation = match contact.is_ended {
        true => None,
        false => Some(state.confirmations.state(slug.clone()).await?),
    };
    let held = contacts::held(&desk.db, slug.clone(), person.caller.reach(Action::ReadDirectory), MOST_DUTIES).await?;
    let plans = planned::list(&desk.db, slug.clone()).await?;
    let history = changed::history(state, &shell, Kind::Contact, slug.to_string()).await?;
    let deputy = deputy_name(state, &contact).await?;
    let may_change = !contact.is_ended && may_change_this(&person.caller, &contact);
    let losing = held.iter().filter(|one| may_change && one.until.is_none_or(|until| state.today() <= until));
    let is_absent = contact.absent_from.is_some() || contact.absent_until.is_some();
    let shown = ContactPage {
        name: contact.name.clone(),
        states: match &confirmation {
            Some(confirmation) => state_words(&shell, &states(state, &contact, confirmation)),
            None => vec![("none", false, shell.say("contact-ended"))],
        },
        facts: facts(&shell, &directory, &contact, deputy),
        webhook: contact.webhook.as_ref().map(|webhook| {
            (webhook.url.clone(), shell.say(if webhook.is_active() { "webhook-active" } else { "webhook-off" }))
        }),
        confirmation: confirmation.as_ref().map(|confirmation| asked(&shell, confirmation)).unwrap_or_default(),
        dispute: confirmation
            .as_ref()
            .and_then(|confirmation| confirmation.dispute.as_ref())
            .map(|one| (one.said.clone(), shell.near(one.at))),
        may_ask: may_change && contact.email.is_some() && contact.bounced.is_none(),
        duties: held.iter().map(|one| DutyLine::new(&shell, &directory, one)).collect(),
        plans: plans.iter().map(|plan| PlanLine::new(&shell, plan)).collect(),
        history,
        may_change,
        is_ended: contact.is_ended,
        whose: match contact.is_ended {
            true => shell.say("contact-end-what"),
            false => whose(&shell, &directory, &contact),
        },
        version: contact.version,
        losing: losing.map(|one| DutyLine::new(&shell, &directory, one)).collect(),
        is_absent,
        absence: absence_fields(&shell, &contact, entered.absence),
        is_plan_open: entered.plan.is_some(),
        plan: plan_fields(&shell, entered.plan),
        end_reason: Field::text(&shell, "grund", &shell.say("contact-end-reason"), &entered.end),
        contacts: if may_change { offered(state, person).await? } else { Vec::new() },
        shell: shell.at(here.as_str()),
        here,
    };
    Ok(show(status, &shown.shell, &shown))
}

fn states(state: &State, contact: &Contact, confirmation: &Confirmation) -> Vec<ContactState> {
    let confirmed = match confirmation.state {
        ConfirmationState::Disputed => ContactState::Disputed,
        ConfirmationState::Unconfirmed => ContactState::Unconfirmed,
        ConfirmationState::Stale => ContactState::Stale,
        ConfirmationState::Due => ContactState::Due,
        ConfirmationState::Confirmed => ContactState::Confirmed,
    };
    let today = state.today();
    let has_absence = contact.absent_from.is_some() || contact.absent_until.is_some();
    let is_away = has_absence
        && contact.absent_from.is_none_or(|from| from <= today)
        && contact.absent_until.is_none_or(|until| today <= until);
    let all = [(ContactState::Bounced, contact.bounced.is_some()), (confirmed, true), (ContactState::Absent, is_away)];
    all.into_iter().filter(|(_, holds)| *holds).map(|(state, _)| state).collect()
}

async fn deputy_name(state: &State, contact: &Contact) -> Result<Option<String>, AppError> {
    let Some(deputy) = contact.deputy.clone() else { return Ok(None) };
    let found = state.desk().db.read(move |conn| contacts_of(conn, &[deputy])).await?;
    Ok(found.into_iter().next().map(|deputy| format!("{} ({})", deputy.name, deputy.slug)))
}

/// Whose contact it is, for those who may not change it.
fn whose(shell: &Shell, directory: &Snapshot, contact: &Contact) -> String {
    match &contact.owner {
        None => shell.say("contact-of-all"),
        Some(owner) => shell.with("contact-of-region", "region", region_name(shell, directory, owner)),
    }
}

fn help_language(shell: &Shell) -> HelpLanguage {
    if shell.language == Language::En { HelpLanguage::English } else { HelpLanguage::German }
}

fn facts(shell: &Shell, directory: &Snapshot, contact: &Contact, deputy: Option<String>) -> Vec<(String, String)> {
    let bounced =
        contact.bounced.map(|at| shell.with("rollout-bounced", "day", day(shell.language, at.day_in_berlin())));
    let email = contact.email.as_ref().map(|email| match bounced {
        Some(bounced) => format!("{email}\n{bounced}"),
        None => email.to_string(),
    });
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let rhythm = contact.notify.to_string();
    let (word, time) = rhythm.split_once(' ').unwrap_or((&rhythm, ""));
    let all = [
        ("field-email", email),
        ("field-phone", contact.phone.clone()),
        ("field-hours", contact.hours.as_deref().map(|hours| in_words(hours, help_language(shell)))),
        ("field-deputy", deputy),
        ("field-absence", some(span(shell, contact.absent_from, contact.absent_until))),
        ("field-valid", some(span(shell, contact.valid_from, contact.valid_to))),
        ("field-notify", Some(shell.with(&format!("rhythm-{word}").replace('_', "-"), "time", time))),
        ("field-reference-pattern", contact.reference_pattern.clone()),
        ("field-discloses-reporter", Some(shell.say(if contact.discloses_reporter { "yes" } else { "no" }))),
        (
            "field-owner",
            Some(
                contact
                    .owner
                    .as_ref()
                    .map_or_else(|| shell.say("owner-all"), |owner| region_name(shell, directory, owner)),
            ),
        ),
        ("field-slug", Some(contact.slug.to_string())),
    ];
    all.into_iter().filter_map(|(key, value)| Some((shell.say(key), value?))).collect()
}

/// What it was asked and what became of it, the latest first.
fn asked(shell: &Shell, confirmation: &Confirmation) -> Vec<String> {
    let confirmed = confirmation.confirmed_on.map(|on| shell.with("confirmed-on", "day", day(shell.language, on)));
    let stale = confirmation.stale_on.map(|on| shell.with("stale-on", "day", day(shell.language, on)));
    let last = confirmation.asked.first().map(|asked| {
        let key = match asked.answer {
            Some(_) => "asked-answered",
            None if asked.ended_at.is_some() => "asked-over",
            None => "asked-open",
        };
        shell.with(key, "when", shell.near(asked.at))
    });
    let never = confirmation.confirmed_on.is_none().then(|| shell.say("confirmed-never"));
    [confirmed, never, stale, last].into_iter().flatten().collect()
}

impl DutyLine {
    fn new(shell: &Shell, directory: &Snapshot, held: &Held) -> Self {
        let service = held.service.as_ref().map(|slug| service_name(directory, slug.as_str()));
        let place = match held.ars.as_str().parse::<Ars>() {
            Ok(ars) => place_name(directory, &ars),
            Err(_) => region_name(shell, directory, &held.ars),
        };
        let days = span(shell, held.from, held.until);
        let second: Vec<String> =
            held.person.iter().cloned().chain(Some(days).filter(|days| !days.is_empty())).collect();
        Self {
            duty: shell.say(&format!("duty-{}", held.duty)),
            where_: service.map_or_else(|| place.clone(), |service| format!("{service}, {place}")),
            href: held.adoption.map(|id| format!("/anschluesse/{id}/zustaendig/{}", held.duty)),
            second: second.join(" · "),
        }
    }
}

impl PlanLine {
    fn new(shell: &Shell, plan: &Planned) -> Self {
        let label = |field: &str| {
            shell.language.try_say(&format!("field-{}", field.replace('_', "-"))).unwrap_or_else(|| field.to_owned())
        };
        let what = plan.change.iter().map(|(field, new)| format!("{}: {}", label(field), changed::value(shell, new)));
        let sign = match plan.state {
            PlanState::Planned => "wait",
            PlanState::Applied => "ok",
            PlanState::Withdrawn => "none",
            PlanState::Failed => "late",
        };
        let by = [("who", plan.by.name.clone()), ("when", shell.near(plan.planned_at))];
        Self {
            id: plan.id.to_string(),
            day: day(shell.language, plan.takes_effect_on),
            what: what.collect(),
            by: shell.language.with_all("changed-by", &by),
            sign,
            state: shell.say(&format!("plan-{}", plan.state)),
            can_undo: matches!(plan.state, PlanState::Planned | PlanState::Failed),
            outcome: plan.outcome.clone(),
        }
    }
}

fn absence_fields(shell: &Shell, contact: &Contact, typed: Option<Typed>) -> [Field; 3] {
    let typed = typed.unwrap_or_else(|| {
        let deputy = contact.deputy.as_ref().map(ToString::to_string).unwrap_or_default();
        let (from, until) = (day_in_field(contact.absent_from), day_in_field(contact.absent_until));
        Typed::of([("von", from), ("bis", until), ("vertretung", deputy)])
    });
    let field = |id, key| Field::text(shell, id, &shell.say(key), typed.get(id));
    [
        field("von", "absence-from").kind("date").may_be_empty(),
        field("bis", "absence-until").kind("date").may_be_empty(),
        field("vertretung", "field-deputy").hint(shell.say("deputy-hint")).offering("alle-kontakte").may_be_empty(),
    ]
}

fn plan_fields(shell: &Shell, typed: Option<Typed>) -> [Field; 6] {
    let typed = typed.unwrap_or_default();
    let field = |id: &'static str, key: &str| Field::text(shell, id, &shell.say(key), typed.get(id));
    [
        field("ab", "plan-day").kind("date"),
        field("plan-name", "field-name").may_be_empty(),
        field("plan-mail", "field-email").kind("email").may_be_empty(),
        field("plan-telefon", "field-phone").may_be_empty(),
        field("plan-vertretung", "field-deputy").offering("alle-kontakte").may_be_empty(),
        field("plan-grund", "field-reason").may_be_empty(),
    ]
}
