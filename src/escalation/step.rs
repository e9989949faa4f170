//! One step of a chain: whoever's turn it is gets the finished messages, by every way they have.
//!
//! Invariant: called inside the write that starts or advances the escalation. A unique key of escalation, step,
//! occasion and endpoint makes repeats harmless. What is disclosed stands in the history.

use super::escalate::save;
use super::escalation::{Escalation, EscalationStep, Withheld};
use super::link;
use super::message::{self, Facts, Links, Occasion, Replied};
use super::{Escalations, hand_on, store, timing};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{Content, DeliveryEvent, Mail, Outgoing, Purpose, enqueue};
use crate::directory::{Contact, contacts_of};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, SealKeyId};
use crate::keys::Slug;
use crate::seal::DataKey;
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::ticket::{Reporter, Ticket};
use crate::tickets::{Event, added, attachments, record, reporter};

/// What an occasion is to the outbox.
fn purpose(occasion: Occasion) -> Purpose {
    match occasion {
        Occasion::Created => Purpose::Created,
        Occasion::Reminded => Purpose::Reminded,
        Occasion::Replied => Purpose::Replied,
        Occasion::Cancelled => Purpose::Cancelled,
    }
}

/// Asks the contact whose turn it is; false when they have no way left to be reached.
pub(super) fn ask(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    actor: &Actor,
    now: Timestamp,
) -> Result<bool, AppError> {
    let Some(step) = found.current().cloned() else { return Ok(false) };
    let contact = contacts_of(tx, std::slice::from_ref(&step.contact.id))?.pop();
    let Some(contact) = contact.filter(|contact| !contact.is_ended) else { return Ok(false) };
    store::reach(tx, found.id, &contact.slug, found.step, now)?;
    let sent = send(tx, escalations, found, ticket, &contact, Occasion::Created, now)?;
    let event = Event::EscalationStep {
        escalation: found.id,
        step: found.step,
        contact: contact.slug.clone(),
        name: contact.name.clone(),
        reason: step.in_words(),
        discloses_reporter: sent.disclosed,
    };
    record(tx, ticket.id, actor, &event, now)?;
    Ok(sent.messages > 0)
}

