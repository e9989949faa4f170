//! Handing on: to the 3rd level or another contact, with the reason.
//!
//! Invariant: whoever is handed to is asked at once, with a deadline of their own; whoever handed on keeps sight and may
//! still answer. Nobody is asked twice in one escalation, so there are no loops. The 2nd level hands on by itself only
//! among colleagues (`directory::colleagues`); anybody else it proposes, and the central contact decides. A proposal
//! changes nothing of the chain and its deadline.

use serde::{Deserialize, Serialize};

use super::escalate::ask_following;
use super::escalation::{ContactRef, Escalation, EscalationMove, EscalationStep, is_open, next};
use super::respond::LONGEST_REASON;
use super::{Escalations, browse, store};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{Purpose, cancel_pending};
use crate::directory::{Contact, colleagues, contacts_of};
use crate::error::{AppError, Faults};
use crate::ids::{EscalationId, HandoverId};
use crate::keys::{ArsPrefix, Slug};
use crate::tickets::assess::{check, hold};
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::Ticket;
use crate::tickets::{Event, Move, advance, record};

/// The longest chain there may be.
const LONGEST_CHAIN: usize = 20;

crate::text_enum! {
    /// What became of a handing on.
    pub enum HandoverState {
        /// The 2nd level proposes it; the central contact decides.
        Proposed = "proposed",
        /// The other contact was asked.
        Done = "done",
        /// The central contact does not want it.
        Declined = "declined",
    }
}

/// One handing on.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Handover {
    /// Its identity.
    pub id: HandoverId,
    /// The contact that hands on, where it is one.
    pub from: Option<Slug>,
    /// Who hands on, by name.
    pub from_name: String,
    /// To whom.
    pub to: ContactRef,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub state: HandoverState,
    /// When it was said.
    pub at: Timestamp,
    /// Who decided on it, where it was proposed.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// To whom, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOn {
    /// The contact's id.
    pub contact: String,
    /// Why, at most 2,000 characters; they read it.
    pub reason: String,
}

impl HandOn {
    /// What can be wrong with it in itself.
    pub(super) fn check(&self) -> Result<(), AppError> {
        let mut faults = Faults::default();
        faults.text("contact", &self.contact, 200);
        faults.text("reason", &self.reason, LONGEST_REASON);
        faults.finish()
    }
}

/// Who hands on: the contact, if it is one, and the name.
pub(super) type Giver<'a> = (Option<&'a Slug>, &'a str);

/// Hands on by the 2nd level: at once among colleagues, else as a proposal.
pub(super) fn by_second_level(
    tx: &mut Tx,
    escalations: &Escalations,
    (found, ticket): (&Escalation, &Ticket),
    (actor, from): (&Actor, Giver),
    wanted: &HandOn,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let region = ArsPrefix::from(ticket.ars.clone());
    let is_near = |owner: &ArsPrefix| owner.contains(&region);
    let contact = target(tx, found, wanted, |contact| contact.owner.as_ref().is_none_or(is_near))?;
    let asked = store::reached(tx, found.id)?;
    let near = colleagues(tx, &ticket.service, &ticket.ars, &asked, now.day_in_berlin())?;
    if near.iter().any(|colleague| colleague.slug == contact.slug) {
        let after = give(tx, escalations, (found, ticket), (actor, from), &contact, &wanted.reason, now)?;
        notice::add(tx, ticket, NoticeKind::EscalationHandedOn, from.1, now)?;
        return Ok(after);
    }
    let known = store::handovers(tx, found.id)?;
    if known.iter().any(|one| one.state == HandoverState::Proposed && one.to.id == contact.slug) {
        return Err(AppError::Conflict(format!("{} was proposed already; the municipality decides", contact.name)));
    }
    keep(tx, found.id, from, &contact, &wanted.reason, HandoverState::Proposed, now)?;
    let event = Event::EscalationHandOnProposed {
        escalation: found.id,
        from: from.1.to_owned(),
        contact: contact.slug.clone(),
        name: contact.name.clone(),
        reason: wanted.reason.clone(),
    };
    record(tx, ticket.id, actor, &event, now)?;
    notice::add(tx, ticket, NoticeKind::EscalationHandOnProposed, from.1, now)?;
    Ok(found.clone())
}

