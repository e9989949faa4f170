//! The facts of many roll-outs at once from the database, and the verdicts on them.
//!
//! Invariant: the number of statements does not rise with the number of adoptions, so that the gap report and lists
//! judge by the same rules as one checklist does. The rules stand in `verdict.rs`.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::finding::{Facts, Finding, Holder, Terms, Transferred, finding};
use super::item::Item;
use super::verdict::{Entered, Judgement, judge};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::adoptions::Adoption;
use crate::directory::municipalities::Municipality;
use crate::directory::resolve::Span;
use crate::directory::services::Service;
use crate::directory::store;
use crate::directory::store::duties::DutyRow;
use crate::directory::store::rollout::{ItemRow, RolloutRow};
use crate::directory::terms::{Duty, Scope};
use crate::directory::transfers::{TransferState, transfer_state};
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{Ars, LandCode, Slug};

/// A point with what people entered and what holds of it.
#[derive(Debug, Clone)]
pub(in crate::directory) struct Point {
    pub item: Item,
    pub entered: Entered,
    pub judgement: Judgement,
    /// What the directory shows of it.
    pub finding: Option<Finding>,
    pub version: i32,
    pub changed_by: Option<Actor>,
    pub changed_at: Option<Timestamp>,
}

/// An adoption with all of its points.
#[derive(Debug, Clone)]
pub(in crate::directory) struct Judged {
    pub adoption: Adoption,
    pub service: Service,
    pub municipality: String,
    pub land: LandCode,
    pub rollout: RolloutRow,
    pub holders: Vec<Holder>,
    pub points: Vec<Point>,
}

impl Judged {
    /// What the directory shows of a point.
    pub fn finding(&self, item: Item) -> Option<&Finding> {
        self.points.iter().find(|point| point.item == item)?.finding.as_ref()
    }

    /// The points that still hinder it from being ready.
    pub fn unmet(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| !point.item.is_optional() && !point.judgement.verdict.is_good())
    }
}

/// The verdicts on every point of these adoptions; one whose service or municipality is not known any more is left
/// out.
pub(in crate::directory) fn judge_all(
    conn: &mut Conn,
    adoptions: Vec<Adoption>,
    today: NaiveDate,
) -> Result<Vec<Judged>, AppError> {
    let known = Known::read(conn, &adoptions, today)?;
    adoptions.into_iter().filter_map(|adoption| known.judge(adoption, today).transpose()).collect()
}

/// The same of one.
pub(in crate::directory) fn judge_one(
    conn: &mut Conn,
    adoption: Adoption,
    today: NaiveDate,
) -> Result<Judged, AppError> {
    judge_all(conn, vec![adoption], today)?.pop().ok_or(AppError::NotFound)
}

/// What the verdicts are made of.
struct Known {
    services: HashMap<Slug, Service>,
    places: HashMap<Ars, Municipality>,
    agreements: HashMap<(LandCode, LandCode), Terms>,
    shared: Vec<DutyRow>,
    /// The names of those contacts that are there today.
    names: HashMap<Slug, String>,
    rollouts: HashMap<AdoptionId, RolloutRow>,
    items: HashMap<(AdoptionId, Item), ItemRow>,
    transfers: HashMap<AdoptionId, Transferred>,
}

impl Known {
    fn read(conn: &mut Conn, adoptions: &[Adoption], today: NaiveDate) -> Result<Self, AppError> {
        let ids: Vec<AdoptionId> = adoptions.iter().map(|adoption| adoption.id).collect();
        let mut services: HashMap<Slug, Service> =
            store::services::all(conn)?.into_iter().map(|service| (service.slug.clone(), service)).collect();
        for adoption in adoptions {
            if !services.contains_key(&adoption.service)
                && let Some(ended) = store::services::known(conn, &adoption.service)?
            {
                services.insert(ended.slug.clone(), ended);
            }
        }
        let keys: Vec<Ars> = adoptions.iter().map(|adoption| adoption.ars.clone()).collect();
        let shared = store::duties::shared(conn)?;
        let own = adoptions.iter().flat_map(|a| Duty::ALL.iter().flat_map(|duty| a.duties.of(*duty)));
        let named: HashSet<Slug> =
            own.map(|one| one.contact.clone()).chain(shared.iter().map(|row| row.contact.clone())).collect();
        let named: Vec<Slug> = named.into_iter().collect();
        let contacts = store::contacts::of(conn, &named)?
            .into_iter()
            .filter(|row| row.ended_at.is_none() && Span { from: row.valid_from, to: row.valid_to }.holds(today));
        Ok(Self {
            services,
            places: store::municipalities::of(conn, &keys)?.into_iter().map(|m| (m.ars.clone(), m)).collect(),
            agreements: store::agreements::all(conn)?.into_iter().map(|(pair, row)| (pair, terms(row))).collect(),
            shared,
            names: contacts.map(|row| (row.slug, row.name)).collect(),
            transfers: transfer_state(conn, &ids)?
                .into_iter()
                .filter_map(|(id, state)| transferred(id, state))
                .collect(),
            rollouts: store::rollout::of(conn, &ids)?.into_iter().map(|row| (row.adoption, row)).collect(),
            items: store::rollout::items(conn, &ids)?.into_iter().map(|row| ((row.adoption, row.item), row)).collect(),
        })
    }

