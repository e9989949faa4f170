//! Searching by words in time that does not grow with all that ever was.
//!
//! Invariant: whichever way is taken, the answer is the same. Words that few requests have are looked up in the full
//! text, and only these requests are read. Words that many have would bring thousands together only to show a page of
//! them; there the list is walked in its order and each request is read for the words, until the page is full. Where
//! neither is short (words that are neither rare nor frequent, in what has ended) the full text is joined whole.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::list::{Wanted, list};
use crate::db::Conn;
use crate::db::types::DbUuid;
use crate::error::AppError;
use crate::ids::TicketId;
use crate::tickets::browse::{Filter, Order, Place};
use crate::tickets::search;
use crate::tickets::ticket::Ticket;

/// So many requests are few.
const FEW: i64 = 500;
/// So many are read at a time while walking …
const STRIDE: i64 = 500;
/// … and so many at most.
const LONGEST_WALK: usize = 6_000;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Match {
    #[diesel(sql_type = DbUuid)]
    ticket_id: TicketId,
}

/// The query of the full text for words that are all wanted, the last letters of each missing perhaps.
pub(super) fn query(conn: &Conn, words: &[String]) -> String {
    match conn {
        Conn::Sqlite(_) => words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" "),
        Conn::Postgres(_) => words.iter().map(|word| format!("{word}:*")).collect::<Vec<_>>().join(" & "),
    }
}

/// The requests that have these words, where they are few.
pub(super) fn few(conn: &mut Conn, words: &[String]) -> Result<Option<Vec<TicketId>>, AppError> {
    let matching = match conn {
        Conn::Sqlite(_) => "FROM ticket_search WHERE ticket_search MATCH $1",
        Conn::Postgres(_) => "FROM ticket_search WHERE to_tsvector('simple', body) @@ to_tsquery('simple', $1)",
    };
    let query = query(conn, words);
    if matches!(conn, Conn::Sqlite(_)) {
        // Numbers of rows come from the index alone; what they are of has to be fetched one by one.
        let counted = format!("SELECT count(*) AS number FROM (SELECT rowid {matching} LIMIT {})", FEW + 1);
        let counted: Number = diesel::sql_query(counted).bind::<Text, _>(&query).get_result(conn)?;
        if counted.number > FEW {
            return Ok(None);
        }
    }
    let found = format!("SELECT ticket_id {matching} LIMIT {}", FEW + 1);
    let found: Vec<Match> = diesel::sql_query(found).bind::<Text, _>(&query).load(conn)?;
    let ids: Vec<TicketId> = found.into_iter().map(|one| one.ticket_id).collect();
    Ok(i64::try_from(ids.len()).is_ok_and(|count| count <= FEW).then_some(ids))
}

/// True where the walk reads the list by an index, in its order.
fn has_way(filter: &Filter, order: Order) -> bool {
    filter.is_open || order == Order::Newest
}

/// A page of those that have the words, found by reading the list in its order; nothing where that would take too long.
pub(super) fn walk(conn: &mut Conn, wanted: &Wanted) -> Result<Option<Vec<Ticket>>, AppError> {
    if !has_way(wanted.filter, wanted.order) {
        return Ok(None);
    }
    let plain = Filter { words: Vec::new(), ..wanted.filter.clone() };
    let most = usize::try_from(wanted.most).map_err(AppError::internal)?;
    let (mut found, mut walked, mut from) = (Vec::new(), 0, wanted.from);
    while walked < LONGEST_WALK {
        let stride = Wanted { filter: &plain, from, most: STRIDE, ..*wanted };
        let some = list(conn, &stride)?;
        let is_end = i64::try_from(some.len()).is_ok_and(|count| count < STRIDE);
        walked += some.len();
        from = some.last().map(|last| Place { is_paused: last.paused_at.is_some(), due: last.respond_by, id: last.id });
        found.extend(some.into_iter().filter(|ticket| search::has(&search::document(ticket), &wanted.filter.words)));
        if is_end || found.len() >= most {
            found.truncate(most);
            return Ok(Some(found));
        }
    }
    Ok(None)
}
