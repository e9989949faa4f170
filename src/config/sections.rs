//! The sections of the settings, as they are written; each key is explained in `config/default.toml`.
//!
//! Invariant: an unknown key is refused. Here too is how a text of a setting is read where that is more than a number.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{NaiveTime, TimeDelta};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub public_url: String,
    pub workers: usize,
    pub metrics_listen: String,
    pub trusted_proxies: String,
    #[serde(deserialize_with = "duration")]
    pub shutdown_within: TimeDelta,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: SecretString,
    pub url_file: String,
    pub connections: u32,
    pub queue: usize,
    #[serde(deserialize_with = "duration")]
    pub wait: TimeDelta,
    pub migrate: bool,
    pub allow_unsafe_durability: bool,
    pub replica_url: SecretString,
    pub replica_url_file: String,
    #[serde(deserialize_with = "duration")]
    pub replica_behind: TimeDelta,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    pub master_key: SecretString,
    pub master_key_file: String,
    pub previous_master_keys: SecretString,
    pub previous_master_keys_file: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTransport {
    Smtp,
    File,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub transport: MailTransport,
    pub smtp_url: SecretString,
    pub smtp_url_file: String,
    pub directory: String,
    pub from: String,
    pub reply_address: String,
    pub operator: String,
    pub bounce_address: String,
    pub retry_schedule: String,
    #[serde(deserialize_with = "duration")]
    pub notice_interval: TimeDelta,
    pub notices_per_hour: u32,
    pub notice_languages: String,
    pub allow_file_transport: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub retry_schedule: String,
    pub allow_http: bool,
    pub allow_private_addresses: bool,
    pub root_certificate: String,
    #[serde(deserialize_with = "duration")]
    pub secret_overlap: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub disable_after: TimeDelta,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    pub concurrency: usize,
    pub per_endpoint: usize,
    #[serde(deserialize_with = "duration")]
    pub poll: TimeDelta,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    #[serde(deserialize_with = "duration")]
    pub acknowledge_within: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub emergency_within: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub emergency_repeat: TimeDelta,
    pub emergency_repeats: u32,
    #[serde(deserialize_with = "duration")]
    pub link_valid_for: TimeDelta,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    pub hours: String,
    pub closed: String,
    pub respond_p1: String,
    pub respond_p2: String,
    pub respond_p3: String,
    pub respond_p4: String,
    pub acknowledge_p2: String,
    pub acknowledge_p3: String,
    pub acknowledge_p4: String,
    pub answer_p1: String,
    pub answer_p2: String,
    pub answer_p3: String,
    pub answer_p4: String,
    pub lands: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    #[serde(deserialize_with = "duration")]
    pub session_idle: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub session_longest: TimeDelta,
    #[serde(deserialize_with = "duration")]
    pub link_valid_for: TimeDelta,
    pub password_min_length: usize,
    pub password_memory: u32,
    pub password_passes: u32,
    pub password_hashes_at_once: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub stale_after_days: i64,
    pub confirm_before: String,
    #[serde(deserialize_with = "duration")]
    pub confirm_link_valid_for: TimeDelta,
    pub confirm_between: String,
    pub confirmations_per_minute: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub forms_per_minute: u32,
    pub calls_per_minute: u32,
    pub help_per_minute: u32,
    pub callbacks_per_minute: u32,
    pub streams: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    pub name: String,
    pub operator: String,
    pub contact: String,
    pub imprint_url: String,
    pub imprint_file: String,
    pub privacy_url: String,
    pub privacy_file: String,
    pub accessibility_url: String,
    pub accessibility_file: String,
    pub accessibility_mail: String,
    pub enforcement: String,
    pub easy_language_url: String,
    pub sign_language_url: String,
}

impl Public {
    /// Every address of a page with its key.
    pub fn pages(&self) -> [(&'static str, &str); 5] {
        [
            ("public.imprint_url", &self.imprint_url),
            ("public.privacy_url", &self.privacy_url),
            ("public.accessibility_url", &self.accessibility_url),
            ("public.easy_language_url", &self.easy_language_url),
            ("public.sign_language_url", &self.sign_language_url),
        ]
    }

    /// What the law asks of whoever runs this and is not filled in: imprint (§ 5 DDG), privacy (Art. 13 GDPR), and a way to
    /// say what is not accessible (§ 12b BGG and those of the Länder).
    pub fn missing(&self) -> Vec<&'static str> {
        let has_feedback =
            [&self.accessibility_url, &self.accessibility_file, &self.accessibility_mail].iter().any(|x| !x.is_empty());
        let all = [
            ("imprint", self.imprint_url.is_empty() && self.imprint_file.is_empty()),
            ("privacy", self.privacy_url.is_empty() && self.privacy_file.is_empty()),
            ("accessibility", !has_feedback),
        ];
        all.into_iter().filter_map(|(page, is_missing)| is_missing.then_some(page)).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    pub endpoint: String,
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom(format!("{text:?} is no duration; write such as 500ms, 30s, 4h or 14d"));
    let duration = humantime::parse_duration(&text).map_err(|_| wrong())?;
    TimeDelta::from_std(duration).map_err(|_| wrong())
}

impl Server {
    /// The networks of `trusted_proxies`.
    pub fn proxies(&self) -> Result<Vec<IpNet>, String> {
        let named = self.trusted_proxies.split(',').map(str::trim).filter(|part| !part.is_empty());
        named.map(network).collect()
    }
}

/// A network; a single address is a network of its own.
pub fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    let wrong = |_| format!("{text:?} is no address or network, such as 10.0.0.0/8");
    text.parse().or_else(|_| single()).map_err(wrong)
}

