//! The page of one request in a real browser: by keys alone, without scripts, on a phone, in the dark and on paper; two
//! people at once; and the 2nd level's list.

use serde_json::json;

use crate::support::app::{Kind, TestApp};
use crate::support::browser::{Browser, Scripts};
use crate::ticket_page::{central, comment_by_mail, second_level};

const ENTER: char = '\u{E007}';
const CONTROL: char = '\u{E009}';

async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(
            &format!("ticket-{name}"),
            &[("light", 320), ("dark", 390), ("light", 768), ("light", 1440), ("dark", 1440)],
        )
        .await;
    browser.set_width(1440).await;
    browser.set_theme("light").await;
}

/// Take it, escalate it, answer it: with the keys, previews as one types, and a draft that survives a reload.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_by_keys_alone() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let number = app.submit().await["number"].as_str().unwrap().to_owned();
    let admin = app.token(lotse::access::Role::Admin, "").await;
    let text = json!({"region": "01", "language": "de", "title": "Gruß", "body": "Zu {nummer}: geklärt."});
    app.post(&admin, "/api/v1/text-modules", text).await.expect(201);
    let person = central(&app, "petersen").await;
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    browser.open_as(&app, &person.user.login, &format!("/anfragen/{number}")).await;
    assert_readable(&browser, "new").await;
    browser.leaving(browser.key('c')).await;
    assert!(browser.text().await.contains("In Bewertung bei Ihnen"), "{}", browser.text().await);

    browser.key('j').await;
    browser.key('j').await;
    assert!(browser.focus().await.starts_with("e-"), "{}", browser.focus().await);
    browser.key('k').await;
    // All keys that do something here; while they are shown nothing else acts.
    browser.key('?').await;
    browser.until("the keys", "document.getElementById('hilfe').open").await;
    assert_readable(&browser, "keys").await;
    let keys = "return [...document.querySelectorAll('#hilfe dt')].map((one) => one.textContent.trim())";
    let keys = browser.run(keys).await;
    let has_key = |key: &str| keys.as_array().unwrap().iter().any(|one| one == key);
    assert!(["J K", "A", "E", "Strg Enter", "?"].into_iter().all(has_key) && !has_key("C"), "{keys}");
    browser.key('e').await;
    assert_eq!(browser.run("return document.getElementById('tun-eskalieren').open").await, false);
    browser.press_at("#hilfe-zu").await;
    browser.until("the request", "!document.getElementById('hilfe').open").await;
    browser.key('e').await;
    assert_eq!(browser.focus().await, "eskalieren");
    browser.types("Bitte Abbruch pruefen.").await;
    browser
        .until(
            "the preview",
            "document.querySelector('#vorschau-eskalieren .lo-quote')?.textContent.includes('Bitte Abbruch pruefen.')",
        )
        .await;
    assert_readable(&browser, "escalate").await;
    browser.run("document.getElementById('eskalieren').focus()").await;
    browser.leaving(browser.chord(CONTROL, ENTER)).await;
    let text = browser.text().await;
    assert!(text.contains("Die Frage ist unterwegs.") && text.contains("Technische Eskalation"), "{text}");
    comment_by_mail(&app, &number).await;
    browser.open(&format!("{}/anfragen/{number}", app.base)).await;
    assert_readable(&browser, "escalated").await;

    // An answer with a text put in; a reload in the midst of it loses nothing.
    browser.key('a').await;
    assert_eq!(browser.focus().await, "antwort");
    browser.types("Guten Tag.").await;
    let choose = "const s = document.getElementById('baustein-antwort'); s.selectedIndex = 1; document.querySelector('[data-baustein=antwort]').click();";
    browser.run(choose).await;
    let expected = format!("Guten Tag.\n\nZu {number}: geklärt.");
    assert_eq!(browser.run("return document.getElementById('antwort').value").await, expected);
    browser.run("location.reload()").await;
    let draft = format!("document.getElementById('antwort')?.value === {}", json!(expected));
    browser.until("the draft", &draft).await;
    browser.until("what the person gets", "document.querySelector('#vorschau-antwort .lo-quote')").await;
    assert_readable(&browser, "answer").await;
    // Somebody else does something meanwhile: nothing is overwritten, what was typed stays.
    let token = app.central().await;
    app.post(&token, &format!("/api/v1/tickets/{number}/notes"), json!({"text": "Ruft zurück"})).await.expect(200);
    browser.run("document.getElementById('antwort').focus()").await;
    browser.leaving(browser.chord(CONTROL, ENTER)).await;
    let text = browser.text().await;
    assert!(text.contains("Inzwischen hat") && text.contains("Ruft zurück"), "{text}");
    assert_eq!(browser.run("return document.getElementById('antwort').value").await, expected);
    assert_readable(&browser, "stale").await;
    browser.run("document.getElementById('antwort').focus()").await;
    browser.leaving(browser.chord(CONTROL, ENTER)).await;
    assert!(browser.text().await.contains("Die Anfrage ist beantwortet."), "{}", browser.text().await);
    browser.until("an address that does not say it again", "!location.search").await;
    let drafts = "return Object.keys(sessionStorage).filter((key) => key.endsWith('-antwort')).length";
    assert_eq!(browser.run(drafts).await, 0, "the draft is gone");

    // Single keys can be switched off.
    browser.press_at("#alle-tasten").await;
    let named = "return document.querySelectorAll('[aria-keyshortcuts]').length";
    assert_ne!(browser.run(named).await, 0);
    browser.press_at("#tasten-an").await;
    assert_eq!(browser.run(named).await, 0, "no key is named that does nothing");
    browser.press_at("#hilfe-zu").await;
    browser.key('?').await;
    assert_eq!(browser.run("return document.getElementById('hilfe').open").await, false);
    browser.run("window.isOld = true; location.reload()").await;
    browser.until("the page", "!window.isOld && document.querySelector('.lo-keys[hidden]')").await;
    browser.key('j').await;
    assert!(!browser.focus().await.starts_with("e-"), "keys are off");
    let complaints = browser.noted().await.complaints;
    let unexpected: Vec<_> = complaints.iter().filter(|line| !line.contains("409")).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");

    browser.open(&format!("{}/anfragen/{number}/druck", app.base)).await;
    browser.set_medium("print").await;
    assert!(!browser.text().await.contains("Drucken Sie diese Seite"), "{}", browser.text().await);
    browser.set_medium("").await;
    assert_readable(&browser, "print").await;
    browser.open(&format!("{}/textbausteine", app.base)).await;
    assert_readable(&browser, "texts").await;
}

