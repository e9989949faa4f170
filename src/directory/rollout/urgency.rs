//! Checklists in the order in which somebody is to look at them: what is late, what hinders help that is public, what
//! begins soon, what is missing; within each by the next date.
//!
//! Invariant: at most [`AT_ONCE`] are judged for one page, those not in use before those in use; a directory with more
//! goes on by its cursor. Nothing is changed here.

use std::cmp::Reverse;

use chrono::{NaiveDate, TimeDelta};

use super::checklist::{Checklist, checklist};
use super::facts::judge_all;
use crate::db::Db;
use crate::directory::adoptions::AdoptionQuery;
use crate::directory::page::{Page, PageRequest};
use crate::directory::store;
use crate::directory::terms::AdoptionState;
use crate::error::AppError;
use crate::ids::AdoptionId;

/// So many adoptions are judged and put in order at a time.
pub const AT_ONCE: i64 = 200;
/// A start so many days ahead is soon.
const SOON: i64 = 30;

/// The next date of an adoption: when a point is due that is not good, or when it is to begin.
pub fn next_date(list: &Checklist) -> Option<NaiveDate> {
    let due = list.items.iter().filter(|item| !item.verdict.is_good()).filter_map(|item| item.due_on);
    let start = list.planned_start.filter(|_| matches!(list.state, AdoptionState::Draft | AdoptionState::Ready));
    due.chain(start).min()
}

/// How soon somebody is to look at it; small is soon.
fn rank(list: &Checklist, today: NaiveDate) -> u8 {
    let (progress, is_used) = (&list.progress, list.state == AdoptionState::Live);
    let is_soon = next_date(list).is_some_and(|day| day <= today + TimeDelta::days(SOON));
    match () {
        () if progress.overdue > 0 => 0,
        () if is_used && progress.missing > 0 => 1,
        () if is_soon && progress.missing + progress.waiting > 0 => 2,
        () if progress.missing > 0 => 3,
        () if progress.waiting > 0 => 4,
        () if !is_used => 5,
        () => 6,
    }
}

/// Puts them in order.
fn sort(lists: &mut [Checklist], today: NaiveDate) {
    lists.sort_by_cached_key(|list| {
        let next = next_date(list);
        (rank(list, today), next.is_none(), next, Reverse(list.progress.missing), list.adoption)
    });
}

/// Where a page begins: among those in use or not, after which.
fn begin(cursor: Option<String>) -> Result<(bool, Option<AdoptionId>), AppError> {
    let Some(cursor) = cursor else { return Ok((false, None)) };
    let wrong = || AppError::field("cursor", "must be a next_cursor as an earlier page gave it");
    let (is_live, after) = cursor.split_once('|').ok_or_else(wrong)?;
    let after = Some(after).filter(|after| !after.is_empty()).map(str::parse).transpose().map_err(|_| wrong())?;
    Ok((is_live == "1", after))
}

/// A page of checklists, the most urgent first; `limit` is not looked at.
pub async fn by_urgency(
    db: &Db,
    query: AdoptionQuery,
    page: PageRequest,
    today: NaiveDate,
) -> Result<Page<Checklist>, AppError> {
    let (_, cursor) = page.read()?;
    let (mut is_live, mut after) = begin(cursor)?;
    db.read(move |conn| {
        let mut rows = Vec::new();
        let next = loop {
            let left = AT_ONCE - i64::try_from(rows.len()).unwrap_or(AT_ONCE);
            let part = AdoptionQuery { is_live: Some(is_live), ..query.clone() };
            let mut found = store::adoptions::list(conn, &part, left + 1, after)?;
            let is_more = i64::try_from(found.len()).is_ok_and(|count| count > left);
            found.truncate(usize::try_from(left).unwrap_or_default());
            after = found.last().map(|row| row.id).or(after);
            rows.extend(found);
            if is_more {
                let after = after.map_or_else(String::new, |id| id.to_string());
                break Some(format!("{}|{after}", u8::from(is_live)));
            }
            if is_live {
                break None;
            }
            (is_live, after) = (true, None);
        };
        let all = store::adoptions::whole(conn, rows)?;
        let mut items: Vec<Checklist> = judge_all(conn, all, today)?.iter().map(|one| checklist(one, today)).collect();
        sort(&mut items, today);
        Ok(Page::ending(items, next))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_to_go_on() {
        let id = AdoptionId::new();
        assert_eq!(begin(None).unwrap(), (false, None));
        assert_eq!(begin(Some(format!("0|{id}"))).unwrap(), (false, Some(id)));
        assert_eq!(begin(Some("1|".into())).unwrap(), (true, None));
        assert!(begin(Some("x".into())).is_err() && begin(Some("1|x".into())).is_err());
    }
}
