//! What of a contact is to be different.

use chrono::NaiveDate;
use serde::Deserialize;

use super::WebhookInput;
use crate::directory::page::present;
use crate::directory::store::contacts::ContactRow;
use crate::directory::{Rhythm, hours};
use crate::keys::{ArsPrefix, EmailAddress, Slug};

/// What is to be different; what is left out stays, `null` empties.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    /// The version it was read at.
    pub version: Option<i32>,
    /// The name people know.
    pub name: Option<String>,
    /// The region whose editors may change it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ArsPrefix>)]
    pub owner: Option<Option<ArsPrefix>>,
    /// Its mail address.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<EmailAddress>>,
    /// Its webhook.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<WebhookInput>)]
    pub webhook: Option<Option<WebhookInput>>,
    /// Its telephone number.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// When it is reached, as OpenStreetMap writes opening hours.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub hours: Option<Option<String>>,
    /// How it numbers its own matters, with # for a digit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub reference_pattern: Option<Option<String>>,
    /// Who stands in.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Slug>)]
    pub deputy: Option<Option<Slug>>,
    /// When somebody last said that this is right.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub confirmed_on: Option<Option<NaiveDate>>,
    /// First day of an absence.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub absent_from: Option<Option<NaiveDate>>,
    /// Last day of an absence.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub absent_until: Option<Option<NaiveDate>>,
    /// May it see who asked?
    pub discloses_reporter: Option<bool>,
    /// How often it is told what happened to requests it is the central contact of.
    pub notify: Option<Rhythm>,
    /// First day it is there for its duties.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub valid_from: Option<Option<NaiveDate>>,
    /// Last day.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<NaiveDate>)]
    pub valid_to: Option<Option<NaiveDate>>,
    /// Why, for whoever reads its versions later.
    pub reason: Option<String>,
}

impl ContactChange {
    /// Writes it over the row.
    pub(in crate::directory) fn apply(&self, row: &mut ContactRow) {
        fn set<T: Clone>(field: &mut T, new: &Option<T>) {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        set(&mut row.name, &self.name);
        set(&mut row.owner, &self.owner);
        set(&mut row.phone, &self.phone);
        set(&mut row.hours, &self.hours.as_ref().map(|new| new.as_deref().map(hours::standard)));
        set(&mut row.reference_pattern, &self.reference_pattern);
        set(&mut row.deputy, &self.deputy);
        set(&mut row.confirmed_on, &self.confirmed_on);
        set(&mut row.absent_from, &self.absent_from);
        set(&mut row.absent_until, &self.absent_until);
        set(&mut row.discloses_reporter, &self.discloses_reporter);
        set(&mut row.notify, &self.notify.map(|notify| notify.to_string()));
        set(&mut row.valid_from, &self.valid_from);
        set(&mut row.valid_to, &self.valid_to);
    }
}
