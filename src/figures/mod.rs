//! Figures: how many requests came in, how many were answered by the promised time, and how long it took; by service,
//! category, municipality, contact and way in.
//!
//! Invariant: figures are of requests and offices, never of people. They follow from requests and their histories alone
//! and are kept up to date by one loop (`worker.rs`); deleting all of them and reckoning anew gives the same
//! (`check.rs`). Whoever asks gets sums of what lies within their reach. Counted on the day of receipt, in clock time.
//!
//! Where next: `fold.rs` (what a request contributes, pure), `histogram.rs` (times), `period.rs` (which days),
//! `browse.rs` (asking), `export.rs` (tables for spreadsheets), `store.rs`.

pub mod browse;
pub mod check;
pub mod export;
pub mod fold;
pub mod histogram;
pub mod period;
mod store;
pub mod worker;

pub use browse::{Asked, Facts, Figures, FiguresPart, Point, Table, Times, figures};
pub use fold::Dimension;
pub use period::{LineStep, Period, PeriodKind};
pub use store::sums::Narrowed;
