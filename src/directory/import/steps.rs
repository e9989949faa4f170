//! The transactions in which an official list and its changes are done.
//!
//! Invariant: they are laid out in the transaction that takes the first of them, by the plan that was compared there
//! with the one that was looked at. Each is whole by itself and does nothing when done again, so that a run that was
//! cut off is completed by the next.

use std::collections::{HashMap, HashSet};

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
    /// Rows of the list that are not there so yet; the last of them tell of all.
    Rows(Vec<Municipality>, Option<Summary>),
    /// One municipality takes the place of another.
    Merge(Successor),
    /// What is named no more is taken out of use.
    End(Vec<Ars>),
}

impl Step {
    /// How many rows of the list it stores.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Rows(rows, _) => rows.len(),
            Self::Merge(_) | Self::End(_) => 0,
        }
    }

    /// Does it.
    pub(super) fn take(self, tx: &mut Tx, actor: &Actor, now: Timestamp) -> Result<(), AppError> {
        match self {
            Self::Rows(rows, told) => {
                // Compared once more, with what stands there now.
                let (_, changes) = municipalities::changes(tx, &rows, now)?;
                let (new, changed): (Vec<_>, Vec<_>) = changes.into_iter().partition(|(is_new, _)| *is_new);
                let new: Vec<Municipality> = new.into_iter().map(|(_, m)| m).collect();
                store::municipalities::insert_all(tx, &new)?;
                changed.iter().try_for_each(|(_, m)| store::municipalities::update(tx, m))?;
                store::successors::forget(tx, &rows.iter().map(|m| m.ars.clone()).collect::<Vec<_>>())?;
                // Once is enough, and instances need not read half a register in.
                let Some(summary) = told else { return Ok(()) };
                super::told(tx, AuditAction::MunicipalitiesImported, &summary, now)?;
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
    now: Timestamp,
) -> Result<(Summary, Vec<Step>), AppError> {
    let (mut summary, mut steps) = (Summary::default(), Vec::new());
    if let Some(mut wanted) = wanted {
        let inherited = inherited(conn, plan)?;
        for new in &mut wanted {
            new.in_115 = inherited.get(&new.ars).copied().unwrap_or(new.in_115);
        }
        let changes;
        (summary, changes) = municipalities::changes(conn, &wanted, now)?;
        let changed: HashSet<Ars> = changes.into_iter().map(|(_, m)| m.ars).collect();
        wanted.retain(|m| changed.contains(&m.ars));
        steps.extend(wanted.chunks(CHUNK).map(|some| Step::Rows(some.to_vec(), None)));
        if let Some(Step::Rows(_, told)) = steps.last_mut() {
            *told = Some(summary);
        }
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
