//! What is missing where: every adoption in use against what the source asks of it.
//!
//! Invariant: the report reads with the same rules a question is routed by (`resolve.rs`), so that what it calls
//! a gap is what would go wrong. It changes nothing and asks nobody. A gap says what helps, in German.
//!
//! Where next: `gaps/kind.rs` (what can be missing), `gaps/judge.rs` (when it is), `gaps/known.rs` (what all adoptions
//! share), `gaps/always.rs` (who is reached at night), `gaps/checklist.rs` (points of the roll-out).

mod always;
mod checklist;
mod judge;
mod kind;
mod known;

use chrono::NaiveDate;
use serde::Serialize;

use super::adoptions::AdoptionQuery;
use super::page::{Page, PageRequest};
use super::rollout::Item;
use super::store::adoptions::AdoptionRow;
use super::terms::AdoptionState;
use super::{Settings, store};
use crate::access::Reach;
use crate::db::Conn;
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{Ars, ArsPrefix, Slug};

pub use kind::{GapKind, Severity};

/// So many adoptions are read at once.
const TOGETHER: usize = 500;

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Gap {
    /// Which service.
    pub service: Slug,
    /// Which municipality.
    pub ars: Ars,
    /// Its name.
    pub municipality: String,
    /// What is missing.
    pub kind: GapKind,
    /// How bad that is.
    pub severity: Severity,
    /// The contact it is about.
    pub contact: Option<Slug>,
    /// In words, German.
    pub message: String,
    /// What helps, in words, German.
    pub remedy: String,
    /// Since when, or from when on, where that is known.
    pub since: Option<NaiveDate>,
    /// The adoption it is about, where there is one.
    pub adoption: Option<AdoptionId>,
    /// The point of its checklist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
}

impl Gap {
    /// One as bad as its kind is, of which it is not known since when it is there.
    pub fn new(
        service: Slug,
        ars: Ars,
        municipality: String,
        kind: GapKind,
        contact: Option<Slug>,
        message: String,
    ) -> Self {
        let (severity, remedy) = (kind.severity(), kind.remedy().to_owned());
        Self {
            service,
            ars,
            municipality,
            kind,
            severity,
            contact,
            message,
            remedy,
            since: None,
            adoption: None,
            item: None,
        }
    }

    /// What a report is ordered by.
    fn key(&self) -> (&Slug, &Ars, GapKind, &Option<Slug>, &str) {
        (&self.service, &self.ars, self.kind, &self.contact, &self.message)
    }
}

/// Which gaps.
#[derive(Debug, Clone, Default)]
pub struct GapQuery {
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only within this reach.
    pub reach: Reach,
    /// Only in this region.
    pub region: Option<ArsPrefix>,
    /// Only of this kind.
    pub kind: Option<GapKind>,
    /// Only so bad.
    pub severity: Option<Severity>,
    /// Only about this contact.
    pub contact: Option<Slug>,
    /// Looks through at most so many adoptions; through all where left out.
    pub most: Option<i64>,
}

impl GapQuery {
    /// True where the query wants to hear of it, apart from where it is.
    pub fn wants(&self, gap: &Gap) -> bool {
        self.kind.is_none_or(|kind| gap.kind == kind)
            && self.severity.is_none_or(|severity| gap.severity == severity)
            && self.contact.as_ref().is_none_or(|contact| gap.contact.as_ref() == Some(contact))
    }
}

/// The adoptions a query is about.
fn wanted(query: &GapQuery) -> AdoptionQuery {
    AdoptionQuery {
        service: query.service.clone(),
        reach: query.reach.clone(),
        region: query.region.clone(),
        ..Default::default()
    }
}

/// True where a query looks through fewer adoptions than there are.
pub fn are_cut(conn: &mut Conn, query: &GapQuery) -> Result<bool, AppError> {
    let Some(most) = query.most else { return Ok(false) };
    let found = store::adoptions::list(conn, &wanted(query), most + 1, None)?;
    Ok(i64::try_from(found.len()).is_ok_and(|count| count > most))
}

/// The states whose adoptions no gap is looked for in, each with how many there are.
pub fn left_out(conn: &mut Conn, query: &GapQuery) -> Result<Vec<(AdoptionState, i64)>, AppError> {
    let wanted = wanted(query);
    let states = [AdoptionState::Draft, AdoptionState::Suspended];
    states.into_iter().map(|state| Ok((state, store::adoptions::count(conn, &wanted, state)?))).collect()
}

