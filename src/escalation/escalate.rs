//! Handing a ticket to the 2nd level, and asking the next of the chain.
//!
//! Invariant: escalation, history, ticket status and the first messages are one write. Nobody at all to ask is
//! refused with the reasons, so that no escalation begins in a void.

use serde::Deserialize;

use super::chain;
use super::escalation::{ContactRef, Escalation, EscalationMove, EscalationStatus, Withheld, next};
use super::{Escalations, step, store, timing};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Action, Actor, ActorKind, Caller};
use crate::clock::Timestamp;
use crate::db::{Topic, Tx};
use crate::directory::{Assessment, Kind, contacts_of, route};
use crate::error::{AppError, Faults};
use crate::ids::{EscalationId, TicketId};
use crate::keys::Slug;
use crate::tickets::assess::hold;
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, Move, TicketRef, advance, by_id, in_hand, promise, record};

/// What the central contact asks of the 2nd level.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// Technical or functional.
    pub kind: Kind,
    /// The question, at most 4,000 characters; may be empty where the ticket says it all.
    #[serde(default)]
    pub note: String,
    /// Whom to ask first, where the chain would begin with somebody else.
    pub contact_id: Option<String>,
    /// What of the person stays here, whatever a contact may be told.
    #[serde(default)]
    pub withhold: Vec<Withheld>,
}

impl Escalate {
    /// What can be wrong with it in itself.
    pub(super) fn check(&self) -> Result<(), AppError> {
        let mut faults = Faults::default();
        faults.optional_text("note", &self.note, 4000);
        faults.finish()
    }
}

/// Starts an escalation. `Invalid` when nobody can be asked.
pub async fn escalate(
    escalations: &Escalations,
    caller: Caller,
    at: TicketRef,
    command: Escalate,
    repeat: Option<Once<(Escalation, Ticket)>>,
) -> Result<Outcome<(Escalation, Ticket)>, AppError> {
    caller.may(Action::EscalateTicket)?;
    command.check()?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let mut ticket = in_hand(tx, &caller, Action::EscalateTicket, &at)?;
            if caller.sees(Action::AssessTicket, ticket.object()) {
                hold(&mut ticket, &caller)?;
            } else {
                is_direct(&context, &ticket)?;
            }
            let (chain, skipped) = chain_for(tx, &context, &caller, &ticket, &command, now)?;
            let found = start(
                tx,
                &context,
                &mut ticket,
                &caller.actor,
                New {
                    kind: command.kind,
                    note: command.note,
                    chain,
                    skipped,
                    emergency: false,
                    withheld: command.withhold,
                },
                now,
            )?;
            if found.status == EscalationStatus::Expired {
                let message = "nobody of the chain has a working mail address or webhook; see GET /api/v1/gaps";
                return Err(AppError::field("kind", message));
            }
            Ok((found, ticket))
        })
    };
    escalations.desk().db.write(work).await
}

/// A 1st level escalates itself only where the service is run that way.
pub(super) fn is_direct(escalations: &Escalations, ticket: &Ticket) -> Result<(), AppError> {
    let directory = escalations.desk().directory.current();
    match directory.service(ticket.service.as_str()).map(|s| s.assessment) {
        Some(Assessment::Direct) => Ok(()),
        _ => Err(AppError::Forbidden("this service is assessed by the municipality's central contact first".into())),
    }
}

/// Who would be asked.
pub(super) fn chain_for(
    tx: &mut crate::db::Conn,
    escalations: &Escalations,
    caller: &Caller,
    ticket: &Ticket,
    command: &Escalate,
    now: Timestamp,
) -> Result<(Vec<super::EscalationStep>, Vec<super::EscalationStep>), AppError> {
    let chosen = match &command.contact_id {
        None => None,
        Some(id) => {
            let unknown =
                || AppError::field("contact_id", format!("there is no contact {id:?}; see GET /api/v1/contacts"));
            let slug: Slug = id.parse().map_err(|_| unknown())?;
            let contact = contacts_of(tx, &[slug])?.pop().filter(|contact| {
                let is_in_sight =
                    contact.owner.as_ref().is_none_or(|owner| caller.sees_region(Action::EscalateTicket, owner));
                is_in_sight && !contact.is_ended
            });
            let contact = contact.ok_or_else(unknown)?;
            Some(ContactRef { id: contact.slug, name: contact.name })
        }
    };
    let today = now.day_in_berlin();
    let routing = &escalations.desk().settings.directory;
    let found = route(tx, &ticket.service, &ticket.ars, command.kind, today, routing)?;
    let (chain, skipped) = chain::build(found, chosen.map(|contact| (contact, caller.actor.name.as_str())));
    if chain.is_empty() {
        let reasons: Vec<String> = skipped.iter().map(|s| format!("{}: {}", s.contact.name, s.reason)).collect();
        let reasons = if reasons.is_empty() { "nobody is named".to_owned() } else { reasons.join("; ") };
        let message =
            format!("nobody can be asked for {} questions here ({reasons}); see GET /api/v1/gaps", command.kind);
        return Err(AppError::field("kind", message));
    }
    Ok((chain, skipped))
}

