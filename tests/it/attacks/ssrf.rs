//! Webhooks that shall reach into our own network: at entry by file and API, at delivery, by name and by redirect.

use std::time::Duration;

use lotse::access::{Actor, Role};
use lotse::app::{App, Options, listen};
use lotse::clock::Clock;
use lotse::config::Config;
use lotse::directory::import;
use lotse::error::AppError;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{self, Kind, SECRET};
use crate::support::process::Process;
use crate::support::smtp::SmtpPeer;
use crate::support::wait::{wait_for, wait_for_some};
use crate::support::webhook::{WebhookPeer, status};

/// Addresses that lead somewhere they must not, in every spelling.
const INSIDE: &[&str] = &[
    // Other ways than https.
    "http://desk.example.org/",
    "ftp://desk.example.org/",
    "file:///etc/passwd",
    "gopher://desk.example.org/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//desk.example.org/",
    "desk.example.org/lotse",
    "https://",
    "",
    // Credentials, fragments, ports of other services, signs that parsers read differently.
    "https://user@desk.example.org/",
    "https://user:pw@desk.example.org/",
    "https://desk.example.org:pw@127.0.0.1/",
    "https://desk.example.org@127.0.0.1/",
    "https://desk.example.org#@127.0.0.1/",
    "https://desk.example.org/#x",
    "https://desk.example.org:22/",
    "https://desk.example.org:25/",
    "https://desk.example.org:0/",
    "https://desk.example.org:99999/",
    "https://desk.example.org\\@127.0.0.1/",
    "https://desk.example.org /",
    "https://desk.example.org/a\r\nHost: innen",
    "https://desk.example.org/a\tb",
    "https://desk.example.org/\u{0}",
    // Names of this machine and its network.
    "https://localhost/",
    "https://LocalHost./",
    "https://a.localhost/",
    "https://localhost.localdomain/",
    "https://ip6-localhost/",
    "https://intranet/",
    "https://printer.local/",
    "https://db.internal/",
    "https://metadata.google.internal/",
    "https://router.lan/",
    "https://nas.home/",
    "https://1.0.0.127.in-addr.arpa/",
    // Loopback in every spelling.
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7F.0x0.0x0.0x1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0x0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    // Every other special range.
    "https://0.0.0.0/",
    "https://0/",
    "https://0.1.2.3/",
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://0xa000001/",
    "https://167772161/",
    "https://012.0.0.1/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://2852039166/",
    "https://0251.0376.0251.0376/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.0.0.1/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://192.168.0.1/",
    "https://0xc0a80001/",
    "https://198.18.0.1/",
    "https://198.19.255.255/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://239.255.255.255/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[100::1]/",
    "https://[2001:2::1]/",
    "https://[2001:10::1]/",
    "https://[2001:20::1]/",
    "https://[2001:db8::1]/",
    "https://[2002:a00:1::]/",
    "https://[3fff::1]/",
    "https://[5f00::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[febf::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
];

const LOOSE: &str = "allow_http = true\nallow_private_addresses = true";

fn strict(settings: &str) -> String {
    assert!(settings.contains(LOOSE));
    settings.replace(LOOSE, "allow_http = false\nallow_private_addresses = false")
}

async fn started(database: &app::Database, settings: &str, delivers: bool) -> App {
    let file = database.folder.path().join(format!("delivers-{delivers}.toml"));
    std::fs::write(&file, settings).unwrap();
    let config = Config::load(Some(&file)).unwrap();
    let listener = Some(listen("server.listen", &config.server.listen).unwrap());
    App::start(&config, Options { clock: Clock::system(), listener, delivers, development: None }).await.unwrap()
}

/// Two applications on one database: one that accepts every webhook and sends nothing, and one as in real operation.
struct Pair {
    loose: App,
    strict: App,
    database: app::Database,
    _smtp: SmtpPeer,
}

impl Pair {
    async fn start(kind: Kind) -> Self {
        let database = app::Database::new(kind).await;
        let smtp = SmtpPeer::start().await;
        let settings = app::settings(&database.url, &smtp.url(), "");
        let loose = started(&database, &settings, false).await;
        let strict = started(&database, &strict(&settings), true).await;
        Self { loose, strict, database, _smtp: smtp }
    }

    async fn token(&self, role: Role) -> String {
        let new = lotse::access::token::NewToken::new(role.as_str(), role);
        self.strict.tokens.create(&Actor::system(), new).await.unwrap().1
    }

    fn base(&self) -> String {
        format!("http://{}", self.strict.address().unwrap())
    }
}

fn one_contact(url: &str) -> String {
    let url = toml::Value::String(url.to_owned());
    format!("[[contact]]\nid = \"innen\"\nname = \"Innen\"\nwebhook = {{ url = {url}, secret = \"{SECRET}\" }}\n")
}

