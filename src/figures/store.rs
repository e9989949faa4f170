//! The tables of figures: writing contributions and sums, and how far the histories were read.
//!
//! Not here: asking for sums (`store/sums.rs`).

pub mod sums;

use std::collections::HashMap;

use diesel::prelude::*;

use super::fold::{Changes, Contribution, Counts, Dimension, Key, Span, Sums};
use super::histogram::Histogram;
use crate::db::Conn;
use crate::db::dialect::load_locked;
use crate::db::schema::{daily_figures as d, figures_cursor as c, ticket_figures as t};
use crate::error::AppError;
use crate::ids::{HistoryId, TicketId};
use crate::keys::{Ars, LANDS, Slug};
use crate::tickets::ticket::{Category, Channel};

#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = t)]
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

/// A sum without its key.
#[derive(Debug, Clone, Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = d)]
struct SumRow {
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
    fn of(sums: &Sums) -> Result<Self, AppError> {
        Ok(Self {
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

/// A ticket contributes this from now on.
pub(super) fn replace(conn: &mut Conn, id: TicketId, now: Option<&Contribution>) -> Result<(), AppError> {
    diesel::delete(t::table.find(id)).execute(conn)?;
    if let Some(now) = now {
        diesel::insert_into(t::table).values(TicketRow::of(id, now)?).execute(conn)?;
    }
    Ok(())
}

/// Changes the sums, always in the same order.
pub(super) fn apply(conn: &mut Conn, changes: Changes) -> Result<(), AppError> {
    let mut changes: Vec<(Key, Sums)> = changes.0.into_iter().filter(|(_, sums)| !sums.is_nothing()).collect();
    changes.sort_by(|a, b| a.0.cmp(&b.0));
    for (key, change) in changes {
        let place = d::table.find((key.region.clone(), key.dimension, key.span, key.day, key.value.clone()));
        let Some(row) = place.clone().select(SumRow::as_select()).first(conn).optional()? else {
            let Key { region, dimension, span, day, value } = key;
            let key = (
                d::region.eq(region),
                d::dimension.eq(dimension),
                d::span.eq(span),
                d::day.eq(day),
                d::value.eq(value),
            );
            diesel::insert_into(d::table).values((key, SumRow::of(&change)?)).execute(conn)?;
            continue;
        };
        let mut sums = row.sums()?;
        sums.merge(&change);
        match sums.is_nothing() {
            true => diesel::delete(place).execute(conn)?,
            false => diesel::update(place).set(SumRow::of(&sums)?).execute(conn)?,
        };
    }
    Ok(())
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
    let columns = (d::region, d::dimension, d::span, d::day, d::value);
    let rows = its.select((columns, SumRow::as_select())).load(conn)?;
    let key = |((region, dimension, span, day, value), row): (_, SumRow)| {
        Ok((Key { region, dimension, span, day, value }, row.sums()?))
    };
    rows.into_iter().map(key).collect()
}
