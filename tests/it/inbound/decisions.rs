//! What people make of a mail, who may, and that each look and each decision is on record.

use lotse::access::Role;
use lotse::inbound::MailState;
use serde_json::json;

use super::{AskedDesk, DESK, Letter, arrives, kinds};
use crate::on_both;

on_both! {
    /// A mail that waits becomes a comment, an answer, a note, or nothing; once.
    async fn a_person_decides(app: TestApp) {
        let mut app = app;
        let (asked, central) = (AskedDesk::new(&mut app).await, app.central().await);
        let id = asked.escalation["id"].clone();
        let mut all = Vec::new();
        for n in 0..4 {
            let taken = arrives(&app, &asked.reply("vertretung@example.net", &format!("Bitte neu starten ({n}).\n-- \nVertretung"))).await;
            assert_eq!(taken.state, MailState::Quarantined);
            all.push(format!("/api/v1/inbound/{}", taken.id));
        }
        let list = app.get(&central, "/api/v1/inbound").await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 4);
        assert!(!list.to_string().contains("vertretung@example.net"), "{list}");
        let page = app.get(&central, "/api/v1/inbound?limit=3").await.expect(200);
        let rest = app.get(&central, &format!("/api/v1/inbound?limit=3&cursor={}", page["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((page["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (3, 1));

        let opened = app.get(&central, &all[0]).await.expect(200);
        assert_eq!(opened["content"]["from"][0]["address"], "vertretung@example.net");
        assert_eq!(opened["content"]["text"], "Bitte neu starten (0).");
        app.post(&central, &format!("{}/decide", all[0]), json!({"action": "comment", "escalation": id})).await.expect(200);
        app.post(&central, &format!("{}/decide", all[0]), json!({"action": "answer", "escalation": id})).await.expect(409);
        app.post(&central, &format!("{}/decide", all[1]), json!({"action": "note", "ticket": asked.ticket["number"]})).await.expect(200);
        app.post(&central, &format!("{}/decide", all[2]), json!({"action": "dismiss", "reason": ""})).await.expect_fault(422, "reason");
        let dismissed = app.post(&central, &format!("{}/decide", all[2]), json!({"action": "dismiss", "reason": "Werbung"})).await.expect(200);
        assert_eq!((&dismissed["state"], &dismissed["decision"]), (&json!("dismissed"), &json!("Werbung")));
        app.post(&central, &format!("{}/decide", all[3]), json!({"action": "answer", "escalation": uuid::Uuid::now_v7()})).await.expect_fault(422, "escalation");
        app.post(&central, &format!("{}/decide", all[3]), json!({"action": "answer", "escalation": id})).await.expect(200);
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert_eq!((&escalation["status"], &escalation["answer"]), (&json!("answered"), &json!("Bitte neu starten (3).")));
        let history = app.get(&central, &format!("{}/history", asked.ticket_path())).await.expect(200);
        let kinds = kinds(&history);
        for kind in ["escalation_commented", "noted", "escalation_answered"] {
            assert!(kinds.iter().any(|known| known == kind), "{kind}: {history}");
        }
        let admin = app.token(Role::Admin, "").await;
        let audit = app.get(&admin, "/api/v1/audit?object=inbound").await.expect(200).to_string();
        assert!(audit.contains("inbound.read") && audit.contains("inbound.decided"), "{audit}");
        assert!(!audit.contains("Werbung") && !audit.contains("vertretung@"), "{audit}");
        let mine = app.get(&central, "/api/v1/inbound").await.expect(200);
        assert_eq!(mine["items"].as_array().unwrap().len(), 0);
    }

    /// Another region's mail does not exist; nor does any for who has no business with it.
    async fn tenants_are_apart(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let known = arrives(&app, &asked.reply("fremd@example.net", "x")).await;
        let unknown = arrives(&app, &Letter::new("fremd@example.net", "lotse@lotse.example.org", "Hallo", "y")).await;
        assert_eq!(unknown.state, MailState::Quarantined);
        let (kiel, luebeck) = (app.central().await, app.token(Role::Central, "01003").await);
        let (admin, auditor, agent) = (app.token(Role::Admin, "").await, app.token(Role::Auditor, "").await, app.agent().await);
        let path = |id| format!("/api/v1/inbound/{id}");
        for (token, mail, status) in [
            (&kiel, known.id, 200),
            (&luebeck, known.id, 404),
            (&kiel, unknown.id, 404),
            (&admin, unknown.id, 200),
            (&auditor, known.id, 403),
            (&agent, known.id, 403),
        ] {
            assert_eq!(app.get(token, &path(mail)).await.status, status);
            for part in ["raw", "attachments/1"] {
                let expected = if status == 200 && part != "raw" { 404 } else { status };
                assert_eq!(app.get(token, &format!("{}/{part}", path(mail))).await.status, expected, "{part}");
            }
        }
        for token in [&luebeck, &kiel] {
            let list = app.get(token, "/api/v1/inbound").await.expect(200);
            assert!(!list.to_string().contains(&unknown.id.to_string()), "{list}");
        }
        let body = json!({"action": "dismiss", "reason": "x"});
        app.post(&luebeck, &format!("{}/decide", path(known.id)), body.clone()).await.expect(404);
        // Nor can a mail be put to another region's request.
        let mut other = crate::support::app::a_ticket();
        other["ars"] = json!("010030000000");
        let other = app.post(&admin, "/api/v1/tickets", other).await.expect(201);
        let note = json!({"action": "note", "ticket": other["number"]});
        app.post(&kiel, &format!("{}/decide", path(known.id)), note).await.expect_fault(422, "ticket");
    }

    /// Attachments are kept as they are and go out as files; erasing a request takes all of its mail along.
    async fn attachments_are_kept_and_go_with_the_request(app: TestApp) {
        let mut app = app;
        let asked = AskedDesk::new(&mut app).await;
        let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let body = format!("--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=DCbernommen\n--b\n\
            Content-Type: text/html; name=\"../../bild.html\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"../../bild.html\"\n\n{png}\n--b--");
        let letter = asked.reply(DESK, &body).without("Content-Type").without("Content-Transfer-Encoding")
            .with("Content-Type", "multipart/mixed; boundary=b");
        let taken = arrives(&app, &letter).await;
        let central = app.central().await;
        assert_eq!(app.get(&central, &asked.path()).await.expect(200)["status"], "acknowledged");
        let path = format!("/api/v1/inbound/{}", taken.id);
        let opened = app.get(&central, &path).await.expect(200);
        let attachment = &opened["content"]["attachments"][0];
        assert_eq!((&attachment["name"], &attachment["media_type"]), (&json!("bild.html"), &json!("image/png")));
        let file = app.get(&central, &format!("{path}/attachments/1")).await;
        assert_eq!(file.header("content-type"), Some("application/octet-stream"));
        assert!(file.header("content-disposition").unwrap().starts_with("attachment; filename=\"bild.html\""));

        app.post(&central, &format!("{}/answer", asked.ticket_path()), json!({"text": "erledigt"})).await.expect(200);
        app.post(&central, &format!("{}/close", asked.ticket_path()), json!({})).await.expect(200);
        let guard = app.token(Role::DataProtection, "").await;
        app.post(&guard, &format!("{}/erase", asked.ticket_path()), json!({"reason": "Antrag"})).await.expect(200);
        assert_eq!(app.get(&central, &path).await.expect(200)["content"], json!(null));
        assert_eq!(app.get(&central, &format!("{path}/attachments/1")).await.status, 404);
        assert_eq!(app.get(&central, &format!("{path}/raw")).await.status, 404);
    }
}