/// Hands on by the central contact.
pub async fn forward(
    escalations: &Escalations,
    caller: Caller,
    id: EscalationId,
    wanted: HandOn,
    repeat: Option<Once<(Escalation, Ticket)>>,
) -> Result<Outcome<(Escalation, Ticket)>, AppError> {
    caller.may(Action::AssessTicket)?;
    wanted.check()?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let (found, mut ticket) = browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
            hold(&mut ticket, &caller)?;
            let in_sight = |owner: &ArsPrefix| caller.sees_region(Action::EscalateTicket, owner);
            let contact = target(tx, &found, &wanted, |contact| contact.owner.as_ref().is_none_or(in_sight))?;
            let by = (&caller.actor, (None, caller.actor.name.as_str()));
            let after = give(tx, &context, (&found, &ticket), by, &contact, &wanted.reason, now)?;
            Ok((after, ticket))
        })
    };
    escalations.desk().db.write(work).await
}

/// Does what the 2nd level proposed.
pub async fn confirm(
    escalations: &Escalations,
    caller: Caller,
    (id, handover): (EscalationId, HandoverId),
) -> Result<(Escalation, Ticket), AppError> {
    caller.may(Action::AssessTicket)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let work = move |tx: &mut Tx| {
        let (found, mut ticket) = browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
        hold(&mut ticket, &caller)?;
        let proposed = proposal(tx, id, handover)?;
        let wanted = HandOn { contact: proposed.to.id.to_string(), reason: proposed.reason.clone() };
        let in_sight = |owner: &ArsPrefix| caller.sees_region(Action::EscalateTicket, owner);
        let contact = target(tx, &found, &wanted, |contact| contact.owner.as_ref().is_none_or(in_sight))?;
        decide(tx, handover, HandoverState::Done, &caller, now)?;
        let from = (proposed.from.as_ref(), proposed.from_name.as_str());
        let after = turn(tx, &context, (&found, &ticket), (&caller.actor, from), &contact, &proposed.reason, now)?;
        Ok((after, ticket))
    };
    escalations.desk().db.write(work).await
}

/// Declines what the 2nd level proposed, with the reason.
pub async fn decline(
    escalations: &Escalations,
    caller: Caller,
    (id, handover): (EscalationId, HandoverId),
    reason: String,
) -> Result<(Escalation, Ticket), AppError> {
    caller.may(Action::AssessTicket)?;
    check("reason", &reason)?;
    let now = escalations.desk().clock.now();
    let work = move |tx: &mut Tx| {
        let (found, mut ticket) = browse::in_hand(tx, &caller, Action::AssessTicket, id)?;
        hold(&mut ticket, &caller)?;
        let proposed = proposal(tx, id, handover)?;
        decide(tx, handover, HandoverState::Declined, &caller, now)?;
        let event = Event::EscalationHandOnDeclined { escalation: id, name: proposed.to.name, reason: reason.clone() };
        advance(tx, &mut ticket, Move::Work, &caller.actor, &event, now)?;
        Ok((found, ticket))
    };
    escalations.desk().db.write(work).await
}

fn proposal(tx: &mut Tx, id: EscalationId, handover: HandoverId) -> Result<Handover, AppError> {
    let known = store::handovers(tx, id)?;
    let found = known.into_iter().find(|one| one.id == handover).ok_or(AppError::NotFound)?;
    match found.state {
        HandoverState::Proposed => Ok(found),
        state => Err(AppError::Conflict(format!("the proposal is {state} already"))),
    }
}

fn decide(
    tx: &mut Tx,
    handover: HandoverId,
    state: HandoverState,
    caller: &Caller,
    now: Timestamp,
) -> Result<(), AppError> {
    if store::decide_handover(tx, handover, state, &caller.actor.name, now)? {
        return Ok(());
    }
    Err(AppError::Conflict("somebody else decided on the proposal just now; read it again".into()))
}

/// The contact that is to be asked, if it can be.
fn target(
    tx: &mut Tx,
    found: &Escalation,
    wanted: &HandOn,
    in_sight: impl Fn(&Contact) -> bool,
) -> Result<Contact, AppError> {
    if !is_open(found.status) {
        return Err(AppError::Conflict(format!("the escalation is {}; nobody can be asked any more", found.status)));
    }
    let refused = |message: String| Err(AppError::field("contact", message));
    let unknown = || format!("there is no contact {:?} that may be asked here", wanted.contact);
    let Ok(slug) = wanted.contact.parse::<Slug>() else { return refused(unknown()) };
    let contact = contacts_of(tx, std::slice::from_ref(&slug))?.pop();
    let Some(contact) = contact.filter(|contact| !contact.is_ended && in_sight(contact)) else {
        return refused(unknown());
    };
    if store::reached(tx, found.id)?.contains(&slug) {
        return refused(format!(
            "{} has been asked already and can still answer; hand on to somebody who has not been asked",
            contact.name
        ));
    }
    if found.chain.len() >= LONGEST_CHAIN {
        return refused(format!("{LONGEST_CHAIN} contacts are in the chain already; give it back with a reason"));
    }
    if !has_way(&contact) {
        return refused(format!("{} has no mail address or webhook that works", contact.name));
    }
    Ok(contact)
}

