//! A copy of the adoptions in the database, in the form the snapshot has them in: a start reads it in the time it takes
//! to read some megabytes, and after it only what changed since. Without it a start reads every adoption with its
//! channels, row by row.
//!
//! Invariant: what holds is `adoptions` and `help_channels`; the copy of each service is right as of the version under
//! `kept_help` in `changes`, or later, and reading a change that is in it already changes nothing. What cannot be read,
//! or is numbered by another list of municipalities, is as if it were not there. It stands in the database, so a backup
//! and a restore take it along with what it is a copy of. Any instance may write it; an older state never replaces a
//! newer one.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::adoptions::{Renewal, Use};
use super::hours::HoursTableBuilder;
use super::shown::{ShownChannel, ShownList};
use super::{Places, Snapshot};
use crate::db::types::Json;
use crate::db::{Conn, Db};
use crate::directory::channels::Channel;
use crate::directory::store::adoptions;
use crate::directory::store::kept_help::{self as store, KeptRow};
use crate::error::AppError;
use crate::keys::{Ars, Slug};

/// With fewer live adoptions than this nothing is kept: reading them costs less than a moment.
pub(super) const FEW: usize = 2_000;
/// With more changes than this since, the copy is written anew; so many are read at a start in a few milliseconds.
const MANY_CHANGES: usize = 200;
/// So many lists are written or dropped in one transaction.
const PORTION: usize = 200;

/// Place, time, and the number of what is shown.
const USE: usize = 4 + 4 + 4;
/// Written otherwise, it is to have another number.
const FORM: u8 = 2;
const HASH: usize = 16;

/// What an adoption shows, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptList {
    channels: Vec<Channel>,
    confirmed_on: Option<NaiveDate>,
}

/// The number each list of ways has in the new snapshot, by the number under which it is kept.
pub(super) struct Numbers(Vec<Option<u32>>);

impl Numbers {
    fn get(&self, kept: u32) -> Option<u32> {
        self.0.get(kept as usize).copied().flatten()
    }
}

/// What a list of municipalities is recognised by: uses are numbered by their places in it. What is kept in another form
/// is not recognised either.
pub(super) fn mark<'a>(places: impl Iterator<Item = &'a Ars>) -> i64 {
    let mut all = Sha256::new();
    all.update([FORM]);
    places.for_each(|ars| all.update(ars.as_str()));
    let mut first = [0; 8];
    all.finalize().iter().zip(&mut first).for_each(|(from, to)| *to = *from);
    i64::from_le_bytes(first)
}

/// Every list of ways that is kept, with numbers of the new snapshot.
pub(super) fn lists(
    conn: &mut Conn,
    renewal: &mut Renewal,
    hours: &mut HoursTableBuilder,
) -> Result<Numbers, AppError> {
    let mut numbers = Vec::new();
    for (kept, ways) in store::ways(conn)? {
        // What an earlier or later version of Lotse wrote otherwise is not known here.
        let Some((kept, list)) = usize::try_from(kept).ok().zip(ways.read::<KeptList>().ok()) else { continue };
        let channels = list.channels.into_iter().map(|channel| ShownChannel::new(channel, hours)).collect();
        let number = renewal.number(ShownList { channels, confirmed_on: list.confirmed_on });
        if numbers.len() <= kept {
            numbers.resize(kept + 1, None);
        }
        if let Some(place) = numbers.get_mut(kept) {
            *place = Some(number);
        }
    }
    Ok(Numbers(numbers))
}

/// The uses of a service as they were kept, and as of which version; none where they cannot be used.
pub(super) fn uses(
    conn: &mut Conn,
    service: &Slug,
    places: &Places,
    lists: &Numbers,
) -> Result<Option<(Vec<Use>, i64)>, AppError> {
    let row = store::find(conn, service)?.filter(|row| row.places == places.mark);
    Ok(row.and_then(|row| Some((decode(&row.uses, places.all.len(), lists)?, row.version))))
}

fn decode(bytes: &[u8], places: usize, lists: &Numbers) -> Option<Vec<Use>> {
    let mut uses: Vec<Use> = Vec::with_capacity(bytes.len() / USE);
    let mut chunks = bytes.chunks_exact(USE);
    for chunk in &mut chunks {
        let [place, updated, list] = *chunk.as_chunks::<4>().0 else { return None };
        let place = u32::from_le_bytes(place);
        if place as usize >= places || uses.last().is_some_and(|last| last.place >= place) {
            return None;
        }
        let list = lists.get(u32::from_le_bytes(list))?;
        uses.push(Use { place, list, updated: u32::from_le_bytes(updated) });
    }
    chunks.remainder().is_empty().then_some(uses)
}

