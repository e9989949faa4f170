//! How the installation fares: what was given up and sent again, addresses that fail, instances and loops, database, mail,
//! keys; over JSON, as a page and as figures. And the pages that the law asks for.

use std::time::Duration;

use chrono::TimeDelta;
use lotse::access::{Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::operations::instance;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, LoggedIn, Reply, TestApp};
use crate::support::smtp::{Reaction, Stage};
use crate::support::wait::wait_for_some;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub async fn admin(app: &TestApp) -> LoggedIn {
    app.person("betrieb", vec![Grant { role: Role::Admin, scope: Scope::everywhere(), contact: None }]).await
}

async fn page(app: &TestApp, person: &LoggedIn, path: &str) -> String {
    let reply = app.send("", "GET", path, None, &[("Cookie", &person.cookie)]).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body
}

async fn send(app: &TestApp, person: &LoggedIn, path: &str, pairs: &[(&str, &str)]) -> Reply {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf", &person.csrf).extend_pairs(pairs);
    app.send("", "POST", path, Some(form.finish()), &[FORM, ("Cookie", &person.cookie)]).await
}

/// A question to the 2nd level that both ways refuse for good.
pub async fn given_up(app: &mut TestApp) -> Value {
    app.webhook.always(crate::support::webhook::status(410));
    app.smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.7.1 refused <technik@dataport.example.org>"));
    let (ticket, _) = app.escalated("technical").await;
    ticket
}

/// The page of those that were given up, once the question's both ways are among them.
async fn undelivered(app: &TestApp, token: &str) -> Vec<Value> {
    let path = "/api/v1/operations/deliveries";
    let both = |value: &Value| {
        let is = |one: &Value, channel: &str| one["purpose"] == "created" && one["channel"] == channel;
        let all = value["items"].as_array();
        all.is_some_and(|all| ["email", "webhook"].iter().all(|way| all.iter().any(|one| is(one, way))))
    };
    app.wait_until(token, path, "given up", both).await["items"].as_array().unwrap().clone()
}

