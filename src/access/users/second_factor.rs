//! The second factor: codes of an app (RFC 6238) and recovery codes.
//!
//! Invariant: the secret of the app is sealed; a code of the app counts in its own half minute and those beside it,
//! and each half minute opens only once. A recovery code opens once; ten of 80 random bits are made at a time.

use rand::RngCore;
use secrecy::SecretString;
use totp_rs::{Builder, Totp};

use super::letter::{self, Letter};
use super::log_in::is_known_network;
use super::store::{self, UserRow};
use super::{Accounts, Entered, in_hand, whole};
use crate::access::audit::AuditAction;
use crate::access::secret::hash;
use crate::access::session::{self, Stage};
use crate::access::throttle::{self, Try, What};
use crate::access::{Actor, User};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::AppError;
use crate::ids::{SessionId, UserId};

/// How many recovery codes are made at a time.
const CODES: usize = 10;

/// Crockford's letters: none looks like another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The letters of one recovery code: 80 bits.
const CODE_LENGTH: usize = 16;

/// A second factor to be confirmed.
#[derive(Debug, Clone)]
pub struct NewFactor {
    /// `otpauth://…`, for the app; as a picture it is a QR code.
    pub uri: String,
    /// The secret in base32, to type where no camera is.
    pub secret_base32: String,
}

impl Accounts {
    /// Makes a second factor that counts once it is confirmed. The password is asked for again, where the person has one:
    /// a wrong one is a fault of `password` and counts as a try. `Conflict` where there is a second factor already.
    pub async fn begin_second_factor(&self, user: UserId, password: &SecretString) -> Result<NewFactor, AppError> {
        self.ask_password_again(user, password).await?;
        let (accounts, now) = (self.clone(), self.inner().clock.now());
        let mut secret = [0u8; 20];
        rand::rng().fill_bytes(&mut secret);
        self.inner()
            .db
            .write(move |tx| {
                let (mut row, _) = in_hand(tx, user)?;
                if row.totp_confirmed_at.is_some() {
                    let hint = "there is a second factor already; remove it before you set up another";
                    return Err(AppError::Conflict(hint.into()));
                }
                let totp = totp(&secret, &row.login)?;
                row.totp = Some(accounts.inner().sealer.secrets().seal(&secret, &context(user)));
                row.totp_step = None;
                store::update(tx, &mut row, now)?;
                let uri = totp.to_url().map_err(AppError::internal)?;
                Ok(NewFactor { uri, secret_base32: totp.secret().to_base32() })
            })
            .await
    }

    /// Refuses a wrong password of somebody who is logged in; tries are counted as for a log-in.
    async fn ask_password_again(&self, user: UserId, password: &SecretString) -> Result<(), AppError> {
        let row = self.inner().db.read(move |conn| store::find(conn, user)).await?.ok_or(AppError::NotFound)?;
        if row.password.is_none() {
            return Ok(());
        }
        let try_ = Try { what: What::Password, account: row.login.clone(), address: self.address };
        self.count_code(user, try_.clone()).await?;
        if !self.verify(password, Some(&row)).await?.is_right {
            self.failed(try_).await?;
            return Err(AppError::field("password", "is not your present password"));
        }
        let (sealer, now) = (self.inner().sealer.clone(), self.inner().clock.now());
        self.inner().db.write(move |tx| throttle::succeeded(tx, &sealer, &try_, false, now)).await
    }

