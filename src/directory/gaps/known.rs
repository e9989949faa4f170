//! What all adoptions share, read once for a whole report.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::always::Nights;
use crate::db::Conn;
use crate::delivery::{Endpoint, EndpointState};
use crate::directory::adoptions::Adoption;
use crate::directory::confirmation::Rules;
use crate::directory::confirmation::store as confirmations;
use crate::directory::municipalities::Municipality;
use crate::directory::resolve::{ContactFact, DutyFact, Span};
use crate::directory::services::Service;
use crate::directory::store::contacts::ContactRow;
use crate::directory::terms::{Duty, Scope};
use crate::directory::{Settings, planned, route, store, ways};
use crate::error::AppError;
use crate::ids::EndpointId;
use crate::keys::{Ars, LandCode, Slug};

/// What all adoptions share.
pub(super) struct Known {
    pub services: HashMap<Slug, Service>,
    pub places: HashMap<Ars, Municipality>,
    pub agreements: HashSet<(LandCode, LandCode)>,
    pub contacts: HashMap<Slug, KnownContact>,
    pub rules: Rules,
    pub nights: Nights,
    duties: HashMap<Slug, Vec<DutyFact>>,
}

/// A contact, with since when what is wrong with it is so.
pub(super) struct KnownContact {
    pub fact: ContactFact,
    pub has_phone: bool,
    pub hours: Option<String>,
    pub ended_on: Option<NaiveDate>,
    pub asked_on: Option<NaiveDate>,
    pub disputed_on: Option<NaiveDate>,
    pub bounced_on: Option<NaiveDate>,
    pub disabled_on: Option<NaiveDate>,
    /// The day and the hindrance of a planned change that failed.
    pub change_failed: Option<(NaiveDate, String)>,
}

/// Somebody with a duty for an adoption.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub duty: Duty,
    pub contact: &'a Slug,
    pub valid: Span,
}

impl Known {
    pub fn read(conn: &mut Conn, settings: &Settings, today: NaiveDate) -> Result<Self, AppError> {
        let rows = store::contacts::all(conn)?;
        let endpoints = ways::endpoints(conn, &rows)?;
        let mut duties = HashMap::<Slug, Vec<DutyFact>>::new();
        for fact in store::duties::shared(conn)?.into_iter().map(route::fact) {
            if let (Scope::Service, Some(service)) = (fact.scope, fact.service.clone()) {
                duties.entry(service).or_default().push(fact);
            }
        }
        let asked = confirmations::open_requests(conn, None)?;
        let disputes = confirmations::disputes(conn, None)?;
        let mut failed = planned::failed(conn)?;
        let contact = |row: ContactRow| {
            let first = asked.get(&row.slug).and_then(|all| all.first()).map(|first| first.sent_at.day_in_berlin());
            let disputed = disputes.get(&row.slug).map(|dispute| dispute.said_at.day_in_berlin());
            let change_failed = failed.remove(&row.slug);
            (row.slug.clone(), KnownContact { change_failed, ..KnownContact::new(row, &endpoints, first, disputed) })
        };
        Ok(Self {
            services: store::services::all(conn)?.into_iter().map(|s| (s.slug.clone(), s)).collect(),
            places: store::municipalities::all(conn)?.into_iter().map(|m| (m.ars.clone(), m)).collect(),
            agreements: crate::directory::agreements::holding(conn, today)?,
            contacts: rows.into_iter().map(contact).collect(),
            rules: settings.rules(),
            nights: Nights::from(today),
            duties,
        })
    }

    /// Those with a duty for this adoption: its own, and the service's for the longest matching region.
    pub fn named<'a>(&'a self, adoption: &'a Adoption) -> Vec<Named<'a>> {
        let of_duty = |duty: Duty| {
            adoption.duties.of(duty).iter().map(move |one| Named { duty, contact: &one.contact, valid: one.span() })
        };
        let mut named: Vec<Named> = Duty::ALL.iter().flat_map(|duty| of_duty(*duty)).collect();
        let shared = self.duties.get(&adoption.service).map(Vec::as_slice).unwrap_or_default();
        let here = || shared.iter().filter(|fact| adoption.ars.is_in(&fact.region));
        for fact in here() {
            let length = |fact: &DutyFact| fact.region.as_str().len();
            let longest = here().filter(|other| other.duty == fact.duty).map(length).max();
            if Some(length(fact)) == longest {
                named.push(Named { duty: fact.duty, contact: &fact.contact, valid: fact.valid });
            }
        }
        named
    }
}

impl KnownContact {
    fn new(
        row: ContactRow,
        endpoints: &HashMap<EndpointId, Endpoint>,
        asked_on: Option<NaiveDate>,
        disputed_on: Option<NaiveDate>,
    ) -> Self {
        let mail = row.email_endpoint.and_then(|id| endpoints.get(&id));
        let webhook = row.webhook_endpoint.and_then(|id| endpoints.get(&id));
        let disabled = webhook.filter(|webhook| webhook.state == EndpointState::Disabled);
        Self {
            fact: ways::fact(&row, endpoints),
            has_phone: row.phone.is_some(),
            hours: row.hours,
            ended_on: row.ended_at.map(|at| at.day_in_berlin()),
            asked_on,
            disputed_on,
            bounced_on: mail.and_then(|mail| mail.bounced_at).map(|at| at.day_in_berlin()),
            disabled_on: disabled.and_then(|webhook| webhook.disabled_at).map(|at| at.day_in_berlin()),
            change_failed: None,
        }
    }
}
