//! Rights of people and of what belongs to them: several roles at once, sessions as callers, tokens of a person,
//! addresses, and the token of forms.
//!
//! Not here: each operation for each role (`access.rs`), how people log in (`users.rs`).

use lotse::access::token::NewToken;
use lotse::access::{Action, Actor, Channel, Grant, Role, Scope};
use lotse::clock::Clock;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, Reply, TestApp, a_ticket};

fn grant(role: Role, region: &str) -> Grant {
    Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }
}

/// What somebody asks with the cookie of their session.
async fn asks(
    app: &TestApp,
    person: &crate::support::app::LoggedIn,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Reply {
    let headers = [("Cookie", person.cookie.as_str()), ("X-CSRF-Token", person.csrf.as_str())];
    app.send("", method, path, body.map(|body| body.to_string()), &headers).await
}

on_both! {
    /// The session of a person is a caller like a token, for reading at once, for changes with the token of forms.
    async fn a_session_asks_the_interface(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        let anna = app.person("anna", vec![grant(Role::Central, "01002")]).await;
        asks(&app, &anna, "GET", &path, None).await.expect(200);
        let claim = format!("{path}/claim");
        for headers in [
            vec![("Cookie", anna.cookie.as_str())],
            vec![("Cookie", anna.cookie.as_str()), ("X-CSRF-Token", "falsch")],
            vec![("Cookie", anna.cookie.as_str()), ("X-CSRF-Token", &anna.csrf), ("Sec-Fetch-Site", "cross-site")],
            vec![("Cookie", anna.cookie.as_str()), ("X-CSRF-Token", &anna.csrf), ("Sec-Fetch-Site", "same-site")],
            vec![("Cookie", anna.cookie.as_str()), ("X-CSRF-Token", &anna.csrf), ("Origin", "https://boese.example.org")],
            vec![("Cookie", anna.cookie.as_str()), ("X-CSRF-Token", &anna.csrf), ("Origin", "null")],
        ] {
            let reply = app.send("", "POST", &claim, Some("{}".into()), &headers).await;
            assert_eq!(reply.status, 403, "{headers:?} {}", reply.body);
        }
        let claimed = asks(&app, &anna, "POST", &claim, Some(json!({}))).await.expect(200);
        assert_eq!(claimed["claimed_by"]["name"], "anna");
        let history = asks(&app, &anna, "GET", &format!("{path}/history"), None).await.expect(200);
        assert_eq!(history["items"][1]["actor"]["kind"], "person", "{history}");
        // Once logged out the same cookie is nobody's.
        app.app.accounts.log_out(&anna.secret).await.unwrap();
        assert_eq!(asks(&app, &anna, "GET", &path, None).await.status, 401);
    }

    /// Of several roles the longest match decides, for one object and in lists.
    async fn the_longest_match_decides(app: TestApp) {
        let mut app = app;
        let kiel = app.submit().await;
        let agent = app.agent().await;
        let luebeck = app.post(&agent, "/api/v1/tickets", {
            let mut body = a_ticket();
            body["ars"] = json!("010030000000");
            body
        }).await.expect(201);
        let both = app.person("beide", vec![grant(Role::Central, "01"), grant(Role::Auditor, "01002")]).await;
        let claim = |ticket: &Value| format!("/api/v1/tickets/{}/claim", ticket["id"].as_str().unwrap());
        let look = |ticket: &Value| format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        asks(&app, &both, "GET", &look(&kiel), None).await.expect(200);
        asks(&app, &both, "POST", &claim(&kiel), Some(json!({}))).await.expect(403);
        asks(&app, &both, "POST", &claim(&luebeck), Some(json!({}))).await.expect(200);
        assert_eq!(asks(&app, &both, "GET", "/api/v1/tickets", None).await.expect(200)["items"].as_array().unwrap().len(), 2);
        // A role that reads no requests takes the sight of one place away, and of nothing else.
        let less = app.person("weniger", vec![grant(Role::Central, "01"), grant(Role::DirectoryEditor, "01002")]).await;
        asks(&app, &less, "GET", &look(&kiel), None).await.expect(404);
        let list = asks(&app, &less, "GET", "/api/v1/tickets", None).await.expect(200);
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|ticket| &ticket["id"]).collect();
        assert_eq!(ids, [&luebeck["id"]]);
        let found = asks(&app, &less, "GET", "/api/v1/tickets?q=wohnsitzanmeldung", None).await.expect(200);
        assert!(!found.to_string().contains(kiel["number"].as_str().unwrap()), "{found}");
    }

    /// An agent of one help channel sees and hands in what comes in by it alone.
    async fn a_channel_bounds_an_agent(app: TestApp) {
        let mut app = app;
        let by_115 = app.submit().await;
        let bounded = NewToken { channel: Some(Channel::Phone), ..NewToken::new("Telefon", Role::Agent) };
        let (_, phone) = app.app.tokens.create(&Actor::console(), bounded).await.unwrap();
        app.get(&phone, &format!("/api/v1/tickets/{}", by_115["id"].as_str().unwrap())).await.expect(404);
        app.post(&phone, "/api/v1/tickets", a_ticket()).await.expect(403);
        let mut own = a_ticket();
        own["channel"] = json!("phone");
        let own = app.post(&phone, "/api/v1/tickets", own).await.expect(201);
        let list = app.get(&phone, "/api/v1/tickets").await.expect(200);
        assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["id"]), (1, &own["id"]));
    }

    /// A person's token has what they have at the time, and no more.
    async fn a_token_is_bounded_by_its_owner(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        let owner = app.person("carla", vec![grant(Role::Central, "01")]).await;
        let new = |role, region: &str| NewToken {
            owner: Some(owner.user.id),
            regions: vec![region.parse().unwrap()],
            ..NewToken::new("ihr Skript", role)
        };
        for (role, region) in [(Role::Admin, "01"), (Role::Auditor, "01002"), (Role::Central, "02"), (Role::Central, "")] {
            assert!(app.app.tokens.create(&Actor::console(), new(role, region)).await.is_err(), "{role} {region}");
        }
        let (_, token) = app.app.tokens.create(&Actor::console(), new(Role::Central, "01002")).await.unwrap();
        app.post(&token, &format!("{path}/claim"), json!({})).await.expect(200);
        let by = lotse::access::Actor::console();
        app.app.accounts.set_grants(&by, owner.user.id, vec![grant(Role::Central, "01003")], None).await.unwrap();
        app.answers(&token, &path, 404).await;
        app.app.accounts.set_grants(&by, owner.user.id, vec![grant(Role::Auditor, "01002")], None).await.unwrap();
        app.answers(&token, &path, 200).await;
        app.post(&token, &format!("{path}/release"), json!({})).await.expect(403);
        app.app.accounts.disable(&by, owner.user.id).await.unwrap();
        app.answers(&token, &path, 401).await;
        // It is the same on another instance, within a second.
        let other = app.second_instance().await;
        let there = format!("http://{}", other.address().unwrap());
        let reply = crate::support::app::send(&crate::support::app::client(), &there, &token, "GET", &path, None, &[]).await;
        assert_eq!(reply.status, 401);
        other.stop().await;
    }

    /// A reset ends what whoever took the account over may have made with it.
    async fn a_reset_ends_tokens(app: TestApp) {
        let owner = app.person("carla", vec![grant(Role::Auditor, "")]).await;
        let new = NewToken { owner: Some(owner.user.id), ..NewToken::new("ihr Skript", Role::Auditor) };
        let (_, token) = app.app.tokens.create(&Actor::console(), new).await.unwrap();
        app.get(&token, "/api/v1/tickets").await.expect(200);
        app.app.accounts.reset(&Actor::console(), owner.user.id).await.unwrap();
        app.answers(&token, "/api/v1/tickets", 401).await;
    }

    /// Who keeps the directory names only contacts in their sight, and lets nobody see who asked.
    async fn the_directory_opens_nothing(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let (lead, editor) = (app.token(Role::ProjectLead, "010020000000").await, app.token(Role::DirectoryEditor, "01002").await);
        for (id, owner) in [("kiel-eigen", "010020000000"), ("luebeck-eigen", "010030000000")] {
            let new = json!({"id": id, "name": id, "owner": owner, "email": format!("{id}@amt.example.org")});
            app.post(&admin, "/api/v1/contacts", new).await.expect(201);
        }
        let adoption = app.get(&lead, "/api/v1/adoptions").await.expect(200)["items"][0]["id"].clone();
        let path = format!("/api/v1/adoptions/{}", adoption.as_str().unwrap());
        let names = async |slug: &str| app.patch(&lead, &path, json!({"functional": [slug]})).await;
        let (foreign, none) = (names("luebeck-eigen").await, names("gibt-es-nicht").await);
        assert_eq!(foreign.body.replace("luebeck-eigen", "…"), none.body.replace("gibt-es-nicht", "…"));
        foreign.expect_fault(422, "functional");
        names("kiel-eigen").await.expect(200);
        let kiel = "/api/v1/contacts/kiel-eigen";
        app.patch(&editor, kiel, json!({"deputy": "luebeck-eigen"})).await.expect_fault(422, "deputy");
        app.patch(&editor, kiel, json!({"discloses_reporter": true})).await.expect(403);
        app.patch(&editor, kiel, json!({"email": "neu@amt.example.org"})).await.expect(200);
        app.patch(&admin, kiel, json!({"discloses_reporter": true})).await.expect(200);
        app.patch(&editor, kiel, json!({"email": "mein@postfach.example.org"})).await.expect(403);
        app.patch(&editor, kiel, json!({"phone": "+49 431 0000"})).await.expect(200);
    }

    /// A NUL, which PostgreSQL keeps in no text, is a fault of whoever sends it.
    async fn nul_is_refused_at_the_door(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        for path in ["/api/v1/tickets?q=%00", "/api/v1/audit?object_id=a%00b", "/api/v1/contacts?q=%00", "/api/v1/users?q=%00"] {
            app.get(&admin, path).await.expect(422);
        }
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        for path in ["/anmelden", "/passwort-vergessen"] {
            let reply = app.send("", "POST", path, Some("login=%00&password=x%00".into()), &headers).await;
            assert_eq!(reply.status, 422, "{path}: {}", reply.body);
        }
        for name in ["a\0b", "", &"x".repeat(201)] {
            assert!(app.app.tokens.create(&Actor::console(), NewToken::new(name, Role::Auditor)).await.is_err(), "{name:?}");
        }
    }

    /// A token for one network is no token elsewhere, whatever a client says of where it is.
    async fn a_token_may_be_bound_to_addresses(app: TestApp) {
        let network = |net: &str| NewToken { addresses: vec![net.parse().unwrap()], ..NewToken::new(net, Role::Auditor) };
        let (_, here) = app.app.tokens.create(&Actor::console(), network("127.0.0.0/8")).await.unwrap();
        let (_, elsewhere) = app.app.tokens.create(&Actor::console(), network("203.0.113.0/24")).await.unwrap();
        app.get(&here, "/api/v1/tickets").await.expect(200);
        app.get(&elsewhere, "/api/v1/tickets").await.expect(401);
        for name in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP"] {
            for value in ["203.0.113.9", "for=203.0.113.9"] {
                let reply = app.send(&elsewhere, "GET", "/api/v1/tickets", None, &[(name, value)]).await;
                assert_eq!(reply.status, 401, "{name}: {value}");
            }
        }
    }
}