/// Tells everyone the chain has reached that no answer is needed any more.
pub(super) fn call_off(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<(), AppError> {
    let reached: Vec<Slug> = store::reached(tx, found.id)?;
    for contact in contacts_of(tx, &reached)? {
        send(tx, escalations, found, ticket, &contact, Occasion::Cancelled, now)?;
    }
    Ok(())
}

/// What [`send`] did.
pub(super) struct Sent {
    /// How many messages were put into the outbox.
    pub(super) messages: usize,
    /// Whether they hold the reporter's name and addresses.
    disclosed: bool,
}

/// Puts the finished messages for one contact into the outbox.
pub(super) fn send(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    contact: &Contact,
    occasion: Occasion,
    now: Timestamp,
) -> Result<Sent, AppError> {
    send_with(tx, escalations, found, ticket, contact, occasion, None, now)
}

/// The same, with the reply to a question.
#[allow(clippy::too_many_arguments)]
pub(super) fn send_with(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    contact: &Contact,
    occasion: Occasion,
    replied: Option<Replied>,
    now: Timestamp,
) -> Result<Sent, AppError> {
    let desk = escalations.desk();
    let may_know = contact.discloses_reporter && !found.withholds(Withheld::Reporter);
    let disclosed = match may_know && occasion != Occasion::Cancelled {
        false => None,
        true => {
            let purpose = format!("escalation to {}", contact.slug);
            reporter::open(tx, &desk.sealer, ticket, &Actor::system(), &purpose, now)?
        }
    };
    let secret = match occasion {
        Occasion::Cancelled => String::new(),
        _ => link::make(tx, found.id, &contact.slug, now, now.plus(escalations.settings().link_valid_for))?,
    };
    let (person, key) = disclosed.unzip();
    // Reminders of each deadline are told apart, and each from the one before; so are replies.
    let which = match (occasion, &replied, found.answer_by.or(found.acknowledge_by)) {
        (Occasion::Reminded, _, Some(by)) => format!(" {by} {}", found.reminded),
        (Occasion::Reminded, _, None) => format!(" {}", found.reminded),
        (_, Some(replied), _) => format!(" {}", replied.key),
        (_, None, _) => String::new(),
    };
    let mut facts = facts(escalations, found, ticket, &contact.name, occasion, &secret, person, now);
    facts.replied = replied;
    facts.handed_on = hand_on::handed_on_to(tx, found, &contact.slug)?;
    facts.answer_if_taken = timing::answer_if_taken(escalations, found, ticket, contact, now);
    if occasion != Occasion::Cancelled {
        complete(tx, found, &mut facts)?;
    }
    // A message holds its link in plain text; it is sealed always, under the ticket's key where the reporter is in it.
    let sealed_under: (SealKeyId, &DataKey) = match &key {
        Some(key) => (reporter::key_of(ticket.id), key),
        None => (desk.sealer.secrets_id(), desk.sealer.secrets()),
    };
    let mut messages = 0;
    for (endpoint, recipient, content) in contents(tx, escalations, found, contact, &facts, ticket)? {
        let dedupe = format!("{} {} {}{which} {endpoint}", found.id, found.step, occasion.event());
        let outgoing = Outgoing {
            about: found.id.cast(),
            purpose: purpose(occasion),
            dedupe,
            endpoint: Some(endpoint),
            recipient,
            content,
        };
        messages += usize::from(enqueue(tx, DeliveryId::new(), &outgoing, Some(sealed_under), now)?);
    }
    Ok(Sent { messages, disclosed: key.is_some() })
}

/// The same content for every way the contact has.
fn contents(
    tx: &mut Tx,
    escalations: &Escalations,
    found: &Escalation,
    contact: &Contact,
    facts: &Facts,
    ticket: &Ticket,
) -> Result<Vec<(EndpointId, String, Content)>, AppError> {
    let desk = escalations.desk();
    let mut contents = Vec::new();
    if let (Some(endpoint), Some(to)) = (contact.email_endpoint, contact.email.clone()) {
        let key = desk.sealer.reply_address_key();
        let mail = Mail {
            to_name: Some(contact.name.clone()),
            reply_to: link::reply_address(&escalations.settings().reply_address, key, found.id),
            subject: message::subject(facts),
            text: message::text(facts),
            html: message::html(facts),
            to: to.clone(),
        };
        contents.push((endpoint, to.to_string(), Content::Mail(mail)));
    }
    if let (Some(endpoint), Some(webhook)) = (contact.webhook_endpoint, &contact.webhook)
        && webhook.is_active()
    {
        let content = match &webhook.adapter {
            None => {
                Ok(Content::Webhook { body: message::webhook_body(facts).map_err(AppError::internal)?, call: None })
            }
            Some(adapter) => {
                let known = store::references(tx, found.id, &contact.slug)?;
                let made = message::adapted(adapter, facts, &known);
                made.map(|(call, body)| Content::Webhook { body, call: Some(call) })
            }
        };
        match content {
            Ok(content) => contents.push((endpoint, webhook.url.clone(), content)),
            Err(fault) => unfit(tx, ticket, contact, endpoint, fault, facts.now)?,
        }
    }
    Ok(contents)
}

/// An adapter could not put a message into words: people are told, and the contact's other way remains.
fn unfit(
    tx: &mut Tx,
    ticket: &Ticket,
    contact: &Contact,
    endpoint: EndpointId,
    fault: String,
    now: Timestamp,
) -> Result<(), AppError> {
    tracing::error!(contact = %contact.slug, fault, "an adapter cannot put a message into words");
    let told = Event::EndpointDisabled { endpoint: endpoint.uuid(), detail: format!("nicht gesendet: {fault}") };
    record(tx, ticket.id, &Actor::system(), &told, now)?;
    notice::add(tx, ticket, NoticeKind::EndpointDisabled, &contact.name, now)
}

/// Keeps the number that a contact's own system gave in its answer; the escalation as it stands then.
pub(super) fn note_answer(
    tx: &mut Tx,
    found: &Escalation,
    event: &DeliveryEvent,
    now: Timestamp,
) -> Result<Escalation, AppError> {
    let Some(answer) = &event.answer else { return Ok(found.clone()) };
    let reached = store::reached(tx, found.id)?;
    let its = |contact: &Contact| contact.webhook_endpoint == event.endpoint;
    let Some(contact) = contacts_of(tx, &reached)?.into_iter().find(its) else { return Ok(found.clone()) };
    let (reference, key) = (answer.reference.as_deref(), answer.key.as_deref());
    store::note_reference(tx, found.id, &contact.slug, reference, key)?;
    let Some(reference) = reference else { return Ok(found.clone()) };
    let told =
        Event::EscalationReference { escalation: found.id, contact: contact.slug.clone(), reference: reference.into() };
    record(tx, found.ticket, &Actor::system(), &told, now)?;
    let is_its_turn = found.current().is_some_and(|step| step.contact.id == contact.slug);
    if !is_its_turn || found.reference.is_some() {
        return Ok(found.clone());
    }
    let mut after = Escalation { reference: Some(reference.to_owned()), ..found.clone() };
    save(tx, found, &mut after, now)?;
    Ok(after)
}

/// Puts what the person added into what a message says, and how many files there are.
pub(super) fn complete(conn: &mut Conn, found: &Escalation, facts: &mut Facts) -> Result<(), AppError> {
    for (at, text) in additions(conn, found)? {
        facts.description.push_str(&format!("\n\nErgänzt am {}:\n{text}", message::berlin(at)));
    }
    facts.files = files(conn, found)?;
    Ok(())
}

/// What the person added before this was escalated, as the other side is shown it. Nobody has seen a preview of what
/// came later, so that stays here.
pub(super) fn additions(conn: &mut Conn, found: &Escalation) -> Result<Vec<(Timestamp, String)>, AppError> {
    let mut added = added::until(conn, found.ticket, found.created_at)?;
    added.iter_mut().for_each(|(_, text)| *text = found.as_written(text));
    Ok(added)
}

/// How many files there were then. They stay here, and so do their names, which may name the person.
pub(super) fn files(conn: &mut Conn, found: &Escalation) -> Result<usize, AppError> {
    attachments::count_until(conn, found.ticket, found.created_at)
}

/// What a message says, gathered from ticket, directory and escalation.
#[allow(clippy::too_many_arguments)]
pub(super) fn facts(
    escalations: &Escalations,
    found: &Escalation,
    ticket: &Ticket,
    contact_name: &str,
    occasion: Occasion,
    secret: &str,
    person: Option<Reporter>,
    now: Timestamp,
) -> Facts {
    let desk = escalations.desk();
    let ticket = &found.as_told(ticket.clone());
    let directory = desk.directory.current();
    let place = directory.municipality(&ticket.ars);
    let service = directory.service(ticket.service.as_str());
    Facts {
        occasion,
        escalation: found.id,
        kind: found.kind,
        emergency: found.emergency,
        contact_name: contact_name.to_owned(),
        number: ticket.number.to_string(),
        service: ticket.service.to_string(),
        service_name: service.map_or_else(|| ticket.service.to_string(), |s| s.name.to_string()),
        ars: ticket.ars.to_string(),
        municipality: place.map_or_else(|| ticket.ars.to_string(), |m| m.name.to_string()),
        category: ticket.category,
        priority: ticket.priority,
        subject: ticket.subject.clone(),
        description: ticket.description.clone(),
        context: ticket.context.clone(),
        files: 0,
        note: found.note_as_told(),
        asked_by: ticket.claimed_by.as_ref().map_or_else(|| "Die Kommune".to_owned(), |c| c.name.clone()),
        acknowledge_by: found.acknowledge_by,
        answer_by: found.answer_by,
        answer_if_taken: None,
        handed_on: None,
        next_contact: found.following().map(|EscalationStep { contact, .. }| contact.name.clone()),
        links: Links::of(&desk.settings.public_url, secret),
        reporter: person,
        replied: None,
        now,
    }
}
