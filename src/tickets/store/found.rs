//! Searching by words in time that does not grow with all that ever was.
//!
//! Invariant: whichever way is taken, the answer is the same. Words that few requests have are looked up in the full
//! text, and only these requests are read. Words that many have would bring thousands together only to show a page of
//! them; there the list is walked in its order and the text of each request is read for the words, until the page is
//! full. Where neither is short (words that are neither rare nor frequent, in what has ended) the full text is joined
//! whole.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::TicketRow;
use super::list::{Wanted, Work, in_order};
use crate::access::Reach;
use crate::clock::Timestamp;
use crate::db::dialect::{instr, strpos};
use crate::db::schema::{ticket_search, tickets};
use crate::db::types::DbUuid;
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::ids::{CallerId, TicketId};
use crate::tickets::browse::{Filter, Order, Place};
use crate::tickets::status::TicketStatus;
use crate::tickets::ticket::Ticket;

/// So many requests are few.
const FEW: i64 = 250;
/// A word that more have is not looked up in SQLite's full text.
const VERY_MANY: i64 = 2_000;
/// Nor is one of fewer letters: too many words begin so.
const SHORTEST: usize = 3;
/// So many are read at once at least while walking …
const FIRST_STRIDE: usize = 100;
/// … and so many in all.
const LONGEST_WALK: usize = 6_000;
/// The texts of so many open requests are read at most to count those that have the words.
pub(super) const MOST_READ: usize = 1_000;
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

/// One request whose text was read.
#[derive(Debug, Clone, Queryable)]
pub(in crate::tickets) struct Candidate {
    id: TicketId,
    is_paused: bool,
    due: Timestamp,
    status: TicketStatus,
    claimed_by: Option<CallerId>,
    has_words: Option<bool>,
}

impl Candidate {
    fn is_found(&self) -> bool {
        self.has_words == Some(true)
    }

    fn place(&self) -> Place {
        Place { is_paused: self.is_paused, due: self.due, id: self.id }
    }

    /// Whether a view of what is open shows it.
    fn is_in(&self, view: &Filter) -> bool {
        (view.status.is_empty() || view.status.contains(&self.status))
            && (!view.is_unclaimed || self.claimed_by.is_none())
            && view.claimed_by.is_none_or(|who| self.claimed_by == Some(who))
            && view.late_at.is_none_or(|now| !self.is_paused && self.due < now)
    }
}

/// The first of the open requests in the order of the list, their texts read for words that many have: for a page of the
/// list and for its counts at once.
#[derive(Debug)]
pub(crate) struct Reading {
    candidates: Vec<Candidate>,
    /// Whether there are no more.
    is_all: bool,
}

impl Reading {
    /// Those that have the words: state, who has it, until when. With it whether these are all.
    pub(in crate::tickets) fn work(&self) -> (Vec<Work>, bool) {
        let found = self.candidates.iter().filter(|one| one.is_found());
        (found.map(|one| (one.status, one.claimed_by, one.due)).collect(), self.is_all)
    }
}

/// Reads the first open requests of a list that begins with what is counted; nothing where the words have to be, or can
/// be, found otherwise.
pub(in crate::tickets) fn reading(
    conn: &mut Conn,
    counted: &Filter,
    reach: &Reach,
) -> Result<Option<Reading>, AppError> {
    if counted.words.is_empty() || counted.looked_up != Some(None) {
        return Ok(None);
    }
    let filter = Filter { is_open: true, words: Vec::new(), ..counted.clone() };
    let limit = i64::try_from(MOST_READ + 1).map_err(AppError::internal)?;
    let wanted = Wanted { filter: &filter, reach, order: Order::Work, from: None, is_back: false, most: limit };
    let candidates = stride(conn, &wanted, &counted.words)?;
    Ok(Some(Reading { is_all: candidates.len() <= MOST_READ, candidates }))
}

/// The texts of the next requests of a list, read for these words.
fn stride(conn: &mut Conn, wanted: &Wanted, words: &[String]) -> Result<Vec<Candidate>, AppError> {
    let columns = (
        tickets::id,
        tickets::paused_at.is_not_null(),
        tickets::respond_by,
        tickets::status,
        tickets::claimed_by,
        has_all(conn, words),
    );
    Ok(in_order(conn, wanted, None).select(columns).load(conn)?)
}

/// A page of those that have the words, found by reading the list in its order, from what was read already where that is
/// given; nothing where that would take too long.
pub(super) fn walk(conn: &mut Conn, wanted: &Wanted, read: Option<&Reading>) -> Result<Option<Vec<Ticket>>, AppError> {
    if !has_way(wanted.filter, wanted.order) {
        return Ok(None);
    }
    let plain = Filter { words: Vec::new(), ..wanted.filter.clone() };
    let most = usize::try_from(wanted.most).map_err(AppError::internal)?;
    let (mut found, mut walked, mut from, mut is_end) = (Vec::new(), 0, wanted.from, false);
    if let Some(read) = read {
        found.extend(read.candidates.iter().filter(|one| one.is_found() && one.is_in(&plain)).map(|one| one.id));
        (walked, from, is_end) = (read.candidates.len(), read.candidates.last().map(Candidate::place), read.is_all);
    }
    while !is_end && found.len() < most {
        if walked >= LONGEST_WALK {
            return Ok(None);
        }
        let length = next_stride(most, found.len(), walked);
        let limit = i64::try_from(length).map_err(AppError::internal)?;
        let candidates = stride(conn, &Wanted { filter: &plain, from, most: limit, ..*wanted }, &wanted.filter.words)?;
        is_end = candidates.len() < length;
        walked += candidates.len();
        from = candidates.last().map(Candidate::place);
        found.extend(candidates.into_iter().filter(Candidate::is_found).map(|one| one.id));
    }
    found.truncate(most);
    by_ids(conn, &found).map(Some)
}

/// How many to read next: as many as the page should need by what was found so far, and a fifth more.
fn next_stride(most: usize, found: usize, walked: usize) -> usize {
    let needed = most.saturating_sub(found) * walked / found.max(1);
    (needed + needed / 5).clamp(FIRST_STRIDE, LONGEST_WALK.saturating_sub(walked).max(FIRST_STRIDE))
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
