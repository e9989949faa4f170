//! Requests that people write themselves in Lotse's own form, and the page on which they see where theirs stands.
//!
//! Invariant: what was written is stored before anybody is told that it was. Where a mail address was given, it is no
//! request yet and nobody's work until the address is confirmed: it stands apart (`unconfirmed_requests`), under the
//! number and the key of the ticket it becomes, so no list, figure or deadline can count it by mistake. Without an
//! address there is nothing to confirm, and it becomes a ticket at once. The secret of a link is kept as a hash; a link
//! that is wanted again goes to the known address alone.
//!
//! Where next: `challenge.rs` (work instead of puzzles), `hand_in.rs` (writing), `unconfirmed.rs` (confirming, and what
//! staff decide), `link.rs` (links and their mails), `standing.rs` (what a person sees). What they say there, and taking
//! a request back, ends escalations too and stands in `escalation/own_request.rs`.

pub mod challenge;
pub mod hand_in;
pub mod link;
pub mod standing;
pub mod unconfirmed;

use chrono::TimeDelta;

use super::Desk;
use crate::access::{Actor, ActorKind, Caller, Grant, Role, Scope};
use crate::clock::Timestamp;
use crate::ids::CallerId;

pub use unconfirmed::round;

/// What the form needs to know of this installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many zero bits the work of a browser has.
    pub bits: u32,
    /// In what time a form is sent.
    pub times: challenge::Times,
    /// From one network at most so many an hour.
    pub per_hour: u32,
    /// The same where the work was not done.
    pub unsolved_per_hour: u32,
    /// And from all networks together.
    pub unsolved_in_all: u32,
    /// How long what is not confirmed waits.
    pub unconfirmed_kept: TimeDelta,
    /// How long a link leads to where a request stands.
    pub link_valid_for: TimeDelta,
    /// Whether a sentence must be agreed to.
    pub asks_consent: bool,
}

/// A new challenge for the form of a service in a municipality.
pub fn challenge(desk: &Desk, service: &str, ars: &str) -> String {
    let name = format!("{:032x}", rand::random::<u128>());
    let bits = desk.settings.form.bits;
    challenge::issue(&about(service, ars), &name, bits, desk.clock.now(), |text| sign(desk, text))
}

fn about(service: &str, ars: &str) -> String {
    format!("{service}/{ars}")
}

fn sign(desk: &Desk, text: &str) -> String {
    desk.sealer.fingerprint("form challenge", text)
}

/// Whoever wrote in the form; it hands in for everywhere.
fn form_caller() -> Caller {
    let grants = vec![Grant { role: Role::Admin, scope: Scope::everywhere(), contact: None }];
    let actor = Actor::named(ActorKind::System, None, "Online-Formular");
    Caller::new(CallerId::from_uuid(uuid::Uuid::nil()), actor, grants, None)
}

/// The person who asked, by the link to their request. Their name is sealed and stands in no history.
pub fn person() -> Actor {
    Actor::link("Fragende Person")
}

/// Until when something that begins now lasts.
fn until(now: Timestamp, span: TimeDelta) -> Timestamp {
    now.plus(span)
}
