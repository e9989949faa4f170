//! Tells an open list at once that something it may show has changed; what, the page then asks for itself.
//!
//! Invariant: nothing of a request goes over the stream, only that something within reach happened, at most once a
//! second. The session is asked each time before that is told, and at every heartbeat: when it has ended, or the rights
//! are others, the stream ends and says why. It ends when the process stops, so that no stop waits for it. So many
//! streams are open at most, and so many of one person: beyond that their oldest ends, and its page looks by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use crate::access::{Action, Caller, Grant};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::{PageError, Person, Staff};
use crate::ids::{HistoryId, UserId};
use crate::tickets::watch::Change;

/// How often a word goes out where nothing happens: often enough that no proxy thinks it is dead, and that an end of
/// the session is noticed soon.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Changes are told at most this often.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// So many streams of one person.
const OF_ONE: usize = 8;

/// The places of each person, the oldest first.
type Taken = Arc<Mutex<HashMap<UserId, Vec<Arc<Notify>>>>>;

/// Who looks, by person. Cheap to clone.
#[derive(Clone)]
pub struct Seats {
    most: usize,
    taken: Taken,
}

/// The place of one stream; free again when it is dropped.
pub struct Seat {
    of: UserId,
    given_up: Arc<Notify>,
    taken: Taken,
}

impl Seats {
    /// So many in all.
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place; none where all are taken and none by them. Whoever has so many gives up their oldest for it. Mostly
    /// that is of a page they have left: that a browser reads no more is noticed only when words cannot be sent to it,
    /// for who has closed their side of a connection may still be reading (HTTP allows that).
    pub fn take(&self, of: UserId) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = taken.values().map(Vec::len).sum::<usize>() >= self.most;
        if is_full && !taken.contains_key(&of) {
            return None;
        }
        let own = taken.entry(of).or_default();
        if is_full || own.len() >= OF_ONE {
            own.remove(0).notify_one();
        }
        let given_up = Arc::new(Notify::new());
        own.push(Arc::clone(&given_up));
        Some(Seat { of, given_up, taken: Arc::clone(&self.taken) })
    }
}

impl Seat {
    /// Waits until a newer stream of the same person has taken this place.
    async fn until_given_up(&self) {
        self.given_up.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.of) {
            own.retain(|one| !Arc::ptr_eq(one, &self.given_up));
            if own.is_empty() {
                taken.remove(&self.of);
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// The last entry that the page knows of.
    seit: Option<HistoryId>,
}

/// Tells what happens.
pub async fn stream(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadTickets>,
) -> Result<HttpResponse, PageError> {
    let asked: Asked = parse_query(request.query_string())?;
    let seat = state.seats.take(page.person.session.user.id).ok_or(AppError::TooMany(30))?;
    let changes = state.watch.watch().ok_or_else(|| AppError::Unavailable("this process stops".to_owned()))?;
    let telling = Telling::new(state.clone(), page.person, changes, seat, asked.seit).await?;
    let body = futures_util::stream::unfold(telling, |mut telling| async {
        let word = telling.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(word)), telling))
    });
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"));
    // A proxy that gathers what comes would tell it too late.
    answer.insert_header((CACHE_CONTROL, "no-store, no-transform")).insert_header(("X-Accel-Buffering", "no"));
    Ok(answer.streaming(body))
}

/// What a stream knows.
struct Telling {
    state: Data<State>,
    secret: String,
    grants: Vec<Grant>,
    caller: Caller,
    changes: Receiver<Change>,
    since: Option<HistoryId>,
    heart: Interval,
    told_at: Option<Instant>,
    /// Something is to be told.
    is_due: bool,
    is_over: bool,
    has_begun: bool,
    seat: Seat,
}

/// What a stream says at its end.
enum End {
    /// The session has ended, or holds other rights.
    Session,
    /// The process stops.
    Stop,
    /// A newer one of the same person has its place.
    Seat,
}

