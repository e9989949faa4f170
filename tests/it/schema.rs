//! The tables: `src/db/schema.rs`, the migrations of both databases, and what the databases answer, are one.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use lotse::access::Role;
use lotse::db::{self, Conn, Db};
use serde_json::json;

use crate::support::app::{Database, Kind, TestApp, a_ticket};

/// A column: whether it may be empty, and roughly what it holds.
type Column = (bool, &'static str);
type Tables = BTreeMap<String, BTreeMap<String, Column>>;

/// The tables as the code declares them.
fn declared() -> Tables {
    let mut tables = Tables::new();
    let mut table = None;
    for line in include_str!("../../src/db/schema.rs").lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
            table = Some(name.to_owned());
            tables.insert(name.to_owned(), BTreeMap::new());
        } else if let (Some(name), Some((column, kind))) = (&table, line.split_once(" -> ")) {
            let kind = kind.trim_end_matches(',');
            let inner = kind.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>'));
            let rough = match inner.unwrap_or(kind) {
                "DbUuid" => "id",
                "Text" => "text",
                "Binary" => "bytes",
                "Timestamp" => "time",
                "Date" => "date",
                "Integer" => "integer",
                "BigInt" => "long",
                "Bool" => "truth",
                other => panic!("{name}.{column}: {other}"),
            };
            tables.get_mut(name).unwrap().insert(column.to_owned(), (inner.is_some(), rough));
        } else if line == "}" {
            table = None;
        }
    }
    assert!(tables.len() > 20 && tables["tickets"].len() > 20, "{tables:?}");
    tables
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Info {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Integer)]
    required: i32,
}

fn rough(kind: &str) -> &'static str {
    match kind.to_lowercase().as_str() {
        "uuid" | "blob16" => "id",
        "text" => "text",
        "bytea" | "blob" => "bytes",
        "timestamp" | "timestamp without time zone" => "time",
        "date" => "date",
        "integer" => "integer",
        "bigint" => "long",
        "boolean" => "truth",
        other => panic!("a type that the schema does not know: {other}"),
    }
}

/// The tables as they are, without those of the machinery.
fn found(conn: &mut Conn) -> Tables {
    let (names, info): (&str, fn(&str) -> String) = match conn {
        Conn::Sqlite(_) => (
            // A virtual table of the search brings shadows of its own.
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'ticket_search_%'",
            |table| {
                format!(
                    "SELECT name, type AS kind, \"notnull\" OR pk > 0 AS required FROM pragma_table_info('{table}')"
                )
            },
        ),
        Conn::Postgres(_) => {
            ("SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'", |table| {
                format!(
                    "SELECT column_name::text AS name, data_type::text AS kind, (is_nullable = 'NO')::int AS required FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
                )
            })
        }
    };
    let names: Vec<Name> = diesel::sql_query(names).load(conn).unwrap();
    let mut tables = Tables::new();
    for Name { name: table } in names.into_iter().filter(|n| !n.name.starts_with("__diesel")) {
        let columns: Vec<Info> = diesel::sql_query(info(&table)).load(conn).unwrap();
        // By this the full text, which SQLite keeps beside it, names a row.
        let is_number = |c: &Info| table == "ticket_search" && c.name == "number";
        let columns = columns.into_iter().filter(|c| !is_number(c));
        let columns = columns.map(|c| (c.name, (c.required == 0, rough(&c.kind)))).collect();
        tables.insert(table, columns);
    }
    tables
}

async fn migrated(kind: Kind) -> (Database, Tables) {
    let database = Database::new(kind).await;
    let url = database.url.clone();
    let db = tokio::task::spawn_blocking(move || {
        db::migrate(&url).unwrap();
        Db::open(db::Settings::new(url)).unwrap()
    });
    let tables = db.await.unwrap().read(|conn| Ok(found(conn))).await.unwrap();
    (database, tables)
}

/// SQLite knows ids as bytes; everything else is the same word.
fn as_on_sqlite(tables: &Tables) -> Tables {
    let bytes = |column: Column| if column.1 == "id" { (column.0, "bytes") } else { column };
    let columns = |columns: &BTreeMap<String, Column>| columns.iter().map(|(n, c)| (n.clone(), bytes(*c))).collect();
    tables.iter().map(|(name, all)| (name.clone(), columns(all))).collect()
}