/// The same without scripts: forms, previews, texts put in by the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let number = app.submit().await["number"].as_str().unwrap().to_owned();
    let person = central(&app, "petersen").await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open_as(&app, &person.user.login, &format!("/anfragen/{number}")).await;
    browser.press("Ich übernehme die Anfrage C").await;
    browser.click(&browser.find("#tun-eskalieren summary").await).await;
    browser.find("#eskalieren").await.send_keys("Bitte prüfen.").await.unwrap();
    let preview = browser.find("#tun-eskalieren button[value=vorschau]").await;
    browser.leaving(browser.click(&preview)).await;
    let text = browser.text().await;
    assert!(text.contains("Dataport Service Desk, sofort, per Mail, Webhook"), "{text}");
    assert!(text.contains("Name und Adressen der Person bleiben hier."), "{text}");
    browser.click(&browser.find("#tun-eskalieren .lo-details summary").await).await;
    assert!(browser.text().await.contains("braucht Ihre Antwort (technisch)"), "{}", browser.text().await);
    let send = browser.find("#tun-eskalieren [data-send]").await;
    browser.leaving(browser.click(&send)).await;
    assert!(browser.text().await.contains("Die Frage ist unterwegs."), "{}", browser.text().await);
    browser.open(&format!("{}/anfragen/{number}?lang=en", app.base)).await;
    assert!(browser.text().await.contains("What should happen?"), "{}", browser.text().await);
}

/// The 2nd level on a phone: its list, one of it, the button.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_level_by_log_in() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let person = second_level(&app, "technik", "technik").await;
    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/eskalationen").await;
    assert!(browser.text().await.contains("Hier wartet nichts auf Sie"), "{}", browser.text().await);
    let (_, escalation) = app.escalated("technical").await;
    browser.open(&format!("{}/eskalationen", app.base)).await;
    assert_readable(&browser, "desk").await;
    browser.set_width(390).await;
    let one = browser.find(".lo-lines a").await;
    browser.leaving(browser.click(&one)).await;
    assert_readable(&browser, "desk-one").await;
    browser.press("Ich kümmere mich darum").await;
    assert_eq!(browser.heading().await, "Sie kümmern sich darum");
    assert_readable(&browser, "desk-done").await;
    let token = app.token(lotse::access::Role::SecondLevel, "technik").await;
    let answer = format!("/api/v1/escalations/{}/answer", escalation["id"].as_str().unwrap());
    app.post(&token, &answer, json!({"text": "Behoben."})).await.expect(200);
    browser.open(&format!("{}/eskalationen", app.base)).await;
    assert!(browser.text().await.contains("Beendet in den letzten 30 Tagen"), "{}", browser.text().await);
    assert_readable(&browser, "desk-past").await;
    browser.open(&format!("{}/eskalation/gibtesnicht", app.base)).await;
    browser.leaving(async { browser.click(&browser.find("footer a").await).await }).await;
    assert_eq!(browser.heading().await, "There is no such link");
}
