//! Files with a request: what may come, how it is kept, who may have it.
//!
//! Invariant: a file is of a kind on the list by its content (`kind.rs`), together with the others of its request not
//! larger than the bound, and sealed under the ticket's own key before it is stored; what clamd calls harmful is never
//! stored, or removed as soon as it says so. A look at a file is recorded. Where next: `clamd.rs` (asking), `round.rs`
//! (what could not be looked at, and what is past its time).

pub mod clamd;
pub mod kind;
pub mod round;

use chrono::TimeDelta;
use serde::Serialize;

use super::history::Event;
use super::reporter::key_of;
use super::status::{self, Move};
use super::{Desk, Ticket, TicketRef, advance, in_hand, reading, record, store, visible};
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::types::Json;
use crate::db::{Conn, Tx};
use crate::error::{AppError, Faults};
use crate::ids::TicketId;
use crate::seal::{DataKey, Sealer, store_keys};

use clamd::{Clamd, Verdict};
use kind::{FileKind, kind_of, safe_name};
use store::attachments::AttachmentRow;

/// The most files of one request.
pub const MOST_FILES: usize = 20;
/// How long until a file that could not be looked at is looked at again.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
const NAME: &str = "attachment name";

/// What files may be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bytes of all files of one request together.
    pub most_bytes: usize,
    /// The kinds that are taken.
    pub kinds: Vec<FileKind>,
    /// Where clamd listens, where there is one.
    pub clamd: Option<Clamd>,
    /// Whether a file may be opened that clamd could not look at yet.
    pub open_unchecked: bool,
    /// How long files are kept after their request has ended.
    pub kept: TimeDelta,
}

crate::text_enum! {
    /// What is known of harmful software in a file.
    pub enum Scan {
        /// None was found.
        Clean = "clean",
        /// Some was found; the file is gone.
        Infected = "infected",
        /// It could not be looked at yet.
        Unchecked = "unchecked",
        /// Nobody looks here.
        Off = "off",
    }
}

/// A file as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What it was called there.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// A file that may be kept.
#[derive(Debug, Clone)]
pub struct Checked {
    name: String,
    kind: FileKind,
    bytes: Vec<u8>,
    scan: Scan,
}

/// A file of a request.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Attachment {
    /// Its number among those of the request, from 1.
    pub number: i32,
    /// Its name, made harmless.
    pub name: String,
    /// Its media type, by content.
    pub media: String,
    /// Its size in bytes.
    pub size: i64,
    /// What is known of harmful software in it.
    pub scan: Scan,
    /// Whether it can be had now.
    pub is_available: bool,
    /// When it came.
    pub added_at: Timestamp,
    /// Who sent it.
    pub added_by: Actor,
}

/// Looks at files before anything is stored: `Invalid` at the field `files`, naming each that cannot be taken.
pub async fn check(settings: &Settings, files: Vec<Upload>) -> Result<Vec<Checked>, AppError> {
    let mut faults = Faults::default();
    if files.len() > MOST_FILES {
        faults.add("files", format!("are more than {MOST_FILES}"));
    }
    too_large(settings, files.iter().map(|file| file.bytes.len()).sum(), &mut faults);
    let mut checked = Vec::new();
    for file in files {
        let shown: String = file.name.chars().filter(|c| !c.is_control()).take(80).collect();
        match kind_of(&file.bytes).filter(|kind| settings.kinds.contains(kind)) {
            None => faults.add("files", format!("«{shown}» is of no kind that is taken ({})", words(&settings.kinds))),
            Some(kind) => {
                let name = safe_name(&file.name, kind);
                checked.push(Checked { name, kind, bytes: file.bytes, scan: Scan::Off });
            }
        }
    }
    faults.finish()?;
    let Some(clamd) = &settings.clamd else { return Ok(checked) };
    let mut faults = Faults::default();
    let mut is_away = false;
    for file in &mut checked {
        if is_away {
            // Nobody waits for an answer that did not come once already.
            file.scan = Scan::Unchecked;
            continue;
        }
        file.scan = match clamd::ask(clamd, &file.bytes).await {
            Ok(Verdict::Clean) => Scan::Clean,
            Ok(Verdict::Infected) => {
                faults.add("files", format!("«{}» holds harmful software and was not kept", file.name));
                Scan::Infected
            }
            Err(fault) => {
                tracing::warn!(%fault, "files are kept unchecked");
                is_away = true;
                Scan::Unchecked
            }
        };
    }
    faults.finish()?;
    Ok(checked)
}

