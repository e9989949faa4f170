//! Requests taken by the form of the pages: who may, for where, and that one form is one request.

use std::time::Duration;

use lotse::access::{Grant, Role, Scope};
use lotse::directory::{import, sample};
use lotse::error::AppError;
use serde_json::{Value, json};

use crate::audit::{places, tables};
use crate::on_both;
use crate::support::app::{LoggedIn, TestApp, a_ticket};
use crate::support::wait::{wait_for, wait_for_some};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn grants(role: Role, region: &str) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }]
}

async fn sends(app: &TestApp, person: &LoggedIn, changed: &[(&str, &str)]) -> (u16, String, String) {
    let typed = [
        ("csrf", person.csrf.as_str()),
        ("ort", "Kiel"),
        ("dienst", "wohnsitzanmeldung"),
        ("kategorie", "login"),
        ("betreff", "Fehler"),
        ("text", "Nach der Anmeldung."),
        ("antwort", "none"),
        ("mail", ""),
        ("zu", ""),
        ("mit", ""),
        ("einmal", "eins"),
    ];
    let of = |(name, value): &(&str, &str)| {
        let value = changed.iter().find(|(other, _)| other == name).map_or(*value, |(_, value)| *value);
        (name.to_string(), value.to_owned())
    };
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed.iter().map(of)).finish();
    let headers = [FORM, ("Cookie", person.cookie.as_str())];
    let answer = app.send("", "POST", "/anfragen/neu", Some(body), &headers).await;
    let location = answer.header("location").unwrap_or_default().to_owned();
    (answer.status, location, answer.body)
}

/// The sample's places beside those of the tests, once the directory in memory has them.
pub async fn more_places(app: &TestApp) {
    let db = &app.app.db;
    import::municipalities(db, "g.csv", sample::MUNICIPALITIES, app.clock.now(), &mut |_, _| ()).await.unwrap();
    wait_for("the places", std::time::Duration::from_secs(5), || {
        app.app.escalations.desk().directory.current().municipality(&"010585893137".parse().unwrap()).is_some()
    })
    .await;
}

