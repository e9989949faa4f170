//! The audit log on both databases: every family of work leaves its entry, masked; nobody changes it unseen; who may
//! reads and exports it; and what a person wants handed out or erased is.
//!
//! Invariant: what is planted as personal or secret is looked for in everything the log says. What it does not do: the
//! rules of masking are tested as tables in `mask.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use lotse::access::audit::verify::{Head, Verdict, verify};
use lotse::access::audit::{self, AuditAction, ObjectKind, Trail, chain};
use lotse::access::token::NewToken;
use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::db::Conn;
use lotse::db::schema::audit_entries;
use lotse::directory::contacts;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{self, Kind, TestApp, a_ticket};
use crate::support::process::BINARY;
use crate::support::wait::wait_for_some;
use crate::users::house::{PASSWORD, a_person, from, grant, kind_of, log_in, office};
use crate::with_people;

/// Words that begin like no other, so that an index cannot shorten them.
const SUBJECT: &str = "qqbetreff";
const DESCRIPTION: &str = "xxbeschreibung";
const CONTEXT: &str = "yykontext";
const NOTE: &str = "zznotiz";
const QUESTION: &str = "jjfrage";
const ANSWER: &str = "vvantwort";
const NAME: &str = "ggname";
const MAILBOX: &str = "ffpostfach";
const WORDS: [&str; 8] = [SUBJECT, DESCRIPTION, CONTEXT, NOTE, QUESTION, ANSWER, NAME, MAILBOX];

fn planted() -> Value {
    let mut body = a_ticket();
    body["subject"] = json!(format!("Fehler {SUBJECT}"));
    body["description"] = json!(format!("Es geht um {DESCRIPTION}."));
    body["context"] = json!({"browser": CONTEXT});
    body["external_reference"] = json!(format!("{CONTEXT}-1"));
    body["reply"] = json!({"wish": "email", "name": NAME, "email": format!("{MAILBOX}@buerger.example.org")});
    body
}

fn path_of(ticket: &Value) -> String {
    format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())
}

