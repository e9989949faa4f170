//! What an entry of the log says, in words: fields and values by their names, lists and objects as one reads them.
//!
//! Invariant: nothing is left out because it has no name here; then it stands as it was kept. Left out is only what was
//! empty before and is empty since.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use crate::access::audit::ObjectKind;
use crate::clock::Timestamp;
use crate::directory::rollout::Item;
use crate::http::pages::adoptions;
use crate::http::pages::directory::day;
use crate::http::words::Language;
use crate::tickets::TicketStatus;

/// Stands where there is nothing.
const NOTHING: &str = "–";

/// What somebody stands in the log with.
const OF_SOMEBODY: [&str; 3] = ["kind", "id", "name"];

/// Field, before, after; of an object each field alone.
pub fn changes(
    language: Language,
    object: ObjectKind,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<(String, String, String)> {
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (old, new) = (fields(before), fields(after));
    let said_of = |fields: &Map<String, Value>, name: &str| {
        said(language, object, name, fields.get(name).unwrap_or(&Value::Null))
    };
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let names = old.keys().chain(added);
    let told = names.map(|name| (label(language, name), said_of(&old, name), said_of(&new, name)));
    told.filter(|(_, before, after)| before != NOTHING || after != NOTHING).collect()
}

/// Which of its kind a thing is: by its id, or by a name where the log knows it by a word.
pub fn which(language: Language, kind: ObjectKind, id: String) -> String {
    let named = match kind {
        ObjectKind::Directory => language.try_say(&format!("audit-directory-{}", id.replace(' ', "-"))),
        _ => None,
    };
    named.unwrap_or(id)
}

/// The name of a field.
fn label(language: Language, field: &str) -> String {
    let key = field.replace('_', "-");
    let named = language.try_say(&format!("audit-field-{key}"));
    let named = named.or_else(|| language.try_say(&format!("field-{key}")));
    named.or_else(|| language.try_say(&format!("party-{field}"))).unwrap_or_else(|| field.to_owned())
}

/// A value as one reads it.
fn said(language: Language, object: ObjectKind, field: &str, value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(is_so) => language.say(if *is_so { "yes" } else { "no" }),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => NOTHING.to_owned(),
        Value::String(text) => word(language, object, field, text)
            .or_else(|| Some(day(language, text.parse::<NaiveDate>().ok()?)))
            .or_else(|| {
                let time = DateTime::parse_from_rfc3339(text).ok()?;
                Some(language.time(Timestamp::new(time.with_timezone(&Utc))))
            })
            .unwrap_or_else(|| text.clone()),
        Value::Array(all) if all.is_empty() => NOTHING.to_owned(),
        Value::Array(all) => all.iter().map(|one| said(language, object, field, one)).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => together(language, object, fields),
    }
}

/// An object in one line: somebody by their name, of a text its length, else field by field what is there.
fn together(language: Language, object: ObjectKind, fields: &Map<String, Value>) -> String {
    if let (1, Some(length)) = (fields.len(), fields.get("length").and_then(Value::as_u64)) {
        return language.with("audit-text", "count", length);
    }
    if let Some(name) = fields.get("name").and_then(Value::as_str)
        && fields.keys().all(|field| OF_SOMEBODY.contains(&field.as_str()))
    {
        return name.to_owned();
    }
    let is_something = |value: &Value| !value.is_null() && value != "none";
    let field =
        |name: &str, value: &Value| format!("{}: {}", label(language, name), said(language, object, name, value));
    let told = fields.iter().filter(|(_, value)| is_something(value));
    let told: Vec<String> = told.map(|(name, value)| field(name, value)).collect();
    if told.is_empty() { NOTHING.to_owned() } else { told.join(", ") }
}

