//! Seeing mail that came in: the list of what waits, one mail, its attachments, its raw copy.
//!
//! Invariant: a mail about a request is seen by who sees that request, any other by whoever is central contact for the
//! whole region of its mailbox; to everybody else it does not exist. A list says what a mail is about, never who
//! wrote it; looking at one mail is recorded.

use super::mail::{Content, InboundMail, MailState};
use super::store::{self, MailRow};
use super::{AttachmentInfo, Inbound};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::{InboundId, TicketId};
use crate::seal::Sealer;
use crate::tickets::browse::Page;
use crate::tickets::{Ticket, TicketRef, find_by_id};

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only in these states; none means those that wait for a person.
    pub states: Vec<MailState>,
    /// Only about this request.
    pub ticket: Option<TicketRef>,
}

/// A mail in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The mail.
    pub mail: InboundMail,
    /// The request it is about.
    pub ticket: Option<Ticket>,
    /// What it is about; nothing where that was deleted.
    pub subject: Option<String>,
}

/// A mail opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The mail.
    pub mail: InboundMail,
    /// The request it is about.
    pub ticket: Option<Ticket>,
    /// What it says; nothing where that was deleted.
    pub content: Option<Content>,
    /// Whether its raw copy is still there.
    pub has_raw: bool,
}

/// How it stands with the mailboxes and with what waits.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Mails that wait for a person.
    pub waiting: i64,
    /// Each mailbox.
    pub mailboxes: Vec<MailboxStanding>,
}

/// How it stands with a mailbox.
#[derive(Debug, Clone)]
pub struct MailboxStanding {
    /// Its name in the settings.
    pub name: String,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
    /// Since when it cannot be.
    pub failing_since: Option<Timestamp>,
    /// Why.
    pub fault: Option<String>,
}

pub(super) fn row_of(conn: &mut Conn, id: InboundId) -> Result<MailRow, AppError> {
    store::find(conn, id)?.ok_or(AppError::NotFound)
}

/// What a mail says; `None` once its key was deleted.
pub(super) fn content_of(conn: &mut Conn, sealer: &Sealer, row: &MailRow) -> Result<Option<Content>, AppError> {
    let Some(key) = sealer.key(conn, row.id.cast())? else { return Ok(None) };
    let plain = key.open(&row.sealed, "inbound content")?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| AppError::internal("a sealed mail is no JSON"))
}

/// The mail with its request, if the action on it is the caller's.
pub(super) fn visible(
    conn: &mut Conn,
    caller: &Caller,
    action: Action,
    id: InboundId,
) -> Result<(MailRow, Option<Ticket>), AppError> {
    let row = row_of(conn, id)?;
    let ticket = ticket_of(conn, row.ticket_id)?;
    match sees(caller, action, &row, ticket.as_ref()) {
        true => Ok((row, ticket)),
        false if sees(caller, Action::ReadInbound, &row, ticket.as_ref()) => {
            Err(AppError::Forbidden(format!("your roles may not {} here", action.as_str().replace('_', " "))))
        }
        false => Err(AppError::NotFound),
    }
}

fn ticket_of(conn: &mut Conn, id: Option<TicketId>) -> Result<Option<Ticket>, AppError> {
    Ok(id.map(|id| find_by_id(conn, id)).transpose()?.flatten())
}

fn sees(caller: &Caller, action: Action, row: &MailRow, ticket: Option<&Ticket>) -> bool {
    match ticket {
        Some(ticket) => caller.sees(action, ticket.object()),
        None => caller.sees_region(action, &row.region),
    }
}

