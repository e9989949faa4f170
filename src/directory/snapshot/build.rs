//! Reads a snapshot in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::adoptions::{Renewal, Use};
use super::hours::HoursTableBuilder;
use super::kept;
use super::notices::Notices;
use super::shown::{ShownChannel, ShownList};
use super::{PlaceEntry, Places, ServiceEntry, Snapshot};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::channels::Channel;
use crate::directory::hours::ClosedYearly;
use crate::directory::municipalities::Municipality;
use crate::directory::store;
use crate::directory::store::successors::SuccessorRow;
use crate::error::AppError;
use crate::keys::Ars;

/// Where more of a service's adoptions changed than this, all of it is read again: as much work, and less to hold.
const MANY: i64 = 500;

/// A newer snapshot, if anything changed since `before`.
pub(super) fn newer(conn: &mut Conn, before: &Snapshot) -> Result<Option<Snapshot>, AppError> {
    if store::versions(conn)? == before.versions {
        Ok(None)
    } else {
        build(conn, Some(before), &Arc::default()).map(Some)
    }
}

/// The present state. Municipalities are taken over from `before` unless they changed, and so is each adoption.
///
/// The versions are read first: what is committed while the rest is read is read again at the next look.
pub(super) fn build(
    conn: &mut Conn,
    before: Option<&Snapshot>,
    yearly: &Arc<[ClosedYearly]>,
) -> Result<Snapshot, AppError> {
    let versions = store::versions(conn)?;
    let places = match before.filter(|b| b.versions.1 == versions.1) {
        Some(before) => before.places.clone(),
        None => {
            let mut places = places(store::municipalities::all(conn)?, store::successors::all(conn)?);
            places.take_postal_codes(store::municipalities::postal_codes(conn)?);
            Arc::new(places)
        }
    };
    let services: Vec<ServiceEntry> = store::services::all(conn)?.into_iter().map(service).collect();
    let by_slug: HashMap<Box<str>, u32> =
        (0u32..).zip(&services).map(|(index, service)| (service.slug.as_str().into(), index)).collect();
    let notices = Notices::new(store::notices::all(conn)?, |slug| by_slug.get(slug).copied());
    let closing_days = store::closing_days::all(conn)?.into();
    let hours = match before {
        Some(before) => HoursTableBuilder::further(&before.hours),
        None => HoursTableBuilder::new(yearly.clone()),
    };
    let renewal = Renewal::new(before.map(|before| &before.adoptions));
    let mut reader = Reader { places: &places, renewal, hours, version: versions.0 };
    let of = match before {
        Some(before) => reader.renewed(conn, &services, before)?,
        None => reader.first(conn, &services)?,
    };
    let (adoptions, hours) = (reader.renewal.finish(of), reader.hours.finish());
    Ok(Snapshot { versions, places, services, by_slug, adoptions, notices, hours, closing_days })
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
            more_codes: Box::default(),
            in_115: m.in_115,
            is_ended: m.ended_on.is_some(),
            ars: m.ars,
        })
        .collect();
    places.mark = kept::mark(places.all.iter().map(|place| &place.ars));
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

impl Places {
    /// Notes which further postal codes lie in which of them.
    fn take_postal_codes(&mut self, codes: Vec<(String, Ars)>) {
        let mut more: HashMap<u32, Vec<String>> = HashMap::new();
        for (code, ars) in codes {
            let Some(index) = number(&ars).and_then(|ars| self.by_ars.get(&ars).copied()) else { continue };
            more.entry(index).or_default().push(code);
        }
        for (index, codes) in more {
            if let Some(place) = self.all.get_mut(index as usize) {
                place.more_codes = codes.join(" ").into();
            }
        }
    }
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

/// Reads the adoptions in.
struct Reader<'a> {
    places: &'a Arc<Places>,
    renewal: Renewal,
    hours: HoursTableBuilder,
    /// The version of the directory that is read.
    version: i64,
}

/// The uses of a service, and the version since when.
type Since = (Arc<[Use]>, i64);

