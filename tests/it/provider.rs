//! Log-in by a provider: against a certified one, and against one that forges.
//!
//! Invariant: what is counted are the rows in the database, not what a page says. Not here: the mapping of groups to
//! roles case by case (`access/provider/claims.rs`).

use std::process::Command;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use lotse::access::users::UserState;
use lotse::app::{App, Options, listen};
use lotse::clock::Timestamp;
use lotse::config::Config;
use lotse::db::schema::{audit_entries, login_flows, sessions, user_grants, user_identities, users};
use lotse::ids::UserId;
use serde_json::{Value, json};
use url::Url;

use crate::on_both;
use crate::support::app::{Reply, TestApp};
use crate::support::forger::{Forger, Key, by_secret, challenge, encode, unsigned};
use crate::support::oidc::{CLIENT, CLIENT_SECRET, OidcProvider, PUBLIC, Visitor};
use crate::support::process::BINARY;
use crate::support::wait::wait_for_some;

/// A Lotse on the database of the test, with log-in by a provider.
struct Lotse {
    app: App,
    base: String,
}

impl Lotse {
    /// `more` are further settings of the provider.
    async fn start(test: &TestApp, issuer: &str, more: &str) -> Self {
        Self::start_at(test, PUBLIC, issuer, more).await
    }

    async fn start_at(test: &TestApp, public_url: &str, issuer: &str, more: &str) -> Self {
        let settings = test.settings.replace("[server]\n", &format!("[server]\npublic_url = \"{public_url}\"\n"));
        let text = format!(
            "{settings}[oidc]\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{CLIENT_SECRET}\"\n\
             allow_http = true\n{more}\n\
             [[oidc.grant]]\nvalue = \"lotse-central-{{ars}}\"\nrole = \"central\"\n\
             [[oidc.grant]]\nvalue = \"lotse-admin\"\nrole = \"admin\"\n"
        );
        let file = test.database.folder.path().join("provider.toml");
        std::fs::write(&file, text).unwrap();
        let config = Config::load(Some(&file)).unwrap();
        let listener = Some(listen("server.listen", &config.server.listen).unwrap());
        let options = Options { clock: test.clock.clone(), listener, delivers: false, development: None };
        let app = App::start(&config, options).await.unwrap();
        let base = format!("http://{}", app.address().unwrap());
        Self { app, base }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.base)
    }

    /// Sessions that hold.
    async fn open_sessions(&self) -> i64 {
        let open = |conn: &mut lotse::db::Conn| {
            Ok(sessions::table.filter(sessions::ended_at.is_null()).count().get_result(conn)?)
        };
        self.app.db.read(open).await.unwrap()
    }

    /// People, identities and sessions that were ever made.
    async fn made(&self) -> (i64, i64, i64) {
        let counts = |conn: &mut lotse::db::Conn| {
            let people = users::table.count().get_result(conn)?;
            let identities = user_identities::table.count().get_result(conn)?;
            Ok((people, identities, sessions::table.count().get_result(conn)?))
        };
        self.app.db.read(counts).await.unwrap()
    }

    /// Whose session a visitor has.
    async fn person(&self, visitor: &Visitor) -> Option<Person> {
        let session = self.app.accounts.session(&visitor.cookie("lotse")?).await.ok()?;
        let (id, name) = (session.user.id, session.user.name);
        let email = session.user.email.map(|email| email.to_string());
        let mut grants: Vec<String> =
            session.user.grants.iter().map(|grant| format!("{} {}", grant.role, grant.scope.region)).collect();
        grants.sort();
        Some(Person { id, login: session.user.login, name, email, grants })
    }

    /// Somebody whom an administrator has made.
    async fn insert(&self, login: &str, email: &str, state: UserState) -> UserId {
        let (id, now) = (UserId::new(), self.now());
        let (login, email) = (login.to_owned(), email.to_owned());
        let insert = move |tx: &mut lotse::db::Tx| {
            let row = (
                users::id.eq(id),
                users::login.eq(login),
                users::name.eq("Von Hand"),
                users::email.eq(email),
                users::state.eq(state),
                users::created_at.eq(now),
                users::updated_at.eq(now),
                users::version.eq(1),
            );
            diesel::insert_into(users::table).values(row).execute(&mut **tx)?;
            Ok(())
        };
        self.app.db.write(insert).await.unwrap();
        id
    }

    async fn set_state(&self, id: UserId, state: UserState) {
        let change = move |tx: &mut lotse::db::Tx| {
            diesel::update(users::table.find(id)).set(users::state.eq(state)).execute(&mut **tx)?;
            Ok(())
        };
        self.app.db.write(change).await.unwrap();
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(chrono::Utc::now())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    id: UserId,
    login: String,
    name: String,
    email: Option<String>,
    grants: Vec<String>,
}

