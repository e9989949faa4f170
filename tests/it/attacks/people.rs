//! Log-ins and sessions under attack, over the same pages as in life: fixed and old sessions, forms of foreign pages,
//! guessing, asking who exists, being sent elsewhere, and what pages tell.
//!
//! Not here: brakes and links by their own rules (`users/`), the provider (`provider.rs`).

use std::collections::BTreeSet;

use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::clock::Clock;

use crate::on_both;
use crate::support::app::{Kind, LoggedIn, PASSWORD, Reply, TestApp};

/// Another password that is long and strange enough.
const NEXT: &str = "Möwen-fressen-Pommes-am-Deich-3";

fn everywhere(role: Role) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::everywhere(), contact: None }]
}

/// A form as a browser sends it.
async fn post(app: &TestApp, path: &str, cookie: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded")];
    if !cookie.is_empty() {
        headers.push(("Cookie", cookie));
    }
    headers.extend(more);
    app.send("", "POST", path, Some(body), &headers).await
}

async fn get(app: &TestApp, path: &str, cookie: &str) -> Reply {
    app.send("", "GET", path, None, &[("Cookie", cookie)]).await
}

/// The secret of the session that an answer sets.
fn set_secret(reply: &Reply) -> Option<String> {
    let cookies = reply.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let session = cookies.filter_map(|cookie| cookie.strip_prefix("lotse=")).next()?;
    Some(session.split(';').next().unwrap_or_default().to_owned()).filter(|secret| !secret.is_empty())
}

/// A log-in page knows nobody; a page of one's own knows its person.
async fn is_logged_in(app: &TestApp, cookie: &str) -> bool {
    let reply = get(app, "/konto", cookie).await;
    assert!(matches!(reply.status, 200 | 303), "{} {}", reply.status, reply.body);
    if reply.status == 303 {
        assert_eq!(reply.header("location"), Some("/anmelden?weiter=%2Fkonto"));
    }
    reply.status == 200
}

/// Every form of a page, as `routes.rs` lists them, but those that have another way to know who sends them.
fn forms() -> Vec<String> {
    let routes = include_str!("../../../src/http/routes.rs");
    let outside = routes.split("// Outside the API.").nth(1).expect("the routes of pages follow this line");
    let known_otherwise = [
        "/eskalation/",
        "/bestaetigung/",
        "/entwicklung/",
        "/anmelden/dienst",
        "/hilfe/",
        "/anfrage/",
        "/barrierefreiheit/",
    ];
    let mut found = Vec::new();
    for part in outside.split("at!(").skip(1) {
        let path = part.split('"').nth(1).unwrap();
        let methods = part.split(").").next().unwrap_or_default();
        if methods.contains("post ") && !known_otherwise.iter().any(|begin| path.starts_with(begin)) {
            let id = "01890000-0000-7000-8000-000000000000";
            let path =
                path.replace("{action}", "disable").replace("{secret}", "x").replace("{item}", "steering_committee");
            let path = path.replace("{duty}", "technical").replace("{land}", "01").replace("{using}", "02");
            let path = path.replace("{sort}", "contacts").replace("{contact}", "technik");
            let path = path.replace("{service}", "wohnsitzanmeldung");
            found.push(
                [
                    "{session}",
                    "{token}",
                    "{user}",
                    "{adoption}",
                    "{mail}",
                    "{channel}",
                    "{notice}",
                    "{module}",
                    "{escalation}",
                    "{delivery}",
                    "{endpoint}",
                    "{plan}",
                    "{day}",
                ]
                .iter()
                .fold(path, |path, name| path.replace(name, id)),
            );
        }
    }
    assert!(found.len() > 12, "{found:?}");
    found
}

