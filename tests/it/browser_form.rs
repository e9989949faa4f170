//! The public form in a real browser: the work is done by its script, nothing is asked of people; without scripts it
//! works as well; both languages, Leichte Sprache, from a phone to a wide screen, in the dark.

use std::time::Duration;

use lotse::access::{Grant, Role, Scope};
use lotse::clock::Clock;
use serde_json::{Value, json};

use crate::public_form::{PATH, PNG, started};
use crate::support::app::{Kind, PASSWORD, TestApp};
use crate::support::browser::{Browser, Scripts};
use crate::support::wait::wait_for;

/// As it comes: 17 bits are solved in the browser.
const MORE: &str = "[public_form]\nquickest = \"0s\"\nconsent = \"Ich bin einverstanden, dass meine Angaben gespeichert werden.\"\nconsent_en = \"I agree that what I write is stored.\"\n[public]\nprivacy_url = \"https://kiel.example.org/datenschutz\"\n";

async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(&format!("form-{name}"), &[("light", 320), ("dark", 390), ("light", 1440), ("dark", 1440)])
        .await;
}

async fn choose(browser: &Browser, css: &str) {
    let found = browser.find(css).await;
    browser.click(&found).await;
}

fn link_for(app: &TestApp) -> Option<String> {
    app.smtp.received().iter().find_map(|mail| {
        let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
        let text = parsed.body_text(0)?.into_owned();
        let at = text.split_whitespace().find(|word| word.contains("/bestaetigen?"))?.to_owned();
        let url = url::Url::parse(&at).unwrap();
        Some(format!("{}{}?{}", app.base, url.path(), url.query().unwrap()))
    })
}

/// From the help page to the answer, the work done by the script.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_writes_and_reads_the_answer() {
    let mut app = started(Kind::Sqlite, MORE, Clock::system()).await;
    let browser = Browser::start().await;
    browser.set_width(390).await;
    browser.open(&format!("{}{}", app.base, PATH.replace("/anfrage", ""))).await;
    browser.picture("form-help-390").await;
    let link = browser.find("a[href$='/anfrage']").await;
    browser.leaving(browser.click(&link)).await;
    assert_eq!(browser.heading().await, "Frage schreiben");
    assert_readable(&browser, "empty").await;

    // Sent empty: everything is said, the focus leads there.
    browser.press("Frage absenden").await;
    assert!(browser.text().await.contains("Wählen Sie, worum es geht."), "{}", browser.text().await);
    assert_readable(&browser, "faults").await;

    choose(&browser, "#kategorie option[value=login]").await;
    browser.fill("#text", "Mein Konto DE02 1203 0000 0000 2020 51 wird nicht angenommen.").await;
    assert!(browser.text().await.contains("Kontonummer (IBAN)"), "{}", browser.text().await);
    browser.fill("#text", "Nach der Anmeldung erscheint ein Fehler.").await;
    assert!(!browser.text().await.contains("Kontonummer (IBAN)"));
    choose(&browser, "#antwort-email").await;
    browser.fill("#mail", "erika@buerger.example.org").await;
    choose(&browser, "#zustimmung").await;
    let picture = app.database.folder.path().join("bild.png");
    std::fs::write(&picture, PNG).unwrap();
    browser.find("#dateien").await.send_keys(picture.to_str().unwrap()).await.unwrap();
    browser.press("Frage absenden").await;
    assert_eq!(browser.heading().await, "Jetzt noch bestätigen", "{}", browser.text().await);
    assert_readable(&browser, "sent").await;
    wait_for("the mail", Duration::from_secs(20), || link_for(&app).is_some()).await;

    browser.open(&link_for(&app).unwrap()).await;
    assert_eq!(browser.heading().await, "Haben Sie das geschrieben?");
    assert_readable(&browser, "confirm").await;
    browser.press("Ja, das habe ich geschrieben").await;
    assert!(browser.text().await.contains("Ihre Adresse ist bestätigt"), "{}", browser.text().await);
    assert_readable(&browser, "received").await;

    let central = app.central().await;
    let ticket = app.get(&central, "/api/v1/tickets").await.expect(200)["items"][0].clone();
    let path = format!("/api/v1/tickets/{}", ticket["number"].as_str().unwrap());
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    app.post(&central, &format!("{path}/wait"), json!({"question": "Welchen Browser nutzen Sie?"})).await.expect(200);
    browser.run("location.reload()").await;
    browser.wait_for(".lo-st--wait").await;
    assert_readable(&browser, "question").await;
    browser.fill("#text", "Firefox 145").await;
    browser.press("Antwort senden").await;
    assert!(browser.text().await.contains("Ihre Nachricht ist angekommen"), "{}", browser.text().await);
    app.post(&central, &format!("{path}/answer"), json!({"text": "Bitte löschen Sie die Cookies.\nDann geht es."}))
        .await
        .expect(200);
    browser.run("location.reload()").await;
    browser.wait_for(".lo-talk__ours").await;
    assert!(browser.text().await.contains("Bitte löschen Sie die Cookies."), "{}", browser.text().await);
    assert_readable(&browser, "answered").await;
    let noted = browser.noted().await;
    assert!(noted.complaints.iter().all(|one| one.contains("422")), "{:?}", noted.complaints);
}

