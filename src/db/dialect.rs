//! The only place where a query differs by backend.
//!
//! [`each_backend!`] writes the same Diesel statement out for both, for what `MultiConnection` cannot carry
//! (batch insert, ON CONFLICT). Everything else is written once against [`Conn`](super::Conn).

pub use crate::{
    by_backend, each_backend, insert_columns, insert_columns_if_absent, insert_if_absent, insert_many, load_locked,
    load_unlocked, replace_columns,
};

diesel::define_sql_function! {
    /// PostgreSQL: a row for each element; several side by side in one SELECT go in step.
    fn unnest<T: diesel::sql_types::SqlType + diesel::sql_types::SingleValue>(elements: diesel::sql_types::Array<T>) -> T;
}

diesel::define_sql_function! {
    /// The text with every `part` of it replaced; equal to the text where it has none. Tells case and needs no escaping,
    /// unlike LIKE.
    fn replace(text: diesel::sql_types::Text, part: diesel::sql_types::Text, by: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

diesel::define_sql_function! {
    /// SQLite: at which character `part` begins in the text; 0 where it does not.
    fn instr(text: diesel::sql_types::Text, part: diesel::sql_types::Text) -> diesel::sql_types::Integer;
}

diesel::define_sql_function! {
    /// PostgreSQL: the same.
    fn strpos(text: diesel::sql_types::Text, part: diesel::sql_types::Text) -> diesel::sql_types::Integer;
}

/// True when a statement that inserts at most one row did so. Callers may ignore it: both ways the row is there.
pub fn was_inserted(rows: usize) -> bool {
    rows == 1
}

/// Runs the same statement on whichever concrete connection it is.
#[macro_export]
macro_rules! each_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match &mut *$conn {
            $crate::db::Conn::Postgres($c) => $body,
            $crate::db::Conn::Sqlite($c) => $body,
        }
    };
}

/// Where the two need statements of their own: first PostgreSQL's, then SQLite's.
#[macro_export]
macro_rules! by_backend {
    ($conn:expr, |$p:ident| $postgres:expr, |$s:ident| $sqlite:expr) => {
        match &mut *$conn {
            $crate::db::Conn::Postgres($p) => $postgres,
            $crate::db::Conn::Sqlite($s) => $sqlite,
        }
    };
}

/// Inserts many rows; answers how many. On PostgreSQL in statements of 500 rows, below its bound of parameters.
/// Diesel's batch for SQLite would begin a transaction of its own inside the writer's, which SQLite refuses; there
/// a cached statement a row costs little.
#[macro_export]
macro_rules! insert_many {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let mut inserted = 0usize;
        match &mut *$conn {
            $crate::db::Conn::Postgres(c) => {
                for chunk in $rows.chunks(500) {
                    inserted += diesel::insert_into($table).values(chunk).execute(c)?;
                }
            }
            $crate::db::Conn::Sqlite(c) => {
                for row in $rows.iter() {
                    inserted += diesel::insert_into($table).values(row).execute(c)?;
                }
            }
        }
        inserted
    }};
}

/// Inserts many rows where it must be fast; answers how many. `$rows` are references to structs whose fields are
/// named like the columns, all of which are listed. On PostgreSQL a column goes as one array, so that the statement
/// reads the same for any number of rows and is planned once; with a list of VALUES it would be planned each time
/// anew, which costs more than the rows (`docs/reports/`). On SQLite each row goes by a statement that stays
/// prepared; straight to its connection, because the way over `MultiConnection` writes the SQL out each time.
#[macro_export]
macro_rules! insert_columns {
    (@statement $table:ident [$($column:ident),+], $rows:ident) => {
        diesel::insert_into($table::table)
            .values(diesel::select(($($crate::db::dialect::unnest(diesel::IntoSql::into_sql::<
                diesel::sql_types::Array<diesel::dsl::SqlTypeOf<$table::$column>>,
            >($rows.iter().map(|row| &row.$column).collect::<Vec<_>>())),)+)))
            .into_columns(($($table::$column,)+))
    };
    ($conn:expr, $table:ident [$($column:ident),+ $(,)?], $rows:expr) => {{
        let rows = $rows;
        let mut inserted = 0usize;
        match &mut *$conn {
            $crate::db::Conn::Postgres(_) if rows.is_empty() => {}
            $crate::db::Conn::Postgres(c) => {
                inserted = $crate::insert_columns!(@statement $table [$($column),+], rows).execute(c)?;
            }
            $crate::db::Conn::Sqlite(c) => {
                for row in rows.iter() {
                    inserted += diesel::insert_into($table::table).values(*row).execute(c)?;
                }
            }
        }
        inserted
    }};
}

