//! Inviting somebody.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::LinkMade;
use crate::access::users::NewUser;
use crate::access::{Action, Caller};
use crate::directory::Snapshot;
use crate::directory::contacts::{self, ContactQuery};
use crate::directory::{Contact, PageRequest};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::users::everywhere;
use crate::http::auth::right;
use crate::http::pages::field::Field;
use crate::http::pages::grants::{RowFields, Rows};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::{Staff, StaffForm};

#[derive(Template)]
#[template(path = "invite.html")]
struct Invite {
    shell: Shell,
    name: Field,
    login: Field,
    email: Field,
    rows: Vec<RowFields>,
    contacts: Vec<Contact>,
}

/// The contacts that a role of the 2nd level can speak for; enough to offer, any other can be typed.
pub async fn contacts_to_offer(state: &State, caller: &Caller) -> Result<Vec<Contact>, AppError> {
    let all = ContactQuery { reach: caller.reach(Action::ManageUsers), ..Default::default() };
    Ok(contacts::list(&state.desk().db, all, PageRequest { limit: Some(200), cursor: None }).await?.items)
}

/// The form.
pub async fn form(state: Data<State>, request: HttpRequest, page: Staff<right::ManageUsers>) -> PageResult {
    everywhere(&page.person.caller, Action::ManageUsers)?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_form(StatusCode::OK, &state, &page.person.caller, shell, &HashMap::new(), &Rows::empty()).await?)
}

async fn show_form(
    status: StatusCode,
    state: &State,
    caller: &Caller,
    shell: Shell,
    typed: &HashMap<String, String>,
    rows: &Rows,
) -> Result<HttpResponse, AppError> {
    let get = |name: &str| typed.get(name).map(String::as_str).unwrap_or_default();
    let text = |id: &str, key| Field::text(&shell, id, &shell.say(key), get(id));
    let shown = Invite {
        name: text("name", "person-name"),
        login: text("login", "login-name").hint(shell.say("person-login-hint")),
        email: text("email", "person-email").kind("email").hint(shell.say("person-email-hint")).optional(&shell),
        rows: rows.fields(&shell, &state.directory().current()),
        contacts: contacts_to_offer(state, caller).await?,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}

/// Invites, or takes one more row for a role.
pub async fn invite(
    state: Data<State>,
    request: HttpRequest,
    form: StaffForm<right::ManageUsers, HashMap<String, String>>,
) -> PageResult {
    let (person, typed) = (form.person, form.body);
    everywhere(&person.caller, Action::ManageUsers)?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let rows = Rows::typed(&typed);
    if typed.contains_key("mehr") {
        return Ok(show_form(StatusCode::OK, &state, &person.caller, shell, &typed, &rows.and_one()).await?);
    }
    let named = rows.with_contacts(&state, &person.caller, &mut shell).await?;
    let new = read(&mut shell, &state.directory().current(), &typed, &named);
    let Some(new) = new else {
        return Ok(show_form(StatusCode::UNPROCESSABLE_ENTITY, &state, &person.caller, shell, &typed, &rows).await?);
    };
    match state.accounts.invite(&person.caller.actor, new).await {
        Ok((user, invitation)) => {
            let shown = LinkMade::new(shell, "done-invited", &user, &invitation);
            Ok(show(StatusCode::CREATED, &shown.shell, &shown))
        }
        Err(AppError::Conflict(_)) => {
            shell.fault("login", "fault-login-taken");
            Ok(show_form(StatusCode::CONFLICT, &state, &person.caller, shell, &typed, &rows).await?)
        }
        Err(AppError::Invalid(faults)) => {
            shell.mark(&faults, |fault| match fault.field.as_str() {
                "name" => ("name".to_owned(), "fault-name"),
                "login" => ("login".to_owned(), "fault-login-form"),
                "email" => ("email".to_owned(), "fault-email"),
                _ => ("role-1".to_owned(), "fault-role"),
            });
            Ok(show_form(StatusCode::UNPROCESSABLE_ENTITY, &state, &person.caller, shell, &typed, &rows).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}

/// What was typed, or what is wrong with it noted in the shell.
fn read(shell: &mut Shell, directory: &Snapshot, typed: &HashMap<String, String>, rows: &Rows) -> Option<NewUser> {
    let get = |name: &str| typed.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let (name, login, email) = (get("name"), get("login"), get("email"));
    if name.is_empty() {
        shell.fault("name", "fault-name");
    }
    if login.is_empty() {
        shell.fault("login", "fault-login-form");
    }
    let email = match email.as_str() {
        "" => None,
        text => match text.parse() {
            Ok(email) => Some(email),
            Err(_) => {
                shell.fault("email", "fault-email");
                None
            }
        },
    };
    let grants = rows.grants(shell, directory);
    if rows.lack_a_role() {
        shell.fault("role-1", "fault-role-missing");
    }
    if !shell.faults.is_empty() {
        return None;
    }
    Some(NewUser { login, name, email, grants: grants? })
}
