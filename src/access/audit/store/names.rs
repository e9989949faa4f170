//! What the things are called that entries of the log tell of, as they are called today.
//!
//! Invariant: one look-up a kind for all entries of a page; of requests only their number, never who asked.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use diesel::prelude::*;

use crate::access::audit::{Entry, ObjectKind};
use crate::clock::Timestamp;
use crate::db::schema::{adoptions, contacts, help_channels, public_notices, text_modules, tickets, tokens, users};
use crate::db::{Conn, Db};
use crate::error::AppError;
use crate::ids::{AdoptionId, ChannelId, NoticeId, TextModuleId, TicketId, TokenId, UserId};
use crate::keys::{Ars, Slug};

/// What a thing is called.
#[derive(Debug, Clone)]
pub struct Called {
    /// Its own name or number, where it has one.
    pub name: Option<String>,
    /// The service and the municipality it is about.
    pub place: Option<(Slug, Ars)>,
    /// Whether it is still there.
    pub is_there: bool,
}

/// The names of things, by kind and id.
pub type Names = HashMap<(ObjectKind, String), Called>;

/// What the things of these entries are called; nothing is said of what has no name of its own.
pub async fn names(db: &Db, entries: &[Entry]) -> Result<Names, AppError> {
    let mut kinds: HashMap<ObjectKind, Vec<String>> = HashMap::new();
    for entry in entries {
        kinds.entry(entry.object).or_default().push(entry.object_id.clone());
    }
    let look = move |conn: &mut Conn| {
        let mut names = Names::new();
        for (kind, ids) in &kinds {
            let found = of_kind(conn, *kind, ids)?;
            names.extend(found.into_iter().map(|(id, called)| ((*kind, id), called)));
        }
        Ok(names)
    };
    db.read_behind(look).await
}

fn of_kind(conn: &mut Conn, kind: ObjectKind, ids: &[String]) -> Result<Vec<(String, Called)>, AppError> {
    type Placed<I> = Vec<(I, Slug, Ars, Option<Timestamp>)>;
    Ok(match kind {
        ObjectKind::Ticket => {
            let its = tickets::table.filter(tickets::id.eq_any(known::<TicketId>(ids)));
            let rows: Vec<(TicketId, String)> = its.select((tickets::id, tickets::number)).load(conn)?;
            rows.into_iter().map(|(id, number)| named(id, number, true)).collect()
        }
        ObjectKind::User => {
            let its = users::table.filter(users::id.eq_any(known::<UserId>(ids)));
            let rows: Vec<(UserId, String)> = its.select((users::id, users::name)).load(conn)?;
            rows.into_iter().map(|(id, name)| named(id, name, true)).collect()
        }
        ObjectKind::Token => {
            let its = tokens::table.filter(tokens::id.eq_any(known::<TokenId>(ids)));
            let rows: Vec<(TokenId, String)> = its.select((tokens::id, tokens::name)).load(conn)?;
            rows.into_iter().map(|(id, name)| named(id, name, true)).collect()
        }
        ObjectKind::TextModule => {
            let its = text_modules::table.filter(text_modules::id.eq_any(known::<TextModuleId>(ids)));
            let rows: Vec<(TextModuleId, String)> = its.select((text_modules::id, text_modules::title)).load(conn)?;
            rows.into_iter().map(|(id, title)| named(id, title, true)).collect()
        }
        ObjectKind::Contact => {
            let its = contacts::table.filter(contacts::slug.eq_any(known::<Slug>(ids)));
            let its = its.select((contacts::slug, contacts::name, contacts::ended_at));
            let rows: Vec<(Slug, String, Option<Timestamp>)> = its.load(conn)?;
            rows.into_iter().map(|(slug, name, ended)| named(slug, name, ended.is_none())).collect()
        }
        ObjectKind::Adoption => {
            let its = adoptions::table.filter(adoptions::id.eq_any(known::<AdoptionId>(ids)));
            let its = its.select((adoptions::id, adoptions::service, adoptions::ars, adoptions::ended_at));
            let rows: Placed<AdoptionId> = its.load(conn)?;
            rows.into_iter().map(|(id, service, ars, ended)| placed(id, service, ars, ended.is_none())).collect()
        }
        ObjectKind::Channel => {
            use help_channels as c;
            let its = c::table.filter(c::id.eq_any(known::<ChannelId>(ids)));
            let rows: Placed<ChannelId> = its.select((c::id, c::service, c::ars, c::ended_at)).load(conn)?;
            rows.into_iter().map(|(id, service, ars, ended)| placed(id, service, ars, ended.is_none())).collect()
        }
        ObjectKind::Notice => {
            use public_notices as n;
            let its = n::table.filter(n::id.eq_any(known::<NoticeId>(ids)));
            let rows: Vec<(NoticeId, String, Option<Timestamp>)> =
                its.select((n::id, n::title, n::ended_at)).load(conn)?;
            rows.into_iter().map(|(id, title, ended)| named(id, title, ended.is_none())).collect()
        }
        // Of the others the id says it, or they have no name.
        _ => Vec::new(),
    })
}

/// Those that are ids at all: somebody may have failed to log in by a name nobody has.
fn known<I: FromStr>(ids: &[String]) -> Vec<I> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

fn named(id: impl Display, name: String, is_there: bool) -> (String, Called) {
    (id.to_string(), Called { name: Some(name), place: None, is_there })
}

fn placed(id: impl Display, service: Slug, ars: Ars, is_there: bool) -> (String, Called) {
    (id.to_string(), Called { name: None, place: Some((service, ars)), is_there })
}
