//! How fast mail that comes back is taken in, durably: through `inbound/take.rs`, from the bytes of a message to its
//! commit.
//!
//! `cargo bench --bench inbound [-- --database sqlite|postgres --count 1000]`; needs PostgreSQL's server. "One after
//! another" is what a mailbox does, "eight at once" are eight mailboxes or pipes.

mod support;

use std::path::Path;
use std::time::Instant;

use lotse::app::{App, Options};
use lotse::clock::Clock;
use lotse::config::Config;
use lotse::escalation::link::reply_address;
use lotse::ids::EscalationId;
use lotse::inbound::take::{Arrival, take};
use serde_json::json;
use support::client::Client;
use support::lotse::{Lotse, MASTER_KEY, MUNICIPALITIES, directory};
use support::postgres::Postgres;
use support::{Fault, argument, bare, databases, limits, load};

/// What a mail writes to, with an order in which rows of the same mail stand at the same place.
const TABLES: [(&str, &str); 6] = [
    ("inbound_mails", "id"),
    ("inbound_raw", "mail_id"),
    ("inbound_attachments", "mail_id"),
    ("sealing_keys", "id"),
    ("ticket_history", "id"),
    ("notices", "id"),
];
/// The contact's colleagues: from one address only so many mails an hour are taken.
const PEOPLE: usize = 50;
const REPLIES_TO: &str = "antwort@lotse.example.org";

#[derive(Clone, Copy)]
enum Letter {
    /// Of nobody we know: it waits for a person.
    Strange,
    /// A reply of the 2nd level: a comment in the history.
    Reply,
    /// The same with a file of 100 KiB.
    Heavy,
}

fn main() -> Result<(), Fault> {
    let count: usize = argument("--count").map_or(Ok(1000), |s| s.parse())?;
    println!("load {}", load());
    println!("limit: fdatasync of 8 KiB {:>7.0}/s", limits::syncs(tempfile::tempdir()?.path())?);
    let runtime = tokio::runtime::Runtime::new()?;
    for database in databases() {
        let server = match database.as_str() {
            "postgres" => Some(Postgres::start(&["max_wal_size=4GB", "checkpoint_timeout=30min"])?),
            _ => None,
        };
        for (name, letter) in
            [("of strangers", Letter::Strange), ("replies", Letter::Reply), ("with a file", Letter::Heavy)]
        {
            let folder = tempfile::tempdir()?;
            let place = |name: &str| match &server {
                Some(server) => server.database(&name.replace(' ', "_")),
                None => Ok(format!("sqlite://{}", folder.path().join(format!("{name}.db")).display())),
            };
            let from = place(name)?;
            let (one, eight) = measure(&runtime, folder.path(), &from, letter, count)?;
            let bare = |batch: usize| -> Result<f64, Fault> {
                let to = place(&format!("{name} bare {batch}"))?;
                let fresh = tempfile::tempdir()?;
                Lotse::prepare(fresh.path(), &to, "")?.command(&["migrate"])?;
                match &server {
                    Some(_) => bare::postgres_tables(&from, &to, &TABLES, batch),
                    None => bare::sqlite_tables(file(&from), file(&to), &TABLES, batch),
                }
            };
            let (single, many) = (bare(1)?, bare(8)?);
            println!(
                "{database:<9} {name:<13} one after another {one:>6.0}/s ({:>3.0} % of bare {single:>6.0}/s)   eight at once {eight:>6.0}/s ({:>3.0} % of bare by 8 {many:>6.0}/s)",
                one / single * 100.0,
                eight / many * 100.0,
            );
        }
    }
    println!("load {}", load());
    Ok(())
}

fn file(url: &str) -> &str {
    url.trim_start_matches("sqlite://")
}

