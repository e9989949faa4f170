//! A new official list of municipalities, with who took whose place: what it would change, and doing it.
//!
//! Invariant: the plan comes first and names everything; successors are given, never guessed. A list that is applied
//! with changes counts as the whole of the Länder it names: what it names no more is taken out of use. What was looked
//! at is what is begun, or nothing is (`steps.rs`).

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::Summary;
use super::municipalities::read;
use super::plan::{self, Reading, check_seen, fingerprint};
use super::rights::Importer;
use super::steps::{self, Step};
use super::table::{self, Column, Row, TableFile};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::directory::merge::{self, Merged, Successor};
use crate::directory::municipalities::Municipality;
use crate::directory::store;
use crate::error::{AppError, Faults, Message};
use crate::keys::{Ars, LandCode, fold};

/// What the table says.
pub const COLUMNS: [Column; 3] = [
    Column { field: "old_ars", also: &["Alter ARS", "ARS alt"], is_needed: true },
    Column { field: "new_ars", also: &["Neuer ARS", "ARS neu"], is_needed: true },
    Column { field: "valid_on", also: &["Gültig ab", "Wirksam ab"], is_needed: true },
];

/// A list that leaves out so many of a Land's municipalities, and more than a fifth, is hardly the whole list.
const MANY: usize = 50;

/// A municipality by key and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PlaceName {
    /// Its key.
    pub ars: Ars,
    /// Its name.
    pub name: String,
}

/// One that is called or lies otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PlaceChange {
    /// Its key.
    pub ars: Ars,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// One in whose place another stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Merger {
    /// Who took whose place.
    #[serde(flatten)]
    pub who: Successor,
    /// What moves with it.
    #[serde(flatten)]
    pub what: Merged,
}

/// One that the list names no more, and nobody said who is in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Gone {
    /// Which.
    #[serde(flatten)]
    pub place: PlaceName,
    /// Who might be in its place; only a hint, to be looked up and written into the changes.
    pub candidates: Vec<PlaceName>,
}

/// What a list and its changes would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RegisterPlan {
    /// Keys that are new.
    pub added: Vec<PlaceName>,
    /// The same key with another name.
    pub renamed: Vec<PlaceChange>,
    /// The same key in another Kreis or Gemeindeverband.
    pub moved: Vec<PlaceChange>,
    /// The same key with another kind, or with another postal code of its seat.
    pub changed: Vec<PlaceChange>,
    /// Keys that were out of use and that the list names again.
    pub revived: Vec<PlaceName>,
    /// Keys in whose place others stand.
    pub merged: Vec<Merger>,
    /// Keys that are gone without a successor.
    pub gone: Vec<Gone>,
    /// True where those that are gone are taken out of use when this is applied.
    pub ends_gone: bool,
    /// How many are as they were.
    pub unchanged: usize,
    /// Send this with the application, so that what was seen here is what is done.
    pub fingerprint: String,
}

/// A list and its changes, either of which may be missing.
#[derive(Debug, Clone, Default)]
pub struct Register {
    /// The official list: its name and text.
    pub list: Option<(String, String)>,
    /// Who took whose place.
    pub changes: Option<TableFile>,
}

impl RegisterPlan {
    /// The keys of the rows of the list that are not there so yet.
    pub(super) fn differing(&self) -> HashSet<&Ars> {
        let places = self.added.iter().chain(&self.revived).map(|place| &place.ars);
        let changes = [&self.renamed, &self.moved, &self.changed].into_iter().flatten().map(|change| &change.ars);
        places.chain(changes).collect()
    }
}

impl Register {
    /// An official list alone, as it came.
    pub fn of_list(name: String, bytes: Vec<u8>) -> Result<Self, AppError> {
        let text = String::from_utf8(bytes)
            .map_err(|_| AppError::field(&name, Message::new("utf8", "is not UTF-8; save it as CSV UTF-8")))?;
        Ok(Self { list: Some((name, text)), changes: None })
    }
}

