//! What is kept about a request that went every way: all of it is handed out (Art. 15 GDPR), and none of it is found in
//! any table once it was erased (Art. 17 GDPR).
//!
//! Invariant: a word of its own is planted wherever somebody can write something, and every table that there is gets
//! searched for it, so a table of tomorrow is searched too.

use base64::Engine;
use lotse::access::Role;
use lotse::clock::Clock;
use lotse::inbound::take::{Arrival, Taken, take};
use serde_json::{Value, json};

use crate::audit::{places, tables};
use crate::support::app::{Kind, TestApp};
use crate::support::wait::wait_for_some;

/// Nobody listens there: mail is handed in by the test.
const MAILBOX: &str = "[[inbound.mailbox]]\nname = \"buergerpost\"\nhost = \"127.0.0.1\"\nport = 9\nuser = \"x\"\npassword = \"x\"\nallow_plain = true\nfirst_level = true\nregion = \"01002\"\n";
const DESK: &str = "technik@dataport.example.org";

/// Every word, and where it is planted.
const PLANTED: [(&str, &str); 18] = [
    ("qaauthor", "the name of whoever wrote"),
    ("qbaddress", "their address"),
    ("qcsubject", "the subject of their mail"),
    ("qdtext", "its text"),
    ("qefile", "the name of what hung on it"),
    ("qfinside", "what was in it"),
    ("qgnote", "a note"),
    ("qhquestion", "a question to the person"),
    ("qireply", "what they said to it"),
    ("qjescalation", "what the 2nd level was told"),
    ("qkasked", "what the 2nd level asked"),
    ("qlreplied", "the reply to it"),
    ("qmhanded", "why it was handed on"),
    ("qncomment", "a comment by mail"),
    ("qoattached", "the name of what hung on that"),
    ("qpdismissed", "why nothing came of a mail"),
    ("qqanswer", "the answer of the 2nd level"),
    ("qrgiven", "the answer to the person"),
];

fn word(at: usize) -> &'static str {
    PLANTED[at].0
}

/// A mail with an attachment.
fn letter(from: &str, to: &str, subject: &str, text: &str, (name, inside): (&str, &str), more: &str) -> Vec<u8> {
    let id = uuid::Uuid::now_v7();
    let inside = base64::engine::general_purpose::STANDARD.encode(inside);
    format!(
        "{more}From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{id}@mail.example.org>\r\n\
         Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n\
         --x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{name}.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{inside}\r\n--x--\r\n"
    )
    .into_bytes()
}

async fn arrives(app: &TestApp, mailbox: &str, raw: Vec<u8>) -> Taken {
    let size = i64::try_from(raw.len()).unwrap();
    take(&app.app.inbound, Arrival { mailbox: mailbox.into(), uid: None, recipient: None, raw, size }).await.unwrap()
}