on_both! {
    /// A session that somebody planted is not the one that the log-in opens.
    async fn a_session_cannot_be_fixed(app: TestApp) {
        let eve = app.person("eve", everywhere(Role::Agent)).await;
        app.person("anna", everywhere(Role::Central)).await;
        for planted in ["lotse=von-mir-bestimmt", &eve.cookie] {
            let fields = [("login", "anna"), ("password", PASSWORD), ("csrf", &eve.csrf)];
            let reply = post(&app, "/anmelden", planted, &fields, &[]).await;
            assert_eq!(reply.status, 303, "{}", reply.body);
            let secret = set_secret(&reply).expect("a session of her own");
            assert!(!planted.contains(&secret), "{planted}");
            assert!(is_logged_in(&app, &format!("lotse={secret}")).await);
            assert!(secret.len() >= 43, "256 bits: {secret}");
        }
        assert!(!is_logged_in(&app, "lotse=von-mir-bestimmt").await);
        let page = get(&app, "/konto", &eve.cookie).await;
        assert!(!page.body.contains("anna"), "the planted session is still its owner's, or nobody's");
    }

    /// After the log-out, another password, other roles or the end of the account, an old cookie is nobody's.
    async fn an_old_cookie_is_dead(app: TestApp) {
        let by = Actor::console();
        let anna = app.person("anna", everywhere(Role::Admin)).await;
        assert!(is_logged_in(&app, &anna.cookie).await);
        post(&app, "/abmelden", &anna.cookie, &[("csrf", &anna.csrf)], &[]).await;
        assert!(!is_logged_in(&app, &anna.cookie).await, "logged out");
        let again = async || {
            let reply = post(&app, "/anmelden", "", &[("login", "bert"), ("password", PASSWORD)], &[]).await;
            LoggedIn::new(anna.user.clone(), set_secret(&reply).unwrap_or_else(|| panic!("{}", reply.body)))
        };
        let bert = app.person("bert", everywhere(Role::Central)).await;
        app.app.accounts.set_grants(&by, bert.user.id, everywhere(Role::Agent), None).await.unwrap();
        assert!(!is_logged_in(&app, &bert.cookie).await, "other roles");
        let (here, there) = (again().await, again().await);
        let fields = [("csrf", here.csrf.as_str()), ("old", PASSWORD), ("new", NEXT), ("again", NEXT)];
        let changed = post(&app, "/konto/passwort", &here.cookie, &fields, &[]).await;
        assert!(changed.status < 400, "{}", changed.body);
        assert!(!is_logged_in(&app, &there.cookie).await, "another password");
        assert!(!is_logged_in(&app, &here.cookie).await, "the secret was renewed");
        let now = set_secret(&changed).expect("a new secret");
        app.app.accounts.disable(&by, bert.user.id).await.unwrap();
        assert!(!is_logged_in(&app, &format!("lotse={now}")).await, "disabled");
    }

    /// No form works from a foreign page, and none of somebody logged in without the token of their session.
    async fn no_form_takes_a_foreign_page(app: TestApp) {
        let admin = app.person("anna", everywhere(Role::Admin)).await;
        let other = app.person("bert", everywhere(Role::Admin)).await;
        let mut tried = 0;
        for path in forms() {
            let right = admin.csrf.as_str();
            for (what, csrf, more) in [
                ("no token", None, vec![]),
                ("another's token", Some(other.csrf.as_str()), vec![]),
                ("half a token", Some(&right[..20]), vec![]),
                ("another site", Some(right), vec![("Sec-Fetch-Site", "cross-site")]),
                ("a neighbour of the site", Some(right), vec![("Sec-Fetch-Site", "same-site")]),
                ("another origin", Some(right), vec![("Origin", "https://boese.example.org")]),
                ("an origin of no name", Some(right), vec![("Origin", "null")]),
            ] {
                let fields: Vec<(&str, &str)> = csrf.map(|csrf| ("csrf", csrf)).into_iter().collect();
                let reply = post(&app, &path, &admin.cookie, &fields, &more).await;
                assert_eq!(reply.status, 403, "{path}: {what}: {}", reply.body);
                assert!(reply.headers.get("set-cookie").is_none(), "{path}: {what}");
                tried += 1;
            }
        }
        // Without a session there is no token; what browsers say of the page has to do.
        for path in ["/anmelden", "/passwort-vergessen"] {
            for more in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://boese.example.org"), ("Origin", "null")] {
                let fields = [("login", "anna"), ("password", PASSWORD)];
                let reply = post(&app, path, "", &fields, &[more]).await;
                assert_eq!((reply.status, set_secret(&reply)), (403, None), "{path} {more:?}");
                tried += 1;
            }
        }
        let foreign = [("Sec-Fetch-Site", "cross-site")];
        assert_eq!(post(&app, "/anfrage/link", "", &[], &foreign).await.status, 403, "nor a form for everybody");
        assert!(tried > 90, "{tried}");
        assert!(is_logged_in(&app, &admin.cookie).await, "nothing of it did anything");
        // The same form from our own page does it.
        let host = app.base.clone();
        let more = [("Sec-Fetch-Site", "same-origin"), ("Origin", host.as_str())];
        let out = post(&app, "/abmelden", &admin.cookie, &[("csrf", &admin.csrf)], &more).await;
        assert!(out.status < 400 && !is_logged_in(&app, &admin.cookie).await, "{}", out.body);
    }

    /// Whatever is tried, the tenth wrong password has to wait, from wherever the headers say it comes.
    async fn guessing_is_braked(app: TestApp) {
        app.person("anna", everywhere(Role::Central)).await;
        let mut first = None;
        for i in 1..=20 {
            let told = format!("203.0.113.{i}");
            let more = [("X-Forwarded-For", told.as_str()), ("Forwarded", "for=203.0.113.7"), ("X-Real-IP", told.as_str())];
            let guess = format!("Falsches-Passwort-Nummer-{i}");
            let reply = post(&app, "/anmelden", "", &[("login", "anna"), ("password", &guess)], &more).await;
            assert!(matches!(reply.status, 401 | 422 | 429), "{i}: {} {}", reply.status, reply.body);
            assert_eq!(set_secret(&reply), None);
            if reply.status == 429 {
                assert!(reply.header("retry-after").is_some_and(|wait| wait.parse::<u64>().is_ok()), "{i}");
                first = first.or(Some(i));
            }
        }
        assert!(first.is_some_and(|first| first <= 10), "{first:?}");
        let right = post(&app, "/anmelden", "", &[("login", "anna"), ("password", PASSWORD)], &[]).await;
        assert_eq!((right.status, set_secret(&right)), (429, None), "the right one waits as well");
    }

    /// An answer does not tell who has an account, nor in which state it is.
    async fn nobody_learns_who_exists(app: TestApp) {
        let by = Actor::console();
        app.person("erika", everywhere(Role::Agent)).await;
        let gone = app.person("heike", everywhere(Role::Agent)).await;
        app.app.accounts.disable(&by, gone.user.id).await.unwrap();
        let new = NewUser { login: "jonas".into(), name: "Jonas".into(), email: None, grants: everywhere(Role::Agent) };
        app.app.accounts.invite(&by, new).await.unwrap();
        // Names of one length, so that the page that shows them again is of one length too.
        for path in ["/anmelden", "/passwort-vergessen"] {
            let mut answers = BTreeSet::new();
            for login in ["erika", "heike", "jonas", "nie.d"] {
                let fields = [("login", login), ("password", "Falsch-aber-lang-genug-77")];
                let fields = if path == "/anmelden" { &fields[..] } else { &fields[..1] };
                let reply = post(&app, path, "", fields, &[]).await;
                let mut headers: Vec<&str> = reply.headers.keys().map(|name| name.as_str()).collect();
                headers.sort_unstable();
                answers.insert((reply.status, reply.body.replace(login, "…"), headers.join(" ")));
            }
            assert_eq!(answers.len(), 1, "{path}: {answers:?}");
        }
        for path in ["/einladung/unbekannt", "/zuruecksetzen/unbekannt"] {
            let reply = get(&app, path, "").await;
            assert!(matches!(reply.status, 404 | 410), "{path} {}", reply.status);
        }
    }

    /// After the log-in, only this service is gone to.
    async fn nobody_is_sent_elsewhere(app: TestApp) {
        app.person("anna", everywhere(Role::Central)).await;
        for wanted in [
            "https://boese.example.org", "//boese.example.org", "///boese.example.org", "/\\boese.example.org", "\\\\boese.example.org",
            "/\t/boese.example.org", "/\n/boese.example.org", " //boese.example.org", "javascript:alert(1)", "data:text/html,x",
            "https:boese.example.org", "/\r\nSet-Cookie: x=1", "/%0d%0aSet-Cookie: x=1", "boese.example.org", "@boese.example.org",
        ] {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("weiter", wanted).finish();
            let page = get(&app, &format!("/anmelden?{query}"), "").await;
            assert_eq!(page.status, 200, "{wanted}");
            let fields = [("login", "anna"), ("password", PASSWORD), ("weiter", wanted)];
            let reply = post(&app, "/anmelden", "", &fields, &[]).await;
            let place = reply.header("location").unwrap_or_default().to_owned();
            assert_eq!(reply.status, 303, "{wanted}: {}", reply.body);
            let landed = url::Url::parse(&app.base).unwrap().join(&place).unwrap();
            assert_eq!(landed.origin(), url::Url::parse(&app.base).unwrap().origin(), "{wanted} leads to {place}");
            assert!(reply.headers.get_all("set-cookie").iter().all(|cookie| !cookie.to_str().unwrap().starts_with("x=")), "{wanted}");
        }
        let fields = [("login", "anna"), ("password", PASSWORD), ("weiter", "/konto?a=1")];
        assert_eq!(post(&app, "/anmelden", "", &fields, &[]).await.header("location"), Some("/konto?a=1"));
    }

    /// A link in a mail leads to this service, whatever host the request named.
    async fn a_mail_leads_here(app: TestApp) {
        let email = Some("anna@amt.example.org".parse().unwrap());
        let new = NewUser { login: "anna".into(), name: "Anna".into(), email, grants: everywhere(Role::Central) };
        let (_, invitation) = app.app.accounts.invite(&Actor::console(), new).await.unwrap();
        let origin = lotse::access::Origin::new("127.0.0.1".parse().unwrap(), "Test");
        app.app.accounts.accept(&invitation.secret, &PASSWORD.to_owned().into(), &origin).await.unwrap();
        let more = [("Host", "boese.example.org"), ("X-Forwarded-Host", "boese.example.org"), ("Forwarded", "host=boese.example.org")];
        let reply = post(&app, "/passwort-vergessen", "", &[("login", "anna")], &more).await;
        assert!(reply.status < 400, "{}", reply.body);
        let mails = app.smtp.wait_for_mail(2).await;
        for mail in mails {
            assert!(!mail.text().contains("boese"), "{}", mail.text());
        }
    }

    /// Pages of people stay out of frames, caches and foreign hands, and their faults tell nothing of the inside.
    async fn pages_tell_nothing_to_others(app: TestApp) {
        let admin = app.person("anna", everywhere(Role::Admin)).await;
        let long = "x".repeat(3000);
        for path in ["/", "/anmelden", "/passwort-vergessen", "/konto", "/konto/token", "/personen", "/personen/einladen", "/personen/unfug", "/gibt-es-nicht", "/einladung/x", &format!("/anmelden?weiter=/{long}")] {
            for cookie in [admin.cookie.as_str(), "", "lotse=", "lotse=%00", "lotse=\u{fc}"] {
                let reply = get(&app, path, cookie).await;
                assert!(reply.status < 500, "{path} {cookie}: {}", reply.body);
                let policy = reply.header("content-security-policy").unwrap_or_default().to_owned();
                assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
                assert!(!policy.contains("unsafe"), "{path}: {policy}");
                assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
                assert!(matches!(reply.header("referrer-policy"), Some("same-origin" | "no-referrer")), "{path}");
                assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
                for inside in ["panicked", "diesel", "src/", "SELECT", "sqlite", "postgres", "RUST_BACKTRACE"] {
                    assert!(!reply.body.contains(inside), "{path}: {inside}");
                }
            }
        }
        for (path, body) in [("/anmelden", "%ff%fe"), ("/anmelden", "login=a&login=b"), ("/konto/passwort", "csrf[]=1"), ("/anmelden", &format!("login={long}&password={long}"))] {
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            let reply = app.send("", "POST", path, Some(body.to_owned()), &headers).await;
            assert!(reply.status < 500, "{path} {body}: {}", reply.body);
            assert!(reply.header("content-type").is_none_or(|kind| kind.starts_with("text/html")), "a fault of a page is a page");
        }
    }
}

/// Over https the cookie is bound to the host and to https, and the browser is told to come by https alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let mut app = TestApp::start_with(Kind::Sqlite, "", Clock::system()).await;
    app.person("anna", everywhere(Role::Central)).await;
    app.settings = app.settings.replace("[server]\n", "[server]\npublic_url = \"https://lotse.example.org\"\n");
    let secure = app.second_instance().await;
    let base = format!("http://{}", secure.address().unwrap());
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("login", "anna"), ("password", PASSWORD)])
        .finish();
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", "https://lotse.example.org"),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    let client = crate::support::app::client();
    let reply = crate::support::app::send(&client, &base, "", "POST", "/anmelden", Some(body), &headers).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Host-lotse="), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(reply.header("strict-transport-security").is_some_and(|value| value.contains("max-age=31536000")));
    secure.stop().await;
}
