//! Ways the public reaches the 1st level for one service in one municipality.
//!
//! Invariant: a channel belongs to an adoption, and a change of one changes the adoption's version too, because
//! the adoption shows its channels. What "Wer kann mir helfen?" makes of them stands in `snapshot/help.rs`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::adoptions::Adoption;
use super::page::{Page, PageRequest, expect, guard, stale};
use super::terms::ChannelKind;
use super::versions::{self, Because, check_reason};
use super::{hours, phone, recounts, store};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Once, Outcome, once};
use crate::access::{Actor, Reach};
use crate::clock::Timestamp;
use crate::db::{Db, Tx};
use crate::error::{AppError, Faults, Message};
use crate::ids::ChannelId;
use crate::keys::{Ars, ArsPrefix, EmailAddress, Slug};

/// One way to the 1st level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HelpChannel {
    /// Its id.
    pub id: ChannelId,
    /// For which service.
    pub service: Slug,
    /// In which municipality.
    pub ars: Ars,
    /// What it is and says.
    #[serde(flatten)]
    pub shown: Channel,
    /// Rises with every change.
    pub version: i32,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What a channel is and says; also how it is written in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ChannelWords)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// By what one gets in touch.
    pub kind: ChannelKind,
    /// What it is called.
    pub label: String,
    /// The number to call; 115 when left out with that kind.
    pub phone: Option<String>,
    /// The mail address.
    pub email: Option<EmailAddress>,
    /// The page.
    pub url: Option<String>,
    /// When somebody is there, as OpenStreetMap writes it; always when left out with mail and web.
    #[serde(default)]
    pub hours: String,
    /// The languages spoken, such as `de`; German when left out.
    #[serde(default)]
    pub languages: Vec<String>,
    /// What it costs.
    pub cost_note: Option<String>,
    /// Whether it is Lotse's own form: then the page is ours and `url` is left out. Only with kind `web`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
    /// First day it is shown.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
}

/// A new channel of an adoption.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// For which service.
    pub service: Slug,
    /// In which municipality.
    pub ars: Ars,
    /// By what one gets in touch.
    pub kind: ChannelKind,
    /// What it is called.
    pub label: String,
    /// The number to call; 115 when left out with that kind.
    pub phone: Option<String>,
    /// The mail address.
    pub email: Option<EmailAddress>,
    /// The page.
    pub url: Option<String>,
    /// When somebody is there, as OpenStreetMap writes it; always when left out with mail and web.
    #[serde(default)]
    pub hours: String,
    /// The languages spoken, such as `de`; German when left out.
    #[serde(default)]
    pub languages: Vec<String>,
    /// What it costs.
    pub cost_note: Option<String>,
    /// Whether it is Lotse's own form: then the page is ours and `url` is left out. Only with kind `web`.
    #[serde(default)]
    pub form: bool,
    /// First day it is shown.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// A channel as it is to be from now on, whole.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// By what one gets in touch.
    pub kind: ChannelKind,
    /// What it is called.
    pub label: String,
    /// The number to call; 115 when left out with that kind.
    pub phone: Option<String>,
    /// The mail address.
    pub email: Option<EmailAddress>,
    /// The page.
    pub url: Option<String>,
    /// When somebody is there, as OpenStreetMap writes it; always when left out with mail and web.
    #[serde(default)]
    pub hours: String,
    /// The languages spoken, such as `de`; German when left out.
    #[serde(default)]
    pub languages: Vec<String>,
    /// What it costs.
    pub cost_note: Option<String>,
    /// Whether it is Lotse's own form: then the page is ours and `url` is left out. Only with kind `web`.
    #[serde(default)]
    pub form: bool,
    /// First day it is shown.
    pub valid_from: Option<NaiveDate>,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

/// What both say about the channel itself. Written out above because serde refuses unknown fields only in a flat
/// struct.
macro_rules! channel_of {
    ($input:expr) => {
        Channel {
            kind: $input.kind,
            label: $input.label,
            phone: $input.phone,
            email: $input.email,
            url: $input.url,
            hours: $input.hours,
            languages: $input.languages,
            cost_note: $input.cost_note,
            form: $input.form,
            valid_from: $input.valid_from,
            valid_to: $input.valid_to,
        }
    };
}

mod many;

pub(super) use many::{Ready, Stored, store_all};

