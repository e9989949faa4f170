//! The faults that a city's service must stand, in short: power cuts, database restarts, a full disk, a stop under
//! load. What was acknowledged with 2xx must be there afterwards, and must have gone out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::app::{self, Database, Kind, Reply, SECRET, a_ticket};
use crate::support::postgres::OwnPostgres;
use crate::support::process::Process;
use crate::support::smtp::SmtpPeer;
use crate::support::wait::{wait_for, wait_for_some};
use crate::support::webhook::WebhookPeer;

/// Requests and escalations that were acknowledged.
#[derive(Default)]
struct Acked {
    tickets: BTreeSet<String>,
    escalations: BTreeSet<String>,
    refused: BTreeMap<u16, usize>,
}

/// Traffic until told to stop: each round hands in a request and escalates every third.
struct Load {
    acked: Arc<Mutex<Acked>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(base: &str, agent: &str, central: &str, clients: usize) -> Self {
        let (acked, stop) = (Arc::new(Mutex::new(Acked::default())), Arc::new(AtomicBool::new(false)));
        let tasks = (0..clients)
            .map(|_| {
                let (acked, stop) = (acked.clone(), stop.clone());
                let (base, agent, central) = (base.to_owned(), agent.to_owned(), central.to_owned());
                tokio::spawn(async move {
                    let http = app::client();
                    let mut rounds = 0u64;
                    while !stop.load(Ordering::SeqCst) {
                        round(&http, &base, &agent, &central, rounds, &acked).await;
                        rounds += 1;
                    }
                })
            })
            .collect();
        Self { acked, stop, tasks }
    }

    async fn stop(self) -> Acked {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        Arc::into_inner(self.acked).unwrap().into_inner()
    }
}

async fn round(http: &reqwest::Client, base: &str, agent: &str, central: &str, rounds: u64, acked: &Mutex<Acked>) {
    let Some(made) = try_post(http, base, agent, "/api/v1/tickets", a_ticket()).await else { return };
    if made.status != 201 {
        *acked.lock().await.refused.entry(made.status).or_default() += 1;
        return;
    }
    let id = made.json()["id"].as_str().unwrap().to_owned();
    acked.lock().await.tickets.insert(id.clone());
    if !rounds.is_multiple_of(3) {
        return;
    }
    let path = format!("/api/v1/tickets/{id}/escalations");
    let Some(made) = try_post(http, base, central, &path, json!({"kind": "technical", "note": "?"})).await else {
        return;
    };
    if made.status == 201 {
        acked.lock().await.escalations.insert(made.json()["id"].as_str().unwrap().to_owned());
    }
}

/// A call that may break off, as when the other end is killed.
async fn try_post(http: &reqwest::Client, base: &str, token: &str, path: &str, body: Value) -> Option<Reply> {
    let request = http.post(format!("{base}{path}")).header("Authorization", format!("Bearer {token}"));
    let answer = request.header("Content-Type", "application/json").body(body.to_string()).send().await.ok()?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Some(Reply { status, headers, body: answer.text().await.ok()? })
}

/// Everything acknowledged is there, and every escalation has reached its receiver, each with one id and body.
async fn nothing_is_lost(base: &str, central: &str, acked: &Acked, webhook: &WebhookPeer) {
    let http = app::client();
    for id in &acked.tickets {
        let found = app::send(&http, base, central, "GET", &format!("/api/v1/tickets/{id}"), None, &[]).await;
        assert_eq!(found.status, 200, "ticket {id} is lost");
    }
    wait_for("every escalation to arrive", Duration::from_secs(60), || {
        let arrived: BTreeSet<String> = webhook.received().iter().map(escalation_of).collect();
        acked.escalations.is_subset(&arrived)
    })
    .await;
    let mut said: BTreeMap<String, (String, Vec<u8>)> = BTreeMap::new();
    for request in webhook.received() {
        assert!(request.verifies_with(SECRET));
        let this = (request.webhook_id().to_owned(), request.body.to_vec());
        let first = said.entry(escalation_of(&request)).or_insert_with(|| this.clone());
        assert_eq!(*first, this, "a repeat has the same id and body");
    }
}

fn escalation_of(request: &crate::support::webhook::Request) -> String {
    request.json()["data"]["escalation_id"].as_str().unwrap().to_owned()
}

async fn count_of(acked: &Mutex<Acked>) -> usize {
    acked.lock().await.tickets.len()
}

async fn more_than(load: &Load, before: usize) {
    wait_for_some("traffic", Duration::from_secs(20), || async {
        (count_of(&load.acked).await > before).then_some(())
    })
    .await;
}

