//! Contacts from a table, one a row.
//!
//! Invariant: a cell goes through the same types and a row through the same checks and rights as over the API; all
//! rows are taken or none. An empty cell leaves what is there, a dash empties it. Webhooks and their secrets do not
//! come in tables.

mod columns;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::plan::{Mode, Plan, PlannedRow, RowAction, no_key, value};
use super::rights::Importer;
use super::table::{self, Row, Table, TableFile};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::delivery;
use crate::directory::contacts::{self, Changes, Contact, ContactChange, NewContact};
use crate::directory::store::contacts::ContactRow;
use crate::directory::{Rhythm, absence, hours, store, ways};
use crate::error::{AppError, Faults, Message};
use crate::keys::{Ars, ArsPrefix, EmailAddress, LandCode, Slug};
pub use columns::{COLUMNS, TEMPLATE};
use columns::{reading, refused};

/// So many mailboxes are made in one transaction.
const MAILBOXES: usize = 500;

enum Write {
    Make(Box<NewContact>),
    Change(Slug, Box<ContactChange>),
}

/// Shows what a table of contacts would do, or does it.
pub async fn contacts(
    db: &Db,
    importer: &Importer,
    file: TableFile,
    mode: Mode,
    now: Timestamp,
) -> Result<Plan, AppError> {
    let table = table::read(&file, &COLUMNS)?;
    let importer = importer.clone();
    let Mode::Apply(seen) = mode else {
        return db.read(move |conn| Ok(judge(conn, &importer, &table, now)?.0)).await;
    };
    // Everything is judged and made ready before the writer is held; if nothing of the directory changed since, that
    // still holds.
    let table = Arc::new(table);
    let (judged, who) = (table.clone(), importer.clone());
    let (version, plan, writes) = db
        .read(move |conn| {
            let version = store::versions(conn)?;
            let (plan, writes) = judge(conn, &who, &judged, now)?;
            Ok((version, plan, writes))
        })
        .await?;
    plan.check(&file.name, seen.as_deref())?;
    let work = Work::new(&importer, writes, now)?;
    let mut mailboxes = HashMap::new();
    for some in work.addresses().chunks(MAILBOXES).map(<[_]>::to_vec) {
        mailboxes.extend(db.write(move |tx| delivery::mail_endpoints(tx, &some, now)).await?);
    }
    let (actor, changes) = (importer.actor(), work.changes.clone());
    let ready = db.read(move |conn| Changes::new(conn, &actor, &changes, &mailboxes, now)).await?;
    db.write(move |tx| {
        let (mut plan, mut work, mut ready) = (plan, work, ready);
        if store::versions(tx)? != version {
            let (anew, writes) = judge(tx, &importer, &table, now)?;
            anew.check(&file.name, seen.as_deref())?;
            (plan, work) = (anew, Work::new(&importer, writes, now)?);
            let mailboxes = delivery::mail_endpoints(tx, &contacts::addresses(&work.changes), now)?;
            ready = Changes::new(tx, &importer.actor(), &work.changes, &mailboxes, now)?;
        }
        // The new ones first: who is changed may name them as a deputy.
        contacts::create_all(tx, work.ready, now)?;
        contacts::change_all(tx, &ready, now)?;
        plan.applied = true;
        Ok(plan)
    })
    .await
}

/// What is to be written.
struct Work {
    ready: contacts::Ready,
    changes: Vec<(Slug, ContactChange)>,
}

impl Work {
    fn new(importer: &Importer, writes: Vec<Write>, now: Timestamp) -> Result<Self, AppError> {
        let (mut new, mut changes) = (Vec::new(), Vec::new());
        for write in writes {
            match write {
                Write::Make(one) => new.push(*one),
                Write::Change(slug, change) => changes.push((slug, *change)),
            }
        }
        Ok(Self { ready: contacts::Ready::new(&importer.actor(), new, now)?, changes })
    }

    /// The mail addresses it asks for. The mailboxes may be made before, in other transactions: one that nobody has
    /// does no harm.
    fn addresses(&self) -> Vec<EmailAddress> {
        let mut all = self.ready.addresses();
        all.extend(contacts::addresses(&self.changes));
        all
    }
}

