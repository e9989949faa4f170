//! The integration tests: one binary that mirrors `src/`, with real peers and both databases.

mod access;
mod attacks;
mod audit;
mod browser;
mod browser_help;
mod browser_staff;
mod cli;
mod delivery;
mod directory;
mod escalations;
mod faults;
mod help;
mod pages;
mod provider;
mod rights;
mod schema;
mod support;
mod tickets;
mod users;
