//! The directory in memory: what intake and the public help read without asking the database.
//!
//! Invariant: a snapshot is whole (read in one go) and never changes; a newer one takes its place at once after a
//! commit of this process and within half a second after one of another. Whoever holds an older one may go on
//! reading it. Of adoptions only what changed is read again. Where next: `build.rs` (reading it in), `adoptions.rs`,
//! `kept.rs` (so that a start is quick), `help.rs` ("Wer kann mir helfen?"), `hours.rs`, `notices.rs`, `search.rs`.

mod adoptions;
mod build;
mod help;
mod hours;
mod kept;
mod notices;
mod search;
mod shown;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::hours::{ClosedDay, ClosedYearly};
use super::terms::Assessment;
use crate::clock::Timestamp;
use crate::db::{Db, Topic};
use crate::error::AppError;
use crate::keys::{Ags, Ars, LandCode, Slug};

pub use help::{Help, HelpLanguage, HelpWay, Links, Named, Place};
pub use notices::ShownNotice;

/// How often another process's changes are looked for.
const POLL: Duration = Duration::from_millis(500);
/// How often it is looked whether the copy for the next start should be written anew.
const KEEP: Duration = Duration::from_secs(10);

/// Where the present snapshot is found. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Shared>);

struct Shared {
    db: Db,
    current: ArcSwap<Snapshot>,
}

/// The directory as it was at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    versions: (i64, i64),
    places: Arc<Places>,
    services: Vec<ServiceEntry>,
    by_slug: HashMap<Box<str>, u32>,
    adoptions: adoptions::Adoptions,
    notices: notices::Notices,
    hours: hours::HoursTable,
    closing_days: Arc<[ClosedDay]>,
}

/// The municipalities, in the order of their ARS.
#[derive(Debug, Default)]
struct Places {
    all: Vec<PlaceEntry>,
    by_ars: HashMap<u64, u32>,
    by_ags: HashMap<u32, Option<u32>>,
    /// What this list is recognised by.
    mark: i64,
}

/// A municipality as the snapshot keeps it.
#[derive(Debug)]
pub struct PlaceEntry {
    /// Its key.
    pub ars: Ars,
    /// Its name as the register writes it.
    pub name: Box<str>,
    /// The Land it lies in.
    pub land: LandCode,
    /// Its Kreis.
    pub district: Arc<str>,
    /// Its Gemeindeverband.
    pub association: Arc<str>,
    /// Postal code of its seat.
    pub postal_code: Option<Box<str>>,
    /// Further ones that lie in it, with blanks between, where a list was imported.
    more_codes: Box<str>,
    /// True where 115 answers for it.
    pub in_115: bool,
    /// True where it takes no new requests, because the official list names it no more.
    pub is_ended: bool,
    folded: Box<str>,
}

/// A service as the snapshot keeps it.
#[derive(Debug)]
pub struct ServiceEntry {
    /// The name in addresses and requests.
    pub slug: Slug,
    /// The name people know.
    pub name: Box<str>,
    /// The Land that operates it.
    pub operating_land: LandCode,
    /// Who runs it.
    pub operator: Box<str>,
    /// Who decides that the 2nd level is asked.
    pub assessment: Assessment,
    /// What the public should know now.
    pub notice: Option<Box<str>>,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Directory {
    /// Reads the directory in. [`Directory::run`] keeps it up to date.
    pub async fn start(db: &Db) -> Result<Self, AppError> {
        Self::closing(db, Arc::default()).await
    }

    /// The same for the public, where nobody is there on these days of every year.
    pub async fn closing(db: &Db, yearly: Arc<[ClosedYearly]>) -> Result<Self, AppError> {
        let first = db.read(move |conn| build::build(conn, None, &yearly)).await?;
        Ok(Self(Arc::new(Shared { db: db.clone(), current: ArcSwap::from_pointee(first) })))
    }

    /// The present snapshot.
    pub fn current(&self) -> Arc<Snapshot> {
        self.0.current.load_full()
    }

    /// Follows the changes of this and other processes until `shutdown` turns true, and keeps a copy for the next start.
    /// While the database is away the last snapshot stands.
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        tokio::join!(self.follow(shutdown.clone()), self.keep(shutdown));
    }

