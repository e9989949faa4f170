//! The tables of people and their roles; links and recovery codes stand beside.

pub(in crate::access::users) mod keys;

use std::collections::HashMap;

use diesel::prelude::*;

use super::user::{User, UserState};
use crate::access::policy::{Channel, Grant, Scope};
use crate::access::role::Role;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::dialect::{insert_many, load_locked};
use crate::db::schema::{user_grants, user_identities, users};
use crate::error::AppError;
use crate::ids::{RowId, UserId};
use crate::keys::{ArsPrefix, EmailAddress, Slug};

crate::text_enum! {
    /// Who gave a role.
    pub enum GrantSource {
        /// An administrator.
        Given = "given",
        /// The provider, at the last log-in.
        Provider = "provider",
    }
}

/// A person as they are stored, with what is secret about them.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub(in crate::access::users) struct UserRow {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub email: Option<EmailAddress>,
    pub state: UserState,
    pub password: Option<String>,
    pub totp: Option<Vec<u8>>,
    pub totp_confirmed_at: Option<Timestamp>,
    pub totp_step: Option<i64>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
    pub version: i32,
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = user_grants)]
struct GrantRow {
    id: RowId,
    user_id: UserId,
    role: Role,
    region: ArsPrefix,
    service: Option<Slug>,
    channel: Option<Channel>,
    contact: Option<Slug>,
    source: GrantSource,
}

impl GrantRow {
    fn new(user_id: UserId, grant: &Grant, source: GrantSource) -> Self {
        let Grant { role, scope: Scope { region, service, channel }, contact } = grant.clone();
        Self { id: RowId::new(), user_id, role, region, service, channel, contact, source }
    }

    fn grant(self) -> Grant {
        let scope = Scope { region: self.region, service: self.service, channel: self.channel };
        Grant { role: self.role, scope, contact: self.contact }
    }
}

impl UserRow {
    /// The person without what is secret.
    pub fn user(&self, grants: Vec<Grant>) -> User {
        User {
            id: self.id,
            login: self.login.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            state: self.state,
            grants,
            has_password: self.password.is_some(),
            has_second_factor: self.totp_confirmed_at.is_some(),
            created_at: self.created_at,
            last_login_at: self.last_login_at,
            version: self.version,
        }
    }
}

pub(in crate::access::users) fn find(conn: &mut Conn, id: UserId) -> Result<Option<UserRow>, AppError> {
    Ok(users::table.find(id).first(conn).optional()?)
}

pub(in crate::access::users) fn by_login(conn: &mut Conn, login: &str) -> Result<Option<UserRow>, AppError> {
    Ok(users::table.filter(users::login.eq(login)).first(conn).optional()?)
}

/// Reads a person and keeps others from changing them until the transaction ends.
pub(in crate::access::users) fn lock(conn: &mut Conn, id: UserId) -> Result<Option<UserRow>, AppError> {
    let rows: Vec<UserRow> = load_locked!(conn, users::table.filter(users::id.eq(id)))?;
    Ok(rows.into_iter().next())
}

pub(in crate::access::users) fn insert(conn: &mut Conn, row: &UserRow) -> Result<(), AppError> {
    diesel::insert_into(users::table).values(row).execute(conn)?;
    Ok(())
}

/// Writes the whole row as the next version.
pub(in crate::access::users) fn update(conn: &mut Conn, row: &mut UserRow, now: Timestamp) -> Result<(), AppError> {
    row.version += 1;
    row.updated_at = now;
    let updated = diesel::update(users::table.find(row.id)).set(&*row).execute(conn)?;
    if updated == 1 { Ok(()) } else { Err(AppError::NotFound) }
}

/// Notes what is no change of the account: a log-in, the last step of the second factor, a hash made anew.
pub(in crate::access::users) fn note(conn: &mut Conn, row: &UserRow) -> Result<(), AppError> {
    diesel::update(users::table.find(row.id))
        .set((
            users::last_login_at.eq(row.last_login_at),
            users::totp.eq(&row.totp),
            users::totp_step.eq(row.totp_step),
            users::password.eq(&row.password),
        ))
        .execute(conn)?;
    Ok(())
}

pub(in crate::access::users) fn logged_in(conn: &mut Conn, id: UserId, now: Timestamp) -> Result<(), AppError> {
    diesel::update(users::table.find(id)).set(users::last_login_at.eq(now)).execute(conn)?;
    Ok(())
}

pub(in crate::access::users) fn grants(conn: &mut Conn, user: UserId) -> Result<Vec<Grant>, AppError> {
    Ok(grant_rows(conn, &[user])?.into_iter().map(GrantRow::grant).collect())
}

fn grant_rows(conn: &mut Conn, of: &[UserId]) -> Result<Vec<GrantRow>, AppError> {
    Ok(user_grants::table.filter(user_grants::user_id.eq_any(of)).order(user_grants::id).load(conn)?)
}

