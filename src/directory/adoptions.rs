//! A municipality's use of a service: who answers there, how the public reaches help, how far it is.
//!
//! Invariant: a new one is a draft, and its state moves only as its roll-out allows (`rollout/`). A file import takes a
//! state as it stands; there the gap report tells.

use serde::{Deserialize, Serialize};

use super::assigned::Assigned;
use super::channels::{Channel, HelpChannel};
use super::contacts::check_assigned;
use super::page::{Page, PageRequest, expect, guard, stale};
use super::rollout;
use super::store;
use super::terms::{AdoptionState, Duty};
use super::transfers::transfer_state;
use super::versions::{self, Because, check_reason};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Actor, Reach};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::error::{AppError, Faults};
use crate::ids::AdoptionId;
use crate::keys::{Ars, ArsPrefix, Slug};

/// A municipality's use of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Adoption {
    /// Its id.
    pub id: AdoptionId,
    /// Which service.
    pub service: Slug,
    /// Which municipality.
    pub ars: Ars,
    /// How far it is.
    pub state: AdoptionState,
    /// Who answers for what.
    #[serde(flatten)]
    pub duties: Duties,
    /// How the public reaches help, in order.
    pub channels: Vec<HelpChannel>,
    /// Rises with every change.
    pub version: i32,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// Who answers for what in one adoption, each in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Duties {
    /// Assess and answer.
    pub central: Vec<Assigned>,
    /// Technical questions.
    pub technical: Vec<Assigned>,
    /// Questions about the procedure.
    pub functional: Vec<Assigned>,
    /// When the service is down.
    pub emergency: Vec<Assigned>,
    /// Lead the project.
    pub project_lead: Vec<Assigned>,
    /// Know the specialist procedure.
    pub specialist_procedure: Vec<Assigned>,
    /// Data protection.
    pub data_protection: Vec<Assigned>,
    /// Process the data.
    pub data_processor: Vec<Assigned>,
}

impl Duties {
    /// Those with this duty.
    pub fn of(&self, duty: Duty) -> &[Assigned] {
        match duty {
            Duty::Central => &self.central,
            Duty::Technical => &self.technical,
            Duty::Functional => &self.functional,
            Duty::ProjectLead => &self.project_lead,
            Duty::SpecialistProcedure => &self.specialist_procedure,
            Duty::DataProtection => &self.data_protection,
            Duty::DataProcessor => &self.data_processor,
            Duty::Emergency => &self.emergency,
        }
    }

    /// The list of those with this duty, to be changed.
    pub fn of_mut(&mut self, duty: Duty) -> &mut Vec<Assigned> {
        match duty {
            Duty::Central => &mut self.central,
            Duty::Technical => &mut self.technical,
            Duty::Functional => &mut self.functional,
            Duty::ProjectLead => &mut self.project_lead,
            Duty::SpecialistProcedure => &mut self.specialist_procedure,
            Duty::DataProtection => &mut self.data_protection,
            Duty::DataProcessor => &mut self.data_processor,
            Duty::Emergency => &mut self.emergency,
        }
    }
}

/// A new adoption.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdoption {
    /// Which service.
    pub service: Slug,
    /// Which municipality.
    pub ars: Ars,
    /// A new one is a draft; it goes on through its checklist.
    pub state: Option<AdoptionState>,
    /// Assess and answer.
    pub central: Option<Vec<Assigned>>,
    /// Technical questions.
    pub technical: Option<Vec<Assigned>>,
    /// Questions about the procedure.
    pub functional: Option<Vec<Assigned>>,
    /// When the service is down.
    pub emergency: Option<Vec<Assigned>>,
    /// Lead the project.
    pub project_lead: Option<Vec<Assigned>>,
    /// Know the specialist procedure.
    pub specialist_procedure: Option<Vec<Assigned>>,
    /// Data protection.
    pub data_protection: Option<Vec<Assigned>>,
    /// Process the data.
    pub data_processor: Option<Vec<Assigned>>,
    /// How the public reaches help, in order.
    pub channels: Option<Vec<Channel>>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// What is to be different; what is left out stays, an empty list empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptionChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// How far it is to be; what is missing for that is said item by item.
    pub state: Option<AdoptionState>,
    /// Assess and answer.
    pub central: Option<Vec<Assigned>>,
    /// Technical questions.
    pub technical: Option<Vec<Assigned>>,
    /// Questions about the procedure.
    pub functional: Option<Vec<Assigned>>,
    /// When the service is down.
    pub emergency: Option<Vec<Assigned>>,
    /// Lead the project.
    pub project_lead: Option<Vec<Assigned>>,
    /// Know the specialist procedure.
    pub specialist_procedure: Option<Vec<Assigned>>,
    /// Data protection.
    pub data_protection: Option<Vec<Assigned>>,
    /// Process the data.
    pub data_processor: Option<Vec<Assigned>>,
    /// How the public reaches help, in order; the whole list.
    pub channels: Option<Vec<Channel>>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// Which adoptions.
