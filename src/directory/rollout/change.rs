//! What people change of a roll-out: a point, the project, the division of tasks; and what a move of state asks for.
//!
//! Invariant: a change names the version it was made against. What the directory shows is never entered by hand.
//! Every change stands in the audit log, in its transaction.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::checklist::{Block, Checklist, ItemView, block};
use super::facts::{Judged, judge_one};
use super::finding::Finding;
use super::item::Item;
use super::matrix::{self, Task};
use super::state::{Step, step};
use super::verdict::ItemState;
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::types::Json;
use crate::db::{Db, Tx};
use crate::directory::adoptions::{self, Adoption};
use crate::directory::page::{guard, present, stale};
use crate::directory::store;
use crate::directory::store::rollout::ItemRow;
use crate::directory::terms::AdoptionState;
use crate::error::{AppError, Faults};
use crate::ids::AdoptionId;

/// What is to be different of a point; what is left out stays, `null` empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemChange {
    /// The version it was read at; 0 for one that nobody has changed yet.
    pub version: Option<i32>,
    /// What people say of it.
    pub state: Option<ItemState>,
    /// Who sees to it: a name, or the id of a contact.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub owner: Option<Option<String>>,
    /// Until when.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub due_on: Option<Option<NaiveDate>>,
    /// When it was done; today when left out with `done`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub done_on: Option<Option<NaiveDate>>,
    /// What else there is to say; the reason, where it is not needed.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub note: Option<Option<String>>,
}

/// What is to be different of the project; what is left out stays, `null` empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectChange {
    /// The version it was read at; 0 while nothing was said.
    pub version: Option<i32>,
    /// When it is to begin.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub planned_start: Option<Option<NaiveDate>>,
    /// The steering committee.
    pub steering: Option<SteeringChange>,
}

/// Who is on the steering committee; what is left out stays, `null` empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SteeringChange {
    /// The member, such as a department of the Land.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub member: Option<Option<String>>,
    /// The person who sits there.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub delegate: Option<Option<String>>,
}

/// A division of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Matrix {
    /// False while it is a proposal that nobody has settled.
    pub is_settled: bool,
    /// The tasks, in order.
    pub tasks: Vec<Task>,
    /// Rises with every change; 0 while it is a proposal.
    pub version: i32,
}

/// A division of tasks as it is to be, whole.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixChange {
    /// The version it was read at; 0 while it is a proposal.
    pub version: Option<i32>,
    /// The tasks, in order.
    pub tasks: Vec<Task>,
}

/// Sets what is given, without blanks around it; nothing but blanks empties.
fn set_text(field: &mut Option<String>, new: Option<Option<String>>) {
    if let Some(new) = new {
        *field = new.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    }
}

/// Changes a point.
pub async fn item(
    db: &Db,
    actor: &Actor,
    id: AdoptionId,
    item: Item,
    change: ItemChange,
    now: Timestamp,
) -> Result<ItemView, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    db.write(move |tx| {
        let today = now.day_in_berlin();
        let adoption = adoptions::by_id(tx, id)?;
        let judged = judge_one(tx, adoption, today)?;
        let before = store::rollout::item(tx, id, item)?;
        let mut row = before.clone().unwrap_or(ItemRow {
            adoption: id,
            item,
            state: ItemState::Open,
            owner: None,
            due_on: None,
            done_on: None,
            note: None,
            version: 0,
            changed_by: Json::of(&actor)?,
            changed_at: now,
        });
        if row.version != version {
            return Err(stale("the point", row.version));
        }
        apply(&judged, change, &mut row, today)?;
        (row.version, row.changed_by, row.changed_at) = (row.version + 1, Json::of(&actor)?, now);
        store::rollout::save_item(tx, &row)?;
        store::changed(tx)?;
        let view = view_of(super::checklist::of(tx, judged.adoption.clone(), today)?, item)?;
        let told = before.as_ref().map_or_else(|| untouched(item), said);
        let trail = Trail::changed(&told, &said(&row));
        audit::record(tx, &actor, AuditAction::ChecklistChanged, (ObjectKind::Adoption, &id), trail, now)?;
        Ok(view)
    })
    .await
}

fn view_of(list: Checklist, item: Item) -> Result<ItemView, AppError> {
    list.items.into_iter().find(|view| view.item == item).ok_or(AppError::NotFound)
}

/// What the audit log is told of a point that nobody has changed yet.
fn untouched(item: Item) -> serde_json::Value {
    serde_json::json!({ "checklist": { "item": item, "state": ItemState::Open } })
}

/// What it is told of a point: all of it, so that an entry says which it was.
fn said(row: &ItemRow) -> serde_json::Value {
    serde_json::json!({ "checklist": { "item": row.item, "state": row.state, "owner": row.owner, "due_on": row.due_on,
        "done_on": row.done_on, "note": row.note } })
}

fn apply(judged: &Judged, change: ItemChange, row: &mut ItemRow, today: NaiveDate) -> Result<(), AppError> {
    let mut faults = Faults::default();
    row.state = change.state.unwrap_or(row.state);
    set_text(&mut row.owner, change.owner);
    set_text(&mut row.note, change.note);
    row.due_on = change.due_on.unwrap_or(row.due_on);
    row.done_on = change.done_on.unwrap_or(row.done_on);
    match row.state {
        ItemState::Done => row.done_on = row.done_on.or(Some(today)),
        ItemState::NotNeeded if !row.item.is_optional() => faults.add(
            "state",
            "this point is required and cannot be not_needed; only what the source opens with «Ggf.» can",
        ),
        ItemState::NotNeeded if row.note.is_none() => faults.add("note", "must say why it is not needed"),
        // What is not done has no day of it.
        ItemState::NotNeeded | ItemState::Open | ItemState::Waiting => row.done_on = row.done_on.filter(|_| false),
    }
    if row.done_on.is_some_and(|day| day > today) {
        faults.add("done_on", "must not lie ahead; set the point to waiting until it is done");
    }
    let is_done_anew = change.state == Some(ItemState::Done);
    if is_done_anew && let Some(Finding::Lacking(lack)) = judged.finding(row.item) {
        faults.add(
            "state",
            format!(
                "Lotse reads this point from the directory; it cannot be done by hand. {} {}",
                lack.what.en, lack.remedy.en
            ),
        );
    }
    faults.optional_text("owner", row.owner.as_deref().unwrap_or_default(), 200);
    faults.optional_text("note", row.note.as_deref().unwrap_or_default(), 2000);
    faults.finish()
}

