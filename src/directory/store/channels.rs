//! The table of ways to the 1st level.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::stale_row;
use crate::access::within_reach;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{each_backend, insert_many};
use crate::db::schema::help_channels;
use crate::directory::channels::{Channel, ChannelQuery, HelpChannel};
use crate::directory::terms::ChannelKind;
use crate::error::AppError;
use crate::ids::ChannelId;
use crate::keys::{Ars, EmailAddress, Slug};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = help_channels, treat_none_as_null = true)]
struct ChannelRow {
    id: ChannelId,
    service: Slug,
    ars: Ars,
    position: i32,
    kind: ChannelKind,
    label: String,
    phone: Option<String>,
    email: Option<EmailAddress>,
    url: Option<String>,
    hours: String,
    languages: String,
    cost_note: Option<String>,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    version: i32,
    updated_at: Timestamp,
    ended_at: Option<Timestamp>,
    form: bool,
}

impl ChannelRow {
    fn new(channel: &HelpChannel, position: i32) -> Self {
        let shown = channel.shown.clone();
        Self {
            id: channel.id,
            service: channel.service.clone(),
            ars: channel.ars.clone(),
            position,
            kind: shown.kind,
            label: shown.label,
            phone: shown.phone,
            email: shown.email,
            url: shown.url,
            hours: shown.hours,
            languages: shown.languages.join(","),
            cost_note: shown.cost_note,
            valid_from: shown.valid_from,
            valid_to: shown.valid_to,
            version: channel.version,
            updated_at: channel.updated_at,
            ended_at: None,
            form: shown.form,
        }
    }
}

impl From<ChannelRow> for HelpChannel {
    fn from(row: ChannelRow) -> Self {
        Self {
            id: row.id,
            service: row.service,
            ars: row.ars,
            shown: Channel {
                kind: row.kind,
                label: row.label,
                phone: row.phone,
                email: row.email,
                url: row.url,
                hours: row.hours,
                languages: row.languages.split(',').map(str::to_owned).collect(),
                cost_note: row.cost_note,
                form: row.form,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
            },
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

/// Where one is, and what it says.
#[derive(Queryable)]
struct SaidRow {
    ars: Ars,
    kind: ChannelKind,
    label: String,
    phone: Option<String>,
    email: Option<EmailAddress>,
    url: Option<String>,
    hours: String,
    languages: String,
    cost_note: Option<String>,
    form: bool,
    valid_from: Option<NaiveDate>,
    valid_to: Option<NaiveDate>,
    updated_at: Timestamp,
}

impl From<SaidRow> for (Ars, Channel, Timestamp) {
    fn from(row: SaidRow) -> Self {
        let SaidRow {
            ars,
            kind,
            label,
            phone,
            email,
            url,
            hours,
            languages,
            cost_note,
            form,
            valid_from,
            valid_to,
            updated_at,
        } = row;
        let languages = languages.split(',').map(str::to_owned).collect();
        let said = Channel { kind, label, phone, email, url, hours, languages, cost_note, form, valid_from, valid_to };
        (ars, said, updated_at)
    }
}

pub(in crate::directory) fn find(conn: &mut Conn, id: ChannelId) -> Result<Option<HelpChannel>, AppError> {
    let row: Option<ChannelRow> =
        help_channels::table.find(id).filter(help_channels::ended_at.is_null()).first(conn).optional()?;
    Ok(row.map(HelpChannel::from))
}

/// Those of these ids.
pub(in crate::directory) fn of_ids(conn: &mut Conn, ids: &[ChannelId]) -> Result<Vec<HelpChannel>, AppError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let its = help_channels::table.filter(help_channels::id.eq_any(some)).filter(help_channels::ended_at.is_null());
        found.extend(its.load::<ChannelRow>(conn)?.into_iter().map(HelpChannel::from));
    }
    Ok(found)
}

pub(in crate::directory) fn list(
    conn: &mut Conn,
    query: &ChannelQuery,
    limit: i64,
    after: Option<ChannelId>,
) -> Result<Vec<HelpChannel>, AppError> {
    let mut rows = help_channels::table.into_boxed();
    if let Some(scope) = within_reach!(&query.reach, help_channels[ars, service]) {
        rows = rows.filter(scope);
    }
    if let Some(region) = &query.region {
        rows = rows.filter(help_channels::ars.like(format!("{region}%")));
    }
    rows = rows.filter(help_channels::ended_at.is_null());
    if let Some(service) = &query.service {
        rows = rows.filter(help_channels::service.eq(service.clone()));
    }
    if let Some(after) = after {
        rows = rows.filter(help_channels::id.gt(after));
    }
    let rows: Vec<ChannelRow> = rows.order(help_channels::id).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(HelpChannel::from).collect())
}

