//! Other ticket systems fed by configuration: Zammad, Jira Service Management, Znuny, GLPI, each against the shape that
//! its public documentation gives (recorded from it in November 2026).

use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::TestApp;
use crate::support::webhook::{Behaviour, Request};

/// Gives the contact a webhook to this receiver with this adapter.
async fn adapt(app: &mut TestApp, adapter: Value, secrets: Value) {
    let admin = app.token(Role::Admin, "").await;
    let base = app.webhook.url().replace("/hook", "");
    let webhook = json!({"webhook": {"url": base, "adapter": adapter, "adapter_secrets": secrets}});
    let shown = app.patch(&admin, "/api/v1/contacts/technik", webhook).await.expect(200);
    assert!(!shown.to_string().contains("streng-geheim"), "{shown}");
}

fn json_of(request: &Request) -> Value {
    assert_eq!(request.header("content-type"), Some("application/json"));
    request.json()
}

/// The fields of an object, sorted.
fn fields(value: &Value) -> Vec<&str> {
    let mut fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

async fn called_off(app: &mut TestApp, escalation: &Value, after: usize) -> Request {
    let central = app.central().await;
    let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    app.post(&central, &format!("{up}/withdraw"), json!({"reason": "erledigt"})).await.expect(200);
    app.webhook.wait_for(after + 1).await.pop().unwrap()
}

/// Waits until the other side's number stands at the escalation.
async fn referenced(app: &mut TestApp, escalation: &Value, reference: &str) {
    let central = app.central().await;
    let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    app.wait_until(&central, &up, "the reference", |e| e["reference"] == reference).await;
}

on_both! {
    /// `POST /api/v1/tickets` and `/api/v1/ticket_articles`: docs.zammad.org, API, Ticket and Articles.
    async fn feeds_zammad(app: TestApp) {
        let mut app = app;
        let settings = json!({"group": "2nd Level", "customer": "lotse@kiel.example.org"});
        adapt(&mut app, json!({"preset": "zammad", "settings": settings}), json!({"token": "streng-geheim"})).await;
        let answer = json!({"id": 3, "group_id": 1, "priority_id": 2, "state_id": 1, "organization_id": null, "number": "22003",
            "title": "Help me!", "owner_id": 1, "customer_id": 3, "note": null, "article_count": 1, "created_at": "2021-11-08T14:17:41.913Z"});
        app.webhook.always(Behaviour::Json(201, answer.to_string()));
        let (_, escalation) = app.escalated("technical").await;
        let first = app.webhook.wait_for(1).await.remove(0);
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/api/v1/tickets"));
        assert_eq!(first.header("authorization"), Some("Token token=streng-geheim"));
        let ticket = json_of(&first);
        assert_eq!(fields(&ticket), ["article", "customer", "group", "priority", "title"]);
        assert_eq!(fields(&ticket["article"]), ["body", "content_type", "internal", "subject", "type"]);
        assert_eq!((&ticket["group"], &ticket["article"]["type"], &ticket["article"]["internal"]), (&json!("2nd Level"), &json!("note"), &json!(false)));
        let said = ticket.to_string();
        assert!(said.contains("BundID-Rückkehr") && said.contains("/eskalation/"), "{said}");
        assert!(!said.contains("Mustermann") && !said.contains("erika@"), "{said}");
        assert!(!first.webhook_id().is_empty(), "a repeat is told by its id here too");
        referenced(&mut app, &escalation, "22003").await;
        let off = called_off(&mut app, &escalation, 1).await;
        assert_eq!((off.method.as_str(), off.path.as_str()), ("POST", "/api/v1/ticket_articles"));
        let article = json_of(&off);
        assert_eq!(article["ticket_id"], 3);
        assert!(article["subject"].as_str().unwrap().contains("Erledigt"), "{article}");
        let file = app.database.folder.path().join("lotse.db");
        if file.exists() {
            let bytes = [std::fs::read(&file).unwrap(), std::fs::read(file.with_extension("db-wal")).unwrap_or_default()].concat();
            assert!(!bytes.windows(13).any(|window| window == b"streng-geheim"), "a secret lies open in the database");
        }
    }

    /// `POST /rest/servicedeskapi/request` and its comments: developer.atlassian.com, Jira Service Management REST API.
    async fn feeds_jira(app: TestApp) {
        let mut app = app;
        let settings = json!({"service_desk": "10", "request_type": "25"});
        adapt(&mut app, json!({"preset": "jira", "settings": settings}), json!({"token": "bG90c2U6c3RyZW5n"})).await;
        let answer = json!({"_expands": ["participant", "status"], "issueId": "107001", "issueKey": "HELPDESK-1", "requestTypeId": "25",
            "serviceDeskId": "10", "requestFieldValues": [{"fieldId": "summary", "label": "What do you need?", "value": "Request JSD help via REST"}],
            "currentStatus": {"status": "Waiting for Support"}});
        app.webhook.always(Behaviour::Json(201, answer.to_string()));
        let (_, escalation) = app.escalated("technical").await;
        let first = app.webhook.wait_for(1).await.remove(0);
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/rest/servicedeskapi/request"));
        assert_eq!(first.header("authorization"), Some("Basic bG90c2U6c3RyZW5n"));
        let request = json_of(&first);
        assert_eq!(fields(&request), ["requestFieldValues", "requestTypeId", "serviceDeskId"]);
        assert_eq!((&request["serviceDeskId"], &request["requestTypeId"]), (&json!("10"), &json!("25")), "ids are texts there");
        assert_eq!(fields(&request["requestFieldValues"]), ["description", "summary"]);
        assert!(!request["requestFieldValues"]["summary"].as_str().unwrap().contains('\n'));
        referenced(&mut app, &escalation, "HELPDESK-1").await;
        let off = called_off(&mut app, &escalation, 1).await;
        assert_eq!(off.path, "/rest/servicedeskapi/request/HELPDESK-1/comment");
        assert_eq!(fields(&json_of(&off)), ["body", "public"]);
    }

    /// Znuny answers 200 also where it failed; GLPI wants a session first.
    async fn feeds_znuny_and_glpi(app: TestApp) {
        let mut app = app;
        let settings = json!({"queue": "Lotse", "customer": "lotse"});
        adapt(&mut app, json!({"preset": "znuny", "settings": settings}), json!({"user": "lotse", "password": "streng-geheim \"1\""})).await;
        app.webhook.once(Behaviour::Json(200, json!({"Error": {"ErrorCode": "TicketCreate.AuthFail", "ErrorMessage": "no"}}).to_string()));
        app.webhook.always(Behaviour::Json(200, json!({"ArticleID": "43", "TicketID": "123", "TicketNumber": "2026112810000013"}).to_string()));
        let (_, escalation) = app.escalated("technical").await;
        let first = app.webhook.wait_for(1).await.remove(0);
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/Ticket"));
        let body = json_of(&first);
        assert_eq!(fields(&body), ["Article", "Password", "Ticket", "UserLogin"]);
        assert_eq!(body["Password"], "streng-geheim \"1\"");
        let central = app.central().await;
        let sent = format!("/api/v1/escalations/{}/deliveries", escalation["id"].as_str().unwrap());
        let sent = app.wait_until(&central, &sent, "the failed attempt", |d| {
            d["items"].as_array().unwrap().iter().any(|d| d["channel"] == "webhook" && d["attempts"][0]["outcome"] == "failed")
        }).await;
        assert!(!sent.to_string().contains("streng-geheim"), "{sent}");

        let base = app.webhook.received().len();
        adapt(&mut app, json!({"preset": "glpi"}), json!({"app_token": "streng-geheim-a", "user_token": "streng-geheim-b"})).await;
        app.webhook.once(Behaviour::Json(200, json!({"session_token": "83af7e620c83a50a18d3eac2f6ed05a3ca0bea62"}).to_string()));
        app.webhook.once(Behaviour::Json(201, json!({"id": 15, "message": ""}).to_string()));
        let (_, escalation) = app.escalated("technical").await;
        let calls: Vec<Request> = app.webhook.wait_for(base + 2).await.split_off(base);
        let login = calls.iter().find(|call| call.path == "/apirest.php/initSession").unwrap();
        assert_eq!((login.method.as_str(), login.header("authorization"), login.header("app-token")), ("GET", Some("user_token streng-geheim-b"), Some("streng-geheim-a")));
        let ticket = calls.iter().find(|call| call.path == "/apirest.php/Ticket").unwrap();
        assert_eq!(ticket.header("session-token"), Some("83af7e620c83a50a18d3eac2f6ed05a3ca0bea62"));
        assert_eq!(fields(&ticket.json()["input"]), ["content", "name", "type", "urgency"]);
        referenced(&mut app, &escalation, "15").await;
    }

    /// What is wrong with a template is said when it is entered, with the line; a preview shows what would be sent.
    async fn a_template_is_checked_and_previewed(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let contact = "/api/v1/contacts/technik";
        let url = app.webhook.url();
        let own = |payload: &str| json!({"webhook": {"url": url, "adapter": {
            "first": {"method": "POST", "path": "/in", "payload": payload}, "headers": {"X-Key": "{{ secrets.key }}"}}, "adapter_secrets": {"key": "streng-geheim"}}});
        for (payload, field, words) in [
            ("{\n\"a\": {{ ticket.nummer }}\n}", "webhook.adapter.first.payload", "line 2"),
            ("{\"a\": {{ ticket.number }", "webhook.adapter.first.payload", "line 1"),
            ("{\"a\": \"{{ ticket.number }}\"}", "webhook.adapter.first.payload", "no JSON"),
            ("{% set a = 1 %}{}", "webhook.adapter.first.payload", "only if and for"),
        ] {
            let fault = app.patch(&admin, contact, own(payload)).await.expect_fault(422, field);
            assert!(fault["errors"][0]["message"].as_str().unwrap().contains(words), "{fault}");
        }
        let missing = json!({"webhook": {"url": url, "adapter": {"preset": "zammad"}}});
        app.patch(&admin, contact, missing).await.expect_fault(422, "webhook.adapter.settings.group");
        let good = "{\"a\": {{ ticket.number }}, \"who\": {{ reporter.name }}, \"q\": {{ note }}}";
        app.patch(&admin, contact, own(good)).await.expect(200);
        let shown = app.post(&admin, &format!("{contact}/webhook/preview"), json!({})).await.expect(200);
        assert_eq!(shown["items"][0]["body"]["a"], "26-004711-9");
        assert!(shown["items"][0]["headers"][0][1].as_str().unwrap().contains("key") && !shown.to_string().contains("streng-geheim"), "{shown}");
        // A text that would break out stays a text; who asked is not there to be told.
        let ticket = app.submit().await;
        let central = app.central().await;
        let at = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{at}/claim"), json!({})).await.expect(200);
        let note = json!({"kind": "technical", "note": "x\", \"admin\": true, \"y\": \"{{ secrets.key }}"});
        let preview = app.post(&central, &format!("{at}/escalations/preview"), note.clone()).await.expect(200);
        assert_eq!(preview["webhook"]["q"], note["note"]);
        app.post(&central, &format!("{at}/escalations"), note.clone()).await.expect(201);
        let call = app.webhook.wait_for(1).await.remove(0);
        assert_eq!((call.path.as_str(), call.header("x-key")), ("/hook/in", Some("streng-geheim")));
        let body = json_of(&call);
        assert_eq!((fields(&body), &body["q"], &body["who"]), (vec!["a", "q", "who"], &note["note"], &Value::Null));
    }
}
