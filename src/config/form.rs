//! The settings of the public form and of files, as they are written; each key is explained in `config/default.toml`.
#![allow(missing_docs)]

use chrono::TimeDelta;
use serde::Deserialize;

use super::sections::duration;
use crate::error::Faults;

/// Harder work would keep a telephone busy for minutes.
const HARDEST: u32 = 26;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicForm {
    pub difficulty: u32,
    #[serde(deserialize_with = "duration")]
    pub form_valid_for: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub quickest: TimeDelta,
    pub per_hour: u32,
    pub unsolved_per_hour: u32,
    pub unsolved_per_hour_in_all: u32,
    #[serde(deserialize_with = "duration")]
    pub unconfirmed_kept: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub link_valid_for: TimeDelta,
    pub privacy_note: String,
    pub privacy_note_en: String,
    pub consent: String,
    pub consent_en: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachments {
    pub max_mib: usize,
    pub types: String,
    pub clamd: String,
    pub open_unchecked: bool,
    #[serde(deserialize_with = "duration")]
    pub kept: TimeDelta,
}

impl PublicForm {
    /// Notes what is senseless in itself.
    pub(super) fn validate(&self, faults: &mut Faults) {
        if self.difficulty > HARDEST {
            faults.add("public_form.difficulty", format!("must be at most {HARDEST}: that is minutes of work already"));
        }
        let limits = [
            ("public_form.per_hour", self.per_hour),
            ("public_form.unsolved_per_hour", self.unsolved_per_hour),
            ("public_form.unsolved_per_hour_in_all", self.unsolved_per_hour_in_all),
        ];
        for (key, value) in limits {
            // None at all would lock out whoever has no script.
            if value == 0 {
                faults.add(key, "must be at least 1");
            }
        }
        let spans = [
            ("public_form.form_valid_for", self.form_valid_for, TimeDelta::minutes(10)),
            ("public_form.quickest", self.quickest, TimeDelta::zero()),
            ("public_form.unconfirmed_kept", self.unconfirmed_kept, TimeDelta::days(1)),
            ("public_form.link_valid_for", self.link_valid_for, TimeDelta::days(1)),
        ];
        for (key, value, least) in spans {
            if value < least {
                faults.add(key, format!("must be at least {} minutes", least.num_minutes()));
            }
        }
        if self.consent.is_empty() != self.consent_en.is_empty() {
            faults.add("public_form.consent_en", "and public_form.consent go together: both or none");
        }
    }
}

impl Attachments {
    /// The kinds by their words.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.types.split(',').map(str::trim).filter(|kind| !kind.is_empty())
    }

    /// Notes what is senseless in itself.
    pub(super) fn validate(&self, faults: &mut Faults) {
        if !(1..=50).contains(&self.max_mib) {
            faults.add("attachments.max_mib", "must be 1 to 50");
        }
        if self.kept < TimeDelta::days(1) {
            faults.add("attachments.kept", "must be at least a day");
        }
    }
}
