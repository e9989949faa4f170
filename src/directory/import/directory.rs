//! A directory file into the directory.
//!
//! Invariant: everything or nothing, in one transaction, after the whole file was judged against itself and the
//! directory. A state is taken as it stands; what is then missing shows in `gaps.rs`. Secrets are sealed on their
//! way in; one that did not change is not rotated.

use std::collections::HashSet;

use super::Summary;
use super::file::{self, AdoptionEntry, ContactEntry, File, LandEntry, Names, ServiceEntry};
use super::reader::Reader;
use crate::access::Actor;
use crate::access::audit::AuditAction;
use crate::clock::Timestamp;
use crate::db::{Conn, Db, Tx};
use crate::directory::contacts::{self, WebhookInput, check_plain};
use crate::directory::services::{SecondLevel, Service};
use crate::directory::store::contacts::ContactRow;
use crate::directory::terms::Assessment;
use crate::directory::versions::{self, Because};
use crate::directory::{Settings, adoptions, confirmation, hours, store, ways};
use crate::error::{AppError, Faults};
use crate::keys::{Ars, Slug};
use crate::seal::Sealer;

/// Imports a directory file, whose `name` stands before the line of each fault.
pub async fn directory(
    db: &Db,
    sealer: &Sealer,
    settings: &Settings,
    name: &str,
    text: &str,
    now: Timestamp,
) -> Result<Summary, AppError> {
    let (known_name, known_text, rules) = (name.to_owned(), text.to_owned(), settings.clone());
    let file = db.read(move |conn| judge(conn, &rules, &known_name, &known_text, now)).await?;
    let (sealer, settings) = (sealer.clone(), settings.clone());
    db.write(move |tx| {
        let summary = Writing { sealer, settings, now, summary: Summary::default() }.write(tx, file)?;
        if summary.created + summary.updated > 0 {
            store::changed(tx)?;
            super::told(tx, &Actor::import(), AuditAction::DirectoryImported, &summary, now)?;
        }
        Ok(summary)
    })
    .await
}

/// Says what is wrong with a file by itself, before it is held against the directory.
pub fn check_alone(name: &str, text: &str) -> Result<(), AppError> {
    let mut reader = Reader::new(name, text);
    let table = reader.parse()?;
    file::read(&mut reader, &table);
    reader.finish()
}

/// Reads the file and says everything that is wrong with it.
fn judge(conn: &mut Conn, settings: &Settings, name: &str, text: &str, now: Timestamp) -> Result<File, AppError> {
    let mut reader = Reader::new(name, text);
    let table = reader.parse()?;
    let file = file::read(&mut reader, &table);
    check_contacts(conn, settings, &mut reader, &file, now)?;

    check_names(conn, &mut reader, &file.names)?;
    reader.finish()?;
    Ok(file)
}

/// Notes what is referred to and stands neither in the file nor in the directory.
fn check_names(conn: &mut Conn, reader: &mut Reader, names: &Names) -> Result<(), AppError> {
    let asked: Vec<Slug> = names.asked_contacts.iter().map(|(_, slug)| slug.value.clone()).collect();
    let present = store::contacts::present(conn, &asked)?;
    let is_missing = |slug: &Slug| !names.contacts.contains(slug) && !present.contains(slug);
    for (key, slug) in names.asked_contacts.iter().filter(|(_, slug)| is_missing(&slug.value)) {
        let message = format!("there is no contact {}; add it to the file as [[contact]]", slug.value);
        reader.fault(slug.at, key, message);
    }
    let present: HashSet<Slug> = store::services::all(conn)?.into_iter().map(|service| service.slug).collect();
    let is_missing = |slug: &Slug| !names.services.contains(slug) && !present.contains(slug);
    for slug in names.asked_services.iter().filter(|slug| is_missing(&slug.value)) {
        let message = format!("there is no service {}; add it to the file as [[service]]", slug.value);
        reader.fault(slug.at, "adoption.service", message);
    }
    let asked: Vec<Ars> = names.asked_places.iter().map(|ars| ars.value.clone()).collect();
    let present: HashSet<Ars> =
        store::municipalities::of(conn, &asked)?.into_iter().filter(|m| m.ended_on.is_none()).map(|m| m.ars).collect();
    for ars in names.asked_places.iter().filter(|ars| !present.contains(&ars.value)) {
        let message = format!("there is no municipality {}; import municipalities first, or correct it", ars.value);
        reader.fault(ars.at, "adoption.ars", message);
    }
    Ok(())
}

