//! The guided roll-out of an adoption: every organisational point of the source with owner, state and verdict, who
//! does what, and the way from draft to live.
//!
//! Invariant: the directory decides where it shows something, people where it does not (`verdict.rs`); the state
//! moves by one `match` (`state.rs`) and only when what the move asks for is there. A file import takes a state as it
//! stands; what is then missing shows in the gap report.
//!
//! Where next: `item.rs` and `words.rs` (the points), `finding.rs` (what the directory shows),
//! `verdict.rs` (what holds), `facts.rs` (what both read),
//! `checklist.rs` (what is shown), `change.rs` (what people change), `matrix.rs` (who does what).

mod change;
mod checklist;
pub(super) mod facts;
mod finding;
pub(super) mod item;
pub(super) mod matrix;
mod state;
mod urgency;
pub(super) mod verdict;
mod words;

pub(super) use change::move_to;
pub use change::{
    ItemChange, Matrix, MatrixChange, ProjectChange, SteeringChange, item as change_item, matrix as read_matrix,
    project as change_project, set_matrix,
};
pub use checklist::{Block, Checklist, ItemView, Progress, Steering, list, read};
pub use finding::{Holder, Lack};
pub use item::{Item, Judge, Text};
pub use matrix::{MOST_TASKS, Part, Party, Task};
pub use urgency::{by_urgency, next_date};
pub use verdict::{ItemState, Verdict};

use chrono::NaiveDate;

use super::adoptions::Adoption;
use crate::db::Conn;
use crate::error::AppError;

/// A required point of an adoption that is not fulfilled, in German words.
pub(super) struct Unmet {
    /// Of which adoption.
    pub adoption: Adoption,
    /// The municipality's name.
    pub municipality: String,
    /// Which point.
    pub item: Item,
    /// What is missing.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// What the gap report says of adoptions that are in use though required points are not fulfilled.
pub(super) fn unmet(conn: &mut Conn, adoptions: Vec<Adoption>, today: NaiveDate) -> Result<Vec<Unmet>, AppError> {
    let judged = facts::judge_all(conn, adoptions, today)?;
    let of = |one: &facts::Judged| {
        let say = |point: &facts::Point| {
            let lack = point.judgement.lack.as_ref()?;
            Some(Unmet {
                adoption: one.adoption.clone(),
                municipality: one.municipality.clone(),
                item: point.item,
                message: format!("{}: {}", point.item.title().de, lack.what.de),
                remedy: lack.remedy.de.to_string(),
            })
        };
        one.unmet().filter_map(say).collect::<Vec<_>>()
    };
    Ok(judged.iter().flat_map(of).collect())
}
