//! Many channels at once, from a table.
//!
//! Invariant: what a channel says for itself was judged before, as was who may store it. Each adoption that shows one of
//! them has one new version for all of them; each channel has its own entry in the audit log.

use std::collections::HashMap;

use super::{Channel, HelpChannel, NewChannel};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, EntryRow, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::adoptions::Adoption;
use crate::directory::versions::{self, Because};
use crate::directory::{recounts, store};
use crate::error::{AppError, Faults};
use crate::ids::ChannelId;
use crate::keys::{Ars, Slug};

/// So many adoptions of a service are read at a time.
const PORTION: usize = 500;

/// A new channel, or what one that is there is to say.
pub(in crate::directory) enum Stored {
    /// Last in the order of its adoption, which is there.
    New(NewChannel),
    /// As it was read, and as it is to be.
    Changed(Box<HelpChannel>, Channel),
}

/// Channels with all that is written about them.
pub(in crate::directory) struct Ready {
    new: Vec<HelpChannel>,
    changed: Vec<HelpChannel>,
    entries: Vec<EntryRow>,
    /// The adoptions that show them, as they are.
    before: Vec<Adoption>,
    places: HashMap<Slug, Vec<Ars>>,
}

impl Ready {
    /// Makes them ready.
    pub fn new(conn: &mut Conn, actor: &Actor, all: Vec<Stored>, now: Timestamp) -> Result<Self, AppError> {
        let (mut new, mut changed, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match one {
                Stored::New(one) => {
                    let shown = channel_of!(one).complete("", &mut Faults::default());
                    let (id, service, ars) = (ChannelId::new(), one.service, one.ars);
                    let channel = HelpChannel { id, service, ars, shown, version: 1, updated_at: now };
                    let object = (ObjectKind::Channel, &channel.id as _);
                    entries.push(audit::row(actor, AuditAction::ChannelCreated, object, Trail::after(&channel), now)?);
                    new.push(channel);
                }
                Stored::Changed(found, shown) => {
                    let channel =
                        HelpChannel { shown, version: found.version + 1, updated_at: now, ..(*found).clone() };
                    let (object, trail) = ((ObjectKind::Channel, &channel.id as _), Trail::changed(&*found, &channel));
                    entries.push(audit::row(actor, AuditAction::ChannelChanged, object, trail, now)?);
                    changed.push(channel);
                }
            }
        }
        let mut places: HashMap<Slug, Vec<Ars>> = HashMap::new();
        for channel in new.iter().chain(&changed) {
            places.entry(channel.service.clone()).or_default().push(channel.ars.clone());
        }
        for all in places.values_mut() {
            all.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
            all.dedup();
        }
        let before = adoptions(conn, &places)?;
        Ok(Self { new, changed, entries, before, places })
    }
}

/// The adoptions of these services in these places, by service and place.
fn adoptions(conn: &mut Conn, of: &HashMap<Slug, Vec<Ars>>) -> Result<Vec<Adoption>, AppError> {
    let mut all = Vec::new();
    for (service, places) in of {
        for some in places.chunks(PORTION) {
            let rows = store::adoptions::in_places(conn, service, some)?;
            all.extend(store::adoptions::whole(conn, rows)?);
        }
    }
    all.sort_unstable_by_key(|one| one.id);
    Ok(all)
}

/// Stores them in this transaction; `Conflict` where one of them was changed since.
pub(in crate::directory) fn store_all(
    tx: &mut Tx,
    actor: &Actor,
    ready: &Ready,
    now: Timestamp,
) -> Result<(), AppError> {
    if ready.entries.is_empty() {
        return Ok(());
    }
    store::channels::update_all(tx, &ready.changed)?;
    let mut last = HashMap::new();
    let mut ordered = Vec::with_capacity(ready.new.len());
    for (service, places) in &ready.places {
        for some in places.chunks(PORTION) {
            for (ars, position) in store::channels::last_positions(tx, service, some)? {
                last.insert((service, ars), position);
            }
        }
    }
    for channel in &ready.new {
        let position = last.entry((&channel.service, channel.ars.clone())).or_insert(-1);
        *position += 1;
        ordered.push((channel, *position));
    }
    store::channels::insert_all(tx, &ordered)?;
    for (service, places) in &ready.places {
        for some in places.chunks(PORTION) {
            store::adoptions::touch_all(tx, service, some, now)?;
        }
    }
    audit::record_all(tx, &ready.entries.iter().collect::<Vec<_>>())?;
    let after = adoptions(tx, &ready.places)?;
    let pairs: Vec<(Adoption, Adoption)> = ready.before.iter().cloned().zip(after).collect();
    for (before, after) in &pairs {
        recounts::of_channels(tx, before, after)?;
    }
    let kept = versions::of_changed(tx, Because::of(actor, &None), &pairs, now)?;
    store::versions::insert_all(tx, &kept)?;
    store::changed(tx)
}
