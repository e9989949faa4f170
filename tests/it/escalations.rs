//! What the 2nd level and the central contact rely on once a request is handed on: what arrives, whose turn it
//! is, what stops the chain, and how the answer comes back.

use std::time::Duration;

use chrono::TimeDelta;
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::escalation::message::berlin;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, TestApp};
use crate::support::smtp::{Mail, Reaction, SmtpPeer, Stage};
use crate::support::wait::wait_for_some;
use crate::support::webhook::status;

/// The mail to this address, once it is there.
async fn mail_to(smtp: &SmtpPeer, address: &str, subject: &str) -> Mail {
    wait_for_some(format!("a mail «{subject}» to {address}"), Duration::from_secs(20), || async {
        let here = |mail: &Mail| mail.to.iter().any(|to| to == address) && mail.text().contains(subject);
        smtp.received().into_iter().find(here)
    })
    .await
}

/// The body of a mail with its transfer encoding undone.
fn readable(mail: &Mail) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    parsed.body_text(0).unwrap().into_owned()
}

fn link(text: &str, action: &str) -> String {
    let line =
        text.lines().find(|line| line.starts_with(action)).unwrap_or_else(|| panic!("no link «{action}» in {text}"));
    let url = line.split_once(": ").unwrap().1.trim();
    url.find("/eskalation/").map(|at| url[at..].to_owned()).unwrap()
}

