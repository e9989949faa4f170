//! Secrets that stand for somebody: of tokens, sessions and links.
//!
//! Invariant: 256 random bits, so that a plain SHA-256 is all that needs to be stored, and nothing else is. Not for
//! passwords, which people choose; see `users/password.rs`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

/// A new secret, in letters that an address, a cookie and a header take as they are.
pub fn new() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of one.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