#[derive(Debug, Clone, Default)]
pub struct AdoptionQuery {
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only in this state.
    pub state: Option<AdoptionState>,
    /// Only within this reach.
    pub reach: Reach,
    /// Only in this region.
    pub region: Option<ArsPrefix>,
    /// Only what was never entered into an editorial system, or shows something else since.
    pub pending_transfer: bool,
    /// Only those in use, or only the others.
    pub is_live: Option<bool>,
    /// Only in these places or of these services.
    pub named: Option<Named>,
    /// Also those that were in use once, ended ones among them; only these and those in use.
    pub with_removed: bool,
}

/// What words may mean: places or services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The places.
    pub places: Vec<Ars>,
    /// The services.
    pub services: Vec<Slug>,
}

/// A page of them, by id. One that asks for pending transfers may hold fewer than asked for and still lead on.
pub async fn list(db: &Db, query: AdoptionQuery, page: PageRequest) -> Result<Page<Adoption>, AppError> {
    let (limit, after) = page.read()?;
    let after = after.map(|text| text.parse()).transpose();
    let after = after.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    db.read(move |conn| {
        let rows = store::adoptions::list(conn, &query, limit + 1, after)?;
        let mut page = Page::of(rows, limit, |a| a.id.to_string(), |a| a);
        if query.pending_transfer {
            let ids: Vec<AdoptionId> = page.items.iter().map(|row| row.id).collect();
            let states = transfer_state(conn, &ids)?;
            page.items.retain(|row| states.get(&row.id).is_some_and(|state| !state.is_current));
        }
        Ok(Page { items: store::adoptions::whole(conn, page.items)?, next_cursor: page.next_cursor })
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, id: AdoptionId) -> Result<Adoption, AppError> {
    db.read(move |conn| by_id(conn, id)).await
}

/// Where one stands, also if it was ended: its history stays.
pub async fn place(db: &Db, id: AdoptionId) -> Result<(Ars, Slug), AppError> {
    db.read(move |conn| store::adoptions::place(conn, id)?.ok_or(AppError::NotFound)).await
}

/// The same in a transaction.
pub(super) fn by_id(conn: &mut Conn, id: AdoptionId) -> Result<Adoption, AppError> {
    let row = store::adoptions::by_id(conn, id)?.ok_or(AppError::NotFound)?;
    store::adoptions::whole(conn, vec![row])?.pop().ok_or(AppError::NotFound)
}

const NEW_IS_DRAFT: &str =
    "must be draft: fulfil its checklist (GET …/checklist), then change its state to ready and live";

/// Makes a new one; one that was ended begins anew.
pub async fn create(
    db: &Db,
    actor: &Actor,
    new: NewAdoption,
    repeat: Option<Once<Adoption>>,
    now: Timestamp,
) -> Result<Outcome<Adoption>, AppError> {
    let actor = actor.clone();
    let change = AdoptionChange {
        version: None,
        state: None,
        central: new.central,
        technical: new.technical,
        functional: new.functional,
        emergency: new.emergency,
        project_lead: new.project_lead,
        specialist_procedure: new.specialist_procedure,
        data_protection: new.data_protection,
        data_processor: new.data_processor,
        channels: new.channels,
        reason: new.reason.clone(),
    };
    db.write(move |tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            if store::adoptions::find(tx, &new.service, &new.ars)?.is_some() {
                return Err(AppError::Conflict(format!(
                    "{} uses {} already; change that adoption",
                    new.ars, new.service
                )));
            }
            let mut adoption = store::adoptions::blank(new.service, new.ars, now);
            let mut faults = Faults::default();
            if store::services::find(tx, &adoption.service)?.is_none() {
                faults.add("service", format!("there is no service {}", adoption.service));
            }
            match store::municipalities::find(tx, &adoption.ars)? {
                None => faults.add("ars", format!("there is no municipality {}", adoption.ars)),
                Some(place) if place.ended_on.is_some() => {
                    faults.add("ars", format!("{} is no more; name the municipality in its place", place.name));
                }
                Some(_) => {}
            }
            if new.state.is_some_and(|state| state != AdoptionState::Draft) {
                faults.add("state", NEW_IS_DRAFT);
            }
            let channels = apply(tx, change, &mut adoption, faults)?;
            let id = store::adoptions::insert(tx, &adoption)?;
            store::rollout::forget(tx, id)?;
            store::adoptions::set_duties(tx, &adoption)?;
            store::channels::set(tx, &adoption.service, &adoption.ars, &channels.unwrap_or_default(), now)?;
            store::changed(tx)?;
            let made = by_id(tx, id)?;
            let trail = Trail::after(&made);
            audit::record(tx, &actor, AuditAction::AdoptionCreated, (ObjectKind::Adoption, &id), trail, now)?;
            versions::keep(tx, Because::of(&actor, &new.reason), None, &made, now)?;
            Ok(made)
        })
    })
    .await
}

