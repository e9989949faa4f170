//! Headers, recipients and messages smuggled into mail through whatever people type.
//!
//! Invariant: the peer takes only CRLF as the end of a line and only CRLF.CRLF as the end of a message, and keeps
//! every command; so what a careless server would be fooled by shows in the bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{MUNICIPALITIES, TestApp, a_ticket};
use crate::support::wait::wait_for_some;

const SMUGGLED: &str =
    "MAIL FROM:<boese@evil.example>\r\nRCPT TO:<opfer@evil.example>\r\nDATA\r\nSubject: evil\r\n\r\nx";

/// What is typed into every field.
fn payloads() -> Vec<String> {
    let mut all: Vec<String> = [
        "x\r\nBcc: opfer@evil.example",
        "x\nBcc: opfer@evil.example",
        "x\rBcc: opfer@evil.example",
        "x\r\n\r\n<script>alert(1)</script>",
        "x\n\nBcc: opfer@evil.example\n\n",
        "x\0y",
        "x\u{b}Bcc: opfer@evil.example",
        "x\u{85}Bcc: opfer@evil.example",
        "x\u{2028}Bcc: opfer@evil.example\u{2029}y",
        "x\u{200b}\u{202e}gnirts\u{feff}",
        "=?utf-8?q?x=0D=0ABcc=3A_opfer=40evil=2Eexample?=",
        "=?utf-8?b?eA0KQmNjOiBvcGZlckBldmlsLmV4YW1wbGU=?=",
        "=0D=0ABcc: opfer@evil.example",
        "x\" <opfer@evil.example>, \"y",
        "x>, <opfer@evil.example",
        "opfer@evil.example, ",
        ".",
        "..",
        ".\r\n.",
        "--=_lotse_0\r\nContent-Type: text/html\r\n\r\nevil",
        "%0d%0aBcc:%20opfer@evil.example",
        "\\r\\nBcc: opfer@evil.example",
    ]
    .map(str::to_owned)
    .to_vec();
    for end in ["\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r\n\0.\r\n", "\n..\n"] {
        all.push(format!("x{end}{SMUGGLED}{end}QUIT\r\n"));
    }
    all.push("Donaudampfschifffahrtsgesellschaft".repeat(5));
    all.push("ä".repeat(190));
    all.push("🚀".repeat(100));
    all.push(format!("{}\r\n.\r\n{}", "x".repeat(997), "y".repeat(997)));
    all
}

/// Posts a body with the payload in these fields, without those that are refused; answers what was accepted, and
/// how many fields were.
async fn as_far_as_accepted(
    app: &TestApp,
    token: &str,
    path: &str,
    plain: &Value,
    fields: &[(&str, &str)],
) -> (Value, usize) {
    let mut left: Vec<(&str, &str)> = fields.to_vec();
    loop {
        let mut body = plain.clone();
        for (pointer, value) in &left {
            match pointer.strip_prefix("key:") {
                Some(map) => body[map][*value] = json!("Wert"),
                None => *body.pointer_mut(pointer).unwrap() = json!(value),
            }
        }
        let reply = app.post(token, path, body).await;
        if reply.status < 300 {
            return (reply.json(), left.len());
        }
        let problem = reply.expect(422);
        let faulty: BTreeSet<String> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect();
        let before = left.len();
        left.retain(|(pointer, _)| {
            let field = pointer.trim_start_matches('/').trim_start_matches("key:").replace('/', ".");
            !faulty.contains(&field)
        });
        assert!(left.len() < before, "the fault is none of ours: {problem}");
    }
}

