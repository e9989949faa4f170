//! The integration tests: one binary that mirrors `src/`, with real peers and both databases.

mod access;
mod attacks;
mod audit;
mod browser;
mod browser_confirmation;
mod browser_help;
mod browser_rollout;
mod browser_staff;
mod cli;
mod confirmations;
mod delivery;
mod directory;
mod escalations;
mod exchange;
mod faults;
mod help;
mod inbound;
mod pages;
mod provider;
mod rights;
mod rollout;
mod schema;
mod support;
mod tickets;
mod users;
mod versions;
