//! What the settings of the installation mean to each module: every module gets its own small struct.
//!
//! Invariant: a file that a setting names is read here, once, and a fault names the key. Not here: what is senseless
//! in itself (`config.rs`).

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::ExposeSecret;

use crate::access::provider;
use crate::config::{Config, InboundMailbox, MailTransport, OidcGrant};
use crate::delivery::{MailSettings, Schedule, Transport, WebhookSettings, WorkerSettings};
use crate::error::AppError;
use crate::http::{PublicLinks, limits};
use crate::{access, db, directory, escalation, inbound, tickets};

/// How long each step of the dialogue with the mail server may take; four of them fit into a lease.
const SMTP_STEP: Duration = Duration::from_secs(7);

/// Connections to the mail server, and so mails at once.
const SMTP_CONNECTIONS: usize = 8;

/// For the database.
pub fn database(config: &Config) -> Result<db::Settings, AppError> {
    Ok(db::Settings {
        url: config.database.url.expose_secret().to_owned(),
        connections: config.database.connections,
        queue: config.database.queue,
        wait: std_duration("database.wait", config.database.wait)?,
        allow_unsafe_durability: config.database.allow_unsafe_durability,
    })
}

/// For people and their sessions.
pub fn accounts(config: &Config) -> access::users::Settings {
    let login = &config.login;
    access::users::Settings {
        public_url: config.server.public_url.clone(),
        session_idle: login.session_idle,
        session_longest: login.session_longest,
        link_valid_for: login.link_valid_for,
        password_min_length: login.password_min_length,
        password_memory: login.password_memory,
        password_passes: login.password_passes,
        password_hashes_at_once: login.password_hashes_at_once,
    }
}

/// For log-in by a provider, where there is one.
pub fn provider(config: &Config) -> Result<Option<provider::Settings>, AppError> {
    let oidc = &config.oidc;
    if !oidc.is_on() {
        return Ok(None);
    }
    let rules = oidc.grant.iter().cloned().map(|OidcGrant { value, role, ars, service, channel, contact }| {
        provider::RuleText { value, role, ars, service, channel, contact }
    });
    Ok(Some(provider::Settings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: Some(oidc.client_secret.clone()).filter(|secret| !secret.expose_secret().is_empty()),
        scopes: oidc.scopes.split_whitespace().map(str::to_owned).collect(),
        label: oidc.label.clone(),
        create_accounts: oidc.create_accounts,
        mapping: provider::Mapping::parse(&oidc.claim, &rules.collect::<Vec<_>>())?,
        root_pem: pem("oidc.root_certificate", &oidc.root_certificate)?,
        allow_http: oidc.allow_http,
        public_url: config.server.public_url.clone(),
    }))
}

/// For the directory.
pub fn directory(config: &Config) -> directory::Settings {
    directory::Settings {
        stale_after_days: config.directory.stale_after_days,
        // Checked when the settings were read.
        confirm_before: config.directory.confirm_days().unwrap_or(directory::Settings::default().confirm_before),
        confirm_link_valid_for: config.directory.confirm_link_valid_for,
        confirmations_per_minute: config.directory.confirmations_per_minute,
        secret_overlap: config.webhook.secret_overlap,
        webhooks: config.webhook_policy(),
    }
}

/// For tickets.
pub fn tickets(config: &Config) -> tickets::Settings {
    tickets::Settings {
        public_url: config.server.public_url.clone(),
        notice_interval: config.mail.notice_interval,
        operator: config.mail.operator.parse().ok(),
        directory: directory(config),
    }
}

/// For escalations.
pub fn escalation(config: &Config) -> Result<escalation::Settings, AppError> {
    Ok(escalation::Settings {
        acknowledge_within: config.escalation.acknowledge_within,
        emergency_within: config.escalation.emergency_within,
        link_valid_for: config.escalation.link_valid_for,
        reply_address: config.mail.reply_mailbox().map_err(|e| AppError::field("mail.reply_address", e))?,
    })
}

/// For the way out by mail. Without a mail server, or with a folder where that was not allowed, there is none.
pub fn mail(config: &Config) -> Result<MailSettings, AppError> {
    let transport = match config.mail.transport {
        MailTransport::File if !config.mail.allow_file_transport => {
            let hint = "is file: mails would go into a folder instead of out; set mail.allow_file_transport=true if you want that while developing";
            return Err(AppError::field("mail.transport", hint));
        }
        MailTransport::File => Transport::File { directory: config.mail.directory.clone().into() },
        MailTransport::Smtp if config.mail.smtp_url.expose_secret().is_empty() => {
            let hint =
                "is missing; name your mail server, such as smtp://user:password@mail.example.org:587?tls=required";
            return Err(AppError::field("mail.smtp_url", hint));
        }
        MailTransport::Smtp => {
            Transport::Smtp { url: config.mail.smtp_url.clone(), timeout: SMTP_STEP, pool_size: SMTP_CONNECTIONS }
        }
    };
    Ok(MailSettings { transport, from: config.mail.from.clone(), message_id_domain: config.mail.domain() })
}

