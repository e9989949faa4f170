//! Links by which people choose a password: invitation, reset, and asking for a reset.
//!
//! Invariant: opening a link changes nothing; its button does, with a POST. Whether a login name exists shows in no
//! answer. The secret in the address is never logged.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::account::password::{rule, weak};
use super::field::Field;
use super::login::{PageResult, go_on, refused, retry};
use super::shell::{Shell, show};
use crate::access::users::{LinkPurpose, User};
use crate::error::AppError;
use crate::http::State;
use crate::http::visitor::{Form, Visitor};

/// Who forgot their password.
#[derive(Debug, Deserialize)]
pub struct Forgot {
    #[serde(default)]
    login: String,
}

/// A new password, twice.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    again: SecretString,
}

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage {
    shell: Shell,
    login: Field,
}

#[derive(Template)]
#[template(path = "choose_password.html")]
struct ChoosePassword {
    shell: Shell,
    is_invitation: bool,
    name: String,
    login: String,
    password: Field,
    again: Field,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "notice.html")]
struct Notice {
    shell: Shell,
    title: String,
    lead: String,
    next: Option<(String, String)>,
}

/// Sends a page that only says something; `next` is an address with its words.
pub fn notice(status: StatusCode, shell: Shell, key: [&str; 2], next: Option<(&str, &str)>) -> HttpResponse {
    let (title, lead) = (shell.say(key[0]), shell.say(key[1]));
    let next = next.map(|(href, key)| (href.to_owned(), shell.say(key)));
    let shown = Notice { title, lead, next, shell };
    show(status, &shown.shell, &shown)
}

/// The form to ask for a new password.
pub async fn forgot(state: Data<State>, request: HttpRequest, visitor: Visitor) -> PageResult {
    let shell = Shell::new(&state, &request, &visitor);
    Ok(forgot_form(StatusCode::OK, shell, ""))
}

fn forgot_form(status: StatusCode, shell: Shell, login: &str) -> HttpResponse {
    let field = Field::text(&shell, "login", &shell.say("login-name"), login).completed("username").first(&shell);
    let shown = ForgotPage { login: field, shell };
    show(status, &shown.shell, &shown)
}

/// Sends the mail, if there is somebody to send it to; the answer is the same.
pub async fn request(
    state: Data<State>,
    request: HttpRequest,
    Form { visitor, body: typed }: Form<Forgot>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &visitor);
    if typed.login.trim().is_empty() {
        shell.fault("login", "fault-login-missing");
        return Ok(forgot_form(StatusCode::UNPROCESSABLE_ENTITY, shell, ""));
    }
    match state.accounts.request_reset(&typed.login, &visitor.origin).await {
        Ok(()) => {
            let next = Some(("/anmelden", "to-login"));
            Ok(notice(StatusCode::OK, shell, ["forgot-sent-title", "forgot-sent"], next))
        }
        Err(fault) => {
            let (status, after) = refused(&mut shell, fault, "login", "fault-login-missing")?;
            Ok(retry(forgot_form(status, shell, &typed.login), after))
        }
    }
}

/// The page behind a link of either kind.
pub async fn view(state: Data<State>, request: HttpRequest, visitor: Visitor, secret: Path<String>) -> PageResult {
    let shell = Shell::new(&state, &request, &visitor);
    match state.accounts.link(&secret).await {
        Ok((user, purpose)) => Ok(choose(StatusCode::OK, &state, shell, &user, purpose)),
        Err(AppError::NotFound) => Ok(dead(shell)),
        Err(fault) => Err(fault.into()),
    }
}

fn dead(shell: Shell) -> HttpResponse {
    let next = Some(("/passwort-vergessen", "link-dead-next"));
    notice(StatusCode::GONE, shell, ["link-dead-title", "link-dead"], next)
}

fn choose(status: StatusCode, state: &State, shell: Shell, user: &User, purpose: LinkPurpose) -> HttpResponse {
    let new = |id, key| Field::password(&shell, id, &shell.say(key), "new-password");
    let password = new("password", "password-new").hint(rule(&shell, state)).first(&shell);
    let again = new("again", "password-again");
    let (name, login) = (user.name.clone(), user.login.clone());
    let is_invitation = purpose == LinkPurpose::Invitation;
    let shown = ChoosePassword { is_invitation, name, login, password, again, shell };
    show(status, &shown.shell, &shown)
}

/// Sets the password and logs in.
pub async fn accept(
    state: Data<State>,
    request: HttpRequest,
    secret: Path<String>,
    Form { visitor, body: typed }: Form<Chosen>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &visitor);
    let (user, purpose) = match state.accounts.link(&secret).await {
        Ok(found) => found,
        Err(AppError::NotFound) => return Ok(dead(shell)),
        Err(fault) => return Err(fault.into()),
    };
    if typed.password.expose_secret() != typed.again.expose_secret() {
        shell.fault("again", "fault-again");
        return Ok(choose(StatusCode::UNPROCESSABLE_ENTITY, &state, shell, &user, purpose));
    }
    match state.accounts.accept(&secret, &typed.password, &visitor.origin).await {
        Ok(entered) => Ok(go_on(&state, &entered, "/konto?getan=password")),
        Err(AppError::NotFound) => Ok(dead(shell)),
        Err(AppError::Invalid(_)) => {
            weak(&mut shell, &state, "password", &typed.password);
            Ok(choose(StatusCode::UNPROCESSABLE_ENTITY, &state, shell, &user, purpose))
        }
        Err(fault) => Err(fault.into()),
    }
}
