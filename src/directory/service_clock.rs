//! Which service hours count for whom: a contact's own, a help channel's, the Land's, or else those of everybody; with
//! the public holidays and closing days of the place.
//!
//! Invariant: pure; the same question has the same answer on every instance with the same settings and directory. A
//! help channel that is always open (a form, a mailbox) says nothing about when somebody works and is passed over.
//! Not here: the sums (`hours/service_time.rs`) and what is due when (`tickets/deadline.rs`, `escalation/timing.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use super::contacts::Contact;
use super::hours::{ClosedDays, ClosedYearly, ServiceHours, ServiceTime};
use super::snapshot::Snapshot;
use super::terms::{ChannelKind, Kind};
use crate::keys::{Ars, ArsPrefix, LandCode, Slug};

/// What the installation says about service hours.
#[derive(Debug, Clone)]
pub struct ServiceClock {
    /// Where nobody says otherwise. Where they are always, every hour counts for everybody, whatever others say.
    pub hours: ServiceHours,
    /// Of a Land.
    pub lands: Arc<BTreeMap<LandCode, ServiceHours>>,
    /// Closed every year.
    pub yearly: Arc<[ClosedYearly]>,
}

/// Where hours come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursSource {
    /// The contact's own.
    Contact,
    /// Those of the help channel the request came by.
    Channel,
    /// The Land's.
    Land,
    /// The installation's.
    Default,
    /// Given by whoever asks.
    Asked,
}

/// Hours, and where they come from.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The hours with their closed days.
    pub time: ServiceTime,
    /// Where the hours come from.
    pub source: HoursSource,
}

/// What a request's deadline depends on.
#[derive(Debug, Clone, Copy)]
pub struct Concern<'a> {
    /// The service.
    pub service: &'a Slug,
    /// The municipality.
    pub ars: &'a Ars,
    /// By which channel the request came.
    pub channel: ChannelKind,
    /// The day it is.
    pub today: NaiveDate,
}

impl ServiceClock {
    /// True where the installation counts every hour for everybody.
    fn is_off(&self) -> bool {
        self.hours.is_always()
    }

    /// The Land's hours, else those of everybody.
    fn usual(&self, land: LandCode) -> (ServiceHours, HoursSource) {
        match self.lands.get(&land).filter(|_| !self.is_off()) {
            Some(hours) => (hours.clone(), HoursSource::Land),
            None => (self.hours.clone(), HoursSource::Default),
        }
    }

    fn closed(&self, snapshot: &Snapshot, place: Option<ArsPrefix>) -> ClosedDays {
        ClosedDays { yearly: self.yearly.clone(), single: snapshot.closing_days(), place }
    }

    /// For answering a request.
    pub fn for_request(&self, snapshot: &Snapshot, concern: Concern) -> Applied {
        let land = land_of(concern.ars);
        let (hours, source) = match snapshot.channel_hours(&concern) {
            Some(hours) if !hours.is_always() && !self.is_off() => (hours, HoursSource::Channel),
            _ => self.usual(land),
        };
        let closed = self.closed(snapshot, Some(concern.ars.clone().into()));
        Applied { time: ServiceTime { hours, land, closed }, source }
    }

    /// For whoever is asked. A contact that belongs to a region keeps its holidays and closing days; a shared one those
    /// of the operating Land for technical questions, and of the municipality for functional ones.
    pub fn for_contact(
        &self,
        snapshot: &Snapshot,
        contact: &Contact,
        kind: Kind,
        service: &Slug,
        ars: &Ars,
    ) -> Applied {
        let of_owner = contact.owner.as_ref().filter(|owner| owner.as_str().len() >= 2);
        let (land, place) = match (of_owner, kind) {
            (Some(owner), _) => {
                let land = owner.as_str().get(..2).and_then(LandCode::from_number);
                (land.unwrap_or_else(|| land_of(ars)), Some(owner.clone()))
            }
            (None, Kind::Functional) => (land_of(ars), Some(ars.clone().into())),
            (None, Kind::Technical) => {
                let operator = snapshot.service(service.as_str()).map(|service| service.operating_land);
                let land = operator.unwrap_or_else(|| land_of(ars));
                (land, Some(land.into()))
            }
        };
        let own = contact.hours.as_deref().filter(|_| !self.is_off());
        let own = own.and_then(|text| ServiceHours::parse(text).ok());
        let (hours, source) = own.map_or_else(|| self.usual(land), |hours| (hours, HoursSource::Contact));
        Applied { time: ServiceTime { hours, land, closed: self.closed(snapshot, place) }, source }
    }

    /// For whoever only wants to know: these hours in this Land, or in this place.
    pub fn for_question(
        &self,
        snapshot: &Snapshot,
        hours: Option<ServiceHours>,
        land: LandCode,
        place: Option<ArsPrefix>,
    ) -> Applied {
        let (hours, source) = hours.map_or_else(|| self.usual(land), |hours| (hours, HoursSource::Asked));
        Applied { time: ServiceTime { hours, land, closed: self.closed(snapshot, place) }, source }
    }
}

/// The Land of a municipality. Every ARS of the register has one.
fn land_of(ars: &Ars) -> LandCode {
    ars.land().unwrap_or(LandCode::HESSE)
}
