//! Passwords: which are good enough, and how they are kept.

use super::Settings;

/// Hashes and checks passwords.
pub(super) struct Passwords {}

impl Passwords {
    pub(super) fn new(_settings: &Settings) -> Self {
        Self {}
    }
}
