//! The list of tickets: filters, scope, order and page in one query.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::{TicketRow, found};
use crate::access::{Reach, within_reach};
use crate::clock::Timestamp;
use crate::db::schema::{adoptions, ticket_numbers, tickets};
use crate::db::types::DbUuid;
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::ids::{CallerId, TicketId};
use crate::keys::{Ars, ArsPrefix, Slug};
use crate::tickets::browse::{Filter, Order, Place};
use crate::tickets::status::{TicketStatus, is_open};
use crate::tickets::ticket::{Channel, Ticket};

type Condition = Box<dyn BoxableExpression<tickets::table, MultiBackend, SqlType = Bool>>;

/// In words that are the same in the index `tickets_open`, without parameters: only so it is used.
const OPEN: &str = "tickets.status NOT IN ('answered', 'closed', 'rejected', 'merged')";
/// Likewise for the indexes `tickets_ended` and `tickets_ended_place`.
const ENDED: &str = "tickets.status IN ('answered', 'closed', 'rejected', 'merged')";
/// Likewise the first column of the index of what is open.
const PAUSED: &str = "(tickets.paused_at IS NOT NULL)";
/// Its opposite, as a value of that column: `NOT` would leave the index aside.
const RUNNING: &str = "(tickets.paused_at IS NOT NULL) = FALSE";
/// Of what is open, place and claim are looked at in that index as well. By their own indexes, which SQLite would rather
/// take, all that ever was in a region or in one's hands would be read; so they are not named as bare columns.
const OPEN_PLACE: &str = "(tickets.ars || '')";
const OPEN_STATUS: &str = "(tickets.status || '')";
const OPEN_CLAIM: &str = "COALESCE(tickets.claimed_by, NULL) = ";

/// The texts of so many open tickets are read at most to count those that have the words.
const MOST_READ: i64 = 1000;

fn truth(sql: &str) -> diesel::expression::SqlLiteral<Bool> {
    diesel::dsl::sql::<Bool>(sql)
}

/// What a page of the list is asked for with.
pub(in crate::tickets) struct Wanted<'a> {
    /// Narrowed to this.
    pub filter: &'a Filter,
    /// Within this.
    pub reach: &'a Reach,
    /// In this order.
    pub order: Order,
    /// From this place, which itself is left out.
    pub from: Option<Place>,
    /// Backwards: the list comes in reverse.
    pub is_back: bool,
    /// At most this many.
    pub most: i64,
}

/// One page; ties are broken by id.
pub(in crate::tickets) fn list(conn: &mut Conn, wanted: &Wanted) -> Result<Vec<Ticket>, AppError> {
    let few = few(conn, wanted.filter)?;
    if few.is_none()
        && !wanted.filter.words.is_empty()
        && let Some(page) = found::walk(conn, wanted)?
    {
        return Ok(page);
    }
    in_order(conn, wanted, few).load::<TicketRow>(conn)?.into_iter().map(TicketRow::ticket).collect()
}

/// What is wanted, in its order; `few` are those that have the words, where that is known.
pub(super) fn in_order(
    conn: &Conn,
    wanted: &Wanted,
    few: Option<Vec<TicketId>>,
) -> tickets::BoxedQuery<'static, MultiBackend> {
    // Few requests are read by their ids; the newest of what has ended have indexes of their own.
    let has_index = few.is_none() && wanted.order == Order::Newest && wanted.filter.is_ended();
    let mut query = narrowed_to(conditions(conn, wanted.filter, wanted.reach, few)).limit(wanted.most);
    if has_index {
        query = query.filter(truth(ENDED));
    }
    if let Some(from) = wanted.from {
        query = query.filter(beyond(wanted.order, from, wanted.is_back));
    }
    match (wanted.order, wanted.is_back) {
        (Order::Due, false) => query.order((tickets::respond_by, tickets::id)),
        (Order::Due, true) => query.order((tickets::respond_by.desc(), tickets::id.desc())),
        (Order::Work, false) => query.order((truth(PAUSED), tickets::respond_by, tickets::id)),
        (Order::Work, true) => query.order((truth(PAUSED).desc(), tickets::respond_by.desc(), tickets::id.desc())),
        (Order::Newest, false) => query.order(tickets::id.desc()),
        (Order::Newest, true) => query.order(tickets::id.asc()),
    }
}

