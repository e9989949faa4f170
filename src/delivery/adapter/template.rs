//! Templates of an adapter: what a message says in the words of another ticket system.
//!
//! Pure. Every value that a template writes is encoded for its place (JSON in a payload, percent signs in a path), so
//! that no text of a request can break out of it; there is no way to switch that off. What is not there is a fault
//! (strict), steps and sizes are bounded, and a template knows `if`, `for` and a handful of filters, nothing else.

use std::fmt::Write as _;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

/// The longest template, in bytes.
const LONGEST: usize = 16 * 1024;

/// Steps that rendering may take.
const FUEL: u64 = 50_000;

/// Blocks that a template may use; without others nothing can be kept and doubled.
const BLOCKS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// Where a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// As a JSON value.
    Json,
    /// As part of a path or query.
    Path,
    /// As part of a header.
    Header,
}

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateFault(pub String);

/// Renders a template with this data.
pub(super) fn render(source: &str, place: Place, data: &serde_json::Value) -> Result<String, TemplateFault> {
    bounds(source)?;
    let environment = environment(place);
    let template = environment.template_from_str(source).map_err(|fault| words(&fault))?;
    let text = template.render(Value::from(Serde(data))).map_err(|fault| words(&fault))?;
    match place {
        Place::Json => compact(&text),
        Place::Path => path(text),
        Place::Header if text.chars().any(char::is_control) => {
            Err(TemplateFault("a header must be one line of plain text".into()))
        }
        Place::Header => Ok(text),
    }
}

fn bounds(source: &str) -> Result<(), TemplateFault> {
    if source.len() > LONGEST {
        return Err(TemplateFault(format!("is longer than {LONGEST} bytes")));
    }
    for (number, line) in source.lines().enumerate() {
        for block in line.split("{%").skip(1) {
            let word = block.trim_start_matches(['-', '+']).trim_start();
            let word: String = word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            // A tag that goes on in the next line has no word here, and is not needed.
            if !BLOCKS.contains(&word.as_str()) {
                let line = number + 1;
                return Err(TemplateFault(format!("line {line}: only if and for can be used, not {{% {word}")));
            }
        }
    }
    Ok(())
}

/// The finished JSON on one line; a fault names the line of what came out.
fn compact(text: &str) -> Result<String, TemplateFault> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|fault| TemplateFault(format!("line {}: what comes out is no JSON: {fault}", fault.line())))?;
    serde_json::to_string(&value).map_err(|fault| TemplateFault(fault.to_string()))
}

fn path(text: String) -> Result<String, TemplateFault> {
    let climbs = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    if !text.starts_with('/') || text.starts_with("//") || text.contains(['\\', '#']) || plain.split('/').any(climbs) {
        return Err(TemplateFault("must begin with / and lead straight to its end".into()));
    }
    if text.len() > 1024 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(TemplateFault("must have at most 1,024 characters, without spaces".into()));
    }
    Ok(text)
}

fn environment(place: Place) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(move |out: &mut Output, _: &mut State, value: &Value| write(out, place, value));
    environment.add_filter("truncate", |text: String, most: usize| text.chars().take(most).collect::<String>());
    environment.add_filter("upper", |text: String| text.to_uppercase());
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment.add_filter("trim", |text: String| text.trim().to_owned());
    environment.add_filter("string", |value: Value| value.to_string());
    environment.add_filter("int", |value: Value| {
        // The value may be of a person, and faults are logged.
        let wrong = || Error::new(ErrorKind::InvalidOperation, "int: the value is no whole number");
        value.to_string().parse::<i64>().map_err(|_| wrong())
    });
    environment.add_filter(
        "default",
        |value: Value, other: Value| {
            if value.is_none() || value.is_undefined() { other } else { value }
        },
    );
    environment.add_filter("join", |values: Vec<String>, between: String| values.join(&between));
    environment
}

fn write(out: &mut Output, place: Place, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "there is no such value"));
    }
    let failed = |_| Error::new(ErrorKind::WriteFailure, "cannot be written");
    match place {
        Place::Json => {
            let json = serde_json::to_string(value);
            let json = json.map_err(|fault| Error::new(ErrorKind::BadSerialization, fault.to_string()))?;
            out.write_str(&json).map_err(failed)
        }
        Place::Header => write!(out, "{}", plain(value)?).map_err(failed),
        Place::Path => {
            for byte in plain(value)?.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.write_char(char::from(byte)).map_err(failed)?;
                } else {
                    write!(out, "%{byte:02X}").map_err(failed)?;
                }
            }
            Ok(())
        }
    }
}

