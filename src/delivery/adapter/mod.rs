//! Adapters: how a message is put into the words of another ticket system, by configuration alone.
//!
//! Pure. An adapter says method, path, headers and payload of the first call and of later ones, where the number of
//! the other side stands in the answer, and which secrets its headers or payload need. A preset (`presets/`) fills in
//! what is left out. Secrets never enter a stored message: what is stored holds their places, which are filled in when
//! it is sent (`fill`). Not here: what a message is about (the data comes finished from outside), and sending
//! (`webhook.rs`).

mod template;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Faults;
use template::{Place, TemplateFault, render};

crate::text_enum! {
    /// A ticket system that Lotse knows.
    pub enum Preset {
        /// Zammad.
        Zammad = "zammad",
        /// Jira Service Management.
        Jira = "jira",
        /// Znuny.
        Znuny = "znuny",
        /// GLPI.
        Glpi = "glpi",
    }
}

crate::text_enum! {
    /// The method of a call.
    pub enum Method {
        /// POST.
        Post = "POST",
        /// PUT.
        Put = "PUT",
        /// PATCH.
        Patch = "PATCH",
    }
}

/// One call of another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Template of what follows the webhook's URL, such as `/api/v1/tickets`.
    pub path: String,
    /// Template of the JSON payload.
    pub payload: String,
}

/// A call that gets a token for the calls that follow, where a system wants that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// What follows the webhook's URL.
    pub path: String,
    /// Templates of headers that only this call has.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON pointer (RFC 6901) to the token in the answer.
    pub token: String,
    /// The header that carries it afterwards.
    pub header: String,
}

/// How messages are put into another system's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adapter {
    /// Fills in what is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Values for the templates, such as `{"group": "Users"}`: there as `settings.group`.
    pub settings: BTreeMap<String, String>,
    /// The names of the secrets: in the templates as `secrets.token`.
    pub secrets: Vec<String>,
    /// Templates of headers.
    pub headers: BTreeMap<String, String>,
    /// The call for the first message, and for later ones while the other side's key is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Call>,
    /// The call for later messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<Call>,
    /// JSON pointer (RFC 6901) to the number for people in the answer to the first call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// JSON pointer to what later calls are addressed by; the reference where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// JSON pointer to what only a failure has, for systems that answer 200 all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// A call that gets a token first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LogIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    needs: Vec<String>,
    secrets: Vec<String>,
    reference: String,
    key: String,
    error: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    login: Option<LogIn>,
    first: Call,
    later: Call,
}

/// A call as it is stored: finished but for the places of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finished {
    /// The method.
    pub method: Method,
    /// What follows the webhook's URL.
    pub path: String,
    /// Header and value.
    pub headers: Vec<(String, String)>,
    /// JSON pointer to the reference in the answer.
    pub reference: Option<String>,
    /// JSON pointer to the key.
    pub key: Option<String>,
    /// JSON pointer to what only a failure has.
    pub error: Option<String>,
    /// A call that gets a token first.
    pub login: Option<LogIn>,
}

/// What of an answer is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The other side's number.
    pub reference: Option<String>,
    /// What it is addressed by.
    pub key: Option<String>,
}

/// Stand around the name of a secret in a stored message. No text of a request holds them: they are taken out.
const OPENS: char = '\u{E0F0}';
const CLOSES: char = '\u{E0F1}';

/// The longest value that is taken from an answer.
const LONGEST_REFERENCE: usize = 200;

/// A message as templates see it, made up; the tests of `escalation/message.rs` hold it against a true one.
pub fn sample() -> Value {
    serde_json::from_str(include_str!("sample.json")).unwrap_or_default()
}

fn preset(preset: Preset) -> Result<PresetFile, toml::de::Error> {
    toml::from_str(match preset {
        Preset::Zammad => include_str!("presets/zammad.toml"),
        Preset::Jira => include_str!("presets/jira.toml"),
        Preset::Znuny => include_str!("presets/znuny.toml"),
        Preset::Glpi => include_str!("presets/glpi.toml"),
    })
}