fn kinds(history: &Value) -> Vec<String> {
    history["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    /// The whole life of a request, by mail and webhook, link and token.
    async fn comes_back_answered(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let chain: Vec<&str> = escalation["chain"].as_array().unwrap().iter().map(|s| s["contact"]["id"].as_str().unwrap()).collect();
        assert_eq!(chain, ["technik", "bereitschaft", "kiel-zentral"]);
        assert!(escalation["chain"][0]["reason"].as_str().unwrap().contains("Dataport"), "{escalation}");
        assert_eq!((&escalation["status"], &escalation["step"]), (&json!("pending"), &json!(0)));

        // Both ways carry the same finished content, and nothing of who asked.
        let mail = mail_to(&app.smtp, "technik@dataport.example.org", "technisch").await;
        let hook = app.webhook.wait_for(1).await.remove(0);
        assert!(hook.is_verified);
        let event = hook.json();
        assert_eq!(event["type"], "escalation.created");
        assert_eq!(event["data"]["escalation_id"], escalation["id"]);
        assert_eq!(event["data"]["ticket"]["number"], ticket["number"]);
        let text = readable(&mail);
        assert!(text.contains("BundID-Rückkehr prüfen") && text.contains("Sie endet frühestens am "), "{text}");
        for said in [text.as_str(), &event.to_string()] {
            assert!(!said.contains("Mustermann") && !said.contains("erika@"), "{said}");
        }
        let number = ticket["number"].as_str().unwrap();
        assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert!(mail.header("Reply-To").unwrap().contains("antwort+"));

        let central = app.central().await;
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
        let deliveries = app.get(&central, &format!("{path}/deliveries")).await.expect(200);
        let mut ways: Vec<_> = deliveries["items"].as_array().unwrap().iter().map(|d| d["channel"].as_str().unwrap()).collect();
        ways.sort_unstable();
        assert_eq!(ways, ["email", "webhook"]);

        // A mail scanner that opens every link changes nothing; the button does.
        for action in ["Ich kümmere mich darum", "Antworten", "Wir sind nicht zuständig", "Alles ansehen"] {
            let page = app.get("", &link(&text, action)).await;
            assert_eq!(page.status, 200, "{}", page.body);
            assert!(page.body.contains(number), "{}", page.body);
        }
        assert_eq!(app.get(&central, &path).await.expect(200)["status"], "sent");
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let pressed = app.send("", "POST", &link(&text, "Ich kümmere mich darum"), Some("reference=D-17".into()), &form).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        let acknowledged = app.get(&central, &path).await.expect(200);
        assert_eq!((&acknowledged["status"], &acknowledged["reference"]), (&json!("acknowledged"), &json!("D-17")));
        assert_eq!(acknowledged["acknowledge_by"], Value::Null, "the chain has stopped");

        // The answer by token; the ticket is back at its central contact, who is told.
        let second = app.token(Role::SecondLevel, "technik").await;
        assert_eq!(app.get(&second, "/api/v1/escalations").await.expect(200)["items"].as_array().unwrap().len(), 1);
        let said = json!({"text": "Der Rückkanal war falsch eingestellt, ist behoben.", "reference": "D-17"});
        assert_eq!(app.post(&second, &format!("{path}/answer"), said).await.expect(200)["status"], "answered");
        let ticket_path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        assert_eq!(app.get(&central, &ticket_path).await.expect(200)["status"], "assessing");
        mail_to(&app.smtp, "zentral@kiel.example.org", "2nd").await;
        app.post(&second, &format!("{path}/answer"), json!({"text": "noch einmal"})).await.expect(409);

        // The person is answered by mail, as they wished, and the ticket closed.
        app.post(&central, &format!("{ticket_path}/answer"), json!({"text": "Bitte versuchen Sie es noch einmal."})).await.expect(200);
        let reply = mail_to(&app.smtp, "erika@buerger.example.org", "Antwort").await;
        assert!(readable(&reply).contains("Bitte versuchen Sie es noch einmal."));
        app.post(&central, &format!("{ticket_path}/close"), json!({})).await.expect(200);
        let history = kinds(&app.get(&central, &format!("{ticket_path}/history")).await.expect(200));
        for kind in ["submitted", "claimed", "escalated", "escalation_step", "escalation_sent", "escalation_acknowledged", "escalation_answered", "answered", "closed"] {
            assert!(history.iter().any(|k| k == kind), "{kind} is missing: {history:?}");
        }
        for mail in app.smtp.received() {
            assert_eq!(mail.bare_line_breaks(), Vec::<usize>::new());
            assert!(!mail.header("Subject").unwrap().contains("Mustermann"));
        }
        let dead = app.get("", &link(&text, "Alles ansehen")).await;
        assert!(dead.status == 410 || dead.body.contains("geantwortet"), "{} {}", dead.status, dead.body);
    }

    /// «Nicht zuständig» puts the ticket back, with the reason.
    async fn is_returned_with_a_reason(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let text = readable(&mail_to(&app.smtp, "technik@dataport.example.org", "technisch").await);
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let address = link(&text, "Wir sind nicht zuständig");
        let empty = app.send("", "POST", &address, Some("reason=".into()), &form).await;
        assert_eq!(empty.status, 422, "{}", empty.body);
        let pressed = app.send("", "POST", &address, Some("reason=Fehler+liegt+nicht+im+Dienst".into()), &form).await;
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        let central = app.central().await;
        let after = app.get(&central, &format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&after["status"], &after["return_reason"]), (&json!("returned"), &json!("Fehler liegt nicht im Dienst")));
        let ticket = app.get(&central, &format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(ticket["status"], "assessing");
        let again = app.send("", "POST", &address, Some("reason=noch+einmal".into()), &form).await;
        assert_eq!(again.status, 410, "{}", again.body);
    }

    /// A functional contact that may see who asked gets it; the history says that it did.
    async fn discloses_only_where_allowed(app: TestApp) {
        let mut app = app;
        let (ticket, _) = app.escalated("functional").await;
        let text = readable(&mail_to(&app.smtp, "meldewesen@kiel.example.org", "fachlich").await);
        assert!(text.contains("Erika Mustermann"), "{text}");
        let central = app.central().await;
        let history = app.get(&central, &format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap())).await.expect(200);
        let step = history["items"].as_array().unwrap().iter().find(|e| e["kind"] == "escalation_step").unwrap().clone();
        assert_eq!(step["data"]["discloses_reporter"], true);
        let file = app.database.folder.path().join("lotse.db");
        if file.exists() {
            let bytes = [std::fs::read(&file).unwrap(), std::fs::read(file.with_extension("db-wal")).unwrap_or_default()].concat();
            let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
            assert!(has(b"wohnsitzanmeldung") && !has(b"Mustermann"), "the reporter lies open in the database");
        }
    }

    /// What is answered from our side is called off over there.
    async fn is_called_off_when_answered_here(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        app.webhook.wait_for(1).await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/answer"), json!({"text": "Hat sich erledigt."})).await.expect(200);
        let calls = app.webhook.wait_for(2).await;
        assert!(calls.iter().any(|call| call.json()["type"] == "escalation.cancelled"));
        mail_to(&app.smtp, "technik@dataport.example.org", "Erledigt").await;
        let after = app.get(&central, &format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(after["status"], "withdrawn");
        let second = app.token(Role::SecondLevel, "technik").await;
        let late = format!("/api/v1/escalations/{}/answer", escalation["id"].as_str().unwrap());
        app.post(&second, &late, json!({"text": "zu spät"})).await.expect(409);
    }

    /// A 2nd-level token sees what has reached its contact, and nothing else.
    async fn shows_only_what_has_reached_the_contact(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        let not_yet = app.token(Role::SecondLevel, "bereitschaft").await;
        app.get(&not_yet, &path).await.expect(404);
        app.post(&not_yet, &format!("{path}/acknowledge"), json!({})).await.expect(404);
        let reached = app.token(Role::SecondLevel, "technik").await;
        app.get(&reached, &path).await.expect(200);
        app.get(&reached, &format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())).await.expect(403);
        let foreign = app.token(Role::Central, "02").await;
        app.get(&foreign, &path).await.expect(404);
        app.get(&foreign, &format!("{path}/deliveries")).await.expect(404);
        app.get("", "/eskalation/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.expect(404);
    }

    /// Nobody to ask is said before anything begins; an unknown contact too.
    async fn nobody_to_ask_is_refused(app: TestApp) {
        let mut app = app;
        let alone = "[[service]]\nslug = \"wohngeld\"\nname = \"Wohngeld\"\noperating_land = \"SH\"\noperator = \"Dataport\"\n";
        let both = format!("{}{alone}[[service.second_level]]\nkind = \"technical\"\ncontacts = [\"technik\"]\n", crate::support::app::directory(&app.webhook.url()));
        app.import(&both).await;
        let agent = app.agent().await;
        let mut body = crate::support::app::a_ticket();
        body["ars"] = json!("020000000000");
        body["service"] = json!("wohngeld");
        let ticket = app.post(&agent, "/api/v1/tickets", body).await.expect(201);
        let hamburg = app.token(Role::Central, "02").await;
        let path = format!("/api/v1/tickets/{}/escalations", ticket["id"].as_str().unwrap());
        app.post(&hamburg, &path, json!({"kind": "functional", "note": ""})).await.expect_fault(422, "kind");
        app.post(&hamburg, &path, json!({"kind": "technical", "note": "", "contact_id": "niemand"})).await.expect_fault(422, "contact_id");
        app.post(&agent, &path, json!({"kind": "technical", "note": ""})).await.expect(403);
        app.post(&hamburg, &path, json!({"kind": "technical", "note": ""})).await.expect(201);
    }

    /// A webhook that is gone for good is switched off, the central contact is told, and mail still arrives.
    async fn a_webhook_that_is_gone_is_switched_off(app: TestApp) {
        let mut app = app;
        app.webhook.always(status(410));
        let (_, escalation) = app.escalated("technical").await;
        mail_to(&app.smtp, "technik@dataport.example.org", "technisch").await;
        mail_to(&app.smtp, "zentral@kiel.example.org", "Webhook").await;
        let admin = app.token(Role::Admin, "").await;
        let contact = app.get(&admin, "/api/v1/contacts/technik").await.expect(200);
        assert_eq!(contact["webhook"]["state"], "disabled");
        let path = format!("/api/v1/escalations/{}/deliveries", escalation["id"].as_str().unwrap());
        let deliveries = app.get(&admin, &path).await.expect(200);
        let hook = deliveries["items"].as_array().unwrap().iter().find(|d| d["channel"] == "webhook").unwrap().clone();
        assert_eq!(hook["status"], "exhausted");
        let listed = app.get(&admin, "/api/v1/deliveries/exhausted").await.expect(200);
        assert_eq!(listed["items"][0]["id"], hook["id"]);
    }

    /// A mailbox that does not exist is shown to a person, and the next of the chain is asked.
    async fn a_mailbox_that_is_gone_lets_the_next_be_asked(app: TestApp) {
        let mut app = app;
        app.smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.1.1 no such user")).when_recipient("meldewesen@kiel.example.org");
        let (_, escalation) = app.escalated("functional").await;
        mail_to(&app.smtp, "zentral@kiel.example.org", "fachlich").await;
        let central = app.central().await;
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        let after = app.wait_until(&central, &path, "the next step", |e| e["step"] == 1).await;
        assert_eq!(after["chain"][1]["contact"]["id"], "kiel-zentral");
        // The way was repaired: the same message goes out again under the same id.
        app.smtp.behave();
        let deliveries = app.get(&central, &format!("{path}/deliveries")).await.expect(200);
        let given_up = deliveries["items"].as_array().unwrap().iter().find(|d| d["status"] == "exhausted").unwrap()["id"].as_str().unwrap().to_owned();
        app.post(&central, &format!("/api/v1/deliveries/{given_up}/replay"), json!({})).await.expect(200);
        let mail = mail_to(&app.smtp, "meldewesen@kiel.example.org", "fachlich").await;
        assert!(mail.message_id().unwrap().contains(&given_up));
    }

    /// Two who press "next level" at once mean the same next one: one asks them, the other hears who did.
    async fn the_next_is_asked_once_by_two(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let central = app.central().await;
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        let next = format!("{path}/next");
        let press = || app.post(&central, &next, json!({"expected_step": 0}));
        let (one, two) = tokio::join!(press(), press());
        let (quick, late) = if one.status == 200 { (one, two) } else { (two, one) };
        assert_eq!(quick.expect(200)["step"], 1);
        let late = late.expect(409);
        assert!(late["detail"].as_str().unwrap().contains("has asked Dataport Bereitschaft already"), "{late}");
        // Whoever says nothing of what they saw asks the one after, as ever.
        assert_eq!(app.post(&central, &next, json!({})).await.expect(200)["step"], 2);
        let history = app.get(&central, &format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(kinds(&history).iter().filter(|kind| *kind == "escalation_step").count(), 3, "{history}");

        // On the page the same: the form holds the step its sender saw.
        let (ticket, escalation) = app.escalated("technical").await;
        let grant = lotse::access::Grant { role: Role::Central, scope: lotse::access::Scope::everywhere(), contact: None };
        let person = app.person("petersen", vec![grant]).await;
        let number = ticket["number"].as_str().unwrap();
        let page = app.send("", "GET", &format!("/anfragen/{number}"), None, &[("Cookie", &person.cookie)]).await.body;
        let field = |name: &str| page.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        assert_eq!(field("stufe"), "0");
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("csrf", &person.csrf)
            .append_pair("stufe", "0").finish();
        let at = format!("/anfragen/{number}/eskalationen/{}/naechste", escalation["id"].as_str().unwrap());
        let headers = [("Cookie", person.cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        // Without what they saw last, only the step tells that somebody was quicker.
        let press = || app.send("", "POST", &at, Some(form.clone()), &headers);
        let (one, two) = tokio::join!(press(), press());
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409]);
        let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
        assert_eq!(app.get(&central, &path).await.expect(200)["step"], 1);
    }

    /// What an escalation would do is shown without doing it.
    async fn a_preview_sends_nothing(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}/escalations", ticket["id"].as_str().unwrap());
        let body = json!({"kind": "technical", "note": "Bitte prüfen."});
        let preview = app.post(&central, &format!("{path}/preview"), body).await.expect(200);
        assert_eq!(preview["chain"][0]["contact"]["id"], "technik");
        assert_eq!(preview["ways"], json!(["email", "webhook"]));
        assert!(preview["text"].as_str().unwrap().contains("Bitte prüfen."));
        assert_eq!(app.get(&central, &path).await.expect(200)["items"], json!([]));
        assert!(app.webhook.received().is_empty());
    }

    /// A P1 starts the emergency chain at once, and once only.
    async fn a_p1_starts_the_emergency_chain(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        for _ in 0..2 {
            app.post(&central, &format!("{path}/priority"), json!({"priority": "P1"})).await.expect(200);
        }
        mail_to(&app.smtp, "bereitschaft@dataport.example.org", "NOTFALL").await;
        let escalations = app.get(&central, &format!("{path}/escalations")).await.expect(200);
        assert_eq!(escalations["items"].as_array().unwrap().len(), 1);
        assert_eq!(escalations["items"][0]["emergency"], true);
    }
}

/// Silence: each step has its time, then the next is asked; after the last the central contact is told.
async fn silence(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let mut app = TestApp::start_with(kind, "[escalation]\nacknowledge_within = \"4h\"\n", clock.clone()).await;
    let (ticket, escalation) = app.escalated("technical").await;
    let central = app.central().await;
    let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
    clock.advance(TimeDelta::minutes(239));
    assert_eq!(app.get(&central, &path).await.expect(200)["step"], 0);
    clock.advance(TimeDelta::minutes(2));
    app.wait_until(&central, &path, "the deputy's turn", |e| e["step"] == 1).await;
    mail_to(&app.smtp, "bereitschaft@dataport.example.org", "technisch").await;
    // Whoever the chain has reached may still speak, and every instance sees it.
    let first = app.token(Role::SecondLevel, "technik").await;
    app.get(&first, &path).await.expect(200);
    for step in 2..3 {
        clock.advance(TimeDelta::hours(5));
        app.wait_until(&central, &path, "the next turn", |e| e["step"] == step).await;
    }
    clock.advance(TimeDelta::hours(5));
    app.wait_until(&central, &path, "the end of the chain", |e| e["status"] == "expired").await;
    let after = app.get(&central, &format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(after["status"], "assessing");
    clock.advance(TimeDelta::minutes(2));
    mail_to(&app.smtp, "zentral@kiel.example.org", "niemand").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_moves_the_chain_on_sqlite() {
    silence(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_moves_the_chain_on_postgres() {
    silence(Kind::Postgres).await;
}

/// When the answer would be due, as mail and page say it, is when it is due once somebody takes it at that moment.
async fn answer_due(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new("2026-11-26T09:00:00Z".parse().unwrap()));
    let working_days = "[clock]\nhours = \"Mo-Fr 08:00-18:00; PH off\"\n";
    let mut app = TestApp::start_with(kind, working_days, clock).await;
    let (_, escalation) = app.escalated("technical").await;
    let text = readable(&mail_to(&app.smtp, "technik@dataport.example.org", "technisch").await);
    let page = app.get("", &link(&text, "Ich kümmere mich darum")).await.body;
    let second = app.token(Role::SecondLevel, "technik").await;
    let take = format!("/api/v1/escalations/{}/acknowledge", escalation["id"].as_str().unwrap());
    let taken = app.post(&second, &take, json!({})).await.expect(200);
    let due = berlin(Timestamp::new(taken["answer_by"].as_str().unwrap().parse().unwrap()));
    assert!(due.starts_with("Mo, 30.11.2026"), "two working days after a Thursday: {due}");
    assert!(text.contains(&format!("Sie endet frühestens am {due}.")), "{due}: {text}");
    let near = format!("Bestätigen Sie jetzt, ist Ihre Antwort bis {} fällig.", due.replace(".2026", "."));
    assert!(page.contains(&near), "{near}: {page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_due_as_it_was_said_on_sqlite() {
    answer_due(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_due_as_it_was_said_on_postgres() {
    answer_due(Kind::Postgres).await;
}

/// An outage longer than the schedule: everything is kept, one alert, and a replay delivers all.
async fn outage(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let mut app = TestApp::start_with(kind, "", clock.clone()).await;
    app.webhook.always(status(503));
    let (_, escalation) = app.escalated("technical").await;
    let central = app.central().await;
    let path = format!("/api/v1/escalations/{}/deliveries", escalation["id"].as_str().unwrap());
    let hook =
        |all: &Value| all["items"].as_array().unwrap().iter().find(|d| d["channel"] == "webhook").cloned().unwrap();
    let mut attempts = 1;
    loop {
        let all = app
            .wait_until(&central, &path, "the next attempt", |all| {
                hook(all)["attempts"].as_array().unwrap().len() >= attempts
            })
            .await;
        if hook(&all)["status"] != "pending" {
            break;
        }
        attempts += 1;
        clock.advance(TimeDelta::hours(30));
    }
    let all = app.get(&central, &path).await.expect(200);
    assert_eq!(hook(&all)["status"], "exhausted");
    assert!(hook(&all)["attempts"][0]["detail"].as_str().unwrap().contains("503"));
    let ids: Vec<_> = app.webhook.received().iter().map(|r| r.webhook_id().to_owned()).collect();
    assert!(ids.len() > 3 && ids.iter().all(|id| id == &ids[0]), "always the same id: {ids:?}");
    let received = app.webhook.received();
    assert!(received.iter().all(|r| r.body == received[0].body), "always the same body");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_keeps_everything_on_sqlite() {
    outage(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_keeps_everything_on_postgres() {
    outage(Kind::Postgres).await;
}

/// What a delivery told is kept while its ticket cannot be read, and acted on once it can: a fault of the database is
/// not a deleted ticket.
async fn damage(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let mut app = TestApp::start_with(kind, "", clock.clone()).await;
    app.webhook.always(status(503));
    let (ticket, escalation) = app.escalated("technical").await;
    let central = app.central().await;
    let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
    set_status(&app, "verdorben").await;
    app.webhook.always(status(410));
    clock.advance(TimeDelta::minutes(1));
    let db = app.app.db.clone();
    let open = async || db.read(|conn| lotse::delivery::open_events(conn, 100)).await.unwrap().len();
    wait_for_some("news of the webhook", Duration::from_secs(20), || async { (open().await > 0).then_some(()) }).await;
    lotse::escalation::sweep::round(&app.app.escalations).await.ok();
    assert!(open().await > 0, "the news was dropped");
    set_status(&app, "escalated").await;
    let history = format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap());
    app.wait_until(&central, &history, "the news", |h| {
        h["items"].is_array() && kinds(h).iter().any(|kind| kind == "endpoint_disabled")
    })
    .await;
}

async fn set_status(app: &TestApp, word: &'static str) {
    use diesel::RunQueryDsl;
    let change = move |tx: &mut lotse::db::Tx| {
        diesel::sql_query(format!("UPDATE tickets SET status = '{word}'")).execute(&mut **tx)?;
        Ok(())
    };
    app.app.db.write(change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_outlives_a_damaged_ticket_on_sqlite() {
    damage(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_outlives_a_damaged_ticket_on_postgres() {
    damage(Kind::Postgres).await;
}
