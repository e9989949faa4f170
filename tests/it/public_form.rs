//! The public form: from what somebody writes to the page where they see the answer; what is braked, refused and found
//! harmful on the way; and what staff see of it.

use std::time::Duration;

use chrono::TimeDelta;
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::tickets::attachments::round::{delete_past, look_again};
use lotse::tickets::public_form::{challenge, round};
use serde_json::{Value, json};

use crate::audit::tables;
use crate::support::app::{self, Kind, Reply, TestApp};
use crate::support::clamd::{ClamdPeer, Mood, eicar};
use crate::support::wait::wait_for;

/// Where the form is.
pub const PATH: &str = "/hilfe/wohnsitzanmeldung/010020000000/anfrage";
const MORE: &str = "[public_form]\ndifficulty = 8\nquickest = \"0s\"\n";
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
const CHANNEL: &str = "[[adoption.channel]]\nkind = \"web\"\nlabel = \"Frage schreiben\"\nform = true\n";

/// A Lotse whose Kiel has the form.
pub async fn started(kind: Kind, more: &str, clock: Clock) -> TestApp {
    let app = TestApp::start_with(kind, more, clock).await;
    app.import(&(app::directory(&app.webhook.url()) + CHANNEL)).await;
    wait_for("the form", Duration::from_secs(5), || {
        let desk = app.app.escalations.desk();
        let today = desk.clock.now().day_in_berlin();
        desk.directory.current().has_form("wohnsitzanmeldung", &"010020000000".parse().unwrap(), today)
    })
    .await;
    app
}

macro_rules! on_both_with_form {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn run($app: TestApp) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { run(started(Kind::Sqlite, MORE, Clock::system()).await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { run(started(Kind::Postgres, MORE, Clock::system()).await).await; }
        }
    )*};
}

