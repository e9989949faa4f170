//! Telling the central contact what waits for it: at most one mail a minute and recipient, with the list.
//!
//! Invariant: a notice is written in the transaction of what it tells, and marked as told in the transaction that
//! puts its mail into the outbox. Who is told is decided when the mail is written, so that an absence or a new
//! contact counts. A notice nobody can be told of shows as a gap of the directory and in the list of work.

use std::collections::BTreeMap;

use super::store::{self, NoticeRow};
use super::ticket::Ticket;
use super::{Desk, by_id};
use crate::clock::Timestamp;
use crate::db::{Topic, Tx};
use crate::delivery::{Content, Mail, Outgoing, Purpose, enqueue};
use crate::directory::{Contact, central_contacts};
use crate::error::AppError;
use crate::ids::{DeliveryId, RowId};

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
        urgent: kind != NoticeKind::New,
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

/// Writes the mails that are due; answers how many.
pub async fn tell(desk: &Desk) -> Result<usize, AppError> {
    let today = desk.clock.now().utc().date_naive();
    let routing = desk.settings.directory.clone();
    let due = desk
        .db
        .read(move |conn| {
            let mut due: BTreeMap<Option<crate::keys::Slug>, (Option<Contact>, Vec<NoticeRow>)> = BTreeMap::new();
            let mut known = BTreeMap::new();
            for notice in store::untold(conn, 500)? {
                let place = (notice.service.clone(), notice.ars.clone());
                let contact = match known.get(&place) {
                    Some(contact) => Option::<Contact>::clone(contact),
                    None => {
                        let contact = central_contacts(conn, &place.0, &place.1, today, &routing)?
                            .into_iter()
                            .find(|c| c.email.is_some());
                        known.insert(place, contact.clone());
                        contact
                    }
                };
                let key = contact.as_ref().map(|c| c.slug.clone());
                due.entry(key).or_insert_with(|| (contact, Vec::new())).1.push(notice);
            }
            Ok(due)
        })
        .await?;
    let mut mails = 0;
    for (_, (contact, notices)) in due {
        mails += usize::from(tell_one(desk, contact, notices).await?);
    }
    Ok(mails)
}

async fn tell_one(desk: &Desk, contact: Option<Contact>, notices: Vec<NoticeRow>) -> Result<bool, AppError> {
    let now = desk.clock.now();
    let (interval, url) = (desk.settings.notice_interval, desk.settings.public_url.clone());
    desk.db
        .write(move |tx| {
            let Some(contact) = contact else {
                tracing::warn!(
                    notices = notices.len(),
                    "notices have no central contact to be told to; see the gaps of the directory"
                );
                store::mark_told(tx, &notices, now)?;
                return Ok(false);
            };
            if !store::claim_recipient(tx, &contact.slug, now, interval)?
                || store::mark_told(tx, &notices, now)? != notices.len()
            {
                // Told a moment ago, or another instance is at it: nothing of this is kept, the next round looks again.
                return Err(AppError::Conflict("told by another".into()));
            }
            let mail = mail(tx, &contact, &notices, &url)?;
            let id = DeliveryId::new();
            let outgoing = Outgoing {
                about: notices[0].ticket_id.cast(),
                purpose: Purpose::Notice,
                dedupe: format!("notice {}", notices[0].id),
                endpoint: contact.email_endpoint,
                recipient: mail.to.to_string(),
                content: Content::Mail(mail),
            };
            enqueue(tx, id, &outgoing, None, now)
        })
        .await
        .or_else(|e| if matches!(e, AppError::Conflict(_)) { Ok(false) } else { Err(e) })
}

fn mail(tx: &mut Tx, contact: &Contact, notices: &[NoticeRow], public_url: &str) -> Result<Mail, AppError> {
    let to = contact.email.clone().ok_or_else(|| AppError::internal("a central contact without mail was chosen"))?;
    let mut lines = Vec::new();
    for notice in notices {
        let ticket = by_id(tx, notice.ticket_id)?;
        let detail = if notice.detail.is_empty() { String::new() } else { format!(" ({})", notice.detail) };
        lines.push((
            format!("{}: {}{detail}", ticket.number, notice.kind.words()),
            format!("{} ({}), {}", ticket.subject, ticket.service, ticket.priority),
            format!("{public_url}/anfragen/{}", ticket.number),
        ));
    }
    let subject = match &lines[..] {
        [(first, ..)] => format!("[Lotse] {first}"),
        _ => format!("[Lotse] {} Anfragen brauchen Sie", lines.len()),
    };
    let mut text = format!("Guten Tag {},\n\ndas ist seit der letzten Nachricht geschehen:\n", contact.name);
    let mut html = format!(
        "<p>Guten Tag {},</p><p>das ist seit der letzten Nachricht geschehen:</p><ul>",
        super::reply::escape(&contact.name)
    );
    for (what, about, link) in &lines {
        text.push_str(&format!("\n- {what}\n  {about}\n  {link}\n"));
        let (what, about, link) = (super::reply::escape(what), super::reply::escape(about), super::reply::escape(link));
        html.push_str(&format!("<li><strong>{what}</strong><br>{about}<br><a href=\"{link}\">{link}</a></li>"));
    }
    text.push_str("\nDiese Nachricht kommt von Lotse und fasst zusammen, was seit der letzten geschehen ist.\n");
    html.push_str("</ul><p>Diese Nachricht kommt von Lotse und fasst zusammen, was seit der letzten geschehen ist.</p>");
    Ok(Mail { to, to_name: Some(contact.name.clone()), reply_to: None, subject, text, html })
}
