//! What the person who asked does by the link to their request: say more, answer a question, send files, take it back.
//!
//! Invariant: the same moves as for everybody (`tickets/status.rs`), in one transaction with the history and a notice to
//! whoever works on it. An answer to a question lets the clock go on; after an answer that did not help the request is
//! open again; taking it back withdraws what the 2nd level was asked and tells it.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::decide::withdraw_all;
use super::{Escalations, store};
use crate::access::idempotency::{Answer, Once, once};
use crate::access::{Actor, Brake, brake};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{AppError, Faults};
use crate::ids::{CallerId, TicketId};
use crate::seal::hex;
use crate::tickets::attachments::{self, Upload};
use crate::tickets::joined::{head, is_joined};
use crate::tickets::notice::{self, NoticeKind};
use crate::tickets::public_form::link::{StatusLink, actor, follow};
use crate::tickets::public_form::standing::takes_words;
use crate::tickets::public_form::unconfirmed;
use crate::tickets::ticket::{ReplyWish, Ticket};
use crate::tickets::{
    Desk, Event, Move, TicketStatus, advance, advance_silently, browse, find_by_id, in_hand_by_id, promise, record,
};

/// So often an hour more is said about one request.
const AN_HOUR: u32 = 20;
/// The longest text, in characters.
pub const LONGEST: usize = 4000;

/// Says more about one's request, with files or without; the same words of the same `form` count once. `Invalid` at `text`
/// or `files`; `Conflict` with the state; `TooMany` where much was said within the hour.
pub async fn say(
    escalations: &Escalations,
    link: &StatusLink,
    text: String,
    files: Vec<Upload>,
    form: &str,
) -> Result<(), AppError> {
    let (desk, now) = (escalations.desk(), escalations.desk().clock.now());
    let about = follow(desk, link).await?.about;
    let mut faults = Faults::default();
    match files.is_empty() {
        true => faults.text("text", &text, LONGEST),
        false => faults.optional_text("text", &text, LONGEST),
    }
    faults.finish()?;
    let known = desk.db.read(move |conn| find_by_id(conn, about)).await?;
    if !known.is_some_and(|ticket| takes_words(ticket.status)) {
        return Err(AppError::Conflict("nothing can be added to this request".into()));
    }
    let repeat = repeat_of(desk, about, form, &text, &files)?;
    let files = attachments::check(&desk.settings.attachments, files).await?;
    let (context, by) = (escalations.clone(), actor(link));
    let text = if text.trim().is_empty() { "Dateien geschickt.".to_owned() } else { text.trim().to_owned() };
    desk.db
        .write(move |tx| {
            once(tx, repeat.as_ref(), now, |tx| {
                let mut ticket = in_hand_by_id(tx, about)?.ok_or(AppError::NotFound)?;
                let often = Brake::of("status words", ticket.number.as_str());
                brake(tx, &context.desk().sealer, &often, AN_HOUR, now)?;
                attachments::add(tx, context.desk(), &ticket, &files, &by, now)?;
                if ticket.status == TicketStatus::Merged {
                    return hear_joined(tx, &ticket, text, &by, now);
                }
                hear(tx, &context, &mut ticket, text, &by, now)?;
                notice::add(tx, &ticket, NoticeKind::ReporterWrote, "", now)
            })
        })
        .await
        .map(|_| ())
}

/// The same words and files from the same form are a repeat, such as a second click on the button. What is kept is a keyed
/// hash, which tells nobody what was written.
fn repeat_of(
    desk: &Desk,
    about: TicketId,
    form: &str,
    text: &str,
    files: &[Upload],
) -> Result<Option<Once<()>>, AppError> {
    if form.is_empty() {
        return Ok(None);
    }
    let mut said = format!("{form} {text}");
    for file in files {
        said.push(' ');
        said.push_str(&hex(&Sha256::digest(&file.bytes)));
    }
    let key = desk.sealer.fingerprint("status words", &said);
    let render = |(): &()| Ok(Answer { status: 303, location: None, body: String::new() });
    let nobody = CallerId::from_uuid(uuid::Uuid::nil());
    Once::new(nobody, format!("POST /anfrage {about}"), &key, b"", Arc::new(render)).map(Some)
}

