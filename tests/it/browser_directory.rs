//! The directory's pages in a real browser: the stories of those who keep it, with and without scripts; widths, both
//! themes, both languages.

use lotse::access::{Grant, Role, Scope};
use serde_json::json;

use crate::support::app::{Kind, TestApp};
use crate::support::browser::{Browser, Scripts};

fn grants(role: Role, region: &str) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }]
}

/// A day in a field of its own kind, which the browser asks for in its own order.
async fn set(browser: &Browser, id: &str, value: &str) {
    browser.run(&format!("document.getElementById('{id}').value = '{value}'")).await;
}

async fn follow(browser: &Browser, css: &str) {
    let link = browser.find(css).await;
    browser.leaving(browser.click(&link)).await;
}

/// Fits screens from a small phone to a desk, and axe-core finds nothing in either theme.
async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(
            &format!("directory-{name}"),
            &[("light", 320), ("dark", 390), ("light", 1440), ("dark", 1440)],
        )
        .await;
}

/// An editor finds a gap and closes it by its link, sets an absence with a deputy, and sees who would be asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_keeps_the_directory() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let admin = app.token(Role::Admin, "").await;
    app.patch(&admin, "/api/v1/contacts/nur-webhook", json!({"confirmed_on": "2020-01-01"})).await.expect(200);
    let editor = app.person("petersen", grants(Role::DirectoryEditor, "")).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &editor.user.login, "/verzeichnis").await;
    assert_eq!(browser.heading().await, "Verzeichnis");
    assert_readable(&browser, "hub").await;
    follow(&browser, "main a[href='/luecken']").await;
    assert_readable(&browser, "gaps").await;
    follow(&browser, "a[href$='/zustaendig/project_lead']").await;
    assert_eq!(browser.heading().await, "Zuständig: Projektleitung");
    browser.fill("#kontakt", "gibt-es-nicht").await;
    browser.press("Eintragen").await;
    assert_eq!(browser.focus().await, "kontakt");
    browser.fill("#kontakt", "kiel-zentral").await;
    browser.fill("#person", "J. Lorenzen").await;
    browser.press("Eintragen").await;
    assert!(browser.text().await.contains("J. Lorenzen"), "{}", browser.text().await);
    assert_readable(&browser, "duty").await;
    browser.open(&format!("{}/luecken", app.base)).await;
    assert_eq!(browser.count("a[href$='/zustaendig/project_lead']").await, 0, "the gap is closed");

    browser.open(&format!("{}/kontakte", app.base)).await;
    assert_readable(&browser, "contacts").await;
    browser.open(&format!("{}/kontakte/kiel-zentral", app.base)).await;
    set(&browser, "von", "2020-02-01").await;
    set(&browser, "bis", "2999-02-14").await;
    browser.fill("#vertretung", "kiel-meldewesen").await;
    browser.press("Abwesenheit eintragen").await;
    let text = browser.text().await;
    assert!(text.contains("Abwesenheit eingetragen.") && text.contains("Kiel, Meldewesen"), "{text}");
    assert_readable(&browser, "contact").await;
    browser.open(&format!("{}/kontakte/kiel-zentral/bearbeiten", app.base)).await;
    assert_readable(&browser, "contact-form").await;
    browser.open(&format!("{}/kontakte/kiel-zentral/system", app.base)).await;
    assert_readable(&browser, "system").await;

    browser.open(&format!("{}/wer", app.base)).await;
    browser.find("#dienst option[value=wohnsitzanmeldung]").await.click().await.unwrap();
    browser.fill("#ort", "Kiel").await;
    browser.press("Zeigen").await;
    let text = browser.text().await;
    assert!(
        text.contains("Dataport Service Desk") && text.contains("Technischer Kontakt des Betreibers Dataport"),
        "{text}"
    );
    assert!(text.contains("Vertretung von Kiel, zentrale Stelle"), "the deputy of who is away: {text}");
    assert_readable(&browser, "who").await;

    browser.open(&format!("{}/anschluesse", app.base)).await;
    assert_readable(&browser, "adoptions").await;
    follow(&browser, "main th a").await;
    assert_readable(&browser, "adoption").await;
    browser.open(&format!("{}/vereinbarungen", app.base)).await;
    assert_readable(&browser, "agreements").await;
    follow(&browser, "main th a").await;
    assert_readable(&browser, "agreement").await;
    browser.open(&format!("{}/zustaendigkeiten", app.base)).await;
    assert_readable(&browser, "shared").await;
    follow(&browser, "main a[href$='/wohnsitzanmeldung/technical']").await;
    browser.fill("#kontakt", "kiel-zentral").await;
    browser.fill("#ort", "Kiel").await;
    set(&browser, "von", "2999-01-01").await;
    browser.press("Eintragen").await;
    let text = browser.text().await;
    assert!(text.contains("Kiel · ab 01.01.2999"), "{text}");
    assert_readable(&browser, "shared-duty").await;
    browser.open(&format!("{}/schliesstage", app.base)).await;
    set(&browser, "tag", "2999-06-26").await;
    browser.fill("#ort", "Kiel").await;
    browser.fill("#grund", "Personalversammlung").await;
    browser.press("Eintragen").await;
    assert!(browser.text().await.contains("Personalversammlung"));
    assert_readable(&browser, "closing").await;
    browser.open(&format!("{}/luecken?lang=en", app.base)).await;
    assert_readable(&browser, "gaps-en").await;
}