/// Every gap of adoptions that are ready or live, in order.
pub fn gaps(conn: &mut Conn, query: &GapQuery, today: NaiveDate, settings: &Settings) -> Result<Vec<Gap>, AppError> {
    let known = known::Known::read(conn, settings, today)?;
    let wanted = wanted(query);
    let mut rows = store::adoptions::list(conn, &wanted, query.most.unwrap_or(i64::MAX), None)?;
    rows.retain(|row: &AdoptionRow| matches!(row.state, AdoptionState::Ready | AdoptionState::Live));
    // What belongs to many adoptions is asked for by their services and places; side by side these are few.
    rows.sort_by(|a, b| (&a.service, &a.ars).cmp(&(&b.service, &b.ars)));
    let mut found = Vec::new();
    for some in rows.chunks(TOGETHER) {
        let used = store::adoptions::whole(conn, some.to_vec())?;
        for adoption in &used {
            judge::judge(&known, adoption, today, &mut found);
        }
        checklist::judge(conn, used, today, &mut found)?;
    }
    found.retain(|gap| query.wants(gap));
    in_order(&mut found);
    Ok(found)
}

/// Sorts gaps by service, municipality, kind and contact.
pub fn in_order(gaps: &mut [Gap]) {
    gaps.sort_by(|a, b| a.key().cmp(&b.key()));
}

/// A page of gaps that are in order; all of them where no page is asked for.
pub fn page_of(gaps: Vec<Gap>, request: &PageRequest) -> Result<Page<Gap>, AppError> {
    if request.limit.is_none() && request.cursor.is_none() {
        return Ok(Page { items: gaps, next_cursor: None });
    }
    let (limit, after) = request.read()?;
    let key = |gap: &Gap| {
        let (service, ars, kind, contact, message) = gap.key();
        let contact = contact.as_ref().map_or("", Slug::as_str);
        format!("{service}|{ars}|{kind}|{contact}|{message}")
    };
    let begins = match after {
        None => 0,
        // What was the last is gone perhaps; then the page begins where it would have stood.
        Some(after) => match gaps.iter().position(|gap| key(gap) == after) {
            Some(at) => at + 1,
            None => gaps.partition_point(|gap| is_before(gap, &after)),
        },
    };
    let most = usize::try_from(limit + 1).unwrap_or(usize::MAX);
    let rows: Vec<Gap> = gaps.into_iter().skip(begins).take(most).collect();
    Ok(Page::of(rows, limit, key, |gap| gap))
}

/// True where a gap stands before the one a cursor names, or is it.
fn is_before(gap: &Gap, cursor: &str) -> bool {
    let mut parts = cursor.splitn(5, '|');
    let mut part = || parts.next().unwrap_or_default();
    let (service, ars, kind, contact, message) = (part(), part(), part(), part(), part());
    let Ok(kind) = kind.parse::<GapKind>() else { return false };
    let own = (gap.service.as_str(), gap.ars.as_str(), gap.kind, gap.contact.as_ref().map_or("", Slug::as_str));
    (own, gap.message.as_str()) <= ((service, ars, kind, contact), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(count: usize) -> Vec<Gap> {
        let one = |n: usize| {
            let (kind, contact) = (GapKind::ALL[n % 5], n.is_multiple_of(2).then(|| format!("k-{n}").parse().unwrap()));
            let service = format!("dienst-{}", n % 3).parse().unwrap();
            Gap::new(service, "010020000000".parse().unwrap(), "Kiel".into(), kind, contact, format!("Nr. {n}"))
        };
        let mut all: Vec<Gap> = (0..count).map(one).collect();
        in_order(&mut all);
        all
    }

    /// Reads page by page; between the pages, `change` happens to the report.
    fn read(mut all: Vec<Gap>, change: impl Fn(&mut Vec<Gap>)) -> Vec<String> {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = page_of(all.clone(), &PageRequest { limit: Some(4), cursor }).unwrap();
            seen.extend(page.items.into_iter().map(|gap| gap.message));
            if page.next_cursor.is_none() {
                return seen;
            }
            cursor = page.next_cursor;
            change(&mut all);
        }
    }

    #[test]
    fn pages_neither_repeat_nor_miss_a_gap() {
        let all: Vec<String> = gaps(23).into_iter().map(|gap| gap.message).collect();
        assert_eq!(read(gaps(23), |_| ()), all);
        let whole = page_of(gaps(500), &PageRequest::default()).unwrap();
        assert_eq!((whole.items.len(), whole.next_cursor), (500, None));
    }

    #[test]
    fn a_gap_that_was_closed_meanwhile_breaks_no_page() {
        let all: Vec<String> = gaps(23).into_iter().map(|gap| gap.message).collect();
        // The last of each page is put right before the next is asked for.
        let seen = read(gaps(23), |all| {
            all.remove(3);
        });
        assert!(seen.len() >= 20 && seen.iter().all(|gap| all.contains(gap)), "{seen:?}");
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len());
    }
}