impl Adapter {
    /// With what the preset fills in, and the settings and secrets that it needs.
    fn whole(&self) -> Result<(Self, Vec<String>), TemplateFault> {
        let Some(known) = self.preset else { return Ok((self.clone(), Vec::new())) };
        let file = preset(known).map_err(|fault| TemplateFault(fault.to_string()))?;
        let mut whole = self.clone();
        let mut headers = file.headers;
        headers.extend(self.headers.clone());
        whole.headers = headers;
        whole.first.get_or_insert(file.first);
        whole.later.get_or_insert(file.later);
        whole.reference.get_or_insert(file.reference);
        whole.key.get_or_insert(file.key);
        whole.error = whole.error.or(file.error);
        whole.login = whole.login.or(file.login);
        let settings = file.needs.into_iter().filter(|name| !self.settings.contains_key(name));
        let secrets = file.secrets.into_iter().filter(|name| !self.secrets.contains(name));
        let missing =
            settings.map(|name| format!("settings.{name}")).chain(secrets.map(|name| format!("secrets.{name}")));
        Ok((whole, missing.collect()))
    }

    /// Puts a message into the other system's words: its call and payload. `data` is what the templates see.
    pub fn finish(&self, data: &Value) -> Result<(Finished, String), String> {
        self.render(data).map_err(|(field, fault)| format!("{field}: {}", fault.0))
    }

    fn render(&self, data: &Value) -> Result<(Finished, String), (String, TemplateFault)> {
        let at = |field: &str| {
            let field = field.to_owned();
            move |fault| (field, fault)
        };
        let (whole, _) = self.whole().map_err(at("preset"))?;
        let data = whole.data(data);
        let is_known = data.get("key").is_some_and(|key| !key.is_null());
        let (name, call) = match (&whole.later, &whole.first) {
            (Some(later), _) if is_known => ("later", later),
            (_, Some(first)) => ("first", first),
            _ => return Err(("first".into(), TemplateFault("must be given, or a preset".into()))),
        };
        let path = render(&call.path, Place::Path, &data).map_err(at(&format!("{name}.path")))?;
        if path.contains("%EE%83%B0") {
            return Err((format!("{name}.path"), TemplateFault("must hold no secret; paths stand in logs".into())));
        }
        let own = headers(&whole.headers, &data, "headers")?;
        let payload = render(&call.payload, Place::Json, &data).map_err(at(&format!("{name}.payload")))?;
        let login = whole.login.map(|login| -> Result<LogIn, (String, TemplateFault)> {
            let path = render(&login.path, Place::Path, &data).map_err(at("login.path"))?;
            let its = headers(&login.headers, &data, "login.headers")?;
            Ok(LogIn { path, headers: its.into_iter().collect(), ..login })
        });
        let login = login.transpose()?;
        // Only the answer to the first call tells a number that is worth keeping.
        let (reference, key) =
            if name == "first" { (whole.reference.clone(), whole.key.or(whole.reference)) } else { (None, None) };
        Ok((Finished { method: call.method, path, headers: own, reference, key, error: whole.error, login }, payload))
    }

    /// What the templates see: the message, the settings, and the places of the secrets.
    fn data(&self, message: &Value) -> Value {
        let mut data = message.clone();
        take_out_marks(&mut data);
        let secrets = self.secrets.iter().map(|name| (name.clone(), format!("{OPENS}{name}{CLOSES}").into()));
        data["secrets"] = Value::Object(secrets.collect());
        data["settings"] = serde_json::json!(self.settings);
        data
    }

