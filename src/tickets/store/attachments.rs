//! The tables of files with tickets.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::{ticket_attachment_contents as c, ticket_attachments as t, tickets};
use crate::db::types::Json;
use crate::error::AppError;
use crate::ids::TicketId;
use crate::tickets::attachments::Scan;
use crate::tickets::status::TicketStatus;

/// A file without its bytes.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
pub struct AttachmentRow {
    pub(in crate::tickets) ticket_id: TicketId,
    pub(in crate::tickets) position: i32,
    pub(in crate::tickets) media: String,
    pub(in crate::tickets) size: i64,
    pub(in crate::tickets) scan: Scan,
    pub(in crate::tickets) next_scan: Option<Timestamp>,
    pub(in crate::tickets) sealed: Vec<u8>,
    pub(in crate::tickets) gone_at: Option<Timestamp>,
    pub(in crate::tickets) added_at: Timestamp,
    pub(in crate::tickets) added_by: Json,
}

pub(in crate::tickets) fn insert(conn: &mut Conn, row: &AttachmentRow, content: &[u8]) -> Result<(), AppError> {
    diesel::insert_into(t::table).values(row).execute(conn)?;
    let content = (c::ticket_id.eq(row.ticket_id), c::position.eq(row.position), c::sealed.eq(content));
    diesel::insert_into(c::table).values(content).execute(conn)?;
    Ok(())
}

pub(in crate::tickets) fn of_ticket(conn: &mut Conn, ticket: TicketId) -> Result<Vec<AttachmentRow>, AppError> {
    Ok(t::table.filter(t::ticket_id.eq(ticket)).order(t::position).load(conn)?)
}

pub(in crate::tickets) fn content(
    conn: &mut Conn,
    ticket: TicketId,
    position: i32,
) -> Result<Option<Vec<u8>>, AppError> {
    Ok(c::table.find((ticket, position)).select(c::sealed).first(conn).optional()?)
}

/// Files that could not be looked at and are to be by now.
pub(in crate::tickets) fn unchecked(
    conn: &mut Conn,
    now: Timestamp,
    most: i64,
) -> Result<Vec<(TicketId, i32)>, AppError> {
    let due = t::table.filter(t::next_scan.le(now)).order(t::next_scan).limit(most);
    Ok(due.select((t::ticket_id, t::position)).load(conn)?)
}

/// Notes what a look found, if it is still to be looked at.
pub(in crate::tickets) fn set_scan(
    conn: &mut Conn,
    (ticket, position): (TicketId, i32),
    scan: Scan,
    next: Option<Timestamp>,
) -> Result<bool, AppError> {
    let own = t::table.find((ticket, position)).filter(t::scan.eq(Scan::Unchecked));
    Ok(diesel::update(own).set((t::scan.eq(scan), t::next_scan.eq(next))).execute(conn)? == 1)
}

/// Deletes the bytes of one file.
pub(in crate::tickets) fn drop_content(
    conn: &mut Conn,
    (ticket, position): (TicketId, i32),
    now: Timestamp,
) -> Result<(), AppError> {
    diesel::delete(c::table.find((ticket, position))).execute(conn)?;
    let gone = (t::gone_at.eq(now), t::next_scan.eq(None::<Timestamp>));
    diesel::update(t::table.find((ticket, position))).set(gone).execute(conn)?;
    Ok(())
}

/// Files whose bytes are kept although their ticket ended before then.
pub(in crate::tickets) fn past(
    conn: &mut Conn,
    ended_before: Timestamp,
    most: i64,
) -> Result<Vec<(TicketId, i32)>, AppError> {
    let over = [TicketStatus::Closed, TicketStatus::Rejected, TicketStatus::Merged];
    let rows = t::table.inner_join(tickets::table.on(tickets::id.eq(t::ticket_id))).filter(t::gone_at.is_null());
    let rows = rows.filter(tickets::status.eq_any(over)).filter(tickets::updated_at.lt(ended_before));
    Ok(rows.order((t::ticket_id, t::position)).limit(most).select((t::ticket_id, t::position)).load(conn)?)
}

/// Removes all files of a ticket.
pub(in crate::tickets) fn remove_all(conn: &mut Conn, ticket: TicketId) -> Result<(), AppError> {
    diesel::delete(c::table.filter(c::ticket_id.eq(ticket))).execute(conn)?;
    diesel::delete(t::table.filter(t::ticket_id.eq(ticket))).execute(conn)?;
    Ok(())
}
