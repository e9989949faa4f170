//! Sessions: how long they hold, and what ends them everywhere at once.

use chrono::TimeDelta;
use diesel::prelude::*;
use lotse::access::session::{self, ProviderSession};
use lotse::access::{Actor, Role, Stage};
use lotse::clock::Timestamp;
use lotse::db::schema::sessions;

use super::house::*;
use crate::support::app::TestApp;
use crate::with_people;

async fn seen_at(app: &TestApp) -> Timestamp {
    app.app.db.read(|conn| Ok(sessions::table.select(sessions::seen_at).first(conn)?)).await.unwrap()
}

with_people! {
    async fn a_session_ends_when_idle_and_at_last(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, idle) = begun(accounts, a_person("erika")).await;
        app.clock.advance(TimeDelta::minutes(30) - TimeDelta::microseconds(1));
        let held = accounts.session(&idle.secret).await.unwrap();
        assert_eq!(held.seen_at, held.created_at, "as it was until now");
        app.clock.advance(TimeDelta::minutes(30) - TimeDelta::microseconds(1));
        accounts.session(&idle.secret).await.unwrap();
        app.clock.advance(TimeDelta::minutes(30));
        assert_eq!(kind_of(&accounts.session(&idle.secret).await), "unauthorised");
        assert!(accounts.sessions_of(user.id).await.unwrap().is_empty());
        let busy = log_in(accounts, "erika").await;
        for _ in 0..35 {
            app.clock.advance(TimeDelta::minutes(20));
            accounts.session(&busy.secret).await.unwrap();
        }
        app.clock.advance(TimeDelta::minutes(20) - TimeDelta::microseconds(1));
        accounts.session(&busy.secret).await.unwrap();
        app.clock.advance(TimeDelta::microseconds(1));
        assert_eq!(kind_of(&accounts.session(&busy.secret).await), "unauthorised", "after twelve hours, though busy");
        for nonsense in ["", "x", &"A".repeat(43), &"A".repeat(100_000)] {
            assert_eq!(kind_of(&accounts.session(nonsense).await), "unauthorised");
        }
    }

    async fn a_use_is_noted_once_a_minute(app: TestApp) {
        let accounts = &app.app.accounts;
        let (_, entered) = begun(accounts, a_person("erika")).await;
        let begun = app.clock.now();
        app.clock.advance(TimeDelta::seconds(59));
        accounts.session(&entered.secret).await.unwrap();
        assert_eq!(seen_at(&app).await, begun);
        app.clock.advance(TimeDelta::seconds(1));
        accounts.session(&entered.secret).await.unwrap();
        assert_eq!(seen_at(&app).await, begun.plus(TimeDelta::minutes(1)));
    }

    async fn an_end_counts_everywhere_at_once(app: TestApp) {
        let accounts = &app.app.accounts;
        let other = app.second_instance().await;
        let (user, first) = begun(accounts, a_person("erika")).await;
        let console = Actor::console();
        let refused = async |secret: &str, what: &str| {
            for place in [accounts, &other.accounts] {
                assert_eq!(kind_of(&place.session(secret).await), "unauthorised", "{what}");
            }
        };
        other.accounts.session(&first.secret).await.unwrap();
        accounts.log_out(&first.secret).await.unwrap();
        refused(&first.secret, "log-out").await;

        let (one, two) = (log_in(accounts, "erika").await, log_in(&other.accounts, "erika").await);
        let (here, there) = (accounts.session(&one.secret).await.unwrap(), accounts.session(&two.secret).await.unwrap());
        assert_eq!(accounts.sessions_of(user.id).await.unwrap().len(), 2);
        let (stranger, _) = begun(accounts, a_person("heinz")).await;
        assert_eq!(kind_of(&accounts.end_session(stranger.id, there.id).await), "not found", "not theirs");
        other.accounts.session(&two.secret).await.unwrap();
        accounts.end_session(user.id, there.id).await.unwrap();
        refused(&two.secret, "ended from the list").await;
        assert_eq!(kind_of(&accounts.end_session(user.id, there.id).await), "not found");

        let three = log_in(accounts, "erika").await;
        assert_eq!(accounts.end_other_sessions(user.id, here.id).await.unwrap(), 1);
        refused(&three.secret, "the others").await;
        accounts.session(&one.secret).await.unwrap();

        accounts.set_grants(&console, user.id, vec![grant(Role::Agent, "")], None).await.unwrap();
        refused(&one.secret, "other roles").await;
        let four = log_in(accounts, "erika").await;
        let session = other.accounts.session(&four.secret).await.unwrap();
        assert_eq!(session.user.grants, [grant(Role::Agent, "")]);
        accounts.disable(&console, user.id).await.unwrap();
        refused(&four.secret, "disabled").await;
        accounts.enable(&console, user.id).await.unwrap();
        refused(&four.secret, "enabled again, but what ended stays so").await;
        let five = log_in(accounts, "erika").await;
        accounts.reset(&console, user.id).await.unwrap();
        refused(&five.secret, "reset").await;
        other.stop().await;
    }

    async fn a_new_password_ends_the_others(app: TestApp) {
        let accounts = &app.app.accounts;
        let address = "erika@kiel.example.org";
        let new = lotse::access::users::NewUser { email: Some(address.parse().unwrap()), ..a_person("erika") };
        let (user, mine) = begun(accounts, new).await;
        let elsewhere = log_in(accounts, "erika").await;
        let session = accounts.session(&mine.secret).await.unwrap();
        let change = async |old: &str, new: &str| {
            accounts.change_password(user.id, session.id, &old.into(), &new.into()).await
        };
        let wrong = change("Niemals richtig 7", OTHER_PASSWORD).await.unwrap_err().to_string();
        assert!(wrong.starts_with("password: "), "{wrong}");
        let weak = change(PASSWORD, "Mustermann1234").await.unwrap_err().to_string();
        assert!(weak.starts_with("new_password: "), "{weak}");
        accounts.session(&elsewhere.secret).await.unwrap();
        let renewed = change(PASSWORD, OTHER_PASSWORD).await.unwrap();
        assert_eq!(renewed.stage, Stage::Open);
        assert_ne!(renewed.secret, mine.secret);
        assert_eq!(accounts.session(&renewed.secret).await.unwrap().id, session.id, "the same session");
        for gone in [&mine.secret, &elsewhere.secret] {
            assert_eq!(kind_of(&accounts.session(gone).await), "unauthorised");
        }
        assert_eq!(kind_of(&accounts.log_in("erika", &PASSWORD.into(), &office()).await), "unauthorised");
        accounts.log_in("erika", &OTHER_PASSWORD.into(), &office()).await.unwrap();
        mail_to(&app, address, "Passwort wurde ge", 1).await;
        // Whoever found an open screen cannot guess on: it is braked like a log-in.
        let mut answers = Vec::new();
        for _ in 0..10 {
            answers.push(kind_of(&change("Niemals richtig 7", PASSWORD).await));
        }
        assert!(answers.contains(&"too many"), "{answers:?}");
    }

    async fn a_hash_is_made_anew_when_it_may_cost_more(app: TestApp) {
        let (mut app, hash) = (app, async |app: &TestApp| {
            use lotse::db::schema::users;
            let all: Vec<Option<String>> =
                app.app.db.read(|conn| Ok(users::table.select(users::password).load(conn)?)).await.unwrap();
            all[0].clone().unwrap()
        });
        begun(&app.app.accounts, a_person("erika")).await;
        let cheap = hash(&app).await;
        app.settings = app.settings.replace("password_memory = 32", "password_memory = 64");
        let dearer = app.second_instance().await;
        assert_eq!(kind_of(&dearer.accounts.log_in("erika", &OTHER_PASSWORD.into(), &office()).await), "unauthorised");
        assert_eq!(hash(&app).await, cheap, "not for a wrong one");
        log_in(&dearer.accounts, "erika").await;
        let dear = hash(&app).await;
        assert!(cheap.contains("m=32,t=1,p=1") && dear.contains("m=64,t=1,p=1"), "{cheap} {dear}");
        log_in(&dearer.accounts, "erika").await;
        assert_eq!(hash(&app).await, dear, "once");
        log_in(&app.app.accounts, "erika").await;
        dearer.stop().await;
    }

    async fn a_provider_begins_and_ends_sessions(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, by_password) = begun(accounts, a_person("erika")).await;
        let open = async |sid: Option<&str>| {
            let provider = ProviderSession {
                issuer: "https://id.example.org".into(),
                session: sid.map(str::to_owned),
                id_token: "kopf.rumpf.siegel".into(),
            };
            let (of, now) = (accounts.clone(), app.clock.now());
            let begin = move |tx: &mut lotse::db::Tx| {
                session::open(tx, &of, user.id, Stage::Open, &office(), Some(&provider), now)
            };
            app.app.db.write(begin).await.unwrap()
        };
        let end = async |issuer: &'static str, sid: Option<&'static str>, of: bool| {
            let (now, user) = (app.clock.now(), of.then_some(user.id));
            app.app.db.write(move |tx| session::end_by_provider(tx, issuer, sid, user, now)).await.unwrap()
        };
        let (a, b) = (open(Some("a")).await, open(Some("b")).await);
        let held = accounts.session(&a).await.unwrap();
        assert_eq!(held.issuer.as_deref(), Some("https://id.example.org"));
        assert_eq!(accounts.id_token(&held).unwrap().as_deref(), Some("kopf.rumpf.siegel"));
        let of_password = accounts.session(&by_password.secret).await.unwrap();
        assert_eq!((of_password.issuer.is_some(), accounts.id_token(&of_password).unwrap()), (false, None));
        assert_eq!(end("https://other.example.org", Some("a"), true).await, 0);
        assert_eq!(end("https://id.example.org", None, false).await, 0);
        assert_eq!(end("https://id.example.org", Some("a"), false).await, 1);
        assert_eq!(kind_of(&accounts.session(&a).await), "unauthorised");
        accounts.session(&b).await.unwrap();
        assert_eq!(end("https://id.example.org", None, true).await, 1);
        assert_eq!(kind_of(&accounts.session(&b).await), "unauthorised");
        accounts.session(&by_password.secret).await.unwrap();
    }
}
