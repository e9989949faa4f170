//! The list of work of a central contact: what is due first, who has it, and where it is with the 2nd level.
//!
//! Invariant: rows, counts and the mark from which to watch on are of one moment. Whoever does not see escalations gets
//! the requests without them. Not here: changing anything; many at once are `bulk.rs`.

use std::collections::HashMap;

use super::Escalations;
use super::escalation::{Escalation, EscalationStatus, is_open};
use super::store;
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::tickets::browse::{Filter, Order, Seek, slice};
use crate::tickets::counts::{Counts, count};
use crate::tickets::ticket::Ticket;
use crate::tickets::watch;

/// What a page of the list is asked for with.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// What it is narrowed to.
    pub filter: Filter,
    /// What the counts are narrowed to: the same without the view that they count.
    pub counted: Filter,
    /// From where.
    pub seek: Seek,
    /// In which order.
    pub order: Option<Order>,
    /// How many rows.
    pub limit: usize,
}

/// A request, with the escalation that tells where it is: an open one that nobody has taken before one that somebody
/// has, else the last that ended.
#[derive(Debug, Clone)]
pub struct Row {
    /// The request.
    pub ticket: Ticket,
    /// The escalation.
    pub escalation: Option<Escalation>,
    /// How many are open.
    pub open_escalations: usize,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Work {
    /// The rows.
    pub rows: Vec<Row>,
    /// Cursor to what stands before.
    pub before: Option<String>,
    /// Cursor to what comes next.
    pub after: Option<String>,
    /// How much there is in all.
    pub counts: Counts,
    /// What is due first of what nobody has, where the list itself is empty.
    pub next_unclaimed: Option<Ticket>,
    /// When this was so.
    pub at: Timestamp,
    /// After which entry of the histories whoever looks at it has to be told.
    pub mark: Option<HistoryId>,
}

/// A page of the list of work.
pub async fn work(escalations: &Escalations, caller: Caller, look: Look) -> Result<Work, AppError> {
    caller.may(Action::ReadTickets)?;
    let at = escalations.desk().clock.now();
    let read = move |conn: &mut crate::db::Conn| {
        let mut look = look;
        look.filter.look_up(conn, &mut look.counted)?;
        let order = look.order.unwrap_or(Order::Work);
        let found = slice(conn, &caller, &look.filter, order, &look.seek, look.limit)?;
        let counts = count(conn, &caller, &look.counted, at)?;
        let next_unclaimed = match found.items.is_empty() && counts.unclaimed > 0 {
            true => {
                let free = Filter { is_open: true, is_unclaimed: true, ..look.counted };
                slice(conn, &caller, &free, Order::Work, &Seek::First, 1)?.items.pop()
            }
            false => None,
        };
        let seen = found.items.iter().filter(|ticket| caller.sees(Action::ReadEscalations, ticket.object()));
        let ids: Vec<TicketId> = seen.map(|ticket| ticket.id).collect();
        let mut of: HashMap<TicketId, Vec<Escalation>> = HashMap::new();
        for one in store::of_tickets(conn, &ids)? {
            of.entry(one.ticket).or_default().push(one);
        }
        let row = |ticket: Ticket| {
            let all = of.remove(&ticket.id).unwrap_or_default();
            let open_escalations = all.iter().filter(|one| is_open(one.status)).count();
            Row { escalation: telling(all), open_escalations, ticket }
        };
        let rows = found.items.into_iter().map(row).collect();
        let mark = watch::mark(conn)?;
        Ok(Work { rows, before: found.before, after: found.after, counts, next_unclaimed, at, mark })
    };
    escalations.desk().db.read(read).await
}

/// The one that tells most of where a request is.
fn telling(all: Vec<Escalation>) -> Option<Escalation> {
    all.into_iter().max_by_key(|one| {
        let urgency = match one.status {
            EscalationStatus::Pending | EscalationStatus::Sent => 2,
            EscalationStatus::Acknowledged => 1,
            _ => 0,
        };
        (urgency, one.ended_at, one.id)
    })
}
