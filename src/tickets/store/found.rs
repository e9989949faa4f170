//! Searching by words in time that does not grow with all that ever was.
//!
//! Invariant: whichever way is taken, the answer is the same. Words that few requests have are looked up in the full
//! text, and only these requests are read. Words that many have would bring thousands together only to show a page of
//! them; there the list is walked in its order and the text of each request is read for the words, until the page is
//! full. Where neither is short (words that are neither rare nor frequent, in what has ended) the full text is joined
//! whole.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::TicketRow;
use super::list::{Wanted, in_order};
use crate::db::dialect::{instr, strpos};
use crate::db::schema::{ticket_search, tickets};
use crate::db::types::DbUuid;
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::ids::TicketId;
use crate::tickets::browse::{Filter, Order};
use crate::tickets::ticket::Ticket;

/// So many requests are few.
const FEW: i64 = 250;
/// A word that more have is not looked up in SQLite's full text.
const VERY_MANY: i64 = 2_000;
/// Nor is one of fewer letters: too many words begin so.
const SHORTEST: usize = 3;
/// The texts of so many are read at most while walking.
const LONGEST_WALK: i64 = 6_000;
/// One of so many requests has words that are frequent. PostgreSQL expects of the beginning of a word, however rare, no
/// less than one of two hundred (`ts_selfuncs.c`).
const FREQUENT: i64 = 100;

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

/// Where the full text finds a query; `$1` is the query.
pub(super) fn matching(conn: &Conn) -> &'static str {
    match conn {
        Conn::Sqlite(_) => {
            "FROM ticket_search_words JOIN ticket_search ON ticket_search.number = ticket_search_words.rowid \
             WHERE ticket_search_words MATCH $1"
        }
        Conn::Postgres(_) => "FROM ticket_search WHERE to_tsvector('simple', body) @@ to_tsquery('simple', $1)",
    }
}

/// The requests that have these words, where they are few.
pub(in crate::tickets) fn few(conn: &mut Conn, words: &[String]) -> Result<Option<Vec<TicketId>>, AppError> {
    // Of the beginning of a word the full text gathers all there are before it gives out the first, however rare the
    // word beside it. So it is asked for the rare ones alone, and what it finds is read for the others.
    let rare = rare(conn, words)?;
    if rare.is_empty() {
        return Ok(None);
    }
    let query = query(conn, &rare);
    if let Conn::Sqlite(_) = conn {
        // What they are of has to be fetched one by one.
        if count(conn, &query, FEW)? > FEW {
            return Ok(None);
        }
    }
    let found = format!("SELECT ticket_id {} LIMIT {}", matching(conn), FEW + 1);
    let found: Vec<Match> = diesel::sql_query(found).bind::<Text, _>(&query).load(conn)?;
    let mut ids: Vec<TicketId> = found.into_iter().map(|one| one.ticket_id).collect();
    if i64::try_from(ids.len()).is_ok_and(|count| count > FEW) {
        return Ok(None);
    }
    if rare.len() < words.len() {
        let texts = ticket_search::table.filter(ticket_search::ticket_id.eq_any(ids)).filter(in_text(conn, words));
        ids = texts.select(ticket_search::ticket_id).load(conn)?;
    }
    Ok(Some(ids))
}

/// Those of the words that not very many requests have, as far as that can be told at once.
fn rare(conn: &mut Conn, words: &[String]) -> Result<Vec<String>, AppError> {
    let mut rare = Vec::new();
    let many = match conn {
        Conn::Sqlite(_) => VERY_MANY,
        Conn::Postgres(_) => FEW.max(all_rows(conn)? / FREQUENT),
    };
    for word in words {
        let has_word = match conn {
            // Whole words are given out one by one.
            Conn::Sqlite(_) if word.chars().count() < SHORTEST => continue,
            Conn::Sqlite(_) => count(conn, &format!("\"{word}\""), many)?,
            Conn::Postgres(_) => {
                let query = query(conn, std::slice::from_ref(word));
                expected_rows(conn, &format!("SELECT 1 {}", matching(conn)), &query)?
            }
        };
        if has_word <= many {
            rare.push(word.clone());
        }
    }
    Ok(rare)
}

/// How many requests SQLite's full text finds, from its index alone, counted to one more than `most`.
fn count(conn: &mut Conn, query: &str, most: i64) -> Result<i64, AppError> {
    let counted = format!(
        "SELECT count(*) AS number FROM (SELECT rowid FROM ticket_search_words WHERE ticket_search_words MATCH $1 \
         LIMIT {})",
        most + 1
    );
    let Number { number } = diesel::sql_query(counted).bind::<Text, _>(query).get_result(conn)?;
    Ok(number)
}