fn kinds(overview: &Value) -> Vec<&str> {
    overview["concerns"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect()
}

on_both! {
    /// A fresh installation needs nothing but its own pages, and says who works.
    async fn a_fresh_one_is_well(app: TestApp) {
        let mut app = app;
        let token = app.token(Role::Auditor, "").await;
        let there = |value: &Value| value["instances"][0]["loops"].as_array().is_some_and(|loops| loops.len() >= 9);
        let overview = app.wait_until(&token, "/api/v1/operations", "all loops", there).await;
        assert_eq!(kinds(&overview), ["pages_missing", "pages_missing", "pages_missing"]);
        let instance = &overview["instances"][0];
        assert_eq!((&instance["is_there"], &instance["delivers"]), (&json!(true), &json!(true)));
        assert_eq!(instance["version"], env!("CARGO_PKG_VERSION"));
        assert!(instance["loops"].as_array().unwrap().iter().all(|part| part["comes_round"] == true), "{instance}");
        let database = &overview["database"];
        assert!(["sqlite", "postgres"].contains(&database["kind"].as_str().unwrap()));
        assert!(database["size_bytes"].as_i64().unwrap() > 100_000 && database["migrations_missing"] == 0, "{database}");
        assert!(database["migration"].as_str().unwrap() >= "20261128200000", "{database}");
        assert_eq!(overview["keys"]["former"], 0);
        assert_eq!(overview["queue"]["exhausted"], 0);
        let licences = app.get(&token, "/api/v1/operations/licences").await.expect(200);
        assert!(licences.as_array().unwrap().iter().any(|one| one["name"] == "diesel"));
    }

    /// What both ways refused is shown without anybody's address, and goes again: one, many, by the other way.
    async fn what_was_given_up_goes_again(app: TestApp) {
        let mut app = app;
        let ticket = given_up(&mut app).await;
        let token = app.token(Role::Admin, "").await;
        let items = undelivered(&app, &token).await;
        let of = |channel: &str| items.iter().find(|one| one["channel"] == channel && one["purpose"] == "created").unwrap();
        let (mail, hook) = (of("email"), of("webhook"));
        assert_eq!((&mail["to"], &hook["to"]), (&json!("dataport.example.org"), &json!("127.0.0.1")));
        assert_eq!(mail["ticket"], ticket["number"]);
        assert!(mail["reason"].as_str().unwrap().contains("550"), "{mail}");
        assert!(!Value::from(items.clone()).to_string().contains('@'), "no address: {items:?}");
        let overview = app.get(&token, "/api/v1/operations").await.expect(200);
        let found = kinds(&overview);
        assert!(found.starts_with(&["exhausted", "endpoints_disabled"]), "{found:?}");

        // Disabled by 410: not by replay alone.
        let ids = json!([mail["id"], hook["id"]]);
        let body = json!({"deliveries": ids, "how": "replay"});
        app.smtp.behave();
        app.webhook.always(crate::support::webhook::status(204));
        let done = app.post(&token, "/api/v1/operations/deliveries/resend", body).await.expect(200);
        assert_eq!(done["sent"], json!([mail["id"]]));
        assert_eq!(done["refused"][0]["delivery"], hook["id"]);
        assert!(done["refused"][0]["reason"].as_str().unwrap().contains("disabled"), "{done}");

        let troubled = app.get(&token, "/api/v1/operations/endpoints").await.expect(200);
        let off = troubled["items"].as_array().unwrap().iter().find(|one| one["state"] == "disabled").unwrap().clone();
        assert_eq!((&off["contacts"], &off["at"]), (&json!(["technik"]), &json!("127.0.0.1")));
        let enable = format!("/api/v1/operations/endpoints/{}/enable", off["id"].as_str().unwrap());
        assert_eq!(app.post(&token, &enable, json!({})).await.expect(200)["state"], "active");
        let body = json!({"deliveries": [hook["id"]], "how": "replay"});
        let done = app.post(&token, "/api/v1/operations/deliveries/resend", body.clone()).await.expect(200);
        assert_eq!(done["sent"], json!([hook["id"]]));
        // Notices that were refused with them stay; these two have left.
        let gone = |value: &Value| [mail, hook].iter().all(|one| !value.to_string().contains(one["id"].as_str().unwrap()));
        app.wait_until(&token, "/api/v1/operations/deliveries", "both gone", gone).await;
        let again = app.post(&token, "/api/v1/operations/deliveries/resend", body).await.expect(200);
        assert!(again["refused"][0]["reason"].as_str().unwrap().contains("exhausted"), "{again}");
        // On record: the enabling in the audit log, the messages in the request's history.
        let audit = app.get(&token, "/api/v1/audit?action=endpoint.enabled").await.expect(200);
        assert_eq!(audit["items"][0]["object_id"], off["id"]);
        let history = app.get(&token, &format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap())).await.expect(200);
        let replays = history["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "delivery_replayed");
        assert_eq!(replays.count(), 2, "{history}");
        for wrong in [json!({"deliveries": [], "how": "replay"}), json!({"deliveries": [mail["id"]], "how": "x"})] {
            assert_eq!(app.post(&token, "/api/v1/operations/deliveries/resend", wrong).await.status, 422);
        }
    }

    /// What asks for something that is answered by now is not sent again: it says so, and is put aside. One that expired
    /// because nobody could be reached goes again, as after an outage.
    async fn what_is_done_is_not_asked_for_again(app: TestApp) {
        let mut app = app;
        let ticket = given_up(&mut app).await;
        let (token, central) = (app.token(Role::Admin, "").await, app.central().await);
        let items = undelivered(&app, &token).await;
        let mail = items.iter().find(|one| one["channel"] == "email" && one["purpose"] == "created").unwrap().clone();
        assert_eq!(mail["settled"], Value::Null);
        app.smtp.behave();
        let escalations = format!("/api/v1/tickets/{}/escalations", ticket["id"].as_str().unwrap());
        let escalation = app.get(&central, &escalations).await.expect(200)["items"][0].clone();
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        let second = app.token(Role::SecondLevel, "bereitschaft").await;
        app.wait_until(&central, &path, "the deputy's turn", |found| found["step"] == 1).await;
        app.post(&second, &format!("{path}/answer"), json!({"text": "Behoben."})).await.expect(200);
        let list = app.get(&token, "/api/v1/operations/deliveries").await.expect(200);
        let shown = list["items"].as_array().unwrap().iter().find(|one| one["id"] == mail["id"]).unwrap();
        assert_eq!((&shown["settled"], &shown["has_other_way"]), (&json!("answered"), &json!(false)), "{shown}");
        let person = admin(&app).await;
        assert!(page(&app, &person, "/betrieb").await.contains("Nicht mehr nötig: Die Frage ist beantwortet."));
        let replay = format!("/api/v1/deliveries/{}/replay", mail["id"].as_str().unwrap());
        let refused = app.post(&token, &replay, json!({})).await.expect(409);
        assert!(refused.to_string().contains("answered"), "{refused}");
        let before = app.smtp.received().len();
        let pressed = send(&app, &person, "/betrieb/zustellungen", &[("how", "replay"), ("delivery", mail["id"].as_str().unwrap())]).await;
        assert!(pressed.header("location").unwrap().contains("put-aside"), "{:?}", pressed.headers);
        let list = app.get(&token, "/api/v1/operations/deliveries").await.expect(200);
        assert!(!list.to_string().contains(mail["id"].as_str().unwrap()), "{list}");
        assert!(app.smtp.received()[before..].iter().all(|mail| !mail.to.iter().any(|to| to.contains("technik@"))));
    }

    /// One message that cannot be written does not hold up those behind it; each is told of.
    async fn one_that_fails_holds_up_no_other(app: TestApp) {
        let mut app = app;
        app.webhook.always(crate::support::webhook::status(204));
        app.smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.7.1 refused <technik@dataport.example.org>"));
        let token = app.token(Role::Admin, "").await;
        for _ in 0..3 {
            app.escalated("technical").await;
        }
        let list = app.wait_until(&token, "/api/v1/operations/deliveries", "three mails", |list| {
            list["items"].as_array().unwrap().iter().filter(|one| one["purpose"] == "created").count() >= 3
        }).await;
        let ids: Vec<String> = list["items"].as_array().unwrap().iter().filter(|one| one["purpose"] == "created")
            .map(|one| one["id"].as_str().unwrap().to_owned()).take(3).collect();
        // The database refuses to change the second of them.
        let db = &app.app.escalations.desk().db;
        let broken = ids[1].replace('-', "");
        let refuse = match app.database.url.starts_with("sqlite") {
            true => format!("CREATE TRIGGER broken BEFORE UPDATE ON outbox WHEN hex(OLD.id) = upper('{broken}') BEGIN SELECT RAISE(ABORT, 'broken'); END"),
            false => format!(
                "CREATE FUNCTION broken() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$ LANGUAGE plpgsql;
                 CREATE TRIGGER broken BEFORE UPDATE ON outbox FOR EACH ROW WHEN (OLD.id = '{}') EXECUTE FUNCTION broken()", ids[1]),
        };
        db.write(move |tx| Ok(diesel::connection::SimpleConnection::batch_execute(&mut **tx, &refuse)?)).await.unwrap();
        let body = json!({"deliveries": ids, "how": "replay"});
        let done = app.post(&token, "/api/v1/operations/deliveries/resend", body).await.expect(200);
        assert_eq!(done["sent"], json!([ids[0], ids[2]]), "{done}");
        assert_eq!((&done["refused"][0]["delivery"], done["refused"].as_array().unwrap().len()), (&json!(ids[1]), 1));
    }

    /// It belongs to those who run all of it: others see nothing, auditors change nothing.
    async fn it_is_for_those_who_run_it(app: TestApp) {
        let mut app = app;
        let auditor = app.token(Role::Auditor, "").await;
        app.get(&auditor, "/api/v1/operations").await.expect(200);
        let body = json!({"deliveries": ["01890000-0000-7000-8000-000000000000"], "how": "replay"});
        assert_eq!(app.post(&auditor, "/api/v1/operations/deliveries/resend", body).await.status, 403);
        let central = app.central().await;
        assert_eq!(app.get(&central, "/api/v1/operations").await.status, 403);
        for (login, role, region, status) in [
            ("regional", Role::Admin, "01", 403),
            ("zentral", Role::Central, "", 403),
            ("revision", Role::Auditor, "", 200),
        ] {
            let scope = if region.is_empty() { Scope::everywhere() } else { Scope::region(region.parse().unwrap()) };
            let person = app.person(login, vec![Grant { role, scope, contact: None }]).await;
            let shown = app.send("", "GET", "/betrieb", None, &[("Cookie", &person.cookie)]).await;
            assert_eq!(shown.status, status, "{login}: {}", shown.body);
            let start = page(&app, &person, "/").await;
            assert_eq!(start.contains("href=\"/betrieb\""), status == 200, "{login}");
            if status == 200 {
                assert!(!shown.body.contains("href=\"/eingang\""), "{login} may not open it");
            }
            assert!(!shown.body.contains("Wieder einschalten") && !shown.body.contains("name=\"how\""));
            assert_eq!(send(&app, &person, "/betrieb/zustellungen", &[("how", "replay")]).await.status, 403, "{login}");
        }
    }

    /// The page does the same as the API, without scripts, and says what was done.
    async fn the_page_sends_again(app: TestApp) {
        let mut app = app;
        let ticket = given_up(&mut app).await;
        let (token, person) = (app.token(Role::Admin, "").await, admin(&app).await);
        let items = undelivered(&app, &token).await;
        let shown = page(&app, &person, "/betrieb").await;
        assert!(shown.contains(ticket["number"].as_str().unwrap()) && shown.contains("Frage an das 2nd Level"), "{shown}");
        assert!(!shown.contains("technik@") && !shown.contains("Erika"), "nobody's address");
        app.smtp.behave();
        let mail = items.iter().find(|one| one["channel"] == "email").unwrap()["id"].as_str().unwrap();
        let none = send(&app, &person, "/betrieb/zustellungen", &[("how", "replay")]).await;
        assert_eq!(none.header("location"), Some("/betrieb?getan=resend-none"));
        let sent = send(&app, &person, "/betrieb/zustellungen", &[("delivery", mail), ("how", "replay")]).await;
        assert_eq!((sent.status, sent.header("location")), (303, Some("/betrieb?getan=resent")), "{}", sent.body);
        assert!(page(&app, &person, "/betrieb?getan=resent").await.contains("wieder unterwegs"));
        let off = app.get(&token, "/api/v1/operations/endpoints").await.expect(200)["items"][0]["id"].clone();
        let path = format!("/betrieb/adressen/{}/einschalten", off.as_str().unwrap());
        assert_eq!(send(&app, &person, &path, &[]).await.header("location"), Some("/betrieb?getan=endpoint-enabled"));
        assert!(page(&app, &person, "/betrieb/lizenzen").await.contains("diesel"));
        assert!(page(&app, &person, "/betrieb?lang=en").await.contains("What is to be done now"));
    }

    /// Instances are seen by each other; one that is silent is a concern, one that ended in order is not.
    async fn instances_see_each_other(app: TestApp) {
        let mut app = app;
        let token = app.token(Role::Admin, "").await;
        let second = app.second_instance().await;
        let two = |value: &Value| value["instances"].as_array().is_some_and(|all| all.len() == 2);
        app.wait_until(&token, "/api/v1/operations", "two instances", two).await;
        assert!(second.stop().await);
        let one = |value: &Value| value["instances"].as_array().is_some_and(|all| all.len() == 1);
        app.wait_until(&token, "/api/v1/operations", "one instance", one).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_instance_is_a_concern() {
    let start = Timestamp::new(chrono::Utc::now());
    let mut app = TestApp::start_with(Kind::Sqlite, "", Clock::fixed(start)).await;
    let token = app.token(Role::Admin, "").await;
    // A process that was killed: its row is there, and nobody renews it.
    let dead = lotse::operations::Operations::new(
        app.app.escalations.clone(),
        app.app.confirmations.clone(),
        lotse::operations::Settings::default(),
        "gestorben".into(),
    );
    instance::say(&dead).await.unwrap();
    app.clock.advance(TimeDelta::minutes(5));
    instance::say(&app.app.operations).await.unwrap();
    let overview = app.get(&token, "/api/v1/operations").await.expect(200);
    let silent = overview["concerns"].as_array().unwrap().iter().find(|one| one["kind"] == "instance_silent").unwrap();
    assert_eq!((&silent["which"], &silent["count"]), (&json!("gestorben"), &json!(5)), "{overview}");
    // After a day nobody speaks of it any more.
    app.clock.advance(TimeDelta::days(2));
    let fresh = app.second_instance().await;
    let forgotten = |value: &Value| !value["instances"].to_string().contains("gestorben");
    app.wait_until(&token, "/api/v1/operations", "forgotten", forgotten).await;
    assert!(fresh.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_is_away_shows() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let token = app.token(Role::Admin, "").await;
    app.smtp.on(Stage::Connect, Reaction::Reply(421, "4.3.2 away"));
    app.submit().await;
    let failing = |value: &Value| value["mail"]["failing_since"].is_string();
    let overview = app.wait_until(&token, "/api/v1/operations", "mail fails", failing).await;
    assert_eq!(overview["mail"]["last_success"], Value::Null);
    let metrics = app.get(&token, "/metrics").await.body;
    assert!(metrics.contains("lotse_mail_failing_seconds "), "{metrics}");
}

/// Every figure that alerts and dashboard name is one of ours, every alert has its section in the runbook, and every
/// concern too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_and_dashboard_name_what_there_is() {
    // A mailbox that nobody answers for: its figures are there all the same.
    let mailbox = "[inbound]\n[[inbound.mailbox]]\nname = \"antworten\"\nhost = \"127.0.0.1\"\nport = 1\nuser = \"x\"\npassword = \"x\"\nallow_plain = true\nregion = \"01\"\n";
    let mut app = TestApp::start_with(Kind::Sqlite, mailbox, Clock::system()).await;
    let token = app.token(Role::Auditor, "").await;
    app.get(&token, "/api/v1/tickets").await.expect(200);
    let metrics = wait_for_some("the mailbox's figures", Duration::from_secs(20), || async {
        let text = app.get(&token, "/metrics").await.body;
        text.contains("lotse_mailbox_failing_seconds{").then_some(text)
    })
    .await;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let (alerts, dashboard) = (read("config/monitoring/alerts.yml"), read("config/monitoring/grafana.json"));
    serde_json::from_str::<Value>(&dashboard).unwrap();
    let mut named = 0;
    for text in [&alerts, &dashboard] {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let is_ours = word.starts_with("lotse_") || word.starts_with("process_");
            if is_ours && !word.ends_with('_') {
                named += 1;
                let is_there = metrics
                    .lines()
                    .any(|line| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(['{', ' '])));
                assert!(is_there, "{word} is no figure of /metrics:\n{metrics}");
            }
        }
    }
    assert!(named > 30, "{named}");
    let guide = read("docs/operations.md");
    let sections: Vec<&str> = guide.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in &names {
        assert!(sections.iter().any(|section| section.starts_with(name)), "no section for {name}: {sections:?}");
    }
    for kind in lotse::operations::ConcernKind::ALL {
        assert!(guide.contains(&format!("`{kind}`")), "{kind} is not in docs/operations.md");
    }
}

/// The pages the law asks for: ours that say what is missing, the operator's text in each language, or another address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn required_pages_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let imprint = file("impressum.md", "# Impressum\n\nLandesamt für Beispiele\n\n<script>alert(1)</script>\n");
    file("impressum.en.md", "State Office of Examples\n");
    let more = format!(
        "[public]\nname = \"Hilfe Nord\"\noperator = \"Landesamt für Beispiele\"\ncontact = \"0431 1234-0\"\nimprint_file = \"{imprint}\"\n\
         privacy_url = \"https://www.example.org/datenschutz\"\naccessibility_mail = \"barriere@example.org\"\n\
         sign_language_url = \"https://www.example.org/dgs\"\n"
    );
    let app = TestApp::start_with(Kind::Sqlite, &more, Clock::system()).await;
    let shown = app.get("", "/impressum").await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("Landesamt für Beispiele") && !shown.body.contains("<script>alert"), "{}", shown.body);
    assert!(shown.body.contains("Hilfe Nord") && shown.body.contains("0431 1234-0"));
    assert!(app.get("", "/impressum?lang=en").await.body.contains("State Office of Examples"));
    let elsewhere = app.get("", "/datenschutz").await;
    assert_eq!((elsewhere.status, elsewhere.header("location")), (303, Some("https://www.example.org/datenschutz")));
    let statement = app.get("", "/barrierefreiheit").await.body;
    assert!(statement.contains("href=\"/barrierefreiheit/melden?lang=de\""), "{statement}");
    reports_a_barrier(&app).await;
    for part in ["teilweise vereinbar", "mailto:barriere@example.org", "Schlichtungsstelle", "28. November 2026"] {
        assert!(statement.contains(part), "{part}: {statement}");
    }
    assert!(app.get("", "/barrierefreiheit?lang=en").await.body.contains("partially"));
    assert!(app.get("", "/barrierefreiheit?lang=de-x-leicht").await.body.contains("Schlichtungs-Stelle"));
    // Every page leads to them: help, the frame on other sites, log-in, a page that says a link is no good.
    let help = "/hilfe/wohnsitzanmeldung/010020000000";
    for path in [help, &format!("{help}?einbettung=1"), "/anmelden", "/", "/eskalation/gibt-es-nicht", "/hilfe"] {
        let body = app.get("", path).await.body;
        for page in ["/barrierefreiheit", "/datenschutz", "/impressum"] {
            assert!(body.contains(&format!("href=\"{page}")), "{path} leads to no {page}: {body}");
        }
    }
    assert!(app.get("", help).await.body.contains("https://www.example.org/dgs"));
    // Nothing filled in: it says so.
    let bare = TestApp::start(Kind::Sqlite).await;
    for path in ["/impressum", "/datenschutz", "/barrierefreiheit", "/impressum?lang=en"] {
        let body = bare.get("", path).await.body;
        assert!(
            body.contains("trägt der Betreiber noch ein") || body.contains("not filled this in yet"),
            "{path}: {body}"
        );
    }
}

