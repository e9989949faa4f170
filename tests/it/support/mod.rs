//! What the integration tests stand on: real peers that can be told to misbehave, and a way to wait for a condition.
//!
//! Invariant: every peer listens on loopback, on a port of its own, and ends with the value that stands for it.
//! What it does not do: nothing here knows a ticket or an escalation.

#![allow(dead_code, reason = "the peers can do more than the tests of the day ask of them")]

pub mod app;
pub mod browser;
pub mod clamd;
pub mod dovecot;
pub mod forger;
pub mod imap;
pub mod oidc;
pub mod plans;
pub mod postgres;
pub mod process;
pub mod smtp;
pub mod tokens;
pub mod wait;
pub mod webhook;