/// Changes one.
pub async fn change(
    db: &Db,
    actor: &Actor,
    id: AdoptionId,
    change: AdoptionChange,
    now: Timestamp,
) -> Result<Adoption, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    db.write(move |tx| {
        let mut adoption = by_id(tx, id)?;
        if adoption.version != version {
            return Err(stale("the adoption", adoption.version));
        }
        let (before, to, reason) = (adoption.clone(), change.state, change.reason.clone());
        let channels = apply(tx, change, &mut adoption, Faults::default())?;
        store::adoptions::set_duties(tx, &adoption)?;
        if let Some(channels) = channels {
            store::channels::set(tx, &adoption.service, &adoption.ars, &channels, now)?;
            adoption.channels = by_id(tx, id)?.channels;
        }
        if let Some(to) = to {
            rollout::move_to(tx, &mut adoption, to, reason.clone(), now)?;
        }
        adoption.version += 1;
        adoption.updated_at = now;
        store::adoptions::update(tx, &adoption)?;
        store::changed(tx)?;
        let after = by_id(tx, id)?;
        let trail = Trail::changed(&before, &after);
        audit::record(tx, &actor, AuditAction::AdoptionChanged, (ObjectKind::Adoption, &id), trail, now)?;
        versions::keep(tx, Because::of(&actor, &reason), Some(&before), &after, now)?;
        Ok(after)
    })
    .await
}

/// Ends one: the municipality no longer uses the service; requests that name it stay.
pub async fn end(
    db: &Db,
    actor: &Actor,
    id: AdoptionId,
    expected: Option<i32>,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let last = by_id(tx, id)?;
        expect("the adoption", expected, last.version)?;
        if !store::adoptions::end(tx, id, last.version, now)? {
            return Err(stale("the adoption", last.version));
        }
        let trail = Trail::before(&last);
        audit::record(tx, &actor, AuditAction::AdoptionEnded, (ObjectKind::Adoption, &id), trail, now)?;
        versions::keep_end(tx, Because::of(&actor, &reason), &last, now)?;
        store::changed(tx)
    })
    .await
}

/// Applies a change, answers the new list of channels if there is one, and says all that is wrong at once.
fn apply(
    conn: &mut Conn,
    change: AdoptionChange,
    adoption: &mut Adoption,
    mut faults: Faults,
) -> Result<Option<Vec<Channel>>, AppError> {
    check_reason(&change.reason, &mut faults);
    let lists = [
        (Duty::Central, change.central),
        (Duty::Technical, change.technical),
        (Duty::Functional, change.functional),
        (Duty::Emergency, change.emergency),
        (Duty::ProjectLead, change.project_lead),
        (Duty::SpecialistProcedure, change.specialist_procedure),
        (Duty::DataProtection, change.data_protection),
        (Duty::DataProcessor, change.data_processor),
    ];
    for (duty, list) in lists {
        if let Some(list) = list {
            check_assigned(conn, duty.as_str(), &list, &mut faults)?;
            *adoption.duties.of_mut(duty) = list;
        }
    }
    let channels = change.channels.map(|list| {
        let list = list.into_iter().enumerate();
        list.map(|(index, channel)| channel.complete(&format!("channels[{index}]"), &mut faults)).collect()
    });
    faults.finish()?;
    Ok(channels)
}
