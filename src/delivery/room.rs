//! Who may go next: how many messages may be under way at once, in all and to one endpoint. Pure.
//!
//! Invariant: one endpoint never holds more than its share of the places, and all failing endpoints together
//! never more than half, so that slow and dead receivers leave room for the others however much waits for them.

use std::collections::{HashMap, HashSet};

use crate::ids::{DeliveryId, EndpointId};

/// What is known of the endpoint a message waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It takes messages, as far as we know; also where a message has no endpoint.
    Sound,
    /// Its last attempt failed: one at a time is enough to notice when it is back.
    Failing,
    /// Nothing is sent there; its messages are taken only to be given up, which needs no place.
    Disabled,
}

/// The places of one channel.
#[derive(Debug, Clone)]
pub(super) struct Room {
    free: usize,
    failing_free: usize,
    per_endpoint: usize,
    under_way: HashMap<EndpointId, (usize, Health)>,
    taken: HashSet<DeliveryId>,
}

impl Room {
    /// Room for `places` messages at once, of which `per_endpoint` to the same endpoint.
    pub fn new(places: usize, per_endpoint: usize) -> Self {
        let (free, per_endpoint) = (places.max(1), per_endpoint.max(1));
        let failing_free = (free / 2).max(1);
        Self { free, failing_free, per_endpoint, under_way: HashMap::new(), taken: HashSet::new() }
    }

    /// True while a sound endpoint could still get a place.
    pub fn is_free(&self) -> bool {
        self.free > 0
    }

    /// Endpoints that hold their whole share already, by the health their messages were last taken with: a slow or dead
    /// one stays here for as long as it is waited for.
    pub fn full(&self) -> Vec<EndpointId> {
        let full = self.under_way.iter().filter(|(_, (count, health))| *count >= self.share(*health));
        full.map(|(id, _)| *id).collect()
    }

    fn share(&self, health: Health) -> usize {
        if health == Health::Failing { 1 } else { self.per_endpoint }
    }

    /// How many more may go to this endpoint.
    pub fn left_for(&self, endpoint: Option<EndpointId>, health: Health) -> usize {
        if health == Health::Disabled {
            return usize::MAX;
        }
        let most = self.share(health);
        let used = endpoint.and_then(|id| self.under_way.get(&id)).map_or(0, |(count, _)| *count);
        let own = if endpoint.is_some() { most.saturating_sub(used) } else { usize::MAX };
        own.min(if health == Health::Failing { self.failing_free.min(self.free) } else { self.free })
    }

    /// Gives a message a place, if there is one. One that has a place already gets no second.
    pub fn take(&mut self, id: DeliveryId, endpoint: Option<EndpointId>, health: Health) -> bool {
        if self.left_for(endpoint, health) == 0 || !self.taken.insert(id) {
            return false;
        }
        if health != Health::Disabled {
            self.occupy(endpoint, health);
        }
        true
    }

    fn occupy(&mut self, endpoint: Option<EndpointId>, health: Health) {
        self.free = self.free.saturating_sub(1);
        if health == Health::Failing {
            self.failing_free = self.failing_free.saturating_sub(1);
        }
        if let Some(endpoint) = endpoint {
            let (count, last) = self.under_way.entry(endpoint).or_insert((0, health));
            (*count, *last) = (*count + 1, health);
        }
    }

    /// Gives back the place of a message that was taken with this health.
    pub fn leave(&mut self, id: DeliveryId, endpoint: Option<EndpointId>, health: Health) {
        if !self.taken.remove(&id) || health == Health::Disabled {
            return;
        }
        self.free += 1;
        if health == Health::Failing {
            self.failing_free += 1;
        }
        if let Some(endpoint) = endpoint
            && let Some((count, _)) = self.under_way.get_mut(&endpoint)
        {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(&endpoint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_their_share() {
        let mut room = Room::new(8, 3);
        let (busy, dead, other_dead) = (Some(EndpointId::new()), Some(EndpointId::new()), Some(EndpointId::new()));
        let ids: Vec<DeliveryId> = (0..20).map(|_| DeliveryId::new()).collect();
        let taken = |room: &mut Room, endpoint, health, ids: &[DeliveryId]| {
            ids.iter().filter(|id| room.take(**id, endpoint, health)).count()
        };
        assert_eq!(taken(&mut room, busy, Health::Sound, &ids[..5]), 3);
        assert_eq!(taken(&mut room, dead, Health::Failing, &ids[5..8]), 1);
        assert_eq!(taken(&mut room, other_dead, Health::Failing, &ids[8..10]), 1);
        let mut full = room.full();
        full.sort();
        let mut all = [busy, dead, other_dead].map(Option::unwrap);
        all.sort();
        assert_eq!(full, all);
        assert_eq!(taken(&mut room, None, Health::Sound, &ids[10..20]), 3, "the rest, without a bound of its own");
        assert!(!room.is_free());
        assert_eq!(taken(&mut room, Some(EndpointId::new()), Health::Disabled, &ids[3..5]), 2);
        assert!(!room.take(ids[0], busy, Health::Sound), "has its place already");
        room.leave(ids[0], busy, Health::Sound);
        assert_eq!(room.left_for(busy, Health::Sound), 1);
        assert!(!room.full().contains(&busy.unwrap()));
        assert!(room.take(ids[0], busy, Health::Sound));
    }

    #[test]
    fn failing_endpoints_share_half() {
        let mut room = Room::new(6, 3);
        let took = (0..6).filter(|_| room.take(DeliveryId::new(), Some(EndpointId::new()), Health::Failing)).count();
        assert_eq!(took, 3);
        assert!(room.take(DeliveryId::new(), Some(EndpointId::new()), Health::Sound));
    }
}
