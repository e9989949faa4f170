//! Filling a database with requests of the last two years or weeks: made up, but whole, and the same again by the same
//! seed.
//!
//! Invariant: each request is made of the seed and its place in the row alone, so what is stored does not depend on the
//! machine; only keys and what is sealed under them differ. Everything goes through the stores, in batches of one
//! transaction each. Not here: merged and reopened requests, which are not made up. Where next: `fill/life.rs` (one
//! request), `fill/plot.rs` (what happens to it), `fill/asked.rs` (its escalation), `fill/lately.rs` (those of two
//! weeks), `fill/cast.rs` (who there is), `fill/words.rs`.

mod asked;
mod cast;
mod lately;
mod life;
mod plot;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, TimeDelta, Timelike, Weekday};
use chrono_tz::Europe::Berlin;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::clock::Timestamp;
use crate::db::Db;
use crate::directory;
use crate::error::AppError;
use crate::escalation;
use crate::keys::Ars;
use crate::seal::Sealer;
use crate::tickets::ticket::Claim;
use crate::tickets::{TicketNumber, chronicle};
use cast::Cast;
use life::life;
use plot::Fate;

/// Requests of one transaction: large enough to make syncing cheap, small enough that others have their turn.
const BATCH: usize = 500;
/// How far back those of years reach.
const SPAN: TimeDelta = TimeDelta::days(730);
/// Of the newest so many, most are open …
const RECENT: usize = 4_000;
/// … but of few requests no more than one in so many.
const RECENT_SHARE: usize = 10;

/// How far back requests reach, and how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Two years up to now, for figures and for measuring.
    Years,
    /// Two weeks up to a working day, for looking around.
    Weeks,
}

/// What is to be made up.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// How many requests.
    pub tickets: usize,
    /// Over which time.
    pub span: Span,
    /// What the chance begins with.
    pub seed: u64,
    /// The present; nothing is later.
    pub until: Timestamp,
    /// People who log in, by municipality: they have some of the requests in hand.
    pub known: Vec<(Ars, Claim)>,
}

/// Rows of a batch, ready to be stored.
#[derive(Default)]
struct Batch {
    tickets: chronicle::Chronicle,
    escalations: escalation::chronicle::Chronicle,
}

/// Fills the database; `progress` hears how many are stored.
pub async fn fill(
    db: &Db,
    sealer: &Sealer,
    settings: directory::Settings,
    wanted: &Wanted,
    progress: &mut (dyn FnMut(usize) + Send),
) -> Result<(), AppError> {
    let today = wanted.until.day_in_berlin();
    let cast = Arc::new(Cast::read(db, settings, wanted.seed, &wanted.known, today).await?);
    let arrivals = Arc::new(match wanted.span {
        Span::Years => arrivals(wanted),
        Span::Weeks => lately::arrivals(wanted),
    });
    let mut years: BTreeMap<i32, i64> = BTreeMap::new();
    arrivals.iter().for_each(|at| *years.entry(year(*at)).or_default() += 1);
    let firsts = db
        .write(move |tx| {
            let draw = |(year, count): (i32, i64)| Ok((year, chronicle::take_numbers(tx, year, count)?));
            years.into_iter().map(draw).collect::<Result<BTreeMap<i32, i64>, AppError>>()
        })
        .await?;
    let numbers = Arc::new(numbers(&arrivals, firsts));
    let make = |from: usize| {
        let (cast, sealer, arrivals, numbers) = (cast.clone(), sealer.clone(), arrivals.clone(), numbers.clone());
        let wanted = wanted.clone();
        tokio::task::spawn_blocking(move || batch(&cast, &sealer, &arrivals, &numbers, from, &wanted))
    };
    // One batch is made up while the one before is stored.
    let mut next = make(0);
    for from in (0..arrivals.len()).step_by(BATCH) {
        let made = next.await.map_err(AppError::internal)??;
        next = make(from + BATCH);
        let sealer = sealer.clone();
        db.write(move |tx| {
            made.tickets.store(tx, &sealer)?;
            made.escalations.store(tx)
        })
        .await?;
        progress(arrivals.len().min(from + BATCH));
    }
    Ok(())
}

fn batch(
    cast: &Cast,
    sealer: &Sealer,
    arrivals: &[Timestamp],
    numbers: &[TicketNumber],
    from: usize,
    wanted: &Wanted,
) -> Result<Batch, AppError> {
    let mut batch = Batch::default();
    let recent = RECENT.min(arrivals.len() / RECENT_SHARE);
    for (index, (at, number)) in arrivals.iter().zip(numbers).enumerate().skip(from).take(BATCH) {
        let mut chance = chance(wanted.seed, index as u64 + 1);
        let is_recent = arrivals.len() - index <= recent;
        let fate = match wanted.span {
            Span::Weeks => lately::fate(&mut chance, arrivals, index, wanted.until),
            Span::Years if chance.random_bool(if is_recent { 0.85 } else { 0.0005 }) => Fate::Open,
            Span::Years => Fate::Ended,
        };
        let (life, asked) = life(&mut chance, cast, fate, number.clone(), *at, wanted.until)?;
        batch.tickets.add(sealer, &life)?;
        if let Some(asked) = asked {
            batch.escalations.add(sealer, &asked)?;
        }
    }
    Ok(batch)
}

/// The chance of one request; that of 0 is for all.
fn chance(seed: u64, of: u64) -> StdRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&of.to_le_bytes());
    StdRng::from_seed(bytes)
}

fn year(at: Timestamp) -> i32 {
    at.utc().with_timezone(&Berlin).year()
}

/// When they come in, earliest first: by day, and mostly on working days.
fn arrivals(wanted: &Wanted) -> Vec<Timestamp> {
    let mut chance = chance(wanted.seed, 0);
    let begin = wanted.until.minus(SPAN);
    let count = wanted.tickets.max(1) as f64;
    let mut all: Vec<Timestamp> = (0..wanted.tickets)
        .map(|index| {
            let place = (index as f64 + chance.random::<f64>()) / count;
            let at = begin.plus(TimeDelta::seconds((place * SPAN.num_seconds() as f64) as i64));
            let seconds = i64::from(at.utc().num_seconds_from_midnight());
            // A day of 24 hours becomes one from 7 to 17 (UTC).
            let by_day = at.plus(TimeDelta::seconds(7 * 3600 + seconds * 10 / 24 - seconds));
            let off = match by_day.utc().weekday() {
                Weekday::Sat => 2,
                Weekday::Sun => 1,
                _ => 0,
            };
            let later = by_day.plus(TimeDelta::days(if chance.random_bool(0.85) { off } else { 0 }));
            let fallback = at.min(wanted.until.minus(TimeDelta::minutes(2)));
            let at = [later, by_day].into_iter().find(|at| *at <= fallback).unwrap_or(fallback);
            at.plus(TimeDelta::milliseconds(chance.random_range(0..1000)))
        })
        .collect();
    all.sort_unstable();
    all
}

fn numbers(arrivals: &[Timestamp], mut next: BTreeMap<i32, i64>) -> Vec<TicketNumber> {
    let number = |at: &Timestamp| {
        let year = year(*at);
        let running = next.entry(year).or_default();
        *running += 1;
        TicketNumber::new(year, *running - 1)
    };
    arrivals.iter().map(number).collect()
}
