//! The one writer of a SQLite database: gathers the writes that wait into one transaction and syncs once.
//!
//! Invariant: each write runs in a savepoint of its own, so that one that fails harms no other; no caller is
//! answered before the commit that holds its write. When the transaction itself fails (disk full), all of its
//! callers learn that nothing was stored. Measured in `benches/`: syncing once for many is what makes intake fast.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use tokio::sync::oneshot;

use super::connection::{Conn, open};
use super::signal::{Signals, Topics};
use super::{Settings, Tx};
use crate::error::AppError;

/// At most this many writes share a transaction …
const MOST: usize = 256;
/// … and no new one joins after this long.
const LONGEST: Duration = Duration::from_millis(5);

pub(super) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
    waiting: Arc<AtomicUsize>,
}

/// One write that waits: run inside the transaction, then told how the transaction ended.
trait Job: Send {
    /// True when its changes are to be kept.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Answers the caller; `failed` when the whole transaction was lost.
    fn finish(self: Box<Self>, failed: Option<&str>);
}

struct Write<T, F> {
    change: Option<F>,
    result: Result<T, AppError>,
    answer: oneshot::Sender<Result<T, AppError>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx) -> Result<T, AppError> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(change) = self.change.take() else { return false };
        self.result = catch_unwind(AssertUnwindSafe(|| change(tx)))
            .unwrap_or_else(|_| Err(AppError::internal("a write panicked")));
        self.result.is_ok()
    }

    fn finish(self: Box<Self>, failed: Option<&str>) {
        let result = match failed {
            // A write refused by its own rule keeps its own answer; one that would have been kept was lost.
            Some(cause) if self.result.is_ok() => Err(AppError::Unavailable(cause.to_owned())),
            _ => self.result,
        };
        // The caller may have gone away (a closed connection); the write stands all the same.
        if self.answer.send(result).is_err() {
            tracing::debug!("a writer's caller did not wait for its answer");
        }
    }
}

impl Writer {
    /// Opens the writing connection and starts the thread, which ends when the last [`Writer`] is dropped.
    pub(super) fn start(settings: &Settings, signals: Signals) -> Result<Self, AppError> {
        let (queue, waiting) = sync_channel::<Box<dyn Job>>(settings.queue);
        let conn = open(&settings.url)?;
        let waits = Arc::new(AtomicUsize::new(0));
        let counted = waits.clone();
        std::thread::Builder::new()
            .name("lotse-writer".into())
            .spawn(move || serve(conn, &waiting, &counted, &signals))
            .map_err(AppError::internal)?;
        Ok(Self { queue, waiting: waits })
    }

    /// How many writes have not ended yet.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) async fn write<T, F>(&self, change: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, AppError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let unrun = Err(AppError::Unavailable("the write was not run".into()));
        let job = Box::new(Write { change: Some(change), result: unrun, answer });
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(job).map_err(|e| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match e {
                TrySendError::Full(_) => AppError::Unavailable("too many writes are waiting".into()),
                TrySendError::Disconnected(_) => AppError::Unavailable("the writer has stopped".into()),
            }
        })?;
        answered.await.unwrap_or_else(|_| Err(AppError::Unavailable("the writer has stopped".into())))
    }
}

fn serve(mut conn: Conn, waiting: &Receiver<Box<dyn Job>>, count: &AtomicUsize, signals: &Signals) {
    let mut jobs = Vec::with_capacity(MOST);
    while let Ok(first) = waiting.recv() {
        let outcome = transaction(&mut conn, first, waiting, &mut jobs);
        if let Err(fault) = &outcome {
            tracing::error!(fault = %fault, writes = jobs.len(), "a write transaction was lost");
            // The database may have rolled back by itself already; then this has nothing to do.
            if let Err(e) = conn.batch_execute("ROLLBACK") {
                tracing::debug!(fault = %e, "no transaction to roll back");
            }
        }
        let failed = outcome.as_ref().err().map(ToString::to_string);
        count.fetch_sub(jobs.len(), Ordering::Relaxed);
        for job in jobs.drain(..) {
            job.finish(failed.as_deref());
        }
        if let Ok(topics) = outcome {
            signals.fire(topics);
        }
    }
}

fn transaction(
    conn: &mut Conn,
    first: Box<dyn Job>,
    waiting: &Receiver<Box<dyn Job>>,
    jobs: &mut Vec<Box<dyn Job>>,
) -> Result<Topics, AppError> {
    let began = Instant::now();
    let mut topics = Topics::default();
    let mut next = Some(first);
    let mut begun = conn.batch_execute("BEGIN IMMEDIATE");
    while let Some(mut job) = next {
        // When BEGIN failed, what waits is still taken along, to be told.
        if begun.is_ok() {
            begun = savepoint(conn, &mut *job, &mut topics);
        }
        jobs.push(job);
        next = if jobs.len() < MOST && began.elapsed() < LONGEST { waiting.try_recv().ok() } else { None };
    }
    begun?;
    conn.batch_execute("COMMIT")?;
    Ok(topics)
}

fn savepoint(conn: &mut Conn, job: &mut dyn Job, topics: &mut Topics) -> diesel::QueryResult<()> {
    conn.batch_execute("SAVEPOINT write")?;
    let mut tx = Tx { conn, topics: Topics::default() };
    if job.run(&mut tx) {
        topics.join(tx.topics);
        conn.batch_execute("RELEASE write")
    } else {
        conn.batch_execute("ROLLBACK TO write; RELEASE write")
    }
}
