//! API tokens: 256 random bits, shown once, kept as SHA-256, and the [`Caller`] each stands for.
//!
//! Invariant: a revoked or ended token is refused at once in this process and within a second in others: what
//! is known of tokens is kept in memory and thrown away whenever the row `access` in `changes` rises. When a token
//! was last used is written at most once a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;

use super::actor::{Actor, ActorKind};
use super::audit::{self, AuditAction, ObjectKind, Trail};
use super::caller::Caller;
use super::policy::{Channel, Grant};
use super::role::Role;
use super::users::{self, UserState};
use super::{secret, store};
use crate::clock::{Clock, Timestamp};
use crate::db::{Conn, Db, Topic};
use crate::error::{AppError, Faults};
use crate::ids::{TokenId, UserId};
use crate::keys::{ArsPrefix, Slug};

pub use store::TokenRow as Token;

/// The beginning of every token, so that scanners for leaked secrets know it.
const PREFIX: &str = "lotse_";

/// What a new token shall be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct NewToken {
    /// For people: which system or person it is for.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its regions; empty means everywhere.
    pub regions: Vec<ArsPrefix>,
    /// For `second_level`: the contact it stands for.
    pub contact: Option<Slug>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The person it belongs to; a system's has none.
    pub owner: Option<UserId>,
    /// Only these services; empty means all.
    pub services: Vec<Slug>,
    /// Only what came in by this help channel.
    pub channel: Option<Channel>,
    /// Only from these networks; empty means from anywhere.
    pub addresses: Vec<IpNet>,
}

impl NewToken {
    /// A system's token that reaches everywhere and does not end.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self {
            name: name.into(),
            role,
            regions: Vec::new(),
            contact: None,
            expires_at: None,
            owner: None,
            services: Vec::new(),
            channel: None,
            addresses: Vec::new(),
        }
    }
}

/// All tokens of this installation, with what is known of them in memory.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    known: RwLock<HashMap<[u8; 32], Arc<Known>>>,
    /// Rises whenever `known` is thrown away, so that what was read before is not put in after.
    forgotten: AtomicU64,
}

struct Known {
    caller: Caller,
    addresses: Vec<IpNet>,
    expires_at: Option<Timestamp>,
    touched: RwLock<Timestamp>,
}