/// Behind a proxy that the settings name, its word counts, and only the part that it wrote itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_tells_where_somebody_is() {
    let mut app = TestApp::start_with(Kind::Sqlite, "", Clock::system()).await;
    app.settings = app.settings.replace("[server]\n", "[server]\ntrusted_proxies = \"127.0.0.1\"\n");
    let behind = app.second_instance().await;
    let base = format!("http://{}", behind.address().unwrap());
    let new = NewToken { addresses: vec!["203.0.113.0/24".parse().unwrap()], ..NewToken::new("dort", Role::Auditor) };
    let (_, token) = behind.tokens.create(&Actor::console(), new).await.unwrap();
    let client = crate::support::app::client();
    for (told, status) in [("203.0.113.9", 200), ("203.0.113.9, 198.51.100.1", 401), ("198.51.100.1, 203.0.113.9", 200)]
    {
        let headers = [("X-Forwarded-For", told)];
        let reply = crate::support::app::send(&client, &base, &token, "GET", "/api/v1/tickets", None, &headers).await;
        assert_eq!(reply.status, status, "{told}: {}", reply.body);
    }
    behind.stop().await;
}

/// Every role as a person with a session, on every kind of right: the same table as for tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_have_the_rights_of_the_table() {
    let app = TestApp::start(Kind::Sqlite).await;
    for role in Role::ALL.iter().copied() {
        let mut one = grant(role, "");
        one.contact = (role == Role::SecondLevel).then(|| "technik".parse().unwrap());
        let person = app.person(&format!("rolle-{}", role.as_str().replace('_', "-")), vec![one]).await;
        for (method, path, action) in crate::access::OPERATIONS {
            let body = matches!(*method, "POST" | "PUT" | "PATCH").then(|| json!({}));
            let reply = asks(&app, &person, method, &crate::access::filled(path), body).await;
            let what = format!("{role} {method} {path}: {} {}", reply.status, reply.body);
            let is_allowed = lotse::access::policy::allows(role, *action);
            assert_eq!(matches!(reply.status, 401 | 403), !is_allowed, "{what}");
            if !is_allowed {
                assert!(reply.body.contains("may not"), "refused for the role, not for the form: {what}");
            }
        }
        let _ = Action::ALL;
    }
}

/// More forms a minute from one address than the setting lets through have to wait, whatever the headers say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_are_braked_by_address() {
    let app =
        TestApp::start_with(Kind::Sqlite, "[limits]\nforms_per_minute = 5\nhelp_per_minute = 3\n", Clock::system())
            .await;
    let mut statuses = Vec::new();
    for i in 0..8 {
        let (told, agent) = (format!("203.0.113.{i}"), format!("agent {i}"));
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("X-Forwarded-For", told.as_str()),
            ("User-Agent", agent.as_str()),
        ];
        let reply = app.send("", "POST", "/eskalation/unbekannt/answer", Some("text=x".into()), &headers).await;
        assert!(reply.status != 429 || reply.header("retry-after").is_some(), "{:?}", reply.headers);
        statuses.push(reply.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 3, "{statuses:?}");
    let help = "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000";
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(app.get("", help).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}
