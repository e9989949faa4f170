//! Mail of the public to a mailbox of the 1st level: it waits for its place and service, becomes one ticket, and is
//! answered at most once.

use lotse::access::Role;
use lotse::clock::Clock;
use lotse::inbound::MailState;
use lotse::inbound::take::take;
use serde_json::json;

use super::{Letter, arrival, mail_to};
use crate::support::app::{Kind, TestApp};

/// Nobody listens there: mail is handed in by the tests.
const MAILBOX: &str = "[[inbound.mailbox]]\nname = \"buergerpost\"\nhost = \"127.0.0.1\"\nport = 9\nuser = \"x\"\npassword = \"x\"\nallow_plain = true\nfirst_level = true\nregion = \"01002\"\n";

async fn starts(kind: Kind, more: &str) -> TestApp {
    TestApp::start_with(kind, &format!("{MAILBOX}{more}"), Clock::system()).await
}

fn citizen() -> Letter {
    Letter::new(
        "Erika Mustermann <erika@buerger.example.org>",
        "hilfe@kiel.example.org",
        "Ummeldung klappt nicht",
        "Nach BundID kommt Fehler 500.\n\nViele Grüße\nErika",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_waits_for_its_place_and_becomes_one_ticket() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut app = starts(kind, "").await;
        let taken = take(&app.app.inbound, arrival("buergerpost", citizen().raw())).await.unwrap();
        assert_eq!(taken.state, MailState::Waiting);
        mail_to(&app, "erika@buerger.example.org", "Ihre Nachricht ist angekommen").await;
        // Machines and second mails within the hour hear nothing.
        for letter in [
            citizen().with("Auto-Submitted", "auto-replied"),
            Letter::new("Erika <erika@buerger.example.org>", "hilfe@kiel.example.org", "Noch etwas", "Bitte."),
            Letter::new("lotse@lotse.example.org", "hilfe@kiel.example.org", "Wir selbst", "Bitte."),
        ] {
            take(&app.app.inbound, arrival("buergerpost", letter.raw())).await.unwrap();
        }
        let central = app.central().await;
        let list = app.get(&central, "/api/v1/inbound?state=waiting").await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 3, "{list}");
        let admin = app.token(Role::Admin, "").await;
        assert_eq!(app.get(&admin, "/api/v1/tickets").await.expect(200)["items"], json!([]));

        let path = format!("/api/v1/inbound/{}/decide", taken.id);
        let place = json!({"action": "ticket", "service": "wohnsitzanmeldung", "ars": "010020000000", "category": "form_error"});
        let mut nowhere = place.clone();
        nowhere["ars"] = json!("999999999999");
        app.post(&central, &path, nowhere).await.expect_fault(422, "ars");
        let presses = (0..6).map(|n| app.post(if n % 2 == 0 { &central } else { &admin }, &path, place.clone()));
        let replies = futures_util::future::join_all(presses).await;
        assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 409)), "{replies:?}");
        let tickets = app.get(&central, "/api/v1/tickets").await.expect(200);
        let [ticket] = tickets["items"].as_array().unwrap().as_slice() else { panic!("{tickets}") };
        assert_eq!((&ticket["channel"], &ticket["subject"]), (&json!("email"), &json!("Ummeldung klappt nicht")));
        assert_eq!(ticket["reply"], json!({"wish": "email"}));
        let opened = app.get(&central, &format!("/api/v1/inbound/{}", taken.id)).await.expect(200);
        assert_eq!((&opened["state"], &opened["ticket"]), (&json!("decided"), &ticket["id"]));
        let acknowledged =
            app.smtp.received().iter().filter(|mail| mail.text().contains("Ihre Nachricht ist angekommen")).count();
        assert_eq!(acknowledged, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_tells_everything_makes_a_ticket_at_once() {
    let told = "service = \"wohnsitzanmeldung\"\nars = \"010020000000\"\ncategory = \"form_error\"\n";
    let mut app = starts(Kind::Sqlite, told).await;
    let first = take(&app.app.inbound, arrival("buergerpost", citizen().raw())).await.unwrap();
    take(&app.app.inbound, arrival("buergerpost", citizen().raw())).await.unwrap();
    let central = app.central().await;
    let tickets = app.get(&central, "/api/v1/tickets").await.expect(200);
    let [_, _] = tickets["items"].as_array().unwrap().as_slice() else { panic!("{tickets}") };
    let opened = app.get(&central, &format!("/api/v1/inbound/{}", first.id)).await.expect(200);
    assert_eq!(opened["state"], "decided");
}

/// Two Lotse that have each other as contact: they end within three mails, even where a gateway between them takes
/// every mark off that says a machine wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_systems_end_within_three_mails() {
    let marks = ["Auto-Submitted", "X-Auto-Response-Suppress", "X-Lotse-Loop"];
    for strips in [false, true] {
        let carry = |raw: &[u8]| -> Vec<u8> {
            let text =
                String::from_utf8(raw.to_vec()).unwrap().replace("lotse@lotse.example.org", "lotse@alpha.example.org");
            let is_kept = |line: &&str| !strips || !marks.iter().any(|mark| line.starts_with(mark));
            text.split_inclusive("\r\n").filter(is_kept).collect::<String>().into_bytes()
        };
        let (mut alpha, mut beta) = (TestApp::start(Kind::Sqlite).await, starts(Kind::Sqlite, "").await);
        let asked = super::AskedDesk::new(&mut alpha).await;
        let mut mails = 1;
        let taken = take(&beta.app.inbound, arrival("buergerpost", carry(&asked.question.data))).await.unwrap();
        assert_eq!(taken.state, if strips { MailState::Waiting } else { MailState::Recorded });
        if strips {
            let answer = mail_to(&beta, "lotse@alpha.example.org", "Ihre Nachricht ist angekommen").await;
            mails += 1;
            let back = take(&alpha.app.inbound, arrival("pipe", carry(&answer.data))).await.unwrap();
            assert_eq!(back.state, MailState::Quarantined, "it is no reply, and nobody is answered");
        }
        for app in [&mut alpha, &mut beta] {
            let admin = app.token(Role::Admin, "").await;
            app.answers(&admin, "/metrics", 200).await;
            crate::support::wait::wait_for_some("an empty outbox", std::time::Duration::from_secs(20), || async {
                app.get(&admin, "/metrics").await.body.contains("lotse_deliveries_pending 0").then_some(())
            })
            .await;
        }
        let between = |app: &TestApp, address: &str| {
            app.smtp.received().iter().filter(|mail| mail.to.iter().any(|to| to == address)).count()
        };
        assert_eq!(between(&beta, "lotse@alpha.example.org"), mails - 1);
        assert_eq!(between(&alpha, super::DESK), 1);
        assert!(mails <= 3);
    }
}
