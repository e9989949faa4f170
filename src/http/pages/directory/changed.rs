//! Who changed what when: the versions of an object in words, and what happened while somebody had an older page open.
//!
//! Invariant: what is told is what the versions and the audit log kept; values of contacts come from their versions,
//! which the same people may read. A contact is told by its name, where no other one of them has the same.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use serde_json::{Map, Value};

use super::day;
use super::typed::mark;
use crate::access::audit::ObjectKind;
use crate::access::audit::browse::changes;
use crate::clock::Timestamp;
use crate::directory::versions::{self, Kind, Version};
use crate::directory::{PageRequest, contacts_of};
use crate::error::AppError;
use crate::http::State;
use crate::http::pages::shell::Shell;
use crate::keys::Slug;

/// So many versions are shown.
const SHOWN: u32 = 20;
/// What says nothing to people.
const SILENT: [&str; 6] = ["version", "updated_at", "id", "confirmed_by", "ended", "reason"];

/// One change in words.
pub struct ChangeLine {
    /// Who, and when.
    pub who: String,
    /// Why, where somebody said it.
    pub reason: Option<String>,
    /// What was changed; where it began, that it did.
    pub what: Vec<String>,
}

/// The latest versions of an object, the contacts in them by their names.
async fn read(state: &State, kind: Kind, key: String) -> Result<Vec<Version>, AppError> {
    let page = PageRequest { limit: Some(SHOWN), cursor: None };
    let mut found = versions::list(&state.desk().db, kind, key, page).await?.items;
    let mut slugs: Vec<Slug> = Vec::new();
    for version in &found {
        gather(&version.state, &mut slugs);
    }
    if slugs.is_empty() {
        return Ok(found);
    }
    slugs.sort();
    slugs.dedup();
    let contacts = state.desk().db.read(move |conn| contacts_of(conn, &slugs)).await?;
    let is_one = |name: &str| contacts.iter().filter(|contact| contact.name == name).count() == 1;
    let named = contacts.iter().filter(|contact| is_one(&contact.name));
    let names: HashMap<String, String> =
        named.map(|contact| (contact.slug.to_string(), contact.name.clone())).collect();
    for version in &mut found {
        rename(&mut version.state, &names);
    }
    Ok(found)
}

/// True for a field that holds the id of a contact.
fn is_contact(field: &str) -> bool {
    matches!(field, "contact" | "deputy")
}

/// The contacts that a state names.
fn gather(state: &Value, slugs: &mut Vec<Slug>) {
    match state {
        Value::Array(all) => {
            for one in all {
                gather(one, slugs);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                match value {
                    Value::String(text) if is_contact(field) => slugs.extend(text.parse::<Slug>()),
                    _ => gather(value, slugs),
                }
            }
        }
        _ => {}
    }
}

/// Puts names in the place of the contacts.
fn rename(state: &mut Value, names: &HashMap<String, String>) {
    match state {
        Value::Array(all) => {
            for one in all {
                rename(one, names);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                match value {
                    Value::String(text) if is_contact(field) => {
                        if let Some(name) = names.get(text.as_str()) {
                            name.clone_into(text);
                        }
                    }
                    _ => rename(value, names),
                }
            }
        }
        _ => {}
    }
}

/// What an object went through, the latest first.
pub async fn history(state: &State, shell: &Shell, kind: Kind, key: String) -> Result<Vec<ChangeLine>, AppError> {
    Ok(dated(state, shell, kind, key).await?.into_iter().map(|(_, line)| line).collect())
}

/// The same, each with its time.
pub async fn dated(
    state: &State,
    shell: &Shell,
    kind: Kind,
    key: String,
) -> Result<Vec<(Timestamp, ChangeLine)>, AppError> {
    let found = read(state, kind, key).await?;
    let line = |(index, version): (usize, &Version)| {
        let before = found.get(index + 1).map(|before| &before.state);
        let what = match before {
            _ if version.ended => vec![shell.say("changed-ended")],
            None => vec![shell.say(if version.by.is_some() { "changed-made" } else { "changed-before" })],
            Some(before) => differences(shell, before, &version.state),
        };
        let by = version.by.as_ref().map_or_else(|| "–".to_owned(), |actor| actor.name.clone());
        let values = [("who", by), ("when", shell.near(version.at))];
        let who = shell.language.with_all("changed-by", &values);
        (version.at, ChangeLine { who, reason: version.reason.clone(), what })
    };
    Ok(found.iter().enumerate().map(line).collect())
}

