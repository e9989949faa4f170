//! The settings: `config/default.toml` (compiled in, every key explained there), a file, variables `LOTSE__…`.
//!
//! Invariant: an unknown key or a senseless value stops the start with the key's name; a secret is never printed.
//! Read by `app` and `cli` alone: modules receive their own small settings.

mod form;
mod inbound;
mod oidc;
mod sections;

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::delivery::{Schedule, WebhookPolicy};
use crate::error::{AppError, Faults};

pub use form::{Attachments, PublicForm};
pub use inbound::{Inbound, InboundMailbox, InboundOAuth};
pub use oidc::{Oidc, OidcGrant};
pub use sections::*;

const DEFAULTS: &str = include_str!("../config/default.toml");

/// The keys that hold secrets.
const SECRETS: [(&str, &str); 6] = [
    ("database", "url"),
    ("database", "replica_url"),
    ("security", "master_key"),
    ("security", "previous_master_keys"),
    ("mail", "smtp_url"),
    ("oidc", "client_secret"),
];

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each key is explained in config/default.toml.
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub security: Security,
    pub mail: Mail,
    pub webhook: Webhook,
    pub inbound: Inbound,
    pub delivery: Delivery,
    pub escalation: Escalation,
    pub clock: Clock,
    pub login: Login,
    pub oidc: Oidc,
    pub directory: Directory,
    pub limits: Limits,
    pub public: Public,
    pub public_form: PublicForm,
    pub attachments: Attachments,
    pub log: Log,
    pub traces: Traces,
}

impl Config {
    /// Reads all layers, then the files that hold secrets, and checks the whole.
    pub fn load(file: Option<&Path>) -> Result<Self, AppError> {
        let mut layers =
            config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Some(file) = file {
            layers = layers.add_source(config::File::from_str(&text_of(file)?, config::FileFormat::Toml));
        }
        let variables =
            config::Environment::with_prefix("LOTSE").prefix_separator("__").separator("__").try_parsing(false);
        let layers = layers.add_source(variables).build().map_err(|e| AppError::field("config", e.to_string()))?;
        let mut config: Self = layers.try_deserialize().map_err(|e| AppError::field("config", e.to_string()))?;
        from_file(&mut config.database.url, &config.database.url_file, "database.url_file")?;
        let (replica, file) = (&mut config.database.replica_url, &config.database.replica_url_file);
        from_file(replica, file, "database.replica_url_file")?;
        from_file(&mut config.security.master_key, &config.security.master_key_file, "security.master_key_file")?;
        let (previous, file) = (&mut config.security.previous_master_keys, &config.security.previous_master_keys_file);
        from_file(previous, file, "security.previous_master_keys_file")?;
        from_file(&mut config.mail.smtp_url, &config.mail.smtp_url_file, "mail.smtp_url_file")?;
        from_file(&mut config.oidc.client_secret, &config.oidc.client_secret_file, "oidc.client_secret_file")?;
        config.inbound.read_files()?;
        config.server.public_url = config.server.public_url.trim_end_matches('/').to_owned();
        config.validate()?;
        Ok(config)
    }

    /// The defaults alone, whatever files and variables say: where the demo and tests begin.
    pub fn defaults() -> Result<Self, AppError> {
        toml::from_str(DEFAULTS).map_err(AppError::internal)
    }

