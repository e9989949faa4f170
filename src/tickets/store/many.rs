//! Rows of many requests at once, with as few statements as can be: for intake, and for what is stored after its time.

use diesel::prelude::*;

use super::{HistoryRow, NoticeRow, NumberRow, ReporterRow, SearchRow, TicketRow};
use crate::db::Conn;
use crate::db::dialect::insert_columns;
use crate::db::schema::{notices, ticket_history, ticket_numbers, ticket_reporters, ticket_search, tickets};
use crate::error::AppError;
use crate::ids::TicketId;

pub(in crate::tickets) fn insert_tickets(conn: &mut Conn, rows: &[&TicketRow]) -> Result<(), AppError> {
    insert_columns!(
        conn,
        tickets[
            id, number, status, channel, service, ars, category, priority, subject, description, context,
            reply_wish, external_reference, submitted_by, claimed_by, claimed_name, merged_into, answer,
            created_at, updated_at, respond_by, paused_at, answered_at, closed_at, remind_at, reminded,
            reply_language,
        ],
        rows
    );
    Ok(())
}

pub(in crate::tickets) fn insert_numbers(conn: &mut Conn, rows: &[&NumberRow]) -> Result<(), AppError> {
    insert_columns!(conn, ticket_numbers[number, ticket_id], rows);
    Ok(())
}

pub(in crate::tickets) fn insert_histories(conn: &mut Conn, rows: &[&HistoryRow]) -> Result<(), AppError> {
    insert_columns!(conn, ticket_history[id, ticket_id, at, actor, event], rows);
    Ok(())
}

pub(in crate::tickets) fn insert_searches(conn: &mut Conn, rows: &[&SearchRow]) -> Result<(), AppError> {
    insert_columns!(conn, ticket_search[ticket_id, body], rows);
    Ok(())
}

pub(in crate::tickets) fn insert_notices(conn: &mut Conn, rows: &[&NoticeRow]) -> Result<(), AppError> {
    insert_columns!(
        conn,
        notices[id, service, ars, ticket_id, kind, detail, created_at, told_at, recipient, urgent],
        rows
    );
    Ok(())
}

pub(in crate::tickets) fn insert_reporters(conn: &mut Conn, rows: &[&ReporterRow]) -> Result<(), AppError> {
    insert_columns!(conn, ticket_reporters[ticket_id, sealed], rows);
    Ok(())
}

/// Whether there is any request.
pub(in crate::tickets) fn is_any(conn: &mut Conn) -> Result<bool, AppError> {
    Ok(tickets::table.select(tickets::id).first::<TicketId>(conn).optional()?.is_some())
}
