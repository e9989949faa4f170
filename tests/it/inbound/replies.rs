//! What a reply of the 2nd level does: comment, words that command, numbers; and what is no reply of theirs.

use chrono::TimeDelta;
use lotse::clock::{Clock, Timestamp};
use lotse::inbound::MailState;
use serde_json::json;

use super::{AskedDesk, DESK, Letter, arrival, arrives, kinds, mail_to, waits};
use crate::on_both;
use crate::support::app::{Kind, TestApp};

on_both! {
    /// What they write is a comment for the central contact, without what they quoted.
    async fn a_reply_is_a_comment(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let text = "Wir haben das gesehen, der Fehler liegt am Browser.\n\nMit freundlichen Grüßen\nUwe Umland\n\nAm 24.11.2026 um 10:00 schrieb Lotse:\n> Guten Tag";
        let taken = arrives(&app, &asked.reply("Uwe <uwe@dataport.example.org>", text)).await;
        assert_eq!(taken.state, MailState::Taken);
        let central = app.central().await;
        let history = app.get(&central, &format!("{}/history", asked.ticket_path())).await.expect(200);
        let items = history["items"].as_array().unwrap();
        let comment = items.iter().find(|e| e["kind"] == "escalation_commented").unwrap_or_else(|| panic!("{history}"));
        assert_eq!(comment["data"]["text"], "Wir haben das gesehen, der Fehler liegt am Browser.");
        assert_eq!(comment["actor"], json!({"kind": "mail", "name": "Dataport Service Desk"}));
        // It stops no clock and ends nothing: whoever is central decides.
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert!(matches!(escalation["status"].as_str(), Some("pending" | "sent")), "{escalation}");
        mail_to(&app, "zentral@kiel.example.org", "der 2nd Level hat etwas angemerkt").await;
    }

    /// Plain words on the first line command; their number is found by the contact's pattern.
    async fn plain_words_command(app: TestApp) {
        let mut app = app;
        let admin = app.token(lotse::access::Role::Admin, "").await;
        app.patch(&admin, "/api/v1/contacts/technik", json!({"reference_pattern": "INC#######"})).await.expect(200);
        app.patch(&admin, "/api/v1/contacts/technik", json!({"reference_pattern": ".*"})).await.expect_fault(422, "reference_pattern");
        let central = app.central().await;
        let asked = AskedDesk::new(&mut app).await;
        arrives(&app, &asked.reply(DESK, "Übernommen\n\nBei uns INC1234567.")).await;
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert_eq!((&escalation["status"], &escalation["reference"]), (&json!("acknowledged"), &json!("INC1234567")));
        assert_eq!(escalation["acknowledged_by"], "Dataport Service Desk");
        arrives(&app, &asked.reply(DESK, "Antwort: Bitte den Cache leeren.\nDann geht es.")).await;
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert_eq!((&escalation["status"], &escalation["answer"]), (&json!("answered"), &json!("Bitte den Cache leeren.\nDann geht es.")));
        let ticket = app.get(&central, &asked.ticket_path()).await.expect(200);
        assert_eq!(ticket["status"], "assessing");
        // What comes after the end is not lost.
        assert_eq!(arrives(&app, &asked.reply(DESK, "Antwort: Doch nicht.")).await.state, MailState::Taken);
        let history = app.get(&central, &format!("{}/history", asked.ticket_path())).await.expect(200);
        assert_eq!(kinds(&history).last().unwrap(), "escalation_commented", "{history}");

        let second = AskedDesk::new(&mut app).await;
        arrives(&app, &second.reply(DESK, "Nicht zuständig: das macht das Meldeamt.")).await;
        let escalation = app.get(&central, &second.path()).await.expect(200);
        assert_eq!((&escalation["status"], &escalation["return_reason"]), (&json!("returned"), &json!("das macht das Meldeamt.")));
    }

    /// A thread of ours is proof as well as the address; a mail without either is nobody's.
    async fn a_thread_leads_back(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let thread = Letter::new(DESK, "lotse@lotse.example.org", "Ihre Anfrage", "Übernommen")
            .with("References", &format!("<fremd@example.org> {}", asked.question.message_id().unwrap()));
        assert_eq!(arrives(&app, &thread).await.state, MailState::Taken);
        let central = app.central().await;
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert_eq!(escalation["status"], "acknowledged");
        let by_number = Letter::new(DESK, "lotse@lotse.example.org", &format!("Re: [{}]", asked.ticket["number"].as_str().unwrap()), "Antwort: x");
        assert!(waits(&mut app, &by_number).await.contains("keine Antwort auf eine Nachricht von uns"));
    }

    /// What somebody else writes waits with the reasons, and changes nothing.
    async fn a_forged_reply_waits(app: TestApp) {
        let mut app = app;
        let (asked, other) = (AskedDesk::new(&mut app).await, AskedDesk::new(&mut app).await);
        let forged_address = asked.address().replace(&asked.address()[asked.address().find('.').unwrap() + 1..][..4], "0000");
        let mine = || asked.reply(DESK, "Antwort: gefälscht");
        for (letter, reason) in [
            (asked.reply("boese@example.net", "Antwort: gefälscht"), "gehört zu keiner Ansprechstelle"),
            (asked.reply("technik@dataport.example.org.example.net", "Antwort: x"), "gehört zu keiner Ansprechstelle"),
            (asked.reply("\"technik@dataport.example.org\" <boese@example.net>", "Antwort: x"), "gehört zu keiner Ansprechstelle"),
            (asked.reply("technik@dataport.example.org, boese@example.net", "Antwort: x"), "mehrere Absender"),
            (mine().with("From", "boese@example.net"), "mehrere Absender"),
            (mine().without("From"), "keinen Absender"),
            (mine().without("To").with("To", &forged_address), "keine, die wir vergeben haben"),
            (mine().without("To").with("To", &other.address()), "verschiedenen Eskalationen"),
            (mine().with("Cc", &other.address()), "verschiedenen Eskalationen"),
            (asked.reply("meldewesen@kiel.example.org", "Antwort: x"), "gehört zu keiner Ansprechstelle"),
        ] {
            let reasons = waits(&mut app, &letter).await;
            assert!(reasons.contains(reason), "{reasons} lacks {reason}");
        }
        let central = app.central().await;
        for asked in [&asked, &other] {
            let escalation = app.get(&central, &asked.path()).await.expect(200);
            assert!(matches!(escalation["status"].as_str(), Some("pending" | "sent")), "{escalation}");
        }
        mail_to(&app, "zentral@kiel.example.org", "Eingang").await;
    }

    /// One mail is one, whether it is read twice, in two mailboxes, or shares its id with another.
    async fn a_mail_is_taken_once(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let letter = asked.reply(DESK, "Erste Fassung");
        let first = arrives(&app, &letter).await;
        assert!(first.is_new);
        let again = arrives(&app, &letter.clone().with("Received", "by other.example.org; now")).await;
        assert_eq!((again.id, again.is_new), (first.id, false));
        // Another text under the same id is another mail.
        let mut changed = letter.clone();
        changed.body = "Zweite Fassung".into();
        assert!(arrives(&app, &changed).await.is_new);
        // Without an id, all its bytes tell.
        let bare = letter.clone().without("Message-ID");
        assert!(arrives(&app, &bare).await.is_new);
        assert!(!arrives(&app, &bare).await.is_new);
        assert!(arrives(&app, &bare.with("Received", "by other.example.org; later")).await.is_new);
        let central = app.central().await;
        let history = app.get(&central, &format!("{}/history", asked.ticket_path())).await.expect(200);
        assert_eq!(kinds(&history).iter().filter(|kind| *kind == "escalation_commented").count(), 4, "{history}");
        // Twenty at once are still one.
        let letter = asked.reply(DESK, "Gleichzeitig");
        let all = futures_util::future::join_all((0..20).map(|_| lotse::inbound::take::take(&app.app.inbound, arrival("pipe", letter.raw())))).await;
        let new = all.iter().flatten().filter(|taken| taken.is_new).count();
        assert_eq!(new, 1, "{all:?}");
    }

    /// What machines write is kept, changes nothing, and is never answered.
    async fn machines_change_nothing(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let central = app.central().await;
        app.wait_until(&central, &asked.path(), "sent", |e| e["status"] == "sent").await;
        let to_desk = || app.smtp.received().iter().filter(|mail| mail.to == [DESK]).count();
        let before = to_desk();
        // A ticket system may have something to say: a person looks.
        for letter in [
            asked.reply(DESK, "Übernommen").with("Precedence", "bulk"),
            asked.reply(DESK, "Übernommen").with("X-Auto-Response-Suppress", "All"),
            asked.reply(DESK, "Übernommen").with("List-Id", "<x.example.org>"),
        ] {
            assert_eq!(arrives(&app, &letter).await.state, MailState::Quarantined, "{letter:?}");
        }
        for letter in [
            asked.reply(DESK, "Übernommen").with("Auto-Submitted", "auto-replied"),
            asked.reply(DESK, "Übernommen").with("Return-Path", "<>"),
            asked.reply(DESK, "Übernommen").without("Subject").with("Subject", "Abwesenheitsnotiz: Urlaub"),
            asked.reply(DESK, "Guten Tag,\n\nich bin derzeit nicht im Büro."),
            asked.reply(DESK, "Übernommen").with("X-Lotse-Loop", "anders.example.org"),
        ] {
            assert_eq!(arrives(&app, &letter).await.state, MailState::Recorded, "{letter:?}");
        }
        let history = app.get(&central, &format!("{}/history", asked.ticket_path())).await.expect(200);
        assert!(!kinds(&history).iter().any(|kind| kind.contains("commented") || kind.contains("acknowledged")), "{history}");
        let list = app.get(&central, &format!("/api/v1/inbound?state=recorded&ticket={}", asked.ticket["number"].as_str().unwrap())).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 5, "{list}");
        assert_eq!(to_desk(), before);
    }

    /// Whoever writes without end is stopped, and not told so.
    async fn a_loop_ends(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let mut states = Vec::new();
        for n in 0..14 {
            states.push(arrives(&app, &asked.reply(DESK, &format!("Nachricht {n}"))).await.state);
        }
        assert_eq!(states.iter().filter(|state| **state == MailState::Taken).count(), 10, "{states:?}");
        assert_eq!(states.last(), Some(&MailState::Quarantined));
    }
}

