//! Every page as it is served: valid HTML, and light enough for a slow line.
//!
//! Invariant: what a page is, is taken from `routes.rs`; a route that no walk reaches and [`NO_PAGES`] does not name
//! fails. The judge of HTML is the Nu checker, the one of the WHATWG's standard. Mails' HTML is held against it too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::clock::Clock;
use lotse::inbound::take::{Arrival, take};
use serde_json::{Value, json};

use crate::public_form::{started, taken, writes};
use crate::support::app::{Kind, LoggedIn, Reply, TestApp, client};
use crate::support::smtp::Mail;
use crate::support::wait::wait_for_some;

/// Where the Nu checker lies; `tests/run` fetches it.
const CHECKER: &str = "LOTSE_TEST_VNU";
/// The most a page may weigh with all it brings the first time, in bytes.
const MOST: usize = 150_000;
/// So many pages of each route are looked at.
const OF_EACH: usize = 4;

/// Routes that answer no page, or none without what only another test can make.
const NO_PAGES: [(&str, &str); 18] = [
    ("/anmelden/code", "half a log-in, which browser_staff looks at"),
    ("/embed/wer-kann-mir-helfen.js", "a script"),
    ("/anfragen/strom", "a stream"),
    ("/anfragen/neu/orte", "part of a list"),
    ("/anfragen/neu/dienste", "part of a list"),
    ("/anfragen/neu/hilfe", "part of the form for requests by phone"),
    ("/kanaele/zeiten", "part of a form"),
    ("/vereinbarungen/eintragen", "leads on"),
    ("/anfrage/{number}/dateien/{file}", "a file"),
    ("/assets/{hash}/{file:.+}", "files"),
    ("/api/openapi.json", "JSON"),
    ("/api/docs", "leads on"),
    ("/api/docs/{file:.*}", "made by Swagger UI"),
    ("/healthz", "JSON"),
    ("/readyz", "JSON"),
    ("/metrics", "text"),
    ("/anmelden/dienst", "leads to a provider"),
    ("/anmelden/dienst/zurueck", "comes back from a provider"),
];

/// Addresses of pages, as `routes.rs` names them.
fn routes() -> BTreeSet<String> {
    let text = include_str!("../../src/http/routes.rs");
    let (_, pages) = text.split_once("// Outside the API.").unwrap();
    let (pages, _) = pages.split_once("/// The pattern of the route").unwrap();
    let mut found = BTreeSet::new();
    for part in pages.split("at!(").skip(1) {
        let part = part.trim_start().trim_start_matches('"');
        let (path, rest) = part.split_once("\":").unwrap();
        if rest.trim_start().starts_with("get ") {
            found.insert(path.to_owned());
        }
    }
    assert!(found.len() > 80, "the routes are written in another way: {}", found.len());
    found
}

/// The route of a path: that with the most words of its own.
fn route_of<'a>(routes: &'a BTreeSet<String>, path: &str) -> Option<&'a str> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |route: &&String| {
        let own: Vec<&str> = route.split('/').collect();
        own.len() == parts.len() && own.iter().zip(&parts).all(|(own, part)| own.starts_with('{') || own == part)
    };
    let own_words = |route: &&String| route.split('/').filter(|part| !part.starts_with('{')).count();
    routes.iter().filter(fits).max_by_key(own_words).map(String::as_str)
}

/// The addresses in these attributes, on this site.
fn links(html: &str, attributes: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes {
        for part in html.split(&format!(" {attribute}=\"")).skip(1) {
            let value = part.split('"').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&");
            if value.starts_with('/') && !value.starts_with("//") {
                found.push(value.split('#').next().unwrap_or_default().to_owned());
            }
        }
    }
    found
}

/// A walk over all pages.
struct Walk {
    http: reqwest::Client,
    base: String,
    routes: BTreeSet<String>,
    /// Each page that was seen, by address.
    pages: BTreeMap<String, String>,
    visits: BTreeMap<String, usize>,
}

