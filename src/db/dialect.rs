//! The only place where a query differs by backend.
//!
//! [`each_backend!`] writes the same Diesel statement out for both, for what `MultiConnection` cannot carry
//! (batch insert, ON CONFLICT). Everything else is written once against [`Conn`](super::Conn).

pub use crate::{each_backend, insert_if_absent, insert_many, insert_many_if_absent, load_locked, load_unlocked};

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

/// Inserts many rows unless they exist; answers how many were inserted. One statement on PostgreSQL; Diesel's
/// batch for SQLite knows no ON CONFLICT, and there a cached statement a row costs little.
#[macro_export]
macro_rules! insert_many_if_absent {
    ($conn:expr, $table:expr, $rows:expr) => {
        match &mut *$conn {
            $crate::db::Conn::Postgres(c) => {
                diesel::insert_into($table).values($rows).on_conflict_do_nothing().execute(c)?
            }
            $crate::db::Conn::Sqlite(c) => {
                let mut inserted = 0usize;
                for row in $rows {
                    inserted += diesel::insert_into($table).values(row).on_conflict_do_nothing().execute(c)?;
                }
                inserted
            }
        }
    };
}