/// What the log says over the API.
async fn entries(app: &mut TestApp, query: &str) -> Vec<Value> {
    let auditor = app.token(Role::Auditor, "").await;
    let page = app.get(&auditor, &format!("/api/v1/audit?limit=200&{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// Everything in the log as it lies in the database.
async fn log_text(app: &TestApp) -> String {
    tables(app).await.remove("audit_entries").unwrap()
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Every table with all that is in it, in lower case; bytes as hexadecimal digits.
pub async fn tables(app: &TestApp) -> BTreeMap<String, String> {
    let read = |conn: &mut Conn| {
        let is_sqlite = matches!(conn, Conn::Sqlite(_));
        let names = match is_sqlite {
            true => "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            false => "SELECT table_name::text AS text FROM information_schema.tables WHERE table_schema = 'public'",
        };
        let names: Vec<Row> = diesel::sql_query(names).load(conn)?;
        let mut all = BTreeMap::new();
        for Row { text: name } in names {
            let rows = match is_sqlite {
                true => {
                    let columns =
                        format!("SELECT 'quote(\"' || name || '\")' AS text FROM pragma_table_info('{name}')");
                    let columns: Vec<Row> = diesel::sql_query(columns).load(conn)?;
                    let columns: Vec<String> = columns.into_iter().map(|row| row.text).collect();
                    format!("SELECT {} AS text FROM \"{name}\"", columns.join(" || '|' || "))
                }
                false => format!("SELECT t::text AS text FROM \"{name}\" t"),
            };
            let rows: Vec<Row> = diesel::sql_query(rows).load(conn)?;
            let text: Vec<String> = rows.into_iter().map(|row| row.text.to_lowercase()).collect();
            all.insert(name, text.join("\n"));
        }
        Ok(all)
    };
    app.app.db.read(read).await.unwrap()
}

/// Where a word lies, open or as bytes.
pub fn places(tables: &BTreeMap<String, String>, word: &str) -> Vec<String> {
    let bytes: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    tables
        .iter()
        .filter(|(_, text)| text.contains(word) || text.contains(&bytes))
        .map(|(name, _)| name.clone())
        .collect()
}

async fn execute(app: &TestApp, sql: &str) -> Result<usize, String> {
    let sql = sql.to_owned();
    let done = app.app.db.write(move |tx| {
        let conn: &mut Conn = tx;
        Ok(diesel::sql_query(sql).execute(conn)?)
    });
    done.await.map_err(|fault| fault.to_string())
}

async fn loose(app: &TestApp) -> i64 {
    let count = |conn: &mut Conn| {
        let sql = "SELECT count(*) AS count FROM audit_entries WHERE seq IS NULL";
        Ok(diesel::sql_query(sql).get_result::<Count>(conn)?.count)
    };
    app.app.db.read(count).await.unwrap()
}

/// Waits until every entry is in the chain.
async fn all_chained(app: &TestApp) {
    wait_for_some("the chain", Duration::from_secs(20), || async { (loose(app).await == 0).then_some(()) }).await;
}

async fn verdict(app: &TestApp, expected: &[Head]) -> Verdict {
    let desk = app.app.escalations.desk();
    verify(&desk.db, &desk.sealer, expected.to_vec(), desk.clock.now()).await.unwrap()
}

/// Lets changes of the log through, as somebody with the database in their hands would.
async fn without_refusal(app: &TestApp) {
    let is_sqlite = app.database.url.starts_with("sqlite");
    for trigger in ["audit_entries_stay", "audit_entries_stay_all"] {
        let on = if is_sqlite { "" } else { " ON audit_entries" };
        execute(app, &format!("DROP TRIGGER {trigger}{on}")).await.unwrap();
    }
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

fn somebody() -> Actor {
    Actor::link("Amt Schlei-Ostsee").at(Some("2001:db8::7".parse::<IpAddr>().unwrap()))
}

async fn record_one(app: &TestApp, object_id: &str) {
    let (id, now) = (object_id.to_owned(), app.clock.now());
    let write = move |tx: &mut lotse::db::Tx| {
        let trail = Trail::changed(&json!({"name": "A"}), &json!({"name": "B"}));
        audit::record(tx, &somebody(), AuditAction::ContactChanged, (ObjectKind::Contact, &id), trail, now)
    };
    app.app.db.write(write).await.unwrap();
}

on_both! {
    /// The life of a request: each step has its entry with who did it, and none says what anybody wrote.
    async fn a_request_leaves_its_steps(app: TestApp) {
        let mut app = app;
        let (agent, central) = (app.agent().await, app.central().await);
        let ticket = app.post(&agent, "/api/v1/tickets", planted()).await.expect(201);
        let path = path_of(&ticket);
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/notes"), json!({"text": NOTE})).await.expect(200);
        app.post(&central, &format!("{path}/priority"), json!({"priority": "P2"})).await.expect(200);
        app.post(&central, &format!("{path}/category"), json!({"category": "payment"})).await.expect(200);
        app.post(&central, &format!("{path}/reporter"), json!({"purpose": QUESTION})).await.expect(200);
        app.post(&central, &format!("{path}/escalations"), json!({"kind": "technical", "note": NOTE})).await.expect(201);
        let second = app.token(Role::SecondLevel, "technik").await;
        let escalation = app.get(&second, "/api/v1/escalations").await.expect(200)["items"][0]["id"].clone();
        let word = json!({"text": ANSWER, "reference": NOTE});
        app.post(&second, &format!("/api/v1/escalations/{}/answer", escalation.as_str().unwrap()), word).await.expect(200);
        app.post(&central, &format!("{path}/answer"), json!({"text": ANSWER})).await.expect(200);
        app.post(&central, &format!("{path}/close"), json!({})).await.expect(200);

        let all = entries(&mut app, &format!("object=ticket&object_id={}", ticket["id"].as_str().unwrap())).await;
        let kinds: BTreeSet<&str> = all.iter().filter_map(|entry| entry["after"]["kind"].as_str()).collect();
        for kind in ["submitted", "claimed", "noted", "priority_changed", "category_changed", "reporter_opened", "escalated",
            "escalation_step", "escalation_answered", "answered", "closed"] {
            assert!(kinds.contains(kind), "{kind} is missing: {kinds:?}");
        }
        let of = |kind: &str| all.iter().find(|entry| entry["after"]["kind"] == kind).unwrap();
        assert_eq!(of("submitted")["action"], "ticket.submitted");
        assert_eq!((&of("submitted")["actor"]["name"], &of("submitted")["address"]), (&json!("agent"), &json!("127.0.0.1")));
        assert_eq!(of("reporter_opened")["action"], "ticket.reporter_opened");
        assert_eq!(of("claimed")["actor"]["name"], "central 01002");
        assert_eq!((&of("claimed")["before"]["status"], &of("claimed")["after"]["status"]), (&json!("new"), &json!("assessing")));
        assert_eq!((&of("priority_changed")["before"], &of("priority_changed")["after"]["priority"]), (&json!({"priority": "P3"}), &json!("P2")));
        assert_eq!(of("category_changed")["after"]["category"], "payment");
        assert_eq!(of("noted")["after"]["text"], json!({"length": NOTE.len()}));
        assert_eq!(of("escalation_answered")["actor"]["name"], "second_level technik");
        let log = log_text(&app).await;
        assert!(log.contains("escalation_answered"), "the log is one");
        for word in WORDS {
            assert!(!log.contains(word), "{word} stands in the log");
        }
    }

    /// On the page a request is found by the number people know it by, and so is what is handed out of it.
    async fn a_request_is_found_by_its_number(app: TestApp) {
        let mut app = app;
        let (ticket, other) = (app.submit().await, app.submit().await);
        let everywhere = Grant { role: Role::Auditor, scope: Scope::everywhere(), contact: None };
        let auditor = app.person("revision", vec![everywhere]).await;
        let headers = [("Cookie", auditor.cookie.as_str()), ("Accept-Language", "de")];
        let (number, id) = (ticket["number"].as_str().unwrap(), ticket["id"].as_str().unwrap());
        for typed in [number.to_owned(), number.replace('-', ""), id.to_owned(), format!("{number}&woran=ticket")] {
            let log = app.send("", "GET", &format!("/protokoll?welches={typed}"), None, &headers).await;
            assert!(log.status == 200 && log.body.contains("Anfrage aufgenommen</th>"), "{typed}: {}", log.body);
            assert!(!log.body.contains(other["id"].as_str().unwrap()), "{typed}: {}", log.body);
            assert!(log.body.contains(&format!("object_id={id}")), "{typed}: {}", log.body);
        }
        let log = app.send("", "GET", &format!("/protokoll?welches={number}&woran=contact"), None, &headers).await;
        assert!(log.body.contains("Kein Eintrag passt dazu."), "{}", log.body);
    }

    /// The directory, tokens and imports: before and after, from where, without addresses and secrets.
    async fn changes_of_the_directory_are_masked(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let new = json!({"id": "neu", "name": "Neue Stelle", "email": format!("{MAILBOX}@kiel.example.org"), "phone": "+49 431 4711 987654",
            "webhook": {"url": format!("{}/{QUESTION}?key={QUESTION}", app.webhook.url()), "secret": app::SECRET}});
        app.post(&admin, "/api/v1/contacts", new).await.expect(201);
        app.patch(&admin, "/api/v1/contacts/neu", json!({"email": "ffanders@kiel.example.org", "name": "Andere Stelle"})).await.expect(200);
        app.patch(&admin, "/api/v1/contacts/neu", json!({"webhook": {"url": app.webhook.url(), "secret": app::SECRET}})).await.expect(200);
        app.send(&admin, "DELETE", "/api/v1/contacts/neu", None, &[]).await.expect(204);
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", json!({"notice": "Heute gestört"})).await.expect(200);
        app.patch(&admin, "/api/v1/lands/HH", json!({"cooperates_with": ["SH"]})).await.expect(200);
        app.patch(&admin, "/api/v1/municipalities/010030000000", json!({"in_115": false})).await.expect(200);
        let adoption = app.get(&admin, "/api/v1/adoptions").await.expect(200)["items"][0].clone();
        let at = format!("/api/v1/adoptions/{}", adoption["id"].as_str().unwrap());
        app.patch(&admin, &at, json!({"state": "suspended", "reason": "Umstellung"})).await.expect(200);
        let channel = json!({"service": "wohnsitzanmeldung", "ars": "010020000000", "kind": "email", "label": "Post", "email": format!("{MAILBOX}@kiel.example.org")});
        app.post(&admin, "/api/v1/channels", channel).await.expect(201);

        let contact = entries(&mut app, "object=contact&object_id=neu").await;
        assert_eq!(actions(&contact), ["contact.ended", "contact.changed", "contact.changed", "contact.created"]);
        let (secret, changed, made) = (&contact[1], &contact[2], &contact[3]);
        assert_eq!(made["after"]["email"], "f…@kiel.example.org");
        assert_eq!(made["after"]["phone"], "…7654");
        assert_eq!(made["actor"]["name"], "admin");
        // Both addresses look alike, and still it shows that there was a change.
        assert_eq!((&changed["before"]["email"], &changed["after"]["email"]), (&json!("f…@kiel.example.org"), &json!("f…@kiel.example.org")));
        assert_eq!((&changed["before"]["name"], &changed["after"]["name"]), (&json!("Neue Stelle"), &json!("Andere Stelle")));
        assert!(changed["after"].get("phone").is_none(), "only what differs: {changed}");
        assert_eq!(secret["after"]["webhook"]["secret"], "…");
        let rest = entries(&mut app, "actor=admin").await;
        let seen: BTreeSet<&str> = actions(&rest).into_iter().collect();
        for action in ["service.changed", "land.changed", "municipality.changed", "adoption.changed", "channel.created"] {
            assert!(seen.contains(action), "{action} is missing: {seen:?}");
        }
        let service = rest.iter().find(|entry| entry["action"] == "service.changed").unwrap();
        assert_eq!((&service["before"]["notice"], &service["after"]["notice"]), (&json!(null), &json!("Heute gestört")));
        let imports = entries(&mut app, "object=directory").await;
        assert_eq!(actions(&imports), ["directory.imported", "municipalities.imported"]);
        let whole = json!({"created": 3, "updated": 0, "unchanged": 0});
        assert_eq!((&imports[1]["after"], &imports[1]["actor"]["name"]), (&whole, &json!("Import")));

        let (id, token) = app.app.tokens.create(&somebody(), NewToken::new("Leitstand", Role::Auditor)).await.unwrap();
        app.app.tokens.revoke(&Actor::console(), id, None).await.unwrap();
        let tokens = entries(&mut app, &format!("object=token&object_id={id}")).await;
        assert_eq!(actions(&tokens), ["token.revoked", "token.created"]);
        assert_eq!((&tokens[0]["actor"]["name"], &tokens[1]["address"]), (&json!("Kommandozeile"), &json!("2001:db8::7")));
        assert_eq!(tokens[1]["after"]["name"], "Leitstand");

        let log = log_text(&app).await;
        // Longer than what an id of hexadecimal digits holds by chance.
        for word in [MAILBOX, QUESTION, "4711 9876", "47119876", "ffanders", &app::SECRET.to_lowercase(), &token[6..].to_lowercase()] {
            assert!(!log.contains(word), "{word} stands in the log");
        }
    }

    /// A contact's own history shows to whoever sees the contact, without the addresses people came from.
    async fn a_contact_has_a_history(app: TestApp) {
        let mut app = app;
        let editor = app.token(Role::DirectoryEditor, "").await;
        let desk = app.app.escalations.desk();
        let change = contacts::ContactChange { version: Some(1), name: Some("Technik".into()), ..Default::default() };
        contacts::change(&desk.db, &somebody(), &desk.sealer, &desk.settings.directory, "technik".parse().unwrap(), change, desk.clock.now())
            .await
            .unwrap();
        let history = app.get(&editor, "/api/v1/contacts/technik/history").await;
        assert!(!history.body.contains("2001:db8") && !history.body.contains("technik@"), "{}", history.body);
        let history = history.expect(200);
        assert_eq!(history["items"][0]["actor"]["name"], "Amt Schlei-Ostsee");
        assert_eq!((&history["items"][0]["before"]["name"], &history["items"][0]["after"]["name"]), (&json!("Dataport Service Desk"), &json!("Technik")));
        let own = json!({"id": "hh", "name": "Hamburg", "owner": "02"});
        let admin = app.token(Role::Admin, "").await;
        app.post(&admin, "/api/v1/contacts", own).await.expect(201);
        let kiel = app.token(Role::DirectoryEditor, "01").await;
        app.get(&kiel, "/api/v1/contacts/hh/history").await.expect(404);
        app.get(&admin, "/api/v1/contacts/hh/history?limit=1").await.expect(200);
        let second = app.token(Role::SecondLevel, "technik").await;
        app.get(&second, "/api/v1/contacts/technik/history").await.expect(403);
    }

    /// The database itself refuses to change or remove an entry, in the chain or not.
    async fn the_database_refuses(app: TestApp) {
        record_one(&app, "a").await;
        all_chained(&app).await;
        for sql in [
            "UPDATE audit_entries SET actor = '{}'",
            "UPDATE audit_entries SET after = NULL",
            "UPDATE audit_entries SET seq = NULL, hash = NULL",
            "UPDATE audit_entries SET seq = seq + 1000",
            "UPDATE audit_entries SET hash = NULL",
            "DELETE FROM audit_entries",
            "DELETE FROM audit_entries WHERE seq = 1",
        ] {
            let fault = execute(&app, sql).await.unwrap_err();
            assert!(fault.contains("append-only"), "{sql}: {fault}");
        }
        if app.database.url.starts_with("postgres") {
            assert!(execute(&app, "TRUNCATE audit_entries").await.unwrap_err().contains("append-only"));
        }
        assert_eq!(verdict(&app, &[]).await.fault, None);
    }

    /// Past the database's refusal, whatever is done to the log shows.
    async fn tampering_shows(app: TestApp) {
        for id in ["a", "b", "c", "d", "e"] {
            record_one(&app, id).await;
        }
        all_chained(&app).await;
        let good = verdict(&app, &[]).await;
        assert_eq!(good.fault, None);
        let head = good.head.unwrap();
        let last = head.seq;
        assert!(last >= 7 && good.entries == last, "{last}");
        without_refusal(&app).await;

        let fault = |verdict: Verdict| verdict.fault.expect("a fault");
        for (column, value) in [("object_id", "'x'"), ("actor", "'{}'"), ("after", "NULL"), ("before", "''"), ("address", "'::1'"), ("action", "'x'")] {
            let keep = format!("CREATE TABLE kept AS SELECT * FROM audit_entries WHERE seq = {}", last - 1);
            execute(&app, &keep).await.unwrap();
            execute(&app, &format!("UPDATE audit_entries SET {column} = {value} WHERE seq = {}", last - 1)).await.unwrap();
            let told = fault(verdict(&app, &[]).await);
            assert!(told.starts_with(&format!("entry {} (", last - 1)), "{column}: {told}");
            execute(&app, &format!("UPDATE audit_entries SET {column} = (SELECT {column} FROM kept) WHERE seq = {}", last - 1)).await.unwrap();
            execute(&app, "DROP TABLE kept").await.unwrap();
            assert_eq!(verdict(&app, &[]).await.fault, None, "{column} is as it was");
        }
        // Two entries change places, once with their hashes and once without.
        let swap = |with_hash: bool| {
            let (one, two) = (last - 3, last - 2);
            let hash = if with_hash { "" } else { ", hash = (SELECT hash FROM kept WHERE kept.seq = audit_entries.seq)" };
            [
                format!("CREATE TABLE kept AS SELECT id, seq, hash FROM audit_entries WHERE seq IN ({one}, {two})"),
                format!("UPDATE audit_entries SET seq = -seq WHERE seq IN ({one}, {two})"),
                format!("UPDATE audit_entries SET seq = {} + seq WHERE seq < 0", one + two),
                format!("UPDATE audit_entries SET seq = seq{hash} WHERE seq IN ({one}, {two})"),
                "DROP TABLE kept".to_owned(),
            ]
        };
        for with_hash in [true, false] {
            for sql in swap(with_hash) {
                execute(&app, &sql).await.unwrap();
            }
            let told = fault(verdict(&app, &[]).await);
            assert!(told.starts_with(&format!("entry {} (", last - 3)), "{told}");
            for sql in swap(with_hash) {
                execute(&app, &sql).await.unwrap();
            }
            assert_eq!(verdict(&app, &[]).await.fault, None, "they are back");
        }
        // An end that was cut off shows only to who kept the head.
        execute(&app, &format!("DELETE FROM audit_entries WHERE seq = {last}")).await.unwrap();
        assert_eq!(verdict(&app, &[]).await.fault, None);
        assert!(fault(verdict(&app, std::slice::from_ref(&head)).await).contains("cut off"));
        // Something else in its place does not help.
        record_one(&app, "f").await;
        all_chained(&app).await;
        assert!(fault(verdict(&app, std::slice::from_ref(&head)).await).contains("written anew"));
        execute(&app, &format!("DELETE FROM audit_entries WHERE seq = {}", last - 2)).await.unwrap();
        assert_eq!(fault(verdict(&app, &[]).await), format!("entry {} is missing", last - 2));
    }

    /// Two instances that write and chain at once leave one chain, without gaps or doubles.
    async fn two_instances_keep_one_chain(app: TestApp) {
        let mut app = app;
        let other = app.second_instance().await;
        let agent = app.agent().await;
        let http = app::client();
        let base = format!("http://{}", other.address().unwrap());
        let body = a_ticket().to_string();
        let here = futures_util::future::join_all((0..60).map(|_| app.post(&agent, "/api/v1/tickets", a_ticket())));
        let there = futures_util::future::join_all(
            (0..60).map(|_| app::send(&http, &base, &agent, "POST", "/api/v1/tickets", Some(body.clone()), &[])),
        );
        // Rounds by hand beside those of both instances.
        let desk = app.app.escalations.desk();
        let rounds = futures_util::future::join_all((0..40).map(|_| chain::link(&desk.db, &desk.sealer)));
        let (here, there, rounds) = tokio::join!(here, there, rounds);
        rounds.into_iter().for_each(|round| {
            round.unwrap();
        });
        assert!(here.iter().chain(&there).all(|reply| reply.status == 201));
        all_chained(&app).await;
        let seqs: Vec<Option<i64>> =
            app.app.db.read(|conn| Ok(audit_entries::table.order(audit_entries::seq).select(audit_entries::seq).load(conn)?)).await.unwrap();
        let expected: Vec<Option<i64>> = (1..=seqs.len() as i64).map(Some).collect();
        assert_eq!(seqs, expected);
        assert!(seqs.len() >= 120);
        let whole = verdict(&app, &[]).await;
        assert_eq!((whole.fault, whole.entries), (None, seqs.len() as i64));
        other.stop().await;
    }

    /// The log is narrowed, paged and exported; only who reaches everything reads it; no cell is a formula.
    async fn the_log_is_exported(app: TestApp) {
        let mut app = app;
        let (id, formula) = app.app.tokens.create(&Actor::system(), NewToken::new("=HYPERLINK(1)", Role::Admin)).await.unwrap();
        app.patch(&formula, "/api/v1/services/wohnsitzanmeldung", json!({"notice": "Heute gestört, \"ganz\""})).await.expect(200);
        let now = app.clock.now();
        let many: Vec<_> = (0..1100)
            .map(|i| audit::row(&somebody(), AuditAction::ContactChanged, (ObjectKind::Contact, &format!("viele-{i}")), Trail::none(), now).unwrap())
            .collect();
        app.app.db.write(move |tx| audit::record_all(tx, &many.iter().collect::<Vec<_>>())).await.unwrap();
        let auditor = app.token(Role::Auditor, "").await;

        let by_id = entries(&mut app, &format!("actor={id}")).await;
        assert_eq!(actions(&by_id), ["service.changed"]);
        assert_eq!(entries(&mut app, "actor=%3DHYPERLINK(1)").await, by_id);
        // A part of the name will do, in any spelling.
        assert_eq!((entries(&mut app, "actor=hyperlink(1)").await, entries(&mut app, "actor=PERLINK").await), (by_id.clone(), by_id));
        assert!(entries(&mut app, "actor=niemand").await.is_empty());
        for path in ["/api/v1/audit?", "/api/v1/audit/export?format=csv&"] {
            app.get(&auditor, &format!("{path}from=2027-01-02T00:00:00Z&to=2027-01-01T00:00:00Z")).await.expect_fault(422, "to");
        }
        assert_eq!(entries(&mut app, "object=contact&object_id=viele-7").await.len(), 1);
        assert!(entries(&mut app, "to=2001-01-01T00:00:00Z").await.is_empty() && entries(&mut app, "from=2999-01-01T00:00:00Z").await.is_empty());
        assert!(!entries(&mut app, "from=2001-01-01T00:00:00Z&to=2999-01-01T00:00:00Z").await.is_empty());
        app.get(&auditor, "/api/v1/audit?action=x").await.expect_fault(422, "action");
        app.get(&auditor, "/api/v1/audit?cursor=x").await.expect_fault(422, "cursor");
        let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let page = app.get(&auditor, &format!("/api/v1/audit?limit=200&object=contact{cursor}")).await.expect(200);
            for item in page["items"].as_array().unwrap() {
                assert!(seen.insert(item["id"].as_str().unwrap().to_owned()), "{item} twice");
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), 1100);

        let lines = app.get(&auditor, "/api/v1/audit/export?format=jsonl&object=contact").await;
        assert_eq!((lines.status, lines.header("content-type")), (200, Some("application/jsonl")));
        let exported: BTreeSet<String> =
            lines.body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(exported, seen);
        let table = app.get(&auditor, "/api/v1/audit/export?format=csv&action=service.changed").await;
        assert!(table.header("content-disposition").unwrap().contains("protokoll.csv"));
        let rows: Vec<&str> = table.body.lines().collect();
        assert!(rows.len() == 2 && rows[0].starts_with("seq,id,at,actor_kind"), "{}", table.body);
        assert!(rows[1].contains(",'=HYPERLINK(1),") && !rows[1].contains(",=HYPERLINK"), "{}", rows[1]);
        let none = app.get(&auditor, "/api/v1/audit/export?format=jsonl&object_id=keiner").await;
        assert_eq!((none.status, none.body.as_str()), (200, ""));
        app.get(&auditor, "/api/v1/audit/export?format=xls").await.expect_fault(422, "format");
        let exports = entries(&mut app, "action=audit.exported").await;
        assert_eq!(exports.len(), 3, "each is recorded");
        assert_eq!((&exports[1]["after"]["format"], &exports[1]["after"]["filter"]["action"]), (&json!("csv"), &json!("service.changed")));
        assert_eq!(exports[1]["actor"]["name"], "auditor");

        let regional = app.token(Role::Auditor, "01").await;
        for path in ["/api/v1/audit", "/api/v1/audit/export?format=csv"] {
            app.get(&regional, path).await.expect(403);
        }
    }

    /// Whoever reads outside their own open work leaves an entry; at their own work nobody does.
    async fn foreign_reading_is_written_down(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let path = path_of(&ticket);
        let (agent, central, admin) = (app.agent().await, app.central().await, app.token(Role::Admin, "").await);
        let reads = format!("action=ticket.read&object_id={}", ticket["id"].as_str().unwrap());
        let everything = ["", "/history", "/escalations"];
        let read = async |app: &mut TestApp, token: &str| {
            let before = entries(app, &reads).await.len();
            for part in everything {
                app.get(token, &format!("{path}{part}")).await.expect(200);
            }
            entries(app, &reads).await.len() - before
        };
        // Nobody has it yet: it is everybody's.
        assert_eq!((read(&mut app, &agent).await, read(&mut app, &admin).await), (0, 0));
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        assert_eq!((read(&mut app, &central).await, read(&mut app, &agent).await), (0, 0), "the holder and who handed it in");
        assert_eq!(read(&mut app, &admin).await, 3);
        let last = entries(&mut app, &reads).await;
        assert_eq!((&last[0]["actor"]["name"], &last[0]["after"]), (&json!("admin"), &json!({"part": "escalations"})));
        assert_eq!((&last[1]["after"]["part"], &last[2]["after"]["part"]), (&json!("history"), &json!("ticket")));
        // What does not exist for somebody leaves nothing.
        let foreign = app.token(Role::Central, "02").await;
        app.get(&foreign, &path).await.expect(404);
        assert_eq!(entries(&mut app, &reads).await.len(), 3);

        let escalation = app.post(&central, &format!("{path}/escalations"), json!({"kind": "technical", "note": "?"})).await.expect(201);
        let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        let second = app.token(Role::SecondLevel, "technik").await;
        app.get(&second, &up).await.expect(200);
        app.get(&central, &up).await.expect(200);
        assert_eq!(entries(&mut app, &reads).await.len(), 3, "those who are asked, and the holder");
        app.get(&admin, &up).await.expect(200);
        assert_eq!(entries(&mut app, &reads).await.len(), 4);
        app.post(&second, &format!("{up}/answer"), json!({"text": "So."})).await.expect(200);
        app.get(&second, &up).await.expect(200);
        assert_eq!(entries(&mut app, &reads).await.len(), 5, "it is no longer theirs");

        app.post(&central, &format!("{path}/answer"), json!({"text": "So."})).await.expect(200);
        app.post(&central, &format!("{path}/close"), json!({})).await.expect(200);
        assert_eq!(read(&mut app, &central).await, 3, "what is done is nobody's open work");
    }

    /// All that is kept about a request is handed out, and that is written down.
    async fn what_is_kept_is_handed_out(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = escalated_and_closed(&mut app).await;
        let (protection, central) = (app.token(Role::DataProtection, "").await, app.central().await);
        app.get(&central, &format!("{}/export", path_of(&ticket))).await.expect(403);
        let kept = app.get(&protection, &format!("{}/export", path_of(&ticket))).await.expect(200);
        assert_eq!((&kept["reporter"]["name"], &kept["ticket"]["id"]), (&json!(NAME), &ticket["id"]));
        assert_eq!((&kept["escalations"][0]["id"], &kept["escalations"][0]["answer"]), (&escalation["id"], &json!(ANSWER)));
        assert!(kept["deliveries"].as_array().unwrap().len() >= 2, "{}", kept["deliveries"]);
        let text = kept.to_string();
        for word in WORDS {
            assert!(text.contains(word), "{word} is missing");
        }
        let all = entries(&mut app, &format!("object_id={}", ticket["id"].as_str().unwrap())).await;
        let of = |action: &str| all.iter().filter(|entry| entry["action"] == action && entry["actor"]["name"] == "data_protection").count();
        assert_eq!((of("ticket.exported"), of("ticket.reporter_opened")), (1, 1));
        let history = app.get(&protection, &format!("{}/history", path_of(&ticket))).await.expect(200);
        assert!(history["items"].as_array().unwrap().iter().any(|entry| entry["kind"] == "reporter_opened"));
    }

    /// What is erased lies in no table any more; who did what stays; while it is worked on it is refused.
    async fn what_is_erased_is_gone(app: TestApp) {
        let mut app = app;
        let (agent, protection, central) = (app.agent().await, app.token(Role::DataProtection, "").await, app.central().await);
        let open = app.post(&agent, "/api/v1/tickets", planted()).await.expect(201);
        let refused = app.post(&protection, &format!("{}/erase", path_of(&open)), json!({"reason": "Art. 17"})).await.expect(409);
        assert!(refused["detail"].as_str().unwrap().contains("is new"), "{refused}");
        app.post(&central, &format!("{}/claim", path_of(&open)), json!({})).await.expect(200);
        app.post(&protection, &format!("{}/erase", path_of(&open)), json!({"reason": "Art. 17"})).await.expect(409);
        app.post(&central, &format!("{}/reject", path_of(&open)), json!({"reason": QUESTION})).await.expect(200);
        let (ticket, _) = escalated_and_closed(&mut app).await;
        let before = tables(&app).await;
        for word in [SUBJECT, DESCRIPTION, CONTEXT, NOTE, QUESTION, ANSWER] {
            assert!(!places(&before, word).is_empty(), "{word} lies where it is looked for: {:?}", places(&before, word));
        }
        for at in [&ticket, &open] {
            app.post(&central, &format!("{}/erase", path_of(at)), json!({"reason": "?"})).await.expect(403);
            app.post(&protection, &format!("{}/erase", path_of(at)), json!({"reason": ""})).await.expect_fault(422, "reason");
            let erased = app.post(&protection, &format!("{}/erase", path_of(at)), json!({"reason": "Art. 17"})).await.expect(200);
            assert_eq!((&erased["subject"], &erased["description"], &erased["context"]), (&json!("[gelöscht]"), &json!("[gelöscht]"), &json!({})));
        }
        let after = tables(&app).await;
        for word in WORDS {
            assert_eq!(places(&after, word), Vec::<String>::new(), "{word} is still there");
        }
        let opened = app.post(&protection, &format!("{}/reporter", path_of(&ticket)), json!({"purpose": "?"})).await.expect(200);
        assert_eq!(opened, json!({}));
        let history = app.get(&protection, &format!("{}/history", path_of(&ticket))).await.expect(200);
        let kinds: Vec<&str> = history["items"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert!(kinds.starts_with(&["submitted", "claimed"]) && kinds.contains(&"escalation_answered"), "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "erased").count(), 1);
        let all = entries(&mut app, &format!("action=ticket.erased&object_id={}", ticket["id"].as_str().unwrap())).await;
        assert_eq!((all.len(), &all[0]["actor"]["name"]), (1, &json!("data_protection")));
        // A repeat of what made it makes no second one.
        let again = app.send(&agent, "POST", "/api/v1/tickets", Some(planted().to_string()), &[("Idempotency-Key", "einmal")]).await.expect(201);
        assert_eq!(again["id"], ticket["id"]);
        assert!(app.get(&agent, &format!("/api/v1/tickets?q={SUBJECT}")).await.expect(200)["items"].as_array().unwrap().is_empty());
        assert_eq!(verdict(&app, &[]).await.fault, None);
    }

    /// The command line verifies and exports as it promises.
    async fn the_command_line_verifies(app: TestApp) {
        record_one(&app, "a").await;
        all_chained(&app).await;
        let (code, head, said) = lotse(&app, &["audit", "verify"]);
        assert_eq!(code, Some(0), "{said}");
        let head: Head = head.trim().parse().unwrap();
        assert_eq!(Some(head.clone()), verdict(&app, &[]).await.head);
        let (code, out, said) = lotse(&app, &["audit", "export", "--format", "jsonl", "--object", "contact", "--object-id", "a"]);
        assert_eq!((code, out.lines().count()), (Some(0), 1), "{said}");
        let entry: Value = serde_json::from_str(out.trim()).unwrap();
        assert_eq!((&entry["address"], &entry["seq"]), (&json!("2001:db8::7"), &json!(head.seq)));
        let (code, _, said) = lotse(&app, &["audit", "verify", "--expect", "7"]);
        assert!(code == Some(2) && said.contains("SEQ:HASH"), "{code:?} {said}");
        all_chained(&app).await;
        let (code, ..) = lotse(&app, &["audit", "verify", "--expect", &head.to_string()]);
        assert_eq!(code, Some(0));
        without_refusal(&app).await;
        execute(&app, &format!("DELETE FROM audit_entries WHERE seq >= {}", head.seq)).await.unwrap();
        let (code, out, said) = lotse(&app, &["audit", "verify", "--expect", &head.to_string()]);
        assert!(code == Some(1) && out.is_empty() && said.contains("cut off"), "{code:?} {out} {said}");
    }
}

with_people! {
    /// People, their roles and their log-ins: who did it and from where, without passwords and names that were typed.
    async fn people_leave_their_entries(app: TestApp) {
        let mut app = app;
        let accounts = app.app.accounts.clone();
        let email = Some(format!("{MAILBOX}@kiel.example.org").parse().unwrap());
        let chief = Actor::person(lotse::ids::UserId::new(), "Leitung").at(Some("192.0.2.77".parse().unwrap()));
        let (user, link) = accounts.invite(&chief, NewUser { email, ..a_person("erika") }).await.unwrap();
        accounts.accept(&link.secret, &PASSWORD.into(), &office()).await.unwrap();
        assert_eq!(kind_of(&accounts.log_in("erika", &QUESTION.into(), &from("192.0.2.66")).await), "unauthorised");
        assert_eq!(kind_of(&accounts.log_in(ANSWER, &PASSWORD.into(), &from("192.0.2.66")).await), "unauthorised");
        let entered = log_in(&accounts, "erika").await;
        accounts.log_out(&entered.secret).await.unwrap();
        accounts.set_grants(&chief, user.id, vec![grant(Role::Auditor, "01")], None).await.unwrap();
        accounts.disable(&chief, user.id).await.unwrap();
        accounts.enable(&chief, user.id).await.unwrap();

        let all = entries(&mut app, &format!("object=user&object_id={}", user.id)).await;
        let said: Vec<&str> = actions(&all).into_iter().rev().collect();
        assert_eq!(said, ["user.invited", "user.invitation_accepted", "session.logged_in", "session.log_in_failed", "session.logged_in",
            "session.logged_out", "user.changed", "user.disabled", "user.enabled"]);
        let of = |action: &str| all.iter().find(|entry| entry["action"] == action).unwrap();
        assert_eq!((&of("user.invited")["actor"]["name"], &of("user.invited")["address"]), (&json!("Leitung"), &json!("192.0.2.77")));
        assert_eq!(of("user.invited")["after"]["email"], "f…@kiel.example.org");
        assert_eq!((&of("session.logged_in")["actor"]["id"], &of("session.logged_in")["address"]), (&json!(user.id), &json!("192.0.2.10")));
        assert_eq!((of("session.log_in_failed")["actor"].get("id"), &of("session.log_in_failed")["address"]), (None, &json!("192.0.2.66")));
        let changed = of("user.changed");
        assert_eq!((&changed["before"]["grants"][0]["role"], &changed["after"]["grants"][0]["role"]), (&json!("central"), &json!("auditor")));
        assert_eq!((&of("user.disabled")["before"]["state"], &of("user.disabled")["after"]["state"]), (&json!("active"), &json!("disabled")));
        let strangers = entries(&mut app, "action=session.log_in_failed&object_id=%3F").await;
        assert_eq!(strangers.len(), 1, "also where there is nobody of that name");
        let log = log_text(&app).await;
        for word in [MAILBOX, QUESTION, ANSWER, &PASSWORD.to_lowercase(), &entered.secret.to_lowercase(), &link.secret.to_lowercase()] {
            assert!(!log.contains(word), "{word} stands in the log");
        }
        all_chained(&app).await;
    }
}

fn lotse(app: &TestApp, arguments: &[&str]) -> (Option<i32>, String, String) {
    let file = app.database.folder.path().join("lotse.toml");
    let mut command = std::process::Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOTSE") {
            command.env_remove(name);
        }
    }
    let ended = command.arg("--config").arg(file).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
}

/// A request with planted words everywhere, through the 2nd level to its end.
async fn escalated_and_closed(app: &mut TestApp) -> (Value, Value) {
    let (agent, central) = (app.agent().await, app.central().await);
    let sent =
        app.send(&agent, "POST", "/api/v1/tickets", Some(planted().to_string()), &[("Idempotency-Key", "einmal")]);
    let ticket = sent.await.expect(201);
    let path = path_of(&ticket);
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    app.post(&central, &format!("{path}/notes"), json!({"text": NOTE})).await.expect(200);
    app.post(&central, &format!("{path}/wait"), json!({"question": QUESTION})).await.expect(200);
    app.post(&agent, &format!("{path}/resume"), json!({"text": NOTE})).await.expect(200);
    let body = json!({"kind": "technical", "note": NOTE}).to_string();
    let path_up = format!("{path}/escalations");
    let escalation = app.send(&central, "POST", &path_up, Some(body), &[("Idempotency-Key", "hoch")]).await.expect(201);
    let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    let second = app.token(Role::SecondLevel, "technik").await;
    app.post(&second, &format!("{up}/answer"), json!({"text": ANSWER, "reference": NOTE})).await.expect(200);
    app.post(&central, &format!("{path}/answer"), json!({"text": ANSWER})).await.expect(200);
    app.post(&central, &format!("{path}/close"), json!({})).await.expect(200);
    // What waits is told first, so that notices lie in the outbox as well.
    wait_for_some("the notices", Duration::from_secs(20), || async {
        let told = app.smtp.received().iter().any(|mail| mail.to == ["zentral@kiel.example.org"]);
        told.then_some(())
    })
    .await;
    (ticket, escalation)
}

/// An entry that does not join the chain for a minute is a fault, so that a chain that stands still shows.
async fn what_is_forgotten_shows(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let app = TestApp::start_with(kind, "", clock.clone()).await;
    all_chained(&app).await;
    let desk = app.app.escalations.desk();
    let hold = |tx: &mut lotse::db::Tx| {
        let conn: &mut Conn = tx;
        Ok(diesel::sql_query("DELETE FROM changes WHERE topic = 'audit'").execute(conn)?)
    };
    assert_eq!(app.app.db.write(hold).await.unwrap(), 1, "now nobody can chain");
    record_one(&app, "a").await;
    assert_eq!(verdict(&app, &[]).await.fault, None, "it may still join");
    clock.advance(chrono::TimeDelta::seconds(61));
    let fault = verify(&desk.db, &desk.sealer, Vec::new(), clock.now()).await.unwrap().fault.unwrap();
    assert!(fault.starts_with("1 entries have not joined"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_shows_sqlite() {
    what_is_forgotten_shows(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_shows_postgres() {
    what_is_forgotten_shows(Kind::Postgres).await;
}
