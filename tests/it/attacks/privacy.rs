//! Where personal data and secrets must not turn up: logs at every level, problems, figures.

use std::collections::BTreeMap;
use std::time::Duration;

use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{self, Database, Kind, Reply, SECRET, a_ticket};
use crate::support::process::Process;
use crate::support::smtp::{Reaction, SmtpPeer, Stage};
use crate::support::wait::wait_for_some;
use crate::support::webhook::{WebhookPeer, status};

const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// What the reporter is known by, in the spellings it may take on the way.
const REPORTER: &[&str] = &["Mustermann", "erika@buerger", "erika%40buerger", "buerger.example", "431 4711", "%2B49"];

fn said_by_somebody() -> Value {
    let mut body = a_ticket();
    body["reply"]["phone"] = json!("+49 431 4711");
    body
}

struct Story {
    http: reqwest::Client,
    base: String,
    problems: Vec<String>,
}

impl Story {
    async fn send(&mut self, token: &str, method: &str, path: &str, body: Option<String>) -> Reply {
        let reply = app::send(&self.http, &self.base, token, method, path, body, &[]).await;
        if reply.status >= 400 {
            self.problems.push(format!("{method} {path}: {}", reply.body));
        }
        reply
    }

    async fn post(&mut self, token: &str, path: &str, body: Value) -> Reply {
        self.send(token, "POST", path, Some(body.to_string())).await
    }
}

