//! What the settings mean to mail that comes back: which mailboxes are read, how each is logged on to.

use std::sync::Arc;

use super::{pem, std_duration};
use crate::access::provider::own_token::{OwnToken, Source};
use crate::config::{Config, InboundMailbox};
use crate::error::AppError;
use crate::inbound;

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
            login: login(own)?,
            folder: own.folder.clone(),
            after,
        },
        first_level: own.first_level,
        region: own.region.parse().map_err(|_| fault("region", "must be 2, 3, 5, 9 or 12 digits of an ARS"))?,
        request,
    })
}

/// How a mailbox is logged on to.
fn login(own: &InboundMailbox) -> Result<inbound::Login, AppError> {
    let user = own.user.clone();
    let Some(oauth) = &own.oauth else {
        return Ok(match own.token_path() {
            Some(file) => inbound::Login::Token(user, file),
            None => inbound::Login::Password(user, own.password.clone()),
        });
    };
    let source = Source {
        url: oauth.token_url.clone(),
        client_id: oauth.client_id.clone(),
        client_secret: oauth.client_secret.clone(),
        refresh_token: oauth.refresh_token.clone(),
        scope: oauth.scope.clone(),
    };
    let key = "inbound.mailbox.root_certificate";
    let token = OwnToken::new(source, pem(key, &own.root_certificate)?.as_deref(), key, own.allow_plain)?;
    Ok(inbound::Login::Fetched(user, Arc::new(token)))
}
