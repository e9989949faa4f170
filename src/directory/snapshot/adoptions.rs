//! The live adoptions of a snapshot and what they show, in few bytes: nearly seven million are possible (every
//! municipality using every service).
//!
//! Invariant: the uses of one service stand in the order of their places, and are shared with the snapshot before
//! until one of them changes; a list of channels is kept once, however many show it, and its number is given to
//! another when nobody shows it any more.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::shown::{ShownChannel, ShownList};
use crate::clock::Timestamp;

/// Times are counted from 1 January 2020, in seconds.
const EPOCH: i64 = 1_577_836_800;

/// A municipality's live use of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) place: u32,
    /// The number of what it shows.
    pub(super) list: u32,
    pub(super) updated: u32,
}

impl Use {
    /// When it was changed last, to the second.
    pub(super) fn updated_at(self) -> Timestamp {
        let utc = chrono::DateTime::from_timestamp(EPOCH + i64::from(self.updated), 0).unwrap_or_default();
        Timestamp::new(utc)
    }
}

/// The uses of every service, in the order of the services.
#[derive(Debug, Default, Clone)]
pub(super) struct Adoptions {
    pub(super) of: Vec<Arc<[Use]>>,
    /// In which version of the directory those of each service were changed last, as far as that is known; never earlier
    /// than they were.
    pub(super) since: Vec<i64>,
    lists: Lists,
}

impl Adoptions {
    /// The use of this service in this place.
    pub(super) fn find(&self, service: u32, place: u32) -> Option<Use> {
        let uses = self.of.get(service as usize)?;
        // No two stand at one place, so it stands at its own number at the furthest; and there it is where the whole
        // country uses the service, which spares as many reads of distant memory as a search takes steps.
        let at = place as usize;
        if let Some(here) = uses.get(at).filter(|one| one.place == place) {
            return Some(*here);
        }
        let before = uses.get(..at).unwrap_or(uses);
        before.binary_search_by_key(&place, |one| one.place).ok().and_then(|at| before.get(at)).copied()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.of.iter().map(|uses| uses.len()).sum()
    }

    /// Every list that is shown, with its number.
    pub(super) fn lists(&self) -> impl Iterator<Item = (u32, &Arc<ShownList>)> {
        (0..).zip(&self.lists.all).filter(|(_, kept)| kept.uses > 0).map(|(number, kept)| (number, &kept.list))
    }

    /// What it shows.
    pub(super) fn shown(&self, one: Use) -> &[ShownChannel] {
        self.lists.all.get(one.list as usize).map_or(&[], |kept| &kept.list.channels)
    }

    /// The day on which somebody last said that this is right.
    pub(super) fn confirmed_on(&self, one: Use) -> Option<NaiveDate> {
        self.lists.all.get(one.list as usize)?.list.confirmed_on
    }
}

/// Every distinct list of channels, with the number of those that show it.
#[derive(Debug, Default, Clone)]
struct Lists {
    all: Vec<Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    list: Arc<ShownList>,
    uses: u32,
}

/// Makes the adoptions of the next snapshot out of those of the last.
pub(super) struct Renewal {
    lists: Lists,
    numbers: HashMap<Arc<ShownList>, u32>,
    free: Vec<u32>,
}

impl Renewal {
    /// Begins with the lists that there are.
    pub(super) fn new(before: Option<&Adoptions>) -> Self {
        let lists = before.map(|before| before.lists.clone()).unwrap_or_default();
        let (mut numbers, mut free) = (HashMap::new(), Vec::new());
        for (number, kept) in (0..).zip(&lists.all) {
            if kept.uses == 0 {
                free.push(number);
            } else {
                numbers.insert(kept.list.clone(), number);
            }
        }
        Self { lists, numbers, free }
    }

    /// A use that shows these channels.
    pub(super) fn shows(&mut self, place: u32, updated_at: Timestamp, list: ShownList) -> Use {
        let updated = u32::try_from(updated_at.utc().timestamp() - EPOCH).unwrap_or(0);
        let list = self.number(list);
        self.again(Use { place, list, updated })
    }

    /// A use that shows what has this number already.
    pub(super) fn again(&mut self, one: Use) -> Use {
        if let Some(kept) = self.lists.all.get_mut(one.list as usize) {
            kept.uses += 1;
        }
        one
    }