/// Language, theme and keys hold in the browser; the second factor asks for the password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_hold_in_the_browser() {
    let app = TestApp::start(Kind::Sqlite).await;
    let person = admin(&app).await;
    let changed = [("sprache", "en"), ("darstellung", "dark"), ("tasten", "off")];
    let reply = send(&app, &person, "/konto/einstellungen", &changed).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/konto?getan=settings")), "{}", reply.body);
    let set: Vec<String> = reply.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap().to_owned()).collect();
    let cookies: Vec<&str> = set.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
    assert_eq!(cookies, ["lotse_lang=en", "lotse_theme=dark", "lotse_keys=off"]);
    let all = format!("{}; {}", person.cookie, cookies.join("; "));
    let account = app.send("", "GET", "/konto", None, &[("Cookie", &all)]).await.body;
    assert!(
        account.contains("<html lang=\"en\" data-kern-theme=\"dark\">") && account.contains("data-keys=\"off\""),
        "{account}"
    );

    let wrong = send(&app, &person, "/konto/zweiter-faktor", &[("factor-password", "falsch")]).await;
    assert_eq!(wrong.status, 422);
    assert!(!wrong.body.contains("otpauth") && wrong.body.contains("factor-password-fehler"), "{}", wrong.body);
    let right = [("factor-password", crate::support::app::PASSWORD)];
    let begun = send(&app, &person, "/konto/zweiter-faktor", &right).await;
    assert!(begun.status == 200 && begun.body.contains("otpauth://"), "{}", begun.body);
}