/// Mails a second, one after another and eight at once.
fn measure(
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    database: &str,
    letter: Letter,
    count: usize,
) -> Result<(f64, f64), Fault> {
    let lotse = Lotse::prepare(folder, database, "")?;
    let today = chrono::Utc::now().date_naive();
    let desk = format!(
        "\n[[contact]]\nid = \"technik\"\nname = \"Technik\"\nemail = \"technik@dataport.example.org\"\nconfirmed_on = {today}\n"
    );
    lotse.import(MUNICIPALITIES, &directory(folder, &desk)?)?;
    let (agent, central) = (lotse.token("agent")?, lotse.token("central")?);
    let mails = folder.join("mails");
    let settings = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"{database}\"\n[security]\nmaster_key = \"{MASTER_KEY}\"\n\
         [mail]\ntransport = \"file\"\nallow_file_transport = true\ndirectory = {mails:?}\nreply_address = \"{REPLIES_TO}\"\n\
         [inbound]\nloop_limit = 1000000\n"
    );
    std::fs::write(folder.join("bench.toml"), settings)?;
    let config = Config::load(Some(&folder.join("bench.toml")))?;
    let listener = Some(std::net::TcpListener::bind("127.0.0.1:0")?);
    let options = Options { clock: Clock::system(), listener, delivers: false, development: None };
    let app = runtime.block_on(App::start(&config, options))?;
    let address = app.address().ok_or("no address")?.to_string();
    let to = escalated(&app, &address, &agent, &central)?;
    let one = runtime.block_on(taken(&app, &to, letter, 0, count, 1))?;
    let eight = runtime.block_on(taken(&app, &to, letter, count, count, 8))?;
    runtime.block_on(app.stop());
    Ok((one, eight))
}

/// A question to the 2nd level; where its replies go to.
fn escalated(app: &App, address: &str, agent: &str, central: &str) -> Result<String, Fault> {
    let ticket = Client::connect(address, agent)?.post(
        "/api/v1/tickets",
        &json!({
            "service": "wohnsitzanmeldung", "ars": "010020000000", "channel": "115", "category": "form_error",
            "subject": "Anmeldung bricht ab", "description": "Nach dem Absenden erscheint eine leere Seite.",
            "reply": {"wish": "none"},
        }),
    )?;
    let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().ok_or("no id")?);
    let mut desk = Client::connect(address, central)?;
    desk.post(&format!("{path}/claim"), &json!({}))?;
    let asked = json!({"kind": "technical", "note": "Bitte ansehen.", "contact_id": "technik"});
    let escalation = desk.post(&format!("{path}/escalations"), &asked)?;
    let id: EscalationId = escalation["id"].as_str().ok_or("no id")?.parse().map_err(|_| "no id")?;
    let key = app.escalations.desk().sealer.reply_address_key();
    reply_address(REPLIES_TO, key, id).ok_or_else(|| "no address".into())
}

async fn taken(app: &App, to: &str, letter: Letter, first: usize, count: usize, at_once: usize) -> Result<f64, Fault> {
    let each = count / at_once;
    // Written before: only the taking is measured.
    let shares: Vec<Vec<Vec<u8>>> =
        (0..at_once).map(|share| (0..each).map(|n| raw(to, letter, first + share * each + n)).collect()).collect();
    let began = Instant::now();
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let inbound = app.inbound.clone();
            tokio::spawn(async move {
                for raw in share {
                    let size = i64::try_from(raw.len()).unwrap_or_default();
                    let arrival = Arrival { mailbox: "pipe".into(), uid: None, recipient: None, raw, size };
                    if !take(&inbound, arrival).await.map_err(|fault| fault.to_string())?.is_new {
                        return Err("a mail was taken for another".to_owned());
                    }
                }
                Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok((each * at_once) as f64 / began.elapsed().as_secs_f64())
}

/// A mail of about 2 KB, each another.
fn raw(to: &str, letter: Letter, n: usize) -> Vec<u8> {
    let (from, to) = match letter {
        Letter::Strange => (format!("jemand{n}@example.net"), "hilfe@lotse.example.org".to_owned()),
        Letter::Reply | Letter::Heavy => (format!("person{}@dataport.example.org", n % PEOPLE), to.to_owned()),
    };
    let text = "Wir haben das Protokoll angesehen; der Rückkanal bricht nach der Anmeldung ab.\r\n".repeat(18);
    let head = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Re: Anmeldung bricht ab {n}\r\nMessage-ID: <{n}@mail.example.org>\r\n\
         Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
    );
    let plain =
        format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}{n}\r\n");
    match letter {
        Letter::Strange | Letter::Reply => format!("{head}{plain}").into_bytes(),
        Letter::Heavy => {
            let file = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\r\n".repeat(3600);
            format!(
                "{head}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n{plain}--b\r\nContent-Type: text/plain\r\n\
                 Content-Disposition: attachment; filename=\"protokoll.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}--b--\r\n"
            )
            .into_bytes()
        }
    }
}
