//! Text modules: what people write again and again in answers, by region, service and language.
//!
//! Invariant: a text names only places that are known ([`PLACES`]), so that no answer goes out with a hole; nothing of
//! the person is among them. Whoever assesses the requests of a region keeps its texts, and reads those that stand above
//! them, up to the ones for everybody. Not here: the answer itself, which is written down as it goes out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::store::text_modules as store;
use super::ticket::Ticket;
use super::{Desk, TicketRef, visible};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::error::{AppError, Faults};
use crate::ids::TextModuleId;
use crate::keys::{ArsPrefix, Slug};
use crate::tickets::browse::{Page, cut};

/// What may stand in braces in a text: number, service, municipality, and until when an answer was promised.
pub const PLACES: [&str; 4] = ["nummer", "dienst", "ort", "frist"];
/// How many texts of a request are offered at most.
const MOST_OFFERED: i64 = 100;

crate::text_enum! {
    /// The language of a text.
    pub enum TextLanguage {
        /// German.
        German = "de",
        /// English.
        English = "en",
    }
}

/// A text for answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TextModule {
    /// Its id.
    pub id: TextModuleId,
    /// Where it is used: an ARS or its beginning; empty is everywhere.
    pub region: ArsPrefix,
    /// About which service; nothing is every one.
    pub service: Option<Slug>,
    /// In which language.
    pub language: TextLanguage,
    /// What it is found by.
    pub title: String,
    /// The text, with places such as `{nummer}`.
    pub body: String,
    /// Rises with every change.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A text as it is to be.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteTextModule {
    /// Where it is used: an ARS or its beginning; everywhere when left out.
    #[serde(default = "ArsPrefix::everywhere")]
    pub region: ArsPrefix,
    /// About which service; every one when left out.
    #[serde(default)]
    pub service: Option<String>,
    /// In which language.
    pub language: TextLanguage,
    /// What it is found by, at most 120 characters.
    pub title: String,
    /// The text, at most 4,000 characters; `{nummer}`, `{dienst}`, `{ort}` and `{frist}` are filled in.
    pub body: String,
    /// For a change: the version it was made against.
    #[serde(default)]
    pub version: Option<i32>,
}

/// A text with its places filled in for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FilledText {
    /// The text's id.
    pub id: TextModuleId,
    /// What it is found by.
    pub title: String,
    /// In which language.
    pub language: TextLanguage,
    /// Ready to be sent.
    pub text: String,
}

/// What stands in braces in a text.
fn places(body: &str) -> BTreeSet<&str> {
    let inside = |part: &'_ str| part.split_once('}').map(|(name, _)| name.len()).unwrap_or_default();
    let named = body.split('{').skip(1).map(|part| &part[..inside(part)]);
    named.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).collect()
}

