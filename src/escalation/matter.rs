//! Everything about the escalations of a request, for whoever works on it: messages, questions, handing on.
//!
//! Invariant: changes nothing; called inside a use case that has seen to the right and records the look
//! (`inbound/file.rs`).

use super::ask::Question;
use super::escalation::{ContactRef, Escalation, is_open};
use super::hand_on::{self, Handover};
use super::{other_way, respond, store};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::delivery::{self, Channel, Delivery};
use crate::directory::contacts_of;
use crate::error::AppError;
use crate::tickets::ticket::Ticket;

/// One escalation with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Matter {
    /// The escalation.
    pub escalation: Escalation,
    /// What was sent, earliest first.
    pub deliveries: Vec<Delivery>,
    /// What the 2nd level asked, and was replied.
    pub questions: Vec<Question>,
    /// Who handed on to whom.
    pub handovers: Vec<Handover>,
    /// The addresses of whom it has reached, with their names.
    pub names: Vec<(String, String)>,
    /// Whom it may be handed on to without asking anybody.
    pub colleagues: Vec<ContactRef>,
    /// The way that whoever's turn it is was not told by yet.
    pub other_way: Option<Channel>,
    /// By whose word it ended, by name.
    pub ended_by: Option<String>,
}

impl Matter {
    /// Whose address it is.
    pub fn name_of<'a>(&'a self, recipient: &'a str) -> &'a str {
        self.names.iter().find(|(address, _)| address == recipient).map_or(recipient, |(_, name)| name)
    }
}

/// The escalations of a request, earliest first.
pub fn matters(conn: &mut Conn, ticket: &Ticket, now: Timestamp) -> Result<Vec<Matter>, AppError> {
    let found = store::of_ticket(conn, ticket.id)?;
    found.into_iter().map(|escalation| matter(conn, ticket, escalation, now)).collect()
}

fn matter(conn: &mut Conn, ticket: &Ticket, escalation: Escalation, now: Timestamp) -> Result<Matter, AppError> {
    let reached = store::reached(conn, escalation.id)?;
    let mut names = Vec::new();
    for contact in contacts_of(conn, &reached)? {
        let ways = [contact.email.map(|email| email.as_str().to_owned()), contact.webhook.map(|webhook| webhook.url)];
        names.extend(ways.into_iter().flatten().map(|address| (address, contact.name.clone())));
    }
    Ok(Matter {
        deliveries: delivery::deliveries_of(conn, escalation.id.cast())?,
        questions: store::questions(conn, escalation.id)?,
        handovers: store::handovers(conn, escalation.id)?,
        colleagues: match is_open(escalation.status) {
            true => hand_on::choices(conn, &escalation, ticket, now)?,
            false => Vec::new(),
        },
        other_way: other_way::left(conn, &escalation)?.map(|(_, way)| way),
        ended_by: respond::ended_by(conn, &escalation)?,
        names,
        escalation,
    })
}
