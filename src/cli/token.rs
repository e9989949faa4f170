//! `lotse token …`: the tokens that systems log in with.
//!
//! Invariant: a new token stands alone on stdout, once, and nowhere else.

use std::io::Write;
use std::process::ExitCode;

use chrono::TimeDelta;

use super::{BadInput, NewToken};
use crate::access::token::NewToken as Wanted;
use crate::access::{Actor, Tokens};
use crate::app::database;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::db::Db;
use crate::directory::contacts_of;
use crate::error::AppError;
use crate::keys::Slug;

/// Makes a token.
pub async fn create(config: &Config, new: NewToken) -> anyhow::Result<ExitCode> {
    let db = database::open(config).await?;
    let clock = Clock::system();
    if let Some(contact) = &new.contact {
        known_contact(&db, contact).await?;
    }
    let expires_at = new.expires.map(|days| clock.now().plus(TimeDelta::days(days.into())));
    let wanted = Wanted {
        regions: new.regions,
        contact: new.contact,
        expires_at,
        services: new.services,
        channel: new.channel,
        addresses: new.addresses,
        ..Wanted::new(new.name, new.role)
    };
    let (id, token) = Tokens::new(db, clock).create(&Actor::console(), wanted).await?;
    eprintln!("token {id}: keep it now, it is not shown again");
    writeln!(std::io::stdout(), "{token}")?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a contact that the directory does not have.
pub async fn known_contact(db: &Db, contact: &Slug) -> anyhow::Result<()> {
    let slug = contact.clone();
    let found = db.read(move |conn| contacts_of(conn, &[slug])).await?;
    if found.is_empty() {
        return Err(BadInput(format!("--contact: there is no contact {contact} in the directory")).into());
    }
    Ok(())
}

/// Lists all tokens.
pub async fn list(config: &Config) -> anyhow::Result<ExitCode> {
    let tokens = Tokens::new(database::open(config).await?, Clock::system()).list(None).await?;
    let mut rows = vec![["ID", "ROLE", "NAME", "REACH", "LAST USED", "STATE"].map(str::to_owned)];
    let now = Clock::system().now();
    for token in tokens {
        let reach = match &token.contact {
            Some(contact) => contact.to_string(),
            None => {
                let regions: Vec<String> = token.regions()?.iter().map(ToString::to_string).collect();
                let mut reach = if regions.is_empty() { vec!["everywhere".to_owned()] } else { regions };
                reach.extend(token.services()?.iter().map(ToString::to_string));
                reach.extend(token.channel.map(|channel| channel.to_string()));
                reach.join(" ")
            }
        };
        let state = match (token.revoked_at, token.expires_at) {
            (Some(at), _) => format!("revoked {}", day(at)),
            (None, Some(at)) if at <= now => format!("ended {}", day(at)),
            (None, Some(at)) => format!("until {}", day(at)),
            (None, None) => "good".to_owned(),
        };
        let used = token.last_used_at.map_or_else(|| "never".to_owned(), |at| at.utc().format("%F %H:%M").to_string());
        rows.push([token.id.to_string(), token.role.to_string(), token.name.clone(), reach, used, state]);
    }
    write!(std::io::stdout(), "{}", table(&rows))?;
    Ok(ExitCode::SUCCESS)
}

/// Ends a token.
pub async fn revoke(config: &Config, id: &str) -> anyhow::Result<ExitCode> {
    let wrong = || BadInput(format!("{id:?} is no token's id; `lotse token list` shows them"));
    let known = id.parse().map_err(|_| wrong())?;
    let tokens = Tokens::new(database::open(config).await?, Clock::system());
    match tokens.revoke(&Actor::console(), known, None).await {
        Ok(()) => eprintln!("token {id} is revoked"),
        Err(AppError::NotFound) => return Err(wrong().into()),
        Err(fault) => return Err(fault.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The day, for tables.
pub fn day(at: Timestamp) -> String {
    at.utc().format("%F").to_string()
}

/// Rows in aligned columns, two spaces between them.
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}
