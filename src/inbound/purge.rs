//! What of mail that came in is past its time.
//!
//! Invariant: raw copies go when the settings say, with their attachments where nothing came of the mail; then its
//! key goes too, and with it what it said. The row stays, so that the same mail is still known.

use super::mail::MailState;
use super::{Inbound, store};
use crate::error::AppError;
use crate::ids::InboundId;

/// How many go in one write.
const TOGETHER: i64 = 100;

/// Removes what is past its time; answers how many raw copies.
pub async fn purge(inbound: &Inbound) -> Result<usize, AppError> {
    let mut done = 0;
    loop {
        let (desk, now) = (inbound.escalations().desk().clone(), inbound.escalations().desk().clock.now());
        let some = inbound.escalations().desk().db.write(move |tx| {
            let past = store::past(tx, now, TOGETHER)?;
            let ids: Vec<InboundId> = past.iter().map(|(id, _)| *id).collect();
            store::drop_raw(tx, &ids)?;
            let is_over = |state: MailState| matches!(state, MailState::Recorded | MailState::Dismissed);
            let over: Vec<InboundId> = past.iter().filter(|(_, state)| is_over(*state)).map(|(id, _)| *id).collect();
            store::drop_attachments(tx, &over)?;
            for id in over {
                desk.sealer.forget(tx, id.cast())?;
            }
            Ok(ids.len())
        });
        let some = some.await?;
        done += some;
        if some < usize::try_from(TOGETHER).unwrap_or(usize::MAX) {
            return Ok(done);
        }
    }
}
