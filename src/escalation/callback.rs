//! Callbacks: a contact's own system speaks, signed by its secret (Standard Webhooks 1.0).
//!
//! Invariant: nothing is read of a body whose signature does not fit. A wrong signature, a contact without callbacks,
//! an escalation that does not exist and one that never reached the contact are answered alike, so that nobody learns
//! what there is. The same `webhook-id` with the same body gets the first answer again; another body is refused. What
//! a word does stands in `respond.rs`.

use std::sync::Arc;

use chrono::TimeDelta;
use serde::Deserialize;

use super::escalation::Escalation;
use super::hand_on::HandOn;
use super::respond::{LONGEST_REFERENCE, Speaker, Word, speak};
use super::{Escalations, store};
use crate::access::idempotency::{Once, Outcome, Render, once};
use crate::access::{Actor, ActorKind};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::directory::callbacks::{self, CallbackWord, Known, Statuses};
use crate::directory::contacts_of;
use crate::error::{AppError, FieldError};
use crate::ids::EscalationId;
use crate::keys::Slug;
use crate::tickets::by_id;
use crate::tickets::ticket::Ticket;

/// How far the clock of the other side may be off; Standard Webhooks.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Takes as long to check as a true one; nobody knows it.
const NOBODY: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A request as it came in.
#[derive(Clone)]
pub struct Signed {
    /// The contact it is said to be from.
    pub contact: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`: one or several, `v1,` and base64.
    pub signature: String,
    /// The body, as it was signed.
    pub body: Vec<u8>,
}

/// What a system says.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// Which escalation: `escalation_id` of our webhook. May be left out where `reference` names it.
    #[schema(value_type = Option<String>)]
    pub escalation_id: Option<EscalationId>,
    /// What they do. Either this or `status`.
    pub action: Option<CallbackWord>,
    /// The same in a word of their system, as the contact's configuration translates it.
    pub status: Option<String>,
    /// Answer, question, comment, or the reason of returning or handing on.
    pub text: Option<String>,
    /// Their own number.
    pub reference: Option<String>,
    /// To whom they hand on: the id of a contact.
    pub contact: Option<String>,
}

/// Checks who speaks: their idempotency scope and words. `NotFound` for everybody else.
pub async fn authenticate(escalations: &Escalations, signed: &Signed) -> Result<(Slug, Known), AppError> {
    let now = escalations.desk().clock.now();
    let slug: Option<Slug> = signed.contact.parse().ok();
    let (sealer, asked) = (escalations.desk().sealer.clone(), slug.clone());
    let known = escalations
        .desk()
        .db
        .read(move |conn| asked.map_or(Ok(None), |slug| callbacks::known(conn, &sealer, &slug, now)))
        .await?;
    let nobody = [NOBODY.to_owned()];
    let secrets = known.as_ref().map_or(&nobody[..], |known| &known.secrets);
    let fits = is_signed(signed, secrets, now);
    match (slug, known) {
        (Some(slug), Some(known)) if fits => Ok((slug, known)),
        _ => Err(AppError::NotFound),
    }
}

/// True where one of the signatures was made with one of the secrets, not long ago.
pub fn is_signed(signed: &Signed, secrets: &[String], now: Timestamp) -> bool {
    let Ok(timestamp) = signed.timestamp.parse::<i64>() else { return false };
    let is_timely = now.utc().timestamp().abs_diff(timestamp) <= TOLERANCE.num_seconds().unsigned_abs();
    let mut fits = false;
    for secret in secrets {
        let made = standardwebhooks::Webhook::new(secret).and_then(|key| key.sign(&signed.id, timestamp, &signed.body));
        let Ok(made) = made else { continue };
        for given in signed.signature.split(' ') {
            fits |= is_equal(given.as_bytes(), made.as_bytes());
        }
    }
    is_timely && fits
}

/// Compares without telling by time where the first difference is.
fn is_equal(one: &[u8], two: &[u8]) -> bool {
    one.len() == two.len() && one.iter().zip(two).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Does what a known system says, once for each `webhook-id`.
pub async fn receive(
    escalations: &Escalations,
    (contact, known): (Slug, Known),
    signed: Signed,
    said: Callback,
    render: Render<(Escalation, Ticket)>,
) -> Result<Outcome<(Escalation, Ticket)>, AppError> {
    let word = meaning(&said, &known.statuses)?;
    let repeat = Once::new(known.id.cast(), "callback".into(), &signed.id, &signed.body, Arc::clone(&render));
    let repeat = repeat.map_err(by_its_name)?;
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let id = known.id.uuid();
    let work = move |tx: &mut Tx| {
        once(tx, Some(&repeat), now, |tx| {
            let escalation = find(tx, &contact, &said)?;
            if let Some(reference) = &said.reference {
                store::note_reference(tx, escalation, &contact, Some(reference), None)?;
            }
            let Some(word) = word else { return seen(tx, escalation) };
            let name = contacts_of(tx, std::slice::from_ref(&contact))?.pop().map(|contact| contact.name);
            let actor = Actor::named(ActorKind::Token, Some(id), name.as_deref().unwrap_or(contact.as_str()));
            speak(tx, &context, Speaker::Contact(contact, actor, escalation), word)?.map_err(|_| AppError::NotFound)
        })
    };
    escalations.desk().db.write(work).await.map_err(by_its_name)
}

/// The key of a repeat is called otherwise here.
fn by_its_name(fault: AppError) -> AppError {
    match fault {
        AppError::Invalid(mut faults) => {
            faults.iter_mut().filter(|fault| fault.field == "Idempotency-Key").for_each(
                |FieldError { field, message }| {
                    *field = "webhook-id".into();
                    *message = message
                        .replace("use a new key for a new request", "send another id with another message")
                        .into();
                },
            );
            AppError::Invalid(faults)
        }
        other => other,
    }
}

/// The escalation that is meant, if it has reached the contact.
fn find(tx: &mut Tx, contact: &Slug, said: &Callback) -> Result<EscalationId, AppError> {
    let id = match (said.escalation_id, &said.reference) {
        (Some(id), _) => id,
        (None, Some(reference)) => match store::with_reference(tx, contact, reference)?[..] {
            [] => return Err(AppError::NotFound),
            [id] => id,
            _ => return Err(AppError::field("reference", "belongs to several escalations; send escalation_id")),
        },
        (None, None) => return Err(AppError::field("escalation_id", "is missing; send it, or a reference we know")),
    };
    if store::reached(tx, id)?.contains(contact) { Ok(id) } else { Err(AppError::NotFound) }
}

/// The escalation as it stands.
fn seen(tx: &mut Tx, id: EscalationId) -> Result<(Escalation, Ticket), AppError> {
    let found = store::find(tx, id)?.ok_or(AppError::NotFound)?;
    let ticket = by_id(tx, found.ticket)?;
    Ok((found, ticket))
}

/// The word that is meant; none where it does not concern us.
fn meaning(said: &Callback, statuses: &Statuses) -> Result<Option<Word>, AppError> {
    let action = match (said.action, &said.status) {
        (Some(action), _) => action,
        (None, Some(status)) => *statuses.get(status).ok_or_else(|| unknown(status, statuses))?,
        (None, None) => return Err(AppError::field("action", "is missing; send it, or status")),
    };
    if said.reference.as_ref().is_some_and(|reference| reference.chars().count() > LONGEST_REFERENCE) {
        return Err(AppError::field("reference", format!("must have at most {LONGEST_REFERENCE} characters")));
    }
    let reference = said.reference.clone();
    let text = || said.text.clone().ok_or_else(|| AppError::field("text", format!("is missing; {action} needs one")));
    Ok(Some(match action {
        CallbackWord::Ignore => return Ok(None),
        CallbackWord::Acknowledge => Word::Acknowledge { reference },
        CallbackWord::Ask => Word::Ask { question: text()? },
        CallbackWord::Answer => Word::Answer { text: text()?, reference },
        CallbackWord::Return => Word::Return { reason: text()? },
        CallbackWord::Comment => Word::Comment { text: text()?, reference },
        CallbackWord::HandOn => {
            let missing = || AppError::field("contact", "is missing; name the contact to hand on to");
            Word::HandOn(HandOn { contact: said.contact.clone().ok_or_else(missing)?, reason: text()? })
        }
    }))
}

fn unknown(status: &str, statuses: &Statuses) -> AppError {
    let known: Vec<&str> = statuses.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    AppError::field("status", format!("{status:?} has no meaning here (known: {known}); give it one, or send action"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signed(secret: &str, at: i64) -> Signed {
        let key = standardwebhooks::Webhook::new(secret).unwrap();
        let signature = format!("v1,AAAA {}", key.sign("m1", at, b"{}").unwrap());
        Signed { contact: "a".into(), id: "m1".into(), timestamp: at.to_string(), signature, body: b"{}".to_vec() }
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_and_its_own_words() {
        let now = Timestamp::new("2026-11-24T10:00:00Z".parse().unwrap());
        let at = now.utc().timestamp();
        let secrets = [NOBODY.to_owned(), SECRET.to_owned()];
        for (off, good) in [(0, true), (300, true), (-300, true), (301, false), (-301, false)] {
            assert_eq!(is_signed(&signed(SECRET, at + off), &secrets, now), good, "{off}");
        }
        for change in [
            |s: &mut Signed| s.id = "m2".into(),
            |s: &mut Signed| s.body = b"{ }".to_vec(),
            |s: &mut Signed| s.timestamp.push('0'),
            |s: &mut Signed| s.signature = String::new(),
            |s: &mut Signed| s.timestamp = "gestern".into(),
            // As far away as a number of seconds can be.
            |s: &mut Signed| s.timestamp = i64::MIN.to_string(),
            |s: &mut Signed| s.timestamp = i64::MAX.to_string(),
        ] {
            let mut other = signed(SECRET, at);
            change(&mut other);
            assert!(!is_signed(&other, &secrets, now));
        }
        assert!(!is_signed(&signed(SECRET, at), &secrets[..1], now));
    }
}
