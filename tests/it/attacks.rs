//! What somebody who means harm tries, and what becomes of it.
//!
//! Invariant: each attack is made over the same wire as in life, on both databases where one is touched. Not here:
//! who may do what (`access.rs`), peers that misbehave by accident (`delivery.rs`, `faults.rs`).

mod bodies;
mod fuzzing;
mod mail;
mod pages;
mod people;
mod planted;
mod privacy;
mod slow;
mod ssrf;
mod wire;
