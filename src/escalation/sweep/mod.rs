//! What must happen by itself: the next step when a deadline passes, reminders before it does, and what deliveries
//! have told.
//!
//! Invariant: every act is guarded by the state it was decided on, so that several instances sweeping at once do
//! each thing once, and a clock that jumps does nothing early that an acknowledgement has stopped. One matter that
//! fails does not hold up the others; it is looked at again in the next round.
//!
//! Where next: `deadlines.rs` (the next step), `reminders.rs`, `events.rs` (what deliveries told), `recount.rs` (service
//! time that changed).

mod deadlines;
mod events;
mod recount;
mod reminders;

use std::time::{Duration, Instant};

use super::{Escalations, store};
use crate::access::{idempotency, users};
use crate::db::{Topic, Tx};
use crate::error::AppError;
use crate::tickets::{notice, promise};

/// How often what is past its time is removed.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// At most this many portions at a time, so that deadlines do not wait for the tidying.
const PORTIONS: usize = 20;

/// At most this many of a kind in one round.
const SOME: i64 = 200;

/// The least time between two rounds, so that a flood of commits does not make a flood of rounds. What comes after a
/// quiet moment is acted on at once.
const REST: Duration = Duration::from_millis(100);

/// Sweeps until shutdown: at once when something was committed, and twice a second for what other instances
/// and the clock bring.
pub async fn run(escalations: Escalations, mut shutdown: tokio::sync::watch::Receiver<bool>) {
    let mut tidied: Option<Instant> = None;
    loop {
        let began = Instant::now();
        match round(&escalations).await {
            Ok(_) => escalations.desk().db.pulse().beat("sweep"),
            Err(e) => tracing::warn!(fault = %e, "a sweep did not finish"),
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY_EVERY) {
            tidied = Some(began);
            if let Err(e) = tidy(&escalations).await {
                tracing::warn!(fault = %e, "tidying up did not finish");
            }
        }
        let woken = async {
            tokio::time::sleep_until((began + REST).into()).await;
            escalations.desk().db.signals().wait(Topic::Sweep).await;
        };
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = woken => {}
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

/// One round; answers how many things were done.
pub async fn round(escalations: &Escalations) -> Result<usize, AppError> {
    let mut done = events::round(escalations).await?;
    done += recount::round(escalations).await?;
    done += deadlines::set_back(escalations).await?;
    done += deadlines::round(escalations).await?;
    done += reminders::round(escalations).await?;
    done += promise::set_back(escalations.desk()).await?;
    done += promise::remind(escalations.desk()).await?;
    done += notice::tell(escalations.desk()).await?;
    Ok(done)
}

/// Removes what is past its time.
async fn tidy(escalations: &Escalations) -> Result<(), AppError> {
    let now = escalations.desk().clock.now();
    let purge = move |tx: &mut Tx| {
        let links = store::purge_links(tx, now.minus(chrono::TimeDelta::days(30)), 500)?;
        Ok(links + idempotency::purge(tx, now)? + users::purge(tx, now)?)
    };
    for _ in 0..PORTIONS {
        if escalations.desk().db.write(purge).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Somebody who was quicker is no fault; anything else is told and tried again in the next round.
fn settled(result: Result<bool, AppError>, what: &str) -> bool {
    match result {
        Ok(done) => done,
        Err(AppError::Conflict(_)) => false,
        Err(e) => {
            tracing::warn!(matter = what, fault = %e, "a matter of the sweep failed");
            false
        }
    }
}
