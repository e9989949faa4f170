//! Personal data and secrets at rest: a key per ticket, and a few named keys, all wrapped by one master key.
//!
//! Invariant: what is sealed opens only with its own key and for its own context (bound as associated data), so
//! a sealed value copied to another row does not open there. Deleting the small wrapped key deletes what it
//! sealed, backups included, as long as they do not hold the key table of before. Rotation of the master key
//! re-wraps the small keys and touches no data ([`Sealer::rewrap`]).
//!
//! XChaCha20-Poly1305 (RustCrypto) with random 24-byte nonces. Not here: who may open what (`access`), and why.

mod store;

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::db::{Conn, Db, Tx};
use crate::error::AppError;
use crate::ids::SealKeyId;

pub use store::SealingKey;

const NONCE: usize = 24;

/// A key that seals data.
#[derive(Clone)]
pub struct DataKey(XChaCha20Poly1305);

impl DataKey {
    fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(Key::from_slice(bytes)))
    }

    /// Seals `plain` for `context`, such as `reporter` and the row's id.
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let mut nonce = [0u8; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        // Encryption fails only for inputs beyond 256 GiB.
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
        [&nonce[..], &sealed].concat()
    }

    /// Opens what [`DataKey::seal`] sealed for the same context.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, AppError> {
        let broken = || AppError::Internal(format!("sealed data ({context}) does not open: wrong key or damaged"));
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or_else(broken)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| broken())
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// The master key: 32 bytes that never enter the database.
#[derive(Clone)]
pub struct MasterKey {
    id: String,
    key: DataKey,
}

