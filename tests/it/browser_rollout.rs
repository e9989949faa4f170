//! The pages of the roll-out in a real browser: the list, one adoption, one point, who does what; on a phone, in the
//! dark, in both languages; without scripts from a draft to live; and what somebody sees who only reads, or reaches
//! one municipality alone.

use lotse::access::{Grant, Role, Scope};
use serde_json::json;

use crate::rollout::{BY_HAND, draft, fulfil};
use crate::support::app::{Kind, TestApp};
use crate::support::browser::{Browser, Scripts};

fn grants(role: Role, region: &str) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }]
}

/// Fits screens from a small phone to a desk, and axe-core finds nothing in either theme.
async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(
            &format!("rollout-{name}"),
            &[("light", 320), ("light", 390), ("dark", 390), ("light", 1440), ("dark", 1440)],
        )
        .await;
}

/// Every page of it, half way and with faults.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shows_what_is_missing() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let admin = app.token(Role::Admin, "").await;
    let at = draft(&app, &admin).await;
    let here = at.replace("/api/v1/adoptions", "/anschluesse");
    let lead = app.person("lorenzen", grants(Role::ProjectLead, "010030000000")).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &lead.user.login, "/anschluesse").await;
    assert_eq!(browser.heading().await, "Anschlüsse");
    let text = browser.text().await;
    assert!(text.contains("Lübeck") && !text.contains("Kiel"), "only their own: {text}");
    assert!(text.contains("24 Pflichtpunkte offen"), "{text}");
    assert_readable(&browser, "list").await;

    browser.open(&format!("{}{here}", app.base)).await;
    assert_eq!(browser.heading().await, "Lübeck, Hansestadt: Kita-Anmeldung");
    assert!(browser.text().await.contains("Noch nicht startklar: 24 Pflichtpunkte offen"));
    assert_readable(&browser, "bare").await;
    fulfil(&app, &admin, &at).await;
    for (item, body) in [
        ("knowledge", json!({"state": "waiting", "owner": "Fachbereich 4", "due_on": "2020-01-31"})),
        ("case_file", json!({"state": "not_needed", "note": "Entscheid"})),
        ("reuse_contact", json!({"state": "done", "note": "Schreiben vom 4. September\nAkte 7"})),
    ] {
        app.patch_item(&admin, &at, item, body).await;
    }
    app.patch(&admin, &at, json!({"functional": [], "emergency": []})).await.expect(200);
    browser.open(&format!("{}{here}", app.base)).await;
    assert!(browser.text().await.contains("2 Pflichtpunkte offen, 1 wartet auf andere"), "{}", browser.text().await);
    assert_readable(&browser, "half").await;
    browser.open(&format!("{}{here}?lang=en", app.base)).await;
    assert!(browser.text().await.contains("2 required points open, 1 waits for others"));
    assert_readable(&browser, "half-en").await;
    browser.open(&format!("{}{here}?offen=1&lang=de", app.base)).await;
    assert_eq!(browser.count(".lo-points tbody tr").await, 5, "only what is open");

    browser.open(&format!("{}{here}/punkte/functional_contact", app.base)).await;
    assert_eq!(browser.heading().await, "Fachliche Ansprechperson benannt");
    browser.fill("#kontakt", "gibt-es-nicht").await;
    browser.press("Eintragen").await;
    assert_eq!(browser.focus().await, "kontakt");
    assert_readable(&browser, "point-error").await;
    browser.fill("#kontakt", "kiel-meldewesen").await;
    browser.fill("#person", "S. Jensen").await;
    browser.press("Eintragen").await;
    assert!(browser.text().await.contains("S. Jensen (Kiel, Meldewesen)"), "{}", browser.text().await);
    assert_readable(&browser, "point").await;
    browser.open(&format!("{}{here}/punkte/user_advice", app.base)).await;
    assert_readable(&browser, "point-by-hand").await;

    browser.open(&format!("{}{here}/aufgaben", app.base)).await;
    browser.find("select[name=land-0] option[value=responsible]").await.click().await.unwrap();
    browser.press("Aufgabenteilung speichern").await;
    assert!(browser.text().await.contains("Anträge bearbeiten: Genau eine Stelle ist verantwortlich"));
    assert_readable(&browser, "matrix-error").await;
    browser.find("select[name=land-0] option[value=none]").await.click().await.unwrap();
    browser.fill(".lo-cell[name=aufgabe-11]", "Schulung").await;
    browser.find("select[name=it_provider-11] option[value=responsible]").await.click().await.unwrap();
    browser.press("Aufgabenteilung speichern").await;
    assert!(browser.text().await.contains("Schulung"), "{}", browser.text().await);
}

