//! Changing one's own password.
//!
//! Invariant: the old one is asked for; no password is sent back.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{HERE, account};
use crate::error::AppError;
use crate::http::State;
use crate::http::pages::field::Field;
use crate::http::pages::login::{PageResult, keep, refused, retry};
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::PersonForm;

/// The fields of the form.
pub struct PasswordFields {
    /// Whether nobody has tried yet.
    pub is_closed: bool,
    /// The present password.
    pub old: Field,
    /// The new one.
    pub new: Field,
    /// The new one again.
    pub again: Field,
}

impl PasswordFields {
    /// Empty.
    pub fn new(shell: &Shell, state: &State) -> Self {
        let field = |id, key, complete| Field::password(shell, id, &shell.say(key), complete);
        Self {
            is_closed: ["old", "new", "again"].iter().all(|id| shell.fault_of(id).is_none()),
            old: field("old", "password-old", "current-password"),
            new: field("new", "password-new", "new-password").hint(rule(shell, state)),
            again: field("again", "password-again", "new-password"),
        }
    }
}

/// The form as it was sent.
#[derive(Debug, Deserialize)]
pub struct Change {
    #[serde(default)]
    old: SecretString,
    #[serde(default)]
    new: SecretString,
    #[serde(default)]
    again: SecretString,
}

/// Changes it.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    PersonForm { person, body: typed }: PersonForm<Change>,
) -> PageResult {
    let mut shell = Shell::new(&state, &request, &person.visitor);
    if typed.new.expose_secret() != typed.again.expose_secret() {
        shell.fault("again", "fault-again");
        return Ok(account(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell).await?);
    }
    let (user, session) = (person.session.user.id, person.session.id);
    let fault = match person.visitor.accounts(&state).change_password(user, session, &typed.old, &typed.new).await {
        Ok(entered) => {
            let mut answer = lead_done(HERE, "password");
            keep(&mut answer, &state, &entered);
            return Ok(answer);
        }
        Err(fault) => fault,
    };
    let is_weak = matches!(&fault, AppError::Invalid(all) if all.iter().any(|one| one.field == "new_password"));
    let (status, after) = if is_weak {
        weak(&mut shell, &state, "new", &typed.new);
        (StatusCode::UNPROCESSABLE_ENTITY, None)
    } else {
        refused(&mut shell, fault, "old", "fault-old-password")?
    };
    Ok(retry(account(status, &state, &person, shell).await?, after))
}

/// What a password must be.
pub fn rule(shell: &Shell, state: &State) -> String {
    shell.with("password-rule", "count", state.accounts.settings().password_min_length)
}

/// Notes what is wrong with a password that was not taken.
pub fn weak(shell: &mut Shell, state: &State, field: &str, password: &SecretString) {
    let shortest = state.accounts.settings().password_min_length;
    if password.expose_secret().chars().count() < shortest {
        shell.fault_text(field, shell.with("fault-password-short", "count", shortest));
    } else {
        shell.fault(field, "fault-password-weak");
    }
}
