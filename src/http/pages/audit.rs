//! The audit log: who did what, on what, when and from where; narrowed, and handed out as a file.
//!
//! Invariant: only who may read all of it reads any of it. What is handed out is recorded by the export itself, whose
//! addresses stand on this page. A link stands only where the page it leads to opens for the reader.

mod said;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use chrono::{Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use serde::Deserialize;

use super::directory::place_name;
use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::audit::browse::{self, Filter, may_read_all};
use crate::access::audit::names::{self, Called, Names};
use crate::access::audit::{AuditAction, Entry, ObjectKind};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::db::Db;
use crate::directory::Snapshot;
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::Staff;
use crate::keys::{Ars, LandCode};
use crate::tickets::{TicketNumber, find_by_number};

/// The address of the log.
const HERE: &str = "/protokoll";
/// How many entries a page shows.
const AT_ONCE: usize = 50;

/// What the log is narrowed to, as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    wer: String,
    was: String,
    woran: String,
    welches: String,
    von: String,
    bis: String,
    vor: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Log {
    shell: Shell,
    who: Field,
    what: Choice,
    object: Choice,
    object_id: Field,
    from: Field,
    to: Field,
    entries: Vec<Line>,
    csv: String,
    json_lines: String,
    next: Option<String>,
    /// What to say where no entry is shown.
    nothing: Option<String>,
}

/// An entry in words.
struct Line {
    at: String,
    exact: String,
    who: String,
    address: Option<String>,
    what: String,
    object: String,
    name: Option<String>,
    href: Option<String>,
    object_id: String,
    changes: Vec<(String, String, String)>,
}

/// What is known of the things that entries tell of, and which of their pages the reader may open.
struct Things<'a> {
    names: Names,
    directory: &'a Snapshot,
    caller: &'a Caller,
}

impl Things<'_> {
    /// What a thing is called.
    fn name(&self, kind: ObjectKind, id: &str, called: Option<&Called>) -> Option<String> {
        match kind {
            ObjectKind::Service => self.directory.service(id).map(|service| service.name.to_string()),
            ObjectKind::Municipality => Some(place_name(self.directory, &id.parse::<Ars>().ok()?)),
            ObjectKind::Land => Some(id.parse::<LandCode>().ok()?.name().to_owned()),
            _ => {
                let called = called?;
                let placed = called.place.as_ref().map(|(service, ars)| {
                    let known = self.directory.service(service.as_str());
                    let service = known.map_or_else(|| service.to_string(), |service| service.name.to_string());
                    format!("{}: {service}", place_name(self.directory, ars))
                });
                called.name.clone().or(placed)
            }
        }
    }

    /// Where its page is, if the reader may open it wherever the thing lies.
    fn href(&self, kind: ObjectKind, id: &str, called: Option<&Called>) -> Option<String> {
        let called = called.filter(|called| called.is_there)?;
        let (at, action) = match kind {
            ObjectKind::Ticket => ("anfragen", Action::ReadTickets),
            ObjectKind::Contact => ("kontakte", Action::ReadDirectory),
            ObjectKind::Adoption => ("anschluesse", Action::ReadDirectory),
            ObjectKind::Channel => ("kanaele", Action::ChangeAdoption),
            ObjectKind::Notice => ("stoerungen", Action::ChangeAdoption),
            ObjectKind::User => ("personen", Action::ReadUsers),
            _ => return None,
        };
        let may_open = self.caller.may(action).is_ok() && self.caller.reach(action).is_everything();
        let key = if kind == ObjectKind::Ticket { called.name.as_deref()? } else { id };
        may_open.then(|| format!("/{at}/{key}"))
    }
}

impl Line {
    fn new(shell: &Shell, things: &Things<'_>, entry: Entry) -> Self {
        let (kind, id) = (entry.object, entry.object_id);
        let called = things.names.get(&(kind, id.clone()));
        Self {
            at: shell.near(entry.at),
            exact: entry.at.exact(),
            who: entry.actor.name,
            address: entry.address.map(|address| address.to_string()),
            what: shell.say(&action_key(entry.action)),
            object: shell.say(&format!("object-{kind}")),
            name: things.name(kind, &id, called),
            href: things.href(kind, &id, called),
            object_id: said::which(shell.language, kind, id),
            changes: said::changes(shell.language, kind, entry.before.as_ref(), entry.after.as_ref()),
        }
    }
}

/// The key of what was done, such as `action-user-invited`.
pub fn action_key(action: AuditAction) -> String {
    format!("action-{}", action.as_str().replace('.', "-"))
}

/// The beginning of a day in Germany, `later` days after it.
fn day(text: &str, later: u64) -> Option<Timestamp> {
    let day = text.parse::<NaiveDate>().ok()?.checked_add_days(Days::new(later))?;
    let begins = Berlin.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest()?;
    Some(Timestamp::new(begins.with_timezone(&Utc)))
}