/// The whole life of a request with everything that goes wrong on the way, and what was logged of it.
async fn nothing_personal_is_logged(kind: Kind) {
    let database = Database::new(kind).await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(&database.url, &smtp.url(), "");
    assert!(settings.contains(MASTER_KEY) && settings.contains("level = \"warn\""));
    let settings = settings.replace("level = \"warn\"", "level = \"debug\"\nformat = \"json\"");
    let log = database.folder.path().join("log");
    let redirected = format!("exec \"$@\" 2>>{}", log.display());
    let under = ["sh", "-c", &redirected, "sh"];
    let directory = app::directory(&webhook.url());
    let mut lotse = Process::start_under(database.folder.path(), &settings, &directory, &under).await;
    let roles = [
        ("agent", &[][..]),
        ("central", &["--ars", "01"]),
        ("admin", &[]),
        ("second_level", &["--contact", "technik"]),
    ];
    let tokens: BTreeMap<&str, String> = roles.iter().map(|(role, more)| (*role, lotse.token(role, more))).collect();
    let (agent, central, admin) = (tokens["agent"].as_str(), tokens["central"].as_str(), tokens["admin"].as_str());
    let mut story = Story { http: app::client(), base: lotse.base.clone(), problems: Vec::new() };

    // A server that repeats the address in its refusals, as many do; a receiver that fails.
    smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.1.1 <erika@buerger.example.org>: Erika Mustermann unknown"))
        .when_recipient("erika@buerger.example.org")
        .times(1);
    smtp.on(Stage::AfterDot, Reaction::Reply(451, "4.3.0 mail for erika@buerger.example.org later"))
        .when_recipient("meldewesen@kiel.example.org")
        .times(1);
    webhook.once(status(500));

    // Faults of every kind with the person in them.
    for (old, new) in [
        ("\"115\"", "\"Erika Mustermann\""),
        ("\"email\",", "5,"),
        ("\"reply\"", "\"Mustermann\""),
        ("\"wish\"", "\"erika@buerger.example.org\":1,\"wish\""),
    ] {
        let body = said_by_somebody().to_string().replacen(old, new, 1);
        let reply = story.send(agent, "POST", "/api/v1/tickets", Some(body)).await;
        assert!(matches!(reply.status, 201 | 400 | 422));
        // A caller's own words in the wrong place come back to that caller alone.
        story.problems.clear();
    }
    let mut broken = said_by_somebody();
    broken["reply"] = json!("Erika Mustermann, erika@buerger.example.org, +49 431 4711");
    story.post(agent, "/api/v1/tickets", broken).await.expect(422);
    let mut broken = said_by_somebody();
    broken["reply"]["email"] = json!("Erika Mustermann <erika@buerger.example.org>");
    story.post(agent, "/api/v1/tickets", broken).await.expect(422);
    let mut broken = said_by_somebody();
    broken["reply"]["phone"] = json!("bei Mustermann: +49 431 4711");
    story.post(agent, "/api/v1/tickets", broken).await.expect(422);
    let cut = said_by_somebody().to_string();
    story.send(agent, "POST", "/api/v1/tickets", Some(cut[..cut.len() - 2].to_owned())).await.expect(400);
    story.send("lotse_falsch", "GET", "/api/v1/tickets?q=Mustermann", None).await.expect(401);
    story.send(agent, "GET", "/api/v1/tickets?q=erika%40buerger.example.org&limit=0", None).await.expect(422);
    story.send(agent, "GET", "/api/v1/tickets?q=erika%40buerger.example.org", None).await.expect(200);
    story.send(agent, "GET", "/api/v1/tickets/Erika%20Mustermann", None).await.expect(404);
    story.send(agent, "GET", "/mustermann/Mustermann?erika%40buerger.example.org", None).await.expect(404);

    // A request that is asked back, answered by mail, handed on to a contact that may know who asked.
    let ticket = story.post(agent, "/api/v1/tickets", said_by_somebody()).await.expect(201);
    let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
    story.post(agent, &format!("{path}/answer"), json!({"text": "Mustermann"})).await.expect(403);
    story.post(central, &format!("{path}/answer"), json!({"text": "Mustermann"})).await.expect(409);
    story.post(central, &format!("{path}/claim"), json!({})).await.expect(200);
    let opened = story.post(central, &format!("{path}/reporter"), json!({"purpose": "Rückruf"})).await.expect(200);
    assert_eq!(opened["name"], "Erika Mustermann");
    story.post(central, &format!("{path}/wait"), json!({"question": "Welcher Browser?"})).await.expect(200);
    story.post(agent, &format!("{path}/resume"), json!({"text": "Firefox, sagt Erika Mustermann"})).await.expect(200);
    let functional = json!({"kind": "functional", "note": "Was gilt bei Mustermann?"});
    story.post(central, &format!("{path}/escalations"), functional).await.expect(201);
    let technical = json!({"kind": "technical", "note": "?"});
    let escalation = story.post(central, &format!("{path}/escalations"), technical).await.expect(201);
    let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    let known = wait_for_some("mail and webhook", Duration::from_secs(30), || async {
        let to = |who: &str| smtp.received().into_iter().find(|mail| mail.to == [who]);
        let (mail, hook) = (to("technik@dataport.example.org")?, webhook.received().into_iter().next()?);
        (!smtp.refused().is_empty()).then_some((mail, hook))
    })
    .await;
    let parsed = mail_parser::MessageParser::default().parse(&known.0.data).unwrap();
    let text = parsed.body_text(0).unwrap();
    let secret_of = |text: &str| -> String {
        let at = text.find("/eskalation/").unwrap();
        text[at + 12..].split(['/', '\r', '\n', ' ', '"']).next().unwrap().to_owned()
    };
    let (by_mail, by_hook) = (secret_of(&text), secret_of(&String::from_utf8_lossy(&known.1.body)));
    story.send("", "GET", &format!("/eskalation/{by_mail}"), None).await.expect(200);
    story.send("", "GET", &format!("/eskalation/{by_mail}x/answer"), None).await;
    story
        .post(&tokens["second_level"], &format!("{up}/answer"), json!({"text": "Herr Mustermann muss sich abmelden"}))
        .await
        .expect(200);
    story.post(&tokens["second_level"], &format!("{up}/answer"), json!({"text": "Mustermann"})).await.expect(409);
    story.post(central, &format!("{path}/answer"), json!({"text": "Guten Tag Frau Mustermann"})).await.expect(200);
    let reply = wait_for_some("the answer", Duration::from_secs(20), || async {
        smtp.received().into_iter().find(|mail| mail.to == ["erika@buerger.example.org"])
    });
    reply.await;
    let answers = [
        story.send(central, "GET", &format!("{up}/deliveries"), None).await,
        story.send(central, "GET", &format!("{path}/escalations"), None).await,
        story.send(admin, "GET", "/api/v1/deliveries/exhausted", None).await,
        story.send(admin, "GET", "/metrics", None).await,
        story.send("", "GET", "/readyz", None).await,
    ];
    assert_eq!(answers[2].json()["items"].as_array().unwrap().len(), 1, "{}", answers[2].body);
    story.send(admin, "GET", "/api/v1/gaps", None).await.expect(200);
    assert!(lotse.terminate(Duration::from_secs(30)).await);

    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 40 && log.contains("\"level\":\"DEBUG\""), "it was logged: {log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "every line is JSON");
    let mut secrets: Vec<&str> = REPORTER.to_vec();
    secrets.extend(tokens.values().map(|token| &token[6..]));
    secrets.extend([by_mail.as_str(), &by_hook, SECRET, &SECRET[6..], MASTER_KEY]);
    for secret in &secrets {
        if let Some(line) = log.lines().find(|line| line.contains(secret)) {
            panic!("«{secret}» is in the log: {line}");
        }
        for problem in &story.problems {
            let (asked, said) = problem.split_once(": ").unwrap();
            assert!(!said.contains(secret), "«{secret}» is in the problem of {asked}: {said}");
        }
        for answer in &answers {
            // A note that somebody wrote stands in the escalation; who asked does not.
            let body = answer.body.replace("Was gilt bei Mustermann?", "").replace("Herr Mustermann", "");
            assert!(!body.contains(secret), "«{secret}»: {}", answer.body);
        }
    }
    assert!(story.problems.len() > 10, "{:?}", story.problems);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_is_logged_on_sqlite() {
    nothing_personal_is_logged(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_is_logged_on_postgres() {
    nothing_personal_is_logged(Kind::Postgres).await;
}

on_both! {
    /// No answer of the API but that of the one that opens them holds name and addresses, whoever asks and however often.
    async fn only_one_answer_names_the_reporter(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let (central, admin) = (app.central().await, app.token(Role::Admin, "").await);
        let key = [("Idempotency-Key", "erika")];
        let body = said_by_somebody().to_string();
        let mut answers = Vec::new();
        for _ in 0..2 {
            answers.push(app.send(&agent, "POST", "/api/v1/tickets", Some(body.clone()), &key).await);
        }
        let path = format!("/api/v1/tickets/{}", answers[0].json()["id"].as_str().unwrap());
        for action in ["claim", "release", "claim"] {
            answers.push(app.post(&central, &format!("{path}/{action}"), json!({})).await);
        }
        let functional = json!({"kind": "functional", "note": "?"});
        answers.push(app.post(&central, &format!("{path}/escalations/preview"), json!({"kind": "technical", "note": "?"})).await);
        let escalated = app.post(&central, &format!("{path}/escalations"), functional).await;
        let up = format!("/api/v1/escalations/{}", escalated.json()["id"].as_str().unwrap());
        answers.push(escalated);
        app.wait_until(&central, &up, "sent", |e| e["status"] == "sent").await;
        for token in [&agent, &central, &admin] {
            for path in [path.clone(), format!("{path}/history"), format!("{path}/escalations"), up.clone(), format!("{up}/deliveries"), "/api/v1/tickets".into(), "/api/v1/tickets?q=Mustermann".into(), "/api/v1/tickets?q=erika".into()] {
                answers.push(app.get(token, &path).await);
            }
        }
        // Who is searched for by name is not found by it either.
        assert_eq!(answers.last().unwrap().json()["items"], json!([]), "a search that knows the reporter");
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 201 | 403), "{}", answer.body);
            for personal in REPORTER {
                assert!(!answer.body.contains(personal), "{personal}: {}", answer.body);
            }
        }
    }
}
