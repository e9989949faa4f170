//! Online services: who operates them and who answers for them as a whole.
//!
//! The contacts of one municipality stand in its adoption (`adoptions.rs`), not here.

use serde::{Deserialize, Serialize};

use super::assigned::Assigned;
use super::contacts::check_assigned;
use super::page::{Page, PageRequest, expect, guard, present, stale};
use super::store;
use super::terms::{Assessment, Kind};
use super::versions::{self, Because, check_reason};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::error::{AppError, Faults};
use crate::keys::{ArsPrefix, LandCode, Leistungsschluessel, Slug};

/// An online service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Service {
    /// The name in addresses and requests.
    pub slug: Slug,
    /// The name people know.
    pub name: String,
    /// Its key in the catalogue of services.
    pub leistung: Option<Leistungsschluessel>,
    /// The Land that operates it for all.
    pub operating_land: LandCode,
    /// Who runs it, such as Dataport.
    pub operator: String,
    /// Who decides that the 2nd level is asked.
    pub assessment: Assessment,
    /// What the public should know now, such as a disruption.
    pub notice: Option<String>,
    /// Who answers for it, by kind of question and region.
    pub second_level: Vec<SecondLevel>,
    /// Who is reached when it is down, in order.
    pub emergency: Vec<Assigned>,
    /// Rises with every change.
    pub version: i32,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Who answers for a service in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondLevel {
    /// Which questions.
    pub kind: Kind,
    /// Where; everywhere when left out.
    #[serde(default = "ArsPrefix::everywhere")]
    pub ars: ArsPrefix,
    /// Who, in order.
    pub contacts: Vec<Assigned>,
}

/// A new service.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewService {
    /// The name in addresses and requests.
    pub slug: Slug,
    /// The name people know.
    pub name: String,
    /// Its key in the catalogue of services.
    pub leistung: Option<Leistungsschluessel>,
    /// The Land that operates it.
    pub operating_land: LandCode,
    /// Who runs it.
    #[serde(default)]
    pub operator: String,
    /// Who decides that the 2nd level is asked; the central contact when left out.
    pub assessment: Option<Assessment>,
    /// What the public should know now.
    pub notice: Option<String>,
    /// Who answers for it.
    #[serde(default)]
    pub second_level: Vec<SecondLevel>,
    /// Who is reached when it is down.
    #[serde(default)]
    pub emergency: Vec<Assigned>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// What is to be different; what is left out stays, `null` empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// The name people know.
    pub name: Option<String>,
    /// Its key in the catalogue of services.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Leistungsschluessel>)]
    pub leistung: Option<Option<Leistungsschluessel>>,
    /// The Land that operates it.
    pub operating_land: Option<LandCode>,
    /// Who runs it.
    pub operator: Option<String>,
    /// Who decides that the 2nd level is asked.
    pub assessment: Option<Assessment>,
    /// What the public should know now.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub notice: Option<Option<String>>,
    /// The whole list.
    pub second_level: Option<Vec<SecondLevel>>,
    /// The whole list, in order.
    pub emergency: Option<Vec<Assigned>>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// Which services.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ServiceQuery {
    /// Part of the name, the slug or the Leistungsschlüssel.
    pub q: Option<String>,
    /// Only those this Land operates.
    pub land: Option<LandCode>,
}

