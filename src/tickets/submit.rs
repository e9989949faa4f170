//! Intake: a request is handed in, gets its number, and is durable before the caller hears of it.
//!
//! Invariant: ticket, number, history, audit entry, notice, sealed reporter and idempotency record are one append. The
//! directory is asked in memory, so that intake touches the database once. Personal numbers in the text warn, they
//! never block: a person is on the line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::history::Event;
use super::status::TicketStatus;
use super::ticket::{Category, Channel, Priority, ReplyLanguage, ReplyWish, Reporter, Ticket, Warning, warnings};
use super::{Desk, TicketNumber, TicketRef, joined, notice, promise, reporter, search, store, trail};
use crate::access::idempotency::{Once, Outcome};
use crate::access::{Action, Caller, Object};
use crate::error::{AppError, Faults};
use crate::ids::{HistoryId, TicketId};
use crate::keys::{Ags, Ars, EmailAddress};
use crate::seal::DataKey;

/// A request as the 1st level hands it in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitTicket {
    /// The service by its slug.
    #[schema(example = "wohnsitzanmeldung")]
    pub service: String,
    /// The municipality by ARS …
    #[schema(example = "010020000000")]
    pub ars: Option<String>,
    /// … or by AGS.
    pub ags: Option<String>,
    /// How it came in.
    pub channel: Channel,
    /// What about.
    pub category: Category,
    /// One line, at most 200 characters.
    pub subject: String,
    /// At most 8,000 characters.
    pub description: String,
    /// How the person wants to be answered.
    pub reply: Reply,
    /// The submitting system's own number.
    pub external_reference: Option<String>,
    /// Time of the fault, error text, browser, way of log-in and the like.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
    /// Id or number of a running request about the same service in the same place: this one gets a number of its own and
    /// goes on in that one, and whatever is answered there this person is told too.
    #[serde(default)]
    pub join: Option<String>,
}

/// The wished way of reply with its address.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The way.
    pub wish: ReplyWish,
    /// The person's name.
    pub name: Option<String>,
    /// Needed when the wish is `email`.
    pub email: Option<String>,
    /// Needed when the wish is `phone`.
    pub phone: Option<String>,
    /// In which language the person is written to: that in which they asked; German where nothing is said.
    #[serde(default)]
    pub language: Option<ReplyLanguage>,
}

/// What was handed in, and what should rather not stand in it.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// The new request.
    pub ticket: Ticket,
    /// Patterns of personal numbers that were typed.
    pub warnings: Vec<Warning>,
}

/// Takes a request.
pub async fn submit(
    desk: &Desk,
    caller: &Caller,
    command: SubmitTicket,
    once: Option<Once<Submitted>>,
) -> Result<Outcome<Submitted>, AppError> {
    submit_as(desk, caller, command, once, None).await
}

/// What a request has already that was stored before it became one: identity, number and key.
pub(super) struct Prepared {
    pub id: TicketId,
    pub number: TicketNumber,
    pub key: DataKey,
}

