//! Intake's own door: rows that only ever are added, gathered and stored together.
//!
//! Invariant: as with [`Db::write`], no caller is answered before its rows are durable; rows that cannot be
//! stored together are stored one by one, so that a bad one fails alone. On SQLite what has gathered is one write of
//! the ordinary writer, in one savepoint: the full-text index is written out at the end of every savepoint, which
//! costs more than all other tables together if each request has its own. On PostgreSQL a thread of its own sends
//! what waits as one statement a table. One thread and not several: the more there are, the smaller the batches, and
//! the syncs and the ends of the indexes are shared anyway (`docs/reports/`).

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::r2d2::R2D2Connection;
use tokio::sync::oneshot;

use super::connection::{Conn, open};
use super::{Backend, Db, Settings, Signals, Tx, transact};
use crate::error::AppError;

/// At most this many go together: enough to make the sync cheap, small enough to answer soon.
const MOST: usize = 128;

/// A group of rows that belong together and are added whole or not at all.
pub trait Append: Send + Sync + Sized + 'static {
    /// Adds all with as few statements as can be; answers for each whether it was new. An error makes each be
    /// tried alone.
    fn add_all(all: &[&Self], tx: &mut Tx) -> Result<Vec<bool>, AppError>;
}

type Waiting<A> = (A, oneshot::Sender<Result<(), AppError>>);

/// Where to hand in an `A`.
pub struct Appender<A>(Arc<Way<A>>);

enum Way<A> {
    Shared(Db, Arc<Gathered<A>>),
    Own(SyncSender<Waiting<A>>),
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
            Backend::Sqlite => Way::Shared(db.clone(), Arc::default()),
            Backend::Postgres => Way::Own(start(&db.0.settings, db.signals().clone())?),
        })))
    }

    /// Adds the rows and answers when they are durable; `Conflict` where they were not new.
    pub async fn append(&self, rows: A) -> Result<(), AppError> {
        let (answer, answered) = oneshot::channel();
        match &*self.0 {
            Way::Shared(db, gathered) => {
                if gathered.put((rows, answer), db.0.settings.queue)? {
                    tokio::spawn(carry(db.clone(), gathered.clone()));
                }
            }
            Way::Own(writer) => writer.try_send((rows, answer)).map_err(|e| match e {
                TrySendError::Full(_) => too_many(),
                TrySendError::Disconnected(_) => AppError::Unavailable("the intake writer has stopped".into()),
            })?,
        }
        answered.await.unwrap_or_else(|_| Err(AppError::Unavailable("the intake writer has stopped".into())))
    }
}

fn too_many() -> AppError {
    AppError::Unavailable("too many requests are waiting to be stored".into())
}

/// What waits for SQLite's writer to come round.
struct Gathered<A>(Mutex<Vec<Waiting<A>>>);

impl<A> Default for Gathered<A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A> Gathered<A> {
    fn lock(&self) -> MutexGuard<'_, Vec<Waiting<A>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True for the first, who has to see to it that all are carried.
    fn put(&self, one: Waiting<A>, most: usize) -> Result<bool, AppError> {
        let mut waiting = self.lock();
        if waiting.len() >= most {
            return Err(too_many());
        }
        waiting.push(one);
        Ok(waiting.len() == 1)
    }

    fn take(&self) -> Vec<Waiting<A>> {
        let mut waiting = self.lock();
        let count = waiting.len().min(MOST);
        waiting.drain(..count).collect()
    }
}

/// Carries what has gathered by the time the writer comes round, and answers. A task of its own, so that a caller who
/// goes away takes no other along.
async fn carry<A: Append>(db: Db, gathered: Arc<Gathered<A>>) {
    loop {
        let taken = Arc::new(Gathered::default());
        let (from, into) = (gathered.clone(), taken.clone());
        let result = db
            .write(move |tx| {
                let mut batch = into.lock();
                *batch = from.take();
                A::add_all(&batch.iter().map(|(rows, _)| rows).collect::<Vec<_>>(), tx)
            })
            .await;
        let mut batch = std::mem::take(&mut *taken.lock());
        if batch.is_empty() && result.is_err() {
            // The writer has no room: then there is none for those who have gathered either.
            batch = gathered.take();
        }
        let may_be_more = batch.len() == MOST;
        match result {
            Err(AppError::Unavailable(cause)) => {
                batch.into_iter().for_each(|(_, answer)| reply(answer, Err(AppError::Unavailable(cause.clone()))));
            }
            Err(_) if batch.len() > 1 => {
                for (rows, answer) in batch {
                    reply(answer, db.write(move |tx| A::add_all(&[&rows], tx)).await.and_then(|new| all_new(&new)));
                }
            }
            result => tell(batch, result),
        }
        // Whoever came to an empty place started a task; those beyond the bound of a batch have none.
        if !may_be_more {
            return;
        }
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
    let result = transact(conn, signals, |tx| A::add_all(&rows, tx));
    if result.is_ok() || batch.len() == 1 {
        let is_sound = !matches!(result, Err(AppError::Unavailable(_)));
        tell(batch, result);
        return is_sound;
    }
    let mut is_sound = true;
    for (rows, answer) in batch {
        let result = transact(conn, signals, |tx| A::add_all(&[&rows], tx));
        is_sound &= !matches!(result, Err(AppError::Unavailable(_)));
        reply(answer, result.and_then(|new| all_new(&new)));
    }
    is_sound
}

/// Tells each what became of its rows; an error only where there is but one.
fn tell<A>(batch: Vec<Waiting<A>>, result: Result<Vec<bool>, AppError>) {
    match result {
        Ok(new) => batch.into_iter().zip(new).for_each(|((_, answer), new)| reply(answer, all_new(&[new]))),
        Err(fault) => {
            if let Some((_, answer)) = batch.into_iter().next() {
                reply(answer, Err(fault));
            }
        }
    }
}

fn all_new(new: &[bool]) -> Result<(), AppError> {
    if new.iter().all(|new| *new) { Ok(()) } else { Err(AppError::Conflict("the same was handed in before".into())) }
}

fn reply(answer: oneshot::Sender<Result<(), AppError>>, result: Result<(), AppError>) {
    if answer.send(result).is_err() {
        tracing::debug!("an intake caller did not wait for its answer");
    }
}