impl Tokens {
    /// The tokens in this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self(Arc::new(Inner { db, clock, known: RwLock::default(), forgotten: AtomicU64::new(0) }))
    }

    /// Makes a token and answers it; it is nowhere kept in this form. One that belongs to a person may have only what
    /// this person has: a role of theirs, in a scope within theirs.
    pub async fn create(&self, actor: &Actor, new: NewToken) -> Result<(TokenId, String), AppError> {
        let mut faults = Faults::default();
        faults.text("name", &new.name, 200);
        faults.finish()?;
        if (new.role == Role::SecondLevel) != new.contact.is_some() {
            let rule = "a second_level token stands for exactly one contact, and only such a token does";
            return Err(AppError::field("contact", rule));
        }
        let token = format!("{PREFIX}{}", secret::new());
        let id = TokenId::new();
        let now = self.0.clock.now();
        let row = Token::new(id, &new, secret::hash(&token).to_vec(), now)?;
        let made = audit::row(actor, AuditAction::TokenCreated, (ObjectKind::Token, &id), Trail::after(&new), now)?;
        self.0
            .db
            .write(move |tx| {
                if let Some(owner) = row.owner {
                    let theirs = may_now(tx, owner)?.ok_or(AppError::NotFound)?;
                    check_no_wider(&row.grants()?, &theirs)?;
                }
                store::insert_token(tx, &row)?;
                audit::record_all(tx, &[&made])
            })
            .await?;
        Ok((id, token))
    }

    /// All tokens, newest last, without their secrets; only those of `owner` where one is named.
    pub async fn list(&self, owner: Option<UserId>) -> Result<Vec<Token>, AppError> {
        self.0.db.read(move |conn| store::tokens(conn, owner)).await
    }

    /// Ends a token at once. `NotFound` when there is none with this id, or it is not that `owner`'s where one is named.
    pub async fn revoke(&self, actor: &Actor, id: TokenId, owner: Option<UserId>) -> Result<(), AppError> {
        let now = self.0.clock.now();
        let ended = audit::row(actor, AuditAction::TokenRevoked, (ObjectKind::Token, &id), Trail::none(), now)?;
        self.0
            .db
            .write(move |tx| {
                store::revoke(tx, id, owner, now)?;
                audit::record_all(tx, &[&ended])?;
                store::bump(tx)?;
                tx.signal(Topic::Access);
                Ok(())
            })
            .await?;
        self.forget();
        Ok(())
    }

    /// The caller a token stands for; `Unauthorised` when it is unknown, ended or revoked, comes from an address it
    /// is not for, or belongs to somebody who may not log in any more.
    pub async fn authenticate(&self, token: &str, address: IpAddr) -> Result<Caller, AppError> {
        if !token.starts_with(PREFIX) {
            return Err(AppError::Unauthorised);
        }
        let key = secret::hash(token);
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let known = match known {
            Some(known) => known,
            None => self.look_up(key).await?,
        };
        let now = self.0.clock.now();
        let is_for_here = known.addresses.is_empty() || known.addresses.iter().any(|net| net.contains(&address));
        if known.expires_at.is_some_and(|end| end <= now) || !is_for_here {
            return Err(AppError::Unauthorised);
        }
        self.touch(&known, now);
        Ok(known.caller.clone())
    }

    async fn look_up(&self, key: [u8; 32]) -> Result<Arc<Known>, AppError> {
        let forgotten = self.0.forgotten.load(Ordering::SeqCst);
        let found = self.0.db.read(move |conn| {
            let Some(row) = store::find_token(conn, &key)? else { return Ok(None) };
            let owner = row.owner.map(|owner| may_now(conn, owner)).transpose()?;
            Ok(Some((row, owner)))
        });
        let (row, owner) = found.await?.ok_or(AppError::Unauthorised)?;
        // A person who may not log in any more has no grants at all.
        let Some(owner) = owner.map_or(Some(None), |owner| owner.map(Some)) else { return Err(AppError::Unauthorised) };
        if row.revoked_at.is_some() {
            return Err(AppError::Unauthorised);
        }
        let actor = Actor::named(ActorKind::Token, Some(row.id.uuid()), &row.name);
        let caller = Caller::new(row.id.cast(), actor, row.grants()?, owner);
        // Long ago when never: then the first use is written.
        let touched = row.last_used_at.unwrap_or(row.created_at.minus(TimeDelta::days(1)));
        let known = Arc::new(Known {
            caller,
            addresses: row.addresses()?,
            expires_at: row.expires_at,
            touched: RwLock::new(touched),
        });
        let mut all = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.0.forgotten.load(Ordering::SeqCst) == forgotten {
            all.insert(key, known.clone());
        }
        Ok(known)
    }

    fn touch(&self, known: &Known, now: Timestamp) {
        let minute = TimeDelta::minutes(1);
        if now.since(*known.touched.read().unwrap_or_else(PoisonError::into_inner)) < minute {
            return;
        }
        let mut touched = known.touched.write().unwrap_or_else(PoisonError::into_inner);
        if now.since(*touched) < minute {
            return;
        }
        *touched = now;
        let (db, id) = (self.0.db.clone(), known.caller.id.cast());
        tokio::spawn(async move {
            if let Err(e) = db.write(move |tx| store::touch(tx, id, now)).await {
                tracing::warn!(fault = %e, "a token's last use was not written");
            }
        });
    }

    fn forget(&self) {
        let mut all = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        self.0.forgotten.fetch_add(1, Ordering::SeqCst);
        all.clear();
    }

    /// Keeps the memory true to the database until shutdown.
    pub async fn run(self, mut shutdown: tokio::sync::watch::Receiver<bool>) {
        let mut seen = None;
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return,
                () = self.0.db.signals().wait(Topic::Access) => self.forget(),
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            let version = self.0.db.read(store::version).await;
            if version.is_ok() {
                self.0.db.pulse().beat("tokens");
            }
            match version {
                Ok(version) if seen == Some(version) => {}
                Ok(version) => {
                    self.forget();
                    seen = Some(version);
                }
                // Rather ask the database each time than trust what may have been revoked.
                Err(_) => self.forget(),
            }
        }
    }
}

/// What a person may; `None` when they may not log in.
fn may_now(conn: &mut Conn, user: UserId) -> Result<Option<Vec<Grant>>, AppError> {
    let active = users::user_of(conn, user)?.filter(|user| user.state == UserState::Active);
    Ok(active.map(|user| user.grants))
}

/// Every grant of a token must lie within one of its owner's, of the same role.
fn check_no_wider(wanted: &[Grant], theirs: &[Grant]) -> Result<(), AppError> {
    let is_theirs = |grant: &Grant| {
        let lies_in =
            |own: &Grant| own.role == grant.role && own.contact == grant.contact && own.scope.contains(&grant.scope);
        theirs.iter().any(lies_in)
    };
    if !wanted.iter().any(|grant| theirs.iter().any(|own| own.role == grant.role)) {
        return Err(AppError::field("role", "is not one of your roles; a token can have only what you have"));
    }
    match wanted.iter().all(is_theirs) {
        true => Ok(()),
        false => {
            Err(AppError::field("regions", "reach further than your own role; a token can have only what you have"))
        }
    }
}
