//! The same for many requests at once: claim, release, close.
//!
//! Invariant: each goes its own way through the use case for one, with its own rights, guard and transaction; one that
//! cannot be done does not hold up the others, and is named with the reason. Whoever closes what is still open says
//! what the persons are told; without that only what is answered or refused is put away.

use super::Escalations;
use super::decide;
use crate::access::{Action, Caller};
use crate::db::Conn;
use crate::error::AppError;
use crate::tickets::assess::{self, check};
use crate::tickets::status::{Move, TicketStatus, next};
use crate::tickets::ticket::Ticket;
use crate::tickets::{TicketRef, as_seen, visible};

/// At most so many at once.
pub const MOST: usize = 100;

/// What is done with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Take it.
    Claim,
    /// Give it back to all.
    Release,
    /// Put it away; what is still open is ended so before.
    Close(Option<Ending>),
}

/// How an open request ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Everybody gets this answer.
    Answer(String),
    /// Everybody is refused for this reason.
    Reject(String),
}

/// What became of one.
#[derive(Debug)]
pub struct Outcome {
    /// As it was named.
    pub at: TicketRef,
    /// As it is now, where the caller sees it.
    pub ticket: Option<Ticket>,
    /// Why it was not done.
    pub fault: Option<AppError>,
}

/// Does it with each, in their order.
pub async fn each(
    escalations: &Escalations,
    caller: &Caller,
    deed: &Deed,
    tickets: Vec<TicketRef>,
) -> Result<Vec<Outcome>, AppError> {
    caller.may(Action::AssessTicket)?;
    bound(&tickets)?;
    match deed {
        Deed::Close(Some(Ending::Answer(text))) => check("answer", text)?,
        Deed::Close(Some(Ending::Reject(reason))) => check("reason", reason)?,
        Deed::Claim | Deed::Release | Deed::Close(None) => {}
    }
    let mut outcomes = Vec::with_capacity(tickets.len());
    for at in tickets {
        let done = one(escalations, caller, deed, at.clone()).await;
        let (ticket, fault) = match done {
            Ok(ticket) => (Some(ticket), None),
            Err(fault) => {
                if let AppError::Internal(cause) = &fault {
                    tracing::error!(fault = %cause, "one of many requests could not be worked on");
                }
                (present(escalations, caller, at.clone()).await?, Some(fault))
            }
        };
        outcomes.push(Outcome { at, ticket, fault });
    }
    Ok(outcomes)
}

async fn one(escalations: &Escalations, caller: &Caller, deed: &Deed, at: TicketRef) -> Result<Ticket, AppError> {
    let (desk, caller) = (escalations.desk(), caller.clone());
    let ending = match deed {
        Deed::Claim => return assess::claim(desk, caller, at).await,
        Deed::Release => return assess::release(desk, caller, at).await,
        Deed::Close(ending) => ending,
    };
    let is_ended = present(escalations, &caller, at.clone()).await?.is_some_and(|ticket| may_close(ticket.status));
    match ending {
        Some(Ending::Answer(text)) if !is_ended => {
            decide::answer(escalations, caller.clone(), at.clone(), text.clone(), None).await?;
        }
        Some(Ending::Reject(reason)) if !is_ended => {
            decide::reject(escalations, caller.clone(), at.clone(), reason.clone(), None).await?;
        }
        _ => return decide::close(escalations, caller, at).await,
    }
    // Their own answer is news since what they saw.
    let answered = match at {
        TicketRef::Seen(number, _) => TicketRef::Number(number),
        at => at,
    };
    decide::close(escalations, caller, answered).await
}

/// True where nothing more is to be said before it is put away.
pub fn may_close(status: TicketStatus) -> bool {
    next(status, Move::Close).is_some()
}

/// Those of these that the caller sees, in their order and as they stand now: before something is done with them.
pub async fn tickets(
    escalations: &Escalations,
    caller: &Caller,
    wanted: Vec<TicketRef>,
) -> Result<Vec<(Ticket, TicketRef)>, AppError> {
    caller.may(Action::AssessTicket)?;
    bound(&wanted)?;
    let caller = caller.clone();
    let read = move |conn: &mut Conn| {
        let mut found = Vec::with_capacity(wanted.len());
        for at in &wanted {
            if let Some(ticket) = seen(conn, &caller, at)? {
                let at = as_seen(conn, &ticket)?;
                found.push((ticket, at));
            }
        }
        Ok(found)
    };
    escalations.desk().db.read(read).await
}

fn bound(tickets: &[TicketRef]) -> Result<(), AppError> {
    match tickets.len() {
        0 => Err(AppError::field("tickets", "name at least one")),
        many if many > MOST => Err(AppError::field("tickets", format!("name at most {MOST} at once"))),
        _ => Ok(()),
    }
}

async fn present(escalations: &Escalations, caller: &Caller, at: TicketRef) -> Result<Option<Ticket>, AppError> {
    let caller = caller.clone();
    escalations.desk().db.read(move |conn| seen(conn, &caller, &at)).await
}

fn seen(conn: &mut Conn, caller: &Caller, at: &TicketRef) -> Result<Option<Ticket>, AppError> {
    match visible(conn, caller, Action::ReadTickets, at) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppError::NotFound) => Ok(None),
        Err(fault) => Err(fault),
    }
}
