//! What the tests of people share: a Lotse with a still clock and cheap hashes, and people in it.

use std::time::Duration;

use lotse::access::policy::{Grant, Scope};
use lotse::access::users::{Accounts, Entered, Invitation, NewUser};
use lotse::access::{Actor, Origin, Role, User};
use lotse::clock::{Clock, Timestamp};
use lotse::error::AppError;
use mail_parser::MessageParser;

use crate::support::app::{Kind, TestApp};
use crate::support::wait::wait_for_some;

/// Hashes that cost next to nothing.
pub const CHEAP: &str = "[login]\npassword_memory = 32\npassword_passes = 1\n";

pub const PASSWORD: &str = "Fähre um sechs, Regen";
pub const OTHER_PASSWORD: &str = "sieben Schafe am Deich";

/// Runs the same test on both databases, with a clock that stands still.
#[macro_export]
macro_rules! with_people {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn run($app: $crate::support::app::TestApp) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { run($crate::users::house::start($crate::support::app::Kind::Sqlite).await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { run($crate::users::house::start($crate::support::app::Kind::Postgres).await).await; }
        }
    )*};
}

pub async fn start(kind: Kind) -> TestApp {
    TestApp::start_with(kind, CHEAP, Clock::fixed(Timestamp::new(chrono::Utc::now()))).await
}

pub fn from(address: &str) -> Origin {
    Origin::new(address.parse().unwrap(), "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0")
}

/// Where people sit.
pub fn office() -> Origin {
    from("192.0.2.10")
}

pub fn grant(role: Role, region: &str) -> Grant {
    Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }
}

pub fn a_person(login: &str) -> NewUser {
    NewUser {
        login: login.into(),
        name: "Erika Mustermann".into(),
        email: None,
        grants: vec![grant(Role::Central, "01002")],
    }
}

pub fn admin(login: &str) -> NewUser {
    NewUser { grants: vec![grant(Role::Admin, "")], ..a_person(login) }
}

/// Somebody who was invited and has set the password.
pub async fn begun(accounts: &Accounts, new: NewUser) -> (User, Entered) {
    let (user, link) = accounts.invite(&Actor::console(), new).await.unwrap();
    let entered = accounts.accept(&link.secret, &PASSWORD.into(), &office()).await.unwrap();
    (user, entered)
}

pub async fn log_in(accounts: &Accounts, login: &str) -> Entered {
    accounts.log_in(login, &PASSWORD.into(), &office()).await.unwrap()
}

/// The kind of an answer, without what varies.
pub fn kind_of<T>(answer: &Result<T, AppError>) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(AppError::Invalid(_)) => "invalid",
        Err(AppError::NotFound) => "not found",
        Err(AppError::Forbidden(_)) => "forbidden",
        Err(AppError::Unauthorised) => "unauthorised",
        Err(AppError::Conflict(_)) => "conflict",
        Err(AppError::TooMany(_)) => "too many",
        Err(AppError::Unavailable(_)) => "unavailable",
        Err(AppError::Internal(_)) => "internal",
    }
}

/// The text of the mail with this subject's part that arrived last for somebody, once there are so many of it.
pub async fn mail_to(app: &TestApp, address: &str, subject: &str, count: usize) -> String {
    wait_for_some(format!("{count} mails {subject} to {address}"), Duration::from_secs(20), || async {
        let received = app.smtp.received();
        let fitting: Vec<String> = received
            .iter()
            .filter(|mail| mail.to.iter().any(|to| to == address))
            .filter_map(|mail| {
                let parsed = MessageParser::default().parse(&mail.data)?;
                let is_it = parsed.subject()?.contains(subject);
                is_it.then(|| parsed.body_text(0).map(|text| text.into_owned())).flatten()
            })
            .collect();
        (fitting.len() >= count).then(|| fitting.last().cloned()).flatten()
    })
    .await
}

/// The secret of the link in a mail.
pub fn secret_in(mail: &str, page: &str) -> String {
    let (_, rest) = mail.split_once(&format!("/{page}/")).unwrap_or_else(|| panic!("no link to {page}: {mail}"));
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// Begins with a link in another place.
pub async fn accept(accounts: &Accounts, link: &Invitation) -> Result<Entered, AppError> {
    accounts.accept(&link.secret, &PASSWORD.into(), &office()).await
}
