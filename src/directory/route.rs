//! The facts of a route from the database, and the contacts behind it.
//!
//! Asked in the transaction that stores an escalation as well as for a dry run; the rules stand in `resolve.rs`.
//! An empty chain is an answer too: what follows from it is the caller's to say.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::contacts::Contact;
use super::resolve::{DutyFact, Facts, Route, Span, resolve, resolve_central, resolve_emergency};
use super::rhythm::Rhythm;
use super::terms::{AdoptionState, Duty, Kind};
use super::{Settings, past, planned, store, ways};
use crate::db::Conn;
use crate::error::{AppError, Faults};
use crate::ids::EndpointId;
use crate::keys::{Ars, LandCode, Slug};

/// Deputies of deputies are looked up this far.
pub(super) const DEEPEST: usize = 8;

/// What a dry run is asked for.
#[derive(Debug, Clone, Copy)]
pub struct DryRun {
    /// The day it is.
    pub today: NaiveDate,
    /// The day that is asked for; a past one by what was kept, a coming one with what is planned until then.
    pub on: Option<NaiveDate>,
    /// Whether an adoption that is not yet live counts as if it were.
    pub as_if_live: bool,
}

/// Who would be asked, in which order and why.
pub fn route(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    kind: Kind,
    today: NaiveDate,
    settings: &Settings,
) -> Result<Route, AppError> {
    Ok(resolve(&facts(conn, service, ars, settings)?, kind, today))
}

/// Who would be asked on some day. Changes nothing.
pub fn dry_run(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    kind: Kind,
    asked: DryRun,
    settings: &Settings,
) -> Result<Route, AppError> {
    let on = asked.on.unwrap_or(asked.today);
    if on < asked.today {
        return Ok(resolve(&past::facts(conn, service, ars, on, settings)?, kind, on));
    }
    let states = if asked.as_if_live { AdoptionState::ALL } else { ROUTED };
    let mut facts = gather(conn, service, ars, settings, states)?;
    planned::foresee(conn, &mut facts, asked.today, on)?;
    Ok(resolve(&facts, kind, on))
}

/// Who is asked when the service is down for all: the emergency contacts first.
pub fn emergency_route(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    today: NaiveDate,
    settings: &Settings,
) -> Result<Route, AppError> {
    Ok(resolve_emergency(&facts(conn, service, ars, settings)?, today))
}

/// Who assesses what comes in for this service and municipality: its central contacts with their deputies, else
/// the fallback of the Land; empty when there is nobody.
pub fn central_contacts(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    today: NaiveDate,
    settings: &Settings,
) -> Result<Vec<Contact>, AppError> {
    let route = resolve_central(&facts(conn, service, ars, settings)?, today);
    in_order(conn, &route)
}

/// Which contacts are reached by which of these endpoints; ended ones are not.
pub fn contacts_at(conn: &mut Conn, endpoints: &[EndpointId]) -> Result<HashMap<EndpointId, Vec<Slug>>, AppError> {
    let mut found: HashMap<EndpointId, Vec<Slug>> = HashMap::new();
    for (slug, mail, webhook) in store::contacts::at(conn, endpoints)? {
        for endpoint in [mail, webhook].into_iter().flatten().filter(|id| endpoints.contains(id)) {
            found.entry(endpoint).or_default().push(slug.clone());
        }
    }
    Ok(found)
}

/// The contacts of these slugs in their order, as far as they exist; ended ones too, because old steps name them.
pub fn contacts_of(conn: &mut Conn, slugs: &[Slug]) -> Result<Vec<Contact>, AppError> {
    let rows = store::contacts::of(conn, slugs)?;
    let mut found: HashMap<Slug, Contact> =
        ways::contacts(conn, rows)?.into_iter().map(|contact| (contact.slug.clone(), contact)).collect();
    Ok(slugs.iter().filter_map(|slug| found.remove(slug)).collect())
}

/// How often those of these want to be told who can be reached by mail; a little of what [`contacts_of`] reads.
pub fn rhythms_of(conn: &mut Conn, slugs: &[Slug]) -> Result<HashMap<Slug, Rhythm>, AppError> {
    let rows = store::contacts::rhythms(conn, slugs)?;
    Ok(rows.into_iter().map(|(slug, notify)| (slug, notify.parse().unwrap_or_default())).collect())
}