/// A page of them, by slug.
pub async fn list(db: &Db, query: ServiceQuery, page: PageRequest) -> Result<Page<Service>, AppError> {
    let (limit, after) = page.read()?;
    db.read(move |conn| {
        let rows = store::services::list(conn, &query, limit + 1, after.as_deref())?;
        Ok(Page::of(rows, limit, |s| s.slug.to_string(), |s| s))
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, slug: Slug) -> Result<Service, AppError> {
    db.read(move |conn| store::services::find(conn, &slug)?.ok_or(AppError::NotFound)).await
}

/// The name of one, also if it was ended: its history stays.
pub async fn known(db: &Db, slug: Slug) -> Result<Slug, AppError> {
    db.read(move |conn| store::services::known(conn, &slug)?.map(|s| s.slug).ok_or(AppError::NotFound)).await
}

/// Makes a new one.
pub async fn create(
    db: &Db,
    actor: &Actor,
    new: NewService,
    repeat: Option<Once<Service>>,
    now: Timestamp,
) -> Result<Outcome<Service>, AppError> {
    let (actor, reason) = (actor.clone(), new.reason);
    let service = Service {
        slug: new.slug,
        name: new.name,
        leistung: new.leistung,
        operating_land: new.operating_land,
        operator: new.operator,
        assessment: new.assessment.unwrap_or(Assessment::Central),
        notice: new.notice,
        second_level: new.second_level,
        emergency: new.emergency,
        version: 1,
        updated_at: now,
    };
    db.write(move |tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            check(tx, &service, &reason)?;
            if store::services::is_taken(tx, &service.slug)? {
                return Err(AppError::Conflict(format!(
                    "the slug {} is taken, also if its service was ended",
                    service.slug
                )));
            }
            store::services::save(tx, &service)?;
            store::changed(tx)?;
            let trail = Trail::after(&service);
            audit::record(tx, &actor, AuditAction::ServiceCreated, (ObjectKind::Service, &service.slug), trail, now)?;
            versions::keep(tx, Because::of(&actor, &reason), None, &service, now)?;
            Ok(service)
        })
    })
    .await
}

/// Changes one.
pub async fn change(
    db: &Db,
    actor: &Actor,
    slug: Slug,
    change: ServiceChange,
    now: Timestamp,
) -> Result<Service, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    db.write(move |tx| {
        let mut service = store::services::find(tx, &slug)?.ok_or(AppError::NotFound)?;
        if service.version != version {
            return Err(stale("the service", service.version));
        }
        let (before, reason) = (service.clone(), change.reason.clone());
        change.apply(&mut service);
        service.version += 1;
        service.updated_at = now;
        check(tx, &service, &reason)?;
        store::services::save(tx, &service)?;
        store::changed(tx)?;
        let trail = Trail::changed(&before, &service);
        audit::record(tx, &actor, AuditAction::ServiceChanged, (ObjectKind::Service, &slug), trail, now)?;
        versions::keep(tx, Because::of(&actor, &reason), Some(&before), &service, now)?;
        Ok(service)
    })
    .await
}

/// Ends one: it is no longer offered or found; requests that name it stay.
pub async fn end(
    db: &Db,
    actor: &Actor,
    slug: Slug,
    expected: Option<i32>,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let last = store::services::find(tx, &slug)?.ok_or(AppError::NotFound)?;
        expect("the service", expected, last.version)?;
        let trail = Trail::before(&last);
        if !store::services::end(tx, &slug, last.version, now)? {
            return Err(stale("the service", last.version));
        }
        audit::record(tx, &actor, AuditAction::ServiceEnded, (ObjectKind::Service, &slug), trail, now)?;
        versions::keep_end(tx, Because::of(&actor, &reason), &last, now)?;
        store::changed(tx)
    })
    .await
}

impl ServiceChange {
    fn apply(self, service: &mut Service) {
        if let Some(name) = self.name {
            service.name = name;
        }
        if let Some(leistung) = self.leistung {
            service.leistung = leistung;
        }
        if let Some(land) = self.operating_land {
            service.operating_land = land;
        }
        if let Some(operator) = self.operator {
            service.operator = operator;
        }
        if let Some(assessment) = self.assessment {
            service.assessment = assessment;
        }
        if let Some(notice) = self.notice {
            service.notice = notice;
        }
        if let Some(second_level) = self.second_level {
            service.second_level = second_level;
        }
        if let Some(emergency) = self.emergency {
            service.emergency = emergency;
        }
    }
}

fn check(conn: &mut Conn, service: &Service, reason: &Option<String>) -> Result<(), AppError> {
    let mut faults = Faults::default();
    check_reason(reason, &mut faults);
    faults.text("name", &service.name, 200);
    faults.text("operator", &service.operator, 200);
    if let Some(notice) = &service.notice {
        faults.text("notice", notice, 1000);
    }
    for (index, level) in service.second_level.iter().enumerate() {
        check_assigned(conn, &format!("second_level[{index}].contacts"), &level.contacts, &mut faults)?;
    }
    check_assigned(conn, "emergency", &service.emergency, &mut faults)?;
    faults.finish()
}
