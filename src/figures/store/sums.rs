//! Sums of a period: of the kept ones where they fit what is asked, else of the contributions.
//!
//! Invariant: both ways give the same. What is kept needs a row for each month and value of a period (and for its odd
//! days); contributions are read by an index over municipality, service or contact and day.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::{count_star, sum};
use diesel::prelude::*;

use super::{Counts, Dimension, Span, SumRow, Sums, d, histogram, t};
use crate::access::{Reach, within_reach};
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::figures::fold::number_of;
use crate::figures::period::Period;
use crate::keys::{ArsPrefix, Slug};
use crate::tickets::ticket::{Category, Channel};

/// Of which requests.
#[derive(Debug, Clone)]
pub enum Source {
    /// Of all in these regions, none of which lies in another: everywhere, Länder or municipalities.
    Kept(Vec<String>),
    /// Of all within a reach that are narrowed further.
    Single(Box<Reach>, Narrowed),
}

/// What the requests have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Where.
    pub region: Option<ArsPrefix>,
    /// The online service.
    pub service: Option<Slug>,
    /// What about.
    pub category: Option<Category>,
    /// How they came in.
    pub origin: Option<Channel>,
    /// The first contact of the 2nd level that was asked.
    pub contact: Option<Slug>,
}

type Sum = Option<i64>;
type Six = (Sum, Sum, Sum, Sum, Sum, Sum);

fn counts(received: i64, rest: Six) -> Counts {
    let (answered, in_time, late, escalated, returned, rejected) = rest;
    let zero = Option::unwrap_or_default;
    Counts {
        received,
        answered: zero(answered),
        in_time: zero(in_time),
        late: zero(late),
        escalated: zero(escalated),
        returned: zero(returned),
        rejected: zero(rejected),
    }
}

/// Narrows a boxed query of contributions to a reach, what they have in common, and a period.
macro_rules! narrowed {
    ($query:expr, $reach:expr, $narrowed:expr, $period:expr) => {{
        let (narrowed, period): (&Narrowed, &Period) = ($narrowed, $period);
        let mut query = $query.into_boxed::<MultiBackend>();
        query = query.filter(t::day.between(number_of(period.from), number_of(period.to)));
        if let Some(scope) = within_reach!($reach, t[ars, service, origin]) {
            query = query.filter(scope);
        }
        if let Some(region) = &narrowed.region {
            let (first, last) = region.keys();
            query = query.filter(t::ars.between(first, last));
        }
        if let Some(service) = &narrowed.service {
            query = query.filter(t::service.eq(service.clone()));
        }
        if let Some(category) = narrowed.category {
            query = query.filter(t::category.eq(category));
        }
        if let Some(origin) = narrowed.origin {
            query = query.filter(t::origin.eq(origin));
        }
        if let Some(contact) = &narrowed.contact {
            query = query.filter(t::contact.eq(contact.clone()));
        }
        query
    }};
}

/// The six sums of contributions.
macro_rules! six {
    () => {
        (sum(t::answered), sum(t::in_time), sum(t::late), sum(t::escalated), sum(t::returned), sum(t::rejected))
    };
}

/// The same expression for each column that contributions are told apart by; a value is `$value`, and `$some` makes it
/// one that may be missing.
macro_rules! by_dimension {
    (@with $column:ident = $named:expr, $value:ident = $type:ty, $some:ident = $as:expr, $body:expr) => {{
        type $value = $type;
        let ($column, $some) = ($named, $as);
        $body
    }};
    ($dimension:expr, |$column:ident, $value:ident, $some:ident| $body:expr) => {
        match $dimension {
            // By nothing there is the line.
            Dimension::All => Vec::new(),
            Dimension::Service => by_dimension!(@with $column = t::service, $value = String, $some = Some, $body),
            Dimension::Category => by_dimension!(@with $column = t::category, $value = String, $some = Some, $body),
            Dimension::Origin => by_dimension!(@with $column = t::origin, $value = String, $some = Some, $body),
            Dimension::Contact => {
                by_dimension!(@with $column = t::contact, $value = Option<String>, $some = |contact| contact, $body)
            }
            Dimension::Municipality => by_dimension!(@with $column = t::ars, $value = String, $some = Some, $body),
        }
    };
}

/// Day by day.
pub fn line(conn: &mut Conn, source: &Source, period: &Period) -> Result<BTreeMap<i32, Sums>, AppError> {
    let mut days = BTreeMap::<i32, Sums>::new();
    match source {
        Source::Kept(regions) => {
            let own = d::table.filter(d::region.eq_any(regions)).filter(d::dimension.eq(Dimension::All));
            let days_of = own.filter(d::span.eq(Span::Day));
            let rows = days_of.filter(d::day.between(number_of(period.from), number_of(period.to)));
            for row in rows.select(SumRow::as_select()).load::<SumRow>(conn)? {
                days.entry(row.day).or_default().merge(&row.sums()?);
            }
        }
        Source::Single(reach, narrowed) => {
            let all = t::table.group_by(t::day).select((t::day, count_star(), six!()));
            let rows = narrowed!(all, reach, narrowed, period).load::<(i32, i64, Six)>(conn)?;
            for (day, received, rest) in rows {
                days.entry(day).or_default().counts.add(&counts(received, rest), 1);
            }
            let taken = t::table.group_by((t::day, t::acknowledge)).select((t::day, t::acknowledge, count_star()));
            for (day, bucket, count) in
                narrowed!(taken, reach, narrowed, period).load::<(i32, Option<i32>, i64)>(conn)?
            {
                bucket.into_iter().for_each(|bucket| days.entry(day).or_default().acknowledge.add(bucket, count));
            }
            let answered = t::table.group_by((t::day, t::answer)).select((t::day, t::answer, count_star()));
            for (day, bucket, count) in
                narrowed!(answered, reach, narrowed, period).load::<(i32, Option<i32>, i64)>(conn)?
            {
                bucket.into_iter().for_each(|bucket| days.entry(day).or_default().answer.add(bucket, count));
            }
        }
    }
    Ok(days)
}

