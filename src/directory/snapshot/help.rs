//! "Wer kann mir helfen?": what the public is shown for one service in one municipality.
//!
//! Invariant: never a dead end. Where no adoption is live, or it shows no way today, 115 helps if it answers for
//! the municipality; else a sentence names the municipality as the place to ask. Only an unknown service or place
//! has no help. The texts of the directory are shown as they were entered; what is said here comes in the
//! language asked for. [`Help::changes_at`] is ahead of whatever in it depends on the time.

use std::borrow::Cow;
use std::fmt;

use chrono::{NaiveDate, TimeDelta, Timelike};
use chrono_tz::Europe::Berlin;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::notices::{ShownNotice, in_one, standing};
use super::shown::ShownChannel;
use super::{PlaceEntry, ServiceEntry, Snapshot};
use crate::clock::Timestamp;
use crate::directory::hours::{ClosedDay, Open, ServiceHours, Week};
use crate::directory::resolve::Span;
use crate::directory::service_clock::Concern;
use crate::directory::terms::ChannelKind;
use crate::keys::Ars;

/// So many local closing days ahead are looked at.
const MOST_DAYS: usize = 40;

/// In which language help is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum HelpLanguage {
    /// German.
    #[default]
    German,
    /// Leichte Sprache.
    Easy,
    /// English.
    English,
}

impl HelpLanguage {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::German, Self::Easy, Self::English];

    /// Its tag, such as `de-x-leicht`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::Easy => "de-x-leicht",
            Self::English => "en",
        }
    }
}

impl std::str::FromStr for HelpLanguage {
    type Err = String;
    fn from_str(tag: &str) -> Result<Self, String> {
        match tag {
            "de" => Ok(Self::German),
            "de-x-leicht" => Ok(Self::Easy),
            "en" => Ok(Self::English),
            _ => Err("must be de, de-x-leicht or en".into()),
        }
    }
}

/// Who can help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Help<'a> {
    /// With which service.
    pub service: Named<'a>,
    /// In which municipality.
    pub municipality: Place<'a>,
    /// How to reach help, best first.
    pub channels: Vec<HelpWay<'a>>,
    /// What else is good to know, all in one text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Cow<'a, str>>,
    /// The disruptions among it, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<ShownNotice<'a>>,
    /// The same as a page, in each language.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    pub links: Option<Links<'a>>,
    /// When this was changed last.
    pub updated_at: Timestamp,
    /// The day on which the municipality's central contact last confirmed what is shown; absent where it was changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_on: Option<NaiveDate>,
    /// Whom to ask where no way is known; part of `notice` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Whether the service is used there, as far as is known.
    #[serde(skip)]
    pub is_adopted: bool,
    /// When something in this changes by itself: somebody comes or goes, a notice begins or ends, a day begins.
    #[serde(skip)]
    pub changes_at: Option<Timestamp>,
}

/// Addresses of the page in each language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Links<'a> {
    /// Where Lotse is reached, without a slash at the end.
    pub base: &'a str,
    /// The service's slug.
    pub service: &'a str,
    /// The municipality's key.
    pub ars: &'a str,
}

impl<'a> Help<'a> {
    /// The same with its addresses at this installation: the page's, and that of its form where it shows one.
    pub fn linked(mut self, base: &'a str, language: HelpLanguage) -> Self {
        let links = Links { base, service: self.service.slug, ars: self.municipality.ars };
        for way in self.channels.iter_mut().filter(|way| way.form) {
            way.url = Some(Cow::Owned(links.form(language)));
        }
        self.links = Some(links);
        self
    }
}

impl Links<'_> {
    /// The address of Lotse's own form in a language.
    pub fn form(&self, language: HelpLanguage) -> String {
        let Self { base, service, ars } = *self;
        match language {
            HelpLanguage::German => format!("{base}/hilfe/{service}/{ars}/anfrage"),
            other => format!("{base}/hilfe/{service}/{ars}/anfrage?lang={}", other.tag()),
        }
    }

    /// The page's address in a language; German needs none in it.
    pub fn page(&self, language: HelpLanguage) -> impl fmt::Display {
        let Self { base, service, ars } = *self;
        fmt::from_fn(move |f| match language {
            HelpLanguage::German => write!(f, "{base}/hilfe/{service}/{ars}"),
            other => write!(f, "{base}/hilfe/{service}/{ars}?lang={}", other.tag()),
        })
    }
}

