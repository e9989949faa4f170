//! Telling the central contact what waits for it: at most one mail a minute and recipient, with the list.
//!
//! Invariant: a notice is written in the transaction of what it tells, and marked as told in the transaction that
//! puts its mail into the outbox. Who is told is decided when the mail is written, so that an absence or a new
//! contact counts. Where the directory names nobody, the operator is told; the gaps and the list of work show it too.

use std::collections::{BTreeMap, BTreeSet};

use super::history::ERASED;
use super::reply::escape;
use super::store::{self, NoticeRow};
use super::ticket::Ticket;
use super::{Desk, by_id};
use crate::clock::Timestamp;
use crate::db::{Topic, Tx};
use crate::delivery::{Content, Mail, Outgoing, Purpose, enqueue, rewrite_mails};
use crate::directory::{Contact, central_contacts};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId};
use crate::keys::EmailAddress;

crate::text_enum! {
    /// What a notice tells.
    pub enum NoticeKind {
        /// A request came in.
        New = "new",
        /// The 2nd level answered.
        EscalationAnswered = "escalation_answered",
        /// The 2nd level is not in charge.
        EscalationReturned = "escalation_returned",
        /// The 2nd level asks something.
        EscalationAsked = "escalation_asked",
        /// The 2nd level wrote something that is for the central contact to judge.
        EscalationCommented = "escalation_commented",
        /// A mail about a request waits for the central contact to decide.
        MailWaits = "mail_waits",
        /// Nobody of the chain acknowledged.
        EscalationExpired = "escalation_expired",
        /// A message could not be delivered.
        DeliveryExhausted = "delivery_exhausted",
        /// A contact's webhook was switched off.
        EndpointDisabled = "endpoint_disabled",
    }
}

impl NoticeKind {
    /// The same in German, as the mail says it.
    fn words(self) -> &'static str {
        match self {
            Self::New => "neu eingegangen",
            Self::EscalationAnswered => "der 2nd Level hat geantwortet",
            Self::EscalationReturned => "der 2nd Level hat zurückgegeben",
            Self::EscalationAsked => "der 2nd Level hat eine Rückfrage",
            Self::EscalationCommented => "der 2nd Level hat geschrieben",
            Self::MailWaits => "eine Nachricht im Eingang braucht Ihre Entscheidung",
            Self::EscalationExpired => "niemand der Kette hat bestätigt",
            Self::DeliveryExhausted => "eine Nachricht kam nicht an",
            Self::EndpointDisabled => "ein Webhook wurde abgeschaltet",
        }
    }
}

/// The row of a notice.
pub fn row(ticket: &Ticket, kind: NoticeKind, detail: &str, now: Timestamp) -> NoticeRow {
    NoticeRow {
        id: RowId::new(),
        service: ticket.service.clone(),
        ars: ticket.ars.clone(),
        ticket_id: ticket.id,
        kind,
        detail: detail.to_owned(),
        created_at: now,
        told_at: None,
    }
}

/// Notes that the central contact of a ticket is to be told something.
pub fn add(tx: &mut Tx, ticket: &Ticket, kind: NoticeKind, detail: &str, now: Timestamp) -> Result<(), AppError> {
    store::insert_notice(tx, &row(ticket, kind, detail, now))?;
    tx.signal(Topic::Sweep);
    Ok(())
}

/// Who is told: a central contact, or the operator where the directory names nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Recipient {
    /// Whose turn it is to rest between two mails.
    key: String,
    name: String,
    email: EmailAddress,
    endpoint: Option<EndpointId>,
}

impl Recipient {
    fn central(contact: Contact) -> Option<Self> {
        if contact.bounced.is_some() {
            return None;
        }
        let endpoint = contact.email_endpoint;
        contact.email.map(|email| Self { key: contact.slug.to_string(), name: contact.name, email, endpoint })
    }

    fn operator(desk: &Desk) -> Option<Self> {
        let email = desk.settings.operator.clone()?;
        // No slug has a space, so this is nobody's.
        Some(Self { key: "the operator".into(), name: "Betrieb".into(), email, endpoint: None })
    }
}

/// Writes the mails that are due; answers how many.
pub async fn tell(desk: &Desk) -> Result<usize, AppError> {
    let today = desk.clock.now().day_in_berlin();
    let (routing, operator) = (desk.settings.directory.clone(), Recipient::operator(desk));
    let due = desk
        .db
        .read(move |conn| {
            let mut due: BTreeMap<Option<Recipient>, Vec<NoticeRow>> = BTreeMap::new();
            let mut known = BTreeMap::new();
            for notice in store::untold(conn, 500)? {
                let place = (notice.service.clone(), notice.ars.clone());
                let recipient = match known.get(&place) {
                    Some(recipient) => Option::<Recipient>::clone(recipient),
                    None => {
                        // A place that cannot be routed, for whatever reason, must not silence the others.
                        let found = match central_contacts(conn, &place.0, &place.1, today, &routing) {
                            Ok(contacts) => contacts.into_iter().find_map(Recipient::central),
                            Err(AppError::Invalid(_) | AppError::NotFound) => None,
                            Err(fault) => return Err(fault),
                        };
                        let recipient = found.or_else(|| operator.clone());
                        known.insert(place, recipient.clone());
                        recipient
                    }
                };
                due.entry(recipient).or_default().push(notice);
            }
            Ok(due)
        })
        .await?;
    let mut mails = 0;
    for (recipient, notices) in due {
        mails += usize::from(tell_one(desk, recipient, notices).await?);
    }
    Ok(mails)
}