    /// Notes what is wrong with it, tried out on a made-up message, the first and a later one.
    pub fn check(&self, field: &str, faults: &mut Faults) {
        let mut add = |at: &str, message: String| faults.add(format!("{field}.{at}"), message);
        let (whole, missing) = match self.whole() {
            Ok(whole) => whole,
            Err(fault) => return add("preset", fault.0),
        };
        for name in missing {
            add(&name, format!("is needed by the preset {}", self.preset.map_or("", Preset::as_str)));
        }
        for name in self.settings.keys().chain(&self.secrets) {
            if name.is_empty() || name.len() > 60 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                add("settings", format!("{name:?}: names are letters, digits and _"));
            }
        }
        let too_long = self.settings.values().any(|value| value.len() > 500 || value.contains([OPENS, CLOSES]));
        if too_long || self.settings.len() > 50 || self.secrets.len() > 10 || whole.headers.len() > 20 {
            add("settings", "at most 50 of 500 bytes, with 10 secrets and 20 headers".into());
        }
        let pointers = [("reference", &whole.reference), ("key", &whole.key), ("error", &whole.error)];
        for (name, pointer) in pointers {
            if pointer.as_ref().is_some_and(|pointer| !is_pointer(pointer)) {
                add(name, "must be a JSON pointer such as /number".into());
            }
        }
        let login = whole.login.as_ref().filter(|login| !is_pointer(&login.token) || !is_header(&login.header));
        if login.is_some() {
            add("login", "token must be a JSON pointer such as /session_token, header a header's name".into());
        }
        for kind in ["escalation.created", "escalation.cancelled"] {
            let mut data = sample();
            data["type"] = kind.into();
            if kind == "escalation.cancelled" {
                (data["reference"], data["key"]) = ("4711".into(), "4711".into());
            }
            if let Err((at, fault)) = self.render(&data) {
                return add(&at, fault.0);
            }
        }
    }
}

type Headers = Result<Vec<(String, String)>, (String, TemplateFault)>;

fn headers(templates: &BTreeMap<String, String>, data: &Value, field: &str) -> Headers {
    let header = |(name, template): (&String, &String)| {
        let at = format!("{field}.{name}");
        if !is_header(name) {
            return Err((at, TemplateFault("is no header that an adapter may set".into())));
        }
        let value = render(template, Place::Header, data).map_err(|fault| (at, fault))?;
        Ok((name.clone(), value))
    };
    templates.iter().map(header).collect()
}

/// A header that says nothing about the connection or our signature.
fn is_header(name: &str) -> bool {
    const OURS: [&str; 8] =
        ["host", "connection", "content-length", "content-type", "transfer-encoding", "te", "upgrade", "expect"];
    let lower = name.to_ascii_lowercase();
    let is_name = !name.is_empty() && name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_name && !OURS.contains(&lower.as_str()) && !lower.starts_with("webhook-") && !lower.starts_with("proxy-")
}

fn is_pointer(pointer: &str) -> bool {
    pointer.starts_with('/') && pointer.len() <= 200
}

fn take_out_marks(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|c| c != OPENS && c != CLOSES),
        Value::Array(values) => values.iter_mut().for_each(take_out_marks),
        Value::Object(fields) => fields.values_mut().for_each(take_out_marks),
        _ => {}
    }
}

