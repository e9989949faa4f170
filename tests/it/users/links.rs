//! Invitations, resets, and what the mails say.

use chrono::TimeDelta;
use lotse::access::users::{LinkPurpose, NewUser, UserState};
use lotse::access::{Actor, Stage};
use lotse::error::AppError;

use super::house::*;
use crate::with_people;

with_people! {
    async fn somebody_is_invited_begins_and_comes_back(app: TestApp) {
        let accounts = &app.app.accounts;
        let address = "erika@kiel.example.org";
        let new = NewUser { email: Some(address.parse().unwrap()), ..a_person(" Erika@Kiel.example.org ") };
        let (user, link) = accounts.invite(&Actor::console(), new.clone()).await.unwrap();
        assert_eq!((user.login.as_str(), user.state, user.has_password), (address, UserState::Invited, false));
        assert_eq!(link.expires_at, app.clock.now().plus(TimeDelta::hours(24)));
        let mail = mail_to(&app, address, "Ihr Zugang", 1).await;
        assert!(mail.starts_with("Guten Tag Erika Mustermann,") && mail.contains("Hello Erika Mustermann,"), "{mail}");
        assert_eq!(mail.matches(&link.url).count(), 2, "{mail}");
        assert_eq!(secret_in(&mail, "einladung"), link.secret);
        // Looking changes nothing, however often.
        for _ in 0..3 {
            let (who, purpose) = accounts.link(&link.secret).await.unwrap();
            assert_eq!((who.id, purpose), (user.id, LinkPurpose::Invitation));
        }
        let weak = accounts.accept(&link.secret, &"passwort1234".into(), &office()).await.unwrap_err();
        assert!(weak.to_string().contains("easy to guess"), "{weak}");
        let entered = accept(accounts, &link).await.unwrap();
        assert_eq!(entered.stage, Stage::Open);
        let session = accounts.session(&entered.secret).await.unwrap();
        assert_eq!((session.user.id, session.user.state), (user.id, UserState::Active));
        assert_eq!(session.user.grants, new.grants);
        assert_eq!(session.user.last_login_at, Some(app.clock.now()));
        assert_eq!((session.address.as_str(), session.agent.contains("Firefox")), ("192.0.2.10", true));
        accounts.log_out(&entered.secret).await.unwrap();
        accounts.log_out(&entered.secret).await.unwrap();
        assert_eq!(kind_of(&accounts.session(&entered.secret).await), "unauthorised");
        log_in(accounts, "  ERIKA@kiel.EXAMPLE.org").await;
    }

    async fn a_link_works_once_and_ends(app: TestApp) {
        let accounts = &app.app.accounts;
        let console = Actor::console();
        let (user, first) = accounts.invite(&console, a_person("erika")).await.unwrap();
        let second = accounts.invite_again(&console, user.id).await.unwrap();
        assert_eq!(kind_of(&accept(accounts, &first).await), "not found", "a newer link ended it");
        assert_eq!(kind_of(&accounts.link(&first.secret).await), "not found");
        app.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
        accounts.link(&second.secret).await.unwrap();
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(kind_of(&accounts.link(&second.secret).await), "not found");
        assert_eq!(kind_of(&accept(accounts, &second).await), "not found", "a day is over");
        let third = accounts.invite_again(&console, user.id).await.unwrap();
        let both = futures_util::future::join_all((0..4).map(|_| accept(accounts, &third))).await;
        let kinds: Vec<_> = both.iter().map(kind_of).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "ok").count(), 1, "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "not found").count(), 3, "{kinds:?}");
        assert_eq!(kind_of(&accept(accounts, &third).await), "not found");
        assert_eq!(kind_of(&accounts.invite_again(&console, user.id).await), "conflict");
        for nonsense in ["", "x", &"A".repeat(43)] {
            assert_eq!(kind_of(&accounts.link(nonsense).await), "not found");
        }
    }

    async fn a_forgotten_password(app: TestApp) {
        let accounts = &app.app.accounts;
        let address = "erika@kiel.example.org";
        let new = NewUser { email: Some(address.parse().unwrap()), ..a_person("erika") };
        let (user, entered) = begun(accounts, new).await;
        let invited = NewUser { email: Some("neu@kiel.example.org".parse().unwrap()), ..a_person("neu") };
        accounts.invite(&Actor::console(), invited).await.unwrap();
        let off = NewUser { email: Some("aus@kiel.example.org".parse().unwrap()), ..a_person("aus") };
        let (off, _) = begun(accounts, off).await;
        accounts.disable(&Actor::console(), off.id).await.unwrap();
        for login in ["niemand", "neu", "aus", "Erika "] {
            accounts.request_reset(login, &office()).await.unwrap();
        }
        let mail = mail_to(&app, address, "Neues Passwort", 1).await;
        let links = app.app.db.read(|conn| {
            use diesel::prelude::*;
            use lotse::db::schema::user_links;
            Ok(user_links::table.filter(user_links::purpose.eq("reset")).count().get_result::<i64>(conn)?)
        });
        assert_eq!(links.await.unwrap(), 1, "only who may log in is sent one");
        // Until the link is used everything stays as it was: anybody may ask for one.
        accounts.session(&entered.secret).await.unwrap();
        log_in(accounts, "erika").await;
        let secret = secret_in(&mail, "zuruecksetzen");
        assert_eq!(accounts.link(&secret).await.unwrap().1, LinkPurpose::Reset);
        let again = accounts.accept(&secret, &OTHER_PASSWORD.into(), &office()).await.unwrap();
        assert_eq!(kind_of(&accounts.session(&entered.secret).await), "unauthorised", "all sessions have ended");
        accounts.session(&again.secret).await.unwrap();
        assert_eq!(kind_of(&accounts.log_in("erika", &PASSWORD.into(), &office()).await), "unauthorised");
        accounts.log_in("erika", &OTHER_PASSWORD.into(), &office()).await.unwrap();
        let mail = mail_to(&app, address, "Passwort wurde ge", 1).await;
        assert!(mail.contains("wurde geändert") && mail.contains("was changed"), "{mail}");
        assert_eq!(accounts.user(user.id).await.unwrap().state, UserState::Active);
    }

    async fn an_administrator_resets(app: TestApp) {
        let accounts = &app.app.accounts;
        let (user, entered) = begun(accounts, a_person("erika")).await;
        let link = accounts.reset(&Actor::console(), user.id).await.unwrap();
        assert!(link.url.ends_with(&format!("/zuruecksetzen/{}", link.secret)), "{}", link.url);
        assert_eq!(kind_of(&accounts.session(&entered.secret).await), "unauthorised");
        assert_eq!(kind_of(&accounts.log_in("erika", &PASSWORD.into(), &office()).await), "unauthorised");
        accept(accounts, &link).await.unwrap();
        log_in(accounts, "erika").await;
        accounts.disable(&Actor::console(), user.id).await.unwrap();
        assert_eq!(kind_of(&accounts.reset(&Actor::console(), user.id).await), "conflict");
        accounts.enable(&Actor::console(), user.id).await.unwrap();
        let link = accounts.reset(&Actor::console(), user.id).await.unwrap();
        accounts.disable(&Actor::console(), user.id).await.unwrap();
        assert_eq!(kind_of(&accept(accounts, &link).await), "not found", "who is disabled cannot come in by a link");
        let (_, link) = accounts.invite(&Actor::console(), a_person("neu")).await.unwrap();
        let again = accounts.user_by_login("neu").await.unwrap();
        let newer = accounts.reset(&Actor::console(), again.id).await.unwrap();
        assert_eq!((newer.purpose, kind_of(&accept(accounts, &link).await)), (LinkPurpose::Invitation, "not found"));
        accept(accounts, &newer).await.unwrap();
    }

    /// What opens an account is nowhere in the database as it is, nor is the mail that carries it.
    async fn nothing_that_opens_is_stored(app: TestApp) {
        use diesel::prelude::*;
        use lotse::db::schema::{outbox, sessions, user_links, users};
        let accounts = &app.app.accounts;
        let new = NewUser { email: Some("erika@kiel.example.org".parse().unwrap()), ..a_person("erika") };
        let (_, link) = accounts.invite(&Actor::console(), new).await.unwrap();
        let entered = accept(accounts, &link).await.unwrap();
        let secrets = [link.secret.clone(), entered.secret.clone(), PASSWORD.to_owned()];
        let stored = app.app.db.read(|conn| {
            let mut all: Vec<Vec<u8>> = user_links::table.select(user_links::hash).load(conn)?;
            all.extend(sessions::table.select(sessions::hash).load::<Vec<u8>>(conn)?);
            all.extend(outbox::table.select(outbox::content).load::<Vec<u8>>(conn)?);
            let passwords: Vec<Option<String>> = users::table.select(users::password).load(conn)?;
            all.extend(passwords.into_iter().flatten().map(String::into_bytes));
            Ok(all)
        });
        let stored = stored.await.unwrap();
        assert!(stored.len() >= 4, "{}", stored.len());
        for secret in &secrets {
            let is_in = |bytes: &Vec<u8>| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!stored.iter().any(is_in), "{secret}");
        }
        assert!(stored.iter().any(|bytes| bytes.starts_with(b"$argon2id$")));
    }

    async fn what_makes_no_sense_is_refused(app: TestApp) {
        let accounts = &app.app.accounts;
        let refused = async |new: NewUser, field: &str| {
            match accounts.invite(&Actor::console(), new.clone()).await {
                Err(AppError::Invalid(faults)) => {
                    assert!(faults.iter().any(|fault| fault.field == field), "{field}: {faults:?}");
                }
                other => panic!("{new:?}: {}", kind_of(&other)),
            }
        };
        for login in ["", " ", "x", "zwei wörter", "a<b", &"x".repeat(101), "neue\nzeile"] {
            refused(a_person(login), "login").await;
        }
        for name in [" ", "Erika\r\nBcc: x@y.example"] {
            refused(NewUser { name: name.into(), ..a_person("erika") }, "name").await;
        }
        let mut speaker = grant(lotse::access::Role::SecondLevel, "");
        refused(NewUser { grants: vec![speaker.clone()], ..a_person("erika") }, "grants[0].contact").await;
        speaker.contact = Some("technik".parse().unwrap());
        let mut wrong = grant(lotse::access::Role::Agent, "");
        wrong.contact = speaker.contact.clone();
        let grants = vec![speaker.clone(), wrong];
        refused(NewUser { grants, ..a_person("erika") }, "grants[1].contact").await;
        let many = (0..51).map(|n| grant(lotse::access::Role::Agent, &format!("{n:05}"))).collect();
        refused(NewUser { grants: many, ..a_person("erika") }, "grants").await;
        let twice = vec![speaker.clone(), speaker.clone(), grant(lotse::access::Role::Agent, "01")];
        let (user, _) =
            accounts.invite(&Actor::console(), NewUser { grants: twice, ..a_person("erika") }).await.unwrap();
        assert_eq!(user.grants, [speaker, grant(lotse::access::Role::Agent, "01")]);
        assert_eq!(kind_of(&accounts.invite(&Actor::console(), a_person("ERIKA")).await), "conflict");
    }
}
