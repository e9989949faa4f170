//! The list of tickets: filters, scope, order and page in one query.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::TicketRow;
use crate::access::{Reach, within_reach};
use crate::clock::Timestamp;
use crate::db::schema::{adoptions, ticket_numbers, tickets};
use crate::db::types::DbUuid;
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::ids::CallerId;
use crate::keys::{Ars, ArsPrefix, Slug};
use crate::tickets::browse::{Filter, Order, Place};
use crate::tickets::status::{TicketStatus, is_open};
use crate::tickets::ticket::Ticket;

type Condition = Box<dyn BoxableExpression<tickets::table, MultiBackend, SqlType = Bool>>;

/// In words that are the same in the index `tickets_open`, without parameters: only so it is used.
const OPEN: &str = "tickets.status NOT IN ('answered', 'closed', 'rejected', 'merged')";
/// Likewise the first column of that index.
const PAUSED: &str = "(tickets.paused_at IS NOT NULL)";
/// Of what is open, place and claim are looked at in that index as well. By their own indexes, which SQLite would rather
/// take, all that ever was in a region or in one's hands would be read; so they are not named as bare columns.
const OPEN_PLACE: &str = "(tickets.ars || '')";
const OPEN_CLAIM: &str = "COALESCE(tickets.claimed_by, NULL) = ";

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
    let mut query = tickets::table.limit(wanted.most).into_boxed::<MultiBackend>();
    for condition in conditions(conn, wanted.filter, wanted.reach) {
        query = query.filter(condition);
    }
    if let Some(from) = wanted.from {
        query = query.filter(beyond(wanted.order, from, wanted.is_back));
    }
    query = match (wanted.order, wanted.is_back) {
        (Order::Due, false) => query.order((tickets::respond_by, tickets::id)),
        (Order::Due, true) => query.order((tickets::respond_by.desc(), tickets::id.desc())),
        (Order::Work, false) => query.order((truth(PAUSED), tickets::respond_by, tickets::id)),
        (Order::Work, true) => query.order((truth(PAUSED).desc(), tickets::respond_by.desc(), tickets::id.desc())),
        (Order::Newest, false) => query.order(tickets::id.desc()),
        (Order::Newest, true) => query.order(tickets::id.asc()),
    };
    query.load::<TicketRow>(conn)?.into_iter().map(TicketRow::ticket).collect()
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

/// What a list is narrowed to, with the reach of whoever asks.
fn conditions(conn: &Conn, filter: &Filter, reach: &Reach) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    let place = || diesel::dsl::sql::<Text>(if filter.is_open { OPEN_PLACE } else { "tickets.ars" });
    if filter.is_open {
        all.push(Box::new(truth(OPEN)));
    }
    all.extend(within_reach!(reach, tickets[ars => place(), service, channel]));
    all.extend(filter.ars.as_ref().map(|region| within(place(), region)));
    if !filter.status.is_empty() {
        all.push(Box::new(tickets::status.eq_any(filter.status.clone())));
    }
    if let Some(service) = &filter.service {
        all.push(Box::new(tickets::service.eq(service.clone())));
    }
    if let Some(category) = filter.category {
        all.push(Box::new(tickets::category.eq(category)));
    }
    if filter.is_unclaimed {
        all.push(Box::new(tickets::claimed_by.is_null()));
    }
    if let Some(claimed_by) = filter.claimed_by {
        let column = if filter.is_open { OPEN_CLAIM } else { "tickets.claimed_by = " };
        let own = diesel::dsl::sql::<Bool>(column).bind::<DbUuid, _>(claimed_by);
        all.push(Box::new(own));
    }
    if let Some(now) = filter.late_at {
        all.push(Box::new(tickets::respond_by.lt(now).and(diesel::dsl::not(truth(PAUSED)))));
    }
    if let Some(number) = &filter.number {
        let numbered = ticket_numbers::table.filter(ticket_numbers::number.eq(number.as_str().to_owned()));
        all.push(Box::new(tickets::id.eq_any(numbered.select(ticket_numbers::ticket_id))));
    }
    if !filter.words.is_empty() {
        all.push(matches(conn, &filter.words));
    }
    all
}

/// Of open tickets, narrowed to this: state, who has it, until when; without an order, at most `most`.
pub(in crate::tickets) fn open_work(
    conn: &mut Conn,
    filter: &Filter,
    reach: &Reach,
    most: i64,
) -> Result<Vec<(TicketStatus, Option<CallerId>, Timestamp)>, AppError> {
    let filter = Filter { is_open: true, ..filter.clone() };
    let columns = (tickets::status, tickets::claimed_by, tickets::respond_by);
    let mut query = tickets::table.select(columns).limit(most).into_boxed::<MultiBackend>();
    for condition in conditions(conn, &filter, reach) {
        query = query.filter(condition);
    }
    Ok(query.load(conn)?)
}

/// ARS are twelve digits, so a region is a range that any collation orders alike.
fn within(place: diesel::expression::SqlLiteral<Text>, region: &ArsPrefix) -> Condition {
    let (first, last) = (format!("{:0<12}", region.as_str()), format!("{:9<12}", region.as_str()));
    Box::new(place.between(first, last))
}

fn matches(conn: &Conn, words: &[String]) -> Condition {
    let sql = |before| diesel::dsl::sql::<Bool>(before);
    match conn {
        Conn::Sqlite(_) => {
            let query = words.iter().map(|w| format!("\"{w}\"*")).collect::<Vec<_>>().join(" ");
            let before = "tickets.id IN (SELECT ticket_id FROM ticket_search WHERE ticket_search MATCH ";
            Box::new(sql(before).bind::<Text, _>(query).sql(")"))
        }
        Conn::Postgres(_) => {
            let query = words.iter().map(|w| format!("{w}:*")).collect::<Vec<_>>().join(" & ");
            let before = "tickets.id IN (SELECT ticket_id FROM ticket_search WHERE to_tsvector('simple', body) @@ to_tsquery('simple', ";
            Box::new(sql(before).bind::<Text, _>(query).sql("))"))
        }
    }
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
