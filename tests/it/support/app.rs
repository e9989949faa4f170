//! A whole Lotse for a test: its own database, a real mail server, a real webhook receiver, a small directory.
//!
//! Invariant: everything is this test's own and ends with it. Requests go over real HTTP. What the peers do can be
//! scripted before and while the test runs. Not here: what is expected of Lotse.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use lotse::access::token::NewToken;
use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Origin, Role, User};
use lotse::app::{App, Options, listen};
use lotse::clock::Clock;
use lotse::config::Config;
use lotse::http::{Development, Received};
use serde_json::{Value, json};

use super::postgres::{DatabaseUrl, Postgres};
use super::smtp::SmtpPeer;
use super::wait::{wait_for, wait_for_some};
use super::webhook::WebhookPeer;

/// The secret of every test's webhook.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database of a test's own.
pub struct Database {
    pub url: String,
    pub folder: tempfile::TempDir,
    _server: Option<DatabaseUrl>,
}

impl Database {
    /// On a server of the test's own.
    pub fn on(server: DatabaseUrl) -> Self {
        Self { url: server.to_string(), folder: tempfile::tempdir().unwrap(), _server: Some(server) }
    }

    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        match kind {
            Kind::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("lotse.db").display());
                Self { url, folder, _server: None }
            }
            Kind::Postgres => Self::on(Postgres::shared().fresh_database().await),
        }
    }
}

/// Runs the same test on both databases.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn run($app: $crate::support::app::TestApp) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { run($crate::support::app::TestApp::start($crate::support::app::Kind::Sqlite).await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { run($crate::support::app::TestApp::start($crate::support::app::Kind::Postgres).await).await; }
        }
    )*};
}

/// A running Lotse with its peers.
pub struct TestApp {
    pub app: App,
    pub base: String,
    pub smtp: SmtpPeer,
    pub webhook: WebhookPeer,
    pub database: Database,
    pub clock: Clock,
    pub settings: String,
    tokens: HashMap<String, String>,
    http: reqwest::Client,
}

/// A password that is long and strange enough.
pub const PASSWORD: &str = "Fischbrötchen-am-Kai-um-sieben";

/// Somebody with a session.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    pub user: User,
    /// The secret of the session.
    pub secret: String,
    /// The header that carries it.
    pub cookie: String,
    /// What their forms carry.
    pub csrf: String,
}

impl LoggedIn {
    pub fn new(user: User, secret: String) -> Self {
        let (cookie, csrf) = (format!("lotse={secret}"), lotse::http::visitor::csrf_token(&secret));
        Self { user, secret, cookie, csrf }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {} {}", self.status, self.body))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { serde_json::from_str(&self.body).unwrap_or(Value::Null) }
    }