    /// Confirms it with a code of the app: answers ten recovery codes, once, and the session's new secret; the
    /// person's other sessions end.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        session: SessionId,
        code: &str,
    ) -> Result<(Vec<String>, Entered), AppError> {
        let (accounts, now, code) = (self.clone(), self.inner().clock.now(), code.to_owned());
        let try_ = Try { what: What::Code, account: user.to_string(), address: None };
        self.count_code(user, try_.clone()).await?;
        self.inner()
            .db
            .write(move |tx| {
                let (mut row, before) = in_hand(tx, user)?;
                if row.totp.is_none() || row.totp_confirmed_at.is_some() {
                    return Err(AppError::Conflict("there is no second factor to confirm; begin anew".into()));
                }
                let step = step_of(&accounts, &row, &code, now)?.ok_or_else(wrong_code)?;
                row.totp_step = Some(step);
                row.totp_confirmed_at = Some(now);
                store::update(tx, &mut row, now)?;
                let codes = renew_codes(tx, user)?;
                throttle::succeeded(tx, &accounts.inner().sealer, &try_, false, now)?;
                session::end_all(tx, user, Some(session), now)?;
                let secret = session::renew(tx, &accounts, session, now)?;
                let after = whole(tx, &row)?;
                letter::send(tx, &accounts, &after, &Letter::FactorAdded, now)?;
                super::changed(tx, &accounts.own(&after), AuditAction::SecondFactorAdded, Some(&before), &after, now)?;
                Ok((codes, Entered { secret, stage: Stage::Open }))
            })
            .await
    }

    /// Makes ten new recovery codes, for a good code; the former ones end.
    pub async fn new_recovery_codes(&self, user: UserId, code: &str) -> Result<Vec<String>, AppError> {
        self.with_code(user, code, |tx, accounts, before, now| {
            let codes = renew_codes(tx, before.id)?;
            super::changed(tx, &accounts.own(&before), AuditAction::RecoveryCodesRenewed, Some(&before), &before, now)?;
            Ok(codes)
        })
        .await
    }

    /// Removes a person's own second factor, for a good code.
    pub async fn remove_second_factor(&self, user: UserId, code: &str) -> Result<(), AppError> {
        self.with_code(user, code, |tx, accounts, before, now| {
            let by = accounts.own(&before);
            remove(tx, accounts, &by, before, now)
        })
        .await
    }

    /// Removes somebody's second factor who lost it; their sessions end. `Conflict` where there is none.
    pub async fn reset_second_factor(&self, by: &Actor, id: UserId) -> Result<(), AppError> {
        let (accounts, now, by) = (self.clone(), self.inner().clock.now(), by.clone());
        self.inner()
            .db
            .write(move |tx| {
                let (_, before) = in_hand(tx, id)?;
                if !before.has_second_factor {
                    return Err(AppError::Conflict("there is no second factor to remove".into()));
                }
                session::end_all(tx, id, None, now)?;
                remove(tx, &accounts, &by, before, now)
            })
            .await
    }

    /// How many recovery codes a person has left.
    pub async fn recovery_codes_left(&self, user: UserId) -> Result<i64, AppError> {
        self.inner().db.read(move |conn| store::keys::codes_left(conn, user)).await
    }

    /// Does something for which a good code is asked once more.
    async fn with_code<T: Send + 'static>(
        &self,
        user: UserId,
        code: &str,
        work: impl FnOnce(&mut Tx, &Accounts, User, Timestamp) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let (accounts, now, code) = (self.clone(), self.inner().clock.now(), code.to_owned());
        let try_ = Try { what: What::Code, account: user.to_string(), address: None };
        self.count_code(user, try_.clone()).await?;
        self.inner()
            .db
            .write(move |tx| {
                let (row, before) = in_hand(tx, user)?;
                use_code(tx, &accounts, row, &code, now).map_err(|fault| match fault {
                    AppError::Unauthorised => wrong_code(),
                    other => other,
                })?;
                let is_known = is_known_network(tx, Some(user), &try_)?;
                throttle::succeeded(tx, &accounts.inner().sealer, &try_, is_known, now)?;
                work(tx, &accounts, before, now)
            })
            .await
    }
}

/// Uses a code of the app or a recovery code up. `Unauthorised` when it is wrong or was used.
pub(super) fn use_code(
    tx: &mut Tx,
    accounts: &Accounts,
    mut row: UserRow,
    code: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    if row.totp_confirmed_at.is_none() {
        return Err(AppError::Unauthorised);
    }
    if let Some(recovery) = recovery_code(code) {
        if !store::keys::use_code(tx, row.id, &hash(&recovery), now)? {
            return Err(AppError::Unauthorised);
        }
        let user = whole(tx, &row)?;
        return super::changed(tx, &accounts.own(&user), AuditAction::RecoveryCodeUsed, Some(&user), &user, now);
    }
    let step = step_of(accounts, &row, code, now)?.ok_or(AppError::Unauthorised)?;
    row.totp_step = Some(step);
    store::note(tx, &row)
}

