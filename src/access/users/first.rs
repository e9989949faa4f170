//! The first administrator of an installation.

use super::people::{invited, one_at_a_time};
use super::store::{self, UserRow};
use super::{Accounts, Invitation, LinkPurpose, UserState, link, whole};
use crate::access::audit::AuditAction;
use crate::access::policy::{Grant, Scope};
use crate::access::{Actor, Role};
use crate::db::Conn;
use crate::error::AppError;

/// The login of the first administrator.
const LOGIN: &str = "admin";

impl Accounts {
    /// While nobody has ever begun: a link that makes whoever opens it the administrator `admin`. Each call ends the
    /// link before. Nothing once there is anybody else, or `admin` has begun.
    pub async fn first_admin(&self) -> Result<Option<Invitation>, AppError> {
        // Looked at first, so that a start of a settled installation writes nothing.
        if self.inner().db.read(settled).await?.is_none() {
            return Ok(None);
        }
        let (accounts, now) = (self.clone(), self.inner().clock.now());
        self.inner()
            .db
            .write(move |tx| {
                one_at_a_time(tx)?;
                let Some(present) = settled(tx)? else { return Ok(None) };
                let (row, change) = match present {
                    Some(row) => (row, AuditAction::UserInvitedAgain),
                    None => {
                        let row = invited(LOGIN, "Administration", None, now);
                        store::insert(tx, &row)?;
                        let grant = Grant { role: Role::Admin, scope: Scope::everywhere(), contact: None };
                        store::set_grants(tx, row.id, &[grant])?;
                        (row, AuditAction::UserInvited)
                    }
                };
                let link = link::make(tx, &accounts, row.id, LinkPurpose::Invitation, now)?;
                let user = whole(tx, &row)?;
                super::changed(tx, &Actor::system(), change, None, &user, now)?;
                Ok(Some(link))
            })
            .await
    }
}

/// Nothing where somebody has begun or was invited by somebody; else the first administrator, if they exist already.
fn settled(conn: &mut Conn) -> Result<Option<Option<UserRow>>, AppError> {
    let mut people = store::some(conn, 2)?;
    Ok(match (people.pop(), people.pop()) {
        (None, _) => Some(None),
        (Some(only), None) if only.login == LOGIN && only.state == UserState::Invited => Some(Some(only)),
        _ => None,
    })
}
