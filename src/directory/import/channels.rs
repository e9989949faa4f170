//! Help channels from a table, one a row.
//!
//! Invariant: a cell goes through the same types and a row through the same checks and rights as over the API; all
//! rows are taken or none. A row without an id means the channel of the same kind and address whose days overlap with
//! its own, else a new one; so one adoption never shows the same address twice on a day because of a table.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::plan::{Mode, Plan, PlannedRow, Reading, RowAction, no_key, value};
use super::rights::Importer;
use super::table::{self, Column, Row, Table, TableFile};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::directory::channels::{self, Channel, HelpChannel, Ready, Stored};
use crate::directory::store;
use crate::directory::terms::ChannelKind;
use crate::error::{AppError, Faults, Message};
use crate::ids::ChannelId;
use crate::keys::{Ars, BadKey, Slug, fold};

/// What a table of help channels can say.
pub const COLUMNS: [Column; 14] = [
    Column { field: "id", also: &["Kennung"], is_needed: false },
    Column { field: "service", also: &["Dienst", "Online-Dienst"], is_needed: false },
    Column { field: "ars", also: &["Regionalschlüssel"], is_needed: false },
    Column { field: "kind", also: &["Art"], is_needed: false },
    Column { field: "label", also: &["Bezeichnung"], is_needed: false },
    Column { field: "phone", also: &["Telefon", "Telefonnummer"], is_needed: false },
    Column { field: "email", also: &["E-Mail", "E-Mail-Adresse", "Mail"], is_needed: false },
    Column { field: "url", also: &["Internetadresse", "Seite"], is_needed: false },
    Column { field: "hours", also: &["Zeiten", "Öffnungszeiten"], is_needed: false },
    Column { field: "languages", also: &["Sprachen"], is_needed: false },
    Column { field: "cost_note", also: &["Kosten"], is_needed: false },
    Column { field: "form", also: &["Formular", "Eigenes Formular"], is_needed: false },
    Column { field: "valid_from", also: &["Gültig ab", "Gültig von"], is_needed: false },
    Column { field: "valid_to", also: &["Gültig bis"], is_needed: false },
];

/// A file to begin with: the headings and one example.
pub const TEMPLATE: &str = "Kennung;Dienst;ARS;Art;Bezeichnung;Telefon;E-Mail;Internetadresse;Zeiten;Sprachen;Kosten;\
Formular;Gültig ab;Gültig bis\n\
;wohnsitzanmeldung;010020000000;Telefon;Bürgeramt Kiel;+49 431 901-0;;;\"Mo-Fr 08:00-16:00; PH off\";de, en;;;;\n";

/// Shows what a table of help channels would do, or does it.
pub async fn channels(
    db: &Db,
    importer: &Importer,
    file: TableFile,
    mode: Mode,
    now: Timestamp,
) -> Result<Plan, AppError> {
    let table = table::read(&file, &COLUMNS)?;
    let importer = importer.clone();
    let Mode::Apply(seen) = mode else {
        return db.read(move |conn| Ok(judge(conn, &importer, &table)?.0)).await;
    };
    // Everything is judged and made ready before the writer is held; if nothing of the directory changed since, that
    // still holds.
    let (table, actor) = (Arc::new(table), importer.actor());
    let (judged, who) = (table.clone(), importer.clone());
    let (version, plan, ready) = db
        .read(move |conn| {
            let version = store::versions(conn)?;
            let (plan, writes) = judge(conn, &who, &judged)?;
            plan.check(&file.name, seen.as_deref())?;
            let ready = Ready::new(conn, &who.actor(), writes, now)?;
            Ok((version, (plan, file, seen), ready))
        })
        .await?;
    db.write(move |tx| {
        let ((mut plan, file, seen), mut ready) = (plan, ready);
        if store::versions(tx)? != version {
            let (anew, writes) = judge(tx, &importer, &table)?;
            anew.check(&file.name, seen.as_deref())?;
            (plan, ready) = (anew, Ready::new(tx, &actor, writes, now)?);
        }
        channels::store_all(tx, &actor, &ready, now)?;
        plan.applied = true;
        Ok(plan)
    })
    .await
}

