//! The pages in a real browser, as the people of the 2nd level meet them: on a phone, with the keyboard alone,
//! without scripts, in the dark, and with a request written by somebody who means harm.

use std::time::Duration;

use fantoccini::key::Key;
use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, TestApp, a_ticket};
use crate::support::browser::{Browser, Noted, Scripts};
use crate::support::wait::wait_for_some;

const ACTIONS: [&str; 4] = ["", "/acknowledge", "/answer", "/return"];
/// Breaks out of text, attributes, text areas and titles, and leaves a mark where it runs.
const HOSTILE: &str = "</p></textarea></title></pre>\"><script>window.pwned=1</script>\
    <img src=x onerror=\"window.pwned=2\"> ' autofocus onfocus='window.pwned=3' x=' <svg/onload=window.pwned=4>\
    <a href=\"javascript:window.pwned=5\">Klick</a> javascript:window.pwned=6 <iframe srcdoc=\"<script>parent.pwned=7</script>\">\
    <meta http-equiv=refresh content=\"0;url=https://fremd.example/\"><link rel=stylesheet href=https://fremd.example/x.css>";

/// The signed link of the mail to this contact, as an address of the instance under test.
async fn link(app: &TestApp, contact: &str) -> String {
    let mail = wait_for_some(format!("a mail to {contact}"), Duration::from_secs(20), || async {
        app.smtp.received().into_iter().find(|mail| mail.to.iter().any(|to| to == contact))
    })
    .await;
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    let line = text.lines().find(|line| line.starts_with("Alles ansehen")).unwrap_or_else(|| panic!("no link: {text}"));
    let at = line.find("/eskalation/").unwrap();
    format!("{}{}", app.base, line[at..].trim())
}

/// A request that waits for the technical 2nd level: its link, and its path in the API.
async fn waiting(app: &mut TestApp) -> (String, String) {
    let (_, escalation) = app.escalated("technical").await;
    let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    let central = app.central().await;
    app.wait_until(&central, &path, "sent", |found| found["status"] == "sent").await;
    (link(app, "technik@dataport.example.org").await, path)
}

/// One whose every field means harm.
async fn hostile(app: &mut TestApp) -> (String, String) {
    let (agent, central) = (app.agent().await, app.central().await);
    let mut body = a_ticket();
    // A line of its own for what would have to be cut otherwise.
    body["subject"] = json!(HOSTILE.chars().take(150).collect::<String>());
    body["description"] = json!(format!("{HOSTILE}\n{}", "Unteilbar".repeat(60)));
    body["context"] = json!({"browser": HOSTILE.chars().take(120).collect::<String>()});
    let ticket = app.post(&agent, "/api/v1/tickets", body).await.expect(201);
    let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    let body = json!({"kind": "technical", "note": format!("{HOSTILE} {}", "x".repeat(300))});
    app.post(&central, &format!("{path}/escalations"), body).await.expect(201);
    (link(app, "technik@dataport.example.org").await, path)
}

async fn status(app: &mut TestApp, path: &str) -> Value {
    let central = app.central().await;
    app.get(&central, path).await.expect(200)
}

