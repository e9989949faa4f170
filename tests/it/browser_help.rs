//! Public help in a real browser: the page in three languages, light, dark, narrow and on paper, and the element and the
//! frame on a page of another origin whose policy is strict.

use std::time::Duration;

use lotse::access::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::app::{Kind, TestApp};
use crate::support::browser::{Browser, Scripts};
use crate::support::wait::wait_for_some;

const PAGE: &str = "/hilfe/wohnsitzanmeldung/010020000000";

/// What reaches beyond the right edge.
const TOO_WIDE: &str = "return [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(e => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right)).join('; ')";

/// A site of somebody else, which gives every path this page under this policy, until it is dropped.
struct Site {
    base: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Site {
    async fn start(policy: String, body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Another name is another site, not only another port.
        let base = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let page = format!(
            "<!doctype html><html lang=\"de\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>Stadtportal</title><link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/portal.css\"></head><body><main><h1>Wohnsitz online anmelden</h1>{body}</main></body></html>"
        );
        // What a host's careless styles would do to an element that let them in.
        let styles = "body { font: 17px/1.5 Georgia, serif; background: #fff; color: #222 } p, a, section { color: #c00 !important; font-size: 9px }";
        let serving = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let read = socket.read(&mut asked).await.unwrap_or(0);
                let is_style = asked[..read].starts_with(b"GET /portal.css");
                let (kind, body) = if is_style { ("text/css", styles) } else { ("text/html; charset=utf-8", &*page) };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Security-Policy: {policy}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                socket.write_all(head.as_bytes()).await.ok();
                socket.write_all(body.as_bytes()).await.ok();
            }
        });
        Self { base, serving }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn element(base: &str, lang: &str) -> String {
    format!(
        "<script type=\"module\" src=\"{base}/embed/wer-kann-mir-helfen.js\"></script>\
         <wer-kann-mir-helfen service=\"wohnsitzanmeldung\" ars=\"010020000000\" lang=\"{lang}\"><a href=\"{base}{PAGE}\">Wer kann mir helfen?</a></wer-kann-mir-helfen>"
    )
}

/// What the element shows.
async fn shadow(browser: &Browser) -> String {
    wait_for_some("the element", Duration::from_secs(10), || async {
        let text = "return document.querySelector('wer-kann-mir-helfen')?.shadowRoot?.querySelector('section')?.innerText ?? ''";
        browser.run(text).await.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    })
    .await
}

/// A Lotse with a disruption and more ways than 115.
async fn prepared() -> TestApp {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let admin = app.token(Role::Admin, "").await;
    let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
    let path = format!("/api/v1/adoptions/{}", found["items"][0]["id"].as_str().unwrap());
    let channels = json!([
        {"kind": "115", "label": "Behördennummer 115", "hours": "Mo-Fr 08:00-18:00; PH off", "cost_note": "Zum Ortstarif, aus allen Netzen"},
        {"kind": "web", "label": "Frage schreiben", "url": "https://www.example.org/frage"},
        {"kind": "phone", "label": "Bürgerbüro, Fragen zum Verfahren", "phone": "04351 555 02 00", "hours": "Mo-Fr 08:00-12:00, Th 14:00-18:00"},
        {"kind": "web", "label": "Gebärdentelefon der 115", "url": "https://www.115.de/gebaerden", "hours": "Mo-Fr 08:00-18:00; PH off", "languages": ["gsg"]},
        {"kind": "email", "label": "Meldebehörde mit einem sehr langen Namen", "email": "meldebehoerde.der.landeshauptstadt@kiel.example.org", "languages": ["de", "en", "tr"]},
    ]);
    app.patch(&admin, &path, json!({"channels": channels})).await.expect(200);
    let notice = json!({
        "service": "wohnsitzanmeldung",
        "title": "Die Anmeldung mit BundID ist gerade gestört",
        "text": "Wir arbeiten daran. Ihre Frist bleibt gewahrt, wenn Sie es bis Freitag noch einmal versuchen.",
        "title_easy": "Gerade ist etwas kaputt",
        "text_easy": "Sie können sich nicht mit der Bund-ID anmelden.\nWir reparieren das.\nVersuchen Sie es noch einmal.",
        "title_en": "Logging in with BundID does not work at the moment",
        "text_en": "We are working on it. You will not miss your deadline if you try again by Friday."
    });
    app.post(&admin, "/api/v1/notices", notice).await.expect(201);
    let told = "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000";
    app.wait_until("", told, "the notice", |said| said["notices"].is_array()).await;
    app
}

