//! What a directory file holds: the expected keys, read into what is to become of them.
//!
//! A key that is left out leaves what is known as it is. Judged here is what one entry says by itself; whether
//! what it refers to exists is judged in `directory.rs`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;

use chrono::NaiveDate;
use toml::de::DeTable;

use super::reader::{At, Entry, Item, Reader};
use crate::directory::Rhythm;
use crate::directory::assigned::{self, Assigned};
use crate::directory::channels::Channel;
use crate::directory::contacts::{Adapter, Preset};
use crate::directory::terms::{AdoptionState, Assessment, ChannelKind, Duty, Kind};
use crate::error::{AppError, Faults};
use crate::keys::{Ars, ArsPrefix, EmailAddress, LandCode, Leistungsschluessel, Slug};

/// The entries of a file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub lands: Vec<LandEntry>,
    pub contacts: Vec<ContactEntry>,
    pub services: Vec<ServiceEntry>,
    pub adoptions: Vec<AdoptionEntry>,
    pub names: Names,
}

/// What entries are called and refer to, also those that are otherwise at fault, so that one fault does not hide
/// another or make up a third.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub contacts: HashSet<Slug>,
    pub services: HashSet<Slug>,
    /// Contacts that are referred to, with the key that does.
    pub asked_contacts: Vec<(String, At<Slug>)>,
    pub asked_services: Vec<At<Slug>>,
    pub asked_places: Vec<At<Ars>>,
}

#[derive(Debug)]
pub(super) struct LandEntry {
    pub code: At<LandCode>,
    pub cooperates_with: Option<Vec<LandCode>>,
    pub second_level: Option<Vec<Assigned>>,
}

#[derive(Debug)]
pub(super) struct ContactEntry {
    pub id: At<Slug>,
    pub name: String,
    pub owner: Option<ArsPrefix>,
    pub email: Option<EmailAddress>,
    pub webhook: Option<WebhookEntry>,
    pub phone: Option<String>,
    pub hours: Option<String>,
    pub reference_pattern: Option<String>,
    pub deputy: Option<Slug>,
    pub confirmed_on: Option<NaiveDate>,
    pub absent_from: Option<NaiveDate>,
    pub absent_until: Option<NaiveDate>,
    pub discloses_reporter: Option<bool>,
    pub notify: Option<Rhythm>,
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
}

#[derive(Debug)]
pub(super) struct WebhookEntry {
    pub at: usize,
    pub url: At<String>,
    pub secret: Option<At<String>>,
    /// In whose words it is called; as it is when left out.
    pub adapter: Option<Adapter>,
    /// Values of the adapter's secrets.
    pub adapter_secrets: BTreeMap<String, String>,
}

/// A setting or a secret of an adapter, written as `name=value`.
#[derive(Debug)]
struct Pair(String, String);

impl std::str::FromStr for Pair {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("must be a name and a value, such as group=Users")?;
        Ok(Self(name.trim().to_owned(), value.trim().to_owned()))
    }
}

#[derive(Debug)]
pub(super) struct ServiceEntry {
    pub slug: At<Slug>,
    pub name: String,
    pub leistung: Option<Leistungsschluessel>,
    pub operating_land: LandCode,
    pub operator: Option<String>,
    pub assessment: Option<Assessment>,
    pub notice: Option<String>,
    pub second_level: Option<Vec<(Kind, ArsPrefix, Vec<Assigned>)>>,
    pub emergency: Option<Vec<Assigned>>,
}

#[derive(Debug)]
pub(super) struct AdoptionEntry {
    pub service: At<Slug>,
    pub ars: At<Ars>,
    pub state: Option<AdoptionState>,
    pub duties: Vec<(Duty, Vec<Assigned>)>,
    pub channels: Option<Vec<Channel>>,
}

/// Reads all of the file; its faults are with the reader.
pub(super) fn read<'t>(reader: &mut Reader<'t>, table: &'t DeTable<'t>) -> File {
    let mut file = File::default();
    let mut root = Reader::root(table);
    let lands = root.tables(reader, "land");
    let contacts = root.tables(reader, "contact");
    let services = root.tables(reader, "service");
    let adoptions = root.tables(reader, "adoption");
    root.finish(reader);
    file.lands = lands.into_iter().flatten().filter_map(|entry| land(reader, entry, &mut file.names)).collect();
    file.contacts =
        contacts.into_iter().flatten().filter_map(|entry| contact(reader, entry, &mut file.names)).collect();
    file.services =
        services.into_iter().flatten().filter_map(|entry| service(reader, entry, &mut file.names)).collect();
    file.adoptions =
        adoptions.into_iter().flatten().filter_map(|entry| adoption(reader, entry, &mut file.names)).collect();
    once(reader, "land.code", file.lands.iter().map(|l| (l.code.value, l.code.at)));
    once(reader, "service.slug", file.services.iter().map(|s| (s.slug.value.clone(), s.slug.at)));
    once(reader, "contact.id", file.contacts.iter().map(|c| (c.id.value.clone(), c.id.at)));
    once(
        reader,
        "adoption.ars",
        file.adoptions.iter().map(|a| ((a.service.value.clone(), a.ars.value.clone()), a.ars.at)),
    );
    file
}

