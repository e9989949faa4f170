//! Mail of ours that comes back: matched by its return path, the contact marked, the next asked; and what passes.

use lotse::access::Role;
use lotse::clock::Clock;
use lotse::inbound::MailState;

use super::{AskedDesk, DESK, Letter, arrives, mail_to};
use crate::support::app::{Kind, TestApp};
use crate::support::smtp::Mail;

/// A report of a mail server about this mail, to this address.
fn report(about: &Mail, to: &str, recipient: &str, action: &str, status: &str) -> Letter {
    let id = about.message_id().unwrap();
    let body = format!(
        "--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\n\
         Status: {status}\nDiagnostic-Code: smtp; 550 {status} no such user\n\n--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: {id}\nSubject: x\n\n--b--"
    );
    Letter::new("MAILER-DAEMON@mx.example.org", to, "Undelivered Mail Returned to Sender", &body)
        .without("Content-Type")
        .with("Content-Type", "multipart/report; report-type=delivery-status; boundary=b")
        .with("Return-Path", "<>")
}

async fn both(check: impl AsyncFn(TestApp)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let more = "";
        let app = TestApp::start_with(kind, more, Clock::system()).await;
        check(app).await;
    }
}

/// With return paths of their own only these count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_path_tells_which_mail_it_was() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut app = TestApp::start_returning(kind, "rueckweg@lotse.example.org").await;
        let asked = AskedDesk::new(&mut app).await;
        let path = asked.question.from.clone();
        assert!(path.starts_with("rueckweg+") && path.ends_with("@lotse.example.org"), "{path}");
        let central = app.central().await;
        app.wait_until(&central, &asked.path(), "sent", |e| e["status"] == "sent").await;
        // Late, full, or not to a return path of ours: nothing changes.
        let forged = path.replace(|c: char| c.is_ascii_digit(), "0");
        for (to, action, status) in [
            (path.as_str(), "delayed", "4.4.1"),
            (&path, "failed", "5.2.2"),
            (&path, "failed", "4.4.7"),
            (&forged, "failed", "5.1.1"),
            ("rueckweg@lotse.example.org", "failed", "5.1.1"),
        ] {
            let taken = arrives(&app, &report(&asked.question, to, DESK, action, status)).await;
            assert_eq!(taken.state, MailState::Recorded);
        }
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert_eq!(escalation["step"], 0, "{escalation}");
        let admin = app.token(Role::Admin, "").await;
        assert!(app.get(&admin, "/api/v1/contacts/technik").await.expect(200)["bounced"].is_null());

        // No such mailbox: marked and told; their webhook took the message, so the step goes on.
        let letter = report(&asked.question, &path, DESK, "failed", "5.1.1");
        assert_eq!(arrives(&app, &letter).await.state, MailState::Recorded);
        app.wait_until(&admin, "/api/v1/contacts/technik", "marked", |c| !c["bounced"].is_null()).await;
        mail_to(&app, "zentral@kiel.example.org", "eine Nachricht kam nicht an").await;
        let deliveries = app.get(&central, &format!("{}/deliveries", asked.path())).await.expect(200);
        let mail = deliveries["items"].as_array().unwrap().iter().find(|d| d["recipient"] == DESK).unwrap().clone();
        assert_eq!(mail["status"], "exhausted", "{mail}");
        assert!(mail["attempts"][1]["detail"].as_str().unwrap().contains("came back: 5.1.1"), "{mail}");
        // The same report again, as another mail: it counts once.
        arrives(&app, &report(&asked.question, &path, DESK, "failed", "5.1.1")).await;
        let deliveries = app.get(&central, &format!("{}/deliveries", asked.path())).await.expect(200);
        let mail = deliveries["items"].as_array().unwrap().iter().find(|d| d["recipient"] == DESK).unwrap().clone();
        assert_eq!(mail["attempts"].as_array().unwrap().len(), 2, "{mail}");
    }
}

/// A contact reached by mail alone whose mailbox is gone: the next of the chain is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_is_asked_when_a_mailbox_is_gone() {
    both(async |mut app: TestApp| {
        let (ticket, escalation) = app.escalated("functional").await;
        let number = ticket["number"].as_str().unwrap();
        let office = "meldewesen@kiel.example.org";
        let question = mail_to(&app, office, number).await;
        let central = app.central().await;
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
        // Without return paths the id must come back together with the recipient.
        let wrong = report(&question, "lotse@lotse.example.org", "anders@kiel.example.org", "failed", "5.1.1");
        arrives(&app, &wrong).await;
        assert_eq!(app.get(&central, &path).await.expect(200)["step"], 0);
        arrives(&app, &report(&question, "lotse@lotse.example.org", office, "failed", "5.1.1")).await;
        app.wait_until(&central, &path, "the next step", |e| e["step"] == 1).await;
    })
    .await;
}
