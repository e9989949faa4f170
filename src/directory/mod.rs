//! Who answers for what, where: Länder, municipalities, services, contacts, and which municipality uses which
//! service with which people and ways of help.
//!
//! Invariant: every write to the directory raises the version in `changes` in the same transaction, so that each
//! instance's [`Directory`] in memory follows within two seconds. A contact refers to its mail address and
//! webhook by endpoint; `delivery` owns those, and no secret ever comes out again. Objects are ended, not
//! deleted.
//!
//! Where next: `resolve.rs` (who is asked, pure), `route.rs` (its facts from the database), `snapshot/` (what
//! intake and the public help read from memory), `import/` (files), `gaps.rs` (what is missing), `rollout/` (from
//! draft to live), `confirmation/` (contacts that stay true); one file an object holds its type and its use cases. Not
//! here: who may change what (`access`).

mod absence;
pub mod adapters;
pub mod adoptions;
pub mod agreements;
pub mod assigned;
pub mod callbacks;
pub mod channels;
pub mod closing_days;
pub mod confirmation;
pub mod contacts;
pub mod export;
mod gaps;
pub mod hours;
pub mod import;
pub mod lands;
pub mod merge;
pub mod municipalities;
pub mod notices;
mod page;
mod past;
mod phone;
pub mod planned;
pub mod recounts;
pub mod reference;
mod resolve;
mod rhythm;
pub mod rollout;
mod route;
pub mod sample;
pub mod service_clock;
pub mod services;
mod snapshot;
mod store;
mod terms;
pub mod transfers;
pub mod versions;
mod ways;

pub use adoptions::{Adoption, Duties};
pub use assigned::Assigned;
pub use channels::HelpChannel;
pub use confirmation::Confirmations;
pub use contacts::Contact;
pub use gaps::{
    Gap, GapKind, GapQuery, Severity, are_cut as gaps_are_cut, gaps, in_order as gaps_in_order,
    left_out as gaps_leave_out, page_of as gaps_page,
};
pub use lands::Land;
pub use municipalities::Municipality;
pub use notices::PublicNotice;
pub use page::{MOST as MOST_ITEMS, Page, PageRequest};
pub use resolve::{ContactRef, Route, Skipped, Step};
pub use rhythm::Rhythm;
pub use route::{
    DryRun, central_contacts, colleagues, contacts_at, contacts_of, dry_run, emergency_route, rhythms_of, route,
};
pub use service_clock::{Applied, Concern, HoursSource, ServiceClock};
pub use services::Service;
pub use snapshot::{
    Directory, Help, HelpLanguage, HelpWay, Links, Named, Place, PlaceEntry, ServiceEntry, ShownNotice, Snapshot,
};
pub use terms::{AdoptionState, Assessment, ChannelKind, Duty, Kind};

/// What the directory is told from outside.
#[derive(Debug, Clone)]
pub struct Settings {
    /// After so many days a contact's confirmation is stale.
    pub stale_after_days: i64,
    /// So many days before that it is asked, reminded and reminded again.
    pub confirm_before: [i64; 3],
    /// How long the link of a mail that asks a contact is good for.
    pub confirm_link_valid_for: chrono::TimeDelta,
    /// Between these times of working days they are written to; at any time where there are none.
    pub confirm_between: Option<(chrono::NaiveTime, chrono::NaiveTime)>,
    /// At most so many contacts are asked in a minute.
    pub confirmations_per_minute: u32,
    /// How long the former secret of a webhook still signs beside a new one.
    pub secret_overlap: chrono::TimeDelta,
    /// Which addresses a webhook may have.
    pub webhooks: crate::delivery::WebhookPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after_days: 180,
            confirm_before: [21, 14, 7],
            confirm_link_valid_for: chrono::TimeDelta::days(60),
            confirm_between: chrono::NaiveTime::from_hms_opt(7, 0, 0).zip(chrono::NaiveTime::from_hms_opt(19, 0, 0)),
            confirmations_per_minute: 60,
            secret_overlap: crate::delivery::DEFAULT_OVERLAP,
            webhooks: crate::delivery::WebhookPolicy::default(),
        }
    }
}

impl Settings {
    /// How long a confirmation holds.
    pub fn rules(&self) -> confirmation::Rules {
        confirmation::Rules { stale_after: self.stale_after_days, before: self.confirm_before }
    }
}
