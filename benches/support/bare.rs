//! The bare rate: the rows of requests that were really handed in, put once more into a fresh database of the same
//! kind, all tables and indexes included, with prepared statements and nothing else around them.
//!
//! Straight to the C libraries, because this is the limit that the code above them is held against.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use libsqlite3_sys as sq;

use super::Fault;

/// What handing in writes to, with an order in which rows of the same request stand at the same place.
const TABLES: [(&str, &str); 8] = [
    ("tickets", "id"),
    ("ticket_numbers", "ticket_id"),
    ("ticket_history", "ticket_id"),
    ("ticket_search", "ticket_id"),
    ("notices", "ticket_id"),
    ("ticket_reporters", "ticket_id"),
    ("sealing_keys", "id"),
    ("idempotency", "created_at"),
];

/// How long one measurement may take.
const LONGEST: Duration = Duration::from_secs(4);

/// Requests a second from the SQLite file `from` into the fresh one `to`, `batch` in one transaction.
pub fn sqlite(from: &str, to: &str, batch: usize) -> Result<f64, Fault> {
    sqlite_tables(from, to, &TABLES, batch)
}

/// The same for these tables; the first one's rows are counted.
pub fn sqlite_tables(from: &str, to: &str, from_tables: &[(&str, &str)], batch: usize) -> Result<f64, Fault> {
    let (source, target) = (Sqlite::open(from)?, Sqlite::open(to)?);
    target.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000")?;
    let mut tables = Vec::new();
    for (table, order) in from_tables {
        let rows = source.rows(&format!("SELECT * FROM {table} ORDER BY {order}"))?;
        let Some(width) = rows.first().map(Vec::len) else { continue };
        let places = vec!["?"; width].join(",");
        tables.push((target.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?, rows));
    }
    let (begin, commit) = (target.prepare("BEGIN IMMEDIATE")?, target.prepare("COMMIT")?);
    let count = tables.first().map_or(0, |(_, rows)| rows.len());
    let (began, mut done) = (Instant::now(), 0);
    while done + batch <= count && began.elapsed() < LONGEST {
        target.step(begin)?;
        for (insert, rows) in &tables {
            for row in rows.iter().skip(done).take(batch) {
                target.insert(*insert, row)?;
            }
        }
        target.step(commit)?;
        done += batch;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// Runs statements on a SQLite file, to fill it faster than any import.
pub fn run_on_sqlite(file: &str, sql: &str) -> Result<(), Fault> {
    Sqlite::open(file)?.run(sql)
}

/// The number that this question to a SQLite file has for an answer.
pub fn number_on_sqlite(file: &str, sql: &str) -> Result<i64, Fault> {
    let rows = Sqlite::open(file)?.rows(sql)?;
    let value = rows.first().and_then(|row| row.first()).ok_or("no row")?;
    Ok(unsafe { sq::sqlite3_value_int64(*value) })
}

struct Sqlite(*mut sq::sqlite3);

impl Sqlite {
    fn open(path: &str) -> Result<Self, Fault> {
        let (path, mut db) = (CString::new(path)?, null_mut());
        let code = unsafe { sq::sqlite3_open(path.as_ptr(), &mut db) };
        if code == sq::SQLITE_OK { Ok(Self(db)) } else { Err(format!("SQLite does not open: {code}").into()) }
    }

    fn fault(&self) -> Fault {
        let text = unsafe { CStr::from_ptr(sq::sqlite3_errmsg(self.0)) };
        text.to_string_lossy().into_owned().into()
    }

    fn run(&self, sql: &str) -> Result<(), Fault> {
        let sql = CString::new(sql)?;
        let code = unsafe { sq::sqlite3_exec(self.0, sql.as_ptr(), None, null_mut(), null_mut()) };
        if code == sq::SQLITE_OK { Ok(()) } else { Err(self.fault()) }
    }

    fn prepare(&self, sql: &str) -> Result<*mut sq::sqlite3_stmt, Fault> {
        let (sql, mut statement) = (CString::new(sql)?, null_mut());
        let code = unsafe { sq::sqlite3_prepare_v2(self.0, sql.as_ptr(), -1, &mut statement, null_mut()) };
        if code == sq::SQLITE_OK { Ok(statement) } else { Err(self.fault()) }
    }

    fn step(&self, statement: *mut sq::sqlite3_stmt) -> Result<(), Fault> {
        let code = unsafe { sq::sqlite3_step(statement) };
        unsafe { sq::sqlite3_reset(statement) };
        if code == sq::SQLITE_DONE { Ok(()) } else { Err(self.fault()) }
    }

    fn insert(&self, statement: *mut sq::sqlite3_stmt, row: &[*mut sq::sqlite3_value]) -> Result<(), Fault> {
        for (place, value) in (1..).zip(row) {
            unsafe { sq::sqlite3_bind_value(statement, place, *value) };
        }
        self.step(statement)
    }

    /// All rows, as values that stay valid to the end of the bench.
    fn rows(&self, sql: &str) -> Result<Vec<Vec<*mut sq::sqlite3_value>>, Fault> {
        let statement = self.prepare(sql)?;
        let width = unsafe { sq::sqlite3_column_count(statement) };
        let value = |column| unsafe { sq::sqlite3_value_dup(sq::sqlite3_column_value(statement, column)) };
        let mut rows = Vec::new();
        while unsafe { sq::sqlite3_step(statement) } == sq::SQLITE_ROW {
            rows.push((0..width).map(value).collect());
        }
        unsafe { sq::sqlite3_finalize(statement) };
        Ok(rows)
    }
}

/// Requests a second from one PostgreSQL database into a fresh one, `batch` in one statement (`unnest`, all tables
/// in one round trip, prepared).
pub fn postgres(from: &str, to: &str, batch: usize) -> Result<f64, Fault> {
    postgres_tables(from, to, &TABLES, batch)
}

/// The same for these tables; the first one's rows are counted.
pub fn postgres_tables(from: &str, to: &str, from_tables: &[(&str, &str)], batch: usize) -> Result<f64, Fault> {
    let (source, target) = (Pg::open(from)?, Pg::open(to)?);
    let (mut parts, mut columns, mut count) = (Vec::new(), Vec::new(), 0);
    for (table, order) in from_tables {
        let rows = source.query(&format!("SELECT * FROM {table} ORDER BY {order} LIMIT 100000"))?;
        if rows.is_empty() {
            continue;
        }
        if count == 0 {
            count = rows.len();
        }
        let types = source.query(&format!(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
        ))?;
        let first = columns.len() + 1;
        let arrays: Vec<String> = (first..)
            .zip(&types)
            .map(|(place, kind)| format!("${place}::{}[]", kind[0].clone().unwrap_or_default()))
            .collect();
        parts.push(format!("INSERT INTO {table} SELECT * FROM unnest({})", arrays.join(",")));
        for column in 0..types.len() {
            columns.push(rows.iter().map(|row| row[column].clone()).collect::<Vec<_>>());
        }
    }
    let last = parts.pop().ok_or("no rows")?;
    let with: Vec<String> = parts.iter().enumerate().map(|(n, part)| format!("t{n} AS ({part})")).collect();
    target.prepare(&format!("WITH {} {last}", with.join(", ")))?;
    // The texts of the arrays are made beforehand: only the database is measured.
    let batches: Vec<Vec<CString>> = (0..count / batch)
        .take(40_000)
        .map(|n| columns.iter().map(|column| array(column.iter().skip(n * batch).take(batch))).collect())
        .collect::<Result<_, Fault>>()?;
    let (began, mut done) = (Instant::now(), 0);
    for one in &batches {
        target.execute(one)?;
        done += batch;
        if began.elapsed() > LONGEST {
            break;
        }
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// The text of an array of PostgreSQL.
fn array<'v>(values: impl Iterator<Item = &'v Option<String>>) -> Result<CString, Fault> {
    let quoted = values.map(|value| match value {
        None => "NULL".to_owned(),
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    });
    Ok(CString::new(format!("{{{}}}", quoted.collect::<Vec<_>>().join(",")))?)
}

struct Pg(*mut pq_sys::PGconn);

impl Pg {
    fn open(url: &str) -> Result<Self, Fault> {
        let url = CString::new(url)?;
        let pg = Self(unsafe { pq_sys::PQconnectdb(url.as_ptr()) });
        match unsafe { pq_sys::PQstatus(pg.0) } {
            pq_sys::ConnStatusType::CONNECTION_OK => Ok(pg),
            _ => Err(pg.fault()),
        }
    }

    fn fault(&self) -> Fault {
        unsafe { CStr::from_ptr(pq_sys::PQerrorMessage(self.0)) }.to_string_lossy().into_owned().into()
    }

    fn query(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Fault> {
        use pq_sys::{PQgetisnull, PQgetvalue, PQnfields, PQntuples};
        let sql = CString::new(sql)?;
        let result = unsafe { pq_sys::PQexec(self.0, sql.as_ptr()) };
        self.check(result)?;
        let text = |row: c_int, column: c_int| unsafe {
            (PQgetisnull(result, row, column) == 0)
                .then(|| CStr::from_ptr(PQgetvalue(result, row, column)).to_string_lossy().into_owned())
        };
        let (height, width) = unsafe { (PQntuples(result), PQnfields(result)) };
        let rows = (0..height).map(|row| (0..width).map(|column| text(row, column)).collect()).collect();
        unsafe { pq_sys::PQclear(result) };
        Ok(rows)
    }

    fn prepare(&self, sql: &str) -> Result<(), Fault> {
        let sql = CString::new(sql)?;
        let result = unsafe { pq_sys::PQprepare(self.0, c"bare".as_ptr(), sql.as_ptr(), 0, null()) };
        self.check(result)?;
        unsafe { pq_sys::PQclear(result) };
        Ok(())
    }

    fn execute(&self, values: &[CString]) -> Result<(), Fault> {
        let places: Vec<*const c_char> = values.iter().map(|value| value.as_ptr()).collect();
        let count = c_int::try_from(places.len())?;
        let result =
            unsafe { pq_sys::PQexecPrepared(self.0, c"bare".as_ptr(), count, places.as_ptr(), null(), null(), 0) };
        self.check(result)?;
        unsafe { pq_sys::PQclear(result) };
        Ok(())
    }

    fn check(&self, result: *mut pq_sys::PGresult) -> Result<(), Fault> {
        use pq_sys::ExecStatusType::{PGRES_COMMAND_OK, PGRES_TUPLES_OK};
        match unsafe { pq_sys::PQresultStatus(result) } {
            PGRES_COMMAND_OK | PGRES_TUPLES_OK => Ok(()),
            _ => Err(self.fault()),
        }
    }
}

impl Drop for Pg {
    fn drop(&mut self) {
        unsafe { pq_sys::PQfinish(self.0) };
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        unsafe { sq::sqlite3_close(self.0) };
    }
}
