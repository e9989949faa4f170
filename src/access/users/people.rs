//! What administrators do with accounts: invite, look up, give roles, disable.
//!
//! Invariant: somebody who is active stays administrator everywhere. Such changes wait for each other, so that two
//! administrators cannot take the right from one another at once.

use super::letter::{self, Letter};
use super::link::{self, DISABLED};
use super::store::{self, UserRow};
use super::user::{check_grants, check_name, fold};
use super::{Accounts, Invitation, LinkPurpose, NewUser, User, UserState, in_hand, whole};
use crate::access::audit::AuditAction;
use crate::access::policy::Grant;
use crate::access::{Actor, session};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::{AppError, Faults};
use crate::ids::UserId;
use crate::keys::{self, EmailAddress};

/// Most people of one page.
const MOST: i64 = 200;

/// Which people to list.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// A part of the login, name or address; folded.
    pub text: Option<String>,
    /// Only in this state.
    pub state: Option<UserState>,
    /// From the one after this login.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 0 counts as 200.
    pub limit: i64,
}

/// Some people, by login.
#[derive(Debug, Clone)]
pub struct UserPage {
    /// The people.
    pub items: Vec<User>,
    /// The login to go on after, when there are more.
    pub next: Option<String>,
}

/// What else is known of somebody.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Their name.
    pub name: String,
    /// Where mails to them go.
    pub email: Option<EmailAddress>,
}

impl Accounts {
    /// Makes an account and the link to begin with it; where an address is known, the link goes there by mail too.
    pub async fn invite(&self, by: &Actor, new: NewUser) -> Result<(User, Invitation), AppError> {
        let (login, grants) = new.check()?;
        let (accounts, now, by) = (self.clone(), self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                if store::by_login(tx, login.as_str())?.is_some() {
                    return Err(AppError::Conflict(format!("there is an account {login} already")));
                }
                let row = invited(login.as_str(), new.name.trim(), new.email, now);
                store::insert(tx, &row)?;
                store::set_grants(tx, row.id, &grants)?;
                let link = link::make(tx, &accounts, row.id, LinkPurpose::Invitation, now)?;
                let user = whole(tx, &row)?;
                letter::send(tx, &accounts, &user, &Letter::of(&link), now)?;
                super::changed(tx, &by, AuditAction::UserInvited, None, &user, now)?;
                Ok((user, link))
            })
            .await
    }

    /// A new link for somebody who has not begun yet; the former one ends. `Conflict` for who has.
    pub async fn invite_again(&self, by: &Actor, id: UserId) -> Result<Invitation, AppError> {
        let (accounts, now, by) = (self.clone(), self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                let (_, user) = in_hand(tx, id)?;
                match user.state {
                    UserState::Invited => {}
                    UserState::Disabled => return Err(AppError::Conflict(DISABLED.into())),
                    UserState::Active => {
                        let hint = "this person has begun already; reset the password if they forgot it";
                        return Err(AppError::Conflict(hint.into()));
                    }
                }
                let link = link::make(tx, &accounts, id, LinkPurpose::Invitation, now)?;
                letter::send(tx, &accounts, &user, &Letter::of(&link), now)?;
                super::changed(tx, &by, AuditAction::UserInvitedAgain, Some(&user), &user, now)?;
                Ok(link)
            })
            .await
    }

    /// People by login, some at a time.
    pub async fn users(&self, query: UserQuery) -> Result<UserPage, AppError> {
        self.inner().db.read(move |conn| page(conn, &query)).await
    }

    /// One person.
    pub async fn user(&self, id: UserId) -> Result<User, AppError> {
        self.inner().db.read(move |conn| super::user_of(conn, id)?.ok_or(AppError::NotFound)).await
    }

    /// The person with this login.
    pub async fn user_by_login(&self, login: &str) -> Result<User, AppError> {
        let login = fold(login);
        let find = move |conn: &mut Conn| {
            let row = store::by_login(conn, &login)?.ok_or(AppError::NotFound)?;
            whole(conn, &row)
        };
        self.inner().db.read(find).await
    }

    /// Gives somebody these roles and no others; their sessions end. `Conflict` when `version` is not the present
    /// one, and when nobody would be administrator any more.
    pub async fn set_grants(
        &self,
        by: &Actor,
        id: UserId,
        grants: Vec<Grant>,
        version: Option<i32>,
    ) -> Result<User, AppError> {
        let grants = check_grants(&grants)?;
        self.administer(by, id, AuditAction::UserChanged, move |tx, row| {
            is_present(row, version)?;
            store::set_grants(tx, row.id, &grants)
        })
        .await
    }

    /// Gives somebody another name or mail address. `Conflict` when `version` is not the present one.
    pub async fn set_profile(
        &self,
        by: &Actor,
        id: UserId,
        profile: Profile,
        version: Option<i32>,
    ) -> Result<User, AppError> {
        let mut faults = Faults::default();
        check_name(&profile.name, &mut faults);
        faults.finish()?;
        let (now, by) = (self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                let (mut row, before) = in_hand(tx, id)?;
                is_present(&row, version)?;
                row.name = profile.name.trim().to_owned();
                if row.email != profile.email {
                    // A link on its way to the former address may be in the wrong hands.
                    store::keys::end_links(tx, id, now)?;
                }
                row.email = profile.email;
                store::update(tx, &mut row, now)?;
                let after = whole(tx, &row)?;
                super::changed(tx, &by, AuditAction::UserChanged, Some(&before), &after, now)?;
                Ok(after)
            })
            .await
    }

    /// Lets somebody log in no more and ends their sessions and links. The last active administrator stays.
    pub async fn disable(&self, by: &Actor, id: UserId) -> Result<User, AppError> {
        let now = self.inner().clock.now();
        self.administer(by, id, AuditAction::UserDisabled, move |tx, row| {
            row.state = UserState::Disabled;
            store::keys::end_links(tx, row.id, now).map(drop)
        })
        .await
    }

    /// Lets somebody log in again; who never had a password is invited still.
    pub async fn enable(&self, by: &Actor, id: UserId) -> Result<User, AppError> {
        self.administer(by, id, AuditAction::UserEnabled, move |tx, row| {
            if row.state == UserState::Disabled {
                let has_begun = row.last_login_at.is_some() || row.password.is_some() || store::is_linked(tx, row.id)?;
                row.state = if has_begun { UserState::Active } else { UserState::Invited };
            }
            Ok(())
        })
        .await
    }

    /// Changes what somebody may, keeps one administrator, and ends the person's sessions.
    async fn administer(
        &self,
        by: &Actor,
        id: UserId,
        change: AuditAction,
        work: impl FnOnce(&mut Tx, &mut UserRow) -> Result<(), AppError> + Send + 'static,
    ) -> Result<User, AppError> {
        let (now, by) = (self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                one_at_a_time(tx)?;
                let (mut row, before) = in_hand(tx, id)?;
                work(tx, &mut row)?;
                store::update(tx, &mut row, now)?;
                let after = whole(tx, &row)?;
                if before.is_active_admin() && !after.is_active_admin() && !store::is_other_admin(tx, id)? {
                    let hint = "this is the last active administrator; make somebody else administrator first";
                    return Err(AppError::Conflict(hint.into()));
                }
                session::end_all(tx, id, None, now)?;
                super::changed(tx, &by, change, Some(&before), &after, now)?;
                Ok(after)
            })
            .await
    }
}

