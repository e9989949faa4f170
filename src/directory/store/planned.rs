//! The table of planned changes.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::planned_changes;
use crate::db::types::Json;
use crate::directory::planned::PlanState;
use crate::error::AppError;
use crate::ids::PlannedId;
use crate::keys::Slug;

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = planned_changes)]
pub(in crate::directory) struct PlannedRow {
    pub id: PlannedId,
    pub contact: Slug,
    pub takes_effect_on: NaiveDate,
    pub change: Json,
    pub reason: Option<String>,
    pub actor: Json,
    pub planned_at: Timestamp,
    pub state: PlanState,
    pub decided_at: Option<Timestamp>,
    pub outcome: Option<String>,
}

pub(in crate::directory) fn insert(conn: &mut Conn, row: &PlannedRow) -> Result<(), AppError> {
    diesel::insert_into(planned_changes::table).values(row).execute(conn)?;
    Ok(())
}

pub(in crate::directory) fn find(conn: &mut Conn, id: PlannedId) -> Result<Option<PlannedRow>, AppError> {
    Ok(planned_changes::table.find(id).first(conn).optional()?)
}

/// All of a contact.
pub(in crate::directory) fn of(conn: &mut Conn, contact: &Slug) -> Result<Vec<PlannedRow>, AppError> {
    let its = planned_changes::table.filter(planned_changes::contact.eq(contact.clone()));
    Ok(its.order((planned_changes::takes_effect_on, planned_changes::id)).load(conn)?)
}

/// Those whose day has come, the oldest first.
pub(in crate::directory) fn due(conn: &mut Conn, today: NaiveDate, most: i64) -> Result<Vec<PlannedId>, AppError> {
    let due = planned_changes::table
        .filter(planned_changes::state.eq(PlanState::Planned))
        .filter(planned_changes::takes_effect_on.le(today));
    let order = (planned_changes::takes_effect_on, planned_changes::id);
    Ok(due.order(order).limit(most).select(planned_changes::id).load(conn)?)
}

/// Those still planned for this day or an earlier one, in the order they take effect.
pub(in crate::directory) fn until(conn: &mut Conn, on: NaiveDate) -> Result<Vec<PlannedRow>, AppError> {
    let coming = planned_changes::table
        .filter(planned_changes::state.eq(PlanState::Planned))
        .filter(planned_changes::takes_effect_on.le(on));
    Ok(coming.order((planned_changes::takes_effect_on, planned_changes::id)).load(conn)?)
}

/// All plans of contacts of which one has failed, in the order they were made.
pub(in crate::directory) fn of_failed(conn: &mut Conn) -> Result<Vec<PlannedRow>, AppError> {
    let failed = planned_changes::table.filter(planned_changes::state.eq(PlanState::Failed));
    let contacts: Vec<Slug> = failed.select(planned_changes::contact).distinct().load(conn)?;
    let mut found = Vec::new();
    for some in contacts.chunks(500) {
        let rows = planned_changes::table.filter(planned_changes::contact.eq_any(some));
        found.extend(rows.order(planned_changes::id).load::<PlannedRow>(conn)?);
    }
    Ok(found)
}

/// Takes back a plan that has failed; false when it has not.
pub(in crate::directory) fn withdraw_failed(conn: &mut Conn, id: PlannedId, now: Timestamp) -> Result<bool, AppError> {
    let failed = planned_changes::table.find(id).filter(planned_changes::state.eq(PlanState::Failed));
    let withdrawn = (planned_changes::state.eq(PlanState::Withdrawn), planned_changes::decided_at.eq(now));
    Ok(diesel::update(failed).set(withdrawn).execute(conn)? > 0)
}

/// Notes what became of a plan; false when that was decided before.
pub(in crate::directory) fn decide(
    conn: &mut Conn,
    id: PlannedId,
    state: PlanState,
    outcome: Option<&str>,
    now: Timestamp,
) -> Result<bool, AppError> {
    let open = planned_changes::table.find(id).filter(planned_changes::state.eq(PlanState::Planned));
    let decided = diesel::update(open)
        .set((
            planned_changes::state.eq(state),
            planned_changes::decided_at.eq(now),
            planned_changes::outcome.eq(outcome.map(str::to_owned)),
        ))
        .execute(conn)?;
    Ok(decided > 0)
}
