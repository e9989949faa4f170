//! What the settings of the installation mean to each module: every module gets its own small struct.
//!
//! Invariant: a file that a setting names is read here, once, and a fault names the key. Not here: what is senseless
//! in itself (`config.rs`).

mod mailboxes;

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{Datelike, TimeDelta};
use secrecy::ExposeSecret;

use crate::access::provider;
use crate::config::{Config, MailTransport, OidcGrant};
use crate::delivery::{MailSettings, Schedule, Transport, WebhookSettings, WorkerSettings};
use crate::directory::ServiceClock;
use crate::directory::hours::{ClosedYearly, Reckoning, ServiceHours};
use crate::error::AppError;
use crate::http::public::frame::{Required, Texts};
use crate::http::{FormTexts, PublicLinks, limits};
use crate::keys::LandCode;
use crate::operations::Operations;
use crate::operations::traces::Traces;
use crate::tickets::deadline::ByPriority;
use crate::{access, db, directory, escalation, operations, tickets};

pub use mailboxes::inbound;

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
        replica: Some(config.database.replica_url.expose_secret().to_owned()).filter(|url| !url.is_empty()),
        replica_behind: std_duration("database.replica_behind", config.database.replica_behind)?,
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
        confirm_between: config.directory.confirm_times().unwrap_or(directory::Settings::default().confirm_between),
        confirmations_per_minute: config.directory.confirmations_per_minute,
        secret_overlap: config.webhook.secret_overlap,
        webhooks: config.webhook_policy(),
    }
}

/// Which service hours count; a fault names its key.
pub fn clock(config: &Config) -> Result<ServiceClock, AppError> {
    let mut lands = std::collections::BTreeMap::new();
    for (code, hours) in &config.clock.lands {
        let key = format!("clock.lands.{code}");
        let land: LandCode = code.to_uppercase().parse().map_err(|e| AppError::field(&key, format!("{e}")))?;
        lands.insert(land, ServiceHours::parse(hours).map_err(|e| AppError::field(&key, e))?);
    }
    let days = config.clock.closed.split(',').map(str::trim).filter(|day| !day.is_empty());
    Ok(ServiceClock {
        hours: ServiceHours::parse(&config.clock.hours).map_err(|e| AppError::field("clock.hours", e))?,
        lands: lands.into(),
        yearly: days.map(yearly).collect::<Result<Vec<_>, _>>()?.into(),
    })
}

/// A day of every year, such as `12-24`.
fn yearly(text: &str) -> Result<ClosedYearly, AppError> {
    // A leap year, so that 29 February is a day.
    let day = chrono::NaiveDate::parse_from_str(&format!("2028-{text}"), "%Y-%m-%d");
    let wrong = |_| AppError::field("clock.closed", format!("{text:?} must be month and day, such as 12-24"));
    day.map(|day| ClosedYearly { month: day.month(), day: day.day() }).map_err(wrong)
}

/// How deadlines are reckoned, by priority; an empty one is `otherwise`.
fn by_priority(keys: [(&str, &str); 4], otherwise: Option<Reckoning>) -> Result<ByPriority, AppError> {
    let read = |(key, text): (&str, &str)| match (text.trim(), otherwise) {
        ("", Some(otherwise)) => Ok(otherwise),
        _ => Reckoning::parse(text).map_err(|e| AppError::field(key, e)),
    };
    let [p1, p2, p3, p4] = keys;
    Ok(ByPriority { p1: read(p1)?, p2: read(p2)?, p3: read(p3)?, p4: read(p4)? })
}

/// For tickets.
pub fn tickets(config: &Config) -> Result<tickets::Settings, AppError> {
    let of = &config.clock;
    let respond = [
        ("clock.respond_p1", of.respond_p1.as_str()),
        ("clock.respond_p2", &of.respond_p2),
        ("clock.respond_p3", &of.respond_p3),
        ("clock.respond_p4", &of.respond_p4),
    ];
    let languages = config.mail.languages_of_notices().unwrap_or_default();
    Ok(tickets::Settings {
        clock: clock(config)?,
        respond: by_priority(respond, None)?,
        public_url: config.server.public_url.clone(),
        notices: tickets::notice::Settings {
            interval: config.mail.notice_interval,
            per_hour: config.mail.notices_per_hour,
            // Checked when the settings were read.
            languages: languages.iter().filter_map(|language| language.parse().ok()).collect(),
        },
        operator: config.mail.operator.parse().ok(),
        directory: directory(config),
        attachments: attachments(config)?,
        form: form(config),
    })
}

/// For files with requests; a fault names its key.
pub fn attachments(config: &Config) -> Result<tickets::attachments::Settings, AppError> {
    let own = &config.attachments;
    let kind = |text: &str| {
        let unknown = |_| AppError::field("attachments.types", format!("{text:?} is no kind that can be taken"));
        text.parse().map_err(unknown)
    };
    let clamd = Some(own.clamd.as_str()).filter(|at| !at.is_empty());
    Ok(tickets::attachments::Settings {
        most_bytes: own.max_mib * 1024 * 1024,
        kinds: own.kinds().map(kind).collect::<Result<_, _>>()?,
        clamd: clamd.map(str::parse).transpose().map_err(|e| AppError::field("attachments.clamd", e))?,
        open_unchecked: own.open_unchecked,
        kept: own.kept,
    })
}

