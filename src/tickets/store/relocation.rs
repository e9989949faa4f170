//! Tickets whose municipality another one took the place of.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::load_locked;
use crate::db::schema::{municipality_successors, notices, tickets};
use crate::error::AppError;
use crate::ids::TicketId;
use crate::keys::Ars;

/// The keys that are gone.
fn gone(conn: &mut Conn) -> Result<Vec<Ars>, AppError> {
    Ok(municipality_successors::table.select(municipality_successors::old_ars).load(conn)?)
}

/// How many lie where nobody is any more.
pub(in crate::tickets) fn waiting(conn: &mut Conn) -> Result<usize, AppError> {
    let mut count = 0;
    for some in gone(conn)?.chunks(500) {
        count += tickets::table.filter(tickets::ars.eq_any(some)).count().get_result::<i64>(conn)?;
    }
    usize::try_from(count).map_err(AppError::internal)
}

/// Some of them, kept from others until the transaction ends.
pub(in crate::tickets) fn lock_some(conn: &mut Conn, most: i64) -> Result<Vec<(TicketId, Ars)>, AppError> {
    for some in gone(conn)?.chunks(500) {
        let wanted = tickets::table.filter(tickets::ars.eq_any(some)).order(tickets::id).limit(most);
        let rows: Vec<(TicketId, Ars)> = load_locked!(conn, wanted.select((tickets::id, tickets::ars)))?;
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    Ok(Vec::new())
}

/// Gives a ticket and what waits to be told of it another municipality.
pub(in crate::tickets) fn relocate(conn: &mut Conn, id: TicketId, to: &Ars, now: Timestamp) -> Result<(), AppError> {
    diesel::update(tickets::table.find(id))
        .set((tickets::ars.eq(to.clone()), tickets::updated_at.eq(now)))
        .execute(conn)?;
    let untold = notices::table.filter(notices::ticket_id.eq(id)).filter(notices::told_at.is_null());
    // Whoever hears of it over there is found anew.
    let moved = (notices::ars.eq(to.clone()), notices::recipient.eq(None::<String>));
    diesel::update(untold).set(moved).execute(conn)?;
    Ok(())
}
