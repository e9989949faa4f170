//! Adapters: templates of every kind end within their fuel, and whatever a request says, a finished call is one line of
//! JSON, a path on the same host and headers of one line, with no secret in them.

use std::collections::BTreeMap;

use super::{lines, text, within};
use lotse::delivery::adapter::{Adapter, Call, Finished, Method, Preset, sample};
use lotse::error::Faults;
use serde_json::Value;
use url::Url;

fn is_sound(call: &Finished, payload: &str) {
    serde_json::from_str::<Value>(payload).expect("a payload is JSON");
    assert!(!payload.contains(['\n', '\r']));
    let url = Url::parse(&format!("https://desk.example.org/base{}", call.path)).expect("an address");
    assert_eq!(url.host_str(), Some("desk.example.org"), "{}", call.path);
    assert!(url.path().starts_with("/base/"), "{}", call.path);
    for (name, value) in &call.headers {
        assert!(
            !value.chars().any(char::is_control) && !name.to_ascii_lowercase().starts_with("webhook-"),
            "{name} {value:?}"
        );
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let Some(text) = text(rest) else { return };
    let mut message = sample();
    if which % 2 == 0 {
        // Known templates, a foreign text.
        let preset = Preset::ALL[usize::from(which / 2) % Preset::ALL.len()];
        let every = ["group", "customer", "service_desk_id", "request_type_id", "queue", "project", "entity", "user"];
        let mut adapter = Adapter { preset: Some(preset), ..Adapter::default() };
        let mut needed = Faults::default();
        adapter.check("a", &mut needed);
        if let Err(lotse::error::AppError::Invalid(faults)) = needed.finish() {
            for fault in faults {
                if let Some(name) = fault.field.strip_prefix("a.settings.") {
                    adapter.settings.insert(name.to_owned(), "1".into());
                } else if let Some(name) = fault.field.strip_prefix("a.secrets.") {
                    adapter.secrets.push(name.to_owned());
                }
            }
        }
        adapter.settings.extend(every.map(|name| (name.to_owned(), "1".to_owned())));
        replace(&mut message, text);
        let (call, payload) =
            within(2000, || adapter.finish(&message)).unwrap_or_else(|fault| panic!("{preset}: {fault}"));
        is_sound(&call, &payload);
        return;
    }
    // A foreign template.
    let [path, header, payload] = lines(text);
    let call = Call { method: Method::Post, path: path.to_owned(), payload: payload.to_owned() };
    let adapter = Adapter {
        secrets: vec!["token".into()],
        headers: BTreeMap::from([("Authorization".to_owned(), header.to_owned())]),
        first: Some(call.clone()),
        later: Some(call),
        ..Adapter::default()
    };
    within(3000, || adapter.check("a", &mut Faults::default()));
    if let Ok((call, payload)) = within(3000, || adapter.finish(&message)) {
        is_sound(&call, &payload);
        assert!(!call.path.contains("%EE%83%B0"), "{}", call.path);
    }
}

/// The foreign text wherever a person's words stand.
fn replace(message: &mut Value, text: &str) {
    for field in ["/title", "/text", "/note", "/ticket/subject", "/ticket/description", "/ticket/municipality/name"] {
        *message.pointer_mut(field).expect("a field of a message") = text.into();
    }
}
