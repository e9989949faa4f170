//! What is done about files without anybody asking: another look where clamd was away, and deletion when their time is
//! over.
//!
//! Invariant: no look happens inside a transaction, and what it found counts only if nobody was quicker. A fault with
//! one file holds up no other.

use std::time::Duration;

use super::clamd::{self, Verdict};
use super::{AGAIN, Scan, content_context};
use crate::access::Actor;
use crate::error::AppError;
use crate::ids::TicketId;
use crate::tickets::reporter::key_of;
use crate::tickets::{Desk, Event, find_by_id, public_form, record, store};

/// How often to look.
const LOOK: Duration = Duration::from_secs(15);
/// How many at a time.
const SOME: i64 = 50;

/// Looks again and again until shutdown.
pub async fn run(desk: Desk, mut shutdown: tokio::sync::watch::Receiver<bool>) {
    loop {
        // Each for itself: people who wrote come first, and a fault with one holds up no other.
        if let Err(fault) = public_form::round(&desk).await {
            tracing::warn!(%fault, "requests of the form wait");
        }
        if let Err(fault) = delete_past(&desk).await {
            tracing::warn!(%fault, "files past their time wait");
        }
        if let Err(fault) = look_again(&desk).await {
            tracing::warn!(%fault, "unchecked files wait");
        }
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Asks clamd about what it could not look at before; answers how many it did.
pub async fn look_again(desk: &Desk) -> Result<usize, AppError> {
    let Some(clamd) = desk.settings.attachments.clamd.clone() else { return Ok(0) };
    let now = desk.clock.now();
    let due = desk.db.read(move |conn| store::attachments::unchecked(conn, now, SOME)).await?;
    let mut done = 0;
    for at in due {
        let opened = opened(desk, at).await;
        let mut is_away = false;
        let verdict = match opened {
            Ok(Some(bytes)) => clamd::ask(&clamd, &bytes).await.inspect_err(|_| is_away = true),
            Ok(None) => Err("its bytes are gone".to_owned()),
            Err(fault) => Err(fault.to_string()),
        };
        if let Err(fault) = &verdict {
            tracing::warn!(ticket = %at.0, %fault, "a file stays unchecked");
        }
        done += usize::from(verdict.is_ok());
        settle(desk, at, verdict.ok()).await?;
        if is_away {
            // The others have their turn when it answers again.
            break;
        }
    }
    Ok(done)
}

async fn opened(desk: &Desk, (ticket, position): (TicketId, i32)) -> Result<Option<Vec<u8>>, AppError> {
    let sealer = desk.sealer.clone();
    let read = desk.db.read(move |conn| {
        let sealed = store::attachments::content(conn, ticket, position)?;
        Ok(sealed.zip(sealer.key(conn, key_of(ticket))?))
    });
    read.await?.map(|(sealed, key)| key.open(&sealed, &content_context(position))).transpose()
}

async fn settle(desk: &Desk, at: (TicketId, i32), verdict: Option<Verdict>) -> Result<(), AppError> {
    let now = desk.clock.now();
    desk.db
        .write(move |tx| {
            let (scan, next) = match verdict {
                Some(Verdict::Clean) => (Scan::Clean, None),
                Some(Verdict::Infected) => (Scan::Infected, None),
                None => (Scan::Unchecked, Some(now.plus(AGAIN))),
            };
            if store::attachments::set_scan(tx, at, scan, next)? && scan == Scan::Infected {
                store::attachments::drop_content(tx, at, now)?;
                // What is not confirmed yet has no history.
                if find_by_id(tx, at.0)?.is_some() {
                    record(tx, at.0, &Actor::system(), &Event::AttachmentRemoved { attachment: at.1 }, now)?;
                }
            }
            Ok(())
        })
        .await
}

/// Deletes the bytes of files whose ticket ended long enough ago; answers how many.
pub async fn delete_past(desk: &Desk) -> Result<usize, AppError> {
    let mut done = 0;
    loop {
        let (now, kept) = (desk.clock.now(), desk.settings.attachments.kept);
        let some = desk.db.write(move |tx| {
            let past = store::attachments::past(tx, now.minus(kept), SOME)?;
            past.iter().try_for_each(|at| store::attachments::drop_content(tx, *at, now))?;
            Ok(past.len())
        });
        let some = some.await?;
        done += some;
        if some < usize::try_from(SOME).unwrap_or(usize::MAX) {
            return Ok(done);
        }
    }
}
