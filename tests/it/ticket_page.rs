//! The page of one request: what its buttons do, two people at once, what leaves and what stays here, text modules, the
//! file for the records, and the 2nd level by log-in.

use std::io::{Cursor, Read};
use std::time::Duration;

use chrono::TimeDelta;
use lotse::access::{Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::inbound::take::{Arrival, take};
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, LoggedIn, Reply, TestApp, a_ticket, client};
use crate::support::smtp::{Mail, Reaction, Stage};
use crate::support::wait::wait_for_some;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub async fn central(app: &TestApp, login: &str) -> LoggedIn {
    let scope = Scope::region("01002".parse().unwrap());
    app.person(login, vec![Grant { role: Role::Central, scope, contact: None }]).await
}

pub async fn second_level(app: &TestApp, login: &str, contact: &str) -> LoggedIn {
    let contact = Some(contact.parse().unwrap());
    app.person(login, vec![Grant { role: Role::SecondLevel, scope: Scope::everywhere(), contact }]).await
}

async fn page(app: &TestApp, person: &LoggedIn, path: &str) -> Reply {
    app.send("", "GET", path, None, &[("Cookie", &person.cookie), ("Accept-Language", "de")]).await
}

async fn sends(app: &TestApp, person: &LoggedIn, path: &str, typed: &[(&str, &str)]) -> Reply {
    let typed = [("csrf", person.csrf.as_str())].into_iter().chain(typed.iter().copied());
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    app.send("", "POST", path, Some(body), &[FORM, ("Cookie", &person.cookie), ("Accept-Language", "de")]).await
}

/// What a page's forms say that its reader has seen last.
fn seen(page: &str) -> &str {
    page.split("name=\"stand\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form")
}

fn number(ticket: &Value) -> &str {
    ticket["number"].as_str().unwrap()
}

/// Subject and text of a mail, decoded.
fn whole(mail: &Mail) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    format!("{}\n{}", parsed.subject().unwrap_or_default(), parsed.body_text(0).unwrap_or_default())
}

async fn mail_to(app: &TestApp, address: &str, words: &str) -> Mail {
    wait_for_some(format!("a mail «{words}» to {address}"), Duration::from_secs(20), || async {
        let here = |mail: &Mail| mail.to.iter().any(|to| to == address) && whole(mail).contains(words);
        app.smtp.received().into_iter().find(here)
    })
    .await
}

/// A reply of the 2nd level with a quote, a signature and a file, that only says something.
pub async fn comment_by_mail(app: &TestApp, number: &str) {
    let question = mail_to(app, "technik@dataport.example.org", number).await;
    let (to, thread) = (question.header("Reply-To").unwrap(), question.message_id().unwrap());
    let raw = format!(
        "From: Technik <technik@dataport.example.org>\r\nTo: {to}\r\nSubject: Re: [{number}]\r\nIn-Reply-To: {thread}\r\n\
         Message-ID: <{}@mail.example.org>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Wir sehen im Protokoll einen Abbruch.\r\n\r\nAm 24.11.2026 um 10:00 schrieb Lotse <lotse@example.org>:\r\n> Das Zitat von unten\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"protokoll.txt\"\r\n\r\nFehler 500\r\n--b--\r\n",
        uuid::Uuid::now_v7()
    )
    .into_bytes();
    let size = i64::try_from(raw.len()).unwrap();
    let arrival = Arrival { mailbox: "pipe".into(), uid: None, recipient: None, raw, size };
    take(&app.app.inbound, arrival).await.unwrap();
}