/// The guard against changes of what somebody else changed meanwhile.
fn is_present(row: &UserRow, version: Option<i32>) -> Result<(), AppError> {
    match version.filter(|version| *version != row.version) {
        None => Ok(()),
        Some(_) => {
            let hint = format!("the account was changed meanwhile and is at version {}; read it again", row.version);
            Err(AppError::Conflict(hint))
        }
    }
}

/// Whoever changes what people may waits for others who do: the row that rises with every such change is its lock.
pub(super) fn one_at_a_time(tx: &mut Tx) -> Result<(), AppError> {
    crate::access::store::bump(tx)
}

/// Somebody who has not begun yet.
pub(super) fn invited(login: &str, name: &str, email: Option<EmailAddress>, now: Timestamp) -> UserRow {
    UserRow {
        id: UserId::new(),
        login: login.to_owned(),
        name: name.to_owned(),
        email,
        state: UserState::Invited,
        password: None,
        totp: None,
        totp_confirmed_at: None,
        totp_step: None,
        created_at: now,
        updated_at: now,
        last_login_at: None,
        version: 1,
    }
}

/// One page. A search looks at everybody in portions, because the databases fold letters differently.
fn page(conn: &mut Conn, query: &UserQuery) -> Result<UserPage, AppError> {
    let limit = if query.limit < 1 { MOST } else { query.limit.min(MOST) };
    let wanted = usize::try_from(limit).map_err(AppError::internal)?;
    let text = keys::fold(query.text.as_deref().unwrap_or_default());
    let matches = |row: &UserRow| {
        let email = row.email.as_ref().map(|email| email.as_str()).unwrap_or_default();
        text.is_empty() || keys::fold(&format!("{} {} {email}", row.login, row.name)).contains(&text)
    };
    let (mut found, mut after) = (Vec::new(), query.after.clone());
    loop {
        let portion = store::list(conn, query.state, after.as_deref(), MOST + 1)?;
        let Some(last) = portion.last().map(|row| row.login.clone()) else { break };
        after = Some(last);
        found.extend(portion.into_iter().filter(|row| matches(row)));
        if found.len() > wanted {
            break;
        }
    }
    let has_more = found.len() > wanted;
    found.truncate(wanted);
    let next = found.last().filter(|_| has_more).map(|row| row.login.clone());
    Ok(UserPage { items: store::with_grants(conn, &found)?, next })
}
