//! A streaming replica of PostgreSQL, for reads that may be some seconds behind.
//!
//! Invariant: a replica only spares the primary work. It is asked while it is known to be no further behind than
//! `database.replica_behind`; where it is not, cannot be reached, or breaks off, the primary answers the same question.
//! Who may read so is decided by each caller ([`Db::read_behind`]): figures and the audit log. What somebody acts on,
//! and what is asked for "since" a time, is never read here.
//!
//! Source: PostgreSQL, Recovery Information Functions.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::r2d2::Pool;
use diesel::sql_types::Bool;

use super::connection::{self, Conn, Manager};
use super::{Backend, Db, Settings, blocking};
use crate::error::AppError;

/// How long what was found out about the replica holds.
const KNOWN_FOR: Duration = Duration::from_secs(1);

/// The replica and what is known of it.
pub(super) struct Replica {
    pool: Pool<Manager>,
    behind: Duration,
    known: Mutex<Option<(Instant, bool)>>,
}

impl Replica {
    /// Connects when it is first asked, so that a replica that is away holds up no start.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>, AppError> {
        let Some(url) = &settings.replica else { return Ok(None) };
        if Backend::of(url)? == Backend::Sqlite || Backend::of(&settings.url)? == Backend::Sqlite {
            let hint = "is for PostgreSQL, as a replica of database.url";
            return Err(AppError::field("database.replica_url", hint));
        }
        let pool = Pool::builder()
            .max_size(settings.connections)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(KNOWN_FOR)
            .build_unchecked(Manager { url: url.clone() });
        Ok(Some(Self { pool, behind: settings.replica_behind, known: Mutex::new(None) }))
    }

    /// Asks the replica; nothing where it should not be asked, or could not answer.
    fn answer<T>(&self, query: impl FnOnce(&mut Conn) -> Result<T, AppError>) -> Option<Result<T, AppError>> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.filter(|(since, _)| since.elapsed() < KNOWN_FOR).map(|(_, is_fresh)| is_fresh);
        if known == Some(false) {
            return None;
        }
        let Ok(mut pooled) = self.pool.get() else {
            self.note(false);
            return None;
        };
        if known.is_none() {
            let found = is_fresh(&mut pooled.conn, self.behind);
            let found = pooled.judge(found);
            self.note(matches!(found, Ok(true)));
            if !matches!(found, Ok(true)) {
                return None;
            }
        }
        let answer = connection::in_one_moment(&mut pooled.conn, query);
        let answer = pooled.judge(answer);
        Some(answer)
    }

    fn note(&self, is_fresh: bool) {
        let before = self.known.lock().unwrap_or_else(PoisonError::into_inner).replace((Instant::now(), is_fresh));
        if before.is_none_or(|(_, was_fresh)| was_fresh) && !is_fresh {
            tracing::warn!("the replica is away or too far behind; the primary answers");
        } else if before.is_some_and(|(_, was_fresh)| !was_fresh) && is_fresh {
            tracing::info!("the replica answers again");
        }
    }
}

impl Db {
    /// Reads what may be some seconds old: from the replica where there is one, else as [`Db::read`] does. `query` may
    /// run twice, where the replica breaks off.
    pub async fn read_behind<T, F>(&self, query: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, AppError> + Send + 'static,
    {
        let db = self.clone();
        blocking(move || {
            if let Some(replica) = &db.0.replica {
                match replica.answer(&query) {
                    Some(Err(AppError::Unavailable(_))) => replica.note(false),
                    Some(answer) => return answer,
                    None => {}
                }
            }
            let mut pooled = db.connection()?;
            let result = connection::in_one_moment(&mut pooled.conn, &query);
            pooled.judge(result)
        })
        .await
    }
}

#[derive(QueryableByName)]
struct Fresh {
    #[diesel(sql_type = Bool)]
    is_fresh: bool,
}

/// Whether everything received was applied and the primary was heard of lately (an instance writes every ten seconds, so
/// that a link that hangs shows), or what was applied last is recent. What is no replica at all, such as the primary after
/// a fail-over, is as fresh as can be. When the primary was heard of is told to members of `pg_monitor` alone.
fn is_fresh(conn: &mut Conn, behind: Duration) -> Result<bool, AppError> {
    let asked = format!(
        "SELECT NOT pg_is_in_recovery() \
         OR (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver \
             WHERE last_msg_receipt_time > clock_timestamp() - greatest(interval '15 seconds', interval '{0} milliseconds'))) \
         OR COALESCE(clock_timestamp() - pg_last_xact_replay_timestamp() < interval '{0} milliseconds', false) AS is_fresh",
        behind.as_millis()
    );
    Ok(diesel::sql_query(asked).get_result::<Fresh>(conn)?.is_fresh)
}
