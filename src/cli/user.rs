//! `lotse user …`: the people who log in.
//!
//! Invariant: a link that opens an account stands alone on stdout, once, and nowhere else but in the mail to its
//! person.

use std::io::Write;
use std::process::ExitCode;

use super::token::{day, known_contact, table};
use super::{BadInput, NewUser};
use crate::access::policy::{Grant, Scope};
use crate::access::users::{Invitation, NewUser as Wanted, UserQuery, UserState};
use crate::access::{Accounts, Actor, Provider, User};
use crate::app::{database, settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::error::AppError;
use crate::keys::{ArsPrefix, Slug};

/// Invites somebody.
pub async fn create(config: &Config, new: NewUser) -> anyhow::Result<ExitCode> {
    let (db, accounts) = open(config).await?;
    if let Some(contact) = &new.contact {
        known_contact(&db, contact).await?;
    }
    let grants = grants(&new);
    let wanted = Wanted { login: new.login, name: new.name, email: new.email, grants };
    let (user, link) = accounts.invite(&Actor::console(), wanted).await?;
    let mailed = if user.email.is_some() { "; it goes to their address too, once `lotse serve` runs" } else { "" };
    eprintln!("{} is invited; the link works once, until {}{mailed}", user.login, link.expires_at);
    print(&link)
}

/// A grant for each region and service.
fn grants(new: &NewUser) -> Vec<Grant> {
    let everywhere = [ArsPrefix::everywhere()];
    let regions = if new.regions.is_empty() { &everywhere[..] } else { &new.regions };
    let services: Vec<Option<Slug>> =
        if new.services.is_empty() { vec![None] } else { new.services.iter().cloned().map(Some).collect() };
    let grant = |region: &ArsPrefix, service: &Option<Slug>| Grant {
        role: new.role,
        scope: Scope { region: region.clone(), service: service.clone(), channel: new.channel },
        contact: new.contact.clone(),
    };
    regions.iter().flat_map(|region| services.iter().map(move |service| grant(region, service))).collect()
}

/// Lists everybody.
pub async fn list(config: &Config) -> anyhow::Result<ExitCode> {
    let (_, accounts) = open(config).await?;
    let mut rows = vec![["LOGIN", "NAME", "STATE", "ROLES", "LAST LOG-IN"].map(str::to_owned)];
    let mut query = UserQuery::default();
    loop {
        let page = accounts.users(query.clone()).await?;
        rows.extend(page.items.iter().map(row));
        match page.next {
            Some(after) => query.after = Some(after),
            None => break,
        }
    }
    write!(std::io::stdout(), "{}", table(&rows))?;
    Ok(ExitCode::SUCCESS)
}

fn row(user: &User) -> [String; 5] {
    let roles: Vec<String> = user.grants.iter().map(role).collect();
    let last = user.last_login_at.map_or_else(|| "never".to_owned(), day);
    [user.login.clone(), user.name.clone(), user.state.to_string(), roles.join(", "), last]
}

/// A role and where it holds, such as `central 01002 wohnsitzanmeldung`.
fn role(grant: &Grant) -> String {
    let Scope { region, service, channel } = &grant.scope;
    let parts = [
        Some(region.as_str()).filter(|region| !region.is_empty()),
        service.as_ref().map(Slug::as_str),
        channel.map(|channel| channel.as_str()),
        grant.contact.as_ref().map(Slug::as_str),
    ];
    [Some(grant.role.as_str())].into_iter().chain(parts).flatten().collect::<Vec<_>>().join(" ")
}

/// Lets somebody log in no more.
pub async fn disable(config: &Config, login: &str) -> anyhow::Result<ExitCode> {
    let (_, accounts) = open(config).await?;
    let user = accounts.disable(&Actor::console(), known(&accounts, login).await?.id).await?;
    eprintln!("{} is disabled; all their sessions have ended", user.login);
    Ok(ExitCode::SUCCESS)
}

/// Lets somebody log in again.
pub async fn enable(config: &Config, login: &str) -> anyhow::Result<ExitCode> {
    let (_, accounts) = open(config).await?;
    let user = accounts.enable(&Actor::console(), known(&accounts, login).await?.id).await?;
    match user.state {
        UserState::Invited => eprintln!("{0} is invited; `lotse user reset {0}` makes a new link", user.login),
        _ => eprintln!("{} may log in again", user.login),
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets somebody log in by the provider too.
pub async fn link(config: &Config, login: &str, subject: &str) -> anyhow::Result<ExitCode> {
    let Some(settings) = settings::provider(config)? else {
        return Err(BadInput("there is no provider to log in by: oidc.issuer is empty".to_owned()).into());
    };
    let (_, accounts) = open(config).await?;
    let user = known(&accounts, login).await?;
    let provider = Provider::new(accounts, settings)?;
    provider.link(&Actor::console(), user.id, subject).await?;
    eprintln!("{} may log in at {} as {subject}", user.login, provider.issuer());
    Ok(ExitCode::SUCCESS)
}

/// Makes the link for a new password, and removes the second factor where that is asked for.
pub async fn reset(config: &Config, login: &str, second_factor: bool) -> anyhow::Result<ExitCode> {
    let (_, accounts) = open(config).await?;
    let user = known(&accounts, login).await?;
    if second_factor && user.has_second_factor {
        accounts.reset_second_factor(&Actor::console(), user.id).await?;
        eprintln!("{}: there is no second factor any more", user.login);
    }
    let link = accounts.reset(&Actor::console(), user.id).await?;
    eprintln!("{}: all sessions have ended; the link works once, until {}", user.login, link.expires_at);
    print(&link)
}

async fn known(accounts: &Accounts, login: &str) -> anyhow::Result<User> {
    match accounts.user_by_login(login).await {
        Err(AppError::NotFound) => {
            Err(BadInput(format!("nobody has the login {login:?}; `lotse user list` shows all")).into())
        }
        found => Ok(found?),
    }
}

fn print(link: &Invitation) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "{}", link.url)?;
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config) -> anyhow::Result<(Db, Accounts)> {
    let db = database::open(config).await?;
    let sealer = database::sealer(config, &db).await?;
    let accounts = Accounts::new(db.clone(), Clock::system(), sealer, settings::accounts(config));
    Ok((db, accounts))
}
