//! What contacts' own systems say: signed, once, and only about what has reached them.

use std::process::Command;

use lotse::access::Role;
use lotse::clock::Clock;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, Reply, SECRET, TestApp};

/// A contact's secret for callbacks.
async fn secret_of(app: &mut TestApp, contact: &str) -> String {
    let admin = app.token(Role::Admin, "").await;
    let path = format!("/api/v1/contacts/{contact}/callbacks/secret");
    let reply = app.post(&admin, &path, json!({})).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.expect(200)["secret"].as_str().unwrap().to_owned()
}

/// A signed word, as a receiver's library would send it.
async fn say(app: &TestApp, contact: &str, secret: &str, id: &str, body: &Value) -> Reply {
    let (at, body) = (app.clock.now().utc().timestamp(), body.to_string());
    let signature = standardwebhooks::Webhook::new(secret).unwrap().sign(id, at, body.as_bytes()).unwrap();
    let at = at.to_string();
    let headers = [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)];
    app.send("", "POST", &format!("/api/v1/callbacks/{contact}"), Some(body), &headers).await
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

on_both! {
    /// The whole conversation by callback, with reference numbers.
    async fn a_system_speaks_for_its_contact(app: TestApp) {
        let mut app = app;
        let secret = secret_of(&mut app, "technik").await;
        let (ticket, escalation) = app.escalated("technical").await;
        app.webhook.wait_for(1).await;
        let about = |more: Value| {
            let mut body = json!({"escalation_id": escalation["id"]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let taken = say(&app, "technik", &secret, "m1", &about(json!({"action": "acknowledge", "reference": "INC-7"}))).await.expect(200);
        assert_eq!((&taken["status"], &taken["reference"], &taken["acknowledged_by"]), (&json!("acknowledged"), &json!("INC-7"), &json!("Dataport Service Desk")));
        say(&app, "technik", &secret, "m2", &about(json!({"action": "comment", "text": "Wir sehen nach."}))).await.expect(200);
        say(&app, "technik", &secret, "m3", &about(json!({"action": "ask", "text": "Welcher Browser?"}))).await.expect(200);
        // Their own number finds it as well.
        let answer = json!({"reference": "INC-7", "action": "answer", "text": "Behoben."});
        let first = say(&app, "technik", &secret, "m4", &answer).await;
        assert_eq!(first.json()["status"], "answered", "{}", first.body);

        // The same again gets the first answer, word for word; the same id with other words is refused.
        let again = say(&app, "technik", &secret, "m4", &answer).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        say(&app, "technik", &secret, "m4", &about(json!({"action": "answer", "text": "anders"}))).await.expect_fault(422, "webhook-id");
        say(&app, "technik", &secret, "m5", &answer).await.expect(409);
        let central = app.central().await;
        let history = app.get(&central, &format!("/api/v1/tickets/{}/history", id(&ticket))).await.expect(200);
        let kinds: Vec<&str> = history["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        for kind in ["escalation_acknowledged", "escalation_commented", "escalation_asked", "escalation_answered"] {
            assert_eq!(kinds.iter().filter(|one| **one == kind).count(), 1, "{kind}: {kinds:?}");
        }
    }

    /// Nobody learns by asking what there is: a wrong signature, an unknown contact, an escalation that is not there and
    /// one of somebody else look alike.
    async fn nothing_is_given_away(app: TestApp) {
        let mut app = app;
        let secret = secret_of(&mut app, "technik").await;
        let other = secret_of(&mut app, "bereitschaft").await;
        let (_, escalation) = app.escalated("technical").await;
        let body = json!({"escalation_id": escalation["id"], "action": "acknowledge"});
        let nowhere = json!({"escalation_id": "01890000-0000-7000-8000-000000000000", "action": "acknowledge"});
        let unreferenced = json!({"reference": "INC-0", "action": "acknowledge"});
        let replies = [
            say(&app, "technik", SECRET, "m1", &body).await,
            say(&app, "technik", &other, "m2", &body).await,
            say(&app, "niemand", &secret, "m3", &body).await,
            say(&app, "kiel-zentral", &secret, "m4", &body).await,
            say(&app, "bereitschaft", &other, "m5", &body).await,
            say(&app, "technik", &secret, "m6", &nowhere).await,
            say(&app, "technik", &secret, "m7", &unreferenced).await,
            say(&app, "technik", SECRET, "m8", &json!({"unsinn": 1})).await,
        ];
        for reply in &replies {
            assert_eq!((reply.status, &reply.body), (404, &replies[0].body));
        }
        let central = app.central().await;
        let path = format!("/api/v1/escalations/{}", id(&escalation));
        assert_ne!(app.get(&central, &path).await.expect(200)["status"], "acknowledged");
        // What is wrong in a message of a known system is said.
        for (body, field) in [
            (json!({"escalation_id": escalation["id"], "action": "answer"}), "text"),
            (json!({"escalation_id": escalation["id"], "action": "hand_on", "text": "x"}), "contact"),
            (json!({"escalation_id": escalation["id"]}), "action"),
            (json!({"action": "acknowledge"}), "escalation_id"),
            (json!({"escalation_id": escalation["id"], "status": "In Arbeit"}), "status"),
            (json!({"escalation_id": escalation["id"], "action": "acknowledge", "prio": 1}), "prio"),
        ] {
            say(&app, "technik", &secret, &format!("f-{field}"), &body).await.expect_fault(422, field);
        }
        let unsigned = app.send("", "POST", "/api/v1/callbacks/technik", Some(body.to_string()), &[]).await;
        assert_eq!(unsigned.status, 400, "{}", unsigned.body);
        let long = json!({"escalation_id": escalation["id"], "action": "comment", "text": "x".repeat(70_000)});
        say(&app, "technik", &secret, "long", &long).await.expect(413);
    }

    /// A new secret, and the former one for a while; words of their system; and the end.
    async fn secrets_are_rotated_and_words_translated(app: TestApp) {
        let mut app = app;
        let (old, new) = (secret_of(&mut app, "technik").await, secret_of(&mut app, "technik").await);
        let admin = app.token(Role::Admin, "").await;
        let callbacks = "/api/v1/contacts/technik/callbacks";
        let words = json!({"statuses": {"In Progress": "acknowledge", "Resolved": "answer", "Backlog": "ignore"}});
        app.send(&admin, "PUT", callbacks, Some(words.to_string()), &[]).await.expect(200);
        let shown = app.get(&admin, callbacks).await.expect(200);
        assert!(shown["previous_until"].is_string() && !shown.to_string().contains("whsec_"), "{shown}");
        let (_, escalation) = app.escalated("technical").await;
        let about = |status: &str, text: Value| json!({"escalation_id": escalation["id"], "status": status, "reference": "SUP-1", "text": text});
        let seen = say(&app, "technik", &old, "m1", &about("Backlog", Value::Null)).await.expect(200);
        assert_ne!(seen["status"], "acknowledged");
        let taken = say(&app, "technik", &old, "m2", &about("In Progress", Value::Null)).await.expect(200);
        assert_eq!((&taken["status"], &taken["reference"]), (&json!("acknowledged"), &json!("SUP-1")));
        let done = say(&app, "technik", &new, "m3", &about("Resolved", json!("Behoben."))).await.expect(200);
        assert_eq!(done["answer"], "Behoben.");
        app.send(&admin, "DELETE", callbacks, None, &[]).await.expect(204);
        say(&app, "technik", &new, "m4", &about("Backlog", Value::Null)).await.expect(404);
        let editor = app.token(Role::DirectoryEditor, "02").await;
        app.get(&editor, callbacks).await.expect(403);
        let agent = app.agent().await;
        app.post(&agent, &format!("{callbacks}/secret"), json!({})).await.expect(403);
    }

    /// The examples of the documentation, as they are printed there.
    async fn the_examples_work(app: TestApp) {
        let mut app = app;
        let secret = secret_of(&mut app, "technik").await;
        let (_, escalation) = app.escalated("technical").await;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples");
        let run = |program: &str, file: &str, secret: &str, body: Value| {
            let mut command = Command::new(program);
            command.arg(format!("{folder}/{file}")).arg(body.to_string());
            command.env("LOTSE_URL", &app.base).env("LOTSE_CONTACT", "technik").env("LOTSE_SECRET", secret);
            async move {
                let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                (output.status.success(), said + &String::from_utf8_lossy(&output.stderr))
            }
        };
        let take = json!({"escalation_id": escalation["id"], "action": "acknowledge", "reference": "Ä-1"});
        let (good, said) = run("python3", "callback.py", &secret, take.clone()).await;
        assert!(good && said.contains("\"status\":\"acknowledged\""), "{said}");
        let answer = json!({"reference": "Ä-1", "action": "answer", "text": "Läuft wieder."});
        let (good, said) = run("node", "callback.mjs", &secret, answer).await;
        assert!(good && said.contains("\"status\":\"answered\""), "{said}");
        for (program, file) in [("python3", "callback.py"), ("node", "callback.mjs")] {
            let (good, said) = run(program, file, SECRET, take.clone()).await;
            assert!(!good && said.contains("urn:lotse:problem:not-found"), "{said}");
        }
    }
}

/// Too many from one address have to wait, whoever they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_are_braked() {
    let more = "[limits]\nforms_per_minute = 0\ncallbacks_per_minute = 5\n";
    let app = TestApp::start_with(Kind::Sqlite, more, Clock::system()).await;
    let mut seen = Vec::new();
    for n in 0..8 {
        seen.push(say(&app, "technik", SECRET, &format!("m{n}"), &json!({})).await.status);
    }
    assert_eq!(seen.iter().filter(|status| **status == 404).count(), 5, "{seen:?}");
    assert_eq!(seen.last(), Some(&429));
}

/// Their system has the first secret still while a second and a third are made: each counts for its own day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_rolled_out_outlives_two_new_ones() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        rolled_out(TestApp::start_with(kind, "", Clock::fixed(Clock::system().now())).await).await;
    }
}

async fn rolled_out(mut app: TestApp) {
    let mut secrets = Vec::new();
    for _ in 0..3 {
        secrets.push(secret_of(&mut app, "technik").await);
        app.clock.advance(chrono::TimeDelta::hours(1));
    }
    let (_, escalation) = app.escalated("technical").await;
    let body = json!({"escalation_id": escalation["id"], "action": "comment", "text": "Wir sehen nach."});
    for (number, secret) in secrets.iter().enumerate() {
        say(&app, "technik", secret, &format!("m{number}"), &body).await.expect(200);
    }
    // The first was replaced an hour before the second.
    app.clock.advance(chrono::TimeDelta::minutes(22 * 60 + 30));
    say(&app, "technik", &secrets[0], "late", &body).await.expect(404);
    say(&app, "technik", &secrets[1], "late", &body).await.expect(200);
    let admin = app.token(Role::Admin, "").await;
    app.send(&admin, "DELETE", "/api/v1/contacts/technik/callbacks", None, &[]).await.expect(204);
    for secret in &secrets {
        say(&app, "technik", secret, "after the end", &body).await.expect(404);
    }
}
