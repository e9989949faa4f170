//! One made-up request from its beginning to where it stands.
//!
//! Invariant: made of the chance it is given, of the cast and of `now` alone; its status comes about by the moves of
//! `status.rs`, and nothing of it lies after `now` but what is promised. Pure.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeDelta, Weekday};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::asked::{self, Matter};
use super::cast::Cast;
use super::plot::{Beat, Fate, name, plot, step, times};
use super::words;
use crate::access::{Actor, ActorKind, Channel};
use crate::clock::Timestamp;
use crate::delivery::chronicle::Past;
use crate::delivery::{Attempt, AttemptOutcome, Content, Mail, Outgoing, Purpose};
use crate::directory::Kind;
use crate::error::AppError;
use crate::escalation::chronicle::Asked;
use crate::ids::{CallerId, Id};
use crate::tickets::chronicle::{Happened, Life};
use crate::tickets::reply::{Letter, compose};
use crate::tickets::status::next;
use crate::tickets::ticket::{Category, Priority, ReplyLanguage, ReplyWish, Ticket};
use crate::tickets::{Event, Move, TicketNumber, TicketStatus};

/// The 115 of the demo, as requests name who handed them in.
pub const AGENT: CallerId = CallerId::from_uuid(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0115));

/// A new id of that moment.
pub fn id<T>(chance: &mut StdRng, at: Timestamp) -> Id<T> {
    Id::at(at, &chance.random())
}

/// Makes up a request that came in at `created`.
pub fn life(
    chance: &mut StdRng,
    cast: &Cast,
    fate: Fate,
    number: TicketNumber,
    created: Timestamp,
    now: Timestamp,
) -> Result<(Life, Option<Asked>), AppError> {
    let (mut ticket, place) = begin(chance, cast, fate, number, created);
    let reporter = (ticket.reply_wish != ReplyWish::None).then(|| words::person(chance));
    let kind = if is_technical(ticket.category) { Kind::Technical } else { Kind::Functional };
    let ways = cast.ways.get(&(ticket.service.clone(), ticket.ars.clone()));
    let matter = ways.and_then(|ways| ways.first(kind)).and_then(|step| Matter::new(chance, cast, &ticket, kind, step));
    let beats = plot(chance, fate, matter.is_some());
    let times = times(chance, &beats, created, now);
    let colleague = place.choose(chance).cloned();
    let by_colleague = colleague
        .as_ref()
        .map_or_else(Actor::system, |who| Actor::named(ActorKind::Person, Some(who.id.uuid()), &who.name));

    let mut matter = matter.filter(|_| beats.contains(&Beat::Escalated));
    let (mut story, mut letters) = (Vec::new(), Vec::new());
    for (beat, at) in beats.iter().copied().zip(times) {
        if let Some(matter) = matter.as_mut().filter(|_| asked::STEPS.contains(&name(beat))) {
            matter.happen(name(beat), at, now);
        }
        let (actor, event) = told(chance, beat, &mut ticket, matter.as_ref(), &by_colleague, at);
        let moved = step(beat).map(|step| (ticket.status, next(ticket.status, step)));
        let moved = match moved {
            None => None,
            Some((from, Some(to))) => Some((from, to)),
            Some((from, None)) => return Err(AppError::Internal(format!("{beat:?} from {from} is no move"))),
        };
        if let Some((_, to)) = moved {
            ticket.status = to;
        }
        // A word of the 2nd level moves the request without saying so.
        let moved = moved.filter(|_| !matches!(beat, Beat::Solved | Beat::Returned));
        if beat == Beat::Claimed {
            ticket.claimed_by.clone_from(&colleague);
        }
        ticket.updated_at = at;
        story.push(Happened { id: id(chance, at), audit: id(chance, at), at, actor, event, moved });
        if let (Some(letter), Some(person)) = (letter(beat, &ticket), &reporter)
            && ticket.reply_wish == ReplyWish::Email
        {
            let opened = Event::ReporterOpened { purpose: "reply by mail".into() };
            let actor = by_colleague.clone();
            let (history, audit) = (id(chance, at.plus(MOMENT)), id(chance, at.plus(MOMENT)));
            let at = at.plus(MOMENT);
            story.push(Happened { id: history, audit, at, actor, event: opened, moved: None });
            letters.extend(written(chance, &ticket, letter, person, at)?);
        }
    }
    remind(&mut ticket, now);
    let central = ways.and_then(|ways| ways.central.as_ref()).map_or_else(|| "kommune".to_owned(), ToString::to_string);
    let told = (id(chance, created), created.plus(TimeDelta::minutes(1)).min(now), central);
    let asked = matter.map(|matter| matter.finish(chance));
    Ok((Life { ticket, reporter, story, told, letters }, asked))
}