fn judge(conn: &mut Conn, importer: &Importer, table: &Table) -> Result<(Plan, Vec<Stored>), AppError> {
    let mut judging = Judging { importer, present: Present::default(), taken: HashMap::new(), used: HashSet::new() };
    judging.present = present(conn, table)?;
    for id in table.rows.iter().filter_map(|row| row.cell("id")).filter_map(|id| id.parse().ok()) {
        judging.used.insert(id);
    }
    let (mut planned, mut writes, mut touched) = (Vec::new(), Vec::new(), Vec::new());
    for row in &table.rows {
        let key = ["id", "service", "ars", "kind", "label"].iter().filter_map(|field| row.cell(field));
        let mut plan = PlannedRow::new(row, key.collect::<Vec<_>>().join(" "));
        let write = judging.row(row, &mut plan)?;
        if let Some(Stored::Changed(found, _)) = &write {
            touched.push(format!("{} {}", found.id, found.version));
        }
        if matches!(plan.action, RowAction::New | RowAction::Changed) {
            writes.extend(write);
        }
        planned.push(plan);
    }
    Ok((Plan::of(planned, table.notes.clone(), &touched)?, writes))
}

/// What the directory holds of what the table speaks of.
#[derive(Default)]
struct Present {
    channels: HashMap<(Slug, Ars), Vec<HelpChannel>>,
    by_id: HashMap<ChannelId, HelpChannel>,
    adopted: HashSet<(Slug, Ars)>,
}

fn present(conn: &mut Conn, table: &Table) -> Result<Present, AppError> {
    let mut present = Present::default();
    let mut pairs: HashSet<(Slug, Ars)> = table.rows.iter().filter_map(pair).collect();
    let ids: Vec<ChannelId> =
        table.rows.iter().filter_map(|row| row.cell("id")).filter_map(|id| id.parse().ok()).collect();
    for channel in store::channels::of_ids(conn, &ids)? {
        pairs.insert((channel.service.clone(), channel.ars.clone()));
        present.by_id.insert(channel.id, channel);
    }
    let services: Vec<Slug> =
        pairs.iter().map(|(service, _)| service.clone()).collect::<HashSet<_>>().into_iter().collect();
    let places: Vec<Ars> = pairs.iter().map(|(_, ars)| ars.clone()).collect::<HashSet<_>>().into_iter().collect();
    for some in places.chunks(500) {
        for channel in store::channels::of_adoptions(conn, &services, some)? {
            let pair = (channel.service.clone(), channel.ars.clone());
            if pairs.contains(&pair) {
                present.channels.entry(pair).or_default().push(channel);
            }
        }
    }
    present.adopted = store::adoptions::present(conn, &services, &places)?;
    Ok(present)
}

fn pair(row: &Row) -> Option<(Slug, Ars)> {
    Some((row.cell("service")?.parse().ok()?, row.cell("ars")?.parse().ok()?))
}

/// What two channels of one adoption may not share on one day.
type Address = (Slug, Ars, ChannelKind, String);
type Days = (Option<NaiveDate>, Option<NaiveDate>);

struct Judging<'a> {
    importer: &'a Importer,
    present: Present,
    /// Which rows take an address, and when.
    taken: HashMap<Address, Vec<(usize, Days)>>,
    /// Channels that some row means.
    used: HashSet<ChannelId>,
}

