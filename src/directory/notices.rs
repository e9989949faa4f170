//! What the public should know now about a service, such as a disruption: for all, for a region, or for one
//! municipality.
//!
//! Invariant: a notice speaks German; what it says in Leichte Sprache or English has a title and a text. It is shown
//! from `since` until `until` or its end, on every instance within two seconds. What "Wer kann mir helfen?" makes of
//! it stands in `snapshot/notices.rs`. Not here: who may announce where (`access`, `http/api/directory/reach.rs`).

use serde::{Deserialize, Serialize};

use super::page::{Page, PageRequest, expect, guard, stale};
use super::store;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Actor, Reach};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::error::{AppError, Faults};
use crate::ids::NoticeId;
use crate::keys::{ArsPrefix, Slug};

/// A notice to the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PublicNotice {
    /// Its id.
    pub id: NoticeId,
    /// About which service.
    pub service: Slug,
    /// Where: an ARS or its beginning; empty is everywhere.
    pub ars: ArsPrefix,
    /// What it says.
    #[serde(flatten)]
    pub words: NoticeWords,
    /// From when it is shown.
    pub since: Timestamp,
    /// Until when; until it is ended where left out.
    pub until: Option<Timestamp>,
    /// Rises with every change.
    pub version: i32,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What a notice says, in each language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NoticeWords {
    /// In a few words, in German.
    pub title: String,
    /// The whole, in German.
    pub text: String,
    /// The title in Leichte Sprache.
    pub title_easy: Option<String>,
    /// The text in Leichte Sprache.
    pub text_easy: Option<String>,
    /// The title in English.
    pub title_en: Option<String>,
    /// The text in English.
    pub text_en: Option<String>,
}

/// A new notice.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// About which service.
    pub service: Slug,
    /// Where: an ARS or its beginning; everywhere when left out.
    #[serde(default = "ArsPrefix::everywhere")]
    pub ars: ArsPrefix,
    /// In a few words, in German.
    pub title: String,
    /// The whole, in German.
    pub text: String,
    /// The title in Leichte Sprache.
    pub title_easy: Option<String>,
    /// The text in Leichte Sprache.
    pub text_easy: Option<String>,
    /// The title in English.
    pub title_en: Option<String>,
    /// The text in English.
    pub text_en: Option<String>,
    /// From when it is shown; at once when left out.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// A notice as it is to be from now on, whole; service and place stay.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// In a few words, in German.
    pub title: String,
    /// The whole, in German.
    pub text: String,
    /// The title in Leichte Sprache.
    pub title_easy: Option<String>,
    /// The text in Leichte Sprache.
    pub text_easy: Option<String>,
    /// The title in English.
    pub title_en: Option<String>,
    /// The text in English.
    pub text_en: Option<String>,
    /// From when it is shown; as it was when left out.
    pub since: Option<Timestamp>,
    /// Until when; until it is ended when left out.
    pub until: Option<Timestamp>,
}

/// What both say. Written out above because serde refuses unknown fields only in a flat struct.
macro_rules! words_of {
    ($input:expr) => {
        NoticeWords {
            title: $input.title,
            text: $input.text,
            title_easy: $input.title_easy,
            text_easy: $input.text_easy,
            title_en: $input.title_en,
            text_en: $input.text_en,
        }
    };
}

/// Which notices.
#[derive(Debug, Clone, Default)]
pub struct NoticeQuery {
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only within this reach; those for more than one municipality are seen by everybody.
    pub reach: Reach,
}

