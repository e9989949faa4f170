//! Waiting for a condition, never for a length of time.
//!
//! Invariant: a wait ends as soon as the condition holds, or panics, naming what it waited for and the waiting line.
//! What it does not do: it never retries an action; the closure only looks.

use std::future::Future;
use std::panic::Location;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(10);

/// Waits until `holds` answers true.
#[track_caller]
pub fn wait_for(
    what: impl Into<String>,
    timeout: Duration,
    mut holds: impl FnMut() -> bool,
) -> impl Future<Output = ()> {
    wait_for_some(what, timeout, move || std::future::ready(holds().then_some(())))
}

/// Waits until `look` finds something, and hands that over. For conditions that must themselves be awaited.
#[track_caller]
pub fn wait_for_some<T, F: Future<Output = Option<T>>>(
    what: impl Into<String>,
    timeout: Duration,
    mut look: impl FnMut() -> F,
) -> impl Future<Output = T> {
    let caller = Location::caller();
    let what = what.into();
    async move {
        let started = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            if started.elapsed() >= timeout {
                panic!("waited {timeout:?} in vain for {what} (at {caller})");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// For a drop, where nothing can be awaited and a panic would hide the test's own: waits until it holds, and gives up
/// silently after `most`.
pub fn until_or_give_up(most: Duration, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() && started.elapsed() < most {
        std::thread::sleep(Duration::from_millis(10));
    }
}
