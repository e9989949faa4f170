//! What the 1st level and the central contact rely on: intake, numbers, repeats, claims, lists, tenants.

use futures_util::future::join_all;
use lotse::access::Role;
use serde_json::json;

use crate::on_both;
use crate::support::app::a_ticket;

on_both! {
    /// A 115 agent hands in, reads the number out, and finds the ticket again however it is typed.
    async fn is_found_by_number_and_id(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let made = app.post(&agent, "/api/v1/tickets", a_ticket()).await;
        let location = made.header("location").unwrap().to_owned();
        let ticket = made.expect(201);
        assert_eq!(ticket["status"], "new");
        assert_eq!(ticket["municipality"], json!({"ars": "010020000000", "name": "Kiel, Landeshauptstadt"}));
        assert_eq!(ticket["reply"], json!({"wish": "email"}), "who asked is not in the answer");
        assert!(!ticket.to_string().contains("erika"), "{ticket}");
        let number = ticket["number"].as_str().unwrap();
        for typed in [number.to_owned(), number.replace('-', ""), number.replace('-', "%20"), location.rsplit('/').next().unwrap().to_owned()] {
            let found = app.get(&agent, &format!("/api/v1/tickets/{typed}")).await.expect(200);
            assert_eq!(found["id"], ticket["id"], "{typed}");
        }
        let last = number.chars().last().unwrap().to_digit(10).unwrap();
        let wrong = format!("{}{}", &number[..number.len() - 1], (last + 1) % 10);
        app.get(&agent, &format!("/api/v1/tickets/{wrong}")).await.expect(404);
    }

    /// Every fault of an input is named at once, with its field.
    async fn names_every_fault(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let mut body = a_ticket();
        body["service"] = json!("gibt-es-nicht");
        body["ars"] = json!("01002");
        body["subject"] = json!("");
        body["reply"] = json!({"wish": "phone"});
        let problem = app.post(&agent, "/api/v1/tickets", body).await.expect(422);
        let fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["service", "ars", "subject", "reply.phone"]);

        let mut unknown = a_ticket();
        unknown["priority"] = json!("P1");
        app.post(&agent, "/api/v1/tickets", unknown).await.expect_fault(422, "priority");
        let mut wrong = a_ticket();
        wrong["channel"] = json!("fax");
        app.post(&agent, "/api/v1/tickets", wrong).await.expect_fault(422, "channel");
        let mut missing = a_ticket();
        missing["reply"].as_object_mut().unwrap().remove("wish");
        app.post(&agent, "/api/v1/tickets", missing).await.expect_fault(422, "reply.wish");
        let broken = app.send(&agent, "POST", "/api/v1/tickets", Some("{\"service\":".into()), &[]).await;
        assert_eq!(broken.header("content-type"), Some("application/problem+json"));
        broken.expect(400);
    }

    /// A hundred at once with one key make one ticket; another body is refused; another token is another key.
    async fn a_repeat_makes_no_second_ticket(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let key = [("Idempotency-Key", "anruf-1")];
        let body = a_ticket().to_string();
        let all = join_all((0..100).map(|_| app.send(&agent, "POST", "/api/v1/tickets", Some(body.clone()), &key))).await;
        let mut ids: Vec<String> = all.into_iter().map(|reply| reply.expect(201)["id"].to_string()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "one ticket: {ids:?}");
        let list = app.get(&agent, "/api/v1/tickets").await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);

        let mut other = a_ticket();
        other["subject"] = json!("Etwas anderes");
        app.send(&agent, "POST", "/api/v1/tickets", Some(other.to_string()), &key).await.expect_fault(422, "Idempotency-Key");
        let second = app.token(Role::Agent, "01").await;
        let made = app.send(&second, "POST", "/api/v1/tickets", Some(body), &key).await.expect(201);
        assert_ne!(made["id"].to_string(), ids[0]);
    }

    /// Of two people who claim at once one wins, and the other learns who.
    async fn one_claim_wins(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let (first, second) = (app.central().await, app.token(Role::Central, "01").await);
        let path = format!("/api/v1/tickets/{}/claim", ticket["id"].as_str().unwrap());
        let both = tokio::join!(app.post(&first, &path, json!({})), app.post(&second, &path, json!({})));
        let mut statuses = [both.0.status, both.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let loser = if both.0.status == 409 { both.0 } else { both.1 };
        let winner = app.get(&first, &path.replace("/claim", "")).await.expect(200)["claimed_by"]["name"].clone();
        assert!(loser.json()["detail"].as_str().unwrap().contains(winner.as_str().unwrap()), "{}", loser.body);
    }

    /// What lies outside a token's region does not exist for it: not by reading, not by acting, not in lists.
    async fn a_foreign_ticket_does_not_exist(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let foreign = app.token(Role::Central, "02").await;
        let id = ticket["id"].as_str().unwrap();
        app.get(&foreign, &format!("/api/v1/tickets/{id}")).await.expect(404);
        app.get(&foreign, &format!("/api/v1/tickets/{}", ticket["number"].as_str().unwrap())).await.expect(404);
        app.get(&foreign, &format!("/api/v1/tickets/{id}/history")).await.expect(404);
        for action in ["claim", "close"] {
            app.post(&foreign, &format!("/api/v1/tickets/{id}/{action}"), json!({})).await.expect(404);
        }
        app.post(&foreign, &format!("/api/v1/tickets/{id}/reporter"), json!({"purpose": "x"})).await.expect(404);
        let list = app.get(&foreign, "/api/v1/tickets?q=Wohnsitzanmeldung").await.expect(200);
        assert_eq!(list["items"], json!([]));
    }

    /// A decision needs the right state, and the refusal says which it is.
    async fn a_state_allows_or_refuses(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        let early = app.post(&central, &format!("{path}/answer"), json!({"text": "So geht es."})).await.expect(409);
        assert!(early["detail"].as_str().unwrap().contains("is new"), "{early}");
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/close"), json!({})).await.expect(409);
        app.post(&central, &format!("{path}/answer"), json!({})).await.expect_fault(422, "text");
        let answered = app.post(&central, &format!("{path}/answer"), json!({"text": "So geht es."})).await.expect(200);
        assert_eq!(answered["status"], "answered");
        assert_eq!(app.post(&central, &format!("{path}/close"), json!({})).await.expect(200)["status"], "closed");
        let reopened = app.post(&central, &format!("{path}/reopen"), json!({"reason": "Die Person ruft wieder an."})).await;
        assert_eq!(reopened.expect(200)["status"], "assessing");
    }

    /// Name and address are sealed, opened for a purpose, and every opening is written down.
    async fn the_reporter_is_sealed(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/reporter"), json!({"purpose": ""})).await.expect_fault(422, "purpose");
        let opened = app.post(&central, &format!("{path}/reporter"), json!({"purpose": "Rückruf"})).await.expect(200);
        assert_eq!(opened, json!({"name": "Erika Mustermann", "email": "erika@buerger.example.org"}));
        let history = app.get(&central, &format!("{path}/history")).await.expect(200);
        let looked = history["items"].as_array().unwrap().iter().find(|e| e["kind"] == "reporter_opened").unwrap().clone();
        assert_eq!(looked["data"]["purpose"], "Rückruf");
        assert_eq!(looked["actor"]["name"], "central 01002");
        let agent = app.agent().await;
        app.post(&agent, &format!("{path}/reporter"), json!({"purpose": "neugierig"})).await.expect(403);
    }

    /// A question stops the clock, the reply lets it go on, and the promise moves by the time between.
    async fn a_question_stops_the_clock(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        let waiting = app.post(&central, &format!("{path}/wait"), json!({"question": "Welcher Browser?"})).await.expect(200);
        assert_eq!(waiting["status"], "waiting");
        let mails = app.smtp.wait_for_mail(1).await;
        assert!(mails.iter().any(|mail| mail.to == ["erika@buerger.example.org"]) || app.smtp.wait_for_mail(2).await.iter().any(|mail| mail.to == ["erika@buerger.example.org"]));
        let agent = app.agent().await;
        let resumed = app.post(&agent, &format!("{path}/resume"), json!({"text": "Firefox 145"})).await.expect(200);
        assert_eq!(resumed["status"], "assessing");
        assert!(resumed["respond_by"].as_str().unwrap() > ticket["respond_by"].as_str().unwrap());
    }

    /// The list is in the order of what is due, in pages without gaps, filtered and searched forgivingly.
    async fn the_list_is_due_first(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        for i in 0..7 {
            let mut body = a_ticket();
            body["subject"] = json!(format!("Müllgebühr Straße {i}"));
            body["category"] = json!(if i % 2 == 0 { "payment" } else { "praise_or_criticism" });
            app.post(&agent, "/api/v1/tickets", body).await.expect(201);
        }
        let central = app.central().await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&central, &format!("/api/v1/tickets?limit=3{cursor}")).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|t| t["respond_by"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.is_sorted());
        let count = async |query: &str| {
            app.get(&central, &format!("/api/v1/tickets?{query}")).await.expect(200)["items"].as_array().unwrap().len()
        };
        assert_eq!(count("category=payment").await, 4);
        assert_eq!(count("status=new,assessing&service=wohnsitzanmeldung&ars=01002").await, 7);
        assert_eq!(count("status=closed").await, 0);
        assert_eq!(count("q=muellgebuehr%20stras").await, 7);
        assert_eq!(count("q=M%C3%9CLLGEB%C3%9CHR").await, 7);
        assert_eq!(count("q=gebuehr").await, 0, "words are found from their beginning");
        assert_eq!(count("q=%22%27%29%3B--%20%2A").await, 7, "signs are no query");
        assert_eq!(count("mine=true").await, 0);
        app.get(&central, "/api/v1/tickets?limit=201").await.expect_fault(422, "limit");
        app.get(&central, "/api/v1/tickets?status=offen").await.expect_fault(422, "status");
        app.get(&central, "/api/v1/tickets?cursor=x").await.expect_fault(422, "cursor");
    }

    /// A request goes on in another one; both histories say so.
    async fn merges(app: TestApp) {
        let mut app = app;
        let (one, other) = (app.submit().await, app.submit().await);
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", one["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/merge"), json!({"into": one["number"]})).await.expect_fault(422, "into");
        app.post(&central, &format!("{path}/merge"), json!({"into": "26-000000-9"})).await.expect_fault(422, "into");
        let merged = app.post(&central, &format!("{path}/merge"), json!({"into": other["number"]})).await.expect(200);
        assert_eq!((&merged["status"], &merged["merged_into"]), (&json!("merged"), &other["id"]));
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(409);
    }
}