    async fn follow(&self, mut shutdown: watch::Receiver<bool>) {
        let signals = self.0.db.signals().clone();
        while !*shutdown.borrow() {
            tokio::select! {
                () = signals.wait(Topic::Directory) => {}
                () = tokio::time::sleep(POLL) => {}
                ended = shutdown.changed() => if ended.is_err() { return },
            }
            match self.refresh().await {
                Ok(()) => self.0.db.pulse().beat("directory"),
                Err(fault) => {
                    tracing::warn!(fault = %fault, "the directory could not be read; the last state of it stands");
                }
            }
        }
    }

    async fn keep(&self, mut shutdown: watch::Receiver<bool>) {
        let mut kept = None;
        while !*shutdown.borrow() {
            let snapshot = self.current();
            if kept != Some(snapshot.versions) {
                match kept::round(&self.0.db, &snapshot, &shutdown).await {
                    Ok(is_whole) => kept = is_whole.then_some(snapshot.versions),
                    Err(fault) => tracing::warn!(fault = %fault, "the copy for a quick start could not be written"),
                }
            }
            drop(snapshot);
            tokio::select! {
                () = tokio::time::sleep(KEEP) => {}
                ended = shutdown.changed() => if ended.is_err() { return },
            }
        }
    }

    /// Writes the copy for the next start where it is worth it, in small transactions; after a large import.
    pub async fn keep_if_worth(&self) -> Result<(), AppError> {
        let (_stop, never) = watch::channel(false);
        kept::round(&self.0.db, &self.current(), &never).await.map(drop)
    }

    /// Writes the copy for the next start now, however little there is.
    pub async fn keep_now(&self) -> Result<(), AppError> {
        let (_stop, never) = watch::channel(false);
        kept::write(&self.0.db, &self.current(), &HashMap::new(), &never).await.map(drop)
    }

    /// Takes over what changed, if anything did.
    pub async fn refresh(&self) -> Result<(), AppError> {
        let before = self.current();
        let newer = self.0.db.read(move |conn| build::newer(conn, &before)).await?;
        if let Some(newer) = newer {
            self.0.current.store(Arc::new(newer));
        }
        Ok(())
    }
}

impl Snapshot {
    /// The municipality of this ARS, or the one that took its place.
    pub fn municipality(&self, ars: &Ars) -> Option<&PlaceEntry> {
        self.place(ars).map(|(_, place)| place)
    }

    /// The municipality of this AGS, or the one that took its place; none when it is unknown or two share it.
    pub fn by_ags(&self, ags: &Ags) -> Option<&PlaceEntry> {
        let index = (*self.places.by_ags.get(&ags.as_str().parse().ok()?)?)?;
        self.places.all.get(index as usize)
    }

    /// Every municipality of this AGS: one, or those that share it.
    pub fn all_by_ags(&self, ags: &Ags) -> Vec<&PlaceEntry> {
        match ags.as_str().parse().ok().and_then(|number: u32| self.places.by_ags.get(&number)) {
            Some(Some(index)) => self.places.all.get(*index as usize).into_iter().collect(),
            Some(None) => self.places.all.iter().filter(|place| place.ars.ags() == *ags).collect(),
            None => Vec::new(),
        }
    }

    /// The service of this slug.
    pub fn service(&self, slug: &str) -> Option<&ServiceEntry> {
        self.by_slug.get(slug).and_then(|index| self.services.get(*index as usize))
    }

    /// Every service, by slug.
    pub fn services(&self) -> &[ServiceEntry] {
        &self.services
    }

    /// True where it holds all that was changed up to this version.
    pub fn holds(&self, version: i64) -> bool {
        self.versions.0 >= version
    }

    /// The days on which nobody is there, in the order of time.
    pub fn closing_days(&self) -> Arc<[ClosedDay]> {
        self.closing_days.clone()
    }

    /// How many municipalities there are.
    pub fn municipality_count(&self) -> usize {
        self.places.all.len()
    }

    fn place(&self, ars: &Ars) -> Option<(u32, &PlaceEntry)> {
        let index = *self.places.by_ars.get(&ars.as_str().parse().ok()?)?;
        self.places.all.get(index as usize).map(|place| (index, place))
    }
}
