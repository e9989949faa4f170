//! A row of the list in words: line one decides, line two explains.
//!
//! Invariant: a sign never stands without its word; what is late says so in words, not by its colour. Where the clock
//! stands nothing is late.

use chrono_tz::Europe::Berlin;

use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::directory::Snapshot;
use crate::escalation::worklist::Row;
use crate::escalation::{Escalation, EscalationStatus};
use crate::http::pages::shell::Shell;
use crate::http::pages::signs::of_ticket;
use crate::http::public::spoken::short;
use crate::http::words::Language;
use crate::tickets::status::{Move, TicketStatus, is_open, next};
use crate::tickets::ticket::{Priority, Ticket};

/// From here on somebody should hurry, in minutes.
const SOON: i64 = 120;
/// So many characters of a text are enough for one line.
const LINE: usize = 140;

/// A row.
pub struct Shown {
    /// What the person calls it by.
    pub number: String,
    /// How it came, and that it is an emergency.
    pub way: String,
    /// Whether it is an emergency.
    pub is_urgent: bool,
    /// One line.
    pub subject: String,
    /// Category and first words.
    pub about: String,
    /// The service.
    pub service: String,
    /// The place.
    pub place: String,
    /// Until when.
    pub due: Due,
    /// Where it stands.
    pub state: State,
    /// Who has it; nobody where it is empty.
    pub holder: String,
    /// Whether whoever looks may take it now.
    pub may_claim: bool,
    /// Whether it can be chosen for something with many.
    pub may_choose: bool,
}

/// Until when, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The end of the sign's class; empty: no sign.
    pub sign: &'static str,
    /// How it is set: late, soon, or nothing.
    pub class: &'static str,
    /// What decides.
    pub main: String,
    /// What explains.
    pub more: String,
    /// The instant.
    pub exact: String,
}

/// Where it stands, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The end of the sign's class.
    pub sign: &'static str,
    /// The state.
    pub main: String,
    /// Since when, at whom, what next.
    pub more: String,
}

/// The clock on the wall.
pub fn clock(time: Timestamp) -> String {
    time.utc().with_timezone(&Berlin).format("%H:%M").to_string()
}

impl Shown {
    /// In the words of whoever looks.
    pub fn of(shell: &Shell, snapshot: &Snapshot, caller: &Caller, row: &Row) -> Self {
        let ticket = &row.ticket;
        let place = snapshot.municipality(&ticket.ars);
        let service = snapshot.service(ticket.service.as_str());
        let holder = ticket.claimed_by.as_ref().map(|claim| match claim.id == caller.id {
            true => shell.say("worklist-you"),
            false => claim.name.clone(),
        });
        let may_assess = caller.sees(Action::AssessTicket, ticket.object());
        let first: String = ticket.description.split_whitespace().collect::<Vec<_>>().join(" ");
        let first: String = first.chars().take(LINE).collect();
        Self {
            number: ticket.number.to_string(),
            way: shell.say(&format!("channel-{}", ticket.channel)),
            is_urgent: ticket.priority == Priority::P1 && is_open(ticket.status),
            subject: ticket.subject.clone(),
            about: format!("{} · {first}", shell.say(&format!("category-{}", ticket.category))),
            service: service.map_or_else(|| ticket.service.to_string(), |service| service.name.to_string()),
            place: place.map_or_else(|| ticket.ars.to_string(), |place| short(&place.name).to_owned()),
            due: due(shell.language, ticket, shell.now()),
            state: state(shell, ticket, row.escalation.as_ref(), row.open_escalations),
            may_claim: may_assess && holder.is_none() && next(ticket.status, Move::Claim).is_some(),
            may_choose: may_assess && !matches!(ticket.status, TicketStatus::Closed | TicketStatus::Merged),
            holder: holder.unwrap_or_default(),
        }
    }
}

/// Until when a person is answered.
fn due(language: Language, ticket: &Ticket, now: Timestamp) -> Due {
    let exact = ticket.respond_by.exact();
    let near = |time| language.near(time, now);
    if !is_open(ticket.status) {
        let ended = ticket.answered_at.or(ticket.closed_at).unwrap_or(ticket.updated_at);
        let more = language.say("worklist-ended");
        return Due { main: near(ended), more, exact: ended.exact(), ..Due::default() };
    }
    if let Some(since) = ticket.paused_at {
        let more = language.with("worklist-since", "time", near(since));
        return Due { sign: "wait", class: "", main: language.say("worklist-paused"), more, exact };
    }
    let left = ticket.respond_by.since(now).num_minutes();
    if ticket.respond_by < now {
        let main = language.with("worklist-late", "time", span(language, -left));
        return Due { sign: "late", class: "lo-late", main, more: near(ticket.respond_by), exact };
    }
    let still = language.with("worklist-left", "time", span(language, left));
    if left <= SOON {
        return Due { sign: "due", class: "lo-soon", main: still, more: near(ticket.respond_by), exact };
    }
    let is_today = ticket.respond_by.day_in_berlin() == now.day_in_berlin();
    let more = if is_today { still } else { day(language, ticket.respond_by) };
    Due { sign: "", class: "", main: near(ticket.respond_by), more, exact }
}

