//! Who is told that a contact is not as it should be: whoever leads a project that names it, directly or as a deputy.
//!
//! Invariant: nobody is told of themselves, and nobody who could not read it: one who was ended, or whose mail comes
//! back. Where no lead is left, the central contact is told; for a contact of a service or a Land, the fallback of
//! the Land that operates it. Where nobody is left at all, only the gaps show it.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use crate::db::Conn;
use crate::directory::resolve::{Span, Way};
use crate::directory::store::{self, duties::DutyRow};
use crate::directory::terms::{Duty, Scope};
use crate::directory::ways;
use crate::error::AppError;
use crate::keys::{Ars, LandCode, Slug};

/// Where a contact is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Matter {
    Adoption(Slug, Ars),
    Land(&'static str),
}

/// Who is told, level by level.
type Levels = [Vec<Slug>; 2];

/// For each of these contacts, who is told of it.
pub(super) fn leads(
    conn: &mut Conn,
    contacts: &[Slug],
    today: NaiveDate,
) -> Result<HashMap<Slug, BTreeSet<Slug>>, AppError> {
    let matters = matters(conn, contacts, today)?;
    let all: HashSet<&Matter> = matters.values().flatten().collect();
    let levels = levels(conn, &all, today)?;
    let candidates: HashSet<Slug> = levels.values().flatten().flatten().cloned().collect();
    let reachable = reachable(conn, candidates, today)?;
    let told = |contact: &Slug, matter: &Matter| -> Vec<Slug> {
        // Whoever is away reads it too late: they are told only where nobody else is left.
        let of = |may_be_away: bool| {
            let can = |level: &Vec<Slug>| -> Vec<Slug> {
                let reads = |slug: &&Slug| reachable.get(*slug).is_some_and(|is_away| may_be_away || !is_away);
                level.iter().filter(|slug| *slug != contact).filter(reads).cloned().collect()
            };
            levels.get(matter).into_iter().flatten().map(can).find(|found| !found.is_empty())
        };
        of(false).or_else(|| of(true)).unwrap_or_default()
    };
    Ok(matters
        .iter()
        .map(|(contact, matters)| (contact.clone(), matters.iter().flat_map(|matter| told(contact, matter)).collect()))
        .collect())
}

/// Where each contact is named, by itself or through those it stands in for.
fn matters(conn: &mut Conn, contacts: &[Slug], today: NaiveDate) -> Result<HashMap<Slug, BTreeSet<Matter>>, AppError> {
    let mut concerns: HashMap<Slug, Vec<Slug>> =
        contacts.iter().map(|slug| (slug.clone(), vec![slug.clone()])).collect();
    for row in store::contacts::with_deputy(conn, contacts)? {
        if let Some(deputy) = row.deputy {
            concerns.entry(row.slug).or_default().push(deputy);
        }
    }
    let operating: HashMap<Slug, LandCode> =
        store::services::all(conn)?.into_iter().map(|service| (service.slug, service.operating_land)).collect();
    let names: Vec<Slug> = concerns.keys().cloned().collect();
    let mut found = HashMap::<Slug, BTreeSet<Matter>>::new();
    for row in store::duties::of_contacts(conn, &names)? {
        if row.valid_to.is_some_and(|to| to < today) {
            continue;
        }
        let Some(matter) = matter(&row, &operating) else { continue };
        for contact in concerns.get(&row.contact).into_iter().flatten() {
            found.entry(contact.clone()).or_default().insert(matter.clone());
        }
    }
    Ok(found)
}

fn matter(row: &DutyRow, operating: &HashMap<Slug, LandCode>) -> Option<Matter> {
    match row.scope {
        Scope::Adoption => Some(Matter::Adoption(row.service.clone()?, row.region.as_str().parse().ok()?)),
        Scope::Service => Some(Matter::Land(operating.get(row.service.as_ref()?)?.as_str())),
        Scope::Land => Some(Matter::Land(row.land?.as_str())),
    }
}

/// Who is told of what happens there: the leads, then the central contacts; for a Land, its fallback.
fn levels(conn: &mut Conn, matters: &HashSet<&Matter>, today: NaiveDate) -> Result<HashMap<Matter, Levels>, AppError> {
    let mut found = HashMap::<Matter, Levels>::new();
    let places: Vec<(Slug, Ars)> = matters
        .iter()
        .filter_map(|matter| match matter {
            Matter::Adoption(service, ars) => Some((service.clone(), ars.clone())),
            Matter::Land(_) => None,
        })
        .collect();
    for some in places.chunks(500) {
        let (services, places): (Vec<Slug>, Vec<Ars>) = some.iter().cloned().unzip();
        let present = store::adoptions::present(conn, &services, &places)?;
        for row in store::duties::of_adoptions(conn, &services, &places)? {
            let level = match row.duty {
                Duty::ProjectLead => 0,
                Duty::Central => 1,
                _ => continue,
            };
            let (Some(service), Ok(ars)) = (row.service.clone(), row.region.as_str().parse::<Ars>()) else { continue };
            let key = (service, ars);
            if days(&row).holds(today) && present.contains(&key) {
                found.entry(Matter::Adoption(key.0, key.1)).or_default()[level].push(row.contact);
            }
        }
    }
    if matters.iter().any(|matter| matches!(matter, Matter::Land(_))) {
        let fallback = store::duties::shared(conn)?.into_iter().filter(|row| row.scope == Scope::Land);
        for row in fallback.filter(|row| days(row).holds(today)) {
            let Some(land) = row.land else { continue };
            found.entry(Matter::Land(land.as_str())).or_default()[0].push(row.contact);
        }
    }
    Ok(found)
}

fn days(row: &DutyRow) -> Span {
    Span { from: row.valid_from, to: row.valid_to }
}

/// Who of them can read it, and whether they are away today.
fn reachable(conn: &mut Conn, candidates: HashSet<Slug>, today: NaiveDate) -> Result<HashMap<Slug, bool>, AppError> {
    let rows = store::contacts::of(conn, &candidates.into_iter().collect::<Vec<_>>())?;
    let endpoints = ways::endpoints(conn, &rows)?;
    let can_read = |row: &&store::contacts::ContactRow| {
        let fact = ways::fact(row, &endpoints);
        !fact.is_ended && fact.valid.holds(today) && fact.mail == Way::Works
    };
    let is_away = |row: &store::contacts::ContactRow| ways::fact(row, &endpoints).is_absent(today);
    Ok(rows.iter().filter(can_read).map(|row| (row.slug.clone(), is_away(row))).collect())
}
