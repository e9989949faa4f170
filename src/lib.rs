//! Lotse routes support requests about re-used online services from the 1st level over a municipality's
//! central contact to the 2nd level and back.
//!
//! The modules import only leftwards:
//! `clock ids keys error spreadsheet` ← `db` ← `seal` ← `delivery` ← `access` ← `directory` ← `tickets` ← `escalation` ←
//! `inbound` ← `operations` ← `figures` ← `http` ← `app` ← `cli`; `config` and `telemetry` are read by `app` and `cli` alone.
//! ARCHITECTURE.md shows the map and walks a ticket through it.

pub mod access;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod delivery;
pub mod directory;
pub mod error;
pub mod escalation;
pub mod figures;
pub mod http;
pub mod ids;
pub mod inbound;
pub mod keys;
pub mod operations;
pub mod seal;
pub mod spreadsheet;
pub mod telemetry;
pub mod tickets;
