//! The list of work in a real browser: a morning by keys alone, what others do meanwhile, a lost connection, without
//! scripts, on a phone and in the dark.

use std::time::Duration;

use lotse::access::Role;
use serde_json::{Value, json};

use crate::support::app::{Kind, PASSWORD, TestApp, a_ticket};
use crate::support::browser::{Browser, Scripts};
use crate::support::wait::wait_for_some;
use crate::worklist::grants;

const ENTER: char = '\u{E007}';
const ESCAPE: char = '\u{E00C}';

async fn until(browser: &Browser, what: &str, script: &str) {
    let script = format!("return Boolean({script})");
    let found = wait_for_some(what.to_owned(), Duration::from_secs(20), || async {
        (browser.run(&script).await == Value::Bool(true)).then_some(())
    });
    found.await;
}

async fn submit(app: &mut TestApp, subject: &str) -> String {
    let agent = app.agent().await;
    let mut body = a_ticket();
    body["subject"] = json!(subject);
    app.post(&agent, "/api/v1/tickets", body).await.expect(201)["number"].as_str().unwrap().to_owned()
}

async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(
            &format!("worklist-{name}"),
            &[("light", 320), ("dark", 390), ("light", 1024), ("light", 1440), ("dark", 1440)],
        )
        .await;
    browser.set_theme("light").await;
    browser.set_width(1440).await;
}

/// Some requests in every state that a row can show.
async fn a_morning(app: &mut TestApp) -> Vec<String> {
    let central = app.token(Role::Central, "01").await;
    let subjects = [
        "Bezahlung abgebrochen, Betrag trotzdem abgebucht",
        "Geburtsurkunde lässt sich nicht hochladen (PDF, 9 MB)",
        "Fehler 500 nach Anmeldung mit BundID",
        "Welche Unterlagen braucht der zweite Elternteil, wenn er im Ausland lebt und keine Meldebescheinigung hat?",
        "Formular springt nach Eingabe der Steuer-ID zurück",
        "Sachstand seit drei Wochen unbekannt",
    ];
    let mut all = Vec::new();
    for subject in subjects {
        all.push(submit(app, subject).await);
    }
    let post = async |at: &str, action: &str, body: Value| {
        app.post(&central, &format!("/api/v1/tickets/{at}/{action}"), body).await
    };
    post(&all[1], "claim", json!({})).await.expect(200);
    post(&all[1], "escalations", json!({"kind": "technical", "note": "Bitte prüfen."})).await.expect(201);
    post(&all[2], "claim", json!({})).await.expect(200);
    post(&all[5], "claim", json!({})).await.expect(200);
    post(&all[5], "wait", json!({"question": "Welches Aktenzeichen?"})).await.expect(200);
    post(&all[4], "claim", json!({})).await.expect(200);
    let asked = post(&all[4], "escalations", json!({"kind": "technical", "note": "Bitte prüfen."})).await.expect(201);
    let technik = app.token(Role::SecondLevel, "technik").await;
    let id = asked["id"].as_str().unwrap();
    app.post(&technik, &format!("/api/v1/escalations/{id}/return"), json!({"reason": "nicht zuständig"}))
        .await
        .expect(200);
    all
}

