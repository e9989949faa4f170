//! "Wer kann mir helfen?": what the public is shown for one service in one municipality.
//!
//! Invariant: never a dead end. Where no adoption is live, or it shows no way today, 115 helps if it answers for
//! the municipality; else a sentence names the municipality as the place to ask. Only an unknown service or place
//! has no help. The texts of the directory are shown as they were entered; what is said here comes in the
//! language asked for.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Serialize;

use super::{PlaceEntry, ServiceEntry, Snapshot};
use crate::clock::Timestamp;
use crate::directory::channels::Channel;
use crate::directory::resolve::Span;
use crate::directory::terms::{AdoptionState, ChannelKind};
use crate::keys::Ars;

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
    /// What else is good to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Cow<'a, str>>,
    /// When this was changed last.
    pub updated_at: Timestamp,
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
    pub url: Option<&'a str>,
    /// When somebody is there, as OpenStreetMap writes it.
    pub hours: &'a str,
    /// The languages spoken.
    pub languages: Cow<'a, [Box<str>]>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_note: Option<&'a str>,
}

/// A channel as the snapshot keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ShownChannel {
    kind: ChannelKind,
    label: Box<str>,
    phone: Option<Box<str>>,
    email: Option<Box<str>>,
    url: Option<Box<str>>,
    hours: Box<str>,
    languages: Box<[Box<str>]>,
    cost_note: Option<Box<str>>,
    valid: (Option<NaiveDate>, Option<NaiveDate>),
}

impl From<Channel> for ShownChannel {
    fn from(channel: Channel) -> Self {
        Self {
            kind: channel.kind,
            label: channel.label.into(),
            phone: channel.phone.map(Into::into),
            email: channel.email.map(|email| email.as_str().into()),
            url: channel.url.map(Into::into),
            hours: channel.hours.into(),
            languages: channel.languages.into_iter().map(Into::into).collect(),
            cost_note: channel.cost_note.map(Into::into),
            valid: (channel.valid_from, channel.valid_to),
        }
    }
}

impl Snapshot {
    /// Who can help with this service in this municipality on this day (of Berlin); none only where there is no such
    /// service or place.
    pub fn help(&self, service: &str, ars: &Ars, language: HelpLanguage, today: NaiveDate) -> Option<Help<'_>> {
        let index = *self.by_slug.get(service)?;
        let service = self.services.get(index as usize)?;
        let (place_index, place) = self.place(ars)?;
        let live = self.adoptions.find(index, place_index).filter(|a| a.state == AdoptionState::Live);
        let shown = live.and_then(|adoption| self.adoptions.channels.get(adoption.channels as usize));
        let channels: Vec<HelpWay> = shown
            .into_iter()
            .flat_map(|list| list.iter())
            .filter(|channel| Span { from: channel.valid.0, to: channel.valid.1 }.holds(today))
            .map(way)
            .collect();
        let updated_at = live.map_or(service.updated_at, |adoption| adoption.updated_at.max(service.updated_at));
        let mut help = Help {
            service: Named { slug: service.slug.as_str(), name: &service.name },
            municipality: Place { ars: place.ars.as_str(), name: &place.name },
            channels,
            notice: service.notice.as_deref().map(Cow::Borrowed),
            updated_at,
        };
        if help.channels.is_empty() {
            fall_back(&mut help, service, place, language);
        }
        Some(help)
    }
}

fn way(channel: &ShownChannel) -> HelpWay<'_> {
    HelpWay {
        kind: channel.kind,
        label: &channel.label,
        phone: channel.phone.as_deref(),
        email: channel.email.as_deref(),
        url: channel.url.as_deref(),
        hours: &channel.hours,
        languages: Cow::Borrowed(&channel.languages),
        cost_note: channel.cost_note.as_deref(),
    }
}

fn fall_back<'a>(help: &mut Help<'a>, service: &'a ServiceEntry, place: &'a PlaceEntry, language: HelpLanguage) {
    let sentence = if place.in_115 {
        help.channels.push(number_115(language));
        None
    } else {
        Some(ask_there(service, place, language))
    };
    let notices: Vec<Cow<str>> = help.notice.take().into_iter().chain(sentence.map(Cow::Owned)).collect();
    help.notice = match notices.len() {
        0 => None,
        1 => notices.into_iter().next(),
        _ => Some(Cow::Owned(notices.join(" "))),
    };
}

/// 115 as it presents itself.
fn number_115(language: HelpLanguage) -> HelpWay<'static> {
    HelpWay {
        kind: ChannelKind::Number115,
        label: match language {
            HelpLanguage::German => "Behördennummer 115",
            HelpLanguage::Easy => "Telefon-Nummer 115",
            HelpLanguage::English => "Public service number 115",
        },
        phone: Some("115"),
        email: None,
        url: Some("https://www.115.de"),
        hours: "Mo-Fr 08:00-18:00; PH off",
        languages: Cow::Owned(vec!["de".into()]),
        cost_note: None,
    }
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