/// How many rows PostgreSQL expects of a statement.
fn expected_rows(conn: &mut Conn, statement: &str, query: &str) -> Result<i64, AppError> {
    #[derive(QueryableByName)]
    struct Plan {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        plan: String,
    }
    let plan = format!("EXPLAIN (FORMAT JSON) {statement}");
    let Plan { plan } = diesel::sql_query(plan).bind::<Text, _>(query).get_result(conn)?;
    let plan: serde_json::Value = serde_json::from_str(&plan).map_err(AppError::internal)?;
    Ok(plan.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_i64).unwrap_or_default())
}

/// How many requests PostgreSQL knows of, in one table or in the months of a divided one.
fn all_rows(conn: &mut Conn) -> Result<i64, AppError> {
    let months = "SELECT inhrelid FROM pg_inherits WHERE inhparent = 'ticket_search'::regclass";
    let counted = format!(
        "SELECT COALESCE(SUM(GREATEST(reltuples, 0)), 0)::bigint AS number FROM pg_class \
         WHERE relkind = 'r' AND (oid = 'ticket_search'::regclass OR oid IN ({months}))"
    );
    let Number { number } = diesel::sql_query(counted).get_result(conn)?;
    Ok(number)
}

/// Whether a request's text has something.
type InText = Box<dyn BoxableExpression<ticket_search::table, MultiBackend, SqlType = Bool>>;

/// Whether a request has all these words. Its text is found by its id and read by the database, one at a time: nothing is
/// gathered before, and no text travels.
pub(super) fn has_all(
    conn: &Conn,
    words: &[String],
) -> Box<dyn BoxableExpression<tickets::table, MultiBackend, SqlType = Nullable<Bool>>> {
    let its = ticket_search::table.filter(ticket_search::ticket_id.eq(tickets::id));
    Box::new(its.select(in_text(conn, words)).single_value())
}

/// Whether a text has all these words.
fn in_text(conn: &Conn, words: &[String]) -> InText {
    let text = || diesel::dsl::sql::<Text>("' ' || ticket_search.body");
    let has = |word: &String| -> InText {
        // A word begins after a blank; what follows may be missing.
        let word = format!(" {word}");
        match conn {
            Conn::Sqlite(_) => Box::new(instr(text(), word).gt(0)),
            Conn::Postgres(_) => Box::new(strpos(text(), word).gt(0)),
        }
    };
    let nothing: InText = Box::new(diesel::dsl::sql::<Bool>("TRUE"));
    words.iter().map(has).fold(nothing, |all, one| Box::new(all.and(one)))
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
    let walked = Wanted { filter: &plain, most: LONGEST_WALK, ..*wanted };
    let rows = in_order(conn, &walked, None).select((tickets::id, has_all(conn, &wanted.filter.words)));
    let found: Vec<(TicketId, Option<bool>)> = Found { rows, columns: "id, has", most: wanted.most }.load(conn)?;
    if i64::try_from(found.len()).is_ok_and(|count| count < wanted.most) && is_longer(conn, &walked)? {
        return Ok(None);
    }
    by_ids(conn, &found.into_iter().map(|(id, _)| id).collect::<Vec<_>>()).map(Some)
}

/// Whether there are more than were walked.
fn is_longer(conn: &mut Conn, walked: &Wanted) -> Result<bool, AppError> {
    let next = in_order(conn, &Wanted { most: 1, ..*walked }, None).offset(walked.most).select(tickets::id);
    Ok(next.first::<TicketId>(conn).optional()?.is_some())
}

/// Of rows that have a limit, those for which the last of their columns, `has`, holds; at most so many. The database reads
/// no further than it must, and what is passed over does not travel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<Q> {
    /// The rows.
    pub rows: Q,
    /// What to call their columns, in their order.
    pub columns: &'static str,
    /// At most so many.
    pub most: i64,
}

impl<Q: Query> Query for Found<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Conn> for Found<Q> {}

impl<Q> QueryId for Found<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for Found<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(&format!("WITH walked({}) AS (", self.columns));
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(&format!(") SELECT * FROM walked WHERE has LIMIT {}", self.most));
        Ok(())
    }
}

/// These requests, in this order.
fn by_ids(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<Ticket>, AppError> {
    let rows: Vec<TicketRow> = tickets::table.filter(tickets::id.eq_any(ids)).load(conn)?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let ticket = row.ticket()?;
        found.insert(ticket.id, ticket);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
