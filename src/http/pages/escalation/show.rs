//! What the 2nd level's page shows: how the escalation stands, the conversation, and what was done.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono_tz::Europe::Berlin;

use super::Opened;
use super::form::{Action, Forms, Part, Typed};
use crate::clock::Timestamp;
use crate::directory::Kind;
use crate::error::FieldError;
use crate::escalation::ask::Question;
use crate::escalation::escalation::is_open;
use crate::escalation::hand_on::{Handover, HandoverState};
use crate::escalation::link::{DeadLink, LinkPage};
use crate::escalation::message::{Facts, weekday};
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
    /// What the person added, under when.
    added: Vec<(String, String)>,
    facts: Vec<(String, String)>,
    acknowledge_by: Option<String>,
    /// By when the answer would be due if it was taken now.
    answer_if_taken: Option<String>,
    /// Whether it is the holder who is asked now.
    is_own_turn: bool,
    state_sentence: Option<String>,
    is_open: bool,
    /// What the holder said that ended it.
    last_word: Option<LastWord>,
    /// What was written and came too late.
    unsent: Option<String>,
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

/// An answer, or the reason of giving back.
struct LastWord {
    name: String,
    text: String,
    /// Whom to ask where it was wrong.
    ask: String,
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
    see: String,
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
    let (escalation, is_open) = (&found.escalation, is_open(found.escalation.status));
    let own_reference = own_reference(&found);
    let unsent = typed.written().filter(|_| !is_open).map(str::to_owned);
    let reference = own_reference.as_deref().unwrap_or_default();
    let forms = Forms { opened, action, typed, faults, place: &found.facts.municipality, reference };
    let (take, parts) = (forms.take(), forms.parts(&found));
    let fields = take.iter().chain(&parts).flat_map(|part| &part.fields);
    let errors = fields.filter(|_| is_open).filter_map(|field| Some((field.id, field.fault.clone()?))).collect();
    let number = found.facts.number.clone();
    SecondLevel {
        lang: language.as_str(),
        language,
        assets: Assets::here(),
        action: action.as_str(),
        title: language.with_all("desk-title", &[("number", number), ("name", name.clone())]),
        to: language.with("desk-to", "name", &name),
        kind_word: kind_word(language, escalation),
        acknowledge_by: acknowledge_by(language, &found),
        answer_if_taken: found.facts.answer_if_taken.map(|by| {
            let time = when_due(language, by, found.facts.now);
            language.with("desk-answer-if-taken", "time", time)
        }),
        is_own_turn: is_own_turn(&found),
        state_sentence: state_sentence(language, &found).map(|how| match answer_by(language, &found) {
            Some(by) => format!("{how} {by}"),
            None => how,
        }),
        is_open,
        last_word: last_word(language, &found),
        unsent,
        facts: known(language, &found.facts, own_reference),
        added: found.added.iter().map(|(at, text)| added(language, *at, text)).collect(),
        talk: found.questions.iter().map(|one| exchange(language, one)).collect(),
        handovers: found.handovers.iter().map(|one| handover(language, one)).collect(),
        take,
        parts,
        error: (!faults.is_empty()).then(|| {
            let is_stale = faults.iter().any(|fault| fault.field.is_empty());
            match (is_stale, is_open) {
                (_, false) => language.say("desk-ended"),
                (true, true) => language.say("desk-stale"),
                (false, true) => language.say("desk-fault"),
            }
        }),
        errors,
        view_url: opened.at(Action::View),
        other_url: opened.other(action),
        link_end: (is_open && opened.csrf.is_none()).then(|| {
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

fn is_own_turn(found: &LinkPage) -> bool {
    found.escalation.is_turn_of(std::slice::from_ref(&found.holder.contact))
}

/// Until when it is to be taken, and by whom, while nobody has.
fn acknowledge_by(language: Language, found: &LinkPage) -> Option<String> {
    let (escalation, facts) = (&found.escalation, &found.facts);
    let time = when_due(language, escalation.acknowledge_by?, facts.now);
    if let Some(asked) = escalation.current().filter(|_| !is_own_turn(found)) {
        let values = [("name", asked.contact.name.clone()), ("time", time)];
        return Some(language.with_all("desk-others-turn", &values));
    }
    let by = language.with("desk-acknowledge-by", "time", time);
    Some(match &facts.next_contact {
        Some(next) => format!("{by} {}", language.with("desk-then", "name", next)),
        None => by,
    })
}

/// Until when the answer is wanted; nothing while a question of theirs waits for the municipality.
fn answer_by(language: Language, found: &LinkPage) -> Option<String> {
    let (escalation, now) = (&found.escalation, found.facts.now);
    let is_counted = escalation.status == EscalationStatus::Acknowledged && escalation.paused_at.is_none();
    let by = escalation.answer_by.filter(|_| is_counted)?;
    let is_own = escalation.acknowledged_contact.as_ref() == Some(&found.holder.contact);
    let key = match (by < now, is_own) {
        (true, _) => "desk-answer-late",
        (false, true) => "desk-answer-by",
        (false, false) => "desk-answer-expected",
    };
    Some(language.with(key, "time", when_due(language, by, now)))
}

/// A time something is due: of a day near now by its name, else with the day of the week.
pub(in crate::http::pages) fn when_due(language: Language, at: Timestamp, now: Timestamp) -> String {
    let is_near = (at.day_in_berlin() - now.day_in_berlin()).num_days().abs() <= 1;
    let local = at.utc().with_timezone(&Berlin);
    match (language, is_near) {
        (Language::De, true) => format!("{} Uhr", language.near(at, now)),
        (Language::De, false) => format!("{}, {}", weekday(at), local.format("%d.%m., %H:%M Uhr")),
        (Language::En, true) => language.near(at, now),
        (Language::En, false) => local.format("%a, %-d %b, %H:%M").to_string(),
    }
}

/// The holder's own number, where it was they who gave it.
fn own_reference(found: &LinkPage) -> Option<String> {
    let escalation = &found.escalation;
    let in_turn = escalation.current().map(|step| &step.contact.id);
    let whose = escalation.acknowledged_contact.as_ref().or(in_turn);
    escalation.reference.clone().filter(|_| whose == Some(&found.holder.contact))
}

/// What the holder said that ended it, for who looks it up later. What they were asked is then shown only to who is
/// logged in: a link is good for that until the end.
fn last_word(language: Language, found: &LinkPage) -> Option<LastWord> {
    let (key, text) = match found.escalation.status {
        EscalationStatus::Answered if was_done(found, Action::Answer) => ("desk-own-answer", &found.escalation.answer),
        EscalationStatus::Returned if was_done(found, Action::Return) => {
            ("desk-own-return", &found.escalation.return_reason)
        }
        _ => return None,
    };
    let ask = language.with("desk-own-wrong", "place", &found.facts.municipality);
    Some(LastWord { name: language.say(key), text: text.clone()?, ask })
}

fn known(language: Language, facts: &Facts, reference: Option<String>) -> Vec<(String, String)> {
    let category = match language {
        Language::De => facts.category.german().to_owned(),
        Language::En => facts.category.to_string().replace('_', " "),
    };
    let mut known = vec![
        (language.say("desk-service"), facts.service_name.clone()),
        (language.say("desk-place"), facts.municipality.clone()),
        (language.say("desk-category"), category),
        (language.say("desk-priority"), language.say(&format!("desk-priority-{}", facts.priority))),
    ];
    known.extend(reference.map(|reference| (language.say("desk-reference"), reference)));
    known.extend(facts.context.iter().map(|(label, value)| (label.clone(), value.clone())));
    if facts.files > 0 {
        known.push((language.say("desk-files"), language.with("desk-files-there", "count", facts.files)));
    }
    known
}

fn added(language: Language, at: Timestamp, text: &str) -> (String, String) {
    (language.with("desk-added", "time", language.time(at)), text.to_owned())
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
fn state_sentence(language: Language, found: &LinkPage) -> Option<String> {
    let (escalation, ended_by) = (&found.escalation, &found.ended_by);
    let (key, name, at) = match escalation.status {
        EscalationStatus::Pending | EscalationStatus::Sent => return None,
        EscalationStatus::Acknowledged => {
            ("desk-state-acknowledged", &escalation.acknowledged_name, escalation.acknowledged_at)
        }
        EscalationStatus::Answered => ("desk-state-answered", ended_by, escalation.ended_at),
        EscalationStatus::Returned => ("desk-state-returned", ended_by, escalation.ended_at),
        EscalationStatus::Expired => ("desk-state-expired", ended_by, escalation.ended_at),
        EscalationStatus::Withdrawn => ("desk-state-withdrawn", ended_by, escalation.ended_at),
    };
    let name = name.clone().unwrap_or_else(|| language.say("desk-somebody"));
    let time = language.time(at.unwrap_or(escalation.updated_at));
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
    let language = opened.language;
    let text = |part: &str| language.say(&format!("desk-done-{}{part}", word.as_str()));
    let mut next_steps: Vec<String> = answer_by(language, &found).into_iter().collect();
    next_steps.push(text("-next"));
    if matches!(word, Action::Answer | Action::Return) {
        next_steps.push(language.say("desk-nothing-more"));
    }
    let facts = found.facts;
    SecondLevelDone {
        lang: language.as_str(),
        language,
        assets: Assets::here(),
        title: text(""),
        happened: text("-what"),
        next_steps,
        see: language.with("desk-see", "number", &facts.number),
        view_url: opened.at(Action::View),
        is_logged_in: opened.csrf.is_some(),
        municipality: facts.municipality,
        number: facts.number,
        subject: facts.subject,
    }
}

/// A link that opens nothing any more.
pub(super) fn gone(request: &HttpRequest, opened: &Opened, dead: DeadLink) -> HttpResponse {
    let language = opened.language;
    match dead {
        DeadLink::Unknown => mail_link::unknown(request),
        // What has ended is shown by the page of the request, as long as the link is good.
        DeadLink::Expired | DeadLink::Ended => {
            let (title, lead) = (language.say("desk-dead-title"), language.say("desk-dead"));
            let (next, other) = (language.say("desk-dead-next"), opened.other(Action::View));
            message_with(language, StatusCode::GONE, &title, &lead, &next, &other)
        }
    }
}
