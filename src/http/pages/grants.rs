//! Roles in words, and the rows of a form that give them.
//!
//! Invariant: what a form says of a role is read the same way for an invitation and for a change; a row without a
//! role is no row. A place may be named as people name it; a name of several places is not guessed.

use std::collections::HashMap;

use super::directory::named::by_name;
use super::field::{Choice, Field};
use super::shell::Shell;
use crate::access::{Action, Caller, Channel, Grant, Role, Scope};
use crate::directory::Snapshot;
use crate::error::AppError;
use crate::http::State;
use crate::http::words::Language;
use crate::keys::{Ars, ArsPrefix, LANDS, LandCode, Slug, fold};

/// At most this many rows of a form.
const MOST_ROWS: usize = 50;
/// The fields of a row.
const NAMES: [&str; 5] = ["role", "region", "service", "channel", "contact"];

/// A role with where it holds.
pub struct GrantWords {
    /// The role's name.
    pub role: String,
    /// Where it holds.
    pub place: String,
}

/// A role in words.
pub fn words(language: Language, directory: &Snapshot, grant: &Grant) -> GrantWords {
    let mut place = match &grant.contact {
        Some(contact) => language.with("scope-contact", "contact", contact),
        None => region_words(language, directory, &grant.scope.region),
    };
    if let Some(slug) = &grant.scope.service {
        let name = directory.service(slug.as_str()).map_or_else(|| slug.to_string(), |found| found.name.to_string());
        place = format!("{place} · {name}");
    }
    if let Some(channel) = grant.scope.channel {
        place = format!("{place} · {}", language.say(&format!("channel-{channel}")));
    }
    GrantWords { role: language.say(&format!("role-{}", grant.role)), place }
}

fn region_words(language: Language, directory: &Snapshot, region: &ArsPrefix) -> String {
    match region.as_str() {
        "" => language.say("scope-everywhere"),
        digits => named(directory, region).unwrap_or_else(|| language.with("scope-region", "region", digits)),
    }
}

/// The name of a Land or a municipality.
fn named(directory: &Snapshot, region: &ArsPrefix) -> Option<String> {
    match region.as_str() {
        land if land.len() == 2 => LandCode::from_number(land).map(|land| land.name().to_owned()),
        digits => directory.municipality(&digits.parse::<Ars>().ok()?).map(|place| place.name.to_string()),
    }
}

/// A region as a field of a form holds it: its name only where that leads back to the same place.
pub(super) fn region_in_field(directory: &Snapshot, region: &ArsPrefix) -> String {
    let name = named(directory, region).filter(|name| region_of(directory, name).as_ref() == Ok(region));
    name.unwrap_or_else(|| region.to_string())
}

/// The place that somebody named.
pub(super) fn region_of(directory: &Snapshot, typed: &str) -> Result<ArsPrefix, &'static str> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(ArsPrefix::everywhere());
    }
    if typed.starts_with(|c: char| c.is_ascii_digit()) {
        return typed.replace(' ', "").parse().map_err(|_| "fault-region-key");
    }
    let wanted = fold(typed);
    // Berlin and Hamburg are a Land and a municipality; the Land holds the other.
    if let Some((_, number, _)) = LANDS.iter().find(|(.., name)| fold(name) == wanted) {
        return number.parse().map_err(|_| "fault-region");
    }
    let found = directory.search_municipalities(typed, 20);
    let is_meant =
        |name: &str| fold(name) == wanted || name.split(',').next().is_some_and(|short| fold(short) == wanted);
    let mut meant = found.iter().filter(|place| is_meant(&place.name));
    match (meant.next(), meant.next(), found.as_slice()) {
        (Some(place), None, _) | (None, _, [place]) => place.ars.as_str().parse().map_err(|_| "fault-region"),
        (None, _, []) => Err("fault-region"),
        _ => Err("fault-region-several"),
    }
}

/// One row as it was typed.
#[derive(Debug, Clone, Default)]
struct Row {
    role: String,
    region: String,
    service: String,
    channel: String,
    contact: String,
}

/// The rows of a form.
pub struct Rows(Vec<Row>);

/// One row's fields.
pub struct RowFields {
    /// What the row is called.
    pub legend: String,
    /// Role, place, service, help channel, contact.
    pub role: Choice,
    /// See `role`.
    pub region: Field,
    /// See `role`.
    pub service: Choice,
    /// See `role`.
    pub channel: Choice,
    /// See `role`.
    pub contact: Field,
}

impl Rows {
    /// One empty row.
    pub fn empty() -> Self {
        Self(vec![Row::default()])
    }

    /// These roles.
    fn of(directory: &Snapshot, grants: &[Grant]) -> Self {
        let row = |grant: &Grant| {
            let region = &grant.scope.region;
            let text = |slug: &Option<Slug>| slug.as_ref().map(Slug::to_string).unwrap_or_default();
            Row {
                role: grant.role.to_string(),
                region: region_in_field(directory, region),
                service: text(&grant.scope.service),
                channel: grant.scope.channel.map(|channel| channel.to_string()).unwrap_or_default(),
                contact: text(&grant.contact),
            }
        };
        Self(grants.iter().map(row).collect())
    }