/// Down, up, claim, view, search, open: without a mouse.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_morning_by_keys_alone() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let all = a_morning(&mut app).await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    browser.open_as(&app, &person.user.login, "/anfragen").await;
    assert_eq!(browser.heading().await, "Anfragen");
    let current = async || {
        let row = "return document.querySelector('#zeilen [aria-current]')?.dataset.nr ?? ''";
        browser.run(row).await.as_str().unwrap().to_owned()
    };
    assert_readable(&browser, "list").await;
    browser.key('j').await;
    assert_eq!(current().await, all[0]);
    assert_eq!(browser.focus().await, "Bezahlung abgebrochen, Betrag trotzdem abgebucht");
    for key in ['j', 'J', 'k', 'k', 'k'] {
        browser.key(key).await;
    }
    assert_eq!(current().await, all[0], "not beyond the first");
    browser.key('c').await;
    until(
        &browser,
        "the claim",
        &format!("document.getElementById('a-{}').querySelector('.lo-c-who').textContent.trim() === 'Sie'", all[0]),
    )
    .await;
    assert_eq!(
        (current().await, browser.focus().await),
        (all[0].clone(), "Bezahlung abgebrochen, Betrag trotzdem abgebucht".to_owned()),
        "one stays where one was"
    );
    until(&browser, "the word of it", "document.getElementById('gesagt').textContent.includes('Übernommen.')").await;
    // What somebody else takes meanwhile is theirs before one's eyes.
    let central = app.token(Role::Central, "01").await;
    browser.key('j').await;
    browser.key('j').await;
    browser.key('j').await;
    assert_eq!(current().await, all[3]);
    app.post(&central, &format!("/api/v1/tickets/{}/claim", all[3]), json!({})).await.expect(200);
    until(
        &browser,
        "who was quicker",
        &format!("document.querySelector('#a-{} .lo-c-who').textContent.trim() === 'central 01'", all[3]),
    )
    .await;
    browser.picture("worklist-keys").await;

    browser.leaving(browser.key('3')).await;
    until(&browser, "my view", "document.querySelector('.lo-filter [aria-current]')?.textContent.includes('Meine 1')")
        .await;
    assert_eq!(browser.run("return document.querySelectorAll('#zeilen tr').length").await, 1);
    browser.leaving(browser.key('1')).await;
    browser.key('/').await;
    assert_eq!(browser.focus().await, "q");
    for key in "zurück j".chars() {
        browser.key(key).await;
    }
    assert_eq!(current().await, "", "keys in a field are letters");
    browser.leaving(browser.key(ENTER)).await;
    until(&browser, "nothing", "document.getElementById('leer')").await;
    assert_readable(&browser, "none-found").await;
    browser.leaving(browser.key('1')).await;
    browser.key('/').await;
    for key in "steuer".chars() {
        browser.key(key).await;
    }
    browser.leaving(browser.key(ENTER)).await;
    browser.key('j').await;
    assert_eq!(current().await, all[4]);
    browser.leaving(browser.key(ENTER)).await;
    assert!(browser.client.current_url().await.unwrap().as_str().contains(&all[4]), "the request");
    browser.leaving(async { browser.client.back().await.unwrap() }).await;
    until(&browser, "the list of before", "document.getElementById('q')?.value === 'steuer'").await;
    assert_eq!(current().await, all[4], "back where one was");

    // Help, and keys off: remembered, and single keys do nothing any more.
    browser.key('?').await;
    until(&browser, "the help", "document.getElementById('hilfe').open").await;
    assert_readable(&browser, "help").await;
    browser.press_at("#tasten-an").await;
    browser.key(ESCAPE).await;
    until(&browser, "the list", "!document.getElementById('hilfe').open").await;
    browser.run("document.activeElement.blur()").await;
    browser.key('?').await;
    browser.key('j').await;
    assert_eq!(browser.run("return document.getElementById('hilfe').open").await, false);
    browser.open(&format!("{}/anfragen", app.base)).await;
    browser.key('j').await;
    assert_eq!(current().await, "", "off, also on the next page");
    let named = "return document.querySelectorAll('[aria-keyshortcuts]').length";
    assert_eq!(browser.run(named).await, 0, "no key is named that does nothing");
    browser.press_at("#alle-tasten").await;
    browser.press_at("#tasten-an").await;
    assert_ne!(browser.run(named).await, 0);
    browser.press_at("#hilfe-zu").await;
    browser.key('j').await;
    assert_ne!(current().await, "");
    let complaints = browser.noted().await.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// What others do shows without moving a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_do_is_told_and_moves_nothing() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let first = submit(&mut app, "Die erste").await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    browser.open_as(&app, &person.user.login, "/anfragen").await;
    let place = format!("document.getElementById('a-{first}').getBoundingClientRect().top");
    let top = browser.run(&format!("return {place}")).await;
    browser.key('j').await;
    let (second, third) = (submit(&mut app, "Die zweite").await, submit(&mut app, "Die dritte").await);
    until(
        &browser,
        "the bar",
        "document.querySelector('.lo-news')?.textContent.startsWith('2 neue Anfragen anzeigen')",
    )
    .await;
    assert_eq!(browser.run(&format!("return {place}")).await, top, "no row has moved");
    assert_eq!(browser.run("return document.querySelectorAll('#zeilen tr').length").await, 1);
    until(
        &browser,
        "the count",
        "document.querySelector('.lo-filter [aria-current]').textContent.includes('Alle offenen 3')",
    )
    .await;
    assert_readable(&browser, "news").await;
    browser.key('n').await;
    until(&browser, "the new ones", "document.querySelectorAll('#zeilen tr').length === 3").await;
    assert!(browser.text().await.contains("Neue Anfragen stehen in der Liste."));
    assert_eq!(browser.focus().await, "Die erste", "the focus stays");
    assert_eq!(browser.run(&format!("return {place}")).await, top);

    // Somebody else claims one: renewed in its place, marked.
    let central = app.token(Role::Central, "01").await;
    app.post(&central, &format!("/api/v1/tickets/{second}/claim"), json!({})).await.expect(200);
    until(
        &browser,
        "the mark",
        &format!("document.querySelector('#a-{second} .lo-noted')?.textContent === 'eben geändert'"),
    )
    .await;
    until(
        &browser,
        "who",
        &format!("document.querySelector('#a-{second} .lo-c-who').textContent.trim() === 'central 01'"),
    )
    .await;
    // And closes another: it stays, and says that it is gone.
    for (action, body) in [("claim", json!({})), ("answer", json!({"text": "So."})), ("close", json!({}))] {
        app.post(&central, &format!("/api/v1/tickets/{third}/{action}"), body).await.expect(200);
    }
    until(
        &browser,
        "the end",
        &format!("document.querySelector('#a-{third} .lo-noted')?.textContent === 'nicht mehr in dieser Ansicht'"),
    )
    .await;
    assert_readable(&browser, "changed").await;
    let complaints = browser.noted().await.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");

    // The session ends: the list says so and leads to the log-in.
    app.app.accounts.end_sessions_of(&lotse::access::Actor::console(), person.user.id).await.unwrap();
    until(&browser, "the end of the session", "document.querySelector('#gesagt a')?.textContent === 'Wieder anmelden'")
        .await;
}

