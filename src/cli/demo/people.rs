//! The people of the demo, ready to log in.
//!
//! Invariant: their password is drawn anew whenever the demo starts, and known to whoever started it alone.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use secrecy::SecretString;

use super::stage::{ARS, SECOND_LEVEL};
use crate::access::users::NewUser;
use crate::access::{Accounts, Actor, Grant, Origin, Role, Scope};
use crate::error::AppError;
use crate::ids::CallerId;
use crate::keys::{Ars, ArsPrefix};
use crate::tickets::ticket::Claim;

/// Login, name, role, region, contact.
const PEOPLE: [(&str, &str, Role, &str, &str); 5] = [
    ("anna.agent", "Anna Albers, 115", Role::Agent, "", ""),
    ("kiel.zentral", "Kim Karstens, Kiel", Role::Central, ARS, ""),
    ("dataport.technik", "Deniz Demir, Dataport", Role::SecondLevel, "", SECOND_LEVEL),
    ("betrieb", "Bente Behrens, Betrieb", Role::Admin, "", ""),
    ("revision", "Rafik Rahimi, Revision", Role::Auditor, "", ""),
];

/// Who can log in.
#[derive(Clone)]
pub struct People {
    /// What all of them log in with.
    pub password: String,
}

impl People {
    /// Login, name and role of each.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &'static str, Role)> {
        PEOPLE.iter().map(|(login, name, role, ..)| (*login, *name, *role))
    }

    /// Those who take requests of a municipality, as claims name them.
    pub async fn colleagues(accounts: &Accounts) -> Result<Vec<(Ars, Claim)>, AppError> {
        let mut all = Vec::new();
        for (login, _, _, region, _) in PEOPLE.iter().filter(|(_, _, role, ..)| *role == Role::Central) {
            let user = accounts.user_by_login(login).await?;
            let ars = region.parse().map_err(AppError::internal)?;
            all.push((ars, Claim { id: CallerId::from_uuid(user.id.uuid()), name: user.name }));
        }
        Ok(all)
    }

    /// Makes them, or gives those of an earlier run a new password.
    pub async fn hire(accounts: &Accounts) -> Result<Self, AppError> {
        let mut bytes = [0u8; 12];
        rand::rng().fill_bytes(&mut bytes);
        let password = URL_SAFE_NO_PAD.encode(bytes);
        let (by, origin) = (Actor::console(), Origin::new(IpAddr::V4(Ipv4Addr::LOCALHOST), "lotse demo"));
        for (login, name, role, region, contact) in PEOPLE {
            let region: ArsPrefix = region.parse().map_err(AppError::internal)?;
            let contact = Some(contact).filter(|contact| !contact.is_empty());
            let contact = contact.map(str::parse).transpose().map_err(AppError::internal)?;
            let link = match accounts.user_by_login(login).await {
                Ok(user) => accounts.reset(&by, user.id).await?,
                Err(AppError::NotFound) => {
                    let grants = vec![Grant { role, scope: Scope::region(region), contact }];
                    let new = NewUser { login: login.into(), name: name.into(), email: None, grants };
                    accounts.invite(&by, new).await?.1
                }
                Err(fault) => return Err(fault),
            };
            let begun = accounts.accept(&link.secret, &SecretString::from(password.clone()), &origin).await?;
            accounts.log_out(&begun.secret).await?;
        }
        Ok(Self { password })
    }
}
