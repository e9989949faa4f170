//! Mail that comes back: what a reply does, what waits for a person, what machines write, and that every mail is
//! one, however often it is read.

mod bounces;
mod corpus;
mod decisions;
mod mailboxes;
mod pages;
mod pipe;
mod replies;
mod requests;
mod tokens;

use std::time::Duration;

use lotse::inbound::MailState;
use lotse::inbound::take::{Arrival, Taken, take};
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::smtp::Mail;
use crate::support::wait::wait_for_some;

/// Who answers in most tests: the first of the chain.
const DESK: &str = "technik@dataport.example.org";

/// The mail to this address, once it is there.
async fn mail_to(app: &TestApp, address: &str, subject: &str) -> Mail {
    wait_for_some(format!("a mail «{subject}» to {address}"), Duration::from_secs(20), || async {
        let here = |mail: &Mail| mail.to.iter().any(|to| to == address) && mail.text().contains(subject);
        app.smtp.received().into_iter().find(here)
    })
    .await
}

/// A request that was escalated, with the mail that asks the first of the chain.
struct AskedDesk {
    ticket: Value,
    escalation: Value,
    question: Mail,
}

impl AskedDesk {
    async fn new(app: &mut TestApp) -> Self {
        let (ticket, escalation) = app.escalated("technical").await;
        let number = ticket["number"].as_str().unwrap();
        let question = mail_to(app, DESK, number).await;
        Self { ticket, escalation, question }
    }

    fn path(&self) -> String {
        format!("/api/v1/escalations/{}", self.escalation["id"].as_str().unwrap())
    }

    fn ticket_path(&self) -> String {
        format!("/api/v1/tickets/{}", self.ticket["id"].as_str().unwrap())
    }

    fn address(&self) -> String {
        self.question.header("Reply-To").unwrap()
    }

    /// A reply as a mail program writes it.
    fn reply(&self, from: &str, text: &str) -> Letter {
        let subject = format!("Re: [{}] technisch", self.ticket["number"].as_str().unwrap());
        Letter::new(from, &self.address(), &subject, text).with("In-Reply-To", &self.question.message_id().unwrap())
    }
}

/// A mail to be written.
#[derive(Debug, Clone)]
struct Letter {
    headers: Vec<(String, String)>,
    body: String,
}

impl Letter {
    fn new(from: &str, to: &str, subject: &str, body: &str) -> Self {
        let id = uuid::Uuid::now_v7();
        let headers = [
            ("From", from),
            ("To", to),
            ("Subject", subject),
            ("Message-ID", &format!("<{id}@mail.example.org>")),
            ("Date", "Tue, 24 Nov 2026 10:00:00 +0100"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { headers, body: body.replace('\n', "\r\n") }
    }

    /// With one more header, on top as servers add theirs.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(0, (name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn raw(&self) -> Vec<u8> {
        let head: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{head}\r\n{}\r\n", self.body).into_bytes()
    }
}

fn arrival(mailbox: &str, raw: Vec<u8>) -> Arrival {
    let size = i64::try_from(raw.len()).unwrap();
    Arrival { mailbox: mailbox.into(), uid: None, recipient: None, raw, size }
}

/// Takes a mail in from nowhere in particular.
async fn arrives(app: &TestApp, letter: &Letter) -> Taken {
    take(&app.app.inbound, arrival("pipe", letter.raw())).await.unwrap()
}

/// Takes a mail in that is to wait for a person; answers its reasons as one text.
async fn waits(app: &mut TestApp, letter: &Letter) -> String {
    let taken = arrives(app, letter).await;
    assert_eq!(taken.state, MailState::Quarantined, "{letter:?}");
    let admin = app.token(lotse::access::Role::Admin, "").await;
    let opened = app.get(&admin, &format!("/api/v1/inbound/{}", taken.id)).await.expect(200);
    opened["content"]["reasons"].to_string()
}

fn kinds(history: &Value) -> Vec<String> {
    history["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect()
}