/// Whom those who were asked about this service and municipality may hand on to themselves: who answers questions about
/// a service of the same operator, or about this service in this municipality, and who stands in for those asked.
pub fn colleagues(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    asked: &[Slug],
    today: NaiveDate,
) -> Result<Vec<Contact>, AppError> {
    let mut duties = store::duties::of_operator(conn, service)?;
    duties.extend(store::duties::of_adoptions(conn, std::slice::from_ref(service), std::slice::from_ref(ars))?);
    let answers = [Duty::Technical, Duty::Functional, Duty::SpecialistProcedure, Duty::Emergency];
    let mut slugs: Vec<Slug> = contacts_of(conn, asked)?.into_iter().filter_map(|contact| contact.deputy).collect();
    slugs.extend(duties.into_iter().filter(|row| answers.contains(&row.duty)).filter_map(|row| {
        let span = Span { from: row.valid_from, to: row.valid_to };
        span.holds(today).then_some(row.contact)
    }));
    let mut known: Vec<Slug> = asked.to_vec();
    slugs.retain(|slug| {
        let is_new = !known.contains(slug);
        known.push(slug.clone());
        is_new
    });
    Ok(contacts_of(conn, &slugs)?.into_iter().filter(|contact| !contact.is_ended).collect())
}

fn in_order(conn: &mut Conn, route: &Route) -> Result<Vec<Contact>, AppError> {
    let slugs: Vec<Slug> = route.chain.iter().map(|step| step.contact.id.clone()).collect();
    contacts_of(conn, &slugs)
}

/// The states of an adoption whose people are asked.
const ROUTED: &[AdoptionState] = &[AdoptionState::Live, AdoptionState::Suspended];

fn facts(conn: &mut Conn, service: &Slug, ars: &Ars, settings: &Settings) -> Result<Facts, AppError> {
    gather(conn, service, ars, settings, ROUTED)
}

fn gather(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    settings: &Settings,
    states: &[AdoptionState],
) -> Result<Facts, AppError> {
    let found = store::services::known(conn, service)?;
    let place = store::municipalities::find(conn, ars)?;
    let mut faults = Faults::default();
    if found.is_none() {
        faults.add("service", format!("there is no service {service}"));
    }
    if place.is_none() {
        faults.add("ars", format!("there is no municipality {ars}"));
    }
    faults.finish()?;
    let (Some(found), Some(place)) = (found, place) else { return Err(AppError::NotFound) };
    let lands: Vec<LandCode> = std::iter::once(found.operating_land).chain(ars.land()).collect();
    let duties = store::duties::for_route(conn, service, ars, &lands, states)?;
    let duties: Vec<DutyFact> = duties.into_iter().map(fact).collect();
    let mut facts = Facts {
        municipality: place.name,
        operator: found.operator,
        operating_land: found.operating_land,
        duties,
        contacts: HashMap::new(),
        stale_after_days: settings.stale_after_days,
    };
    let mut wanted: Vec<Slug> = facts.duties.iter().map(|duty| duty.contact.clone()).collect();
    for _ in 0..DEEPEST {
        wanted.sort();
        wanted.dedup();
        if wanted.is_empty() {
            break;
        }
        let rows = store::contacts::of(conn, &wanted)?;
        let endpoints = ways::endpoints(conn, &rows)?;
        facts.contacts.extend(rows.iter().map(|row| (row.slug.clone(), ways::fact(row, &endpoints))));
        wanted = rows.into_iter().filter_map(|row| row.deputy).collect();
        wanted.retain(|slug| !facts.contacts.contains_key(slug));
    }
    Ok(facts)
}

/// A duty as `resolve.rs` reads it.
pub(super) fn fact(row: store::duties::DutyRow) -> DutyFact {
    DutyFact {
        scope: row.scope,
        service: row.service,
        region: row.region,
        duty: row.duty,
        contact: row.contact,
        position: row.position,
        valid: Span { from: row.valid_from, to: row.valid_to },
    }
}
