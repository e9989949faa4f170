//! Mail to a mailbox of the 1st level: a request whose place, service or category a person has to say, unless the
//! mailbox itself tells them.
//!
//! Invariant: nothing is guessed. One mail makes at most one ticket, whoever presses and however often. The person who
//! wrote hears at most once an hour that it arrived, and no machine is ever written to.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::Inbound;
use super::browse::{content_of, row_of};
use super::mail::{Content, MailState};
use super::parse::Parsed;
use super::store::{self, Decision};
use crate::access::idempotency::{Answer, Once, Outcome};
use crate::access::{Actor, Caller, Channel, Grant, Role, Scope};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{self, Mail, Outgoing, Purpose, enqueue};
use crate::error::AppError;
use crate::ids::{CallerId, DeliveryId, InboundId, TicketId};
use crate::keys::EmailAddress;
use crate::seal::DataKey;
use crate::tickets::submit::{Reply, SubmitTicket, Submitted, submit};
use crate::tickets::ticket::{Category, ReplyWish};

/// Nobody hears twice within this time that a mail arrived.
const BETWEEN: TimeDelta = TimeDelta::hours(1);

/// What a person said, or the mailbox.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub service: String,
    pub ars: String,
    pub category: Category,
}

/// Makes a ticket of a request at once where its mailbox tells everything.
pub(super) async fn begin(inbound: &Inbound, id: InboundId) -> Result<(), AppError> {
    let desk = inbound.escalations().desk();
    let row = desk.db.read(move |conn| row_of(conn, id)).await?;
    let Some(told) = inbound.mailbox(&row.mailbox).and_then(|mailbox| mailbox.request.clone()) else { return Ok(()) };
    // A number in the subject may mean an old request; a person sees to that.
    if row.ticket_id.is_some() || row.state != MailState::Waiting {
        return Ok(());
    }
    let grants = vec![Grant { role: Role::Admin, scope: Scope::everywhere(), contact: None }];
    let system = Caller::new(CallerId::from_uuid(uuid::Uuid::nil()), Actor::system(), grants, None);
    let place = Place { service: told.service.to_string(), ars: told.ars.to_string(), category: told.category };
    make(inbound, &system, id, place).await.map(|_| ())
}

/// Takes up requests that their mailbox tells everything about and that wait all the same: after a fault or a kill.
pub(super) async fn take_up(inbound: &Inbound) -> Result<(), AppError> {
    if !inbound.settings().mailboxes.iter().any(|mailbox| mailbox.request.is_some()) {
        return Ok(());
    }
    let waiting =
        inbound.escalations().desk().db.read(|conn| store::list(conn, &[MailState::Waiting], None, None, 200));
    for row in waiting.await? {
        if let Err(fault) = begin(inbound, row.id).await {
            tracing::warn!(mail = %row.id, %fault, "a request by mail waits for a person");
        }
    }
    Ok(())
}

/// Makes a ticket of a mail and notes it there.
pub(super) async fn make(
    inbound: &Inbound,
    caller: &Caller,
    id: InboundId,
    place: Place,
) -> Result<TicketId, AppError> {
    let desk = inbound.escalations().desk();
    let sealer = desk.sealer.clone();
    let (row, content) = desk
        .db
        .read(move |conn| {
            let row = row_of(conn, id)?;
            let content = content_of(conn, &sealer, &row)?.ok_or_else(gone)?;
            Ok((row, content))
        })
        .await?;
    let command = command(&content, place);
    let render: crate::access::idempotency::Render<Submitted> =
        Arc::new(|made: &Submitted| Ok(Answer { status: 201, location: None, body: made.ticket.id.to_string() }));
    // Under the mail's own id: two people who press at once make one ticket.
    let once = Once::new(id.cast(), "inbound".to_owned(), &id.to_string(), b"ticket", render)?;
    let ticket = match submit(desk, caller, command, Some(once)).await? {
        Outcome::Done(made) => made.ticket.id,
        Outcome::Repeated(answer) => answer.body.parse().map_err(AppError::internal)?,
    };
    let (by, now, from) = (caller.actor.clone(), desk.clock.now(), row.state);
    desk.db
        .write(move |tx| {
            let decision = Decision {
                state: MailState::Decided,
                escalation: row.escalation_id,
                ticket: Some(ticket),
                by: &by,
                words: "ticket",
                at: now,
            };
            super::decide::settle(tx, id, from, &decision)
        })
        .await?;
    Ok(ticket)
}

/// What a mail cannot be made into any more.
pub(super) fn gone() -> AppError {
    AppError::Conflict("what this mail said is deleted; nothing can be made of it any more".into())
}

fn command(content: &Content, place: Place) -> SubmitTicket {
    let short = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let some = |text: String, instead: &str| if text.trim().is_empty() { instead.to_owned() } else { text };
    let author = content.from.first().cloned().unwrap_or_default();
    let email = Some(author.address).filter(|address| address.parse::<EmailAddress>().is_ok());
    let name = Some(short(&author.name, 200)).filter(|name| !name.trim().is_empty());
    SubmitTicket {
        service: place.service,
        ars: Some(place.ars),
        ags: None,
        channel: Channel::Email,
        category: place.category,
        subject: some(short(&content.subject, 200), "(ohne Betreff)"),
        description: some(short(&content.whole_text(), 8_000), "(ohne Text)"),
        reply: Reply {
            wish: if email.is_some() { ReplyWish::Email } else { ReplyWish::None },
            name,
            email,
            phone: None,
            language: None,
        },
        external_reference: None,
        context: BTreeMap::new(),
        join: None,
    }
}

/// Tells whoever wrote that it arrived, once.
pub(super) fn acknowledge(
    tx: &mut Tx,
    inbound: &Inbound,
    id: InboundId,
    parsed: &Parsed,
    sender: &str,
    key: &DataKey,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(author) = parsed.author().filter(|_| inbound.settings().acknowledge) else { return Ok(()) };
    let Ok(to) = author.address.parse::<EmailAddress>() else { return Ok(()) };
    let own_domain = author.address.rsplit_once('@').map(|(_, domain)| domain);
    let is_us = own_domain == Some(inbound.settings().message_id_domain.as_str());
    if is_us || !store::may_acknowledge(tx, sender, now, now.minus(BETWEEN))? {
        return Ok(());
    }
    const GERMAN: &str = "Ihre Nachricht ist angekommen. Wir kümmern uns darum und melden uns bei Ihnen.";
    const ENGLISH: &str = "Your message has arrived. We will see to it and get back to you.";
    const NOTE: &str = "Diese Nachricht wurde automatisch erstellt. Bitte antworten Sie nicht darauf.";
    let mail = Mail {
        to,
        to_name: None,
        reply_to: None,
        subject: "Ihre Nachricht ist angekommen".into(),
        text: format!("Guten Tag,\n\n{GERMAN}\n\n{ENGLISH}\n\n{NOTE}\n"),
        html: format!("<p>Guten Tag,</p><p>{GERMAN}</p><p lang=\"en\">{ENGLISH}</p><p>{NOTE}</p>"),
    };
    let outgoing = Outgoing {
        about: id.cast(),
        purpose: Purpose::Reply,
        dedupe: format!("arrived {id}"),
        endpoint: None,
        recipient: "reporter".into(),
        content: delivery::Content::Mail(mail),
    };
    enqueue(tx, DeliveryId::new(), &outgoing, Some((id.cast(), key)), now)?;
    Ok(())
}