/// Between two entries of one act.
const MOMENT: TimeDelta = TimeDelta::milliseconds(3);

fn is_technical(category: Category) -> bool {
    use Category::*;
    matches!(category, Login | Payment | Unreachable | FormError | Upload | Submission | Accessibility)
}

fn begin<'c>(
    chance: &mut StdRng,
    cast: &'c Cast,
    fate: Fate,
    number: TicketNumber,
    at: Timestamp,
) -> (Ticket, &'c [crate::tickets::ticket::Claim]) {
    let (service, place) = cast.somewhere(chance, fate.is_at_home());
    let categories: Vec<Category> =
        Category::ALL.iter().copied().filter(|one| fate != Fate::Asked || is_technical(*one)).collect();
    let category = categories.choose(chance).copied().unwrap_or(Category::FormError);
    let channel = match chance.random_range(0..100) {
        0..55 => Channel::Hotline115,
        55..70 => Channel::Phone,
        70..80 => Channel::Email,
        _ => Channel::Web,
    };
    let (subject, description) = words::request(chance, category);
    let reply_wish = match (channel, chance.random_range(0..10)) {
        (Channel::Web, _) | (_, 0..5) => ReplyWish::Email,
        (_, 5..8) => ReplyWish::Phone,
        _ => ReplyWish::None,
    };
    let mut context = BTreeMap::new();
    if chance.random_bool(0.6) {
        context.insert("Browser".to_owned(), words::browser(chance).to_owned());
    }
    let ticket = Ticket {
        id: id(chance, at),
        number,
        status: TicketStatus::New,
        channel,
        service: service.clone(),
        ars: place.ars.clone(),
        category,
        priority: match category {
            Category::Unreachable | Category::Security => Priority::P2,
            Category::PraiseOrCriticism => Priority::P4,
            _ => Priority::P3,
        },
        subject,
        description,
        context,
        reply_wish,
        external_reference: chance.random_bool(0.3).then(|| format!("K-{:07}", chance.random_range(0..10_000_000))),
        submitted_by: if channel == Channel::Web { CallerId::from_uuid(uuid::Uuid::nil()) } else { AGENT },
        claimed_by: None,
        merged_into: None,
        answer: None,
        created_at: at,
        updated_at: at,
        respond_by: promised(at),
        paused_at: None,
        answered_at: None,
        closed_at: None,
        remind_at: None,
        reminded: 0,
        reply_language: ReplyLanguage::German,
    };
    (ticket, &place.colleagues)
}

/// The same clock time on the next working day; holidays are left to the true reckoning.
pub fn promised(at: Timestamp) -> Timestamp {
    let days = match at.utc().weekday() {
        Weekday::Fri => 3,
        Weekday::Sat => 2,
        _ => 1,
    };
    at.plus(TimeDelta::days(days))
}

