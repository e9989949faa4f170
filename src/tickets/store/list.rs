//! The list of tickets: filters, scope, order and page in one query.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::TicketRow;
use crate::access::{Reach, within_reach};
use crate::clock::Timestamp;
use crate::db::schema::{adoptions, ticket_numbers, tickets};
use crate::db::{Conn, MultiBackend};
use crate::error::AppError;
use crate::ids::TicketId;
use crate::keys::{Ars, ArsPrefix, Slug};
use crate::tickets::browse::Filter;
use crate::tickets::status::{TicketStatus, is_open};
use crate::tickets::ticket::Ticket;

type Condition = Box<dyn BoxableExpression<tickets::table, MultiBackend, SqlType = Bool>>;

/// One page: due first, ties by id.
pub(in crate::tickets) fn list(
    conn: &mut Conn,
    filter: &Filter,
    reach: &Reach,
    after: Option<(Timestamp, TicketId)>,
    limit: i64,
) -> Result<Vec<Ticket>, AppError> {
    let mut query = tickets::table.order((tickets::respond_by, tickets::id)).limit(limit).into_boxed::<MultiBackend>();
    if let Some(scope) = within_reach!(reach, tickets[ars, service, channel]) {
        query = query.filter(scope);
    }
    if let Some(region) = &filter.ars {
        query = query.filter(within(region));
    }
    if !filter.status.is_empty() {
        query = query.filter(tickets::status.eq_any(filter.status.clone()));
    }
    if let Some(service) = &filter.service {
        query = query.filter(tickets::service.eq(service.clone()));
    }
    if let Some(category) = filter.category {
        query = query.filter(tickets::category.eq(category));
    }
    if let Some(claimed_by) = filter.claimed_by {
        query = query.filter(tickets::claimed_by.eq(claimed_by));
    }
    if let Some(number) = &filter.number {
        let numbered = ticket_numbers::table.filter(ticket_numbers::number.eq(number.as_str().to_owned()));
        query = query.filter(tickets::id.eq_any(numbered.select(ticket_numbers::ticket_id)));
    }
    if !filter.words.is_empty() {
        query = query.filter(matches(conn, &filter.words));
    }
    if let Some((due, id)) = after {
        // The first condition alone is a range of the index; the second passes over what had the same time.
        query = query.filter(tickets::respond_by.ge(due));
        query = query.filter(tickets::respond_by.gt(due).or(tickets::id.gt(id)));
    }
    query.load::<TicketRow>(conn)?.into_iter().map(TicketRow::ticket).collect()
}

/// ARS are twelve digits, so a region is a range that any collation orders alike.
fn within(region: &ArsPrefix) -> Condition {
    let (first, last) = (format!("{:0<12}", region.as_str()), format!("{:9<12}", region.as_str()));
    let ars = diesel::dsl::sql::<Text>("tickets.ars");
    Box::new(ars.between(first, last))
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
        places = places.filter(within(region));
    }
    if let Some(scope) = within_reach!(reach, tickets[ars, service, channel]) {
        places = places.filter(scope);
    }
    Ok(places.load(conn)?)
}
