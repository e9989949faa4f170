//! What a list of municipalities or its mergers change, in words, place by place.
//!
//! Invariant: what a list does not name stands among the changes only where it is taken out of use; otherwise it is said
//! by itself that it stays.

use serde_json::Value;

use super::changed::value;
use crate::directory::import::{Gone, Merger, PlaceChange, PlaceName, RegisterPlan};
use crate::http::pages::shell::Shell;

/// A heading that says how many there are, and a line for each.
pub type List = (String, Vec<String>);

/// How many there are of each, by sign and key.
pub fn counts(plan: &RegisterPlan) -> [(&'static str, &'static str, usize); 6] {
    [
        ("new", "new", plan.added.len()),
        ("assess", "renamed", plan.renamed.len()),
        ("assess", "moved", plan.moved.len()),
        ("assess", "changed", plan.changed.len()),
        ("assess", "revived", plan.revived.len()),
        ("ok", "unchanged", plan.unchanged),
    ]
}

/// What changes, in the order of the counts; of each no more than `most` are named.
pub fn changes(shell: &Shell, plan: &RegisterPlan, most: usize) -> Vec<List> {
    let lists = [
        list(shell, most, "added", plan.added.iter().map(place)),
        list(shell, most, "renamed", plan.renamed.iter().map(change)),
        list(shell, most, "moved", plan.moved.iter().map(change)),
        list(shell, most, "changed", plan.changed.iter().map(change)),
        list(shell, most, "revived", plan.revived.iter().map(place)),
        list(shell, most, "merged", plan.merged.iter().map(|one| merger(shell, one))),
        unnamed(shell, plan, most, "gone").filter(|_| plan.ends_gone),
    ];
    lists.into_iter().flatten().collect()
}

/// What the list does not name of its Länder and what stays all the same; no more than `most` are named.
pub fn stays(shell: &Shell, plan: &RegisterPlan, most: usize) -> Option<List> {
    unnamed(shell, plan, most, "unnamed").filter(|_| !plan.ends_gone)
}

fn unnamed(shell: &Shell, plan: &RegisterPlan, most: usize, key: &str) -> Option<List> {
    list(shell, most, key, plan.gone.iter().map(|one| gone(shell, one)))
}

/// The list of this key, where there is anything in it.
fn list(shell: &Shell, most: usize, key: &str, lines: impl ExactSizeIterator<Item = String>) -> Option<List> {
    let count = lines.len();
    let mut shown: Vec<String> = lines.take(most).collect();
    if count > most {
        shown.push(shell.with("import-left", "count", count - most));
    }
    (count > 0).then(|| (shell.with(&format!("register-{key}"), "count", count), shown))
}

fn place(one: &PlaceName) -> String {
    format!("{} {}", one.ars, one.name)
}

fn change(one: &PlaceChange) -> String {
    format!("{} {} → {}", one.ars, one.before, one.after)
}

fn merger(shell: &Shell, one: &Merger) -> String {
    let who = &one.who;
    let (old, new) = (format!("{} {}", who.old_ars, who.old_name), format!("{} {}", who.new_ars, who.new_name));
    let day = value(shell, &Value::from(who.valid_on.to_string()));
    shell.language.with_all("register-merger", &[("old", old), ("new", new), ("day", day)])
}

fn gone(shell: &Shell, one: &Gone) -> String {
    let may = one.candidates.iter().map(place).collect::<Vec<_>>().join(", ");
    let hint = if may.is_empty() { String::new() } else { shell.with("register-candidates", "names", may) };
    format!("{} {hint}", place(&one.place)).trim().to_owned()
}
