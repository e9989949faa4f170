//! Asking for figures: of a period, compared with the one before, as a line and told apart.
//!
//! Invariant: only requests within the caller's reach are in a sum; a region outside of it gives nothing, as if nothing
//! had happened there. Changes nothing.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::Serialize;

use super::fold::{Counts, Dimension, Sums, day_of};
use super::histogram::Histogram;
use super::period::{LineStep, Period};
use super::store::sums::{Narrowed, Source, line, parts, times};
use crate::access::policy::{Reach, Scope};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::{Snapshot, contacts_of};
use crate::error::AppError;
use crate::keys::{ArsPrefix, Slug};
use crate::tickets::browse::Filter;
use crate::tickets::{Desk, counts};

/// How many a table shows; the others stand in one row, and all in a file.
pub const SHOWN: usize = 20;
/// Promised to the public with 115: nine of ten in time, and the share that is aimed at, in per cent.
pub const AIM: i64 = 90;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which days.
    pub period: Period,
    /// Of which requests.
    pub narrowed: Narrowed,
    /// Whether tables go without an end, for a file.
    pub is_whole: bool,
}

/// The figures of a period.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// Which days.
    pub period: Period,
    /// The days before, to compare with.
    pub period_before: Period,
    /// How fine the line is.
    pub step: LineStep,
    /// Of the period.
    pub facts: Facts,
    /// Of the period: still open though promised until before now, the clock not standing. As it is now, not as it was at
    /// the end of the period; none where a contact of the 2nd level is asked for.
    pub overdue: Option<i64>,
    /// Share of the answered and the overdue that were in time, in whole per cent, rounded down: how well the promise was
    /// kept.
    pub kept_percent: Option<i64>,
    /// Of the period before.
    pub facts_before: Facts,
    /// The line: every step of the period in order, without gaps.
    pub line: Vec<Point>,
    /// Told apart; most received first.
    pub tables: Vec<Table>,
}

/// Figures, all of requests that came in on these days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Facts {
    /// Came in; those that go on in another one are not counted.
    pub received: i64,
    /// Are answered.
    pub answered: i64,
    /// Answered by the promised time.
    pub in_time: i64,
    /// Answered after it.
    pub late: i64,
    /// Share of the answered that were in time, in whole per cent, rounded down.
    pub in_time_percent: Option<i64>,
    /// Were handed to the 2nd level.
    pub escalated: i64,
    /// Were returned by the 2nd level.
    pub returned: i64,
    /// Were refused.
    pub rejected: i64,
    /// Neither answered nor refused yet.
    pub open: i64,
    /// From receipt until somebody took it or the 2nd level acknowledged it.
    pub acknowledge: Option<Times>,
    /// From receipt until the person was answered.
    pub answer: Option<Times>,
}

/// How long things took, in seconds of clock time; right to within 5 per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Times {
    /// Half took no longer.
    pub median_seconds: i64,
    /// Nine of ten took no longer.
    pub p90_seconds: i64,
}

/// A step of the line.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// Its first day within the period.
    pub from: NaiveDate,
    /// Its figures.
    pub facts: Facts,
}

/// Figures told apart.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Table {
    /// By what.
    pub by: Dimension,
    /// Most received first.
    pub parts: Vec<FiguresPart>,
    /// How many are left out of `parts`.
    pub more: usize,
    /// What these have together; without times.
    pub rest: Option<Facts>,
}

/// One row.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FiguresPart {
    /// A service's or contact's slug, a category's or channel's word, an ARS.
    pub value: String,
    /// The name people know, where it has one.
    pub name: Option<String>,
    /// Its figures.
    pub facts: Facts,
}

impl Facts {
    fn of(sums: &Sums) -> Self {
        let Counts { received, answered, in_time, late, escalated, returned, rejected } = sums.counts;
        Self {
            received,
            answered,
            in_time,
            late,
            in_time_percent: share(in_time, late),
            escalated,
            returned,
            rejected,
            open: received - answered - rejected,
            acknowledge: Times::of(&sums.acknowledge),
            answer: Times::of(&sums.answer),
        }
    }
}

/// In whole per cent, rounded down; nothing of nothing.
fn share(good: i64, bad: i64) -> Option<i64> {
    (good * 100).checked_div(good + bad)
}