/// Makes a person's roles exactly these; what stays keeps who gave it.
pub(in crate::access::users) fn set_grants(conn: &mut Conn, user: UserId, wanted: &[Grant]) -> Result<(), AppError> {
    let present = grant_rows(conn, &[user])?;
    let (kept, gone): (Vec<GrantRow>, Vec<GrantRow>) =
        present.into_iter().partition(|row| wanted.contains(&row.clone().grant()));
    let gone: Vec<RowId> = gone.into_iter().map(|row| row.id).collect();
    diesel::delete(user_grants::table.filter(user_grants::id.eq_any(gone))).execute(conn)?;
    let kept: Vec<Grant> = kept.into_iter().map(GrantRow::grant).collect();
    let new = wanted.iter().filter(|grant| !kept.contains(grant));
    let rows: Vec<GrantRow> = new.map(|grant| GrantRow::new(user, grant, GrantSource::Given)).collect();
    insert_many!(conn, user_grants::table, rows);
    Ok(())
}

/// A person's roles from the provider, and how many others they have.
pub(in crate::access) fn provided_grants(conn: &mut Conn, user: UserId) -> Result<(Vec<Grant>, usize), AppError> {
    let (provided, given): (Vec<GrantRow>, Vec<GrantRow>) =
        grant_rows(conn, &[user])?.into_iter().partition(|row| row.source == GrantSource::Provider);
    Ok((provided.into_iter().map(GrantRow::grant).collect(), given.len()))
}

/// Puts these roles in the place of those the provider gave before.
pub(in crate::access) fn replace_provided(conn: &mut Conn, user: UserId, grants: &[Grant]) -> Result<(), AppError> {
    let former =
        user_grants::table.filter(user_grants::user_id.eq(user)).filter(user_grants::source.eq(GrantSource::Provider));
    diesel::delete(former).execute(conn)?;
    let rows: Vec<GrantRow> = grants.iter().map(|grant| GrantRow::new(user, grant, GrantSource::Provider)).collect();
    insert_many!(conn, user_grants::table, rows);
    Ok(())
}

/// Gives people their roles of one region in another; who has the same role there keeps it once. Answers how many.
pub(in crate::access) fn relocate_grants(conn: &mut Conn, old: &ArsPrefix, new: &ArsPrefix) -> Result<usize, AppError> {
    let rows: Vec<GrantRow> = user_grants::table.filter(user_grants::region.eq(old.clone())).load(conn)?;
    for row in &rows {
        let there = grants(conn, row.user_id)?;
        let mut moved = row.clone().grant();
        moved.scope.region.clone_from(new);
        let its = user_grants::table.find(row.id);
        if there.contains(&moved) {
            diesel::delete(its).execute(conn)?;
        } else {
            diesel::update(its).set(user_grants::region.eq(new.clone())).execute(conn)?;
        }
        diesel::update(users::table.find(row.user_id)).set(users::version.eq(users::version + 1)).execute(conn)?;
    }
    Ok(rows.len())
}

/// Whether somebody besides this person may log in and is administrator everywhere.
pub(in crate::access::users) fn is_other_admin(conn: &mut Conn, than: UserId) -> Result<bool, AppError> {
    let admins: i64 = user_grants::table
        .inner_join(users::table.on(users::id.eq(user_grants::user_id)))
        .filter(users::state.eq(UserState::Active))
        .filter(users::id.ne(than))
        .filter(user_grants::role.eq(Role::Admin))
        .filter(user_grants::region.eq(ArsPrefix::everywhere()))
        .filter(user_grants::service.is_null())
        .filter(user_grants::channel.is_null())
        .count()
        .get_result(conn)?;
    Ok(admins > 0)
}

/// Whether a provider vouches for a person.
pub(in crate::access::users) fn is_linked(conn: &mut Conn, user: UserId) -> Result<bool, AppError> {
    let identities = user_identities::table.filter(user_identities::user_id.eq(user));
    Ok(diesel::select(diesel::dsl::exists(identities)).get_result(conn)?)
}

/// The first people ever, at most so many.
pub(in crate::access::users) fn some(conn: &mut Conn, most: i64) -> Result<Vec<UserRow>, AppError> {
    Ok(users::table.order(users::id).limit(most).load(conn)?)
}

/// People by login from the one after `after`, at most so many.
pub(in crate::access::users) fn list(
    conn: &mut Conn,
    state: Option<UserState>,
    after: Option<&str>,
    most: i64,
) -> Result<Vec<UserRow>, AppError> {
    let mut rows = users::table.order(users::login).limit(most).into_boxed();
    if let Some(state) = state {
        rows = rows.filter(users::state.eq(state));
    }
    if let Some(after) = after {
        rows = rows.filter(users::login.gt(after.to_owned()));
    }
    Ok(rows.load(conn)?)
}

/// These people with their roles.
pub(in crate::access::users) fn with_grants(conn: &mut Conn, rows: &[UserRow]) -> Result<Vec<User>, AppError> {
    let ids: Vec<UserId> = rows.iter().map(|row| row.id).collect();
    let mut grants: HashMap<UserId, Vec<Grant>> = HashMap::new();
    for row in grant_rows(conn, &ids)? {
        grants.entry(row.user_id).or_default().push(row.grant());
    }
    Ok(rows.iter().map(|row| row.user(grants.remove(&row.id).unwrap_or_default())).collect())
}