impl Judging<'_> {
    fn row(&mut self, row: &Row, plan: &mut PlannedRow) -> Result<Option<Stored>, AppError> {
        let fields = cells(row, plan);
        let meant = self.meant(row, &fields, plan);
        let known = meant.as_ref().and_then(|(_, known)| known.clone());
        let before = known.as_ref().map(|channel| object(&channel.shown)).transpose()?;
        let mut whole = before.clone().unwrap_or_default();
        whole.extend(fields);
        if known.is_none() && row.cell("id").is_some() {
            // It may be meant for a channel that has what this row leaves out.
            return Ok(None);
        }
        for field in ["kind", "label"] {
            if !whole.contains_key(field) && !plan.is_faulty(field) {
                plan.fault(field, Message::new("missing", "is missing; a new channel needs one"));
            }
        }
        // What else is wrong with the row is told at once.
        whole.entry("label").or_insert_with(|| "x".into());
        let Ok(shown) = serde_json::from_value::<Channel>(Value::Object(whole)) else { return Ok(None) };
        let mut faults = Faults::default();
        let shown = shown.complete("", &mut faults);
        faults.finish().or_else(|fault| plan.adopt(fault))?;
        let Some((place, _)) = meant else { return Ok(None) };
        let mut told = object(&shown)?;
        if plan.is_faulty("label") {
            told.remove("label");
        }
        plan.differs(before.as_ref(), &told);
        self.conflicts(&place, known.as_ref(), &shown, row.number, plan);
        if let Some(found) = known {
            return Ok(Some(Stored::Changed(Box::new(found), shown)));
        }
        let mut new = object(&shown)?;
        new.insert("service".to_owned(), place.0.as_str().into());
        new.insert("ars".to_owned(), place.1.as_str().into());
        let new = serde_json::from_value(Value::Object(new)).map_err(AppError::internal)?;
        Ok(Some(Stored::New(new)))
    }

    /// Which adoption, and which of its channels, the row is about; a fault where that cannot be said.
    fn meant(
        &mut self,
        row: &Row,
        fields: &Map<String, Value>,
        plan: &mut PlannedRow,
    ) -> Option<((Slug, Ars), Option<HelpChannel>)> {
        if let Some(id) = row.cell("id") {
            let found = id.parse().ok().and_then(|id: ChannelId| self.present.by_id.get(&id));
            let Some(found) = found.filter(|one| self.importer.sees_place(&one.ars, &one.service)) else {
                let message = "there is no such channel; leave the cell empty for a new one";
                plan.fault("id", Message::new("no-channel", message));
                return None;
            };
            let moves = [("service", found.service.as_str()), ("ars", found.ars.as_str())];
            for (field, its) in moves {
                if row.cell(field).is_some_and(|cell| cell != its) {
                    let message = format!("is {its} for this channel; a channel does not move");
                    plan.fault(field, Message::new("moves", message).naming(its));
                }
            }
            if !self.importer.may_place(&found.ars, &found.service) {
                plan.fault("id", Message::new("not-here", "your roles may not change adoption here"));
            }
            return Some(((found.service.clone(), found.ars.clone()), Some(found.clone())));
        }
        let service = parsed::<Slug>(row, "service", "slug", plan);
        let ars = parsed::<Ars>(row, "ars", "ars", plan);
        let place = (service?, ars?);
        let (service, ars) = &place;
        if !self.importer.may_place(ars, service) {
            let message = format!("there is no municipality {ars} where you may do this for {service}");
            plan.fault("ars", Message::new("no-place", message).naming(ars).naming(service));
            return None;
        }
        if !self.present.adopted.contains(&place) {
            let message = format!("{ars} does not use {service}; make the adoption first");
            plan.fault("ars", Message::new("no-adoption", message).naming(ars).naming(service));
            return None;
        }
        // What it is called decides nothing here.
        let mut shown = fields.clone();
        shown.entry("label").or_insert_with(|| "x".into());
        let shown = serde_json::from_value::<Channel>(Value::Object(shown)).ok();
        let known = shown.and_then(|shown| self.same(&place, &shown.complete("", &mut Faults::default())));
        if let Some(known) = &known {
            self.used.insert(known.id);
        }
        Some((place, known))
    }

    /// The adoption's channel of the same kind and address on the same days, which no other row means.
    fn same(&self, place: &(Slug, Ars), shown: &Channel) -> Option<HelpChannel> {
        let all = self.present.channels.get(place)?.iter().filter(|one| !self.used.contains(&one.id));
        let mut fitting =
            all.filter(|one| address(&one.shown) == address(shown) && overlap(days(&one.shown), days(shown)));
        fitting.next().cloned()
    }

    /// Notes what else takes the same address on the same days.
    fn conflicts(
        &mut self,
        place: &(Slug, Ars),
        known: Option<&HelpChannel>,
        shown: &Channel,
        number: usize,
        plan: &mut PlannedRow,
    ) {
        let (kind, at) = address(shown);
        let its = days(shown);
        let others = self.taken.entry((place.0.clone(), place.1.clone(), kind, at.to_owned())).or_default();
        for (other, span) in others.iter().filter(|(_, span)| overlap(*span, its)) {
            let message = format!(
                "rows {other} and {number} show {at} on the same days ({} and {}); end one before the other begins",
                said(*span),
                said(its)
            );
            plan.fault("valid_from", Message::new("same", message).naming(other).naming(number));
        }
        others.push((number, its));
        let stays = |one: &&HelpChannel| known.is_none_or(|known| known.id != one.id) && !self.used.contains(&one.id);
        for other in self.present.channels.get(place).into_iter().flatten().filter(stays) {
            if address(&other.shown) == (kind, at) && overlap(days(&other.shown), its) {
                let message = format!(
                    "row {number} ({}) and the channel {} ({}) show {at} on the same days; end one before the other begins",
                    said(its),
                    other.id,
                    said(days(&other.shown)),
                );
                plan.fault("valid_from", Message::new("same-channel", message));
            }
        }
    }
}