/// The text with its places filled in.
fn fill(body: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(body.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

impl WriteTextModule {
    fn check(&self, desk: &Desk) -> Result<Option<Slug>, AppError> {
        let mut faults = Faults::default();
        faults.text("title", &self.title, 120);
        faults.text("body", &self.body, 4000);
        for unknown in places(&self.body).iter().filter(|name| !PLACES.contains(name)) {
            let known = PLACES.map(|name| format!("{{{name}}}")).join(", ");
            faults.add("body", format!("{{{unknown}}} is unknown; there are {known}"));
        }
        let directory = desk.directory.current();
        let service = match self.service.as_deref().filter(|slug| !slug.is_empty()) {
            None => None,
            Some(slug) => match directory.service(slug) {
                Some(service) => Some(service.slug.clone()),
                None => {
                    faults.add("service", format!("there is no service {slug:?}"));
                    None
                }
            },
        };
        faults.finish()?;
        Ok(service)
    }

    fn put(self, before: TextModule, service: Option<Slug>, now: Timestamp) -> TextModule {
        let body = self.body.replace("\r\n", "\n");
        let (region, language, title) = (self.region, self.language, self.title.trim().to_owned());
        TextModule { region, service, language, title, body, updated_at: now, ..before }
    }
}

/// Whoever assesses there keeps the texts there; where others do, they say so, and elsewhere it does not exist.
fn must_keep(caller: &Caller, region: &ArsPrefix) -> Result<(), AppError> {
    if caller.sees_region(Action::AssessTicket, region) {
        return Ok(());
    }
    match is_read(caller, region) {
        true => {
            Err(AppError::Forbidden("this text is kept by those who assess the requests of its whole region".into()))
        }
        false => Err(AppError::NotFound),
    }
}

/// True where the text may be used for some request of the caller's.
fn is_read(caller: &Caller, region: &ArsPrefix) -> bool {
    let reach = caller.reach(Action::AssessTicket);
    reach.layers().iter().all(|layer| layer.iter().any(|term| term.scope.region.touches(region)))
}

/// Texts that may be used for some request of the caller's, by title.
pub async fn list(
    desk: &Desk,
    caller: Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<TextModule>, AppError> {
    caller.may(Action::AssessTicket)?;
    let wrong = |_| AppError::field("cursor", "must be next_cursor of the page before, unchanged");
    let after: Option<TextModuleId> = cursor.map(|cursor| cursor.parse()).transpose().map_err(wrong)?;
    desk.db
        .read(move |conn| {
            let last = after.map(|id| store::find(conn, id)).transpose()?.flatten();
            let mut after = last.map(|last| (last.title, last.id));
            let mut items: Vec<TextModule> = Vec::new();
            loop {
                let some = store::list(conn, after, 200)?;
                let is_last = some.len() < 200;
                after = some.last().map(|last| (last.title.clone(), last.id));
                items.extend(some.into_iter().filter(|one| is_read(&caller, &one.region)));
                if items.len() > limit || is_last {
                    let (items, next_cursor) = cut(items, limit, |last| last.id.to_string());
                    return Ok(Page { items, next_cursor });
                }
            }
        })
        .await
}

/// One of them.
pub async fn read(desk: &Desk, caller: Caller, id: TextModuleId) -> Result<TextModule, AppError> {
    caller.may(Action::AssessTicket)?;
    let found = desk.db.read(move |conn| store::find(conn, id)).await?;
    found.filter(|found| is_read(&caller, &found.region)).ok_or(AppError::NotFound)
}

/// The texts for a request, filled in, by title.
pub async fn for_ticket(desk: &Desk, caller: Caller, at: TicketRef) -> Result<Vec<FilledText>, AppError> {
    caller.may(Action::AssessTicket)?;
    let context = desk.clone();
    desk.db
        .read(move |conn| {
            let ticket = visible(conn, &caller, Action::AssessTicket, &at)?;
            fitting(conn, &context, &ticket)
        })
        .await
}

/// The same inside a use case that has seen to the right itself.
pub(crate) fn fitting(conn: &mut crate::db::Conn, desk: &Desk, ticket: &Ticket) -> Result<Vec<FilledText>, AppError> {
    let ars = ticket.ars.as_str();
    let regions = [0, 2, 3, 5, 9, 12].iter().filter_map(|length| ars.get(..*length)?.parse().ok());
    let regions: Vec<ArsPrefix> = std::iter::once(ArsPrefix::everywhere()).chain(regions).collect();
    let found = store::fitting(conn, &regions, &ticket.service, MOST_OFFERED)?;
    let directory = desk.directory.current();
    let service = directory.service(ticket.service.as_str()).map(|service| service.name.to_string());
    let place = directory.municipality(&ticket.ars).map(|place| place.name.to_string());
    let day = ticket.respond_by.utc().with_timezone(&chrono_tz::Europe::Berlin);
    let values = |language| {
        let due = match language {
            TextLanguage::German => day.format("%d.%m.%Y, %H:%M Uhr").to_string(),
            TextLanguage::English => day.format("%-d %b %Y, %H:%M").to_string(),
        };
        [
            ("nummer", ticket.number.to_string()),
            ("dienst", service.clone().unwrap_or_default()),
            ("ort", place.clone().unwrap_or_default()),
            ("frist", due),
        ]
    };
    let filled = |one: TextModule| FilledText {
        text: fill(&one.body, &values(one.language)),
        id: one.id,
        title: one.title,
        language: one.language,
    };
    Ok(found.into_iter().map(filled).collect())
}

/// Makes one.
pub async fn create(
    desk: &Desk,
    caller: Caller,
    new: WriteTextModule,
    repeat: Option<Once<TextModule>>,
) -> Result<Outcome<TextModule>, AppError> {
    caller.may(Action::AssessTicket)?;
    if must_keep(&caller, &new.region).is_err() {
        return Err(AppError::field("region", "you do not assess the requests of this whole region"));
    }
    let service = new.check(desk)?;
    let now = desk.clock.now();
    desk.db
        .write(move |tx| {
            once(tx, repeat.as_ref(), now, |tx| {
                let empty = TextModule {
                    id: TextModuleId::new(),
                    region: ArsPrefix::everywhere(),
                    service: None,
                    language: new.language,
                    title: String::new(),
                    body: String::new(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                let made = new.put(empty, service, now);
                store::insert(tx, &made)?;
                let object = (ObjectKind::TextModule, &made.id as _);
                audit::record(tx, &caller.actor, AuditAction::TextModuleCreated, object, Trail::after(&made), now)?;
                Ok(made)
            })
        })
        .await
}

/// Changes one: it is then exactly as it is sent. `Conflict` when somebody else changed it meanwhile.
pub async fn change(
    desk: &Desk,
    caller: Caller,
    id: TextModuleId,
    wanted: WriteTextModule,
) -> Result<TextModule, AppError> {
    caller.may(Action::AssessTicket)?;
    let before = read(desk, caller.clone(), id).await?;
    must_keep(&caller, &before.region)?;
    if must_keep(&caller, &wanted.region).is_err() {
        return Err(AppError::field("region", "you do not assess the requests of this whole region"));
    }
    let service = wanted.check(desk)?;
    let version = wanted.version.ok_or_else(|| AppError::field("version", "is missing; name the one you read"))?;
    let now = desk.clock.now();
    desk.db
        .write(move |tx| {
            let before = store::find(tx, id)?.ok_or(AppError::NotFound)?;
            let mut after = wanted.put(before.clone(), service, now);
            after.version = version + 1;
            if !store::update(tx, &after, version)? {
                return Err(stale());
            }
            let (object, trail) = ((ObjectKind::TextModule, &id as _), Trail::both(&before, &after));
            audit::record(tx, &caller.actor, AuditAction::TextModuleChanged, object, trail, now)?;
            Ok(after)
        })
        .await
}

/// Ends one. Answers that it was used in stay as they are.
pub async fn end(desk: &Desk, caller: Caller, id: TextModuleId, version: i32) -> Result<(), AppError> {
    caller.may(Action::AssessTicket)?;
    let before = read(desk, caller.clone(), id).await?;
    must_keep(&caller, &before.region)?;
    let now = desk.clock.now();
    desk.db
        .write(move |tx| {
            if !store::remove(tx, id, version)? {
                return Err(stale());
            }
            let object = (ObjectKind::TextModule, &id as _);
            audit::record(tx, &caller.actor, AuditAction::TextModuleEnded, object, Trail::none(), now)
        })
        .await
}

fn stale() -> AppError {
    AppError::Conflict("the text was changed by somebody else just now; read it again".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_and_filled() {
        let body = "Zu {nummer} ({dienst}): {unbekannt} { kein Ort } {}";
        assert_eq!(places(body), BTreeSet::from(["dienst", "nummer", "unbekannt"]));
        let values = [("nummer", "26-004711-9".to_owned()), ("dienst", "Ummeldung".to_owned())];
        assert_eq!(fill(body, &values), "Zu 26-004711-9 (Ummeldung): {unbekannt} { kein Ort } {}");
    }
}
