//! Where made-up requests lie and who is asked: the directory as it is, read once, with made-up colleagues.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::words;
use crate::db::Db;
use crate::directory::municipalities::{self, MunicipalityQuery};
use crate::directory::{self, Contact, Directory, Kind, MOST_ITEMS, PageRequest, central_contacts, contacts_of, route};
use crate::error::AppError;
use crate::escalation::EscalationStep;
use crate::escalation::chain;
use crate::ids::CallerId;
use crate::keys::{Ars, Slug};
use crate::tickets::ticket::Claim;

/// Colleagues of each municipality.
const COLLEAGUES: usize = 3;
/// So many services of the directory at most.
const MOST_SERVICES: usize = 40;

/// So large a part of all requests is about places where people work who really log in.
const AT_HOME: f64 = 0.4;

/// A municipality with those who work there.
pub struct Place {
    /// Its key.
    pub ars: Ars,
    /// Who takes its requests.
    pub colleagues: Vec<Claim>,
}

/// Who is told and asked about a service in a municipality.
#[derive(Default)]
pub struct Ways {
    /// The central contact.
    pub central: Option<Slug>,
    /// Who answers technical questions, and who functional ones.
    chains: [Option<EscalationStep>; 2],
}

impl Ways {
    /// Who is asked such a question first.
    pub fn first(&self, kind: Kind) -> Option<&EscalationStep> {
        self.chains[usize::from(kind == Kind::Functional)].as_ref()
    }

    fn is_any(&self) -> bool {
        self.central.is_some() || self.chains.iter().any(Option::is_some)
    }
}

/// Everything a life is made of.
pub struct Cast {
    /// The municipalities.
    pub places: Vec<Place>,
    /// The services.
    pub services: Vec<Slug>,
    /// Who answers for what, by service and municipality.
    pub ways: HashMap<(Slug, Ars), Ways>,
    /// The contacts that are named in it.
    pub contacts: HashMap<Slug, Contact>,
    /// Pairs that have somebody, which requests are about.
    pub used: Vec<(usize, usize)>,
    /// Those of them where people work who really log in.
    pub used_at_home: Vec<(usize, usize)>,
}

impl Cast {
    /// What a request is about: a service, and a place that has somebody for it; if need be one where people really
    /// log in.
    pub fn somewhere(&self, chance: &mut StdRng, must_be_at_home: bool) -> (&Slug, &Place) {
        // Whoever logs in finds something to do, however many places there are.
        let is_at_home = !self.used_at_home.is_empty() && (must_be_at_home || chance.random_bool(AT_HOME));
        let used = if is_at_home { &self.used_at_home } else { &self.used };
        let (service, place) = used.choose(chance).copied().unwrap_or_default();
        (&self.services[service], &self.places[place])
    }

    /// Reads the directory: up to 200 municipalities and 40 services. `known` are people who really log in, by
    /// municipality.
    pub async fn read(
        db: &Db,
        settings: directory::Settings,
        seed: u64,
        known: &[(Ars, Claim)],
        today: chrono::NaiveDate,
    ) -> Result<Self, AppError> {
        let page = PageRequest { limit: Some(MOST_ITEMS), cursor: None };
        let municipalities = municipalities::list(db, MunicipalityQuery::default(), page).await?.items;
        let services: Vec<Slug> = Directory::start(db)
            .await?
            .current()
            .services()
            .iter()
            .take(MOST_SERVICES)
            .map(|service| service.slug.clone())
            .collect();
        if municipalities.is_empty() || services.is_empty() {
            return Err(AppError::Conflict("the directory has no municipality or no service".into()));
        }
        let mut chance = StdRng::seed_from_u64(seed);
        let places = municipalities.iter().map(|place| {
            let made_up = (0..COLLEAGUES).map(|_| Claim {
                id: CallerId::from_uuid(uuid::Builder::from_random_bytes(chance.random()).into_uuid()),
                name: words::colleague(&mut chance, &place.name),
            });
            let mut colleagues: Vec<Claim> = made_up.collect();
            let real = known.iter().filter(|(ars, _)| *ars == place.ars).map(|(_, claim)| claim.clone());
            colleagues.splice(..0, real);
            Place { ars: place.ars.clone(), colleagues }
        });
        let places: Vec<Place> = places.collect();
        let all: Vec<Ars> = places.iter().map(|place| place.ars.clone()).collect();
        let offered = services.clone();
        let (ways, contacts) = db
            .read(move |conn| {
                let mut ways = HashMap::new();
                for (service, ars) in offered.iter().flat_map(|service| all.iter().map(move |ars| (service, ars))) {
                    let central = central_contacts(conn, service, ars, today, &settings)?.into_iter().next();
                    let mut chains = [None, None];
                    for (chain, kind) in chains.iter_mut().zip([Kind::Technical, Kind::Functional]) {
                        let found = route(conn, service, ars, kind, today, &settings)?;
                        *chain = chain::build(found, None).0.into_iter().next();
                    }
                    let found = Ways { central: central.map(|contact| contact.slug), chains };
                    ways.insert((service.clone(), ars.clone()), found);
                }
                let asked = ways.values().flat_map(|ways: &Ways| ways.chains.iter().flatten());
                let mut slugs: Vec<Slug> = asked.map(|step| step.contact.id.clone()).collect();
                slugs.sort_unstable();
                slugs.dedup();
                let contacts = contacts_of(conn, &slugs)?.into_iter().map(|contact| (contact.slug.clone(), contact));
                Ok((ways, contacts.collect()))
            })
            .await?;
        let mut cast = Self { places, services, ways, contacts, used: Vec::new(), used_at_home: Vec::new() };
        for (s, service) in cast.services.iter().enumerate() {
            for (p, place) in cast.places.iter().enumerate() {
                if cast.ways.get(&(service.clone(), place.ars.clone())).is_some_and(Ways::is_any) {
                    cast.used.push((s, p));
                    if known.iter().any(|(ars, _)| *ars == place.ars) {
                        cast.used_at_home.push((s, p));
                    }
                }
            }
        }
        Ok(cast)
    }
}