fn erika(groups: &[&str]) -> Value {
    json!({
        "sub": "erika-1", "name": "Erika Muster", "preferred_username": "Erika", "email": "erika@kiel.example.org",
        "email_verified": true, "groups": groups,
    })
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert!(reply.body.contains(words) && reply.body.contains("Noch einmal anmelden"), "{}", reply.body);
    let cookies: Vec<&str> = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(cookies.iter().all(|cookie| !cookie.starts_with("lotse=")), "{cookies:?}");
}

on_both! {
    async fn a_certified_provider_logs_people_in(test: TestApp) {
        let provider = OidcProvider::start();
        let lotse = Lotse::start(&test, &provider.issuer, "create_accounts = true").await;
        provider.introduce(&lotse.base).await;

        // The first log-in makes the person, with the roles of the groups.
        provider.next_is(erika(&["lotse-central-010020000000", "sportverein"])).await;
        let mut first = lotse.visitor();
        let reply = first.log_in("/anfragen?suche=Tür").await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/anfragen?suche=T%C3%BCr")), "{}", reply.body);
        let cookie = reply.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).find(|c| c.starts_with("lotse="));
        let cookie = cookie.unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/") && !cookie.contains("Max-Age"), "{cookie}");
        assert_eq!(first.cookie("lotse_flow"), None);
        let person = lotse.person(&first).await.unwrap();
        assert_eq!((person.login.as_str(), person.name.as_str()), ("erika", "Erika Muster"));
        assert_eq!(person.grants, ["central 010020000000"]);
        assert_eq!(person.email.as_deref(), Some("erika@kiel.example.org"));

        // With another address and name it is the same person.
        let mut married = erika(&["lotse-central-010020000000"]);
        (married["name"], married["email"]) = (json!("Erika Beispiel"), json!("beispiel@kiel.example.org"));
        provider.next_is(married.clone()).await;
        let mut second = lotse.visitor();
        second.log_in("/").await;
        let same = lotse.person(&second).await.unwrap();
        assert_eq!((same.id, same.name.as_str()), (person.id, "Erika Beispiel"));
        assert_eq!(same.email.as_deref(), Some("beispiel@kiel.example.org"));
        assert!(lotse.person(&first).await.is_some(), "the roles stayed, so the other session goes on");

        // With the same address and name but another subject it is somebody else.
        let mut other = married.clone();
        other["sub"] = json!("another-erika");
        provider.next_is(other).await;
        let mut stranger = lotse.visitor();
        stranger.log_in("/").await;
        let somebody_else = lotse.person(&stranger).await.unwrap();
        assert_ne!(somebody_else.id, person.id);
        assert_ne!(somebody_else.login, person.login);

        // With other groups the roles are others, and former sessions end.
        married["groups"] = json!(["lotse-central-01003", "lotse-admin"]);
        provider.next_is(married.clone()).await;
        let mut third = lotse.visitor();
        third.log_in("/").await;
        assert_eq!(lotse.person(&third).await.unwrap().grants, ["admin ", "central 01003"]);
        assert_eq!((lotse.person(&first).await, lotse.person(&second).await), (None, None));
        assert!(lotse.person(&stranger).await.is_some());

        // With no group left there is no way in, and none is left open.
        married["groups"] = json!([]);
        provider.next_is(married).await;
        let refused = lotse.visitor().log_in("/").await;
        assert_refused(&refused, 403, "nichts freigeschaltet");
        assert_eq!(lotse.person(&third).await, None);
        let id = person.id;
        let left = lotse.app.db.read(move |conn| {
            Ok(user_grants::table.filter(user_grants::user_id.eq(id)).count().get_result::<i64>(conn)?)
        });
        assert_eq!(left.await.unwrap(), 0);
        // All of it stands in the record of who did what.
        let id = person.id.to_string();
        let done = lotse.app.db.read(move |conn| {
            let own = audit_entries::table.filter(audit_entries::object_id.eq(id)).order(audit_entries::id);
            Ok(own.select(audit_entries::action).load::<String>(conn)?)
        });
        let (change, log_in) = ("user.changed", "session.logged_in");
        let expected = ["user.created", change, log_in, change, log_in, change, log_in, change];
        assert_eq!(done.await.unwrap(), expected);
        let waiting = lotse.app.db.read(|conn| Ok(login_flows::table.count().get_result::<i64>(conn)?)).await.unwrap();
        assert_eq!(waiting, 0, "log-ins that came back leave nothing");
        lotse.app.stop().await;
    }

    async fn nobody_gets_an_account_unasked(test: TestApp) {
        let provider = OidcProvider::start();
        let lotse = Lotse::start(&test, &provider.issuer, "").await;
        provider.introduce(&lotse.base).await;
        let known = lotse.insert("erika", "erika@kiel.example.org", UserState::Invited).await;

        // Neither the address nor the login name makes somebody the person who has it here.
        provider.next_is(erika(&["lotse-admin"])).await;
        let mut visitor = lotse.visitor();
        assert_refused(&visitor.log_in("/").await, 403, "nichts freigeschaltet");
        assert_eq!(lotse.made().await, (1, 0, 0));

        // Somebody whom an administrator has linked comes in.
        let link = |login: &str| {
            let settings = test.database.folder.path().join("provider.toml");
            let done = Command::new(BINARY).arg("--config").arg(settings).args(["user", "link", login, "erika-1"]).output();
            let done = done.unwrap();
            (done.status.success(), String::from_utf8(done.stderr).unwrap())
        };
        let linked = link("erika");
        assert!(linked.0, "{}", linked.1);
        let again = link("erika");
        assert!(!again.0 && again.1.contains("already"), "{}", again.1);
        assert!(!link("nobody").0);
        assert_eq!(visitor.log_in("/").await.status, 303);
        let person = lotse.person(&visitor).await.unwrap();
        assert_eq!((person.id, person.grants), (known, vec!["admin ".to_owned()]));

        // Roles given here stay beside those of the provider.
        let give = move |tx: &mut lotse::db::Tx| {
            let row = (
                user_grants::id.eq(lotse::ids::RowId::new()),
                user_grants::user_id.eq(known),
                user_grants::role.eq("auditor"),
                user_grants::region.eq("01"),
                user_grants::source.eq("given"),
            );
            diesel::insert_into(user_grants::table).values(row).execute(&mut **tx)?;
            Ok(())
        };
        lotse.app.db.write(give).await.unwrap();
        provider.next_is(erika(&[])).await;
        assert_eq!(lotse.visitor().log_in("/").await.status, 303);
        let mut later = lotse.visitor();
        later.log_in("/").await;
        assert_eq!(lotse.person(&later).await.unwrap().grants, ["auditor 01"]);

        // Who is disabled stays out, whatever the groups say.
        lotse.set_state(known, UserState::Disabled).await;
        provider.next_is(erika(&["lotse-admin"])).await;
        let before = lotse.made().await;
        assert_refused(&lotse.visitor().log_in("/").await, 403, "nichts freigeschaltet");
        assert_eq!(lotse.made().await, before);
        lotse.app.stop().await;
    }

    async fn log_out_goes_both_ways(test: TestApp) {
        let provider = OidcProvider::start();
        let lotse = Lotse::start(&test, &provider.issuer, "create_accounts = true").await;
        provider.introduce(&lotse.base).await;
        provider.next_is(erika(&["lotse-admin"])).await;
        let mut visitor = lotse.visitor();
        visitor.log_in("/").await;
        provider.next_is(json!({"sub": "otto", "name": "Otto", "groups": ["lotse-admin"]})).await;
        let mut otto = lotse.visitor();
        otto.log_in("/").await;

        // The address that Lotse sends people to when they log out is one that the provider takes.
        let session = lotse.app.accounts.session(&visitor.cookie("lotse").unwrap()).await.unwrap();
        let token = lotse.app.accounts.id_token(&session).unwrap().unwrap();
        let url = lotse.app.provider.as_ref().unwrap().log_out_url(&token).await.unwrap();
        let page = visitor.get(url.as_str()).await;
        let form = page.body.split("name=\"xsrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let secret = form.unwrap_or_else(|| panic!("no form to log out with: {} {}", page.status, page.body)).to_owned();
        let confirm = format!("{}/session/end/confirm", provider.issuer);
        let over = visitor.post(&confirm, &[("xsrf", &secret), ("logout", "yes")]).await;
        assert_eq!((over.status, over.header("location")), (303, Some(&*format!("{PUBLIC}/"))), "{}", over.body);

        // It told Lotse before it answered: the session there has ended, and nobody else's.
        assert_eq!(lotse.person(&visitor).await, None);
        assert_eq!(lotse.person(&otto).await.unwrap().name, "Otto");
        lotse.app.stop().await;
    }
}