/// Mails that wait, newest first.
pub async fn list(
    inbound: &Inbound,
    caller: Caller,
    filter: Filter,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Listed>, AppError> {
    caller.may(Action::ReadInbound)?;
    let wrong = |_| AppError::field("cursor", "must be next_cursor of the page before, unchanged");
    let mut before: Option<InboundId> = cursor.map(|cursor| cursor.parse()).transpose().map_err(wrong)?;
    let sealer = inbound.escalations().desk().sealer.clone();
    let states = match filter.states.is_empty() {
        true => vec![MailState::Quarantined, MailState::Waiting],
        false => filter.states,
    };
    let read = move |conn: &mut Conn| {
        let ticket = match &filter.ticket {
            Some(at) => Some(crate::tickets::visible(conn, &caller, Action::ReadInbound, at)?.id),
            None => None,
        };
        let mut items: Vec<Listed> = Vec::new();
        loop {
            let some = store::list(conn, &states, ticket, before, 200)?;
            let is_last = some.len() < 200;
            for row in some {
                before = Some(row.id);
                let ticket = ticket_of(conn, row.ticket_id)?;
                if !sees(&caller, Action::ReadInbound, &row, ticket.as_ref()) {
                    continue;
                }
                if items.len() == limit {
                    let next_cursor = items.last().map(|last| last.mail.id.to_string());
                    return Ok(Page { items, next_cursor });
                }
                let subject = content_of(conn, &sealer, &row)?.map(|content| content.subject);
                items.push(Listed { mail: row.apart()?.0, ticket, subject });
            }
            if is_last {
                return Ok(Page { items, next_cursor: None });
            }
        }
    };
    inbound.escalations().desk().db.read(read).await
}

pub(super) fn note_look(
    tx: &mut Tx,
    caller: &Caller,
    id: InboundId,
    what: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    let trail = Trail::after(&serde_json::json!({ "part": what }));
    audit::record(tx, &caller.actor, AuditAction::InboundRead, (ObjectKind::Inbound, &id), trail, now)
}

/// One mail; the look is recorded.
pub async fn open(inbound: &Inbound, caller: Caller, id: InboundId) -> Result<Opened, AppError> {
    caller.may(Action::ReadInbound)?;
    let desk = inbound.escalations().desk();
    let (sealer, now) = (desk.sealer.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            let (row, ticket) = visible(tx, &caller, Action::ReadInbound, id)?;
            let content = content_of(tx, &sealer, &row)?;
            let has_raw = store::raw(tx, id)?.is_some() && content.is_some();
            note_look(tx, &caller, id, "text", now)?;
            Ok(Opened { mail: row.apart()?.0, ticket, content, has_raw })
        })
        .await
}

/// An attachment with what it is; the look is recorded.
pub async fn attachment(
    inbound: &Inbound,
    caller: Caller,
    id: InboundId,
    position: i32,
) -> Result<(AttachmentInfo, Vec<u8>), AppError> {
    caller.may(Action::ReadInbound)?;
    let desk = inbound.escalations().desk();
    let (sealer, now) = (desk.sealer.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            let (row, _) = visible(tx, &caller, Action::ReadInbound, id)?;
            let content = content_of(tx, &sealer, &row)?.ok_or(AppError::NotFound)?;
            let info = content.attachments.into_iter().find(|one| one.position == position);
            let info = info.ok_or(AppError::NotFound)?;
            let sealed = store::attachment(tx, id, position)?.ok_or(AppError::NotFound)?;
            let key = sealer.key(tx, id.cast())?.ok_or(AppError::NotFound)?;
            note_look(tx, &caller, id, "attachment", now)?;
            Ok((info, key.open(&sealed, &format!("inbound attachment {position}"))?))
        })
        .await
}

/// The message byte for byte; the look is recorded.
pub async fn raw(inbound: &Inbound, caller: Caller, id: InboundId) -> Result<Vec<u8>, AppError> {
    caller.may(Action::ReadInbound)?;
    let desk = inbound.escalations().desk();
    let (sealer, now) = (desk.sealer.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            visible(tx, &caller, Action::ReadInbound, id)?;
            let sealed = store::raw(tx, id)?.ok_or(AppError::NotFound)?;
            let key = sealer.key(tx, id.cast())?.ok_or(AppError::NotFound)?;
            note_look(tx, &caller, id, "raw", now)?;
            key.open(&sealed, "inbound raw")
        })
        .await
}

/// How it stands, for figures and checks.
pub fn standing(conn: &mut Conn) -> Result<Standing, AppError> {
    let standing = |row: store::MailboxRow| {
        let store::MailboxRow { name, read_at, failing_since, fault } = row;
        MailboxStanding { name, read_at, failing_since, fault }
    };
    Ok(Standing {
        waiting: store::count(conn, &[MailState::Quarantined, MailState::Waiting])?,
        mailboxes: store::mailboxes(conn)?.into_iter().map(standing).collect(),
    })
}
