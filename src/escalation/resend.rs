//! Sending a question again by the contact's other way, because somebody who runs the installation wants it.
//!
//! Invariant: it is the same question to the contact that is asked now; what was sent stays given up and on record. The
//! sweep does the same by itself after three failures (`sweep/events.rs`).

use super::sweep::other_way;
use super::{Escalations, store};
use crate::access::Caller;
use crate::delivery::{self, DeliveryStatus, Purpose};
use crate::error::AppError;
use crate::ids::DeliveryId;

/// Uses the other way for a message that was given up. `Conflict` where there is none, or nobody waits for it any more. The
/// caller's right is asked for by `operations`.
pub async fn by_other_way(escalations: &Escalations, _caller: &Caller, id: DeliveryId) -> Result<(), AppError> {
    let (context, now) = (escalations.clone(), escalations.desk().clock.now());
    let again = move |tx: &mut crate::db::Tx| {
        let found = delivery::delivery(tx, id)?.ok_or(AppError::NotFound)?;
        if found.status != DeliveryStatus::Exhausted || found.purpose != Purpose::Created {
            let hint = "only the first message of a step that was given up can go by the other way";
            return Err(AppError::Conflict(hint.into()));
        }
        let (escalation, ticket) = store::in_hand(tx, found.about.cast())?.ok_or(AppError::NotFound)?;
        if other_way(tx, &context, &escalation, &ticket, found.channel, now)? {
            return Ok(());
        }
        let hint = "there is no other way: the contact that is asked now has none that was not tried, or nobody is asked any more";
        Err(AppError::Conflict(hint.into()))
    };
    escalations.desk().db.write(again).await
}