on_both! {
    /// The whole way of a request by the buttons of its page, each told in the story.
    async fn a_request_goes_its_way(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let (person, at) = (central(&app, "petersen").await, format!("/anfragen/{}", number(&ticket)));
        let first = page(&app, &person, &at).await;
        assert_eq!(first.status, 200, "{}", first.body);
        for words in ["Ich übernehme die Anfrage", "hat die Anfrage aufgenommen (115)", "Technisch eskalieren", "/fristen?nummer="] {
            assert!(first.body.contains(words), "{words}: {}", first.body);
        }
        assert!(!first.body.contains("Erika") && !first.body.contains("erika@"), "nobody has opened who asked");
        for (word, typed, told) in [
            ("uebernahme", vec![], "<strong>Sie</strong> haben die Anfrage übernommen."),
            ("notiz", vec![("notiz", "Rückruf versprochen")], "Rückruf versprochen"),
            ("thema", vec![("thema", "payment")], "Bezahlung“ geändert"),
            ("dringlichkeit", vec![("dringlichkeit", "P2")], "von P3 auf P2 geändert"),
            ("rueckfrage", vec![("rueckfrage", "Welcher Browser?")], "die Frist ruht:"),
            ("weiter", vec![("weiter", "Firefox 145")], "Firefox 145"),
            ("zwischenstand", vec![("zwischenstand", "Wir prüfen."), ("bis", "2099-01-01T10:00")], "neue Frist 01.01.2099"),
            ("antwort", vec![("antwort", "Es geht wieder.")], "haben der Person geantwortet:"),
            ("oeffnen", vec![("oeffnen", "Geht doch nicht")], "wieder geöffnet:"),
            ("ablehnung", vec![("ablehnung", "Nicht unser Dienst")], "Nicht unser Dienst"),
            ("abschluss", vec![], "die Anfrage abgeschlossen."),
        ] {
            let before = page(&app, &person, &at).await.body;
            let typed: Vec<_> = typed.into_iter().chain([("stand", seen(&before))]).collect();
            let sent = sends(&app, &person, &format!("{at}/{word}"), &typed).await;
            assert_eq!((sent.status, sent.header("location")), (303, Some(format!("{at}?getan=ticket-{word}").as_str())), "{word}: {}", sent.body);
            let after = page(&app, &person, sent.header("location").unwrap()).await.body;
            assert!(after.contains(told), "{word}: {told} in {after}");
        }
        // What is not possible any more is not offered.
        let last = page(&app, &person, &at).await.body;
        assert!(last.contains("tun-oeffnen") && !last.contains("tun-antwort") && !last.contains("tun-eskalieren"), "{last}");
        // Without a text nothing happens, and the form says so.
        let empty = sends(&app, &person, &format!("{at}/oeffnen"), &[("stand", seen(&last)), ("oeffnen", " ")]).await;
        assert!(empty.status == 422 && empty.body.contains("oeffnen-fehler"), "{}", empty.body);
        // By its id as well, and to nobody else.
        let by_id = page(&app, &person, &format!("/anfragen/{}", ticket["id"].as_str().unwrap())).await;
        assert_eq!((by_id.status, by_id.header("location")), (303, Some(at.as_str())));
        let foreign = app.person("fremd", vec![Grant { role: Role::Central, scope: Scope::region("02".parse().unwrap()), contact: None }]).await;
        for path in [at.clone(), format!("{at}/druck")] {
            assert_eq!(page(&app, &foreign, &path).await.status, 404, "{path}");
        }
        assert_eq!(sends(&app, &foreign, &format!("{at}/notiz"), &[("notiz", "x")]).await.status, 404);
        let agent = app.person("brandt", vec![Grant { role: Role::Agent, scope: Scope::region("01".parse().unwrap()), contact: None }]).await;
        let seen_by_agent = page(&app, &agent, &at).await.body;
        assert!(!seen_by_agent.contains("tun-oeffnen") && !seen_by_agent.contains("/akte\""), "{seen_by_agent}");
        assert_eq!(sends(&app, &agent, &format!("{at}/oeffnen"), &[("oeffnen", "x")]).await.status, 403);
    }

    /// Who acts on an old state changes nothing, reads what is new, and keeps what they typed.
    async fn two_people_do_not_overwrite_each_other(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let (one, at) = (central(&app, "petersen").await, format!("/anfragen/{}", number(&ticket)));
        let other = central(&app, "andersen").await;
        sends(&app, &one, &format!("{at}/uebernahme"), &[]).await;
        let old = page(&app, &one, &at).await.body;
        let stand = seen(&old).to_owned();
        sends(&app, &other, &format!("{at}/notiz"), &[("notiz", "Ruft um 14 Uhr zurück")]).await;
        let typed = [("stand", stand.as_str()), ("antwort", "Lange getippt.")];
        let stale = sends(&app, &one, &format!("{at}/antwort"), &typed).await;
        assert_eq!(stale.status, 409, "{}", stale.body);
        for words in ["Inzwischen hat andersen etwas getan", ">neu</strong>", "Ruft um 14 Uhr zurück", "Lange getippt.</textarea>"] {
            assert!(stale.body.contains(words), "{words}: {}", stale.body);
        }
        let token = app.central().await;
        assert_eq!(app.get(&token, &format!("/api/v1/tickets/{}", number(&ticket))).await.expect(200)["status"], "assessing");
        let again = [("stand", seen(&stale.body)), ("antwort", "Lange getippt.")];
        assert_eq!(sends(&app, &one, &format!("{at}/antwort"), &again).await.status, 303, "read, and sent again");
        // Somebody else's request is told by name.
        let second = app.submit().await;
        let at = format!("/anfragen/{}", number(&second));
        sends(&app, &other, &format!("{at}/uebernahme"), &[]).await;
        let held = sends(&app, &one, &format!("{at}/antwort"), &[("antwort", "x")]).await;
        assert!(held.status == 409 && held.body.contains("andersen hat die Anfrage. Sprechen Sie sich ab"), "{}", held.body);
        // Who opens it is told before they write, with the way to the button; who has it is not.
        let words = "andersen hat die Anfrage. Bevor Sie antworten oder entscheiden:";
        let before = page(&app, &one, &at).await.body;
        assert!(before.contains(words) && before.contains("href=\"#tun-freigabe\"") && before.contains("id=\"tun-freigabe\""), "{before}");
        assert!(!page(&app, &other, &at).await.body.contains("hat die Anfrage. Bevor Sie"));
        sends(&app, &one, &format!("{at}/freigabe"), &[]).await;
        assert!(!page(&app, &one, &at).await.body.contains("hat die Anfrage. Bevor Sie"), "nobody has it");
    }

    /// Who escalates is told where the person is promised an answer before the 2nd level has to give one.
    async fn a_promise_before_the_answer_is_told(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let (person, at) = (central(&app, "petersen").await, format!("/anfragen/{}", number(&ticket)));
        sends(&app, &person, &format!("{at}/uebernahme"), &[]).await;
        let sooner = "die Frist des 2nd Levels endet frühestens";
        let shown = page(&app, &person, &at).await.body;
        assert!(shown.contains("Wer es bekommt") && shown.contains(sooner), "{shown}");
        let later = [("zwischenstand", "Wir sind dran."), ("bis", "2099-01-01T10:00"), ("stand", seen(&shown))];
        let sent = sends(&app, &person, &format!("{at}/zwischenstand"), &later).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        let shown = page(&app, &person, &at).await.body;
        assert!(shown.contains("Wer es bekommt") && !shown.contains(sooner), "{shown}");
    }

    /// What is left out leaves in no message, on no page and by no interface of the other side.
    async fn what_is_left_out_stays_here(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        let mut new = a_ticket();
        new["description"] = json!("Konto DE89 3704 0044 0532 0130 00 belastet, geboren 03.11.1971.");
        let ticket = app.post(&agent, "/api/v1/tickets", new).await.expect(201);
        let (person, at) = (central(&app, "petersen").await, format!("/anfragen/{}", number(&ticket)));
        sends(&app, &person, &format!("{at}/uebernahme"), &[]).await;
        let kind = [("art", "functional"), ("eskalieren", "Karte 4111 1111 1111 1111?"), ("nur", "vorschau")];
        let shown = sends(&app, &person, &format!("{at}/eskalieren"), &kind).await.body;
        for words in ["Name und Adressen der Person werden mitgesendet.", "ein Geburtsdatum", "eine IBAN", "Kiel, Meldewesen", "DE89 3704"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        let less: Vec<_> = kind.into_iter().chain([("ohne-reporter", "ja"), ("ohne-numbers", "ja")]).collect();
        let shown = sends(&app, &person, &format!("{at}/eskalieren"), &less).await.body;
        let (_, preview) = shown.split_once("id=\"vorschau-eskalieren\"").unwrap();
        let preview = preview.split("</form>").next().unwrap();
        assert!(preview.contains("bleiben hier.") && preview.contains("█████") && !preview.contains("DE89"), "{preview}");
        let sent = sends(&app, &person, &format!("{at}/eskalieren"), &less[..2].iter().chain(&less[3..]).copied().collect::<Vec<_>>()).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        // The story has the texts in full; that the other side has them without numbers stands there too.
        for path in [at.clone(), format!("{at}/druck")] {
            let told = page(&app, &person, &path).await.body;
            assert!(told.contains("ohne Name und Adressen · Nummern geschwärzt"), "{path}: {told}");
        }
        let mail = mail_to(&app, "meldewesen@kiel.example.org", number(&ticket)).await;
        let desk = app.token(Role::SecondLevel, "kiel-meldewesen").await;
        let own = app.get(&desk, "/api/v1/escalations").await.expect(200);
        let id = own["items"][0]["id"].as_str().unwrap().to_owned();
        let one = app.get(&desk, &format!("/api/v1/escalations/{id}")).await.expect(200);
        assert_eq!(one["withheld"], json!(["reporter", "numbers"]));
        let link = whole(&mail).split_whitespace().find_map(|word| Some(word.strip_prefix(&app.app_url())?.to_owned()).filter(|path| path.starts_with("/eskalation/"))).unwrap();
        let behind = app.get("", link.trim_end_matches("/acknowledge")).await.body;
        let by_log_in = second_level(&app, "sachbearbeitung", "kiel-meldewesen").await;
        let behind_log_in = page(&app, &by_log_in, &format!("/eskalationen/{id}")).await.body;
        let answer = app.post(&desk, &format!("/api/v1/escalations/{id}/acknowledge"), json!({})).await.expect(200);
        app.post(&desk, &format!("/api/v1/escalations/{id}/answer"), json!({"text": "Geklärt."})).await.expect(200);
        let ended = app.get(&desk, "/api/v1/escalations?ended=true").await.expect(200);
        for seen in [whole(&mail), own.to_string(), one.to_string(), behind, behind_log_in, answer.to_string(), ended.to_string()] {
            assert!(seen.contains("█████"), "{seen}");
            for personal in ["Erika", "erika@", "DE89", "03.11.1971", "4111"] {
                assert!(!seen.contains(personal), "{personal} has left: {seen}");
            }
        }
        // Here everything is as it was.
        assert!(page(&app, &person, &at).await.body.contains("DE89 3704"));
    }

    /// Texts of the region and above, filled in; kept by those who assess there.
    async fn texts_are_kept_and_filled_in(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let (kiel, admin, hamburg) = (app.central().await, app.token(Role::Admin, "").await, app.token(Role::Central, "02").await);
        let new = |region: &str, title: &str, body: &str| json!({"region": region, "language": "de", "title": title, "body": body});
        let own = app.post(&kiel, "/api/v1/text-modules", new("01002", "Standard", "Zu {nummer} ({dienst}, {ort}): erledigt.")).await.expect(201);
        app.post(&kiel, "/api/v1/text-modules", new("", "Überall", "x")).await.expect_fault(422, "region");
        app.post(&kiel, "/api/v1/text-modules", new("01002", "Loch", "Hallo {name}")).await.expect_fault(422, "body");
        let wide = app.post(&admin, "/api/v1/text-modules", new("", "Für alle", "Guten Tag.")).await.expect(201);
        app.post(&hamburg, "/api/v1/text-modules", new("02", "Hamburg", "Moin.")).await.expect(201);
        let texts = app.get(&kiel, &format!("/api/v1/tickets/{}/texts", number(&ticket))).await.expect(200);
        let titles: Vec<&str> = texts["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["Für alle", "Standard"]);
        let expected = format!("Zu {} (Elektronische Wohnsitzanmeldung, Kiel, Landeshauptstadt): erledigt.", number(&ticket));
        assert_eq!(texts["items"][1]["text"], expected);
        let at = |one: &Value| format!("/api/v1/text-modules/{}", one["id"].as_str().unwrap());
        let mut change = new("01002", "Standard", "Neu: {nummer}");
        change["version"] = json!(1);
        app.send(&kiel, "PUT", &at(&own), Some(change.to_string()), &[]).await.expect(200);
        app.send(&kiel, "PUT", &at(&own), Some(change.to_string()), &[]).await.expect(409);
        app.send(&kiel, "DELETE", &at(&wide), None, &[]).await.expect(403);
        app.get(&hamburg, &at(&own)).await.expect(404);
        app.send(&hamburg, "DELETE", &at(&own), None, &[]).await.expect(404);
        // The page does the same; in the form of an answer the text stands where one writes.
        let person = central(&app, "petersen").await;
        let listed = page(&app, &person, "/textbausteine").await.body;
        assert!(listed.contains("Standard") && listed.contains("Für alle") && !listed.contains(">Hamburg<"), "{listed}");
        let typed = [("titel", "Zweiter"), ("text", "Hallo {nummer}"), ("sprache", "en"), ("dienst", ""), ("gebiet", "010020000000")];
        assert_eq!(sends(&app, &person, "/textbausteine", &typed).await.status, 303);
        let foreign = sends(&app, &person, "/textbausteine", &[("titel", "x"), ("text", "y"), ("gebiet", "02")]).await;
        assert!(foreign.status == 422 && foreign.body.contains("gebiet-fehler"), "{}", foreign.body);
        let form = format!("/anfragen/{}", number(&ticket));
        sends(&app, &person, &format!("{form}/uebernahme"), &[]).await;
        let id = own["id"].as_str().unwrap();
        let filled = sends(&app, &person, &format!("{form}/antwort"), &[("nur", "baustein"), ("baustein", id), ("antwort", "Moin.")]).await.body;
        assert!(filled.contains(&format!("Moin.\n\nNeu: {}</textarea>", number(&ticket))), "{filled}");
        assert!(filled.contains("Guten Tag [Name],"), "what the person gets: {filled}");
    }

    /// The letter that is shown is the letter that goes out.
    async fn the_person_gets_what_was_shown(app: TestApp) {
        let mut app = app;
        let ticket = app.submit().await;
        let (kiel, at) = (app.central().await, format!("/api/v1/tickets/{}", number(&ticket)));
        app.post(&kiel, &format!("{at}/claim"), json!({})).await.expect(200);
        let shown = app.post(&kiel, &format!("{at}/letter"), json!({"kind": "answer", "text": "Es geht wieder."})).await.expect(200);
        app.post(&kiel, &format!("{at}/answer"), json!({"text": "Es geht wieder."})).await.expect(200);
        let mail = mail_to(&app, "erika@buerger.example.org", "Es geht wieder.").await;
        let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
        assert_eq!(parsed.subject().unwrap(), shown["subject"]);
        let said = shown["text"].as_str().unwrap().replace("[Name]", "Erika Mustermann");
        let (sent, link) = (parsed.body_text(0).unwrap().replace("\r\n", "\n"), format!("{}?s=", number(&ticket)));
        let (words, end) = sent.trim().rsplit_once('\n').unwrap();
        assert_eq!((words, "[Link]"), said.trim().rsplit_once('\n').unwrap());
        assert!(end.contains(&link), "{end}");
    }

    /// The same bytes for the same request, with its attachments; who asked only where it was wanted; on record.
    async fn the_file_is_whole_and_the_same(app: TestApp) {
        let mut app = app;
        let (ticket, _) = app.escalated("technical").await;
        comment_by_mail(&app, number(&ticket)).await;
        let person = central(&app, "petersen").await;
        let at = format!("/anfragen/{}", number(&ticket));
        let shown = page(&app, &person, &at).await.body;
        for words in ["Wir sehen im Protokoll einen Abbruch.", "Das Zitat von unten", "/attachments/1\" download>protokoll.txt", "Als Antwort an die Person übernehmen"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        let entry = shown.split("tun=antwort&#38;aus=").nth(1).or(shown.split("aus=").nth(1)).unwrap().split(['#', '&']).next().unwrap();
        let taken = page(&app, &person, &format!("{at}?tun=antwort&aus={entry}")).await.body;
        assert!(taken.contains("Wir sehen im Protokoll einen Abbruch.</textarea>"), "{taken}");
        let saves = async |typed: &str| {
            let body = format!("csrf={}{typed}", person.csrf);
            let sent = client().post(format!("{}{at}/akte", app.base)).header("Cookie", &person.cookie).header(FORM.0, FORM.1).body(body);
            let answer = sent.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"akte-26-"));
            answer.bytes().await.unwrap()
        };
        // What was sent has arrived first, so that nothing moves between two exports.
        mail_to(&app, "technik@dataport.example.org", number(&ticket)).await;
        let central_token = app_central_of(&app).await;
        app.wait_until(&central_token, &format!("/api/v1/tickets/{}/history", number(&ticket)), "both sent", |all| {
            all["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "escalation_sent").count() == 2
        }).await;
        let (first, second) = (saves("").await, saves("").await);
        assert_eq!(first, second, "the same request makes the same file");
        let read = |bytes: &[u8]| {
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes.to_vec())).unwrap();
            let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
            let mut texts = Vec::new();
            for name in &names {
                let mut text = String::new();
                archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
                texts.push(text);
            }
            (names, texts)
        };
        let (names, texts) = read(&first);
        assert_eq!(names, ["akte.html", "akte.json", "anhaenge/01-protokoll.txt"]);
        assert!(texts[0].contains("Wir sehen im Protokoll") && !texts[0].contains("/assets/"), "{}", texts[0]);
        assert_eq!(texts[2].trim(), "Fehler 500");
        let data: Value = serde_json::from_str(&texts[1]).unwrap();
        assert_eq!((&data["ticket"]["number"], &data["reporter"]), (&ticket["number"], &Value::Null));
        assert!(!texts[0].contains("Erika") && !texts[1].contains("Erika"));
        let (_, with) = read(&saves("&person=ja").await);
        assert!(with[0].contains("Erika Mustermann") && with[1].contains("erika@buerger.example.org"));
        let auditor = app.token(Role::Auditor, "").await;
        let log = app.get(&auditor, "/api/v1/audit?action=ticket.exported").await.expect(200);
        assert_eq!(log["items"].as_array().unwrap().len(), 3, "{log}");
        assert_eq!(log["items"][0]["after"], json!({"part": "file", "reporter": true}));
        let history = app.get(&auditor, &format!("/api/v1/tickets/{}/history", number(&ticket))).await.expect(200).to_string();
        assert!(history.contains("\"purpose\":\"Akte\""), "{history}");
        let print = page(&app, &person, &format!("{at}/druck")).await;
        assert!(print.status == 200 && print.body.contains("Wir sehen im Protokoll"), "{}", print.body);
    }

    /// How a message went stands in plain words, and a person may try again at once.
    async fn a_message_is_tried_again_now(app: TestApp) {
        let mut app = app;
        app.smtp.on(Stage::Rcpt, Reaction::Reply(451, "4.3.0 later")).when_recipient("technik@dataport.example.org").times(1);
        let (ticket, _) = app.escalated("technical").await;
        let person = central(&app, "petersen").await;
        let at = format!("/anfragen/{}", number(&ticket));
        let shown = wait_for_some("the failure on the page", Duration::from_secs(20), || async {
            Some(page(&app, &person, &at).await.body).filter(|body| body.contains("Mail noch nicht angenommen (1 Versuche)"))
        }).await;
        assert!(shown.contains("4.3.0 later") && shown.contains("noch nicht bestätigt"), "{shown}");
        let retry = shown.split(&format!("action=\"{at}/nachrichten/")).nth(1).unwrap().split('"').next().unwrap();
        let sent = sends(&app, &person, &format!("{at}/nachrichten/{retry}"), &[]).await;
        assert_eq!(sent.header("location"), Some(format!("{at}?getan=message-retried").as_str()), "{}", sent.body);
        mail_to(&app, "technik@dataport.example.org", number(&ticket)).await;
        let shown = wait_for_some("the success on the page", Duration::from_secs(20), || async {
            Some(page(&app, &person, &at).await.body).filter(|body| body.contains("Mail angenommen heute"))
        }).await;
        assert!(shown.contains("noch nicht bestätigt, nächste Stufe"), "{shown}");
        assert_eq!(sends(&app, &person, &format!("{at}/nachrichten/{retry}"), &[]).await.status, 409, "it has arrived");
    }

    /// Questions, proposals and withdrawing by the page; the 2nd level by its own log-in.
    async fn the_second_level_has_its_own_place(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let (ours, theirs) = (central(&app, "petersen").await, second_level(&app, "technik", "technik").await);
        let (at, id) = (format!("/anfragen/{}", number(&ticket)), escalation["id"].as_str().unwrap());
        let list = page(&app, &theirs, "/eskalationen").await;
        assert!(list.status == 200 && list.body.contains("Neu für Sie") && list.body.contains(number(&ticket)), "{}", list.body);
        let one = format!("/eskalationen/{id}");
        let view = page(&app, &theirs, &one).await.body;
        assert!(view.contains("Ich kümmere mich darum") && view.contains("name=\"csrf\"") && !view.contains("Erika"), "{view}");
        let asked = sends(&app, &theirs, &format!("{one}/ask"), &[("question", "Welcher Browser?")]).await;
        assert_eq!((asked.status, asked.header("location")), (303, Some(format!("{one}?getan=ask").as_str())), "{}", asked.body);
        assert!(page(&app, &theirs, asked.header("location").unwrap()).await.body.contains("Rückfrage gesendet"));
        let missing = sends(&app, &theirs, &format!("{one}/return"), &[("reason", " ")]).await;
        assert!(missing.status == 422 && missing.body.contains("fehler"), "{}", missing.body);
        // The central contact replies from its page; release first, because a token holds it.
        sends(&app, &ours, &format!("{at}/freigabe"), &[]).await;
        let shown = page(&app, &ours, &at).await.body;
        assert!(shown.contains("fragt zurück") && shown.contains("Welcher Browser?"), "{shown}");
        let field = format!("antworten-{id}");
        let reply = sends(&app, &ours, &format!("{at}/eskalationen/{id}/antworten"), &[("stand", seen(&shown)), (&field, "Firefox 145.")]).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        assert!(page(&app, &theirs, &one).await.body.contains("Firefox 145."));
        let proposed = sends(&app, &theirs, &format!("{one}/hand_on"), &[("contact", "nur-webhook"), ("reason", "Weiß es besser")]).await;
        assert_eq!(proposed.status, 303, "{}", proposed.body);
        let shown = page(&app, &ours, &at).await.body;
        let proposal = shown.split("name=\"vorschlag\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let stale = sends(&app, &ours, &format!("{at}/eskalationen/{id}/ablehnen"), &[("stand", "00000000-0000-7000-8000-000000000000"), ("vorschlag", &proposal)]).await;
        assert_eq!(stale.status, 409, "{}", stale.body);
        let why = format!("ablehnen-{proposal}");
        let no = [("stand", seen(&shown)), ("vorschlag", proposal.as_str()), (why.as_str(), "Bitte selbst klären.")];
        assert_eq!(sends(&app, &ours, &format!("{at}/eskalationen/{id}/ablehnen"), &no).await.status, 303);
        let answered = sends(&app, &theirs, &format!("{one}/answer"), &[("text", "Behoben."), ("reference", "A-1")]).await;
        assert_eq!(answered.status, 303, "{}", answered.body);
        let late = sends(&app, &theirs, &format!("{one}/answer"), &[("text", "Noch einmal.")]).await;
        assert!(late.status == 409 && late.body.contains("Das geht nicht mehr"), "{}", late.body);
        assert!(late.body.contains("Noch einmal.") && late.body.contains("Behoben."), "nothing typed is lost: {}", late.body);
        let list = page(&app, &theirs, "/eskalationen").await.body;
        let past = format!("<a href=\"{one}\">");
        for words in ["Hier wartet nichts auf Sie", "Beendet in den letzten 30 Tagen", "Beantwortet von", past.as_str()] {
            assert!(list.contains(words), "{words}: {list}");
        }
        let further = page(&app, &theirs, &format!("/eskalationen?nach={id}")).await.body;
        assert!(!further.contains("Beendet in den letzten 30 Tagen"), "only below the first page: {further}");
        // Nobody else finds it, and a form without its token does nothing.
        let others = second_level(&app, "andere", "bereitschaft").await;
        assert_eq!(page(&app, &others, &one).await.status, 404);
        assert!(!page(&app, &others, "/eskalationen").await.body.contains(number(&ticket)));
        assert_eq!(sends(&app, &others, &format!("{one}/acknowledge"), &[]).await.status, 404);
        assert_eq!(page(&app, &ours, "/eskalationen").await.status, 403);
        let bare = app.send("", "POST", &format!("{one}/acknowledge"), Some(String::new()), &[FORM, ("Cookie", &theirs.cookie)]).await;
        assert_eq!(bare.status, 403, "{}", bare.body);
        // A link that leads nowhere says so in both languages, with the way to the other.
        let dead = app.get("", "/eskalation/gibtesnicht").await;
        assert!(dead.status == 404 && dead.body.contains("Diesen Link gibt es nicht") && dead.body.contains("?lang=en"), "{}", dead.body);
        let english = app.get("", "/eskalation/gibtesnicht?lang=en").await.body;
        assert!(english.contains("There is no such link") && english.contains("lang=\"en\""), "{english}");
    }
}

on_both! {
    /// Who ended it is named, not who took it before.
    async fn who_answered_is_named(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let id = escalation["id"].as_str().unwrap();
        let up = format!("/api/v1/escalations/{id}");
        let (kiel, first, next) =
            (app.central().await, app.token(Role::SecondLevel, "technik").await, app.token(Role::SecondLevel, "bereitschaft").await);
        app.post(&kiel, &format!("{up}/next"), json!({})).await.expect(200);
        app.post(&first, &format!("{up}/acknowledge"), json!({})).await.expect(200);
        app.post(&next, &format!("{up}/answer"), json!({"text": "Behoben."})).await.expect(200);
        let (ours, theirs) = (central(&app, "petersen").await, second_level(&app, "technik", "technik").await);
        for (person, at, words) in [
            (&theirs, "/eskalationen".to_owned(), "Beantwortet von Dataport Bereitschaft"),
            (&theirs, format!("/eskalationen/{id}"), "Dataport Bereitschaft hat am"),
            (&ours, format!("/anfragen/{}", number(&ticket)), "Dataport Bereitschaft: beantwortet"),
        ] {
            let shown = page(&app, person, &at).await.body;
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }
}

/// What has ended is listed for 30 days to those who were asked, the last first, page by page.
async fn shows_what_ended(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new("2026-11-24T09:00:00Z".parse().unwrap()));
    let mut app = TestApp::start_with(kind, "", clock).await;
    let second = app.token(Role::SecondLevel, "technik").await;
    let other = app.token(Role::SecondLevel, "bereitschaft").await;
    let mut ended = Vec::new();
    // Two of them end at the same moment.
    for (word, said, minutes) in [
        ("answer", json!({"text": "Behoben."}), 1),
        ("return", json!({"reason": "Nicht zuständig"}), 1),
        ("return", json!({"reason": "Nicht zuständig"}), 0),
        ("", json!({}), 1),
    ] {
        let (_, escalation) = app.escalated("technical").await;
        let id = escalation["id"].as_str().unwrap().to_owned();
        app.clock.advance(TimeDelta::minutes(minutes));
        if !word.is_empty() {
            app.post(&second, &format!("/api/v1/escalations/{id}/{word}"), said).await.expect(200);
        }
        ended.insert(0, id);
    }
    let open = ended.remove(0);
    let list = async |token: &str, query: &str| -> (Vec<String>, Value) {
        let page = app.get(token, &format!("/api/v1/escalations?{query}")).await.expect(200);
        let ids = page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        (ids.collect(), page["next_cursor"].clone())
    };
    let mut query = "ended=true&limit=1".to_owned();
    for (at, id) in ended.iter().enumerate() {
        let (found, next) = list(&second, &query).await;
        assert_eq!(found, std::slice::from_ref(id), "page {at} of {ended:?}");
        assert_eq!(next.is_null(), at + 1 == ended.len(), "{next}");
        query = format!("ended=true&limit=1&cursor={}", next.as_str().unwrap_or_default());
    }
    assert_eq!(list(&second, "").await.0, std::slice::from_ref(&open));
    assert!(list(&other, "ended=true").await.0.is_empty(), "nobody asked them");
    let odd = format!("/api/v1/escalations?ended=true&cursor={open}");
    app.get(&second, &odd).await.expect_fault(422, "cursor");
    let foreign = format!("/api/v1/escalations?ended=true&cursor={}", ended[0]);
    app.get(&other, &foreign).await.expect_fault(422, "cursor");
    let person = second_level(&app, "technik", "technik").await;
    let shown = page(&app, &person, "/eskalationen").await.body;
    let at = |words: &str| shown.find(words).unwrap_or_else(|| panic!("no {words}: {shown}"));
    assert!(at("Neu für Sie") < at("Zurückgegeben von") && at("Zurückgegeben von") < at("Beantwortet von"), "{shown}");
    app.clock.advance(TimeDelta::days(31));
    let (left, _) = list(&second, "ended=true").await;
    assert!(left.iter().all(|id| !ended.contains(id)), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_on_sqlite() {
    shows_what_ended(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_on_postgres() {
    shows_what_ended(Kind::Postgres).await;
}

async fn app_central_of(app: &TestApp) -> String {
    let new = lotse::access::token::NewToken::new("Leser", Role::Admin);
    app.app.tokens.create(&lotse::access::Actor::system(), new).await.unwrap().1
}

impl TestApp {
    /// How links of this installation begin.
    fn app_url(&self) -> String {
        self.app.escalations.desk().settings.public_url.clone()
    }
}