/// For mail that comes back.
pub fn inbound(config: &Config) -> Result<inbound::Settings, AppError> {
    let own = &config.inbound;
    Ok(inbound::Settings {
        mailboxes: own.mailbox.iter().map(mailbox).collect::<Result<_, _>>()?,
        bounds: inbound::Bounds {
            size: own.max_size_mib * 1024 * 1024,
            parts: own.max_parts,
            ..inbound::Bounds::default()
        },
        raw_kept: own.raw_kept,
        trusted_server: own.authserv_id.clone(),
        message_id_domain: config.mail.domain(),
        bounce_address: config.mail.bounce_address.clone(),
        loop_limit: own.loop_limit,
        poll: std_duration("inbound.poll", own.poll)?,
        acknowledge: own.acknowledge,
    })
}

fn mailbox(own: &InboundMailbox) -> Result<inbound::MailboxSettings, AppError> {
    let fault = |key: &str, words: &str| AppError::field(format!("inbound.mailbox.{key}"), words);
    let request = match (&own.service, &own.ars, &own.category) {
        (Some(service), Some(ars), Some(category)) => Some(inbound::RequestSettings {
            service: service.parse().map_err(|_| fault("service", "must be the slug of a service"))?,
            ars: ars.parse().map_err(|_| fault("ars", "must be 12 digits"))?,
            category: category.parse().map_err(|_| fault("category", "is none of the categories of requests"))?,
        }),
        _ => None,
    };
    let after = match (own.after.as_str(), own.after_folder()) {
        ("keep", _) => inbound::After::Keep,
        (_, Some(Some(folder))) => inbound::After::Move(folder.to_owned()),
        _ => inbound::After::Seen,
    };
    Ok(inbound::MailboxSettings {
        name: own.name.clone(),
        server: inbound::Server {
            host: own.host.clone(),
            port: own.port,
            is_plain: own.allow_plain,
            root_pem: pem("inbound.mailbox.root_certificate", &own.root_certificate)?,
            login: match own.token_path() {
                Some(file) => inbound::Login::Token(own.user.clone(), file),
                None => inbound::Login::Password(own.user.clone(), own.password.clone()),
            },
            folder: own.folder.clone(),
            after,
        },
        first_level: own.first_level,
        region: own.region.parse().map_err(|_| fault("region", "must be 2, 3, 5, 9 or 12 digits of an ARS"))?,
        request,
    })
}

/// For the way out by webhook.
pub fn webhooks(config: &Config) -> Result<WebhookSettings, AppError> {
    let extra_root_pem = pem("webhook.root_certificate", &config.webhook.root_certificate)?;
    Ok(WebhookSettings { policy: config.webhook_policy(), extra_root_pem, ..WebhookSettings::default() })
}

/// For the worker that sends.
pub fn worker(config: &Config) -> Result<WorkerSettings, AppError> {
    let schedule = |key: &str, text: &str| Schedule::parse(text).map_err(|e| AppError::field(key, e));
    Ok(WorkerSettings {
        mail_schedule: schedule("mail.retry_schedule", &config.mail.retry_schedule)?,
        webhook_schedule: schedule("webhook.retry_schedule", &config.webhook.retry_schedule)?,
        concurrency: config.delivery.concurrency,
        per_endpoint: config.delivery.per_endpoint,
        poll: std_duration("delivery.poll", config.delivery.poll)?,
        disable_after: config.webhook.disable_after,
        ..WorkerSettings::default()
    })
}

/// The certificates in a file, where one is named.
fn pem(key: &str, file: &str) -> Result<Option<String>, AppError> {
    if file.is_empty() {
        return Ok(None);
    }
    let unreadable = |e| AppError::field(key, format!("{file} cannot be read: {e}"));
    std::fs::read_to_string(file).map(Some).map_err(unreadable)
}

/// The brakes; 0 is none.
pub fn limits(config: &Config) -> limits::Settings {
    let limits = &config.limits;
    limits::Settings {
        forms: NonZeroU32::new(limits.forms_per_minute),
        calls: NonZeroU32::new(limits.calls_per_minute),
        help: NonZeroU32::new(limits.help_per_minute),
    }
}

/// The pages a website must have, where they are set.
pub fn public_links(config: &Config) -> PublicLinks {
    let some = |url: &String| Some(url.clone()).filter(|url| !url.is_empty());
    let public = &config.public;
    PublicLinks {
        accessibility: some(&public.accessibility_url),
        privacy: some(&public.privacy_url),
        imprint: some(&public.imprint_url),
    }
}

/// A length of time that is not negative.
pub fn std_duration(key: &str, delta: TimeDelta) -> Result<Duration, AppError> {
    delta.to_std().map_err(|_| AppError::field(key, "must not be negative"))
}
