//! What the 2nd level's page shows: how the escalation stands, the conversation, and what was done.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::Opened;
use super::form::{Action, Forms, Part, Typed};
use crate::directory::Kind;
use crate::error::FieldError;
use crate::escalation::ask::Question;
use crate::escalation::escalation::is_open;
use crate::escalation::hand_on::{Handover, HandoverState};
use crate::escalation::link::{self, DeadLink, LinkPage};
use crate::escalation::message::Facts;
use crate::escalation::{Escalation, EscalationStatus};
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::pages::{mail_link, message_with};
use crate::http::words::Language;
use crate::keys::Ars;

#[derive(Template)]
#[template(path = "second_level.html")]
pub(in crate::http::pages) struct SecondLevel {
    lang: &'static str,
    language: Language,
    assets: Assets,
    action: &'static str,
    title: String,
    to: String,
    municipality: String,
    number: String,
    kind_word: String,
    subject: String,
    question: String,
    description: String,
    facts: Vec<(String, String)>,
    acknowledge_by: Option<String>,
    state_sentence: Option<String>,
    is_open: bool,
    talk: Vec<Exchange>,
    handovers: Vec<String>,
    take: Option<Part>,
    parts: Vec<Part>,
    error: Option<String>,
    errors: Vec<(&'static str, String)>,
    view_url: String,
    other_url: String,
    link_end: Option<String>,
    csrf: Option<String>,
    who_asks: String,
    who_runs: Option<String>,
}

/// A question with its reply.
struct Exchange {
    asked: String,
    question: String,
    replied: Option<String>,
    reply: String,
}

#[derive(Template)]
#[template(path = "second_level_done.html")]
pub(in crate::http::pages) struct SecondLevelDone {
    lang: &'static str,
    language: Language,
    assets: Assets,
    municipality: String,
    number: String,
    subject: String,
    title: String,
    happened: String,
    next_steps: Vec<String>,
    /// A link to the request, while it leads there: of what has ended nothing is shown to who has only a link.
    see: Option<String>,
    view_url: String,
    is_logged_in: bool,
}

/// The page with its forms.
pub(in crate::http::pages) fn second_level(
    state: &State,
    found: LinkPage,
    opened: &Opened,
    action: Action,
    typed: Typed,
    faults: &[FieldError],
) -> SecondLevel {
    let (language, name) = (opened.language, found.facts.contact_name.clone());
    let forms = Forms { opened, action, typed, faults, place: &found.facts.municipality };
    let escalation = &found.escalation;
    let acknowledge_by = escalation.acknowledge_by.map(|by| {
        let then = found.facts.next_contact.as_ref().map(|next| language.with("desk-then", "name", next));
        let by = language.with("desk-acknowledge-by", "time", language.time(by));
        [Some(by), then].into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    let (take, parts) = (forms.take(), forms.parts(&found));
    let fields = take.iter().chain(&parts).flat_map(|part| &part.fields);
    let errors = fields.filter_map(|field| Some((field.id, field.fault.clone()?))).collect();
    let number = found.facts.number.clone();
    SecondLevel {
        lang: language.as_str(),
        language,
        assets: Assets::here(),
        action: action.as_str(),
        title: language.with_all("desk-title", &[("number", number), ("name", name.clone())]),
        to: language.with("desk-to", "name", &name),
        kind_word: kind_word(language, escalation),
        acknowledge_by,
        state_sentence: state_sentence(language, escalation),
        is_open: is_open(escalation.status),
        facts: known(language, &found.facts),
        talk: found.questions.iter().map(|one| exchange(language, one)).collect(),
        handovers: found.handovers.iter().map(|one| handover(language, one)).collect(),
        take,
        parts,
        error: (!faults.is_empty()).then(|| {
            let is_stale = faults.iter().any(|fault| fault.field.is_empty());
            language.say(if is_stale { "desk-stale" } else { "desk-fault" })
        }),
        errors,
        view_url: opened.at(Action::View),
        other_url: opened.other(action),
        link_end: opened.csrf.is_none().then(|| {
            let time = language.time(found.holder.expires_at);
            language.with_all("desk-link-end", &[("time", time), ("name", name)])
        }),
        csrf: opened.csrf.clone(),
        who_asks: who_asks(language, &found.facts),
        who_runs: who_runs(language, state),
        municipality: found.facts.municipality,
        number: found.facts.number,
        subject: found.facts.subject,
        question: found.facts.note,
        description: found.facts.description,
    }
}

/// Which administration asks: its name and its Land.
fn who_asks(language: Language, facts: &Facts) -> String {
    let place = facts.municipality.clone();
    let land = facts.ars.parse::<Ars>().ok().and_then(|ars| ars.land());
    match land.as_ref().map(|land| land.name()) {
        // Berlin and Hamburg are both.
        Some(land) if !place.starts_with(land) => {
            language.with_all("desk-who-asks", &[("place", place), ("land", land.to_owned())])
        }
        _ => language.with("desk-who-asks-city", "place", &place),
    }
}

/// Who runs this service, and how to reach them, where they said so.
fn who_runs(language: Language, state: &State) -> Option<String> {
    let links = &state.public_links;
    let operator = links.operator.clone()?;
    let values =
        [("name", links.name.clone()), ("operator", operator), ("contact", links.contact.clone().unwrap_or_default())];
    let key = if links.contact.is_some() { "desk-who-runs-reach" } else { "desk-who-runs" };
    Some(language.with_all(key, &values))
}

fn kind_word(language: Language, found: &Escalation) -> String {
    match (found.emergency, found.kind) {
        (true, _) => language.say("desk-kind-emergency"),
        (false, Kind::Technical) => language.say("desk-kind-technical"),
        (false, Kind::Functional) => language.say("desk-kind-functional"),
    }
}

fn known(language: Language, facts: &Facts) -> Vec<(String, String)> {
    let category = match language {
        Language::De => facts.category.german().to_owned(),
        Language::En => facts.category.to_string().replace('_', " "),
    };
    let mut known = vec![
        (language.say("desk-service"), facts.service_name.clone()),
        (language.say("desk-place"), facts.municipality.clone()),
        (language.say("desk-category"), category),
        (language.say("desk-priority"), facts.priority.to_string()),
    ];
    known.extend(facts.context.iter().map(|(label, value)| (label.clone(), value.clone())));
    known
}

fn exchange(language: Language, one: &Question) -> Exchange {
    let said =
        |key: &str, name: &str, at| language.with_all(key, &[("name", name.into()), ("time", language.time(at))]);
    Exchange {
        asked: said("desk-asked", &one.asked_by, one.asked_at),
        question: one.question.clone(),
        replied: one.replied_at.map(|at| said("desk-replied", one.replied_by.as_deref().unwrap_or("?"), at)),
        reply: one.reply.clone().unwrap_or_default(),
    }
}

fn handover(language: Language, one: &Handover) -> String {
    let key = match one.state {
        HandoverState::Done => "desk-handed",
        HandoverState::Proposed => "desk-proposed",
        HandoverState::Declined => "desk-declined",
    };
    let values = [
        ("from", one.from_name.clone()),
        ("to", one.to.name.clone()),
        ("time", language.time(one.at)),
        ("reason", one.reason.clone()),
    ];
    language.with_all(key, &values)
}

/// How it stands, unless it simply waits.
fn state_sentence(language: Language, found: &Escalation) -> Option<String> {
    let (key, at) = match found.status {
        EscalationStatus::Pending | EscalationStatus::Sent => return None,
        EscalationStatus::Acknowledged => ("desk-state-acknowledged", found.acknowledged_at),
        EscalationStatus::Answered => ("desk-state-answered", found.ended_at),
        EscalationStatus::Returned => ("desk-state-returned", found.ended_at),
        EscalationStatus::Expired => ("desk-state-expired", found.ended_at),
        EscalationStatus::Withdrawn => ("desk-state-withdrawn", found.ended_at),
    };
    let name = found.acknowledged_name.clone().unwrap_or_else(|| language.say("desk-somebody"));
    let time = language.time(at.unwrap_or(found.updated_at));
    Some(language.with_all(key, &[("name", name), ("time", time)]))
}

/// True while it is so that the holder of the link did this.
pub(in crate::http::pages) fn was_done(found: &LinkPage, word: Action) -> bool {
    let (escalation, own) = (&found.escalation, &found.holder.contact);
    let is_theirs = found.last_word.as_deref() == Some(word.as_str());
    let stands = match word {
        Action::View => false,
        Action::Acknowledge => {
            escalation.status == EscalationStatus::Acknowledged && escalation.acknowledged_contact.as_ref() == Some(own)
        }
        Action::Answer => escalation.status == EscalationStatus::Answered,
        Action::Return => escalation.status == EscalationStatus::Returned,
        Action::Ask => {
            let open = |one: &Question| one.contact.as_ref() == Some(own) && one.replied_at.is_none();
            is_open(escalation.status) && found.questions.iter().any(open)
        }
        Action::HandOn => {
            let done = |one: &Handover| one.from.as_ref() == Some(own) && one.state == HandoverState::Done;
            is_open(escalation.status) && found.handovers.last().is_some_and(done)
        }
    };
    is_theirs && stands
}

/// What was done, and how it goes on.
pub(in crate::http::pages) fn done(found: LinkPage, opened: &Opened, word: Action) -> SecondLevelDone {
    let (language, facts) = (opened.language, found.facts);
    let text = |part: &str| language.say(&format!("desk-done-{}{part}", word.as_str()));
    let mut next_steps = vec![text("-next")];
    let has_ended = matches!(word, Action::Answer | Action::Return);
    if has_ended {
        next_steps.push(language.say("desk-nothing-more"));
    }
    let is_there = !has_ended || opened.csrf.is_some();
    SecondLevelDone {
        lang: language.as_str(),
        language,
        assets: Assets::here(),
        title: text(""),
        happened: text("-what"),
        next_steps,
        see: is_there.then(|| language.with("desk-see", "number", &facts.number)),
        view_url: opened.at(Action::View),
        is_logged_in: opened.csrf.is_some(),
        municipality: facts.municipality,
        number: facts.number,
        subject: facts.subject,
    }
}

/// A link that opens nothing any more, or nothing that can be acted on.
pub(super) async fn gone(request: &HttpRequest, state: &State, opened: &Opened, dead: DeadLink) -> HttpResponse {
    let language = opened.language;
    let told = |title: String, lead: String, next: String| {
        message_with(language, StatusCode::GONE, &title, &lead, &next, &opened.other(Action::View))
    };
    match dead {
        DeadLink::Unknown => mail_link::unknown(request),
        DeadLink::Expired => {
            told(language.say("desk-dead-title"), language.say("desk-dead"), language.say("desk-dead-next"))
        }
        DeadLink::Ended => {
            let found = link::look(&state.escalations, opened.secret.clone()).await;
            let what = found.ok().and_then(Result::ok).and_then(|(_, found)| state_sentence(language, &found));
            let lead = what.unwrap_or_else(|| language.say("desk-ended"));
            told(language.say("desk-ended-title"), lead, language.say("desk-ended-next"))
        }
    }
}