/// Nothing was asked of anybody else, and the browser complains of nothing but the answer's own status.
#[track_caller]
pub fn assert_quiet(noted: &Noted, app: &str, statuses: &[&str]) {
    let own = app.trim_start_matches("http://").to_owned();
    assert!(!noted.requests.is_empty(), "the browser notes nothing");
    assert!(noted.hosts().iter().all(|host| *host == own), "asked elsewhere: {:?}", noted.requests);
    let expected = |said: &&String| statuses.iter().any(|status| said.contains(&format!("a status of {status}")));
    let complaints: Vec<_> = noted.complaints.iter().filter(|said| !expected(said)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// Fits narrow and broad screens, and axe-core finds nothing in either theme.
pub async fn assert_readable(browser: &Browser, name: &str) {
    browser.assert_readable(name, &[("light", 320), ("dark", 390), ("light", 1280), ("dark", 1280)]).await;
}

on_both! {
    /// Looking changes nothing, whatever is looked at; the button does, and says so.
    async fn takes_it_on(app: TestApp) {
        let mut app = app;
        let (link, path) = waiting(&mut app).await;
        let before = status(&mut app, &path).await;
        let browser = Browser::start().await;
        for action in ACTIONS {
            browser.open(&format!("{link}{action}")).await;
            assert!(browser.text().await.contains("Interner Fehler 500"), "{}", browser.text().await);
        }
        assert_eq!(status(&mut app, &path).await, before, "opening the pages has changed something");
        browser.open(&link).await;
        browser.press("Ich kümmere mich darum").await;
        assert_eq!(browser.heading().await, "Sie kümmern sich darum");
        let after = status(&mut app, &path).await;
        assert_eq!((&after["status"], &after["acknowledge_by"]), (&json!("acknowledged"), &Value::Null));
        assert_quiet(&browser.noted().await, &app.base, &[]);
        // From here to the request, where the button is gone and the answer still possible.
        let on = browser.find("main a").await;
        browser.leaving(browser.click(&on)).await;
        let text = browser.text().await;
        assert!(text.contains("kümmert sich seit") && text.contains("Antwort senden"), "{text}");
        assert!(text.contains("Bitte antworten bis"), "{text}");
        assert!(!text.contains("Ich kümmere mich darum"), "{text}");
    }

    /// Asks, hands on, and a reload repeats nothing; what was done is said only while it is so.
    async fn asks_and_hands_on(app: TestApp) {
        let mut app = app;
        let (link, path) = waiting(&mut app).await;
        let browser = Browser::start().await;
        browser.open(&format!("{link}/ask")).await;
        browser.press("Rückfrage senden").await;
        assert_eq!(browser.focus().await, "question");
        browser.find("#question").await.send_keys("Welcher Browser war es?").await.unwrap();
        browser.press("Rückfrage senden").await;
        assert_eq!(browser.heading().await, "Rückfrage gesendet");
        assert_readable(&browser, "asked").await;
        browser.client.refresh().await.unwrap();
        assert_eq!(browser.heading().await, "Rückfrage gesendet", "a reload leads to the same page");
        let central = app.central().await;
        let talk = app.get(&central, &format!("{path}/conversation")).await.expect(200);
        assert_eq!(talk["questions"].as_array().unwrap().len(), 1, "asked once: {talk}");
        app.post(&central, &format!("{path}/reply"), json!({"text": "Firefox 145."})).await.expect(200);
        browser.client.refresh().await.unwrap();
        let text = browser.text().await;
        assert!(text.contains("Firefox 145.") && !text.contains("Rückfrage gesendet"), "{text}");
        assert_readable(&browser, "replied").await;

        browser.open(&format!("{link}/hand_on?lang=en")).await;
        browser.press("Hand on").await;
        assert_eq!(browser.focus().await, "contact");
        assert_readable(&browser, "hand-on-error").await;
        browser.run("document.getElementById('contact').selectedIndex = 1; return 1").await;
        browser.find("#reason").await.send_keys("Platform team").await.unwrap();
        browser.press("Hand on").await;
        assert_eq!(browser.heading().await, "Request handed on");
        browser.open(&format!("{link}?lang=en")).await;
        let text = browser.text().await;
        assert!(text.contains("is asked now, until") && !text.contains("Please confirm by"), "{text}");
        assert_readable(&browser, "passed-on").await;
        let after = status(&mut app, &path).await;
        assert_eq!((&after["step"], &after["acknowledged_at"]), (&json!(1), &Value::Null), "{after}");
        assert!(after["chain"][1]["reason"].as_str().unwrap().contains("Platform team"), "{after}");
    }

    /// Nothing typed: said at the field, and nothing lost. Then the answer goes through.
    async fn answers(app: TestApp) {
        let mut app = app;
        let (link, path) = waiting(&mut app).await;
        let browser = Browser::start().await;
        browser.open(&format!("{link}/answer")).await;
        browser.find("#reference").await.send_keys("D-17 \"<b>&amp;").await.unwrap();
        browser.press("Antwort senden").await;
        assert_eq!(status(&mut app, &path).await["status"], "sent");
        assert!(browser.client.title().await.unwrap().starts_with("Fehler: "));
        assert!(browser.find("[role=alert]").await.text().await.unwrap().contains("Ihre Antwort fehlt noch."));
        assert_eq!(browser.focus().await, "text", "the focus is where something is to be done");
        let field = browser.find("#text").await;
        assert_eq!(field.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
        let described = field.attr("aria-describedby").await.unwrap().unwrap();
        assert_eq!(browser.find(&format!("#{described}")).await.text().await.unwrap(), "Ihre Antwort fehlt noch.");
        let kept = browser.find("#reference").await.prop("value").await.unwrap();
        assert_eq!(kept.as_deref(), Some("D-17 \"<b>&amp;"), "what was typed is kept as it was");
        assert_quiet(&browser.noted().await, &app.base, &["422"]);
        assert_readable(&browser, "answer-error").await;

        // Too long is a fault as well, and eight thousand characters are not thrown away.
        let long = "lang ".repeat(1700);
        browser.client.execute("document.getElementById('text').value = arguments[0]", vec![json!(long)]).await.unwrap();
        browser.press("Antwort senden").await;
        let kept = browser.find("#text").await.prop("value").await.unwrap().unwrap();
        assert_eq!(kept, long.trim());
        assert_eq!(browser.focus().await, "text");

        browser.find("#text").await.clear().await.unwrap();
        browser.find("#text").await.send_keys("Behoben.\nBitte noch einmal versuchen.").await.unwrap();
        browser.press("Antwort senden").await;
        assert_eq!(browser.heading().await, "Antwort gesendet");
        let text = browser.text().await;
        assert!(text.contains("Die Kommune antwortet der Person") && text.contains("nichts mehr tun"), "{text}");
        let after = status(&mut app, &path).await;
        assert_eq!((&after["status"], &after["reference"]), (&json!("answered"), &json!("D-17 \"<b>&amp;")));
        assert_eq!(after["answer"], "Behoben.\nBitte noch einmal versuchen.");
        assert_readable(&browser, "answered").await;
        // The link now says what became of it, and offers no button.
        browser.open(&link).await;
        let text = browser.text().await;
        assert!(text.contains("geantwortet") && text.contains("Bitte noch einmal versuchen."), "{text}");
        assert_eq!(browser.count("button").await, 0);
    }

    /// Back with a reason, from the page that shows everything; a second press finds it ended.
    async fn gives_it_back(app: TestApp) {
        let mut app = app;
        let (link, path) = waiting(&mut app).await;
        let (browser, other) = (Browser::start().await, Browser::start().await);
        browser.open(&link).await;
        other.open(&format!("{link}/answer")).await;
        let summary = browser.client.find(fantoccini::Locator::XPath("//summary[normalize-space()='Zurückgeben']")).await;
        browser.click(&summary.unwrap()).await;
        browser.press("Mit Grund zurückgeben").await;
        assert_eq!(browser.focus().await, "reason");
        assert!(browser.find("[role=alert]").await.text().await.unwrap().contains("Der Grund fehlt noch."));
        assert_eq!(status(&mut app, &path).await["status"], "sent");
        browser.find("#reason").await.send_keys("Der Fehler liegt nicht im Dienst.").await.unwrap();
        browser.press("Mit Grund zurückgeben").await;
        assert_eq!(browser.heading().await, "Anfrage zurückgegeben");
        let after = status(&mut app, &path).await;
        assert_eq!((&after["status"], &after["return_reason"]), (&json!("returned"), &json!("Der Fehler liegt nicht im Dienst.")));
        // A colleague still had the form open.
        other.find("#text").await.send_keys("Zu spät").await.unwrap();
        other.press("Antwort senden").await;
        let text = other.text().await;
        assert!(text.contains("schon erledigt") && text.contains("zurückgegeben"), "{text}");
        assert!(text.contains("Zu spät"), "what was typed is not lost: {text}");
        assert_quiet(&other.noted().await, &app.base, &["410"]);
        assert_readable(&other, "ended").await;
    }
}

/// The same without scripts: the pages need none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn needs_no_scripts() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (link, path) = waiting(&mut app).await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open("data:text/html,<p>aus</p><script>document.body.textContent='an'</script>").await;
    assert_eq!(browser.text().await, "aus", "the browser runs scripts");
    browser.open(&format!("{link}/acknowledge")).await;
    browser.find("#reference").await.send_keys("D-18").await.unwrap();
    browser.press("Ich kümmere mich darum").await;
    assert_eq!(browser.heading().await, "Sie kümmern sich darum");
    assert_eq!(status(&mut app, &path).await["reference"], "D-18");
    browser.open(&link).await;
    assert_eq!(browser.find("#reference").await.prop("value").await.unwrap().as_deref(), Some("D-18"));
    browser.press("Antwort senden").await;
    let focus = browser.client.active_element().await.unwrap().attr("id").await.unwrap();
    assert_eq!(focus.as_deref(), Some("text"), "the focus is where something is to be done");
    browser.find("#text").await.send_keys("Behoben.").await.unwrap();
    browser.press("Antwort senden").await;
    assert_eq!(browser.heading().await, "Antwort gesendet");
    assert_eq!(status(&mut app, &path).await["status"], "answered");
}

/// From the top of the page with Tab to the button, and Enter presses it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn needs_no_mouse() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (link, path) = waiting(&mut app).await;
    let browser = Browser::start().await;
    let enter = char::from(Key::Enter);
    let tab = async |wanted: &[&str]| {
        for stop in wanted {
            browser.key(char::from(Key::Tab)).await;
            assert_eq!(browser.focus().await, *stop);
            let seen = "const s = getComputedStyle(document.activeElement);
                return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none'";
            assert_eq!(browser.run(seen).await, true, "the focus on {stop} is not to be seen");
        }
    };
    browser.open(&link).await;
    tab(&["Zum Inhalt springen"]).await;
    browser.key(enter).await;
    assert_eq!(browser.focus().await, "inhalt");
    tab(&["Ich kümmere mich darum"]).await;
    browser.leaving(browser.key(enter)).await;
    assert_eq!(browser.heading().await, "Sie kümmern sich darum");
    assert_eq!(status(&mut app, &path).await["status"], "acknowledged");

    // The skipped-over accordion opens with the keyboard too.
    browser.open(&link).await;
    tab(&[
        "Zum Inhalt springen",
        "Antworten",
        "text",
        "reference",
        "Antwort senden",
        "Rückfrage stellen",
        "Weitergeben",
        "Zurückgeben",
    ])
    .await;
    browser.key(enter).await;
    tab(&["reason"]).await;
    browser.find("#reason").await.send_keys("Nicht unser Dienst.").await.unwrap();
    tab(&["Mit Grund zurückgeben"]).await;
    browser.leaving(browser.key(enter)).await;
    assert_eq!(status(&mut app, &path).await["status"], "returned");
}

/// Every page on every screen, in both themes; nothing foreign is fetched, nothing is complained of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_readable_everywhere() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (link, _) = waiting(&mut app).await;
    let browser = Browser::start().await;
    let dead = format!("{}/eskalation/{}", app.base, "A".repeat(43));
    let pages = [
        ("start", app.base.clone(), &[][..]),
        ("view", link.clone(), &[]),
        ("acknowledge", format!("{link}/acknowledge"), &[]),
        ("answer", format!("{link}/answer"), &[]),
        ("ask", format!("{link}/ask"), &[]),
        ("hand-on", format!("{link}/hand_on"), &[]),
        ("hand-on-english", format!("{link}/hand_on?lang=en"), &[]),
        ("return", format!("{link}/return"), &[]),
        ("unknown", dead, &["404"]),
    ];
    for (name, url, statuses) in pages {
        browser.open(&url).await;
        assert_quiet(&browser.noted().await, &app.base, statuses);
        assert_readable(&browser, name).await;
    }
    browser.open(&link).await;
    browser.press("Ich kümmere mich darum").await;
    assert_readable(&browser, "acknowledged").await;
    browser.open(&link).await;
    assert_readable(&browser, "view-acknowledged").await;
}