/// Judges contacts together with what is known of them already.
fn check_contacts(
    conn: &mut Conn,
    settings: &Settings,
    reader: &mut Reader,
    file: &File,
    now: Timestamp,
) -> Result<(), AppError> {
    let slugs: Vec<Slug> = file.contacts.iter().map(|c| c.id.value.clone()).collect();
    let known = store::contacts::of(conn, &slugs)?;
    for contact in &file.contacts {
        let before = known.iter().find(|row| row.slug == contact.id.value);
        let mut row = before.cloned().unwrap_or_else(|| ContactRow::new(contact.id.value.clone(), String::new(), now));
        contact.apply(&mut row);
        let mut faults = Faults::default();
        check_plain(&contacts::judged(&row, before), &mut faults);
        let mut webhook_at = None;
        if let Some(webhook) = &contact.webhook {
            let has_secret = row.webhook_endpoint.is_some();
            ways::check_webhook(
                "webhook",
                &contact.webhook_input(webhook),
                has_secret,
                &settings.webhooks,
                &mut faults,
            );
            webhook_at = Some(webhook);
        }
        let Err(AppError::Invalid(list)) = faults.finish() else { continue };
        for fault in list {
            let at = match (fault.field.as_str(), webhook_at) {
                ("webhook.url", Some(webhook)) => webhook.url.at,
                (field, Some(webhook)) if field.starts_with("webhook") => {
                    webhook.secret.as_ref().map_or(webhook.at, |secret| secret.at)
                }
                _ => contact.id.at,
            };
            reader.fault(at, &format!("contact.{}", fault.field), fault.message);
        }
    }
    Ok(())
}

impl ContactEntry {
    /// Writes over what the file names.
    fn apply(&self, row: &mut ContactRow) {
        fn set<T: Clone>(field: &mut Option<T>, new: &Option<T>) {
            if new.is_some() {
                field.clone_from(new);
            }
        }
        row.name.clone_from(&self.name);
        row.ended_at = None;
        set(&mut row.owner, &self.owner);
        set(&mut row.phone, &self.phone);
        set(&mut row.hours, &self.hours.as_deref().map(hours::standard));
        set(&mut row.reference_pattern, &self.reference_pattern);
        set(&mut row.deputy, &self.deputy);
        set(&mut row.confirmed_on, &self.confirmed_on);
        set(&mut row.absent_from, &self.absent_from);
        set(&mut row.absent_until, &self.absent_until);
        set(&mut row.valid_from, &self.valid_from);
        set(&mut row.valid_to, &self.valid_to);
        row.discloses_reporter = self.discloses_reporter.unwrap_or(row.discloses_reporter);
        if let Some(notify) = self.notify {
            row.notify = notify.to_string();
        }
    }

    fn webhook_input(&self, webhook: &file::WebhookEntry) -> WebhookInput {
        let secret = webhook.secret.as_ref().map(|s| s.value.clone());
        let adapter_secrets = Some(webhook.adapter_secrets.clone()).filter(|given| !given.is_empty());
        let adapter = webhook.adapter.clone().map(Some);
        WebhookInput { url: webhook.url.value.clone(), secret, adapter, adapter_secrets }
    }
}

/// The one transaction.
struct Writing {
    sealer: Sealer,
    settings: Settings,
    now: Timestamp,
    summary: Summary,
}

impl Writing {
    fn write(mut self, tx: &mut Tx, file: File) -> Result<Summary, AppError> {
        for contact in &file.contacts {
            self.contact(tx, contact)?;
        }
        for service in file.services {
            self.service(tx, service)?;
        }
        for land in file.lands {
            self.land(tx, land)?;
        }
        for adoption in file.adoptions {
            self.adoption(tx, adoption)?;
        }
        Ok(self.summary)
    }

    fn count(&mut self, is_new: bool, is_changed: bool) {
        match (is_new, is_changed) {
            (true, _) => self.summary.created += 1,
            (false, true) => self.summary.updated += 1,
            (false, false) => self.summary.unchanged += 1,
        }
    }

    fn contact(&mut self, tx: &mut Tx, entry: &ContactEntry) -> Result<(), AppError> {
        let slug = &entry.id.value;
        let before = store::contacts::find(tx, slug)?;
        let mut row = before.clone().unwrap_or_else(|| ContactRow::new(slug.clone(), entry.name.clone(), self.now));
        entry.apply(&mut row);
        if let Some(email) = &entry.email {
            ways::set_email(tx, &mut row, Some(email), self.now)?;
        }
        let mut is_changed = false;
        if let Some(webhook) = &entry.webhook {
            let (input, overlap) = (entry.webhook_input(webhook), self.settings.secret_overlap);
            is_changed = ways::set_webhook(tx, &self.sealer, &mut row, Some(&input), overlap, self.now)?;
        }
        if let Some(before) = &before {
            confirmation::before_save(before, &mut row, entry.confirmed_on.is_some());
        }
        is_changed |= before.as_ref() != Some(&row);
        if is_changed {
            if row.confirmed_on > before.as_ref().and_then(|row| row.confirmed_on) {
                ways::trust_again(tx, &row, self.now)?;
            }
            if let Some(before) = &before {
                confirmation::after_save(tx, before, &row, self.now)?;
            }
            row.version = before.as_ref().map_or(1, |row| row.version + 1);
            row.updated_at = self.now;
            let was = match before.as_ref().is_some_and(|row| row.ended_at.is_none()) {
                true => Some(contacts::find(tx, slug)?),
                false => None,
            };
            store::contacts::save(tx, &row)?;
            let after = contacts::find(tx, slug)?;
            versions::keep(tx, Because::of(&Actor::import(), &None), was.as_ref(), &after, self.now)?;
        }
        self.count(before.is_none(), is_changed);
        Ok(())
    }