/// What all of a service say and since when, by municipality and in order. No more is read than that: there may be thousands.
pub(in crate::directory) fn of_service(
    conn: &mut Conn,
    service: &Slug,
) -> Result<Vec<(Ars, Channel, Timestamp)>, AppError> {
    use help_channels as h;
    let its = h::table.filter(h::service.eq(service.clone())).filter(h::ended_at.is_null());
    let columns = (
        h::ars,
        h::kind,
        h::label,
        h::phone,
        h::email,
        h::url,
        h::hours,
        h::languages,
        h::cost_note,
        h::form,
        h::valid_from,
        h::valid_to,
        h::updated_at,
    );
    let rows: Vec<SaidRow> = its.order((h::ars, h::position, h::id)).select(columns).load(conn)?;
    Ok(rows.into_iter().map(<(Ars, Channel, Timestamp)>::from).collect())
}

/// Those of many adoptions at once, in order: of these services, in these municipalities.
pub(in crate::directory) fn of_adoptions(
    conn: &mut Conn,
    services: &[Slug],
    places: &[Ars],
) -> Result<Vec<HelpChannel>, AppError> {
    let query = help_channels::table
        .filter(help_channels::service.eq_any(services))
        .filter(help_channels::ars.eq_any(places))
        .filter(help_channels::ended_at.is_null());
    let rows: Vec<ChannelRow> = query.order((help_channels::position, help_channels::id)).load(conn)?;
    Ok(rows.into_iter().map(HelpChannel::from).collect())
}

/// Adds one after the others of its adoption.
pub(in crate::directory) fn append(conn: &mut Conn, channel: &HelpChannel) -> Result<(), AppError> {
    let its = help_channels::table
        .filter(help_channels::service.eq(channel.service.clone()))
        .filter(help_channels::ars.eq(channel.ars.clone()));
    let last: Option<i32> = its.select(diesel::dsl::max(help_channels::position)).first(conn)?;
    let row = ChannelRow::new(channel, last.map_or(0, |last| last + 1));
    diesel::insert_into(help_channels::table).values(&row).execute(conn)?;
    Ok(())
}

/// Stores what it is and says, if it still has the version before; its place among the others stays.
pub(in crate::directory) fn update(conn: &mut Conn, channel: &HelpChannel) -> Result<(), AppError> {
    let position: i32 = help_channels::table.find(channel.id).select(help_channels::position).first(conn)?;
    let before = help_channels::table.find(channel.id).filter(help_channels::ended_at.is_null());
    let before = before.filter(help_channels::version.eq(channel.version - 1));
    match diesel::update(before).set(ChannelRow::new(channel, position)).execute(conn)? {
        1 => Ok(()),
        _ => Err(stale_row("the channel")),
    }
}