impl Wanted {
    fn filter(&self, knows_logins: bool) -> Filter {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            actor: some(&self.wer),
            knows_logins,
            action: self.was.parse().ok(),
            object: self.woran.parse().ok(),
            object_id: some(&self.welches),
            from: day(&self.von, 0),
            to: day(&self.bis, 1),
        }
    }

    /// The rest of the log, from there on.
    fn after(&self, cursor: &str) -> String {
        let pairs = [
            ("wer", &self.wer),
            ("was", &self.was),
            ("woran", &self.woran),
            ("welches", &self.welches),
            ("von", &self.von),
            ("bis", &self.bis),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("{HERE}?{}", query.append_pair("vor", cursor).finish())
    }
}

/// A request may be named by its number, which is what people know; the log knows it by its id.
async fn by_number(db: &Db, filter: Filter) -> Result<Filter, AppError> {
    let may_be_one = filter.object.is_none_or(|kind| kind == ObjectKind::Ticket);
    let typed = filter.object_id.as_deref().filter(|_| may_be_one);
    let Some(number) = typed.and_then(|typed| typed.parse::<TicketNumber>().ok()) else { return Ok(filter) };
    let found = db.read_behind(move |conn| find_by_number(conn, number.clone())).await?;
    Ok(match found {
        Some(ticket) => Filter { object: Some(ObjectKind::Ticket), object_id: Some(ticket.id.to_string()), ..filter },
        None => filter,
    })
}

/// The same as a file.
fn export(filter: &Filter, format: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("format", format);
    let pairs = [
        ("actor", filter.actor.clone()),
        ("action", filter.action.map(|action| action.to_string())),
        ("object", filter.object.map(|object| object.to_string())),
        ("object_id", filter.object_id.clone()),
        ("from", filter.from.map(|at| at.to_string())),
        ("to", filter.to.map(|at| at.to_string())),
    ];
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    format!("/api/v1/audit/export?{}", query.finish())
}

/// The log, newest first.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ReadAudit>) -> PageResult {
    may_read_all(&page.person.caller)?;
    let wanted: Wanted = parse_query(request.query_string())?;
    let (db, caller) = (&state.desk().db, &page.person.caller);
    let filter = by_number(db, wanted.filter(browse::knows_logins(caller))).await?;
    let mut shell = Shell::new(&state, &request, &page.person.visitor);
    let (found, status) = match browse::list(db, filter.clone(), wanted.vor.parse().ok(), AT_ONCE).await {
        Ok(found) => (found, StatusCode::OK),
        Err(AppError::Invalid(faults)) => {
            shell.mark(&faults, |fault| match fault.field.as_str() {
                "actor" => ("wer".to_owned(), "fault-audit-who"),
                _ => ("bis".to_owned(), "fault-audit-days"),
            });
            (browse::Page { items: Vec::new(), next: None }, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(fault) => return Err(fault.into()),
    };
    let directory = state.directory().current();
    let things = Things { names: names::names(db, &found.items).await?, directory: &directory, caller };
    let nothing = match (found.items.is_empty(), found.next) {
        (true, _) if !shell.faults.is_empty() => None,
        (true, Some(_)) => Some(shell.say("audit-none-yet")),
        (true, None) => Some(shell.say("audit-none")),
        (false, _) => None,
    };
    let text = |id, key, value: &str| Field::text(&shell, id, &shell.say(key), value).may_be_empty();
    let any =
        |rest: Vec<(String, String)>| std::iter::once((String::new(), shell.say("audit-any"))).chain(rest).collect();
    let actions = AuditAction::ALL.iter().map(|one| (one.to_string(), shell.say(&action_key(*one)))).collect();
    let objects = ObjectKind::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("object-{one}")))).collect();
    let shown = Log {
        who: text("wer", "audit-who", &wanted.wer),
        what: Choice::new(&shell, "was", &shell.say("audit-what"), any(actions), &wanted.was),
        object: Choice::new(&shell, "woran", &shell.say("audit-object"), any(objects), &wanted.woran),
        object_id: text("welches", "audit-which", &wanted.welches),
        from: text("von", "audit-from", &wanted.von).kind("date"),
        to: text("bis", "audit-to", &wanted.bis).kind("date"),
        csv: export(&filter, "csv"),
        json_lines: export(&filter, "jsonl"),
        next: found.next.map(|id| wanted.after(&id.to_string())),
        nothing,
        entries: found.items.into_iter().map(|entry| Line::new(&shell, &things, entry)).collect(),
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_germany() {
        assert_eq!(day("2026-11-24", 0).unwrap().to_string(), "2026-11-23T23:00:00Z");
        assert_eq!(day("2026-07-31", 1).unwrap().to_string(), "2026-07-31T22:00:00Z");
        assert_eq!(day("24.11.2026", 0), None);
    }

    #[test]
    fn the_file_is_narrowed_like_the_page() {
        let wanted =
            Wanted { wer: "A & B".into(), was: "user.invited".into(), von: "2026-11-24".into(), ..Wanted::default() };
        let expected =
            "/api/v1/audit/export?format=csv&actor=A+%26+B&action=user.invited&from=2026-11-23T23%3A00%3A00Z";
        assert_eq!(export(&wanted.filter(false), "csv"), expected);
        assert_eq!(wanted.after("x"), "/protokoll?wer=A+%26+B&was=user.invited&von=2026-11-24&vor=x");
    }
}
