//! One person: roles, and what an administrator can do for them or against them.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::invite::contacts_to_offer;
use super::{HERE, LinkMade, StateWords};
use crate::access::users::UserState;
use crate::access::{Action, User};
use crate::directory::Contact;
use crate::error::AppError;
use crate::http::State;
use crate::http::api::users::everywhere;
use crate::http::auth::right;
use crate::http::pages::grants::{GrantWords, RowFields, Rows, words};
use crate::http::pages::login::{Nothing, PageResult};
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::ids::UserId;

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    shell: Shell,
    user: User,
    here: String,
    state: StateWords,
    grants: Vec<GrantWords>,
    since: String,
    last_login: String,
    session_count: usize,
    rows: Vec<RowFields>,
    contacts: Vec<Contact>,
    may_manage: bool,
    is_self: bool,
}

impl PersonPage {
    fn is_invited(&self) -> bool {
        self.user.state == UserState::Invited
    }

    fn is_disabled(&self) -> bool {
        self.user.state == UserState::Disabled
    }
}

/// One person.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadUsers>,
    id: Path<UserId>,
) -> PageResult {
    everywhere(&page.person.caller, Action::ReadUsers)?;
    let user = state.accounts.user(id.into_inner()).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let rows = Rows::or_empty(&state.directory().current(), &user.grants);
    Ok(show_person(StatusCode::OK, &state, &page.person, shell, user, &rows).await?)
}

async fn show_person(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    user: User,
    rows: &Rows,
) -> Result<HttpResponse, AppError> {
    let directory = state.directory().current();
    let may_manage = everywhere(&person.caller, Action::ManageUsers).is_ok();
    let here = format!("{HERE}/{}", user.id);
    let shell = shell.at(here.as_str());
    let shown = PersonPage {
        state: StateWords::new(&shell, user.state),
        grants: user.grants.iter().map(|grant| words(shell.language, &directory, grant)).collect(),
        since: shell.language.time(user.created_at),
        last_login: user.last_login_at.map_or_else(|| shell.say("never"), |at| shell.near(at)),
        session_count: if may_manage { state.accounts.sessions_of(user.id).await?.len() } else { 0 },
        rows: rows.fields(&shell, &directory),
        contacts: if may_manage { contacts_to_offer(state, &person.caller).await? } else { Vec::new() },
        may_manage,
        is_self: user.id == person.session.user.id,
        here,
        user,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}

/// Gives these roles and no others.
pub async fn set_grants(
    state: Data<State>,
    request: HttpRequest,
    id: Path<UserId>,
    form: StaffForm<right::ManageUsers, HashMap<String, String>>,
) -> PageResult {
    let (person, typed) = (form.person, form.body);
    everywhere(&person.caller, Action::ManageUsers)?;
    let user = state.accounts.user(id.into_inner()).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let rows = Rows::typed(&typed);
    if typed.contains_key("mehr") {
        return Ok(show_person(StatusCode::OK, &state, &person, shell, user, &rows.and_one()).await?);
    }
    let named = rows.with_contacts(&state, &person.caller, &mut shell).await?;
    let Some(grants) = named.grants(&mut shell, &state.directory().current()) else {
        return Ok(show_person(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, user, &rows).await?);
    };
    let version = typed.get("version").and_then(|version| version.parse().ok());
    match state.accounts.set_grants(&person.caller.actor, user.id, grants, version).await {
        Ok(user) => Ok(lead_done(&format!("{HERE}/{}", user.id), "grants")),
        Err(AppError::Conflict(_)) => {
            // Somebody was quicker, or nobody would be administrator any more; the present roles are shown.
            let is_stale = version != Some(user.version);
            shell.fault("", if is_stale { "fault-stale" } else { "fault-last-admin" });
            let rows = Rows::or_empty(&state.directory().current(), &user.grants);
            Ok(show_person(StatusCode::CONFLICT, &state, &person, shell, user, &rows).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Does one of the things that need no more than a button.
pub async fn act(
    state: Data<State>,
    request: HttpRequest,
    at: Path<(UserId, String)>,
    form: StaffForm<right::ManageUsers, Nothing>,
) -> PageResult {
    let ((id, action), person) = (at.into_inner(), form.person);
    everywhere(&person.caller, Action::ManageUsers)?;
    let (accounts, by) = (&state.accounts, person.caller.actor.clone());
    let (done, made) = match action.as_str() {
        "sperren" => ("disabled", accounts.disable(&by, id).await.map(|_| None)),
        "freigeben" => ("enabled", accounts.enable(&by, id).await.map(|_| None)),
        "faktor-entfernen" => ("factor-reset", accounts.reset_second_factor(&by, id).await.map(|()| None)),
        "abmelden" => ("logged-out", accounts.end_sessions_of(&by, id).await.map(|_| None)),
        "passwort-zuruecksetzen" => ("done-reset", accounts.reset(&by, id).await.map(Some)),
        "einladung" => ("done-invited", accounts.invite_again(&by, id).await.map(Some)),
        _ => return Err(AppError::NotFound.into()),
    };
    let mut shell = Shell::new(&state, &request, &person.visitor);
    match made {
        Ok(None) => Ok(lead_done(&format!("{HERE}/{id}"), done)),
        Ok(Some(invitation)) => {
            let user = state.accounts.user(id).await?;
            let shown = LinkMade::new(shell, done, &user, &invitation);
            Ok(show(StatusCode::OK, &shown.shell, &shown))
        }
        Err(AppError::Conflict(_)) => {
            shell.fault("", "fault-not-now");
            let user = state.accounts.user(id).await?;
            let rows = Rows::or_empty(&state.directory().current(), &user.grants);
            Ok(show_person(StatusCode::CONFLICT, &state, &person, shell, user, &rows).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}
