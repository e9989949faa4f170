//! The facts of a route as they stood at the end of a past day, from the versions that were kept.
//!
//! An object of which nothing was ever kept did not change since record is kept: as it stands now it stood then, if it
//! was there. A contact that is named but of which nothing is known that early is taken as it was first known; who
//! has a duty is never guessed like that. What delivery learned (mail comes back, a webhook disabled) is known only as
//! far as a version noted it. The rules are those of today (`resolve.rs`).

use std::collections::HashMap;
use std::fmt::Display;

use chrono::NaiveDate;
use serde::Deserialize;

use super::adoptions::Duties;
use super::resolve::{ContactFact, DutyFact, Facts, Span, Way};
use super::route::DEEPEST;
use super::services::SecondLevel;
use super::terms::{AdoptionState, Duty, Scope};
use super::versions::{Kept, Kind};
use super::{Assigned, Settings, store, ways};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::EndpointState;
use crate::error::AppError;
use crate::keys::{Ars, ArsPrefix, LandCode, Slug};

#[derive(Deserialize)]
struct PastService {
    operator: String,
    operating_land: LandCode,
    second_level: Vec<SecondLevel>,
    emergency: Vec<Assigned>,
}

#[derive(Deserialize)]
struct PastAdoption {
    state: AdoptionState,
    #[serde(flatten)]
    duties: Duties,
}

#[derive(Deserialize)]
struct PastLand {
    second_level: Vec<Assigned>,
}

#[derive(Deserialize)]
struct PastContact {
    name: String,
    deputy: Option<Slug>,
    confirmed_on: Option<NaiveDate>,
    absent_from: Option<NaiveDate>,
    absent_until: Option<NaiveDate>,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    email: Option<String>,
    bounced: Option<Timestamp>,
    webhook: Option<PastWebhook>,
}

#[derive(Deserialize)]
struct PastWebhook {
    state: EndpointState,
}

/// The facts at the end of this day.
pub(super) fn facts(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    day: NaiveDate,
    settings: &Settings,
) -> Result<Facts, AppError> {
    let place = store::municipalities::find(conn, ars)?.ok_or_else(|| unknown("ars", "municipality", ars))?;
    let moment = Timestamp::end_of_day_in_berlin(day);
    let present = store::services::known(conn, service)?.ok_or_else(|| unknown("service", "service", service))?;
    let then = at::<PastService, _>(conn, service.as_str(), moment, |conn| {
        Ok(store::services::find(conn, service)?.filter(|s| s.updated_at <= moment))
    })?;
    let Some(then) = then else {
        let name = &present.name;
        return Err(AppError::field("on", format!("nothing is known of {name} on {day}; choose a later day")));
    };
    let mut facts = Facts {
        municipality: place.name,
        operator: then.operator,
        operating_land: then.operating_land,
        duties: Vec::new(),
        contacts: HashMap::new(),
        stale_after_days: settings.stale_after_days,
    };
    let everywhere = ArsPrefix::everywhere();
    for level in then.second_level.into_iter().filter(|level| ars.is_in(&level.ars)) {
        add(&mut facts, Scope::Service, &level.ars, level.kind.duty(), level.contacts);
    }
    add(&mut facts, Scope::Service, &everywhere, Duty::Emergency, then.emergency);
    if let Some(adoption) = adoption(conn, service, ars, moment)? {
        let region = ArsPrefix::from(ars.clone());
        for duty in Duty::ALL {
            add(&mut facts, Scope::Adoption, &region, *duty, adoption.duties.of(*duty).to_vec());
        }
    }
    let mut lands: Vec<LandCode> = std::iter::once(then.operating_land).chain(ars.land()).collect();
    lands.dedup();
    for land in lands {
        let then = at::<PastLand, _>(conn, land.as_str(), moment, |conn| Ok(Some(store::lands::find(conn, land)?)))?;
        let region = store::lands::region_of(land);
        add(&mut facts, Scope::Land, &region, Duty::Central, then.map(|land| land.second_level).unwrap_or_default());
    }
    contacts(conn, &mut facts, moment)?;
    Ok(facts)
}

