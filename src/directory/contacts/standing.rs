//! Where a contact stands, in the words a list is narrowed by; and what it has a duty for.
//!
//! Invariant: the same days decide here, in the confirmation of one contact and in the gap report (`Rules`). A contact
//! may stand in several words at once: absent, and long not confirmed. Not here: whether it is asked (`resolve.rs`).

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::{Contact, ContactQuery};
use crate::access::Reach;
use crate::db::Db;
use crate::directory::confirmation::{ConfirmationState, Rules, store as confirmations};
use crate::directory::page::{Page, PageRequest};
use crate::directory::resolve::Span;
use crate::directory::terms::{Duty, Scope};
use crate::directory::{store, ways};
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{ArsPrefix, Slug};

crate::text_enum! {
    /// Where a contact stands.
    pub enum ContactState {
        /// Mail to it comes back.
        Bounced = "bounced",
        /// It says itself that something is wrong.
        Disputed = "disputed",
        /// Nobody ever said that it is right, or its address is new.
        Unconfirmed = "unconfirmed",
        /// Somebody did, too long ago.
        Stale = "stale",
        /// It is away today.
        Absent = "absent",
        /// It is confirmed, and that goes stale soon.
        Due = "due",
        /// It is confirmed.
        Confirmed = "confirmed",
    }
}

/// Only contacts that stand so on a day.
#[derive(Debug, Clone, Copy)]
pub struct StateOn {
    /// How they stand.
    pub state: ContactState,
    /// By these days.
    pub rules: Rules,
    /// On this day.
    pub today: NaiveDate,
}

impl StateOn {
    /// A contact confirmed on this day or earlier is stale; one confirmed up to the second, and not stale, is due.
    pub(in crate::directory) fn bounds(&self) -> (NaiveDate, NaiveDate) {
        let stale = self.today - TimeDelta::days(self.rules.stale_after + 1);
        (stale, stale + TimeDelta::days(self.rules.before[0]))
    }
}

/// A contact with how it stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The contact.
    pub contact: Contact,
    /// How it stands, worst first; never empty.
    pub states: Vec<ContactState>,
}

/// How a contact stands on a day, worst first.
fn states(contact: &Contact, is_disputed: bool, rules: Rules, today: NaiveDate) -> Vec<ContactState> {
    let confirmed = match rules.state(contact.confirmed_on, false, today) {
        ConfirmationState::Unconfirmed => ContactState::Unconfirmed,
        ConfirmationState::Stale => ContactState::Stale,
        ConfirmationState::Due => ContactState::Due,
        ConfirmationState::Confirmed | ConfirmationState::Disputed => ContactState::Confirmed,
    };
    let absence = Span { from: contact.absent_from, to: contact.absent_until };
    let is_absent = absence != Span::default() && absence.holds(today);
    let mut all = vec![(ContactState::Bounced, contact.bounced.is_some()), (ContactState::Disputed, is_disputed)];
    all.extend([(confirmed, true), (ContactState::Absent, is_absent)]);
    all.sort_by_key(|(state, _)| ContactState::ALL.iter().position(|one| one == state));
    all.into_iter().filter(|(_, holds)| *holds).map(|(state, _)| state).collect()
}

/// A page of contacts with how each stands, by slug.
pub async fn overview(
    db: &Db,
    query: ContactQuery,
    page: PageRequest,
    rules: Rules,
    today: NaiveDate,
) -> Result<Page<Standing>, AppError> {
    let (limit, after) = page.read()?;
    db.read(move |conn| {
        let rows = store::contacts::list(conn, &query, limit + 1, after.as_deref())?;
        let page = Page::of(rows, limit, |row| row.slug.to_string(), |row| row);
        let slugs: Vec<Slug> = page.items.iter().map(|row| row.slug.clone()).collect();
        let disputes = confirmations::disputes(conn, Some(&slugs))?;
        let standing = |contact: Contact| {
            let states = states(&contact, disputes.contains_key(&contact.slug), rules, today);
            Standing { contact, states }
        };
        let items = ways::contacts(conn, page.items)?.into_iter().map(standing).collect();
        Ok(Page { items, next_cursor: page.next_cursor })
    })
    .await
}

/// A duty that a contact has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Held {
    /// Which.
    pub duty: Duty,
    /// At which level of the directory: `adoption`, `service` or `land`.
    pub level: &'static str,
    /// For which service; none for a Land's.
    pub service: Option<Slug>,
    /// Where: an ARS or its beginning; empty is everywhere.
    pub ars: ArsPrefix,
    /// The adoption, at its level.
    pub adoption: Option<AdoptionId>,
    /// Who answers for it in person.
    pub person: Option<String>,
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub until: Option<NaiveDate>,
}

/// What a contact has a duty for, as far as the caller's reach goes: of adoptions those within, the shared ones of
/// services and Länder whole. At most `most` of each.
pub async fn held(db: &Db, slug: Slug, reach: Reach, most: i64) -> Result<Vec<Held>, AppError> {
    db.read(move |conn| {
        let mut found = Vec::new();
        for (row, adoption) in store::duties::held_in_adoptions(conn, &slug, &reach, most)? {
            found.push(of_row(row, Some(adoption)));
        }
        let shared = store::duties::held_beyond(conn, &slug, most)?;
        found.extend(shared.into_iter().map(|row| of_row(row, None)));
        Ok(found)
    })
    .await
}

fn of_row(row: store::duties::DutyRow, adoption: Option<AdoptionId>) -> Held {
    Held {
        duty: row.duty,
        level: match row.scope {
            Scope::Adoption => "adoption",
            Scope::Service => "service",
            Scope::Land => "land",
        },
        service: row.service,
        ars: row.region,
        adoption,
        person: row.person,
        from: row.valid_from,
        until: row.valid_to,
    }
}

/// True where it answers for an adoption within this reach, so that whoever works there may read it although it belongs
/// to a larger region.
pub async fn serves(db: &Db, slug: Slug, reach: Reach) -> Result<bool, AppError> {
    db.read(move |conn| Ok(!store::duties::held_in_adoptions(conn, &slug, &reach, 1)?.is_empty())).await
}