/// Like [`insert_columns!`], but passes over rows whose key exists; answers for each row whether it was inserted.
#[macro_export]
macro_rules! insert_columns_if_absent {
    ($conn:expr, $table:ident [$($column:ident),+], key [$($part:ident: $type:ty),+], $rows:expr) => {{
        let rows = $rows;
        let mut inserted: Vec<bool> = Vec::with_capacity(rows.len());
        match &mut *$conn {
            $crate::db::Conn::Postgres(_) if rows.is_empty() => {}
            $crate::db::Conn::Postgres(c) => {
                let statement = $crate::insert_columns!(@statement $table [$($column),+], rows);
                let statement = statement.on_conflict_do_nothing().returning(($($table::$part,)+));
                let mut new: std::collections::HashSet<($($type,)+)> = statement.load(c)?.into_iter().collect();
                // Of two rows with one key the first was inserted.
                inserted.extend(rows.iter().map(|row| new.remove(&($(row.$part.clone(),)+))));
            }
            $crate::db::Conn::Sqlite(c) => {
                for row in rows.iter() {
                    let statement = diesel::insert_into($table::table).values(*row).on_conflict_do_nothing();
                    inserted.push($crate::db::dialect::was_inserted(statement.execute(c)?));
                }
            }
        }
        inserted
    }};
}

/// Like [`insert_columns!`], but a row whose key exists takes the place of that one; each key at most once. On SQLite
/// by REPLACE, which stays prepared; Diesel writes an UPDATE and an ON CONFLICT DO UPDATE out anew each time.
#[macro_export]
macro_rules! replace_columns {
    ($conn:expr, $table:ident key [$($part:ident),+], [$($column:ident),+ $(,)?], $rows:expr) => {{
        let rows = $rows;
        match &mut *$conn {
            $crate::db::Conn::Postgres(_) if rows.is_empty() => {}
            $crate::db::Conn::Postgres(c) => {
                $crate::insert_columns!(@statement $table [$($part,)+ $($column),+], rows)
                    .on_conflict(($($table::$part,)+))
                    .do_update()
                    .set(($($table::$column.eq(diesel::upsert::excluded($table::$column)),)+))
                    .execute(c)?;
            }
            $crate::db::Conn::Sqlite(c) => {
                for row in rows.iter() {
                    diesel::replace_into($table::table).values(*row).execute(c)?;
                }
            }
        }
    }};
}

/// Inserts a row unless one with its key exists; true when it was inserted.
#[macro_export]
macro_rules! insert_if_absent {
    ($conn:expr, $table:expr, $row:expr) => {
        $crate::db::dialect::was_inserted($crate::each_backend!($conn, |c| diesel::insert_into($table)
            .values($row)
            .on_conflict_do_nothing()
            .execute(c))?)
    };
}

/// Loads rows that are to be changed in this transaction, locking them where the database locks rows; rows that
/// others have locked are left out. On SQLite the one writer is the lock.
#[macro_export]
macro_rules! load_unlocked {
    ($conn:expr, $query:expr) => {
        match &mut *$conn {
            $crate::db::Conn::Postgres(c) => $query.for_update().skip_locked().load(c),
            $crate::db::Conn::Sqlite(c) => $query.load(c),
        }
    };
}

/// Like [`load_unlocked!`], but waits for rows that others have locked.
#[macro_export]
macro_rules! load_locked {
    ($conn:expr, $query:expr) => {
        match &mut *$conn {
            $crate::db::Conn::Postgres(c) => $query.for_update().load(c),
            $crate::db::Conn::Sqlite(c) => $query.load(c),
        }
    };
}
