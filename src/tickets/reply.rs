//! What the person who asked is written, where they wished a mail: an answer, a question, a refusal.
//!
//! Invariant: the mail is sealed under the ticket's own key in the outbox, because it holds the reporter's
//! address; opening the address for it is recorded. Each carries a link of its own to where the request stands. Who wished a call is called by the 1st level, which sees the
//! answer on the ticket.

use super::public_form::link;
use super::ticket::{ReplyWish, Ticket};
use super::{Desk, reporter};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{Content, Mail, Outgoing, Purpose, enqueue};
use crate::error::AppError;
use crate::ids::DeliveryId;

/// What is written.
#[derive(Debug, Clone, Copy)]
pub enum Letter<'a> {
    /// The answer.
    Answer(&'a str),
    /// A question back.
    Question(&'a str),
    /// What is known so far.
    Interim(&'a str),
    /// A refusal with its reason.
    Refusal(&'a str),
}

impl Letter<'_> {
    fn words(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Answer(text) => {
                ("Antwort auf Ihre Anfrage", "zu Ihrer Anfrage haben wir eine Antwort für Sie:", text)
            }
            Self::Question(text) => (
                "Rückfrage zu Ihrer Anfrage",
                "zu Ihrer Anfrage haben wir eine Frage an Sie. Antworten Sie über den Link unten oder dort, wo Sie gefragt haben, mit Ihrer Nummer:",
                text,
            ),
            Self::Interim(text) => {
                ("Zwischenstand zu Ihrer Anfrage", "wir arbeiten an Ihrer Anfrage. Der Stand ist:", text)
            }
            Self::Refusal(text) => {
                ("Zu Ihrer Anfrage", "wir können Ihre Anfrage nicht beantworten. Der Grund ist:", text)
            }
        }
    }
}

/// Writes to the person by mail, if that was their wish and their address is still known. `key` makes a repeat
/// harmless.
pub fn write_reporter(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &Ticket,
    letter: Letter,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), AppError> {
    if ticket.reply_wish != ReplyWish::Email {
        return Ok(());
    }
    let opened = reporter::open(tx, &desk.sealer, ticket, actor, "reply by mail", now)?;
    let Some((reporter, key)) = opened else { return Ok(()) };
    let Some(Ok(to)) = reporter.email.map(|email| email.parse()) else { return Ok(()) };
    let (subject, opening, body) = letter.words();
    let greeting = reporter.name.as_ref().map_or("Guten Tag".to_owned(), |name| format!("Guten Tag {name}"));
    let secret = link::issue(tx, ticket.id, true, now, desk.settings.form.link_valid_for)?;
    let at = link::address(desk, ticket.number.as_str(), &secret);
    const HERE: &str = "Hier sehen Sie, wie es steht, und können antworten / Status and replies";
    let mail = Mail {
        to,
        to_name: reporter.name,
        reply_to: None,
        subject: format!("[{}] {subject}", ticket.number),
        text: format!("{greeting},\n\n{opening}\n\n{body}\n\nIhre Nummer: {}\n{HERE}:\n{at}\n", ticket.number),
        html: format!(
            "<p>{},</p><p>{opening}</p><blockquote>{}</blockquote><p>Ihre Nummer: {}</p><p>{HERE}:<br><a href=\"{at}\">{at}</a></p>",
            escape(&greeting),
            paragraphs(body),
            ticket.number
        ),
    };
    let id = DeliveryId::new();
    let outgoing = Outgoing {
        about: ticket.id.cast(),
        purpose: Purpose::Reply,
        dedupe: format!("reply {id}"),
        endpoint: None,
        recipient: "reporter".into(),
        content: Content::Mail(mail),
    };
    enqueue(tx, id, &outgoing, Some((reporter::key_of(ticket.id), &key)), now)?;
    Ok(())
}

/// Text as it may stand in HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text as HTML with its line breaks.
pub fn paragraphs(text: &str) -> String {
    escape(text).replace("\r\n", "\n").replace('\n', "<br>")
}
