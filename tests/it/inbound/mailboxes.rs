//! Mailboxes of a real Dovecot: read once whatever happens, marked only after the commit, over outages, kills and
//! another UIDVALIDITY.

use std::time::Duration;

use lotse::access::Role;
use lotse::clock::Clock;
use serde_json::json;

use super::{AskedDesk, DESK, Letter, kinds};
use crate::support::app::{Database, Kind, TestApp, directory, settings};
use crate::support::dovecot::Dovecot;
use crate::support::imap;
use crate::support::process::Process;
use crate::support::smtp::SmtpPeer;
use crate::support::wait::{wait_for, wait_for_some};

async fn counted(app: &TestApp, admin: &str, state: &str, wanted: usize) {
    let path = format!("/api/v1/inbound?state={state}&limit=200");
    app.wait_until(admin, &path, &format!("{wanted} mails"), |list| list["items"].as_array().unwrap().len() == wanted)
        .await;
}

/// A reply comes in by IDLE, is marked as read after the commit, and stays one over an outage and new UIDs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_read_once_whatever_happens() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut dovecot = Dovecot::start().await;
        let mut app = TestApp::start_with(kind, &dovecot.mailbox("antwort", ""), Clock::system()).await;
        let admin = app.token(Role::Admin, "").await;
        let asked = AskedDesk::new(&mut app).await;
        dovecot.deliver("antwort", &asked.reply(DESK, "Übernommen").raw());
        app.wait_until(&admin, &asked.path(), "acknowledged", |e| e["status"] == "acknowledged").await;
        wait_for("the mark", Duration::from_secs(10), || dovecot.count("antwort", "") == (1, 1)).await;
        // Two more at once, one of them a stranger's.
        dovecot.deliver("antwort", &asked.reply("fremd@example.net", "Antwort: nein").raw());
        dovecot.deliver("antwort", &asked.reply(DESK, "Noch etwas.").raw());
        counted(&app, &admin, "taken", 2).await;
        counted(&app, &admin, "quarantined", 1).await;
        wait_for("the marks", Duration::from_secs(10), || dovecot.count("antwort", "") == (3, 3)).await;

        // The server is away, says so, comes back with all UIDs new: nothing is taken twice, new mail comes in.
        dovecot.renumber("antwort").await;
        dovecot.deliver("antwort", &asked.reply(DESK, "Nach der Störung.").raw());
        counted(&app, &admin, "taken", 3).await;
        counted(&app, &admin, "quarantined", 1).await;
        let history = app.get(&admin, &format!("{}/history", asked.ticket_path())).await.expect(200);
        assert_eq!(kinds(&history).iter().filter(|kind| *kind == "escalation_commented").count(), 2, "{history}");
        let figures = app.get(&admin, "/metrics").await.body;
        assert!(figures.contains("lotse_mailbox_failing_seconds{mailbox=\"antwort\"} 0"), "{figures}");
        assert!(figures.contains("lotse_inbound_waiting 1"), "{figures}");
    }
}

/// A server tells of a message once. What arrives while another is fetched or marked is told then, not when Lotse begins
/// to wait, and is taken in at once all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_arrives_while_another_is_marked_waits_for_nobody() {
    let letter = |subject: &str| Letter::new("a@example.net", "x@lotse.example.org", subject, "x").raw();
    let mailbox = imap::two_messages([letter("erste"), letter("zweite")]).await;
    let mut app = TestApp::start_with(Kind::Sqlite, &mailbox, Clock::system()).await;
    let admin = app.token(Role::Admin, "").await;
    counted(&app, &admin, "quarantined", 2).await;
}

/// What was taken in is moved where the settings say, and a second instance beside takes nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_move_each_mail_once() {
    let dovecot = Dovecot::start().await;
    dovecot.deliver("antwort", b"From: a@example.net\r\nSubject: erste\r\n\r\nx\r\n");
    let archive = dovecot.mailbox("antwort", "after = \"move:Archiv\"");
    let mut app = TestApp::start_with(Kind::Postgres, &archive, Clock::system()).await;
    let other = app.second_instance().await;
    let admin = app.token(Role::Admin, "").await;
    for n in 0..20 {
        dovecot
            .deliver("antwort", &Letter::new("a@example.net", "x@lotse.example.org", &format!("Nr. {n}"), "x").raw());
    }
    counted(&app, &admin, "quarantined", 21).await;
    wait_for("all to be moved", Duration::from_secs(30), || dovecot.count("antwort", ".Archiv").0 == 21).await;
    assert_eq!(dovecot.count("antwort", "").0, 0);
    other.stop().await;
    counted(&app, &admin, "quarantined", 21).await;
}

/// Killed at any moment between fetch, commit and mark, every mail is there exactly once in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_and_doubles_nothing() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let dovecot = Dovecot::start().await;
        let (database, smtp) = (Database::new(kind).await, SmtpPeer::start().await);
        let settings = settings(&database.url, &smtp.url(), &dovecot.mailbox("antwort", ""));
        let directory = directory("http://127.0.0.1:1999/x");
        let mut lotse = Process::start(database.folder.path(), &settings, &directory).await;
        let admin = lotse.token("admin", &[]);
        let http = crate::support::app::client();
        let count = async |lotse: &Process| -> usize {
            let url = format!("{}/api/v1/inbound?limit=200", lotse.base);
            let Ok(answer) = http.get(url).bearer_auth(&admin).send().await else { return 0 };
            let text = answer.text().await.unwrap_or_default();
            let list: serde_json::Value = serde_json::from_str(&text).unwrap_or(json!(null));
            list["items"].as_array().map_or(0, Vec::len)
        };
        let mut sent = 0;
        let rounds = if matches!(kind, Kind::Sqlite) { 4 } else { 2 };
        for round in 0..rounds {
            for n in 0..15 {
                let subject = format!("Runde {round}, Nr. {n}");
                dovecot.deliver("antwort", &Letter::new("a@example.net", "x@lotse.example.org", &subject, "x").raw());
                sent += 1;
            }
            // Killed once it has begun with them, at a moment of its own each time.
            let begun = sent - 15 + 1 + round * 2;
            wait_for_some("mail to come in", Duration::from_secs(120), || async {
                (count(&lotse).await >= begun).then_some(())
            })
            .await;
            lotse.kill();
            lotse.start_again().await;
        }
        wait_for_some("all mail", Duration::from_secs(150), || async { (count(&lotse).await == sent).then_some(()) })
            .await;
        wait_for("all marks", Duration::from_secs(60), || dovecot.count("antwort", "") == (sent, sent)).await;
        assert_eq!(count(&lotse).await, sent, "each once");
        // What was not settled when it was killed was settled by the next look; `lotse check` can read it too.
        assert!(lotse.command(&["check"]).contains("mailbox antwort: can be read"));
    }
}
