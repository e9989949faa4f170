//! The mail: what happened, collapsed per request, what is due first on top.
//!
//! Invariant: it names number, service and municipality, and nothing that the citizen said or is. It says how often it
//! comes and how that is changed. Text and HTML say the same.

mod words;

use std::collections::HashMap;

use words::Words;

use super::tell::Recipient;
use super::when::Turn;
use super::{NoticeKind, store};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::Mail;
use crate::error::AppError;
use crate::ids::TicketId;
use crate::tickets::reply::escape;
use crate::tickets::store::NoticeRow;
use crate::tickets::ticket::Priority;
use crate::tickets::{Desk, Settings, Ticket, TicketStatus};

/// So many requests are listed; the others are counted.
const LISTED: usize = 50;
/// Where a request is worked on, below the public address.
const WORKED_ON: &str = "/anfragen";

crate::text_enum! {
    /// A language of these mails.
    pub enum Language {
        /// German.
        German = "de",
        /// English.
        English = "en",
    }
}

/// What happened to one request.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub ticket: TicketId,
    number: String,
    service: String,
    municipality: String,
    priority: Priority,
    status: TicketStatus,
    respond_by: Timestamp,
    happened: Vec<Happening>,
}

/// The same thing, once or more often.
#[derive(Debug, Clone)]
struct Happening {
    kind: NoticeKind,
    detail: String,
    count: usize,
    last: Timestamp,
}

impl Entry {
    /// What runs out stands first, then what rests, then what is over.
    fn place(&self) -> (u8, Timestamp, &str) {
        let group = match self.status {
            TicketStatus::New | TicketStatus::Assessing | TicketStatus::Escalated => 0,
            TicketStatus::Waiting | TicketStatus::Answered => 1,
            TicketStatus::Closed | TicketStatus::Rejected | TicketStatus::Merged => 2,
        };
        (group, self.respond_by, &self.number)
    }

    fn is_running(&self) -> bool {
        self.place().0 == 0
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        self.is_running() && self.respond_by < now
    }
}

/// The requests that these notices tell of, as far as they are there.
pub(super) fn tickets(conn: &mut Conn, rows: &[NoticeRow]) -> Result<Vec<Ticket>, AppError> {
    let mut ids: Vec<TicketId> = rows.iter().map(|row| row.ticket_id).collect();
    ids.sort();
    ids.dedup();
    store::of(conn, &ids)
}

/// What happened to each of them, what is due first on top.
pub(super) fn entries(desk: &Desk, tickets: Vec<Ticket>, rows: &[NoticeRow]) -> Vec<Entry> {
    let directory = desk.directory.current();
    let mut happened: HashMap<TicketId, Vec<Happening>> = HashMap::new();
    let mut rows: Vec<&NoticeRow> = rows.iter().collect();
    rows.sort_by_key(|row| row.id);
    for row in rows {
        let all = happened.entry(row.ticket_id).or_default();
        match all.iter_mut().find(|one| one.kind == row.kind && one.detail == row.detail) {
            Some(same) => (same.count, same.last) = (same.count + 1, row.created_at),
            None => {
                let (kind, detail, last) = (row.kind, row.detail.clone(), row.created_at);
                all.push(Happening { kind, detail, count: 1, last });
            }
        }
    }
    let entry = |ticket: Ticket| Entry {
        ticket: ticket.id,
        number: ticket.number.to_string(),
        service: directory
            .service(ticket.service.as_str())
            .map_or_else(|| ticket.service.to_string(), |found| found.name.to_string()),
        municipality: directory
            .municipality(&ticket.ars)
            .map_or_else(|| ticket.ars.to_string(), |found| found.name.to_string()),
        priority: ticket.priority,
        status: ticket.status,
        respond_by: ticket.respond_by,
        happened: happened.remove(&ticket.id).unwrap_or_default(),
    };
    let mut entries: Vec<Entry> = tickets.into_iter().map(entry).collect();
    entries.sort_by(|a, b| a.place().cmp(&b.place()));
    entries
}

/// The mail that tells it.
pub(super) fn mail(settings: &Settings, to: &Recipient, turn: Turn, entries: &[Entry], now: Timestamp) -> Mail {
    let all = Words::of(&settings.notices.languages);
    let (mut texts, mut htmls) = (Vec::new(), Vec::new());
    for words in &all {
        let (text, html) = part(*words, &settings.public_url, to, turn, entries, now);
        texts.push(text);
        htmls.push(html);
    }
    Mail {
        to: to.email.clone(),
        to_name: Some(to.name.clone()),
        reply_to: None,
        subject: format!("[Lotse] {}", all[0].subject(turn, entries, now)),
        text: texts.join("\n———\n\n"),
        html: htmls.join("<hr>"),
    }
}

/// The mail in one language, as text and as HTML.
fn part(
    words: Words,
    public_url: &str,
    to: &Recipient,
    turn: Turn,
    entries: &[Entry],
    now: Timestamp,
) -> (String, String) {
    let (hello, opening) = (words.hello(&to.name), words.opening(turn));
    let mut text = format!("{hello}\n\n{opening}\n");
    let mut html = format!("<div lang=\"{}\"><p>{}</p><p>{opening}</p><ul>", words.0, escape(&hello));
    for entry in entries.iter().take(LISTED) {
        let head = words.head(entry, now);
        let about = format!("{}, {}", entry.service, entry.municipality);
        let happened: Vec<String> = entry.happened.iter().map(|one| words.happening(one)).collect();
        let link = format!("{public_url}{WORKED_ON}/{}", entry.number);
        text.push_str(&format!("\n- {head}\n  {about}\n"));
        text.push_str(&happened.iter().map(|line| format!("  {line}\n")).collect::<String>());
        text.push_str(&format!("  {link}\n"));
        let lines: String = happened.iter().map(|line| format!("<br>{}", escape(line))).collect();
        html.push_str(&format!(
            "<li><p><strong>{}</strong><br>{}{lines}<br><a href=\"{1}\">{1}</a></p></li>",
            escape(&head),
            escape(&link),
            lines = format_args!("{}{lines}", escape(&about)),
        ));
    }
    html.push_str("</ul>");
    let mut closing = Vec::new();
    if entries.len() > LISTED {
        closing.push(words.more(entries.len() - LISTED, &format!("{public_url}{WORKED_ON}")));
    }
    closing.extend(words.closing(to.rhythm));
    for line in closing {
        text.push_str(&format!("\n{line}\n"));
        html.push_str(&format!("<p>{}</p>", escape(&line)));
    }
    (text, html + "</div>")
}