/// What a word of a list means, where it has a name.
fn word(language: Language, object: ObjectKind, field: &str, text: &str) -> Option<String> {
    let one_of: &[&str] = match (field, object) {
        ("kind", ObjectKind::Ticket) => &["happened"],
        ("kind", ObjectKind::Channel | ObjectKind::Adoption) => &["channel"],
        ("kind", ObjectKind::Service) => &["matter-kind"],
        ("escalation_kind", _) => &["ticket-kind"],
        ("status", ObjectKind::Ticket) => &["ticket"],
        // What is reopened comes from a status, what is handed on from somebody.
        ("from", ObjectKind::Ticket) if text.parse::<TicketStatus>().is_ok() => &["ticket"],
        ("state", ObjectKind::User) => &["state"],
        ("state", ObjectKind::Adoption) => &["adoption", "item"],
        ("state", ObjectKind::Inbound) => &["inbound-state"],
        ("state", _) => &["audit-state"],
        ("decision", ObjectKind::Inbound) => &["audit-decision", "inbound-decided"],
        ("action", ObjectKind::Audit) => return language.try_say(&format!("action-{}", text.replace('.', "-"))),
        ("object", ObjectKind::Audit) => &["object"],
        ("part", _) => &["audit-part"],
        ("occasion", _) => &["audit-occasion"],
        ("step", ObjectKind::User) => &["audit-step"],
        ("assessment", _) => &["audit-assessment"],
        ("channel", _) => &["channel", "way"],
        ("language" | "languages", _) => &["language"],
        ("notify", _) => match text.strip_prefix("daily ") {
            Some(time) => return Some(language.with("rhythm-daily", "time", time)),
            None => &["confirm-rhythm"],
        },
        ("item", ObjectKind::Adoption) => {
            let item: Item = text.parse().ok()?;
            return Some(adoptions::of(language, &item.title()).to_owned());
        }
        ("role", _) => &["role"],
        ("priority", _) => &["priority"],
        ("category", _) => &["category"],
        ("told_by", _) => &["wish"],
        ("specialist_department" | "it_department" | "it_provider" | "procedure_vendor" | "land", _) => &["part"],
        _ => &[],
    };
    one_of.iter().find_map(|prefix| language.try_say(&format!("{prefix}-{text}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(object: ObjectKind, before: Value, after: Value, expected: &[(&str, &str, &str)]) {
        let found = changes(Language::De, object, Some(&before), Some(&after));
        let expected: Vec<_> =
            expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn changes_are_told_field_by_field() {
        check(
            ObjectKind::User,
            json!({"has_password": false, "name": "A", "state": "active"}),
            json!({"grants": [{"region": "01", "role": "auditor"}], "has_password": true, "name": "B", "unknown": 1}),
            &[
                ("Hat ein Passwort", "nein", "ja"),
                ("Name", "A", "B"),
                ("Stand", "aktiv", "–"),
                ("Rollen", "–", "Gebiet: 01, Rolle: Revision"),
                ("unknown", "–", "1"),
            ],
        );
        assert!(changes(Language::De, ObjectKind::User, None, None).is_empty());
    }

    #[test]
    fn lists_and_objects_are_told_in_words() {
        let by = json!({"kind": "person", "id": "01a2295c", "name": "Bente Behrens"});
        let task = json!({"it_department": "responsible", "land": "none", "task": "Probelauf"});
        check(
            ObjectKind::Adoption,
            json!({"state": "ready", "tasks": []}),
            json!({"by": by, "note": {"length": 3}, "state": "live", "tasks": [task]}),
            &[
                ("Stand", "Startklar", "In Betrieb"),
                ("Aufgaben", "–", "IT: verantwortlich, Aufgabe: Probelauf"),
                ("Von wem", "–", "Bente Behrens"),
                ("Notiz", "–", "Text mit 3 Zeichen"),
            ],
        );
        let point = |state: &str| json!({"checklist": {"item": "application_mailbox", "state": state, "owner": null}});
        let told = ["offen", "erledigt"].map(|state| format!("Punkt: Funktionspostfach für Anträge, Stand: {state}"));
        check(
            ObjectKind::Adoption,
            point("open"),
            point("done"),
            &[("Checkliste", told[0].as_str(), told[1].as_str())],
        );
        let english = changes(Language::En, ObjectKind::Adoption, None, Some(&point("open")));
        assert!(english[0].2.contains("Functional mailbox for applications"), "{english:?}");
        check(
            ObjectKind::Ticket,
            json!({"status": "new"}),
            json!({"kind": "claimed", "respond_by": "2026-11-24T10:00:00Z", "status": "assessing"}),
            &[("Stand", "Neu", "In Bewertung"), ("Art", "–", "übernommen"), ("Frist", "–", "24.11.2026, 11:00 Uhr")],
        );
    }

    #[test]
    fn words_of_lists_are_named() {
        check(
            ObjectKind::Ticket,
            json!({"part": "history"}),
            json!({"part": "file", "reporter": true, "channel": "phone", "from": "answered"}),
            &[
                ("Gelesen", "Verlauf", "Akte"),
                ("Kanal", "–", "Telefon"),
                ("Bisher", "–", "Beantwortet"),
                ("Mit Name und Adressen", "–", "ja"),
            ],
        );
        check(
            ObjectKind::Contact,
            json!({"notify": "at_once"}),
            json!({"notify": "daily 07:30"}),
            &[("Benachrichtigung", "sofort", "täglich um 07:30 Uhr")],
        );
        assert_eq!(which(Language::De, ObjectKind::Directory, "postal codes".into()), "Liste der Postleitzahlen");
        assert_eq!(which(Language::De, ObjectKind::Directory, "file".into()), "Eingelesene Datei");
        assert_eq!(which(Language::De, ObjectKind::Contact, "file".into()), "file");
    }

    #[test]
    fn what_stays_empty_is_left_out() {
        check(
            ObjectKind::Contact,
            json!({"deputy": null, "phone": "…0000"}),
            json!({"absent_from": null, "deputy": null, "hours": "", "languages": [], "name": "Technik", "phone": null}),
            &[("Telefon", "…0000", "–"), ("Name", "–", "Technik")],
        );
    }

    /// What is kept of changes, by the names it is kept under.
    const FIELDS: &str = "absent_from absent_until actor action adapter adapter_secrets addresses adoption \
        adoptions_ended adoptions_moved ags ars assessment association at attachment body bounced bounced_at by category \
        central change channel channels checklist code confirmed_on contact contacts cooperates_with cost_note created \
        created_at data_processor data_protection day decided_at decision delegate delivery deputy detail disabled_at \
        disabled_because discloses_reporter district done_on due_on email emergency ended ended_on endpoint error \
        escalation escalation_kind expires_at failing_since filter first form format from from_name functional grants \
        has_password has_second_factor header headers held_by holds hours id in_115 into item key kind label land language \
        languages last_login_at later leistung length login mail media member method name note noted_at notice notify \
        number object object_id occasion of_service_time on operating_land operator outcome owner part path payload percent \
        person phone planned_at planned_start portion portions postal_code preset priority project_lead public_notices \
        purpose put_aside question reason recipient reference reference_pattern region regions renewed reporter respond_by \
        role second_level secret secrets service service_duties services settings since size slug specialist_procedure \
        state status statuses step takes_effect_on target task tasks technical text text_easy text_en ticket title \
        title_easy title_en to to_name token tokens told_by unchanged until updated updated_at url valid_from valid_on \
        valid_to version webhook";

    #[test]
    fn every_field_has_a_name() {
        for language in [Language::De, Language::En] {
            let nameless: Vec<_> = FIELDS.split_whitespace().filter(|field| label(language, field) == *field).collect();
            assert!(nameless.is_empty(), "{nameless:?}");
        }
    }

    #[test]
    fn whatever_happens_to_a_request_has_a_name() {
        let kinds = "submitted claimed released noted waiting resumed interim_reply answered rejected closed reopened \
            merged merged_from priority_changed category_changed reporter_opened escalated escalation_step \
            escalation_sent escalation_acknowledged escalation_answered escalation_returned escalation_asked \
            escalation_replied escalation_commented escalation_handed_on escalation_hand_on_proposed \
            escalation_hand_on_declined escalation_reference escalation_expired escalation_reminded emergency_raised \
            escalation_withdrawn other_way_tried delivery_exhausted delivery_replayed endpoint_disabled promise_moved \
            escalation_moved relocated reporter_added reporter_withdrew attached attachment_removed erased";
        for kind in kinds.split_whitespace() {
            assert!(word(Language::De, ObjectKind::Ticket, "kind", kind).is_some(), "{kind}");
        }
    }
}
