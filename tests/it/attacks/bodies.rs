//! Bodies that are too long, packed, broken, deep, or say more than they may.

use std::io::Write;
use std::process::{Command, Stdio};

use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{self, Database, Kind, Reply, TestApp, a_ticket};
use crate::support::process::Process;
use crate::support::smtp::SmtpPeer;

const LIMIT: usize = 256 * 1024;

async fn raw(app: &TestApp, token: &str, method: &str, path: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Reply {
    let mut request = app::client().request(method.parse().unwrap(), format!("{}{path}", app.base));
    request = request.header("Authorization", format!("Bearer {token}")).body(body);
    if !headers.iter().any(|(name, _)| *name == "Content-Type") {
        request = request.header("Content-Type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Reply { status, headers, body: answer.text().await.unwrap() }
}

async fn count(app: &TestApp, token: &str) -> usize {
    app.get(token, "/api/v1/tickets?limit=200").await.expect(200)["items"].as_array().unwrap().len()
}

on_both! {
    /// The bound is the promised one, to the byte.
    async fn a_body_has_a_bound(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let mut body = a_ticket().to_string();
        body.push_str(&" ".repeat(LIMIT - body.len()));
        raw(&app, &agent, "POST", "/api/v1/tickets", body.clone().into(), &[]).await.expect(201);
        body.push(' ');
        let refused = raw(&app, &agent, "POST", "/api/v1/tickets", body.into(), &[]).await;
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        refused.expect(413);
        assert_eq!(count(&app, &agent).await, 1);
    }

    /// What is packed is not unpacked, however it is called.
    async fn a_packed_body_is_refused(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        for coding in ["gzip", "GZIP", "x-gzip", "br", "zstd", "deflate", "compress", "gzip, gzip", "identity, gzip", "rot13"] {
            let reply = raw(&app, &agent, "POST", "/api/v1/tickets", a_ticket().to_string().into(), &[("Content-Encoding", coding)]).await;
            assert_eq!((reply.status, reply.header("content-type")), (415, Some("application/problem+json")), "{coding}");
        }
        raw(&app, &agent, "POST", "/api/v1/tickets", a_ticket().to_string().into(), &[("Content-Encoding", "identity")]).await.expect(201);
        assert_eq!(count(&app, &agent).await, 1);
    }

    /// A body is JSON and says so.
    async fn another_media_type_is_refused(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "application/jsonx", "text/json", "application/json5", "*/*", "x"] {
            let reply = raw(&app, &agent, "POST", "/api/v1/tickets", a_ticket().to_string().into(), &[("Content-Type", media)]).await;
            assert_eq!((reply.status, reply.header("content-type")), (415, Some("application/problem+json")), "{media}");
        }
        for media in ["application/json", "Application/JSON", "application/json; charset=utf-8"] {
            raw(&app, &agent, "POST", "/api/v1/tickets", a_ticket().to_string().into(), &[("Content-Type", media)]).await.expect(201);
        }
        assert_eq!(count(&app, &agent).await, 3);
    }

    /// What is no JSON, or no text, is 400; what is JSON but not acceptable is 422; nothing is a fault of ours.
    async fn broken_bodies_break_nothing(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let good = a_ticket().to_string();
        let with = |old: &str, new: &str| good.replacen(old, new, 1).into_bytes();
        assert!(good.contains("\"channel\":\"115\""));
        let mut latin = good.clone().into_bytes();
        let at = good.find("Zweimal").unwrap();
        latin[at] = 0xff;
        let deep = 100_000;
        for (what, body, statuses) in [
            ("cut off", good.as_bytes()[..good.len() - 1].to_vec(), &[400][..]),
            ("two values", format!("{good}{good}").into(), &[400]),
            ("a byte order mark", format!("\u{feff}{good}").into(), &[400]),
            ("not UTF-8", latin, &[400]),
            ("a bare control character", with("Zweimal", "Zwei\u{1}mal"), &[400]),
            ("a lone surrogate", with("Zweimal", "\\ud800"), &[400, 422]),
            ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), &[400]),
            ("deep lists", "[".repeat(deep).into(), &[400, 422]),
            ("deep and closed", format!("{}{}", "[".repeat(deep), "]".repeat(deep)).into(), &[400, 422]),
            ("deep objects", "{\"a\":".repeat(40_000).into(), &[400, 422]),
            ("deep inside", with("\"115\"", &"[".repeat(deep)), &[400, 422]),
            ("deep in the context", with("\"Firefox 145, Windows\"", &"{\"a\":".repeat(40_000)), &[400, 422]),
            ("a field twice", with("\"channel\"", "\"channel\":\"phone\",\"channel\""), &[400, 422]),
            ("a huge number", with("\"115\"", "1e999999"), &[400, 422]),
            ("a long number", with("\"115\"", &"9".repeat(100_000)), &[400, 422]),
            ("not a number", with("\"115\"", "NaN"), &[400]),
            ("null", "null".into(), &[422]),
            ("a list", "[]".into(), &[422]),
            ("a text", "\"x\"".into(), &[422]),
            ("a list for a text", with("\"115\"", "[\"115\"]"), &[422]),
            ("an object for a text", with("\"115\"", "{\"$ne\":1}"), &[422]),
            ("numbers in the context", with("\"Firefox 145, Windows\"", "1"), &[422]),
        ] {
            let reply = raw(&app, &agent, "POST", "/api/v1/tickets", body, &[]).await;
            assert!(statuses.contains(&reply.status), "{what}: {} {}", reply.status, reply.body);
            assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{what}");
            assert!(reply.body.len() < 4096, "{what}: {}", reply.body.len());
        }
        assert_eq!(count(&app, &agent).await, 0);
    }

    /// A NUL, which one of the databases cannot hold, is refused by its field, or finds nothing; it is no fault of ours.
    async fn a_nul_is_refused(app: TestApp) {
        let mut app = app;
        let (agent, central, admin) = (app.agent().await, app.central().await, app.token(Role::Admin, "").await);
        for pointer in ["/service", "/ars", "/subject", "/description", "/reply/name", "/reply/email", "/external_reference", "/context/browser"] {
            let mut body = a_ticket();
            body["external_reference"] = json!("1");
            *body.pointer_mut(pointer).unwrap() = json!("a\0b");
            app.post(&agent, "/api/v1/tickets", body).await.expect_fault(422, &pointer[1..].replace('/', "."));
        }
        let mut body = a_ticket();
        body["context"]["a\0b"] = json!("x");
        app.post(&agent, "/api/v1/tickets", body).await.expect_fault(422, "context");
        let ticket = app.submit().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        for (action, field) in [("notes", "text"), ("wait", "question"), ("resume", "text"), ("answer", "text"), ("reject", "reason"), ("reopen", "reason"), ("reporter", "purpose"), ("merge", "into"), ("category", "category")] {
            app.post(&central, &format!("{path}/{action}"), json!({field: "a\0b"})).await.expect_fault(422, field);
        }
        let escalate = json!({"kind": "technical", "note": "a\0b"});
        app.post(&central, &format!("{path}/escalations"), escalate).await.expect_fault(422, "note");
        let escalate = json!({"kind": "technical", "note": "?", "contact_id": "a\0b"});
        app.post(&central, &format!("{path}/escalations"), escalate).await.expect_fault(422, "contact_id");
        for (path, body) in [
            ("/api/v1/contacts", json!({"id": "neu", "name": "a\0b"})),
            ("/api/v1/contacts", json!({"id": "neu", "name": "Neu", "phone": "a\0b"})),
            ("/api/v1/contacts", json!({"id": "a\0b", "name": "Neu"})),
            ("/api/v1/contacts", json!({"id": "neu", "name": "Neu", "webhook": {"url": "https://desk.example.org/", "secret": "a\0b"}})),
            ("/api/v1/services", json!({"slug": "neu", "name": "a\0b", "operating_land": "SH", "operator": "x"})),
            ("/api/v1/services", json!({"slug": "neu", "name": "Neu", "operating_land": "SH", "operator": "a\0b"})),
            ("/api/v1/channels", json!({"service": "wohnsitzanmeldung", "ars": "010020000000", "kind": "phone", "label": "a\0b", "phone": "115", "hours": "Mo-Fr 08:00-12:00", "languages": ["de"]})),
        ] {
            let reply = app.post(&admin, path, body.clone()).await;
            assert_eq!(reply.status, 422, "{path} {body}: {}", reply.body);
        }
        for path in [
            "/api/v1/tickets?q=%00", "/api/v1/tickets?q=a%00b", "/api/v1/tickets?cursor=%00", "/api/v1/tickets?service=%00", "/api/v1/tickets?ars=%00",
            "/api/v1/tickets/%00", "/api/v1/tickets/a%00b", "/api/v1/escalations/%00", "/api/v1/contacts/%00", "/api/v1/services/a%00", "/api/v1/municipalities/%00",
            "/api/v1/contacts?q=%00", "/api/v1/municipalities?q=%00", "/api/v1/services?q=%00", "/api/v1/contacts?cursor=%00", "/api/v1/municipalities?cursor=%00",
            "/api/v1/route?service=%00&ars=010020000000&kind=technical", "/api/v1/help?service=%00&ars=%00", "/eskalation/%00", "/eskalation/%00/answer",
            "/api/v1/tickets/%ff", "/api/v1/tickets?q=%ff", "/eskalation/%ff", "/%ff", "/api/v1/tickets/%F0%9F%9A%80", "/api/v1/tickets/%2e%2e%2f",
        ] {
            for token in [&admin, &agent] {
                let reply = app.get(token, path).await;
                assert!(matches!(reply.status, 200 | 403 | 404 | 422), "{path}: {} {}", reply.status, reply.body);
            }
        }
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let reply = app.send("", "POST", "/eskalation/%00/answer", Some("text=%00".into()), &form).await;
        assert!(matches!(reply.status, 404 | 422), "{}", reply.status);
    }

    /// What a caller may not set is refused by its name, wherever it is tried.
    async fn nobody_sets_what_is_not_theirs(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let (agent, central, admin) = (app.agent().await, app.central().await, app.token(Role::Admin, "").await);
        let second = app.token(Role::SecondLevel, "technik").await;
        let id = "01890000-0000-7000-8000-000000000000";
        let inner: Vec<(&str, Value)> = vec![
            ("status", json!("closed")), ("number", json!("26-000001-1")), ("id", json!(id)), ("claimed_by", json!(id)),
            ("priority", json!("P1")), ("respond_by", json!("2030-01-01T00:00:00Z")), ("submitted_by", json!(id)),
            ("created_at", json!("2020-01-01T00:00:00Z")), ("merged_into", json!(id)), ("actor", json!({"name": "Chef"})),
            ("version", json!(1)), ("emergency", json!(true)), ("token", json!("x")), ("role", json!("admin")), ("__proto__", json!({})),
        ];
        let (path, up) = (format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap()), format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap()));
        let all = [
            ("POST", "/api/v1/tickets".to_owned(), &agent, a_ticket()),
            ("POST", format!("{path}/claim"), &central, json!({})),
            ("POST", format!("{path}/release"), &central, json!({})),
            ("POST", format!("{path}/notes"), &central, json!({"text": "x"})),
            ("POST", format!("{path}/wait"), &central, json!({"question": "x"})),
            ("POST", format!("{path}/resume"), &central, json!({"text": "x"})),
            ("POST", format!("{path}/interim"), &central, json!({"text": "x", "respond_by": "2030-01-01T00:00:00Z"})),
            ("POST", format!("{path}/priority"), &central, json!({"priority": "P3"})),
            ("POST", format!("{path}/category"), &central, json!({"category": "payment"})),
            ("POST", format!("{path}/answer"), &central, json!({"text": "x"})),
            ("POST", format!("{path}/reject"), &central, json!({"reason": "x"})),
            ("POST", format!("{path}/close"), &central, json!({})),
            ("POST", format!("{path}/reopen"), &central, json!({"reason": "x"})),
            ("POST", format!("{path}/merge"), &central, json!({"into": "26-000000-9"})),
            ("POST", format!("{path}/reporter"), &central, json!({"purpose": "x"})),
            ("POST", format!("{path}/escalations"), &central, json!({"kind": "technical", "note": "x"})),
            ("POST", format!("{path}/escalations/preview"), &central, json!({"kind": "technical", "note": "x"})),
            ("POST", format!("{up}/acknowledge"), &second, json!({})),
            ("POST", format!("{up}/answer"), &second, json!({"text": "x"})),
            ("POST", format!("{up}/return"), &second, json!({"reason": "x"})),
            ("POST", format!("{up}/ask"), &second, json!({"text": "x"})),
            ("POST", format!("{up}/next"), &central, json!({})),
            ("POST", format!("{up}/withdraw"), &central, json!({"reason": "x"})),
            ("POST", "/api/v1/contacts".into(), &admin, json!({"id": "neu", "name": "Neu"})),
            ("PATCH", "/api/v1/contacts/technik".into(), &admin, json!({"name": "Neu"})),
            ("POST", "/api/v1/services".into(), &admin, json!({"slug": "neu", "name": "Neu", "operating_land": "SH", "operator": "x"})),
            ("PATCH", "/api/v1/lands/SH".into(), &admin, json!({})),
        ];
        let mut tried = 0;
        for (method, path, token, body) in &all {
            for (field, value) in &inner {
                if body.get(field).is_some() || (*method != "POST" && *field == "version") {
                    continue;
                }
                let mut body = body.clone();
                body[*field] = value.clone();
                app.send(token, method, path, Some(body.to_string()), &[]).await.expect_fault(422, field);
                tried += 1;
            }
        }
        assert!(tried > 350, "{tried}");
        let mut body = a_ticket();
        body["reply"]["verified"] = json!(true);
        app.post(&agent, "/api/v1/tickets", body).await.expect_fault(422, "reply.verified");
        // Nothing of it happened.
        let now = app.get(&central, &path).await.expect(200);
        assert_eq!((&now["status"], &now["priority"], &now["number"]), (&json!("escalated"), &json!("P3"), &ticket["number"]));
        assert_eq!(count(&app, &agent).await, 1);
        for query in ["status=new&limit=1&limit=200", "limit=-1", "limit=0", "limit=99999999999999999999", "limit=1e3", "unknown=1", "mine=maybe"] {
            app.get(&central, &format!("/api/v1/tickets?{query}")).await.expect(422);
        }
    }
}