fn too_large(settings: &Settings, bytes: usize, faults: &mut Faults) {
    if bytes > settings.most_bytes {
        let most = settings.most_bytes / (1024 * 1024);
        faults.add("files", format!("are too large: {most} MiB together at most"));
    }
}

/// The kinds in words.
pub fn words(kinds: &[FileKind]) -> String {
    kinds.iter().map(|kind| kind.as_str().to_uppercase()).collect::<Vec<_>>().join(", ")
}

/// The key of a ticket, made where it has none yet.
pub(super) fn key(tx: &mut Tx, sealer: &Sealer, ticket: TicketId) -> Result<DataKey, AppError> {
    if let Some(key) = sealer.key(tx, key_of(ticket))? {
        return Ok(key);
    }
    let (key, row) = sealer.new_key(key_of(ticket));
    store_keys(tx, &[&row])?;
    Ok(key)
}

/// Keeps files that were looked at, after those that are there; answers their numbers.
pub(super) fn keep(
    tx: &mut Tx,
    desk: &Desk,
    ticket: TicketId,
    files: &[Checked],
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Event>, AppError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let present = store::attachments::of_ticket(tx, ticket)?;
    let mut faults = Faults::default();
    let sizes = present.iter().filter_map(|row| usize::try_from(row.size).ok());
    let all = sizes.chain(files.iter().map(|file| file.bytes.len())).sum();
    too_large(&desk.settings.attachments, all, &mut faults);
    if present.len() + files.len() > MOST_FILES {
        faults.add("files", format!("are more than {MOST_FILES} with those that are there"));
    }
    faults.finish()?;
    let key = key(tx, &desk.sealer, ticket)?;
    let mut position = present.last().map_or(0, |row| row.position);
    let mut events = Vec::new();
    for file in files {
        position += 1;
        let row = AttachmentRow {
            ticket_id: ticket,
            position,
            media: file.kind.media().to_owned(),
            size: i64::try_from(file.bytes.len()).map_err(AppError::internal)?,
            scan: file.scan,
            next_scan: (file.scan == Scan::Unchecked).then(|| now.plus(AGAIN)),
            sealed: key.seal(file.name.as_bytes(), NAME),
            gone_at: None,
            added_at: now,
            added_by: Json::of(actor)?,
        };
        store::attachments::insert(tx, &row, &key.seal(&file.bytes, &content_context(position)))?;
        events.push(Event::Attached { attachment: position, media: row.media, size: row.size });
    }
    Ok(events)
}

/// What a file's bytes are bound to, so that they do not open as another one's.
fn content_context(position: i32) -> String {
    format!("attachment {position}")
}

/// Adds files to a ticket that is in hand, and writes down that they came.
pub fn add(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &Ticket,
    files: &[Checked],
    actor: &Actor,
    now: Timestamp,
) -> Result<(), AppError> {
    for event in keep(tx, desk, ticket.id, files, actor, now)? {
        record(tx, ticket.id, actor, &event, now)?;
    }
    Ok(())
}

/// Whether somebody may add files here; nobody makes us look at those of a ticket that is not theirs.
pub async fn may_attach(desk: &Desk, caller: Caller, at: TicketRef) -> Result<(), AppError> {
    caller.may(Action::NoteTicket)?;
    desk.db.read(move |conn| visible(conn, &caller, Action::NoteTicket, &at).map(|_| ())).await
}

/// Adds a file as staff do. `Conflict` when the ticket has ended.
pub async fn attach(desk: &Desk, caller: Caller, at: TicketRef, file: Upload) -> Result<Attachment, AppError> {
    may_attach(desk, caller.clone(), at.clone()).await?;
    let files = check(&desk.settings.attachments, vec![file]).await?;
    let (desk_of, now) = (desk.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            let mut ticket = in_hand(tx, &caller, Action::NoteTicket, &at)?;
            if !status::is_open(ticket.status) {
                return Err(AppError::Conflict(format!(
                    "{} is {}; reopen it before files are added",
                    ticket.number, ticket.status
                )));
            }
            for event in keep(tx, &desk_of, ticket.id, &files, &caller.actor, now)? {
                advance(tx, &mut ticket, Move::Work, &caller.actor, &event, now)?;
            }
            let added = of(tx, &desk_of, ticket.id)?.pop();
            added.ok_or_else(|| AppError::internal("a file that was just stored is gone"))
        })
        .await
}