/// The same for a request that was prepared.
pub(super) async fn submit_as(
    desk: &Desk,
    caller: &Caller,
    command: SubmitTicket,
    once: Option<Once<Submitted>>,
    prepared: Option<Prepared>,
) -> Result<Outcome<Submitted>, AppError> {
    caller.may(Action::SubmitTicket)?;
    // What was stored before was right then, and is not lost for what changed in the directory since.
    let draft = match (validate(desk, caller, command, prepared.is_some()), once.clone()) {
        (Ok(draft), _) => draft,
        // What was right when it was first sent may be wrong by now; a repeat gets its answer all the same.
        (Err(fault), Some(once)) => {
            let earlier = desk.db.read(move |conn| once.earlier(conn)).await?;
            return earlier.map(Outcome::Repeated).ok_or(fault);
        }
        (Err(fault), None) => return Err(fault),
    };
    let now = desk.clock.now();
    let (id, number, key) = match prepared {
        Some(Prepared { id, number, key }) => (id, number, Some(key)),
        None => (TicketId::new(), desk.numbers.draw(&desk.db, now).await?, None),
    };
    let priority = default_priority(draft.command.category);
    let mut ticket = Ticket {
        id,
        number,
        status: TicketStatus::New,
        channel: draft.command.channel,
        service: draft.service,
        ars: draft.ars,
        category: draft.command.category,
        priority,
        subject: draft.command.subject,
        description: draft.command.description,
        context: draft.command.context,
        reply_wish: draft.command.reply.wish,
        reply_language: draft.command.reply.language.unwrap_or(ReplyLanguage::German),
        external_reference: draft.command.external_reference,
        submitted_by: caller.id,
        claimed_by: None,
        merged_into: None,
        answer: None,
        created_at: now,
        updated_at: now,
        respond_by: now,
        paused_at: None,
        answered_at: None,
        closed_at: None,
        remind_at: None,
        reminded: 0,
    };
    promise::begin(desk, &mut ticket, now);
    let submitted = Submitted { warnings: found_warnings(&ticket), ticket };
    let intake = rows(desk, caller, &submitted, &draft.reporter, key.as_ref(), once.as_ref())?;
    let stored = match draft.join {
        None => desk.intake.append(intake).await.map(|()| submitted),
        Some(into) => joined::store_joined(desk, caller, submitted, intake, into, once.clone()).await,
    };
    match (stored, once) {
        (Ok(submitted), _) => Ok(Outcome::Done(submitted)),
        (Err(fault @ (AppError::Conflict(_) | AppError::Invalid(_))), Some(once)) => {
            // A repeat: the first answer is ours, or its body was another. Asked only now, because nearly every
            // request is its first and would wait for a look that finds nothing.
            let earlier = desk.db.read(move |conn| once.earlier(conn)).await?;
            earlier.map(Outcome::Repeated).ok_or(fault)
        }
        (Err(fault), _) => Err(fault),
    }
}

/// What is wrong with a request before it is handed in.
pub(super) fn check(desk: &Desk, caller: &Caller, command: SubmitTicket) -> Result<(), AppError> {
    validate(desk, caller, command, false).map(|_| ())
}

struct Draft {
    command: SubmitTicket,
    service: crate::keys::Slug,
    ars: Ars,
    reporter: Reporter,
    join: Option<TicketRef>,
}

fn validate(desk: &Desk, caller: &Caller, mut command: SubmitTicket, is_stored: bool) -> Result<Draft, AppError> {
    let directory = desk.directory.current();
    let mut faults = Faults::default();
    let known = directory.service(&command.service).map(|s| s.slug.clone());
    let service = known.or_else(|| command.service.parse().ok().filter(|_| is_stored));
    if service.is_none() {
        faults.add("service", format!("there is no service {:?}; see GET /api/v1/services", command.service));
    }
    let ars = match (&command.ars, &command.ags) {
        (Some(ars), None) => faults.keep("ars", ars.parse::<Ars>()).and_then(|ars| {
            let known = directory.municipality(&ars).map(|m| m.ars.clone());
            let known = known.or_else(|| is_stored.then(|| ars.clone()));
            if known.is_none() {
                faults
                    .add("ars", format!("there is no municipality with the ARS {ars}; see GET /api/v1/municipalities"));
            }
            known
        }),
        (None, Some(ags)) => faults.keep("ags", ags.parse::<Ags>()).and_then(|ags| {
            let known = directory.by_ags(&ags).map(|m| m.ars.clone());
            if known.is_none() {
                faults
                    .add("ags", format!("there is no municipality with the AGS {ags}; see GET /api/v1/municipalities"));
            }
            known
        }),
        (Some(_), Some(_)) => {
            faults.add("ags", "give either ars or ags, not both");
            None
        }
        (None, None) => {
            faults.add("ars", "is missing: the municipality by ars (12 digits) or ags (8 digits)");
            None
        }
    };
    if let Some(place) =
        ars.as_ref().and_then(|ars| directory.municipality(ars)).filter(|place| place.is_ended && !is_stored)
    {
        let message = format!("{} takes no new requests any more; name the municipality it belongs to now", place.name);
        faults.add(if command.ars.is_some() { "ars" } else { "ags" }, message);
    }
    faults.text("subject", &command.subject, 200);
    if command.subject.contains(['\n', '\r']) {
        faults.add("subject", "must be one line");
    }
    faults.text("description", &command.description, 8000);
    if let Some(reference) = &command.external_reference {
        faults.text("external_reference", reference, 200);
    }
    if command.context.len() > 20 {
        faults.add("context", "has more than 20 entries");
    }
    for (key, value) in &command.context {
        faults.text(&format!("context.{key}"), value, 2000);
        faults.text("context", key, 100);
        if key.contains(['\n', '\r']) {
            faults.add("context", "has a key of more than one line");
        }
    }
    let reporter = validate_reply(&command.reply, &mut faults);
    let join = command.join.as_ref().and_then(|at| match at.parse::<TicketRef>() {
        Ok(at) => Some(at),
        Err(_) => {
            faults.add("join", "is neither an id nor a ticket number");
            None
        }
    });
    faults.finish()?;
    let (Some(service), Some(ars)) = (service, ars) else { return Err(AppError::NotFound) };
    let object = Object { ars: Some(&ars), service: Some(&service), channel: Some(command.channel) };
    if !caller.sees(Action::SubmitTicket, object) {
        let message = format!("you may not hand in requests about {service} in {ars} by {}", command.channel);
        return Err(AppError::Forbidden(message));
    }
    command.subject = command.subject.trim().to_owned();
    Ok(Draft { command, service, ars, reporter, join })
}