impl Walk {
    async fn get(&self, path: &str, cookie: &str) -> Reply {
        let headers = [("Cookie", cookie), ("Accept-Encoding", "br")];
        crate::support::app::send(&self.http, &self.base, "", "GET", path, None, &headers).await
    }

    /// From these addresses on, wherever links lead.
    async fn go(&mut self, from: &[String], cookie: &str) {
        let mut open: Vec<String> = from.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if !seen.insert(at.clone()) || seen.len() > 2000 {
                continue;
            }
            let path = at.split('?').next().unwrap_or_default().to_owned();
            let Some(route) = route_of(&self.routes, &path) else { continue };
            if NO_PAGES.iter().any(|(named, _)| named == &route) {
                continue;
            }
            let visits = self.visits.entry(format!("{cookie} {route}")).or_default();
            if *visits >= OF_EACH {
                continue;
            }
            *visits += 1;
            let answer = self.get(&at, cookie).await;
            if let Some(on) = answer.header("location").filter(|_| answer.status == 303) {
                open.push(on.to_owned());
            }
            if answer.status == 200 && answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                open.extend(links(&answer.body, &["href"]).into_iter().filter(|link| !link.starts_with("/assets/")));
                self.keep(at.clone(), answer);
                // Beside the language that a browser without wishes gets.
                let and = if at.contains('?') { '&' } else { '?' };
                for language in ["en", "de-x-leicht"] {
                    let other = format!("{at}{and}lang={language}");
                    let answer = self.get(&other, cookie).await;
                    self.keep(other, answer);
                }
            }
        }
    }

    fn keep(&mut self, at: String, page: Reply) {
        if page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            self.pages.insert(format!("{} {at}", page.status), page.body);
        }
    }

    /// Sends a form with no more than this, for the page that comes back.
    async fn fails(&mut self, path: &str, person: &LoggedIn, typed: &[(&str, &str)]) {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &person.csrf).extend_pairs(typed);
        let headers = [("Cookie", person.cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let body = Some(body.finish());
        let answer = crate::support::app::send(&self.http, &self.base, "", "POST", path, body, &headers).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.body);
        self.keep(format!("POST {path}"), answer);
    }
}

async fn mail_to(app: &TestApp, to: &str, with: &str) -> Mail {
    wait_for_some(format!("a mail with {with} to {to}"), Duration::from_secs(20), || async {
        let fits = |mail: &Mail| mail.to.iter().any(|one| one == to) && text_of(mail).contains(with);
        app.smtp.received().into_iter().find(fits)
    })
    .await
}

fn text_of(mail: &Mail) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    parsed.body_text(0).map(|text| text.into_owned()).unwrap_or_default()
}

/// The path behind this part of an address in a text.
fn path_in(text: &str, part: &str) -> String {
    let at = text.find(part).unwrap_or_else(|| panic!("no {part}: {text}"));
    text[at..].split_whitespace().next().unwrap().to_owned()
}