async fn tell_one(desk: &Desk, recipient: Option<Recipient>, notices: Vec<NoticeRow>) -> Result<bool, AppError> {
    let (now, interval) = (desk.clock.now(), desk.settings.notice_interval);
    desk.db
        .write(move |tx| {
            let Some(recipient) = recipient else {
                tracing::warn!(
                    notices = notices.len(),
                    "nobody can be told of requests; see the gaps of the directory"
                );
                store::mark_told(tx, &notices, now)?;
                return Ok(false);
            };
            if !store::claim_recipient(tx, &recipient.key, now, interval)?
                || store::mark_told(tx, &notices, now)? != notices.len()
            {
                // Told a moment ago, or another instance is at it: nothing of this is kept, the next round looks again.
                return Err(AppError::Conflict("told by another".into()));
            }
            let outgoing = Outgoing {
                about: notices[0].ticket_id.cast(),
                purpose: Purpose::Notice,
                dedupe: format!("notice {}", notices[0].id),
                endpoint: recipient.endpoint,
                recipient: recipient.email.to_string(),
                content: Content::Mail(mail(tx, recipient, &notices)?),
            };
            enqueue(tx, DeliveryId::new(), &outgoing, None, now)
        })
        .await
        .or_else(|e| if matches!(e, AppError::Conflict(_)) { Ok(false) } else { Err(e) })
}

/// Takes a ticket's subject out of the mails that told of it at these times, before it is erased.
pub(super) fn forget_subject(tx: &mut Tx, told: &[Timestamp], ticket: &Ticket) -> Result<(), AppError> {
    let line = |subject: &str| format!("{subject} ({}), {}", ticket.service, ticket.priority);
    let (text, html) =
        (format!("\n  {}\n", line(&ticket.subject)), format!("<br>{}</li>", escape(&line(&ticket.subject))));
    let (new_text, new_html) = (format!("\n  {}\n", line(ERASED)), format!("<br>{}</li>", escape(&line(ERASED))));
    rewrite_mails(tx, Purpose::Notice, told, &|mail| {
        let is_told = mail.text.contains(&text) || mail.html.contains(&html);
        mail.text = mail.text.replace(&text, &new_text);
        mail.html = mail.html.replace(&html, &new_html);
        is_told
    })
}

fn mail(tx: &mut Tx, recipient: Recipient, notices: &[NoticeRow]) -> Result<Mail, AppError> {
    let mut lines = Vec::new();
    for notice in notices {
        let ticket = by_id(tx, notice.ticket_id)?;
        let detail = if notice.detail.is_empty() { String::new() } else { format!(" ({})", notice.detail) };
        lines.push((
            format!("{}: {}{detail}", ticket.number, notice.kind.words()),
            format!("{} ({}), {}", ticket.subject, ticket.service, ticket.priority),
        ));
    }
    let subject = match &lines[..] {
        // A detail may be an address, which no subject should show.
        [_] => format!("[Lotse] {}: {}", by_id(tx, notices[0].ticket_id)?.number, notices[0].kind.words()),
        _ => match notices.iter().map(|notice| notice.ticket_id).collect::<BTreeSet<_>>().len() {
            1 => format!("[Lotse] {}: {} Neuigkeiten", by_id(tx, notices[0].ticket_id)?.number, lines.len()),
            tickets => format!("[Lotse] {tickets} Anfragen brauchen Sie"),
        },
    };
    let mut text = format!("Guten Tag {},\n\ndas ist seit der letzten Nachricht geschehen:\n", recipient.name);
    let mut html = format!(
        "<p>Guten Tag {},</p><p>das ist seit der letzten Nachricht geschehen:</p><ul>",
        escape(&recipient.name)
    );
    for (what, about) in &lines {
        text.push_str(&format!("\n- {what}\n  {about}\n"));
        html.push_str(&format!("<li><strong>{}</strong><br>{}</li>", escape(what), escape(about)));
    }
    text.push_str("\nDiese Nachricht kommt von Lotse und fasst zusammen, was seit der letzten geschehen ist.\n");
    html.push_str(
        "</ul><p>Diese Nachricht kommt von Lotse und fasst zusammen, was seit der letzten geschehen ist.</p>",
    );
    Ok(Mail { to: recipient.email, to_name: Some(recipient.name), reply_to: None, subject, text, html })
}
