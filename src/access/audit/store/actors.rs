//! Which people, tokens and contacts a search by name means.
//!
//! Invariant: a part of a name is never looked for in the log itself, which has millions of entries and no index over
//! names. It is looked for in the small tables of people, tokens and contacts; the log is then asked for their ids and
//! whole names.

use diesel::prelude::*;
use uuid::Uuid;

use crate::access::Actor;
use crate::db::Conn;
use crate::db::dialect::replace;
use crate::db::schema::{contacts, tokens, users};
use crate::error::AppError;
use crate::ids::{TokenId, UserId};
use crate::keys::fold;

/// More than so many are no answer to "who"; each costs a comparison with every entry looked at.
const MOST: usize = 50;
/// Who acts without a row of their own anywhere, beside Lotse itself.
const UNLISTED: [&str; 2] = ["Online-Formular", "Fragende Person"];

/// What stands in the JSON of each actor that is meant: by id, by the whole name as it was typed, or by a part of the
/// name in any spelling. Who was renamed is found by their id under both names. A log-in counts where the asker may
/// know log-ins.
pub(in crate::access::audit) fn meant(
    conn: &mut Conn,
    text: &str,
    knows_logins: bool,
) -> Result<Vec<String>, AppError> {
    if let Ok(id) = text.parse::<Uuid>() {
        return Ok(vec![by_id(id)]);
    }
    let part = fold(text);
    let is_meant = |name: &str| !part.is_empty() && fold(name).contains(&part);
    let is_just_so = |name: &str| fold(name) == part;
    // Each with whether it is called just so.
    let mut found = vec![(by_name(text), true)];

    let people: Vec<(UserId, String, String)> =
        users::table.order(users::id).select((users::id, users::login, users::name)).load(conn)?;
    let people = people.iter().filter(|(_, login, name)| is_meant(name) || (knows_logins && is_meant(login)));
    found.extend(people.map(|(id, _, name)| (by_id(id.uuid()), is_just_so(name))));

    let tokens: Vec<(TokenId, String)> =
        tokens::table.order(tokens::id).select((tokens::id, tokens::name)).load(conn)?;
    let tokens = tokens.iter().filter(|(_, name)| is_meant(name));
    found.extend(tokens.map(|(id, name)| (by_id(id.uuid()), is_just_so(name))));

    // Who speaks for a contact by a link or a mail stands in the log by the contact's name.
    let named = contacts::table.filter(replace(contacts::folded, part.clone(), "").ne(contacts::folded));
    let contacts: Vec<String> = named.order(contacts::slug).select(contacts::name).load(conn)?;
    let others = [Actor::system(), Actor::console(), Actor::import()].map(|actor| actor.name);
    let names = contacts.into_iter().chain(others).chain(UNLISTED.map(str::to_owned));
    found.extend(names.filter(|name| is_meant(name)).map(|name| (by_name(&name), is_just_so(&name))));

    found.sort_unstable();
    found.dedup();
    let is_many = found.len() > MOST;
    if is_many {
        // A whole name is meant as such, however many others it is a part of.
        found.retain(|(_, is_just_so)| *is_just_so);
    }
    // What was typed is always among them.
    if found.len() > MOST || (is_many && found.len() == 1) {
        let fault = format!("means more than {MOST} people and systems; write more of the name");
        return Err(AppError::field("actor", fault));
    }
    Ok(found.into_iter().map(|(part, _)| part).collect())
}

fn by_id(id: Uuid) -> String {
    format!("\"id\":\"{id}\"")
}

fn by_name(name: &str) -> String {
    format!("\"name\":{}", serde_json::Value::from(name))
}
