//! The integration tests: one binary that mirrors `src/`, with real peers and both databases.

mod delivery;
mod directory;
mod escalations;
mod faults;
mod support;
mod tickets;
