//! The file of a request: all that is kept about it in one look, with its mails and attachments; and handing it out.
//!
//! Invariant: who looks or takes it away is on record before anything is shown: outside their own open work
//! (`tickets/reading.rs`), of each mail that is opened with it, and of every export. Who asked is in an export only
//! where that is wanted, and then that it was opened stands in the history. Nothing is changed.

use super::browse::{Opened, content_of, note_look};
use super::{Inbound, store};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{self, Delivery, Purpose};
use crate::error::AppError;
use crate::escalation::matter::{Matter, matters};
use crate::ids::{InboundId, TicketId};
use crate::tickets::reading::note_reading;
use crate::tickets::ticket::Reporter;
use crate::tickets::{Desk, HistoryEntry, Ticket, TicketRef, attachments, browse, joined, reporter, visible};

/// How many mails of one request are shown with it.
const MOST_MAILS: i64 = 50;

/// All that is kept about a request.
#[derive(Debug, Clone)]
pub struct TicketFile {
    /// The request.
    pub ticket: Ticket,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Its escalations; none for whoever may not see what was sent for them.
    pub matters: Vec<Matter>,
    /// What was written to the person.
    pub letters: Vec<Delivery>,
    /// Mail about it, oldest first; none for whoever may not see mail.
    pub mails: Vec<Opened>,
    /// What hangs on it.
    pub attachments: Vec<Attachment>,
    /// How many others are told what its person is told.
    pub joined: usize,
}

/// Something that hangs on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// How large it is, in bytes.
    pub size: usize,
    /// Where it comes from.
    pub source: Source,
}

/// Where an attachment comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A mail, at this place in it.
    Mail(InboundId, i32),
    /// The person who asked, or whoever took the request; its number among the files of the request, and whether it
    /// can be had.
    Upload { number: i32, is_available: bool },
}

/// A file that was handed out.
#[derive(Debug, Clone)]
pub struct Export {
    /// All that is kept.
    pub file: TicketFile,
    /// Who asked, where that was wanted and is still known.
    pub reporter: Option<Reporter>,
}

/// The file for somebody who works on the request.
pub async fn look(inbound: &Inbound, caller: Caller, at: TicketRef) -> Result<TicketFile, AppError> {
    caller.may(Action::ReadTickets)?;
    let desk = inbound.escalations().desk();
    let (within, reader, now) = (desk.clone(), caller.clone(), desk.clock.now());
    let read = move |conn: &mut Conn| gather(conn, &within, &caller, Action::ReadTickets, &at, now);
    let file = desk.db.read(read).await?;
    note_reading(desk, &reader, &file.ticket, "file").await?;
    let opened: Vec<InboundId> = file.mails.iter().filter(|mail| mail.content.is_some()).map(|m| m.mail.id).collect();
    if !opened.is_empty() {
        let note = move |tx: &mut Tx| opened.iter().try_for_each(|id| note_look(tx, &reader, *id, "file", now));
        desk.db.write(note).await?;
    }
    Ok(file)
}

/// Hands the file out, with name and addresses of who asked only where `with_reporter` says so; recorded.
pub async fn export(inbound: &Inbound, caller: Caller, at: TicketRef, with_reporter: bool) -> Result<Export, AppError> {
    caller.may(Action::OpenReporter)?;
    let desk = inbound.escalations().desk();
    let (within, now) = (desk.clone(), desk.clock.now());
    let work = move |tx: &mut Tx| {
        let file = gather(tx, &within, &caller, Action::OpenReporter, &at, now)?;
        let object = (ObjectKind::Ticket, &file.ticket.id as _);
        let trail = Trail::after(&serde_json::json!({ "part": "file", "reporter": with_reporter }));
        audit::record(tx, &caller.actor, AuditAction::TicketExported, object, trail, now)?;
        let reporter = match with_reporter {
            false => None,
            true => {
                reporter::open(tx, &within.sealer, &file.ticket, &caller.actor, "Akte", now)?.map(|(person, _)| person)
            }
        };
        Ok(Export { file, reporter })
    };
    desk.db.write(work).await
}