/// A new escalation, ready to start.
pub(super) struct New {
    pub(super) kind: Kind,
    pub(super) note: String,
    pub(super) chain: Vec<super::EscalationStep>,
    pub(super) skipped: Vec<super::EscalationStep>,
    pub(super) emergency: bool,
    pub(super) withheld: Vec<Withheld>,
}

impl New {
    /// The escalation as it begins, whether it is meant or only imagined for a preview; its times come by
    /// [`timing::begin_step`].
    pub(super) fn begin(self, ticket: TicketId, now: Timestamp) -> Escalation {
        Escalation {
            id: EscalationId::new(),
            ticket,
            kind: self.kind,
            status: EscalationStatus::Pending,
            note: self.note,
            chain: self.chain,
            skipped: self.skipped,
            step: 0,
            acknowledge_by: None,
            acknowledged_at: None,
            acknowledged_name: None,
            acknowledged_contact: None,
            reference: None,
            answer: None,
            return_reason: None,
            emergency: self.emergency,
            created_at: now,
            updated_at: now,
            ended_at: None,
            counted_from: None,
            answer_by: None,
            remind_at: None,
            reminded: 0,
            paused_at: None,
            withheld: self.withheld,
        }
    }
}

/// Stores the escalation, asks its first contact and moves the ticket.
pub(super) fn start(
    tx: &mut Tx,
    escalations: &Escalations,
    ticket: &mut Ticket,
    actor: &Actor,
    new: New,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let mut found = new.begin(ticket.id, now);
    timing::begin_step(tx, escalations, &mut found, ticket, now)?;
    promise::go_on(escalations.desk(), ticket, now);
    let reason = found.current().map(|s| s.reason.clone()).unwrap_or_default();
    let event = Event::Escalated {
        escalation: found.id,
        escalation_kind: found.kind.to_string(),
        note: found.note.clone(),
        reason,
    };
    advance(tx, ticket, Move::Escalate, actor, &event, now)?;
    store::insert(tx, &found)?;
    reach_somebody(tx, escalations, &mut found, ticket, actor, now)?;
    tx.signal(Topic::Sweep);
    Ok(found)
}

/// Asks the one whose turn it is; passes over those who have no way left, to the end of the chain.
fn reach_somebody(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), AppError> {
    while !step::ask(tx, escalations, found, ticket, actor, now)? {
        if found.following().is_none() {
            return chain_ended(tx, escalations, found, ticket, now);
        }
        let before = found.clone();
        found.step += 1;
        timing::begin_step(tx, escalations, found, ticket, now)?;
        save(tx, &before, found, now)?;
    }
    Ok(())
}

/// Asks the next of the chain, or comes to its end; a person's word ends it at once. Guarded: false when somebody was
/// quicker.
pub(super) fn next_step(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    actor: &Actor,
    now: Timestamp,
) -> Result<bool, AppError> {
    if next(found.status, EscalationMove::Advance).is_none() {
        return Ok(false);
    }
    let ticket = by_id(tx, found.ticket)?;
    let mut after = found.clone();
    if found.following().is_none() {
        if actor.kind == ActorKind::System {
            chain_ended(tx, escalations, &mut after, &ticket, now)?;
        } else {
            expire(tx, &mut after, &ticket, now)?;
        }
        return Ok(true);
    }
    ask_following(tx, escalations, found, &mut after, &ticket, actor, now)?;
    Ok(true)
}

