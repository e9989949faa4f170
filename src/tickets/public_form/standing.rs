//! What a person sees of their request by its link.
//!
//! Invariant: what they wrote themselves and what was written to them, nothing of how it is worked on: no notes, no
//! names, no 2nd level. Of a request that goes on in another one only that it does. Looking changes nothing.

use super::link::{self, StatusLink};
use super::unconfirmed::{self, RequestState};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::AppError;
use crate::ids::TicketId;
use crate::keys::{Ars, Slug};
use crate::tickets::attachments::{self, Attachment};
use crate::tickets::history::Event;
use crate::tickets::status::{Move, TicketStatus, is_open, next};
use crate::tickets::ticket::{ReplyWish, Ticket};
use crate::tickets::{Desk, find_by_id, store};

/// Where a request stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stand {
    /// Its address is not confirmed yet.
    Unconfirmed,
    /// It is deleted: not confirmed in time, or taken back before.
    Gone,
    /// A request.
    Ticket(TicketStatus),
}

/// One thing that was said, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub what: What,
    /// The words.
    pub text: String,
}

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// By the person, at first or later.
    Theirs,
    /// A question to them.
    Question,
    /// How it stands so far.
    Interim,
    /// The answer.
    Answer,
    /// A refusal.
    Refusal,
    /// They took it back.
    Withdrawn,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub stand: Stand,
    /// About which service.
    pub service: Slug,
    /// Where.
    pub ars: Ars,
    /// When it was handed in.
    pub since: Timestamp,
    /// Until when it is answered, or, unconfirmed, kept.
    pub until: Timestamp,
    /// How they wished to be answered.
    pub wish: ReplyWish,
    /// What was said, in order.
    pub said: Vec<Said>,
    /// Their files, and those for them.
    pub attachments: Vec<Attachment>,
    /// Whether they can say more.
    pub takes_words: bool,
    /// Whether they can take it back.
    pub takes_back: bool,
    /// Whether the link came by mail, so that it can confirm.
    pub by_mail: bool,
}

/// What the link shows. `NotFound` for one that is wrong or ended.
pub async fn standing(desk: &Desk, opened: &StatusLink) -> Result<Standing, AppError> {
    let found = link::follow(desk, opened).await?;
    let context = desk.clone();
    let shown = desk.db.read(move |conn| match find_by_id(conn, found.about)? {
        Some(ticket) => of_ticket(conn, &context, &ticket).map(Some),
        None => of_request(conn, &context, found.about),
    });
    let shown = shown.await?.ok_or(AppError::NotFound)?;
    Ok(Standing { by_mail: found.by_mail, ..shown })
}

/// One file of theirs. `Conflict` in words where it cannot be had.
pub async fn file(desk: &Desk, opened: &StatusLink, number: i32) -> Result<(Attachment, Vec<u8>), AppError> {
    let found = link::follow(desk, opened).await?;
    let context = desk.clone();
    let (file, bytes) = desk.db.read(move |conn| attachments::open(conn, &context, found.about, number)).await?;
    if file.added_by != super::person() {
        return Err(AppError::NotFound);
    }
    Ok((file, bytes))
}

/// Their own files; what staff added is for staff.
fn theirs(mut files: Vec<Attachment>) -> Vec<Attachment> {
    files.retain(|file| file.added_by == super::person());
    files
}

fn of_ticket(conn: &mut Conn, desk: &Desk, ticket: &Ticket) -> Result<Standing, AppError> {
    let mut said = vec![Said { at: ticket.created_at, what: What::Theirs, text: ticket.description.clone() }];
    for entry in store::history(conn, ticket.id)? {
        let (what, text) = match entry.event {
            Event::Waiting { question } => (What::Question, question),
            Event::Resumed { text } | Event::ReporterAdded { text } => (What::Theirs, text),
            // Reopened by the person, in their words; staff's reasons are not theirs to read.
            Event::Reopened { reason, .. } if entry.actor == super::person() => (What::Theirs, reason),
            Event::InterimReply { text, .. } => (What::Interim, text),
            Event::Answered { text, .. } => (What::Answer, text),
            Event::Rejected { reason, .. } => (What::Refusal, reason),
            Event::ReporterWithdrew { reason } => (What::Withdrawn, reason),
            _ => continue,
        };
        said.push(Said { at: entry.at, what, text });
    }
    Ok(Standing {
        number: ticket.number.to_string(),
        stand: Stand::Ticket(ticket.status),
        service: ticket.service.clone(),
        ars: ticket.ars.clone(),
        since: ticket.created_at,
        until: ticket.respond_by,
        wish: ticket.reply_wish,
        said,
        attachments: theirs(attachments::of(conn, desk, ticket.id)?),
        takes_words: takes_words(ticket.status),
        takes_back: next(ticket.status, Move::Withdraw).is_some(),
        by_mail: false,
    })
}

/// While it is open, here or in another one, and after an answer, which may not have helped.
pub fn takes_words(status: TicketStatus) -> bool {
    is_open(status) || matches!(status, TicketStatus::Answered | TicketStatus::Closed | TicketStatus::Merged)
}

fn of_request(conn: &mut Conn, desk: &Desk, id: TicketId) -> Result<Option<Standing>, AppError> {
    let Some(row) = store::public_form::find(conn, id)? else { return Ok(None) };
    let content = unconfirmed::open(conn, desk, &row)?.map(|(content, _)| content.command);
    let stand = match row.state {
        RequestState::Unconfirmed => Stand::Unconfirmed,
        // It is being taken up just now.
        RequestState::Ready | RequestState::Taken => Stand::Ticket(TicketStatus::New),
        RequestState::Discarded | RequestState::Expired => Stand::Gone,
    };
    let said = content.iter().map(|command| Said {
        at: row.created_at,
        what: What::Theirs,
        text: command.description.clone(),
    });
    Ok(Some(Standing {
        said: said.collect(),
        wish: content.as_ref().map_or(ReplyWish::None, |command| command.reply.wish),
        takes_back: stand == Stand::Unconfirmed,
        number: row.number,
        stand,
        service: row.service,
        ars: row.ars,
        since: row.created_at,
        until: row.keep_until,
        attachments: attachments::of(conn, desk, id)?,
        takes_words: false,
        by_mail: false,
    }))
}