/// A request by mail that went every way there is, and was closed; answers its path.
async fn every_way(app: &mut TestApp) -> String {
    let central = app.central().await;
    let from = format!("{} <{}@buerger.example.org>", word(0), word(1));
    let raw = letter(&from, "hilfe@kiel.example.org", word(2), word(3), (word(4), word(5)), "");
    let taken = arrives(app, "buergerpost", raw).await;
    let place =
        json!({"action": "ticket", "service": "wohnsitzanmeldung", "ars": "010020000000", "category": "form_error"});
    let made = app.post(&central, &format!("/api/v1/inbound/{}/decide", taken.id), place).await.expect(200);
    let path = format!("/api/v1/tickets/{}", made["ticket"].as_str().unwrap());
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    app.post(&central, &format!("{path}/notes"), json!({"text": word(6)})).await.expect(200);
    app.post(&central, &format!("{path}/wait"), json!({"question": word(7)})).await.expect(200);
    app.post(&central, &format!("{path}/resume"), json!({"text": word(8)})).await.expect(200);
    let note = json!({"kind": "technical", "note": word(9)}).to_string();
    let keyed = [("Idempotency-Key", "hoch")];
    let made = app.send(&central, "POST", &format!("{path}/escalations"), Some(note), &keyed).await.expect(201);
    let up = format!("/api/v1/escalations/{}", made["id"].as_str().unwrap());
    let second = app.token(Role::SecondLevel, "technik").await;
    let asked = json!({"text": word(10)}).to_string();
    app.send(&second, "POST", &format!("{up}/ask"), Some(asked), &[("Idempotency-Key", "frage")]).await.expect(200);
    let reply = json!({"text": word(11)}).to_string();
    app.send(&central, "POST", &format!("{up}/reply"), Some(reply), &[("Idempotency-Key", "drauf")]).await.expect(200);
    let on = json!({"contact": "bereitschaft", "reason": word(12)});
    app.post(&second, &format!("{up}/hand_on"), on).await.expect(200);

    // By mail: a comment of the contact, and a stranger's at the same address, of which nothing comes.
    let question = wait_for_some("the mail to the 2nd level", std::time::Duration::from_secs(20), || async {
        app.smtp.received().into_iter().find(|mail| mail.to.iter().any(|to| to == DESK))
    })
    .await;
    let (to, known) =
        (question.header("Reply-To").unwrap(), format!("In-Reply-To: {}\r\n", question.message_id().unwrap()));
    let comment = letter(DESK, &to, "Re", word(13), (word(14), "x"), &known);
    arrives(app, "pipe", comment).await;
    let stranger = letter("fremd@anderswo.example.org", &to, "Re", word(13), (word(14), "x"), &known);
    let strange = arrives(app, "pipe", stranger).await;
    let admin = app.token(Role::Admin, "").await;
    let dismiss = json!({"action": "dismiss", "reason": word(15)});
    app.post(&admin, &format!("/api/v1/inbound/{}/decide", strange.id), dismiss).await.expect(200);

    let answer = json!({"text": word(16), "reference": word(16)}).to_string();
    app.send(&second, "POST", &format!("{up}/answer"), Some(answer), &[("Idempotency-Key", "so")]).await.expect(200);
    app.post(&central, &format!("{path}/answer"), json!({"text": word(17)})).await.expect(200);
    app.post(&central, &format!("{path}/close"), json!({})).await.expect(200);
    wait_for_some("the answer to the person", std::time::Duration::from_secs(20), || async {
        app.smtp
            .received()
            .iter()
            .any(|mail| mail.to[0].contains(word(1)) && mail.text().contains(word(17)))
            .then_some(())
    })
    .await;
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_kept_is_handed_out_and_erased() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut app = TestApp::start_with(kind, MAILBOX, Clock::system()).await;
        let path = every_way(&mut app).await;
        let (protection, admin) = (app.token(Role::DataProtection, "").await, app.token(Role::Admin, "").await);
        let kept = app.get(&protection, &format!("{path}/export")).await.expect(200);
        // What is in a file is not in the list of what is kept; everything else is.
        for (word, what) in PLANTED.iter().filter(|(word, _)| *word != "qfinside") {
            assert!(kept.to_string().contains(word), "{what} is not handed out: {kept:#}");
        }
        assert_eq!(kept["mails"].as_array().unwrap().len(), 3, "{kept:#}");
        assert_eq!(kept["mails"][0]["content"]["attachments"][0]["name"], "qefile.pdf");
        assert_eq!(kept["conversations"][0]["questions"][0]["reply"], word(11));
        assert_eq!(kept["conversations"][0]["handovers"][0]["reason"], word(12));
        let letters = kept["letters"].as_array().unwrap();
        assert!(letters.iter().any(|letter| letter["text"].as_str().unwrap().contains(word(17))), "{letters:?}");
        assert!(
            !kept.to_string().contains("/e/") && !kept.to_string().contains("token="),
            "no link that speaks: {kept:#}"
        );

        app.post(&protection, &format!("{path}/erase"), json!({"reason": "Art. 17"})).await.expect(200);
        let left = tables(&app).await;
        assert!(left.len() > 40, "every table is looked at");
        for (word, what) in PLANTED {
            assert_eq!(places(&left, word), Vec::<String>::new(), "{what} is still there");
        }
        let after = app.get(&protection, &format!("{path}/export")).await.expect(200);
        for mail in after["mails"].as_array().unwrap() {
            assert_eq!(mail["content"], Value::Null);
            let id = mail["id"].as_str().unwrap();
            for part in ["raw", "attachments/1"] {
                app.get(&admin, &format!("/api/v1/inbound/{id}/{part}")).await.expect(404);
            }
        }
        assert_eq!(after["letters"], json!([]));
    }
}