fn remove(tx: &mut Tx, accounts: &Accounts, by: &Actor, before: User, now: Timestamp) -> Result<(), AppError> {
    let (mut row, _) = in_hand(tx, before.id)?;
    (row.totp, row.totp_confirmed_at, row.totp_step) = (None, None, None);
    store::update(tx, &mut row, now)?;
    store::keys::replace_codes(tx, row.id, &[])?;
    let after = whole(tx, &row)?;
    letter::send(tx, accounts, &after, &Letter::FactorRemoved, now)?;
    super::changed(tx, by, AuditAction::SecondFactorRemoved, Some(&before), &after, now)
}

/// The half minute of a code that is right and later than the last one used.
fn step_of(accounts: &Accounts, row: &UserRow, code: &str, now: Timestamp) -> Result<Option<i64>, AppError> {
    let Some(sealed) = &row.totp else { return Ok(None) };
    let secret = accounts.inner().sealer.secrets().open(sealed, &context(row.id))?;
    let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let seconds = u64::try_from(now.utc().timestamp()).unwrap_or_default();
    let step = totp(&secret, &row.login)?.check(&digits, seconds).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| row.totp_step.is_none_or(|last| *step > last)))
}

fn totp(secret: &[u8], login: &str) -> Result<Totp, AppError> {
    let builder = Builder::new().with_secret(secret.to_vec()).with_account_name(login).with_issuer(Some("Lotse"));
    builder.build().map_err(AppError::internal)
}

fn wrong_code() -> AppError {
    AppError::field("code", "is not the present code of your app; wait for the next one and try again")
}

/// Makes the recovery codes of a person anew and answers them as they are shown.
fn renew_codes(tx: &mut Tx, user: UserId) -> Result<Vec<String>, AppError> {
    let codes: Vec<String> = (0..CODES).map(|_| new_code()).collect();
    let hashes: Vec<[u8; 32]> = codes.iter().map(|code| hash(code)).collect();
    store::keys::replace_codes(tx, user, &hashes)?;
    Ok(codes.iter().map(|code| readable(code)).collect())
}

fn new_code() -> String {
    let mut bytes = [0u8; CODE_LENGTH];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// In groups of four, such as `k7mf-2xqp-9trw-hc4d`.
fn readable(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What somebody typed as a recovery code is meant to be: case, spaces, dashes and look-alikes do not matter. Nothing
/// where it cannot be one.
fn recovery_code(text: &str) -> Option<String> {
    let typed = text.chars().filter(|c| c.is_alphanumeric()).map(|c| match c.to_ascii_lowercase() {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    });
    let code: String = typed.collect();
    let is_code = code.len() == CODE_LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
    is_code.then_some(code)
}

fn context(user: UserId) -> String {
    format!("second factor {user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_as_it_is_meant() {
        let code = new_code();
        assert_eq!(recovery_code(&readable(&code)), Some(code));
        for (typed, meant) in [
            ("K7MF 2XQP 9TRW HC4D", Some("k7mf2xqp9trwhc4d")),
            ("k7mf–2xqp–9trw–hcoi", Some("k7mf2xqp9trwhc01")),
            ("k7mf-2xqp-9trw-hc4", None),
            ("k7mf-2xqp-9trw-hc4u", None),
            ("123456", None),
            ("", None),
        ] {
            assert_eq!(recovery_code(typed).as_deref(), meant, "{typed}");
        }
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, cut to six digits.
        let secret = totp(b"12345678901234567890", "erika").unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(secret.check(code, seconds), Some(seconds / 30));
            assert!(secret.check(code, seconds + 30).is_some() && secret.check(code, seconds + 60).is_none());
        }
        let uri = secret.to_url().unwrap();
        assert!(uri.starts_with("otpauth://totp/Lotse:erika?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
    }
}