    fn judge(&self, adoption: Adoption, today: NaiveDate) -> Result<Option<Judged>, AppError> {
        let (Some(service), Some(place)) = (self.services.get(&adoption.service), self.places.get(&adoption.ars))
        else {
            return Ok(None);
        };
        let rollout = self.rollouts.get(&adoption.id).cloned().unwrap_or_else(|| RolloutRow::blank(adoption.id));
        let facts = self.facts(&adoption, service, place, &rollout, today);
        let point = |item: &Item| {
            let row = self.items.get(&(adoption.id, *item));
            let entered = row.map(entered).unwrap_or_default();
            Ok(Point {
                judgement: judge(*item, &entered, &facts),
                finding: finding(*item, &facts),
                item: *item,
                entered,
                version: row.map_or(0, |row| row.version),
                changed_by: row.map(|row| row.changed_by.read()).transpose()?,
                changed_at: row.map(|row| row.changed_at),
            })
        };
        let points = Item::ALL.iter().map(point).collect::<Result<_, AppError>>()?;
        let (service, municipality, land) = (service.clone(), place.name.clone(), place.land);
        Ok(Some(Judged { adoption, service, municipality, land, rollout, holders: facts.holders, points }))
    }

    fn facts(
        &self,
        adoption: &Adoption,
        service: &Service,
        place: &Municipality,
        rollout: &RolloutRow,
        today: NaiveDate,
    ) -> Facts {
        let shown = adoption.channels.iter().map(|channel| &channel.shown);
        let shown = shown.filter(|c| Span { from: c.valid_from, to: c.valid_to }.holds(today));
        Facts {
            today,
            operating: service.operating_land,
            using: place.land,
            municipality: place.name.clone(),
            in_115: place.in_115,
            agreement: self.agreements.get(&(service.operating_land, place.land)).cloned(),
            holders: self.holders(adoption, today),
            channels: shown.map(|channel| (channel.kind, channel.label.clone())).collect(),
            has_matrix: rollout.matrix_version > 0,
            member: rollout.member.clone(),
            delegate: rollout.delegate.clone(),
            transfer: self.transfers.get(&adoption.id).copied(),
        }
    }

    /// Who has which duty today: for the adoption, and for the service in the longest region that holds the
    /// municipality.
    fn holders(&self, adoption: &Adoption, today: NaiveDate) -> Vec<Holder> {
        let holder = |duty, contact: &Slug, person: Option<&String>, is_own| {
            let name = self.names.get(contact)?.clone();
            Some(Holder { duty, contact: contact.clone(), name, person: person.cloned(), is_own })
        };
        let own = Duty::ALL.iter().flat_map(|duty| adoption.duties.of(*duty).iter().map(move |one| (*duty, one)));
        let own = own.filter(|(_, one)| one.span().holds(today));
        let own = own.filter_map(|(duty, one)| holder(duty, &one.contact, one.person.as_ref(), true));
        let here = |row: &&DutyRow| {
            row.scope == Scope::Service
                && row.service.as_ref() == Some(&adoption.service)
                && adoption.ars.is_in(&row.region)
                && Span { from: row.valid_from, to: row.valid_to }.holds(today)
        };
        let longest = |duty: Duty| {
            let all = self.shared.iter().filter(here).filter(|row| row.duty == duty);
            all.map(|row| row.region.as_str().len()).max()
        };
        let theirs = self.shared.iter().filter(here).filter(|r| Some(r.region.as_str().len()) == longest(r.duty));
        let theirs = theirs.filter_map(|row| holder(row.duty, &row.contact, row.person.as_ref(), false));
        own.chain(theirs).collect()
    }
}

fn terms(row: Option<store::agreements::DetailRow>) -> Terms {
    row.map_or_else(Terms::default, |row| Terms { since: row.since, until: row.until, reference: row.reference })
}

fn transferred(id: AdoptionId, state: TransferState) -> Option<(AdoptionId, Transferred)> {
    Some((id, Transferred { on: state.on?, is_current: state.is_current }))
}

fn entered(row: &ItemRow) -> Entered {
    Entered {
        state: row.state,
        owner: row.owner.clone(),
        due_on: row.due_on,
        done_on: row.done_on,
        note: row.note.clone(),
    }
}
