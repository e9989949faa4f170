//! Asking back, handing on, several escalations at once, and calling off: what each side sees of it.

use std::time::Duration;

use diesel::RunQueryDsl;
use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::TestApp;
use crate::support::smtp::Mail;
use crate::support::wait::wait_for_some;

/// The text of the mail to this address that holds these words, once it is there.
async fn mail_to(app: &TestApp, address: &str, words: &str) -> String {
    wait_for_some(format!("a mail «{words}» to {address}"), Duration::from_secs(20), || async {
        let here = |mail: &Mail| mail.to.iter().any(|to| to == address);
        let text = |mail: &Mail| {
            let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
            format!("{}\n{}", parsed.subject().unwrap_or_default(), parsed.body_text(0).unwrap())
        };
        app.smtp.received().iter().filter(|mail| here(mail)).map(text).find(|text| text.contains(words))
    })
    .await
}

fn path(of: &Value) -> String {
    format!("/api/v1/escalations/{}", of["id"].as_str().unwrap())
}

fn ticket_path(of: &Value) -> String {
    format!("/api/v1/tickets/{}", of["id"].as_str().unwrap())
}

on_both! {
    /// A question stops the chain, reaches the central contact, and its answer the 2nd level by every way.
    async fn a_question_is_answered(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let (second, central, up) = (app.token(Role::SecondLevel, "technik").await, app.central().await, path(&escalation));
        app.post(&central, &format!("{up}/reply"), json!({"text": "zu früh"})).await.expect(409);
        let asked = app.post(&second, &format!("{up}/ask"), json!({"text": "Welcher Browser?"})).await.expect(200);
        assert_eq!((&asked["status"], &asked["acknowledge_by"]), (&json!("acknowledged"), &Value::Null));
        mail_to(&app, "zentral@kiel.example.org", "Rückfrage").await;
        let talk = app.get(&central, &format!("{up}/conversation")).await.expect(200);
        assert_eq!((&talk["questions"][0]["question"], &talk["questions"][0]["replied_at"]), (&json!("Welcher Browser?"), &Value::Null));

        // The central contact asks the person first; the request waits, and is with the 2nd level again afterwards.
        app.post(&central, &format!("{}/wait", ticket_path(&ticket)), json!({"question": "Welcher Browser war es?"})).await.expect(200);
        assert_eq!(app.get(&central, &ticket_path(&ticket)).await.expect(200)["status"], "waiting");
        app.post(&central, &format!("{}/resume", ticket_path(&ticket)), json!({"text": "Firefox 145"})).await.expect(200);
        assert_eq!(app.get(&central, &ticket_path(&ticket)).await.expect(200)["status"], "escalated");

        app.post(&second, &format!("{up}/reply"), json!({"text": "selbst"})).await.expect(403);
        app.post(&central, &format!("{up}/reply"), json!({"text": "Es war Firefox 145."})).await.expect(200);
        let text = mail_to(&app, "technik@dataport.example.org", "Antwort auf Ihre Rückfrage").await;
        assert!(text.contains("Es war Firefox 145.") && text.contains("Welcher Browser?"), "{text}");
        let calls = app.webhook.wait_for(2).await;
        let event = calls.iter().map(|call| call.json()).find(|event| event["type"] == "escalation.replied").unwrap();
        assert_eq!(event["data"]["reply"], json!({"questions": ["Welcher Browser?"], "text": "Es war Firefox 145."}));
        app.post(&central, &format!("{up}/reply"), json!({"text": "noch einmal"})).await.expect(409);
        let talk = app.get(&second, &format!("{up}/conversation")).await.expect(200);
        assert!(talk["questions"][0]["replied_at"].is_string(), "{talk}");

        // A second question has an answer of its own.
        app.post(&second, &format!("{up}/ask"), json!({"text": "Und welche Uhrzeit?"})).await.expect(200);
        app.post(&central, &format!("{up}/reply"), json!({"text": "Gegen 9 Uhr."})).await.expect(200);
        let text = mail_to(&app, "technik@dataport.example.org", "Gegen 9 Uhr.").await;
        assert!(text.contains("Bitte antworten Sie bis") && !text.contains("Ich kümmere mich darum"), "{text}");
        // What the person wrote meanwhile goes along with the next question.
        let next = json!({"kind": "functional", "note": "Bitte prüfen."});
        app.post(&central, &format!("{}/escalations", ticket_path(&ticket)), next).await.expect(201);
        let text = mail_to(&app, "meldewesen@kiel.example.org", "fachlich").await;
        assert!(text.contains("Ergänzt am") && text.contains("Firefox 145"), "{text}");
    }

    /// Among colleagues at once; the old one keeps sight, the new one is asked, and there is no way round in a circle.
    async fn is_handed_on_among_colleagues(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let (second, central, up) = (app.token(Role::SecondLevel, "technik").await, app.central().await, path(&escalation));
        let to = |contact: &str| json!({"contact": contact, "reason": "Betrifft die Plattform."});
        app.post(&second, &format!("{up}/acknowledge"), json!({"reference": "A-1"})).await.expect(200);
        app.post(&second, &format!("{up}/hand_on"), json!({"contact": "bereitschaft", "reason": " "})).await.expect_fault(422, "reason");
        app.post(&second, &format!("{up}/hand_on"), to("gibt-es-nicht")).await.expect_fault(422, "contact");
        app.post(&second, &format!("{up}/hand_on"), to("technik")).await.expect_fault(422, "contact");
        let handed = app.post(&second, &format!("{up}/hand_on"), to("bereitschaft")).await.expect(200);
        assert_eq!((&handed["step"], &handed["chain"][1]["contact"]["id"]), (&json!(1), &json!("bereitschaft")));
        let step = (&handed["chain"][1]["reason"], &handed["chain"][1]["handed_on_by"]);
        assert_eq!(step, (&json!("Betrifft die Plattform."), &json!("Dataport Service Desk")));
        assert_eq!(handed["chain"][0].get("handed_on_by"), None, "nobody handed on to the first");
        assert!(handed["acknowledge_by"].is_string() && handed["reference"].is_null(), "{handed}");
        let text = mail_to(&app, "bereitschaft@dataport.example.org", "technisch").await;
        assert!(text.contains("Weitergegeben von Dataport") && text.contains("Betrifft die Plattform."), "{text}");
        mail_to(&app, "zentral@kiel.example.org", "weitergegeben").await;

        let third = app.token(Role::SecondLevel, "bereitschaft").await;
        let back = app.post(&third, &format!("{up}/hand_on"), to("technik")).await.expect_fault(422, "contact");
        assert!(back["errors"][0]["message"].as_str().unwrap().contains("has been asked already"), "{back}");
        app.get(&second, &up).await.expect(200);
        // Calling it off reaches everybody it had reached.
        app.post(&central, &format!("{up}/withdraw"), json!({"reason": "hat sich erledigt"})).await.expect(200);
        for address in ["technik@dataport.example.org", "bereitschaft@dataport.example.org"] {
            mail_to(&app, address, "Erledigt").await;
        }
        let calls = app.webhook.wait_for(2).await;
        assert!(calls.iter().any(|call| call.json()["type"] == "escalation.cancelled"));
        assert_eq!(app.get(&central, &ticket_path(&ticket)).await.expect(200)["status"], "assessing");
    }

    /// To somebody else it is a proposal, which the central contact confirms or declines; it may hand on by itself too.
    async fn is_handed_on_with_consent(app: TestApp) {
        let mut app = app;
        let (_, escalation) = app.escalated("technical").await;
        let (second, central, up) = (app.token(Role::SecondLevel, "technik").await, app.central().await, path(&escalation));
        let to = |contact: &str| json!({"contact": contact, "reason": "Das weiß das Meldewesen."});
        // Its own municipality's contacts are colleagues; one that has no duty here is not.
        let proposed = app.post(&second, &format!("{up}/hand_on"), to("nur-webhook")).await.expect(200);
        assert_eq!((&proposed["step"], &proposed["chain"][1]["contact"]["id"]), (&json!(0), &json!("bereitschaft")), "nothing is handed on yet");
        app.post(&second, &format!("{up}/hand_on"), to("nur-webhook")).await.expect(409);
        mail_to(&app, "zentral@kiel.example.org", "möchte weitergeben").await;
        let handovers = |talk: Value| talk["handovers"].clone();
        let known = handovers(app.get(&central, &format!("{up}/conversation")).await.expect(200));
        assert_eq!((&known[0]["state"], &known[0]["to"]["id"]), (&json!("proposed"), &json!("nur-webhook")));
        let one = format!("{up}/handovers/{}", known[0]["id"].as_str().unwrap());
        app.post(&second, &format!("{one}/confirm"), json!({})).await.expect(403);
        app.post(&central, &format!("{one}/decline"), json!({"reason": "Bitte selbst klären."})).await.expect(200);
        app.post(&central, &format!("{one}/confirm"), json!({})).await.expect(409);
        app.post(&second, &format!("{up}/hand_on"), to("nur-webhook")).await.expect(200);
        let known = handovers(app.get(&central, &format!("{up}/conversation")).await.expect(200));
        let one = format!("{up}/handovers/{}", known[1]["id"].as_str().unwrap());
        let done = app.post(&central, &format!("{one}/confirm"), json!({})).await.expect(200);
        assert_eq!(done["chain"][1]["contact"]["id"], "nur-webhook");
        let calls = app.webhook.wait_for(2).await;
        assert!(calls.iter().any(|call| call.path.ends_with("/allein")), "{calls:?}");
        // Who handed on is told also once the contact is called otherwise.
        let (admin, alone) = (app.token(Role::Admin, "").await, app.token(Role::SecondLevel, "nur-webhook").await);
        app.patch(&admin, "/api/v1/contacts/nur-webhook", json!({"name": "Anders genannt"})).await.expect(200);
        // So too where another version keeps the chain, in whose words the reason says who handed on.
        let known = r#"replace(chain, '"handed_on_by"', '"unknown"')"#;
        let said = r#"'"reason":"Das weiß', '"reason":"weitergegeben von Dataport Service Desk: Das weiß'"#;
        let kept = format!("UPDATE escalations SET chain = replace({known}, {said})");
        let keep = move |tx: &mut lotse::db::Tx| {
            diesel::sql_query(kept).execute(&mut **tx)?;
            Ok(())
        };
        app.app.db.write(keep).await.unwrap();
        let step = app.get(&central, &up).await.expect(200)["chain"][1].clone();
        assert_eq!(step["reason"], "weitergegeben von Dataport Service Desk: Das weiß das Meldewesen.", "{step}");
        assert_eq!(step.get("handed_on_by"), None, "{step}");
        app.post(&alone, &format!("{up}/ask"), json!({"text": "Seit wann?"})).await.expect(200);
        app.post(&central, &format!("{up}/reply"), json!({"text": "Seit gestern."})).await.expect(200);
        let replied = wait_for_some("the reply", Duration::from_secs(10), || async {
            app.webhook.received().iter().map(|call| call.json()).find(|event| event["type"] == "escalation.replied")
        })
        .await;
        assert_eq!(replied["data"]["handed_on"], "Dataport Service Desk: Das weiß das Meldewesen.");
        let forwarded = app.post(&central, &format!("{up}/forward"), to("kiel-meldewesen")).await.expect(200);
        assert_eq!(forwarded["chain"][2]["contact"]["id"], "kiel-meldewesen");
        mail_to(&app, "meldewesen@kiel.example.org", "technisch").await;
        let foreign = app.token(Role::Central, "02").await;
        app.post(&foreign, &format!("{up}/forward"), to("bereitschaft")).await.expect(404);
    }

    /// A technical and a functional question at once: each ends alone, and only the last gives the request back.
    async fn several_run_side_by_side(app: TestApp) {
        let mut app = app;
        let (ticket, technical) = app.escalated("technical").await;
        let (central, at) = (app.central().await, ticket_path(&ticket));
        let functional = app.post(&central, &format!("{at}/escalations"), json!({"kind": "functional", "note": ""})).await.expect(201);
        let state = async |app: &TestApp| app.get(&central, &at).await.expect(200)["status"].clone();
        let desk = app.token(Role::SecondLevel, "technik").await;
        app.post(&desk, &format!("{}/return", path(&technical)), json!({"reason": "nicht der Dienst"})).await.expect(200);
        assert_eq!(state(&app).await, "escalated", "the other one is still open");
        let office = app.token(Role::SecondLevel, "kiel-meldewesen").await;
        app.post(&office, &format!("{}/ask", path(&functional)), json!({"text": "Seit wann?"})).await.expect(200);
        assert_eq!(app.get(&central, &path(&technical)).await.expect(200)["status"], "returned");
        let again = app.post(&central, &format!("{at}/escalations"), json!({"kind": "technical", "note": ""})).await.expect(201);
        app.post(&office, &format!("{}/answer", path(&functional)), json!({"text": "Bitte Formular B."})).await.expect(200);
        assert_eq!(state(&app).await, "escalated");
        app.post(&central, &format!("{}/withdraw", path(&again)), json!({"reason": "geklärt"})).await.expect(200);
        assert_eq!(state(&app).await, "assessing");
        let all = app.get(&central, &format!("{at}/escalations")).await.expect(200);
        let ends: Vec<&str> = all["items"].as_array().unwrap().iter().map(|e| e["status"].as_str().unwrap()).collect();
        assert_eq!(ends, ["returned", "answered", "withdrawn"]);
    }

    /// What tells somebody something happens once, however often it is sent with the same key.
    async fn a_repeat_says_it_once(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let (second, central) = (app.token(Role::SecondLevel, "technik").await, app.central().await);
        let (at, up) = (ticket_path(&ticket), path(&escalation));
        let later = json!({"text": "Bald.", "respond_by": "2099-01-01T00:00:00Z"});
        for (token, path, body) in [
            (&central, format!("{at}/notes"), json!({"text": "Rückruf versprochen"})),
            (&central, format!("{at}/interim"), later),
            (&second, format!("{up}/ask"), json!({"text": "Seit wann?"})),
            (&central, format!("{up}/reply"), json!({"text": "Seit heute."})),
            (&second, format!("{up}/comment"), json!({"text": "Danke."})),
            (&second, format!("{up}/answer"), json!({"text": "Behoben."})),
            (&central, format!("{at}/answer"), json!({"text": "Es geht wieder."})),
        ] {
            let key = [("Idempotency-Key", "k1")];
            let first = app.send(token, "POST", &path, Some(body.to_string()), &key).await;
            assert_eq!(first.status, 200, "{path}: {}", first.body);
            let again = app.send(token, "POST", &path, Some(body.to_string()), &key).await;
            assert_eq!((again.status, &again.body), (200, &first.body), "{path}");
            let mut other = body.clone();
            other["text"] = json!("etwas anderes");
            let refused = app.send(token, "POST", &path, Some(other.to_string()), &key).await;
            refused.expect_fault(422, "Idempotency-Key");
        }
        let history = app.get(&central, &format!("{at}/history")).await.expect(200);
        let kinds: Vec<&str> = history["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        for kind in ["noted", "interim_reply", "escalation_asked", "escalation_replied", "escalation_commented", "escalation_answered", "answered"] {
            assert_eq!(kinds.iter().filter(|one| **one == kind).count(), 1, "{kind}: {kinds:?}");
        }
    }

    /// Ending names the version that was read, and a change in between is seen however late it came.
    async fn what_has_changed_is_not_ended(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let contact = "/api/v1/contacts/nur-webhook";
        let before = app.get(&admin, contact).await;
        let tag = before.header("etag").unwrap().to_owned();
        app.patch(&admin, contact, json!({"name": "Umbenannt"})).await.expect(200);
        app.send(&admin, "DELETE", contact, None, &[("If-Match", &tag)]).await.expect(409);
        // Many who change and one who ends what they read, all at once: it is ended only as it was read.
        for round in 0..5 {
            let path = "/api/v1/contacts";
            let made = app.post(&admin, path, json!({"id": format!("rennen-{round}"), "name": "x", "email": "x@example.org"})).await.expect(201);
            let at = format!("{path}/{}", made["id"].as_str().unwrap());
            let change = json!({"version": 1, "name": "y"}).to_string();
            let (changed, ended) = tokio::join!(
                app.send(&admin, "PATCH", &at, Some(change), &[]),
                app.send(&admin, "DELETE", &at, None, &[("If-Match", "\"1\"")]),
            );
            assert!((changed.status == 200) != (ended.status == 204), "{} {}", changed.status, ended.status);
        }
    }
}