/// Without scripts, in English and in Leichte Sprache; a request without an address is there at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_and_in_other_languages() {
    let mut app = started(Kind::Sqlite, MORE, Clock::system()).await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open(&format!("{}{PATH}?lang=de-x-leicht", app.base)).await;
    assert_eq!(browser.heading().await, "Schreiben Sie uns");
    browser.picture("form-leicht").await;
    browser.open(&format!("{}{PATH}?lang=en", app.base)).await;
    assert_eq!(browser.heading().await, "Write to us");
    choose(&browser, "#kategorie option[value=payment]").await;
    browser.fill("#text", "Paying fails.").await;
    choose(&browser, "#antwort-phone").await;
    browser.press("Send question").await;
    let text = browser.text().await;
    assert!(text.contains("Write your phone number") && text.contains("without your consent"), "{text}");
    assert_eq!(browser.find("#text").await.text().await.unwrap(), "Paying fails.");
    browser.fill("#telefon", "0431 901-0").await;
    choose(&browser, "#zustimmung").await;
    browser.press("Send question").await;
    assert!(browser.text().await.contains("Your request is taken."), "{}", browser.text().await);
    for width in [320, 1440] {
        browser.set_width(width).await;
        assert!(browser.sideways().await <= 0, "{width}");
        browser.picture(&format!("form-taken-en-{width}")).await;
    }
    browser.fill("#text", "By credit card.").await;
    browser.press("Send message").await;
    let central = app.central().await;
    let ticket = app.get(&central, "/api/v1/tickets").await.expect(200)["items"][0].clone();
    assert_eq!((&ticket["category"], &ticket["status"]), (&json!("payment"), &json!("new")));
    let history =
        app.get(&central, &format!("/api/v1/tickets/{}/history", ticket["number"].as_str().unwrap())).await.expect(200);
    let added = |entry: &Value| entry["kind"] == "reporter_added" && entry["data"]["text"] == "By credit card.";
    assert!(history["items"].as_array().unwrap().iter().any(added), "{history}");
    browser.open(&format!("{}/anfrage/link?lang=en", app.base)).await;
    assert_eq!(browser.heading().await, "Send the link again");
    browser.picture("form-lost-en").await;
}

/// What staff see of it, and decide.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_what_is_not_confirmed() {
    let app = started(Kind::Sqlite, "[public_form]\nquickest = \"0s\"\n", Clock::system()).await;
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    let scope = Scope::region("01".parse().unwrap());
    let person = app.person("zentrale", vec![Grant { role: Role::Central, scope, contact: None }]).await;
    for text in ["Kaufen Sie unsere Uhren.", "Das Hochladen bricht bei 90 Prozent ab.\nSeit Montag."] {
        browser.open(&format!("{}{PATH}", app.base)).await;
        choose(&browser, "#kategorie option[value=upload]").await;
        browser.fill("#text", text).await;
        choose(&browser, "#antwort-email").await;
        browser.fill("#mail", "erika@buerger.example.org").await;
        browser.press("Frage absenden").await;
        assert_eq!(browser.heading().await, "Jetzt noch bestätigen");
    }
    browser.open(&format!("{}/anmelden?lang=de&weiter=/unbestaetigt", app.base)).await;
    browser.find("#login").await.send_keys(&person.user.login).await.unwrap();
    browser.find("#password").await.send_keys(PASSWORD).await.unwrap();
    browser.press("Anmelden").await;
    assert_eq!(browser.heading().await, "Unbestätigt");
    assert_readable(&browser, "unconfirmed").await;
    browser.set_width(1440).await;
    choose(&browser, "main summary").await;
    let button = browser.find("main details[open] button").await;
    browser.leaving(browser.click(&button)).await;
    assert!(browser.text().await.contains("zum Beispiel: Werbung"), "{}", browser.text().await);
    assert_readable(&browser, "unconfirmed-fault").await;
    browser.fill("main details[open] input[name=grund]", "Werbung").await;
    let button = browser.find("main details[open] button").await;
    browser.leaving(browser.click(&button)).await;
    let text = browser.text().await;
    assert!(text.contains("ist verworfen") && !text.contains("Uhren"), "{text}");
    let button = browser.find("form[action$=aufnehmen] button").await;
    browser.leaving(browser.click(&button)).await;
    browser.open(&format!("{}/unbestaetigt", app.base)).await;
    assert!(browser.text().await.contains("Hier wartet nichts."), "{}", browser.text().await);
    assert_readable(&browser, "unconfirmed-none").await;
}