/// A list of those with a duty, each of whom is to be found later: slugs, or tables where more is known.
fn people(reader: &mut Reader, entry: &mut Entry, key: &'static str, names: &mut Names) -> Option<Vec<Assigned>> {
    let at = entry.at(key);
    let items: Vec<Item<Slug>> = entry.items(reader, key)?;
    let mut all = Vec::new();
    for item in items {
        let (contact, rest) = match item {
            Item::Text(slug) => (Some(slug), None),
            Item::Table(mut table) => {
                let contact = table.required(reader, "contact");
                let person = text(table.parsed(reader, "person"));
                let (from, until) = (table.date(reader, "from"), table.date(reader, "until"));
                table.finish(reader);
                (contact, Some((person, from, until)))
            }
        };
        let Some(contact) = contact else { continue };
        names.asked_contacts.push((entry.key(key), contact.clone()));
        let (person, from, until) = rest.unwrap_or_default();
        all.push(Assigned { contact: contact.value, person, from, until });
    }
    let mut faults = Faults::default();
    assigned::check(key, &all, &mut faults);
    if let Err(AppError::Invalid(list)) = faults.finish() {
        for fault in list {
            reader.fault(at, &entry.key(&fault.field), fault.message);
        }
    }
    Some(all)
}

fn land(reader: &mut Reader, mut entry: Entry, names: &mut Names) -> Option<LandEntry> {
    let code = entry.required(reader, "code");
    let cooperates_with: Option<Vec<At<LandCode>>> = entry.list(reader, "cooperates_with");
    let second_level = people(reader, &mut entry, "second_level", names);
    entry.finish(reader);
    let cooperates_with = cooperates_with.map(|list| list.into_iter().map(|land| land.value).collect());
    Some(LandEntry { code: code?, cooperates_with, second_level })
}

fn contact(reader: &mut Reader, mut entry: Entry, names: &mut Names) -> Option<ContactEntry> {
    let id = entry.required::<Slug>(reader, "id");
    let name = text(entry.required(reader, "name"));
    let owner = entry.parsed(reader, "owner").map(|owner| owner.value);
    let email = entry.parsed(reader, "email").map(|email| email.value);
    let webhook = entry.table(reader, "webhook").and_then(|webhook| self::webhook(reader, webhook));
    let phone = text(entry.parsed(reader, "phone"));
    let hours = text(entry.parsed(reader, "hours"));
    let reference_pattern = text(entry.parsed(reader, "reference_pattern"));
    let deputy = entry.parsed::<Slug>(reader, "deputy");
    if let (Some(id), Some(deputy)) = (&id, &deputy)
        && id.value == deputy.value
    {
        reader.fault(deputy.at, &entry.key("deputy"), "must be somebody else than the contact itself");
    }
    names.contacts.extend(id.iter().map(|id| id.value.clone()));
    names.asked_contacts.extend(deputy.iter().map(|deputy| (entry.key("deputy"), deputy.clone())));
    let mut date = |key| entry.date(reader, key);
    let (confirmed_on, absent_from, absent_until) = (date("confirmed_on"), date("absent_from"), date("absent_until"));
    let (valid_from, valid_to) = (date("valid_from"), date("valid_to"));
    let discloses_reporter = entry.flag(reader, "discloses_reporter");
    let notify = entry.parsed(reader, "notify").map(|notify| notify.value);
    entry.finish(reader);
    Some(ContactEntry {
        id: id?,
        name: name?,
        owner,
        email,
        webhook,
        phone,
        hours,
        reference_pattern,
        deputy: deputy.map(|deputy| deputy.value),
        confirmed_on,
        absent_from,
        absent_until,
        discloses_reporter,
        notify,
        valid_from,
        valid_to,
    })
}

fn webhook(reader: &mut Reader, mut entry: Entry) -> Option<WebhookEntry> {
    let url = entry.required(reader, "url");
    let secret = entry.parsed(reader, "secret");
    let preset = entry.parsed::<Preset>(reader, "preset").map(|preset| preset.value);
    let mut pairs = |key: &'static str| -> BTreeMap<String, String> {
        let all: Vec<At<Pair>> = entry.list(reader, key).unwrap_or_default();
        all.into_iter().map(|pair| (pair.value.0, pair.value.1)).collect()
    };
    let (settings, adapter_secrets) = (pairs("settings"), pairs("secrets"));
    entry.finish(reader);
    let secrets = adapter_secrets.keys().cloned().collect();
    let adapter = preset.map(|preset| Adapter { preset: Some(preset), settings, secrets, ..Adapter::default() });
    Some(WebhookEntry { at: entry.at, url: url?, secret, adapter, adapter_secrets })
}