/// By the form beside the statement, without a script; what a machine fills in goes nowhere.
async fn reports_a_barrier(app: &TestApp) {
    let sends = async |fields: &[(&str, &str)]| {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        app.send("", "POST", "/barrierefreiheit/melden", Some(body), &headers).await
    };
    let wrong = sends(&[("text", ""), ("mail", "erika@")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("id=\"text-fehler\"") && wrong.body.contains("id=\"mail-fehler\""), "{}", wrong.body);
    assert_eq!(sends(&[("text", "Kauf mich"), ("webseite", "https://spam.example")]).await.status, 303);
    let page = ("seite", "/hilfe");
    let sent = sends(&[("text", "Der Knopf\nhat <keinen> Namen."), page, ("mail", "erika@buerger.example.org")]).await;
    assert_eq!((sent.status, sent.header("location")), (303, Some("/barrierefreiheit/melden?getan=gesendet")));
    assert!(app.get("", sent.header("location").unwrap()).await.body.contains("ist unterwegs"));
    let mail = wait_for_some("the report", Duration::from_secs(20), || async {
        app.smtp.received().into_iter().find(|mail| mail.to == ["barriere@example.org"])
    })
    .await;
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    assert!(text.contains("<keinen> Namen") && text.contains("Seite: /hilfe"), "{text}");
    assert!(mail.header("Reply-To").is_some_and(|to| to.contains("erika@buerger.example.org")));
    let mut last = 0;
    for place in 0..10 {
        let text = format!("Noch etwas: {place}");
        last = sends(&[("text", text.as_str())]).await.status;
        if last != 303 {
            break;
        }
    }
    assert_eq!(last, 429);
    assert!(!app.smtp.received().iter().any(|mail| mail.text().contains("Kauf mich")));
}
