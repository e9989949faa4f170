//! The page that asks a contact, in a real browser: on a phone, in the dark, without scripts, and with a directory
//! written by somebody who means harm.

use std::time::Duration;

use lotse::access::Role;
use serde_json::json;

use crate::browser::{assert_quiet, assert_readable};
use crate::support::app::{Kind, TestApp};
use crate::support::browser::{Browser, Scripts};
use crate::support::wait::wait_for_some;

const HOSTILE: &str = "</p></textarea></title>\"><script>window.pwned=1</script><img src=x onerror=\"window.pwned=2\">";

/// The link of the latest mail that asks somebody.
async fn link(app: &TestApp, to: &str, count: usize) -> String {
    let mail = wait_for_some(format!("{count} mails to {to}"), Duration::from_secs(20), || async {
        let mails = app.smtp.received().into_iter().filter(|mail| mail.to == [to]);
        mails.collect::<Vec<_>>().into_iter().nth(count - 1)
    })
    .await;
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    let text = parsed.body_text(0).unwrap().into_owned();
    let at = text.find("/bestaetigung/").unwrap_or_else(|| panic!("no link: {text}"));
    format!("{}{}", app.base, text[at..].split_whitespace().next().unwrap())
}

/// Kiel with offices of its own, one of which is asked.
async fn asked(app: &mut TestApp) -> (String, String) {
    app.import(
        "[[contact]]\nid = \"projekt\"\nname = \"Kiel, Projektleitung\"\nemail = \"projekt@kiel.example.org\"\nowner = \"01002\"\n\
         [[contact]]\nid = \"buergeramt\"\nname = \"Kiel, Bürger- und Ordnungsamt\"\nemail = \"amt@kiel.example.org\"\nowner = \"01002\"\n\
         phone = \"+49 431 901-0\"\nhours = \"Mo-Fr 08:00-16:00; PH off\"\n\
         [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\nstate = \"live\"\ncentral = [\"kiel-zentral\"]\n\
         functional = [\"buergeramt\"]\nspecialist_procedure = [\"buergeramt\"]\nproject_lead = [\"projekt\"]\n",
    )
    .await;
    (app.token(Role::Admin, "").await, link(app, "amt@kiel.example.org", 1).await)
}

/// Every state of the page on every screen, in both themes; nothing foreign is fetched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_readable_everywhere() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (editor, link_of_office) = asked(&mut app).await;
    let browser = Browser::start().await;
    browser.open(&link_of_office).await;
    assert_readable(&browser, "confirmation").await;
    browser.run("document.querySelectorAll('details').forEach(one => { one.name = ''; one.open = true })").await;
    assert_readable(&browser, "confirmation-open").await;
    assert_quiet(&browser.noted().await, &app.base, &[]);
    browser.open(&link_of_office).await;
    browser.run("document.querySelector('details').open = true").await;
    browser.press("Melden, dass es nicht stimmt").await;
    assert_eq!(browser.focus().await, "said");
    assert_readable(&browser, "confirmation-wrong-empty").await;
    browser.open(&link_of_office).await;
    browser.run("document.querySelectorAll('details')[1].open = true; document.querySelector('#absent_from').value = '2020-01-01'").await;
    browser.press("Abwesenheit speichern").await;
    assert_eq!(browser.focus().await, "absent_until");
    assert_readable(&browser, "confirmation-absence-fault").await;
    browser.run("document.querySelector('#absent_from').value = '2999-07-01'; document.querySelector('#absent_until').value = '2999-07-21'; document.querySelector('#deputy').value = 'projekt'").await;
    browser.press("Abwesenheit speichern").await;
    assert!(
        browser.text().await.contains("Abwesenheit eingetragen: 01.07.2999 bis 21.07.2999."),
        "{}",
        browser.text().await
    );
    assert_readable(&browser, "confirmation-absent").await;
    browser.press("Stimmt so").await;
    assert_eq!(browser.heading().await, "Danke, Ihre Angaben sind bestätigt");
    assert_readable(&browser, "confirmation-done").await;
    browser.open(&link_of_office).await;
    assert_eq!(browser.heading().await, "Ihre Angaben sind schon bestätigt");
    assert_readable(&browser, "confirmation-again").await;
    let lead = link(&app, "projekt@kiel.example.org", 1).await;
    browser.open(&lead).await;
    browser.run("document.querySelector('details').open = true").await;
    browser.find("#said").await.send_keys("Die Nummer fehlt.").await.unwrap();
    browser.press("Melden, dass es nicht stimmt").await;
    assert_eq!(browser.heading().await, "Danke, Ihr Hinweis ist angekommen");
    assert_readable(&browser, "confirmation-disputed").await;
    let state = app.get(&editor, "/api/v1/contacts/projekt/confirmation").await.expect(200);
    assert_eq!(state["dispute"]["said"], json!("Die Nummer fehlt."));
}

/// Without scripts and with the keyboard: the first button is the one that confirms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn needs_no_scripts() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let (editor, link) = asked(&mut app).await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open(&link).await;
    let summary = browser.client.find(fantoccini::Locator::XPath("//summary[normalize-space()='Stimmt nicht']")).await;
    browser.click(&summary.unwrap()).await;
    browser.press("Melden, dass es nicht stimmt").await;
    let focus = browser.client.active_element().await.unwrap().attr("id").await.unwrap();
    assert_eq!(focus.as_deref(), Some("said"), "the focus is where something is to be done");
    browser.open(&link).await;
    browser.press("Stimmt so").await;
    assert_eq!(browser.heading().await, "Danke, Ihre Angaben sind bestätigt");
    let state = app.get(&editor, "/api/v1/contacts/buergeramt/confirmation").await.expect(200);
    assert_eq!(state["state"], "confirmed");
}

/// What somebody entered as a name, a comment or a text runs nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_nothing_that_was_entered() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let editor = app.token(Role::Admin, "").await;
    for id in ["boese", "andere"] {
        let new = json!({"id": id, "name": HOSTILE, "email": format!("{id}@kiel.example.org"), "owner": "01002", "hours": "Mo-Fr 08:00-12:00 \"<b onfocus=x>\"", "deputy": null});
        app.post(&editor, "/api/v1/contacts", new).await.expect(201);
    }
    let link = link(&app, "boese@kiel.example.org", 1).await;
    let browser = Browser::start().await;
    browser.open(&link).await;
    browser.run("document.querySelectorAll('details').forEach(one => { one.name = ''; one.open = true })").await;
    browser
        .client
        .execute(
            "document.getElementById('said').value = arguments[0]",
            vec![json!(format!("{HOSTILE}{}", "y".repeat(2000)))],
        )
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(browser.run("return window.pwned === undefined").await, true);
        assert_eq!(browser.count("script, img, [onerror], [onfocus]").await, 0);
        assert_readable(&browser, "confirmation-hostile").await;
        browser.press("Melden, dass es nicht stimmt").await;
    }
}