/// Changes the project: its planned start, its seat on the steering committee.
pub async fn project(
    db: &Db,
    actor: &Actor,
    id: AdoptionId,
    change: ProjectChange,
    now: Timestamp,
) -> Result<Checklist, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    db.write(move |tx| {
        let adoption = adoptions::by_id(tx, id)?;
        let mut row = store::rollout::find(tx, id)?;
        if row.version != version {
            return Err(stale("the project", row.version));
        }
        let said = |row: &store::rollout::RolloutRow| {
            serde_json::json!({ "planned_start": row.planned_start, "member": row.member, "delegate": row.delegate })
        };
        let before = said(&row);
        row.planned_start = change.planned_start.unwrap_or(row.planned_start);
        let steering = change.steering.unwrap_or_default();
        set_text(&mut row.member, steering.member);
        set_text(&mut row.delegate, steering.delegate);
        let mut faults = Faults::default();
        faults.optional_text("steering.member", row.member.as_deref().unwrap_or_default(), 200);
        faults.optional_text("steering.delegate", row.delegate.as_deref().unwrap_or_default(), 200);
        faults.finish()?;
        row.version += 1;
        store::rollout::save(tx, &row)?;
        store::changed(tx)?;
        let trail = Trail::changed(&before, &said(&row));
        audit::record(tx, &actor, AuditAction::ChecklistChanged, (ObjectKind::Adoption, &id), trail, now)?;
        super::checklist::of(tx, adoption, now.day_in_berlin())
    })
    .await
}

/// The division of tasks, or what is proposed for one.
pub async fn matrix(db: &Db, id: AdoptionId) -> Result<Matrix, AppError> {
    db.read(move |conn| {
        adoptions::by_id(conn, id)?;
        let version = store::rollout::find(conn, id)?.matrix_version;
        let tasks = if version == 0 { matrix::proposal() } else { store::rollout::tasks(conn, id)? };
        Ok(Matrix { is_settled: version > 0, tasks, version })
    })
    .await
}

/// Settles the division of tasks.
pub async fn set_matrix(
    db: &Db,
    actor: &Actor,
    id: AdoptionId,
    change: MatrixChange,
    now: Timestamp,
) -> Result<Matrix, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    let mut tasks = change.tasks;
    for task in &mut tasks {
        task.task = task.task.trim().to_owned();
    }
    let mut faults = Faults::default();
    matrix::check(&tasks, &mut faults);
    faults.finish()?;
    db.write(move |tx| {
        adoptions::by_id(tx, id)?;
        let mut row = store::rollout::find(tx, id)?;
        if row.matrix_version != version {
            return Err(stale("the division of tasks", row.matrix_version));
        }
        let before = store::rollout::tasks(tx, id)?;
        row.matrix_version += 1;
        store::rollout::save(tx, &row)?;
        store::rollout::set_tasks(tx, id, &tasks)?;
        store::changed(tx)?;
        let said = |tasks: &[Task]| serde_json::json!({ "tasks": tasks });
        let trail = Trail::changed(&said(&before), &said(&tasks));
        audit::record(tx, &actor, AuditAction::MatrixChanged, (ObjectKind::Adoption, &id), trail, now)?;
        Ok(Matrix { is_settled: true, tasks, version: row.matrix_version })
    })
    .await
}

/// Moves an adoption, whose channels and duties are stored already, to another state, if what that asks for is there.
pub(in crate::directory) fn move_to(
    tx: &mut Tx,
    adoption: &mut Adoption,
    to: AdoptionState,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let step = step(adoption.state, to).map_err(|no| AppError::Conflict(no.to_string()))?;
    let mut row = store::rollout::find(tx, adoption.id)?;
    match step {
        Step::Stay => return Ok(()),
        Step::TakeBack => {}
        Step::Complete => {
            let judged = judge_one(tx, adoption.clone(), now.day_in_berlin())?;
            refuse(judged.unmet().filter_map(block))?;
        }
        Step::GoLive => {
            let judged = judge_one(tx, adoption.clone(), now.day_in_berlin())?;
            refuse(judged.unmet().filter(|point| point.item.is_needed_live()).filter_map(block))?;
            (row.live_since, row.suspended_reason) = (Some(now), None);
        }
        Step::Suspend => {
            let reason = reason.map(|reason| reason.trim().to_owned()).unwrap_or_default();
            let mut faults = Faults::default();
            faults.text("reason", &reason, 500);
            faults.finish()?;
            row.suspended_reason = Some(reason);
        }
    }
    store::rollout::save(tx, &row)?;
    adoption.state = to;
    Ok(())
}

/// Says everything that is missing at once.
fn refuse(blocks: impl Iterator<Item = Block>) -> Result<(), AppError> {
    let mut faults = Faults::default();
    for block in blocks {
        let Block { item, title, lack } = block;
        faults.add(format!("checklist.{item}"), format!("{}: {} {}", title.en, lack.what.en, lack.remedy.en));
    }
    faults.finish()
}
