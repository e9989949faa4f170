//! Mail that comes back after it was taken: the return path that tells which it was, and what its return changes.
//!
//! Invariant: a return path carries an HMAC under a key of its own purpose, so only who was sent a mail can say that it
//! came back. A return counts once: the message becomes exhausted, with the report as one more attempt, and the
//! events that a refusal by the first server would have made. Not here: how a report is read (`inbound/report.rs`).

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::event::EventKind;
use super::outbox::AttemptOutcome;
use super::outcome::in_words;
use super::store;
use super::store::event::EventRow;
use super::store::lease::AttemptRow;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::ids::{DeliveryId, RowId};
use crate::seal::hex;

/// The mailbox that returns go to, and the key that marks them.
#[derive(Clone)]
pub struct ReturnPath {
    mailbox: String,
    key: [u8; 32],
}

impl ReturnPath {
    /// For this mailbox, such as `rueckweg@lotse.example.org`.
    pub fn new(mailbox: String, key: [u8; 32]) -> Self {
        Self { mailbox, key }
    }

    /// The envelope sender of a message: `rueckweg+<delivery>.<hmac>@…` (VERP).
    pub fn of(&self, id: DeliveryId) -> Option<String> {
        let (local, domain) = self.mailbox.rsplit_once('@')?;
        // HMAC takes a key of any length; the error cannot happen.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(b"return path ");
        mac.update(id.as_bytes());
        let tag = hex(&mac.finalize().into_bytes()[..8]);
        Some(format!("{local}+{}.{tag}@{domain}", id.uuid().simple()))
    }

    /// The message a return path is of; `None` where it is not one of ours.
    pub fn delivery(&self, address: &str) -> Option<DeliveryId> {
        let (local, _) = address.rsplit_once('@')?;
        let (_, rest) = local.rsplit_once('+')?;
        let id: DeliveryId = rest.split_once('.')?.0.parse().ok()?;
        self.of(id)?.eq_ignore_ascii_case(address).then_some(id)
    }
}

/// Notes that a message came back for good; `is_gone` where there is no such mailbox. `false` when that was known, or
/// the message never left.
pub fn came_back(tx: &mut Tx, id: DeliveryId, is_gone: bool, words: &str, now: Timestamp) -> Result<bool, AppError> {
    let Some((about, endpoint)) = store::outbox::come_back(tx, id)? else { return Ok(false) };
    let detail = in_words(&format!("came back: {words}"));
    let attempt = AttemptRow {
        id: RowId::new(),
        delivery_id: id,
        at: now,
        outcome: AttemptOutcome::Refused,
        detail: detail.clone(),
    };
    store::lease::insert_attempts(tx, &[attempt])?;
    let event = |kind| EventRow {
        id: RowId::new(),
        kind,
        delivery_id: Some(id),
        about: Some(about),
        endpoint_id: endpoint,
        detail: detail.clone(),
        at: now,
        answer: None,
    };
    let mut events = Vec::new();
    if is_gone {
        let is_news = match endpoint {
            Some(endpoint) => store::endpoint::bounced(tx, endpoint, now)?,
            None => true,
        };
        if is_news {
            events.push(event(EventKind::Bounced));
        }
    }
    events.push(event(EventKind::Exhausted));
    store::event::insert(tx, &events)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_path_is_known_again() {
        let (paths, id) = (ReturnPath::new("weg@lotse.example.org".into(), [7; 32]), DeliveryId::new());
        let address = paths.of(id).unwrap();
        assert_eq!(paths.delivery(&address), Some(id));
        assert_eq!(paths.delivery(&address.to_uppercase()), Some(id));
        assert_eq!(ReturnPath::new("weg@lotse.example.org".into(), [8; 32]).delivery(&address), None);
        for wrong in ["", "weg@lotse.example.org", "weg+@x", "weg+x.y@lotse.example.org", "+.@"] {
            assert_eq!(paths.delivery(wrong), None, "{wrong}");
        }
    }
}