fn hear(
    tx: &mut Tx,
    escalations: &Escalations,
    ticket: &mut Ticket,
    text: String,
    by: &Actor,
    now: Timestamp,
) -> Result<(), AppError> {
    let desk = escalations.desk();
    match ticket.status {
        TicketStatus::Waiting => go_on(tx, desk, ticket, by, &Event::Resumed { text }, now),
        TicketStatus::Answered | TicketStatus::Closed => {
            promise::take_up(desk, ticket, now);
            (ticket.answered_at, ticket.closed_at) = (None, None);
            let event = Event::Reopened { reason: text, from: ticket.status };
            advance(tx, ticket, Move::Reopen, by, &event, now)
        }
        _ => advance(tx, ticket, Move::Work, by, &Event::ReporterAdded { text }, now),
    }
}

/// The person is waited for no longer: the clock goes on, and what the 2nd level was asked is waited for again.
fn go_on(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &mut Ticket,
    by: &Actor,
    event: &Event,
    now: Timestamp,
) -> Result<(), AppError> {
    promise::go_on(desk, ticket, now);
    advance(tx, ticket, Move::Resume, by, event, now)?;
    if store::open_of(tx, ticket.id)?.is_empty() {
        return Ok(());
    }
    advance_silently(tx, ticket, Move::Escalate, now)
}

/// What is said of a request that goes on in another one stays with it, where it is erased with it; whoever works on the
/// other one hears of it, and where it stands.
fn hear_joined(tx: &mut Tx, ticket: &Ticket, text: String, by: &Actor, now: Timestamp) -> Result<(), AppError> {
    record(tx, ticket.id, by, &Event::ReporterAdded { text }, now)?;
    let (head, number) = (head(tx, ticket)?, &ticket.number);
    if head.id != ticket.id {
        let text = format!("Die Person von {number}, die hier mitläuft, hat geschrieben; was, steht bei {number}.");
        record(tx, head.id, &Actor::system(), &Event::Noted { text }, now)?;
    }
    notice::add(tx, &head, NoticeKind::ReporterWrote, number.as_str(), now)
}

/// Whether they took it back since it was last taken up again.
fn is_taken_back(tx: &mut Tx, ticket: TicketId) -> Result<bool, AppError> {
    let history = browse::entries(tx, ticket)?;
    let mut since = history.iter().rev().take_while(|entry| !matches!(entry.event, Event::Reopened { .. }));
    Ok(since.any(|entry| matches!(entry.event, Event::ReporterWithdrew { .. })))
}

/// Takes one's request back.
pub async fn withdraw(escalations: &Escalations, link: &StatusLink, reason: String) -> Result<(), AppError> {
    let mut faults = Faults::default();
    faults.optional_text("reason", &reason, LONGEST);
    faults.finish()?;
    let (desk, now, by) = (escalations.desk(), escalations.desk().clock.now(), actor(link));
    let about = follow(desk, link).await?.about;
    if desk.db.read(move |conn| find_by_id(conn, about)).await?.is_none() {
        return unconfirmed::take_back(desk, about, by).await;
    }
    let context = escalations.clone();
    desk.db
        .write(move |tx| {
            let mut ticket = in_hand_by_id(tx, about)?.ok_or(AppError::NotFound)?;
            let event = Event::ReporterWithdrew { reason: reason.trim().to_owned() };
            if is_joined(tx, ticket.id)? {
                // A second click tells nobody anything new.
                if is_taken_back(tx, ticket.id)? {
                    return Ok(());
                }
                // Others wait for the answer: it goes on for them alone.
                ticket.reply_wish = ReplyWish::None;
                match ticket.status {
                    TicketStatus::Waiting => go_on(tx, context.desk(), &mut ticket, &by, &event, now)?,
                    _ => advance(tx, &mut ticket, Move::Work, &by, &event, now)?,
                }
                return notice::add(tx, &ticket, NoticeKind::ReporterWithdrew, "", now);
            }
            promise::go_on(context.desk(), &mut ticket, now);
            ticket.closed_at = Some(now);
            advance(tx, &mut ticket, Move::Withdraw, &by, &event, now)?;
            withdraw_all(tx, &context, &ticket, &by, "die Person hat ihre Anfrage zurückgezogen", now)?;
            notice::add(tx, &ticket, NoticeKind::ReporterWithdrew, "", now)
        })
        .await
}
