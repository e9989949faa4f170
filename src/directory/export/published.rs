//! What the public is shown of an adoption, as it goes to an editorial system.
//!
//! Invariant: the digest covers everything a system would take over and nothing else, so that equal digests mean
//! there is nothing to transfer. An entry's `changed_at` may be later than its last true change, never earlier.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::adoptions::Adoption;
use crate::directory::channels::Channel;
use crate::directory::services::Service;
use crate::directory::store;
use crate::directory::store::adoptions::AdoptionRow;
use crate::directory::terms::AdoptionState;
use crate::directory::transfers::TransferState;
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{Ars, Leistungsschluessel, Slug};

/// The help of one adoption as it is published.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Published {
    /// Which adoption.
    pub adoption: AdoptionId,
    /// For which service.
    pub service: PublishedService,
    /// In which municipality.
    pub municipality: PublishedPlace,
    /// How the public reaches help, in order.
    pub channels: Vec<Channel>,
    /// When any of this changed last.
    pub changed_at: Timestamp,
    /// The day it was last entered into an editorial system.
    pub transferred_on: Option<NaiveDate>,
    /// True where it was never entered, or has changed since.
    pub pending_transfer: bool,
    /// True where it is shown no more, because the adoption was suspended or ended: it is to be taken away over there.
    pub removed: bool,
    /// Why the XZuFi file leaves it out, where it does.
    pub not_in_xzufi: Option<String>,
    /// How it stands with its editorial system.
    #[serde(skip)]
    #[schema(ignore)]
    pub state: TransferState,
    /// Equal where the same is published; the `seen` of a transfer.
    pub digest: String,
}

/// A service as editorial systems know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PublishedService {
    /// The name in addresses.
    pub slug: Slug,
    /// The name people know.
    pub name: String,
    /// Its Leistungsschlüssel.
    pub leistung: Option<Leistungsschluessel>,
}

/// A municipality by key and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PublishedPlace {
    /// Its key.
    pub ars: Ars,
    /// Its name.
    pub name: String,
}

/// What these adoptions show, in their order. Those that ended, are out of use, or whose service ended, show nothing:
/// they are removed. One that never went live is told as removed as well; nobody asks for it here.
pub(in crate::directory) fn published(conn: &mut Conn, rows: Vec<AdoptionRow>) -> Result<Vec<Published>, AppError> {
    let ids: Vec<AdoptionId> = rows.iter().map(|row| row.id).collect();
    let transfers = store::transfers::newest(conn, &ids)?;
    let used: HashSet<&Slug> = rows.iter().map(|row| &row.service).collect();
    let services = store::services::all(conn)?.into_iter().filter(|service| used.contains(&service.slug));
    let mut services: HashMap<Slug, Service> = services.map(|service| (service.slug.clone(), service)).collect();
    let present: HashSet<Slug> = services.keys().cloned().collect();
    for slug in used.into_iter().filter(|slug| !present.contains(*slug)) {
        services.extend(store::services::known(conn, slug)?.map(|service| (service.slug.clone(), service)));
    }
    let ended: HashMap<AdoptionId, Timestamp> =
        rows.iter().filter_map(|row| row.ended_at.map(|at| (row.id, at))).collect();
    let keys: Vec<Ars> = rows.iter().map(|row| row.ars.clone()).collect();
    let places: HashMap<Ars, _> =
        store::municipalities::of(conn, &keys)?.into_iter().map(|place| (place.ars.clone(), place)).collect();
    let mut all = Vec::with_capacity(rows.len());
    for adoption in store::adoptions::whole(conn, rows)? {
        let Some((service, place)) = services.get(&adoption.service).zip(places.get(&adoption.ars)) else { continue };
        let ended_at = ended.get(&adoption.id).copied();
        let changed = [Some(adoption.updated_at), Some(service.updated_at), place.changed_at, ended_at];
        let changed_at = changed.into_iter().flatten().max().unwrap_or(adoption.updated_at);
        let is_shown =
            adoption.state == AdoptionState::Live && ended_at.is_none() && present.contains(&adoption.service);
        let mut entry = entry(adoption, service, &place.name, changed_at, is_shown)?;
        if let Some(last) = transfers.get(&entry.adoption) {
            let is_current = last.digest == entry.digest;
            entry.state = TransferState { last: Some(last.noted_at), on: Some(last.day), is_current };
        }
        entry.transferred_on = entry.state.on;
        // What is shown no more, and was never entered over there, needs nobody.
        entry.pending_transfer = !entry.state.is_current && (is_shown || entry.state.last.is_some());
        all.push(entry);
    }
    Ok(all)
}

fn entry(
    adoption: Adoption,
    service: &Service,
    place: &str,
    changed_at: Timestamp,
    is_shown: bool,
) -> Result<Published, AppError> {
    let service =
        PublishedService { slug: service.slug.clone(), name: service.name.clone(), leistung: service.leistung.clone() };
    let municipality = PublishedPlace { ars: adoption.ars, name: place.to_owned() };
    let channels: Vec<Channel> = adoption.channels.into_iter().map(|channel| channel.shown).collect();
    let shown = serde_json::to_vec(&(&service, &municipality, &channels, is_shown)).map_err(AppError::internal)?;
    let not_in_xzufi = service
        .leistung
        .is_none()
        .then(|| format!("the service {} has no Leistungsschlüssel; enter it at the service", service.slug));
    Ok(Published {
        adoption: adoption.id,
        service,
        municipality,
        channels,
        changed_at,
        transferred_on: None,
        pending_transfer: true,
        removed: !is_shown,
        not_in_xzufi,
        state: TransferState::default(),
        digest: Sha256::digest(&shown).iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}
