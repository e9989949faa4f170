//! Which escalation a mail is about, and whether it is the contact's.
//!
//! Invariant: only what we gave out leads to an escalation: its own reply address, which carries an HMAC, or the id of a
//! message of ours, which nobody can guess. A ticket number in a subject leads a person, never Lotse. Both proofs
//! must agree where both are there.

use super::parse::Parsed;
use super::sender;
use super::{Inbound, mail::MailKind};
use crate::db::Conn;
use crate::delivery::{self, Purpose};
use crate::directory::Contact;
use crate::error::AppError;
use crate::escalation::comment::{Asked, asked};
use crate::escalation::link;
use crate::ids::{DeliveryId, EscalationId};
use crate::tickets::{Ticket, TicketRef};

/// What a mail leads to.
#[derive(Debug, Clone, Default)]
pub(super) struct Lead {
    /// The escalation, where a secret of ours leads to one.
    pub asked: Option<Asked>,
    /// A request that a number in the subject names: for a person to see, never to act on.
    pub named: Option<Ticket>,
    /// Why it is not certain, in words.
    pub doubts: Vec<String>,
}

impl Lead {
    /// The request it belongs to, as far as that is known.
    pub fn ticket(&self) -> Option<&Ticket> {
        self.asked.as_ref().map(|asked| &asked.ticket).or(self.named.as_ref())
    }
}

/// Follows everything a mail holds of ours.
pub(super) fn follow(conn: &mut Conn, inbound: &Inbound, mail: &Parsed) -> Result<Lead, AppError> {
    let mut lead = Lead::default();
    let mailbox = &inbound.escalations().settings().reply_address;
    let key = *inbound.escalations().desk().sealer.reply_address_key();
    let mut by_address: Vec<EscalationId> = Vec::new();
    for address in &mail.recipients {
        match link::escalation_of(mailbox, &key, address) {
            Some(id) if !by_address.contains(&id) => by_address.push(id),
            Some(_) => {}
            None if is_below(mailbox, address) => {
                lead.doubts.push("die Antwortadresse ist keine, die wir vergeben haben".into());
            }
            None => {}
        }
    }
    let mut by_thread: Vec<EscalationId> = Vec::new();
    for id in own_ids(&mail.thread, &inbound.settings().message_id_domain).into_iter().take(20) {
        let about = delivery::delivery(conn, id)?;
        let is_ours =
            |purpose| matches!(purpose, Purpose::Created | Purpose::Reminded | Purpose::Replied | Purpose::Cancelled);
        if let Some(found) = about.filter(|found| is_ours(found.purpose)) {
            let id: EscalationId = found.about.cast();
            if !by_thread.contains(&id) {
                by_thread.push(id);
            }
        }
    }
    let mut all = by_address.clone();
    all.extend(by_thread.iter().filter(|id| !by_address.contains(id)));
    match all.as_slice() {
        [] => lead.doubts.push("sie ist keine Antwort auf eine Nachricht von uns".into()),
        [one] => {
            lead.asked = asked(conn, *one)?;
            if lead.asked.is_none() {
                lead.doubts.push("die Eskalation, auf die sie antwortet, gibt es nicht mehr".into());
            }
        }
        [first, ..] => {
            lead.asked = asked(conn, *first)?;
            lead.doubts.push("Adresse und Verlauf führen zu verschiedenen Eskalationen".into());
        }
    }
    if lead.asked.is_none() {
        lead.named = named(conn, &mail.subject)?;
    }
    Ok(lead)
}

/// True for an address that is made like one of ours.
fn is_below(mailbox: &str, address: &str) -> bool {
    let Some((local, domain)) = mailbox.rsplit_once('@') else { return false };
    let Some((theirs, their_domain)) = address.rsplit_once('@') else { return false };
    domain.eq_ignore_ascii_case(their_domain)
        && theirs.to_lowercase().strip_prefix(&local.to_lowercase()).is_some_and(|rest| rest.starts_with('+'))
}

/// Of these ids, those of messages of this domain.
pub(super) fn own_ids(thread: &[String], domain: &str) -> Vec<DeliveryId> {
    let local = |id: &String| id.strip_suffix(domain)?.strip_suffix('@')?.parse().ok();
    thread.iter().filter_map(local).collect()
}

/// The request whose number stands in brackets in a subject.
fn named(conn: &mut Conn, subject: &str) -> Result<Option<Ticket>, AppError> {
    let candidates = subject.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(number, _)| number);
    for candidate in candidates.take(5) {
        if let Ok(number) = candidate.parse()
            && let Some(found) = crate::tickets::find(conn, &TicketRef::Number(number))?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The contact a mail is of, or why it is nobody's, in words.
pub(super) fn speaker(inbound: &Inbound, mail: &Parsed, asked: &Asked) -> Result<Contact, Vec<String>> {
    let address = |contact: &Contact| contact.email.as_ref().map(|email| email.as_str().to_lowercase());
    let known: Vec<String> = asked.contacts.iter().filter_map(address).collect();
    let stranger = sender::stranger(mail, &known);
    let unproven = sender::unproven(mail, &inbound.settings().trusted_server);
    let doubts: Vec<String> = stranger.into_iter().chain(unproven).collect();
    if !doubts.is_empty() {
        return Err(doubts);
    }
    let author = mail.author().map(|author| author.address.clone()).unwrap_or_default();
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let exact = asked.contacts.iter().find(|contact| address(contact).as_deref() == Some(author.as_str()));
    // Of several contacts of one house the one who was asked last.
    let house = || {
        let own = domain(&author);
        asked.contacts.iter().rev().find(|contact| address(contact).and_then(|known| domain(&known)) == own)
    };
    exact.or_else(house).cloned().ok_or_else(|| vec!["ihre Ansprechstelle ist nicht zu erkennen".to_owned()])
}

/// What a mail without a lead is.
pub(super) fn kind_without_lead(is_first_level: bool) -> MailKind {
    if is_first_level { MailKind::Request } else { MailKind::Unknown }
}