fn validate_reply(reply: &Reply, faults: &mut Faults) -> Reporter {
    if let Some(name) = &reply.name {
        faults.text("reply.name", name, 200);
    }
    if let Some(email) = &reply.email {
        faults.keep("reply.email", email.parse::<EmailAddress>());
    }
    if let Some(phone) = &reply.phone {
        let plausible = (3..=40).contains(&phone.len())
            && phone.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c))
            && phone.bytes().any(|b| b.is_ascii_digit());
        if !plausible {
            faults.add("reply.phone", "must be a phone number, such as +49 431 0000");
        }
    }
    match reply.wish {
        ReplyWish::Email if reply.email.is_none() => faults.add("reply.email", "is needed when the wish is email"),
        ReplyWish::Phone if reply.phone.is_none() => faults.add("reply.phone", "is needed when the wish is phone"),
        _ => {}
    }
    Reporter { name: reply.name.clone(), email: reply.email.clone(), phone: reply.phone.clone() }
}

/// A service that nobody reaches comes before one person's question; praise can wait.
fn default_priority(category: Category) -> Priority {
    match category {
        Category::Unreachable | Category::Security => Priority::P2,
        Category::PraiseOrCriticism => Priority::P4,
        _ => Priority::P3,
    }
}

fn found_warnings(ticket: &Ticket) -> Vec<Warning> {
    let mut found = warnings("subject", &ticket.subject);
    found.extend(warnings("description", &ticket.description));
    for (key, value) in &ticket.context {
        found.extend(warnings(&format!("context.{key}"), value));
    }
    found
}

fn rows(
    desk: &Desk,
    caller: &Caller,
    submitted: &Submitted,
    reporter: &Reporter,
    key: Option<&DataKey>,
    once: Option<&Once<Submitted>>,
) -> Result<store::Intake, AppError> {
    let ticket = &submitted.ticket;
    let now = ticket.created_at;
    let event = Event::Submitted { channel: ticket.channel };
    let (key, reporter) = match (reporter == &Reporter::default(), key) {
        (true, _) => (None, None),
        (false, Some(key)) => (None, Some(reporter::seal_with(key, ticket.id, reporter)?)),
        (false, None) => {
            let (key, row) = reporter::seal(&desk.sealer, ticket.id, reporter)?;
            (Some(key), Some(row))
        }
    };
    Ok(store::Intake {
        ticket: store::TicketRow::of(ticket)?,
        number: store::NumberRow { number: ticket.number.as_str().to_owned(), ticket_id: ticket.id },
        history: store::HistoryRow::new(HistoryId::new(), ticket.id, &caller.actor, &event, now)?,
        audit: trail::row(ticket.id, &caller.actor, &event, None, now)?,
        search: store::SearchRow { ticket_id: ticket.id, body: search::document(ticket) },
        notice: notice::row(ticket, notice::NoticeKind::New, "", now),
        key,
        reporter,
        answer: once.map(|once| once.row(submitted, now)).transpose()?,
    })
}