/// A value that is one word or number; nothing else belongs into a path or header.
fn plain(value: &Value) -> Result<String, Error> {
    if value.as_str().is_some() || value.is_number() {
        return Ok(value.to_string());
    }
    Err(Error::new(ErrorKind::InvalidOperation, format!("{} cannot stand here, only a text or number", value.kind())))
}

/// What is wrong, with its line.
fn words(fault: &Error) -> TemplateFault {
    let what = match fault.kind() {
        ErrorKind::OutOfFuel => "takes too many steps".to_owned(),
        kind => fault.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    TemplateFault(match fault.line() {
        Some(line) => format!("line {line}: {what}"),
        None => what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(source: &str, place: Place, expected: Result<&str, &str>) {
        let data = json!({"a": "x\", \"admin\": true, \"y\": \"", "n": 7, "list": ["q", "w"], "none": null,
            "odd": "../users?x=1#/ä", "dots": "..", "long": "e".repeat(4000)});
        match (render(source, place, &data), expected) {
            (Ok(text), Ok(wanted)) => assert_eq!(text, wanted, "{source}"),
            (Err(fault), Err(part)) => assert!(fault.0.contains(part), "{source}: {fault:?}"),
            (found, _) => panic!("{source}: {found:?}"),
        }
    }

    #[test]
    fn no_text_breaks_out_of_json() {
        check(r#"{"t": {{ a }}}"#, Place::Json, Ok(r#"{"t":"x\", \"admin\": true, \"y\": \""}"#));
        check(r#"{"t": {{ "[" ~ n ~ "] " ~ a }}}"#, Place::Json, Ok(r#"{"t":"[7] x\", \"admin\": true, \"y\": \""}"#));
        check(r#"{"t": "{{ a }}"}"#, Place::Json, Err("line 1: what comes out is no JSON"));
        check("{\n\"t\": {{ a|safe }}}", Place::Json, Err("line 2"));
        check(
            r#"{% autoescape false %}{"t": {{ a }}}{% endautoescape %}"#,
            Place::Json,
            Err("line 1: only if and for"),
        );
        check(
            r#"[{% for one in list %}{{ one }}{% if not loop.last %},{% endif %}{% endfor %}]"#,
            Place::Json,
            Ok(r#"["q","w"]"#),
        );
        check(r#"{"t": {{ none|default("-") }}, "u": {{ none }}}"#, Place::Json, Ok(r#"{"t":"-","u":null}"#));
        check(r#"{"t": {{ long|truncate(3) }}}"#, Place::Json, Ok(r#"{"t":"eee"}"#));
        check("{\n\n\"t\": {{ tiket.number }}}", Place::Json, Err("line 3"));
        check("{\"t\": {{ nothing }}}", Place::Json, Err("line 1"));
    }

    #[test]
    fn a_path_and_a_header_stay_what_they_are() {
        check("/t/{{ n }}", Place::Path, Ok("/t/7"));
        check("/t/{{ odd }}", Place::Path, Ok("/t/..%2Fusers%3Fx%3D1%23%2F%C3%A4"));
        check("/t/{{ dots }}/x", Place::Path, Err("straight"));
        check("//evil.example.org/{{ n }}", Place::Path, Err("begin with /"));
        check("Bearer {{ a }}", Place::Header, Ok("Bearer x\", \"admin\": true, \"y\": \""));
        check("a\nb", Place::Header, Err("one line"));
        check("{{ list }}", Place::Header, Err("only a text or number"));
    }

    #[test]
    fn what_grows_without_end_is_stopped() {
        check(&"x".repeat(LONGEST + 1), Place::Json, Err("longer"));
        let nested = "{% for a in long %}".to_owned();
        check(&format!("{nested}{nested}1{{% endfor %}}{{% endfor %}}"), Place::Json, Err(""));
        check(
            "[{% for a in list * 90000 %}{% for b in list * 90000 %}1,{% endfor %}{% endfor %}1]",
            Place::Json,
            Err(""),
        );
        check("{% set a = long ~ long %}{{ a }}", Place::Json, Err("only if and for"));
        check("{% macro m() %}{% endmacro %}1", Place::Json, Err("only if and for"));
        check("{{ '%s' * 100000000 }}", Place::Json, Err(""));
    }
}
