//! How a contact's own system speaks to us: the secret it signs with, and what its words mean.
//!
//! Invariant: the secret is sealed, shown once when it is made, and never read out again; each replaced one is
//! accepted until its overlap has passed, however many there are meanwhile (the latest few). Ending a contact ends its callbacks. Not here: what a callback does
//! (`escalation/callback.rs`).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use rand::RngCore;
use serde::{Deserialize, Serialize};

use super::contacts;
use super::store::callbacks::{self as store, CallbackRow};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::clock::Timestamp;
use crate::db::types::Json;
use crate::db::{Conn, Db, Tx};
use crate::error::{AppError, Faults};
use crate::ids::RowId;
use crate::keys::Slug;
use crate::seal::Sealer;

crate::text_enum! {
    /// What a word of another system means.
    pub enum CallbackWord {
        /// Somebody there has it.
        Acknowledge = "acknowledge",
        /// They need to know more.
        Ask = "ask",
        /// It is answered.
        Answer = "answer",
        /// They are not in charge.
        Return = "return",
        /// They give it to somebody else.
        HandOn = "hand_on",
        /// They say something that decides nothing.
        Comment = "comment",
        /// Nothing that concerns us.
        Ignore = "ignore",
    }
}

/// So many secrets before the last former one are accepted at once.
const MOST_EARLIER: i64 = 5;

/// The words of a contact's system with their meaning, such as `{"In Progress": "acknowledge"}`.
pub type Statuses = BTreeMap<String, CallbackWord>;

/// How a contact's system speaks to us, without the secret.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Callbacks {
    /// Whether there is a secret; without one nothing is accepted.
    pub has_secret: bool,
    /// Until when the former secret is accepted as well.
    pub previous_until: Option<Timestamp>,
    /// What the words of their system mean.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub statuses: Statuses,
}

/// A new secret, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewSecret {
    /// `whsec_` and base64.
    pub secret: String,
    /// Until when the former secret is accepted as well.
    pub previous_until: Option<Timestamp>,
}

/// The words of a contact's system.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbacksChange {
    /// All of them; at most 100.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub statuses: Statuses,
}

/// What a signature is checked against.
pub struct Known {
    /// Whose repeats these are.
    pub id: RowId,
    /// The present secret first.
    pub secrets: Vec<String>,
    /// What the words mean.
    pub statuses: Statuses,
}

/// A random secret of Standard Webhooks 1.0: `whsec_` and 32 bytes.
pub fn new_secret() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("whsec_{}", STANDARD.encode(bytes))
}

/// How a contact's system speaks to us.
pub async fn read(db: &Db, contact: Slug) -> Result<Callbacks, AppError> {
    db.read(move |conn| shown(store::find(conn, &contact)?)).await
}

fn shown(row: Option<CallbackRow>) -> Result<Callbacks, AppError> {
    let Some(row) = row else {
        return Ok(Callbacks { has_secret: false, previous_until: None, statuses: Statuses::new() });
    };
    Ok(Callbacks { has_secret: true, previous_until: row.previous_until, statuses: row.statuses.read()? })
}

/// Makes a new secret; the former one is accepted until the overlap has passed.
pub async fn renew(
    db: &Db,
    actor: &Actor,
    sealer: &Sealer,
    contact: Slug,
    overlap: TimeDelta,
    now: Timestamp,
) -> Result<NewSecret, AppError> {
    let (actor, sealer, secret) = (actor.clone(), sealer.clone(), new_secret());
    db.write(move |tx| {
        contacts::find(tx, &contact)?;
        let sealed = sealer.secrets().seal(secret.as_bytes(), &context(&contact));
        let known = store::find(tx, &contact)?;
        // Their system may still speak by the one before the last: it keeps its own time.
        let former = known.as_ref().and_then(|known| known.previous_secret.as_ref().zip(known.previous_until));
        if let Some((secret, until)) = former.filter(|(_, until)| *until > now) {
            store::keep_earlier(tx, &contact, (secret, until), now, MOST_EARLIER)?;
        }
        let row = match known {
            Some(known) => CallbackRow {
                previous_secret: Some(known.secret),
                previous_until: Some(now.plus(overlap)),
                secret: sealed,
                updated_at: now,
                ..known
            },
            None => CallbackRow {
                contact: contact.clone(),
                id: RowId::new(),
                secret: sealed,
                previous_secret: None,
                previous_until: None,
                statuses: Json::of(&Statuses::new())?,
                updated_at: now,
            },
        };
        store::save(tx, &row)?;
        note(tx, &actor, &contact, &serde_json::json!({"renewed": true}), now)?;
        Ok(NewSecret { secret, previous_until: row.previous_until })
    })
    .await
}

/// Says what the words of their system mean. `Conflict` before there is a secret.
pub async fn set_statuses(
    db: &Db,
    actor: &Actor,
    contact: Slug,
    change: CallbacksChange,
    now: Timestamp,
) -> Result<Callbacks, AppError> {
    let mut faults = Faults::default();
    if change.statuses.len() > 100 {
        faults.add("statuses", "at most 100 words");
    }
    for word in change.statuses.keys() {
        faults.text("statuses", word, 100);
    }
    faults.finish()?;
    let actor = actor.clone();
    db.write(move |tx| {
        contacts::find(tx, &contact)?;
        let missing = || AppError::Conflict("there is no secret yet; make one first".into());
        let known = store::find(tx, &contact)?.ok_or_else(missing)?;
        let row = CallbackRow { statuses: Json::of(&change.statuses)?, updated_at: now, ..known };
        store::save(tx, &row)?;
        note(tx, &actor, &contact, &serde_json::json!({"statuses": change.statuses}), now)?;
        shown(Some(row))
    })
    .await
}

/// Takes the secret away: from now on nothing is accepted.
pub async fn end(db: &Db, actor: &Actor, contact: Slug, now: Timestamp) -> Result<(), AppError> {
    let actor = actor.clone();
    db.write(move |tx| {
        if !store::delete(tx, &contact)? {
            return Err(AppError::NotFound);
        }
        note(tx, &actor, &contact, &serde_json::json!({"ended": true}), now)
    })
    .await
}

fn note(tx: &mut Tx, actor: &Actor, contact: &Slug, what: &serde_json::Value, now: Timestamp) -> Result<(), AppError> {
    let object = (ObjectKind::Contact, contact as _);
    audit::record(tx, actor, AuditAction::ContactCallbacksChanged, object, Trail::after(what), now)
}

/// What a signature of this contact's system is checked against; nothing for one that is not there or has ended.
pub fn known(conn: &mut Conn, sealer: &Sealer, contact: &Slug, now: Timestamp) -> Result<Option<Known>, AppError> {
    let Some(row) = store::find(conn, contact)? else { return Ok(None) };
    match contacts::find(conn, contact) {
        Ok(_) => {}
        Err(AppError::NotFound) => return Ok(None),
        Err(fault) => return Err(fault),
    }
    let previous = row.previous_secret.filter(|_| row.previous_until.is_some_and(|until| until > now));
    let open = |sealed: Vec<u8>| {
        let plain = sealer.secrets().open(&sealed, &context(contact))?;
        String::from_utf8(plain).map_err(AppError::internal)
    };
    let earlier = store::earlier(conn, contact, now)?;
    let secrets = std::iter::once(row.secret).chain(previous).chain(earlier).map(open).collect::<Result<_, _>>()?;
    Ok(Some(Known { id: row.id, secrets, statuses: row.statuses.read()? }))
}

fn context(contact: &Slug) -> String {
    format!("callback {contact}")
}
