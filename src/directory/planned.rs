//! Changes of a contact that take effect on a day: moves, new numbers, who takes over.
//!
//! Invariant: a planned change is judged when it is planned and again on its day, when a round applies it exactly
//! once, as whoever planned it, with their reason. One that no longer fits is kept as failed with what hinders it and
//! shows as a gap; nothing is half applied. Two plans never change the same field on the same day. Duties and channels
//! need no plan: they carry the days they hold on. Not here: webhooks, whose secret is not kept in a plan.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::Settings;
use super::contacts::{self, ContactChange};
use super::resolve::{Facts, Way};
use super::store::{self, planned::PlannedRow};
use super::versions::check_reason;
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::{Clock, Timestamp};
use crate::db::types::Json;
use crate::db::{Conn, Db, Tx};
use crate::error::{AppError, Faults};
use crate::ids::PlannedId;
use crate::keys::{EmailAddress, Slug};
use crate::seal::Sealer;

/// So many are applied between two looks at the clock.
const MOST: i64 = 100;
/// How often the day is looked at.
const REST: Duration = Duration::from_secs(60);

crate::text_enum! {
    /// What became of a planned change.
    pub enum PlanState {
        /// Its day has not come.
        Planned = "planned",
        /// It was applied.
        Applied = "applied",
        /// It was taken back.
        Withdrawn = "withdrawn",
        /// On its day it did not fit any more.
        Failed = "failed",
    }
}

/// A change that takes effect on a day.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Planned {
    /// Its id.
    pub id: PlannedId,
    /// Of which contact.
    pub contact: Slug,
    /// From the beginning of which day.
    pub takes_effect_on: NaiveDate,
    /// What will be different, as a change of the contact is written.
    #[schema(value_type = Object)]
    pub change: Map<String, Value>,
    /// Why.
    pub reason: Option<String>,
    /// Who planned it.
    pub by: Actor,
    /// When.
    pub planned_at: Timestamp,
    /// What became of it.
    pub state: PlanState,
    /// When that was.
    pub decided_at: Option<Timestamp>,
    /// What hindered it.
    pub outcome: Option<String>,
}

/// A change to be planned.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlanned {
    /// From the beginning of which day; after today.
    pub takes_effect_on: NaiveDate,
    /// What will be different; fields as in a change of the contact, without `version`, `reason` and `webhook`.
    #[schema(value_type = Object)]
    pub change: Map<String, Value>,
    /// Why, for whoever reads the contact's versions later.
    pub reason: Option<String>,
}

impl NewPlanned {
    /// The change, judged by its form.
    pub fn read(&self) -> Result<ContactChange, AppError> {
        let mut faults = Faults::default();
        check_reason(&self.reason, &mut faults);
        if self.change.is_empty() {
            faults.add("change", "must name at least one field that will be different");
        }
        for field in ["version", "reason", "webhook"].into_iter().filter(|field| self.change.contains_key(*field)) {
            let why = match field {
                "webhook" => "cannot be planned, because its secret would have to be kept; change it on the day",
                "reason" => "stands beside the change, not in it",
                _ => "is not needed; the change applies to what stands on its day",
            };
            faults.add(format!("change.{field}"), why);
        }
        faults.finish()?;
        read(&self.change)
    }
}

fn read(change: &Map<String, Value>) -> Result<ContactChange, AppError> {
    serde_path_to_error::deserialize(Value::Object(change.clone())).map_err(|fault| {
        let path = fault.path().to_string();
        AppError::field(format!("change.{path}"), fault.into_inner().to_string())
    })
}

/// All plans of a contact, the next first, those that are over after them.
pub async fn list(db: &Db, contact: Slug) -> Result<Vec<Planned>, AppError> {
    let rows = db.read(move |conn| store::planned::of(conn, &contact)).await?;
    let mut all = rows.into_iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|plan| (plan.state != PlanState::Planned, plan.takes_effect_on, plan.id));
    Ok(all)
}