/// Fills secrets into their places; `None` when one is missing. In JSON they are encoded as part of a text.
pub(super) fn fill(text: &str, secrets: &BTreeMap<String, String>, is_json: bool) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPENS) {
        let (name, after) = after.split_once(CLOSES)?;
        let secret = secrets.get(name)?;
        filled.push_str(before);
        if is_json {
            let quoted = serde_json::to_string(secret).ok()?;
            filled.push_str(quoted.get(1..quoted.len() - 1)?);
        } else {
            filled.push_str(secret);
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// The same for people: the names of the secrets in their places.
pub fn masked(text: &str) -> String {
    text.replace([OPENS, CLOSES], "…")
}

/// What of an answer is kept: texts and numbers, short and printable.
pub(super) fn read_answer(call: &Finished, body: &Value) -> Answered {
    let at = |pointer: &Option<String>| {
        let text = match body.pointer(pointer.as_deref()?)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let is_fit =
            !text.is_empty() && text.chars().count() <= LONGEST_REFERENCE && !text.chars().any(char::is_control);
        is_fit.then_some(text)
    };
    Answered { reference: at(&call.reference), key: at(&call.key) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(adapter: &Adapter) -> Vec<String> {
        let mut faults = Faults::default();
        adapter.check("webhook.adapter", &mut faults);
        match faults.finish() {
            Ok(()) => Vec::new(),
            Err(crate::error::AppError::Invalid(all)) => {
                all.into_iter().map(|one| format!("{}: {}", one.field, one.message)).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn of(preset: Preset) -> Adapter {
        let file = super::preset(preset).unwrap();
        let settings = file.needs.into_iter().map(|name| (name, "1".to_owned())).collect();
        Adapter { preset: Some(preset), settings, secrets: file.secrets, ..Adapter::default() }
    }

    #[test]
    fn every_preset_is_sound_and_says_what_it_needs() {
        for preset in Preset::ALL {
            assert_eq!(faults(&of(*preset)), Vec::<String>::new(), "{preset}");
            let bare = Adapter { preset: Some(*preset), ..Adapter::default() };
            assert!(faults(&bare).iter().any(|fault| fault.contains("is needed by the preset")), "{preset}");
        }
    }

    #[test]
    fn a_secret_has_a_place_and_no_text_fakes_one() {
        let adapter = of(Preset::Znuny);
        let mut data = sample();
        data["text"] = format!("{OPENS}password{CLOSES}").into();
        let (_, payload) = adapter.finish(&data).unwrap();
        assert_eq!(payload.matches(OPENS).count(), 2, "{payload}");
        let secrets = BTreeMap::from([("user".into(), "lotse".into()), ("password".into(), "a\"b".to_owned())]);
        let filled: Value = serde_json::from_str(&fill(&payload, &secrets, true).unwrap()).unwrap();
        assert_eq!((&filled["Password"], &filled["Article"]["Body"]), (&json!("a\"b"), &json!("password")));
        assert!(fill(&payload, &BTreeMap::new(), true).is_none());
        assert!(!masked(&payload).contains(OPENS));
    }

    #[test]
    fn a_fault_names_its_place() {
        let call =
            |payload: &str, path: &str| Some(Call { method: Method::Post, path: path.into(), payload: payload.into() });
        for (adapter, part) in [
            (Adapter::default(), "webhook.adapter.first: must be given"),
            (
                Adapter { first: call("{\n\"a\": {{ ticket.nummer }}}", "/"), ..Adapter::default() },
                "webhook.adapter.first.payload: line 2",
            ),
            (Adapter { first: call("{}", "x"), ..Adapter::default() }, "webhook.adapter.first.path: must begin"),
            (
                Adapter { first: call("{}", "/{{ secrets.t }}"), secrets: vec!["t".into()], ..Adapter::default() },
                "must hold no secret",
            ),
            (
                Adapter { reference: Some("number".into()), ..of(Preset::Zammad) },
                "webhook.adapter.reference: must be a JSON pointer",
            ),
            (
                Adapter { headers: BTreeMap::from([("Host".into(), "x".into())]), ..of(Preset::Zammad) },
                "webhook.adapter.headers.Host: is no header",
            ),
        ] {
            let found = faults(&adapter);
            assert!(found.iter().any(|fault| fault.contains(part)), "{part}: {found:?}");
        }
    }

    #[test]
    fn an_answer_is_read_with_care() {
        let (call, _) = of(Preset::Zammad).finish(&sample()).unwrap();
        let read = |body: Value| read_answer(&call, &body);
        assert_eq!(
            read(json!({"id": 3, "number": "22003"})),
            Answered { reference: Some("22003".into()), key: Some("3".into()) }
        );
        assert_eq!(read(json!({"id": {"x": 1}, "number": "a\nb"})), Answered::default());
        assert_eq!(read(json!([])), Answered::default());
    }
}
