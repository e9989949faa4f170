//! Signed links and reply addresses: how a contact without a log-in is known again.
//!
//! Invariant: a link is 256 random bits of which only the SHA-256 is kept; it is good for one contact and one
//! escalation, until its end or that of the escalation. It is not derived from any key, so a leaked key makes no
//! links. A reply address carries an HMAC-SHA-256 under a key of its own.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::ask::Question;
use super::escalation::{ContactRef, Escalation};
use super::hand_on::{self, Handover};
use super::message::{Facts, Occasion};
use super::{Escalations, browse, escalation, respond, step, store, timing};
use crate::access::secret::{self, hash};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::contacts_of;
use crate::error::AppError;
use crate::ids::EscalationId;
use crate::keys::Slug;
use crate::seal::hex;
use crate::tickets::by_id;

/// Who holds a link that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHolder {
    /// The escalation it is for.
    pub escalation: EscalationId,
    /// The contact it was sent to.
    pub contact: Slug,
    /// How long it is good for.
    pub expires_at: Timestamp,
}

/// Why a link does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLink {
    /// There never was such a link, or it is long gone.
    Unknown,
    /// Its time is over.
    Expired,
    /// The escalation has ended.
    Ended,
}

/// Makes a link for a contact; answers its secret, which is nowhere kept in this form.
pub(super) fn make(
    tx: &mut Tx,
    id: EscalationId,
    contact: &Slug,
    now: Timestamp,
    until: Timestamp,
) -> Result<String, AppError> {
    let secret = secret::new();
    store::insert_link(tx, &hash(&secret), id, contact, now, until)?;
    Ok(secret)
}

/// Whom a secret stands for, and the escalation, in whatever state it is.
pub(super) fn open(
    conn: &mut Conn,
    secret: &str,
    now: Timestamp,
) -> Result<Result<(LinkHolder, Escalation), DeadLink>, AppError> {
    let Some(holder) = store::link(conn, &hash(secret))? else { return Ok(Err(DeadLink::Unknown)) };
    if holder.expires_at <= now {
        return Ok(Err(DeadLink::Expired));
    }
    let Some(found) = store::find(conn, holder.escalation)? else { return Ok(Err(DeadLink::Unknown)) };
    Ok(Ok((holder, found)))
}

/// What the page behind a link shows.
#[derive(Debug, Clone)]
pub struct LinkPage {
    /// Whose link it is.
    pub holder: LinkHolder,
    /// The escalation, which may have ended.
    pub escalation: Escalation,
    /// What the mail says too; never who asked, because opening that is recorded and a page that is opened
    /// changes nothing.
    pub facts: Facts,
    /// What the person added before it was escalated.
    pub added: Vec<(Timestamp, String)>,
    /// What was asked and replied.
    pub questions: Vec<Question>,
    /// Who handed on to whom.
    pub handovers: Vec<Handover>,
    /// Whom they may hand on to by themselves.
    pub colleagues: Vec<ContactRef>,
    /// What they said last, such as `ask`.
    pub last_word: Option<String>,
    /// By whose word it ended, by name.
    pub ended_by: Option<String>,
}

/// Everything the page behind a link shows.
pub async fn page(escalations: &Escalations, secret: String) -> Result<Result<LinkPage, DeadLink>, AppError> {
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    escalations
        .desk()
        .db
        .read(move |conn| {
            let (holder, found) = match open(conn, &secret, now)? {
                Ok(opened) => opened,
                Err(dead) => return Ok(Err(dead)),
            };
            shown(conn, &context, holder, found, &secret, now).map(Ok)
        })
        .await
}

fn shown(
    conn: &mut Conn,
    context: &Escalations,
    holder: LinkHolder,
    found: Escalation,
    secret: &str,
    now: Timestamp,
) -> Result<LinkPage, AppError> {
    let ticket = by_id(conn, found.ticket)?;
    let contact = contacts_of(conn, std::slice::from_ref(&holder.contact))?.pop();
    let name = contact.as_ref().map_or_else(|| holder.contact.to_string(), |contact| contact.name.clone());
    let mut facts = step::facts(context, &found, &ticket, &name, Occasion::Created, secret, None, now);
    facts.files = step::files(conn, &found)?;
    facts.answer_if_taken =
        contact.and_then(|contact| timing::answer_if_taken(context, &found, &ticket, &contact, now));
    Ok(LinkPage {
        facts,
        added: step::additions(conn, &found)?,
        questions: store::questions(conn, found.id)?,
        handovers: hand_on::told(conn, &found)?,
        colleagues: hand_on::choices(conn, &found, &ticket, now)?,
        last_word: store::last_word(conn, found.id, &holder.contact)?,
        ended_by: respond::ended_by(conn, &found)?,
        holder,
        escalation: found,
    })
}

/// The same for somebody who is logged in and speaks for a contact that it has reached; nobody else finds it here.
pub async fn page_for(escalations: &Escalations, caller: Caller, id: EscalationId) -> Result<LinkPage, AppError> {
    caller.may(Action::RespondEscalation)?;
    // Records the look where it must be.
    let (found, _) = browse::escalation(escalations, caller.clone(), id).await?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let read = move |conn: &mut Conn| {
        let own = caller.contacts(Action::RespondEscalation);
        // Of several the one that was asked last, whose turn it may be; the same as who speaks (`respond.rs`).
        let contact = store::reached(conn, id)?.into_iter().rfind(|contact| own.contains(contact));
        let contact = contact.ok_or(AppError::NotFound)?;
        let holder = LinkHolder { escalation: id, contact, expires_at: now };
        shown(conn, &context, holder, found, "", now)
    };
    escalations.desk().db.read(read).await
}

/// The same as [`open`] for acting: an ended escalation is a [`DeadLink::Ended`].
pub(super) fn open_to_act(
    tx: &mut Tx,
    secret: &str,
    now: Timestamp,
) -> Result<Result<(LinkHolder, Escalation), DeadLink>, AppError> {
    let (holder, _) = match open(tx, secret, now)? {
        Ok(opened) => opened,
        Err(dead) => return Ok(Err(dead)),
    };
    let Some((found, _)) = store::in_hand(tx, holder.escalation)? else { return Ok(Err(DeadLink::Unknown)) };
    Ok(if escalation::is_open(found.status) { Ok((holder, found)) } else { Err(DeadLink::Ended) })
}

/// The escalation a reply address is for; `None` where it is not one of ours.
pub fn escalation_of(mailbox: &str, key: &[u8; 32], address: &str) -> Option<EscalationId> {
    let (local, _) = address.rsplit_once('@')?;
    let (_, rest) = local.rsplit_once('+')?;
    let id: EscalationId = rest.split_once('.')?.0.parse().ok()?;
    // What an address of ours looks like is made anew and compared whole; its secret is good for one look a mail.
    let own = reply_address(mailbox, key, id)?;
    own.eq_ignore_ascii_case(address).then_some(id)
}

/// The address a reply to this escalation goes to: `antwort+<escalation>.<hmac>@…`.
pub fn reply_address(mailbox: &str, key: &[u8; 32], id: EscalationId) -> Option<String> {
    let (local, domain) = mailbox.rsplit_once('@')?;
    // HMAC takes a key of any length; the error cannot happen.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(id.as_bytes());
    let tag = hex(&mac.finalize().into_bytes()[..8]);
    Some(format!("{local}+{}.{tag}@{domain}", id.uuid().simple()))
}