/// A log-in at the forger that has got as far as the provider.
struct Halfway {
    visitor: Visitor,
    state: String,
    nonce: String,
    challenge: String,
}

impl Halfway {
    async fn begin(lotse: &Lotse) -> Self {
        let mut visitor = lotse.visitor();
        let reply = visitor.get("/anmelden/dienst?return_to=/ziel").await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        let url = Url::parse(reply.header("location").unwrap()).unwrap();
        let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(of("response_type").as_deref(), Some("code"));
        assert_eq!(of("code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(of("redirect_uri").unwrap(), format!("{PUBLIC}/anmelden/dienst/zurueck"));
        let (state, nonce) = (of("state").unwrap(), of("nonce").unwrap());
        Self { visitor, state, nonce, challenge: of("code_challenge").unwrap() }
    }

    async fn back(&mut self) -> Reply {
        let state = self.state.clone();
        self.back_with(&state).await
    }

    async fn back_with(&mut self, state: &str) -> Reply {
        self.visitor.get(&format!("/anmelden/dienst/zurueck?code=c&state={state}")).await
    }
}

/// The claims of a genuine ID token, changed by `change`.
fn claims(issuer: &str, nonce: &str, change: &Value) -> Value {
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({
        "iss": issuer, "aud": CLIENT, "sub": "max", "sid": "s1", "nonce": nonce, "iat": now, "exp": now + 300,
        "name": "Max", "preferred_username": "max", "groups": ["lotse-admin"],
    });
    merge(&mut claims, change);
    claims
}

/// Puts the members of `change` in the place of those of `claims`; null takes one away.
fn merge(claims: &mut Value, change: &Value) {
    let claims = claims.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name)
        } else {
            claims.insert(name.clone(), value.clone())
        };
    }
}

