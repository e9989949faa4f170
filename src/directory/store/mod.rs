//! The directory's tables, one file an object.
//!
//! Invariant: whoever writes to them calls [`changed`] (or [`places_changed`]) in the same transaction, after the
//! writing. An adoption that was written carries no number of a change until then.

pub(super) mod adoptions;
pub(super) mod agreements;
pub(super) mod callbacks;
pub(super) mod channels;
pub(super) mod closing_days;
pub(super) mod contacts;
pub(super) mod duties;
pub(super) mod kept_help;
pub(super) mod lands;
pub(super) mod municipalities;
pub(super) mod notices;
pub(super) mod planned;
pub(super) mod recounts;
pub(super) mod rollout;
pub(super) mod services;
pub(super) mod successors;
pub(super) mod transfers;
pub(super) mod versions;

use diesel::prelude::*;

use crate::db::schema::changes;
use crate::db::{Conn, Topic, Tx};
use crate::error::AppError;

/// Tells every instance that the directory changed, and which adoptions. Who raises the version holds its row until
/// the commit, so versions rise in the order of the commits.
pub(super) fn changed(tx: &mut Tx) -> Result<(), AppError> {
    raise(tx, "directory")?;
    adoptions::stamp(tx)?;
    tx.signal(Topic::Directory);
    tx.signal(Topic::Contacts);
    Ok(())
}

/// Tells every instance that municipalities changed, which are loaded anew only then.
pub(super) fn places_changed(tx: &mut Tx) -> Result<(), AppError> {
    raise(tx, "places")?;
    changed(tx)
}

/// Somebody else was quicker, after the row was read and before it was written.
fn stale_row(what: &str) -> AppError {
    AppError::Conflict(format!("{what} was changed by somebody else just now; read it again"))
}

fn raise(conn: &mut Conn, topic: &str) -> Result<(), AppError> {
    diesel::update(changes::table.find(topic)).set(changes::version.eq(changes::version + 1)).execute(conn)?;
    Ok(())
}

/// The present versions of the directory and of its municipalities.
pub(super) fn versions(conn: &mut Conn) -> Result<(i64, i64), AppError> {
    let rows: Vec<(String, i64)> = changes::table.filter(changes::topic.eq_any(["directory", "places"])).load(conn)?;
    let of = |topic: &str| rows.iter().find(|(t, _)| t == topic).map_or(0, |(_, version)| *version);
    Ok((of("directory"), of("places")))
}