/// A weekday with its date.
fn day(language: Language, time: Timestamp) -> String {
    let wall = time.utc().with_timezone(&Berlin);
    let weekday = language.say(&format!("worklist-day-{}", wall.format("%u")));
    match language {
        Language::De => format!("{weekday}, {}", wall.format("%d.%m.")),
        Language::En => format!("{weekday}, {}", wall.format("%-d %b")),
    }
}

/// A length of time as one says it: two parts at the most.
fn span(language: Language, minutes: i64) -> String {
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let part = |key: &str, count: i64| language.with(key, "count", count);
    match (days, hours) {
        (0, 0) => part("worklist-minutes", rest),
        (0, hours) if rest == 0 => part("worklist-hours", hours),
        (0, hours) => format!("{} {}", part("worklist-hours", hours), part("worklist-minutes", rest)),
        (days, 0) => part("worklist-days", days),
        (days, hours) if days < 2 => format!("{} {}", part("worklist-days", days), part("worklist-hours", hours)),
        (days, _) => part("worklist-days", days),
    }
}

/// Where a request stands, with the escalation that tells most of it.
fn state(shell: &Shell, ticket: &Ticket, escalation: Option<&Escalation>, open: usize) -> State {
    let word = || shell.say(&format!("ticket-{}", ticket.status));
    let since = |time| shell.with("worklist-since", "time", shell.near(time));
    let sign = of_ticket(ticket.status);
    let (sign, main, more) = match (ticket.status, escalation) {
        (TicketStatus::New, _) => (sign, word(), shell.say("worklist-unclaimed")),
        (TicketStatus::Waiting, _) => (
            sign,
            word(),
            shell.with("worklist-person-since", "time", shell.near(ticket.paused_at.unwrap_or(ticket.updated_at))),
        ),
        (TicketStatus::Escalated, Some(found)) => escalated(shell, found, open),
        (TicketStatus::Escalated, None) => (sign, word(), shell.say("worklist-at-specialists")),
        (TicketStatus::Assessing, Some(found)) => {
            came_back(shell, found).unwrap_or_else(|| (sign, word(), since(ticket.updated_at)))
        }
        _ => (sign, word(), since(ticket.updated_at)),
    };
    State { sign, main, more }
}

/// An open escalation: at whom, whether they have it, when the next is asked.
fn escalated(shell: &Shell, found: &Escalation, open: usize) -> (&'static str, String, String) {
    let current = found.current().map(|step| step.contact.name.clone()).unwrap_or_default();
    let others = if open > 1 { format!(" (+{})", open - 1) } else { String::new() };
    if found.paused_at.is_some() {
        return ("back", shell.say("worklist-asked-back"), format!("{current}{others}"));
    }
    if found.status == EscalationStatus::Acknowledged {
        let who = found.acknowledged_name.clone().filter(|name| !name.is_empty()).unwrap_or(current);
        return ("out", shell.say("worklist-acknowledged"), format!("{who}{others}"));
    }
    let next = found.acknowledge_by.map(|by| {
        let key = if found.following().is_some() { "worklist-next-step" } else { "worklist-last-step" };
        shell.language.with_all(key, &[("who", current.clone()), ("time", moment(shell, by))])
    });
    ("out", shell.say("worklist-unacknowledged"), format!("{}{others}", next.unwrap_or(current)))
}

/// An escalation that has ended, while its request is worked on again.
fn came_back(shell: &Shell, found: &Escalation) -> Option<(&'static str, String, String)> {
    let ended = found.ended_at?;
    Some(match found.status {
        EscalationStatus::Returned => {
            let reason: String = found.return_reason.as_deref().unwrap_or_default().chars().take(80).collect();
            ("back", shell.say("worklist-returned"), format!("„{reason}“, {}", moment(shell, ended)))
        }
        EscalationStatus::Answered => {
            // Whoever took it need not have answered it, but for where one word did both.
            let who = found.acknowledged_name.clone().filter(|_| found.acknowledged_at == found.ended_at);
            let time = moment(shell, ended);
            let more = match who {
                Some(who) => shell.language.with_all("worklist-by-at", &[("who", who), ("time", time)]),
                None => time,
            };
            ("back", shell.say("worklist-answered-back"), more)
        }
        EscalationStatus::Expired => ("late", shell.say("worklist-expired"), moment(shell, ended)),
        _ => return None,
    })
}

/// The clock where it is today, else the day with it.
fn moment(shell: &Shell, time: Timestamp) -> String {
    match time.day_in_berlin() == shell.now().day_in_berlin() {
        true => clock(time),
        false => format!("{} {}", day(shell.language, time), clock(time)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_two_parts_at_most() {
        for (minutes, words) in [
            (0, "0 Min."),
            (54, "54 Min."),
            (72, "1 Std. 12 Min."),
            (120, "2 Std."),
            (1440, "1 Tag"),
            (1500, "1 Tag 1 Std."),
            (3000, "2 Tage"),
            (20_000, "13 Tage"),
        ] {
            assert_eq!(span(Language::De, minutes), words, "{minutes}");
        }
    }

    #[test]
    fn a_day_has_its_date() {
        let time = Timestamp::new("2026-11-25T09:12:00Z".parse().unwrap());
        assert_eq!((day(Language::De, time).as_str(), clock(time).as_str()), ("Mi, 25.11.", "10:12"));
        assert_eq!(day(Language::En, time), "Wed, 25 Nov");
    }
}
