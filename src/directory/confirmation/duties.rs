//! What a contact answers for, in words: in the mail that asks it, and on the page behind the link.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use crate::db::Conn;
use crate::directory::HelpLanguage;
use crate::directory::hours::in_words;
use crate::directory::store::{self, contacts::ContactRow};
use crate::directory::terms::{Duty, Scope};
use crate::error::AppError;
use crate::keys::{Ars, LandCode, Slug};

/// So many places are named; the others are counted.
const PLACES: usize = 8;

/// What services are called.
pub(super) type Names = HashMap<Slug, String>;

/// What they are called today; read once for many contacts.
pub(super) fn names(conn: &mut Conn) -> Result<Names, AppError> {
    Ok(store::services::all(conn)?.into_iter().map(|service| (service.slug, service.name)).collect())
}

/// A line for each duty and service, and for everyone it stands in for.
pub(super) fn answers_for(
    conn: &mut Conn,
    contact: &ContactRow,
    names: &Names,
    today: NaiveDate,
) -> Result<Vec<String>, AppError> {
    let rows = store::duties::of_contacts(conn, std::slice::from_ref(&contact.slug))?;
    let rows: Vec<_> = rows.into_iter().filter(|row| row.valid_to.is_none_or(|to| today <= to)).collect();
    let services: Vec<Slug> = rows.iter().filter_map(|row| row.service.clone()).collect();
    let places: Vec<Ars> = rows.iter().filter_map(|row| row.region.as_str().parse().ok()).collect();
    let used: HashSet<(Slug, Ars)> = store::adoptions::present(conn, &services, &places)?;
    let called: HashMap<Ars, String> =
        store::municipalities::of(conn, &places)?.into_iter().map(|place| (place.ars, place.name)).collect();
    let mut lines = BTreeMap::<(Duty, String), Vec<String>>::new();
    let mut fallback = Vec::new();
    for row in rows {
        let service = row.service.as_ref().and_then(|slug| names.get(slug)).cloned().unwrap_or_default();
        let place: Option<Ars> = row.region.as_str().parse().ok();
        match (row.scope, place, row.service) {
            (Scope::Adoption, Some(place), Some(slug)) => {
                if used.contains(&(slug, place.clone())) {
                    // "Kiel, Landeshauptstadt" is called Kiel.
                    let name = called.get(&place).and_then(|name| name.split(", ").next());
                    let name = name.map_or_else(|| place.to_string(), str::to_owned);
                    lines.entry((row.duty, service)).or_default().push(name);
                }
            }
            (Scope::Land, ..) => {
                let land = row.land.map_or("", |land| land.name());
                fallback.push(format!("Auffangstelle von {land}"));
            }
            _ => {
                let region = match row.region.as_str() {
                    "" => "alle Länder".to_owned(),
                    digits if digits.len() == 2 => {
                        LandCode::from_number(digits).map_or(digits, |land| land.name()).to_owned()
                    }
                    digits => format!("Region {digits}"),
                };
                lines.entry((row.duty, service)).or_default().push(region);
            }
        }
    }
    let mut all: Vec<String> = lines.into_iter().map(|((duty, service), at)| line(duty, &service, at)).collect();
    all.extend(fallback);
    let others = store::contacts::with_deputy(conn, std::slice::from_ref(&contact.slug))?;
    all.extend(others.into_iter().map(|other| format!("Vertretung von {}", other.name)));
    Ok(all)
}

/// What the public is shown of the municipalities whose central contact it is: who confirms a contact confirms that.
pub(super) fn shown(
    conn: &mut Conn,
    contact: &ContactRow,
    names: &Names,
    today: NaiveDate,
) -> Result<Vec<String>, AppError> {
    let places = store::duties::central_on(conn, &contact.slug, today)?;
    let all: Vec<Ars> = places.iter().map(|(_, ars)| ars.clone()).collect();
    let called: HashMap<Ars, String> =
        store::municipalities::of(conn, &all)?.into_iter().map(|place| (place.ars, place.name)).collect();
    let mut of = HashMap::<Slug, Vec<Ars>>::new();
    places.into_iter().for_each(|(service, ars)| of.entry(service).or_default().push(ars));
    let mut lines = BTreeMap::<String, Vec<String>>::new();
    for (service, places) in of {
        let name = names.get(&service).cloned().unwrap_or_default();
        for some in places.chunks(500) {
            for channel in store::channels::of_adoptions(conn, std::slice::from_ref(&service), some)? {
                let said = channel.shown;
                if said.valid_to.is_some_and(|to| to < today) || said.valid_from.is_some_and(|from| from > today) {
                    continue;
                }
                let email = said.email.as_ref().map(|email| email.as_str());
                let at = said.phone.as_deref().or(email).or(said.url.as_deref()).unwrap_or("Formular von Lotse");
                let hours = in_words(&said.hours, HelpLanguage::German);
                let place = called.get(&channel.ars).and_then(|name| name.split(", ").next()).unwrap_or_default();
                let line = format!("{}: {at} ({hours})", said.label);
                lines.entry(line).or_default().push(format!("{name} {place}"));
            }
        }
    }
    Ok(lines.into_iter().map(|(way, at)| format!("{way}: {}", places_of(at))).collect())
}

fn line(duty: Duty, service: &str, places: Vec<String>) -> String {
    format!("{}: {service} ({})", word(duty), places_of(places))
}

fn places_of(mut places: Vec<String>) -> String {
    places.sort();
    places.dedup();
    let more = places.len().saturating_sub(PLACES);
    places.truncate(PLACES);
    let more = if more > 0 { format!(" und {more} weitere") } else { String::new() };
    format!("{}{more}", places.join("; "))
}

/// A duty in German.
pub(super) fn word(duty: Duty) -> &'static str {
    match duty {
        Duty::Central => "Zentrale Ansprechstelle",
        Duty::Technical => "Technische Fragen",
        Duty::Functional => "Fachliche Fragen",
        Duty::ProjectLead => "Projektleitung",
        Duty::SpecialistProcedure => "Fachverfahren",
        Duty::DataProtection => "Datenschutz",
        Duty::DataProcessor => "Datenverarbeitende Stelle",
        Duty::Emergency => "Notfall, wenn der Dienst ausfällt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_places_are_counted() {
        let places = |count: usize| (0..count).map(|n| format!("Ort {n:02}")).collect::<Vec<_>>();
        assert_eq!(line(Duty::Central, "Wohngeld", places(2)), "Zentrale Ansprechstelle: Wohngeld (Ort 00; Ort 01)");
        assert!(line(Duty::Central, "Wohngeld", places(500)).ends_with("Ort 07 und 492 weitere)"));
    }
}