    fn service(&mut self, tx: &mut Tx, entry: ServiceEntry) -> Result<(), AppError> {
        let before = store::services::find(tx, &entry.slug.value)?;
        let old = before.clone();
        let mut service = Service {
            slug: entry.slug.value,
            name: entry.name,
            leistung: entry.leistung.or(old.as_ref().and_then(|s| s.leistung.clone())),
            operating_land: entry.operating_land,
            operator: entry.operator.or(old.as_ref().map(|s| s.operator.clone())).unwrap_or_default(),
            assessment: entry.assessment.or(old.as_ref().map(|s| s.assessment)).unwrap_or(Assessment::Central),
            notice: entry.notice.or(old.as_ref().and_then(|s| s.notice.clone())),
            second_level: old.as_ref().map(|s| s.second_level.clone()).unwrap_or_default(),
            emergency: entry.emergency.or(old.as_ref().map(|s| s.emergency.clone())).unwrap_or_default(),
            version: old.as_ref().map_or(1, |s| s.version),
            updated_at: old.as_ref().map_or(self.now, |s| s.updated_at),
        };
        if let Some(levels) = entry.second_level {
            service.second_level =
                levels.into_iter().map(|(kind, ars, contacts)| SecondLevel { kind, ars, contacts }).collect();
        }
        let is_same = before.as_ref().is_some_and(|before| same_service(before, &service));
        if !is_same {
            service.version = before.as_ref().map_or(1, |before| before.version + 1);
            service.updated_at = self.now;
            store::services::save(tx, &service)?;
            versions::keep(tx, Because::of(&Actor::import(), &None), before.as_ref(), &service, self.now)?;
        }
        self.count(before.is_none(), !is_same);
        Ok(())
    }

    fn land(&mut self, tx: &mut Tx, entry: LandEntry) -> Result<(), AppError> {
        let before = store::lands::find(tx, entry.code.value)?;
        let mut land = before.clone();
        if let Some(mut agreed) = entry.cooperates_with {
            agreed.sort_by_key(|code| code.as_str());
            agreed.dedup();
            land.cooperates_with = agreed;
        }
        if let Some(second_level) = entry.second_level {
            land.second_level = second_level;
        }
        if land != before {
            store::lands::save(tx, &land)?;
            let after = store::lands::find(tx, entry.code.value)?;
            versions::keep(tx, Because::of(&Actor::import(), &None), Some(&before), &after, self.now)?;
        }
        self.count(false, land != before);
        Ok(())
    }

    fn adoption(&mut self, tx: &mut Tx, entry: AdoptionEntry) -> Result<(), AppError> {
        let (service, ars) = (entry.service.value, entry.ars.value);
        let before = store::adoptions::find(tx, &service, &ars)?;
        let is_new = before.is_none();
        let mut adoption = match before {
            Some(row) => store::adoptions::whole(tx, vec![row])?.pop().ok_or(AppError::NotFound)?,
            None => store::adoptions::blank(service.clone(), ars.clone(), self.now),
        };
        let was = (!is_new).then(|| adoption.clone());
        let mut is_changed = entry.state.is_some_and(|state| state != adoption.state);
        adoption.state = entry.state.unwrap_or(adoption.state);
        for (duty, contacts) in entry.duties {
            *adoption.duties.of_mut(duty) = contacts;
        }
        if is_new {
            adoption.id = store::adoptions::insert(tx, &adoption)?;
            store::rollout::forget(tx, adoption.id)?;
        }
        is_changed |= store::adoptions::set_duties(tx, &adoption)?;
        // One that was ended begins anew, without the channels it had.
        let channels = entry.channels.or(is_new.then(Vec::new));
        if let Some(channels) = &channels {
            is_changed |= store::channels::set(tx, &service, &ars, channels, self.now)?;
        }
        if !is_new && is_changed {
            adoption.version += 1;
            adoption.updated_at = self.now;
            store::adoptions::update(tx, &adoption)?;
        }
        if is_new || is_changed {
            let after = adoptions::by_id(tx, adoption.id)?;
            versions::keep(tx, Because::of(&Actor::import(), &None), was.as_ref(), &after, self.now)?;
        }
        self.count(is_new, is_changed);
        Ok(())
    }
}

/// True where a service would stay as it is, whatever the order of its regions.
fn same_service(before: &Service, after: &Service) -> bool {
    let sorted = |service: &Service| {
        let mut levels = service.second_level.clone();
        levels.sort_by_key(|level| (level.kind, level.ars.clone()));
        Service { second_level: levels, ..service.clone() }
    };
    sorted(before) == sorted(after)
}
