//! Help as schema.org reads it: a JSON-LD block in the page, for search engines and assistants.
//!
//! Invariant: it says nothing that the page does not say, and nothing in it can end the block: `<` is escaped. A data
//! block is no script; the policy of the page needs no exception for it.

use serde_json::{Value, json};

use super::spoken::{dialled, short};
use crate::directory::hours::Week;
use crate::directory::{Help, HelpWay, PlaceEntry};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The text of the block.
pub fn json_ld(help: &Help, place: &PlaceEntry, page: &str) -> String {
    let body = if place.association.is_empty() { &*place.name } else { &*place.association };
    let document = json!({
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "name": help.service.name,
        "url": page,
        "areaServed": {"@type": "AdministrativeArea", "name": place.name, "identifier": place.ars.as_str()},
        "provider": {
            "@type": "GovernmentOrganization",
            "name": short(body),
            "contactPoint": help.channels.iter().map(point).collect::<Vec<_>>(),
        },
    });
    document.to_string().replace('<', "\\u003c")
}

fn point(way: &HelpWay) -> Value {
    let mut point = json!({
        "@type": "ContactPoint",
        "contactType": "customer support",
        "name": way.label,
        "availableLanguage": way.languages,
    });
    if let Some(phone) = way.phone {
        point["telephone"] = json!(dialled(phone));
    }
    if let Some(email) = way.email {
        point["email"] = json!(email);
    }
    if let Some(url) = &way.url {
        point["url"] = json!(url);
    }
    let hours = way.week.map(specification).filter(|all| !all.is_empty());
    if let Some(hours) = hours {
        point["hoursAvailable"] = json!(hours);
    }
    point
}

fn specification(week: &Week) -> Vec<Value> {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let spans = |days: Vec<String>, spans: &[(u16, u16)]| -> Vec<Value> {
        let one = |(from, to): &(u16, u16)| {
            // The last minute of the day, as schema.org has no 24:00.
            let to = if *to == 24 * 60 { "23:59".to_owned() } else { clock(*to) };
            json!({"@type": "OpeningHoursSpecification", "dayOfWeek": days, "opens": clock(*from), "closes": to})
        };
        spans.iter().map(one).collect()
    };
    let name = |day: usize| DAYS.get(day).map(|day| format!("https://schema.org/{day}"));
    let mut all: Vec<Value> = week
        .groups()
        .into_iter()
        .flat_map(|(days, hours)| spans(days.into_iter().filter_map(name).collect(), hours))
        .collect();
    match &week.holidays {
        Some(hours) if hours.is_empty() => all.push(json!({
            "@type": "OpeningHoursSpecification", "dayOfWeek": ["https://schema.org/PublicHolidays"], "opens": "00:00", "closes": "00:00",
        })),
        Some(hours) => all.extend(spans(vec!["https://schema.org/PublicHolidays".into()], hours)),
        None => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_become_specifications() {
        let found = specification(&Week::of("Mo-Fr 08:00-18:00; PH off").unwrap());
        assert_eq!(found.len(), 2);
        assert_eq!((&found[0]["opens"], &found[0]["closes"]), (&json!("08:00"), &json!("18:00")));
        assert_eq!(found[0]["dayOfWeek"].as_array().unwrap().len(), 5);
        assert_eq!(found[1]["dayOfWeek"][0], "https://schema.org/PublicHolidays");
    }
}