/// A connection that is lost: what is safe, what now, and back by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_comes_back_by_itself() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    submit(&mut app, "Die erste").await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let second = app.second_instance().await;
    let address = second.address().unwrap();
    let browser = Browser::start().await;
    browser.set_width(1440).await;
    browser.open(&format!("http://{address}/anmelden?lang=de&weiter=/anfragen")).await;
    browser.find("#login").await.send_keys(&person.user.login).await.unwrap();
    browser.find("#password").await.send_keys(PASSWORD).await.unwrap();
    browser.press("Anmelden").await;
    browser.key('j').await;
    browser.key('x').await;
    assert!(second.stop().await, "no stream holds up the stop");
    until(&browser, "the word of it", "document.querySelector('.lo-live.lo-warn')").await;
    let text = browser.text().await;
    assert!(
        text.contains("Keine Verbindung.")
            && text.contains("Nichts geht verloren")
            && text.contains("Nächster Versuch in"),
        "{text}"
    );
    assert_readable(&browser, "lost").await;
    // The same place again.
    let settings = app.settings.replace("listen = \"127.0.0.1:0\"", &format!("listen = \"{address}\""));
    let again = app.instance_with(&settings).await;
    submit(&mut app, "Die zweite").await;
    until(&browser, "the connection", "!document.querySelector('.lo-live.lo-warn')").await;
    until(&browser, "what was missed", "document.querySelector('.lo-news')").await;
    assert_eq!(
        browser.run("return document.querySelector('[name=anfrage]').checked").await,
        true,
        "what was chosen stays"
    );
    again.stop().await;
}