    /// The problem says this of this field.
    #[track_caller]
    pub fn expect_fault(self, status: u16, field: &str) -> Value {
        let problem = self.expect(status);
        let fields: Vec<&str> =
            problem["errors"].as_array().into_iter().flatten().filter_map(|e| e["field"].as_str()).collect();
        assert!(fields.contains(&field), "no fault of {field}: {problem}");
        problem
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Settings of a test; `more` may repeat a section's key no second time.
pub fn settings(database: &str, smtp: &str, more: &str) -> String {
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nworkers = 2\n[database]\nurl = \"{database}\"\nconnections = 4\n\
         [security]\nmaster_key = \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"\n\
         [mail]\nsmtp_url = \"{smtp}\"\nfrom = \"Lotse <lotse@lotse.example.org>\"\nreply_address = \"antwort@lotse.example.org\"\nnotice_interval = \"1ms\"\nnotices_per_hour = 0\n\
         [webhook]\nallow_http = true\nallow_private_addresses = true\n[log]\nlevel = \"warn\"\n"
    );
    if let Some(address) = more.strip_prefix("# bounces to ").and_then(|rest| rest.lines().next()) {
        text = text.replace("notice_interval", &format!("bounce_address = \"{address}\"\nnotice_interval"));
    }
    if !more.contains("[limits]") {
        // Tests send more forms a minute than anybody does by hand.
        text.push_str("[limits]\nforms_per_minute = 0\n");
    }
    if !more.contains("[clock]") {
        // What a test expects must not depend on the hour of the day it runs at.
        text.push_str("[clock]\nhours = \"24/7\"\n");
    }
    // Contacts are asked at any hour, or tests would wait for a working day.
    let any_time = "[directory]\nconfirm_between = \"\"\n";
    if more.contains("confirm_between") {
        text.push_str(more);
    } else if more.contains("[directory]\n") {
        text.push_str(&more.replace("[directory]\n", any_time));
    } else {
        text.push_str(any_time);
        text.push_str(more);
    }
    text
}

/// The directory of a test: Kiel and Hamburg, one service, contacts with mail, with webhook, with both.
pub fn directory(webhook: &str) -> String {
    format!(
        r#"
[[land]]
code = "SH"
cooperates_with = ["HH"]
[[contact]]
id = "technik"
name = "Dataport Service Desk"
email = "technik@dataport.example.org"
deputy = "bereitschaft"
confirmed_on = {today}
webhook = {{ url = "{webhook}", secret = "{SECRET}" }}
[[contact]]
id = "bereitschaft"
name = "Dataport Bereitschaft"
email = "bereitschaft@dataport.example.org"
confirmed_on = {today}
[[contact]]
id = "kiel-zentral"
name = "Kiel, zentrale Stelle"
email = "zentral@kiel.example.org"
confirmed_on = {today}
[[contact]]
id = "kiel-meldewesen"
name = "Kiel, Meldewesen"
email = "meldewesen@kiel.example.org"
confirmed_on = {today}
discloses_reporter = true
[[contact]]
id = "nur-webhook"
name = "Nur Webhook"
confirmed_on = {today}
webhook = {{ url = "{webhook}/allein", secret = "{SECRET}" }}
[[service]]
slug = "wohnsitzanmeldung"
name = "Elektronische Wohnsitzanmeldung"
leistung = "99115005060000"
operating_land = "SH"
operator = "Dataport"
[[service.second_level]]
kind = "technical"
contacts = ["technik"]
[[service.emergency]]
contacts = ["bereitschaft"]
[[adoption]]
service = "wohnsitzanmeldung"
ars = "010020000000"
state = "live"
central = ["kiel-zentral"]
functional = ["kiel-meldewesen"]
[[adoption.channel]]
kind = "115"
label = "Behördennummer 115"
phone = "115"
hours = "Mo-Fr 08:00-18:00; PH off"
languages = ["de"]
"#,
        today = chrono::Utc::now().date_naive(),
    )
}

/// Municipalities of a test, in the form of the official list.
pub const MUNICIPALITIES: &str = "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz\n\
010020000000,01002000,\"Kiel, Landeshauptstadt\",Schleswig-Holstein,\"Kiel, Landeshauptstadt\",\"Kiel, Landeshauptstadt\",61,24103\n\
010030000000,01003000,\"Lübeck, Hansestadt\",Schleswig-Holstein,\"Lübeck, Hansestadt\",\"Lübeck, Hansestadt\",61,23539\n\
020000000000,02000000,\"Hamburg, Freie und Hansestadt\",Hamburg,Hamburg,\"Hamburg, Freie und Hansestadt\",61,20095\n";

impl TestApp {
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, "", Clock::system()).await
    }

    /// With a mailbox that undeliverable mail comes back to.
    pub async fn start_returning(kind: Kind, bounce_address: &str) -> Self {
        let more = format!("# bounces to {bounce_address}\n");
        Self::start_with(kind, &more, Clock::system()).await
    }

    /// With more settings (whole sections that the basic ones do not have) and a clock.
    pub async fn start_with(kind: Kind, more: &str, clock: Clock) -> Self {
        Self::start_changed(kind, more, &[], clock).await
    }

    /// The same where some of the basic settings are others: what stands there, and what is to stand there.
    pub async fn start_changed(kind: Kind, more: &str, changes: &[(&str, &str)], clock: Clock) -> Self {
        Self::start_on(Database::new(kind).await, more, changes, clock).await
    }

    /// The same on a database that may hold something already.
    pub async fn start_on(database: Database, more: &str, changes: &[(&str, &str)], clock: Clock) -> Self {
        let smtp = SmtpPeer::start().await;
        let webhook = WebhookPeer::start(SECRET).await;
        let settings = settings(&database.url, &smtp.url(), more);
        let settings = changes.iter().fold(settings, |settings, (from, to)| {
            assert!(settings.contains(from), "{from} is no setting of tests");
            settings.replace(from, to)
        });
        let app = start(&database, &settings, clock.clone()).await;
        if database.url.starts_with("postgres") && std::env::var_os("LOTSE_TEST_DIVIDED").is_some() {
            let (url, now) = (database.url.clone(), Clock::system().now());
            tokio::task::spawn_blocking(move || lotse::db::partitions::divide(&url, now)).await.unwrap().unwrap();
        }
        let base = format!("http://{}", app.address().unwrap());
        let test = Self { app, base, smtp, webhook, database, clock, settings, tokens: HashMap::new(), http: client() };
        test.import(&directory(&test.webhook.url())).await;
        test
    }

    /// Imports municipalities and this directory as the command line does.
    pub async fn import(&self, directory: &str) {
        let desk = self.app.escalations.desk();
        import(desk, directory).await;
        let slugs: Vec<&str> =
            directory.lines().filter_map(|line| line.strip_prefix("slug = ")).map(|s| s.trim_matches('"')).collect();
        wait_for("the directory in memory", Duration::from_secs(5), || {
            let current = desk.directory.current();
            slugs.iter().all(|slug| current.service(slug).is_some())
        })
        .await;
    }

    /// A second instance on the same database.
    pub async fn second_instance(&self) -> App {
        start(&self.database, &self.settings, self.clock.clone()).await
    }

    /// A further instance on the same database, with settings of its own.
    pub async fn instance_with(&self, settings: &str) -> App {
        start(&self.database, settings, self.clock.clone()).await
    }

    /// A second instance that shows its pages for development, with the mails of this folder.
    pub async fn development_instance(&self, mail_directory: PathBuf) -> App {
        let development = Development { mail_directory, webhook_secret: SECRET.into(), received: Received::default() };
        start_with(&self.database, &self.settings, self.clock.clone(), Some(development)).await
    }

    /// A token of a role; `more` is an ARS prefix, or for `second_level` the contact.
    pub async fn token(&mut self, role: Role, more: &str) -> String {
        let name = format!("{role} {more}");
        if let Some(token) = self.tokens.get(&name) {
            return token.clone();
        }
        let is_contact = role == Role::SecondLevel;
        let new = NewToken {
            regions: if is_contact || more.is_empty() { Vec::new() } else { vec![more.parse().unwrap()] },
            contact: is_contact.then(|| more.parse().unwrap()),
            ..NewToken::new(&name, role)
        };
        let (_, token) = self.app.tokens.create(&Actor::system(), new).await.unwrap();
        self.tokens.insert(name, token.clone());
        token
    }

    /// Somebody with an account and a session, who has these roles.
    pub async fn person(&self, login: &str, grants: Vec<Grant>) -> LoggedIn {
        let accounts = &self.app.accounts;
        let new = NewUser { login: login.into(), name: login.into(), email: None, grants };
        let (user, invitation) = accounts.invite(&Actor::console(), new).await.unwrap();
        let origin = Origin::new("127.0.0.1".parse().unwrap(), "Test");
        let entered = accounts.accept(&invitation.secret, &PASSWORD.to_owned().into(), &origin).await.unwrap();
        LoggedIn::new(user, entered.secret)
    }

    pub async fn agent(&mut self) -> String {
        self.token(Role::Agent, "").await
    }

    pub async fn central(&mut self) -> String {
        self.token(Role::Central, "01002").await
    }

    pub async fn get(&self, token: &str, path: &str) -> Reply {
        self.send(token, "GET", path, None, &[]).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Reply {
        self.send(token, "POST", path, Some(body.to_string()), &[]).await
    }

    /// Changes an object of the directory, as it is now.
    pub async fn patch(&self, token: &str, path: &str, mut body: Value) -> Reply {
        body["version"] = self.get(token, path).await.expect(200)["version"].clone();
        self.send(token, "PATCH", path, Some(body.to_string()), &[]).await
    }

    /// Changes a point of an adoption's checklist, as it is now.
    pub async fn patch_item(&self, token: &str, adoption: &str, item: &str, mut body: Value) {
        let list = self.get(token, &format!("{adoption}/checklist")).await.expect(200);
        let known = list["items"].as_array().unwrap().iter().find(|one| one["item"] == item).unwrap().clone();
        body["version"] = known["version"].clone();
        let path = format!("{adoption}/checklist/{item}");
        self.send(token, "PATCH", &path, Some(body.to_string()), &[]).await.expect(200);
    }

    pub async fn send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Reply {
        send(&self.http, &self.base, token, method, path, body, headers).await
    }

    /// Hands a request in and answers it.
    pub async fn submit(&mut self) -> Value {
        let agent = self.agent().await;
        self.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201)
    }

    /// A request that the central contact has claimed and escalated.
    pub async fn escalated(&mut self, kind: &str) -> (Value, Value) {
        let ticket = self.submit().await;
        let central = self.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        self.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        let body = json!({"kind": kind, "note": "Bitte Abbruch nach BundID-Rückkehr prüfen."});
        let escalation = self.post(&central, &format!("{path}/escalations"), body).await.expect(201);
        (ticket, escalation)
    }

    /// Waits until this is answered so: what is known of a token follows its owner within a second.
    pub async fn answers(&self, token: &str, path: &str, status: u16) {
        wait_for_some(format!("{status} at {path}"), Duration::from_secs(1), || async {
            (self.get(token, path).await.status == status).then_some(())
        })
        .await;
    }

    /// Waits until something read over the API is as wanted.
    pub async fn wait_until(&self, token: &str, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_for_some(format!("{what} at {path}"), Duration::from_secs(20), || async {
            let reply = self.get(token, path).await;
            let value = if reply.status == 200 { reply.json() } else { Value::Null };
            wanted(&value).then_some(value)
        })
        .await
    }
}

