//! A person with an account, and the rules for what may be stored of one. Pure.
//!
//! Invariant: a [`Login`] is folded when it is read, so that one person has one spelling everywhere; grants are
//! checked before they are stored, so that none in the database is senseless.

use std::fmt;

use serde::Serialize;

use crate::access::actor::Actor;
use crate::access::policy::{Grant, Scope};
use crate::access::role::Role;
use crate::clock::Timestamp;
use crate::error::{AppError, Faults};
use crate::ids::UserId;
use crate::keys::EmailAddress;

/// At most this many roles a person.
const MOST_GRANTS: usize = 50;

crate::text_enum! {
    /// Where an account stands.
    pub enum UserState {
        /// Invited; nobody has set a password yet.
        Invited = "invited",
        /// May log in.
        Active = "active",
        /// May not log in; keeps everything else.
        Disabled = "disabled",
    }
}

/// The name somebody logs in with: a short name or a mail address, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Login(String);

impl Login {
    /// Folds what somebody typed and checks that it can be a login name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let folded = fold(text);
        let length = folded.chars().count();
        let is_plain = folded.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@'));
        if (2..=100).contains(&length) && is_plain {
            Ok(Self(folded))
        } else {
            Err("must be a short name or a mail address of 2 to 100 letters, digits and . _ - + @".into())
        }
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one spelling of a login name: without space around it, in small letters.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A person with an account. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The name they log in with.
    pub login: String,
    /// Their name, as histories show it.
    pub name: String,
    /// Where invitations and notices go; without it an administrator hands the link over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Where the account stands.
    pub state: UserState,
    /// Their roles, each with where it holds.
    pub grants: Vec<Grant>,
    /// True where they can log in with a password.
    pub has_password: bool,
    /// True where a code is asked for beside the password.
    pub has_second_factor: bool,
    /// When they were invited.
    pub created_at: Timestamp,
    /// When they last logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_at: Option<Timestamp>,
    /// Rises with every change; the guard against stale ones.
    pub version: i32,
}

impl User {
    /// As they stand in histories.
    pub fn actor(&self) -> Actor {
        Actor::person(self.id, &self.name)
    }

    /// True for somebody who can log in and is administrator everywhere.
    pub fn is_active_admin(&self) -> bool {
        self.state == UserState::Active && self.grants.iter().any(is_whole_admin)
    }
}

/// True for the role that runs the whole installation.
pub fn is_whole_admin(grant: &Grant) -> bool {
    grant.role == Role::Admin && grant.scope == Scope::everywhere()
}

/// Somebody to invite.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name they will log in with.
    pub login: String,
    /// Their name.
    pub name: String,
    /// Where the invitation goes.
    pub email: Option<EmailAddress>,
    /// Their roles.
    pub grants: Vec<Grant>,
}

impl NewUser {
    /// The folded login and the roles without repeats, or everything that is wrong.
    pub fn check(&self) -> Result<(Login, Vec<Grant>), AppError> {
        let mut faults = Faults::default();
        let login = faults.keep("login", Login::parse(&self.login));
        check_name(&self.name, &mut faults);
        let grants = grants_of(&self.grants, &mut faults);
        faults.finish()?;
        login.map(|login| (login, grants)).ok_or_else(|| AppError::internal("a login without a fault is missing"))
    }
}

/// Notes what is wrong with a person's name, which stands in the headers of mails too.
pub fn check_name(name: &str, faults: &mut Faults) {
    faults.text("name", name, 200);
    if name.trim().contains(char::is_control) {
        faults.add("name", "must stand in one line");
    }
}

/// The roles without repeats, or what is wrong with them.
pub fn check_grants(grants: &[Grant]) -> Result<Vec<Grant>, AppError> {
    let mut faults = Faults::default();
    let grants = grants_of(grants, &mut faults);
    faults.finish()?;
    Ok(grants)
}

fn grants_of(grants: &[Grant], faults: &mut Faults) -> Vec<Grant> {
    let mut kept: Vec<Grant> = Vec::new();
    for (at, grant) in grants.iter().enumerate() {
        if (grant.role == Role::SecondLevel) != grant.contact.is_some() {
            let rule = "second_level speaks for exactly one contact, and only this role does";
            faults.add(format!("grants[{at}].contact"), rule);
        }
        if !kept.contains(grant) {
            kept.push(grant.clone());
        }
    }
    if kept.len() > MOST_GRANTS {
        faults.add("grants", format!("has {}; at most {MOST_GRANTS} are kept, use a wider region", kept.len()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_one_spelling() {
        for (typed, login) in [
            ("erika", Some("erika")),
            (" Erika.Mustermann@Kiel.DE\n", Some("erika.mustermann@kiel.de")),
            ("DÖRTE", Some("dörte")),
            ("e1", Some("e1")),
            ("e", None),
            ("zwei wörter", None),
            ("<b>", None),
            ("", None),
        ] {
            assert_eq!(Login::parse(typed).ok().as_ref().map(Login::as_str), login, "{typed:?}");
        }
        assert!(Login::parse(&"ä".repeat(100)).is_ok() && Login::parse(&"ä".repeat(101)).is_err());
    }

    #[test]
    fn only_second_level_speaks_for_a_contact() {
        let contact = Some("technik".parse().expect("a slug"));
        for (role, contact, is_good) in [
            (Role::SecondLevel, contact.clone(), true),
            (Role::SecondLevel, None, false),
            (Role::Agent, contact, false),
            (Role::Agent, None, true),
        ] {
            let grant = Grant { role, scope: Scope::everywhere(), contact };
            assert_eq!(check_grants(&[grant.clone(), grant.clone()]).ok(), is_good.then(|| vec![grant]), "{role}");
        }
    }
}