/// Something of everything that pages show; answers addresses that no link leads to.
async fn furnish(app: &mut TestApp) -> Vec<String> {
    let (admin, central) = (app.token(Role::Admin, "").await, app.central().await);
    let mut found: Vec<String> =
        ["/", "/passwort-vergessen", "/einladung/gibtesnicht", "/eskalation/gibtesnicht"].map(str::to_owned).to_vec();
    for kind in ["technical", "functional"] {
        let (_, escalation) = app.escalated(kind).await;
        let at = format!("/eskalationen/{}", escalation["id"].as_str().unwrap());
        found.extend([format!("{at}/answer"), at]);
    }
    for address in ["technik@dataport.example.org", "meldewesen@kiel.example.org"] {
        let secret = path_in(&text_of(&mail_to(app, address, "/eskalation/").await), "/eskalation/");
        let secret = secret.trim_start_matches("/eskalation/").split('/').next().unwrap().to_owned();
        found.push(format!("/eskalation/{secret}"));
        found.extend(
            ["acknowledge", "answer", "return", "ask", "hand_on"].map(|act| format!("/eskalation/{secret}/{act}")),
        );
    }
    for (act, body) in [
        ("wait", json!({"question": "Welcher Browser?"})),
        ("answer", json!({"text": "Es geht wieder."})),
        ("reject", json!({"reason": "Nicht unser Dienst."})),
        ("interim", json!({"text": "Wir sind daran.", "respond_by": "2099-01-01T00:00:00Z"})),
    ] {
        let ticket = app.submit().await;
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/{act}"), body).await.expect(200);
        found.push(format!("/anfragen/{}", ticket["number"].as_str().unwrap()));
        found.push(format!("/anfragen/neu/{}", ticket["number"].as_str().unwrap()));
        found.push(format!("/anfragen/auskunft?nummer={}", ticket["number"].as_str().unwrap()));
        let sent = app.get(&central, &format!("/api/v1/tickets/{}/escalations", ticket["id"].as_str().unwrap())).await;
        sent.expect(200);
    }
    let number = app.submit().await["number"].as_str().unwrap().to_owned();
    found.push(format!("/anfragen/sammeln?anfrage={number}"));
    let text = json!({"region": "01", "language": "de", "title": "Gruß", "body": "Zu {nummer}: geklärt."});
    app.post(&admin, "/api/v1/text-modules", text).await.expect(201);
    let notice = json!({"service": "wohnsitzanmeldung", "title": "Gestört", "text": "Wir arbeiten daran."});
    app.post(&admin, "/api/v1/notices", notice).await.expect(201);
    let day = json!({"ars": "01002", "day": "2098-05-04", "reason": "Betriebsausflug"});
    app.post(&admin, "/api/v1/closing-days", day).await.expect(201);
    app.post(&admin, "/api/v1/contacts/kiel-meldewesen/confirmation", json!({})).await.expect(200);
    let asked = mail_to(app, "meldewesen@kiel.example.org", "/bestaetigung/").await;
    let confirmation = path_in(&text_of(&asked), "/bestaetigung/");
    let secret = confirmation.trim_start_matches("/bestaetigung/").split('/').next().unwrap().to_owned();
    found.extend(["", "/stimmt", "/stimmt-nicht"].map(|act| format!("/bestaetigung/{secret}{act}")));
    let raw = b"From: Fremd <fremd@example.net>\r\nTo: antwort@lotse.example.org\r\nSubject: Frage\r\nMessage-ID: <1@example.net>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWie steht es?\r\n".to_vec();
    let size = i64::try_from(raw.len()).unwrap();
    take(&app.app.inbound, Arrival { mailbox: "pipe".into(), uid: None, recipient: None, raw, size }).await.unwrap();
    // Requests that people wrote themselves: one whose address waits, one that is taken.
    let mail = writes(app, &[], &[]).await;
    assert_eq!(mail.status, 303, "{}", mail.body);
    found.push(path_in(&text_of(&mail_to(app, "erika@buerger.example.org", "/bestaetigen").await), "/anfrage/"));
    let (number, secret) = taken(app).await;
    found.push(format!("/anfrage/{number}?s={secret}"));
    found.push(format!("/anfrage/{number}?s={secret}&getan=aufgenommen"));
    found.push("/anfrage/link?getan=gesendet".into());
    let new = NewUser { login: "neu".into(), name: "Neu".into(), email: None, grants: Vec::new() };
    let (_, invited) = app.app.accounts.invite(&Actor::console(), new).await.unwrap();
    found.push(format!("/einladung/{}", invited.secret));
    let gone = app.person("vergesslich", Vec::new()).await;
    let reset = app.app.accounts.reset(&Actor::console(), gone.user.id).await.unwrap();
    found.push(format!("/zuruecksetzen/{}", reset.secret));
    found
}