/// A bomb stays packed: the process does not grow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_stays_packed() {
    let database = Database::new(Kind::Sqlite).await;
    let smtp = SmtpPeer::start().await;
    let settings = app::settings(&database.url, &smtp.url(), "");
    let lotse = Process::start(database.folder.path(), &settings, &app::directory("http://127.0.0.1:9999/hook")).await;
    let agent = lotse.token("agent", &[]);
    let bomb = gzip(200 * 1024 * 1024);
    assert!(bomb.len() < LIMIT, "it fits the bound while it is packed: {}", bomb.len());
    let http = app::client();
    let post = async |body: Vec<u8>, name: &str, value: &str| {
        let request =
            http.post(format!("{}/api/v1/tickets", lotse.base)).header("Authorization", format!("Bearer {agent}"));
        request.header("Content-Type", "application/json").header(name, value).body(body).send().await.unwrap().status()
    };
    for _ in 0..20 {
        assert_eq!(post(a_ticket().to_string().into(), "X-Warm", "up").await, 201);
    }
    let before = highest_memory(lotse.id());
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        for _ in 0..4 {
            assert_eq!(post(bomb.clone(), "Content-Encoding", coding).await, 415);
        }
    }
    assert_eq!(post(bomb.clone(), "X-Packed", "secretly").await, 400);
    for _ in 0..8 {
        assert!(post("[".repeat(LIMIT).into(), "X-Deep", "yes").await.is_client_error());
    }
    let grown = highest_memory(lotse.id()).saturating_sub(before);
    assert!(grown < 64 * 1024, "it grew by {grown} KiB");
}

/// Zeros, packed by the program every Linux has.
fn gzip(length: usize) -> Vec<u8> {
    let mut child =
        Command::new("gzip").args(["-9", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        let zeros = vec![b'0'; 1024 * 1024];
        for _ in 0..length / zeros.len() {
            to.write_all(&zeros).unwrap();
        }
    });
    let packed = child.wait_with_output().unwrap().stdout;
    writing.join().unwrap();
    packed
}

/// The most memory a process has had so far, in KiB.
fn highest_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