fn encode(uses: &[Use], kept: &HashMap<u32, u32>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(uses.len() * USE);
    for one in uses {
        bytes.extend(one.place.to_le_bytes());
        bytes.extend(one.updated.to_le_bytes());
        bytes.extend(kept.get(&one.list)?.to_le_bytes());
    }
    Some(bytes)
}

/// Brings the copy up to this snapshot, where it is worth it. False when `stop` turned true meanwhile.
pub(super) async fn round(db: &Db, snapshot: &Snapshot, stop: &watch::Receiver<bool>) -> Result<bool, AppError> {
    let adoptions = &snapshot.adoptions;
    let (since, kept, changes) = db
        .read(|conn| {
            let since = store::since(conn)?;
            let most = i64::try_from(MANY_CHANGES + 1).unwrap_or(i64::MAX);
            Ok((since, store::services(conn)?, adoptions::any_changed(conn, since, most)?))
        })
        .await?;
    if since == 0 && adoptions.count() < FEW {
        return Ok(true);
    }
    let kept: HashMap<Slug, (i64, i64)> =
        kept.into_iter().map(|(slug, version, mark)| (slug, (version, mark))).collect();
    let is_usable = |slug: &Slug| kept.get(slug).is_some_and(|(_, mark)| *mark == snapshot.places.mark);
    if since > 0 && changes <= MANY_CHANGES && snapshot.services.iter().all(|service| is_usable(&service.slug)) {
        return Ok(true);
    }
    write(db, snapshot, &kept, stop).await
}

/// Writes what is not kept as it is now, in small transactions: lists first, then the services that refer to them, and at
/// the end that all of it is right.
pub(super) async fn write(
    db: &Db,
    snapshot: &Snapshot,
    kept: &HashMap<Slug, (i64, i64)>,
    stop: &watch::Receiver<bool>,
) -> Result<bool, AppError> {
    let mut hashes = HashMap::new();
    let mut all = HashMap::new();
    for (number, list) in snapshot.adoptions.lists() {
        let channels: Result<Vec<Channel>, AppError> =
            list.channels.iter().map(|one| one.channel(&snapshot.hours)).collect();
        let ways = Json::of(&KeptList { channels: channels?, confirmed_on: list.confirmed_on })?;
        let hash: Vec<u8> = Sha256::digest(ways.as_str()).iter().take(HASH).copied().collect();
        hashes.insert(number, hash.clone());
        all.insert(hash, ways);
    }
    let known: HashMap<Vec<u8>, i32> = db.read(store::hashes).await?.into_iter().collect();
    let surplus: Vec<Vec<u8>> = known.keys().filter(|hash| !all.contains_key(*hash)).cloned().collect();
    let is_mostly_surplus = surplus.len() > known.len() / 2;
    let missing: Vec<(Vec<u8>, Json)> = all.into_iter().filter(|(hash, _)| !known.contains_key(hash)).collect();
    for some in missing.chunks(PORTION).map(<[_]>::to_vec) {
        db.write(move |tx| store::add_ways(tx, &some)).await?;
    }
    let numbered = if missing.is_empty() { known } else { db.read(store::hashes).await?.into_iter().collect() };
    let kept_as = |hash: &Vec<u8>| u32::try_from(*numbered.get(hash)?).ok();
    let lists: HashMap<u32, u32> =
        hashes.into_iter().filter_map(|(number, hash)| Some((number, kept_as(&hash)?))).collect();
    let its = snapshot.services.iter().zip(&snapshot.adoptions.of).zip(&snapshot.adoptions.since);
    for ((service, uses), since) in its {
        if kept.get(&service.slug).is_some_and(|(version, mark)| *mark == snapshot.places.mark && version >= since) {
            continue;
        }
        if *stop.borrow() {
            return Ok(false);
        }
        let uses = encode(uses, &lists).ok_or_else(|| AppError::internal("a use shows a list that is not there"))?;
        // As of this version they are right, not only as of the one they were changed in.
        let row =
            KeptRow { service: service.slug.clone(), version: snapshot.versions.0, places: snapshot.places.mark, uses };
        db.write(move |tx| store::save(tx, &row)).await?;
    }
    let services: Vec<Slug> = snapshot.services.iter().map(|service| service.slug.clone()).collect();
    let version = snapshot.versions.0;
    db.write(move |tx| store::complete(tx, &services, version)).await?;
    // What nothing shows any more goes when it is much; who reads a service that refers to it reads that anew.
    if is_mostly_surplus {
        for some in surplus.chunks(PORTION).map(<[_]>::to_vec) {
            db.write(move |tx| store::drop_ways(tx, &some)).await?;
        }
    }
    Ok(true)
}
