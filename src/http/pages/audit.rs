//! The audit log: who did what, on what, when and from where; narrowed, and handed out as a file.
//!
//! Invariant: only who may read all of it reads any of it. What is handed out is recorded by the export itself, whose
//! addresses stand on this page.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use chrono::{Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Berlin;
use serde::Deserialize;
use serde_json::Value;

use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::audit::browse::{self, Filter, may_read_all};
use crate::access::audit::{AuditAction, Entry, ObjectKind};
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::Staff;

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
}

/// An entry in words.
struct Line {
    at: String,
    exact: String,
    who: String,
    address: Option<String>,
    what: String,
    object: String,
    object_id: String,
    changes: Vec<(String, String, String)>,
}

impl Line {
    fn new(shell: &Shell, entry: Entry) -> Self {
        Self {
            at: shell.near(entry.at),
            exact: entry.at.exact(),
            who: entry.actor.name,
            address: entry.address.map(|address| address.to_string()),
            what: shell.say(&action_key(entry.action)),
            object: shell.say(&format!("object-{}", entry.object)),
            object_id: entry.object_id,
            changes: changes(entry.before.as_ref(), entry.after.as_ref()),
        }
    }
}

/// Field, before, after; of an object each field alone.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<(String, String, String)> {
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (old, new) = (fields(before), fields(after));
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let names = old.keys().chain(added);
    names.map(|name| (name.clone(), text(old.get(name)), text(new.get(name)))).collect()
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
    fn filter(&self) -> Filter {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            actor: some(&self.wer),
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
    let filter = wanted.filter();
    let found = browse::list(&state.desk().db, filter.clone(), wanted.vor.parse().ok(), AT_ONCE).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
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
        entries: found.items.into_iter().map(|entry| Line::new(&shell, entry)).collect(),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_day_is_one_of_germany() {
        assert_eq!(day("2026-11-24", 0).unwrap().to_string(), "2026-11-23T23:00:00Z");
        assert_eq!(day("2026-07-31", 1).unwrap().to_string(), "2026-07-31T22:00:00Z");
        assert_eq!(day("24.11.2026", 0), None);
    }

    #[test]
    fn changes_are_told_field_by_field() {
        let (before, after) = (json!({"name": "A", "state": "active"}), json!({"name": "B", "grants": [1]}));
        let found = changes(Some(&before), Some(&after));
        let expected = [("name", "A", "B"), ("state", "active", "–"), ("grants", "–", "[1]")];
        assert_eq!(found, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
        assert!(changes(None, None).is_empty());
    }

    #[test]
    fn the_file_is_narrowed_like_the_page() {
        let wanted =
            Wanted { wer: "A & B".into(), was: "user.invited".into(), von: "2026-11-24".into(), ..Wanted::default() };
        let expected =
            "/api/v1/audit/export?format=csv&actor=A+%26+B&action=user.invited&from=2026-11-23T23%3A00%3A00Z";
        assert_eq!(export(&wanted.filter(), "csv"), expected);
        assert_eq!(wanted.after("x"), "/protokoll?wer=A+%26+B&was=user.invited&von=2026-11-24&vor=x");
    }
}