fn has_way(contact: &Contact) -> bool {
    let has_mail = contact.email.is_some() && contact.bounced.is_none();
    has_mail || contact.webhook.as_ref().is_some_and(|webhook| webhook.is_active())
}

/// Hands on and keeps that it was done.
fn give(
    tx: &mut Tx,
    escalations: &Escalations,
    about: (&Escalation, &Ticket),
    (actor, from): (&Actor, Giver),
    contact: &Contact,
    reason: &str,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    keep(tx, about.0.id, from, contact, reason, HandoverState::Done, now)?;
    turn(tx, escalations, about, (actor, from), contact, reason, now)
}

/// Makes it the contact's turn.
fn turn(
    tx: &mut Tx,
    escalations: &Escalations,
    (found, ticket): (&Escalation, &Ticket),
    (actor, from): (&Actor, Giver),
    contact: &Contact,
    reason: &str,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    if next(found.status, EscalationMove::HandOn).is_none() {
        return Err(AppError::Conflict(format!("the escalation is {}; it cannot be handed on", found.status)));
    }
    let mut after = found.clone();
    let place = usize::try_from(found.step + 1).map_err(AppError::internal)?.min(after.chain.len());
    let mut rest = after.chain.split_off(place);
    rest.retain(|step| step.contact.id != contact.slug);
    let to = ContactRef { id: contact.slug.clone(), name: contact.name.clone() };
    let handed_on_by = Some(from.1.to_owned());
    after.chain.push(EscalationStep { contact: to, reason: reason.to_owned(), handed_on_by });
    after.chain.append(&mut rest);
    (after.acknowledged_at, after.acknowledged_name, after.reference) = (None, None, None);
    (after.acknowledged_contact, after.paused_at) = (None, None);
    let event = Event::EscalationHandedOn {
        escalation: found.id,
        from: from.1.to_owned(),
        contact: contact.slug.clone(),
        name: contact.name.clone(),
        reason: reason.to_owned(),
    };
    record(tx, ticket.id, actor, &event, now)?;
    cancel_pending(tx, found.id.cast(), &[Purpose::Reminded])?;
    ask_following(tx, escalations, found, &mut after, ticket, actor, now)?;
    Ok(after)
}

fn keep(
    tx: &mut Tx,
    escalation: EscalationId,
    (from, from_name): Giver,
    contact: &Contact,
    reason: &str,
    state: HandoverState,
    now: Timestamp,
) -> Result<(), AppError> {
    let handover = Handover {
        id: HandoverId::new(),
        from: from.cloned(),
        from_name: from_name.to_owned(),
        to: ContactRef { id: contact.slug.clone(), name: contact.name.clone() },
        reason: reason.to_owned(),
        state,
        at: now,
        decided_by: None,
        decided_at: None,
    };
    store::insert_handover(tx, escalation, &handover)
}

/// Who handed on to whom, as those who are asked are told it.
pub(super) fn told(conn: &mut Conn, found: &Escalation) -> Result<Vec<Handover>, AppError> {
    let mut handovers = store::handovers(conn, found.id)?;
    handovers.iter_mut().for_each(|one| one.reason = found.as_written(&one.reason));
    Ok(handovers)
}

/// Who handed on to that contact and why, as it is told, where it is their turn. What was kept of handing on says it, not
/// the chain, whose steps other versions of this service write in another way.
pub(super) fn handed_on_to(conn: &mut Conn, found: &Escalation, contact: &Slug) -> Result<Option<String>, AppError> {
    if found.current().is_none_or(|step| step.contact.id != *contact) {
        return Ok(None);
    }
    let is_to_them = |one: &Handover| one.state == HandoverState::Done && one.to.id == *contact;
    let done = told(conn, found)?.into_iter().rfind(is_to_them);
    Ok(done.map(|one| format!("{}: {}", one.from_name, one.reason)))
}

/// Whom the contact behind a link may hand on to by itself.
pub(super) fn choices(
    conn: &mut Conn,
    found: &Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Vec<ContactRef>, AppError> {
    let asked = store::reached(conn, found.id)?;
    let near = colleagues(conn, &ticket.service, &ticket.ars, &asked, now.day_in_berlin())?;
    let region = ArsPrefix::from(ticket.ars.clone());
    let is_near = |contact: &Contact| contact.owner.as_ref().is_none_or(|owner| owner.contains(&region));
    Ok(near
        .into_iter()
        .filter(|contact| is_near(contact) && has_way(contact))
        .map(|contact| ContactRef { id: contact.slug, name: contact.name })
        .collect())
}
