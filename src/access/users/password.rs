//! Passwords: which are good enough, and how they are hashed (Argon2id).
//!
//! Invariant: hashing runs on threads that may block, only a few at a time; whoever would wait too long is told to come
//! back. A name nobody has costs the same work as a wrong password ([`Passwords::verify`] without a hash).

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::Settings;
use crate::error::AppError;

/// The longest password, in characters.
const LONGEST: usize = 128;

/// How long a hash waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hashes and checks passwords.
pub(super) struct Passwords {
    shortest: usize,
    params: Params,
    turns: Arc<Semaphore>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// True where it is the right password.
    pub is_right: bool,
    /// True where the stored hash was made with other parameters than those of today.
    pub is_outdated: bool,
}

impl Passwords {
    pub fn new(settings: &Settings) -> Self {
        // The settings were checked when they were read; what Argon2 refuses all the same becomes its own default.
        let params = Params::new(settings.password_memory, settings.password_passes, 1, None).unwrap_or_default();
        let turns = Arc::new(Semaphore::new(settings.password_hashes_at_once));
        Self { shortest: settings.password_min_length, params, turns }
    }

    /// The hash to store.
    pub async fn hash(&self, password: &SecretString) -> Result<String, AppError> {
        let (hasher, password) = (self.hasher(), password.clone());
        self.in_turn(move || {
            let hash: PasswordHash = hasher
                .hash_password_with_salt(password.expose_secret().as_bytes(), &random::<16>())
                .map_err(AppError::internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether it is the password of this hash. Without a hash the same work is done in vain.
    pub async fn verify(&self, password: &SecretString, hash: Option<String>) -> Result<Verdict, AppError> {
        let (hasher, password) = (self.hasher(), password.clone());
        let present = ParamsString::try_from(&self.params).map_err(AppError::internal)?;
        let stored = match &hash {
            Some(hash) => PasswordHash::new(hash).map_err(AppError::internal)?,
            None => self.nobodys()?,
        };
        let is_outdated = hash.is_some() && stored.params != present;
        self.in_turn(move || {
            let is_right = hasher.verify_password(password.expose_secret().as_bytes(), &stored).is_ok();
            Ok(Verdict { is_right: is_right && hash.is_some(), is_outdated })
        })
        .await
    }

    /// Says what is wrong with a new password: its length, or that it is easily guessed. `about` is what a guesser
    /// would try first: their names. No rules about kinds of characters.
    pub fn check(&self, field: &str, password: &SecretString, about: &[&str]) -> Result<(), AppError> {
        let text = password.expose_secret();
        let length = text.chars().count();
        if !(self.shortest..=LONGEST).contains(&length) {
            let rule = format!("must have {} to {LONGEST} characters; this has {length}", self.shortest);
            return Err(AppError::field(field, rule));
        }
        let is_between = |c: char| !c.is_alphanumeric();
        let words = about.iter().flat_map(|name| name.split(is_between)).filter(|word| word.chars().count() > 2);
        let known: Vec<&str> = about.iter().copied().chain(words).collect();
        let estimate = zxcvbn::zxcvbn(text, &known);
        if estimate.score() >= zxcvbn::Score::Three {
            return Ok(());
        }
        let feedback = estimate.feedback();
        let why = feedback.and_then(|f| f.warning()).map(|warning| warning.to_string());
        let hints = feedback.map(|f| f.suggestions()).unwrap_or_default().iter().map(ToString::to_string);
        let words: Vec<String> = why.into_iter().chain(hints).collect();
        let words = if words.is_empty() { "Add another word or two.".to_owned() } else { words.join(" ") };
        Err(AppError::field(field, format!("is too easy to guess. {words}")))
    }

    fn hasher(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// A hash that no password has, with the parameters of today.
    fn nobodys(&self) -> Result<PasswordHash, AppError> {
        Ok(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(AppError::internal)?,
            salt: Some(Salt::new(&random::<16>()).map_err(AppError::internal)?),
            hash: Some(Output::new(&random::<32>()).map_err(AppError::internal)?),
        })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let busy = || AppError::Unavailable("many people are logging in at this moment; try again in a moment".into());
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(AppError::internal)?;
        let worked = tokio::task::spawn_blocking(move || {
            // Held here: whoever gave up waiting leaves the work behind, and it counts until it is done.
            let _turn = turn;
            work()
        });
        worked.await.map_err(AppError::internal)?
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn passwords(memory: u32) -> Passwords {
        Passwords::new(&Settings {
            public_url: String::new(),
            session_idle: TimeDelta::minutes(30),
            session_longest: TimeDelta::hours(12),
            link_valid_for: TimeDelta::hours(24),
            password_min_length: 12,
            password_memory: memory,
            password_passes: 1,
            password_hashes_at_once: 2,
        })
    }

    #[tokio::test]
    async fn knows_the_right_one_and_its_age() {
        let (old, new) = (passwords(32), passwords(64));
        let (right, wrong) = (SecretString::from("Fähre um sechs, Regen"), SecretString::from("Fähre um sieben"));
        let hash = old.hash(&right).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=32,t=1,p=1$"), "{hash}");
        let verdict = |is_right, is_outdated| Verdict { is_right, is_outdated };
        assert_eq!(old.verify(&right, Some(hash.clone())).await.unwrap(), verdict(true, false));
        assert_eq!(new.verify(&right, Some(hash.clone())).await.unwrap(), verdict(true, true));
        assert_eq!(old.verify(&wrong, Some(hash)).await.unwrap(), verdict(false, false));
        assert_eq!(old.verify(&wrong, None).await.unwrap(), verdict(false, false));
        assert_ne!(old.hash(&right).await.unwrap(), old.hash(&right).await.unwrap(), "salted");
    }

    #[test]
    fn says_what_would_be_better() {
        let check = |text: &str| {
            let fault = passwords(32).check("password", &text.to_owned().into(), &["erika", "Erika Mustermann"]);
            fault.map_err(|e| e.to_string())
        };
        for good in ["Fähre um sechs, Regen", "korrekt pferd batterie", "💚🐑🌊⛵🌧️🏠📮🔔🎈🧭🗝️🪁"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("kurz", "12 to 128"),
            (&"x".repeat(129), "12 to 128"),
            ("passwordpassword", "easy to guess"),
            ("aaaaaaaaaaaaaaaa", "easy to guess"),
            ("qwertzuiopqwertzuiop", "easy to guess"),
            ("erika mustermann", "easy to guess"),
            ("Mustermann1234", "easy to guess"),
            ("1234567890123", "easy to guess"),
        ] {
            let fault = check(bad).unwrap_err();
            assert!(fault.starts_with("password: ") && fault.contains(why), "{bad}: {fault}");
        }
    }
}