/// What somebody types runs nowhere: it stands there as text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_nothing_that_was_typed() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (link, _) = hostile(&mut app).await;
    let browser = Browser::start().await;
    for action in ACTIONS {
        browser.open(&format!("{link}{action}")).await;
        assert_harmless(&browser, &app.base, &[]).await;
        assert!(browser.text().await.contains("<img src=x onerror=\"window.pwned=2\">"));
        assert_readable(&browser, &format!("hostile{}", action.replace('/', "-"))).await;
    }
    // Typed on the page, and shown again because something else is missing.
    browser.open(&format!("{link}/answer")).await;
    let long = format!("{HOSTILE}{}", "y".repeat(300));
    browser
        .client
        .execute("document.getElementById('reference').value = arguments[0]", vec![json!(long)])
        .await
        .unwrap();
    browser.press("Antwort senden").await;
    assert_harmless(&browser, &app.base, &["422"]).await;
    assert_eq!(browser.find("#reference").await.prop("value").await.unwrap().unwrap(), long);
}

/// The pages for development show mails and webhooks of others: as text as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn development_pages_run_nothing() {
    let app = TestApp::start(Kind::Sqlite).await;
    let folder = app.database.folder.path().join("mail");
    std::fs::create_dir(&folder).unwrap();
    let parts = [
        (
            "20261124T101400.000Z-1.eml",
            format!(
                "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{HOSTILE}<a href=\"https://lotse.example.org/\">x</a></body></html>"
            ),
        ),
        (
            "20261124T101500.000Z-2.eml",
            format!(
                "Content-Type: text/plain; charset=utf-8\r\n\r\n{HOSTILE} https://lotse.example.org/\"onfocus=\"window.pwned=8\"autofocus=\""
            ),
        ),
    ];
    for (file, rest) in &parts {
        let mail = format!(
            "From: \"{HOSTILE}\" <a@a.example>\r\nTo: b@b.example\r\nSubject: {HOSTILE}\r\nDate: Tue, 24 Nov 2026 10:14:00 +0000\r\nMIME-Version: 1.0\r\n{rest}\r\n"
        );
        std::fs::write(folder.join(file), mail).unwrap();
    }
    let instance = app.development_instance(folder).await;
    let base = format!("http://{}", instance.address().unwrap());
    let sent =
        reqwest::Client::builder().no_proxy().build().unwrap().post(format!("{base}/entwicklung/webhook-empfang"));
    assert_eq!(sent.header("webhook-id", "x\"><script>").body(HOSTILE).send().await.unwrap().status(), 401);
    let browser = Browser::start().await;
    let mails = parts.map(|(file, _)| format!("/entwicklung/mail/{file}"));
    for (name, path) in [
        ("start", "/"),
        ("mails", "/entwicklung/mail"),
        ("html", &mails[0]),
        ("text", &mails[1]),
        ("hooks", "/entwicklung/webhooks"),
    ] {
        browser.open(&format!("{base}{path}")).await;
        browser.run("document.querySelectorAll('details').forEach(one => one.open = true)").await;
        assert_harmless(&browser, &base, &[]).await;
        assert_readable(&browser, &format!("development-{name}")).await;
    }
}