    /// The same, with one empty row where there is none.
    pub fn or_empty(directory: &Snapshot, grants: &[Grant]) -> Self {
        if grants.is_empty() { Self::empty() } else { Self::of(directory, grants) }
    }

    /// True where places are named and no role at all.
    pub fn lack_a_role(&self) -> bool {
        let is_placed = |row: &Row| !row.region.trim().is_empty() || !row.contact.trim().is_empty();
        self.0.iter().all(|row| row.role.is_empty()) && self.0.iter().any(is_placed)
    }

    /// What was sent.
    pub fn typed(form: &HashMap<String, String>) -> Self {
        let get = |name: &str, at: usize| form.get(&format!("{name}-{at}")).cloned();
        let row = |at: usize| {
            let [role, region, service, channel, contact] = NAMES.map(|name| get(name, at).unwrap_or_default());
            Row { role, region, service, channel, contact }
        };
        Self((1..=MOST_ROWS).take_while(|at| get("role", *at).is_some()).map(row).collect())
    }

    /// One more, empty.
    pub fn and_one(mut self) -> Self {
        if self.0.len() < MOST_ROWS {
            self.0.push(Row::default());
        }
        self
    }

    /// The same with every contact by its id, where it was typed by its name; what is nobody is noted in the shell.
    pub async fn with_contacts(&self, state: &State, caller: &Caller, shell: &mut Shell) -> Result<Self, AppError> {
        let (mut rows, reach) = (self.0.clone(), caller.reach(Action::ManageUsers));
        for (at, row) in rows.iter_mut().enumerate() {
            if row.role.is_empty() || row.contact.trim().is_empty() {
                continue;
            }
            let found = by_name(state, &reach, &row.contact).await?;
            match found {
                Ok(contact) => row.contact = contact.to_string(),
                Err(key) => shell.fault(format!("contact-{}", at + 1), key),
            }
        }
        Ok(Self(rows))
    }

    /// The roles, or what is wrong noted in the shell.
    pub fn grants(&self, shell: &mut Shell, directory: &Snapshot) -> Option<Vec<Grant>> {
        let mut grants = Vec::new();
        for (at, row) in self.0.iter().enumerate().filter(|(_, row)| !row.role.is_empty()) {
            // What was noted first of a field is its true reason.
            let mut fault = |name: &str, key| {
                let field = format!("{name}-{}", at + 1);
                if shell.fault_of(&field).is_none() {
                    shell.fault(field, key);
                }
            };
            let role: Option<Role> = row.role.parse().map_err(|_| fault("role", "fault-role")).ok();
            let region = region_of(directory, &row.region).map_err(|key| fault("region", key)).ok();
            let service = optional(&row.service).map_err(|()| fault("service", "fault-service")).ok();
            let channel = optional::<Channel>(&row.channel).map_err(|()| fault("channel", "fault-channel")).ok();
            let contact = optional::<Slug>(&row.contact).map_err(|()| fault("contact", "fault-contact-unknown")).ok();
            match (role.map(|role| role == Role::SecondLevel), row.contact.trim().is_empty()) {
                (Some(true), true) => fault("contact", "fault-contact-needed"),
                (Some(false), false) => fault("contact", "fault-contact-unneeded"),
                _ => {}
            }
            if let (Some(role), Some(region), Some(service), Some(channel), Some(contact)) =
                (role, region, service, channel, contact)
            {
                grants.push(Grant { role, scope: Scope { region, service, channel }, contact });
            }
        }
        shell.faults.is_empty().then_some(grants)
    }

    /// The fields to type into.
    pub fn fields(&self, shell: &Shell, directory: &Snapshot) -> Vec<RowFields> {
        let named = |key: &str, all: Vec<(String, String)>| {
            let none = (String::new(), shell.say(key));
            std::iter::once(none).chain(all).collect::<Vec<_>>()
        };
        let word = |kind: &str, value: &str| (value.to_owned(), shell.say(&format!("{kind}-{value}")));
        let roles = named("grant-none", Role::ALL.iter().map(|role| word("role", role.as_str())).collect());
        let channels = named("grant-all", Channel::ALL.iter().map(|one| word("channel", one.as_str())).collect());
        let services = directory.services().iter().map(|one| (one.slug.to_string(), one.name.to_string())).collect();
        let services = named("grant-all", services);
        let row = |(at, row): (usize, &Row)| {
            let id = |name: &str| format!("{name}-{}", at + 1);
            let choice = |name: &str, key: &str, options: &Vec<_>, chosen: &str| {
                Choice::new(shell, &id(name), &shell.say(key), options.clone(), chosen)
            };
            RowFields {
                legend: shell.with("grant-row", "count", at + 1),
                role: choice("role", "grant-role", &roles, &row.role),
                region: Field::text(shell, &id("region"), &shell.say("grant-region"), &row.region).may_be_empty(),
                service: choice("service", "grant-service", &services, &row.service),
                channel: choice("channel", "grant-channel", &channels, &row.channel),
                contact: Field::text(shell, &id("contact"), &shell.say("grant-contact"), &row.contact)
                    .may_be_empty()
                    .offering("contacts"),
            }
        };
        self.0.iter().enumerate().map(row).collect()
    }
}

fn optional<T: std::str::FromStr>(typed: &str) -> Result<Option<T>, ()> {
    match typed.trim() {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| ()),
    }
}
