//! An installation of before, brought up to date: requests and escalations in every state, messages that wait and
//! messages that were given up, in the tables as they were on 27 November 2026. Lists, pages, deliveries and clock go on.
//!
//! Invariant: what stands in the tables was written through the interface and then brought into the form of before:
//! the migrations up to that day, and of every row the columns that were there. Everything since comes by the
//! migrations alone.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};
use lotse::access::audit::verify::verify;
use lotse::access::{Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::escalation::sweep;
use serde_json::{Value, json};

use crate::support::app::{Database, Kind, TestApp};
use crate::support::smtp::{Mail, Reaction, Stage};
use crate::support::wait::wait_for_some;
use crate::support::webhook::status;

/// Migrations from this day on are not there yet.
const CUT: &str = "2026-11-28";

/// The migrations of before, in their order.
fn migrations(kind: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap().to_str().unwrap() < CUT);
    found.sort();
    assert!(found.len() >= 7, "{found:?}");
    found.iter().map(|path| std::fs::read_to_string(path.join("up.sql")).unwrap()).collect()
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Statements that copy what the tables of before have columns for, from the tables of today.
fn copies(columns: Vec<Column>, before: &str, today: &str) -> String {
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for Column { place, name } in columns {
        match tables.last_mut().filter(|(table, _)| *table == place) {
            Some((_, names)) => names.push(name),
            None => tables.push((place, vec![name])),
        }
    }
    assert!(tables.len() > 25, "{}", tables.len());
    let mut all = String::new();
    for (table, names) in tables {
        let names = names.join(", ");
        // What was told of changes stays where it was; later migrations add to it.
        if table == "changes" {
            let newer = format!("SELECT version FROM {today}.changes c WHERE c.topic = {before}.changes.topic");
            all += &format!("UPDATE {before}.changes SET version = ({newer});\n");
            continue;
        }
        all += &format!(
            "DELETE FROM {before}.{table}; INSERT INTO {before}.{table} ({names}) SELECT {names} FROM {today}.{table};\n"
        );
    }
    let cut = CUT.replace('-', "");
    all += &format!(
        "CREATE TABLE {before}.__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO {before}.__diesel_schema_migrations SELECT version, run_on FROM {today}.__diesel_schema_migrations WHERE version < '{cut}';"
    );
    all
}

/// Puts it into the form of before.
fn put_back(kind: Kind, database: &mut Database) {
    match kind {
        Kind::Sqlite => {
            let (today, before) = (database.folder.path().join("lotse.db"), database.folder.path().join("before.db"));
            let mut conn = SqliteConnection::establish(before.to_str().unwrap()).unwrap();
            migrations("sqlite").iter().for_each(|sql| conn.batch_execute(sql).unwrap());
            let columns = "SELECT m.name AS place, c.name AS name FROM sqlite_master m, pragma_table_info(m.name) c
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'ticket_search\\_%' ESCAPE '\\'
                ORDER BY m.name, c.cid";
            let columns: Vec<Column> = diesel::sql_query(columns).load(&mut conn).unwrap();
            conn.batch_execute(&format!("PRAGMA foreign_keys = OFF; ATTACH DATABASE '{}' AS today", today.display()))
                .unwrap();
            conn.batch_execute(&copies(columns, "main", "today")).unwrap();
            database.url = format!("sqlite://{}", before.display());
        }
        Kind::Postgres => {
            let mut conn = PgConnection::establish(&database.url).unwrap();
            // Without triggers: what is appended for ever is copied once.
            conn.batch_execute("SET session_replication_role = replica; CREATE SCHEMA older; SET search_path = older")
                .unwrap();
            migrations("postgres").iter().for_each(|sql| conn.batch_execute(sql).unwrap());
            let columns = "SELECT table_name::text AS place, column_name::text AS name FROM information_schema.columns
                WHERE table_schema = 'older' ORDER BY table_name, ordinal_position";
            let columns: Vec<Column> = diesel::sql_query(columns).load(&mut conn).unwrap();
            conn.batch_execute(&copies(columns, "older", "public")).unwrap();
            conn.batch_execute("DROP SCHEMA public CASCADE; ALTER SCHEMA older RENAME TO public").unwrap();
        }
    }
}

/// Brings requests and escalations into every state.
async fn fill(app: &mut TestApp) {
    let (agent, central) = (app.agent().await, app.central().await);
    let second = app.token(Role::SecondLevel, "technik").await;
    let ticket = async |app: &TestApp, subject: &str| {
        let mut body = crate::support::app::a_ticket();
        body["subject"] = json!(subject);
        app.post(&agent, "/api/v1/tickets", body).await.expect(201)
    };
    let act = async |app: &TestApp, ticket: &Value, word: &str, body: Value| {
        app.post(&central, &format!("{}/{word}", at("tickets", ticket)), body).await.expect(200)
    };
    ticket(app, "Zustand: new").await;
    let text = json!({"text": "Es geht wieder."});
    for (subject, acts) in [
        ("Zustand: assessing", vec![]),
        ("Zustand: waiting", vec![("wait", json!({"question": "Welcher Browser?"}))]),
        ("Zustand: answered", vec![("answer", text.clone())]),
        ("Zustand: closed", vec![("answer", text.clone()), ("close", json!({}))]),
        ("Zustand: rejected", vec![("reject", json!({"reason": "Kein Online-Dienst."}))]),
    ] {
        let made = ticket(app, subject).await;
        act(app, &made, "claim", json!({})).await;
        for (word, body) in acts {
            act(app, &made, word, body).await;
        }
    }
    let (into, merged) = (ticket(app, "Zustand: Ziel").await, ticket(app, "Zustand: merged").await);
    act(app, &merged, "claim", json!({})).await;
    act(app, &merged, "merge", json!({"into": into["number"]})).await;
    let ask = async |app: &TestApp, subject: &str, kind: &str| {
        let made = ticket(app, subject).await;
        act(app, &made, "claim", json!({})).await;
        let path = format!("{}/escalations", at("tickets", &made));
        app.post(&central, &path, json!({"kind": kind, "note": "Bitte prüfen."})).await.expect(201)
    };
    for (subject, word, body) in [
        ("Eskalation: acknowledged", "acknowledge", json!({"reference": "D-1"})),
        ("Eskalation: answered", "answer", json!({"text": "Behoben."})),
        ("Eskalation: returned", "return", json!({"reason": "Nicht zuständig."})),
    ] {
        let asked = ask(app, subject, "technical").await;
        app.post(&second, &format!("{}/{word}", at("escalations", &asked)), body).await.expect(200);
    }
    for (subject, word, body, times) in [
        ("Eskalation: withdrawn", "withdraw", json!({"reason": "Erledigt."}), 1),
        ("Eskalation: expired", "next", json!({}), 3),
        ("Eskalation: zweite Stufe", "next", json!({}), 1),
    ] {
        let asked = ask(app, subject, "technical").await;
        for _ in 0..times {
            app.post(&central, &format!("{}/{word}", at("escalations", &asked)), body.clone()).await.expect(200);
        }
    }
    let sent = ask(app, "Eskalation: sent", "functional").await;
    app.wait_until(&central, &at("escalations", &sent), "sent", |found| found["status"] == "sent").await;
    app.smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.7.1 refused"));
    let lost = ask(app, "Eskalation: unzustellbar", "functional").await;
    app.wait_until(&central, &at("escalations", &lost), "its end", |found| found["status"] == "expired").await;
    app.smtp.behave();
    app.smtp.on(Stage::Rcpt, Reaction::Reply(450, "4.3.0 later"));
    app.webhook.always(status(503));
    let waits = ask(app, "Eskalation: pending", "technical").await;
    let path = format!("{}/deliveries", at("escalations", &waits));
    app.wait_until(&central, &path, "a first attempt by each way", |list| {
        let all = list["items"].as_array().unwrap();
        all.len() == 2 && all.iter().all(|one| !one["attempts"].as_array().unwrap().is_empty())
    })
    .await;
}

/// The installation as it was, opened by the version of today.
async fn upgraded(kind: Kind) -> TestApp {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let mut app = TestApp::start_with(kind, "", clock.clone()).await;
    fill(&mut app).await;
    let TestApp { app, mut database, .. } = app;
    app.stop().await;
    put_back(kind, &mut database);
    clock.advance(chrono::TimeDelta::minutes(5));
    TestApp::start_on(database, "", &[], clock).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn at(kind: &str, of: &Value) -> String {
    format!("/api/v1/{kind}/{}", text(&of["id"]))
}

struct Old {
    app: TestApp,
    central: String,
    tickets: Vec<Value>,
}

impl Old {
    async fn open(kind: Kind) -> Self {
        let mut app = upgraded(kind).await;
        let central = app.central().await;
        // Those that are over are no part of the list of work.
        let mut tickets = Vec::new();
        for status in ["new", "assessing", "waiting", "answered", "escalated", "closed", "rejected", "merged"] {
            let list = app.get(&central, &format!("/api/v1/tickets?status={status}&limit=100")).await.expect(200);
            tickets.extend(list["items"].as_array().unwrap().clone());
        }
        Self { app, central, tickets }
    }

    fn ticket(&self, subject: &str) -> &Value {
        self.tickets.iter().find(|ticket| ticket["subject"] == subject).unwrap_or_else(|| panic!("no {subject}"))
    }

    async fn escalation(&self, subject: &str) -> Value {
        let path = format!("{}/escalations", at("tickets", self.ticket(subject)));
        self.app.get(&self.central, &path).await.expect(200)["items"][0].clone()
    }

    /// Time passes, and what is due happens.
    async fn pass(&self, hours: i64) {
        self.app.clock.advance(chrono::TimeDelta::hours(hours));
        while sweep::round(&self.app.app.escalations).await.unwrap() > 0 {}
    }

    async fn mail(&self, address: &str, words: &str) {
        wait_for_some(format!("a mail «{words}» to {address}"), Duration::from_secs(20), || async {
            let here = |mail: &Mail| mail.to.iter().any(|to| to == address) && mail.text().contains(words);
            self.app.smtp.received().iter().any(here).then_some(())
        })
        .await;
    }
}

async fn goes_on(kind: Kind) {
    let mut old = Old::open(kind).await;
    // Every state is what it was.
    for (subject, status) in [
        ("Zustand: new", "new"),
        ("Zustand: assessing", "assessing"),
        ("Zustand: waiting", "waiting"),
        ("Zustand: answered", "answered"),
        ("Zustand: closed", "closed"),
        ("Zustand: rejected", "rejected"),
        ("Zustand: merged", "merged"),
        ("Eskalation: acknowledged", "escalated"),
        ("Eskalation: answered", "assessing"),
    ] {
        assert_eq!(old.ticket(subject)["status"], status, "{subject}");
    }
    for (subject, status, step) in [
        ("Eskalation: pending", "pending", 0),
        ("Eskalation: sent", "sent", 0),
        ("Eskalation: zweite Stufe", "sent", 1),
        ("Eskalation: acknowledged", "acknowledged", 0),
        ("Eskalation: answered", "answered", 0),
        ("Eskalation: returned", "returned", 0),
        ("Eskalation: withdrawn", "withdrawn", 0),
        ("Eskalation: expired", "expired", 2),
        ("Eskalation: unzustellbar", "expired", 2),
    ] {
        let found = old.escalation(subject).await;
        // What waited to leave may have left by now.
        let has_left = status == "pending" && found["status"] == "sent";
        assert!((found["status"] == status || has_left) && found["step"] == step, "{subject}: {found}");
        assert!(found["chain"].as_array().unwrap().len() > 1, "{found}");
    }
    pages(&old).await;

    // Who asked is still readable.
    let path = format!("{}/reporter", at("tickets", old.ticket("Zustand: new")));
    let person = old.app.post(&old.central, &path, json!({"purpose": "Rückfrage"})).await.expect(200);
    assert_eq!(person["name"], "Erika Mustermann", "{person}");

    // What waited leaves when its time has come; what was given up can be sent again.
    let (pending, lost) =
        (old.ticket("Eskalation: pending")["number"].clone(), old.ticket("Eskalation: unzustellbar").clone());
    old.pass(3).await;
    old.mail("technik@dataport.example.org", text(&pending)).await;
    wait_for_some("the webhook", Duration::from_secs(20), || async {
        let is_it = |request: &crate::support::webhook::Request| request.json()["data"]["ticket"]["number"] == pending;
        old.app.webhook.received().iter().any(is_it).then_some(())
    })
    .await;
    let admin = old.app.token(Role::Admin, "").await;
    let list = old.app.get(&admin, "/api/v1/operations/deliveries?limit=100").await.expect(200);
    let is_lost = |one: &&Value| one["purpose"] == "created" && one["ticket"] == lost["number"];
    let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().filter(is_lost).map(|one| &one["id"]).collect();
    assert!(!ids.is_empty(), "{list}");
    let body = json!({"deliveries": ids, "how": "replay"});
    let done = old.app.post(&admin, "/api/v1/operations/deliveries/resend", body).await.expect(200);
    assert_eq!(done["sent"].as_array().unwrap().len(), ids.len(), "{done}");
    old.mail("meldewesen@kiel.example.org", text(&lost["number"])).await;

    // The clock goes on: whoever was silent is passed over, the next is asked.
    old.pass(2).await;
    for (subject, step) in [("Eskalation: sent", 1), ("Eskalation: zweite Stufe", 2)] {
        let found = old.escalation(subject).await;
        let path = at("escalations", &found);
        old.app.wait_until(&old.central, &path, "the next step", |found| found["step"] == step).await;
    }
    // Whoever took it answers, and it is back.
    let second = old.app.token(Role::SecondLevel, "technik").await;
    let taken = old.escalation("Eskalation: acknowledged").await;
    let body = json!({"text": "Behoben."});
    old.app.post(&second, &format!("{}/answer", at("escalations", &taken)), body).await.expect(200);
    let back = old.app.get(&old.central, &at("tickets", old.ticket("Eskalation: acknowledged"))).await.expect(200);
    assert_eq!(back["status"], "assessing");
    // Requests go on where they were, and new ones come in behind them.
    let path = at("tickets", old.ticket("Zustand: waiting"));
    old.app.post(&old.central, &format!("{path}/resume"), json!({"text": "Firefox"})).await.expect(200);
    let path = at("tickets", old.ticket("Zustand: new"));
    old.app.post(&old.central, &format!("{path}/claim"), json!({})).await.expect(200);
    old.app.post(&old.central, &format!("{path}/answer"), json!({"text": "Geht wieder."})).await.expect(200);
    let new = old.app.submit().await;
    assert!(old.tickets.iter().all(|ticket| text(&ticket["number"]) < text(&new["number"])), "{new}");
    // The figures count what was before them.
    // All but the one that goes on in another, and the new one.
    let (all, today) = (old.tickets.len(), old.app.clock.now().day_in_berlin());
    let path = format!("/api/v1/figures?period=days&from={}&to={today}", today - chrono::Days::new(3));
    old.app.wait_until(&admin, &path, "all requests", |figures| figures["facts"]["received"] == all).await;
    // Its audit log is whole, over the change.
    let (db, sealer) = (&old.app.app.db, &old.app.app.escalations.desk().sealer);
    let verdict = verify(db, sealer, Vec::new(), old.app.clock.now()).await.unwrap();
    assert_eq!(verdict.fault, None, "{verdict:?}");
}

/// Every page that shows them opens.
async fn pages(old: &Old) {
    let grant = |role| Grant { role, scope: Scope::everywhere(), contact: None };
    let person = old.app.person("petersen", vec![grant(Role::Admin), grant(Role::Central)]).await;
    let mut all: Vec<String> = old.tickets.iter().map(|one| format!("/anfragen/{}", text(&one["number"]))).collect();
    all.extend(["/anfragen", "/betrieb", "/zahlen", "/eingang", "/verzeichnis", "/anschluesse"].map(str::to_owned));
    for path in all {
        let reply = old.app.send("", "GET", &path, None, &[("Cookie", &person.cookie)]).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_of_before_goes_on_on_sqlite() {
    goes_on(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_of_before_goes_on_on_postgres() {
    goes_on(Kind::Postgres).await;
}