/// The reference of the API loads, asks nobody else, and takes no other document from its address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn docs_are_of_this_house() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (_, path) = hostile(&mut app).await;
    let central = app.token(Role::Central, "01002").await;
    let browser = Browser::start().await;
    let foreign = "?url=https://fremd.example/x.json&configUrl=https://fremd.example/c.json&urls.primaryName=javascript:window.pwned=9";
    for query in ["", foreign] {
        browser.open(&format!("{}/api/docs/{query}", app.base)).await;
        browser.wait_for(".opblock").await;
        assert!(browser.count(".opblock").await > 50);
        assert_eq!(browser.run("return window.pwned === undefined").await, true);
        for width in [320, 390, 1280] {
            browser.set_width(width).await;
            browser.picture(&format!("docs-{width}")).await;
        }
        assert_quiet(&browser.noted().await, &app.base, &[]);
    }
    // A request that means harm, read through the page.
    browser.client.execute("ui.preauthorizeApiKey('token', arguments[0])", vec![json!(central)]).await.unwrap();
    let of = |css: &str| format!(".opblock:has([data-path='/api/v1/tickets/{{ticket}}']) {css}");
    browser.press_at(&of(".opblock-summary-control")).await;
    browser.press_at(&of(".try-out__btn")).await;
    browser.find(&of(".parameters input")).await.send_keys(path.rsplit('/').next().unwrap()).await.unwrap();
    browser.press_at(&of(".execute")).await;
    let shown =
        browser.wait_for(&of(".live-responses-table .response-col_description code")).await.text().await.unwrap();
    assert!(shown.contains("window.pwned=1"), "{shown}");
    assert_eq!(browser.run("return window.pwned === undefined && !document.querySelector('img[src=x]')").await, true);
    assert_quiet(&browser.noted().await, &app.base, &[]);
}

/// Nothing of what was typed became an element, an attribute or an address; so the policy had nothing to stop.
async fn assert_harmless(browser: &Browser, base: &str, statuses: &[&str]) {
    assert_eq!(browser.run("return window.pwned === undefined").await, true, "something has run");
    let planted =
        "script, img, iframe, svg, [onfocus], [onerror], [href^='javascript:'], meta[http-equiv], [srcdoc], [x]";
    assert_eq!(browser.count(planted).await, 0, "{}", browser.client.source().await.unwrap());
    assert_quiet(&browser.noted().await, base, statuses);
}