/// Fits every width, and axe-core finds nothing, in both themes; on paper stands what holds tomorrow too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_for_everybody() {
    let app = prepared().await;
    let browser = Browser::start_with(Scripts::On).await;
    for (name, path) in [
        ("help-de", PAGE.to_owned()),
        ("help-leicht", format!("{PAGE}?lang=de-x-leicht")),
        ("help-en", format!("{PAGE}?lang=en")),
        ("help-framed", format!("{PAGE}?einbettung=1")),
        ("help-nobody", "/hilfe/wohnsitzanmeldung/020000000000".to_owned()),
        ("help-services", "/hilfe".to_owned()),
        ("help-place", "/hilfe/wohnsitzanmeldung?ort=hansestadt".to_owned()),
        ("help-none", "/hilfe/wohnsitzanmeldung?ort=Nirgendwo".to_owned()),
        ("help-unknown", "/hilfe/unbekannt".to_owned()),
        ("help-snippets", "/einbinden?dienst=wohnsitzanmeldung&ars=010020000000".to_owned()),
    ] {
        browser.open(&format!("{}{path}", app.base)).await;
        for (theme, width) in [("light", 320), ("dark", 390), ("light", 1280), ("dark", 1280)] {
            browser.set_width(width).await;
            browser.set_theme(theme).await;
            browser.picture(&format!("{name}-{width}-{theme}")).await;
            let wide = browser.run(TOO_WIDE).await;
            assert!(browser.sideways().await <= 0, "{name} scrolls sideways at {width}: {wide}");
            let found = browser.axe().await;
            assert!(found.is_empty(), "{name} at {width} in {theme}:\n{}", found.join("\n"));
        }
        let noted = browser.noted().await;
        let complaints: Vec<_> = noted.complaints.iter().filter(|said| !said.contains("a status of 404")).collect();
        assert!(complaints.is_empty(), "{name}: {complaints:#?}");
        assert_eq!(noted.hosts().len(), 1, "{name} asks elsewhere: {:?}", noted.requests);
    }
    browser.open(&format!("{}{PAGE}", app.base)).await;
    browser.set_theme("dark").await;
    browser.set_medium("print").await;
    browser.picture("help-print").await;
    let text = browser.text().await;
    assert!(text.contains("Montag bis Freitag, 8 bis 18 Uhr") && text.contains("Diese Seite im Internet"), "{text}");
    for now in ["Jetzt ge", "BundID", "Leichte Sprache", "offen bis"] {
        assert!(!text.contains(now), "«{now}» is printed: {text}");
    }
    assert_eq!(browser.run("return document.cookie").await, json!(""));
}

/// The element on a foreign page whose policy is strict: it speaks, links and leaves the page's styles outside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_element_stands_in_a_foreign_page() {
    let app = prepared().await;
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'self'; script-src {base}; connect-src {base}; frame-src {base}; base-uri 'none'",
        base = app.base
    );
    let browser = Browser::start_with(Scripts::On).await;
    for (lang, words) in [
        ("de", "Montag bis Freitag, 8 bis 18 Uhr"),
        ("de-x-leicht", "Von 8 Uhr morgens bis 6 Uhr abends."),
        ("en", "Monday to Friday, 8 am to 6 pm"),
    ] {
        let site = Site::start(policy.clone(), element(&app.base, lang)).await;
        browser.open(&site.base).await;
        let text = shadow(&browser).await;
        assert!(text.contains("115") && text.contains(words), "{lang}: {text}");
        for (theme, width) in [("light", 320), ("dark", 1280)] {
            browser.set_width(width).await;
            browser.set_theme(theme).await;
            assert!(browser.sideways().await <= 0, "{lang} scrolls sideways at {width}");
            browser.picture(&format!("element-{lang}-{width}-{theme}")).await;
        }
        browser.set_theme("light").await;
        let found = browser.axe_but(&["region"]).await;
        assert!(found.is_empty(), "{lang}:\n{}", found.join("\n"));
        let noted = browser.noted().await;
        assert!(noted.complaints.is_empty(), "{lang}: {:#?}", noted.complaints);
        let style = "const s = getComputedStyle(document.querySelector('wer-kann-mir-helfen').shadowRoot.querySelector('section'));
            return s.color + ' ' + s.fontSize";
        assert_eq!(browser.run(style).await, json!("rgb(19, 21, 37) 16px"), "the page's styles reach in");
    }
    let hrefs = "return [...document.querySelector('wer-kann-mir-helfen').shadowRoot.querySelectorAll('a')].map(a => a.getAttribute('href')).join(' ')";
    let hrefs = browser.run(hrefs).await;
    let hrefs = hrefs.as_str().unwrap();
    assert!(hrefs.starts_with("tel:115 https://www.example.org/frage tel:043515550200 "), "{hrefs}");
    assert!(hrefs.contains(&format!("{}{PAGE}?lang=en", app.base)), "{hrefs}");
}

/// Where Lotse is away, or says that there is no such thing, the link stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_link_stays_where_lotse_is_away() {
    let app = prepared().await;
    let browser = Browser::start_with(Scripts::On).await;
    let unknown = element(&app.base, "de").replace("wohnsitzanmeldung", "unbekannt");
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'self'; script-src {base}; connect-src {base}",
        base = app.base
    );
    let away = element("http://127.0.0.1:9", "de");
    for body in [unknown, away] {
        let site = Site::start(policy.clone(), body).await;
        browser.open(&site.base).await;
        assert!(browser.text().await.contains("Wer kann mir helfen?"));
        assert_eq!(
            browser.run("return document.querySelector('wer-kann-mir-helfen a').checkVisibility()").await,
            json!(true)
        );
    }
}

/// The same in a frame, which the page allows on any site.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_frame_stands_in_a_foreign_page() {
    let app = prepared().await;
    let policy = format!("default-src 'none'; img-src data:; style-src 'self'; frame-src {}", app.base);
    let frame = format!(
        "<iframe src=\"{}{PAGE}?einbettung=1\" title=\"Hilfe\" width=\"320\" height=\"700\"></iframe>",
        app.base
    );
    let site = Site::start(policy, frame).await;
    let browser = Browser::start_with(Scripts::On).await;
    browser.open(&site.base).await;
    let complaints = browser.noted().await.complaints;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.picture("frame").await;
    browser.client.clone().enter_frame(0).await.unwrap();
    let text = browser.text().await;
    assert!(text.contains("Rufen Sie die Behördennummer an") && text.contains("115"), "{text}");
}
