//! The transactions in which an official list and its changes are done.
//!
//! Invariant: they are laid out in the transaction that takes the first of them, by the plan that was compared there
//! with the one that was looked at. Each is whole by itself, tells the audit log and every instance what it changed,
//! and does nothing when done again, so that a run that was cut off is on record and is completed by the next.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::Summary;
use super::mergers::RegisterPlan;
use super::municipalities;
use crate::access::Actor;
use crate::access::audit::AuditAction;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::merge::{self, Successor};
use crate::directory::municipalities::Municipality;
use crate::directory::store;
use crate::error::AppError;
use crate::keys::Ars;

/// So many rows go in one transaction, so that intake never waits long.
const CHUNK: usize = 250;

/// One transaction.
pub(super) enum Step {
    /// Rows of the list that are not there so yet; with the first of them it is told how many are there already.
    Rows { rows: Vec<Municipality>, unchanged: usize, portion: Option<Portion> },
    /// One municipality takes the place of another.
    Merge(Successor),
    /// What is named no more is taken out of use.
    End(Vec<Ars>),
}

/// Which of how many portions of a list, where it takes several.
#[derive(Serialize)]
pub(super) struct Portion {
    portion: usize,
    portions: usize,
}

/// What the audit log keeps of it; of all portions together it is the whole.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    counts: Summary,
    #[serde(flatten)]
    portion: Option<Portion>,
}

impl Step {
    /// How many rows of the list it stores.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Rows { rows, .. } => rows.len(),
            Self::Merge(_) | Self::End(_) => 0,
        }
    }

    /// Does it.
    pub(super) fn take(self, tx: &mut Tx, actor: &Actor, now: Timestamp) -> Result<(), AppError> {
        match self {
            Self::Rows { rows, unchanged, portion } => {
                // Compared once more, with what stands there now.
                let (mut counts, changes) = municipalities::changes(tx, &rows, now)?;
                if changes.is_empty() {
                    // Another run was quicker, and told of it.
                    return Ok(());
                }
                counts.unchanged += unchanged;
                let (new, changed): (Vec<_>, Vec<_>) = changes.into_iter().partition(|(is_new, _)| *is_new);
                let new: Vec<Municipality> = new.into_iter().map(|(_, m)| m).collect();
                store::municipalities::insert_all(tx, &new)?;
                changed.iter().try_for_each(|(_, m)| store::municipalities::update(tx, m))?;
                store::successors::forget(tx, &rows.iter().map(|m| m.ars.clone()).collect::<Vec<_>>())?;
                super::told(tx, actor, AuditAction::MunicipalitiesImported, &Told { counts, portion }, now)?;
                store::places_changed(tx)
            }
            Self::Merge(who) => merge::merge(tx, actor, &who, now),
            Self::End(gone) => merge::end(tx, actor, &gone, now.day_in_berlin(), now),
        }
    }
}

/// All of them in their order, and what the list alone comes to.
pub(super) fn lay_out(
    conn: &mut Conn,
    wanted: Option<Vec<Municipality>>,
    plan: &RegisterPlan,
) -> Result<(Summary, Vec<Step>), AppError> {
    let (mut summary, mut steps) = (Summary::default(), Vec::new());
    if let Some(mut wanted) = wanted {
        let inherited = inherited(conn, plan)?;
        for new in &mut wanted {
            new.in_115 = inherited.get(&new.ars).copied().unwrap_or(new.in_115);
        }
        let differing = plan.differing();
        let created = plan.added.len();
        summary = Summary { created, updated: differing.len() - created, unchanged: plan.unchanged };
        wanted.retain(|m| differing.contains(&m.ars));
        let portions = wanted.len().div_ceil(CHUNK);
        steps.extend(wanted.chunks(CHUNK).zip(1..).map(|(some, portion)| Step::Rows {
            rows: some.to_vec(),
            unchanged: if portion == 1 { summary.unchanged } else { 0 },
            portion: (portions > 1).then_some(Portion { portion, portions }),
        }));
    }
    steps.extend(plan.merged.iter().map(|merger| Step::Merge(merger.who.clone())));
    if plan.ends_gone {
        let gone: Vec<Ars> = plan.gone.iter().map(|gone| gone.place.ars.clone()).collect();
        steps.extend(gone.chunks(CHUNK).map(|some| Step::End(some.to_vec())));
    }
    Ok((summary, steps))
}

/// Whether 115 answers in a new municipality, from those whose place it takes: where it answered in all of them.
fn inherited(conn: &mut Conn, plan: &RegisterPlan) -> Result<HashMap<Ars, bool>, AppError> {
    let added: HashSet<&Ars> = plan.added.iter().map(|place| &place.ars).collect();
    let pairs: Vec<&Successor> =
        plan.merged.iter().map(|merger| &merger.who).filter(|who| added.contains(&who.new_ars)).collect();
    let keys: Vec<Ars> = pairs.iter().map(|who| who.old_ars.clone()).collect();
    let known: HashMap<Ars, bool> =
        store::municipalities::of(conn, &keys)?.into_iter().map(|m| (m.ars, m.in_115)).collect();
    let mut all = HashMap::new();
    for who in pairs {
        if let Some(in_115) = known.get(&who.old_ars) {
            *all.entry(who.new_ars.clone()).or_insert(true) &= *in_115;
        }
    }
    Ok(all)
}
