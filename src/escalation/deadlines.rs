//! Why a deadline is when it is: every deadline of a request that runs, with the steps by which it was reckoned, in
//! words.
//!
//! Invariant: changes nothing. The steps follow the history: what was promised first, where the clock stood, what made
//! it earlier. Where settings have changed since, the deadline that stands is shown, and that it would be another today;
//! after a change of hours or closing days it is counted anew (`sweep/recount.rs`). Not here: the sums and their words (`directory/hours`).

use serde::Serialize;

use super::escalation::{ContactRef, Escalation, EscalationStatus};
use super::{Escalations, store, timing};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::hours::{Explanation, Reckoning, ServiceHours, Tongue, Words, moment, moved_on};
use crate::directory::{Applied, HoursSource};
use crate::error::AppError;
use crate::ids::EscalationId;
use crate::keys::{Ars, LandCode};
use crate::tickets::reading::note_reading;
use crate::tickets::status::is_open;
use crate::tickets::ticket::{Priority, Ticket};
use crate::tickets::{Event, HistoryEntry, TicketNumber, TicketRef, browse, promise, visible};

crate::text_enum! {
    /// What is due.
    pub enum DeadlineKind {
        /// The answer to the person.
        Respond = "respond",
        /// That somebody of the 2nd level takes it.
        Acknowledge = "acknowledge",
        /// The answer of the 2nd level.
        Answer = "answer",
    }
}

/// The deadlines of a request.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Deadlines {
    /// The request.
    #[schema(value_type = String)]
    pub number: TicketNumber,
    /// What is due, the person's answer first.
    pub items: Vec<Deadline>,
}

/// One deadline, explained.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Deadline {
    /// What is due.
    pub kind: DeadlineKind,
    /// Of which escalation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<EscalationId>,
    /// Who is to act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactRef>,
    /// When.
    pub due: Timestamp,
    /// When somebody is reminded next.
    pub remind_at: Option<Timestamp>,
    /// Since when the clock stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Timestamp>,
    /// By which hours it counts.
    pub hours: AppliedHours,
    /// How it was reckoned, in the order in which it happened.
    pub parts: Vec<Part>,
    /// True where the same reckoning would give the same today.
    pub is_as_reckoned: bool,
}

/// Service hours with where they come from.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AppliedHours {
    /// As OpenStreetMap writes them.
    pub hours: String,
    /// Where they come from.
    pub source: HoursSource,
    /// Whose public holidays count.
    pub land: LandCode,
}

impl From<&Applied> for AppliedHours {
    fn from(applied: &Applied) -> Self {
        Self { hours: applied.time.hours.text().to_owned(), source: applied.source, land: applied.time.land }
    }
}

/// One reckoning with what gave rise to it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = DeadlinePart)]
pub struct Part {
    /// Why it was reckoned, in German.
    pub why_de: String,
    /// In English.
    pub why_en: String,
    /// The reckoning.
    #[serde(flatten)]
    pub explanation: Explanation,
}

fn part(why_de: impl Into<String>, why_en: impl Into<String>, explanation: Explanation) -> Part {
    Part { why_de: why_de.into(), why_en: why_en.into(), explanation }
}

/// The deadlines of a request that run, explained.
pub async fn of_ticket(escalations: &Escalations, caller: Caller, at: TicketRef) -> Result<Deadlines, AppError> {
    caller.may(Action::ReadTickets)?;
    let (context, reader) = (escalations.clone(), caller.clone());
    let find = move |conn: &mut Conn| {
        let ticket = visible(conn, &caller, Action::ReadTickets, &at)?;
        explain(conn, &context, &ticket).map(|found| (ticket, found))
    };
    let (ticket, found) = escalations.desk().db.read(find).await?;
    note_reading(escalations.desk(), &reader, &ticket, "deadlines").await?;
    Ok(found)
}