#[track_caller]
fn are_the_same(expected: &Tables, found: &Tables) {
    let names = |tables: &Tables| tables.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(expected), names(found));
    for (name, columns) in expected {
        assert_eq!(columns, &found[name], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_knows_the_tables_of_sqlite() {
    let (_database, found) = migrated(Kind::Sqlite).await;
    are_the_same(&as_on_sqlite(&declared()), &found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_knows_the_tables_of_postgres() {
    let (_database, found) = migrated(Kind::Postgres).await;
    are_the_same(&declared(), &found);
}

/// Every migration stands in both folders under one name, and makes the same tables, indexes and references.
#[test]
fn the_migrations_are_twins() {
    let folder = |backend: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
    let names = |backend: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder(backend)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for name in names("sqlite") {
        let made = |backend: &str| -> BTreeSet<String> {
            let text = std::fs::read_to_string(folder(backend).join(&name).join("up.sql")).unwrap();
            let begins = |line: &&str| {
                ["CREATE TABLE ", "CREATE UNIQUE INDEX ", "CREATE INDEX "].iter().any(|word| line.starts_with(word))
            };
            // The full text is each database's own.
            text.lines().filter(begins).filter(|line| !line.contains("search")).map(str::to_owned).collect()
        };
        let (sqlite, postgres) = (made("sqlite"), made("postgres"));
        let only: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
        let text = std::fs::read_to_string(folder("sqlite").join(&name).join("up.sql")).unwrap();
        let is_seen = !sqlite.is_empty() || text.contains("ADD COLUMN") || text.contains("ticket_search");
        assert!(is_seen && only.is_empty(), "{name}: {only:#?}");
    }
}

/// What is made in the same order is listed in the same order on both, also where the times are the same.
async fn listed(kind: Kind) -> Vec<Vec<String>> {
    let clock = lotse::clock::Clock::fixed(lotse::clock::Timestamp::new("2026-11-24T10:00:00Z".parse().unwrap()));
    let mut app = TestApp::start_with(kind, "", clock).await;
    let (agent, central) = (app.agent().await, app.central().await);
    let admin = app.token(Role::Admin, "").await;
    for i in 0..12 {
        let mut body = a_ticket();
        body["subject"] = json!(format!("Nummer {i}"));
        body["category"] = json!(["payment", "form_error", "unreachable"][i % 3]);
        let ticket = app.post(&agent, "/api/v1/tickets", body).await.expect(201);
        if i % 4 == 0 {
            let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
            app.post(&central, &format!("{path}/notes"), json!({"text": "eins"})).await.expect(200);
            app.post(&central, &format!("{path}/notes"), json!({"text": "zwei"})).await.expect(200);
            app.post(&central, &format!("{path}/escalations"), json!({"kind": "technical", "note": "?"}))
                .await
                .expect(201);
        }
    }
    for (id, name) in [
        ("z", "Ärger"),
        ("y", "Zorn"),
        ("x", "ärger"),
        ("w", "Aerger"),
        ("v", "_"),
        ("a-b", "A B"),
        ("ab", "A-B"),
        ("a", "a"),
    ] {
        app.post(&admin, "/api/v1/contacts", json!({"id": id, "name": name})).await.expect(201);
    }
    let mut all = Vec::new();
    for path in [
        "/api/v1/tickets",
        "/api/v1/tickets?status=new",
        "/api/v1/tickets?q=nummer",
        "/api/v1/contacts",
        "/api/v1/contacts?q=aerger",
        "/api/v1/municipalities",
        "/api/v1/services",
        "/api/v1/adoptions",
        "/api/v1/channels",
        "/api/v1/lands",
    ] {
        // In small pages, so that the border of a page falls between equals.
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let asked = if path.ends_with("lands") { path.to_owned() } else { format!("{path}{join}limit=2{cursor}") };
            let page = app.get(&admin, &asked).await.expect(200);
            for item in page["items"].as_array().unwrap() {
                let name = ["subject", "name", "label", "code", "slug"].iter().find_map(|key| item[key].as_str());
                names.push(name.map_or_else(|| item["ars"].to_string(), str::to_owned));
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{path}: one twice");
        all.push(names);
    }
    let tickets = app.get(&admin, "/api/v1/tickets?limit=200").await.expect(200);
    for ticket in tickets["items"].as_array().unwrap() {
        let path = format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap());
        let history = app.get(&admin, &path).await.expect(200);
        let kinds = history["items"].as_array().unwrap().iter().filter(|e| e["actor"]["kind"] == "token");
        all.push(kinds.map(|e| format!("{} {}", e["kind"], e["data"]["text"])).collect());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_list_in_one_order() {
    let (sqlite, postgres) = (listed(Kind::Sqlite).await, listed(Kind::Postgres).await);
    assert_eq!(sqlite[0].len(), 12);
    assert_eq!(sqlite, postgres);
}
