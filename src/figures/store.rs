//! The tables of figures: writing contributions and sums, and how far the histories were read.
//!
//! Not here: asking for sums (`store/sums.rs`).

pub mod sums;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text};

use super::fold::{Changes, Contribution, Counts, Dimension, Key, Span, Sums};
use super::histogram::Histogram;
use crate::db::Conn;
use crate::db::dialect::{by_backend, load_locked, replace_columns};
use crate::db::schema::{daily_figures as d, figures_cursor as c, ticket_figures as t};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::keys::{Ars, LANDS, Slug};
use crate::tickets::ticket::{Category, Channel};

/// So many sums are read, then written, at a time: when they are written, SQLite still has the pages they were read
/// from, and no statement of PostgreSQL grows without bound.
const AT_ONCE: usize = 2_000;

#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = t, treat_none_as_default_value = false)]
struct TicketRow {
    ticket_id: TicketId,
    day: i32,
    ars: Ars,
    service: Slug,
    category: Category,
    origin: Channel,
    contact: Option<Slug>,
    answered: i32,
    in_time: i32,
    late: i32,
    escalated: i32,
    returned: i32,
    rejected: i32,
    acknowledge: Option<i32>,
    answer: Option<i32>,
}

impl TicketRow {
    fn of(ticket_id: TicketId, one: &Contribution) -> Result<Self, AppError> {
        let one = one.clone();
        Ok(Self {
            ticket_id,
            day: one.day,
            ars: one.ars,
            service: one.service,
            category: one.category,
            origin: one.origin,
            contact: one.contact,
            answered: narrow(one.counts.answered)?,
            in_time: narrow(one.counts.in_time)?,
            late: narrow(one.counts.late)?,
            escalated: narrow(one.counts.escalated)?,
            returned: narrow(one.counts.returned)?,
            rejected: narrow(one.counts.rejected)?,
            acknowledge: one.acknowledge,
            answer: one.answer,
        })
    }

    fn contribution(self) -> Contribution {
        Contribution {
            day: self.day,
            ars: self.ars,
            service: self.service,
            category: self.category,
            origin: self.origin,
            contact: self.contact,
            counts: Counts {
                received: 1,
                answered: self.answered.into(),
                in_time: self.in_time.into(),
                late: self.late.into(),
                escalated: self.escalated.into(),
                returned: self.returned.into(),
                rejected: self.rejected.into(),
            },
            acknowledge: self.acknowledge,
            answer: self.answer,
        }
    }
}

/// A sum with its key.
#[derive(Debug, Clone, Insertable, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = d)]
struct SumRow {
    region: String,
    dimension: Dimension,
    span: Span,
    day: i32,
    value: String,
    received: i32,
    answered: i32,
    in_time: i32,
    late: i32,
    escalated: i32,
    returned: i32,
    rejected: i32,
    acknowledge: String,
    answer: String,
}

impl SumRow {
    fn of(key: &Key, sums: &Sums) -> Result<Self, AppError> {
        let Key { region, dimension, span, day, value } = key.clone();
        Ok(Self {
            region,
            dimension,
            span,
            day,
            value,
            received: narrow(sums.counts.received)?,
            answered: narrow(sums.counts.answered)?,
            in_time: narrow(sums.counts.in_time)?,
            late: narrow(sums.counts.late)?,
            escalated: narrow(sums.counts.escalated)?,
            returned: narrow(sums.counts.returned)?,
            rejected: narrow(sums.counts.rejected)?,
            acknowledge: sums.acknowledge.to_text(),
            answer: sums.answer.to_text(),
        })
    }

    fn sums(&self) -> Result<Sums, AppError> {
        Ok(Sums {
            counts: Counts {
                received: self.received.into(),
                answered: self.answered.into(),
                in_time: self.in_time.into(),
                late: self.late.into(),
                escalated: self.escalated.into(),
                returned: self.returned.into(),
                rejected: self.rejected.into(),
            },
            acknowledge: histogram(&self.acknowledge)?,
            answer: histogram(&self.answer)?,
        })
    }

    fn with_key(self) -> Result<(Key, Sums), AppError> {
        let sums = self.sums()?;
        let Self { region, dimension, span, day, value, .. } = self;
        Ok((Key { region, dimension, span, day, value }, sums))
    }
}

/// Where the sum of a key is kept.
macro_rules! place {
    ($key:expr) => {
        d::table.find(($key.region.as_str(), $key.dimension, $key.span, $key.day, $key.value.as_str()))
    };
}

fn narrow(count: i64) -> Result<i32, AppError> {
    i32::try_from(count).map_err(AppError::internal)
}

fn histogram(text: &str) -> Result<Histogram, AppError> {
    Histogram::of_text(text).ok_or_else(|| AppError::internal(format!("no histogram: {text}")))
}

/// How far the histories were read; nobody else writes figures until the transaction ends.
pub(super) fn lock_cursor(conn: &mut Conn) -> Result<HistoryId, AppError> {
    let rows: Vec<(i32, HistoryId)> = load_locked!(conn, c::table.filter(c::id.eq(1)))?;
    let first = rows.into_iter().next().map(|(_, history)| history);
    first.ok_or_else(|| AppError::internal("figures_cursor has no row"))
}