impl Mail {
    /// The languages of notices, each once.
    pub fn languages_of_notices(&self) -> Result<Vec<&str>, String> {
        let all: Vec<&str> = self.notice_languages.split(',').map(str::trim).collect();
        let is_twice = all.iter().enumerate().any(|(at, language)| all[..at].contains(language));
        if is_twice || all.iter().any(|language| !matches!(*language, "de" | "en")) {
            return Err(format!("{:?} is not de, en or both, such as de,en", self.notice_languages));
        }
        Ok(all)
    }
}

impl Directory {
    /// The days of `confirm_before`.
    pub fn confirm_days(&self) -> Result<[i64; 3], String> {
        let wrong = || {
            format!(
                "{:?} is not three spans of whole days, each shorter than the one before and the first shorter than directory.stale_after_days; such as 21d,14d,7d",
                self.confirm_before
            )
        };
        let day = |text: &str| -> Option<i64> {
            let span = humantime::parse_duration(text.trim()).ok()?.as_secs();
            (span % 86_400 == 0).then(|| i64::try_from(span / 86_400).ok()).flatten()
        };
        let days: Option<Vec<i64>> = self.confirm_before.split(',').map(day).collect();
        let days: [i64; 3] = days.and_then(|days| days.try_into().ok()).ok_or_else(wrong)?;
        let falls = days[0] > days[1] && days[1] > days[2] && days[2] >= 1 && days[0] < self.stale_after_days;
        if falls { Ok(days) } else { Err(wrong()) }
    }
}

impl Directory {
    /// From when to when of `confirm_between`; nothing for any time.
    pub fn confirm_times(&self) -> Result<Option<(NaiveTime, NaiveTime)>, String> {
        if self.confirm_between.is_empty() {
            return Ok(None);
        }
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let times = self.confirm_between.split_once('-').and_then(|(from, to)| time(from).zip(time(to)));
        let wrong = || {
            format!(
                "{:?} is not two times of a day, the first before the second, such as 07:00-19:00",
                self.confirm_between
            )
        };
        times.filter(|(from, to)| from < to).map(Some).ok_or_else(wrong)
    }
}

impl Login {
    /// True below what OWASP asks of Argon2id with one lane.
    pub(super) fn is_hash_weak(&self) -> bool {
        u64::from(self.password_memory) * u64::from(self.password_passes) < 19_456 * 2
    }
}

impl Mail {
    /// The bare address of `from`.
    pub fn sender(&self) -> Result<String, String> {
        let bare = match (self.from.rfind('<'), self.from.strip_suffix('>')) {
            (Some(start), Some(inner)) => &inner[start + 1..],
            _ => self.from.as_str(),
        };
        let domain_ok = bare.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let plain = !self.from.chars().any(char::is_control) && !bare.contains(char::is_whitespace);
        if domain_ok && plain { Ok(bare.to_owned()) } else { Err("must be such as Lotse <lotse@example.org>".into()) }
    }

    /// The mailbox of replies.
    pub fn reply_mailbox(&self) -> Result<String, String> {
        if self.reply_address.is_empty() {
            self.sender()
        } else {
            Mail { from: self.reply_address.clone(), ..self.clone() }.sender()
        }
    }

    /// True where a mail could leave this machine unencrypted.
    pub(super) fn may_be_plain(&self) -> bool {
        let url = self.smtp_url.expose_secret();
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let is_here = matches!(host.as_str(), "" | "localhost" | "127.0.0.1" | "[::1]");
        self.transport == MailTransport::Smtp
            && !is_here
            && !url.starts_with("smtps://")
            && !url.contains("tls=required")
    }

    /// What stands behind the `@` of message ids.
    pub fn domain(&self) -> String {
        self.sender().ok().and_then(|s| s.split_once('@').map(|(_, domain)| domain.to_owned())).unwrap_or_default()
    }
}