/// Stores what these say, each against the version before; their places among the others stay.
pub(in crate::directory) fn update_all(conn: &mut Conn, channels: &[HelpChannel]) -> Result<(), AppError> {
    use help_channels as h;
    for channel in channels {
        let row = ChannelRow::new(channel, 0);
        let before = h::table.find(row.id).filter(h::ended_at.is_null()).filter(h::version.eq(row.version - 1));
        let said = (
            (h::kind.eq(row.kind), h::label.eq(row.label), h::phone.eq(row.phone), h::email.eq(row.email)),
            (h::url.eq(row.url), h::hours.eq(row.hours), h::languages.eq(row.languages)),
            (h::cost_note.eq(row.cost_note), h::form.eq(row.form)),
            (h::valid_from.eq(row.valid_from), h::valid_to.eq(row.valid_to)),
            (h::version.eq(row.version), h::updated_at.eq(row.updated_at)),
        );
        // Straight to its connection: the statement stays prepared there.
        if each_backend!(conn, |c| diesel::update(before).set(said).execute(c)?) != 1 {
            return Err(stale_row("the channel"));
        }
    }
    Ok(())
}

/// The last place that a channel of each of these adoptions has, also an ended one.
pub(in crate::directory) fn last_positions(
    conn: &mut Conn,
    service: &Slug,
    places: &[Ars],
) -> Result<Vec<(Ars, i32)>, AppError> {
    let its = help_channels::table.filter(help_channels::service.eq(service.clone()));
    let its = its.filter(help_channels::ars.eq_any(places)).order(help_channels::position);
    Ok(its.select((help_channels::ars, help_channels::position)).load(conn)?)
}

/// Adds new ones at these places of their adoptions.
pub(in crate::directory) fn insert_all(conn: &mut Conn, all: &[(&HelpChannel, i32)]) -> Result<(), AppError> {
    let rows: Vec<ChannelRow> = all.iter().map(|(channel, position)| ChannelRow::new(channel, *position)).collect();
    insert_many!(conn, help_channels::table, rows);
    Ok(())
}

/// Ends it at this version; false when it is not there any more.
pub(in crate::directory) fn end(
    conn: &mut Conn,
    id: ChannelId,
    version: i32,
    now: Timestamp,
) -> Result<bool, AppError> {
    let present = help_channels::table.find(id).filter(help_channels::ended_at.is_null());
    let ended = (help_channels::ended_at.eq(now), help_channels::updated_at.eq(now));
    Ok(diesel::update(present.filter(help_channels::version.eq(version))).set(ended).execute(conn)? == 1)
}

fn end_all(conn: &mut Conn, ids: &[ChannelId], now: Timestamp) -> Result<(), AppError> {
    let ended = (help_channels::ended_at.eq(now), help_channels::updated_at.eq(now));
    diesel::update(help_channels::table.filter(help_channels::id.eq_any(ids))).set(ended).execute(conn)?;
    Ok(())
}

/// Gives an adoption exactly these channels in this order; one that stays as it is keeps its id. True when
/// anything changed.
pub(in crate::directory) fn set(
    conn: &mut Conn,
    service: &Slug,
    ars: &Ars,
    wanted: &[Channel],
    now: Timestamp,
) -> Result<bool, AppError> {
    let present = of_adoptions(conn, std::slice::from_ref(service), std::slice::from_ref(ars))?;
    if present.iter().map(|channel| &channel.shown).eq(wanted) {
        return Ok(false);
    }
    for (channel, shown) in present.iter().zip(wanted).filter(|(channel, shown)| channel.shown != **shown) {
        let version = channel.version + 1;
        update(conn, &HelpChannel { shown: shown.clone(), version, updated_at: now, ..channel.clone() })?;
    }
    let gone: Vec<ChannelId> = present.iter().skip(wanted.len()).map(|channel| channel.id).collect();
    end_all(conn, &gone, now)?;
    for shown in wanted.iter().skip(present.len()) {
        let (id, service, ars, shown) = (ChannelId::new(), service.clone(), ars.clone(), shown.clone());
        append(conn, &HelpChannel { id, service, ars, shown, version: 1, updated_at: now })?;
    }
    Ok(true)
}
