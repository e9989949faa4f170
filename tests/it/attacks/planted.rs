//! Markup planted in everything that can be written down, and then every page of staff in a real browser, as it is
//! reached from one page to the next: nothing runs, nothing becomes an element, nobody else is asked.
//!
//! Invariant: which pages there are is not listed here, so that a new page is walked as well. Not here: pages of the
//! 2nd level by link (`browser.rs`), of contacts (`browser_confirmation.rs`) and of the public (`browser_help.rs`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lotse::access::token::NewToken;
use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::inbound::take::{Arrival, take};
use serde_json::{Value, json};

use crate::browser::assert_quiet;
use crate::support::app::{Kind, TestApp, a_ticket};
use crate::support::browser::Browser;

/// Breaks out of text, attributes, text areas, titles and scripts, and leaves a mark where it runs. Short, because many
/// fields are.
const HOSTILE: &str = "</script></textarea></title>\"><img src=x onerror=\"window.pwned=1\"><svg onload='window.pwned=2'>' autofocus onfocus='window.pwned=3' {{7*7}}";
/// What would be there if any of it had become markup.
const GROWN: &str = "img[src='x'], [onerror], [onfocus], [onload], svg[onload], [href^='javascript:' i], meta[http-equiv='refresh' i], iframe[srcdoc]";
/// So many pages of one kind are looked at.
const EACH: usize = 2;

fn hostile(most: usize) -> String {
    HOSTILE.chars().take(most).collect()
}