impl Serialize for Links<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(HelpLanguage::ALL.len()))?;
        for language in HelpLanguage::ALL {
            map.serialize_entry(language.tag(), &format_args!("{}", self.page(language)))?;
        }
        map.end()
    }
}

/// A service by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Named<'a> {
    /// The name in addresses.
    pub slug: &'a str,
    /// The name people know.
    pub name: &'a str,
}

/// A municipality by key and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Place<'a> {
    /// Its key.
    pub ars: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// One way to help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HelpWay<'a> {
    /// By what one gets in touch.
    pub kind: ChannelKind,
    /// What it is called.
    pub label: &'a str,
    /// The number to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<&'a str>,
    /// The mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Cow<'a, str>>,
    /// Whether that page is Lotse's own form.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
    /// When somebody is there, as OpenStreetMap writes it.
    pub hours: &'a str,
    /// The same in words, in the language asked for.
    pub hours_text: &'a str,
    /// The same as a usual week, where they are of that kind.
    #[serde(skip)]
    pub week: Option<&'a Week>,
    /// Whether somebody is there now; absent where the hours do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
    /// The languages spoken.
    pub languages: Cow<'a, [Box<str>]>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_note: Option<&'a str>,
}

impl Snapshot {
    /// Who can help with this service in this municipality now; none only where there is no such service or place.
    pub fn help(&self, service: &str, ars: &Ars, language: HelpLanguage, now: Timestamp) -> Option<Help<'_>> {
        let index = *self.by_slug.get(service)?;
        let service = self.services.get(index as usize)?;
        let (place_index, place) = self.place(ars)?;
        let (today, midnight) = day(now);
        let live = self.adoptions.find(index, place_index);
        let shown = live.map_or(&[][..], |one| self.adoptions.shown(one));
        let mut channels: Vec<HelpWay> = shown
            .iter()
            .filter(|channel| Span { from: channel.valid.0, to: channel.valid.1 }.holds(today))
            .map(|channel| self.way(channel, place, language, now))
            .collect();
        let is_theirs = !channels.is_empty();
        let mut advice = None;
        if channels.is_empty() && place.in_115 {
            channels.push(self.number_115(place, language, now));
        } else if channels.is_empty() {
            advice = Some(ask_there(service, place, language));
        }
        let mut known = self.notices(index, &place.ars, language, now);
        let changed = live.map_or(service.updated_at, |adoption| adoption.updated_at().max(service.updated_at));
        let told = known.notices.iter().map(|notice| Cow::Owned(format!("{}. {}", notice.title, notice.text)));
        // What stands with the service itself concerns those who use it.
        let standing_there = service.notice.as_deref().filter(|_| live.is_some());
        let told = standing_there.map(Cow::Borrowed).into_iter().chain(told);
        let notice = in_one(told.chain(advice.clone().map(Cow::Owned)));
        known.notices.extend(standing_there.map(|text| standing(text, language)));
        let changes = channels.iter().filter_map(|way| way.open?.changes_at).chain(known.changes_at).min();
        Some(Help {
            service: Named { slug: service.slug.as_str(), name: &service.name },
            municipality: Place { ars: place.ars.as_str(), name: &place.name },
            notice,
            confirmed_on: live.and_then(|one| self.adoptions.confirmed_on(one)).filter(|_| is_theirs),
            is_adopted: live.is_some(),
            updated_at: known.updated_at.map_or(changed, |at| at.max(changed)),
            changes_at: Some(changes.map_or(midnight, |change| change.min(midnight))),
            channels,
            notices: known.notices,
            links: None,
            advice,
        })
    }

    /// Whether this service's help in this municipality shows Lotse's own form on this day.
    pub fn has_form(&self, service: &str, ars: &Ars, today: NaiveDate) -> bool {
        let found = self.by_slug.get(service).copied().zip(self.place(ars));
        let live = found.and_then(|(service, (place, _))| self.adoptions.find(service, place));
        let shown = live.map_or(&[][..], |one| self.adoptions.shown(one));
        shown.iter().any(|way| way.form && Span { from: way.valid.0, to: way.valid.1 }.holds(today))
    }

    /// When somebody is there on the help channel by which a request came, where there is one.
    pub(in crate::directory) fn channel_hours(&self, concern: &Concern) -> Option<ServiceHours> {
        let (place, _) = self.place(concern.ars)?;
        let adoption = self.adoptions.find(*self.by_slug.get(concern.service.as_str())?, place)?;
        let list = self.adoptions.shown(adoption);
        let is_there = |one: &&ShownChannel| {
            one.kind == concern.channel && Span { from: one.valid.0, to: one.valid.1 }.holds(concern.today)
        };
        self.hours.service(list.iter().find(is_there)?.hours)
    }

    /// Whether somebody is there now: by the hours, and the local closing days, which are none of 115's.
    fn open(&self, channel: &ShownChannel, place: &PlaceEntry, now: Timestamp) -> Option<Open> {
        let usual = self.hours.open(channel.hours, place.land, now)?;
        let may_differ = channel.kind != ChannelKind::Number115 && !self.closing_days.is_empty();
        let Some(change) = usual.changes_at.filter(|_| may_differ) else { return Some(usual) };
        let (today, last) = (now.day_in_berlin(), change.day_in_berlin());
        let from = self.closing_days.partition_point(|one| one.day < today);
        let is_here = |one: &&ClosedDay| place.ars.as_str().starts_with(one.region.as_str());
        let ahead = || self.closing_days.iter().skip(from);
        if !ahead().take_while(|one| one.day <= last).any(|one| is_here(&one)) {
            return Some(usual);
        }
        let days: Vec<NaiveDate> = ahead().filter(is_here).map(|one| one.day).take(MOST_DAYS).collect();
        self.hours.open_but_on(channel.hours, place.land, now, &days)
    }

    fn way<'a>(
        &'a self,
        channel: &'a ShownChannel,
        place: &PlaceEntry,
        language: HelpLanguage,
        now: Timestamp,
    ) -> HelpWay<'a> {
        HelpWay {
            kind: channel.kind,
            label: &channel.label,
            phone: channel.phone.as_deref(),
            email: channel.email.as_deref(),
            url: channel.url.as_deref().map(Cow::Borrowed),
            form: channel.form,
            hours: self.hours.raw(channel.hours),
            hours_text: self.hours.words(channel.hours, language),
            week: self.hours.week(channel.hours),
            open: self.open(channel, place, now),
            languages: Cow::Borrowed(&channel.languages),
            cost_note: channel.cost_note.as_deref(),
        }
    }

    /// 115 as it presents itself.
    fn number_115(&self, place: &PlaceEntry, language: HelpLanguage, now: Timestamp) -> HelpWay<'_> {
        HelpWay {
            kind: ChannelKind::Number115,
            label: match language {
                HelpLanguage::German => "Behördennummer 115",
                HelpLanguage::Easy => "Telefon-Nummer 115",
                HelpLanguage::English => "Public service number 115",
            },
            phone: Some("115"),
            email: None,
            url: Some(Cow::Borrowed("https://www.115.de")),
            form: false,
            hours: self.hours.raw(0),
            hours_text: self.hours.words(0, language),
            week: self.hours.week(0),
            open: self.hours.open(0, place.land, now),
            languages: Cow::Owned(vec!["de".into()]),
            cost_note: None,
        }
    }
}