/// Without scripts, from a draft to live and out of use again; the state that is not possible says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goes_live_without_scripts() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let admin = app.token(Role::Admin, "").await;
    let at = draft(&app, &admin).await;
    let here = at.replace("/api/v1/adoptions", "/anschluesse");
    fulfil(&app, &admin, &at).await;
    app.patch_item(&admin, &at, BY_HAND[0], json!({"state": "open"})).await;
    let editor = app.person("petersen", grants(Role::DirectoryEditor, "01003")).await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open_as(&app, &editor.user.login, &here).await;
    assert!(browser.text().await.contains("Geht, sobald alle Pflichtpunkte erfüllt sind."));
    let link = browser.find("#punkt-reuse_contact a").await;
    browser.leaving(browser.click(&link)).await;
    assert_eq!(browser.heading().await, "Ansprechstelle für die Nachnutzung");
    browser.find("#stand option[value=done]").await.click().await.unwrap();
    browser.fill("#wer", "J. Lorenzen").await;
    browser.press("Speichern").await;
    let text = browser.text().await;
    assert!(text.contains("Punkt gespeichert."), "{text}");
    assert!(text.contains("Ansprechstelle für die Nachnutzung: offen → erledigt"), "{text}");
    browser.press("Startklar melden").await;
    let text = browser.text().await;
    assert!(text.contains("Startklar gemeldet.") && text.contains("Stand: In Vorbereitung → Startklar"), "{text}");
    browser.press("Freischalten").await;
    assert!(browser.text().await.contains("Freigeschaltet."));
    browser.press("Aussetzen").await;
    assert_eq!(browser.focus().await, "grund");
    browser.fill("#grund", "Fachverfahren wird umgestellt").await;
    browser.press("Aussetzen").await;
    let text = browser.text().await;
    assert!(text.contains("Ausgesetzt, weil: Fachverfahren wird umgestellt"), "{text}");
    assert!(!text.contains("In Betrieb seit"), "{text}");
    browser.press("Wieder freischalten").await;
    assert!(browser.text().await.contains("In Betrieb seit"));
    assert_readable_without_scripts(&browser).await;
    // Who only reads sees the same without a form.
    let reader = app.person("revision", grants(Role::Auditor, "01")).await;
    let other = Browser::start_with(Scripts::Off).await;
    other.open_as(&app, &reader.user.login, &here).await;
    assert_eq!(other.count("main form").await, 0);
    other.open(&format!("{}{here}/punkte/user_advice", app.base)).await;
    assert_eq!(other.count("main form").await, 0);
    // And whoever reaches another place finds none.
    let foreign = app.person("hamburg", grants(Role::DirectoryEditor, "02")).await;
    let third = Browser::start_with(Scripts::Off).await;
    third.open_as(&app, &foreign.user.login, &here).await;
    assert!(third.heading().await.contains("gibt es nicht"), "{}", third.heading().await);
}

async fn assert_readable_without_scripts(browser: &Browser) {
    for width in [320, 1440] {
        browser.set_width(width).await;
        browser.picture(&format!("rollout-live-{width}")).await;
    }
}