    /// What is senseless in itself, all at once. Whether peers answer is asked by `lotse check`.
    pub fn validate(&self) -> Result<(), AppError> {
        let mut faults = Faults::default();
        faults.keep("server.listen", self.server.listen.parse::<std::net::SocketAddr>());
        if !self.server.metrics_listen.is_empty() {
            faults.keep("server.metrics_listen", self.server.metrics_listen.parse::<std::net::SocketAddr>());
        }
        faults.keep("server.trusted_proxies", self.server.proxies());
        match url::Url::parse(&self.server.public_url) {
            Ok(url) if is_origin(&url) => {}
            _ => faults.add(
                "server.public_url",
                "must be an http or https address without a path, such as https://lotse.example.org",
            ),
        }
        if let Err(AppError::Invalid(found)) = crate::db::Backend::of(self.database.url.expose_secret()) {
            found.into_iter().for_each(|f| faults.add(f.field, f.message));
        }
        if self.database.connections == 0 || self.database.queue == 0 {
            faults.add("database.connections", "and database.queue must be at least 1");
        }
        faults.keep("mail.from", self.mail.sender());
        faults.keep("mail.reply_address", self.mail.reply_mailbox());
        if !self.mail.operator.is_empty() {
            faults.keep("mail.operator", self.mail.operator.parse::<crate::keys::EmailAddress>());
        }
        self.public_form.validate(&mut faults);
        self.attachments.validate(&mut faults);
        faults.keep("mail.notice_languages", self.mail.languages_of_notices());
        faults.keep("mail.retry_schedule", Schedule::parse(&self.mail.retry_schedule));
        faults.keep("webhook.retry_schedule", Schedule::parse(&self.webhook.retry_schedule));
        match self.mail.transport {
            MailTransport::File if self.mail.directory.is_empty() => {
                faults.add("mail.directory", "is needed when mail.transport is file");
            }
            MailTransport::Smtp if !is_empty_or_smtp(self.mail.smtp_url.expose_secret()) => {
                faults.add("mail.smtp_url", "must begin with smtp:// or smtps://");
            }
            _ => {}
        }
        if self.delivery.concurrency == 0 || self.delivery.per_endpoint == 0 {
            faults.add("delivery.concurrency", "and delivery.per_endpoint must be at least 1");
        }
        let positive = [
            ("escalation.acknowledge_within", self.escalation.acknowledge_within),
            ("escalation.emergency_within", self.escalation.emergency_within),
            ("escalation.emergency_repeat", self.escalation.emergency_repeat),
            ("escalation.link_valid_for", self.escalation.link_valid_for),
            ("directory.confirm_link_valid_for", self.directory.confirm_link_valid_for),
            ("login.session_idle", self.login.session_idle),
            ("login.session_longest", self.login.session_longest),
            ("login.link_valid_for", self.login.link_valid_for),
            ("delivery.poll", self.delivery.poll),
            ("database.wait", self.database.wait),
            ("server.shutdown_within", self.server.shutdown_within),
            ("webhook.disable_after", self.webhook.disable_after),
        ];
        for (key, value) in positive {
            if value <= TimeDelta::zero() {
                faults.add(key, "must be longer than nothing");
            }
        }
        // It counts service time: a day by the clock would be two and more of it.
        if self.escalation.acknowledge_within >= TimeDelta::days(1) {
            let hint = "must be shorter than a day, because only service time counts; for service days set clock.acknowledge_p2 = \"1d\", and _p3 and _p4 likewise";
            faults.add("escalation.acknowledge_within", hint);
        }
        if !(8..=64).contains(&self.login.password_min_length) {
            faults.add("login.password_min_length", "must be 8 to 64 characters; 12 or more is better");
        }
        if !(8..=1_048_576).contains(&self.login.password_memory) || !(1..=100).contains(&self.login.password_passes) {
            faults.add("login.password_memory", "must be 8 to 1048576 KiB, and login.password_passes 1 to 100");
        }
        if self.login.password_hashes_at_once == 0 {
            faults.add("login.password_hashes_at_once", "must be at least 1");
        }
        let is_there = |address: &str| {
            url::Url::parse(address).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
        };
        for (key, page) in self.public.pages().into_iter().filter(|(_, page)| !page.is_empty()) {
            if !is_there(page) {
                faults.add(key, "must be a page's address, such as https://www.example.org/impressum, or empty");
            }
        }
        if !self.traces.endpoint.is_empty() && !is_there(&self.traces.endpoint) {
            faults.add(
                "traces.endpoint",
                "must be the address of a collector, such as http://127.0.0.1:4318/v1/traces, or empty",
            );
        }
        if !self.public.accessibility_mail.is_empty() {
            let parsed = self.public.accessibility_mail.parse::<crate::keys::EmailAddress>();
            faults.keep("public.accessibility_mail", parsed);
        }
        if !self.mail.bounce_address.is_empty() {
            faults.keep("mail.bounce_address", self.mail.bounce_address.parse::<crate::keys::EmailAddress>());
        }
        self.inbound.validate(&mut faults);
        self.oidc.validate(&mut faults);
        if self.directory.stale_after_days < 1 {
            faults.add("directory.stale_after_days", "must be at least 1");
        } else {
            faults.keep("directory.confirm_before", self.directory.confirm_days());
        }
        faults.keep("directory.confirm_between", self.directory.confirm_times());
        if self.directory.confirmations_per_minute == 0 {
            faults.add("directory.confirmations_per_minute", "must be at least 1");
        }
        faults.finish()
    }

