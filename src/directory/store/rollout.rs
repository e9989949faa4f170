//! The tables of a roll-out: its project, checklist and division of tasks.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::insert_many;
use crate::db::schema::{checklist_items, matrix_tasks, rollouts};
use crate::db::types::Json;
use crate::directory::rollout::item::Item;
use crate::directory::rollout::matrix::{Part, Task};
use crate::directory::rollout::verdict::ItemState;
use crate::error::AppError;
use crate::ids::AdoptionId;

/// What is known of a roll-out beside its points.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = rollouts, primary_key(adoption), treat_none_as_null = true)]
pub(in crate::directory) struct RolloutRow {
    pub adoption: AdoptionId,
    pub planned_start: Option<NaiveDate>,
    pub live_since: Option<Timestamp>,
    pub suspended_reason: Option<String>,
    pub member: Option<String>,
    pub delegate: Option<String>,
    pub version: i32,
    pub matrix_version: i32,
}

impl RolloutRow {
    /// One of which nothing is known yet.
    pub fn blank(adoption: AdoptionId) -> Self {
        Self {
            adoption,
            planned_start: None,
            live_since: None,
            suspended_reason: None,
            member: None,
            delegate: None,
            version: 0,
            matrix_version: 0,
        }
    }
}

/// What people entered for one point.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = checklist_items, primary_key(adoption, item), treat_none_as_null = true)]
pub(in crate::directory) struct ItemRow {
    pub adoption: AdoptionId,
    pub item: Item,
    pub state: ItemState,
    pub owner: Option<String>,
    pub due_on: Option<NaiveDate>,
    pub done_on: Option<NaiveDate>,
    pub note: Option<String>,
    pub version: i32,
    pub changed_by: Json,
    pub changed_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = matrix_tasks)]
struct TaskRow {
    adoption: AdoptionId,
    position: i32,
    task: String,
    specialist_department: Part,
    it_department: Part,
    it_provider: Part,
    procedure_vendor: Part,
    land: Part,
}

pub(in crate::directory) fn of(conn: &mut Conn, adoptions: &[AdoptionId]) -> Result<Vec<RolloutRow>, AppError> {
    let mut found = Vec::new();
    for some in adoptions.chunks(500) {
        let rows: Vec<RolloutRow> = rollouts::table.filter(rollouts::adoption.eq_any(some)).load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// What is known of one; blank where nothing is.
pub(in crate::directory) fn find(conn: &mut Conn, adoption: AdoptionId) -> Result<RolloutRow, AppError> {
    let row: Option<RolloutRow> = rollouts::table.find(adoption).first(conn).optional()?;
    Ok(row.unwrap_or_else(|| RolloutRow::blank(adoption)))
}

pub(in crate::directory) fn save(conn: &mut Conn, row: &RolloutRow) -> Result<(), AppError> {
    if diesel::update(rollouts::table.find(row.adoption)).set(row).execute(conn)? == 0 {
        diesel::insert_into(rollouts::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// What people entered for the points of these adoptions.
pub(in crate::directory) fn items(conn: &mut Conn, adoptions: &[AdoptionId]) -> Result<Vec<ItemRow>, AppError> {
    let mut found = Vec::new();
    for some in adoptions.chunks(500) {
        let rows: Vec<ItemRow> = checklist_items::table.filter(checklist_items::adoption.eq_any(some)).load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

pub(in crate::directory) fn item(
    conn: &mut Conn,
    adoption: AdoptionId,
    item: Item,
) -> Result<Option<ItemRow>, AppError> {
    Ok(checklist_items::table.find((adoption, item)).first(conn).optional()?)
}

pub(in crate::directory) fn save_item(conn: &mut Conn, row: &ItemRow) -> Result<(), AppError> {
    if diesel::update(checklist_items::table.find((row.adoption, row.item))).set(row).execute(conn)? == 0 {
        diesel::insert_into(checklist_items::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The division of tasks, in order; empty while it is a proposal.
pub(in crate::directory) fn tasks(conn: &mut Conn, adoption: AdoptionId) -> Result<Vec<Task>, AppError> {
    let rows: Vec<TaskRow> =
        matrix_tasks::table.filter(matrix_tasks::adoption.eq(adoption)).order(matrix_tasks::position).load(conn)?;
    let task = |row: TaskRow| Task {
        task: row.task,
        specialist_department: row.specialist_department,
        it_department: row.it_department,
        it_provider: row.it_provider,
        procedure_vendor: row.procedure_vendor,
        land: row.land,
    };
    Ok(rows.into_iter().map(task).collect())
}

pub(in crate::directory) fn set_tasks(conn: &mut Conn, adoption: AdoptionId, tasks: &[Task]) -> Result<(), AppError> {
    diesel::delete(matrix_tasks::table.filter(matrix_tasks::adoption.eq(adoption))).execute(conn)?;
    let row = |(position, task): (i32, &Task)| TaskRow {
        adoption,
        position,
        task: task.task.clone(),
        specialist_department: task.specialist_department,
        it_department: task.it_department,
        it_provider: task.it_provider,
        procedure_vendor: task.procedure_vendor,
        land: task.land,
    };
    let rows: Vec<TaskRow> = (0..).zip(tasks).map(row).collect();
    insert_many!(conn, matrix_tasks::table, rows);
    Ok(())
}

/// Forgets all of it: the adoption begins anew.
pub(in crate::directory) fn forget(conn: &mut Conn, adoption: AdoptionId) -> Result<(), AppError> {
    diesel::delete(rollouts::table.find(adoption)).execute(conn)?;
    diesel::delete(checklist_items::table.filter(checklist_items::adoption.eq(adoption))).execute(conn)?;
    diesel::delete(matrix_tasks::table.filter(matrix_tasks::adoption.eq(adoption))).execute(conn)?;
    Ok(())
}
