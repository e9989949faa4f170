//! Barriers that people report: the feedback mechanism of the accessibility statement (§ 12b BGG), by mail to whoever the
//! operator named.
//!
//! Invariant: what was written leaves by the outbox and is kept nowhere else: sealed, and deleted once it has left
//! (`escalation/sweep/events.rs`); the address to answer at is only the mail's `Reply-To`. One network, and all together, send so many an hour.

use std::net::IpAddr;

use super::Operations;
use crate::access::{Brake, brake};
use crate::delivery::{Content, Mail, Outgoing, Purpose, enqueue};
use crate::error::{AppError, Faults};
use crate::ids::DeliveryId;
use crate::keys::EmailAddress;
use crate::tickets::reply::{escape, paragraphs};

/// So many an hour from one network, and in all.
const FROM_ONE: u32 = 6;
const FROM_ALL: u32 = 60;

/// What somebody reports.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What does not work.
    pub text: String,
    /// On which page.
    pub page: String,
    /// Where they want to be answered; empty where they do not.
    pub email: String,
}

/// Sends it on. `Invalid` at `text`, `page` or `email`; `TooMany` where many were sent.
pub async fn report(
    operations: &Operations,
    to: EmailAddress,
    report: Report,
    from: Option<IpAddr>,
) -> Result<(), AppError> {
    let mut faults = Faults::default();
    faults.text("text", &report.text, 4000);
    faults.optional_text("page", &report.page, 500);
    if report.page.contains(['\n', '\r']) {
        faults.add("page", "must be one line");
    }
    let email = Some(report.email.trim()).filter(|email| !email.is_empty());
    let reply_to = email.and_then(|email| faults.keep("email", email.parse::<EmailAddress>()));
    faults.finish()?;
    let (desk, now) = (operations.desk().clone(), operations.desk().clock.now());
    let mail = mail(to.clone(), reply_to, report);
    desk.db
        .clone()
        .write(move |tx| {
            brake(tx, &desk.sealer, &Brake::network("barrier", from), FROM_ONE, now)?;
            brake(tx, &desk.sealer, &Brake::of("barrier", "all"), FROM_ALL, now)?;
            let id = DeliveryId::new();
            let outgoing = Outgoing {
                about: id.cast(),
                purpose: Purpose::Barrier,
                dedupe: format!("barrier {id}"),
                endpoint: None,
                recipient: to.to_string(),
                content: Content::Mail(mail),
            };
            enqueue(tx, id, &outgoing, Some((desk.sealer.secrets_id(), desk.sealer.secrets())), now)?;
            Ok(())
        })
        .await
}

fn mail(to: EmailAddress, reply_to: Option<EmailAddress>, report: Report) -> Mail {
    let page = if report.page.trim().is_empty() { "(nicht genannt)".to_owned() } else { report.page.trim().to_owned() };
    let answer = match &reply_to {
        Some(_) => "Die Person möchte eine Antwort: antworten Sie auf diese Mail. Die Frist ist ein Monat (§ 12b BGG).",
        None => "Die Person hat keine Adresse genannt.",
    };
    Mail {
        to,
        to_name: None,
        reply_to: reply_to.map(|address| address.to_string()),
        subject: "Barriere gemeldet".into(),
        text: format!("Jemand meldet eine Barriere.\n\nSeite: {page}\n\n{}\n\n{answer}\n", report.text.trim()),
        html: format!(
            "<p>Jemand meldet eine Barriere.</p><p>Seite: {}</p><blockquote>{}</blockquote><p>{answer}</p>",
            escape(&page),
            paragraphs(report.text.trim())
        ),
    }
}