on_both! {
    async fn forged_tokens_open_nothing(test: TestApp) {
        let (key, foreign) = (Key::new("k1"), Key::new("k1"));
        let forger = Forger::start(&key).await;
        let lotse = Lotse::start(&test, &forger.issuer, "create_accounts = true").await;
        let now = chrono::Utc::now().timestamp();
        let wrong = [
            ("another issuer", json!({"iss": "https://id.example.org"})),
            ("an issuer with a slash more", json!({"iss": format!("{}/", forger.issuer)})),
            ("no issuer", json!({"iss": null})),
            ("another audience", json!({"aud": "other"})),
            ("an audience more", json!({"aud": [CLIENT, "other"]})),
            ("no audience", json!({"aud": null})),
            ("another party", json!({"azp": "other"})),
            ("another nonce", json!({"nonce": "other"})),
            ("no nonce", json!({"nonce": null})),
            ("its end is past", json!({"exp": now - 1})),
            ("no end", json!({"exp": null})),
            ("made in an hour", json!({"iat": now + 3600, "exp": now + 7200})),
            ("nobody", json!({"sub": ""})),
            ("no subject", json!({"sub": null})),
        ];
        for (what, change) in wrong {
            let mut halfway = Halfway::begin(&lotse).await;
            forger.answer(key.sign(&claims(&forger.issuer, &halfway.nonce, &change)));
            assert_refused(&halfway.back().await, 400, "Anmeldung hat nicht geklappt");
            assert_eq!(lotse.made().await, (0, 0, 0), "{what}");
        }
        type Forge<'a> = Box<dyn Fn(&Value) -> String + 'a>;
        let none = json!({"alg": "none", "typ": "JWT"});
        let forgeries: Vec<(&str, Forge)> = vec![
            ("no signature", Box::new(|claims| format!("{}.", unsigned(&none, claims)))),
            ("a signature of no algorithm", Box::new(|claims| key.sign_under(&none, claims))),
            ("an algorithm of another case", Box::new(|claims| format!("{}.", unsigned(&json!({"alg": "nOnE"}), claims)))),
            ("the public key as a secret", Box::new(|claims| by_secret("k1", key.public(), claims))),
            ("the published key as a secret", Box::new(|claims| by_secret("k1", key.jwk().to_string().as_bytes(), claims))),
            ("the client's secret", Box::new(|claims| by_secret("k1", CLIENT_SECRET.as_bytes(), claims))),
            ("somebody else's key", Box::new(|claims| foreign.sign(claims))),
            ("a key that nobody knows", Box::new(|claims| Key::new("k2").sign(claims))),
            ("changed after signing", Box::new(|claims| {
                let signed = key.sign(&json!({"sub": "x"}));
                format!("{}.{}", unsigned(&json!({"alg": "ES256", "kid": "k1"}), claims), signed.rsplit('.').next().unwrap())
            })),
            ("cut", Box::new(|claims| key.sign(claims).rsplit_once('.').unwrap().0.to_owned())),
            ("critical header", Box::new(|claims| key.sign_under(&json!({"alg": "ES256", "kid": "k1", "crit": ["x"], "x": 1}), claims))),
            ("no token", Box::new(|_| String::new())),
        ];
        for (what, forge) in &forgeries {
            let mut halfway = Halfway::begin(&lotse).await;
            forger.answer(forge(&claims(&forger.issuer, &halfway.nonce, &json!({}))));
            assert_refused(&halfway.back().await, 400, "Anmeldung hat nicht geklappt");
            assert_eq!(lotse.made().await, (0, 0, 0), "{what}");
        }
        // The same with nothing wrong opens a session: it is the forgery that was refused.
        let mut halfway = Halfway::begin(&lotse).await;
        forger.answer(key.sign(&claims(&forger.issuer, &halfway.nonce, &json!({}))));
        let reply = halfway.back().await;
        assert_eq!((reply.status, reply.header("location")), (303, Some("/ziel")), "{}", reply.body);
        assert_eq!(lotse.made().await, (1, 1, 1));
        // The code went with the verifier of this log-in's challenge.
        let asked = forger.asked().pop().unwrap();
        let verifier = asked.iter().find(|(name, _)| name == "code_verifier").unwrap();
        assert_eq!(challenge(&verifier.1), halfway.challenge);
        lotse.app.stop().await;
    }

    async fn a_log_in_comes_back_once_to_its_own_browser(test: TestApp) {
        let key = Key::new("k1");
        let forger = Forger::start(&key).await;
        let lotse = Lotse::start(&test, &forger.issuer, "create_accounts = true").await;
        let genuine = |nonce: &str| key.sign(&claims(&forger.issuer, nonce, &json!({})));

        let mut halfway = Halfway::begin(&lotse).await;
        forger.answer(genuine(&halfway.nonce));
        let exchanges = forger.asked().len();
        for state in ["", "x", &encode(&[7; 32]), &format!("{}x", halfway.state)] {
            assert_refused(&halfway.back_with(state).await, 400, "Anmeldung hat nicht geklappt");
            // A fault takes the cookie away; an attacker would have kept it.
            let flow = halfway.visitor.cookie("lotse_flow");
            assert_eq!(flow, None);
            halfway = Halfway::begin(&lotse).await;
            forger.answer(genuine(&halfway.nonce));
        }
        // The cookie's secret itself is no state, and the state no cookie.
        let flow = halfway.visitor.cookie("lotse_flow").unwrap();
        assert_refused(&halfway.back_with(&flow).await, 400, "Anmeldung hat nicht geklappt");
        let state = halfway.state.clone();
        halfway.visitor.set_cookie("lotse_flow", &state);
        assert_refused(&halfway.back().await, 400, "Anmeldung hat nicht geklappt");

        // Somebody else's log-in, with one's own cookie, with theirs for another, and with none.
        let (mut attacker, mut victim) = (Halfway::begin(&lotse).await, Halfway::begin(&lotse).await);
        forger.answer(genuine(&attacker.nonce));
        assert_refused(&victim.back_with(&attacker.state).await, 400, "Anmeldung hat nicht geklappt");
        assert_refused(&lotse.visitor().get(&format!("/anmelden/dienst/zurueck?code=c&state={state}")).await, 400, "hat nicht geklappt");
        // The provider said no, or nothing at all, or it is another provider.
        for query in ["error=access_denied", "", "code=c&state=x", "iss=https://id.example.org&code=c"] {
            let mut asked = Halfway::begin(&lotse).await;
            let place = format!("/anmelden/dienst/zurueck?{query}&state={}", asked.state);
            assert_refused(&asked.visitor.get(&place).await, 400, "hat nicht geklappt");
        }
        assert_eq!(forger.asked().len(), exchanges, "no code was even tried");
        assert_eq!(lotse.made().await, (0, 0, 0));

        // It comes back well, but only once, however many come at the same moment.
        let flow = attacker.visitor.cookie("lotse_flow").unwrap();
        let place = format!("/anmelden/dienst/zurueck?code=c&state={}", attacker.state);
        let mut twin = lotse.visitor();
        twin.set_cookie("lotse_flow", &flow);
        let (one, other) = tokio::join!(attacker.visitor.get(&place), twin.get(&place));
        let mut both = [one.status, other.status];
        both.sort();
        assert_eq!(both, [303, 400]);
        attacker.visitor.set_cookie("lotse_flow", &flow);
        assert_refused(&attacker.back().await, 400, "hat nicht geklappt");
        assert_eq!(lotse.made().await, (1, 1, 1));
        // Nor is a token of one log-in good for another.
        forger.answer(genuine(&attacker.nonce));
        assert_refused(&Halfway::begin(&lotse).await.back().await, 400, "hat nicht geklappt");
        // Nor after ten minutes.
        let mut slow = Halfway::begin(&lotse).await;
        forger.answer(genuine(&slow.nonce));
        let past = lotse.now().minus(TimeDelta::minutes(10));
        let age = move |tx: &mut lotse::db::Tx| {
            diesel::update(login_flows::table).set(login_flows::created_at.eq(past)).execute(&mut **tx)?;
            Ok(())
        };
        lotse.app.db.write(age).await.unwrap();
        assert_refused(&slow.back().await, 400, "hat nicht geklappt");
        assert_eq!(lotse.made().await, (1, 1, 1));
        lotse.app.stop().await;
    }

    async fn an_address_tells_nobody_apart(test: TestApp) {
        let key = Key::new("k1");
        let forger = Forger::start(&key).await;
        let lotse = Lotse::start(&test, &forger.issuer, "").await;
        lotse.insert("chefin", "chefin@kiel.example.org", UserState::Active).await;
        for verified in [json!(true), json!(false), Value::Null] {
            let mut halfway = Halfway::begin(&lotse).await;
            let change = json!({
                "sub": "chefin@kiel.example.org", "preferred_username": "chefin", "email": "chefin@kiel.example.org",
                "email_verified": verified,
            });
            forger.answer(key.sign(&claims(&forger.issuer, &halfway.nonce, &change)));
            assert_refused(&halfway.back().await, 403, "nichts freigeschaltet");
            assert_eq!(lotse.made().await, (1, 0, 0));
        }
        lotse.app.stop().await;
        // Where accounts are made, an address that was not verified is not kept, and the name of others is not taken.
        let lotse = Lotse::start(&test, &forger.issuer, "create_accounts = true").await;
        let mut halfway = Halfway::begin(&lotse).await;
        let change = json!({"preferred_username": "Chefin", "email": "chefin@kiel.example.org", "email_verified": false});
        forger.answer(key.sign(&claims(&forger.issuer, &halfway.nonce, &change)));
        assert_eq!(halfway.back().await.status, 303);
        let person = lotse.person(&halfway.visitor).await.unwrap();
        assert_eq!(person.email, None);
        assert!(person.login.starts_with("dienst-"), "{}", person.login);
        lotse.app.stop().await;
    }

    async fn forged_log_outs_end_nothing(test: TestApp) {
        let (key, foreign) = (Key::new("k1"), Key::new("k1"));
        let forger = Forger::start(&key).await;
        let lotse = Lotse::start(&test, &forger.issuer, "create_accounts = true").await;
        let log_in = async || {
            let mut halfway = Halfway::begin(&lotse).await;
            forger.answer(key.sign(&claims(&forger.issuer, &halfway.nonce, &json!({}))));
            assert_eq!(halfway.back().await.status, 303);
        };
        let send = async |token: String| {
            let reply = lotse.visitor().post("/anmelden/dienst/abmeldung", &[("logout_token", &token)]).await;
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            reply.status
        };
        log_in().await;
        let now = chrono::Utc::now().timestamp();
        let number = std::sync::atomic::AtomicU32::new(0);
        let over = |change: &Value| {
            let jti = format!("t{}", number.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            let mut claims = json!({
                "iss": forger.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": jti, "sub": "max", "sid": "s1",
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            });
            merge(&mut claims, change);
            claims
        };
        for (what, change) in [
            ("another issuer", json!({"iss": "https://id.example.org"})),
            ("another audience", json!({"aud": "other"})),
            ("other audiences", json!({"aud": ["other", "another"]})),
            ("no audience", json!({"aud": null})),
            ("a nonce", json!({"nonce": "n"})),
            ("an empty nonce", json!({"nonce": ""})),
            ("old", json!({"iat": now - 301})),
            ("of tomorrow", json!({"iat": now + 86_400})),
            ("no time", json!({"iat": null})),
            ("past its end", json!({"exp": now - 120})),
            ("another event", json!({"events": {"http://schemas.openid.net/event/other": {}}})),
            ("no event", json!({"events": null})),
            ("the event in words", json!({"events": "http://schemas.openid.net/event/backchannel-logout"})),
            ("nobody", json!({"sub": null, "sid": null})),
            ("no name of its own", json!({"jti": null})),
        ] {
            assert_eq!(send(key.sign(&over(&change))).await, 400, "{what}");
            assert_eq!(lotse.open_sessions().await, 1, "{what}");
        }
        let none = json!({"alg": "none"});
        for (what, token) in [
            ("no signature", format!("{}.", unsigned(&none, &over(&json!({}))))),
            ("the public key as a secret", by_secret("k1", key.public(), &over(&json!({})))),
            ("the client's secret", by_secret("k1", CLIENT_SECRET.as_bytes(), &over(&json!({})))),
            ("somebody else's key", foreign.sign(&over(&json!({})))),
            ("an unknown key", Key::new("k2").sign(&over(&json!({})))),
            ("an ID token", key.sign(&claims(&forger.issuer, "n", &json!({})))),
            ("another kind", key.sign_under(&json!({"alg": "ES256", "kid": "k1", "typ": "at+jwt"}), &over(&json!({})))),
            ("no token", "x".to_owned()),
            ("nothing", String::new()),
            ("a heap", "x".repeat(20_000)),
        ] {
            assert_eq!(send(token).await, 400, "{what}");
            assert_eq!(lotse.open_sessions().await, 1, "{what}");
        }
        assert_eq!(lotse.visitor().post("/anmelden/dienst/abmeldung", &[]).await.status, 400);

        // A session or a person that Lotse does not know is none of its own.
        for unknown in [json!({"sid": "s2"}), json!({"sid": "s2", "sub": null}), json!({"sub": "nobody", "sid": null})] {
            assert_eq!(send(key.sign(&over(&unknown))).await, 200, "{unknown}");
            assert_eq!(lotse.open_sessions().await, 1, "{unknown}");
        }
        // A genuine one ends the session, once.
        let genuine = key.sign_under(&json!({"alg": "ES256", "kid": "k1", "typ": "logout+jwt"}), &over(&json!({})));
        assert_eq!(send(genuine.clone()).await, 200);
        assert_eq!(lotse.open_sessions().await, 0);
        log_in().await;
        assert_eq!(send(genuine).await, 400);
        assert_eq!(lotse.open_sessions().await, 1, "a log-out that was used ends no later session");
        // By the person alone, all theirs.
        log_in().await;
        assert_eq!(send(key.sign(&over(&json!({"sid": null})))).await, 200);
        assert_eq!(lotse.open_sessions().await, 0);
        lotse.app.stop().await;
    }

    async fn a_provider_may_be_away_and_change_its_keys(test: TestApp) {
        let (key, next) = (Key::new("k1"), Key::new("k2"));
        let forger = Forger::start(&key).await;
        forger.set_down(true);
        let lotse = Lotse::start(&test, &forger.issuer, "create_accounts = true").await;
        assert_refused(&lotse.visitor().get("/anmelden/dienst").await, 503, "Anmeldedienst ist nicht erreichbar");
        forger.set_down(false);
        let back = || async {
            let reply = lotse.visitor().get("/anmelden/dienst").await;
            (reply.status == 303).then_some(())
        };
        wait_for_some("the provider again", Duration::from_secs(10), back).await;
        for key in [&key, &next] {
            forger.publish(&[key]);
            let mut halfway = Halfway::begin(&lotse).await;
            forger.answer(key.sign(&claims(&forger.issuer, &halfway.nonce, &json!({}))));
            assert_eq!(halfway.back().await.status, 303, "{}", key.kid);
        }
        lotse.app.stop().await;
    }

    async fn nothing_leads_elsewhere_or_stays_plain(test: TestApp) {
        let key = Key::new("k1");
        let forger = Forger::start(&key).await;
        let lotse = Lotse::start_at(&test, "https://lotse.example.org", &forger.issuer, "create_accounts = true").await;
        let mut visitor = lotse.visitor();
        for away in ["//example.org", "/\\example.org", "https://example.org/", "/%09/example.org"] {
            let reply = visitor.get(&format!("/anmelden/dienst?return_to={away}")).await;
            let cookie = reply.header("set-cookie").unwrap();
            assert!(cookie.starts_with("__Host-lotse_flow=") && cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
            let url = Url::parse(reply.header("location").unwrap()).unwrap();
            let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
            forger.answer(key.sign(&claims(&forger.issuer, &of("nonce"), &json!({}))));
            let reply = visitor.get(&format!("/anmelden/dienst/zurueck?code=c&state={}", of("state"))).await;
            assert_eq!((reply.status, reply.header("location")), (303, Some("/")), "{away}");
            let cookies: Vec<&str> = reply.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
            assert!(cookies[0].starts_with("__Host-lotse=") && cookies[0].ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookies:?}");
        }
        lotse.app.stop().await;
        // Without a provider there is nothing of it.
        for (method, path) in [("GET", "/anmelden/dienst"), ("GET", "/anmelden/dienst/zurueck"), ("POST", "/anmelden/dienst/abmeldung")] {
            assert_eq!(test.send("", method, path, None, &[]).await.status, 404, "{path}");
        }
    }
}