/// Makes it the turn of whoever follows in the chain of `after`, and asks them.
pub(super) fn ask_following(
    tx: &mut Tx,
    escalations: &Escalations,
    before: &Escalation,
    after: &mut Escalation,
    ticket: &Ticket,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), AppError> {
    after.step += 1;
    after.status = EscalationStatus::Pending;
    timing::begin_step(tx, escalations, after, ticket, now)?;
    save(tx, before, after, now)?;
    tx.signal(Topic::Sweep);
    reach_somebody(tx, escalations, after, ticket, actor, now)
}

/// Asks the next of the chain now, on the central contact's word. `Conflict` where it is not at the step any more that the
/// caller saw, with who was quicker: two who press at once mean the same next one.
pub async fn next_step_now(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
    seen: Option<i32>,
) -> Result<(Escalation, Ticket), AppError> {
    caller.may(Action::AssessTicket)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    escalations
        .desk()
        .db
        .write(move |tx| {
            let (found, _) = super::browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
            if seen.is_some_and(|seen| seen != found.step) {
                return Err(AppError::Conflict(asked_already(tx, &found)?));
            }
            if !next_step(tx, &context, &found, &caller.actor, now)? {
                return Err(AppError::Conflict(format!(
                    "the escalation is {}; nobody else will be asked",
                    found.status
                )));
            }
            super::browse::visible(tx, &caller, id)
        })
        .await
}

/// Who asked whom last.
fn asked_already(tx: &mut Tx, found: &Escalation) -> Result<String, AppError> {
    let history = crate::tickets::browse::entries(tx, found.ticket)?;
    let step = history.iter().rev().find_map(|entry| match &entry.event {
        Event::EscalationStep { escalation, name, .. } if *escalation == found.id => Some((&entry.actor.name, name)),
        _ => None,
    });
    Ok(match step {
        Some((who, whom)) => format!("{who} has asked {whom} already; read the escalation again"),
        None => "the escalation is at another step by now; read it again".into(),
    })
}

/// Nobody is left to ask: the escalation expires, but not in an emergency while everybody asked is still told again.
fn chain_ended(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &mut Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(until) = timing::still_told(escalations, found, now) else { return expire(tx, found, ticket, now) };
    if timing::is_told_on(escalations, found, now) {
        return Ok(());
    }
    let before = found.clone();
    found.acknowledge_by = Some(until);
    save(tx, &before, found, now)?;
    notice::add(tx, ticket, NoticeKind::EmergencyUnanswered, "", now)
}

/// Ends an escalation that nobody acknowledged, and tells the central contact.
fn expire(tx: &mut Tx, found: &mut Escalation, ticket: &Ticket, now: Timestamp) -> Result<(), AppError> {
    let before = found.clone();
    finish(found, EscalationStatus::Expired, now);
    save(tx, &before, found, now)?;
    record(tx, ticket.id, &Actor::system(), &Event::EscalationExpired { escalation: found.id }, now)?;
    notice::add(tx, ticket, NoticeKind::EscalationExpired, "", now)?;
    ended(tx, ticket.id, now)
}

/// Marks an escalation as ended.
pub(super) fn finish(found: &mut Escalation, status: EscalationStatus, now: Timestamp) {
    found.status = status;
    (found.acknowledge_by, found.answer_by, found.remind_at, found.counted_from) = (None, None, None, None);
    found.paused_at = None;
    found.ended_at = Some(now);
}

/// Writes an escalation, guarded by what it was. `Conflict` when somebody was quicker.
pub(super) fn save(tx: &mut Tx, before: &Escalation, after: &mut Escalation, now: Timestamp) -> Result<(), AppError> {
    after.updated_at = now;
    if store::update(tx, before, after)? {
        Ok(())
    } else {
        Err(AppError::Conflict("the escalation was changed by somebody else just now; read it again".into()))
    }
}

/// Puts the ticket back to its central contact when its last open escalation has ended.
pub(super) fn ended(tx: &mut Tx, id: TicketId, now: Timestamp) -> Result<(), AppError> {
    let mut ticket = by_id(tx, id)?;
    if ticket.status != crate::tickets::TicketStatus::Escalated || !store::open_of(tx, id)?.is_empty() {
        return Ok(());
    }
    crate::tickets::advance_silently(tx, &mut ticket, Move::EscalationsEnded, now)
}