/// Without scripts the same: claim, choose, close, turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_it_works() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let all = a_morning(&mut app).await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open_as(&app, &person.user.login, "/anfragen").await;
    let claim = browser.find(&format!("#a-{} [name=eine]", all[0])).await;
    browser.leaving(browser.click(&claim)).await;
    let text = browser.text().await;
    assert!(text.contains("Übernommen. Sie finden die Anfragen unter „Meine“.") && text.contains("Meine 1"), "{text}");
    let tick = async |number: &str| {
        let box_ = browser.find(&format!("#a-{number} [name=anfrage]")).await;
        browser.click(&box_).await;
    };
    tick(&all[0]).await;
    tick(&all[2]).await;
    let close = browser.find("[name=was][value=schliessen]").await;
    browser.leaving(browser.click(&close)).await;
    let text = browser.text().await;
    assert!(text.contains("1 Anfrage ist noch offen") && text.contains("1 Anfrage bleibt, wie sie ist"), "{text}");
    assert!(
        text.contains("central 01 hat diese Anfrage") && text.contains("1 Person bekommt den Text per E-Mail."),
        "{text}"
    );
    browser.press("1 Anfrage schließen").await;
    assert!(browser.text().await.contains("Schreiben Sie, was die Personen erfahren"), "{}", browser.text().await);
    browser.find("#text").await.send_keys("Der Betrag wird erstattet.").await.unwrap();
    browser.press("1 Anfrage schließen").await;
    let text = browser.text().await;
    assert!(text.contains("Geschlossen.") && text.contains("Meine 0"), "{text}");
    // Narrowing by the form, and out of it again.
    let summary = browser.find("main details summary").await;
    browser.click(&summary).await;
    browser.find("#ort").await.send_keys("Kiel").await.unwrap();
    browser.press("Filtern").await;
    assert!(browser.text().await.contains("Ort: Kiel (24103)"), "{}", browser.text().await);
    assert!(browser.sideways().await <= 0, "scrolls sideways");
}

/// What the other tests pass by: preview, result, empty views, twice as large; for everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_is_for_everybody() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let browser = Browser::start().await;
    browser.open_as(&app, &person.user.login, "/anfragen").await;
    assert!(browser.text().await.contains("Es ist nichts offen"), "{}", browser.text().await);
    assert_readable(&browser, "nothing").await;
    let all = a_morning(&mut app).await;
    browser.open(&format!("{}/anfragen?ansicht=meine", app.base)).await;
    assert!(browser.text().await.contains("Bei Ihnen ist nichts offen"));
    assert_readable(&browser, "nothing-mine").await;
    browser.open(&format!("{}/anfragen?ort=Nirgendwo&dienst=wohnsitzanmeldung&thema=payment", app.base)).await;
    assert_readable(&browser, "filters").await;
    browser
        .open(&format!("{}/anfragen/sammeln?anfrage={}&anfrage={}&anfrage={}", app.base, all[0], all[1], all[4]))
        .await;
    assert_readable(&browser, "close").await;
    browser.open(&format!("{}/anfragen", app.base)).await;
    for number in &all[..3] {
        browser.press_at(&format!("#a-{number} [name=anfrage]")).await;
    }
    assert!(browser.text().await.contains("3 ausgewählt:"), "{}", browser.text().await);
    browser.picture("worklist-chosen").await;
    let claim = browser.find("[name=was][value=uebernehmen]").await;
    browser.leaving(browser.click(&claim)).await;
    assert_eq!(browser.heading().await, "1 von 3 übernommen");
    assert_readable(&browser, "done").await;
    // 200 %: half the width in pixels of its own.
    browser.open(&format!("{}/anfragen?lang=en", app.base)).await;
    browser.set_width(720).await;
    assert!(browser.sideways().await <= 0, "scrolls sideways at 200 %");
    browser.picture("worklist-200-percent-en").await;
    let complaints = browser.noted().await.complaints;
    assert!(complaints.is_empty(), "{complaints:?}");
}
