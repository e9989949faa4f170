//! A new official list of municipalities, with who took whose place: what it would change, and doing it.
//!
//! Invariant: the plan comes first and names everything; successors are given, never guessed. A list that is applied
//! with changes counts as the whole of the Länder it names: what it names no more is taken out of use. Each step is
//! whole by itself and does nothing when done again, so that a run that was cut off is completed by the next.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::Summary;
use super::municipalities::{self, Inherited};
use super::plan::{self, Reading};
use super::rights::Importer;
use super::table::{self, Column, TableFile};
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
    /// Keys in whose place others stand.
    pub merged: Vec<Merger>,
    /// Keys that are gone without a successor.
    pub gone: Vec<Gone>,
    /// True where those that are gone are taken out of use when this is applied.
    pub ends_gone: bool,
    /// How many are as they were.
    pub unchanged: usize,
}

/// A list and its changes, either of which may be missing.
#[derive(Debug, Clone, Default)]
pub struct Register {
    /// The official list: its name and text.
    pub list: Option<(String, String)>,
    /// Who took whose place.
    pub changes: Option<TableFile>,
}

impl Register {
    /// An official list alone, as it came.
    pub fn of_list(name: String, bytes: Vec<u8>) -> Result<Self, AppError> {
        let text = String::from_utf8(bytes)
            .map_err(|_| AppError::field(&name, Message::new("utf8", "is not UTF-8; save it as CSV UTF-8")))?;
        Ok(Self { list: Some((name, text)), changes: None })
    }
}

/// Says what it would do.
pub async fn plan_municipalities(db: &Db, register: &Register, now: Timestamp) -> Result<RegisterPlan, AppError> {
    let wanted = wanted(register)?;
    let changes = register.changes.clone();
    db.read(move |conn| judge(conn, wanted.as_deref(), changes.as_ref(), now.day_in_berlin())).await
}

/// Does it; answers what was done. Requests follow in `tickets/relocation.rs`.
pub async fn apply_municipalities(
    db: &Db,
    importer: &Importer,
    register: &Register,
    now: Timestamp,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<(Summary, RegisterPlan), AppError> {
    let plan = plan_municipalities(db, register, now).await?;
    let mut summary = Summary::default();
    if let Some((name, text)) = &register.list {
        let inherited = inherited(db, &plan).await?;
        summary = municipalities::import(db, name, text, &inherited, now, progress).await?;
    }
    let actor = importer.actor();
    for merger in &plan.merged {
        merge::merge(db, &actor, &merger.who, now).await?;
    }
    if plan.ends_gone {
        let gone: Vec<Ars> = plan.gone.iter().map(|gone| gone.place.ars.clone()).collect();
        for some in gone.chunks(250) {
            merge::end(db, &actor, some.to_vec(), now.day_in_berlin(), now).await?;
        }
    }
    Ok((summary, plan))
}

/// Whether 115 answers in a new municipality, from those whose place it takes: where it answered in all of them.
async fn inherited(db: &Db, plan: &RegisterPlan) -> Result<Inherited, AppError> {
    let added: HashSet<Ars> = plan.added.iter().map(|place| place.ars.clone()).collect();
    let pairs: Vec<(Ars, Ars)> = plan
        .merged
        .iter()
        .filter(|merger| added.contains(&merger.who.new_ars))
        .map(|merger| (merger.who.old_ars.clone(), merger.who.new_ars.clone()))
        .collect();
    db.read(move |conn| {
        let keys: Vec<Ars> = pairs.iter().map(|(old, _)| old.clone()).collect();
        let known: HashMap<Ars, bool> =
            store::municipalities::of(conn, &keys)?.into_iter().map(|m| (m.ars, m.in_115)).collect();
        let mut all = Inherited::new();
        for (old, new) in pairs {
            if let Some(in_115) = known.get(&old) {
                *all.entry(new).or_insert(true) &= in_115;
            }
        }
        Ok(all)
    })
    .await
}

fn wanted(register: &Register) -> Result<Option<Vec<Municipality>>, AppError> {
    register.list.as_ref().map(|(name, text)| municipalities::read(name, text)).transpose()
}

fn judge(
    conn: &mut Conn,
    wanted: Option<&[Municipality]>,
    changes: Option<&TableFile>,
    today: NaiveDate,
) -> Result<RegisterPlan, AppError> {
    let present: HashMap<Ars, Municipality> =
        store::municipalities::all(conn)?.into_iter().map(|m| (m.ars.clone(), m)).collect();
    let mut plan = RegisterPlan { ends_gone: wanted.is_some() && changes.is_some(), ..RegisterPlan::default() };
    let listed: HashMap<&Ars, &Municipality> = wanted.into_iter().flatten().map(|m| (&m.ars, m)).collect();
    for new in wanted.into_iter().flatten() {
        compare(&mut plan, present.get(&new.ars), new);
    }
    let pairs = changes.map(|file| pairs(file, &present, &listed, today)).transpose()?.unwrap_or_default();
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
    Ok(plan)
}

fn named(m: &Municipality) -> PlaceName {
    PlaceName { ars: m.ars.clone(), name: m.name.clone() }
}

fn compare(plan: &mut RegisterPlan, old: Option<&Municipality>, new: &Municipality) {
    let Some(old) = old else { return plan.added.push(named(new)) };
    let lies = |m: &Municipality| format!("{}, {}", m.district, m.association);
    let change = |before: String, after: String| PlaceChange { ars: new.ars.clone(), before, after };
    let (is_renamed, is_moved) = (old.name != new.name, lies(old) != lies(new));
    if is_renamed {
        plan.renamed.push(change(old.name.clone(), new.name.clone()));
    }
    if is_moved {
        plan.moved.push(change(lies(old), lies(new)));
    }
    if !is_renamed && !is_moved {
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
    file: &TableFile,
    present: &HashMap<Ars, Municipality>,
    listed: &HashMap<&Ars, &Municipality>,
    today: NaiveDate,
) -> Result<Vec<Successor>, AppError> {
    let table = match table::read(file, &COLUMNS) {
        // Nobody took anybody's place: the heading alone says so.
        Err(AppError::Invalid(faults)) if faults.iter().all(|fault| fault.message.key() == Some("nothing")) => {
            return Ok(Vec::new());
        }
        other => other?,
    };
    let mut faults = Faults::default();
    let mut seen: HashMap<Ars, usize> = HashMap::new();
    let mut all = Vec::new();
    for row in &table.rows {
        let at = |field: &str| format!("{}: row {}: {field}", file.name, row.number);
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
        faults.add(format!("{}: new_ars", file.name), Message::new("chained", message).naming(&chained.new_ars));
    }
    faults.finish()?;
    Ok(all)
}
