//! What somebody typed into a form of the directory, read field by field.
//!
//! Invariant: spaces around are no part of it; what is empty was not said. What cannot be read is noted at its field and
//! comes back as typed.

use std::collections::HashMap;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Europe::Berlin;

use crate::clock::Timestamp;
use crate::directory::Snapshot;
use crate::error::FieldError;
use crate::http::pages::shell::Shell;
use crate::http::public::spoken::short;
use crate::keys::Ars;

/// The fields of a form.
#[derive(Debug, Clone, Default)]
pub struct Typed(HashMap<String, String>);

impl From<HashMap<String, String>> for Typed {
    fn from(fields: HashMap<String, String>) -> Self {
        Self(fields)
    }
}

impl Typed {
    /// With these values to begin with.
    pub fn of<const N: usize>(pairs: [(&str, String); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// What stands in a field.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// Puts something there.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The same unless it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.get(name).to_owned()).filter(|text| !text.is_empty())
    }

    /// True where a box is ticked or a button was pressed.
    pub fn is_set(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The version that was read.
    pub fn version(&self) -> Option<i32> {
        self.get("version").parse().ok()
    }

    /// A value of some kind; what is none is noted.
    pub fn value<T: FromStr>(&self, shell: &mut Shell, name: &str, fault: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            shell.fault(name, fault);
        }
        value
    }

    /// A day, as browsers send it or as people write it.
    pub fn day(&self, shell: &mut Shell, name: &str) -> Option<NaiveDate> {
        let text = self.text(name)?;
        let day = text.parse().ok().or_else(|| NaiveDate::parse_from_str(&text, "%d.%m.%Y").ok());
        if day.is_none() {
            shell.fault(name, "fault-day");
        }
        day
    }

    /// A time of Germany.
    pub fn moment(&self, shell: &mut Shell, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d.%m.%Y, %H:%M"];
        let wall = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
        let there = wall.and_then(|wall| Berlin.from_local_datetime(&wall).earliest());
        if there.is_none() {
            shell.fault(name, "fault-moment");
        }
        there.map(|time| Timestamp::new(time.to_utc()))
    }

    /// The one municipality that is meant; which might be is noted where that is in doubt.
    pub fn place(&self, shell: &mut Shell, directory: &Snapshot, name: &str) -> Option<Ars> {
        let text = self.text(name)?;
        let found = directory.find_places(&text);
        match found.as_slice() {
            [one] => Some(one.ars.clone()),
            [] => {
                shell.fault_text(name, shell.with("fault-place-unknown", "text", text));
                None
            }
            several => {
                let named = |place: &&crate::directory::PlaceEntry| format!("{} ({})", short(&place.name), place.ars);
                let names = several.iter().take(5).map(named).collect::<Vec<_>>().join(", ");
                shell.fault_text(name, shell.with("fault-place-several", "names", names));
                None
            }
        }
    }
}

/// A time as a field of a form holds it.
pub fn in_field(time: Timestamp) -> String {
    time.utc().with_timezone(&Berlin).format("%Y-%m-%dT%H:%M").to_string()
}

/// A day as a field of a form holds it.
pub fn day_in_field(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// Notes what a use case did not accept: `fields` leads from its words to the field and the key of what is wrong. Of a
/// field, what was noted first stands.
pub fn mark(shell: &mut Shell, faults: &[FieldError], fields: &[(&str, &str, &str)]) {
    for fault in faults {
        let known =
            fields.iter().find(|(field, ..)| fault.field == *field || fault.field.starts_with(&format!("{field}.")));
        match known {
            Some((_, field, _)) if shell.fault_of(field).is_some() => {}
            Some((_, field, key)) => shell.fault(*field, key),
            None => shell.fault_text("", format!("{}: {}", fault.field, fault.message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_was_not_said() {
        let typed = Typed::of([("name", "  Kiel ".into()), ("telefon", " ".into()), ("version", "3".into())]);
        assert_eq!((typed.get("name"), typed.text("telefon"), typed.version()), ("Kiel", None, Some(3)));
        assert!(!typed.is_set("gibt-es-nicht"));
    }
}