/// The day in Germany, and when it ends. On the two days when the clocks change, the end is an hour off until they
/// have changed; nobody keeps an answer for that long.
fn day(now: Timestamp) -> (NaiveDate, Timestamp) {
    let wall = now.utc().with_timezone(&Berlin);
    let left = 86_400 - i64::from(wall.num_seconds_from_midnight());
    (wall.date_naive(), now.plus(TimeDelta::seconds(left)))
}

fn ask_there(service: &ServiceEntry, place: &PlaceEntry, language: HelpLanguage) -> String {
    let name = place.name.split(", ").next().unwrap_or(&place.name);
    let by = place.association.split(", ").next().unwrap_or(&place.association);
    let office = if by.is_empty() || by == name { name.to_owned() } else { format!("{name} ({by})") };
    let town = place.postal_code.as_deref().map_or(String::new(), |code| format!(", {code} {name}"));
    match language {
        HelpLanguage::German => format!(
            "Für «{}» ist in {name} noch keine Hilfe eingetragen. Bitte fragen Sie bei der Verwaltung von {office}{town}.",
            service.name
        ),
        HelpLanguage::Easy => format!(
            "Sie brauchen Hilfe bei «{}»? Fragen Sie bitte im Rathaus oder im Amt. Zuständig ist: {office}{town}.",
            service.name
        ),
        HelpLanguage::English => format!(
            "No help desk is listed yet for «{}» in {name}. Please ask the administration of {office}{town}.",
            service.name
        ),
    }
}