/// A file of who took whose place, read but not judged.
struct Changes {
    name: String,
    rows: Vec<Row>,
}

/// Says what it would do.
pub async fn plan_municipalities(db: &Db, register: &Register, now: Timestamp) -> Result<RegisterPlan, AppError> {
    let (wanted, changes) = contents(register)?;
    db.read(move |conn| judge(conn, wanted.as_deref(), changes.as_ref(), now.day_in_berlin())).await
}

/// Does it, and where `seen` is the fingerprint of a plan, only if that still holds where it begins; answers what was
/// done. Requests follow in `tickets/relocation.rs`. `progress` hears how many of how many changed rows are stored.
pub async fn apply_municipalities(
    db: &Db,
    importer: &Importer,
    register: &Register,
    seen: Option<String>,
    now: Timestamp,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<(Summary, RegisterPlan), AppError> {
    let (wanted, changes) = contents(register)?;
    let (actor, beginner) = (importer.actor(), importer.actor());
    let (summary, plan, rest) = db
        .write(move |tx| {
            let plan = judge(tx, wanted.as_deref(), changes.as_ref(), now.day_in_berlin())?;
            check_seen(seen.as_deref(), &plan.fingerprint)?;
            let (summary, steps) = steps::lay_out(tx, wanted, &plan)?;
            let mut steps = steps.into_iter();
            if let Some(first) = steps.next() {
                first.take(tx, &beginner, now)?;
            }
            Ok((summary, plan, steps.collect::<Vec<_>>()))
        })
        .await?;
    let total = summary.created + summary.updated;
    let mut left: usize = rest.iter().map(Step::rows).sum();
    progress(total - left, total);
    for step in rest {
        left -= step.rows();
        let actor = actor.clone();
        db.write(move |tx| step.take(tx, &actor, now)).await?;
        progress(total - left, total);
    }
    Ok((summary, plan))
}

/// The official list alone, from a CSV file whose `name` stands before the line of each fault.
pub async fn municipalities(
    db: &Db,
    name: &str,
    text: &str,
    now: Timestamp,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Summary, AppError> {
    let register = Register { list: Some((name.to_owned(), text.to_owned())), changes: None };
    Ok(apply_municipalities(db, &Importer::console(), &register, None, now, progress).await?.0)
}

/// What the files hold, before the database is asked.
fn contents(register: &Register) -> Result<(Option<Vec<Municipality>>, Option<Changes>), AppError> {
    let wanted = register.list.as_ref().map(|(name, text)| read(name, text)).transpose()?;
    let Some(file) = &register.changes else { return Ok((wanted, None)) };
    let rows = match table::read(file, &COLUMNS) {
        // Nobody took anybody's place: the heading alone says so.
        Err(AppError::Invalid(faults)) if faults.iter().all(|fault| fault.message.key() == Some("nothing")) => {
            Vec::new()
        }
        other => other?.rows,
    };
    Ok((wanted, Some(Changes { name: file.name.clone(), rows })))
}

fn judge(
    conn: &mut Conn,
    wanted: Option<&[Municipality]>,
    changes: Option<&Changes>,
    today: NaiveDate,
) -> Result<RegisterPlan, AppError> {
    let present: HashMap<Ars, Municipality> =
        store::municipalities::all(conn)?.into_iter().map(|m| (m.ars.clone(), m)).collect();
    let mut plan = RegisterPlan { ends_gone: wanted.is_some() && changes.is_some(), ..RegisterPlan::default() };
    let listed: HashMap<&Ars, &Municipality> = wanted.into_iter().flatten().map(|m| (&m.ars, m)).collect();
    for new in wanted.into_iter().flatten() {
        compare(&mut plan, present.get(&new.ars), new);
    }
    let pairs = changes.map(|changes| pairs(changes, &present, &listed, today)).transpose()?.unwrap_or_default();
    let done: HashMap<Ars, Ars> =
        store::successors::all(conn)?.into_iter().map(|row| (row.old_ars, row.new_ars)).collect();
    let given: HashSet<Ars> = pairs.iter().map(|who| who.old_ars.clone()).collect();
    for who in pairs {
        let what = merge::foresee(conn, &who.old_ars, &who.new_ars)?;
        // Once more only where something is left to do.
        if done.get(&who.old_ars) != Some(&who.new_ars) || what != Merged::default() {
            plan.merged.push(Merger { who, what });
        }
    }
    let lands: HashSet<LandCode> = listed.values().map(|m| m.land).collect();
    let mut gone: Vec<&Municipality> = present
        .values()
        .filter(|m| lands.contains(&m.land) && m.ended_on.is_none() && !listed.contains_key(&m.ars))
        .filter(|m| !given.contains(&m.ars) && !done.contains_key(&m.ars))
        .collect();
    gone.sort_by_key(|m| &m.ars);
    if plan.ends_gone {
        check_whole(&lands, &present, &gone)?;
    }
    let added: Vec<&Municipality> = plan.added.iter().filter_map(|place| listed.get(&place.ars).copied()).collect();
    plan.gone = gone.into_iter().map(|old| Gone { place: named(old), candidates: candidates(old, &added) }).collect();
    let versions: Vec<Option<i32>> = touched(&plan).map(|ars| present.get(ars).map(|m| m.version)).collect();
    plan.fingerprint = fingerprint(&(&plan, wanted, versions))?;
    Ok(plan)
}

/// The keys of all that is known already and would not stay as it is.
fn touched(plan: &RegisterPlan) -> impl Iterator<Item = &Ars> {
    let changes = [&plan.renamed, &plan.moved, &plan.changed].into_iter().flatten().map(|change| &change.ars);
    let gone = plan.gone.iter().filter(|_| plan.ends_gone).map(|gone| &gone.place);
    let places = plan.revived.iter().chain(gone).map(|place| &place.ars);
    changes.chain(places).chain(plan.merged.iter().flat_map(|merger| [&merger.who.old_ars, &merger.who.new_ars]))
}

fn named(m: &Municipality) -> PlaceName {
    PlaceName { ars: m.ars.clone(), name: m.name.clone() }
}

fn compare(plan: &mut RegisterPlan, old: Option<&Municipality>, new: &Municipality) {
    let Some(old) = old else { return plan.added.push(named(new)) };
    let lies = |m: &Municipality| format!("{}, {}", m.district, m.association);
    let change = |before: String, after: String| PlaceChange { ars: new.ars.clone(), before, after };
    let is_renamed = old.name != new.name;
    let is_moved = (&old.district, &old.association) != (&new.district, &new.association);
    // By the columns of the list; the AGS and the Land follow from the key.
    let more =
        |m: &Municipality| [format!("typ {}", m.kind), format!("plz_sitz {}", m.postal_code.as_deref().unwrap_or("–"))];
    let (before, after): (Vec<String>, Vec<String>) =
        more(old).into_iter().zip(more(new)).filter(|(before, after)| before != after).unzip();
    let (is_changed, is_revived) = (!before.is_empty(), old.ended_on.is_some());
    if is_renamed {
        plan.renamed.push(change(old.name.clone(), new.name.clone()));
    }
    if is_moved {
        plan.moved.push(change(lies(old), lies(new)));
    }
    if is_changed {
        plan.changed.push(change(before.join(", "), after.join(", ")));
    }
    if is_revived {
        plan.revived.push(named(new));
    }
    if !(is_renamed || is_moved || is_changed || is_revived) {
        plan.unchanged += 1;
    }
}

/// Those that are new and might be what became of the old one: by the AGS, by the name, or in the same Kreis.
fn candidates(old: &Municipality, added: &[&Municipality]) -> Vec<PlaceName> {
    let rank = |new: &&Municipality| {
        if new.ags == old.ags {
            Some(0)
        } else if new.land == old.land && fold(&new.name) == fold(&old.name) {
            Some(1)
        } else {
            (new.ars.as_str()[..5] == old.ars.as_str()[..5]).then_some(2)
        }
    };
    let mut fitting: Vec<(i32, &Municipality)> = added.iter().filter_map(|new| Some((rank(new)?, *new))).collect();
    fitting.sort_by_key(|(rank, new)| (*rank, new.ars.clone()));
    fitting.into_iter().take(5).map(|(_, new)| named(new)).collect()
}

/// Refuses what is hardly the whole list of a Land.
fn check_whole(
    lands: &HashSet<LandCode>,
    present: &HashMap<Ars, Municipality>,
    gone: &[&Municipality],
) -> Result<(), AppError> {
    let mut faults = Faults::default();
    for land in lands {
        let known = present.values().filter(|m| m.land == *land && m.ended_on.is_none()).count();
        let missing = gone.iter().filter(|m| m.land == *land).count();
        if missing > MANY && missing * 5 > known {
            let message = format!(
                "leaves out {missing} of {known} municipalities of {} without a successor; send the whole list, or leave --changes out",
                land.name()
            );
            // Without a key, as no page takes a list and its changes together.
            faults.add("municipalities", message);
        }
    }
    faults.finish()
}

fn pairs(
    changes: &Changes,
    present: &HashMap<Ars, Municipality>,
    listed: &HashMap<&Ars, &Municipality>,
    today: NaiveDate,
) -> Result<Vec<Successor>, AppError> {
    let mut faults = Faults::default();
    let mut seen: HashMap<Ars, usize> = HashMap::new();
    let mut all = Vec::new();
    for row in &changes.rows {
        let at = |field: &str| format!("{}: row {}: {field}", changes.name, row.number);
        let key = |field: &'static str, faults: &mut Faults| {
            let key = row.cell(field).unwrap_or_default().parse::<Ars>();
            key.map_err(|fault| faults.add(at(field), plan::no_key("ars")(fault))).ok()
        };
        let (old, new) = (key("old_ars", &mut faults), key("new_ars", &mut faults));
        let day = plan::value(row.cell("valid_on").unwrap_or_default(), Reading::Day);
        let day = day.map_err(|fault| faults.add(at("valid_on"), fault)).ok();
        let day = day.and_then(|day| day.as_str().and_then(|day| day.parse().ok()));
        let (Some(old_ars), Some(new_ars), Some(valid_on)) = (old, new, day) else { continue };
        if let Some(first) = seen.insert(old_ars.clone(), row.number) {
            let message = format!(
                "{old_ars} stands in row {first} already; one that was divided among several is not moved, leave it out"
            );
            faults.add(at("old_ars"), Message::new("merged-twice", message).naming(&old_ars).naming(first));
            continue;
        }
        if listed.contains_key(&old_ars) {
            let message = format!("{old_ars} stands in the new list and is not gone; leave the row out");
            // Without a key, as no page takes a list and its changes together.
            faults.add(at("old_ars"), message);
        }
        let new = listed.get(&new_ars).copied().or_else(|| present.get(&new_ars).filter(|m| m.ended_on.is_none()));
        if new.is_none() || new_ars == old_ars {
            let message = format!("{new_ars} is no municipality to move to; name one of the new list");
            faults.add(at("new_ars"), Message::new("no-successor", message).naming(&new_ars));
        }
        if valid_on > today {
            let message = format!("lies ahead; apply this row on {valid_on} or later");
            faults.add(at("valid_on"), Message::new("ahead", message));
        }
        let name = |m: Option<&Municipality>, ars: &Ars| m.map_or_else(|| ars.to_string(), |m| m.name.clone());
        all.push(Successor {
            old_name: name(present.get(&old_ars), &old_ars),
            new_name: name(new, &new_ars),
            old_ars,
            new_ars,
            valid_on,
        });
    }
    for chained in all.iter().filter(|one| seen.contains_key(&one.new_ars)) {
        let message = format!("{} is gone itself by another row; name who is there in the end", chained.new_ars);
        faults.add(format!("{}: new_ars", changes.name), Message::new("chained", message).naming(&chained.new_ars));
    }
    faults.finish()?;
    Ok(all)
}