impl MasterKey {
    /// Reads 32 bytes of base64.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|b| <[u8; 32]>::try_from(b).ok());
        let bytes = bytes.ok_or_else(|| {
            AppError::field(
                "security.master_key",
                "must be 32 bytes in base64; `head -c 32 /dev/urandom | base64` makes one",
            )
        })?;
        let id = hex(&Sha256::digest([b"lotse master key ".as_slice(), &bytes].concat())[..4]);
        Ok(Self { id, key: DataKey::from_bytes(&bytes) })
    }

    /// A new random one, in base64.
    pub fn generate() -> String {
        let mut bytes = [0u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        STANDARD.encode(bytes)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// Makes, keeps and opens keys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sealer(Arc<Keys>);

#[derive(Debug)]
struct Keys {
    master: MasterKey,
    previous: Vec<MasterKey>,
    secrets: DataKey,
    reply_address: [u8; 32],
    audit: [u8; 32],
}

/// How the master key stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct KeyStanding {
    /// A short hash of it, which tells it from others and says nothing of it.
    pub master: String,
    /// Since when it is in use here.
    pub since: Timestamp,
    /// How many former ones the settings still name; `lotse rewrap` makes them needless.
    pub former: usize,
}

/// Ids of the named keys; low UUIDs that no UUIDv7 can be.
const SECRETS: SealKeyId = SealKeyId::from_uuid(uuid::Uuid::from_u128(1));
const REPLY_ADDRESS: SealKeyId = SealKeyId::from_uuid(uuid::Uuid::from_u128(2));
const AUDIT: SealKeyId = SealKeyId::from_uuid(uuid::Uuid::from_u128(3));
const NAMED: [SealKeyId; 3] = [SECRETS, REPLY_ADDRESS, AUDIT];

impl Sealer {
    /// Loads the named keys, making those that are not there yet: all at the first start, later ones when a version of
    /// Lotse first needs them. `previous` are former master keys that rows may still be wrapped with. A master key that
    /// opens none of them is refused.
    pub async fn load(db: &Db, master: MasterKey, previous: Vec<MasterKey>) -> Result<Self, AppError> {
        let mut found = db.read(named).await?;
        if found.iter().any(Option::is_none) {
            // A wrong master key is told before anything is made with it.
            let masters: Vec<&MasterKey> = std::iter::once(&master).chain(&previous).collect();
            found.iter().flatten().try_for_each(|row| unwrap(&masters, row).map(|_| ()))?;
            let new = NAMED.map(|id| wrap(&master, id).1);
            db.write(move |tx| new.iter().try_for_each(|row| store::insert_if_absent(tx, row).map(|_| ()))).await?;
            found = db.read(named).await?;
        }
        let masters: Vec<&MasterKey> = std::iter::once(&master).chain(&previous).collect();
        let open = |row: &Option<SealingKey>| {
            let row = row.as_ref().ok_or_else(|| AppError::internal("the named sealing keys could not be stored"))?;
            unwrap(&masters, row)
        };
        let [secrets, reply_address, audit] = &found;
        let (secrets, reply_address, audit) = (open(secrets)?, open(reply_address)?, open(audit)?);
        let secrets = DataKey::from_bytes(&secrets);
        Ok(Self(Arc::new(Keys { master, previous, secrets, reply_address, audit })))
    }

    /// The key for webhook secrets and passwords kept in the database.
    pub fn secrets(&self) -> &DataKey {
        &self.0.secrets
    }

    /// The id under which [`Sealer::secrets`] is found again.
    pub fn secrets_id(&self) -> SealKeyId {
        SECRETS
    }

    /// The key of the HMAC in per-escalation reply addresses.
    pub fn reply_address_key(&self) -> &[u8; 32] {
        &self.0.reply_address
    }

    /// The key of the hashes that chain the audit log.
    pub fn audit_key(&self) -> &[u8; 32] {
        &self.0.audit
    }

    /// What stands for `text` where it must be found again but not read: a HMAC, which only this installation can
    /// make. Two kinds of the same text do not resemble each other.
    pub fn fingerprint(&self, kind: &str, text: &str) -> String {
        // Any length of key is taken.
        let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(&self.0.reply_address) else { return String::new() };
        for part in ["fingerprint", kind, text] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        hex(&mac.finalize().into_bytes()[..16])
    }

    /// How old the present master key is, and what hangs on former ones.
    pub async fn standing(&self, db: &Db, now: Timestamp) -> Result<KeyStanding, AppError> {
        let (id, former) = (self.0.master.id.clone(), self.0.previous.len());
        let master = id.clone();
        let mut since = db.read(move |conn| store::first_seen(conn, &id)).await?;
        if since.is_none() {
            let id = master.clone();
            since = db.write(move |tx| store::note_master(tx, &id, now)).await?;
        }
        Ok(KeyStanding { master, since: since.unwrap_or(now), former })
    }

    /// A new key for `id` with the row to store in the same transaction as what it seals.
    pub fn new_key(&self, id: SealKeyId) -> (DataKey, SealingKey) {
        wrap(&self.0.master, id)
    }

    /// The key of `id`; `None` once it was deleted, and with it the data.
    pub fn key(&self, conn: &mut Conn, id: SealKeyId) -> Result<Option<DataKey>, AppError> {
        let masters: Vec<&MasterKey> = std::iter::once(&self.0.master).chain(&self.0.previous).collect();
        store::find(conn, id)?.map(|row| unwrap(&masters, &row).map(|bytes| DataKey::from_bytes(&bytes))).transpose()
    }

    /// Deletes the key of `id`: what it sealed can never be opened again.
    pub fn forget(&self, tx: &mut Tx, id: SealKeyId) -> Result<(), AppError> {
        store::delete(tx, id)
    }

    /// Wraps every key that still hangs on a former master key with the present one; answers how many.
    pub async fn rewrap(&self, db: &Db) -> Result<usize, AppError> {
        let mut done = 0;
        loop {
            let sealer = self.clone();
            let count = db.write(move |tx| sealer.rewrap_some(tx)).await?;
            done += count;
            if count == 0 {
                return Ok(done);
            }
        }
    }

    fn rewrap_some(&self, tx: &mut Tx) -> Result<usize, AppError> {
        let masters: Vec<&MasterKey> = self.0.previous.iter().collect();
        let rows = store::not_under(tx, &self.0.master.id, 500)?;
        for row in &rows {
            let bytes = unwrap(&masters, row)?;
            store::update(tx, &wrap_bytes(&self.0.master, row.id, &bytes))?;
        }
        Ok(rows.len())
    }
}

/// Stores the rows of new keys with few statements; part of the write that stores what the keys seal.
pub fn store_keys(tx: &mut Tx, rows: &[&SealingKey]) -> Result<(), AppError> {
    store::insert_all(tx, rows)
}

fn named(conn: &mut Conn) -> Result<[Option<SealingKey>; 3], AppError> {
    Ok([store::find(conn, SECRETS)?, store::find(conn, REPLY_ADDRESS)?, store::find(conn, AUDIT)?])
}

fn wrap(master: &MasterKey, id: SealKeyId) -> (DataKey, SealingKey) {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    (DataKey::from_bytes(&bytes), wrap_bytes(master, id, &bytes))
}

fn wrap_bytes(master: &MasterKey, id: SealKeyId, bytes: &[u8; 32]) -> SealingKey {
    SealingKey { id, wrapped: master.key.seal(bytes, &format!("key {id}")), master: master.id.clone() }
}

fn unwrap(masters: &[&MasterKey], row: &SealingKey) -> Result<[u8; 32], AppError> {
    let Some(master) = masters.iter().find(|m| m.id == row.master) else {
        let hint = "the database is sealed under another master key; set security.master_key (or security.previous_master_keys) to the one it was made with";
        return Err(AppError::field("security.master_key", hint));
    };
    let bytes = master.key.open(&row.wrapped, &format!("key {}", row.id))?;
    bytes.try_into().map_err(|_| AppError::internal("a sealing key has a wrong length"))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_and_context() {
        let master = MasterKey::parse(&MasterKey::generate()).unwrap();
        let (key, row) = wrap(&master, SealKeyId::new());
        let sealed = key.seal(b"Erika", "reporter");
        assert_eq!(key.open(&sealed, "reporter").unwrap(), b"Erika");
        assert!(key.open(&sealed, "other").is_err());
        let again = DataKey::from_bytes(&unwrap(&[&master], &row).unwrap());
        assert_eq!(again.open(&sealed, "reporter").unwrap(), b"Erika");
        let stranger = MasterKey::parse(&MasterKey::generate()).unwrap();
        assert!(unwrap(&[&stranger], &row).is_err());
    }

    #[test]
    fn refuses_a_short_master_key() {
        assert!(MasterKey::parse("c2hvcnQ=").unwrap_err().to_string().contains("32 bytes"));
    }
}