/// The files of a ticket, in the order they came; for the API and pages.
pub async fn list(desk: &Desk, caller: Caller, at: TicketRef) -> Result<Vec<Attachment>, AppError> {
    caller.may(Action::ReadTickets)?;
    let (desk_of, reader) = (desk.clone(), caller.clone());
    let (ticket, found) = desk
        .db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::ReadTickets, &at)?;
            let found = of(conn, &desk_of, ticket.id)?;
            Ok((ticket, found))
        })
        .await?;
    reading::note_reading(desk, &reader, &ticket, "attachments").await?;
    Ok(found)
}

/// One file with its bytes; the look is recorded. `Conflict` in words where it cannot be had.
pub async fn read(desk: &Desk, caller: Caller, at: TicketRef, number: i32) -> Result<(Attachment, Vec<u8>), AppError> {
    caller.may(Action::ReadTickets)?;
    let (desk_of, reader) = (desk.clone(), caller.clone());
    let (ticket, found) = desk
        .db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::ReadTickets, &at)?;
            let found = open(conn, &desk_of, ticket.id, number)?;
            Ok((ticket, found))
        })
        .await?;
    reading::note_reading(desk, &reader, &ticket, "attachment").await?;
    Ok(found)
}

/// The files inside a use case that has seen to the right itself.
pub fn of(conn: &mut Conn, desk: &Desk, ticket: TicketId) -> Result<Vec<Attachment>, AppError> {
    let rows = store::attachments::of_ticket(conn, ticket)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let key = desk.sealer.key(conn, key_of(ticket))?;
    rows.into_iter().map(|row| shown(row, key.as_ref(), &desk.settings.attachments)).collect()
}

/// How many files came until then, are still kept and harm nobody; what they are called stays sealed.
pub fn count_until(conn: &mut Conn, ticket: TicketId, time: Timestamp) -> Result<usize, AppError> {
    let rows = store::attachments::of_ticket(conn, ticket)?;
    let is_there = |row: &&store::attachments::AttachmentRow| row.gone_at.is_none() && row.scan != Scan::Infected;
    Ok(rows.iter().filter(is_there).filter(|row| row.added_at <= time).count())
}

/// One file inside a use case that has seen to the right itself.
pub fn open(conn: &mut Conn, desk: &Desk, ticket: TicketId, number: i32) -> Result<(Attachment, Vec<u8>), AppError> {
    let rows = store::attachments::of_ticket(conn, ticket)?;
    let row = rows.into_iter().find(|row| row.position == number).ok_or(AppError::NotFound)?;
    let key = desk.sealer.key(conn, key_of(ticket))?;
    let found = shown(row, key.as_ref(), &desk.settings.attachments)?;
    let refused = |why: &str| AppError::Conflict(format!("{}: {why}", found.name));
    if found.scan == Scan::Infected {
        return Err(refused("held harmful software and was deleted"));
    }
    if found.scan == Scan::Unchecked && !found.is_available {
        return Err(refused("was not looked at for harmful software yet; try again in a few minutes"));
    }
    let content = store::attachments::content(conn, ticket, number)?;
    let (Some(content), Some(key)) = (content, key) else {
        return Err(refused("is past the time for which files are kept, and was deleted"));
    };
    let bytes = key.open(&content, &content_context(number))?;
    Ok((found, bytes))
}

fn shown(row: AttachmentRow, key: Option<&DataKey>, settings: &Settings) -> Result<Attachment, AppError> {
    let name = key.map(|key| key.open(&row.sealed, NAME)).transpose()?;
    let name = name.and_then(|name| String::from_utf8(name).ok());
    let is_fit = match row.scan {
        Scan::Clean | Scan::Off => true,
        Scan::Unchecked => settings.open_unchecked,
        Scan::Infected => false,
    };
    Ok(Attachment {
        number: row.position,
        name: name.unwrap_or_else(|| "(gelöscht)".to_owned()),
        media: row.media,
        size: row.size,
        scan: row.scan,
        is_available: is_fit && row.gone_at.is_none(),
        added_at: row.added_at,
        added_by: row.added_by.read()?,
    })
}
