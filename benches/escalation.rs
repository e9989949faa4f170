//! How soon an escalation reaches the other side, and how fast a backlog leaves.
//!
//! `cargo bench --bench escalation [-- --database sqlite|postgres --part idle,backlog,crowd --count 200]`. Idle: from the 201 to the acceptance
//! by the peer, one at a time. Backlog: messages are put into the outbox by the library while nothing runs, then
//! `lotse serve` starts; the rate counts from the first acceptance to the last.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use lotse::clock::Clock;
use lotse::db::{Db, Settings};
use lotse::delivery::{Content, Mail, Outgoing, Purpose, enqueue, mail_endpoint, webhook_endpoint};
use lotse::ids::{DeliveryId, RowId};
use lotse::seal::{MasterKey, Sealer};
use serde_json::json;
use support::client::Client;
use support::lotse::{Lotse, MASTER_KEY, MUNICIPALITIES, directory};
use support::peers::Peer;
use support::postgres::Postgres;
use support::{Fault, argument, databases, load, percentiles};

const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn main() -> Result<(), Fault> {
    let count: usize = argument("--count").map_or(Ok(200), |s| s.parse())?;
    println!("load {}", load());
    for database in databases() {
        let server = if database == "postgres" { Some(Postgres::start(&["max_wal_size=4GB"])?) } else { None };
        let place = |folder: &Path, name: &str| match &server {
            Some(server) => server.database(name),
            None => Ok(format!("sqlite://{}", folder.join("lotse.db").display())),
        };
        println!("{database}");
        if part("idle") {
            let folder = tempfile::tempdir()?;
            idle(folder.path(), &place(folder.path(), "idle")?, count)?;
        }
        for (name, messages, kind) in [
            ("mails", 6_000, Backlog::Mails),
            ("webhooks_to_10", 12_000, Backlog::Webhooks(10)),
            ("webhooks_to_1", 6_000, Backlog::Webhooks(1)),
        ]
        .into_iter()
        .filter(|_| part("backlog"))
        {
            let folder = tempfile::tempdir()?;
            backlog(folder.path(), &place(folder.path(), name)?, name, messages, kind)?;
        }
        if part("crowd") {
            let mut p95 = [0.0, 0.0];
            for (name, has_dead) in [("sound_1", false), ("dead_1", true), ("sound_2", false), ("dead_2", true)] {
                let folder = tempfile::tempdir()?;
                p95[usize::from(has_dead)] += crowd(folder.path(), &place(folder.path(), name)?, name, has_dead)?;
            }
            println!("  one dead among 115: the others' p95 {:+.0} %", (p95[1] / p95[0] - 1.0) * 100.0);
        }
    }
    println!("load {}", load());
    Ok(())
}

/// True for the parts named by `--part idle,backlog,crowd`; all when left out.
fn part(name: &str) -> bool {
    argument("--part").is_none_or(|parts| parts.split(',').any(|part| part == name))
}

fn settings(mail: &Peer) -> String {
    format!(
        "[mail]\ntransport = \"smtp\"\nsmtp_url = \"smtp://{}\"\nnotice_interval = \"24h\"\n\
         [webhook]\nallow_http = true\nallow_private_addresses = true\n",
        mail.address
    )
}

