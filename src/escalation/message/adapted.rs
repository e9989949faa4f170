//! The same message in the words of another ticket system: what its templates see.
//!
//! Pure. The data is the event as it would be sent in the standard form, cut by the same rules: who asked is in it only
//! where the contact may see that. How templates are rendered stands in `delivery/adapter/`.

use serde_json::Value;

use super::{Facts, event, short_enough, subject, text};
use crate::delivery::adapter::{Adapter, Finished};

/// The same in the words of another ticket system, with its call; `known` are its number and key for this, if it gave
/// them. The fault names the template and line.
pub fn adapted(adapter: &Adapter, facts: &Facts, known: &Known) -> Result<(Finished, String), String> {
    let make = |facts: &Facts| {
        let data = template_data(facts, known).map_err(|fault| fault.to_string())?;
        adapter.finish(&data)
    };
    short_enough(facts, make, |(_, body)| body.len())
}

/// What a contact's own system calls the matter: the number for people, the key for its interface.
pub type Known = (Option<String>, Option<String>);

/// What templates see: the event with mail's title and text. What is not there now is empty, never missing, so that a
/// template that was sound when it was entered stays so. Who asked is in it only where the contact may see that.
fn template_data(facts: &Facts, (reference, key): &Known) -> Result<Value, serde_json::Error> {
    let mut event = serde_json::to_value(event(facts))?;
    let mut data = event["data"].take();
    for field in ["type", "timestamp"] {
        data[field] = event[field].take();
    }
    for (part, fields) in [
        ("reporter", &["name", "email", "phone"][..]),
        ("reply", &["text"]),
        ("links", &["acknowledge", "answer", "return", "ask", "hand_on", "view"]),
    ] {
        for field in fields.iter().filter(|field| data[part].get(**field).is_none()).collect::<Vec<_>>() {
            data[part][*field] = Value::Null;
        }
    }
    if data["reply"].get("questions").is_none() {
        data["reply"]["questions"] = Value::Array(Vec::new());
    }
    data["ticket"]["files"] = facts.files.into();
    data["handed_on"] = facts.handed_on.clone().into();
    data["title"] = subject(facts).into();
    data["text"] = text(facts).into();
    data["reference"] = reference.clone().into();
    data["key"] = key.clone().into();
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use super::super::tests::facts;
    use super::*;

    fn keys(value: &Value, at: &str, found: &mut Vec<String>) {
        for (key, inner) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "browser") {
            found.push(format!("{at}{key}"));
            keys(inner, &format!("{at}{key}."), found);
        }
    }

    #[test]
    fn the_sample_of_adapters_is_shaped_like_a_true_message() {
        let known = (Some("22003".to_owned()), Some("3".to_owned()));
        for occasion in [Occasion::Created, Occasion::Reminded, Occasion::Replied, Occasion::Cancelled] {
            let data = template_data(&Facts { occasion, ..facts() }, &known).unwrap();
            let (mut made, mut sample) = (Vec::new(), Vec::new());
            keys(&data, "", &mut made);
            keys(&crate::delivery::adapter::sample(), "", &mut sample);
            made.sort();
            sample.sort();
            assert_eq!(made, sample, "{occasion:?}");
        }
    }

    #[test]
    fn another_system_is_called_in_its_own_words() {
        let mut facts = facts();
        facts.description = "\u{1}\"🚀".repeat(2600);
        let settings = [("group", "Users"), ("customer", "lotse@example.org")];
        let adapter = Adapter {
            preset: Some(crate::delivery::adapter::Preset::Zammad),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            secrets: vec!["token".into()],
            ..Adapter::default()
        };
        let (call, body) = adapted(&adapter, &facts, &(None, None)).unwrap();
        assert!(body.len() < 20_000, "{}", body.len());
        let ticket: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((call.path.as_str(), &ticket["group"]), ("/api/v1/tickets", &"Users".into()));
        let known = (Some("22003".to_owned()), Some("3".to_owned()));
        let off = Facts { occasion: Occasion::Cancelled, ..facts };
        let (call, body) = adapted(&adapter, &off, &known).unwrap();
        let article: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((call.path.as_str(), &article["ticket_id"]), ("/api/v1/ticket_articles", &3.into()));
        assert_eq!(call.reference, None, "an article's number is not the ticket's");
    }
}
