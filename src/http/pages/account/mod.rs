//! One's own account: who one is to Lotse, how its pages look, the password, the second factor, log-ins, tokens.
//!
//! Invariant: everything here is about whoever asks; nobody else's id is ever taken. Where next: `password.rs`,
//! `second_factor.rs`, `sessions.rs`, `settings.rs`, `tokens.rs`.

pub mod password;
pub mod second_factor;
pub mod sessions;
pub mod settings;
pub mod tokens;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use self::password::PasswordFields;
use self::sessions::SessionLine;
use self::settings::Settings;
use self::tokens::TokenLine;
use super::field::Field;
use super::grants::{GrantWords, words};
use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::User;
use crate::error::AppError;
use crate::http::State;
use crate::http::visitor::Person;

/// The address of one's own account.
pub const HERE: &str = "/konto";

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    shell: Shell,
    user: User,
    grants: Vec<GrantWords>,
    speaks_for: Vec<String>,
    settings: Settings,
    password: Option<PasswordFields>,
    factor_password: Option<Field>,
    code_to_remove: Field,
    code_to_renew: Field,
    sessions: Vec<SessionLine>,
    tokens: Vec<TokenLine>,
}

/// One's own account.
pub async fn view(state: Data<State>, request: HttpRequest, person: Person) -> PageResult {
    let shell = Shell::new(&state, &request, &person.visitor);
    Ok(account(StatusCode::OK, &state, &person, shell).await?)
}

/// The page with what the shell knows to be wrong.
async fn account(status: StatusCode, state: &State, person: &Person, shell: Shell) -> Result<HttpResponse, AppError> {
    let user = person.session.user.clone();
    let directory = state.directory().current();
    let sessions = state.accounts.sessions_of(user.id).await?;
    let tokens = state.tokens.list(Some(user.id)).await?;
    let shell = shell.at(HERE);
    let now = state.desk().clock.now();
    let code = |id| Field::code(&shell, id, &shell.say("factor-code"));
    let shown = Account {
        grants: user.grants.iter().map(|grant| words(shell.language, &directory, grant)).collect(),
        speaks_for: user.grants.iter().filter_map(|grant| Some(grant.contact.as_ref()?.to_string())).collect(),
        settings: Settings::new(&shell),
        factor_password: user.has_password.then(|| {
            Field::password(&shell, "factor-password", &shell.say("factor-password"), "current-password")
                .hint(shell.say("factor-password-hint"))
        }),
        password: user.has_password.then(|| PasswordFields::new(&shell, state)),
        code_to_remove: code("remove-code"),
        code_to_renew: code("renew-code"),
        sessions: sessions.iter().map(|one| SessionLine::new(&shell, one, person.session.id)).collect(),
        tokens: tokens::lines(&shell, &directory, &tokens, now)?,
        user,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}
