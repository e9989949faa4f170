//! Where contacts stand: the facts of `schedule.rs` from the database, for all of them or for some.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::schedule::{Mailbox, Standing};
use super::store;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::Endpoint;
use crate::directory::resolve::Span;
use crate::directory::store::contacts::{self, ContactRow};
use crate::directory::ways;
use crate::error::AppError;
use crate::ids::EndpointId;
use crate::keys::{EmailAddress, Slug};

/// Contacts that are there on this day, each with where it stands.
pub(super) struct Survey {
    pub contacts: Vec<(ContactRow, Standing)>,
    endpoints: HashMap<EndpointId, Endpoint>,
}

impl Survey {
    /// Of all contacts.
    pub fn of_all(conn: &mut Conn, today: NaiveDate) -> Result<Self, AppError> {
        let rows = contacts::all(conn)?;
        Self::read(conn, rows, None, today)
    }

    /// Of these.
    pub fn of(conn: &mut Conn, slugs: &[Slug], today: NaiveDate) -> Result<Self, AppError> {
        let rows = contacts::of(conn, slugs)?;
        Self::read(conn, rows, Some(slugs), today)
    }

    fn read(
        conn: &mut Conn,
        mut rows: Vec<ContactRow>,
        of: Option<&[Slug]>,
        today: NaiveDate,
    ) -> Result<Self, AppError> {
        rows.retain(|row| is_there(row, today));
        let endpoints = ways::endpoints(conn, &rows)?;
        let mut asked = store::open_requests(conn, of)?;
        let disputes = store::disputes(conn, of)?;
        let mut told = store::told(conn, of)?;
        let day = Timestamp::day_in_berlin;
        let stand = |row: ContactRow| {
            let requests = asked.remove(&row.slug).unwrap_or_default();
            // What went to another address does not count.
            let here = requests.iter().filter(|request| Some(request.endpoint_id) == row.email_endpoint);
            let standing = Standing {
                confirmed_on: row.confirmed_on,
                mailbox: mailbox(&row, &endpoints),
                is_disputed: disputes.contains_key(&row.slug),
                asked: here.map(|request| (request.occasion, day(request.sent_at))).collect(),
                told: told.remove(&row.slug).into_iter().flatten().map(|(cause, at)| (cause, day(at))).collect(),
            };
            (row, standing)
        };
        Ok(Self { contacts: rows.into_iter().map(stand).collect(), endpoints })
    }

    /// The mail address of a contact.
    pub fn address(&self, row: &ContactRow) -> Option<EmailAddress> {
        row.email_endpoint.and_then(|id| self.endpoints.get(&id)).and_then(|endpoint| endpoint.address.parse().ok())
    }
}

/// True on the days a contact is there for anything.
pub(super) fn is_there(row: &ContactRow, today: NaiveDate) -> bool {
    row.ended_at.is_none() && Span { from: row.valid_from, to: row.valid_to }.holds(today)
}

fn mailbox(row: &ContactRow, endpoints: &HashMap<EndpointId, Endpoint>) -> Mailbox {
    match row.email_endpoint.and_then(|id| endpoints.get(&id)) {
        None => Mailbox::None,
        Some(endpoint) => endpoint.bounced_at.map_or(Mailbox::Works, |at| Mailbox::Bounced(at.day_in_berlin())),
    }
}