fn gather(
    conn: &mut Conn,
    desk: &Desk,
    caller: &Caller,
    action: Action,
    at: &TicketRef,
    now: Timestamp,
) -> Result<TicketFile, AppError> {
    let ticket = visible(conn, caller, action, at)?;
    let sees = |action| caller.sees(action, ticket.object());
    let (sees_escalations, sees_mail) = (sees(Action::ReadEscalations), sees(Action::ReadInbound));
    let mut mails = Vec::new();
    if sees_mail {
        for row in store::of_ticket(conn, ticket.id, MOST_MAILS)? {
            let content = content_of(conn, &desk.sealer, &row)?;
            mails.push(Opened { mail: row.apart()?.0, ticket: None, content, has_raw: false });
        }
    }
    Ok(TicketFile {
        history: browse::entries(conn, ticket.id)?,
        matters: if sees_escalations { matters(conn, &ticket, now)? } else { Vec::new() },
        letters: if sees_escalations { letters(conn, &ticket)? } else { Vec::new() },
        attachments: [uploads(attachments::of(conn, desk, ticket.id)?), mails.iter().flat_map(of_mail).collect()]
            .concat(),
        joined: joined::told(conn, &ticket)?,
        mails,
        ticket,
    })
}

/// What was written to the person; notices to our own side are none of it.
fn letters(conn: &mut Conn, ticket: &Ticket) -> Result<Vec<Delivery>, AppError> {
    let mut all = delivery::deliveries_of(conn, ticket.id.cast())?;
    all.retain(|one| one.purpose == Purpose::Reply);
    Ok(all)
}

fn uploads(found: Vec<attachments::Attachment>) -> Vec<Attachment> {
    let own = |one: attachments::Attachment| Attachment {
        name: one.name,
        media_type: one.media,
        size: usize::try_from(one.size).unwrap_or_default(),
        source: Source::Upload { number: one.number, is_available: one.is_available },
    };
    found.into_iter().map(own).collect()
}

fn of_mail(mail: &Opened) -> Vec<Attachment> {
    let infos = mail.content.iter().flat_map(|content| &content.attachments);
    let attachment = |info: &super::AttachmentInfo| Attachment {
        name: info.name.clone(),
        media_type: info.media_type.clone(),
        size: info.size,
        source: Source::Mail(mail.mail.id, info.position),
    };
    infos.map(attachment).collect()
}

/// One attachment of a file that was handed out; nothing where it was deleted. One at a time, and apart from the export's
/// record, so that large files neither hold up whoever writes nor lie in memory together.
pub async fn content(
    inbound: &Inbound,
    ticket: TicketId,
    attachment: &Attachment,
) -> Result<Option<Vec<u8>>, AppError> {
    let (desk, source) = (inbound.escalations().desk().clone(), attachment.source);
    let read = desk.db.clone();
    read.read(move |conn| opened(conn, &desk, ticket, source)).await
}

fn opened(conn: &mut Conn, desk: &Desk, ticket: TicketId, source: Source) -> Result<Option<Vec<u8>>, AppError> {
    match source {
        Source::Mail(id, position) => {
            let Some(sealed) = store::attachment(conn, id, position)? else { return Ok(None) };
            let Some(key) = desk.sealer.key(conn, id.cast())? else { return Ok(None) };
            key.open(&sealed, &format!("inbound attachment {position}")).map(Some)
        }
        Source::Upload { is_available: false, .. } => Ok(None),
        // It may have been deleted since the export began; the rest is handed out all the same.
        Source::Upload { number, .. } => match attachments::open(conn, desk, ticket, number) {
            Ok((_, bytes)) => Ok(Some(bytes)),
            Err(AppError::NotFound | AppError::Conflict(_)) => Ok(None),
            Err(fault) => Err(fault),
        },
    }
}