async fn challenge_of(app: &TestApp) -> String {
    let page = app.get("", PATH).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.body.split("name=\"pruefung\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn solve(text: &str) -> String {
    let bits = text.split('.').nth(1).unwrap().parse().unwrap();
    (0u32..).map(|n| n.to_string()).find(|n| challenge::is_solved(text, bits, n)).unwrap()
}

pub type File<'a> = (&'a str, &'a [u8]);

/// Sends a form of several parts.
async fn sends(app: &TestApp, path: &str, fields: &[(&str, &str)], files: &[File<'_>]) -> Reply {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--GRENZE\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    for (name, bytes) in files {
        let head = "Content-Disposition: form-data; name=\"dateien\"; filename=";
        body.extend(format!("--GRENZE\r\n{head}\"{name}\"\r\nContent-Type: image/png\r\n\r\n").bytes());
        body.extend_from_slice(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--GRENZE--\r\n");
    let request = app::client().post(format!("{}{path}", app.base)).body(body);
    let answer = request.header("Content-Type", "multipart/form-data; boundary=GRENZE").send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Reply { status, headers, body: answer.text().await.unwrap() }
}

/// Writes in the form, with what is changed, and the work done.
pub async fn writes(app: &TestApp, changed: &[(&str, &str)], files: &[File<'_>]) -> Reply {
    let challenge = challenge_of(app).await;
    let solution = solve(&challenge);
    let fields = [
        ("pruefung", challenge.as_str()),
        ("loesung", &solution),
        ("webseite", ""),
        ("kategorie", "login"),
        ("text", "Nach der Anmeldung kommt Fehler 500.\r\nSeit gestern."),
        ("fehler", "Interner Fehler"),
        ("antwort", "email"),
        ("mail", "erika@buerger.example.org"),
        ("telefon", ""),
        ("name", "Erika Mustermann"),
    ];
    let fields: Vec<(&str, &str)> = fields
        .into_iter()
        .map(|(name, value)| {
            (name, changed.iter().find(|(other, _)| *other == name).map_or(value, |(_, value)| *value))
        })
        .collect();
    sends(app, PATH, &fields, files).await
}

const BY_PHONE: [(&str, &str); 3] = [("antwort", "phone"), ("mail", ""), ("telefon", "0431 901-0")];

fn location(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.body);
    reply.header("location").unwrap().to_owned()
}

/// Number and secret of an address of the status page.
fn number_and_secret(address: &str) -> (String, String) {
    let url = url::Url::parse("http://x").unwrap().join(address).unwrap();
    let number = url.path().split('/').nth(2).unwrap().to_owned();
    let secret = url.query_pairs().find(|(name, _)| name == "s").unwrap().1.into_owned();
    (number, secret)
}

/// A request without an address: its number and the secret of its link.
pub async fn taken(app: &TestApp) -> (String, String) {
    number_and_secret(&location(&writes(app, &BY_PHONE, &[]).await))
}

async fn presses(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    app.send("", "POST", path, Some(body), &[("Content-Type", "application/x-www-form-urlencoded")]).await
}

/// The text of the last mail to this address.
async fn mail_to(app: &TestApp, to: &str, words: &str) -> String {
    let found = || {
        let mails = app.smtp.received();
        mails.iter().rev().filter(|mail| mail.to.iter().any(|one| one.contains(to))).find_map(|mail| {
            let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
            parsed.body_text(0).map(|text| text.into_owned()).filter(|text| text.contains(words))
        })
    };
    wait_for(format!("a mail to {to} with {words}"), Duration::from_secs(20), || found().is_some()).await;
    found().unwrap()
}

fn link_in(text: &str) -> String {
    let at = text.split_whitespace().find(|word| word.contains("/anfrage/")).unwrap();
    let url = url::Url::parse(at).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

async fn tickets(app: &mut TestApp) -> Value {
    let central = app.central().await;
    app.get(&central, "/api/v1/tickets").await.expect(200)["items"].clone()
}

on_both_with_form! {
    /// A second click counts once; other words of the same form count; and too many are braked.
    async fn words_sent_twice_count_once(app: TestApp) {
        let mut app = app;
        let (number, secret) = taken(&app).await;
        let path = format!("/anfrage/{number}/schreiben");
        let page = app.get("", &format!("/anfrage/{number}?s={secret}")).await.body;
        let form = page.split("name=\"einmal\" value=\"").nth(1).expect("a form with its name").split('"').next().unwrap();
        let says = |text: String| [("s", secret.clone()), ("einmal", form.to_owned()), ("text", text)];
        let said = |app: &TestApp, text: &str| {
            let (fields, app_path, http, base) = (says(text.to_owned()), path.clone(), app::client(), app.base.clone());
            async move {
                let mut body = String::new();
                for (name, value) in fields {
                    body.push_str(&format!("--GRENZE\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
                }
                body.push_str("--GRENZE--\r\n");
                let request = http.post(format!("{base}{app_path}")).body(body);
                request.header("Content-Type", "multipart/form-data; boundary=GRENZE").send().await.unwrap().status().as_u16()
            }
        };
        let (one, two) = tokio::join!(said(&app, "Noch etwas."), said(&app, "Noch etwas."));
        assert!(one == 303 && (two == 303 || two == 409) || two == 303 && one == 409, "{one} {two}");
        assert_eq!(said(&app, "Noch etwas.").await, 303);
        assert_eq!(said(&app, "Und noch etwas.").await, 303);
        let central = app.central().await;
        let history = app.get(&central, &format!("/api/v1/tickets/{number}/history")).await.expect(200);
        let added = history["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "reporter_added").count();
        assert_eq!(added, 2, "{history}");
        let mut last = 0;
        for place in 0..25 {
            last = said(&app, &format!("Nachricht {place}")).await;
            if last != 303 {
                break;
            }
        }
        assert_eq!(last, 429);
    }

    /// Whoever takes a request back takes nothing from others who wait for its answer.
    async fn others_who_joined_are_not_taken_back(app: TestApp) {
        let mut app = app;
        let (number, secret) = taken(&app).await;
        let (agent, central) = (app.agent().await, app.central().await);
        let mut joined = app::a_ticket();
        joined["reply"] = json!({"wish": "email", "email": "max@buerger.example.org"});
        joined["join"] = json!(number);
        app.post(&agent, "/api/v1/tickets", joined).await.expect(201);
        location(&presses(&app, &format!("/anfrage/{number}/zurueckziehen"), &[("s", &secret)]).await);
        let path = format!("/api/v1/tickets/{number}");
        assert_eq!(app.get(&central, &path).await.expect(200)["status"], "new");
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/answer"), json!({"text": "Erledigt."})).await.expect(200);
        assert!(mail_to(&app, "max@buerger.example.org", "Erledigt.").await.contains("wir eine Antwort"));
    }

    /// The clock goes on for those who joined when whoever was waited for takes it back; a second click is nothing new.
    async fn taking_back_ends_the_waiting(app: TestApp) {
        let mut app = app;
        let (number, secret) = taken(&app).await;
        let (agent, central) = (app.agent().await, app.central().await);
        let mut joined = app::a_ticket();
        joined["join"] = json!(number);
        app.post(&agent, "/api/v1/tickets", joined).await.expect(201);
        let path = format!("/api/v1/tickets/{number}");
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/escalations"), json!({"kind": "technical", "note": "?"})).await.expect(201);
        app.post(&central, &format!("{path}/wait"), json!({"question": "Welcher Browser?"})).await.expect(200);
        for _ in 0..2 {
            location(&presses(&app, &format!("/anfrage/{number}/zurueckziehen"), &[("s", &secret)]).await);
        }
        assert_eq!(app.get(&central, &path).await.expect(200)["status"], "escalated");
        let history = app.get(&central, &format!("{path}/history")).await.expect(200);
        let withdrew = history["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "reporter_withdrew").count();
        assert_eq!(withdrew, 1, "{history}");
        assert_eq!(tables(&app).await["notices"].matches("reporter_withdrew").count(), 1);
    }

    /// Whose request goes on in another one can write as their letters say; whoever works on the other one hears of it.
    async fn who_joined_can_write(app: TestApp) {
        let mut app = app;
        let ((number, secret), (head, _)) = (taken(&app).await, taken(&app).await);
        let central = app.central().await;
        app.post(&central, &format!("/api/v1/tickets/{number}/merge"), json!({"into": head})).await.expect(200);
        let page = app.get("", &format!("/anfrage/{number}?s={secret}")).await;
        assert!(page.body.contains(&format!("/anfrage/{number}/schreiben")), "{}", page.body);
        let said = [("s", secret.as_str()), ("einmal", "eins"), ("text", "Bei mir auch mobil.")];
        location(&sends(&app, &format!("/anfrage/{number}/schreiben"), &said, &[]).await);
        let last = async |at: &str| {
            let history = app.get(&central, &format!("/api/v1/tickets/{at}/history")).await.expect(200);
            history["items"].as_array().unwrap().last().unwrap().clone()
        };
        let own = last(&number).await;
        assert_eq!((&own["kind"], &own["data"]["text"]), (&json!("reporter_added"), &json!("Bei mir auch mobil.")));
        let other = last(&head).await;
        assert!(other["kind"] == "noted" && other["data"]["text"].as_str().unwrap().contains(&number), "{other}");
        assert!(tables(&app).await["notices"].contains("reporter_wrote"));
    }

    /// Who reads in English is written to in English, to the last letter.
    async fn letters_speak_as_the_form_did(app: TestApp) {
        let mut app = app;
        let challenge = challenge_of(&app).await;
        let solution = solve(&challenge);
        let fields = [("pruefung", challenge.as_str()), ("loesung", &solution), ("webseite", ""), ("kategorie", "login"), ("text", "It fails."), ("fehler", ""), ("antwort", "email"), ("mail", "john@buerger.example.org"), ("telefon", ""), ("name", "John Doe")];
        location(&sends(&app, &format!("{PATH}?lang=en"), &fields, &[]).await);
        let asked = mail_to(&app, "john@buerger.example.org", "Please confirm").await;
        assert!(asked.contains("Deutsch: Bitte bestätigen Sie mit dem Link oben bis ") && asked.matches("/bestaetigen?").count() == 1, "{asked}");
        let (number, secret) = number_and_secret(&link_in(&asked));
        location(&presses(&app, &format!("/anfrage/{number}/bestaetigen"), &[("s", &secret)]).await);
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{number}");
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        let letter = json!({"kind": "answer", "text": "Try again."});
        let preview = app.post(&central, &format!("{path}/letter"), letter).await.expect(200);
        assert!(preview["text"].as_str().unwrap().starts_with("Good day [Name],"), "{preview}");
        app.post(&central, &format!("{path}/answer"), json!({"text": "Try again."})).await.expect(200);
        let answer = mail_to(&app, "john@buerger.example.org", "Try again.").await;
        assert!(answer.contains("Good day John Doe") && answer.contains("Your number: ") && !answer.contains("Guten Tag"), "{answer}");
        presses(&app, "/anfrage/link", &[("nummer", &number), ("mail", "john@buerger.example.org")]).await;
        assert!(mail_to(&app, "john@buerger.example.org", "If you did not ask").await.starts_with("Good day,"));
    }

    /// Nothing is anybody's work before the address is confirmed, and opening the link confirms nothing.
    async fn an_address_is_confirmed_first(app: TestApp) {
        let mut app = app;
        let help = app.get("", "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000&lang=en").await.expect(200);
        let way = help["channels"].as_array().unwrap().iter().find(|way| way["form"] == true).unwrap().clone();
        assert!(way["url"].as_str().unwrap().ends_with(&format!("{PATH}?lang=en")), "{way}");
        assert!(app.get("", &PATH.replace("/anfrage", "")).await.body.contains(PATH), "the help page leads there");
        let english = app.get("", &format!("{}?lang=en", PATH.replace("/anfrage", ""))).await.body;
        assert!(english.contains(">Write to us</a>") && !english.contains(">Frage schreiben<"), "{english}");
        let by_ags = app.get("", "/hilfe/wohnsitzanmeldung/01002000/anfrage?lang=en").await;
        assert_eq!(location(&by_ags), format!("{PATH}?lang=en"));

        let sent = location(&writes(&app, &[("text", "Konto DE02 1203 0000 0000 2020 51 geht nicht")], &[("bild.png", PNG)]).await);
        assert!(sent.starts_with(PATH) && !sent.contains("?s=") && !sent.contains("&s="), "the browser gets no secret: {sent}");
        let page = app.get("", &sent).await;
        let number = sent.split("nummer=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        assert!(page.body.contains(&number) && page.body.contains("Kontonummer (IBAN)"), "{}", page.body);
        for words in ["Bestätigen Sie nicht", "Ohne Bestätigung wird alles gelöscht: am ", "Adresse falsch?"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!page.body.contains("Nehmen Sie"), "what is sent cannot be changed: {}", page.body);
        assert_eq!(tickets(&mut app).await, json!([]));
        let central = app.central().await;
        let waiting = app.get(&central, "/api/v1/unconfirmed").await.expect(200);
        assert_eq!((&waiting["items"][0]["number"], waiting["items"].as_array().unwrap().len()), (&json!(number), 1));
        let hamburg = app.token(Role::Central, "02").await;
        assert_eq!(app.get(&hamburg, "/api/v1/unconfirmed").await.expect(200)["items"], json!([]));
        for act in ["take", "discard"] {
            app.post(&hamburg, &format!("/api/v1/unconfirmed/{number}/{act}"), match act { "take" => json!({}), _ => json!({"reason": "x"}) }).await.expect(404);
        }

        let asked = mail_to(&app, "erika@", "bestätigen").await;
        assert!(asked.contains("English: Please confirm with the link above, by "), "{asked}");
        assert!(asked.contains("Ohne Bestätigung bis "), "{asked}");
        let link = link_in(&asked);
        for _ in 0..2 {
            let page = app.get("", &link).await;
            assert_eq!((page.status, page.header("referrer-policy"), page.header("cache-control")), (200, Some("no-referrer"), Some("no-store")));
            assert!(page.body.contains("Haben Sie das geschrieben?"), "{}", page.body);
        }
        assert_eq!(tickets(&mut app).await, json!([]), "opening changes nothing");
        let (_, secret) = number_and_secret(&link);
        let confirm = link.split('?').next().unwrap().to_owned();
        let foreign = app.send("", "POST", &confirm, Some(format!("s={secret}")), &[("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "cross-site")]).await;
        assert_eq!(foreign.status, 403);
        let mut last = String::new();
        for _ in 0..2 {
            last = location(&presses(&app, &confirm, &[("s", &secret)]).await);
        }
        let page = app.get("", &last).await;
        assert!(page.status == 200 && page.body.contains("Eingegangen") && page.body.contains("Sie bekommen eine Antwort per E-Mail"), "{}", page.body);
        let all = tickets(&mut app).await;
        assert_eq!(all.as_array().unwrap().len(), 1);
        let ticket = &all[0];
        assert_eq!((&ticket["number"], &ticket["channel"], &ticket["reply"]), (&json!(number), &json!("web"), &json!({"wish": "email"})));
        assert_eq!(ticket["subject"], "Konto DE02 1203 0000 0000 2020 51 geht nicht");
        let history = app.get(&central, &format!("/api/v1/tickets/{number}/history")).await.expect(200);
        let kinds: Vec<&str> = history["items"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str()).collect();
        assert_eq!(kinds, ["submitted", "attached"]);
        let reporter = app.post(&central, &format!("/api/v1/tickets/{number}/reporter"), json!({"purpose": "Test"})).await.expect(200);
        assert_eq!(reporter["email"], "erika@buerger.example.org");
        assert_eq!(app.get(&central, "/api/v1/unconfirmed").await.expect(200)["items"], json!([]));
    }

    /// Without an address there is nothing to confirm; with only a browser without script neither.
    async fn without_an_address_it_is_a_request_at_once(app: TestApp) {
        let mut app = app;
        let at = location(&writes(&app, &BY_PHONE, &[]).await);
        assert!(at.starts_with("/anfrage/26-") && at.contains("getan=aufgenommen"), "{at}");
        let page = app.get("", &at).await;
        assert!(page.body.contains("Bewahren Sie diesen Link auf") && page.body.contains("Sie werden angerufen"), "{}", page.body);
        assert!(!page.body.contains("Link verloren?"), "there is no address to send it to: {}", page.body);
        let warned = app.get("", &format!("{at}&hinweis=iban")).await.body;
        assert!(warned.contains("Ziehen Sie die Anfrage zurück") && !warned.contains("Nehmen Sie"), "{warned}");
        let unsolved = location(&writes(&app, &[BY_PHONE[0], BY_PHONE[1], BY_PHONE[2], ("loesung", "")], &[]).await);
        assert_ne!(number_and_secret(&unsolved).0, number_and_secret(&at).0);
        assert_eq!(tickets(&mut app).await.as_array().unwrap().len(), 2);
        let (number, secret) = number_and_secret(&at);
        let other = number_and_secret(&unsolved).0;
        assert_eq!(app.get("", &format!("/anfrage/{other}?s={secret}")).await.status, 404, "each secret has its number");
        assert_eq!(app.get("", &format!("/anfrage/{number}?s={secret}&lang=en")).await.status, 200);
        // What confirms is the mail; a link that was shown confirms nothing.
        assert_eq!(presses(&app, &format!("/anfrage/{number}/bestaetigen"), &[("s", &secret)]).await.status, 404);
    }

    /// What is wrong is said at once, with everything that was typed.
    async fn faults_keep_what_was_typed(app: TestApp) {
        let mut app = app;
        let reply = writes(&app, &[("kategorie", ""), ("text", ""), ("mail", "erika@"), ("antwort", "email")], &[]).await;
        assert_eq!(reply.status, 422);
        for words in ["Wählen Sie, worum es geht.", "Schreiben Sie, was nicht funktioniert", "Schreiben Sie Ihre E-Mail-Adresse", "value=\"erika@\"", "value=\"Erika Mustermann\""] {
            assert!(reply.body.contains(words), "{words}: {}", reply.body);
        }
        assert!(reply.body.contains("nötig für die Antwort per E-Mail"), "{}", reply.body);
        for (mail, words) in [("joerg@exam", "fehlt ein Punkt hinter dem @"), ("jörg@müller.example", "stehen vor dem @ Umlaute")] {
            let reply = writes(&app, &[("mail", mail)], &[]).await;
            assert!(reply.status == 422 && reply.body.contains(words), "{mail}: {} {}", reply.status, reply.body);
        }
        let old = writes(&app, &[("kategorie", ""), ("pruefung", "")], &[]).await;
        assert!(old.status == 422 && !old.body.contains("Senden Sie die Frage noch einmal ab"), "{}", old.body);
        let hostile = writes(&app, &[("kategorie", ""), ("text", "</textarea><script>alert(1)</script>")], &[]).await;
        assert!(hostile.status == 422 && !hostile.body.contains("<script>alert"), "{}", hostile.body);
        assert_eq!(tickets(&mut app).await, json!([]));
    }

    /// Each challenge is for one request; forged, replayed, unsolved ones and machines get nowhere.
    async fn the_work_counts_once(app: TestApp) {
        let mut app = app;
        let refused = |reply: Reply, what: &str| {
            assert_eq!(reply.status, 422, "{what}");
            assert!(reply.body.contains("Senden Sie die Frage noch einmal ab") && reply.body.contains("Seit gestern"), "{what}: {}", reply.body);
        };
        let text = challenge_of(&app).await;
        let solution = solve(&text);
        let easier = text.replacen(".8.", ".0.", 1);
        refused(writes(&app, &[("pruefung", &easier), ("loesung", "1")], &[]).await, "forged");
        refused(writes(&app, &[("pruefung", ""), ("loesung", "1")], &[]).await, "none");
        let wrong = (0u32..).map(|n| n.to_string()).find(|n| !challenge::is_solved(&text, 8, n)).unwrap();
        refused(writes(&app, &[("pruefung", &text), ("loesung", &wrong)], &[]).await, "wrong");
        refused(writes(&app, &[("webseite", "https://spam.example")], &[]).await, "trap");
        let own = [("pruefung", text.as_str()), ("loesung", solution.as_str()), BY_PHONE[0], BY_PHONE[1], BY_PHONE[2]];
        let first = number_and_secret(&location(&writes(&app, &own, &[]).await));
        let again = number_and_secret(&location(&writes(&app, &own, &[]).await));
        assert_eq!(first.0, again.0, "the same form is the same request");
        let page = app.get("", &format!("/anfrage/{}?s={}", again.0, again.1)).await;
        assert_eq!(page.status, 200);
        let mut other = own.to_vec();
        other.push(("text", "Etwas anderes. Seit gestern."));
        refused(writes(&app, &other, &[]).await, "replayed");
        // On another instance as well.
        let second = app.second_instance().await;
        let base = std::mem::replace(&mut app.base, format!("http://{}", second.address().unwrap()));
        refused(writes(&app, &other, &[]).await, "replayed elsewhere");
        app.base = base;
        assert_eq!(tickets(&mut app).await.as_array().unwrap().len(), 1);
        second.stop().await;
    }

    /// Whoever has no script is let through, but less often; nothing that was typed is lost.
    async fn without_the_work_fewer_are_taken(app: TestApp) {
        for _ in 0..4 {
            location(&writes(&app, &[("loesung", "")], &[]).await);
        }
        let braked = writes(&app, &[("loesung", "")], &[]).await;
        assert_eq!(braked.status, 429);
        assert!(braked.header("retry-after").is_some() && braked.body.contains("Seit gestern"), "{}", braked.body);
        location(&writes(&app, &[], &[]).await);
    }

    /// A secret is not to be guessed, and a link that was lost comes by mail alone.
    async fn links_are_not_guessed(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let number = ticket["number"].as_str().unwrap().to_owned();
        for (number, mail) in [(number.as_str(), "andere@example.org"), ("26-000000-0", "erika@buerger.example.org"), ("x", "x")] {
            let answer = presses(&app, "/anfrage/link", &[("nummer", number), ("mail", mail)]).await;
            assert_eq!(location(&answer), "/anfrage/link?getan=gesendet");
        }
        let answer = presses(&app, "/anfrage/link", &[("nummer", &number.replace('-', " ")), ("mail", "Erika@Buerger.example.org")]).await;
        assert_eq!(location(&answer), "/anfrage/link?getan=gesendet");
        let link = link_in(&mail_to(&app, "erika@", "wie es um Ihre Anfrage steht").await);
        assert!(!app.smtp.received().iter().any(|mail| mail.to.iter().any(|to| to.contains("andere@"))));
        assert_eq!(app.get("", &link).await.status, 200);
        let statuses: Vec<u16> = {
            let mut all = Vec::new();
            for guess in 0..12 {
                all.push(app.get("", &format!("/anfrage/{number}?s=geraten{guess}")).await.status);
            }
            all
        };
        assert_eq!(statuses[..9], [404; 9]);
        assert!(statuses[9..].iter().all(|status| *status == 429), "{statuses:?}");
        assert_eq!(app.get("", &link).await.status, 200, "whoever has it is let in");
    }

    /// The whole conversation by the link: question, answer, what was answered, not content, taken back.
    async fn a_person_answers_by_the_link(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/wait"), json!({"question": "Welchen Browser nutzen Sie?"})).await.expect(200);
        let link = link_in(&mail_to(&app, "erika@", "Welchen Browser").await);
        let (number, secret) = number_and_secret(&link);
        let page = app.get("", &link).await;
        assert!(page.body.contains("Wir warten auf Ihre Antwort") && page.body.contains("Welchen Browser nutzen Sie?"), "{}", page.body);
        assert!(!page.body.contains("Bitte Abbruch nach BundID"), "nothing of how it is worked on: {}", page.body);
        let say = format!("/anfrage/{number}/schreiben");
        assert_eq!(sends(&app, &say, &[("s", "falsch"), ("text", "x")], &[]).await.status, 404);
        let empty = sends(&app, &say, &[("s", &secret), ("text", " ")], &[]).await;
        assert!(empty.status == 422 && empty.body.contains("Schreiben Sie etwas"), "{}", empty.body);
        let done = location(&sends(&app, &say, &[("s", &secret), ("text", "Firefox 145.")], &[("bild.png", PNG)]).await);
        assert!(app.get("", &done).await.body.contains("Ihre Nachricht ist angekommen"));
        let now = app.get(&central, &path).await.expect(200);
        assert_eq!(now["status"], "escalated", "the 2nd level is still at it");
        mail_to(&app, "zentral@kiel", "die Person hat geschrieben").await;
        location(&sends(&app, &say, &[("s", &secret), ("text", "Auch in Chrome.")], &[]).await);
        app.post(&central, &format!("{path}/answer"), json!({"text": "Bitte Cookies löschen."})).await.expect(200);
        let link = link_in(&mail_to(&app, "erika@", "Cookies löschen").await);
        // What was done before is not told again where something was said since.
        assert!(!app.get("", &done).await.body.contains("Ihre Nachricht ist angekommen"));
        let page = app.get("", &link).await;
        for words in ["Beantwortet", "Bitte Cookies löschen.", "Auch in Chrome.", "Firefox 145.", "bild.png"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        location(&sends(&app, &say, &[("s", &secret), ("text", "Hilft nicht.")], &[]).await);
        assert_eq!(app.get(&central, &path).await.expect(200)["status"], "assessing");
        app.post(&central, &format!("{path}/escalations"), json!({"kind": "technical", "note": "Noch einmal."})).await.expect(201);
        let back = location(&presses(&app, &format!("/anfrage/{number}/zurueckziehen"), &[("s", &secret), ("grund", "Hat sich erledigt.")]).await);
        let page = app.get("", &back).await;
        assert!(page.body.contains("Ihre Anfrage ist zurückgezogen."), "{}", page.body);
        assert!(page.body.contains("Von Ihnen zurückgezogen") && page.body.contains("Hat sich erledigt."), "{}", page.body);
        assert!(page.body.contains("Damit öffnen Sie die Anfrage wieder."), "{}", page.body);
        assert_eq!(app.get(&central, &path).await.expect(200)["status"], "closed");
        let all = app.get(&central, &format!("{path}/escalations")).await.expect(200);
        assert!(all["items"].as_array().unwrap().iter().all(|one| one["status"] == "withdrawn"), "{all} {escalation}");
        mail_to(&app, "zentral@kiel", "zurückgezogen").await;
    }

    /// A file is what it holds, not what it is called; nothing runs from here.
    async fn files_are_what_they_hold(app: TestApp) {
        let mut app = app;
        let polyglot = [PNG, b"%PDF-1.4 <script>alert(1)</script>"].concat();
        for (name, bytes) in [("bild.png", b"MZ\x90\0\x03\0\0\0".as_slice()), ("bild.png", &polyglot), ("seite.txt", b"<!DOCTYPE html><script>alert(1)</script>"), ("leer.png", b"")] {
            let reply = writes(&app, &BY_PHONE, &[(name, bytes)]).await;
            assert!(reply.status == 422 && reply.body.contains("können wir nicht annehmen") && reply.body.contains("Wählen Sie Ihre Dateien noch einmal aus"), "{name}: {} {}", reply.status, reply.body);
        }
        assert_eq!(tickets(&mut app).await, json!([]));
        let large = vec![b'x'; 10 * 1024 * 1024 + 1];
        let reply = writes(&app, &BY_PHONE, &[("viel.txt", &large)]).await;
        assert!(reply.status == 413 && reply.body.contains("zu groß") && reply.body.contains("Seit gestern"), "{}", reply.status);
        let (number, secret) = number_and_secret(&location(&writes(&app, &BY_PHONE, &[("../../etc/bild.exe", PNG), ("notiz.txt", "Grüße".as_bytes())]).await));
        let central = app.central().await;
        let path = format!("/api/v1/tickets/{number}/attachments");
        let list = app.get(&central, &path).await.expect(200);
        let names: Vec<&str> = list["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["bild.png", "notiz.txt"]);
        for reply in [app.get(&central, &format!("{path}/1")).await, app.get("", &format!("/anfrage/{number}/dateien/1?s={secret}")).await] {
            assert_eq!(reply.status, 200);
            assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(reply.header("content-security-policy"), Some("default-src 'none'; sandbox"));
            assert!(reply.header("content-disposition").unwrap().starts_with("attachment; filename=\"bild.png\""));
        }
        let hamburg = app.token(Role::Central, "02").await;
        for path in [path.clone(), format!("{path}/1")] {
            app.get(&hamburg, &path).await.expect(404);
        }
        assert_eq!(app.get("", &format!("/anfrage/{number}/dateien/1?s=falsch")).await.status, 404);
        app.get(&central, &format!("{path}/3")).await.expect(404);

        // Staff add files too.
        let agent = app.agent().await;
        let octets = [("Content-Type", "application/octet-stream")];
        let add = |token: String, name: &'static str, body: &'static str| {
            let (app, path) = (&app, format!("{path}?name={name}"));
            async move { app.send(&token, "POST", &path, Some(body.to_owned()), &octets).await }
        };
        let added = add(agent, "protokoll.pdf", "%PDF-1.7 x").await;
        assert_eq!(added.status, 201, "{}", added.body);
        assert_eq!((&added.json()["number"], &added.json()["media"]), (&json!(3), &json!("application/pdf")));
        add(central.clone(), "a.exe", "MZ").await.expect_fault(422, "files");
        assert_eq!(add(hamburg.clone(), "a.pdf", "%PDF-1.7 x").await.status, 404);
        let wrong = app.send(&central, "POST", &format!("{path}?name=a.pdf"), Some("%PDF-1.7".into()), &[("Content-Type", "text/plain")]).await;
        assert_eq!(wrong.status, 415);

        // All of it is handed out and erased with the request.
        let keeper = app.token(Role::DataProtection, "").await;
        let kept = app.get(&keeper, &format!("/api/v1/tickets/{number}/export")).await.expect(200);
        assert_eq!(kept["attachments"].as_array().unwrap().len(), 3);
        presses(&app, &format!("/anfrage/{number}/zurueckziehen"), &[("s", &secret)]).await;
        app.post(&keeper, &format!("/api/v1/tickets/{number}/erase"), json!({"reason": "Antrag"})).await.expect(200);
        assert_eq!(app.get(&central, &path).await.expect(200)["items"], json!([]));
        assert_eq!(app.get("", &format!("/anfrage/{number}?s={secret}")).await.status, 404);
    }

    /// Without the switch there is help as before, and no form; only a page can be one.
    async fn it_is_switched_by_the_channel(app: TestApp) {
        let mut app = app;
        assert_eq!(location(&app.get("", "/hilfe/wohnsitzanmeldung/020000000000/anfrage").await), "/hilfe/wohnsitzanmeldung/020000000000");
        assert_eq!(app.get("", "/hilfe/gibt-es-nicht/010020000000/anfrage").await.status, 404);
        assert_eq!(app.get("", "/hilfe/wohnsitzanmeldung/999999999999/anfrage").await.status, 404);
        let admin = app.token(Role::Admin, "").await;
        let channels = app.get(&admin, "/api/v1/channels?ars=01002").await.expect(200);
        let own = channels["items"].as_array().unwrap().iter().find(|one| one["form"] == true).unwrap().clone();
        let new = |more: Value| {
            let mut body = json!({"service": "wohnsitzanmeldung", "ars": "010020000000", "label": "Frage", "form": true});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        app.post(&admin, "/api/v1/channels", new(json!({"kind": "phone", "phone": "0431 1"}))).await.expect_fault(422, "form");
        app.post(&admin, "/api/v1/channels", new(json!({"kind": "web", "url": "https://x.example"}))).await.expect_fault(422, "form");
        let table = "Dienst;ARS;Art;Bezeichnung;Formular\nwohnsitzanmeldung;010020000000;Formular;Frage schreiben;ja\n";
        let plan = app.send(&admin, "POST", "/api/v1/imports/channels?preview=true", Some(table.into()), &[("Content-Type", "text/csv")]).await.expect(200);
        assert_eq!(plan["rows"][0]["action"], "unchanged", "{plan}");
        let export = app.get(&admin, "/api/v1/exports/help?format=xzufi").await;
        assert!(export.body.contains(PATH), "{}", export.body);
        let path = format!("/api/v1/channels/{}", own["id"].as_str().unwrap());
        app.send(&admin, "DELETE", &path, None, &[]).await;
        crate::support::wait::wait_for_some("the switch", Duration::from_secs(5), || async {
            (app.get("", PATH).await.status == 303).then_some(())
        })
        .await;
        let help = app.get("", "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000").await;
        assert!(!help.body.contains("/anfrage"), "{}", help.body);
    }

    /// Staff decide about what nobody confirms: they take it up, or discard it with a reason, and it is gone.
    async fn staff_decide_about_the_unconfirmed(app: TestApp) {
        let mut app = app;
        let number = |at: &str| at.split("nummer=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let (first, second) = (number(&location(&writes(&app, &[], &[]).await)), number(&location(&writes(&app, &[], &[("a.png", PNG)]).await)));
        let central = app.central().await;
        let taken = app.post(&central, &format!("/api/v1/unconfirmed/{first}/take"), json!({})).await.expect(200);
        assert_eq!(taken["number"], json!(first));
        app.post(&central, &format!("/api/v1/unconfirmed/{first}/take"), json!({})).await.expect(409);
        app.post(&central, &format!("/api/v1/unconfirmed/{second}/discard"), json!({"reason": ""})).await.expect(422);
        let gone = app.post(&central, &format!("/api/v1/unconfirmed/{second}/discard"), json!({"reason": "Werbung"})).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        app.post(&central, &format!("/api/v1/unconfirmed/{second}/take"), json!({})).await.expect(409);
        assert_eq!(tickets(&mut app).await.as_array().unwrap().len(), 1);
        let agent = app.agent().await;
        app.get(&agent, "/api/v1/unconfirmed").await.expect(403);
    }
}

/// Old and new forms, and what nobody confirms, by the clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_passes() {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let more = "[public_form]\ndifficulty = 8\nquickest = \"3s\"\nform_valid_for = \"6h\"\nunconfirmed_kept = \"14d\"\n\
                [attachments]\nkept = \"30d\"\n";
    let mut app = started(Kind::Sqlite, more, clock.clone()).await;
    let central = app.central().await;
    let own = async |app: &TestApp, text: &str| {
        let solution = solve(text);
        writes(
            app,
            &[("pruefung", text), ("loesung", &solution), BY_PHONE[0], BY_PHONE[1], BY_PHONE[2]],
            &[("a.png", PNG)],
        )
        .await
    };
    let text = challenge_of(&app).await;
    assert_eq!(own(&app, &text).await.status, 422, "nobody writes so fast");
    clock.advance(TimeDelta::seconds(3));
    let (number, secret) = number_and_secret(&location(&own(&app, &text).await));
    let old = challenge_of(&app).await;
    clock.advance(TimeDelta::hours(6) + TimeDelta::seconds(1));
    assert_eq!(own(&app, &old).await.status, 422, "too old");

    // By mail, and never confirmed.
    let fresh = challenge_of(&app).await;
    clock.advance(TimeDelta::seconds(5));
    let solution = solve(&fresh);
    let sent = location(&writes(&app, &[("pruefung", &fresh), ("loesung", &solution)], &[("a.png", PNG)]).await);
    let link = link_in(&mail_to(&app, "erika@", "bestätigen").await);
    clock.advance(TimeDelta::days(15));
    let desk = app.app.escalations.desk().clone();
    round(&desk).await.unwrap();
    let (late, late_secret) = number_and_secret(&link);
    assert!(sent.contains(&late));
    let answer = presses(&app, &format!("/anfrage/{late}/bestaetigen"), &[("s", &late_secret)]).await;
    let page = app.get("", &location(&answer)).await;
    assert!(page.body.contains("Gelöscht") && !page.body.contains("Fehler 500"), "{}", page.body);
    assert_eq!(app.get(&central, "/api/v1/unconfirmed").await.expect(200)["items"], json!([]));

    // Files go when their request has ended long enough ago.
    location(&presses(&app, &format!("/anfrage/{number}/zurueckziehen"), &[("s", &secret)]).await);
    let path = format!("/api/v1/tickets/{number}/attachments");
    delete_past(&desk).await.unwrap();
    assert_eq!(app.get(&central, &path).await.expect(200)["items"][0]["is_available"], true);
    clock.advance(TimeDelta::days(31));
    delete_past(&desk).await.unwrap();
    assert_eq!(app.get(&central, &path).await.expect(200)["items"][0]["is_available"], false);
    app.get(&central, &format!("{path}/1")).await.expect(409);
    // And links end.
    clock.advance(TimeDelta::days(200));
    assert_eq!(app.get("", &format!("/anfrage/{number}?s={secret}")).await.status, 404);
}

/// clamd decides: what it finds is refused; while it is away files wait and cannot be opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn harmful_files_are_found() {
    let clamd = ClamdPeer::start().await;
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let more = format!("{MORE}[attachments]\nclamd = \"{}\"\n", clamd.address());
    let mut app = started(Kind::Sqlite, &more, clock.clone()).await;
    let (central, desk) = (app.central().await, app.app.escalations.desk().clone());
    let harmful = eicar();
    let reply = writes(&app, &BY_PHONE, &[("gut.png", PNG), ("eicar.txt", &harmful)]).await;
    assert!(
        reply.status == 422 && reply.body.contains("schädliche Software") && reply.body.contains("eicar.txt"),
        "{}",
        reply.body
    );
    assert_eq!(clamd.seen(), [PNG.len(), harmful.len()]);
    let (number, _) = number_and_secret(&location(&writes(&app, &BY_PHONE, &[("gut.png", PNG)]).await));
    let path = format!("/api/v1/tickets/{number}/attachments");
    assert_eq!(app.get(&central, &path).await.expect(200)["items"][0]["scan"], "clean");

    clamd.set(Mood::Down);
    let (number, secret) =
        number_and_secret(&location(&writes(&app, &BY_PHONE, &[("a.png", PNG), ("eicar.txt", &harmful)]).await));
    let path = format!("/api/v1/tickets/{number}/attachments");
    let list = app.get(&central, &path).await.expect(200);
    assert_eq!((&list["items"][0]["scan"], &list["items"][0]["is_available"]), (&json!("unchecked"), &json!(false)));
    app.get(&central, &format!("{path}/1")).await.expect(409);
    let page = app.get("", &format!("/anfrage/{number}?s={secret}")).await;
    assert!(page.body.contains("Wird noch geprüft") && !page.body.contains("/dateien/1"), "{}", page.body);
    clock.advance(TimeDelta::minutes(2));
    assert_eq!(look_again(&desk).await.unwrap(), 0, "it is away");
    app.get(&central, &format!("{path}/1")).await.expect(409);
    clamd.set(Mood::Looks);
    clock.advance(TimeDelta::minutes(2));
    // The loop of the application may be at it as well.
    look_again(&desk).await.unwrap();
    let is_looked_at = |list: &Value| list["items"][0]["scan"] == "clean" && list["items"][1]["scan"] == "infected";
    app.wait_until(&central, &path, "a verdict", is_looked_at).await;
    assert_eq!(app.get(&central, &format!("{path}/1")).await.status, 200);
    let list = app.get(&central, &path).await.expect(200);
    assert_eq!((&list["items"][1]["scan"], &list["items"][1]["is_available"]), (&json!("infected"), &json!(false)));
    app.get(&central, &format!("{path}/2")).await.expect(409);
    let history = app.get(&central, &format!("/api/v1/tickets/{number}/history")).await.expect(200);
    assert!(history["items"].as_array().unwrap().iter().any(|entry| entry["kind"] == "attachment_removed"));
    clamd.set(Mood::FindsAll);
    assert_eq!(writes(&app, &BY_PHONE, &[("a.png", PNG)]).await.status, 422);
    taken(&app).await;
}
