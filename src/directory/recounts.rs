//! Changes of service time after which deadlines that stand are to be counted anew: a closing day entered or taken back,
//! other hours of a contact, help channels that came, went or have other hours.
//!
//! Invariant: noted in the transaction of the change, so that none is forgotten; a row is the work that is left of it.
//! Not here: the counting (`escalation/sweep/recount.rs`).

use chrono::{Datelike, NaiveDate};

use super::adoptions::Adoption;
use super::channels::HelpChannel;
use super::closing_days::ClosingDay;
use super::hours::ClosedDay;
use super::store;
use crate::db::{Conn, Topic, Tx};
use crate::error::AppError;
use crate::ids::{RowId, TicketId};
use crate::keys::{ArsPrefix, Slug};

crate::text_enum! {
    /// What changed.
    pub enum Changed {
        /// A closing day came or went.
        ClosingDay = "closing_day",
        /// A contact is there at other hours.
        Contact = "contact",
        /// The help channels of an adoption have other hours.
        Channel = "channel",
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recount {
    /// Its id.
    pub id: RowId,
    /// What changed.
    pub what: Changed,
    /// Where; empty is everywhere.
    pub region: ArsPrefix,
    /// The contact, or the service of the channel; else empty.
    pub subject: String,
    /// The closing day.
    pub day: Option<NaiveDate>,
    /// Why, as histories tell it.
    pub reason: String,
    /// Up to which request it was done.
    pub done_to: Option<TicketId>,
}

impl Recount {
    fn new(what: Changed, region: ArsPrefix, subject: &str, day: Option<NaiveDate>, reason: String) -> Self {
        Self { id: RowId::new(), what, region, subject: subject.to_owned(), day, reason, done_to: None }
    }

    /// The closing day, as sums of service time take it.
    pub fn closed(&self) -> Option<ClosedDay> {
        let day = self.day?;
        Some(ClosedDay { region: self.region.clone(), day, reason: String::new() })
    }
}

/// A closing day was entered or taken back.
pub(super) fn of_closing_day(tx: &mut Tx, changed: &ClosingDay, is_there: bool) -> Result<(), AppError> {
    let (day, word) = (changed.day, if is_there { "Schließtag" } else { "doch geöffnet am" });
    let reason = format!("{word} {}.{}.{}: {}", day.day(), day.month(), day.year(), changed.reason);
    store::recounts::insert(tx, &Recount::new(Changed::ClosingDay, changed.ars.clone(), "", Some(day), reason))?;
    tx.signal(Topic::Sweep);
    Ok(())
}

/// A contact has other hours.
pub(super) fn of_contact(conn: &mut Conn, contact: &Slug, name: &str) -> Result<(), AppError> {
    let (region, reason) = (ArsPrefix::everywhere(), format!("andere Servicezeiten: {name}"));
    store::recounts::insert(conn, &Recount::new(Changed::Contact, region, contact.as_str(), None, reason))
}

/// The help channels of an adoption were these and are those: one was added, ended, or has other hours or days.
pub(super) fn of_channels(conn: &mut Conn, before: &Adoption, after: &Adoption) -> Result<(), AppError> {
    let when = |adoption: &Adoption| {
        let of =
            |one: &HelpChannel| (one.shown.kind, one.shown.hours.clone(), one.shown.valid_from, one.shown.valid_to);
        adoption.channels.iter().map(of).collect::<Vec<_>>()
    };
    if when(before) == when(after) {
        return Ok(());
    }
    let reason = "andere Zeiten des Hilfekanals".to_owned();
    let changed = Recount::new(Changed::Channel, after.ars.clone().into(), after.service.as_str(), None, reason);
    store::recounts::insert(conn, &changed)
}

/// The earliest change that is not done, with the version of the directory that holds it.
pub fn next(conn: &mut Conn) -> Result<Option<(Recount, i64)>, AppError> {
    let Some(found) = store::recounts::next(conn)? else { return Ok(None) };
    Ok(Some((found, store::versions(conn)?.0)))
}

/// It is done up to this request.
pub fn done_to(tx: &mut Tx, id: RowId, ticket: TicketId) -> Result<(), AppError> {
    store::recounts::done_to(tx, id, ticket)
}

/// It is done.
pub fn done(tx: &mut Tx, id: RowId) -> Result<(), AppError> {
    store::recounts::delete(tx, id)
}
