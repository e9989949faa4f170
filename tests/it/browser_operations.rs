//! The operations page, settings and the pages that the law asks for, in a real browser: both themes, every width, without
//! scripts, by hand.

use lotse::access::Role;

use crate::operations::{admin, given_up};
use crate::support::app::{Kind, TestApp};
use crate::support::browser::{Browser, Scripts};

async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(&format!("ops-{name}"), &[("light", 320), ("dark", 390), ("light", 1440), ("dark", 1024)])
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_sees_to_what_was_given_up() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    given_up(&mut app).await;
    let token = app.token(Role::Admin, "").await;
    let two = |value: &serde_json::Value| value["queue"]["exhausted"].as_i64() >= Some(2);
    app.wait_until(&token, "/api/v1/operations", "two given up", two).await;
    let person = admin(&app).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/betrieb").await;
    assert_eq!(browser.heading().await, "Betrieb");
    assert_readable(&browser, "page").await;
    let shown = browser.text().await;
    assert!(shown.contains("Adresse ist ausgeschaltet") && shown.contains("dataport.example.org"), "{shown}");
    assert!(!shown.contains('@'), "nobody's address: {shown}");
    // First the address, then the message.
    app.smtp.behave();
    app.webhook.always(crate::support::webhook::status(204));
    browser.press("Wieder einschalten").await;
    assert!(browser.text().await.contains("bekommt wieder Nachrichten"));
    browser.run("document.querySelectorAll('[name=delivery]').forEach(box => box.click())").await;
    browser.press("Ausgewählte noch einmal senden").await;
    assert!(browser.text().await.contains("wieder unterwegs"), "{}", browser.text().await);
    app.wait_until(&token, "/api/v1/operations", "nothing given up", |value| value["queue"]["exhausted"] == 0).await;
    browser.open(&format!("{}/betrieb", app.base)).await;
    assert!(browser.text().await.contains("Es wurde nichts aufgegeben"));
    assert_readable(&browser, "well").await;
    browser.open(&format!("{}/betrieb/lizenzen?lang=en", app.base)).await;
    assert_eq!(browser.heading().await, "Licences");
    assert_readable(&browser, "licences").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_and_required_pages_without_scripts() {
    let app = TestApp::start(Kind::Sqlite).await;
    let person = admin(&app).await;
    let bare = Browser::start_with(Scripts::Off).await;
    bare.open_as(&app, &person.user.login, "/konto").await;
    bare.find("#darstellung").await.select_by_value("dark").await.unwrap();
    bare.find("#tasten").await.select_by_value("off").await.unwrap();
    bare.press("Einstellungen speichern").await;
    assert!(bare.text().await.contains("Die Einstellungen sind gespeichert"));
    assert_eq!(bare.find("html").await.attr("data-kern-theme").await.unwrap().as_deref(), Some("dark"));
    assert_eq!(bare.find("body").await.attr("data-keys").await.unwrap().as_deref(), Some("off"));
    bare.picture("ops-account-dark").await;
    bare.press("Zweiten Faktor einrichten").await;
    assert!(
        bare.text().await.contains("Das bisherige Passwort stimmt nicht")
            || bare.count("#factor-password-fehler").await == 1
    );

    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/konto").await;
    assert_readable(&browser, "account").await;
    // Chosen dark holds where the system is light, and the other way round.
    browser.set_theme("light").await;
    browser.find("#darstellung").await.select_by_value("dark").await.unwrap();
    browser.press("Einstellungen speichern").await;
    let colour = "return getComputedStyle(document.body).color + ' ' + getComputedStyle(document.documentElement).backgroundColor";
    let dark = browser.run(colour).await;
    assert!(browser.axe().await.is_empty());
    browser.picture("ops-account-chosen-dark").await;
    browser.find("#darstellung").await.select_by_value("light").await.unwrap();
    browser.press("Einstellungen speichern").await;
    browser.set_theme("dark").await;
    assert_ne!(browser.run(colour).await, dark);
    assert!(browser.axe().await.is_empty());
    for (path, name) in [
        ("/barrierefreiheit", "accessibility"),
        ("/barrierefreiheit?lang=de-x-leicht", "accessibility-easy"),
        ("/impressum?lang=en", "imprint"),
        ("/datenschutz", "privacy"),
        ("/eskalation/gibt-es-nicht", "message"),
        ("/hilfe/wohnsitzanmeldung/010020000000?einbettung=1", "framed"),
    ] {
        browser.open(&format!("{}{path}", app.base)).await;
        assert_readable(&browser, name).await;
    }
}