impl Reader<'_> {
    /// The uses of each service: as they were before, but for those that changed.
    fn renewed(
        &mut self,
        conn: &mut Conn,
        services: &[ServiceEntry],
        before: &Snapshot,
    ) -> Result<Vec<Since>, AppError> {
        let changed: HashMap<_, _> = store::adoptions::count_changed(conn, before.versions.0)?.into_iter().collect();
        let mut of = Vec::with_capacity(services.len());
        let mut left: HashSet<u32> = (0u32..).zip(&before.services).map(|(index, _)| index).collect();
        for service in services {
            let known = before.by_slug.get(service.slug.as_str()).copied();
            let at = known.map(|index| index as usize);
            let its = at.and_then(|at| before.adoptions.of.get(at).zip(before.adoptions.since.get(at)));
            if let Some(index) = known {
                left.remove(&index);
            }
            of.push(match (its, changed.get(&service.slug).copied().unwrap_or(0)) {
                (None, _) => self.whole(conn, service)?,
                (Some((uses, _)), count) if count > MANY => {
                    self.renewal.drop_uses(uses);
                    self.whole(conn, service)?
                }
                (Some((uses, since)), count) => {
                    let now = self.moved(uses, before);
                    match count {
                        0 if Arc::ptr_eq(&now, uses) => (now, *since),
                        0 => (now, self.version),
                        _ => self.patched(conn, service, &now, before.versions.0)?,
                    }
                }
            });
        }
        for gone in left {
            if let Some(uses) = before.adoptions.of.get(gone as usize) {
                self.renewal.drop_uses(uses);
            }
        }
        Ok(of)
    }

    /// The uses of each service: as they were kept, but for those that changed since.
    fn first(&mut self, conn: &mut Conn, services: &[ServiceEntry]) -> Result<Vec<Since>, AppError> {
        let since = store::kept_help::since(conn)?;
        if since == 0 {
            return services.iter().map(|service| self.whole(conn, service)).collect();
        }
        let changed: HashMap<_, _> = store::adoptions::count_changed(conn, since)?.into_iter().collect();
        let lists = kept::lists(conn, &mut self.renewal, &mut self.hours)?;
        // All that is kept is counted before anything is replaced: services share lists, and one that the first of them
        // gives up is still another's.
        let mut kept = Vec::with_capacity(services.len());
        for service in services {
            let count = changed.get(&service.slug).copied().unwrap_or(0);
            let its = match count > MANY {
                true => None,
                false => kept::uses(conn, &service.slug, self.places, &lists)?,
            };
            let its = its.map(|(uses, version)| -> Since {
                (uses.into_iter().map(|one| self.renewal.again(one)).collect(), version)
            });
            kept.push((count, its));
        }
        let mut of = Vec::with_capacity(services.len());
        for (service, (count, its)) in services.iter().zip(kept) {
            of.push(match its {
                None => self.whole(conn, service)?,
                Some(its) if count == 0 => its,
                Some((uses, _)) => self.patched(conn, service, &uses, since)?,
            });
        }
        self.renewal.forget_unused();
        Ok(of)
    }

    /// All live uses of a service.
    fn whole(&mut self, conn: &mut Conn, service: &ServiceEntry) -> Result<Since, AppError> {
        let live = store::adoptions::live(conn, &service.slug)?;
        let channels = store::channels::of_service(conn, &service.slug)?;
        let confirmed = store::duties::central_confirmed(conn, &service.slug, None)?;
        Ok((self.uses(live, channels, confirmed).into(), self.version))
    }

    /// The uses of a service, after those that changed since a version were read again.
    fn patched(
        &mut self,
        conn: &mut Conn,
        service: &ServiceEntry,
        uses: &[Use],
        after: i64,
    ) -> Result<Since, AppError> {
        let rows = store::adoptions::changed(conn, &service.slug, after)?;
        let mut changed: Vec<u32> = rows.iter().filter_map(|row| self.places.exact(&row.ars)).collect();
        changed.sort_unstable();
        let live: Vec<(Ars, Timestamp)> =
            rows.into_iter().filter(|row| row.is_live()).map(|row| (row.ars, row.updated_at)).collect();
        let places: Vec<Ars> = live.iter().map(|(ars, _)| ars.clone()).collect();
        let channels = store::channels::of_adoptions(conn, std::slice::from_ref(&service.slug), &places)?;
        let channels = channels.into_iter().map(|channel| (channel.ars, channel.shown, channel.updated_at)).collect();
        let confirmed = store::duties::central_confirmed(conn, &service.slug, Some(&places))?;
        let now = self.uses(live, channels, confirmed);
        Ok((self.renewal.replace(uses, &changed, now).into(), self.version))
    }

    /// Hangs on each use its channels, which stand in their order, and the day on which they were confirmed.
    fn uses(
        &mut self,
        live: Vec<(Ars, Timestamp)>,
        channels: Vec<(Ars, Channel, Timestamp)>,
        confirmed: Vec<(Ars, NaiveDate)>,
    ) -> Vec<Use> {
        let mut days: HashMap<u32, NaiveDate> = HashMap::new();
        for (ars, day) in confirmed {
            if let Some(place) = self.places.exact(&ars) {
                let last = days.entry(place).or_insert(day);
                *last = day.max(*last);
            }
        }
        let mut shown: HashMap<u32, Vec<ShownChannel>> = HashMap::new();
        for (ars, channel, changed_at) in channels {
            if let Some(place) = self.places.exact(&ars) {
                shown.entry(place).or_default().push(ShownChannel::new(channel, &mut self.hours));
                // Whoever confirmed it before did not see this.
                if days.get(&place).is_some_and(|day| changed_at.day_in_berlin() >= *day) {
                    days.remove(&place);
                }
            }
        }
        let mut uses: Vec<Use> = live
            .into_iter()
            .filter_map(|(ars, updated_at)| {
                let place = self.places.exact(&ars)?;
                let list = ShownList {
                    channels: shown.remove(&place).unwrap_or_default().into(),
                    confirmed_on: days.get(&place).copied(),
                };
                Some(self.renewal.shows(place, updated_at, list))
            })
            .collect();
        uses.sort_unstable_by_key(|one| one.place);
        uses
    }

    /// The uses with the numbers that their places have now.
    fn moved(&mut self, uses: &Arc<[Use]>, before: &Snapshot) -> Arc<[Use]> {
        if Arc::ptr_eq(self.places, &before.places) {
            return uses.clone();
        }
        let places = self.places;
        let number = |old: u32| places.exact(&before.places.all.get(old as usize)?.ars);
        self.renewal.renumber(uses, number).into()
    }
}

impl Places {
    /// The number of the place of just this key. A key of before leads to the place of today, but what is left under it
    /// is not the use of today.
    fn exact(&self, ars: &Ars) -> Option<u32> {
        let place = *self.by_ars.get(&number(ars)?)?;
        self.all.get(place as usize).filter(|entry| entry.ars == *ars).map(|_| place)
    }
}

fn number(ars: &Ars) -> Option<u64> {
    ars.as_str().parse().ok()
}
