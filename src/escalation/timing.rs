//! The times of an escalation: until when a step is to be taken, until when whoever took it is to answer, and when they
//! are reminded next; in the service time of whoever is asked, in an emergency by the clock.
//!
//! Invariant: every time is written with the change it follows from, and judged again with the escalation as it is when
//! it has come (`sweep/`). Being more urgent never makes a time later. Not here: the sums (`directory/hours`), what is
//! told (`step.rs`).

use chrono::TimeDelta;

use super::Escalations;
use super::ask::Question;
use super::escalation::{Escalation, EscalationStatus, is_open};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::hours::{Reckoning, ServiceTime, moved_on};
use crate::directory::{Applied, Contact, contacts_of};
use crate::error::AppError;
use crate::keys::Slug;
use crate::tickets::deadline::next_reminder;
use crate::tickets::ticket::{Priority, Ticket};

/// How long this escalation's steps have.
pub(super) fn acknowledge_within(escalations: &Escalations, found: &Escalation, priority: Priority) -> Reckoning {
    let settings = escalations.settings();
    if found.emergency { Reckoning::Wall(settings.emergency_within) } else { settings.acknowledge.of(priority) }
}

/// How long whoever took it has for the answer.
pub(super) fn answer_within(escalations: &Escalations, found: &Escalation, priority: Priority) -> Reckoning {
    let priority = if found.emergency { Priority::P1 } else { priority };
    escalations.settings().answer.of(priority)
}

/// How long what runs now has: the answer once somebody took it, before that the step.
fn within(escalations: &Escalations, found: &Escalation, priority: Priority) -> Reckoning {
    match found.status {
        EscalationStatus::Acknowledged => answer_within(escalations, found, priority),
        _ => acknowledge_within(escalations, found, priority),
    }
}

/// Who has it in hand: the contact that took it, or else whose turn it is.
pub(super) fn in_charge(conn: &mut Conn, found: &Escalation) -> Result<Option<Contact>, AppError> {
    let in_turn = || found.current().map(|step| step.contact.id.clone());
    let slug: Vec<Slug> = found.acknowledged_contact.clone().or_else(in_turn).into_iter().collect();
    Ok(contacts_of(conn, &slug)?.pop())
}

/// The service hours of a contact, as far as this escalation asks them.
pub(super) fn applied(escalations: &Escalations, found: &Escalation, ticket: &Ticket, contact: &Contact) -> Applied {
    let desk = escalations.desk();
    let snapshot = desk.directory.current();
    desk.settings.clock.for_contact(&snapshot, contact, found.kind, &ticket.service, &ticket.ars)
}

/// The service time that counts now.
fn time(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
) -> Result<Option<ServiceTime>, AppError> {
    Ok(in_charge(conn, found)?.map(|contact| applied(escalations, found, ticket, &contact).time))
}

/// When something is due that is reckoned from `now`. Where nobody is known any more, by the clock.
fn due(reckoning: Reckoning, now: Timestamp, time: Option<&ServiceTime>) -> Timestamp {
    match (reckoning, time) {
        (reckoning, Some(time)) => reckoning.due(now, time),
        (Reckoning::Wall(span) | Reckoning::Service(span), None) => now.plus(span),
        (Reckoning::Days(later), None) => now.plus(TimeDelta::days(later.into())),
    }
}

/// Only what counts service time is reminded of by service time.
fn counted(reckoning: Reckoning, time: Option<&ServiceTime>) -> Option<&ServiceTime> {
    time.filter(|_| !matches!(reckoning, Reckoning::Wall(_)))
}

/// A step begins: somebody new is asked, and counted from now.
pub(super) fn begin_step(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let time = time(conn, escalations, found, ticket)?;
    let reckoning = acknowledge_within(escalations, found, ticket.priority);
    let by = due(reckoning, now, time.as_ref());
    (found.counted_from, found.acknowledge_by, found.answer_by) = (Some(now), Some(by), None);
    if found.emergency {
        // How often everybody was told counts over all steps.
        found.remind_at = repeat_at(escalations, found.reminded, now);
    } else {
        found.reminded = 0;
        found.remind_at = next_reminder(0, now, by, counted(reckoning, time.as_ref()));
    }
    Ok(())
}

/// When everybody asked in an emergency is told again; not more often than the settings allow.
pub(super) fn repeat_at(escalations: &Escalations, reminded: i32, now: Timestamp) -> Option<Timestamp> {
    let settings = escalations.settings();
    (reminded < settings.emergency_repeats).then(|| now.plus(settings.emergency_repeat))
}

/// Until when everybody asked in an emergency is told again after its last step: the time its chain ends. None where it
/// is no emergency, where somebody is still to be asked, or where all of the telling is done.
pub(super) fn still_told(escalations: &Escalations, found: &Escalation, now: Timestamp) -> Option<Timestamp> {
    let settings = escalations.settings();
    found.remind_at.filter(|_| found.emergency && found.following().is_none())?;
    let left = settings.emergency_repeats.saturating_sub(found.reminded);
    let until = now.plus(settings.emergency_repeat * left.saturating_add(1));
    (until > now && left > 0).then_some(until)
}

/// True where that time runs already: then its last step has been told of.
pub(super) fn is_told_on(escalations: &Escalations, found: &Escalation, now: Timestamp) -> bool {
    let of_the_step = found.counted_from.map(|from| from.plus(escalations.settings().emergency_within));
    found.acknowledge_by.is_some_and(|by| by > now && Some(by) != of_the_step)
}