/// What a cell names; `text` is what pages say where it is no such key.
fn parsed<T>(row: &Row, field: &str, text: &'static str, plan: &mut PlannedRow) -> Option<T>
where
    T: std::str::FromStr<Err = BadKey>,
{
    let Some(cell) = row.cell(field) else {
        let message = "is missing; a row without an id needs service and ars";
        plan.fault(field, Message::new("place-missing", message));
        return None;
    };
    cell.parse().map_err(|fault| plan.fault(field, no_key(text)(fault))).ok()
}

fn address(channel: &Channel) -> (ChannelKind, &str) {
    let at = match channel.kind {
        ChannelKind::Number115 | ChannelKind::Phone => channel.phone.as_deref(),
        ChannelKind::Email => channel.email.as_ref().map(|email| email.as_str()),
        ChannelKind::Web => channel.url.as_deref(),
    };
    (channel.kind, at.unwrap_or_default())
}

fn days(channel: &Channel) -> Days {
    (channel.valid_from, channel.valid_to)
}

fn overlap(a: Days, b: Days) -> bool {
    let begins_in_time =
        |from: Option<NaiveDate>, to: Option<NaiveDate>| from.zip(to).is_none_or(|(from, to)| from <= to);
    begins_in_time(a.0, b.1) && begins_in_time(b.0, a.1)
}

fn said((from, to): Days) -> String {
    let from = from.map_or_else(|| "since ever".to_owned(), |day| format!("from {day}"));
    to.map_or_else(|| format!("{from} on"), |day| format!("{from} to {day}"))
}

/// The cells of a row as fields; each is tried alone, so that every fault is told by its column.
fn cells(row: &Row, plan: &mut PlannedRow) -> Map<String, Value> {
    let mut fields = Map::new();
    for (field, cell) in row.cells().filter(|(field, _)| !matches!(*field, "id" | "service" | "ars")) {
        let tried = one(field, cell).and_then(|value| {
            let mut alone = Map::from_iter([("kind".to_owned(), "web".into()), ("label".to_owned(), "x".into())]);
            alone.insert(field.to_owned(), value.clone());
            let tried = serde_json::from_value::<Channel>(Value::Object(alone));
            tried.map(|_| value).map_err(|fault| match field {
                "kind" => Message::new("kind", fault.to_string()).naming(cell),
                "email" => Message::new("mail", fault.to_string()),
                _ => fault.to_string().into(),
            })
        });
        match tried {
            Ok(value) => drop(fields.insert(field.to_owned(), value)),
            Err(fault) => plan.fault(field, fault),
        }
    }
    fields
}

fn one(field: &str, cell: &str) -> Result<Value, Message> {
    let reading = match field {
        "valid_from" | "valid_to" => Reading::Day,
        "languages" => Reading::List,
        "form" => Reading::Flag,
        _ => Reading::Text,
    };
    let kind = match fold(cell).as_str() {
        "telefon" => Some("phone"),
        "e mail" | "mail" => Some("email"),
        "internet" | "formular" | "webseite" => Some("web"),
        _ => None,
    };
    match (field, value(cell, reading)?) {
        ("kind", _) if kind.is_some() => Ok(kind.into()),
        ("kind" | "label", Value::Null) => Err(Message::new("emptied", "cannot be emptied")),
        // Then what holds without it takes its place.
        ("hours", Value::Null) => Ok("".into()),
        ("languages", Value::Null) => Ok(Value::Array(Vec::new())),
        ("form", Value::Null) => Ok(false.into()),
        (_, value) => Ok(value),
    }
}

fn object(value: &impl serde::Serialize) -> Result<Map<String, Value>, AppError> {
    match serde_json::to_value(value).map_err(AppError::internal)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(AppError::internal("a channel is no object")),
    }
}
