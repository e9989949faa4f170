//! The checklist of an adoption as it is shown: every point with its verdict, how far it is, and what blocks.
//!
//! Invariant: nothing is changed here. Where next: `change.rs`.

use chrono::NaiveDate;
use serde::Serialize;

use super::facts::{Judged, Point, judge_all, judge_one};
use super::finding::{Holder, Lack};
use super::item::{Item, Judge, Text};
use super::state;
use super::verdict::{ItemState, Verdict};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::directory::adoptions::{self, Adoption, AdoptionQuery};
use crate::directory::page::{Page, PageRequest};
use crate::directory::terms::AdoptionState;
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{Ars, LandCode, Slug};

/// A checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Checklist {
    /// Of which adoption.
    pub adoption: AdoptionId,
    /// Which service.
    pub service: Slug,
    /// Its name.
    pub service_name: String,
    /// Who runs it.
    pub operator: String,
    /// The Land that operates it.
    pub operating_land: LandCode,
    /// Which municipality.
    pub ars: Ars,
    /// Its name.
    pub municipality: String,
    /// Its Land.
    pub land: LandCode,
    /// How far the adoption is.
    pub state: AdoptionState,
    /// Which states it can go to from here, if what they ask for is there.
    pub next_states: Vec<AdoptionState>,
    /// When it is to begin.
    pub planned_start: Option<NaiveDate>,
    /// When it went live last.
    pub live_since: Option<Timestamp>,
    /// Why it is out of use.
    pub suspended_reason: Option<String>,
    /// The steering committee.
    pub steering: Steering,
    /// How far the points are.
    pub progress: Progress,
    /// What hinders it from being ready.
    pub blocks_ready: Vec<Block>,
    /// What hinders it from going live once it is ready.
    pub blocks_live: Vec<Block>,
    /// Who has which duty today: for the adoption, and for the service.
    pub contacts: Vec<Holder>,
    /// The points, in the order of the source.
    pub items: Vec<ItemView>,
    /// Of what is said beside the points; rises with every change of it.
    pub version: i32,
}

/// Who is on the steering committee for the municipality.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Steering {
    /// The member, such as a department of the Land.
    pub member: Option<String>,
    /// The person who sits there.
    pub delegate: Option<String>,
}

/// How far the points are; those that are not needed do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// How many points count.
    pub total: usize,
    /// How many of them are fulfilled.
    pub fulfilled: usize,
    /// How many required ones are missing or open.
    pub missing: usize,
    /// How many required ones wait for others.
    pub waiting: usize,
    /// How many are past their day.
    pub overdue: usize,
}

/// A point that blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Block {
    /// Which.
    pub item: Item,
    /// What it is called.
    pub title: Text,
    /// What is missing, and what to do.
    #[serde(flatten)]
    pub lack: Lack,
}

/// A point as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ItemView {
    /// Which.
    pub item: Item,
    /// What it is called.
    pub title: Text,
    /// Why it matters.
    pub why: Text,
    /// The source's wording.
    pub source: &'static str,
    /// False where it may be not needed.
    pub is_required: bool,
    /// True where the directory shows it by itself.
    pub is_automatic: bool,
    /// What holds of it.
    pub verdict: Verdict,
    /// What is missing, and what to do.
    pub lack: Option<Lack>,
    /// By what one sees that it is good.
    pub evidence: Option<Text>,
    /// What people say of it.
    pub state: ItemState,
    /// Who sees to it.
    pub owner: Option<String>,
    /// Until when.
    pub due_on: Option<NaiveDate>,
    /// True where that day is over and it is not good.
    pub is_overdue: bool,
    /// When it was done.
    pub done_on: Option<NaiveDate>,
    /// What else there is to say.
    pub note: Option<String>,
    /// Rises with every change.
    pub version: i32,
    /// Who changed it last.
    pub changed_by: Option<Actor>,
    /// When.
    pub changed_at: Option<Timestamp>,
}

