//! What an adoption shows, in few bytes.
//!
//! Invariant: a channel goes in and comes out the same. What is made of it for the public stands in `help.rs`.

use chrono::NaiveDate;

use super::hours::{HoursTable, HoursTableBuilder};
use crate::directory::channels::Channel;
use crate::directory::terms::ChannelKind;
use crate::error::AppError;

/// What an adoption shows, as the snapshot keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct ShownList {
    /// In their order.
    pub(super) channels: Box<[ShownChannel]>,
    /// When somebody last said that this is right.
    pub(super) confirmed_on: Option<NaiveDate>,
}

/// A channel as the snapshot keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ShownChannel {
    pub(super) kind: ChannelKind,
    pub(super) label: Box<str>,
    pub(super) phone: Option<Box<str>>,
    pub(super) email: Option<Box<str>>,
    pub(super) url: Option<Box<str>>,
    pub(super) hours: u32,
    pub(super) languages: Box<[Box<str>]>,
    pub(super) cost_note: Option<Box<str>>,
    pub(super) form: bool,
    pub(super) valid: (Option<NaiveDate>, Option<NaiveDate>),
}

impl ShownChannel {
    /// Keeps a channel; its hours go into the table.
    pub(super) fn new(channel: Channel, hours: &mut HoursTableBuilder) -> Self {
        Self {
            kind: channel.kind,
            label: channel.label.into(),
            phone: channel.phone.map(Into::into),
            email: channel.email.map(|email| email.as_str().into()),
            url: channel.url.map(Into::into),
            hours: hours.number(&channel.hours),
            languages: channel.languages.into_iter().map(Into::into).collect(),
            cost_note: channel.cost_note.map(Into::into),
            form: channel.form,
            valid: (channel.valid_from, channel.valid_to),
        }
    }

    /// The channel again, as it is written in.
    pub(super) fn channel(&self, hours: &HoursTable) -> Result<Channel, AppError> {
        let email = self.email.as_deref().map(str::parse).transpose();
        Ok(Channel {
            kind: self.kind,
            label: self.label.to_string(),
            phone: self.phone.as_deref().map(str::to_owned),
            email: email.map_err(AppError::internal)?,
            url: self.url.as_deref().map(str::to_owned),
            hours: hours.raw(self.hours).to_owned(),
            languages: self.languages.iter().map(ToString::to_string).collect(),
            cost_note: self.cost_note.as_deref().map(str::to_owned),
            form: self.form,
            valid_from: self.valid.0,
            valid_to: self.valid.1,
        })
    }
}