/// How far the histories were read, to look at.
pub(super) fn cursor(conn: &mut Conn) -> Result<HistoryId, AppError> {
    Ok(c::table.filter(c::id.eq(1)).select(c::history).first(conn)?)
}

pub(super) fn set_cursor(conn: &mut Conn, history: HistoryId) -> Result<(), AppError> {
    diesel::update(c::table.filter(c::id.eq(1))).set(c::history.eq(history)).execute(conn)?;
    Ok(())
}

/// What these tickets contribute.
pub(super) fn contributions(conn: &mut Conn, ids: &[TicketId]) -> Result<HashMap<TicketId, Contribution>, AppError> {
    let rows: Vec<TicketRow> = t::table.filter(t::ticket_id.eq_any(ids)).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.ticket_id, row.contribution())).collect())
}

/// These tickets contribute this from now on.
pub(super) fn replace(conn: &mut Conn, replaced: &[(TicketId, Option<Contribution>)]) -> Result<(), AppError> {
    let gone: Vec<TicketId> = replaced.iter().filter(|(_, now)| now.is_none()).map(|(id, _)| *id).collect();
    if !gone.is_empty() {
        diesel::delete(t::table.filter(t::ticket_id.eq_any(gone))).execute(conn)?;
    }
    let rows = replaced.iter().filter_map(|(id, now)| now.as_ref().map(|now| TicketRow::of(*id, now)));
    let rows: Vec<TicketRow> = rows.collect::<Result<_, _>>()?;
    replace_columns!(
        conn,
        t key [ticket_id],
        [
            day, ars, service, category, origin, contact, answered, in_time, late, escalated, returned, rejected,
            acknowledge, answer,
        ],
        rows.iter().collect::<Vec<_>>()
    );
    Ok(())
}

/// Changes the sums, always in the same order, so that neighbours are written together. Whoever calls holds the cursor,
/// so that nobody changes what was read before it is written.
pub(super) fn apply(conn: &mut Conn, changes: Changes) -> Result<(), AppError> {
    let mut changes: Vec<(Key, Sums)> = changes.0.into_iter().filter(|(_, sums)| !sums.is_nothing()).collect();
    changes.sort_by(|a, b| a.0.cmp(&b.0));
    for some in changes.chunks(AT_ONCE) {
        let mut before = kept(conn, some)?;
        let mut rows = Vec::with_capacity(some.len());
        for (key, change) in some {
            let mut sums = before.remove(key).unwrap_or_default();
            sums.merge(change);
            if sums.is_nothing() {
                diesel::delete(place!(key)).execute(conn)?;
            } else {
                rows.push(SumRow::of(key, &sums)?);
            }
        }
        replace_columns!(
            conn,
            d key [region, dimension, span, day, value],
            [received, answered, in_time, late, escalated, returned, rejected, acknowledge, answer],
            rows.iter().collect::<Vec<_>>()
        );
    }
    Ok(())
}

/// The sums under these keys, of those that are kept.
fn kept(conn: &mut Conn, changes: &[(Key, Sums)]) -> Result<HashMap<Key, Sums>, AppError> {
    let keys = || changes.iter().map(|(key, _)| key);
    let rows: Vec<SumRow> = by_backend!(
        conn,
        |c| {
            // LIMIT makes it a look into the index for each key, whatever is known of the size of the table.
            diesel::sql_query(
                "SELECT f.* FROM unnest($1, $2, $3, $4, $5) AS k (region, dimension, span, day, value)
                 CROSS JOIN LATERAL (SELECT * FROM daily_figures AS d
                 WHERE d.region = k.region AND d.dimension = k.dimension AND d.span = k.span
                 AND d.day = k.day AND d.value = k.value LIMIT 1) AS f",
            )
            .bind::<Array<Text>, _>(keys().map(|key| key.region.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(keys().map(|key| key.dimension).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(keys().map(|key| key.span).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(keys().map(|key| key.day).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(keys().map(|key| key.value.as_str()).collect::<Vec<_>>())
            .load::<SumRow>(c)?
        },
        |c| {
            let mut rows = Vec::new();
            for key in keys() {
                rows.extend(place!(key).select(SumRow::as_select()).get_result::<SumRow>(c).optional()?);
            }
            rows
        }
    );
    rows.into_iter().map(SumRow::with_key).collect()
}

/// Forgets all.
pub(super) fn clear(conn: &mut Conn) -> Result<(), AppError> {
    diesel::delete(t::table).execute(conn)?;
    diesel::delete(d::table).execute(conn)?;
    Ok(())
}

/// The sums by month of everything and of each Land.
pub(super) fn months(conn: &mut Conn) -> Result<HashMap<Key, Sums>, AppError> {
    let lands = LANDS.iter().map(|(_, number, _)| (*number).to_owned());
    let regions: Vec<String> = lands.chain([String::new()]).collect();
    let its = d::table.filter(d::region.eq_any(regions)).filter(d::span.eq(Span::Month));
    let rows: Vec<SumRow> = its.select(SumRow::as_select()).load(conn)?;
    rows.into_iter().map(SumRow::with_key).collect()
}