fn unknown(field: &str, what: &str, named: &dyn Display) -> AppError {
    AppError::field(field, format!("there is no {what} {named}"))
}

fn add(facts: &mut Facts, scope: Scope, region: &ArsPrefix, duty: Duty, all: Vec<Assigned>) {
    facts.duties.extend(all.into_iter().zip(0..).map(|(assigned, position)| DutyFact {
        scope,
        service: None,
        region: region.clone(),
        duty,
        valid: assigned.span(),
        contact: assigned.contact,
        position,
    }));
}

/// The adoption if it was in use then, or had been and was suspended.
fn adoption(conn: &mut Conn, service: &Slug, ars: &Ars, moment: Timestamp) -> Result<Option<PastAdoption>, AppError> {
    let Some(id) = store::adoptions::id_of(conn, service, ars)? else { return Ok(None) };
    let then = at::<PastAdoption, _>(conn, &id.to_string(), moment, |conn| {
        let row = store::adoptions::find(conn, service, ars)?.filter(|row| row.updated_at <= moment);
        Ok(store::adoptions::whole(conn, row.into_iter().collect())?.pop())
    })?;
    Ok(then.filter(|adoption| adoption.state.routes()))
}

fn contacts(conn: &mut Conn, facts: &mut Facts, moment: Timestamp) -> Result<(), AppError> {
    let mut wanted: Vec<Slug> = facts.duties.iter().map(|duty| duty.contact.clone()).collect();
    for _ in 0..DEEPEST {
        wanted.sort();
        wanted.dedup();
        wanted.retain(|slug| !facts.contacts.contains_key(slug));
        for slug in std::mem::take(&mut wanted) {
            if let Some(fact) = contact(conn, &slug, moment)? {
                wanted.extend(fact.deputy.clone());
                facts.contacts.insert(slug, fact);
            }
        }
    }
    Ok(())
}

fn contact(conn: &mut Conn, slug: &Slug, moment: Timestamp) -> Result<Option<ContactFact>, AppError> {
    let row = match store::versions::at(conn, Kind::Contact, slug.as_str(), moment)? {
        Some(row) => Some(row),
        None => store::versions::first(conn, Kind::Contact, slug.as_str())?,
    };
    let Some(row) = row else {
        let now = store::contacts::of(conn, std::slice::from_ref(slug))?;
        let endpoints = ways::endpoints(conn, &now)?;
        return Ok(now.first().map(|row| ways::fact(row, &endpoints)));
    };
    let then: PastContact = row.state.read()?;
    let mail = match (then.email, then.bounced) {
        (None, _) => Way::None,
        (Some(_), Some(_)) => Way::Broken,
        (Some(_), None) => Way::Works,
    };
    let webhook = then.webhook.map_or(Way::None, |webhook| match webhook.state {
        EndpointState::Disabled => Way::Broken,
        _ => Way::Works,
    });
    Ok(Some(ContactFact {
        name: then.name,
        deputy: then.deputy,
        confirmed_on: then.confirmed_on,
        absent: Span { from: then.absent_from, to: then.absent_until },
        valid: Span { from: then.valid_from, to: then.valid_to },
        is_ended: row.ended,
        mail,
        webhook,
    }))
}

/// The object as it stood then; as it stands now, by `present`, where nothing was ever kept of it.
fn at<P: serde::de::DeserializeOwned, T: Kept>(
    conn: &mut Conn,
    key: &str,
    moment: Timestamp,
    present: impl FnOnce(&mut Conn) -> Result<Option<T>, AppError>,
) -> Result<Option<P>, AppError> {
    if let Some(row) = store::versions::at(conn, T::KIND, key, moment)? {
        return if row.ended { Ok(None) } else { row.state.read().map(Some) };
    }
    if store::versions::is_known(conn, T::KIND, key)? {
        return Ok(None);
    }
    let Some(now) = present(conn)? else { return Ok(None) };
    let now = serde_json::to_value(&now).map_err(AppError::internal)?;
    serde_json::from_value(now).map(Some).map_err(AppError::internal)
}
