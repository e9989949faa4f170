//! The second factor: an app's codes, recovery codes, and the way they guard a session.

use chrono::TimeDelta;
use lotse::access::users::{Accounts, NewFactor, NewUser, User};
use lotse::access::{Actor, Stage};
use totp_rs::{Builder, Secret, Totp};

use super::house::*;
use crate::support::app::TestApp;
use crate::with_people;

/// An app that was given the secret.
struct Phone(Totp);

impl Phone {
    fn new(factor: &NewFactor) -> Self {
        let secret = Secret::try_from_base32(&factor.secret_base32).unwrap();
        assert_eq!(secret.as_bytes().len(), 20);
        assert!(factor.uri.starts_with("otpauth://totp/Lotse:") && factor.uri.contains(&factor.secret_base32));
        Self(Builder::new().with_secret(secret).with_account_name("x").build().unwrap())
    }

    /// The code of the half minute that is `steps` from now.
    fn code(&self, app: &TestApp, steps: i64) -> String {
        let seconds = app.clock.now().utc().timestamp() + 30 * steps;
        self.0.generate(u64::try_from(seconds).unwrap()).to_string()
    }
}

/// Somebody with a second factor: their phone, recovery codes, and the open session's secret.
async fn secured(app: &TestApp, new: NewUser) -> (User, Phone, Vec<String>, String) {
    let accounts = &app.app.accounts;
    let (user, entered) = begun(accounts, new).await;
    let session = accounts.session(&entered.secret).await.unwrap();
    let phone = Phone::new(&accounts.begin_second_factor(user.id, &PASSWORD.to_owned().into()).await.unwrap());
    let (codes, renewed) = accounts.confirm_second_factor(user.id, session.id, &phone.code(app, 0)).await.unwrap();
    app.clock.advance(TimeDelta::seconds(90));
    (user, phone, codes, renewed.secret)
}

/// A session that owes a code.
async fn owing(accounts: &Accounts, login: &str) -> String {
    let entered = log_in(accounts, login).await;
    assert_eq!(entered.stage, Stage::SecondFactor);
    entered.secret
}

async fn tell(accounts: &Accounts, secret: &str, code: &str) -> &'static str {
    kind_of(&accounts.second_factor(secret, code, &office()).await)
}