fn judge(conn: &mut Conn, importer: &Importer, table: &Table, now: Timestamp) -> Result<(Plan, Vec<Write>), AppError> {
    let keys: Vec<Option<Slug>> = table.rows.iter().map(|row| row.cell("id").and_then(|id| id.parse().ok())).collect();
    let asked: Vec<Slug> = keys.iter().flatten().cloned().collect();
    let rows: HashMap<Slug, ContactRow> =
        store::contacts::of(conn, &asked)?.into_iter().map(|row| (row.slug.clone(), row)).collect();
    let shown = ways::contacts(conn, rows.values().cloned().collect())?;
    let shown: HashMap<Slug, Contact> = shown.into_iter().map(|contact| (contact.slug.clone(), contact)).collect();
    let deputies: Vec<Slug> =
        table.rows.iter().filter_map(|row| row.cell("deputy")).filter_map(|slug| slug.parse().ok()).collect();
    let mut namable: HashSet<Slug> = store::contacts::of(conn, &deputies)?
        .into_iter()
        .filter(|row| row.ended_at.is_none() && importer.sees_owner(row.owner.as_ref()))
        .map(|row| row.slug)
        .collect();
    namable.extend(asked.iter().filter(|slug| !rows.contains_key(*slug)).cloned());

    // Only where the file names regions at all is the list of municipalities looked at.
    let places = match table.rows.iter().any(|row| row.cell("owner").is_some()) {
        true => store::municipalities::keys(conn)?,
        false => BTreeSet::new(),
    };
    let judging = Judging { importer, rows: &rows, shown: &shown, namable: &namable, places: &places, now };
    let mut seen: HashMap<&Slug, usize> = HashMap::new();
    let (mut planned, mut writes, mut touched, mut judged) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, key) in table.rows.iter().zip(&keys) {
        let mut plan = PlannedRow::new(row, row.cell("id").unwrap_or_default().to_owned());
        match key {
            None => {
                plan.fault("id", id_fault(row));
                judging.unnamed(row, &mut plan)?;
            }
            Some(slug) => {
                if let Some(first) = seen.insert(slug, row.number) {
                    let message = format!("{slug} stands in row {first} already; leave one of the two out");
                    plan.fault("id", Message::new("twice", message).naming(slug).naming(first));
                }
                touched.push(format!("{slug} {}", rows.get(slug).map_or(0, |row| row.version)));
                let write = judging.row(row, slug, &mut plan)?;
                judged.push((planned.len(), write.as_ref().and_then(|write| outcome(write, &rows, now))));
                if matches!(plan.action, RowAction::New | RowAction::Changed) {
                    writes.extend(write);
                }
            }
        }
        planned.push(plan);
    }
    away(conn, &mut planned, &judged, &rows, now)?;
    Ok((Plan::of(planned, table.notes.clone(), &touched)?, writes))
}

/// The contact as it would be.
fn outcome(write: &Write, rows: &HashMap<Slug, ContactRow>, now: Timestamp) -> Option<ContactRow> {
    match write {
        Write::Make(new) => Some(contacts::draft(new, now)),
        Write::Change(slug, change) => {
            let mut row = rows.get(slug)?.clone();
            change.apply(&mut row);
            Some(row)
        }
    }
}

/// Notes at their rows deputies who are away all the time that the contact is, as both would be.
fn away(
    conn: &mut Conn,
    planned: &mut [PlannedRow],
    judged: &[(usize, Option<ContactRow>)],
    rows: &HashMap<Slug, ContactRow>,
    now: Timestamp,
) -> Result<(), AppError> {
    let after: HashMap<&Slug, &ContactRow> =
        judged.iter().filter_map(|(_, row)| row.as_ref()).map(|row| (&row.slug, row)).collect();
    let named: Vec<Slug> = after.values().filter_map(|row| row.deputy.clone()).collect();
    let others: HashMap<Slug, ContactRow> =
        store::contacts::of(conn, &named)?.into_iter().map(|row| (row.slug.clone(), row)).collect();
    for (index, row) in judged {
        let Some((row, deputy)) = row.as_ref().and_then(|row| Some((row, row.deputy.as_ref()?))) else { continue };
        // What is so already is nobody's fault here.
        let is_same = |before: &ContactRow| {
            (before.absent_from, before.absent_until, &before.deputy)
                == (row.absent_from, row.absent_until, &row.deputy)
        };
        if rows.get(&row.slug).is_some_and(is_same) {
            continue;
        }
        let deputy = after.get(deputy).copied().or_else(|| others.get(deputy));
        let message = deputy.and_then(|deputy| absence::is_away(row, deputy, now.day_in_berlin()));
        if let (Some(message), Some(plan)) = (message, planned.get_mut(*index)) {
            plan.fault("deputy", message);
        }
    }
    Ok(())
}