/// The checklist of one adoption.
pub async fn read(db: &Db, id: AdoptionId, today: NaiveDate) -> Result<Checklist, AppError> {
    db.read(move |conn| {
        let adoption = adoptions::by_id(conn, id)?;
        of(conn, adoption, today)
    })
    .await
}

/// A page of checklists, by the id of their adoptions.
pub async fn list(
    db: &Db,
    query: AdoptionQuery,
    page: PageRequest,
    today: NaiveDate,
) -> Result<Page<Checklist>, AppError> {
    let found = adoptions::list(db, query, page).await?;
    db.read(move |conn| {
        let items = judge_all(conn, found.items, today)?.iter().map(|judged| checklist(judged, today)).collect();
        Ok(Page { items, next_cursor: found.next_cursor })
    })
    .await
}

/// The same in a transaction.
pub(in crate::directory) fn of(conn: &mut Conn, adoption: Adoption, today: NaiveDate) -> Result<Checklist, AppError> {
    Ok(checklist(&judge_one(conn, adoption, today)?, today))
}

pub(super) fn checklist(judged: &Judged, today: NaiveDate) -> Checklist {
    let (adoption, rollout, service) = (&judged.adoption, &judged.rollout, &judged.service);
    let items: Vec<ItemView> = judged.points.iter().map(|point| view(point, today)).collect();
    Checklist {
        adoption: adoption.id,
        service: service.slug.clone(),
        service_name: service.name.clone(),
        operator: service.operator.clone(),
        operating_land: service.operating_land,
        ars: adoption.ars.clone(),
        municipality: judged.municipality.clone(),
        land: judged.land,
        state: adoption.state,
        next_states: state::next(adoption.state),
        planned_start: rollout.planned_start,
        live_since: rollout.live_since,
        suspended_reason: rollout.suspended_reason.clone(),
        steering: Steering { member: rollout.member.clone(), delegate: rollout.delegate.clone() },
        progress: progress(&items),
        blocks_ready: judged.unmet().filter_map(block).collect(),
        blocks_live: judged.unmet().filter(|point| point.item.is_needed_live()).filter_map(block).collect(),
        contacts: judged.holders.clone(),
        items,
        version: rollout.version,
    }
}

/// A point that hinders, with what to do.
pub(super) fn block(point: &Point) -> Option<Block> {
    let lack = point.judgement.lack.clone()?;
    Some(Block { item: point.item, title: point.item.title(), lack })
}

fn progress(items: &[ItemView]) -> Progress {
    let count = |what: &dyn Fn(&ItemView) -> bool| items.iter().filter(|item| what(item)).count();
    Progress {
        total: count(&|item| item.verdict != Verdict::NotNeeded),
        fulfilled: count(&|item| item.verdict == Verdict::Fulfilled),
        missing: count(&|item| item.is_required && matches!(item.verdict, Verdict::Missing | Verdict::Open)),
        waiting: count(&|item| item.is_required && item.verdict == Verdict::Waiting),
        overdue: count(&|item| item.is_overdue),
    }
}

fn view(point: &Point, today: NaiveDate) -> ItemView {
    let (item, entered, judgement) = (point.item, point.entered.clone(), point.judgement.clone());
    ItemView {
        item,
        title: item.title(),
        why: item.why(),
        source: item.source(),
        is_required: !item.is_optional(),
        is_automatic: !matches!(item.judge(), Judge::People),
        is_overdue: !judgement.verdict.is_good() && entered.due_on.is_some_and(|due| due < today),
        verdict: judgement.verdict,
        lack: judgement.lack,
        evidence: judgement.evidence,
        state: entered.state,
        owner: entered.owner,
        due_on: entered.due_on,
        done_on: entered.done_on,
        note: entered.note,
        version: point.version,
        changed_by: point.changed_by.clone(),
        changed_at: point.changed_at,
    }
}