/// What the kept sums cannot know: which open requests of the period are late by now.
fn overdue(conn: &mut Conn, reach: &Reach, asked: &Asked, now: Timestamp) -> Result<Option<i64>, AppError> {
    let Narrowed { region, service, category, origin, contact } = asked.narrowed.clone();
    if contact.is_some() {
        return Ok(None);
    }
    let Period { from, to, .. } = asked.period;
    let before = Timestamp::end_of_day_in_berlin(from.pred_opt().unwrap_or(from));
    let received = (before, Timestamp::end_of_day_in_berlin(to));
    let filter = Filter { ars: region, service, category, ..Filter::default() };
    counts::overdue(conn, filter, origin, reach, received, now).map(Some)
}

impl Times {
    fn of(all: &Histogram) -> Option<Self> {
        Some(Self { median_seconds: all.percentile(50)?, p90_seconds: all.percentile(90)? })
    }
}

/// By what it is told apart, in the order of the page.
const TABLES: [Dimension; 5] =
    [Dimension::Service, Dimension::Category, Dimension::Municipality, Dimension::Contact, Dimension::Origin];

/// The figures of what the caller reaches.
pub async fn figures(desk: &Desk, caller: &Caller, asked: Asked) -> Result<Figures, AppError> {
    let reach = caller.reach(Action::ReadFigures);
    let (directory, now) = (desk.directory.current(), desk.clock.now());
    desk.db.read_behind(move |conn| reckon(conn, &directory, &reach, &asked, now)).await
}

fn reckon(
    conn: &mut Conn,
    directory: &Snapshot,
    reach: &Reach,
    asked: &Asked,
    now: Timestamp,
) -> Result<Figures, AppError> {
    let overdue = overdue(conn, reach, asked, now)?;
    let source = &source(reach.clone(), asked.narrowed.clone());
    let (period, before) = (asked.period, asked.period.before());
    let days = line(conn, source, &period)?;
    let earlier = line(conn, source, &before)?;
    let most = if asked.is_whole { usize::MAX } else { SHOWN };
    let tables =
        TABLES.iter().map(|by| table(conn, directory, source, *by, &period, most)).collect::<Result<_, _>>()?;
    let facts = Facts::of(&together(days.values()));
    Ok(Figures {
        period,
        period_before: before,
        step: period.step(),
        overdue,
        kept_percent: share(facts.in_time, facts.late + overdue.unwrap_or(0)),
        facts,
        facts_before: Facts::of(&together(earlier.values())),
        line: points(&period, &days),
        tables,
    })
}

fn together<'a>(all: impl Iterator<Item = &'a Sums>) -> Sums {
    all.fold(Sums::default(), |mut sum, one| {
        sum.merge(one);
        sum
    })
}

fn points(period: &Period, days: &BTreeMap<i32, Sums>) -> Vec<Point> {
    let step = period.step();
    let mut steps: BTreeMap<NaiveDate, Sums> = BTreeMap::new();
    for day in period.from.iter_days().take_while(|day| *day <= period.to) {
        steps.entry(step.begin(day).max(period.from)).or_default();
    }
    for (day, sums) in days {
        steps.entry(step.begin(day_of(*day)).max(period.from)).or_default().merge(sums);
    }
    steps.into_iter().map(|(from, sums)| Point { from, facts: Facts::of(&sums) }).collect()
}

fn table(
    conn: &mut Conn,
    directory: &Snapshot,
    source: &Source,
    by: Dimension,
    period: &Period,
    most: usize,
) -> Result<Table, AppError> {
    let mut rows: Vec<(String, Counts)> = parts(conn, source, by, period)?.into_iter().collect();
    rows.retain(|(_, counts)| *counts != Counts::default());
    rows.sort_by(|a, b| b.1.received.cmp(&a.1.received).then_with(|| a.0.cmp(&b.0)));
    let others = rows.split_off(rows.len().min(most));
    let values: Vec<String> = rows.iter().map(|(value, _)| value.clone()).collect();
    let mut took = times(conn, source, by, &values, period)?;
    let mut names = names(conn, directory, by, &values)?;
    let part = |(value, counts): (String, Counts)| {
        let sums = Sums { counts, ..took.remove(&value).unwrap_or_default() };
        FiguresPart { name: names.remove(&value), facts: Facts::of(&sums), value }
    };
    let parts = rows.into_iter().map(part).collect();
    let mut rest = Sums::default();
    others.iter().for_each(|(_, counts)| rest.counts.add(counts, 1));
    let rest = (!others.is_empty()).then(|| Facts::of(&rest));
    Ok(Table { by, parts, more: others.len(), rest })
}