/// With a server of our own named, only what it found at the top counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_our_server_vouches() {
    let clock = Clock::system();
    let mut app = TestApp::start_with(Kind::Sqlite, "[inbound]\nauthserv_id = \"mx.example.org\"\n", clock).await;
    let asked = AskedDesk::new(&mut app).await;
    let (good, bad) = ("mx.example.org; dmarc=pass header.from=dataport.example.org", "mx.example.org; dmarc=fail");
    let reply = || asked.reply(DESK, "Übernommen");
    for letter in [
        reply(),
        reply().with("Authentication-Results", bad),
        reply().with("Authentication-Results", good).with("Authentication-Results", bad),
        reply().with("Authentication-Results", good).with("Authentication-Results", "evil.example.net; dmarc=pass"),
    ] {
        let reasons = waits(&mut app, &letter).await;
        assert!(reasons.contains("mx.example.org"), "{reasons}");
    }
    assert_eq!(arrives(&app, &reply().with("Authentication-Results", good)).await.state, MailState::Taken);
}

/// Raw copies go when their time is over; what came of nothing goes with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_copies_go_in_time() {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let mut app = TestApp::start_with(Kind::Sqlite, "", clock.clone()).await;
    let asked = AskedDesk::new(&mut app).await;
    let taken = arrives(&app, &asked.reply(DESK, "Kommentar")).await;
    let machine = arrives(&app, &asked.reply(DESK, "x").with("Auto-Submitted", "auto-replied")).await;
    let admin = app.token(lotse::access::Role::Admin, "").await;
    let raw = |id| format!("/api/v1/inbound/{id}/raw");
    assert!(app.get(&admin, &raw(taken.id)).await.body.contains("Kommentar"));
    clock.advance(TimeDelta::days(29));
    assert_eq!(lotse::inbound::purge::purge(&app.app.inbound).await.unwrap(), 0);
    clock.advance(TimeDelta::days(2));
    assert_eq!(lotse::inbound::purge::purge(&app.app.inbound).await.unwrap(), 2);
    assert_eq!(app.get(&admin, &raw(taken.id)).await.status, 404);
    let kept = app.get(&admin, &format!("/api/v1/inbound/{}", taken.id)).await.expect(200);
    assert_eq!(kept["content"]["text"], "Kommentar");
    let gone = app.get(&admin, &format!("/api/v1/inbound/{}", machine.id)).await.expect(200);
    assert_eq!(gone["content"], json!(null));
    // It is still known.
    assert!(
        !arrives(&app, &asked.reply(DESK, "Kommentar").without("Message-ID").with("Message-ID", "<x@y.example.org>"))
            .await
            .id
            .uuid()
            .is_nil()
    );
}