impl Telling {
    async fn new(
        state: Data<State>,
        person: Person,
        changes: Receiver<Change>,
        seat: Seat,
        since: Option<HistoryId>,
    ) -> Result<Self, AppError> {
        let is_due = state.watch.has_changed(&person.caller, since).await?;
        let mut heart = interval(HEARTBEAT);
        heart.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heart.reset();
        Ok(Self {
            secret: person.visitor.secret().unwrap_or_default().to_owned(),
            grants: person.session.user.grants.clone(),
            caller: person.caller,
            state,
            changes,
            since,
            heart,
            told_at: None,
            is_due,
            is_over: false,
            has_begun: false,
            seat,
        })
    }

    /// The next words; none when it is over.
    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some("event: bereit\ndata: 1\n\n".to_owned());
        }
        let ended = loop {
            let due_at = self.told_at.map_or_else(Instant::now, |told_at| told_at + AT_MOST_EVERY);
            tokio::select! {
                () = sleep_until(due_at), if self.is_due => match self.holds().await {
                    false => break End::Session,
                    true => {
                        (self.is_due, self.told_at) = (false, Some(Instant::now()));
                        return Some("event: stand\ndata: 1\n\n".to_owned());
                    }
                },
                change = self.changes.recv() => match change {
                    Ok(Change::End) | Err(RecvError::Closed) => break End::Stop,
                    Ok(Change::Begun) => self.is_due |= self.missed().await,
                    Ok(change) => self.is_due |= change.concerns(&self.caller.reach(Action::ReadTickets)),
                    Err(RecvError::Lagged(_)) => self.is_due = true,
                },
                () = self.seat.until_given_up() => break End::Seat,
                _ = self.heart.tick() => match self.holds().await {
                    false => break End::Session,
                    true => return Some(": da\n\n".to_owned()),
                },
            }
        };
        self.is_over = true;
        Some(match ended {
            End::Session => "event: ende\ndata: anmeldung\n\n".to_owned(),
            End::Stop => "event: ende\ndata: neustart\n\n".to_owned(),
            End::Seat => "event: ende\ndata: platz\n\n".to_owned(),
        })
    }

    /// Rather one look too many than one too few.
    async fn missed(&self) -> bool {
        self.state.watch.has_changed(&self.caller, self.since).await.unwrap_or(true)
    }

    /// Whether the session still is what it was. A database that is away for a moment ends nothing.
    async fn holds(&self) -> bool {
        match self.state.accounts.session_unused(&self.secret).await {
            Ok(session) => session.user.grants == self.grants,
            Err(AppError::Unauthorised) => false,
            Err(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether its stream is to end; told once.
    fn is_given_up(seat: &Seat) -> bool {
        futures_util::FutureExt::now_or_never(seat.until_given_up()).is_some()
    }

    #[test]
    fn seats_are_bounded_and_come_free() {
        let seats = Seats::new(10);
        let (one, other, third) = (UserId::new(), UserId::new(), UserId::new());
        let mut taken: Vec<Seat> = (0..OF_ONE).map(|_| seats.take(one).unwrap()).collect();
        assert!(!taken.iter().any(is_given_up));
        taken.push(seats.take(one).unwrap());
        assert_eq!(taken.iter().map(is_given_up).collect::<Vec<_>>(), [vec![true], vec![false; OF_ONE]].concat());
        taken.extend((0..2).map(|_| seats.take(other).unwrap()));
        assert!(seats.take(third).is_none(), "so many in all");
        taken.push(seats.take(other).unwrap());
        let given_up: Vec<usize> = (0..taken.len()).filter(|at| is_given_up(&taken[*at])).collect();
        assert_eq!(given_up, [OF_ONE + 1], "their own, where all are taken");
        // What was given up frees no second place.
        drop(taken.remove(0));
        assert!(seats.take(third).is_none());
        drop(taken.pop());
        assert!(seats.take(third).is_some());
        drop(taken);
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