/// Somebody took it: the steps are over, and the answer is counted from now.
pub(super) fn begin_answer(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let time = time(conn, escalations, found, ticket)?;
    let reckoning = answer_within(escalations, found, ticket.priority);
    let by = due(reckoning, now, time.as_ref());
    (found.counted_from, found.acknowledge_by, found.answer_by) = (Some(now), None, Some(by));
    found.reminded = 0;
    found.remind_at = next_reminder(0, now, by, counted(reckoning, time.as_ref()));
    Ok(())
}

/// When the answer would be due if this contact took it now, by the rule of [`begin_answer`]; nothing where somebody has.
pub(super) fn answer_if_taken(
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    contact: &Contact,
    now: Timestamp,
) -> Option<Timestamp> {
    found.acknowledge_by?;
    let time = applied(escalations, found, ticket, contact).time;
    Some(due(answer_within(escalations, found, ticket.priority), now, Some(&time)))
}

/// The clock was set back: what was counted from the future is counted from now. What was told stays told.
pub(super) fn count_anew(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let (told, is_paused) = (found.reminded, found.paused_at.is_some());
    let is_taken = found.status == EscalationStatus::Acknowledged;
    if is_taken {
        begin_answer(conn, escalations, found, ticket, now)?;
    } else {
        begin_step(conn, escalations, found, ticket, now)?;
    }
    let reckoning = within(escalations, found, ticket.priority);
    if found.emergency && !is_taken {
        return Ok(());
    }
    found.reminded = told;
    found.paused_at = is_paused.then_some(now);
    let (time, by) = (time(conn, escalations, found, ticket)?, found.answer_by.or(found.acknowledge_by));
    let next = by.and_then(|by| next_reminder(told, now, by, counted(reckoning, time.as_ref())));
    found.remind_at = next.filter(|_| !is_paused && (is_taken || told < 2));
    Ok(())
}

/// When what runs now is due, reckoned by this service time from where it is counted from, with the time in which a
/// question of theirs waited for us; none where it counts by the clock.
pub(super) fn reckoned(
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    questions: &[Question],
    time: &ServiceTime,
) -> Option<Timestamp> {
    let reckoning = within(escalations, found, ticket.priority);
    if matches!(reckoning, Reckoning::Wall(_)) || !is_open(found.status) {
        return None;
    }
    let from = found.counted_from?;
    let mut due = reckoning.due(from, time);
    let mut stood_until = from;
    // A reply answers all that is open, so a question that was asked meanwhile waited no longer.
    for (asked, replied) in questions.iter().filter_map(|one| Some((one.asked_at, one.replied_at?))) {
        if replied > stood_until {
            due = moved_on(due, asked.max(stood_until), replied, Some(time));
            stood_until = replied;
        }
    }
    Some(due)
}

/// The next stage of a reminder that was due at `remind_at`.
pub(super) fn reminder_now(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Option<crate::tickets::deadline::Reminder>, AppError> {
    let is_taken = found.status == EscalationStatus::Acknowledged;
    let by = if is_taken { found.answer_by } else { found.acknowledge_by };
    let reckoning = within(escalations, found, ticket.priority);
    let Some((by, remind_at)) = by.zip(found.remind_at) else { return Ok(None) };
    let time = time(conn, escalations, found, ticket)?;
    Ok(crate::tickets::deadline::reminder(found.reminded, remind_at, by, now, counted(reckoning, time.as_ref())))
}

/// The ticket, of priority `from` until now, became more urgent: each time is what it would be counted from now, if
/// that is earlier. Where the clock stands it has stood until now by the old reckoning, and stands on from now.
pub(super) fn hurry(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    from: Priority,
    now: Timestamp,
) -> Result<(), AppError> {
    if found.emergency {
        return Ok(());
    }
    let stood = found.paused_at.zip(found.answer_by);
    if let Some((since, by)) = stood {
        let time = time(conn, escalations, found, ticket)?;
        let old = answer_within(escalations, found, from);
        found.answer_by = Some(moved_on(by, since, now, counted(old, time.as_ref())));
        found.paused_at = Some(now);
    }
    let before = found.clone();
    match found.status {
        EscalationStatus::Pending | EscalationStatus::Sent => begin_step(conn, escalations, found, ticket, now)?,
        EscalationStatus::Acknowledged => begin_answer(conn, escalations, found, ticket, now)?,
        _ => return Ok(()),
    }
    let is_later = |after: Option<Timestamp>, before: Option<Timestamp>| after.zip(before).is_none_or(|(a, b)| a >= b);
    if is_later(found.acknowledge_by, before.acknowledge_by) && is_later(found.answer_by, before.answer_by) {
        *found = before;
    }
    if stood.is_some() {
        found.remind_at = None;
    }
    Ok(())
}

/// They asked something back: their time to answer stands still.
pub fn pause(found: &mut Escalation, now: Timestamp) {
    if found.status == EscalationStatus::Acknowledged && found.paused_at.is_none() {
        found.paused_at = Some(now);
        found.remind_at = None;
    }
}

/// Their question was answered: what service time they had left they have left.
pub fn go_on(
    conn: &mut Conn,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(since) = found.paused_at.take() else { return Ok(()) };
    let Some(by) = found.answer_by else { return Ok(()) };
    let reckoning = answer_within(escalations, found, ticket.priority);
    let time = time(conn, escalations, found, ticket)?;
    let time = counted(reckoning, time.as_ref());
    let by = moved_on(by, since, now, time);
    found.answer_by = Some(by);
    found.remind_at = next_reminder(found.reminded, now, by, time);
    Ok(())
}