fn id_fault(row: &Row) -> Message {
    match row.cell("id").map(str::parse::<Slug>) {
        Some(Err(fault)) => no_key("slug")(fault),
        _ => Message::new("id-missing", "is missing: a short name such as kiel-meldewesen that stays"),
    }
}

struct Judging<'a> {
    importer: &'a Importer,
    rows: &'a HashMap<Slug, ContactRow>,
    shown: &'a HashMap<Slug, Contact>,
    namable: &'a HashSet<Slug>,
    /// Every municipality.
    places: &'a BTreeSet<Ars>,
    now: Timestamp,
}

impl Judging<'_> {
    /// Says what else is wrong with a row whose id cannot be read.
    fn unnamed(&self, row: &Row, plan: &mut PlannedRow) -> Result<(), AppError> {
        let mut fields = cells(row, plan);
        // It may be meant for a contact that has a name.
        fields.entry("name").or_insert_with(|| STAND_IN.into());
        self.draft(None, fields, plan).map(drop)
    }

    fn row(&self, row: &Row, slug: &Slug, plan: &mut PlannedRow) -> Result<Option<Write>, AppError> {
        let fields = cells(row, plan);
        let known = self.rows.get(slug).zip(self.shown.get(slug));
        match known {
            Some((known, _)) if known.ended_at.is_some() || !self.importer.sees_owner(known.owner.as_ref()) => {
                let message = format!("the id {slug} is taken, also if its contact was ended");
                plan.fault("id", Message::new("taken", message).naming(slug));
                Ok(None)
            }
            Some((known, shown)) => self.change(known, shown, fields, plan),
            None => self.make(slug, fields, plan),
        }
    }

    fn change(
        &self,
        known: &ContactRow,
        shown: &Contact,
        mut fields: Map<String, Value>,
        plan: &mut PlannedRow,
    ) -> Result<Option<Write>, AppError> {
        let before = object(shown)?;
        plan.differs(Some(&before), &fields);
        fields.retain(|field, value| before.get(field).unwrap_or(&Value::Null) != value);
        if fields.is_empty() {
            return Ok(None);
        }
        if let Some(fault) = self.importer.hindered(known.owner.as_ref()) {
            plan.fault("id", fault);
        }
        let is_led_elsewhere = known.discloses_reporter && fields.contains_key("email");
        let Ok(change) = serde_json::from_value::<ContactChange>(Value::Object(fields)) else { return Ok(None) };
        let begins = change.discloses_reporter == Some(true);
        if (is_led_elsewhere || begins) && !self.importer.may_disclose(known.owner.as_ref()) {
            plan.fault(if begins { "discloses_reporter" } else { "email" }, no_disclosure());
        }
        let becomes = change.owner.as_ref().filter(|_| known.discloses_reporter);
        let may_pass_on = |owner: &Option<ArsPrefix>| {
            [known.owner.as_ref(), owner.as_ref()].into_iter().all(|owner| self.importer.may_disclose(owner))
        };
        if becomes.is_some_and(|owner| !may_pass_on(owner)) {
            plan.fault("owner", no_disclosure());
        }
        if let Some(owner) = &change.owner {
            self.owner(owner.as_ref(), plan);
        }
        self.deputy(Some(&known.slug), change.deputy.as_ref().and_then(Option::as_ref), plan);
        let mut row = known.clone();
        change.apply(&mut row);
        adopt_plain(&contacts::judged(&row, Some(known)), plan)?;
        Ok(Some(Write::Change(known.slug.clone(), Box::new(change))))
    }

    fn make(
        &self,
        slug: &Slug,
        mut fields: Map<String, Value>,
        plan: &mut PlannedRow,
    ) -> Result<Option<Write>, AppError> {
        plan.differs(None, &fields);
        if !fields.contains_key("name") {
            if !plan.is_faulty("name") {
                plan.fault("name", Message::new("missing", "is missing; a new contact needs one"));
            }
            // What else is wrong with the row is told at once.
            fields.insert("name".to_owned(), STAND_IN.into());
        }
        let new = self.draft(Some(slug), fields, plan)?;
        Ok(new.map(|new| Write::Make(Box::new(new))))
    }

    /// The new contact of a row; where it has no id yet, only to say what is wrong with it.
    fn draft(
        &self,
        slug: Option<&Slug>,
        mut fields: Map<String, Value>,
        plan: &mut PlannedRow,
    ) -> Result<Option<NewContact>, AppError> {
        fields.retain(|_, value| !value.is_null());
        fields.insert("id".to_owned(), slug.map_or(STAND_IN, Slug::as_str).into());
        let Ok(new) = serde_json::from_value::<NewContact>(Value::Object(fields)) else { return Ok(None) };
        self.owner(new.owner.as_ref(), plan);
        if new.discloses_reporter && !self.importer.may_disclose(new.owner.as_ref()) {
            plan.fault("discloses_reporter", no_disclosure());
        }
        self.deputy(slug, new.deputy.as_ref(), plan);
        adopt_plain(&contacts::draft(&new, self.now), plan)?;
        Ok(Some(new))
    }

    /// Notes a region that is not theirs, or that no municipality lies in.
    fn owner(&self, owner: Option<&ArsPrefix>, plan: &mut PlannedRow) {
        if let Some(fault) = self.importer.may_not_own(owner) {
            plan.fault("owner", fault);
            return;
        }
        let Some(owner) = owner else { return };
        let (first, last) = owner.keys();
        let mut inside = self.places.range::<str, _>((Bound::Included(&*first), Bound::Included(&*last)));
        // A Land is one, also before its municipalities are known.
        if LandCode::from_number(owner.as_str()).is_none() && inside.next().is_none() {
            let message = format!("there is no municipality in the region {owner}; look at the digits");
            plan.fault("owner", Message::new("no-region", message).naming(owner));
        }
    }

    fn deputy(&self, slug: Option<&Slug>, deputy: Option<&Slug>, plan: &mut PlannedRow) {
        match deputy {
            Some(deputy) if Some(deputy) == slug => plan.fault("deputy", contacts::own_deputy()),
            Some(deputy) if !self.namable.contains(deputy) => {
                let message = format!("there is no contact {deputy}; make it first, or in a row of this file");
                plan.fault("deputy", Message::new("no-contact", message).naming(deputy));
            }
            _ => {}
        }
    }
}