on_both! {
    /// Whatever stands in subject, texts, names and context: every mail is one mail, to whom it is for, with the
    /// headers it has anyway.
    async fn nothing_typed_leaves_its_place(app: TestApp) {
        let mut app = app;
        let (agent, central, admin) = (app.agent().await, app.central().await, app.token(Role::Admin, "").await);
        let mut accepted = BTreeMap::from([("ticket", 0), ("answer", 0), ("note", 0), ("contact", 0)]);
        let (mut answers, mut escalations) = (0, 0);
        for payload in payloads() {
            let p = payload.as_str();
            let fields = [("/subject", p), ("/description", p), ("/reply/name", p), ("/context/browser", p), ("/external_reference", p), ("key:context", p)];
            let mut plain = a_ticket();
            plain["external_reference"] = json!("AZ 1");
            // Names of contacts and of the service go into mails too; a change of the directory is seen when it is.
            for (pointer, path) in [("/name", "/api/v1/contacts/technik"), ("/name", "/api/v1/contacts/kiel-zentral")] {
                let mut body = json!({});
                body[&pointer[1..]] = json!(p);
                let reply = app.patch(&admin, path, body).await;
                assert!(matches!(reply.status, 200 | 422), "{}", reply.body);
                *accepted.get_mut("contact").unwrap() += usize::from(reply.status == 200);
            }
            for is_escalated in [false, true] {
                let (ticket, count) = as_far_as_accepted(&app, &agent, "/api/v1/tickets", &plain, &fields).await;
                *accepted.get_mut("ticket").unwrap() += count;
                let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
                app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
                if is_escalated {
                    let body = json!({"kind": "technical", "note": "?"});
                    let (_, count) = as_far_as_accepted(&app, &central, &format!("{path}/escalations"), &body, &[("/note", p)]).await;
                    *accepted.get_mut("note").unwrap() += count;
                    escalations += 1;
                } else {
                    let (_, count) = as_far_as_accepted(&app, &central, &format!("{path}/answer"), &json!({"text": "Antwort"}), &[("/text", p)]).await;
                    *accepted.get_mut("answer").unwrap() += count;
                    answers += 1;
                }
            }
        }
        assert!(accepted["ticket"] > 100 && accepted["note"] > 20 && accepted["answer"] > 20 && accepted["contact"] > 20, "{accepted:?}");

        let known = BTreeSet::from(["technik@dataport.example.org", "zentral@kiel.example.org", "erika@buerger.example.org"]);
        let to = |who: &str| app.smtp.received().iter().filter(|mail| mail.to == [who]).count();
        wait_for_some("all mails", Duration::from_secs(30), || async {
            (to("technik@dataport.example.org") >= escalations && to("erika@buerger.example.org") >= answers).then_some(())
        })
        .await;
        assert_eq!((to("technik@dataport.example.org"), to("erika@buerger.example.org")), (escalations, answers), "one mail each");
        // What was said, then what was heard by then: mail that comes in between is of no command that is looked at.
        let commands = app.smtp.commands();
        let told = commands.iter().filter(|command| command.starts_with("DATA")).count();
        let mails = wait_for_some("what was handed over", Duration::from_secs(10), || async {
            Some(app.smtp.received()).filter(|mails| mails.len() >= told)
        });
        let mails: Vec<_> = mails.await.into_iter().take(told).collect();
        let headers = BTreeSet::from([
            "message-id", "date", "from", "to", "subject", "auto-submitted", "x-auto-response-suppress", "x-lotse-loop", "reply-to", "mime-version", "content-type",
        ]);
        for mail in &mails {
            let raw = String::from_utf8(mail.wire.clone()).expect("nothing but ASCII");
            assert!(raw.is_ascii(), "{raw}");
            assert_eq!(mail.bare_line_breaks(), [0usize; 0], "{raw}");
            assert_eq!(mail.wire, mail.data, "no line begins with a dot: {raw}");
            assert!(raw.split("\r\n").all(|line| line.len() <= 998 && !line.starts_with('.')), "{raw}");
            assert!(mail.to.len() == 1 && known.contains(mail.to[0].as_str()), "{:?}", mail.to);
            assert_eq!(mail.from, "lotse@lotse.example.org");
            let head = raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
            let names: Vec<String> = head.split("\r\n").map(|line| line.split_once(':').unwrap().0.to_lowercase()).collect();
            let once: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(once.len(), names.len(), "a header twice: {head}");
            assert!(once.is_subset(&headers), "a header too many: {head}");
            // As a mail program reads it: one recipient, one sender, two parts.
            let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
            let addresses = |list: Option<&mail_parser::Address>| -> Vec<String> {
                list.into_iter().flat_map(|list| list.iter()).filter_map(|one| one.address()).map(str::to_owned).collect()
            };
            assert_eq!(addresses(parsed.to()), mail.to, "{head}");
            assert_eq!(addresses(parsed.from()), ["lotse@lotse.example.org"], "{head}");
            assert!(parsed.cc().is_none() && parsed.bcc().is_none(), "{head}");
            assert!(!parsed.subject().unwrap().contains(['\r', '\n']), "{head}");
            assert_eq!((parsed.text_body_count(), parsed.html_body_count(), parsed.attachment_count()), (1, 1, 0), "{raw}");
        }
        for command in &commands {
            let verb = command.split([' ', ':']).next().unwrap();
            assert!(matches!(verb, "EHLO" | "MAIL" | "RCPT" | "DATA" | "RSET" | "NOOP" | "QUIT"), "{command}");
            assert!(!command.contains("evil"), "{command}");
        }
        assert_eq!(commands.iter().filter(|c| c.starts_with("DATA")).count(), mails.len());
        assert!(mails.iter().all(|mail| mail.to.len() == 1), "nobody else gets it");
    }

    /// An address is one address, or it is refused.
    async fn an_address_is_one_address(app: TestApp) {
        let mut app = app;
        let (agent, admin) = (app.agent().await, app.token(Role::Admin, "").await);
        for address in [
            "a@b.example\r\nBcc: opfer@evil.example",
            "a@b.example\nRCPT TO:<opfer@evil.example>",
            "a@b.example, opfer@evil.example",
            "a@b.example; opfer@evil.example",
            "<a@b.example>",
            "A <a@b.example>",
            "a@b.example>",
            "a@b.example> SIZE=1",
            "\"a\r\n\"@b.example",
            "\"a b\"@b.example",
            "a@b.example ",
            " a@b.example",
            "a@b@c.example",
            "a@\u{2028}b.example",
            "a\0@b.example",
            "@b.example",
            "a@",
            "a",
            "",
            "a@b.example(comment)",
            &format!("{}@b.example", "a".repeat(300)),
        ] {
            let mut body = a_ticket();
            body["reply"]["email"] = json!(address);
            app.post(&agent, "/api/v1/tickets", body).await.expect_fault(422, "reply.email");
            let contact = json!({"id": "neu", "name": "Neu", "email": address});
            let reply = app.post(&admin, "/api/v1/contacts", contact).await;
            reply.expect_fault(422, "email");
        }
        app.get(&admin, "/api/v1/contacts/neu").await.expect(404);
    }

    /// Names of services and municipalities come from files and stand in the subject as well.
    async fn names_from_files_stay_in_their_place(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let desk = app.app.escalations.desk().clone();
        let odd = "Kiel\r\nBcc: opfer@evil.example\r\n\r\n.\r\n";
        let register = MUNICIPALITIES.replacen("\"Kiel, Landeshauptstadt\",Schleswig", &format!("\"{odd}\",Schleswig"), 1);
        lotse::directory::import::municipalities(&desk.db, "m.csv", &register, desk.clock.now(), &mut |_, _| {}).await.unwrap();
        let service = json!({"name": format!("Wohnsitz {odd}")});
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", service).await.expect(200);
        wait_for_some("the new names in memory", Duration::from_secs(10), || async {
            let list = app.get(&admin, "/api/v1/municipalities?q=Bcc").await.json();
            let is_here = desk.directory.current().municipality(&"010020000000".parse().unwrap())?.name.contains("Bcc");
            (is_here && list["items"].as_array().is_some_and(|all| all.len() == 1)).then_some(())
        })
        .await;
        app.escalated("technical").await;
        let mails = app.smtp.wait_for_mail(2).await;
        for mail in mails {
            assert_eq!((mail.header("Bcc"), mail.bare_line_breaks().len(), mail.to.len()), (None, 0, 1), "{}", mail.text());
            let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
            assert!(!parsed.subject().unwrap().contains(['\r', '\n']));
        }
    }
}
