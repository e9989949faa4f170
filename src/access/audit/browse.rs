//! Reading the audit log: newest first, narrowed by who, what, on what and when.
//!
//! Invariant: the log tells of everybody everywhere, so only who may read all of it reads any of it
//! ([`may_read_all`]); the exceptions are the histories of a single contact and of an adoption, which show no addresses.

use chrono::TimeDelta;

use super::entry::{AuditAction, Entry, ObjectKind};
use super::store;
use crate::access::{Action, Actor, Caller};
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::error::AppError;
use crate::ids::AuditId;

/// What the log is narrowed to; empty means everything.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Filter {
    /// By the id of a token or person, or by a part of the name.
    pub actor: Option<String>,
    /// Whether a part of a person's log-in counts as well; see [`knows_logins`].
    #[serde(skip)]
    pub knows_logins: bool,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only on things of this kind.
    pub object: Option<ObjectKind>,
    /// Only on this one.
    pub object_id: Option<String>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Option<Timestamp>,
}

/// The most entries that are looked at for one page of what somebody did: their names stand in no index. Whoever wants
/// more goes on from there.
const LOOKED_AT: i64 = 100_000;

/// Part of the log, with where it goes on.
#[derive(Debug, Clone)]
pub struct Page {
    /// The entries, newest first; perhaps none, though more come further back.
    pub items: Vec<Entry>,
    /// What to ask with for more.
    pub next: Option<AuditId>,
}

/// Refuses whoever does not reach everything.
pub fn may_read_all(caller: &Caller) -> Result<(), AppError> {
    caller.may(Action::ReadAudit)?;
    if caller.reach(Action::ReadAudit).is_everything() {
        return Ok(());
    }
    Err(AppError::Forbidden("the audit log tells of all regions; it takes a right that reaches everywhere".into()))
}

/// True where they may read who has which log-in.
pub fn knows_logins(caller: &Caller) -> bool {
    caller.may(Action::ReadUsers).is_ok() && caller.reach(Action::ReadUsers).is_everything()
}

/// Refuses what no page of the log can answer.
pub async fn check(db: &Db, filter: Filter) -> Result<(), AppError> {
    db.read_behind(move |conn| meant(conn, &filter).map(drop)).await
}

/// What stands in the actors that are meant; nothing where everybody is.
fn meant(conn: &mut Conn, filter: &Filter) -> Result<Option<Vec<String>>, AppError> {
    if filter.from.zip(filter.to).is_some_and(|(from, to)| from >= to) {
        return Err(AppError::field("to", "must be after from"));
    }
    filter.actor.as_deref().map(|who| store::meant(conn, who, filter.knows_logins)).transpose()
}

/// A page of the log.
pub async fn list(db: &Db, filter: Filter, before: Option<AuditId>, limit: usize) -> Result<Page, AppError> {
    db.read_behind(move |conn| page(conn, &filter, before, limit)).await
}

fn page(conn: &mut Conn, filter: &Filter, before: Option<AuditId>, limit: usize) -> Result<Page, AppError> {
    let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
    let actors = meant(conn, filter)?;
    // The entries of one thing have an index; what somebody did is looked for entry by entry, and not without end.
    let is_of_one = filter.object.is_some() && filter.object_id.is_some();
    // An entry gets its id within moments of its time.
    let (hour, is_bounded) = (TimeDelta::hours(1), actors.is_some() && !is_of_one);
    let newest = filter.to.map(|to| AuditId::at(to.plus(hour), &[0xff; 10])).filter(|_| is_bounded);
    let before = before.into_iter().chain(newest).min();
    let oldest = filter.from.map(|from| AuditId::at(from.minus(hour), &[0; 10]));
    let from = if is_bounded { store::last_of(conn, before, LOOKED_AT)? } else { None };
    let mut rows = store::list(conn, filter, actors.as_deref(), (before, from), wanted)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let rest = from.filter(|from| oldest.is_none_or(|oldest| *from > oldest));
    let next = if more { rows.last().map(|row| row.id) } else { rest };
    Ok(Page { items: rows.into_iter().map(store::FoundRow::entry).collect::<Result<_, _>>()?, next })
}

/// A change of one thing as everybody sees it who sees the thing.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = RecordedChange)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: AuditAction,
    /// What was different before; personal data is masked.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// What is so since; personal data is masked.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
}

/// The changes of one thing, newest first, at most `limit`.
pub async fn changes(
    db: &Db,
    object: ObjectKind,
    object_id: String,
    before: Option<AuditId>,
    limit: usize,
) -> Result<(Vec<Change>, Option<AuditId>), AppError> {
    let filter = Filter { object: Some(object), object_id: Some(object_id), ..Filter::default() };
    let page = list(db, filter, before, limit).await?;
    let change = |entry: Entry| {
        let Entry { at, actor, action, before, after, .. } = entry;
        Change { at, actor, action, before, after }
    };
    Ok((page.items.into_iter().map(change).collect(), page.next))
}