    /// The relaxations that a real operation should not have, in words; for `lotse check` and the log at start.
    pub fn unsafe_settings(&self) -> Vec<&'static str> {
        let all = [
            (self.webhook.allow_http, "webhook.allow_http is on: webhooks may go unencrypted"),
            (
                self.webhook.allow_private_addresses,
                "webhook.allow_private_addresses is on: webhooks may reach into this network",
            ),
            (
                self.database.allow_unsafe_durability,
                "database.allow_unsafe_durability is on: a crash may lose requests",
            ),
            (self.mail.transport == MailTransport::File, "mail.transport is file: no mail leaves this machine"),
            (self.server.public_url.starts_with("http://"), "server.public_url is not https: links travel unencrypted"),
            (
                self.login.is_hash_weak(),
                "login.password_memory × login.password_passes is below 19456 KiB × 2: passwords are guessed faster from a stolen database",
            ),
            (self.oidc.allow_http, "oidc.allow_http is on: log-ins may go unencrypted"),
            (
                self.inbound.mailbox.iter().any(|mailbox| mailbox.allow_plain),
                "inbound.mailbox.allow_plain is on: a password and citizens' mail travel unencrypted",
            ),
            (
                !self.inbound.mailbox.is_empty() && self.inbound.authserv_id.is_empty(),
                "inbound.authserv_id is empty: nobody checks whether a mail is from whom it says",
            ),
            (self.mail.may_be_plain(), "mail.smtp_url does not ask for TLS: add ?tls=required, or use smtps://"),
            (
                !is_local(&self.server.metrics_listen),
                "server.metrics_listen can be reached from outside, without a token",
            ),
        ];
        all.into_iter().filter_map(|(is_on, words)| is_on.then_some(words)).collect()
    }

    /// The rule for webhook addresses.
    pub fn webhook_policy(&self) -> WebhookPolicy {
        WebhookPolicy {
            allow_http: self.webhook.allow_http,
            allow_private_addresses: self.webhook.allow_private_addresses,
        }
    }
}

/// The text of a settings file that is TOML and writes its secrets as text. Checked here, because the layers
/// would repeat a faulty line, which may hold a secret.
fn text_of(file: &Path) -> Result<String, AppError> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|e| AppError::field("--config", format!("{name} cannot be read: {e}")))?;
    let table: toml::Table = toml::from_str(&text).map_err(|e| {
        let line = text.bytes().take(e.span().map_or(0, |span| span.start)).filter(|b| *b == b'\n').count() + 1;
        let what = e.message().lines().collect::<Vec<_>>().join(", ");
        AppError::field(format!("{name}:{line}"), format!("is not TOML: {what}"))
    })?;
    for (section, key) in SECRETS {
        let value = table.get(section).and_then(|section| section.get(key));
        if value.is_some_and(|value| !value.is_str()) {
            return Err(AppError::field(format!("{section}.{key}"), "must be text in quotes"));
        }
    }
    Ok(text)
}

/// An origin and nothing more: pages, forms and assets stand at the root.
fn is_origin(url: &url::Url) -> bool {
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    matches!(url.scheme(), "http" | "https") && url.host().is_some() && bare
}

/// True for an address that only this machine reaches, and for none at all.
fn is_local(address: &str) -> bool {
    address.is_empty() || address.parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
}

fn is_empty_or_smtp(url: &str) -> bool {
    url.is_empty() || url.starts_with("smtp://") || url.starts_with("smtps://")
}

fn from_file(secret: &mut SecretString, file: &str, key: &str) -> Result<(), AppError> {
    if file.is_empty() {
        return Ok(());
    }
    let text = std::fs::read_to_string(PathBuf::from(file))
        .map_err(|e| AppError::field(key, format!("cannot be read: {e}")))?;
    *secret = text.trim().to_owned().into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        let config: Config = toml::from_str(DEFAULTS).unwrap();
        config.validate().unwrap();
        assert_eq!(config.escalation.acknowledge_within, TimeDelta::hours(4));
    }

    #[test]
    fn an_unknown_key_is_named() {
        let fault = toml::from_str::<Config>(&DEFAULTS.replace("workers = 0", "wrokers = 0")).unwrap_err();
        assert!(fault.to_string().contains("wrokers"), "{fault}");
    }

    #[test]
    fn contacts_are_asked_before_they_go_stale() {
        let times = |text: &str| {
            let text = DEFAULTS.replace("confirm_between = \"07:00-19:00\"", &format!("confirm_between = \"{text}\""));
            toml::from_str::<Config>(&text).unwrap().directory.confirm_times().map(|times| times.is_some())
        };
        assert_eq!((times("7:00-18:30"), times("")), (Ok(true), Ok(false)));
        assert!(["19:00-07:00", "7-19", "07:00", "07:00-25:00"].iter().all(|wrong| times(wrong).is_err()));
        let days = |text: &str| {
            let text = DEFAULTS.replace("confirm_before = \"21d,14d,7d\"", &format!("confirm_before = \"{text}\""));
            toml::from_str::<Config>(&text).unwrap().directory.confirm_days()
        };
        assert_eq!(days("4w, 14d,1day"), Ok([28, 14, 1]));
        for wrong in ["", "21d", "7d,14d,21d", "21d,14d,0d", "180d,14d,7d", "21d,14d,12h", "21d,14d,7d,1d", "a,b,c"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn senseless_values_are_named() {
        let text = DEFAULTS.replace("127.0.0.1:8115\" ", "somewhere\" ").replace("sqlite://lotse.db", "mysql://x");
        let config: Config = toml::from_str(&text).unwrap();
        let faults = config.validate().unwrap_err().to_string();
        assert!(faults.contains("server.listen") && faults.contains("database.url"), "{faults}");
    }
}