/// One escalation at a time, by mail and by webhook.
fn idle(folder: &Path, database: &str, count: usize) -> Result<(), Fault> {
    let (mail, webhook) = (Peer::mail()?, Peer::webhook()?);
    let mut lotse = Lotse::prepare(folder, database, &settings(&mail))?;
    let today = chrono::Utc::now().date_naive();
    let more = format!(
        r#"
[[contact]]
id = "by-mail"
name = "Per Mail"
email = "technik@example.org"
confirmed_on = {today}
[[contact]]
id = "by-webhook"
name = "Per Webhook"
webhook = {{ url = "http://{}/lotse", secret = "{SECRET}" }}
confirmed_on = {today}
"#,
        webhook.address
    );
    lotse.import(MUNICIPALITIES, &directory(folder, &more)?)?;
    let (agent, central) = (lotse.token("agent")?, lotse.token("central")?);
    lotse.start()?;
    let mut hand_in = Client::connect(&lotse.address, &agent)?;
    let mut desk = Client::connect(&lotse.address, &central)?;
    for (contact, peer) in [("by-mail", &mail), ("by-webhook", &webhook)] {
        let mut paths = Vec::new();
        for n in 0..count + 5 {
            let ticket = hand_in.post("/api/v1/tickets", &request(n))?;
            let path = format!("/api/v1/tickets/{}", ticket["number"].as_str().ok_or("no number")?);
            desk.post(&format!("{path}/claim"), &json!({}))?;
            paths.push(format!("{path}/escalations"));
        }
        std::thread::sleep(Duration::from_secs(2));
        peer.forget();
        let mut took = Vec::new();
        for (n, path) in paths.iter().enumerate() {
            let body = json!({"kind": "technical", "note": "Bitte ansehen.", "contact_id": contact});
            desk.post(path, &body)?;
            let answered = Instant::now();
            let waited = peer.next(PATIENCE)?.saturating_duration_since(answered);
            // The first few open connections and fill caches.
            if n >= 5 {
                took.push(waited);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let (p50, p99) = percentiles(took);
        println!("  idle, {contact:<10}  p50 {p50:>6.1} ms  p99 {p99:>6.1} ms   ({count} escalations)");
    }
    lotse.stop();
    Ok(())
}

fn request(n: usize) -> serde_json::Value {
    json!({
        "service": "wohnsitzanmeldung", "ars": "010020000000", "channel": "115", "category": "form_error",
        "subject": format!("Anmeldung bricht ab {n}"), "description": "Nach dem Absenden erscheint eine leere Seite.",
        "reply": {"wish": "none"},
    })
}

#[derive(Clone, Copy)]
enum Backlog {
    Mails,
    Webhooks(usize),
}

fn backlog(folder: &Path, database: &str, name: &str, messages: usize, kind: Backlog) -> Result<(), Fault> {
    let (mail, webhook) = (Peer::mail()?, Peer::webhook()?);
    let mut lotse = Lotse::prepare(folder, database, &settings(&mail))?;
    lotse.command(&["migrate"])?;
    let peer = match kind {
        Backlog::Mails => &mail,
        Backlog::Webhooks(_) => &webhook,
    };
    let urls = match kind {
        Backlog::Mails => Vec::new(),
        Backlog::Webhooks(receivers) => (0..receivers).map(|n| format!("http://{}/{n}", webhook.address)).collect(),
    };
    fill(database, messages, &urls)?;
    lotse.start()?;
    let accepted = peer.wait(messages, PATIENCE);
    let rate = rate(&accepted);
    println!("  backlog, {name:<15} {rate:>6.0}/s   ({} of {messages} arrived)", accepted.len());
    lotse.stop();
    Ok(())
}

/// 115 receivers with 200 messages each, all put in at once; answers the p95 of the sound ones from the start, in ms.
fn crowd(folder: &Path, database: &str, name: &str, has_dead: bool) -> Result<f64, Fault> {
    const EACH: usize = 200;
    let (mail, webhook, dead) = (Peer::mail()?, Peer::webhook()?, Peer::dead()?);
    let mut lotse = Lotse::prepare(folder, database, &settings(&mail))?;
    lotse.command(&["migrate"])?;
    let mut urls: Vec<String> = (0..115).map(|n| format!("http://{}/{n}", webhook.address)).collect();
    if has_dead {
        urls[50] = format!("http://{}/", dead.address);
    }
    fill(database, EACH * 115, &urls)?;
    lotse.start()?;
    let accepted = webhook.wait(EACH * (115 - usize::from(has_dead)), PATIENCE);
    let first = *accepted.first().ok_or("nothing arrived")?;
    let mut waited: Vec<Duration> = accepted.iter().map(|at| at.saturating_duration_since(first)).collect();
    waited.sort_unstable();
    let p95 = waited[waited.len() * 95 / 100].as_secs_f64() * 1000.0;
    println!("  115 receivers, {name:<9} {:>6.0}/s   p95 from the start {p95:.0} ms", rate(&accepted));
    lotse.stop();
    Ok(p95)
}

fn rate(accepted: &[Instant]) -> f64 {
    match (accepted.first(), accepted.last()) {
        (Some(first), Some(last)) => (accepted.len() - 1) as f64 / last.duration_since(*first).as_secs_f64(),
        _ => 0.0,
    }
}

/// Puts messages into the outbox, in turn to each receiver; without receivers they are mails.
fn fill(database: &str, messages: usize, urls: &[String]) -> Result<(), Fault> {
    let urls = urls.to_vec();
    let to: lotse::keys::EmailAddress = "technik@example.org".parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let db = Db::open(Settings::new(database))?;
        let sealer = Sealer::load(&db, MasterKey::parse(MASTER_KEY)?, Vec::new()).await?;
        let now = Clock::system().now();
        db.write(move |tx| {
            let mut endpoints = Vec::new();
            for url in &urls {
                endpoints.push(webhook_endpoint(tx, &sealer, url, SECRET, now)?);
            }
            let mailbox = mail_endpoint(tx, &to, now)?;
            for n in 0..messages {
                let endpoint = if endpoints.is_empty() { mailbox } else { endpoints[n % endpoints.len()] };
                let outgoing = Outgoing {
                    about: RowId::new(),
                    purpose: Purpose::Created,
                    dedupe: format!("bench {n}"),
                    endpoint: Some(endpoint),
                    recipient: "bench".into(),
                    content: if endpoints.is_empty() { letter(&to, n) } else { event(n) },
                };
                enqueue(tx, DeliveryId::new(), &outgoing, None, now)?;
            }
            Ok(())
        })
        .await
    })?;
    Ok(())
}

fn letter(to: &lotse::keys::EmailAddress, n: usize) -> Content {
    let text = "Eine Anfrage wartet auf Sie. Bitte sehen Sie sie an und bestätigen Sie sie.\n".repeat(12);
    Content::Mail(Mail {
        to: to.clone(),
        to_name: None,
        reply_to: None,
        subject: format!("[2026-{n}] technisch: Elektronische Wohnsitzanmeldung, Kiel"),
        html: format!("<p>{text}</p>"),
        text,
    })
}

fn event(n: usize) -> Content {
    let description = "Nach dem Absenden erscheint nur eine leere Seite. ".repeat(12);
    let data = json!({"escalation_id": n, "kind": "technical", "ticket": {"subject": "Anmeldung", "description": description}});
    Content::Webhook { body: json!({"type": "escalation.created", "data": data}).to_string(), call: None }
}
