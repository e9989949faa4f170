//! What an adoption went through, the latest first: its versions, and what was changed of its roll-out.
//!
//! Invariant: of a point is told where it stood and stands, of the project what was changed; who sees to it and what was
//! noted stand on their pages.

use std::cmp::Reverse;

use serde_json::Value;

use super::of;
use crate::access::audit::browse::{Change, changes};
use crate::access::audit::{AuditAction, ObjectKind};
use crate::directory::rollout::Checklist;
use crate::directory::versions::Kind;
use crate::error::AppError;
use crate::http::State;
use crate::http::pages::directory::{ChangeLine, dated};
use crate::http::pages::shell::Shell;

/// So many changes are shown.
const SHOWN: usize = 20;
/// So many entries of the audit log are looked through.
const LOOKED_AT: usize = 100;

/// What it went through.
pub(super) async fn history(state: &State, shell: &Shell, list: &Checklist) -> Result<Vec<ChangeLine>, AppError> {
    let key = list.adoption.to_string();
    let mut all = dated(state, shell, Kind::Adoption, key.clone()).await?;
    let (found, _) = changes(&state.desk().db, ObjectKind::Adoption, key, None, LOOKED_AT).await?;
    all.extend(found.iter().filter_map(|change| Some((change.at, line(shell, list, change)?))));
    all.sort_by_key(|(at, _)| Reverse(*at));
    Ok(all.into_iter().take(SHOWN).map(|(_, line)| line).collect())
}

/// A change of the roll-out; what changed the adoption itself has a version.
fn line(shell: &Shell, list: &Checklist, change: &Change) -> Option<ChangeLine> {
    let what = match change.action {
        AuditAction::MatrixChanged => shell.say("history-matrix"),
        AuditAction::ChecklistChanged => {
            let after = change.after.as_ref()?;
            point(shell, list, change).unwrap_or_else(|| project(shell, after))
        }
        _ => return None,
    };
    let values = [("who", change.actor.name.clone()), ("when", shell.near(change.at))];
    Some(ChangeLine { who: shell.language.with_all("changed-by", &values), reason: None, what: vec![what] })
}

/// Where a point stood and stands; none where the change was of no point.
fn point(shell: &Shell, list: &Checklist, change: &Change) -> Option<String> {
    let after = change.after.as_ref()?.get("checklist")?;
    let before = change.before.as_ref().and_then(|before| before.get("checklist"));
    let item = after.get("item")?.as_str()?;
    let title = list.items.iter().find(|view| view.item.as_str() == item).map(|view| of(shell.language, &view.title));
    let title = title.unwrap_or(item);
    let stood = |point: &Value| {
        let state = point.get("state").and_then(Value::as_str).unwrap_or_default();
        shell.language.try_say(&format!("item-{state}")).unwrap_or_else(|| state.to_owned())
    };
    let (old, new) = (before.map(stood).unwrap_or_default(), stood(after));
    Some(if old == new { shell.with("history-point", "point", title) } else { format!("{title}: {old} → {new}") })
}

/// What was changed of the project.
fn project(shell: &Shell, after: &Value) -> String {
    let fields = [("planned_start", "rollout-start"), ("member", "rollout-member"), ("delegate", "rollout-delegate")];
    let changed = fields.iter().filter(|(field, _)| after.get(*field).is_some()).map(|(_, key)| shell.say(key));
    shell.with("history-project", "what", changed.collect::<Vec<_>>().join(", "))
}
