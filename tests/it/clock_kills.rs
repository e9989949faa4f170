//! The process that runs the clock is killed at the kernel's door, at another point of its work each time: within the
//! transaction that takes the next step, at its commit, between that and the message. Each step happens once all the
//! same, and none is left out; with another instance beside it too.
//!
//! Invariant: deadlines are seconds, so that there is always something due while it is killed.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::{self, Database, Kind, Reply, SECRET, a_ticket};
use crate::support::process::Process;
use crate::support::smtp::{Mail, SmtpPeer};
use crate::support::wait::wait_for_some;
use crate::support::webhook::WebhookPeer;

/// Which of its calls it dies at, counted from when something is due.
const POINTS: [usize; 9] = [1, 2, 3, 5, 7, 11, 16, 23, 31];
/// So many questions are asked before each kill.
const QUESTIONS: usize = 2;

struct Lotse<'a> {
    process: &'a Process,
    agent: String,
    central: String,
    http: reqwest::Client,
}

impl Lotse<'_> {
    async fn get(&self, path: &str) -> Reply {
        app::send(&self.http, &self.process.base, &self.central, "GET", path, None, &[]).await
    }

    /// A request that is asked about; its number, id and escalation.
    async fn ask(&self) -> (String, String, String) {
        let post = async |token: &str, path: &str, body: Value| {
            app::send(&self.http, &self.process.base, token, "POST", path, Some(body.to_string()), &[])
                .await
                .expect(201)
        };
        let ticket = post(&self.agent, "/api/v1/tickets", a_ticket()).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let path = format!("/api/v1/tickets/{}/escalations", text(&ticket["id"]));
        let escalation = post(&self.central, &path, json!({"kind": "technical", "note": "?"})).await;
        (text(&ticket["number"]), text(&ticket["id"]), text(&escalation["id"]))
    }
}

async fn killed(kind: Kind, calls: &str, beside: bool) {
    let database = Database::new(kind).await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(&database.url, &smtp.url(), "[escalation]\nacknowledge_within = \"3s\"\n");
    let mut process = Process::start(database.folder.path(), &settings, &app::directory(&webhook.url())).await;
    let other = match beside {
        true => Some(Process::start(database.folder.path(), &settings, "").await),
        false => None,
    };
    let (agent, central) = (process.token("agent", &[]), process.token("central", &["--ars", "01"]));
    let mut asked = Vec::new();
    for nth in POINTS {
        let lotse = Lotse { process: &process, agent: agent.clone(), central: central.clone(), http: app::client() };
        for _ in 0..QUESTIONS {
            asked.push(lotse.ask().await);
        }
        process.kill_at(calls, nth, Duration::from_secs(30)).await;
        process.start_again().await;
    }
    let lotse = Lotse { process: &process, agent, central, http: app::client() };
    for (number, ticket, escalation) in &asked {
        let path = format!("/api/v1/escalations/{escalation}");
        wait_for_some(format!("the end of {number}"), Duration::from_secs(60), || async {
            (lotse.get(&path).await.expect(200)["status"] == "expired").then_some(())
        })
        .await;
        each_once(&lotse, ticket, &path).await;
        arrived(&lotse, &path, &smtp, &webhook).await;
        told_once(number, &smtp).await;
    }
    drop(other);
}

/// Three steps and one end; of each step at most two reminders.
async fn each_once(lotse: &Lotse<'_>, ticket: &str, escalation: &str) {
    let history = lotse.get(&format!("/api/v1/tickets/{ticket}/history")).await.expect(200);
    let of = |kind: &str| -> Vec<&Value> {
        history["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).collect()
    };
    let steps: Vec<i64> = of("escalation_step").iter().map(|entry| entry["data"]["step"].as_i64().unwrap()).collect();
    assert_eq!(steps, [0, 1, 2], "{escalation}: {history}");
    assert_eq!(of("escalation_expired").len(), 1, "{escalation}: {history}");
    for contact in ["technik", "bereitschaft", "kiel-zentral"] {
        let reminded = of("escalation_reminded").iter().filter(|entry| entry["data"]["contact"] == contact).count();
        assert!(reminded <= 2, "{escalation}: {contact} was reminded {reminded} times");
    }
}

/// What was written for it has left: each message under its one id, and a repeat says the same.
async fn arrived(lotse: &Lotse<'_>, escalation: &str, smtp: &SmtpPeer, webhook: &WebhookPeer) {
    let path = format!("{escalation}/deliveries");
    // A message that was on its way at a kill is its own again when its lease ends.
    let all = wait_for_some(format!("all of {escalation} to leave"), Duration::from_secs(90), || async {
        let all = lotse.get(&path).await.expect(200);
        let is_open = |one: &Value| one["status"] == "pending";
        (!all["items"].as_array().unwrap().iter().any(is_open)).then_some(all)
    })
    .await;
    let all = all["items"].as_array().unwrap().clone();
    let questions: Vec<&Value> = all.iter().filter(|one| one["purpose"] == "created").collect();
    assert_eq!(questions.len(), 4, "one by each way of each contact: {all:?}");
    assert!(questions.iter().all(|one| one["status"] == "sent"), "{questions:?}");
    for one in all.iter().filter(|one| one["status"] == "sent") {
        let id = one["id"].as_str().unwrap();
        let said: Vec<Vec<u8>> = match one["channel"].as_str() {
            Some("webhook") => {
                webhook.received().into_iter().filter(|r| r.webhook_id() == id).map(|r| r.body).collect()
            }
            _ => smtp.received().iter().filter(|mail| is(mail, id)).map(|mail| mail.text().into_bytes()).collect(),
        };
        assert!(!said.is_empty(), "{one} never arrived");
        assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), 1, "a repeat says the same: {one}");
    }
}

fn is(mail: &Mail, delivery: &str) -> bool {
    mail.message_id().is_some_and(|id| id.contains(delivery))
}

/// The central contact hears of the end in one mail.
async fn told_once(number: &str, smtp: &SmtpPeer) {
    let ids = || -> BTreeSet<String> {
        let tells = |mail: &&Mail| {
            let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
            let text = parsed.body_text(0).unwrap_or_default().into_owned();
            // A mail may tell of several requests.
            text.split(number)
                .nth(1)
                .is_some_and(|after| after.lines().take(4).any(|line| line.contains("niemand der Kette hat bestätigt")))
                || text.lines().any(|line| line.contains(number) && line.contains("niemand der Kette hat bestätigt"))
        };
        smtp.received().iter().filter(tells).filter_map(Mail::message_id).collect()
    };
    wait_for_some(format!("the central contact to hear of {number}"), Duration::from_secs(60), || async {
        (!ids().is_empty()).then_some(())
    })
    .await;
    assert_eq!(ids().len(), 1, "{number}: {:?}", ids());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_happens_once_on_sqlite() {
    killed(Kind::Sqlite, "pwrite64,fdatasync", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_happens_once_on_postgres() {
    killed(Kind::Postgres, "sendto", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_happens_once_with_another_beside() {
    killed(Kind::Postgres, "sendto", true).await;
}
