//! The published help as a file, for the editorial systems of the Länder.
//!
//! Invariant: every live adoption within the reach stands in the file or is told as left out with the reason; it is
//! read page by page, so that a national directory needs no memory. Where next: `published.rs` (what is shown of an
//! adoption), one file a format, `transfers.rs` beside (what was entered over there).

mod csv;
mod json;
pub(super) mod published;
mod xzufi;

use std::collections::BTreeMap;

use super::adoptions::AdoptionQuery;
use super::page::{Page, PageRequest};
use super::snapshot::{HelpLanguage, Links};
use super::store;
use super::terms::AdoptionState;
use crate::access::Reach;
use crate::clock::Timestamp;
use crate::db::{Conn, Db};
use crate::error::AppError;
use crate::ids::AdoptionId;
use crate::keys::{ArsPrefix, Slug};

pub use super::transfers::{TransferState, transfer_state};
pub use published::{Published, PublishedPlace, PublishedService};

crate::text_enum! {
    /// As what the help comes.
    #[schema(as = HelpFormat)]
    pub enum Format {
        /// XZuFi 2.2, experimental.
        Xzufi = "xzufi",
        /// One JSON document.
        Json = "json",
        /// Comma-separated values, a line a channel.
        Csv = "csv",
    }
}

/// So many adoptions are read at a time.
const PIECE: i64 = 200;
/// So many pieces one page of a list looks through, if little of them is wanted.
const MOST_PIECES: usize = 20;

/// Which of the published help.
#[derive(Debug, Clone, Default)]
pub struct HelpQuery {
    /// Only what changed after this.
    pub since: Option<Timestamp>,
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only in this region.
    pub region: Option<ArsPrefix>,
    /// Only what was never entered into an editorial system, or changed since.
    pub pending_transfer: bool,
    /// Only within this reach.
    pub reach: Reach,
    /// Where Lotse is reached, for the addresses of its own forms.
    pub public_url: String,
}

impl HelpQuery {
    fn wants(&self, entry: &Published) -> bool {
        self.since.is_none_or(|since| entry.changed_at > since) && (!self.pending_transfer || entry.pending_transfer)
    }

    /// True where it is asked what changed: then what is shown no more belongs to it, so that it is taken away.
    fn asks_for_changes(&self) -> bool {
        self.since.is_some() || self.pending_transfer
    }

    /// The next piece after a place: what is wanted of it, and where it ends unless it was the last.
    fn piece(
        &self,
        conn: &mut Conn,
        after: Option<AdoptionId>,
    ) -> Result<(Vec<Published>, Option<AdoptionId>), AppError> {
        let query = AdoptionQuery {
            service: self.service.clone(),
            state: Some(AdoptionState::Live).filter(|_| !self.asks_for_changes()),
            reach: self.reach.clone(),
            region: self.region.clone(),
            with_removed: self.asks_for_changes(),
            ..AdoptionQuery::default()
        };
        let rows = store::adoptions::list(conn, &query, PIECE, after)?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < PIECE);
        let end = rows.last().map(|row| row.id).filter(|_| !is_last);
        let mut found = published::published(conn, rows)?;
        found.retain(|entry| !entry.removed || self.asks_for_changes());
        found.retain(|entry| self.wants(entry));
        for entry in &mut found {
            let links = Links {
                base: &self.public_url,
                service: entry.service.slug.as_str(),
                ars: entry.municipality.ars.as_str(),
            };
            let form = links.form(HelpLanguage::German);
            entry.channels.iter_mut().filter(|way| way.form).for_each(|way| way.url = Some(form.clone()));
        }
        Ok((found, end))
    }
}