/// For the public form.
fn form(config: &Config) -> tickets::public_form::Settings {
    let own = &config.public_form;
    tickets::public_form::Settings {
        bits: own.difficulty,
        times: tickets::public_form::challenge::Times { at_least: own.quickest, at_most: own.form_valid_for },
        per_hour: own.per_hour,
        unsolved_per_hour: own.unsolved_per_hour,
        unsolved_in_all: own.unsolved_per_hour_in_all,
        unconfirmed_kept: own.unconfirmed_kept,
        link_valid_for: own.link_valid_for,
        asks_consent: !own.consent.is_empty(),
    }
}

/// For escalations.
pub fn escalation(config: &Config) -> Result<escalation::Settings, AppError> {
    let (of, escalation) = (&config.clock, &config.escalation);
    let acknowledge = [
        // A P1 has as long as an emergency.
        ("escalation.emergency_within", ""),
        ("clock.acknowledge_p2", of.acknowledge_p2.as_str()),
        ("clock.acknowledge_p3", &of.acknowledge_p3),
        ("clock.acknowledge_p4", &of.acknowledge_p4),
    ];
    let answer = [
        ("clock.answer_p1", of.answer_p1.as_str()),
        ("clock.answer_p2", &of.answer_p2),
        ("clock.answer_p3", &of.answer_p3),
        ("clock.answer_p4", &of.answer_p4),
    ];
    let usual = Reckoning::service(escalation.acknowledge_within);
    Ok(escalation::Settings {
        acknowledge: ByPriority {
            p1: Reckoning::Wall(escalation.emergency_within),
            ..by_priority(acknowledge, Some(usual))?
        },
        answer: by_priority(answer, None)?,
        emergency_within: escalation.emergency_within,
        emergency_repeat: escalation.emergency_repeat,
        emergency_repeats: i32::try_from(escalation.emergency_repeats).unwrap_or(i32::MAX),
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
        callbacks: NonZeroU32::new(limits.callbacks_per_minute),
    }
}

/// The pages a website must have, and whose it is; a fault names the key of a file that cannot be read.
pub fn public_links(config: &Config) -> Result<PublicLinks, AppError> {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
    let public = &config.public;
    let page = |key: &str, url: &String, file: &String| -> Result<Required, AppError> {
        Ok(Required { url: some(url), texts: texts(key, file)? })
    };
    Ok(PublicLinks {
        accessibility: page("public.accessibility_file", &public.accessibility_url, &public.accessibility_file)?,
        privacy: page("public.privacy_file", &public.privacy_url, &public.privacy_file)?,
        imprint: page("public.imprint_file", &public.imprint_url, &public.imprint_file)?,
        easy_language: some(&public.easy_language_url),
        sign_language: some(&public.sign_language_url),
        feedback: some(&public.accessibility_mail),
        enforcement: some(&public.enforcement),
        name: some(&public.name).unwrap_or_else(|| "Lotse".to_owned()),
        operator: some(&public.operator),
        contact: some(&public.contact),
    })
}

/// The text of a page in each language: of `impressum.md` the German one, beside it perhaps `impressum.en.md` and
/// `impressum.leicht.md`.
fn texts(key: &str, file: &str) -> Result<Texts, AppError> {
    if file.is_empty() {
        return Ok(Texts::default());
    }
    let unreadable = |e| AppError::field(key, format!("{file} cannot be read: {e}"));
    let german = std::fs::read_to_string(file).map_err(unreadable)?;
    let path = std::path::Path::new(file);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("md");
    let beside = |language: &str| {
        let other = path.with_extension(format!("{language}.{ending}"));
        if other.is_file() { std::fs::read_to_string(other).map(Some).map_err(unreadable) } else { Ok(None) }
    };
    Ok(Texts { german: Some(german), english: beside("en")?, easy: beside("leicht")? })
}

/// What the operations page is told from outside.
pub fn operations(config: &Config) -> operations::Settings {
    operations::Settings { pages_missing: config.public.missing() }
}

/// What sends traces, where a collector is named.
pub fn traces(config: &Config, operations: Operations) -> Result<Option<Traces>, AppError> {
    let endpoint = config.traces.endpoint.trim();
    (!endpoint.is_empty()).then(|| Traces::new(operations, "traces.endpoint", endpoint)).transpose()
}

/// What the public form says in this installation.
pub fn form_texts(config: &Config) -> FormTexts {
    let own = &config.public_form;
    FormTexts {
        privacy: (own.privacy_note.clone(), own.privacy_note_en.clone()),
        consent: (own.consent.clone(), own.consent_en.clone()),
    }
}

/// A length of time that is not negative.
pub fn std_duration(key: &str, delta: TimeDelta) -> Result<Duration, AppError> {
    delta.to_std().map_err(|_| AppError::field(key, "must not be negative"))
}