/// Somebody with every role.
async fn somebody(app: &TestApp) -> LoggedIn {
    let role = |role| Grant { role, scope: Scope::everywhere(), contact: None };
    let contact = Some("technik".parse().unwrap());
    let mut grants: Vec<Grant> = [Role::Admin, Role::Central, Role::Agent, Role::Auditor].map(role).to_vec();
    grants.push(Grant { role: Role::SecondLevel, scope: Scope::everywhere(), contact });
    app.person("alle", grants).await
}

/// What the checker says of these documents, one line each.
fn faults(documents: &[(String, String)]) -> Vec<String> {
    let Ok(checker) = std::env::var(CHECKER) else { panic!("{CHECKER} is not set; run tests/run") };
    let folder = tempfile::tempdir().unwrap();
    let name = |place: usize| format!("{place:04}.html");
    for (place, (_, html)) in documents.iter().enumerate() {
        std::fs::write(folder.path().join(name(place)), html).unwrap();
    }
    let mut command = Command::new("java");
    command.args(["-Xss1m", "-Xmx512m", "-jar", &checker, "--format", "json", "--stdout", "--exit-zero-always"]);
    let out = command.arg(folder.path()).output().expect("java is there");
    let said: Value =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)));
    let messages = said["messages"].as_array().expect("messages");
    let fault = |message: &Value| {
        let file = Path::new(message["url"].as_str().unwrap_or_default()).file_stem()?.to_str()?.to_owned();
        let page = &documents.get(file.parse::<usize>().ok()?)?.0;
        let text = message["message"].as_str().unwrap_or_default();
        let near = message["extract"].as_str().unwrap_or_default();
        (message["type"] != "info").then(|| format!("{page}: {text}\n    {near}"))
    };
    messages.iter().filter_map(fault).collect()
}

#[test]
fn the_checker_finds_faults() {
    let wrong = "<!doctype html><html lang=\"de\"><head><title>x</title></head><body><ul><p>x</p></ul></body></html>";
    let right = "<!doctype html><html lang=\"de\"><head><title>x</title></head><body><p>x</p></body></html>";
    let found = faults(&[("wrong".into(), wrong.into()), ("right".into(), right.into())]);
    assert!(found.len() == 1 && found[0].starts_with("wrong: "), "{found:?}");
}

/// All that is fetched for a page the first time, compressed as it is served.
async fn weight(walk: &Walk, html: &str, known: &mut BTreeMap<String, usize>) -> usize {
    let mut open: Vec<String> =
        links(html, &["href", "src"]).into_iter().filter(|link| link.starts_with("/assets/")).collect();
    let (mut sum, mut seen) = (html.len(), BTreeSet::new());
    while let Some(at) = open.pop() {
        if !seen.insert(at.clone()) || at.ends_with("LICENSES.md") {
            continue;
        }
        if !known.contains_key(&at) {
            let answer = walk.http.get(format!("{}{at}", walk.base)).header("Accept-Encoding", "br");
            let answer = answer.send().await.unwrap();
            assert!(answer.status().is_success(), "{at}");
            known.insert(at.clone(), answer.bytes().await.unwrap().len());
        }
        sum += known[&at];
        if at.ends_with("/fonts.css") {
            // What German needs; letters from further away bring a font of their own.
            let css = walk.http.get(format!("{}{at}", walk.base)).send().await.unwrap().text().await.unwrap();
            let folder = at.trim_end_matches("fonts.css");
            let fonts = css.split("url(\"").skip(1).filter_map(|part| part.split('"').next());
            open.extend(fonts.filter(|font| font.contains(".latin.")).map(|font| format!("{folder}{font}")));
            assert!(open.len() >= 3, "{css}");
        }
        if at.ends_with(".js") {
            // What a script imports lies beside it; the page does not name it.
            let script = walk.http.get(format!("{}{at}", walk.base)).send().await.unwrap().text().await.unwrap();
            let folder = &at[..=at.rfind('/').unwrap()];
            let imported = script.split("from './").skip(1).filter_map(|part| part.split('\'').next());
            open.extend(imported.map(|name| format!("{folder}{name}")));
        }
    }
    sum
}

