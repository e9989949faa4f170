//! Requests by month, on PostgreSQL: the tables that grow with every request, cut by the time in their ids (UUIDv7).
//!
//! Invariant: wanted by whoever runs Lotse ([`divide`], once), never done by itself; what stood there before stays one
//! part, months follow, and a part for all the rest takes what no month is made for, so that no row is ever refused.
//! [`Db::make_coming_months`] keeps months ready and moves what the rest has caught meanwhile. Names of tables and indexes stay
//! those of the migrations, so that later ones work on a divided database as on any other. Queries know nothing of it.
//!
//! Not here: the command (`cli/partition.rs`) and the loop (`operations/months.rs`). docs/operations.md says when it is
//! worth it. Source: PostgreSQL, Table Partitioning (declarative, by range).

use chrono::{Datelike, Months, NaiveDate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use uuid::Uuid;

use super::connection::{Conn, open};
use super::{Backend, Db};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::ids::TicketId;

/// What is divided, and the column whose time decides.
const TABLES: [(&str, &str); 4] =
    [("tickets", "id"), ("ticket_history", "id"), ("ticket_search", "ticket_id"), ("ticket_reporters", "ticket_id")];

/// One order for all, and everything at once, so that nobody holds one of them and waits for another.
const LOCK_ALL: &str = "LOCK TABLE tickets, ticket_history, ticket_search, ticket_reporters IN ACCESS EXCLUSIVE MODE";

/// So many months are kept ready beyond the present one.
const AHEAD: u32 = 3;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
    #[diesel(sql_type = Bool)]
    is_primary: bool,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

/// Divides a database that is in one piece, all or nothing; answers the names of its parts. Nothing else is served
/// while it lasts: what stood there is read once, to make sure that nothing of it is of a later month. Blocks.
pub fn divide(url: &str, now: Timestamp) -> Result<Vec<String>, AppError> {
    if Backend::of(url)? == Backend::Sqlite {
        let hint = "is SQLite, which is for one machine and needs no parts; take PostgreSQL for several instances";
        return Err(AppError::field("database.url", hint));
    }
    let mut conn = open(url)?;
    if is_divided(&mut conn)? {
        return Err(AppError::Conflict(
            "the requests are divided by month already; coming months are made by themselves".into(),
        ));
    }
    // Whoever is at work ends that first; new work waits.
    conn.batch_execute("SET lock_timeout = '60s'")?;
    conn.transaction(|conn| {
        conn.batch_execute(LOCK_ALL)?;
        for (table, column) in TABLES {
            divide_table(conn, table, column, first_of_month(now))?;
        }
        make(conn, now)
    })
}

/// Whether requests are divided by month.
pub fn is_divided(conn: &mut Conn) -> Result<bool, AppError> {
    if matches!(conn, Conn::Sqlite(_)) {
        return Ok(false);
    }
    asks(conn, "SELECT EXISTS (SELECT 1 FROM pg_partitioned_table WHERE partrelid = to_regclass('tickets')) AS holds")
}

impl Db {
    /// Makes the months that are missing, where requests are divided at all; answers the names of what it made.
    pub async fn make_coming_months(&self, now: Timestamp) -> Result<Vec<String>, AppError> {
        if self.backend() == Backend::Sqlite || self.read(move |conn| is_complete(conn, now)).await? {
            return Ok(Vec::new());
        }
        self.write(move |tx| make(tx, now)).await
    }
}

fn is_complete(conn: &mut Conn, now: Timestamp) -> Result<bool, AppError> {
    if !is_divided(conn)? {
        return Ok(true);
    }
    for (table, _) in TABLES {
        for month in coming(now) {
            if !exists(conn, &part(table, month))? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn divide_table(conn: &mut Conn, table: &str, column: &str, month: NaiveDate) -> Result<(), AppError> {
    let indexes: Vec<Named> = diesel::sql_query(format!(
        "SELECT c.relname::text AS name, pg_get_indexdef(c.oid) AS definition, i.indisprimary AS is_primary \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = '{table}'::regclass"
    ))
    .load(conn)?;
    let before = format!("{table}_before");
    conn.batch_execute(&format!("ALTER TABLE {table} RENAME TO {before}"))?;
    for index in &indexes {
        conn.batch_execute(&format!("ALTER INDEX {0} RENAME TO {0}_before", index.name))?;
    }
    conn.batch_execute(&format!(
        "CREATE TABLE {table} (LIKE {before} INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE ({column})"
    ))?;
    // The definitions name the table as it was called, which is now the divided one.
    for index in &indexes {
        conn.batch_execute(&match index.is_primary {
            true => format!("ALTER TABLE {table} ADD CONSTRAINT {} PRIMARY KEY ({column})", index.name),
            false => index.definition.clone(),
        })?;
    }
    let until = first_id(month.checked_add_months(Months::new(1)).unwrap_or(month));
    conn.batch_execute(&format!(
        "ALTER TABLE {table} ATTACH PARTITION {before} FOR VALUES FROM (MINVALUE) TO ('{until}'); \
         CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT"
    ))?;
    Ok(())
}

/// Makes what is missing of the coming months; answers the names.
fn make(conn: &mut Conn, now: Timestamp) -> Result<Vec<String>, AppError> {
    // Several instances may find the same month missing.
    conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({})", super::migrate::LOCK))?;
    // From the first look at the rest to its last part nothing may come in there, or the part could not be put in place.
    conn.batch_execute(LOCK_ALL)?;
    let mut made = Vec::new();
    for (table, column) in TABLES {
        for month in coming(now) {
            let name = part(table, month);
            if exists(conn, &name)? || is_within_before(conn, table, month)? {
                continue;
            }
            let (from, to) = (first_id(month), first_id(month.checked_add_months(Months::new(1)).unwrap_or(month)));
            let of_the_month = format!("{column} >= '{from}' AND {column} < '{to}'");
            conn.batch_execute(&format!(
                "CREATE TABLE {name} (LIKE {table} INCLUDING ALL); \
                 WITH caught AS (DELETE FROM {table}_rest WHERE {of_the_month} RETURNING *) \
                 INSERT INTO {name} SELECT * FROM caught; \
                 ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{to}')"
            ))?;
            made.push(name);
        }
    }
    Ok(made)
}

/// Whether a month lies in what stood there before the division.
fn is_within_before(conn: &mut Conn, table: &str, month: NaiveDate) -> Result<bool, AppError> {
    let id = first_id(month);
    asks(
        conn,
        &format!(
            "SELECT COALESCE((SELECT split_part(pg_get_expr(relpartbound, oid), '''', 2)::uuid > '{id}'::uuid \
             FROM pg_class WHERE oid = to_regclass('{table}_before')), false) AS holds"
        ),
    )
}

fn exists(conn: &mut Conn, name: &str) -> Result<bool, AppError> {
    asks(conn, &format!("SELECT to_regclass('{name}') IS NOT NULL AS holds"))
}

fn asks(conn: &mut Conn, question: &str) -> Result<bool, AppError> {
    Ok(diesel::sql_query(question).get_result::<Answer>(conn)?.holds)
}

/// The present month and those to be kept ready.
fn coming(now: Timestamp) -> impl Iterator<Item = NaiveDate> {
    let first = first_of_month(now);
    (0..=AHEAD).filter_map(move |month| first.checked_add_months(Months::new(month)))
}

fn first_of_month(now: Timestamp) -> NaiveDate {
    let day = now.utc().date_naive();
    day.with_day(1).unwrap_or(day)
}

fn part(table: &str, month: NaiveDate) -> String {
    format!("{table}_{}", month.format("%Y_%m"))
}

/// The least id of a month, whatever it is the id of.
fn first_id(month: NaiveDate) -> Uuid {
    TicketId::first_of(Timestamp::new(month.and_time(chrono::NaiveTime::MIN).and_utc())).uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_before_its_first_id_and_after_the_last_of_the_month_before() {
        let begins = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
        let millis = u64::try_from(begins.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()).unwrap();
        let made = |millis: u64| {
            let at = uuid::Timestamp::from_unix(uuid::NoContext, millis / 1000, (millis % 1000) as u32 * 1_000_000);
            Uuid::new_v7(at)
        };
        assert!(first_id(begins) <= made(millis), "{} > {}", first_id(begins), made(millis));
        assert!(made(millis - 1) < first_id(begins));
    }
}
