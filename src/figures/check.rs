//! Whether the figures are what they would be if they were reckoned anew: `lotse figures --check`.
//!
//! Invariant: changes nothing. What happens while it looks shows as a difference until the loop has seen it. Compared
//! are every contribution, and the sums by month of everything and of each Land, which all others are made of in the
//! same way.

use std::collections::HashMap;

use super::fold::{Changes, Key, Span, Sums, contribution};
use super::store;
use crate::db::{Conn, Db};
use crate::error::AppError;
use crate::ids::TicketId;
use crate::tickets::changed;

/// So many requests are read at a time.
const PORTION: i64 = 500;

/// What a check has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// How many requests were looked at.
    pub requests: usize,
    /// How many contribute something else than is kept.
    pub contributions: usize,
    /// How many sums are not those of the contributions.
    pub sums: usize,
}

impl Found {
    /// True where nothing differs.
    pub fn is_good(&self) -> bool {
        self.contributions == 0 && self.sums == 0
    }
}

/// Reckons all anew and compares.
pub async fn check(db: &Db) -> Result<Found, AppError> {
    let (mut found, mut after) = (Found { requests: 0, contributions: 0, sums: 0 }, None);
    let mut sums: HashMap<Key, Sums> = HashMap::new();
    loop {
        let ids = db.read(move |conn| changed::page(conn, after, PORTION)).await?;
        let Some(last) = ids.last().copied() else { break };
        after = Some(last);
        found.requests += ids.len();
        let (differ, changes) = db.read(move |conn| portion(conn, &ids)).await?;
        found.contributions += differ;
        let kept = changes.0.into_iter().filter(|(key, _)| key.span == Span::Month && key.region.len() < 12);
        kept.for_each(|(key, more)| sums.entry(key).or_default().merge(&more));
    }
    let kept = db.read(store::months).await?;
    found.sums = kept.iter().filter(|(key, one)| sums.get(key) != Some(one)).count();
    found.sums += sums.keys().filter(|key| !kept.contains_key(key)).count();
    Ok(found)
}

/// How many of these contribute something else than is kept, and what is kept of them together.
fn portion(conn: &mut Conn, ids: &[TicketId]) -> Result<(usize, Changes), AppError> {
    let mut kept = store::contributions(conn, ids)?;
    let (mut differ, mut changes) = (0, Changes::default());
    for (ticket, history) in changed::with_history(conn, ids)? {
        let kept = kept.remove(&ticket.id);
        differ += usize::from(kept != contribution(&ticket, &history));
        changes.replace(None, kept.as_ref());
    }
    Ok((differ, changes))
}