/// Plans a change.
pub async fn plan(db: &Db, actor: &Actor, contact: Slug, new: NewPlanned, now: Timestamp) -> Result<Planned, AppError> {
    let (actor, change) = (actor.clone(), new.read()?);
    let today = now.day_in_berlin();
    if new.takes_effect_on <= today {
        let fault = format!("must be after today, {today}; what is to hold at once is changed at once");
        return Err(AppError::field("takes_effect_on", fault));
    }
    db.write(move |tx| {
        let present = contacts::find(tx, &contact)?;
        contacts::check_change(tx, &contact, &change)?;
        refuse_collision(tx, &contact, &new)?;
        let row = PlannedRow {
            id: PlannedId::new(),
            contact: present.slug,
            takes_effect_on: new.takes_effect_on,
            change: Json::of(&new.change)?,
            reason: new.reason,
            actor: Json::of(&actor)?,
            planned_at: now,
            state: PlanState::Planned,
            decided_at: None,
            outcome: None,
        };
        store::planned::insert(tx, &row)?;
        let plan = shown(row)?;
        let trail = Trail::after(&plan);
        audit::record(tx, &actor, AuditAction::ContactChangePlanned, (ObjectKind::Contact, &contact), trail, now)?;
        Ok(plan)
    })
    .await
}

/// Two plans for one field and day contradict each other, whoever comes last.
fn refuse_collision(conn: &mut Conn, contact: &Slug, new: &NewPlanned) -> Result<(), AppError> {
    let fields: BTreeSet<&String> = new.change.keys().collect();
    for other in store::planned::of(conn, contact)? {
        if other.state != PlanState::Planned || other.takes_effect_on != new.takes_effect_on {
            continue;
        }
        let other = shown(other)?;
        let both: Vec<&str> = other.change.keys().filter(|field| fields.contains(field)).map(String::as_str).collect();
        if !both.is_empty() {
            let (day, by, id, both) = (other.takes_effect_on, &other.by.name, other.id, both.join(", "));
            let fault = format!(
                "a change of {both} on {day} is planned already, by {by} ({id}); withdraw that one first, or choose another day"
            );
            return Err(AppError::field("takes_effect_on", fault));
        }
    }
    Ok(())
}

/// Takes a plan back before its day.
pub async fn withdraw(db: &Db, actor: &Actor, contact: Slug, id: PlannedId, now: Timestamp) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let row = store::planned::find(tx, id)?.filter(|row| row.contact == contact).ok_or(AppError::NotFound)?;
        // One that failed is withdrawn too, so that it stops being missed.
        let is_ours = store::planned::decide(tx, id, PlanState::Withdrawn, None, now)?
            || store::planned::withdraw_failed(tx, id, now)?;
        if !is_ours {
            return Err(AppError::Conflict(format!("it is {} already", row.state)));
        }
        let trail = Trail::before(&shown(row)?);
        audit::record(tx, &actor, AuditAction::ContactChangeWithdrawn, (ObjectKind::Contact, &contact), trail, now)
    })
    .await
}

/// Applies what is due, again and again, until `shutdown` turns true.
pub async fn run(db: Db, clock: Clock, sealer: Sealer, settings: Settings, mut shutdown: watch::Receiver<bool>) {
    loop {
        match round(&db, &clock, &sealer, &settings).await {
            Ok(_) => db.pulse().beat("planned changes"),
            Err(fault) => tracing::warn!(%fault, "planned changes were not applied; they are in the next round"),
        }
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(REST) => {}
        }
    }
}

/// One round; answers how many were applied or failed.
pub async fn round(db: &Db, clock: &Clock, sealer: &Sealer, settings: &Settings) -> Result<usize, AppError> {
    let now = clock.now();
    let due = db.read(move |conn| store::planned::due(conn, now.day_in_berlin(), MOST)).await?;
    let count = due.len();
    for id in due {
        apply(db, sealer, settings, id, now).await?;
    }
    Ok(count)
}