/// A page of them, by id.
pub async fn list(db: &Db, query: NoticeQuery, page: PageRequest) -> Result<Page<PublicNotice>, AppError> {
    let (limit, after) = page.read()?;
    let after = after.map(|text| text.parse()).transpose();
    let after = after.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    db.read(move |conn| {
        let rows = store::notices::list(conn, &query, limit + 1, after)?;
        Ok(Page::of(rows, limit, |n| n.id.to_string(), |n| n))
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, id: NoticeId) -> Result<PublicNotice, AppError> {
    db.read(move |conn| store::notices::find(conn, id)?.ok_or(AppError::NotFound)).await
}

/// Makes a new one.
pub async fn create(
    db: &Db,
    actor: &Actor,
    new: NewNotice,
    repeat: Option<Once<PublicNotice>>,
    now: Timestamp,
) -> Result<Outcome<PublicNotice>, AppError> {
    let actor = actor.clone();
    let notice = PublicNotice {
        id: NoticeId::new(),
        service: new.service,
        ars: new.ars,
        words: words_of!(new),
        since: new.since.unwrap_or(now),
        until: new.until,
        version: 1,
        updated_at: now,
    };
    db.write(move |tx| {
        once(tx, repeat.as_ref(), now, |tx| {
            let mut faults = check(&notice.words, notice.since, notice.until);
            if store::services::find(tx, &notice.service)?.is_none() {
                faults.add("service", format!("there is no service {}", notice.service));
            }
            faults.finish()?;
            store::notices::insert(tx, &notice)?;
            store::changed(tx)?;
            let trail = Trail::after(&notice);
            audit::record(tx, &actor, AuditAction::NoticeCreated, (ObjectKind::Notice, &notice.id), trail, now)?;
            Ok(notice)
        })
    })
    .await
}

/// Changes one.
pub async fn change(
    db: &Db,
    actor: &Actor,
    id: NoticeId,
    change: NoticeChange,
    now: Timestamp,
) -> Result<PublicNotice, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    db.write(move |tx| {
        let found = store::notices::find(tx, id)?.ok_or(AppError::NotFound)?;
        if found.version != version {
            return Err(stale("the notice", found.version));
        }
        let (since, until) = (change.since.unwrap_or(found.since), change.until);
        let words = words_of!(change);
        let notice = PublicNotice { words, since, until, version: version + 1, updated_at: now, ..found.clone() };
        check(&notice.words, since, until).finish()?;
        store::notices::update(tx, &notice)?;
        store::changed(tx)?;
        let trail = Trail::changed(&found, &notice);
        audit::record(tx, &actor, AuditAction::NoticeChanged, (ObjectKind::Notice, &id), trail, now)?;
        Ok(notice)
    })
    .await
}

/// Ends one: it is no longer shown.
pub async fn end(db: &Db, actor: &Actor, id: NoticeId, expected: Option<i32>, now: Timestamp) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let notice = store::notices::find(tx, id)?.ok_or(AppError::NotFound)?;
        expect("the notice", expected, notice.version)?;
        if !store::notices::end(tx, id, notice.version, now)? {
            return Err(stale("the notice", notice.version));
        }
        store::changed(tx)?;
        let trail = Trail::before(&notice);
        audit::record(tx, &actor, AuditAction::NoticeEnded, (ObjectKind::Notice, &id), trail, now)
    })
    .await
}

/// Everything that is wrong with what a notice is to say, for a form that has more to say about what was typed; `since`
/// is when it is shown where that was left out.
pub fn check_change(change: &NoticeChange, since: Timestamp) -> Result<(), AppError> {
    let change = change.clone();
    let (since, until) = (change.since.unwrap_or(since), change.until);
    check(&words_of!(change), since, until).finish()
}

fn check(words: &NoticeWords, since: Timestamp, until: Option<Timestamp>) -> Faults {
    let mut faults = Faults::default();
    faults.text("title", &words.title, 120);
    faults.text("text", &words.text, 1000);
    let others = [
        ("title_easy", &words.title_easy, "text_easy", &words.text_easy),
        ("title_en", &words.title_en, "text_en", &words.text_en),
    ];
    for (title_field, title, text_field, text) in others {
        match (title, text) {
            (Some(title), Some(text)) => {
                faults.text(title_field, title, 120);
                faults.text(text_field, text, 1000);
            }
            (Some(_), None) => faults.add(text_field, format!("must be given with {title_field}")),
            (None, Some(_)) => faults.add(title_field, format!("must be given with {text_field}")),
            (None, None) => {}
        }
    }
    if until.is_some_and(|until| until <= since) {
        faults.add("until", "must be later than since");
    }
    faults
}
