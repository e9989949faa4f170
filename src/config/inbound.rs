//! The settings of mail that comes back. What becomes of it stands in `inbound/`.

use std::path::PathBuf;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::sections::duration;
use crate::error::Faults;
use crate::keys::{Ars, ArsPrefix, Slug};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each key is explained in config/default.toml.
pub struct Inbound {
    pub mailbox: Vec<InboundMailbox>,
    pub authserv_id: String,
    #[serde(deserialize_with = "duration")]
    pub raw_kept: TimeDelta,
    pub max_size_mib: usize,
    pub max_parts: usize,
    pub loop_limit: i64,
    #[serde(deserialize_with = "duration")]
    pub poll: TimeDelta,
    pub acknowledge: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct InboundMailbox {
    pub name: String,
    pub host: String,
    #[serde(default = "imaps")]
    pub port: u16,
    pub user: String,
    #[serde(default)]
    pub password: SecretString,
    #[serde(default)]
    pub password_file: String,
    #[serde(default)]
    pub token_file: String,
    pub oauth: Option<InboundOAuth>,
    #[serde(default = "inbox")]
    pub folder: String,
    #[serde(default = "seen")]
    pub after: String,
    #[serde(default)]
    pub root_certificate: String,
    #[serde(default)]
    pub allow_plain: bool,
    #[serde(default)]
    pub first_level: bool,
    #[serde(default)]
    pub region: String,
    pub service: Option<String>,
    pub ars: Option<String>,
    pub category: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // docs/inbound.md explains them.
pub struct InboundOAuth {
    pub token_url: String,
    pub client_id: String,
    #[serde(default)]
    pub client_secret: SecretString,
    #[serde(default)]
    pub client_secret_file: String,
    #[serde(default)]
    pub refresh_token: SecretString,
    #[serde(default)]
    pub refresh_token_file: String,
    #[serde(default)]
    pub scope: String,
}

fn imaps() -> u16 {
    993
}

fn inbox() -> String {
    "INBOX".to_owned()
}

fn seen() -> String {
    "seen".to_owned()
}

impl Inbound {
    /// Reads the files that hold passwords.
    pub(super) fn read_files(&mut self) -> Result<(), crate::error::AppError> {
        for mailbox in &mut self.mailbox {
            super::from_file(&mut mailbox.password, &mailbox.password_file, "inbound.mailbox.password_file")?;
            let Some(oauth) = &mut mailbox.oauth else { continue };
            for (secret, file, key) in [
                (&mut oauth.client_secret, &oauth.client_secret_file, "client_secret_file"),
                (&mut oauth.refresh_token, &oauth.refresh_token_file, "refresh_token_file"),
            ] {
                super::from_file(secret, file, &format!("inbound.mailbox.oauth.{key}"))?;
            }
        }
        Ok(())
    }

    /// Notes what is senseless in itself.
    pub(super) fn validate(&self, faults: &mut Faults) {
        if !(1..=50).contains(&self.max_size_mib) {
            faults.add("inbound.max_size_mib", "must be 1 to 50");
        }
        if !(10..=5_000).contains(&self.max_parts) {
            faults.add("inbound.max_parts", "must be 10 to 5000");
        }
        if self.loop_limit < 1 {
            faults.add("inbound.loop_limit", "must be at least 1");
        }
        for (key, value) in [("inbound.raw_kept", self.raw_kept), ("inbound.poll", self.poll)] {
            if value <= TimeDelta::zero() {
                faults.add(key, "must be longer than nothing");
            }
        }
        for (at, mailbox) in self.mailbox.iter().enumerate() {
            mailbox.validate(faults);
            if self.mailbox[..at].iter().any(|other| other.name == mailbox.name) {
                let hint = format!("{:?} is there twice; each mailbox has a name of its own", mailbox.name);
                faults.add("inbound.mailbox.name", hint);
            }
        }
    }
}

impl InboundOAuth {
    fn validate(&self, allow_plain: bool, faults: &mut Faults) {
        let scheme = Url::parse(&self.token_url).map(|url| url.scheme().to_owned()).unwrap_or_default();
        if scheme != "https" && !(allow_plain && scheme == "http") {
            faults.add("inbound.mailbox.oauth.token_url", "must be an address that begins with https://");
        }
        if self.client_id.is_empty() {
            faults.add("inbound.mailbox.oauth.client_id", "is missing");
        }
        let is_empty = |secret: &SecretString| secret.expose_secret().is_empty();
        if is_empty(&self.client_secret) && is_empty(&self.refresh_token) {
            let hint = "is missing; without it a refresh_token is needed";
            faults.add("inbound.mailbox.oauth.client_secret", hint);
        }
    }
}

impl InboundMailbox {
    fn validate(&self, faults: &mut Faults) {
        let of = |key: &str| format!("inbound.mailbox.{key}");
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name == "pipe" || self.name.len() > 40 || !self.name.chars().all(is_name) {
            faults.add(
                of("name"),
                "must be small letters, digits and -, such as antwort, and not pipe; it never changes",
            );
        }
        if self.host.is_empty() || self.user.is_empty() {
            faults.add(of("host"), "and inbound.mailbox.user are needed");
        }
        let ways = [!self.password.expose_secret().is_empty(), !self.token_file.is_empty(), self.oauth.is_some()];
        if ways.iter().filter(|is_there| **is_there).count() != 1 {
            let hint =
                "or inbound.mailbox.token_file or inbound.mailbox.oauth (XOAUTH2) is needed, and just one of them";
            faults.add(of("password"), hint);
        }
        if let Some(oauth) = &self.oauth {
            oauth.validate(self.allow_plain, faults);
        }
        if self.after_folder().is_none() {
            faults.add(of("after"), "must be seen, keep, or move: and a folder, such as move:Archiv");
        }
        faults.keep(&of("region"), self.region.parse::<ArsPrefix>());
        let told = [&self.service, &self.ars, &self.category].iter().filter(|value| value.is_some()).count();
        if told != 0 && (told != 3 || !self.first_level) {
            faults.add(of("service"), "ars and category go together, with first_level = true");
        }
        if let Some(service) = &self.service {
            faults.keep(&of("service"), service.parse::<Slug>());
        }
        if let Some(ars) = &self.ars {
            faults.keep(&of("ars"), ars.parse::<Ars>());
        }
    }

    /// The folder that mail is moved to; `Some(None)` where it stays, nothing where `after` makes no sense.
    pub fn after_folder(&self) -> Option<Option<&str>> {
        match self.after.as_str() {
            "seen" | "keep" => Some(None),
            other => match other.strip_prefix("move:").map(str::trim) {
                Some(folder) if !folder.is_empty() && folder != self.folder => Some(Some(folder)),
                _ => None,
            },
        }
    }

    /// Where a fresh token is read from.
    pub fn token_path(&self) -> Option<PathBuf> {
        (!self.token_file.is_empty()).then(|| self.token_file.clone().into())
    }
}