/// Which channels.
#[derive(Debug, Clone, Default)]
pub struct ChannelQuery {
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only within this reach.
    pub reach: Reach,
    /// Only in this region.
    pub region: Option<ArsPrefix>,
}

/// A page of them, by id.
pub async fn list(db: &Db, query: ChannelQuery, page: PageRequest) -> Result<Page<HelpChannel>, AppError> {
    let (limit, after) = page.read()?;
    let after = after.map(|text| text.parse()).transpose();
    let after = after.map_err(|_| AppError::field("cursor", "must be a next_cursor as an earlier page gave it"))?;
    db.read(move |conn| {
        let rows = store::channels::list(conn, &query, limit + 1, after)?;
        Ok(Page::of(rows, limit, |c| c.id.to_string(), |c| c))
    })
    .await
}

/// One of them.
pub async fn read(db: &Db, id: ChannelId) -> Result<HelpChannel, AppError> {
    db.read(move |conn| store::channels::find(conn, id)?.ok_or(AppError::NotFound)).await
}

/// Adds one to an adoption, last in order.
pub async fn create(
    db: &Db,
    actor: &Actor,
    new: NewChannel,
    repeat: Option<Once<HelpChannel>>,
    now: Timestamp,
) -> Result<Outcome<HelpChannel>, AppError> {
    let actor = actor.clone();
    db.write(move |tx| once(tx, repeat.as_ref(), now, |tx| create_now(tx, &actor, new, now))).await
}

/// Adds it in this transaction.
fn create_now(tx: &mut Tx, actor: &Actor, new: NewChannel, now: Timestamp) -> Result<HelpChannel, AppError> {
    let mut faults = Faults::default();
    let shown = channel_of!(new).complete("", &mut faults);
    if store::adoptions::find(tx, &new.service, &new.ars)?.is_none() {
        faults.add("ars", format!("{} does not use {}; make the adoption first", new.ars, new.service));
    }
    check_reason(&new.reason, &mut faults);
    faults.finish()?;
    let before = adoption_of(tx, &new.service, &new.ars)?;
    let (service, ars) = (new.service, new.ars);
    let channel = HelpChannel { id: ChannelId::new(), service, ars, shown, version: 1, updated_at: now };
    store::channels::append(tx, &channel)?;
    let trail = Trail::after(&channel);
    audit::record(tx, actor, AuditAction::ChannelCreated, (ObjectKind::Channel, &channel.id), trail, now)?;
    adoption_changed(tx, Because::of(actor, &new.reason), before, now)?;
    Ok(channel)
}

/// Everything that is wrong with a channel by itself, for a form that has more to say about what was typed.
pub fn check(change: &ChannelChange) -> Result<(), AppError> {
    let change = change.clone();
    let mut faults = Faults::default();
    check_reason(&change.reason, &mut faults);
    drop(channel_of!(change).complete("", &mut faults));
    faults.finish()
}

/// Changes one.
pub async fn change(
    db: &Db,
    actor: &Actor,
    id: ChannelId,
    change: ChannelChange,
    now: Timestamp,
) -> Result<HelpChannel, AppError> {
    let actor = actor.clone();
    let version = guard(change.version)?;
    let mut faults = Faults::default();
    let shown = channel_of!(change).complete("", &mut faults);
    check_reason(&change.reason, &mut faults);
    faults.finish()?;
    db.write(move |tx| {
        let found = store::channels::find(tx, id)?.ok_or(AppError::NotFound)?;
        if found.version != version {
            return Err(stale("the channel", found.version));
        }
        change_now(tx, &actor, &change.reason, found, shown, now)
    })
    .await
}

/// Changes it in this transaction to what was checked already.
fn change_now(
    tx: &mut Tx,
    actor: &Actor,
    reason: &Option<String>,
    found: HelpChannel,
    shown: Channel,
    now: Timestamp,
) -> Result<HelpChannel, AppError> {
    let channel = HelpChannel { shown, version: found.version + 1, updated_at: now, ..found.clone() };
    let before = adoption_of(tx, &channel.service, &channel.ars)?;
    store::channels::update(tx, &channel)?;
    let trail = Trail::changed(&found, &channel);
    audit::record(tx, actor, AuditAction::ChannelChanged, (ObjectKind::Channel, &channel.id), trail, now)?;
    adoption_changed(tx, Because::of(actor, reason), before, now)?;
    Ok(channel)
}

