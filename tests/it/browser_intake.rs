//! A request by phone in a real browser: a whole call by keys alone, a reload and a lost connection in the midst of it,
//! without scripts, on a phone and in the dark.

use lotse::access::{Grant, Role, Scope};
use serde_json::Value;

use crate::support::app::{Kind, LoggedIn, TestApp};
use crate::support::browser::{Browser, Scripts};

const ENTER: char = '\u{E007}';
const TAB: char = '\u{E004}';
const RIGHT: char = '\u{E014}';
const CONTROL: char = '\u{E009}';
const F2: char = '\u{E032}';
const F4: char = '\u{E034}';
const F9: char = '\u{E039}';

async fn agent(app: &TestApp) -> LoggedIn {
    let scope = Scope::region("01".parse().unwrap());
    app.person("brandt", vec![Grant { role: Role::Agent, scope, contact: None }]).await
}

async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(&format!("intake-{name}"), &[("light", 320), ("dark", 390), ("light", 1440), ("dark", 1440)])
        .await;
}

/// Another caller with the trouble of a running request joins it by keys alone, with a number of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_a_running_request_by_keys_alone() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let running = app.submit().await["number"].as_str().unwrap().to_owned();
    let person = agent(&app).await;
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    browser.open_as(&app, &person.user.login, "/anfragen/neu").await;
    browser.types("kiel").await;
    browser.until("suggestions", "document.querySelector('#ort-liste [role=option]')").await;
    browser.key(ENTER).await;
    browser.until("the place", "document.getElementById('ort').value === 'Kiel (24103)'").await;
    browser.key(TAB).await;
    browser.types("wohnsitz").await;
    browser.until("services", "document.querySelector('#dienst-liste [role=option]')").await;
    browser.key(TAB).await;
    browser.until("what helps", "document.querySelector('#hilfe section')").await;
    browser.key(' ').await;
    for _ in 0..3 {
        browser.key(RIGHT).await;
    }
    assert_eq!(browser.run("return new FormData(document.getElementById('neu')).get('kategorie')").await, "form_error");
    browser.until("the running request", "document.querySelector('#hilfe [name=zu]')").await;
    assert_readable(&browser, "similar").await;
    browser.set_width(1440).await;
    for typed in ["Auch hier", "Dasselbe, seit heute.", "", "0431 901-0"] {
        browser.key(TAB).await;
        browser.types(typed).await;
    }
    let is_there = "return document.activeElement.name === 'zu'";
    for _ in 0..8 {
        if browser.run(is_there).await != Value::Bool(true) {
            browser.key(TAB).await;
        }
    }
    assert_eq!(browser.run(is_there).await, true, "the button is reached by Tab");
    browser.leaving(browser.key(ENTER)).await;
    let text = browser.text().await;
    assert!(text.contains(&format!("Läuft zusammen mit {running}")), "{text}");
    assert_readable(&browser, "joined").await;
}