/// How many, told apart.
pub fn parts(
    conn: &mut Conn,
    source: &Source,
    dimension: Dimension,
    period: &Period,
) -> Result<HashMap<String, Counts>, AppError> {
    let mut found = HashMap::<String, Counts>::new();
    let mut add = |value: String, more: Counts| found.entry(value).or_default().add(&more, 1);
    match source {
        Source::Kept(regions) => {
            let (places, wholes) = split(regions, dimension);
            for (span, first, last) in period.spans() {
                let own = d::table.filter(d::span.eq(span)).filter(d::day.between(first, last));
                let six = (
                    sum(d::answered),
                    sum(d::in_time),
                    sum(d::late),
                    sum(d::escalated),
                    sum(d::returned),
                    sum(d::rejected),
                );
                let rows = own.filter(d::region.eq_any(&wholes)).filter(d::dimension.eq(dimension));
                let rows = rows.group_by(d::value).select((d::value, sum(d::received), six));
                for (value, received, rest) in rows.load::<(String, Sum, Six)>(conn)? {
                    add(value, counts(received.unwrap_or_default(), rest));
                }
                let rows = own.filter(d::region.eq_any(&places)).filter(d::dimension.eq(Dimension::All));
                let rows = rows.group_by(d::region).select((d::region, sum(d::received), six));
                for (value, received, rest) in rows.load::<(String, Sum, Six)>(conn)? {
                    add(value, counts(received.unwrap_or_default(), rest));
                }
            }
        }
        Source::Single(reach, narrowed) => {
            let rows: Vec<(Option<String>, i64, Six)> = by_dimension!(dimension, |column, Value, some| {
                let all = t::table.group_by(column).select((column, count_star(), six!()));
                let rows: Vec<(Value, i64, Six)> = narrowed!(all, reach, narrowed, period).load(conn)?;
                rows.into_iter().map(|(value, count, rest)| (some(value), count, rest)).collect()
            });
            for (value, received, rest) in rows {
                value.into_iter().for_each(|value| add(value, counts(received, rest)));
            }
        }
    }
    Ok(found)
}

/// How long it took with each of these values: until somebody took it, and until the person was answered. The counts
/// stay empty.
pub fn times(
    conn: &mut Conn,
    source: &Source,
    dimension: Dimension,
    values: &[String],
    period: &Period,
) -> Result<HashMap<String, Sums>, AppError> {
    let mut found = HashMap::<String, Sums>::new();
    match source {
        Source::Kept(regions) => {
            // A municipality's own rows are the shorter way, where it is not one of all.
            let (mut places, wholes) = split(regions, dimension);
            let is_by_place = dimension == Dimension::Municipality;
            if is_by_place {
                places = values.to_vec();
            }
            for (span, first, last) in period.spans() {
                let own = d::table.filter(d::span.eq(span)).filter(d::day.between(first, last));
                for some in values.chunks(400) {
                    let rows: Vec<(String, String, String)> = match is_by_place {
                        true => own
                            .filter(d::region.eq_any(places.iter().filter(|place| some.contains(place))))
                            .filter(d::dimension.eq(Dimension::All))
                            .select((d::region, d::acknowledge, d::answer))
                            .load(conn)?,
                        false => own
                            .filter(d::region.eq_any(&wholes))
                            .filter(d::dimension.eq(dimension))
                            .filter(d::value.eq_any(some))
                            .select((d::value, d::acknowledge, d::answer))
                            .load(conn)?,
                    };
                    for (value, acknowledge, answer) in rows {
                        let sums = found.entry(value).or_default();
                        sums.acknowledge.merge(&histogram(&acknowledge)?);
                        sums.answer.merge(&histogram(&answer)?);
                    }
                }
            }
        }
        Source::Single(reach, narrowed) => {
            let rows: Vec<(Option<String>, Option<i32>, i64)> = by_dimension!(dimension, |column, Value, some| {
                let all = t::table.group_by((column, t::acknowledge)).select((column, t::acknowledge, count_star()));
                let rows: Vec<(Value, Option<i32>, i64)> = narrowed!(all, reach, narrowed, period).load(conn)?;
                rows.into_iter().map(|(value, bucket, count)| (some(value), bucket, count)).collect()
            });
            for (value, bucket, count) in rows {
                if let (Some(value), Some(bucket)) = (value, bucket) {
                    found.entry(value).or_default().acknowledge.add(bucket, count);
                }
            }
            let rows: Vec<(Option<String>, Option<i32>, i64)> = by_dimension!(dimension, |column, Value, some| {
                let all = t::table.group_by((column, t::answer)).select((column, t::answer, count_star()));
                let rows: Vec<(Value, Option<i32>, i64)> = narrowed!(all, reach, narrowed, period).load(conn)?;
                rows.into_iter().map(|(value, bucket, count)| (some(value), bucket, count)).collect()
            });
            for (value, bucket, count) in rows {
                if let (Some(value), Some(bucket)) = (value, bucket) {
                    found.entry(value).or_default().answer.add(bucket, count);
                }
            }
        }
    }
    Ok(found)
}

/// Municipalities that stand for themselves where it is told apart by municipality, and the regions that hold others.
fn split(regions: &[String], dimension: Dimension) -> (Vec<String>, Vec<String>) {
    let is_one = |region: &String| dimension == Dimension::Municipality && region.len() == 12;
    regions.iter().cloned().partition(is_one)
}
