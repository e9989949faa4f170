//! What administrators do: roles, disabling, lists, and the first of them.

use chrono::TimeDelta;
use diesel::prelude::*;
use lotse::access::users::{NewUser, Profile, UserQuery, UserState};
use lotse::access::{Actor, Role};
use lotse::db::schema::changes;

use super::house::*;
use crate::support::app::TestApp;
use crate::with_people;

async fn version(app: &TestApp) -> i64 {
    let read = |conn: &mut lotse::db::Conn| Ok(changes::table.find("access").select(changes::version).first(conn)?);
    app.app.db.read(read).await.unwrap()
}

with_people! {
    async fn roles_change_and_memories_follow(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, _) = begun(accounts, a_person("erika")).await;
        let present = accounts.user(user.id).await.unwrap();
        let (wanted, before) = (vec![grant(Role::Agent, ""), grant(Role::Central, "01002")], version(&app).await);
        let changed =
            accounts.set_grants(&Actor::console(), user.id, wanted.clone(), Some(present.version)).await.unwrap();
        assert_eq!(changed.version, present.version + 1);
        assert!(changed.grants.len() == 2 && wanted.iter().all(|grant| changed.grants.contains(grant)));
        assert!(version(&app).await > before, "what is in memory of tokens is to be read again");
        let stale = accounts.set_grants(&Actor::console(), user.id, Vec::new(), Some(present.version)).await;
        assert_eq!(kind_of(&stale), "conflict");
        let wrong = accounts.set_grants(&Actor::console(), user.id, vec![grant(Role::SecondLevel, "")], None).await;
        assert_eq!(kind_of(&wrong), "invalid");
        assert_eq!(accounts.user(user.id).await.unwrap().grants, changed.grants);
        let none = accounts.set_grants(&Actor::console(), user.id, Vec::new(), None).await.unwrap();
        assert!(none.grants.is_empty());
        let before = version(&app).await;
        accounts.disable(&Actor::console(), user.id).await.unwrap();
        assert!(version(&app).await > before);
        let nobody = lotse::ids::UserId::new();
        assert_eq!(kind_of(&accounts.disable(&Actor::console(), nobody).await), "not found");
        assert_eq!(kind_of(&accounts.set_grants(&Actor::console(), nobody, Vec::new(), None).await), "not found");
    }

    async fn one_administrator_stays(app: TestApp) {
        let accounts = &app.app.accounts;
        let console = Actor::console();
        let (one, _) = begun(accounts, admin("eins")).await;
        accounts.invite(&console, admin("nur-eingeladen")).await.unwrap();
        let regional = NewUser { grants: vec![grant(Role::Admin, "01")], ..a_person("nur-sh") };
        begun(accounts, regional).await;
        for _ in 0..2 {
            assert_eq!(kind_of(&accounts.disable(&console, one.id).await), "conflict");
            let less = vec![grant(Role::Auditor, "")];
            assert_eq!(kind_of(&accounts.set_grants(&console, one.id, less, None).await), "conflict");
            let smaller = vec![grant(Role::Admin, "01")];
            assert_eq!(kind_of(&accounts.set_grants(&console, one.id, smaller, None).await), "conflict");
        }
        let present = accounts.user(one.id).await.unwrap();
        assert_eq!((present.state, &present.grants), (UserState::Active, &vec![grant(Role::Admin, "")]));
        log_in(accounts, "eins").await;
        // Two who disable each other at the same moment.
        let second = app.second_instance().await;
        for round in 0..5 {
            let (two, _) = begun(accounts, admin(&format!("zwei{round}"))).await;
            let (a, b) = futures_util::future::join(
                accounts.disable(&console, one.id),
                second.accounts.disable(&console, two.id),
            )
            .await;
            let kinds = [kind_of(&a), kind_of(&b)];
            assert!(kinds.contains(&"ok") && kinds.contains(&"conflict"), "{kinds:?}");
            accounts.enable(&console, one.id).await.unwrap();
            if a.is_ok() {
                accounts.disable(&console, two.id).await.unwrap();
            }
        }
        second.stop().await;
    }

    async fn disabled_and_back(app: TestApp) {
        let accounts = &app.app.accounts;
        let console = Actor::console();
        let (user, _) = begun(accounts, a_person("erika")).await;
        let (invited, link) = accounts.invite(&console, a_person("neu")).await.unwrap();
        for id in [user.id, invited.id] {
            assert_eq!(accounts.disable(&console, id).await.unwrap().state, UserState::Disabled);
            accounts.disable(&console, id).await.unwrap();
        }
        assert_eq!(kind_of(&accounts.log_in("erika", &PASSWORD.into(), &office()).await), "unauthorised");
        assert_eq!(accounts.enable(&console, user.id).await.unwrap().state, UserState::Active);
        assert_eq!(accounts.enable(&console, invited.id).await.unwrap().state, UserState::Invited);
        assert_eq!(accounts.enable(&console, user.id).await.unwrap().state, UserState::Active);
        log_in(accounts, "erika").await;
        assert_eq!(kind_of(&accept(accounts, &link).await), "not found", "the link ended with the account");
    }

    async fn a_name_and_an_address_change(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, entered) = begun(accounts, a_person("erika")).await;
        let address = "erika@kiel.example.org";
        let profile = |name: &str| Profile { name: name.into(), email: Some(address.parse().unwrap()) };
        let present = accounts.user(user.id).await.unwrap();
        let set = async |name: &str, version: Option<i32>| {
            accounts.set_profile(&Actor::console(), user.id, profile(name), version).await
        };
        let changed = set(" Erika Musterfrau ", Some(present.version)).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.version), ("Erika Musterfrau", present.version + 1));
        assert_eq!(kind_of(&set("Heinz", Some(present.version)).await), "conflict");
        assert_eq!(kind_of(&set("", None).await), "invalid");
        let session = accounts.session(&entered.secret).await.unwrap();
        assert_eq!(session.user.name, "Erika Musterfrau", "and the session goes on");
        accounts.request_reset("erika", &office()).await.unwrap();
        assert!(mail_to(&app, address, "Neues Passwort", 1).await.starts_with("Guten Tag Erika Musterfrau,"));
    }

    async fn people_are_found(app: TestApp) {
        let accounts = &app.app.accounts;
        for (login, name, email) in [
            ("anna", "Anna Großmann", None),
            ("bert", "Bert Öztürk", Some("b.oeztuerk@kiel.example.org")),
            ("carla", "Carla 100%", None),
            ("dörte", "Dörte Jensen", None),
        ] {
            let email = email.map(|email| email.parse().unwrap());
            let new = NewUser { name: name.into(), email, ..a_person(login) };
            accounts.invite(&Actor::console(), new).await.unwrap();
        }
        begun(accounts, a_person("emil")).await;
        let find = async |text: &str, state: Option<UserState>, limit: i64| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let query = UserQuery { text: Some(text.into()), state, after, limit };
                let page = accounts.users(query).await.unwrap();
                assert!(page.items.len() as i64 <= limit);
                all.extend(page.items.into_iter().map(|user| user.login));
                after = page.next;
                if after.is_none() {
                    return all;
                }
            }
        };
        for limit in [1, 2, 200] {
            assert_eq!(find("", None, limit).await.len(), 5);
            for (text, found) in [
                ("GROSSMANN", vec!["anna"]),
                ("öztürk", vec!["bert"]),
                ("oeztuerk@kiel", vec!["bert"]),
                ("DOERTE", vec!["dörte"]),
                ("mustermann", vec!["emil"]),
                ("niemand", vec![]),
            ] {
                assert_eq!(find(text, None, limit).await, found, "{text}");
            }
            assert_eq!(find("", Some(UserState::Active), limit).await, ["emil"]);
        }
        let page = accounts.users(UserQuery::default()).await.unwrap();
        assert_eq!((page.items.len(), page.next), (5, None));
        assert!(page.items.iter().all(|user| user.grants == [grant(Role::Central, "01002")]));
        assert_eq!(accounts.user_by_login(" DÖRTE ").await.unwrap().name, "Dörte Jensen");
    }

    async fn the_first_administrator_comes_by_a_link(app: TestApp) {
        let accounts = &app.app.accounts;
        let second = app.second_instance().await;
        let (a, b) = futures_util::future::join(accounts.first_admin(), second.accounts.first_admin()).await;
        let links = [a.unwrap().unwrap(), b.unwrap().unwrap()];
        let good = futures_util::future::join_all(links.iter().map(|link| accounts.link(&link.secret))).await;
        assert_eq!(good.iter().filter(|link| link.is_ok()).count(), 1, "the newer one counts");
        let again = accounts.first_admin().await.unwrap().unwrap();
        for link in &links {
            assert_eq!(kind_of(&accept(accounts, link).await), "not found");
        }
        app.clock.advance(TimeDelta::hours(24));
        assert_eq!(kind_of(&accept(accounts, &again).await), "not found");
        let last = accounts.first_admin().await.unwrap().unwrap();
        let entered = accept(accounts, &last).await.unwrap();
        let session = accounts.session(&entered.secret).await.unwrap();
        assert_eq!((session.user.login.as_str(), &session.user.grants), ("admin", &vec![grant(Role::Admin, "")]));
        assert!(accounts.first_admin().await.unwrap().is_none());
        accounts.disable(&Actor::console(), session.user.id).await.unwrap_err();
        assert!(second.accounts.first_admin().await.unwrap().is_none());
        second.stop().await;
    }

    async fn no_first_administrator_beside_others(app: TestApp) {
        let accounts = &app.app.accounts;
        accounts.invite(&Actor::console(), admin("chefin")).await.unwrap();
        assert!(accounts.first_admin().await.unwrap().is_none());
    }
}