/// Ends one: it is no longer shown.
pub async fn end(
    db: &Db,
    actor: &Actor,
    id: ChannelId,
    expected: Option<i32>,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        let channel = store::channels::find(tx, id)?.ok_or(AppError::NotFound)?;
        let before = adoption_of(tx, &channel.service, &channel.ars)?;
        expect("the channel", expected, channel.version)?;
        if !store::channels::end(tx, id, channel.version, now)? {
            return Err(stale("the channel", channel.version));
        }
        let trail = Trail::before(&channel);
        audit::record(tx, &actor, AuditAction::ChannelEnded, (ObjectKind::Channel, &id), trail, now)?;
        adoption_changed(tx, Because::of(&actor, &reason), before, now)
    })
    .await
}

/// The adoption that shows the channel; none where it was ended meanwhile.
fn adoption_of(tx: &mut Tx, service: &Slug, ars: &Ars) -> Result<Option<Adoption>, AppError> {
    let row = store::adoptions::find(tx, service, ars)?;
    Ok(store::adoptions::whole(tx, row.into_iter().collect())?.pop())
}

/// Its adoption has another version now.
fn adoption_changed(tx: &mut Tx, because: Because, before: Option<Adoption>, now: Timestamp) -> Result<(), AppError> {
    if let Some(before) = before {
        store::adoptions::touch(tx, &before.service, &before.ars, now)?;
        let after = adoption_of(tx, &before.service, &before.ars)?.ok_or(AppError::NotFound)?;
        recounts::of_channels(tx, &before, &after)?;
        versions::keep(tx, because, Some(&before), &after, now)?;
    }
    store::changed(tx)
}

impl Channel {
    /// The channel with what may be left out filled in; notes what is wrong with it.
    pub(super) fn complete(mut self, field: &str, faults: &mut Faults) -> Self {
        let at = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
        if self.languages.is_empty() {
            self.languages.push("de".to_owned());
        }
        faults.text(&at("label"), &self.label, 120);
        let missing = match self.kind {
            ChannelKind::Number115 => {
                self.phone.get_or_insert_with(|| "115".to_owned());
                None
            }
            ChannelKind::Phone => self.phone.is_none().then_some(("phone", "the number to call")),
            ChannelKind::Email => self.email.is_none().then_some(("email", "the address to write to")),
            ChannelKind::Web => (self.url.is_none() && !self.form).then_some(("url", "the page to open")),
        };
        if self.form && (self.kind != ChannelKind::Web || self.url.is_some()) {
            let message = "goes with kind web and without url: Lotse's own form has its own page";
            faults.add(at("form"), Message::new("form", message));
        }
        if let Some((name, what)) = missing {
            faults.add(at(name), Message::new("address", format!("must be given with kind {}: {what}", self.kind)));
        }
        if let Some(number) = &self.phone {
            phone::check(&at("phone"), number, faults);
        }
        if let Some(url) = &self.url
            && (url.contains(|c: char| c.is_control() || c.is_whitespace())
                || !url::Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "https" | "http") && u.has_host()))
        {
            faults.add(at("url"), Message::new("url", "must be a page's address, beginning with https://"));
        }
        if self.hours.is_empty() && matches!(self.kind, ChannelKind::Email | ChannelKind::Web) {
            self.hours = "24/7".to_owned();
        }
        if let Err(fault) = hours::check(&self.hours) {
            faults.add(at("hours"), fault);
        }
        self.hours = hours::standard(&self.hours);
        for language in self.languages.iter().filter(|language| !is_language(language)) {
            let message = format!("«{language}» is no language tag; write de, en, tr, de-x-leicht, gsg …");
            faults.add(at("languages"), Message::new("language", message).naming(language));
        }
        if let Some(note) = &self.cost_note {
            faults.text(&at("cost_note"), note, 200);
        }
        if self.valid_from.zip(self.valid_to).is_some_and(|(from, to)| to < from) {
            faults.add(at("valid_to"), Message::new("until", "must not be before valid_from"));
        }
        self
    }
}

/// A tag of BCP 47 in its usual forms: a language of two or three letters and further parts.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    parts.next().is_some_and(|first| matches!(first.len(), 2 | 3) && first.bytes().all(|b| b.is_ascii_lowercase()))
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}
