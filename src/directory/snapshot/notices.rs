//! Notices to the public as the snapshot keeps them, and those that are shown for one service in one place now.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::Snapshot;
use crate::clock::Timestamp;
use crate::directory::HelpLanguage;
use crate::directory::notices::PublicNotice;
use crate::keys::{Ars, ArsPrefix};

/// One notice that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShownNotice<'a> {
    /// In a few words.
    pub title: &'a str,
    /// The whole.
    pub text: &'a str,
    /// Since when it holds, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Until when, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The language it is written in, where it is not the one asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'static str>,
}

/// A notice as it is kept.
#[derive(Debug)]
pub(super) struct KeptNotice {
    region: ArsPrefix,
    /// German, and what there is in Leichte Sprache and English.
    words: (Box<str>, Box<str>),
    easy: Option<(Box<str>, Box<str>)>,
    english: Option<(Box<str>, Box<str>)>,
    since: Timestamp,
    until: Option<Timestamp>,
    updated_at: Timestamp,
}

/// The notices by the number of their service.
#[derive(Debug, Default)]
pub(super) struct Notices(HashMap<u32, Vec<KeptNotice>>);

impl Notices {
    /// Sorted by service; `number` leads from a slug to it.
    pub(super) fn new(all: Vec<PublicNotice>, number: impl Fn(&str) -> Option<u32>) -> Self {
        let mut notices: HashMap<u32, Vec<KeptNotice>> = HashMap::new();
        for notice in all {
            if let Some(service) = number(notice.service.as_str()) {
                notices.entry(service).or_default().push(KeptNotice::from(notice));
            }
        }
        Self(notices)
    }
}

impl From<PublicNotice> for KeptNotice {
    fn from(notice: PublicNotice) -> Self {
        let pair = |title: Option<String>, text: Option<String>| Some((title?.into(), text?.into()));
        let words = notice.words;
        Self {
            region: notice.ars,
            words: (words.title.into(), words.text.into()),
            easy: pair(words.title_easy, words.text_easy),
            english: pair(words.title_en, words.text_en),
            since: notice.since,
            until: notice.until,
            updated_at: notice.updated_at,
        }
    }
}

/// What is shown now, when it was changed last, and when another set is.
pub(super) struct Shown<'a> {
    pub(super) notices: Vec<ShownNotice<'a>>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) changes_at: Option<Timestamp>,
}

impl Snapshot {
    /// The notices about a service in a place.
    pub(super) fn notices(&self, service: u32, ars: &Ars, language: HelpLanguage, now: Timestamp) -> Shown<'_> {
        let mut shown = Shown { notices: Vec::new(), updated_at: None, changes_at: None };
        let Some(all) = self.notices.0.get(&service) else { return shown };
        for notice in all.iter().filter(|notice| ars.is_in(&notice.region)) {
            // What has not begun begins, what is there may end.
            let change = if notice.since > now { Some(notice.since) } else { notice.until };
            if let Some(change) = change.filter(|change| *change > now) {
                shown.changes_at = Some(shown.changes_at.map_or(change, |known| known.min(change)));
            }
            if notice.since <= now && notice.until.is_none_or(|until| until > now) {
                shown.updated_at = shown.updated_at.max(Some(notice.updated_at));
                shown.notices.push(notice.shown(language));
            }
        }
        shown
    }
}

impl KeptNotice {
    fn shown(&self, language: HelpLanguage) -> ShownNotice<'_> {
        let own = match language {
            HelpLanguage::German => Some(&self.words),
            HelpLanguage::Easy => self.easy.as_ref(),
            HelpLanguage::English => self.english.as_ref(),
        };
        let (title, text) = own.unwrap_or(&self.words);
        let language = own.is_none().then_some("de");
        ShownNotice { title, text, since: Some(self.since), until: self.until, language }
    }
}

/// What stands with the service itself, until somebody takes it away.
pub(super) fn standing(text: &str, language: HelpLanguage) -> ShownNotice<'_> {
    let title = if language == HelpLanguage::Easy { "Das ist wichtig" } else { "Hinweis" };
    let language = (language != HelpLanguage::German).then_some("de");
    ShownNotice { title, text, since: None, until: None, language }
}

/// All that is to be known, in one text.
pub(super) fn in_one<'a>(parts: impl Iterator<Item = Cow<'a, str>>) -> Option<Cow<'a, str>> {
    let mut parts: Vec<Cow<str>> = parts.collect();
    if parts.len() > 1 { Some(Cow::Owned(parts.join(" "))) } else { parts.pop() }
}
