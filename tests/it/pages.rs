//! Pages for staff over HTTP: forms, what is wrong with them, links, and what everybody may of their own.
//!
//! Invariant: no answer holds a password that was sent. Not here: what a browser makes of it (`browser_staff.rs`), the
//! rules of accounts (`users.rs`).

use lotse::access::{Grant, Role, Scope};
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{LoggedIn, PASSWORD, Reply, TestApp};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const WRONG: &str = "Ganz-was-anderes-77";

fn everywhere(role: Role) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::everywhere(), contact: None }]
}

fn form(pairs: &[(&str, &str)]) -> Option<String> {
    Some(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// Sends a form as nobody.
async fn sent(app: &TestApp, path: &str, pairs: &[(&str, &str)]) -> Reply {
    app.send("", "POST", path, form(pairs), &[FORM]).await
}

/// Sends a form as somebody, with the token of their forms.
async fn sent_by(app: &TestApp, person: &LoggedIn, path: &str, pairs: &[(&str, &str)]) -> Reply {
    let mut all = vec![("csrf", person.csrf.as_str())];
    all.extend_from_slice(pairs);
    app.send("", "POST", path, form(&all), &[FORM, ("Cookie", &person.cookie)]).await
}

async fn seen_by(app: &TestApp, person: &LoggedIn, path: &str) -> Reply {
    app.send("", "GET", path, None, &[("Cookie", &person.cookie)]).await
}

/// What somebody asks of the interface with their session.
async fn asked_by(app: &TestApp, person: &LoggedIn, method: &str, path: &str, body: Option<Value>) -> Reply {
    let headers = [("Cookie", person.cookie.as_str()), ("X-CSRF-Token", person.csrf.as_str())];
    app.send("", method, path, body.map(|body| body.to_string()), &headers).await
}

/// The session of the answer's cookie.
fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {} {}", reply.status, reply.body));
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

on_both! {
    /// A fault speaks the language that was asked for, by the browser or in the address.
    async fn a_fault_speaks_english_where_that_is_asked_for(app: TestApp) {
        let path = "/bestaetigung/x/unbekannt";
        let browser = |language: &'static str| [("Accept-Language", language)];
        for (at, language, said, lang) in [
            (path, "de-DE,de;q=0.9,en;q=0.8", "Diese Seite gibt es nicht", "lang=\"de\""),
            (path, "en-GB,en;q=0.9", "There is no such page", "lang=\"en\""),
            ("/bestaetigung/x/unbekannt?lang=en", "de", "There is no such page", "lang=\"en\""),
        ] {
            let page = app.send("", "GET", at, None, &browser(language)).await;
            assert!(page.status == 404 && page.body.contains(said) && page.body.contains(lang), "{at} in {language}: {}", page.body);
            assert!(page.header("content-security-policy").is_some() && page.header("cache-control") == Some("no-store"));
        }
        // An address that nothing lies at is a page for a browser, and a problem for a program.
        for (at, accept, is_page) in [
            ("/gibtsnicht", "text/html,application/xhtml+xml", true),
            ("/gibtsnicht", "*/*", false),
            ("/api/v1/gibtsnicht", "text/html", false),
        ] {
            let answer = app.send("", "GET", at, None, &[("Accept", accept)]).await;
            assert_eq!((answer.status, answer.body.contains("Diese Seite gibt es nicht")), (404, is_page), "{at}: {}", answer.body);
        }
    }

    /// In with the right password and on to where one wanted; everything else looks alike, and echoes nothing.
    async fn logging_in_and_out(app: TestApp) {
        app.person("anna", everywhere(Role::Agent)).await;
        let away = app.get("", "/konto").await;
        assert_eq!((away.status, away.header("location")), (303, Some("/anmelden?weiter=%2Fkonto")));
        let page = app.get("", "/anmelden?weiter=%2Fkonto").await;
        for part in ["autocomplete=\"username\"", "autocomplete=\"current-password\"", "value=\"/konto\"", "<html lang=\"de\">"] {
            assert!(page.body.contains(part), "{part} in {}", page.body);
        }
        assert!(!page.header("content-security-policy").unwrap().contains("script-src"), "no page has a script");
        let mut refused = Vec::new();
        for login in ["anna", "niemand"] {
            let reply = sent(&app, "/anmelden", &[("login", login), ("password", WRONG), ("weiter", "/konto")]).await;
            assert_eq!(reply.status, 422, "{}", reply.body);
            assert!(reply.header("set-cookie").is_none());
            assert!(!reply.body.contains(WRONG) && reply.body.contains(&format!("value=\"{login}\"")), "{}", reply.body);
            refused.push(reply.body.replace(login, "?"));
        }
        assert_eq!(refused[0], refused[1], "known and unknown look alike");
        for (onward, place) in [("/konto", "/konto"), ("//fremd.example", "/"), ("https://fremd.example", "/"), ("", "/")] {
            let reply = sent(&app, "/anmelden", &[("login", " Anna "), ("password", PASSWORD), ("weiter", onward)]).await;
            assert_eq!((reply.status, reply.header("location")), (303, Some(place)), "{onward} {}", reply.body);
            let cookie = cookie(&reply);
            let account = app.send("", "GET", "/konto", None, &[("Cookie", &cookie)]).await;
            assert_eq!(account.status, 200, "{}", account.body);
            let secret = cookie.split_once('=').unwrap().1.to_owned();
            let csrf = lotse::http::visitor::csrf_token(&secret);
            let without = app.send("", "POST", "/abmelden", form(&[]), &[FORM, ("Cookie", &cookie)]).await;
            assert_eq!(without.status, 403, "a log-out needs the token of forms");
            let out = app.send("", "POST", "/abmelden", form(&[("csrf", &csrf)]), &[FORM, ("Cookie", &cookie)]).await;
            assert!(out.status == 200 && out.body.contains("Sie sind abgemeldet"), "{}", out.body);
            assert_eq!(app.send("", "GET", "/konto", None, &[("Cookie", &cookie)]).await.status, 303);
        }
        // A form of another site is none of ours.
        let foreign = [FORM, ("Sec-Fetch-Site", "cross-site")];
        let reply = app.send("", "POST", "/anmelden", form(&[("login", "anna"), ("password", PASSWORD)]), &foreign).await;
        assert_eq!(reply.status, 403, "{}", reply.body);
        assert!(!reply.body.contains(PASSWORD));
    }

    /// A link lets somebody in once; looking at it changes nothing, and a dead one says what to do.
    async fn links_that_set_a_password(app: TestApp) {
        let admin = app.person("chefin", everywhere(Role::Admin)).await;
        let typed = [("name", "Uwe <b>Umland</b>"), ("login", "uwe"), ("role-1", "central"), ("region-1", "Kiel")];
        let made = sent_by(&app, &admin, "/personen/einladen", &typed).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(!made.body.contains("<b>Umland"), "names are text");
        let at = made.body.find("/einladung/").unwrap_or_else(|| panic!("no link: {}", made.body));
        let link = made.body[at..].split(['<', '"']).next().unwrap().to_owned();
        for _ in 0..2 {
            let page = app.get("", &link).await;
            assert!(page.status == 200 && page.body.contains("autocomplete=\"new-password\""), "{}", page.body);
        }
        for (password, again, words) in [
            ("kurz", "kurz", "weniger als 12 Zeichen"),
            ("password12345", "password12345", "zu leicht zu erraten"),
            (PASSWORD, WRONG, "sind verschieden"),
        ] {
            let reply = sent(&app, &link, &[("password", password), ("again", again)]).await;
            assert!(reply.status == 422 && reply.body.contains(words), "{words}: {} {}", reply.status, reply.body);
            assert!(!reply.body.contains(&format!("\"{password}\"")) && !reply.body.contains(WRONG), "{}", reply.body);
            assert!(reply.body.contains("role=\"alert\"") && reply.body.contains("aria-invalid=\"true\""), "{}", reply.body);
        }
        let reply = sent(&app, &link, &[("password", PASSWORD), ("again", PASSWORD)]).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        let account = app.send("", "GET", "/konto", None, &[("Cookie", &cookie(&reply))]).await;
        assert!(account.body.contains("Zentrale Ansprechstelle") && account.body.contains("Kiel, Landeshauptstadt"), "{}", account.body);
        for dead in [link.as_str(), "/einladung/gibtesnicht", "/zuruecksetzen/gibtesnicht"] {
            let page = app.get("", dead).await;
            assert!(page.status == 410 && page.body.contains("/passwort-vergessen"), "{dead}: {}", page.body);
            let late = sent(&app, dead, &[("password", PASSWORD), ("again", PASSWORD)]).await;
            assert_eq!(late.status, 410, "{dead}");
        }
        let forgotten = [sent(&app, "/passwort-vergessen", &[("login", "uwe")]).await, sent(&app, "/passwort-vergessen", &[("login", "wer")]).await];
        assert_eq!((forgotten[0].status, &forgotten[0].body), (200, &forgotten[1].body));
    }

    /// Everything of one's own, and nothing of anybody else's.
    async fn ones_own_account(app: TestApp) {
        let (anna, otto) = (app.person("anna", everywhere(Role::Agent)).await, app.person("otto", everywhere(Role::Agent)).await);
        for (old, new, again, words) in [
            (WRONG, "Noch-ein-Kutter-voller-Krabben", "Noch-ein-Kutter-voller-Krabben", "bisherige Passwort stimmt nicht"),
            (PASSWORD, "kurz", "kurz", "weniger als 12 Zeichen"),
            (PASSWORD, "Noch-ein-Kutter-voller-Krabben", WRONG, "sind verschieden"),
        ] {
            let reply = sent_by(&app, &anna, "/konto/passwort", &[("old", old), ("new", new), ("again", again)]).await;
            assert!(reply.status == 422 && reply.body.contains(words), "{words}: {} {}", reply.status, reply.body);
            for secret in [WRONG, PASSWORD, "Krabben"] {
                assert!(!reply.body.contains(secret), "{secret}");
            }
        }
        let token = [("name", "Auswertung"), ("grant", "0"), ("days", "30"), ("addresses", "127.0.0.1, ::1/128")];
        for (name, value) in [("name", ""), ("grant", "7"), ("days", "0"), ("addresses", "hier")] {
            let mut typed = token.to_vec();
            typed.iter_mut().find(|(field, _)| *field == name).unwrap().1 = value;
            let reply = sent_by(&app, &anna, "/konto/token", &typed).await;
            assert!(reply.status == 422 && reply.body.contains(&format!("href=\"#{name}\"")), "{name}: {}", reply.body);
        }
        let made = sent_by(&app, &anna, "/konto/token", &token).await;
        assert_eq!(made.status, 200, "{}", made.body);
        let secret = &made.body[made.body.find("lotse_").unwrap()..][..49];
        let me = app.get(secret, "/api/v1/me").await.expect(200);
        assert_eq!((&me["actor"]["name"], &me["grants"][0]["role"]), (&json!("Auswertung"), &json!("agent")));
        assert!(!seen_by(&app, &anna, "/konto").await.body.contains(secret), "shown once");
        let list = asked_by(&app, &anna, "GET", "/api/v1/tokens", None).await.expect(200);
        let id = list[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(asked_by(&app, &otto, "GET", "/api/v1/tokens", None).await.expect(200), json!([]));
        asked_by(&app, &otto, "DELETE", &format!("/api/v1/tokens/{id}"), None).await.expect(404);
        asked_by(&app, &otto, "GET", "/api/v1/tokens?all=true", None).await.expect(403);
        let revoked = sent_by(&app, &otto, &format!("/konto/token/{id}/widerrufen"), &[]).await;
        assert_eq!(revoked.status, 404);
        app.get(secret, "/api/v1/me").await.expect(200);
        let revoked = sent_by(&app, &anna, &format!("/konto/token/{id}/widerrufen"), &[]).await;
        assert_eq!((revoked.status, revoked.header("location")), (303, Some("/konto?getan=token")));
        app.get(secret, "/api/v1/me").await.expect(401);
        let made = json!({"name": "Skript", "role": "agent", "days": 3});
        asked_by(&app, &anna, "POST", "/api/v1/tokens", Some(made.clone())).await.expect(201);
        for (field, value) in [("role", json!("admin")), ("days", json!(0)), ("days", json!("x"))] {
            let mut odd = made.clone();
            odd[field] = value;
            asked_by(&app, &anna, "POST", "/api/v1/tokens", Some(odd)).await.expect_fault(422, field);
        }
        let sessions = asked_by(&app, &anna, "GET", "/api/v1/me/sessions", None).await.expect(200);
        assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["is_this"]), (1, &json!(true)));
        let path = format!("/api/v1/me/sessions/{}", sessions[0]["id"].as_str().unwrap());
        asked_by(&app, &otto, "DELETE", &path, None).await.expect(404);
        asked_by(&app, &anna, "DELETE", &path, None).await.expect(204);
        asked_by(&app, &anna, "GET", "/api/v1/me", None).await.expect(401);
    }

    /// People by page and by interface: the same, for whoever may, everywhere.
    async fn people_are_managed(app: TestApp) {
        let admin = app.person("chefin", everywhere(Role::Admin)).await;
        let auditor = app.person("revision", everywhere(Role::Auditor)).await;
        let regional = Grant { role: Role::Admin, scope: Scope::region("01".parse().unwrap()), contact: None };
        let regional = app.person("land", vec![regional]).await;
        let agent = app.person("anna", everywhere(Role::Agent)).await;
        for (person, may_see) in [(&admin, true), (&auditor, true), (&regional, false), (&agent, false)] {
            let seen = seen_by(&app, person, "/personen").await;
            assert_eq!(seen.status, if may_see { 200 } else { 403 }, "{}", person.user.login);
            assert_eq!(seen.body.contains("/personen/einladen"), person.user.login == "chefin");
            let asked = asked_by(&app, person, "GET", "/api/v1/users?q=anna", None).await;
            assert_eq!(asked.status, seen.status);
            let log = seen_by(&app, person, "/protokoll").await;
            assert_eq!(log.status, if may_see { 200 } else { 403 }, "{}", person.user.login);
        }
        let login = json!({"login": "neu", "name": "Neu", "grants": [{"role": "second_level", "contact": "technik"}]});
        for person in [&auditor, &regional, &agent] {
            asked_by(&app, person, "POST", "/api/v1/users", Some(login.clone())).await.expect(403);
        }
        let made = asked_by(&app, &admin, "POST", "/api/v1/users", Some(login.clone())).await.expect(201);
        assert!(made["invitation"]["url"].as_str().unwrap().contains("/einladung/"), "{made}");
        asked_by(&app, &admin, "POST", "/api/v1/users", Some(login)).await.expect(409);
        let path = format!("/api/v1/users/{}", agent.user.id);
        let read = asked_by(&app, &admin, "GET", &path, None).await;
        let version = read.json()["version"].clone();
        assert_eq!(read.header("etag"), Some(format!("\"{version}\"").as_str()));
        asked_by(&app, &admin, "PATCH", &path, Some(json!({"name": "Anna A."}))).await.expect_fault(422, "version");
        let change = json!({"version": version, "name": "Anna A.", "email": "anna@kiel.example.org"});
        let changed = asked_by(&app, &admin, "PATCH", &path, Some(change.clone())).await.expect(200);
        assert_eq!((&changed["name"], &changed["email"]), (&json!("Anna A."), &json!("anna@kiel.example.org")));
        asked_by(&app, &admin, "PATCH", &path, Some(change)).await.expect(409);

        // The page: a place that is unknown, one of several roles, a stale form.
        let here = format!("/personen/{}", agent.user.id);
        let odd = [("role-1", "central"), ("region-1", "Atlantis"), ("version", "1")];
        let reply = sent_by(&app, &admin, &format!("{here}/rollen"), &odd).await;
        assert!(reply.status == 422 && reply.body.contains("href=\"#region-1\"") && reply.body.contains("value=\"Atlantis\""), "{}", reply.body);
        let stale = [("role-1", "central"), ("region-1", "Schleswig-Holstein"), ("version", "1")];
        let reply = sent_by(&app, &admin, &format!("{here}/rollen"), &stale).await;
        assert!(reply.status == 409 && reply.body.contains("inzwischen geändert"), "{}", reply.body);
        let version = changed["version"].to_string();
        let good = [("role-1", "central"), ("region-1", "Schleswig-Holstein"), ("role-2", ""), ("version", version.as_str())];
        let reply = sent_by(&app, &admin, &format!("{here}/rollen"), &good).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        assert_eq!(seen_by(&app, &agent, "/konto").await.status, 303, "other roles end log-ins");
        let now = asked_by(&app, &admin, "GET", &path, None).await.expect(200);
        assert_eq!(now["grants"], json!([{"role": "central", "region": "01"}]));

        for (action, state) in [("sperren", "disabled"), ("freigeben", "active")] {
            let reply = sent_by(&app, &admin, &format!("{here}/{action}"), &[]).await;
            assert_eq!(reply.status, 303, "{action} {}", reply.body);
            assert_eq!(asked_by(&app, &admin, "GET", &path, None).await.expect(200)["state"], state);
        }
        let reset = sent_by(&app, &admin, &format!("{here}/passwort-zuruecksetzen"), &[]).await;
        assert!(reset.status == 200 && reset.body.contains("/zuruecksetzen/"), "{}", reset.body);
        let last = sent_by(&app, &admin, &format!("/personen/{}/sperren", admin.user.id), &[]).await;
        assert!(last.status == 409 && last.body.contains("role=\"alert\""), "{}", last.body);
        sent_by(&app, &auditor, &format!("{here}/sperren"), &[]).await.expect(403);
        asked_by(&app, &admin, "POST", &format!("/api/v1/users/{}/end_sessions", auditor.user.id), None).await.expect(204);
        assert_eq!(seen_by(&app, &auditor, "/konto").await.status, 303);
        assert_eq!(seen_by(&app, &admin, "/personen/einladung").await.status, 404, "no id");

        let log = seen_by(&app, &admin, "/protokoll?was=user.invited").await;
        assert!(log.body.contains("Person eingeladen") && !log.body.contains("Person gesperrt</th>"), "{}", log.body);
        let named = seen_by(&app, &admin, "/protokoll?wer=CHEF&was=user.disabled").await;
        assert!(named.body.contains(&format!("<a class=\"kern-link\" href=\"{here}\">Anna A.</a>")), "{}", named.body);
        assert!(named.body.contains("<dt>Stand</dt><dd>aktiv → gesperrt</dd>"), "{}", named.body);
        let reversed = seen_by(&app, &admin, "/protokoll?von=2026-12-05&bis=2026-12-01").await;
        assert!(reversed.status == 422 && reversed.body.contains("href=\"#bis\"") && !reversed.body.contains("Kein Eintrag"), "{}", reversed.body);
        assert!(log.body.contains("/api/v1/audit/export?format=csv&amp;action=user.invited") || log.body.contains("format=csv&#38;action=user.invited"), "{}", log.body);
    }
}

on_both! {
    /// A language is chosen by address, remembered, or taken from the browser; German otherwise.
    async fn two_languages(app: TestApp) {
        let ask = async |path: &str, headers: &[(&str, &str)]| app.send("", "GET", path, None, headers).await;
        assert!(ask("/anmelden", &[]).await.body.contains("<h1 class=\"kern-heading-large\">Anmelden</h1>"));
        assert!(ask("/anmelden", &[("Accept-Language", "en-GB,de;q=0.5")]).await.body.contains("<html lang=\"en\">"));
        let chosen = ask("/anmelden?weiter=%2Fkonto&lang=en", &[]).await;
        assert!(chosen.body.contains("Forgot your password?") && chosen.body.contains("value=\"/konto\""), "{}", chosen.body);
        assert!(chosen.body.contains("?weiter=%2Fkonto&#38;lang=de") || chosen.body.contains("?weiter=%2Fkonto&amp;lang=de"), "{}", chosen.body);
        let cookie = cookie(&chosen);
        assert_eq!(cookie, "lotse_lang=en");
        assert!(ask("/passwort-vergessen", &[("Cookie", &cookie)]).await.body.contains("Forgot your password"));
    }
}