/// Says beside the form why a change was refused, and answers with which status; what is no refusal stays a fault. An
/// older page is told who was quicker.
pub async fn refused(
    state: &State,
    shell: &mut Shell,
    (kind, id): (ObjectKind, String),
    fault: AppError,
    fields: &[(&str, &str, &str)],
) -> Result<StatusCode, AppError> {
    match fault {
        AppError::Conflict(_) => {
            let told = meanwhile_noted(state, shell, kind, id).await?;
            shell.fault_text("", told);
            Ok(StatusCode::CONFLICT)
        }
        AppError::Invalid(faults) => {
            mark(shell, &faults, fields);
            Ok(StatusCode::UNPROCESSABLE_ENTITY)
        }
        fault => Err(fault),
    }
}

/// What differs, a line a field.
fn differences(shell: &Shell, before: &Value, after: &Value) -> Vec<String> {
    let empty = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut fields: Vec<&String> = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
    fields.retain(|field| !SILENT.contains(&field.as_str()));
    let differs =
        |field: &&String| before.get(*field).unwrap_or(&Value::Null) != after.get(*field).unwrap_or(&Value::Null);
    let lines = fields.into_iter().filter(differs).map(|field| {
        let old = value_of(shell, field, before.get(field).unwrap_or(&Value::Null));
        let new = value_of(shell, field, after.get(field).unwrap_or(&Value::Null));
        format!("{}: {old} → {new}", label(shell, field))
    });
    lines.collect()
}

/// The name of a field as its form calls it.
fn label(shell: &Shell, field: &str) -> String {
    shell.language.try_say(&format!("field-{}", field.replace('_', "-"))).unwrap_or_else(|| field.to_owned())
}

/// The value of a field; where an adoption stands is said as on its page.
fn value_of(shell: &Shell, field: &str, is: &Value) -> String {
    let state = is.as_str().filter(|_| field == "state");
    state.and_then(|state| shell.language.try_say(&format!("adoption-{state}"))).unwrap_or_else(|| value(shell, is))
}

/// A value as one reads it: of an object what it is called.
pub fn value(shell: &Shell, value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(is_so) => shell.say(if *is_so { "yes" } else { "no" }),
        Value::String(text) if text.is_empty() => "–".to_owned(),
        Value::String(text) => match text.parse() {
            Ok(on) => day(shell.language, on),
            Err(_) => text.clone(),
        },
        Value::Number(number) => number.to_string(),
        Value::Array(all) if all.is_empty() => "–".to_owned(),
        Value::Array(all) => all.iter().map(|one| self::value(shell, one)).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let named = ["label", "contact", "name", "url", "title"].iter().find_map(|key| fields.get(*key));
            let person = fields.get("person").and_then(Value::as_str).map(|person| format!(" ({person})"));
            let days = ["from", "until", "valid_from", "valid_to"].iter().filter_map(|key| fields.get(*key)?.as_str());
            let days: Vec<String> = days.map(|text| self::value(shell, &Value::from(text))).collect();
            let days = if days.is_empty() { String::new() } else { format!(" [{}]", days.join(" – ")) };
            named.map_or_else(|| "…".to_owned(), |named| self::value(shell, named))
                + &person.unwrap_or_default()
                + &days
        }
    }
}

/// What others changed since a version was read, in one sentence, from the versions of the object.
pub async fn meanwhile(
    state: &State,
    shell: &Shell,
    kind: Kind,
    key: String,
    read: Option<i32>,
) -> Result<String, AppError> {
    let found = self::read(state, kind, key).await?;
    let last = found.first().filter(|last| read.is_none_or(|read| last.version > read));
    let then = found.iter().find(|one| read.is_some_and(|read| one.version <= read));
    let Some(last) = last else { return Ok(shell.say("fault-meanwhile")) };
    let what = then.map(|then| differences(shell, &then.state, &last.state)).unwrap_or_default().join("; ");
    Ok(sentence(shell, last.by.as_ref().map_or("–", |by| &by.name), shell.near(last.at), what))
}

/// The same of an object without versions, from the audit log: who, when and which fields.
async fn meanwhile_noted(state: &State, shell: &Shell, object: ObjectKind, key: String) -> Result<String, AppError> {
    let (found, _) = changes(&state.desk().db, object, key, None, 1).await?;
    let Some(last) = found.first() else { return Ok(shell.say("fault-meanwhile")) };
    let fields = last.after.as_ref().and_then(Value::as_object);
    let fields = fields.into_iter().flat_map(|fields| fields.keys()).filter(|field| !SILENT.contains(&field.as_str()));
    let what = fields.map(|field| label(shell, field)).collect::<Vec<_>>().join(", ");
    Ok(sentence(shell, &last.actor.name, shell.near(last.at), what))
}

fn sentence(shell: &Shell, who: &str, when: String, what: String) -> String {
    shell.language.with_all("fault-meanwhile-by", &[("who", who.to_owned()), ("when", when), ("what", what)])
}
