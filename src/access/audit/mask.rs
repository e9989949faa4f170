//! What of a change may stand in the audit log: the fields and their values, without personal data and secrets.
//!
//! Pure. Every value passes through here on its way into the log, whoever records it: addresses are shortened until
//! they only tell apart, written texts leave their length, secrets leave nothing. What a text said stands in the
//! ticket's own history, which can be erased; the log cannot.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Before and after, masked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trail {
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl Trail {
    /// There is nothing to tell but that it happened.
    pub fn none() -> Self {
        Self::default()
    }

    /// What is there now.
    pub fn after(after: &impl Serialize) -> Self {
        Self { before: None, after: Some(masked(plain(after))) }
    }

    /// What was there.
    pub fn before(before: &impl Serialize) -> Self {
        Self { before: Some(masked(plain(before))), after: None }
    }

    /// What was there and what is there, each as it is given.
    pub fn both(before: &impl Serialize, after: &impl Serialize) -> Self {
        Self { before: Some(masked(plain(before))), after: Some(masked(plain(after))) }
    }

    /// The fields that differ, as they were and as they are. Compared before they are masked, so that a change
    /// shows even where both values look alike afterwards.
    pub fn changed(before: &impl Serialize, after: &impl Serialize) -> Self {
        let (mut before, mut after) = (plain(before), plain(after));
        if before == after {
            return Self::none();
        }
        if let (Value::Object(before), Value::Object(after)) = (&mut before, &mut after) {
            let same: Vec<String> = before
                .iter()
                .filter(|(key, value)| after.get(*key) == Some(*value))
                .map(|(key, _)| key.clone())
                .collect();
            for key in same {
                before.remove(&key);
                after.remove(&key);
            }
        }
        Self { before: Some(masked(before)), after: Some(masked(after)) }
    }
}

fn plain(value: &impl Serialize) -> Value {
    // What we serialise are our own structs, whose keys are texts; that cannot fail.
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(object(fields)),
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        Value::String(text) => Value::String(without_addresses(&text)),
        other => other,
    }
}

fn object(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.clone(), field(&key, value))).collect()
}

fn field(name: &str, value: Value) -> Value {
    match (name, value) {
        (_, Value::Null) => Value::Null,
        ("secret" | "password" | "token" | "hash" | "sealed" | "totp" | "codes" | "id_token", _) => json!("…"),
        (
            "text" | "question" | "reason" | "note" | "purpose" | "detail" | "reference" | "subject" | "description"
            | "answer" | "context" | "external_reference",
            value,
        ) => json!({ "length": length(&value) }),
        ("phone", Value::String(number)) => Value::String(phone(&number)),
        ("webhook", Value::Object(mut webhook)) => {
            if let Some(Value::String(url)) = webhook.get_mut("url") {
                *url = place(url);
            }
            Value::Object(object(webhook))
        }
        ("recipient", Value::String(recipient)) if recipient.contains("://") => Value::String(place(&recipient)),
        (_, value) => masked(value),
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Object(fields) => fields.values().map(length).sum(),
        Value::Array(items) => items.iter().map(length).sum(),
        _ => 0,
    }
}

/// Mail addresses keep their first letter and their domain.
fn without_addresses(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let word = |word: &str| match word.rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}…@{domain}")
        }
        None => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A number keeps its last digits; one for everybody, such as 115, stays.
fn phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let kept = match digits.len() {
        0..=3 => return digits.iter().collect(),
        4..=6 => 2,
        _ => 4,
    };
    format!("…{}", digits[digits.len() - kept..].iter().collect::<String>())
}

/// Of a webhook's address its server: paths and queries often carry keys.
fn place(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = server.rsplit_once('@').map_or(server, |(_, host)| host);
    format!("{scheme}://{host}/…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: Value, expected: Value) {
        assert_eq!(Trail::after(&given).after, Some(expected));
    }

    #[test]
    fn personal_data_and_secrets_are_masked() {
        check(
            json!({"email": "technik@dataport.example.org", "phone": "+49 431 0000", "name": "Service Desk"}),
            json!({"email": "t…@dataport.example.org", "phone": "…0000", "name": "Service Desk"}),
        );
        check(
            json!({"webhook": {"url": "https://u:p@desk.example.org/hook/geheim?k=1", "secret": "whsec_x", "state": "active"}}),
            json!({"webhook": {"url": "https://desk.example.org/…", "secret": "…", "state": "active"}}),
        );
        check(json!({"kind": "noted", "text": "Frau Muster, ä"}), json!({"kind": "noted", "text": {"length": 14}}));
        check(json!({"recipient": "https://desk.example.org/x"}), json!({"recipient": "https://desk.example.org/…"}));
        check(json!({"recipient": "erika@example.org"}), json!({"recipient": "e…@example.org"}));
        check(
            json!({"label": "Mail an hilfe@kiel.example.org, gern"}),
            json!({"label": "Mail an h…@kiel.example.org, gern"}),
        );
        check(
            json!({"channels": [{"phone": "115"}, {"phone": "04351 12"}]}),
            json!({"channels": [{"phone": "115"}, {"phone": "…5112"}]}),
        );
        check(
            json!({"context": {"a": "bc", "d": "e"}, "answer": null}),
            json!({"context": {"length": 3}, "answer": null}),
        );
        check(
            json!({"password": "x", "totp": [1, 2], "hash": [3]}),
            json!({"password": "…", "totp": "…", "hash": "…"}),
        );
    }

    #[test]
    fn only_what_differs_is_told_even_where_it_looks_alike() {
        let trail = Trail::changed(
            &json!({"email": "anna@example.org", "name": "A", "version": 1}),
            &json!({"email": "anne@example.org", "name": "A", "version": 2}),
        );
        assert_eq!(Trail::changed(&json!({"a": 1}), &json!({"a": 1})), Trail::none());
        assert_eq!(trail.before, Some(json!({"email": "a…@example.org", "version": 1})));
        assert_eq!(trail.after, Some(json!({"email": "a…@example.org", "version": 2})));
    }
}