/// Writes it wherever the interface takes a text. What is refused is no text there; but most must be taken.
async fn plant(app: &mut TestApp, admin: &str) {
    let (text, line) = (HOSTILE.to_owned(), hostile(190));
    let mut body = a_ticket();
    body["subject"] = json!(line);
    body["description"] = json!(text);
    body["external_reference"] = json!(line);
    body["context"] = json!({"browser": text, hostile(90): text});
    body["reply"]["name"] = json!(line);
    let (agent, central) = (app.agent().await, app.central().await);
    let ticket = app.post(&agent, "/api/v1/tickets", body.clone()).await.expect(201);
    let ticket = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
    app.post(&central, &format!("{ticket}/claim"), json!({})).await.expect(200);
    let taken = |reply: crate::support::app::Reply, what: &str| {
        assert!(reply.status < 300, "{what} takes no text: {} {}", reply.status, reply.body);
    };
    for (path, body) in [
        ("notes", json!({"text": text})),
        ("reporter", json!({"purpose": text})),
        ("interim", json!({"text": text, "respond_by": "2031-01-01T00:00:00Z"})),
        ("escalations", json!({"kind": "technical", "note": text})),
    ] {
        taken(app.post(&central, &format!("{ticket}/{path}"), body).await, path);
    }
    // One that waits, and one that has ended.
    for (action, body) in [("wait", json!({"question": text})), ("answer", json!({"text": text}))] {
        let other = app.post(&agent, "/api/v1/tickets", body_of(&line, &text)).await.expect(201);
        let other = format!("/api/v1/tickets/{}", other["id"].as_str().unwrap());
        app.post(&central, &format!("{other}/claim"), json!({})).await.expect(200);
        taken(app.post(&central, &format!("{other}/{action}"), body).await, action);
    }
    let here = json!({"service": "wohnsitzanmeldung", "ars": "010020000000"});
    let with = |more: Value| {
        let mut all = here.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    for (path, body) in [
        (
            "contacts",
            json!({"id": "uebel", "name": line, "phone": "+49 431 1", "email": "uebel@kiel.example.org", "reason": text}),
        ),
        ("services", json!({"slug": "uebel", "name": line, "operating_land": "SH", "operator": line, "notice": text})),
        ("notices", with(json!({"title": hostile(100), "text": text, "title_en": hostile(100), "text_en": text}))),
        (
            "channels",
            with(
                json!({"kind": "phone", "label": hostile(110), "phone": "+49 431 2", "hours": "Mo-Fr 08:00-12:00 \"<b onfocus=x>\"", "languages": ["de"], "cost_note": line, "reason": text}),
            ),
        ),
        ("closing-days", json!({"ars": "01002", "day": "2030-06-03", "reason": hostile(110)})),
        ("text-modules", json!({"region": "01002", "language": "de", "title": hostile(110), "body": text})),
    ] {
        taken(app.post(admin, &format!("/api/v1/{path}"), body).await, path);
    }
    taken(app.patch(admin, "/api/v1/contacts/technik", json!({"name": line, "reason": text})).await, "contact");
    taken(
        app.patch(admin, "/api/v1/services/wohnsitzanmeldung", json!({"name": line, "notice": text})).await,
        "service",
    );
    let agreement = json!({"reference": line, "note": text}).to_string();
    taken(app.send(admin, "PUT", "/api/v1/lands/SH/agreements/HH", Some(agreement), &[]).await, "agreement");
    let adoption = app.get(admin, "/api/v1/adoptions").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let adoption = format!("/api/v1/adoptions/{adoption}");
    app.patch_item(admin, &adoption, "user_advice", json!({"owner": line, "note": text})).await;
    taken(app.post(admin, &format!("{adoption}/transfers"), json!({"target": line, "note": text})).await, "transfer");
    app.app.tokens.create(&Actor::system(), NewToken::new(&line, Role::Agent)).await.unwrap();
    let grants = vec![Grant { role: Role::Agent, scope: Scope::everywhere(), contact: None }];
    let person = NewUser { login: "uebel".into(), name: line.clone(), email: None, grants };
    app.app.accounts.invite(&Actor::console(), person).await.unwrap();
    let raw = format!(
        "From: \"{line}\" <a@fremd.example>\r\nTo: antwort@lotse.example.org\r\nSubject: {line}\r\nMessage-ID: <uebel@fremd.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <p>{text}</p><a href=\"javascript:window.pwned=9\">x</a>\r\n--b\r\nContent-Type: text/plain; name=\"x.txt\"\r\n\
         Content-Disposition: attachment; filename=\"<img src=x onerror=window.pwned=4>.txt\"\r\n\r\nx\r\n--b--\r\n"
    );
    let size = i64::try_from(raw.len()).unwrap();
    take(&app.app.inbound, Arrival { mailbox: "pipe".into(), uid: None, recipient: None, raw: raw.into_bytes(), size })
        .await
        .unwrap();
}

fn body_of(subject: &str, text: &str) -> Value {
    let mut body = a_ticket();
    body["subject"] = json!(subject);
    body["description"] = json!(text);
    body
}

/// A page without what tells two of its kind apart.
fn kind(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_id = |part: &&str| part.contains(|c: char| c.is_ascii_digit());
    let query_free: Vec<&str> = path.split('/').map(|part| if is_id(&part) { "*" } else { part }).collect();
    query_free.join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_planted_grows_on_any_page() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let admin = app.token(Role::Admin, "").await;
    plant(&mut app, &admin).await;
    let grants = [Role::Admin, Role::Central, Role::Auditor, Role::DirectoryEditor];
    let grants = grants.map(|role| Grant { role, scope: Scope::everywhere(), contact: None });
    let person = app.person("alles.seherin", grants.to_vec()).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/anfragen").await;
    browser.noted().await;
    let mut waiting: VecDeque<String> =
        ["/", "/anfragen", "/anfragen/neu", "/konto", "/konto/token", "/hilfe"].map(str::to_owned).into();
    let (mut seen, mut kinds, mut shown) = (BTreeSet::new(), BTreeMap::<String, usize>::new(), 0);
    while let Some(path) = waiting.pop_front() {
        let of_kind = kinds.entry(kind(&path)).or_default();
        if *of_kind >= EACH || !seen.insert(path.clone()) {
            continue;
        }
        *of_kind += 1;
        browser.open(&format!("{}{path}", app.base)).await;
        assert_eq!(browser.run("return window.pwned === undefined").await, true, "something runs at {path}");
        assert_eq!(browser.count(GROWN).await, 0, "{path}: {}", browser.client.source().await.unwrap());
        assert_quiet(&browser.noted().await, &app.base, &["404"]);
        let source = browser.client.source().await.unwrap();
        shown += usize::from(source.contains("window.pwned=1"));
        let links = "return [...document.querySelectorAll('a[href]')].filter(a => a.origin === location.origin && !a.download).map(a => a.pathname + a.search)";
        for link in browser.run(links).await.as_array().unwrap() {
            let link = link.as_str().unwrap();
            // Files and streams are no pages; the log-out would end the walk.
            if !["/api/", "/assets/", "/embed/", "/abmelden", "/anfragen/strom"]
                .iter()
                .any(|other| link.starts_with(other))
                && !link.contains("format=")
                && !link.contains("/dateien/")
                && !link.contains("lang=en")
            {
                waiting.push_back(link.to_owned());
            }
        }
    }
    println!("{} pages of {} kinds, {shown} of them show it", seen.len(), kinds.len());
    for page in [
        "/anfragen/*",
        "/kontakte",
        "/kanaele",
        "/stoerungen",
        "/schliesstage",
        "/textbausteine",
        "/personen",
        "/protokoll",
        "/zahlen",
        "/luecken",
    ] {
        assert!(kinds.contains_key(page), "{page} was not reached: {kinds:?}");
    }
    assert!(kinds.len() > 30 && shown > 20, "{} kinds, {shown} show it: {kinds:?}", kinds.len());
}
