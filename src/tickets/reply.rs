//! What the person who asked is written, where they wished a mail: an answer, a question, a refusal.
//!
//! Invariant: the mail is sealed under the ticket's own key in the outbox, because it holds the reporter's
//! address; opening the address for it is recorded. Each carries a link of its own to where the request stands. Who
//! wished a call is called by the 1st level, which sees the answer on the ticket.

use serde::Serialize;

use super::joined::told;
use super::public_form::link;
use super::ticket::{ReplyLanguage, ReplyWish, Ticket};
use super::{Desk, TicketRef, reporter, visible};
use crate::access::{Action, Actor, Caller};
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
    fn words(&self, language: ReplyLanguage) -> (&'static str, &'static str, &str) {
        match language {
            ReplyLanguage::German => self.german(),
            ReplyLanguage::English => self.english(),
        }
    }

    fn english(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Answer(text) => ("Answer to your request", "we have an answer to your request:", text),
            Self::Question(text) => (
                "Question about your request",
                "we have a question about your request. Answer by the link below or where you asked, with your number:",
                text,
            ),
            Self::Interim(text) => {
                ("News about your request", "we are working on your request. This is how it stands:", text)
            }
            Self::Refusal(text) => ("About your request", "we cannot answer your request. The reason is:", text),
        }
    }

    fn german(&self) -> (&'static str, &'static str, &str) {
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

/// A letter as the person gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, with the same content.
    pub html: String,
}

/// The letter to whoever has this name; `at` is the address where they see how their request stands.
pub fn compose(ticket: &Ticket, letter: Letter, name: Option<&str>, at: &str) -> Written {
    let (subject, opening, body) = letter.words(ticket.reply_language);
    // The text itself is in the words of whoever wrote it; the line in the other language is for whoever reads along.
    let (hello, yours, here) = match ticket.reply_language {
        ReplyLanguage::German => {
            ("Guten Tag", "Ihre Nummer", "Hier sehen Sie, wie es steht, und können antworten / Status and replies")
        }
        ReplyLanguage::English => {
            ("Good day", "Your number", "Here you see how it stands and can reply / Stand und Antworten")
        }
    };
    let greeting = name.map_or(hello.to_owned(), |name| format!("{hello} {name}"));
    let number = &ticket.number;
    Written {
        subject: format!("[{number}] {subject}"),
        text: format!("{greeting},\n\n{opening}\n\n{body}\n\n{yours}: {number}\n{here}:\n{at}\n"),
        html: format!(
            "<p>{},</p><p>{opening}</p><blockquote>{}</blockquote><p>{yours}: {number}</p><p>{here}:<br><a href=\"{at}\">{at}</a></p>",
            escape(&greeting),
            paragraphs(body)
        ),
    }
}

crate::text_enum! {
    /// What kind of letter.
    pub enum LetterKind {
        /// The answer.
        Answer = "answer",
        /// A question back.
        Question = "question",
        /// What is known so far.
        Interim = "interim",
        /// A refusal with its reason.
        Refusal = "refusal",
    }
}

impl LetterKind {
    /// A letter of this kind.
    pub fn letter(self, text: &str) -> Letter<'_> {
        match self {
            Self::Answer => Letter::Answer(text),
            Self::Question => Letter::Question(text),
            Self::Interim => Letter::Interim(text),
            Self::Refusal => Letter::Refusal(text),
        }
    }
}

/// What the person would get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LetterPreview {
    /// By which way; who wishes a call is read the text to.
    pub way: ReplyWish,
    /// The mail's subject; nothing where no mail goes out.
    pub subject: Option<String>,
    /// The mail's text, or what is read out; name and link stand as `[Name]` and `[Link]`: opening
    /// the one is recorded, the other is made when it is sent.
    pub text: String,
    /// How many others are told the same, because their requests go on in this one.
    pub others: usize,
}

/// Shows a letter as the person would get it; changes nothing and opens nothing.
pub async fn preview(
    desk: &Desk,
    caller: Caller,
    at: TicketRef,
    kind: LetterKind,
    text: String,
) -> Result<LetterPreview, AppError> {
    caller.may(Action::AssessTicket)?;
    let (ticket, others) = desk
        .db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::AssessTicket, &at)?;
            let others = told(conn, &ticket)?;
            Ok((ticket, others))
        })
        .await?;
    Ok(as_got(&ticket, kind, text, others))
}

/// The same for a ticket that was seen, and so many who joined it.
pub fn as_got(ticket: &Ticket, kind: LetterKind, text: String, joined: usize) -> LetterPreview {
    let way = ticket.reply_wish;
    // Only who asked first is asked something.
    let others = if kind == LetterKind::Question { 0 } else { joined };
    if way != ReplyWish::Email {
        return LetterPreview { way, subject: None, text, others };
    }
    let Written { subject, text, .. } = compose(ticket, kind.letter(&text), Some("[Name]"), "[Link]");
    LetterPreview { way, subject: Some(subject), text, others }
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
    let secret = link::issue(tx, ticket.id, true, now, desk.settings.form.link_valid_for)?;
    let at = link::address(desk, ticket.number.as_str(), &secret);
    let Written { subject, text, html } = compose(ticket, letter, reporter.name.as_deref(), &at);
    let mail = Mail { to, to_name: reporter.name, reply_to: None, subject, text, html };
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