async fn power_cuts(kind: Kind) {
    let database = Database::new(kind).await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(&database.url, &smtp.url(), "");
    let mut lotse = Process::start(database.folder.path(), &settings, &app::directory(&webhook.url())).await;
    let (agent, central) = (lotse.token("agent", &[]), lotse.token("central", &["--ars", "01"]));
    let load = Load::start(&lotse.base, &agent, &central, 4);
    for cut in 0..5usize {
        // A different moment each time: after so many more acknowledged requests.
        let before = count_of(&load.acked).await + 7 + cut * 13;
        more_than(&load, before).await;
        lotse.kill();
        lotse.start_again().await;
    }
    let before = count_of(&load.acked).await;
    more_than(&load, before).await;
    let acked = load.stop().await;
    assert!(acked.escalations.len() > 10, "{}", acked.escalations.len());
    nothing_is_lost(&lotse.base, &central, &acked, &webhook).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_nothing_on_sqlite() {
    power_cuts(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_nothing_on_postgres() {
    power_cuts(Kind::Postgres).await;
}

/// PostgreSQL restarts under load: callers hear 503 with Retry-After meanwhile, and it recovers by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_restarts_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = OwnPostgres::start().await;
    let database = server.fresh_database().await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(database.as_str(), &smtp.url(), "");
    let lotse = Process::start(folder.path(), &settings, &app::directory(&webhook.url())).await;
    let (agent, central) = (lotse.token("agent", &[]), lotse.token("central", &["--ars", "01"]));
    let load = Load::start(&lotse.base, &agent, &central, 4);
    for round in 0..3 {
        let before = count_of(&load.acked).await + 20;
        more_than(&load, before).await;
        if round == 1 {
            server.kill().await;
            let reply = app::send(
                &app::client(),
                &lotse.base,
                &agent,
                "POST",
                "/api/v1/tickets",
                Some(a_ticket().to_string()),
                &[],
            )
            .await;
            assert_eq!((reply.status, reply.header("retry-after")), (503, Some("2")), "{}", reply.body);
            server.start_again().await;
        } else {
            server.restart().await;
        }
        lotse.wait_ready(Duration::from_secs(10)).await;
    }
    let before = count_of(&load.acked).await + 20;
    more_than(&load, before).await;
    let acked = load.stop().await;
    assert!(acked.refused.keys().all(|status| *status == 503), "{:?}", acked.refused);
    nothing_is_lost(&lotse.base, &central, &acked, &webhook).await;
}

/// A supervisor stops it under load: out in time, nothing lost, nothing twice.
async fn orderly_stop(kind: Kind) {
    let database = Database::new(kind).await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(&database.url, &smtp.url(), "");
    let mut lotse = Process::start(database.folder.path(), &settings, &app::directory(&webhook.url())).await;
    let (agent, central) = (lotse.token("agent", &[]), lotse.token("central", &["--ars", "01"]));
    let load = Load::start(&lotse.base, &agent, &central, 4);
    more_than(&load, 40).await;
    assert!(lotse.terminate(Duration::from_secs(30)).await, "it did not end well");
    let acked = load.stop().await;
    lotse.start_again().await;
    nothing_is_lost(&lotse.base, &central, &acked, &webhook).await;
    let ids: Vec<String> = webhook.received().iter().map(|r| r.webhook_id().to_owned()).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "an orderly stop sends nothing twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_loses_and_repeats_nothing_on_sqlite() {
    orderly_stop(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_loses_and_repeats_nothing_on_postgres() {
    orderly_stop(Kind::Postgres).await;
}

/// Two instances on one PostgreSQL share the outbox: everything arrives, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_deliver_each_message_once() {
    let database = Database::new(Kind::Postgres).await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(&database.url, &smtp.url(), "");
    let one = Process::start(database.folder.path(), &settings, &app::directory(&webhook.url())).await;
    let other = Process::start(database.folder.path(), &settings, "").await;
    let (agent, central) = (one.token("agent", &[]), one.token("central", &["--ars", "01"]));
    let loads = [Load::start(&one.base, &agent, &central, 3), Load::start(&other.base, &agent, &central, 3)];
    for load in &loads {
        more_than(load, 150).await;
    }
    let [first, second] = loads;
    let (mut acked, more) = (first.stop().await, second.stop().await);
    acked.tickets.extend(more.tickets);
    acked.escalations.extend(more.escalations);
    nothing_is_lost(&other.base, &central, &acked, &webhook).await;
    assert_eq!(webhook.received().len(), acked.escalations.len());
    let mut numbers = BTreeSet::new();
    for id in &acked.tickets {
        let found =
            app::send(&app::client(), &one.base, &central, "GET", &format!("/api/v1/tickets/{id}"), None, &[]).await;
        assert!(numbers.insert(found.json()["number"].as_str().unwrap().to_owned()), "a number was drawn twice");
    }
}

/// A full disk refuses what it cannot keep, loses nothing it has acknowledged, and recovers without a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path(), "24m");
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let url = format!("sqlite://{}", folder.path().join("lotse.db").display());
    let outside = tempfile::tempdir().unwrap();
    let settings = app::settings(&url, &smtp.url(), "");
    let lotse = Process::start(outside.path(), &settings, &app::directory(&webhook.url())).await;
    let (agent, central) = (lotse.token("agent", &[]), lotse.token("central", &["--ars", "01"]));
    let ballast = folder.path().join("ballast");
    let load = Load::start(&lotse.base, &agent, &central, 2);
    more_than(&load, 30).await;
    disk.fill(&ballast);
    wait_for_some("refusals", Duration::from_secs(30), || async {
        (load.acked.lock().await.refused.values().sum::<usize>() > 5).then_some(())
    })
    .await;
    std::fs::remove_file(&ballast).unwrap();
    let before = count_of(&load.acked).await + 30;
    more_than(&load, before).await;
    let acked = load.stop().await;
    assert!(acked.refused.keys().all(|status| *status >= 500), "{:?}", acked.refused);
    nothing_is_lost(&lotse.base, &central, &acked, &webhook).await;
}

/// A file system of a few megabytes in memory; needs root, as CI has.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path, size: &str) -> Self {
        let done = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at)
            .status();
        assert!(done.unwrap().success(), "this test mounts a small tmpfs and needs root");
        Self(at.to_owned())
    }

    /// Writes until nothing more fits.
    fn fill(&self, ballast: &std::path::Path) {
        use std::io::Write;
        let mut file = std::fs::File::create(ballast).unwrap();
        while file.write_all(&[0u8; 65536]).is_ok() {}
        while file.write_all(&[0u8; 512]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        std::process::Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

/// Every 201 on SQLite is preceded by a sync of its own: seen from outside by strace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledgement_is_synced_before() {
    let database = Database::new(Kind::Sqlite).await;
    let (smtp, webhook) = (SmtpPeer::start().await, WebhookPeer::start(SECRET).await);
    let settings = app::settings(&database.url, &smtp.url(), "");
    let trace = database.folder.path().join("trace");
    let under = [
        "strace",
        // As a grandchild, so that what is started and ended here is Lotse itself.
        "-D",
        "-f",
        "-qq",
        "-s",
        "40",
        "-e",
        "trace=fdatasync,fsync,write,writev,sendto,sendmsg",
        "-o",
        trace.to_str().unwrap(),
    ];
    let mut lotse =
        Process::start_under(database.folder.path(), &settings, &app::directory(&webhook.url()), &under).await;
    let agent = lotse.token("agent", &[]);
    let http = app::client();
    for _ in 0..100 {
        app::send(&http, &lotse.base, &agent, "POST", "/api/v1/tickets", Some(a_ticket().to_string()), &[])
            .await
            .expect(201);
    }
    lotse.kill();
    let answered = |trace: &str| trace.matches("HTTP/1.1 201").count();
    wait_for("the end of the trace", Duration::from_secs(10), || {
        std::fs::read_to_string(&trace).is_ok_and(|trace| answered(&trace) == 100)
    })
    .await;
    let trace = std::fs::read_to_string(&trace).unwrap();
    let (mut answers, mut is_synced) = (0, false);
    for line in trace.lines() {
        if (line.contains("fdatasync") || line.contains("fsync")) && line.ends_with("= 0") {
            is_synced = true;
        } else if line.contains("HTTP/1.1 201") {
            assert!(is_synced, "answer {answers} went out before a sync");
            (answers, is_synced) = (answers + 1, false);
        }
    }
    assert_eq!(answers, 100);
}

/// A PostgreSQL that would lose what it acknowledges is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_careless_postgres_is_refused() {
    let server = OwnPostgres::start().await;
    let database = server.fresh_database().await;
    let careless = format!("{}?options=-c%20synchronous_commit%3Doff", database.as_str());
    let fault = lotse::db::Db::open(lotse::db::Settings::new(careless.clone())).err().unwrap();
    assert!(fault.to_string().contains("synchronous_commit"), "{fault}");
    let allowed = lotse::db::Settings { allow_unsafe_durability: true, ..lotse::db::Settings::new(careless) };
    assert!(lotse::db::Db::open(allowed).is_ok());
}