/// From the first key to the number, without a mouse, and on to the next call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_by_keys_alone() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let person = agent(&app).await;
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    browser.open_as(&app, &person.user.login, "/anfragen/neu").await;
    assert_eq!((browser.heading().await.as_str(), browser.focus().await.as_str()), ("Neue Anfrage", "ort"));
    assert!(
        browser.text().await.contains("Noch offen: Ort, Online-Dienst, Worum geht es?"),
        "{}",
        browser.text().await
    );

    browser.types("kiel").await;
    browser.until("suggestions", "document.querySelector('#ort-liste [role=option]')").await;
    browser.picture("intake-suggestions").await;
    browser.key(ENTER).await;
    browser.until("the place", "document.getElementById('ort').value === 'Kiel (24103)'").await;
    browser.key(TAB).await;
    assert_eq!(browser.focus().await, "dienst");
    browser.types("wohnsitz").await;
    browser.until("services", "document.querySelector('#dienst-liste [role=option]')").await;
    browser.key(TAB).await;
    browser.until("what helps", "document.querySelector('#hilfe section')").await;
    assert!(browser.text().await.contains("Wer in Kiel hilft") && browser.text().await.contains("Behördennummer 115"));
    // A choice by arrows: the first, then the next.
    browser.key(' ').await;
    browser.key(RIGHT).await;
    assert_eq!(browser.run("return new FormData(document.getElementById('neu')).get('kategorie')").await, "payment");
    browser.key(TAB).await;
    assert_eq!(browser.focus().await, "betreff");
    browser.types("Bezahlung bricht ab").await;
    browser.key(ENTER).await;
    browser.key(TAB).await;
    browser.types("Konto DE02 1203 0000 0000 2020 51 belastet?").await;
    browser.until("the warning", "document.querySelector('#warn .lo-st')").await;
    assert!(browser.text().await.contains("IBAN erkannt"), "{}", browser.text().await);
    browser.key(F9).await;
    assert_eq!(browser.run("return document.getElementById('text').value").await, "Konto █████ belastet?");

    // A reload in the midst of it loses nothing.
    browser.run("location.reload()").await;
    browser.until("the draft", "document.getElementById('betreff')?.value === 'Bezahlung bricht ab'").await;
    assert!(browser.text().await.contains("Entwurf von eben wiederhergestellt"), "{}", browser.text().await);
    let discard = "const b = document.querySelector('#lage button'); b.focus(); window.kept = b";
    browser.run(discard).await;
    browser.run("window.told = document.getElementById('lage').firstChild.data").await;
    browser.until("a second later", "document.getElementById('lage').firstChild.data !== window.told").await;
    assert_eq!(browser.run("return document.activeElement === window.kept").await, true, "the clock takes no focus");
    // Another call begins with an empty form, and may fetch what was broken off.
    browser.open(&format!("{}/anfragen/auskunft", app.base)).await;
    browser.open(&format!("{}/anfragen/neu", app.base)).await;
    browser.until("the offer", "document.querySelector('#lage button')?.textContent.includes('Entwurf von')").await;
    assert_eq!(browser.run("return document.getElementById('betreff').value").await, "");
    browser.run("document.querySelector('#lage button').click()").await;
    assert_eq!(browser.run("return document.getElementById('betreff').value").await, "Bezahlung bricht ab");
    browser.key(F2).await;
    assert_eq!(browser.focus().await, "ort");
    browser.key(F4).await;
    assert_eq!(browser.focus().await, "dienst");
    browser.run("document.getElementById('telefon').focus()").await;
    browser.types("0431 901-0").await;
    assert!(!browser.text().await.contains("Noch offen"), "{}", browser.text().await);
    assert_readable(&browser, "ready").await;
    browser.set_width(1440).await;
    browser.run("document.getElementById('telefon').focus()").await;
    browser.chord(CONTROL, ENTER).await;
    browser.until("the number", "document.getElementById('nummer')").await;
    let number = browser.run("return document.getElementById('nummer').textContent").await.as_str().unwrap().to_owned();
    let text = browser.text().await;
    assert!(text.contains("Sagen Sie: „Ihre Anfrage hat die Nummer sechsundzwanzig – null null, "), "{text}");
    assert_readable(&browser, "done").await;
    let central = app.token(Role::Central, "").await;
    let made = app.get(&central, &format!("/api/v1/tickets/{number}")).await.expect(200);
    assert_eq!(
        (&made["category"], &made["municipality"]["name"]),
        (&"payment".into(), &"Kiel, Landeshauptstadt".into())
    );
    assert_eq!(made["description"], "Konto █████ belastet?");

    // The same person again, then the next call: nothing of the last is left.
    browser.key('w').await;
    browser.until("the form", "document.getElementById('telefon')?.value === '0431 901-0'").await;
    for (id, kept) in [("betreff", ""), ("ort", "Kiel (24103)"), ("dienst", "")] {
        assert_eq!(browser.run(&format!("return document.getElementById('{id}').value")).await, kept, "{id}");
    }
    assert!(browser.text().await.contains("Noch offen: Online-Dienst, Worum geht es?"), "{}", browser.text().await);
    // The next word does not overwrite the place.
    browser.until("the focus", "document.activeElement.id === 'dienst'").await;
    browser.open(&format!("{}/anfragen/neu/{number}", app.base)).await;
    browser.until("the focus", "document.activeElement.id === 'naechster'").await;
    browser.key(ENTER).await;
    browser.until("the empty form", "document.getElementById('telefon')?.value === ''").await;
    assert_eq!(browser.run("return sessionStorage.getItem('lotse-person')").await, Value::Null);
    let complaints = browser.noted().await.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Words that name no place, or more than one service, are still open. The draft was kept at German time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_names_nothing_is_still_open() {
    let app = TestApp::start(Kind::Sqlite).await;
    let service = |slug: &str, name: &str| {
        format!("[[service]]\nslug = \"{slug}\"\nname = \"{name}\"\noperating_land = \"SH\"\noperator = \"Dataport\"\n")
    };
    let known = crate::support::app::directory(&app.webhook.url());
    app.import(&(known + &service("wohngeld", "Wohngeld"))).await;
    let person = agent(&app).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/anfragen/neu").await;
    browser.types("nirgendwo").await;
    browser.until("the hint", "document.querySelector('#ort ~ .lo-combo__list p')").await;
    browser.key(TAB).await;
    assert_eq!(browser.focus().await, "dienst");
    browser.types("wohn").await;
    browser.until("both services", "document.querySelectorAll('#dienst-liste [role=option]').length === 2").await;
    browser.key(TAB).await;
    let open = "return document.getElementById('offen').textContent";
    let left = browser.run(open).await;
    assert!(left.as_str().unwrap().starts_with("Noch offen: Ort, Online-Dienst, Worum"), "{left}");
    browser.key(F4).await;
    browser.types("wohngeld").await;
    browser.until("the service", "document.querySelectorAll('#dienst-liste [role=option]').length === 1").await;
    browser.key(TAB).await;
    browser
        .until("what is left", "document.getElementById('offen').textContent.startsWith('Noch offen: Ort, Worum')")
        .await;
    // Both in one go, so that no minute passes between them.
    let is_german = "document.getElementById('betreff').dispatchEvent(new Event('input', { bubbles: true }));
        const wanted = { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Berlin' };
        const now = new Date().toLocaleTimeString('de-DE', wanted);
        return document.getElementById('lage').textContent.includes(now)";
    assert_eq!(browser.run(is_german).await, true);
}

/// What is in doubt comes back with what it may be; the same form does it without scripts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_nothing_is_guessed() {
    let app = TestApp::start(Kind::Sqlite).await;
    crate::intake::more_places(&app).await;
    let person = agent(&app).await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open_as(&app, &person.user.login, "/anfragen/neu").await;
    let fill = async |css: &str, text: &str| {
        let field = browser.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    };
    fill("#ort", "24354").await;
    fill("#dienst", "Elektronische Wohnsitzanmeldung").await;
    fill("#betreff", "Fehler 500").await;
    browser.press("Anfrage aufnehmen Strg Enter").await;
    let text = browser.text().await;
    assert!(text.contains("24354 gilt für") && text.contains("Rieseby"), "{text}");
    assert!(text.contains("Angaben fehlen: Ort"), "{text}");
    assert!(browser.sideways().await <= 0, "scrolls sideways");
    assert_eq!(
        browser.find("#betreff").await.prop("value").await.unwrap().unwrap(),
        "Fehler 500",
        "what was typed stays"
    );
    browser.click(&browser.find("#gemeint input[value='010585893137']").await).await;
    browser.click(&browser.find("#kategorie input[value=login]").await).await;
    fill("#text", "Nach der Anmeldung mit BundID.").await;
    fill("#telefon", "04355 555").await;
    browser.press("Anfrage aufnehmen Strg Enter").await;
    assert_eq!(browser.heading().await, "Anfrage aufgenommen");
    let number = browser.find("#nummer").await.text().await.unwrap();

    // The person calls again.
    browser.open(&format!("{}/anfragen/auskunft", app.base)).await;
    fill("#nummer", &number.replace('-', "")).await;
    browser.press("Nachsehen").await;
    let text = browser.text().await;
    assert!(text.contains("liegt bei der zentralen Stelle in Rieseby") && !text.contains("04355"), "{text}");
    fill("#text", "Seit heute auch mit Chrome.").await;
    browser.press("Nachtrag aufnehmen Strg Enter").await;
    assert!(browser.text().await.contains("Nachtrag aufgenommen."), "{}", browser.text().await);
    fill("#nummer", "26-000000-0").await;
    browser.press("Nachsehen").await;
    assert!(browser.text().await.contains("Diese Nummer gibt es nicht"), "{}", browser.text().await);
}

