//! People: how they come in, stay in and are put out, through the use cases and with real mails.
//!
//! Invariant: the clock stands still unless a test moves it, so that waits and ends are exact. Hashes are cheap here,
//! but where the work itself is measured.

mod brake;
mod factor;
pub mod house;
mod links;
mod people;
mod sessions;