/// The requests that have the words, where there are words and the requests are few.
fn few(conn: &mut Conn, filter: &Filter) -> Result<Option<Vec<TicketId>>, AppError> {
    match &filter.looked_up {
        _ if filter.words.is_empty() => Ok(None),
        Some(known) => Ok(known.clone()),
        None => found::few(conn, &filter.words),
    }
}

/// What stands after this place in the order, or before it.
fn beyond(order: Order, from: Place, is_back: bool) -> Condition {
    let Place { is_paused, due, id } = from;
    // The first condition alone is a range of the index; the second passes over what had the same time.
    let later: Condition = match is_back {
        false => Box::new(tickets::respond_by.ge(due).and(tickets::respond_by.gt(due).or(tickets::id.gt(id)))),
        true => Box::new(tickets::respond_by.le(due).and(tickets::respond_by.lt(due).or(tickets::id.lt(id)))),
    };
    match (order, is_back) {
        (Order::Due, _) => later,
        (Order::Newest, false) => Box::new(tickets::id.lt(id)),
        (Order::Newest, true) => Box::new(tickets::id.gt(id)),
        (Order::Work, _) => {
            let same: Condition = match is_paused {
                true => Box::new(truth(PAUSED).and(later)),
                false => Box::new(diesel::dsl::not(truth(PAUSED)).and(later)),
            };
            // Those whose clock stands come after all others.
            match (is_paused, is_back) {
                (true, true) => Box::new(same.or(diesel::dsl::not(truth(PAUSED)))),
                (false, false) => Box::new(same.or(truth(PAUSED))),
                _ => same,
            }
        }
    }
}

/// What a list is narrowed to, with the reach of whoever asks; `few` are those that have the words, where that is known.
fn conditions(conn: &Conn, filter: &Filter, reach: &Reach, few: Option<Vec<TicketId>>) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    // Where few are known, no other index is to be taken than that of their ids.
    let is_led = filter.is_open || few.is_some();
    let place = || diesel::dsl::sql::<Text>(if is_led { OPEN_PLACE } else { "tickets.ars" });
    if filter.is_open {
        all.push(Box::new(truth(OPEN)));
    }
    all.extend(within_reach!(reach, tickets[ars => place(), service, channel]));
    all.extend(filter.ars.as_ref().map(|region| within(place(), region)));
    match filter.status.as_slice() {
        [] => {}
        some if few.is_some() => {
            all.push(Box::new(diesel::dsl::sql::<Text>(OPEN_STATUS).eq_any(some.to_vec())));
        }
        // With one state `tickets_ended`, which begins with it, has the order of the list.
        [one] if filter.is_ended() => all.push(Box::new(tickets::status.eq(*one))),
        some => all.push(Box::new(tickets::status.eq_any(some.to_vec()))),
    }
    if let Some(service) = &filter.service {
        all.push(Box::new(tickets::service.eq(service.clone())));
    }
    if let Some(category) = filter.category {
        all.push(Box::new(tickets::category.eq(category)));
    }
    if let Some(wish) = filter.wish {
        all.push(Box::new(tickets::reply_wish.eq(wish)));
    }
    if filter.is_unclaimed {
        all.push(Box::new(tickets::claimed_by.is_null()));
    }
    if let Some(claimed_by) = filter.claimed_by {
        let column = if is_led { OPEN_CLAIM } else { "tickets.claimed_by = " };
        let own = diesel::dsl::sql::<Bool>(column).bind::<DbUuid, _>(claimed_by);
        all.push(Box::new(own));
    }
    if let Some(now) = filter.late_at {
        all.push(Box::new(tickets::respond_by.lt(now).and(truth(RUNNING))));
    }
    if let Some(number) = &filter.number {
        let numbered = ticket_numbers::table.filter(ticket_numbers::number.eq(number.as_str().to_owned()));
        all.push(Box::new(tickets::id.eq_any(numbered.select(ticket_numbers::ticket_id))));
    }
    match few {
        Some(few) => all.push(Box::new(tickets::id.eq_any(few))),
        None if !filter.words.is_empty() => all.push(matches(conn, &filter.words)),
        None => {}
    }
    all
}

/// Of open tickets, narrowed to this: state, who has it, until when; without an order. At most `most` are looked at;
/// false where there may be more.
pub(in crate::tickets) fn open_work(
    conn: &mut Conn,
    filter: &Filter,
    reach: &Reach,
    most: usize,
) -> Result<(Vec<Work>, bool), AppError> {
    let few = few(conn, filter)?;
    if few.is_none() && !filter.words.is_empty() {
        return read_work(conn, filter, reach);
    }
    let narrowed = Filter { is_open: true, ..filter.clone() };
    let limit = i64::try_from(most + 1).map_err(AppError::internal)?;
    let narrowed = narrowed_to(conditions(conn, &narrowed, reach, few)).limit(limit);
    let mut rows: Vec<Work> = narrowed.select(WORK).load(conn)?;
    let is_complete = rows.len() <= most;
    rows.truncate(most);
    Ok((rows, is_complete))
}