fn service(reader: &mut Reader, mut entry: Entry, names: &mut Names) -> Option<ServiceEntry> {
    let slug = entry.required::<Slug>(reader, "slug");
    names.services.extend(slug.iter().map(|slug| slug.value.clone()));
    let name = text(entry.required(reader, "name"));
    let leistung = entry.parsed(reader, "leistung").map(|key| key.value);
    let operating_land = entry.required(reader, "operating_land");
    let operator = text(entry.parsed(reader, "operator"));
    let assessment = entry.parsed(reader, "assessment").map(|word| word.value);
    let notice = text(entry.parsed(reader, "notice"));
    let mut faults = Faults::default();
    for (key, value, most) in [("name", &name, 200), ("operator", &operator, 200), ("notice", &notice, 1000)] {
        if let Some(value) = value {
            faults.text(key, value, most);
        }
    }
    entry.adopt(reader, faults);
    let second_level = entry.tables(reader, "second_level").map(|levels| {
        levels
            .into_iter()
            .filter_map(|mut level| {
                let kind = level.required(reader, "kind");
                let region = level.parsed(reader, "ars").map_or_else(ArsPrefix::everywhere, |ars| ars.value);
                let contacts = contacts_of(reader, &mut level, names);
                level.finish(reader);
                Some((kind?.value, region, contacts))
            })
            .collect()
    });
    let emergency = entry.tables(reader, "emergency").map(|levels| {
        levels
            .into_iter()
            .flat_map(|mut level| {
                let contacts = contacts_of(reader, &mut level, names);
                level.finish(reader);
                contacts
            })
            .collect()
    });
    entry.finish(reader);
    Some(ServiceEntry {
        slug: slug?,
        name: name?,
        leistung,
        operating_land: operating_land?.value,
        operator,
        assessment,
        notice,
        second_level,
        emergency,
    })
}

/// The contacts a level must name.
fn contacts_of(reader: &mut Reader, level: &mut Entry, names: &mut Names) -> Vec<Assigned> {
    let contacts = people(reader, level, "contacts", names).unwrap_or_default();
    if contacts.is_empty() {
        reader.fault(level.at, &level.key("contacts"), "must name at least one contact that can be read");
    }
    contacts
}

fn adoption(reader: &mut Reader, mut entry: Entry, names: &mut Names) -> Option<AdoptionEntry> {
    let service = entry.required(reader, "service");
    let ars = entry.required(reader, "ars");
    names.asked_services.extend(service.clone());
    names.asked_places.extend(ars.clone());
    let state = entry.parsed(reader, "state").map(|state| state.value);
    let mut duties = Vec::new();
    for duty in Duty::ALL {
        if let Some(contacts) = people(reader, &mut entry, duty.as_str(), names) {
            duties.push((*duty, contacts));
        }
    }
    let channels = entry.tables(reader, "channel");
    let channels = channels.map(|all| all.into_iter().filter_map(|one| channel(reader, one)).collect());
    entry.finish(reader);
    Some(AdoptionEntry { service: service?, ars: ars?, state, duties, channels })
}

fn channel(reader: &mut Reader, mut entry: Entry) -> Option<Channel> {
    let kind = entry.required::<ChannelKind>(reader, "kind");
    let label = text(entry.required(reader, "label"));
    let phone = text(entry.parsed(reader, "phone"));
    let email = entry.parsed(reader, "email").map(|email| email.value);
    let url = text(entry.parsed(reader, "url"));
    let hours = text(entry.parsed(reader, "hours"));
    let languages: Option<Vec<At<String>>> = entry.list(reader, "languages");
    let cost_note = text(entry.parsed(reader, "cost_note"));
    let form = entry.flag(reader, "form").unwrap_or_default();
    let (valid_from, valid_to) = (entry.date(reader, "valid_from"), entry.date(reader, "valid_to"));
    entry.finish(reader);
    let channel = Channel {
        kind: kind?.value,
        label: label?,
        phone,
        email,
        url,
        hours: hours.unwrap_or_default(),
        languages: languages.into_iter().flatten().map(|tag| tag.value).collect(),
        cost_note,
        form,
        valid_from,
        valid_to,
    };
    let mut faults = Faults::default();
    let channel = channel.complete("", &mut faults);
    entry.adopt(reader, faults);
    Some(channel)
}

fn text(value: Option<At<String>>) -> Option<String> {
    value.map(|value| value.value)
}

/// Notes what stands twice.
fn once<K: Hash + Eq>(reader: &mut Reader, key: &str, all: impl Iterator<Item = (K, usize)>) {
    let mut first = HashMap::new();
    for (name, at) in all {
        if let Some(before) = first.insert(name, at) {
            let line = reader.number(before);
            reader.fault(at, key, twice(line));
        }
    }
}

fn twice(line: usize) -> impl Display {
    format!("stands in line {line} already; keep one of the two")
}