fn names(
    conn: &mut Conn,
    directory: &Snapshot,
    by: Dimension,
    values: &[String],
) -> Result<HashMap<String, String>, AppError> {
    let named = |name: &dyn Fn(&str) -> Option<String>| {
        values.iter().filter_map(|value| Some((value.clone(), name(value)?))).collect()
    };
    Ok(match by {
        Dimension::All | Dimension::Category | Dimension::Origin => HashMap::new(),
        Dimension::Service => named(&|slug| Some(directory.service(slug)?.name.to_string())),
        Dimension::Municipality => named(&|ars| Some(directory.municipality(&ars.parse().ok()?)?.name.to_string())),
        Dimension::Contact => {
            let slugs: Vec<Slug> = values.iter().filter_map(|value| value.parse().ok()).collect();
            let mut names = HashMap::new();
            for some in slugs.chunks(400) {
                names.extend(contacts_of(conn, some)?.into_iter().map(|one| (one.slug.to_string(), one.name)));
            }
            names
        }
    })
}

/// Where the sums come from: the kept ones, where the reach is made of whole regions for which there are some.
fn source(reach: Reach, narrowed: Narrowed) -> Source {
    let is_narrowed = Narrowed { region: None, ..narrowed.clone() } != Narrowed::default();
    match whole_regions(&reach, narrowed.region.as_ref()).filter(|_| !is_narrowed) {
        Some(regions) => Source::Kept(regions.iter().map(ToString::to_string).collect()),
        None => Source::Single(Box::new(reach), narrowed),
    }
}

/// The regions that a reach comes to, none within another; `None` where it cuts finer or through what is kept.
fn whole_regions(reach: &Reach, asked: Option<&ArsPrefix>) -> Option<Vec<ArsPrefix>> {
    let mut wholes: Vec<ArsPrefix> = vec![asked.cloned().unwrap_or_else(ArsPrefix::everywhere)];
    for layer in reach.layers() {
        if layer.iter().any(|term| !term.except.is_empty() || !term.scope.is_whole_region()) {
            return None;
        }
        let scopes: Vec<&Scope> = layer.iter().map(|term| &term.scope).collect();
        let shared = |one: &ArsPrefix, scope: &Scope| match (one.contains(&scope.region), scope.region.contains(one)) {
            (true, _) => Some(scope.region.clone()),
            (_, true) => Some(one.clone()),
            _ => None,
        };
        wholes = wholes.iter().flat_map(|one| scopes.iter().filter_map(|scope| shared(one, scope))).collect();
    }
    wholes.sort_by_key(|region| region.as_str().len());
    let mut outer: Vec<ArsPrefix> = Vec::new();
    for region in wholes {
        if !outer.iter().any(|larger| larger.contains(&region)) {
            outer.push(region);
        }
    }
    outer.iter().all(|region| matches!(region.as_str().len(), 0 | 2 | 12)).then_some(outer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Grant, Role};

    fn grant(region: &str, service: Option<&str>) -> Grant {
        let service = service.map(|service| service.parse().unwrap());
        let scope = Scope { service, ..Scope::region(region.parse().unwrap()) };
        Grant { role: Role::Central, scope, contact: None }
    }

    #[track_caller]
    fn check(grants: &[Grant], asked: Option<&str>, expected: Option<&[&str]>) {
        let reach = Reach::of(grants, Action::ReadFigures);
        let asked = asked.map(|region| region.parse().unwrap());
        let found = whole_regions(&reach, asked.as_ref());
        let found = found.as_ref().map(|all| all.iter().map(ArsPrefix::as_str).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expected, "{grants:?} {asked:?}");
    }

    #[test]
    fn kept_sums_serve_where_regions_are_whole() {
        check(&[grant("", None)], None, Some(&[""]));
        check(&[grant("", None)], Some("01"), Some(&["01"]));
        check(&[grant("", None)], Some("01002"), None);
        check(&[grant("01", None)], Some("02"), Some(&[]));
        check(&[grant("01", None), grant("010020000000", None), grant("02", None)], None, Some(&["01", "02"]));
        check(&[grant("01", None)], Some("010020000000"), Some(&["010020000000"]));
        check(&[grant("010020000000", None)], Some("01"), Some(&["010020000000"]));
        check(&[grant("01", Some("ummeldung"))], None, None);
        let auditor = Grant { role: Role::Agent, ..grant("010020000000", None) };
        check(&[grant("01", None), auditor], None, None);
    }
}