/// While hours are typed, the form says what they mean; without a script a button does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_are_explained_while_they_are_typed() {
    let app = TestApp::start(Kind::Sqlite).await;
    let editor = app.person("petersen", grants(Role::DirectoryEditor, "")).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &editor.user.login, "/kanaele").await;
    assert_readable(&browser, "channels").await;
    follow(&browser, "main th a").await;
    assert_readable(&browser, "channel").await;
    browser.noted().await;
    browser.fill("#zeiten", "Mo,We 09:00-12:00").await;
    crate::support::wait::wait_for_some("the meaning of the hours", std::time::Duration::from_secs(10), || async {
        browser.find("#bedeutung").await.text().await.ok().filter(|text| text.contains("Mittwoch"))
    })
    .await;
    let noted = browser.noted().await;
    assert!(noted.complaints.is_empty(), "{:?}", noted.complaints);
    browser.open(&format!("{}/stoerungen/neu", app.base)).await;
    browser.find("#dienst option[value=wohnsitzanmeldung]").await.click().await.unwrap();
    browser.fill("#titel", "BundID gestört").await;
    browser.press("Aushängen").await;
    assert_eq!(browser.focus().await, "text");
    assert_readable(&browser, "notice-error").await;
    browser.fill("#text", "Bitte versuchen Sie es ab 14 Uhr wieder.").await;
    browser.press("Aushängen").await;
    assert!(browser.text().await.contains("steht jetzt auf den Hilfe-Seiten"), "{}", browser.text().await);
    assert_readable(&browser, "notices").await;

    let plain = Browser::start_with(Scripts::Off).await;
    plain.open_as(&app, &editor.user.login, "/kanaele/neu").await;
    plain.fill("#zeiten", "Sa 10:00-14:00").await;
    plain.press("Was bedeutet das?").await;
    assert!(plain.text().await.contains("Samstag"), "{}", plain.text().await);
    assert_eq!(plain.count("#zeiten[value='Sa 10:00-14:00']").await, 1);
}

/// Without scripts a table is looked at, then imported just as it was seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_previewed_without_scripts() {
    let app = TestApp::start(Kind::Sqlite).await;
    let editor = app.person("petersen", grants(Role::DirectoryEditor, "")).await;
    let file = app.database.folder.path().join("kontakte.csv");
    std::fs::write(&file, "id;name;email\nkiel-zentral;Kiel, Bürgerhilfe;\nneu-1;Neu;neu@kiel.example.org\n").unwrap();
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open_as(&app, &editor.user.login, "/importe").await;
    browser.picture("directory-imports-plain").await;
    follow(&browser, "a[href='/importe/kontakte']").await;
    browser.find("#datei").await.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.press("Ansehen").await;
    let text = browser.text().await;
    assert!(text.contains("1 neu") && text.contains("Kiel, zentrale Stelle → Kiel, Bürgerhilfe"), "{text}");
    for width in [320, 1440] {
        browser.set_width(width).await;
        browser.picture(&format!("directory-import-{width}")).await;
    }
    browser.press("Jetzt einlesen").await;
    assert!(browser.text().await.contains("Eingelesen."), "{}", browser.text().await);
    browser.open(&format!("{}/kontakte/neu-1", app.base)).await;
    assert_eq!(browser.heading().await, "Neu");
}