/// The same for the operator at the command line, who has no account here.
pub async fn of_number(escalations: &Escalations, number: TicketNumber) -> Result<Deadlines, AppError> {
    let context = escalations.clone();
    let find = move |conn: &mut Conn| {
        let ticket = crate::tickets::find_by_number(conn, number)?.ok_or(AppError::NotFound)?;
        explain(conn, &context, &ticket)
    };
    escalations.desk().db.read(find).await
}

fn explain(conn: &mut Conn, escalations: &Escalations, ticket: &Ticket) -> Result<Deadlines, AppError> {
    let mut items = Vec::new();
    if is_open(ticket.status) {
        items.push(respond(escalations, ticket, &browse::entries(conn, ticket.id)?));
    }
    for found in store::open_of(conn, ticket.id)? {
        items.extend(of_escalation(conn, escalations, ticket, &found)?);
    }
    Ok(Deadlines { number: ticket.number.clone(), items })
}

fn of_escalation(
    conn: &mut Conn,
    escalations: &Escalations,
    ticket: &Ticket,
    found: &Escalation,
) -> Result<Option<Deadline>, AppError> {
    let is_taken = found.status == EscalationStatus::Acknowledged;
    let (kind, due, reckoning) = match is_taken {
        true => (DeadlineKind::Answer, found.answer_by, timing::answer_within(escalations, found, ticket.priority)),
        false => {
            let within = timing::acknowledge_within(escalations, found, ticket.priority);
            (DeadlineKind::Acknowledge, found.acknowledge_by, within)
        }
    };
    let Some((due, from)) = due.zip(found.counted_from) else { return Ok(None) };
    let Some(contact) = timing::in_charge(conn, found)? else { return Ok(None) };
    let applied = timing::applied(escalations, found, ticket, &contact);
    let explanation = Explanation::of(from, reckoning, &applied.time);
    let (why_de, why_en) = match is_taken {
        true => (format!("{} hat übernommen", contact.name), format!("{} has taken it", contact.name)),
        false => (format!("{} wurde gefragt", contact.name), format!("{} was asked", contact.name)),
    };
    Ok(Some(Deadline {
        kind,
        escalation: Some(found.id),
        due,
        remind_at: found.remind_at,
        paused_at: found.paused_at,
        hours: (&applied).into(),
        is_as_reckoned: explanation.due == due,
        parts: vec![part(why_de, why_en, explanation)],
        contact: Some(ContactRef { id: contact.slug, name: contact.name }),
    }))
}

/// The promise to the person.
fn respond(escalations: &Escalations, ticket: &Ticket, history: &[HistoryEntry]) -> Deadline {
    let applied = promise::applied(escalations.desk(), ticket, ticket.created_at);
    let Followed { due, parts } = followed(escalations, ticket, history, &applied);
    Deadline {
        kind: DeadlineKind::Respond,
        escalation: None,
        contact: None,
        due: ticket.respond_by,
        remind_at: ticket.remind_at,
        paused_at: ticket.paused_at,
        hours: (&applied).into(),
        parts,
        is_as_reckoned: due == ticket.respond_by,
    }
}

/// When the person is to be answered by this service time, and from when that is counted.
pub(super) fn reckoned(
    escalations: &Escalations,
    ticket: &Ticket,
    history: &[HistoryEntry],
    applied: &Applied,
) -> (Timestamp, Timestamp) {
    let found = followed(escalations, ticket, history, applied);
    (found.due, found.parts.last().map_or(ticket.created_at, |last| last.explanation.start))
}

/// A promise, followed through the history.
struct Followed {
    due: Timestamp,
    parts: Vec<Part>,
}

