//! Reads a snapshot in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::help::ShownChannel;
use super::hours::HoursTableBuilder;
use super::notices::Notices;
use super::{AdoptionEntry, Adoptions, PlaceEntry, Places, ServiceEntry, Snapshot, key};
use crate::db::Conn;
use crate::directory::municipalities::Municipality;
use crate::directory::store;
use crate::directory::store::successors::SuccessorRow;
use crate::error::AppError;
use crate::keys::{Ars, Slug};

/// How many rows are held at a time beside the snapshot itself.
const PIECE: i64 = 5_000;

/// A newer snapshot, if anything changed since `before`.
pub(super) fn newer(conn: &mut Conn, before: &Snapshot) -> Result<Option<Snapshot>, AppError> {
    if store::versions(conn)? == before.versions { Ok(None) } else { build(conn, Some(before)).map(Some) }
}

/// The present state. Municipalities are taken over from `before` unless they changed.
///
/// The versions are read first: what is committed while the rest is read is read again at the next look.
pub(super) fn build(conn: &mut Conn, before: Option<&Snapshot>) -> Result<Snapshot, AppError> {
    let versions = store::versions(conn)?;
    let places = match before.filter(|b| b.versions.1 == versions.1) {
        Some(before) => before.places.clone(),
        None => Arc::new(places(store::municipalities::all(conn)?, store::successors::all(conn)?)),
    };
    let services: Vec<ServiceEntry> = store::services::all(conn)?.into_iter().map(service).collect();
    let by_slug: HashMap<Box<str>, u32> =
        (0u32..).zip(&services).map(|(index, service)| (service.slug.as_str().into(), index)).collect();
    let notices = Notices::new(store::notices::all(conn)?, |slug| by_slug.get(slug).copied());
    let mut hours = HoursTableBuilder::new();
    let adoptions = adoptions(conn, &places, &by_slug, &mut hours)?;
    let closing_days = store::closing_days::all(conn)?.into();
    Ok(Snapshot { versions, places, services, by_slug, adoptions, notices, hours: hours.finish(), closing_days })
}

/// Municipalities by their keys. One that another took the place of is not among them; its keys lead to the other.
fn places(all: Vec<Municipality>, successors: Vec<SuccessorRow>) -> Places {
    let mut places = Places::default();
    let mut names: HashSet<Arc<str>> = HashSet::new();
    let mut shared = |text: &str| match names.get(text) {
        Some(known) => known.clone(),
        None => {
            let new: Arc<str> = text.into();
            names.insert(new.clone());
            new
        }
    };
    let is_replaced = |m: &Municipality| m.ended_on.is_some() && successors.iter().any(|one| one.old_ars == m.ars);
    places.all = all
        .into_iter()
        .filter(|m| !is_replaced(m))
        .map(|m| PlaceEntry {
            folded: store::municipalities::searched(&m).into(),
            name: m.name.into(),
            land: m.land,
            district: shared(&m.district),
            association: shared(&m.association),
            postal_code: m.postal_code.map(Into::into),
            in_115: m.in_115,
            is_ended: m.ended_on.is_some(),
            ars: m.ars,
        })
        .collect();
    for (index, place) in (0u32..).zip(&places.all) {
        if let Some(ars) = number(&place.ars) {
            places.by_ars.insert(ars, index);
        }
        if let Ok(ags) = place.ars.ags().as_str().parse() {
            places.by_ags.entry(ags).and_modify(|known| *known = None).or_insert(Some(index));
        }
    }
    for one in &successors {
        let Some(index) = number(&one.new_ars).and_then(|new| places.by_ars.get(&new).copied()) else { continue };
        if let Some(old) = number(&one.old_ars) {
            places.by_ars.entry(old).or_insert(index);
        }
        if let Ok(ags) = one.old_ars.ags().as_str().parse() {
            places.by_ags.entry(ags).or_insert(Some(index));
        }
    }
    places
}

fn service(service: crate::directory::services::Service) -> ServiceEntry {
    ServiceEntry {
        slug: service.slug,
        name: service.name.into(),
        operating_land: service.operating_land,
        operator: service.operator.into(),
        assessment: service.assessment,
        notice: service.notice.map(Into::into),
        updated_at: service.updated_at,
    }
}

fn adoptions(
    conn: &mut Conn,
    places: &Places,
    services: &HashMap<Box<str>, u32>,
    hours: &mut HoursTableBuilder,
) -> Result<Adoptions, AppError> {
    let index = |service: &Slug, ars: &Ars| {
        // A key of before leads to the place of today, but what is left under it is not the use of today.
        let place = *places.by_ars.get(&number(ars)?)?;
        places.all.get(place as usize).filter(|entry| entry.ars == *ars)?;
        Some(key(*services.get(service.as_str())?, place))
    };
    let mut all: Vec<(u64, AdoptionEntry)> = Vec::new();
    let mut after = None;
    loop {
        let rows = store::adoptions::next(conn, after, PIECE)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        all.extend(rows.iter().filter_map(|row| {
            let entry = AdoptionEntry { id: row.id, state: row.state, updated_at: row.updated_at, channels: 0 };
            Some((index(&row.service, &row.ars)?, entry))
        }));
    }
    all.sort_unstable_by_key(|(key, _)| *key);
    let (keys, entries) = all.into_iter().unzip();
    let mut adoptions = Adoptions { keys, entries, channels: vec![Box::default()] };
    channels(conn, &mut adoptions, hours, index)?;
    Ok(adoptions)
}

/// Hangs each adoption's channels on it; a list that many adoptions share is kept once.
fn channels(
    conn: &mut Conn,
    adoptions: &mut Adoptions,
    hours: &mut HoursTableBuilder,
    index: impl Fn(&Slug, &Ars) -> Option<u64>,
) -> Result<(), AppError> {
    let mut known: HashMap<Box<[ShownChannel]>, u32> = HashMap::new();
    let mut hang = |adoptions: &mut Adoptions, key: Option<u64>, list: Vec<ShownChannel>| {
        let Some(at) = key.and_then(|key| adoptions.keys.binary_search(&key).ok()) else { return };
        let list: Box<[ShownChannel]> = list.into();
        let next = u32::try_from(adoptions.channels.len()).unwrap_or(0);
        let number = *known.entry(list.clone()).or_insert(next);
        if number == next {
            adoptions.channels.push(list);
        }
        if let Some(entry) = adoptions.entries.get_mut(at) {
            entry.channels = number;
        }
    };
    let mut list = Vec::new();
    let mut place = None;
    let mut after = None;
    loop {
        let rows = store::channels::next(conn, after.as_ref(), PIECE)?;
        let Some((last, position)) = rows.last() else { break };
        after = Some((last.service.clone(), last.ars.clone(), *position, last.id));
        for (channel, _) in rows {
            let its = Some((channel.service.clone(), channel.ars.clone()));
            if its != place {
                hang(adoptions, place.as_ref().and_then(|(s, a)| index(s, a)), std::mem::take(&mut list));
                place = its;
            }
            list.push(ShownChannel::new(channel.shown, hours));
        }
    }
    hang(adoptions, place.as_ref().and_then(|(s, a)| index(s, a)), list);
    Ok(())
}

fn number(ars: &Ars) -> Option<u64> {
    ars.as_str().parse().ok()
}