/// Neither a file nor the API takes such an address, and both name the field.
async fn refused_at_entry(kind: Kind) {
    let pair = Pair::start(kind).await;
    let (http, base, admin) = (app::client(), pair.base(), pair.token(Role::Admin).await);
    let send = async |method: &str, path: &str, body: Value| {
        app::send(&http, &base, &admin, method, path, Some(body.to_string()), &[]).await
    };
    let webhook = |url: &str| json!({"url": url, "secret": SECRET});
    let good = json!({"id": "aussen", "name": "Außen", "webhook": webhook("https://desk.example.org/lotse")});
    send("POST", "/api/v1/contacts", good).await.expect(201);
    let desk = pair.strict.escalations.desk();
    for url in INSIDE {
        let new = json!({"id": "innen", "name": "Innen", "webhook": webhook(url)});
        send("POST", "/api/v1/contacts", new).await.expect_fault(422, "webhook.url");
        let change = json!({"version": 1, "webhook": webhook(url)});
        send("PATCH", "/api/v1/contacts/aussen", change).await.expect_fault(422, "webhook.url");
        let change = json!({"version": 1, "webhook": {"url": url}});
        send("PATCH", "/api/v1/contacts/aussen", change).await.expect_fault(422, "webhook.url");
        let (text, now) = (one_contact(url), desk.clock.now());
        let imported = import::directory(&desk.db, &desk.sealer, &desk.settings.directory, "d.toml", &text, now).await;
        match imported {
            Err(AppError::Invalid(faults)) => {
                assert!(faults.iter().any(|f| f.field.contains("d.toml:4: contact.webhook")), "{url}: {faults:?}");
            }
            other => panic!("{url}: {other:?}"),
        }
    }
    app::send(&http, &base, &admin, "GET", "/api/v1/contacts/innen", None, &[]).await.expect(404);
    let kept = app::send(&http, &base, &admin, "GET", "/api/v1/contacts/aussen", None, &[]).await.expect(200);
    assert_eq!(kept["webhook"]["url"], "https://desk.example.org/lotse");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_inside_is_taken_on_sqlite() {
    refused_at_entry(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_inside_is_taken_on_postgres() {
    refused_at_entry(Kind::Postgres).await;
}

/// Hands in a request and escalates it; answers the escalation's path.
async fn escalated(http: &reqwest::Client, base: &str, token: &str) -> String {
    let send = async |path: String, body: Value| {
        app::send(http, base, token, "POST", &path, Some(body.to_string()), &[]).await.expect(201)
    };
    let ticket = send("/api/v1/tickets".into(), app::a_ticket()).await;
    let path = format!("/api/v1/tickets/{}/escalations", ticket["id"].as_str().unwrap());
    let made = send(path, json!({"kind": "technical", "note": "?"})).await;
    format!("/api/v1/escalations/{}", made["id"].as_str().unwrap())
}

/// The webhook deliveries of an escalation, once each has been tried.
async fn tried(http: &reqwest::Client, base: &str, token: &str, path: &str) -> Vec<Value> {
    wait_for_some("an attempt at the webhook", Duration::from_secs(20), || async {
        let list = app::send(http, base, token, "GET", &format!("{path}/deliveries"), None, &[]).await.json();
        let hooks: Vec<Value> =
            list["items"].as_array()?.iter().filter(|d| d["channel"] == "webhook").cloned().collect();
        let is_tried = |d: &Value| d["attempts"].as_array().is_some_and(|all| !all.is_empty());
        (!hooks.is_empty() && hooks.iter().all(is_tried)).then_some(hooks)
    })
    .await
}

/// What got past the entry, because the rule was another then, is refused again whenever it is sent.
async fn refused_at_delivery(kind: Kind) {
    let pair = Pair::start(kind).await;
    let (plain, secure) = (WebhookPeer::start(SECRET).await, WebhookPeer::start_tls(SECRET).await);
    let (http, base, admin) = (app::client(), pair.base(), pair.token(Role::Admin).await);
    let (plain_port, port) = (plain.port(), secure.port());
    let loose = pair.loose.escalations.desk();
    app::import(loose, &app::directory(&plain.url())).await;
    let seen = &pair.strict.escalations.desk().directory;
    wait_for("the directory in memory", Duration::from_secs(10), || {
        seen.current().service("wohnsitzanmeldung").is_some()
            && seen.current().municipality(&"010020000000".parse().unwrap()).is_some()
    })
    .await;
    for url in [
        plain.url(),
        format!("http://localhost:{plain_port}/hook"),
        secure.url(),
        format!("https://localhost:{port}/hook"),
        format!("https://LOCALHOST.:{port}/hook"),
        format!("https://2130706433:{port}/hook"),
        format!("https://0x7f.1:{port}/hook"),
        format!("https://0177.0.0.1:{port}/hook"),
        format!("https://0.0.0.0:{port}/hook"),
        format!("https://[::ffff:127.0.0.1]:{port}/hook"),
        format!("https://[::1]:{port}/hook"),
    ] {
        app::import(loose, &app::directory(&url)).await;
        let path = wait_for_some("the directory in memory", Duration::from_secs(10), || async {
            let found = app::send(&http, &base, &admin, "GET", "/api/v1/contacts/technik", None, &[]).await.json();
            (found["webhook"]["url"] == url.as_str()).then_some(())
        });
        path.await;
        let path = escalated(&http, &base, &admin).await;
        for delivery in tried(&http, &base, &admin, &path).await {
            assert_ne!(delivery["status"], "sent", "{url}: {delivery}");
            let detail = delivery["attempts"][0]["detail"].as_str().unwrap();
            assert!(detail.starts_with("the URL must"), "{url}: {detail}");
        }
    }
    assert_eq!((plain.connections(), secure.connections()), (0, 0), "nobody was called");
    assert!(pair.database.folder.path().is_dir());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_inside_is_followed_on_sqlite() {
    refused_at_delivery(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_inside_is_followed_on_postgres() {
    refused_at_delivery(Kind::Postgres).await;
}

/// A public name whose address is ours, or one of whose addresses is, is not connected to. The names stand in a
/// hosts file that only this process sees, which needs root as in CI.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_inside_is_not_followed() {
    let database = app::Database::new(Kind::Sqlite).await;
    let (smtp, secure) = (SmtpPeer::start().await, WebhookPeer::start_tls(SECRET).await);
    let hosts = database.folder.path().join("hosts");
    let names = [
        ("v4.desk.example.org", "127.0.0.1"),
        ("v6.desk.example.org", "::1"),
        ("mapped.desk.example.org", "::ffff:127.0.0.1"),
        ("any.desk.example.org", "0.0.0.0"),
        ("cloud.desk.example.org", "169.254.169.254"),
        ("both.desk.example.org", "193.99.144.80"),
        ("both.desk.example.org", "127.0.0.1"),
    ];
    let lines: String = names.iter().map(|(name, address)| format!("{address} {name}\n")).collect();
    std::fs::write(&hosts, format!("127.0.0.1 localhost\n{lines}")).unwrap();
    let mount = format!("mount --bind {} /etc/hosts && exec \"$@\"", hosts.display());
    let under = ["unshare", "--mount", "sh", "-c", &mount, "sh"];
    let settings = strict(&app::settings(&database.url, &smtp.url(), ""));
    let directory = app::directory("https://desk.example.org/lotse");
    let lotse = Process::start_under(database.folder.path(), &settings, &directory, &under).await;
    let (http, admin) = (app::client(), lotse.token("admin", &[]));
    for (version, name) in (1..).zip(["v4", "v6", "mapped", "any", "cloud", "both"]) {
        let url = format!("https://{name}.desk.example.org:{}/hook", secure.port());
        let change = json!({"version": version, "webhook": {"url": url, "secret": SECRET}}).to_string();
        app::send(&http, &lotse.base, &admin, "PATCH", "/api/v1/contacts/technik", Some(change), &[]).await.expect(200);
        let path = escalated(&http, &lotse.base, &admin).await;
        for delivery in tried(&http, &lotse.base, &admin, &path).await {
            let detail = delivery["attempts"][0]["detail"].as_str().unwrap();
            assert!(detail.contains("private or special"), "{name}: {delivery}");
            assert_ne!(delivery["status"], "sent");
        }
    }
    // A name that led outside when it was entered and first called, and leads inside from then on (DNS rebinding).
    let rebind = |address: &str| {
        // Written in place: the mount shows this very file.
        std::fs::write(&hosts, format!("127.0.0.1 localhost\n{address} rebound.desk.example.org\n")).unwrap();
    };
    rebind("193.99.144.80");
    let url = format!("https://rebound.desk.example.org:{}/hook", secure.port());
    let change = json!({"version": 7, "webhook": {"url": url, "secret": SECRET}}).to_string();
    app::send(&http, &lotse.base, &admin, "PATCH", "/api/v1/contacts/technik", Some(change), &[]).await.expect(200);
    rebind("127.0.0.1");
    let path = escalated(&http, &lotse.base, &admin).await;
    for delivery in tried(&http, &lotse.base, &admin, &path).await {
        assert!(delivery["attempts"][0]["detail"].as_str().unwrap().contains("private or special"), "{delivery}");
    }
    assert_eq!(secure.connections(), 0, "nobody was called");
}

on_both! {
    /// A receiver that sends us elsewhere is not obeyed, whatever kind of redirect it is.
    async fn a_redirect_is_not_followed(app: TestApp) {
        let mut app = app;
        let other = WebhookPeer::start(SECRET).await;
        let (central, client) = (app.central().await, app::client());
        for code in [300, 301, 302, 303, 307, 308] {
            app.webhook.always(status(code).header("Location", &other.url()).header("Refresh", &format!("0; url={}", other.url())));
            let (_, escalation) = app.escalated("technical").await;
            let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
            let deliveries = tried(&client, &app.base, &central, &path).await;
            assert_ne!(deliveries[0]["status"], "sent", "{code}");
            let detail = deliveries[0]["attempts"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(&code.to_string()) && detail.contains("not followed"), "{detail}");
        }
        assert_eq!(other.connections(), 0, "the other was called");
    }
}