/// The same for words that many have: what is open is read for them.
fn read_work(conn: &mut Conn, filter: &Filter, reach: &Reach) -> Result<(Vec<Work>, bool), AppError> {
    let plain = Filter { is_open: true, words: Vec::new(), ..filter.clone() };
    let open = |conn: &Conn| narrowed_to(conditions(conn, &plain, reach, None));
    let rows = open(conn).limit(MOST_READ).select((WORK, found::has_all(conn, &filter.words)));
    let read = found::Found { rows, columns: "status, claimed_by, respond_by, has", most: MOST_READ };
    let read: Vec<(Work, Option<bool>)> = read.load(conn)?;
    let more = open(conn).limit(1).offset(MOST_READ).select(tickets::id);
    let is_complete = more.first::<TicketId>(conn).optional()?.is_none();
    Ok((read.into_iter().map(|(work, _)| work).collect(), is_complete))
}

/// How many there are, narrowed to this and to what came in by one way after a time, until another.
pub(in crate::tickets) fn number_received(
    conn: &mut Conn,
    filter: &Filter,
    channel: Option<Channel>,
    reach: &Reach,
    (after, until): (Timestamp, Timestamp),
) -> Result<i64, AppError> {
    let mut query = narrowed_to(conditions(conn, filter, reach, None));
    query = query.filter(tickets::created_at.gt(after)).filter(tickets::created_at.le(until));
    if let Some(channel) = channel {
        query = query.filter(tickets::channel.eq(channel));
    }
    Ok(query.select(diesel::dsl::count_star()).first(conn)?)
}

/// State, who has it, until when.
pub(in crate::tickets) type Work = (TicketStatus, Option<CallerId>, Timestamp);

const WORK: (tickets::status, tickets::claimed_by, tickets::respond_by) =
    (tickets::status, tickets::claimed_by, tickets::respond_by);

fn narrowed_to(conditions: Vec<Condition>) -> tickets::BoxedQuery<'static, MultiBackend> {
    let all = tickets::table.into_boxed::<MultiBackend>();
    conditions.into_iter().fold(all, |query, condition| query.filter(condition))
}

/// A place is no range: only what is equal leaves the order to the index.
fn within(place: diesel::expression::SqlLiteral<Text>, region: &ArsPrefix) -> Condition {
    match region.keys() {
        (first, last) if first == last => Box::new(place.eq(first)),
        (first, last) => Box::new(place.between(first, last)),
    }
}

fn matches(conn: &Conn, words: &[String]) -> Condition {
    let (before, after) = found::matching(conn).split_once("$1").unwrap_or_default();
    let found = diesel::dsl::sql::<Bool>(&format!("tickets.id IN (SELECT ticket_id {before}"));
    Box::new(found.bind::<Text, _>(found::query(conn, words)).sql(&format!("{after})")))
}

/// Where open tickets lie for which no adoption answers, by service and municipality.
pub(in crate::tickets) fn places_without_adoption(
    conn: &mut Conn,
    reach: &Reach,
    region: Option<&ArsPrefix>,
) -> Result<Vec<(Slug, Ars)>, AppError> {
    let open: Vec<TicketStatus> = TicketStatus::ALL.iter().copied().filter(|status| is_open(*status)).collect();
    let adopted = adoptions::table
        .filter(adoptions::service.eq(tickets::service))
        .filter(adoptions::ars.eq(tickets::ars))
        .filter(adoptions::ended_at.is_null());
    let mut places = tickets::table
        .filter(tickets::status.eq_any(open))
        .filter(diesel::dsl::not(diesel::dsl::exists(adopted)))
        .select((tickets::service, tickets::ars))
        .distinct()
        .order((tickets::service, tickets::ars))
        .into_boxed::<MultiBackend>();
    if let Some(region) = region {
        places = places.filter(within(diesel::dsl::sql("tickets.ars"), region));
    }
    if let Some(scope) = within_reach!(reach, tickets[ars, service, channel]) {
        places = places.filter(scope);
    }
    Ok(places.load(conn)?)
}
