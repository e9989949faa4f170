//! One's own API tokens: made with a part of one's own rights, shown once, revoked.
//!
//! Invariant: the token itself stands on one page only, the answer to the form that made it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Deserialize;

use super::HERE;
use crate::access::token::{NewToken, Token};
use crate::clock::Timestamp;
use crate::directory::Snapshot;
use crate::error::AppError;
use crate::http::State;
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::grants::words;
use crate::http::pages::login::{Nothing, PageResult};
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, PersonForm};
use crate::ids::TokenId;

/// How long a token holds unless told otherwise, in days.
const USUAL_DAYS: &str = "365";
const MOST_DAYS: i64 = 3650;

/// A token in words.
pub struct TokenLine {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// Role and scope, last use, end.
    pub more: String,
    /// Whether it still holds.
    pub holds: bool,
}

/// In words; those that hold first.
pub fn lines(
    shell: &Shell,
    directory: &Snapshot,
    tokens: &[Token],
    now: Timestamp,
) -> Result<Vec<TokenLine>, AppError> {
    let line = |token: &Token| {
        let grants = token.grants()?;
        let grants: Vec<String> = grants
            .iter()
            .map(|grant| words(shell.language, directory, grant))
            .map(|words| format!("{}, {}", words.role, words.place))
            .collect();
        let used = token
            .last_used_at
            .map_or_else(|| shell.say("token-unused"), |at| shell.with("token-used", "time", shell.near(at)));
        let end = match (token.revoked_at, token.expires_at) {
            (Some(at), _) => shell.with("token-revoked", "time", shell.near(at)),
            (None, Some(at)) if at <= now => shell.with("token-ended", "time", shell.near(at)),
            (None, Some(at)) => shell.with("token-ends", "time", shell.language.time(at)),
            (None, None) => shell.say("token-endless"),
        };
        let holds = token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now);
        let more = format!("{} · {used} · {end}", grants.join("; "));
        Ok(TokenLine { id: token.id, name: token.name.clone(), more, holds })
    };
    let mut lines = tokens.iter().map(line).collect::<Result<Vec<_>, AppError>>()?;
    lines.sort_by_key(|line| !line.holds);
    Ok(lines)
}

/// The form as it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    name: String,
    grant: String,
    days: String,
    addresses: String,
}

#[derive(Template)]
#[template(path = "token_new.html")]
struct TokenForm {
    shell: Shell,
    name: Field,
    grant: Choice,
    days: Field,
    addresses: Field,
}

#[derive(Template)]
#[template(path = "token_made.html")]
struct TokenMade {
    shell: Shell,
    name: String,
    token: String,
}

/// The form for a new one.
pub async fn form(state: Data<State>, request: HttpRequest, person: Person) -> PageResult {
    let shell = Shell::new(&state, &request, &person.visitor);
    let typed = Typed { days: USUAL_DAYS.into(), ..Typed::default() };
    Ok(show_form(StatusCode::OK, &state, &person, shell, &typed))
}

fn show_form(status: StatusCode, state: &State, person: &Person, shell: Shell, typed: &Typed) -> HttpResponse {
    let directory = state.directory().current();
    let grants = person.session.user.grants.iter().enumerate().map(|(at, grant)| {
        let words = words(shell.language, &directory, grant);
        (at.to_string(), format!("{}, {}", words.role, words.place))
    });
    let text = |id, key, value: &str| Field::text(&shell, id, &shell.say(key), value);
    let shown = TokenForm {
        name: text("name", "token-name", &typed.name).hint(shell.say("token-name-hint")),
        grant: Choice::new(&shell, "grant", &shell.say("token-grant"), grants.collect(), &typed.grant)
            .hint(shell.say("token-grant-hint")),
        days: text("days", "token-days", &typed.days).kind("number"),
        addresses: text("addresses", "token-addresses", &typed.addresses)
            .hint(shell.say("token-addresses-hint"))
            .optional(&shell),
        shell,
    };
    show(status, &shown.shell, &shown)
}

/// Makes one and shows it, this once.
pub async fn create(
    state: Data<State>,
    request: HttpRequest,
    PersonForm { person, body: typed }: PersonForm<Typed>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let Some(new) = read(&mut shell, &person, &typed, state.desk().clock.now()) else {
        return Ok(show_form(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, &typed));
    };
    match state.tokens.create(&person.caller.actor, new).await {
        Ok((_, token)) => {
            let shown = TokenMade { name: typed.name, token, shell: shell.at(HERE) };
            Ok(show(StatusCode::OK, &shown.shell, &shown))
        }
        Err(AppError::Invalid(faults)) => {
            shell.mark(&faults, |fault| match fault.field.as_str() {
                "name" => ("name".to_owned(), "fault-token-name"),
                _ => ("grant".to_owned(), "fault-token-grant"),
            });
            Ok(show_form(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, &typed))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// What was typed, or what is wrong with it.
fn read(shell: &mut Shell, person: &Person, typed: &Typed, now: Timestamp) -> Option<NewToken> {
    if typed.name.trim().is_empty() || typed.name.chars().count() > 200 {
        shell.fault("name", "fault-token-name");
    }
    let grant = typed.grant.parse::<usize>().ok().and_then(|at| person.session.user.grants.get(at));
    if grant.is_none() {
        shell.fault("grant", "fault-token-grant");
    }
    let days = typed.days.trim().parse::<i64>().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    if days.is_none() {
        shell.fault("days", "fault-token-days");
    }
    let network =
        |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
    let named = typed.addresses.split([',', ' ', '\n', ';']).map(str::trim).filter(|one| !one.is_empty());
    let addresses: Option<Vec<IpNet>> = named.map(network).collect();
    if addresses.is_none() {
        shell.fault("addresses", "fault-token-addresses");
    }
    if !shell.faults.is_empty() {
        return None;
    }
    let grant = grant?;
    let region = &grant.scope.region;
    Some(NewToken {
        regions: if region.as_str().is_empty() { Vec::new() } else { vec![region.clone()] },
        contact: grant.contact.clone(),
        expires_at: Some(now.plus(TimeDelta::days(days?))),
        owner: Some(person.session.user.id),
        services: grant.scope.service.clone().into_iter().collect(),
        channel: grant.scope.channel,
        addresses: addresses?,
        ..NewToken::new(typed.name.trim(), grant.role)
    })
}

/// Ends one at once.
pub async fn revoke(
    state: Data<State>,
    id: Path<TokenId>,
    PersonForm { person, .. }: PersonForm<Nothing>,
) -> PageResult {
    state.tokens.revoke(&person.caller.actor, id.into_inner(), Some(person.session.user.id)).await?;
    Ok(lead_done(HERE, "token"))
}
