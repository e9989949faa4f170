//! One's own second factor: set up with an app, recovery codes, removal.
//!
//! Invariant: it begins with the password, where there is one, and counts only once a code of the app has confirmed it; recovery codes are shown once. The picture is
//! made here, so the secret is told to nobody else.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{HERE, account};
use crate::error::AppError;
use crate::http::State;
use crate::http::pages::field::Field;
use crate::http::pages::login::{PageResult, keep, refused, retry};
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, PersonForm};

/// The longest address of a second factor.
const LONGEST_URI: usize = 600;

/// The password, once more: whoever finds a browser open could lock its owner out.
#[derive(Debug, Deserialize)]
pub struct Begin {
    #[serde(default, alias = "factor-password")]
    password: SecretString,
}

/// A code of the app, with the address that is to be shown again if it is wrong.
#[derive(Debug, Deserialize)]
pub struct Confirm {
    #[serde(default)]
    code: SecretString,
    #[serde(default)]
    uri: SecretString,
}

/// A good code.
#[derive(Debug, Deserialize)]
pub struct Code {
    #[serde(default, alias = "remove-code", alias = "renew-code")]
    code: SecretString,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SetUp {
    shell: Shell,
    picture: String,
    key: String,
    uri: String,
    code: Field,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryCodes {
    shell: Shell,
    login: String,
    codes: Vec<String>,
}

/// Begins to set one up.
pub async fn begin(
    state: Data<State>,
    request: HttpRequest,
    PersonForm { person, body: typed }: PersonForm<Begin>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
    match person.visitor.accounts(&state).begin_second_factor(person.session.user.id, &typed.password).await {
        Ok(new) => Ok(set_up(StatusCode::OK, shell, &new.uri)?),
        Err(fault) => {
            let (status, after) = refused(&mut shell, fault, "factor-password", "fault-old-password")?;
            Ok(retry(account(status, &state, &person, shell).await?, after))
        }
    }
}

fn set_up(status: StatusCode, shell: Shell, uri: &str) -> Result<HttpResponse, AppError> {
    let code = Field::code(&shell, "code", &shell.say("factor-code")).first(&shell);
    let shown = SetUp { picture: picture(uri)?, key: key(uri)?, uri: uri.to_owned(), code, shell };
    Ok(show(status, &shown.shell, &shown))
}

/// Confirms it and shows the recovery codes.
pub async fn confirm(
    state: Data<State>,
    request: HttpRequest,
    PersonForm { person, body: typed }: PersonForm<Confirm>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
    let (user, session) = (person.session.user.id, person.session.id);
    match person.visitor.accounts(&state).confirm_second_factor(user, session, typed.code.expose_secret()).await {
        Ok((codes, entered)) => {
            let mut answer = recovery_codes(shell.renewed(&entered.secret), &person, codes);
            keep(&mut answer, &state, &entered);
            Ok(answer)
        }
        Err(fault) => {
            let (status, after) = refused(&mut shell, fault, "code", "fault-factor-code")?;
            Ok(retry(set_up(status, shell, typed.uri.expose_secret())?, after))
        }
    }
}

fn recovery_codes(shell: Shell, person: &Person, codes: Vec<String>) -> HttpResponse {
    let shown = RecoveryCodes { login: person.session.user.login.clone(), codes, shell };
    show(StatusCode::OK, &shown.shell, &shown)
}

/// New recovery codes.
pub async fn renew_codes(
    state: Data<State>,
    request: HttpRequest,
    PersonForm { person, body: typed }: PersonForm<Code>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
    match person.visitor.accounts(&state).new_recovery_codes(person.session.user.id, typed.code.expose_secret()).await {
        Ok(codes) => Ok(recovery_codes(shell, &person, codes)),
        Err(fault) => {
            let (status, after) = refused(&mut shell, fault, "renew-code", "fault-code")?;
            Ok(retry(account(status, &state, &person, shell).await?, after))
        }
    }
}

/// Removes it.
pub async fn remove(
    state: Data<State>,
    request: HttpRequest,
    PersonForm { person, body: typed }: PersonForm<Code>,
) -> PageResult {
    match person.visitor.accounts(&state).remove_second_factor(person.session.user.id, typed.code.expose_secret()).await
    {
        Ok(()) => Ok(lead_done(HERE, "factor-removed")),
        Err(fault) => {
            let mut shell = Shell::new(&state, &request, &person.visitor);
            let (status, after) = refused(&mut shell, fault, "remove-code", "fault-code")?;
            Ok(retry(account(status, &state, &person, shell).await?, after))
        }
    }
}

/// The picture for the app. Black on white in either theme, because cameras need it.
fn picture(uri: &str) -> Result<String, AppError> {
    if !uri.starts_with("otpauth://totp/") || uri.len() > LONGEST_URI {
        return Err(AppError::field("uri", "is not the address of a second factor"));
    }
    let code = QrCode::with_error_correction_level(uri, EcLevel::M).map_err(AppError::internal)?;
    let picture = code.render::<svg::Color>().min_dimensions(220, 220).quiet_zone(true).build();
    // Inside a page there is no declaration of XML.
    Ok(picture.split_once("?>").map_or(picture.clone(), |(_, svg)| svg.to_owned()))
}

/// The key to type where no camera is, in groups of four.
fn key(uri: &str) -> Result<String, AppError> {
    let wrong = || AppError::field("uri", "is not the address of a second factor");
    let url = url::Url::parse(uri).map_err(|_| wrong())?;
    let key = url.query_pairs().find(|(name, _)| name == "secret").ok_or_else(wrong)?.1.into_owned();
    let groups: Vec<_> = key.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    Ok(groups.join(" "))
}