async fn apply(db: &Db, sealer: &Sealer, settings: &Settings, id: PlannedId, now: Timestamp) -> Result<(), AppError> {
    let (sealer, settings) = (sealer.clone(), settings.clone());
    let applied = db.write(move |tx| apply_now(tx, &sealer, &settings, id, now)).await;
    let hindrance = match applied {
        Err(AppError::NotFound) => "the contact was ended".to_owned(),
        Err(fault @ (AppError::Invalid(_) | AppError::Conflict(_))) => fault.to_string(),
        other => return other,
    };
    db.write(move |tx| {
        if store::planned::decide(tx, id, PlanState::Failed, Some(&hindrance), now)? {
            let row = store::planned::find(tx, id)?.ok_or(AppError::NotFound)?;
            let (contact, trail) = (row.contact.clone(), Trail::after(&shown(row)?));
            let object = (ObjectKind::Contact, &contact as &dyn std::fmt::Display);
            audit::record(tx, &Actor::system(), AuditAction::ContactChangeFailed, object, trail, now)?;
        }
        Ok(())
    })
    .await
}

/// Of each contact the last planned change that failed and still waits for somebody: its day and what hindered it.
/// One that was planned again, for one of its fields, waits no longer.
pub(super) fn failed(conn: &mut Conn) -> Result<HashMap<Slug, (NaiveDate, String)>, AppError> {
    let mut found = HashMap::new();
    let mut by_contact = HashMap::<Slug, Vec<Planned>>::new();
    for row in store::planned::of_failed(conn)? {
        by_contact.entry(row.contact.clone()).or_default().push(shown(row)?);
    }
    for (contact, plans) in by_contact {
        let is_again = |old: &Planned| {
            let newer = plans.iter().filter(|new| new.id > old.id && new.state != PlanState::Withdrawn);
            newer.into_iter().any(|new| new.change.keys().any(|field| old.change.contains_key(field)))
        };
        let open = plans.iter().filter(|plan| plan.state == PlanState::Failed && !is_again(plan));
        let last = open.max_by_key(|plan| (plan.takes_effect_on, plan.id));
        let told = last.map(|plan| (plan.takes_effect_on, plan.outcome.clone().unwrap_or_default()));
        found.extend(told.map(|told| (contact.clone(), told)));
    }
    Ok(found)
}

/// The guarded update decides which of two instances applies it.
fn apply_now(tx: &mut Tx, sealer: &Sealer, settings: &Settings, id: PlannedId, now: Timestamp) -> Result<(), AppError> {
    if !store::planned::decide(tx, id, PlanState::Applied, None, now)? {
        return Ok(());
    }
    let plan = shown(store::planned::find(tx, id)?.ok_or(AppError::NotFound)?)?;
    let change = ContactChange { reason: plan.reason, ..read(&plan.change)? };
    let before = contacts::find(tx, &plan.contact)?;
    contacts::change_now(tx, &plan.by, sealer, settings, before, &change, now).map(drop)
}

/// What will be known of these contacts on a coming day, by what is planned until then.
pub(super) fn foresee(conn: &mut Conn, facts: &mut Facts, today: NaiveDate, on: NaiveDate) -> Result<(), AppError> {
    if on <= today {
        return Ok(());
    }
    for row in store::planned::until(conn, on)? {
        let plan = shown(row)?;
        let Some(fact) = facts.contacts.get_mut(&plan.contact) else { continue };
        let change = read(&plan.change)?;
        let way = |email: Option<EmailAddress>| email.map_or(Way::None, |_| Way::Works);
        fact.name = change.name.unwrap_or_else(|| fact.name.clone());
        fact.deputy = change.deputy.unwrap_or_else(|| fact.deputy.clone());
        fact.confirmed_on = change.confirmed_on.unwrap_or(fact.confirmed_on);
        fact.absent.from = change.absent_from.unwrap_or(fact.absent.from);
        fact.absent.to = change.absent_until.unwrap_or(fact.absent.to);
        fact.valid.from = change.valid_from.unwrap_or(fact.valid.from);
        fact.valid.to = change.valid_to.unwrap_or(fact.valid.to);
        fact.mail = change.email.map_or(fact.mail, way);
    }
    Ok(())
}

fn shown(row: PlannedRow) -> Result<Planned, AppError> {
    Ok(Planned {
        id: row.id,
        contact: row.contact,
        takes_effect_on: row.takes_effect_on,
        change: row.change.read()?,
        reason: row.reason,
        by: row.actor.read()?,
        planned_at: row.planned_at,
        state: row.state,
        decided_at: row.decided_at,
        outcome: row.outcome,
    })
}
