//! Who has a duty: the contact, the person behind a shared mailbox, and the days it holds on.
//!
//! Invariant: written plainly, it is the contact's slug alone, as most duties are; where more is known it is an
//! object. Both are read, so that whoever wants only names writes only names. One contact has the same duty at most
//! once on any day (`check`).

use chrono::NaiveDate;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{OneOfBuilder, Schema};

use super::resolve::Span;
use crate::error::Faults;
use crate::keys::Slug;

/// Somebody with a duty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assigned {
    /// Who is asked.
    pub contact: Slug,
    /// Who answers for it in person, where the contact is a mailbox that several share.
    pub person: Option<String>,
    /// First day; since ever when absent.
    pub from: Option<NaiveDate>,
    /// Last day; until further notice when absent.
    pub until: Option<NaiveDate>,
}

/// All that can be said of it, as it is written where more than the contact is known.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Whole {
    /// The id of the contact.
    contact: Slug,
    /// Who answers for it in person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    person: Option<String>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    from: Option<NaiveDate>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    until: Option<NaiveDate>,
}

impl From<Slug> for Assigned {
    fn from(contact: Slug) -> Self {
        Self { contact, person: None, from: None, until: None }
    }
}

impl Assigned {
    /// The days it holds on.
    pub fn span(&self) -> Span {
        Span { from: self.from, to: self.until }
    }

    fn is_plain(&self) -> bool {
        self.person.is_none() && self.span() == Span::default()
    }

    /// The days in words, for who is told of two that collide.
    fn days(&self) -> String {
        match (self.from, self.until) {
            (None, None) => "always".into(),
            (Some(from), None) => format!("from {from}"),
            (None, Some(until)) => format!("until {until}"),
            (Some(from), Some(until)) => format!("{from} to {until}"),
        }
    }
}

/// Their contacts.
pub fn contacts(all: &[Assigned]) -> Vec<Slug> {
    all.iter().map(|one| one.contact.clone()).collect()
}

/// Says what is wrong with a list by itself: days in the wrong order, and a contact with the duty twice on one day.
pub(super) fn check(field: &str, all: &[Assigned], faults: &mut Faults) {
    for (index, one) in all.iter().enumerate() {
        if one.from.zip(one.until).is_some_and(|(from, until)| until < from) {
            faults.add(format!("{field}[{index}].until"), "must not be before from");
        }
        if let Some(person) = &one.person {
            faults.text(&format!("{field}[{index}].person"), person, 200);
        }
        for (before, other) in all.iter().enumerate().take(index) {
            if other.contact == one.contact && other.span().overlaps(&one.span()) {
                let (first, second) = (other.days(), one.days());
                let which = format!("{} stands in [{before}] ({first}) and in [{index}] ({second})", one.contact);
                faults.add(field, format!("{which}, on the same days; let one end before the other begins"));
            }
        }
    }
}

impl Serialize for Assigned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_plain() {
            return self.contact.serialize(serializer);
        }
        let Self { contact, person, from, until } = self.clone();
        Whole { contact, person, from, until }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Assigned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Assigned;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("the id of a contact, or {\"contact\": …, \"person\": …, \"from\": …, \"until\": …}")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Assigned, E> {
                text.parse::<Slug>().map(Assigned::from).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Assigned, A::Error> {
                let Whole { contact, person, from, until } = Whole::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Assigned { contact, person, from, until })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl PartialSchema for Assigned {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new().item(Slug::schema()).item(Whole::schema()).into()
    }
}

impl utoipa::ToSchema for Assigned {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Assigned, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn is_a_name_or_more() {
        let plain = read("\"kiel-zentral\"").unwrap();
        assert_eq!(serde_json::to_string(&plain).unwrap(), "\"kiel-zentral\"");
        let text = r#"{"contact":"kiel-zentral","person":"A. Möller","from":"2026-12-24"}"#;
        let more = read(text).unwrap();
        assert_eq!((more.person.as_deref(), more.until), (Some("A. Möller"), None));
        assert_eq!(serde_json::to_string(&more).unwrap(), text);
        assert!(read("7").unwrap_err().to_string().contains("the id of a contact"));
        assert!(read(r#"{"contact":"a","bis":"2026-12-24"}"#).unwrap_err().to_string().contains("unknown field `bis`"));
    }

    #[test]
    fn nobody_has_a_duty_twice_on_a_day() {
        let check = |list: &str| {
            let list: Vec<Assigned> = serde_json::from_str(list).unwrap();
            let mut faults = Faults::default();
            super::check("central", &list, &mut faults);
            faults.finish().err().map(|fault| fault.to_string()).unwrap_or_default()
        };
        assert_eq!(check(r#"["a", "b"]"#), "");
        assert_eq!(check(r#"[{"contact":"a","until":"2026-12-31"},"b",{"contact":"a","from":"2027-01-01"}]"#), "");
        let told = check(r#"[{"contact":"a","until":"2027-01-01"},{"contact":"a","from":"2027-01-01"}]"#);
        assert!(told.contains("a stands in [0] (until 2027-01-01) and in [1] (from 2027-01-01)"), "{told}");
        assert!(check(r#"[{"contact":"a","from":"2027-01-02","until":"2027-01-01"}]"#).contains("[0].until"));
    }
}