/// A page of it, by id. A page may hold fewer than asked for and still lead on.
pub async fn page(db: &Db, query: HelpQuery, page: PageRequest) -> Result<Page<Published>, AppError> {
    let (limit, after) = page.read()?;
    let after = after.map(|text| text.parse()).transpose();
    let mut after: Option<AdoptionId> =
        after.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    db.read(move |conn| {
        let mut found: Vec<Published> = Vec::new();
        for _ in 0..MOST_PIECES {
            let (more, end) = query.piece(conn, after)?;
            found.extend(more);
            after = end;
            if after.is_none() || found.len() > limit {
                break;
            }
        }
        if found.len() > limit {
            found.truncate(limit);
            after = found.last().map(|entry| entry.adoption);
        }
        Ok(Page::ending(found, after.map(|id| id.to_string())))
    })
    .await
}

/// A file that is being written.
#[derive(Clone)]
pub struct Export {
    db: Db,
    query: HelpQuery,
    format: Format,
    now: Timestamp,
    next: Next,
    told: Told,
}

/// What went into the file, and what did not.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// How many adoptions are in it.
    pub written: usize,
    /// How many were left out, by the reason.
    pub skipped: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Head,
    Piece(Option<AdoptionId>),
    Foot,
    End,
}

impl Export {
    /// Begins a file.
    pub fn begin(db: &Db, query: HelpQuery, format: Format, now: Timestamp) -> Self {
        Self { db: db.clone(), query, format, now, next: Next::Head, told: Told::default() }
    }

    /// The next part of the file, never an empty one; `None` at its end.
    pub async fn part(&mut self) -> Result<Option<Vec<u8>>, AppError> {
        loop {
            let part = match self.next {
                Next::Head => {
                    self.next = Next::Piece(None);
                    self.head()?
                }
                Next::Piece(after) => {
                    let query = self.query.clone();
                    let (found, end) = self.db.read(move |conn| query.piece(conn, after)).await?;
                    self.next = end.map_or(Next::Foot, |end| Next::Piece(Some(end)));
                    self.entries(&found)?
                }
                Next::Foot => {
                    self.next = Next::End;
                    self.foot()
                }
                Next::End => return Ok(None),
            };
            if !part.is_empty() {
                return Ok(Some(part));
            }
        }
    }

    /// What went into it so far.
    pub fn told(&self) -> &Told {
        &self.told
    }

    fn head(&self) -> Result<Vec<u8>, AppError> {
        match self.format {
            Format::Csv => csv::head(),
            Format::Json => json::head(self.now),
            Format::Xzufi => xzufi::head(self.now),
        }
    }

    fn entries(&mut self, found: &[Published]) -> Result<Vec<u8>, AppError> {
        let is_first = self.told.written == 0;
        if self.format == Format::Xzufi {
            for reason in found.iter().filter_map(|entry| entry.not_in_xzufi.as_ref()) {
                *self.told.skipped.entry(reason.clone()).or_default() += 1;
            }
            self.told.written += found.iter().filter(|entry| entry.not_in_xzufi.is_none()).count();
        } else {
            self.told.written += found.len();
        }
        match self.format {
            Format::Csv => csv::lines(found),
            Format::Json => json::items(found, is_first),
            Format::Xzufi => xzufi::objects(found, self.now.day_in_berlin()),
        }
    }

    fn foot(&self) -> Vec<u8> {
        match self.format {
            Format::Csv => Vec::new(),
            Format::Json => json::FOOT.into(),
            Format::Xzufi => xzufi::FOOT.into(),
        }
    }
}

/// From when on changes count: a time, or a day of Berlin from its beginning.
#[derive(Debug, Clone, Copy)]
pub struct Since(pub Timestamp);

impl std::str::FromStr for Since {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
            return Ok(Self(Timestamp::new(time.to_utc())));
        }
        let day = text.parse::<chrono::NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0));
        let begin = day.and_then(|day| day.and_local_timezone(chrono_tz::Europe::Berlin).earliest());
        let begin = begin.map(|time| Self(Timestamp::new(time.to_utc())));
        begin.ok_or_else(|| "must be a day such as 2026-11-24 or a time such as 2026-11-24T10:00:00Z".to_owned())
    }
}
impl<'de> serde::Deserialize<'de> for Since {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