/// Imports what every test needs.
pub async fn import(desk: &lotse::tickets::Desk, directory: &str) {
    use lotse::directory::import;
    let now = desk.clock.now();
    import::municipalities(&desk.db, "municipalities.csv", MUNICIPALITIES, desk.clock.now(), &mut |_, _| {})
        .await
        .unwrap();
    import::directory(&desk.db, &desk.sealer, &desk.settings.directory, "directory.toml", directory, now)
        .await
        .unwrap();
}

async fn start(database: &Database, settings: &str, clock: Clock) -> App {
    start_with(database, settings, clock, None).await
}

async fn start_with(database: &Database, settings: &str, clock: Clock, development: Option<Development>) -> App {
    let file: PathBuf = database.folder.path().join("lotse.toml");
    std::fs::write(&file, settings).unwrap();
    let config = Config::load(Some(&file)).unwrap();
    let listener = Some(listen("server.listen", &config.server.listen).unwrap());
    App::start(&config, Options { clock, listener, delivers: true, development }).await.unwrap()
}

/// A client that keeps nothing for itself: no redirects, no proxy.
pub fn client() -> reqwest::Client {
    // Another test of this process may have installed it already.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.timeout(Duration::from_secs(30)).build().unwrap()
}

pub async fn send(
    http: &reqwest::Client,
    base: &str,
    token: &str,
    method: &str,
    path: &str,
    body: Option<String>,
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = http.request(method.parse().unwrap(), format!("{base}{path}"));
    if !token.is_empty() {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    if let Some(body) = body {
        let is_typed = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        request = request.body(body);
        if !is_typed {
            request = request.header("Content-Type", "application/json");
        }
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Reply { status, headers, body: answer.text().await.unwrap() }
}

/// A request as a 115 agent hands it in.
pub fn a_ticket() -> Value {
    json!({
        "service": "wohnsitzanmeldung",
        "ars": "010020000000",
        "channel": "115",
        "category": "form_error",
        "subject": "Wohnsitzanmeldung bricht nach BundID mit Fehler 500 ab",
        "description": "Anmeldung mit BundID klappt, danach erscheint „Interner Fehler 500“. Zweimal versucht.",
        "reply": {"wish": "email", "name": "Erika Mustermann", "email": "erika@buerger.example.org"},
        "context": {"browser": "Firefox 145, Windows"}
    })
}
