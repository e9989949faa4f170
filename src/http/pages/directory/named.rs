//! The contact that somebody types, by its id or by its name.
//!
//! Invariant: a name counts only whole, and only where one contact within the person's reach has it; what is wrong is said
//! at the field.

use super::typed::Typed;
use crate::access::{Action, Reach};
use crate::directory::{PageRequest, contacts, contacts_of};
use crate::error::{AppError, FieldError};
use crate::http::State;
use crate::http::pages::shell::Shell;
use crate::http::visitor::Person;
use crate::keys::{Slug, fold};

/// Contacts that may stand in, by slug and name.
pub(super) async fn offered(state: &State, person: &Person) -> Result<Vec<(String, String)>, AppError> {
    let reach = person.caller.reach(Action::ReadDirectory);
    let query = contacts::ContactQuery { reach, ..Default::default() };
    let page = PageRequest { limit: Some(200), cursor: None };
    let found = contacts::list(&state.desk().db, query, page).await?.items;
    Ok(found.into_iter().map(|contact| (contact.slug.to_string(), contact.name)).collect())
}

/// The contact that is typed, by its id or by a whole name that only one of those within reach has; says what is wrong.
pub(in crate::http::pages) async fn meant(
    state: &State,
    person: &Person,
    shell: &mut Shell,
    typed: &str,
) -> Result<Option<Slug>, AppError> {
    if typed.trim().is_empty() {
        shell.fault("kontakt", "fault-contact-missing");
        return Ok(None);
    }
    or_fault(state, person, shell, "kontakt", typed).await
}

/// The same where the field may stay empty, as for a deputy.
pub(super) async fn meant_or_none(
    state: &State,
    person: &Person,
    shell: &mut Shell,
    typed: &Typed,
    field: &str,
) -> Result<Option<Slug>, AppError> {
    match typed.text(field) {
        Some(text) => or_fault(state, person, shell, field, &text).await,
        None => Ok(None),
    }
}

/// The same once something is typed: says at the field what is wrong with it.
async fn or_fault(
    state: &State,
    person: &Person,
    shell: &mut Shell,
    field: &str,
    typed: &str,
) -> Result<Option<Slug>, AppError> {
    let found = by_name(state, &person.caller.reach(Action::ReadDirectory), typed).await?;
    Ok(found.map_err(|key| shell.fault(field, key)).ok())
}

/// The contact with this id, or with this whole name where only one within reach has it; else the key of what is wrong.
pub(in crate::http::pages) async fn by_name(
    state: &State,
    reach: &Reach,
    typed: &str,
) -> Result<Result<Slug, &'static str>, AppError> {
    let typed = typed.trim();
    // An id is meant first: forms fill it in, and another contact may be called like it.
    if let Ok(slug) = typed.parse::<Slug>() {
        let asked = [slug.clone()];
        if !state.desk().db.read(move |conn| contacts_of(conn, &asked)).await?.is_empty() {
            return Ok(Ok(slug));
        }
    }
    let query = contacts::ContactQuery { reach: reach.clone(), q: Some(typed.to_owned()), ..Default::default() };
    let (mut named, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: Some(200), cursor };
        let found = contacts::list(&state.desk().db, query.clone(), page).await?;
        named.extend(found.items.into_iter().filter(|one| fold(&one.name) == fold(typed)).map(|one| one.slug));
        cursor = found.next_cursor;
        if named.len() > 1 || cursor.is_none() {
            break;
        }
    }
    Ok(match (named.as_slice(), typed.parse::<Slug>()) {
        ([one], _) => Ok(one.clone()),
        ([_, _, ..], _) => Err("fault-contact-several"),
        ([], Ok(slug)) => Ok(slug),
        ([], Err(_)) => Err("fault-contact-unknown"),
    })
}

/// Says at its field why a deputy was refused.
pub(super) fn mark_deputy(shell: &mut Shell, faults: &[FieldError], field: &str) {
    for fault in faults.iter().filter(|fault| matches!(fault.field.as_str(), "deputy" | "change.deputy")) {
        let key = match fault.message.key() {
            Some("away") => "fault-deputy-away",
            Some("itself") => "fault-deputy-self",
            _ => "fault-contact-unknown",
        };
        shell.fault(field, key);
    }
}