on_both! {
    /// Another person with the same fault: a number of their own, and the answer of the running request, each in their
    /// language.
    async fn another_person_joins_a_request(app: TestApp) {
        let mut app = app;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        let ticket = app.submit().await;
        let (id, number) = (ticket["id"].as_str().unwrap(), ticket["number"].as_str().unwrap());
        let cookie = [("Cookie", person.cookie.as_str())];
        let aid = "/anfragen/neu/hilfe?dienst=wohnsitzanmeldung&ars=";
        let here = app.send("", "GET", &format!("{aid}010020000000"), None, &cookie).await.body;
        assert!(here.contains(&format!("name=\"zu\" value=\"{number}\"")), "{here}");
        // From another place one can only note it there.
        let elsewhere = app.send("", "GET", &format!("{aid}010030000000"), None, &cookie).await.body;
        assert!(!elsewhere.contains("name=\"zu\""), "{elsewhere}");

        let max = [("antwort", "email"), ("mail", "max@buerger.example.org"), ("zu", number)];
        let (status, done, body) = sends(&app, &person, &max).await;
        assert_eq!(status, 303, "{body}");
        let own = done.trim_start_matches("/anfragen/neu/").to_owned();
        assert_ne!(own, number);
        assert_eq!(sends(&app, &person, &max).await.1, done, "sent twice, taken once");
        let page = app.send("", "GET", &done, None, &cookie).await.body;
        assert!(page.contains(&format!("Läuft zusammen mit {number}")), "{page}");
        let central = app.central().await;
        let at = format!("/api/v1/tickets/{own}");
        let joined = app.get(&central, &at).await.expect(200);
        assert_eq!((&joined["status"], &joined["merged_into"]), (&json!("merged"), &json!(id)));
        // By the API, in English, and joined to one that is joined itself by those who assess.
        let agent = app.agent().await;
        let mut john = a_ticket();
        john["reply"] = json!({"wish": "email", "email": "john@buerger.example.org", "language": "en"});
        john["join"] = json!(number);
        let key = [("Idempotency-Key", "john"), ("Content-Type", "application/json")];
        let first = app.send(&agent, "POST", "/api/v1/tickets", Some(john.to_string()), &key).await.expect(201);
        let again = app.send(&agent, "POST", "/api/v1/tickets", Some(john.to_string()), &key).await.expect(201);
        assert_eq!((&first["status"], &first), (&json!("merged"), &again));
        let head = app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201);
        let into = json!({"into": head["number"]});
        app.post(&central, &format!("/api/v1/tickets/{id}/merge"), into).await.expect(200);

        let path = format!("/api/v1/tickets/{}", head["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/answer"), json!({"text": "Es geht wieder."})).await.expect(200);
        for (to, subject, said) in [
            ("max@buerger.example.org", format!("[{own}] Antwort auf Ihre Anfrage"), "wir eine Antwort"),
            ("john@buerger.example.org", format!("[{}] Answer to your request", first["number"].as_str().unwrap()), "we have an answer"),
        ] {
            let mail = wait_for_some(format!("the answer to {to}"), Duration::from_secs(20), || async {
                app.smtp.received().into_iter().find(|mail| mail.to == [to])
            })
            .await;
            let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
            let text = parsed.body_text(0).unwrap().into_owned();
            assert_eq!(parsed.subject(), Some(subject.as_str()));
            assert!(text.contains(said) && text.contains("Es geht wieder."), "{text}");
        }
        assert_eq!(app.get(&central, &at).await.expect(200)["answer"], "Es geht wieder.");
        // One that is over takes nobody along, and nothing is left of the attempt.
        let before = app.get(&central, "/api/v1/tickets").await.expect(200)["items"].as_array().unwrap().len();
        let late = [("zu", head["number"].as_str().unwrap()), ("einmal", "spät")];
        let (status, _, page) = sends(&app, &person, &late).await;
        assert!(status == 422 && page.contains("Das geht nur mit einer offenen Anfrage"), "{status} {page}");
        let mut elsewhere = a_ticket();
        (elsewhere["ars"], elsewhere["join"]) = (json!("010030000000"), json!(number));
        app.post(&agent, "/api/v1/tickets", elsewhere).await.expect_fault(422, "join");
        assert_eq!(app.get(&central, "/api/v1/tickets").await.expect(200)["items"].as_array().unwrap().len(), before);
    }

    /// What somebody was told of another's request goes when that is erased, and nothing is written into what was.
    async fn erasing_reaches_those_who_joined(app: TestApp) {
        let mut app = app;
        let (agent, central, protection) = (app.agent().await, app.central().await, app.token(Role::DataProtection, "").await);
        let head = app.submit().await;
        let path = |ticket: &Value| format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        let mut joined = Vec::new();
        for name in ["max", "erna"] {
            let mut ticket = a_ticket();
            ticket["reply"] = json!({"wish": "email", "email": format!("{name}@buerger.example.org")});
            ticket["join"] = head["number"].clone();
            joined.push(path(&app.post(&agent, "/api/v1/tickets", ticket).await.expect(201)));
        }
        let (max, erna, head) = (&joined[0], &joined[1], path(&head));
        app.post(&protection, &format!("{erna}/erase"), json!({"reason": "Art. 17"})).await.expect(200);
        app.post(&central, &format!("{head}/claim"), json!({})).await.expect(200);
        for (kind, others) in [("answer", 1), ("question", 0)] {
            let preview = app.post(&central, &format!("{head}/letter"), json!({"kind": kind, "text": "quittenbrot"})).await.expect(200);
            assert_eq!(preview["others"], others, "{preview}");
        }
        app.post(&central, &format!("{head}/answer"), json!({"text": "quittenbrot"})).await.expect(200);
        assert_eq!(app.get(&central, max).await.expect(200)["answer"], "quittenbrot");
        assert_eq!(app.get(&central, erna).await.expect(200)["answer"], Value::Null);
        let history = app.get(&central, &format!("{erna}/history")).await.expect(200);
        assert_eq!(history["items"].as_array().unwrap().last().unwrap()["kind"], "erased");
        wait_for("the answer to Max", Duration::from_secs(20), || {
            app.smtp.received().iter().any(|mail| mail.to == ["max@buerger.example.org"])
        })
        .await;
        let kept = app.get(&protection, &format!("{max}/export")).await.expect(200);
        assert_eq!(kept["letters"].as_array().unwrap().len(), 1, "{kept:#}");

        assert!(!places(&tables(&app).await, "quittenbrot").is_empty(), "it lies where it is looked for");
        app.post(&central, &format!("{head}/close"), json!({})).await.expect(200);
        app.post(&protection, &format!("{head}/erase"), json!({"reason": "Art. 17"})).await.expect(200);
        assert_eq!(places(&tables(&app).await, "quittenbrot"), Vec::<String>::new());
        assert_eq!(app.get(&central, max).await.expect(200)["answer"], "[gelöscht]");
        let kept = app.get(&protection, &format!("{max}/export")).await.expect(200);
        assert_eq!(kept["letters"], json!([]));
        assert_eq!(kept["reporter"]["email"], "max@buerger.example.org", "who joined is not erased");
    }

    /// Staff may merge what is about another place; its person is not told what is answered there, and staff hear of it.
    async fn what_is_about_another_place_is_not_passed_on(app: TestApp) {
        let mut app = app;
        let (agent, central) = (app.agent().await, app.token(Role::Central, "01").await);
        let (head, mut elsewhere) = (app.submit().await, a_ticket());
        elsewhere["ars"] = json!("010030000000");
        elsewhere["reply"] = json!({"wish": "email", "email": "max@buerger.example.org"});
        let other = app.post(&agent, "/api/v1/tickets", elsewhere).await.expect(201);
        let path = |ticket: &Value| format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        let (at, other) = (path(&head), path(&other));
        app.post(&central, &format!("{other}/merge"), json!({"into": head["number"]})).await.expect(200);
        app.post(&central, &format!("{at}/claim"), json!({})).await.expect(200);
        let preview = app.post(&central, &format!("{at}/letter"), json!({"kind": "answer", "text": "Nur in Kiel."})).await.expect(200);
        assert_eq!(preview["others"], 0, "{preview}");
        app.post(&central, &format!("{at}/answer"), json!({"text": "Nur in Kiel."})).await.expect(200);
        assert_eq!(app.get(&central, &other).await.expect(200)["answer"], Value::Null);
        let history = app.get(&central, &format!("{other}/history")).await.expect(200);
        let last = history["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["kind"], "noted", "{history}");
        assert!(last["data"]["text"].as_str().unwrap().contains(head["number"].as_str().unwrap()), "{last}");
        assert!(tables(&app).await["notices"].contains("not_passed_on"));
        assert!(app.smtp.received().iter().all(|mail| mail.to != ["max@buerger.example.org"]));
    }

    async fn one_form_is_one_request(app: TestApp) {
        let mut app = app;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        let (status, first, _) = sends(&app, &person, &[]).await;
        assert_eq!((status, first.starts_with("/anfragen/neu/26-")), (303, true), "{first}");
        let (_, again, _) = sends(&app, &person, &[]).await;
        assert_eq!(again, first, "sent twice, taken once");
        let (status, _, page) = sends(&app, &person, &[("text", "Etwas anderes.")]).await;
        assert!(status == 422 && page.contains("schon aufgenommen"), "{status} {page}");
        let (_, other, _) = sends(&app, &person, &[("einmal", "zwei")]).await;
        assert_ne!(other, first);
        let central = app.token(Role::Central, "").await;
        let all = app.get(&central, "/api/v1/tickets").await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 2);
        assert_eq!(all["items"][0]["channel"], "115");
    }

    /// Who is told what is answered is asked as long as they are on the line.
    async fn an_address_that_nothing_reaches_is_asked_again(app: TestApp) {
        let mut app = app;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        for (mail, words) in [
            ("", "Die E-Mail-Adresse fehlt oder stimmt nicht."),
            ("joerg", "Die E-Mail-Adresse fehlt oder stimmt nicht."),
            ("joerg.mueller@exam", "Hinter dem @ fehlt ein Punkt"),
            ("jörg@müller.example", "Vor dem @ stehen Umlaute"),
        ] {
            // With another fault, too: all of it is said at once.
            for category in ["login", ""] {
                let typed = [("antwort", "email"), ("mail", mail), ("kategorie", category)];
                let (status, _, page) = sends(&app, &person, &typed).await;
                assert!(status == 422 && page.contains(words), "{mail}: {status} {page}");
            }
        }
        let central = app.token(Role::Central, "").await;
        assert_eq!(app.get(&central, "/api/v1/tickets").await.expect(200)["items"], json!([]));
        // A domain in umlauts is fine; an address that no reply goes to says nothing.
        let fine = [("antwort", "email"), ("mail", "joerg@müller.example")];
        let (status, _, page) = sends(&app, &person, &fine).await;
        assert_eq!(status, 303, "{page}");
        let unused = [("mail", "joerg@exam"), ("einmal", "zwei")];
        assert_eq!(sends(&app, &person, &unused).await.0, 303);
    }

    /// Taken together before all is filled in: the choice stays, and the focus is on what is missing.
    async fn a_refused_form_keeps_what_it_goes_on_in(app: TestApp) {
        let mut app = app;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        let number = app.submit().await["number"].as_str().unwrap().to_owned();
        let kept = format!("name=\"mit\" value=\"{number}\" checked");
        let (status, _, page) = sends(&app, &person, &[("kategorie", ""), ("zu", &number)]).await;
        assert!(status == 422 && page.contains(&kept), "{status} {page}");
        assert!(page.contains("name=\"kategorie\" value=\"login\" autofocus>"), "{page}");
        assert_eq!(page.matches(" autofocus").count(), 1, "{page}");
        // Refused again, it still stays.
        let (status, _, page) = sends(&app, &person, &[("text", ""), ("mit", &number)]).await;
        assert!(status == 422 && page.contains(&kept), "{status} {page}");
        // What cannot be joined is not tried for ever.
        let (status, _, page) = sends(&app, &person, &[("ort", "Lübeck"), ("mit", &number)]).await;
        assert!(status == 422 && page.contains("Das geht nur mit einer offenen Anfrage"), "{status} {page}");
        assert!(!page.contains("name=\"mit\""), "{page}");
        let (status, done, page) = sends(&app, &person, &[("mit", &number), ("einmal", "zwei")]).await;
        assert_eq!(status, 303, "{page}");
        let page = app.send("", "GET", &done, None, &[("Cookie", person.cookie.as_str())]).await.body;
        assert!(page.contains(&format!("Läuft zusammen mit {number}")), "{page}");
    }

    async fn nobody_takes_requests_for_a_foreign_region(app: TestApp) {
        let person = app.person("fremd", grants(Role::Agent, "09")).await;
        let (status, _, page) = sends(&app, &person, &[]).await;
        assert!(status == 422 && page.contains("dürfen Sie keine Anfragen aufnehmen"), "{status} {page}");
        let cookie = [("Cookie", person.cookie.as_str())];
        let suggested = app.send("", "GET", "/anfragen/neu/orte?q=kiel", None, &cookie).await;
        assert!(suggested.status == 200 && !suggested.body.contains("010020000000"), "{}", suggested.body);
        let reader = app.person("revision", grants(Role::Auditor, "01")).await;
        assert_eq!(sends(&app, &reader, &[]).await.0, 403);
        let without = [("Cookie", reader.cookie.as_str())];
        assert_eq!(app.send("", "GET", "/anfragen/neu", None, &without).await.status, 403);
        assert_eq!(app.send("", "GET", "/anfragen/neu", None, &[]).await.status, 303, "to the log-in");
    }

    // Umlauts, ß and their spellings, postal codes, keys; what is in doubt is asked back.
    async fn places_are_found_as_people_say_them(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let service = |slug: &str, name: &str| format!("[[service]]\nslug = \"{slug}\"\nname = \"{name}\"\noperating_land = \"SH\"\noperator = \"Dataport\"\n");
        let known = crate::support::app::directory(&app.webhook.url());
        app.import(&(known + &service("bewohnerparkausweis", "Bewohnerparkausweis") + &service("wohngeld", "Wohngeld"))).await;
        more_places(&app).await;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        for (typed, ars) in [("luebeck", "010030000000"), ("LÜBECK", "010030000000"), ("Lubeck", "010030000000"), ("010020000000", "010020000000"), ("rieseby", "010585893137")] {
            let query = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect::<String>();
            let found = app.send("", "GET", &format!("/anfragen/neu/orte?q={query}"), None, &[("Cookie", person.cookie.as_str())]).await;
            assert!(found.body.contains(&format!("data-key=\"{ars}\"")), "{typed}: {}", found.body);
            assert_eq!(sends(&app, &person, &[("ort", typed), ("einmal", typed)]).await.0, 303, "{typed}");
        }
        let (status, _, page) = sends(&app, &person, &[("ort", "24354")]).await;
        assert!(status == 422 && page.contains("gilt für"), "{page}");
        // Of a larger place only the postal code of its seat is known; a Kreis of that name is not meant.
        let (status, _, page) = sends(&app, &person, &[("ort", "24118")]).await;
        assert!(status == 422 && page.contains("Geben Sie den Namen ein."), "{page}");
        let cookie = [("Cookie", person.cookie.as_str())];
        // A list of all of them makes up for that; it is taken whole or not at all.
        let list = |text: &str| import::TableFile { name: "plz.csv".into(), bytes: text.as_bytes().to_vec(), sheet: None };
        let import = async |text: &str| import::postal_codes(&app.app.db, &import::Importer::console(), list(text), import::Mode::Apply(None), app.clock.now()).await.map(|plan| plan.counts);
        let Err(AppError::Invalid(faults)) = import("plz;ags\n24118;01002000\n2411;01002000\n24119;99999999\n").await else {
            panic!("a faulty list was taken");
        };
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["plz.csv: row 3: code", "plz.csv: row 4: ars"]);
        let summary = import("plz;ags\n24118;01002000\n24106;01002000\n24118;01002000\n").await.unwrap();
        assert_eq!((summary.created, summary.updated), (2, 0));
        wait_for("the postal codes", std::time::Duration::from_secs(5), || {
            !app.app.escalations.desk().directory.current().find_places("24118").is_empty()
        })
        .await;
        let found = app.send("", "GET", "/anfragen/neu/orte?q=2411", None, &cookie).await.body;
        assert!(found.contains("data-key=\"010020000000\""), "{found}");
        assert!(sends(&app, &person, &[("ort", "24106"), ("einmal", "24106")]).await.0 == 303);
        let listed = app.get(&admin, "/api/v1/municipalities?q=24118").await.expect(200);
        assert_eq!(listed["items"][0]["ars"], "010020000000", "{listed}");
        let summary = import("Postleitzahl,ARS\n24118,010020000000\n").await.unwrap();
        assert_eq!((summary.created, summary.updated, summary.unchanged), (0, 1, 1));
        let found = app.send("", "GET", "/anfragen/neu/orte?q=eckernfoe", None, &cookie).await.body;
        assert!(found.contains("data-key=\"010580043043\"") && found.matches("role=\"option\"").count() == 1, "{found}");
        let whole = app.send("", "GET", "/anfragen/neu/orte?q=luebeck", None, &cookie).await.body;
        let part = app.send("", "GET", "/anfragen/neu/orte?q=24354", None, &cookie).await.body;
        assert!(whole.contains("data-meant") && !part.contains("data-meant"), "{whole} {part}");
        let found = app.send("", "GET", "/anfragen/neu/dienste?q=wohn", None, &cookie).await.body;
        let at = |slug: &str| found.find(&format!("data-key=\"{slug}\"")).unwrap_or(usize::MAX);
        assert!(at("wohngeld") < at("bewohnerparkausweis"), "what begins so comes first: {found}");
        // A key that does not belong to what stands in the field is not taken.
        let (status, _, page) = sends(&app, &person, &[("ort", "Nirgendwo")]).await;
        assert!(status == 422 && page.contains("ist kein Ort bekannt"), "{page}");
    }
}