fn followed(escalations: &Escalations, ticket: &Ticket, history: &[HistoryEntry], applied: &Applied) -> Followed {
    let rules = &escalations.desk().settings.respond;
    let first = history.iter().find_map(|entry| match entry.event {
        Event::PriorityChanged { from, .. } => Some(from),
        _ => None,
    });
    let mut priority = first.unwrap_or(ticket.priority);
    let begun = Explanation::of(ticket.created_at, rules.of(priority), &applied.time);
    let mut due = begun.due;
    let mut parts = vec![part(format!("Eingang, {priority}"), format!("Handed in, {priority}"), begun)];
    let mut paused_at = None;
    for entry in history {
        match &entry.event {
            Event::Waiting { .. } => paused_at = Some(entry.at),
            Event::Resumed { .. } | Event::Escalated { .. } => {
                if let Some(since) = paused_at.take() {
                    due = stood(&mut parts, since, entry.at, due, applied, priority);
                }
            }
            Event::InterimReply { respond_by, .. } => {
                paused_at = paused_at.map(|_| entry.at);
                due = *respond_by;
                parts.push(promised(entry.at, due));
            }
            // The clock was set back: it was counted from then. Service time that changed is in the sums already.
            Event::PromiseMoved { of_service_time: false, reason, .. } => {
                paused_at = paused_at.map(|_| entry.at);
                let anew = Explanation::of(entry.at, rules.of(priority), &applied.time);
                due = anew.due;
                parts.push(part(format!("Neu gerechnet: {reason}"), format!("Counted anew: {reason}"), anew));
            }
            Event::PriorityChanged { to, .. } => {
                if let Some(since) = paused_at {
                    paused_at = Some(entry.at);
                    due = stood(&mut parts, since, entry.at, due, applied, priority);
                }
                priority = *to;
                let hurried = Explanation::of(entry.at, rules.of(priority), &applied.time);
                if hurried.due < due {
                    due = hurried.due;
                    parts.push(part(format!("Jetzt {priority}"), format!("Now {priority}"), hurried));
                }
            }
            _ => {}
        }
    }
    Followed { due, parts }
}

/// The deadline after the clock stood, with a part that says so where that made it later.
fn stood(
    parts: &mut Vec<Part>,
    since: Timestamp,
    now: Timestamp,
    due: Timestamp,
    applied: &Applied,
    priority: Priority,
) -> Timestamp {
    let time = (priority != Priority::P1).then_some(&applied.time);
    let moved = moved_on(due, since, now, time);
    if moved > due {
        parts.push(went_on(since, now, due, applied, priority));
    }
    moved
}

/// The clock stood while the person was waited for.
fn went_on(since: Timestamp, now: Timestamp, due: Timestamp, applied: &Applied, priority: Priority) -> Part {
    let left = match priority {
        Priority::P1 => Reckoning::Wall(due.since(since)),
        _ => Reckoning::Service(applied.time.between(since, due)),
    };
    let explanation = Explanation::of(now, left, &applied.time);
    let (de, en) = (moment(since, Tongue::German), moment(since, Tongue::English));
    part(
        format!("Die Uhr stand seit {de}, weil auf die Person gewartet wurde; was übrig war, bleibt übrig"),
        format!("The clock stood since {en}, because the person was waited for; what was left is left"),
        explanation,
    )
}

/// The person was promised another time.
fn promised(at: Timestamp, due: Timestamp) -> Part {
    let words = |headline: String| Words { headline, steps: Vec::new() };
    let explanation = Explanation {
        start: at,
        due,
        de: words(format!("Neu zugesagt: {}", moment(due, Tongue::German))),
        en: words(format!("Promised anew: {}", moment(due, Tongue::English))),
    };
    part("Zwischenstand an die Person", "Interim reply to the person", explanation)
}

/// What somebody wants to know without a request: from when, how long, by which hours, where.
#[derive(Debug, Clone)]
pub struct Question {
    /// From when it counts.
    pub start: Timestamp,
    /// How long.
    pub within: Reckoning,
    /// By these hours; else by those of the Land.
    pub hours: Option<ServiceHours>,
    /// With the holidays of this Land.
    pub land: LandCode,
    /// With the closing days of this place.
    pub ars: Option<Ars>,
}

/// Answers it.
pub fn of_question(escalations: &Escalations, question: Question) -> (AppliedHours, Explanation) {
    let desk = escalations.desk();
    let place = question.ars.map(Into::into);
    let applied = desk.settings.clock.for_question(&desk.directory.current(), question.hours, question.land, place);
    ((&applied).into(), Explanation::of(question.start, question.within, &applied.time))
}