    /// The number of a list. Without a use of it, it is forgotten by [`Renewal::forget_unused`].
    pub(super) fn number(&mut self, list: ShownList) -> u32 {
        if let Some(number) = self.numbers.get(&list) {
            return *number;
        }
        let kept = Kept { list: list.into(), uses: 0 };
        let next = u32::try_from(self.lists.all.len()).unwrap_or(u32::MAX);
        let number = self.free.pop().unwrap_or(next);
        self.numbers.insert(kept.list.clone(), number);
        match self.lists.all.get_mut(number as usize) {
            Some(place) => *place = kept,
            None => self.lists.all.push(kept),
        }
        number
    }

    /// Drops the lists that were numbered, but are not shown.
    pub(super) fn forget_unused(&mut self) {
        for kept in self.lists.all.iter_mut().filter(|kept| kept.uses == 0) {
            self.numbers.remove(&kept.list);
            kept.list = Arc::default();
        }
    }

    /// These show nothing any more.
    pub(super) fn drop_uses(&mut self, uses: &[Use]) {
        for one in uses {
            let Some(kept) = self.lists.all.get_mut(one.list as usize) else { continue };
            kept.uses = kept.uses.saturating_sub(1);
            if kept.uses == 0 {
                self.numbers.remove(&kept.list);
                kept.list = Arc::default();
                self.free.push(one.list);
            }
        }
    }

    /// The uses of a service after those in the places `changed`, in order, became `now`.
    pub(super) fn replace(&mut self, uses: &[Use], changed: &[u32], now: Vec<Use>) -> Vec<Use> {
        let is_changed = |one: &Use| changed.binary_search(&one.place).is_ok();
        let (old, mut kept): (Vec<Use>, Vec<Use>) = uses.iter().partition(|one| is_changed(one));
        self.drop_uses(&old);
        kept.extend(now);
        kept.sort_unstable_by_key(|one| one.place);
        kept
    }

    /// The uses of a service after places got other numbers; those whose place is gone are dropped.
    pub(super) fn renumber(&mut self, uses: &[Use], number: impl Fn(u32) -> Option<u32>) -> Vec<Use> {
        let mut all = Vec::with_capacity(uses.len());
        for one in uses {
            match number(one.place) {
                Some(place) => all.push(Use { place, ..*one }),
                None => self.drop_uses(std::slice::from_ref(one)),
            }
        }
        all.sort_unstable_by_key(|one| one.place);
        all
    }

    /// The adoptions, by the services' order.
    pub(super) fn finish(self, of: Vec<(Arc<[Use]>, i64)>) -> Adoptions {
        let (of, since) = of.into_iter().unzip();
        Adoptions { of, since, lists: self.lists }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::snapshot::hours::HoursTableBuilder;

    fn list(label: &str) -> ShownList {
        let channel = serde_json::json!({ "kind": "web", "label": label, "url": "https://hilfe.example.org" });
        let mut hours = HoursTableBuilder::new(Arc::default());
        ShownList {
            channels: [ShownChannel::new(serde_json::from_value(channel).unwrap(), &mut hours)].into(),
            ..ShownList::default()
        }
    }

    /// However often something changes, only what is shown is kept, and nobody is shown what is another's.
    #[test]
    fn lists_that_nobody_shows_make_room() {
        let now: Timestamp = serde_json::from_str("\"2026-11-24T10:00:00Z\"").unwrap();
        let mut adoptions = Adoptions::default();
        for round in 0..200u32 {
            let mut renewal = Renewal::new(Some(&adoptions));
            let before = adoptions.of.first().cloned().unwrap_or_default();
            let place = round % 3;
            let mine = renewal.shows(place, now, list(&format!("{round}")));
            let all = renewal.replace(&before, &[place], vec![mine]);
            adoptions = renewal.finish(vec![(all.into(), 1)]);
            for earlier in round.saturating_sub(2)..=round {
                let found = adoptions.find(0, earlier % 3).unwrap();
                assert_eq!(
                    (adoptions.shown(found), found.updated_at()),
                    (&list(&format!("{earlier}")).channels[..], now)
                );
            }
        }
        assert!(adoptions.lists.all.len() <= 4, "{}", adoptions.lists.all.len());
        let mut renewal = Renewal::new(Some(&adoptions));
        let equal = [renewal.shows(7, now, list("same")), renewal.shows(8, now, list("same"))];
        assert_eq!(equal[0].list, equal[1].list);
        let moved = renewal.renumber(&adoptions.of[0], |place| (place > 0).then(|| 10 - place));
        assert_eq!(moved.iter().map(|one| one.place).collect::<Vec<_>>(), [8, 9]);
    }
}