/// One walk over everything, in all languages: valid, and light.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_valid_and_light() {
    let more = "[public_form]\ndifficulty = 8\nquickest = \"0s\"\n[public]\noperator = \"Landeshauptstadt Kiel\"\ncontact = \"0431 1234-0\"\naccessibility_mail = \"barriere@example.org\"\n";
    let mut app = started(Kind::Sqlite, more, Clock::system()).await;
    let seeds = furnish(&mut app).await;
    let person = somebody(&app).await;
    let folder = app.database.folder.path().join("mail");
    std::fs::create_dir(&folder).unwrap();
    let eml = "From: a@a.example\r\nTo: b@b.example\r\nSubject: x\r\nDate: Tue, 24 Nov 2026 10:14:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nText\r\n";
    std::fs::write(folder.join("20261124T101400.000Z-1.eml"), eml).unwrap();
    let instance = app.development_instance(folder).await;
    let base = format!("http://{}", instance.address().unwrap());
    let mut walk = Walk { http: client(), base, routes: routes(), pages: BTreeMap::new(), visits: BTreeMap::new() };
    walk.go(&seeds, "").await;
    walk.go(
        &[
            vec!["/anfragen".to_owned(), "/anfragen/sammeln".to_owned(), "/fristen".into(), "/konto/token".into()],
            seeds.clone(),
        ]
        .concat(),
        &person.cookie,
    )
    .await;
    for (path, typed) in
        [("/anfragen/neu", &[][..]), ("/anmelden", &[("login", "x"), ("password", "y")]), ("/kontakte/neu", &[])]
    {
        walk.fails(path, &person, typed).await;
    }
    let missed: Vec<&String> = walk
        .routes
        .iter()
        .filter(|route| !NO_PAGES.iter().any(|(named, _)| named == route))
        .filter(|route| !walk.visits.keys().any(|key| key.split_once(' ').is_some_and(|(_, one)| one == *route)))
        .collect();
    let shown: BTreeSet<String> = walk
        .pages
        .keys()
        .filter_map(|at| route_of(&walk.routes, at.split(' ').nth(1)?.split('?').next()?).map(str::to_owned))
        .collect();
    let never: Vec<&String> = walk
        .routes
        .iter()
        .filter(|route| !NO_PAGES.iter().any(|(named, _)| named == route) && !shown.contains(*route))
        .collect();
    assert!(missed.is_empty() && never.is_empty(), "no walk reaches {missed:?}, no page of {never:?}");

    let mut known = BTreeMap::new();
    let mut weights = Vec::new();
    for (at, html) in &walk.pages {
        weights.push((weight(&walk, html, &mut known).await, at.clone()));
    }
    // The licences of every crate, word for word, which the law wants whole and hardly anybody opens.
    weights.retain(|(_, at)| !at.contains("/betrieb/lizenzen"));
    weights.sort();
    let heaviest: Vec<_> = weights.iter().rev().take(5).collect();
    println!("{} pages, the heaviest: {heaviest:#?}", weights.len());
    assert!(heaviest[0].0 <= MOST, "heavier than {MOST}: {heaviest:?}");

    let mails = app.smtp.received().into_iter().filter_map(|mail| {
        let parsed = mail_parser::MessageParser::default().parse(&mail.data)?;
        let html = parsed.body_html(0)?.into_owned();
        // A mail brings a document or a part of one.
        let html = if html.trim_start().starts_with("<!") { html } else { format!("<!doctype html><html lang=\"de\"><head><meta charset=\"utf-8\"><title>x</title></head><body>{html}</body></html>") };
        Some((format!("mail {}", mail.header("Subject").unwrap_or_default()), html))
    });
    let documents: Vec<(String, String)> = walk.pages.clone().into_iter().chain(mails).collect();
    let found = faults(&documents);
    assert!(found.is_empty(), "{} faults in {} documents:\n{}", found.len(), documents.len(), found.join("\n"));
}