/// Who did it and what the history says; the request's own fields follow it.
fn told(
    chance: &mut StdRng,
    beat: Beat,
    ticket: &mut Ticket,
    matter: Option<&Matter>,
    colleague: &Actor,
    at: Timestamp,
) -> (Actor, Event) {
    let told_by = ticket.reply_wish;
    let event = match beat {
        Beat::Submitted => {
            let actor = match ticket.channel {
                Channel::Web => Actor::named(ActorKind::System, None, "Online-Formular"),
                _ => Actor::named(ActorKind::Token, Some(AGENT.uuid()), "115-Servicecenter"),
            };
            return (actor, Event::Submitted { channel: ticket.channel });
        }
        Beat::Claimed => Event::Claimed {},
        Beat::Noted => Event::Noted { text: words::note(chance).into() },
        Beat::Asked => {
            ticket.paused_at = Some(at);
            Event::Waiting { question: "Welche Meldung wurde angezeigt?".into() }
        }
        Beat::Resumed => {
            if let Some(since) = ticket.paused_at.take() {
                ticket.respond_by = ticket.respond_by.plus(at.since(since));
            }
            Event::Resumed { text: "Die Meldung kam nach dem Absenden.".into() }
        }
        Beat::Answered => {
            let text = words::answer(chance).to_owned();
            ticket.answer = Some(text.clone());
            ticket.answered_at = Some(at);
            Event::Answered { text, told_by }
        }
        Beat::Rejected => {
            let reason = "Die Anfrage betrifft keinen unserer Dienste.".to_owned();
            ticket.answer = Some(reason.clone());
            ticket.answered_at = Some(at);
            Event::Rejected { reason, told_by }
        }
        Beat::Closed => {
            ticket.closed_at = Some(at);
            Event::Closed {}
        }
        Beat::Escalated | Beat::Stepped | Beat::Sent | Beat::Acknowledged | Beat::Solved | Beat::Returned => {
            return match matter {
                Some(matter) => matter.told(beat == Beat::Stepped, name(beat), colleague),
                None => (colleague.clone(), Event::Noted { text: words::note(chance).into() }),
            };
        }
    };
    (colleague.clone(), event)
}

/// Where the promise is still ahead, somebody is told when it is over.
fn remind(ticket: &mut Ticket, now: Timestamp) {
    let is_open = next(ticket.status, Move::Work).is_some();
    let is_ahead = ticket.respond_by > now;
    ticket.reminded = if is_open && is_ahead { 2 } else { 3 };
    ticket.remind_at = (is_open && is_ahead && ticket.paused_at.is_none()).then_some(ticket.respond_by);
}

fn letter(beat: Beat, ticket: &Ticket) -> Option<Letter<'_>> {
    let answer = ticket.answer.as_deref();
    match beat {
        Beat::Asked => Some(Letter::Question("Welche Meldung wurde angezeigt?")),
        Beat::Answered => answer.map(Letter::Answer),
        Beat::Rejected => answer.map(Letter::Refusal),
        _ => None,
    }
}

fn written(
    chance: &mut StdRng,
    ticket: &Ticket,
    letter: Letter,
    person: &crate::tickets::ticket::Reporter,
    at: Timestamp,
) -> Result<Option<Past>, AppError> {
    let Some(to) = &person.email else { return Ok(None) };
    let made = compose(ticket, letter, person.name.as_deref(), "https://lotse.example.org/anfrage");
    let to = to.parse().map_err(AppError::internal)?;
    let mail = Mail {
        to,
        to_name: person.name.clone(),
        reply_to: None,
        subject: made.subject,
        text: made.text,
        html: made.html,
    };
    let delivery = id(chance, at);
    let message = Outgoing {
        about: ticket.id.cast(),
        purpose: Purpose::Reply,
        dedupe: format!("reply {delivery}"),
        endpoint: None,
        recipient: "reporter".into(),
        content: Content::Mail(mail),
    };
    let attempt = Attempt { at, outcome: AttemptOutcome::Sent, detail: "accepted with 250".into() };
    Ok(Some(Past { id: delivery, message, at, is_sent: true, attempts: vec![(id(chance, at), attempt)] }))
}
