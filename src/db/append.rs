//! Intake's own door: rows that only ever are added, gathered into one statement a table.
//!
//! Invariant: as with [`Db::write`], no caller is answered before its rows are durable; rows that cannot be
//! stored together are stored one by one, so that a bad one fails alone. On SQLite this is the ordinary writer
//! (its statements are cached and its transaction is shared); on PostgreSQL a thread of its own sends what
//! waits as one multi-row statement a table.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use diesel::connection::Connection;
use diesel::r2d2::R2D2Connection;
use tokio::sync::oneshot;

use super::connection::{Conn, open};
use super::signal::Topics;
use super::{Backend, Db, Settings, Signals, Tx};
use crate::error::AppError;

/// At most this many go in one statement: enough to make the sync cheap, small enough to answer soon.
const MOST: usize = 128;

/// A group of rows that belong together and are added whole or not at all.
pub trait Append: Send + Sync + Sized + 'static {
    /// Adds one, in its own savepoint or transaction.
    fn add(&self, tx: &mut Tx) -> Result<(), AppError>;
    /// Adds all with as few statements as can be; an error makes each be tried alone.
    fn add_all(all: &[&Self], tx: &mut Tx) -> Result<(), AppError>;
}

type Waiting<A> = (A, oneshot::Sender<Result<(), AppError>>);

/// Where to hand in an `A`.
pub struct Appender<A>(Arc<Way<A>>);

enum Way<A> {
    Shared(Db),
    Own(Vec<SyncSender<Waiting<A>>>, std::sync::atomic::AtomicUsize),
}

impl<A> Clone for Appender<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Append> Appender<A> {
    /// Starts the gathering thread where the database has use for one.
    pub fn start(db: &Db) -> Result<Self, AppError> {
        Ok(Self(Arc::new(match db.backend() {
            Backend::Sqlite => Way::Shared(db.clone()),
            Backend::Postgres => {
                let writers = (0..2).map(|_| start(&db.0.settings, db.signals().clone())).collect::<Result<_, _>>()?;
                Way::Own(writers, Default::default())
            }
        })))
    }

    /// Adds the rows and answers when they are durable.
    pub async fn append(&self, rows: A) -> Result<(), AppError> {
        let (writers, turn) = match &*self.0 {
            Way::Shared(db) => return db.write(move |tx| rows.add(tx)).await,
            Way::Own(writers, turn) => (writers, turn),
        };
        let (answer, answered) = oneshot::channel();
        let writer = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % writers.len();
        writers[writer].try_send((rows, answer)).map_err(|e| match e {
            TrySendError::Full(_) => AppError::Unavailable("too many requests are waiting to be stored".into()),
            TrySendError::Disconnected(_) => AppError::Unavailable("the intake writer has stopped".into()),
        })?;
        answered.await.unwrap_or_else(|_| Err(AppError::Unavailable("the intake writer has stopped".into())))
    }
}

fn start<A: Append>(settings: &Settings, signals: Signals) -> Result<SyncSender<Waiting<A>>, AppError> {
    let (queue, waiting) = sync_channel(settings.queue);
    let url = settings.url.clone();
    std::thread::Builder::new()
        .name("lotse-intake".into())
        .spawn(move || serve(&url, &waiting, &signals))
        .map_err(AppError::internal)?;
    Ok(queue)
}

fn serve<A: Append>(url: &str, waiting: &Receiver<Waiting<A>>, signals: &Signals) {
    let mut conn: Option<Conn> = None;
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter().take(MOST - 1));
        // A connection that broke (restart, fail-over) is replaced; until one stands, callers hear "later".
        if conn.as_mut().is_none_or(R2D2Connection::is_broken) {
            conn = None;
            match open(url) {
                Ok(new) => conn = Some(new),
                Err(e) => tracing::warn!(fault = %e, "intake has no database connection"),
            }
        }
        let Some(open_conn) = conn.as_mut() else {
            for (_, answer) in batch {
                reply(answer, Err(AppError::Unavailable("the database is away".into())));
            }
            continue;
        };
        if !store(open_conn, batch, signals) {
            conn = None;
        }
    }
}

/// Stores what has waited; false when the connection has become doubtful.
fn store<A: Append>(conn: &mut Conn, batch: Vec<Waiting<A>>, signals: &Signals) -> bool {
    let rows: Vec<&A> = batch.iter().map(|(rows, _)| rows).collect();
    if commit(conn, signals, |tx| A::add_all(&rows, tx)).is_ok() {
        batch.into_iter().for_each(|(_, answer)| reply(answer, Ok(())));
        return true;
    }
    let mut is_sound = true;
    for (rows, answer) in batch {
        let result = commit(conn, signals, |tx| rows.add(tx));
        is_sound &= !matches!(result, Err(AppError::Unavailable(_)));
        reply(answer, result);
    }
    is_sound
}

fn commit(
    conn: &mut Conn,
    signals: &Signals,
    add: impl FnOnce(&mut Tx) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut topics = Topics::default();
    conn.transaction(|conn| {
        let mut tx = Tx { conn, topics: Topics::default() };
        add(&mut tx)?;
        topics = tx.topics;
        Ok::<(), AppError>(())
    })?;
    signals.fire(topics);
    Ok(())
}

fn reply(answer: oneshot::Sender<Result<(), AppError>>, result: Result<(), AppError>) {
    if answer.send(result).is_err() {
        tracing::debug!("an intake caller did not wait for its answer");
    }
}