/// What the other tests pass by with scripts: the form with faults, and what is known of a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_and_look_up_are_for_everybody() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    crate::intake::more_places(&app).await;
    let person = agent(&app).await;
    let number = app.submit().await["number"].as_str().unwrap().to_owned();
    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/anfragen/neu").await;
    // As on a slow line: sent before a list of suggestions came, of which Tab would take what is marked.
    browser.run("document.getElementById('ort').value = '24354'").await;
    browser.press("Anfrage aufnehmen Strg Enter").await;
    browser.until("the fault", "document.getElementById('ort-fehler')").await;
    assert!(browser.text().await.contains("24354 gilt für"), "{}", browser.text().await);
    assert_readable(&browser, "fault").await;
    browser.open(&format!("{}/anfragen/auskunft?nummer={number}", app.base)).await;
    assert!(browser.text().await.contains("liegt bei der zentralen Stelle"), "{}", browser.text().await);
    browser.until("the focus", "document.activeElement.id === 'anfrage'").await;
    browser.run("document.getElementById('text').focus()").await;
    browser.types("Geboren 01.02.1990").await;
    browser.until("the warning", "document.querySelector('#warn .lo-st')").await;
    browser.key(F9).await;
    assert_eq!(browser.run("return document.getElementById('text').value").await, "Geboren █████");
    assert_readable(&browser, "look-up").await;
}
