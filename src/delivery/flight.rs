//! What a worker has under way: the sends themselves, the places they hold, and what has ended unrecorded.
//!
//! Invariant: a send holds its place from the lease until it has ended, however it ends. Not here: what is sent
//! and recorded (`worker.rs`), and how many places there are (`room.rs`).

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::JoinSet;

use super::outbox::Channel;
use super::record::Done;
use super::room::{Health, Room};
use super::store::lease::first;
use crate::clock::Timestamp;
use crate::ids::{DeliveryId, EndpointId};

/// How long an outcome waits for others to be recorded with it: less than a sync of the database takes.
const MOMENT: Duration = Duration::from_millis(2);

/// Who a finished task was, to give its place back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub id: DeliveryId,
    pub channel: Channel,
    pub endpoint: Option<EndpointId>,
    pub health: Health,
}

/// What is under way, and what has ended without being recorded yet.
pub(super) struct Flight {
    tasks: JoinSet<Option<Done>>,
    places: HashMap<tokio::task::Id, Place>,
    pub rooms: HashMap<Channel, Room>,
    pub cursors: HashMap<Channel, EndpointId>,
    pub done: Vec<Done>,
    /// How many outcomes were recorded.
    pub recorded: usize,
    /// True when the last turn leased something: then there is probably more.
    pub is_busy: bool,
    /// When the next row is due, as of the last look that found none due.
    pub next_due: Option<Timestamp>,
}

impl Flight {
    /// Nothing under way, with this much room for each channel.
    pub fn new(rooms: [(Channel, Room); 2]) -> Self {
        let cursors = rooms.iter().map(|(channel, _)| (*channel, first())).collect();
        let rooms = rooms.into_iter().collect();
        Self {
            tasks: JoinSet::new(),
            places: HashMap::new(),
            rooms,
            cursors,
            done: Vec::new(),
            recorded: 0,
            is_busy: false,
            next_due: None,
        }
    }

    /// Starts a send that has its place.
    pub fn start(&mut self, place: Place, send: impl Future<Output = Option<Done>> + Send + 'static) {
        let task = self.tasks.spawn(send);
        self.places.insert(task.id(), place);
    }

    /// True when every send has ended; its outcome may still wait to be recorded.
    pub fn is_nothing_under_way(&self) -> bool {
        self.tasks.is_empty()
    }

    /// True when nothing is under way and nothing waits to be recorded.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.done.is_empty()
    }

    /// Waits for a send to end, and a moment for others, so that one write records them together; false at once
    /// when none is under way.
    pub async fn ended(&mut self) -> bool {
        let Some(first) = self.tasks.join_next_with_id().await else { return false };
        self.take(first);
        let moment = tokio::time::Instant::now() + MOMENT;
        while let Ok(Some(next)) = tokio::time::timeout_at(moment, self.tasks.join_next_with_id()).await {
            self.take(next);
        }
        true
    }

    /// Takes along every other send that has ended too.
    pub fn gather(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.take(ended);
        }
    }

    fn take(&mut self, ended: Result<(tokio::task::Id, Option<Done>), tokio::task::JoinError>) {
        let (task, done) = match ended {
            Ok((task, done)) => (task, done),
            // Its lease runs out, and the row is tried again.
            Err(fault) => {
                tracing::error!(fault = %fault, "a send broke off");
                (fault.id(), None)
            }
        };
        self.done.extend(done);
        if let Some(place) = self.places.remove(&task) {
            self.leave(place);
        }
    }

    /// Gives a place back.
    pub fn leave(&mut self, place: Place) {
        if let Some(room) = self.rooms.get_mut(&place.channel) {
            room.leave(place.id, place.endpoint, place.health);
        }
    }
}
