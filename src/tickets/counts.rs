//! How much work there is: true numbers of open tickets, at a bounded cost.
//!
//! Invariant: only open tickets are looked at, in an index that holds nothing else, and for a list never more than
//! [`MOST`], of words that many have not even so many texts; a count that stopped there says so.

use serde::Serialize;

use super::browse::Filter;
use super::status::TicketStatus;
use super::ticket::Channel;
use super::{Desk, store};
use crate::access::{Action, Caller, Reach};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::error::AppError;

/// Beyond so many open tickets counting stops.
pub const MOST: usize = 3000;

/// Open tickets within reach, narrowed to a filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// All of them.
    pub open: usize,
    /// Promised until before now, the clock not standing.
    pub overdue: usize,
    /// Nobody has them.
    pub unclaimed: usize,
    /// The caller has them.
    pub mine: usize,
    /// Of these, promised until before now.
    pub mine_overdue: usize,
    /// At the 2nd level.
    pub escalated: usize,
    /// Waiting for the person.
    pub waiting: usize,
    /// False where counting stopped: there are at least so many.
    pub is_complete: bool,
}

/// Counts what is open.
pub async fn counts(desk: &Desk, caller: Caller, filter: Filter) -> Result<Counts, AppError> {
    caller.may(Action::ReadTickets)?;
    let now = desk.clock.now();
    desk.db.read(move |conn| count(conn, &caller, &filter, now)).await
}

/// The same inside a use case that has asked for the right itself.
pub(crate) fn count(conn: &mut Conn, caller: &Caller, filter: &Filter, now: Timestamp) -> Result<Counts, AppError> {
    let (rows, is_complete) = store::open_work(conn, filter, &caller.reach(Action::ReadTickets), MOST)?;
    let mut counts = Counts { is_complete, ..Counts::default() };
    for (status, claimed_by, due) in rows {
        let is_late = due < now && status != TicketStatus::Waiting;
        let is_mine = claimed_by == Some(caller.id);
        counts.open += 1;
        counts.overdue += usize::from(is_late);
        counts.unclaimed += usize::from(claimed_by.is_none());
        counts.mine += usize::from(is_mine);
        counts.mine_overdue += usize::from(is_mine && is_late);
        counts.escalated += usize::from(status == TicketStatus::Escalated);
        counts.waiting += usize::from(status == TicketStatus::Waiting);
    }
    Ok(counts)
}

/// How many of those that came in after a time, until another, are still open though they were promised until before
/// now, the clock not standing.
pub fn overdue(
    conn: &mut Conn,
    filter: Filter,
    channel: Option<Channel>,
    reach: &Reach,
    received: (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<i64, AppError> {
    let late = Filter { is_open: true, late_at: Some(now), ..filter };
    store::number_received(conn, &late, channel, reach, received)
}