/// Stands for what a row does not say, while the rest of it is judged.
const STAND_IN: &str = "x";

fn no_disclosure() -> Message {
    Message::new("disclosure", "this contact would see who asked; only who may open that themselves may set it")
}

/// The cells of a row as fields; each is tried alone, so that every fault is told by its column.
fn cells(row: &Row, plan: &mut PlannedRow) -> Map<String, Value> {
    let mut fields = Map::new();
    for (field, cell) in row.cells().filter(|(field, _)| *field != "id") {
        let tried = value(cell, reading(field)).and_then(|value| {
            if value.is_null() && matches!(field, "name" | "discloses_reporter" | "notify") {
                return Err(Message::new("emptied", "cannot be emptied"));
            }
            // People write it in German; it is compared and kept as it is told.
            let value = match value.as_str() {
                Some(text) if field == "hours" && hours::check(text).is_ok() => Value::String(hours::standard(text)),
                Some(text) if field == "notify" => {
                    let rhythm = text.parse::<Rhythm>().map_err(|fault| Message::new("notify", fault))?;
                    rhythm.to_string().into()
                }
                _ => value,
            };
            let alone = Map::from_iter([(field.to_owned(), value.clone())]);
            let tried = serde_json::from_value::<ContactChange>(Value::Object(alone));
            tried.map(|_| value).map_err(|fault| refused(field, &fault))
        });
        match tried {
            Ok(value) => drop(fields.insert(field.to_owned(), value)),
            Err(fault) => plan.fault(field, fault),
        }
    }
    fields
}

fn adopt_plain(row: &ContactRow, plan: &mut PlannedRow) -> Result<(), AppError> {
    let mut faults = Faults::default();
    contacts::check_plain(row, &mut faults);
    faults.finish().or_else(|fault| plan.adopt(fault))
}

fn object(value: &impl serde::Serialize) -> Result<Map<String, Value>, AppError> {
    match serde_json::to_value(value).map_err(AppError::internal)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(AppError::internal("a contact is no object")),
    }
}