with_people! {
    async fn is_set_up_with_a_code_of_the_app(app: TestApp) {
        let accounts = &app.app.accounts;
        let address = "erika@kiel.example.org";
        let new = NewUser { email: Some(address.parse().unwrap()), ..a_person("erika") };
        let (user, entered) = begun(accounts, new).await;
        let other = log_in(accounts, "erika").await;
        let session = accounts.session(&entered.secret).await.unwrap();
        assert_eq!(kind_of(&accounts.confirm_second_factor(user.id, session.id, "123456").await), "conflict");
        let discarded = Phone::new(&accounts.begin_second_factor(user.id, &PASSWORD.to_owned().into()).await.unwrap());
        let phone = Phone::new(&accounts.begin_second_factor(user.id, &PASSWORD.to_owned().into()).await.unwrap());
        // Until it is confirmed it counts for nothing.
        assert_eq!(log_in(accounts, "erika").await.stage, Stage::Open);
        assert!(!accounts.user(user.id).await.unwrap().has_second_factor);
        let confirm = async |code: &str| accounts.confirm_second_factor(user.id, session.id, code).await;
        assert_eq!(kind_of(&confirm(&discarded.code(&app, 0)).await), "invalid");
        let (codes, renewed) = confirm(&phone.code(&app, 0)).await.unwrap();
        assert_eq!((codes.len(), renewed.stage), (10, Stage::Open));
        assert!(codes.iter().all(|code| code.len() == 19 && code.split('-').count() == 4), "{codes:?}");
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
        assert_eq!(kind_of(&accounts.session(&entered.secret).await), "unauthorised", "a new secret");
        assert_eq!(kind_of(&accounts.session(&other.secret).await), "unauthorised", "a session without a code");
        assert!(accounts.session(&renewed.secret).await.unwrap().user.has_second_factor);
        assert_eq!(kind_of(&accounts.begin_second_factor(user.id, &PASSWORD.to_owned().into()).await), "conflict");
        let mail = mail_to(&app, address, "Zweiter Faktor", 1).await;
        assert!(!mail.contains(&codes[0]), "{mail}");
    }

    async fn opens_with_each_code_once(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, phone, _, _) = secured(&app, a_person("erika")).await;
        let before = accounts.user(user.id).await.unwrap().last_login_at;
        let owes = owing(accounts, "erika").await;
        assert_eq!(accounts.session(&owes).await.unwrap().stage, Stage::SecondFactor);
        assert_eq!(accounts.user(user.id).await.unwrap().last_login_at, before, "not logged in yet");
        for wrong in ["", "000000", "12345", "abcdef", &phone.code(&app, 2), &phone.code(&app, -2)] {
            // A guess may hit by chance, one in a million times three.
            assert_eq!(tell(accounts, &owes, wrong).await, "unauthorised", "{wrong}");
        }
        app.clock.advance(TimeDelta::seconds(2));
        let code = phone.code(&app, 0);
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        let opened = accounts.second_factor(&owes, &spaced, &office()).await.unwrap();
        assert_eq!(opened.stage, Stage::Open);
        assert_eq!(accounts.session(&opened.secret).await.unwrap().stage, Stage::Open);
        assert_eq!(kind_of(&accounts.session(&owes).await), "unauthorised", "the secret from before is good no more");
        assert_eq!(accounts.user(user.id).await.unwrap().last_login_at, Some(app.clock.now()));
        assert_eq!(tell(accounts, &opened.secret, &code).await, "conflict", "owes nothing");
        // Nobody who looked over the shoulder can use it again, while it is good and after.
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &code).await, "unauthorised");
        app.clock.advance(TimeDelta::seconds(30));
        assert_eq!(tell(accounts, &owes, &code).await, "unauthorised");
        // A phone that is half a minute fast, and then one that is right: an earlier half minute opens no more.
        assert_eq!(tell(accounts, &owes, &phone.code(&app, 1)).await, "ok");
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &phone.code(&app, 0)).await, "unauthorised");
        app.clock.advance(TimeDelta::seconds(60));
        assert_eq!(tell(accounts, &owes, &phone.code(&app, 0)).await, "ok");
        app.clock.advance(TimeDelta::seconds(60));
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &phone.code(&app, -1)).await, "ok", "a phone that is slow");
    }

    async fn one_code_opens_one_session(app: TestApp) {
        let accounts = &app.app.accounts;
        let (_, phone, codes, _) = secured(&app, a_person("erika")).await;
        let second = app.second_instance().await;
        for code in [phone.code(&app, 0), codes[0].clone()] {
            let (a, b) = (owing(accounts, "erika").await, owing(&second.accounts, "erika").await);
            let answers = futures_util::future::join_all([
                tell(accounts, &a, &code),
                tell(&second.accounts, &b, &code),
                tell(accounts, &a, &code),
            ])
            .await;
            assert_eq!(answers.iter().filter(|answer| **answer == "ok").count(), 1, "{answers:?}");
        }
        second.stop().await;
    }

    async fn is_owed_for_ten_minutes_and_guessed_at_in_vain(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, phone, _, open) = secured(&app, a_person("erika")).await;
        let owes = owing(accounts, "erika").await;
        app.clock.advance(TimeDelta::minutes(10));
        assert_eq!(kind_of(&accounts.session(&owes).await), "unauthorised");
        assert_eq!(tell(accounts, &owes, &phone.code(&app, 0)).await, "unauthorised");
        // Whoever knows the password begins again and again; the codes are counted all the same.
        let mut answers = Vec::new();
        for _ in 0..10 {
            let owes = owing(accounts, "erika").await;
            answers.push(tell(accounts, &owes, "abcdef").await);
        }
        let first = answers.iter().position(|answer| *answer == "too many").unwrap();
        assert!((5..10).contains(&first), "{answers:?}");
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &phone.code(&app, 0)).await, "too many", "not even the right one");
        accounts.session(&open).await.unwrap();
        // The codes asked for inside are braked as well.
        let mut answers = Vec::new();
        for _ in 0..10 {
            answers.push(kind_of(&accounts.new_recovery_codes(user.id, "abcdef").await));
        }
        assert!(answers[..5].iter().all(|answer| *answer == "invalid") && answers[9] == "too many", "{answers:?}");
    }

    async fn a_recovery_code_works_once(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, phone, codes, _) = secured(&app, a_person("erika")).await;
        let (stranger, _, foreign, _) = secured(&app, a_person("heinz")).await;
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &foreign[0]).await, "unauthorised", "somebody else's");
        let sloppy = codes[0].replace('-', " ").to_uppercase();
        assert_eq!(tell(accounts, &owes, &sloppy).await, "ok");
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &codes[0]).await, "unauthorised");
        assert_eq!(tell(accounts, &owes, &codes[1]).await, "ok");
        assert_eq!(accounts.recovery_codes_left(user.id).await.unwrap(), 8);
        assert_eq!(accounts.recovery_codes_left(stranger.id).await.unwrap(), 10);
        app.clock.advance(TimeDelta::minutes(2));
        let new = accounts.new_recovery_codes(user.id, &phone.code(&app, 0)).await.unwrap();
        assert_eq!((new.len(), accounts.recovery_codes_left(user.id).await.unwrap()), (10, 10));
        let owes = owing(accounts, "erika").await;
        assert_eq!(tell(accounts, &owes, &codes[2]).await, "unauthorised", "the former ones have ended");
        assert_eq!(tell(accounts, &owes, &new[9]).await, "ok");
    }

    async fn is_removed_by_a_code_or_by_an_administrator(app: TestApp) {
        let accounts = &app.app.accounts;
        let address = "erika@kiel.example.org";
        let new = NewUser { email: Some(address.parse().unwrap()), ..a_person("erika") };
        let (user, phone, _, open) = secured(&app, new).await;
        assert_eq!(kind_of(&accounts.remove_second_factor(user.id, "abcdef").await), "invalid");
        accounts.remove_second_factor(user.id, &phone.code(&app, 0)).await.unwrap();
        mail_to(&app, address, "entfernt", 1).await;
        accounts.session(&open).await.unwrap();
        assert_eq!(log_in(accounts, "erika").await.stage, Stage::Open);
        assert_eq!(accounts.recovery_codes_left(user.id).await.unwrap(), 0);
        let (lost, _, codes, open) = secured(&app, a_person("heinz")).await;
        let owes = owing(accounts, "heinz").await;
        accounts.reset_second_factor(&Actor::console(), lost.id).await.unwrap();
        assert_eq!(kind_of(&accounts.session(&open).await), "unauthorised");
        assert_eq!(tell(accounts, &owes, &codes[0]).await, "unauthorised", "what owed a code has ended too");
        assert_eq!(log_in(accounts, "heinz").await.stage, Stage::Open);
        assert_eq!(kind_of(&accounts.reset_second_factor(&Actor::console(), lost.id).await), "conflict");
    }

    /// A new password by mail does not go around the second factor.
    async fn stands_behind_a_reset(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, phone, _, _) = secured(&app, a_person("erika")).await;
        let link = accounts.reset(&Actor::console(), user.id).await.unwrap();
        let entered = accept(accounts, &link).await.unwrap();
        assert_eq!(entered.stage, Stage::SecondFactor);
        assert_eq!(tell(accounts, &entered.secret, &phone.code(&app, 0)).await, "ok");
    }
}
